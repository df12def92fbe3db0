"""Every arm of every example: whole numbers tend to the mean field as copies grow."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from vesica import api
from vesica.studies import agree

pytestmark = [
    pytest.mark.verify,
    pytest.mark.skipif(importlib.util.find_spec("vesica.engine.whole.run") is None,
                       reason="the engine of whole numbers, vesica.engine.whole.run, is not there yet"),
]


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "examples").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_example_agrees(path: Path) -> None:
    """False-alarm rate 1e-7 for each example; half of the comparisons would show a gap of half the mean field."""
    model = api.examine(path).resolved
    assert model is not None
    found = agree.run(model, agree.Plan((1.0, 10.0, 100.0), replicates=10, cells=2, alarm=1e-7))
    assert [one.observable for one in found if one.words == "disagrees"] == []
    shares = sorted(one.detectable / abs(one.well_mixed[-1]) for one in found if one.well_mixed[-1])
    assert shares[len(shares) // 2] < 0.5
