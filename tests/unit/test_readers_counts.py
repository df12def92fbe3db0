"""Count tables, fold changes between groups, and DESeq2 results."""

import importlib.util
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from vesica import readers, samples
from vesica.errors import InputError
from vesica.readers.gene_names import mangled

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_samples.py"


def write(folder: Path, text: str) -> Path:
    file = folder / "counts.csv"
    file.write_text(text, encoding="utf-8")
    return file


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_samples", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not SCRIPT.exists(), reason="scripts/ is not part of this installation")
def test_the_script_makes_the_samples_that_are_shipped(tmp_path: Path) -> None:
    """Counts are equal; sizes may differ by rounding of a whole particle or the sixth digit."""
    script().make(tmp_path)
    for name in ("mirna_cell_counts.csv", "mirna_ev_counts.csv"):
        assert (tmp_path / name).read_bytes() == samples.path(name).read_bytes()
    for name in ("ev_nanosight34.csv", "ev_sizes.csv"):
        made, shipped = (readers.read_size_distribution(f) for f in (tmp_path / name, samples.path(name)))
        np.testing.assert_allclose(made.concentration, shipped.concentration, rtol=1e-5, atol=1.0)


def test_size_factors_of_scaled_libraries_are_the_scales() -> None:
    """Counts that differ by a factor for each sample: every ratio is that factor over their geometric mean.

    Exact but for rounding of logarithms below 10: 10 eps.
    """
    scales = np.array([0.5, 1.0, 3.0, 8.0])
    rows = np.array([16.0, 2.0, 40.0, 0.0])
    expected = scales / np.exp(np.log(scales).mean())
    found = readers.size_factors(np.outer(rows, scales))
    np.testing.assert_allclose(found, expected, rtol=10 * np.finfo(float).eps)


def test_a_minority_of_changed_rows_does_not_move_size_factors() -> None:
    """The median of five ratios is that of the three unchanged rows, which are exact powers of two."""
    counts = np.array([[8.0, 16.0], [4.0, 8.0], [2.0, 4.0], [1.0, 512.0], [1.0, 1024.0]])
    first, second = readers.size_factors(counts)
    assert second / first == pytest.approx(2.0, rel=10 * np.finfo(float).eps)


def small_table(folder: Path) -> readers.CountTable:
    return readers.read_counts(
        write(
            folder,
            "id,control_1,control_2,LPS_1,LPS_2\na,100,100,100,100\nb,100,100,100,100\nc,100,144,800,800\n",
        )
    )


def test_fold_change_and_its_error_by_hand(tmp_path: Path) -> None:
    """Size factors are 1 up to rounding (two rows of three are equal everywhere).

    Row c: means 122.5 and 800.5 with the pseudo-count. Sample variance of two logarithms is half
    their squared difference; that of LPS is zero, so counting stands in: 1 / (800.5 ln(2)^2).
    """
    found = readers.fold_changes(small_table(tmp_path), control="control", treated="LPS").row("c")
    assert found.log2_fold_change == pytest.approx(math.log2(800.5 / 122.5), abs=1e-12)
    between = math.log2(144.5 / 100.5) ** 2 / 2
    counting = 1 / (800.5 * math.log(2) ** 2)
    assert found.standard_error == pytest.approx(math.sqrt((between + counting) / 2), rel=1e-12)
    assert found.ratio == pytest.approx(800.5 / 122.5, rel=1e-12)
    assert found.adjusted_p is None


def test_standard_error_covers_the_truth(tmp_path: Path) -> None:
    """Four samples a group of a known law: the truth lies within 4.32 standard errors in most rows.

    Squared coefficient of variation 0.04 on means of 1000, so errors are sqrt(2 * 0.041 / 4) / ln 2 = 0.21.
    With 3 + 3 degrees of freedom, |t| > 4.32 has probability 0.005 (Student, 6 degrees); of
    200 rows one is expected, and more than 7 happen in 1 of 10,000 tests (Poisson of mean 1: 1e-5; unequal
    variances cost the rest).
    """
    rng = np.random.Generator(np.random.Philox(7))
    lines = ["id," + ",".join(f"{group}_{i}" for group in ("control", "LPS") for i in range(4))]
    for row in range(200):
        expected = 1000.0 * rng.gamma(25.0, 1 / 25.0, 8)
        lines.append(f"g{row}," + ",".join(map(str, rng.poisson(expected))))
    table = readers.read_counts(write(tmp_path, "\n".join(lines)))
    changes = readers.fold_changes(table, control="control", treated="LPS")
    assert (np.abs(changes.log2_fold_change) > 4.32 * changes.standard_error).sum() <= 7
    # The other way round: errors are of the size they should be (mean of 200, each known to 30 %, so 5 %).
    assert np.sqrt((changes.standard_error**2).mean()) == pytest.approx(0.207, rel=0.1)


def test_samples_show_the_fold_changes_put_in() -> None:
    """Within 4 of the errors known from the script: sqrt(2 (dispersion + 1/mean) / 3) / ln 2."""
    truth = script()
    for column, where in enumerate(("cell", "ev")):
        table = readers.read_counts(samples.path(f"mirna_{where}_counts.csv"))
        changes = readers.fold_changes(table, control="control", treated="LPS")
        for name in ("mmu-mir-146a", "mmu-let-7b", "mmu-mir-21a"):
            values = truth.MIRNAS[name]
            error = math.sqrt(2 * (truth.DISPERSION[where] + 1 / values[column]) / 3) / math.log(2)
            assert changes.row(name).log2_fold_change == pytest.approx(values[2 + column], abs=4 * error)


def test_hairpins_are_flagged(tmp_path: Path) -> None:
    text = "id,a,b\n" + "\n".join(
        f"{name},1,2"
        for name in ("mmu-mir-146a", "mmu-miR-146a-5p", "mmu-let-7b", "mmu-let-7b-5p", "mmu-let-7a-1", "Tnf")
    )
    assert readers.read_counts(write(tmp_path, text)).hairpin.tolist() == [
        True,
        False,
        True,
        False,
        True,
        False,
    ]
    mature = readers.read_counts(write(tmp_path, "id,a\nmmu-miR-146a-5p,1\nmmu-let-7b,1\n"))
    assert not mature.hairpin.any()


def test_names_may_be_quoted_and_unnamed(tmp_path: Path) -> None:
    for header in ('"","s 1","s 2"', '"s 1","s 2"', ",s 1,s 2"):
        table = readers.read_counts(write(tmp_path, f'{header}\n"x;y",1,2\n"z",3,4\n'))
        assert table.ids == ("x;y", "z")
        assert table.samples == ("s 1", "s 2")
        assert table.counts.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_groups_by_prefix_do_not_cut_numbers(tmp_path: Path) -> None:
    table = readers.read_counts(write(tmp_path, "id,IL-1 a,IL-10 a,IL-1 b,LPS1\nx,1,2,3,4\n"))
    assert table.group("IL-1") == (0, 2)
    assert table.group("IL-10") == (1,)
    assert table.group("LPS") == (3,)


def refuses(call, *said: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    (found,) = caught.value.findings
    assert all((found.wrote, found.rule, found.consequence, found.fix))
    assert all(part in str(found) for part in said), str(found)


def test_unknown_rows_and_groups_suggest_the_nearest() -> None:
    table = readers.read_counts(samples.path("mirna_cell_counts.csv"))
    changes = readers.fold_changes(table, control="control", treated="LPS")
    refuses(lambda: changes.row("miR-146a"), "`miR-146a` is not a row", "did you mean `mmu-mir-146a`?")
    refuses(lambda: table.row("mmu-mir-147"), "is not a row")
    refuses(lambda: table.group("Control cells"), "no sample begins with", "did you mean `control cells_")
    refuses(lambda: table.group(""), "an empty prefix")
    refuses(lambda: readers.fold_changes(table, control="control", treated="control cells"), "begins with")
    refuses(lambda: readers.fold_changes(table, control="control", treated="LPS cells_1"), "finds one sample")
    refuses(
        lambda: readers.fold_changes(table, control="control", treated="LPS", pseudo_count=0.0),
        "pseudo-count",
    )


def test_libraries_without_a_common_row_cannot_be_compared(tmp_path: Path) -> None:
    table = readers.read_counts(write(tmp_path, "id,c1,c2,t1,t2\nx,1,0,1,1\ny,0,1,1,1\n"))
    refuses(lambda: readers.fold_changes(table, control="c", treated="t"), "no row is seen in every sample")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,a,b\nx,1,2\nx,3,4\n", ("`x` stands here a second time", ":3")),
        ("id,a,a\nx,1,2\n", ("the sample `a`",)),
        ("id,a,b\nx,1\n", ("2 cells", ":2")),
        ("id,a,b\nx,1,2\ny,1\n", ("2 cells", ":3")),
        ("id,a,b\n,1,2\n", ("no name", ":2")),
        ("id,a,b\nx,1,-2\n", ("a count of -2", ":2")),
        ("id,a,b\nx,1,16.9\n", ("a count of 16.9", "estimated=True")),
        ("id,a,b\nx,1,two\n", ("`two` stands in column `b`",)),
        ("id,a,b\nx,1,\n", ("`` stands in column `b`",)),
        ("id\nx\n", ("0 samples",)),
        ("id,a,b\n", ("0 rows",)),
        ("# only\n", ("comments only",)),
    ],
)
def test_bad_tables_are_refused(tmp_path: Path, text: str, said: tuple[str, ...]) -> None:
    file = write(tmp_path, text)
    refuses(lambda: readers.read_counts(file), *said)


def test_estimated_counts_are_read_when_said_so(tmp_path: Path) -> None:
    file = write(tmp_path, "id,a,b\nx,1.5,16.9\n")
    assert readers.read_counts(file, estimated=True).counts.tolist() == [[1.5, 16.9]]


DESEQ2 = '"","baseMean","log2FoldChange","lfcSE","stat","pvalue","padj"\n'


def test_deseq2_results(tmp_path: Path) -> None:
    file = write(tmp_path, DESEQ2 + '"mmu-mir-146a",10,5.5,0.1,55,0,0\n"x",0,NA,NA,NA,NA,NA\n')
    results = readers.read_deseq2(file)
    found = results.row("mmu-mir-146a")
    assert (found.log2_fold_change, found.standard_error, found.base_mean, found.adjusted_p) == (
        5.5,
        0.1,
        10,
        0,
    )
    assert math.isnan(results.row("x").log2_fold_change)
    refuses(lambda: results.row("mmu-mir-146b"), "did you mean `mmu-mir-146a`?")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,a,b\nx,1,2\n", "no column `baseMean`"),
        (DESEQ2, "no rows follow"),
        (DESEQ2 + "x,1,2,3,4,5,6\nx,1,2,3,4,5,6\n", "a second time"),
        (DESEQ2 + "x,1,much,3,4,5,6\n", "`much` stands in column `log2FoldChange`"),
    ],
)
def test_bad_deseq2_results_are_refused(tmp_path: Path, text: str, said: str) -> None:
    file = write(tmp_path, text)
    refuses(lambda: readers.read_deseq2(file), said)


def test_places_of_genes_are_no_samples(tmp_path: Path) -> None:
    head = "Geneid\tChr\tStart\tEnd\tStrand\tLength\ta.bam\tb.bam\n"
    file = write(tmp_path, f"# Program:featureCounts\n{head}x\tchr1;chr1\t1;9\t5;20\t+;+\t17\t3\t4\n")
    table = readers.read_counts(file)
    assert (table.samples, table.counts.tolist()) == (("a.bam", "b.bam"), [[3.0, 4.0]])


@pytest.mark.parametrize(("name", "is_mangled"), [
    ("1-Sep", True), ("Sep-01", True), ("2-Mar", True), ("1. Mrz", True), ("2023-03-01", True), ("01.03.2023", True),
    ("2.31E+13", True), ("SEPT1", False), ("MARCHF1", False), ("Dec1", False), ("mmu-mir-1-1", False),
    ("ENSG00000135404.7", False), ("H2-D1", False), ("Nov", False), ("1700012B09Rik", False), ("2310009E13Rik", False),
])  # fmt: skip
def test_dates_that_were_genes(name: str, is_mangled: bool) -> None:
    assert bool(mangled([name])) is is_mangled
