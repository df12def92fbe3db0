"""What a library must satisfy, as lists of sentences: empty when all is well."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from vesica.library import derived
from vesica.library.records import Entry, Library, MarkerEntry
from vesica.units import registry

CONFIDENCES: Final = ("seen", "known", "estimate")
# for comparison, read by instruments, or offered to the rules of models
DOCUMENTING: Final = (
    "compare.", "offered.", "nta.", "trps.", "elisa.", "qpcr.", "sequencing.", "phluorin.", "laboratory.",
    "ethanol.evaporation.", "design.",
)
DERIVED_TOLERANCE: Final = 0.01  # values are written with three digits: rounding is at most 0.5 %

LAW_NUMBERS: Final = ("k", "vmax", "kcat", "km", "half_max", "hill", "delay")

_ID: Final = re.compile(r"[a-z][a-z0-9_]*(\.[A-Za-z0-9_]+)+")
_DOI: Final = re.compile(r"10\.\d{4,9}/[^\s,;]+")
_REFERENCE: Final = re.compile(r"@([A-Za-z0-9_.]+)")


def entry_problems(entry: Entry, entries: Mapping[str, Entry]) -> list[str]:
    """Everything wrong with one entry."""
    return [
        f"`{entry.id}`: {problem}" for problem in (*_form(entry), *_numbers(entry), *_formula(entry, entries))
    ]


def _form(entry: Entry) -> Iterator[str]:
    if not _ID.fullmatch(entry.id):
        yield "the id is not of the form process.quantity"
    if not entry.quantity or not entry.reason:
        yield "quantity or reason is empty"
    if entry.confidence not in CONFIDENCES:
        yield f"confidence `{entry.confidence}` is none of {', '.join(CONFIDENCES)}"
    if entry.confidence != "estimate" and not entry.source:
        yield f"`{entry.confidence}` without a source"
    if entry.doi and not _DOI.fullmatch(entry.doi):
        yield f"`{entry.doi}` is not a DOI"
    if entry.doi and not entry.source:
        yield "a DOI without a source"
    if entry.derived and entry.confidence != "estimate":
        yield "a derived number is an estimate, however good its inputs"


def _numbers(entry: Entry) -> Iterator[str]:
    numbers = (entry.low, entry.value, entry.high)
    if not all(map(math.isfinite, numbers)):
        yield "a number is not finite"
    elif not 0.0 < entry.low <= entry.value <= entry.high:
        yield f"0 < low <= value <= high does not hold: {entry.low:g}, {entry.value:g}, {entry.high:g}"
    try:
        registry().Quantity(1.0, entry.unit or "dimensionless")
    except Exception as failure:  # noqa: BLE001 - pint raises bare exceptions on broken unit text
        yield f"unit `{entry.unit}` cannot be read: {failure}"


def _formula(entry: Entry, entries: Mapping[str, Entry]) -> Iterator[str]:
    if not entry.derived:
        return
    try:
        result = derived.evaluate(entry.derived, entries)
        value = float(result.to(entry.unit or "dimensionless").magnitude)
    except Exception as failure:  # noqa: BLE001 - any failure is a problem of the entry
        yield f"derived: {failure}"
        return
    if abs(value - entry.value) > DERIVED_TOLERANCE * abs(entry.value):
        yield f"derived gives {value:.4g} {entry.unit}, not {entry.value:g}"


def marker_problems(marker: MarkerEntry) -> list[str]:
    """Everything wrong with one list of names."""
    found = []
    if not marker.members or len(set(marker.members)) != len(marker.members):
        found.append("no members, or one of them twice")
    if not marker.says or not marker.reason:
        found.append("it does not say what a member means, or why it is on the list")
    if marker.confidence not in CONFIDENCES:
        found.append(f"confidence `{marker.confidence}` is none of {', '.join(CONFIDENCES)}")
    if marker.confidence != "estimate" and not marker.source:
        found.append(f"`{marker.confidence}` without a source")
    if marker.doi and not (_DOI.fullmatch(marker.doi) and marker.source):
        found.append(f"`{marker.doi}` is not a DOI, or has no source")
    return [f"marker `{marker.name}`: {problem}" for problem in found]


def references(library: Library) -> dict[str, str]:
    """Entry ids that the library's tables use, each by the place that names it."""
    found = {f"machinery.{name}": entry for name, entry in library.machinery.items()}
    found |= {f"medium.{name}": entry for name, entry in library.medium.items()}
    found |= {f"tissue.{name}": entry for name, entry in library.tissue.items()}
    if library.microvesicle_enrichment:
        found["microvesicle.enrichment"] = library.microvesicle_enrichment
    for cell in library.cells.values():
        found |= {f"{cell.name}.{name}": entry for name, entry in cell.parameters.items()}
        for kind in (cell.signals, cell.cargo, cell.microvesicle_cargo, cell.targets, cell.solubles,
                     cell.offered_cargo, cell.offered_targets, cell.offered_solubles):
            for owner, item in kind.items():
                found |= {f"{cell.name}.{owner}.{name}": entry for name, entry in item.numbers().items()}
        for words in (cell.phenotypes, cell.ligands, cell.translations):
            found |= _named_in(words, cell.name)
    for name, network in library.networks.items():
        found |= _named_in(network, f"network.{name}")
    for soluble in library.solubles.values():
        numbers = {"molar_mass": soluble.molar_mass, **soluble.numbers()}
        found |= {f"{soluble.name}.{name}": entry for name, entry in numbers.items()}
    for agent in library.agents.values():
        found[f"{agent.name}.molar_mass"] = agent.molar_mass
        found |= {f"{agent.name}.washout_rate": agent.washout_rate} if agent.effects else {}
        found |= {f"{agent.name}.{name}": entry for name in ("diffusivity", "decay_rate")
                  if (entry := getattr(agent, name))}
        found |= {f"{agent.name}.{effect.target}.{name}": entry for effect in agent.effects
                  for name, entry in effect.numbers().items()}
    for gene in library.genes.values():
        found |= {f"{gene.name}.{name}": entry for name, entry in gene.folds.items()}
    found |= _of_the_bench(library)
    for rule in library.rules:
        found |= {f"rule.{rule.key}.{n}": entry for n, entry in enumerate(_REFERENCE.findall(rule.text))}
    for switch in library.switches.values():
        for option in switch.options.values():
            found |= {
                f"{switch.name}.{option.name}.{path}": entry for path, entry in option.parameters.items()
            }
    return found


def _of_the_bench(library: Library) -> dict[str, str]:
    """Entry ids of preparations, methods of isolation, enzymes and storage, by the place that names them."""
    found = {f"bench.{name}": entry for name, entry in library.bench.items()}
    for one in library.preparations.values():
        found |= {f"{one.name}.{name}": entry for name, entry in one.numbers().items()}
        found |= {f"{one.name}.{name}.copies": entry for name, entry in one.cargo.items()}
        found |= {f"{one.name}.{name}": entry for name in ("concentration", "lipoproteins_per_vesicle")
                  if (entry := getattr(one, name))}
    for kind, ways in (("isolation", library.methods), ("storage", library.storage)):
        found |= {f"{kind}.{way.name}.{name}": entry for way in ways.values() for name, entry in way.numbers().items()}
    return found | {f"treatment.{one.name}.efficiency": one.efficiency for one in library.enzymes.values()}


def _named_in(words: object, place: str) -> dict[str, str]:
    """Entry ids in the words of a network or a phenotype, each by its place."""
    if isinstance(words, Mapping):
        return {path: entry for key, item in words.items() for path, entry in _named_in(item, f"{place}.{key}").items()}
    if isinstance(words, list | tuple):
        return {path: entry for number, item in enumerate(words)
                for path, entry in _named_in(item, f"{place}[{number}]").items()}
    found = _REFERENCE.findall(words) if isinstance(words, str) else []
    return {f"{place}#{number}": entry for number, entry in enumerate(found)}


def _unsourced(words: Mapping[str, Any], place: str) -> Iterator[str]:
    """Numbers of a network that name no entry; nothing and one are definitions."""
    numbers = {f"{place}.{kind}.{name}": number for kind in ("constants", "compartments")
               for name, number in words.get(kind, {}).items()}  # fmt: skip
    for kind, keys in (("states", ("initial", "at_start", "delay")), ("reactions", LAW_NUMBERS)):
        numbers |= {f"{place}.{kind}.{name}.{key}": item[key] for name, item in words.get(kind, {}).items()
                    for key in keys if key in item}  # fmt: skip
    for path, number in numbers.items():
        if not str(number).startswith("@") and str(number).split()[0] not in ("0", "1"):
            yield f"`{path}` is `{number}`: a number of the library is an entry with its source"


def reference_problems(library: Library) -> list[str]:
    """Ids that are named and missing, entries that nothing uses, and switches that point nowhere."""
    used = references(library)
    problems = [f"`{place}` names `{entry}`, which is no entry" for place, entry in used.items()
                if entry not in library.entries]  # fmt: skip
    problems += [found for name, words in library.networks.items() for found in _unsourced(words, f"network.{name}")]
    everywhere = set(used.values()) | _inputs(library.entries.values())
    problems += [f"nothing uses `{entry}`" for entry in library.entries
                 if entry not in everywhere and not entry.startswith(DOCUMENTING)]  # fmt: skip
    return problems + list(_switch_problems(library)) + list(_transfer_problems(library))


def _transfer_problems(library: Library) -> Iterator[str]:
    """What bursts free, what is translated and what engages a receptor are names that exist."""
    yield from (f"cargo `{cargo.name}` frees `{cargo.frees}`, which is no soluble" for cargo in library.cargo.values()
                if cargo.frees and cargo.frees not in library.solubles)  # fmt: skip
    yield from (f"preparation `{one.name}` holds `{name}`, which is no cargo" for one in library.preparations.values()
                for name in one.cargo if name not in library.cargo)  # fmt: skip
    for cell in library.cells.values():
        for kind, word in (("translations", "protein"), ("ligands", "receptor")):
            for name, item in getattr(cell, kind).items():
                yield from (f"{kind} of `{cell.name}` name `{one}`, which is no cargo" for one in (name, item[word])
                            if one not in library.cargo)  # fmt: skip


def _inputs(entries: Iterable[Entry]) -> set[str]:
    return {name for entry in entries if entry.derived for name in derived.ids(entry.derived)}


def _switch_problems(library: Library) -> Iterator[str]:
    keys = {rule.key for rule in library.rules}
    choices = {f"{switch.name}={option}" for switch in library.switches.values() for option in switch.options}
    for switch in library.switches.values():
        if switch.default not in switch.options:
            yield f"the default `{switch.default}` of `{switch.name}` is none of its options"
        for option in switch.options.values():
            yield from (f"`{switch.name}={option.name}` names rule `{key}`, which does not exist"
                        for key in option.rules if key not in keys)  # fmt: skip
    for rule in library.rules:
        if rule.instead_of and (rule.cell, rule.instead_of) not in {(other.cell, other.key) for other in library.rules}:
            yield f"rule `{rule.key}` takes the place of `{rule.instead_of}`, which is no rule of its cell type"
        if rule.when and rule.when not in choices:
            yield f"rule `{rule.key}` waits for `{rule.when}`, which is no option of a switch"
        if rule.cell not in library.cells:
            yield f"rule `{rule.key}` is about `{rule.cell}`, which is no cell type"


def problems(library: Library) -> list[str]:
    """Everything wrong with a library."""
    of_entries = (entry_problems(entry, library.entries) for entry in library.entries.values())
    of_markers = [problem for marker in library.markers.values() for problem in marker_problems(marker)]
    return [problem for found in of_entries for problem in found] + of_markers + reference_problems(library)
