"""Parameter rows: the numbers of one arm and one draw, and what is derived from them."""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from vesica.biology.delivery import held_at_rest
from vesica.biology.sizes import SizeLaw
from vesica.engine import classes, place_numbers
from vesica.engine.nodes import AGO, COMPLEMENTS, rests_on
from vesica.engine.places import AT, IN_FRESH, is_slope
from vesica.engine.table import LITERAL, ONE, RUNNING, TIMES
from vesica.errors import error
from vesica.spec import contacts
from vesica.spec.resolved import Arm, Domain, ResolvedModel
from vesica.spec.vocabulary import FRESH, sender_of, size_paths
from vesica.transport.diffusion import stokes_einstein

if TYPE_CHECKING:  # `vesica check` compiles nothing
    from vesica.engine.program import Program

TARGET_NUMBERS: Final = ("target_sites", "target_decay_rate", "target_binding_rate", "target_unbinding_rate",
                         "repressed_decay_rate")


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
    for loss in arm.losses:
        row[loss.path] *= 1.0 + (row[loss.fold] - 1.0) * loss.lost
    contacts.settle(model, arm, row)
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


def derived_values(program: Program, row: Mapping[str, float], known: Mapping[str, float] | None = None
                   ) -> dict[str, float]:
    """Numbers the table asks for by name, from parameters and geometry; and those of each kind of cells.

    ``known`` are numbers that need not be derived, by name.
    """
    laws: dict[str, SizeLaw] = {}
    values: dict[str, float] = dict(known or {})
    for group in program.groups:
        for name, numbers in with_derived(program, row, group.numbers(row)).items():
            values |= dict(zip(group.names(name), numbers.tolist(), strict=True))
    values |= place_values(program, row)
    for name in program.table.derived:
        if name not in values:
            values[name] = _derived(program.model, name, row, laws)
    return values


def place_values(program: Program, row: Mapping[str, float], domain: Domain | None = None) -> dict[str, float]:
    """Numbers of the places of a vessel, and of the sizes that its pores tell apart; none where all medium is one.

    ``domain`` is the vessel as it is now, if it is not as it was at the start.
    """
    model = program.model
    if model.domain.is_mixed:
        return {}
    laws = {origin: size_law(row, origin) for origin in model.origins}
    found = place_numbers.numbers(model, row, laws, domain) | classes.shares(model.domain, laws, row)
    return {name: value for name, value in found.items() if name in program.index}


def with_derived(program: Program, row: Mapping[str, float], numbers: Mapping[str, NDArray[np.float64]]
                 ) -> dict[str, NDArray[np.float64]]:
    """Numbers of single cells, (cell,) by path, and those that the table derives from them."""
    names = [name for name in program.table.derived if "#" not in name and rests_on(name, numbers)]
    found = dict(numbers)
    count = max((values.size for values in numbers.values()), default=0)
    for name in names:
        cells = (ChainMap({path: float(values[k]) for path, values in numbers.items()}, dict(row))
                 for k in range(count))
        found[name] = np.array([_derived(program.model, name, cell, {}) for cell in cells])
    return found


def _derived(model: ResolvedModel, name: str, row: Mapping[str, float], laws: dict[str, SizeLaw]) -> float:
    owner, _, what = name.partition(".")
    if name.startswith(LITERAL):
        value = float(name.removeprefix(LITERAL))
    elif TIMES in name:
        value = math.prod(row[path] for path in name.split(TIMES))
    elif name in ("one", "one_copy", "zero", RUNNING):
        value = float(name != "zero")
    elif is_slope(name.partition(AT)[0]):
        value = 0.0  # of a mixed vessel, and of a place with nothing beyond
    elif name == "medium.volume":
        value = model.domain.volume
    elif what in COMPLEMENTS:
        value = 1.0 - row[f"{owner}.{COMPLEMENTS[what]}"]
    elif name.endswith(IN_FRESH):
        value = _fresh(row, *name.removeprefix("free:").removesuffix(IN_FRESH).partition("/")[::2])
    elif what.endswith("_start_share"):
        value = _start_share(model, row, owner, what.removesuffix("_start_share"))
    elif what in AGO:
        value = resting_ago(model, owner, row)[what]
    else:
        value = _of_size(laws.setdefault(owner, size_law(row, owner)), what, row)
    return value


def _fresh(row: Mapping[str, float], origin: str, cargo: str) -> float:
    """Vesicles of a preparation in fresh medium, or copies of a cargo in them, 1/um^3."""
    name = sender_of(origin)
    return row[f"{name}.{FRESH}"] * (row.get(f"{name}.{cargo}.copies", 0.0) if cargo else 1.0)  # no dye in it


def _start_share(model: ResolvedModel, row: Mapping[str, float], cell: str, state: str) -> float:
    """Share of cells that start in a phenotype: those of a chain add up to one, also where a draw moved one of them."""
    chains = (chain for kind in model.cells if kind.name == cell for chain in kind.chains)
    living = next([one.name for one in chain.living] for chain in chains if any(s.name == state for s in chain.living))
    total = sum(row[f"{cell}.{name}.initial"] for name in living)
    return row[f"{cell}.{state}.initial"] / total if total > 0.0 else float(state == living[0])


def resting_ago(model: ResolvedModel, cell: str, row: Mapping[str, float]) -> dict[str, float]:
    """Copies of free Ago of a resting cell, ``ago_at_rest``; and ``ago_at_first``, before targets hold any of it.

    Raises
    ------
    InputError
        Its miRNAs need more Ago than there is.
    """
    kind = next(one for one in model.cells if one.name == cell)
    names = [one.name for one in model.cargo if one.kind == "mirna" and one.name in kind.cargo]
    basal = {name: row[f"{cell}.{name}.basal"] for name in names}
    first = row[f"{cell}.ago_copies"] - sum(basal.values())
    held = sum(held_at_rest(basal[name], *(row[f"{cell}.{name}.{number}"] for number in TARGET_NUMBERS))
               for name in names if name in kind.mirna_targets)
    if not first - held > 0:
        raise error(f"{cell}.ago_copies", f"{row[f'{cell}.ago_copies']:,.4g} copies of Ago for "
                    f"{sum(basal.values()) + held:,.4g} copies of miRNA at rest",
                    "a resting cell has more Ago than miRNA of the model", "the miRNA could not be loaded",
                    "give more `ago_copies`, or fewer `basal` copies of miRNA")
    return {"ago_at_first": first, "ago_at_rest": first - held}


def _of_size(law: SizeLaw, what: str, row: Mapping[str, float]) -> float:
    if what == "lumen_volume":
        return law.mean_lumen_volume
    if what == "vesicle_area":
        return law.mean_area
    return stokes_einstein(row["medium.temperature"], row["medium.viscosity"], 1.0) * law.moment(-1)


def value_vector(program: Program, row: Mapping[str, float], known: Mapping[str, float] | None = None
                 ) -> NDArray[np.float64]:
    """(value,) with parameters and derived numbers (or those ``known``) filled in, pools and inputs zero."""
    values = np.zeros(program.size)
    values[program.index[ONE]] = 1.0
    for name, number in row.items():
        values[program.index[name]] = number
    for name, number in derived_values(program, row, known).items():
        if name in program.index:
            values[program.index[name]] = number
    return values
