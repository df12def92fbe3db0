"""Routes of communication that are cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from vesica.errors import Finding, nearest
from vesica.interventions.scene import Scene, refused
from vesica.spec.arms import Effect
from vesica.spec.cells import CellType
from vesica.spec.resolved import ResolvedModel
from vesica.spec.rule_words import BOUND, ENGAGED, GRADIENT, REPRESSION, TOUCHED
from vesica.spec.treatments import Block

Routes = Callable[[ResolvedModel, Sequence[CellType]], tuple[dict[str, float], dict[str, float]]]


def blocked(intervention: Block, scene: Scene) -> Effect:
    """A route that is cut."""
    path = scene.path
    if intervention.block not in ROUTES:
        return refused(Finding("error", f"{path}.block", f"`{intervention.block}` is not a route",
                                f"the routes are {', '.join(ROUTES)}", "nothing would be blocked",
                                nearest(intervention.block, ROUTES)))
    says, route = ROUTES[intervention.block]
    factors, values = route(scene.model, scene.cells)
    if not factors and not values:
        return refused(Finding("error", f"{path}.block", f"`{intervention.block}` is no route in "
                                f"{scene.who}", "a block cuts a route that the model has",
                                "the arm would be the same without it", "delete it, or give the model such a rule"))
    return Effect(factors=factors, values=values, english=f"{says} in {scene.who}")


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
                _rules_from(lambda source, model: source in model.solubles or source.startswith(GRADIENT),
                            "soluble_response")),
    "contact": ("signals of touching cells and gap junctions blocked",
                _rules_from(lambda source, _model: source.startswith(TOUCHED), "contact_response")),
    "release": ("fusion of MVBs with the cell membrane blocked", _machinery("mvb_fusion_rate")),
    "shedding": ("shedding of microvesicles blocked", _machinery("shedding_rate")),
    "uptake": ("binding of vesicles and macropinocytosis blocked",
               _machinery("binding_rate", "macropinocytosis_rate")),
}  # fmt: skip
