r"""Fusion events recovered from traces of CD63-pHluorin, with a stated rate of false ones.

At every frame a step with the decay of the label is fitted by least squares to a window of :math:`w` frames
before and :math:`w` after it, on top of a free level and a free remainder of earlier events (both decay laws are
projected out, so neither baseline, earlier events nor slow bleaching act). That is one linear
filter: its output is the jump, and in noise alone a stationary Gaussian series of known standard deviation and
lag-one correlation :math:`\rho`. It crosses a threshold of :math:`u` standard deviations upwards with probability

.. math:: 2\,T\!\left(u, \sqrt{(1 - \rho)/(1 + \rho)}\right)

per frame, T being Owen's function; the threshold is set by the rate of false events that is asked for (crossings of
one excursion are removed together, so it is kept from above). Events are taken one by one, highest first, each
removed with its whole response, so that overlapping ones stay visible; then all are fitted together, and those
that fall below the threshold are dropped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from vesica.errors import error
from vesica.instruments.nta_response import FloatArray

HOUR: Final = 3600.0
_MAD: Final = 1.482602218505602  # standard deviation over median absolute deviation, for a normal law


@dataclass(frozen=True)
class Detector:
    """A filter and its threshold.

    Parameters
    ----------
    decay : s, > 0
        Of the signal of one event.
    interval : s, > 0
        Between frames.
    window : frames, >= 3
        On either side.
    threshold : standard deviations of the filter's output in noise
    """

    decay: float
    interval: float
    window: int
    threshold: float

    def __post_init__(self) -> None:
        if not (self.decay > 0 and self.interval > 0 and self.window >= 3 and self.threshold > 0):
            raise error(
                "--window",
                f"decay {self.decay:g} s, {self.interval:g} s per frame, window {self.window} frames",
                "times are above zero, and a window holds three frames or more",
                "a jump could not be told from noise",
                "give a longer `--window`, or record more frames per second",
            )

    @cached_property
    def weights(self) -> FloatArray:
        """(2 window,) Weights of the frames, whose sum of products is the jump."""
        lag = np.arange(-self.window, self.window)
        fade = np.exp(-lag * self.interval / self.decay)
        step = np.where(lag >= 0, fade, 0.0)
        level = np.stack([np.ones(lag.size), fade], axis=1)
        left = step - level @ np.linalg.lstsq(level, step, rcond=None)[0]
        weights: FloatArray = left / (left @ step)
        return weights

    @property
    def error(self) -> float:
        """Standard deviation of a jump, over that of the noise of one frame."""
        return float(np.linalg.norm(self.weights))

    @property
    def correlation(self) -> float:
        """Of the outputs of neighbouring frames in white noise."""
        return float(self.weights[1:] @ self.weights[:-1] / (self.weights @ self.weights))

    @property
    def false_per_hour(self) -> float:
        """Expected upward crossings of the threshold in an hour of white noise."""
        return HOUR / self.interval * _upcrossing(self.threshold, self.correlation)

    @cached_property
    def response(self) -> FloatArray:
        """(2 window + 1,) Output around an event of jump 1, from ``-window`` to ``window`` frames; zero elsewhere."""
        frames = np.arange(4 * self.window + 1)
        since = (frames - 2 * self.window) * self.interval
        return self.jumps(np.where(since >= 0, np.exp(-np.maximum(since, 0) / self.decay), 0.0))[
            : 2 * self.window + 1
        ]

    def jumps(self, fluorescence: FloatArray) -> FloatArray:
        """(frame - 2 window + 1,) Fitted jump at each frame, from frame ``window`` on."""
        from scipy.signal import correlate

        jumps: FloatArray = correlate(fluorescence, self.weights, mode="valid")
        return jumps

    def seen_share(self, amplitude: FloatArray, noise: float) -> FloatArray:
        """(event,) Probability that a lone event of this jump passes the threshold."""
        from scipy.special import ndtr

        share: FloatArray = ndtr(np.asarray(amplitude) / (noise * self.error) - self.threshold)
        return share


def _upcrossing(threshold: float, correlation: float) -> float:
    """Probability that a stationary Gaussian series rises above a threshold from one step to the next."""
    from scipy.special import owens_t

    return float(2 * owens_t(threshold, math.sqrt((1 - correlation) / (1 + correlation))))


def make_detector(*, decay: float, interval: float, window: float, false_per_hour: float) -> Detector:
    """A detector with a given rate of false events.

    Parameters
    ----------
    decay, interval, window : s
    false_per_hour : 1/h, > 0
        In one cell.

    Raises
    ------
    InputError
        A rate that no threshold has: zero, or more than chance crossings of the mean.
    """
    from scipy.optimize import brentq

    frames = round(window / interval) if interval > 0 else 0
    probe = Detector(decay, interval, frames, 1.0)
    highest = HOUR / interval * _upcrossing(0.0, probe.correlation)
    if not 0 < false_per_hour < highest:
        raise error(
            "--false-rate",
            f"{false_per_hour:g} false events an hour",
            f"the rate is above 0 and below {highest:.3g} per hour",
            "no threshold has that rate",
            "write, for example, `--false-rate \"0.1 1/h\"`",
        )

    def excess(threshold: float) -> float:
        return math.log(
            HOUR / interval * max(_upcrossing(threshold, probe.correlation), 1e-300) / false_per_hour
        )

    return Detector(decay, interval, frames, float(brentq(excess, 0.0, 30.0, xtol=1e-10)))


def noise_of(fluorescence: FloatArray) -> tuple[float, float]:
    """Standard deviation of the white noise of a trace, and a check on its whiteness.

    Returns
    -------
    sd : fluorescence
        From the median absolute difference of neighbouring frames: rare jumps do not act on it.
    correlation : dimensionless
        Of neighbouring differences, -1/2 for white noise; differences beyond three standard deviations are cut.
    """
    steps = np.diff(fluorescence)
    sd = _MAD * float(np.median(np.abs(steps - np.median(steps)))) / math.sqrt(2)
    if sd == 0:
        return 0.0, math.nan
    cut = np.clip(steps, -3 * math.sqrt(2) * sd, 3 * math.sqrt(2) * sd)
    cut = cut - cut.mean()
    return sd, float(cut[1:] @ cut[:-1] / (cut @ cut))


@dataclass(frozen=True, eq=False)
class Events:
    """Events found in one trace.

    Parameters
    ----------
    time : (event,) s
        Half a frame before the first frame that shows it; from the start of the trace.
    amplitude : (event,) fluorescence
        Jumps, fitted together.
    score : (event,) dimensionless
        Jump over its standard deviation when it was found.
    noise : fluorescence
        Standard deviation of one frame.
    whiteness : dimensionless
        See `noise_of`.
    searched : s
        Time that was searched: the trace less a window at both ends.
    """

    time: FloatArray
    amplitude: FloatArray
    score: FloatArray
    noise: float
    whiteness: float
    searched: float


def find_events(fluorescence: FloatArray, detector: Detector) -> Events:
    """Events of one trace.

    Parameters
    ----------
    fluorescence : (frame,) finite
        At uniform intervals.
    detector : Detector

    Raises
    ------
    InputError
        Shorter than two windows and a frame.
    """
    if fluorescence.size < 2 * detector.window + 2:
        raise error(
            "recording",
            f"{fluorescence.size} frames",
            f"a trace is longer than two windows ({2 * detector.window} frames)",
            "no jump can be fitted",
            "record longer, or give a shorter `--window`",
        )
    noise, whiteness = noise_of(fluorescence)
    jumps = detector.jumps(fluorescence)
    searched = jumps.size * detector.interval
    if noise == 0:  # a constant trace, or one without noise: nothing can be judged by it
        return Events(np.empty(0), np.empty(0), np.empty(0), noise, whiteness, searched)
    places, scores = _take(jumps, detector, noise * detector.error)
    amplitude = _together(jumps, places, detector)
    while amplitude.size and amplitude.min() < detector.threshold * noise * detector.error:
        kept = (
            np.arange(amplitude.size) != amplitude.argmin()
        )  # left over from the removal of a larger neighbour
        places, scores = places[kept], scores[kept]
        amplitude = _together(jumps, places, detector)
    order = np.argsort(places)
    time = (places[order] + detector.window - 0.5) * detector.interval
    return Events(time, amplitude[order], scores[order], noise, whiteness, searched)


def _take(jumps: FloatArray, detector: Detector, error_of_jump: float) -> tuple[FloatArray, FloatArray]:
    """Places and scores of events, highest first; each is removed with its response before the next is sought."""
    left, width = jumps.copy(), detector.window
    allowed = np.ones(left.size, dtype=bool)
    places, scores = [], []
    while True:
        place = int(np.argmax(np.where(allowed, left, -np.inf)))
        height = left[place]
        if not allowed[place] or height < detector.threshold * error_of_jump:
            return np.array(places, dtype=int), np.array(scores)
        places.append(place)
        scores.append(height / error_of_jump)
        first, last = max(place - width, 0), min(place + width + 1, left.size)
        left[first:last] -= height * detector.response[first - place + width : last - place + width]
        allowed[max(place - 1, 0) : place + 2] = False  # a second event within a frame is the same one


def _together(jumps: FloatArray, places: FloatArray, detector: Detector) -> FloatArray:
    """Jumps of all events, fitted together where their responses overlap."""
    if places.size == 0:
        return np.empty(0)
    lag = places[:, None] - places[None, :] + detector.window
    inside = (lag >= 0) & (lag < detector.response.size)
    shared = np.where(inside, detector.response[np.clip(lag, 0, detector.response.size - 1)], 0.0)
    from scipy.optimize import nnls

    amplitude: FloatArray = nnls(shared, jumps[places])[0]
    return amplitude
