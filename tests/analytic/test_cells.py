"""Signals, own cargo, secretion and death against their closed forms, through the whole engine."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from tests.analytic.builders import LUMEN, H, build, run
from vesica.engine import well_mixed
from vesica.spec.cells import CellType, Signal
from vesica.spec.resolved import Arm, Exposure, ResolvedModel, Rule

N_CELLS = 1e6
BASAL, DECAY, FOLD, HALF = 2.0, 1 / H, 5.0, 1e-3
FACTOR = 1 + (FOLD - 1) * 9 / 10  # hill at three half-maxima, n = 2: 9 / (1 + 9)


def rule(target: str) -> Rule:
    return Rule("stimulus", "cell", "agent", "increases", target, "agent raises it")


def cell_model(exposure: Exposure, target: str, **changes: float) -> ResolvedModel:
    cell = CellType("cell", "cell", (Signal("alarm"),), ("mir",), solubles=("factor",), can_die=True,
                    secretes_vesicles=False, takes_up_vesicles=False)
    values = {"rule.stimulus.half_max": HALF, "rule.stimulus.fold": FOLD}
    values |= {name.replace("__", "."): value for name, value in changes.items()}
    return build((cell,), (Arm("arm", {"cell": N_CELLS}, exposures=(exposure,)),), values, cargo=(LUMEN,),
                 agents=("agent",), rules=(rule(target),), solubles=("factor",))


ALWAYS = Exposure("agent", (0.0,), (3 * HALF,))


@pytest.mark.parametrize("pool", ["alarm", "mir"])
def test_birth_and_death_of_signal_and_cargo(pool: str) -> None:
    """x = b/d (1 - exp(-d t)) + x0 exp(-d t), rest x0 = BASAL, b = FACTOR BASAL d; `Run.bound`.

    Kernels: `production` (signal), `synthesis` (cargo), `modulated` (the rule).
    """
    found = run(cell_model(ALWAYS, f"{pool}_production", **{f"cell__{pool}__basal": BASAL,
                                                            f"cell__{pool}__decay_rate": DECAY}))
    gone = np.exp(-DECAY * found.times)
    exact = FACTOR * BASAL * (1 - gone) + BASAL * gone
    assert np.abs(found[f"cell.{pool}"] - exact).max() <= found.bound(FACTOR * BASAL)


COMBINED = {"one": ("agent", 4.0, False), "two": ("other", 0.25, False), "three": ("agent", 3e-4, True),
            "four": ("other", 5e-4, True)}  # source, factor or 1/s, whether it adds


@pytest.mark.parametrize("order", list(itertools.permutations(COMBINED)), ids="-".join)
def test_rules_add_first_and_multiply_then_in_any_order(order: tuple[str, ...]) -> None:
    """Two that multiply and two that add, in all 24 orders: rate = (b d + sum a h) prod (1 + (F - 1) h).

    ``agent`` stands at three half-maxima, h = 9/10, ``other`` at one, h = 1/2. One value of the table is that rate: two
    sums and two products of three roundings each, 12 x 1.1e-16 of it. Kernels: `added`, `modulated`.
    """
    rules = tuple(Rule(key, "cell", COMBINED[key][0], "increases", "alarm_production", key, adds=COMBINED[key][2])
                  for key in order)
    values = {f"rule.{key}.half_max": HALF for key in order}
    values |= {"cell.alarm.basal": BASAL, "cell.alarm.decay_rate": DECAY}
    values |= {rule.strength: COMBINED[rule.key][1] for rule in rules}
    cell = CellType("cell", "cell", (Signal("alarm"),), secretes_vesicles=False, takes_up_vesicles=False)
    exposures = (ALWAYS, Exposure("other", (0.0,), (HALF,)))
    found = run(build((cell,), (Arm("arm", {"cell": N_CELLS}, exposures=exposures),), values,
                      agents=("agent", "other"), rules=rules, duration=1.0, every=1.0))
    last = [key for key in order if not COMBINED[key][2]][-1]
    exact = (BASAL * DECAY + 3e-4 * 0.9 + 5e-4 * 0.5) * (1 + 3.0 * 0.9) * (1 - 0.75 * 0.5)
    assert found.derived(f"cell.alarm_production|{last}") == pytest.approx(exact, rel=12 * 1.1e-16)
    assert found.derived(f"cell.alarm_production|{last}") != pytest.approx(exact + 3e-4 * 0.9, rel=1e-3)


def test_a_rule_adds_to_a_rate_that_is_zero() -> None:
    """Without a basal level the signal rises to a h/d alone: x = a h/d (1 - exp(-d t)); `Run.bound`."""
    model = cell_model(ALWAYS, "alarm_production", cell__alarm__decay_rate=DECAY)
    rules = tuple(replace(rule, adds=True) for rule in model.rules)
    numbers = dict(model.parameters)
    numbers["rule.stimulus.added"] = replace(numbers.pop("rule.stimulus.fold"), path="rule.stimulus.added", value=2e-3)
    found = run(replace(model, rules=rules, parameters=numbers))
    exact = 2e-3 * 0.9 / DECAY * (1 - np.exp(-DECAY * found.times))
    assert np.abs(found["cell.alarm"] - exact).max() <= found.bound(exact.max())


def test_without_its_receptor_a_signal_is_not_made_whatever_is_added() -> None:
    """It decays from its start to nothing; with the receptor it would stand at 0.9/d = 3240."""
    cell = CellType("cell", "cell", (Signal("alarm", requires="mir"),), ("mir",),
                    secretes_vesicles=False, takes_up_vesicles=False)
    values = {"rule.stimulus.half_max": HALF, "rule.stimulus.added": 1.0, "cell.alarm.decay_rate": DECAY,
              "cell.alarm.basal": 1.0, "cell.alarm.reference": 1.0}
    found = run(build((cell,), (Arm("arm", {"cell": N_CELLS}, exposures=(ALWAYS,)),), values, cargo=(LUMEN,),
                      agents=("agent",), rules=(replace(rule("alarm_production"), adds=True),)))
    assert found["cell.alarm"].max() <= found.bound(0.0)


def test_a_rule_on_decay_moves_level_and_time_constant() -> None:
    """Decay FACTOR d: x goes from BASAL to BASAL/FACTOR with exp(-FACTOR d t); `Run.bound`."""
    found = run(cell_model(ALWAYS, "alarm_decay", cell__alarm__basal=BASAL, cell__alarm__decay_rate=DECAY))
    gone = np.exp(-FACTOR * DECAY * found.times)
    assert np.abs(found["cell.alarm"] - BASAL * (gone + (1 - gone) / FACTOR)).max() <= found.bound(BASAL)


def test_a_signal_that_requires_a_receptor_follows_its_copies() -> None:
    """Signal made at basal x d x copies/reference; copies relax from c to FACTOR c with rate r.

    With copies = c (F - (F - 1) exp(-r t)), ds/dt = d (copies/reference) - d s gives
    s = (c/ref) (F - (F - 1) (d exp(-r t) - r exp(-d t))/(d - r)), s(0) = c/ref; `Run.bound`.
    Kernels: `receptor_share` and `product`.
    """
    r, d, copies, reference = 0.3 / H, DECAY, 4e3, 2e3
    cell = CellType("cell", "cell", (Signal("alarm", requires="mir"),), ("mir",),
                    secretes_vesicles=False, takes_up_vesicles=False)
    changes = {"rule.stimulus.half_max": HALF, "rule.stimulus.fold": FOLD, "cell.alarm.decay_rate": d,
               "cell.alarm.basal": 1.0, "cell.alarm.reference": reference, "cell.mir.basal": copies,
               "cell.mir.decay_rate": r}
    found = run(build((cell,), (Arm("arm", {"cell": N_CELLS}, exposures=(ALWAYS,)),), changes, cargo=(LUMEN,),
                      agents=("agent",), rules=(rule("mir_production"),)))
    shape = (d * np.exp(-r * found.times) - r * np.exp(-d * found.times)) / (d - r)
    exact = copies / reference * (FACTOR - (FACTOR - 1) * shape)
    # an error of the copies reaches the signal divided by the reference
    bound = found.bound(FACTOR * 2) + found.bound(FACTOR * copies) / reference
    assert np.abs(found["cell.alarm"] - exact).max() <= bound


def test_secretion_and_loss_of_a_soluble() -> None:
    """Total in the medium = n s/k (1 - exp(-k t)); one pool of the dish, `Run.bound` per dish."""
    rate, loss = 10.0, 1e-4
    found = run(cell_model(Exposure("agent", (0.0,), (0.0,)), "alarm_production",
                           cell__factor__secretion_rate=rate, factor__decay_rate=loss))
    exact = N_CELLS * rate / loss * (1 - np.exp(-loss * found.times))
    assert np.abs(found["medium.factor"] - exact).max() <= found.bound(exact[-1], per_dish=True)


def test_a_rule_reads_the_concentration_of_a_soluble() -> None:
    """A factor that raises death: hazard h (1 + (F - 1) c/(c + K)), c = n s t/V without loss.

    The integral of the hazard is h (t + (F - 1) (t - T ln(1 + t/T))), T = K V/(n s), for a
    Hill coefficient of one. Kernel: `concentration`.
    """
    cell = CellType("cell", "cell", can_die=True, secretes_vesicles=False, takes_up_vesicles=False)
    maker = CellType("maker", "maker", solubles=("factor",), secretes_vesicles=False, takes_up_vesicles=False)
    hazard, secretion, half, volume = 0.01 / H, 10.0, 2e-1, 2e12
    law = Rule("kill", "cell", "factor", "increases", "death_rate", "factor raises death")
    changes = {"rule.kill.half_max": half, "rule.kill.fold": FOLD, "rule.kill.hill": 1.0,
               "cell.death_rate": hazard, "maker.factor.secretion_rate": secretion}
    arm = Arm("arm", {"cell": 1.0, "maker": N_CELLS})
    found = run(build((cell, maker), (arm,), changes, rules=(law,), solubles=("factor",), volume=volume))
    scale = half * volume / (N_CELLS * secretion)
    total = hazard * (found.times + (FOLD - 1) * (found.times - scale * np.log1p(found.times / scale)))
    assert np.abs(found["cell.alive"] - np.exp(-total)).max() <= found.bound(1.0)
    assert np.abs(found["cell.alive"] + found["cell.dead"] - 1.0).max() < 1e-12  # rounding of 200 steps


def pulse_model() -> ResolvedModel:
    begin = 10 * H
    return cell_model(Exposure("agent", (begin, begin + 60.0), (3 * HALF, 0.0)), "alarm_production",
                      cell__alarm__basal=BASAL, cell__alarm__decay_rate=DECAY)


def pulse_error() -> tuple[float, float]:
    """Largest error of the pulse's closed form, and the bound.

    A pulse of length w adds BASAL (F - 1)(1 - exp(-d w)) exp(-d (t - end)) to the rest.
    """
    found = run(pulse_model())
    after = found.times - (10 * H + 60.0)
    added = BASAL * (FACTOR - 1) * (1 - math.exp(-DECAY * 60.0)) * np.exp(-DECAY * np.maximum(after, 0.0))
    exact = BASAL + np.where(after > 0, added, 0.0)
    return float(np.abs(found["cell.alarm"] - exact).max()), found.bound(BASAL)


def test_a_pulse_of_one_minute_in_a_day_is_not_stepped_over() -> None:
    error, bound = pulse_error()
    assert error <= bound


def test_without_edges_the_pulse_would_be_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shows that the test above can fail: the whole signal of the pulse, 0.06 exp(-...), is lost."""
    monkeypatch.setattr(well_mixed, "edges", lambda schedule, _arm, _snapshots: [0.0, schedule.duration])
    error, bound = pulse_error()
    assert error > 1e-2 > bound


def test_an_edge_one_rounding_away_from_an_output_time() -> None:
    """3.3 h is 11880 s, and three times 1.1 h is 11880.000000000002 s: no step fits between them.

    Closed form as for birth and death, from the edge on; `Run.bound`.
    """
    model = cell_model(Exposure("agent", (3.3 * H,), (3 * HALF,)), "alarm_production",
                       cell__alarm__basal=BASAL, cell__alarm__decay_rate=DECAY)
    model = replace(model, schedule=replace(model.schedule, duration=11 * H, every=1.1 * H))
    found = run(model)
    assert 3 * (1.1 * H) != 3.3 * H
    assert found.times[3] == 3.3 * H  # times closer than a microsecond are one
    gone = np.exp(-DECAY * np.maximum(found.times - 3.3 * H, 0.0))
    exact = BASAL * (FACTOR - (FACTOR - 1) * gone)
    assert np.abs(found["cell.alarm"] - exact).max() <= found.bound(FACTOR * BASAL)


def test_resting_cells_stand_still() -> None:
    """Without exposure nothing moves: the rest found is a fixed point to `Run.bound`."""
    found = run(cell_model(Exposure("agent", (0.0,), (0.0,)), "alarm_production", cell__alarm__basal=BASAL,
                           cell__alarm__decay_rate=DECAY, cell__mir__basal=1e4,
                           cell__mir__decay_rate=1 / (20 * H)))
    assert np.abs(found["cell.alarm"] - BASAL).max() <= found.bound(BASAL)
    assert np.abs(found["cell.mir"] - 1e4).max() <= found.bound(1e4)
