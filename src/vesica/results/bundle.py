"""A folder of files that is whole or absent: what every laboratory command writes."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from vesica.errors import error

RECORD: Final = "summary.json"


def write_folder(folder: Path, files: Mapping[str, bytes], *, kind: str) -> None:
    """Write all files into a new folder, then move it into place.

    An older folder of the same kind (its ``summary.json`` says so) is replaced; anything else that
    stands there is never touched.

    Parameters
    ----------
    folder : path
    files : relative path with ``/`` -> content
        Must hold ``summary.json``.
    kind : str
        As in ``summary.json``.

    Raises
    ------
    InputError
        The place is taken by something else.
    """
    refuse_taken(folder, kind)
    folder.parent.mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(6)
    part, old = (folder.with_name(f".{folder.name}.{token}.{word}") for word in ("partial", "old"))
    try:
        for name, content in files.items():
            path = part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if folder.exists():
            folder.rename(old)
        try:
            part.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    finally:
        for leftover in (part, old):
            with contextlib.suppress(OSError):
                shutil.rmtree(leftover)


def refuse_taken(folder: Path, kind: str) -> None:
    """Raise `InputError` where ``folder`` holds something that is not an older result of this kind."""
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise error("--out", f"`{folder}` is a file", "`--out` names a folder to make",
                    "the file would be in the way", "give another name")
    if _kind_of(folder) == kind or not any(folder.iterdir()):
        return
    raise error("--out", f"`{folder}` holds something else", f"only an older result of the same kind (`{kind}`) is "
                "replaced", "files that are not ours would be lost", "give the name of a new folder")


def _kind_of(folder: Path) -> str | None:
    try:
        record = json.loads((folder / RECORD).read_bytes())
    except (OSError, ValueError):
        return None
    kind = record.get("kind") if isinstance(record, dict) and "vesica" in record else None
    return kind if isinstance(kind, str) else None
