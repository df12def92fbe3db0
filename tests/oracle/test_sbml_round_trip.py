"""A model written as SBML and read again: the same rates of change, here and in libroadrunner."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.cell_networks import resolved
from tests.sbml_files import rates, saved
from vesica.engine.doses import present_in
from vesica.engine.program import Program, compile_model
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.sbml_out import arm_sbml
from vesica.engine.system import Lanes
from vesica.engine.well_mixed import run_arm
from vesica.errors import InputError
from vesica.readers.sbml import read_sbml
from vesica.spec.resolved import Dose, Exposure
from vesica.spec.sbml_words import SbmlWords, network_words

H = 3600.0


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, Lanes, str, SbmlWords]:
    """Microglia with a network of every operator, law and kind of participant: compiled, as a file, and read."""
    model = resolved()
    program, arm = compile_model(model), model.arms[0]
    text = arm_sbml(program, arm)
    found = network_words(read_sbml(saved(tmp_path_factory.mktemp("sbml"), text)), "networks.x.sbml")
    assert [one for one in found.findings if one.severity == "error"] == []
    lanes = Lanes(program.tables(present_in(program, arm, {})),
                  value_vector(program, parameter_row(program.model, arm))[:, np.newaxis], arm.counts, is_single=True)
    return program, lanes, text, found


def cases(program: Program, lanes: Lanes) -> list[tuple[np.ndarray, dict[str, float]]]:
    """Random states per cell, and the same as amounts in the dish by id; no pool is at zero."""
    random, found = np.random.default_rng(3), []
    cells = np.array([1.0 if pool.compartment == "medium" else lanes.counts[pool.compartment]
                      for pool in (program.table.pools[place] for place in lanes.tables.columns)])
    for _ in range(4):
        state = random.uniform(0.05, 1.0, lanes.tables.pools.size)
        ids = [f"v{program.index[name]}" for name in lanes.tables.names]
        found.append((state, dict(zip(ids, (state * cells).tolist(), strict=True))))
    return found


def change(lanes: Lanes, state: np.ndarray, cells: np.ndarray) -> np.ndarray:
    out = np.zeros((state.size, 1))
    lanes.rate(np.ascontiguousarray(state[:, np.newaxis]), out)
    return out[:, 0] * cells


def test_network_out_and_in_has_the_same_rates(written: tuple[Program, Lanes, str, SbmlWords]) -> None:
    """At random states: a pool's rate is a sum of signed products, each exact to some 30 roundings of 1e-16.

    So it is within 3e-15 of the sum of their sizes: below 1e-12 of the rate itself, or of a thousandth of the largest
    rate where terms cancel (1e-15 of that rate, whose terms are larger than those of any pool that cancels).
    """
    program, lanes, _, found = written
    for state, amounts in cases(program, lanes):
        ours = dict(zip(amounts, change(lanes, state, np.array(list(amounts.values())) / state), strict=True))
        theirs = rates(found.words, {found.names[name]: value for name, value in amounts.items()})
        size = max(map(abs, ours.values()))
        for name, value in ours.items():
            assert abs(theirs[found.names[name]] - value) <= 1e-12 * max(abs(value), 1e-3 * size), name


def test_libroadrunner_finds_the_same_rates(written: tuple[Program, Lanes, str, SbmlWords]) -> None:
    """As above; Hill functions and powers are of another library: 1e-12 all the same."""
    roadrunner = pytest.importorskip("roadrunner", reason="libroadrunner is not installed")
    program, lanes, text, _ = written
    solver = roadrunner.RoadRunner(text)
    for state, amounts in cases(program, lanes):
        ours = dict(zip(amounts, change(lanes, state, np.array(list(amounts.values())) / state), strict=True))
        for name, value in amounts.items():
            solver[name] = value
        size = max(map(abs, ours.values()))
        for name, value in ours.items():
            assert abs(solver[f"{name}'"] - value) <= 1e-12 * max(abs(value), 1e-3 * size), name


def test_the_file_starts_where_the_arm_starts(written: tuple[Program, Lanes, str, SbmlWords]) -> None:
    program, _, _, found = written
    arm = program.model.arms[0]
    run = run_arm(program, arm, parameter_row(program.model, arm), {})
    for pool, value in zip(program.table.pools, run.values[0].tolist(), strict=False):  # pools come first
        word = found.names.get(f"v{program.index[pool.name]}")
        if word is not None:
            cells = 1.0 if pool.compartment == "medium" else arm.counts[pool.compartment]
            assert found.words.states[word].initial == max(value, 0.0) * cells


@pytest.mark.parametrize(("changed", "says"), [
    ({"exposures": (Exposure("LPS", (0.0, H), (1.0, 0.0)),)}, "begins or ends at 1 h"),
    ({"exposures": (Exposure("LPS", (2 * H,), (1.0,)),)}, "begins or ends at 2 h"),
    ({"doses": (Dose("base", "microglia", "particles_per_cell", 1.0, 0.0),)}, "takes vesicles from `base`"),
])
def test_what_happens_during_a_run_is_refused(
    written: tuple[Program, Lanes, str, SbmlWords], changed: dict[str, object], says: str
) -> None:
    program = written[0]
    arm = replace(program.model.arms[0], **changed)
    with pytest.raises(InputError, match=says) as refused:
        arm_sbml(program, arm)
    finding = refused.value.findings[0]
    assert all((finding.wrote, finding.rule, finding.consequence, finding.fix))


def test_a_constant_exposure_is_a_constant_of_the_file() -> None:
    model = resolved(exposures=[{"agent": "LPS", "concentration": "2 nM"}],
                     rules=["microglia: LPS increases TNF_secretion (half_max 1 nM, hill 1, up to 3x)"])
    program = compile_model(model)
    arm = next(arm for arm in model.arms if arm.exposures)
    place = program.index["agent.LPS"]
    assert f'<parameter id="v{place}" name="agent.LPS" value="{arm.exposures[0].levels[0]!r}"' in arm_sbml(program, arm)


def test_hill_of_what_is_below_zero_is_zero_in_the_file_too() -> None:
    """A share of zero follows a value below zero; a power of it would be no number, or more than it should."""
    roadrunner = pytest.importorskip("roadrunner")
    network = {"states": {"A": {"initial": 1}, "B": {"initial": 0}}, "assignments": {"excess": "A - 1.5"},
               "constants": {"k": "1 1/h"},
               "reactions": {"make": {"equation": "-> B", "rate": "k * hill(excess, 1, 2)"}}}
    model = resolved({"small": network})
    program, arm = compile_model(model), model.arms[0]
    text = arm_sbml(program, arm)
    assert text.count("<piecewise>") == 1
    solver = roadrunner.RoadRunner(text)
    rate, excess = (next(f"v{place}" for name, place in program.index.items() if name == wanted)
                    for wanted in ("microglia.B", "microglia.excess"))
    level = f"v{program.index['microglia.A']}"
    for value, share in ((1.0, 0.0), (0.0, 0.0), (2.5, 0.5)):
        solver[level] = value * arm.counts["microglia"]
        assert solver[excess] == value - 1.5
        assert solver[f"{rate}'"] == pytest.approx(share / H * arm.counts["microglia"], rel=1e-14)
