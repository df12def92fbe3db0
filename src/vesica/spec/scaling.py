"""Larger copy numbers at the same concentrations: the limit in which whole numbers become means.

`scaled` makes every cell ``factor`` times larger, with ``factor`` times as many molecules, MVBs and sites. Vesicles
stay as they are: their sizes, their contents and all their hazards. The mean field of the scaled model is then exactly
``factor`` times the old one (extensive pools) or the old one (intensive pools), and fluctuations of whole numbers fall
as ``1 / factor`` (van Kampen, Stochastic Processes in Physics and Chemistry, chapter X: the system-size expansion).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeVar

from vesica.errors import error
from vesica.spec import handling
from vesica.spec.resolved import Arm, Dose, Parameter, ResolvedModel, Supply
from vesica.spec.variability import expected
from vesica.spec.vessel import PORES, SPACE, TISSUE
from vesica.spec.vocabulary import (
    AFFINITY,
    CELL_MATRIX_FACTOR,
    CELL_MATRIX_PROTEASE,
    CELL_MOTILITY,
    CELL_SENSING,
    CHEMOTAXIS,
    CONTACT,
    COOLING,
    FUSOGENICITY,
    LABEL,
    METHOD,
    OVER_THE_CELL,
    PREPARATION,
    PREPARATION_CHOICE,
    STORAGE,
    TRANSFER,
    TREATMENT,
)
from vesica.units import registry

# Exponents of the factor, by the last word of a path. A word that is missing is refused, never guessed.
_MACHINERY: Final[dict[str, int]] = {
    **dict.fromkeys((
        "endosome_formation_rate", "docking_sites", "receptor_sites", "cell_volume", "membrane_area",
        "capture_radius", "macropinocytosis_rate", "shedding_rate", "apoptotic_vesicles_per_cell", "ago_copies",
        "matrix_secretion_rate",
    ), 1),
    "ago_loading_rate": -1,
    **dict.fromkeys((
        "endosome_maturation_rate", "endosome_recycling_rate", "ilv_budding_rate", "escrt_share", "escrt_activity",
        "nsmase2_activity", "ilv_capacity", "retrofusion_rate", "mvb_lysosome_rate", "mvb_docking_rate",
        "mvb_undocking_rate",
        "rab27_activity", "mvb_fusion_rate", "snare_activity", "released_share", "tether_detachment_rate",
        "tether_return_rate", "ilv_diameter_median", "ilv_diameter_gsd", "ilv_diameter_low", "ilv_diameter_high",
        "ilv_membrane_thickness", "binding_rate", "unbinding_rate", "internalisation_rate", "surface_fusion_rate",
        "ev_degradation_rate", "ev_recycling_rate", "escape_rate", "receptor_surfacing_rate",
        "receptor_insertion_share", "receptor_disposal_rate", "death_rate", "asmase_activity",
        "microvesicle_diameter_median", "microvesicle_diameter_gsd", "microvesicle_diameter_low",
        "microvesicle_diameter_high", "matrix_decay_rate", "matrix_vesicle_sites", "matrix_binding_rate",
        "matrix_unbinding_rate", "apoptotic_cargo_share", "apoptotic_diameter_median", "apoptotic_diameter_gsd",
        "apoptotic_diameter_low", "apoptotic_diameter_high", "duplex_decay_rate", "loaded_arrival_share",
        "surface_response", "soluble_response", "contact_response", "arbor_radius",
        *CELL_MOTILITY,
    ), 0),
}  # fmt: skip
_CARGO: Final = {"basal": 1, "decay_rate": 0, "enrichment": 0, "microvesicle_enrichment": 0, "empty_share": 0,
                 "anti_mir_fold": 0}
_TARGETS: Final = {"target_sites": 1, "target_decay_rate": 0, "target_binding_rate": -1, "target_unbinding_rate": 0,
                   "repressed_decay_rate": 0, "needed_copies": 1}
_TRANSLATION: Final = {"translation_rate": 0}
_LIGAND: Final = {"half_occupancy": 1}
_SIGNAL: Final = {"basal": 0, "decay_rate": 0, "reference": 1}
_SECRETED: Final = {"secretion_rate": 1}
_MEDIUM: Final = dict.fromkeys(("temperature", "viscosity", "ev_decay_rate", "plastic_loss_rate", "density",
                                "vesicle_density"), 0)
_SOLUBLE: Final = {"decay_rate": 0, "diffusivity": 0, "in_fresh_medium": 0}
_AGENT: Final = {"evaporation_rate": 0, "diffusivity": 0, "decay_rate": 0}
_VESSEL: Final = {"flow": 1} | dict.fromkeys((*PORES, *TISSUE, *SPACE, "flow_velocity"), 0)  # its bottom grows
_DRUG: Final = dict.fromkeys(("half_max", "hill", "fold", "added", "washout_rate"), 0)
_PREPARATION: Final = dict.fromkeys((*PREPARATION, *PREPARATION_CHOICE, FUSOGENICITY), 0)
_BENCH: Final = dict.fromkeys((*METHOD, *TREATMENT, *STORAGE, *COOLING, *LABEL, "corona_share"), 0)
_Dose = TypeVar("_Dose", Dose, Supply)
_STARTS: Final = ("initial", "at_start")  # of a network's state: by their unit, as its constants
_RULE: Final = {"hill": 0, "fold": 0}  # half_max goes with its source, added with its target


def exponent(model: ResolvedModel, path: str) -> int:
    """Power of the factor with which a parameter grows: 1, 0 or -1.

    Raises
    ------
    InputError
        Nobody has said how this parameter scales.
    """
    if any(path in expected(cell) for cell in model.cells):
        return 0  # how much cells differ
    owner, _, name = path.rpartition(".")
    if _is_of_network(model, owner, name):
        return _by_unit(model.parameters[path].unit)
    found = _table(model, owner).get(name)
    if found is None and owner.startswith("rule.") and name in ("half_max", "added"):
        rule = next((rule for rule in model.rules if f"rule.{rule.key}" == owner), None)
        if rule is not None:
            in_table = _MACHINERY.get(rule.target) if name == "added" else None
            found = _by_unit(model.parameters[path].unit) if in_table is None else in_table
    if found is None:
        raise error(path, f"nobody has said how `{path}` changes when cells grow at fixed concentrations",
                    "each parameter is in the tables of spec/scaling.py", "the fidelities could not be compared",
                    "this is a fault of vesica: please report it")
    return found


def _table(model: ResolvedModel, owner: str) -> dict[str, int]:
    """Exponents of the parameters of one owner (``astrocyte``, ``astrocyte.HMGB1``, ``rule.KEY`` ...)."""
    cells = {cell.name: cell for cell in model.cells}
    prepared = {one.name: _PREPARATION for one in model.preparations}
    of_cell = _MACHINERY | {f"{AFFINITY}{name}": 0 for name in (*cells, *prepared)} | {FUSOGENICITY: 0}
    known = {*model.solubles, *model.agents}
    of_cell |= {f"{CONTACT}{name}": 0 for name in cells} | {f"{CHEMOTAXIS}{name}": 0 for name in known}
    whole = {"medium": _MEDIUM, "vessel": _VESSEL, **dict.fromkeys(model.solubles, _SOLUBLE),
             **dict.fromkeys(cells, of_cell), **dict.fromkeys(model.agents, _AGENT), **prepared,
             **{f"rule.{rule.key}": _RULE for rule in model.rules}}
    if owner in whole:
        return whole[owner]
    if owner.startswith(("drug.", "gene.")):
        return _DRUG
    cell, _, thing = owner.partition(".")
    if cell not in cells:
        return _of_the_bench(cell, model)
    held = cells[cell]
    tables: dict[str, int] = {}
    for chain in held.chains:  # shares, hazards and factors
        tables |= {"hazard": 0} if thing in {f"{a}_to_{b}" for a, b in chain.transitions} else {}
        tables |= {name: 0 for state in chain.states if state.name == thing for name in ("initial", *state.owns)}
    if thing in held.mirna_targets:
        tables |= _TARGETS
    if thing in held.solubles:
        tables |= _SECRETED
    if thing in known:
        tables |= dict.fromkeys((*CELL_SENSING, *CELL_MATRIX_FACTOR, *CELL_MATRIX_PROTEASE), 0)
    if thing in {signal.name for signal in held.signals}:
        tables |= _SIGNAL
    if thing in held.cargo:
        tables |= _CARGO
    if thing in dict(held.translations):
        tables |= _TRANSLATION
    if thing in dict(held.ligands):
        tables |= _LIGAND
    return tables


def _of_the_bench(owner: str, model: ResolvedModel) -> dict[str, int]:
    """Exponents of what belongs to no cell: cargo of preparations, methods of isolation, dyes."""
    if owner in ("isolation", "treatment", "storage", "cooling", "label"):
        return _BENCH
    dyes = {one.name: {TRANSFER: 0} for one in model.cargo if one.kind == "dye"}
    return dyes.get(owner, {"copies": 0} if owner in {one.name for one in model.preparations} else {})


def _is_of_network(model: ResolvedModel, owner: str, name: str) -> bool:
    """Whether a number is a constant of a network, or where one of its states starts."""
    cell, _, thing = owner.partition(".")
    networks = [network for held, network in model.every_network if held == cell]
    return any((network.name == thing and name in network.constants)
               or (name in _STARTS and thing in {state.name for state in network.states}) for network in networks)


def _by_unit(unit: str) -> int:
    """Numbers and volumes grow; concentrations, shares and hazards do not. For numbers that are in no table.

    Laws of networks are proved to have the dimension they need, so a law grows as its numbers do: ``1/(molecule s)``
    falls where ``1/s`` stays. Area counts as volume does, since cells get as many times more membrane.
    """
    size = {name: float(str(power)) for name, power in
            registry().Quantity(1.0, unit or "dimensionless").dimensionality.items()}  # fmt: skip
    return round(size.get("[molecule]", 0.0) + size.get("[vesicle]", 0.0) + size.get("[length]", 0.0) / 3)


def scaled(model: ResolvedModel, factor: float) -> ResolvedModel:
    """The model with ``factor`` times larger cells in ``factor`` times more medium; numbers of cells stay.

    Parameters
    ----------
    factor : dimensionless, > 0

    Raises
    ------
    InputError
        A parameter is in no table.
    """
    power = {path: factor ** exponent(model, path) for path in model.parameters}
    domain = model.domain.scaled(factor)
    parameters = {path: _times(parameter, power[path]) for path, parameter in model.parameters.items()}
    arms = tuple(_scaled_arm(arm, power, factor) for arm in model.arms)
    return replace(model, domain=domain, parameters=parameters, arms=arms)


def _times(parameter: Parameter, factor: float) -> Parameter:
    if factor == 1.0:
        return parameter
    return replace(parameter, value=parameter.value * factor, low=parameter.low * factor, high=parameter.high * factor,
                   shown="")


def _scaled_arm(arm: Arm, power: dict[str, float], factor: float) -> Arm:
    values = {path: value * power[path] for path, value in arm.values.items()}
    doses = tuple(_scaled_dose(dose, factor) for dose in arm.doses)
    supplies = tuple(_scaled_dose(supply, factor) for supply in arm.supplies)
    return replace(handling.scaled(arm, factor), values=values, doses=doses, supplies=supplies)


def _scaled_dose(dose: _Dose, factor: float) -> _Dose:
    """Vesicles for each cell grow; the vesicles of so many donor cells, and concentrations, grow by themselves."""
    return replace(dose, amount=dose.amount * factor) if dose.measure == "particles_per_cell" else dose


def is_extensive(model: ResolvedModel, pool: str) -> bool:
    """Whether a pool grows with the cell.

    All but signals, shares of cells alive, dead or in a phenotype, and levels of networks that are no molecules.
    """
    owner, _, name = pool.partition(".")
    cell = next((cell for cell in model.cells if cell.name == owner), None)
    if cell is None:
        return True
    states = {word for chain in cell.chains for state in chain.states for word in (state.name, f"died_of:{state.name}")}
    levels = {state.name: state.unit for network in cell.networks for state in network.states}
    if (unit := levels.get(name.removesuffix(OVER_THE_CELL))) is not None:
        return _by_unit(unit) > 0
    return name not in {"alive", "dead", *(signal.name for signal in cell.signals), *states}


def few_cells(model: ResolvedModel, cells: int) -> ResolvedModel:
    """A dish so small that the commonest cell type of any arm counts at most ``cells``, with as little medium per cell.

    Numbers of the other types are rounded to whole cells, at least one.
    """
    largest = max((count for arm in model.arms for count in arm.counts.values()), default=0.0)
    if largest <= cells:
        return model
    share = cells / largest
    arms = tuple(replace(handling.scaled(arm, share), counts={name: float(max(1, round(count * share)))
                                                              if count > 0 else 0.0
                                                              for name, count in arm.counts.items()})
                 for arm in model.arms)
    # the bottom of the dish shrinks with the medium, so its depth stays
    return replace(model, domain=model.domain.scaled(share), arms=arms)
