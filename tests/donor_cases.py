"""Donor cells of whole numbers, the plain simulation and the moment equations, side by side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.integrate import solve_ivp

from vesica.biology.sizes import SizeLaw
from vesica.engine.counters import poisson, stream
from vesica.engine.whole import donor, reference
from vesica.engine.whole.loading import Loads
from vesica.engine.whole.rates import Rates

# Few slots and MVBs, so that every budding can be simulated often; numbers for arithmetic, not from biology.
BASE = Rates(formation=0.05, maturation=2e-3, recycling=3e-3, budding=0.03, capacity=6.4, retrofusion=2e-3,
             lysosome=2e-3, docking=2e-3, undocking=3e-3, sites=3.0, fusion=5e-3, released_share=0.6,
             detachment=1e-3, tether_return=5e-4)
PLENTY = replace(BASE, sites=float("inf"), capacity=6.0)
ENDOSOMES = BASE.formation / (BASE.maturation + BASE.recycling)


def course(base: Rates) -> tuple[tuple[float, Rates], ...]:
    """Untreated; GW4869 (half the budding) with a stimulus of docking and fusion; bafilomycin (no lysosome)."""
    stimulated = replace(base, budding=0.5 * base.budding, docking=3 * base.docking, fusion=4 * base.fusion)
    return (1000.0, base), (500.0, stimulated), (500.0, replace(base, lysosome=0.0, formation=2 * base.formation))


LAW = SizeLaw(0.085, 1.35, 0.03, 0.2, 0.005)
# Cargo for arithmetic: on the membrane, half of the vesicles without it, and in the lumen.
POOL = np.array([2000, 300, 5000])
SIZES = np.array([LAW.mean_area, LAW.mean_area, LAW.mean_lumen_volume])
LOADS = Loads(LAW, (np.array([0.3, 0.2, 1.5]) / POOL / SIZES)[None, :], np.array([False, False, True]),
              np.array([0.0, 0.5, 0.0]))
STUCK = replace(BASE, detachment=0.0, tether_return=0.0)


def loaded(seed: int, cells: int, looks: int, loads: Loads = LOADS) -> dict[str, np.ndarray]:
    """Copies and diameters of vesicles, copies per burst and pools after 1,000 s, then 500 s of GW4869 and stimulus."""
    donors = donor.empty(seed, "loaded", range(cells), ENDOSOMES, np.tile(POOL, (cells, 1)))
    found: dict[str, list[np.ndarray]] = {"released": [], "tethered": [], "burst": []}
    for duration, rates in course(STUCK)[:2]:
        for _ in range(looks):
            donors, bursts = donor.advance(donors, donor.Leg(duration / looks, rates, loads=loads))
            assert not donors.residual().any()
            assert not donors.residual_copies().any()
            rows = np.column_stack([bursts.diameter, bursts.copies])
            _sort(found, rows, bursts.released, bursts.tethered)
    return {name: np.concatenate(rows) for name, rows in found.items()} | {
        "pool": donors.pool, "inside": donors.inside_copies().sum(axis=0)}


def loaded_plainly(seed: int, cells: int) -> dict[str, np.ndarray]:
    """The same from the simulation of every event."""
    found: dict[str, list[np.ndarray]] = {"released": [], "tethered": [], "burst": []}
    pools, insides, room = [], [], np.zeros((1000, 3))
    for number in range(cells):
        words = stream(seed, "plain", number)
        cell = np.array([poisson(words, ENDOSOMES), 0, 0, 0], dtype=np.int64)
        free, docked = np.zeros((100, 2), dtype=np.int64), np.zeros((100, 2), dtype=np.int64)
        held = reference.vesicles(LAW, POOL, LOADS.per_size[0], LOADS.is_lumen, LOADS.empty_share, 100, 8)
        counts = np.zeros(6, dtype=np.int64)
        for duration, rates in course(STUCK)[:2]:
            fused = reference.simulate(words, rates.row(), duration, cell, free, docked, counts, room, held)
            released, tethered = room[:fused, 1].astype(np.int64), room[:fused, 2].astype(np.int64)
            _sort(found, held.left[: int((released + tethered).sum())].copy(), released, tethered)
        pools.append(held.pool.copy())
        insides.append(sum((boxes[k, : mvbs[k, 0], 1:].sum(axis=0) for boxes, mvbs, n in
                            ((held.free, free, cell[1]), (held.docked, docked, cell[2])) for k in range(n)),
                           np.zeros(POOL.size)))
    return {name: np.concatenate(rows) for name, rows in found.items()} | {
        "pool": np.array(pools), "inside": np.array(insides).astype(np.int64)}


def _sort(found: dict[str, list[np.ndarray]], rows: np.ndarray, released: np.ndarray, tethered: np.ndarray) -> None:
    """Rows of vesicles into released and tethered ones, and sums over the released ones of each burst."""
    burst = np.repeat(np.arange(released.size), released + tethered)
    first = np.cumsum(released + tethered) - released - tethered
    is_free = np.arange(len(rows)) - first[burst] < released[burst]
    found["released"].append(rows[is_free])
    found["tethered"].append(rows[~is_free])
    sums = np.zeros((released.size, POOL.size))
    np.add.at(sums, burst[is_free], rows[is_free, 1:])
    found["burst"].append(sums)


QUANTITIES = ("free", "docked", "free_ilv", "docked_ilv", "free_ilv2", "docked_ilv2", "tethered", "net_made",
              "taken_back", "degraded", "released", "fused")
Table = dict[str, np.ndarray]


def simulated(seed: int, cells: int, legs: tuple[tuple[float, Rates], ...], looks: int = 1
              ) -> tuple[Table, np.ndarray]:
    """(leg, cell) of every quantity, and the bursts (burst, 4): leg, time in it, released, tethered.

    With ``looks`` above one each leg is cut so often and every MVB looked at; with 0 only the last one's end is.
    """
    donors = donor.empty(seed, "donor", range(cells), ENDOSOMES)
    rows, bursts = [], []
    for number, (duration, rates) in enumerate(legs):
        pieces, is_last = max(looks, 1), number == len(legs) - 1
        for piece in range(pieces):
            donors, found = donor.advance(donors, donor.Leg(duration / pieces, rates, looks > 0 or is_last))
            assert not donors.residual().any()
            bursts.append(np.stack([np.full(found.time.size, number), found.time + piece * duration / pieces,
                                    found.released, found.tethered], axis=1))
        first, second = donors.inside()
        count = dict(zip(donor.COUNTS, donors.counts.T, strict=True))
        rows.append(np.array([donors.n_free, donors.n_docked, *first, *second, donors.tethered,
                              count["made"] - count["fused_back"], count["taken_back"], count["degraded"],
                              count["released"], count["fused"]]).astype(np.int64))
    table = np.array(rows)
    return {name: table[:, k] for k, name in enumerate(QUANTITIES)}, np.concatenate(bursts)


def plain(seed: int, cells: int, legs: tuple[tuple[float, Rates], ...]) -> tuple[Table, np.ndarray]:
    """The same from the simulation of every event."""
    table, bursts = np.zeros((len(legs), len(QUANTITIES), cells), dtype=np.int64), []
    room = np.zeros((1000, 3))
    none = reference.vesicles(LAW, np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.bool_), np.zeros(0), 200, 100)
    for number in range(cells):
        words = stream(seed, "plain", number)
        cell = np.array([poisson(words, ENDOSOMES), 0, 0, 0], dtype=np.int64)
        free, docked = np.zeros((200, 2), dtype=np.int64), np.zeros((200, 2), dtype=np.int64)
        counts = np.zeros(6, dtype=np.int64)
        for leg, (duration, rates) in enumerate(legs):
            fused = reference.simulate(words, rates.row(), duration, cell, free, docked, counts, room, none)
            n, m = free[: cell[1], 0], docked[: cell[2], 0]
            inside = n.sum() + m.sum() + cell[3]
            gone = counts[reference.DEGRADED] + counts[reference.FREED]
            assert counts[reference.MADE] == (inside + gone + counts[reference.FUSED_BACK]
                                              + counts[reference.TAKEN_BACK])
            table[leg, :, number] = (cell[1], cell[2], n.sum(), m.sum(), (n**2).sum(), (m**2).sum(), cell[3],
                                     counts[reference.MADE] - counts[reference.FUSED_BACK],
                                     counts[reference.TAKEN_BACK], counts[reference.DEGRADED], counts[reference.FREED],
                                     counts[reference.FUSED])
            bursts.append(np.concatenate([np.full((fused, 1), leg), room[:fused]], axis=1))
    return {name: table[:, k] for k, name in enumerate(QUANTITIES)}, np.concatenate(bursts)


def moments(legs: tuple[tuple[float, Rates], ...]) -> np.ndarray:
    """(leg, 14) means per cell without saturation, from empty cells with `ENDOSOMES` endosomes.

    Factorial moments f_j = sum over MVBs of n (n - 1) ... (n - j + 1), j = 0 to 4: slots are independent, so
    f_j = (N)_j p^j within an age, and df_j/dt = j k (N - j + 1) f_{j-1} - j r f_j - h f_j, linear, for any
    mixture of ages. Places: f of free MVBs (5), of docked ones (5), endosomes, tethered, released, degraded.
    """
    state, found = np.zeros(14), []
    state[10] = ENDOSOMES
    j = np.arange(5)
    for duration, x in legs:
        fill = x.budding / x.capacity
        loss = fill + x.retrofusion

        def slope(_t: float, y: np.ndarray, x: Rates = x, fill: float = fill, loss: float = loss) -> np.ndarray:
            out = np.zeros(14)
            for low, leave in ((0, x.lysosome + x.docking), (5, x.fusion + x.undocking)):
                f = y[low : low + 5]
                out[low : low + 5] = j * fill * (x.capacity - j + 1) * np.append(0.0, f[:-1]) - (j * loss + leave) * f
            out[0] += x.maturation * y[10]
            out[:5] += x.undocking * y[5:10]
            out[5:10] += x.docking * y[:5]
            out[10] = x.formation - (x.maturation + x.recycling) * y[10]
            out[11] = (1 - x.released_share) * x.fusion * y[6] - (x.detachment + x.tether_return) * y[11]
            out[12] = x.released_share * x.fusion * y[6] + x.detachment * y[11]
            out[13] = x.lysosome * y[1]
            return out

        state = solve_ivp(slope, (0.0, duration), state, method="DOP853", rtol=1e-10, atol=1e-12).y[:, -1]
        found.append(state.copy())
    return np.array(found)


def powers(f: np.ndarray) -> np.ndarray:
    """Sums of n^0 to n^4 from factorial moments, by Stirling numbers of the second kind."""
    stirling = np.array([[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 3, 1, 0], [0, 1, 7, 6, 1]])
    return stirling @ f
