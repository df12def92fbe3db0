"""One window of a dish: hazards held at the middle of the window, whole numbers exact given them.

Every part sees the others as they stand. They act in an order that reads the same from both ends (Strang 1968 SIAM J
Numer Anal 5:506): solubles, signals, reactions inside cells and deaths through half of the window; donors, the journey
of vesicles and what these bring through all of it; then deaths, reactions, signals and solubles through the other
half. So the error of a window falls with the square of its length; `windows` chooses it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.biology.mvb_law import relaxed
from vesica.engine.counters import binomial, poisson
from vesica.engine.steppers.tau import Steps
from vesica.engine.whole import donor, journey, records
from vesica.engine.whole.around import look, seen_by
from vesica.engine.whole.budding import fall_apart, shed
from vesica.engine.whole.bursts import Bursts
from vesica.engine.whole.chemistry import Reacted
from vesica.engine.whole.dish import Cells, Dish
from vesica.engine.whole.draws import binomials
from vesica.engine.whole.laws import donor_rates
from vesica.engine.whole.rates import CAPACITY, ROW, SITES
from vesica.engine.whole.vesicles import uniforms

Array = NDArray[np.float64]
CONTINUOUS: Final = 1e6  # molecules of a soluble from which on it is no whole number
AT_CELLS: Final = (  # hazard of the journey, its process, the pool that is its container
    ("drink", "macropinocytosis", "medium.free"), ("unbind", "unbinding", "bound"),
    ("internalise", "endocytosis", "bound"), ("fuse", "membrane_fusion", "bound"),
    ("degrade", "lysosomal_degradation", "inside"), ("recycle", "recycling", "inside"), ("escape", "escape", "inside"),
)


@dataclass(frozen=True)
class Window:
    """What a window did.

    Parameters
    ----------
    steps : Steps
        Of the reactions inside cells.
    held : (rate,)
        Means over cells of everything that was held, to see how much it moves from window to window.
    message : str
        Which variable is no number any more; empty while all are.
    """

    steps: Steps
    held: Array
    message: str = ""


def advance(dish: Dish, duration: float, workers: int = 1) -> Window:
    """Move a dish on in place by ``duration`` s.

    Parameters
    ----------
    workers : threads
        They change no number.
    """
    half = duration / 2.0
    steps, held = Steps(), []
    _solubles(dish, half)
    for cells in dish.cells:
        look(dish, cells)
        message = _signal(dish, cells, half)
        reacted = _react(cells, half, workers)
        steps += reacted.steps
        if message or reacted.message:
            return Window(steps, np.zeros(0), f"{cells.name}, {message or reacted.message}")
        dish.laws.evaluate(cells.values)
        _die(dish, cells, half)
        held.append(_levels(dish, cells))
    held += _vesicles(dish, duration, workers)
    for cells in dish.cells[::-1] if dish.laws.seen else dish.cells:  # back the way, where types see one another
        look(dish, cells)
        _die(dish, cells, half)
        reacted = _react(cells, half, workers)
        _bury(dish, cells, _have_died(dish, cells) & cells.is_alive)
        steps += reacted.steps
        message = _signal(dish, cells, half)
        if message or reacted.message:
            return Window(steps, np.zeros(0), f"{cells.name}, {reacted.message or message}")
    _solubles(dish, half)
    dish.time += duration
    return Window(steps, np.concatenate(held))


def _vesicles(dish: Dish, duration: float, workers: int) -> list[Array]:
    """Donors and what they set free, the journey, what vesicles brought; gives what was held."""
    held, arrivals = [], []
    dish.laws.evaluate(dish.medium)
    for cells in dish.cells:
        if cells.donors is not None:
            rows = donor_rates(dish.laws, cells.values, cells.name)
            held.append(rows.mean(axis=0))
            cells.donors, found = _release(dish, cells, cells.donors, rows, duration, workers)
            arrivals.append(found)
        if cells.type.sheds_microvesicles:
            arrivals.append(shed(dish, cells, duration))
    hazards = _hazards(dish)
    held += [np.ravel(hazards[name].mean(axis=-1)) for name in sorted(hazards) if hazards[name].size]
    before, decayed = dish.journey.fates.copy(), dish.journey.decayed.copy()
    dish.journey = journey.advance(dish.journey, journey.Hazards(**hazards), _merged(arrivals, len(dish.cargo)),
                                   dish.time, duration)
    for cells in dish.cells:
        _bring(dish, cells, dish.journey.fates - before)
    _free(dish, dish.journey.decayed - decayed)
    return held


def _free(dish: Dish, burst: NDArray[np.int64]) -> None:
    """Cargo of vesicles that burst in the medium, (class, content), becomes the soluble that it frees."""
    for column, cargo in enumerate(dish.laws.program.model.cargo, start=1):
        if cargo.frees in dish.solubles:
            dish.solubles[cargo.frees] += float(burst[:, column].sum())


def _signal(dish: Dish, cells: Cells, duration: float) -> str:
    """Signals of the cells of a type, after writing down what is bound on these and what the medium holds.

    Returns what is wrong, if anything is.
    """
    index, c = dish.laws.program.index, cells.name
    bound = dish.journey.now(journey.BOUND)[cells.at]
    for k, origin in enumerate(dish.classes):
        for i, suffix in dish.contents(origin):
            place = index.get(f"{c}.bound:{origin}{suffix}")
            if place is not None:
                cells.values[place] = bound[:, k, i]
    for soluble, amount in dish.solubles.items():
        cells.values[index[f"medium.{soluble}"]] = amount
    return cells.signals.advance(cells.values, dish.time, duration).message


def _levels(dish: Dish, cells: Cells) -> Array:
    """Means of the cargo of the cells and of what they secrete and die with: held in a window like hazards are."""
    rates = [_made(dish, cells, soluble).mean() for soluble in dish.solubles]
    deaths = dish.laws.rate(cells.values, f"death/{cells.name}", f"{cells.name}.alive").mean()
    held = [cells.values[place].mean() for place in dish.places(cells).values()]
    return np.array([*held, *rates, deaths, *seen_by(dish, cells)])


def _made(dish: Dish, cells: Cells, soluble: str) -> Array:
    """(cell,) molecules of a factor that each cell gives to the medium per second, less what it takes."""
    made = np.zeros(cells.number)
    for flux, count in dish.laws.sources(cells.name, soluble):
        made += count * dish.laws.rate(cells.values, flux)
    return made


def _hazards(dish: Dish) -> dict[str, Array]:
    """Fields of `journey.Hazards`; dead cells do nothing."""
    kinds, number = len(dish.classes), sum(cells.number for cells in dish.cells)
    found = {name: np.zeros((kinds, number)) for name in ("bind", *(name for name, _, _ in AT_CELLS))}
    found |= {name: np.zeros(kinds) for name in ("decay", "plastic")}
    found |= {name: np.zeros(number) for name in ("detach", "take_back", "sites")}
    laws = dish.laws
    for k, origin in enumerate(dish.classes):
        for name, process in (("decay", "medium_decay"), ("plastic", "plastic_loss")):
            found[name][k] = laws.rate(dish.medium, f"{process}/{origin}", f"medium.free:{origin}")[0]
    for cells in dish.cells:
        c, values, at, alive = cells.name, cells.values, cells.at, cells.is_alive
        found["detach"][at] = laws.rate(values, f"tether_detachment/{c}", f"{c}.tethered") * alive
        found["take_back"][at] = laws.rate(values, f"tether_return/{c}", f"{c}.tethered") * alive
        if not cells.type.takes_up_vesicles or not kinds:
            continue
        free = laws.value(values, f"{c}.free_sites")
        found["sites"][at] = np.maximum(free + dish.journey.held[at], 0.0)
        for k, origin in enumerate(dish.classes):
            binding, _, divisor, volume = laws.arguments(values, f"{c}.bind:{origin}")  # known with no site free, too
            found["bind"][k, at] = binding / (divisor * volume) * alive
            for name, process, pool in AT_CELLS:
                container = f"{pool}:{origin}" if "." in pool else f"{c}.{pool}:{origin}"
                found[name][k, at] = laws.rate(values, f"{process}/{c}:{origin}", container) * alive
    return found


def _release(dish: Dish, cells: Cells, donors: donor.Donors, rows: Array, duration: float, workers: int
             ) -> tuple[donor.Donors, journey.Arrivals]:
    """Donors of one type through the window, and what fused with the membrane."""
    c = cells.name
    donors.pool[:] = dish.pool(cells)
    before = donors.moved[:, :, records.FUSED_BACK].copy()
    rows = rows * cells.is_alive[:, None] + _idle(~cells.is_alive)
    leg = donor.Leg(duration, rows, loads=dish.loads(c, cells.values))
    donors, bursts = donor.advance(donors, leg, workers)
    dish.put_pool(cells, donors.pool, donors.moved[:, :, records.FUSED_BACK] - before)
    dish.tally.add_bursts(c, bursts, dish.time, cells.number)
    return donors, arriving(bursts, dish.classes.index(c), cells.first)


def arriving(bursts: Bursts, kind: int, first: int) -> journey.Arrivals:
    """Vesicles of bursts as individuals.

    Parameters
    ----------
    kind
        Number of their class.
    first
        Global number of the first cell of the type.
    """
    sizes = np.diff(bursts.first)
    place = np.arange(bursts.diameter.size) - np.repeat(bursts.first[:-1], sizes)
    is_tethered = place >= np.repeat(bursts.released, sizes)
    return journey.Arrivals(np.repeat(bursts.time, sizes), np.full(place.size, kind),
                            np.repeat(bursts.cell + first, sizes), is_tethered, bursts.diameter, bursts.copies)


def _idle(is_idle: NDArray[np.bool_]) -> Array:
    """(cell, 14) what donors that do nothing need to stay valid: room for one vesicle and one site."""
    rows = np.zeros((is_idle.size, ROW))
    rows[:, [CAPACITY, SITES]] = is_idle[:, None]
    return rows


def _merged(arrivals: list[journey.Arrivals], cargo: int) -> journey.Arrivals:
    """All of them in order of time, then of cell."""
    if not arrivals:
        return journey.no_arrivals(cargo)
    fields = {name: np.concatenate([getattr(one, name) for one in arrivals]) for name in vars(arrivals[0])}
    order = np.argsort(fields["times"], kind="stable")
    return journey.Arrivals(**{name: field[order] for name, field in fields.items()})


def _bring(dish: Dish, cells: Cells, fates: NDArray[np.int64]) -> None:
    """Add what vesicles brought, and what was taken back from tethers, to the cells' pools.

    Parameters
    ----------
    fates : (5, cell, class, content)
        Of the window.
    """
    index, laws, c = dish.laws.program.index, dish.laws, cells.name
    held, of = dish.places(cells) | dish.duplexes(cells), fates[:, cells.at].sum(axis=2)
    for column, cargo in enumerate(dish.cargo, start=1):
        if cargo in held:
            cells.values[held[cargo]] += of[journey.loop.TAKEN_BACK, :, column]
        where = next((f"{c}:{origin}/{cargo}" for origin in dish.classes
                      if f"escape/{c}:{origin}/{cargo}" in laws.fluxes), None)  # any class: what it brings goes one way
        if where is None:
            continue
        for flux, copies in ((f"escape/{where}", of[journey.loop.ESCAPED, :, column]),
                             (f"membrane_fusion/{where}", of[journey.loop.FUSED, :, column])):
            for way, number in _split(dish, cells, flux, copies):
                for pool, count in laws.gains(way, c).items():
                    cells.values[index[pool]] += count * number


def _split(dish: Dish, cells: Cells, flux: str, copies: NDArray[np.int64]) -> list[tuple[str, NDArray[np.int64]]]:
    """The fluxes that share out (cell,) delivered copies, and what each gets; the share is the last factor."""
    laws = dish.laws
    other = next((f"{flux}{end}" for end in (".lost", ".unloaded") if f"{flux}{end}" in laws.fluxes), None)
    if other is None:
        return [(flux, copies)]
    first = binomials(cells.chance, copies, laws.value(cells.values, laws.fluxes[flux].factors[-1]))
    return [(flux, first), (other, copies - first)]


def _react(cells: Cells, duration: float, workers: int) -> Reacted:
    """Reactions inside the cells that live."""
    if cells.is_alive.all():
        return cells.reactions.advance(cells.values, cells.streams, duration, workers)
    values, streams = cells.values[:, cells.is_alive], cells.streams[cells.is_alive]
    reacted = cells.reactions.advance(values, streams, duration, workers)
    cells.values[:, cells.is_alive], cells.streams[cells.is_alive] = values, streams
    return reacted


def _die(dish: Dish, cells: Cells, duration: float) -> None:
    """Cells that die within ``duration``, all at its end: at the hazard of death, or as they entered a phenotype."""
    hazard = dish.laws.rate(cells.values, f"death/{cells.name}", f"{cells.name}.alive")
    dying = _have_died(dish, cells)
    if hazard.any():
        dying |= uniforms(cells.chance, cells.number) < -np.expm1(-hazard * duration)
    _bury(dish, cells, dying & cells.is_alive)


def _have_died(dish: Dish, cells: Cells) -> NDArray[np.bool_]:
    """Cells that entered a phenotype that dies: their reactions say so."""
    place = dish.laws.program.index.get(f"{cells.name}.alive")
    return np.zeros(cells.number, dtype=bool) if place is None else cells.values[place] == 0.0


def _bury(dish: Dish, cells: Cells, dying: NDArray[np.bool_]) -> None:
    """All that dying cells hold is lost with them.

    The values of a dead cell stay as they were when it died, and nothing reads them but its signals.
    """
    if not dying.any():
        return
    cells.is_alive &= ~dying
    if cells.type.forms_apoptotic_vesicles:
        fall_apart(dish, cells, dying)
    if cells.donors is not None:
        vesicles, copies = cells.donors.take_out(dying)
        dish.died[cells.at, dish.classes.index(cells.name)] += np.column_stack([vesicles, copies])
    everywhere = np.zeros(len(dish.died), dtype=bool)
    everywhere[cells.at] = dying
    dish.died += journey.remove_at(dish.journey, everywhere)


def _solubles(dish: Dish, duration: float) -> None:
    """Secretion and decay of factors in the medium: whole molecules while there are few of them."""
    for cells in dish.cells if dish.solubles else ():
        dish.laws.evaluate(cells.values)
    for agent in dish.laws.program.model.agents:
        if (rate := dish.evaporation_of(agent)) is not None:
            dish.set_input(f"agent.{agent}", dish.input(f"agent.{agent}") * math.exp(-rate * duration))
    for name, amount in dish.solubles.items():
        decay = dish.decay_of(name)
        made = sum(float((_made(dish, cells, name) * cells.is_alive).sum()) for cells in dish.cells)
        fresh = relaxed(0.0, made, decay, duration)
        if amount + fresh >= CONTINUOUS:
            dish.solubles[name] = amount * math.exp(-decay * duration) + fresh
        else:
            whole = math.floor(amount) + float(uniforms(dish.chance, 1)[0] < amount % 1.0)
            stay = binomial(dish.chance, whole, math.exp(-decay * duration))
            dish.solubles[name] = stay + poisson(dish.chance, fresh)
