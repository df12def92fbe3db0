"""The formulas of an SBML file in our words: legal names, amounts as concentrations, units learned from the laws."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from vesica.errors import Finding, Severity
from vesica.readers.sbml_record import SbmlModel, SbmlSpecies, SbmlUnit
from vesica.spec.expressions import (
    FUNCTIONS,
    Call,
    Expression,
    ExpressionError,
    Name,
    Number,
    names_in,
    parse,
    renamed,
)
from vesica.spec.sbml_units import PURE, Clash, Form, Units, Vector, text_of, vector, with_hill

UNITS: Final = "units"  # `without: [units]` takes parameters without the units that the file declares
_KEYWORD: Final = re.compile(rf"\b(?:{'|'.join(keyword.kwlist)})\b")
_SECOND: Final = SbmlUnit(1.0, (("s", 1.0),))
_DEEPEST: Final = 20  # reactions whose laws read each other's rates


def word_names(model: SbmlModel) -> dict[str, str]:
    """A legal word for every id; a parameter of one reaction is ``REACTION.ID``."""
    ids = [one.id for kind in (model.compartments, model.species, model.reactions) for one in kind]
    ids += [f"{one.reaction}.{one.id}" if one.reaction else one.id for one in model.parameters]
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in ids:
        word = name.replace(".", "_")
        word = word if word[:1].isalpha() else f"x{word}"
        word = f"{word}_value" if keyword.iskeyword(word) or word in FUNCTIONS else word
        while word in taken:
            word += "_own" if "." in name else "_2"
        found[name] = word
        taken.add(word)
    return found


class Laws:
    """Reads every law and rule of a file; what is wrong or assumed is in ``findings``."""

    def __init__(self, model: SbmlModel, place: str, without: Collection[str]) -> None:
        self.model, self.place, self.without = model, place, without
        self.findings = [replace(finding, path=place) for finding in model.findings]
        self.names = word_names(model)
        self.species = {one.id: one for one in model.species}
        self.compartments = {one.id: one for one in model.compartments}
        self.ruled = {rule.variable: rule for rule in model.rules
                      if rule.expression is not None and rule.variable not in without}
        homes = [one.compartment for one in model.species]
        self.reference = max(self.compartments, key=homes.count, default="")  # stands for the whole cell
        self.size_name = f"{self.names.get(self.reference, 'cell')}_size"
        self.time, self.substance, self.volume = self._file_units()
        self.level = self.substance - self.volume
        self.trees = dict(self._trees())
        self.units = self._learned()

    def note(self, severity: Severity, line: int, wrote: str, rule: str, consequence: str, fix: str) -> None:
        """Note one finding at a line of the file."""
        self.findings.append(Finding(severity, self.place, wrote, rule, consequence, fix, self.model.file,
                                     line or None))

    def word(self, name: str, reaction: str = "") -> str:
        """The word for a parameter."""
        return self.names[f"{reaction}.{name}" if reaction else name]

    def volume_of(self, compartment: str) -> Expression:
        """The size of a compartment in the file's unit of volume."""
        size = Name(self.size_name)
        return size if compartment == self.reference else Call("*", (Name(self.names[compartment]), size))

    def variable_unit(self, name: str) -> Form:
        """Unit of what a rule sets: an amount where the file means amounts."""
        if name in self.species and self.species[name].is_amount:
            return Form(self.substance)
        return self.units.name(self.names[name])

    def is_negative(self, name: str, reaction: str) -> bool:
        """Whether a constant is below zero: words hold it without its sign."""
        is_constant = bool(reaction) or name not in self.ruled
        return is_constant and any(one.value is not None and one.value < 0 for one in self.model.parameters
                                   if (one.id, one.reaction) == (name, reaction))

    def is_assigned(self, name: str) -> bool:
        """Whether a rule computes it at all times."""
        return name in self.ruled and self.ruled[name].kind == "assignment"

    # ---- what the file leaves open

    def _file_units(self) -> tuple[Vector, Vector, Vector]:
        model = self.model
        time, substance, volume = model.time, model.substance, model.volume
        if time is None or time.powers != _SECOND.powers:
            self.note("warning", 0, "the file gives no unit of time", "rates are per time",
                      "the second is assumed", "give the unit of time in the file")
            time = _SECOND
        counts = None if substance is None or volume is None else (substance.powers, volume.powers)
        if counts != ((("molecule", 1.0),), (("um", 3.0),)):
            self.note("warning", 0, "the file does not say how it counts molecules per volume",
                      "a state is a concentration, or a pure level", "its states are taken as pure levels",
                      "give the units of substance and volume in the file, if it means concentrations")
            substance = volume = SbmlUnit()
        return vector(time), vector(substance or SbmlUnit()), vector(volume or SbmlUnit())

    # ---- formulas

    def _trees(self) -> Iterator[tuple[str, Expression]]:
        for one in self.model.reactions:
            if one.law is not None and one.id not in self.without:
                tree = self._tree(one.law, one.line, one.id)
                if tree is not None:
                    yield one.id, tree
        for name, rule in self.ruled.items():
            if (tree := self._tree(rule.expression or "", rule.line)) is not None:
                yield name, tree

    def _tree(self, text: str, line: int, reaction: str = "", depth: int = 0) -> Expression | None:
        try:
            tree = with_hill(parse(_KEYWORD.sub(lambda found: f"{found[0]}__", text)))
        except ExpressionError as failure:
            self.findings.append(replace(failure.finding(self.place), file=self.model.file, line=line))
            return None
        words: dict[str, Expression] = {}
        for name in dict.fromkeys(names_in(tree)):
            id_ = name[:-2] if name.endswith("__") and keyword.iskeyword(name[:-2]) else name
            meant = self._meaning(id_, reaction, line, depth)
            if meant is None:
                return None
            words[name] = meant
        return renamed(tree, words)

    def _meaning(self, name: str, reaction: str, line: int, depth: int) -> Expression | None:
        """What an id in a formula stands for."""
        if f"{reaction}.{name}" in self.names:
            return self._signed(name, reaction)
        if name in self.compartments:
            return self.volume_of(name)
        if name in self.species:
            return self._species(self.species[name])
        law = next((one for one in self.model.reactions if one.id == name), None)
        if law is not None and law.law is not None and depth < _DEEPEST:
            return self._tree(law.law, law.line, law.id, depth + 1)
        if law is None and name in self.names:
            return self._signed(name, "")
        self.note("error", line, f"`{name}` in a formula cannot be used", "a formula reads species, parameters, "
                  "compartments and rates of reactions", "the law would be unknown",
                  "correct the file, or leave the part out on purpose under `without:`")
        return None

    def _species(self, one: SbmlSpecies) -> Expression:
        value = Name(self.names[one.id])
        is_level = not one.is_amount or self.is_assigned(one.id)
        return value if is_level else Call("*", (value, self.volume_of(one.compartment)))

    def _signed(self, name: str, reaction: str) -> Expression:
        word = Name(self.word(name, reaction))
        return Call("*", (Number(-1.0), word)) if self.is_negative(name, reaction) else word

    # ---- units

    def _learned(self) -> Units:
        known = {self.names[name]: self.substance if one.is_amount and self.is_assigned(name) else self.level
                 for name, one in self.species.items()}
        known |= {self.names[name]: PURE for name in self.compartments} | {self.size_name: self.volume}
        declared = {} if UNITS in self.without else {
            self.word(one.id, one.reaction): vector(one.unit) for one in self.model.parameters if one.unit is not None}
        self.units = Units(known | declared)
        lines = {one.id: one.line for one in self.model.reactions}
        lines |= {name: rule.line for name, rule in self.ruled.items()}
        for name, tree in self.trees.items():
            wanted = Form(self.substance - self.time)
            if name in self.ruled:
                wanted = self.variable_unit(name)
                wanted = wanted.plus(Form(self.time), -1.0) if self.ruled[name].kind == "rate" else wanted
            clashes: list[Clash] = []
            self.units.learn(tree, wanted, clashes)
            for clash in clashes[:1]:
                self._report(name, clash, [word for word in declared if word in set(names_in(tree))], lines[name])
        return self.units

    def _report(self, name: str, clash: Clash, culprits: Collection[str], line: int) -> None:
        """A contradiction: an error where the file declares a unit, otherwise a remark."""
        def shown(unit: Vector) -> str:
            number, text = text_of(unit)
            return (f"{number:.6g} {text}" if number != 1.0 else text or "1").strip()

        wrote = (f"units in the law of `{name}` contradict each other: `{clash.text[:120]}` joins "
                 f"`{shown(clash.one)}` and `{shown(clash.other)}`")
        if culprits:
            self.note("error", line, wrote, f"the file declares units for {', '.join(f'`{one}`' for one in culprits)}, "
                      "and the law of a reaction is substance per time", "the result would depend on whether a program "
                      "reads the units or only the numbers", "correct the units in the file, or write `without: "
                      "[units]` to take its numbers as they stand")
        else:
            self.note("note", line, wrote, "the file declares no units for its parameters",
                      "its numbers are taken as they stand, in the units of the file", "")


def report_parts(laws: Laws) -> Mapping[str, str]:
    """Note every part that cannot be used; gives what each id under ``without:`` is."""
    kinds = {one.id: "reaction" for one in laws.model.reactions} | {rule.variable: "rule" for rule in laws.model.rules}
    kinds |= {part.id: part.kind for part in laws.model.unsupported} | {UNITS: "units"}
    for name in laws.without:
        if name not in kinds:
            laws.note("error", 0, f"`without: {name}` names no part of the file", "parts are named by their id in the "
                      "file", "nothing would be left out", "run `vesica sbml read` on the file; it lists the parts "
                      "that cannot be used")
    for part in laws.model.unsupported:
        what = f"the {part.kind} `{part.id}` cannot be used: {part.says}"
        if part.id in laws.without:
            laws.note("note", part.line, what, "it is named under `without:`", "it is left out, as asked", "")
        elif part.blocks:
            laws.note("error", part.line, what, "a network has reactions of whole numbers, and laws and assignments "
                      "made of arithmetic", "the network would not be the one in the file",
                      f"mend the file, or leave the part out on purpose: `without: [{part.id}]`")
        else:
            laws.note("warning", part.line, what, "a network has no events, no stops and no packages",
                      "it is left out: the network behaves as if it never happened",
                      "say in words what it does (`states: {X: {at_start: ...}}`, an exposure, a rule); "
                      f"`without: [{part.id}]` turns this into a note")
    return kinds
