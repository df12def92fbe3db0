"""One window of a dish: hazards held at the middle of the window, whole numbers exact given them.

In order: signals (their middle is what hazards are read with), hazards, donors and what they set free, the journey
of vesicles, reactions inside cells, what vesicles brought, deaths, solubles. Each part sees the others as they were
when the window began, so the error of a window falls with its length; `windows` chooses it.
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
from vesica.engine.whole import donor, journey
from vesica.engine.whole.dish import Cells, Dish
from vesica.engine.whole.laws import donor_rates, loading_rows

Array = NDArray[np.float64]
CONTINUOUS: Final = 1e6  # molecules of a soluble from which on it is no whole number


@dataclass(frozen=True)
class Window:
    """What a window did.

    Parameters
    ----------
    steps : Steps
        Of the reactions inside cells.
    rates : (rate,)
        Means over cells of everything that was held, to see how much it moves from window to window.
    message : str
        Which variable is no number any more; empty while all are.
    """

    steps: Steps
    rates: Array
    message: str = ""


def advance(dish: Dish, duration: float, workers: int = 1) -> Window:
    """Move a dish on in place by ``duration`` s.

    Parameters
    ----------
    workers : threads
        They change no number.
    """
    steps, held = Steps(), []
    hazards = journey.Hazards.none(len(dish.classes), dish.number())
    arrivals, ends = [], []
    for cells in dish.cells:
        _show(dish, cells, duration)
        end = cells.signals.advance(cells.values, duration)
        if end.message:
            return Window(steps, np.zeros(0), end.message)
        ends.append(end)
        dish.laws.evaluate(cells.values)
        _hazards_of(dish, cells, hazards)
        held.append(_levels(dish, cells))
    dish.laws.evaluate(dish.medium)
    for number, name in enumerate(dish.classes):
        hazards.decay[number] = dish.laws.rate(dish.medium, f"medium_decay/{name}", f"medium.free:{name}")[0]
        hazards.plastic[number] = dish.laws.rate(dish.medium, f"plastic_loss/{name}", f"medium.free:{name}")[0]
    for cells in dish.cells:
        if cells.donors is not None:
            rows = donor_rates(dish.laws, cells.values, cells.name)
            held.append(rows.mean(axis=0))
            arrivals.append(_release(dish, cells, rows, duration, workers))
    held.append(hazards.means())
    before = dish.journey.totals()
    dish.journey = journey.advance(dish.journey, hazards, journey.Arrivals.merged(arrivals), dish.time, duration)
    for cells, end in zip(dish.cells, ends, strict=True):
        steps += cells.reactions.advance(cells.values, cells.streams, duration, workers)
        _bring(dish, cells, before)
        _die(dish, cells, duration)
        end.leave(cells.values)
    _solubles(dish, duration)
    dish.time += duration
    return Window(steps, np.concatenate([np.ravel(one) for one in held]))


def _show(dish: Dish, cells: Cells, duration: float) -> None:
    """Write into a cell's values what it sees besides its own amounts: what is bound on it, and solubles."""
    index, c = dish.laws.program.index, cells.name
    for k, origin in enumerate(dish.classes):
        for i, suffix in enumerate(("", *(f"/{cargo}" for cargo in dish.cargo))):
            place = index.get(f"{c}.bound:{origin}{suffix}")
            if place is not None:
                cells.values[place] = dish.journey.bound[cells.at, k, i]
    for soluble, amount in dish.solubles.items():
        decay = float(dish.medium[index[f"{soluble}.decay_rate"], 0])
        dish.set_input(f"medium.{soluble}", relaxed(amount, dish.made.get(soluble, 0.0), decay, duration / 2))


def _hazards_of(dish: Dish, cells: Cells, hazards: journey.Hazards) -> None:
    """Hazards of vesicles at the cells of one type; dead ones do nothing."""
    c, laws, values, at = cells.name, dish.laws, cells.values, cells.at
    alive = cells.is_alive
    tethered = f"{c}.tethered"
    hazards.detach[at] = laws.rate(values, f"tether_detachment/{c}", tethered) * alive
    hazards.take_back[at] = laws.rate(values, f"tether_return/{c}", tethered) * alive
    if not cells.type.takes_up_vesicles:
        return
    if f"{c}.free_sites" in laws.program.index:
        hazards.sites[at] = laws.value(values, f"{c}.free_sites")
    for k, origin in enumerate(dish.classes):
        where, free = f"{c}:{origin}", f"medium.free:{origin}"
        bound, inside = f"{c}.bound:{origin}", f"{c}.inside:{origin}"
        for name, process, container in (
            ("bind", "binding", free), ("drink", "macropinocytosis", free), ("unbind", "unbinding", bound),
            ("internalise", "endocytosis", bound), ("fuse", "membrane_fusion", bound),
            ("degrade", "lysosomal_degradation", inside), ("recycle", "recycling", inside),
            ("escape", "escape", inside),
        ):
            getattr(hazards, name)[k, at] = laws.rate(values, f"{process}/{where}", container) * alive


def _levels(dish: Dish, cells: Cells) -> Array:
    """Means of the cargo of the cells and of what they secrete and die with: held in a window like hazards are."""
    rates = [dish.laws.rate(cells.values, f"secretion/{cells.name}.{soluble}").mean() for soluble in dish.solubles]
    deaths = dish.laws.rate(cells.values, f"death/{cells.name}", f"{cells.name}.alive").mean()
    return np.array([*(cells.values[place].mean() for place in dish.places(cells).values()), *rates, deaths])


def _release(dish: Dish, cells: Cells, rows: Array, duration: float, workers: int) -> journey.Arrivals:
    """Donors of one type through the window; what fused with the membrane."""
    assert cells.donors is not None
    laws, c = dish.laws, cells.name
    held = dish.places(cells)
    topology = {cargo.name: cargo.topology for cargo in laws.program.model.cargo}
    loads = dish.loads[c].at(loading_rows(laws, cells.values, c, dish.cargo, topology))
    for column, cargo in enumerate(dish.cargo):
        if cargo in held:
            cells.donors.pool[:, column] = cells.values[held[cargo]]
    rows = rows * np.where(cells.is_alive, 1.0, 0.0)[:, None] if not cells.is_alive.all() else rows
    cells.donors, bursts = donor.advance(cells.donors, donor.Leg(duration, rows, loads=loads), workers)
    for column, cargo in enumerate(dish.cargo):
        if cargo in held:
            cells.values[held[cargo]] = cells.donors.pool[:, column]
    dish.tally.add_bursts(c, bursts, dish.time, cells.number)
    number = np.diff(bursts.first)
    place = np.arange(bursts.diameter.size) - np.repeat(bursts.first[:-1], number)
    return journey.Arrivals(
        np.repeat(bursts.time, number), np.full(place.size, dish.classes.index(c)),
        np.repeat(bursts.cell + cells.first, number), place >= np.repeat(bursts.released, number),
        bursts.diameter, bursts.copies)


def _bring(dish: Dish, cells: Cells, before: journey.Totals) -> None:
    """Add what vesicles brought in the window, and what the donor took back from its tethers, to the cells' pools."""
    index, laws, c, now = dish.laws.program.index, dish.laws, cells.name, dish.journey
    held = dish.places(cells)
    for column, cargo in enumerate(dish.cargo, start=1):
        if cargo in held:
            back = now.taken_back[cells.at, column] - before.taken_back[cells.at, column]
            cells.values[held[cargo]] += back
        if not cells.type.takes_up_vesicles:
            continue
        escaped = (now.by_escape - before.by_escape)[cells.at, :, column].sum(axis=1)
        fused = (now.by_fusion - before.by_fusion)[cells.at, :, column].sum(axis=1)
        live = [o for o in dish.classes if f"escape/{c}:{o}/{cargo}" in laws.fluxes]
        if not live:
            continue
        where = f"{c}:{live[0]}/{cargo}"
        if f"membrane_fusion/{where}.lost" in laws.fluxes:
            fused = binomials(cells.chance, fused, laws.value(cells.values, f"{c}.receptor_insertion_share"))
        for flux, copies in ((f"escape/{where}", escaped), (f"membrane_fusion/{where}", fused)):
            for pool, count in laws.gains(flux, c).items():
                cells.values[index[pool]] += count * copies


def _die(dish: Dish, cells: Cells, duration: float) -> None:
    """Cells that die within the window; they are there until it ends."""
    hazard = dish.laws.rate(cells.values, f"death/{cells.name}", f"{cells.name}.alive")
    if hazard.any():
        dies = uniforms(cells.chance, cells.number) < -np.expm1(-hazard * duration)
        cells.is_alive &= ~dies
        cells.values[dish.laws.program.index[f"{cells.name}.alive"]] = cells.is_alive


def _solubles(dish: Dish, duration: float) -> None:
    """Secretion and decay of factors in the medium: whole molecules while there are few of them."""
    for name, amount in dish.solubles.items():
        decay = float(dish.medium[dish.laws.program.index[f"{name}.decay_rate"], 0])
        made = sum(float((dish.laws.rate(cells.values, f"secretion/{cells.name}.{name}") * cells.is_alive).sum())
                   for cells in dish.cells)
        dish.made[name] = made
        fresh = relaxed(0.0, made, decay, duration)
        if max(amount, amount + fresh) >= CONTINUOUS:
            dish.solubles[name] = amount * math.exp(-decay * duration) + fresh
        else:
            whole = math.floor(amount) + float(uniforms(dish.chance, 1)[0] < amount % 1.0)
            dish.solubles[name] = (binomial(dish.chance, whole, math.exp(-decay * duration))
                                   + poisson(dish.chance, fresh))
