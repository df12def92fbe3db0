"""The folder of compiled kernels is named by the sources, writable, and the user's own."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from vesica import _cache


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_the_name_follows_the_sources(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "kernel.py").write_text("x = 1\n")
    before = _cache.source_hash(tmp_path)
    (tmp_path / "notes.txt").write_text("not a source")
    assert _cache.source_hash(tmp_path) == before
    (tmp_path / "inner" / "kernel.py").write_text("x = 2\n")
    changed = _cache.source_hash(tmp_path)
    (tmp_path / "inner" / "kernel.py").rename(tmp_path / "inner" / "other.py")
    assert len({before, changed, _cache.source_hash(tmp_path)}) == 3


def test_the_users_cache_is_used(nowhere: Path) -> None:
    folder = _cache.cache_dir()
    assert folder.parent == nowhere / "cache" / "vesica"
    assert folder.is_dir()


def test_a_chosen_folder_is_used_and_inherited_without_nesting(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(nowhere / "mine"))
    folder = _cache.cache_dir()
    assert folder.parent == nowhere / "mine"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
    assert _cache.cache_dir() == folder


def test_an_unwritable_cache_falls_back_to_a_private_folder(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (nowhere / "cache").write_text("a file is in the way")
    monkeypatch.setattr(_cache.tempfile, "tempdir", str(nowhere))
    folder = _cache.cache_dir()
    assert folder.parent.parent == nowhere
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_a_temporary_folder_others_can_write_is_not_trusted(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (nowhere / "cache").write_text("a file is in the way")
    monkeypatch.setattr(_cache.tempfile, "tempdir", str(nowhere))
    open_to_all = nowhere / f"vesica-{os.getuid()}"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    assert _cache.cache_dir().parent != open_to_all


def test_old_folders_go_and_used_ones_stay(nowhere: Path) -> None:
    base = nowhere / "cache" / "vesica"
    old = 2 * _cache.KEEP_SECONDS
    for name, age in (("kernels-old", old), ("kernels-used", 60), ("other", old)):
        (base / name).mkdir(parents=True)
        then = (base / name).stat().st_mtime - age
        os.utime(base / name, (then, then))
    own = _cache.cache_dir().name
    assert {path.name for path in base.iterdir()} == {own, "kernels-used", "other"}


def test_numba_gets_the_folder_also_when_it_was_imported_first(nowhere: Path) -> None:
    code = ("import numba, vesica, os; print(numba.config.CACHE_DIR == os.environ['NUMBA_CACHE_DIR'] != '', "
            "numba.config.THREADING_LAYER)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "omp"]
    shutil.rmtree(nowhere / "cache")
