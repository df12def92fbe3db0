"""What an arm in space starts from: cells at rest in their places, and fields around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine import classes, drugs, schedule
from vesica.engine.kernels import KERNELS
from vesica.engine.places import VOLUME
from vesica.engine.rest import Rests, resting
from vesica.engine.rows import size_law, value_vector
from vesica.engine.system import Lanes
from vesica.engine.tables import Tables
from vesica.engine.tissue import surroundings
from vesica.engine.tissue.chemistry import Chemistry
from vesica.engine.tissue.cut import AGENT, CellPart, Cut, Decay
from vesica.engine.tissue.fields import THREADS, Exchange, Fields, Law
from vesica.engine.tissue.lanes import CellLanes
from vesica.engine.tissue.population import Population
from vesica.engine.tissue.unlike import keys_of, rest_of_lanes, values_of_lanes
from vesica.engine.tissue.whole_cells import WholeCells
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.spec.space import Space
from vesica.transport import correction, kernels
from vesica.transport.diffusion import stokes_einstein
from vesica.transport.fields import FieldStepper

Array = NDArray[np.float64]
CAREFUL: Final = 0.1  # tolerance of cells over that of the run: their errors add up along its many steps
AT_ONCE: Final = 1e300  # um^2/s: to the cells' own laws the liquid at their surface is all there is


@dataclass(frozen=True)
class Setting:
    """All that an arm in space starts from."""

    cut: Cut
    space: Space
    arm: Arm
    row: Mapping[str, float]
    present: frozenset[str]

    @property
    def model(self) -> ResolvedModel:
        """The model."""
        return self.cut.model

    @property
    def types(self) -> tuple[str, ...]:
        """Cell types of the arm, in the order of its cells."""
        placed = self.space.cells[self.arm.name]
        return tuple(cell.name for cell in self.model.cells if cell.name in placed and placed[cell.name].count
                     and self.arm.counts.get(cell.name))

    @property
    def field_names(self) -> tuple[str, ...]:
        """Fields of the arm: of the table, and agents that come in at a wall."""
        agents = dict.fromkeys(f"{AGENT}{one.agent}" for one in self.arm.exposures if one.face)
        return (*self.cut.live_fields(self.present), *agents)

    def of_cells(self, what: str) -> Array:
        """(cell,) of a number of each cell's type."""
        placed = self.space.cells[self.arm.name]
        found = [np.full(placed[name].count, self.row[f"{name}.{what}"]) for name in self.types]
        return np.concatenate(found) if found else np.zeros(0)

    def ids(self, cell: str) -> list[str]:
        """Names of the cells of a type: those of the data, or made of the type and a number."""
        placed = self.space.cells[self.arm.name][cell]
        return list(placed.ids) or [f"{cell}_{k}" for k in range(placed.count)]

    def positions(self) -> Array:
        """(cell, 3) um, type by type."""
        placed = self.space.cells[self.arm.name]
        found = [placed[name].positions for name in self.types]
        return np.concatenate(found) if found else np.zeros((0, 3))


def known_numbers(setting: Setting) -> dict[str, float]:
    """Derived numbers that a space sets: shares of sizes; and how fast each size spreads, as in free liquid."""
    row, found = setting.row, {}
    unit = stokes_einstein(row["medium.temperature"], row["medium.viscosity"], 1.0)
    for origin in setting.model.origins:
        law = size_law(row, origin)
        edges = classes.even_edges(law)
        found |= classes.shares_between(origin, law, edges)
        found |= {f"{origin}.diffusivity{classes.MARK}{k}": unit * one.moment(-1)
                  for k, one in enumerate(classes.laws_between(law, edges))}
    return found


def populations_of(setting: Setting, rests: Rests) -> list[Population]:
    """Cells of all types, at rest."""
    start = _rest(setting, rests)
    near = {f"{origin}.diffusivity{classes.MARK}{k}": AT_ONCE for origin in setting.model.origins
            for k in classes.SIZES}
    known = known_numbers(setting) | near | {VOLUME: 1.0}
    placed, found, first = setting.space.cells[setting.arm.name], [], 0
    for name in setting.types:
        part, count = setting.cut.cells[name], placed[name].count
        tables = part.tables(setting.present)
        values = value_vector(part.inside, setting.row, known)
        values[tables.pools] = [start.get(pool, 0.0) for pool in tables.names]
        lanes = _lanes(setting, part, tables, values)
        found.append(Population(part, setting.present, setting.field_names, lanes, slice(first, first + count)))
        first += count
    return found


def _lanes(setting: Setting, part: CellPart, tables: Tables, values: Array) -> CellLanes | WholeCells:
    """The cells of a type; those that differ with their own numbers, and what they rest at with them."""
    model, run = setting.model, setting.model.schedule.tissue
    kind = next(cell for cell in model.cells if cell.name == part.cell)
    keys = keys_of(setting.ids(part.cell))
    own = values_of_lanes(part.inside, setting.row, kind, keys, model.schedule.seed)
    given = (own, rest_of_lanes(part.inside, kind, setting.present, values, own, THREADS)) if own[0].size else ()
    relative = CAREFUL * run.tolerance
    if run.cells == "whole":
        return WholeCells(part.inside, kind, setting.present, values, (keys, model.schedule.seed), given,
                          relative=relative, workers=THREADS)
    lanes = CellLanes(tables, values, lanes=keys.size, relative=relative, workers=THREADS, label=part.cell)
    for places, numbers in given:
        lanes.give(places, numbers)
    return lanes


def _rest(setting: Setting, rests: Rests) -> dict[str, float]:
    """Levels of resting cells, by name; those of an average cell of each type."""
    whole = setting.cut.whole
    tables = whole.tables(setting.present)
    values = value_vector(whole, setting.row, known_numbers(setting))
    system = Lanes(tables, values[:, None], setting.arm.counts, is_single=True)
    for name, value in drugs.levels(setting.model, setting.arm, None).items():
        system.values[whole.index[name]] = value
    rest = resting(whole, system, setting.present, rests)
    return dict(zip(tables.names, rest.state[:, 0].tolist(), strict=True))


def exchange_of(setting: Setting, positions: Array, before: Exchange | None = None,
                moved: NDArray[np.bool_] | None = None) -> Exchange:
    """How cells at these places (cell, 3) meet the fields: over their arbor in tissue, else through their surface.

    ``before`` knows what voxels hide of the cells that have not ``moved``.
    """
    grid = surroundings.grid_of(setting.space)
    faces = surroundings.faces_of(setting.space, "")
    if setting.model.domain.kind == surroundings.NEUROPIL:
        width = kernels.arbor_width(grid, setting.of_cells("arbor_radius"))
        return Exchange(kernels.gaussian_kernel(grid, positions, width, faces), np.zeros(len(positions)),
                        territories=True)
    radius = setting.of_cells("capture_radius")
    width = kernels.width_for(grid, radius)
    kernel = kernels.gaussian_kernel(grid, positions, width, faces)
    is_moving = any(cell.motility is not None for cell in setting.model.cells if setting.arm.counts.get(cell.name))
    if before is None or moved is None:
        near = None if is_moving else correction.NearPairs(grid, faces, positions, width, radius)
        return Exchange(kernel, correction.self_resistance(grid, faces, positions, width, radius), near)
    hidden = before.resistance.copy()
    hidden[moved] = correction.self_resistance(grid, faces, positions[moved], width[moved], radius[moved])
    return Exchange(kernel, hidden)


def fields_of(setting: Setting) -> Fields:
    """Fields as fresh medium holds them."""
    names, grid = setting.field_names, surroundings.grid_of(setting.space)
    exchange = exchange_of(setting, setting.positions())
    laws = laws_of(setting, names, exchange, 0.0)
    fields = Fields(grid, names, laws, exchange, surroundings.fraction_of(setting.space, setting.row),
                    _chemistry(setting, grid.size))
    for k, name in enumerate(names):
        fields.density[k] = setting.row.get(f"{name.removeprefix('medium.')}.in_fresh_medium", 0.0)
    return fields


def _chemistry(setting: Setting, voxels: int) -> Chemistry | None:
    """What reacts in the liquid of this arm."""
    program = setting.cut.liquid.reactions
    if program is None or not program.tables(setting.present).fluxes:
        return None
    values = value_vector(program, setting.row, known_numbers(setting) | {VOLUME: 1.0})
    run = setting.model.schedule.tissue
    return Chemistry(program, setting.present, setting.field_names, values, voxels, CAREFUL * run.tolerance, THREADS)


def laws_of(setting: Setting, names: Sequence[str], exchange: Exchange, time: float) -> list[Law]:
    """What each field does by itself from a time (s) on."""
    number = {name: k for k, name in enumerate(setting.field_names)}
    rates = _decay_rates(setting, time)
    return [_law(setting, name, [(one, rates[one]) for one in setting.cut.liquid.decays if one.field == name], number,
                 exchange, time) for name in names]


def _law(setting: Setting, name: str, decays: Sequence[tuple[Decay, float]], number: Mapping[str, int],
         exchange: Exchange, time: float) -> Law:
    run, total = setting.model.schedule.tissue, sum(rate for _, rate in decays)
    if name.startswith(AGENT):
        total = setting.row.get(f"{name.removeprefix(AGENT)}.decay_rate", 0.0)
    liquid = surroundings.liquid_of(setting.model, setting.space, setting.row, setting.arm, name, total, time)
    stepper = FieldStepper(surroundings.grid_of(setting.space), liquid, exchange.kernel, tolerance=run.tolerance,
                           precision=run.precision)
    counters: dict[str, float] = {}
    freed: dict[int, float] = {}
    for one, rate in decays:
        share = rate / total if total > 0.0 else 0.0
        for to, count in one.counters:
            counters[to] = counters.get(to, 0.0) + count * share
        for to, count in one.freed:
            freed[number[to]] = freed.get(number[to], 0.0) + count * share
    return Law(stepper, counters, tuple(freed.items()))


def _decay_rates(setting: Setting, time: float) -> dict[Decay, float]:
    """1/s of all losses that are the same everywhere, from numbers and drugs."""
    program = setting.cut.liquid.program
    values = value_vector(program, setting.row, known_numbers(setting))
    for name, value in drugs.levels(setting.model, setting.arm, time).items():
        values[program.index[name]] = value
    laws = {one.target: one for one in program.table.assignments}

    def value(name: str) -> float:
        if name in laws:
            return float(KERNELS[laws[name].kernel](*map(value, laws[name].args)))
        return float(values[program.index[name]])

    return {one: float(np.prod([value(name) for name in one.factors])) for one in setting.cut.liquid.decays}


def change(setting: Setting, populations: Sequence[Population], fields: Fields, time: float) -> None:
    """Set what an edge of the schedule changes at a time (s): agents, drugs, and what stands at walls."""
    arm, model = setting.arm, setting.model
    levels = {f"{AGENT}{agent}": sum(schedule.level(one, time) for one in arm.exposures if one.agent == agent
                                     and not one.face) for agent in model.agents}
    at_walls = {name for name in setting.field_names if name.startswith(AGENT)}
    for name, value in (levels | drugs.levels(model, arm, time)).items():
        if name in at_walls:
            continue
        for one in (*populations, *([fields.chemistry] if fields.chemistry is not None else ())):
            one.give(name, value)
    moved = [name for name in setting.field_names if name in at_walls or model.drugs]
    for name, law in zip(moved, laws_of(setting, moved, fields.exchange, time), strict=True):
        fields.replace(name, law)
