"""Names of fields in words."""

from __future__ import annotations

from typing import Final

from vesica.spec.vocabulary import EXOSOME, kind_of, label_of

FREE: Final = "free:"  # before a class of vesicles


def field_label(name: str) -> str:
    """``vesicles of microglia`` for ``free:microglia``, ``miR-146a on vesicles of microglia`` for its cargo."""
    if not name.startswith(FREE):
        return name
    origin, _, cargo = name.removeprefix(FREE).partition("/")
    vesicles = f"vesicles of {origin}" if kind_of(origin) == EXOSOME else label_of(origin)
    if cargo.lower().startswith(("mir_", "let_")):
        cargo = cargo.replace("_", "-")
    return f"{cargo} on {vesicles}" if cargo else vesicles
