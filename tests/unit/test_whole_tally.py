"""What a row of whole numbers hands on as histograms."""

from __future__ import annotations

import numpy as np
import pytest

from vesica.analysis.numbers import cells_named
from vesica.analysis.runs.pooled import vesicles_named
from vesica.engine.whole.tally import BINS, of_numbers, of_waits


def test_few_numbers_are_kept_as_they_are() -> None:
    """Bins would move each by up to a hundredth of the largest; with few, that is all there is."""
    found = of_numbers(np.array([3.0, 0.25, 7.5]), "l", "h", "w", none=4)
    assert (found["values"], found["counts"], found["none"]) == ([0.25, 3.0, 7.5], [1, 1, 1], 4)
    many = of_numbers(np.arange(BINS + 1.0), "l", "h", "w")
    assert (len(many["counts"]), sum(many["counts"])) == (BINS, BINS + 1)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_bins_of_waits_have_equal_ratios_and_lose_none(scale: float) -> None:
    """From a hundredth of the mean to the longest wait, for 5000 exponential ones of three means."""
    waits = scale * np.random.default_rng(4).exponential(size=5000)
    found = of_waits(waits, "l", "w")
    edges = np.array(found["edges"])
    assert sum(found["counts"]) == found["n"] == 5000
    assert edges[0] == 0.0
    assert edges[1] == pytest.approx(waits.mean() / 100, rel=1e-12)
    np.testing.assert_allclose(edges[2:] / edges[1:-1], (waits.max() / edges[1]) ** (1 / (BINS - 1)), rtol=1e-9)


def test_equal_waits_are_no_fault() -> None:
    found = of_waits(np.full(100, 2.0), "l", "w")
    assert (sum(found["counts"]), found["counts"][-1]) == (100, 100)
    assert of_waits(np.zeros(0), "l", "w")["n"] == 0


@pytest.mark.parametrize(("name", "said"), [
    ("astrocyte", "astrocytes"), ("microglia", "microglia"), ("BV2", "BV2 cells"), ("N2a", "N2a cells"),
    ("wild_type", "wild_type cells"), ("pericytes", "pericytes cells")])
def test_names_of_many_cells(name: str, said: str) -> None:
    assert cells_named(name) == said


def test_names_of_one_cell_and_of_vesicles() -> None:
    assert [cells_named(name, 1) for name in ("neuron", "BV2", "microglia")] == ["neuron", "BV2 cell", "microglia"]
    assert vesicles_named("neuron") == "EVs of neurons"
    assert vesicles_named("microglia~microvesicle") == "microvesicles of microglia"
