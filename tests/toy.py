"""The two-process toy: one signal with birth and death, raised by an agent."""

from __future__ import annotations

import math

from tests.models import H, machinery, parameters
from vesica.spec.cells import CellType, Signal
from vesica.spec.resolved import Arm, Domain, Exposure, ResolvedModel, Rule, Schedule

BASAL, DECAY, FOLD, HALF = 2.0, 1 / H, 5.0, 1e-3  # 1, 1/s, 1, molecule/um^3


def toy_model() -> ResolvedModel:
    """One cell type that neither secretes nor takes up vesicles; the agent is there from the start."""
    values = machinery("cell") | {
        "cell.alarm.basal": (BASAL, ""), "cell.alarm.decay_rate": (DECAY, "1/s"),
        "rule.stimulus.half_max": (HALF, "molecule/um^3"), "rule.stimulus.hill": (2.0, ""),
        "rule.stimulus.fold": (FOLD, ""),
        "medium.temperature": (310.0, "K"), "medium.viscosity": (0.692e-3, "Pa*s"),
        "medium.ev_decay_rate": (0.0, "1/s"), "medium.plastic_loss_rate": (0.0, "1/s"),
    }
    cell = CellType("cell", "cell", (Signal("alarm"),), secretes_vesicles=False, takes_up_vesicles=False)
    rule = Rule("stimulus", "cell", "agent", "increases", "alarm_production", "agent raises alarm")
    return ResolvedModel(
        title="toy", domain=Domain("dish", 2e12, 2079.0, "stirred"), cells=(cell,), cargo=(), solubles=(),
        agents=("agent",), rules=(rule,), parameters=parameters(values),
        arms=(Arm("control", {"cell": 1e6}),
              Arm("treated", {"cell": 1e6}, exposures=(Exposure("agent", (0.0,), (HALF,)),))),
        schedule=Schedule(6 * H, H, "well_mixed", 1),
    )


def toy_level(arm: str, time: float) -> float:
    """Closed form: at half-maximal agent production rises (1 + FOLD)/2 times."""
    rise = {"control": 1.0, "treated": (1 + FOLD) / 2}[arm]
    return BASAL * (rise + (1 - rise) * math.exp(-DECAY * time))
