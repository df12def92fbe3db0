"""The audit of an NTA report: which videos were used, which were not, and what stood against them."""

from __future__ import annotations

from collections import Counter
from typing import Final

from vesica.analysis.nta.records import NtaResult, VideoVerdict
from vesica.analysis.numbers import counted
from vesica.report.blocks import Cell, Column, Prose, Section, Table
from vesica.report.numbers import number

_CHIPS: Final = {"used": "plain", "excluded": "bad", "kept": "warn"}


def section(result: NtaResult) -> Section:
    """Videos with something against them, and how often each thing was; one sentence where there is nothing."""
    counts = Counter(video.verdict for video in result.videos)
    n = len(result.videos)
    lead = f"{counted(n, 'video')}: {counts['used'] + counts['kept']} used, {counts['excluded']} left out"
    lead += f", {counts['kept']} kept against a reason to leave them out (--keep-all)." if counts["kept"] else "."
    marked = [video for video in result.videos if video.remarks]
    if not marked:
        return Section("audit", "What was left out", lead, (Prose(("Nothing was to be said against any video.",)),))
    return Section("audit", "What was left out", lead, (_reasons(marked), _videos(marked)))


def _reasons(marked: list[VideoVerdict]) -> Table:
    checks: dict[str, list[bool]] = {}
    for video in marked:
        for remark in video.remarks:
            checks.setdefault(remark.check, []).append(remark.excludes)
    rows = tuple(
        (Cell(check.replace("_", " ")), Cell(str(len(hits))), Cell(str(sum(hits)) if any(hits) else "–"))
        for check, hits in sorted(checks.items(), key=lambda pair: -len(pair[1]))
    )
    heads = (Column("Check"), Column("videos with a remark", is_number=True),
             Column("reason to leave out", is_number=True))
    return Table("How often each check spoke", heads, rows, folded=len(rows) > 1)


def _videos(marked: list[VideoVerdict]) -> Table:
    order = {"excluded": 0, "kept": 1, "used": 2}
    rows = tuple(
        (Cell(video.video, f"{video.sample}{' (blank)' if video.role == 'blank' else ''} · {video.file}"),
         Cell(video.verdict, kind=_CHIPS[video.verdict]),
         Cell("", lines=tuple(_words(remark.reason, remark.instrument) for remark in video.remarks)),
         Cell(number(video.concentration)), Cell(number(video.tracks)))
        for video in sorted(marked, key=lambda one: order[one.verdict])
    )
    heads = (Column("Video", is_wide=True), Column("verdict"), Column("what stands against it", is_wide=True),
             Column("particles/mL", is_number=True), Column("tracks", is_number=True))
    return Table("Videos with a remark", heads, rows, folded=len(rows) > 25)


def _words(reason: str, instrument: str) -> str:
    return f"{reason} (instrument: {instrument})" if instrument else reason
