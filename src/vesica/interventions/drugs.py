"""Drugs of the library in an arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vesica.errors import Finding, nearest
from vesica.interventions.scene import Scene, refused, the
from vesica.maths import hill
from vesica.spec.arms import Effect
from vesica.spec.drugs import MEDIUM
from vesica.spec.exposures import combine, steps_of
from vesica.spec.quantities import Notes
from vesica.spec.resolved import Drug, DrugEffect, Inhibition, ResolvedModel
from vesica.spec.treatments import ConstantExposure, Inhibitor
from vesica.spec.vocabulary import CLEARANCE
from vesica.units import CONCENTRATION


def left_by(drug: Drug, effect: DrugEffect, level: float, values: Mapping[str, float]) -> float:
    """Factor on a target after a long time with a drug, a pure number; of a loss from the medium what is added, 1/s.

    Parameters
    ----------
    level : molecule/um^3
    values : mapping of path to value
        The numbers of the drug, in internal units.
    """
    half_max, steepness, strength = (values[drug.number(effect, name)]
                                     for name in ("half_max", "hill", effect.strength))
    held = float(hill(level, half_max, steepness))
    return strength * held if effect.strength == "added" else 1.0 + (strength - 1.0) * held


def given(intervention: Inhibitor, scene: Scene) -> Effect:
    """A drug of the library: its course, the rates that it acts on, and what is left of them."""
    name, model, path = intervention.inhibitor, scene.model, scene.path
    drug = next((one for one in model.drugs if one.name == name), None)
    if name not in scene.shelf or drug is None:
        return refused(Finding("error", f"{path}.inhibitor", f"`{name}` is not a drug of the library",
                                "a drug has targets, each with a concentration of half its effect",
                                "the intervention would do nothing", nearest(name, scene.shelf)))
    through_rules = sorted({rule.key for rule in model.rules if rule.source == name})
    rates = [(effect, rate) for effect in drug.effects for rate in effect.rates]
    in_medium = [rate for _, (owner, rate) in rates if owner == MEDIUM]
    if intervention.cells and (through_rules or in_medium):
        how = f"through the rules {', '.join(through_rules)}" if through_rules else f"on {', '.join(in_medium)}"
        return refused(Finding("error", f"{path}.cells", f"`{name}` is given to {', '.join(intervention.cells)} only",
                                f"it also acts from the medium, {how}", "the other cells would feel half of what it "
                                "does", "delete `cells`"))
    places = (MEDIUM, *(cell.name for cell in scene.cells))
    paths = tuple(f"{owner}.{rate}" for _, (owner, rate) in rates if owner in places)
    if not paths and not through_rules:
        return refused(_idle(drug, scene))
    notes = Notes.elsewhere()
    held, when = _course(intervention, scene, paths, notes)
    if held is None or notes.has_errors:
        return Effect(findings=tuple(notes.findings))
    held = replace(held, cells=tuple(place for place in places if any(one.startswith(f"{place}.") for one in paths)))
    words = f"{name} {intervention.concentration}{when}: "
    words += "; ".join(_said(drug, effect, held, model) for effect in drug.effects if {*effect.cells} & {*held.cells}
                       ) or "through rules"
    return Effect(english=words, findings=tuple(notes.findings), inhibition=held, is_agent=bool(through_rules))


def _course(
    intervention: Inhibitor, scene: Scene, paths: tuple[str, ...], notes: Notes
) -> tuple[Inhibition | None, str]:
    """Its concentration in time, and when that is in words: before and all through the run, or from one time on."""
    drug, path, end = scene.shelf[intervention.inhibitor], scene.path, scene.model.schedule.duration
    if (intervention.start, intervention.end) == (None, None):
        level = notes.quantity(intervention.concentration, CONCENTRATION, f"{path}.concentration",
                               molar_mass=drug.molar_mass)
        return None if level is None else Inhibition(drug.name, (), (0.0,), (level,), level, paths), ""
    start = "0 h" if intervention.start is None else intervention.start
    written = ConstantExposure(agent=drug.name, concentration=intervention.concentration,
                               **{"from": start, "to": intervention.end})
    steps, _ = steps_of(written, path, end, drug.molar_mass, notes)
    given = combine(drug.name, steps, end)
    last = "the end" if intervention.end is None else intervention.end
    return Inhibition(drug.name, (), given.times, given.levels, 0.0, paths), f" from {start} to {last}"


def _idle(drug: Drug, scene: Scene) -> Finding:
    """A drug without a target in these cells."""
    targets = scene.shelf[drug.name].targets
    elsewhere = sorted({owner for effect in drug.effects for owner in effect.cells})
    agents = [one.removesuffix(CLEARANCE) for one in targets if one.removesuffix(CLEARANCE) in scene.model.agents]
    if elsewhere:
        fix = f"the model has a target in {', '.join(elsewhere)}"
    elif agents:
        fix = f"declare `{agents[0]}` under `solubles:`, so that it has a loss of its own"
    else:
        fix = "delete it, or give the model what it acts on"
    return Finding("error", f"{scene.path}.inhibitor", f"`{drug.name}` has no target in {scene.who}",
                   f"{drug.name} acts on {', '.join(targets)}", "the arm would be the same without it", fix)


def _said(drug: Drug, effect: DrugEffect, held: Inhibition, model: ResolvedModel) -> str:
    """``nsmase2 activity of all cells at 0.13 of normal (half of the effect at 1 uM)``."""
    numbers = [drug.number(effect, name) for name in ("half_max", "hill", effect.strength)]
    owners = [owner for owner in effect.cells if owner in held.cells]
    target = effect.target.replace("_", " ")
    if any(path not in model.parameters for path in numbers):  # noted where the numbers were read
        return target
    left = left_by(drug, effect, max(held.levels), {path: model.parameters[path].value for path in numbers})
    cells = [cell for cell in model.cells if cell.name in owners]
    half = f"(half of the effect at {model.parameters[numbers[0]].shown})"
    if MEDIUM in owners:
        solubles = " and ".join(rate.removesuffix(CLEARANCE) for _, rate in effect.rates)
        turned = f" into {effect.into}" if effect.into else ""
        return f"{solubles} of the medium taken{turned} at {left * 3600.0:.3g} 1/h {half}"
    where = f" of {'all cells' if len(cells) == len(model.cells) else the(cells)}"
    return f"{target}{where} at {left:.3g} of normal {half}"
