"""The helpers of the closed forms are right, and they can fail."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from tests.analytic.builders import H, build, run, transfer
from vesica.spec.cells import CellType
from vesica.spec.resolved import Arm

CELL = CellType("cell", "cell", secretes_vesicles=False, takes_up_vesicles=False, can_die=True)


def test_the_chain_formula_is_the_matrix_exponential() -> None:
    """Both are exact up to rounding; dividing by the differences of the rates costs three digits."""
    rates = (0.3, 0.7, 1.1)
    matrix = np.diag([-r for r in rates]) + np.diag(rates[:-1], -1)
    assert transfer(2.0, *rates) == pytest.approx(expm(2.0 * matrix)[2, 0], rel=1e-13)


def test_a_parameter_that_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError, match="deth_rate"):
        build((CELL,), (Arm("a", {"cell": 1.0}),), {"cell.deth_rate": 1.0})


def test_the_error_bound_is_small_enough_to_see_a_rate_that_is_off_by_a_hundred_thousandth() -> None:
    """At t = 1/k a relative error e of the rate moves exp(-k t) by e/2.7; the bound is below."""
    rate = 1 / (24 * H)
    found = run(build((CELL,), (Arm("a", {"cell": 1.0}),), {"cell.death_rate": rate}))
    right = np.exp(-rate * found.times)
    wrong = np.exp(-rate * (1 + 1e-5) * found.times)
    assert np.abs(found["cell.alive"] - right).max() <= found.bound(1.0)
    assert np.abs(found["cell.alive"] - wrong).max() > found.bound(1.0)
