"""Attribution of linear chains against their closed forms: paths in a row multiply, paths side by side add up."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

from vesica import interventions
from vesica.analysis.attribution.result import Attribution
from vesica.errors import InputError
from vesica.spec.model import ModelSpec
from vesica.spec.resolved import ResolvedModel
from vesica.studies.attribute import Question, attribute, look_into
from vesica.studies.lab_controls import Asked, readings

HOUR, VOLUME = 3600.0, 2e12  # s, um^3
SENT, RELAYED, LOST = 0.01, 5e3, 0.5 / HOUR  # molecule/s, um^3/s, 1/s
DIRECT, BY_RELAY = 2e-3, 5e-3  # um^3/molecule/s: how fast the answer rises for each concentration
SENDERS, RELAYS = 2e5, 4e5
AT = 12.0  # h
# the tolerance of a coalition is 1e-6 of each state; shares are ratios of differences of such numbers
CLOSE = 1e-4


def words(**more: Any) -> dict[str, Any]:
    """Microglia send X; astrocytes make Y from what they see of X; neurons answer to both. Nobody hears endothelium."""
    loss = {"decay_rate": f"{LOST} 1/s"}
    return {
        "vesica": 1, "domain": {"kind": "dish", "diameter": "35 mm", "medium": f"{VOLUME} um^3", "mixing": "stirred"},
        "solubles": {"X": loss, "Y": loss, "V": loss, "W": loss},
        "networks": {
            "sender": {"constants": {"s": f"{SENT} molecule/s"}, "reactions": {
                "send": {"equation": "-> X", "rate": "s"}, "also": {"equation": "-> V", "rate": "s"}}},
            "relay": {"constants": {"r": f"{RELAYED} um^3/s"}, "reactions": {
                "send": {"equation": "-> Y", "rate": "r * X"}}},
            "other": {"constants": {"s": f"{SENT} molecule/s"}, "reactions": {
                "send": {"equation": "-> W", "rate": "s"}}},
            "answer": {"states": {"Z": {"initial": 0}, "Q": {"initial": 1}},
                       "constants": {"a": f"{DIRECT} um^3/molecule/s", "b": f"{BY_RELAY} um^3/molecule/s",
                                     "none": "0 um^3/molecule/s", "k": f"{LOST} 1/s"},
                       "reactions": {"rise": {"equation": "-> Z", "rate": "a * X + b * Y + none * V"},
                                     "fall": {"equation": "Z ->", "rate": "k * Z"}}},
        },
        "cells": {"microglia": {"count": SENDERS, "networks": ["sender"]},
                  "astrocyte": {"count": RELAYS, "networks": ["relay"]},
                  "endothelium": {"count": 1e5, "networks": ["other"]},
                  "neuron": {"count": 1e5, "networks": ["answer"]}},
        "run": {"duration": "24 h", "every": "1 h"}, "use": ["library:cns"], **more,
    }  # fmt: skip


@functools.cache
def model() -> ResolvedModel:
    return interventions.resolve(ModelSpec.model_validate(words()))[0]


def level(direct: float, relayed: float) -> float:
    """Z at `AT`, of x' = S - l x, y' = R x - l y, z' = a x + b y - l z, by the matrix exponential."""
    matrix = np.array([
        [-LOST, 0.0, 0.0, SENT * SENDERS / VOLUME], [RELAYED * RELAYS / VOLUME, -LOST, 0.0, 0.0],
        [direct, relayed, -LOST, 0.0], [0.0, 0.0, 0.0, 0.0],
    ])  # fmt: skip
    return float((expm(matrix * AT * HOUR) @ np.array([0.0, 0.0, 0.0, 1.0]))[2])


def asked(**changes: Any) -> Attribution:
    settings = {"effects": ("neuron.Z",), "at": AT * HOUR, "budget": 64} | changes
    (found,) = attribute(look_into(model(), Question(**settings)), workers=1)
    return found


def test_a_path_in_a_row_is_shared_equally_and_paths_side_by_side_add_up() -> None:
    """X acts alone, v1, and through the relay, v2: X's sender brings v1 + v2/2 and the relay v2/2; v2 interacts."""
    found = asked()
    names = [player.name for player in found.players]
    assert names == ["soluble factors of astrocyte", "soluble factors of microglia"]
    straight, relayed = level(DIRECT, 0.0), level(0.0, BY_RELAY)
    assert found.whole == pytest.approx(straight + relayed, rel=CLOSE)
    assert found.none == pytest.approx(0.0, abs=CLOSE * straight)
    assert found.of([0]).value == pytest.approx(relayed / 2, rel=CLOSE)
    assert found.of([1]).value == pytest.approx(straight + relayed / 2, rel=CLOSE)
    assert found.alone == pytest.approx([0.0, straight], rel=CLOSE, abs=CLOSE * straight)
    assert found.needed == pytest.approx([relayed, straight + relayed], rel=CLOSE)
    (_, _, pair), = found.pairs()
    assert pair.value == pytest.approx(relayed, rel=CLOSE)


def test_who_cannot_reach_an_effect_is_idle_and_who_does_nothing_gets_zero() -> None:
    """W is read by nobody, and no vesicle leads to Z: idle. V is read times zero: a player, whose share is zero."""
    found = asked(by="cargo")
    assert {player.name for player in found.players} == {"X", "Y", "V"}
    assert "W" in {player.name for player in found.idle}
    assert {player.name for player in found.idle} >= {"W", "miR_146a", "TLR4"}
    share = {player.name: float(found.of([place]).value) for place, player in enumerate(found.players)}
    assert share["V"] == pytest.approx(0.0, abs=1e-6 * found.whole)
    assert sum(share.values()) == pytest.approx(found.brought, rel=1e-12)


def test_channels_and_senders_and_the_change_from_another_arm() -> None:
    """By channel one player has it all. Against an arm with half the microglia the change is half of everything."""
    one = asked(by="channel")
    assert [player.name for player in one.players] == ["soluble factors"]
    assert one.of([0]).value == pytest.approx(one.brought, rel=1e-12)
    arms = {"half": {"cells": {"microglia": {"count": SENDERS / 2}}}, "whole": {"against": "half"}}
    both = interventions.resolve(ModelSpec.model_validate(words(arms=arms)))[0]
    question = Question(("neuron.Z",), arm="whole", by="sender", at=AT * HOUR, is_change=True)
    (found,) = attribute(look_into(both, question), workers=1)
    assert found.whole == pytest.approx((level(DIRECT, 0.0) + level(0.0, BY_RELAY)) / 2, rel=CLOSE)
    assert found.effect.against is not None
    assert found.effect.level == pytest.approx(2 * found.effect.against[1], rel=CLOSE)
    senders = {player.name: float(found.of([place]).value) for place, player in enumerate(found.players)}
    assert senders["astrocyte"] == pytest.approx(level(0.0, BY_RELAY) / 4, rel=CLOSE)


def test_draws_spread_as_the_number_they_draw() -> None:
    """The relay's rate is an estimate from half to twice: its part of the whole is r v2 / 2 / (v1 + r v2) in a draw."""
    path = "astrocyte.relay.r"
    number = model().parameters[path]
    loose = replace(number, low=number.value / 2, high=number.value * 2, confidence="estimate", entry="relay")
    still = {name: replace(one, low=one.value, high=one.value) for name, one in model().parameters.items()}
    varied = replace(model(), parameters={**still, path: loose})
    (found,) = attribute(look_into(varied, Question(("neuron.Z",), at=AT * HOUR, draws=6)), workers=1)
    assert found.draws is not None
    shares, brought = found.draws
    straight, relayed = level(DIRECT, 0.0), level(0.0, BY_RELAY)
    rates = (brought - straight) / relayed
    assert np.all((rates > 0.5 - CLOSE) & (rates < 2 + CLOSE))
    assert np.ptp(rates) > 0.1
    assert shares[:, 0] == pytest.approx(rates * relayed / 2, rel=CLOSE)
    spread = found.over_draws([0])
    assert spread is not None
    assert spread.low <= spread.value <= spread.high


def test_a_study_that_was_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    """Ctrl-C after the first batch keeps it; the same study again gives the same values, and a longer one goes on."""
    case = look_into(model(), Question(("neuron.Z",), at=AT * HOUR, by="cargo"))
    partial = tmp_path / "kept.jsonl"

    def cut(_share: float, _what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attribute(case, partial=partial, report_progress=cut, workers=1)
    with partial.open("a") as file:
        file.write('\n["cut off in the middle of')
    said: list[str] = []
    (again,) = attribute(case, partial=partial, report_progress=lambda _, what: said.append(what), workers=1)
    (fresh,) = attribute(case, workers=1)
    assert said == []  # all eight coalitions were in the first batch
    assert np.array_equal(again.share, fresh.share)


QUESTIONS = {
    "an effect that is nothing": ({"effects": ("neuron.Zz",)}, "did you mean `neuron.Z`"),
    "a word of --by": ({"by": "chanel"}, "did you mean `channel`"),
    "routes and channels": ({"by": "route,channel"}, "recipients have routes"),
    "routes of no cell": ({"by": "route", "effects": ("medium.X",)}, "no cell whose routes"),
    "an arm that is not there": ({"arm": "bass"}, "did you mean `base`"),
    "an arm against that is not there": ({"against": "bass"}, "did you mean `base`"),
    "a time after the end": ({"at": 30 * HOUR}, "give a time up to 24 h"),
    "a change from nothing": ({"is_change": True}, "add `--against ARM`"),
    "an effect that nobody leads to": ({"effects": ("neuron.Q",)}, "nothing that is sent in `base` can change"),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions_that_cannot_be_asked(name: str) -> None:
    changes, expected = QUESTIONS[name]
    settings: dict[str, Any] = {"effects": ("neuron.Z",), "at": AT * HOUR} | changes
    with pytest.raises(InputError) as caught:
        look_into(model(), Question(**settings))
    assert expected in str(caught.value)
    assert len(str(caught.value).splitlines()) == 5  # where, and the four parts


def test_a_budget_that_is_too_small_says_what_it_takes() -> None:
    """Three players: a round of them is all 8 coalitions, so all of them are the least."""
    case = look_into(model(), Question(("neuron.Z",), at=AT * HOUR, by="cargo", budget=8))
    assert case.is_exact
    with pytest.raises(InputError) as caught:
        look_into(model(), Question(("neuron.Z",), at=AT * HOUR, by="cargo", budget=7))
    assert "`--budget 8`" in str(caught.value)
    assert "of each of 5 draws" not in str(caught.value)
    with pytest.raises(InputError, match="of each of 5 draws"):
        look_into(model(), Question(("neuron.Z",), at=AT * HOUR, by="cargo", budget=7, draws=5))


def touching() -> ModelSpec:
    """Neurons read a level of the microglia that touch them; nothing of it goes through the medium."""
    return ModelSpec.model_validate({
        "vesica": 1, "domain": {"kind": "dish", "diameter": "35 mm", "medium": "2 mL", "mixing": "stirred"},
        "networks": {"shown": {"states": {"S": {"initial": 4}}},
                     "answer": {"states": {"Z": {"initial": 0}}, "constants": {"a": "3 1/h", "k": "1 1/h"},
                                "reactions": {"rise": {"equation": "-> Z", "rate": "a * touched_S"},
                                              "fall": {"equation": "Z ->", "rate": "k * Z"}}}},
        "cells": {"microglia": {"count": 1e5, "networks": ["shown"]},
                  "neuron": {"count": 1e5, "networks": ["answer"], "contacts": {"microglia": "5 %"}}},
        "run": {"duration": "6 h", "every": "1 h"}, "use": ["library:cns"],
    })  # fmt: skip


def test_contact_is_a_channel_and_a_transwell_is_its_control() -> None:
    """Z rests at a f S / k = 0.6, without contact at 0; the insert of a transwell cuts it wholly: reported = true."""
    spec = touching()
    case = look_into(interventions.resolve(spec)[0], Question(("neuron.Z",)))
    assert [player.name for player in case.players] == ["contact of microglia"]
    (found,) = attribute(case, workers=1)
    assert found.whole == pytest.approx(3.0 * 0.05 * 4.0, rel=CLOSE)
    assert found.none == pytest.approx(0.0, abs=1e-9)
    assert found.of([0]).value == pytest.approx(found.whole, rel=1e-9)
    (told,) = readings(Asked(spec, {}), case, workers=1)
    well = next(one for one in told if one.control.name == "transwell")
    assert well.absent == ""
    assert well.reported == pytest.approx(1.0, abs=1e-9)
    assert well.true == pytest.approx(1.0, abs=1e-9)
    assert well.besides == pytest.approx(0.0, abs=1e-9)
