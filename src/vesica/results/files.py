"""Files that are whole or absent, and JSON that every reader accepts."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from vesica.errors import error


def plain(value: object, where: str = "") -> object:  # noqa: PLR0911 - one return for each type
    """Turn NumPy into numbers and lists, and numbers that are not finite into null.

    Raises
    ------
    TypeError
        Something JSON cannot hold, with its place.
    """
    if value is None or type(value) in {bool, int, str}:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        wrong = next((key for key in value if not isinstance(key, str)), None)
        if wrong is not None:
            msg = f"the key {wrong!r} of `{where or 'the top'}` is not text"
            raise TypeError(msg)
        return {str(key): plain(item, f"{where}.{key}" if where else str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(item, f"{where}[{index}]") for index, item in enumerate(items)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain({entry.name: getattr(value, entry.name) for entry in dataclasses.fields(value)}, where)
    if isinstance(value, str | Path):
        return str(value)
    to_list = getattr(value, "tolist", None)  # NumPy arrays and scalars
    if callable(to_list):
        return plain(to_list(), where)
    if isinstance(value, int):  # an enumeration
        return int(value)
    msg = f"`{where or 'the value'}` is a {type(value).__name__}, which JSON cannot hold"
    raise TypeError(msg)


def encode(value: Mapping[str, object], *, indent: int | None = 1) -> bytes:
    """Strict JSON in UTF-8. Without ``indent``: one line for each key at the top."""
    tidy = plain(value)
    if indent is None and isinstance(tidy, dict):
        lines = (f"{json.dumps(key)}: {json.dumps(item, allow_nan=False, ensure_ascii=False)}"
                 for key, item in tidy.items())
        text = "{\n" + ",\n".join(lines) + "\n}"
    else:
        text = json.dumps(tidy, allow_nan=False, ensure_ascii=False, indent=indent)
    # A file name that is not UTF-8 arrives as lone surrogates; escaped, they are valid JSON.
    return (text + "\n").encode("utf-8", "backslashreplace")


def _no_constant(name: str) -> NoReturn:
    msg = f"{name} is not JSON"
    raise ValueError(msg)


def read_bytes(path: Path) -> bytes:
    """Read one piece of a run folder; `InputError` that names it when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as failure:
        raise error(str(path), f"`{path.name}` cannot be read: {failure.strerror}",
                    "a run folder holds the pieces listed in docs/format.md",
                    "this part of the run cannot be shown",
                    "restore the file from a copy, or run the model again into a new folder") from failure


def read_text(path: Path) -> str:
    """Read a text of the run folder, exactly as it was written."""
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as failure:
        raise error(str(path), f"`{path.name}` is not UTF-8 text at byte {failure.start}",
                    "texts of a run folder are UTF-8", "it is not what was written",
                    "restore the file from a copy, or run the model again into a new folder") from None


def read_json(path: Path) -> dict[str, object]:
    """One JSON object; `InputError` with path and line when it is damaged."""
    line = None
    try:
        value = json.loads(read_text(path), parse_constant=_no_constant)
    except (ValueError, RecursionError) as failure:
        line = getattr(failure, "lineno", None)
        problem = f"`{path.name}` is damaged: {failure}"
    else:
        if isinstance(value, dict):
            return value
        problem = f"`{path.name}` holds a {type(value).__name__}"
    raise error(str(path), problem, "this file is one strict JSON object",
                "what it says about the run cannot be trusted",
                "restore the file from a copy, or run the model again into a new folder", line=line)


def sync(path: Path) -> None:
    """Wait until a file, or the list of names of a folder, is on the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open folders
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file atomically: a reader sees the old content or the new, after a crash too."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.partial")
    try:
        with part.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # the new content is in place; a caller must not take it for absent
        sync(path.parent)


def write_json(path: Path, value: Mapping[str, object], *, indent: int | None = 1) -> None:
    """Replace a JSON file atomically; numbers that are not finite become null."""
    write_bytes(path, encode(value, indent=indent))


def leftovers(folder: Path) -> Iterator[Path]:
    """Temporary files that a killed writer left in this folder (not in folders below)."""
    yield from (path for path in folder.glob(".*.partial") if path.is_file())
