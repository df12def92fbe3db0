"""Whole models in vessels: still columns, transwells, flow channels and slices in a bath, against closed forms.

Cells take up vesicles by drinking only, ``q`` um^3/s each, so that all is linear. Two things are told apart: that the
engine solves the layers as they stand (against their matrix exponential, to the solver's bound), and that layers stand
for the liquid (against the liquid's own closed form, to their order).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import block_diag, expm
from scipy.optimize import brentq
from scipy.stats import poisson

from tests.analytic.builders import Run, build, dish, run
from tests.analytic.test_columns import operator, over_cells, robin
from vesica.biology.sizes import SizeLaw
from vesica.engine.place_numbers import heights
from vesica.spec.cells import CellType
from vesica.spec.resolved import Arm, Compartment, Domain, Dose
from vesica.transport.column import hops, layer_heights, points, settling_speed
from vesica.transport.diffusion import stokes_einstein
from vesica.transport.pores import Membrane

H = 3600.0
VOLUME = 2e12  # um^3
DEPTH = VOLUME / (math.pi * 17500.0**2)
AREA = VOLUME / DEPTH
GIVEN, CELLS = 1e10, 1e6
LAW = SizeLaw(0.085, 1.35, 0.03, 0.2, 0.005)  # that of the builder
WARM, WATER = 310.0, 0.692e-3
UNIT = stokes_einstein(WARM, WATER, 1.0)  # um^2/s of a sphere of 1 um
EV = UNIT * LAW.moment(-1)
FREE = "free:donor"


def poured(domain: Domain, changes: Mapping[str, float], hours: float, outputs: int = 8) -> Run:
    """``GIVEN`` vesicles, given to a million takers at the start."""
    donor = CellType("donor", "donor", takes_up_vesicles=False)
    taker = CellType("taker", "taker", secretes_vesicles=False)
    dose = Dose("source", "taker", "particles_per_cell", GIVEN / CELLS, 0.0)
    arm = Arm("arm", {"taker": CELLS}, doses=(dose,))
    model = build((donor, taker), (arm,), changes, duration=hours * H, every=hours * H / outputs, domain=domain)
    return run(model, dish({"medium.free:donor": 1.0}))


def column(layers: int) -> Domain:
    return Domain("dish", VOLUME, DEPTH, "still", (Compartment("medium", VOLUME, DEPTH, layers, ("donor", "taker")),))


def layers_of(found: Run, name: str, layers: int) -> np.ndarray:
    """(time, layer) amounts."""
    return np.stack([found[f"{name}.{layer}.{FREE}"] for layer in range(layers)], axis=1)


# --- still columns ---


@pytest.mark.parametrize("biot", [1.0, 100.0])
def test_cells_under_a_still_column_take_what_its_layers_bring(biot: float) -> None:
    """The engine's layers are those of `hops`: matrix exponential, to the solver's bound. Then the liquid's own law.

    Drinking of q per cell is a flux of N q/A times the concentration at the bottom. Twelve layers are good to 0.7 %
    (tests/analytic/test_columns.py).
    """
    speed = biot * EV / DEPTH
    found = poured(column(12), {"taker.macropinocytosis_rate": speed * AREA / CELLS}, 48.0)
    taken = found["taker.taken_up:donor"] * CELLS
    for place, time in enumerate(found.times):
        layered = over_cells(12, speed, time, EV)
        assert taken[place] / GIVEN == pytest.approx(layered, abs=found.bound(GIVEN, per_dish=True) / GIVEN)
    assert taken[-1] / GIVEN == pytest.approx(robin(biot, EV * 48 * H / DEPTH**2), rel=7e-3)


def test_a_stirred_dish_would_let_cells_take_twice_as_much() -> None:
    """Shows that the comparison above can fail: stirred, all but exp(-N q t/V) is taken."""
    found = poured(Domain("dish", VOLUME, DEPTH, "stirred"), {"taker.macropinocytosis_rate": 100 * EV * AREA / DEPTH
                                                              / CELLS}, 48.0)
    tau = EV * 48 * H / DEPTH**2
    share = found["taker.taken_up:donor"][-1] * CELLS / GIVEN
    assert share == pytest.approx(-math.expm1(-100 * tau), abs=found.bound(GIVEN, per_dish=True) / GIVEN)
    assert share > 1.5 * robin(100.0, tau)


def test_heavy_vesicles_come_to_rest_by_the_barometric_law() -> None:
    """60 days leave exp(-50) of the start; what is left are the layers' heights times exp(-v z/D), to the solver."""
    heavy = {"medium.density": 1.0e3, "medium.vesicle_density": 2.5e3}  # kg/m^3
    found = poured(column(12), heavy, 1440.0)
    sinking = settling_speed(1.0, 1.5e3, WATER) * LAW.moment(2)
    layers = layer_heights(DEPTH, 12)
    law = layers * np.exp(-sinking * points(layers, wall=True) / EV)
    at_end = layers_of(found, "medium", 12)[-1]
    assert at_end == pytest.approx(GIVEN * law / law.sum(), abs=found.bound(GIVEN, per_dish=True))
    assert at_end[0] / layers[0] > 3 * at_end[-1] / layers[-1]


def test_no_vesicle_is_lost_between_layers() -> None:
    found = poured(column(12), {"taker.macropinocytosis_rate": 1.0}, 24.0)
    held = layers_of(found, "medium", 12).sum(axis=1)
    assert held == pytest.approx(found[f"medium.{FREE}"], rel=1e-14)
    assert held + found["taker.taken_up:donor"] * CELLS == pytest.approx(
        np.full(held.size, GIVEN), abs=found.bound(GIVEN, per_dish=True))


def test_a_factor_made_at_the_bottom_and_lost_on_its_way_has_its_length() -> None:
    """At rest s l/(A D) cosh((L - z)/l)/sinh(L/l), l = sqrt(D/k): what a cell sees of its own factor in a still dish.

    At 48 layers to 0.2 % of the concentration at the bottom, fourfold more at 24: the order of the layers.
    """
    length, speed, made = 500.0, 100.0, 0.01
    errors = []
    for layers in (24, 48):
        taker = CellType("taker", "taker", secretes_vesicles=False, takes_up_vesicles=False, solubles=("TNF",))
        changes = {"taker.TNF.secretion_rate": made, "TNF.diffusivity": speed, "TNF.decay_rate": speed / length**2}
        model = build((taker,), (Arm("arm", {"taker": CELLS}),), changes, solubles=("TNF",), duration=100 * H,
                      every=25 * H, domain=column(layers))  # fmt: skip
        found = run(model)
        cut = layer_heights(DEPTH, layers)
        held = np.array([found[f"medium.{i}.TNF"][-1] for i in range(layers)]) / (cut * AREA)
        bottom = made * CELLS * length / (AREA * speed)
        law = bottom * np.cosh((DEPTH - points(cut, wall=True)) / length) / math.sinh(DEPTH / length)
        errors.append(float(np.max(abs(held / law[0] - law / law[0]))))
    assert errors[1] < 2e-3
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.25)


# --- transwells ---

ABOVE, BELOW, MEMBRANE_AREA = 1.5e12, 2.6e12, 4.5e8


def transwell(pore: float, layers: int = 1) -> tuple[Domain, dict[str, float]]:
    """Takers in the insert, which are given the vesicles; nobody in the well."""
    mixing = "stirred" if layers == 1 else "still"
    domain = Domain("transwell", ABOVE + BELOW, BELOW / 9.6e8, mixing, (
        Compartment("insert", ABOVE, ABOVE / MEMBRANE_AREA, layers, ("taker", "donor")),
        Compartment("well", BELOW, BELOW / 9.6e8, layers, (), 4.0),
    ))  # fmt: skip
    return domain, {"vessel.pore_diameter": pore, "vessel.pore_density": 1.0, "vessel.membrane_thickness": 10.0}


def sizes(pore: float) -> list[tuple[float, float]]:
    """Three ranges of diameters below the pore, with as many vesicles in each (bisection of the law's integral)."""
    top = min(pore, LAW.high)
    whole, _ = quad(LAW.density, LAW.low, top, epsrel=1e-12)

    def quantile(share: float) -> float:
        return brentq(lambda d: quad(LAW.density, LAW.low, d, epsrel=1e-12)[0] - share * whole, LAW.low, top)

    edges = [LAW.low, quantile(1 / 3), quantile(2 / 3), top]
    return list(itertools.pairwise(edges))


def mean(value: Callable[[float], float], low: float, high: float) -> float:
    """Over the sizes between two diameters, by adaptive quadrature."""
    total, _ = quad(lambda d: value(d) * LAW.density(d), low, high, epsrel=1e-10)
    number, _ = quad(LAW.density, low, high, epsrel=1e-10)
    return total / number


def conductance(pore: float, low: float, high: float) -> float:
    membrane = Membrane(MEMBRANE_AREA, 1.0, pore, 10.0)
    return mean(lambda d: float(membrane.conductance(d, UNIT / d)), low, high)


SHARED = 1 / ABOVE + 1 / BELOW  # 1/um^3


def test_insert_and_well_come_to_one_concentration_at_the_rate_of_the_pores() -> None:
    """All pass 0.4 um, in three sizes: each difference falls with G (1/V1 + 1/V2).

    Midpoints of 64 sizes are good to 1e-4 of G.
    """
    found = poured(*transwell(0.4), 240.0)
    rates = [conductance(0.4, *between) * SHARED for between in sizes(0.4)]
    apart = found[f"insert.{FREE}"] / ABOVE - found[f"well.{FREE}"] / BELOW
    law = GIVEN / ABOVE * np.mean([np.exp(-rate * found.times) for rate in rates], axis=0)
    assert apart == pytest.approx(law, abs=GIVEN / ABOVE * (1e-4 / math.e + found.bound(GIVEN, per_dish=True) / GIVEN))
    later = poured(*transwell(0.4), 4800.0)
    assert later[f"insert.{FREE}"][-1] / ABOVE == pytest.approx(later[f"well.{FREE}"][-1] / BELOW, rel=1e-5)


def test_three_sizes_stand_for_all_of_them() -> None:
    """Size by size the difference is the mean of exp(-G(d) t (1/V1 + 1/V2)); three sizes miss it by 1 % of the start.

    One size would miss it by 8 %: shows that the comparison can fail.
    """
    membrane = Membrane(MEMBRANE_AREA, 1.0, 0.4, 10.0)
    rates = [conductance(0.4, *between) * SHARED for between in sizes(0.4)]
    one = conductance(0.4, LAW.low, LAW.high) * SHARED
    missed = []
    for hours in (4.0, 12.0, 24.0, 48.0, 96.0):
        time = hours * H
        exact = mean(lambda d, t=time: math.exp(-float(membrane.conductance(d, UNIT / d)) * SHARED * t),  # type: ignore[misc]
                     LAW.low, LAW.high)
        missed.append((abs(np.mean(np.exp(-np.array(rates) * time)) - exact), abs(math.exp(-one * time) - exact)))
    assert max(three for three, _ in missed) < 0.015
    assert max(single for _, single in missed) > 0.07


def test_vesicles_wider_than_the_pores_stay_in_the_insert() -> None:
    """Of 0.1 um pores: at the end the well has its share by volume of what is smaller, and nothing else.

    The run lasts 40 times as long as the slowest size needs: exp(-40) is left.
    """
    slowest = conductance(0.1, *sizes(0.1)[-1]) * SHARED
    found = poured(*transwell(0.1), 40 / slowest / H)
    smaller, _ = quad(LAW.density, LAW.low, 0.1, epsrel=1e-12)
    bound = found.bound(GIVEN, per_dish=True)
    assert found[f"well.{FREE}"][-1] == pytest.approx(GIVEN * smaller * BELOW / (ABOVE + BELOW), abs=bound)
    assert 0.6 < smaller < 0.8


def test_pores_below_the_smallest_vesicle_let_none_pass() -> None:
    found = poured(*transwell(0.02), 2400.0)
    assert np.all(found[f"well.{FREE}"] == 0.0)


def test_still_media_slow_the_passage_by_their_own_resistance() -> None:
    """Slower than the stirred transwell; never more in the well than in it."""
    stirred, still = (poured(*transwell(0.4, layers), 48.0)[f"well.{FREE}"] for layers in (1, 12))
    assert np.all(still[1:] < 0.9 * stirred[1:])
    assert np.all(still[1:] > 0.0)


def test_the_engine_solves_the_layers_of_a_transwell_as_they_stand() -> None:
    """Matrix exponential: pores in series with half of the layer below them; the insert's layer 0 is at its membrane.

    Midpoints of 64 sizes are good to 1e-4 of the conductance, which changes no amount by more than that.
    """
    domain, changes = transwell(0.4, 6)
    found = poured(domain, changes, 48.0)
    above, below = (heights(one) for one in domain.compartments)
    wide = BELOW / domain.compartments[1].depth
    start = np.concatenate([above / above.sum(), np.zeros(6)]) * GIVEN
    law = np.zeros((found.times.size, 12))
    for between in sizes(0.4):
        speed = UNIT * mean(lambda d: 1 / d, *between)
        whole = block_diag(*(operator(one, *hops(one, speed, wall=True)) for one in (above, below)))
        passed = 1 / (1 / conductance(0.4, *between) + below[-1] / 2 / (speed * wide))
        for one, other, volume in ((0, 11, above[0] * MEMBRANE_AREA), (11, 0, below[-1] * wide)):
            whole[one, one] -= passed / volume
            whole[other, one] += passed / volume
        law += np.stack([expm(whole * time) @ start for time in found.times]) / 3
    amounts = np.concatenate([layers_of(found, name, 6) for name in ("insert", "well")], axis=1)
    assert amounts == pytest.approx(law, abs=1e-4 * GIVEN + found.bound(GIVEN, per_dish=True))


# --- flow channels ---

SEGMENTS, FLOW = 10, 1e7  # um^3/s
PIPE = Compartment("channel", 1e9, 1e4, SEGMENTS, ("donor", "taker"), 1.0)
CHANNEL = Domain("channel", 1e9, 100.0, "stirred", (PIPE,))
THICK = {"medium.viscosity": 1e12}  # Pa s: nothing diffuses between segments


def test_fresh_medium_washes_segments_one_after_the_other() -> None:
    """Evenly filled at the start; each segment hands on at N F/V, so Poisson numbers of hops tell what is where."""
    found = poured(CHANNEL, {"vessel.flow": FLOW, **THICK}, 0.05)
    rate = FLOW * SEGMENTS / 1e9
    for place, time in enumerate(found.times):
        here = poisson.cdf(np.arange(SEGMENTS), rate * time) * GIVEN / SEGMENTS
        amounts = layers_of(found, "channel", SEGMENTS)[place]
        assert amounts == pytest.approx(here, abs=found.bound(GIVEN, per_dish=True))
    assert found["medium.removed:donor"][-1] + found[f"medium.{FREE}"][-1] == pytest.approx(GIVEN, rel=1e-9)


def test_what_cells_secrete_rises_along_the_channel() -> None:
    """At rest the flow carries past each segment what all cells before it make: s (i + 1)/N per F."""
    taker = CellType("taker", "taker", secretes_vesicles=False, takes_up_vesicles=False, solubles=("TNF",))
    changes = {"taker.TNF.secretion_rate": 0.01, "vessel.flow": FLOW, "TNF.diffusivity": 1e-12}
    model = build((taker,), (Arm("arm", {"taker": CELLS}),), changes, solubles=("TNF",), duration=H, every=H / 4,
                  domain=CHANNEL)  # fmt: skip
    found = run(model)
    held = np.array([found[f"channel.{i}.TNF"][-1] for i in range(SEGMENTS)]) / (1e9 / SEGMENTS)
    law = 0.01 * CELLS * (np.arange(SEGMENTS) + 1) / SEGMENTS / FLOW
    assert held == pytest.approx(law, rel=1e-6)


# --- slices in a bath ---


def test_vesicles_of_the_bath_reach_into_a_slice_by_their_length() -> None:
    """sqrt(D*/k): the profile at rest is cosh((L - z)/l)/cosh(L/l) under a bath that hardly changes.

    The layers' own steady state to the solver; of the liquid it is the second-order neighbour: 200 layers stray by
    1e-3 of the concentration at the face.
    """
    depth, area, fraction, tortuosity, layers = 300.0, 1e8, 0.2, 2.0, 200
    tissue, bath = depth * area, 1e16
    domain = Domain("slice", tissue + bath, depth, "still", (
        Compartment("slice", tissue, depth, layers, ("donor", "taker")),
        Compartment("bath", bath, bath / area, 1, ()),
    ))  # fmt: skip
    length = 60.0
    star = EV / tortuosity**2
    loss = star / length**2
    changes = {"vessel.volume_fraction": fraction, "vessel.tortuosity": 1.6, "vessel.vesicle_tortuosity": tortuosity,
               "taker.macropinocytosis_rate": loss * fraction * tissue / CELLS}  # fmt: skip
    found = poured(domain, changes, 48.0, outputs=2)
    cut = layer_heights(depth, layers)
    at_end = layers_of(found, "slice", layers)[-1] / (cut * area * fraction)
    law = np.cosh((depth - points(cut)) / length) / math.cosh(depth / length)
    assert at_end / (found[f"bath.{FREE}"][-1] / bath) == pytest.approx(law, abs=1e-3)


def test_the_engine_solves_the_layers_of_a_slice_as_they_stand() -> None:
    """Matrix exponential of slice and bath together: twelve layers, half of the first to the face, a small bath."""
    depth, area, fraction, layers, bath = 300.0, 1e8, 0.2, 12, 5e10
    domain = Domain("slice", depth * area + bath, depth, "still", (
        Compartment("slice", depth * area, depth, layers, ("donor", "taker")),
        Compartment("bath", bath, bath / area, 1, ()),
    ))  # fmt: skip
    changes = {"vessel.volume_fraction": fraction, "vessel.tortuosity": 1.6, "vessel.vesicle_tortuosity": 2.0}
    found = poured(domain, changes, 24.0)
    star, cut = EV / 4.0, layer_heights(depth, layers)
    inside = operator(cut, *hops(cut, star))
    whole = np.zeros((layers + 1, layers + 1))
    whole[:layers, :layers] = inside
    passed = fraction * star * area / (cut[0] / 2)
    room = fraction * area * cut[0]
    for one, other, volume in ((0, layers, room), (layers, 0, bath)):
        whole[one, one] -= passed / volume
        whole[other, one] += passed / volume
    for place, time in enumerate(found.times):
        law = expm(whole * time)[:, layers] * GIVEN
        assert layers_of(found, "slice", layers)[place] == pytest.approx(
            law[:layers], abs=found.bound(GIVEN, per_dish=True))
