"""One way in for files of particle tracking: the format is told by content, never by file name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from vesica.errors import Finding, InputError
from vesica.readers.nano import is_nano
from vesica.readers.nanosight import parse_nanosight
from vesica.readers.nanosight_file import nanosight_file
from vesica.readers.nanosight_pack import part_of_pack, read_pack, with_tracks
from vesica.readers.nanosight_rows import EXPERIMENT, SINGLE
from vesica.readers.nta_record import NtaFile, NtaVideo
from vesica.readers.records import PER_MILLILITRE
from vesica.readers.size_table import parse_size_table
from vesica.readers.text import PathLike, TextFile, read_text
from vesica.readers.zetaview import is_table_header, parse_zetaview
from vesica.readers.zetaview_file import is_positions, is_zeta_profile, size_file_of, zetaview_file

Kind = Literal[
    "NanoSight", "NanoSight pack", "ZetaView", "size table", "ZetaView positions", "ZetaView profile", ".nano"
]
_SIZE_TABLE: Final = re.compile(
    r'"?\s*(particle\s+)?(size|diameter)[^,;\t]*[,;\t]\s*"?[^,;\t]*(conc|count|number|particles)', re.IGNORECASE
)


def read_nta(
    path: PathLike,
    *,
    size: str | None = None,
    concentration: str | None = None,
    sd: str | None = None,
    unit: str | None = None,
) -> NtaFile:
    """Read one measurement: NanoSight summary or pack, ZetaView size file, or a table of sizes.

    Parameters
    ----------
    path : path
        Of a pack, any of its files: the others are found beside it. Companions of a summary or size file
        (``.nano``, ParticleData, AllTracks, positions) are found beside it, too.
    size, concentration, sd : str, optional
        Names of columns of a size table; an error for other formats.
    unit : "particle/mL" or "particle", optional
        Of a size table whose header does not tell.

    Raises
    ------
    InputError
        No such file, two formats in one file, settings or a profile without counts, a size table of counts, or
        whatever the reader of the format refuses.
    """
    text = read_text(path)
    kind = detect(text)
    named = (size, concentration, sd, unit)
    if kind == "size table":
        return _size_table(text, size=size, concentration=concentration, sd=sd, unit=unit)
    if any(value is not None for value in named):
        raise text.refuse(1, f"columns are named for a file of {kind}", "its columns and units are fixed",
                          "the names given would be ignored without a sign", "leave the column names out")
    if kind == "NanoSight":
        return with_tracks(nanosight_file(parse_nanosight(text)))
    if kind == "NanoSight pack":
        return read_pack(text)
    if kind == "ZetaView":
        return zetaview_file(parse_zetaview(text))
    beside = size_file_of(text.file) if kind == "ZetaView positions" else None
    if beside is not None:
        return replace(zetaview_file(parse_zetaview(read_text(beside))), file=text.file)
    raise _no_counts(text, kind)


def read_nta_files(paths: Iterable[PathLike], **columns: str | None) -> tuple[tuple[NtaFile, ...], tuple[Finding, ...]]:
    """Read many files, as a shell names them with ``*``; each measurement once.

    Parameters
    ----------
    paths : paths
        Files of one pack, or tables beside a size file, lead to one measurement.
    columns : as for `read_nta`

    Returns
    -------
    files, findings
        In the order of ``paths``. A note says what was not read because it is part of another file; a warning,
        that two files hold the same bytes and so are no two measurements.

    Raises
    ------
    InputError
        With the findings of every file that cannot be read.
    """
    found: dict[Path, NtaFile] = {}
    parts: list[str] = []
    wrong: list[tuple[PathLike, InputError]] = []
    for path in paths:
        try:
            file = read_nta(path, **columns)
        except InputError as failure:
            wrong.append((path, failure))
            continue
        place = Path(file.provenance.file).resolve()
        first = found.setdefault(place, file)
        if first is not file:
            is_main = Path(file.file).resolve() == place
            found[place] = file if is_main else first
            parts.append(Path((first if is_main else file).file).name)
    whole = {key for file in found.values() if not _is_single(file) for key in _keys(file)}
    kept = tuple(file for file in found.values() if not (_is_single(file) and set(_keys(file)) <= whole))
    parts += [Path(file.file).name for file in found.values() if file not in kept]
    if kept:
        parts += [Path(path).name for path, _ in wrong if _is_aside(path)]
        wrong = [(path, failure) for path, failure in wrong if not _is_aside(path)]
    if wrong:
        raise InputError(*dict.fromkeys(finding for _, failure in wrong for finding in failure.findings))
    return kept, (*_parts_note(parts), *_copies(kept))


def detect(text: TextFile) -> Kind:
    """Which format a text is, from the lines that begin it.

    Raises
    ------
    InputError
        Two formats, or two measurements, in one file.
    """
    marks = [(line, kind) for line, words in enumerate(text.lines, start=1) if (kind := _mark(words)) is not None]
    if len(marks) > 1:
        (_, first), (line, second) = marks[:2]
        what = f"a second file of {first}" if first == second else f"a file of {second} after one of {first}"
        raise text.refuse(line, f"here begins {what}", "a file holds one measurement of one instrument",
                          "particles of two measurements would be mixed", "split the file")
    if marks:
        return marks[0][1]
    if part_of_pack(text) is not None:
        return "NanoSight pack"
    if is_positions(text):
        return "ZetaView positions"
    if is_zeta_profile(text):
        return "ZetaView profile"
    if text.lines[0].lstrip('" ').startswith("Original File:"):
        return "ZetaView"  # without its table: cut off
    return ".nano" if is_nano(text) else "size table"


def _mark(line: str) -> Kind | None:
    """The format whose table or file this line begins, if it does."""
    words = line.lstrip('" ')
    if words.startswith(EXPERIMENT):
        return "NanoSight"
    if words.startswith((SINGLE, "Particle ID")):
        return "NanoSight pack"
    if not words[:1].isdigit():
        if is_table_header(line):
            return "ZetaView"
        if _SIZE_TABLE.match(line):
            return "size table"
    return None


def _size_table(text: TextFile, **columns: str | None) -> NtaFile:
    table = parse_size_table(text, **columns)
    if table.unit != PER_MILLILITRE:
        raise text.refuse(
            1, "the table holds counts, not concentrations",
            "particle tracking is reported in particles per mL",
            "counts would be taken for concentrations, wrong by powers of ten",
            "divide by the volume that was seen, or name the unit `particle/mL` if that is what they are",
        )
    video = NtaVideo(
        name=Path(text.file).stem,
        diameter=table.diameter,
        edges=table.edges,
        concentration=table.concentration,
        sd=table.sd,
        total=table.total,
        dilution=None,
        dilution_applied=False,
    )
    return NtaFile(
        file=text.file, instrument="size table", software="", sample="", captured=None, operator="", videos=(video,),
        conditions=MappingProxyType({}), settings=MappingProxyType({}), provenance=table.provenance,
        warnings=table.warnings,
    )


def _no_counts(text: TextFile, kind: Kind) -> InputError:
    if kind == ".nano":
        return text.refuse(1, "this .nano file holds the settings of an experiment, no counts",
                           "sizes and concentrations stand in the exported summary", "there is no particle to count",
                           "export `ExperimentSummary.csv` from NTA and give that; leave the .nano file beside it")
    if kind == "ZetaView profile":
        return text.refuse(1, "this file holds a profile of zeta potentials, no sizes",
                           "sizes and concentrations stand in the size file", "there is no size to read",
                           "give the file that ends in `_size_488.txt`")
    return text.refuse(1, "this is the table of positions, without its size file",
                       "sizes stand in the file it was exported with", "there is no size to read",
                       "put the file that ends in `_size_488.txt` into the same folder, and give that")


def _is_aside(path: PathLike) -> bool:
    """Whether a file is a known companion without counts."""
    try:
        return detect(read_text(path)) in (".nano", "ZetaView profile")
    except InputError:
        return False


def _keys(file: NtaFile) -> list[tuple[Path, str]]:
    """Folder and name of each video of a NanoSight file."""
    folder = Path(file.provenance.file).resolve().parent
    return [(folder, video.name) for video in file.videos if file.instrument == "NanoSight"]


def _is_single(file: NtaFile) -> bool:
    head = file.provenance.sections.get("head", ())
    return file.instrument == "NanoSight" and any(line.lstrip('" ').startswith(SINGLE) for line in head)


def _parts_note(parts: list[str]) -> tuple[Finding, ...]:
    if not parts:
        return ()
    shown = ", ".join(f"`{name}`" for name in parts[:4]) + (f" and {len(parts) - 4} more" if len(parts) > 4 else "")
    wrote = f"{shown} belong{'s' * (len(parts) == 1)} to measurements that other files of the list hold"
    return (Finding("note", parts[0], wrote, "a measurement is read once, whichever of its files are given",
                    "nothing is counted twice, and nothing is lost", "leave them out of the list to silence this"),)


def _copies(files: tuple[NtaFile, ...]) -> Iterable[Finding]:
    first: dict[str, NtaFile] = {}
    for file in files:
        other = first.setdefault(file.provenance.sha256, file)
        if other is not file:
            yield Finding(
                "warning", Path(file.file).name, f"the file holds the same bytes as `{other.file}`",
                "each measurement is one file", "a copy adds no information, and makes errors look smaller",
                "leave one of them out", file=file.file,
            )  # fmt: skip
