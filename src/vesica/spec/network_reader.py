"""Reads the words of one network for one cell type: numbers with their units, expressions, equations, laws."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from vesica.errors import nearest
from vesica.library import Library
from vesica.spec import network_checks
from vesica.spec.cell_words import NetworkSpec, ReactionSpec, StateSpec
from vesica.spec.cells import Assigned, Network, NetworkState, Reaction
from vesica.spec.equations import EquationError, read_equation
from vesica.spec.expressions import (
    Call,
    Expression,
    ExpressionError,
    Name,
    Number,
    names_in,
    parse,
    product,
    unit_of,
)
from vesica.spec.quantities import Given, Notes
from vesica.spec.vocabulary import Field
from vesica.units import CONCENTRATION, internal_unit, readable, split

# numbers that each law takes
LAWS: Final[dict[str, tuple[str, ...]]] = {
    "mass_action": ("k",), "michaelis_menten": ("km",), "hill": ("vmax", "half_max", "hill"),
}  # fmt: skip
_LAW_NUMBERS: Final = ("k", "vmax", "kcat", "km", "half_max", "hill")
_DIVISORS: Final = ("km", "half_max")  # a law divides by them, as by a delay and the size of a compartment
_PURE: Final = frozenset({"", "dimensionless"})


class Reader:
    """Reads one network for one cell type; everything wrong is noted."""

    def __init__(self, name: str, words: NetworkSpec, place: str, cell: str, library: Library, notes: Notes) -> None:
        self.name, self.words, self.place = name, words, place
        self.cell, self.library, self.notes = cell, library, notes
        self.constants: dict[str, str] = {}  # name -> internal unit
        self.expected: dict[str, Field] = {}
        self.numbers: dict[str, Given] = {}
        self.trees: dict[str, Expression] = {}  # of assignments
        self.followed: dict[str, Expression] = {}  # what each state with `follows:` lies behind
        self.units_of_states: dict[str, str] = {}
        self.lacks_unit = False  # then nothing can be proved, and much would be said for one slip

    # ---- numbers

    def read_numbers(self) -> None:
        """Constants, sizes of compartments, numbers of laws and starts of states, each with its unit."""
        words, place = self.words, self.place
        network_checks.check_words(words, place, self.notes)
        for name, size in words.compartments.items():
            self._constant(name, size, f"{place}.compartments.{name}", "size relative to the cell", "", positive=True)
        for name, number in words.constants.items():
            self._constant(name, number, f"{place}.constants.{name}", "")
        for key, reaction in words.reactions.items():
            for name in _LAW_NUMBERS:
                if (number := getattr(reaction, name)) is not None:
                    self._constant(f"{key}_{name}", number, f"{place}.reactions.{key}.{name}", "",
                                   positive=name in _DIVISORS)
            if reaction.delay is not None:
                self._constant(f"{key}_delay", reaction.delay, f"{place}.reactions.{key}.delay", "", "second",
                               positive=True)
        for key, text in words.assignments.items():
            if (tree := self.parse(text, f"assignments.{key}")) is not None:
                self.trees[key] = tree
        for name, state in words.states.items():
            self._state(name, state)

    def _constant(self, name: str, number: str | float, place: str, label: str, unit: str | None = None, *,
                  positive: bool = False) -> None:
        if name in self.constants:
            self.notes.add("error", place, f"`{name}` is a number of `{self.name}` twice",
                           "each number of a network has a name of its own (`REACTION_k` is that of a law)",
                           "one of the two would be ignored", "choose another name")
        self.constants[name] = unit if unit is not None else self._unit(number, place)
        self.expected[f"{self.name}.{name}"] = Field(self.constants[name], label=label, positive=positive)
        self.numbers[f"{self.name}.{name}"] = Given(number, place)

    def _state(self, name: str, state: StateSpec) -> None:
        place = f"{self.place}.states.{name}"
        if state.follows is not None:
            if state.delay is None or state.initial is not None:
                self.notes.add("error", place, f"`{name}` follows `{state.follows}` "
                               + ("without a `delay:`" if state.delay is None else "and has an `initial:`"),
                               "what follows another value has a delay, and starts where that value is at rest",
                               "its course would be unknown", "give `delay: 30 min` and no `initial:`")
            self._constant(f"{name}_delay", state.delay if state.delay is not None else "1 s", f"{place}.delay", "",
                           "second", positive=True)
            if (tree := self.parse(state.follows, f"states.{name}.follows")) is not None:
                self.followed[name] = tree
            return
        if state.compartment is not None and state.compartment not in self.words.compartments:
            self.notes.unknown(f"{place}.in", "compartment", state.compartment, self.words.compartments,
                               "its concentration would be unknown")
        given = state.initial if state.initial is not None else state.at_start
        if given is None:
            self.notes.add("error", place, f"`{name}` has no `initial:`", "a state begins somewhere, in its own unit",
                           "its unit would be unknown", "write `initial: 0 nM`, or `initial: 0` for a pure level")
            self.lacks_unit = True
            given = 0.0
        unit = self.units_of_states[name] = self._unit(given, f"{place}.initial")
        self._junction(name, state, unit, place)
        for key, number in (("initial", 0.0 if state.initial is None else state.initial), ("at_start", state.at_start)):
            if number is not None:
                zero = isinstance(number, float | int) and number == 0.0 and unit not in _PURE
                self.expected[f"{name}.{key}"] = Field(unit, label=f"{name} {key.replace('_', ' ')}")
                self.numbers[f"{name}.{key}"] = Given(f"0 {unit}" if zero else number, f"{place}.{key}")

    def _junction(self, name: str, state: StateSpec, unit: str, place: str) -> None:
        if state.junction is None:
            return
        self._constant(f"{name}_junction", state.junction, f"{place}.junction", "permeability of gap junctions", "um/s")
        if state.compartment is not None or unit not in (*_PURE, internal_unit(CONCENTRATION)):
            what = f"is in `{state.compartment}`" if state.compartment is not None else f"is in `{readable(unit)}`"
            self.notes.add("error", f"{place}.junction", f"`{name}` has a `junction` and {what}",
                           "what passes gap junctions is a concentration in the whole cell, or a level relative to it",
                           "nobody could say how much of it passes",
                           "give its `initial:` as a concentration, without `in:`; or leave `junction` out")

    def _unit(self, number: str | float, place: str) -> str:
        """Internal unit of a quantity as written; nothing, with a finding, where it has none."""
        given = Given(number, place)
        try:
            if given.entry:
                entry = self.library.entries.get(given.entry)
                return "" if entry is None else _plain(internal_unit(entry.unit))
            return _plain(internal_unit(split(number)[1].replace("%", "percent")))
        except ValueError as failure:
            self.notes.add("error", place, f"`{number}`: {failure}", "a number is written with a unit that we know",
                           "it could not be used in a law", "write it like `0.1 1/min`, `5 nM`, `0.5 1/(uM*s)`, or `2`")
            self.lacks_unit = True
            return ""

    # ---- expressions

    def parse(self, text: str, where: str) -> Expression | None:
        """The tree of a text, or None with a finding."""
        try:
            return parse(text)
        except ExpressionError as failure:
            self.notes.take(failure.finding(f"{self.place}.{where}"))
            return None

    def state_units(self) -> dict[str, str]:
        """Units of states whose start gives them."""
        return dict(self.units_of_states)

    def computed(self) -> Iterator[tuple[str, Expression]]:
        """Values whose unit follows from what they read."""
        yield from self.trees.items()
        yield from self.followed.items()

    def unit_here(self, name: str, tree: Expression, units: Mapping[str, str]) -> str:
        """Unit of an expression among the network's constants and the words of the cell; noted where it fails."""
        try:
            return _plain(unit_of(tree, {**units, **self.constants}))
        except ExpressionError as failure:
            kind = "states" if name in self.followed else "assignments"
            self.notes.take(failure.finding(f"{self.place}.{kind}.{name}"))
            return ""

    def unknown(self, name: str, word: str, known: Iterable[str]) -> None:
        """Note a word that means nothing in this cell."""
        kind = "states" if name in self.followed else "assignments"
        self.notes.add("error", f"{self.place}.{kind}.{name}", f"`{word}` is not known in the {self.cell}",
                       "an expression is made of values of the cell and its network", "it cannot be computed",
                       nearest(word, known))

    # ---- the network

    def network(self, words: Mapping[str, str], levels: Mapping[str, str], outside: Mapping[str, str]) -> Network:
        """Everything together; ``levels`` are the units of all states and assignments of the cell."""
        spec = self.words
        states = [NetworkState(name, levels.get(name, ""), state.label or name.replace("_", " "),
                               state.compartment or "", state.follows is None, state.at_start is not None,
                               has_junction=state.junction is not None)
                  for name, state in spec.states.items()]
        reactions: list[Reaction] = []
        for name, tree in self.followed.items():
            hidden, found = self._follow(name, tree, spec.states[name].steps, levels.get(name, ""))
            states += hidden
            reactions += found
        weights = self._conserved({state.name for state in states} or outside)
        for key, reaction in spec.reactions.items():
            hidden, found = self._reaction(key, reaction, words, levels, outside, weights)
            states += hidden
            reactions += found
        self._prove(reactions, weights)
        self._check_constants(reactions, words, levels)
        return Network(self.name, spec.label or self.name, tuple(states), tuple(self.constants),
                       tuple(Assigned(name, tree, levels.get(name, ""), name.replace("_", " "))
                             for name, tree in self.trees.items()), tuple(reactions),
                       tuple((total, tuple(found.items())) for total, found in weights.items()), spec.provides,
                       spec.source, spec.doi)

    def _check_constants(self, reactions: Sequence[Reaction], words: Mapping[str, str],
                         levels: Mapping[str, str]) -> None:
        named = [name for name in self.constants if name in self.words.constants]
        network_checks.check_constants(named, levels, words, self.place, self.notes)
        trees = [*self.trees.values(), *self.followed.values(), *(one.rate for one in reactions)]
        if not self.notes.has_errors:  # what is read is known
            network_checks.check_use({word for tree in trees for word in names_in(tree)}, named, self.place, self.notes)

    def _follow(self, name: str, tree: Expression, steps: int, unit: str) -> tuple[list[NetworkState], list[Reaction]]:
        chain = [*(f"{name}_step{number}" for number in range(1, steps)), name]
        hidden = [NetworkState(step, unit, f"{name}, step {number + 1}", has_start=False, is_hidden=True)
                  for number, step in enumerate(chain[:-1])]
        pace = Call("/", (Number(float(steps)), Name(f"{name}_delay")))
        reactions = []
        for before, step in zip([tree, *map(Name, chain[:-1])], chain, strict=True):
            reactions += [Reaction(f"{step}_in", ((step, 1),), product(pace, before)),
                          Reaction(f"{step}_out", ((step, -1),), product(pace, Name(step)))]
        return hidden, reactions

    def _reaction(
        self, key: str, reaction: ReactionSpec, words: Mapping[str, str], levels: Mapping[str, str],
        outside: Mapping[str, str], weights: dict[str, dict[str, int]],
    ) -> tuple[list[NetworkState], list[Reaction]]:
        place = f"{self.place}.reactions.{key}"
        own = {**self.units_of_states, **{name: levels.get(name, "") for name in self.followed}, **outside}
        try:
            left, right = read_equation(reaction.equation)
        except EquationError as failure:
            self.notes.take(failure.finding(f"{place}.equation"))
            return [], []
        strange = [name for name in (*left, *right) if name not in own]
        for name in strange:
            known = [*own, *levels]
            why = ("is computed, or belongs to another network, and no reaction here can move it" if name in levels
                   else f"is not a state of the network, nor cargo or soluble of the {self.cell}")
            self.notes.add("error", f"{place}.equation", f"`{name}` in `{reaction.equation}` {why}",
                           "a reaction moves states of its network, cargo of the cell and solubles",
                           "what it makes would be lost", nearest(name, [one for one in known if one != name]))
        rate = self._rate(key, reaction, left, place)
        if rate is None or strange:
            return [], []
        moved = {name: right.get(name, 0) - left.get(name, 0) for name in (*left, *right)}
        self._check_unit(rate, {name: own[name] for name in moved}, words, place)
        moves = tuple((name, count) for name, count in moved.items() if count)
        if not moves:
            self.notes.add("warning", place, f"`{reaction.equation}` changes nothing", "a reaction moves something",
                           "it costs time and does nothing", "give both sides, or delete it")
        if reaction.delay is None:
            return [], [Reaction(key, moves, rate, reaction.label)]
        return self._late(key, reaction, left, right, rate, weights, levels)

    def _rate(self, key: str, reaction: ReactionSpec, left: Mapping[str, int], place: str) -> Expression | None:
        """The rate as an expression: as written, or by the law."""
        if (reaction.law is None) == (reaction.rate is None):
            self.notes.add("error", place, f"`{key}` has " + ("a law and a rate" if reaction.law else "no rate"),
                           "a reaction has a law with its numbers, or an expression for its rate",
                           "it would not be clear how fast it goes",
                           "write `law: mass_action` with `k:`, or `rate: \"k * A\"`")
            return None
        if reaction.rate is not None:
            return self.parse(reaction.rate, f"reactions.{key}.rate")
        needed = LAWS[reaction.law or ""]
        optional = ("vmax", "kcat") if reaction.law == "michaelis_menten" else ()
        given = [name for name in _LAW_NUMBERS if getattr(reaction, name) is not None]
        wrong = [name for name in given if name not in (*needed, *optional)]
        missing = [name for name in needed if name not in given and name != "hill"]
        if reaction.law == "michaelis_menten" and (("vmax" in given) == ("kcat" in given)):
            missing.append("vmax` (or `kcat` with `enzyme")
        if wrong or missing:
            what = f"lacks `{missing[0]}`" if missing else f"has no use for `{wrong[0]}`"
            self.notes.add("error", place, f"`{key}` with the law `{reaction.law}` {what}",
                           f"`{reaction.law}` takes {', '.join(f'`{name}`' for name in (*needed, *optional))}",
                           "its rate would be unknown", "give the numbers of its law, and no others")
            return None
        return self._law(key, reaction, left, place)

    def _law(self, key: str, reaction: ReactionSpec, left: Mapping[str, int], place: str) -> Expression | None:
        number = {name: Name(f"{key}_{name}") for name in _LAW_NUMBERS}
        if reaction.law == "mass_action":
            factors = [Name(name) for name, count in left.items() for _ in range(count)]
            return product(*self._size(left), number["k"], *factors)
        if reaction.law == "hill":
            if reaction.source is None:
                self.notes.add("error", place, f"`{key}` has no `source:`", "a Hill law rises with a source",
                               "its rate would be unknown", "write `source: NAME`")
                return None
            source = self.parse(reaction.source, f"reactions.{key}.source")
            steepness = number["hill"] if reaction.hill is not None else Number(1.0)
            return None if source is None else product(
                *self._size(left), number["vmax"], Call("hill", (source, number["half_max"], steepness)))
        if len(left) != 1 or set(left.values()) != {1} or (reaction.kcat is not None and reaction.enzyme is None):
            self.notes.add("error", place, f"`{reaction.equation}` with the law `michaelis_menten`",
                           "Michaelis-Menten has one substrate on the left, and with `kcat` an `enzyme`",
                           "its rate would be unknown", "write the rate as an expression with `rate:`")
            return None
        substrate = Name(next(iter(left)))
        top = [number["vmax"]] if reaction.kcat is None else [number["kcat"], Name(reaction.enzyme or "")]
        return product(*self._size(left), *top, Call("/", (substrate, Call("+", (number["km"], substrate)))))

    def _size(self, left: Mapping[str, int]) -> list[Expression]:
        """Size of the compartment that a law's concentrations are of: a pool is an amount over the cell."""
        places = {self.words.states[name].compartment for name in left if name in self.words.states}
        return [Name(place) for place in places if place] if len(places) == 1 else []

    def _check_unit(self, rate: Expression, participants: Mapping[str, str], words: Mapping[str, str],
                    place: str) -> None:
        try:
            unit = _plain(unit_of(rate, {**words, **self.constants}))
        except ExpressionError as failure:
            self.notes.take(failure.finding(f"{place}.rate"))
            return
        for name, own in participants.items():
            wanted = _plain(internal_unit(f"({own or '1'})/second" if own not in _PURE else "1/second"))
            if unit != wanted:
                self.notes.add("error", place, f"its rate is in `{readable(unit)}`, and `{name}` is in "
                               f"`{readable(own)}`", f"a reaction changes `{name}` in `{readable(wanted)}`",
                               "it would be off by orders of magnitude",
                               "change the unit of a constant" if self.cell == "medium" else
                               "change the unit of a constant, or bring volume in: `cell_volume` turns a concentration "
                               "into molecules")
                return

    def _late(
        self, key: str, reaction: ReactionSpec, left: Mapping[str, int], right: Mapping[str, int], rate: Expression,
        weights: dict[str, dict[str, int]], levels: Mapping[str, str],
    ) -> tuple[list[NetworkState], list[Reaction]]:
        """What goes in waits in a chain of steps before it comes out."""
        place = f"{self.place}.reactions.{key}"
        foreign = [name for name in (*left, *right) if name not in self.units_of_states]
        if foreign:
            self.notes.add("error", f"{place}.delay", f"`{key}` delays `{foreign[0]}`, which is no state",
                           "a delay is a chain of states", "molecules on their way would be in no ledger",
                           "let it make a state late, and that state the molecule")
        unit = levels.get(next(iter((*left, *right)), ""), "")
        chain = [f"{self.name}_{key}_step{number}" for number in range(1, reaction.steps + 1)]
        hidden = [NetworkState(step, unit, f"on the way in `{key}`, step {number + 1}", has_start=False,
                               is_hidden=True)
                  for number, step in enumerate(chain)]
        for found in weights.values():
            waiting = sum(found.get(name, 0) * count for name, count in left.items())
            found.update(dict.fromkeys(chain, waiting) if waiting else {})
        pace = Call("/", (Number(float(reaction.steps)), Name(f"{key}_delay")))
        entries = [(((*((name, -count) for name, count in left.items()), (chain[0], 1))), rate)]
        entries += [(((here, -1), (after, 1)), product(pace, Name(here)))
                    for here, after in itertools.pairwise(chain)]
        entries.append((((chain[-1], -1), *right.items()), product(pace, Name(chain[-1]))))
        names = [key, *(f"{key}_{number}" for number in range(1, len(entries)))]
        return hidden, [Reaction(name, moves, tree, reaction.label)
                        for name, (moves, tree) in zip(names, entries, strict=True)]

    # ---- conservation

    def _conserved(self, known: Collection[str]) -> dict[str, dict[str, int]]:
        """Weights of each total; a network without states may prove totals of the solubles and cargo that it moves."""
        totals: dict[str, dict[str, int]] = {}
        for total, parts in self.words.conserved.items():
            weights: dict[str, int] = {}
            for part in parts:
                count, _, name = part.rpartition("*")
                name = name.strip()
                if count and not count.strip().isdigit():
                    self.notes.add("error", f"{self.place}.conserved.{total}", f"`{part}` has no whole number in front",
                                   "a total is a sum of states, each with a whole number",
                                   "the total could not be proved", f"write it like `2*{name}`")
                elif name not in known:
                    self.notes.unknown(f"{self.place}.conserved.{total}", "state", name, known,
                                       "the total could not be proved")
                else:
                    weights[name] = weights.get(name, 0) + (int(count) if count else 1)
                    continue
                break
            else:
                totals[total] = weights
        return totals

    def _prove(self, reactions: Sequence[Reaction], weights: Mapping[str, Mapping[str, int]]) -> None:
        for total, found in weights.items():
            for reaction in reactions:
                gained = sum(found.get(name, 0) * count for name, count in reaction.moves)
                if gained:
                    self.notes.add("error", f"{self.place}.conserved.{total}",
                                   f"the reaction `{reaction.name}` changes `{total}` by {gained:+d}",
                                   f"`{total}` is declared conserved, and no reaction may change it",
                                   "the total would drift during the run",
                                   "mend the equation, or take the total out of `conserved:`")


def _plain(unit: str) -> str:
    return "" if unit in _PURE else unit
