"""The words of runs in whole numbers, and the sample of the dish that such a run follows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bad_input.test_bad_input import GOOD, RUN, WHOLE, findings_of
from tests.models import chain_model
from vesica import interventions
from vesica.spec import io
from vesica.spec.resolved import Arm, Dose, ResolvedModel, Schedule
from vesica.spec.sample import sampled


def whole(model: ResolvedModel, cells_at_most: int, **arms: dict[str, float]) -> ResolvedModel:
    schedule = replace(model.schedule, fidelity="stochastic", cells_at_most=cells_at_most)
    return replace(model, schedule=schedule, arms=tuple(Arm(name, counts) for name, counts in arms.items()))


def test_one_share_for_all_arms_types_and_the_medium() -> None:
    """1e6 cells at most 1000 is one in 1000: 2 mL become 2 uL; every amount follows by one multiplication."""
    model = whole(chain_model(), 1000, few={"donor": 1e5, "taker": 0.0}, many={"donor": 1e6, "taker": 2.4e3})
    small, share = sampled(model)
    assert share == 1e-3
    assert [dict(arm.counts) for arm in small.arms] == [{"donor": 100.0, "taker": 0.0}, {"donor": 1000.0, "taker": 2.0}]
    assert small.domain == replace(model.domain, volume=model.domain.volume * 1e-3)
    assert (small.parameters, small.schedule) == (model.parameters, model.schedule)


def test_a_sample_is_its_own_sample_and_a_small_dish_is_whole() -> None:
    model = whole(chain_model(), 1000, only={"donor": 3e6, "taker": 7e4})
    once, _ = sampled(model)
    assert sampled(once) == (once, 1.0)
    assert sampled(whole(chain_model(), 5, only={"donor": 5.0, "taker": 2.0}))[1] == 1.0


def test_a_run_of_means_is_no_sample() -> None:
    model = chain_model()
    assert sampled(model) == (model, 1.0)
    halves = replace(model, arms=(Arm("only", {"donor": 0.5}),))
    assert sampled(halves)[0] is halves  # a mean may hold half a cell


def test_doses_are_per_cell_and_stay() -> None:
    dose = Dose("a", "taker", "particles_per_cell", 1e3, 3600.0)
    model = whole(chain_model(), 100, a={"donor": 1e6}, b={"taker": 1e6})
    model = replace(model, arms=(model.arms[0], replace(model.arms[1], doses=(dose,))))
    assert sampled(model)[0].arms[1].doses == (dose,)


def test_words_become_the_schedule() -> None:
    model, findings = interventions.resolve(io.loads(GOOD.replace(RUN, WHOLE)))
    assert findings == []
    schedule = model.schedule
    assert (schedule.fidelity, schedule.replicates, schedule.cells_at_most) == ("stochastic", 20, 1000)
    assert (schedule.window, schedule.longest_window) == (600.0, 600.0)
    assert "window: 600.0 s" in io.dump_resolved(model)


@pytest.mark.parametrize(("window", "longest"), [(None, 60.0), (30.0, 30.0), (90.0, 60.0)])
def test_a_window_is_at_most_one_output_interval(window: float | None, longest: float) -> None:
    assert Schedule(600.0, 60.0, "stochastic", 1, window=window).longest_window == longest


def test_words_that_do_nothing_are_named() -> None:
    run = WHOLE.replace("stochastic", "well_mixed").replace("replicates: 20, ", "")
    findings = findings_of(GOOD.replace(RUN, run))
    assert [(finding.severity, finding.path) for finding in findings] == [
        ("note", "run.cells_at_most"), ("note", "run.window")]
