"""What touching cells show one another in whole numbers: means over living cells, held for half a window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vesica.engine.contact import is_of
from vesica.engine.kernels import KERNELS
from vesica.engine.whole.dish import Cells, Dish
from vesica.engine.whole.laws import Laws

Array = NDArray[np.float64]


def look(dish: Dish, cells: Cells) -> None:
    """Write down what the cells of one type see of those that they touch, their own type among them.

    Every cell sees the same: the sum over the living cells of the other type over the number at the start.
    """
    index = dish.laws.program.index
    for one in dish.laws.seen:
        if is_of(one.target, cells.name):
            cells.values[index[one.target]] = _mean(dish, one.args[0])


def seen_by(dish: Dish, cells: Cells) -> list[float]:
    """What the cells of one type see, as it is held."""
    index = dish.laws.program.index
    return [float(cells.values[index[one.target], 0]) for one in dish.laws.seen if is_of(one.target, cells.name)]


def _mean(dish: Dish, shown: str) -> float:
    others = next((one for one in dish.cells if shown.startswith(f"{one.name}.")), None)
    if others is None:
        return 0.0
    dish.laws.evaluate(others.values)
    return float((_value(dish.laws, others.values, shown) * others.is_alive).sum() / others.number)


def _value(laws: Laws, values: Array, name: str) -> Array:
    """(cell,) of a value that cells show; perhaps no law of their own rests on it, so that nobody computed it."""
    made = laws.made_of(name)
    if made is None:
        return laws.value(values, name)
    found: Array = KERNELS[made.kernel](*(_value(laws, values, arg) for arg in made.args))
    return found
