"""A NanoSight summary as the record that all particle tracking instruments share."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from vesica.errors import Finding, InputError
from vesica.readers.nano import read_nano
from vesica.readers.nanosight_record import NanosightSummary, VideoResult
from vesica.readers.nta_record import NtaFile, NtaVideo
from vesica.readers.records import FloatArray, frozen

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm])?")
_ISO: Final = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_DATE: Final = re.compile(r"(?<!\d)(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?!\d)")


def nanosight_file(summary: NanosightSummary) -> NtaFile:
    """Turn a summary into an `NtaFile`.

    The doubts of the instrument stand in the flags of the videos, not among the warnings. A ``.nano`` file
    that the summary names and that lies beside it gives pixel size and dilution.
    """
    captured, notes = captured_time(
        summary.details.get("Time Captured", ""), summary.details.get("Experiment Name", ""), summary.provenance.file
    )
    videos = tuple(_video(summary, index, result) for index, result in enumerate(summary.videos))
    file = NtaFile(
        file=summary.provenance.file,
        instrument="NanoSight",
        software=re.sub(r"^Created with\s+", "", summary.software),
        sample=summary.sample,
        captured=captured,
        operator=summary.details.get("Operator Name", ""),
        videos=videos,
        conditions=summary.conditions,
        settings=summary.settings,
        provenance=summary.provenance,
        warnings=(*summary.doubts, *notes),
    )
    return _with_nano(file, summary.details.get("Experiment Name", ""))


def _video(summary: NanosightSummary, index: int, result: VideoResult) -> NtaVideo:
    bins = frozen(summary.concentration[:, index])
    numbers = {
        "mean": result.mean,
        "mode": result.mode,
        "sd": result.sd,
        "d10": result.d10,
        "d50": result.d50,
        "d90": result.d90,
        "drift_x": result.drift_x,
        "drift_y": result.drift_y,
        "concentration": result.concentration,
        "valid_tracks": result.valid_tracks,
        "video_length": result.length,
    }
    counted = result.completed_tracks if result.completed_tracks is not None else result.valid_tracks
    return NtaVideo(
        name=result.name,
        diameter=summary.diameter,
        edges=uniform_edges(summary.diameter),
        concentration=bins,
        sd=None,
        total=float(bins.sum()) if result.concentration is None else result.concentration,
        dilution=result.dilution,
        dilution_applied=result.dilution is not None,
        tracks=None if counted is None else round(counted),
        particles_per_frame=result.particles_per_frame,
        centres_per_frame=result.centres_per_frame,
        temperature=result.temperature,
        viscosity=result.viscosity,
        flags=result.flags,
        printed=MappingProxyType({name: value for name, value in numbers.items() if value is not None}),
    )


def uniform_edges(centre: FloatArray) -> FloatArray:
    """(bin + 1,) Half way between centres that are evenly spaced."""
    half = (centre[-1] - centre[0]) / (centre.size - 1) / 2
    return frozen(np.append(centre - half, centre[-1] + half))


def captured_time(words: str, elsewhere: str, file: str) -> tuple[datetime | None, tuple[Finding, ...]]:
    """When a measurement was recorded, where its date can be read in one way only.

    Parameters
    ----------
    words : str
        As `17:23:24  01/04/2021`: the order of day and month is that of the computer.
    elsewhere : str
        A name that may repeat the date as year-month-day, and so tells the order.
    file : str
        For the note.

    Returns
    -------
    datetime or None, notes
    """
    if not words.strip():
        return None, ()
    clock, dates = _CLOCK.search(words), _dates(words)
    named = {found for match in _ISO.finditer(elsewhere) for found in [_date(*map(int, match.groups()))] if found}
    if len(dates) > 1 and len(dates & named) == 1:
        dates &= named
    if len(dates) == 1 and clock is not None:
        (date,) = dates
        hour = int(clock[1]) % 12 + 12 * (clock[4].lower() == "pm") if clock[4] else int(clock[1])
        try:
            return date.replace(hour=hour, minute=int(clock[2]), second=int(clock[3] or 0)), ()
        except ValueError:
            pass
    rule = "a date is read where day and month cannot be exchanged"
    why = f"the time `{words}` can be read in two ways" if len(dates) > 1 else f"the time `{words}` cannot be read"
    note = Finding("note", Path(file).name, why, rule, "the time of recording is left out",
                   "nothing else depends on it", file=file)
    return None, (note,)


def _dates(words: str) -> set[datetime]:
    """All readings of the date; day first where it is written with points."""
    iso = _ISO.search(words)
    if iso is not None:
        return {found for found in [_date(*map(int, iso.groups()))] if found}
    match = _DATE.search(words)
    if match is None:
        return set()
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    readings = [_date(year, second, first)]
    if match[2] != ".":
        readings.append(_date(year, first, second))
    return {found for found in readings if found}


def _date(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day)
    except ValueError:
        return None


def _with_nano(file: NtaFile, name: str) -> NtaFile:
    """Take pixel size and dilution from the ``.nano`` file that the summary names, where it lies beside it."""
    beside = Path(file.file).with_name(name) if name.endswith(".nano") and not set(name) & set("/\\\0") else None
    if beside is None or not beside.is_file():
        return file
    try:
        nano = read_nano(beside)
    except InputError as failure:
        (found, *_) = failure.findings
        return replace(file, warnings=(*file.warnings, replace(found, severity="note")))
    settings = {**file.settings}
    if nano.pixel_size is not None:
        settings["Pixel size/nm (.nano)"] = (f"{nano.pixel_size:g}",) * len(file.videos)
    if nano.dilution is not None:
        settings["Dilution factor (.nano)"] = (f"{nano.dilution:g}",) * len(file.videos)
    file = replace(file, settings=MappingProxyType(settings), companions=(*file.companions, nano.provenance))
    if nano.dilution is None or all(video.dilution == nano.dilution for video in file.videos):
        return file
    said = f"`{beside.name}` holds a dilution of {nano.dilution:g}"
    if any(video.dilution is not None for video in file.videos):
        note = _note(file, f"{said}, the summary another", "the summary says what was applied",
                     "the summary is believed", "check which one is right")
        return replace(file, warnings=(*file.warnings, note))
    videos = tuple(replace(video, dilution=nano.dilution, dilution_applied=False) for video in file.videos)
    note = _note(file, f"{said}, the summary none", "concentrations of the summary are adjusted only for its own",
                 "the dilution is taken from there as recorded, but not applied", "check that it is right")
    return replace(file, videos=videos, warnings=(*file.warnings, note))


def _note(file: NtaFile, wrote: str, rule: str, consequence: str, fix: str) -> Finding:
    return Finding("note", Path(file.file).name, wrote, rule, consequence, fix, file=file.file)
