"""One replicate goes by a path of its own; it must give what the batch gives, digit for digit."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cell_networks import resolved
from tests.contact_cases import everything
from tests.models import chain_model, kinds_model, transfer_model
from vesica.engine.doses import present_in
from vesica.engine.layout import layout
from vesica.engine.nodes import counts
from vesica.engine.program import Program, compile_model
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.system import Lanes, System
from vesica.engine.tables import Tables
from vesica.spec.resolved import ResolvedModel

MODELS = {"chain": chain_model, "kinds": kinds_model, "transfer": transfer_model, "networks": resolved,
          "contact": everything}


def parts(model: ResolvedModel) -> tuple[Program, Tables, np.ndarray, dict[str, float]]:
    program = compile_model(model).divided
    arm = model.arms[-1]
    values = value_vector(program, parameter_row(model, arm))
    return program, program.tables(present_in(program, arm, {})), values, counts(arm, program.groups)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("holds", [False, True])
def test_one_replicate_and_the_batch_agree_to_the_last_digit(name: str, holds: bool) -> None:
    """Factors and moves come in the same order, so nothing is rounded another way; a third of states may be held."""
    _, tables, values, cells = parts(MODELS[name]())
    random = np.random.default_rng(5)
    still = random.uniform(size=tables.pools.size) < 1 / 3 if holds else None
    batch = Lanes(tables, np.repeat(values[:, None], 9, axis=1), cells, still)
    state = random.lognormal(1.0, 2.0, (tables.pools.size, 9))
    expected = np.zeros_like(state)
    batch.rate(state, expected)
    assert np.count_nonzero(expected) > tables.pools.size / 3
    fixed, found = np.zeros_like(state), np.zeros(tables.pools.size)
    part = batch.part(np.arange(9))
    for _ in range(2):  # the second time from another state's work arrays
        part.rate(state, fixed)
        np.testing.assert_array_equal(fixed, expected)
        matrix = batch.jacobian(state).copy()
        np.testing.assert_array_equal(part.jacobian(state), matrix)
        for lane in range(9):
            one = System(tables, values.copy(), cells, still)
            one.rate(state[:, lane].copy(), found)
            np.testing.assert_array_equal(found, expected[:, lane])
            np.testing.assert_array_equal(one.jacobian(state[:, lane].copy()), matrix[:, lane])
        state = state[:, ::-1].copy()
        batch.rate(state, expected)


def test_fluxes_between_held_states_are_left_out() -> None:
    _, tables, _, _ = parts(chain_model())
    held = np.ones(tables.pools.size, dtype=bool)
    assert layout(tables, held).fluxes == 0
    held[0] = False
    movers = {int(np.searchsorted(tables.move_start, move, side="right")) - 1
              for move in np.flatnonzero(tables.move_state == 0)}
    assert layout(tables, held).fluxes == len(movers) > 0
    assert layout(tables).fluxes == len(tables.fluxes)


def test_only_what_rests_on_no_pool_is_computed_once() -> None:
    """A kernel is among the moving ones exactly where a change of the pools changes its value."""
    program, tables, values, cells = parts(resolved())
    moving = set(tables.moving.out.tolist())
    assert 0 < len(moving) < tables.out.size
    state = np.random.default_rng(6).uniform(0.5, 1.5, (tables.pools.size, 1))
    batch = Lanes(tables, values[:, None].copy(), cells)
    out = np.zeros_like(state)
    batch.rate(state, out)
    before, changed = batch.values[tables.out].copy(), set()
    for scale in (0.3, 2.1, 3.7):
        batch.rate(scale * state, out)
        now = batch.values[tables.out]
        changed |= {int(place) for place, a, b in zip(tables.out, before[:, 0], now[:, 0], strict=True) if a != b}
    assert changed == moving, [name for name, place in program.index.items() if place in changed ^ moving]
