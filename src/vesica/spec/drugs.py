"""Drugs of the library as a model uses them: which rates they act on, and the numbers that come with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from vesica.library import AgentEntry, Library
from vesica.spec.arms import Condition, Offered, Shelf, conditions
from vesica.spec.exposures import AgentExposure
from vesica.spec.model import ModelSpec
from vesica.spec.quantities import Given, Notes
from vesica.spec.resolved import Drug, DrugEffect
from vesica.spec.structure import Catalogue, CellPlan, words_of
from vesica.spec.treatments import (
    AntiMir,
    Cloak,
    ConstantExposure,
    Inhibitor,
    KnockDown,
    KnockOut,
    PulseExposure,
    RepeatedExposure,
)
from vesica.spec.vocabulary import (
    AFFINITY,
    ALL_SECRETION,
    ANTI_MIR,
    BINDING,
    CELL_AFFINITY,
    CELL_ANTI_MIR,
    CLEARANCE,
    DRUG,
    DRUG_EFFECT,
    GENE,
    KINDS,
    Field,
    kind_of,
    modulable_of_soluble,
)

MEDIUM: Final = "medium"
_RNA: Final = f"RNA{CLEARANCE}"  # loss of RNA that bursting vesicles set free
_SMALL: Final = 1000.0  # g/mol; smaller solubles are no proteins, and leave by other ways than the Golgi


def shelf(library: Library, molar: Mapping[str, float | None]) -> Shelf:
    """Every drug and gene of the library, whether a model uses it or not."""
    found = {name: Offered(name, tuple(effect.target for effect in agent.effects), molar.get(name))
             for name, agent in library.agents.items() if agent.effects}  # fmt: skip
    return Shelf(found, tuple(library.genes))


def used(
    spec: ModelSpec, names: Catalogue, plans: Sequence[CellPlan], solubles: Sequence[str],
    molar: Mapping[str, float | None],
) -> tuple[Drug, ...]:
    """Drugs that some arm gives, with the effects that this model has rates for."""
    given = [item for condition in conditions(spec) for _, item in condition.interventions
             if isinstance(item, Inhibitor)]  # fmt: skip
    found = []
    for name in sorted({item.inhibitor for item in given} & {*names.library.agents}):
        agent = names.library.agents[name]
        timed = any(item.inhibitor == name and (item.start, item.end) != (None, None) for item in given)
        effects = (DrugEffect(effect.target, tuple(_rates(effect.target, spec, names, plans, solubles, molar)),
                              effect.into if effect.into in solubles else "") for effect in agent.effects)
        found.append(Drug(name, agent.label, tuple(effect for effect in effects if effect.rates), timed))
    return tuple(found)


def _rates(
    target: str, spec: ModelSpec, names: Catalogue, plans: Sequence[CellPlan], solubles: Sequence[str],
    molar: Mapping[str, float | None],
) -> Iterator[tuple[str, str]]:
    """The rates that a target of the library means: (cell type or ``medium``, name)."""
    if target == _RNA:
        freed = {cargo.frees for cargo in names.cargo.values() if cargo.kind in ("mirna", "mrna")}
        yield from ((MEDIUM, f"{soluble}{CLEARANCE}") for soluble in solubles if soluble in freed)
    elif target.endswith(CLEARANCE):
        yield from ((MEDIUM, target) for soluble in solubles if target == f"{soluble}{CLEARANCE}")
    kinds = {kind_of(origin) for plan in plans for origin in plan.cell.origins}
    for plan in plans:
        if target == ALL_SECRETION:
            yield from ((plan.name, *modulable_of_soluble(one)) for one in plan.cell.solubles
                        if _goes_by_golgi(one, names.library, molar))
        elif target in {f"{kind}{BINDING}" for kind in KINDS}:
            if plan.cell.takes_up_vesicles and target.removesuffix(BINDING) in kinds:
                yield plan.name, target
        elif target in words_of(plan.cell, names).targets():
            yield plan.name, target


def _goes_by_golgi(soluble: str, library: Library, molar: Mapping[str, float | None]) -> bool:
    """Whether cells secrete it by the Golgi: all but small molecules, and proteins that have no leader."""
    mass = molar.get(soluble)
    leaderless = soluble in library.solubles and library.solubles[soluble].leaderless
    return not leaderless and (mass is None or mass >= _SMALL)


def expected(drugs: Sequence[Drug]) -> dict[str, Field]:
    """Every number of these drugs, by path."""
    found = {drug.number(effect, name): field for drug in drugs for effect in drug.effects
             for name, field in DRUG_EFFECT.items() if name in ("half_max", "hill", effect.strength)}  # fmt: skip
    timed = (drug for drug in drugs if drug.is_timed)
    return found | {f"drug.{drug.name}.{name}": field for drug in timed for name, field in DRUG.items()}


def numbers(drugs: Sequence[Drug], library: Library) -> dict[str, Given]:
    """The numbers of these drugs in the library, by path."""
    found: dict[str, Given] = {}
    for drug in drugs:
        agent, place = library.agents[drug.name], f"library:{drug.name}"
        found |= {f"drug.{drug.name}.washout_rate": Given(f"@{agent.washout_rate}", place)} if drug.is_timed else {}
        of = {effect.target: effect.numbers() for effect in agent.effects}
        found |= {drug.number(effect, name): Given(f"@{entry}", place) for effect in drug.effects
                  for name, entry in of[effect.target].items()}  # fmt: skip
    return found


def concentrations(drugs: Sequence[Drug]) -> dict[str, str]:
    """Path of each number that is a concentration, and the drug whose molar mass counts."""
    return {drug.number(effect, "half_max"): drug.name for drug in drugs for effect in drug.effects}


def asked(spec: ModelSpec, plans: Sequence[CellPlan], library: Library) -> dict[str, tuple[Field, Given]]:
    """Numbers that are there because an intervention needs them, by path, with what they are otherwise."""
    found: dict[str, tuple[Field, Given]] = {}
    genes = {name.lower(): gene for name, gene in library.genes.items()}
    for item in (item for condition in conditions(spec) for _, item in condition.interventions):
        lost = item.knock_out if isinstance(item, KnockOut) else item.knock_down if isinstance(item, KnockDown) else ""
        if (gene := genes.get(lost.lower())) is not None:
            found |= {f"gene.{gene.name}.{target}.fold": (GENE, Given(f"@{entry}", f"library:{gene.name}"))
                      for target, entry in gene.folds.items()}
        for plan in plans:
            if isinstance(item, AntiMir) and item.anti_mir in plan.cell.cargo:
                found[f"{plan.name}.{item.anti_mir}.{ANTI_MIR}"] = (CELL_ANTI_MIR, Given("1", "default"))
            if isinstance(item, Cloak) and plan.cell.takes_up_vesicles:
                found |= {f"{plan.name}.{AFFINITY}{item.of}": (CELL_AFFINITY, Given("1", "default"))
                          for sender in plans if sender.name == item.of and sender.cell.origins}
    return found


def check_exposures(
    found: Sequence[Condition], agents: Mapping[str, AgentEntry], read: set[str], notes: Notes
) -> None:
    """A drug that is written as an agent, and that no rule or network reads, does nothing."""
    forms = (ConstantExposure, PulseExposure, RepeatedExposure)
    for condition in found:
        for path, item in condition.exposures:
            if not isinstance(item, AgentExposure) or item.agent in read:
                continue
            if item.agent in agents and agents[item.agent].effects:
                level = item.concentration if isinstance(item, forms) else "..."
                notes.add("error", f"{path}.agent", f"`{item.agent}` is a drug, and no rule of the model reads it",
                          "what a drug does is an intervention", "as an exposure it would do nothing",
                          f"write `interventions: [{{inhibitor: {item.agent}, concentration: {level}, "
                          "from: ..., to: ...}]`")
