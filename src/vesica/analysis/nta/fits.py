"""Which size law do the tracks support, by how much, and what do they not tell? `fit_sizes` is the way in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from vesica.analysis.nta.fits_data import SizeData
from vesica.analysis.nta.fits_laws import BehindLimit, LognormalMixture, SizeLaw
from vesica.analysis.nta.fits_profile import (
    Interval,
    Maximum,
    maximise,
    parameter_interval,
    unseen_factor_interval,
)
from vesica.instruments.nta_response import NtaResponse

# Vesicles are 30 nm and more; beyond 1000 nm NTA shows nothing.
TRUE_RANGE: Final = (30.0, 1000.0)
# Burnham & Anderson 2002, "Model selection and multimodel inference": below 2 a law has substantial support,
# 4 to 7 considerably less, above 10 essentially none.
UNDECIDED, DECISIVE = 2.0, 10.0
# A law whose cumulative is off by more than this misses a part of the particles that one would report.
VISIBLE_GAP: Final = 0.05
SMALL_GAP: Final = 0.02
_GAP_PLACES: Final = 401


@dataclass(frozen=True)
class LawFit:
    """One law fitted.

    Parameters
    ----------
    law : str
        "log-normal", "two log-normals" or "log-normal behind the detection limit".
    sizes : "measured" or "true"
        What the parameters describe.
    parameters : name -> Interval
        ``median`` (nm), ``gsd``; with two components ``median_1``, ``gsd_1``, ``median_2``, ``gsd_2``
        (the smaller first) and ``share_2`` (0..1).
    log_likelihood : float
        At the maximum; of tracks, or of bins that weigh as much.
    n_parameters : int
    aicc : float
        Akaike's criterion with the correction for few data, n = tracks.
    delta : float
        AICc less that of the preferred law.
    weight : 0..1
        Akaike weight among the laws fitted.
    gap : 0..1
        Largest difference between the cumulative of the law and of the data.
    has_converged : bool
    at_bound : names of parameters that ended at a bound: the bound decides them, not the data
    unseen_factor : Interval or None
        True number (30 to 1000 nm) over the number measured, from the law behind the limit; None where that law
        does not describe the sample.
    """

    law: str
    sizes: str
    parameters: Mapping[str, Interval]
    log_likelihood: float
    n_parameters: int
    aicc: float
    delta: float
    weight: float
    gap: float
    has_converged: bool
    at_bound: tuple[str, ...]
    unseen_factor: Interval | None = None

    @property
    def numbers(self) -> dict[str, Interval]:
        """The parameters, and ``true_over_measured`` where there is an `unseen_factor`."""
        more = {} if self.unseen_factor is None else {"true_over_measured": self.unseen_factor}
        return {**self.parameters, **more}


@dataclass(frozen=True)
class SizeFits:
    """All laws fitted to one sample, and what follows.

    Parameters
    ----------
    name : str
        Of the sample.
    basis : "tracks" or "bins"
    tracks : track
    fits : (law,) LawFit, the preferred one first
    verdict : sentences: which law, by how much, what is identifiable
    words : what was fitted
    """

    name: str
    basis: str
    tracks: float
    fits: tuple[LawFit, ...]
    verdict: tuple[str, ...]
    words: str

    @property
    def preferred(self) -> LawFit:
        """Of the smallest AICc."""
        return self.fits[0]

    def of(self, law: str) -> LawFit:
        """The fit of that law; KeyError where it was not fitted."""
        return {fit.law: fit for fit in self.fits}[law]


def aicc(log_likelihood: float, n_parameters: int, n: float) -> float:
    """Akaike's criterion corrected for few data (Hurvich & Tsai 1989); infinite with fewer data than it needs."""
    left = n - n_parameters - 1
    if left <= 0:
        return math.inf
    return -2.0 * log_likelihood + 2.0 * n_parameters * (1.0 + (n_parameters + 1) / left)


def akaike_weights(values: list[float]) -> list[float]:
    """exp(-delta/2), so scaled that they sum to one."""
    best = min(values)
    raw = [math.exp(-0.5 * (value - best)) if math.isfinite(value) else 0.0 for value in values]
    return [one / sum(raw) for one in raw]


def fit_sizes(
    data: SizeData,
    response: NtaResponse | None = None,
    *,
    name: str = "sample",
    true_range: tuple[float, float] = TRUE_RANGE,
) -> SizeFits:
    """Fit every law by maximum likelihood and compare them.

    Parameters
    ----------
    data : SizeData
    response : NtaResponse, optional
        Of the instrument; without it the law behind the detection limit is not fitted.
    name : str
        Of the sample.
    true_range : (low, high) nm
        Bounds of the true law.

    Returns
    -------
    SizeFits

    Notes
    -----
    Intervals and AICc count tracks as independent. Videos and replicates differ by more than counting, so an
    interval here says how well *these tracks* determine the law; the spread between replicates is that of the
    replicates' own medians.

    AICc of a mixture is on the safe side of two: at a share of zero its other parameters have no meaning, and
    likelihood theory holds only roughly.
    """
    laws: list[SizeLaw] = [LognormalMixture(data, 1), LognormalMixture(data, 2)]
    if response is not None:
        laws.append(BehindLimit(data, response, *true_range))
    maxima = [maximise(law) for law in laws]
    values = [aicc(best.log_likelihood, best.parameters.size, data.tracks) for best in maxima]
    weights = akaike_weights(values)
    fits = [
        _law_fit(law, best, value, value - min(values), weight)
        for law, best, value, weight in zip(laws, maxima, values, weights, strict=True)
    ]
    fits.sort(key=lambda fit: fit.aicc)
    return SizeFits(name, data.basis, data.tracks, tuple(fits), _verdict(fits), data.words)


def _law_fit(law: SizeLaw, best: Maximum, value: float, delta: float, weight: float) -> LawFit:
    raw = [parameter_interval(law, best, index) for index in range(best.parameters.size)]
    if len(raw) == 2:
        names = ["median", "gsd"]
    else:
        raw, names = _ordered(raw)
    parameters = {
        name: interval.map(_gsd) if name.startswith("gsd") else interval.map(_SCALES.get(name, math.exp))
        for name, interval in zip(names, raw, strict=True)
    }
    order = names if len(raw) == 2 or raw[0].value == best.parameters[0] else [*names[2:4], *names[:2], names[4]]
    gap, at_bound = cumulative_gap(law, best), tuple(order[index] for index in best.at_bound)
    describes = best.has_converged and not at_bound and gap <= VISIBLE_GAP
    return LawFit(
        law=law.name,
        sizes="true" if isinstance(law, BehindLimit) else "measured",
        parameters=parameters,
        log_likelihood=best.log_likelihood,
        n_parameters=best.parameters.size,
        aicc=value,
        delta=delta,
        weight=weight,
        gap=gap,
        has_converged=best.has_converged,
        at_bound=at_bound,
        unseen_factor=unseen_factor_interval(law, best) if isinstance(law, BehindLimit) and describes else None,
    )


def _gsd(log_width: float) -> float:
    return math.exp(math.exp(log_width))


def _share(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit))


_SCALES: Final = {"share_2": _share}


def _ordered(raw: list[Interval]) -> tuple[list[Interval], list[str]]:
    """Components by size, the smaller first; swapping them turns the sign of the logit."""
    names = ["median_1", "gsd_1", "median_2", "gsd_2", "share_2"]
    if raw[0].value <= raw[2].value:
        return raw, names
    logit = raw[4]
    turned = Interval(-logit.value, -logit.high, -logit.low, logit.has_high, logit.has_low)
    return [raw[2], raw[3], raw[0], raw[1], turned], names


def cumulative_gap(law: SizeLaw, best: Maximum) -> float:
    """Largest difference between cumulative law and data, at up to 401 places."""
    data = law.data
    order = np.argsort(data.right)
    places, steps = np.unique(data.right[order], return_index=True)
    cumulative = np.cumsum(data.weight[order]) / data.weight.sum()
    reached = np.append(cumulative[steps[1:] - 1], 1.0)
    chosen = np.unique(np.linspace(0, places.size - 1, _GAP_PLACES).astype(int))
    return float(np.abs(law.cumulative(best.parameters, places[chosen]) - reached[chosen]).max())


def _verdict(fits: list[LawFit]) -> tuple[str, ...]:
    return (*_which(fits), *_identified(fits))


def _which(fits: list[LawFit]) -> list[str]:
    best, second = fits[0], fits[1]
    head = f"Preferred: {best.law}, weight {100 * best.weight:.0f} % of the laws tried"
    if second.delta < UNDECIDED:
        head += (
            f", but undecided: {second.law} is only {second.delta:.1f} AICc behind, and below {UNDECIDED:g} "
            "the data support both"
        )
    elif second.delta < DECISIVE:
        head += f"; {second.law} is {second.delta:.1f} AICc behind and has less support"
    else:
        head += f"; {second.law} is {second.delta:.0f} AICc behind and has essentially none"
    sentences = [f"{head}."]
    if second.delta >= UNDECIDED and second.gap <= SMALL_GAP:
        sentences.append(
            f"Yet {second.law} misses the data by no more than {100 * second.gap:.1f} % of the particles: with many "
            "tracks even such differences count, and shifts between videos are among them."
        )
    if best.gap > VISIBLE_GAP:
        sentences.append(
            f"Even the preferred law misses the data by {100 * best.gap:.0f} % of the particles at its worst: "
            "none of these laws describes this sample; use its percentiles."
        )
    return sentences


def _identified(fits: list[LawFit]) -> list[str]:
    sentences = []
    for fit in fits:
        if not fit.has_converged:
            sentences.append(f"The fit of {fit.law} did not settle; its numbers are not to be used.")
        open_ends = [name for name, interval in fit.parameters.items() if not interval.is_bounded]
        if fit.law == "two log-normals":
            sentences.append(_second_population(fit, open_ends))
        elif open_ends and (fit.sizes == "measured" or fit.unseen_factor is not None):
            sentences.append(f"Of {fit.law}, the data do not bound {_listed(open_ends)}.")
        if fit.sizes == "true":
            sentences.append(_unseen(fit))
    return sentences


def _second_population(fit: LawFit, open_ends: list[str]) -> str:
    first, second = fit.parameters["median_1"], fit.parameters["median_2"]
    share = fit.parameters["share_2"]
    if fit.delta > UNDECIDED:
        return "A second population is not supported by the data."
    if open_ends or fit.at_bound:
        return (
            f"The second population is not identifiable: the data do not determine "
            f"{_listed(sorted({*open_ends, *fit.at_bound}))}."
        )
    if first.high >= second.low:
        return (
            "The two populations are one skewed or wide one as well: the intervals of their medians overlap "
            f"({first.words('nm')} and {second.words('nm')})."
        )
    numbers = (
        f"medians {first.words('nm')} and {second.words('nm')}, {100 * share.value:.0f} % "
        f"({100 * share.low:.0f} % to {100 * share.high:.0f} %) in the larger one"
    )
    if peaks_of(fit) < 2:
        return (
            f"The two log-normals ({numbers}) have one peak together: they describe a skewed or long-tailed "
            "distribution and do not show two kinds of particles."
        )
    return f"Two populations are identifiable: {numbers}."


def peaks_of(fit: LawFit) -> int:
    """Peaks of a fitted mixture on the logarithmic axis."""
    value = {name: interval.value for name, interval in fit.parameters.items()}
    medians, widths = (np.log([value[f"{name}_1"], value[f"{name}_2"]]) for name in ("median", "gsd"))
    shares = np.array([1.0 - value["share_2"], value["share_2"]])
    # All peaks of two normals lie between their means; a hundred places per narrowest width show each.
    places = np.arange(medians[0] - widths.min(), medians[1] + widths.min(), widths.min() / 100)
    density = shares / widths @ np.exp(-0.5 * ((places - medians[:, None]) / widths[:, None]) ** 2)
    return int(((density[1:-1] > density[:-2]) & (density[1:-1] >= density[2:])).sum())


def _unseen(fit: LawFit) -> str:
    factor = fit.unseen_factor
    if factor is None:
        return (
            f"The {fit.law} does not describe this sample (it misses {100 * fit.gap:.0f} % of the particles at its "
            "worst, or ends at a bound): no true number follows from it."
        )
    if not factor.is_bounded:
        least = f"at least {factor.low:.2f}" if factor.has_low else "any number of"
        return (
            f"The true number below the detection limit is not identifiable: it is {least} times the number "
            "measured, and the data give no upper bound."
        )
    return (
        f"If the true sizes are log-normal and the response of the library holds, the true number (30 to 1000 nm) is "
        f"{factor.value:.2f} times the number measured ({factor.low:.2f} to {factor.high:.2f}, profile likelihood)."
    )


def _listed(names: list[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)
