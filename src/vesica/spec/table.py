"""The flat table of numbers: layers of library, switches, measurements and the user's words, one on the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from vesica.errors import nearest
from vesica.library import Library
from vesica.spec import (
    contacts,
    drugs,
    engineering,
    isolation,
    medium,
    preparations,
    spaces,
    structure,
    switches,
    transfer,
    vessel,
)
from vesica.spec.arms import conditions
from vesica.spec.cells import Network
from vesica.spec.expressions import names_in
from vesica.spec.model import ModelSpec
from vesica.spec.networks import Built
from vesica.spec.preparations import Plan as PreparationPlan
from vesica.spec.quantities import Given, Notes, parameter
from vesica.spec.resolved import Contact, Drug, Parameter, Switch
from vesica.spec.rule_words import GRADIENT
from vesica.spec.rulebook import Rulebook
from vesica.spec.structure import Catalogue, CellPlan
from vesica.spec.treatments import AddedSpec
from vesica.spec.vocabulary import Field, sender_of, size_paths

Layer = Iterable[tuple[str, Given]]
WITHOUT_PLASTIC: Final = ("tissue", "gel", "box")
DIFFUSIVITY: Final = "@soluble.diffusivity.protein"  # of a factor that does not say


@dataclass(frozen=True)
class Numbers:
    """Parameters of the model, and per arm the values that differ, with the text to show for them."""

    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    changes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    shown: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Gathered:
    """Everything that a model is made of, looked up, before its numbers are read.

    Parameters
    ----------
    held : Built
        The networks of its medium.
    measured : mapping of path to parameter
        Numbers that come from the user's files, or are made from others.
    molar : mapping of substance to g/mol
    """

    names: Catalogue
    plans: Sequence[CellPlan]
    prepared: Sequence[PreparationPlan]
    held: Built
    touching: Sequence[Contact]
    book: Rulebook
    chosen: Sequence[Switch]
    measured: Mapping[str, Parameter]
    molar: Mapping[str, float | None]


@dataclass(frozen=True)
class _Reader:
    """What is needed to turn a `Given` into a `Parameter`."""

    expected: Mapping[str, Field]
    cells: Sequence[str]
    library: Library
    molar: Mapping[str, float | None]
    agent_of: Mapping[str, str]  # path of a concentration -> the substance whose molar mass counts
    notes: Notes

    def put(self, layer: dict[str, Given], changes: Layer) -> None:
        """Lay changes over a layer; paths that do not exist are noted."""
        for path, given in changes:
            if contacts.is_stranger(path, self.cells):
                continue
            found = [here for here in switches.expand(path, self.cells) if here in self.expected]
            if not found and self._is_death_of_the_deathless(path):
                self.notes.add("error", given.place, f"`{path}` is set, and no such cell can die in this model",
                               "only a cell type that can die has a hazard of death",
                               "the value would change nothing", "delete it, or give it to a cell type that can die")
            elif not found:
                known = {*self.expected, *(f"*.{here.partition('.')[2]}" for here in self.expected
                                           if here.partition(".")[0] in self.cells)}  # fmt: skip
                self.notes.add("error", given.place, f"`{path}` is not a parameter of this model",
                               "a parameter is named by its path, as `explain` prints it",
                               "the value would change nothing", nearest(path, known))
            layer |= dict.fromkeys(found, given)

    def _is_death_of_the_deathless(self, path: str) -> bool:
        owner, _, name = path.rpartition(".")
        return name == structure.DEATH and (owner == "*" or owner in self.cells)

    def read(self, path: str, given: Given) -> Parameter | None:
        """The parameter a number means at a path."""
        mass = self.molar.get(self.agent_of.get(path, ""))
        return parameter(path, self.expected[path], given, self.library.entries, self.notes, mass)


def words_of_networks(networks: Iterable[Network]) -> set[str]:
    """Every word that networks read or move."""
    found: set[str] = set()
    for network in networks:
        for reaction in network.reactions:
            found |= {*names_in(reaction.rate), *(name for name, _ in reaction.moves)}
        for one in network.assignments:
            found |= set(names_in(one.value))
    return found


def solubles_of(spec: ModelSpec, gathered: Gathered) -> tuple[str, ...]:
    """Factors of the medium: what cells secrete, what rules or networks read or make, what bursting vesicles free.

    And factors that are added, or stand in fresh medium.
    """
    cells = [plan.cell for plan in gathered.plans]
    found = {name for cell in cells for name in cell.solubles} | set(gathered.book.solubles)
    found |= transfer.freed(cells, spec, gathered.names.library, preparations.carried(gathered.prepared))
    words = words_of_networks((*gathered.held.networks, *(network for cell in cells for network in cell.networks)))
    words |= {word.removeprefix(GRADIENT) for word in words}
    words |= {name for cell in cells if cell.matrix for name in (*cell.matrix.factors, *cell.matrix.proteases)}
    words |= {name for cell in cells if cell.motility for name in cell.motility.attractants}
    words |= spaces.at_walls(spec)
    words |= {item.add for condition in conditions(spec) for _, item in condition.exposures
              if isinstance(item, AddedSpec)} | {*spec.medium.contents}  # fmt: skip
    return tuple(sorted(found | words & {*gathered.names.solubles}))


def build(spec: ModelSpec, gathered: Gathered, used: Sequence[Drug], notes: Notes) -> Numbers:
    """Every number of the model.

    Later layers replace earlier ones: the library, its switches, measurements, the user's
    numbers, the options of the user's own switches. ``used`` are the drugs that arms use.
    """
    plans, prepared, held, book = gathered.plans, gathered.prepared, gathered.held, gathered.book
    chosen, measured, molar, library = gathered.chosen, gathered.measured, gathered.molar, gathered.names.library
    given = [item for condition in conditions(spec) for item in condition.exposures]
    solubles = solubles_of(spec, gathered)
    cells = [plan.name for plan in plans]
    felt, sensing = contacts.sensing([plan.cell for plan in plans], book.rules)
    expected = medium.expected(spec, solubles) | dict(book.expected) | vessel.expected(spec)
    expected |= dict(held.expected) | contacts.expected(gathered.touching) | felt
    for plan in plans:
        expected |= structure.expected_of_cell(plan.cell) | dict(plan.built.expected)
    said = spec.model_dump_json(exclude_none=True)
    switched = switches.library_layer(chosen, library, {plan.name: plan.like for plan in plans})
    senders = [plan.name for plan in plans if plan.cell.origins] + [one.name for one in prepared]
    choices = {path: choice for plan in plans for path, choice in structure.choices_of_cell(plan.cell, senders).items()
               if path in switched or path.rpartition(".")[2] in said}  # fmt: skip
    choices |= structure.choices_of_senders(senders, said) | isolation.expected(given, library)
    choices |= drugs.asked(spec, plans, library)
    done = [item for condition in conditions(spec) for item in condition.interventions]
    choices |= engineering.choices(done, cells, library) | preparations.dyes(prepared, gathered.names.cargo, library)
    for one in prepared:
        choices |= one.choices
        expected |= one.expected
    expected |= {path: field for path, (field, _) in choices.items()} | drugs.expected(used)
    expected |= {path: preparations.FRESH_FIELDS[path] for path in preparations.FRESH_FIELDS if path in measured}
    agent_of = dict(book.molar) | drugs.concentrations(used) | {path: path.split(".")[1] for path in felt}
    agent_of |= {f"{name}.in_fresh_medium": name for name in solubles}
    agent_of |= {f"{plan.name}.{name}.sensing_kd": name for plan in plans if plan.cell.motility
                 for name in plan.cell.motility.attractants}
    reader = _Reader(expected, cells, library, molar, agent_of, notes)
    base = _library_layer(spec, library, plans, solubles) | dict(book.numbers) | dict(held.numbers)
    base |= {path: default for path, (_, default) in choices.items()}
    base |= drugs.numbers(used, library) | switched
    base |= vessel.numbers(spec, library) | medium.numbers(spec, library, solubles, notes)
    base |= contacts.numbers(gathered.touching) | sensing
    written: dict[str, Given] = {}
    for one in prepared:
        base |= one.base
        reader.put(written, one.written.items())
    for name, cell in spec.cells.items():
        reader.put(written, structure.written_numbers(cell, name, f"cells.{name}").items() if name in cells else ())
    reader.put(written, _named(spec.parameters, "parameters"))
    reader.put(written, switches.own_layer(spec, chosen))
    _check_others(reader, switches.other_options(spec, chosen))
    arms = _of_arms(spec, reader)
    parameters = {path: found for path, given in (base | written).items()
                  if path in expected and (path in written or path not in measured)
                  and (found := reader.read(path, given)) is not None}  # fmt: skip
    parameters |= {path: number for path, number in measured.items() if path not in written and path in expected}
    _fill_from_arms(parameters, arms)
    _check_complete(expected, parameters, {*base, *written}, spec, notes)
    origins = [origin for plan in plans for origin in plan.cell.origins]
    _check_sizes(parameters, origins + [one.preparation.origin for one in prepared], written, notes)
    changes = {arm: {path: item.value for path, item in sorted(layer.items())
                     if path in parameters and item.value != parameters[path].value}
               for arm, layer in arms.items()}  # fmt: skip
    shown = {arm: {path: layer[path].shown for path in changes[arm]} for arm, layer in arms.items()}
    return Numbers({path: parameters[path] for path in sorted(parameters)}, changes, shown)


def _named(numbers: Mapping[str, str | float], place: str) -> list[tuple[str, Given]]:
    return [(path, Given(text, f"{place}.{path}")) for path, text in numbers.items()]


def _library_layer(
    spec: ModelSpec, library: Library, plans: Sequence[CellPlan], solubles: Sequence[str]
) -> dict[str, Given]:
    layer = {f"medium.{name}": Given(f"@{entry}", "library:medium") for name, entry in library.medium.items()}
    if spec.domain.kind in WITHOUT_PLASTIC:
        layer["medium.plastic_loss_rate"] = Given("0 1/s", "default")
    for name in solubles:
        if name in spec.solubles:
            said = spec.solubles[name]
            layer[f"{name}.decay_rate"] = Given(said.decay_rate, f"solubles.{name}.decay_rate")
            layer[f"{name}.diffusivity"] = Given(said.diffusivity or DIFFUSIVITY, f"solubles.{name}.diffusivity")
        elif name in library.solubles:
            layer[f"{name}.decay_rate"] = Given("0 1/s", "default")
            layer |= {f"{name}.{key}": Given(f"@{entry}", f"library:{name}")
                      for key, entry in library.solubles[name].numbers().items()}
    for plan in plans:
        layer |= structure.library_numbers(plan, library) | structure.network_numbers(plan)
    return layer


def _of_arms(spec: ModelSpec, reader: _Reader) -> dict[str, dict[str, Parameter]]:
    """What each arm gives anew."""
    result: dict[str, dict[str, Parameter]] = {}
    for arm, change in spec.arms.items():
        layer: dict[str, Given] = {}
        for name, cell in change.cells.items():
            place = structure.place_of(arm, name)
            if name in reader.cells:
                reader.put(layer, structure.written_numbers(cell, name, place).items())
        reader.put(layer, _named(change.parameters, f"arms.{arm}.parameters"))
        found = {path: reader.read(path, given) for path, given in layer.items()}
        result[arm] = {path: number for path, number in found.items() if number is not None}
    return result


def _fill_from_arms(parameters: dict[str, Parameter], arms: Mapping[str, Mapping[str, Parameter]]) -> None:
    """A number that only arms give: the table takes it from the first of them by name, each arm keeps its own."""
    for arm in sorted(arms):
        for path, number in arms[arm].items():
            parameters.setdefault(path, number)


def _check_others(reader: _Reader, layer: Layer) -> None:
    """Options that are not chosen are read as well, so that a slip in them is found now."""
    found: dict[str, Given] = {}
    for path, given in layer:
        here: dict[str, Given] = {}
        reader.put(here, [(path, given)])
        found |= here
        for name, number in here.items():
            reader.read(name, number)


def _check_complete(
    expected: Mapping[str, Field], parameters: Mapping[str, Parameter], attempted: set[str],
    spec: ModelSpec, notes: Notes,
) -> None:
    for path in expected:
        if path in parameters or path in attempted:
            continue
        cell, _, rest = path.partition(".")
        owner, _, name = rest.rpartition(".")
        kind = next((key for key in structure.OWNED_NUMBERS
                     if cell in spec.cells and owner in getattr(spec.cells[cell], key)), "")  # fmt: skip
        block = "preparations" if cell in spec.preparations else "cells" if cell in spec.cells else "agents"
        place = f"cells.{cell}.{kind}.{owner}" if kind else f"{block}.{cell}"
        notes.add("error", place, f"`{path}` has no value", "every number of a model is given, or in the library",
                  "there is nothing to compute with", f"add `{name}:` with a value in `{expected[path].unit or '1'}`")


def _check_sizes(
    parameters: Mapping[str, Parameter], origins: Sequence[str], written: Mapping[str, Given], notes: Notes
) -> None:
    for origin in origins:
        median, _, low, high, _ = size_paths(origin)
        names = [low, median, high]
        sizes = [parameters[name].value for name in names if name in parameters]
        if len(sizes) == len(names) and not sizes[0] < sizes[1] < sizes[2]:
            place = next((written[name].place for name in names if name in written), f"cells.{sender_of(origin)}")
            notes.add("error", place, f"diameters {', '.join(f'{size * 1e3:g}' for size in sizes)} nm",
                      "the median lies between the smallest and the largest diameter",
                      "the size law would be empty", "change the bounds or the median")
