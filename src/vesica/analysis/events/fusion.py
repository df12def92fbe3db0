r"""Rates of fusion events from single-cell traces, and whether they come as chance brings them.

Not every event is found: small ones stay below the threshold, and close ones are taken for one. How many are found
of how many there were is learnt by running the same detector over synthetic recordings with the noise, the
length and the jumps of the real one. The law of jumps is a log-normal, fitted to those found and cut at the threshold;
neighbours that lie on each other shift that fit, so the law, too, is learnt from the synthetic recordings. The true
rate and the true law are those that give as many events, of the same fitted law, as were found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.counting import poisson_interval
from vesica.instruments.phluorin import Recorder, trace
from vesica.instruments.phluorin_events import HOUR, Detector, Events, find_events
from vesica.rng import stream

FloatArray = NDArray[np.float64]
ENOUGH: Final = 10  # events from which a law of jumps is fitted
FEWEST_INTERVALS: Final = 3
SHUFFLES: Final = 999
RECORDINGS: Final = 99
SUSPECT: Final = 0.05
_FLAT: Final = 0.02  # determinant of the slopes, below which what was found leaves the rate open
_UNKNOWN: Final = 0.35  # standard error of the log rate, above which (a factor of four in the interval) it is open
_NORMAL: Final = 1.96  # quantile of 95 %
_NODES: Final = 41  # of the Gauss-Hermite sum
_FIRST: Final = 5  # rounds that find the way
_LAST: Final = 5  # rounds that are averaged; each round has recordings of its own
_LONGEST: Final = 0.5  # step of a logarithm in a round
_STEP: Final = 0.02  # of a logarithm, for the curvature of a fit
_LEAP: Final = 0.2  # of a logarithm, for the slopes of noisy recordings
_TRIALS: Final = 1500  # synthetic events of a round
_MOST_CELLS: Final = 300
_FURTHEST: Final = 20.0  # times the events found: beyond, the detector is blind


@dataclass(frozen=True, eq=False)
class JumpLaw:
    """Log-normal law of the jumps.

    Parameters
    ----------
    median : fluorescence
    width : dimensionless
        Standard deviation of the logarithm.
    covariance : (2, 2) dimensionless, optional
        Of the fitted log median and log width; None where the jumps found do not determine both.
    """

    median: float
    width: float
    covariance: FloatArray | None = None

    @property
    def logs(self) -> FloatArray:
        """(2,) Log median and log width."""
        return np.log([self.median, self.width])


def jump_law(found: Sequence[Events], detector: Detector, *, with_error: bool = True) -> JumpLaw | None:
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
    best = minimize(surprise, start, bounds=bounds, method="L-BFGS-B").x
    covariance = _inverse_curvature(surprise, best) if with_error else None
    return JumpLaw(math.exp(best[0]), math.exp(best[1]), covariance)


def _inverse_curvature(surprise: Callable[[FloatArray], float], best: FloatArray) -> FloatArray | None:
    """Covariance at the least surprise, by central differences; None where it is no minimum."""
    steps = _STEP * np.eye(2)
    curvature = np.array([
        [surprise(best + a + b) - surprise(best + a - b) - surprise(best - a + b) + surprise(best - a - b)
         for b in steps] for a in steps
    ]) / (4 * _STEP**2)  # fmt: skip
    found: FloatArray | None = np.linalg.inv(curvature) if np.linalg.eigvalsh(curvature)[0] > 0 else None
    return found


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
    The corrected interval joins, on the log scale, the error of the count and that of the fitted law, carried
    through the slopes of the synthetic recordings, and the noise of these.
    """
    count = sum(one.time.size for one in found)
    hours = sum(one.searched for one in found) / HOUR
    ends = poisson_interval(count)
    plain = Rate(count, hours, count / hours, ends[0] / hours, ends[1] / hours)
    if law is None:
        return plain
    false = detector.false_per_hour
    if plain.raw <= false:
        return replace(plain, value=0.0, low=0.0, high=max(plain.raw_high - false, 0.0))
    solved = Rehearsal(tuple(found), detector, law, seed).solve(count)
    if solved is None:
        return replace(plain, saturated=True)
    value, sd = solved
    factor = math.exp(_NORMAL * sd)
    return replace(plain, value=value, low=value / factor, high=value * factor, found_share=plain.raw / value)


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """Synthetic recordings with the length and the noise of real ones, and a law of jumps that fits them."""

    found: tuple[Events, ...]
    detector: Detector
    law: JumpLaw
    seed: int

    def solve(self, count: int) -> tuple[float, float] | None:
        """True rate (1/cell/h) behind ``count`` found events, and the standard error of its logarithm.

        None where no rate and no law of jumps give what was found: most events lie below the threshold, or on each
        other. Unknown are the logarithms of rate, median and width; known are those of the events found and of
        the law fitted to these.
        """
        if self.law.covariance is None:
            return None
        searched = sum(one.searched for one in self.found) / HOUR
        wanted = count / searched
        aim = np.array([math.log(wanted - self.detector.false_per_hour), *self.law.logs])
        cells = min(math.ceil(_TRIALS * HOUR / (wanted * self._length)), _MOST_CELLS)
        at, kept = aim.copy(), []
        for turn in range(_FIRST + _LAST):
            seen = self._seen(at, turn, cells)
            if seen is None or at[0] > math.log(_FURTHEST * wanted):
                return None
            kept.append(at + aim - seen)
            at = at + np.clip(aim - seen, -_LONGEST, _LONGEST) / 2
        found = np.mean(kept[_FIRST:], axis=0)
        sd = self._spread(found, count, cells)
        return (float(np.exp(found[0])), sd) if sd < _UNKNOWN else None

    def _spread(self, at: FloatArray, count: int, cells: int) -> float:
        """Standard error of the log rate: that of what was seen, carried back through the slopes."""
        turn = _FIRST + _LAST
        pairs = [(self._seen(at + leap, turn, cells), self._seen(at - leap, turn, cells)) for leap in _LEAP * np.eye(3)]
        slopes = np.array([(up - down) / (2 * _LEAP) for up, down in pairs if up is not None and down is not None]).T
        if slopes.shape != (3, 3) or abs(np.linalg.det(slopes)) < _FLAT:
            return math.inf
        searched = sum(one.searched for one in self.found) / HOUR
        errors = np.zeros((3, 3))
        errors[0, 0] = count / (count - self.detector.false_per_hour * searched) ** 2
        errors[1:, 1:] = self.law.covariance
        back = np.linalg.inv(slopes)[0]
        more = 1 + searched * HOUR / (_LAST * cells * self._length)  # synthetic recordings scatter like real ones
        return math.sqrt(float(back @ errors @ back) * more)

    def _seen(self, at: FloatArray, turn: int, cells: int) -> FloatArray | None:
        """(3,) What synthetic recordings show of a log rate, log median and log width; None for too few events."""
        rate_now, median, width = np.exp(at)
        law = JumpLaw(median, width)
        some = [self.cell(rate_now, turn * cells + number, law) for number in range(cells)]
        shown = jump_law(some, self.detector, with_error=False)
        hours = sum(one.searched for one in some) / HOUR
        beyond = sum(one.time.size for one in some) / hours - self.detector.false_per_hour
        return None if shown is None or beyond <= 0 else np.array([math.log(beyond), *shown.logs])

    def cell(self, rate_per_hour: float, number: int, law: JumpLaw | None = None) -> Events:
        """Events found in synthetic cell ``number``, which has the noise of one of the real cells."""
        law = law or self.law
        rng = stream(self.seed, "rehearsed recording", number)
        recorder = Recorder(
            self.detector.decay,
            law.median,
            0.0,
            self.found[number % len(self.found)].noise,
            0.0,
            math.inf,
            self.detector.interval,
            self._length + self.detector.interval / 2,
        )
        count = int(rng.poisson(rate_per_hour * self._length / HOUR))
        jumps = law.median * np.exp(law.width * rng.standard_normal(count))
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
