"""`read_nta`: formats told by content, companions found beside, one record for all instruments."""

from __future__ import annotations

import shutil
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from vesica import samples
from vesica.errors import Finding, InputError
from vesica.instruments.files import (
    NanosightMeasurement,
    VideoReading,
    ZetaviewMeasurement,
    write_nanosight,
    write_zetaview,
)
from vesica.instruments.files.nanosight import single_summary
from vesica.readers import read_nta, read_nta_files
from vesica.readers.nanosight_file import captured_time
from vesica.readers.zetaview import read_zetaview

PACK = ("Summary", "ParticleData", "AllTracks")
POSITIONS = (
    "Use\tPosition\tMean Int.\tAv. No of Particles\tConc. (p./mL)\tOrig. Conc. (p./cm^3)\tNo. of Traces\tX50 (nm)\t"
    "Peak \xf8 (nm)\tSpan\tDrift (\xb5m/s)\tRemoval\r\n"
    "1\t1\t90\t17\t7.3E+6\t7.3E+9\t40\t130\t125\t0.9\t1.5\t\r\n"
    "0\t2\t90\t3\t1.3E+6\t1.3E+9\t4\t130\t125\t0.9\t9.5\tMIN_TRACES\r\n"
    "0\t3\t90\t60\t2.3E+7\t2.3E+10\t90\t130\t125\t0.9\t2.5\tGRUBBS_NUMBER\r\n"
    "\tMean\t90\t17\t7.3E+6\t7.3E+9\t40\t130\t125\t0.9\t1.5\t\r\n"
    "\tSt.Dev.\t0\t0\t0\t0\t0\t0\t0\t0\t0\t\r\n"
)
NANO = (
    "[Filenames]\nFile0=a\n[Details]\nOperator=x\n[CaptureSettings]\nPixelSize=140,Gain=1,DilutionFactor={}\n"
    "[CurrentView]\nx=1\n"
)


def put(folder: Path, name: str, data: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(data if isinstance(data, bytes) else data.encode("latin-1"))
    return file


def copied(folder: Path, *names: str) -> list[Path]:
    return [Path(shutil.copy(samples.path(name), folder / name)) for name in names]


def refusal(file: Path, **columns: str) -> Finding:
    """The only finding a file is refused with, all parts filled."""
    with pytest.raises(InputError) as caught:
        read_nta(file, **columns)
    (found,) = caught.value.findings
    assert all((found.wrote, found.rule, found.consequence, found.fix))
    return found


def bins(total: float = 1e9) -> np.ndarray:
    counts = np.zeros(1000)
    counts[90:110] = total / 20
    return counts


def reading(name: str = "v_00", **more: object) -> VideoReading:
    return VideoReading(name, bins(), 2000, 1000, 50.0, 45.0, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "instrument", "n_videos", "dilution", "applied"),
    [
        ("ev_nanosight34.csv", "NanoSight", 3, 200.0, True),
        ("ev_nanosight33_unreliable.csv", "NanoSight", 3, 400.0, True),
        ("ev_nanosight32_autosampler_d100.csv", "NanoSight", 3, None, False),
        ("ev_nanosight34_pack_Summary.csv", "NanoSight", 1, 200.0, True),
        ("medium_nanosight34.csv", "NanoSight", 3, 10.0, True),
        ("medium_nanosight34_d200.csv", "NanoSight", 3, 200.0, True),
        ("ev_zetaview_size_488.txt", "ZetaView", 1, 1000.0, False),
        ("ev_sizes.csv", "size table", 1, None, False),
    ],
)
def test_every_sample_is_told_by_content(
    tmp_path: Path, name: str, instrument: str, n_videos: int, dilution: float | None, applied: bool
) -> None:
    """Under another name and ending, too."""
    for file in (samples.path(name), put(tmp_path, "x.dat", samples.path(name).read_bytes())):
        read = read_nta(file)
        assert (read.instrument, len(read.videos)) == (instrument, n_videos)
        assert {(video.dilution, video.dilution_applied) for video in read.videos} == {(dilution, applied)}
        assert sum(map(len, read.provenance.sections.values())) == len(file.read_bytes().split(b"\n"))
    assert b"synthetic" in samples.path(name).read_bytes()


def test_flags_conditions_and_drift_of_each_video() -> None:
    read = read_nta(samples.path("ev_nanosight33_unreliable.csv"))
    good, _, bad = read.videos
    assert (good.flags["validity"], bad.flags["validity"]) == ("OK", "Unreliable")
    assert (bad.flags["noise"], bad.flags["vibration"]) == ("High noise", "Moderate vibration")
    assert (bad.printed["drift_x"], bad.printed["drift_y"]) == (6.5, -0.4)
    assert read.conditions["Camera Type"] == ("sCMOS",) * 3
    assert read.settings["Total frames analysed"] == ("1498",) * 3
    assert read.warnings[0].severity == "note"  # 01/04/2021
    assert read.captured is None


def test_the_graver_word_counts_where_a_row_stands_twice(tmp_path: Path) -> None:
    """`Noise level` stands in two sections; the edited one objects."""
    text = samples.path("ev_nanosight34.csv").read_text("ascii")
    first, second = "Noise level,No,No,No,", "Noise level,No,Noise detected,No,"
    assert text.count(first) == 2
    head, middle, tail = text.split(first)
    for edited in (head + second + middle + first + tail, head + first + middle + second + tail):
        read = read_nta(put(tmp_path, "x.csv", edited))
        assert [video.flags["noise"] for video in read.videos] == ["No", "Noise detected", "No"]


@pytest.mark.parametrize(
    ("words", "elsewhere", "expected"),
    [
        ("11:52:04  16/06/2020", "", datetime(2020, 6, 16, 11, 52, 4)),
        ("11:52:04  06/16/2020", "", datetime(2020, 6, 16, 11, 52, 4)),
        ("11:52:04 PM 6/16/2020", "", datetime(2020, 6, 16, 23, 52, 4)),
        ("12:00:00 AM 6/16/2020", "", datetime(2020, 6, 16)),
        ("17:23:24  04/04/2021", "", datetime(2021, 4, 4, 17, 23, 24)),
        ("17:23:24  01.04.2021", "", datetime(2021, 4, 1, 17, 23, 24)),
        ("2021-04-01 17:23:24", "", datetime(2021, 4, 1, 17, 23, 24)),
        ("17:23:24  01/04/2021", "", None),
        ("17:23:24  01/04/2021", "run 2021-04-01 17-23-24.nano", datetime(2021, 4, 1, 17, 23, 24)),
        ("17:23:24  01/04/2021", "run 2021-01-04.nano", datetime(2021, 1, 4, 17, 23, 24)),
        ("17:23:24  01/04/2021", "run 2022-01-04.nano", None),
        ("17:23:24  31/31/2021", "", None),
        ("25:61:00  16/06/2020", "", None),
        ("yesterday", "", None),
        ("", "", None),
    ],
)
def test_dates_are_read_only_where_they_say_one_thing(words: str, elsewhere: str, expected: datetime | None) -> None:
    found, notes = captured_time(words, elsewhere, "x.csv")
    assert found == expected
    assert len(notes) == (1 if expected is None and words else 0)


@pytest.mark.parametrize("part", PACK)
def test_any_file_of_a_pack_leads_to_its_tracks(part: str) -> None:
    read = read_nta(samples.path(f"ev_nanosight34_pack_{part}.csv"))
    (video,) = read.videos
    assert read.provenance.file.endswith("_Summary.csv")
    assert [one.format for one in read.companions] == ["NanoSight ParticleData", "NanoSight AllTracks"]
    assert video.track_diameter is not None
    assert video.track_diameter.size == video.printed["valid_tracks"]
    # Tracks are what the bins were smoothed from: means agree to a part of the standard error, 40 nm / sqrt(60).
    assert video.track_diameter.mean() == pytest.approx(video.printed["mean"], abs=2.0)


@pytest.mark.parametrize(
    ("part", "old", "new", "said"),
    [
        ("AllTracks", b"\n3,", b"\n3000,", "another number of points"),
        ("ParticleData", b"\n3,", b"\n3000,", "particle 3000 has no points"),
        ("ParticleData", b"True\r\n", b"Perhaps\r\n", "`perhaps` stands in column"),
        ("ParticleData", b"\n3,", b"\n2,", "particle 2 stands here a second time"),
        ("ParticleData", b"\n3,", b"\n3.5,", "`Particle ID` is 3.5"),
        ("ParticleData", b"Size/nm", b"Size", "no column `Size/nm`"),
        ("AllTracks", b"Frame", b"Frames", "no column `Frame`"),
    ],
)
def test_packs_that_do_not_fit_together_are_refused(
    tmp_path: Path, part: str, old: bytes, new: bytes, said: str
) -> None:
    summary, *_ = copied(tmp_path, *[f"ev_nanosight34_pack_{name}.csv" for name in PACK])
    file = tmp_path / f"ev_nanosight34_pack_{part}.csv"
    data = file.read_bytes()
    assert old in data
    file.write_bytes(data.replace(old, new, 1))
    assert said in refusal(summary).wrote


def test_a_cut_off_table_of_points_is_refused(tmp_path: Path) -> None:
    summary, _, points = copied(tmp_path, *[f"ev_nanosight34_pack_{name}.csv" for name in PACK])
    lines = points.read_bytes().split(b"\r\n")
    points.write_bytes(b"\r\n".join(lines[:-5]))
    found = refusal(summary)
    assert "points" in found.wrote
    assert found.file is not None
    assert found.file.endswith("ParticleData.csv")
    assert found.line is not None


def test_tracks_without_a_summary_are_refused(tmp_path: Path) -> None:
    for part in PACK[1:]:
        (file,) = copied(tmp_path, f"ev_nanosight34_pack_{part}.csv")
        found = refusal(file)
        assert "without their summary" in found.wrote
        assert "ev_nanosight34_pack_Summary.csv" in found.fix
        file.unlink()


def test_a_nano_file_gives_pixels_and_dilution_but_no_counts(tmp_path: Path) -> None:
    nano = put(tmp_path, "run.nano", NANO.format(250))
    found = refusal(nano)
    assert "no counts" in found.wrote
    assert "ExperimentSummary.csv" in found.fix
    made = NanosightMeasurement((reading(),), None, experiment="run.nano")
    summary = put(tmp_path, "run.csv", write_nanosight(made))
    read = read_nta(summary)
    assert (read.videos[0].dilution, read.videos[0].dilution_applied) == (250.0, False)
    assert read.settings["Pixel size/nm (.nano)"] == ("140",)
    assert [one.format for one in read.companions] == ["NanoSight .nano settings"]
    assert "holds a dilution of 250" in read.warnings[0].wrote
    put(tmp_path, "run.nano", NANO.format(0))
    assert read_nta(summary).videos[0].dilution is None
    put(tmp_path, "run.nano", NANO.format("many"))
    assert "DilutionFactor=many" in read_nta(summary).warnings[0].wrote
    recorded = NanosightMeasurement((reading(),), 100.0, experiment="run.nano")
    put(tmp_path, "run.csv", write_nanosight(recorded))
    put(tmp_path, "run.nano", NANO.format(250))
    read = read_nta(summary)
    assert (read.videos[0].dilution, read.videos[0].dilution_applied) == (100.0, True)
    assert "the summary another" in read.warnings[0].wrote


def test_a_zetaview_file_is_counted_once_and_not_diluted() -> None:
    """The sum over the linear block is that of the logarithmic one: 4 digits in each bin."""
    record = read_zetaview(samples.path("ev_zetaview_size_488.txt"))
    video = read_nta(samples.path("ev_zetaview_size_488.txt")).videos[0]
    assert record.linear is not None
    assert record.logarithmic is not None
    assert video.total == record.linear.concentration.sum()
    assert video.total == pytest.approx(record.logarithmic.concentration.sum(), rel=5e-4)
    # 600 true tracks stand for 8e10 / 1000 particle/mL.
    assert video.total == pytest.approx(record.traces * 8e10 / 1000 / 600, rel=5e-4)
    assert (video.tracks, video.temperature, video.viscosity) == (record.traces, 25.0, 0.89)
    number, diameter = record.linear.number, record.linear.diameter
    # The area is projected; four digits of number, size (twice) and area.
    np.testing.assert_allclose(record.linear.projected_area, number * np.pi / 4 * diameter**2, rtol=2e-3)
    assert list(record.provenance.sections)[:3] == ["header", "linear", "logarithmic"]


def test_an_empty_zetaview_measurement_has_no_particles(tmp_path: Path) -> None:
    data = write_zetaview(ZetaviewMeasurement(np.zeros(0), 9e4, 0.0, 10.0))
    (video,) = read_nta(put(tmp_path, "x.txt", data)).videos
    assert (video.total, video.tracks, video.concentration.sum()) == (0.0, 0, 0.0)
    cut = data.replace(b"Number of Traces:\t0", b"Number of Traces:\t40")
    assert "no bins follow, for 40 traces" in refusal(put(tmp_path, "x.txt", cut)).wrote


def test_one_giant_track_is_a_warning(tmp_path: Path) -> None:
    sizes = np.append(np.linspace(80, 200, 77), 5000.0)
    read = read_nta(put(tmp_path, "x.txt", write_zetaview(ZetaviewMeasurement(sizes, 9.352e4, 17.0, 1000.0))))
    assert ["one track of 5002 nm" in warning.wrote for warning in read.warnings] == [True]
    assert read.videos[0].total == pytest.approx(7.3e6, rel=1e-3)
    small = read_nta(put(tmp_path, "x.txt", write_zetaview(ZetaviewMeasurement(sizes[:-1], 9.352e4, 17.0, 1000.0))))
    assert small.warnings == ()


def test_positions_beside_a_zetaview_file(tmp_path: Path) -> None:
    data = samples.path("ev_zetaview_size_488.txt").read_bytes()
    size = put(tmp_path, "z_size_488.txt", data)
    table = put(tmp_path, "z_size_488_11pos.txt", POSITIONS)
    for file in (size, table):
        read = read_nta(file)
        assert read.videos[0].flags["removal"] == "2 of 3 positions: MIN_TRACES, GRUBBS_NUMBER"
        assert read.videos[0].printed["drift"] == 1.5
        assert [one.format for one in read.companions] == ["ZetaView table of positions"]
    put(tmp_path, "z_size_488_11pos.txt", POSITIONS.replace("1.5\t\r\n\tSt", "fast\t\r\n\tSt"))
    assert ["`fast` stands in" in note.wrote for note in read_nta(size).warnings] == [True]
    size.unlink()
    put(tmp_path, "z_size_488_11pos.txt", POSITIONS)
    assert "without its size file" in refusal(table).wrote
    assert "zeta potentials" in refusal(put(tmp_path, "z_prof_488.txt", "Original File:\tx\nZP Profile:\t1\n")).wrote


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2.500E+0\t", "2.600E+0\t", "a size of 7.5 nm where 7.6 nm is due"),
        ("1.025E+2\t", "1.035E+2\t", "a size of 103.5 nm where 102.5 nm is due"),
        ("Number of Traces:", "Traces:", "no `Number of Traces`"),
        ("Number of Traces:\t4", "Number of Traces:\t3", "tracks, `Number of Traces` is"),
        ("\tNumber\t", "\tAmount\t", "no line `Size / nm`"),
        ("\nTemperature:\t25.0", "\nTemperature:\twarm", "`warm00000` stands in"),
        ("Dilution::\t1000", "Dilution::\t-1000", "a dilution of -1000"),
    ],
)
def test_damaged_zetaview_files_are_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = samples.path("ev_zetaview_size_488.txt").read_text("cp1252")
    assert old in text
    found = refusal(put(tmp_path, "x.txt", text.replace(old, new, 1)))
    assert said in found.wrote
    assert found.line is not None or "no " in said


def test_columns_are_named_for_tables_only(tmp_path: Path) -> None:
    table = put(tmp_path, "t.csv", "bin,a,b\n10,1,2\n20,2,3\n30,1,2\n")
    read = read_nta(table, size="bin", concentration="b", unit="particle/mL")
    assert read.videos[0].concentration.tolist() == [2.0, 3.0, 2.0]
    assert "holds counts" in refusal(table, size="bin", concentration="b").wrote
    for name in ("ev_nanosight34.csv", "ev_zetaview_size_488.txt"):
        assert "columns are named" in refusal(samples.path(name), size="bin").wrote


def test_a_list_of_files_gives_each_measurement_once(tmp_path: Path) -> None:
    """As a shell expands ``*``: parts of a pack, a companion without counts, a file given twice."""
    files = copied(tmp_path, *[f"ev_nanosight34_pack_{name}.csv" for name in PACK], "ev_nanosight34.csv")
    files += [put(tmp_path, "x.nano", NANO.format(0)), files[-1]]
    read, notes = read_nta_files(files)
    assert [Path(one.provenance.file).name for one in read] == ["ev_nanosight34_pack_Summary.csv", "ev_nanosight34.csv"]
    assert [note.severity for note in notes] == ["note"]
    assert "and 0 more" not in notes[0].wrote
    assert all(name in notes[0].wrote for name in ("ParticleData", "AllTracks", "x.nano"))
    with pytest.raises(InputError, match="no counts"):
        read_nta_files([tmp_path / "x.nano"])
    twin = put(tmp_path, "copy.csv", files[3].read_bytes())
    _, notes = read_nta_files([files[3], twin])
    assert [(note.severity, "same bytes" in note.wrote) for note in notes] == [("warning", True)]
    with pytest.raises(InputError) as caught:
        read_nta_files([tmp_path / "none.csv", files[3], tmp_path / "nothing.csv"])
    assert len(caught.value.findings) == 2


def test_an_experiment_and_its_single_videos_are_one_measurement(tmp_path: Path) -> None:
    made = NanosightMeasurement((reading("v_00"), reading("v_01")), 10.0)
    whole = put(tmp_path, "e_ExperimentSummary.csv", write_nanosight(made))
    single = put(tmp_path, "v_01_Summary.csv", single_summary(made, "3.4", made.videos[1]))
    read, notes = read_nta_files([single, whole])
    assert [len(one.videos) for one in read] == [2]
    assert "`v_01_Summary.csv` belongs" in notes[0].wrote
    assert [len(one.videos) for one in read_nta_files([single])[0]] == [1]


def test_a_hundred_files_are_read_in_five_seconds(tmp_path: Path) -> None:
    """1000 bins in five videos each: 10 ms a file as measured, so five seconds are five times what it takes."""
    made = NanosightMeasurement(tuple(reading(f"v_{at:02d}") for at in range(5)), 100.0)
    file = put(tmp_path, "x.csv", write_nanosight(made))
    start = time.process_time()
    for _ in range(100):
        read_nta(file)
    assert time.process_time() - start < 5.0


@pytest.mark.parametrize(
    ("made", "version", "said"),
    [
        (NanosightMeasurement((reading(),), 100.0), "3.5", "version `3.5`"),
        (NanosightMeasurement((), 100.0), "3.4", "videos (none)"),
        (NanosightMeasurement((reading(), reading()), 100.0), "3.4", "videos 'v_00', 'v_00'"),
        (NanosightMeasurement((reading(),), 0.5), "3.4", "a dilution of 0.5"),
        (NanosightMeasurement((reading(flags={"nose": "x"}),), 1.0), "3.4", "the flag `nose`"),
        (NanosightMeasurement((reading(),), 1.0, sample="a\nb"), "3.4", "a line end"),
        (NanosightMeasurement((reading(),), 1.0, sample="\N{GREEK SMALL LETTER ALPHA}"), "3.4", "stands in a text"),
        (NanosightMeasurement((VideoReading("v", np.zeros(10), 1, 1, 1.0, 1.0),), 1.0), "3.4", "shape (10,)"),
        (NanosightMeasurement((VideoReading("v", -bins(), 1, 1, 1.0, 1.0),), 1.0), "3.4", "no concentration"),
    ],
)
def test_the_writer_refuses_what_it_could_not_write(made: NanosightMeasurement, version: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        write_nanosight(made, version=version)  # type: ignore[arg-type]
    assert said in caught.value.findings[0].wrote
