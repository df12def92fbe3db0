"""Words on what received cargo does: mRNA that is translated, ligands that engage receptors, Ago; what bursts free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from vesica.errors import nearest
from vesica.library import CellEntry, Library
from vesica.spec.cell_words import CellSpec
from vesica.spec.cells import CellType
from vesica.spec.model import ModelSpec
from vesica.spec.quantities import Given, Notes
from vesica.spec.resolved import Cargo
from vesica.spec.vocabulary import CELL_AGO, CELL_LIGAND, CELL_TRANSLATION, Field

Said = Sequence[tuple[str, CellSpec]]
# key of a cell's words, what its item names, the number it gives, and the name of that number as a parameter
_WORDS: Final = (("translations", "protein", "rate", "translation_rate"),
                 ("ligands", "receptor", "half_occupancy", "half_occupancy"))
_PROTEINS: Final = ("protein", "receptor", "ligand")


def of_cell(cell: CellType, base: CellEntry, said: Said, cargo: Mapping[str, Cargo], notes: Notes) -> CellType:
    """The cell type with what it translates and what engages its receptors.

    What the library says counts where the cell holds all that it names.

    Parameters
    ----------
    said : (place, words) of the base and of arms
    cargo : mapping of name to cargo of library and model
    """
    held = set(cell.cargo)
    translations = {mrna: item["protein"] for mrna, item in base.translations.items()
                    if {mrna, item["protein"]} <= held}  # fmt: skip
    ligands = {ligand: item["receptor"] for ligand, item in base.ligands.items() if item["receptor"] in held}
    for place, words in said:
        for mrna, translation in words.translations.items():
            here = f"{place}.translations.{mrna}"
            if (_is_held(mrna, ("mrna",), cell, cargo, here, notes)
                    and _is_held(translation.protein, _PROTEINS, cell, cargo, f"{here}.protein", notes)):
                _set(translations, mrna, translation.protein, here, notes)
        for name, ligand in words.ligands.items():
            here = f"{place}.ligands.{name}"
            if (_is_on_the_surface(name, cargo, here, notes)
                    and _is_held(ligand.receptor, ("receptor", "protein"), cell, cargo, f"{here}.receptor", notes)):
                _set(ligands, name, ligand.receptor, here, notes)
    if cell.has_ago and not any(cargo[name].kind == "mirna" for name in cell.cargo if name in cargo):
        notes.add("warning", said[0][0], f"`ago: true`, and the {cell.label} holds no miRNA",
                  "Ago is there to be loaded with miRNA", "it does nothing",
                  "delete it, or name a miRNA under `cargo:`")
    return replace(cell, translations=tuple(sorted(translations.items())), ligands=tuple(sorted(ligands.items())))


def _is_held(name: str, kinds: Sequence[str], cell: CellType, cargo: Mapping[str, Cargo], place: str, notes: Notes
             ) -> bool:
    if name not in cargo:
        notes.unknown(place, "cargo", name, cargo, "nothing would be made of it (define it under `cargo:`)")
        return False
    if cargo[name].kind not in kinds:
        notes.add("error", place, f"`{name}` is of the kind `{cargo[name].kind}`",
                  f"here stands a cargo of the kind {' or '.join(f'`{kind}`' for kind in kinds)}",
                  "it would do what no such molecule does",
                  nearest(name, [other.name for other in cargo.values() if other.kind in kinds]))
        return False
    if name not in cell.cargo:
        notes.add("error", place, f"the {cell.label} does not hold `{name}`",
                  "what is translated, what is made of it, and a receptor are cargo of the cell",
                  "it would have nowhere to go, and nothing to act with",
                  f"add `cargo: {{{name}: {{basal: 0, decay_rate: ..., enrichment: ...}}}}` to the cell")
        return False
    return True


def _is_on_the_surface(name: str, cargo: Mapping[str, Cargo], place: str, notes: Notes) -> bool:
    if name not in cargo:
        notes.unknown(place, "cargo", name, cargo, "no vesicle would carry it (define it under `cargo:`)")
        return False
    if cargo[name].topology != "membrane":
        notes.add("error", place, f"`{name}` lies in the lumen of vesicles",
                  "a ligand of a bound vesicle stands on its membrane", "it cannot touch a receptor",
                  "name a cargo with `topology: membrane`")
        return False
    return True


def _set(known: dict[str, str], name: str, other: str, place: str, notes: Notes) -> None:
    if known.get(name, other) != other:
        notes.add("error", place, f"`{name}` goes with `{other}` here and with `{known[name]}` elsewhere",
                  "a cell type is one thing in all arms", "one of the two would be ignored", "say the same in both")
    known[name] = other


def expected(cell: CellType) -> dict[str, Field]:
    """Parameters of a cell type for what received cargo does, by path."""
    paths = {f"{cell.name}.{name}": field for name, field in CELL_AGO.items()} if cell.has_ago else {}
    for owners, fields in ((cell.translations, CELL_TRANSLATION), (cell.ligands, CELL_LIGAND)):
        paths |= {f"{cell.name}.{owner}.{name}": field for owner, _ in owners for name, field in fields.items()}
    return paths


def library_numbers(cell: CellType, base: CellEntry, place: str) -> dict[str, Given]:
    """The numbers of these that a cell type has from the library, by path without the cell."""
    return {f"{owner}.{name}": Given(item[number], place)
            for key, _, number, name in _WORDS for owner, item in getattr(base, key).items()
            if owner in dict(getattr(cell, key))}  # fmt: skip


def written_numbers(cell: CellSpec, name: str, place: str) -> dict[str, Given]:
    """The numbers of these that the user gives in one ``cells:`` block, by path."""
    return {f"{name}.{owner}.{number}": Given(getattr(item, key), f"{place}.{word}.{owner}.{key}")
            for word, _, key, number in _WORDS for owner, item in getattr(cell, word).items()}  # fmt: skip


def freed(cells: Iterable[CellType], spec: ModelSpec, library: Library, prepared: Iterable[str] = ()) -> set[str]:
    """Solubles that cargo of these cell types, or of preparations, becomes when a vesicle bursts in the medium."""
    held = {name for cell in cells for name in cell.cargo} | set(prepared)
    known = {name: item.frees for name, item in library.cargo.items()}
    known |= {name: item.frees or "" for name, item in spec.cargo.items()}
    return {known[name] for name in held if known.get(name)}


def check_freed(spec: ModelSpec, solubles: Iterable[str], notes: Notes) -> None:
    """Refuse cargo that would become a soluble which nobody knows."""
    known = set(solubles)
    for name, item in spec.cargo.items():
        if item.frees and item.frees not in known:
            notes.unknown(f"cargo.{name}.frees", "soluble", item.frees, known,
                          "what bursts free would be nothing (define it under `solubles:`)")
