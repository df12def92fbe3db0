"""Faults of a whole run: killed at random, a full disk, a network that blows up, Ctrl-C."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from vesica import results

MODEL = """
vesica: 1
title: small
use: [library:cns]
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}
cells: {astrocyte: {count: 1e6}}
exposures: [{agent: ethanol, concentration: 40 mM, from: 0 h, to: 24 h}]
arms:
  control: {exposures: []}
  ethanol: {}
  given:
    cells: {astrocyte: {count: 0}, neuron: {count: 5e5}}
    exposures: [{doses_from: ethanol, particles_per_cell: 100, at: 24 h}]
  given_less:
    cells: {astrocyte: {count: 0}, neuron: {count: 5e5}}
    exposures: [{doses_from: ethanol, particles_per_cell: 10, at: 12 h}]
  half: {exposures: [{agent: ethanol, concentration: 20 mM, from: 0 h, to: 24 h}]}
RULES
run: {duration: 48 h, every: 1 h, fidelity: well_mixed, seed: 1}
"""


def write(folder: Path, rules: str = "") -> Path:
    path = folder / "model.yaml"
    path.write_text(MODEL.replace("RULES", rules))
    return path


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "vesica", *map(str, words)]


def values(folder: Path) -> np.ndarray:
    return results.open(folder).data["value"].values


def committed(folder: Path) -> int:
    """Rows that are whole on the disk; -1 before the folder is there."""
    try:
        return len(json.loads((folder / "run.json").read_text())["rows"])
    except (FileNotFoundError, json.JSONDecodeError):
        return -1


def test_killed_at_random_moments_and_resumed_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    """Each kill comes up to 40 ms (an arm) after some row was stored, at the latest when the run ends."""
    model = write(tmp_path)
    subprocess.run(command("run", model, "--out", tmp_path / "whole", "--no-report"), check=True, capture_output=True)
    moments = random.Random(11)
    out, kills = tmp_path / "killed", 0
    for rows in range(5):
        again = ["--resume"] if out.exists() else []
        process = subprocess.Popen(command("run", model, "--out", out, "--no-report", *again),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while committed(out) < rows and process.poll() is None:
            time.sleep(0.001)
        time.sleep(moments.uniform(0.0, 0.04))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
    if results.open(out).outcome != "completed":
        subprocess.run(command("run", model, "--out", out, "--no-report", "--resume"), check=True, capture_output=True)
    assert kills >= 1
    assert results.open(out).outcome == "completed"
    np.testing.assert_array_equal(values(out), values(tmp_path / "whole"))
    kept = [json.loads((folder / "summary.json").read_text()) for folder in (out, tmp_path / "whole")]
    assert kept[0] == kept[1]


def test_a_network_that_blows_up_is_named_and_its_results_are_kept(tmp_path: Path) -> None:
    rules = 'rules: ["astrocyte: ethanol increases miR_146a_production (half_max 10 mM, hill 1, up to 1e305x)"]'
    done = subprocess.run(command("run", write(tmp_path, rules), "--out", tmp_path / "run"),
                          capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "astrocyte.miR_146a" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    kept = results.open(tmp_path / "run")
    assert kept.outcome == "diverged"
    assert kept.run["message"].startswith("arm `ethanol`")
    assert np.isfinite(kept.series("control", "medium.free:astrocyte")[1]).all()


def test_a_full_disk_interrupts_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    """A limit on file size stands for the full disk: writes fail with EFBIG where others fail with ENOSPC."""
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from vesica.engine.warm import make_ready; make_ready('stochastic')\n"
        "import vesica.results.store as store\n"
        "create = store.RunWriter.create.__func__\n"
        "def limited(cls, *a, **k):\n"
        "    writer = create(cls, *a, **k)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "    return writer\n"
        "store.RunWriter.create = classmethod(limited)\n"
        "from vesica.cli.app import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    out = tmp_path / "run"
    done = subprocess.run([sys.executable, "-c", script, "run", str(write(tmp_path)), "--out", str(out), "--no-report"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    kept = results.open(out)
    assert kept.outcome == "interrupted"
    assert not (out / "summary.json").exists()
    assert not list(out.rglob("*.partial"))
    subprocess.run(command("run", out.parent / "model.yaml", "--out", out, "--no-report", "--resume"), check=True,
                   capture_output=True)
    assert results.open(out).outcome == "completed"


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_ctrl_c_keeps_what_was_computed(tmp_path: Path, share: float) -> None:
    model, out = write(tmp_path), tmp_path / "run"
    begin = time.perf_counter()
    subprocess.run(command("check", model), check=True, capture_output=True)
    length = time.perf_counter() - begin
    process = subprocess.Popen(command("run", model, "--out", out, "--no-report"), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    while not out.exists() and process.poll() is None and time.perf_counter() - begin < 120:
        time.sleep(0.01)
    time.sleep(share * 0.2 * length)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode in (0, 130), said
    if process.returncode == 130 and "--resume" not in said:  # it was complete, and about to say so
        assert "Stopped by Ctrl-C" in said
    elif process.returncode == 130:
        subprocess.run(command("run", model, "--out", out, "--no-report", "--resume"), check=True, capture_output=True)
    assert results.open(out).outcome == "completed"


def test_ctrl_c_that_a_library_turns_into_an_error_of_its_own_is_still_ctrl_c(tmp_path: Path) -> None:
    """An extension module says ImportError when it is interrupted while it is loaded."""
    script = (
        "import os, signal, sys\n"
        "import vesica.engine.simulate as simulate\n"
        "def interrupted(*a, **k):\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    except KeyboardInterrupt:\n"
        "        raise ImportError('numpy._core.multiarray failed to import') from None\n"
        "simulate.run_arm = interrupted\n"
        "from vesica.cli.app import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    out = tmp_path / "run"
    done = subprocess.run([sys.executable, "-c", script, "run", str(write(tmp_path)), "--out", str(out), "--no-report"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 130, done.stderr
    assert "Go on with" in done.stderr
