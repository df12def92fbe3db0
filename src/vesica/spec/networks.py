"""Reaction networks of cells: from the words of a model file or the library to frozen networks.

Two steps: `definition` finds the words, which say what a cell gains with a network (cargo, solubles, rules); `build`
reads expressions once all words of the cell are known, and proves units, equations and conservation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from vesica.errors import article, nearest
from vesica.library import Library
from vesica.spec.cell_words import NetworkSpec
from vesica.spec.cells import Assigned, Network, NetworkState, Reaction
from vesica.spec.expressions import Number, names_in
from vesica.spec.network_reader import Reader
from vesica.spec.quantities import Given, Notes
from vesica.spec.rule_words import BOUND, ENGAGED, GRADIENT, MATRIX, REPRESSION, TOUCHED
from vesica.spec.vocabulary import CELL_RESPONSE, Field

SIGNAL: Final = "a signal"
# words that are made of these and a name
OF_CARGO: Final = (BOUND, "inside_", ENGAGED, REPRESSION, TOUCHED, GRADIENT, f"{MATRIX}_")


@dataclass(frozen=True)
class Plan:
    """One network on its way into one cell type: its words, and where they stand."""

    name: str
    words: NetworkSpec
    place: str  # `networks.NAME`, or `library:network.NAME`

    @property
    def is_library(self) -> bool:
        """Whether the library wrote it."""
        return self.place.startswith("library:")

    def levels(self) -> dict[str, str]:
        """Label of each state and assignment."""
        found = {name: state.label or name.replace("_", " ") for name, state in self.words.states.items()}
        return found | {name: name.replace("_", " ") for name in self.words.assignments}


@dataclass(frozen=True)
class Built:
    """The networks of one cell type, their parameters by path, and the unit of every state and assignment."""

    networks: tuple[Network, ...] = ()
    expected: Mapping[str, Field] = field(default_factory=dict)
    numbers: Mapping[str, Given] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


NOTHING_BUILT = Built()


def definition(name: str, own: Mapping[str, NetworkSpec], library: Library) -> Plan | None:
    """The words of a network, of the model or of the library; None where nobody knows it."""
    if name in own:
        return Plan(name, own[name], f"networks.{name}")
    if name in library.networks:
        return Plan(name, NetworkSpec.model_validate(dict(library.networks[name])), f"library:network.{name}")
    return None


def check_names(plans: Sequence[Plan], taken: Mapping[str, str], notes: Notes) -> None:
    """States and assignments of a cell type have names of their own.

    Parameters
    ----------
    taken : mapping of word to what it is
        Words of the cell that mean something else already; of a signal it begins with `SIGNAL`.
    """
    seen = dict(taken)
    for plan in plans:
        named = [("states", "state", name) for name in plan.words.states]
        named += [("assignments", "assignment", name) for name in plan.words.assignments]
        for key, what, name in named:
            also = seen.get(name) or ("the word for an amount of cargo" if name.startswith(OF_CARGO) else "")
            if also and not (name in plan.words.provides and also.startswith(SIGNAL)):
                notes.add("error", f"{plan.place}.{key}.{name}",
                          f"`{name}` is {article(what)} {what} of `{plan.name}` and {also}",
                          "a name means one thing in a cell", "a law could read the wrong one",
                          "choose another name" + (f", or list it under `provides:` of `{plan.name}`"
                                                   if also.startswith(SIGNAL) else ""))
            seen[name] = f"{article(what)} {what} of `{plan.name}`"
        for name in {*plan.words.constants, *plan.words.compartments} & {name for _, _, name in named}:
            key = "constants" if name in plan.words.constants else "compartments"
            notes.add("error", f"{plan.place}.{key}.{name}", f"`{name}` is a number and a value of `{plan.name}`",
                      "a name means one thing in a network", "laws would read the number", "choose another name")
        for name in plan.words.provides:
            if name not in plan.levels():
                notes.add("error", f"{plan.place}.provides", f"`{plan.name}` provides `{name}`, which it does not have",
                          "what a network provides is one of its states or assignments",
                          "the signal would be missing", nearest(name, plan.levels()))


def build(plans: Sequence[Plan], owner: str, words: Mapping[str, str], outside: Mapping[str, str],
          library: Library, notes: Notes, felt: Iterable[str] = ()) -> Built:
    """Read every expression of the networks of a cell type, or of the medium; prove units, equations, conservation.

    Parameters
    ----------
    words, outside : mapping of word to internal unit
        Everything else that expressions may read; what equations may make or use beside states.
    felt : str
        Solubles that the owner may be made deaf to.
    """
    readers = [Reader(plan.name, plan.words, plan.place, owner, library, notes) for plan in plans]
    units: dict[str, str] = {}
    for reader in readers:
        reader.read_numbers()
        units |= reader.state_units()
    if any(reader.lacks_unit for reader in readers) or notes.has_errors_at(*(plan.place for plan in plans)):
        return _unread(readers, owner, units, notes)
    _derive_units(readers, units, words, notes)
    _check_cycles(readers, notes)
    felt = frozenset(felt)
    networks = []
    expected: dict[str, Field] = {}
    numbers: dict[str, Given] = {}
    for reader in readers:
        networks.append(reader.network({**words, **units}, units, outside))
        expected |= {f"{owner}.{path}": item for path, item in reader.expected.items()}
        numbers |= {f"{owner}.{path}": item for path, item in reader.numbers.items()}
    gates = {f"{owner}.{gate}": CELL_RESPONSE[gate] for network in networks for gate in gates_of(network, felt)}
    return Built(tuple(networks), expected | gates, numbers | dict.fromkeys(gates, Given("1", "default")), units)


def _unread(readers: Sequence[Reader], cell: str, units: Mapping[str, str], notes: Notes) -> Built:
    """Networks by name, with the numbers that can be read: enough to judge what else is said of the cell."""
    found = []
    for reader in readers:
        words = reader.words
        states = tuple(NetworkState(name, units.get(name, "")) for name in words.states)
        found.append(Network(reader.name, states=states, constants=tuple(reader.constants),
                             assignments=tuple(Assigned(name, Number(0.0), "") for name in words.assignments),
                             reactions=tuple(Reaction(name, (), Number(0.0)) for name in words.reactions)))
    fine = [(reader, path) for reader in readers for path, item in reader.numbers.items()
            if not notes.has_errors_at(item.place)]
    return Built(tuple(found), {f"{cell}.{path}": reader.expected[path] for reader, path in fine},
                 {f"{cell}.{path}": reader.numbers[path] for reader, path in fine}, units)


def gates_of(network: Network, solubles: Iterable[str]) -> set[str]:
    """Parameters of the cell by which what a network reads from outside is multiplied; a block makes them zero."""
    trees = [*(reaction.rate for reaction in network.reactions), *(one.value for one in network.assignments)]
    found = {gate for tree in trees for word in names_in(tree) if (gate := gate_of(word, solubles))}
    return found | ({"contact_response"} if any(state.has_junction for state in network.states) else set())


def gate_of(word: str, solubles: Iterable[str]) -> str:
    """Parameter of the cell that says how much of a word its networks feel, or nothing."""
    if word.startswith((BOUND, ENGAGED)):
        return "surface_response"
    if word.startswith(TOUCHED):
        return "contact_response"
    return "soluble_response" if word in solubles or word.startswith(GRADIENT) else ""


def _derive_units(readers: Sequence[Reader], units: dict[str, str], words: Mapping[str, str], notes: Notes) -> None:
    """Units of assignments and followers, in an order in which all they read is known; what is left is a fault."""
    waiting = {(reader.name, name): (reader, tree) for reader in readers for name, tree in reader.computed()}
    while waiting:
        ready = [key for key, (reader, tree) in waiting.items()
                 if set(names_in(tree)) <= {*words, *units, *reader.constants}]
        if not ready:
            break
        for key in ready:
            reader, tree = waiting.pop(key)
            units[key[1]] = reader.unit_here(key[1], tree, {**words, **units})
    for (_, name), (reader, tree) in waiting.items():
        units[name] = ""
        known = {*words, *units, *reader.constants, *(other for _, other in waiting), *reader.words.assignments}
        for unknown in sorted(set(names_in(tree)) - known):
            reader.unknown(name, unknown, known)
    if not notes.has_errors:
        for (_, name), (reader, _) in waiting.items():
            if name in reader.followed:
                notes.add("error", f"{reader.place}.states.{name}.follows", f"`{name}` follows itself",
                          "what follows another value has its unit from that value, and starts where it is at rest",
                          "it would have no unit and no start", "let it follow a state with an `initial:`")


def _check_cycles(readers: Sequence[Reader], notes: Notes) -> None:
    """A value that is computed from itself; states break a circle, assignments do not."""
    reads = {name: (set(names_in(tree)), reader) for reader in readers for name, tree in reader.trees.items()}
    done: set[str] = set()
    for start in reads:
        path: list[str] = []
        circle = _circle(start, {name: found for name, (found, _) in reads.items()}, path, done)
        if circle:
            reader = reads[circle[0]][1]
            notes.add("error", f"{reader.place}.assignments.{circle[0]}",
                      f"`{circle[0]}` is computed from itself: {' <- '.join([*circle, circle[0]])}",
                      "an assignment is computed from states and from assignments before it",
                      "there is no first value to compute", "make one of them a state, with reactions that change it")
            return


def _circle(name: str, reads: Mapping[str, set[str]], path: list[str], done: set[str]) -> list[str]:
    if name in path:
        return path[path.index(name):]
    if name in done or name not in reads:
        return []
    path.append(name)
    for other in sorted(reads[name]):
        found = _circle(other, reads, path, done)
        if found:
            return found
    path.pop()
    done.add(name)
    return []
