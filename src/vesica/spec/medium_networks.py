"""Reaction networks of the medium: between its solubles, driven by agents and by what free vesicles carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from vesica.library import Library
from vesica.spec import networks
from vesica.spec.cell_words import CellSpec, NetworkSpec
from vesica.spec.equations import EquationError, read_equation
from vesica.spec.expressions import names_in
from vesica.spec.model import ModelSpec
from vesica.spec.networks import Built, Plan
from vesica.spec.quantities import Notes
from vesica.spec.resolved import ResolvedModel
from vesica.spec.vocabulary import SOURCE_UNITS

if TYPE_CHECKING:
    from vesica.spec.structure import Catalogue

OWNER: Final = "medium"
FREE: Final = "free_"  # copies on free vesicles of all classes, per volume
_OF_CELLS: Final = ("states", "compartments", "cargo", "targets", "signals", "solubles", "provides", "rules",
                    "without_rules", "sbml")


def plan(spec: ModelSpec, library: Library, notes: Notes) -> tuple[Plan, ...]:
    """The networks that the model gives to its medium; a word that only a cell can hold is an error."""
    found: dict[str, Plan] = {}
    for number, name in enumerate(spec.medium.networks):
        place = f"medium.networks[{number}]"
        held = networks.definition(name, spec.networks, library)
        if held is None:
            notes.unknown(place, "network", name, {*spec.networks, *library.networks}, "the medium would lack its laws")
        elif name in found:
            notes.add("warning", place, f"`{name}` is named twice", "a network is in the medium once",
                      "it is held once", "delete one of the two")
        elif _is_of_the_medium(held, place, notes):
            found[name] = held
    return tuple(found.values())


def _is_of_the_medium(held: Plan, place: str, notes: Notes) -> bool:
    wrong = [word for word in _OF_CELLS if getattr(held.words, word)]
    if wrong:
        where = place if held.is_library else f"{held.place}.{wrong[0]}"
        notes.add("error", where, f"`{held.name}` is in the medium and has `{wrong[0]}:`",
                  "a network of the medium has constants, assignments and reactions between solubles",
                  "there is no cell that could hold it",
                  f"give it to a cell with `networks: [{held.name}]`, or write what it holds as solubles")
    return not wrong


def build(plans: Sequence[Plan], names: Catalogue, notes: Notes) -> Built:
    """Read the networks of the medium and prove units, equations and totals; rates are concentrations per time."""
    unit = SOURCE_UNITS["soluble"]
    outside = dict.fromkeys(names.solubles, unit)
    words = dict.fromkeys(names.agents, unit) | outside | {f"{FREE}{name}": unit for name in names.cargo}
    networks.check_names(plans, dict.fromkeys(words, "a value of the medium"), notes)
    return networks.build(plans, OWNER, words, outside, names.library, notes)


def check(model: ResolvedModel, notes: Notes) -> None:
    """What a network of the medium reads on vesicles, and no vesicles carry."""
    carried = {cargo.name for origin in model.origins for cargo in model.carried(origin)}
    for network in model.networks:
        trees = [*(one.rate for one in network.reactions), *(one.value for one in network.assignments)]
        words = dict.fromkeys(word for tree in trees for word in names_in(tree) if word.startswith(FREE))
        for cargo in (word.removeprefix(FREE) for word in words):
            if cargo not in carried:
                notes.add("warning", "medium.networks", f"`{network.name}` reads `{FREE}{cargo}`, and no vesicles of "
                          f"the model carry `{cargo}`", "what acts on free vesicles is a cargo of them",
                          "reactions that need it stand still",
                          f"give it to a cell that makes vesicles, `cargo: {{{cargo}: {{}}}}`")


def substances(spec: ModelSpec, library: Library) -> frozenset[str]:
    """Names that stand for solubles here: the model declares or secretes them, or one of its networks moves them.

    So `ATP` is an agent that a schedule holds where nothing of the model makes or uses it, and a soluble with a fate
    of its own elsewhere.
    """
    found = set(spec.solubles)
    for words in _held(spec, library):
        found |= set(words.solubles)
        if isinstance(words, CellSpec) and words.matrix is not None:
            found |= {*words.matrix.factors, *words.matrix.proteases}
        if isinstance(words, NetworkSpec):
            found |= {name for reaction in words.reactions.values() for name in _moved(reaction.equation)}
    return frozenset(found & {*library.solubles, *spec.solubles})


def _held(spec: ModelSpec, library: Library) -> Iterator[CellSpec | NetworkSpec]:
    cells = [*spec.cells.values(), *(cell for arm in spec.arms.values() for cell in arm.cells.values())]
    yield from cells
    for name in dict.fromkeys([*spec.medium.networks, *(name for cell in cells for name in cell.networks or ())]):
        held = networks.definition(name, spec.networks, library)
        if held is not None:
            yield held.words


def _moved(equation: str) -> Mapping[str, int]:
    """Names with another number on the right than on the left; nothing where the equation cannot be read."""
    try:
        left, right = read_equation(equation)
    except EquationError:
        return {}
    change = {name: right.get(name, 0) - left.get(name, 0) for name in (*left, *right)}
    return {name: count for name, count in change.items() if count}
