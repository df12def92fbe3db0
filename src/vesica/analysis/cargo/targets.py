"""Are the targets of a miRNA lower in a responder than other genes are? A one-sided rank test."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vesica.analysis.cargo.change import adjusted
from vesica.analysis.cargo.names import by_stem, meets, stem
from vesica.readers.databases import TargetTable
from vesica.readers.records import FloatArray
from vesica.readers.responders import Responders

LEAST_TARGETS: Final = 5  # against 10 other genes the exact one-sided p can reach 1 in 3003
STRATA: Final = 10
POWER: Final = 0.8
ALPHA: Final = 0.05


@dataclass(frozen=True)
class Repression:
    """One miRNA in one responder.

    Parameters
    ----------
    receiver, mirna : str
    targets, background : genes measured
    lower : 0..1
        Probability that a target changed less than a background gene (0.5: no difference; ties half).
    lower_low, lower_high : 95 % interval of it
    shift : log2
        Median change of the targets minus that of the background.
    p, fdr : one-sided, for targets lower
    detectable : 0.5..1
        The smallest ``lower`` that this many targets show with 80 % power at p = 0.05.
    method : str
    """

    receiver: str
    mirna: str
    targets: int
    background: int
    lower: float
    lower_low: float
    lower_high: float
    shift: float
    p: float
    fdr: float
    detectable: float
    method: str


def targets_of(mirnas: Sequence[str], table: TargetTable) -> dict[str, frozenset[str]]:
    """Genes (upper case) that the table lists for each name; a hairpin gets those of both strands."""
    listed = by_stem(table.by_mirna)
    found = {}
    for name in mirnas:
        genes: set[str] = set()
        for other in listed.get(stem(name), ()):
            if meets(name, other):
                genes |= table.by_mirna[other]
        if genes:
            found[name] = frozenset(genes)
    return found


def repression(
    responders: Responders, targets: Mapping[str, frozenset[str]], expression: FloatArray | None = None
) -> list[Repression]:
    """Test every miRNA with at least five measured targets; surest first.

    Parameters
    ----------
    responders : Responders
        Genes with their log2 fold change.
    targets : miRNA -> genes in upper case
    expression : (gene,) any increasing scale, optional
        With it, targets are compared with genes of the same tenth of expression.

    Notes
    -----
    The background of a miRNA are all measured genes that are not its targets. Without expression it is the
    test of Mann and Whitney (exact for few genes without ties); with it, the stratified one of van Elteren
    (1960). FDR over the miRNAs of this responder.
    """
    strata = _strata(expression, len(responders.genes))
    upper = [gene.upper() for gene in responders.genes]
    rows = []
    for name, genes in targets.items():
        is_target = np.array([gene in genes for gene in upper], dtype=bool)
        if is_target.sum() >= LEAST_TARGETS and (~is_target).sum() >= LEAST_TARGETS:
            rows.append((name, is_target, *_tested(responders.change, is_target, strata)))
    fdr = adjusted(np.array([row[2] for row in rows])) if rows else np.zeros(0)
    found = [_result(responders, row, rate) for row, rate in zip(rows, fdr, strict=True)]
    return sorted(found, key=lambda one: (one.p, -one.lower))


def _strata(expression: FloatArray | None, genes: int) -> FloatArray | None:
    """(gene,) Tenth of expression, from ranks."""
    if expression is None:
        return None
    from scipy import stats

    strata: FloatArray = np.minimum(np.floor((stats.rankdata(expression) - 0.5) / genes * STRATA), STRATA - 1)
    return strata


def _tested(change: FloatArray, is_target: np.ndarray, strata: FloatArray | None) -> tuple[float, float, str]:
    """One-sided p, probability that a target is lower, and the name of the test."""
    from scipy import stats

    if strata is None:
        test = stats.mannwhitneyu(change[is_target], change[~is_target], alternative="less")
        pairs = int(is_target.sum()) * int((~is_target).sum())
        return float(test.pvalue), 1.0 - float(test.statistic) / pairs, "Mann-Whitney"
    z, lower = van_elteren(change, is_target, strata)
    return float(stats.norm.sf(z)), lower, "van Elteren, tenths of expression"


def van_elteren(change: FloatArray, is_target: np.ndarray, strata: FloatArray) -> tuple[float, float]:
    """Standard normal score for targets lower, and the probability that a target is lower.

    Each stratum's Mann-Whitney count is weighted by 1 / (genes + 1), which is best for a common shift; its
    variance is corrected for ties. Strata without a target or without another gene say nothing.
    """
    from scipy import stats

    score = variance = below = pairs = 0.0
    for stratum in np.unique(strata):
        inside = strata == stratum
        m, n = int((inside & is_target).sum()), int((inside & ~is_target).sum())
        if not m or not n:
            continue
        ranks = stats.rankdata(change[inside])
        count = float(ranks[is_target[inside]].sum()) - m * (m + 1) / 2  # pairs in which the target is higher
        size = m + n
        ties = np.unique(ranks, return_counts=True)[1].astype(float)
        spread = m * n / 12.0 * (size + 1 - float((ties**3 - ties).sum()) / (size * (size - 1)))
        weight = 1.0 / (size + 1)
        score += weight * (m * n / 2 - count)
        variance += weight**2 * spread
        below += m * n - count
        pairs += m * n
    return (score / math.sqrt(variance) if variance > 0 else 0.0), (below / pairs if pairs else 0.5)


def _result(responders: Responders, row: tuple[str, np.ndarray, float, float, str], fdr: float) -> Repression:
    name, is_target, p, lower, method = row
    m, n = int(is_target.sum()), int((~is_target).sum())
    low, high = lower_interval(lower, m, n)
    shift = float(np.median(responders.change[is_target]) - np.median(responders.change[~is_target]))
    return Repression(
        responders.name, name, m, n, lower, low, high, shift, p, float(fdr), detectable(m, n), method
    )


def lower_interval(lower: float, m: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of the probability, with the variance of Hanley and McNeil (1982), on the logit scale."""
    from scipy import stats

    inside = min(max(lower, 0.5 / (m * n)), 1 - 0.5 / (m * n))
    one, two = inside / (2 - inside), 2 * inside**2 / (1 + inside)
    variance = (inside * (1 - inside) + (m - 1) * (one - inside**2) + (n - 1) * (two - inside**2)) / (m * n)
    half = stats.norm.ppf(0.5 + level / 2) * math.sqrt(variance) / (inside * (1 - inside))
    logit = math.log(inside / (1 - inside))
    return 1 / (1 + math.exp(-(logit - half))), 1 / (1 + math.exp(-(logit + half)))


def detectable(m: int, n: int, power: float = POWER, alpha: float = ALPHA) -> float:
    """Smallest probability above 0.5 shown with this power: Noether (1987), J Am Stat Assoc 82:645."""
    from scipy import stats

    share = m / (m + n)
    reach = stats.norm.ppf(1 - alpha) + stats.norm.ppf(power)
    return min(1.0, 0.5 + float(reach) / math.sqrt(12 * share * (1 - share) * (m + n)))
