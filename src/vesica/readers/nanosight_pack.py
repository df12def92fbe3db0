"""The files of an NTA 3.4 pack that stand beside a summary: particles, and every point of every track."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from vesica.errors import Finding
from vesica.readers.nanosight import is_nanosight, parse_nanosight
from vesica.readers.nanosight_file import nanosight_file
from vesica.readers.nanosight_rows import PARTICLE_COLUMNS, SINGLE, TRACK_COLUMNS
from vesica.readers.nta_record import NtaFile
from vesica.readers.records import FloatArray, IntArray, Mask, frozen
from vesica.readers.text import (
    PathLike,
    Provenance,
    Row,
    TextFile,
    decimal_commas,
    guess_delimiter,
    number,
    read_text,
    split_rows,
)

PARTICLE_FORMAT: Final = "NanoSight ParticleData"
TRACK_FORMAT: Final = "NanoSight AllTracks"
Part = Literal["summary", "particledata", "alltracks"]
_NAME: Final = re.compile(r"(.*)[_ -](summary|particledata|alltracks)\.(csv|txt)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Particles:
    """Tracks of one video, a row for each.

    Parameters
    ----------
    identity, start_frame, length : (track,) int
    diameter : (track,) nm
    is_included : (track,) bool
        In the size distribution.
    lines : (track,) int
        Of the file.
    provenance : Provenance
    """

    identity: IntArray
    diameter: FloatArray
    start_frame: IntArray
    length: IntArray
    is_included: Mask
    lines: IntArray
    provenance: Provenance


@dataclass(frozen=True, eq=False)
class TrackPoints:
    """(point,) int: to which particle it belongs, and its frame."""

    identity: IntArray
    frame: IntArray
    provenance: Provenance


def part_of_pack(text: TextFile) -> Part | None:
    """Which part of a pack a text is, by its first line."""
    first = next((line for line in text.lines if line.strip(" ,;\t")), "")
    cells = {cell.strip(' "') for cell in re.split(r"[,;\t]", first)}
    if set(PARTICLE_COLUMNS[:1]) | {"Tracklength"} <= cells:
        return "particledata"
    if set(TRACK_COLUMNS[:1]) | {"Frame"} <= cells:
        return "alltracks"
    return "summary" if first.lstrip('" ').startswith(SINGLE) else None


def read_pack(text: TextFile) -> NtaFile:
    """Read the pack that one of its files belongs to; the others lie beside it under the same stem.

    Raises
    ------
    InputError
        No summary beside it, or files that do not belong together.
    """
    match = _NAME.fullmatch(Path(text.file).name)
    found = _companions(text.file)
    part = part_of_pack(text)
    if part == "summary":
        summary = text
    elif "summary" in found:
        summary = read_text(found["summary"])
        if not is_nanosight(summary):
            raise summary.refuse(1, f"line 1 is `{summary.lines[0][:60]}`", f"line 1 of this file is `{SINGLE}`",
                                 "concentrations would be taken from another file", "export the pack again")
    else:
        stem = match[1] if match else Path(text.file).stem
        raise text.refuse(
            1,
            "tracks without their summary",
            "sizes of tracks are no concentrations: these stand in the summary of the same video",
            "particles per mL could not be told",
            f"put `{stem}_Summary.csv` into the same folder, or give the ExperimentSummary csv file",
        )
    file = replace(nanosight_file(parse_nanosight(summary)), file=text.file)
    return _attach(file, 0, found.get("particledata"), found.get("alltracks"))


def with_tracks(file: NtaFile) -> NtaFile:
    """The same file, with the tracks of each video whose ``VIDEO_ParticleData.csv`` lies beside it."""
    for index, video in enumerate(file.videos):
        stem = re.split(r"[\\/]", video.name)[-1]  # some builds write the folder, too
        beside = [Path(file.file).with_name(f"{stem}_{part}.csv") for part in ("ParticleData", "AllTracks")]
        particles, points = [path if len(path.name) < 250 and path.is_file() else None for path in beside]
        file = _attach(file, index, particles, points)
    return file


def _companions(path: str) -> dict[str, Path]:
    """Files of the pack in the same folder, by part."""
    match = _NAME.fullmatch(Path(path).name)
    if match is None:
        return {}
    found = {}
    for file in sorted(Path(path).resolve().parent.iterdir()):
        other = _NAME.fullmatch(file.name)
        if other is not None and other[1] == match[1] and file.is_file():
            found[other[2].lower()] = Path(path).with_name(file.name)
    return found


def _attach(file: NtaFile, index: int, particle_path: Path | None, point_path: Path | None) -> NtaFile:
    if particle_path is None:
        return file
    particles = read_particles(particle_path)
    companions = [particles.provenance]
    if point_path is not None:
        points = read_points(point_path)
        _check(particles, points)
        companions.append(points.provenance)
    video = file.videos[index]
    notes: tuple[Finding, ...] = ()
    valid, n_included = video.printed.get("valid_tracks"), int(particles.is_included.sum())
    if valid is not None and round(valid) != n_included:
        notes = (
            Finding(
                "note",
                particle_path.name,
                f"{n_included} tracks are marked as included, the summary counts {valid:.0f} valid ones",
                "the two counts may differ between builds of NTA",
                "fits use the tracks that are marked",
                "look at the tracks if they differ by much",
                file=str(particle_path),
            ),
        )
    sizes = frozen(particles.diameter[particles.is_included])
    videos = list(file.videos)
    videos[index] = replace(video, track_diameter=sizes)
    return replace(
        file,
        videos=tuple(videos),
        companions=(*file.companions, *companions),
        warnings=(*file.warnings, *notes),
    )


def read_particles(path: PathLike) -> Particles:
    """Read a ParticleData file.

    Raises
    ------
    InputError
        Columns missing, values that are no numbers, a particle twice, or an included track without a size.
    """
    text, rows, at = _table(path, PARTICLE_COLUMNS)
    values = _values(text, rows, [at[name] for name in PARTICLE_COLUMNS[:-1]])
    lines = np.array([row.line for row in rows], dtype=np.int64)
    included = _included(text, rows, at[PARTICLE_COLUMNS[-1]])
    for column, label in ((0, "Particle ID"), (4, "Start frame"), (5, "Tracklength")):
        _whole(text, lines, values[:, column], label)
    bad = np.flatnonzero(included & ~(values[:, 1] > 0))
    if bad.size:
        raise text.refuse(int(lines[bad[0]]), f"an included track of {values[bad[0], 1]:g} nm",
                          "a track of the distribution has a size", "it cannot be counted", "export the pack again")
    names, first = np.unique(values[:, 0], return_index=True)
    if names.size < values.shape[0]:
        twice = np.setdiff1d(np.arange(values.shape[0]), first)[0]
        raise text.refuse(int(lines[twice]), f"particle {values[twice, 0]:g} stands here a second time",
                          "each particle has one row", "it would be counted twice", "export the pack again")
    whole = values.astype(np.int64)
    verbatim = {"head": text.lines[:1], "rows": text.lines[1:]}
    return Particles(whole[:, 0], frozen(values[:, 1]), whole[:, 4], whole[:, 5], included, lines,
                     text.provenance(PARTICLE_FORMAT, verbatim))


def read_points(path: PathLike) -> TrackPoints:
    """Read an AllTracks file.

    Raises
    ------
    InputError
        Columns missing, or identities and frames that are no whole numbers.
    """
    text, rows, at = _table(path, TRACK_COLUMNS)
    values = _values(text, rows, [at["Particle ID"], at["Frame"]])
    lines = np.array([row.line for row in rows], dtype=np.int64)
    _whole(text, lines, values[:, 0], "Particle ID")
    _whole(text, lines, values[:, 1], "Frame")
    whole = values.astype(np.int64)
    # Hundred thousands of lines: only their digest is kept, the file lies beside the summary.
    return TrackPoints(whole[:, 0], whole[:, 1], text.provenance(TRACK_FORMAT, {"head": text.lines[:1]}))


def _check(particles: Particles, points: TrackPoints) -> None:
    """Same particles, track length = number of points, start frame = first frame."""
    names, inverse, counts = np.unique(points.identity, return_inverse=True, return_counts=True)
    first = np.full(names.size, np.iinfo(np.int64).max)
    np.minimum.at(first, inverse, points.frame)
    place = np.searchsorted(names, particles.identity)
    place[place == names.size] = 0
    is_missing = np.ones(place.size, dtype=bool) if not names.size else names[place] != particles.identity
    wrong = {
        "has no points": is_missing,
        "has another number of points than its `Tracklength`": ~is_missing & (counts[place] != particles.length)
        if names.size else is_missing,
        "begins at another frame than its `Start frame`": ~is_missing & (first[place] != particles.start_frame)
        if names.size else is_missing,
    }
    for what, is_wrong in wrong.items():
        bad = np.flatnonzero(is_wrong)
        if bad.size:
            raise _mismatch(particles, int(particles.lines[bad[0]]),
                            f"particle {particles.identity[bad[0]]} {what} in `{Path(points.provenance.file).name}`")
    strange = np.setdiff1d(names, particles.identity)
    if strange.size:
        raise _mismatch(particles, None, f"particle {strange[0]} of `{Path(points.provenance.file).name}` is missing")


def _mismatch(particles: Particles, line: int | None, wrote: str) -> Exception:
    text = TextFile(particles.provenance.file, (), particles.provenance.sha256, particles.provenance.encoding)
    return text.refuse(line, wrote, "both files of a pack hold the same tracks",
                       "one of them is cut off, or of another video", "export the pack again")


def _table(path: PathLike, names: tuple[str, ...]) -> tuple[TextFile, list[Row], dict[str, int]]:
    text = read_text(path)
    delimiter = guess_delimiter(text.lines[0])
    text = decimal_commas(text, delimiter)
    header, *rows = split_rows(text, delimiter)
    missing = [name for name in names if name not in header.cells]
    if missing:
        raise text.refuse(1, f"no column `{missing[0]}`", f"the columns are {', '.join(names)}",
                          "tracks could not be told apart", "export the pack again")
    body = [row for row in rows if not row.is_blank]
    if not body:
        raise text.refuse(1, "no row follows the header", "each particle has a row", "there is no track to read",
                          "export the pack again, or take this file away")
    return text, body, {name: header.cells.index(name) for name in names}


def _values(text: TextFile, rows: list[Row], columns: list[int]) -> FloatArray:
    if not text.has_decimal_commas:
        try:
            values = np.array([[float(row.cells[column]) for column in columns] for row in rows])
        except (ValueError, IndexError):
            pass
        else:
            if np.isfinite(values).all():
                return values
    return np.array([[number(text, row, column, "a number") for column in columns] for row in rows])


def _whole(text: TextFile, lines: IntArray, values: FloatArray, label: str) -> None:
    bad = np.flatnonzero((values < 0) | (values != np.floor(values)) | (values > 2**53))
    if bad.size:
        raise text.refuse(int(lines[bad[0]]), f"`{label}` is {values[bad[0]]:g}", "it is a whole number of 0 or more",
                          "tracks could not be told apart", "export the pack again")


def _included(text: TextFile, rows: list[Row], column: int) -> Mask:
    words = {"true": True, "false": False}
    found = []
    for row in rows:
        said = row.cells[column].lower() if column < len(row.cells) else ""
        if said not in words:
            raise text.refuse(row.line, f"`{said}` stands in column `{PARTICLE_COLUMNS[-1]}`", "it is True or False",
                              "tracks outside the distribution would be counted", "export the pack again")
        found.append(words[said])
    return np.array(found, dtype=bool)
