"""Cells that grow at fixed concentrations: the mean field grows exactly with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.cell_networks import EVERYTHING, resolved
from tests.models import H, chain_model, matrix_model, transfer_model
from vesica import api
from vesica.engine.program import compile_model
from vesica.engine.simulate import run_all
from vesica.errors import InputError
from vesica.spec import scaling, vocabulary
from vesica.spec.resolved import Arm, Dose, Exposure, Parameter, ResolvedModel, Rule, Schedule
from vesica.spec.scaling import exponent, few_cells, is_extensive, scaled

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
TOLERANCE = 1e-8  # relative, of the runs that are compared


def example(path: Path) -> ResolvedModel:
    examined = api.examine(path)
    examined.raise_errors()
    assert examined.resolved is not None
    return examined.resolved


def worst_difference(model: ResolvedModel, factor: float) -> tuple[float, str]:
    """Largest relative difference of the scaled mean field from the factor times the old, over the tolerance.

    A solver holds each step to the tolerance; errors of many steps add up, so that equal models may differ by some
    ten times it.
    """
    schedule = replace(model.schedule, relative_tolerance=TOLERANCE, absolute_tolerance=1e-12)
    model = replace(model, schedule=schedule)
    small, large = (list(run_all(compile_model(one))) for one in (model, scaled(model, factor)))
    names = [pool.name for pool in compile_model(model).table.pools]
    worst = (0.0, "")
    for one, other in zip(small, large, strict=True):
        assert one.arm.name == other.arm.name
        assert not one.message + other.message
        for column, name in enumerate(names):
            expected = one.values[:, column] * (factor if is_extensive(model, name) else 1.0)
            np.testing.assert_array_equal(np.isnan(expected), np.isnan(other.values[:, column]))
            if np.all(np.isnan(expected)):
                continue
            cells = max(one.arm.counts.values()) if name.startswith("medium.") else 1.0  # totals of the dish
            size = max(float(np.nanmax(np.abs(expected))), 1e-6 * cells)
            apart = float(np.nanmax(np.abs(other.values[:, column] - expected))) / size
            worst = max(worst, (apart / TOLERANCE, f"{name} in {one.arm.name}"))
    return worst


def rich_chain() -> ResolvedModel:
    """The chain with doses of both kinds, an arm with its own numbers, and rules that start from copies of a cargo."""
    model = chain_model()
    rule = Rule("copies", "donor", "receptor", "increases", "mvb_docking_rate", "receptor raises docking")
    numbers = {"rule.copies.half_max": (2e3, "molecule"), "rule.copies.hill": (2.0, ""), "rule.copies.fold": (3.0, "")}
    parameters = dict(model.parameters)
    parameters |= {path: Parameter(path, value, unit, value, value, "given") for path, (value, unit) in numbers.items()}
    arms = (
        Arm("both", {"donor": 1e6, "taker": 5e5}, exposures=(Exposure("agent", (1 * H,), (6e6,)),)),
        Arm("fewer_sites", {"donor": 1e6, "taker": 5e5}, values={"taker.receptor_sites": 50.0},
            factors={"donor.snare_activity": 0.5}),
        Arm("given", {"donor": 0.0, "taker": 5e5},
            doses=(Dose("both", "taker", "particles_per_cell", 500.0, 4 * H, 0.1),
                   Dose("fewer_sites", "taker", "donor_cells_per_cell", 2.0, 6 * H))),
    )
    return replace(model, rules=(*model.rules, rule), parameters=parameters, arms=arms,
                   schedule=Schedule(12 * H, 1 * H, "well_mixed", 1))


@pytest.mark.parametrize("factor", [10.0, 1.0 / 16.0])
def test_the_mean_field_grows_exactly_with_the_cells(factor: float) -> None:
    """Measured: 1 (x10) and 21 (x1/16) times the tolerance. A wrong exponent shows at more than 1e3, see below."""
    worst, where = worst_difference(rich_chain(), factor)
    assert worst < 100.0, where


def receiving() -> ResolvedModel:
    """Takers that translate, load Ago and touch ligands, with donors of all kinds of vesicles."""
    model = transfer_model(arms=(Arm("both", {"donor": 1e6, "taker": 5e5}),),
                           schedule=Schedule(12 * H, 1 * H, "well_mixed", 1))
    close = replace(model.parameters["rule.touch.half_max"], value=0.01)  # as few vesicles as are bound here
    return replace(model, parameters={**model.parameters, close.path: close})


def test_what_received_cargo_does_grows_exactly() -> None:
    """Measured: 8 times the tolerance."""
    worst, where = worst_difference(receiving(), 10.0)
    assert worst < 100.0, where


def in_matrix() -> ResolvedModel:
    """Takers in matrix that holds vesicles and a factor, and is digested by it."""
    return matrix_model(arms=(Arm("both", {"donor": 1e6, "taker": 5e5}),),
                        schedule=Schedule(12 * H, 1 * H, "well_mixed", 1))


def test_matrix_grows_exactly() -> None:
    """Errors of many steps add up to some ten times the tolerance, as above."""
    worst, where = worst_difference(in_matrix(), 10.0)
    assert worst < 100.0, where


@pytest.mark.parametrize("path", ["taker.matrix_secretion_rate"])
def test_a_forgotten_exponent_of_matrix_is_found(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    true = scaling.exponent
    monkeypatch.setattr(scaling, "exponent", lambda model, name: 0 if name == path else true(model, name))
    assert worst_difference(in_matrix(), 10.0)[0] > 1e3


@pytest.mark.parametrize("path", ["taker.ago_loading_rate", "taker.ligand.half_occupancy", "rule.touch.half_max"])
def test_a_forgotten_exponent_of_received_cargo_is_found(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    true = scaling.exponent
    monkeypatch.setattr(scaling, "exponent", lambda model, name: 0 if name == path else true(model, name))
    worst, _ = worst_difference(receiving(), 10.0)
    assert worst > 1e3


# what `EVERYTHING` has not: numbers of molecules in a network, its own kind as template, volume and area in laws
AGGREGATES = {
    "states": {"held": {"initial": "3 molecule", "at_start": "20 molecule"}, "tone": {"initial": 1},
               "held_late": {"follows": "held", "delay": "1 h", "steps": 2}},
    "constants": {"seeding": "1e-4 1/molecule/h", "per_area": "1e-3 molecule/um^2/h", "most": "2e4 molecule",
                  "made": "0.5 molecule/h", "pace": "100 1/h"},
    "reactions": {
        "convert": {"equation": "asyn + asyn_fibril -> 2 asyn_fibril", "rate": "seeding * asyn * asyn_fibril"},
        "make": {"equation": "-> held", "rate": "per_area * membrane_area + made * tone"},
        "lose": {"equation": "held ->", "law": "mass_action", "k": "0.2 1/h"},
        "pair": {"equation": "2 held -> held", "law": "mass_action", "k": "1e-3 1/(molecule*h)"},
        "rise": {"equation": "-> tone", "law": "hill", "source": "held_late", "vmax": "3 1/h",
                 "half_max": "30 molecule"},
        "fall": {"equation": "tone ->", "rate": "0.002 * tone * pace"},
        "secrete": {"equation": "-> TNF", "rate": "1e4 * made * asyn_fibril / (most + asyn_fibril)"},
    },
}  # fmt: skip
FIBRILS = {"asyn": {"basal": "1e4 molecule", "decay_rate": "0.02 1/h"},
           "asyn_fibril": {"basal": "40 molecule", "decay_rate": "0.01 1/h", "enrichment": 1}}


def networked() -> ResolvedModel:
    """Microglia that hold every law, with molecules as levels and as templates."""
    return resolved({"everything": EVERYTHING, "aggregates": AGGREGATES}, {"cargo": FIBRILS},
                    run={"duration": "12 h", "every": "1 h"})


@pytest.mark.parametrize("factor", [10.0, 1.0 / 16.0])
def test_networks_grow_exactly_with_the_cells(factor: float) -> None:
    worst, where = worst_difference(networked(), factor)
    assert worst < 100.0, where


@pytest.mark.parametrize(("path", "power"), [
    ("aggregates.seeding", -1), ("aggregates.per_area", 0), ("aggregates.most", 1), ("aggregates.made", 1),
    ("aggregates.pair_k", -1), ("aggregates.rise_half_max", 1), ("held.at_start", 1), ("everything.per_cell", 1),
])
def test_a_forgotten_exponent_of_a_network_is_found(
    path: str, power: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each number goes as its unit says, and one that did not would show; what goes with 0 is doubled instead."""
    true, path = scaling.exponent, f"microglia.{path}"
    assert true(networked(), path) == power
    monkeypatch.setattr(scaling, "exponent", lambda model, name: int(power == 0) if name == path
                        else true(model, name))
    assert worst_difference(networked(), 10.0)[0] > 1e3


@pytest.mark.parametrize(("unit", "power"), [
    ("1/s", 0), ("", 0), ("molecule/um^3", 0), ("um^3/molecule/s", 0), ("molecule", 1), ("molecule/s", 1),
    ("1/molecule/s", -1), ("molecule/um^3/s", 0), ("um^3", 1), ("um^2", 1), ("1/um^2", -1), ("molecule/um^2", 0),
    ("um^6/molecule^2/s", 0), ("1/molecule^2/s", -2), ("vesicle", 1), ("molecule^2/s", 2),
])
def test_a_number_of_a_network_grows_by_its_unit(unit: str, power: int) -> None:
    assert scaling._by_unit(unit) == power


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_mean_field_of_every_example_grows_exactly(path: Path) -> None:
    """Measured: 3 (microglia) to 184 times the tolerance: where NF-kB goes up and down, errors are carried on."""
    model = example(path)
    shorter = replace(model.schedule, duration=min(model.schedule.duration, 30 * H), every=6 * H)
    worst, where = worst_difference(replace(model, schedule=shorter), 100.0)
    assert worst < 1000.0, where


@pytest.mark.parametrize("path", ["donor.docking_sites", "taker.mir.target_binding_rate", "taker.receptor_sites",
                                  "donor.factor.secretion_rate", "taker.alarm.reference", "rule.surface.half_max"])
def test_a_forgotten_exponent_is_found(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison can fail: each of these parameters left alone, or scaled wrongly, shows."""
    true = scaling.exponent
    monkeypatch.setattr(scaling, "exponent", lambda model, name: 0 if name == path else true(model, name))
    worst, _ = worst_difference(rich_chain(), 10.0)
    assert worst > 1e3


def test_every_word_of_the_vocabulary_has_an_exponent() -> None:
    """And none has two: the tables here are those of spec/vocabulary.py, with what copies need besides."""
    tables = ((vocabulary.CELL_MACHINERY, scaling._MACHINERY), (vocabulary.CELL_CARGO, scaling._CARGO),
              (vocabulary.CELL_TARGETS, scaling._TARGETS),
              (vocabulary.CELL_SIGNAL | vocabulary.CELL_SIGNAL_RECEPTOR, scaling._SIGNAL),
              (vocabulary.CELL_SOLUBLE, scaling._SECRETED), (vocabulary.MEDIUM, scaling._MEDIUM),
              (vocabulary.SOLUBLE, scaling._SOLUBLE), (vocabulary.DRUG | vocabulary.DRUG_EFFECT, scaling._DRUG),
              (vocabulary.RULE, scaling._RULE | {"half_max": 0, "added": 0}))
    assert [sorted(set(words) - set(exponents)) for words, exponents in tables] == [[]] * len(tables)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_parameter_of_every_example_has_an_exponent(path: Path) -> None:
    model = example(path)
    assert {exponent(model, name) for name in model.parameters} <= {-1, 0, 1}


def test_an_unknown_parameter_is_refused() -> None:
    model = chain_model()
    odd = Parameter("donor.flagella", 1.0, "", 1.0, 1.0, "given")
    with pytest.raises(InputError, match=r"donor\.flagella"):
        scaled(replace(model, parameters=dict(model.parameters) | {odd.path: odd}), 10.0)


def test_a_half_max_goes_with_its_source() -> None:
    model = rich_chain()
    found = {rule.key: exponent(model, f"rule.{rule.key}.half_max") for rule in model.rules}
    assert found == {"stimulus": 0, "alarm_fusion": 0, "surface": 1, "quiet": 0, "soluble": 0, "copies": 1}


@pytest.mark.parametrize(("target", "unit", "power"), [
    ("shedding_rate", "vesicle/s", 1), ("mvb_docking_rate", "1/s", 0), ("ilv_budding_rate", "vesicle/s", 0),
    ("macropinocytosis_rate", "um^3/s", 1), ("receptor_sites", "vesicle", 1), ("binding_rate", "um^3/s/vesicle", 0),
    ("mir_production", "molecule/s", 1), ("alarm_production", "1/s", 0), ("toggle_make", "molecule/um^3/s", 0),
    ("calm_to_angry", "1/s", 0), ("toggle_lose", "molecule / micron ** 3/s", 0),
])
def test_what_is_added_goes_with_its_target(target: str, unit: str, power: int) -> None:
    model = chain_model()
    rule = Rule("more", "donor", "agent", "increases", target, "", adds=True)
    added = Parameter(rule.strength, 1.0, unit, 1.0, 1.0, "given")
    grown = replace(model, rules=(rule,), parameters={**model.parameters, added.path: added})
    assert exponent(grown, added.path) == power


def test_few_cells_keep_the_density() -> None:
    model = rich_chain()
    small = few_cells(model, 4)
    both = {"donor": 4.0, "taker": 2.0}
    assert [dict(arm.counts) for arm in small.arms] == [both, both, {"donor": 0.0, "taker": 2.0}]
    assert small.domain.volume / 4.0 == pytest.approx(model.domain.volume / 1e6, rel=1e-15)
    assert few_cells(small, 10) is small
