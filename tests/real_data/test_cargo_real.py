"""BV2 microglia and their EVs against the authors' own DESeq2 tables; the dumps of ExoCarta and Vesiclepedia."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vesica.analysis.cargo.database import Question, answer
from vesica.analysis.cargo.inputs import Request
from vesica.analysis.cargo.score import Score, score
from vesica.analysis.cargo.score_outcome import outcome
from vesica.readers import databases
from vesica.readers.fold_change import read_deseq2

DATA = Path(__file__).parents[2].parent / "shared" / "data"
BV2, EV = DATA / "microglia_bv2", DATA / "ev_databases"
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside the repository"),
]


@pytest.fixture(name="bv2", scope="module")
def _bv2() -> Score:
    return score(Request(BV2 / "mirna_cell_counts.csv", BV2 / "mirna_ev_counts.csv",
                         prefixes=("control", "LPS", "IL-10", "TGFB"), against="control"))  # fmt: skip


@pytest.mark.parametrize(("compartment", "name", "away"), [("cells", "cell", 1e-3), ("EVs", "ev", 0.01)])
def test_changes_are_those_of_the_authors(bv2: Score, compartment: str, name: str, away: float) -> None:
    """PyDESeq2 and DESeq2 fit the same model by other optimisers: estimates agree to what stopping rules leave.

    Same rows are tested (30 reads in six libraries are our mean of 5), base means are equal to rounding of the printed
    digits, and log2 fold changes agree to 1e-3 in cells and to 0.01 in EVs, where a dispersion of 0.4 on tens of reads
    makes the likelihood flat: both are far below the smallest standard error (0.1). Standard errors differ by at most
    40 % in single rows of EVs (a dispersion at its bound in one of the programs), 3 % in the middle of them.
    """
    authors = read_deseq2(BV2 / f"mirna_{name}_LPS_deseq2.csv")
    ours = next(one for one in bv2.changes if one.compartment == compartment and one.group == "LPS")
    tested = {one for one, value in zip(ours.ids, ours.log2_fold_change, strict=True) if np.isfinite(value)}
    assert tested == set(authors.ids)
    rows = [ours.places()[one] for one in authors.ids]
    assert ours.base_mean[rows] == pytest.approx(authors.base_mean, rel=1e-9)
    assert np.abs(ours.log2_fold_change[rows] - authors.log2_fold_change).max() < away
    ratio = ours.standard_error[rows] / authors.standard_error
    assert 1 / 1.4 < ratio.min() <= ratio.max() < 1.4
    assert np.median(ratio) == pytest.approx(1.0, abs=0.03)
    assert authors.adjusted_p is not None
    assert set(np.flatnonzero(ours.fdr[rows] < 0.05)) == set(np.flatnonzero(authors.adjusted_p < 0.05))


def test_mir_146a_rises_in_the_cells(bv2: Score) -> None:
    """The best known answer of microglia to LPS."""
    cells = next(one for one in bv2.changes if one.compartment == "cells" and one.group == "LPS")
    row = cells.places()["mmu-mir-146a"]
    assert cells.log2_fold_change[row] > 0
    assert cells.fdr[row] < 0.05


def test_what_is_wrong_with_these_libraries_is_said(bv2: Score) -> None:
    """All EV libraries hold 15 to 29 thousand reads, and more than half of them are one row on the rRNA list."""
    evs = [one for one in bv2.libraries if one.compartment == "EVs"]
    assert (min(one.reads for one in evs), max(one.reads for one in evs)) == (15071, 28727)
    assert all("shallow" in one.verdict and one.largest == "mmu-mir-6236" for one in evs)
    assert not any("shallow" in one.verdict for one in bv2.libraries if one.compartment == "cells")
    said = " ".join(one.wrote for one in outcome(bv2).findings)
    assert "12 of 12 libraries of EVs hold 15,071 to 28,727 reads" in said
    assert "`mmu-mir-6236` holds" in said
    assert "1187 of 1187 rows are hairpins" in said


def test_loading_adds_up_on_the_real_tables(bv2: Score) -> None:
    """Reads are sums of the files, the median counted ratio is zero, shrinkage never passes the prior mean."""
    for one in bv2.loadings:
        places = list(bv2.paired.evs[one.group])
        assert np.array_equal(one.evs.reads, bv2.evs.counts[:, places].sum(axis=1))
        assert np.median(one.ratio[one.is_counted]) == pytest.approx(0.0, abs=1e-12)
        seen = np.isfinite(one.shrunk)
        assert (np.abs(one.shrunk - one.prior_mean) <= np.abs(one.ratio - one.prior_mean) + 1e-12)[seen].all()
        assert (one.counting_low <= one.counting_high).all()


def test_exocarta_and_its_experiments_join() -> None:
    """46,878 rows; every vesicle marker is among the hundred most frequent, and every experiment is described."""
    files = (
        EV / "EXOCARTA_PROTEIN_MRNA_DETAILS_5_2024_06_18.csv.gz",
        EV / "EXOCARTA_EXPERIMENT_DETAILS_5.txt",
    )
    found = answer(Question(files, genes=("Cd63", "TSG101", "Pdcd6ip", "Nosuchgene")))
    assert found.summary["records"] == 46878
    assert found.summary["lookup"] == {"asked": 4, "found": 3, "in_top_100": 3, "missing": ["Nosuchgene"]}


def test_vesiclepedia_gives_kinds_of_vesicles() -> None:
    table = databases.read_database(EV / "VESICLEPEDIA_EXPERIMENT_DETAILS_4.1.txt")
    assert isinstance(table, databases.ExperimentTable)
    assert len(table.by_id) == 1254
    assert {one.source for one in table.by_id.values()} >= {"cl", "ts"}
    assert {kind for one in table.by_id.values() for kind in one.vesicles} >= {"Exosomes", "Microvesicles"}
