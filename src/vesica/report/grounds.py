"""Sections that weigh the run: required dose, mixing, measurements, rules, switches, ledger."""

from __future__ import annotations

from typing import Any, Final

from vesica.report.blocks import Cell, Column, Figure, Items, Prose, Section, Table, dots_panel, figure_cell
from vesica.report.charts import Dot, DotRow
from vesica.report.material import Material, entries, get, mapping, rows
from vesica.report.numbers import is_number, number, percent, ranges
from vesica.report.passage import FATES
from vesica.report.ratios import RatioRow, ratio_panel
from vesica.units import factor, readable

_MIXING: Final = ("words", "depth_um", "diffusion_time_h", "still_share", "stirred_share", "ceiling_share")


def required_dose(material: Material) -> Section:
    """Vesicles needed for the cargo to act, beside the vesicles supplied."""
    found: dict[tuple[str, str], list[tuple[str, Any]]] = {}
    for name, arm in material.arms.items():
        for receiver, by in mapping(arm.get("required_dose")).items():
            for molecule, dose in mapping(by).items():
                found.setdefault((str(receiver), str(molecule)), []).append((name, mapping(dose)))
    blocks: list[Any] = []
    table = []
    for (receiver, molecule), doses in found.items():
        known = [(n, d) for n, d in doses if is_number(d.get("needed")) and is_number(d.get("supplied"))]
        label = f"{material.label(f'{receiver}.{molecule}')} in {receiver}"
        content = [_dose_row(material, name, dose) for name, dose in known]
        if any(dot.value > 0.0 for row in content for dot in row.dots):
            panel = dots_panel(content, f"{label}: needed and supplied", "EV internalised per cell per hour")
            caption = (
                "Log axis. Disc: supplied in this arm. Upright bar: needed for the cargo to act by itself."
            )
            blocks.append(Figure(caption, (panel,), title=label))
        for name, dose in doses:
            table.append(_dose_cells(material, label, name, dose))
    if table:
        unit = "EV/cell/h"
        heads = (
            Column("cargo and recipient"),
            Column("arm"),
            Column("needed", unit, is_number=True),
            Column("supplied", unit, is_number=True),
            Column("verdict"),
            Column("in words", is_wide=True),
        )
        blocks.append(Table("Required dose in numbers and words", heads, tuple(table)))
    lead = "Vesicles that a recipient would have to take in for the received copies alone to act."
    return Section("dose", "Required dose", lead if blocks else "", tuple(blocks))


def _dose_row(material: Material, name: str, dose: Any) -> DotRow:
    style, needed, supplied = material.styles[name], float(dose["needed"]), float(dose["supplied"])
    short = (
        ""
        if supplied <= 0.0
        else f"{number(100 * supplied / needed, 2)} % of the need"
        if needed > 0.0
        else ""
    )
    disc = Dot(supplied, style.css, "supplied", "filled" if supplied > 0.0 else "hollow")
    dots = (disc, Dot(needed, "threshold", "needed", "bar"))
    return DotRow(name, dots, style, note="none supplied" if supplied <= 0.0 else short, joined=True)


def _dose_cells(material: Material, label: str, name: str, dose: Any) -> tuple[Cell, ...]:
    needed, supplied = dose.get("needed"), dose.get("supplied")
    verdict = str(dose.get("verdict") or "")
    enough = is_number(needed) and is_number(supplied) and supplied >= needed
    return (
        Cell(label),
        Cell(name, style=material.styles[name]),
        figure_cell(needed),
        figure_cell(supplied),
        Cell(verdict.replace("_", " ") or "–", kind="good" if enough else "warn"),
        Cell(str(dose.get("words") or "")),
    )


def mixing(material: Material) -> Section:
    """What of a dose reached the cells, with both bounds; arms that agree share a row."""
    alike: dict[tuple[object, ...], list[str]] = {}
    for name, arm in material.arms.items():
        finding = mapping(arm.get("mixing"))
        if finding:
            alike.setdefault(tuple(finding.get(key) for key in _MIXING), []).append(name)
    if not alike:
        return Section("mixing", "Nominal and delivered dose")
    blocks: list[Any] = []
    said = tuple(dict.fromkeys(str(words) for words, *_ in alike if words))
    if said:
        blocks.append(Prose(said))
    content, table = [], []
    for (_, depth, time, still, stirred, ceiling), names in alike.items():
        style = material.styles[names[0]] if len(names) == 1 else None
        label = names[0] if style else f"arms {ranges([material.styles[name].number for name in names])}"
        if is_number(still) and is_number(stirred):
            css = style.css if style else "several"
            dots = (
                Dot(100 * float(still), css, "still", "hollow"),
                Dot(100 * float(stirred), css, "stirred"),
            )
            dots += (Dot(100 * float(ceiling), "threshold", "ceiling", "bar"),) if is_number(ceiling) else ()
            bounds = percent(still) if still == stirred else f"{percent(still)} to {percent(stirred)}"
            content.append(DotRow(label, dots, style, bounds, joined=True))
        shares = tuple(Cell(percent(share)) for share in (still, stirred, ceiling))
        table.append((Cell(label, style=style), figure_cell(depth, factor=1e-3), figure_cell(time), *shares))
    if content:
        title = "share of the vesicles that reaches the cells"
        panel = dots_panel(content, title, f"{title} (%)", limits=(0.0, 100.0), is_log=False)
        caption = "Hollow: still medium. Disc: stirred medium. The words above say which was computed."
        if any(dot.words == "ceiling" for row in content for dot in row.dots):
            caption += " Upright bar: the most that diffusion alone brings to the bottom."
        blocks.append(Figure(caption, (panel,)))
    heads = (
        Column("arm"),
        Column("depth of the medium", "mm", is_number=True),
        Column("time to diffuse through it", "h", is_number=True),
        Column("still", is_number=True),
        Column("stirred", is_number=True),
        Column("most by diffusion", is_number=True),
    )
    blocks.append(Table("Delivered share of the dose, both bounds", heads, tuple(table), folded=bool(content)))
    return Section("mixing", "Nominal and delivered dose", "", tuple(blocks))


def _detail(value: object) -> str:
    if is_number(value):
        return number(value)
    numbers = [x for x in rows(value) if is_number(x)]
    if numbers:
        if len(numbers) <= 4:
            return ", ".join(number(x) for x in numbers)
        return f"{len(numbers)} values from {number(min(numbers))} to {number(max(numbers))}"
    return str(value)


def _held_against(material: Material) -> tuple[Any, ...]:
    """Predicted beside measured, one row for each arm and cargo."""
    content = []
    for measured in entries(material.summary.get("measurements")):
        cell = str(measured.get("key") or "").partition(".")[0]
        for row in entries(measured.get("held_against")):
            value, found = row.get("predicted"), row.get("measured")
            if not is_number(value) or not is_number(found):
                continue
            low, high = row.get("low"), row.get("high")
            span = (float(low), float(high)) if is_number(low) and is_number(high) else None
            arm = str(row.get("arm") or "")
            cargo = material.label(f"{cell}.{row.get('cargo')}")
            label = f"{cargo} per vesicle, {arm} over {row.get('against')}"
            kind = "input" if row.get("was_input") else "predicted"
            verdict = "inside" if row.get("agrees") else "outside"
            within = f" ({number(low, 2)} to {number(high, 2)}): {verdict}" if span else ""
            note = f"{kind} ×{number(value)}, measured ×{number(found)}{within}"
            content.append(RatioRow(label, float(value), material.styles.get(arm), note, float(found), span))
    if not content:
        return ()
    panel = ratio_panel(content, "predicted beside measured", "change against the untreated arm (ratio)")
    caption = "Disc: this run. Upright bar with whiskers: measured, 95 % interval. Grey band: no change, within 10 %."
    caption += " Log axis. A round trip (input) uses the measurement itself, so that it agrees is no evidence."
    return (Figure(caption, (panel,), title="Predicted beside measured"),)


def measurements(material: Material) -> Section:
    """Numbers read from the user's files, and what the run says beside them."""
    figures = _held_against(material)
    content = []
    for row in entries(material.summary.get("measurements")):
        details = [
            f"{str(k).replace('_', ' ')}: {_detail(v)}" for k, v in mapping(row.get("details")).items()
        ]
        first = Cell(details[0], lines=tuple(details[1:])) if details else Cell()
        content.append(
            (
                Cell(str(row.get("key") or ""), str(row.get("file") or "")),
                Cell(str(row.get("says") or "")),
                first,
            )
        )
    heads = (Column("number and file"), Column("what was read", is_wide=True), Column("details"))
    table = Table("What was read from the files", heads, tuple(content), folded=bool(content) and bool(figures))
    blocks = (*figures, table) if content else ()
    lead = "These numbers come from instrument files of the user, not from the literature." if content else ""
    return Section("measurements", "Measurements read from files", lead, blocks)


def _strength(row: object) -> Cell:
    """A factor, or what is added with its unit."""
    if not isinstance(row, dict):
        return figure_cell(row)
    try:
        unit = readable(str(row["unit"]))
        added = float(row["added"]) * factor(str(row["unit"]), "" if unit == "1" else unit)
    except ValueError:  # an old folder may name a unit that nobody knows
        unit, added = str(row["unit"]), float(row["added"])
    return Cell(f"+ {number(added)} {unit}")


def rules(material: Material) -> Section:
    """Signalling rules in plain English, and how far each was in force at the end."""
    found = entries(material.summary.get("rules"))
    items = tuple(
        Cell(str(r.get("english") or r.get("key") or ""), str(r.get("source") or "")) for r in found
    )
    blocks: list[Any] = [Items(items)] if items else []
    factors: dict[tuple[str, str, str], dict[str, object]] = {}
    for name, arm in material.arms.items():
        for cell, targets in mapping(arm.get("rule_factors")).items():
            for target, by in mapping(targets).items():
                for row in entries(by):
                    key = (str(row.get("rule") or ""), str(cell), str(target))
                    factors.setdefault(key, {})[name] = row if "added" in row else row.get("factor")
    if factors:
        names = [name for name in material.arms if any(name in by for by in factors.values())]
        content = tuple(
            (Cell(rule, f"{cell}, on {target}"), *(_strength(by.get(name)) for name in names))
            for (rule, cell, target), by in factors.items()
        )
        heads = (Column("rule"), *(Column(name, is_number=True) for name in names))
        blocks.append(Table("What each rule does at the end of the run", heads, content, folded=True))
    lead = (
        "Each rule multiplies one rate by a factor between 1 (source absent) and the stated limit, or adds to it "
        "before all factors."
        if blocks
        else ""
    )
    return Section("rules", "Rules in plain English", lead, tuple(blocks))


def switches(material: Material) -> Section:
    """Contested choices: the one in use and the alternatives."""
    content = []
    for name, switch in mapping(material.summary.get("switches")).items():
        if not isinstance(switch, dict):
            content.append((Cell(str(name)), Cell(str(switch)), Cell(), Cell()))
            continue
        options, chosen = switch.get("options"), str(switch.get("chosen") or "")
        says = mapping(options) or dict.fromkeys(map(str, rows(options)), "")
        others = [f"{o}: {s}" if s else str(o) for o, s in says.items() if o != chosen]
        head = Cell(str(switch.get("label") or name), str(name) if switch.get("label") else "")
        rest = Cell(others[0], lines=tuple(others[1:])) if others else Cell("none")
        content.append(
            (head, Cell(chosen, str(says.get(chosen) or "")), rest, Cell(str(switch.get("source") or "")))
        )
    heads = (
        Column("question"),
        Column("chosen", is_wide=True),
        Column("alternatives", is_wide=True),
        Column("source"),
    )
    blocks = (Table("Contested switches", heads, tuple(content)),) if content else ()
    lead = (
        "Where the literature disagrees, the run had to choose. Another choice may give another answer."
        if content
        else ""
    )
    return Section("switches", "Contested switches", lead, blocks)


def ledger(material: Material) -> Section:
    """Every vesicle and every copy accounted for, with the residual."""
    vesicles = [
        (Cell(name, style=material.styles[name]), mapping(get(arm, "ledger", "vesicles")))
        for name, arm in material.arms.items()
        if mapping(get(arm, "ledger", "vesicles"))
    ]
    cargo = [
        (Cell(str(molecule), name), mapping(row))
        for name, arm in material.arms.items()
        for molecule, row in mapping(get(arm, "ledger", "cargo")).items()
        if mapping(row)
    ]
    blocks = [_ledger_table("Vesicles (EV)", "arm", vesicles, folded=False)] if vesicles else []
    blocks += [_ledger_table("Cargo (copies)", "cargo, arm", cargo, folded=True)] if cargo else []
    lead = (
        "Made + added = the sum of all fates. The residual is what is left over, relative to made + added; "
        "no fate is computed as the difference."
    )
    if mapping(material.summary.get("whole")):
        lead += (" In whole numbers, vesicles that bud and fuse back between two looks at an MVB are in neither `made` "
                 "nor `returned`: both are lower than in a run of means, by the same number.")
    return Section("ledger", "Ledger", lead if blocks else "", tuple(blocks))


def _ledger_table(caption: str, head: str, content: list[tuple[Cell, Any]], *, folded: bool) -> Table:
    keys = [
        k for k in ("made", "added", *FATES, "residual") if any(is_number(row.get(k)) for _, row in content)
    ]
    heads = (
        Column(head),
        *(Column(k.replace("_", " ").replace("mvb", "MVBs"), is_number=True) for k in keys),
    )
    body = tuple((first, *(figure_cell(row.get(k)) for k in keys)) for first, row in content)
    return Table(caption, heads, body, folded=folded)
