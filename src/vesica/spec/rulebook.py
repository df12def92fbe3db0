"""All rules of a model: the library's, the model's, those of switches and measurements, looked up and keyed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from vesica.spec import rules, vocabulary
from vesica.spec.cells import CellType
from vesica.spec.model import ModelSpec, SwitchSpec
from vesica.spec.quantities import Given, Notes
from vesica.spec.resolved import Rule
from vesica.spec.rule_words import BOUND, ENGAGED, GRADIENT, REPRESSION, SourceWord
from vesica.spec.rules import RuleError, RuleText
from vesica.spec.structure import DEATH, Catalogue, CellPlan, words_of
from vesica.spec.vocabulary import Field

Source = Literal["library", "model", "measured"]
SECRETION: Final = "_secretion"


@dataclass(frozen=True)
class Line:
    """One rule on its way in: key, words, the place it was written at, and what supports it."""

    key: str
    rule: RuleText
    place: str
    origin: Source
    base_key: str = ""  # key in the library, before a cell type like another one got its own copy
    reference: str = ""
    doi: str = ""


@dataclass(frozen=True)
class Rulebook:
    """The rules, the parameters they need and the numbers these have."""

    rules: tuple[Rule, ...] = ()
    expected: Mapping[str, Field] = field(default_factory=dict)
    numbers: Mapping[str, Given] = field(default_factory=dict)
    agents: tuple[str, ...] = ()
    solubles: tuple[str, ...] = ()
    cargo: tuple[str, ...] = ()
    molar: Mapping[str, str] = field(default_factory=dict)  # path of a half-max -> agent or soluble
    places: Mapping[str, str] = field(default_factory=dict)  # key -> where it is written


def collect(
    spec: ModelSpec, names: Catalogue, plans: Sequence[CellPlan], chosen: Mapping[str, str], notes: Notes,
    measured: Sequence[Line] = (),
) -> Rulebook:
    """Read, look up and key every rule; a misspelt one in an option that is not chosen is found, too."""
    of_networks = _from_networks(plans, names, notes)
    of_library = _without_displaced(_from_library(names, plans, chosen), names, notes)
    lines = _without_replaced(of_library, of_networks, plans, notes) + of_networks
    measured_targets = {(line.rule.cell, line.rule.target) for line in measured}
    replaced = [line for line in lines if (line.rule.cell, line.rule.target) in measured_targets]
    lines = [line for line in lines if line not in replaced]
    lines += measured
    lines += _from_texts(spec.rules, "rules", notes)
    left_out: list[tuple[str, str]] = []
    for name, use in spec.switches.items():
        if not isinstance(use, SwitchSpec):
            continue
        for option, content in use.options.items():
            place = f"switches.{name}.options.{option}"
            new = _from_texts(content.rules, f"{place}.rules", notes)
            if chosen.get(name) == option:
                lines += new
                left_out += [(key, f"{place}.without_rules[{index}]")
                             for index, key in enumerate(content.without_rules)]
            else:
                _build(new, names, plans, notes)
                _check_keys(content.without_rules, place, [*lines, *replaced], notes)
    known = {key for line in (*lines, *replaced) for key in (line.key, line.base_key) if key}
    for key, place in left_out:
        if key not in known:
            notes.unknown(place, "rule", key, known, "nothing would be left out")
    gone = {key for key, _ in left_out}
    for line in replaced:
        if not {line.key, line.base_key} & gone:
            notes.add("note", "measured", f"the library's rule `{line.key}` is left out",
                      f"the measured change of `{line.rule.target}` holds whatever caused it",
                      "with both, the change would count twice", "nothing needs to be done")
    return _build([line for line in lines if not {line.key, line.base_key} & gone], names, plans, notes)


def _check_keys(keys: Sequence[str], place: str, lines: Sequence[Line], notes: Notes) -> None:
    known = {key for line in lines for key in (line.key, line.base_key) if key}
    for index, key in enumerate(keys):
        if key not in known:
            notes.unknown(f"{place}.without_rules[{index}]", "rule", key, known, "nothing would be left out")


def _from_library(names: Catalogue, plans: Sequence[CellPlan], chosen: Mapping[str, str]) -> list[Line]:
    """The library's rules, once for each cell type that is like theirs."""
    switched: dict[str, set[str]] = {}
    for switch in names.library.switches.values():
        for option in switch.options.values():
            for key in option.rules:
                switched.setdefault(key, set()).add(f"{switch.name}={option.name}")
    choices = {f"{name}={option}" for name, option in chosen.items()}
    lines = []
    for item in names.library.rules:
        conditions = switched.get(item.key, set()) | ({item.when} if item.when else set())
        if conditions and not conditions & choices:
            continue
        for plan in plans:
            if plan.like == item.cell:
                key = item.key if plan.name == plan.like else f"{plan.name}_{item.key}"
                text = replace(rules.parse(item.text, item.cell), cell=plan.name)
                if not _is_about(text, plan.cell, names):
                    continue
                lines.append(Line(key, text, f"library:rule.{item.key}", "library", item.key, item.source, item.doi))
    return lines


def _is_about(rule: RuleText, cell: CellType, names: Catalogue) -> bool:
    """Whether a cell type has what a rule of the library is about: some shed, some hold what a model asks for."""
    if rule.source in names.cargo and rule.source not in cell.cargo:
        return False
    if vocabulary.TRANSITION in rule.target:
        return rule.target in {f"{first}{vocabulary.TRANSITION}{then}" for chain in cell.chains
                               for first, then in chain.transitions}  # fmt: skip
    if rule.target == DEATH:
        return cell.can_die
    if rule.target.endswith(SECRETION):
        return rule.target.removesuffix(SECRETION) in cell.solubles
    return rule.target not in vocabulary.CELL_SHEDDING or cell.sheds_microvesicles


def _from_networks(plans: Sequence[CellPlan], names: Catalogue, notes: Notes) -> list[Line]:
    """The rules that come with the networks of each cell type."""
    lines = []
    for plan in plans:
        for network in plan.networks:
            place = network.place if network.is_library else f"{network.place}.rules"
            found = _from_texts(network.words.rules, place, notes, plan.name)
            if network.is_library:
                found = [replace(line, origin="library", reference=network.words.source, doi=network.words.doi)
                         for line in found if _is_about(line.rule, plan.cell, names)]
            lines += found
    return lines


def _without_displaced(lines: list[Line], names: Catalogue, notes: Notes) -> list[Line]:
    """The library's rules without those that another one of the same cell type takes the place of, where it holds."""
    takers = {rule.key: rule.instead_of for rule in names.library.rules if rule.instead_of}
    gone = {(line.rule.cell, takers[line.base_key]): line.key for line in lines if line.base_key in takers}
    for line in lines:
        taker = gone.get((line.rule.cell, line.base_key))
        if taker is not None:
            notes.add("note", "cells", f"the rule `{taker}` takes the place of `{line.key}`",
                      "a cause acts through the phenotype where the model names one", "with both, it would act twice",
                      "nothing needs to be done")
    return [line for line in lines if (line.rule.cell, line.base_key) not in gone]


def _without_replaced(
    lines: Sequence[Line], of_networks: Sequence[Line], plans: Sequence[CellPlan], notes: Notes
) -> list[Line]:
    """The library's rules without those that a network takes the place of; one note for each network.

    These act on a signal that the network gives, say what a rule that comes with it says, or are named by it.
    """
    _check_left_out(lines, plans, notes)
    named = {(plan.name, key): network.name for plan in plans for network in plan.networks
             for key in network.words.without_rules}  # fmt: skip
    given = {(plan.name, word): network.name for plan in plans for network in plan.cell.networks
             for signal in network.provides for word in vocabulary.modulable_of_signal(signal)}  # fmt: skip
    said = {_about(line): "" for line in of_networks}
    taken = {line.key: given.get((line.rule.cell, line.rule.target),
                                 named.get((line.rule.cell, line.base_key), said.get(_about(line)))) for line in lines}
    by_network: dict[str, list[str]] = {}
    for key, taker in taken.items():
        if taker is not None:
            by_network.setdefault(taker, []).append(key)
    for name, keys in sorted(by_network.items()):
        count = f"{len(keys)} rule{'s' * (len(keys) != 1)}"
        who = f"the network `{name}` takes" if name else "rules of networks take"
        notes.add("note", "networks", f"{who} the place of {count} of the library: {', '.join(keys)}",
                  "a signal that a network gives follows the network, and a cause acts on a rate by one rule",
                  "with both, it would act twice", "nothing needs to be done")
    return [line for line in lines if taken[line.key] is None]


def _check_left_out(lines: Sequence[Line], plans: Sequence[CellPlan], notes: Notes) -> None:
    """Rules that networks of the model leave out, and that do not exist."""
    known = {line.base_key for line in lines}
    for network in (network for plan in plans for network in plan.networks if not network.is_library):
        for number, key in enumerate(network.words.without_rules):
            if key not in known:
                place = f"{network.place}.without_rules[{number}]"
                notes.unknown(place, "rule", key, known, "nothing would be left out")


def _about(line: Line) -> tuple[str, str, str]:
    return line.rule.cell, line.rule.source, line.rule.target


def _from_texts(texts: Sequence[str], place: str, notes: Notes, cell: str = "") -> list[Line]:
    lines = []
    for index, text in enumerate(texts):
        try:
            rule = rules.parse(text, cell)
        except RuleError as failure:
            notes.take(failure.finding(f"{place}[{index}]"))
            continue
        lines.append(Line(rules.key_of(rule), rule, f"{place}[{index}]", "model"))
    return lines


def _build(lines: Sequence[Line], names: Catalogue, plans: Sequence[CellPlan], notes: Notes) -> Rulebook:
    words = {plan.name: words_of(plan.cell, names) for plan in plans}
    kept: list[Line] = []
    sources: dict[str, SourceWord] = {}
    for line in lines:
        if line.rule.cell not in words:
            notes.unknown(line.place, "cell type of this model", line.rule.cell, words, "the rule would never act")
            continue
        try:
            sources[line.key] = rules.look_up(line.rule, words[line.rule.cell])
        except RuleError as failure:
            notes.take(failure.finding(line.place))
            continue
        kept.append(line)
    kept = _without_duplicates(kept, notes)
    built: list[Rule] = []
    expected: dict[str, Field] = {}
    numbers: dict[str, Given] = {}
    molar: dict[str, str] = {}
    for line in sorted(kept, key=lambda line: (line.rule.cell, line.origin)):
        rule, prefix = line.rule, f"rule.{line.key}"
        units = {"half_max": sources[line.key].unit, "hill": "", "fold": "",
                 "added": words[rule.cell].targets()[rule.target].unit}  # fmt: skip
        given = {name: getattr(rule, name) for name in vocabulary.RULE if getattr(rule, name)}
        expected |= {f"{prefix}.{name}": replace(vocabulary.RULE[name], unit=units[name]) for name in given}
        numbers |= {f"{prefix}.{name}": Given(text, line.place) for name, text in given.items()}
        if sources[line.key].kind in ("agent", "soluble"):
            molar[f"{prefix}.half_max"] = rule.source
        _, at = notes.origin.place(line.place) if line.origin != "library" else (None, None)
        built.append(Rule(line.key, rule.cell, rule.source, rule.verb, rule.target,
                          rules.english(rule, words[rule.cell], lambda text: _shown(text, names)), at, rule.text,
                          line.origin, line.reference, line.doi, bool(rule.added)))  # fmt: skip

    def of_kind(kind: str, prefix: str = "") -> tuple[str, ...]:
        return tuple(sorted({rule.source.removeprefix(prefix) for rule in built
                             if sources[rule.key].kind == kind}))

    cargo = {*of_kind("bound", BOUND), *of_kind("engaged", ENGAGED), *of_kind("repression", REPRESSION)}
    solubles = tuple(sorted({*of_kind("soluble"), *of_kind("gradient", GRADIENT)}))
    return Rulebook(tuple(built), expected, numbers, of_kind("agent"), solubles, tuple(sorted(cargo)), molar,
                    {line.key: line.place for line in kept})


def _without_duplicates(lines: list[Line], notes: Notes) -> list[Line]:
    by_key = {line.key: line for line in reversed(lines)}
    for later, first in rules.duplicates((line.key, line.rule) for line in lines):
        again = next(line for line in reversed(lines) if line.key == later)
        where = by_key[first].place
        if again.rule.verb != by_key[first].rule.verb:
            notes.add("error", again.place, f"`{again.rule.text}`, and `{by_key[first].rule.verb}` in {where}",
                      "a source raises a rate of a cell or lowers it", "the two would work against each other",
                      f"delete one of them (`without_rules: [{first}]` in an option of a switch leaves one out)")
            continue
        notes.add("error", again.place, f"`{again.rule.text}` is said a second time (first: {where})",
                  "a source acts on a target of a cell by one rule", "the effect would count twice",
                  f"delete one of them (`without_rules: [{first}]` in an option of a switch leaves one out)")
    seen: set[str] = set()
    return [line for line in lines if not (line.key in seen or seen.add(line.key))]  # type: ignore[func-returns-value]


def _shown(text: str, names: Catalogue) -> str:
    """A number for a sentence: the library's value for ``@id``."""
    entry = names.library.entries.get(text[1:].strip()) if text.startswith("@") else None
    return text if entry is None else f"{entry.value:g} {entry.unit}".strip()


