r"""What a CD63-pHluorin recording would show: the fluorescence of single cells while MVBs fuse.

Inside an MVB the label is dark (acid); a fusion at :math:`t_i` brings it to neutral pH at once, and the
signal decays as the label diffuses away or is taken back. A cell's trace is

.. math:: y(t) = e^{-t/\tau_b} \Big(b + \sum_i A_i e^{-(t - t_i)/\tau} [t \ge t_i]\Big) + \text{noise}

with log-normal jumps :math:`A_i`, bleaching :math:`\tau_b` and white noise. Fusions are a Poisson process.

Source of the signal and of :math:`\tau`: Verweij et al., J Cell Biol 217:1129 (2018), doi 10.1083/jcb.201703206.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vesica.errors import error
from vesica.instruments.nta_response import FloatArray


@dataclass(frozen=True)
class Recorder:
    r"""A microscope and its label; every constant is given.

    Parameters
    ----------
    decay : s
        :math:`\tau` of one event.
    amplitude : fluorescence
        Mean jump.
    amplitude_cv : dimensionless, >= 0
    noise : fluorescence, >= 0
        Standard deviation of one frame.
    baseline : fluorescence, >= 0
    bleaching : s
        Time constant; infinite for none.
    interval : s
        Between frames.
    duration : s
        Of the recording.
    """

    decay: float
    amplitude: float
    amplitude_cv: float
    noise: float
    baseline: float
    bleaching: float
    interval: float
    duration: float

    def __post_init__(self) -> None:
        above = (self.decay, self.amplitude, self.bleaching, self.interval, self.duration)
        if not all(value > 0 for value in above) or min(self.amplitude_cv, self.noise, self.baseline) < 0:
            raise error(
                "phluorin",
                f"{self}",
                "times and jumps are above zero, noise is not negative",
                "no trace would follow",
                "take the constants from the library",
            )
        if self.duration < 10 * self.interval:
            raise error(
                "phluorin.duration",
                f"{self.duration:g} s at one frame each {self.interval:g} s",
                "a recording has ten frames at least",
                "no event could be told from noise",
                "record longer",
            )

    @property
    def times(self) -> FloatArray:
        """(frame,) s."""
        return self.interval * np.arange(int(self.duration / self.interval))


@dataclass(frozen=True, eq=False)
class CellTrace:
    """One cell's recording and what was really there.

    Parameters
    ----------
    fluorescence : (frame,)
    event_time : (event,) s
    event_amplitude : (event,) fluorescence
        Before bleaching.
    """

    fluorescence: FloatArray
    event_time: FloatArray
    event_amplitude: FloatArray


def draw_events(rate: float, recorder: Recorder, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Times (s) and jumps of the fusions of one cell.

    Parameters
    ----------
    rate : 1/s, >= 0
        Of fusions that the microscope can see.
    recorder : Recorder
    rng : numpy.random.Generator
    """
    if not (math.isfinite(rate) and rate >= 0):
        raise error(
            "phluorin.rate",
            f"a rate of {rate:g} per s",
            "a rate is zero or more",
            "no event would follow",
            "check the run",
        )
    count = int(rng.poisson(rate * recorder.duration))
    width = math.sqrt(math.log1p(recorder.amplitude_cv**2))
    jumps = recorder.amplitude * np.exp(width * rng.standard_normal(count) - width**2 / 2)
    return np.sort(rng.uniform(0, recorder.duration, count)), jumps


def trace(time: FloatArray, amplitude: FloatArray, recorder: Recorder, rng: np.random.Generator) -> CellTrace:
    """The fluorescence of one cell with the given events."""
    frames = recorder.times
    since = frames[:, None] - np.asarray(time)[None, :]
    signal = np.where(since >= 0, np.exp(-np.maximum(since, 0.0) / recorder.decay), 0.0) @ np.asarray(
        amplitude
    )
    clean = np.exp(-frames / recorder.bleaching) * (recorder.baseline + signal)
    return CellTrace(
        clean + recorder.noise * rng.standard_normal(frames.size), np.asarray(time), np.asarray(amplitude)
    )
