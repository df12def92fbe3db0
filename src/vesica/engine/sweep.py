"""The inner loops: from states to their rates of change and Jacobians, for all lanes of a batch.

Arrays are (what, lane): a lane is one replicate, and a single run is a batch of one. Loops over
lanes are innermost and hold no branch, so that the compiler can take several at once.
"""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def add_fluxes(v, factor_start, factors, move_start, move_state, weight, flow, rate):  # noqa: ANN001, ANN201
    """Add every flux to the pools it moves: (state, lane) into ``rate``.

    ``weight`` is (move,), ``flow`` is (lane,) room to work in.
    """
    lanes = v.shape[1]
    rate[:] = 0.0
    for flux in range(factor_start.size - 1):
        flow[:] = 1.0
        for k in range(factor_start[flux], factor_start[flux + 1]):
            place = factors[k]
            for lane in range(lanes):
                flow[lane] *= v[place, lane]
        for m in range(move_start[flux], move_start[flux + 1]):
            place, once = move_state[m], weight[m]
            for lane in range(lanes):
                rate[place, lane] += once * flow[lane]


@njit(cache=True, nogil=True, error_model="numpy")
def fill_jacobian(  # noqa: ANN201, PLR0913
    v, partial, slot, term, factor_start, factors, weight,  # noqa: ANN001
    chain_target, chain_partial, chain_source, term_flux, term_skip, term_slot,  # noqa: ANN001
    entry_place, entry_move, entry_term, matrix,  # noqa: ANN001
):
    """Run the tape of `vesica.engine.jacobian`; ``matrix`` (stored, lane) gets the values in CSC order."""
    lanes = v.shape[1]
    slot[:] = 0.0
    slot[0] = 1.0
    for k in range(chain_target.size):
        target, slope, source = chain_target[k], chain_partial[k], chain_source[k]
        for lane in range(lanes):
            slot[target, lane] += partial[slope, lane] * slot[source, lane]
    for t in range(term_flux.size):
        flux = term_flux[t]
        start = term_slot[t]
        for lane in range(lanes):
            term[t, lane] = slot[start, lane]
        for k in range(factor_start[flux], factor_start[flux + 1]):
            if k - factor_start[flux] != term_skip[t]:
                place = factors[k]
                for lane in range(lanes):
                    term[t, lane] *= v[place, lane]
    matrix[:] = 0.0
    for e in range(entry_place.size):
        target, once, source = entry_place[e], weight[entry_move[e]], entry_term[e]
        for lane in range(lanes):
            matrix[target, lane] += once * term[source, lane]


@njit(cache=True, nogil=True)
def scatter(values, rows, columns, dense):  # noqa: ANN001, ANN201
    """Write the stored values of one lane into a dense (state, state) matrix whose other entries stay zero."""
    for k in range(rows.size):
        dense[rows[k], columns[k]] = values[k]


@njit(cache=True, nogil=True, error_model="numpy")
def part(plan, number):  # noqa: ANN001, ANN201
    """One of the arrays that lie one after another in ``plan``, which begins with where each of them begins."""
    return plan[plan[number] : plan[number + 1]]


@njit(cache=True, nogil=True, error_model="numpy")
def put(v, places, state):  # noqa: ANN001, ANN201
    """Write a state where its pools are among the values."""
    for k in range(places.size):
        v[places[k]] = state[k]


@njit(cache=True, nogil=True, error_model="numpy")
def multiply(v, lengths, counts, factors, flow):  # noqa: ANN001, ANN201
    """Fluxes of one lane in order of their number of factors: ``counts[g]`` of them have ``lengths[g]``."""
    flux = k = 0
    for group in range(lengths.size):
        length = lengths[group]
        if length == 2:  # four of five: a hazard times a pool
            for _ in range(counts[group]):
                flow[flux] = v[factors[k]] * v[factors[k + 1]]
                flux += 1
                k += 2
        else:
            for _ in range(counts[group]):
                product = 1.0
                for _ in range(length):
                    product *= v[factors[k]]
                    k += 1
                flow[flux] = product
                flux += 1


@njit(cache=True, nogil=True, error_model="numpy")
def add_up(flow, weight, lengths, counts, fluxes, states, rate):  # noqa: ANN001, ANN201
    """Rates of one lane, states in order of the number of fluxes that move them, as in `multiply`."""
    row = k = 0
    for group in range(lengths.size):
        length = lengths[group]
        for _ in range(counts[group]):
            total = 0.0
            for _ in range(length):
                total += weight[k] * flow[fluxes[k]]
                k += 1
            rate[states[row]] = total
            row += 1
