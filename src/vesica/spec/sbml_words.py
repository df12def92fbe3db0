"""An SBML file as the words of a network: states with units, constants, assignments, reactions with their rates.

Every number keeps its value and its meaning in the units of the file. What the file holds and a network cannot is an
error until the user leaves it out by name (`without:`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vesica.errors import Finding, InputError, error
from vesica.readers.sbml import read_sbml
from vesica.readers.sbml_record import SbmlModel, SbmlReaction, SbmlSpecies
from vesica.readers.text import near_file
from vesica.spec.cell_words import NetworkSpec
from vesica.spec.expressions import Call, Expression, Name, Number, names_in, parse, written
from vesica.spec.model import ModelSpec
from vesica.spec.quantities import Notes
from vesica.spec.sbml_laws import Laws, report_parts
from vesica.spec.sbml_units import Fitter, Vector, text_of


@dataclass(frozen=True)
class SbmlWords:
    """The words of a network from SBML.

    Parameters
    ----------
    words : NetworkSpec
        As if it had been written in the model file.
    names : mapping of SBML id to word
        A parameter of one reaction is ``REACTION.ID`` here.
    findings : tuple of Finding
        Errors where the network cannot be used as it is.
    """

    words: NetworkSpec
    names: Mapping[str, str]
    findings: tuple[Finding, ...]


def with_sbml(spec: ModelSpec, notes: Notes) -> ModelSpec:
    """The model with every network that names an SBML file read from it; what is wrong is noted."""
    found = {name: read_network(network, f"networks.{name}", notes) for name, network in spec.networks.items()}
    return spec.model_copy(update={"networks": found}) if found else spec


def read_network(spec: NetworkSpec, place: str, notes: Notes) -> NetworkSpec:
    """The network of the SBML file that ``spec`` names, under the words written beside it.

    Parameters
    ----------
    place : str
        Where the network stands in the model file, as ``networks.hoffmann``; the file is looked up from there.
    notes : Notes
        Takes up what is wrong.
    """
    if spec.sbml is None:
        return spec
    try:
        path = sbml_file(spec.sbml, f"{place}.sbml", notes)
        found = network_words(read_sbml(path), f"{place}.sbml", without=spec.without, own=spec)
    except InputError as failure:
        notes.take(*(replace(finding, path=f"{place}.sbml") for finding in failure.findings))
        return spec
    notes.take(*found.findings)
    return merged(found.words, spec)


def sbml_file(name: str, place: str, notes: Notes) -> Path:
    """The SBML file named in a model, relative to the model file.

    Raises
    ------
    InputError
        It does not exist.
    """
    file, line = notes.origin.place(place)
    path = Path(file or "").parent / name
    if not path.is_file():
        raise error(place, f"`{name}` is not a file", "SBML files are named relative to the model file",
                    "the network would be empty", near_file(path), file=file, line=line)
    return path


def merged(low: NetworkSpec, high: NetworkSpec) -> NetworkSpec:
    """``high`` on ``low``: states merge word by word, everything else entry by entry."""
    data, over = (spec.model_dump(by_alias=True, exclude_unset=True) for spec in (low, high))
    for key, value in over.items():
        if not isinstance(value, Mapping):
            data[key] = value
            continue
        data[key] = dict(data.get(key, {}))
        for name, item in value.items():
            old = data[key].get(name)
            joins = key == "states" and old is not None and item.get("follows") is None
            data[key][name] = {**old, **item} if joins else item
    return NetworkSpec.model_validate(data)


def network_words(
    model: SbmlModel, place: str, *, without: Collection[str] = (), own: NetworkSpec | None = None
) -> SbmlWords:
    """Turn what a file says into words.

    Parameters
    ----------
    place : str
        For findings, as ``networks.hoffmann.sbml``.
    without : ids
        Parts that are left out on purpose; ``units`` for the units that the file declares for its parameters.
    own : NetworkSpec, optional
        Words that go on top: numbers that stand there need not be in the file.
    """
    laws = Laws(model, place, without)
    report_parts(laws)
    writer = _Writer(laws, own or NetworkSpec())
    words = NetworkSpec.model_validate(writer.data())
    return SbmlWords(words, laws.names, tuple(laws.findings))


class _Writer:
    """Puts words together, once all laws and units are known."""

    def __init__(self, laws: Laws, own: NetworkSpec) -> None:
        self.laws, self.own, self.model, self.names = laws, own, laws.model, laws.names
        self.fitter = Fitter(laws.units, {*laws.names.values(), laws.size_name})

    def data(self) -> dict[str, Any]:
        laws = self.laws
        reactions = dict(self._reactions()) | dict(self._rates())
        assignments = {self.names[name]: written(self.fitter.fit(tree, laws.units.resolved(laws.variable_unit(name))))
                       for name, tree in laws.trees.items() if laws.is_assigned(name)}
        states = dict(self._states())
        constants = dict(self._constants())
        read = self._read(assignments, reactions)
        if laws.size_name in read:
            constants[laws.size_name] = quantity(self._size(laws.reference), laws.volume)
        homes = {state.get("in") for state in states.values()} | read
        sizes = {self.names[name]: self._size(name) / self._size(laws.reference) for name in laws.compartments
                 if name != laws.reference and self.names[name] in homes}
        for name in (*sizes, *([laws.reference] if laws.size_name in read or sizes else [])):
            self._warn_size(name)
        label = self.model.label or Path(self.model.file).stem
        return {"label": label, "source": f"SBML file {Path(self.model.file).name}", "compartments": sizes,
                "states": states, "constants": constants | self.fitter.constants, "assignments": assignments,
                "reactions": reactions}

    def _read(self, assignments: Mapping[str, str], reactions: Mapping[str, Mapping[str, str]]) -> set[str]:
        texts = [*assignments.values(), *(one["rate"] for one in reactions.values())]
        return {name for text in texts for name in names_in(parse(text))}

    def _size(self, name: str) -> float:
        one = self.laws.compartments.get(name)
        return one.size if one is not None and one.size else 1.0

    def _warn_size(self, name: str) -> None:
        one = self.laws.compartments.get(name)
        if one is not None and one.size is None:
            self.laws.note("warning", one.line, f"the compartment `{name}` has no size", "amounts are concentrations "
                           "times a size", "a size of 1 is assumed", "give its size in the file")

    def _reactions(self) -> Iterator[tuple[str, dict[str, str]]]:
        laws = self.laws
        for one in self.model.reactions:
            if one.id not in laws.trees:
                continue
            equation = self._equation(one)
            if equation == "->":
                laws.note("note", one.line, f"the reaction `{one.id}` changes nothing", "a reaction moves a species",
                          "it is left out", "")
                continue
            law = self.fitter.fit(laws.trees[one.id], laws.substance - laws.time)
            found = {"equation": equation, "rate": written(self._per_volume(law))}
            yield self.names[one.id], found | ({"label": one.label} if one.label else {})

    def _equation(self, one: SbmlReaction) -> str:
        sides = [" + ".join(f"{count} {self.names[name]}" if count > 1 else self.names[name]
                            for name, count in side if self._moves(name)) for side in (one.used, one.made)]
        return f"{sides[0]} -> {sides[1]}".strip()

    def _moves(self, name: str) -> bool:
        one = self.laws.species[name]
        return not (one.is_boundary or one.is_constant or name in self.laws.ruled)

    def _rates(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Rules of rates as reactions that make what they change; a pool is an amount over the whole cell."""
        laws = self.laws
        for name, tree in laws.trees.items():
            if name not in laws.ruled or laws.ruled[name].kind != "rate":
                continue
            found = self.fitter.fit(tree, laws.units.resolved(laws.variable_unit(name)) - laws.time)
            if name in laws.species:
                one = laws.species[name]
                if one.is_amount:
                    found = self._per_volume(found)
                elif one.compartment != laws.reference:
                    found = Call("*", (Name(self.names[one.compartment]), found))
            yield f"{self.names[name]}_change", {"equation": f"-> {self.names[name]}", "rate": written(found)}

    def _per_volume(self, law: Expression) -> Expression:
        """A law over the volume of the cell: the size is taken out of a product, or divided by."""
        size = Name(self.laws.size_name)
        return _divided(law, size) or Call("/", (law, size))

    def _states(self) -> Iterator[tuple[str, dict[str, Any]]]:
        laws = self.laws
        for one in self.model.species:
            if laws.is_assigned(one.id):
                continue
            word, said = self.names[one.id], {"label": one.label} if one.label else {}
            place = {"in": self.names[one.compartment]} if one.compartment != laws.reference else {}
            yield word, {"initial": quantity(self._start(one, word), laws.level)} | said | place
        for name in laws.trees:
            if name in laws.ruled and laws.ruled[name].kind == "rate" and name not in laws.species:
                value = next((one.value for one in self.model.parameters if one.id == name and not one.reaction), None)
                yield self.names[name], {"initial": quantity(self._given(value, self.names[name], "states", name),
                                                             laws.units.of(self.names[name]))}

    def _start(self, one: SbmlSpecies, word: str) -> float:
        value = self._given(one.initial, word, "states", one.id)
        return value / self._size(one.compartment) if one.starts_as_amount else value

    def _given(self, value: float | None, word: str, kind: str, name: str) -> float:
        """A number of the file; an error where it has none and the model gives none."""
        own = getattr(self.own, kind).get(word)
        has = own is not None and (kind == "constants" or own.initial is not None)
        if value is None and not has:
            self.laws.note("error", 0, f"the file gives no value for `{name}`", "a network has a number for every "
                           "constant and a start for every state", "there would be nothing to compute with",
                           f"give it in the file, or beside it: `{kind}: {{{word}: ...}}`")
        return 0.0 if value is None else value

    def _constants(self) -> Iterator[tuple[str, str | float]]:
        laws = self.laws
        for one in self.model.parameters:
            if not one.reaction and one.id in laws.ruled:
                continue
            word = laws.word(one.id, one.reaction)
            value = self._given(one.value, word, "constants", one.id)
            yield word, quantity(abs(value), laws.units.of(word))


def _divided(tree: Expression, size: Name) -> Expression | None:
    """A tree that is proportional to ``size`` without it; None where it is not a plain product with it."""
    if tree == size:
        return Number(1.0)
    if not isinstance(tree, Call):
        return None
    left, right = (tree.args[0], tree.args[1]) if len(tree.args) == 2 else (tree.args[0], tree.args[0])
    if tree.function in "+-" and len(tree.args) == 2:
        sides = _divided(left, size), _divided(right, size)
        return None if sides[0] is None or sides[1] is None else Call(tree.function, (sides[0], sides[1]))
    if tree.function == "*":
        for here, other in ((left, right), (right, left)):
            if (rest := _divided(here, size)) is not None:
                return other if rest == Number(1.0) else Call("*", (rest, other) if here is left else (other, rest))
    if tree.function == "/" and (rest := _divided(left, size)) is not None:
        return Call("/", (rest, right))
    return None


def quantity(value: float, unit: Vector) -> str | float:
    """A number with its unit as text; a bare number for a pure one."""
    number, text = text_of(unit)
    total = value * number
    return f"{total!r} {text}" if text else total
