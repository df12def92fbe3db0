"""What is done on request with an `NtaResult`: size laws, comparisons of groups, corrections; with their tables."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Literal, TypeVar

import numpy as np

from vesica import library
from vesica.analysis.lab import Field, Table, Value
from vesica.analysis.nta.compare import Comparison, compare_groups
from vesica.analysis.nta.compare_concentration import Arm
from vesica.analysis.nta.compare_shape import ShapeArm
from vesica.analysis.nta.corrections import (
    Correction,
    correct_detection_limit,
    correct_plastic,
    corrected,
    library_response,
)
from vesica.analysis.nta.fits import SizeFits, fit_sizes
from vesica.analysis.nta.fits_data import SizeData, size_data_of_bins, size_data_of_tracks
from vesica.analysis.nta.fits_profile import Interval
from vesica.analysis.nta.records import Estimate, GroupResult, NtaResult, SampleResult
from vesica.errors import Finding, InputError

Found = TypeVar("Found")
_SAID: Final = 6  # sentences of one kind on the screen; the tables hold all


def sizes_of(sample: SampleResult) -> SizeData:
    """Single tracks where every file holds them and no blank is subtracted, else bins that weigh as many tracks.

    Raises
    ------
    InputError
        The number of tracks is unknown, or too small.
    """
    tracks = [part.track_diameter for part in sample.replicates]
    known = [one for one in tracks if one is not None]
    if len(known) == len(tracks) and sample.background is None:
        return size_data_of_tracks(np.concatenate(known), path=sample.name)
    law = sample.distribution
    return size_data_of_bins(law.edges, law.concentration, sample.tracks, path=sample.name)


def with_fits(result: NtaResult) -> NtaResult:
    """The result with size laws fitted to every sample that has sizes.

    Raises
    ------
    InputError
        No sample can be fitted.
    """
    response = library_response(library.load("cns"))
    fits, findings = _each(result, lambda one: fit_sizes(sizes_of(one), response, name=one.name))
    return replace(result, fits=tuple(fits), findings=(*result.findings, *findings))


def with_corrections(result: NtaResult, *, detection: bool, plastic_hours: float | None, tube: str) -> NtaResult:
    """The result with the corrections asked for; concentrations themselves stay as measured.

    Raises
    ------
    InputError
        No sample can be corrected, or a storage time that is none.
    """
    numbers = library.load("cns")
    found: list[Correction] = []
    findings: tuple[Finding, ...] = ()
    if detection:

        def correct(one: SampleResult) -> Correction:
            law = one.distribution
            return correct_detection_limit(
                sizes_of(one), law.edges, law.concentration, numbers, sample=one.name, se=law.se
            )

        limits, findings = _each(result, correct)
        found += limits
    if plastic_hours is not None:
        found += [
            correct_plastic(plastic_hours, numbers, tube=tube, sample=one.name)
            for one in result.samples
            if one.concentration is not None
        ]
    said = [finding for one in found for finding in one.findings]
    return replace(result, corrections=tuple(found), findings=(*result.findings, *findings, *dict.fromkeys(said)))


def _each(result: NtaResult, what: Callable[[SampleResult], Found]) -> tuple[list[Found], tuple[Finding, ...]]:
    """Do it for every sample above its limit; one that cannot is a warning, unless none can."""
    found: list[Found] = []
    refused: list[Finding] = []
    for one in result.samples:
        if one.concentration is None:
            continue
        try:
            found.append(what(one))
        except InputError as failure:
            refused += failure.findings
    if refused and not found:
        raise InputError(*refused)
    return found, tuple(replace(finding, severity="warning") for finding in refused)


def with_comparisons(result: NtaResult, asked: Sequence[tuple[str, str]] = ()) -> NtaResult:
    """The result with its groups compared: all pairs, or those asked for.

    Raises
    ------
    InputError
        An unknown group, or fewer than two groups.
    """
    by_name = {one.name: one for one in result.samples}
    arms = [_arm(group, by_name) for group in result.groups]
    shapes = [_shape(group) for group in result.groups]
    comparisons = compare_groups(arms, shapes, asked)
    said = [finding for one in comparisons for finding in one.findings]
    return replace(result, comparisons=comparisons, findings=(*result.findings, *dict.fromkeys(said)))


def _arm(group: GroupResult, samples: dict[str, SampleResult]) -> Arm:
    """Units of replication, each with the videos within it, the blank subtracted."""
    own = [samples[name] for name in group.samples]
    if len(own) > 1:
        units = [
            np.concatenate([part.video_concentrations - part.blank for part in one.replicates]) for one in own
        ]
        return Arm(group.name, tuple(units), tuple(one.name for one in own), _below_limit(group, own))
    parts = own[0].replicates
    return Arm(
        group.name,
        tuple(part.video_concentrations - part.blank for part in parts),
        tuple(part.name for part in parts),
        _below_limit(group, own),
    )


def _below_limit(group: GroupResult, own: Sequence[SampleResult]) -> Finding | None:
    """What stands against comparing a group that is below its limit, or has a sample that is."""
    names = ", ".join(f"`{one.name}`" for one in own if one.concentration is None)
    if not names and group.concentration is not None:
        return None
    return Finding(
        "error",
        f"compare.{group.name}",
        f"{names or 'the mean'} of group `{group.name}` is below the limit",
        "fold changes compare concentrations that are told from the blank",
        "a ratio of background noise would pass for a ratio of particles",
        "report it as below the limit, or measure it less diluted",
    )


def _shape(group: GroupResult) -> ShapeArm:
    """Distributions of the units; videos of a single replicate are one unit, not several."""
    law = group.distribution
    rows = [law.concentration] if group.unit_of_replication == "videos" else list(group.unit_distributions)
    return ShapeArm(group.name, tuple((law.diameter, row) for row in rows))


def tables(result: NtaResult) -> tuple[Table, ...]:
    """Tables of whatever was asked for; comparisons first."""
    made = (_concentrations(result), _shapes(result), _corrections(result), _fits(result))
    return tuple(table for table in made if table.rows)


def sentences(result: NtaResult) -> tuple[str, ...]:
    """The conclusions, for the screen."""
    said = []
    pairs = [one for one in result.comparisons if isinstance(one, Comparison)]
    for one in pairs[: _SAID if len(pairs) <= _SAID else 0]:
        said += [words for words in (_fold_words(one), _shape_words(one)) if words]
    if len(pairs) > _SAID:
        said.append(f"{len(pairs)} pairs of groups compared, a row each in `comparisons.csv` and `shapes.csv`.")
    said += _fit_words([one for one in result.fits if isinstance(one, SizeFits)])
    by_kind: dict[str, list[Correction]] = {}
    for done in result.corrections:
        if isinstance(done, Correction) and done.factor:
            by_kind.setdefault(done.kind, []).append(done)
    for own in by_kind.values():
        said += _correction_words(own)
    return tuple(said)


def _correction_words(own: Sequence[Correction]) -> list[str]:
    """A sentence for each sample; one for all where they are the same, or many."""
    texts = {one.words: one.sample for one in own}
    if len(texts) == 1:
        return list(texts)
    if len(texts) <= _SAID:
        return [f"`{name}`: {words}" for words, name in texts.items()]
    factors = [one.factor.value for one in own if one.factor is not None]
    return [
        (f"Corrected for the {own[0].kind}, {len(own)} samples have {min(factors):.3g} to {max(factors):.3g} times the "
         "number measured; intervals are in `corrections.csv`.")
    ]


def _fit_words(fits: Sequence[SizeFits]) -> list[str]:
    """A sentence for each sample, or one for all where they are many."""
    if len(fits) <= _SAID:
        return [f"`{one.name}`: {one.verdict[0]}" for one in fits]
    preferred = Counter(one.fits[0].law for one in fits)
    laws = ", ".join(f"{law} in {count}" for law, count in preferred.most_common())
    return [f"Size laws of {len(fits)} samples, the preferred one: {laws}; some may be undecided, see `fits.csv`."]


def _fold_words(one: Comparison) -> str:
    part = one.concentration
    if part is None:
        return ""
    bounds = f" ({part.low:.3g} to {part.high:.3g})" if part.low is not None and part.high is not None else ""
    many = f", {part.p_holm:.2g} after Holm" if part.p_holm is not None and part.p_holm != part.p else ""
    chance = f", p = {part.p:.2g}{many}" if part.p is not None else ""
    exact = ""
    if part.p_permutation is not None and part.smallest_p is not None:
        exact = (
            f"; by regrouping p = {part.p_permutation:.2g}, and {part.n_first} against {part.n_second} "
            f"cannot give less than {part.smallest_p:.2g}"
        )
    return f"{one.second} / {one.first}: {part.fold:.3g}-fold{bounds}{chance}{exact}."


def _shape_words(one: Comparison) -> str:
    part = one.shape
    if part is None:
        return ""
    bounds = f" ({part.low:.2g} to {part.high:.2g})" if part.low is not None and part.high is not None else ""
    chance = (
        ""
        if part.p is None or part.smallest_p is None
        else f", p = {part.p:.2g} (at least {part.smallest_p:.2g})"
    )
    return (
        f"{one.second} / {one.first}: shapes are {part.distance:.2g} nm{bounds} apart, means {part.mean_shift:+.2g} nm"
        f"{chance}."
    )


def _three(interval: Interval) -> tuple[Value, Value, Value]:
    return (
        interval.value,
        interval.low if interval.has_low else None,
        interval.high if interval.has_high and math.isfinite(interval.high) else None,
    )


def _fits(result: NtaResult) -> Table:
    rows = [
        (
            fits.name,
            fits.basis,
            fits.tracks,
            fit.law,
            fit.delta,
            fit.weight,
            name,
            *_three(interval),
            fit.gap,
            fit.has_converged,
        )
        for fits in result.fits
        if isinstance(fits, SizeFits)
        for fit in fits.fits
        for name, interval in fit.numbers.items()
    ]
    return Table("fits", "Size laws", (
        Field("sample"), Field("basis", "", "single tracks, or bins that weigh as many"), Field("tracks", "particle"),
        Field("law"), Field("delta_aicc", "", "behind the preferred law"), Field("weight"),
        Field("parameter", "", "median in nm; gsd, share and true / measured number without unit"), Field("value"),
        Field("low", "", "95 % profile likelihood; empty where the data give no bound"), Field("high"),
        Field("gap", "", "largest difference of the cumulatives of law and data"), Field("settled"),
    ), tuple(rows))  # fmt: skip


def _compared(
    result: NtaResult, part: Literal["concentration", "shape"], names: Sequence[str]
) -> tuple[tuple[Value, ...], ...]:
    """(pair, column) Both groups and these attributes of one part of each comparison."""
    found = ((one, getattr(one, part)) for one in result.comparisons if isinstance(one, Comparison))
    return tuple(
        (one.first, one.second, *(getattr(own, name) for name in names)) for one, own in found if own is not None
    )


def _concentrations(result: NtaResult) -> Table:
    names = ("n_first", "n_second", "fold", "low", "high", "p", "p_holm", "p_permutation", "smallest_p", "method",
             "needed", "needed_for_double")  # fmt: skip
    return Table("comparisons", "Groups compared: concentration", (
        Field("first"), Field("second"), Field("n_first"), Field("n_second"), Field("fold", "", "second / first"),
        Field("low", "", "95 % interval"), Field("high"), Field("p", "", "of the model"),
        Field("p_holm", "", "corrected for the number of pairs"), Field("p_permutation", "", "exact"),
        Field("smallest_p", "", "the least that so few replicates can give"), Field("method"),
        Field("needed", "", "replicates in each group for 80 % power at this fold and spread"),
        Field("needed_for_double", "", "the same for a two-fold difference"),
    ), _compared(result, "concentration", names))  # fmt: skip


def _shapes(result: NtaResult) -> Table:
    names = ("distance", "low", "high", "mean_shift", "p", "p_holm", "smallest_p")
    return Table("shapes", "Groups compared: shape", (
        Field("first"), Field("second"), Field("distance", "nm", "Wasserstein distance of the mean shapes"),
        Field("low", "nm", "95 % bootstrap over replicates"), Field("high", "nm"), Field("mean_shift", "nm"),
        Field("p", "", "by regrouping replicates"), Field("p_holm"), Field("smallest_p"),
    ), _compared(result, "shape", names))  # fmt: skip


def _corrections(result: NtaResult) -> Table:
    by_sample: dict[str, list[Correction]] = {}
    for one in result.corrections:
        if isinstance(one, Correction):
            by_sample.setdefault(one.sample, []).append(one)
    measured = {one.name: one.concentration for one in result.samples}
    rows: list[tuple[Value, ...]] = []
    for name, own in by_sample.items():
        rows += [_corrected_row(measured[name], (one,), one.kind, one.covers) for one in own]
        if len(own) > 1 and all(one.factor is not None for one in own):
            rows.append(_corrected_row(measured[name], own, "both", "; ".join(one.covers for one in own)))
    return Table("corrections", "Corrections; all other tables are as measured", (
        Field("sample"), Field("kind", "", "`both`: the factors multiplied, their errors independent"),
        Field("factor", "", "corrected / measured"), Field("factor_low"), Field("factor_high"),
        Field("corrected", result.unit), Field("corrected_low", result.unit), Field("corrected_high", result.unit),
        Field("covers", "", "what the corrected number counts"),
    ), tuple(rows))  # fmt: skip


def _corrected_row(
    measured: Estimate | None, chosen: Sequence[Correction], kind: str, covers: str
) -> tuple[Value, ...]:
    factor: tuple[Value, Value, Value] = (None, None, None)
    after = factor
    if all(one.factor is not None for one in chosen):
        factor = _three(corrected(1.0, 1.0, 1.0, chosen))
        if measured is not None:
            after = _three(corrected(measured.value, measured.low, measured.high, chosen))
    return (chosen[0].sample, kind, *factor, *after, covers)
