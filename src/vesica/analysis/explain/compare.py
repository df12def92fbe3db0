"""What differs between two resolved models, in plain English: what is the same by another spelling is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from vesica.analysis.explain import compare_space
from vesica.analysis.explain.changes import GROUPS, Change, Side, by_name, fields, same, sets
from vesica.analysis.explain.compare_arms import HOUR, all_arms, arm_changes, concentration
from vesica.analysis.explain.compare_inside import cells, networks
from vesica.analysis.explain.numbers import unit_shown
from vesica.errors import error, nearest
from vesica.spec.isolation import PLACES
from vesica.spec.resolved import Arm, Domain, Parameter, Preparation, ResolvedModel, Rule

Show = Callable[[Any], str]
_SCHEDULE: Final[Mapping[str, tuple[str, Show]]] = {
    "duration": ("length of the run", lambda value: f"{value / HOUR:.6g} h"),
    "every": ("interval of output", lambda value: f"{value / 60.0:.6g} min"),
    "fidelity": ("fidelity", str), "seed": ("seed", str), "replicates": ("replicates", str),
    "cells_at_most": ("cells followed at most", str),
    "window": ("longest window", lambda value: "not given" if value is None else f"{value / 60.0:.6g} min"),
    "nodes": ("points that stand for cells that differ", lambda value: "not given" if value is None else str(value)),
    "relative_tolerance": ("relative tolerance", "{:g}".format),
    "absolute_tolerance": ("absolute tolerance", "{:g}".format),
}  # fmt: skip
_DOMAIN: Final[Mapping[str, tuple[str, Show]]] = {
    "kind": ("kind of vessel", str), "volume": ("medium", lambda value: f"{value / 1e12:.6g} mL"),
    "depth": ("depth of the medium", lambda value: f"{value / 1e3:.6g} mm"), "mixing": ("mixing", str),
}  # fmt: skip
_PART: Final[Mapping[str, tuple[str, Show]]] = {
    "volume": ("volume", lambda value: f"{value / 1e12:.6g} mL"),
    "depth": ("depth", lambda value: f"{value / 1e3:.6g} mm"), "layers": ("layers", str),
    "stretch": ("stretch of layers", "{:g}".format),
    "cells": ("cells", lambda value: ", ".join(sorted(value)) or "none"),
}  # fmt: skip
_CARGO: Final[Mapping[str, tuple[str, Show]]] = {
    "kind": ("kind", str), "topology": ("place in the vesicle", str),
    "frees": ("becomes when a vesicle bursts", lambda value: value or "nothing"),
}  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Two models, and what differs."""

    first: str
    second: str
    changes: tuple[Change, ...]

    @property
    def groups(self) -> dict[str, tuple[Change, ...]]:
        """Changes by group, in the order of `GROUPS`; groups without any are left out."""
        found = {name: tuple(one for one in self.changes if one.group == name) for name in GROUPS}
        return {name: changes for name, changes in found.items() if changes}


def compare(first: ResolvedModel, second: ResolvedModel) -> Comparison:
    """All differences, A being the first model and B the second."""
    other = with_keys_of(first, second)
    changes = [*_run(first, other), *_structure(first, other), *_numbers(first, other), *_choices(first, other),
               *all_arms(first, other), *_published(first, other), *_measured(first, other)]
    return Comparison(first.title, second.title, tuple(changes))


def compare_arms(model: ResolvedModel, one: str, other: str) -> Comparison:
    """What differs between two arms of a model.

    Raises
    ------
    InputError
        The model has no arm of that name.
    """
    arms: dict[str, Arm] = {arm.name: arm for arm in model.arms}
    for name in (one, other):
        if name not in arms:
            raise error("--arms", f"the model has no arm `{name}`", "arms go by the names that `vesica check` lists",
                        "there is nothing to compare", nearest(name, arms))
    return Comparison(f"{model.title}: arm {one}", f"{model.title}: arm {other}",
                      tuple(arm_changes(arms[one], arms[other], model, model)))


def with_keys_of(first: ResolvedModel, second: ResolvedModel) -> ResolvedModel:
    """The second model with the keys that its rules have in the first: a key is a name, not a difference."""
    free: dict[tuple[str, str, str], list[str]] = {}
    for rule in first.rules:
        free.setdefault(_about(rule), []).append(rule.key)
    taken = {rule.key for rule in first.rules}
    keys: dict[str, str] = {}
    for rule in second.rules:
        partners = free.get(_about(rule), [])
        if partners:
            keys[rule.key] = partners.pop(0)
        elif rule.key in taken:  # the same key for another rule
            keys[rule.key] = f"{rule.key} of B"

    def path(old: str) -> str:
        head, key, name = (*old.split(".", 2), "", "")[:3]
        return f"rule.{keys[key]}.{name}" if head == "rule" and key in keys else old

    arms = tuple(replace(arm, factors={path(old): value for old, value in arm.factors.items()},
                         values={path(old): value for old, value in arm.values.items()}) for arm in second.arms)
    numbers = {path(old): replace(number, path=path(old)) for old, number in second.parameters.items()}
    rules = tuple(replace(rule, key=keys.get(rule.key, rule.key)) for rule in second.rules)
    return replace(second, rules=rules, parameters=numbers, arms=arms)


def _about(rule: Rule) -> tuple[str, str, str]:
    return rule.cell, rule.source, rule.target


def _run(one: ResolvedModel, other: ResolvedModel) -> Iterator[Change]:
    yield from fields("Dish and run", "", one.domain, other.domain, _DOMAIN)
    yield from _parts(one.domain, other.domain)
    yield from compare_space.spaces(one.domain.space, other.domain.space)
    yield from fields("Dish and run", "", one.schedule, other.schedule, _SCHEDULE)
    yield from compare_space.runs(one.schedule.tissue, other.schedule.tissue)
    yield from sets("Dish and run", "observed:", one.observe, other.observe)


def _parts(one: Domain, other: Domain) -> Iterator[Change]:
    """Parts of two vessels. Of one body of medium only the layers are news: the rest is that of the vessel."""
    here, there = ({part.name: part for part in vessel.compartments} for vessel in (one, other))
    if one.kind != other.kind:
        return  # other parts, too
    said = _PART if len(here) > 1 else {"layers": _PART["layers"]} if one.mixing == other.mixing else {}
    yield from by_name("Dish and run", "", here, there, lambda part: f"{part.volume / 1e12:.6g} mL",
                       lambda title, part, of: fields("Dish and run", title, part, of, said))


def _structure(one: ResolvedModel, other: ResolvedModel) -> Iterator[Change]:
    yield from cells({cell.name: cell for cell in one.cells}, {cell.name: cell for cell in other.cells})
    yield from by_name("Cells", "cargo", {item.name: item for item in one.cargo},
                       {item.name: item for item in other.cargo}, lambda item: f"a {item.kind} in the {item.topology}",
                       lambda title, here, there: fields("Cells", title, here, there, _CARGO))
    yield from sets("Cells", "factor of the medium", one.solubles, other.solubles)
    yield from by_name("Cells", "kind of", one.soluble_kinds, other.soluble_kinds, str,
                       lambda title, here, there: [Change("Cells", title, "", here, there)] if here != there else [])
    yield from by_name("Cells", "preparation", {item.name: item for item in one.preparations},
                       {item.name: item for item in other.preparations}, lambda item: item.label, _preparation)
    yield from sets("Cells", "staining with", one.dyes, other.dyes)
    yield from networks("medium:", one.networks, other.networks)
    yield from by_name("Rules", "rule", {rule.key: rule for rule in one.rules},
                       {rule.key: rule for rule in other.rules}, lambda rule: f"in {rule.cell}: {rule.english}", _rule)


def _preparation(title: str, here: Preparation, there: Preparation) -> Iterator[Change]:
    yield from sets("Cells", f"{title}: cargo", here.cargo, there.cargo)
    if here.is_vesicle != there.is_vesicle:
        yield Change("Cells", f"{title} is a vesicle", "", str(here.is_vesicle), str(there.is_vesicle))


def _rule(title: str, here: Rule, there: Rule) -> Iterator[Change]:
    if (here.verb, here.adds) != (there.verb, there.adds):
        yield Change("Rules", f"{title} in {here.cell}", "", here.english, there.english)


def owners(model: ResolvedModel) -> set[str]:
    """What numbers can belong to, as the beginning of their paths: ``astrocyte``, ``astrocyte.IL6``, ``rule.KEY``."""
    found = {f"rule.{rule.key}" for rule in model.rules} | set(model.solubles)
    found |= {f"medium.{network.name}" for network in model.networks}
    found |= {f"drug.{drug.name}" for drug in model.drugs} | set(model.dyes)
    for one in model.preparations:
        found |= {one.name, *(f"{one.name}.{cargo}" for cargo in one.cargo)}
    found |= {f"{PLACES[step.kind]}.{step.name}" for arm in model.arms for dose in (*arm.doses, *arm.supplies)
              for step in dose.isolation}  # fmt: skip
    found |= {".".join(loss.fold.split(".")[:2]) for arm in model.arms for loss in arm.losses}
    for cell in model.cells:
        named = [item.name for item in (*cell.signals, *cell.networks)]
        named += [state.name for owner in (*cell.networks, *cell.chains) for state in owner.states]
        named += [f"{one}_to_{other}" for chain in cell.chains for one, other in chain.transitions]
        named += [*cell.cargo, *cell.mirna_targets, *cell.solubles]
        named += [name for pair in (*cell.translations, *cell.ligands) for name in pair]
        named += [*cell.matrix.factors, *cell.matrix.proteases] if cell.matrix is not None else []
        found |= {cell.name, *(f"{cell.name}.{name}" for name in named)}
    return found


def _alone(path: str, one: set[str], other: set[str]) -> str:
    """The first owner of a number that only one of two models has, or nothing."""
    parts = path.split(".")
    heads = (".".join(parts[:length]) for length in range(1, len(parts)))
    return next((head for head in heads if head in one and head not in other), "")


def _numbers(one: ResolvedModel, other: ResolvedModel) -> Iterator[Change]:
    here, there = one.parameters, other.parameters
    owned = owners(one), owners(other)
    yield from _only("A", here, there, owned[0], owned[1])
    yield from _only("B", there, here, owned[1], owned[0])
    for path in sorted({*here} & {*there}):
        if not same(here[path].value, there[path].value) or here[path].unit != there[path].unit:
            yield _other_value(here[path], there[path])
        elif not _same_standing(here[path], there[path]):
            yield Change("Same value, other source or range", f"{path} = {_shown(here[path], here[path])}", "",
                         _standing(here[path]), _standing(there[path]))


def _only(side: Side, here: Mapping[str, Parameter], there: Mapping[str, Parameter], one: set[str], other: set[str]
          ) -> Iterator[Change]:
    """Numbers of one model alone; those of a thing that is alone are counted, and those of a rule go without saying."""
    counts: dict[str, int] = {}
    for path in sorted({*here} - {*there}):
        owner = _alone(path, one, other)
        if owner:
            counts[owner] = counts.get(owner, 0) + 1
            continue
        text, empty = _shown(here[path], here[path]), ""
        first, second = (text, empty) if side == "A" else (empty, text)
        yield Change("Numbers", path, side, first, second, note=_origin(here[path]))
    for owner, count in counts.items():
        if not owner.startswith("rule."):
            yield Change("Numbers", f"{count} number{'s' * (count != 1)} of {owner}", side)


def _other_value(here: Parameter, there: Parameter) -> Change:
    """Both in the unit that A is written in."""
    ratio = there.value / here.value if here.value and here.unit == there.unit else None
    unit = here if here.unit == there.unit else there
    origins = _origin(here), _origin(there)
    note = f"both {origins[0]}" if origins[0] == origins[1] else f"A: {origins[0]}, B: {origins[1]}"
    return Change("Numbers", here.path, "", _shown(here, here), _shown(there, unit), ratio, note)


def _shown(number: Parameter, unit_of: Parameter) -> str:
    if number.unit == "molecule/um^3":
        return concentration(number.value)
    unit, scale = unit_shown(unit_of)
    return f"{scale * number.value:.5g} {unit}".strip()


def _origin(number: Parameter) -> str:
    where = {"given": "given in the model", "measured": "measured"}.get(number.confidence, number.confidence)
    return f"{where}, library {number.entry}" if number.entry else where


def _same_standing(one: Parameter, other: Parameter) -> bool:
    texts = ("confidence", "entry", "source", "doi")
    return (all(getattr(one, name) == getattr(other, name) for name in texts)
            and same((one.low, one.high), (other.low, other.high)))


def _standing(number: Parameter) -> str:
    unit, scale = unit_shown(number)
    low, high = scale * number.low, scale * number.high
    span = "" if same(low, high) else f", range {low:.4g} to {high:.4g} {unit}".rstrip()
    source = "" if number.source in ("", _origin(number)) else f", {number.source}"
    return f"{_origin(number)}{span}{source}"


def _choices(one: ResolvedModel, other: ResolvedModel) -> Iterator[Change]:
    yield from by_name("Switches", "", {item.name: item for item in one.switches},
                       {item.name: item for item in other.switches}, lambda item: item.chosen,
                       lambda title, here, there: fields("Switches", title, here, there, {"chosen": ("", str)}))


def _published(one: ResolvedModel, other: ResolvedModel) -> Iterator[Change]:
    shown: dict[str, tuple[str, Show]] = {
        "name": ("quantity", str), "arm": ("arm", str), "against": ("is against", str), "direction": ("direction", str),
        "presupposed_by": ("is presupposed by", lambda value: ", ".join(value) or "nothing"),
    }  # fmt: skip
    yield from by_name("Published directions", "", {item.key: item for item in one.published},
                       {item.key: item for item in other.published}, lambda item: item.says,
                       lambda title, here, there: fields("Published directions", title, here, there, shown))


def _measured(one: ResolvedModel, other: ResolvedModel) -> Iterator[Change]:
    shown: dict[str, tuple[str, Show]] = {"file": ("file", str), "says": ("reading", str)}
    yield from by_name("Measured files", "", {item.key: item for item in one.measurements},
                       {item.key: item for item in other.measurements}, lambda item: item.says,
                       lambda title, here, there: fields("Measured files", title, here, there, shown))
