"""Parameter rows: the numbers of one arm and one draw, and what is derived from them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vesica.biology.sizes import SizeLaw
from vesica.engine.nodes import COMPLEMENTS
from vesica.engine.program import Program
from vesica.engine.table import ONE
from vesica.errors import error
from vesica.interventions import left_by
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.spec.vocabulary import size_paths
from vesica.transport.diffusion import stokes_einstein


def parameter_row(model: ResolvedModel, arm: Arm, drawn: Mapping[str, float] | None = None) -> dict[str, float]:
    """Values of all parameters by path, in internal units: the library's or the draw's, then the arm's changes.

    Parameters
    ----------
    drawn : mapping of path to value, optional
        Replaces the model's values before the arm's factors apply.
    """
    row = {path: parameter.value for path, parameter in model.parameters.items()}
    row.update(drawn or {})
    row.update(arm.values)
    for path, factor in arm.factors.items():
        row[path] *= factor
    for held in arm.inhibitions:
        left = left_by(held, row)
        for path in held.paths:
            row[path] *= left
    return row


def size_law(row: Mapping[str, float], origin: str) -> SizeLaw:
    """Diameter law of one class of vesicles.

    Raises
    ------
    InputError
        Where the smallest vesicle would have no lumen, or the bounds are out of order.
    """
    paths = size_paths(origin)
    median, gsd, low, high, thickness = (row[path] for path in paths)
    lowest, highest = (path.partition(".")[2] for path in paths[2:4])
    if not 2 * thickness < low < high or not gsd > 1:
        raise error(
            paths[2],
            f"diameters from {low * 1e3:.4g} to {high * 1e3:.4g} nm, spread {gsd:.4g}, "
            f"membrane {thickness * 1e3:.4g} nm",
            "the smallest vesicle holds two membranes, bounds are in order, and the spread exceeds 1",
            "lumen volumes would be negative",
            f"give `{lowest}` above twice the membrane thickness and below `{highest}`",
        )
    return SizeLaw(median, gsd, low, high, thickness)


def derived_values(program: Program, row: Mapping[str, float]) -> dict[str, float]:
    """Numbers the table asks for by name, from parameters and geometry; and those of each kind of cells."""
    laws: dict[str, SizeLaw] = {}
    values: dict[str, float] = {}
    for group in program.groups:
        for name, numbers in group.numbers(row).items():
            values |= dict(zip(group.names(name), numbers.tolist(), strict=True))
    for name in program.table.derived:
        if name in values:
            continue
        owner, _, what = name.partition(".")
        if name in ("one", "zero"):
            values[name] = float(name == "one")
        elif name == "medium.volume":
            values[name] = program.model.domain.volume
        elif what in COMPLEMENTS:
            values[name] = 1.0 - row[f"{owner}.{COMPLEMENTS[what]}"]
        else:
            law = laws.setdefault(owner, size_law(row, owner))
            values[name] = _of_size(law, what, row)
    return values


def _of_size(law: SizeLaw, what: str, row: Mapping[str, float]) -> float:
    if what == "lumen_volume":
        return law.mean_lumen_volume
    if what == "vesicle_area":
        return law.mean_area
    return stokes_einstein(row["medium.temperature"], row["medium.viscosity"], 1.0) * law.moment(-1)


def value_vector(program: Program, row: Mapping[str, float]) -> NDArray[np.float64]:
    """(value,) with parameters and derived numbers filled in, pools and inputs zero."""
    values = np.zeros(program.size)
    values[program.index[ONE]] = 1.0
    for name, number in row.items():
        values[program.index[name]] = number
    for name, number in derived_values(program, row).items():
        if name in program.index:
            values[program.index[name]] = number
    return values
