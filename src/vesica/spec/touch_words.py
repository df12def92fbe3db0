"""What cells may show to those that touch them: membrane cargo, signals, and states of networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vesica.library import Library
from vesica.spec import networks
from vesica.spec.cell_words import CellSpec, NetworkSpec
from vesica.spec.model import ModelSpec
from vesica.spec.quantities import Given
from vesica.spec.resolved import Cargo
from vesica.spec.vocabulary import SOURCE_UNITS
from vesica.units import internal_unit, split

Levels = Mapping[str, tuple[str, str]]


def touchable(spec: ModelSpec, library: Library, cargo: Mapping[str, Cargo]) -> Levels:
    """Label and internal unit of each, by name: of every cell type of the model, before its networks are read.

    A name that has one unit in one cell type and another in the next is left out.
    """
    found = {name: (item.label or name, SOURCE_UNITS["touched"]) for name, item in cargo.items()
             if item.topology == "membrane"}  # fmt: skip
    levels: dict[str, tuple[str, str]] = {}
    clashes: set[str] = set()
    for name, label, unit in _levels(spec, library):
        clashes |= {name} if levels.get(name, ("", unit))[1] != unit else set()
        levels.setdefault(name, (label, unit))
    return found | {name: level for name, level in levels.items() if name not in clashes}


def _levels(spec: ModelSpec, library: Library) -> Iterator[tuple[str, str, str]]:
    """Name, label and unit of every signal and state, as often as a cell type has it."""
    everyone = [*spec.cells.items(), *(item for arm in spec.arms.values() for item in arm.cells.items())]
    for name, cell in everyone:
        base = library.cells.get(cell.like or name)
        held = cell.networks if cell.networks is not None else () if base is None else base.networks
        plans = [plan for one in held if (plan := networks.definition(one, spec.networks, library)) is not None]
        states = [state for plan in plans for state in _states(plan.words, library)]
        yield from states
        taken = {state for state, _, _ in states}
        signals = {} if base is None else {key: item.label for key, item in base.signals.items()}
        signals |= _signals(cell)
        for plan in plans:
            signals |= _signals(plan.words)
        yield from ((key, label or key, SOURCE_UNITS["signal"]) for key, label in signals.items() if key not in taken)


def _signals(words: CellSpec | NetworkSpec) -> dict[str, str]:
    return {key: item.label or "" for key, item in words.signals.items()}


def _states(words: NetworkSpec, library: Library) -> Iterator[tuple[str, str, str]]:
    for name, state in words.states.items():
        given = state.initial if state.initial is not None else state.at_start
        unit = None if given is None else _unit(given, library)
        if unit is not None:
            yield name, state.label or name.replace("_", " "), unit


def _unit(number: str | float, library: Library) -> str | None:
    """Internal unit of a number as written; nothing where it cannot be read, which its reader notes."""
    given = Given(number, "")
    try:
        if given.entry:
            entry = library.entries.get(given.entry)
            found = None if entry is None else internal_unit(entry.unit)
        else:
            found = internal_unit(split(number)[1].replace("%", "percent"))
    except ValueError:
        return None
    return "" if found == "dimensionless" else found
