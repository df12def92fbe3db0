"""A dish at the start of a run: cells of whole numbers at rest, as the mean field leaves them in the mean."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vesica.engine.counters import stream
from vesica.engine.doses import present_in
from vesica.engine.program import Program
from vesica.engine.rest import Rests, resting
from vesica.engine.rows import size_law, value_vector
from vesica.engine.system import Lanes
from vesica.engine.whole import donor, journey
from vesica.engine.whole.chemistry import Reactions, Signals
from vesica.engine.whole.dish import Cells, Dish
from vesica.engine.whole.laws import Laws, donor_rates, loading_rows
from vesica.engine.whole.loading import Loads
from vesica.engine.whole.tally import Tally
from vesica.spec.resolved import Arm, CellType


def dish_at_rest(program: Program, arm: Arm, row: Mapping[str, float], sources: Mapping[str, Arm], replicate: int,
                 rests: Rests) -> Dish:
    """Cells that stood long without exposures; fresh medium.

    Parameters
    ----------
    row : mapping of parameter path to value
    sources : mapping of arm to arm
        Those that doses are taken from.
    replicate : int
        Names the streams with the seed of the model and the arm: it can be made again alone.
    rests : dict
        Mean-field rests already found.

    Raises
    ------
    RunFault
        Untreated cells run away.
    """
    present = present_in(program, arm, sources)
    tables = program.tables(present)
    values = value_vector(program, row)
    system = Lanes(tables, values[:, None].copy(), arm.counts, is_single=True)
    state = resting(program, system, present, rests).state[:, 0]
    values[tables.pools] = state
    laws = Laws(program, tables)
    name = f"{arm.name}|{replicate}"
    cells, first = [], 0
    for kind in program.model.cells:
        number = int(arm.counts.get(kind.name, 0))
        if number:
            cells.append(_cells(laws, kind, values, number, first, name, row))
            first += number
    classes = tuple(one for one in _classes(program) if f"origin:{one}" in present)
    cargo = tuple(one.name for one in program.model.cargo)
    seed = program.model.schedule.seed
    return Dish(arm, laws, cells, classes, cargo,
                journey.empty(stream(seed, f"{name}|journey", 0), len(classes), first, len(cargo)),
                values[:, None].copy(), Tally(), dict.fromkeys(program.model.solubles, 0.0),
                chance=stream(seed, f"{name}|medium", 0))


def _classes(program: Program) -> list[str]:
    """Classes of vesicles in the order of the model."""
    return [cell.name for cell in program.model.cells if cell.secretes_vesicles]


def _cells(laws: Laws, kind: CellType, rest: np.ndarray, number: int, first: int, name: str,
           row: Mapping[str, float]) -> Cells:
    """The cells of one type, each with whole numbers of its own around the mean field's rest."""
    model, c = laws.program.model, kind.name
    seed = model.schedule.seed
    values = np.repeat(rest[:, None], number, axis=1)
    laws.evaluate(values)
    reactions = Reactions(laws.program, laws.tables, kind)
    signals = Signals(laws.program, laws.tables, kind)
    streams = donor.streams_of(seed, f"{name}|{c}|reactions", range(number))
    reactions.settle(values, streams)
    cells = Cells(kind, first, values, np.ones(number, dtype=bool), streams, stream(seed, f"{name}|{c}|chance", 0),
                  signals, reactions)
    if kind.secretes_vesicles:
        cells.donors = _donors(laws, cells, rest, f"{name}|{c}|donor", row)
    return cells


def _donors(laws: Laws, cells: Cells, rest: np.ndarray, purpose: str, row: Mapping[str, float]) -> donor.Donors:
    """Resting donors, their vesicles loaded from what each cell holds."""
    model, c = laws.program.model, cells.name
    one = rest[:, None].copy()
    laws.evaluate(one)
    rates = donor_rates(laws, one, c)
    cargo = tuple(entry.name for entry in model.cargo)
    topology = {entry.name: entry.topology for entry in model.cargo}
    loads = Loads(size_law(row, c), loading_rows(laws, one, c, cargo, topology),
                  np.array([topology[name] == "lumen" for name in cargo], dtype=bool), np.zeros(len(cargo)))
    pool = np.zeros((cells.number, len(cargo)), dtype=np.int64)
    for column, name in enumerate(cargo):
        if name in cells.type.cargo:
            pool[:, column] = cells.values[laws.program.index[f"{c}.{name}"]]
    return donor.resting(model.schedule.seed, purpose, range(cells.number), rates[0], loads=loads, pool=pool)
