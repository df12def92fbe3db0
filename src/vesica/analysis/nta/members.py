"""From files to members of samples: names, dilutions, and a verdict on every video."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from vesica.analysis.nta import quality
from vesica.analysis.nta.amounts import Culture
from vesica.analysis.nta.dilution import Said, dilution_of, without_dilution
from vesica.analysis.nta.records import Dilution
from vesica.analysis.nta.sheet import SheetRow
from vesica.analysis.nta.verdicts import VideoVerdict
from vesica.errors import Finding, InputError, error
from vesica.readers.nta_record import NtaFile

Role = Literal["sample", "blank"]

# What instruments append to the name of a file.
_APPENDED: Final = re.compile(
    r"([-_ ]?ExperimentSummary|[-_ ]Summary|_size_\d+|_\d+pos)$|[ _]?\d{4}-\d{2}-\d{2}[ _]\d{2}-\d{2}-\d{2}(\.nano)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, eq=False)
class Member:
    """A file in its place.

    Parameters
    ----------
    file : NtaFile
    sample, replicate, group : str
    role : "sample" or "blank"
    dilution : Dilution
    culture : Culture
    verdicts : (video,) VideoVerdict
    """

    file: NtaFile
    sample: str
    replicate: str
    group: str
    role: Role
    dilution: Dilution
    culture: Culture
    verdicts: tuple[VideoVerdict, ...]

    @property
    def used(self) -> tuple[int, ...]:
        """Numbers of the videos that count."""
        return tuple(number for number, verdict in enumerate(self.verdicts) if verdict.is_used)


def default_sample(file: NtaFile) -> str:
    """The operator's sample name, else the name of the file; without dilution and what the instrument appends."""
    own = without_dilution(_APPENDED.sub("", file.sample))
    stem = Path(file.file).stem
    return own or without_dilution(_APPENDED.sub("", stem)) or stem


def refuse_mixture(files: Sequence[NtaFile]) -> None:
    """Refuse two instruments in one call, or one file twice.

    Raises
    ------
    InputError
    """
    first = files[0]
    other = next((file for file in files if file.instrument != first.instrument), None)
    if other is not None:
        raise error(
            Path(other.file).name,
            f"`{Path(first.file).name}` {_origin(first)}, `{Path(other.file).name}` {_origin(other)}",
            "one call reads one instrument: each sees another part of the sizes and counts in another volume",
            "a difference between the instruments would be taken for one between samples",
            "run the command once for each instrument",
            file=other.file,
        )
    seen: dict[str, str] = {}
    for file in files:
        twin = seen.setdefault(file.provenance.sha256, file.file)
        if twin is not file.file:
            raise error(
                Path(file.file).name,
                f"`{file.file}` holds the same bytes as `{twin}`",
                "every measurement counts once",
                "a copy would pass for a replicate, and intervals would be too narrow",
                "leave one of them out",
                file=file.file,
            )


def _origin(file: NtaFile) -> str:
    return f"is a {file.instrument}" if file.instrument == "size table" else f"comes from {file.instrument}"


def place(
    files: Sequence[NtaFile],
    role: Role,
    rows: Mapping[str, SheetRow],
    said: float | None,
    culture: Culture,
    *,
    keep_all: bool,
) -> tuple[tuple[Member, ...], tuple[Finding, ...]]:
    """Give every file its sample, replicate, group, dilution and verdicts.

    Parameters
    ----------
    files : of one instrument
    role : what all of them are
    rows : resolved path -> SheetRow; empty without a sheet
    said : dimensionless or None
        Dilution of the command line.
    culture : Culture
        Of the command line, where the sheet says nothing.
    keep_all : bool

    Raises
    ------
    InputError
        A file without a valid video; conflicts about a dilution.
    """
    members: list[Member] = []
    findings: list[Finding] = []
    counted: Counter[str] = Counter()
    limit = quality.limits(files[0].instrument) if files else None
    for file in files:
        row = rows.get(str(Path(file.file).resolve()))
        sample = (row.sample if row else "") or default_sample(file)
        counted[sample] += 1
        replicate = (row.replicate if row else "") or str(counted[sample])
        group = (row.group if row else "") or sample
        dilution, remarks = dilution_of(file, *_said(file, row, said))
        findings += remarks
        member = Member(file, sample, replicate, group, role, dilution, _culture(row, culture), ())
        assert limit is not None  # noqa: S101 - there is a file
        members.append(_judged(member, limit, keep_all=keep_all))
    _refuse_without_videos(members)
    return tuple(members), tuple(findings)


def _said(file: NtaFile, row: SheetRow | None, said: float | None) -> tuple[float | None, Said]:
    own = row.dilution if row else None
    if own is not None and said is not None and own != said:
        assert row is not None  # noqa: S101 - it says a dilution
        raise error(
            Path(file.file).name,
            f"the sheet says a dilution of {own:g}, the command line {said:g}",
            "both hold for this file",
            "it is not known which one is right",
            "leave `--dilution` out: the sheet holds it for each file",
            file=file.file,
            line=None,
        )
    return (own, "sheet") if own is not None else (said, "command line")


def _culture(row: SheetRow | None, given: Culture) -> Culture:
    """Numbers of the sheet, filled up from the command line."""
    if row is None:
        return given
    own = row.culture
    has_protein = own.protein is not None or own.protein_concentration is not None
    return Culture(
        cells=given.cells if own.cells is None else own.cells,
        volume=given.volume if own.volume is None else own.volume,
        protein=own.protein if has_protein else given.protein,
        protein_concentration=own.protein_concentration if has_protein else given.protein_concentration,
        time=own.time,
    )


def _judged(member: Member, limit: quality.Limits, *, keep_all: bool) -> Member:
    verdicts = []
    for number, video in enumerate(member.file.videos):
        remarks = quality.remarks(member.file, number, limit, is_blank=member.role == "blank")
        is_out = any(remark.excludes for remark in remarks)
        verdicts.append(VideoVerdict(
            file=member.file.file, video=video.name, sample=member.sample, replicate=member.replicate,
            group=member.group, role=member.role, verdict=("kept" if keep_all else "excluded") if is_out else "used",
            remarks=remarks, concentration=video.total * member.dilution.multiply, tracks=video.tracks,
            particles_per_frame=video.particles_per_frame, temperature=video.temperature,
        ))  # fmt: skip
    return Member(
        member.file,
        member.sample,
        member.replicate,
        member.group,
        member.role,
        member.dilution,
        member.culture,
        tuple(verdicts),
    )


def _refuse_without_videos(members: Sequence[Member]) -> None:
    found = []
    for member in members:
        if member.used:
            continue
        reasons = Counter(
            remark.reason + (f" (`{remark.instrument}`)" if remark.instrument else "")
            for verdict in member.verdicts
            for remark in verdict.remarks
            if remark.excludes
        )
        why = "; ".join(f"{count} x {reason}" for reason, count in reasons.items())
        found.append(
            Finding(
                "error",
                Path(member.file.file).name,
                f"no valid video among {len(member.verdicts)}: {why}",
                "a measurement has at least one video that the instrument trusts and that holds particles",
                "there is nothing to average",
                "measure again or leave the file out; `--keep-all` takes excluded videos in",
                member.file.file,
            )
        )
    if found:
        raise InputError(*found)


def note_on_names(members: Sequence[Member], *, has_sheet: bool) -> tuple[Finding, ...]:
    """Say which files were taken for replicates because they bear one name."""
    if has_sheet:
        return ()
    counted = Counter(member.sample for member in members)
    shared = {name: count for name, count in counted.items() if count > 1}
    if not shared:
        return ()
    words = ", ".join(f"`{name}` ({count})" for name, count in list(shared.items())[:6])
    return (
        Finding(
            "note",
            "replicates",
            f"files that bear the same sample name are its replicates: {words}",
            "without a sample sheet, one file is one replicate of the sample it names",
            "if the name was left over from an earlier sample, different samples were averaged",
            "give a sheet: `--samples SHEET` with columns file, sample, replicate, group",
        ),
    )
