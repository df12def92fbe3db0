"""Last sections: confidence, parameters, findings, citations, how to make the run again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, Final

from vesica.report.blocks import Cell, Code, Column, Figure, Items, Key, Prose, Section, Table, stacked_panel
from vesica.report.charts import Bar, Segment
from vesica.report.material import Material, entries, mapping, rows
from vesica.report.numbers import exact, is_number, number, parameter_texts, percent

CONFIDENCE: Final = {
    "measured": "read from the user's data",
    "seen": "read in the source itself",
    "known": "well known, source not re-read",
    "given": "written by the user in the model",
    "estimate": "estimated: no direct measurement",
}


def confidence(material: Material) -> Section:
    """How much of the run rests on what."""
    return confidence_of(mapping(material.summary.get("confidence")))


def confidence_of(counts: Mapping[str, Any]) -> Section:
    """Shares of numbers by confidence."""
    known = {tag: float(counts[tag]) for tag in CONFIDENCE if is_number(counts.get(tag))}
    total = sum(known.values())
    if not total:
        return Section("confidence", "What the numbers rest on")
    segments = tuple(Segment(tag, f"trust-{tag}", n / total) for tag, n in known.items() if n)
    bar = Bar("all numbers", segments, f"{exact(total)} numbers")
    panel = stacked_panel([bar], "numbers by confidence", "share of the numbers (%)")
    keys = tuple(Key(f"{tag} ({exact(n)})", css=f"trust-{tag}") for tag, n in known.items() if n)
    content = tuple(
        (Cell(tag), Cell(CONFIDENCE[tag]), Cell(exact(n)), Cell(percent(n / total)))
        for tag, n in known.items()
    )
    heads = (
        Column("tag"),
        Column("meaning"),
        Column("numbers", is_number=True),
        Column("share", is_number=True),
    )
    estimates = known.get("estimate", 0.0)
    lead = (
        f"{exact(estimates)} of {exact(total)} numbers ({percent(estimates / total)}) are estimates. "
        "Conclusions that hold only at one value of an estimate are not conclusions."
    )
    blocks = (
        Figure("Numbers used, by confidence.", (panel,), keys),
        Table("Counts", heads, content),
    )
    return Section("confidence", "What the numbers rest on", lead, blocks)


def parameters(material: Material) -> Section:
    """Every number, by owner."""
    found = entries(material.summary.get("parameters"))
    owners: dict[str, list[Any]] = {}
    for row in found:
        owners.setdefault(str(row.get("path") or "").split(".", 1)[0], []).append(row)
    heads = (
        Column("number"),
        Column("value", is_number=True),
        Column("range", "same unit", is_number=True),
        Column("confidence"),
        Column("source and reason", is_wide=True),
    )
    tables = tuple(
        Table(
            f"{owner}: {exact(len(members))} number{'s' * (len(members) != 1)}",
            heads,
            tuple(map(_parameter_row, members)),
            folded=True,
        )
        for owner, members in owners.items()
    )
    lead = (
        f"All {exact(len(found))} numbers of the run, in the units people read; open a group to see them."
        if found
        else ""
    )
    return Section("parameters", "Every number", lead, tables)


def _parameter_row(row: Any) -> tuple[Cell, ...]:
    value, span = parameter_texts(row.get("value"), row.get("unit"), row.get("low"), row.get("high"))
    tag = str(row.get("confidence") or "")
    source, reason, doi = (str(row.get(key) or "") for key in ("source", "reason", "doi"))
    said = Cell(source or ("no source" if not doi else ""), reason, doi=doi)
    return (
        Cell(str(row.get("path") or ""), str(row.get("entry") or "")),
        Cell(value),
        Cell(span),
        _tag(tag),
        said,
    )


def _tag(tag: str) -> Cell:
    return Cell(tag, kind=f"trust-{tag}" if tag in CONFIDENCE else "plain") if tag else Cell()


def findings(material: Material) -> Section:
    """What the checks said about the model."""
    kinds = {"error": "bad", "warning": "warn", "note": "plain"}
    content = []
    for row in entries(material.summary.get("findings")):
        severity = str(row.get("severity") or "note")
        place = ":".join(str(row[k]) for k in ("file", "line") if row.get(k) is not None)
        first, *more = [
            f"{str(row[k]).rstrip('.')}." for k in ("wrote", "rule", "consequence", "fix") if row.get(k)
        ] or ["–"]
        where = Cell(str(row.get("path") or "the model"), place)
        content.append(
            (where, Cell(severity, kind=kinds.get(severity, "plain")), Cell(first, lines=tuple(more)))
        )
    plain = [str(row) for row in rows(material.summary.get("findings")) if isinstance(row, str)]
    heads = (Column("where"), Column("severity"), Column("what, why, and what to do", is_wide=True))
    blocks: list[Any] = [Table("Findings", heads, tuple(content))] if content else []
    blocks += [Items(tuple(map(Cell, plain)))] if plain else []
    if not blocks and material.summary.get("findings") is not None:
        blocks = [Prose(("The checks had nothing to say about this model.",))]
    return Section("findings", "Findings", "", tuple(blocks))


def citations(material: Material) -> Section:
    """Works that this run used, and what for."""
    items = []
    for row in entries(material.summary.get("citations")):
        used = [str(u) for u in rows(row.get("used_for"))]
        shown = ", ".join(used[:6]) + (f" and {len(used) - 6} more" if len(used) > 6 else "")
        items.append(
            Cell(
                str(row.get("source") or ""),
                f"used for {shown}" if used else "",
                doi=str(row.get("doi") or ""),
            )
        )
    return Section("citations", "Citations", "", (Items(tuple(items)),) if items else ())


def again(material: Material) -> Section:
    """Command, seed and versions with which the run can be made again."""
    run = material.run
    if not run:
        return Section("again", "How to make it again")
    command = run.get("command")
    line = shlex.join(map(str, command)) if rows(command) else str(command or "")
    arguments = run.get("arguments")
    if rows(arguments) and not all(str(a) in line for a in rows(arguments)):
        line = f"{line} {shlex.join(map(str, rows(arguments)))}".strip()
    facts: list[tuple[str, str]] = []
    for key, title in (
        ("seed", "seed"),
        ("started", "started"),
        ("outcome", "outcome"),
        ("message", "message"),
    ):
        facts += [(title, str(run[key]))] if run.get(key) not in (None, "") else []
    facts += [("wall time", f"{number(run['wall_seconds'])} s")] if is_number(run.get("wall_seconds")) else []
    facts += (
        [("peak memory", f"{number(run['peak_memory_mb'])} MB")]
        if is_number(run.get("peak_memory_mb"))
        else []
    )
    facts += [("vesica", str(run["vesica"]))] if run.get("vesica") else []
    for title in ("versions", "solver"):
        said = ", ".join(
            f"{k} {number(v) if is_number(v) else v}" for k, v in mapping(run.get(title)).items()
        )
        facts += [(title, said)] if said else []
    facts += [(str(k), str(v)) for k, v in mapping(arguments).items() if str(k) not in dict(facts)]
    blocks: list[Any] = [Code(line)] if line else []
    heads = (Column("what"), Column("value", is_wide=True))
    blocks.append(Table("The run", heads, tuple((Cell(k), Cell(v)) for k, v in facts)))
    lead = "The folder holds the model as given (model.yaml) and with every number resolved (spec.yaml)."
    return Section("again", "How to make it again", lead, tuple(blocks))
