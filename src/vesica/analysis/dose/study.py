"""Can the miRNA effect add up? Vesicles needed per recipient against what donors can supply, with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.dose.inputs import Case, Input
from vesica.biology import dose as law
from vesica.biology.delivery import titration_free_mirna
from vesica.library.ranges import between, position
from vesica.transport.diffusion import capture_ceiling, capture_chance

SEED: Final = 1
FEWEST: Final = 100  # draws: with fewer the 5th and 95th percentile rest on less than five of them
LIKELY: Final = 0.95  # share of draws that agree, above which the answer is called certain within the ranges
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
# smooth in the time after the EVs have arrived: 16 points err by less than 1e-3 from a tenth of that time on


@dataclass(frozen=True)
class Answer:
    """What one set of numbers says. Rates are EVs taken up per recipient and second.

    Parameters
    ----------
    needed_copies : molecule
    steady, by_time : vesicle/s
        Uptake that holds the copies for ever, and that reaches them within the time.
    bolus : vesicle
        Taken up at once.
    offered, supplied : vesicle/s
        Mean over the time, without and with the capacity of the recipient.
    copies : molecule
        Reached by the supply at the time.
    steady_copies : molecule
        If the supply went on for ever.
    held : 1 or NaN
        Share of targets held by these copies, under titration.
    """

    needed_copies: float
    steady: float
    by_time: float
    bolus: float
    offered: float
    supplied: float
    copies: float
    steady_copies: float
    held: float

    @property
    def ratio(self) -> float:
        """Copies reached over copies needed: 1 is just enough."""
        return self.copies / self.needed_copies


def answer(one: Case, values: Mapping[str, float], time: float | None = None) -> Answer:
    """Need and supply for one set of values (internal units) of the inputs of a case.

    Parameters
    ----------
    one : Case
    values : name of an input -> value
    time : s, optional
        Instead of the case's own.
    """
    time = one.time if time is None else time
    per_ev, escape = values["copies_per_ev"], values["escape"]
    decay = math.log(2.0) / values["half_life"]
    needed = _needed_copies(one, values)
    steady = law.needed_uptake(needed, decay, per_ev, escape)
    reached = law.reached_share(decay, time)
    offered = offer(one, values, time)
    # a share that was measured says itself what is taken up; a clearance says what would be, far below saturation
    supplied = offered if one.place == "share" else law.saturating_uptake(offered, _capacity(values))
    lasting = law.steady_copies(supplied, decay, per_ev, escape)
    copies = lasting * reached
    held = math.nan
    if one.is_titration:
        held = law.titration_share(copies, values["targets"], titration_free_mirna(copies, values["targets"],
                                                                                  values["kd"]))
    return Answer(needed, steady, steady / reached, law.needed_bolus(needed, per_ev, escape), offered, supplied,
                  copies, lasting, held)


def _needed_copies(one: Case, values: Mapping[str, float]) -> float:
    if one.is_titration:
        return law.needed_mirna(values["held"], values["targets"], values["kd"])
    return values["threshold"]


def _capacity(values: Mapping[str, float]) -> float:
    return values["capacity"] * values.get("tropism", 1.0)


def offer(one: Case, values: Mapping[str, float], time: float) -> float:
    """EVs that reach and would enter one recipient, per second, as a mean over the time."""
    if one.place == "share":
        return values["release"] * values["donors"] * values["uptake_share"] / values["recipients"]
    surface = law.linear_clearance(_capacity(values), values["half_saturation"])
    if one.place == "tissue":
        return values["release"] * values["donors"] * tissue_share(values, surface, time)
    ceiling = capture_ceiling(values["medium_diffusivity"], values["radius"], 1.0)
    donor = law.linear_clearance(values["capacity"], values["half_saturation"])
    loss = values["ev_decay"] + values["plastic_loss"]
    return law.shared_supply(
        values["release"], values["donors"], values["recipients"], law.limited_clearance(surface, ceiling),
        law.limited_clearance(donor, ceiling), values["volume"], loss, time)


def tissue_share(values: Mapping[str, float], surface: float, time: float) -> float:
    """Share of the EVs of a donor at a distance that a recipient has taken up, of those released over the time.

    The chance to reach a perfect absorber is exact; that the cell absorbs imperfectly is put in as
    its steady share, c/(c + 4 pi alpha D* a (1 + a/L)).
    """
    diffusivity, radius = values["tissue_diffusivity"], values["radius"]
    loss = math.log(2.0) / values["tissue_half_life"]
    length = math.sqrt(diffusivity / loss)
    escape = values["tissue_fraction"] * capture_ceiling(diffusivity, radius, 1.0) * (1.0 + radius / length)
    chances = [capture_chance(values["distance"], radius, diffusivity, loss, 0.5 * time * (1.0 + node))
               for node in _NODES]
    return float(0.5 * (_WEIGHTS @ chances)) * surface / (surface + escape)


def middle(one: Case) -> dict[str, float]:
    """The value of every input."""
    return {name: found.value for name, found in one.inputs.items()}


@dataclass(frozen=True)
class Draws:
    """Answers over the ranges of the inputs.

    Parameters
    ----------
    positions : name of an input -> (draw,) position in its range
    values : (draw,) of the inputs
    answers : (draw,)
    """

    positions: Mapping[str, NDArray[np.float64]]
    values: tuple[Mapping[str, float], ...]
    answers: tuple[Answer, ...]

    def course(self, name: str) -> NDArray[np.float64]:
        """(draw,) One quantity of the answers."""
        return np.array([getattr(one, name) for one in self.answers])


def drawn(one: Case, count: int, seed: int = SEED) -> Draws:
    """Answers for draws 0 ... count - 1 of the inputs, by the same law as the draws of a run."""
    ranged = {name: found for name, found in one.inputs.items() if found.is_ranged}
    positions = {name: np.array([position(seed, found.entry or name, number) for number in range(count)])
                 for name, found in ranged.items()}
    fixed = middle(one)
    values = tuple(
        fixed | {name: between(found.low, found.high, float(positions[name][number]))
                 for name, found in ranged.items()}
        for number in range(count)
    )
    return Draws(positions, values, tuple(answer(one, value) for value in values))


@dataclass(frozen=True)
class Influence:
    """How much one input matters.

    Parameters
    ----------
    at_low, at_high : 1
        Copies reached over copies needed, with this input at an end of its range and the others at their values.
    correlation : 1
        Spearman's, of the input and the ratio over the draws.
    noise : 1
        What chance alone exceeds once in 370 times, 3/sqrt(draws - 1).
    """

    input: Input
    at_low: float
    at_high: float
    correlation: float
    noise: float

    @property
    def is_heard(self) -> bool:
        """Whether the correlation stands out of the noise."""
        return abs(self.correlation) > self.noise


def influences(one: Case, draws: Draws) -> tuple[Influence, ...]:
    """Every input with a range, the one that decides most first; the loaded fraction moves no mean."""
    from scipy.stats import spearmanr

    ratios, fixed, count = draws.course("ratio"), middle(one), len(draws.answers)
    found = []
    for name, at in draws.positions.items():
        if name == "loaded_fraction":
            continue
        given = one.inputs[name]
        ends = [answer(one, fixed | {name: value}).ratio for value in (given.low, given.high)]
        moved = np.ptp(ratios) > 1e-12 * np.abs(ratios).max()
        rank = float(spearmanr(at, ratios).statistic) if moved else 0.0
        found.append(Influence(given, *ends, rank, 3.0 / math.sqrt(count - 1)))
    return tuple(sorted(found, key=lambda item: (-abs(item.correlation), item.input.name)))


@dataclass(frozen=True)
class Chances:
    """What single recipients receive, when EVs come and are loaded at random.

    Parameters
    ----------
    copies_of_loaded : molecule
        Mean in a loaded EV.
    of_one : 1
        Chance that a recipient has received a copy within the time.
    spread : 1
        Coefficient of variation of the copies between recipients; NaN where none arrive.
    above : 1
        Share of recipients with the needed copies or more at the time.
    """

    copies_of_loaded: float
    of_one: float
    spread: float
    above: float


def chances(one: Case, values: Mapping[str, float]) -> Chances:
    """Counts in single recipients: mean kept, variance by the loaded fraction.

    The copies at the time are those that came and are not yet decayed; that copies of one EV also came
    at one time, and so are lost a little more alike, is neglected.
    """
    found = answer(one, values)
    per_loaded = law.loaded_copies(values["copies_per_ev"], values["loaded_fraction"])
    vesicles = found.supplied * one.time
    came = vesicles * values["copies_per_ev"] * values["escape"]
    kept = found.copies / came if came > 0 else 0.0
    of_one = law.chance_of_one(vesicles, values["escape"], values["loaded_fraction"], per_loaded)
    variance = law.copies_spread(found.copies, per_loaded * kept)
    spread = math.sqrt(variance) / found.copies if found.copies > 0 else math.nan
    deliveries = vesicles * values["escape"] * values["loaded_fraction"]
    above = share_above(found.needed_copies, deliveries, per_loaded * kept)
    return Chances(per_loaded, of_one, spread, above)


def share_above(needed: float, deliveries: float, copies_each: float) -> float:
    """Chance that a Poisson number of deliveries, each of a Poisson number of copies, brings ``needed`` or more.

    Parameters
    ----------
    needed : molecule
    deliveries : 1
        Mean number.
    copies_each : molecule
        Mean of one.

    Notes
    -----
    The sum of k deliveries is Poisson with mean k c (Neyman's type A law, 1939 Ann Math Stat 10:35); the sum over k
    runs over all but 1e-12 of their law, in at most 4,001 equal steps.
    """
    from scipy.stats import poisson

    first, last = (float(poisson.ppf(share, deliveries)) for share in (5e-13, 1.0 - 5e-13))
    counts = np.unique(np.round(np.linspace(first, last, int(min(last - first + 1, 4001)))))
    edges = np.concatenate(([first - 1], np.floor((counts[1:] + counts[:-1]) / 2 - 0.5), [last]))
    weights = np.diff(poisson.cdf(edges, deliveries))
    return float(weights @ poisson.sf(math.ceil(needed) - 1, counts * copies_each) / weights.sum())


def courses(one: Case, draws: Draws, times: NDArray[np.float64], count: int = 200) -> NDArray[np.float64]:
    """(draw, time) Copies reached after each time (s), for the first ``count`` draws."""
    return np.array([[answer(one, value, float(time)).copies for time in times] for value in draws.values[:count]])
