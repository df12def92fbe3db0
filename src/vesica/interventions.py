"""What a knock-out, knock-down, inhibitor or block does to a model: factors and values of parameters.

Pure functions: a resolved model without arms goes in, an `Effect` on parameter paths comes
out. An intervention never changes the list of processes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from vesica.errors import Finding, nearest
from vesica.spec import check as spec_check
from vesica.spec import engineering
from vesica.spec import resolve as spec_resolve
from vesica.spec.arms import Drug, Effect
from vesica.spec.cells import CellType
from vesica.spec.model import ModelSpec
from vesica.spec.quantities import Notes
from vesica.spec.resolved import Inhibition, ResolvedModel
from vesica.spec.rule_words import BOUND, ENGAGED, REPRESSION
from vesica.spec.treatments import Block, Cool, Engineer, Inhibitor, InterventionSpec, KnockDown, KnockOut
from vesica.units import CONCENTRATION

# what biologists knock out, and the activity of the machinery that stands for it
ALIASES: Final[dict[str, str]] = {
    "Rab27a": "rab27_activity", "Rab27b": "rab27_activity", "Rab27": "rab27_activity",
    "TSG101": "escrt_activity", "ALIX": "escrt_activity", "HRS": "escrt_activity", "ESCRT": "escrt_activity",
    "nSMase2": "nsmase2_activity", "SMPD3": "nsmase2_activity",
    "SNAP23": "snare_activity", "VAMP7": "snare_activity", "SNARE": "snare_activity",
    "A-SMase": "asmase_activity", "ASMase": "asmase_activity", "SMPD1": "asmase_activity",
}  # fmt: skip
ACTIVITIES: Final = ("escrt_activity", "nsmase2_activity", "rab27_activity", "snare_activity", "asmase_activity")

Routes = Callable[[ResolvedModel, Sequence[CellType]], tuple[dict[str, float], dict[str, float]]]


def resolve(
    spec: ModelSpec, *, switches: Mapping[str, str] | None = None
) -> tuple[ResolvedModel, list[Finding]]:
    """`spec.resolve.resolve` with interventions: the entry point for everybody above.

    Raises
    ------
    InputError
        With every finding, if one of them is an error.
    """
    return spec_resolve.resolve(spec, apply=apply, switches=switches)


def check(spec: ModelSpec, *, switches: Mapping[str, str] | None = None) -> list[Finding]:
    """Every finding about a model, errors first; nothing is raised."""
    return spec_check.check(spec, apply=apply, switches=switches)


def apply(
    intervention: InterventionSpec, model: ResolvedModel, drugs: Mapping[str, Drug], path: str
) -> Effect:
    """What one intervention does.

    Parameters
    ----------
    intervention : KnockOut, KnockDown, Inhibitor, Block, Engineer or Cool
    model : ResolvedModel
        Without arms; its parameters say which paths exist.
    drugs : mapping
        The inhibitors of the library.
    path : str
        Where it was written.

    Returns
    -------
    Effect
        Factors on, values of or an inhibition of parameter paths, and a sentence; or findings.
    """
    if isinstance(intervention, Engineer | Cool):
        return engineering.done(intervention, model, path)
    cells = [cell for cell in model.cells if not intervention.cells or cell.name in intervention.cells]
    known = [cell.name for cell in model.cells]
    strangers = [name for name in intervention.cells if name not in known]
    if strangers:
        return _refused(Finding("error", f"{path}.cells", f"`{strangers[0]}` is not a cell type of this model",
                                "an intervention acts on cell types of the model", "it would do nothing",
                                nearest(strangers[0], known)))
    everywhere = not intervention.cells
    if isinstance(intervention, KnockOut):
        return _scaled(intervention.knock_out, 0.0, "knocked out", model, cells, f"{path}.knock_out", everywhere)
    if isinstance(intervention, KnockDown):
        return _knocked_down(intervention, model, cells, path, everywhere)
    if isinstance(intervention, Inhibitor):
        return _inhibited(intervention, model, drugs, cells, path)
    return _blocked(intervention, model, cells, path, everywhere)


def inhibition(concentration: float, ic50: float, hill: float, max_inhibition: float) -> float:
    r"""Factor that an inhibitor leaves of its target.

    Parameters
    ----------
    concentration, ic50 : molecule/um^3
        ``ic50`` > 0.
    hill : dimensionless, > 0
    max_inhibition : 0..1

    Returns
    -------
    dimensionless
        :math:`1 - m / (1 + (IC_{50}/c)^h)`; one without inhibitor.
    """
    if concentration <= 0.0:
        return 1.0
    return 1.0 - max_inhibition / (1.0 + math.pow(ic50 / concentration, hill))


def left_by(held: Inhibition, values: Mapping[str, float]) -> float:
    """Factor on the parameters that an inhibitor holds down: a pure number, by the numbers of an arm.

    Parameters
    ----------
    values : mapping of path to value
        At least ``held.numbers``, in internal units.
    """
    return inhibition(held.level, *(values[path] for path in held.numbers))


def _refused(finding: Finding) -> Effect:
    return Effect(findings=(finding,))


def _of(cells: Sequence[CellType], everywhere: bool) -> str:  # noqa: FBT001
    return "all cells" if everywhere else f"the {' and the '.join(cell.label for cell in cells)}"


def targets(name: str, model: ResolvedModel, cells: Iterable[CellType]) -> list[str]:
    """Paths of parameters that a name stands for: copies made, resting activity, machinery, secretion, a transition."""
    paths = []
    for cell in cells:
        signals = [signal.name for signal in cell.signals]
        if name in cell.cargo or name in signals:
            paths.append(f"{cell.name}.{name}.basal")
        if name in cell.solubles:
            paths.append(f"{cell.name}.{name}.secretion_rate")
        paths += [f"{cell.name}.{name}.hazard" for chain in cell.chains for way in chain.transitions
                  if name == "_to_".join(way)]
        field = _aliases().get(name.lower(), name)
        if field in ACTIVITIES:
            paths.append(f"{cell.name}.{field}")
    return [path for path in paths if path in model.parameters]


def _aliases() -> dict[str, str]:
    return {alias.lower(): field for alias, field in ALIASES.items()}


def names(cells: Iterable[CellType]) -> set[str]:
    """Everything that can be knocked out of these cells."""
    found = {*ALIASES, *ACTIVITIES}
    for cell in cells:
        found |= {*cell.cargo, *cell.solubles, *(signal.name for signal in cell.signals)}
        found |= {"_to_".join(way) for chain in cell.chains for way in chain.transitions}
    return found


def _scaled(
    name: str, factor: float, done: str, model: ResolvedModel, cells: Sequence[CellType], path: str,
    everywhere: bool,  # noqa: FBT001
) -> Effect:
    paths = targets(name, model, cells)
    if not paths:
        elsewhere = targets(name, model, model.cells)
        where = _of(cells, everywhere)
        return _refused(Finding(
            "error", path, f"`{name}` is nothing that {where} make{'s' if len(cells) == 1 else ''}",
            "what can be taken away is a cargo, signal or soluble of the cell, or a part of its machinery",
            "the intervention would do nothing",
            f"the model has it in {', '.join(sorted({p.split('.')[0] for p in elsewhere}))}" if elsewhere
            else nearest(name, names(cells)),
        ))  # fmt: skip
    owners = [cell for cell in cells if any(found.startswith(f"{cell.name}.") for found in paths)]
    field = _aliases().get(name.lower(), name)
    also = f" ({field.replace('_', ' ')})" if field != name else ""
    left = "" if factor == 0.0 else f" to {factor:.3g} of normal"
    words = f"{name}{also} {done} in {_of(owners, everywhere)}{left}"
    return Effect(factors=dict.fromkeys(paths, factor), english=words)


def _knocked_down(
    intervention: KnockDown, model: ResolvedModel, cells: Sequence[CellType], path: str, everywhere: bool  # noqa: FBT001
) -> Effect:
    notes = Notes.elsewhere()
    left = notes.quantity(intervention.to, "", f"{path}.to", at_most=1.0)
    if left is None:
        return Effect(findings=tuple(notes.findings))
    return _scaled(intervention.knock_down, left, "knocked down", model, cells, f"{path}.knock_down", everywhere)


def _inhibited(
    intervention: Inhibitor, model: ResolvedModel, drugs: Mapping[str, Drug], cells: Sequence[CellType], path: str
) -> Effect:
    name = intervention.inhibitor
    if name not in drugs:
        return _refused(Finding("error", f"{path}.inhibitor", f"`{name}` is not an inhibitor of the library",
                                "an inhibitor has a target, an IC50 and a Hill coefficient",
                                "the intervention would do nothing", nearest(name, drugs)))
    for key, value in (("from", intervention.start), ("to", intervention.end)):
        if value is not None:
            return _refused(Finding("error", f"{path}.{key}", f"the inhibitor is given `{key}: {value}`",
                                    "an inhibitor acts during the whole run",
                                    "a limited time would be ignored, and the effect too large",
                                    f"delete `{key}`; for a limited time write a rule with the drug as an agent"))
    through_rules = sorted({rule.key for rule in model.rules if rule.source == name})
    if intervention.cells and through_rules:
        return _refused(Finding("error", f"{path}.cells", f"`{name}` is given to {', '.join(intervention.cells)} only",
                                f"it also acts from the medium, through the rules {', '.join(through_rules)}",
                                "the other cells would feel half of what it does", "delete `cells`"))
    drug = drugs[name]
    notes = Notes.elsewhere()
    level = notes.quantity(intervention.concentration, CONCENTRATION, f"{path}.concentration",
                           molar_mass=drug.molar_mass)
    if level is None:
        return Effect(findings=tuple(notes.findings))
    acted_on = (f"{cell.name}.{drug.inhibits}" for cell in cells)
    paths = tuple(path for path in acted_on if path in model.parameters)
    held = Inhibition(name, level, paths)
    if any(path not in model.parameters for path in held.numbers):  # noted where the numbers were read
        return Effect()
    left = left_by(held, {path: model.parameters[path].value for path in held.numbers})
    ic50 = model.parameters[held.numbers[0]].shown
    words = (f"{name} {intervention.concentration}: {drug.inhibits.replace('_', ' ')} of "
             f"{_of(cells, not intervention.cells)} at {left:.3g} of normal (IC50 {ic50})")
    return Effect(english=words, exposure=(name, level) if through_rules else None, inhibition=held)


def _blocked(
    intervention: Block, model: ResolvedModel, cells: Sequence[CellType], path: str, everywhere: bool  # noqa: FBT001
) -> Effect:
    if intervention.block not in ROUTES:
        return _refused(Finding("error", f"{path}.block", f"`{intervention.block}` is not a route",
                                f"the routes are {', '.join(ROUTES)}", "nothing would be blocked",
                                nearest(intervention.block, ROUTES)))
    says, route = ROUTES[intervention.block]
    factors, values = route(model, cells)
    if not factors and not values:
        return _refused(Finding("error", f"{path}.block", f"`{intervention.block}` is no route in "
                                f"{_of(cells, everywhere)}", "a block cuts a route that the model has",
                                "the arm would be the same without it", "delete it, or give the model such a rule"))
    return Effect(factors=factors, values=values, english=f"{says} in {_of(cells, everywhere)}")


def _machinery(*fields: str) -> Routes:
    def route(model: ResolvedModel, cells: Sequence[CellType]) -> tuple[dict[str, float], dict[str, float]]:
        paths = [f"{cell.name}.{field}" for cell in cells for field in fields]
        return {path: 0.0 for path in paths if path in model.parameters}, {}

    return route


def _rules_from(is_source: Callable[[str, ResolvedModel], bool], *gates: str) -> Routes:
    """A rule with a fold of one, or that adds nothing, changes nothing; networks feel nothing behind a gate of zero."""
    networks = _machinery(*gates)

    def route(model: ResolvedModel, cells: Sequence[CellType]) -> tuple[dict[str, float], dict[str, float]]:
        owners = {cell.name for cell in cells}
        return networks(model, cells)[0], {rule.strength: rule.neutral for rule in model.rules
                                           if rule.cell in owners and is_source(rule.source, model)}

    return route


ROUTES: Final[dict[str, tuple[str, Routes]]] = {
    "surface_signalling": ("signalling of vesicles from the cell surface blocked",
                           _rules_from(lambda source, _model: source.startswith((BOUND, ENGAGED)), "surface_response")),
    "receptor_transfer": ("transfer of receptors to the cell surface blocked",
                          _machinery("receptor_surfacing_rate", "receptor_insertion_share")),
    "mirna_route": ("repression by received and own miRNA blocked",
                    _rules_from(lambda source, _model: source.startswith(REPRESSION))),
    "escape": ("escape from endosomes and fusion at the surface blocked, for lumen cargo and received receptors",
               _machinery("escape_rate", "surface_fusion_rate")),
    "soluble": ("response to solubles of the medium blocked",
                _rules_from(lambda source, model: source in model.solubles, "soluble_response")),
    "release": ("fusion of MVBs with the cell membrane blocked", _machinery("mvb_fusion_rate")),
    "shedding": ("shedding of microvesicles blocked", _machinery("shedding_rate")),
    "uptake": ("binding of vesicles and macropinocytosis blocked",
               _machinery("binding_rate", "macropinocytosis_rate")),
}  # fmt: skip
