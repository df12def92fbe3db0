"""The flat list of numbers by which arms, draws and published directions are compared."""

from __future__ import annotations

import math

import numpy as np

from vesica.analysis.runs.vesicles import cargo_per_vesicle
from vesica.results.arm_run import ArmRun
from vesica.spec.cells import CellType
from vesica.spec.handling import volume_at
from vesica.spec.resolved import ResolvedModel
from vesica.spec.vocabulary import APOPTOTIC, KIND_LABELS, kind_of

Quantities = dict[str, tuple[float, str]]


def quantities(model: ResolvedModel, run: ArmRun) -> Quantities:
    """Name -> (value, unit) at the end of an arm, and at the times published directions ask for.

    Only what the model observes; without `observe:` everything.
    """
    found = _at_end(model, run)
    for time in sorted({item.at for item in model.published if item.at is not None}):
        then = _at_end(model, run.until(time))
        found |= {f"{name} at {time / 3600.0:g} h": numbers for name, numbers in then.items()}
    return found


def _at_end(model: ResolvedModel, run: ArmRun) -> Quantities:
    groups: dict[str, Quantities] = {name: {} for name in ("released", "taken_up", "cargo", "signals", "solubles",
                                                           "phenotype")}
    for cell in model.cells:
        if run.count(cell.name) > 0:
            _add_cell(model, run, cell, groups)
    volume = volume_at(model, run.arm, float(run.times[run.last]))
    for soluble in model.solubles:
        amount = run.final(f"medium.{soluble}") / volume
        groups["solubles"][f"medium.{soluble}"] = (amount, "molecule/um^3")
    for origin, cargo in cargo_per_vesicle(model, run).items():
        for name, numbers in cargo.items():
            groups["cargo"][f"{origin}.{name}_per_ev"] = (numbers["mean"], "molecule/vesicle")
    observed = model.observe or tuple(groups)
    return {name: number for group in groups if group in observed for name, number in groups[group].items()}


def _add_cell(model: ResolvedModel, run: ArmRun, cell: CellType, groups: dict[str, Quantities]) -> None:
    c = cell.name
    if cell.secretes_vesicles:
        groups["released"] |= {
            f"{c}.mvb_per_cell": (mvb_per_cell(run, cell), "1/cell"),
            f"{c}.ilv_per_mvb": (ilv_per_mvb(run, c), "vesicle"),
            f"{c}.lysosome_share": (lysosome_share(run, c), ""),
            f"{c}.released_per_fusion": (released_per_fusion(run, c), "vesicle"),
        }
        if run.hours > 0:  # an arm may diverge before its first output
            groups["released"] |= {
                f"{c}.fusions_per_cell_per_hour": (fusions_per_hour(run, c), "1/cell/h"),
            }
    if run.hours > 0:
        groups["released"] |= _yield(run, cell) | _by_kind(run, cell)
    if cell.takes_up_vesicles:
        groups["taken_up"][f"{c}.taken_up_per_cell"] = (taken_up(model, run, c), "vesicle/cell")
        if any(one.kind == "dye" for one in model.cargo):
            groups["taken_up"][f"{c}.fluorescence"] = (fluorescence(model, run, c), "molecule/cell")
    if cell.matrix is not None:
        held = math.fsum(run.final(f"{c}.matrix:{origin}") for origin in model.origins)
        groups["taken_up"][f"{c}.in_matrix_per_cell"] = (held, "vesicle/cell")
    for name, (_, unit) in cell.levels.items():
        groups["signals"][f"{c}.{name}"] = (run.final(f"{c}.{name}"), short_unit(unit))
    for cargo in cell.cargo:
        groups["cargo"][f"{c}.{cargo}"] = (in_living(run, cell, cargo), "molecule/cell")
    for mirna in cell.mirna_targets:
        held, free = run.final(f"{c}.{mirna}_repressed"), run.final(f"{c}.{mirna}_target")
        groups["cargo"][f"{c}.repression_by_{mirna}"] = (held / (held + free) if held + free > 0 else 0.0, "")
    groups["phenotype"] |= {f"{c}.{state}": (share, "") for state, share in phenotypes(run, cell).items()
                            if state != "dead" and (cell.can_die or state != "alive")}


def short_unit(unit: str) -> str:
    """An internal unit as written in the results: ``molecule/um^3`` for ``molecule / micron ** 3``."""
    return unit.replace(" / ", "/").replace(" ** ", "^").replace("micron", "um").replace("second", "s")


def phenotypes(run: ArmRun, cell: CellType) -> dict[str, float]:
    """Shares of the cells at the start that are alive, dead, alive in each phenotype, or died by entering it."""
    c = cell.name
    found = {"alive": run.final(f"{c}.alive"), "dead": run.final(f"{c}.dead")} if cell.can_die else {"alive": 1.0}
    return found | {state.name: run.final(f"{c}.{'died_of:' if state.dies else ''}{state.name}")
                    for chain in cell.chains for state in chain.states}


def _yield(run: ArmRun, cell: CellType) -> Quantities:
    """Vesicles of all kinds for each cell at the start; those of living cells for each that lived meanwhile."""
    if not cell.origins:
        return {}
    each, name = released(run, cell) / run.hours, f"{cell.name}.released_per"
    found = {f"{name}_cell_per_hour": (each, "vesicle/cell/h")}
    if cell.can_die and any(kind_of(origin) != APOPTOTIC for origin in cell.origins):
        lived = released_by_living(run, cell) / run.hours / living(run, cell)
        found[f"{name}_living_cell_per_hour"] = (lived, "vesicle/cell/h")
    return found


def living(run: ArmRun, cell: CellType) -> float:
    """Mean share of cells that lived over the run: the integral of the share alive over its length."""
    if not cell.can_die or run.hours == 0:
        return 1.0
    alive = run.course(f"{cell.name}.alive")[: run.last + 1]
    return float(np.trapezoid(alive, run.times[: run.last + 1]) / run.times[run.last])


def _by_kind(run: ArmRun, cell: CellType) -> Quantities:
    """What a cell type with several kinds of vesicles released of each, and the cargo in those shed whole."""
    found: Quantities = {}
    for origin in cell.origins if len(cell.origins) > 1 else ():
        kind = KIND_LABELS[kind_of(origin)].replace(" ", "_")
        left = run.final(f"{cell.name}.released:{origin}") / run.hours
        found[f"{cell.name}.{kind}_per_cell_per_hour"] = (left, "vesicle/cell/h")
        for cargo in cell.cargo if origin != cell.name else ():
            copies = run.final(f"{cell.name}.made:{origin}/{cargo}") / run.hours
            found[f"{cell.name}.{cargo}_in_{kind}_per_cell_per_hour"] = (copies, "molecule/cell/h")
    return found


def released(run: ArmRun, cell: CellType) -> float:
    """Vesicles of all kinds that left an average cell over the run, gross."""
    return sum(run.final(f"{cell.name}.released:{origin}") for origin in cell.origins)


def released_by_living(run: ArmRun, cell: CellType) -> float:
    """The same without apoptotic vesicles."""
    return sum(run.final(f"{cell.name}.released:{origin}") for origin in cell.origins if kind_of(origin) != APOPTOTIC)


def taken_up(model: ResolvedModel, run: ArmRun, cell: str) -> float:
    """Vesicles an average cell took up over the run, of all origins; micelles of a dye are none."""
    return sum(run.final(f"{cell}.taken_up:{origin}") for origin in model.origins if model.is_vesicle(origin))


def fluorescence(model: ResolvedModel, run: ArmRun, cell: str) -> float:
    """Molecules of dye on and in an average cell at the end: a dye outlives the vesicle that brought it."""
    dyes = {one.name for one in model.cargo if one.kind == "dye"}
    return sum(run.final(f"{cell}.{place}:{origin}/{one.name}") for origin in model.origins
               for one in model.carried(origin) if one.name in dyes
               for place in ("bound", "inside", "degraded", "delivered"))


def in_living(run: ArmRun, cell: CellType, name: str) -> float:
    """Amount of a pool in a living cell at the end; pools hold amounts per cell at the start. NaN where none lives."""
    amount = run.final(f"{cell.name}.{name}")
    if not cell.can_die:
        return amount
    alive = run.final(f"{cell.name}.alive")
    return amount / alive if alive > 0 else math.nan


def mvb_per_cell(run: ArmRun, cell: CellType) -> float:
    """MVBs in a living cell at the end, docked ones included."""
    return in_living(run, cell, "mvb") + in_living(run, cell, "docked")


def ilv_per_mvb(run: ArmRun, c: str) -> float:
    """ILVs in an average MVB at the end, docked ones included."""
    mvb = run.final(f"{c}.mvb") + run.final(f"{c}.docked")
    return (run.final(f"{c}.mvb_ilv") + run.final(f"{c}.docked_ilv")) / mvb if mvb > 0 else 0.0


def lysosome_share(run: ArmRun, c: str) -> float:
    """Share of the MVBs that ended over the run which did so in the lysosome; NaN where none ended."""
    lysed, fused = run.final(f"{c}.lysed"), run.final(f"{c}.fused")
    return lysed / (lysed + fused) if lysed + fused > 0 else math.nan


def fusions_per_hour(run: ArmRun, c: str) -> float:
    """MVBs that fused with the membrane, per cell and hour; NaN where the run has no length."""
    return run.final(f"{c}.fused") / run.hours if run.hours > 0 else math.nan


def released_per_fusion(run: ArmRun, c: str) -> float:
    """Exosomes that left over the run, tethered ones once they let go, for each fusion; NaN where none fused."""
    fused = run.final(f"{c}.fused")
    return run.final(f"{c}.released:{c}") / fused if fused > 0 else math.nan


def burst(run: ArmRun, cell: str) -> tuple[float, float]:
    """Mean vesicles set free by one fusion at the end, and their Fano factor.

    A docked MVB holds n ILVs; a share p of them is free at once, each on its own, so with
    m = E[n], s = E[n^2]: mean p m, variance p^2 (s - m^2) + p (1 - p) m.
    """
    docked = run.final(f"{cell}.docked")
    if docked <= 0:
        return float("nan"), float("nan")
    share = run.parameters[f"{cell}.released_share"]
    mean = run.final(f"{cell}.docked_ilv") / docked
    square = run.final(f"{cell}.docked_ilv2") / docked
    if mean <= 0 or share <= 0:
        return 0.0, float("nan")
    variance = share**2 * (square - mean**2) + share * (1 - share) * mean
    return share * mean, variance / (share * mean)


def extremes(run: ArmRun, name: str) -> dict[str, float]:
    """Final, highest value and its time in h, of one species."""
    course = run.course(name)[: run.last + 1]
    if np.isnan(course).all():
        return dict.fromkeys(("final", "max", "time_of_max_h", "basal"), math.nan)
    peak = int(np.nanargmax(course))
    return {"final": float(course[-1]), "max": float(course[peak]), "time_of_max_h": float(run.times[peak]) / 3600.0,
            "basal": float(course[0])}
