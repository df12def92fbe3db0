"""The way in: NTA files in, `NtaResult` out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from vesica import library
from vesica.analysis.nta import quality, samples, series
from vesica.analysis.nta.amounts import NOTHING, Culture
from vesica.analysis.nta.dilution import check_factor, check_one_basis, together
from vesica.analysis.nta.members import Member, note_on_names, place, refuse_mixture
from vesica.analysis.nta.records import (
    PER_ML,
    PER_ML_MEASURED,
    DilutionSeries,
    GroupResult,
    NtaResult,
    ReplicateResult,
    SampleResult,
)
from vesica.analysis.nta.sheet import Sheet, match
from vesica.analysis.numbers import number
from vesica.errors import Finding, error
from vesica.readers.nta_record import NtaFile
from vesica.readers.text import Provenance

_ALIKE: Final = 2  # findings of one kind that are shown one by one
_PARTICULAR: Final = re.compile(r"`[^`]*`|\d[\d.,e+]*")  # names and numbers: what differs between findings of one kind


@dataclass(frozen=True)
class Choices:
    """What the user says about the files.

    Parameters
    ----------
    dilution : dimensionless >= 1 or None
        Of all files, blanks included.
    culture : Culture
        Of all samples.
    sheet : Sheet or None
    keep_all : bool
        Take in videos that would be excluded.
    scale_blank : bool
        Compare blanks per mL of the original suspension, whatever their dilution.
    """

    dilution: float | None = None
    culture: Culture = NOTHING
    sheet: Sheet | None = None
    keep_all: bool = False
    scale_blank: bool = False


def analyse(
    files: Sequence[NtaFile], blanks: Sequence[NtaFile] = (), choices: Choices | None = None
) -> NtaResult:
    """Concentrations and sizes of samples and groups.

    Parameters
    ----------
    files, blanks : as read by `readers.nta.read_nta`
    choices : Choices, optional

    Raises
    ------
    InputError
        No file, two instruments, a file twice, no valid video, a dilution that contradicts itself or is
        known for some files
        only, a blank of another dilution, cells or protein that cannot be divided by.
    """
    choices = choices or Choices()
    if not files:
        raise error(
            "",
            "no file of a sample",
            "at least one measurement is read",
            "there is nothing to average",
            "name the files, or a sample sheet with `--samples`",
        )
    if choices.dilution is not None:
        check_factor(choices.dilution, "--dilution")
    refuse_mixture([*files, *blanks])
    findings = [finding for file in (*files, *blanks) for finding in file.warnings]
    rows = choices.sheet.by_file() if choices.sheet else {}
    if choices.sheet:
        findings += match(choices.sheet, [one.file for one in files], [one.file for one in blanks])
    members, said = place(files, "sample", rows, choices.dilution, choices.culture, keep_all=choices.keep_all)
    medium, said_blank = place(blanks, "blank", rows, choices.dilution, NOTHING, keep_all=choices.keep_all)
    check_one_basis([(one.file.file, one.dilution) for one in members])
    is_known = members[0].dilution.factor is not None
    blank_parts = tuple(samples.replicate([one]) for one in medium)
    results = _samples(members, blank_parts, scaled=choices.scale_blank)
    groups = _groups(results, blank_parts, scaled=choices.scale_blank)
    videos = tuple(verdict for one in (*members, *medium) for verdict in one.verdicts)
    courses = _series(results, members)
    findings += [*said, *said_blank, *note_on_names(members, has_sheet=choices.sheet is not None)]
    findings += quality.findings(videos)
    findings += [found for one in courses if (found := series.finding(one)) is not None]
    findings += _on_results(results, groups, members, blank_parts, is_known=is_known)
    sheet_source = (choices.sheet.provenance,) if choices.sheet else ()
    return NtaResult(
        instrument=files[0].instrument, unit=PER_ML if is_known else PER_ML_MEASURED, samples=results, groups=groups,
        videos=videos, files=tuple(files), blanks=tuple(blanks), blank_replicates=blank_parts, series=courses,
        keep_all=choices.keep_all, findings=gathered(findings),
        sources=(*(one.provenance for one in (*files, *blanks)), *_companions([*files, *blanks]), *sheet_source),
    )  # fmt: skip


def gathered(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings, those of one kind over many files as one: the first, and how many more."""
    kinds: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in dict.fromkeys(findings):
        same = _PARTICULAR.sub("", finding.wrote)
        kinds.setdefault((finding.severity, finding.rule, same), []).append(finding)
    found: list[Finding] = []
    for alike in kinds.values():
        if len(alike) <= _ALIKE:
            found += alike
        else:
            found.append(replace(alike[0], wrote=f"{alike[0].wrote} (and {len(alike) - 1} more like this)"))
    return tuple(sorted(found, key=lambda finding: finding.severity != "warning"))


def _companions(files: Sequence[NtaFile]) -> tuple[Provenance, ...]:
    return tuple(one for file in files for one in file.companions)


def _samples(
    members: Sequence[Member], medium: Sequence[ReplicateResult], *, scaled: bool
) -> tuple[SampleResult, ...]:
    by_name: dict[str, list[Member]] = {}
    for member in members:
        by_name.setdefault(member.sample, []).append(member)
    return tuple(samples.sample(name, own, medium, scaled=scaled) for name, own in by_name.items())


def _groups(
    results: Sequence[SampleResult], medium: Sequence[ReplicateResult], *, scaled: bool
) -> tuple[GroupResult, ...]:
    by_name: dict[str, list[SampleResult]] = {}
    for one in results:
        by_name.setdefault(one.group, []).append(one)
    return tuple(samples.group(name, own, medium, scaled=scaled) for name, own in by_name.items())


def _series(results: Sequence[SampleResult], members: Sequence[Member]) -> tuple[DilutionSeries, ...]:
    frames: dict[str, float | None] = {}
    for member in members:
        seen = [member.file.videos[number].particles_per_frame for number in member.used]
        known = [one for one in seen if one is not None]
        frames[member.file.file] = sum(known) / len(known) if known else None
    found = (series.dilution_series(one, frames) for one in results)
    return tuple(one for one in found if one is not None)


def _on_results(
    results: Sequence[SampleResult],
    groups: Sequence[GroupResult],
    members: Sequence[Member],
    medium: Sequence[ReplicateResult],
    *,
    is_known: bool,
) -> list[Finding]:
    """What the numbers themselves give reason to say."""
    found = _on_dilutions(members, is_known=is_known)
    threshold = library.load("cns").entries["nta.background.share"].value
    for one in results:
        if one.background is not None and one.concentration and one.background.share > threshold:
            found.append(_background(one, threshold))
        if one.below_limit is not None:
            found.append(_below(one, medium))
    negative = sum(bool((one.distribution.concentration < 0).any()) for one in results)
    if negative:
        found.append(
            Finding(
                "note",
                "blank",
                f"subtracting the blank leaves bins below zero in {negative} sample(s)",
                "such bins stay in all sums, and are shown as zero",
                "without them totals would be too high: only the positive half of the noise would be left",
                "nothing needs to be done",
            )
        )
    alone = [one.name for one in groups if one.unit_of_replication == "videos"]
    if alone:
        found.append(
            Finding(
                "note",
                "replicates",
                f"{_one_or_more(alone)} {'has' if len(alone) == 1 else 'have'} a single replicate",
                "an interval of the mean needs replicates: other tubes, other dishes",
                "an interval then holds the scatter of videos or the counting of tracks, not what replicates differ by",
                "measure at least three replicates before comparing",
            )
        )
    return found


def _on_dilutions(members: Sequence[Member], *, is_known: bool) -> list[Finding]:
    found = []
    if not is_known:
        found.append(
            Finding(
                "warning",
                "dilution",
                "no dilution is recorded, said, or to be read from a name",
                "concentrations refer to the original suspension only if its dilution is known",
                "all concentrations are per mL of the suspension that was measured",
                "say `--dilution 200` (1 if it was measured as it was)",
            )
        )
    named = [one.dilution for one in members if one.dilution.source in {"file name", "sample name"}]
    if named:
        found.append(
            Finding("note", "dilution", f"dilution taken from names: {together(named)}",
                    "a name counts where neither the record nor you say a dilution",
                    "concentrations were multiplied by it", "say `--dilution N` if it is wrong")
        )  # fmt: skip
    return found


def _one_or_more(names: Sequence[str]) -> str:
    return f"the sample `{names[0]}`" if len(names) == 1 else f"{len(names)} samples or groups (`{names[0]}` first)"


def _background(one: SampleResult, threshold: float) -> Finding:
    assert one.background is not None  # noqa: S101 - asked by the caller
    bounds = (
        ""
        if one.background.share_low is None or one.background.share_high is None
        else (f" ({100 * one.background.share_low:.0f} to {100 * one.background.share_high:.0f} %)")
    )
    return Finding(
        "warning",
        one.name,
        f"{100 * one.background.share:.0f} % of the particles of `{one.name}` are background{bounds}",
        f"the share of the medium is best below {100 * threshold:.0f} %",
        "an error of the blank becomes an error of the result",
        "use medium depleted of vesicles or free of serum, concentrate the sample, or measure more blanks",
    )


def _below(one: SampleResult, medium: Sequence[ReplicateResult]) -> Finding:
    assert one.background is not None  # noqa: S101 - only a blank sets a limit
    names = ", ".join(Path(part.file).name for part in medium[:3])
    return Finding(
        "warning",
        one.name,
        f"`{one.name}` is not told from the blank ({names}): below {number(one.below_limit, 2)} particle/mL",
        f"a net value counts from the critical level on ({one.background.words})",
        "no concentration and no sizes are given for it",
        "concentrate the sample, or measure more blanks",
    )
