"""What a laboratory's controls would report, and where it differs from what the channel does."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models import kinds_model
from vesica import interventions
from vesica.analysis.attribution.controls import CONTROLS, DOSED, Control, Reading, reading, reasons
from vesica.analysis.attribution.outcome import Found, outcome
from vesica.analysis.attribution.players import keys_of, routes, senders
from vesica.analysis.attribution.result import Effect, from_all
from vesica.engine.doses import gift
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.well_mixed import Source
from vesica.errors import InputError
from vesica.report.lab.attribution import figures
from vesica.spec import io
from vesica.spec.gates import of_soluble, of_vesicles
from vesica.spec.model import ModelSpec
from vesica.spec.resolved import Arm, Dose
from vesica.studies import lab_controls
from vesica.studies.attribute import Question, attribute, look_into
from vesica.studies.lab_controls import Asked, readings

BY_NAME = {control.name: control for control in CONTROLS}


def dosed(**more: Any) -> ModelSpec:
    """Microglia under LPS for a while, then their medium on neurons."""
    return io.from_dict({
        "vesica": 1, "use": ["library:cns"],
        "domain": {"kind": "dish", "diameter": "35 mm", "medium": "2 mL", "mixing": "stirred"},
        "cells": {"microglia": {"count": 1e6, "microvesicles": True}, "neuron": {"count": 0}},
        "arms": {
            "lps": {"exposures": [{"agent": "LPS", "concentration": "100 ng/mL", "from": "0 h", "to": "6 h"}]},
            "neurons": {"cells": {"microglia": {"count": 0}, "neuron": {"count": 5e5}}, "exposures": [
                {"doses_from": "lps", "to": "neuron", "donor_cells_per_cell": 2, "at": "6 h", "carry_over": "50 %"}]},
        },
        "run": {"duration": "12 h", "every": "1 h"}, **more,
    })  # fmt: skip


@functools.cache
def studied() -> Found:
    spec = dosed()
    model, _ = interventions.resolve(spec)
    case = look_into(model, Question(("neuron.NFkB_activity",), arm="neurons"))
    (shares,) = attribute(case, workers=1)
    (found,) = readings(Asked(spec, {}), case, workers=1)
    return Found(shares, tuple(found))


def test_a_reading_is_the_channel_less_what_is_left_and_what_is_besides() -> None:
    """reported = true - left + besides, an identity of the five values, to their rounding."""
    found = reading(BY_NAME["GW4869"], 10.0, 2.0, 4.0, (8.0, 5.0))
    assert (found.reported, found.true, found.left, found.besides) == (0.25, 0.75, 0.375, -0.125)
    assert found.reported == found.true - found.left + found.besides
    said = replace(found, reasons=("it leaves half",)).sentence
    assert "would report 25 % for exosomes; turning them off takes 75 %: 37.5 % still comes by them" in said
    assert "−12.5 % is what it does besides (it leaves half)" in said


def test_reasons_tell_the_target_from_the_rest_and_leave_out_traces() -> None:
    before = {("d", "m.exosomes_per_cell_per_hour"): 10.0, ("d", "m.microvesicles_per_cell_per_hour"): 5.0,
              ("d", "medium.TNF"): 1.0, ("n", "medium.IL6"): 1e-9, ("n", DOSED): 0.1, ("n", "n.taken_up_per_cell"): 3.0}
    after = before | {("d", "m.exosomes_per_cell_per_hour"): 4.6, ("d", "m.microvesicles_per_cell_per_hour"): 7.0,
                      ("d", "medium.TNF"): 1.001, ("n", "medium.IL6"): 1e-19, ("n", DOSED): 0.2}
    control = BY_NAME["GW4869"]
    assert reasons(control, "n", before, after, of_target=True) == ["it leaves 46 % of the exosomes of the m"]
    assert reasons(control, "n", before, after, of_target=False) == [
        "it raises the volume of medium that makes up a dose of so many particles 2-fold",
        "it raises the microvesicles of the m 1.4-fold"]
    trap = BY_NAME["anti-TNF"]
    assert trap.closes(of_soluble("m", "TNF"))
    assert not trap.closes(of_soluble("m", "IL6"))
    assert not trap.closes(of_vesicles("m"))
    assert BY_NAME["EV depletion"].closes(of_vesicles("m~microvesicle"))


def test_controls_of_a_model_hold_the_identity_and_say_why_some_cannot_be_done() -> None:
    """Measured parts make up what is reported, to 1e-9 of the whole; depletion of all vesicles misses next to nothing.

    A depletion of 99 % leaves 1 % of the vesicles, and a response that rises no faster than its dose leaves no more
    than a few of what vesicles do; it changes no soluble, so that nothing is besides.
    """
    found = studied()
    done = {one.control.name: one for one in found.readings if not one.absent}
    absent = {one.control.name: one.absent for one in found.readings if one.absent}
    assert {"GW4869", "Rab27a", "EV depletion"} <= set(done)
    for one in done.values():
        assert None not in (one.reported, one.true, one.left, one.besides)
        assert one.reported == pytest.approx(one.true - one.left + one.besides, abs=1e-9)  # type: ignore[operator]
    assert done["EV depletion"].besides == pytest.approx(0.0, abs=1e-4)
    assert abs(done["EV depletion"].left or 0.0) < 0.05
    assert done["GW4869"].left is not None
    assert abs(done["GW4869"].left) > abs(done["Rab27a"].left or 0.0)  # at 10 uM it leaves most of the exosomes
    assert any("exosomes of the microglia" in reason for reason in done["GW4869"].reasons)
    assert absent["transwell"] == "nothing is sent by contact"
    assert absent["apyrase"] == "nothing is sent by soluble ATP"


def test_sentences_tables_and_pictures_are_made_of_it() -> None:
    found = studied()
    told = outcome("microglia and neurons", "channel,sender", (found, found))
    names = {table.name for table in told.tables}
    assert {"players", "sums", "interactions", "controls"} <= names
    text = " ".join(told.headline)
    assert "Of the" in text
    assert "GW4869 would report" in text
    record = told.summary["effects"][0]  # type: ignore[index]
    shares = [player["contribution"] for player in record["players"]]
    assert sum(shares) == pytest.approx(record["whole"] - record["none"], rel=1e-9)
    drawn = figures((found,))
    assert [figure.name for figure in drawn] == ["shares_1", "controls_1"]
    assert "exosomes of microglia" in str(drawn[0].wide)


def test_players_that_cancel_get_no_per_cent() -> None:
    """One raises what the other lowers: shares of nothing would mislead, and a warning says so."""
    effect = Effect("n.x", "", "a", 1.0, 1.0)
    players = [replace(one, name=str(number)) for number, one in
               enumerate(senders(kinds_model(), [of_vesicles("donor"), of_soluble("donor", "factor")],
                                 kinds_model().arms, ("channel",)))]
    values = from_all(effect, players, (), np.array([1.0, 2.0, 0.0, 1.001]))
    told = outcome("cancel", "channel", (Found(values),))
    assert any("no shares" in sentence for sentence in told.headline)
    assert [finding.severity for finding in told.findings] == ["warning"]
    assert told.tables[0].rows[0][2] is None
    assert figures((Found(values),)) == ()


def test_a_depleted_dose_holds_all_solubles_and_few_vesicles() -> None:
    """1 % of every vesicle and its cargo, 100 % of what is dissolved; counters of what was added follow."""
    model = kinds_model()
    program = compile_model(model)
    source = Source(Arm("source", {"donor": 1e6}), {0.0: {
        "medium.free:donor": 1e9, "medium.free:donor/mir": 1e7, "medium.free:donor~microvesicle": 1e8,
        "medium.factor": 5e10}})  # fmt: skip
    arm = Arm("dosed", {"donor": 0.0, "taker": 5e5})
    dose = Dose("source", "taker", "donor_cells_per_cell", 2.0, 0.0, carry_over=0.5)
    row = parameter_row(model, model.arms[0])
    full, left = (gift(program, one, arm, source, row) for one in (dose, replace(dose, kept=0.01)))
    for name, amount in full.amounts.items():
        kept = 0.01 if name.startswith(("medium.free:", "medium.added:")) else 1.0
        assert left.amounts[name] == pytest.approx(kept * amount, rel=1e-12)
    assert left.vesicles == pytest.approx(0.01 * full.vesicles, rel=1e-12)
    assert left.share_of_source == full.share_of_source


def test_routes_are_those_of_the_recipient_without_those_that_hold_others() -> None:
    """A route is turned off by the numbers that block it."""
    model, _ = interventions.resolve(dosed())
    found = {player.name: player for player in routes(model, "neuron")}
    assert "uptake" not in found
    assert found["escape"].off == {"neuron.escape_rate": 0.0, "neuron.surface_fusion_rate": 0.0}
    assert keys_of("sender, channel") == ("channel", "sender")
    with pytest.raises(InputError):
        keys_of("")


def test_a_control_that_the_library_lacks_is_not_done() -> None:
    spec = dosed()
    model, _ = interventions.resolve(spec)
    case = look_into(model, Question(("neuron.NFkB_activity",), arm="neurons", by="channel"))
    word = {"inhibitor": "GW4870", "concentration": "1 uM"}
    unknown = Control("X", "", "exosomes", ("exosome",), interventions=(word,))
    told = lab_controls._variant(Asked(spec, {}), case, unknown, {"gate": 0.0})
    assert told == "`GW4870` is not a drug of the library"
    assert Reading(unknown, absent=str(told)).sentence == f"X: not done, {told}."
