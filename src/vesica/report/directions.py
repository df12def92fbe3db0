"""The published directions: shares of draws by structure at one look, and the particulars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vesica.report.blocks import Cell, Column, Items, Section, Table
from vesica.report.material import Material, entries, get, rows
from vesica.report.numbers import is_number, number, percent
from vesica.report.verdicts import (
    EXPECTED,
    chance_level,
    chosen_structure,
    input_name,
    sentence,
    shares,
    structure_says,
    structures,
    verdict_of,
)


def published(material: Material) -> Section:
    """Published directions by structure, with what was assumed kept apart from what could have failed."""
    found = entries(material.summary.get("published"))
    if not found:
        return Section("published", "Published directions")
    drawn = [name for name in structures(material) if any(shares(get(row, "draws", name)) for row in found)]
    if not drawn:
        lead = "One run without draws over the uncertain inputs: it says what happens at one value of each."
        return Section("published", "Published directions", lead, (_particulars(material, found, folded=False),))
    lead = (
        "Share of draws in which each direction holds. One counts as reproduced if the structure in use does not "
        "assume it, it holds in at least 80 % of draws there, and the opposite occurs in at least 5 % of draws of a "
        "structure that leaves it open."
    )
    blocks: list[Any] = [_by_structure(material, found, drawn)]
    said = [(name, structure_says(material, name)) for name in drawn]
    if any(says for _, says in said):
        chosen = chosen_structure(material)
        here = {chosen: ", used in this run"}
        blocks.append(Items(tuple(Cell(f"`{name}`{here.get(name, '')}: {says}") for name, says in said if says)))
    blocks.append(_particulars(material, found, folded=True))
    return Section("published", "Published directions", lead, tuple(blocks))


def _by_structure(material: Material, found: list[Mapping[str, Any]], drawn: list[str]) -> Table:
    """Directions by structures: a heat map whose cells are numbers."""
    content = []
    for row in found:
        verdict, label = verdict_of(row), str(row.get("label") or "")
        chips = ((label, "free" if label == "could have failed" else "plain"),) if label else ()
        chips = () if label == "assumed" and "assumed" in verdict.words else chips
        cells = [_share_cell(get(row, "draws", name)) for name in drawn]
        head = Cell(sentence(row.get("says") or row.get("key")))
        content.append((head, *cells, Cell(verdict.words, kind=verdict.kind, chips=chips)))
    chosen = chosen_structure(material)
    heads = [Column("published", is_wide=True)]
    heads += [Column(name, "in use" if name == chosen else "") for name in drawn] + [Column("verdict")]
    count = get(material.summary, "draws", "count")
    of = f", {number(count)} draws each" if is_number(count) else ""
    return Table(f"Holds in this share of draws, by structure{of}", tuple(heads), tuple(content), kind="shares")


def _share_cell(draw: object) -> Cell:
    found = shares(draw)
    if "holds" not in found:
        return Cell()
    opposite = found.get("opposite", 0.0)
    return Cell(
        percent(found["holds"]),
        f"opposite {percent(opposite)}" if opposite > 0.0 else "",
        level=100.0 * found["holds"],
    )


def _particulars(material: Material, found: list[Mapping[str, Any]], *, folded: bool) -> Table:
    """What was compared with what, the source, and the inputs that decide."""
    content = []
    for row in found:
        compared = [str(row.get("quantity") or "")]
        compared += [f"{row.get('arm')} against {row.get('against')}"] if row.get("arm") else []
        compared += [str(row["words"])] if not is_number(row.get("ratio")) and row.get("words") else []
        came = f"×{number(row.get('ratio'))}" if is_number(row.get("ratio")) else "not known"
        expected = EXPECTED.get(str(row.get("direction")), "")
        verdict = verdict_of(row)
        cells = [
            Cell(sentence(row.get("says") or row.get("key")), str(row.get("source") or "")),
            Cell(verdict.words, kind=verdict.kind),
            Cell(f"{came} (published: {expected})" if expected else came, lines=tuple(filter(None, compared))),
        ]
        content.append((*cells, _decided(material, row)) if folded else tuple(cells))
    heads = [Column("published", is_wide=True), Column("verdict"), Column("in this run", is_wide=True)]
    heads += [Column("decided by", "rank correlation over draws", is_wide=True)] if folded else []
    caption = "What was compared, where it was published, which inputs decide" if folded else "Published directions"
    return Table(caption, tuple(heads), tuple(content), folded=folded)


def _decided(material: Material, row: Mapping[str, Any]) -> Cell:
    """The deciding inputs by a short name, with value and range, where chance alone would not name them."""
    pairs = [p for p in map(rows, rows(row.get("decided_by"))) if len(p) == 2 and is_number(p[1])][:2]
    if not pairs:
        return Cell("no input: the same ratio in every draw" if row.get("decided_by") == [] else "–")
    least = chance_level(material)
    lines = []
    for entry, correlation in pairs:
        name, value = input_name(material, str(entry))
        if least is None or abs(correlation) > least:
            lines.append(f"{name}: {number(correlation, 2)}" + (f"; {value}" if value else "") + f" (`{entry}`)")
    if lines:
        return Cell(lines[0], lines=tuple(lines[1:]))
    name = input_name(material, str(pairs[0][0]))[0]
    strongest = f"strongest: {name}, {number(pairs[0][1], 2)}"
    return Cell("none stands out", f"{strongest}; below {number(least, 2)} it can be chance")
