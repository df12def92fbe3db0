"""What an intervention does to a model: factors and values of parameters, drugs, and a sentence.

Pure functions: a resolved model without arms goes in, an `Effect` comes out. An intervention never changes the list
of processes.
"""

from __future__ import annotations

from collections.abc import Mapping

from vesica.errors import Finding, nearest
from vesica.interventions import binders, drugs, losses, routes
from vesica.interventions.drugs import left_by as left_by
from vesica.interventions.losses import ACTIVITIES as ACTIVITIES
from vesica.interventions.losses import ALIASES as ALIASES
from vesica.interventions.routes import ROUTES as ROUTES
from vesica.interventions.scene import Scene, refused
from vesica.spec import check as spec_check
from vesica.spec import engineering
from vesica.spec import resolve as spec_resolve
from vesica.spec.arms import Effect, Shelf
from vesica.spec.model import ModelSpec
from vesica.spec.resolved import ResolvedModel
from vesica.spec.treatments import (
    AntiMir,
    Block,
    Cloak,
    Cool,
    Engineer,
    Inhibitor,
    InterventionSpec,
    KnockOut,
    Neutralise,
)


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
    intervention: InterventionSpec, model: ResolvedModel, shelf: Shelf, path: str
) -> Effect:
    """What one intervention does.

    Parameters
    ----------
    model : ResolvedModel
        Without arms; its parameters say which paths exist.
    shelf : Shelf
        All drugs and genes of the library.
    path : str
        Where it was written.

    Returns
    -------
    Effect
        Factors on or values of parameter paths, losses, or a drug, and a sentence; or findings.
    """
    named = () if isinstance(intervention, Neutralise | Engineer | Cool) else intervention.cells
    known = [cell.name for cell in model.cells]
    strangers = [name for name in named if name not in known]
    if strangers:
        return refused(Finding("error", f"{path}.cells", f"`{strangers[0]}` is not a cell type of this model",
                               "an intervention acts on cell types of the model", "it would do nothing",
                               nearest(strangers[0], known)))
    cells = tuple(cell for cell in model.cells if not named or cell.name in named)
    return _done(intervention, Scene(model, shelf.drugs, cells, path, everywhere=not named, genes=shelf.genes))


def _done(intervention: InterventionSpec, scene: Scene) -> Effect:
    match intervention:
        case Inhibitor():
            effect = drugs.given(intervention, scene)
        case Block():
            effect = routes.blocked(intervention, scene)
        case AntiMir():
            effect = binders.anti_mir(intervention, scene)
        case Cloak():
            effect = binders.cloaked(intervention, scene)
        case Engineer() | Cool():
            effect = engineering.done(intervention, scene.model, scene.path)
        case Neutralise():
            effect = binders.neutralised(intervention, scene)
        case Engineer() | Cool():
            effect = engineering.done(intervention, scene.model, scene.path)
        case KnockOut():
            effect = losses.knocked_out(intervention, scene)
        case _:
            effect = losses.knocked_down(intervention, scene)
    return effect
