"""Binding, uptake and fate of an added dose in closed form, through the whole engine."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.analytic.builders import LUMEN, MEMBRANE, VOLUME, H, Run, build, dish, run, transfer
from vesica.spec.cells import CellType
from vesica.spec.resolved import Arm, Cargo, Dose

N_CELLS, PER_CELL, COPIES = 1e6, 1e3, 0.5  # cells, vesicles per cell, copies per vesicle
LIGAND = Cargo("ligand", "ligand", "membrane")


def takers(changes: dict[str, float], *, per_cell: float = PER_CELL, cells: float = N_CELLS,
           hours: float = 24, volume: float = VOLUME,
           cargo: tuple[Cargo, ...] = (LUMEN, MEMBRANE, LIGAND)) -> Run:
    """Takers alone in a dish, with a dose of donors' vesicles at time zero."""
    names = tuple(c.name for c in cargo)
    donor = CellType("donor", "donor", cargo=names, takes_up_vesicles=False)
    taker = CellType("taker", "taker", cargo=names, secretes_vesicles=False)
    arm = Arm("arm", {"taker": cells}, doses=(Dose("source", "taker", "particles_per_cell", per_cell, 0.0),))
    held = {"medium.free:donor": 1.0} | {f"medium.free:donor/{c.name}": COPIES for c in cargo}
    values = {p if p.startswith("medium.") else f"taker.{p}": value for p, value in changes.items()}
    model = build((donor, taker), (arm,), values, cargo=cargo, duration=hours * H, volume=volume)
    return run(model, dish(held))


DRINK, DECAY = 0.5, 0.01 / H  # um^3/s per cell; of free vesicles
HAZARD = N_CELLS * DRINK / VOLUME
LOST = HAZARD + 2 * DECAY
FREE_LOSS = {"medium.ev_decay_rate": DECAY, "medium.plastic_loss_rate": DECAY, "macropinocytosis_rate": DRINK}


def test_first_order_uptake_of_a_dose_with_decay() -> None:
    """Free = N exp(-u t), u = n p/V + decay + plastic; the losses share N (1 - exp(-u t)).

    Dilution: one cell drinks p/V of the dish. Kernel: `drinking_hazard`. `Run.bound` per dish.
    """
    found = takers(FREE_LOSS)
    total = N_CELLS * PER_CELL
    gone = total * -np.expm1(-LOST * found.times)
    bound = found.bound(total, per_dish=True)
    assert np.abs(found["medium.free:donor"] - (total - gone)).max() <= bound
    assert np.abs(found["medium.decayed:donor"] - gone * DECAY / LOST).max() <= bound
    assert np.abs(found["medium.plastic:donor"] - gone * DECAY / LOST).max() <= bound
    assert np.abs(found["taker.taken_up:donor"] - gone * HAZARD / LOST / N_CELLS).max() <= bound / N_CELLS
    assert np.abs(found["medium.free:donor/mir"] - COPIES * (total - gone)).max() <= bound


def test_fate_in_the_endosome_and_delivery() -> None:
    """Free -> inside -> degraded or escaped; the miRNA delivered decays in the cell (Bateman).

    Inside = N p/V [u, g]; delivered miRNA = that x escape [u, g, d]; `Run.bound`.
    """
    degrade, escape, turnover = 0.7 / H, 0.3 / H, 0.1 / H
    found = takers(FREE_LOSS | {"ev_degradation_rate": degrade, "escape_rate": escape,
                                "mir.decay_rate": turnover})
    inside = PER_CELL * HAZARD / LOST * transfer(found.times, LOST, degrade + escape)
    share = escape / (degrade + escape)
    own = PER_CELL * COPIES * HAZARD / LOST * share * transfer(found.times, LOST, degrade + escape, turnover)
    bound = found.bound(PER_CELL)
    assert np.abs(found["taker.inside:donor"] - inside).max() <= bound
    assert np.abs(found["taker.mir"] - own).max() <= bound
    entered = PER_CELL * HAZARD / LOST * -np.expm1(-LOST * found.times)
    assert np.abs(found["taker.degraded:donor"] - (entered - inside) * (1 - share)).max() <= bound
    assert np.abs(found["taker.delivered:donor"] - (entered - inside) * share).max() <= bound
    assert np.all(found["taker.ligand"] == 0.0)  # a ligand acts where it is bound; it is not delivered


def test_a_received_receptor_surfaces_or_is_degraded() -> None:
    """Escape brings it to the endosome's membrane; a share s/(s + d) surfaces, then turns over."""
    escape, surfacing, disposal, turnover = 0.3 / H, 0.5 / H, 0.4 / H, 0.1 / H
    found = takers(FREE_LOSS | {"escape_rate": escape, "receptor_surfacing_rate": surfacing,
                                "receptor_disposal_rate": disposal, "receptor.decay_rate": turnover})
    dose, leave = PER_CELL * COPIES * HAZARD / LOST, surfacing + disposal
    arriving = dose * transfer(found.times, LOST, escape, leave)
    surfaced = dose * surfacing / leave * transfer(found.times, LOST, escape, leave, turnover)
    assert np.abs(found["taker.receptor_arriving"] - arriving).max() <= found.bound(PER_CELL)
    assert np.abs(found["taker.receptor"] - surfaced).max() <= found.bound(PER_CELL)


def test_recycling_returns_vesicles_to_the_medium() -> None:
    """Closed exchange free <-> inside: free share r/(r + h) + h/(r + h) exp(-(r + h) t)."""
    back = 0.2 / H
    found = takers({"macropinocytosis_rate": DRINK, "ev_recycling_rate": back})
    both = HAZARD + back
    inside = PER_CELL * HAZARD / both * -np.expm1(-both * found.times)
    assert np.abs(found["taker.inside:donor"] - inside).max() <= found.bound(PER_CELL)


RATE, UNBINDING, SITES = 0.01, 2 / H, 1000.0


def divisor(found: Run, sites: float) -> float:
    return 1 + RATE * sites / (4 * math.pi * found.derived("donor.diffusivity") * 7.5)


@pytest.mark.parametrize("dissociations", [0.1, 1.0, 10.0])
def test_saturable_binding(dissociations: float) -> None:
    """Constant C in a medium that hardly empties: B = R C/(K + C), K = k_off/k_on.

    Diffusion to the cell slows both ways alike, so it drops out. The medium does lose n B: B
    differs from R C/(K + C) by its leading term -R K/(K + C)^2 n B/V; what that leaves out is
    of relative order n R/(V K). Relaxation at least at k_off over 48 h: exp(-90).
    Kernels: `binding_hazard`, `unbinding_hazard`, `free_sites`.
    """
    k, cells = UNBINDING / RATE, 1e3
    density = dissociations * k
    found = takers({"receptor_sites": SITES, "binding_rate": RATE, "unbinding_rate": UNBINDING}, cells=cells,
                   per_cell=density * VOLUME / cells, hours=48, cargo=())
    bound = SITES * density / (k + density)
    depletion = -SITES * k / (k + density) ** 2 * cells * bound / VOLUME
    relative = cells * SITES / (VOLUME * k)
    left_out = abs(depletion) * relative + found.bound(bound)
    assert found["taker.bound:donor"][-1] == pytest.approx(bound + depletion, abs=left_out)


def test_depletion_of_the_medium_is_the_root_of_a_quadratic() -> None:
    """With more sites than vesicles: B = half (b - sqrt(b^2 - 4 R T)), b = R + T + K V/n per cell."""
    k, small = UNBINDING / RATE, 2e8
    found = takers({"receptor_sites": SITES, "binding_rate": RATE, "unbinding_rate": UNBINDING},
                   per_cell=800.0, hours=96, volume=small, cargo=())
    half = 0.5 * (SITES + 800.0 + k * small / N_CELLS)
    bound = SITES * 800.0 / (half + math.sqrt(half**2 - SITES * 800.0))
    assert bound / 800.0 > 0.9  # far from a constant medium
    assert found["taker.bound:donor"][-1] == pytest.approx(bound, abs=found.bound(SITES))


def test_binding_approaches_its_level_at_the_rate_slowed_by_diffusion() -> None:
    """Few vesicles on many sites: dB/dt = (k_on R C - k_off B)/(1 + k_on R/(4 pi D a)), C constant.

    Sites taken change both ways by B/R = 2e-4, relatively; the medium loses B/(C V) = 5e-7.
    """
    rate, density = 1.0, 2e-4 * UNBINDING
    found = takers({"receptor_sites": SITES, "binding_rate": rate, "unbinding_rate": UNBINDING}, cells=1.0,
                   per_cell=density * VOLUME, cargo=())
    slowed = 1 + rate * SITES / (4 * math.pi * found.derived("donor.diffusivity") * 7.5)
    level = SITES * density * rate / UNBINDING
    exact = level * -np.expm1(-UNBINDING / slowed * found.times)
    assert slowed > 2
    tolerance = 2 * level * (2e-4 + level / (density * VOLUME)) + found.bound(level)
    assert np.abs(found["taker.bound:donor"] - exact).max() <= tolerance
    unslowed = level * -np.expm1(-UNBINDING * found.times)
    assert np.abs(unslowed - exact).max() > 100 * tolerance


def test_bound_vesicles_are_endocytosed_or_fuse() -> None:
    """At a constant C and few bound: captured = k_on R C/divisor t, shares k/(k + f) after the rise.

    With u = k_int + k_fuse and no unbinding, bound = c/u (1 - exp(-u t)), taken up = c t - bound,
    delivered = taken up x f/u. B/R < 1e-3 changes the capture c by as much; depletion is 2e-9.
    """
    internalise, fuse, density = 2 / H, 0.05 / H, 1e-6
    found = takers({"receptor_sites": SITES, "binding_rate": RATE, "internalisation_rate": internalise,
                    "surface_fusion_rate": fuse}, cells=1.0, per_cell=density * VOLUME,
                   cargo=(LUMEN, MEMBRANE))
    capture = RATE * SITES * density / divisor(found, SITES)
    leave = internalise + fuse
    bound = capture / leave * -np.expm1(-leave * found.times)
    taken = capture * found.times - bound
    tolerance = 2 * bound.max() / SITES
    most = bound.max()
    assert np.abs(found["taker.bound:donor"] - bound).max() <= tolerance * most + found.bound(most)
    small = tolerance * taken[-1] + found.bound(taken[-1])
    assert np.abs(found["taker.taken_up:donor"] - taken).max() <= small
    assert np.abs(found["taker.delivered:donor"] - taken * fuse / leave).max() <= small
    assert np.abs(found["taker.mir"] - COPIES * taken * fuse / leave).max() <= small
    # a receptor that fuses with the membrane is at once on the surface
    assert np.abs(found["taker.receptor"] - COPIES * taken * fuse / leave).max() <= small


def test_two_origins_compete_for_the_same_sites() -> None:
    """B_1 + B_2 = R C/(K + C) with C = C_1 + C_2, shared as C_1 : C_2 at equilibrium. Kernel `total`.

    Depletion as in `test_saturable_binding`: n R/(V K) = 1e-5 of B at most.
    """
    k, cells = UNBINDING / RATE, 1.0
    donors = tuple(CellType(name, name, takes_up_vesicles=False) for name in ("first", "second"))
    taker = CellType("taker", "taker", secretes_vesicles=False)
    dose = Dose("source", "taker", "particles_per_cell", 3 * k * VOLUME, 0.0)
    arm = Arm("arm", {"taker": cells}, doses=(dose,))
    model = build((*donors, taker), (arm,), {"taker.receptor_sites": SITES, "taker.binding_rate": RATE,
                                             "taker.unbinding_rate": UNBINDING}, duration=48 * H)
    source = dish({"medium.free:first": 1.0, "medium.free:second": 2.0})["source"]
    arms = Arm("source", {"first": 1.0, "second": 1.0})
    found = run(model, {"source": type(source)(arms, source.snapshots)})
    expected = SITES * 3 / 4
    for origin, share in (("first", 1 / 3), ("second", 2 / 3)):
        amount = found[f"taker.bound:{origin}"][-1]
        assert amount == pytest.approx(expected * share, abs=1e-5 * expected + found.bound(expected))
