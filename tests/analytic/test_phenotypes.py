"""Phenotypes as Markov chains: relaxation, resting law, competing deaths, hazards that change, rates they own."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from tests.analytic.builders import LUMEN, H, Run, build, run
from tests.models import phenotypes_model
from vesica.biology.phenotype import owned_factor
from vesica.engine.naming import Names
from vesica.engine.processes import process_table
from vesica.engine.table import imbalances
from vesica.maths import hill
from vesica.spec.cells import CellType, Chain, ChainState, Signal
from vesica.spec.resolved import Arm, Exposure, Rule

UP, DOWN = 0.05 / H, 0.03 / H
ARM = Arm("arm", {"cell": 1e6})
TWO = Chain("mood", (ChainState("calm"), ChainState("angry")), (("calm", "angry"), ("angry", "calm")))
FATE = Chain("fate", (ChainState("healthy"), ChainState("apoptotic", dies=True), ChainState("pyroptotic", dies=True)),
             (("healthy", "apoptotic"), ("healthy", "pyroptotic")))


def cells(*chains: Chain, **of: object) -> CellType:
    """A cell type that neither makes nor takes up vesicles."""
    dies = any(state.dies for chain in chains for state in chain.states)
    kind = CellType("cell", "cell", secretes_vesicles=False, takes_up_vesicles=False, can_die=dies, chains=chains)
    return replace(kind, **of)  # type: ignore[arg-type]


def of(kind: CellType, **values: float) -> Run:
    """A run of such cells; ``a__b`` is the parameter ``cell.a.b``."""
    changes = {f"cell.{name.replace('__', '.')}": value for name, value in values.items()}
    return run(build((kind,), (ARM,), changes, cargo=tuple(one for one in (LUMEN,) if one.name in kind.cargo)))


def test_the_factor_of_a_chain_is_the_mean_over_its_states() -> None:
    """Kernel: `owned_factor`. A cell is in one state, and feels its factor to the last bit."""
    shares, factors = (0.5, 0.3, 0.2), (1.0, 5.0, 0.0)
    total = 0.0
    for share, factor in zip(shares, factors, strict=True):
        total = owned_factor(total, share, factor)
    assert total == pytest.approx(0.5 + 1.5, rel=1e-15)
    assert owned_factor(owned_factor(0.0, 0.0, 1.0), 1.0, 0.3) == 0.3


def test_two_states_relax_to_their_balance() -> None:
    """p_angry = u/(u+d) + (p0 - u/(u+d)) exp(-(u+d) t). `Run.bound`."""
    found = of(cells(TWO), calm_to_angry__hazard=UP, angry_to_calm__hazard=DOWN, calm__initial=0.9, angry__initial=0.1)
    share = UP / (UP + DOWN)
    exact = share + (0.1 - share) * np.exp(-(UP + DOWN) * found.times)
    assert np.abs(found["cell.angry"] - exact).max() <= found.bound(1.0)
    assert np.abs(found["cell.calm"] + found["cell.angry"] - 1.0).max() <= found.bound(1.0)


def test_a_chain_that_settles_starts_at_its_stationary_law() -> None:
    """A circle of three states with hazards a, b, c is in them in the shares 1/a : 1/b : 1/c, and stays there."""
    names, hazards = ("one", "two", "three"), np.array([0.1, 0.3, 0.5]) / H
    ways = tuple(zip(names, (*names[1:], names[0]), strict=True))
    chain = Chain("circle", tuple(map(ChainState, names)), ways, settles=True)
    found = of(cells(chain), **{f"{a}_to_{b}__hazard": h for (a, b), h in zip(ways, hazards, strict=True)})
    exact = (1.0 / hazards) / (1.0 / hazards).sum()
    for name, share in zip(names, exact, strict=True):
        assert np.abs(found[f"cell.{name}"] - share).max() <= found.bound(1.0)


def test_a_chain_that_does_not_settle_stands_still_before_the_run() -> None:
    """180 days at 0.05 1/h would have left nobody calm."""
    found = of(cells(TWO), calm_to_angry__hazard=UP, calm__initial=1.0)
    assert found["cell.calm"][0] == 1.0
    assert np.abs(found["cell.calm"] - np.exp(-UP * found.times)).max() <= found.bound(1.0)


def test_deaths_compete() -> None:
    """By kind they are in the shares h_i / sum h at all times, of all that died: 1 - exp(-t sum h). `Run.bound`."""
    hazards = {"apoptotic": 0.02 / H, "pyroptotic": 0.05 / H, "other": 0.01 / H}
    found = of(cells(FATE), healthy_to_apoptotic__hazard=hazards["apoptotic"], healthy__initial=1.0,
               healthy_to_pyroptotic__hazard=hazards["pyroptotic"], death_rate=hazards["other"])
    total = sum(hazards.values())
    dead = -np.expm1(-total * found.times)
    assert np.abs(found["cell.dead"] - dead).max() <= found.bound(1.0)
    for kind in ("apoptotic", "pyroptotic"):
        assert np.abs(found[f"cell.died_of:{kind}"] - hazards[kind] / total * dead).max() <= found.bound(1.0)


def test_those_who_die_sooner_are_fewer_among_the_living() -> None:
    """Angry cells die m times as fast and nobody changes: p_s(t) = p_s(0) exp(-h_s t), and the living are their sum.

    At the end the share of the angry among the living has fallen from a half to exp(-h (m - 1) t) of the odds.
    """
    mood = replace(TWO, states=(ChainState("calm"), ChainState("angry", owns=("death_rate",))))
    hazard, times = 0.05 / H, 4.0
    found = of(cells(mood, can_die=True), calm__initial=0.5, angry__initial=0.5, angry__death_rate=times,
               death_rate=hazard)
    exact = {"calm": 0.5 * np.exp(-hazard * found.times), "angry": 0.5 * np.exp(-times * hazard * found.times)}
    for name, share in exact.items():
        assert np.abs(found[f"cell.{name}"] - share).max() <= found.bound(1.0)
    assert np.abs(found["cell.alive"] - sum(exact.values())).max() <= found.bound(1.0)


def test_the_mean_hazard_for_all_states_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: every state dies at the mean hazard, and the test above sees it."""
    real = Names.rate
    monkeypatch.setattr(Names, "rate", lambda self, cell, name, base=None, within="": real(self, cell, name, base))
    with pytest.raises(AssertionError):
        test_those_who_die_sooner_are_fewer_among_the_living()


def test_a_death_by_one_chain_takes_the_cell_out_of_the_others() -> None:
    """Two independent chains: p_mood(t) = f_mood(t) exp(-h t), f_mood as if nobody died. `Run.bound`."""
    found = of(cells(FATE, TWO), healthy_to_apoptotic__hazard=0.1 / H, healthy__initial=1.0, calm__initial=1.0,
               calm_to_angry__hazard=UP, angry_to_calm__hazard=DOWN)
    alive = np.exp(-0.1 / H * found.times)
    share = UP / (UP + DOWN) * -np.expm1(-(UP + DOWN) * found.times)
    assert np.abs(found["cell.alive"] - alive).max() <= found.bound(1.0)
    assert np.abs(found["cell.angry"] - share * alive).max() <= found.bound(1.0)
    assert np.abs(found["cell.calm"] + found["cell.angry"] - found["cell.alive"]).max() <= found.bound(1.0)


def test_few_survivors_are_still_told_apart_by_phenotype() -> None:
    """One in a million lives; the share of the living in each state is known to the relative tolerance of 1e-9.

    1e-6 is allowed: a few hundred steps, each within a few tolerances.
    """
    found = of(cells(FATE, TWO), healthy_to_apoptotic__hazard=0.5757 / H, healthy__initial=1.0, calm__initial=0.5,
               angry__initial=0.5, calm_to_angry__hazard=UP, angry_to_calm__hazard=UP)
    assert found["cell.alive"][-1] == pytest.approx(1e-6, rel=0.02)
    assert found["cell.angry"][-1] / found["cell.alive"][-1] == pytest.approx(0.5, rel=1e-6)


def test_a_hazard_that_a_rule_changes_counts_by_its_integral() -> None:
    """A signal rises from 0 to S (1 - exp(-d t)); survival is exp(-integral of h (1 + (F - 1) hill(s, K, 2))).

    `Run.bound`; the integral is known to 1e-12.
    """
    decay, top, fold, half, hazard = 0.2 / H, 4.0, 12.0, 2.0, 0.01 / H
    rules = (Rule("drug", "cell", "drug", "increases", "alarm_production", ""),
             Rule("kill", "cell", "alarm", "increases", "healthy_to_pyroptotic", ""))
    basal = 1e-6  # of the alarm; the drug raises it to the top
    values = {"cell.alarm.basal": basal, "cell.alarm.decay_rate": decay, "cell.healthy_to_pyroptotic.hazard": hazard,
              "cell.healthy.initial": 1.0, "rule.drug.fold": 2 * top / basal - 1.0, "rule.drug.half_max": 1.0,
              "rule.kill.fold": fold, "rule.kill.half_max": half}
    arm = replace(ARM, exposures=(Exposure("drug", (0.0,), (1.0,)),))
    kind = cells(FATE, signals=(Signal("alarm"),))
    found = run(build((kind,), (arm,), values, rules=rules, agents=("drug",)))

    def level(time: float) -> float:
        return basal + (top - basal) * -math.expm1(-decay * time)

    def integral(time: float) -> float:
        return quad(lambda t: hazard * (1 + (fold - 1) * hill(level(t), half, 2.0)), 0.0, time, epsabs=1e-13)[0]

    exact = np.exp([-integral(time) for time in found.times])
    assert exact[-1] < 0.3
    assert np.abs(found["cell.alive"] - exact).max() <= found.bound(1.0)
    assert np.abs(found["cell.died_of:pyroptotic"] - (1.0 - exact)).max() <= found.bound(1.0)


def test_a_phenotype_changes_the_rates_it_owns() -> None:
    """Copies x of a cargo made m times as fast by angry cells: with share f = F (1 - exp(-r t)) of them,
    dx/dt = s (1 + (m - 1) f) - d x has the solution below. `Run.bound`.
    """
    mood = replace(TWO, states=(ChainState("calm"), ChainState("angry", owns=("mir_production",))))
    basal, decay, more = 1e4, 0.1 / H, 5.0
    found = of(cells(mood, cargo=("mir",)), calm__initial=1.0, calm_to_angry__hazard=UP, angry_to_calm__hazard=DOWN,
               mir__basal=basal, mir__decay_rate=decay, angry__mir_production=more)
    relax, share, t = UP + DOWN, UP / (UP + DOWN), found.times
    rise = share * (-np.expm1(-decay * t) - decay * (np.exp(-relax * t) - np.exp(-decay * t)) / (decay - relax))
    assert np.abs(found["cell.mir"] - basal * (1 + (more - 1) * rise)).max() <= found.bound(basal * more)


def test_a_rule_of_a_phenotype_on_its_own_way_out_is_that_of_a_cell_in_it() -> None:
    """`angry increases angry_to_calm`: a cell that can take this way is angry, so the effect is constant; and
    `angry increases calm_to_angry` does nothing, as a calm cell is not angry. So it is in single cells, and so here.
    """
    rules = (Rule("out", "cell", "angry", "increases", "angry_to_calm", ""),
             Rule("in", "cell", "angry", "increases", "calm_to_angry", ""))
    values = {"cell.calm_to_angry.hazard": UP, "cell.angry_to_calm.hazard": DOWN, "cell.calm.initial": 1.0,
              "rule.out.fold": 7.0, "rule.out.half_max": 1.0, "rule.in.fold": 7.0, "rule.in.half_max": 1.0}
    found = run(build((cells(TWO),), (ARM,), values, rules=rules))
    down = 4.0 * DOWN  # at half of the effect of seven times
    exact = UP / (UP + down) * -np.expm1(-(UP + down) * found.times)
    assert np.abs(found["cell.angry"] - exact).max() <= found.bound(1.0)


def test_transitions_conserve_cells() -> None:
    """Proved by integers: no transition makes or loses a cell of its chain, nor does death of the whole."""
    table = process_table(phenotypes_model())
    assert imbalances(table) == []
    moved = {flux.name: dict(flux.moves) for flux in table.fluxes}
    assert moved["dying/taker.angry_to_burst"] == {"taker.angry": -1, "taker.alive": -1, "taker.dead": 1,
                                                   "taker.died_of:burst": 1}


def test_a_transition_that_loses_cells_is_found() -> None:
    """Planted."""
    table = process_table(phenotypes_model())
    lossy = tuple(replace(flux, moves=flux.moves[:1]) if flux.process == "phenotype" else flux
                  for flux in table.fluxes)
    found = {(flux, token) for flux, token, _ in imbalances(replace(table, fluxes=lossy))}
    assert ("phenotype/taker.calm_to_angry", "phenotypes taker.fate") in found
