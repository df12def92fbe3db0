"""`run.json`: how a run was made, how it went, and which rows are whole."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, get_args

from vesica.errors import InputError, error
from vesica.results import files, format1, provenance

Outcome = Literal["completed", "interrupted", "diverged"]
OUTCOMES: Final = get_args(Outcome)
FILE: Final = "run.json"
KEYS: Final = ("format", "vesica", "command", "arguments", "seed", "versions", "started", "outcome",
               "message", "wall_seconds", "peak_memory_mb", "rows")
READABLE: Final = (format1.FORMAT,)
KEPT: Final = ("format", "outcome", "message", "wall_seconds", "peak_memory_mb", "rows")


def new(meta: Mapping[str, object]) -> dict[str, object]:
    """Begin the record of a run that has not committed anything.

    Raises
    ------
    ValueError, TypeError
        ``meta`` holds a key that the writer keeps, or something JSON cannot hold.
    """
    taken = [key for key in KEPT if key in meta]
    if taken:
        msg = f"`meta` may not hold {', '.join(taken)}: the writer keeps them"
        raise ValueError(msg)
    record: dict[str, object] = {
        "format": format1.FORMAT, "vesica": provenance.version(), "command": "", "arguments": {},
        "seed": None, "versions": provenance.versions(), "started": "",
    }
    record |= meta
    record |= {"outcome": "running", "message": "", "wall_seconds": 0.0, "peak_memory_mb": 0.0, "rows": []}
    files.encode(record)
    return record


class Clock:
    """Wall time and memory of a run that may be resumed."""

    def __init__(self, record: Mapping[str, object]) -> None:
        self._begun = time.monotonic()
        self._before = float(record["wall_seconds"] or 0.0)  # type: ignore[arg-type]
        self._peak = float(record["peak_memory_mb"] or 0.0)  # type: ignore[arg-type]

    def stamp(self) -> dict[str, object]:
        """Give the two entries of the record, as of now."""
        return {"wall_seconds": round(self._before + time.monotonic() - self._begun, 3),
                "peak_memory_mb": round(max(self._peak, provenance.peak_memory_mb()), 1)}


def write(folder: Path, record: Mapping[str, object]) -> None:
    """Replace the record; from then on its rows are committed."""
    files.write_json(folder / FILE, record, indent=None)


def read(folder: Path) -> dict[str, object]:
    """Read the record of a run folder.

    Raises
    ------
    InputError
        There is no such folder, it is not a run, or a newer vesica wrote it.
    """
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise error(str(folder), f"`{folder}` {what}", "a run is a folder that `vesica run` made",
                    "there is nothing to read", _runs_near(folder.parent, folder))
    path = folder / FILE
    if not path.exists():
        raise error(str(folder), f"`{folder.name}` has no `{FILE}`", "every run folder holds one",
                    "this folder is not a run, so nothing in it can be shown", _runs_near(folder, folder))
    record = files.read_json(path)
    version = record.get("format")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _wrong(path, "format", f"`format` is {version!r}", "it is the whole number of the format")
    if version not in READABLE:
        raise error(f"{path}: format",
                    f"the folder has format {version}, written by vesica {record.get('vesica')}",
                    f"this vesica reads format {', '.join(map(str, READABLE))}",
                    "numbers could be taken for something else",
                    "update vesica: `pip install --upgrade vesica`")
    for key in KEYS:
        if key not in record:
            raise _wrong(path, key, f"`{key}` is missing",
                         f"`{FILE}` holds every key listed in docs/format.md")
    if record["outcome"] not in (*OUTCOMES, "running"):
        raise _wrong(path, "outcome", f"`outcome` is {record['outcome']!r}",
                     f"it is one of running, {', '.join(OUTCOMES)}")
    for index, row in enumerate(_rows(record, path)):
        if not isinstance(row, list) or len(row) != 2 or not all(type(at) is int for at in row):
            raise _wrong(path, f"rows[{index}]", f"`rows[{index}]` is {row!r}", "a row is [arm, replicate]")
    return record


def rows(record: Mapping[str, object]) -> tuple[tuple[int, int], ...]:
    """List the committed (arm, replicate) positions, in the order of commitment."""
    return tuple((int(arm), int(replicate)) for arm, replicate in record["rows"])  # type: ignore[attr-defined]


def _rows(record: Mapping[str, object], path: Path) -> list[object]:
    listed = record["rows"]
    if not isinstance(listed, list):
        raise _wrong(path, "rows", f"`rows` is {listed!r}", "it is a list of [arm, replicate]")
    return listed


def _wrong(path: Path, key: str, wrote: str, rule: str) -> InputError:
    return error(f"{path}: {key}", wrote, rule, "which rows are whole cannot be known",
                 "restore the file from a copy, or run the model again into a new folder")


def _runs_near(where: Path, asked: Path) -> str:
    """Suggest the run folders that lie in a folder."""
    found = sorted(path.parent for path in where.glob(f"*/{FILE}")
                   if path.parent != asked and not path.parent.name.startswith("."))  # hidden: half made
    if not found:
        return "give the folder named after `--out`"
    return "did you mean " + " or ".join(f"`{path}`" for path in found[:4]) + "?"
