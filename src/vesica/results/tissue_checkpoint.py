"""One file with everything a run needs to go on: arrays and strict JSON, a checksum at the end, no pickles.

``vesica checkpoint 1``, a line of JSON (key, times that count, the tree with its arrays by number, their types and
shapes), the bytes of the arrays, and the SHA-256 of all that. The file is replaced whole, so a kill at any moment
leaves the checkpoint before or this one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from vesica.errors import Finding, InputError, Interrupted, error
from vesica.results import files
from vesica.results.tissue_layout import safe_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDER: Final = "tissue"
MAGIC: Final = b"vesica checkpoint 1\n"
DIGEST: Final = 32  # bytes
PIECE: Final = 1 << 24  # bytes that are read, written and summed up at once
ARRAY, FLOAT = "$array", "$float"  # keys of a tree that stand for an array, and for a float that JSON has not


def path_of(folder: Path, arm: str) -> Path:
    """Where the checkpoint of an arm lies in a run folder."""
    return folder / FOLDER / f"{safe_name(arm)}.checkpoint"


def save(path: Path, state: Mapping[str, Any], key: Mapping[str, object],
         stored: Mapping[str, int] | None = None) -> None:
    """Replace a checkpoint atomically.

    Parameters
    ----------
    state : mapping
        Arrays, numbers, text, None, lists, and mappings of these; read back bit for bit (a tuple as a list).
    key : mapping of strict JSON
        What must be the same when it is read: model, versions, arm.
    stored : mapping of name to whole number
        Times that count of what was streamed (`TissueWriter.stored`), on the disk already.

    Raises
    ------
    Interrupted
        The disk is full or failed; the checkpoint before is kept.
    TypeError
        Something that can not be stored, with its place.
    """
    arrays: list[NDArray[np.generic]] = []
    tree = _packed(state, arrays, "")
    header = {"key": files.plain(key), "stored": dict(stored or {}), "tree": tree,
              "arrays": [[one.dtype.str, list(one.shape)] for one in arrays]}
    line = json.dumps(header, allow_nan=False, separators=(",", ":")).encode() + b"\n"
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as stream:
            digest = hashlib.sha256()
            for piece in (MAGIC, line):
                _put(stream, digest, memoryview(piece))
            for one in arrays:
                if one.size:
                    _put(stream, digest, _bytes(one))
            stream.write(digest.digest())
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as failure:
        raise Interrupted(disk_finding(path, "the checkpoint could not be stored", failure)) from failure
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        files.sync(path.parent)


def load(path: Path, key: Mapping[str, object]) -> tuple[dict[str, Any], dict[str, int]]:
    """State and times that count, bit for bit as saved.

    Raises
    ------
    InputError
        Damaged, cut short, of a newer vesica, or its key differs: of another model, arm or version. Nothing is lost.
    """
    import numpy as np

    header, begin = _header(path)
    found, wanted = header["key"], json.loads(json.dumps(files.plain(key)))
    if found != wanted:
        raise error(str(path), f"the checkpoint is of another run: {_difference(found, wanted)}",
                    "a run goes on only from a checkpoint of the same model and versions",
                    "it would go on from the state of something else",
                    "undo the change, or run into a new folder; to begin this arm anew, delete the checkpoint")
    arrays: list[NDArray[Any]] = []
    with path.open("rb") as stream:
        digest = hashlib.sha256()
        digest.update(stream.read(begin))
        for dtype, shape in header["arrays"]:
            one: NDArray[Any] = np.empty(shape, dtype=dtype)
            if one.size:
                view = _bytes(one)
                if stream.readinto(view) != view.nbytes:
                    raise _damaged(path, "ends too early")
                _sum(digest, view)
            arrays.append(one)
        if stream.read() != digest.digest():
            raise _damaged(path, "does not have the checksum it was written with")
    return _unpacked(header["tree"], arrays), dict(header["stored"])


def stored(path: Path) -> dict[str, int]:
    """Times that count, from the first lines alone.

    Raises
    ------
    InputError
        Not a checkpoint, cut short, or of a newer vesica.
    """
    return dict(_header(path)[0]["stored"])


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """The line of JSON, and where the bytes of the arrays begin."""
    import numpy as np

    try:
        with path.open("rb") as stream:
            magic, line = stream.readline(64), stream.readline()
        size = path.stat().st_size
    except OSError as failure:
        raise _damaged(path, f"cannot be read: {failure.strerror}") from failure
    if magic.startswith(b"vesica checkpoint ") and magic != MAGIC:
        raise error(str(path), f"the checkpoint begins with `{magic.decode(errors='replace').strip()}`",
                    f"this vesica reads `{MAGIC.decode().strip()}`", "it could be taken for something else",
                    "go on with the vesica that wrote it")
    try:
        header = json.loads(line)
        types = [np.dtype(dtype) for dtype, _ in header["arrays"]]
        length = sum(one.itemsize * math.prod(shape) for one, (_, shape) in zip(types, header["arrays"], strict=True))
        whole = (all(isinstance(header[name], dict) for name in ("key", "stored", "tree"))
                 and not any(one.hasobject for one in types))
    except (ValueError, KeyError, TypeError) as failure:
        raise _damaged(path, "is not a checkpoint") from failure
    begin = len(magic) + len(line)
    if magic != MAGIC or not whole or size != begin + length + DIGEST:
        raise _damaged(path, "is not whole")
    return header, begin


def _packed(value: Any, arrays: list[NDArray[Any]], where: str) -> Any:
    """The tree for JSON; arrays go to the list."""
    import numpy as np

    if isinstance(value, np.ndarray):
        if value.dtype.hasobject or value.dtype.fields is not None:
            msg = f"`{where}` is an array of {value.dtype}, which has no plain bytes"
            raise TypeError(msg)
        arrays.append(np.ascontiguousarray(value).reshape(value.shape))
        return {ARRAY: len(arrays) - 1}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {FLOAT: repr(value)}
    if isinstance(value, Mapping):
        wrong = next((key for key in value if not isinstance(key, str) or key in {ARRAY, FLOAT}), None)
        if wrong is not None:
            msg = f"the key {wrong!r} of `{where or 'the top'}` cannot be stored"
            raise TypeError(msg)
        return {key: _packed(item, arrays, f"{where}.{key}" if where else key) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_packed(item, arrays, f"{where}[{k}]") for k, item in enumerate(value)]
    msg = f"`{where or 'the top'}` is a {type(value).__name__}, which cannot be stored"
    raise TypeError(msg)


def _unpacked(tree: Any, arrays: list[NDArray[Any]]) -> Any:
    if isinstance(tree, list):
        return [_unpacked(item, arrays) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if ARRAY in tree:
        return arrays[tree[ARRAY]]
    if FLOAT in tree:
        return float(tree[FLOAT])
    return {key: _unpacked(item, arrays) for key, item in tree.items()}


def _bytes(array: NDArray[Any]) -> memoryview:
    return memoryview(array.reshape(-1).view("u1"))  # type: ignore[arg-type]


def _put(stream: BinaryIO, digest: Any, content: memoryview) -> None:
    for at in range(0, content.nbytes, PIECE):
        stream.write(content[at : at + PIECE])
    _sum(digest, content)


def _sum(digest: Any, content: memoryview) -> None:
    for at in range(0, content.nbytes, PIECE):
        digest.update(content[at : at + PIECE])


def _difference(found: Any, wanted: Any) -> str:
    """The first thing in which two keys differ."""
    if not (isinstance(found, dict) and isinstance(wanted, dict)):
        return f"{found} then, {wanted} now"
    name = next(name for name in sorted({*found, *wanted}) if found.get(name) != wanted.get(name))
    if isinstance(found.get(name), dict):
        return f"{name}: {_difference(found[name], wanted.get(name))}"
    return f"`{name}` was {_short(found.get(name))}, and is {_short(wanted.get(name))} now"


def _short(value: object) -> str:
    text = "absent" if value is None else str(value)
    return text if len(text) <= 24 else f"{text[:12]}..."


def _damaged(path: Path, problem: str) -> InputError:
    return error(str(path), f"`{path.name}` {problem}", "a checkpoint is replaced whole, and ends with its checksum",
                 "the arm cannot go on from it; rows that are complete are kept",
                 "restore the file from a copy, or delete it: the arm then begins anew")


def disk_finding(path: Path, what: str, failure: OSError) -> Finding:
    """A disk that refuses, in four parts."""
    return Finding("error", str(path), f"{what}: {failure.strerror or failure}",
                   "a run in space writes as it goes", "the run stopped; it is kept up to its last checkpoint",
                   "make room on the disk, then resume the run in the same folder")
