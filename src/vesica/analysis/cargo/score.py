"""`vesica cargo score`: reads the tables, computes, and hands on what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vesica.analysis.cargo import artefacts, change, groups, targets
from vesica.analysis.cargo.inputs import (
    CELLS,
    EVS,
    Request,
    checked_against,
    paired_groups,
    read_side,
    refuse_same,
    shared_rows,
    without_lists,
)
from vesica.analysis.cargo.loading import Loading, loading
from vesica.analysis.cargo.rates import exposures, rates, spread
from vesica.errors import Finding, error, nearest
from vesica.library import Library, load
from vesica.readers.counts import CountTable
from vesica.readers.databases import TargetTable, read_targets
from vesica.readers.fold_change import read_deseq2
from vesica.readers.records import FloatArray, frozen
from vesica.readers.responders import Responders, read_expression, read_responders
from vesica.readers.text import Provenance


@dataclass(frozen=True, eq=False)
class Score:
    """Everything that was found; rows of ``cells`` and ``evs`` are the same, those both tables hold.

    Parameters
    ----------
    depth : compartment -> (sample,) million reads
    given : str
        The group whose EVs the responders received.
    left_out : row -> list for which it was left out
    expression : receiver -> gene in upper case -> level
    """

    request: Request
    library: Library
    cells: CountTable
    evs: CountTable
    paired: groups.Paired
    depth: Mapping[str, FloatArray]
    dispersion: Mapping[str, float]
    least_mean: float
    libraries: tuple[artefacts.LibraryDepth, ...]
    flagged: Mapping[str, tuple[str, ...]]
    remarks: Mapping[str, tuple[str, ...]]
    loadings: tuple[Loading, ...]
    changes: tuple[change.Change, ...]
    loading_changes: tuple[change.LoadingChange, ...]
    given: str
    target_genes: Mapping[str, frozenset[str]]
    responders: tuple[Responders, ...]
    tests: tuple[targets.Repression, ...]
    expression: Mapping[str, Mapping[str, float]]
    left_out: Mapping[str, str]
    findings: tuple[Finding, ...]
    sources: tuple[Provenance, ...]


def score(request: Request) -> Score:
    """Read, check and compute everything that was asked for.

    Raises
    ------
    InputError
        Anything wrong with the files or with how the groups were named.
    """
    library = load("cns")
    (all_cells, cell_labels), (all_evs, ev_labels) = (
        read_side(request.cells, CELLS, request),
        read_side(request.evs, EVS, request),
    )
    refuse_same(all_cells, all_evs)
    paired = paired_groups(request, all_cells, all_evs, cell_labels, ev_labels)
    against = checked_against(request, paired)
    all_cells, all_evs, left_out = without_lists(request, all_cells, all_evs, library)
    cells, evs, findings = shared_rows(all_cells, all_evs)
    least = request.least_mean or library.entries[artefacts.LEAST_MEAN].value
    loadings, depth, dispersion = _loadings(cells, evs, paired, least)
    changes, sources = _changes(request, all_cells, all_evs, paired, against, least)
    given = _given(request, paired, against, loadings)
    genes, responders, tests, expression, more = _repression(request, loadings, cells.ids, given)
    libraries = [
        line
        for table, compartment, members in ((all_cells, CELLS, paired.cells), (all_evs, EVS, paired.evs))
        for line in artefacts.depths(table, compartment, _group_of(members), library)
    ]
    return Score(
        request,
        library,
        cells,
        evs,
        paired,
        depth,
        dispersion,
        least,
        tuple(libraries),
        artefacts.flags([*all_cells.ids, *all_evs.ids], library.markers),
        {**artefacts.remarks(all_evs), **artefacts.remarks(all_cells)},
        loadings,
        changes,
        _follow(changes),
        given,
        genes,
        responders,
        tests,
        expression,
        left_out,
        (*findings, *(one for item in changes for one in item.findings)),
        (all_cells.provenance, all_evs.provenance, *sources, *more),
    )


def _loadings(
    cells: CountTable, evs: CountTable, paired: groups.Paired, least: float
) -> tuple[tuple[Loading, ...], dict[str, FloatArray], dict[str, float]]:
    depth, between = {}, {}
    for name, table, members in ((CELLS, cells, paired.cells), (EVS, evs, paired.evs)):
        empty = [sample for place, sample in enumerate(table.samples) if not table.counts[:, place].any()]
        if empty:
            raise error(
                table.provenance.file,
                f"the library `{empty[0]}` of {name} has no read in the shared rows",
                "a library has reads",
                "its depth would be zero",
                "leave the column out",
                file=table.provenance.file,
            )
        depth[name] = exposures(table.counts)[0]
        between[name] = spread(table, depth[name], members, least)
    found = []
    for group in paired.both:
        sides = [
            rates(table.counts[:, list(members[group])], depth[name][list(members[group])], between[name])
            for name, table, members in ((CELLS, cells, paired.cells), (EVS, evs, paired.evs))
        ]
        try:
            found.append(loading(group, sides[0], sides[1], least))
        except ValueError as failure:
            raise error(
                "--group",
                f"in `{group}`, {failure}",
                "the typical ratio is learnt from rows counted on both sides",
                "there is nothing to compare with",
                "sequence the EVs deeper, or lower --least-reads",
                file=evs.provenance.file,
            ) from failure
    return tuple(found), depth, {name: one.dispersion for name, one in between.items()}


def _changes(
    request: Request, cells: CountTable, evs: CountTable, paired: groups.Paired, against: str, least: float
) -> tuple[tuple[change.Change, ...], list[Provenance]]:
    found, sources = [], []
    for compartment, table, members, given in (
        (CELLS, cells, paired.cells, request.cell_changes),
        (EVS, evs, paired.evs, request.ev_changes),
    ):
        for group, path in given.items():
            made = read_deseq2(path)
            sources.append(made.provenance)
            found.append(change.given_change(made, compartment, group, against or "as in the file"))
        if against in members:
            asked = [group for group in members if group not in given and group != against]
            found += [
                change.tested_change(
                    table, compartment, (group, members[group]), (against, members[against]), least
                )
                for group in asked
            ]
    return tuple(found), sources


def _follow(changes: Sequence[change.Change]) -> tuple[change.LoadingChange, ...]:
    cells = {one.group: one for one in changes if one.compartment == CELLS}
    return tuple(
        change.loading_change(cells[one.group], one)
        for one in changes
        if one.compartment == EVS and one.group in cells
    )


def _given(request: Request, paired: groups.Paired, against: str, loadings: Sequence[Loading]) -> str:
    known = [one.group for one in loadings]
    if request.given:
        if request.given not in known:
            raise error(
                "--given",
                f"`{request.given}` is no group with cells and EVs",
                "it names the group whose EVs the responders received",
                "no cargo could be joined to them",
                nearest(request.given, known),
            )
        return request.given
    others = [name for name in known if name != against] or known
    if request.responders and len(others) > 1:
        raise error(
            "--given",
            f"responders, and {len(others)} groups of EVs: {', '.join(others)}",
            "the responders received the EVs of one group",
            "it is not known of which",
            f"say which: --given {others[0]}",
        )
    return others[0]


def _repression(
    request: Request, loadings: Sequence[Loading], ids: Sequence[str], given: str
) -> tuple[
    dict[str, frozenset[str]],
    tuple[Responders, ...],
    tuple[targets.Repression, ...],
    dict[str, dict[str, float]],
    list[Provenance],
]:
    if bool(request.responders) != (request.targets is not None):
        missing = "--targets" if request.responders else "--responders"
        raise error(
            missing,
            f"`{missing}` is not given",
            "the test needs genes that responded, and targets of miRNAs",
            "no target could be tested",
            "give both --responders FILE and --targets FILE",
        )
    if request.targets is None:
        return {}, (), (), {}, []
    table: TargetTable = read_targets(request.targets, weak=request.weak_targets)
    chosen = next(one for one in loadings if one.group == given)
    enough = np.flatnonzero(chosen.evs.reads >= 1)
    genes = targets.targets_of([ids[row] for row in enough], table)
    if not genes:
        raise error(
            "--targets",
            "no miRNA of the EVs is in the table of targets",
            "both use miRBase names of one species",
            "no target could be tested",
            nearest(ids[int(np.argmax(chosen.evs.reads))], table.by_mirna),
            file=table.provenance.file,
        )
    responders = tuple(read_responders(path, name) for name, path in request.responders.items())
    expression, sources = {}, [table.provenance, *(one.provenance for one in responders)]
    if request.receivers is not None:
        expression, source = read_expression(request.receivers)
        sources.append(source)
        unknown = [one.name for one in responders if one.name not in expression]
        if unknown:
            raise error(
                "--receivers",
                f"no column `{unknown[0]}`",
                "receivers are named as the responders are",
                "its expression is not known",
                nearest(unknown[0], expression),
                file=source.file,
            )
    tests = [
        test
        for one in responders
        for test in targets.repression(one, genes, _levels(one, expression.get(one.name)))
    ]
    return genes, responders, tuple(tests), expression, sources


def _levels(responders: Responders, expression: Mapping[str, float] | None) -> FloatArray | None:
    """(gene,) Expression from the table of receivers where it has every gene, else the responders' own."""
    if expression is not None:
        levels = [expression.get(gene.upper()) for gene in responders.genes]
        if None not in levels:
            return frozen(levels)
    return responders.expression


def _group_of(members: Mapping[str, Sequence[int]]) -> dict[int, str]:
    return {place: name for name, places in members.items() for place in places}
