"""Checks of a resolved model: token balance, the depth of the dish, what a run costs. No solver."""

from __future__ import annotations

from typing import Final

from vesica.engine import check_whole, fidelities
from vesica.engine.divided import divided
from vesica.engine.fidelities import TRACED
from vesica.engine.processes import process_table
from vesica.engine.rows import parameter_row, resting_ago, size_law
from vesica.engine.table import ProcessTable, imbalances
from vesica.engine.tissue import cost as tissue_cost
from vesica.engine.whole.parts import representable  # no compiled module among its imports
from vesica.errors import Finding, InputError
from vesica.spec import network_checks
from vesica.spec.resolved import ResolvedModel
from vesica.spec.vocabulary import APOPTOTIC, kind_of, sender_of
from vesica.transport.diffusion import still_column_share, stokes_einstein

SECONDS_PER_STATE: Final = 5e-4  # as measured of 400 to 4,600 states; of one arm
SECONDS_PER_ARM: Final = 0.06  # with its share of summary and storage; only to say what to expect
BASE_MB: Final = 250.0  # Python with its libraries and compiled kernels, as measured
BYTES_PER_NUMBER: Final = 8
SHARES_AGREE: Final = 1e-6  # that shares may add up to more or less than one: they are written with few digits
DENOMINATORS: Final = frozenset({
    "ilv_capacity", "docking_sites", "cell_volume", "membrane_area", "capture_radius", "target_sites", "reference",
    "viscosity", "temperature", "half_max", "half_occupancy", "ago_loading_rate",
})  # fmt: skip


def check(model: ResolvedModel) -> list[Finding]:
    """Everything that can be said without running: errors, warnings and notes."""
    if not model.cells:
        return [Finding("error", "cells", "no cell type is named", "a model has at least one type of cells",
                        "there would be nothing to compute", "name one with its count, as `astrocyte: {count: 1e6}`")]
    findings = [*_positive(model), *_shares(model), *_starts(model), *_sizes(model), *_ago(model),
                *_translated_twice(model), *_late_doses(model), *check_whole.check(model)]
    if not any(finding.severity == "error" for finding in findings):
        findings += _too_much(model)
    if any(finding.severity == "error" for finding in findings):
        return findings
    in_space = tissue_cost.findings(model) if fidelities.is_spatial(model) else []
    return [*findings, *_table(model), *_depth(model), *in_space]


def expected_cost(model: ResolvedModel) -> dict[str, float | int]:
    """States, processes, MB of results and minutes of a run, by the words that say so."""
    table = process_table(model)
    if fidelities.is_spatial(model):
        return tissue_cost.in_words(model)
    times = int(model.schedule.duration // model.schedule.every) + 1  # the grid itself may be too large to make
    results = times * len(table.pools) * len(model.arms) * BYTES_PER_NUMBER / 1e6
    if fidelities.is_whole(model):
        rows = results * model.schedule.replicates * (1 + TRACED)
        return {"states": len(table.pools), "processes": len(table.fluxes), **check_whole.cost(model),
                "MB of results": rows}
    table, _ = divided(table, model)
    return {
        "states": len(table.pools),
        "processes": len(table.fluxes),
        "MB of memory": BASE_MB + results,
        "MB of results": results,
        "minutes": len(model.arms) * (SECONDS_PER_ARM + SECONDS_PER_STATE * len(table.pools)) / 60.0,
    }


def _late_doses(model: ResolvedModel) -> list[Finding]:
    return [
        Finding("error", f"arms.{arm.name}.exposures", f"a dose from `{dose.from_arm}` at {dose.at / 3600:g} h",
                f"the run ends at {model.schedule.duration / 3600:g} h, and a dose is given before that",
                "it would have no effect", "give it earlier, or run longer")
        for arm in model.arms for dose in arm.doses if dose.at >= model.schedule.duration
    ] + [
        Finding("error", f"arms.{arm.name}.exposures", f"vesicles of `{supply.preparation}` at {supply.at / 3600:g} h",
                f"the run ends at {model.schedule.duration / 3600:g} h, and vesicles are given before that",
                "they would have no effect", "give them earlier, or run longer")
        for arm in model.arms for supply in arm.supplies if supply.at >= model.schedule.duration
    ]


def _positive(model: ResolvedModel) -> list[Finding]:
    """Numbers that stand in a denominator must not be zero in any arm."""
    return [
        Finding("error", path, f"`{path}` is {value:g} in arm `{arm.name}`",
                "this number divides others, so it is above zero", "rates would be undefined",
                "give it a positive value; to switch something off, set its rate to zero")
        for arm in model.arms for path, value in parameter_row(model, arm).items()
        if path.rsplit(".", 1)[-1] in DENOMINATORS and not value > 0
    ] + [finding for arm in model.arms for finding in network_checks.zeros(model, parameter_row(model, arm), arm.name)]


def _shares(model: ResolvedModel) -> list[Finding]:
    """Some vesicles carry a cargo, or its mean could not be kept."""
    wrong = {path: (value, arm.name) for arm in reversed(model.arms)
             for path, value in parameter_row(model, arm).items()
             if path.endswith(".empty_share") and not 0.0 <= value < 1.0}  # fmt: skip
    return [
        Finding("error", path, f"`{path}` is {value:g} in arm `{arm}`",
                "a share of empty vesicles lies from 0 to below 1", "no vesicle would be left to carry the cargo",
                "give a smaller share; for no cargo at all set `enrichment` to 0")
        for path, (value, arm) in wrong.items()
    ] + [
        Finding("error", path, f"`{path}` is {value:g} in arm `{arm.name}`", "a share of arrivals lies from 0 to 1",
                "more miRNA would be loaded than arrives, or less than none", "give a number between 0 and 1")
        for arm in model.arms for path, value in parameter_row(model, arm).items()
        if path.endswith(".loaded_arrival_share") and not 0.0 <= value <= 1.0
    ]


def _starts(model: ResolvedModel) -> list[Finding]:
    """Shares of cells in the phenotypes of a chain, at the start of every arm."""
    found: dict[str, Finding] = {}
    chains = [(kind.name, chain) for kind in model.cells for chain in kind.chains if not chain.settles]
    for arm in model.arms:
        row = parameter_row(model, arm)
        for cell, chain in chains:
            shares = {state.name: row[f"{cell}.{state.name}.initial"] for state in chain.living}
            total = sum(shares.values())
            if abs(total - 1.0) > SHARES_AGREE:
                said = ", ".join(f"{name} {share:.4g}" for name, share in shares.items())
                found.setdefault(f"{cell}.{chain.name}", Finding(
                    "error", f"cells.{cell}.phenotypes.{chain.name}",
                    f"`{chain.name}` starts with {said} in arm `{arm.name}`: {total:.4g} together",
                    "every cell starts in one state of a chain, so the shares add up to 1",
                    "some cells would be in no state, or in two", "write `initial:` of every state of living cells"))
    return list(found.values())


def _sizes(model: ResolvedModel) -> list[Finding]:
    """The size law of every class of vesicles, with the numbers of each arm."""
    found: dict[Finding, None] = {}
    for arm in model.arms:
        row = parameter_row(model, arm)
        for origin in model.origins:
            try:
                size_law(row, origin)
            except InputError as failure:
                found |= dict.fromkeys(failure.findings)
    return list(found)


def _ago(model: ResolvedModel) -> list[Finding]:
    """Cells whose miRNAs need more Ago than there is, with the numbers of each arm."""
    found: dict[Finding, None] = {}
    for arm in model.arms:
        row = parameter_row(model, arm)
        for cell in (cell for cell in model.cells if cell.has_ago):
            try:
                resting_ago(model, cell.name, row)
            except InputError as failure:
                found |= dict.fromkeys(failure.findings)
    return list(found)


def _translated_twice(model: ResolvedModel) -> list[Finding]:
    """Proteins that a cell makes at rest anyway, and from an mRNA that it holds at rest as well."""
    found = []
    for cell in model.cells:
        for mrna, protein in cell.translations:
            def of(name: str, number: str, cell: str = cell.name) -> float:
                return model.parameters[f"{cell}.{name}.{number}"].value

            basal, decay = of(protein, "basal"), of(protein, "decay_rate")
            more = of(mrna, "basal") * of(mrna, "translation_rate")
            if basal > 0 and more > 0 and decay > 0:
                found.append(Finding(
                    "note", f"{cell.name}.{protein}.basal", f"`{protein}` is made at rest, and from `{mrna}` as well",
                    "what an mRNA makes comes on top of the basal copies of its protein",
                    f"the resting {cell.label} holds {basal + more / decay:,.4g} copies instead of {basal:,.4g}",
                    "give the protein `basal: 0` if all of it comes from this mRNA"))
    return found


def _too_much(model: ResolvedModel) -> list[Finding]:
    """Apoptotic vesicles of a cell that hold more than the cell."""
    found: dict[Finding, None] = {}
    for arm in model.arms:
        row = parameter_row(model, arm)
        for origin in model.origins:
            if kind_of(origin) != APOPTOTIC:
                continue
            cell = sender_of(origin)
            count, room = row[f"{cell}.apoptotic_vesicles_per_cell"], row[f"{cell}.cell_volume"]
            volume = count * size_law(row, origin).mean_lumen_volume
            if volume > room:
                found[Finding("error", f"{cell}.apoptotic_vesicles_per_cell",
                              f"{count:g} apoptotic vesicles hold {volume:,.4g} um^3, the {cell} {room:,.4g} um^3",
                              "a dying cell cannot turn into more than itself", "cargo would be thinned out",
                              "give fewer or smaller vesicles (`apoptotic_diameter_median`)")] = None
    return list(found)


def _table(model: ResolvedModel) -> list[Finding]:
    """Processes that lose or gain a token, and those that the fidelity of the model has no law for."""
    table = process_table(model)
    return [*_balance(table), *(representable(table) if fidelities.is_whole(model) else ())]


def _balance(table: ProcessTable) -> list[Finding]:
    return [
        Finding("error", flux, f"the process `{flux}` gains {gained} of `{token}`",
                "every process conserves every token", "the ledger of the run could not close",
                "this is a fault of vesica: please report it")
        for flux, token, gained in imbalances(table)
    ]


def _depth(model: ResolvedModel) -> list[Finding]:
    """A dose in still medium that diffusion does not stir within the run, in a fidelity that takes it as stirred."""
    origins = model.origins
    doses = [(arm.name, dose) for arm in model.arms for dose in arm.doses]
    if not origins or not doses or not fidelities.is_whole(model):
        return []
    numbers = {path: parameter.value for path, parameter in model.parameters.items()}
    free = stokes_einstein(numbers["medium.temperature"], numbers["medium.viscosity"], 1.0)
    diffusivity = free * size_law(numbers, origins[0]).moment(-1)
    depth = model.domain.depth
    longest = model.schedule.duration - min(dose.at for _, dose in doses)
    if model.domain.mixing == "stirred" or depth**2 / (2 * diffusivity) <= longest:
        return []
    share = still_column_share(diffusivity, depth, longest)
    arms = ", ".join(f"`{name}`" for name, _ in doses[:3]) + (" ..." if len(doses) > 3 else "")
    return [Finding(
        "warning", "domain.mixing",
        f"`mixing: still` in medium {depth / 1000:.2g} mm deep, with vesicles added in {arms}",
        f"vesicles need depth^2/(2 D) = {depth**2 / (2 * diffusivity) / 3600:,.0f} h to diffuse through it, and have "
        f"{longest / 3600:.3g} h",
        f"this fidelity computes the perfectly stirred dish; in a still one even a perfect absorber gets only "
        f"{share:.0%} of the dose",
        "read both bounds in the report; `fidelity: well_mixed` computes the still column; write `mixing: stirred` if "
        "the dish was shaken",
    )]
