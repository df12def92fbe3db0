"""Names, groups, artefacts and the AnnData round trip of cargo."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.cargo_tables import table, write
from vesica.analysis.cargo import anndata_io, artefacts, groups, names
from vesica.analysis.cargo.inputs import Request
from vesica.analysis.cargo.score import Score, score
from vesica.analysis.cargo.score_outcome import outcome
from vesica.errors import InputError
from vesica.library import load
from vesica.library.check import marker_problems


@pytest.mark.parametrize(("one", "two", "same"), [
    ("mmu-mir-16-1", "mmu-miR-16-5p", True), ("mmu-mir-16-1", "mmu-mir-16-2", False),
    ("hsa-miR-146a-5p", "hsa-miR-146a-3p", False), ("hsa-miR-146a-5p", "mmu-miR-146a-5p", False),
    ("miR-451a", "mmu-mir-451a", True), ("miR-451a", "mmu-mir-451b", False), ("mmu-let-7a-1", "mmu-let-7a-5p", True),
    ("mmu-mir-16-1", "mmu-mir-160", False), ("Cd63", "CD63", True), ("Cd63", "Cd9", False),
])  # fmt: skip
def test_names_meet_where_they_may_be_one_molecule(one: str, two: str, same: bool) -> None:
    assert names.meets(one, two) is same
    assert names.meets(two, one) is same


def test_hairpins_of_one_strand_are_found() -> None:
    assert names.twins(["mmu-let-7a-1", "mmu-let-7a-2", "mmu-mir-21a", "mmu-mir-16-1"]) == {
        "mmu-let-7a-1": ("mmu-let-7a-2",), "mmu-let-7a-2": ("mmu-let-7a-1",)}  # fmt: skip


def test_flags_say_the_list_and_nothing_else() -> None:
    found = artefacts.flags(
        ["hsa-miR-451a", "hsa-miR-451b", "mmu-mir-6236", "hsa-miR-1246", "GAPDH"], load("cns").markers
    )
    assert set(found) == {"hsa-miR-451a", "mmu-mir-6236", "hsa-miR-1246"}
    assert found["hsa-miR-1246"] == ("bovine_serum", "small_rna_fragment")


@pytest.mark.parametrize(("reads", "words"), [
    ((6400, 100), "haemolysis suspected"), ((51200, 100), "haemolysis likely"), ((200, 100), ""), ((9, 3), ""),
])  # fmt: skip
def test_haemolysis_is_told_from_reads(reads: tuple[int, int], words: str) -> None:
    """log2 64 = 6 is between 5 and 7, log2 512 = 9 above, 1 below; 9 and 3 reads say nothing."""
    one = table(
        np.array([[reads[0]], [reads[1]], [9e5]]), ("hsa-miR-451a", "hsa-miR-23a-3p", "hsa-miR-21-5p")
    )
    line = artefacts.depths(one, "EVs", {0: "a"}, load("cns"))[0]
    assert words in line.verdict
    assert ("haemolysis" in line.verdict) is bool(words)


def test_a_library_without_the_markers_has_no_verdict_on_blood() -> None:
    one = table(np.array([[5.0], [9e5]]), ("hsa-miR-451a", "hsa-miR-21-5p"))
    assert artefacts.depths(one, "EVs", {}, load("cns"))[0].haemolysis is None


def test_groups_by_prefix_do_not_cut_numbers() -> None:
    cells = table(np.ones((2, 4)))
    cells = type(cells)(
        cells.ids, ("IL-1 a", "IL-10 a", "IL-1 b", "IL-10 b"), cells.counts, cells.hairpin, cells.provenance
    )
    found = groups.by_prefix(cells, cells, ["IL-1=low", "IL-10"])
    assert found.cells == {"low": (0, 2), "IL-10": (1, 3)}


def test_several_groups_are_never_pooled_unasked() -> None:
    one = table(np.ones((2, 4)))
    several = type(one)(
        one.ids, ("ctrl_1", "ctrl_2", "lps_1", "lps_2"), one.counts, one.hairpin, one.provenance
    )
    with pytest.raises(InputError, match=r"look like 2 groups.*\n.*\n.*\n.*--group \"ctrl\" --group \"lps\""):
        groups.guessed(several, several)
    assert groups.guessed(one, one).both == ("all",)


@pytest.fixture(name="small")
def _small(tmp_path: Path) -> Request:
    """Thirty mature miRNAs in three libraries a group; EVs hold eight times too much of the first."""
    rng = np.random.default_rng(11)
    ids = ("mmu-miR-451a", "mmu-miR-23a-3p", *(f"mmu-miR-{900 + k}-5p" for k in range(28)))
    mean = np.outer(np.geomspace(40, 4000, 30), np.ones(6))
    evs = mean / 5
    evs[0] *= 8
    samples = [
        f"{group} {what}_{k}" for what in ("cells", "EVs") for group in ("ctrl", "LPS") for k in (1, 2, 3)
    ]
    cells_path = write(tmp_path / "cells.csv", ids, tuple(samples[:6]), rng.poisson(mean).astype(float))
    evs_path = write(tmp_path / "evs.csv", ids, tuple(samples[6:]), rng.poisson(evs).astype(float))
    return Request(cells_path, evs_path, prefixes=("ctrl", "LPS"))


def test_the_enriched_row_is_found_and_flagged(small: Request) -> None:
    """log2 8 = 3 with about 190 reads on each side: counting error 0.15, so +-0.9 is 6 sigma."""
    found = score(small)
    one = found.loadings[0]
    assert one.shrunk[0] == pytest.approx(3.0, abs=0.9)
    assert one.s_value[0] < 1e-6
    assert found.flagged["mmu-miR-451a"] == ("erythrocyte", "bovine_serum")
    table_of = {item.name: item for item in outcome(found).tables}
    assert table_of["strongest"].rows[0][0] == "mmu-miR-451a"


def test_rows_on_a_list_are_left_out_and_named(small: Request) -> None:
    found = score(Request(small.cells, small.evs, small.prefixes, without=("erythrocyte",)))
    assert "mmu-miR-451a" not in found.cells.ids
    assert found.left_out == {"mmu-miR-451a": "erythrocyte"}
    assert any("left out" in one.wrote for one in outcome(found).findings)


def _written(found: Score) -> bytes:
    return anndata_io.write_h5ad(
        {"cells": (found.cells, found.depth["cells"], found.paired.cells),
         "EVs": (found.evs, found.depth["EVs"], found.paired.evs)},
        found.loadings, found.flagged, {"kind": "cargo"})  # fmt: skip


def test_anndata_round_trip(small: Request, tmp_path: Path) -> None:
    """What `score` writes it reads again, both sides from one file, groups from obs, and finds the same."""
    anndata = pytest.importorskip("anndata")
    found = score(small)
    path = tmp_path / "cargo.h5ad"
    path.write_bytes(_written(found))
    again = score(Request(path, path))
    assert again.paired.both == ("ctrl", "LPS")
    assert np.array_equal(again.evs.counts, found.evs.counts)
    assert np.array_equal(again.loadings[1].shrunk, found.loadings[1].shrunk)
    data = anndata.read_h5ad(path)
    assert set(data.layers) == {"counts", "loading"}
    assert np.isnan(data.layers["loading"][:6]).all()
    assert data.layers["loading"][-1] == pytest.approx(found.loadings[1].shrunk)
    assert list(data.obs["group"][:4]) == ["ctrl", "ctrl", "ctrl", "LPS"]
    assert data.uns["vesica"]["kind"] == "cargo"
    assert data.var["flags"].iloc[0] == "erythrocyte;bovine_serum"


def test_sparse_counts_in_x_are_read(tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata")
    from scipy import sparse

    counts = np.array([[1.0, 0.0], [3.0, 4.0], [5.0, 0.0]])
    data = anndata.AnnData(X=sparse.csr_matrix(counts))
    data.write_h5ad(tmp_path / "a.h5ad")
    found, labels = anndata_io.read_h5ad(tmp_path / "a.h5ad", "cells")
    assert np.array_equal(found.counts, counts.T)
    assert labels is None


@pytest.mark.parametrize(("change", "says"), [("half", "no whole numbers"), ("negative", "no whole numbers"),
                                              ("text", "cannot be opened"), ("missing", "does not exist")])  # fmt: skip
def test_an_anndata_file_that_holds_no_counts_is_refused(tmp_path: Path, change: str, says: str) -> None:
    anndata = pytest.importorskip("anndata")
    path = tmp_path / "a.h5ad"
    if change == "text":
        path.write_text("not hdf5")
    elif change != "missing":
        anndata.AnnData(X=np.array([[0.5 if change == "half" else -1.0, 2.0]])).write_h5ad(path)
    with pytest.raises(InputError, match=says):
        anndata_io.read_h5ad(path, "cells")


def test_changes_made_elsewhere_replace_the_test(small: Request, tmp_path: Path) -> None:
    """A DESeq2 table is taken as it is: estimate, error and padj; p is two-sided normal of their ratio."""
    made = tmp_path / "lps.csv"
    made.write_text('"","baseMean","log2FoldChange","lfcSE","stat","pvalue","padj"\n'
                    '"mmu-miR-900-5p",100,2,0.5,4,6.3e-05,0.001\n"mmu-miR-901-5p",50,NA,NA,NA,NA,NA\n')  # fmt: skip
    found = score(Request(small.cells, small.evs, small.prefixes, against="ctrl", cell_changes={"LPS": made}))
    given = next(one for one in found.changes if one.compartment == "cells")
    assert given.method == "DESeq2"
    assert given.fdr[0] == 0.001
    assert given.p[0] == pytest.approx(6.334e-05, rel=1e-3)
    assert next(one for one in found.changes if one.compartment == "EVs").method == "PyDESeq2"
    assert found.loading_changes[0].ids == ("mmu-miR-900-5p",)


@pytest.mark.parametrize(("module", "says"), [("pydeseq2.dds", "PyDESeq2 is not installed"),
                                              ("anndata", "anndata is not installed")])  # fmt: skip
def test_a_missing_library_is_named_with_its_extra(
    small: Request, monkeypatch: pytest.MonkeyPatch, module: str, says: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    cells = "a.h5ad" if module == "anndata" else small.cells
    with pytest.raises(InputError, match=says) as caught:
        score(Request(cells, small.evs, small.prefixes, against="ctrl"))
    assert 'pip install "vesica[omics]"' in caught.value.findings[0].fix


def test_one_table_is_not_cells_and_evs(small: Request) -> None:
    with pytest.raises(InputError, match="hold the same counts"):
        score(Request(small.cells, small.cells, small.prefixes))


def test_a_broken_marker_list_is_complained_about() -> None:
    """Every rule of the lists can fail; those that ship are checked with the whole library."""
    good = load("cns").markers["bovine_serum"]
    assert marker_problems(good) == []
    for change, says in (({"members": ()}, "no members"), ({"members": ("a", "a")}, "twice"),
                         ({"says": ""}, "say what"),
                         ({"confidence": "sure"}, "is none of"), ({"source": "", "doi": ""}, "without a source"),
                         ({"doi": "doi:10"}, "is not a DOI")):  # fmt: skip
        assert says in marker_problems(replace(good, **change))[0]


def test_rows_of_one_table_only_are_said(small: Request, tmp_path: Path) -> None:
    text = Path(small.evs).read_text().replace("mmu-miR-905-5p", "mmu-mir-905")
    (tmp_path / "other.csv").write_text(text)
    found = score(Request(small.cells, tmp_path / "other.csv", small.prefixes))
    assert len(found.cells.ids) == 29
    assert "1 pairs may be a hairpin and its strand, as `mmu-miR-905-5p` and `mmu-mir-905`" in found.findings[0].wrote


def test_one_library_a_side_has_counting_error_only_and_says_so(small: Request, tmp_path: Path) -> None:
    found = score(Request(small.cells, small.evs, ("ctrl cells_1=a", "ctrl EVs_1=a")))
    assert found.dispersion == {"cells": 0.0, "EVs": 0.0}
    one = found.loadings[0]
    assert np.array_equal(one.cells.variance, one.cells.counting_variance)
    assert any("one library only: a (cells), a (EVs)" in item.wrote for item in outcome(found).findings)


def test_names_in_pictures_cover_no_point() -> None:
    """Names on a crowded field: whatever is placed meets neither a point nor another name; a free one is placed."""
    from vesica.report.lab.cargo import Box, _label

    rng = np.random.default_rng(3)
    places = rng.uniform([20, 20], [580, 280], (60, 2))
    points = [Box(x - 4, x + 4, y - 4, y + 4) for x, y in places]
    taken, room = list(points), Box(0, 600, 0, 300)
    drawn = [_label(x, y, f"mmu-mir-{n}", room, taken, []) for n, (x, y) in enumerate(places)]
    names = taken[len(points) :]
    assert 0 < len(names) == sum(map(bool, drawn)) < len(points)
    assert not any(name.meets(other) for at, name in enumerate(names) for other in [*points, *names[:at]])
    assert all(room.holds(name) for name in names)
    assert _label(300, 150, "free", room, [], [])
