"""Compiled events of cells with whole numbers of MVBs: each cell draws from a stream of its own.

An MVB is the chance x that one of its slots is full (`biology.mvb_law`); its number of vesicles is drawn when it fuses,
as Binomial(slots, x), so bursts have the law of the plain simulation. What MVBs hold beside is held for all of a cell
together, and one has a share x / sum(x) of it. Where a burst holds more vesicles than that, more were made; where
fewer, more fused back: with their cargo, by the same moves as in the table.

``moves`` are where those of a flux begin, their states and their integers.
"""

from __future__ import annotations

import math

from numba import njit

from vesica.engine.counters import binomial, exponential, uniform
from vesica.engine.tissue.whole_table import (
    BORN,
    BUDDING,
    CAPACITY,
    DETACHED,
    DOCKED,
    FREED,
    FUSED,
    LYSED,
    NONE,
    RETRO,
    SITES,
    TAKEN_BACK,
    UNDOCKED,
)

STAYS = -2  # nobody died


@njit(cache=True, nogil=True, error_model="numpy")
def do(state, at, flux, amount, moves):  # noqa: ANN001, ANN201
    """One flux in a cell, so many times."""
    start, row, count = moves
    for m in range(start[flux], start[flux + 1]):
        state[row[m], at] += count[m] * amount


@njit(cache=True, nogil=True, error_model="numpy")
def change_phenotypes(state, first, hazards, streams, duration, ids, moves, cause):  # noqa: ANN001, ANN201
    """Transitions of the chains of cells for ``duration`` s; ``cause`` (lane,) is the transition by which one dies.

    Hazards hold meanwhile. Who dies stays as it is; the number of transitions stands for death by no chain.
    """
    begin, end, flux, alive, death = ids[0], ids[1], ids[2], ids[7][0], ids[8][0]
    for lane in range(cause.size):
        at, cause[lane] = first + lane, STAYS
        if alive != NONE and state[alive, at] < 0.5:
            continue
        s, time = streams[at], 0.0
        while cause[lane] == STAYS:
            dying = hazards[begin.size, lane] if death != NONE else 0.0
            total = dying
            for k in range(begin.size):
                total += hazards[k, lane] * state[begin[k], at]
            time += exponential(s) / total if total > 0.0 else math.inf
            if time > duration:
                break
            left, chosen = uniform(s) * total, begin.size  # death by no chain, unless the rest is smaller
            for k in range(begin.size):
                part = hazards[k, lane] * state[begin[k], at]
                if left < part:
                    chosen = k
                    break
                left -= part
            if chosen == begin.size and not dying > 0.0:
                continue  # by rounding of the sum: once in 2^50 or so, draw again
            if chosen < begin.size and end[chosen] != NONE:
                do(state, at, flux[chosen], 1.0, moves)
            else:
                cause[lane] = chosen


@njit(cache=True, nogil=True, error_model="numpy")
def bury(state, first, held, lost, blebs, streams, ids, moves, cause):  # noqa: ANN001, ANN201
    """Cells that die lose what they hold, (lost, lane), and leave their phenotypes; blebs are whole numbers."""
    flux, chain, states, state_chain, left, death = ids[2], ids[3], ids[4], ids[5], ids[6], ids[8][0]
    for lane in range(cause.size):
        if cause[lane] == STAYS:
            continue
        at, by_chain = first + lane, cause[lane] < flux.size
        for k in range(lost.size):
            amount = held[k, lane]
            if blebs[k]:
                whole = math.floor(amount)
                amount = whole + (1.0 if uniform(streams[at]) < amount - whole else 0.0)
            do(state, at, lost[k], amount, moves)
        for k in range(states.size):
            is_cause = by_chain and state_chain[k] == chain[cause[lane]]  # which leaves its state by itself
            if state[states[k], at] > 0.5 and left[k] != NONE and not is_cause:
                do(state, at, left[k], 1.0, moves)
        do(state, at, flux[cause[lane]] if by_chain else death, 1.0, moves)


@njit(cache=True, nogil=True, error_model="numpy")
def fill(x, number, before, rates, duration):  # noqa: ANN001, ANN201
    """Slots of all MVBs after ``duration`` s at the mean of the rates before and now; rates (rate, lane)."""
    for lane in range(rates.shape[1]):
        gain = 0.5 * (before[BUDDING, lane] / before[CAPACITY, lane] + rates[BUDDING, lane] / rates[CAPACITY, lane])
        loss = gain + 0.5 * (before[RETRO, lane] + rates[RETRO, lane])
        decay = math.exp(-loss * duration)
        came = gain / loss * (1.0 - decay) if loss > 0.0 else 0.0
        for k in range(round(number[lane])):
            x[lane, k] = x[lane, k] * decay + came


@njit(cache=True, nogil=True, error_model="numpy")
def clean(state, first, lanes, alive, ids, moves):  # noqa: ANN001, ANN201
    """Where no MVB is left, what the smooth equations still count in MVBs was never made."""
    rows, mvb = ids[12], ids[13]
    for stage in range(2):
        bud, back = (ids[6], ids[7]) if stage == 0 else (ids[4], ids[5])
        for at in range(first, first + lanes):
            if state[mvb[stage], at] < 0.5 and (alive == NONE or state[alive, at] > 0.5):
                for c in range(rows.shape[0]):
                    there = state[rows[c, stage], at]
                    if there > 0.0:
                        do(state, at, back[c], there, moves)
                    elif there < 0.0:
                        do(state, at, bud[c], -there, moves)
                    state[rows[c, stage], at] = 0.0
                state[mvb[2 + stage], at] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def move_mvbs(state, first, rates, shares, free, docked, streams, duration, ids, moves, alive):  # noqa: ANN001, ANN201, PLR0913
    """Births and fates of the MVBs of cells for ``duration`` s, one by one; false where there is no room for them."""
    one, mvb = ids[0], ids[13]
    for lane in range(rates.shape[1]):
        at, in_free, in_docked = first + lane, free[lane], docked[lane]
        if alive != NONE and state[alive, at] < 0.5:
            continue
        s, rate, time = streams[at], rates[:, lane], 0.0
        n_free, n_docked = round(state[mvb[0], at]), round(state[mvb[1], at])
        while True:
            sites = max(1.0 - n_docked / rate[SITES], 0.0)
            born, lysed, docks = rate[BORN], rate[LYSED] * n_free, rate[DOCKED] * sites * n_free
            undocks, fuses = rate[UNDOCKED] * n_docked, rate[FUSED] * n_docked
            total = born + lysed + docks + undocks + fuses
            time += exponential(s) / total if total > 0.0 else math.inf
            if time > duration:
                break
            which = uniform(s) * total
            if which < born:
                do(state, at, one[0], 1.0, moves)
                in_free[n_free] = 0.0
                n_free += 1
            elif which < born + lysed + docks:
                k, is_lysed = int(uniform(s) * n_free), which < born + lysed
                share, square = share_of(in_free, n_free, k), square_of(in_free, n_free, k, rate[CAPACITY])
                fate, gone = (1, ids[1]) if is_lysed else (2, ids[2])
                pass_on(state, at, share, square, one, fate, gone, ids[12][:, 0], mvb[2], moves)
                if not is_lysed:
                    in_docked[n_docked] = in_free[k]
                    n_docked += 1
                n_free -= 1
                in_free[k] = in_free[n_free]
            else:
                k, comes_back = int(uniform(s) * n_docked), which < born + lysed + docks + undocks
                share = share_of(in_docked, n_docked, k)
                square = square_of(in_docked, n_docked, k, rate[CAPACITY])
                if comes_back:
                    pass_on(state, at, share, square, one, 3, ids[3], ids[12][:, 1], mvb[3], moves)
                    in_free[n_free] = in_docked[k]
                    n_free += 1
                else:
                    burst(state, at, s, share, in_docked[k], rate, shares[:, lane], ids, moves)
                    do(state, at, one[4], 1.0, moves)
                    do(state, at, one[8], square * state[mvb[3], at], moves)
                n_docked -= 1
                in_docked[k] = in_docked[n_docked]
            if n_free == in_free.size or n_docked == in_docked.size:
                return False
        untether(state, at, s, rate, shares[:, lane], duration, ids, moves)
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def share_of(x, number, k):  # noqa: ANN001, ANN201
    """Share of one MVB in what all of its stage hold; all of it where it is the only one."""
    total = 0.0
    for j in range(number):
        total += x[j]
    return x[k] / total if number > 1 and total > 0.0 else 1.0 / number


@njit(cache=True, nogil=True, error_model="numpy")
def square_of(x, number, k, slots):  # noqa: ANN001, ANN201
    """The same of the sum of squares, which is n x (1 - x) + n^2 x^2 for an MVB of n slots."""
    total = 0.0
    for j in range(number):
        total += x[j] * (1.0 + (slots - 1.0) * x[j])
    return x[k] * (1.0 + (slots - 1.0) * x[k]) / total if number > 1 and total > 0.0 else 1.0 / number


@njit(cache=True, nogil=True, error_model="numpy")
def pass_on(state, at, share, square, one, fate, fluxes, rows, squares, moves):  # noqa: ANN001, ANN201, PLR0913
    """An MVB goes where its fate leads, with its share of what those of its stage hold."""
    do(state, at, one[fate], 1.0, moves)
    do(state, at, one[4 + fate], square * state[squares, at], moves)
    for c in range(rows.size):
        do(state, at, fluxes[c], share * state[rows[c], at], moves)


@njit(cache=True, nogil=True, error_model="numpy")
def burst(state, at, s, share, x, rate, shares, ids, moves):  # noqa: ANN001, ANN201
    """A docked MVB fuses: a whole number of vesicles, some free at once, the others tethered, with their cargo."""
    bud, back, tethered, freed, rows = ids[4], ids[5], ids[8], ids[9], ids[12]
    slots = math.floor(rate[CAPACITY])
    slots += 1.0 if uniform(s) < rate[CAPACITY] - slots else 0.0
    mean = share * state[rows[0, 1], at]
    number = binomial(s, slots, min(max(x, 0.0), 1.0)) if mean > 0.0 else 0.0
    loose = binomial(s, number, rate[FREED])
    for c in range(rows.shape[0]):
        held = share * state[rows[c, 1], at]
        each = 1.0 if c == 0 else (held / mean if mean > 0.0 else 0.0)
        excess = each * number - held
        if c > 0 and excess > 0.0 and rows[c, 3] != NONE:  # no more can be loaded than there is in the cell
            most = held + max(state[rows[c, 3], at], 0.0)
            each, excess = (most / number, most - held) if each * number > most else (each, excess)
        do(state, at, bud[c] if excess > 0.0 else back[c], abs(excess), moves)
        send(state, at, s, c, loose, each, freed, shares, moves)
        do(state, at, tethered[c], each * (number - loose), moves)


@njit(cache=True, nogil=True, error_model="numpy")
def send(state, at, s, content, number, each, fluxes, shares, moves):  # noqa: ANN001, ANN201
    """So many vesicles leave, or what they carry; vesicles are shared out to sizes as whole numbers, each by chance.

    What they carry goes to sizes as the mean does, so that of a burst nothing is left.
    """
    sizes, left, rest = fluxes.shape[1], number, 1.0
    for k in range(sizes):
        share = shares[content * sizes + k]
        if content == 0:
            part = left if k == sizes - 1 else binomial(s, left, min(share / rest, 1.0) if rest > 0.0 else 0.0)
            left -= part
            rest -= share
        else:
            part = number * share
        do(state, at, fluxes[content, k], part * each, moves)


@njit(cache=True, nogil=True, error_model="numpy")
def untether(state, at, s, rate, shares, duration, ids, moves):  # noqa: ANN001, ANN201
    """Of the tethered vesicles some detach or are taken back, with what they carry on average."""
    detached, back, rows = ids[10], ids[11], ids[12]
    tied, leave = state[rows[0, 2], at], rate[DETACHED] + rate[TAKEN_BACK]
    if not (leave > 0.0 and tied > 0.5):
        return
    gone = binomial(s, float(round(tied)), -math.expm1(-leave * duration))
    loose = binomial(s, gone, rate[DETACHED] / leave)
    for c in range(rows.shape[0]):
        each = 1.0 if c == 0 else state[rows[c, 2], at] / tied
        send(state, at, s, c, loose, each, detached, shares, moves)
        do(state, at, back[c], each * (gone - loose), moves)
