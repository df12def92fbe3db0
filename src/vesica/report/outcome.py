"""First sections: the one-screen summary, and the arms side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from vesica.report.blocks import Cell, Column, Section, Table, figure_cell
from vesica.report.handling import volume_words
from vesica.report.material import Material, entries, get, mapping, positive, rows
from vesica.report.numbers import exact, hours, is_number, number, pretty_unit, ratio
from vesica.report.verdicts import Group, groups, verdict_lines, verdict_of

_SIGNALS_SHOWN: Final = 3
_NAMED: Final = 4  # arms named in a sentence
_MANY: Final = 12  # rows of a table before it is folded
_OUTCOMES: Final = {
    "completed": ("completed", "good"),
    "running": ("still running", "warn"),
    "interrupted": ("interrupted: what was computed is shown", "warn"),
    "diverged": ("diverged: what was computed is shown", "bad"),
}


@dataclass(frozen=True)
class Tile:
    """A key figure of the run."""

    value: str
    says: str


@dataclass(frozen=True)
class Opening:
    """The first screen."""

    title: str
    outcome: str
    outcome_kind: str
    facts: tuple[str, ...]
    headline: tuple[str, ...]
    groups: tuple[Group, ...]
    tiles: tuple[Tile, ...]


def opening(material: Material) -> Opening:
    """The first screen: what was run, what came out, what follows and what does not."""
    summary, run = material.summary, material.run
    outcome = str(summary.get("outcome") or run.get("outcome") or "")
    words, kind = _OUTCOMES.get(outcome, (outcome or "outcome unknown", "plain"))
    lines = [*verdict_lines(material), *_doses(material), *_measured(material)]
    return Opening(
        str(summary.get("title") or "Untitled run"),
        words,
        kind,
        tuple(_facts(material)),
        tuple(dict.fromkeys(lines)) or tuple(map(str, rows(summary.get("headline")))),
        groups(material),
        tuple(_tiles(material)),
    )


def _facts(material: Material) -> list[str]:
    """How the run was made, in a few words each."""
    summary, run = material.summary, material.run
    facts = [hours(summary["duration_h"]) + " simulated"] if is_number(summary.get("duration_h")) else []
    arms = len(material.arms)
    facts += [f"{arms} arm{'s' * (arms != 1)}"] if arms else []
    facts += [f"fidelity: {str(summary['fidelity']).replace('_', ' ')}"] if summary.get("fidelity") else []
    mixing, volume = get(summary, "domain", "mixing"), volume_words(material)
    facts += [f"{volume} mL medium" + (f", {mixing}" if mixing else "")] if volume else []
    facts += [f"seed {run['seed']}"] if run.get("seed") is not None else []
    return facts + ([f"vesica {summary['vesica']}"] if summary.get("vesica") else [])


def _doses(material: Material) -> list[str]:
    """One sentence per cargo and recipient: enough vesicles somewhere, or how many times too few at best."""
    found: dict[tuple[str, str], list[tuple[float, str]]] = {}
    for name, arm in material.arms.items():
        for receiver, by in mapping(arm.get("required_dose")).items():
            for molecule, dose in mapping(by).items():
                needed, supplied = get(dose, "needed"), get(dose, "supplied")
                if positive(needed) and is_number(supplied):
                    share = float(supplied) / float(needed)
                    found.setdefault((str(receiver), str(molecule)), []).append((share, name))
    lines = []
    for (receiver, molecule), answers in found.items():
        what = f"{material.label(f'{receiver}.{molecule}')} in {receiver}"
        share, arm = max(answers, key=lambda pair: pair[0])
        enough = [name for met, name in answers if met >= 1.0]
        if enough:
            named = f": {', '.join(f'`{name}`' for name in enough)}" if len(enough) <= _NAMED else ""
            lines.append(f"Vesicles bring enough {what} in {len(enough)} of {len(answers)} arms{named}.")
        elif share > 0.0:
            short = f"{number(1 / share)} times too few at best (arm `{arm}`)"
            lines.append(f"Vesicles bring too little {what}: {short}.")
        else:
            lines.append(f"Vesicles bring no {what} in any arm.")
    return lines


def _measured(material: Material) -> list[str]:
    """What the run says beside what the user measured."""
    measured = entries(material.summary.get("measurements"))
    return [str(row["words"]) for m in measured for row in entries(m.get("held_against")) if row.get("words")]


def _tiles(material: Material) -> list[Tile]:
    summary = material.summary
    tiles = []
    published = [row for row in entries(summary.get("published")) if row.get("holds") is not None]
    if published:
        free = [row for row in published if row.get("label") == "could have failed"]
        says = "published directions that could have failed count as reproduced"
        won = sum(verdict_of(row).words == "reproduced" for row in free)
        tiles += [Tile(f"{won} of {len(free)}", says)] if free else []
    confidence = {k: v for k, v in mapping(summary.get("confidence")).items() if is_number(v)}
    total = sum(confidence.values())
    if total:
        estimates = exact(confidence.get("estimate", 0))
        tiles.append(Tile(f"{estimates} of {exact(total)}", "numbers of the model are estimates"))
    residuals = [
        abs(r) for arm in material.arms.values() if is_number(r := get(arm, "ledger", "vesicles", "residual"))
    ]
    if residuals:
        says = "largest gap in the vesicle ledger, relative to vesicles made and added"
        tiles.append(Tile(number(max(residuals), 2), says))
    return tiles


def arms(material: Material) -> Section:
    """What was done in each arm, and what came out, side by side."""
    tables = [_what_was_done(material)] if material.arms else []
    tables += [t for cell in material.cell_types for law in (_outcomes, _machinery)
               if (t := law(material, cell)) is not None]
    lead = "Every arm is a small change on one base. Numbers after × are the ratio to the arm's own control."
    return Section("arms", "Arms side by side", lead, tuple(tables))


def _what_was_done(material: Material) -> Table:
    content: list[tuple[Cell, ...]] = []
    named = any(arm.get("against") for arm in material.arms.values())
    for name, arm in material.arms.items():
        counts = [f"{cell}:\u00a0{exact(n)}" for cell, n in mapping(arm.get("counts")).items() if positive(n)]
        said = [str(line) for line in rows(arm.get("english"))]
        said += [words for dose in entries(arm.get("dose")) if (words := _dose_words(dose))]
        first, *more = list(dict.fromkeys(said)) or ["nothing added"]
        cells = Cell(counts[0], lines=tuple(counts[1:])) if counts else Cell()
        against = str(arm.get("against") or "")
        control = Cell(against, style=material.styles.get(against)) if against else Cell()
        arm_cell, done = Cell(name, style=material.styles[name]), Cell(first, lines=tuple(more))
        content.append((arm_cell, done, cells, control) if named else (arm_cell, done, cells))
    share = get(material.summary, "domain", "sample_share")
    counted = "cells followed" if is_number(share) and share < 1 else "cells"  # the dish holds more than its sample
    heads = [Column("arm"), Column("what was done", is_wide=True), Column(counted)]
    heads += [Column("its control")] if named else []
    folded = len(content) > _MANY
    caption = f"What was done in each of {len(content)} arms" if folded else "What was done"
    return Table(caption, tuple(heads), tuple(content), folded=folded)


def _dose_words(dose: Mapping[str, Any]) -> str:
    """How many vesicles a dose was, and how many dishes it takes."""
    each, share = dose.get("per_cell"), dose.get("share_of_source")
    if not is_number(each) or not positive(share) or dose.get("preparation"):
        return str(dose.get("words") or "")
    words = f"given {number(each)} vesicles per {dose.get('recipient') or 'cell'}, from {number(share)} dishes of"
    return f"{words} `{dose.get('from_arm')}`" + (f" ({math.ceil(share)} to be pooled)" if share > 1.001 else "")


def survival(phenotype: Mapping[str, Any]) -> float | None:
    """Share of cells alive at the end, where the states say so."""
    if is_number(phenotype.get("alive")):
        return float(phenotype["alive"])
    return 1.0 - float(phenotype["dead"]) if is_number(phenotype.get("dead")) else None


def settled(found: dict[str, object]) -> dict[str, object]:
    """Values with the rounding of a solver around zero taken away."""
    least = 1e-9 * max((abs(float(v)) for v in found.values() if is_number(v)), default=0.0)  # type: ignore[arg-type]
    return {k: 0.0 if is_number(v) and abs(float(v)) < least else v for k, v in found.items()}  # type: ignore[arg-type]


def chosen_signals(material: Material, cell: str, names: list[str]) -> list[str]:
    """Signals to tabulate: those that published directions name, then those that differ most.

    Of networks only what something outside reads.
    """
    of = {arm: mapping(get(material.arms[arm], "cells", cell, "signals")) for arm in names}
    known = list(dict.fromkeys(signal for signals in of.values() for signal in signals))
    asked = [str(row.get("quantity", "")) for row in entries(material.summary.get("published"))]
    first = [s for s in known if any(q == f"{cell}.{s}" or q.startswith(f"{cell}.{s}.") for q in asked)]

    def change(signal: str) -> float:
        finals, most = ([float(f) for arm in names if is_number(f := get(of[arm], signal, what))]
                        for what in ("final", "max"))
        top = max(map(abs, finals), default=0.0)
        is_gone = top <= 1e-9 * max(map(abs, most), default=0.0)  # what a solver leaves of a level that has run out
        return 0.0 if is_gone else (max(finals) - min(finals)) / top

    inner = {*material.network_levels(cell)} - {*material.network_levels(cell, "outputs")}
    rest = sorted((s for s in known if s not in {*first, *inner} and change(s) > 0.02), key=change, reverse=True)
    return (first + rest)[: max(_SIGNALS_SHOWN, len(first))]


def _outcomes(material: Material, cell: str) -> Table | None:
    """One row per arm that holds the cell type: release, uptake, signals, survival with ratios."""
    names = [arm for arm in material.arms_with(cell) if get(material.arms[arm], "cells", cell) is not None]
    if not names:
        return None
    values = _columns(material, cell, names, (
        ("released", "EV/cell/h", "released_per_cell_per_hour"), ("taken up", "EV/cell", "taken_up_per_cell"),
        *((material.label(f"{cell}.{signal}"), _level_unit(material, f"{cell}.{signal}"), "signals", signal, "final")
          for signal in chosen_signals(material, cell, names))))
    glow = {arm: get(material.arms[arm], "quantities", f"{cell}.fluorescence", "value") for arm in names}
    if any(is_number(v) and v for v in glow.values()):
        values.insert(2, (Column("fluorescence", "dye molecules/cell, at the end", is_number=True), glow))
    values = [(head, settled(found)) for head, found in values]
    alive = {arm: survival(mapping(get(material.arms[arm], "cells", cell, "phenotype"))) for arm in names}
    if any(v is not None for v in alive.values()):
        values.append((Column("survival", "% of cells", is_number=True), alive))
    return _by_arm(material, cell, f"{cell}: what came out", names, values) if values else None


def _level_unit(material: Material, species: str) -> str:
    """Words under the head of a signal or level."""
    unit = pretty_unit(material.unit(species))
    return f"at the end, {'relative level' if unit in ('', '1', 'relative to rest') else unit}"


def _machinery(material: Material, cell: str) -> Table | None:
    """One row per arm that holds a cell type with MVBs: how many, what is in them, and how they end."""
    names = [arm for arm in material.arms_with(cell)
             if is_number(get(material.arms[arm], "cells", cell, "released_per_fusion"))]
    values = _columns(material, cell, names, (
        ("MVBs", "per cell, at the end", "mvb_per_cell"), ("ILVs", "per MVB, at the end", "ilv_per_mvb"),
        ("fusions", "per cell and hour", "fusions_per_cell_per_hour"),
        ("released", "EV per fusion", "released_per_fusion"), ("end in the lysosome", "% of MVBs", "lysosome_share")))
    if not values:
        return None
    table = _by_arm(material, cell, f"{cell}: from the MVB to the vesicle", names, values)
    return replace(table, folded=table.folded or not material.summary.get("whole"))


Values = list[tuple[Column, dict[str, object]]]


def _columns(material: Material, cell: str, names: list[str], wanted: Iterable[tuple[str, ...]]) -> Values:
    """Heads with the values of each arm, of those that have any: (title, unit, keys of the cell's entry)."""
    values: Values = []
    for title, unit, *keys in wanted:
        found = {arm: get(material.arms[arm], "cells", cell, *keys) for arm in names}
        if any(is_number(v) for v in found.values()):
            values.append((Column(title, unit, is_number=True), found))
    return values


def _by_arm(material: Material, cell: str, caption: str, names: list[str], values: Values) -> Table:
    """A row for each arm, with ratios to its control."""
    content = []
    controls = {material.reference(arm, cell) for arm in names}
    for arm in names:
        against = material.reference(arm, cell)
        row = [Cell(arm, style=material.styles[arm])]
        for head, found in values:
            note = ratio(found[arm], found[against]) if against not in (None, arm) else ""
            note += f" vs arm {material.styles[against].number}" if note and against else ""
            note = "control" if not note and arm in controls else note
            row.append(figure_cell(found[arm], note, 100.0 if head.unit.startswith("%") else 1.0))
        content.append(tuple(row))
    heads = (Column("arm"), *(head for head, _ in values))
    return Table(caption, heads, tuple(content), folded=len(content) > _MANY)
