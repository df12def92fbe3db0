"""`vesica measure` and `vesica events` on a small run of the library: files, truth, round trips, wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vesica.cli.app import main
from vesica.instruments.files.trace import write_traces
from vesica.instruments.phluorin import Recorder, trace
from vesica.readers.counts import read_counts
from vesica.readers.nta import read_nta
from vesica.readers.trace import read_traces
from vesica.rng import stream

MODEL = """\
vesica: 1
title: Small
use: [library:cns]
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}
cells:
  astrocyte: {count: 1e6}
arms:
  control: {}
  empty: {cells: {astrocyte: {count: 0}}}
run: {duration: 4 h, every: 1 h, fidelity: well_mixed, seed: 1}
"""
ALL = "nta,trps,elisa,simoa,qpcr,sequencing,phluorin"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("measured")
    (place / "small.yaml").write_text(MODEL)
    assert main(["run", str(place / "small.yaml"), "--out", str(place / "run"), "--no-report"]) == 0
    arguments = [
        "measure",
        str(place / "run"),
        "--with",
        ALL,
        "--replicates",
        "3",
        "--out",
        str(place / "out"),
        "--no-png",
    ]
    assert main(arguments) == 0
    return place


def readings(folder: Path, instrument: str, sample: str) -> list[dict]:
    rows = json.loads((folder / "out" / "summary.json").read_text())["readings"]
    return [row for row in rows if row["instrument"] == instrument and row["sample"] == sample]


def test_every_arm_has_a_file_of_every_instrument(folder: Path) -> None:
    files = {
        path.relative_to(folder / "out").as_posix() for path in (folder / "out").rglob("*") if path.is_file()
    }
    for arm in ("control", "empty"):
        for number in (1, 2, 3):
            assert f"nta/{arm}_4h_r{number}_ExperimentSummary.csv" in files
            assert f"trps/{arm}_4h_r{number}.csv" in files
    assert {
        "elisa/TNF_plate1.csv",
        "simoa/TLR4_plate1.csv",
        "qpcr/miR_146a.csv",
        "sequencing/counts.csv",
        "phluorin/control_4h_astrocyte_r1.csv",
        "truth.json",
        "trps/recordings.csv",
    } <= files


def test_the_nta_file_reads_back_what_was_recorded(folder: Path) -> None:
    """Bins are whole numbers in the file: a thousand roundings of 1/2 at most, against a sum of 1e7 and more."""
    row = next(one for one in readings(folder, "nta", "control_4h") if one["quantity"] == "particles")
    file = read_nta(folder / "out" / "nta" / "control_4h_r1_ExperimentSummary.csv")
    assert len(file.videos) == 5
    assert all(video.dilution_applied for video in file.videos)
    assert np.mean([video.concentration.sum() for video in file.videos]) == pytest.approx(
        row["read"], rel=1e-3
    )
    # the truth, within six stated standard errors of five videos (a t law of 4 degrees: 0.4 % beyond)
    assert abs(row["read"] - row["expected"]) < 6 * row["standard_error"]
    assert row["expected"] < row["true"]


def test_truth_is_that_of_the_run(folder: Path) -> None:
    from vesica import results

    truth = json.loads((folder / "out" / "truth.json").read_text())["samples"]["control_4h"]
    run = results.open(folder / "run")
    assert truth["particles_per_mL"] == pytest.approx(
        run.series("control", "medium.free:astrocyte")[1][-1] / 2.0, rel=1e-12
    )
    assert truth["cargo_copies"]["TLR4"] == pytest.approx(
        run.series("control", "medium.free:astrocyte/TLR4")[1][-1], rel=1e-12
    )
    assert truth["fusions_per_cell_per_hour"]["astrocyte"] == pytest.approx(
        float(np.diff(run.series("control", "astrocyte.fused")[1])[-1]), rel=1e-9
    )


def test_an_empty_medium_reads_nothing(folder: Path) -> None:
    for instrument in ("nta", "trps"):
        counts = [
            row["read"]
            for row in readings(folder, instrument, "empty_4h")
            if row["quantity"].startswith("particles")
        ]
        assert counts == [0.0, 0.0, 0.0]
    assert all(row["read"] is None for row in readings(folder, "qpcr", "empty_4h"))
    assert not readings(folder, "phluorin", "empty_4h")
    table = read_counts(folder / "out" / "sequencing" / "counts.csv")
    assert table.counts[:, [i for i, name in enumerate(table.samples) if name.startswith("empty")]].sum() == 0


def test_counts_and_traces_read_back(folder: Path) -> None:
    table = read_counts(folder / "out" / "sequencing" / "counts.csv")
    assert table.counts.shape == (301, 6)
    assert not table.hairpin.any()
    traces = read_traces(folder / "out" / "phluorin" / "control_4h_astrocyte_r1.csv")
    assert traces.fluorescence.shape == (20, 2400)
    assert (traces.interval, traces.unit) == (pytest.approx(0.5), "AU")


def test_the_same_seed_gives_the_same_files_and_another_does_not(folder: Path, tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "2")):
        assert (
            main(
                [
                    "measure",
                    str(folder / "run"),
                    "--with",
                    "nta",
                    "--arm",
                    "control",
                    "--seed",
                    seed,
                    "--no-png",
                    "--out",
                    str(tmp_path / name),
                ]
            )
            == 0
        )
    file = "nta/control_4h_r1_ExperimentSummary.csv"
    ours = (folder / "out" / file).read_bytes()
    assert (tmp_path / "a" / file).read_bytes() == ours
    assert (tmp_path / "b" / file).read_bytes() != ours


def test_a_time_in_between_is_interpolated(folder: Path, tmp_path: Path) -> None:
    assert (
        main(
            [
                "measure",
                str(folder / "run"),
                "--with",
                "nta",
                "--arm",
                "control",
                "--time",
                "2 h",
                "--time",
                "150 min",
                "--no-png",
                "--out",
                str(tmp_path / "t"),
            ]
        )
        == 0
    )
    truth = json.loads((tmp_path / "t" / "truth.json").read_text())["samples"]
    assert truth["control_2h"]["particles_per_mL"] < truth["control_2.5h"]["particles_per_mL"]


def test_lipoproteins_hide_the_vesicles(folder: Path, tmp_path: Path) -> None:
    assert (
        main(
            [
                "measure",
                str(folder / "run"),
                "--with",
                "nta",
                "--arm",
                "control",
                "--lipoprotein",
                "plasma",
                "--no-png",
                "--out",
                str(tmp_path / "p"),
            ]
        )
        == 0
    )
    rows = json.loads((tmp_path / "p" / "summary.json").read_text())["readings"]
    assert rows[0]["expected"] > 20 * readings(folder, "nta", "control_4h")[0]["expected"]


@pytest.mark.parametrize(
    ("arguments", "wrote", "fix"),
    [
        (["--with", "ntaa"], "there is no instrument `ntaa`", "did you mean `nta`?"),
        (["--with", ","], "no instrument is named", "--with nta,elisa"),
        (["--with", "nta", "--arm", "contrl"], "there is no arm `contrl`", "did you mean `control`?"),
        (["--with", "nta", "--time", "9 h"], "9 h", "write a time up to `4 h`"),
        (["--with", "nta", "--time", "4"], "`4` has no unit", "48 h"),
        (["--with", "nta", "--dilution", "0.1"], "a dilution of 0.1", "such as 200"),
        (["--with", "nta", "--lipoprotein", "100 %"], "`100 %`", "98 %"),
    ],
)
def test_wrong_words_have_four_parts_and_write_nothing(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    wrote: str,
    fix: str,
) -> None:
    assert main(["measure", str(folder / "run"), *arguments, "--out", str(tmp_path / "x")]) == 2
    said = capsys.readouterr().err
    assert wrote in said
    assert fix in said
    assert len(said.rstrip().splitlines()) == 5
    assert not (tmp_path / "x").exists()


def test_without_a_folder_nothing_is_measured(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", str(folder / "run"), "--with", "nta"]) == 2
    assert "add `--out DIR`" in capsys.readouterr().err


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", str(tmp_path), "--with", "nta", "--out", str(tmp_path / "x")]) == 2
    assert capsys.readouterr().err.startswith("error:")


# events


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    recorder = Recorder(106.55, 100.0, 0.0, 10.0, 300.0, 3600.0, 0.5, 600.0)
    cells = {}
    for cell in range(3):
        made = trace(
            np.array([100.0, 300.0, 310.0, 450.0]), np.full(4, 100.0), recorder, stream(1, "cli", cell)
        )
        cells[f"cell {cell + 1}"] = made.fluorescence
    file = tmp_path / "trace.csv"
    file.write_bytes(write_traces(recorder.times, cells))
    return file


def test_events_are_found_at_their_times(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Jumps of ten noises: four events in each cell, to a frame or two; chance of a false one 0.1/h x 0.5 h."""
    assert main(["events", str(recording), "--json", "--no-png", "--out", str(tmp_path / "out")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["events"] == 12
    rows = (tmp_path / "out" / "events.csv").read_text().splitlines()
    assert rows[0] == "cell,time (s),jump (AU),score"
    times = np.array([float(row.split(",")[1]) for row in rows[1:]]).reshape(3, 4)
    assert np.abs(times - [100, 300, 310, 450]).max() <= 1.5
    assert (tmp_path / "out" / "report.html").exists()


def test_a_trace_in_minutes_and_decimal_commas_is_the_same(recording: Path, tmp_path: Path, capsys) -> None:
    head, *lines = recording.read_text().splitlines()
    other = tmp_path / "minutes.csv"
    rows = [
        ";".join([f"{float(line.split(',')[0]) / 60:.6f}", *line.split(",")[1:]]).replace(".", ",")
        for line in lines
    ]
    other.write_text("\n".join([head.replace("(s)", "(min)").replace(",", ";"), *rows]))
    assert main(["events", str(other), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["events"] == 12


@pytest.mark.parametrize(
    ("text", "wrote", "fix"),
    [
        ("time,cell 1 (AU)\n0,1\n1,2\n2,3\n", "the first column is `time`", "write `time (s)`"),
        ("time (parsec),cell 1\n0,1\n1,2\n2,3\n", "unknown unit `parsec`", "did you mean `sec`?"),
        ("time (s),a,a\n0,1,1\n1,2,1\n2,3,1\n", "the cells are called a, a", "cell 1 (AU)"),
        ("time (s),a\n0,1\n1,2\n", "2 frames follow the head", "export the whole recording"),
        ("time (s),a\n0,1\n1,2\n2,3\n5,4\n", "the time rises by 3 s here", "cut it at the gap"),
        ("time (s),a\n0,1\n1,x\n2,3\n", "`x` stands in column", "write a number"),
        ("time (s),a\n0,1\n1\n2,3\n", "the line has 1 cells", "cut off"),
        ("time (s),a\n0,1\n1,2\n2,3\n3,4\n", "the recording lasts 4 s", "--window"),
        ("", "the file is empty", "export the file again"),
    ],
)
def test_bad_traces_are_refused_with_file_and_line(
    text: str, wrote: str, fix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text)
    assert main(["events", str(file)]) == 2
    said = capsys.readouterr().err
    assert wrote in said
    assert fix in said
    assert "bad.csv" in said


@pytest.mark.parametrize(
    "option",
    [
        ["--window", "0 s"],
        ["--window", "0.5 s"],  # one frame
        ["--decay", "5"],
        ["--false-rate", "0 1/h"],
        ["--false-rate", "1e6 1/h"],  # more than chance crossings of the mean
        ["--window", "1 um"],
    ],
)
def test_bad_options_are_refused(
    recording: Path, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["events", str(recording), *option]) == 2
    assert capsys.readouterr().err.startswith(f"error: [{option[0]}]")


def test_filtered_noise_is_told(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    traces = read_traces(recording)
    smooth = np.stack([np.convolve(one, np.ones(4) / 4, "same") for one in traces.fluorescence])
    file = tmp_path / "smooth.csv"
    file.write_bytes(write_traces(traces.time, dict(zip(traces.cells, smooth, strict=True))))
    assert main(["events", str(file)]) == 0
    assert "correlated from frame to frame" in capsys.readouterr().err


def test_a_constant_cell_is_told(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    traces = read_traces(recording)
    file = tmp_path / "flat.csv"
    file.write_bytes(
        write_traces(traces.time, {"cell 1": traces.fluorescence[0], "dead": np.full(traces.time.size, 5.0)})
    )
    assert main(["events", str(file)]) == 0
    assert "`dead` has no noise" in capsys.readouterr().err
