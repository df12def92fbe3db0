"""What is in a dish besides its own cells: agents, and vesicles that another arm gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vesica.engine import isolation
from vesica.engine.pouring import compartment_of
from vesica.engine.schedule import tick
from vesica.spec.handling import volumes_at
from vesica.spec.resolved import Arm, Dose, ResolvedModel, Supply
from vesica.spec.vocabulary import FRESH, PREPARED, kind_of, sender_of

if TYPE_CHECKING:  # `vesica check` compiles nothing
    from vesica.engine.program import Program

Snapshot = Mapping[str, float]


@dataclass(frozen=True)
class Given:
    """What a dose brought.

    Parameters
    ----------
    vesicles : vesicle
        In the receiving dish.
    share_of_source : dimensionless
        Of what one dish of the source held in its medium; above one, dishes were pooled. Of a preparation, vesicles
        before isolation.
    amounts : mapping of pool to vesicle or molecule
        Added to the pools of the medium.
    particles : vesicle
        What a particle counter saw of it: lipoproteins and micelles, too; before a detergent.
    steps : tuple of mappings
        What each step of isolation left, in shares.
    """

    dose: Dose | Supply
    vesicles: float
    share_of_source: float
    amounts: Mapping[str, float]
    particles: float = 0.0
    steps: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Source:
    """What other arms need of an arm: who it was, and its amounts at the times doses are taken, in s."""

    arm: Arm
    snapshots: Mapping[float, Snapshot]


def present_in(program: Program, arm: Arm, sources: Mapping[str, Arm]) -> frozenset[str]:
    """What an arm holds, its doses included: ``cell:NAME``, ``origin:NAME`` of vesicles."""
    cells = {name for name, count in arm.counts.items() if count > 0}
    model = program.model
    origins = {origin for origin in model.origins if sender_of(origin) in cells and kind_of(origin) != PREPARED}
    origins |= in_fresh_medium(model)
    for supply in arm.supplies:
        given = isolation.preparation_of(model, supply.preparation)
        origins.add(given.origin)
    origins |= {isolation.micelles_of(model, step.name).origin for dose in (*arm.doses, *arm.supplies)
                for step in dose.isolation if step.kind == "label"}  # fmt: skip
    for dose in arm.doses:
        origins |= {part.split(":")[1] for part in present_in(program, sources[dose.from_arm], sources)
                    if part.startswith("origin:")}
    return frozenset({f"cell:{name}" for name in cells} | {f"origin:{name}" for name in origins})


def in_fresh_medium(model: ResolvedModel) -> frozenset[str]:
    """Classes of vesicles that fresh medium holds."""
    return frozenset(one.origin for one in model.preparations if f"{one.name}.{FRESH}" in model.parameters)


def gift(program: Program, dose: Dose, arm: Arm, source: Source, row: Mapping[str, float]) -> Given:
    """Amounts a dose brings: vesicles of all classes with their cargo, and a share of the solubles.

    Parameters
    ----------
    row : numbers of the arm that gets it
    """
    given = _isolated(program, dose, arm, source, row) if dose.isolation else _plain(program, dose, arm, source)
    return given if dose.kept == 1.0 else _depleted(given, dose.kept)


def _depleted(given: Given, kept: float) -> Given:
    """A dose of which only a share of the vesicles is left, and all solubles."""
    amounts = {name: amount * (kept if name.startswith(("medium.free:", "medium.added:")) else 1.0)
               for name, amount in given.amounts.items()}
    return replace(given, vesicles=given.vesicles * kept, particles=given.particles * kept, amounts=amounts)


def _plain(program: Program, dose: Dose, arm: Arm, source: Source) -> Given:
    """A dose of the source's medium as it is."""
    snapshot = source.snapshots[tick(dose.at)]
    free = {name: amount for name, amount in snapshot.items() if name.startswith("medium.free:")}
    available = sum(amount for name, amount in free.items() if "/" not in name)
    receiving = arm.counts[dose.recipient]
    if dose.measure == "particles_per_cell":
        wanted = dose.amount * receiving
    elif dose.measure == "donor_cells_per_cell":
        wanted = dose.amount * receiving * available / _donors(program.model, source.arm)
    else:
        wanted = dose.amount * available
    share = wanted / available if available > 0 else 0.0
    amounts: dict[str, float] = {}
    for name, amount in free.items():
        amounts[name] = amount * share
        amounts[name.replace("medium.free:", "medium.added:")] = amount * share
    for soluble in program.model.solubles:
        amounts[f"medium.{soluble}"] = snapshot[f"medium.{soluble}"] * share * dose.carry_over
    return Given(dose, available * share, share, amounts, available * share)


def _donors(model: ResolvedModel, arm: Arm) -> float:
    """Cells of an arm that make vesicles."""
    return sum(count for name, count in arm.counts.items() if any(c.name == name and c.origins for c in model.cells))


def _isolated(program: Program, dose: Dose, arm: Arm, source: Source, row: Mapping[str, float]) -> Given:
    """A dose that went through steps of isolation; particles are counted after them, donor cells before."""
    model = program.model
    sample = isolation.sample_of(model, source.snapshots[tick(dose.at)], row)
    done = isolation.work(model, dose.isolation, row, sample)
    whole = isolation.particles(model, done, sample, row)
    receiving = arm.counts[dose.recipient]
    if dose.measure == "particles_per_cell":
        share = dose.amount * receiving / whole if whole > 0 else 0.0
    elif dose.measure == "donor_cells_per_cell":
        share = dose.amount * receiving / _donors(model, source.arm)
    else:
        share = dose.amount
    return given_of(model, dose, share, isolation.poured(model, done, sample, row, share), whole * share, done)


def supplied(program: Program, supply: Supply, arm: Arm, row: Mapping[str, float]) -> Given:
    """Amounts that vesicles of a preparation bring."""
    model = program.model
    sample = isolation.sample_for(model, supply, row)
    done = isolation.work(model, supply.isolation, row, sample)
    whole, wanted = isolation.particles(model, done, sample, row), particles_wanted(model, supply, arm)
    share = wanted / whole if whole > 0 else 0.0
    return given_of(model, supply, share, isolation.poured(model, done, sample, row, share), whole * share, done)


def particles_wanted(model: ResolvedModel, supply: Supply, arm: Arm) -> float:
    """Particles that a supply asks for: in the medium that is there then, all of it or that of the recipient's part."""
    if supply.measure == "particles_per_cell":
        return supply.amount * arm.counts[supply.recipient]
    where = compartment_of(model.domain, supply.recipient)
    volumes = volumes_at(model, arm, supply.at)
    return supply.amount * (volumes[where] if where else sum(volumes.values()))


def given_of(model: ResolvedModel, dose: Dose | Supply, share: float, amounts: Mapping[str, float], seen: float,
             done: isolation.Worked) -> Given:
    """What a dose that went over the bench brought."""
    vesicles = sum(amounts.get(f"medium.free:{origin}", 0.0) for origin in model.origins if model.is_vesicle(origin))
    return Given(dose, vesicles, share, amounts, seen, tuple(done.table))
