"""What delivered cargo turns into: where it goes in the cell, Ago that miRNAs share, mRNA that is translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vesica.engine.naming import Content, Names, ago_token
from vesica.engine.table import Pool
from vesica.spec.cells import CellType


@dataclass(frozen=True)
class Way:
    """One way that delivered cargo goes.

    Parameters
    ----------
    end : str
        Of the name of its flux.
    share : tuple of str
        Value name of the share that goes this way; empty where all of it does.
    moves : mapping of pool to count
    opens : tuple of str
        Tokens that it brings in or takes out.
    """

    end: str = ""
    share: tuple[str, ...] = ()
    moves: Mapping[str, int] = field(default_factory=dict)
    opens: tuple[str, ...] = ()


def ways_from_endosome(names: Names, cell: CellType, content: Content) -> tuple[Way, ...]:
    """Escape: a receptor stays in the endosome's membrane, everything else comes into the cytosol."""
    if _is_kept(names, cell, content) and names.kind(str(content.cargo)) == "receptor":
        return (Way(moves={f"{cell.name}.{content.cargo}_arriving": 1}),)
    return _into_the_cell(names, cell, content)


def ways_from_surface(names: Names, cell: CellType, content: Content) -> tuple[Way, ...]:
    """Fusion with the cell membrane: a share of the receptors works, the others are lost."""
    c = cell.name
    if _is_kept(names, cell, content) and names.kind(str(content.cargo)) == "receptor":
        lost = names.table.derive(f"{c}.receptor_loss_share")
        return (Way("", (f"{c}.receptor_insertion_share",), {f"{c}.{content.cargo}": 1}),
                Way(".lost", (lost,), {}, (f"{content.cargo} of {c}",)))
    return _into_the_cell(names, cell, content)


def _is_kept(names: Names, cell: CellType, content: Content) -> bool:
    """Whether the cell has a pool that delivered cargo comes into."""
    return content.cargo is not None and names.holds(cell, content.cargo) and names.kind(content.cargo) != "ligand"


def _into_the_cell(names: Names, cell: CellType, content: Content) -> tuple[Way, ...]:
    if not _is_kept(names, cell, content):
        return (Way(),)
    c, own = cell.name, f"{cell.name}.{content.cargo}"
    if not names.uses_ago(cell, str(content.cargo)):
        return (Way(moves={own: 1}),)
    bare = names.table.derive(f"{c}.bare_arrival_share")
    return (Way("", (f"{c}.loaded_arrival_share",), {own: 1}, (ago_token(c),)),  # it brings its Ago
            Way(".unloaded", (bare,), {names.entry(cell, str(content.cargo)): 1}))


def bind_ago(names: Names, cell: CellType, needs: frozenset[str]) -> None:
    """Ago and the duplexes that wait for it: own and received miRNA alike act once they are loaded.

    ``CELL.MIRNA`` is miRNA in Ago that holds no target. What a cell loses of it (decay, vesicles) leaves its Ago.
    """
    c, add, flux = cell.name, names.table.pool, names.table.flux
    token, ago = ago_token(c), f"{c}.ago"
    add(Pool(ago, c, "molecule", "free Ago", needs, rest=names.table.derive(f"{c}.ago_at_first")), **{token: 1})
    for mirna in (cargo for cargo in cell.cargo if names.uses_ago(cell, cargo)):
        own, duplex = f"{c}.{mirna}", names.entry(cell, mirna)
        names.table.weigh(token, own, 1)
        add(Pool(duplex, c, "molecule", f"{mirna} not in Ago", needs), **{f"{mirna} of {c}": 1})
        meeting = names.table.assign(f"{duplex}_meeting", "mass_action", f"{c}.ago_loading_rate", duplex,
                                     names.living(c, ago))
        flux(f"ago_loading/{own}", c, (meeting,), {duplex: -1, ago: -1, own: 1}, needs)
        flux(f"duplex_decay/{own}", c, (f"{c}.duplex_decay_rate", duplex), {duplex: -1}, needs, (f"{mirna} of {c}",))


def synthesis(names: Names, cell: CellType, cargo: str) -> str:
    """Value name of the production that keeps a resting cell at the basal copies of its own cargo."""
    prefix = f"{cell.name}.{cargo}"
    level, decay = f"{prefix}.basal", f"{prefix}.decay_rate"
    if names.uses_ago(cell, cargo):
        c = cell.name
        return names.table.assign(f"{prefix}_synthesis", "duplex_synthesis", level, decay, f"{c}.ago_loading_rate",
                                  names.table.derive(f"{c}.ago_at_rest"), f"{c}.duplex_decay_rate")
    return names.table.assign(f"{prefix}_synthesis", "synthesis", level, decay)


def bind_translation(names: Names, c: str, mrna: str, protein: str, needs: frozenset[str]) -> None:
    """Each copy of an mRNA, own or received, makes protein beside what the cell makes of it anyway."""
    rate = names.rate(c, f"{mrna}_translation", f"{c}.{mrna}.translation_rate")
    names.table.flux(f"translation/{c}.{mrna}", c, (rate, f"{c}.{mrna}"), {f"{c}.{protein}": 1}, needs,
                     (f"{protein} of {c}",))
