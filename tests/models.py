"""Small resolved models for tests, with numbers chosen for arithmetic, not from biology."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vesica.spec.cells import CellType, Chain, ChainState, Matrix, Signal
from vesica.spec.resolved import (
    Arm,
    Cargo,
    Domain,
    Drug,
    DrugEffect,
    Parameter,
    ResolvedModel,
    Rule,
    Schedule,
)
from vesica.spec.vocabulary import (
    ALL_MACHINERY,
    CELL_AGO,
    CELL_APOPTOSIS,
    CELL_MACHINERY,
    CELL_MATRIX,
    CELL_MATRIX_FACTOR,
    CELL_MATRIX_PROTEASE,
    CELL_SHEDDING,
)

H = 3600.0
MACHINERY: dict[str, float] = {
    "endosome_formation_rate": 0.3, "endosome_maturation_rate": 2e-4, "endosome_recycling_rate": 1.4e-3,
    "ilv_budding_rate": 1 / 60, "escrt_share": 0.5, "escrt_activity": 1.0, "nsmase2_activity": 1.0,
    "ilv_capacity": 80.0, "retrofusion_rate": 0.03 / 60, "mvb_lysosome_rate": 5e-4, "mvb_docking_rate": 3e-5,
    "mvb_undocking_rate": 1e-3,
    "docking_sites": 10.0, "rab27_activity": 1.0, "mvb_fusion_rate": 2e-3, "snare_activity": 1.0,
    "released_share": 0.6, "tether_detachment_rate": 1e-3, "tether_return_rate": 1e-4,
    "ilv_diameter_median": 0.085, "ilv_diameter_gsd": 1.35, "ilv_diameter_low": 0.03, "ilv_diameter_high": 0.2,
    "ilv_membrane_thickness": 0.005, "cell_volume": 2000.0, "membrane_area": 3000.0, "capture_radius": 7.5,
    "receptor_sites": 1000.0, "binding_rate": 0.01, "unbinding_rate": 2 / H, "internalisation_rate": 2 / H,
    "macropinocytosis_rate": 0.01, "surface_fusion_rate": 0.05 / H, "ev_degradation_rate": 0.7 / H,
    "ev_recycling_rate": 0.2 / H, "escape_rate": 0.3 / H, "receptor_surfacing_rate": 0.5 / H,
    "receptor_disposal_rate": 0.5 / H, "receptor_insertion_share": 1.0, "death_rate": 0.001 / H,
    "shedding_rate": 3 / H, "asmase_activity": 0.8, "microvesicle_diameter_median": 0.25,
    "microvesicle_diameter_gsd": 1.6, "microvesicle_diameter_low": 0.1, "microvesicle_diameter_high": 1.0,
    "apoptotic_vesicles_per_cell": 60.0, "apoptotic_cargo_share": 0.3, "apoptotic_diameter_median": 1.0,
    "apoptotic_diameter_gsd": 1.6, "apoptotic_diameter_low": 0.5, "apoptotic_diameter_high": 5.0,
    "matrix_secretion_rate": 2.0, "matrix_decay_rate": 0.02 / H, "matrix_vesicle_sites": 1e-3,
    "matrix_binding_rate": 0.01, "matrix_unbinding_rate": 0.1 / H,
    "ago_copies": 4e4, "ago_loading_rate": 1e-8, "duplex_decay_rate": 5e-4, "loaded_arrival_share": 0.25,
}


def parameters(values: Mapping[str, tuple[float, str]]) -> dict[str, Parameter]:
    """Parameters with the given values, marked as given."""
    return {path: Parameter(path, value, unit, value, value, "given") for path, (value, unit) in values.items()}


def machinery(cell: str, **changed: float) -> dict[str, tuple[float, str]]:
    """All machinery parameters of a cell type."""
    values = MACHINERY | changed
    return {f"{cell}.{name}": (values[name], field.unit) for name, field in CELL_MACHINERY.items()}


def kinds_model(**changes: object) -> ResolvedModel:
    """The chain, with donors that shed microvesicles and recipients that turn into apoptotic vesicles."""
    model = chain_model()
    values = {f"donor.{name}": (MACHINERY[name], ALL_MACHINERY[name].unit) for name in CELL_SHEDDING}
    values |= {f"taker.{name}": (MACHINERY[name], ALL_MACHINERY[name].unit) for name in CELL_APOPTOSIS}
    values |= {f"donor.{cargo}.microvesicle_enrichment": (0.5, "") for cargo in model.cells[0].cargo}
    donor = replace(model.cells[0], sheds_microvesicles=True)
    taker = replace(model.cells[1], forms_apoptotic_vesicles=True)
    model = replace(model, cells=(donor, taker), parameters={**model.parameters, **parameters(values)})
    leak = Rule("leak", "donor", "agent", "increases", "shedding_rate", "agent adds shedding", adds=True)
    numbers = {"rule.leak.half_max": (6e6, "molecule/um^3"), "rule.leak.hill": (2.0, ""),
               "rule.leak.added": (1 / H, "vesicle/s")}  # fmt: skip
    model = replace(model, rules=(*model.rules, leak), parameters={**model.parameters, **parameters(numbers)})
    return replace(model, **changes)  # type: ignore[arg-type]


def phenotypes_model(**changes: object) -> ResolvedModel:
    """The kinds, with recipients that are calm or angry, and die of it; and another chain that settles at rest."""
    model = kinds_model()
    fate = Chain("fate", (ChainState("calm"), ChainState("angry", owns=("internalisation_rate", "death_rate")),
                          ChainState("burst", dies=True)), (("calm", "angry"), ("angry", "calm"), ("angry", "burst")))
    look = Chain("look", (ChainState("thin"), ChainState("thick", owns=("internalisation_rate", "mir_production"))),
                 (("thin", "thick"), ("thick", "thin")), settles=True)
    hazards = {"calm_to_angry": 0.02, "angry_to_calm": 0.03, "angry_to_burst": 0.01, "thin_to_thick": 0.1,
               "thick_to_thin": 0.3}
    values = {f"taker.{word}.hazard": (per_hour / H, "1/s") for word, per_hour in hazards.items()}
    values |= {"taker.calm.initial": (0.8, ""), "taker.angry.initial": (0.2, ""),
               "taker.angry.internalisation_rate": (0.5, ""), "taker.angry.death_rate": (4.0, ""),
               "taker.thick.internalisation_rate": (3.0, ""), "taker.thick.mir_production": (2.0, "")}
    taker = replace(model.cells[1], chains=(fate, look))
    model = replace(model, cells=(model.cells[0], taker), parameters={**model.parameters, **parameters(values)})
    return replace(model, **changes)  # type: ignore[arg-type]


def transfer_model(**changes: object) -> ResolvedModel:
    """All kinds of vesicles, with recipients that translate an mRNA, load Ago, have a ligand's receptor and a drug."""
    model = kinds_model()
    values = {f"taker.{name}": (MACHINERY[name], ALL_MACHINERY[name].unit) for name in CELL_AGO}
    for cell in ("donor", "taker"):
        for cargo, basal, decay in (("mrna", 50.0 * (cell == "donor"), 0.1 / H), ("protein", 1e3, 0.05 / H)):
            values |= {f"{cell}.{cargo}.basal": (basal, "molecule"), f"{cell}.{cargo}.decay_rate": (decay, "1/s"),
                       f"{cell}.{cargo}.enrichment": (1.0, "")}
    values |= {f"donor.{cargo}.microvesicle_enrichment": (0.5, "") for cargo in ("mrna", "protein")}
    values |= {"taker.mrna.translation_rate": (20.0 / H, "1/s"), "taker.ligand.half_occupancy": (1e3, "molecule"),
               "rule.touch.half_max": (5.0, "vesicle"), "rule.touch.hill": (2.0, ""), "rule.touch.fold": (3.0, "")}
    donor, taker = model.cells
    cells = (replace(donor, cargo=("ligand", "mir", "mrna", "protein", "receptor")),
             replace(taker, cargo=("ligand", "mir", "mrna", "protein", "receptor"), has_ago=True,
                     translations=(("mrna", "protein"),), ligands=(("ligand", "receptor"),)))
    cargo = (*model.cargo, Cargo("mrna", "mrna", "lumen"), Cargo("protein", "protein", "lumen", frees="factor"))
    touch = Rule("touch", "taker", "engaged_ligand", "increases", "alarm_production", "touch raises alarm")
    values |= {"taker.mir.anti_mir_fold": (1.0, ""), "drug.brake.washout_rate": (0.5 / H, "1/s")}
    for target, strength in (("internalisation_rate.fold", 0.2), ("exosome_binding.fold", 0.5),
                             ("factor_clearance.added", 3 / H)):
        name = f"drug.brake.{target.partition('.')[0]}"
        values |= {f"{name}.half_max": (600.0, "molecule/um^3"), f"{name}.hill": (1.0, ""),
                   f"drug.brake.{target}": (strength, "1/s" if "added" in target else "")}
    effects = (DrugEffect("internalisation_rate", (("taker", "internalisation_rate"),)),
               DrugEffect("exosome_binding", (("taker", "exosome_binding"),)),
               DrugEffect("factor_clearance", (("medium", "factor_clearance"),)))
    brake = Drug("brake", "brake", effects, is_timed=True)
    model = replace(model, cells=cells, cargo=cargo, rules=(*model.rules, touch), drugs=(brake,),
                    parameters={**model.parameters, **parameters(values)})
    return replace(model, **changes)  # type: ignore[arg-type]


def matrix_model(**changes: object) -> ResolvedModel:
    """The transfer, with matrix around recipients that holds a factor, and is digested by it as well."""
    model = transfer_model()
    values = {f"taker.{name}": (MACHINERY[name], ALL_MACHINERY[name].unit) for name in CELL_MATRIX}
    numbers = {"matrix_sites": 0.1, "matrix_binding_rate": 2e-3, "matrix_unbinding_rate": 0.01,
               "matrix_digestion_rate": 1e-2}
    values |= {f"taker.factor.{name}": (numbers[name], field.unit)
               for name, field in (CELL_MATRIX_FACTOR | CELL_MATRIX_PROTEASE).items()}
    taker = replace(model.cells[1], matrix=Matrix(("factor",), ("factor",)))
    model = replace(model, cells=(model.cells[0], taker), parameters={**model.parameters, **parameters(values)})
    return replace(model, **changes)  # type: ignore[arg-type]


def chain_model(**changes: object) -> ResolvedModel:
    """Donors and recipients with one cargo of each kind, a signal, a rule and a factor."""
    values: dict[str, tuple[float, str]] = {}
    for cell in ("donor", "taker"):
        values |= machinery(cell)
        for cargo, basal, decay in (("mir", 1e4, 0.03 / H), ("receptor", 2e3, 0.2 / H), ("ligand", 5e3, 0.1 / H)):
            values[f"{cell}.{cargo}.basal"] = (basal, "molecule")
            values[f"{cell}.{cargo}.decay_rate"] = (decay, "1/s")
            values[f"{cell}.{cargo}.enrichment"] = (1.0, "")
        values[f"{cell}.alarm.basal"] = (1.0, "")
        values[f"{cell}.alarm.decay_rate"] = (1 / H, "1/s")
        values[f"{cell}.alarm.reference"] = (2e3, "molecule")
    values |= {
        "taker.mir.target_sites": (1e4, "molecule"), "taker.mir.target_decay_rate": (0.07 / H, "1/s"),
        "taker.mir.target_binding_rate": (1e-8, "1/molecule/s"), "taker.mir.target_unbinding_rate": (1e-4, "1/s"),
        "taker.mir.repressed_decay_rate": (0.2 / H, "1/s"), "taker.mir.needed_copies": (1e3, "molecule"),
        "donor.factor.secretion_rate": (10.0, "molecule/s"), "factor.decay_rate": (1e-4, "1/s"),
        "medium.temperature": (310.0, "K"), "medium.viscosity": (0.692e-3, "Pa*s"),
        "medium.ev_decay_rate": (0.02 / H, "1/s"), "medium.plastic_loss_rate": (0.01 / H, "1/s"),
        "medium.density": (1000.0, "kg/m^3"), "medium.vesicle_density": (1100.0, "kg/m^3"),
        "factor.diffusivity": (100.0, "um^2/s"),
    }
    rules = (
        Rule("stimulus", "donor", "agent", "increases", "alarm_production", "agent raises alarm"),
        Rule("alarm_fusion", "donor", "alarm", "increases", "mvb_fusion_rate", "alarm raises fusion"),
        Rule("surface", "taker", "bound_ligand", "increases", "alarm_production", "bound ligand raises alarm"),
        Rule("quiet", "taker", "repression_by_mir", "decreases", "alarm_production", "mir lowers alarm"),
        Rule("soluble", "taker", "factor", "increases", "death_rate", "factor raises death"),
    )
    units = ("molecule/um^3", "", "molecule", "", "molecule/um^3")
    halves = (6e6, 3.0, 10.0, 0.5, 1e-6)
    folds = (5.0, 3.0, 4.0, 0.5, 2.0)
    for rule, unit, half, fold in zip(rules, units, halves, folds, strict=True):
        values |= {f"rule.{rule.key}.half_max": (half, unit), f"rule.{rule.key}.hill": (2.0, ""),
                   f"rule.{rule.key}.fold": (fold, "")}
    carried = ("mir", "receptor", "ligand")
    signals = (Signal("alarm", requires="receptor"),)
    model = ResolvedModel(
        title="toy", domain=Domain("dish", 2e12, 2079.0, "stirred"),
        cells=(CellType("donor", "donor", signals, carried, solubles=("factor",)),
               CellType("taker", "taker", signals, carried, mirna_targets=("mir",), can_die=True)),
        cargo=(Cargo("mir", "mirna", "lumen"), Cargo("receptor", "receptor", "membrane"),
               Cargo("ligand", "ligand", "membrane")),
        solubles=("factor",), agents=("agent",), rules=rules, parameters=parameters(values),
        arms=(Arm("both", {"donor": 1e6, "taker": 5e5}),), schedule=Schedule(48 * H, 0.5 * H, "well_mixed", 1),
    )
    return replace(model, **changes)  # type: ignore[arg-type]
