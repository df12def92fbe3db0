"""Which cells there are and what each can do: names, kinds and labels, before any number."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from vesica.errors import article
from vesica.library import Library
from vesica.spec import (
    contacts,
    matrix,
    medium_networks,
    motility,
    network_checks,
    networks,
    phenotypes,
    touch_words,
    transfer,
    variability,
)
from vesica.spec.cell_words import CellSpec, NetworkSpec
from vesica.spec.cells import CellType, Signal
from vesica.spec.expressions import FUNCTIONS
from vesica.spec.model import AgentSpec, CargoSpec, ModelSpec
from vesica.spec.networks import NOTHING_BUILT, Built, Plan
from vesica.spec.quantities import Given, Notes
from vesica.spec.resolved import Cargo
from vesica.spec.rule_words import GRADIENT, TOUCHED, CellWords, Levels
from vesica.spec.vocabulary import (
    AFFINITY,
    ALL_MACHINERY,
    CELL_AFFINITY,
    CELL_APOPTOSIS,
    CELL_CARGO,
    CELL_CARGO_CHOICE,
    CELL_CARGO_SHED,
    CELL_MACHINERY,
    CELL_RESPONSE,
    CELL_SHEDDING,
    CELL_SIGNAL,
    CELL_SIGNAL_RECEPTOR,
    CELL_SOLUBLE,
    CELL_TARGETS,
    FUSOGENICITY,
    SENDER_FUSOGENICITY,
    SOURCE_UNITS,
    TAKEN,
    TAKEN_ENDINGS,
    Field,
)

DEATH = "death_rate"
OWNED_NUMBERS = ("cargo", "targets", "signals", "solubles")
# names that paths of parameters, or the solver, have for something else
RESERVED = frozenset({"medium", "rule", "drug", "gene", "agent", "base", "one", "zero", "running", "isolation",
                      "treatment", "storage", "cooling", "label"})


@dataclass(frozen=True)
class Catalogue:
    """Library and the model's own definitions, together: what names mean."""

    library: Library
    cargo: Mapping[str, Cargo]
    agents: Mapping[str, str]  # name -> label
    solubles: Mapping[str, str]
    touchable: Levels = field(default_factory=dict)  # what cells of the model may show to those that touch them


@dataclass(frozen=True)
class CellPlan:
    """A cell type with the library type it starts from, and the networks it holds."""

    cell: CellType
    like: str
    networks: tuple[Plan, ...] = ()
    built: Built = NOTHING_BUILT
    numbers: Mapping[str, Given] = field(default_factory=dict)  # of its phenotypes, by path

    @property
    def name(self) -> str:
        """Name of the cell type in the model."""
        return self.cell.name


def catalogue(spec: ModelSpec, library: Library, notes: Notes) -> Catalogue:
    """Names of the library, then those of the model; a name of both means one thing, or is refused.

    What the library knows as an agent and as a soluble is the one that the model makes of it.
    """
    made = medium_networks.substances(spec, library)
    cargo = {name: Cargo(name, item.kind, item.topology, item.label, item.frees)
             for name, item in library.cargo.items()}  # fmt: skip
    agents = {name: item.label for name, item in library.agents.items() if name not in made}
    solubles = {name: item.label for name, item in library.solubles.items() if name not in agents}
    for key, theirs in (("cargo", cargo), ("agents", agents), ("solubles", solubles)):
        for name, words in getattr(spec, key).items():
            if name in theirs and not _is_same(theirs[name], words) and name not in {*library.agents} - {*agents}:
                notes.add("error", f"{key}.{name}", f"`{name}` is already in the library", "a name means one thing",
                          "rules of the library would act on something else", "choose another name")
    cargo |= {name: Cargo(name, item.kind, item.topology, item.label or name, item.frees or "")
              for name, item in spec.cargo.items()}  # fmt: skip
    agents |= {name: item.label or agents.get(name, name) for name, item in spec.agents.items() if name not in made}
    solubles |= {name: item.label or name for name, item in spec.solubles.items()}
    transfer.check_freed(spec, solubles, notes)
    return Catalogue(library, cargo, agents, solubles, touch_words.touchable(spec, library, cargo))


def _is_same(theirs: Cargo | str, words: object) -> bool:
    """Whether a model says of a cargo what the library says, or of an agent only how it evaporates."""
    if isinstance(words, AgentSpec):
        return words.model_fields_set <= {"evaporation_rate"}
    return (isinstance(theirs, Cargo) and isinstance(words, CargoSpec)
            and (theirs.kind, theirs.topology) == (words.kind, words.topology))


def cell_specs(spec: ModelSpec) -> Iterator[tuple[str, str, CellSpec]]:
    """Everything said about cells: arm (or nothing for the base), name, words."""
    for name, cell in spec.cells.items():
        yield "", name, cell
    for arm, change in sorted(spec.arms.items()):
        for name, cell in change.cells.items():
            yield arm, name, cell


def place_of(arm: str, cell: str) -> str:
    """Path in the model file of what is said about a cell."""
    return f"arms.{arm}.cells.{cell}" if arm else f"cells.{cell}"


def plan_cells(spec: ModelSpec, names: Catalogue, notes: Notes) -> list[CellPlan]:
    """Every cell type that the base or an arm names, by name."""
    said: dict[str, list[tuple[str, CellSpec]]] = {}
    for arm, name, cell in cell_specs(spec):
        said.setdefault(name, []).append((place_of(arm, name), cell))
    _check_names(spec, said, names, notes)
    found = (_plan(name, said[name], names, spec, notes) for name in sorted(said))
    plans = [plan for plan in found if plan is not None]
    held = {network.name for plan in plans for network in plan.networks} | set(spec.medium.networks)
    network_checks.check_networks(spec.networks, held, names.library.networks, notes)
    return plans


def _check_names(
    spec: ModelSpec, said: Mapping[str, list[tuple[str, CellSpec]]], names: Catalogue, notes: Notes
) -> None:
    """Refuse words that mean something else, and names that two things share."""
    used = [(f"{key}.{name}", name) for key in ("cargo", "solubles", "agents") for name in getattr(spec, key)]
    used += [(cells[0][0], name) for name, cells in said.items()]
    signals = {name: "signal" for base in names.library.cells.values() for name in base.signals}
    for cells in said.values():
        for place, cell in cells:
            used += [(f"{place}.signals.{name}", name) for name in cell.signals]
            signals |= dict.fromkeys(cell.signals, "signal")
    for place, name in used:
        if name in RESERVED:
            notes.add("error", place, f"`{name}` is the name of something of this model",
                      f"these words are taken: {', '.join(f'`{word}`' for word in sorted(RESERVED))}",
                      "its numbers would be taken for those of something else", f"choose another name, as `my_{name}`")
    others = signals | dict.fromkeys(names.solubles, "soluble") | dict.fromkeys(names.agents, "agent")
    others |= dict.fromkeys(names.cargo, "cargo")
    for name, cells in said.items():
        if name in others:
            notes.add("error", cells[0][0], f"`{name}` is a cell type and {article(others[name])} {others[name]}",
                      "a name means one thing", "the numbers of one would be taken for those of the other",
                      f"choose another name for the cell type, as `{name}_cell`, with `like:` to say what it is like")


def _plan(
    name: str, said: list[tuple[str, CellSpec]], names: Catalogue, spec: ModelSpec, notes: Notes
) -> CellPlan | None:
    likes = {cell.like: place for place, cell in said if cell.like is not None}
    if len(likes) > 1:
        notes.add("error", f"{said[-1][0]}.like", f"`{name}` is like {' and like '.join(sorted(likes))}",
                  "a cell type is one thing in all arms", "its numbers would depend on the order of arms",
                  "use two names")
        return None
    like = next(iter(likes), name)
    known = names.library.cells
    if like not in known:
        place = f"{likes[like]}.like" if like in likes else said[0][0]
        wrong = like if like in likes else name
        notes.unknown(place, "cell type", wrong, known, "it has no machinery and no numbers")
        near = difflib.get_close_matches(wrong, known, n=1)
        if not near:
            return None
        like = near[0]  # nothing will run; this keeps one slip from looking like many
    base = known[like]
    held = _networks(said, base.networks, names, spec, notes)
    signals = {key: Signal(key, item.requires or None, item.label) for key, item in base.signals.items()}
    sayings: list[tuple[str, CellSpec | NetworkSpec]] = [*((plan.place, plan.words) for plan in held), *said]
    for place, cell in sayings:
        for key, signal in cell.signals.items():
            old = signals.get(key, Signal(key, None, key.replace("_", " ")))
            signals[key] = Signal(key, signal.requires or old.requires, signal.label or old.label)
            if signals[key].requires is not None and signals[key].requires not in names.cargo:
                notes.unknown(f"{place}.signals.{key}.requires", "cargo", str(signals[key].requires), names.cargo,
                              "the signal could never rise")
    sheds, bleb = _flag("microvesicles", said, notes), _flag("apoptotic_vesicles", said, notes)
    cargo = (*base.cargo, *(base.microvesicle_cargo if sheds else ()))
    owned = {"cargo": dict.fromkeys(cargo), "targets": dict.fromkeys(base.targets),
             "solubles": dict.fromkeys(base.solubles)}  # fmt: skip
    for place, cell in sayings:
        for key, known_names in (("cargo", names.cargo), ("targets", names.cargo), ("solubles", names.solubles)):
            for word in getattr(cell, key):
                if word not in known_names:
                    what = "soluble" if key == "solubles" else "cargo"
                    notes.unknown(f"{place}.{key}.{word}", what, word, known_names,
                                  f"its kind is unknown (define it under `{key if key != 'targets' else 'cargo'}:`)")
                    continue
                owned[key].setdefault(word)
                if key == "targets" and word in base.offered_cargo:  # a target pool needs its miRNA in the cell
                    owned["cargo"].setdefault(word)
    label = next((cell.label for _, cell in said if cell.label), base.label if like == name else name)
    cell_type = CellType(name, label, tuple(sorted(signals.values(), key=lambda signal: signal.name)),
                         tuple(sorted(owned["cargo"])), tuple(sorted(owned["targets"])),
                         tuple(sorted(owned["solubles"])), base.secretes_vesicles, base.takes_up_vesicles,
                         base.can_die or bleb, sheds, bleb)  # fmt: skip
    cell_type = replace(cell_type, spreads=variability.spreads_of(name, said, notes))
    has_ago = _flag("ago", said, notes) or (base.ago and all(cell.ago is None for _, cell in said))
    cell_type = replace(cell_type, has_ago=has_ago, matrix=matrix.of_cell(said, names.solubles, notes),
                        motility=motility.of_cell(said, {*names.solubles, *names.agents}, notes))
    cell_type = transfer.of_cell(cell_type, base, said, names.cargo, notes)
    _check_receptors(cell_type, said[0][0], notes)
    text = spec.model_dump_json(exclude_none=True)
    found = phenotypes.read(name, base, [(place, cell.phenotypes) for place, cell in said], text, notes)
    cell_type = replace(cell_type, chains=found.chains, can_die=cell_type.can_die or found.can_kill)
    deathless = {} if base.can_die or bleb or not found.can_kill else {f"{name}.{DEATH}": Given("0 1/s", "default")}
    plan = _with_networks(CellPlan(cell_type, like, held, numbers={**found.numbers, **deathless}), names, notes)
    others = words_of(replace(plan.cell, chains=()), names).sources()
    phenotypes.check(found, set(words_of(plan.cell, names).targets()), set(others), notes)
    return plan


def _networks(
    said: list[tuple[str, CellSpec]], base: tuple[str, ...], names: Catalogue, spec: ModelSpec, notes: Notes
) -> tuple[Plan, ...]:
    """The networks a cell type holds: those the model names, or else those of the library."""
    lists = {cell.networks: place for place, cell in said if cell.networks is not None}
    if len(lists) > 1:
        named = [f"`[{', '.join(one)}]`" for one in lists]
        notes.add("error", f"{said[-1][0]}.networks", f"networks differ: {' and '.join(named)}",
                  "a cell type is one thing in all arms", "its laws would depend on the order of arms",
                  "use two cell types, the second with `like:`")
    found = []
    for wanted, place in list(lists.items())[:1] or [(base, "")]:
        for number, name in enumerate(wanted):
            if name in wanted[:number]:
                notes.add("warning", f"{place}.networks[{number}]", f"`{name}` is named twice",
                          "a cell holds a network once", "it is held once", "delete one of the two")
                continue
            plan = networks.definition(name, spec.networks, names.library)
            if plan is None:
                known = {*spec.networks, *names.library.networks}
                notes.unknown(f"{place}.networks[{number}]", "network", name, known, "the cell would lack its laws")
            else:
                found.append(plan)
    return tuple(found)


def _with_networks(plan: CellPlan, names: Catalogue, notes: Notes) -> CellPlan:
    """The plan with its networks read; signals that a network provides are no plain signals any more."""
    if not plan.networks:
        return plan
    cell = plan.cell
    networks.check_names(plan.networks, _taken(cell, names), notes)
    provided = {name for held in plan.networks for name in held.words.provides}
    cell = replace(cell, signals=tuple(signal for signal in cell.signals if signal.name not in provided))
    outside = dict.fromkeys((*cell.cargo, *names.solubles), "molecule")
    built = networks.build(plan.networks, cell.name, words_in(cell, names), outside, names.library, notes,
                           felt=names.solubles)
    return replace(plan, cell=replace(cell, networks=built.networks), built=built)


def _taken(cell: CellType, names: Catalogue) -> dict[str, str]:
    """What words of a cell type mean that are none of its networks: no state may be called so."""
    held = (*cell.cargo, *(signal.name for signal in cell.signals), *cell.mirna_targets)
    found = dict.fromkeys(words_in(cell, names), f"a value of the {cell.label}")
    found |= dict.fromkeys((*ALL_MACHINERY, *CELL_RESPONSE), f"a number of the {cell.label}")
    found |= dict.fromkeys((*RESERVED, *TAKEN, *(f"{one}{end}" for one in held for end in TAKEN_ENDINGS)),
                           "a name that vesica uses")
    found |= dict.fromkeys(FUNCTIONS, "a function of expressions")
    found |= dict.fromkeys((*names.agents, *names.solubles), "a substance")
    found |= dict.fromkeys(cell.cargo, f"a cargo of the {cell.label}")
    found |= {state.name: "a phenotype" for chain in cell.chains for state in chain.states}
    return found | {signal.name: f"{networks.SIGNAL} of the {cell.label}" for signal in cell.signals}


def words_in(cell: CellType, names: Catalogue) -> dict[str, str]:
    """Unit of every word that expressions of a cell type may read, besides its networks' own."""
    concentration, pure = SOURCE_UNITS["agent"], SOURCE_UNITS["signal"]
    found = {name: field.unit for name, field in CELL_MACHINERY.items()}
    found |= dict.fromkeys((*names.agents, *names.solubles), concentration)
    found |= dict.fromkeys((signal.name for signal in cell.signals), pure)
    found |= dict.fromkeys(cell.cargo, SOURCE_UNITS["cargo"]) | {"alive": pure}
    found |= {f"{place}_{name}": SOURCE_UNITS["bound"] for name in names.cargo for place in ("bound", "inside")}
    found |= {f"repression_by_{name}": SOURCE_UNITS["repression"] for name in cell.mirna_targets}
    found |= {f"engaged_{name}": SOURCE_UNITS["engaged"] for name, _ in cell.ligands}
    found |= {f"{TOUCHED}{name}": unit for name, (_, unit) in names.touchable.items()}
    found |= {f"{GRADIENT}{name}": SOURCE_UNITS["gradient"] for name in names.solubles}
    found |= matrix.units(cell, names.cargo)
    return found | {state.name: pure for chain in cell.chains for state in chain.states}


def _flag(key: str, said: list[tuple[str, CellSpec]], notes: Notes) -> bool:
    """What a cell type does if the model says so; off without a word, and the same in all arms."""
    words = {getattr(cell, key): place for place, cell in said if getattr(cell, key) is not None}
    if len(words) > 1:
        notes.add("error", f"{words[False]}.{key}", f"`{key}` is true in `{words[True]}` and false in `{words[False]}`",
                  "a cell type is one thing in all arms", "one of the two would be ignored",
                  "use two cell types, the second with `like:`")
    return True in words


def _check_receptors(cell: CellType, place: str, notes: Notes) -> None:
    for signal in cell.signals:
        if signal.requires is not None and signal.requires not in cell.cargo:
            notes.add("error", f"{place}.signals.{signal.name}",
                      f"`{signal.name}` requires `{signal.requires}`, which the {cell.label} does not have",
                      "a signal's receptor is a cargo of its cell", "the signal could never rise",
                      f"add `cargo: {{{signal.requires}: {{basal: ..., decay_rate: ..., enrichment: ...}}}}`")


def words_of(cell: CellType, names: Catalogue) -> CellWords:
    """What rules may say about one cell type."""
    def labels(keys: tuple[str, ...]) -> dict[str, str]:
        return {key: names.cargo[key].label or key for key in keys if key in names.cargo}

    plain = {signal.name: signal.label or signal.name for signal in cell.signals}
    return CellWords(
        cell.name, cell.label, plain,
        labels(cell.cargo), cell.mirna_targets, {name: names.solubles[name] for name in cell.solubles},
        names.agents, names.solubles, labels(tuple(names.cargo)), cell.can_die,
        cell.sheds_microvesicles,
        {name: level for name, level in cell.levels.items() if name not in plain}, _reactions(cell),
        {state.name: state.label or state.name for chain in cell.chains for state in chain.states},
        {f"{one}_to_{other}": f"the change from {one} to {other}" for chain in cell.chains
         for one, other in chain.transitions},
        labels(tuple(ligand for ligand, _ in cell.ligands)), labels(tuple(mrna for mrna, _ in cell.translations)),
        names.touchable, matrix.words(cell, labels(tuple(names.cargo)), names.solubles),
    )  # fmt: skip


def _reactions(cell: CellType) -> dict[str, tuple[str, str]]:
    """Reactions of the networks of a cell, ``NETWORK_REACTION``: label and unit of the rate.

    The rate is that of the states that it moves; where it moves cargo or a factor of the medium, molecules per cell.
    """
    units = {state.name: state.unit for network in cell.networks for state in network.states}
    found = {}
    for network in cell.networks:
        for reaction in network.reactions:
            moved = {units.get(name, "molecule") for name, _ in reaction.moves}
            unit = "molecule" if "molecule" in moved else next(iter(moved), "")
            label = reaction.label or f"`{reaction.name}` of {network.label or network.name}"
            found[f"{network.name}_{reaction.name}"] = (label, f"{unit or '1'}/s")
    return found


def expected_of_cell(cell: CellType) -> dict[str, Field]:
    """Every parameter a cell type has, by path."""
    paths = {f"{cell.name}.{name}": field for name, field in CELL_MACHINERY.items()
             if cell.can_die or name != DEATH}  # fmt: skip
    if cell.forms_apoptotic_vesicles:
        paths |= {f"{cell.name}.{name}": field for name, field in CELL_APOPTOSIS.items()}
    of_cargo = CELL_CARGO
    if cell.sheds_microvesicles:
        paths |= {f"{cell.name}.{name}": field for name, field in CELL_SHEDDING.items()}
        of_cargo = CELL_CARGO | CELL_CARGO_SHED
    for owner, fields in (
        *((cargo, of_cargo) for cargo in cell.cargo),
        *((mirna, CELL_TARGETS) for mirna in cell.mirna_targets),
        *((signal.name, CELL_SIGNAL) for signal in cell.signals),
        *((signal.name, CELL_SIGNAL_RECEPTOR) for signal in cell.signals if signal.requires),
        *((soluble, CELL_SOLUBLE) for soluble in cell.solubles),
    ):
        paths |= {f"{cell.name}.{owner}.{name}": field for name, field in fields.items()}
    paths |= phenotypes.expected(cell) | transfer.expected(cell) | matrix.expected(cell) | motility.expected(cell)
    return paths | variability.expected(cell)


def choices_of_cell(cell: CellType, senders: Iterable[str]) -> dict[str, tuple[Field, Given]]:
    """Parameters that a cell type has only where one of them is named, by path, with what they are otherwise."""
    found = {f"{cell.name}.{cargo}.{name}": (field, Given("0", "default")) for cargo in cell.cargo
             if cell.secretes_vesicles for name, field in CELL_CARGO_CHOICE.items()}  # fmt: skip
    if cell.takes_up_vesicles:
        found |= {f"{cell.name}.{AFFINITY}{name}": (CELL_AFFINITY, Given("1", "default")) for name in senders}
    return found


def choices_of_senders(senders: Iterable[str], said: str) -> dict[str, tuple[Field, Given]]:
    """Parameters of vesicles by sender that a model has only where it names them."""
    paths = [f"{name}.{FUSOGENICITY}" for name in senders]
    return {path: (SENDER_FUSOGENICITY, Given("1", "default")) for path in paths if path in said}


def library_numbers(plan: CellPlan, library: Library) -> dict[str, Given]:
    """The numbers a cell type has from the library, by path."""
    base = library.cells[plan.like]
    place = f"library:{plan.like}"
    numbers = {name: Given(f"@{entry}", place) for name, entry in {**library.machinery, **base.parameters}.items()}
    if plan.cell.sheds_microvesicles:
        passive = Given(f"@{library.microvesicle_enrichment}", place)
        numbers |= {f"{cargo}.microvesicle_enrichment": passive for cargo in plan.cell.cargo}
    for kind in (*OWNED_NUMBERS, "microvesicle_cargo", "offered_cargo", "offered_targets", "offered_solubles"):
        for owner, item in getattr(base, kind).items():
            for name, entry in item.numbers().items():
                numbers[f"{owner}.{name}"] = Given(f"@{entry}", place)
    numbers |= transfer.library_numbers(plan.cell, base, place) | matrix.library_numbers(plan.cell, place)
    numbers |= motility.library_numbers(plan.cell, place)
    found = {f"{plan.name}.{name}": given for name, given in numbers.items()}
    return found | dict(plan.numbers) | variability.defaults(plan.cell)


def network_numbers(plan: CellPlan) -> dict[str, Given]:
    """The numbers a cell type has from its networks, and from what it gains with them, by path."""
    found = dict(plan.built.numbers)
    for held in plan.networks:
        found |= _owned_numbers(held.words, plan.name, held.place)
    return found


def written_numbers(cell: CellSpec, name: str, place: str) -> dict[str, Given]:
    """The numbers the user gives in one ``cells:`` block, by path."""
    numbers = {f"{name}.{key}": Given(text, f"{place}.parameters.{key}") for key, text in cell.parameters.items()}
    numbers |= _owned_numbers(cell, name, place) | phenotypes.written(cell.phenotypes, name, place)
    numbers |= transfer.written_numbers(cell, name, place) | contacts.written(cell, name, place)
    numbers |= motility.written_numbers(cell, name, place)
    return numbers | matrix.written_numbers(cell, name, place) | variability.written(cell, name, place)


def _owned_numbers(cell: CellSpec | NetworkSpec, name: str, place: str) -> dict[str, Given]:
    numbers: dict[str, Given] = {}
    for kind in OWNED_NUMBERS:
        for owner, item in getattr(cell, kind).items():
            for key, text in item:
                if text is not None and key not in ("label", "requires"):
                    numbers[f"{name}.{owner}.{key}"] = Given(text, f"{place}.{kind}.{owner}.{key}")
    return numbers


