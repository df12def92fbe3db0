"""Doubts about a time course of release: errors that are not what they should be, courses that tell nothing."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from vesica.analysis.kinetics.least_squares import Fit
from vesica.analysis.kinetics.release import Design, ReleaseFit
from vesica.analysis.kinetics.release_data import ReleaseData
from vesica.analysis.kinetics.release_tables import standardised
from vesica.errors import Finding

_LONG: Final = 12.0  # h; cells that double in a day are 41 % more by then
ALPHA: Final = 0.01  # false-alarm rate of each check of the errors


def scatter(fit: Fit, consequence: str, fix: str, file: str | None) -> list[Finding]:
    """Whether readings scatter as much as their given standard deviations say."""
    from scipy.stats import chi2

    left = fit.n_rows - len(fit.values)
    if not fit.problem.scale_is_known or left <= 0 or chi2.sf(fit.rss, left) >= ALPHA:
        return []
    wrote = f"readings scatter {math.sqrt(fit.rss / left):.2g} times as much as `sd` says"
    rule = "given standard deviations hold the whole error of a reading"
    return [Finding("warning", "sd", wrote, rule, consequence, fix, file=file)]


def checks(data: ReleaseData, best: ReleaseFit) -> list[Finding]:
    """Whether the errors are what the intervals assume: independent, and of the given size."""
    from scipy.stats import f_oneway

    file = None if data.provenance is None else data.provenance.file
    found = scatter(
        best.fit, "intervals are too narrow", "leave `sd` out, so that the error is estimated", file
    )
    residual = standardised(best.fit)
    series = [
        residual[[i for i in range(data.time.size) if (data.culture[i], data.replicate[i]) == key]]
        for key in dict.fromkeys(zip(data.culture, data.replicate, strict=True))
        if key[1]
    ]
    series = [one for one in series if one.size > 1]
    if len(series) > 2 and sum(one.size for one in series) > len(series) and f_oneway(*series).pvalue < ALPHA:
        found.append(
            Finding(
                "warning",
                "replicate",
                "readings of one replicate deviate together",
                "readings are taken as independent",
                "intervals are too narrow: there are fewer independent wells than readings",
                "judge by the replicates, or use other wells at each time",
                file=file,
            )
        )
    return found


def course_warning(data: ReleaseData) -> list[Finding]:
    """Warn of cultures whose readings do not rise: release is read from the rise."""
    file = None if data.provenance is None else data.provenance.file
    found = []
    for index, one in enumerate(data.cultures):
        own = (data.culture == index) & (data.time > max(one.changes, default=-1.0))
        times = np.unique(data.time[own])
        if not one.cells or times.size < 3:
            continue
        means = [float(np.log(np.maximum(data.concentration[own & (data.time == t)], 1e-300)).mean()) for t in times]
        if np.polyfit(times, means, 1)[0] > 1e-9 / float(times[-1]):
            continue
        found.append(
            Finding(
                "warning",
                "time",
                f"readings of `{one.name}` do not rise with time",
                "release is read from the rise of a course that starts in fresh medium",
                "loss balances release from the first reading on: only their ratio is told, if cells release at all",
                "read earlier times; give the reading at 0 h if the medium held EVs (serum)",
                file=file,
            )
        )
    return found


def steady_cells_note(data: ReleaseData) -> list[Finding]:
    """Say that cells are taken as constant in number, where the time is long enough for growth to matter."""
    longest = float(data.time.max())
    if data.growth or longest < _LONG:
        return []
    return [
        Finding(
            "note",
            "--doubling",
            f"the number of cells is taken as constant over {longest:g} h",
            "growing cells release more",
            "without it a growing culture reads a higher rate and a smaller loss",
            "give `--doubling 30 h` if the cells divide",
        )
    ]


def growth_note(data: ReleaseData, design: Design) -> list[Finding]:
    """Say where growth alone tells re-uptake from decay."""
    with_cells = [one for one in data.cultures if one.cells]
    if (
        not data.growth
        or "reuptake" not in design.kept
        or np.unique([one.cells / one.volume for one in with_cells]).size > 1
    ):
        return []
    if any(not one.cells for one in data.cultures):
        return []
    return [
        Finding(
            "note",
            "--doubling",
            "re-uptake is told from decay by the growth of the cells alone",
            "both are told apart safely by two densities",
            "the interval rests on the doubling time that was given",
            "add a second density, or a cell-free arm with added EVs",
        )
    ]
