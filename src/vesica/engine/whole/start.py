"""A dish at the start of a run: cells of whole numbers at rest, as the mean field leaves them in the mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine import drugs
from vesica.engine.counters import stream
from vesica.engine.doses import present_in
from vesica.engine.program import Program
from vesica.engine.rest import REST_TIME, Rests, resting
from vesica.engine.rows import size_law, value_vector
from vesica.engine.system import Lanes
from vesica.engine.table import RUNNING
from vesica.engine.whole import bench, donor, journey, unlike
from vesica.engine.whole.chemistry import Reactions, Signals
from vesica.engine.whole.dish import Cells, Dish
from vesica.engine.whole.laws import Laws, donor_rates
from vesica.engine.whole.rates import Rates
from vesica.engine.whole.step import arriving
from vesica.engine.whole.vesicles import uniforms
from vesica.errors import Finding, RunFault
from vesica.spec.cells import CellType
from vesica.spec.resolved import Arm

Array = NDArray[np.float64]
Words = NDArray[np.uint64]

TETHERS: Final = 10.0  # resting tethers settle for so many lives: e^-10 of them are missing
ABUNDANT: Final = 100  # meanwhile pools, which nothing refills, are so many times larger, and hardly go down


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
    for felt, level in drugs.levels(program.model, arm, None).items():
        values[program.index[felt]] = level
    system = Lanes(tables, values[:, None].copy(), arm.counts, is_single=True)
    rest = resting(program, system, present, rests)
    values[tables.pools] = rest.state[:, 0]
    seen, laws = program.seen, Laws(program, tables)
    if seen:  # cells settle with what they see at rest
        laws.evaluate(values[:, None])
        program = program.apart
        laws = Laws(program, program.tables(present), seen)
    model, name = program.model, f"{arm.name}|{replicate}"
    classes = tuple(one for one in model.origins if f"origin:{one}" in present)
    counts = {kind.name: int(arm.counts.get(kind.name, 0)) for kind in model.cells}
    dish = Dish(arm, laws, [], classes, {one: size_law(row, one) for one in classes},
                journey.empty(model.schedule.seed, f"{name}|journey", 0, len(classes), sum(counts.values()),
                              len(model.cargo)),
                values[:, None].copy(),
                {name: float(values[program.index[f"medium.{name}"]]) for name in model.solubles},
                stream(model.schedule.seed, f"{name}|medium", 0),
                *np.zeros((2, sum(counts.values()), len(classes), 1 + len(model.cargo)), dtype=np.int64),
                unrest=rest.unrest)
    for kind in model.cells:
        if counts[kind.name]:
            dish.cells.append(_cells(dish, kind, row, present, f"{name}|{kind.name}"))
    bench.fill(dish, model.domain.volume)
    return dish


def _cells(dish: Dish, kind: CellType, row: Mapping[str, float], present: frozenset[str], name: str) -> Cells:
    """The cells of one type, each with whole numbers of its own around the mean field's rest."""
    program, number = dish.laws.program, int(dish.arm.counts[kind.name])
    seed = program.model.schedule.seed
    values = np.repeat(dish.medium, number, axis=1)
    differ = unlike.put_numbers(program, kind, row, values, donor.streams_of(seed, f"{name}|spread", range(number)))
    if differ:
        unlike.put_rest(program, kind, dish.arm, present, values)
    _pulse(program, kind, values, -1.0)  # cells settle as they stood before the run
    signals = Signals(program, present, kind.name)
    differ |= _choose_phenotypes(program, kind, signals, values, f"{name}|phenotype")
    means = values.copy() if differ else None
    reactions = Reactions(program, present, kind.name)
    streams = donor.streams_of(seed, f"{name}|reactions", range(number))
    _settle_reactions(program, reactions, values, streams)
    first = sum(cells.number for cells in dish.cells)
    cells = Cells(kind, first, values, np.ones(number, dtype=bool), streams, stream(seed, f"{name}|chance", 0),
                  signals, reactions)
    for pool in (f"{kind.name}.docked", *(f"{kind.name}.bound:{origin}{end}" for origin in dish.classes
                                          for _, end in dish.contents(origin))):
        if pool in program.index:  # rates are read with no docked MVB; nothing is bound yet
            values[program.index[pool]] = 0.0
    if kind.secretes_vesicles:
        _settle_donors(dish, cells, means, f"{name}|donor")
    _pulse(program, kind, values, 1.0)
    return cells


def _pulse(program: Program, kind: CellType, values: Array, share: float) -> None:
    """Add what levels gain when the run starts, or take it away again."""
    for pool in program.table.pools:
        if pool.compartment == kind.name and pool.pulse is not None:
            values[program.index[pool.name]] += share * values[program.index[pool.pulse]]


def _choose_phenotypes(program: Program, kind: CellType, signals: Signals, values: Array, purpose: str) -> bool:
    """Put each cell into one state of every chain, by its shares at rest; says whether cells differ.

    Those that do have their signals at rest in the state they are in.
    """
    differ = False
    for chain in kind.chains:
        places = [program.index[f"{kind.name}.{state.name}"] for state in chain.living]
        shares = np.maximum(values[places], 0.0)
        chance = uniforms(stream(program.model.schedule.seed, f"{purpose}|{chain.name}", 0), values.shape[1])
        passed = chance >= np.cumsum(shares, axis=0) / shares.sum(axis=0)
        values[places] = np.arange(len(places))[:, None] == passed[:-1].sum(axis=0)
        differ |= bool(np.ptp(values[places], axis=1).any())
    if differ:
        pulses = [(program.index[pool.name], program.index[pool.pulse]) for pool in program.table.pools
                  if pool.compartment == kind.name and pool.pulse is not None]
        for place, pulse in pulses:  # it comes after the rest, and stood in the mean field's already
            values[place] -= values[pulse]
        signals.advance(values, 0.0, REST_TIME)
        for place, pulse in pulses:
            values[place] += values[pulse]
    return differ


def _settle_reactions(program: Program, reactions: Reactions, values: Array, streams: Words) -> None:
    """Whole numbers in place of resting means; what stands still in the mean field's rest stands still here."""
    place = program.index.get(RUNNING)
    if place is None:
        reactions.settle(values, streams)
        return
    running = values[place].copy()
    values[place] = 0.0
    reactions.settle(values, streams)
    values[place] = running


def _settle_donors(dish: Dish, cells: Cells, means: Array | None, purpose: str) -> None:
    """Resting donors, their vesicles loaded from what each cell holds, and the vesicles tethered to them.

    Parameters
    ----------
    means : (value, cell), optional
        Of each cell at rest, where cells differ by more than chance.
    """
    laws, c = dish.laws, cells.name
    laws.evaluate(cells.values)
    mean = cells.values.mean(axis=1, keepdims=True) if means is None else means
    mean[laws.program.index[f"{c}.docked"]] = 0.0
    laws.evaluate(mean)
    rates, loads, pool = donor_rates(laws, mean, c), dish.loads(c, cells.values), dish.pool(cells)
    seed = laws.program.model.schedule.seed
    try:
        donors = donor.resting(seed, purpose, range(cells.number), rates, pool=pool, loads=loads)
    except ValueError as failure:
        raise RunFault(Finding("error", c, f"untreated {c} cells: {str(failure).partition(':')[0]}",
                               "cells stand without exposures before a run, until nothing changes",
                               "their MVBs would become more and more, and the run would start from an arbitrary state",
                               f"give `{c}.mvb_lysosome_rate` a value above zero, or let what is made end "
                               "in another way")) from None
    ends = sum(laws.rate(mean, f"{process}/{c}", f"{c}.tethered") for process in ("tether_detachment", "tether_return"))
    if ends.any():
        duration = TETHERS / ends[ends > 0.0].min()
        donors.pool[:] = ABUNDANT * pool
        scarce = replace(loads, per_size=loads.per_size / ABUNDANT)
        donors, bursts = donor.advance(donors, donor.Leg(duration, rates, loads=scarce))
        arrivals = arriving(bursts, dish.classes.index(c), cells.first)
        stays = arrivals.is_tethered & (uniforms(cells.chance, arrivals.times.size)
                                        < np.exp(-ends[(arrivals.cells - cells.first) % ends.size]
                                                 * (duration - arrivals.times)))
        left = journey.Arrivals(**{name: field[stays] for name, field in vars(arrivals).items()})
        left = replace(left, times=np.zeros_like(left.times))
        still = journey.Hazards(**{field.name: 0.0 for field in fields(journey.Hazards)})
        dish.journey = journey.advance(dish.journey, still, left, 0.0, 0.0)
        dish.journey.reset()
        donors.pool[:] = pool
    donors.start_counting()
    cells.donors = donors
    cells.rest = Rates(*rates[0]) if means is None else None
