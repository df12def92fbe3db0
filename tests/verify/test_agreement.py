"""Every arm of every example: whole numbers tend to the mean field as copies grow. A switch is judged by its modes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.cell_networks import resolved
from tests.models import H
from tests.switches import switch_model
from vesica import api
from vesica.studies import agree

pytestmark = pytest.mark.verify


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "examples").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_example_agrees(path: Path) -> None:
    """False-alarm rate 1e-7 for each example; half of the comparisons would show a gap of half the mean field."""
    model = api.examine(path).resolved
    assert model is not None
    found = agree.run(model, agree.Plan((1.0, 10.0, 100.0), replicates=10, cells=2, alarm=1e-7))
    assert [one.observable for one in found if one.words == "disagrees"] == []
    shares = sorted(one.detectable / abs(one.well_mixed[-1]) for one in found if one.well_mixed[-1])
    assert shares[len(shares) // 2] < 0.5


def test_templates_in_cells_agree() -> None:
    """A network that converts cargo by its own kind from when the run begins; without vesicles, so that it is cheap.

    False-alarm rate 1e-7. It fails where cells come to rest with what they get when the run starts: by a factor of 4.
    """
    words = {"states": {"on": {"initial": 0, "at_start": 1}},
             "constants": {"k": "2e-3 1/molecule/h"},
             "reactions": {"convert": {"equation": "asyn + asyn_fibril -> 2 asyn_fibril",
                                       "rate": "k * on * asyn * asyn_fibril"}}}
    cargo = {"asyn": {"basal": "300 molecule", "decay_rate": "0.1 1/h", "enrichment": 0},
             "asyn_fibril": {"basal": "30 molecule", "decay_rate": "0.1 1/h", "enrichment": 0}}
    model = resolved({"templates": words}, {"cargo": cargo}, run={"duration": "12 h", "every": "1 h", "seed": 3},
                     parameters={"microglia.endosome_formation_rate": "0 1/h"})
    found = agree.run(model, agree.Plan((1.0, 10.0), replicates=24, cells=4, alarm=1e-7), workers=1)
    assert [one.observable for one in found if one.words == "disagrees"] == []
    fibrils = [one for one in found if one.observable.pool == "microglia.asyn_fibril"]
    assert len(fibrils) == 3
    assert all(one.observable.is_extensive and not one.observable.is_exact for one in fibrils)


def test_a_switch_is_compared_by_its_modes() -> None:
    """A push just beyond the point of no return: the mean field goes over, and so does only a part of the cells."""
    model = switch_model(0.25 * H, copies=40.0, half=280.0)
    model = replace(model, schedule=replace(model.schedule, duration=60 * H, every=30 * H))
    found = agree.run(model, agree.Plan((1.0, 2.0), replicates=48, cells=1, alarm=1e-6))
    last = next(one for one in found if one.observable.pool == "donor.ligand" and one.observable.time == 60 * H)
    assert last.words == "two modes"
    assert last.shares is not None
    assert 0.1 < last.shares[-1] < 0.9
