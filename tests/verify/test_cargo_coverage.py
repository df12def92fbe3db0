"""Does what cargo says hold as often as it claims? Simulated tables of cells and EVs, in `make verify`."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.cargo_tables import negative_binomial, table
from vesica.analysis.cargo import change, targets
from vesica.analysis.cargo.loading import Loading, loading
from vesica.analysis.cargo.rates import exposures, rates, spread
from vesica.readers.records import frozen
from vesica.readers.responders import Responders
from vesica.readers.text import Provenance

pytestmark = pytest.mark.verify
SIMULATIONS = 1500
ROWS = 80


def simulated(seed: int, libraries: int, *, understated: bool = False) -> tuple[Loading, np.ndarray]:
    """Loading of one simulated experiment, and the truth relative to the median of the rows compared.

    Cells: 300,000 reads, dispersion 0.02; EVs: 20,000 reads, dispersion 0.3; true log2 loadings normal, sd 1.5.
    """
    rng = np.random.default_rng([311, libraries, seed])
    cell = rng.lognormal(0, 1.5, ROWS)
    cell /= cell.sum()
    ev = cell * 2 ** rng.normal(0, 1.5, ROWS)
    ev /= ev.sum()
    sides = []
    for share, depth, dispersion in ((cell, 3e5, 0.02), (ev, 2e4, 0.3)):
        mean = np.outer(share, depth * rng.uniform(0.7, 1.4, libraries))
        counts = table(negative_binomial(rng, mean, dispersion))
        known = exposures(counts.counts)[0]
        between = spread(counts, known, {} if understated else {"a": range(libraries)}, 5.0)
        sides.append(rates(counts.counts, known, between))
    found = loading("a", sides[0], sides[1], 5.0)
    truth = np.log2(ev / cell)
    return found, truth - np.median(truth[found.is_counted])


def coverage(libraries: int, simulations: int, *, understated: bool = False) -> tuple[float, float, float]:
    """Share of true loadings in their 95 % interval, its standard error, and the wrong signs among the sure."""
    inside, wrong = [], []
    for seed in range(simulations):
        found, truth = simulated(seed, libraries, understated=understated)
        rows = found.is_counted
        inside.append(float(((found.low <= truth) & (truth <= found.high))[rows].mean()))
        sure = rows & (found.s_value < 0.05)
        wrong.append(float((np.sign(found.shrunk) != np.sign(truth))[sure].mean()) if sure.any() else 0.0)
    return float(np.mean(inside)), float(np.std(inside) / np.sqrt(simulations)), float(np.mean(wrong))


@pytest.mark.parametrize("libraries", [2, 3, 5])
def test_loading_intervals_cover_at_their_level(libraries: int) -> None:
    """1,500 experiments: coverage known to 0.0008 (its spread between experiments is 0.03).

    It may stray by 0.015 from 0.95: dispersion is estimated from 80 to 320 residuals (8 to 16 %, a quarter of it in
    the width: 0.01 of coverage), and rows compared are chosen by their reads (0.005). Wrong signs among the sure: at
    most 0.05 + 0.01.
    """
    share, error, wrong = coverage(libraries, SIMULATIONS)
    assert error < 0.0015
    assert share == pytest.approx(0.95, abs=0.015)
    assert wrong < 0.06


def test_counting_error_alone_would_not_cover() -> None:
    """The same intervals without the scatter between libraries miss by far: the test above can fail."""
    assert coverage(3, 100, understated=True)[0] < 0.85


def test_fdr_of_changes_is_kept() -> None:
    """40 tables of 300 rows, 3 against 3, 10 % changed fourfold.

    The mean of 40 false discovery proportions has a standard error of about 0.008 (sd 0.05 of about 25 findings);
    negative binomial tests at n = 3 are known to be slightly liberal, up to twice the level. Bound: 0.10;
    power above one half.
    """
    false, power = [], []
    for seed in range(40):
        rng = np.random.default_rng([977, seed])
        mean = np.outer(rng.lognormal(4.5, 1.2, 300), np.ones(6))
        changed = rng.random(300) < 0.1
        mean[changed, 3:] *= np.where(rng.random(changed.sum()) < 0.5, 4.0, 0.25)[:, None]
        counts = table(negative_binomial(rng, mean, 0.05))
        found = change.tested_change(counts, "cells", ("b", range(3, 6)), ("a", range(3)), 5.0)
        hits = found.fdr < 0.05
        false.append(float((hits & ~changed).sum() / max(hits.sum(), 1)))
        power.append(float((hits & changed).sum() / changed.sum()))
    assert np.mean(false) < 0.10
    assert np.mean(power) > 0.5


def test_the_stratified_test_keeps_its_level() -> None:
    """2,000 miRNAs without effect, 40 targets among 800 genes of ten strata: p is uniform.

    Kolmogorov's distance of 2,000 uniform draws exceeds 2.64 / sqrt(2000) = 0.059 once in 1e6.
    """
    rng = np.random.default_rng(41)
    level = rng.lognormal(3, 1, 800)
    fall = rng.normal(0, 1, 800) + np.log(level)
    genes = tuple(f"G{k}" for k in range(800))
    receiver = Responders("n", genes, frozen(fall), None, 0, Provenance("", "", "", ""))
    drawn = {f"m{k}": frozenset(rng.choice(genes, 40, replace=False).tolist()) for k in range(2000)}
    p = [one.p for one in targets.repression(receiver, drawn, level)]
    assert stats.kstest(p, "uniform").statistic < 0.059


def test_simulated_counts_have_the_variance_they_should() -> None:
    """Mean 50, dispersion 0.3: variance 50 + 0.3 2500 = 800; 200,000 draws know it to 1 % (kurtosis about 5)."""
    counts = negative_binomial(np.random.default_rng(1), np.full(200000, 50.0), 0.3)
    assert counts.mean() == pytest.approx(50.0, rel=0.01)
    assert counts.var() == pytest.approx(800.0, rel=0.03)
    assert negative_binomial(np.random.default_rng(1), np.full(200000, 50.0), 0.0).var() == pytest.approx(
        50, rel=0.03
    )
