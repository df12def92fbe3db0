"""What rests on a number: the rules, reactions and arms of a model, the cells and rules of a library."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from vesica.analysis.explain.parts import reaction_text
from vesica.library import Library
from vesica.library.records import CellEntry
from vesica.spec.expressions import names_in
from vesica.spec.resolved import ResolvedModel, Rule
from vesica.spec.rule_checks import base_paths

_ID: Final = re.compile(r"@([A-Za-z][\w.]*\w)")
# word of a rule's target -> numbers of the thing it names
_ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "_production": ("basal", "decay_rate"), "_decay": ("decay_rate",), "_enrichment": ("enrichment",),
    "_secretion": ("secretion_rate",), "_translation": ("translation_rate",),
}


def of_model(model: ResolvedModel) -> Mapping[str, tuple[str, ...]]:
    """Sentences by path."""
    return _gathered([*_rules(model), *_inside(model), *_arms(model)])


def _gathered(pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, says in pairs:
        found[name].append(says)
    return {name: tuple(dict.fromkeys(says)) for name, says in found.items()}


def _rules(model: ResolvedModel) -> Iterator[tuple[str, str]]:
    for rule in model.rules:
        for path in (*(f"rule.{rule.key}.{name}" for name in ("half_max", "hill", "fold", "added")), *_targets(rule)):
            yield path, f"{rule.cell}: {rule.english}"


def _inside(model: ResolvedModel) -> Iterator[tuple[str, str]]:
    for owner, network in model.every_network:
        lines = [(f"{network.name}, {one.name}: {reaction_text(one)}", one.rate) for one in network.reactions]
        lines += [(f"{network.name}: {one.name} is computed", one.value) for one in network.assignments]
        for says, tree in lines:
            for name in sorted(set(names_in(tree))):
                yield f"{owner}.{network.name}.{name}", says
                yield f"{owner}.{name}.initial", says
    for cell in model.cells:
        for spread in cell.spreads:
            yield from ((path, "differs from cell to cell") for path in spread.paths)


def _arms(model: ResolvedModel) -> Iterator[tuple[str, str]]:
    for arm in model.arms:
        yield from ((path, f"arm {arm.name} multiplies it by {factor:.4g}") for path, factor in arm.factors.items())
        yield from ((path, f"arm {arm.name} has a value of its own") for path in arm.values)
        yield from ((path, f"arm {arm.name} takes away a gene that it needs") for one in arm.losses
                    for path in (one.path, one.fold))
        for held in arm.inhibitions:
            used = [drug for drug in model.drugs if drug.name == held.drug]
            yield from ((path, f"arm {arm.name} changes it by {held.drug}") for drug in used for rate in held.paths
                        for path in (rate, *base_paths(model, *rate.split(".", maxsplit=1))))
            yield from ((path, f"arm {arm.name} uses {held.drug}") for path in model.parameters
                        if path.startswith(f"drug.{held.drug}."))


def _targets(rule: Rule) -> Iterator[str]:
    yield f"{rule.cell}.{rule.target}"
    if "_to_" in rule.target:
        yield f"{rule.cell}.{rule.target}.hazard"
    for ending, names in _ENDINGS.items():
        if rule.target.endswith(ending):
            yield from (f"{rule.cell}.{rule.target.removesuffix(ending)}.{name}" for name in names)


def of_library(library: Library) -> Mapping[str, tuple[str, ...]]:
    """Places that use an entry, by its id."""
    pairs = [*_common(library), *(pair for cell in library.cells.values() for pair in _cell(cell)),
             *_others(library)]
    return _gathered((entry, place) for entry, place in pairs if entry in library.entries)


def _common(library: Library) -> Iterator[tuple[str, str]]:
    yield from ((entry, f"{name} of every cell type without its own") for name, entry in library.machinery.items())
    yield from ((entry, f"{name} of the medium") for name, entry in library.medium.items())
    yield library.microvesicle_enrichment, "enrichment of every cargo in microvesicles without its own"
    for drug in library.agents.values():
        yield from ((getattr(drug, name), f"{name} of {drug.name}") for name in ("molar_mass", "washout_rate"))
        yield from ((entry, f"{name} of {drug.name} on {effect.target}") for effect in drug.effects
                    for name, entry in effect.numbers().items())
    for gene in library.genes.values():
        yield from ((entry, f"{name} without {gene.name}") for name, entry in gene.folds.items())
    for soluble in library.solubles.values():
        yield from ((getattr(soluble, name), f"{name} of {soluble.name}") for name in ("molar_mass", "decay_rate"))


def _cell(cell: CellEntry) -> Iterator[tuple[str, str]]:
    yield from ((entry, f"{name} of {cell.name}") for name, entry in cell.parameters.items())
    for table in (cell.signals, cell.cargo, cell.microvesicle_cargo, cell.targets, cell.solubles,
                  cell.offered_cargo, cell.offered_targets, cell.offered_solubles):
        for thing, item in table.items():
            yield from ((entry, f"{name} of {thing} in {cell.name}") for name, entry in item.numbers().items())
    for words in (cell.phenotypes, cell.ligands, cell.translations):
        yield from ((entry, f"{place} in {cell.name}") for entry, place in _in_words(words, ""))


def _others(library: Library) -> Iterator[tuple[str, str]]:
    for rule in library.rules:
        says = rule.text.partition(" (")[0]
        yield from ((entry, f"rule in {rule.cell}: {says}") for entry in _ID.findall(rule.text))
    for switch in library.switches.values():
        for option in switch.options.values():
            yield from ((entry, f"{path} where {switch.name} is {option.name}")
                        for path, entry in option.parameters.items())
    for name, words in library.networks.items():
        yield from ((entry, f"{place} of network {name}") for entry, place in _in_words(words, ""))
    for entry in library.entries.values():
        yield from ((other, f"{entry.id} is computed from it")
                    for other in sorted(set(re.findall(r"[A-Za-z][\w.]*\w", entry.derived))))


def _in_words(words: Any, place: str) -> Iterator[tuple[str, str]]:
    """Every ``@id`` in words of a model file, with its place."""
    if isinstance(words, Mapping):
        for key, item in words.items():
            yield from _in_words(item, f"{place}.{key}".lstrip("."))
    elif isinstance(words, list | tuple):
        for item in words:
            yield from _in_words(item, place)
    elif isinstance(words, str):
        yield from ((entry, place) for entry in _ID.findall(words))
