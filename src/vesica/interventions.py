"""What a knock-out, knock-down, inhibitor or block does to a model: factors and values of parameters.

Pure functions: a resolved model without arms goes in, an `Effect` on parameter paths comes
out. An intervention never changes the list of processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from vesica.biology.drugs import drugged
from vesica.errors import Finding, nearest
from vesica.maths import hill
from vesica.spec import check as spec_check
from vesica.spec import resolve as spec_resolve
from vesica.spec.arms import Effect, Offered
from vesica.spec.cells import CellType
from vesica.spec.drugs import MEDIUM
from vesica.spec.exposures import combine, steps_of
from vesica.spec.model import ModelSpec
from vesica.spec.quantities import Notes
from vesica.spec.resolved import Drug, DrugEffect, Inhibition, ResolvedModel
from vesica.spec.rule_words import BOUND, ENGAGED, REPRESSION
from vesica.spec.treatments import (
    AntiMir,
    Block,
    Cloak,
    ConstantExposure,
    Inhibitor,
    InterventionSpec,
    KnockDown,
    KnockOut,
    Neutralise,
)
from vesica.spec.vocabulary import AFFINITY, ANTI_MIR, CLEARANCE
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

PHOSPHATIDYLSERINE: Final = "phosphatidylserine"

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
    intervention: InterventionSpec, model: ResolvedModel, drugs: Mapping[str, Offered], path: str
) -> Effect:
    """What one intervention does.

    Parameters
    ----------
    intervention : KnockOut, KnockDown, Inhibitor, Block, AntiMir, Cloak or Neutralise
    model : ResolvedModel
        Without arms; its parameters say which paths exist.
    drugs : mapping
        All drugs of the library.
    path : str
        Where it was written.

    Returns
    -------
    Effect
        Factors on or values of parameter paths, or a drug, and a sentence; or findings.
    """
    if isinstance(intervention, Neutralise):
        return _neutralised(intervention, model, path)
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
    if isinstance(intervention, AntiMir):
        return _anti_mir(intervention, model, cells, path, everywhere)
    if isinstance(intervention, Cloak):
        return _cloaked(intervention, model, cells, path)
    return _blocked(intervention, model, cells, path, everywhere)


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


def left_by(drug: Drug, effect: DrugEffect, level: float, values: Mapping[str, float]) -> float:
    """Factor on a target after a long time with a drug: a pure number.

    Parameters
    ----------
    level : molecule/um^3
    values : mapping of path to value
        The numbers of the drug, in internal units.
    """
    half_max, steepness, fold = (values[drug.number(effect, name)] for name in ("half_max", "hill", "fold"))
    return drugged(1.0, fold, hill(level, half_max, steepness))


def _inhibited(
    intervention: Inhibitor, model: ResolvedModel, shelf: Mapping[str, Offered], cells: Sequence[CellType], path: str
) -> Effect:
    name = intervention.inhibitor
    drug = next((one for one in model.drugs if one.name == name), None)
    if name not in shelf or drug is None:
        return _refused(Finding("error", f"{path}.inhibitor", f"`{name}` is not a drug of the library",
                                "a drug has targets, each with a concentration of half its effect",
                                "the intervention would do nothing", nearest(name, shelf)))
    through_rules = sorted({rule.key for rule in model.rules if rule.source == name})
    rates = [(effect, rate) for effect in drug.effects for rate in effect.rates]
    in_medium = [rate for _, (owner, rate) in rates if owner == MEDIUM]
    if intervention.cells and (through_rules or in_medium):
        how = f"through the rules {', '.join(through_rules)}" if through_rules else f"on {', '.join(in_medium)}"
        return _refused(Finding("error", f"{path}.cells", f"`{name}` is given to {', '.join(intervention.cells)} only",
                                f"it also acts from the medium, {how}", "the other cells would feel half of what it "
                                "does", "delete `cells`"))
    places = (MEDIUM, *(cell.name for cell in cells))
    paths = tuple(f"{owner}.{rate}" for _, (owner, rate) in rates if owner in places)
    if not paths and not through_rules:
        return _refused(_idle(name, shelf[name], model, cells, intervention, path))
    notes = Notes.elsewhere()
    held, when = _course(intervention, shelf[name], model, paths, path, notes)
    if held is None or notes.has_errors:
        return Effect(findings=tuple(notes.findings))
    held = replace(held, cells=tuple(place for place in places if any(one.startswith(f"{place}.") for one in paths)))
    words = f"{name} {intervention.concentration}{when}: "
    words += "; ".join(_said(drug, effect, held, model) for effect in drug.effects if {*effect.cells} & {*held.cells}
                       ) or "through rules"
    return Effect(english=words, findings=tuple(notes.findings), inhibition=held, is_agent=bool(through_rules))


def _course(
    intervention: Inhibitor, drug: Offered, model: ResolvedModel, paths: tuple[str, ...], path: str, notes: Notes
) -> tuple[Inhibition | None, str]:
    """Its concentration in time, and when that is in words: before and all through the run, or from one time on."""
    if (intervention.start, intervention.end) == (None, None):
        level = notes.quantity(intervention.concentration, CONCENTRATION, f"{path}.concentration",
                               molar_mass=drug.molar_mass)
        return None if level is None else Inhibition(drug.name, (), (0.0,), (level,), level, paths), ""
    start = "0 h" if intervention.start is None else intervention.start
    written = ConstantExposure(agent=drug.name, concentration=intervention.concentration,
                               **{"from": start, "to": intervention.end})
    steps, _ = steps_of(written, path, model.schedule.duration, drug.molar_mass, notes)
    given = combine(drug.name, steps, model.schedule.duration)
    last = "the end" if intervention.end is None else intervention.end
    return Inhibition(drug.name, (), given.times, given.levels, 0.0, paths), f" from {start} to {last}"


def _idle(
    name: str, drug: Offered, model: ResolvedModel, cells: Sequence[CellType], intervention: Inhibitor, path: str
) -> Finding:
    """A drug without a target in these cells."""
    used = next(one for one in model.drugs if one.name == name)
    elsewhere = sorted({owner for effect in used.effects for owner in effect.cells})
    agents = [one.removesuffix(CLEARANCE) for one in drug.targets if one.removesuffix(CLEARANCE) in model.agents]
    if elsewhere:
        fix = f"the model has a target in {', '.join(elsewhere)}"
    elif agents:
        fix = f"declare `{agents[0]}` under `solubles:`, so that it has a loss of its own"
    else:
        fix = "delete it, or give the model what it acts on"
    return Finding("error", f"{path}.inhibitor", f"`{name}` has no target in {_of(cells, not intervention.cells)}",
                   f"{name} acts on {', '.join(drug.targets)}", "the arm would be the same without it", fix)


def _said(drug: Drug, effect: DrugEffect, held: Inhibition, model: ResolvedModel) -> str:
    """``nsmase2 activity of all cells at 0.13 of normal (half of the effect at 1 uM)``."""
    numbers = [drug.number(effect, name) for name in ("half_max", "hill", "fold")]
    owners = [owner for owner in effect.cells if owner in held.cells]
    target = effect.target.replace("_", " ")
    if any(path not in model.parameters for path in numbers):  # noted where the numbers were read
        return target
    left = left_by(drug, effect, max(held.levels), {path: model.parameters[path].value for path in numbers})
    cells = [cell for cell in model.cells if cell.name in owners]
    where = "" if MEDIUM in owners else f" of {_of(cells, len(cells) == len(model.cells))}"
    return f"{target}{where} at {left:.3g} of normal (half of the effect at {model.parameters[numbers[0]].shown})"


def _anti_mir(
    intervention: AntiMir, model: ResolvedModel, cells: Sequence[CellType], path: str, everywhere: bool  # noqa: FBT001
) -> Effect:
    """Free miRNA goes so many times faster that a share of it is left where it is made steadily."""
    name, notes = intervention.anti_mir, Notes.elsewhere()
    left = notes.quantity(intervention.to, "", f"{path}.to", at_most=1.0, positive=True)
    kinds = {cargo.name: cargo.kind for cargo in model.cargo}
    holders = [cell for cell in cells if name in cell.cargo and kinds.get(name) == "mirna"]
    if not holders:
        known = {one for cell in cells for one in cell.cargo if kinds.get(one) == "mirna"}
        notes.add("error", f"{path}.anti_mir", f"`{name}` is no miRNA of {_of(cells, everywhere)}",
                  "an anti-miR binds a miRNA that the cell holds", "the intervention would do nothing",
                  nearest(name, known))
    if left is None or notes.has_errors:
        return Effect(findings=tuple(notes.findings))
    words = f"anti-miR in {_of(holders, everywhere)} leaves {left:.3g} of free {name}, own and received"
    return Effect(values={f"{cell.name}.{name}.{ANTI_MIR}": 1.0 / left for cell in holders}, english=words)


def _cloaked(intervention: Cloak, model: ResolvedModel, cells: Sequence[CellType], path: str) -> Effect:
    """Vesicles of one sender, of all kinds, bind less."""
    notes, sender = Notes.elsewhere(), intervention.of
    left = notes.quantity(intervention.to, "", f"{path}.to", at_most=1.0)
    senders = {cell.name: cell for cell in model.cells if cell.origins}
    if sender not in senders:
        notes.unknown(f"{path}.of", "cell type that makes vesicles", sender, senders, "nothing would be cloaked")
        return Effect(findings=tuple(notes.findings))
    on_membrane = {cargo.name for cargo in model.cargo if cargo.topology == "membrane"} & {*senders[sender].cargo}
    if intervention.cloak not in (known := {PHOSPHATIDYLSERINE, *on_membrane}):
        notes.add("error", f"{path}.cloak", f"`{intervention.cloak}` is not on vesicles of the {sender}",
                  "what is cloaked is phosphatidylserine, or cargo of their membrane", "nothing would be cloaked",
                  nearest(intervention.cloak, known))
    paths = [f"{cell.name}.{AFFINITY}{sender}" for cell in cells]
    factors = {found: left for found in paths if found in model.parameters and left is not None}
    if left is None or notes.has_errors:
        return Effect(findings=tuple(notes.findings))
    words = f"{intervention.cloak} of vesicles of the {sender} cloaked: binding at {left:.3g} of normal"
    words += "" if not intervention.cells else f" in {_of(cells, everywhere=False)}"
    return Effect(factors=factors, english=words)


def _neutralised(intervention: Neutralise, model: ResolvedModel, path: str) -> Effect:
    """A factor of the medium is lost so many times faster that a share is left where it is made steadily."""
    name, notes = intervention.neutralise, Notes.elsewhere()
    left = notes.quantity(intervention.to, "", f"{path}.to", at_most=1.0, positive=True)
    if name not in model.solubles:
        notes.unknown(f"{path}.neutralise", "soluble of this model", name, model.solubles, "nothing would be bound")
    elif model.parameters[f"{name}.decay_rate"].value == 0.0:
        notes.add("error", f"{path}.neutralise", f"`{name}` is not lost from the medium at all",
                  "what neutralises a factor makes its loss faster", "a multiple of no loss would do nothing",
                  f"give `{name}.decay_rate` a value above zero")
    if left is None or notes.has_errors:
        return Effect(findings=tuple(notes.findings))
    return Effect(factors={f"{name}.decay_rate": 1.0 / left}, english=f"{name} neutralised to {left:.3g} of normal")


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
