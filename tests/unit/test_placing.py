"""Cells thrown into a box: distances kept, density uniform, same seed same places, and no more than fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.stats import chi2

from tests.comparisons import ALARM
from vesica.spec.placing import SATURATION, PlacementFull, Wanted, place

BOX = (200.0, 150.0, 100.0)
ORIGIN = (0.0, 0.0, 0.0)
CELLS = {"neuron": Wanted(600, 14.0, ORIGIN, BOX), "microglia": Wanted(40, 40.0, ORIGIN, BOX, radius=5.0)}


def _least(points: np.ndarray, box: Sequence[float] | None = None) -> float:
    return float(cKDTree(points, boxsize=box).query(points, 2)[0][:, 1].min())


def test_distances_within_a_type_and_between_types() -> None:
    """The smallest of 600 distances would be far below 14 um by chance: 600 x 300 pairs in 3e6 um^3."""
    found = place(BOX, CELLS, 1)
    assert {name: len(at) for name, at in found.items()} == {"neuron": 600, "microglia": 40}
    assert _least(found["neuron"]) >= 14.0
    assert _least(found["microglia"]) >= 40.0
    between = cKDTree(found["neuron"]).query(found["microglia"])[0].min()
    assert 12.0 <= between < 20.0  # radii 7 and 5: the spacing of microglia is among themselves
    assert all((at >= 0).all() and (at <= BOX).all() for at in found.values())


def test_periodic_boxes_keep_distances_across_their_walls() -> None:
    found = place(BOX, {"a": Wanted(700, 14.0, ORIGIN, BOX)}, 3, periodic=(True, True, True))["a"]
    assert _least(found, BOX) >= 14.0
    open_ended = place(BOX, {"a": Wanted(700, 14.0, ORIGIN, BOX)}, 3)["a"]
    assert _least(open_ended, BOX) < 14.0  # the check can fail


def test_a_thin_section_has_distances_in_its_plane() -> None:
    """Centres in the middle of the section, so distances in the plane are those in space."""
    size = (300.0, 300.0, 10.0)
    found = place(size, {"a": Wanted(150, 14.0, ORIGIN, size)}, 1, flat=(False, False, True))["a"]
    assert (found[:, 2] == 5.0).all()
    assert _least(found[:, :2]) >= 14.0


def test_cells_at_the_bottom_and_cells_that_have_their_places() -> None:
    bottom = Wanted(100, 20.0, (0.0, 0.0, 8.0), (400.0, 400.0, 8.0))
    there = np.array([[200.0, 200.0, 8.0], [10.0, 10.0, 8.0]])
    found = place((400.0, 400.0, 2000.0), {"a": bottom}, 1, fixed={"probe": (there, 90.0)})["a"]
    assert (found[:, 2] == 8.0).all()
    assert cKDTree(found).query(there)[0].min() >= 100.0


def _is_even(points: np.ndarray, size: Sequence[float]) -> bool:
    """Whether numbers in 5 x 5 x 5 bins stray no more than independent points would, upper tail."""
    counts = np.histogramdd(points, bins=(5, 5, 5), range=[(0, length) for length in size])[0].ravel()
    expected = counts.sum() / counts.size
    return bool(chi2.sf(((counts - expected) ** 2).sum() / expected, counts.size - 1) > ALARM)


def test_centres_are_uniform() -> None:
    """In a periodic box no place is like no other, so the mean is even; distances only make numbers more even.

    False alarm below 1e-9 each. A density that rises by half of its mean from one wall to the other is found.
    """
    wanted = {"a": Wanted(5000, 0.0, ORIGIN, BOX), "b": Wanted(5000, 5.0, ORIGIN, BOX)}
    found = place(BOX, wanted, 11, periodic=(True, True, True))
    assert all(_is_even(at, BOX) for at in found.values())
    tilted = found["a"][np.linspace(0.5, 1.0, 5000) > 1.0 - 0.5 * found["a"][:, 0] / BOX[0]]
    assert not _is_even(tilted, BOX)


def test_same_seed_same_bits_and_no_type_minds_those_after_it() -> None:
    found, again, other = (place(BOX, CELLS, seed) for seed in (1, 1, 2))
    assert all((found[name] == again[name]).all() and (found[name] != other[name]).any() for name in CELLS)
    small = Wanted(500, 4.0, ORIGIN, BOX)
    more = place(BOX, {"a_small_one": small, **CELLS}, 1)
    assert all((found[name] == more[name]).all() for name in CELLS)


def test_the_first_cells_do_not_depend_on_how_many_follow() -> None:
    few, many = (place(BOX, {"a": Wanted(n, 9.0, ORIGIN, BOX)}, 5)["a"] for n in (50, 1500))
    assert (few == many[:50]).all()


@pytest.mark.parametrize(("flat", "dimensions"), [((False, False, False), 3), ((False, False, True), 2)])
def test_a_full_box_is_refused_with_how_full_it_would_be(flat: tuple[bool, bool, bool], dimensions: int) -> None:
    """Beyond saturation nothing helps: 45 % of the volume and 60 % of the area are too much, 30 % are not."""
    size = (100.0, 100.0, 100.0)

    def wanted(share: float, count: int) -> dict[str, Wanted]:
        ball = {2: np.pi / 4, 3: np.pi / 6}[dimensions]
        share /= 1.0 if dimensions == 3 else 0.75
        spacing = 100.0 / ((count * ball / share) ** (1.0 / dimensions) - 1.0)
        return {"a": Wanted(count, float(spacing), ORIGIN, size)}

    assert len(place(size, wanted(0.3, 300), 1, flat=flat)["a"]) == 300
    for count in (300, 3000):
        with pytest.raises(PlacementFull) as caught:
            place(size, wanted(0.45, count), 1, flat=flat)
        assert caught.value.packing == pytest.approx(0.45 / (1.0 if dimensions == 3 else 0.75))
        assert caught.value.packing > SATURATION[dimensions]
        assert caught.value.placed < count
        assert "would fill" in caught.value.finding("cells.a.density").wrote


def test_a_line_and_a_point() -> None:
    line = place((100.0, 1.0, 1.0), {"a": Wanted(5, 10.0, ORIGIN, (100.0, 1.0, 1.0))}, 1, flat=(False, True, True))["a"]
    assert _least(line[:, :1]) >= 10.0
    point = Wanted(2, 10.0, ORIGIN, (1.0, 1.0, 1.0))
    with pytest.raises(PlacementFull):
        place((1.0, 1.0, 1.0), {"a": point}, 1, flat=(True, True, True))
    assert place((1.0, 1.0, 1.0), {"a": Wanted(0, 1.0, ORIGIN, (1.0, 1.0, 1.0))}, 1)["a"].shape == (0, 3)
