"""By which channel the rates of cells were changed at the end: vesicles, factors, contact, agents, the cell itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vesica.analysis.tissue.exchange import shares_of
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import ResolvedModel, Rule
from vesica.spec.rule_words import BOUND, ENGAGED, GRADIENT, MATRIX, REPRESSION, TOUCHED

OWN: Final = "the cell itself"
_BY_PREFIX: Final = {BOUND: "vesicles", ENGAGED: "vesicles", TOUCHED: "contact", GRADIENT: "factors", MATRIX: "matrix",
                     REPRESSION: "miRNA"}  # own and received are one pool


def channel_of(model: ResolvedModel, rule: Rule) -> str:
    """What a rule starts from."""
    if rule.source in model.agents:
        return "agents"
    if rule.source in model.solubles:
        return "factors"
    return next((kind for prefix, kind in _BY_PREFIX.items() if rule.source.startswith(prefix)), OWN)


def signal_shares(model: ResolvedModel, run: ArmRun) -> dict[str, dict[str, dict[str, float]]]:
    """cell -> rate -> channel -> share of the logarithm of its change (`shares_of`), by the means of all cells.

    Rates that only the cell itself changed are left out, and so is what rules add.
    """
    kinds = {rule.key: channel_of(model, rule) for rule in model.rules}
    found: dict[str, dict[str, dict[str, float]]] = {}
    factors: Mapping[str, Mapping[str, list[dict[str, float]]]] = run.notes.get("rule_factors", {})
    for cell, rates in factors.items():
        for rate, entries in rates.items():
            known = {str(one["key"]): float(one["factor"]) for one in entries
                     if one.get("key") in kinds and one.get("factor", 0.0) > 0.0}
            shares = shares_of(known, kinds)
            if set(shares) - {OWN}:
                found.setdefault(cell, {})[rate] = shares
    return found
