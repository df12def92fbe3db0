"""Does the miRNA that arrives suffice? Needed and supplied uptake, as rates.

In a steady state, copies = uptake x copies per vesicle x share that reaches the cytosol / decay
rate. A miRNA represses detectably above about a thousand copies per cell, so the uptake that
keeps that many is ``needed copies x decay rate / (copies per vesicle x delivered share)``.
"""

from __future__ import annotations

import math
from typing import Any

from vesica.biology.dose import needed_uptake
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import CellType, ResolvedModel
from vesica.spec.vocabulary import sender_of


def required_dose(model: ResolvedModel, run: ArmRun) -> dict[str, dict[str, dict[str, Any]]]:
    """For each recipient and tracked miRNA: needed and supplied vesicles per cell and hour."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for cell in model.cells:
        if run.count(cell.name) == 0 or not cell.takes_up_vesicles:
            continue
        for mirna in cell.mirna_targets:
            answer = _of(model, run, cell, mirna)
            if answer is not None:
                found.setdefault(cell.name, {})[mirna] = answer
    return found


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


def _of(model: ResolvedModel, run: ArmRun, cell: CellType, mirna: str) -> dict[str, Any] | None:
    senders = [origin for origin in model.origins if sender_of(origin) != cell.name]
    taken = sum(run.final(f"{cell.name}.taken_up:{sender}") for sender in senders)
    vesicles = sum(_seen(run, sender) for sender in senders)
    copies = sum(_seen(run, sender, f"/{mirna}") for sender in senders)
    if vesicles <= 0:
        return None
    per_vesicle = copies / vesicles
    share = delivered_share(run, cell.name)
    needed_copies = run.parameters[f"{cell.name}.{mirna}.needed_copies"]
    decay = run.parameters[f"{cell.name}.{mirna}.decay_rate"] * 3600.0
    hours = run.hours - min((dose["at"] for dose in run.notes["doses"]), default=0.0) / 3600.0
    supplied = taken / hours if hours > 0 else 0.0
    useful = per_vesicle * share
    needed = needed_uptake(needed_copies, decay, per_vesicle, share) if useful > 0 else None
    arrived = sum(run.final(f"{cell.name}.delivered:{sender}/{mirna}") for sender in senders)
    return {
        "needed": needed, "supplied": supplied, "unit": "EV taken up and kept per cell per hour",
        "copies_per_ev": per_vesicle, "delivered_share": share, "needed_copies": needed_copies,
        "half_life_h": math.log(2) / decay if decay > 0 else None, "delivered_copies": arrived,
        "verdict": "sufficient" if needed is not None and supplied >= needed else "insufficient",
        "words": _words(cell, mirna, needed, supplied, per_vesicle, share, needed_copies, arrived),
    }


def _seen(run: ArmRun, sender: str, suffix: str = "") -> float:
    """Vesicles (or copies) of a sender that the dish ever had in its medium and still has, or was given."""
    added = run.final(f"medium.added:{sender}{suffix}")
    return added if added > 0 else run.final(f"medium.free:{sender}{suffix}")


def _words(cell: CellType, mirna: str, needed: float | None, supplied: float, per_vesicle: float, share: float,
           needed_copies: float, arrived: float) -> str:
    label = mirna.replace("_", "-")
    if needed is None:
        return f"No {label} can reach the cytosol of a {cell.label} here, whatever the dose."
    ratio = needed / supplied if supplied > 0 else math.inf
    gap = f"{ratio:,.0f}" if math.isfinite(ratio) else "infinitely many"
    return (
        f"To hold {needed_copies:,.0f} copies of {label}, a {cell.label} would have to take up and "
        f"keep {needed:,.0f} EVs "
        f"an hour ({per_vesicle:.2g} copies per EV, {share:.0%} reaching the cytosol). It took up {supplied:,.3g} "
        f"an hour and received {arrived:,.3g} copies: " + (f"{gap} times too few." if ratio > 1 else "enough.")
    )
