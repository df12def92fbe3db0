"""The inner loops: from a state to its rate of change and its Jacobian."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def add_fluxes(v, factor_start, factors, move_start, move_state, weight, rate):  # noqa: ANN001, ANN201
    """Add every flux to the pools it moves: (state,) into ``rate``; ``weight`` is per move."""
    rate[:] = 0.0
    for flux in range(factor_start.size - 1):
        flow = 1.0
        for k in range(factor_start[flux], factor_start[flux + 1]):
            flow *= v[factors[k]]
        for m in range(move_start[flux], move_start[flux + 1]):
            rate[move_state[m]] += weight[m] * flow


@njit(cache=True, nogil=True, error_model="numpy")
def fill_jacobian(  # noqa: ANN201, PLR0913
    v, partial, slot, term, factor_start, factors, weight,  # noqa: ANN001
    chain_target, chain_partial, chain_source, term_flux, term_skip, term_slot,  # noqa: ANN001
    entry_place, entry_move, entry_term, matrix,  # noqa: ANN001
):
    """Run the tape of `vesica.engine.jacobian`; ``matrix`` gets the stored values (CSC order)."""
    slot[:] = 0.0
    slot[0] = 1.0
    for k in range(chain_target.size):
        slot[chain_target[k]] += partial[chain_partial[k]] * slot[chain_source[k]]
    for t in range(term_flux.size):
        flux = term_flux[t]
        product = slot[term_slot[t]]
        for k in range(factor_start[flux], factor_start[flux + 1]):
            if k - factor_start[flux] != term_skip[t]:
                product *= v[factors[k]]
        term[t] = product
    matrix[:] = 0.0
    for e in range(entry_place.size):
        matrix[entry_place[e]] += weight[entry_move[e]] * term[entry_term[e]]


@njit(cache=True, nogil=True)
def scatter(values, rows, columns, dense):  # noqa: ANN001, ANN201
    """Write stored values into a dense (state, state) matrix whose other entries stay zero."""
    for k in range(rows.size):
        dense[rows[k], columns[k]] = values[k]


