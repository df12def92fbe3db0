"""Fold change between two groups of samples, and the tables DESeq2 writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from vesica.errors import error
from vesica.readers.counts import CountTable, find_row, refuse_repeats, table_rows
from vesica.readers.records import FloatArray, frozen
from vesica.readers.text import PathLike, Provenance, Row, TextFile, number, read_text

DESEQ2_FORMAT: Final = "DESeq2 result table"
MEDIAN_OF_RATIOS: Final = "median of ratios, sample variance of logarithms"

# Half a read: keeps the logarithm of a zero finite and moves a mean of 10 reads by 0.07 in log2.
PSEUDO_COUNT: Final = 0.5

_DESEQ2_COLUMNS: Final = ("baseMean", "log2FoldChange", "lfcSE", "padj")


@dataclass(frozen=True)
class FoldChange:
    """One row: log2 fold change and its standard error, both dimensionless."""

    name: str
    log2_fold_change: float
    standard_error: float
    base_mean: float
    adjusted_p: float | None

    @property
    def ratio(self) -> float:
        """The fold change itself."""
        return float(2.0**self.log2_fold_change)


@dataclass(frozen=True, eq=False)
class FoldChanges:
    """Fold changes of all rows.

    Parameters
    ----------
    ids : (row,) str
    log2_fold_change, standard_error : (row,) dimensionless
        Treated over control; NaN where DESeq2 wrote NA.
    base_mean : (row,) reads
        Mean of the normalised counts over both groups.
    adjusted_p : (row,) or None
        Only from DESeq2; NaN where it wrote NA.
    size_factors : (sample,) or None
        Control samples, then treated ones; only where computed here.
    pseudo_count : reads or None
    method : str
    provenance : Provenance
    """

    ids: tuple[str, ...]
    log2_fold_change: FloatArray
    standard_error: FloatArray
    base_mean: FloatArray
    adjusted_p: FloatArray | None
    size_factors: FloatArray | None
    pseudo_count: float | None
    method: str
    provenance: Provenance

    def row(self, name: str) -> FoldChange:
        """One row by its name; refuses an unknown name with the nearest known one."""
        index = find_row(self.ids, name, self.provenance.file)
        adjusted = None if self.adjusted_p is None else float(self.adjusted_p[index])
        return FoldChange(
            name,
            float(self.log2_fold_change[index]),
            float(self.standard_error[index]),
            float(self.base_mean[index]),
            adjusted,
        )


def size_factors(counts: FloatArray) -> FloatArray:
    """Relative depth of each library by the median of ratios.

    Parameters
    ----------
    counts : (row, sample) reads

    Returns
    -------
    (sample,) dimensionless
        Median, over rows seen in every sample, of the count over the row's geometric mean.

    Raises
    ------
    ValueError
        No row is seen in every sample.

    Notes
    -----
    Source: Anders & Huber, Genome Biology 11, R106 (2010), equation 5,
    doi 10.1186/gb-2010-11-10-r106.
    """
    seen = (counts > 0).all(axis=1)
    if not seen.any():
        msg = "no row is seen in every sample"
        raise ValueError(msg)
    logs = np.log(counts[seen])
    ratios = logs - logs.mean(axis=1, keepdims=True)
    factors: FloatArray = np.exp(np.median(ratios, axis=0))
    return factors


def fold_changes(
    table: CountTable,
    *,
    control: str,
    treated: str,
    pseudo_count: float = PSEUDO_COUNT,
) -> FoldChanges:
    r"""Log2 fold change of every row, treated over control.

    Parameters
    ----------
    table : CountTable
    control, treated : str
        Text that the columns of each group begin with; each has two samples or more.
    pseudo_count : reads, > 0
        Added to normalised counts before logarithms.

    Returns
    -------
    FoldChanges

    Notes
    -----
    With normalised counts :math:`n` (counts over size factors of these two groups) and
    pseudo-count :math:`p`, the fold change is :math:`\log_2(\bar n_t + p) - \log_2(\bar n_c + p)`.
    By the delta method the variance of the logarithm of a mean is, to first order, the
    variance of the logarithms over the number of samples, so the squared standard error is
    the sum over both groups of the sample variance of :math:`\log_2(n + p)` over the number of
    samples. No negative binomial is fitted and no variance is shared between rows: with three
    samples a group the standard error is itself known to about 40 %. Where samples agree
    better than counting allows, the variance of counting (Poisson), :math:`1/((\bar n + p) \ln^2 2)`
    at a size factor of 1, is used instead: a spread of zero by chance is not certainty.
    """
    if not pseudo_count > 0:
        raise error(
            table.provenance.file,
            f"a pseudo-count of {pseudo_count:g}",
            "it is larger than zero",
            "the logarithm of a zero would be infinite",
            f"leave it at {PSEUDO_COUNT}",
        )
    first, second = table.group(control), table.group(treated)
    _check_groups(table, control, treated, first, second)
    counts = table.counts[:, [*first, *second]]
    try:
        factors = size_factors(counts)
    except ValueError as failure:
        raise error(
            table.provenance.file,
            f"in `{control}` and `{treated}`, {failure}",
            "libraries are compared by rows seen in all of them",
            "depths of sequencing could not be told from differences between groups",
            "leave out the emptiest sample",
            file=table.provenance.file,
        ) from failure
    normalised = counts / factors
    means, squared_errors = [], []
    for group in (normalised[:, : len(first)], normalised[:, len(first) :]):
        mean, squared_error = _log_mean_error(group, pseudo_count)
        means.append(mean)
        squared_errors.append(squared_error)
    return FoldChanges(
        ids=table.ids,
        log2_fold_change=frozen(np.log2(means[1] / means[0])),
        standard_error=frozen(np.sqrt(squared_errors[0] + squared_errors[1])),
        base_mean=frozen(normalised.mean(axis=1)),
        adjusted_p=None,
        size_factors=frozen(factors),
        pseudo_count=pseudo_count,
        method=MEDIAN_OF_RATIOS,
        provenance=table.provenance,
    )


def _log_mean_error(group: FloatArray, pseudo_count: float) -> tuple[FloatArray, FloatArray]:
    """Return (row,) mean plus pseudo-count and squared standard error of its log2, of (row, sample)."""
    mean = group.mean(axis=1) + pseudo_count
    spread = np.log2(group + pseudo_count).var(axis=1, ddof=1)
    counting = 1.0 / (mean * np.log(2.0) ** 2)
    return mean, np.maximum(spread, counting) / group.shape[1]


def _check_groups(
    table: CountTable,
    control: str,
    treated: str,
    first: tuple[int, ...],
    second: tuple[int, ...],
) -> None:
    file = table.provenance.file
    shared = set(first) & set(second)
    if shared:
        raise error(
            file,
            f"`{table.samples[min(shared)]}` begins with `{control}` and with `{treated}`",
            "a sample belongs to one group",
            "it would be compared with itself",
            "write more of the column names",
            file=file,
        )
    for prefix, group in ((control, first), (treated, second)):
        if len(group) < 2:
            raise error(
                file,
                f"`{prefix}` finds one sample, `{table.samples[group[0]]}`",
                "each group has two samples or more",
                "without repeats there is no standard error",
                "use a shorter prefix, or a table with repeats",
                file=file,
            )


def read_deseq2(path: PathLike) -> FoldChanges:
    """Read a result table of DESeq2 (csv or tsv, names in the first column, `NA` allowed).

    Raises
    ------
    InputError
        Empty or not text; a column is missing; a name twice; something that is not a number.
    """
    text = read_text(path)
    header, body = table_rows(text)
    missing = [name for name in _DESEQ2_COLUMNS if name not in header.cells]
    if missing or not body:
        raise text.refuse(
            header.line,
            f"no column `{missing[0]}`" if missing else "no rows follow the header",
            "a result table of DESeq2 has " + ", ".join(f"`{name}`" for name in _DESEQ2_COLUMNS),
            "there is nothing to read",
            "write it with `write.csv(as.data.frame(results))`",
        )
    ids = tuple(row.name for row in body)
    refuse_repeats(text, ids, [row.line for row in body], "row")
    mean, change, error_of_change, adjusted = (
        frozen([_number_or_na(text, row, header.cells.index(name), name) for row in body])
        for name in _DESEQ2_COLUMNS
    )
    lines = {"head": text.lines[: header.line], "rows": text.lines[header.line :]}
    return FoldChanges(
        ids=ids,
        log2_fold_change=change,
        standard_error=error_of_change,
        base_mean=mean,
        adjusted_p=adjusted,
        size_factors=None,
        pseudo_count=None,
        method="DESeq2",
        provenance=text.provenance(DESEQ2_FORMAT, lines),
    )


def _number_or_na(text: TextFile, row: Row, column: int, label: str) -> float:
    return float("nan") if row.cells[column] in ("NA", "") else number(text, row, column, label)
