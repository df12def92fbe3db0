"""Dilution, sampling, additions and evaporation in closed form, stirred and still, and the books that close."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests import handled
from tests.handled import ADDED, CHANGE, EXPOSURE, LATE, LEVEL, SAMPLE, STILL, VESICLES, VOLUME
from tests.models import H, kinds_model
from vesica import results
from vesica.analysis.runs.accounts import ledger
from vesica.analysis.runs.handling import volume_then
from vesica.analysis.runs.replicates import summarise_replicates
from vesica.engine import simulate
from vesica.engine.program import compile_model
from vesica.results.arm_run import ArmRun
from vesica.spec.handling import volume_at, volumes_at
from vesica.spec.resolved import Addition, Compartment, Domain, Handling, ResolvedModel

# CVODE is asked for 1e-10 and keeps a few times that; what it loses does not grow, as everything here decays or adds up
CLOSE = 1e-8


def run_of(model: ResolvedModel) -> ArmRun:
    program = compile_model(model)
    return simulate.as_arm_run(program, next(simulate.run_all(program)))


@pytest.fixture(scope="module", params=["stirred", "still"])
def run(request: pytest.FixtureRequest) -> tuple[ResolvedModel, ArmRun]:
    model = handled.model() if request.param == "stirred" else handled.model(domain=STILL)
    return model, run_of(model)


def test_vesicles_are_diluted_and_removed_as_computed_by_hand(run: tuple[ResolvedModel, ArmRun]) -> None:
    """A still column diffuses meanwhile, but its total is that of the stirred dish: nobody takes vesicles up."""
    for time, free, removed in zip(run[1].times, run[1].course(f"medium.free:{VESICLES}"),
                                   run[1].course(f"medium.removed:{VESICLES}"), strict=True):
        expected = handled.vesicles(time)
        assert free == pytest.approx(expected[0], rel=CLOSE, abs=1e-3)  # of 3e6 an hour
        assert removed == pytest.approx(expected[1], rel=CLOSE)


def test_a_full_change_leaves_no_vesicle(run: tuple[ResolvedModel, ArmRun]) -> None:
    at = int(np.flatnonzero(run[1].times == LATE.at)[0])
    assert run[1].course(f"medium.free:{VESICLES}")[at] == pytest.approx(0.0, abs=1e-3)
    assert run[1].course("medium.factor")[at] == pytest.approx(handled.FRESH * handled.volume(LATE.at), rel=1e-12)


def test_the_factor_follows_its_closed_form(run: tuple[ResolvedModel, ArmRun]) -> None:
    """It starts as fresh medium has it, and its concentration is that in the volume of the time."""
    for time, amount in zip(run[1].times, run[1].course("medium.factor"), strict=True):
        assert amount == pytest.approx(handled.factor(time), rel=CLOSE)
    summary = summarise_replicates(run[0], {"handled": [run[1]]}, "completed")
    concentration = summary["arms"]["handled"]["quantities"]["medium.factor"]["value"]
    assert concentration == pytest.approx(handled.factor(24 * H) / handled.volume(24 * H), rel=CLOSE)


def test_what_evaporates_falls_and_is_added_to_and_scaled(run: tuple[ResolvedModel, ArmRun]) -> None:
    """Closed form over a rise, two falls, one of them to nothing, and two changes; see `handled.agent`."""
    for time, level in zip(run[1].times, run[1].course("agent.agent"), strict=True):
        assert level == pytest.approx(handled.agent(time), rel=CLOSE, abs=1e-6 * LEVEL * CLOSE)
    assert handled.agent(23 * H) == 0.0
    assert handled.agent(7 * H) == pytest.approx(LEVEL * math.exp(-0.35))


def test_every_vesicle_is_accounted_for(run: tuple[ResolvedModel, ArmRun]) -> None:
    account = ledger(run[0], run[1])
    assert abs(account.residual) < 1e-12  # sums of some twenty numbers of one size
    assert account.removed == pytest.approx(handled.vesicles(24 * H)[1], rel=CLOSE)
    assert account.removed > account.outside > 0.0


def test_the_sample_holds_a_share_of_what_stood_there(run: tuple[ResolvedModel, ArmRun]) -> None:
    """Taken before anything was added, so it has the concentration of just before."""
    summary = summarise_replicates(run[0], {"handled": [run[1]]}, "completed")
    (sample,) = summary["arms"]["handled"]["medium"]["samples"]
    before = handled.CELLS * handled.SHED * SAMPLE.at
    assert sample["at_h"] == 6.0
    assert sample["volume_mL"] == pytest.approx(0.1)
    assert sample["vesicles_per_mL"] == pytest.approx(before / 2.0, rel=CLOSE)
    assert sample["vesicles"] == pytest.approx(before / 20.0, rel=CLOSE)
    nanomolar = handled.factor(SAMPLE.at - 1e-9) / VOLUME / 0.602214076
    assert sample["solubles_nM"]["factor"] == pytest.approx(nanomolar, rel=CLOSE)
    assert sample["agents_mM"]["agent"] == pytest.approx(handled.agent(SAMPLE.at) / 6.02214076e5, rel=CLOSE)
    json.dumps(summary)


def test_the_volume_is_known_at_all_times(run: tuple[ResolvedModel, ArmRun]) -> None:
    arm = run[0].arms[0]
    for time in run[1].times:
        assert volume_at(run[0], arm, time) == handled.volume(time)
    summary = summarise_replicates(run[0], {"handled": [run[1]]}, "completed")
    steps = summary["arms"]["handled"]["medium"]["volume_mL"]
    assert steps == [[0.0, 2.0], [6.0, pytest.approx(1.9)]]
    assert [volume_then(steps, hour) for hour in (0.0, 5.9, 6.0, 24.0)] == [2.0, 2.0, *[pytest.approx(1.9)] * 2]


def test_a_rule_reads_what_is_left_of_an_agent() -> None:
    """At the end of a run the factor of the rule is 1 + (fold - 1) hill(c) with c after evaporation."""
    from vesica.spec.resolved import Rule

    model = handled.model()
    rule = Rule("shed", "cell", "agent", "increases", "shedding_rate", "agent raises shedding")
    numbers = handled.parameters({"rule.shed.half_max": (LEVEL, "molecule/um^3"), "rule.shed.hill": (2.0, ""),
                                  "rule.shed.fold": (5.0, "")})
    arm = replace(model.arms[0], handling=(), exposures=(replace(EXPOSURE, times=(0.0,), levels=(LEVEL,)),))
    found = run_of(replace(model, rules=(rule,), parameters={**model.parameters, **numbers}, arms=(arm,)))
    left = math.exp(-2 * handled.AIR * 24 * H)
    (entry,) = found.notes["rule_factors"]["cell"]["shedding_rate"]
    assert entry["factor"] == pytest.approx(1 + 4 * left / (1 + left), rel=CLOSE)


@pytest.mark.parametrize("domain", [Domain("dish", VOLUME, 2079.0, "stirred"), STILL], ids=["stirred", "still"])
def test_what_evaporates_can_be_topped_up(domain: Domain) -> None:
    """Two thirds of the level at 6 h on top of what is left; a fall to a half at 12 h halves all of it."""
    model = handled.model(domain=domain)
    falls = replace(EXPOSURE, times=(0.0, 12 * H), levels=(LEVEL, LEVEL / 2))
    arm = replace(model.arms[0], exposures=(falls,), handling=(), additions=(Addition("agent", LEVEL * 2 / 3, 6 * H),))
    found = run_of(replace(model, arms=(arm,)))
    expected = LEVEL * (math.exp(-handled.AIR * 24 * H) + 2 / 3 * math.exp(-handled.AIR * 18 * H)) / 2
    assert found.final("agent.agent") == pytest.approx(expected, rel=CLOSE)


def test_less_medium_is_a_shallower_dish() -> None:
    """Half of the medium taken at once leaves the same dish as half as much medium: concentrations, depth and hops.

    Cells take vesicles up from their layer, so the way to them matters. Both runs are solved to 1e-10.
    """
    one = replace(kinds_model(), solubles=("factor",))
    one = replace(one, schedule=replace(one.schedule, duration=12 * H, relative_tolerance=1e-10))
    part = Compartment("medium", VOLUME, 2079.0, 4, ("donor", "taker"))
    full = Domain("dish", VOLUME, 2079.0, "still", (part,))
    half = Domain("dish", VOLUME / 2, 2079.0 / 2, "still", (replace(part, volume=VOLUME / 2, depth=2079.0 / 2),))
    hands = (Handling(0.0, VOLUME / 2, 0.0),)
    taken, shallow, deep = (run_of(replace(one, domain=domain, arms=(replace(one.arms[0], handling=what),)))
                            for domain, what in ((full, hands), (half, ()), (full, ())))
    for name in ("medium.free:donor", "medium.0.free:donor", "medium.3.free:taker", "taker.taken_up:donor",
                 "medium.factor", "taker.alive"):
        assert taken.final(name) == pytest.approx(shallow.final(name), rel=1e-7), name
    assert taken.final("taker.taken_up:donor") != pytest.approx(deep.final("taker.taken_up:donor"), rel=1e-2)


def test_many_replicates_side_by_side_are_each_alone() -> None:
    """Numbers of fresh medium, of air and of decay differ from lane to lane; the batch is another solver at 1e-10."""
    program = compile_model(handled.model())
    drawn = {number: {"factor.in_fresh_medium": handled.FRESH * number, "agent.evaporation_rate": handled.AIR / number,
                      "cell.shedding_rate": handled.SHED * number} for number in (1, 2, 3)}
    messages = dict.fromkeys(drawn, "")
    (together,) = simulate.run_all_lanes(program, drawn, messages)
    for number, values in drawn.items():
        alone = next(simulate.run_all(program, values))
        assert together[number].values == pytest.approx(alone.values, rel=1e-7, abs=1e-3, nan_ok=True)
        assert len(together[number].notes["samples"]) == 1
    assert not np.allclose(together[1].values[-1], together[3].values[-1])


def test_a_sample_at_the_end_is_noted_and_leaves_the_medium() -> None:
    model = handled.model()
    last = Handling(24 * H, 1e11, 0.0, is_sample=True)
    found = run_of(replace(model, arms=(replace(model.arms[0], handling=(SAMPLE, CHANGE, LATE, last)),)))
    assert found.final(f"medium.free:{VESICLES}") == pytest.approx(handled.vesicles(24 * H)[0], rel=CLOSE)
    assert [one["at"] for one in found.notes["samples"]] == [SAMPLE.at, last.at]
    share = last.taken / handled.volume(24 * H)
    amounts = found.notes["samples"][1]["amounts"]
    assert amounts[f"medium.free:{VESICLES}"] == pytest.approx(handled.vesicles(24 * H)[0] * share, rel=CLOSE)


def test_at_one_time_medium_is_taken_first_then_things_are_added() -> None:
    """A sample and a half change at 12 h, when the factor is added and the agent rises: neither is in the sample.

    The agent, L exp(-12 h k) by then, comes half way back to the old L with fresh medium, and then rises by L.
    """
    model = handled.model()
    twelve = (replace(SAMPLE, at=12 * H, given=SAMPLE.taken), Handling(12 * H, VOLUME / 2, VOLUME / 2))
    rise = replace(EXPOSURE, times=(0.0, 12 * H), levels=(LEVEL, 2 * LEVEL))
    arm = replace(model.arms[0], exposures=(rise,), handling=twelve, additions=(replace(ADDED, at=12 * H),))
    found = run_of(replace(model, arms=(arm,)))
    at = int(np.flatnonzero(found.times == 12 * H)[0])
    left = LEVEL * math.exp(-handled.AIR * 12 * H)
    (note,) = found.notes["samples"]
    assert note["agents"]["agent"] == pytest.approx(left, rel=CLOSE)
    rest = handled.CELLS * handled.SECRETED / handled.DECAY
    before = rest + (handled.FRESH * VOLUME - rest) * math.exp(-handled.DECAY * 12 * H)
    assert note["amounts"]["medium.factor"] == pytest.approx(before / 20, rel=CLOSE)
    first = left + (LEVEL - left) / 20  # the sample was replaced, too
    assert found.course("agent.agent")[at] == pytest.approx((first + LEVEL) / 2 + LEVEL, rel=CLOSE)
    fresh = handled.FRESH * VOLUME
    after = ((before * 19 + fresh) / 20 + fresh) / 2 + ADDED.concentration * VOLUME
    assert found.course("medium.factor")[at] == pytest.approx(after, rel=CLOSE)


def test_one_change_of_all_is_the_same_as_two_of_what_is_left() -> None:
    """Order at one time is that of the list: half, then half of that, leaves a quarter."""
    model = handled.model()
    halves = tuple(Handling(12 * H, VOLUME / 2, VOLUME / 2) for _ in range(2))
    found = run_of(replace(model, arms=(replace(model.arms[0], handling=halves),)))
    at = int(np.flatnonzero(found.times == 12 * H)[0])
    shed = handled.CELLS * handled.SHED * 12 * H
    assert found.course(f"medium.free:{VESICLES}")[at] == pytest.approx(shed / 4, rel=CLOSE)


def transwell() -> ResolvedModel:
    """Insert over well, stirred; pores so few that nothing passes in a day."""
    parts = (Compartment("insert", 1e12, 2000.0), Compartment("well", 2e12, 2000.0, 1, ("cell",)))
    model = handled.model(domain=Domain("transwell", 3e12, 2000.0, "stirred", parts))
    pores = handled.parameters({"vessel.pore_diameter": (0.4, "um"), "vessel.pore_density": (1e-12, "1/um^2"),
                                "vessel.membrane_thickness": (10.0, "um")})
    hands = (Handling(6 * H, 5e11, 0.0, "well", is_sample=True), Handling(12 * H, 5e11, 5e11, "insert"))
    added = (Addition("factor", 1e-2, 2 * H, "insert"), Addition("factor", 1e-3, 3 * H))
    arm = replace(model.arms[0], handling=hands, additions=added)
    return replace(model, arms=(arm,), parameters={**model.parameters, **pores})


def test_hands_reach_one_compartment_of_a_transwell() -> None:
    """The factor in the insert only decays: C(t) = sum of what came times exp(-k t), halved by the change.

    Pores of 1e-12 per um^2 let 1e-9 of it pass in a day: below the tolerance.
    """
    model = transwell()
    found = run_of(model)
    at = int(np.flatnonzero(found.times == 12 * H)[0])

    def insert(time: float) -> float:
        came = ((0.0, handled.FRESH), (2 * H, 1e-2), (3 * H, 1e-3))
        return 1e12 * sum(level * math.exp(-handled.DECAY * (time - start)) for start, level in came if start <= time)

    course = found.course("insert.factor")
    assert course[at - 1] == pytest.approx(insert(11 * H), rel=1e-7)
    assert course[at] == pytest.approx(insert(12 * H) / 2 + 5e11 * handled.FRESH, rel=1e-7)
    shed = handled.CELLS * handled.SHED
    assert found.course(f"well.free:{VESICLES}")[6] == pytest.approx(shed * 6 * H * 0.75, rel=1e-7)
    assert volumes_at(model, model.arms[0], 7 * H) == {"insert": 1e12, "well": 1.5e12}
    assert abs(ledger(model, found).residual) < 1e-12


def test_all_vesicles_and_cargo_of_many_kinds_are_accounted_for() -> None:
    """Donors and recipients that die, still and stirred, with samples and changes on the way."""
    model = kinds_model()
    hands = (Handling(5 * H, 1e11, 0.0, is_sample=True), Handling(24 * H, 1.9e12, 1.9e12))
    still = Domain("dish", VOLUME, 2079.0, "still", (Compartment("medium", VOLUME, 2079.0, 4, ("donor", "taker")),))
    for domain in (model.domain, still):
        one = replace(model, domain=domain, arms=(replace(model.arms[0], handling=hands),))
        found = run_of(one)
        for token in (None, "mir", "receptor", "ligand"):
            account = ledger(one, found, token)
            assert abs(account.residual) < 1e-9
            assert account.removed > 0.0


def test_a_resumed_run_has_the_same_bits(tmp_path: Path) -> None:
    """Stopped after its first arm; the second takes vesicles from the medium of the first, whose samples are kept."""
    model = handled.model()
    second = replace(model.arms[0], name="second", handling=(CHANGE,), additions=(replace(ADDED, at=0.0),))
    model = replace(model, arms=(*model.arms, second))

    def run_into(folder: Path, **options: object) -> results.Results:
        return simulate.run(model, folder, model_text="vesica: 1\n", spec_text="one\n", summarise=summarise_replicates,
                            **options)

    def stop(_share: float, _what: str) -> None:
        raise KeyboardInterrupt

    whole = run_into(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run_into(tmp_path / "cut", report_progress=stop)
    resumed = run_into(tmp_path / "cut", resume=True)
    for arm, of in itertools.product(("handled", "second"), ("values", "notes")):
        here, there = (getattr(one, of)(arm, 0) for one in (whole, resumed))
        assert np.array_equal(here, there, equal_nan=True) if of == "values" else here == there
    assert resumed.summary == whole.summary
