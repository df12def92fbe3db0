"""Cells that differ: quadrature in the mean field, draws in whole numbers, and that both mean the same.

Random tests: 4 checks at `tests.chances.ALARM` or `tests.comparisons.ALARM` each, fixed seeds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.chances import ALARM, continuous_chance
from tests.comparisons import agrees_with_mean
from tests.models import H, kinds_model, machinery, parameters
from tests.toy import BASAL, DECAY, FOLD, toy_level, toy_model
from vesica import interventions
from vesica.analysis.runs.accounts import ledger
from vesica.engine import spread
from vesica.engine.nodes import Group, divided, groups_of
from vesica.engine.program import compile_model
from vesica.engine.rest import resting
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.simulate import as_arm_run, run_all
from vesica.engine.system import Lanes
from vesica.engine.table import imbalances
from vesica.engine.whole import donor, unlike
from vesica.engine.whole.run import trajectories
from vesica.spec import io
from vesica.spec.cells import Spread
from vesica.spec.resolved import Arm, Domain, Dose, ResolvedModel, Schedule
from vesica.spec.variability import sigma

SOLVER = 1e-6  # relative: many steps of 1e-8 each, as in test_scaling


def varied(model: ResolvedModel, cell: str, cvs: Mapping[str, float], correlation: float | None = None,
           nodes: int | None = None) -> ResolvedModel:
    """The model with one spread of a cell type: numbers of the cell and their coefficients of variation."""
    owner = f"{cell}.spread.0"
    one = Spread(tuple(f"{cell}.{word}" for word in cvs), tuple(f"{owner}.cv.{k}" for k in range(len(cvs))),
                 "" if correlation is None else f"{owner}.correlation")
    values = {f"{owner}.cv.{k}": (cv, "") for k, cv in enumerate(cvs.values())}
    values |= {} if correlation is None else {one.correlation: (correlation, "")}
    cells = tuple(replace(old, spreads=(one,)) if old.name == cell else old for old in model.cells)
    return replace(model, cells=cells, parameters={**model.parameters, **parameters(values)},
                   schedule=replace(model.schedule, nodes=nodes))


def course(model: ResolvedModel, pool: str, arm: str = "control") -> np.ndarray:
    program = compile_model(model)
    found = next(one for one in run_all(program) if one.arm.name == arm)
    assert not found.message
    return found.values[:, program.species.index(pool)]


@pytest.mark.parametrize(("count", "correlation"), [(1, 1.0), (2, 0.3), (3, -0.5), (4, 0.0), (5, 1.0), (6, -0.2)])
def test_mixing_gives_the_correlation(count: int, correlation: float) -> None:
    """A A' is the matrix of equal correlations, to rounding of n products of numbers up to one."""
    axes = spread.mixing(count, correlation)
    wanted = np.full((count, count), correlation) + (1.0 - correlation) * np.eye(count)
    np.testing.assert_allclose(axes @ axes.T, wanted, atol=4e-15)


@pytest.mark.parametrize("nodes", [1, 2, 3, 5, 9])
def test_quadrature_is_exact_up_to_its_degree_and_then_errs_as_it_must(nodes: int) -> None:
    """Gauss: moments up to 2 K - 1 are exact; that of degree 2 K is too small by the norm K! of the next polynomial."""
    weights, points = spread.quadrature(1, nodes)
    for degree in range(2 * nodes):
        exact = 0.0 if degree % 2 else float(math.prod(range(1, degree, 2)))
        rounding = 1e-12 * float(weights @ np.abs(points[0]) ** degree)
        assert abs(weights @ points[0] ** degree - exact) <= rounding
    top = float(math.prod(range(1, 2 * nodes, 2)))
    assert top - weights @ points[0] ** (2 * nodes) == pytest.approx(math.factorial(nodes), rel=1e-9)


@pytest.mark.parametrize(("count", "nodes"), [(2, 3), (3, 0), (5, 0), (1, 0)])
def test_quadratures_of_several_normals(count: int, nodes: int) -> None:
    """All moments of degree three and less are those of independent standard normals; no weight is negative."""
    weights, points = spread.quadrature(count, nodes)
    assert np.all(weights > 0.0)
    assert weights.sum() == pytest.approx(1.0, rel=1e-14)
    np.testing.assert_allclose(points @ weights, 0.0, atol=1e-14)
    np.testing.assert_allclose((points * weights) @ points.T, np.eye(count), atol=1e-14)
    np.testing.assert_allclose(np.einsum("ik,jk,lk,k->ijl", points, points, points, weights), 0.0, atol=1e-13)


def test_factors_are_log_normal_with_mean_one() -> None:
    """Over a fine quadrature: mean 1, variance cv^2, and the correlation of logarithms; 41 nodes leave nothing over."""
    one = Spread(("c.a", "c.b"), ("c.spread.0.cv.0", "c.spread.0.cv.1"), "c.spread.0.correlation")
    row = {"c.spread.0.cv.0": 0.4, "c.spread.0.cv.1": 0.9, "c.spread.0.correlation": -0.3}
    weights, normals = spread.quadrature(2, 41)
    found = spread.factors((one,), row, normals)
    for path, cv in (("c.a", 0.4), ("c.b", 0.9)):
        assert weights @ found[path] == pytest.approx(1.0, rel=1e-11)
        assert weights @ (found[path] - 1.0) ** 2 == pytest.approx(cv**2, rel=1e-10)
    a, b = (np.log(found[path]) for path in ("c.a", "c.b"))
    covariance = weights @ (a * b) - (weights @ a) * (weights @ b)
    assert covariance == pytest.approx(-0.3 * sigma(0.4) * sigma(0.9), rel=1e-11)


@pytest.mark.parametrize("nodes", [1, 2, 5])
def test_a_linear_law_keeps_its_mean(nodes: int) -> None:
    """Nodes are scaled to the mean of the number, so means of linear laws are exact with any number of nodes."""
    model = varied(toy_model(), "cell", {"alarm.basal": 0.8}, nodes=nodes)
    times = np.arange(7) * H
    for arm in ("control", "treated"):
        np.testing.assert_allclose(course(model, "cell.alarm", arm), [toy_level(arm, t) for t in times], rtol=SOLVER)


def relaxed(decay: np.ndarray, time: float) -> np.ndarray:
    """Closed form of the treated toy with this decay rate: production is basal x decay."""
    rise = (1 + FOLD) / 2
    return BASAL * (rise + (1 - rise) * np.exp(-decay * time))


@pytest.mark.parametrize("nodes", [1, 2, 3, 5])
def test_each_node_obeys_the_law(nodes: int) -> None:
    """The mean field of K kinds is the closed form at the K nodes, weighed: nothing else happens on the way."""
    model = varied(toy_model(), "cell", {"alarm.decay_rate": 0.7}, nodes=nodes)
    found = course(model, "cell.alarm", "treated")
    weights, normals = spread.quadrature(1, nodes)
    factors = np.exp(sigma(0.7) * normals[0])
    decays = DECAY * factors / (weights @ factors)
    expected = [weights @ relaxed(decays, time) for time in np.arange(7) * H]
    np.testing.assert_allclose(found, expected, rtol=SOLVER)


def test_the_quadrature_converges_spectrally() -> None:
    """Against the integral over the law: each two further nodes divide the error by four at least, and five suffice.

    The default must be within 1e-3 of what variability does (its effect on the mean) at a cv of 70 %.
    """
    times = np.arange(1, 7) * H
    law = stats.lognorm(sigma(0.7), scale=DECAY * math.exp(-0.5 * sigma(0.7) ** 2))
    chances = (np.arange(20_000) + 0.5) / 20_000
    exact = np.array([relaxed(law.ppf(chances), time).mean() for time in times])
    error = {}
    for nodes in (1, 3, 5, 7):
        found = course(varied(toy_model(), "cell", {"alarm.decay_rate": 0.7}, nodes=nodes), "cell.alarm", "treated")
        error[nodes] = float(np.max(np.abs(found[1:] - exact)))
    assert error[3] < error[1] / 4
    assert error[5] < error[3] / 4
    assert error[7] < max(error[5] / 4, 1e-5)
    assert error[5] < 1e-3 * error[1] * 5
    default = course(varied(toy_model(), "cell", {"alarm.decay_rate": 0.7}), "cell.alarm", "treated")
    assert float(np.max(np.abs(default[1:] - exact))) == pytest.approx(error[5], rel=1e-3)


def test_levels_are_means_of_living_cells() -> None:
    """Cells with a high level die first, so the mean of the living falls: sum of w e^-ht s over sum of w e^-ht."""
    toy = toy_model()
    values = machinery("cell", death_rate=0.3 / H)
    cell = replace(toy.cells[0], can_die=True)
    toy = replace(toy, cells=(cell,), parameters={**toy.parameters, **parameters(values)})
    model = varied(toy, "cell", {"alarm.basal": 0.8, "death_rate": 0.8}, nodes=4)
    weights, normals = spread.quadrature(1, 4)
    factors = np.exp(sigma(0.8) * normals[0])
    factors = factors / (weights @ factors)
    times = np.arange(7)[:, None] * H
    alive = np.exp(-0.3 / H * factors * times)
    np.testing.assert_allclose(course(model, "cell.alive"), alive @ weights, rtol=SOLVER)
    level = (alive * BASAL * factors) @ weights / (alive @ weights)
    np.testing.assert_allclose(course(model, "cell.alarm"), level, rtol=SOLVER)
    assert level[-1] < 0.7 * level[0]


def rich(**schedule: object) -> ResolvedModel:
    """Both cell types of the chain vary, in every kind of number: rates, amounts, geometry, a share; and a dose."""
    plan = Schedule(4 * H, 0.5 * H, "well_mixed", 7, **schedule)  # type: ignore[arg-type]
    arms = (Arm("both", {"donor": 1e6, "taker": 5e5}), Arm("donors", {"donor": 1e6, "taker": 0.0}),
            Arm("given", {"donor": 0.0, "taker": 5e5},
                doses=(Dose("donors", "taker", "particles_per_cell", 1e3, 2 * H, 0.5),)))
    return kinds_model(arms=arms, schedule=plan)


def rich_varied() -> ResolvedModel:
    cvs = {"mvb_docking_rate": 0.4, "mir.basal": 0.5, "released_share": 0.05, "cell_volume": 0.3}
    return varied(varied(rich(), "donor", cvs), "taker",
                  {"internalisation_rate": 0.5, "death_rate": 0.4, "receptor_insertion_share": 0.0}, 0.5)


def test_a_divided_table_conserves_every_token() -> None:
    """The integers of every flux balance, in as many copies as there are kinds of cells."""
    program = compile_model(rich_varied())
    assert not imbalances(program.divided.table)
    sizes = {group.cell: group.weights.size for group in program.divided.groups}
    assert sizes == {"donor": 5, "taker": 6}
    held = sum(pool.compartment == "donor" for pool in program.table.pools)
    assert sum(pool.compartment.startswith("donor#") for pool in program.divided.table.pools) == 5 * held


def test_ledgers_close_over_kinds_of_cells() -> None:
    """To rounding: 1e-12 of what was made or added, in every arm, of vesicles and each cargo."""
    program = compile_model(rich_varied())
    for trajectory in run_all(program):
        run = as_arm_run(program, trajectory)
        assert not trajectory.message
        for cargo in (None, "mir", "receptor", "ligand"):
            assert abs(ledger(program.model, run, cargo).residual) < 1e-12


def test_no_variation_gives_the_same_figures() -> None:
    """Kinds of cells that are alike are the plain mean field, to the solver's tolerance."""
    cvs = dict.fromkeys(("mvb_docking_rate", "mir.basal", "released_share", "cell_volume"), 0.0)
    plain, alike = (list(run_all(compile_model(model))) for model in (rich(), varied(rich(), "donor", cvs)))
    for one, other in zip(plain, alike, strict=True):
        size = np.maximum(np.nanmax(np.abs(one.values), axis=0, initial=1e-6), 1e-6)
        assert np.nanmax(np.abs(one.values - other.values) / size) < SOLVER
    np.testing.assert_array_equal(np.isnan(plain[1].values), np.isnan(alike[1].values))


def test_a_law_that_reads_other_cells_is_refused() -> None:
    """Such a law does not exist; one that somebody writes must not silently read the first kind of cells."""
    table = compile_model(toy_model()).table
    stray = replace(table.fluxes[0], name="stray/medium", owner="medium", factors=("cell.alarm",))
    group = Group("cell", (Spread(("cell.alarm.basal",), ("cv",)),), *spread.quadrature(1, 3))
    with pytest.raises(Exception, match="differs from cell to cell"):
        divided(replace(table, fluxes=(*table.fluxes, stray)), (group,))


# ---- whole numbers


def drawn(cells: int, cvs: Mapping[str, float], correlation: float | None = None) -> tuple[ResolvedModel, np.ndarray]:
    """Numbers of so many cells of the toy, (number, cell), over the mean."""
    model = varied(toy_model(), "cell", cvs, correlation)
    program = compile_model(model)
    row = parameter_row(model, model.arms[0])
    values = np.repeat(value_vector(program, row)[:, None], cells, axis=1)
    assert unlike.put_numbers(program, model.cells[0], row, values, donor.streams_of(5, "spread", range(cells)))
    return model, np.array([values[program.index[f"cell.{word}"]] / row[f"cell.{word}"] for word in cvs])


def test_cells_draw_the_law() -> None:
    """20,000 cells against the log-normal law of mean one, both numbers; a cv off by 0.05 is seen."""
    _, found = drawn(20_000, {"alarm.basal": 0.4, "cell_volume": 0.6}, 0.5)
    for numbers, cv in zip(found, (0.4, 0.6), strict=True):
        law = stats.lognorm(sigma(cv), scale=math.exp(-0.5 * sigma(cv) ** 2))
        other = stats.lognorm(sigma(cv + 0.05), scale=math.exp(-0.5 * sigma(cv + 0.05) ** 2))
        assert continuous_chance(numbers, law) > ALARM > continuous_chance(numbers, other)


def test_cells_draw_the_correlation() -> None:
    """Fisher's z of 20,000 pairs of normals has the standard error 1/sqrt(n - 3); 6.2 of them are 1 in 2e9."""
    _, found = drawn(20_000, {"alarm.basal": 0.4, "cell_volume": 0.6}, 0.5)
    seen = float(np.corrcoef(np.log(found))[0, 1])
    assert abs(math.atanh(seen) - math.atanh(0.5)) * math.sqrt(19_997) < 6.2
    assert abs(math.atanh(seen) - math.atanh(0.6)) * math.sqrt(19_997) > 6.2


def test_a_cell_draws_the_same_in_any_company() -> None:
    """Each cell has a stream of its own: its number among others, or how many there are, changes nothing."""
    np.testing.assert_array_equal(drawn(7, {"alarm.basal": 0.4})[1], drawn(300, {"alarm.basal": 0.4})[1][:, :7])


def test_cells_rest_with_their_own_numbers() -> None:
    """Each cell of a batch beside the mean field of one cell with its numbers: 1e-5, the steppers' tolerances."""
    model = replace(varied(rich(), "donor", {"mvb_docking_rate": 0.6, "mir.basal": 0.5, "alarm.basal": 0.4}),
                    arms=(Arm("donors", {"donor": 5.0, "taker": 0.0}),))
    program = compile_model(model)
    arm, row = model.arms[0], parameter_row(model, model.arms[0])
    present = frozenset({"cell:donor", "origin:donor", "origin:donor~microvesicle"})
    values = np.repeat(value_vector(program, row)[:, None], 5, axis=1)
    unlike.put_numbers(program, model.cells[0], row, values, donor.streams_of(5, "spread", range(5)))
    single = values.copy()
    unlike.put_rest(program, model.cells[0], arm, present, values)
    tables = program.tables(present)
    for cell in range(5):
        alone = resting(program, Lanes(tables, single[:, [cell]].copy(), arm.counts, is_single=True), present, {})
        np.testing.assert_allclose(values[tables.pools, cell], alone.state[:, 0], rtol=1e-5, atol=1e-7)
    assert np.ptp(values[program.index["donor.mvb"]]) > 0.1


def secretors(cv: float, fidelity: str, cells: int = 400) -> ResolvedModel:
    """Donors alone with sites for every MVB, which differ in how fast MVBs go to the lysosome."""
    model = kinds_model(arms=(Arm("donors", {"donor": float(cells)}),), rules=(),
                        domain=Domain("dish", 2e6 * cells, 2079.0, "stirred"),
                        schedule=Schedule(2 * H, 2 * H, fidelity, 3, cells_at_most=cells, nodes=15))
    numbers = {"donor.docking_sites": (1e6, ""), "donor.tether_detachment_rate": (0.0, "1/s"),
               "donor.tether_return_rate": (0.0, "1/s"), "donor.released_share": (1.0, "")}
    bare = replace(model.cells[0], cargo=(), signals=(), solubles=(), sheds_microvesicles=False)
    model = replace(model, cells=(bare,), cargo=(), parameters={**model.parameters, **parameters(numbers)})
    varying = varied(model, "donor", {"mvb_lysosome_rate": cv})
    return replace(varying, schedule=model.schedule)


def test_whole_numbers_mean_what_the_quadrature_says() -> None:
    """MVBs that meet no full site are linear, so the mean over cells is that of the mean field over the law.

    Vesicles released by each of 400 independent cells, one alarm in 1e9 (`agrees_with_mean`, whose variance is the
    sample's); cells that are all alike release 30 % less, which the same check refuses.
    """
    program = compile_model(secretors(0.6, "stochastic"))
    found = next(iter(trajectories(program, 0)))
    assert not found.message
    numbers = found.notes["distributions"]["donor.released_per_hour"]
    seen, variance = 2.0 * numbers["mean"], 4.0 * numbers["variance"]
    expected = course(secretors(0.6, "well_mixed"), "donor.released:donor", "donors")[-1]
    alike = course(secretors(0.0, "well_mixed"), "donor.released:donor", "donors")[-1]
    sample = np.full(400, seen)
    assert agrees_with_mean(sample, expected, variance)
    assert not agrees_with_mean(sample, alike, variance)
    varies = found.notes["distributions"]["donor.varies/mvb_lysosome_rate"]
    assert varies["n"] == 400
    assert math.sqrt(varies["variance"]) / varies["mean"] == pytest.approx(0.6, rel=0.2)


def test_cells_that_do_not_differ_are_the_same_bits() -> None:
    """A spread of zero takes no random number from others, and rests where all rest."""
    plain = kinds_model(arms=(Arm("both", {"donor": 20.0, "taker": 10.0}),), domain=Domain("dish", 4e7, 2e3, "stirred"),
                        schedule=Schedule(1 * H, 1 * H, "stochastic", 3))
    alike = varied(plain, "donor", {"mvb_docking_rate": 0.0, "released_share": 0.0, "mir.basal": 0.0}, 0.0)
    one, other = (next(iter(trajectories(compile_model(model), 1))) for model in (plain, alike))
    np.testing.assert_array_equal(one.values, other.values)
    np.testing.assert_array_equal(one.trace, other.trace)


INSIDE = """\
vesica: 1
domain: {kind: dish, diameter: 35 mm, medium: 2 mL}
networks:
  box:
    compartments: {nucleus: 0.2}
    states: {A: {initial: 10 nM}, B: {initial: 2 nM, in: nucleus}, P: {initial: 0 nM, at_start: 5 nM}}
    reactions:
      go: {equation: "A -> B", law: mass_action, k: 0.5 1/h}
      back: {equation: "B -> A", law: mass_action, k: 1 1/h}
      lose: {equation: "P ->", law: mass_action, k: 1 1/h}
cells:
  microglia:
    count: 60
    networks: [box]
    phenotypes:
      mood: {states: {calm: {initial: 1}, angry: {}}, transitions: {calm_to_angry: 0.2 1/h, angry_to_calm: 0.1 1/h}}
    variability: [{of: [B.initial, P.at_start, box.go_k, calm_to_angry.hazard], cv: 50 %}]
run: {duration: 2 h, every: 1 h, fidelity: FIDELITY}
"""


def levels_inside(fidelity: str) -> tuple[ResolvedModel, dict[str, np.ndarray]]:
    """Courses of the network's levels, of a mean field, or of single cells that are traced."""
    model = interventions.resolve(io.loads(INSIDE.replace("FIDELITY", fidelity)))[0]
    program = compile_model(model)
    found = next(iter(run_all(program) if fidelity == "well_mixed" else trajectories(program, 0)))
    assert not found.message
    values = found.values if fidelity == "well_mixed" else found.trace
    return model, {name: values[..., program.species.index(f"microglia.{name}")] for name in ("A", "B", "P", "angry")}


def test_levels_of_networks_vary_with_what_they_start_from() -> None:
    """Closed forms at the five nodes: A settles at (A0 + 0.2 B0) / (1 + go/back), B at 5 go/back A, P = P0 e^-t."""
    model, found = levels_inside("well_mixed")
    weights, normals = spread.quadrature(1, 5)
    factors = np.exp(sigma(0.5) * normals[0])
    factors = factors / (weights @ factors)
    start = {name: model.parameters[f"microglia.{name}"].value for name in ("A.initial", "B.initial", "P.at_start")}
    a = (start["A.initial"] + 0.2 * start["B.initial"] * factors) / (1.0 + 0.5 * factors)
    np.testing.assert_allclose(found["A"], weights @ a, rtol=SOLVER)
    np.testing.assert_allclose(found["B"], weights @ (5.0 * 0.5 * factors * a), rtol=SOLVER)
    np.testing.assert_allclose(found["P"], start["P.at_start"] * np.exp(-np.arange(3.0)), rtol=SOLVER)
    hazard = 0.2 * factors
    angry = [weights @ (hazard / (hazard + 0.1) * -np.expm1(-(hazard + 0.1) * time)) for time in range(3)]
    np.testing.assert_allclose(found["angry"], angry, rtol=SOLVER, atol=1e-9)


def test_single_cells_start_from_their_own_levels() -> None:
    """In each cell B0 and go go with one factor f, so its A says f, which says its B and its pulse."""
    model, found = levels_inside("stochastic")
    start = {name: model.parameters[f"microglia.{name}"].value for name in ("A.initial", "B.initial", "P.at_start")}
    a = found["A"][:, 0]
    f = (start["A.initial"] - a) / (0.5 * a - 0.2 * start["B.initial"])
    assert np.ptp(f) > 0.1
    np.testing.assert_allclose(found["B"][:, 0], 5.0 * 0.5 * f * a, rtol=1e-5)
    np.testing.assert_allclose(found["P"], start["P.at_start"] * f[:, None] * np.exp(-np.arange(3.0)), rtol=1e-4)


def test_groups_are_only_of_types_that_differ() -> None:
    assert groups_of(toy_model()) == ()
    program = compile_model(toy_model())
    assert program.divided is program
