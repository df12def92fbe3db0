"""Which columns of a count table belong to which group: by prefix, by a sheet, or by their names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from vesica.errors import error, nearest
from vesica.readers.columns import read_columns
from vesica.readers.counts import CountTable
from vesica.readers.text import PathLike

_REPLICATE: Final = re.compile(r"[\s_.\-]*(rep(licate)?)?[\s_.\-]*\d+$", re.IGNORECASE)

Groups = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Paired:
    """Groups by name, each with its samples among the cells and among the EVs (may be empty)."""

    cells: Groups
    evs: Groups

    @property
    def names(self) -> tuple[str, ...]:
        """Groups in the order given, those of one side only included."""
        return tuple(dict.fromkeys([*self.cells, *self.evs]))

    @property
    def both(self) -> tuple[str, ...]:
        """Groups with cells and EVs."""
        return tuple(name for name in self.cells if name in self.evs)


def by_prefix(cells: CountTable | None, evs: CountTable | None, prefixes: Sequence[str]) -> Paired:
    """Groups from ``PREFIX`` or ``PREFIX=NAME``: the text that the columns begin with.

    Raises
    ------
    InputError
        A prefix finds nothing in either table, or a column belongs to two groups.
    """
    wanted: dict[str, list[str]] = {}
    for text in prefixes:
        prefix, _, name = text.partition("=")
        wanted.setdefault(name.strip() or prefix.strip(), []).append(prefix.strip())
    sides = [{} if table is None else _found(table, wanted) for table in (cells, evs)]
    for name, texts in wanted.items():
        if name not in sides[0] and name not in sides[1]:
            samples = [sample for table in (cells, evs) if table is not None for sample in table.samples]
            raise error(
                "--group",
                f"no column begins with `{', '.join(texts)}`",
                "a group is named by the text its columns begin with",
                "the group would be empty",
                nearest(texts[0], samples),
            )
    return Paired(MappingProxyType(sides[0]), MappingProxyType(sides[1]))


def _found(table: CountTable, wanted: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, ...]]:
    owner: dict[int, str] = {}
    found: dict[str, tuple[int, ...]] = {}
    for name, texts in wanted.items():
        members = tuple(
            place
            for place, sample in enumerate(table.samples)
            if any(text and _begins(sample, text) for text in texts)
        )
        for place in members:
            if place in owner:
                raise error(
                    "--group",
                    f"`{table.samples[place]}` falls into `{owner[place]}` and `{name}`",
                    "a library belongs to one group",
                    "it would be compared with itself",
                    "write more of the column names",
                    file=table.provenance.file,
                )
            owner[place] = name
        if members:
            found[name] = members
    return found


def _begins(sample: str, prefix: str) -> bool:
    rest = sample[len(prefix) :]
    return sample.startswith(prefix) and not (prefix[-1:].isdigit() and rest[:1].isdigit())


def by_sheet(cells: CountTable | None, evs: CountTable | None, path: PathLike) -> Paired:
    """Groups from a sheet with the columns ``sample`` and ``group``.

    Raises
    ------
    InputError
        A sample of the sheet is in neither table, stands twice, or has no group.
    """
    sheet = read_columns(
        path,
        known={
            "sample": ("library", "column", "name"),
            "group": ("condition", "treatment"),
            "compartment": ("fraction", "type"),
        },
        required=("sample", "group"),
    )
    known = [sample for table in (cells, evs) if table is not None for sample in table.samples]
    group_of: dict[str, str] = {}
    for row, sample, group in zip(sheet.rows, sheet.words("sample"), sheet.words("group"), strict=True):
        if sample not in known:
            raise sheet.refuse(
                row,
                f"the sample `{sample}`",
                "a sample is named as its column in the count tables",
                "its group would be lost",
                nearest(sample, known),
            )
        if sample in group_of or not group:
            raise sheet.refuse(
                row,
                f"the sample `{sample}` stands twice" if group else f"`{sample}` has no group",
                "each library belongs to one group",
                "it is not known which",
                "correct the sheet",
            )
        group_of[sample] = group
    sides = [{} if table is None else _gathered(table, group_of) for table in (cells, evs)]
    return Paired(MappingProxyType(sides[0]), MappingProxyType(sides[1]))


def by_labels(labels: Sequence[str | None]) -> Groups:
    """Groups of samples that already carry a label each (None: in no group)."""
    found: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        if label:
            found.setdefault(label, []).append(place)
    return MappingProxyType({name: tuple(places) for name, places in found.items()})


def _gathered(table: CountTable, group_of: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
    return dict(by_labels([group_of.get(sample) for sample in table.samples]))


def guessed(cells: CountTable, evs: CountTable) -> Paired:
    """One group of everything, where the names of the columns differ by a number only.

    Raises
    ------
    InputError
        The columns look like several groups; they are not pooled unasked.
    """
    for table in (cells, evs):
        stems = list(dict.fromkeys(_REPLICATE.sub("", sample) for sample in table.samples))
        if len(stems) > 1:
            shown = " ".join(f'--group "{_first(one)}"' for one in stems[:4])
            raise error(
                "--group",
                f"{len(table.samples)} columns that look like {len(stems)} groups: "
                + ", ".join(f"`{one}`" for one in stems[:6])
                + (" ..." if len(stems) > 6 else ""),
                "cells and EVs are compared within one treatment",
                "treatments would be pooled",
                f"name them by what their columns begin with: {shown}; or give --design SHEET",
                file=table.provenance.file,
            )
    every = tuple(range(len(cells.samples)))
    return Paired(MappingProxyType({"all": every}), MappingProxyType({"all": tuple(range(len(evs.samples)))}))


def _first(text: str) -> str:
    return re.split(r"[\s_]", text.strip())[0]
