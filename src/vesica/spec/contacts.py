"""Which cells touch which: shares of membranes, and what areas and counts make of them on the other side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from vesica.spec.cell_words import CellSpec
from vesica.spec.cells import CellType
from vesica.spec.expressions import names_in
from vesica.spec.model import ModelSpec
from vesica.spec.quantities import Given, Notes
from vesica.spec.resolved import DEFINITION, Arm, Contact, Domain, ResolvedModel, Rule
from vesica.spec.rule_words import GRADIENT
from vesica.spec.vocabulary import CELL_CONTACT, CELL_SENSING, CONTACT, Field

BALANCED: Final = 0.05  # by so much two shares that were said may miss each other
FULL: Final = 1.0 + 1e-9  # shares are written with few digits
SENSING_KD: Final = "@offered.gradient.sensing_kd"


def contacts_of(spec: ModelSpec, cells: Collection[str], notes: Notes) -> tuple[Contact, ...]:
    """Pairs of cell types that touch, in the base or in an arm; whose share is said first leads."""
    found: dict[frozenset[str], Contact] = {}
    for place, cell, other in _said(spec):
        if other not in cells:
            notes.unknown(place, "cell type of this model", other, cells, "the contact would be with nobody")
        elif cell in cells:
            found.setdefault(frozenset((cell, other)), Contact(cell, other))
    return tuple(found.values())


def _said(spec: ModelSpec) -> Iterator[tuple[str, str, str]]:
    """Place, cell type and the one that it touches, as written: the base first."""
    blocks = [("", spec.cells, spec.parameters)]
    blocks += [(f"arms.{name}.", arm.cells, arm.parameters) for name, arm in spec.arms.items()]
    for prefix, cells, parameters in blocks:
        for name, cell in cells.items():
            place = f"{prefix}cells.{name}"
            yield from ((f"{place}.contacts.{other}", name, other) for other in cell.contacts)
            yield from ((f"{place}.parameters.{key}", name, key.removeprefix(CONTACT)) for key in cell.parameters
                        if key.startswith(CONTACT))
        for path in parameters:
            owner, _, name = path.partition(".")
            if name.startswith(CONTACT):
                yield f"{prefix}parameters.{path}", owner, name.removeprefix(CONTACT)


def is_stranger(path: str, cells: Collection[str]) -> bool:
    """Whether a path is of a contact with nobody, which `contacts_of` notes."""
    name = path.partition(".")[2]
    return name.startswith(CONTACT) and name.removeprefix(CONTACT) not in cells


def expected(contacts: Iterable[Contact]) -> dict[str, Field]:
    """Parameters of contacts, by path."""
    return {path: CELL_CONTACT for one in contacts for path in one.paths}


def numbers(contacts: Iterable[Contact]) -> dict[str, Given]:
    """What holds where a base says nothing: they do not touch."""
    return {path: Given("0", "default") for one in contacts for path in one.paths}


def written(cell: CellSpec, name: str, place: str) -> dict[str, Given]:
    """The shares that one ``contacts:`` gives, by path."""
    return {f"{name}.{CONTACT}{other}": Given(share, f"{place}.contacts.{other}")
            for other, share in cell.contacts.items()}


def separated(domain: Domain, cell: str, other: str) -> bool:
    """Whether a membrane is between two cell types: the pores of an insert let no process of a cell through here."""
    if domain.kind != "transwell":
        return False
    return any((cell in part.cells) != (other in part.cells) for part in domain.compartments)


def settle(model: ResolvedModel, arm: Arm, row: dict[str, float]) -> None:
    """Make the shares of an arm's row fit its cells: none with who is absent or apart, both sides of one area.

    Parameters
    ----------
    row : mapping of parameter path to value
        Changed in place.
    """
    for one in model.contacts:
        here, there = one.paths
        count, other_count = arm.counts.get(one.cell, 0.0), arm.counts.get(one.other, 0.0)
        if not (count > 0 and other_count > 0) or separated(model.domain, one.cell, one.other):
            row[here] = row[there] = 0.0
        elif here != there:  # N_A S_A f_AB = N_B S_B f_BA
            area, other_area = (row[f"{cell}.membrane_area"] for cell in (one.cell, one.other))
            row[there] = row[here] * area * count / (other_area * other_count)


def balanced(model: ResolvedModel) -> ResolvedModel:
    """The model with shares that nobody said as they are in the first arm in which both cell types are."""
    found = dict(model.parameters)
    for one in model.contacts:
        here, there = one.paths
        arm = _first_with(model, one)
        if here == there or arm is None or not {here, there} <= found.keys():  # one that cannot be read is noted
            continue
        row = _row(model, arm)
        settle(model, arm, row)
        said = f"from {here}, areas and counts (arm `{arm.name}`)"
        found[there] = replace(found[there], value=row[there], low=row[there], high=row[there], source=DEFINITION,
                               confidence="known", shown=f"{row[there]:.4g}", reason=said)
    return replace(model, parameters=found)


def _row(model: ResolvedModel, arm: Arm) -> dict[str, float]:
    return {path: parameter.value for path, parameter in model.parameters.items()} | dict(arm.values)


def check(spec: ModelSpec, model: ResolvedModel, notes: Notes) -> None:
    """Note contacts that cannot be, or that are not what their owner thinks."""
    if any(path not in model.parameters for one in model.contacts for path in one.paths):
        return  # noted where the number was read
    for one in model.contacts:
        _check_arms(spec, one, notes)
        _check_sides(spec, model, one, notes)
        if separated(model.domain, one.cell, one.other):
            notes.add("warning", f"cells.{one.cell}.contacts.{one.other}",
                      f"`{one.cell}` and `{one.other}` touch, and the membrane of an insert is between them",
                      "cells in the insert and cells in the well do not touch: no process grows through the pores",
                      "their contact is zero", "put them on one side (`domain: {insert: {cells: [...]}}`), or take "
                      "the contact as what this vessel cuts")
    full: set[str] = set()
    for arm in model.arms:
        row = _row(model, arm)
        settle(model, arm, row)
        full |= {cell.name for cell in model.cells
                 if cell.name not in full and _is_too_full(model, arm, cell, row, notes)}


def _check_arms(spec: ModelSpec, one: Contact, notes: Notes) -> None:
    """A pair is said from the same side everywhere; the other follows."""
    here, there = one.paths
    for name, change in spec.arms.items():
        says = one.cell in change.cells.get(one.other, CellSpec()).contacts
        leads = one.other in change.cells.get(one.cell, CellSpec()).contacts or here in change.parameters
        if here != there and not leads and (says or there in change.parameters):
            end = f"cells.{one.other}.contacts.{one.cell}" if says else f"parameters.{there}"
            notes.add("error", f"arms.{name}.{end}", f"the arm says which share of `{one.other}` touches `{one.cell}`, "
                      f"and elsewhere it is said of `{one.cell}`", "a contact has one area: it is said from the same "
                      "side in all arms, and the other side follows from areas and counts",
                      "what is written here would be ignored",
                      f"write `cells: {{{one.cell}: {{contacts: {{{one.other}: ...}}}}}}` in the arm")


def _check_sides(spec: ModelSpec, model: ResolvedModel, one: Contact, notes: Notes) -> None:
    """Where both sides of a pair are said, they fit."""
    here, there = one.paths
    both = one.cell in spec.cells.get(one.other, CellSpec()).contacts or there in spec.parameters
    arm = _first_with(model, one)
    if here == there or not both or arm is None:
        return
    row, said = _row(model, arm), model.parameters[there].value
    settle(model, arm, row)
    if abs(said - row[there]) > BALANCED * max(said, row[there]):
        notes.add("warning", f"cells.{one.other}.contacts.{one.cell}",
                  f"{100.0 * said:.4g} % of `{one.other}` touches `{one.cell}`, and by areas and counts it is "
                  f"{100.0 * row[there]:.4g} % (arm `{arm.name}`)", "both sides of a contact have one area",
                  f"the share of `{one.cell}` counts, and this one is not used",
                  "leave this one out, or check `count` and `membrane_area` of both")


def _first_with(model: ResolvedModel, one: Contact) -> Arm | None:
    """The first arm that holds both cell types."""
    return next((arm for arm in model.arms if min(arm.counts.get(cell, 0.0) for cell in (one.cell, one.other)) > 0.0),
                None)


def _is_too_full(model: ResolvedModel, arm: Arm, cell: CellType, row: Mapping[str, float], notes: Notes) -> bool:
    """Whether cells of a type touch others with more than they have, which is noted."""
    shares = {path: row[path] for one in model.contacts for path in one.paths if path.startswith(f"{cell.name}.")}
    total = sum(shares.values())
    if total <= FULL:
        return False
    lead = next(one for one in model.contacts if cell.name in (one.cell, one.other))
    parts = ", ".join(f"{100.0 * share:.4g} % with {path.partition(CONTACT)[2]}"
                      for path, share in shares.items() if share)
    notes.add("error", f"cells.{lead.cell}.contacts.{lead.other}",
              f"in arm `{arm.name}` cells of `{cell.name}` touch others with {100.0 * total:.4g} % of their membrane "
              f"({parts})",
              "shares of a membrane add up to 100 % at most", "cells would touch more than they have",
              f"give smaller shares, or more cells of `{cell.name}`")
    return True


def english(model: ResolvedModel) -> list[str]:
    """A sentence for each pair of cell types that touch in the first arm that holds both."""
    said = []
    for one in model.contacts:
        here, there = (model.parameters[path].value for path in one.paths)
        back = "" if one.cell == one.other else f"; {one.other} cells touch {one.cell} cells with {100.0 * there:.3g} %"
        said.append(f"{one.cell} cells touch {one.other} cells with {100.0 * here:.3g} % of their membrane{back}.")
    return said


def sensed(cells: Iterable[CellType], rules: Iterable[Rule]) -> dict[str, set[str]]:
    """Solubles whose gradient each cell type feels, by rules or networks."""
    found: dict[str, set[str]] = {}
    for cell in cells:
        words = {name for network in cell.networks for tree in
                 (*(one.rate for one in network.reactions), *(one.value for one in network.assignments))
                 for name in names_in(tree)}
        found[cell.name] = words
    for rule in rules:
        found.setdefault(rule.cell, set()).add(rule.source)
    return {cell: {word.removeprefix(GRADIENT) for word in words if word.startswith(GRADIENT)}
            for cell, words in found.items()}


def sensing(cells: Sequence[CellType], rules: Iterable[Rule]) -> tuple[dict[str, Field], dict[str, Given]]:
    """Parameters of sensing by path, and the library's number for them."""
    paths = {f"{cell}.{name}.{key}": field for cell, names in sensed(cells, rules).items() for name in sorted(names)
             for key, field in CELL_SENSING.items()}
    return paths, dict.fromkeys(paths, Given(SENSING_KD, "library:gradient"))
