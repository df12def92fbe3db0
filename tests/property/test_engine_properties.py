"""What holds for any model: nothing negative, ledgers close, order and scale do not matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.models import H, chain_model
from vesica.engine.program import Program, compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.well_mixed import Trajectory, run_arm
from vesica.spec.resolved import Arm, Domain, Exposure, ResolvedModel

FEW = settings(derandomize=True, max_examples=25, deadline=None, database=None,
               suppress_health_check=[HealthCheck.too_slow])
RATES = tuple(path for path in chain_model().parameters if path.endswith(("_rate", ".enrichment")))
COUNTS = {"donor": 1e6, "taker": 5e5}
TOLERANCE = 1e-9  # relative and absolute; the search for rest uses the same

factors = st.dictionaries(st.sampled_from(RATES), st.floats(0.1, 10.0), max_size=12)
numbers = st.sampled_from([1.0, 1e3, 1e6])
counts = st.fixed_dictionaries({"donor": numbers, "taker": numbers})
levels = st.sampled_from([0.0, 1e5, 6e6, 1e9])


def model_of(cells: Mapping[str, float], changed: Mapping[str, float], level: float) -> ResolvedModel:
    """The chain with an agent for the second of two days and rates changed by factors."""
    exposures = (Exposure("agent", (12 * H, 36 * H), (level, 0.0)),)
    model = chain_model(arms=(Arm("arm", cells, exposures=exposures, factors=changed),))
    return replace(model, schedule=replace(model.schedule, every=4 * H, relative_tolerance=TOLERANCE,
                                           absolute_tolerance=TOLERANCE))


def simulate(model: ResolvedModel) -> tuple[Program, Trajectory]:
    program = compile_model(model)
    run = run_arm(program, model.arms[0], parameter_row(program.model, model.arms[0]), {})
    assert run.message == ""
    return program, run


def allowed(program: Program, run: Trajectory) -> np.ndarray:
    """(pool,) what the solver may leave: sqrt(N) (rtol |y| + atol) per step; see `tests.analytic`.

    Absolute tolerances of the medium are those of a cell times the cells of the dish.
    """
    most = max(run.arm.counts.values())
    cells = np.array([most if pool.compartment == "medium" else 1.0 for pool in program.table.pools])
    scale = np.nan_to_num(np.abs(run.values)).max(axis=0)
    steps = float(run.solver["evaluations"]) + 100.0  # some for the search for rest
    return np.sqrt(float(run.solver["states"])) * steps * TOLERANCE * (scale + cells)


def below_zero(program: Program, run: Trajectory) -> list[str]:
    """Pools that fall below zero by more than the solver may leave."""
    lowest = np.nan_to_num(run.values).min(axis=0)
    return [name for name, low, room in zip(program.species, lowest, allowed(program, run), strict=True)
            if low < -room]


def residuals(program: Program, run: Trajectory) -> dict[str, float]:
    """Change of each ledger from start to end over what was made, in dish totals."""
    place = {pool.name: number for number, pool in enumerate(program.table.pools)}
    cells = np.array([run.arm.counts.get(pool.compartment, 1.0) for pool in program.table.pools])
    totals = np.nan_to_num(run.values[[0, -1]]) * cells
    found = {}
    for token in program.table.tokens:
        if any(token.name in flux.opens for flux in program.table.fluxes):
            continue
        change = sum(weight * (totals[1, place[pool]] - totals[0, place[pool]])
                     for pool, weight in token.weights.items())
        moved = sum(abs(totals[1, place[pool]]) for pool in token.weights)
        found[token.name] = abs(change) / moved if moved > 0 else 0.0
    return found


@FEW
@given(cells=counts, changed=factors, level=levels)
def test_nothing_is_negative_and_ledgers_close(
    cells: dict[str, float], changed: dict[str, float], level: float
) -> None:
    """Ledgers: BDF keeps linear invariants to rounding, about 1e-12; the promise is 1e-9."""
    program, run = simulate(model_of(cells, changed, level))
    assert below_zero(program, run) == []
    closing = residuals(program, run)
    assert {"vesicle", "cargo mir", "cargo receptor", "cargo ligand", "cells taker"} <= set(closing)
    assert {name: value for name, value in closing.items() if value >= 1e-9} == {}


def test_a_negative_pool_and_an_open_ledger_are_found() -> None:
    """Planted: one vesicle in a thousand vanishes from the endosomes; one pool is made negative."""
    program, run = simulate(model_of(COUNTS, {}, 0.0))
    place = program.species.index("taker.inside:donor")
    leaking, negative = run.values.copy(), run.values.copy()
    leaking[-1, place] *= 0.999
    negative[-1, place] = -1.0
    assert residuals(program, replace(run, values=leaking))["vesicle"] > 1e-9
    assert below_zero(program, replace(run, values=negative)) == ["taker.inside:donor"]


def by_name(program: Program, run: Trajectory) -> dict[str, np.ndarray]:
    return dict(zip(program.species, run.values.T, strict=True))


def differing(first: tuple[Program, Trajectory], second: tuple[Program, Trajectory]) -> list[str]:
    """Pools whose courses differ by more than twice what the solver may leave."""
    room = dict(zip(first[0].species, 2 * allowed(*first), strict=True))
    ours, theirs = by_name(*first), by_name(*second)
    assert set(ours) == set(theirs)
    return [name for name, course in ours.items()
            if not np.allclose(course, theirs[name], rtol=0.0, atol=room[name], equal_nan=True)]


def test_a_difference_is_found() -> None:
    """A rate off by a thousandth; two solutions may differ by 1e-5 of a pool's scale."""
    first = simulate(model_of(COUNTS, {}, 0.0))
    second = simulate(model_of(COUNTS, {"taker.escape_rate": 1.001}, 0.0))
    assert "taker.delivered:donor" in differing(first, second)


@FEW
@given(data=st.data(), changed=factors, level=levels)
def test_the_order_of_cells_rules_and_arms_does_not_matter(
    data: st.DataObject, changed: dict[str, float], level: float
) -> None:
    """Sums in another order differ by rounding, which the solver's error control swallows."""
    model = model_of(COUNTS, changed, level)
    shuffled = replace(
        model,
        cells=tuple(data.draw(st.permutations(model.cells))),
        cargo=tuple(data.draw(st.permutations(model.cargo))),
        rules=tuple(data.draw(st.permutations(model.rules))),
        parameters=dict(data.draw(st.permutations(list(model.parameters.items())))),
    )
    assert differing(simulate(model), simulate(shuffled)) == []


def test_the_order_of_arms_does_not_matter_at_all() -> None:
    """Arms share one program and nothing else: the same numbers, bit for bit."""
    first = Arm("first", COUNTS)
    second = Arm("second", {"donor": 1e6}, factors={"donor.mvb_fusion_rate": 2.0})
    courses = {}
    for arms in ((first, second), (second, first)):
        program = compile_model(chain_model(arms=arms))
        for arm in arms:
            run = run_arm(program, arm, parameter_row(program.model, arm), {})
            courses.setdefault(arm.name, []).append(run.values)
    for one, other in courses.values():
        assert np.array_equal(one, other, equal_nan=True)


@FEW
@given(present=st.sampled_from(["donor", "taker", ""]))
def test_absent_cells_are_nan_and_not_zero(present: str) -> None:
    """Pools of a type with count zero, and of vesicles whose origin is absent, are missing."""
    cells = {name: 1e6 if name == present else 0.0 for name in COUNTS}
    program, run = simulate(model_of(cells, {}, 0.0))
    for pool in program.table.pools:
        missing = {"cell:" + name for name in COUNTS if name != present}
        missing |= {"origin:" + name for name in COUNTS if name != present}
        course = run.values[:, program.species.index(pool.name)]
        assert np.isnan(course).all() == bool(pool.needs & missing), pool.name
        assert not np.isnan(course).any() or np.isnan(course).all()


@FEW
@given(changed=factors, level=levels, scale=st.sampled_from([2.0, 0.5, 10.0]))
def test_more_of_the_same_dish_changes_nothing_per_cell(
    changed: dict[str, float], level: float, scale: float
) -> None:
    """Twice the cells in twice the volume: medium totals double, all else stays.

    Hazards of the medium are n x/V: both double. Tolerances of the medium scale with cells too,
    so the solver sees the same problem in other units, and only rounding differs.
    """
    model = model_of(COUNTS, changed, level)
    domain = Domain("dish", model.domain.volume * scale, model.domain.depth, "stirred")
    larger = model_of({name: n * scale for name, n in COUNTS.items()}, changed, level)
    program, run = simulate(model)
    other_program, other = simulate(replace(larger, domain=domain))
    units = np.array([scale if pool.compartment == "medium" else 1.0 for pool in program.table.pools])
    assert differing((program, run), (other_program, replace(other, values=other.values / units))) == []


KNOCKED = {
    "donor.endosome_formation_rate": ("donor.mvb", "donor.made", "donor.released:donor", "donor.made/mir"),
    "donor.ilv_budding_rate": ("donor.mvb_ilv", "donor.mvb_ilv2", "donor.released:donor"),
    "donor.rab27_activity": ("donor.docked", "donor.fused", "donor.tethered", "donor.released:donor"),
    "donor.snare_activity": ("donor.fused", "donor.released:donor"),
    "donor.mir.enrichment": ("donor.made/mir", "medium.free:donor/mir", "taker.delivered:donor/mir"),
    "donor.mir.basal": ("donor.mir", "donor.made/mir"),
    "taker.escape_rate": (),
    "taker.death_rate": ("taker.dead",),
}


@pytest.mark.parametrize("path", KNOCKED)
def test_a_knock_out_gives_zeros(path: str) -> None:
    """A factor of zero in an arm: what rests on it alone stays zero but for rounding.

    Elimination with pivots leaves 1e-16 of other pools, far below the solver's own 1e-8.
    The factor (SNARE, rab27) leaves pools upstream as they are.
    """
    model = model_of({"donor": 1e6, "taker": 5e5}, {path: 0.0}, 0.0)
    if path == "donor.mir.basal":  # the taker's own vesicles would return its miRNA: donors alone
        model = model_of({"donor": 1e6, "taker": 0.0}, {path: 0.0}, 0.0)
    program, run = simulate(model)
    course = by_name(program, run)
    for name in KNOCKED[path]:
        cells = 1e6 if name.startswith("medium") else 1.0
        assert np.abs(course[name]).max() <= 1e-9 * cells, name
    assert np.nanmax(course["donor.endosome"]) > 0 or path == "donor.endosome_formation_rate"


def test_without_escape_and_fusion_nothing_is_delivered() -> None:
    """Two ways in: blocking one leaves the other."""
    knocked = {"taker.escape_rate": 0.0, "taker.surface_fusion_rate": 0.0}
    course = by_name(*simulate(model_of(COUNTS, knocked, 0.0)))
    assert np.abs(course["taker.delivered:donor/mir"]).max() <= 1e-9
    one = by_name(*simulate(model_of(COUNTS, {"taker.escape_rate": 0.0}, 0.0)))
    assert one["taker.delivered:donor/mir"][-1] > 1e-3
