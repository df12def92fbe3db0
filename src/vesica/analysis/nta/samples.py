"""Replicates, samples and groups: their concentration, sizes and distribution, the blank subtracted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vesica.analysis.nta import blank as blanks
from vesica.analysis.nta import intervals
from vesica.analysis.nta.amounts import Culture, amount, check
from vesica.analysis.nta.members import Member
from vesica.analysis.nta.records import (
    Amount,
    Background,
    Distribution,
    Estimate,
    GroupResult,
    Level,
    ReplicateResult,
    SampleResult,
)
from vesica.analysis.nta.sizes import NAMES, common_edges, rebin, size_statistics
from vesica.errors import error
from vesica.readers.records import FloatArray, frozen


@dataclass(frozen=True, eq=False)
class Subtracted:
    """The blank as it is taken from one sample: each replicate has that of its own dilution.

    Parameters
    ----------
    values : (replicate,) unit of the result
    bins : (replicate, bin) same unit
    bins_se : (bin,) same unit or None, of the mean over the replicates
    estimate : Estimate of the mean over the replicates
    critical, limit, words : see `blank.limits`
    """

    values: FloatArray
    bins: FloatArray
    bins_se: FloatArray | None
    estimate: Estimate
    critical: float | None
    limit: float | None
    words: str


def replicate(members: Sequence[Member]) -> ReplicateResult:
    """One replicate, of one file or of several that bear the same replicate name.

    Raises
    ------
    InputError
        Its files have different dilutions.
    """
    first = members[0]
    factors = {member.dilution.factor for member in members}
    if len(factors) > 1:
        raise error(
            first.sample,
            f"replicate `{first.replicate}` of `{first.sample}` has files of the dilutions "
            + ", ".join("unknown" if one is None else f"{one:g}" for one in sorted(factors, key=str)),
            "a replicate is one measured suspension",
            "its videos could not be averaged",
            "give each dilution a replicate name of its own in the sample sheet",
        )
    chosen = [(member, member.file.videos[number]) for member in members for number in member.used]
    edges = common_edges([video.edges for _, video in chosen])
    bins = np.array(
        [rebin(video.edges, video.concentration, edges) * member.dilution.multiply for member, video in chosen]
    )
    totals = frozen([video.total * member.dilution.multiply for member, video in chosen])
    counts = [video.tracks for _, video in chosen]
    tracks = None if None in counts else sum(count for count in counts if count is not None)
    single = [video.track_diameter for _, video in chosen if video.track_diameter is not None]
    n_all = sum(len(member.verdicts) for member in members)
    return ReplicateResult(
        name=first.replicate, file="; ".join(member.file.file for member in members),
        concentration=float(totals.mean()), video_concentrations=totals, tracks=tracks, dilution=first.dilution,
        sizes=size_statistics(edges, bins.mean(axis=0), tracks),
        video_sizes=tuple(size_statistics(edges, row, count) for row, count in zip(bins, counts, strict=True)),
        edges=frozen(edges), bins=frozen(bins),
        track_diameter=frozen(np.concatenate(single)) if len(single) == len(chosen) else None,
        n_videos=len(chosen), n_excluded=n_all - len(chosen),
    )  # fmt: skip


def subtracted(
    parts: Sequence[ReplicateResult],
    medium: Sequence[ReplicateResult],
    edges: FloatArray,
    sample: str,
    *,
    scaled: bool,
) -> Subtracted:
    """The blank of a sample, weighted by how many of its replicates have each dilution.

    Raises
    ------
    InputError
        No blank has the dilution of a replicate.
    """
    chosen = [blanks.matching(medium, part.dilution, sample, scaled=scaled) for part in parts]
    distinct = {id(one[0]): one for one in chosen}  # a blank file belongs to one dilution
    means = {key: blanks.blank_mean(one, edges, parts[0]) for key, one in distinct.items()}
    of_part = [means[id(one[0])] for one in chosen]
    shares = {key: sum(id(one[0]) == key for one in chosen) / len(parts) for key in distinct}
    critical, words = 0.0, ""
    for key, mean in means.items():
        own = [part for part, one in zip(parts, chosen, strict=True) if id(one[0]) == key]
        level, _, words = blanks.limits(mean, len(own), sum(part.n_videos for part in own))
        critical = math.nan if level is None else math.hypot(critical, shares[key] * level)
    known = None if math.isnan(critical) else critical
    return Subtracted(
        values=frozen([mean.estimate.value for mean in of_part]), bins=np.array([mean.bins for mean in of_part]),
        bins_se=_in_quadrature([(shares[key], mean.bins_se) for key, mean in means.items()]),
        estimate=_combined([(shares[key], mean.estimate) for key, mean in means.items()]),
        critical=known, limit=None if known is None else 2 * known, words=words,
    )  # fmt: skip


def _in_quadrature(parts: Sequence[tuple[float, FloatArray | None]]) -> FloatArray | None:
    if any(se is None for _, se in parts):
        return None
    return np.sqrt(sum((share * se) ** 2 for share, se in parts if se is not None))


def _combined(parts: Sequence[tuple[float, Estimate]]) -> Estimate:
    if len(parts) == 1:
        return parts[0][1]
    value = sum(share * one.value for share, one in parts)
    first = parts[0][1]
    if any(one.se is None for _, one in parts):
        return Estimate(value, None, None, None, math.nan, "none", first.n, "blanks of several dilutions")
    se = math.sqrt(sum((share * (one.se or 0.0)) ** 2 for share, one in parts))
    df = min(one.df for _, one in parts)
    n = sum(one.n for _, one in parts)
    return intervals.with_interval(
        Estimate(value, se, None, None, df, first.level, n, "blanks of several dilutions")
    )


def sample(
    name: str, members: Sequence[Member], medium: Sequence[ReplicateResult], *, scaled: bool
) -> SampleResult:
    """One sample from the files of its replicates.

    Parameters
    ----------
    name : str
    members : at least one, all of this sample
    medium : blanks, as replicates; empty without
    scaled : bool
        Whether blanks of other dilutions may be scaled.

    Raises
    ------
    InputError
        Members in different groups, a blank that does not fit, cells without a volume.
    """
    group = _one_group(name, members)
    by_name: dict[str, list[Member]] = {}
    for member in members:
        by_name.setdefault(member.replicate, []).append(member)
    parts = tuple(replicate(own) for own in by_name.values())
    cultures = [own[0].culture for own in by_name.values()]
    for culture in cultures:
        check(culture, name, is_diluted_known=parts[0].dilution.factor is not None)
    edges = common_edges([part.edges for part in parts])
    minus = subtracted(parts, medium, edges, name, scaled=scaled) if medium else None
    gross = intervals.nested_mean([part.video_concentrations for part in parts], [part.tracks for part in parts])
    net = gross if minus is None else intervals.difference(gross, minus.estimate)
    background = (
        None
        if minus is None
        else blanks.background(gross, minus.estimate, minus.critical, minus.limit, minus.words)
    )
    concentration, below = decide(net, background)
    distribution, parts = _with_distribution(parts, edges, minus, members)
    nets = frozen([part.concentration - part.blank for part in parts])
    blank_se = 0.0 if minus is None else minus.estimate.se or 0.0
    times = {culture.time for culture in cultures}
    return SampleResult(
        name=name, group=group, concentration=concentration, below_limit=below, gross=gross, signed=net.value,
        signed_se=net.se, background=background, sizes={} if concentration is None else _sizes(parts),
        distribution=distribution, replicates=parts,
        amounts=_amounts(cultures, concentration, nets, blank_se, below),
        time=times.pop() if len(times) == 1 else None,
    )  # fmt: skip


def _one_group(name: str, members: Sequence[Member]) -> str:
    groups = sorted({member.group for member in members})
    if len(groups) > 1:
        raise error(
            name,
            f"the sample `{name}` stands in the groups " + " and ".join(f"`{one}`" for one in groups),
            "a sample belongs to one group",
            "its particles would count on both sides of a comparison",
            "give the samples of each group names of their own in the sample sheet",
        )
    return groups[0]


def decide(net: Estimate, background: Background | None) -> tuple[Estimate | None, float | None]:
    """A concentration, or the limit it is below: never a negative number.

    Without a blank a concentration is what it is. With one, net values up to the critical level are
    not told from it. Where no limit can be derived, a value above zero stands, and else the blank itself is the limit.
    """
    if background is None:
        return net, None
    if net.value <= (background.critical or 0.0):
        return None, background.blank.value if background.limit is None else background.limit
    return at_least_zero(net), None


def at_least_zero(estimate: Estimate) -> Estimate:
    """The same estimate, its interval ending at zero."""
    return estimate if estimate.low is None else replace(estimate, low=max(estimate.low, 0.0))


def _with_distribution(
    parts: tuple[ReplicateResult, ...], edges: FloatArray, minus: Subtracted | None, members: Sequence[Member]
) -> tuple[Distribution, tuple[ReplicateResult, ...]]:
    """The mean distribution of the sample, and its replicates with sizes after the blank was subtracted."""
    tables = [rebin(part.edges, part.bins, edges) for part in parts]
    means = np.array([table.mean(axis=0) for table in tables]) - (0.0 if minus is None else minus.bins)
    if minus is not None:
        parts = tuple(
            replace(part, sizes=size_statistics(edges, row, part.tracks), blank=float(blank))
            for part, row, blank in zip(parts, means, minus.values, strict=True)
        )
    level: Level = "replicates" if len(parts) > 1 else "videos"
    units = means if len(parts) > 1 else tables[0]
    se = units.std(axis=0, ddof=1) / math.sqrt(len(units)) if len(units) > 1 else _printed_sd(members, edges)
    if se is not None and minus is not None:
        se = None if minus.bins_se is None else np.hypot(se, minus.bins_se)
    return Distribution(
        frozen(edges), frozen(means.mean(axis=0)), None if se is None else frozen(se), level, len(units)
    ), parts


def _printed_sd(members: Sequence[Member], edges: FloatArray) -> FloatArray | None:
    """The spread that a single size table gives itself."""
    sd = members[0].file.videos[0].sd
    same = sd is not None and sd.size == edges.size - 1 and len(members) == 1
    return sd * members[0].dilution.multiply if same and sd is not None else None


def _sizes(parts: Sequence[ReplicateResult]) -> dict[str, Estimate]:
    """Each size as the mean over replicates; with one replicate its own value with the spread of its videos."""
    found = {}
    for name in NAMES:
        values = [value for part in parts if (value := getattr(part.sizes, name)) is not None]
        if not values:
            continue
        if len(parts) > 1:
            found[name] = intervals.mean_estimate(np.array(values), "replicates")
        else:
            videos = np.array(
                [value for one in parts[0].video_sizes if (value := getattr(one, name)) is not None]
            )
            found[name] = intervals.mean_estimate(
                videos if videos.size else np.array(values), "videos", value=values[0]
            )
    return found


def _amounts(
    cultures: Sequence[Culture],
    concentration: Estimate | None,
    nets: FloatArray,
    blank_se: float,
    below: float | None,
) -> tuple[Amount, ...]:
    per_cell = [factor for one in cultures if (factor := one.per_cell()) is not None]
    per_protein = [factor for one in cultures if (factor := one.per_protein()) is not None]
    found = []
    if len(per_cell) == len(cultures):
        found.append(amount("cell", np.array(per_cell), concentration, nets, blank_se, below))
    if len(per_protein) == len(cultures):
        found.append(amount("ug protein", np.array(per_protein), concentration, nets, blank_se, below))
    return tuple(found)


def group(
    name: str, samples: Sequence[SampleResult], medium: Sequence[ReplicateResult], *, scaled: bool
) -> GroupResult:
    """One group: means over its samples, or over the replicates of its only sample.

    The error of the blank is common to all units, so their spread does not hold it; it is added once.
    """
    if len(samples) == 1:
        return _group_of_one(name, samples[0], medium, scaled=scaled)
    units = frozen([one.signed for one in samples])
    common = [one.background.blank.se or 0.0 for one in samples if one.background is not None]
    common_se = float(np.mean(common)) if common else 0.0
    counting = _counting(samples)
    estimate = intervals.mean_estimate(
        units, "samples", counting_se=counting, common_se=common_se, is_positive=False
    )
    concentration, below = _of_group(estimate, samples)
    edges = common_edges([one.distribution.edges for one in samples])
    table = np.array([rebin(one.distribution.edges, one.distribution.concentration, edges) for one in samples])
    se = table.std(axis=0, ddof=1) / math.sqrt(len(table))
    sizes = {}
    for size in NAMES if concentration is not None else ():
        values = np.array([one.sizes[size].value for one in samples if size in one.sizes])
        if values.size:
            sizes[size] = intervals.mean_estimate(values, "samples")
    return GroupResult(
        name=name, unit_of_replication="samples", unit_names=tuple(one.name for one in samples), units=units,
        concentration=concentration, below_limit=below, sizes=sizes,
        distribution=Distribution(frozen(edges), frozen(table.mean(axis=0)), frozen(se), "samples", len(samples)),
        unit_distributions=frozen(table), samples=tuple(one.name for one in samples),
    )  # fmt: skip


def _counting(samples: Sequence[SampleResult]) -> float | None:
    """Standard error of the mean over samples by counting alone."""
    counts = [one.tracks for one in samples]
    if not all(counts):
        return None
    return math.sqrt(
        sum(one.gross.value**2 / (count or 1) for one, count in zip(samples, counts, strict=True))
    ) / len(counts)


def _of_group(estimate: Estimate, samples: Sequence[SampleResult]) -> tuple[Estimate | None, float | None]:
    """Below the limit if the mean does not exceed the critical level of its samples, which share the blank's error."""
    judged = [one.background for one in samples if one.background is not None]
    levels = [one.critical or 0.0 for one in judged]
    if judged and estimate.value <= max(levels):
        return None, max(one.blank.value if one.limit is None else one.limit for one in judged)
    return at_least_zero(estimate), None


def _group_of_one(
    name: str, only: SampleResult, medium: Sequence[ReplicateResult], *, scaled: bool
) -> GroupResult:
    edges, parts = only.distribution.edges, only.replicates
    minus = subtracted(parts, medium, edges, only.name, scaled=scaled) if medium else None
    if len(parts) > 1:
        level, names = "replicates", tuple(part.name for part in parts)
        units = np.array([part.concentration - part.blank for part in parts])
        table = np.array([rebin(part.edges, part.bins.mean(axis=0), edges) for part in parts])
    else:
        level, names = "videos", tuple(str(number + 1) for number in range(parts[0].n_videos))
        units, table = parts[0].video_concentrations - parts[0].blank, parts[0].bins
    return GroupResult(
        name=name, unit_of_replication=level, unit_names=names, units=frozen(units),  # type: ignore[arg-type]
        concentration=only.concentration, below_limit=only.below_limit, sizes=only.sizes,
        distribution=only.distribution,
        unit_distributions=frozen(table if minus is None else table - minus.bins), samples=(only.name,),
    )  # fmt: skip
