"""A dose in a dish: what it means that the medium was taken as perfectly stirred."""

from __future__ import annotations

from typing import Any

from vesica.analysis.runs.vesicles import size_law
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import ResolvedModel
from vesica.transport.diffusion import still_column_share, stokes_einstein


def mixing(model: ResolvedModel, run: ArmRun) -> dict[str, Any] | None:
    """Both bounds for vesicles that were added: stirred as computed, and still.

    In still medium a dose reaches the bottom by diffusion only, so no more than the share
    a perfectly absorbing bottom would have caught is taken up, and no more than the stirred
    share. Vesicles that cells of the same dish secrete start at the bottom and are not
    bounded by this.
    """
    doses = run.notes["doses"]
    if not doses:
        return None
    dose = doses[0]
    origin = _main_origin(model, run)
    if origin is None:
        return None
    law = size_law(run.parameters, origin)
    diffusivity = stokes_einstein(run.parameters["medium.temperature"], run.parameters["medium.viscosity"], 1.0)
    diffusivity *= law.moment(-1)
    time = float(run.times[run.last]) - dose["at"]
    depth = model.domain.depth
    given = run.final(f"medium.added:{origin}")
    taken = sum(run.final(f"{c.name}.taken_up:{origin}") * run.count(c.name) for c in model.cells)
    stirred = taken / given
    ceiling = still_column_share(diffusivity, depth, time)
    slow = depth**2 / (2 * diffusivity)
    return {
        "depth_um": depth, "diffusion_time_h": slow / 3600.0, "mixing": model.domain.mixing,
        "stirred_share": stirred, "still_share": min(ceiling, stirred), "ceiling_share": ceiling,
        "hours": time / 3600.0,
        "words": (
            f"The medium is {depth / 1000:.2g} mm deep; these vesicles need about {slow / 3600:,.0f} h to diffuse "
            f"through it, and had {time / 3600:.3g} h. Perfectly stirred, as computed here, the cells took up "
            f"{stirred:.2%} of the dose; in still medium diffusion brings {ceiling:.1%} of it to the bottom, so they "
            f"take up no more than {min(ceiling, stirred):.2%}."
        ),
    }


def _main_origin(model: ResolvedModel, run: ArmRun) -> str | None:
    added = {origin: run.final(f"medium.added:{origin}") for origin in model.origins if model.is_vesicle(origin)}
    best = max(added, key=lambda origin: added[origin], default=None)
    return best if best is not None and added[best] > 0 else None
