"""Cells among many: their reactions against the master equation, their signals against closed forms and CVODE.

Statistical checks are those of `tests.chances`, each with false alarm 1e-9 and a fixed seed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import solve_continuous_lyapunov

from tests.chances import ALARM, law_chance, moments_chance, poisson_law
from tests.networks import master, small
from vesica.engine.counters import stream
from vesica.engine.program import Program
from vesica.engine.steppers import crowd, tau
from vesica.engine.table import Assignment, Flux, Pool, ProcessTable
from vesica.engine.whole import chemistry
from vesica.engine.whole.chemistry import Reactions, Signals

NOWHERE: frozenset[str] = frozenset()
Reaction = tuple[str, tuple[str, ...], dict[str, int]]

BIRTH_DEATH: list[Reaction] = [("cargo_production", ("k",), {"A": 1}), ("cargo_decay", ("d", "A"), {"A": -1})]
TITRATION: list[Reaction] = [
    ("cargo_production", ("k",), {"M": 1}), ("cargo_decay", ("d", "M"), {"M": -1}),
    ("target_synthesis", ("s",), {"T": 1}), ("target_decay", ("g", "T"), {"T": -1}),
    ("titration_binding", ("on", "M", "T"), {"M": -1, "T": -1, "H": 1}),
    ("titration_unbinding", ("off", "H"), {"H": -1, "M": 1, "T": 1}),
    ("repressed_decay", ("r", "H"), {"H": -1, "M": 1}),
]
NUMBERS = {"k": 1.2, "d": 0.4, "s": 1.6, "g": 0.5, "on": 0.5, "off": 0.3, "r": 0.7}
SURFACING: list[Reaction] = [
    ("cargo_production", ("k",), {"R": 1}), ("cargo_decay", ("d", "R"), {"R": -1}), ("escape", ("e",), {"I": 1}),
    ("surfacing", ("s", "I"), {"I": -1, "R": 1}), ("disposal", ("g", "I"), {"I": -1}),
]


def inside(pools: Sequence[str], reactions: Sequence[Reaction], parameters: Sequence[str],
           assignments: Sequence[Assignment] = ()) -> Program:
    """A program of one cell type with laws by process."""
    table = ProcessTable(
        tuple(Pool(name, "cell", "", name, NOWHERE) for name in pools), tuple(assignments),
        tuple(Flux(f"{process}/{k}", process, "cell", factors, tuple(moves.items()), NOWHERE)
              for k, (process, factors, moves) in enumerate(reactions)), (), (), tuple(parameters), ())
    names = ["1", *parameters, *pools, *(a.target for a in assignments)]
    return Program(None, table, {name: place for place, name in enumerate(names)}, len(names))  # type: ignore[arg-type]


def values_of(program: Program, numbers: Mapping[str, float | np.ndarray], cells: int) -> np.ndarray:
    """(value, cell) with parameters and pools by name."""
    values = np.zeros((program.size, cells))
    values[0] = 1.0
    for name, number in numbers.items():
        values[program.index[name]] = number
    return values


def streams(cells: int, seed: int = 1) -> np.ndarray:
    return np.array([stream(seed, "chemistry", k) for k in range(cells)])


def titrating(cells: int, **changed: float | np.ndarray) -> tuple[Program, np.ndarray]:
    program = inside("MTH", TITRATION, list(NUMBERS))
    return program, values_of(program, NUMBERS | changed, cells)


def chances(samples: np.ndarray, law: np.ndarray) -> float:
    return min(law_chance(samples, law), *moments_chance(samples, law))


def test_birth_and_death_of_cells_with_rates_of_their_own() -> None:
    """Poisson at all times around k/d (1 - e^-dt), in every second cell with other rates; two windows are one."""
    program, cells = inside("A", BIRTH_DEATH, "kd"), 8000
    k, d = np.tile([12.0, 3.0], cells // 2), np.tile([0.8, 0.2], cells // 2)
    values, numbers = values_of(program, {"k": k, "d": d}, cells), streams(cells)
    reactions, time = Reactions(program, NOWHERE, "cell"), 0.0
    for duration in (0.3, 0.7, 3.0):
        reactions.advance(values, numbers, duration)
        time += duration
        for group in (0, 1):
            law = poisson_law(k[group] / d[group] * -math.expm1(-d[group] * time))
            assert chances(values[program.index["A"], group::2], law) > ALARM


def test_titration_follows_the_master_equation() -> None:
    """Every second cell binds four times as fast; marginals of all three, and of the joint law of M and H."""
    limits, cells = [14, 16, 14], 8000
    program, values = titrating(cells, on=np.tile([0.5, 2.0], cells // 2))
    Reactions(program, NOWHERE, "cell").advance(values, streams(cells), 2.5)
    for group, on in ((0, 0.5), (1, 2.0)):
        law = master(small(dict.fromkeys("MTH", 0.0), TITRATION, NUMBERS | {"on": on}), limits, 2.5)
        assert law.sum() == pytest.approx(1.0, abs=1e-6)
        mine = values[program.index["M"]:program.index["H"] + 1, group::2]
        for state in range(3):
            marginal = law.sum(axis=tuple(k for k in range(3) if k != state))
            assert law_chance(mine[state], marginal) > ALARM
        assert law_chance(mine[0] * limits[2] + mine[2], law.sum(axis=1).ravel()) > ALARM
    assert law_chance(values[program.index["M"], 0::2],  # the other group's law is told apart
                      master(small(dict.fromkeys("MTH", 0.0), TITRATION, NUMBERS | {"on": 2.0}), limits,
                             2.5).sum(axis=(1, 2))) < ALARM


def resting_mean(numbers: Mapping[str, float]) -> dict[str, float]:
    """Mean-field rest of `TITRATION`, by integration."""
    n = numbers

    def rate(_t: float, y: np.ndarray) -> list[float]:
        m, t, h = y
        meet = n["on"] * m * t - n["off"] * h
        return [n["k"] - n["d"] * m - meet + n["r"] * h, n["s"] - n["g"] * t - meet, meet - n["r"] * h]

    return dict(zip("MTH", solve_ivp(rate, (0.0, 200.0), [0.0, 0.0, 0.0], method="LSODA", rtol=1e-10).y[:, -1],
                    strict=True))


def resting(cells: int, lives: float, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """(pool, cell) after `settle`."""
    monkeypatch.setattr(chemistry, "LIVES", lives)
    program, values = titrating(cells, **resting_mean(NUMBERS))
    found = Reactions(program, NOWHERE, "cell").settle(values, streams(cells, 5))
    assert found.message == ""
    return values[program.index["M"]:program.index["H"] + 1]


def test_cells_at_rest_have_the_law_of_long_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law after 20 s from near rest (e^-7 left, of little) against cells that settled; 2,000 cells.

    Without settling, with Poisson numbers as drawn, the same check fails: M and T avoid each other.
    """
    law = master(small({"M": 3.0, "T": 1.0, "H": 2.0}, TITRATION, NUMBERS), [20, 18, 18], 20.0)
    assert law.sum() == pytest.approx(1.0, abs=1e-6)
    total = np.zeros(37)  # of M + T, whose variance tells the correlation
    for m in range(20):
        for t in range(18):
            total[m + t] += law[m, t].sum()
    for lives, fits in ((chemistry.LIVES, True), (0.0, False)):
        settled = resting(2000, lives, monkeypatch)
        assert (chances(settled[0] + settled[1], total / total.sum()) > ALARM) is fits
    settled = resting(2000, 4.0, monkeypatch)
    for state in range(3):
        marginal = law.sum(axis=tuple(k for k in range(3) if k != state))
        assert chances(settled[state], marginal / marginal.sum()) > ALARM


def test_large_cells_at_rest_have_the_covariances_of_linear_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of molecules, by leaps: J C + C J^T + S diag(rates) S^T = 0, next order 1/1000.

    A leap keeps rates to `EPSILON`, so covariances to 2 `EPSILON` of their variances; with 3,000 cells a variance
    has the standard error sqrt(2/3000), a covariance no more. Drawn as Poisson numbers M and T are independent: seen.
    """
    cells, scale = 3000, 1000.0
    large = NUMBERS | {"k": NUMBERS["k"] * scale, "s": NUMBERS["s"] * scale, "on": NUMBERS["on"] / scale}
    m, t, h = (mean := {pool: scale * level for pool, level in resting_mean(NUMBERS).items()}).values()
    n, moves = large, np.array([[moved.get(pool, 0) for pool in "MTH"] for _, _, moved in TITRATION]).T
    meet = np.array([n["on"] * t, n["on"] * m, -n["off"]])
    jacobian = np.array([-meet - [n["d"], 0, -n["r"]], -meet - [0, n["g"], 0], meet - [0, 0, n["r"]]])
    rates = np.array([n["k"], n["d"] * m, n["s"], n["g"] * t, n["on"] * m * t, n["off"] * h, n["r"] * h])
    exact = solve_continuous_lyapunov(jacobian, -(moves * rates) @ moves.T)
    size = np.sqrt(np.outer(np.diag(exact), np.diag(exact)))
    program = inside("MTH", TITRATION, list(NUMBERS))
    for lives, fits in ((chemistry.LIVES, True), (0.0, False)):
        monkeypatch.setattr(chemistry, "LIVES", lives)
        values = values_of(program, large | mean, cells)
        reactions = Reactions(program, NOWHERE, "cell")
        reactions.settle(values, streams(cells, 6))
        off = np.abs(np.cov(values[reactions.places]) - exact) / size
        assert (off.max() < 2 * tau.EPSILON + 6.5 * math.sqrt(2 / cells)) == fits


def test_independent_molecules_need_no_settling() -> None:
    """Receptors that arrive at a constant rate, surface and are lost: Poisson as drawn, and no event is spent.

    The arrival is a process of another part; it is held at its mean, and nothing of it moves.
    """
    program, cells = inside("RI", SURFACING, "kdesg"), 4000
    numbers = {"k": 2.0, "d": 0.5, "e": 3.0, "s": 0.2, "g": 0.4}
    mean = {"I": 3.0 / 0.6, "R": (2.0 + 0.2 * 5.0) / 0.5}
    values, mine = values_of(program, numbers | mean, cells), streams(cells)
    reactions = Reactions(program, NOWHERE, "cell")
    assert reactions.names == ("R", "I")
    found = reactions.settle(values, mine)
    assert found.steps == tau.Steps()
    for pool in "RI":
        assert chances(values[program.index[pool]], poisson_law(mean[pool])) > ALARM
    reactions.advance(values, mine, 5.0)  # alone, without arrivals, I falls by e^-3
    assert chances(values[program.index["I"]], poisson_law(5.0 * math.exp(-3.0))) > ALARM


def test_settling_waits_for_the_slowest_relaxation() -> None:
    """Decay of H alone from outside the titration: with on = 0 all rates stand in the Jacobian's diagonal."""
    program, values = titrating(3, **(NUMBERS | {"on": np.array([0.0, 0.0, 0.0]), "g": np.array([0.5, 0.05, 0.3])}))
    whole = Reactions(program, NOWHERE, "cell")._rest
    assert whole.is_interacting
    assert whole.slowest(values[whole.rows]) == pytest.approx(1 / 0.05, rel=1e-12)


def test_neither_blocks_nor_threads_nor_order_nor_company_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also not how often the compiled loop comes back. Large cells leap, small ones fire one by one."""
    cells = 40
    large = np.tile([1.0, 3000.0], cells // 2)
    program, values = titrating(cells, k=NUMBERS["k"] * large, s=NUMBERS["s"] * large, on=NUMBERS["on"] / large)
    reactions, numbers = Reactions(program, NOWHERE, "cell"), streams(cells)

    def run(chosen: np.ndarray, **how: int) -> np.ndarray:
        mine, own = values[:, chosen].copy(), numbers[chosen].copy()
        for _ in range(3):
            found = reactions.advance(mine, own, 5.0, **how)
            assert found.steps.leaps > 0
        return mine

    every = np.arange(cells)
    whole = run(every)
    assert np.all(whole[reactions.places] == np.floor(whole[reactions.places]))
    for how in ({"block": 1}, {"block": 7, "workers": 3}, {"workers": 2}):
        assert run(every, **how).tolist() == whole.tolist()
    order = np.random.default_rng(1).permutation(cells)
    assert run(order).tolist() == whole[:, order].tolist()
    assert run(np.array([17])).tolist() == whole[:, [17]].tolist()
    monkeypatch.setattr(crowd, "ALLOWED", 50)
    assert run(every).tolist() == whole.tolist()


def test_a_cell_of_a_crowd_is_the_replicate_alone() -> None:
    """Bit for bit what `tau.advance` gives with the same stream."""
    of = small(dict.fromkeys("MTH", 0.0), TITRATION, NUMBERS | {"k": 500.0, "s": 700.0, "on": 1e-3})
    program, values = titrating(5, k=500.0, s=700.0, on=1e-3)
    Reactions(program, NOWHERE, "cell").advance(values, streams(5), 4.0)
    for cell in range(5):
        v = of.fresh()
        tau.advance(of.net, v, of.sums(), stream(1, "chemistry", cell), 0.0, 4.0)
        assert v[of.net.place].tolist() == values[program.index["M"]:program.index["H"] + 1, cell].tolist()


def test_what_was_made_and_lost_is_counted() -> None:
    """Pools change by firings times moves, exactly, in every cell, by leaps and by single events."""
    cells = 30
    program, values = titrating(cells, k=np.geomspace(1.0, 3000.0, cells), s=np.geomspace(1.0, 3000.0, cells),
                                on=1.0 / np.geomspace(1.0, 3000.0, cells))
    reactions, numbers = Reactions(program, NOWHERE, "cell"), streams(cells)
    moves = np.array([[moved.get(pool, 0) for pool in reactions.names] for _, _, moved in TITRATION])
    for duration in (0.1, 3.0, 20.0):
        before = values[reactions.places].copy()
        found = reactions.advance(values, numbers, duration)
        assert (values[reactions.places] - before).tolist() == (found.counts @ moves).T.tolist()
        assert values[reactions.places].min() >= 0
    assert found.steps.leaps > 0 < found.steps.exact


def test_a_cell_without_numbers_and_a_broken_pool_are_named() -> None:
    program, values = titrating(4)
    values[program.index["on"], 2] = math.nan
    reactions = Reactions(program, NOWHERE, "cell")
    found = reactions.advance(values, streams(4), 1.0)
    assert found.message == "cell 2: the rate of `titration_binding/4` is no number"
    assert found.steps.lost == 1
    values[program.index["on"], 2] = math.inf
    values[reactions.places] = 3.0
    assert "cell 2" in reactions.advance(values, streams(4), 1.0).message
    values[program.index["T"], 3] = 2.5
    with pytest.raises(ValueError, match=r"`T` of cell 3 is 2\.5"):
        reactions.advance(values, streams(4), 1.0)


RELAXING: list[Reaction] = [("signal_production", ("made",), {"S": 1}), ("signal_decay", ("d", "S"), {"S": -1})]
CHAIN: list[Reaction] = [
    ("signal_production", ("made",), {"S": 1}), ("signal_decay", ("d", "S"), {"S": -1}),
    ("signal_production", ("felt",), {"U": 1}), ("signal_decay", ("e", "U"), {"U": -1}),
    ("cargo_decay", ("d", "C"), {"C": -1}),
]


def test_a_linear_signal_relaxes_as_it_must_and_the_middle_is_the_middle() -> None:
    """s = made/d + (s0 - made/d) e^-dt, also at half the window.

    Each step's estimated error is within `RELATIVE` of s, errors only decay, and 30 steps are enough for d t <= 6
    with tails of the same size: 30 `RELATIVE`.
    """
    program, cells = inside("S", RELAXING, ["made", "d"]), 50
    d, made, start = np.geomspace(1e-5, 1e-3, cells), np.geomspace(1e-3, 1e-4, cells), np.linspace(0.5, 4.0, cells)
    values = values_of(program, {"d": d, "made": made, "S": start}, cells)
    signals = Signals(program, NOWHERE, "cell")
    found = signals.advance(values, 0.0, 6000.0)
    assert found.message == ""
    for now, time in ((found.middle[0], 3000.0), (values[signals.places[0]], 6000.0)):
        exact = made / d + (start - made / d) * np.exp(-d * time)
        assert np.abs(now / exact - 1).max() < 30 * chemistry.RELATIVE


def test_signals_follow_cvode_and_touch_nothing_else() -> None:
    """A signal that another one raises by a Hill rule, in cells of their own numbers, against a solver at 1e-11.

    The tolerance is that of the test above; the rule's slope in logarithms is at most its steepness 3 times the
    error of its source, so 4 x 30 `RELATIVE`.
    """
    rule = Assignment("felt", "modulated", ("base", "fold", "S", "half", "hill"))
    program, cells = inside("SUC", CHAIN, ["made", "d", "e", "base", "fold", "half", "hill"], [rule]), 64
    rng = np.random.default_rng(8)
    numbers = {"made": 3e-4, "d": 2e-4, "e": 6e-4, "base": 6e-4, "fold": 5.0, "half": 1.0, "hill": 3.0, "C": 7.0}
    spread = {name: number * rng.uniform(0.5, 2.0, cells) for name, number in numbers.items()}
    values = values_of(program, spread | {"hill": 3.0, "S": 0.2, "U": 1.0}, cells)
    before, signals = values.copy(), Signals(program, NOWHERE, "cell")
    assert signals.names == ("S", "U")
    found = signals.advance(values, 0.0, 1800.0)
    others = np.setdiff1d(np.arange(program.size), signals.places)
    assert values[others].tolist() == before[others].tolist()
    for cell in range(0, cells, 9):
        n = {name: before[place, cell] for name, place in program.index.items()}

        def rate(_t: float, y: np.ndarray, n: dict[str, float] = n) -> list[float]:
            raised = 1 + (n["fold"] - 1) * y[0] ** 3 / (y[0] ** 3 + n["half"] ** 3)
            return [n["made"] - n["d"] * y[0], n["base"] * raised - n["e"] * y[1]]

        exact = solve_ivp(rate, (0.0, 1800.0), [0.2, 1.0], method="DOP853", t_eval=[900.0, 1800.0], rtol=1e-11,
                          atol=1e-13).y
        mine = np.stack([found.middle[:, cell], values[signals.places, cell]], axis=1)
        assert np.abs(mine / exact - 1).max() < 4 * 30 * chemistry.RELATIVE


def test_a_signal_that_runs_away_is_named_with_its_cell_and_time() -> None:
    """e^(k t) with k = 1 per s passes the largest number, e^709, within the window that begins at 1 h.

    The last time known is the window's start, 1 h, or 1.25 h where its middle at 900 s were reached; it is not.
    """
    program = inside("S", [("signal_production", ("k", "S"), {"S": 1})], "k")
    values = values_of(program, {"k": np.array([1e-3, 1.0, 0.0]), "S": 1.0}, 3)
    found = Signals(program, NOWHERE, "cell").advance(values, 3600.0, 1800.0)
    assert found.message.startswith("cell 1: `S` runs away after 1 h")
    assert values[program.index["S"], 0] == pytest.approx(math.exp(1.8), rel=30 * chemistry.RELATIVE)
    assert values[program.index["S"], 2] == 1.0


def test_a_cell_type_without_signals_or_reactions_has_nothing_to_do() -> None:
    program = inside("A", BIRTH_DEATH, "kd")
    values = values_of(program, {"k": 1.0, "d": 1.0, "A": 3.0}, 2)
    assert Signals(program, NOWHERE, "cell").advance(values, 0.0, 10.0).middle.shape == (0, 2)
    only = inside("S", RELAXING, ["made", "d"])
    state = values_of(only, {"made": 1.0, "d": 1.0, "S": 3.0}, 2)
    idle = Reactions(only, NOWHERE, "cell")
    assert idle.settle(state, streams(2)).counts.shape == (2, 0)
    assert idle.advance(state, streams(2), 10.0).steps == tau.Steps()
    assert state[only.index["S"]].tolist() == [3.0, 3.0]
