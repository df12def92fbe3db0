"""Readers of size distributions: samples round trip, variants of the format, and every refusal."""

import math
from pathlib import Path

import numpy as np
import pytest

from vesica import readers, samples
from vesica.errors import InputError
from vesica.readers.records import moments, quantile

NANOSIGHT = "ev_nanosight34.csv"
TABLE = "ev_sizes.csv"
HEADER = "Size (nm),Concentration (particles / ml),SD"


def write(folder: Path, text: str | bytes, name: str = "data.csv") -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return file


def finding(file: Path, reader=readers.read_size_distribution, **mapping: object):
    """The single four-part finding a reader refuses with, with every part filled."""
    with pytest.raises(InputError) as caught:
        reader(file, **mapping)
    (found,) = caught.value.findings
    assert all((found.wrote, found.rule, found.consequence, found.fix))
    assert found.severity == "error"
    assert found.file == str(file)
    return found


def sample_lines() -> list[str]:
    return samples.path(NANOSIGHT).read_text("ascii").split("\n")


def test_nanosight_sample_says_what_was_put_in() -> None:
    summary = readers.read_nanosight(samples.path(NANOSIGHT))
    assert [video.name for video in summary.videos] == [f"synthetic_ev_{index:02d}" for index in range(3)]
    assert summary.dilution == (200.0, 200.0, 200.0)
    assert summary.sample.startswith("SYNTHETIC")
    assert summary.warnings == ()
    assert summary.videos[0].validity == "OK"
    assert summary.concentration.shape == (1000, 3)
    np.testing.assert_array_equal(summary.diameter, np.arange(1000) + 0.5)


def test_nanosight_sample_agrees_with_its_own_printed_numbers() -> None:
    """Printed numbers are rounded: concentrations to three digits (0.5 % of 1.00), sizes to 0.1 nm.

    Mean, SD and D10 to D90 were printed from the same bins, rounded to whole particles, so they
    may differ by half a printed digit, 0.05 nm, plus rounding of bins (1000 bins, half a particle
    of 6e10 each: nothing).
    """
    summary = readers.read_nanosight(samples.path(NANOSIGHT))
    for video, counts in zip(summary.videos, summary.concentration.T, strict=True):
        assert counts.sum() == pytest.approx(video.concentration, rel=5e-3)
        assert moments(summary.diameter, counts) == pytest.approx((video.mean, video.sd), abs=0.0501)
        for share, printed in ((0.1, video.d10), (0.5, video.d50), (0.9, video.d90)):
            assert quantile(summary.diameter, counts, share) == pytest.approx(printed, abs=0.0501)
    # Printed as whole numbers from whole bins: half a particle.
    assert np.abs(summary.average - summary.concentration.mean(axis=1)).max() <= 0.5
    spread = summary.concentration.std(axis=1, ddof=1) / math.sqrt(3)
    assert np.abs(summary.standard_error - spread).max() <= 0.5 + 1e-3


def test_distribution_of_a_summary_is_the_mean_of_its_videos() -> None:
    summary = readers.read_nanosight(samples.path(NANOSIGHT))
    whole = readers.read_size_distribution(samples.path(NANOSIGHT))
    np.testing.assert_array_equal(whole.concentration, summary.concentration.mean(axis=1))
    np.testing.assert_allclose(whole.standard_error, summary.standard_error, atol=0.501)
    assert (whole.unit, whole.bin_width, whole.repeats) == ("particle/mL", 1.0, 3)
    assert whole.edges[0] == 0.0
    assert whole.instrument.startswith("NanoSight")
    # The sum of bins over width times width: one rounding per bin.
    assert (whole.density * whole.bin_width).sum() == pytest.approx(
        whole.total, rel=1000 * np.finfo(float).eps
    )


def test_records_are_read_only() -> None:
    whole = readers.read_size_distribution(samples.path(NANOSIGHT))
    with pytest.raises(ValueError, match="read-only"):
        whole.concentration[0] = 1.0


def test_every_line_is_kept_verbatim() -> None:
    summary = readers.read_nanosight(samples.path(NANOSIGHT))
    kept = [line for lines in summary.provenance.sections.values() for line in lines]
    assert kept == [line.rstrip("\r") for line in sample_lines()]


def resaved(lines: list[str]) -> str:
    """As a spreadsheet writes it: no trailing comma, then padded to one width."""
    cells = [line.rstrip("\r").rstrip(",") for line in lines]
    return "\r\n".join(
        cell + "," * (6 - cell.count(",")) if '"' not in cell else cell + ",,," for cell in cells
    )


def without_averages(lines: list[str]) -> str:
    return "\n".join(line.rstrip("\r").replace(",Concentration average,Standard Error", "") for line in lines)


@pytest.mark.parametrize(
    "change",
    [
        resaved,
        lambda lines: "\n".join(line.rstrip("\r") for line in lines),
        lambda lines: "\n".join(line.rstrip("\r") for line in lines if line.strip(", \r")),
        lambda lines: "\ufeff" + "\r\n".join(line.rstrip("\r") for line in lines),
    ],
    ids=["re-saved", "line feeds", "no blank lines", "byte order mark"],
)
def test_variants_of_the_format_give_the_same_numbers(tmp_path: Path, change) -> None:
    plain = readers.read_nanosight(samples.path(NANOSIGHT))
    other = readers.read_nanosight(write(tmp_path, change(sample_lines())))
    np.testing.assert_array_equal(other.concentration, plain.concentration)
    assert other.videos == plain.videos


def test_export_without_average_columns(tmp_path: Path) -> None:
    summary = readers.read_nanosight(write(tmp_path, without_averages(sample_lines())))
    assert summary.average is None
    assert summary.standard_error is None
    assert summary.distribution().sd is not None


def test_only_the_number_weighting_is_read(tmp_path: Path) -> None:
    """A file with a volume block first, whose bins are all ones, gives the same numbers."""
    lines = [line.rstrip("\r") for line in sample_lines()]
    start = lines.index("Weighting,Number,")
    head = lines.index(next(line for line in lines if line.startswith("Bin centre")))
    block = [
        "Weighting,Volume,",
        *lines[start + 1 : head + 1],
        *[f"{i + 0.5},1,1,1,1,0," for i in range(1000)],
        "",
    ]
    both = readers.read_nanosight(write(tmp_path, "\n".join([*lines[:start], *block, *lines[start:]])))
    np.testing.assert_array_equal(
        both.concentration, readers.read_nanosight(samples.path(NANOSIGHT)).concentration
    )


def replaced(old: str, new: str) -> str:
    text = "\n".join(line.rstrip("\r") for line in sample_lines())
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "2.00e+02,2.00e+02,2.00e+02",
            "Not recorded,Not recorded,Not recorded",
            "dilution factor is not recorded",
        ),
        (
            "Noise level,No,No,No",
            "Noise level,No,High noise,No",
            "`synthetic_ev_01`: Noise level is `High noise`",
        ),
        ("Vibration detected,No,No,No", "Vibration detected,No,No,Minor vibration", "Minor vibration"),
        ("Concentration (Particles / ml),", "Concentration (Particles / ml),9.99e+10,", "bins add up to"),
    ],
)
def test_what_the_instrument_doubts_is_a_warning(tmp_path: Path, old: str, new: str, said: str) -> None:
    summary = readers.read_nanosight(write(tmp_path, replaced(old, new)))
    assert any(said in warning.wrote for warning in summary.warnings)
    assert {warning.severity for warning in summary.warnings} == {"warning"}
    if "dilution" in said:
        assert summary.dilution == (None, None, None)


@pytest.mark.parametrize(
    ("old", "new", "said", "start"),
    [
        ("Filename:,", "Files:,", "no line `Filename:`", None),
        (
            "Weighting,Number,",
            "Weighting,Volume,",
            "no size distribution with weighting `Number`",
            "[Size Data]",
        ),
        ("[Size Data]", "[Sizes]", "no size distribution", None),
        (
            "Concentration (particles / ml),Concentration average",
            "Concentration average",
            "2 columns",
            "Bin centre",
        ),
        ("Concentration (particles / ml)", "Concentration (E6 particles / ml)", "0 columns", "Bin centre"),
        ("Bin centre (nm),", "Bin (nm),", "no line `Bin centre (nm)", "Weighting"),
        ("\n1.5,0,0,0,0,0,\n", "\n", "bin centre 2.5 nm follows 0.5 nm", "2.5,"),
        ("\n100.5,", "\n100.7,", "bin centre 100.7 nm follows 99.5 nm", "100.7,"),
        ("\n1.5,0,0,0,", "\n1.5,0,-3,0,", "a concentration of -3", "1.5,"),
        ("\n1.5,0,0,0,", "\n1.5,0,n.d.,0,", "`n.d.` stands in column", "1.5,"),
        ("\n1.5,0,0,0,0,0,\n", "\n1.5,0\n", "the line has 2 cells", "1.5,"),
        ("[Conditions]", "[Experiment Details]", "a second time", "[Experiment Details]"),
    ],
)
def test_damaged_summaries_are_refused(
    tmp_path: Path, old: str, new: str, said: str, start: str | None
) -> None:
    """``start`` begins the line that the finding names."""
    text = replaced(old, new)
    found = finding(write(tmp_path, text))
    assert said in found.wrote
    if start is not None:
        assert found.line is not None
        assert text.split("\n")[found.line - 1].startswith(start)


def test_other_files_are_not_summaries() -> None:
    assert "line 1 is" in finding(samples.path(TABLE), readers.read_nanosight).wrote


def test_columns_cannot_be_named_for_a_summary() -> None:
    assert "NanoSight" in finding(samples.path(NANOSIGHT), size="Size (nm)").wrote


def test_size_table_sample() -> None:
    table = readers.read_size_distribution(samples.path(TABLE))
    assert (table.bin_width, table.unit, table.diameter.size) == (4.0, "particle/mL", 200)
    assert table.sd is not None
    assert table.repeats is None
    assert table.warnings == ()
    assert "SYNTHETIC" in table.provenance.sections["head"][0]
    # 3 x 4000 true vesicles of 8e10 /mL, of which about 79 % are seen: binomial spread 0.4 / sqrt(12000) =
    # 0.4 %.
    assert table.total == pytest.approx(0.79 * 8e10, rel=0.02)


def test_semicolons_tabs_micrometres_density_and_counts(tmp_path: Path) -> None:
    rows = [(0.05, 1.0), (0.07, 2.0), (0.09, 1.5)]
    for delimiter in ";\t":
        text = "\n".join(delimiter.join(map(str, row)) for row in [("Diameter / um", "Count per nm"), *rows])
        table = readers.read_size_table(write(tmp_path, text))
        np.testing.assert_allclose(table.diameter, [50.0, 70.0, 90.0])
        # A density per nm times 20 nm wide bins.
        np.testing.assert_allclose(table.concentration, [20.0, 40.0, 30.0])
        assert table.unit == "particle"


def test_named_columns_and_unit(tmp_path: Path) -> None:
    file = write(tmp_path, "size a,size b,conc 1,conc 2\n10,1,5,6\n20,2,5,7\n30,3,5,8\n")
    table = readers.read_size_table(file, size="size a", concentration="conc 2", unit="particle/mL")
    assert table.concentration.tolist() == [6.0, 7.0, 8.0]
    assert [warning.wrote for warning in table.warnings] == ["`size a` has no unit"]
    assert "2 columns could be the size" in finding(file).wrote
    assert "did you mean `size a`?" in finding(file, size="size aa", concentration="conc 1").fix
    assert "known volume" in finding(file, size="size a", concentration="conc 1").wrote
    assert "unit `nM`" in finding(file, size="size a", concentration="conc 1", unit="nM").wrote
    assert "two purposes" in finding(file, size="size a", concentration="size a").wrote


@pytest.mark.parametrize(
    ("rows", "said", "line"),
    [
        ("10,1,0\n20,2,0\n40,3,0\n50,3,0", "size 40 nm follows 20 nm", 4),
        ("10,1,0\n20,2,0\n20,3,0", "size 20 nm follows 20 nm", 4),
        ("30,1,0\n20,2,0\n10,3,0", "size 20 nm follows 30 nm", 3),
        ("0,1,0\n20,2,0\n40,3,0", "a size of 0 nm", 2),
        ("10,1,0\n20,-2,0\n30,3,0", "is -2", 3),
        ("10,1,0\n20,2,-1\n30,3,0", "`SD` is -1", 3),
        ("10,1,0\n20,much,0\n30,3,0", "`much` stands in column", 3),
        ("10,1,0\n20,nan,0\n30,3,0", "`nan` stands in column", 3),
        ("10,1,0\n20\n30,3,0", "the line has 1 cells", 3),
        ("10,1,0\n20,,0\n30,3,0", "`` stands in column", 3),
        ("10,0,0\n20,0,0\n30,0,0", "every bin is empty", 1),
        ("10,1,0\n20,1,0", "2 rows follow", 1),
    ],
)
def test_bad_rows_are_refused_with_their_line(tmp_path: Path, rows: str, said: str, line: int) -> None:
    found = finding(write(tmp_path, f"{HEADER}\n{rows}\n"))
    assert said in found.wrote
    assert found.line == line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10,1\n20,2\n30,3\n", "looks like a size"),
        ("Size (nm),Weight\n10,1\n20,1\n30,1\n", "looks like a concentration"),
        ("Size,Count\n0.1,1\n0.2,1\n0.3,1\n", "has no unit and reaches 0.3"),
        ("# nothing\n# more\n", "comments only"),
        ("Size (nm);Concentration (particles / ml)\n10;1,5\n20;2.5\n30;1,0\n", "`1,5` stands in column"),
    ],
)
def test_wrong_columns_are_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in finding(write(tmp_path, text)).wrote


@pytest.mark.parametrize(
    "reader",
    [
        readers.read_size_distribution,
        readers.read_nanosight,
        readers.read_size_table,
        readers.read_counts,
        readers.read_deseq2,
    ],
)
def test_what_is_not_a_text_file_is_refused_by_every_reader(tmp_path: Path, reader) -> None:
    assert "does not exist" in finding(tmp_path / "none.csv", reader).wrote
    assert "is a folder" in finding(tmp_path, reader).wrote
    assert "is empty" in finding(write(tmp_path, b"\n \n"), reader).wrote
    assert "control byte" in finding(write(tmp_path, b"PK\x03\x04\x00\xff"), reader).wrote
    utf16 = finding(write(tmp_path, f"{HEADER}\n10,1,0\n".encode("utf-16-le")), reader)  # without its mark
    assert "0x00" in utf16.wrote
    assert utf16.line == 1


def test_decimal_commas_and_utf16_are_read(tmp_path: Path) -> None:
    """As a spreadsheet of a continental locale saves a table."""
    text = "Size (nm);Concentration (particles / ml)\n10,5;1,5\n20,5;2,5E+1\n30,5;1\n"
    for data in (text.encode(), text.replace(";", "\t").encode("utf-16")):
        table = readers.read_size_distribution(write(tmp_path, data))
        assert table.diameter.tolist() == [10.5, 20.5, 30.5]
        assert table.concentration.tolist() == [1.5, 25.0, 1.0]


def test_latin1_is_read(tmp_path: Path) -> None:
    text = "Size (\xb5m),Count\n0.05,1\n0.07,1\n0.09,1\n".encode("latin-1")
    table = readers.read_size_distribution(write(tmp_path, text))
    assert table.provenance.encoding == "latin-1"
    np.testing.assert_allclose(table.diameter, [50, 70, 90])


def test_samples_are_found_by_name() -> None:
    assert NANOSIGHT in samples.names()
    with pytest.raises(InputError, match=r"did you mean `ev_sizes\.csv`"):
        samples.path("ev_size.csv")
    # Six of them hold 1000 lines of bins each, 15 to 40 kB: small enough for every installation.
    assert sum(samples.path(name).stat().st_size for name in samples.names()) < 500_000
