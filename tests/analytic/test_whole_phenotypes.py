"""Phenotypes of single cells: each is in one state, changes at its hazard, and dies of one cause.

Cells are independent, so what many of them do at a time are draws of one law: `chances.law_chance`, which fails by
chance less often than `ALARM` = 1e-9. Each test says how far from its law a shift would be found.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from tests.analytic.builders import LUMEN, H, build
from tests.analytic.test_phenotypes import DOWN, FATE, TWO, UP, cells
from tests.chances import ALARM, law_chance
from tests.models import phenotypes_model
from vesica.engine.naming import Names
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.well_mixed import Trajectory, run_arm
from vesica.engine.whole.run import trajectories
from vesica.maths import hill
from vesica.spec.cells import CellType, Signal
from vesica.spec.resolved import Arm, Exposure, ResolvedModel, Rule

N = 10_000


class Followed:
    """A replicate of whole numbers: counts of cells by pool, at each time of output."""

    def __init__(self, model: ResolvedModel, number: int = N) -> None:
        kinds = tuple(replace(kind, secretes_vesicles=True) for kind in model.cells)  # of no vesicle: rates are zero
        model = replace(model, cells=kinds)
        schedule = replace(model.schedule, fidelity="stochastic", cells_at_most=number, window=H / 2)
        self.model = replace(model, schedule=schedule)
        self.program = compile_model(self.model)
        self.number = number
        (self.found,) = trajectories(self.program, 0)
        assert self.found.message == ""

    @property
    def times(self) -> np.ndarray:
        return self.found.times

    def mean(self, pool: str) -> np.ndarray:
        """(time,) over all cells."""
        return self.found.values[:, self.program.species.index(pool)]

    def count(self, pool: str) -> np.ndarray:
        """(time,) cells."""
        exact = self.mean(pool) * self.number
        assert np.abs(exact - np.round(exact)).max() < 1e-6
        return np.round(exact).astype(int)

    def chance(self, laws: dict[str, np.ndarray]) -> float:
        """The smallest chance, over times, of how many cells each pool counts; ``laws`` (time,) add up to one."""
        counts = np.array([self.count(pool) for pool in laws])
        assert (counts.sum(axis=0) == self.number).all()
        return min(law_chance(np.repeat(np.arange(len(laws)), seen), law)
                   for seen, law in zip(counts.T, np.array(list(laws.values())).T, strict=True))


def of(kind: CellType, number: int = N, rules: tuple[Rule, ...] = (), arm: Arm | None = None,
       **values: float) -> Followed:
    """Such cells; ``a__b`` is the parameter ``cell.a.b``."""
    changes = {name.replace("__", ".") if name.startswith("rule__") else f"cell.{name.replace('__', '.')}": value
               for name, value in values.items()}
    arm = Arm("arm", {"cell": float(number)}) if arm is None else arm
    agents = tuple(one.agent for one in arm.exposures)
    return Followed(build((kind,), (arm,), changes, rules=rules, agents=agents), number)


def test_two_states_from_drawn_starts() -> None:
    """At every time a cell is angry with the chance of the closed form, also at the start, where shares are drawn.

    9 standard errors of 10,000 are 0.045 at most: so far off it would be found.
    """
    found = of(cells(TWO), calm_to_angry__hazard=UP, angry_to_calm__hazard=DOWN, calm__initial=0.7, angry__initial=0.3)
    share = UP / (UP + DOWN)
    angry = share + (0.3 - share) * np.exp(-(UP + DOWN) * found.times)
    assert found.chance({"cell.calm": 1 - angry, "cell.angry": angry}) > ALARM


def test_a_hazard_that_is_a_fifth_too_high_is_found() -> None:
    """Planted: the check above can fail."""
    found = of(cells(TWO), calm_to_angry__hazard=1.2 * UP, calm__initial=1.0)
    angry = -np.expm1(-UP * found.times)
    assert found.chance({"cell.calm": 1 - angry, "cell.angry": angry}) < ALARM


def test_a_chain_that_settles_starts_at_its_law_and_stays() -> None:
    settling = replace(TWO, settles=True)
    found = of(cells(settling), calm_to_angry__hazard=UP, angry_to_calm__hazard=DOWN)
    angry = np.full(found.times.size, UP / (UP + DOWN))
    assert found.chance({"cell.calm": 1 - angry, "cell.angry": angry}) > ALARM


def test_deaths_compete_and_wait_exponentially() -> None:
    """Times of death fall into the intervals of output with the chances of the exponential law, and the dead are of
    each kind in the shares h_i / sum h, whenever they died: one law over (kind, interval).
    """
    hazards = {"died_of:apoptotic": 0.02 / H, "died_of:pyroptotic": 0.05 / H, "other": 0.01 / H}
    found = of(cells(FATE), healthy_to_apoptotic__hazard=hazards["died_of:apoptotic"], healthy__initial=1.0,
               healthy_to_pyroptotic__hazard=hazards["died_of:pyroptotic"], death_rate=hazards["other"])
    total = sum(hazards.values())
    known = {name: found.count(f"cell.{name}") for name in hazards if name != "other"}
    known["other"] = found.count("cell.dead") - sum(known.values())
    assert (found.count("cell.healthy") == found.count("cell.alive")).all()
    seen = np.concatenate([np.diff(known[name]) for name in hazards] + [found.count("cell.alive")[-1:]])
    intervals = -np.diff(np.exp(-total * found.times))
    law = np.concatenate([hazard / total * intervals for hazard in hazards.values()]
                         + [np.exp(-total * found.times[-1:])])
    assert seen.sum() == N
    assert law_chance(np.repeat(np.arange(law.size), seen), law) > ALARM
    swapped = np.concatenate([law[intervals.size:2 * intervals.size], law[:intervals.size], law[2 * intervals.size:]])
    assert law_chance(np.repeat(np.arange(law.size), seen), swapped) < ALARM  # kinds confused


def test_a_hazard_that_a_signal_raises_counts_by_its_integral() -> None:
    """As in the mean field, cell by cell. Windows of half an hour hold the signal at their middle: the hazard's
    integral is that of the midpoint rule, off by less than T w^2 max h'' / 24 = 4e-4 here, a twentieth of a standard
    error of 2,000 cells.
    """
    decay, top, fold, half, hazard = 0.2 / H, 4.0, 12.0, 2.0, 0.01 / H
    rules = (Rule("drug", "cell", "drug", "increases", "alarm_production", ""),
             Rule("kill", "cell", "alarm", "increases", "healthy_to_pyroptotic", ""))
    basal = 1e-6
    arm = Arm("arm", {"cell": 2000.0}, exposures=(Exposure("drug", (0.0,), (1.0,)),))
    found = of(cells(FATE, signals=(Signal("alarm"),)), 2000, rules=rules, arm=arm,
               healthy_to_pyroptotic__hazard=hazard, alarm__basal=basal, alarm__decay_rate=decay, healthy__initial=1.0,
               rule__drug__fold=2 * top / basal - 1.0, rule__drug__half_max=1.0, rule__kill__fold=fold,
               rule__kill__half_max=half)

    def rate(time: float) -> float:
        return hazard * (1 + (fold - 1) * hill(basal + (top - basal) * -math.expm1(-decay * time), half, 2.0))

    alive = np.exp([-quad(rate, 0.0, time, epsabs=1e-12)[0] for time in found.times])
    assert alive[-1] < 0.3
    assert found.chance({"cell.healthy": alive, "cell.died_of:pyroptotic": 1 - alive}) > ALARM
    mean = np.exp(-rate(0.0) * found.times)  # planted: the hazard of the start
    assert found.chance({"cell.healthy": mean, "cell.died_of:pyroptotic": 1 - mean}) < ALARM


def test_angry_cells_die_sooner() -> None:
    """Owned hazards of death act on the cell that is in the state: p_s(t) = p_s(0) exp(-m_s h t)."""
    mood = replace(TWO, states=(replace(TWO.states[0]), replace(TWO.states[1], owns=("death_rate",))))
    hazard = 0.05 / H
    found = of(cells(mood, can_die=True), calm__initial=0.5, angry__initial=0.5, angry__death_rate=4.0,
               death_rate=hazard)
    calm, angry = (0.5 * np.exp(-m * hazard * found.times) for m in (1.0, 4.0))
    assert found.chance({"cell.calm": calm, "cell.angry": angry, "cell.dead": 1 - calm - angry}) > ALARM


def test_a_cell_is_in_one_state_of_each_chain_or_dead() -> None:
    """The whole model: traced cells are in exactly one state of both chains while they live, and in none after."""
    found = _whole_model()
    trace = {name: found.found.trace[:, :, found.program.species.index(f"taker.{name}")]
             for name in ("calm", "angry", "thin", "thick", "alive", "dead", "died_of:burst")}
    assert all(np.isin(of, (0.0, 1.0)).all() for of in trace.values())
    assert (trace["calm"] + trace["angry"] == trace["alive"]).all()
    assert (trace["thin"] + trace["thick"] == trace["alive"]).all()
    assert (trace["alive"] + trace["dead"] == 1.0).all()
    assert (trace["died_of:burst"] <= trace["dead"]).all()
    assert (np.diff(found.count("taker.died_of:burst")) >= 0).all()
    assert found.count("taker.died_of:burst")[-1] > 0


def _whole_model(number: int = 300) -> Followed:
    base = phenotypes_model()
    model = replace(base, arms=(Arm("arm", {"taker": float(number)}),),
                    schedule=replace(base.schedule, duration=24 * H, every=2 * H))
    return Followed(model, number)


@pytest.fixture(scope="module")
def owned() -> tuple[Followed, Trajectory]:
    """Cells that make a cargo eight times as fast while they are angry; whole numbers, and the mean field."""
    mood = replace(TWO, settles=True, states=(TWO.states[0], replace(TWO.states[1], owns=("mir_production",))))
    kind = cells(mood, cargo=("mir",))
    values = {"cell.calm_to_angry.hazard": UP, "cell.angry_to_calm.hazard": DOWN, "cell.mir.basal": 40.0,
              "cell.mir.decay_rate": 0.2 / H, "cell.angry.mir_production": 8.0}
    model = build((kind,), (Arm("arm", {"cell": 2000.0}),), values, cargo=(LUMEN,))
    whole = Followed(model, 2000)
    means = replace(whole.model, schedule=model.schedule)
    return whole, run_arm(compile_model(means), model.arms[0], parameter_row(means, model.arms[0]), {})


def test_rates_that_a_phenotype_owns_agree_with_the_mean_field(owned: tuple[Followed, Trajectory]) -> None:
    """Linear in the state, so means agree exactly; a z-test at every time, with false alarm 1e-9 together.

    A cell's copies are Poisson around a mean that follows its mood: variance = mean + v (a (m - 1))^2 d / (d + r)
    with a = 40, m = 8, v the variance of being angry, d the decay and r the relaxation of the mood.
    Starting cells settled for four lifetimes from the common mean: 2 % of the difference is left, and no mean moves.
    """
    whole, mean = owned
    exact = mean.values[:, whole.program.species.index("cell.mir")]
    share, decay, relax = UP / (UP + DOWN), 0.2 / H, UP + DOWN
    variance = exact + share * (1 - share) * (40.0 * 7.0) ** 2 * decay / (decay + relax)
    z = np.abs(whole.mean("cell.mir") - exact) / np.sqrt(variance / 2000)
    assert z.max() < stats.norm.isf(ALARM / 2 / z.size)
    assert exact[0] == pytest.approx(40.0 * (1 + 7.0 * share), rel=1e-6)


def test_dying_cells_fall_apart_and_nothing_is_lost() -> None:
    """A cell that enters a phenotype that dies turns into apoptotic vesicles as any other: 60 each."""
    kind = cells(FATE, forms_apoptotic_vesicles=True, takes_up_vesicles=True)
    found = of(kind, 500, healthy_to_apoptotic__hazard=0.05 / H, healthy__initial=1.0)
    dead = found.count("cell.dead")
    assert dead[-1] > 100
    assert (dead == found.count("cell.died_of:apoptotic")).all()
    made = found.mean("cell.made:cell~apoptotic") * 500
    assert np.abs(made - 60 * dead).max() < 1e-6


def test_death_by_phenotype_that_is_forgotten_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: cells that entered a phenotype that dies go on living."""
    from vesica.engine.whole import step

    monkeypatch.setattr(step, "_have_died", lambda _dish, cells: np.zeros(cells.number, dtype=bool))
    found = of(cells(FATE), 200, healthy_to_apoptotic__hazard=0.05 / H, healthy__initial=1.0)
    assert not (found.count("cell.dead") == found.count("cell.died_of:apoptotic")).all()


def test_the_mean_factor_for_every_cell_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: angry and calm cells die at the same mean hazard, and `test_angry_cells_die_sooner` sees it."""
    real = Names._owned
    monkeypatch.setattr(Names, "_owned", lambda self, cell, chain, name, within: self.table.assign(
        "mean", "total", "1", real(self, cell, chain, name, "angry")) if name == "death_rate" else "1")
    with pytest.raises(AssertionError):
        test_angry_cells_die_sooner()
