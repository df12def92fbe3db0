"""A law that was added half is found: every kernel is bound and tested, every number is used."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from tests.cell_networks import resolved
from tests.contact_cases import STILL, everything
from tests.models import matrix_model, phenotypes_model, transfer_model
from vesica.engine.kernels import KERNELS
from vesica.engine.program import Program, compile_model
from vesica.engine.rows import derived_values, parameter_row
from vesica.spec.resolved import ResolvedModel
from vesica.spec.vocabulary import (
    ALL_MACHINERY,
    CELL_AGO,
    CELL_APOPTOSIS,
    CELL_MATRIX,
    CELL_SHEDDING,
    CELL_TISSUE,
)

TESTS = Path(__file__).parents[1]
UNBOUND: dict[str, str] = {}  # kernel -> why the model does not call it
TABLES = {"test_dimensions.py", "test_completeness.py", "test_kernels.py"}  # go through all kernels anyway


# ---- kernels


def unbound(model: ResolvedModel, kernels: Iterable[str], excused: Mapping[str, str]) -> set[str]:
    """Kernels that no assignment of the model calls and that no reason excuses."""
    models = (model, resolved(), transfer_model(), everything(STILL))
    programs = [program for one in models for whole in [compile_model(one)] for program in (whole, whole.divided)]
    called = {assignment.kernel for program in programs for assignment in program.table.assignments}
    return set(kernels) - called - set(excused)


def untested(kernels: Iterable[str], folders: Iterable[Path]) -> set[str]:
    """Kernels that no test names."""
    text = "\n".join(path.read_text() for folder in folders for path in sorted(folder.glob("test_*.py"))
                     if path.name not in TABLES)
    words = set(re.findall(r"\w+", text))
    return set(kernels) - words


def test_every_kernel_is_bound_to_a_process() -> None:
    assert unbound(phenotypes_model(), KERNELS, UNBOUND) == set()


def test_an_unbound_kernel_is_found() -> None:
    assert unbound(phenotypes_model(), [*KERNELS, "new_law"], UNBOUND) == {"new_law"}
    assert unbound(phenotypes_model(), [*KERNELS, "new_law"], {"new_law": "a reason"}) == set()


def test_no_kernel_is_excused_that_is_bound() -> None:
    assert set(UNBOUND) <= unbound(phenotypes_model(), KERNELS, {})


def test_every_kernel_is_named_in_a_closed_form_or_a_unit_test() -> None:
    assert untested(KERNELS, [TESTS / "analytic", TESTS / "unit"]) == set()


def test_a_kernel_without_a_test_is_found() -> None:
    planted = "_".join(("brand", "new", "law"))  # written in parts, or this file would name it
    assert untested([*KERNELS, planted], [TESTS / "analytic", TESTS / "unit"]) == {planted}


# ---- numbers of the vocabulary


def without_effect(program: Program, names: Iterable[str], cell: str) -> set[str]:
    """Parameters of a cell that enter no law and no derived number.

    A derived number is found by its change when the parameter is moved by one percent.
    """
    table = program.table
    read = {arg for assignment in table.assignments for arg in assignment.args}
    read |= {factor for flux in table.fluxes for factor in flux.factors}
    row = parameter_row(program.model, program.model.arms[0])
    before = derived_values(program, row)
    found = set()
    for name in names:
        path = f"{cell}.{name}"
        if path not in read and derived_values(program, row | {path: row.get(path, 0.0) * 1.01}) == before:
            found.add(name)
    return found


@pytest.mark.parametrize("cell", ["donor", "taker"])
def test_every_number_of_the_machinery_has_an_effect(cell: str) -> None:
    """The recipient can die and lies in matrix, the donor does not; the donor alone sheds microvesicles.

    Both are in a dish: what cells have in tissue alone does nothing there.
    """
    idle = without_effect(compile_model(matrix_model()), ALL_MACHINERY, cell)
    of_taker = {"death_rate", *CELL_APOPTOSIS, *CELL_AGO, *CELL_MATRIX}
    assert idle == (of_taker if cell == "donor" else set(CELL_SHEDDING)) | {*CELL_TISSUE}


def test_a_number_without_effect_is_found() -> None:
    names = [*ALL_MACHINERY, "forgotten_rate"]
    assert without_effect(compile_model(matrix_model()), names, "taker") == {
        "forgotten_rate", *CELL_SHEDDING, *CELL_TISSUE}


# ---- the library


def lacking(machinery: Mapping[str, object], names: Iterable[str]) -> set[str]:
    """Names of the vocabulary without a library number."""
    return set(names) - set(machinery)


def test_every_number_of_the_machinery_stands_in_the_library() -> None:
    library = importlib.import_module("vesica.library")
    if not hasattr(library, "load"):
        pytest.skip("vesica.library has no `load` yet")
    found = library.load("cns")
    assert lacking(found.machinery, ALL_MACHINERY) == set()
    assert set(found.machinery.values()) <= set(found.entries)


def test_a_number_missing_in_the_library_is_found() -> None:
    machinery = dict.fromkeys(ALL_MACHINERY, "some.entry")
    del machinery["escape_rate"]
    assert lacking(machinery, ALL_MACHINERY) == {"escape_rate"}
