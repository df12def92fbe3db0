"""What is wrong with the words of a network before any number is read: words without use, names with two meanings."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from vesica.errors import Finding
from vesica.spec.cell_words import NetworkSpec, ReactionSpec, StateSpec
from vesica.spec.quantities import Notes
from vesica.spec.resolved import ResolvedModel

# words of a reaction beside its numbers, and the law that reads them
_WORDS_OF_LAWS: Final = {"enzyme": "michaelis_menten", "source": "hill"}
_NUMBERS: Final = ("k", "vmax", "kcat", "km", "half_max", "hill")
_DIVIDE: Final = ("delay", "km", "half_max")  # numbers of laws that divide


def check_words(words: NetworkSpec, place: str, notes: Notes) -> None:
    """Findings about words that nothing reads, in states, reactions and the network itself."""
    for name, state in words.states.items():
        _check_state(name, state, f"{place}.states.{name}", notes)
    for key, reaction in words.reactions.items():
        _check_reaction(key, reaction, f"{place}.reactions.{key}", notes)
    for kind in ("states", "assignments"):
        for name in getattr(words, kind):
            if keyword.iskeyword(name):
                notes.add("error", f"{place}.{kind}.{name}", f"`{name}` is a word of the language of expressions",
                          "a name can stand in an expression", "no expression could read it",
                          f"choose another name, as `{name}_`")
    for total, parts in words.conserved.items():
        if not parts:
            notes.add("error", f"{place}.conserved.{total}", f"`{total}` has no parts",
                      "a conserved total is a sum of states", "nothing would be proved",
                      "name the states, as `[A, 2*AB]`")
    if words.sbml is None and not (words.model_fields_set - {"label", "source", "doi"}):
        notes.add("warning", place, "it has neither states nor reactions nor rules", "a network does something",
                  "a cell that holds it is as one without it", "give it `states:` and `reactions:`, or delete it")


def _check_state(name: str, state: StateSpec, place: str, notes: Notes) -> None:
    said = state.model_fields_set
    if state.follows is None:
        for word in ("delay", "steps"):
            if word in said:
                notes.add("error", f"{place}.{word}", f"`{name}` has `{word}` and follows nothing",
                          "what follows another value has a delay", "it would be ignored",
                          f"add `follows: NAME`, or delete `{word}`")
        return
    for word, written in (("in", state.compartment), ("at_start", state.at_start)):
        if written is not None:
            notes.add("error", f"{place}.{word}", f"`{name}` follows `{state.follows}` and has `{word}`",
                      "what follows another value has its unit and starts at its rest", "it would be ignored",
                      f"delete `{word}`")


def _check_reaction(key: str, reaction: ReactionSpec, place: str, notes: Notes) -> None:
    law = reaction.law
    if "steps" in reaction.model_fields_set and reaction.delay is None:
        notes.add("error", f"{place}.steps", f"`{key}` has `steps` and no `delay`",
                  "steps are those of a delay", "they would be ignored", "give `delay: 30 min`, or delete `steps`")
    without = [word for word, of in _WORDS_OF_LAWS.items() if getattr(reaction, word) is not None and law != of]
    if reaction.enzyme is not None and law == "michaelis_menten" and reaction.kcat is None:
        without.append("enzyme")
    if law is None:
        without += [word for word in _NUMBERS if getattr(reaction, word) is not None]
    for word in without:
        how = f"the law `{law}`" if law else "a rate of its own"
        if word == "enzyme" and law == "michaelis_menten":
            how = "`vmax`, which holds its amount already"
        notes.add("error", f"{place}.{word}", f"`{key}` has `{word}` beside {how}",
                  "a reaction has what its law reads, and nothing else", "it would be ignored",
                  "delete it, or change the law" if law or reaction.rate is None else
                  "write it into `rate:` by a name of `constants:`, or give a law instead")


def check_constants(
    constants: Iterable[str], own: Collection[str], others: Mapping[str, str], place: str, notes: Notes
) -> None:
    """Constants whose name means something else: values of the cell's networks, or other words of the cell.

    Parameters
    ----------
    own : states and assignments of the cell's networks
    others : mapping of every other word that an expression of the cell may read
    """
    for name in constants:
        if name in own:
            notes.add("error", f"{place}.constants.{name}", f"`{name}` is a constant and a value of a network",
                      "a name means one thing in a cell", "a law could read the wrong one", "choose another name")
        elif name in others and not place.startswith("library:"):
            notes.add("warning", f"{place}.constants.{name}",
                      f"`{name}` is a constant here and means something else in the cell",
                      "in its own network a constant goes before other words of that name",
                      "its laws read the constant", "choose another name, unless this is what you mean")


def check_use(used: Collection[str], constants: Iterable[str], place: str, notes: Notes) -> None:
    """Constants of a model's network that no expression reads, in one note."""
    idle = [name for name in constants if name not in used]
    if idle and not place.startswith("library:"):
        notes.add("note", f"{place}.constants", f"nothing reads {', '.join(f'`{name}`' for name in idle)}",
                  "a constant is there for an expression of its network", "it does nothing",
                  "delete it, or look for a slip in the expression that should read it")


def check_networks(own: Iterable[str], held: Collection[str], library: Collection[str], notes: Notes) -> None:
    """Networks of the model that nobody holds, and those that hide one of the library."""
    for name in own:
        if name not in held:
            notes.add("warning", f"networks.{name}", f"no cell has the network `{name}`",
                      "a network is there for a cell, or for the medium",
                      "it does nothing, and was not read any further",
                      f"give it to a cell with `networks: [{name}]`, or delete it")
        elif name in library:
            notes.add("note", f"networks.{name}", f"`{name}` of the model takes the place of `{name}` of the library",
                      "a network of the model goes before one of the library", "cells hold the one written here",
                      "nothing needs to be done, unless you mean the library's: then choose another name")


def zeros(model: ResolvedModel, row: Mapping[str, float], arm: str) -> list[Finding]:
    """Sizes of compartments, delays and half-maxima of networks that are zero in an arm, and divide."""
    paths = []
    for owner, network in model.every_network:
        names = [state.compartment for state in network.states if state.compartment]
        names += _dividers([reaction.name for reaction in network.reactions], network.constants)
        names += [f"{state.name}_delay" for state in network.states]
        paths += [f"{owner}.{network.name}.{name}" for name in dict.fromkeys(names) if name in network.constants]
    return [Finding("error", path, f"`{path}` is {row[path]:g} in arm `{arm}`",
                    "this number divides others, so it is above zero", "rates would be undefined",
                    "give it a positive value") for path in paths if not row[path] > 0]


def _dividers(reactions: Sequence[str], constants: Collection[str]) -> list[str]:
    return [f"{reaction}_{number}" for reaction in reactions for number in _DIVIDE
            if f"{reaction}_{number}" in constants]  # fmt: skip
