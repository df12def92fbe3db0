"""What is in a dish besides its own cells: agents, and vesicles that another arm gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vesica.engine.program import Program
from vesica.engine.schedule import tick
from vesica.spec.resolved import Arm, Dose, Exposure
from vesica.spec.vocabulary import sender_of

Snapshot = Mapping[str, float]


@dataclass(frozen=True)
class Given:
    """What a dose brought.

    Parameters
    ----------
    vesicles : vesicle
        In the receiving dish.
    share_of_source : dimensionless
        Of what one dish of the source held in its medium; above one, dishes were pooled.
    amounts : mapping of pool to vesicle or molecule
        Added to the pools of the medium.
    """

    dose: Dose
    vesicles: float
    share_of_source: float
    amounts: Mapping[str, float]


@dataclass(frozen=True)
class Source:
    """What other arms need of an arm: who it was, and its amounts at the times doses are taken, in s."""

    arm: Arm
    snapshots: Mapping[float, Snapshot]


def present_in(program: Program, arm: Arm, sources: Mapping[str, Arm]) -> frozenset[str]:
    """What an arm holds, its doses included: ``cell:NAME``, ``origin:NAME`` of vesicles."""
    cells = {name for name, count in arm.counts.items() if count > 0}
    origins = {origin for origin in program.model.origins if sender_of(origin) in cells}
    for dose in arm.doses:
        origins |= {part.split(":")[1] for part in present_in(program, sources[dose.from_arm], sources)
                    if part.startswith("origin:")}
    return frozenset({f"cell:{name}" for name in cells} | {f"origin:{name}" for name in origins})


def level(exposure: Exposure, time: float) -> float:
    """Concentration, in molecule/um^3, that holds from ``time`` s on."""
    begun = [value for start, value in zip(exposure.times, exposure.levels, strict=True) if tick(start) <= time]
    return begun[-1] if begun else 0.0


def gift(program: Program, dose: Dose, arm: Arm, source: Source) -> Given:
    """Amounts a dose brings: vesicles of all classes with their cargo, and a share of the solubles."""
    snapshot = source.snapshots[tick(dose.at)]
    free = {name: amount for name, amount in snapshot.items() if name.startswith("medium.free:")}
    available = sum(amount for name, amount in free.items() if "/" not in name)
    receiving = arm.counts[dose.recipient]
    if dose.measure == "share_of_source":
        wanted = dose.amount * available
    elif dose.measure == "particles_per_cell":
        wanted = dose.amount * receiving
    else:
        donors = sum(count for name, count in source.arm.counts.items()
                     if any(c.name == name and c.origins for c in program.model.cells))
        wanted = dose.amount * receiving * available / donors
    share = wanted / available if available > 0 else dose.amount * (dose.measure == "share_of_source")
    amounts: dict[str, float] = {}
    for name, amount in free.items():
        amounts[name] = amount * share
        amounts[name.replace("medium.free:", "medium.added:")] = amount * share
    for soluble in program.model.solubles:
        amounts[f"medium.{soluble}"] = snapshot[f"medium.{soluble}"] * share * dose.carry_over
    return Given(dose, available * share, share, amounts)
