"""The study behind `vesica design`, on a small model: what is read of it, hypotheses, draws, refusals."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.models import H, chain_model
from vesica import library
from vesica.analysis.design import fold, outcome, readouts
from vesica.analysis.design.search import Question
from vesica.analysis.runs.quantities import quantities
from vesica.engine.program import compile_model
from vesica.engine.simulate import as_arm_run, run_all
from vesica.errors import InputError
from vesica.spec.resolved import Arm, Exposure, Published, ResolvedModel, Schedule
from vesica.studies import design

QUESTION = Question(("fast", "slow"), most=6, simulations=1000)
KEY = "donor.released_per_cell_per_hour"


def model(fusion: float = 2e-3, **changes: object) -> ResolvedModel:
    """Donors with and without the agent, which raises what is released; ``fusion`` is a hypothesis."""
    treated = Arm("treated", {"donor": 1e6, "taker": 0.0}, exposures=(Exposure("agent", (0.0,), (6e6,)),),
                  against="control", factors={"donor.mvb_docking_rate": 1e3 * fusion})
    made = chain_model(arms=(Arm("control", {"donor": 1e6, "taker": 0.0}), treated),
                       schedule=Schedule(4 * H, H, "well_mixed", 7))
    return replace(made, **changes)  # type: ignore[arg-type]


def asked(**changes: object) -> design.Order:
    return replace(design.Order(QUESTION, (f"{KEY}:nta",), variations={"nta": 0.24}), **changes)


@pytest.fixture(scope="module")
def pair() -> Sequence[ResolvedModel]:
    return model(4e-3), model(1e-3)


def test_two_hypotheses_are_told_apart_by_what_they_predict(pair) -> None:
    """Predictions are those of plain runs of the two models; the exact power says how many replicates they need."""
    found = design.run(pair, asked())
    best = found.best.contrasts[0]
    assert (best.arm, best.against, best.readout.key) == ("treated", "control", KEY)
    for h, one in enumerate(pair):
        program = compile_model(one)
        runs = {run.arm.name: quantities(one, as_arm_run(program, run).until(best.time)) for run in run_all(program)}
        assert found.bench.expected(h, best) == pytest.approx(
            math.log(runs["treated"][KEY][0] / runs["control"][KEY][0]), abs=1e-9)
    assert found.times == (H, 2 * H, 3 * H, 4 * H)
    assert found.plan.format == 96
    said = outcome.outcome(found)
    assert {table.name for table in said.tables} == {"designs", "predictions", "key", "plate_1", "plan", "power",
                                                     "contrasts"}
    plan = next(table for table in said.tables if table.name == "plan")
    assert len(plan.rows) == len(found.plan.wells) * sum(map(len, found.plan.looks.values())) / len(found.plan.looks)
    assert "the wrong hypothesis is refuted" in said.headline[0]


def test_one_hypothesis_is_held_against_no_effect(pair) -> None:
    found = design.run(pair[:1], asked(question=replace(QUESTION, names=("fast", design.NO_EFFECT), is_one=True)))
    best = found.best
    assert found.bench.expected(1, best.contrasts[0]) == 0.0
    assert np.array_equal(best.power, best.powers[0])
    assert "no effect is refuted" in outcome.headline(found)[0]


def test_numbers_are_drawn_and_power_averaged(pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a range of no width worth mentioning every draw is the model itself: assurance is the power but for chance
    (6.1 standard errors of 500 experiments: 0.14)."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # no further processes

    def uncertain(one: ResolvedModel) -> ResolvedModel:
        old = one.parameters["donor.retrofusion_rate"]
        narrow = replace(old, low=old.value, high=old.value * (1 + 1e-9), confidence="estimate", entry="x")
        return replace(one, parameters={**one.parameters, old.path: narrow})

    found = design.run([uncertain(one) for one in pair], asked(draws=2))
    assured = found.assured[0]
    assert assured is not None
    assert (assured.draws, found.failed_draws) == (2, 0)
    assert assured.power == pytest.approx(found.best.at(found.replicates), abs=0.14)
    assert assured.same_sign == 1.0
    assert "assurance" in " ".join(outcome.headline(found))


def refused(models: Sequence[ResolvedModel], order: design.Order) -> str:
    with pytest.raises(InputError) as caught:
        design.run(models, order)
    finding = caught.value.findings[0]
    assert all((finding.wrote, finding.rule, finding.consequence, finding.fix))
    return str(caught.value)


def test_hypotheses_that_say_the_same_are_refused_with_how_much_they_differ(pair) -> None:
    said = refused([pair[0], pair[0]], asked())
    assert "`fast` and `slow` predict the same everywhere" in said
    assert "by 0 %" in said
    barely = refused([pair[0], model(4e-3 * (1 + 1e-3))], asked())
    assert "by 0.0" in barely


@pytest.mark.parametrize(("change", "words"), [
    ({"measure": ("donor.released_per_cell_per_our",)}, f"did you mean `{KEY}`"),
    ({"measure": (f"{KEY}:qpcr",)}, "a qpcr does not read it"),
    ({"measure": (f"{KEY}:ntaa",)}, "did you mean `nta`"),
    ({"measure": (f"{KEY}:other",)}, "add `--cv other=20%`"),
    ({"measure": ("donor.mvb_per_cell",)}, "write `donor.mvb_per_cell:other`"),
    ({"measure": ()}, "this model has"),
    ({"variations": {"ntaa": 0.2}}, "did you mean `nta`"),
    ({"times": (9 * H,)}, "the run lasts from 0 to 4 h"),
    ({"times": (0.0,)}, "the run lasts from 0 to 4 h"),
    ({"arms": ("treatd",)}, "did you mean `treated`"),
    ({"plate": 48}, "write `--plate 96`"),
    ({"question": replace(QUESTION, most=0)}, "at least two replicates"),
    ({"question": replace(QUESTION, power=0.01)}, "write `--power 80%`"),
    ({"question": replace(QUESTION, error=0.7)}, "write `--error 5%`"),
])
def test_wrong_orders_are_refused(pair, change, words) -> None:
    assert words in refused(pair, asked(**change))


def test_models_without_contrasts_are_refused(pair) -> None:
    alone = replace(pair[0], arms=tuple(replace(arm, against=None) for arm in pair[0].arms))
    assert "write `against: control`" in refused([alone], asked())
    assert "share no arm" in refused([pair[0], alone], asked())


def test_published_quantities_are_measured_where_nothing_is_asked_for(pair) -> None:
    item = Published("more", "more", "-", KEY, "treated", "control", "increase")
    found = design.run([replace(one, published=(item,)) for one in pair], asked(measure=()))
    assert [(one.key, one.assay) for one in found.readouts] == [(KEY, "nta")]


@pytest.mark.parametrize(("key", "kind", "from_medium"), [
    (KEY, "particles", True), ("donor.microvesicles_per_cell_per_hour", "particles", True),
    ("donor.fusions_per_cell_per_hour", "other", False), ("donor.mir_per_ev", "rna", True), ("taker.mir", "rna", False),
    ("donor.ligand_per_ev", "protein", True), ("donor.mir_in_microvesicles_per_cell_per_hour", "other", False),
    ("medium.factor", "protein", True), ("medium.nothing", "other", True), ("taker.alive", "share", False),
    ("nobody.x", "other", True),
])
def test_what_a_quantity_is(key: str, kind: str, from_medium: bool) -> None:
    assert readouts.kind_of_key(chain_model(), key) == (kind, from_medium)


def test_what_lies_in_the_tube_is_counted_from_the_dish(pair) -> None:
    """Particles of a rate: rate x cells x hours / volume; a well of a tenth of the area has a tenth of the cells."""
    program = compile_model(pair[0])
    run = as_arm_run(program, next(iter(run_all(program))))
    area = pair[0].domain.volume / pair[0].domain.depth
    well = readouts.vessel(library.load("cns"), pair[0], 0.1 * area)
    assert well.cells == pytest.approx(0.1)
    slice_ = replace(pair[0], domain=replace(pair[0].domain, kind="slice"))
    assert readouts.vessel(library.load("cns"), slice_, 0.1 * area).cells == 1.0
    chosen = readouts.Readout(KEY, "nta", "particles", from_medium=True)
    truth = readouts.truth(pair[0], run, chosen, 30.0, well)
    assert truth.in_tube == pytest.approx(30.0 * 1e6 * 4 / (pair[0].domain.volume / 1e12))


# ---- folds without a model


def test_the_question_of_the_issue_has_its_numbers() -> None:
    """Is a 1.8-fold NTA rise significant at a CV of 24 to 52 %? ln 1.8 = 0.588 over sd 0.236 and 0.494.

    By the usual rule n = 2 (z + z')^2 (sd / effect)^2 + z^2 / 4 (Guenther 1981): 3.5 and 12.04, so 4 to 5 and 12 to 13.
    """
    found = fold.study(1.8, {}, 0.05, 0.8, 20, library.load("cns"))
    needed = [found.needed(name) for name in found.variations]
    assert needed[1] in (4, 5)
    assert needed[2] in (12, 13)
    own = fold.study(1.8, {"nta": 0.525}, 0.05, 0.8, 20, library.load("cns"))
    assert own.needed("nta") == needed[2]
    assert f"{needed[2]} replicates" in outcome_of(own)


def outcome_of(found: fold.FoldStudy) -> str:
    return " ".join(fold.outcome(found).headline)


@pytest.mark.parametrize(("given", "words"), [((1.0, 12, 0.8), "other than 1"), ((-2.0, 12, 0.8), "above zero"),
                                              ((math.nan, 12, 0.8), "above zero"), ((2.0, 1, 0.8), "at least two"),
                                              ((2.0, 12, 0.01), "write `--error 5% --power 80%`")])
def test_folds_that_show_nothing_are_refused(given, words) -> None:
    change, most, power = given
    with pytest.raises(InputError, match=words):
        fold.study(change, {}, 0.05, power, most, library.load("cns"))
