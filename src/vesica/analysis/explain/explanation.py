"""Everything a model or a library rests on, in one frozen piece that screen, JSON and page show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from vesica.analysis.explain import numbers, parts, uses
from vesica.analysis.explain.numbers import Row
from vesica.analysis.explain.parts import Part
from vesica.library import Library, load
from vesica.library.loader import LIBRARIES
from vesica.spec.resolved import ResolvedModel

_ID: Final = re.compile(r"@([A-Za-z][\w.]*\w)")


@dataclass(frozen=True)
class RuleSaid:
    """A rule in English, and what supports its direction."""

    cell: str
    says: str
    origin: str = ""
    source: str = ""
    doi: str = ""
    line: int | None = None
    key: str = ""


@dataclass(frozen=True)
class Choice:
    """A contested switch: what it is about, the option in use, and what each option says."""

    name: str
    label: str
    chosen: str
    options: tuple[tuple[str, str], ...]
    source: str = ""


@dataclass(frozen=True)
class Explanation:
    """What a model, or a whole library, rests on."""

    kind: str  # "model" or "library"
    title: str
    rows: tuple[Row, ...]
    rules: tuple[RuleSaid, ...] = ()
    parts: tuple[Part, ...] = ()
    choices: tuple[Choice, ...] = ()
    arms: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def confidence(self) -> dict[str, int]:
        """Numbers by confidence."""
        return numbers.counts(self.rows)

    @property
    def owners(self) -> tuple[str, ...]:
        """What the numbers belong to, in order."""
        return tuple(dict.fromkeys(row.owner for row in self.rows))


def of_model(model: ResolvedModel) -> Explanation:
    """Explain a resolved model."""
    rests, labels = uses.of_model(model), _labels(model)
    listed = sorted(model.parameters.values(), key=lambda number: number.path)
    return Explanation(
        "model", model.title,
        tuple(numbers.of_parameter(number, labels[number.path], rests.get(number.path, ())) for number in listed),
        tuple(RuleSaid(rule.cell, rule.english, rule.origin, rule.reference, rule.doi, rule.line, rule.key)
              for rule in model.rules),
        (*(part for cell in model.cells for part in parts.of_cell(cell, model.parameters)),
         *(parts.of_network("medium", network, model.parameters) for network in model.networks)),
        tuple(Choice(switch.name, switch.label, switch.chosen, tuple(switch.options.items()), switch.source)
              for switch in model.switches),
        tuple((arm.name, arm.english) for arm in model.arms),
    )


def _labels(model: ResolvedModel) -> Mapping[str, str]:
    """What each number is: as its place in the model says, by the word that names it, or as the library has it."""
    entries = load(LIBRARIES[0]).entries
    placed = {f"{cell.name}.{state.name}.{rate}": f"factor on {rate} while a cell is {state.label or state.name}"
              for cell in model.cells for chain in cell.chains for state in chain.states for rate in state.owns}
    for spread in (spread for cell in model.cells for spread in cell.spreads):
        whose = spread.paths if len(spread.variations) == len(spread.paths) else [", ".join(spread.paths)]
        placed |= {path: f"spread from cell to cell of {what}"
                   for path, what in zip(spread.variations, whose, strict=False)}
        placed |= {spread.correlation: f"correlation of {', '.join(spread.paths)}"} if spread.correlation else {}
    found = {}
    for path, number in model.parameters.items():
        label = placed.get(path) or numbers.label_of(number)
        if not label and number.entry in entries:
            label = entries[number.entry].quantity
        found[path] = label or "a constant of the model"
    return found


def of_library(library: Library) -> Explanation:
    """Explain a whole library, without a model."""
    rests = uses.of_library(library)
    listed = sorted(library.entries.values(), key=lambda entry: entry.id)
    inside = [parts.of_words("", name, words) for name, words in sorted(library.networks.items())]
    inside += [parts.of_chain_words(cell.name, name, words) for cell in library.cells.values()
               for name, words in cell.phenotypes.items()]
    return Explanation(
        "library", f"Library {library.name}",
        tuple(numbers.of_entry(entry, rests.get(entry.id, ())) for entry in listed),
        tuple(RuleSaid(rule.cell, _filled(rule.text, library) + (f" (only where {rule.when})" if rule.when else ""),
                       "library", rule.source, rule.doi, None, rule.key) for rule in library.rules),
        tuple(replace(part, lines=tuple(replace(line, says=_filled(line.says, library)) for line in part.lines))
              for part in inside),
        tuple(Choice(switch.name, switch.label, switch.default,
                     tuple((option.name, option.says) for option in switch.options.values()), switch.source)
              for switch in library.switches.values()),
    )


def _filled(text: str, library: Library) -> str:
    """Words of the library with numbers in place of ids."""
    def number(found: re.Match[str]) -> str:
        entry = library.entries.get(found[1])
        return found[0] if entry is None else f"{entry.value:g} {entry.unit}".strip()

    return _ID.sub(number, text)


def as_data(found: Explanation, rows: tuple[Row, ...]) -> Mapping[str, Any]:
    """For ``--json``, with the rows that were asked for."""
    return {
        "title": found.title, "kind": found.kind, "confidence": found.confidence,
        "parameters": [{**vars(row), "rests": list(row.rests)} for row in rows],
        "rules": [vars(rule) | {"english": rule.says} for rule in found.rules],
        "parts": [{**vars(part), "title": part.title, "lines": [vars(line) for line in part.lines]}
                  for part in found.parts],
        "switches": {one.name: {"chosen": one.chosen, "options": dict(one.options), "label": one.label,
                                "source": one.source} for one in found.choices},
        "arms": {name: list(english) for name, english in found.arms},
    }
