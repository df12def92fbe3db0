"""Which videos count: what the instrument says of each, what is empty, and what lies outside the ranges of use.

Only two things take a video out: the instrument calls it unreliable, or it holds nothing. All else is
a remark, because leaving out what looks odd is a choice that belongs to the operator.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vesica import library
from vesica.analysis.nta.verdicts import Remark, VideoVerdict
from vesica.errors import Finding
from vesica.readers.nta_record import NtaFile, NtaVideo

_ZERO_CELSIUS: Final = 273.15
# Words by which instruments say that nothing is wrong.
_FINE: Final = frozenset(
    {"", "ok", "no", "none", "good", "very good", "passed", "pass", "yes, ok", "not detected"}
)
_LABELS: Final = {
    "validity": "validity of the concentration", "concentration": "concentration",
    "completed_tracks": "completed tracks",
    "particles_per_frame": "particles per frame", "noise": "noise level", "brightness": "brightness",
    "vibration": "vibration", "drift": "drift check", "cell_check": "cell check",
    "settings_changed": "settings changed", "errors": "errors", "removal": "positions left out by the instrument",
}  # fmt: skip
_NUMBER: Final = re.compile(r"[-+]?\d+(?:[.,]\d+)?")


@dataclass(frozen=True)
class Limits:
    """Limits of use for one instrument, from the library.

    Parameters
    ----------
    least_frame, most_frame : particle per frame, or None where no habit is known
    least_tracks : particle
    drift_pixels : pixel/frame
    drift_speed : um/s
    coldest, warmest : degC
    off : K
    """

    least_frame: float | None
    most_frame: float | None
    least_tracks: float
    drift_pixels: float
    drift_speed: float
    coldest: float
    warmest: float
    off: float


def limits(instrument: str) -> Limits:
    """The limits for an instrument (`NtaFile.instrument`)."""
    entries = library.load("cns").entries
    key = instrument.lower()
    has_frames = f"nta.frame.{key}_least" in entries

    def value(name: str) -> float:
        return entries[f"nta.{name}"].value

    return Limits(
        least_frame=value(f"frame.{key}_least") if has_frames else None,
        most_frame=value(f"frame.{key}_most") if has_frames else None,
        least_tracks=value("tracks.least"), drift_pixels=value("drift.pixel_per_frame"),
        drift_speed=value("drift.speed"),
        coldest=value("temperature.coldest") - _ZERO_CELSIUS, warmest=value("temperature.warmest") - _ZERO_CELSIUS,
        off=value("temperature.off"),
    )  # fmt: skip


def remarks(file: NtaFile, number: int, limit: Limits, *, is_blank: bool = False) -> tuple[Remark, ...]:
    """Every objection to one video.

    Parameters
    ----------
    file : NtaFile
    number : int
        Which of its videos.
    limit : Limits
    is_blank : bool
        A blank may be empty, and few particles are what it is for.
    """
    video = file.videos[number]
    found = [*_empty(video, is_blank=is_blank), *_flags(video)]
    if not is_blank and not any(one.check == "empty" for one in found):
        found += _counts(video, limit)
    return (*found, *_drift(video, limit), *_temperature(file, video, limit))


def _empty(video: NtaVideo, *, is_blank: bool) -> Iterator[Remark]:
    if not (video.total > 0 and video.concentration.sum() > 0):
        yield Remark(
            "empty", not is_blank, "holds no particles" + ("; kept, as a clean blank does" if is_blank else "")
        )
    elif video.tracks == 0:
        yield Remark("empty", not is_blank, "holds no completed track")


def _flags(video: NtaVideo) -> Iterator[Remark]:
    for check, words in video.flags.items():
        said = words.strip()
        if said.lower() in _FINE:
            continue
        if check == "validity" and "unreliable" in said.lower():
            yield Remark(check, True, "the instrument calls its concentration unreliable", said)
        else:
            yield Remark(
                check, False, f"the instrument remarks on the {_LABELS.get(check, check.replace('_', ' '))}", said
            )


def _counts(video: NtaVideo, limit: Limits) -> Iterator[Remark]:
    if video.tracks is not None and video.tracks < limit.least_tracks:
        yield Remark(
            "tracks",
            False,
            f"{video.tracks} tracks, fewer than {limit.least_tracks:g}: the counting error "
            f"alone is {100 / max(video.tracks, 1) ** 0.5:.0f} %",
        )
    seen, least, most = video.particles_per_frame, limit.least_frame, limit.most_frame
    if seen is None or least is None or most is None:
        return
    if seen < least:
        yield Remark(
            "particles_per_frame",
            False,
            f"{seen:.3g} particles per frame, below the range of {least:g} to {most:g}: dilute less",
        )
    elif seen > most:
        yield Remark(
            "particles_per_frame",
            False,
            f"{seen:.3g} particles per frame, above the range of {least:g} to "
            f"{most:g}: tracks are lost or joined, dilute more",
        )


def _drift(video: NtaVideo, limit: Limits) -> Iterator[Remark]:
    pixels = [abs(video.printed[name]) for name in ("drift_x", "drift_y") if name in video.printed]
    if pixels and max(pixels) > limit.drift_pixels:
        yield Remark("drift", False, f"drift of {max(pixels):.2g} pixel/frame, above {limit.drift_pixels:g}")
    speed = abs(video.printed.get("drift", 0.0))
    if speed > limit.drift_speed:
        yield Remark("drift", False, f"drift of {speed:.3g} um/s, above {limit.drift_speed:g}")


def _temperature(file: NtaFile, video: NtaVideo, limit: Limits) -> Iterator[Remark]:
    degrees = video.temperature
    if degrees is None:
        return
    if not limit.coldest <= degrees <= limit.warmest:
        yield Remark(
            "temperature",
            False,
            f"{degrees:.1f} °C lies outside {limit.coldest:.0f} to {limit.warmest:.0f} °C: "
            "every diameter rests on it",
        )
        return
    for name, reference in (
        ("the set temperature", _set_temperature(file)),
        ("the median of the file", _median(file)),
    ):
        if reference is not None and abs(degrees - reference) > limit.off:
            yield Remark(
                "temperature",
                False,
                f"{degrees:.1f} °C is {abs(degrees - reference):.1f} K from {name} ({reference:.1f} °C)",
            )
            return


def _median(file: NtaFile) -> float | None:
    known = [video.temperature for video in file.videos if video.temperature is not None]
    return statistics.median(known) if len(known) > 2 else None


def _set_temperature(file: NtaFile) -> float | None:
    """The temperature the instrument was set to, where control is on and the number is plausible."""
    rows = {**file.settings, **file.conditions}
    words = next(
        (
            values[0]
            for name, values in rows.items()
            if re.sub(r"[^a-z]", "", name.lower()).startswith("settemperature") and values
        ),
        "",
    )
    control = next(
        (values[0] for name, values in rows.items() if name.lower().startswith("tempcontrol") and values), ""
    )
    match = _NUMBER.search(words)
    if match is None or control.strip().lower() in ("off", "no", "false"):
        return None
    degrees = float(match[0].replace(",", "."))
    return degrees if degrees > 0 else None


def findings(verdicts: Iterable[VideoVerdict]) -> tuple[Finding, ...]:
    """One finding for each kind of objection over all videos, the number of videos first; details are in the audit."""
    grouped: dict[tuple[str, str, str], list[tuple[VideoVerdict, Remark]]] = {}
    for verdict in verdicts:
        for remark in verdict.remarks:
            if remark.check == "empty" and not remark.excludes:
                continue  # a clean blank is good news
            if verdict.verdict == "excluded" and not remark.excludes:
                continue  # it is out already; the audit holds the rest
            state = verdict.verdict if remark.excludes else "warned"
            kind = _NUMBER.sub("", remark.reason)  # too few and too many are two kinds
            grouped.setdefault((state, kind, remark.instrument), []).append((verdict, remark))
    order = {"excluded": 0, "kept": 1, "warned": 2}
    return tuple(
        _finding(state, rows)
        for (state, _, _), rows in sorted(grouped.items(), key=lambda item: order[item[0][0]])
    )


_CONSEQUENCES: Final = {
    "excluded": ("such videos do not go into the numbers", "the others alone make the result",
                 "see the table of videos; `--keep-all` takes them in"),
    "kept": ("`--keep-all` was given, so it is in the numbers", "the result may be off",
             "leave `--keep-all` out to exclude it"),
    "warned": ("the ranges of use and the instrument's own checks should hold", "concentration or sizes may be off",
               "look at the video; nothing was left out for this"),
}  # fmt: skip


def _finding(state: str, rows: list[tuple[VideoVerdict, Remark]]) -> Finding:
    verdict, remark = rows[0]
    n = len(rows)
    files = sorted({Path(one.file).name for one, _ in rows})
    says = f", in the instrument's words `{remark.instrument}`" if remark.instrument else ""
    what = {"excluded": "excluded", "kept": "kept in spite of a reason to exclude", "warned": "with a remark"}[state]
    where = f"video `{verdict.video}` {what}" if n == 1 else f"{n} videos {what}"
    alike = f"; and {n - 1} more like this" + (f" in {len(files)} files" if len(files) > 1 else "") if n > 1 else ""
    rule, consequence, fix = _CONSEQUENCES[state]
    is_small = state == "warned" and remark.check == "vibration" and "minor" in remark.instrument.lower()
    return Finding(
        "note" if is_small else "warning",
        files[0] if len(files) == 1 else "",
        f"{where}: {remark.reason}{says}{alike}",
        rule,
        consequence,
        fix,
    )
