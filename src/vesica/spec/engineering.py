"""Cells whose vesicles are engineered, and dishes that are kept cold: what these interventions do to an arm."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from vesica.errors import Finding, nearest
from vesica.library import Library
from vesica.spec.arms import Condition, Effect
from vesica.spec.cells import CellType
from vesica.spec.quantities import Given, Notes
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.spec.treatments import Cool, Engineer, InterventionSpec
from vesica.spec.vocabulary import AFFINITY, CELL_AFFINITY, COOLING, FUSOGENICITY, SENDER_FUSOGENICITY, Field

CELSIUS: Final = 273.15  # K at 0 °C
COLD: Final = 283.15  # K; endocytosis stops below
# what a cell spends energy on: all of it slows by one factor, so cells at rest stay what they were
ENERGY: Final = (
    "endosome_formation_rate", "endosome_maturation_rate", "endosome_recycling_rate", "ilv_budding_rate",
    "retrofusion_rate", "mvb_lysosome_rate", "mvb_docking_rate", "mvb_undocking_rate", "mvb_fusion_rate",
    "tether_return_rate", "shedding_rate", "internalisation_rate", "macropinocytosis_rate", "surface_fusion_rate",
    "ev_degradation_rate", "ev_recycling_rate", "escape_rate", "receptor_surfacing_rate", "receptor_disposal_rate",
)  # fmt: skip
Placed = Iterable[tuple[str, InterventionSpec]]


def choices(given: Placed, cells: Sequence[str], library: Library) -> dict[str, tuple[Field, Given]]:
    """Parameters that these interventions act on, by path, with what they are without."""
    found: dict[str, tuple[Field, Given]] = {}
    for _, one in given:
        if isinstance(one, Engineer) and one.engineer in cells:
            found |= {f"{cell}.{AFFINITY}{one.engineer}": (CELL_AFFINITY, Given("1", "default"))
                      for cell in one.targeting if cell in cells}  # fmt: skip
            if one.fusogen is not None:
                found[f"{one.engineer}.{FUSOGENICITY}"] = SENDER_FUSOGENICITY, Given("1", "default")
        elif isinstance(one, Cool):
            found |= {f"cooling.{name}": (field, Given(f"@{library.bench[f'cooled_{name}']}", "library:bench"))
                      for name, field in COOLING.items()}  # fmt: skip
    return found


def done(said: Engineer | Cool, model: ResolvedModel, path: str) -> Effect:
    """What one of these does."""
    return engineered(said, model, path) if isinstance(said, Engineer) else cooled(said, model, path)


def engineered(said: Engineer, model: ResolvedModel, path: str) -> Effect:
    """Vesicles of a cell type with a ligand, a fusogen or more of a cargo.

    What they are on their way is a number of every dish that they come into: `handed_on`.
    """
    notes = Notes.elsewhere()
    cells = {cell.name: cell for cell in model.cells}
    if said.engineer not in cells:
        notes.unknown(f"{path}.engineer", "cell type", said.engineer, cells, "no vesicles would be engineered")
        return Effect(findings=tuple(notes.findings))
    if not (said.targeting or said.cargo or said.fusogen is not None):
        notes.add("error", path, f"`engineer: {said.engineer}` and nothing more",
                  "engineered vesicles have `targeting`, a `fusogen` or more of a `cargo`", "the arm would be the same",
                  "add, for instance, `targeting: {neuron: 5}`")
    factors: dict[str, float] = {}
    words: list[str] = []
    for cell, text in said.targeting.items():
        value = notes.quantity(text, "", f"{path}.targeting.{cell}")
        if cell not in cells:
            notes.unknown(f"{path}.targeting.{cell}", "cell type", cell, cells, "nobody would bind more of them")
        elif value is not None:
            factors[f"{cell}.{AFFINITY}{said.engineer}"] = value
            words.append(f"bound {value:.3g} times as well by the {cells[cell].label}")
    if said.fusogen is not None and (value := notes.quantity(said.fusogen, "", f"{path}.fusogen")) is not None:
        factors[f"{said.engineer}.{FUSOGENICITY}"] = value
        words.append(f"fusing {value:.3g} times as fast")
    for name, text in said.cargo.items():
        found = _loaded(name, text, cells[said.engineer], f"{path}.cargo.{name}", model, notes)
        factors |= found
        words += [f"{name} loaded {next(iter(found.values())):.3g} times as much"] if found else []
    english = f"vesicles of the {cells[said.engineer].label} engineered: {', '.join(words)}"
    return Effect(factors=factors, english=english, findings=tuple(notes.findings))


def _loaded(name: str, text: str | float, cell: CellType, path: str, model: ResolvedModel, notes: Notes
            ) -> dict[str, float]:
    """Factors on the enrichment of a cargo, in all kinds of vesicles."""
    if name not in cell.cargo:
        notes.add("error", path, f"the {cell.label} does not hold `{name}`",
                  "a cell loads more of what it has", "there would be nothing to load",
                  f"{nearest(name, cell.cargo)} or add it to the cell's `cargo:`")
        return {}
    value = notes.quantity(text, "", path)
    paths = (f"{cell.name}.{name}.{kind}enrichment" for kind in ("", "microvesicle_"))
    return {} if value is None else {one: value for one in paths if one in model.parameters}


def cooled(said: Cool, model: ResolvedModel, path: str) -> Effect:
    """A dish in the cold: what needs energy all but stops, the medium is thicker, and binding goes on."""
    notes = Notes.elsewhere()
    kelvin = _kelvin(said.cool, f"{path}.cool", notes)
    if kelvin is None:
        return Effect(findings=tuple(notes.findings))
    if not CELSIUS - 1.0 <= kelvin <= COLD:
        return Effect(findings=(Finding(
            "error", f"{path}.cool", f"`{said.cool}` is {kelvin - CELSIUS:.3g} °C",
            "a dish is cooled to between -1 and 10 °C, where uptake stops; in between nobody has given a law",
            "uptake would be stopped at a temperature at which it goes on", "write `cool: 4 degC`"),))
    if any(f"cooling.{name}" not in model.parameters for name in COOLING):  # noted where the numbers were read
        return Effect()
    activity, viscosity = (model.parameters[f"cooling.{name}"].value for name in COOLING)
    paths = [f"{cell.name}.{name}" for cell in model.cells for name in ENERGY]
    paths += [f"{cell.name}.{name}.secretion_rate" for cell in model.cells for name in cell.solubles]
    factors = {one: activity for one in paths if one in model.parameters}
    return Effect(factors=factors | {"medium.viscosity": viscosity}, values={"medium.temperature": kelvin},
                  english=f"kept at {kelvin - CELSIUS:.3g} °C: uptake, fusion and release at {activity:.3g} of normal")


def _kelvin(text: str | float, path: str, notes: Notes) -> float | None:
    """A temperature in K, also from degrees Celsius, which are no multiple of a unit."""
    said = str(text).strip()
    for unit in ("degC", "°C", "celsius", "C"):
        number = said.removesuffix(unit).strip()
        if number != said:
            try:
                return float(number) + CELSIUS
            except ValueError:
                break
    return notes.quantity(text, "K", path, positive=True)


def handed_on(arms: Sequence[Arm], conditions: Sequence[Condition], notes: Notes) -> list[Arm]:
    """Arms with what the vesicles that they are given were engineered to be, wherever these come from.

    Binding and fusion are numbers of the dish in which they happen, so an arm has those of the arms its doses are
    from. Vesicles of one cell type in one dish are alike: sources that differ are an error.
    """
    found = {arm.name: {path: factor for path, factor in arm.factors.items() if is_on_the_way(path)} for arm in arms}
    by_name = {arm.name: arm for arm in arms}
    places = {condition.name: condition.place for condition in conditions}
    result = {}

    def visit(name: str, seen: tuple[str, ...] = ()) -> Mapping[str, float]:
        if name in result or name in seen or name not in by_name:  # circles are noted elsewhere
            return found.get(name, {})
        result[name] = by_name[name]
        for dose in by_name[name].doses:
            for path, factor in visit(dose.from_arm, (*seen, name)).items():
                if found[name].setdefault(path, factor) != factor:
                    notes.add("error", f"{places[name]}.exposures", f"`{path}` is changed {factor:g} times in arm "
                              f"`{dose.from_arm}` and {found[name][path]:g} times in another source, or here",
                              "vesicles of a cell type in one dish are alike", "one of the two would be ignored",
                              "give them in two arms")
        return found[name]

    for arm in arms:
        visit(arm.name)
    return [dataclasses.replace(arm, factors={**arm.factors, **found[arm.name]}) for arm in arms]


def is_on_the_way(path: str) -> bool:
    """Whether a number is one of vesicles by their sender, wherever they are."""
    name = path.rpartition(".")[2]
    return name == FUSOGENICITY or name.startswith(AFFINITY)
