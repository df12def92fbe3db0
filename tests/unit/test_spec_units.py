"""Quantities as a model writes them come back from internal units as they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesica import units
from vesica.errors import InputError
from vesica.spec.quantities import Notes
from vesica.units import CONCENTRATION, factor

UNITS = [
    ("mM", CONCENTRATION), ("nmol/L", CONCENTRATION), ("EV/mL", "vesicle/um^3"), ("h", "s"), ("1/h", "1/s"),
    ("mL", "um^3"), ("nm", "um"), ("EV/cell/h", "vesicle/cell/s"), ("copies", "molecule"), ("percent", ""),
    ("kg/mol", "g/mol"),
]  # fmt: skip
POSITIVE = st.floats(1e-12, 1e12)


@pytest.mark.parametrize(("unit", "internal"), UNITS)
@given(value=POSITIVE)
def test_units_round_trip(unit: str, internal: str, value: float) -> None:
    """Two conversions round four times at most: 4 x 2^-53, and the factors themselves are exact to as much."""
    notes = Notes.elsewhere()
    inside = notes.quantity(f"{value!r} {unit}", internal, "x")
    assert notes.findings == []
    assert inside is not None
    assert inside * factor(internal, unit) == pytest.approx(value, rel=2e-15)


@given(POSITIVE)
def test_a_percent_sign_is_a_hundredth(value: float) -> None:
    assert Notes.elsewhere().quantity(f"{value!r}%", "", "x") == pytest.approx(value / 100, rel=1e-15)


@given(POSITIVE)
def test_a_bare_number_is_a_count_only_where_counts_are_asked_for(value: float) -> None:
    assert Notes.elsewhere().quantity(value, "cell", "x", bare="cell") == value
    notes = Notes.elsewhere()
    assert notes.quantity(value, "molecule", "x") is None
    assert len(notes.findings) == 1


def test_a_concentration_for_a_count_is_told_of_the_volume() -> None:
    with pytest.raises(InputError) as refused:
        units.to_internal("10 nM", "molecule", "cells.astrocyte.cargo.TLR4.basal")
    assert "times the volume of the cell" in refused.value.findings[0].fix
    assert units.to_internal("1 nM", "molecule/um^3", "x") == pytest.approx(0.602, rel=1e-3)
