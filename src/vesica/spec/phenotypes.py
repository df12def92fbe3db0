"""Phenotypes of a cell type: Markov chains, from the words of the library and of the model.

A chain of the library is in a model that names it (``phenotypes: {inflammation: {}}``); what the model says of it
comes on top. A transition is a word ``A_to_B`` of two states.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from vesica.library.records import CellEntry
from vesica.spec.cell_words import ChainSpec, ChainStateSpec
from vesica.spec.cells import CellType, Chain, ChainState
from vesica.spec.quantities import Given, Notes
from vesica.spec.vocabulary import (
    ALL_MACHINERY,
    PHENOTYPE_FACTOR,
    PHENOTYPE_HAZARD,
    PHENOTYPE_START,
    TAKEN,
    Field,
)
from vesica.spec.words import Quantity

INITIAL: Final = "initial"
HAZARD: Final = "hazard"
JOIN: Final = "_to_"


@dataclass(frozen=True)
class Said:
    """One chain as the library and the model say it together.

    Parameters
    ----------
    parts : of (place, words), the library first
    states : words of each state, in the order they were named
    ways : transition -> its two states
    """

    name: str
    parts: Sequence[tuple[str, ChainSpec]]
    states: Mapping[str, Sequence[tuple[str, ChainStateSpec]]]
    ways: Mapping[str, tuple[str, str]]

    @property
    def place(self) -> str:
        """Where the model names it."""
        return self.parts[-1][0]

    def dies(self, state: str) -> bool:
        """Whether entering a state is death."""
        return any(words.dies for _, words in self.states[state])

    def owned(self, state: str) -> tuple[str, ...]:
        """Rates that a state changes."""
        return tuple(dict.fromkeys(rate for _, words in self.states[state] for rate in words.rates))


@dataclass(frozen=True)
class Phenotypes:
    """The chains of a cell type, their numbers without those that the model writes, and the words for findings."""

    chains: tuple[Chain, ...] = ()
    numbers: Mapping[str, Given] = field(default_factory=dict)
    said: tuple[Said, ...] = ()

    @property
    def can_kill(self) -> bool:
        """Whether some state is death."""
        return any(state.dies for chain in self.chains for state in chain.states)


def read(
    name: str, base: CellEntry, said: Sequence[tuple[str, Mapping[str, ChainSpec]]], text: str, notes: Notes
) -> Phenotypes:
    """The chains that a cell type has.

    Parameters
    ----------
    name : str
        Of the cell type; ``base`` is what it is like.
    said : of (place, chains)
        Everything that the base and the arms say about it.
    text : str
        The whole model; a path ``CELL.STATE.initial`` anywhere in it sets where cells start.
    """
    wanted: dict[str, list[tuple[str, ChainSpec]]] = {}
    for place, chains in said:
        for key, words in chains.items():
            wanted.setdefault(key, []).append((f"{place}.phenotypes.{key}", words))
    kept: list[Said] = []
    for key, parts in wanted.items():
        library = base.phenotypes.get(key)
        if library is not None:
            parts = [(f"library:{base.name}", ChainSpec.model_validate(library)), *parts]  # noqa: PLW2901
        one = _merged(key, parts, base, notes)
        if one is not None:
            kept.append(one)
    numbers: dict[str, Given] = {}
    for one in kept:
        numbers |= _defaults(one, name)
        if one.name in base.phenotypes:
            numbers |= _numbers(one.parts[0][1], name, one.parts[0][0])
    return Phenotypes(tuple(_chain(one, text) for one in kept), numbers, tuple(kept))


def _merged(key: str, parts: Sequence[tuple[str, ChainSpec]], base: CellEntry, notes: Notes) -> Said | None:
    """One chain of all that is said about it; nothing where it makes no sense."""
    place = parts[-1][0]
    states: dict[str, list[tuple[str, ChainStateSpec]]] = {}
    for where, words in parts:
        for state, of in words.states.items():
            states.setdefault(state, []).append((where, of))
    if not states:
        notes.unknown(place, "phenotype chain of the library", key, base.phenotypes,
                      "it has no states, and cells could be in none (give it `states:` to make a new one)")
        return None
    found = Said(key, parts, states, dict(_ways(parts, states, notes)))
    living = [state for state in states if not found.dies(state)]
    if len(states) < 2 or not living:
        notes.add("error", place, f"`{key}` has {'no state of a living cell' if not living else 'one state'}",
                  "a chain has two states or more, one of them of living cells", "no cell could ever change its state",
                  "add a state under `states:`, and `transitions:` into it and out of it")
        return None
    return found


def _ways(
    parts: Sequence[tuple[str, ChainSpec]], states: Collection[str], notes: Notes
) -> Iterator[tuple[str, tuple[str, str]]]:
    """Transitions with the two states of each."""
    known = {f"{a}{JOIN}{b}": (a, b) for a in states for b in states if a != b}
    for place, words in parts:
        for word in words.transitions:
            where = f"{place}.transitions.{word}"
            cuts = word.split(JOIN)
            pairs = [(JOIN.join(cuts[:at]), JOIN.join(cuts[at:])) for at in range(1, len(cuts))]
            fitting = [pair for pair in pairs if pair[0] in states and pair[1] in states]
            if len(fitting) > 1:
                notes.add("error", where, f"`{word}` can be read in {len(fitting)} ways",
                          "a transition is `A_to_B`, and only one pair of states fits", "either could be meant",
                          "rename a state so that its name has no `_to_`")
            elif word in known:
                yield word, known[word]
            else:
                notes.unknown(where, "transition between states of this chain", word, known,
                              "no cell would ever go that way")


def _chain(one: Said, text: str) -> Chain:
    def label(state: str) -> str:
        labels = [words.label for _, words in one.states[state] if words.label]
        return labels[-1] if labels else state.replace("_", " ")

    states = tuple(ChainState(state, label(state), one.dies(state), () if one.dies(state) else one.owned(state))
                   for state in one.states)
    named = [words.label for _, words in one.parts if words.label]
    starts = any(words.initial is not None for said in one.states.values() for _, words in said)
    starts |= any(f".{state}.{INITIAL}" in text for state in one.states)
    return Chain(one.name, states, tuple(one.ways.values()), named[-1] if named else one.name.replace("_", " "),
                 not starts and _is_reversible(one))


def _is_reversible(one: Said) -> bool:
    """Whether a living cell can go from every state to every other."""
    living = [state for state in one.states if not one.dies(state)]
    return all(set(living) <= _reached(start, one) for start in living)


def _reached(start: str, one: Said) -> set[str]:
    """States that a cell in ``start`` may come to."""
    found, rest = {start}, [start]
    while rest:
        here = rest.pop()
        new = {b for a, b in one.ways.values() if a == here} - found
        found |= new
        rest += new
    return found


# ---- numbers


def expected(cell: CellType) -> dict[str, Field]:
    """Parameters of the phenotypes of a cell type, by path."""
    paths: dict[str, Field] = {}
    for chain in cell.chains:
        paths |= {f"{cell.name}.{a}{JOIN}{b}.{HAZARD}": PHENOTYPE_HAZARD for a, b in chain.transitions}
        for state in chain.living:
            paths |= {f"{cell.name}.{state.name}.{rate}": PHENOTYPE_FACTOR for rate in state.owns}
            paths |= {} if chain.settles else {f"{cell.name}.{state.name}.{INITIAL}": PHENOTYPE_START}
    return paths


def written(chains: Mapping[str, ChainSpec], name: str, place: str) -> dict[str, Given]:
    """The numbers of one ``phenotypes:`` block, by path."""
    return {path: given for key, words in chains.items()
            for path, given in _numbers(words, name, f"{place}.phenotypes.{key}").items()}  # fmt: skip


def _numbers(words: ChainSpec, name: str, place: str) -> dict[str, Given]:
    def given(text: Quantity, path: str) -> Given:
        return Given(text, place if place.startswith("library:") else f"{place}.{path}")

    found = {f"{name}.{word}.{HAZARD}": given(text, f"transitions.{word}") for word, text in words.transitions.items()}
    for state, of in words.states.items():
        if of.dies:  # what is said of it is a finding of its own
            continue
        if of.initial is not None:
            found[f"{name}.{state}.{INITIAL}"] = given(of.initial, f"states.{state}.{INITIAL}")
        found |= {f"{name}.{state}.{rate}": given(text, f"states.{state}.rates.{rate}")
                  for rate, text in of.rates.items()}
    return found


def _defaults(one: Said, name: str) -> dict[str, Given]:
    """All cells in the first state, unless the base says otherwise; what only an arm names does nothing in others."""
    numbers = {f"{name}.{word}.{HAZARD}": "0 1/s" for word in one.ways}
    starts = any(words.initial is not None for said in one.states.values() for place, words in said
                 if not place.startswith("arms."))
    for place, state in enumerate(state for state in one.states if not one.dies(state)):
        numbers[f"{name}.{state}.{INITIAL}"] = "0" if starts or place > 0 else "1"
        numbers |= {f"{name}.{state}.{rate}": "1" for rate in one.owned(state)}
    return {path: Given(text, "default") for path, text in numbers.items()}


# ---- findings


def check(found: Phenotypes, targets: Collection[str], others: Collection[str], notes: Notes) -> None:
    """Findings about the chains of a cell type.

    Parameters
    ----------
    targets : words of rates that a rule may change in this cell type
    others : words of everything else that a rule may read in it
    """
    names = {"a word of the cell or of the medium": set(others), "a number of the cell": set(ALL_MACHINERY),
             "a name that vesica uses": TAKEN}  # fmt: skip
    for one in found.said:
        for state in one.states:
            where = _place(one, state)
            what = next((what for what, words in names.items() if state in words), "")
            if what:
                notes.add("error", where, f"`{state}` is a phenotype and {what}", "a name means one thing in a cell",
                          "the numbers of one would be taken for those of the other", f"rename it, as `{state}_cell`")
            names["a state of another chain"] = {*names.get("a state of another chain", ()), state}
        _check_states(one, notes)
        _check_ways(one, notes)
    _check_rates(found, targets, notes)


def _place(one: Said, state: str) -> str:
    return f"{one.states[state][-1][0]}.states.{state}"


def _check_states(one: Said, notes: Notes) -> None:
    """What is said of states that are death, and whether death is said in one way."""
    for state, said in one.states.items():
        where = _place(one, state)
        if len({words.dies for _, words in said if "dies" in words.model_fields_set}) > 1:
            notes.add("error", where, f"`{state}` dies in one place and does not in another",
                      "a phenotype is one thing in all arms", "one of the two would be ignored",
                      "use two states, and set the hazard of one of them to zero")
        if one.dies(state):
            for word, has in (("rates", any(words.rates for _, words in said)),
                              (INITIAL, any(words.initial is not None for _, words in said))):
                if has:
                    notes.add("error", f"{where}.{word}", f"`{state}` dies and has `{word}`",
                              "entering a state that dies is the end of the cell", "a dead cell does nothing",
                              f"delete `{word}`, or `dies`")


def _check_ways(one: Said, notes: Notes) -> None:
    """States that nobody enters or leaves, and ways out of death."""
    starts = {state for state, said in one.states.items() for _, words in said if words.initial not in (None, 0, "0")}
    first = next(state for state in one.states if not one.dies(state))
    other = next(state for state in one.states if state != first)
    for word, (state, _) in one.ways.items():
        if one.dies(state):
            notes.add("error", f"{one.place}.transitions.{word}", f"`{word}` begins in `{state}`, which dies",
                      "nothing comes after death", "it would never happen", "delete it, or `dies`")
    for state in one.states:
        where = _place(one, state)
        if state not in {to for _, to in one.ways.values()} and state not in (starts or {first}):
            notes.add("warning", where, f"nobody can enter `{state}`", "a phenotype has cells at the start, or a "
                      "transition into it", "no cell will ever be in it", f"add a transition as `{first}_to_{state}`")
        if not one.dies(state) and state not in {begin for begin, _ in one.ways.values()}:
            notes.add("warning", where, f"nobody can leave `{state}`", "a phenotype of living cells has a way out",
                      "cells that enter it stay in it for good",
                      f"add a transition as `{state}_to_{first if first != state else other}`")


def _check_rates(found: Phenotypes, targets: Collection[str], notes: Notes) -> None:
    owners: dict[str, str] = {}
    for one in found.said:
        for state, said in one.states.items():
            for place, words in said:
                for rate in words.rates:
                    where = f"{place}.states.{state}.rates.{rate}"
                    if rate not in targets:
                        notes.unknown(where, "rate of this cell type", rate, targets, "nothing would be changed")
                    elif owners.setdefault(rate, one.name) != one.name:
                        notes.add("note", where, f"`{owners[rate]}` and `{one.name}` both change `{rate}`",
                                  "factors of two chains multiply",
                                  "a cell feels the factors of both its states",
                                  "nothing needs to be done")
