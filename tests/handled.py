"""A dish whose medium has a closed form: cells shed vesicles and secrete a factor at constant rates, and hands act."""

from __future__ import annotations

import math
from dataclasses import replace

from tests.models import MACHINERY, H, machinery, parameters
from vesica.spec.cells import CellType
from vesica.spec.resolved import (
    Addition,
    Arm,
    Cargo,
    Compartment,
    Domain,
    Exposure,
    Handling,
    ResolvedModel,
    Schedule,
)
from vesica.spec.vocabulary import CELL_SHEDDING

CELLS, VOLUME = 1e6, 2e12  # cells, um^3
SHED, SECRETED, DECAY, FRESH = 3 / H, 10.0, 1e-4, 1e-4  # vesicle/s, molecule/s, 1/s, molecule/um^3
AIR, LEVEL = 0.05 / H, 2.4e7  # 1/s, molecule/um^3: 40 mM
VESICLES = "cell~microvesicle"
SAMPLE, CHANGE, LATE = (Handling(6 * H, 1e11, 0.0, is_sample=True), Handling(12 * H, 0.95e12, 0.95e12),
                        Handling(20 * H, 1.9e12, 1.9e12))
ADDED = Addition("factor", 2e-3, 15 * H)
EXPOSURE = Exposure("agent", (0.0, 8 * H, 16 * H, 22 * H), (LEVEL, 2 * LEVEL, LEVEL / 2, 0.0))
STILL = Domain("dish", VOLUME, 2079.0, "still", (Compartment("medium", VOLUME, 2079.0, 6, ("cell",)),))


def model(**changes: object) -> ResolvedModel:
    """One cell type, one class of vesicles with one cargo, one factor, one agent that evaporates; 24 h."""
    values = machinery("cell")
    values |= {f"cell.{name}": (MACHINERY[name], field.unit) for name, field in CELL_SHEDDING.items()}
    values |= {
        "cell.asmase_activity": (1.0, ""), "cell.shedding_rate": (SHED, "vesicle/s"),
        "cell.mir.basal": (1e4, "molecule"), "cell.mir.decay_rate": (0.03 / H, "1/s"), "cell.mir.enrichment": (1.0, ""),
        "cell.mir.microvesicle_enrichment": (0.0, ""), "cell.factor.secretion_rate": (SECRETED, "molecule/s"),
        "factor.decay_rate": (DECAY, "1/s"), "factor.diffusivity": (100.0, "um^2/s"),
        "factor.in_fresh_medium": (FRESH, "molecule/um^3"), "agent.evaporation_rate": (AIR, "1/s"),
        "medium.temperature": (310.0, "K"), "medium.viscosity": (0.692e-3, "Pa*s"),
        "medium.ev_decay_rate": (0.0, "1/s"), "medium.plastic_loss_rate": (0.0, "1/s"),
        "medium.density": (1000.0, "kg/m^3"), "medium.vesicle_density": (1100.0, "kg/m^3"),
    }
    cell = CellType("cell", "cell", (), ("mir",), solubles=("factor",), secretes_vesicles=False,
                    takes_up_vesicles=False, sheds_microvesicles=True)
    arm = Arm("handled", {"cell": CELLS}, (EXPOSURE,), handling=(SAMPLE, CHANGE, LATE), additions=(ADDED,))
    found = ResolvedModel(
        title="handled", domain=Domain("dish", VOLUME, 2079.0, "stirred"), cells=(cell,),
        cargo=(Cargo("mir", "mirna", "lumen"),), solubles=("factor",), agents=("agent",), rules=(),
        parameters=parameters(values), arms=(arm,),
        schedule=Schedule(24 * H, H, "well_mixed", 1, relative_tolerance=1e-10),
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def few(model: ResolvedModel, cells: float) -> ResolvedModel:
    """The same in whole numbers, for so many cells and their share of the medium, hands included."""
    share = cells / CELLS
    arms = tuple(replace(arm, counts={"cell": cells}, handling=tuple(
        replace(one, taken=one.taken * share, given=one.given * share) for one in arm.handling)) for arm in model.arms)
    return replace(model, domain=model.domain.scaled(share), arms=arms,
                   schedule=replace(model.schedule, fidelity="stochastic", relative_tolerance=1e-8))


def volume(time: float) -> float:
    """um^3 from ``time`` s on."""
    return VOLUME - (SAMPLE.taken if time >= SAMPLE.at else 0.0)


def shares() -> list[tuple[float, float, float]]:
    """(time, share taken, fresh um^3) of everything that is done to the medium."""
    return [(one.at, one.taken / (VOLUME if one is SAMPLE else volume(one.at)), one.given)
            for one in (SAMPLE, CHANGE, LATE)]


def vesicles(time: float) -> tuple[float, float]:
    """Free, and removed, at ``time`` s and after what is done then: shed at a constant rate, lost by hand alone."""
    free = removed = last = 0.0
    for at, share, _ in shares():
        if at <= time:
            free += CELLS * SHED * (at - last)
            free, removed, last = free * (1 - share), removed + free * share, at
    return free + CELLS * SHED * (time - last), removed


def factor(time: float) -> float:
    """Molecules of the factor at ``time`` s and after what is done then: dA/dt = s - k A between hands."""
    steps = sorted([*((at, 1 - share, fresh * FRESH) for at, share, fresh in shares()),
                    (ADDED.at, 1.0, ADDED.concentration * volume(ADDED.at))])
    amount, last, rest = FRESH * VOLUME, 0.0, CELLS * SECRETED / DECAY
    for at, kept, more in [(at, *rest_) for at, *rest_ in steps if at <= time]:
        amount = rest + (amount - rest) * math.exp(-DECAY * (at - last))
        amount, last = amount * kept + more, at
    return rest + (amount - rest) * math.exp(-DECAY * (time - last))


def agent(time: float) -> float:
    """molecule/um^3: it evaporates; fresh medium has the scheduled level; rises are added, falls scale."""
    steps = [(at, share, None) for at, share, fresh in shares() if fresh] + [
        (at, 0.0, number) for number, at in enumerate(EXPOSURE.times)]
    level = last = scheduled = 0.0
    for at, share, number in sorted(steps, key=lambda step: step[0]):
        if at > time:
            break
        level, last = level * math.exp(-AIR * (at - last)), at
        level += (scheduled - level) * share
        if number is not None:
            new = EXPOSURE.levels[number]
            level, scheduled = (level + new - scheduled if new > scheduled else level * new / scheduled), new
    return level * math.exp(-AIR * (time - last))
