"""Microvesicles: shed at rate times A-SMase, loaded by their own size law, and free at once."""

from __future__ import annotations

import numpy as np
import pytest

from tests.analytic.builders import LUMEN, MEMBRANE, H, Run, build, run
from tests.models import MACHINERY
from vesica.biology.sizes import SizeLaw
from vesica.spec.cells import CellType
from vesica.spec.resolved import Arm

N_CELLS, RATE, ACTIVITY, LOSS = 1e6, 5 / H, 0.7, 0.1 / H
LAW = SizeLaw(*(MACHINERY[f"microvesicle_diameter_{name}"] for name in ("median", "gsd", "low", "high")),
              MACHINERY["ilv_membrane_thickness"])
MADE = "medium.free:donor~microvesicle"


def shedding(**changes: float) -> Run:
    """Donors that only shed, with one cargo of each topology that does not turn over."""
    cell = CellType("donor", "donor", cargo=("mir", "receptor"), takes_up_vesicles=False, sheds_microvesicles=True)
    values = {"donor.shedding_rate": RATE, "donor.asmase_activity": ACTIVITY, "medium.ev_decay_rate": LOSS,
              "donor.mir.basal": 1e4, "donor.receptor.basal": 2e3}
    values |= {path.replace("__", "."): value for path, value in changes.items()}
    return run(build((cell,), (Arm("arm", {"donor": N_CELLS}),), values, cargo=(LUMEN, MEMBRANE)))


def test_free_microvesicles_approach_shedding_over_loss() -> None:
    """n r a / k (1 - exp(-k t)), kernel `microvesicle_shedding`; all that was made left; `Run.bound`."""
    found = shedding()
    exact = N_CELLS * RATE * ACTIVITY / LOSS * -np.expm1(-LOSS * found.times)
    assert np.abs(found[MADE] - exact).max() <= found.bound(exact[-1], per_dish=True)
    shed = RATE * ACTIVITY * found.times
    for counter in ("donor.made:donor~microvesicle", "donor.released:donor~microvesicle"):
        assert np.abs(found[counter] - shed).max() <= found.bound(shed[-1])
    assert found["medium.free:donor"].max() == 0.0  # no exosomes here


@pytest.mark.parametrize(("cargo", "size", "room"), [
    ("mir", LAW.mean_lumen_volume, MACHINERY["cell_volume"]),
    ("receptor", LAW.mean_area, MACHINERY["membrane_area"]),
])  # fmt: skip
def test_microvesicles_take_their_share_of_a_cargo(cargo: str, size: float, room: float) -> None:
    """A copy leaves with the hazard r a w x, w the enrichment in microvesicles, x = size / room.

    With turnover d the cell rests at basal d / (d + r a w x), and a microvesicle carries w x of that, at rest and
    after; the enrichment (arithmetic, not biology) makes both ways out alike. `Run.bound`, relative to each.
    """
    decay, enrichment = 0.1 / H, 0.1 / H / (RATE * ACTIVITY * size / room)
    found = shedding(**{f"donor__{cargo}__decay_rate": decay, f"donor__{cargo}__microvesicle_enrichment": enrichment})
    basal = {"mir": 1e4, "receptor": 2e3}[cargo]
    assert np.abs(found[f"donor.{cargo}"] - basal / 2).max() <= found.bound(basal)
    left = basal / 2 * decay * found.times
    assert np.abs(found[f"donor.made:donor~microvesicle/{cargo}"] - left).max() <= found.bound(left[-1])
    carried = found[f"{MADE}/{cargo}"][-1] / found[MADE][-1]
    assert carried == pytest.approx(enrichment * size / room * basal / 2, rel=found.bound(basal) / (basal / 2) * 2)


def test_without_asmase_nothing_is_shed() -> None:
    """Exactly zero: the gate multiplies."""
    found = shedding(donor__asmase_activity=0.0)
    for pool in (MADE, f"{MADE}/mir", "donor.made:donor~microvesicle/receptor"):
        assert np.all(found[pool] == 0.0)
    assert np.all(found["donor.mir"] == found["donor.mir"][0])
