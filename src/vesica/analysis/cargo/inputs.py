"""What `vesica cargo score` is asked, and its tables, read and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vesica.analysis.cargo import anndata_io, artefacts, groups, names
from vesica.errors import Finding, error, nearest
from vesica.library import Library
from vesica.readers.counts import CountTable, read_counts
from vesica.readers.gene_names import ADVICE, mangled
from vesica.readers.records import frozen
from vesica.readers.text import PathLike

CELLS, EVS = "cells", "EVs"
MOST_LIBRARIES = 50  # of one table without groups; more columns than rows and than this are genes


@dataclass(frozen=True)
class Request:
    """What the user asked for; ``*_changes`` and ``responders`` map a name to a file.

    ``without`` names marker lists whose rows are left out before anything is computed.
    """

    cells: PathLike
    evs: PathLike
    prefixes: tuple[str, ...] = ()
    design: PathLike | None = None
    against: str = ""
    given: str = ""
    sender: str = "sender"
    responders: Mapping[str, PathLike] = field(default_factory=dict)
    targets: PathLike | None = None
    weak_targets: bool = False
    receivers: PathLike | None = None
    cell_changes: Mapping[str, PathLike] = field(default_factory=dict)
    ev_changes: Mapping[str, PathLike] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    least_mean: float | None = None
    estimated: bool = False


def read_side(
    path: PathLike, compartment: str, request: Request
) -> tuple[CountTable, tuple[str, ...] | None]:
    """Counts of one side, and the group of each sample where the file says so."""
    if anndata_io.is_h5ad(path):
        return anndata_io.read_h5ad(path, compartment)
    return read_counts(path, estimated=request.estimated), None


def refuse_same(cells: CountTable, evs: CountTable) -> None:
    """Refuse one file given as cells and as EVs, unless it tells them apart itself."""
    one, two = cells.provenance, evs.provenance
    if one.sha256 == two.sha256 and np.array_equal(cells.counts, evs.counts):
        raise error(
            "--evs",
            f"`{one.file}` and `{two.file}` hold the same counts",
            "EVs are compared with cells",
            "every ratio would be one",
            "give the counts of the EVs",
            file=two.file,
        )


def paired_groups(
    request: Request,
    cells: CountTable,
    evs: CountTable,
    cell_labels: Sequence[str] | None,
    ev_labels: Sequence[str] | None,
) -> groups.Paired:
    """Groups as asked for, of cells and of EVs; refuses when none has both."""
    if request.prefixes and request.design is not None:
        raise error(
            "--design",
            "both --group and --design are given",
            "groups are named in one way",
            "they could contradict each other",
            "leave one of them out",
        )
    for table, compartment in ((cells, CELLS), (evs, EVS)):
        refuse_on_its_side(table, compartment, request.prefixes)
    if request.design is not None:
        paired = groups.by_sheet(cells, evs, request.design)
    elif request.prefixes:
        paired = groups.by_prefix(cells, evs, request.prefixes)
    elif cell_labels and ev_labels:
        paired = groups.Paired(groups.by_labels(cell_labels), groups.by_labels(ev_labels))
    else:
        paired = groups.guessed(cells, evs)
    if not paired.both:
        raise error(
            "--group",
            f"groups of cells: {', '.join(paired.cells) or 'none'}; of EVs: "
            f"{', '.join(paired.evs) or 'none'}",
            "EVs are compared with the cells of the same group",
            "there is no loading ratio",
            "give both the same name: --group PREFIX=NAME",
        )
    return paired


def checked_against(request: Request, paired: groups.Paired) -> str:
    """Name of the untreated group, after a look whether all named groups exist."""
    if request.against and request.against not in paired.names:
        raise error(
            "--against",
            f"`{request.against}` is no group",
            "changes are counted against one of the groups",
            "there would be nothing to compare with",
            nearest(request.against, paired.names),
        )
    for option, given in (("--cell-change", request.cell_changes), ("--ev-change", request.ev_changes)):
        for name in given:
            if name not in paired.names:
                raise error(
                    option,
                    f"`{name}` is no group",
                    "a table of changes belongs to one of the groups",
                    "it could not be joined",
                    nearest(name, paired.names),
                )
    return request.against


def without_lists(
    request: Request, cells: CountTable, evs: CountTable, library: Library
) -> tuple[CountTable, CountTable, dict[str, str]]:
    """The tables without the rows of the marker lists asked for, and these rows with their list."""
    for name in request.without:
        if name not in library.markers:
            raise error(
                "--without",
                f"`{name}` is no list of markers",
                "rows are left out by a list",
                "they would stay",
                nearest(name, library.markers),
            )
    flagged = artefacts.flags(
        [*cells.ids, *evs.ids], {name: library.markers[name] for name in request.without}
    )
    kept = [
        _rows(table, [row for row, name in enumerate(table.ids) if name not in flagged])
        for table in (cells, evs)
    ]
    return kept[0], kept[1], {name: on[0] for name, on in flagged.items()}


def _rows(table: CountTable, rows: Sequence[int]) -> CountTable:
    """The same table with some of its rows, in the order given."""
    hairpin = table.hairpin[list(rows)]
    hairpin.flags.writeable = False
    return CountTable(
        tuple(table.ids[row] for row in rows),
        table.samples,
        frozen(table.counts[list(rows)]),
        hairpin,
        table.provenance,
    )


def mangled_names(ids: Sequence[str], file: str) -> list[Finding]:
    """A warning where a spreadsheet made dates of genes."""
    found = mangled(ids)
    if not found:
        return []
    shown = ", ".join(f"`{name}`" for name in found[:4]) + (
        f" and {len(found) - 4} more" if len(found) > 4 else ""
    )
    return [
        Finding(
            "warning",
            "names",
            f"{shown}: a spreadsheet made a date or a number of a gene",
            "rows are found by their names",
            "which gene it was is not known (1-Mar may be MARCH1 or MARC1), and nothing else finds it",
            ADVICE,
            file=file,
        )
    ]


def refuse_on_its_side(table: CountTable, compartment: str, prefixes: Sequence[str]) -> None:
    """Refuse a table whose rows are the libraries: its rows, and not its columns, begin with the groups.

    Without groups it is told by its shape: more columns than rows, and more of them than anyone sequences.
    """
    starts = tuple(text.partition("=")[0].strip() for text in prefixes)
    rows = [name for name in table.ids if starts and name.startswith(starts)]
    columns = [name for name in table.samples if starts and name.startswith(starts)]
    is_wide = not starts and len(table.samples) > max(len(table.ids), MOST_LIBRARIES)
    if is_wide or (rows and not columns):
        example = f", as `{rows[0]}`" if rows else ""
        raise error(
            table.provenance.file,
            f"{len(table.samples)} columns and {len(table.ids)} rows of {compartment}; the rows look like libraries"
            + example,
            "a count table has a row for each gene or miRNA, and a column for each library",
            "genes would be compared as if they were libraries",
            "turn the table: rows to columns",
            file=table.provenance.file,
        )


def shared_rows(cells: CountTable, evs: CountTable) -> tuple[CountTable, CountTable, list[Finding]]:
    """The rows of both tables in one order, and a finding about the others."""
    there = {name: row for row, name in enumerate(evs.ids)}
    both = [name for name in cells.ids if name in there]
    known = set(both)
    apart = [name for name in cells.ids if name not in known], [name for name in evs.ids if name not in known]
    related = _related(*apart)
    if not both:
        example = (
            f"`{related[0][0]}` and `{related[0][1]}` are the same hairpin"
            if related
            else nearest(cells.ids[0] if cells.ids else "", evs.ids)
        )
        raise error(
            "names",
            f"no row of `{cells.provenance.file}` is named as one of `{evs.provenance.file}`",
            "rows are compared by name; a hairpin is not a mature strand",
            "there is no loading ratio",
            f"{example}; count both against the same annotation",
        )
    findings = [one for table in (cells, evs) for one in mangled_names(table.ids, table.provenance.file)]
    if apart[0] or apart[1]:
        what = (
            f"{len(apart[0])} rows stand only in the table of cells and {len(apart[1])} only in that of EVs"
        )
        if related:
            one, two = related[0]
            what += f"; {len(related)} pairs may be a hairpin and its strand, as `{one}` and `{two}`"
        findings.append(
            Finding(
                "warning",
                "names",
                what,
                "rows are compared by name",
                "these rows have no loading ratio: "
                "a row that is missing was not counted, which is not the same as zero",
                "count both against the same annotation",
                file=evs.provenance.file,
            )
        )
    place = {name: row for row, name in enumerate(cells.ids)}
    return _rows(cells, [place[name] for name in both]), _rows(evs, [there[name] for name in both]), findings


def _related(one: Sequence[str], two: Sequence[str]) -> list[tuple[str, str]]:
    stems = names.by_stem(two)
    return [
        (name, other) for name in one for other in stems.get(names.stem(name), ()) if names.meets(name, other)
    ]
