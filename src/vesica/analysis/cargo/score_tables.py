"""What `vesica cargo score` found, as tables."""

from __future__ import annotations

from typing import Final

import numpy as np

from vesica.analysis.cargo.inputs import EVS
from vesica.analysis.cargo.loading import BOTH, EVS_ONLY, Loading
from vesica.analysis.cargo.score import Score
from vesica.analysis.cargo.senders import long_table
from vesica.analysis.lab import Field, Table, Value

LEVEL: Final = 0.05
STRONGEST: Final = 12  # rows of the table for one screen
SURE = 0.05  # s-value

_LOADING: Final = (
    Field("group"),
    Field("name"),
    Field("cell_reads", "reads"),
    Field("ev_reads", "reads"),
    Field("cell_rate", "reads per million"),
    Field("ev_rate", "reads per million"),
    Field("log2_ratio", words="EV over cell, relative to the median row"),
    Field("standard_error"),
    Field("counting_low"),
    Field("counting_high"),
    Field("log2_loading", words="shrunk"),
    Field("low"),
    Field("high"),
    Field("sign_error"),
    Field("s_value"),
    Field("status"),
    Field("flags"),
    Field("remarks"),
)


def tables(score: Score) -> list[Table]:
    """Every table of the result, the ones for the screen first."""
    found = [_groups(score), _strongest(score), _libraries(score), _loading(score)]
    if score.changes:
        found.append(_changes(score))
    if score.loading_changes:
        found.append(_beyond(score))
    if score.tests:
        found.append(_tests(score))
    found.append(_lists(score))
    if score.responders:
        found.append(_long(score))
    return found


def _fields(*names: str) -> tuple[Field, ...]:
    """Fields without unit and words."""
    return tuple(Field(name) for name in names)


def _flags(score: Score, name: str) -> str:
    return ";".join(score.flagged.get(name, ()))


def _groups(score: Score) -> Table:
    rows = []
    for one in score.loadings:
        surely = (one.s_value < LEVEL) & one.is_counted
        rows.append(
            (
                one.group,
                one.cells.libraries,
                one.evs.libraries,
                int(one.cells.reads.sum()),
                int(one.evs.reads.sum()),
                int(one.is_counted.sum()),
                one.status.count(EVS_ONLY),
                int((surely & (one.shrunk > 0)).sum()),
                int((surely & (one.shrunk < 0)).sum()),
                one.prior_sd,
                one.centre,
            )
        )
    return Table(
        "groups",
        "Groups",
        (
            Field("group"),
            Field("cell_libraries"),
            Field("ev_libraries"),
            Field("cell_reads", "reads"),
            Field("ev_reads", "reads"),
            Field("compared", "rows", "with enough reads on both sides"),
            Field("evs_only", "rows", "with enough reads in EVs only"),
            Field("richer", "rows", "in EVs, s-value below 0.05"),
            Field("poorer", "rows", "in EVs, s-value below 0.05"),
            Field("spread", "log2", "standard deviation of true loadings between rows"),
            Field(
                "median",
                "log2",
                "EV over cell of the median row, in reads per million: what is taken as zero",
            ),
        ),
        tuple(rows),
    )


def _loading_row(score: Score, one: Loading, row: int) -> tuple[Value, ...]:
    name = score.cells.ids[row]
    numbers = (
        one.cells.per_million,
        one.evs.per_million,
        one.ratio,
        one.standard_error,
        one.counting_low,
        one.counting_high,
        one.shrunk,
        one.low,
        one.high,
        one.sign_error,
        one.s_value,
    )
    return (
        one.group,
        name,
        int(one.cells.reads[row]),
        int(one.evs.reads[row]),
        *(float(v[row]) for v in numbers),
        one.status[row],
        _flags(score, name),
        ";".join(score.remarks.get(name, ())),
    )


def _loading(score: Score) -> Table:
    rows = [
        _loading_row(score, one, row)
        for one in score.loadings
        for row in _ordered(one)
        if one.cells.reads[row] + one.evs.reads[row] > 0
    ]
    return Table("loading", "Loading of every row with a read, counted rows first", _LOADING, tuple(rows))


def _ordered(one: Loading) -> list[int]:
    """Rows: counted on both sides first, richest first."""
    return sorted(
        range(len(one.status)), key=lambda row: (one.status[row] != BOTH, -np.nan_to_num(one.shrunk[row]))
    )


def _strongest(score: Score) -> Table:
    """The surest rows of the group whose EVs matter most, from both ends."""
    one = next(item for item in score.loadings if item.group == score.given)
    counted = [row for row in _ordered(one) if one.status[row] == BOTH]
    half = STRONGEST // 2
    up = sorted(counted, key=lambda row: -one.low[row])[:half]
    down = sorted((row for row in counted if row not in up), key=lambda row: one.high[row])[:half]
    rows = [
        (
            score.cells.ids[row],
            int(one.cells.reads[row]),
            int(one.evs.reads[row]),
            float(one.shrunk[row]),
            float(one.low[row]),
            float(one.high[row]),
            float(one.s_value[row]),
            _flags(score, score.cells.ids[row]),
        )
        for row in (*up, *reversed(down))
    ]
    sure = sum(one.s_value[row] < SURE for row in (*up, *down))
    title = f"Richest and poorest in EVs of `{one.group}`: {sure} of {len(rows)} surely (s-value < {SURE:g})"
    return Table(
        "strongest",
        title,
        (
            Field("name"),
            Field("cell_reads", "reads"),
            Field("ev_reads", "reads"),
            Field("log2_loading"),
            Field("low"),
            Field("high"),
            Field("s_value"),
            Field("flags"),
        ),
        tuple(rows),
    )


def _libraries(score: Score) -> Table:
    rows = tuple(
        (
            one.compartment,
            one.sample,
            one.group,
            int(one.reads),
            one.seen,
            one.enough,
            one.largest,
            100 * one.largest_share,
            100 * one.flagged_share,
            one.haemolysis,
            one.verdict,
        )
        for one in score.libraries
    )
    return Table(
        "libraries",
        "Libraries",
        (
            Field("compartment"),
            Field("sample"),
            Field("group"),
            Field("reads", "reads"),
            Field("rows_seen"),
            Field(
                "rows_counted",
                words=f"with {score.library.entries['laboratory.cargo.least_mean_reads'].value:g} reads",
            ),
            Field("largest_row"),
            Field("largest_share", "%"),
            Field("flagged_share", "%", "of reads in rows on a list"),
            Field("haemolysis", "log2", "miR-451a over miR-23a"),
            Field("verdict"),
        ),
        rows,
    )


def _changes(score: Score) -> Table:
    rows = []
    for one in score.changes:
        tested = np.flatnonzero(np.isfinite(one.log2_fold_change))
        for row in tested[np.argsort(np.nan_to_num(one.p[tested], nan=2.0), kind="stable")]:
            numbers = (one.base_mean, one.log2_fold_change, one.standard_error, one.p, one.fdr)
            rows.append(
                (
                    one.compartment,
                    one.group,
                    one.against,
                    one.ids[row],
                    *(float(v[row]) for v in numbers),
                    one.method,
                    _flags(score, one.ids[row]),
                )
            )
    return Table(
        "changes",
        "Changes of cells and of EVs, surest first",
        (
            *_fields("compartment", "group", "against", "name"),
            Field("base_mean", "reads"),
            *_fields("log2_fold_change", "standard_error", "p", "fdr", "method", "flags"),
        ),
        tuple(rows),
    )


def _beyond(score: Score) -> Table:
    rows = []
    for one in score.loading_changes:
        for row in np.argsort(one.p, kind="stable"):
            numbers = (one.difference, one.standard_error, one.p, one.fdr)
            rows.append(
                (
                    one.group,
                    one.against,
                    one.ids[row],
                    *(float(v[row]) for v in numbers),
                    _flags(score, one.ids[row]),
                )
            )
    return Table(
        "loading_change",
        "EVs beyond their cells: change in EVs minus change in cells",
        _fields("group", "against", "name", "log2_difference", "standard_error", "p", "fdr", "flags"),
        tuple(rows),
    )


def _tests(score: Score) -> Table:
    rows = tuple(
        (
            one.receiver,
            one.mirna,
            one.targets,
            one.background,
            one.lower,
            one.lower_low,
            one.lower_high,
            one.shift,
            one.p,
            one.fdr,
            one.detectable,
            one.method,
            _flags(score, one.mirna),
        )
        for one in score.tests
    )
    return Table(
        "repression",
        "Targets lower than other genes?",
        (
            Field("receiver"),
            Field("mirna"),
            Field("targets", "genes"),
            Field("background", "genes"),
            Field("probability", words="that a target changed less than another gene; 0.5 is no difference"),
            Field("low"),
            Field("high"),
            Field("shift", "log2", "median of targets minus that of the others"),
            Field("p", words="one-sided"),
            Field("fdr"),
            Field("detectable", words="smallest probability found with 80 % power"),
            Field("method"),
            Field("flags"),
        ),
        rows,
    )


def _lists(score: Score) -> Table:
    rows = tuple(
        (one.name, one.label, one.says, ", ".join(one.members), one.source, one.doi, one.confidence)
        for one in score.library.markers.values()
    )
    return Table(
        "marker_lists",
        "Lists that rows are flagged by",
        tuple(Field(name) for name in ("list", "of", "says", "members", "source", "doi", "confidence")),
        rows,
    )


def _long(score: Score) -> Table:
    one = next(item for item in score.loadings if item.group == score.given)
    change = next(
        (item for item in score.changes if item.compartment == EVS and item.group == score.given), None
    )
    return long_table(
        score.request.sender,
        one,
        score.cells.ids,
        change,
        score.target_genes,
        score.responders,
        score.tests,
        score.expression,
        score.flagged,
    )
