"""Death takes a cell with what it holds, and what a living cell holds does not know of it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.analytic.builders import LUMEN, MEMBRANE, H, Run, build, run
from tests.models import MACHINERY, kinds_model, parameters
from vesica.biology.death import per_living
from vesica.engine.naming import Names
from vesica.spec.cells import CellType
from vesica.spec.resolved import Arm, ResolvedModel, Schedule
from vesica.spec.vocabulary import ALL_MACHINERY, CELL_SHEDDING

HAZARD = 0.05 / H
TOLERANCE = 1e-9
# crowded sites for vesicles and MVBs and a slow way to the cell, so that every saturation matters
CROWDED = {"taker.death_rate": HAZARD, "taker.docking_sites": 0.2, "taker.binding_rate": 0.3,
           "taker.mvb_docking_rate": 3e-4, "taker.macropinocytosis_rate": 1.0, "rule.surface.half_max": 30.0}


def crowd(*, mortal: bool) -> ResolvedModel:
    """Donors that live, and takers of all trades that may die; so few takers (1e-9) that the medium does not feel them.

    Every law of the chain is at work in the takers: exosomes and microvesicles made and taken up, miRNA titration,
    received receptors, rules that read cargo, bound cargo and repression.
    """
    model = kinds_model()
    shed = {f"taker.{name}": (MACHINERY[name], ALL_MACHINERY[name].unit) for name in CELL_SHEDDING}
    shed |= {f"taker.{cargo}.microvesicle_enrichment": (0.5, "") for cargo in model.cells[1].cargo}
    values = {**model.parameters, **parameters(shed)}
    values |= parameters({path: (value, values[path].unit) for path, value in CROWDED.items()})
    taker = replace(model.cells[1], can_die=mortal, sheds_microvesicles=True, solubles=("factor",),
                    forms_apoptotic_vesicles=mortal)
    values |= parameters({"taker.factor.secretion_rate": (10.0, "molecule/s")})
    rules = tuple(replace(rule, target="endosome_formation_rate") if rule.key == "soluble" else rule
                  for rule in model.rules)
    reads_cargo = replace(rules[2], key="reads", source="ligand", target="shedding_rate")
    values |= parameters({f"rule.reads.{name}": (value, "") for name, value in
                          (("half_max", 5e3), ("hill", 2.0), ("fold", 3.0))})  # fmt: skip
    return replace(model, cells=(model.cells[0], taker), parameters=values, rules=(*rules, reads_cargo),
                   arms=(Arm("arm", {"donor": 1e6, "taker": 1e-9}),),
                   schedule=Schedule(48 * H, 4 * H, "well_mixed", 1, TOLERANCE, TOLERANCE))


def strays(mortal: Run, immortal: Run) -> dict[str, float]:
    """By pool that a cell holds: how far the amount per living cell is from that without death, over the bound.

    The bound is `Run.bound` of both runs, divided by the share alive for the one that is.
    """
    alive = mortal["taker.alive"]
    found = {}
    for pool in immortal.program.table.pools:
        if pool.compartment != "taker" or pool.counter:
            continue
        exact = immortal[pool.name]
        levels = {f"taker.{signal.name}" for signal in immortal.program.model.cells[1].signals}
        here = mortal[pool.name] / (1.0 if pool.name in levels else alive)
        scale = float(np.abs(exact).max())
        bound = (immortal.bound(scale) + mortal.bound(scale)) / float(alive.min())
        found[pool.name] = float(np.abs(here - exact).max()) / bound
    return found


@pytest.fixture(scope="module")
def immortal() -> Run:
    return run(crowd(mortal=False))


@pytest.fixture(scope="module")
def mortal() -> Run:
    return run(crowd(mortal=True))


def test_what_a_living_cell_holds_does_not_know_of_death(mortal: Run, immortal: Run) -> None:
    """With y per cell at the start and a hazard h that asks for nothing, dy/dt = s F(y/s) - h y and ds/dt = -h s
    give dx/dt = F(x) for x = y/s: the equations without death, exactly, however nonlinear F is. Kernel: `per_living`.

    Of the 91 % that die within two days nothing is seen in those that live. `strays`.
    """
    assert mortal["taker.alive"][-1] == pytest.approx(math.exp(-HAZARD * 48 * H), abs=mortal.bound(1.0))
    found = strays(mortal, immortal)
    assert len(found) == 56
    assert max(found.values()) <= 1.0, max(found, key=lambda name: found[name])


def test_the_saturations_are_at_work(immortal: Run) -> None:
    """Else the test above would say nothing of them."""
    assert immortal["taker.docked"].max() > 0.2 * 0.2
    bound = sum(immortal[f"taker.bound:{origin}"] for origin in immortal.program.model.origins)
    assert bound.max() > 0.1 * MACHINERY["receptor_sites"]
    held = immortal["taker.mir_repressed"][-1]
    assert 0.1 < held / (held + immortal["taker.mir_target"][-1]) < 0.9


@pytest.mark.parametrize("law", ["living", "alive"])
def test_a_law_that_forgets_the_dead_is_found(law: str, immortal: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: reading amounts per cell at the start, or letting the dead go on making and binding."""
    planted = {"living": lambda _self, _cell, amount: amount, "alive": lambda _self, _cell: ()}
    monkeypatch.setattr(Names, law, planted[law])
    assert max(strays(run(crowd(mortal=True)), immortal).values()) > 10.0


def dying(hazard: float, duration: float) -> Run:
    """A cell type that makes a cargo and ILVs, and dies."""
    cell = CellType("donor", "donor", cargo=("mir",), takes_up_vesicles=False, can_die=True)
    values = {"endosome_formation_rate": 0.3, "endosome_maturation_rate": 2e-4, "ilv_budding_rate": 1 / 60,
              "mvb_lysosome_rate": 5e-4, "retrofusion_rate": 5e-4, "death_rate": hazard, "mir.basal": 1e4,
              "mir.decay_rate": 0.03 / H}  # fmt: skip
    return run(build((cell,), (Arm("arm", {"donor": 1e6}),), {f"donor.{k}": v for k, v in values.items()},
                     cargo=(LUMEN,), duration=duration, every=duration / 8))


def test_what_dies_with_its_cell_is_counted() -> None:
    """Cells at rest hold n ILVs with c copies; by time t a share 1 - exp(-h t) of both went with them. `Run.bound`."""
    found = dying(HAZARD, 48 * H)
    gone = -np.expm1(-HAZARD * found.times)
    for content in ("", "/mir"):
        start = found[f"donor.mvb_ilv{content}"][0]
        assert start > 0
        assert np.abs(found[f"donor.died_with:donor{content}"] - start * gone).max() <= found.bound(start)


def test_hardly_a_cell_is_left_and_the_rest_is_as_it_was() -> None:
    """One in a million lives (13.8 lifetimes): a living cell still holds what it held at rest.

    Errors of BDF die out with the pools they are made in, so what is left is a few steps' worth: 1e-9 of what is there,
    and 1e-9 copies per cell at the start, which are 1e-3 copies of a living cell. 1e-2 copies and 1e-6 are allowed; the
    laws at work here are linear, and then BDF keeps the ratio to rounding.
    """
    found = dying(0.2876 / H, 48 * H)
    assert found["donor.alive"][-1] == pytest.approx(1.0e-6, rel=0.02)
    for pool in ("donor.mir", "donor.mvb", "donor.mvb_ilv"):
        assert found[pool][-1] / found["donor.alive"][-1] == pytest.approx(found[pool][0], abs=1e-2, rel=1e-6)


def test_of_no_living_cell_nothing_is_read() -> None:
    assert per_living(3.0, 0.5) == 6.0
    assert per_living(3.0, 0.0) == per_living(0.0, 0.0) == per_living(3.0, -1e-30) == 0.0


def test_dying_cells_turn_into_vesicles_that_take_a_share_of_their_cargo() -> None:
    """By time t a share g = 1 - exp(-h t) of n cells is dead: n N g apoptotic vesicles with n p g B copies of a cargo.

    A living cell holds B copies throughout; exosomes take nothing here. `Run.bound`, per dish.
    """
    cell = CellType("cell", "cell", cargo=("mir", "receptor"), takes_up_vesicles=False, secretes_vesicles=False,
                    can_die=True, forms_apoptotic_vesicles=True)
    count, per_cell, share, basal = 1e6, 60.0, 0.3, {"mir": 1e4, "receptor": 2e3}
    values = {"cell.death_rate": HAZARD} | {f"cell.{name}.basal": copies for name, copies in basal.items()}
    values |= {f"cell.{name}.decay_rate": 0.03 / H for name in basal}
    found = run(build((cell,), (Arm("arm", {"cell": count}),), values, cargo=(LUMEN, MEMBRANE)))
    dead = -np.expm1(-HAZARD * found.times)
    made = {"": per_cell} | {f"/{name}": share * copies for name, copies in basal.items()}
    for content, amount in made.items():
        exact = amount * dead
        bound = found.bound(amount)
        assert np.abs(found[f"cell.made:cell~apoptotic{content}"] - exact).max() <= bound
        assert np.abs(found[f"medium.free:cell~apoptotic{content}"] - count * exact).max() <= count * bound
    assert np.abs(found["cell.released:cell~apoptotic"] - per_cell * dead).max() <= found.bound(per_cell)
    for name, copies in basal.items():
        left = copies * np.exp(-HAZARD * found.times)
        assert np.abs(found[f"cell.{name}"] - left).max() <= found.bound(copies)
