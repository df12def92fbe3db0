"""Rules of a model that cannot act: their rate is zero whatever multiplies it, or their source never occurs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vesica.spec.quantities import Notes
from vesica.spec.resolved import ResolvedModel, Rule
from vesica.spec.rule_words import GRADIENT, TOUCHED

# end of a target's word -> the parameters of its owner whose product is the rate without rules
_BASE: Final[dict[str, tuple[str, ...]]] = {
    "_production": ("basal", "decay_rate"), "_decay": ("decay_rate",), "_enrichment": ("enrichment",),
    "_secretion": ("secretion_rate",), "_translation": ("translation_rate",),
}  # fmt: skip


def check(model: ResolvedModel, places: Mapping[str, str], notes: Notes) -> None:
    """Note the rules of the user that change nothing.

    Parameters
    ----------
    places
        Where each rule stands, by its key.
    """
    fed = {(rule.cell, rule.target) for rule in model.rules if rule.adds}
    for rule in model.rules:
        if rule.origin != "model":
            continue
        place = places.get(rule.key, "rules")
        if not rule.adds and (rule.cell, rule.target) not in fed and _is_nothing(model, rule):
            notes.add("warning", place, f"`{rule.text}` multiplies a rate that is zero in every arm",
                      "a factor times zero is zero", "the rule changes nothing",
                      "write `adds` with a rate in the place of the factor, or give the rate a value")
        missing = _missing(model, rule.source) or _untouched(model, rule)
        if missing:
            notes.add("note", place, f"`{rule.text}` starts from `{rule.source}`, {missing}",
                      "a rule acts where its source occurs", "the rule does nothing in this model",
                      "add it to an arm, or delete the rule")


def _is_nothing(model: ResolvedModel, rule: Rule) -> bool:
    paths = base_paths(model, rule.cell, rule.target)
    return bool(paths) and all(
        any(arm.values.get(path, model.parameters[path].value) == 0.0 for path in paths) for arm in model.arms
    )


def base_paths(model: ResolvedModel, cell: str, target: str) -> tuple[str, ...]:
    """Parameters whose product is the rate that rules change; none for a reaction, whose rate is an expression."""
    for path in (f"{cell}.{target}", f"{cell}.{target}.hazard"):
        if path in model.parameters:
            return (path,)
    for end, names in _BASE.items():
        paths = tuple(f"{cell}.{target.removesuffix(end)}.{name}" for name in names)
        if target.endswith(end) and all(path in model.parameters for path in paths):
            return paths
    return ()


def _missing(model: ResolvedModel, source: str) -> str:
    """Why a source never occurs; nothing where it may."""
    if source in model.solubles:
        made = {name for cell in model.cells for name in cell.solubles}
        made |= {cargo.frees for cargo in model.cargo}
        made |= {name for _, network in model.every_network for reaction in network.reactions
                 for name, count in reaction.moves if count > 0}  # fmt: skip
        made |= {added.soluble for arm in model.arms for added in arm.additions}
        made |= {name for name in model.solubles if f"{name}.in_fresh_medium" in model.parameters}
        return "" if source in made else "which no cell of the model secretes"
    if source in model.agents:
        given = any(exposure.agent == source and any(exposure.levels) for arm in model.arms
                    for exposure in arm.exposures)  # fmt: skip
        return "" if given else "which no arm contains"
    return ""


def _untouched(model: ResolvedModel, rule: Rule) -> str:
    """Why a cell meets nothing of what touching cells would show, or feels no gradient; nothing where it may."""
    if rule.source.startswith(GRADIENT) and model.domain.is_mixed:
        return "and the medium of this vessel is the same everywhere"
    if not rule.source.startswith(TOUCHED):
        return ""
    what = rule.source.removeprefix(TOUCHED)
    touched = {other for one in model.contacts for cell, other in ((one.cell, one.other), (one.other, one.cell))
               if cell == rule.cell}  # fmt: skip
    has = any(what in cell.cargo or what in cell.levels for cell in model.cells if cell.name in touched)
    return "" if has else "which no cell that touches it has"
