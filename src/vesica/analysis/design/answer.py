"""What a study of designs found, and how it holds up over numbers that nobody knows well."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vesica.analysis.design.assays import Assay
from vesica.analysis.design.plate import Plan
from vesica.analysis.design.readouts import Readout
from vesica.analysis.design.search import Bench, Contrast, Design, Kind, Question, Truths, evaluate


@dataclass(frozen=True)
class Assured:
    """A design over draws of the model's numbers.

    Parameters
    ----------
    replicates : of each kind of well
    power : mean over draws ("assurance": O'Hagan 2005, Pharm Stat 4:187)
    reached : share of draws in which the power asked for is reached
    same_sign : share of draws in which the hypotheses differ in the same direction
    ranges : 10 to 90 % of the predicted log ratio, by hypothesis
    draws : that could be used
    """

    replicates: int
    power: float
    reached: float
    same_sign: float
    ranges: tuple[tuple[float, float], tuple[float, float]]
    draws: int


@dataclass(frozen=True)
class Answer:
    """Everything that was found.

    Parameters
    ----------
    titles : of the models
    screened : every contrast alone, best first
    unseen : contrasts below the detection limit
    bench : the readings that the designs were simulated with
    designs : the best, simulated anew, best first
    assured : of each of them, where numbers were drawn
    plan : of the best design
    donors : arms whose vesicles are prepared beforehand, and for which arms
    medium, cells : of a well: mL, and cells by arm and type
    was_whole : a model is in whole numbers, and was run as means
    taken : mL of medium that the assays take of a kind of well
    """

    question: Question
    titles: tuple[str, ...]
    readouts: tuple[Readout, ...]
    times: tuple[float, ...]
    screened: tuple[Design, ...]
    designs: tuple[Design, ...]
    unseen: tuple[Contrast, ...]
    bench: Bench
    plan: Plan
    donors: Mapping[str, tuple[str, ...]]
    medium: float
    cells: Mapping[str, Mapping[str, float]]
    taken: Mapping[Kind, float]
    assured: tuple[Assured | None, ...] = ()
    failed_draws: int = 0
    was_whole: bool = False

    @property
    def styles(self) -> dict[Kind, int]:
        """Number of each kind of well of the plan, from 1 on, in the order of the arms."""
        return {kind: number for number, kind in enumerate(self.plan.looks, 1)}

    @property
    def best(self) -> Design:
        """The one with the fewest wells, or the most power."""
        return self.designs[0]

    @property
    def replicates(self) -> int:
        """Of the plan: what the best design needs, or as many as were allowed."""
        return self.best.replicates or self.question.most


def assure(design: Design, drawn: Sequence[tuple[Truths, Truths]], shelf: Mapping[str, Assay], question: Question, *,
           correlation: float) -> Assured | None:
    """The power of a design in every draw, with ``question.most`` replicates; None where no draw can be read.

    In each draw nature and both predictions have the same numbers: the mean power is the chance to decide of somebody
    who does not know the numbers when planning, and learns them before the analysis.
    """
    each = max(50, question.simulations // max(len(drawn), 1))
    powers, predicted = [], []
    for number, truths in enumerate(drawn):
        bench = Bench(truths, shelf, question, each, f"draw {number}", correlation=correlation)
        if all(bench.is_read(one) for one in design.contrasts):
            found = evaluate(bench, question, design.contrasts, design.weights)
            powers.append(found.at(question.most))
            predicted.append(found.predicted)
    if not powers:
        return None
    both = np.array(predicted)
    sign = math.copysign(1.0, design.predicted[0] - design.predicted[1])
    low, high = np.quantile(both, (0.1, 0.9), axis=0)
    return Assured(question.most, float(np.mean(powers)), float(np.mean(np.array(powers) >= question.power)),
                   float(np.mean((both[:, 0] - both[:, 1]) * sign > 0)),
                   ((float(low[0]), float(high[0])), (float(low[1]), float(high[1]))), len(powers))


def hours(time: float) -> str:
    """``24 h``; of wells that nobody harvests, nothing."""
    return f"{time / 3600.0:g} h" if math.isfinite(time) else ""


def words_of(*contrasts: Contrast) -> str:
    """``arm / against: quantity by assay at 8, 24 h``; contrasts that differ in time alone are told together."""
    found: dict[tuple[str, str, Readout], list[float]] = {}
    for one in contrasts:
        found.setdefault((one.arm, one.against, one.readout), []).append(one.time)
    return "; ".join(f"{arm} / {against}: {readout_words(readout, times)}"
                     for (arm, against, readout), times in found.items())


def readout_words(readout: Readout, times: Sequence[float]) -> str:
    """``quantity by assay at 8, 24 h``."""
    return f"{readout.key} by {readout.assay} at {', '.join(f'{time / 3600.0:g}' for time in sorted(times))} h"
