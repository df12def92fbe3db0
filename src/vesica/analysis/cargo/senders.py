"""The long table of sender, cargo, receiver and target, with the column names of LIANA."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from vesica.analysis.cargo.change import Change
from vesica.analysis.cargo.loading import Loading
from vesica.analysis.cargo.targets import Repression
from vesica.analysis.lab import Field, Table, Value
from vesica.readers.responders import Responders

METHOD = "vesica cargo"
FIELDS = (
    Field("source", words="sending cells"),
    Field("target", words="receiving cells"),
    Field("ligand_complex", words="cargo: miRNA"),
    Field("receptor_complex", words="its target gene in the receiver"),
    Field("group"),
    Field("ligand_expression", words="reads per million in the EVs"),
    Field("log2_loading", words="EV over cell, shrunk"),
    Field("ligand_log2_change", words="of the cargo in EVs"),
    Field("ligand_fdr"),
    Field("receptor_log2_change", words="of the target in the receiver"),
    Field("receptor_expression", words="of the target in the receiver, as given"),
    Field("repression_p"),
    Field("repression_fdr"),
    Field("repression_probability"),
    Field("magnitude_rank", words="rank of ligand_expression among the rows, 0..1, small is strong"),
    Field("specificity_rank", words="rank of repression_p among the rows, 0..1, small is strong"),
    Field("flags"),
    Field("method"),
)


def long_table(
    sender: str,
    loading: Loading,
    ids: Sequence[str],
    change: Change | None,
    targets: Mapping[str, frozenset[str]],
    responders: Sequence[Responders],
    tests: Sequence[Repression],
    expression: Mapping[str, Mapping[str, float]],
    flagged: Mapping[str, Sequence[str]],
) -> Table:
    """One row for each miRNA counted in EVs, receiver, and target gene measured there.

    Parameters
    ----------
    sender : str
        Name of the sending cells.
    loading : Loading
        Of the group whose EVs were given to the responders.
    ids : (row,) str
    change : of the EVs of that group, or None
    targets : miRNA -> genes in upper case
    responders : one for each receiver
    tests : repression of each receiver and miRNA
    expression : receiver -> gene in upper case -> level
    flagged : row -> lists it stands on
    """
    ligands = _ligands(loading, ids, change, targets)
    tested = {(one.receiver, one.mirna): one for one in tests}
    rows: list[list[Value]] = []
    for one in responders:
        receptors = _receptors(one, expression.get(one.name, {}))
        for mirna, genes in targets.items():
            test = tested.get((one.name, mirna))
            outcome: list[Value] = [None] * 3 if test is None else [test.p, test.fdr, test.lower]
            end: list[Value] = [None, None, ";".join(flagged.get(mirna, ())), METHOD]
            for gene in sorted(genes & receptors.keys()):
                name, *receptor = receptors[gene]
                rows.append([sender, one.name, mirna, name, *ligands[mirna], *receptor, *outcome, *end])
    _rank(rows, 5, 14, descending=True)
    _rank(rows, 11, 15, descending=False)
    rows.sort(
        key=lambda row: (str(row[1]), 2.0 if row[15] is None else float(row[15]), float(row[14] or 0.0))
    )
    return Table(
        "sender_receiver", "Sender, cargo, receiver, target", FIELDS, tuple(tuple(row) for row in rows)
    )


def _ligands(
    loading: Loading, ids: Sequence[str], change: Change | None, mirnas: Iterable[str]
) -> dict[str, list[Value]]:
    """MiRNA -> group, reads per million, loading, change and its FDR: the columns from `group` on."""
    place = {name: row for row, name in enumerate(ids)}
    moved = {} if change is None else change.places()
    per_million = loading.evs.per_million
    return {
        mirna: [
            loading.group,
            float(per_million[place[mirna]]),
            float(loading.shrunk[place[mirna]]),
            _of(change, "log2_fold_change", moved.get(mirna)),
            _of(change, "fdr", moved.get(mirna)),
        ]
        for mirna in mirnas
    }


def _receptors(responders: Responders, levels: Mapping[str, float]) -> dict[str, list[Value]]:
    """Gene in upper case -> its name as written, change, and expression where known."""
    own = responders.expression
    return {
        gene.upper(): [gene, float(responders.change[at]), levels.get(
            gene.upper(), None if own is None else float(own[at]))]
        for at, gene in enumerate(responders.genes)
    }  # fmt: skip


def _of(change: Change | None, name: str, row: int | None) -> float | None:
    return None if change is None or row is None else float(getattr(change, name)[row])


def _rank(rows: list[list[Value]], source: int, place: int, *, descending: bool) -> None:
    """Put the rank of one column, as a share of the rows that have it, into another; ties share the mean."""
    from scipy import stats

    known = [row for row in rows if row[source] is not None]
    if not known:
        return
    values = np.array([float(row[source]) for row in known])  # type: ignore[arg-type]
    for row, rank in zip(known, stats.rankdata(-values if descending else values), strict=True):
        row[place] = float(rank) / len(known)
