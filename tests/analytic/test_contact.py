"""Cells that touch: areas balance, cells see what is on the other side, junctions conserve, Notch has a threshold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

from tests.contact_cases import DISH, PASSING, STILL, TRANSWELL, everything, of, resolved, runs, spec
from vesica import interventions
from vesica.biology.contact import exchange_rate, junction, seen, touched_copies
from vesica.biology.signalling import occupancy_difference, slope
from vesica.engine.doses import present_in
from vesica.engine.nodes import counts
from vesica.engine.program import Program, compile_model
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.system import Lanes
from vesica.spec.resolved import ResolvedModel

EPS = float(np.finfo(float).eps)


# ---- kernels


def test_two_hemichannels_in_series() -> None:
    assert junction(0.3, 0.3) == pytest.approx(0.3, rel=4 * EPS)
    assert junction(0.1, 0.3) == pytest.approx(1.0 / (0.5 / 0.1 + 0.5 / 0.3), rel=4 * EPS)
    assert junction(0.0, 0.3) == junction(0.3, 0.0) == junction(0.0, 0.0) == 0.0


def test_a_cell_follows_its_neighbour_at_permeability_times_area_over_volume() -> None:
    assert exchange_rate(2.0, 0.25, 100.0, 10.0) == 5.0
    assert touched_copies(0.25, 100.0, 3.0) == 75.0
    assert seen(3.0) == 3.0


def test_a_direction_is_felt_best_at_the_dissociation_constant() -> None:
    """d/dC of C/(K + C) is K/(K + C)^2: 1/(4 K) at C = K, and a quarter of the relative difference over the cell.

    At a given relative steepness g = (dC/dx)/C the difference is g L C K/(K + C)^2, whose slope in C vanishes at K.
    """
    assert slope(5.0, 2.0, 6.0) == 0.5
    assert occupancy_difference(0.02, 10.0, 4.0, 4.0) == pytest.approx(0.02 * 10.0 / (4 * 4.0), rel=4 * EPS)
    at = [occupancy_difference(0.01 * c, 10.0, 4.0, c) for c in (3.9, 4.0, 4.1)]
    assert at[1] > max(at[0], at[2])
    shift = 1e-6  # to first order the difference of occupancies at the two ends of the cell
    exact = (4.0 + shift) / (8.0 + shift) - 4.0 / 8.0
    assert occupancy_difference(shift / 10.0, 10.0, 4.0, 4.0) == pytest.approx(exact, rel=shift)


# ---- areas


def pair(domain: dict[str, Any] | None = None, **more: Any) -> ResolvedModel:
    """Neurons with CX3CL1 and CD200, and microglia that read it."""
    return resolved({}, {
        "neuron": {"count": 4e5, "networks": ["cx3cl1"], "cargo": {"CD200": {}}, "contacts": {"microglia": "2 %"},
                   "parameters": {"membrane_area": "2000 um^2"}},
        "microglia": {"count": 1e5, "networks": ["cx3cr1", "cd200r"], "parameters": {"membrane_area": "1000 um^2"}},
    }, domain, **more)  # fmt: skip


ARMS: dict[str, Any] = {
    "together": {}, "few": {"cells": {"microglia": {"count": 2e4}, "neuron": {"contacts": {"microglia": "0.2 %"}}}},
    "alone": {"cells": {"neuron": {"count": 0}}},
    "apart": {"cells": {"neuron": {"contacts": {"microglia": 0}}}},
    "blocked": {"interventions": [{"block": "contact", "cells": ["microglia"]}]},
    "without": {"interventions": [{"knock_out": "CX3CL1", "cells": ["neuron"]},
                                  {"knock_out": "CD200", "cells": ["neuron"]}]},
}  # fmt: skip


def test_both_sides_of_all_contacts_have_one_area() -> None:
    """N_A S_A f_AB = N_B S_B f_BA in every arm, and nothing where a side is missing; four products of 4 EPS each."""
    model = pair(arms=ARMS)
    for arm in model.arms:
        row = parameter_row(model, arm)
        here, there = (arm.counts[cell] * row[f"{cell}.membrane_area"] * row[f"{cell}.contact_with_{other}"]
                       for cell, other in (("neuron", "microglia"), ("microglia", "neuron")))
        assert there == pytest.approx(here, rel=16 * EPS)
        assert (here == 0.0) == (arm.name in ("alone", "apart"))
    assert parameter_row(model, model.arms[0])["microglia.contact_with_neuron"] == pytest.approx(0.16, rel=16 * EPS)
    assert model.parameters["microglia.contact_with_neuron"].value == pytest.approx(0.16, rel=16 * EPS)


def test_a_cell_touches_what_lies_on_the_area_of_contact() -> None:
    """Copies that microglia touch, over all of them: the neurons' copies times their share in contact.

    A neuron's pool stands at rest (1e-9 of it), and only products follow.
    """
    program = compile_model(pair(arms={"together": {}}, parameters={"neuron.death_rate": "0 1/h"}))
    (arm,) = program.model.arms
    system, state = at_rest(program)
    value = system.values[program.index["microglia.touched_CX3CL1 on neuron"], 0]
    copies = state[program.tables(present_in(program, arm, {})).names.index("neuron.CX3CL1"), 0]
    assert 0.0 < copies < 1e4 * 0.2 / (0.2 + 0.05)  # of 1e4 made, what is shed is gone, and what leaves with vesicles
    assert value * 1e5 == pytest.approx(copies * 4e5 * 0.02, rel=16 * EPS)


def at_rest(program: Program) -> tuple[Lanes, np.ndarray]:
    """The resting state of the first arm, with all values computed there."""
    from vesica.engine.rest import resting

    arm = program.model.arms[0]
    running, present = program.divided, present_in(program, arm, {})
    values = value_vector(running, parameter_row(program.model, arm))[:, None]
    system = Lanes(running.tables(present), values, counts(arm, running.groups), is_single=True)
    state = resting(running, system, present, {}).state
    system.rate(state, np.zeros_like(state))
    return system, state


def test_without_contact_without_ligand_or_with_a_block_microglia_are_not_held() -> None:
    """Apart and blocked, microglia feel what is shed alone: the same numbers. Without the ligand, nothing."""
    _, found = runs(pair(arms={name: ARMS[name] for name in ("together", "apart", "blocked", "without", "alone")}))
    held = {name: of(run, "microglia.CX3CR1_activity") for name, run in found.items()}
    stopped = {name: of(run, "microglia.CD200R_activity") for name, run in found.items()}
    assert held["together"].min() > 0.8
    np.testing.assert_allclose(held["blocked"], held["apart"], rtol=1e-7, atol=1e-9)
    assert held["apart"][0] == 0.0 < held["apart"][-1] < held["together"][-1]  # nothing is shed into fresh medium yet
    for name in ("without", "alone"):
        assert max(np.abs(held[name]).max(), np.abs(stopped[name]).max()) < 1e-15  # a solver's way to say none
    assert np.abs(stopped["apart"]).max() < 1e-15
    tnf = {name: of(run, "medium.TNF")[-1] for name, run in found.items()}
    assert tnf["together"] < tnf["blocked"] < tnf["alone"]


def test_a_transwell_keeps_cells_apart_and_says_so() -> None:
    model, findings = interventions.resolve(spec({}, {
        "neuron": {"count": 1e5, "cargo": {"CD200": {}}, "contacts": {"microglia": "2 %"}},
        "microglia": {"count": 1e5, "networks": ["cd200r"]}}, TRANSWELL))
    assert ["touch" in one.wrote for one in findings if one.path == "cells.neuron.contacts.microglia"] == [True]
    row = parameter_row(model, model.arms[0])
    assert row["neuron.contact_with_microglia"] == row["microglia.contact_with_neuron"] == 0.0
    beside = {**TRANSWELL, "insert": {**TRANSWELL["insert"], "cells": ["microglia", "neuron"]}}
    model = resolved({}, {"neuron": {"count": 1e5, "contacts": {"microglia": "2 %"}}, "microglia": {"count": 1e5}},
                     beside)
    assert parameter_row(model, model.arms[0])["neuron.contact_with_microglia"] == 0.02


# ---- cells that differ


@pytest.mark.parametrize("cell", ["microglia", "neuron"])
def test_of_cells_that_differ_the_mean_is_seen(cell: str) -> None:
    """Copies at rest are in proportion to what differs, so their mean does not move; five weights round by EPS each."""
    found = []
    for variation in ("0 %", "40 %"):
        differ = {"variability": [{"of": ["TLR4.basal"], "cv": variation}]}
        model = resolved({}, {
            "microglia": {"count": 1e5, **(differ if cell == "microglia" else {})},
            "neuron": {"count": 2e5, "contacts": {"microglia": "5 %"}, **(differ if cell == "neuron" else {})},
        }, rules=["microglia: touched_TLR4 increases TNF_secretion (half_max 10 molecule, hill 1, up to 3x)"])
        program = compile_model(model)
        system, _ = at_rest(program)
        running = program.divided
        names = running.members("microglia.touched_TLR4 on neuron")
        assert len(names) == (5 if cell == "microglia" else 1)
        found += [system.values[running.index[name], 0] for name in names]
    np.testing.assert_allclose(found, found[0], rtol=1e-8)


def test_in_a_slice_cells_see_those_at_their_own_depth() -> None:
    model = everything({"kind": "slice", "thickness": "300 um", "area": "10 mm^2", "bath": "1 mL", "layers": 3})
    running = compile_model(model).divided
    groups = {group.cell: group for group in running.groups}
    seen = [one for one in running.table.assignments if one.target.startswith("neuron.seen microglia.shown#")
            and ", " not in one.target]
    assert len(seen) == 3
    for one in seen:
        place = groups["neuron"].places[int(one.target[-1])]
        made = {other.target: other for other in running.table.assignments}[one.args[0]]
        assert made.kernel == "product"  # one kind only, with all of the weight
        assert made.args[0] == "number 1.0"
        assert groups["microglia"].places[int(made.args[1][-1])] == place


# ---- gap junctions


def coupled(**more: Any) -> ResolvedModel:
    off = {"binding_rate": "0 um^3/s/vesicle", "macropinocytosis_rate": "0 um^3/s"}
    return resolved(PASSING, {
        "astrocyte": {"count": 1e3, "networks": ["one"], "contacts": {"neuron": "20 %"},
                      "parameters": {**off, "membrane_area": "1500 um^2", "cell_volume": "3000 um^3"}},
        "neuron": {"count": 3e3, "networks": ["other"],
                   "parameters": {**off, "death_rate": "0 1/h", "membrane_area": "1000 um^2",
                                  "cell_volume": "2000 um^3"}}},
        run={"duration": "24 h", "every": "1 h", **more.pop("run", {})}, **more)  # fmt: skip


def exact_exchange(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two volumes with one wall: V1 c1' = P A (c2 - c1), V2 c2' = -V1 c1', volumes and area of the whole dish; uM."""
    first, second, conductance = 1e3 * 3000.0, 3e3 * 2000.0, 1e-4 * 1e3 * 0.2 * 1500.0
    end, rate = first / (first + second), conductance * (1.0 / first + 1.0 / second)
    ahead = (1.0 - end) * np.exp(-rate * times)
    return end + ahead, end - ahead * first / second


def test_coupled_cells_share_what_passes_and_lose_nothing() -> None:
    """Against the closed form; the solver keeps 1e-8 a step, and takes fewer than a hundred."""
    _, found = runs(coupled())
    run = found["base"]
    uM = 602.214076
    one, other = of(run, "astrocyte.IP3") / uM, of(run, "neuron.IP3") / uM
    exact = exact_exchange(run.times)
    np.testing.assert_allclose(one, exact[0], rtol=1e-6)
    np.testing.assert_allclose(other, exact[1], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(1e3 * 3000 * one + 3e3 * 2000 * other, 1e3 * 3000.0, rtol=1e-7)
    assert 0.3 < other[-1] / one[-1] < 0.999  # on the way


def test_a_junction_that_one_side_closes_is_closed() -> None:
    for cell in ("astrocyte", "neuron"):
        _, found = runs(coupled(interventions=[{"block": "contact", "cells": [cell]}]))
        assert of(found["base"], "neuron.IP3").max() == 0.0
        np.testing.assert_allclose(of(found["base"], "astrocyte.IP3"), 602.214076, rtol=1e-12)


def test_after_long_coupled_cells_are_alike() -> None:
    """300 h: exp(-19) of the difference is left."""
    _, found = runs(coupled(run={"duration": "300 h", "every": "300 h"}, parameters={
        "astrocyte.one.IP3_junction": "1e-3 um/s", "neuron.other.IP3_junction": "1e-3 um/s"}))
    one, other = (of(found["base"], f"{cell}.IP3")[-1] for cell in ("astrocyte", "neuron"))
    assert one == pytest.approx(other, rel=1e-6)
    assert one == pytest.approx(602.214076 / 3.0, rel=1e-6)


# ---- Notch


def symmetric(share: float) -> tuple[float, float]:
    """Notch and Delta of two cells that are alike, each touching the other with a share of its membrane.

    n = (f d)^2/(a + (f d)^2), d = 1/(1 + b n^2), with a = 0.01 and b = 100 (Collier 1996).
    """
    def miss(d: float) -> float:
        n = (share * d) ** 2 / (0.01 + (share * d) ** 2)
        return d - 1.0 / (1.0 + 100.0 * n**2)

    d = brentq(miss, 0.0, 1.0, xtol=1e-15)
    return (share * d) ** 2 / (0.01 + (share * d) ** 2), d


def feedback(share: float) -> float:
    """Product of the two elasticities, 2 (1 - n) and 2 (1 - d): above one a difference grows.

    For n' = F(f d_other) - n, d' = G(n) - d a difference between two cells has det = 1 + f F' G', and with Hill laws
    f F' G' = -(2 (1 - n)) (2 (1 - d)).
    """
    n, d = symmetric(share)
    return 4.0 * (1.0 - n) * (1.0 - d)


def threshold() -> float:
    """Share of contact at which two cells begin to differ: 3.4 %."""
    return brentq(lambda share: feedback(share) - 1.0, 0.01, 0.3)


def two_types(share: float) -> ResolvedModel:
    start = {"left.Delta.initial": 0.6, "right.Delta.initial": 0.4}
    return resolved({}, {name: {"like": "astrocyte", "count": 1e3, "networks": ["notch"],
                                "contacts": {"right": share} if name == "left" else {}} for name in ("left", "right")},
                    parameters={f"{path}": value for path, value in start.items()})


@pytest.mark.parametrize("times", [0.5, 0.9, 1.1, 3.0])
def test_a_difference_between_two_cells_grows_at_the_rate_of_theory(times: float) -> None:
    """Eigenvalues of the four equations at the symmetric state: -1 +- sqrt(feedback) and -1 +- i sqrt(feedback), 1/h.

    The state is known to 1e-15, kernels and derivatives to some EPS: 1e-11 is left of a rate of one.
    """
    share = times * threshold()
    program = compile_model(two_types(share))
    arm = program.model.arms[0]
    present = present_in(program, arm, {})
    tables = program.tables(present)
    values = value_vector(program, parameter_row(program.model, arm))[:, None]
    system = Lanes(tables, values, arm.counts, is_single=True)
    n, d = symmetric(share)
    names = [f"{cell}.{state}" for cell in ("left", "right") for state in ("Notch_activity", "Delta")]
    state = np.zeros((len(tables.names), 1))
    state[[tables.names.index(name) for name in names], 0] = [n, d, n, d]
    for cell in ("left", "right"):
        if f"{cell}.alive" in tables.names:
            state[tables.names.index(f"{cell}.alive")] = 1.0
    dense = np.zeros((len(tables.names),) * 2)
    dense[tables.tape.rows, tables.tape.columns] = system.jacobian(state)[:, 0]
    places = [tables.names.index(name) for name in names]
    found = np.sort_complex(np.linalg.eigvals(dense[np.ix_(places, places)] * 3600.0))
    root = math.sqrt(feedback(share))
    exact = np.sort_complex(np.array([-1 + root, -1 - root, -1 + 1j * root, -1 - 1j * root]))
    np.testing.assert_allclose(found, exact, atol=1e-11)
    assert (max(found.real) > 0.0) == (times > 1.0)


@pytest.mark.parametrize(("times", "differ"), [(0.7, False), (1.5, True)])
def test_cells_that_touch_enough_become_unlike(times: float, differ: bool) -> None:
    """After 180 days of rest only what is stable is left: the symmetric state, or one cell with Delta, one with Notch.

    What is left of the first difference: exp(180 d x (sqrt(feedback) - 1)/h), nothing at 0.7 of the threshold. The
    unlike pair obeys d1 = G(F(f d2)), d2 = G(F(f d1)).
    """
    share = times * threshold()
    _, found = runs(two_types(share))
    left, right = (of(found["base"], f"{cell}.Delta")[0] for cell in ("left", "right"))
    notch = of(found["base"], "left.Notch_activity")[0]
    if not differ:
        n, d = symmetric(share)
        assert (left, right, notch) == pytest.approx((d, d, n), rel=1e-6)
        return
    assert left - right > 0.2
    for one, other in ((left, right), (right, left)):
        n = (share * other) ** 2 / (0.01 + (share * other) ** 2)
        assert one == pytest.approx(1.0 / (1.0 + 100.0 * n**2), rel=1e-6)


# ---- gradients


def felt(domain: dict[str, Any], concentrations: dict[str, float]) -> dict[str, float]:
    """What cells feel of TNF at given concentrations (molecule/um^3) by place; by kind of value."""
    program = compile_model(everything(domain))
    running, arm = program.divided, program.model.arms[0]
    tables = running.tables(present_in(program, arm, {}))
    values = value_vector(running, parameter_row(program.model, arm))[:, None]
    system = Lanes(tables, values, counts(arm, running.groups), is_single=True)
    state = np.zeros((len(tables.names), 1))
    for place, concentration in concentrations.items():
        end = f" at {place}" if place else ""
        volume = values[running.index[f"medium.volume{end}"], 0]
        state[tables.names.index(f"medium.TNF{end}")] = concentration * volume
    system.rate(state, np.zeros_like(state))
    found = {}
    for cell in ("microglia", "neuron"):
        (name,) = running.members(f"{cell}.gradient_TNF")
        found[cell] = float(values[running.index[name], 0])
    return found


def expected(gradient: float, here: float, kd: float) -> float:
    """Closed form for a cell of 15 um (capture radius 7.5 um)."""
    return gradient * 15.0 * kd / (kd + here) ** 2


def test_in_a_mixed_dish_there_is_no_direction() -> None:
    assert felt(DISH, {"": 0.3}) == {"microglia": 0.0, "neuron": 0.0}


def test_at_the_bottom_of_a_column_the_gradient_is_that_of_the_lowest_layers() -> None:
    """A profile that is straight in height: middles of layers give its slope exactly, to rounding."""
    model = everything(STILL)
    program = compile_model(model)
    from vesica.engine.place_numbers import heights

    high = heights(model.domain.compartments[0])
    middle = np.cumsum(high) - high / 2.0
    profile = 0.2 + 1e-4 * middle
    kd = parameter_row(program.model, model.arms[0])["neuron.TNF.sensing_kd"]
    found = felt(STILL, {f"medium.{k}": float(c) for k, c in enumerate(profile)})
    radius = parameter_row(model, model.arms[0])["neuron.capture_radius"]
    assert radius == 7.5
    assert found["neuron"] == found["microglia"]
    assert found["neuron"] == pytest.approx(expected(1e-4, float(profile[0]), kd), rel=1e-9)


def test_on_an_insert_it_points_through_the_pores() -> None:
    """Both sides are mixed, so all of the difference lies over the 10 um of the membrane; the well feels nothing."""
    found = felt(TRANSWELL, {"insert.0": 0.1, "well.0": 0.4})
    assert found["microglia"] == pytest.approx(expected(0.3 / 10.0, 0.1, 0.6022140760000001), rel=1e-9)
    assert found["neuron"] == 0.0
