"""What received cargo does in whole numbers: nothing of it is lost, formulas hold cell by cell, and the controls.

The dish of `tests.models.transfer_model`, small, where nobody dies. Exact but for the law of translation, whose two
comparisons have the false alarm of `tests.comparisons`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests import comparisons
from tests.analytic.builders import build
from tests.models import H, parameters, transfer_model
from vesica.engine.counters import stream
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row, resting_ago, value_vector
from vesica.engine.simulate import run_all
from vesica.engine.whole import journey, step, unlike
from vesica.engine.whole.dish import Cells, Dish
from vesica.engine.whole.start import dish_at_rest
from vesica.spec.cells import CellType, Spread
from vesica.spec.resolved import Arm, Cargo, Domain, ResolvedModel, Schedule

DONORS, TAKERS = 16, 8
VOLUME = 2e6  # um^3 for each donor
MUCH = {"donor.mrna.basal": 1e5, "donor.mrna.enrichment": 10.0, "donor.mir.enrichment": 300.0,
        "taker.mir.enrichment": 30.0, "donor.ligand.enrichment": 5.0, "donor.protein.enrichment": 20.0,
        "taker.death_rate": 0.0, "taker.loaded_arrival_share": 0.0, "medium.ev_decay_rate": 0.5 / H,
        "taker.binding_rate": 1.0, "taker.escape_rate": 3 / H,
        "donor.factor.secretion_rate": 0.0, "factor.decay_rate": 0.0}


def model(counts: dict[str, float], **values: float) -> ResolvedModel:
    found = transfer_model(arms=(Arm("one", counts),), schedule=Schedule(4 * H, 0.5 * H, "stochastic", 5),
                           domain=Domain("dish", VOLUME * max(counts.values()), 2079.0, "stirred"))
    changed = MUCH | values
    assert set(changed) <= set(found.parameters)
    return replace(found, parameters={path: replace(one, value=changed.get(path, one.value))
                                      for path, one in found.parameters.items()})


def dish_of(of: ResolvedModel) -> Dish:
    return dish_at_rest(compile_model(of), of.arms[0], parameter_row(of, of.arms[0]), {}, 0, {})


def after(hours: float, **values: float) -> Dish:
    dish = dish_of(model({"donor": float(DONORS), "taker": float(TAKERS)}, **values))
    for _ in range(int(4 * hours)):
        assert step.advance(dish, 0.25 * H).message == ""
    return dish


def takers(dish: Dish) -> Cells:
    return next(cells for cells in dish.cells if cells.name == "taker")


def pool(dish: Dish, name: str) -> np.ndarray:
    """(cell,) of the takers, as they are now."""
    return takers(dish).values[dish.laws.program.index[f"taker.{name}"]]


def ago(dish: Dish) -> np.ndarray:
    """(cell,) all Ago of each taker."""
    return pool(dish, "ago") + pool(dish, "mir") + pool(dish, "mir_repressed")


@pytest.fixture(scope="module")
def dish() -> Dish:
    return after(2)


def test_ago_of_every_cell_is_conserved(dish: Dish) -> None:
    """Through loading, targets, decay, vesicles that take miRNA and give it back, and bare miRNA that comes."""
    before = dish_of(dish.laws.program.model)
    assert np.array_equal(ago(dish), ago(before))
    assert not np.array_equal(pool(dish, "ago"), pool(before, "ago"))
    delivered = dish.journey.delivered_by_escape + dish.journey.delivered_by_fusion
    place = 1 + dish.cargo.index("mir")
    assert delivered[takers(dish).at, :, place].sum() > 0
    assert takers(dish).donors.moved[:, place - 1, 1].sum() > 0  # given back by vesicles
    for name in ("ago", "mir", "mir_duplex", "mir_repressed", "mrna", "protein"):
        amount = pool(dish, name)
        assert np.array_equal(amount, np.floor(amount)), name
        assert amount.min() >= 0, name


def test_mirna_in_ago_of_its_own_brings_it() -> None:
    """As many Ago more in each cell as copies were delivered, where all arrive loaded."""
    dish = after(2, **{"taker.loaded_arrival_share": 1.0})
    before = dish_of(dish.laws.program.model)
    delivered = (dish.journey.delivered_by_escape + dish.journey.delivered_by_fusion)[takers(dish).at]
    assert np.array_equal(ago(dish) - ago(before), delivered[:, :, 1 + dish.cargo.index("mir")].sum(axis=1))
    assert delivered.sum() > 0


def test_a_share_of_arrivals_is_drawn() -> None:
    """A half in Ago: some but not all, and never more than were delivered."""
    dish = after(2, **{"taker.loaded_arrival_share": 0.5})
    gained = ago(dish) - ago(dish_of(dish.laws.program.model))
    delivered = (dish.journey.delivered_by_escape + dish.journey.delivered_by_fusion)[takers(dish).at]
    copies = delivered[:, :, 1 + dish.cargo.index("mir")].sum(axis=1)
    assert np.all((gained >= 0) & (gained <= copies))
    assert 0 < gained.sum() < copies.sum()


def test_what_bursts_is_soluble_copy_for_copy(dish: Dish) -> None:
    """Nobody secretes the factor and it does not decay, so it is the protein of all vesicles that decayed."""
    burst = dish.journey.decayed[:, 1 + dish.cargo.index("protein")].sum()
    assert dish.solubles["factor"] == burst > 0


def test_engaged_vesicles_follow_the_formula_in_every_cell(dish: Dish) -> None:
    """From counted bound vesicles and copies; to rounding, 10 eps of each."""
    cells, bound = takers(dish), dish.journey.now(journey.BOUND)[takers(dish).at]
    values = cells.values.copy()
    dish.laws.evaluate(values)
    copies = bound[:, :, 1 + dish.cargo.index("ligand")]
    receptors = pool(dish, "receptor")
    theta = receptors / (receptors + 1e3)
    for k, origin in enumerate(dish.classes):
        vesicles = bound[:, k, 0]
        mean = copies[:, k] / np.maximum(vesicles, 1)
        found = values[dish.laws.program.index[f"taker.engaged:{origin}/ligand"]]
        assert found == pytest.approx(vesicles * -np.expm1(-mean * theta), rel=1e-14)
    assert copies.sum() > 0


def test_controls() -> None:
    """Nothing arrives where nothing escapes or fuses; nothing is engaged where there is no receptor."""
    closed = after(1, **{"taker.escape_rate": 0.0, "taker.surface_fusion_rate": 0.0})
    assert pool(closed, "mrna").sum() == 0
    opened = after(1)
    assert pool(opened, "mrna").sum() > 0
    blind = after(1, **{"taker.receptor.basal": 0.0, "donor.receptor.enrichment": 0.0,
                        "donor.receptor.microvesicle_enrichment": 0.0})
    values = takers(blind).values.copy()
    blind.laws.evaluate(values)
    index = blind.laws.program.index
    assert values[[index[f"taker.engaged:{origin}/ligand"] for origin in blind.classes]].max() == 0.0
    assert blind.journey.now(journey.BOUND)[takers(blind).at, :, 1 + blind.cargo.index("ligand")].sum() > 0


def test_translation_at_rest_has_the_mean_and_the_noise_of_its_mrna() -> None:
    """Mean k m/d_p and variance mean (1 + k/(d_m + d_p)) (Thattai & van Oudenaarden 2001 PNAS 98:8614).

    The variance of (x - mean)^2 is at most 3 variance^2 for an excess kurtosis up to 1; here it is below 0.6.
    """
    rate, mrna_loss, protein_loss = 6 / H, 0.3 / H, 0.15 / H
    cell = CellType("taker", "taker", cargo=("mrna", "protein"), takes_up_vesicles=False,
                    translations=(("mrna", "protein"),))
    dish = dish_of(build((cell,), (Arm("one", {"taker": 900.0}),), {
        "taker.mrna.basal": 5.0, "taker.mrna.decay_rate": mrna_loss, "taker.protein.decay_rate": protein_loss,
        "taker.mrna.translation_rate": rate, "taker.mvb_lysosome_rate": 1e-3},
        cargo=(Cargo("mrna", "mrna", "lumen"), Cargo("protein", "protein", "lumen"))))
    protein, mean = pool(dish, "protein"), 5.0 * rate / protein_loss
    variance = mean * (1 + rate / (mrna_loss + protein_loss))
    assert comparisons.agrees_with_mean(protein, mean, variance)
    assert comparisons.agrees_with_mean((protein - mean) ** 2, variance, 3 * variance**2)
    assert not comparisons.agrees_with_mean(protein, 1.2 * mean, variance)
    assert not comparisons.agrees_with_mean((protein - mean) ** 2, mean, 3 * variance**2)


# ---- Ago of cells that differ


def unlike_takers() -> ResolvedModel:
    """Takers alone, whose Ago and basal miRNA vary by 20 %, each on its own; 3e4 of 4e4 copies stay free."""
    found = model({"donor": 0.0, "taker": 300.0}, **{"taker.mir.target_sites": 2e3})
    paths = ("taker.ago_copies", "taker.mir.basal")
    one = Spread(paths, ("taker.spread.0.cv.0", "taker.spread.0.cv.1"), "taker.spread.0.correlation")
    numbers = {one.variations[0]: (0.2, ""), one.variations[1]: (0.2, ""), one.correlation: (0.0, "")}
    cells = (found.cells[0], replace(found.cells[1], spreads=(one,), secretes_vesicles=False))
    return replace(found, cells=cells, rules=(), parameters={**found.parameters, **parameters(numbers)})


def test_cells_that_differ_rest_with_their_own_ago() -> None:
    """Free Ago at first and at rest of each cell, from its own numbers; exact, as `resting_ago` of one cell."""
    of = unlike_takers()
    program, row = compile_model(of), parameter_row(of, of.arms[0])
    values = np.repeat(value_vector(program, row)[:, None], 300, axis=1)
    streams = np.stack([stream(1, "unlike", k) for k in range(300)])
    assert unlike.put_numbers(program, of.cells[1], row, values, streams)

    def value(name: str) -> np.ndarray:
        return values[program.index[f"taker.{name}"]]

    assert np.array_equal(value("ago_at_first"), value("ago_copies") - value("mir.basal"))
    for k in (0, 150, 299):
        own = row | {f"taker.{name}": float(value(name)[k]) for name in ("ago_copies", "mir.basal")}
        assert resting_ago(of, "taker", own)["ago_at_rest"] == value("ago_at_rest")[k]
    assert value("ago_at_rest").std() > 1e3


def test_kinds_of_cells_in_the_mean_field_have_their_own_ago() -> None:
    """Each kind rests at its own basal copies, so their mean is that of the type; and at its own Ago in all.

    Kernel `duplex_synthesis` once for each kind. To the tolerance of the rest, 1e-6 of the pools.
    """
    of = replace(unlike_takers(), schedule=Schedule(0.5 * H, 0.5 * H, "well_mixed", 1, nodes=3))
    program = compile_model(of)
    (found,) = run_all(program)

    def first(name: str) -> float:
        return float(found.values[0, program.species.index(f"taker.{name}")])

    assert first("mir") == pytest.approx(1e4, rel=1e-6)
    assert first("ago") + first("mir") + first("mir_repressed") == pytest.approx(4e4, rel=1e-6)
