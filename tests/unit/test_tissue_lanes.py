"""Cells of a tissue side by side: order, closed forms, conservation, threads, and a cell that runs away."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

from tests.models import H
from tests.toy import BASAL, DECAY, FOLD, HALF, toy_model
from vesica import interventions
from vesica.engine.doses import present_in
from vesica.engine.program import Part, Program, compile_model
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.steppers import w_loops
from vesica.engine.tables import Tables
from vesica.engine.tissue.lanes import BLOCK, CellLanes, flux_values
from vesica.errors import RunFault
from vesica.spec.model import ModelSpec
from vesica.spec.resolved import ResolvedModel


@functools.cache
def toy() -> tuple[Program, Tables, np.ndarray]:
    """The cell of the toy, with the agent at its half-maximal level."""
    model = toy_model()
    program = compile_model(model)
    arm = model.arms[1]
    values = value_vector(program, parameter_row(model, arm))
    tables = program.tables(present_in(program, arm, {}), Part("cell"))
    values[tables.pools] = BASAL
    values[program.index["agent.agent"]] = HALF
    return program, tables, values


def level(agent: np.ndarray, time: float) -> np.ndarray:
    """Closed form of the toy for any level of the agent."""
    x = (agent / HALF) ** 2
    rise = 1.0 + (FOLD - 1.0) * x / (1.0 + x)
    return BASAL * (rise + (1.0 - rise) * np.exp(-DECAY * time))


def lanes_of_toy(agent: np.ndarray, **words: float) -> CellLanes:
    """Cells that each meet their own level."""
    program, tables, values = toy()
    cells = CellLanes(tables, values, lanes=agent.size, **words)
    cells.give(np.array([program.index["agent.agent"]]), agent[None, :])
    return cells


def order_conditions(weights: np.ndarray) -> dict[str, float]:
    """What a W-method of order 3 makes zero, whatever its matrix is (Hairer & Wanner 1996 II, sect. IV.7)."""
    ones, a, g = np.ones(4), w_loops.ALPHA, w_loops.GAMMAS
    return {
        "1": weights @ ones - 1, "a": weights @ a @ ones - 1 / 2, "g": weights @ g @ ones,
        "a2": weights @ (a @ ones) ** 2 - 1 / 3, "aa": weights @ a @ a @ ones - 1 / 6, "ag": weights @ a @ g @ ones,
        "ga": weights @ g @ a @ ones, "gg": weights @ g @ g @ ones,
    }


def test_the_method_has_order_three_for_any_matrix_and_its_estimate_has_two() -> None:
    """Coefficients are given to 17 digits, so the conditions hold to 1e-15 times their few terms."""
    full, embedded = order_conditions(w_loops.WEIGHTS), order_conditions(w_loops.EMBEDDED)
    assert max(map(abs, full.values())) < 1e-14
    assert max(abs(embedded[name]) for name in ("1", "a", "g")) < 1e-14
    assert abs(embedded["a2"]) > 0.01  # so the two differ where order three begins


def test_the_method_forgets_what_is_infinitely_fast() -> None:
    """L-stable where the matrix is the Jacobian: R(-1e9) is of the order of 1/1e9."""
    z = -1e9
    r = 1 + z * w_loops.WEIGHTS @ np.linalg.solve(np.eye(4) - z * (w_loops.ALPHA + w_loops.GAMMAS), np.ones(4))
    assert abs(r) < 1e-7


def test_cells_follow_the_closed_form_each_with_its_own_level() -> None:
    """130 cells, so the last block is not full. Errors of the steps add up to at most their number times a tolerance.

    The toy contracts and h f is smooth, so the error at the end is below steps x (relative level + absolute).
    """
    agent = HALF * np.geomspace(0.1, 10.0, 2 * BLOCK + 2)
    cells = lanes_of_toy(agent, relative=1e-4, absolute=1e-9)
    steps = 0
    for _ in range(12):
        steps += cells.advance(H / 2).steps
    expected = level(agent, 6 * H)
    assert np.abs(cells.state[0] / expected - 1.0).max() < steps / cells.blocks * 1e-4
    assert np.abs(cells.state[0] / level(agent[::-1], 6 * H) - 1.0).max() > 0.1  # the comparison can fail


@pytest.mark.parametrize(("time", "has_matrix"), [(H / 4, False), (4.0 * H, True)])
def test_a_step_is_the_one_of_the_tableau(time: float, has_matrix: bool) -> None:
    """The toy is linear, so n steps multiply the distance from rest by R(z)^n, z = -DECAY h, to rounding.

    R(z) = 1 + z b'(I - z(alpha + gamma))^-1 1 where the matrix is the Jacobian, without gamma where it is left out.
    """
    cells = lanes_of_toy(np.full(3, HALF), relative=1e3, absolute=1e3)
    goal = level(np.array([HALF]), math.inf)[0]
    assert sum(cells.advance(time).explicit for _ in range(3)) == (0 if has_matrix else 3)
    z = -DECAY * time
    table = w_loops.ALPHA + (w_loops.GAMMAS if has_matrix else 0.0)
    grown = 1.0 + z * w_loops.WEIGHTS @ np.linalg.solve(np.eye(4) - z * table, np.ones(4))
    assert np.allclose(cells.state[0] - goal, (BASAL - goal) * grown**3, rtol=1e-11, atol=0.0)
    assert not np.allclose(cells.state[0] - goal, (BASAL - goal) * math.exp(3.0 * z), rtol=1e-6, atol=0.0)


def example() -> tuple[Program, frozenset[str], np.ndarray]:
    """The flagship example's last arm, everything filled with something."""
    model = flagship()
    arm = next(one for one in model.arms if one.name == "LPS")
    program = compile_model(model)
    present = present_in(program, arm, {one.name: one for one in model.arms})
    values = value_vector(program, parameter_row(model, arm))
    tables = program.tables(present)
    rng = np.random.default_rng(3)
    values[tables.pools] = rng.uniform(0.5, 1.5, tables.pools.size)
    for exposure in arm.exposures:
        values[program.index[f"agent.{exposure.agent}"]] = exposure.levels[0]
    return program, present, values


@functools.cache
def flagship() -> ResolvedModel:
    """Microglia with a network, phenotypes and death, beside neurons."""
    return interventions.resolve(ModelSpec.model_validate({
        "vesica": 1, "use": ["library:cns"], "domain": {"kind": "dish", "diameter": "35 mm", "medium": "2 mL"},
        "cells": {"microglia": {"count": 2e5, "networks": ["nfkb", "cytokines"]}, "neuron": {"count": 2e5}},
        "run": {"duration": "4 h", "every": "30 min"},
        "arms": {"LPS": {"exposures": [{"agent": "LPS", "concentration": "100 ng/mL", "from": "0 h", "to": "4 h"}]}},
    }))[0]


def test_every_token_that_the_integers_conserve_is_conserved_to_rounding() -> None:
    """Whole dishes as lanes, so that nothing leaves; per step rounding is some 1e-16 of the sum of absolute terms.

    A matrix of the mean cell keeps the invariants of every cell, as they rest on the integers alone.
    """
    program, present, values = example()
    tables = program.tables(present)
    rng = np.random.default_rng(5)
    many = np.repeat(values[:, None], BLOCK + 3, axis=1)
    many[tables.pools] *= rng.uniform(0.5, 1.5, (tables.pools.size, many.shape[1]))
    cells = CellLanes(tables, many, relative=1e-3)
    before = cells.state.copy()
    steps = cells.advance(300.0).steps + cells.advance(300.0).steps
    moved, checked = np.abs(cells.state - before), 0
    for token in program.table.tokens:
        weights = np.array([token.weights.get(name, 0) for name in tables.names], dtype=float)
        if any(token.name in flux.opens for flux in tables.fluxes) or not weights.any():
            continue
        checked += 1
        scale = np.abs(weights) @ (np.abs(before) + np.abs(cells.state) + moved)
        assert (np.abs(weights @ (cells.state - before)) <= 1e-15 * (10 + steps) * weights.size * scale).all()
        if (weights @ moved).any():
            spoilt = weights.copy()
            spoilt[np.argmax(np.abs(weights) * moved[:, 0])] *= 1.0 + 1e-6  # the comparison can fail
            assert (np.abs(spoilt @ (cells.state - before)) > np.abs(weights @ (cells.state - before))).any()
    assert checked >= 4


def test_threads_and_neighbouring_blocks_change_no_bit() -> None:
    """Twelve blocks on one thread, on two, and four of them alone."""
    program, present, values = example()
    tables = program.tables(present, Part("microglia"))
    place = np.array([program.index["agent.LPS"]])
    agent = values[place[0]] * np.geomspace(0.01, 1.0, 12 * BLOCK)[None, :]

    def after(workers: int, chosen: slice) -> np.ndarray:
        cells = CellLanes(tables, values, lanes=agent[:, chosen].shape[1], workers=workers)
        cells.give(place, agent[:, chosen])
        for _ in range(3):
            cells.advance(120.0)
        return cells.state

    one = after(1, slice(None))
    assert np.array_equal(one, after(2, slice(None)))
    some = slice(4 * BLOCK, 8 * BLOCK)
    assert np.array_equal(one[:, some], after(1, some))
    assert not np.array_equal(one[:, some], after(1, slice(0, 4 * BLOCK)))


def test_a_cell_that_is_lost_is_named() -> None:
    """One of 70 cells gets a rate that is no number; it is the one that the message names."""
    agent = np.full(70, HALF)
    cells = lanes_of_toy(agent, label="microglia cell")
    cells.state[0, 67] = math.nan
    with pytest.raises(RunFault, match="microglia cell 67"):
        cells.advance(60.0)
    assert np.isfinite(cells.state[0, :67]).all()


def test_fluxes_and_watched_values_are_those_of_the_tables() -> None:
    """The same products as a walk over all values of all lanes; both use the same kernels, lanes side by side."""
    program, present, values = example()
    part, rest = program.tables(present, Part("microglia")), program.tables(present, Part("neuron"))
    many = np.repeat(values[:, None], BLOCK + 5, axis=1)
    many[program.index["agent.LPS"]] *= np.geomspace(0.01, 1.0, BLOCK + 5)
    cells = CellLanes(part, many)
    for tables in (part, rest):
        expected = flux_values(tables, many.copy())
        assert np.abs(cells.fluxes(tables) - expected).max() <= 1e-13 * np.abs(expected).max()
    whole = program.tables(present)
    walked = many.copy()
    flux_values(whole, walked)
    assert whole.watched.size > 0
    assert np.allclose(cells.watched(whole), walked[whole.watched], rtol=1e-13, atol=0.0)


def test_numbers_given_to_all_are_those_given_to_each() -> None:
    """A level that is the same for all may be shared: computed once instead of in each lane, it differs by rounding."""
    program, tables, values = toy()
    each = lanes_of_toy(np.full(3, 5.0 * HALF))
    shared = CellLanes(tables, values, lanes=3)
    shared.give(np.array([program.index["agent.agent"]]), np.array([5.0 * HALF]))
    each.advance(H)
    shared.advance(H)
    assert np.allclose(each.state, shared.state, rtol=1e-13)
    shared.give(np.array([program.index["agent.agent"]]), np.array([0.0]))
    shared.advance(H)
    assert (shared.state < each.state).all()
