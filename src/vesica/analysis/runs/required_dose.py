"""Does the cargo that arrives suffice? Needed and supplied uptake, as rates.

In a steady state, copies = uptake x copies per vesicle x share that reaches the cytosol / decay
rate. A miRNA represses detectably above about a thousand copies per cell, so the uptake that
keeps that many is ``needed copies x decay rate / (copies per vesicle x delivered share)``. Of other cargo
so much is needed that with the cell's own copies a rule of the cell has half of its effect, and of an mRNA
so much that its protein does.
"""

from __future__ import annotations

import math
from typing import Any

from vesica.biology.delivery import loaded_share
from vesica.biology.dose import needed_uptake
from vesica.errors import article
from vesica.results.arm_run import ArmRun
from vesica.spec.cells import CellType
from vesica.spec.resolved import ResolvedModel
from vesica.spec.vocabulary import sender_of


def required_dose(model: ResolvedModel, run: ArmRun) -> dict[str, dict[str, dict[str, Any]]]:
    """For each recipient and cargo that acts in it: needed and supplied vesicles per cell and hour."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for cell in model.cells:
        if run.count(cell.name) == 0 or not cell.takes_up_vesicles:
            continue
        for cargo, needed_copies in needed_in(model, run, cell).items():
            answer = _of(model, run, cell, cargo, needed_copies)
            if answer is not None:
                found.setdefault(cell.name, {})[cargo] = answer
    return found


def needed_in(model: ResolvedModel, run: ArmRun, cell: CellType) -> dict[str, float]:
    """Copies of each cargo that a cell needs beyond its own, for what the model says the cargo does."""
    c, of, received = cell.name, run.parameters, _received(model, cell)
    needed = {mirna: of[f"{c}.{mirna}.needed_copies"] for mirna in cell.mirna_targets if mirna in received}
    for cargo in received:
        halves = [of[f"rule.{rule.key}.half_max"] for rule in model.rules if (rule.cell, rule.source) == (c, cargo)]
        if halves and cargo not in needed and min(halves) > of[f"{c}.{cargo}.basal"]:
            needed[cargo] = min(halves) - of[f"{c}.{cargo}.basal"]
    for mrna, protein in cell.translations:
        halves = [of[f"rule.{rule.key}.half_max"] for rule in model.rules if (rule.cell, rule.source) == (c, protein)]
        made, lost = of[f"{c}.{mrna}.translation_rate"], of[f"{c}.{protein}.decay_rate"]
        if halves and mrna in received and made > 0 and lost > 0:
            more = (min(halves) - of[f"{c}.{protein}.basal"]) * lost / made - of[f"{c}.{mrna}.basal"]
            if more > 0:
                needed[mrna] = more
    return needed


def _received(model: ResolvedModel, cell: CellType) -> set[str]:
    """Cargo of a cell that vesicles of other types can bring into it; a ligand acts outside."""
    brought = {one.name for origin in model.origins if sender_of(origin) != cell.name for one in model.carried(origin)
               if one.kind != "ligand"}
    return brought & set(cell.cargo)


def delivered_share(run: ArmRun, cell: str) -> float:
    """Share of the vesicles a cell keeps whose lumen reaches the cytosol, by the hazards in force at the end.

    Recycled vesicles are not kept, and are not counted as taken up.
    """
    escape, degradation = (_in_force(run, cell, name) for name in ("escape_rate", "ev_degradation_rate"))
    return escape / (escape + degradation) if escape + degradation > 0 else 0.0


def _in_force(run: ArmRun, cell: str, name: str) -> float:
    """A rate with what rules add to it and their factors."""
    rules = run.notes["rule_factors"].get(cell, {}).get(name, [])
    base = run.parameters[f"{cell}.{name}"] + sum(rule.get("added", 0.0) for rule in rules)
    return base * math.prod(rule.get("factor", 1.0) for rule in rules)


def working_share(model: ResolvedModel, run: ArmRun, cell: CellType, cargo: str) -> float:
    """Share of the copies from opened endosomes that come to work: receptors that surface, miRNA that Ago loads."""
    kind = next(one.kind for one in model.cargo if one.name == cargo)
    if kind == "receptor":
        surfacing, disposal = (_in_force(run, cell.name, f"receptor_{way}_rate") for way in ("surfacing", "disposal"))
        return surfacing / (surfacing + disposal) if surfacing + disposal > 0 else 0.0
    if kind == "mirna" and cell.has_ago:
        c, of = cell.name, run.parameters
        ready = of[f"{c}.loaded_arrival_share"]
        free = run.final(f"{c}.ago") / (run.final(f"{c}.alive") if cell.can_die else 1.0)
        return ready + (1 - ready) * loaded_share(of[f"{c}.ago_loading_rate"], free, of[f"{c}.duplex_decay_rate"])
    return 1.0


def _of(model: ResolvedModel, run: ArmRun, cell: CellType, cargo: str, needed_copies: float) -> dict[str, Any] | None:
    senders = [origin for origin in model.origins if sender_of(origin) != cell.name]
    taken = sum(run.final(f"{cell.name}.taken_up:{sender}") for sender in senders)
    vesicles = sum(_seen(run, sender) for sender in senders)
    copies = sum(_seen(run, sender, f"/{cargo}") for sender in senders)
    if vesicles <= 0:
        return None
    per_vesicle = copies / vesicles
    share = delivered_share(run, cell.name) * working_share(model, run, cell, cargo)
    decay = run.parameters[f"{cell.name}.{cargo}.decay_rate"] * 3600.0
    hours = run.hours - min((dose["at"] for dose in run.notes["doses"]), default=0.0) / 3600.0
    supplied = taken / hours if hours > 0 else 0.0
    useful = per_vesicle * share
    kind = next(one.kind for one in model.cargo if one.name == cargo)
    place = "the surface" if kind == "receptor" else "Ago" if kind == "mirna" and cell.has_ago else "the cytosol"
    needed = needed_uptake(needed_copies, decay, per_vesicle, share) if useful > 0 else None
    arrived = sum(run.final(f"{cell.name}.delivered:{sender}/{cargo}") for sender in senders)
    return {
        "needed": needed, "supplied": supplied, "unit": "EV taken up and kept per cell per hour",
        "copies_per_ev": per_vesicle, "delivered_share": share, "needed_copies": needed_copies,
        "half_life_h": math.log(2) / decay if decay > 0 else None, "delivered_copies": arrived,
        "verdict": "sufficient" if needed is not None and supplied >= needed else "insufficient",
        "words": _words(cell, cargo, place, needed, supplied, per_vesicle, share, needed_copies, arrived),
    }


def _seen(run: ArmRun, sender: str, suffix: str = "") -> float:
    """Vesicles (or copies) of a sender that the dish ever had in its medium and still has, or was given."""
    added = run.final(f"medium.added:{sender}{suffix}")
    return added if added > 0 else run.final(f"medium.free:{sender}{suffix}")


def _words(cell: CellType, cargo: str, place: str, needed: float | None, supplied: float, per_vesicle: float,  # noqa: PLR0913
           share: float, needed_copies: float, arrived: float) -> str:
    label, who = cargo.replace("_", "-"), f"{article(cell.label)} {cell.label}"
    if needed is None:
        return f"No {label} can reach {place} of {who} here, whatever the dose."
    ratio = needed / supplied if supplied > 0 else math.inf
    gap = f"{ratio:,.0f}" if math.isfinite(ratio) else "infinitely many"
    return (
        f"To hold {needed_copies:,.0f} copies of {label}, {who} would have to take up and "
        f"keep {needed:,.0f} EVs "
        f"an hour ({per_vesicle:.2g} copies per EV, {share:.0%} reaching {place}). It took up {supplied:,.3g} "
        f"an hour and received {arrived:,.3g} copies: " + (f"{gap} times too few." if ratio > 1 else "enough.")
    )
