"""Every kernel keeps its units, and every flux of a model has the unit of what it moves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.cell_networks import resolved
from tests.contact_cases import everything
from tests.models import chain_model, kinds_model, matrix_model, phenotypes_model, transfer_model
from vesica.engine.kernels import KERNELS
from vesica.engine.places import is_slope
from vesica.engine.processes import process_table
from vesica.engine.table import LITERAL, ONE, TIMES, ProcessTable
from vesica.maths import hill
from vesica.spec.resolved import ResolvedModel
from vesica.units import registry

# Units of the arguments in order, and of the value. Kernels for any unit stand with representative ones.
UNITS: dict[str, tuple[tuple[str, ...], str]] = {
    "budding_per_mvb": (("vesicle/s", "", "", ""), "vesicle/s"),
    "budding_rate": (("vesicle/s", "", "vesicle", "vesicle"), "vesicle/s"),
    "second_moment_rate": (
        ("vesicle/s", "vesicle", "1/s", "", "vesicle", "vesicle^2", "vesicle"), "vesicle^2/s"),
    "docking_hazard": (("1/s", "", "", ""), "1/s"),
    "fusion_hazard": (("1/s", ""), "1/s"),
    "lumen_loading": (("", "um^3", "um^3", "vesicle"), "1/vesicle"),
    "membrane_loading": (("", "um^2", "um^2", "vesicle"), "1/vesicle"),
    "free_sites": (("vesicle", "vesicle"), "vesicle"),
    "capture_divisor": (("um^3/s/vesicle", "vesicle", "um^2/s", "um"), ""),
    "binding_hazard": (("um^3/s/vesicle", "vesicle", "", "um^3"), "1/s"),
    "unbinding_hazard": (("1/s", ""), "1/s"),
    "drinking_hazard": (("um^3/s", "um^3"), "1/s"),
    "mass_action": (("1/molecule/s", "molecule", "molecule"), "molecule/s"),
    "synthesis": (("molecule", "1/s"), "molecule/s"),
    "duplex_synthesis": (("molecule", "1/s", "1/molecule/s", "molecule", "1/s"), "molecule/s"),
    "engaged_vesicles": (("vesicle", "molecule", "molecule", "molecule", "molecule/vesicle"), "vesicle"),
    "repressed_share": (("molecule", "molecule"), ""),
    "modulated": (("vesicle/s", "", "molecule/um^3", "molecule/um^3", ""), "vesicle/s"),
    "added": (("vesicle/s", "vesicle/s", "molecule/um^3", "molecule/um^3", ""), "vesicle/s"),
    "production": (("", "1/s"), "1/s"),
    "receptor_share": (("molecule", "molecule"), ""),
    "product": (("1/s", "molecule"), "molecule/s"),
    "total": (("vesicle", "vesicle"), "vesicle"),
    "concentration": (("molecule", "um^3"), "molecule/um^3"),
    "microvesicle_shedding": (("vesicle/s", ""), "vesicle/s"),
    "per_living": (("vesicle", ""), "vesicle"),
    "difference": (("molecule", "molecule"), "molecule"),
    "quotient": (("molecule", "um^3"), "molecule/um^3"),
    "raised": (("", ""), ""),
    "exponential": (("",), ""),
    "logarithm": (("",), ""),
    "hill_share": (("molecule/um^3", "molecule/um^3", ""), ""),
    "owned_factor": (("", "", ""), ""),
    "drugged": (("vesicle/s", "", ""), "vesicle/s"),
    "drug_binding": (("1/s", "molecule/um^3", "molecule/um^3", "", ""), "1/s"),
    "seen": (("molecule/um^2",), "molecule/um^2"),
    "touched_copies": (("", "um^2", "molecule/um^2"), "molecule"),
    "junction": (("um/s", "um/s"), "um/s"),
    "exchange_rate": (("um/s", "", "um^2", "um^3"), "1/s"),
    "slope": (("molecule/um^3", "molecule/um^3", "um"), "molecule/um^4"),
    "occupancy_difference": (("molecule/um^4", "um", "molecule/um^3", "molecule/um^3"), ""),
}
GENERIC = {"drugged", "modulated", "added", "product", "total", "per_living"}  # documented as any unit
NO_SECTIONS = {"synthesis", "production", "receptor_share", "product", "total", "concentration", "free_sites",
               "unbinding_hazard", "drinking_hazard", "difference", "quotient", "raised", "exponential",
               "logarithm"}  # one-line docstrings


def quantity(value: float, unit: str) -> Any:
    """A quantity; ``1/s`` and the empty unit included."""
    return registry().Quantity(value, unit or "dimensionless")


def result_unit(kernel: Callable[..., Any], units: tuple[str, ...]) -> Any:
    """Dimension of a kernel's value for arguments of the given units.

    Raises
    ------
    pint.DimensionalityError
        Where unlike things are added.
    """
    value = kernel(*(quantity(0.5 + 0.25 * place, unit) for place, unit in enumerate(units)))
    return getattr(value, "dimensionality", quantity(1.0, "").dimensionality)


def has_unit(kernel: Callable[..., Any], units: tuple[str, ...], result: str) -> bool:
    import pint

    try:
        return result_unit(kernel, units) == quantity(1.0, result).dimensionality
    except pint.DimensionalityError:
        return False


def documented(kernel: Callable[..., Any]) -> tuple[tuple[str, ...], str]:
    """Units of the arguments and the value as a numpy docstring states them."""
    text = inspect.getdoc(kernel) or ""
    stated: dict[str, str] = {}
    body = re.search(r"Parameters\n-+\n(.*?)(?:\n\n|$)", text, re.DOTALL)
    for names, unit in re.findall(r"^(\w[\w, ]*) : (\S+)$", body[1] if body else "", re.MULTILINE):
        stated |= dict.fromkeys(names.split(", "), unit)
    returned = re.search(r"Returns\n-+\n(\S+)$", text, re.MULTILINE)
    assert returned is not None, f"{kernel.__name__} states no unit of its value"
    plain = {name: "" if unit == "1" else unit for name, unit in (stated | {"": returned[1]}).items()}
    return tuple(plain[name] for name in inspect.signature(kernel).parameters), plain[""]


def test_every_kernel_has_its_units_here() -> None:
    assert set(UNITS) == set(KERNELS)


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_returns_its_unit(name: str) -> None:
    arguments, result = UNITS[name]
    assert has_unit(KERNELS[name], arguments, result)


@pytest.mark.parametrize("name", [name for name in KERNELS if name not in NO_SECTIONS | GENERIC])
def test_the_docstring_states_these_units(name: str) -> None:
    """Dimensions, so that ``1/s`` and ``s^-1`` would both do."""
    arguments, result = documented(KERNELS[name])
    for said, used in zip((*arguments, result), (*UNITS[name][0], UNITS[name][1]), strict=True):
        assert quantity(1.0, said).dimensionality == quantity(1.0, used).dimensionality


@pytest.mark.parametrize("name", [name for name in KERNELS if name not in ("product", "quotient")])
def test_a_wrong_unit_of_any_argument_is_seen(name: str) -> None:
    """Planted: each argument in turn gets a kelvin more. A product or quotient only changes its value's unit."""
    arguments, result = UNITS[name]
    for place in range(len(arguments)):
        wrong = tuple(f"{unit or '1'}*K" if j == place else unit for j, unit in enumerate(arguments))
        assert not has_unit(KERNELS[name], wrong, result), f"argument {place}"


def test_a_kernel_that_adds_unlike_things_is_seen() -> None:
    assert not has_unit(lambda rate, sites: rate + sites, ("1/s", "vesicle"), "1/s")
    assert not has_unit(lambda rate, sites: rate * sites, ("1/s", "vesicle"), "1/s")


def test_hill_demands_that_source_and_half_max_agree() -> None:
    import pint

    assert hill(quantity(2.0, "nM"), quantity(2e-9, "M"), 2.0) == pytest.approx(0.5, rel=1e-14)
    with pytest.raises(pint.DimensionalityError):
        hill(quantity(2.0, "nM"), quantity(2.0, "molecule"), quantity(2.0, ""))
    with pytest.raises(pint.DimensionalityError):
        hill(quantity(2.0, "nM"), quantity(2.0, "nM"), quantity(2.0, "s"))


# ---- the whole table: units are carried through every assignment into every flux

DERIVED = {"one": "vesicle", "one_copy": "molecule/vesicle", "ago_at_first": "molecule", "ago_at_rest": "molecule",
           "bare_arrival_share": "", "zero": "",
           "volume": "um^3", "lumen_volume": "um^3", "vesicle_area": "um^2",
           "diffusivity": "um^2/s", "tethered_share": "", "receptor_loss_share": "",
           "apoptotic_rest_share": "", "running": "", "calm_start_share": "", "angry_start_share": ""}


def unit_of_derived(model: ResolvedModel, name: str) -> str:
    if name.startswith(LITERAL):
        return ""
    if TIMES in name:
        return model.parameters[name.partition(TIMES)[0]].unit
    if is_slope(name):
        return "molecule/um^4"
    return DERIVED[name.rpartition(".")[2]]


def value_units(model: ResolvedModel, table: ProcessTable) -> dict[str, Any]:
    """A quantity of one for each value of a model, in the unit it has."""
    known: dict[str, Any] = {ONE: quantity(1.0, "")}
    known |= {path: quantity(0.5, parameter.unit) for path, parameter in model.parameters.items()}
    known |= {name: quantity(0.5, unit_of_derived(model, name)) for name in table.derived}
    known |= {name: quantity(0.5, "molecule/um^3") for name in table.inputs}
    known |= {pool.name: quantity(0.5, pool.unit) for pool in table.pools}
    waiting = {a.target: a for a in table.assignments}
    while waiting:
        ready = [a for a in waiting.values() if all(arg in known for arg in a.args)]
        for a in ready:
            known[a.target] = KERNELS[a.kernel](*(known[arg] for arg in a.args)) * quantity(1.0, "")
            del waiting[a.target]
        assert ready, f"a circle of assignments: {sorted(waiting)}"
    return known


def misfits(model: ResolvedModel, units: Mapping[str, str] | None = None) -> list[str]:
    """Fluxes whose rate is not in the unit of a moved pool per second (containers carry no unit).

    ``units`` replaces units of parameters, to plant an error. A pool without a unit counts
    objects (MVBs, cells, fusions, a share), so its flux is 1/s.
    """
    table = process_table(model)
    known = value_units(model, table)
    known |= {path: quantity(0.5, unit) for path, unit in (units or {}).items()}
    pools = {pool.name: pool for pool in table.pools}
    found = []
    for flux in table.fluxes:
        rate = quantity(1.0, "")
        for factor in flux.factors:
            rate = rate * known[factor]
        found += [f"{flux.name}: {pool}" for pool, _ in flux.moves
                  if rate.dimensionality != quantity(1.0, f"{pools[pool].unit or '1'}/s").dimensionality]
    return found


@pytest.mark.parametrize("model", [chain_model(), kinds_model(), phenotypes_model(), transfer_model(), matrix_model(),
                                   resolved(), everything()],
                         ids=["chain", "kinds", "phenotypes", "transfer", "matrix", "network", "contact"])
def test_every_flux_has_the_unit_of_the_pools_it_moves(model: ResolvedModel) -> None:
    assert misfits(model) == []


def test_a_wrong_unit_of_a_parameter_reaches_a_flux() -> None:
    found = misfits(chain_model(), {"taker.escape_rate": "vesicle/s"})
    assert "escape/taker:donor: taker.inside:donor" in found
