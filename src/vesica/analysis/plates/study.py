"""Samples of a plate: concentrations with intervals, dilutions put together, never beyond the standards."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.plates.curve import Level, StandardCurve, fit, noise_of, variation, widening
from vesica.errors import Finding, InputError, error, nearest
from vesica.instruments.four_parameter import concentration_error, gradient
from vesica.readers.plate import Reading
from vesica.readers.plate_words import Layout, Place

IN_RANGE: Final = "in range"
BELOW: Final = "below range"
ABOVE: Final = "above range"
LINEARITY: Final = 0.2  # dilutions of a sample agree where each is within this of their mean
COVERAGE: Final = 0.95


@dataclass(frozen=True)
class Dilution:
    """Replicate wells of one sample at one dilution.

    Parameters
    ----------
    name : str
    dilution : 1
    wells, signals : (well,)
        Without saturated wells.
    saturated : wells that the detector could not read
    in_well : concentration in the well; NaN outside the curve
    relative_error : standard error of its logarithm
    flag : `IN_RANGE`, `BELOW` or `ABOVE`
    """

    name: str
    dilution: float
    wells: tuple[str, ...]
    signals: tuple[float, ...]
    saturated: tuple[str, ...]
    in_well: float
    relative_error: float
    flag: str

    @property
    def mean(self) -> float:
        """Mean signal; NaN where all wells were saturated."""
        return float(np.mean(self.signals)) if self.signals else math.nan

    @property
    def undiluted(self) -> float:
        """Concentration of the sample."""
        return self.in_well * self.dilution


@dataclass(frozen=True)
class Sample:
    """One sample: its dilutions, and what they say together.

    Parameters
    ----------
    concentration, low, high : in the unit of the standards; NaN where no dilution is in range
    limit : what is known instead, as ``< 3.9``; empty otherwise
    is_linear : whether dilutions agree; None for fewer than two in range
    """

    name: str
    dilutions: tuple[Dilution, ...]
    concentration: float
    low: float
    high: float
    limit: str
    is_linear: bool | None


@dataclass(frozen=True)
class Plate:
    """A plate that was evaluated."""

    reading: Reading
    unit: str
    curve: StandardCurve
    samples: tuple[Sample, ...]
    blanks: tuple[float, ...]
    findings: tuple[Finding, ...]


def evaluate(reading: Reading, layout: Layout, exclude: Iterable[str] = ()) -> Plate:
    """Fit the standards and read the samples off the curve.

    Parameters
    ----------
    reading, layout : of one plate
    exclude : wells that are left out

    Raises
    ------
    InputError
        No standards, standards that turn or do not differ, a well of --exclude that was not read, a layout of which
        most wells were not read.
    """
    try:
        return _evaluated(reading, layout, _left_out(reading, exclude))
    except InputError as failure:
        raise InputError(*(one.located(reading.provenance.file, None) for one in failure.findings)) from None


def _evaluated(reading: Reading, layout: Layout, left_out: set[str]) -> Plate:
    _refuse_other_plate(reading, layout)
    placed = [(well, layout.places[well.name]) for well in reading.wells
              if well.name in layout.places and well.name not in left_out]
    blanks = tuple(well.signal for well, place in placed if place.kind == "blank" and well.signal is not None)
    levels = _levels(reading, [(well.name, well.signal, place) for well, place in placed if place.kind == "standard"])
    grouped = _grouped([(well.name, well.signal, place) for well, place in placed if place.kind == "sample"])
    groups = [list(level.signals) for level in levels]
    groups += [[s for _, s in wells if s is not None] for wells in grouped.values()]
    curve = fit(levels, blanks, noise_of(groups, blanks))
    if math.isnan(curve.lower):
        raise error("standards", "no two neighbouring standards are read back within 80 to 120 %",
                    "concentrations are given only between standards that the curve describes",
                    "every result would be a guess", "check the layout and the units; leave out wells that failed with "
                    "--exclude")
    dilutions = [_dilution(curve, name, fold, wells) for (name, fold), wells in grouped.items()]
    samples = tuple(_sample(curve, name, [one for one in dilutions if one.name == name])
                    for name in dict.fromkeys(one.name for one in dilutions))
    return Plate(reading, layout.unit, curve, samples, blanks,
                 tuple(_findings(reading, layout, curve, samples, blanks, left_out)))


def _refuse_other_plate(reading: Reading, layout: Layout) -> None:
    """A layout of a larger plate, or of another corner of it, names wells that were not read."""
    read = {well.name for well in reading.wells}
    absent = [name for name in layout.places if name not in read]
    if 2 * len(absent) > len(layout.places):
        raise error("layout", f"{len(absent)} of the {len(layout.places)} wells of the layout were not read, as "
                    f"{', '.join(absent[:3])}", "layout and readings are of the same plate",
                    "standards and samples would be mixed up", "give the layout of this plate")


def _left_out(reading: Reading, exclude: Iterable[str]) -> set[str]:
    known = {well.name for well in reading.wells}
    wanted = {name.strip().upper() for name in exclude if name.strip()}
    for name in sorted(wanted - known):
        raise error("--exclude", f"`{name}` was not read", "--exclude names wells of the plate",
                    "it would be believed to be left out", nearest(name, known))
    return wanted


def _levels(reading: Reading, wells: Sequence[tuple[str, float | None, Place]]) -> list[Level]:
    if not wells:
        raise error("standards", f"no well of {reading.provenance.file} is a standard", "the curve rests on standards",
                    "signals cannot be turned into concentrations",
                    "name them in the layout: `std 1000 pg/mL`, or role `standard` with a concentration")
    levels: dict[float, list[tuple[str, float]]] = {}
    for name, signal, place in wells:
        if signal is not None:  # a saturated well says only that the detector's end was reached
            levels.setdefault(place.concentration, []).append((name, signal))
    return [Level(at, tuple(name for name, _ in found), tuple(signal for _, signal in found))
            for at, found in sorted(levels.items())]


def _grouped(wells: Sequence[tuple[str, float | None, Place]]
             ) -> dict[tuple[str, float], list[tuple[str, float | None]]]:
    found: dict[tuple[str, float], list[tuple[str, float | None]]] = {}
    for name, signal, place in wells:
        found.setdefault((place.name, place.dilution), []).append((name, signal))
    return found


def _dilution(curve: StandardCurve, name: str, fold: float, wells: Sequence[tuple[str, float | None]]) -> Dilution:
    read = [(well, signal) for well, signal in wells if signal is not None]
    saturated = tuple(well for well, signal in wells if signal is None)
    signals = tuple(signal for _, signal in read)
    names = tuple(well for well, _ in read)
    if saturated or not signals:  # the mean of the wells that were not is too low
        flag = ABOVE if curve.rises else BELOW
        return Dilution(name, fold, names, signals, saturated, math.nan, math.nan, flag)
    mean = np.array([np.mean(signals)])
    at = float(curve.curve.concentration(mean)[0])
    ends = curve.curve.signal(np.array([curve.lower, curve.upper]))
    flag = IN_RANGE
    if curve.rises:
        flag = BELOW if mean[0] < ends[0] else ABOVE if mean[0] > ends[1] else IN_RANGE
    else:
        flag = BELOW if mean[0] > ends[0] else ABOVE if mean[0] < ends[1] else IN_RANGE
    if flag != IN_RANGE:
        return Dilution(name, fold, names, signals, (), at, math.nan, flag)
    sd = curve.noise.sd(mean) / math.sqrt(len(signals))
    spread = concentration_error(np.array([at]), sd, curve.curve, curve.covariance)
    return Dilution(name, fold, names, signals, (), at, float(spread[0]) / at, flag)


def _sample(curve: StandardCurve, name: str, dilutions: Sequence[Dilution]) -> Sample:
    """Dilutions in range, weighted by their errors; the interval widens where they disagree beyond chance (`widening`).

    Dilutions are read off one curve and share its error: averaging does not make that smaller, so the variance of
    their weighted mean is w V w with the whole covariance V (`_covariance`), not 1 / sum(1 / V_ii).
    """
    from scipy.stats import norm, t

    good = [one for one in dilutions if one.flag == IN_RANGE]
    if not good:
        return Sample(name, tuple(dilutions), math.nan, math.nan, math.nan, _limit(curve, dilutions), None)
    logs = np.log([one.undiluted for one in good])
    covariance = _covariance(curve, good)
    weights = _weights(covariance)
    middle = float(weights @ logs)
    error_of = math.sqrt(float(weights @ covariance @ weights))
    mean_square, freedom = disagreement(curve, good)
    error_of *= math.sqrt(widening(mean_square, max(len(good) - 1, 1), freedom))
    tail = 0.5 + COVERAGE / 2
    reach = float(t.ppf(tail, freedom) if freedom else norm.ppf(tail)) * error_of
    is_linear = None
    if len(good) > 1:
        values = np.exp(logs)
        is_linear = bool(np.all(np.abs(values / values.mean() - 1.0) <= LINEARITY))
    return Sample(name, tuple(dilutions), math.exp(middle), math.exp(middle - reach), math.exp(middle + reach), "",
                  is_linear)


def disagreement(curve: StandardCurve, dilutions: Sequence[Dilution]) -> tuple[float, float]:
    """Chi-squared per degree of freedom of dilutions in range about their mean (0 for one), and freedom of its errors.

    The freedom is that of the noise at their mean signal; 0 where the noise was assumed.
    """
    covariance = _covariance(curve, dilutions)
    weights = _weights(covariance)
    freedom = curve.noise.freedom_at(float(weights @ [one.mean for one in dilutions])) if curve.noise.freedom else 0.0
    logs = np.log([one.undiluted for one in dilutions])
    off = logs - weights @ logs
    return float(off @ np.linalg.solve(covariance, off)) / max(len(dilutions) - 1, 1), freedom


def _weights(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    inverse = 1.0 / np.diag(covariance)
    weights: NDArray[np.float64] = inverse / inverse.sum()
    return weights


def _covariance(curve: StandardCurve, dilutions: Sequence[Dilution]) -> NDArray[np.float64]:
    """(dilution, dilution) Covariance of ln concentration: noise of the wells of each, and the curve they share."""
    at = np.array([one.in_well for one in dilutions])
    means = np.array([one.mean for one in dilutions])
    counts = np.array([len(one.signals) for one in dilutions])
    by_parameter = gradient(at, *curve.curve.values)
    steepness = -by_parameter[:, 2] * curve.curve.half  # dy / d ln x
    sensitivity = by_parameter / steepness[:, None]
    shared: NDArray[np.float64] = sensitivity @ curve.covariance @ sensitivity.T
    return shared + np.diag((curve.noise.sd(means) / steepness) ** 2 / counts)


def _limit(curve: StandardCurve, dilutions: Sequence[Dilution]) -> str:
    """What is known of a sample without a dilution in range."""
    low = [curve.lower * one.dilution for one in dilutions if one.flag == BELOW]
    high = [curve.upper * one.dilution for one in dilutions if one.flag == ABOVE]
    if low and high:
        agree = max(high) < min(low)
        return f"{_short(max(high))} to {_short(min(low))}" if agree else "dilutions contradict each other"
    return f"< {_short(min(low))}" if low else f"> {_short(max(high))}"


def _short(value: float) -> str:
    return f"{float(f'{value:.4g}'):,.10g}"


def per(samples: Sequence[Sample], amounts: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Concentrations per particle and per cell, where particles, cells and volumes are known.

    Parameters
    ----------
    amounts : sample -> ``particles`` (1/mL), ``cells`` (of the culture), ``volume`` (mL)

    Returns
    -------
    sample -> ``particle`` and ``cell``, in the unit of the standards times mL
        Of a standard in pg/mL: pg per particle, pg per cell.
    """
    found: dict[str, dict[str, float]] = {}
    for sample in samples:
        known = amounts.get(sample.name, {})
        row = {}
        if known.get("particles", math.nan) > 0:
            row["particle"] = sample.concentration / known["particles"]
        if known.get("cells", math.nan) > 0 and known.get("volume", math.nan) > 0:
            row["cell"] = sample.concentration * known["volume"] / known["cells"]
        found[sample.name] = row
    return found


def _findings(reading: Reading, layout: Layout, curve: StandardCurve, samples: Sequence[Sample],
              blanks: Sequence[float], left_out: set[str]) -> Iterable[Finding]:
    def warn(where: str, wrote: str, rule: str, consequence: str, fix: str, severity: str = "warning") -> Finding:
        return Finding(severity, where, wrote, rule, consequence, fix)  # type: ignore[arg-type]

    unnamed = [well.name for well in reading.wells if well.name not in layout.places]
    unread = sorted(set(layout.places) - {well.name for well in reading.wells})
    if unnamed:
        shown = ", ".join(unnamed[:6]) + (" ..." if len(unnamed) > 6 else "")
        yield warn("layout", f"{len(unnamed)} wells were read and are not in the layout ({shown})",
                   "wells are used by what the layout says", "they are left out", "name them, or leave them", "note")
    if unread:
        yield warn("layout", f"{', '.join(unread[:8])} of the layout were not read", "every named well has a reading",
                   "their samples have fewer wells", "check the export")
    if left_out:
        yield warn("--exclude", f"{', '.join(sorted(left_out))} left out by hand", "results rest on all wells",
                   "the choice is part of the result", "say why, when you report it", "note")
    full = [well.name for well in reading.wells if well.signal is None and well.name not in left_out
            and well.name in layout.places and layout.places[well.name].kind == "standard"]
    if full:
        yield warn("standards", f"the detector could not read the standard in {', '.join(full)}",
                   "a standard has a signal", "it takes no part in the curve, and results end below it",
                   "read the plate at a lower gain, or leave the highest standard out")
    if len(blanks) < 2:
        yield warn("blank", "one blank well" if blanks else "no blank well",
                   "limits of detection rest on the spread of blanks", "none is given", "read at least three blanks")
    if not curve.noise.freedom:
        yield warn("replicates", "no well was read twice", "noise is estimated from replicates",
                   f"a CV of {curve.noise.cv:.0%} is assumed, and intervals are no better than that",
                   "read duplicates")
    if curve.at_bound:
        yield warn("curve", f"{curve.at_bound} of the curve ran into its bounds",
                   "standards show both ends of the curve",
                   "that parameter means nothing; between the standards the curve still holds",
                   "add standards at that end")
    if curve.misfit > 3.0 and curve.noise.freedom:
        yield warn("curve", f"chi-squared per degree of freedom is {curve.misfit:.2g}",
                   "a curve that fits has about 1", "the standards differ from the curve by more than their replicates "
                   "do; beyond chance, intervals are widened by it", "check the concentrations of the standards")
    for one in curve.recovered:
        if not one.accepted:
            yield warn("standards", f"the standard of {one.level.concentration:g} {layout.unit} is read back at "
                       f"{100 * one.recovery:.3g} % (CV {100 * one.level.cv:.2g} %)",
                       "standards are read back within 80 to 120 %, with a CV up to 20 %",
                       "it does not carry the range of results", "look at its wells")
    yield from _of_samples(samples)


def _of_samples(samples: Sequence[Sample]) -> Iterable[Finding]:
    for sample in samples:
        if sample.limit:
            yield Finding("warning", sample.name, f"no dilution of `{sample.name}` is within the accepted standards",
                          "nothing is extrapolated beyond the standards", f"only a limit is known: {sample.limit}",
                          "dilute more" if sample.limit.startswith(">") else "dilute less, or concentrate the sample")
        for one in sample.dilutions:
            cv = variation(one.signals)
            if cv > 0.2:
                yield Finding("warning", sample.name, f"the wells {', '.join(one.wells)} of `{sample.name}` have a CV "
                              f"of {100 * cv:.2g} %", "replicates agree within 20 %",
                              "their mean rests on a failed well, or on pipetting",
                              "look at the wells; leave a failed one out with --exclude")
        if sample.is_linear is False:
            yield Finding("warning", sample.name, f"dilutions of `{sample.name}` lie more than 20 % off their mean",
                          "a sample reads the same at every dilution in range",
                          "the matrix disturbs the assay, or a dilution is wrong; beyond chance, the interval widens",
                          "trust the higher dilution, and test recovery of a spike")
