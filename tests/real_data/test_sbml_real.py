"""Published SBML files: NF-kB signalling of Hoffmann 2002 as a network of a cell, beside libroadrunner."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.cell_networks import resolved
from tests.oracle.test_sbml_rates import compare
from vesica.engine.program import Program, compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.sbml_out import arm_sbml
from vesica.engine.well_mixed import run_arm
from vesica.readers.sbml import read_sbml
from vesica.units import to_internal

DATA = Path(__file__).parents[3] / "shared" / "data" / "models"
HOFFMANN = DATA / "BIOMD0000000140_Hoffmann2002_NFkB.xml"
SCHWEN = DATA / "petab_Schwen_PONE2014" / "model_Schwen_PONE2014.xml"
pytestmark = [pytest.mark.real_data, pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data here")]
roadrunner = pytest.importorskip("roadrunner", reason="libroadrunner is not installed")

LEFT_OUT = ("fr_after_trigger", "event_0000001")
TOTAL = ("NFkB", "IkBalpha_NFkB", "IkBbeta_NFkB", "IkBeps_NFkB", "IKK_IkBalpha_NFkB", "IKK_IkBbeta_NFkB",
         "IKK_IkBeps_NFkB", "NFkB_nuc", "IkBalpha_nuc_NFkB_nuc", "IkBbeta_nuc_NFkB_nuc", "IkBeps_nuc_NFkB_nuc")
SPECIES = read_sbml(HOFFMANN).species if DATA.is_dir() else ()
RELATIVE, ABSOLUTE = 1e-10, 1e-13  # of both solvers; absolute in uM
UM = to_internal("1 uM", "molecule/um^3", "")


def test_what_hoffmann_holds_that_a_network_does_not() -> None:
    """One event adds IKK at 2000 min; one rate rests on the time since. Everything else is read."""
    model = read_sbml(HOFFMANN)
    assert (len(model.species), len(model.reactions), len(model.compartments)) == (24, 45, 2)
    assert [(part.kind, part.id, part.line) for part in model.unsupported] == [
        ("rule", "fr_after_trigger", 506), ("event", "event_0000001", 2094)]


def test_the_insulin_model_is_read_whole() -> None:
    model = read_sbml(SCHWEN)
    assert model.unsupported == ()
    assert {note.severity for note in model.findings} == {"note"}  # starts that the file computes
    assert {one.id: one.initial for one in model.species}["Rec1"] == 47.2370172820096


@pytest.mark.parametrize(("path", "without"), [(HOFFMANN, LEFT_OUT), (SCHWEN, ())])
def test_rates_are_those_of_libroadrunner(path: Path, without: tuple[str, ...]) -> None:
    """A rate is a sum of at most 14 products: 1e-14 of the largest; with room 1e-12."""
    assert compare(path, without) < 1e-12


@pytest.fixture(scope="module")
def program() -> Program:
    """Microglia with the network: rest with IKK 0, then 0.1 uM of it, for 6 h."""
    words = {"sbml": str(HOFFMANN), "without": LEFT_OUT, "states": {"IKK": {"at_start": "0.1 uM"}},
             "conserved": {"total_NFkB": TOTAL}}
    model = resolved({"hoffmann": words}, run={"duration": "6 h", "every": "1 min", "relative_tolerance": RELATIVE,
                                               "absolute_tolerance": ABSOLUTE * UM})
    return compile_model(model)


def pools(program: Program) -> list[int]:
    """Places of the species among all pools."""
    names = [f"microglia.{one.id}" + (" over the cell" if one.compartment == "nucleus" else "") for one in SPECIES]
    return [program.species.index(name) for name in names]


@pytest.fixture(scope="module")
def run(program: Program) -> tuple[np.ndarray, np.ndarray]:
    """(time,) min and (time, species) uM."""
    arm = program.model.arms[0]
    found = run_arm(program, arm, parameter_row(program.model, arm), {})
    assert found.message == ""
    return found.times / 60.0, found.values[:, pools(program)] / UM


@pytest.fixture(scope="module")
def solver() -> roadrunner.RoadRunner:
    """The same file without its event."""
    made = roadrunner.RoadRunner(re.sub("<listOfEvents>.*?</listOfEvents>", "", HOFFMANN.read_text(), flags=re.S))
    made.integrator.relative_tolerance, made.integrator.absolute_tolerance = RELATIVE, ABSOLUTE
    made.integrator.maximum_num_steps = 1_000_000
    return made


def test_the_course_is_that_of_libroadrunner(run: tuple[np.ndarray, np.ndarray], solver: roadrunner.RoadRunner) -> None:
    """From the same start, to 1e-6 of each species' largest level.

    Each solver keeps the root mean square of local errors of all pools below 1e-10 |y| + 1e-13 uM: at most the root
    of 24 (theirs) or about 250 (ours: the whole cell) times that in one species and step, over about 500 steps and
    with no growth, as the oscillation is damped: 8e-7 and 2e-7 of the level. (Seen: 5e-9.)
    """
    times, levels = run
    for one, value in zip(SPECIES, levels[0].tolist(), strict=True):
        solver[f"[{one.id}]"] = value
    theirs = np.asarray(solver.simulate(0.0, 360.0, 361, ["time", *(f"[{one.id}]" for one in SPECIES)]))
    assert np.array_equal(theirs[:, 0], times)
    scale = np.abs(levels).max(axis=0)
    error = np.abs(levels - theirs[:, 1:]).max(axis=0) / (scale + 1e-6)
    assert error.max() < 1e-6, (error.max(), SPECIES[int(error.argmax())].id)


def test_the_written_arm_has_the_same_course_in_libroadrunner(
    run: tuple[np.ndarray, np.ndarray], program: Program
) -> None:
    """The network went in as SBML and out again, among all other pools of the cell: 1e-6 as above."""
    arm = program.model.arms[0]
    made = roadrunner.RoadRunner(arm_sbml(program, arm))
    cells = arm.counts["microglia"]
    made.integrator.relative_tolerance, made.integrator.absolute_tolerance = RELATIVE, ABSOLUTE * UM * cells
    made.integrator.maximum_num_steps = 1_000_000
    ids = [f"v{program.index[program.species[place]]}" for place in pools(program)]
    theirs = np.asarray(made.simulate(0.0, 21600.0, 361, ["time", *ids]))[:, 1:] / UM / cells
    error = np.abs(run[1] - theirs).max(axis=0) / (np.abs(run[1]).max(axis=0) + 1e-6)
    assert error.max() < 1e-6, (error.max(), SPECIES[int(error.argmax())].id)


def test_cells_rest_where_libroadrunner_comes_to_rest(
    run: tuple[np.ndarray, np.ndarray], solver: roadrunner.RoadRunner
) -> None:
    """After 3e5 min without IKK, to 4e-9 of the total.

    The slowest rate of the network is above 1e-3 per min, so that nothing is left of the start; at rest what is lost
    to one step is not carried on, and each solver stays within the square root of its number of pools, below 20,
    times 1e-10 of a level. (Seen: 8e-13.)
    """
    solver.reset()
    solver.simulate(0.0, 3e5, 2)
    theirs = np.array([solver[f"[{one.id}]"] for one in SPECIES])
    ikk = [one.id for one in SPECIES].index("IKK")
    assert abs(theirs[ikk]) < 1e-30  # a solver's way to say none
    theirs[ikk] = 0.1
    assert np.abs(run[1][0] - theirs).max() < 20 * 2 * RELATIVE * 0.101


def test_nuclear_nfkb_oscillates_damped_and_the_total_stays(run: tuple[np.ndarray, np.ndarray]) -> None:
    """Peaks of free nuclear NF-kB at 31 and 134 min of this file, each lower than the one before; total 0.101 uM.

    The total is moved by whole numbers only, so it keeps to rounding: some 1e5 steps to rest of 1e-16 each.
    (Seen: 1e-13.)
    """
    times, levels = run
    names = [one.id for one in SPECIES]
    total = levels[:, [names.index(name) for name in TOTAL]].sum(axis=1)
    assert np.abs(total - 0.101).max() < 1e-11 * 0.101
    nuclear = levels[:, names.index("NFkB_nuc")]
    inner = slice(1, -1)
    peaks = np.flatnonzero((nuclear[inner] > nuclear[:-2]) & (nuclear[inner] > nuclear[2:])) + 1
    assert times[peaks].tolist() == [31.0, 134.0, 230.0, 331.0]
    assert np.all(np.diff(nuclear[peaks]) < 0.0)


def peaks(levels: np.ndarray) -> list[int]:
    """Places of the inner maxima of a course."""
    inner = slice(1, -1)
    return (np.flatnonzero((levels[inner] > levels[:-2]) & (levels[inner] > levels[2:])) + 1).tolist()


def test_peaks_without_export_of_one_complex(solver: roadrunner.RoadRunner) -> None:
    """The file lets NF-kB with IkB-beta out of the nucleus at k (fr_after_trigger + flag), with a sum of 1 before IKK.

    With a sum of 0 throughout, free nuclear NF-kB peaks at 32 and 146 min and all of it at 33 and 149 min: the 32
    and 150 min that are quoted of this model. With the file's own numbers it is 31 and 134 min, above, for all
    nuclear NF-kB 31 and 133. Here and in libroadrunner alike, to the minute; the course agrees as above.
    """
    words = {"sbml": str(HOFFMANN), "without": LEFT_OUT, "states": {"IKK": {"at_start": "0.1 uM"}}}
    shut = {f"microglia.hoffmann.{name}": 0 for name in ("fr_after_trigger", "flag_for_after_trigger")}
    model = resolved({"hoffmann": words}, parameters=shut, run={
        "duration": "4 h", "every": "1 min", "relative_tolerance": RELATIVE, "absolute_tolerance": ABSOLUTE * UM})
    shut_program = compile_model(model)
    found = run_arm(shut_program, model.arms[0], parameter_row(model, model.arms[0]), {})
    names = [one.id for one in SPECIES]
    levels = found.values[:, pools(shut_program)] / UM
    nuclear = ["NFkB_nuc", "IkBalpha_nuc_NFkB_nuc", "IkBbeta_nuc_NFkB_nuc", "IkBeps_nuc_NFkB_nuc"]
    free, every = levels[:, names.index("NFkB_nuc")], levels[:, [names.index(name) for name in nuclear]].sum(axis=1)
    assert [peaks(free)[:2], peaks(every)[:2]] == [[32, 146], [33, 149]]
    solver.reset()
    solver["fr_after_trigger"], solver["flag_for_after_trigger"] = 0.0, 0.0
    for one, value in zip(SPECIES, levels[0].tolist(), strict=True):
        solver[f"[{one.id}]"] = value
    theirs = np.asarray(solver.simulate(0.0, 240.0, 241, [f"[{one.id}]" for one in SPECIES]))
    solver["fr_after_trigger"], solver["flag_for_after_trigger"] = 0.5, 0.5
    assert (np.abs(levels - theirs).max(axis=0) / (np.abs(levels).max(axis=0) + 1e-6)).max() < 1e-6
