"""What one screen shows of an NTA result: fewer columns than the csv tables, value and interval in one cell."""

from __future__ import annotations

import math
from pathlib import Path

from vesica.analysis.lab import Field, Table, Value
from vesica.analysis.nta.records import Amount, NtaResult, SampleResult
from vesica.analysis.numbers import SUPERSCRIPT


def tables(result: NtaResult) -> tuple[Table, ...]:
    """Samples; particles per cell and protein where asked for; what was left out, or else sizes."""
    last = _exclusions(result)
    made = (_samples(result), _amounts(result), last if last.rows else _sizes(result))
    return tuple(table for table in made if table.rows)


def cell(value: float | None, low: float | None = None, high: float | None = None, limit: float | None = None) -> str:
    """``6.31 (6.15 to 6.47)×10¹⁰``; ``< 3.07×10⁸`` below a limit; empty without a number."""
    if value is None:
        return "" if limit is None else f"< {cell(limit)}"
    if value <= 0 or not math.isfinite(value):
        return f"{value:.3g}"
    power = math.floor(math.log10(value))
    if float(f"{value / 10**power:.2f}") >= 10:  # 9.999 is written as 1.00 of the next power
        power += 1
    scale, end = 10.0**power, f"×10{str(power).translate(SUPERSCRIPT)}"
    if 0 <= power < 4:
        scale, end = 1.0, ""

    def digits(one: float) -> str:
        return f"{one / scale:.{2 if end else max(0, 2 - power)}f}"

    bounds = "" if low is None or high is None else f" ({digits(low)} to {digits(high)})"
    return f"{digits(value)}{bounds}{end}"


def _samples(result: NtaResult) -> Table:
    has_groups = any(not one.name.startswith(one.group) for one in result.samples)  # else the name says it
    fields = (Field("sample"), Field("group"), Field("concentration", result.unit), Field("blank", "%"),
              Field("D50", "nm"), Field("videos"))
    rows = tuple((one.name, one.group if has_groups else None, _concentration(one), _share(one), _d50(one),
                  f"{one.n_videos} of {one.n_videos + one.n_excluded}") for one in result.samples)
    return Table("samples", "Samples, with 95 % intervals", fields, rows)


def _concentration(one: SampleResult) -> str:
    found = one.concentration
    return cell(None, limit=one.below_limit) if found is None else cell(found.value, found.low, found.high)


def _share(one: SampleResult) -> Value:
    share = math.nan if one.background is None else one.background.share
    return 100 * share if math.isfinite(share) else None


def _d50(one: SampleResult) -> Value:
    return one.sizes["d50"].value if "d50" in one.sizes else None


def _amounts(result: NtaResult) -> Table:
    def one_of(sample: SampleResult, quantity: str) -> Amount | None:
        return next((one for one in sample.amounts if one.quantity == quantity), None)

    def shown(one: Amount | None) -> str | None:
        return None if one is None else cell(one.value, one.low, one.high, one.upper_limit)

    rows = []
    for sample in result.samples:
        per_cell, per_ug = one_of(sample, "cell"), one_of(sample, "ug protein")
        rows.append((sample.name, shown(per_cell), shown(per_ug), None if per_ug is None else per_ug.purity))
    used = tuple(row for row in rows if any(row[1:]))
    fields = (Field("sample"), Field("per cell", "particle/cell"), Field("per protein", "particle/ug"), Field("purity"))
    return Table("amounts", "Particles per cell and per protein, with 95 % intervals", fields, used)


def _exclusions(result: NtaResult) -> Table:
    rows = tuple(
        (Path(one.file).name, one.video, remark.reason + (f" (`{remark.instrument}`)" if remark.instrument else ""))
        for one in result.videos
        if one.verdict != "used"
        for remark in one.remarks
        if remark.excludes
    )
    title = "Videos kept against a reason to exclude them" if result.keep_all else "Excluded videos"
    return Table("exclusions", title, (Field("file"), Field("video"), Field("reason")), rows)


def _sizes(result: NtaResult) -> Table:
    names = ("mean", "mode", "sd", "d10", "d50", "d90")
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (one.name, *(one.sizes[name].value for name in (*names, "span")))
        for one in result.samples if {*names, "span"} <= set(one.sizes)
    )
    heads = tuple(Field(name.upper() if name not in {"mean", "mode"} else name, "nm") for name in names)
    return Table("sizes", "Sizes", (Field("sample"), *heads, Field("span")), rows)
