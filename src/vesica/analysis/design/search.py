"""Which contrasts tell two hypotheses apart: simulated experiments, contrast by contrast, and several together.

A *contrast* is an arm against the arm it is shown against, by one readout at one time. It needs wells of two kinds;
several contrasts share the wells they have in common. Both hypotheses predict its log ratio; a hypothesis is refuted by
`power.decisions`. The power of a design is the chance that the wrong hypothesis is refuted, the smaller one of both
cases.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from vesica.analysis.design.assays import Assay, Truth
from vesica.analysis.design.power import Array, decisions, needed
from vesica.analysis.design.readouts import Look, Readout
from vesica.rng import stream

Truths = Mapping[Look, Truth]
Kind = tuple[str, float]  # wells of an arm, harvested at a time (infinity: only their medium is sampled)

SAME: Final = 1e-3  # log ratios nearer than this are the same prediction
SCREENED: Final = 1000  # simulated experiments at most, before the best designs are simulated anew
POOL: Final = 24  # contrasts that may join a combination
SHOWN: Final = 8


@dataclass(frozen=True)
class Question:
    """What is asked of a design.

    Parameters
    ----------
    names : the hypotheses
    error : chance of refuting a true hypothesis, two-sided
    power : chance of refuting the wrong one that is asked for
    most : replicates of each kind of well, at most
    combine : contrasts in one design, at most
    simulations : experiments of each design that is shown
    is_one : there is one hypothesis, and the other says that arms are alike
    """

    names: tuple[str, str]
    error: float = 0.05
    power: float = 0.8
    most: int = 12
    combine: int = 3
    simulations: int = 4000
    seed: int = 1
    is_one: bool = False


@dataclass(frozen=True)
class Contrast:
    """Two arms, one readout, one time (s)."""

    arm: str
    against: str
    readout: Readout
    time: float

    @property
    def looks(self) -> tuple[Look, Look]:
        """At the arm, and at what it is against."""
        return Look(self.arm, self.readout, self.time), Look(self.against, self.readout, self.time)


@dataclass(frozen=True)
class Design:
    """Contrasts with weights, and how often they decide.

    Parameters
    ----------
    predicted : weighted log ratio by either hypothesis
    powers : (hypothesis, N - 1) chance that the other one is refuted where this one is true, for 2 ... N replicates
    errors : (hypothesis, N - 1) chance that it is refuted although it is true
    replicates : fewest of each kind of well that reach the power asked for, or None
    """

    contrasts: tuple[Contrast, ...]
    weights: tuple[float, ...]
    predicted: tuple[float, float]
    powers: Array = field(repr=False)
    errors: Array = field(repr=False)
    replicates: int | None
    simulations: int
    is_one: bool = False

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Kinds of wells."""
        return kinds_of(self.contrasts)

    @property
    def wells(self) -> int | None:
        """Wells that reach the power asked for, or None."""
        return None if self.replicates is None else self.replicates * len(self.kinds)

    @property
    def power(self) -> Array:
        """(N - 1,) of the worse case."""
        worse: Array = self.powers[0] if self.is_one else self.powers.min(axis=0)
        return worse

    @property
    def false_alarms(self) -> Array:
        """(N - 1,) chance that a true hypothesis is refuted, the larger one; with one hypothesis that no effect is."""
        alarms: Array = self.errors[1] if self.is_one else self.errors.max(axis=0)
        return alarms

    def at(self, replicates: int) -> float:
        """Power with so many replicates."""
        return float(self.power[replicates - 2])

    @property
    def rank(self) -> tuple[float, int, float]:
        """Smaller is better: fewer wells, fewer contrasts, more power with them; where none suffice, more power."""
        if self.wells is None or self.replicates is None:
            return math.inf, 0, -float(self.power[-1])
        return self.wells, len(self.contrasts), -self.at(self.replicates)


def kinds_of(contrasts: Sequence[Contrast]) -> tuple[Kind, ...]:
    """Kinds of wells: one for each arm and harvest; medium is sampled from wells that stand long enough, or its own."""
    found: dict[Kind, None] = {}
    looks = [look for one in contrasts for look in one.looks]
    for arm in dict.fromkeys(look.arm for look in looks):
        mine = [look for look in looks if look.arm == arm]
        harvests = sorted({look.time for look in mine if not look.readout.from_medium})
        found |= dict.fromkeys((arm, time) for time in harvests)
        if any(host(look, harvests) == math.inf for look in mine):
            found[arm, math.inf] = None
    return tuple(found)


def host(look: Look, harvests: Sequence[float]) -> float:
    """Harvest of the well that a look belongs to; infinity for a well whose medium alone is read."""
    if not look.readout.from_medium:
        return look.time
    return max((time for time in harvests if time >= look.time), default=math.inf)


class Bench:
    """Simulates readings of two hypotheses; the same culture numbers for both, so that only they differ.

    Parameters
    ----------
    truths : of either hypothesis
    shelf : assays by name
    simulations : experiments
    purpose : names the random numbers
    correlation : of the culture numbers of one well at two times
    """

    def __init__(self, truths: tuple[Truths, Truths], shelf: Mapping[str, Assay], question: Question,
                 simulations: int, purpose: str, *, correlation: float) -> None:
        self.truths, self.question, self._shelf = truths, question, shelf
        self.simulations, self._purpose, self._correlation = simulations, purpose, correlation
        self._kept: dict[tuple[int, Look], Array] = {}

    def expected(self, hypothesis: int, contrast: Contrast) -> float:
        """Log ratio as predicted, read without noise."""
        first, second = (self._assay(look).expected(self.truths[hypothesis][look]) for look in contrast.looks)
        return first - second

    def has(self, contrast: Contrast) -> bool:
        """Whether both hypotheses know the quantity in both arms, and not as zero where zero cannot be read."""
        return all(look in truths for truths in self.truths for look in contrast.looks) and all(
            math.isfinite(self.expected(hypothesis, contrast)) for hypothesis in (0, 1))

    def is_read(self, contrast: Contrast) -> bool:
        """Whether the assay sees something: of cargo per vesicle everything, as a limit over a count is no reading."""
        if not self.has(contrast):
            return False
        below = [self.is_at_limit(hypothesis, look) for hypothesis in (0, 1) for look in contrast.looks]
        return not (any(below) if contrast.readout.is_per_vesicle else all(below))

    def readings(self, hypothesis: int, look: Look) -> Array:
        """(simulation, replicate) log readings of a look, less the one expected."""
        if (hypothesis, look) not in self._kept:
            named = f"{look.arm} {look.readout.key} {look.readout.assay}"
            then = self._stream(f"{named} culture at {look.time:g}")
            culture = then.standard_normal((self.simulations, self.question.most))
            if look.readout.from_medium:  # the same culture at all times; another harvest is another culture
                lasting = self._stream(f"{named} culture").standard_normal(culture.shape)
                culture = math.sqrt(self._correlation) * lasting + math.sqrt(1.0 - self._correlation) * culture
            truth, assay = self.truths[hypothesis][look], self._assay(look)
            read = assay.read(truth, culture, self._stream(f"{named} assay at {look.time:g}"))
            self._kept[hypothesis, look] = read - assay.expected(truth)
        return self._kept[hypothesis, look]

    def _stream(self, name: str) -> np.random.Generator:
        return stream(self.question.seed, f"{self._purpose} {name}", 0)

    def forget(self) -> None:
        """Free the readings."""
        self._kept.clear()

    def _assay(self, look: Look) -> Assay:
        return self._shelf[look.readout.tool]

    def is_at_limit(self, hypothesis: int, look: Look) -> bool:
        """Whether what is there lies below the detection limit."""
        truth = self.truths[hypothesis][look]
        return truth.value < self._assay(look).limit(truth)

    def shortage(self, hypothesis: int, look: Look) -> float:
        """How many times too little there is for the detection limit; infinite where there is nothing."""
        truth = self.truths[hypothesis][look]
        return self._assay(look).limit(truth) / truth.value if truth.value > 0 else math.inf


def weights_of(bench: Bench, contrasts: Sequence[Contrast]) -> tuple[float, ...]:
    """Fisher's weights: those for which the weighted difference is largest against its noise.

    The covariance is that of simulated readings, mean of both hypotheses; the largest weight is 1.
    """
    if len(contrasts) == 1:
        return (1.0,)
    apart = np.array([bench.expected(0, one) - bench.expected(1, one) for one in contrasts])
    covariance = np.zeros((len(contrasts), len(contrasts)))
    for hypothesis in (0, 1):
        read = [bench.readings(hypothesis, one.looks[0]) - bench.readings(hypothesis, one.looks[1])
                for one in contrasts]
        covariance += np.cov(np.array([one.ravel() for one in read])) / 2.0
    floor = 1e-9 * max(float(np.trace(covariance)), 1e-300)
    weights = np.linalg.solve(covariance + floor * np.eye(len(contrasts)), apart)
    largest = float(weights[np.abs(weights).argmax()])
    weights = weights / (largest or 1.0)
    return tuple(float(one) for one in weights)


def evaluate(bench: Bench, question: Question, contrasts: Sequence[Contrast],
             weights: Sequence[float] | None = None) -> Design:
    """Simulate a design for 2 ... N replicates."""
    contrasts = tuple(contrasts)
    weights = weights_of(bench, contrasts) if weights is None else tuple(weights)
    predicted = tuple(sum(w * bench.expected(h, one) for w, one in zip(weights, contrasts, strict=True))
                      for h in (0, 1))
    powers, errors = [], []
    for true, other in ((0, 1), (1, 0)):
        kinds = _scores(bench, true, contrasts, weights)
        apart = predicted[true] - predicted[other]  # readings are less what is expected, so the truth is at zero
        said = decisions(kinds, -apart, question.error)
        powers.append((said == np.sign(apart)).mean(axis=0) if apart else np.zeros(said.shape[1]))
        errors.append((decisions(kinds, 0.0, question.error) != 0).mean(axis=0))
    found = Design(contrasts, weights, (predicted[0], predicted[1]), np.array(powers), np.array(errors), None,
                   bench.simulations, question.is_one)
    return replace(found, replicates=needed(found.power.tolist(), question.power))


def _scores(bench: Bench, true: int, contrasts: Sequence[Contrast], weights: Sequence[float]) -> list[Array]:
    """(simulation, replicate) scores of each kind of well."""
    looks = [(look, sign * weight) for one, weight in zip(contrasts, weights, strict=True)
             for look, sign in zip(one.looks, (1.0, -1.0), strict=True)]
    harvests: dict[str, list[float]] = {}
    for look, _ in looks:
        harvests.setdefault(look.arm, [])
        if not look.readout.from_medium:
            harvests[look.arm].append(look.time)
    found: dict[Kind, Array] = {}
    for look, weight in looks:
        kind = look.arm, host(look, harvests[look.arm])
        found[kind] = found.get(kind, 0.0) + weight * bench.readings(true, look)
    return list(found.values())


@dataclass(frozen=True)
class Screening:
    """Every contrast by itself, best first, and how far apart the hypotheses are at most."""

    designs: tuple[Design, ...]
    furthest: Contrast | None
    apart: float  # of the log ratios of that one
    unseen: tuple[Contrast, ...]  # below the detection limit


def screen(bench: Bench, question: Question, contrasts: Sequence[Contrast]) -> Screening:
    """Simulate each contrast alone; those of which both hypotheses say the same are left out."""
    found, unseen, furthest, most = [], [], None, 0.0
    for place, one in enumerate(contrasts):
        if not bench.is_read(one):
            unseen += [one] if bench.has(one) else []
            continue
        apart = abs(bench.expected(0, one) - bench.expected(1, one))
        if furthest is None or apart > most:
            furthest, most = one, apart
        if apart > SAME:
            found.append(evaluate(bench, question, [one]))
        if place + 1 == len(contrasts) or contrasts[place + 1].time != one.time:
            bench.forget()
    return Screening(tuple(sorted(found, key=lambda design: design.rank)), furthest, most, tuple(unseen))


def chosen(designs: Sequence[Design], most: int = SHOWN) -> list[Design]:
    """The best designs, at the best time of each pair of arms and readout."""
    kept: dict[tuple[str, str, Readout], Design] = {}
    for one in designs:
        contrast = one.contrasts[0]
        kept.setdefault((contrast.arm, contrast.against, contrast.readout), one)
    return list(kept.values())[:most]


def combine(bench: Bench, question: Question, designs: Sequence[Design]) -> list[Design]:
    """Greedy: to the best contrast join the one that helps most, as long as one helps; each step is a design."""
    pool = [one.contrasts[0] for one in designs[:POOL]]
    found: list[Design] = []
    best = designs[0]
    while len(best.contrasts) < question.combine:
        tried = [evaluate(bench, question, (*best.contrasts, one)) for one in pool if one not in best.contrasts]
        step = min(tried, key=lambda design: design.rank, default=best)
        if not _is_better(step, best):
            break
        found.append(step)
        best = step
    return found


def _is_better(step: Design, best: Design) -> bool:
    """Fewer wells; where neither has enough of them, more power than chance makes between two simulations."""
    if step.wells is None and best.wells is None:
        return bool(step.power[-1] > best.power[-1] + 2.0 / math.sqrt(step.simulations))
    return (step.wells or math.inf) < (best.wells or math.inf)


def confirm(bench: Bench, question: Question, designs: Sequence[Design]) -> list[Design]:
    """The same designs simulated anew: the best of many would else look better than it is."""
    found = [evaluate(bench, question, one.contrasts, one.weights) for one in designs]
    return sorted(found, key=lambda design: design.rank)
