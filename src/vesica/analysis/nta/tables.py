"""An `NtaResult` as sentences for one screen and tables with units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from vesica.analysis.lab import Field, LabOutcome, Table, Value
from vesica.analysis.nta import screen
from vesica.analysis.nta.dilution import together
from vesica.analysis.nta.records import (
    Distribution,
    Estimate,
    GroupResult,
    NtaResult,
    SampleResult,
)
from vesica.analysis.nta.sizes import NAMES, common_edges, quantiles, rebin
from vesica.analysis.nta.summary import summary
from vesica.analysis.numbers import counted, number

KIND: Final = "nta"
_GROUPS_SAID: Final = 6  # in the headline; the table holds all
PERCENTS: Final = (1, 5, *range(10, 100, 10), 95, 99)
_SIZE_WORDS: Final = {
    "mean": "mean diameter", "mode": "most frequent diameter, of the smoothed density",
    "sd": "width of the distribution",
    "d10": "a tenth is smaller", "d50": "median", "d90": "nine tenths are smaller", "span": "(d90 - d10) / d50",
}  # fmt: skip


def outcome(result: NtaResult, further: Sequence[Table] = (), sentences: Sequence[str] = ()) -> LabOutcome:
    """Everything `vesica nta read` prints and writes, without pictures.

    Parameters
    ----------
    result : NtaResult
    further : tables of fits, comparisons, corrections
    sentences : their conclusions
    """
    first = [table for table in further if table.name == "comparisons"]
    tables = [
        samples(result),
        exclusions(result),
        *first,
        amounts(result),
        groups(result),
        sizes(result),
        size_intervals(result),
        series(result),
        *(table for table in further if table not in first),
        percentiles(result),
        videos(result),
    ]
    return LabOutcome(
        kind=KIND, title=_title(result), headline=(*headline(result), *sentences),
        tables=tuple(table for table in tables if table.rows), summary=summary(result), findings=result.findings,
        sources=result.sources, screen=screen.tables(result),
    )  # fmt: skip


def _title(result: NtaResult) -> str:
    n, files = len(result.samples), len(result.files)
    return f"Particle tracking ({result.instrument}): {counted(n, 'sample')} from {counted(files, 'file')}"


def headline(result: NtaResult) -> tuple[str, ...]:
    """What stands above the tables: dilution, background, exclusions; at most a handful of sentences."""
    said = []
    grouped = [one for one in result.groups if one.samples != (one.name,)]
    if len(result.samples) == 1:
        said.append(f"`{result.samples[0].name}`: {spoken(result.samples[0], result.unit)}.")
    said += [f"Group `{one.name}`: {spoken(one, result.unit)}." for one in grouped[:_GROUPS_SAID]]
    dilutions = together([part.dilution for one in result.samples for part in one.replicates])
    said.append(f"Dilution: {dilutions}.")
    judged = [one.background for one in result.samples if one.background is not None and one.concentration]
    if judged:
        shares = [one.share for one in judged if math.isfinite(one.share)]
        spread = (
            f"{100 * min(shares):.0f} to {100 * max(shares):.0f} %"
            if len(shares) > 1
            else (f"{100 * shares[0]:.0f} %" if shares else "all")
        )
        said.append(
            f"Background: {spread} of the particles are in the blank too; it is subtracted, with its error."
        )
    out = [one for one in result.videos if one.verdict == "excluded"]
    kept = [one for one in result.videos if one.verdict == "kept"]
    if out:
        said.append(f"{len(out)} of {len(result.videos)} videos excluded; the table says which and why.")
    elif kept:
        said.append(f"{len(kept)} videos that would be excluded were kept, as asked.")
    else:
        n, medium = len(result.videos), sum(one.role == "blank" for one in result.videos)
        of_blanks = f", {medium} of them of blanks" if medium else ""
        said.append(f"All {n} videos used{of_blanks}." if n > 1 else "The only video is used.")
    return tuple(said)


def spoken(sample: SampleResult | GroupResult, unit: str) -> str:
    """Concentration in words: ``2.1e+10 (1.8e+10 to 2.4e+10) particle/mL, t interval of ...``."""
    if sample.concentration is None:
        return (
            f"below the limit of {number(sample.below_limit)} {unit}" if sample.below_limit is not None else "unknown"
        )
    one = sample.concentration
    bounds = "" if one.low is None or one.high is None else f" ({number(one.low)} to {number(one.high)})"
    return f"{number(one.value)}{bounds} {unit}; {one.words}"


def _three(estimate: Estimate | None) -> tuple[Value, Value, Value]:
    return (None, None, None) if estimate is None else (estimate.value, estimate.low, estimate.high)


def samples(result: NtaResult) -> Table:
    """One row for each sample: what fits on one screen."""
    unit = result.unit
    has_groups = any(one.group != one.name for one in result.samples)
    fields = (
        Field("sample"), Field("group"), Field("concentration", unit, "mean; the blank subtracted where there is one"),
        Field("low", unit, "95 % interval"), Field("high", unit),
        Field("interval_of", "", "what it is made of: only replicates (or samples) tell how well a mean is known"),
        Field("below_limit", unit, "not told from the blank: below this"),
        Field("background", "percent", "share of the particles that the blank holds, too"),
        Field("mode", "nm", _SIZE_WORDS["mode"]), Field("d50", "nm", "median"), Field("videos", "", "used of all"),
        Field("time", "h"),
    )  # fmt: skip
    rows = tuple((
        one.name, one.group if has_groups else None, *_three(one.concentration), _made_of(one.concentration),
        one.below_limit, _share(one), _size(one, "mode"),
        _size(one, "d50"), f"{one.n_videos} of {one.n_videos + one.n_excluded}", one.time,
    ) for one in result.samples)  # fmt: skip
    return Table("samples", "Samples", fields, rows)


def amounts(result: NtaResult) -> Table:
    """Particles per cell and per ug of protein, a row for each."""
    rows = tuple(
        (
            one.name,
            amount.quantity,
            amount.value,
            amount.low,
            amount.high,
            amount.upper_limit,
            amount.unit,
            amount.purity,
        )
        for one in result.samples
        for amount in one.amounts
    )
    return Table("amounts", "Particles per cell and per protein", (
        Field("sample"), Field("per"), Field("value"), Field("low", "", "95 % interval of the concentration"),
        Field("high"), Field("below", "", "not told from the blank: below this"), Field("unit"),
        Field("purity", "", "class after Webber & Clayton 2013; `between` where they name none"),
    ), rows)  # fmt: skip


def _share(one: SampleResult) -> Value:
    """Background in percent; nothing where the sample holds no particles at all."""
    share = math.nan if one.background is None else one.background.share
    return 100 * share if math.isfinite(share) else None


def _made_of(estimate: Estimate | None) -> Value:
    """``3 replicates``, ``5 videos``, ``counting``, or nothing where there is no interval."""
    if estimate is None or estimate.se is None:
        return None
    return "counting" if math.isinf(estimate.df) else f"{estimate.n} {estimate.level}"


def _size(one: SampleResult | GroupResult, name: str) -> Value:
    return one.sizes[name].value if name in one.sizes else None


def exclusions(result: NtaResult) -> Table:
    """Excluded (or kept) videos and why; the rows of the screen."""
    rows = [
        (Path(one.file).name, one.video, one.verdict, remark.reason, remark.instrument or None)
        for one in result.videos
        if one.verdict != "used"
        for remark in one.remarks
        if remark.excludes
    ]
    return Table(
        "exclusions",
        "Videos kept against a reason to exclude them" if result.keep_all else "Excluded videos",
        (Field("file"), Field("video"), Field("verdict"), Field("reason"), Field("instrument_says")),
        tuple(rows),
    )


def videos(result: NtaResult) -> Table:
    """The audit: every video and every objection to it, a row each."""
    fields = (
        Field("file"),
        Field("video"),
        Field("role"),
        Field("sample"),
        Field("replicate"),
        Field("group"),
        Field("verdict", "", "used, excluded, or kept in spite of a reason to exclude"),
        Field("check"),
        Field("reason"),
        Field("instrument_says"),
        Field("concentration", result.unit),
        Field("tracks", "particle"),
        Field("particles_per_frame", "particle"),
        Field("temperature", "degC"),
    )
    rows: list[tuple[Value, ...]] = []
    for one in result.videos:
        head = (one.file, one.video, one.role, one.sample, one.replicate, one.group, one.verdict)
        tail = (one.concentration, one.tracks, one.particles_per_frame, one.temperature)
        remarks = [(remark.check, remark.reason, remark.instrument or None) for remark in one.remarks]
        rows += [(*head, *remark, *tail) for remark in remarks] or [(*head, None, None, None, *tail)]
    return Table("videos", "Videos: what was used, and why not", fields, tuple(rows))


def sizes(result: NtaResult) -> Table:
    """Mean, mode, SD, D10, D50, D90 and span of each sample."""
    fields = (
        Field("sample"),
        *(Field(name, "" if name == "span" else "nm", _SIZE_WORDS[name]) for name in NAMES),
    )
    rows = tuple((one.name, *(_size(one, name) for name in NAMES)) for one in result.samples if one.sizes)
    return Table("sizes", "Sizes", fields, rows)


def size_intervals(result: NtaResult) -> Table:
    """The same with 95 % intervals, a row for each size."""
    rows = tuple(
        (one.name, name, None if name == "span" else "nm", *_three(size), size.level)
        for one in result.samples
        for name, size in one.sizes.items()
    )
    return Table("size_intervals", "Sizes, with 95 % intervals", (
        Field("sample"), Field("quantity"), Field("unit"), Field("value"), Field("low"), Field("high"),
        Field("from", "", "what the interval is made of"),
    ), rows)  # fmt: skip


def groups(result: NtaResult) -> Table:
    """One row for each group; empty where every sample is its own group."""
    if all(one.group == one.name for one in result.samples):
        rows: tuple[tuple[Value, ...], ...] = ()
    else:
        rows = tuple(
            (
                one.name,
                *_three(one.concentration),
                one.below_limit,
                len(one.units),
                one.unit_of_replication,
                *(_size(one, name) for name in NAMES),
            )
            for one in result.groups
        )
    fields = (
        Field("group"),
        Field("concentration", result.unit),
        Field("low", result.unit, "95 % interval"),
        Field("high", result.unit),
        Field("below_limit", result.unit),
        Field("n"),
        Field("of", "", "what is repeated"),
        *(Field(name, "" if name == "span" else "nm", _SIZE_WORDS[name]) for name in NAMES),
    )
    return Table("groups", "Groups", fields, rows)


def series(result: NtaResult) -> Table:
    """Every step of every dilution series."""
    rows = tuple(
        (one.sample, factor, value, error, seen, one.words)
        for one in result.series
        for factor, value, error, seen in zip(
            one.factors, one.concentrations, one.errors, one.particles_per_frame, strict=True
        )
    )
    return Table("dilution_series", "Dilution series", (
        Field("sample"), Field("dilution"), Field("concentration", result.unit), Field("standard_error", result.unit),
        Field("particles_per_frame", "particle"), Field("verdict"),
    ), rows)  # fmt: skip


def percentiles(result: NtaResult) -> Table:
    """Diameters below which a share of the particles of each sample lies."""
    shown = [one for one in result.samples if one.sizes]
    columns = [
        quantiles(one.distribution.edges, one.distribution.concentration, tuple(p / 100 for p in PERCENTS))
        for one in shown
    ]
    rows = (
        tuple((percent, *(column[place] for column in columns)) for place, percent in enumerate(PERCENTS))
        if shown
        else ()
    )
    return Table(
        "percentiles",
        "Percentiles of the mean distribution of each sample",
        (Field("share", "percent"), *(Field(one.name, "nm") for one in shown)),
        rows,
    )


def distributions(result: NtaResult) -> Table:
    """Mean distribution of each sample, signed, and its standard error, a row for each bin; empty ends left out."""
    laws = [(one.name, one.distribution) for one in result.samples]
    laws += [(f"group {one.name}", one.distribution) for one in result.groups if len(one.samples) > 1]
    edges = common_edges([law.edges for _, law in laws])
    columns: list[np.ndarray] = []
    fields = [Field("diameter", "nm", "middle of the bin"), Field("width", "nm")]
    for name, law in laws:
        columns += [rebin(law.edges, law.concentration, edges), _errors(law, edges)]
        fields += [
            Field(name, result.unit, "particles in the bin, blank subtracted: may be negative"),
            Field(f"{name} standard_error", result.unit),
        ]
    table = np.column_stack([(edges[1:] + edges[:-1]) / 2, np.diff(edges), *columns])
    used = np.flatnonzero(np.nan_to_num(table[:, 2:]).any(axis=1))
    kept = table[used[0] : used[-1] + 1] if used.size else table
    return Table("distributions", "Size distributions", tuple(fields), tuple(map(tuple, kept.tolist())))


def _errors(law: Distribution, edges: np.ndarray) -> np.ndarray:
    if law.se is None or law.se.size != edges.size - 1:  # a standard error cannot be moved to another grid
        return np.full(edges.size - 1, math.nan)
    return law.se
