"""Each arm over its own control, with one route at a time where both share what is blocked."""

from __future__ import annotations

from typing import Any

from vesica.report.blocks import Cell, Column, Figure, Panel, Section, Table, arm_keys
from vesica.report.material import Material, get, mapping, rows
from vesica.report.numbers import is_number, number
from vesica.report.outcome import chosen_signals, settled, survival
from vesica.report.ratios import RatioRow, ratio_panel

_AXIS = "ratio to the arm's own control (1 = no change)"
_PANELS = 4


def _done(material: Material, arm: str) -> list[str]:
    return [str(line) for line in rows(material.arms[arm].get("english"))]


def _pairs(material: Material, cell: str) -> dict[str, str]:
    """Arms that name their control, both with this cell type."""
    known = material.arms_with(cell)
    found = {arm: str(material.arms[arm].get("against") or "") for arm in known}
    return {arm: against for arm, against in found.items() if against in known and against != arm}


def _quantities(material: Material, cell: str, arms: list[str]) -> dict[str, dict[str, object]]:
    """Signals and survival at the end, by title and arm; those of which any differs from its control."""
    found: dict[str, dict[str, object]] = {}
    for signal in chosen_signals(material, cell, arms):
        of = {arm: get(material.arms[arm], "cells", cell, "signals", signal, "final") for arm in arms}
        found[material.label(f"{cell}.{signal}")] = settled(of)
    alive = {arm: survival(mapping(get(material.arms[arm], "cells", cell, "phenotype"))) for arm in arms}
    if any(v is not None and v < 1.0 for v in alive.values()):
        found["cells alive"] = dict(alive)
    return found


def _ratio(of: dict[str, object], arm: str, against: str) -> float | None:
    here, there = of.get(arm), of.get(against)
    if not is_number(here) or not is_number(there) or not float(there):  # type: ignore[arg-type]
        return None
    return float(here) / float(there)  # type: ignore[arg-type]


def _figure(
    material: Material, pairs: dict[str, str], found: dict[str, dict[str, object]], title: str, caption: str
) -> Figure | None:
    panels: list[Panel] = []
    drawn: dict[str, None] = {}
    for name, of in list(found.items())[:_PANELS]:
        content = []
        for arm, against in pairs.items():
            value = _ratio(of, arm, against)
            if value is not None:
                content.append(RatioRow(arm, value, material.styles[arm]))
                drawn[arm] = None
        if content:
            panels.append(ratio_panel(content, name, _AXIS, alone=len(found) == 1))
    if not panels:
        return None
    return Figure(caption, tuple(panels), arm_keys([material.styles[a] for a in drawn]), title=title)


def _table(material: Material, cell: str, pairs: dict[str, str], found: dict[str, dict[str, object]]) -> Table:
    content = []
    for arm, against in pairs.items():
        here, there = _done(material, arm), _done(material, against)
        added = [line for line in here if line not in there] or ["nothing"]
        shared = [line for line in here if line in there] or ["nothing"]
        values = [_ratio(of, arm, against) for of in found.values()]
        content.append((
            Cell(arm, f"over arm {material.styles[against].number}, {against}", style=material.styles[arm]),
            Cell(added[0], lines=tuple(added[1:])),
            Cell(shared[0], lines=tuple(shared[1:])),
            *(Cell(f"×{number(v, 4)}" if v is not None else "–") for v in values),
        ))
    heads = [Column("arm", "over its control"), Column("only in the arm"), Column("in both")]
    heads += [*(Column(name, is_number=True) for name in found)]
    return Table(f"{cell}: arms over their controls in numbers", tuple(heads), tuple(content), folded=True)


def controls(material: Material) -> Section:
    """Ratio of signals and survival of every arm to its own control."""
    blocks: list[Any] = []
    note = "Log axis; band: within 10 %, which counts as no change. A hollow disc at the left edge is zero."
    for cell in material.cell_types:
        pairs = _pairs(material, cell)
        arms = list(dict.fromkeys([*pairs, *pairs.values()]))
        found = _quantities(material, cell, arms) if pairs else {}
        if not found:
            continue
        routes = {a: c for a, c in pairs.items() if set(_done(material, a)) & set(_done(material, c)) == set(
            _done(material, c)) and _is_blocked(material, c)}
        routes = routes if len(set(routes.values())) > 1 else {}
        plain = {arm: against for arm, against in pairs.items() if arm not in routes}
        figures = (
            _figure(material, routes, found, f"{cell}: one route at a time",
                    f"{note} Arm and control have the same parts blocked; only what is left open can act."),
            _figure(material, plain, found, f"{cell}: arm over control", note),
        )
        blocks += [figure for figure in figures if figure is not None]
        blocks.append(_table(material, cell, pairs, found))
    lead = "Levels at the end of the run over those of the arm named as its control." if blocks else ""
    return Section("controls", "Each arm against its own control", lead, tuple(blocks))


def _is_blocked(material: Material, control: str) -> bool:
    """Whether a route is cut in the control, too."""
    return any("blocked" in line for line in _done(material, control))
