"""How much memory this process may have: of the machine, and of the groups of processes that it is in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

# Files of a group, version 2 and 1: limit, use, details.
UNIFIED: Final = ("memory.max", "memory.current", "memory.stat")
SINGLE: Final = ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat")
UNLIMITED: Final = 2.0**60  # what has no limit says ``max``, or nearly 2^63
Bound = tuple[float, float]  # bytes that may be used, bytes in use


def memory_limit() -> float | None:
    """Bytes that this process may have at most; None where the system does not say."""
    return min((limit for limit, _ in bounds()), default=None)


def memory_free() -> float | None:
    """Bytes that are free for it now; None where the system does not say."""
    return min((limit - used for limit, used in bounds()), default=None)


def bounds(proc: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")) -> Iterator[Bound]:
    """(limit, used) in bytes of everything that bounds the memory of this process."""
    machine = _meminfo(proc / "meminfo")
    if "MemTotal" in machine:
        yield machine["MemTotal"], machine["MemTotal"] - machine.get("MemAvailable", machine["MemTotal"])
    elif hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:  # no Linux
        yield float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")), 0.0
    for folder, names in _groups(proc / "self" / "cgroup", groups):
        limit, used = _number(folder / names[0]), _number(folder / names[1])
        if limit is not None and limit < UNLIMITED:
            yield limit, max(0.0, (used or 0.0) - _given_up(folder / names[2]))


def _groups(own: Path, mounted: Path) -> Iterator[tuple[Path, tuple[str, str, str]]]:
    """Folders of the groups this process is in, each with those above; in a container the top alone may be there."""
    try:
        lines = [line.split(":", 2) for line in own.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return
    for line in lines:
        if len(line) != 3 or not (line[1] == "" or "memory" in line[1].split(",")):
            continue
        top, names = (mounted, UNIFIED) if line[1] == "" else (mounted / "memory", SINGLE)
        path = PurePosixPath(line[2].strip().lstrip("/"))
        for below in (path, *path.parents):
            yield top / below, names


def _meminfo(path: Path) -> Mapping[str, float]:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        return {name: 1024.0 * float(value.split()[0]) for name, _, value in (line.partition(":") for line in lines)}
    except (OSError, ValueError, IndexError):
        return {}


def _number(path: Path) -> float | None:
    try:
        return float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # ``max``, too
        return None


def _given_up(path: Path) -> float:
    """Bytes of files that the system gives up when memory is needed."""
    try:
        rows = dict(line.split(maxsplit=1) for line in path.read_text(encoding="ascii").splitlines())
        return float(rows.get("total_inactive_file", rows.get("inactive_file", 0.0)))
    except (OSError, ValueError):
        return 0.0
