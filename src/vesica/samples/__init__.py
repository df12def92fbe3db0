"""Small data files of our own making, in the formats of the instruments, for examples and tests.

All are synthetic, say so in the file where the format has room, and are made by
`scripts/make_samples.py` from a fixed seed. Nothing in them was measured.
"""

from __future__ import annotations

from pathlib import Path

from vesica.errors import error, nearest

_FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """Names of all samples."""
    return tuple(sorted(file.name for file in _FOLDER.iterdir() if file.suffix in (".csv", ".tsv", ".txt")))


def path(name: str) -> Path:
    """Where a sample lies, for a reader or ``source:`` of a model.

    Raises
    ------
    InputError
        No such sample; the nearest name is suggested.
    """
    if name not in names():
        raise error(
            name,
            f"there is no sample `{name}`",
            "samples are files of the package",
            "there is nothing to read",
            nearest(name, names()),
        )
    return _FOLDER / name
