"""Runs one arm in space."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine import classes, drugs, schedule
from vesica.engine.doses import Source, present_in
from vesica.engine.places import VOLUME
from vesica.engine.program import Program
from vesica.engine.rest import Rests, resting
from vesica.engine.rows import size_law, value_vector
from vesica.engine.system import Lanes
from vesica.engine.tissue import surroundings
from vesica.engine.tissue.coupling import Coupled
from vesica.engine.tissue.cut import Cut, Decay, cut
from vesica.engine.tissue.fields import THREADS, Exchange, Fields, Law
from vesica.engine.tissue.lanes import CellLanes
from vesica.engine.tissue.means import Columns, last_values
from vesica.engine.tissue.population import Population
from vesica.engine.well_mixed import Trajectory
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.spec.space import Space
from vesica.transport import correction, kernels
from vesica.transport.diffusion import stokes_einstein
from vesica.transport.fields import FieldStepper, Liquid
from vesica.transport.grid import CLOSED

Array = NDArray[np.float64]
AGENT: Final = "agent."
CAREFUL: Final = 0.1  # tolerance of cells over that of the run: their errors add up along its many steps


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


def run_arm(program: Program, arm: Arm, row: Mapping[str, float], sources: Mapping[str, Source],
            snapshot_times: tuple[float, ...] = (), rests: Rests | None = None,
            report: Callable[[float], None] | None = None) -> Trajectory:
    """Follow one arm; the same words as `vesica.engine.well_mixed.run_arm`."""
    model = program.model
    present = present_in(program, arm, {name: source.arm for name, source in sources.items()})
    setting = Setting(_cut_of(program), surroundings.space_of(model), arm, row, present)
    coupled = prepare(setting, {} if rests is None else rests)
    columns = Columns(program, coupled)
    grid = schedule.output_times(model.schedule)
    stops = sorted({*grid.tolist(), *schedule.edges(model.schedule, arm, snapshot_times)})
    jumps = set(schedule.edges(model.schedule, arm, snapshot_times))
    out = np.full((grid.size, len(program.species)), np.nan)
    snapshots = {}
    for stop in stops:
        coupled.run(stop, report)
        if stop in set(grid.tolist()):
            out[np.searchsorted(grid, stop)] = columns.row()
        if stop in snapshot_times:
            snapshots[stop] = dict(zip(program.species, np.nan_to_num(columns.row()).tolist(), strict=True))
        if stop in jumps:
            change(setting, coupled, stop)
            coupled.restart()
    counts = coupled.fields.counts
    solver = {"solver": "ETDRK2", "evaluations": coupled.clock.steps, "states": _states(coupled)}
    notes = {"tissue": {"steps": coupled.clock.steps, "field_steps": counts.steps, "rejected": counts.rejected}}
    return Trajectory(arm, grid, out, row, last_values(program, coupled.populations, row), snapshots,
                      solver=solver, notes=notes)


def _states(coupled: Coupled) -> int:
    return coupled.fields.density.size + sum(one.lanes.state.size for one in coupled.populations)


_CUTS: dict[int, tuple[Program, Cut]] = {}


def _cut_of(program: Program) -> Cut:
    """The parts of a program, made once."""
    if id(program) not in _CUTS:
        _CUTS.clear()
        _CUTS[id(program)] = program, cut(program.model)
    return _CUTS[id(program)][1]


def prepare(setting: Setting, rests: Rests) -> Coupled:
    """Cells at rest in their places, empty fields around them."""
    names = setting.cut.live_fields(setting.present)
    populations = _populations(setting, names, rests)
    fields = fields_of(setting, names)
    return Coupled(populations, fields, setting.model.schedule.tissue.longest_step)


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


def _populations(setting: Setting, names: Sequence[str], rests: Rests) -> list[Population]:
    start = _rest(setting, rests)
    run = setting.model.schedule.tissue
    # the exchange of cells and fields knows the way to the surface, so the cells' own laws are those at the surface
    far = {f"{origin}.diffusivity{classes.MARK}{k}": 1e300 for origin in setting.model.origins for k in classes.SIZES}
    known = known_numbers(setting) | far | {VOLUME: 1.0}
    placed, found, first = setting.space.cells[setting.arm.name], [], 0
    for cell in setting.model.cells:
        if not setting.arm.counts.get(cell.name):
            continue
        part = setting.cut.cells[cell.name]
        count = placed[cell.name].count
        tables = part.tables(setting.present)
        values = value_vector(part.inside, setting.row, known)
        values[tables.pools] = [start.get(name, 0.0) for name in tables.names]
        lanes = CellLanes(tables, values, lanes=count, relative=CAREFUL * run.tolerance, workers=THREADS,
                          label=cell.name)
        found.append(Population(part, setting.present, names, lanes, slice(first, first + count)))
        first += count
    return found


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


def positions_of(setting: Setting) -> Array:
    """(cell, 3) um of all cells of the arm, type by type in the order of the model."""
    placed = setting.space.cells[setting.arm.name]
    found = [placed[cell.name].positions for cell in setting.model.cells if setting.arm.counts.get(cell.name)]
    return np.concatenate(found) if found else np.zeros((0, 3))


def radii_of(setting: Setting, what: str) -> Array:
    """(cell,) of a number of each cell's type, um."""
    placed = setting.space.cells[setting.arm.name]
    found = [np.full(placed[cell.name].count, setting.row[f"{cell.name}.{what}"])
             for cell in setting.model.cells if setting.arm.counts.get(cell.name)]
    return np.concatenate(found) if found else np.zeros(0)


def fields_of(setting: Setting, names: Sequence[str]) -> Fields:
    """Fields at rest: empty, but for what fresh medium holds."""
    space, row, run = setting.space, setting.row, setting.model.schedule.tissue
    grid, positions = surroundings.grid_of(space), positions_of(setting)
    if setting.model.domain.kind == surroundings.NEUROPIL:
        width = kernels.arbor_width(grid, radii_of(setting, "arbor_radius"))
        exchange = Exchange(kernels.gaussian_kernel(grid, positions, width, CLOSED), np.zeros(len(positions)))
    else:
        radius = radii_of(setting, "capture_radius")
        width = kernels.width_for(grid, radius)
        faces = surroundings.faces_of(space, "")
        exchange = Exchange(kernels.gaussian_kernel(grid, positions, width, faces),
                            correction.self_resistance(grid, faces, positions, width, radius))
    number = {name: k for k, name in enumerate(names)}
    values = value_vector(setting.cut.liquid.program, row, known_numbers(setting))
    for name, value in drugs.levels(setting.model, setting.arm, 0.0).items():
        values[setting.cut.liquid.program.index[name]] = value
    laws = []
    for name in names:
        spread = surroundings.spread_of(setting.model, row, name)
        decays = [(one, _rate(setting, one, values)) for one in setting.cut.liquid.decays if one.field == name]
        total = sum(rate for _, rate in decays)
        liquid = Liquid(spread.diffusivity, total, surroundings.volume_fraction(row),
                        surroundings.faces_of(space, name, setting.arm))
        stepper = FieldStepper(grid, liquid, exchange.kernel, tolerance=run.tolerance, precision=run.precision)
        share = {id(one): rate / total for one, rate in decays if total > 0.0}
        counters: dict[str, float] = {}
        freed: dict[int, float] = {}
        for one, _ in decays:
            for to, count in one.counters:
                counters[to] = counters.get(to, 0.0) + count * share.get(id(one), 0.0)
            for to, count in one.freed:
                freed[number[to]] = freed.get(number[to], 0.0) + count * share.get(id(one), 0.0)
        laws.append(Law(stepper, spread.diffusivity, counters, tuple(freed.items())))
    return Fields(grid, names, laws, exchange, surroundings.volume_fraction(row))


def _rate(setting: Setting, decay: Decay, values: Array) -> float:
    """1/s of a loss, from numbers and drugs."""
    from vesica.engine.kernels import KERNELS

    program = setting.cut.liquid.program
    laws = {one.target: one for one in program.table.assignments}

    def value(name: str) -> float:
        if name in laws:
            return float(KERNELS[laws[name].kernel](*map(value, laws[name].args)))
        return float(values[program.index[name]])

    return float(np.prod([value(name) for name in decay.factors]))


def change(setting: Setting, coupled: Coupled, time: float) -> None:
    """Set what an edge of the schedule changes: agents and drugs."""
    arm = setting.arm
    levels = {f"{AGENT}{agent}": sum(schedule.level(one, time) for one in arm.exposures if one.agent == agent
                                     and not one.face) for agent in setting.model.agents}
    for one in coupled.populations:
        for name, value in (levels | drugs.levels(setting.model, arm, time)).items():
            one.give(name, value)
