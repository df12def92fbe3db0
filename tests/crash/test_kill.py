"""A run that is killed (SIGKILL) again and again ends bit for bit like one that was left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np

from vesica import results

N_KILLS = 12
ROWS = (10, 24)
WRITER = textwrap.dedent("""
    import sys
    from pathlib import Path
    import numpy as np
    from vesica.results import Axes, RunWriter

    folder = Path(sys.argv[1])
    names = [f"cell.s{i}" for i in range(40)]
    axes = Axes([f"arm{i}" for i in range(10)], range(24), np.arange(30) * 60.0,
                names, names, names, names, ["k"], ["1/s"])
    same = {"model_text": "model", "spec_text": "spec", "meta": {"seed": 1}, "axes": axes}
    writer = RunWriter.resume(folder, **same) if folder.exists() else RunWriter.create(folder, **same)
    print("ready", flush=True)
    for row in writer.pending:
        rng = np.random.default_rng([5, *row])
        writer.commit(*row, rng.normal(size=(30, 40)), rng.normal(size=1), {"draw": rng.normal()})
    writer.finish("completed", "", {"rows": len(writer.committed)})
""")


def start(script: Path, folder: Path) -> subprocess.Popen[bytes]:
    source = str(Path(results.__file__).parents[2])
    return subprocess.Popen([sys.executable, "-W", "error", str(script), str(folder)], stdout=subprocess.PIPE,
                            env=os.environ | {"PYTHONPATH": source})


def finish(script: Path, folder: Path) -> None:
    with start(script, folder) as process:
        process.communicate()
    assert process.returncode == 0


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check_readable(folder: Path) -> int:
    """Whatever the moment of the kill, every committed row is whole; returns how many there are."""
    run = results.open(folder)
    assert run.outcome == "running"
    values = run.data["value"].values
    for arm, replicate in run.run["rows"]:
        expected = np.random.default_rng([5, arm, replicate]).normal(size=(30, 40))
        assert values[arm, replicate].tobytes() == expected.tobytes()
    assert np.isnan(values).sum() == values.size - 30 * 40 * len(run.run["rows"])
    return len(run.run["rows"])


def test_twelve_kills_leave_no_trace(tmp_path: Path) -> None:
    """Kills at seeded moments of the writing, resumed each time.

    A row takes about 4 ms and there are 240 of them, so 12 waits of 0-60 ms end inside the
    writing; that they did is asserted. On a slower disk fewer rows are written between kills.
    """
    script = tmp_path / "writer.py"
    script.write_text(WRITER)
    moments = random.Random(20)
    counts = [0]
    for _ in range(N_KILLS):
        with start(script, tmp_path / "killed") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(moments.uniform(0.0, 0.06))
            process.kill()
        assert process.returncode == -signal.SIGKILL
        counts.append(check_readable(tmp_path / "killed"))
    assert counts == sorted(counts)
    assert 0 < counts[-1] < ROWS[0] * ROWS[1]
    finish(script, tmp_path / "killed")
    finish(script, tmp_path / "whole")
    killed, whole = tree(tmp_path / "killed"), tree(tmp_path / "whole")
    assert killed.keys() == whole.keys()
    assert {name for name in whole if whole[name] != killed[name]} == {"run.json"}
    assert results.open(tmp_path / "killed").data.identical(results.open(tmp_path / "whole").data)
    assert results.open(tmp_path / "killed").run["resumed"] == N_KILLS


def test_a_kill_during_creation_leaves_a_whole_folder_or_none(tmp_path: Path) -> None:
    script = tmp_path / "writer.py"
    script.write_text(WRITER.replace('print("ready", flush=True)', "").replace(
        "folder = Path", 'import zarr\nprint("ready", flush=True)\nfolder = Path', 1))
    moments = random.Random(21)
    for kill in range(4):
        folder = tmp_path / f"run{kill}"
        with start(script, folder) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(moments.uniform(0.0, 0.05))
            process.kill()
        if folder.exists():
            check_readable(folder)
