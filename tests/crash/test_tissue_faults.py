"""An arm in space that is killed, stopped or out of disk goes on from its checkpoint, bit for bit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from vesica import results
from vesica.results import tissue_checkpoint

ARMS, STEPS, CELL_EVERY, FIELD_EVERY = ("control", "LPS"), 240, 20, 120
# A run as the engine makes one, with a map in place of cells and fields: every step depends on all bits of the last.
LOOP = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    import numpy as np
    from vesica.engine.tissue.checkpoint import Checkpoint, key_of
    from vesica.results import Axes, Quantity, RunWriter, TissueLayout, TissueWriter
    from vesica.spec.space import Space

    folder, every, pause = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    ARMS, STEPS, CELL_EVERY, FIELD_EVERY = ("control", "LPS"), 240, 20, 120
    axes = Axes(ARMS, [0], [0.0, 240.0], ["medium.a"], ["1"], ["medium"], ["a"])
    same = {"model_text": "model", "spec_text": "spec", "meta": {"seed": 1, "versions": {}}, "axes": axes}

    def layout(arm):
        n = 30
        return TissueLayout(Space((8.0, 8.0, 8.0), (8, 8, 8)), [str(k) for k in range(n)], ["a"] * n, np.full(n, 5.0),
                            np.full((n, 3), 4.0), np.arange(0.0, STEPS + 1, CELL_EVERY),
                            np.arange(0.0, STEPS + 1, FIELD_EVERY), [Quantity("x", "1")], [Quantity("TNF", "1/um^3")])

    def run_arm(arm):
        with Checkpoint(folder, arm, key_of("spec", arm), every) as kept:
            found = kept.load()
            if found is None:
                state = {"step": 0, "cells": np.linspace(0.1, 0.9, 30) + 0.01 * len(arm), "field": np.zeros((8, 8, 8))}
                tissue = TissueWriter.create(folder, arm, layout(arm))
                tissue.cells(0.0, state["cells"][None])
                tissue.fields(0.0, {"TNF": state["field"]})
            else:
                state, counted = found
                tissue = TissueWriter.resume(folder, arm, layout(arm), counted)
            print("at", arm, state["step"], flush=True)
            while state["step"] < STEPS:
                time.sleep(pause)
                cells = 3.999 * state["cells"] * (1 - state["cells"])
                state = {"step": state["step"] + 1, "cells": cells, "field": state["field"] + cells.sum()}
                t = float(state["step"])
                if state["step"] % CELL_EVERY == 0:
                    tissue.cells(t, cells[None])
                if state["step"] % FIELD_EVERY == 0:
                    tissue.fields(t, {"TNF": state["field"]})
                kept.step_done(lambda: state, tissue)
            tissue.finish({"steps": STEPS})
        return state["cells"].sum()

    writer = RunWriter.resume(folder, **same) if folder.exists() else RunWriter.create(folder, **same)
    with writer:
        for arm, replicate in writer.pending:
            total = run_arm(ARMS[arm])
            writer.commit(arm, replicate, [[0.0], [total]], [])
        writer.finish("completed", "", {})
""")


def command(tmp_path: Path, folder: Path, every: float, pause: float = 1e-3) -> list[str]:
    script = tmp_path / "loop.py"
    script.write_text(LOOP)
    return [sys.executable, "-W", "error", str(script), str(folder), str(every), str(pause)]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(results.__file__).parents[2])}


def start(words: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())


def finish(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, env=environment(), check=False)
    assert done.returncode == 0, done.stderr.decode()


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check_readable(folder: Path) -> int:
    """Whatever the moment of the kill, all times that count are whole; returns how many there are."""
    run = results.open(folder)
    count = 0
    for arm in run.arms_in_space:
        found = run.tissue(arm)
        found.refuse_damage()
        assert np.isfinite(found.course("x")).all()
        for t in found.field_times:
            assert np.isfinite(found.field("TNF", float(t))).all()
        count += found.times.size
    return count


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that was left alone."""
    folder = tmp_path_factory.mktemp("whole")
    finish(command(folder, folder / "run", 1e9, 0.0))
    return folder / "run"


def assert_same(folder: Path, whole: Path) -> None:
    """Every byte but the times and the count of resumptions in run.json."""
    found, wanted = tree(folder), tree(whole)
    assert found.keys() == wanted.keys()
    assert {name for name in wanted if wanted[name] != found[name]} == {"run.json"}
    assert not (folder / "tissue").exists()


def test_eight_kills_leave_no_trace_and_lose_no_more_than_an_interval(tmp_path: Path, whole: Path) -> None:
    """A checkpoint each 20 ms, two arms of 240 steps of more than 1 ms, so waits of 30-90 ms end inside one of them.

    The time that is lost is from the last checkpoint on: each start is at or behind the step that the last
    checkpoint before the kill held, which is read from the disk.
    """
    words, folder = command(tmp_path, tmp_path / "killed", 0.02), tmp_path / "killed"
    moments, counts, at = random.Random(3), [0], []
    for _ in range(8):
        kept = {arm: tissue_checkpoint.path_of(folder, arm) for arm in ARMS}
        there = {arm: json.loads(path.read_bytes().splitlines()[1])["tree"]["step"]
                 for arm, path in kept.items() if path.exists()}
        with start(words) as process:
            assert process.stdout is not None
            _, arm, step = process.stdout.readline().decode().split()
            time.sleep(moments.uniform(0.03, 0.09))
            process.kill()
        assert int(step) == there.get(arm, 0)
        at.append((ARMS.index(arm), int(step)))
        counts.append(check_readable(folder))
        if results.open(folder).outcome == "completed":
            break
    assert counts == sorted(counts)
    assert at == sorted(at)
    assert len(at) >= 4, "kills must fall into the run"
    finish(words) if results.open(folder).outcome == "running" else None
    assert_same(folder, whole)


def test_ctrl_c_stores_a_checkpoint_of_its_own(tmp_path: Path, whole: Path) -> None:
    """No interval has passed (1e9 s), and still nothing is lost but the step under way."""
    words, folder = command(tmp_path, tmp_path / "run", 1e9, 0.01), tmp_path / "run"
    with start(words) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        process.wait(20)
    run = results.open(folder)
    assert run.outcome == "interrupted"
    step = json.loads(tissue_checkpoint.path_of(folder, "control").read_bytes().splitlines()[1])["tree"]["step"]
    assert 5 <= step < STEPS
    assert run.tissue("control").times.size == step // CELL_EVERY + 1
    finish(words)
    assert_same(folder, whole)


def test_a_full_disk_stops_the_arm_and_it_goes_on_later(tmp_path: Path, whole: Path) -> None:
    """A limit on the size of files (EFBIG) stands for a full disk: a checkpoint has 4 kB."""
    words, folder = command(tmp_path, tmp_path / "run", 0.0, 0.0), tmp_path / "run"
    limited = ("import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
               "import vesica.engine.tissue.checkpoint as c\n"
               "c.DEAREST, before = 1e9, c.Checkpoint.save  # at every step\n"
               "def save(self, state, writer):\n"
               "    if state['step'] == 100: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
               "    before(self, state, writer)\n"
               "c.Checkpoint.save = save\n"
               "sys.argv = sys.argv[1:]\n"
               "exec(compile(open(sys.argv[0]).read(), sys.argv[0], 'exec'))\n")
    done = subprocess.run([words[0], "-c", limited, *words[3:]], capture_output=True, env=environment(), check=False)
    assert done.returncode != 0
    assert "the checkpoint could not be stored" in done.stderr.decode()
    assert results.open(folder).outcome == "interrupted"
    assert not list(folder.rglob("*.partial"))
    held = json.loads(tissue_checkpoint.path_of(folder, "control").read_bytes().splitlines()[1])
    assert held["tree"]["step"] == 99
    finish(words)
    assert_same(folder, whole)


def test_a_checkpoint_of_another_model_stops_the_resume_and_stays(tmp_path: Path) -> None:
    words, folder = command(tmp_path, tmp_path / "run", 0.0, 0.005), tmp_path / "run"
    with start(words) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.2)
        process.kill()
    path = tissue_checkpoint.path_of(folder, "control")
    state, counted = tissue_checkpoint.load(path, json.loads(path.read_bytes().splitlines()[1])["key"])
    tissue_checkpoint.save(path, state, {"model": "another"}, counted)
    before = path.read_bytes()
    done = subprocess.run(words, capture_output=True, env=environment(), check=False)
    assert done.returncode != 0
    assert "of another run" in done.stderr.decode()
    assert path.read_bytes() == before


MODEL = """
vesica: 1
title: a few cells
use: [library:cns]
domain: {kind: box, size: [60 um, 60 um, 40 um], voxel: 10 um}
cells: {microglia: {density: 6e4 /mm^3}}
exposures: []
arms:
  control: {}
  LPS: {exposures: [{agent: LPS, concentration: 100 ng/mL, from: 0.25 h, to: 2 h}]}
run:
  {duration: 1 h, every: 0.25 h, fidelity: tissue, seed: 1,
   tissue: {cells_every: 15 min, fields_every: 30 min, checkpoint_every: 1 ms}}
"""


def vesica(tmp_path: Path, out: Path, *more: str) -> list[str]:
    model = tmp_path / "model.yaml"
    model.write_text(MODEL)
    return [sys.executable, "-W", "error", "-m", "vesica", "run", str(model), "--out", str(out), "--no-report", *more]


def stop(process: subprocess.Popen[bytes], path: Path, number: int) -> None:
    """Send a signal a moment after the next checkpoint."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    while (not path.exists() or path.stat().st_mtime_ns == before) and process.poll() is None:
        time.sleep(0.005)
    time.sleep(0.1)
    process.send_signal(number)
    process.wait(60)


def numbers(folder: Path) -> dict[str, object]:
    """All chunks of arrays, in space and of the means, and the summary but for the seconds it took."""
    chunks: dict[str, object] = {name: content for name, content in tree(folder).items() if "/c/" in name}
    return chunks | {"summary": timeless(json.loads((folder / "summary.json").read_text()))}


def timeless(value: object) -> object:
    if isinstance(value, dict):
        return {key: timeless(item) for key, item in value.items() if key != "seconds"}
    return [timeless(item) for item in value] if isinstance(value, list) else value


@pytest.mark.verify
def test_a_whole_run_in_space_that_is_killed_and_stopped_ends_with_the_same_bits(tmp_path: Path) -> None:
    """Killed in the first arm, ended by the system and by Ctrl-C in the second: each goes on from a checkpoint.

    With a checkpoint after every few steps all come from the middle of an arm, which is asserted.
    """
    finish(vesica(tmp_path, tmp_path / "whole"))
    out, times, codes = tmp_path / "run", [], []
    for arm, number in (("control", signal.SIGKILL), ("LPS", signal.SIGTERM), ("LPS", signal.SIGINT)):
        path = tissue_checkpoint.path_of(out, arm)
        with start(vesica(tmp_path, out, *["--resume"] * out.exists())) as process:
            stop(process, path, number)
        codes.append(process.returncode)
        assert results.open(out).outcome == ("running" if number == signal.SIGKILL else "interrupted")
        times.append(json.loads(path.read_bytes().splitlines()[1])["tree"]["coupled"]["clock"][0])
    assert codes == [-signal.SIGKILL, 3, 130]
    assert all(0.0 < one < 3600.0 for one in times)
    finish(vesica(tmp_path, out, "--resume"))
    assert results.open(out).run["resumed"] == 3
    found, wanted = numbers(out), numbers(tmp_path / "whole")
    assert len(wanted) > 40
    assert found == wanted
    assert not (out / "tissue").exists()


def test_an_arm_in_space_that_runs_away_keeps_what_it_has(tmp_path: Path) -> None:
    """Without an engine: a fault of the numbers ends the arm with its times, one of the machine leaves it open."""
    from tests.unit.test_tissue_store import written
    from vesica.engine.tissue.record import Stored
    from vesica.errors import Finding, Interrupted, RunFault

    class Quiet:
        def __exit__(self, *_: object) -> None:
            pass

    for number, (kind, times) in enumerate(((RunFault, 2), (Interrupted, 0))):
        folder = tmp_path / str(number)
        folder.mkdir()
        stored = object.__new__(Stored)
        stored._checkpoint, stored._writer = Quiet(), written(folder, until=2)  # type: ignore[assignment]
        stored.notes = dict  # type: ignore[method-assign]
        stored.__exit__(kind, kind(Finding("error", "", "a", "b", "c", "d")), None)
        assert results.open_tissue(folder, "LPS").times.size == times
