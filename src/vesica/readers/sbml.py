"""SBML files (Level 1 to 3, core) through libsbml: what is there, and every part that cannot be used, with its line.

Nothing is dropped in silence: what is not in the other fields of the record is in ``unsupported``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from vesica.errors import Finding, InputError
from vesica.readers import sbml_file
from vesica.readers.sbml_math import Formulas, UnsupportedMath
from vesica.readers.sbml_record import (
    SbmlCompartment,
    SbmlModel,
    SbmlParameter,
    SbmlPart,
    SbmlReaction,
    SbmlRule,
    SbmlSpecies,
)
from vesica.readers.sbml_units import FileUnits
from vesica.readers.text import PathLike

MOST_SHOWN: Final = 20  # errors of one file


def read_sbml(path: PathLike) -> SbmlModel:
    """Read an SBML file.

    Raises
    ------
    InputError
        libsbml is not installed; the file is missing, over 20 MB, damaged, no SBML, breaks its rules (a cycle of
        assignments, names that do not exist), names other files, or starts from a negative amount.
    """
    file = Path(path)
    lib = sbml_file.libsbml()
    data = sbml_file.read_bytes(file)
    text = sbml_file.text_of(file, data)
    document = lib.readSBMLFromString(text)
    sbml_file.refuse_errors(file, document)
    model = document.getModel()
    if model is None:
        raise sbml_file.refusal(file, None, "the file holds no model", "an SBML file holds one model",
                       "check that the whole file was saved")
    packages = list(sbml_file.packages_in(text))
    for kind in (lib.LIBSBML_CAT_UNITS_CONSISTENCY, lib.LIBSBML_CAT_MODELING_PRACTICE, lib.LIBSBML_CAT_SBO_CONSISTENCY):
        document.setConsistencyChecks(kind, False)  # slow; units are looked at where words are made
    document.checkConsistency()
    sbml_file.refuse_errors(file, document)
    starts = {one.getSymbol(): _computed(file, one) for one in model.getListOfInitialAssignments()}
    if starts:
        wanted = lib.ConversionProperties()
        wanted.addOption("expandInitialAssignments", True)
        document.convert(wanted)
    model = document.getModel()
    left = {one.getSymbol() for one in model.getListOfInitialAssignments()}
    return _Reader(file, model, (document.getLevel(), document.getVersion())).record(
        hashlib.sha256(data).hexdigest(), packages, [note for name, note in starts.items() if name not in left])


def _computed(file: Path, one: Any) -> Finding:
    return Finding("note", file.name, f"the start of `{one.getSymbol()}` is computed from other numbers of the file",
                   "a network starts from numbers", "it is computed once: it does not follow a change of those numbers",
                   "", str(file), _line(one))


def _line(element: Any) -> int:
    return int(element.getLine())


class _Reader:
    """Walks one model; collects what cannot be used on the way."""

    def __init__(self, file: Path, model: Any, level: tuple[int, int]) -> None:
        self.file, self.model, self.level = file, model, level
        self.units = FileUnits(model, level[0])
        self.parts: list[SbmlPart] = []
        self.errors: list[Finding] = []
        self.formulas = Formulas(model.getListOfFunctionDefinitions())

    def record(self, sha256: str, packages: list[SbmlPart], computed: list[Finding]) -> SbmlModel:
        model = self.model
        compartments = tuple(self._compartment(one) for one in model.getListOfCompartments())
        species = tuple(self._species(one) for one in model.getListOfSpecies())
        parameters = [self._parameter(one, "") for one in model.getListOfParameters()]
        reactions = tuple(self._reaction(one, parameters) for one in model.getListOfReactions())
        rules = tuple(self._rules())
        self._others()
        parameters += [SbmlParameter(name, value, self.units(unit)) for name, value, unit in self.formulas.numbers]
        if self.errors:
            raise InputError(*self.errors[:MOST_SHOWN])
        return SbmlModel(
            str(self.file), model.getId(), model.getName() or model.getId(), *self.level, sha256,
            *(self.units.of_file(what) for what in ("time", "substance", "volume")),
            compartments, species, tuple(parameters), reactions, rules, tuple(packages + self.parts),
            tuple(computed),
        )

    def _part(self, kind: str, element: Any, says: str, *, name: str = "", blocks: bool = True) -> None:
        given = name or element.getIdAttribute() or f"{kind}_line_{_line(element)}"
        self.parts.append(SbmlPart(kind, given, _line(element), says, blocks))

    def _math(self, kind: str, element: Any, math_: Any, name: str) -> str | None:
        """A formula as text; None for one that cannot be used, which is then listed."""
        try:
            return self.formulas.text(math_)
        except UnsupportedMath as why:
            self._part(kind, element, f"it holds {why}", name=name)
            return None

    def _start(self, element: Any, value: float, what: str) -> float | None:
        if math.isnan(value):
            return None
        if value < 0 or math.isinf(value):
            said = "is negative" if value < 0 else "is not finite"
            self.errors.append(Finding(
                "error", self.file.name, f"{what} of `{element.getId()}` is {value:g}", "amounts and sizes are finite "
                "and zero or more", f"a run would start from something that {said}", "correct the number in the file",
                str(self.file), _line(element)))
            return None
        return value

    def _compartment(self, one: Any) -> SbmlCompartment:
        size = self._start(one, one.getSize(), "the size") if one.isSetSize() else None
        dimensions = int(one.getSpatialDimensions())
        unit = one.getUnits()
        if unit and self.units(unit) != self.units.of_file("volume") and dimensions == 3:
            self._part("compartment", one, f"its size is in `{unit}`, and not in the unit of volume of the file")
        if size == 0.0:
            self._part("compartment", one, "its size is zero")
        return SbmlCompartment(one.getId(), size, dimensions, one.getName(), _line(one))

    def _species(self, one: Any) -> SbmlSpecies:
        by_amount = bool(one.isSetInitialAmount())
        value = one.getInitialAmount() if by_amount else one.getInitialConcentration()
        given = by_amount or one.isSetInitialConcentration()
        start = self._start(one, value, "the initial amount" if by_amount else "the initial concentration")
        unit = one.getSubstanceUnits()
        if unit and self.units(unit) != self.units.of_file("substance"):
            self._part("species", one, f"its substance is in `{unit}`, and not in the unit of substance of the file")
        if one.isSetConversionFactor() or self.model.isSetConversionFactor():
            self._part("species", one, "a conversion factor acts on it")
        compartment = self.model.getCompartment(one.getCompartment())
        if compartment is None:
            self.errors.append(Finding(
                "error", self.file.name, f"the species `{one.getId()}` is in no compartment", "a species is in a "
                "compartment of the file", "its concentration would be unknown", "name its compartment",
                str(self.file), _line(one)))
        elif compartment.getSpatialDimensions() != 3:
            self._part("species", one, f"it is in `{compartment.getId()}`, which is not a volume")
        return SbmlSpecies(
            one.getId(), one.getCompartment(), start if given else None, by_amount, bool(one.getBoundaryCondition()),
            bool(one.getConstant()), bool(one.getHasOnlySubstanceUnits()), one.getName(), _line(one))

    def _parameter(self, one: Any, reaction: str) -> SbmlParameter:
        value = one.getValue() if one.isSetValue() and math.isfinite(one.getValue()) else None
        return SbmlParameter(one.getId(), value, self.units(one.getUnits()), reaction, one.getName(), _line(one))

    def _reaction(self, one: Any, parameters: list[SbmlParameter]) -> SbmlReaction:
        if one.isSetFast() and one.getFast():
            self._part("reaction", one, "it is fast: it is in balance at all times")
        law, kinetics = None, one.getKineticLaw()
        if kinetics is None or kinetics.getMath() is None:
            self._part("reaction", one, "it has no rate law")
        else:
            law = self._math("reaction", one, kinetics.getMath(), one.getId())
            own = kinetics.getListOfParameters() if self.level[0] < 3 else kinetics.getListOfLocalParameters()
            parameters += [self._parameter(parameter, one.getId()) for parameter in own]
            for unit, what in ((kinetics.getTimeUnits(), "time"), (kinetics.getSubstanceUnits(), "substance")):
                if unit and self.units(unit) != self.units.of_file(what):
                    self._part("reaction", one, f"its law is per `{unit}`, and not in the unit of {what} of the file")
        sides = [self._side(one, side) for side in (one.getListOfReactants(), one.getListOfProducts())]
        return SbmlReaction(one.getId(), sides[0], sides[1], tuple(m.getSpecies() for m in one.getListOfModifiers()),
                            law, bool(one.getReversible()), one.getName(), _line(one))

    def _side(self, reaction: Any, side: Any) -> tuple[tuple[str, int], ...]:
        counts: dict[str, int] = {}
        for one in side:
            value = float(one.getStoichiometry())
            if one.isSetStoichiometryMath() or self._is_ruled(one.getId()):
                self._part("reaction", reaction, f"the number of `{one.getSpecies()}` in it changes")
            elif not (value >= 0 and value == round(value)):
                self._part("reaction", reaction, f"the number of `{one.getSpecies()}` in it is "
                           f"{'not given' if math.isnan(value) else f'{value:g}, which is not whole'}")
            else:
                counts[one.getSpecies()] = counts.get(one.getSpecies(), 0) + round(value)
        return tuple((name, count) for name, count in counts.items() if count)

    def _is_ruled(self, name: str) -> bool:
        model = self.model
        return bool(name) and (model.getRule(name) is not None or model.getInitialAssignment(name) is not None)

    def _rules(self) -> Iterator[SbmlRule]:
        for one in self.model.getListOfRules():
            if one.isAlgebraic():
                self._part("rule", one, "it is algebraic: it has no variable of its own")
                continue
            name = one.getVariable()
            if self.model.getCompartment(name) is not None:
                self._part("rule", one, f"the size of the compartment `{name}` changes", name=name)
                continue
            if self.model.getSpecies(name) is None and self.model.getParameter(name) is None:
                continue  # a number in a reaction, listed there
            text = self._math("rule", one, one.getMath(), name)
            yield SbmlRule(name, "rate" if one.isRate() else "assignment", text, _line(one))

    def _others(self) -> None:
        import libsbml

        for one in self.model.getListOfInitialAssignments():
            self._part("initial assignment", one, "its value cannot be computed before a run", name=one.getSymbol())
        for one in self.model.getListOfConstraints():
            self._part("constraint", one, "it asks for a warning or a stop during the run", blocks=False)
        for one in self.model.getListOfEvents():
            trigger = one.getTrigger()
            when = libsbml.formulaToL3String(trigger.getMath()) if trigger and trigger.getMath() else "?"
            sets = ", ".join(f"{change.getVariable()} = {libsbml.formulaToL3String(change.getMath())}"
                             for change in one.getListOfEventAssignments() if change.getMath())
            self._part("event", one, f"when {when}: {sets}", blocks=False)
