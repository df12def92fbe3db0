"""Where numba keeps compiled kernels: a folder named by the hash of all package sources.

numba keys its cache on the function's own file, so that an edited callee gives stale
numbers; a folder per state of the sources cannot be stale. `configure` runs when the
package is imported, before anything imports numba. Standard library only.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PREFIX: Final = "kernels-"
KEEP_SECONDS: Final = 30 * 86400  # folders of other sources that no process touched for this long go


def _source_files(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda found: found.name):
            if entry.is_dir() and entry.name != "__pycache__":
                yield from _source_files(entry.path)
            elif entry.name.endswith(".py"):
                yield entry.path


def source_hash(package: Path) -> str:
    """Hash of the names and contents of all Python files below ``package``."""
    digest = hashlib.blake2b(digest_size=10)
    for path in _source_files(os.fspath(package)):
        text = Path(path).read_bytes()
        digest.update(f"{os.path.relpath(path, package)}\0{len(text)}\0".encode())
        digest.update(text)
    return digest.hexdigest()


def _base() -> Path:
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:  # the user's choice, or ours inherited from the parent process
        path = Path(chosen)
        return path.parent if path.name.startswith(PREFIX) else path
    home = os.environ.get("XDG_CACHE_HOME", "")
    # XDG: a relative path is to be ignored
    return (Path(home) if Path(home).is_absolute() else Path(os.path.expanduser("~")) / ".cache") / "vesica"  # noqa: PTH111


def _usable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def _private_temporary() -> Path:
    """A folder of this user alone: cached kernels are loaded, so nobody else may write them."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"vesica-{user}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == user and not found.st_mode & 0o077:
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="vesica-"))


def cache_dir() -> Path:
    """The folder for the present sources; made, with old siblings removed, where it is missing."""
    name = PREFIX + source_hash(Path(__file__).parent)
    base = _base()
    folder = base / name
    is_new = not folder.is_dir()
    if not _usable(folder):
        folder = _private_temporary() / name
        folder.mkdir(exist_ok=True)
    elif is_new:
        _remove_old(base)
    return folder


def _remove_old(base: Path) -> None:
    for sibling in base.glob(PREFIX + "*"):
        try:
            if time.time() - sibling.stat().st_mtime > KEEP_SECONDS:  # noqa: TID251
                shutil.rmtree(sibling, ignore_errors=True)
        except OSError:  # another process was faster
            continue


def configure() -> None:
    """Point numba to `cache_dir` and to the OpenMP threading layer."""
    folder = cache_dir()
    with contextlib.suppress(OSError):
        os.utime(folder)  # says to `_remove_old` that it is in use
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    os.environ.setdefault("NUMBA_THREADING_LAYER", "omp")
    if "numba" in sys.modules:  # imported before us: it has read the environment already
        settings = sys.modules["numba"].config
        settings.CACHE_DIR = str(folder)
        settings.THREADING_LAYER = os.environ["NUMBA_THREADING_LAYER"]
