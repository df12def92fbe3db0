"""The run folder: what goes in comes out bit for bit, and nothing is left half-written."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from vesica import results
from vesica.errors import Finding, InputError, RunFault
from vesica.results import Axes, RunWriter, files, format1, record, store

MODEL = "vesica: 1\r\ntitle: µ and é\n"
SPEC = "title: resolved\nrate: 1.0e-3\n"
META = {"command": "run", "arguments": {"model": "model.yaml"}, "seed": 7, "versions": {"numpy": "2.4.6"},
        "started": "2026-01-01T00:00:00+00:00"}
AXES = Axes(
    arms=("control", "ethanol 40 mM"), replicates=(0, 999), times=(0.0, 1800.0, 3600.0),
    species=("astrocyte.mvb", "medium.EV"), species_unit=("1", "vesicle"),
    species_compartment=("astrocyte", "medium"), species_label=("MVBs", "vesicles in the medium"),
    parameters=("astrocyte.mvb_fusion_rate",), parameter_unit=("1/s",))
SUMMARY = {"arms": {"control": {"counts": {"astrocyte": 1e6}}}, "missing": float("nan")}


def numbers(row: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([3, *row])
    values = rng.lognormal(sigma=20.0, size=(3, 2))
    values[1, 1] = [np.nan, -0.0, np.inf, 5e-324][row[0] * 2 + row[1]]
    return values, rng.normal(size=1)


def begin(folder: Path, **changes) -> RunWriter:
    return RunWriter.create(folder, **{"model_text": MODEL, "spec_text": SPEC, "meta": META, "axes": AXES} | changes)


def again(folder: Path, **changes) -> RunWriter:
    return RunWriter.resume(folder, **{"model_text": MODEL, "spec_text": SPEC, "meta": META, "axes": AXES} | changes)


def fill(writer: RunWriter, rows=None) -> None:
    for row in writer.pending if rows is None else rows:
        writer.commit(*row, *numbers(row), {"solver": {"steps": np.int64(12)}, "row": list(row)})


def whole(folder: Path) -> results.Results:
    writer = begin(folder)
    fill(writer)
    writer.finish("completed", "", SUMMARY)
    return results.open(folder)


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def four_parts(failure: pytest.ExceptionInfo) -> str:
    """All four parts are there, and the whole text for looking into."""
    (finding,) = failure.value.findings
    assert all((finding.path, finding.wrote, finding.rule, finding.consequence, finding.fix))
    return str(finding)


def test_what_is_committed_comes_back_bit_for_bit(tmp_path: Path) -> None:
    data = whole(tmp_path / "run").data
    for row in AXES.rows:
        values, parameters = numbers(row)
        assert data["value"].values[row].tobytes() == values.tobytes()
        assert data["parameter_value"].values[row].tobytes() == parameters.tobytes()
    assert data["value"].dims == ("arm", "replicate", "time", "species")
    assert data["time"].attrs["units"] == "s"
    assert data["unit"].values.tolist() == ["1", "vesicle"]
    assert all(data[name].dtype == object for name in ("arm", "species", "unit", "label", "parameter"))
    assert data["committed"].values.all()
    assert data["value"].sel(arm="ethanol 40 mM", replicate=999, species="medium.EV").shape == (3,)


def test_texts_record_and_summary_come_back(tmp_path: Path) -> None:
    run = whole(tmp_path / "run")
    assert (run.model_text, run.spec_text) == (MODEL, SPEC)
    assert run.outcome == "completed"
    assert run.run["rows"] == [list(row) for row in AXES.rows]
    assert run.run["peak_memory_mb"] > 1.0
    assert run.summary == {"arms": {"control": {"counts": {"astrocyte": 1e6}}}, "missing": None}
    assert run.axes == AXES
    assert run.notes("control", 999) == {"solver": {"steps": 12}, "row": [0, 1]}
    time_h, values = run.series("ethanol 40 mM", "medium.EV", 999)
    assert time_h.tolist() == [0.0, 0.5, 1.0]
    assert values.tobytes() == numbers((1, 1))[0][:, 1].tobytes()
    assert run.unit("medium.EV") == "vesicle"
    assert run.parameters("control") == {"astrocyte.mvb_fusion_rate": numbers((0, 0))[1][0]}
    assert run.draws is None
    assert not list((tmp_path / "run").glob(".*"))  # neither reserve nor temporary files


def test_a_run_too_large_to_hold_is_read_row_by_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vesica.results.folder.SMALL_BYTES", 0)
    _, values = whole(tmp_path / "run").series("control", "astrocyte.mvb")
    assert values.tobytes() == numbers((0, 0))[0][:, 0].tobytes()


def test_a_row_of_nan_and_a_model_without_parameters_are_stored(tmp_path: Path) -> None:
    axes = Axes(("a",), (0,), (0.0,), ("x",), ("1",), ("medium",), ("x",))
    writer = begin(tmp_path / "run", axes=axes)
    writer.commit(0, 0, [[np.nan]], [])
    writer.finish("completed", "", {})
    run = results.open(tmp_path / "run")
    assert np.isnan(run.series("a", "x")[1]).all()
    assert run.parameters("a") == {}


def test_inputs_are_copied_and_may_not_leave_the_folder(tmp_path: Path) -> None:
    begin(tmp_path / "run", inputs={"nta/day1.csv": b"\xff\x00"}).close()
    run = results.open(tmp_path / "run")
    assert run.input("nta/day1.csv") == b"\xff\x00"
    with pytest.raises(InputError, match=r"did you mean `nta/day1.csv`\?"):
        run.input("nta/day2.csv")
    for name in ("../x", "/x", "", "a\\..\\b"):
        with pytest.raises(InputError) as failure:
            begin(tmp_path / "other", inputs={name: b""})
        assert "outside the run folder" in four_parts(failure)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("kind", ["folder", "empty", "file", "link"])
def test_what_exists_is_refused_and_untouched(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "run"
    if kind == "file":
        place.write_text("mine")
    elif kind == "link":
        place.symlink_to(tmp_path / "nowhere")
    else:
        place.mkdir()
    if kind == "folder":
        (place / "mine.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError) as failure:
        begin(place)
    assert "exists already" in four_parts(failure)
    assert failure.value.exit_code == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_an_unwritable_place_is_refused_before_anything_is_written(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:  # root may write anywhere, so the answer is planted
        patch.setattr(os, "access", lambda *_: False)
        with pytest.raises(InputError) as failure:
            begin(tmp_path / "a" / "run")
    assert "cannot be written to" in four_parts(failure)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patch:  # and one that only shows when written to
        patch.setattr(files, "sync", refuse)
        with pytest.raises(InputError) as failure:
            begin(tmp_path / "a" / "run")
    assert "Permission denied" in four_parts(failure)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        begin(tmp_path / "file" / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root ignores permission bits")
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written to"):
        begin(tmp_path / "run")
    tmp_path.chmod(0o700)


def test_missing_folders_above_are_made(tmp_path: Path) -> None:
    begin(tmp_path / "a" / "b" / "run").close()
    assert results.open(tmp_path / "a" / "b" / "run").outcome == "running"


def test_a_disk_full_at_creation_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(store, "_reserve", full)
    with pytest.raises(RunFault) as failure:
        begin(tmp_path / "a" / "run")
    assert "the disk is full" in four_parts(failure)
    assert [path.name for path in tmp_path.iterdir()] == []


def full_after(n: int):
    """Stands for a write; the disk is full at the n-th, once."""
    calls = []

    def write(real, *arguments, **options):
        calls.append(arguments)
        if len(calls) == n:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments, **options)

    return write


@pytest.mark.parametrize("target", ["chunk of value", "chunk of parameter_value", "notes", "run.json", "fsync"])
def test_a_full_disk_interrupts_the_run_and_keeps_what_was_committed(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    import zarr.storage._local as local

    writer = begin(tmp_path / "run")
    fill(writer, AXES.rows[:2])
    before = tree(tmp_path / "run" / "results.zarr") | tree(tmp_path / "run" / "rows")
    where, name, n = {"chunk of value": (local, "_put", 1), "chunk of parameter_value": (local, "_put", 2),
                      "notes": (files, "write_bytes", 1), "run.json": (files, "write_bytes", 2),
                      "fsync": (os, "fsync", 1)}[target]
    real, fake = getattr(where, name), full_after(n)
    with monkeypatch.context() as patch:
        patch.setattr(where, name, lambda *a, **k: fake(real, *a, **k))
        with pytest.raises(RunFault) as failure:
            fill(writer)
    text = four_parts(failure)
    assert "arm `ethanol 40 mM`, replicate 0 could not be stored: the disk is full" in text
    assert "2 of 4 rows stored" in text
    assert failure.value.exit_code == 3
    run = results.open(tmp_path / "run")
    assert run.outcome == "interrupted"
    assert "the disk is full" in run.run["message"]
    assert run.rows == (("control", 0), ("control", 999))
    assert tree(tmp_path / "run" / "results.zarr") | tree(tmp_path / "run" / "rows") == before
    with pytest.raises(ValueError, match="closed"):
        fill(writer, AXES.rows[2:3])
    rest = again(tmp_path / "run")
    fill(rest)
    rest.finish("completed", "", SUMMARY)
    assert results.open(tmp_path / "run").data.identical(whole(tmp_path / "other").data)


def test_a_full_disk_at_the_end_interrupts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = begin(tmp_path / "run")
    fill(writer)
    real, fake = files.write_bytes, full_after(1)
    monkeypatch.setattr(files, "write_bytes", lambda *a: fake(real, *a))
    with pytest.raises(RunFault, match="the end of the run could not be stored"):
        writer.finish("completed", "", SUMMARY)
    run = results.open(tmp_path / "run")
    assert (run.outcome, len(run.rows)) == ("interrupted", 4)
    with pytest.raises(InputError, match=r"no `summary.json`"):
        _ = run.summary


def test_a_limit_of_the_system_on_file_size_interrupts(tmp_path: Path) -> None:
    """The real thing: the system refuses to write more than 20 kB into one file."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent("""
        import resource, sys
        import numpy as np
        from vesica.results import Axes, RunWriter
        from vesica.errors import RunFault
        names = [f"medium.s{i}" for i in range(100)]
        axes = Axes(["a", "b"], [0], np.arange(100.0), names, names, names, names)
        writer = RunWriter.create(sys.argv[1], model_text="", spec_text="", meta={"seed": 1}, axes=axes)
        writer.commit(0, 0, np.zeros((100, 100)), [])
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, resource.RLIM_INFINITY))
        try:
            writer.commit(1, 0, np.random.default_rng(1).normal(size=(100, 100)), [])
        except RunFault as fault:
            sys.exit("the disk is full" in str(fault) and fault.exit_code)
    """))
    done = subprocess.run([sys.executable, "-W", "error", script, tmp_path / "run"], check=False,
                          env=os.environ | {"PYTHONPATH": str(Path(results.__file__).parents[2])})
    assert done.returncode == 3
    run = results.open(tmp_path / "run")
    assert (run.outcome, run.rows) == ("interrupted", (("a", 0),))
    assert not list((tmp_path / "run").rglob("*.partial"))
    assert not format1.chunk(tmp_path / "run" / "results.zarr", "value", (1, 0)).exists()


def test_the_reserve_is_there_for_the_record_of_a_full_disk(tmp_path: Path) -> None:
    writer = begin(tmp_path / "run")
    assert (tmp_path / "run" / store.RESERVE).stat().st_size == store.RESERVE_BYTES
    writer.finish("interrupted", "the user pressed Ctrl-C")
    assert not (tmp_path / "run" / store.RESERVE).exists()
    assert results.open(tmp_path / "run").run["message"] == "the user pressed Ctrl-C"


def test_leftovers_of_a_killed_writer_do_not_count(tmp_path: Path) -> None:
    """A chunk of a row that run.json does not list is NaN for a reader and gone after a resume."""
    place = tmp_path / "run"
    writer = begin(place)
    fill(writer, AXES.rows[:1])
    arrays = format1.open_for_writing(place / "results.zarr")
    arrays["value"][1, 0] = 5.0
    (place / "rows" / "1_0.json").write_text("{")
    stray = [place / ".run.json.00.partial", place / "rows" / ".1_0.json.00.partial",
             place / "results.zarr/value/c/1/0/0/0.00.partial",
             place / "results.zarr/parameter_value/c/1/0.00.partial"]
    for path in stray:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    (place / "summary.json").write_text("{}")
    writer.close()
    run = results.open(place)
    assert np.isnan(run.data["value"].values[1]).all()
    assert run.data["value"].values[0, 0].tobytes() == numbers((0, 0))[0].tobytes()
    with pytest.raises(InputError) as failure:
        run.series("ethanol 40 mM", "medium.EV")
    assert "was not computed" in four_parts(failure)
    writer = again(place)
    assert writer.committed == ((0, 0),)
    assert not any(path.exists() for path in [*stray, place / "summary.json", place / "rows" / "1_0.json"])
    assert not format1.chunk(place / "results.zarr", "value", (1, 0)).exists()
    fill(writer)
    writer.finish("completed", "", SUMMARY)
    there, other = tree(place), tree(tmp_path / "other") if whole(tmp_path / "other") else {}
    assert {name for name in there if there[name] != other.get(name)} == {"run.json"}
    assert there.keys() == other.keys()
    assert results.open(place).run["resumed"] == 1


@pytest.mark.parametrize(("changes", "path", "says"), [
    ({"model_text": MODEL + "x: 1\n"}, "model.yaml", r"\(`x`: nothing then, `1` now\)"),
    ({"spec_text": SPEC.replace("1.0e-3", "2.0e-3")}, "spec.yaml", r"rate`: `1.0e-3` then, `2.0e-3` now"),
    ({"meta": META | {"versions": {"numpy": "9"}}}, "run.json: versions", "numpy 2.4.6 then and 9 now"),
    ({"meta": META | {"seed": 8}}, "run.json: seed", "the seed is 8, the run began with 7"),
    ({"axes": Axes(**vars(AXES) | {"times": (0.0, 1800.0, 3601.0)})}, "results.zarr", "other times"),
    ({"inputs": {"nta.csv": b"other"}}, "inputs/nta.csv", "data file `nta.csv` differs"),
    ({"inputs": {}}, "inputs/nta.csv", "data file `nta.csv` differs"),
])
def test_another_run_cannot_be_resumed(tmp_path: Path, changes: dict, path: str, says: str) -> None:
    begin(tmp_path / "run", inputs={"nta.csv": b"then"}).close()
    before = tree(tmp_path / "run")
    with pytest.raises(InputError, match=says) as failure:
        again(tmp_path / "run", **changes)
    four_parts(failure)
    assert failure.value.findings[0].path.endswith(path)
    assert tree(tmp_path / "run") == before
    again(tmp_path / "run", inputs={"nta.csv": b"then"}).close()  # and the refusal holds no lock


def test_a_complete_run_and_a_run_being_written_cannot_be_resumed(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as writer:
        with pytest.raises(InputError) as failure:
            again(tmp_path / "run")
        assert "another process is writing" in four_parts(failure)
        fill(writer)
        writer.finish("completed", "", {})
    with pytest.raises(InputError, match="is complete"):
        again(tmp_path / "run")


def test_a_diverged_run_cannot_be_resumed(tmp_path: Path) -> None:
    begin(tmp_path / "run").finish("diverged", "arm `control`: a state became infinite", {})
    with pytest.raises(InputError) as failure:
        again(tmp_path / "run")
    assert "would diverge again" in four_parts(failure)


@pytest.mark.parametrize(("raised", "message"), [
    (KeyboardInterrupt(), "stopped by Ctrl-C"),
    (RunFault(Finding("error", "", "SIGTERM came", "", "", "")), "SIGTERM came"),
    (ZeroDivisionError("by zero"), "stopped by ZeroDivisionError: by zero"),
])
def test_what_stops_a_run_is_written_down(tmp_path: Path, raised: BaseException, message: str) -> None:
    def stop() -> None:
        with begin(tmp_path / "run") as writer:
            fill(writer, AXES.rows[:1])
            raise raised

    with pytest.raises(type(raised)):
        stop()
    run = results.open(tmp_path / "run")
    assert (run.outcome, run.run["message"], run.rows) == ("interrupted", message, (("control", 0),))
    with again(tmp_path / "run") as writer:
        fill(writer)
        writer.finish("completed", "", {})
    assert results.open(tmp_path / "run").outcome == "completed"


def test_mistakes_of_the_caller_are_value_errors(tmp_path: Path) -> None:
    writer = begin(tmp_path / "run")
    values, parameters = numbers((0, 0))
    writer.commit(0, 0, values, parameters)
    before = tree(tmp_path / "run")
    for row, given, also, says in (
            ((0, 0), values, parameters, "committed already"), ((2, 0), values, parameters, "not on the axes"),
            ((0, -1), values, parameters, "not on the axes"), ((0, 1), values.T, parameters, r"shape \(2, 3\)"),
            ((0, 1), values, [], r"shape \(0,\)")):
        with pytest.raises(ValueError, match=says):
            writer.commit(*row, given, also)
    with pytest.raises(TypeError, match=r"`notes.f` is a"):
        writer.commit(0, 1, values, parameters, {"f": object()})
    with pytest.raises(ValueError, match="3 rows are missing"):
        writer.finish("completed", "", {})
    with pytest.raises(ValueError, match="not an outcome"):
        writer.finish("done")  # type: ignore[arg-type]
    assert tree(tmp_path / "run") == before
    with pytest.raises(ValueError, match="may not hold rows"):
        record.new({"rows": []})


def test_axes_say_what_is_wrong() -> None:
    good = vars(AXES)
    for change, says in (({"arms": ()}, "empty"), ({"arms": ("a", "a")}, "repeats a"),
                         ({"species_unit": ("1",)}, "1 entries for 2 species"),
                         ({"parameter_unit": ()}, "0 entries for 1 parameters"),
                         ({"times": (0.0, 0.0)}, "repeats"), ({"times": (1.0, 0.0)}, "increasing"),
                         ({"times": (0.0, float("inf"))}, "finite")):
        with pytest.raises(ValueError, match=says):
            Axes(**good | change)


def test_run_json_is_strict_and_has_a_line_for_each_key(tmp_path: Path) -> None:
    begin(tmp_path / "run").close()
    text = (tmp_path / "run" / "run.json").read_text()
    content = json.loads(text, parse_constant=pytest.fail)
    assert len(text.splitlines()) == len(content) + 2
    assert set(record.KEYS) <= set(content)
