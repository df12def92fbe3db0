"""Cells of a tissue that differ: streams by name, moments, and a rest of their own.

Random tests: 4 checks at `tests.comparisons.ALARM` each, fixed seed.
"""

from __future__ import annotations

import numpy as np

from tests.analytic.test_variability import varied
from tests.comparisons import agrees_with_mean
from tests.toy import BASAL, toy_model
from vesica.engine.program import Program, compile_model
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.tissue.unlike import keys_of, rest_of_lanes, values_of_lanes
from vesica.spec.variability import sigma

CV = 0.4


def toy(cv: float = CV) -> Program:
    """The toy with a decay rate and a basal level that differ, with a correlation of 0.3."""
    return compile_model(varied(toy_model(), "cell", {"alarm.decay_rate": cv, "alarm.basal": cv}, 0.3))


def drawn(program: Program, ids: list[str], seed: int = 1) -> dict[str, np.ndarray]:
    """Numbers by name."""
    row = parameter_row(program.model, program.model.arms[0])
    places, numbers = values_of_lanes(program, row, program.model.cells[0], keys_of(ids), seed)
    names = {place: name for name, place in program.index.items()}
    return {names[int(place)]: one for place, one in zip(places, numbers, strict=True)}


def test_numbers_of_a_cell_rest_on_its_name_alone() -> None:
    """Not on the other cells, nor on their order; but on the seed."""
    program = toy()
    ids = [f"cell {k}" for k in range(20)]
    all_of_them, some = drawn(program, ids), drawn(program, ids[7:3:-1])
    for name, numbers in all_of_them.items():
        assert np.array_equal(numbers[7:3:-1], some[name])
        assert not np.isin(numbers, drawn(program, ids, seed=2)[name]).any()
    assert np.unique(keys_of(ids)).size == 20


def test_numbers_have_the_mean_and_the_variation_that_was_asked_for() -> None:
    """The logarithm of a factor, as a standard normal: mean 0 with variance 1, mean square 1 with variance 2.

    The two normals have the correlation 0.3: their product has that mean, and the variance 1 + 0.3^2.
    """
    program = toy()
    found = drawn(program, [str(k) for k in range(6000)])
    row = parameter_row(program.model, program.model.arms[0])
    width = sigma(CV)
    one, other = ((np.log(found[name] / row[name]) + width**2 / 2) / width
                  for name in ("cell.alarm.decay_rate", "cell.alarm.basal"))
    assert agrees_with_mean(one, 0.0, 1.0)
    assert agrees_with_mean(one**2, 1.0, 2.0)
    assert agrees_with_mean(other**2, 1.0, 2.0)
    assert agrees_with_mean(one * other, 0.3, 1.0 + 0.3**2)
    assert not agrees_with_mean(one * other, 0.0, 1.0)


def test_cells_that_are_alike_have_no_numbers_of_their_own() -> None:
    """Without variability, and with one of 0 %."""
    assert drawn(toy(0.0), ["a", "b"]) == {}
    alike = compile_model(toy_model())
    assert values_of_lanes(alike, {}, alike.model.cells[0], keys_of(["a"]), 1)[0].size == 0


def test_each_cell_rests_at_its_own_level() -> None:
    """The toy rests at its basal level, whatever its decay rate; to the tolerance of the last steps."""
    program = toy()
    ids = [str(k) for k in range(70)]
    row = parameter_row(program.model, program.model.arms[0])
    own = values_of_lanes(program, row, program.model.cells[0], keys_of(ids), 1)
    values = value_vector(program, row)
    values[program.index["cell.alarm"]] = BASAL
    places, state = rest_of_lanes(program, program.model.cells[0], frozenset({"cell:cell"}), values, own)
    assert places.tolist() == [program.index["cell.alarm"]]
    levels = drawn(program, ids)["cell.alarm.basal"]
    assert np.allclose(state[0], levels, rtol=1e-5)
    assert not np.allclose(state[0], BASAL, rtol=0.05)
