"""First sections: the one-screen summary, the arms side by side, the published directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vesica.report.blocks import Cell, Column, Section, Split, Table, figure_cell
from vesica.report.material import Material, entries, get, mapping, positive, rows
from vesica.report.numbers import exact, hours, is_number, number, percent, ratio

_SIGNALS_SHOWN: Final = 3
_SAID: Final = 5
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
    follows: tuple[str, ...]
    does_not: tuple[str, ...]
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Verdict:
    """How a published direction fared, in words and as a kind of chip."""

    words: str
    kind: str


def verdict_of(row: Mapping[str, Any]) -> Verdict:
    """A published direction's verdict; one that the model assumes never counts."""
    holds, counts, label = row.get("holds"), row.get("counts_as_reproduced"), row.get("label")
    if holds is None:
        return Verdict("not tested", "plain")
    if not holds:
        return Verdict("missed", "bad")
    if counts:
        return Verdict("reproduced", "good")
    if label == "assumed":
        return Verdict("holds (assumed)", "plain")
    return Verdict("holds (not counted)", "plain") if counts is False else Verdict("holds", "plain")


def opening(material: Material) -> Opening:
    """The first screen: what was run, what came out, what follows and what does not."""
    summary, run = material.summary, material.run
    outcome = str(summary.get("outcome") or run.get("outcome") or "")
    words, kind = _OUTCOMES.get(outcome, (outcome or "outcome unknown", "plain"))
    arms = len(material.arms)
    facts = [hours(summary["duration_h"]) + " simulated"] if is_number(summary.get("duration_h")) else []
    facts += [f"{arms} arm{'s' * (arms != 1)}"] if arms else []
    facts += [f"seed {run['seed']}"] if run.get("seed") is not None else []
    facts += [f"vesica {summary['vesica']}"] if summary.get("vesica") else []
    follows, does_not = _what_follows(material)
    return Opening(
        str(summary.get("title") or "Untitled run"),
        words,
        kind,
        tuple(facts),
        tuple(map(str, rows(summary.get("headline")))),
        _at_most(follows),
        _at_most(does_not),
        tuple(_tiles(material)),
    )


def _at_most(sentences: list[str]) -> tuple[str, ...]:
    unique = list(dict.fromkeys(sentences))
    more = len(unique) - _SAID
    return (*unique[:_SAID], f"and {more} more, below") if more > 0 else tuple(unique)


def _sentence(words: object) -> str:
    """Words as a sentence without its full stop; a name such as miR-146a keeps its small letter."""
    text = str(words or "").strip().rstrip(".")
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text


def _what_follows(material: Material) -> tuple[list[str], list[str]]:
    """Sentences for what the run derives, and for what it does not."""
    follows, does_not = [], []
    for row in entries(material.summary.get("published")):
        says, label = _sentence(row.get("says") or row.get("key")), row.get("label")
        if row.get("holds") is False:
            does_not.append(f"{says}: missed")
        elif row.get("holds") and label == "assumed":
            does_not.append(f"{says}: assumed by the model, not a result")
        elif row.get("holds") and row.get("counts_as_reproduced") is not False:
            follows.append(says)
        elif row.get("holds"):
            does_not.append(f"{says}: holds, but not firmly enough to count")
    return follows, does_not + _too_little(material)


def _too_little(material: Material) -> list[str]:
    """One sentence per cargo and recipient that no arm supplies enough of: the arm that comes nearest."""
    nearest: dict[tuple[str, str], tuple[float, str]] = {}
    for arm in material.arms.values():
        for receiver, by in mapping(arm.get("required_dose")).items():
            for molecule, dose in mapping(by).items():
                needed, supplied = get(dose, "needed"), get(dose, "supplied")
                if not positive(needed) or not is_number(supplied):
                    continue
                found = (float(supplied) / float(needed), _sentence(dose.get("words")))
                nearest[receiver, molecule] = max(found, nearest.get((receiver, molecule), found))
    return [words for share, words in nearest.values() if share < 1.0 and words]


def _tiles(material: Material) -> list[Tile]:
    summary = material.summary
    tiles = []
    published = [row for row in entries(summary.get("published")) if row.get("holds") is not None]
    if published:
        free = [row for row in published if row.get("label") == "could have failed"]
        chosen, says = (free, "published directions that could have failed came out as published")
        if not free:
            chosen, says = published, "published directions hold"
        counts = [row.get("counts_as_reproduced") for row in chosen]
        won = sum(bool(row["holds"] if c is None else c) for row, c in zip(chosen, counts, strict=True))
        tiles.append(Tile(f"{won} of {len(chosen)}", says))
    confidence = {k: v for k, v in mapping(summary.get("confidence")).items() if is_number(v)}
    total = sum(confidence.values())
    if total:
        tiles.append(Tile(percent(confidence.get("estimate", 0) / total), "of the numbers are estimates"))
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
    tables += [t for cell in material.cell_types if (t := _outcomes(material, cell)) is not None]
    lead = "Every arm is a small change on one base. Numbers after × are the ratio to the reference arm."
    return Section("arms", "Arms side by side", lead, tuple(tables))


def _what_was_done(material: Material) -> Table:
    content = []
    for name, arm in material.arms.items():
        counts = [f"{cell}:\u00a0{exact(n)}" for cell, n in mapping(arm.get("counts")).items() if positive(n)]
        said = [str(line) for line in rows(arm.get("english"))]
        said += [str(d["words"]) for d in entries(arm.get("dose")) if d.get("words")]
        first, *more = list(dict.fromkeys(said)) or ["nothing added"]
        cells = Cell(counts[0], lines=tuple(counts[1:])) if counts else Cell()
        content.append((Cell(name, style=material.styles[name]), Cell(first, lines=tuple(more)), cells))
    heads = (Column("arm"), Column("what was done", is_wide=True), Column("cells"))
    return Table("What was done", heads, tuple(content))


def survival(phenotype: Mapping[str, Any]) -> float | None:
    """Share of cells alive at the end, where the states say so."""
    if is_number(phenotype.get("alive")):
        return float(phenotype["alive"])
    return 1.0 - float(phenotype["dead"]) if is_number(phenotype.get("dead")) else None


def settled(found: dict[str, object]) -> dict[str, object]:
    """Values with the rounding of a solver around zero taken away."""
    least = 1e-9 * max((abs(float(v)) for v in found.values() if is_number(v)), default=0.0)  # type: ignore[arg-type]
    return {k: 0.0 if is_number(v) and abs(float(v)) < least else v for k, v in found.items()}  # type: ignore[arg-type]


def _chosen_signals(material: Material, cell: str, names: list[str]) -> list[str]:
    """Signals to tabulate: those that published directions name, then those that differ most."""
    of = {arm: mapping(get(material.arms[arm], "cells", cell, "signals")) for arm in names}
    known = list(dict.fromkeys(signal for signals in of.values() for signal in signals))
    asked = [str(row.get("quantity", "")) for row in entries(material.summary.get("published"))]
    first = [s for s in known if any(q == f"{cell}.{s}" or q.startswith(f"{cell}.{s}.") for q in asked)]

    def change(signal: str) -> float:
        finals = [f for arm in names if is_number(f := get(of[arm], signal, "final"))]
        top = max(map(abs, finals), default=0.0)
        return (max(finals) - min(finals)) / top if top else 0.0

    rest = sorted((s for s in known if s not in first and change(s) > 0.02), key=change, reverse=True)
    return (first + rest)[: max(_SIGNALS_SHOWN, len(first))]


def _outcomes(material: Material, cell: str) -> Table | None:
    """One row per arm that holds the cell type: release, uptake, signals, survival with ratios."""
    names = [arm for arm in material.arms_with(cell) if get(material.arms[arm], "cells", cell) is not None]
    if not names:
        return None
    values: list[tuple[Column, dict[str, object]]] = []

    def column(title: str, unit: str, *keys: str) -> None:
        found = {arm: get(material.arms[arm], "cells", cell, *keys) for arm in names}
        if any(is_number(v) for v in found.values()):
            values.append((Column(title, unit, is_number=True), found))

    column("released", "EV/cell/h", "released_per_cell_per_hour")
    column("taken up", "EV/cell", "taken_up_per_cell")
    for signal in _chosen_signals(material, cell, names):
        column(material.label(f"{cell}.{signal}"), "at the end, relative level", "signals", signal, "final")
    values = [(head, settled(found)) for head, found in values]
    alive = {arm: survival(mapping(get(material.arms[arm], "cells", cell, "phenotype"))) for arm in names}
    if any(v is not None for v in alive.values()):
        values.append((Column("survival", "% of cells", is_number=True), alive))
    if not values:
        return None
    content = []
    for arm in names:
        against = material.reference(arm, cell)
        row = [Cell(arm, style=material.styles[arm])]
        for head, found in values:
            note = "reference" if against in (None, arm) else ratio(found[arm], found[against])
            note += f" vs arm {material.styles[against].number}" if note.startswith("×") and against else ""
            row.append(figure_cell(found[arm], note, 100.0 if head.title == "survival" else 1.0))
        content.append(tuple(row))
    heads = (Column("arm"), *(head for head, _ in values))
    return Table(f"{cell}: what came out", heads, tuple(content))


def published(material: Material) -> Section:
    """Published directions, with what was assumed kept apart from what could have failed."""
    found = entries(material.summary.get("published"))
    if not found:
        return Section("published", "Published directions")
    verdicts = [verdict_of(row) for row in found]
    tally = {
        words: sum(v.words == words for v in verdicts) for words in dict.fromkeys(v.words for v in verdicts)
    }
    lead = (
        f"{len(found)} published directions: {'; '.join(f'{n} {words}' for words, n in tally.items())}. "
        "A direction counts as reproduced only if it could have failed: "
        "if nothing in the model presupposes it."
    )
    has_draws = any(mapping(row.get("draws")) for row in found)
    if not has_draws:
        lead += (
            " No draws over the inputs were made here, so nothing is said about how firmly a direction holds."
        )
    heads = [Column("published", is_wide=True), Column("verdict"), Column("in this run", is_wide=True)]
    if has_draws:
        heads += [
            Column("over draws of the inputs", "rest: no change"),
            Column("decided by", "rank correlation"),
        ]
    content = tuple(_published_row(row, v)[: len(heads)] for row, v in zip(found, verdicts, strict=True))
    table = Table("Published directions", tuple(heads), content)
    return Section("published", "Published directions", lead, (table,))


def _published_row(row: Mapping[str, Any], verdict: Verdict) -> tuple[Cell, ...]:
    expected = {"increase": "up", "decrease": "down", "no_change": "no change"}.get(
        str(row.get("direction")), ""
    )
    compared = [str(row.get("quantity") or "")]
    compared += [f"{row.get('arm')} against {row.get('against')}"] if row.get("arm") else []
    came = f"×{number(row.get('ratio'))}" if is_number(row.get("ratio")) else "not measured"
    draws = tuple(_split(str(name), mapping(d)) for name, d in mapping(row.get("draws")).items())
    label = str(row.get("label") or "")
    chips = ((label, "free" if label == "could have failed" else "plain"),) if label else ()
    decided = [
        f"{pair[0]} ({number(pair[1], 2)})"
        for pair in map(rows, rows(row.get("decided_by")))
        if len(pair) == 2
    ]
    words = "" if is_number(row.get("ratio")) else str(row.get("words") or "")
    return (
        Cell(
            _sentence(row.get("says") or row.get("key")),
            str(row.get("source") or ""),
            lines=(words,) if words else (),
        ),
        Cell(verdict.words, kind=verdict.kind, chips=chips),
        Cell(f"{came} (published: {expected})" if expected else came, lines=tuple(filter(None, compared))),
        Cell("", splits=draws) if draws else Cell("no draws"),
        Cell(decided[0], lines=tuple(decided[1:2])) if decided else Cell(),
    )


def _split(name: str, draw: Mapping[str, Any]) -> Split:
    """Shares of the draws, whether they came as counts, shares or per cent."""
    names = {"holds": "hold", "neither": "none", "opposite": "opposite"}
    known = {key: float(draw[key]) for key in names if is_number(draw.get(key))}
    if not known:
        return Split(name, (), "not drawn")
    total = sum(known.values()) if len(known) == len(names) else 1.0 if max(known.values()) <= 1.0 else 100.0
    shares = {key: value / (total or 1.0) for key, value in known.items()}
    said = [
        f"{percent(shares[key])} {words}"
        for key, words in (("holds", "hold"), ("opposite", "opposite"))
        if key in shares
    ]
    return Split(name, tuple((names[key], 100.0 * share) for key, share in shares.items()), ", ".join(said))
