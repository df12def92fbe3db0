"""Checkpoints: bit for bit, whole or refused."""

from __future__ import annotations

import math
import os
import signal
import struct
from pathlib import Path

import numpy as np
import pytest

from vesica.engine.tissue.checkpoint import Checkpoint, key_of
from vesica.errors import InputError, RunFault
from vesica.results import tissue_checkpoint
from vesica.results.tissue_checkpoint import load, path_of, save, stored

KEY = key_of("model: 1", "LPS")
STATE = {
    "time": 0.1 + 0.2, "steps": 12, "name": "µ", "nothing": None, "yes": True, "ends": [math.inf, -math.inf, 5e-324],
    "fields": {"TNF": np.random.default_rng(1).normal(size=(3, 4, 5)), "free:microglia^2": np.zeros((0, 3))},
    "cells": [{"state": np.arange(6, dtype=np.float32).reshape(2, 3).T, "alive": np.array([True, False])}],
    "count": np.int64(2**53 + 1), "stream": np.array([2**64 - 1], dtype=np.uint64), "scalar": np.array(3.5),
}


class Streamed:
    """Stands for the writer."""

    def __init__(self) -> None:
        self.stored = {"cells": 3, "fields": 1}
        self.flushed = 0

    def flush(self) -> None:
        self.flushed += 1


def same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return isinstance(b, float) and struct.pack("d", a) == struct.pack("d", b)
    return a == b


def test_the_helper_notices_a_bit() -> None:
    assert not same(np.array([0.0]), np.array([-0.0]))
    assert not same({"a": 0.1 + 0.2}, {"a": 0.3})


def test_everything_comes_back_bit_for_bit(tmp_path: Path) -> None:
    path = path_of(tmp_path, "LPS")
    save(path, STATE, KEY, {"cells": 3, "fields": 1})
    found, counted = load(path, KEY)
    assert same({**STATE, "count": 2**53 + 1}, found)
    assert counted == stored(path) == {"cells": 3, "fields": 1}
    found["fields"]["TNF"][0] = 1.0  # arrays can be gone on with
    assert sorted(one.name for one in path.parent.iterdir()) == ["LPS.checkpoint"]


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.6, 0.9, 0.999])
@pytest.mark.parametrize("harm", ["flipped", "cut"])
def test_any_damage_is_refused_and_nothing_is_lost(tmp_path: Path, share: float, harm: str) -> None:
    path = path_of(tmp_path, "LPS")
    save(path, STATE, KEY)
    content = path.read_bytes()
    at = int(share * len(content))
    harmed = content[:at] + (bytes([content[at] ^ 1]) + content[at + 1:]) * (harm == "flipped")
    path.write_bytes(harmed)
    with pytest.raises(InputError) as failure:
        load(path, KEY)
    finding = failure.value.findings[0]
    assert str(path) in finding.path
    assert all((finding.wrote, finding.rule, finding.consequence, finding.fix))
    assert path.read_bytes() == harmed


@pytest.mark.parametrize(("other", "said"), [
    (key_of("model: 2", "LPS"), "`model` was"), (key_of("model: 1", "control"), "`arm` was LPS, and is control now"),
    (KEY | {"versions": KEY["versions"] | {"vesica": "99"}}, "versions: `vesica` was"),
])
def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path, other: dict[str, object], said: str) -> None:
    path = path_of(tmp_path, "LPS")
    save(path, STATE, KEY)
    with pytest.raises(InputError) as failure:
        load(path, other)
    assert said in str(failure.value)
    assert load(path, KEY)


def test_a_later_format_is_refused(tmp_path: Path) -> None:
    path = path_of(tmp_path, "LPS")
    save(path, STATE, KEY)
    path.write_bytes(path.read_bytes().replace(b"checkpoint 1\n", b"checkpoint 2\n"))
    with pytest.raises(InputError, match="checkpoint 2"):
        load(path, KEY)


@pytest.mark.parametrize("state", [{"f": print}, {1: 2}, {"$array": 1}, {"a": np.array([object()])}])
def test_what_has_no_plain_bytes_is_refused(tmp_path: Path, state: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        save(tmp_path / "x", state, KEY)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = path_of(tmp_path, "LPS")
    save(path, STATE, KEY)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(RunFault, match="No space left"):
            save(path, {"time": 1.0}, KEY)
    assert load(path, KEY)[0]["time"] == STATE["time"]
    assert len(list(path.parent.iterdir())) == 1


def test_one_is_due_after_the_interval_and_a_dear_one_later(tmp_path: Path) -> None:
    """A checkpoint that takes s seconds comes every 20 s seconds at the earliest: 5 % of the time."""
    kept = Checkpoint(tmp_path, "LPS", KEY, every=10.0)
    begin = kept._last
    assert not kept.due(begin + 9.9)
    assert kept.due(begin + 10.0)
    kept._took = 2.0
    assert not kept.due(begin + 39.9)
    assert kept.due(begin + 40.0)


def test_ctrl_c_waits_for_the_end_of_the_step_and_stores_it(tmp_path: Path) -> None:
    kept, writer = Checkpoint(tmp_path, "LPS", KEY, every=1e9), Streamed()
    before = signal.getsignal(signal.SIGINT)

    def run() -> None:
        with kept:
            os.kill(os.getpid(), signal.SIGINT)
            step = 7  # still runs
            kept.step_done(lambda: {"step": step}, writer)  # type: ignore[arg-type]
            pytest.fail("the stop was lost")

    with pytest.raises(KeyboardInterrupt):
        run()
    assert kept.load() == ({"step": 7}, writer.stored)
    assert writer.flushed == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    def run() -> None:
        with Checkpoint(tmp_path, "LPS", KEY, every=1e9):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            pytest.fail("the second one waited")

    with pytest.raises(KeyboardInterrupt):
        run()
    assert not list(tmp_path.iterdir())


def test_ctrl_c_behind_the_last_step_is_not_lost(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Checkpoint(tmp_path, "LPS", KEY, every=1e9):
        os.kill(os.getpid(), signal.SIGINT)


def test_without_a_checkpoint_there_is_nothing_to_load(tmp_path: Path) -> None:
    assert Checkpoint(tmp_path, "LPS", KEY, every=1.0).load() is None
    assert tissue_checkpoint.path_of(tmp_path, "a/b").parent == tmp_path / "tissue"
