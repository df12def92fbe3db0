"""What in a table may not be cargo of these cells: other origins, haemolysis, shallow libraries, twins."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vesica.analysis.cargo.names import by_stem, parse, twins
from vesica.library import Library, MarkerEntry
from vesica.readers.counts import CountTable

SHALLOW, DOMINANT = "laboratory.cargo.shallow_library", "laboratory.cargo.dominant_share"
SUSPECTED, LIKELY = "laboratory.cargo.haemolysis_suspected", "laboratory.cargo.haemolysis_likely"
LEAST_MEAN: Final = "laboratory.cargo.least_mean_reads"
TWIN, HAIRPIN = "hairpins of one strand", "hairpin, strand not known"
HAEMOLYSIS: Final = ("miR-451a", "miR-23a")
# Reads of the rarer of the two: below, the ratio is a matter of chance (a factor of 2 at 95 %).
LEAST_RATIO_READS: Final = 10


@dataclass(frozen=True)
class LibraryDepth:
    """One library: reads, rows with any read and with enough, the share of its largest row, flagged reads.

    ``haemolysis`` is log2 of miR-451a over miR-23a, None where they have too few reads or are not there.
    """

    compartment: str
    sample: str
    group: str
    reads: float
    seen: int
    enough: int
    largest: str
    largest_share: float
    flagged_share: float
    haemolysis: float | None
    verdict: str


def flags(ids: Sequence[str], markers: Mapping[str, MarkerEntry]) -> dict[str, tuple[str, ...]]:
    """Names of the lists that each row stands on; rows on none are left out."""
    lists: dict[str, list[str]] = {}
    for marker in markers.values():
        for member in marker.members:
            lists.setdefault(stem_of(member), []).append(marker.name)
    found = {name: tuple(lists.get(stem_of(name), ())) for name in ids}
    return {name: on for name, on in found.items() if on}


def stem_of(name: str) -> str:
    """What a member of a list and a row share."""
    one = parse(name)
    return one.stem if one else name.strip().casefold()


def remarks(table: CountTable) -> dict[str, tuple[str, ...]]:
    """What the name of a row tells about how it was counted; rows without remark are left out."""
    shared = twins(table.ids)
    found = {}
    for row, name in enumerate(table.ids):
        on = ([TWIN] if name in shared else []) + ([HAIRPIN] if table.hairpin[row] else [])
        if on:
            found[name] = tuple(on)
    return found


def haemolysis(table: CountTable, sample: int) -> float | None:
    """Log2 of the reads of miR-451a over those of miR-23a in one library, or None.

    Strands: 451a and 23a-3p where the table has strands, their hairpins otherwise.
    """
    names = by_stem(table.ids)
    reads = []
    for stem in HAEMOLYSIS:
        rows = [
            table.ids.index(name)
            for name in names.get(stem, ())
            if not name.endswith("-5p") or stem == "miR-451a"
        ]
        if not rows:
            return None
        reads.append(float(table.counts[rows, sample].sum()))
    if min(reads) < LEAST_RATIO_READS and not (reads[0] >= LEAST_RATIO_READS > reads[1]):
        return None
    return math.log2((reads[0] + 0.5) / (reads[1] + 0.5))


def depths(
    table: CountTable, compartment: str, group_of: Mapping[int, str], library: Library
) -> list[LibraryDepth]:
    """One line for each library."""
    flagged = flags(table.ids, library.markers)
    marked = np.array([name in flagged for name in table.ids])
    least = library.entries[LEAST_MEAN].value
    out = []
    for place, sample in enumerate(table.samples):
        counts = table.counts[:, place]
        total = float(counts.sum())
        top = int(np.argmax(counts))
        ratio = haemolysis(table, place)
        out.append(
            LibraryDepth(
                compartment,
                sample,
                group_of.get(place, ""),
                total,
                int((counts > 0).sum()),
                int((counts >= least).sum()),
                table.ids[top] if total else "",
                float(counts[top]) / total if total else 0.0,
                float(counts[marked].sum()) / total if total else 0.0,
                ratio,
                verdict(total, ratio, library),
            )
        )
    return out


def verdict(reads: float, ratio: float | None, library: Library) -> str:
    """In words: shallow, empty, haemolysis."""
    words = []
    if reads == 0:
        words.append("empty")
    elif reads < library.entries[SHALLOW].value:
        words.append("shallow")
    if ratio is not None and ratio > library.entries[LIKELY].value:
        words.append("haemolysis likely")
    elif ratio is not None and ratio > library.entries[SUSPECTED].value:
        words.append("haemolysis suspected")
    return ", ".join(words) or "good"
