"""What steps of isolation leave of a sample: vesicles by size, their cargo, soluble factors, lipoproteins.

Every step is linear in the amounts, so that it is worked out once, in shares, and then applied to means or to single
vesicles.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from vesica.biology.isolation import Sieve, Sieves, Weight, digested
from vesica.engine.rows import size_law
from vesica.spec.resolved import BenchStep, Cargo, Preparation, ResolvedModel, Supply
from vesica.spec.vocabulary import CORONA, FRESH_LIPOPROTEINS, LIPOPROTEINS, MICELLES

PROTEINS: Final = ("receptor", "ligand", "protein")
RNAS: Final = ("mirna", "mrna")
WEIGHT: Final[dict[str, Weight]] = {"lumen": "lumen", "membrane": "area"}
Row = Mapping[str, float]


@dataclass(frozen=True)
class Sample:
    """What is in the tube before: vesicles by class, copies by class and cargo, molecules by soluble, lipoproteins."""

    vesicles: Mapping[str, float]
    cargo: Mapping[tuple[str, str], float]
    solubles: Mapping[str, float] = field(default_factory=dict)
    lipoproteins: float = 0.0


@dataclass
class Freed:
    """Cargo that came free when vesicles were lysed: what had passed until then, and the share of copies by name."""

    sieves: Sieves
    copies: dict[str, float]


@dataclass(frozen=True)
class Label:
    """A dye in an average vesicle, and the particles of it that staining made; ``before`` steps had been done."""

    dye: str
    copies: float
    particles: float
    before: int


@dataclass
class Worked:
    """What steps leave, in shares of what was there.

    Parameters
    ----------
    sieves
        Of vesicles, by diameter.
    copies, free, corona : by name
        Of the copies of a cargo in vesicles that are left; of a soluble, in solution and adsorbed.
    counted, counted_lipoproteins
        As they were when particles are counted: before a detergent.
    table
        One row for each step.
    """

    sieves: Sieves = field(default_factory=Sieves)
    copies: dict[str, float] = field(default_factory=dict)
    free: dict[str, float] = field(default_factory=dict)
    corona: dict[str, float] = field(default_factory=dict)
    lipoproteins: float = 1.0
    freed: list[Freed] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    counted: Sieves | None = None
    counted_lipoproteins: float = 1.0
    table: list[dict[str, Any]] = field(default_factory=list)


def sample_of(model: ResolvedModel, snapshot: Mapping[str, float], row: Row) -> Sample:
    """The medium of a dish."""
    free = {name.removeprefix("medium.free:"): amount for name, amount in snapshot.items()
            if name.startswith("medium.free:")}
    vesicles = {name: amount for name, amount in free.items() if "/" not in name}
    cargo = {(name.partition("/")[0], name.partition("/")[2]): amount for name, amount in free.items() if "/" in name}
    return Sample(vesicles, cargo, {name: snapshot[f"medium.{name}"] for name in model.solubles},
                  lipoproteins_of_medium(model, row))


def lipoproteins_of_medium(model: ResolvedModel, row: Row) -> float:
    """Lipoproteins of the serum in a dish: nobody makes or takes them."""
    return model.domain.volume * sum(row.get(f"{one.name}.{FRESH_LIPOPROTEINS}", 0.0) for one in model.preparations)


def sample_for(model: ResolvedModel, supply: Supply, row: Row) -> Sample:
    """What comes with one vesicle of a preparation: its cargo and lipoproteins."""
    one = preparation_of(model, supply.preparation)
    cargo = {(one.origin, name): row[f"{one.name}.{name}.copies"] for name in one.cargo}
    return Sample({one.origin: 1.0}, cargo, lipoproteins=row.get(f"{one.name}.{LIPOPROTEINS}", 0.0))


def micelles_of(model: ResolvedModel, dye: str) -> Preparation:
    """The particles of a dye that staining makes."""
    return preparation_of(model, f"{dye}{MICELLES}")


def preparation_of(model: ResolvedModel, name: str) -> Preparation:
    """The preparation of that name."""
    return next(one for one in model.preparations if one.name == name)


def work(model: ResolvedModel, steps: Sequence[BenchStep], row: Row, sample: Sample) -> Worked:
    """Go through the steps.

    Parameters
    ----------
    row : numbers of the arm that gets the dose
    """
    done = Worked(copies={cargo.name: 1.0 for cargo in model.cargo})
    adsorbed = row.get(CORONA, 0.0) if sum(sample.vesicles.values()) > 0 else 0.0
    for name in sample.solubles:
        done.corona[name] = adsorbed if _kind(model, name) == "protein" else 0.0
        done.free[name] = 1.0 - done.corona[name]
    for step in steps:
        {"method": _method, "treat": _treat, "store": _store, "label": _label}[step.kind](
            model, step, row, sample, done)
        done.table.append(_left(model, step, row, sample, done))
    if done.counted is None:
        done.counted, done.counted_lipoproteins = done.sieves, done.lipoproteins
    return done


def _kind(model: ResolvedModel, soluble: str) -> str:
    return model.soluble_kinds.get(soluble, "protein")


def _number(step: BenchStep, place: str, name: str, row: Row, default: float) -> float:
    """Of the step itself, or else of the model; ``default`` where the method does not act on it."""
    return step.own.get(name, row.get(f"{place}.{step.name}.{name}", default))


def _method(model: ResolvedModel, step: BenchStep, row: Row, sample: Sample, done: Worked) -> None:
    def number(name: str, default: float = 1.0) -> float:
        return _number(step, "isolation", name, row, default)

    cutoff, ceiling = number("cutoff", math.nan), number("ceiling", math.nan)
    done.sieves += Sieve(number("recovery"), None if math.isnan(cutoff) else cutoff,
                         None if math.isnan(ceiling) else ceiling, number("cutoff_gsd", Sieve.gsd))
    done.lipoproteins *= number("lipoproteins", number("recovery"))
    for name in sample.solubles:
        done.free[name] *= number("solubles")
        done.corona[name] *= number("corona")
    for freed in done.freed:
        freed.copies = {name: share * number("solubles") for name, share in freed.copies.items()}


def _treat(model: ResolvedModel, step: BenchStep, row: Row, sample: Sample, done: Worked) -> None:
    """An enzyme reaches what is in solution and on the surface; a detergent opens vesicles to it."""
    if step.detergent:
        _lyse(model, row["treatment.detergent.efficiency"], row, sample, done)
    efficiency = row[f"treatment.{step.name}.efficiency"]
    for name in sample.solubles:
        left = digested(efficiency, is_reached=_kind(model, name) in step.digests)
        done.free[name] *= left
        done.corona[name] *= left
    for cargo in model.cargo:
        is_reached = cargo.topology == "membrane" and _substance(cargo) in step.digests
        done.copies[cargo.name] *= digested(efficiency, is_reached=is_reached)
    for freed in done.freed:
        for cargo in model.cargo:
            freed.copies[cargo.name] *= digested(efficiency, is_reached=_substance(cargo) in step.digests)


def _lyse(model: ResolvedModel, efficiency: float, row: Row, sample: Sample, done: Worked) -> None:
    if done.counted is None:
        done.counted, done.counted_lipoproteins = done.sieves, done.lipoproteins
    done.freed.append(Freed(done.sieves, {name: share * efficiency for name, share in done.copies.items()}))
    for name in sample.solubles:  # what was adsorbed on them is in solution now; the sieve takes care of the rest
        done.free[name] += efficiency * done.corona[name] * _adsorbing(done.sieves, sample, row)
    done.sieves += Sieve(1.0 - efficiency)


def _substance(cargo: Cargo) -> str:
    return "protein" if cargo.kind in PROTEINS else "rna" if cargo.kind in RNAS else ""


def _store(model: ResolvedModel, step: BenchStep, row: Row, sample: Sample, done: Worked) -> None:
    lost = _number(step, "storage", "loss_per_cycle", row, 0.0)
    rate = _number(step, "storage", "loss_rate", row, 0.0)
    done.sieves += Sieve((1.0 - lost) ** step.cycles * math.exp(-rate * step.time))


def _label(model: ResolvedModel, step: BenchStep, row: Row, sample: Sample, done: Worked) -> None:
    vesicles = sum(number * done.sieves.mean(size_law(row, origin)) for origin, number in sample.vesicles.items())
    is_lipid = any(one.name == step.name and one.topology == "membrane" for one in model.cargo)  # only these clump
    particles = vesicles * (_number(step, "label", "micelles", row, 0.0) if is_lipid else step.own.get("micelles", 0.0))
    done.labels.append(Label(step.name, _number(step, "label", "copies", row, 0.0), particles, len(done.sieves.parts)))


def _adsorbing(sieves: Sieves, sample: Sample, row: Row) -> float:
    """Share of the membrane of all vesicles that is left, so of what is adsorbed on them."""
    areas = {origin: number * size_law(row, origin).mean_area for origin, number in sample.vesicles.items()}
    total = sum(areas.values())
    return sum(area * sieves.mean(size_law(row, origin), "area") for origin, area in areas.items()) / total


def _left(model: ResolvedModel, step: BenchStep, row: Row, sample: Sample, done: Worked) -> dict[str, Any]:
    """What is left after a step, in shares of what was there at first."""
    present = {origin: number for origin, number in sample.vesicles.items() if number > 0 and model.is_vesicle(origin)}
    total = sum(present.values())
    kept = sum(number * done.sieves.mean(size_law(row, origin)) for origin, number in present.items())
    solubles = {name: share for name, share in solubles_left(done, sample, row).items() if sample.solubles[name] > 0}
    return {"step": step.label, "kind": step.kind, "name": step.name,
            "vesicles": kept / total if total > 0 else 0.0, "solubles": solubles,
            "lipoproteins": done.lipoproteins if sample.lipoproteins > 0 else None}


def solubles_left(done: Worked, sample: Sample, row: Row) -> dict[str, float]:
    """Share of each soluble, in solution or adsorbed on vesicles that are left; without what was freed."""
    on_vesicles = _adsorbing(done.sieves, sample, row) if any(done.corona.values()) else 0.0
    return {name: share + done.corona[name] * on_vesicles for name, share in done.free.items()}


def particles(model: ResolvedModel, done: Worked, sample: Sample, row: Row) -> float:
    """What a particle counter sees of the whole sample: vesicles of all classes, micelles and lipoproteins."""
    sieves = done.counted or done.sieves
    seen = sum(number * sieves.mean(size_law(row, origin)) for origin, number in sample.vesicles.items())
    seen += sum(label.particles * after(label, sieves).mean(size_law(row, micelles_of(model, label.dye).origin))
                for label in done.labels if label.before <= len(sieves.parts))
    return seen + sample.lipoproteins * done.counted_lipoproteins


def after(label: Label, sieves: Sieves) -> Sieves:
    """What the steps after staining let pass."""
    return Sieves(sieves.parts[label.before:])


def poured(model: ResolvedModel, done: Worked, sample: Sample, row: Row, share: float) -> dict[str, float]:
    """Amounts by pool that a share of the sample brings: vesicles with their cargo, and solubles."""
    found: dict[str, float] = {}
    kinds = {cargo.name: cargo for cargo in model.cargo}
    for origin, number in sample.vesicles.items():
        kept = number * done.sieves.mean(size_law(row, origin)) * share
        found |= {f"medium.{pool}:{origin}": kept for pool in ("free", "added")}
    for (origin, name), copies in sample.cargo.items():
        kept = copies * done.copies[name] * share
        kept *= done.sieves.mean(size_law(row, origin), WEIGHT[kinds[name].topology])
        found |= {f"medium.{pool}:{origin}/{name}": kept for pool in ("free", "added")}
    found |= _stained(model, done, sample, row, share)
    solubles = solubles_left(done, sample, row)
    found |= {f"medium.{name}": amount * solubles[name] * share for name, amount in sample.solubles.items()}
    for freed in done.freed:
        for (origin, name), copies in sample.cargo.items():
            soluble = kinds[name].frees
            if soluble and kinds[name].topology == "lumen":
                came = copies * freed.copies[name] * freed.sieves.mean(size_law(row, origin), "lumen") * share
                found[f"medium.{soluble}"] = found.get(f"medium.{soluble}", 0.0) + came
    return found


def _stained(model: ResolvedModel, done: Worked, sample: Sample, row: Row, share: float) -> dict[str, float]:
    """Dye in vesicles, in proportion to their membrane or lumen, and particles of it; amounts by pool."""
    found: dict[str, float] = {}
    for label in done.labels:
        weight = WEIGHT[next(one.topology for one in model.cargo if one.name == label.dye)]
        alone = micelles_of(model, label.dye).origin
        parts = [(origin, number, done.sieves) for origin, number in sample.vesicles.items()]
        for origin, number, sieves in (*parts, (alone, label.particles, after(label, done.sieves))):
            law = size_law(row, origin)
            if origin == alone:
                found |= {f"medium.{pool}:{origin}": number * sieves.mean(law) * share for pool in ("free", "added")}
            dye = number * label.copies * sieves.mean(law, weight) * share
            for pool in ("free", "added"):
                name = f"medium.{pool}:{origin}/{label.dye}"
                found[name] = found.get(name, 0.0) + dye
    return found
