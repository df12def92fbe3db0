r"""What RT-qPCR would read: the cycle at which a reaction crosses the threshold.

Of the copies in a sample the share that survives extraction, is eluted into the reaction and is transcribed
becomes templates: a Poisson number :math:`n` of a mean :math:`\mu`. With efficiency :math:`E`,

.. math:: C_t = C_1 - \ln n / \ln(1 + E) + \text{error}

A reaction without template, or beyond the last cycle, is undetermined. A spike-in of known copies, added before the
extraction, shares all losses with the analyte; it corrects them.

Source of the law: Ruijter et al., Nucleic Acids Res 37:e45 (2009), doi 10.1093/nar/gkp045.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vesica.errors import error
from vesica.instruments.nta_response import FloatArray


@dataclass(frozen=True)
class QpcrAssay:
    """A kit and its assay; every constant is given.

    Parameters
    ----------
    efficiency : 0 < E <= 1
        Share of templates copied in one cycle.
    cycle_of_one : cycle
        Where a single template crosses the threshold.
    last_cycle : cycle
        After which nothing is detected.
    cycle_sd : cycle, >= 0
        Between wells, beyond counting.
    input_volume : mL
        Sample extracted.
    eluate_share : 0..1
        Extracted RNA in one reaction.
    recovery, recovery_cv : 0..1, dimensionless
        Share that survives extraction, and how it varies between samples.
    transcription : 0..1
        RNA templates that become cDNA.
    spike_copies : copy
        Added to each sample before extraction.
    """

    efficiency: float
    cycle_of_one: float
    last_cycle: float
    cycle_sd: float
    input_volume: float
    eluate_share: float
    recovery: float
    recovery_cv: float
    transcription: float
    spike_copies: float

    def __post_init__(self) -> None:
        shares = (self.efficiency, self.eluate_share, self.recovery, self.transcription)
        if not all(0 < share <= 1 for share in shares) or self.input_volume <= 0 or self.cycle_sd < 0:
            raise error(
                "qpcr",
                f"{self}",
                "efficiencies and shares lie above 0 and up to 1, volumes above 0",
                "no template would reach the reaction",
                "take the constants from the library",
            )

    def cycle(self, templates: FloatArray) -> FloatArray:
        """(well,) Cycle of a number of templates, without error; NaN for none."""
        with np.errstate(divide="ignore"):
            cycles: FloatArray = self.cycle_of_one - np.log(np.asarray(templates, dtype=float)) / math.log1p(
                self.efficiency
            )
        return np.where(np.isfinite(cycles), cycles, np.nan)

    def templates(self, cycle: FloatArray) -> FloatArray:
        """(well,) Templates that cross the threshold at a cycle: the inverse of `cycle`."""
        back: FloatArray = np.exp(
            (self.cycle_of_one - np.asarray(cycle, dtype=float)) * math.log1p(self.efficiency)
        )
        return back


def draw_recovery(assay: QpcrAssay, rng: np.random.Generator) -> float:
    """Recovery of one extraction: log-normal of the given mean and spread, at most one."""
    width = math.sqrt(math.log1p(assay.recovery_cv**2))
    return min(assay.recovery * math.exp(width * rng.standard_normal() - width**2 / 2), 1.0)


def wells_of(
    copies: float, assay: QpcrAssay, *, recovery: float, wells: int, rng: np.random.Generator
) -> FloatArray:
    """Cycles of replicate reactions of one extraction.

    Parameters
    ----------
    copies : >= 0
        RNA copies in the extracted volume.
    assay : QpcrAssay
    recovery : 0..1
        Of this extraction, see `draw_recovery`.
    wells : int
    rng : numpy.random.Generator

    Returns
    -------
    (wells,) cycle
        NaN where undetermined.
    """
    if not (math.isfinite(copies) and copies >= 0):
        raise error(
            "qpcr.copies",
            f"{copies:g} copies",
            "a sample holds zero copies or more",
            "no cycle would follow",
            "check the sample",
        )
    mean = copies * recovery * assay.eluate_share * assay.transcription
    return _cycles(rng.poisson(mean, wells), assay, rng)


def standard_wells(copies: FloatArray, assay: QpcrAssay, rng: np.random.Generator) -> FloatArray:
    """(well,) Cycles of synthetic RNA, ``copies`` of it in each reaction: transcribed, not extracted."""
    return _cycles(rng.poisson(np.asarray(copies, dtype=float) * assay.transcription), assay, rng)


def _cycles(templates: FloatArray, assay: QpcrAssay, rng: np.random.Generator) -> FloatArray:
    cycles = assay.cycle(templates) + assay.cycle_sd * rng.standard_normal(templates.shape)
    return np.where(cycles <= assay.last_cycle, cycles, np.nan)


@dataclass(frozen=True)
class StandardLine:
    """The straight line of a standard curve: cycle = intercept + slope log10(copies in the reaction).

    Parameters
    ----------
    intercept, slope : cycle, cycle per decade (negative)
    residual_sd : cycle
    wells : int
        Standards that were detected.
    middle, spread : decade
        Mean of log10(copies) of these standards, and the root of their sum of squares about it.
    """

    intercept: float
    slope: float
    residual_sd: float
    wells: int
    middle: float
    spread: float

    @property
    def efficiency(self) -> float:
        """Amplification efficiency that the slope stands for."""
        return float(10 ** (-1 / self.slope) - 1)

    def copies(self, cycle: FloatArray) -> FloatArray:
        """(well,) Copies in a reaction; zero where the cycle is undetermined."""
        read = 10 ** ((np.asarray(cycle, dtype=float) - self.intercept) / self.slope)
        return np.where(np.isfinite(read), read, 0.0)

    def relative_error(self, copies: float) -> float:
        """Relative standard error of copies read off the line, from the scatter of the standards alone."""
        at = (math.log10(copies) - self.middle) / self.spread
        return self.residual_sd * math.sqrt(1 / self.wells + at**2) * math.log(10) / abs(self.slope)


def standard_line(copies: FloatArray, cycle: FloatArray) -> StandardLine:
    """Least squares through the standards that were detected.

    Raises
    ------
    InputError
        Fewer than three detected standards, or cycles that do not fall with copies.
    """
    from scipy.stats import linregress

    detected = np.isfinite(cycle) & (np.asarray(copies) > 0)
    x, y = np.log10(np.asarray(copies)[detected]), np.asarray(cycle)[detected]
    if x.size < 3 or np.unique(x).size < 2:
        raise error(
            "qpcr.standards",
            f"{x.size} detected standard wells",
            "a line needs three, at two dilutions",
            "cycles could not be turned into copies",
            "add standards of more copies",
        )
    fit = linregress(x, y)
    if not fit.slope < 0:
        raise error(
            "qpcr.standards",
            f"the standards rise by {fit.slope:.3g} cycles per decade",
            "more copies cross the threshold earlier",
            "copies would be counted backwards",
            "check the order of the standards",
        )
    left = y - fit.intercept - fit.slope * x
    about = x - x.mean()
    return StandardLine(
        float(fit.intercept),
        float(fit.slope),
        float(np.sqrt(left @ left / (x.size - 2))),
        x.size,
        float(x.mean()),
        float(np.sqrt(about @ about)),
    )


def sample_copies(
    target: FloatArray,
    spike: FloatArray,
    target_line: StandardLine,
    spike_line: StandardLine,
    assay: QpcrAssay,
) -> tuple[float, float]:
    """Copies in the extracted volume, corrected by the spike-in.

    Parameters
    ----------
    target, spike : (well,) cycle
        Replicate reactions of one extraction; NaN is undetermined and counts as no copies.
    target_line, spike_line : StandardLine
        Of both assays.
    assay : QpcrAssay
        Tells how much of the spike was added.

    Returns
    -------
    copies : copy
        In ``assay.input_volume``.
    share : dimensionless
        Of the spike that was found in a reaction: recovery times the eluate's share.

    Raises
    ------
    InputError
        The spike was not found.
    """
    share = float(spike_line.copies(spike).mean()) / assay.spike_copies
    if not share > 0:
        raise error(
            "qpcr.spike",
            "the spike-in was not detected",
            "it is in every sample that was extracted",
            "the loss in extraction is unknown",
            "extract the sample again",
        )
    return float(target_line.copies(target).mean()) / share, share
