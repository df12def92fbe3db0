"""Vesicles that are free at once: microvesicles shed from the cell membrane."""

from __future__ import annotations

from vesica.engine.naming import Names
from vesica.engine.table import Pool
from vesica.spec.cells import CellType
from vesica.spec.vocabulary import MICROVESICLE, label_of, origin_of, sender_of


def bind_shedding(names: Names, cell: CellType) -> None:
    """Microvesicles with what they take of the cell's own cargo; no MVB, no tether."""
    c, origin = cell.name, origin_of(cell.name, MICROVESICLE)
    made_pools(names, cell, origin)
    needs = frozenset({f"cell:{c}"})
    shedding = names.table.assign(f"{c}.shedding", "microvesicle_shedding", names.rate(c, "shedding_rate"),
                                  names.rate(c, "asmase_activity"))
    names.table.flux(f"shedding/{c}", c, (shedding, *names.alive(c)), leaving(origin, None), needs)
    for cargo in cell.cargo:
        loading = names.loading(origin, cargo, f"{c}.{cargo}.microvesicle_enrichment")
        names.table.flux(f"shedding_load/{c}/{cargo}", c, (shedding, loading, f"{c}.{cargo}"),
                         {f"{c}.{cargo}": -1} | names.freed(cell, cargo) | leaving(origin, cargo), needs)


def made_pools(names: Names, cell: CellType, origin: str) -> None:
    """Counters of a class that leaves its cell as it is made."""
    c, needs = cell.name, frozenset({f"cell:{cell.name}"})
    left = Pool(f"{c}.released:{origin}", c, "vesicle", f"{label_of(origin)} that left the cell so far", needs,
                counter=True)
    names.table.pool(left)
    for content in names.made(origin):
        made = Pool(f"{c}.made:{origin}{content.suffix}", c, content.unit,
                    f"{content.label} of {label_of(origin)} made so far", needs, counter=True)
        names.table.pool(made, **{content.token: -1})
        if content.cargo is not None:
            names.table.weigh(f"{content.cargo} of {c}", made.name, 1)


def leaving(origin: str, cargo: str | None) -> dict[str, int]:
    """Moves of what leaves a cell as it is made: one vesicle, or one copy of a cargo."""
    suffix = "" if cargo is None else f"/{cargo}"
    moves = {f"{sender_of(origin)}.made:{origin}{suffix}": 1, f"medium.free:{origin}{suffix}": 1}
    return moves | ({f"{sender_of(origin)}.released:{origin}": 1} if cargo is None else {})
