"""Corrections of a concentration, off unless asked for: what NTA does not see, what stuck to the tube.

A correction multiplies the concentration by a factor with an interval, and says where both come from. One that
the data or the sources do not support is refused with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from vesica.analysis.nta.fits import TRUE_RANGE
from vesica.analysis.nta.fits_data import SizeData
from vesica.analysis.nta.fits_laws import BehindLimit
from vesica.analysis.nta.fits_profile import Interval, Maximum, maximise, unseen_factor_interval
from vesica.errors import Finding, error, nearest
from vesica.instruments import NtaResponse, Reason, fit_true_law
from vesica.library import Entry, Library, internal
from vesica.readers.records import FloatArray

SMALL_EV: Final = (30.0, 200.0)  # nm; MISEV2023 calls EVs below 200 nm small, and below 30 nm there are hardly any
RESPONSE_ENTRIES: Final = ("nta.visibility.half_diameter", "nta.visibility.width", "nta.tracking.relative_error")
TUBES: Final = {
    "polypropylene": "laboratory.storage_loss.polypropylene",
    "low-binding": "laboratory.storage_loss.low_binding",
}
# Of ten particles reported nine would then be computed, one measured.
LARGEST_FACTOR: Final = 10.0
# With these objections the data speak against the response tried, not for more unseen vesicles.
_REFUTED: Final = (Reason.NARROWER_THAN_TRACKING, Reason.MONODISPERSE, Reason.POOR_FIT)
_Objection = tuple[Reason, Finding]


@dataclass(frozen=True)
class Correction:
    """One correction of one sample.

    Parameters
    ----------
    kind : "detection limit" or "loss to plastic"
    sample : str
    factor : Interval or None
        Corrected over measured concentration; None where the correction was refused. Its ``high`` is infinite
        where the data give no upper bound.
    covers : str
        What the corrected number counts.
    words : sentences: what was done, with which numbers
    sources : sentences: where these numbers come from
    findings : warnings and notes, the reason of a refusal among them
    """

    kind: Literal["detection limit", "loss to plastic"]
    sample: str
    factor: Interval | None
    covers: str
    words: str
    sources: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


def library_response(library: Library) -> NtaResponse:
    """The response of NTA by the central numbers of the library."""
    half, width, tracking = (library.entries[name].value for name in RESPONSE_ENTRIES)
    return NtaResponse(half, 1.0 / width, tracking)


def correct_detection_limit(
    data: SizeData,
    edges: FloatArray,
    concentration: FloatArray,
    library: Library,
    *,
    sample: str = "sample",
    se: FloatArray | None = None,
    window: tuple[float, float] = SMALL_EV,
) -> Correction:
    """Small EVs there must be for those that were seen, if true sizes are log-normal.

    Parameters
    ----------
    data : SizeData
        Tracks, or bins that weigh as much.
    edges : (bin + 1,) nm
        Uniform.
    concentration : (bin,) any unit
        The same distribution, for the check of `instruments.fit_true_law`: where that refuses, so does this.
    library : Library
        Whose numbers of the response are used, with their ranges.
    sample : str
    se : (bin,) same unit, optional
    window : (low, high) nm
        Which EVs are counted.

    Returns
    -------
    Correction

    Notes
    -----
    The interval holds two things, added in squares of logarithms: the tracks (profile likelihood at the central
    response), and the range of each constant of the response, moved to its ends one at a time and refitted. An end
    at which the data refute the response is left out; an end at which the true law cannot be had leaves the
    interval open above.
    """
    covers = f"small EVs of {window[0]:g} to {window[1]:g} nm, seen or not"
    sources = tuple(_cited(library.entries[name]) for name in RESPONSE_ENTRIES)
    objection = _objection(edges, concentration, se, sample)
    centre = library_response(library)
    refused = objection(centre)
    if refused is not None:
        words = f"The correction for the detection limit is refused: {refused[1].wrote}."
        finding = replace(refused[1], severity="warning", path=f"correction.{sample}")
        return Correction("detection limit", sample, None, covers, words, sources, (finding,))
    interval = _factor(data, centre, window)
    ups, downs, notes = _moved(data, library, math.log(interval.value), window, objection, sample)
    factor = _widened(interval, ups, downs)
    words = (
        f"True number of {covers}: {factor.words()} times the number measured. Tracks alone give "
        f"{interval.words()}; the rest is the range of the response."
    )
    return Correction("detection limit", sample, factor, covers, words, sources, tuple(notes))


def _objection(
    edges: FloatArray, concentration: FloatArray, se: FloatArray | None, sample: str
) -> Callable[[NtaResponse], _Objection | None]:
    """What speaks against a true law behind a response, by the check of `instruments.fit_true_law`."""
    width = np.diff(edges)
    density = np.asarray(concentration, dtype=float).clip(min=0.0) / width
    se_density = None if se is None else np.asarray(se, dtype=float) / width
    centres = (edges[1:] + edges[:-1]) / 2

    def objection(response: NtaResponse) -> _Objection | None:
        low, high = TRUE_RANGE
        inversion = fit_true_law(
            centres, density, response, low=low, high=high, standard_error=se_density, path=sample
        )
        return None if inversion.refusal is None else (inversion.refusal.reason, inversion.refusal.finding)

    return objection


def _moved(
    data: SizeData,
    library: Library,
    central: float,
    window: tuple[float, float],
    objection: Callable[[NtaResponse], _Objection | None],
    sample: str,
) -> tuple[list[float], list[float], list[Finding]]:
    """How far each end of the response moves the logarithm of the factor, up and down, and what is said of it."""
    ups: list[float] = []
    downs: list[float] = []
    notes: list[Finding] = []
    for name, response in _ends(library):
        against = objection(response)
        if against is not None:
            notes.append(_note(sample, name, *against))
            if against[0] in _REFUTED:
                continue
        law = BehindLimit(data, response, *TRUE_RANGE)
        best = maximise(law)
        moved = -law.seen_share(best.parameters, window)[0] - central
        (ups if moved > 0 else downs).append(abs(moved))
        if against is not None and _is_open(law, best, against[0], window):
            ups.append(math.inf)
    return ups, downs, notes


def _factor(data: SizeData, response: NtaResponse, window: tuple[float, float]) -> Interval:
    law = BehindLimit(data, response, *TRUE_RANGE)
    return unseen_factor_interval(law, maximise(law), window)


def _is_open(law: BehindLimit, best: Maximum, reason: Reason, window: tuple[float, float]) -> bool:
    """Whether the true number has no upper bound there: the fit says so, or the profile does."""
    return reason is not Reason.MEDIAN_INVISIBLE or not unseen_factor_interval(law, best, window).has_high


def _ends(library: Library) -> Iterator[tuple[str, NtaResponse]]:
    """The response with one constant at a time at an end of its range."""
    centre = [library.entries[name].value for name in RESPONSE_ENTRIES]
    for index, name in enumerate(RESPONSE_ENTRIES):
        entry = library.entries[name]
        for end in (entry.low, entry.high):
            half, width, tracking = (end if index == item else value for item, value in enumerate(centre))
            yield f"{entry.quantity} = {end:g} {entry.unit}".strip(), NtaResponse(half, 1.0 / width, tracking)


def _note(sample: str, name: str, reason: Reason, finding: Finding) -> Finding:
    if reason in _REFUTED:
        severity, consequence = "note", "the data speak against this end, and the interval leaves it out"
    elif reason is Reason.MEDIAN_INVISIBLE:
        severity, consequence = "note", "at this end most of the number is extrapolated from what is seen"
    else:
        severity, consequence = "warning", "the law is not determined there, and the interval is open above"
    return Finding(
        severity, f"correction.{sample}", f"with the {name}: {finding.wrote}",
        "the correction is tried at both ends of every constant of the response", consequence,
        "measure the response of your instrument with beads of several sizes",
    )  # fmt: skip


def _widened(interval: Interval, ups: Sequence[float], downs: Sequence[float]) -> Interval:
    """Further deviations of the logarithm, added in squares; an end that was open stays open."""
    low, high = 0.0, math.inf
    if interval.has_low:
        low = interval.value * math.exp(-math.hypot(math.log(interval.value / interval.low), *downs))
    if interval.has_high:
        high = interval.value * math.exp(math.hypot(math.log(interval.high / interval.value), *ups))
    return Interval(interval.value, low, high, interval.has_low, math.isfinite(high))


def correct_plastic(
    hours: float, library: Library, *, tube: str = "polypropylene", sample: str = "sample"
) -> Correction:
    """What there was before storage, for what is left after it: exp(rate x time).

    Parameters
    ----------
    hours : h, >= 0
        Storage in the tube, between separation and measurement.
    library : Library
    tube : "polypropylene" or "low-binding"
    sample : str

    Raises
    ------
    InputError
        A time that is no time, an unknown tube, or a factor above ten.

    Notes
    -----
    One experiment (0.5 mL, 4 degC, 0.5 to 2.1e10 particles/mL, 48 h) stands behind the rates; that
    loss goes on at the same rate between and after its times is our assumption.
    """
    if tube not in TUBES:
        raise error(
            "correct-plastic", f"the tube `{tube}`", "the loss was measured in polypropylene and low-binding tubes",
            "there is no rate for this material", nearest(tube, TUBES),
        )  # fmt: skip
    if not (math.isfinite(hours) and hours >= 0):
        raise error(
            "correct-plastic", f"a storage of {hours:g} h", "storage takes zero hours or more",
            "particles would come back from the plastic", "write the hours in the tube, as `--correct-plastic 24`",
        )  # fmt: skip
    entry = library.entries[TUBES[tube]]
    rate, slowest, fastest = internal(entry, "1/h")
    if fastest * hours > math.log(LARGEST_FACTOR):
        raise error(
            "correct-plastic", f"{hours:g} h in a {tube} tube",
            f"the correction is at most {LARGEST_FACTOR:g}-fold, which is reached after "
            f"{math.log(LARGEST_FACTOR) / fastest:.0f} h",
            "nine of ten particles reported would be computed, from a loss measured over 48 h",
            "report the measured concentration and say how long it was stored",
        )  # fmt: skip
    factor = Interval(*(math.exp(one * hours) for one in (rate, slowest, fastest)))
    measured = internal(library.entries["plastic.loss_time_Evtushenko20"], "h")[0]
    findings = () if hours <= measured else (_beyond(hours, measured, sample),)
    words = (
        f"After {hours:g} h at 4 °C in a {tube} tube, {100 / factor.value:.0f} % of the particles are left: the "
        f"concentration before storage is {factor.words()} times the measured one. Small EVs are lost first, "
        "so the sizes measured are those of what was left."
    )
    return Correction(
        "loss to plastic", sample, factor, "particles before storage", words, (_cited(entry),), findings
    )


def _beyond(hours: float, measured: float, sample: str) -> Finding:
    return Finding(
        "warning", f"correction.{sample}", f"{hours:g} h of storage",
        f"the loss was measured over {measured:g} h",
        "plastic fills up: an exponential beyond its measurement corrects too much",
        "measure within two days, or keep the uncorrected number",
    )  # fmt: skip


def _cited(entry: Entry) -> str:
    cited = ", ".join(part for part in (entry.source, entry.doi and f"doi {entry.doi}") if part)
    return (
        f"{entry.quantity}: {entry.value:g} {entry.unit}".rstrip()
        + f" ({entry.low:g} to {entry.high:g}); {cited or 'no source'}; {entry.confidence}: {entry.reason}"
    )


def corrected(
    value: float, low: float | None, high: float | None, corrections: Sequence[Correction]
) -> Interval:
    """A concentration and its 95 % interval, corrected.

    Parameters
    ----------
    value, low, high : particle/mL
        As measured; bounds None where there is no interval.
    corrections : Correction
        Refused ones change nothing.

    Returns
    -------
    Interval, particle/mL
        Half-widths of logarithms added in squares: errors of measurement and of corrections are
        independent. An end that one part leaves open is open.
    """
    has_low, has_high = low is not None and low > 0, high is not None
    start = Interval(
        value, low if has_low and low else 0.0, high if high is not None else math.inf, has_low, has_high
    )
    for factor in (one.factor for one in corrections):
        if factor is None:
            continue
        start = _widened(
            start.map(lambda part, by=factor.value: part * by),  # type: ignore[misc]
            [math.log(factor.high / factor.value)] if factor.has_high else [math.inf],
            [math.log(factor.value / factor.low)] if factor.has_low else [math.inf],
        )
    return replace(start, has_low=start.low > 0)
