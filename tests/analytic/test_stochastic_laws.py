"""Laws that a dish of whole numbers keeps as a whole: release, loading, death, equilibrium; and what must not matter.

Models are the chain of `tests.models` without rules, so that laws are closed forms.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import binom, chi2

from tests import comparisons
from tests.models import H, kinds_model
from vesica.biology import mvb_law
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.whole import journey, mvbs, step
from vesica.engine.whole.dish import Dish
from vesica.engine.whole.run import trajectories
from vesica.engine.whole.start import dish_at_rest
from vesica.engine.whole.vesicles import Loading, lumen_volumes, occupied_share
from vesica.spec.resolved import Arm, Domain, ResolvedModel, Schedule

CELLS = 600
WINDOW, WINDOWS = 900.0, 4
VOLUME = 2e6  # um^3 for each cell


def model(counts: dict[str, float], **values: float) -> ResolvedModel:
    """Chain without rules in a dish of so many cells; docking sites abound, and nobody dies."""
    found = kinds_model(rules=(), arms=(Arm("one", counts),), schedule=Schedule(2 * H, 0.5 * H, "stochastic", 11),
                        domain=Domain("dish", VOLUME * sum(counts.values()), 2079.0, "stirred"))
    changed = {"donor.docking_sites": 1e6, "taker.death_rate": 0.0, "donor.ligand.enrichment": 3.0,
               "donor.receptor.enrichment": 5.0} | values
    numbers = {path: replace(one, value=changed.get(path, one.value)) for path, one in found.parameters.items()
               if not path.startswith("rule.")}
    return replace(found, parameters=numbers)


def dish_of(of: ResolvedModel, replicate: int = 0) -> Dish:
    program, arm = compile_model(of), of.arms[0]
    return dish_at_rest(program, arm, parameter_row(of, arm), {}, replicate, {})


@pytest.fixture(scope="module")
def donors() -> Dish:
    """Resting donors after an hour in windows."""
    dish = dish_of(model({"donor": float(CELLS), "taker": 0.0}))
    for _ in range(WINDOWS):
        assert step.advance(dish, WINDOW).message == ""
    return dish


def test_release_is_compound_poisson(donors: Dish) -> None:
    """Vesicles set free by fusions of a cell over an hour: mean and variance of a Poisson number of MVBs.

    Cumulants of a compound Poisson number are rate x E n^k; a sample variance has the variance k4 + 2 k2^2. Each
    comparison fails for correct code with a chance of 1e-9; a quarter of the mean is found.
    """
    row = parameter_row(donors.laws.program.model, donors.arm)
    x = {name.removeprefix("donor."): value for name, value in row.items() if name.startswith("donor.")}
    branches = x["escrt_share"] * x["escrt_activity"], (1 - x["escrt_share"]) * x["nsmase2_activity"]
    budding = x["ilv_budding_rate"] * sum(branches)
    fill, loss = mvb_law.slot_rates(budding, x["ilv_capacity"], x["retrofusion_rate"])
    docking = x["mvb_docking_rate"] * x["rab27_activity"]
    ways = x["mvb_lysosome_rate"], docking, x["mvb_undocking_rate"], x["mvb_fusion_rate"] * x["snare_activity"]
    law = mvb_law.fate_pmf(x["ilv_capacity"], x["released_share"] * fill / loss, loss, mvb_law.fusion_stages(*ways))
    endosomes = x["endosome_formation_rate"] / (x["endosome_maturation_rate"] + x["endosome_recycling_rate"])
    fusions = endosomes * x["endosome_maturation_rate"] * mvb_law.fusion_share(*ways) * WINDOW * WINDOWS
    n = np.arange(law.size)
    k1, k2, k4 = (fusions * float(law @ n**power) for power in (1, 2, 4))
    cells = donors.cells[0].donors
    assert cells is not None
    released = cells.counts[:, mvbs.FREED].astype(float)
    assert comparisons.agrees_with_mean(released, k1, k2)
    assert comparisons.agrees_with_mean((released - k1) ** 2, k2, k4 + 2 * k2**2)
    assert not comparisons.agrees_with_mean(released, 1.25 * k1, k2)
    assert not comparisons.agrees_with_mean((released - k1) ** 2, k1, k4 + 2 * k2**2)  # it is not Poisson


@pytest.mark.parametrize(("cargo", "topology"), [("receptor", "membrane"), ("ligand", "membrane")])
def test_released_vesicles_hold_a_copy_as_often_as_they_must(donors: Dish, cargo: str, topology: str) -> None:
    """P(>= 1) of vesicles that entered the medium against `occupied_share` at the mean pool.

    Pools scatter by a few per cent around their rest and the share bends by the square of this: 1e-3 of it, and
    windows move pools by 1e-3. The tolerance is that, and 6.1 standard errors of as many independent vesicles; those
    of one cell see one pool, which adds less than the rounding.
    """
    column = next(i for i, one in enumerate(donors.cargo) if one == cargo)
    counts = donors.tally.whole[f"donor.copies/{column}"].counts
    seen, total = 1.0 - counts[0] / counts.sum(), int(counts.sum())
    row = parameter_row(donors.laws.program.model, donors.arm)
    per_size = row[f"donor.{cargo}.enrichment"] / row["donor.membrane_area"]
    pool = donors.pool(donors.cells[0])[:, column].mean()
    wanted = occupied_share(donors.laws_of_size["donor"], Loading(per_size, topology), int(pool))
    allowed = comparisons.limit() * np.sqrt(wanted * (1.0 - wanted) / total) + 2e-3 * wanted
    assert abs(seen - wanted) < allowed
    assert allowed < 0.2 * wanted  # so much is seen
    assert total > 10_000


def test_a_dying_cell_shares_out_its_cargo_by_chance() -> None:
    """One taker dies: each copy is taken with the chance of the share, and falls on vesicles in proportion to size.

    Binomial tails of 1e-9 for the number taken, Pearson's chi-square at 1e-9 for where they are.
    """
    dish = dish_of(model({"donor": 0.0, "taker": 1.0}, **{"taker.death_rate": 1e3}))
    pools = dish.pool(dish.cells[0])[0]
    step.advance(dish, 1.0)
    assert not dish.cells[0].is_alive.any()
    rows = dish.journey.rows(journey.FREE)
    kind = dish.classes.index("taker~apoptotic")
    rows = rows[rows[:, journey.loop.CLASS] == kind]
    assert len(rows) == 60
    sizes, copies = journey.diameters_of(rows), journey.copies_of(rows)
    for column, cargo in enumerate(dish.cargo):
        taken = int(copies[:, column].sum())
        tails = binom.cdf(taken, pools[column], 0.3), binom.sf(taken - 1, pools[column], 0.3)
        assert min(tails) > comparisons.ALARM / 2
        size = lumen_volumes(sizes, 0.005) if cargo == "mir" else sizes**2
        order = np.argsort(size)
        table = np.stack([copies[order, column], taken * size[order] / size.sum()], axis=1)
        edge = np.searchsorted(np.cumsum(table[:, 1]), np.arange(comparisons.LEAST, taken, comparisons.LEAST))
        parts = np.add.reduceat(table, np.unique(np.concatenate([[0], edge])), axis=0)
        parts = parts[parts[:, 1] > 5.0]
        far = ((parts[:, 0] - parts[:, 1]) ** 2 / parts[:, 1]).sum()
        assert chi2.sf(far, len(parts) - 1) > comparisons.ALARM
        even = taken / 60.0
        assert chi2.sf(((copies[:, column] - even) ** 2 / even).sum(), 59) < comparisons.ALARM  # size matters


def equilibrium(vesicles: int, sites: int, ratio: float) -> np.ndarray:
    """Law of the bound ones: P(B) ~ C(sites, B) N!/(N - B)! ratio^B, ``ratio`` of one free vesicle and one site."""
    bound = np.arange(min(vesicles, sites) + 1)
    log = (gammaln(sites + 1) - gammaln(bound + 1) - gammaln(sites - bound + 1)
           - gammaln(vesicles - bound + 1) + bound * np.log(ratio))
    law = np.exp(log - log.max())
    return law / law.sum()


def test_a_closed_system_comes_to_detailed_balance() -> None:
    """Vesicles that can only bind and unbind on two cells with 15 sites each: the exact law of mass action.

    300 windows of 12 mean times bound: samples are independent to e^-12. Diffusion slows both ways alike and falls out.
    """
    still = {f"taker.{name}": 0.0 for name in ("internalisation_rate", "surface_fusion_rate", "macropinocytosis_rate",
                                               "endosome_formation_rate")}
    still |= {"medium.ev_decay_rate": 0.0, "medium.plastic_loss_rate": 0.0, "taker.receptor_sites": 15.0,
              "taker.binding_rate": 60.0, "taker.unbinding_rate": 1e-3}
    dish = dish_of(model({"donor": 0.0, "taker": 2.0}, **still))
    kind, number = dish.classes.index("taker"), 40
    dish.journey = journey.add_free(dish.journey, kind, np.full(number, 0.1), np.zeros((number, 3), dtype=np.int64))
    samples = np.zeros(300, dtype=np.int64)
    for place in range(samples.size):
        step.advance(dish, 12_000.0)
        samples[place] = dish.journey.held.sum()
    ratio = 60.0 / (2 * VOLUME) / 1e-3
    assert comparisons.follows(samples, equilibrium(number, 30, ratio))
    assert not comparisons.follows(samples, equilibrium(number, 30, 1.3 * ratio))


def test_threads_change_no_number() -> None:
    """600 cells are two blocks of work: one thread or three."""
    found = []
    for workers in (1, 3):
        dish = dish_of(model({"donor": float(CELLS), "taker": 0.0}))
        step.advance(dish, WINDOW, workers)
        cells = dish.cells[0]
        assert cells.donors is not None
        vesicles = dish.journey.table[: dish.journey.edge[-1]]
        found.append((cells.values, cells.donors.counts, cells.donors.moved, vesicles))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_other_arms_change_no_number() -> None:
    """An arm alone, and after others: bit for bit the same."""
    arms = (Arm("first", {"donor": 4.0, "taker": 3.0}), Arm("second", {"donor": 3.0, "taker": 4.0}))
    whole = model({"donor": 4.0, "taker": 4.0})
    both = {one.arm.name: one for one in trajectories(compile_model(replace(whole, arms=arms)), 2)}
    alone = next(iter(trajectories(compile_model(replace(whole, arms=arms[1:])), 2)))
    np.testing.assert_array_equal(alone.values, both["second"].values)
    assert not np.array_equal(alone.values, both["first"].values, equal_nan=True)
