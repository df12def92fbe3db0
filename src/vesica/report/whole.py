"""The section about whole numbers: the sample, shares with at least one, histograms, single cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from vesica.analysis.numbers import cells_named
from vesica.errors import VesicaError
from vesica.report.blocks import Cell, Column, Figure, Panel, Prose, Section, Table, arm_keys
from vesica.report.material import PER_PANEL, Array, Material, get, mapping, positive, rows
from vesica.report.networks import shown_levels
from vesica.report.numbers import exact, for_reading, is_number, number, percent, ranges
from vesica.report.outcome import chosen_signals
from vesica.report.whole_charts import Histogram, cells, histograms, remaining, risen
from vesica.report.whole_shares import parts_of, shares

TITLE: Final = "Whole numbers"
LEAD: Final = "Vesicles, copies and cells come one by one, by chance. Means hide what is told here."
# Kind of histogram -> title of its panel.
KINDS: Final = {
    "burst": "EVs set free by one fusion", "waiting": "waits between fusions of a cell",
    "released_per_hour": "EVs released per cell and hour", "taken_up": "EVs taken up per cell",
    "copies": "copies per EV", "received": "copies delivered per cell", "first_uptake": "cells that took up an EV",
    "first_copy": "cells that got a copy", "diameter": "diameter of released EVs",
    "varies": "number that differs from cell to cell",
}
LEVELS: Final = 2  # of networks, of which single cells are drawn
LOGARITHMIC: Final = ("copies",)


def whole(material: Material) -> Section:
    """Whole numbers of every arm side by side; nothing for a run of means."""
    arms = {name: mapping(arm) for name, arm in mapping(material.summary.get("whole")).items() if name in material.arms}
    if not arms:
        return Section("whole", "")  # a run of means lacks nothing without it
    keys = list(dict.fromkeys(key for arm in arms.values() for key in mapping(arm.get("distributions"))))
    blocks: list[Any] = [Prose(tuple(_sample(material, arms)))]
    blocks += shares(material, arms, keys)
    for owner in dict.fromkeys(parts_of(key)[0] for key in keys):
        blocks += _figures(material, arms, owner, [key for key in keys if parts_of(key)[0] == owner])
    blocks += _single_cells(material)
    if table := _table(material, arms, keys):
        blocks.append(table)
    return Section("whole", TITLE, LEAD, tuple(blocks))


def _sample(material: Material, arms: Mapping[str, Any]) -> list[str]:
    """What was followed, how often, and how exact it is."""
    said: dict[str, list[int]] = {}
    for name, arm in arms.items():
        of = mapping(get(arm, "sample", "of"))
        held = [f"{exact(n) if n == of.get(cell) else f'{exact(n)} of {exact(of.get(cell))}'} "
                f"{cells_named(cell, 1 if of.get(cell) == 1 else 2)}"
                for cell, n in mapping(get(arm, "sample", "cells")).items() if positive(n)]
        said.setdefault(" and ".join(held), []).append(material.styles[name].number)
    dish, held = (get(material.summary, "domain", key) for key in ("dish_volume_mL", "volume_mL"))
    room = f", in {_volume(held)} of {_volume(dish)}" if is_number(held) and held != dish else ""
    named = {words: f" (arm{'s' * (len(which) > 1)} {ranges(which)})" for words, which in said.items()}
    followed = "; ".join(words + named[words] * (len(said) > 1) for words in said)
    count = max((arm.get("replicates") or 1 for arm in arms.values()), default=1)
    again = f"run {count} times independently, and pooled here" if count > 1 else "run once"
    lines = [f"Followed: {followed}{room}; {again}. All numbers are of this sample, totals of the dish are larger."]
    changes = [c for arm in arms.values() if is_number(c := get(arm, "steps", "largest_change"))]
    if changes:
        lines.append("Rates were held for one window at a time; within it none would have changed by more than "
                     f"{percent(max(changes))}.")
    lost = [n for arm in arms.values() for n in (get(arm, "ledger_residual", "vesicles"),
                                                 *mapping(get(arm, "ledger_residual", "cargo")).values())]
    lines.append("A vesicle or copy is missing from the books: a fault of vesica, please report it." if any(lost)
                 else "Every vesicle and every copy is accounted for: the books close to zero, exactly.")
    return lines


def _volume(millilitres: object) -> str:
    """mL, or uL below a tenth of it."""
    if not is_number(millilitres):
        return number(millilitres)
    value = float(millilitres)  # type: ignore[arg-type]
    return f"{number(value)} mL" if value >= 0.1 else f"{number(1e3 * value)} µL"


def _figures(material: Material, arms: Mapping[str, Any], owner: str, keys: list[str]) -> list[Figure]:
    panels, drawn = [], []
    for key in keys:
        shown = []
        is_first = parts_of(key)[1].startswith("first")
        for name, arm in arms.items():
            entry = mapping(get(arm, "distributions", key))
            values, counts = (np.array(rows(entry.get(word)), dtype=float) for word in ("values", "counts"))
            never = float(entry.get("none") or 0)
            if values.size == counts.size and (counts.sum() > 0 or (is_first and never)):
                shown.append(Histogram(material.styles[name], values, counts, never))
        if not any(one.counts[one.values > 0].sum() for one in shown):
            continue  # nothing happened to any: the shares say so
        for at in range(0, len(shown), PER_PANEL):
            some = shown[at : at + PER_PANEL]
            which = f", arms {ranges([one.style.number for one in some])}" if len(shown) > PER_PANEL else ""
            panels.append(_panel(material, arms, key, some, which))
        drawn += [one.style.name for one in shown]
    if not panels:
        return []
    styles = [style for name, style in material.styles.items() if name in drawn]
    caption = "Replicates pooled. Where lines meet, the first arm is on top."
    lawful = [material.styles[name].number for name in drawn
              if get(arms[name], "distributions", f"{owner}.burst", "law")]
    if lawful:
        caption += f" Dotted: the law that bursts of arm {min(lawful)} should follow, as its rates stay at rest."
    return [Figure(caption, tuple(panels), arm_keys(styles), title=owner)]


def _panel(material: Material, arms: Mapping[str, Any], key: str, shown: list[Histogram], which: str) -> Panel:
    owner, kind, cargo = parts_of(key)
    entry = mapping(get(arms[shown[0].style.name], "distributions", key))
    molecule = f": {cargo.replace('_', '-')}" if cargo else ""
    title = KINDS.get(kind, str(entry.get("label") or kind)) + molecule + which
    if kind.startswith("first"):
        end = float(material.summary.get("duration_h") or max(float(one.values.max(initial=0.0)) for one in shown))
        cells_are = f"{cells_named(owner)}, so far (%)"
        return Panel(title, risen(shown, title, cells_are, end))
    if kind == "waiting":
        return Panel(title, remaining(shown, title, "waits that are longer (%)"))
    laws = (mapping(get(arms[one.style.name], "distributions", key, "law")) for one in shown)
    law = next((one for one in laws if one), {})
    expected = (np.array(rows(law.get("values")), dtype=float), np.array(rows(law.get("probabilities")), dtype=float))
    unit = str(entry.get("unit") or "").replace("vesicle", "EV")
    axis = "diameter (nm)" if unit == "nm" else KINDS.get(kind, str(entry.get("label") or kind))
    picture = histograms(shown, title, axis, is_log=kind in LOGARITHMIC,
                         law=expected if expected[0].size and expected[0].size == expected[1].size else None)
    return Panel(title, picture)


def _single_cells(material: Material) -> list[Figure]:
    """Eight cells of each type in every arm: vesicles released, the signal, levels and the cargo that say most."""
    figures = []
    for cell in material.cell_types:
        names = material.arms_with(cell)[:PER_PANEL]
        every = mapping(get(material.arms[names[0]], "cells", cell, "signals")) if names else {}
        signals = [*chosen_signals(material, cell, names), *map(str, every)][:1]
        signals += [name for name in shown_levels(material, cell) if name not in signals][:LEVELS]
        wanted = [f"{cell}.released:{cell}", *(f"{cell}.{signal}" for signal in signals), *_received(material, cell)]
        panels = [panel for species in wanted for panel in _courses(material, names, species)]
        if panels:
            caption = "Thin: the first cells of the sample in its first replicate. Thick: the mean of all cells."
            styles = [material.styles[name] for name in names]
            figures.append(Figure(caption, tuple(panels), arm_keys(styles), title=f"{cell}: single cells"))
    return figures


def _received(material: Material, cell: str) -> list[str]:
    """The cargo of which most copies came; else the first that the cells hold."""
    most: dict[str, float] = {}
    for arm in material.arms_with(cell):
        for cargo, entry in mapping(get(material.arms[arm], "cells", cell, "cargo")).items():
            copies = get(entry, "received_copies")
            most[str(cargo)] = max(most.get(str(cargo), 0.0), float(copies) if is_number(copies) else 0.0)
    return [f"{cell}.{max(most, key=lambda name: most[name])}"] if most else []


def _courses(material: Material, names: list[str], species: str) -> list[Panel]:
    known = {name: found for name in names if (found := _trace(material, name, species)) is not None}
    if not known:
        return []
    every = np.concatenate([np.concatenate([single.ravel(), mean]) for _, single, mean in known.values()])
    span = (float(np.nanmin(every)), float(np.nanmax(every)))
    if not span[1] > span[0]:
        return []
    cell, _, pool = species.partition(".")
    label = "EVs released so far" if pool.startswith("released:") else material.label(species)
    unit = material.unit(species) or "relative to rest"
    factor, shown = for_reading(unit)
    unit = "copies" if unit in ("molecule", "copies per cell") else shown
    span = (factor * span[0], factor * span[1])
    title = f"{label} in single {cell} cells"
    return [Panel(f"{label}, arm {material.styles[name].number}",
                  cells(material.styles[name], time, factor * single, factor * mean, f"{title}, {name}", unit, span))
            for name, (time, single, mean) in known.items()]


def _trace(material: Material, arm: str, species: str) -> tuple[Array, Array, Array] | None:
    """Time (h), single cells (cell, time) and the mean of their replicate."""
    read = getattr(material.results, "trace", None)
    if read is None:
        return None
    try:
        time, mean = material.results.series(arm, species)
        single = np.asarray(read(arm, species), dtype=float)
    except (KeyError, ValueError, IndexError, VesicaError):
        return None
    single = single[np.isfinite(single).any(axis=1)] if single.size else single
    return (np.asarray(time), single, np.asarray(mean)) if single.size and np.isfinite(mean).any() else None


def _table(material: Material, arms: Mapping[str, Any], keys: list[str]) -> Table | None:
    """Every histogram of every arm in numbers."""
    heads = (Column("what"), Column("arm"), Column("n", is_number=True), Column("mean", is_number=True),
             Column("SD", is_number=True), Column("variance / mean", is_number=True), Column("median", is_number=True),
             Column("5 to 95 %", is_number=True), Column("never", is_number=True))
    content = []
    for key in keys:
        owner, kind, cargo = parts_of(key)
        for name, arm in arms.items():
            entry = mapping(get(arm, "distributions", key))
            if not entry:
                continue
            what = f"{owner}: {KINDS.get(kind, kind)}" + (f", {cargo.replace('_', '-')}" if cargo else "")
            unit = str(entry.get("unit") or "").replace("vesicle", "EV")
            numbers = [Cell(number(entry.get(word))) for word in ("mean", "sd", "fano", "median")]
            span = Cell(f"{number(entry.get('q05'))} to {number(entry.get('q95'))}")
            content.append((Cell(what, unit), Cell(name, style=material.styles[name]), Cell(exact(entry.get("n"))),
                            *numbers, span, Cell(exact(entry.get("none") or 0))))
    return Table("All of it in numbers", heads, tuple(content), folded=True) if content else None
