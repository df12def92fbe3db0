"""A cell with a switch: a signal makes a cargo, and many copies of the cargo make the signal (Hill 4).

Copies of the cargo relax within an hour. They stand still around 20, 55 and 92 copies;
the one in the middle does not last.
"""

from __future__ import annotations

from dataclasses import replace

from tests.models import H, chain_model, parameters
from vesica.spec.cells import CellType, Signal
from vesica.spec.resolved import Arm, Domain, Exposure, ResolvedModel, Rule, Schedule


def switch_model(pulse: float, copies: float = 10.0, cells: float = 1.0, half: float = 70.0) -> ResolvedModel:
    """One cell type that releases nothing; an agent raises the making of the cargo 8 times for ``pulse`` s.

    Parameters
    ----------
    copies : molecule
        With a signal of zero.
    half : molecule
        At which the cargo has raised the signal half way; far above ``copies`` there is no switch.
    """
    chain = chain_model()
    rules = (Rule("makes", "donor", "alarm", "increases", "ligand_production", "the signal makes the cargo"),
             Rule("feeds", "donor", "ligand", "increases", "alarm_production", "the cargo makes the signal"),
             Rule("push", "donor", "agent", "increases", "ligand_production", "the agent makes the cargo"))
    values: dict[str, tuple[float, str]] = {
        "donor.endosome_formation_rate": (0.0, "1/s"),
        "donor.ligand.basal": (copies, "molecule"), "donor.ligand.decay_rate": (1 / H, "1/s"),
        "donor.alarm.basal": (1.0, ""), "donor.alarm.decay_rate": (6 / H, "1/s"),
    }
    units = ("", "molecule", "molecule/um^3")
    numbers = ((20.0, 1.0, 20.0), (half, 4.0, 20.0), (1.0, 4.0, 8.0))
    for rule, unit, (middle, hill, fold) in zip(rules, units, numbers, strict=True):
        values |= {f"rule.{rule.key}.half_max": (middle, unit), f"rule.{rule.key}.hill": (hill, ""),
                   f"rule.{rule.key}.fold": (fold, "")}
    kept = {path: one for path, one in chain.parameters.items() if not path.startswith(("taker.", "rule.", "factor."))}
    kept = {path: one for path, one in kept.items() if ".mir." not in path and ".receptor." not in path
            and ".factor." not in path and not path.endswith("alarm.reference")}
    arm = Arm("pushed", {"donor": cells}, exposures=(Exposure("agent", (1 * H, 1 * H + pulse), (1e6, 0.0)),))
    return replace(
        chain, rules=rules,
        cells=(CellType("donor", "cell", (Signal("alarm"),), ("ligand",), takes_up_vesicles=False),),
        cargo=(next(one for one in chain.cargo if one.name == "ligand"),), solubles=(),
        parameters=kept | parameters(values), arms=(arm,), domain=Domain("dish", 2e6 * cells, 2079.0, "stirred"),
        schedule=Schedule(12 * H, 1 * H, "well_mixed", 5),
    )
