"""Sections about the vesicles: budget, rates, size, cargo, signals and states, transfer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from vesica.report import charts
from vesica.report.blocks import (
    Cell,
    Column,
    Figure,
    Key,
    Panel,
    Section,
    Table,
    arm_keys,
    figure_cell,
    stacked_panel,
)
from vesica.report.charts import Bar, DotRow, Line, Segment
from vesica.report.courses import Reader, Wanted, figure_of, figure_of_all, level, plain
from vesica.report.handling import volume
from vesica.report.material import Array, Material, get, mapping, positive, rows
from vesica.report.numbers import is_number, number, percent, ranges
from vesica.spec.vocabulary import label_of, sender_of

FATES: Final = {
    "returned": "fused back in the donor",
    "in_mvb": "in MVBs",
    "tethered": "tethered",
    "outside": "free outside",
    "matrix": "in the matrix",
    "plastic": "on plastic",
    "bound": "bound",
    "inside": "inside recipients",
    "delivered": "delivered",
    "degraded": "degraded",
    "removed": "removed",
}
_NOT_ON_THE_WAY: Final = ("returned", "in_mvb", "degraded")


def budget(material: Material) -> Section:
    """Where the vesicles of each arm went: all of them, and those outside the cells that made them."""
    title = "Where the vesicles went"
    lead = (
        "Every vesicle made in or added to an arm, by where it was at the end. The totals stand on the right."
    )
    everything = _budget_figure(material, FATES, "EV budget per arm", "share of EVs made or added (%)")
    if everything is None:
        return Section("budget", title)
    outside = [fate for fate in FATES if fate not in _NOT_ON_THE_WAY]
    name = "Without those that fused back, wait in MVBs or were degraded"
    rest = _budget_figure(material, outside, name, "share of the remaining EVs (%)")
    return Section("budget", title, lead, (everything,) if rest is None else (everything, rest))


def _budget_figure(material: Material, fates: Iterable[str], title: str, x_label: str) -> Figure | None:
    """Shares of some fates in the whole, or among themselves where they are not all of it."""
    bars, used = [], set()
    for name, arm in material.arms.items():
        ledger = mapping(get(arm, "ledger", "vesicles"))
        amounts = {fate: float(ledger[fate]) for fate in fates if positive(ledger.get(fate))}
        whole = sum(float(ledger[k]) for k in ("made", "added") if is_number(ledger.get(k)))
        whole = whole if fates is FATES else sum(amounts.values())
        if whole <= 0.0:
            continue
        used |= {fate for fate, amount in amounts.items() if amount > 0.0005 * whole}
        segments = tuple(Segment(FATES[f], f"fate-{f}", amount / whole) for f, amount in amounts.items())
        bars.append(Bar(name, segments, f"{number(whole)} EV", material.styles[name]))
    if not bars:
        return None
    keys = tuple(Key(words, css=f"fate-{fate}") for fate, words in FATES.items() if fate in used)
    caption = "From the ledger. Fates under 0.05 % are drawn but not in the legend."
    return Figure(caption, (stacked_panel(bars, title, x_label),), keys, title=title)


def _rate(material: Material, cell: str, pool: str) -> Reader:
    """The rate per hour of a cumulative pool."""

    def read(arm: str) -> tuple[Array, Array] | None:
        found = material.total(arm, cell, pool)
        if found is None:
            return None
        time, values = found
        kept = np.diff(time, prepend=-np.inf) > 0.0
        time, values = time[kept], values[kept]
        rate = np.diff(values) / np.diff(time)
        if np.count_nonzero(np.isfinite(rate)) < 2:
            return None
        middle = 0.5 * (time[1:] + time[:-1])
        ends = np.concatenate((time[:1], middle, time[-1:]))
        return ends, np.concatenate((rate[:1], rate, rate[-1:]))

    return read


def rates(material: Material) -> Section:
    """Release and uptake over time, per cell."""
    figures = []
    for cell in material.cell_types:
        wanted = [Wanted(title, "EV/cell/h", _rate(material, cell, pool))
                  for title, pool in (("release", "released"), ("uptake", "taken_up"))]
        if (found := figure_of_all(material, cell, wanted)) is not None:
            figures.append(found)
    lead = "Mean rate per cell in each output interval. Release is gross: vesicles taken up again later count."
    quantities = {name for arm in material.arms.values() for name in mapping(get(arm, "quantities"))}
    if any(name.endswith(".fluorescence") for name in quantities):
        lead += " Particles of dye count as vesicles here, not in the tables."
    return Section("rates", "Release and uptake over time", lead if figures else "", tuple(figures))


def vesicles_of(origin: str) -> str:
    """A class of vesicles in words."""
    return f"vesicles of {origin}" if origin == sender_of(origin) else label_of(origin)


def size_law(material: Material) -> Section:
    """Diameters at birth, per cell type."""
    panels, content = [], []
    for cell, law in mapping(material.summary.get("size_law")).items():
        grid = np.array([x for x in rows(get(law, "grid_nm")) if is_number(x)], dtype=float)
        values = np.array([x for x in rows(get(law, "density")) if is_number(x)], dtype=float)
        median = float(law["median_nm"]) if is_number(get(law, "median_nm")) else None
        if grid.size == values.size and grid.size > 2 and values.max() > 0.0:
            panels.append(
                Panel(label_of(cell), charts.density(grid, values, median, f"size law of {vesicles_of(cell)}"))
            )
        if mapping(law):
            limits = f"{number(law.get('low_nm'))} to {number(law.get('high_nm'))}"
            figures = (figure_cell(law.get("median_nm")), figure_cell(law.get("gsd")), Cell(limits))
            content.append((Cell(label_of(cell)), *figures, Cell(str(law.get("source") or "no source given"))))
    blocks: list[Any] = []
    if panels:
        caption = "Probability density of the diameter at birth. Dotted vertical: the median."
        blocks.append(Figure(caption, tuple(panels)))
    if content:
        heads = (
            Column("cell type"),
            Column("median", "nm", is_number=True),
            Column("geometric SD", is_number=True),
            Column("limits", "nm", is_number=True),
            Column("source", is_wide=True),
        )
        blocks.append(Table("Size law", heads, tuple(content)))
    lead = "Log-normal between two limits. Vesicles keep the diameter with which they bud." if blocks else ""
    return Section("size", "Size law", lead, tuple(blocks))


def cargo(material: Material) -> Section:
    """Copies per vesicle, and how many vesicles carry any."""
    senders: dict[str, dict[str, list[tuple[str, Any]]]] = {}
    for name, arm in material.arms.items():
        for sender, by in mapping(arm.get("cargo_per_ev")).items():
            for molecule, found in mapping(by).items():
                senders.setdefault(str(sender), {}).setdefault(str(molecule), []).append((name, found))
    blocks: list[Any] = []
    for sender, molecules in senders.items():
        panels = []
        for key, title, unit in (
            ("mean", "mean copies per EV", "mean copies per EV (molecules/EV)"),
            ("at_least_one", "EVs with at least one copy", "share of EVs with at least one copy (%)"),
        ):
            content = [_cargo_row(material, sender, m, found, key) for m, found in molecules.items()]
            content = [row for row in content if row.dots]
            if content:
                panels.append(Panel(title, charts.dot_rows(content, f"{label_of(sender)}: {title}", unit)))
        if not panels:
            continue
        drawn = {name for found in molecules.values() for name, _ in found}
        styles = [style for name, style in material.styles.items() if name in drawn]
        caption = "Log axis. Arms that agree within 1 % share a dot, which carries their numbers."
        blocks.append(Figure(caption, tuple(panels), arm_keys(styles), title=vesicles_of(sender)))
        blocks.append(_cargo_table(material, sender, molecules))
    lead = (
        "Copies are whole numbers: a mean far below one says that most vesicles carry none." if blocks else ""
    )
    return Section("cargo", "Cargo per vesicle", lead, tuple(blocks))


def _cargo_row(
    material: Material, sender: str, molecule: str, found: list[tuple[str, Any]], key: str
) -> DotRow:
    scale = 100.0 if key == "at_least_one" else 1.0
    values = [(material.styles[arm], scale * float(v)) for arm, by in found if is_number(v := get(by, key))]
    label = material.label(f"{sender_of(sender)}.{molecule}")
    shown = sorted(
        {number(value, 2) for _, value in values},
        key=lambda words: [v for _, v in values if number(v, 2) == words],
    )
    note = shown[0] if len(shown) == 1 else f"{shown[0]} to {shown[-1]}" if shown else ""
    return DotRow(label, charts.together(values), note=f"{note} %" if scale > 1.0 and note else note)


def _cargo_table(material: Material, sender: str, molecules: dict[str, list[tuple[str, Any]]]) -> Table:
    content = []
    for molecule, found in molecules.items():
        for name, by in found:
            head = Cell(material.label(f"{sender_of(sender)}.{molecule}"))
            share = Cell(percent(get(by, "at_least_one")))
            content.append(
                (head, Cell(name, style=material.styles[name]), figure_cell(get(by, "mean")), share)
            )
    heads = (
        Column("cargo"),
        Column("arm"),
        Column("mean", "copies/EV", is_number=True),
        Column("EVs with at least one copy", is_number=True),
    )
    return Table(f"Cargo of {vesicles_of(sender)} in numbers", heads, tuple(content), folded=True)


def signals(material: Material) -> Section:
    """Signals, survival, MVBs and vesicles on and in the cells over time; networks have their own."""
    figures = []
    for cell in material.cell_types:
        names = [s for s in material.signals(cell) if s not in material.network_levels(cell)]
        wanted = [level(material, cell, name) for name in names]
        copies = dict.fromkeys(
            str(c) for arm in material.arms.values() for c in mapping(get(arm, "cells", cell, "cargo"))
        )
        for name in copies:
            species = f"{cell}.{name}"
            wanted.append(Wanted(material.label(species), "copies per cell", plain(material, species)))
        wanted.append(Wanted("survival", "cells alive (share)", plain(material, f"{cell}.alive")))
        wanted.append(Wanted("MVBs", "MVBs per cell", plain(material, f"{cell}.mvb")))
        wanted.append(Wanted("matrix", "molecules per cell", plain(material, f"{cell}.matrix")))
        for pool, title in (("bound", "vesicles bound"), ("inside", "vesicles inside"),
                            ("matrix", "vesicles in the matrix")):
            wanted.append(Wanted(title, "EV per cell", _summed(material, cell, pool)))
        if (found := figure_of_all(material, cell, wanted)) is not None:
            figures.append(found)
    figures += _free_vesicles(material)
    lead = (
        "A signal is a level without unit; a dashed line is its level at rest, where all arms share it."
        if figures
        else ""
    )
    return Section("signals", "Signals and states over time", lead, tuple(figures))


def _summed(material: Material, cell: str, pool: str) -> Reader:
    return lambda arm: material.total(arm, cell, pool)


def _free_vesicles(material: Material) -> list[Figure]:
    """Free vesicles of the dish by sender, as a concentration where the volume is known."""
    label = "particles/mL" if positive(get(material.summary, "domain", "volume_mL")) else "EV in the dish"
    panels, drawn = [], {}
    for sender in material.origins:
        courses = []
        for arm, style in material.styles.items():
            found = material.series(arm, f"medium.free:{sender}")
            if found is not None and np.nanmax(np.abs(found[1])) > 0.0:
                held = volume(material, arm, found[0])
                courses.append(Line(style, found[0], found[1] if held is None else found[1] / held))
                drawn[arm] = None
        size = _lines_per_panel(len(courses))
        for start in range(0, len(courses), size):
            part = courses[start : start + size]
            members = ranges([line.style.number for line in part])
            name = vesicles_of(sender) + (f", arms {members}" if len(courses) > size else "")
            panels.append(Panel(name, charts.lines(part, name, label, span=charts.spans(courses))))
    return [figure_of(material, "free in the medium", panels, list(drawn), ())] if panels else []


def _lines_per_panel(count: int) -> int:
    """Lines per panel when ``count`` lines are cut evenly, at most seven each."""
    return -(-count // max(-(-count // 7), 1)) or 1


def transfer(material: Material) -> Section:
    """Who sent how many vesicles to whom, per arm."""
    tables = {
        name: {str(s): mapping(by) for s, by in mapping(arm.get("transfer")).items()}
        for name, arm in material.arms.items()
    }
    values = [float(v) for t in tables.values() for by in t.values() for v in by.values() if positive(v)]
    if not values:
        return Section("transfer", "Who sent to whom")
    panels, without = [], []
    for name, table in tables.items():
        senders = [s for s, by in table.items() if any(positive(v) for v in by.values())]
        known = dict.fromkeys(str(r) for s in senders for r, v in table[s].items() if is_number(v))
        receivers = [
            r for r in known if material.holds(name, r) or any(positive(table[s].get(r)) for s in senders)
        ]
        if not senders:
            without.append(name)
            continue
        content = [
            [table[s].get(r) if is_number(table[s].get(r)) else None for r in receivers] for s in senders
        ]
        title = f"{material.styles[name].number}  {name}"
        panels.append(Panel(title, charts.heat_map(senders, receivers, content, max(values), title)))
    caption = "Vesicles taken up, by sender and receiver. One colour scale for all arms, "
    caption += f"six powers of ten below {number(max(values))}."
    if without:
        caption += f" No transfer in: {', '.join(without)}."
    lead = "Vesicles internalised over the whole run, own vesicles included."
    return Section("transfer", "Who sent to whom", lead, (Figure(caption, tuple(panels)),))
