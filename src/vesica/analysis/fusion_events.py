r"""Rates of fusion events from single-cell traces, and whether they come as chance brings them.

Not every event is found: small ones stay below the threshold, and close ones are taken for one. How many are found
of how many there were is learnt by running the same detector over synthetic recordings with the noise, the
length and the jumps of the real one (the law of jumps is a log-normal fitted to those found, cut at the threshold). The
true rate is the one that gives as many events as were found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.instruments.phluorin import Recorder, trace
from vesica.instruments.phluorin_events import HOUR, Detector, Events, find_events
from vesica.rng import stream

FloatArray = NDArray[np.float64]
ENOUGH: Final = 10  # events from which a law of jumps is fitted
FEWEST_INTERVALS: Final = 3
SHUFFLES: Final = 999
RECORDINGS: Final = 99
SUSPECT: Final = 0.05
_NODES: Final = 41  # of the Gauss-Hermite sum
_ROUNDS: Final = 15
_TRIALS: Final = 2000  # synthetic events: the share found is known to 1 %
_MOST_CELLS: Final = 300
_FURTHEST: Final = 50.0  # times the events found: beyond, the detector is blind
_SETTLED: Final = 0.01  # relative, between rounds


@dataclass(frozen=True)
class JumpLaw:
    """Log-normal law of the jumps: median (fluorescence) and width of the logarithm."""

    median: float
    width: float


def jump_law(found: Sequence[Events], detector: Detector) -> JumpLaw | None:
    """The law behind the jumps that were found; None from fewer than ten.

    Maximum likelihood: a jump is log-normal, it is measured with the normal error of its cell's filter, and
    only measured jumps above the threshold are known. The integral over the jump is a Gauss-Hermite sum.
    """
    from scipy.optimize import minimize
    from scipy.special import ndtr

    errors = np.concatenate([np.full(one.score.size, one.noise * detector.error) for one in found])
    if errors.size < ENOUGH:
        return None
    scores = np.concatenate([one.score for one in found])
    measured = scores * errors
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()

    def surprise(at: FloatArray) -> float:
        jumps = np.exp(at[0] + math.exp(at[1]) * nodes)
        density = np.exp(-0.5 * ((measured[:, None] - jumps) / errors[:, None]) ** 2) @ weights / errors
        passing = ndtr(jumps / errors[:, None] - detector.threshold) @ weights
        return float(-np.log(np.maximum(density, 1e-300) / np.maximum(passing, 1e-300)).sum())

    logs = np.log(measured)
    spread = max(float(logs.std()), 0.05)
    # Bounds keep a sample that shows only the tail of the law from running to a median of zero.
    bounds = [(logs.mean() - 3 * spread, logs.mean() + spread), (math.log(spread / 3), math.log(3 * spread))]
    start = np.array([logs.mean(), math.log(spread)])
    best = minimize(surprise, start, bounds=bounds, method="L-BFGS-B")
    return JumpLaw(math.exp(best.x[0]), math.exp(best.x[1]))


@dataclass(frozen=True)
class Rate:
    """A rate of events, per cell and hour.

    Parameters
    ----------
    found : event
    hours : cell h
        That were searched.
    raw, raw_low, raw_high : 1/cell/h
        Events over time, with the exact 95 % interval of a Poisson count (Garwood 1936).
    value, low, high : 1/cell/h or None
        Corrected for events missed, merged and false; None where the law of jumps is unknown.
    found_share : dimensionless or None
        Events found (false ones too) per true event at that rate.
    saturated : bool
        More were found than any rate would give: only the raw rate holds, as a lower bound.
    """

    found: int
    hours: float
    raw: float
    raw_low: float
    raw_high: float
    value: float | None = None
    low: float | None = None
    high: float | None = None
    found_share: float | None = None
    saturated: bool = False


def poisson_interval(count: int, level: float = 0.95) -> tuple[float, float]:
    """Exact two-sided interval of a Poisson mean."""
    from scipy.stats import chi2

    tail = (1 - level) / 2
    low = float(chi2.ppf(tail, 2 * count) / 2) if count > 0 else 0.0
    return low, float(chi2.ppf(1 - tail, 2 * (count + 1)) / 2)


def rate(found: Sequence[Events], detector: Detector, law: JumpLaw | None, *, seed: int = 1) -> Rate:
    """Rate of the events of several cells.

    Parameters
    ----------
    found : (cell,) Events
    detector : Detector
    law : JumpLaw or None
        As from `jump_law`.
    seed : int
        Of the synthetic recordings.

    Notes
    -----
    The ends of the corrected interval are those of the raw one, corrected by the same share: what is
    uncertain in the law of jumps is not in them.
    """
    count = sum(one.time.size for one in found)
    hours = sum(one.searched for one in found) / HOUR
    ends = poisson_interval(count)
    plain = Rate(count, hours, count / hours, ends[0] / hours, ends[1] / hours)
    if law is None:
        return plain
    rehearsal = Rehearsal(tuple(found), detector, law, seed)
    value = rehearsal.solve(plain.raw)
    if value is None:
        return replace(plain, saturated=True)
    if value == 0:
        return replace(plain, value=0.0, low=0.0, high=max(plain.raw_high - detector.false_per_hour, 0.0))
    false = detector.false_per_hour
    low, high = (
        value * max(end - false, 0.0) / (plain.raw - false) for end in (plain.raw_low, plain.raw_high)
    )
    return replace(plain, value=value, low=low, high=high, found_share=plain.raw / value)


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """Synthetic recordings with the length, the noise and the law of jumps of real ones."""

    found: tuple[Events, ...]
    detector: Detector
    law: JumpLaw
    seed: int

    def solve(self, wanted: float) -> float | None:
        """True rate (1/cell/h) that gives ``wanted`` found ones; None where no rate does.

        The share found changes slowly with the rate, so the fixed point is reached in a few rounds.
        """
        floor = self.detector.false_per_hour
        if wanted <= floor:
            return 0.0
        trial, cells = wanted, self._cells(wanted)
        for _ in range(_ROUNDS):
            share = self.share(trial, cells)
            new = (wanted - floor) / share if share > 0 else math.inf
            if not new < _FURTHEST * wanted:
                return None
            if abs(new - trial) <= _SETTLED * trial:
                return new
            trial = (trial + new) / 2  # shares are noisy by 1 %: half a step settles
        return None

    def _cells(self, rate_per_hour: float) -> int:
        """Synthetic cells that hold enough events."""
        return min(math.ceil(_TRIALS * HOUR / (rate_per_hour * self._length)), _MOST_CELLS)

    def share(self, rate_per_hour: float, cells: int) -> float:
        """Events found beyond the expected false ones, per true event, at a rate; from so many synthetic cells."""
        some = [self.cell(rate_per_hour, number) for number in range(cells)]
        hours = sum(one.searched for one in some) / HOUR
        return (sum(one.time.size for one in some) / hours - self.detector.false_per_hour) / rate_per_hour

    def cell(self, rate_per_hour: float, number: int) -> Events:
        """Events found in synthetic cell ``number``, which has the noise of one of the real cells."""
        rng = stream(self.seed, "rehearsed recording", number)
        recorder = Recorder(
            self.detector.decay,
            self.law.median,
            0.0,
            self.found[number % len(self.found)].noise,
            0.0,
            math.inf,
            self.detector.interval,
            self._length + self.detector.interval / 2,
        )
        count = int(rng.poisson(rate_per_hour * self._length / HOUR))
        jumps = self.law.median * np.exp(self.law.width * rng.standard_normal(count))
        made = trace(rng.uniform(0, self._length, count), jumps, recorder, rng)
        return find_events(made.fluorescence, self.detector)

    @property
    def _length(self) -> float:
        return self.found[0].searched + (2 * self.detector.window - 1) * self.detector.interval


@dataclass(frozen=True)
class Chance:
    """Events held against a Poisson process.

    Parameters
    ----------
    intervals : int
        Between neighbouring events of one cell.
    interval_cv : dimensionless or None
        Spread of the intervals over their mean: about 1 by chance.
    interval_p : dimensionless or None
        Two-sided, among recordings with as many events for each cell, placed by chance; where that is below
        0.05, among synthetic recordings seen through the detector.
    cell_dispersion : dimensionless or None
        Variance over mean of the events of the cells: about 1 by chance.
    cell_p : dimensionless or None
        Upper tail, among ways to give the same events to the cells.
    """

    intervals: int
    interval_cv: float | None
    interval_p: float | None
    cell_dispersion: float | None
    cell_p: float | None


def against_chance(
    found: Sequence[Events],
    detector: Detector,
    *,
    law: JumpLaw | None = None,
    true_rate: float | None = None,
    seed: int = 1,
) -> Chance:
    """Bursts, refractory times and differences between cells, against chance.

    Parameters
    ----------
    found : (cell,) Events
    detector : Detector
    law, true_rate : JumpLaw, 1/cell/h, optional
        With both, what shuffled times find unlikely is judged again by whole recordings: a detector overlooks small
        events beside large ones, which looks like a refractory time and is none.
    seed : int

    Notes
    -----
    p values are exact but for the number of trials: (1 + as extreme) / (1 + trials).
    """
    rng = stream(seed, "events by chance", 0)
    counts = np.array([one.time.size for one in found])
    spans = np.array([one.searched for one in found])
    intervals = int(np.maximum(counts - 1, 0).sum())
    cv = p = dispersion = cell_p = None
    if intervals >= FEWEST_INTERVALS:
        cv = _spread([np.diff(one.time) for one in found])
        p = _two_sided(
            cv, [_spread(_chance_gaps(counts, spans, 2 * detector.interval, rng)) for _ in range(SHUFFLES)]
        )
        if p < SUSPECT and law is not None and true_rate:
            rehearsal = Rehearsal(tuple(found), detector, law, seed)
            trials = [
                [
                    np.diff(rehearsal.cell(true_rate, trial * counts.size + cell).time)
                    for cell in range(counts.size)
                ]
                for trial in range(RECORDINGS)
            ]
            p = _two_sided(
                cv, [_spread(gaps) for gaps in trials if sum(gap.size for gap in gaps) >= FEWEST_INTERVALS]
            )
    if counts.size > 1 and counts.sum() > 0:
        dispersion = float(counts.var(ddof=1) / counts.mean())
        dealt = rng.multinomial(int(counts.sum()), spans / spans.sum(), size=SHUFFLES)
        as_far = int((dealt.var(axis=1, ddof=1) >= counts.var(ddof=1) - 1e-12).sum())
        cell_p = (1 + as_far) / (1 + SHUFFLES)
    return Chance(intervals, cv, p, dispersion, cell_p)


def _two_sided(value: float, chance: Sequence[float]) -> float:
    by_chance = np.array(chance)
    above, below = 1 + int((by_chance >= value).sum()), 1 + int((by_chance <= value).sum())
    return min(1.0, 2 * min(above, below) / (1 + by_chance.size))


def _spread(gaps: Sequence[FloatArray]) -> float:
    pooled = np.concatenate(gaps)
    return float(pooled.std() / pooled.mean())


def _chance_gaps(
    counts: NDArray[np.int64], spans: FloatArray, dead: float, rng: np.random.Generator
) -> list[FloatArray]:
    """Intervals of events placed by chance, no closer than ``dead``; as many as each cell has."""
    return [
        np.diff(np.sort(rng.uniform(0, max(span - (count - 1) * dead, 0.0), count))) + dead
        for count, span in zip(counts, spans, strict=True)
        if count > 1
    ]
