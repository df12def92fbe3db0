"""The medium without vesicles: its mean, its share, and the least concentration that is told from it.

A blank is subtracted at the dilution at which it was measured. A measured suspension holds the medium
diluted with the sample *and* the particles of the diluent, which do not become fewer; scaling a blank from
another dilution
multiplies the second part wrongly. So a blank of another dilution is refused, unless the user says that
the diluent is clean (``scaled=True``): then all blanks are one, per mL of the original suspension.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from vesica.analysis.nta import intervals
from vesica.analysis.nta.records import Background, Dilution, Estimate, ReplicateResult
from vesica.analysis.nta.sizes import rebin
from vesica.errors import error
from vesica.readers.records import FloatArray

RISK: Final = 0.05  # of calling a blank a sample, and of missing the limit: Currie's choice
_SAME: Final = 1e-6
CURRIE: Final = "Currie 1968, Anal Chem 40:586"


@dataclass(frozen=True, eq=False)
class BlankMean:
    """Blanks of one dilution, averaged.

    Parameters
    ----------
    estimate : Estimate, unit of the result
    bins, bins_se : (bin,) same unit
        On the grid asked for; ``bins_se`` None with a single video.
    spread : same unit or None
        Standard deviation of one unit (a blank file with two or more of them, else a video).
    is_of_files : bool
        Whether ``spread`` is between files.
    n, n_videos : int
    per_track : same unit or None
        Concentration that one more track of all blanks would have added.
    tracks : int or None
    """

    estimate: Estimate
    bins: FloatArray
    bins_se: FloatArray | None
    spread: float | None
    is_of_files: bool
    n: int
    n_videos: int
    per_track: float | None
    tracks: int | None


def matching(
    blanks: Sequence[ReplicateResult], dilution: Dilution, sample: str, *, scaled: bool
) -> tuple[ReplicateResult, ...]:
    """The blanks that were measured at a dilution.

    Raises
    ------
    InputError
        There is none, and ``scaled`` was not asked for; or only one side has a known dilution.
    """
    wanted = dilution.factor
    if scaled and wanted is not None and all(one.dilution.factor is not None for one in blanks):
        return tuple(blanks)
    fitting = tuple(one for one in blanks if _fits(one.dilution.factor, wanted))
    if fitting:
        return fitting
    by_dilution: dict[str, list[str]] = {}
    for one in blanks:
        by_dilution.setdefault(_times(one.dilution.factor), []).append(f"`{Path(one.file).name}`")
    measured = "; ".join(f"{_some(names)} {times}" for times, names in by_dilution.items())
    raise error(
        sample,
        f"the sample `{sample}` was measured {_times(wanted)}, the blank{'s' * (len(blanks) != 1)} {measured}",
        "a blank is measured at the dilution of the sample: the diluent has particles of its own, "
        "which do not become fewer when more of it is added",
        "scaling such a blank multiplies the particles of the diluent by the wrong factor",
        "say the dilution of both: `--dilution N`, or a column `dilution` in the sample sheet"
        if wanted is None or any(one.dilution.factor is None for one in blanks)
        else f"measure the medium {_times(wanted)} and give it with `--blank`; if the diluent was shown to be clean, "
        "`--scale-blank` compares both per mL of the original suspension",
        file=blanks[0].file,
    )


def _fits(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _SAME * other


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _times(factor: float | None) -> str:
    return (
        "at an unknown dilution" if factor is None else "undiluted" if factor == 1 else f"diluted {factor:g}-fold"
    )


def blank_mean(blanks: Sequence[ReplicateResult], edges: FloatArray, reference: ReplicateResult) -> BlankMean:
    """Average blanks of one dilution.

    Parameters
    ----------
    blanks : at least one
    edges : (bin + 1,) nm, grid of the sample
    reference : ReplicateResult
        Of the sample: says what one track is worth where the blanks have none.

    Notes
    -----
    The counting error is taken from tracks + 1, so that no track at all is not an exact zero.
    """
    tracks = None if any(one.tracks is None for one in blanks) else sum(one.tracks or 0 for one in blanks)
    means = np.array([one.concentration for one in blanks])
    n_videos = sum(one.n_videos for one in blanks)
    per_track = _per_track(float(means.mean()), tracks, n_videos, reference)
    counting = None if per_track is None or tracks is None else per_track * math.sqrt(tracks + 1)
    is_of_files = len(blanks) > 1
    units = means if is_of_files else blanks[0].video_concentrations
    estimate = intervals.mean_estimate(units, "replicates" if is_of_files else "videos", counting_se=counting)
    rows = [rebin(one.edges, one.bins, edges) for one in blanks]
    table = np.array([row.mean(axis=0) for row in rows]) if is_of_files else rows[0]
    bins_se = table.std(axis=0, ddof=1) / math.sqrt(len(table)) if len(table) > 1 else None
    spread = float(units.std(ddof=1)) if units.size > 1 else None
    return BlankMean(
        estimate, table.mean(axis=0), bins_se, spread, is_of_files, units.size, n_videos, per_track, tracks
    )


def _per_track(mean: float, tracks: int | None, n_videos: int, reference: ReplicateResult) -> float | None:
    if tracks is None:
        return None
    if tracks > 0 and mean > 0:
        return mean / tracks
    if not reference.tracks or reference.concentration <= 0:
        return None
    return reference.concentration / reference.tracks * reference.n_videos / n_videos


def limits(blank: BlankMean, n_replicates: int, n_videos: int) -> tuple[float | None, float | None, str]:
    r"""Critical level and detection limit of a net concentration (Currie 1968).

    Parameters
    ----------
    blank : BlankMean
    n_replicates, n_videos : int
        Of the sample that is measured against it.

    Returns
    -------
    critical, limit : unit of the blank
    words : str

    Notes
    -----
    At a true net of zero the sample scatters as the blank does, so the difference of a mean of :math:`n_s`
    units and one of
    :math:`n_b` blank units has the standard error :math:`\sigma_0 = s_b \sqrt{1/n_b + 1/n_s}`, and never less than
    by counting: with :math:`T` blank tracks and :math:`r` times as many videos of the sample,
    :math:`c_1 \sqrt{(T + 1)(1 + 1/r)}`, where :math:`c_1` is the concentration one track stands for.
    :math:`L_C = t_{0.95} \sigma_0`; with the same scatter at the limit, :math:`L_D = 2 L_C`.
    """
    n_sample = n_replicates if blank.is_of_files else n_videos
    scatter = None if blank.spread is None else blank.spread * math.sqrt(1 / blank.n + 1 / n_sample)
    counting = None
    if blank.per_track is not None and blank.tracks is not None:
        counting = blank.per_track * math.sqrt((blank.tracks + 1) * (1 + blank.n_videos / n_videos))
    from_scatter = 0.0 if scatter is None else intervals.t_quantile(blank.n - 1, 1 - RISK) * scatter
    from_counting = 0.0 if counting is None else intervals.t_quantile(math.inf, 1 - RISK) * counting
    if scatter is None and counting is None:
        return None, None, "a single blank measurement without tracks: no limit can be derived"
    critical = max(from_scatter, from_counting)
    what = (
        "the counting error of the blank"
        if from_counting > from_scatter
        else f"the scatter of {blank.n} {'blanks' if blank.is_of_files else 'videos of one blank'}"
    )
    only = (
        ""
        if blank.is_of_files or from_counting > from_scatter
        else "; it does not hold differences between blanks"
    )
    return critical, 2 * critical, f"{CURRIE}: 5 % risk on both sides, from {what}{only}"


def background(
    gross: Estimate, blank: Estimate, critical: float | None, limit: float | None, words: str
) -> Background:
    """The share of the blank with its interval, beside the limits."""
    if gross.value > 0:
        low, high = intervals.ratio_interval(blank, gross)
        share = blank.value / gross.value
    else:
        share, low, high = math.inf, None, None
    return Background(blank, share, low, high, critical, limit, words)
