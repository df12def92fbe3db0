"""The process table balances, and the Jacobian is the derivative of the rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.models import chain_model, kinds_model, transfer_model
from vesica.engine.doses import present_in
from vesica.engine.processes import process_table
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.system import System
from vesica.engine.table import imbalances
from vesica.engine.well_mixed import run_arm


def test_every_process_conserves_every_token() -> None:
    assert imbalances(process_table(chain_model())) == []
    assert imbalances(process_table(kinds_model())) == []
    assert imbalances(process_table(transfer_model())) == []


def test_vesicles_have_pools_only_for_what_their_maker_holds() -> None:
    """A recipient that knows a receptor gets it from donors that hold it, and nobody carries what nobody holds."""
    model = chain_model()
    donor, taker = model.cells
    without = replace(model, cells=(replace(donor, cargo=("mir", "ligand")), replace(taker, cargo=("mir", "receptor"))))
    pools = {pool.name for pool in process_table(without).pools}
    assert {one.name for one in without.carried("donor")} == {"mir", "ligand"}
    assert [name for name in pools if ":donor" in name and name.endswith("/receptor")] == []
    assert [name for name in pools if ":taker" in name and name.endswith("/ligand")] == []
    assert {"taker.bound:donor/mir", "taker.bound:taker/receptor", "medium.free:donor/ligand"} <= pools
    assert {f"{where}/{name}" for where in ("taker.bound:donor", "taker.bound:taker")
            for name in ("mir", "receptor", "ligand")} <= {pool.name for pool in process_table(model).pools}
    assert imbalances(process_table(without)) == []


def test_a_leak_is_found() -> None:
    """A move planted into one flux shows up as a gain of the tokens it touches."""
    table = process_table(chain_model())
    leak = next(flux for flux in table.fluxes if flux.name == "escape/taker:donor/mir")
    broken = replace(leak, moves=(*leak.moves, ("taker.inside:donor/mir", 1)))
    planted = replace(table, fluxes=tuple(broken if flux is leak else flux for flux in table.fluxes))
    assert ("escape/taker:donor/mir", "cargo mir", 1) in imbalances(planted)


def test_the_jacobian_is_the_derivative_of_the_rate() -> None:
    """Against central differences at a generic state.

    With step h = 1e-4 (1 + |y|) the truncation error, h^2/6 times the third derivative, is
    below 1e-5 of the column's largest entry for these smooth laws, and rounding is 30 terms
    x eps |f| / h, row by row (totals of the medium are 1e6 times larger than amounts per
    cell). A tape that drops a factor misses by order one.
    """
    model = kinds_model()
    program = compile_model(model)
    arm = model.arms[0]
    tables = program.tables(present_in(program, arm, {}))
    values = value_vector(program, parameter_row(program.model, arm))
    values[program.index["agent.agent"]] = 5e6
    system = System(tables, values, arm.counts)
    state = np.random.default_rng(3).uniform(0.5, 20.0, system.size)
    dense = np.zeros((system.size, system.size))
    system.dense_jacobian(state, dense)
    up, down = np.zeros(system.size), np.zeros(system.size)
    for column in range(system.size):
        step = 1e-4 * (1.0 + abs(state[column]))
        shifted = state.copy()
        shifted[column] += step
        system.rate(shifted, up)
        shifted[column] -= 2 * step
        system.rate(shifted, down)
        numeric = (up - down) / (2 * step)
        rounding = 30 * np.finfo(float).eps * np.maximum(np.abs(up), np.abs(system.weight).max() * 20.0) / step
        assert np.all(np.abs(dense[:, column] - numeric) <= 1e-5 * np.abs(numeric).max() + rounding), column


@pytest.mark.parametrize("content", ["", "/mir", "/receptor", "/ligand"])
def test_the_ledger_closes(content: str) -> None:
    """made + added = everything else, relative to what was made.

    BDF keeps linear invariants exactly when the Newton matrix does, and ours is assembled
    from the same integer moves; what is left is rounding: 200 evaluations of sums of 30 terms,
    about 1e-12. The promise to users is 1e-9.
    """
    model = kinds_model()
    program = compile_model(model)
    run = run_arm(program, model.arms[0], parameter_row(program.model, model.arms[0]), {})
    token = f"cargo {content[1:]}" if content else "vesicle"
    weights = next(entry.weights for entry in program.table.tokens if entry.name == token)
    held = {pool.name: pool for pool in program.table.pools}
    amount = dict(zip(program.species, run.values[-1], strict=True))
    start = dict(zip(program.species, run.values[0], strict=True))
    counts = {**model.arms[0].counts, "medium": 1.0}
    change = sum(w * (amount[n] - start[n]) * counts[held[n].compartment] for n, w in weights.items())
    made = sum(amount[n] * counts[held[n].compartment] for n, w in weights.items() if w < 0)
    assert abs(change) < 1e-10 * made
