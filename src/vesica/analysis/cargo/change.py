"""Changes under a stimulus, in cells and in EVs: PyDESeq2 on counts, or fold changes made elsewhere."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from vesica.errors import Finding, error
from vesica.readers.counts import CountTable
from vesica.readers.fold_change import FoldChanges
from vesica.readers.records import FloatArray, frozen

METHOD: Final = "PyDESeq2"
LEAST_LIBRARIES: Final = 2
_SAID: Final = re.compile(r"\s+")


@dataclass(frozen=True, eq=False)
class Change:
    """Log2 fold changes of one side of one group against the untreated one.

    Parameters
    ----------
    compartment : "cells" or "EVs"
    group, against : str
    ids : (row,) str
    base_mean : (row,) reads
        Mean of the normalised counts of both groups.
    log2_fold_change, standard_error, p, fdr : (row,)
        NaN where a row was not tested; ``fdr`` is adjusted over the tested rows of this comparison.
    method : str
    findings : what the library had to say
    """

    compartment: str
    group: str
    against: str
    ids: tuple[str, ...]
    base_mean: FloatArray
    log2_fold_change: FloatArray
    standard_error: FloatArray
    p: FloatArray
    fdr: FloatArray
    method: str
    findings: tuple[Finding, ...] = ()

    def places(self) -> dict[str, int]:
        """Row of each id."""
        return {name: row for row, name in enumerate(self.ids)}


def tested_change(
    table: CountTable,
    compartment: str,
    group: tuple[str, Sequence[int]],
    against: tuple[str, Sequence[int]],
    least_mean: float,
) -> Change:
    """Fit a negative binomial model with PyDESeq2 to two groups of libraries.

    Only the libraries of the two groups take part, so that a third treatment with another scatter
    does not change the answer, as in the published tables of BV2 microglia.

    Parameters
    ----------
    table : CountTable
    compartment : str
    group, against : name and indices of the libraries
    least_mean : reads per library
        Rows with a smaller mean over both groups are not tested.

    Raises
    ------
    InputError
        Fewer than two libraries in a group, hardly any row with enough reads, or PyDESeq2 is missing.
    """
    _refuse_unrepeated(table, compartment, group, against)
    libraries = [*against[1], *group[1]]
    counts = table.counts[:, libraries]
    used = np.flatnonzero(counts.sum(axis=1) >= least_mean * len(libraries))
    if len(used) < 3:
        raise error(
            "--against",
            f"{len(used)} rows of the {compartment} have {least_mean:g} reads per library or more "
            f"in `{group[0]}` and `{against[0]}`",
            "a dispersion is learnt from many rows",
            "no change could be tested",
            "sequence deeper, or leave --against out",
            file=table.provenance.file,
        )
    labels = ["control"] * len(against[1]) + ["treated"] * len(group[1])
    found, said = _fit(counts[used], [table.ids[row] for row in used], labels)
    columns = {name: np.full(len(table.ids), np.nan) for name in found}
    for name, values in found.items():
        columns[name][used] = values
    return Change(
        compartment,
        group[0],
        against[0],
        table.ids,
        *(frozen(columns[name]) for name in ("baseMean", "log2FoldChange", "lfcSE", "pvalue", "padj")),
        METHOD,
        _remarks(said, f"{compartment}: {group[0]} against {against[0]}", table.provenance.file),
    )


def _remarks(said: Sequence[str], where: str, file: str) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            "note",
            where,
            f"{METHOD} says: {text.rstrip('.')}",
            "what a library remarks on is passed on",
            "single rows may be less sure than their error says",
            "nothing to do; more libraries in each group make it go away",
            file=file,
        )
        for text in said
    )


def _refuse_unrepeated(table: CountTable, compartment: str, *groups: tuple[str, Sequence[int]]) -> None:
    for name, members in groups:
        if len(members) < LEAST_LIBRARIES:
            raise error(
                "--against",
                f"`{name}` has {len(members)} {'library' if len(members) == 1 else 'libraries'} "
                f"of {compartment}",
                "a change is tested with two libraries or more in each group",
                "without repeats, chance cannot be told from change",
                "add repeats, or leave --against out to get loading ratios only",
                file=table.provenance.file,
            )


def _fit(
    counts: FloatArray, ids: Sequence[str], labels: Sequence[str]
) -> tuple[dict[str, FloatArray], list[str]]:
    """Columns of the result table by name, and what PyDESeq2 warned of (one thread, nothing printed)."""
    try:
        import pandas as pd
        from pydeseq2.dds import DeseqDataSet
        from pydeseq2.default_inference import DefaultInference
        from pydeseq2.ds import DeseqStats
    except ImportError as failure:
        raise missing("PyDESeq2", "tests changes") from failure

    samples = [f"library {place}" for place in range(len(labels))]
    frame = pd.DataFrame(np.rint(counts.T).astype(np.int64), index=samples, columns=list(ids))
    about = pd.DataFrame({"condition": list(labels)}, index=samples)

    def run() -> Any:
        inference = DefaultInference(n_cpus=1)
        data = DeseqDataSet(
            counts=frame, metadata=about, design="~condition", inference=inference, quiet=True
        )
        data.deseq2()
        result = DeseqStats(
            data, contrast=["condition", "treated", "control"], inference=inference, quiet=True
        )
        result.summary()
        return result.results_df

    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        try:
            table = run()
        except (ValueError, ArithmeticError, np.linalg.LinAlgError) as failure:
            raise error(
                "--against",
                f"PyDESeq2 cannot fit these counts: {failure}",
                "a negative binomial model is fitted to rows with reads in several libraries",
                "no change could be tested",
                "look for an empty library, or leave --against out",
            ) from failure
    said = list(
        dict.fromkeys(
            _SAID.sub(" ", str(one.message)).strip()
            for one in caught
            if not issubclass(one.category, DeprecationWarning | FutureWarning)
        )
    )
    return {
        name: table[name].to_numpy(dtype=float)
        for name in ("baseMean", "log2FoldChange", "lfcSE", "pvalue", "padj")
    }, said


def missing(library: str, does: str, extra: str = "omics") -> Exception:
    """The error that a library of an extra is not installed."""
    return error(
        "installation",
        f"the library {library} is not installed",
        f"{library} {does}",
        "this step cannot be done",
        f'install it: pip install "vesica[{extra}]"',
    )


def given_change(changes: FoldChanges, compartment: str, group: str, against: str) -> Change:
    """A table of fold changes made elsewhere, as a change; two-sided p from its ratio to the standard error."""
    from scipy import stats

    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2.0 * stats.norm.sf(np.abs(changes.log2_fold_change / changes.standard_error))
    fdr = adjusted(p) if changes.adjusted_p is None else changes.adjusted_p
    return Change(
        compartment,
        group,
        against,
        changes.ids,
        changes.base_mean,
        changes.log2_fold_change,
        changes.standard_error,
        frozen(p),
        frozen(fdr),
        changes.method,
    )


def adjusted(p: FloatArray) -> FloatArray:
    """(row,) False discovery rates after Benjamini and Hochberg (1995); NaN takes no part and stays NaN."""
    from scipy import stats

    out = np.full(len(p), np.nan)
    tested = np.isfinite(p)
    if tested.any():
        out[tested] = stats.false_discovery_control(p[tested])
    return out


@dataclass(frozen=True, eq=False)
class LoadingChange:
    """What the EVs do beyond following their cells: change in EVs minus change in cells, log2."""

    group: str
    against: str
    ids: tuple[str, ...]
    difference: FloatArray
    standard_error: FloatArray
    p: FloatArray
    fdr: FloatArray


def loading_change(cells: Change, evs: Change) -> LoadingChange:
    """Difference of two independent changes, row by row (rows tested on both sides).

    Cells and EVs are sequenced apart, so the errors are independent and their squares add; p is
    that of a normal law, two-sided.
    """
    from scipy import stats

    place = evs.places()
    shared = [
        (row, place[name])
        for row, name in enumerate(cells.ids)
        if name in place
        and np.isfinite(cells.log2_fold_change[row])
        and np.isfinite(evs.log2_fold_change[place[name]])
    ]
    one, two = (
        (np.array(rows, dtype=int) for rows in zip(*shared, strict=True))
        if shared
        else (np.zeros(0, dtype=int), np.zeros(0, dtype=int))
    )
    difference = evs.log2_fold_change[two] - cells.log2_fold_change[one]
    error_of = np.hypot(evs.standard_error[two], cells.standard_error[one])
    p = 2.0 * stats.norm.sf(np.abs(difference) / error_of)
    return LoadingChange(
        evs.group, evs.against, tuple(cells.ids[row] for row in one), difference, error_of, p, adjusted(p)
    )
