"""Write the ExperimentSummary of NanoSight NTA 3.2, 3.3 and 3.4 from plain arrays.

The numbers that NTA derives from its bins (mean, mode, SD, percentiles, averages) are derived here
in the same way, so the identities that hold in its own files hold in these.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from vesica.errors import InputError, error, nearest
from vesica.instruments.files.nanosight_blocks import N_BINS, Lines, diffusion_blocks, size_blocks
from vesica.readers.nanosight_rows import (
    CONCENTRATION,
    DILUTION,
    EXPERIMENT,
    INFORMATION,
    INFORMATION_ROWS,
    SINGLE,
    WARNING_ROWS,
    WARNINGS,
    WEIGHTINGS,
)
from vesica.readers.records import FloatArray

Version = Literal["3.2", "3.3", "3.4"]
VERSIONS: Final = ("3.2", "3.3", "3.4")
FRAME_RATE: Final = 24.9825  # frame/s
FLAGS: Final = frozenset(WARNING_ROWS) | frozenset(INFORMATION_ROWS)
_PASSED: Final = MappingProxyType(
    {"noise": "No", "vibration": "No", "settings_changed": "No", "errors": "", "errors_2": ""}
)


@dataclass(frozen=True, eq=False)
class VideoReading:
    """What NTA stores of one video.

    Parameters
    ----------
    name : str
    concentration : (1000,) particle/mL, >= 0
        Particles in bins of 1 nm between 0 and 1000 nm, already multiplied by the dilution of the
        measurement where it has one. Written as whole numbers, as NTA does.
    completed_tracks, valid_tracks : int
        Valid ones are those in the distribution.
    particles_per_frame, centres_per_frame : particle
    temperature : degC
    viscosity : mPa s
    drift : pixel/frame, in x and in y
    flags : name -> the instrument's words
        Names as in `readers.nta_record.NtaVideo.flags`; those left out passed.
    """

    name: str
    concentration: FloatArray
    completed_tracks: int
    valid_tracks: int
    particles_per_frame: float
    centres_per_frame: float
    temperature: float = 22.0
    viscosity: float = 0.952941
    drift: tuple[float, float] = (0.0, 0.0)
    flags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, eq=False)
class NanosightMeasurement:
    """One experiment: videos of one suspension.

    Parameters
    ----------
    videos : (video,) VideoReading
        At least one, with different names.
    dilution : dimensionless or None
        Written as the factor that concentrations were multiplied by; None is ``Not recorded``.
    sample, operator, diluent, remarks, experiment : str
        Free text; ``experiment`` names the ``.nano`` file.
    captured : datetime, optional
    frames : int
        Analysed in each video, at 24.98 frames per second.
    """

    videos: tuple[VideoReading, ...]
    dilution: float | None
    sample: str = ""
    operator: str = ""
    diluent: str = ""
    remarks: str = ""
    experiment: str = "experiment.nano"
    captured: datetime | None = None
    frames: int = 1498


def write_nanosight(
    measurement: NanosightMeasurement,
    *,
    version: Version = "3.4",
    averages: bool = True,
    weightings: Sequence[str] = ("Number",),
    diffusion: bool = False,
) -> bytes:
    """Write an ExperimentSummary.

    Parameters
    ----------
    measurement : NanosightMeasurement
    version : "3.2", "3.3" or "3.4"
        Differences: names of rows, the row `Processed` (3.4), and D-values and percentiles 1.0 nm lower
        (3.2, as in a measured file).
    averages : bool
        Without the columns of average and standard error, as the autosampler exports.
        A single video never has them.
    weightings : of "Number", "Surface Area", "Volume"
        Blocks of the size data. The weighted bins are rescaled to the sum of the number weighting.
    diffusion : bool
        Add the same distribution over diffusion coefficients (Stokes and Einstein).

    Returns
    -------
    bytes
        In cp1252 with CRLF line ends.

    Raises
    ------
    InputError
        Wrong shapes, negative or missing concentrations, unknown flags, text that cp1252 cannot hold.
    """
    check(measurement, version, weightings)
    return written(
        summary_lines(measurement, version, averages, weightings, diffusion, EXPERIMENT), measurement.experiment
    )


def summary_lines(
    measurement: NanosightMeasurement,
    version: str,
    averages: bool,  # noqa: FBT001
    weightings: Sequence[str],
    diffusion: bool,  # noqa: FBT001
    first_line: str,
) -> list[list[str]]:
    """Cells of every line; ``first_line`` tells an experiment from the analysis of a single video."""
    lines = Lines(len(measurement.videos), averages)
    blocks = [f"Size distribution - {weighting} weighting - With Percentiles" for weighting in weightings]
    if diffusion:
        blocks.append("Diffusion distribution - Number weighting - With Percentiles")
    body = [
        *_head(measurement, version, first_line),
        *_conditions(measurement, lines),
        *_results(measurement, lines),
        *_checks(measurement, lines),
        ["[Data Included]", ""],
        *[[block, ""] for block in blocks],
        ["", ""],
        *size_blocks(measurement.videos, lines, weightings, lower=version == "3.2"),
    ]
    if diffusion:
        body += diffusion_blocks(measurement.videos, lines, superscript=version != "3.4")
    return body


def _head(measurement: NanosightMeasurement, version: str, first_line: str) -> list[list[str]]:
    clock = "" if measurement.captured is None else f"{measurement.captured:%H:%M:%S  %d/%m/%Y}"
    sample = ["Sample Name" if version == "3.2" else "Sample Description", measurement.sample, ""]
    rows = [
        ["Operator Name", measurement.operator, ""],
        ["Time Captured", clock, ""],
    ]
    software = "Unknown" if version == "3.2" else f"none: vesica in the form of NTA {version}"
    names = [video.name for video in measurement.videos]
    head = [
        [first_line, ""],
        [f"Created with vesica in the form of NTA {version}", ""],
        ["", ""],
        ["[Experiment Details]", "", ""],
        ["Software Version", software, ""],
        ["Experiment Name", measurement.experiment, ""],
        *([sample, *rows] if version == "3.2" else [*rows, sample]),
        ["Pre-treatment", "", ""],
        ["Diluent", measurement.diluent, ""],
        ["Remarks", measurement.remarks, ""],
        ["", "", ""],
        ["Filename:", *names, ""],
    ]
    if version == "3.4":
        head.append(["Processed", *["Yes"] * len(names), ""])
    return [*head, []]


def _conditions(measurement: NanosightMeasurement, lines: Lines) -> list[list[str]]:
    videos = measurement.videos
    return [
        lines.title("Conditions"),
        lines.each("Temperature/C", [f"{video.temperature:.3f}" for video in videos]),
        lines.each("Viscosity/cP", [f"{video.viscosity:.6f}" for video in videos]),
        lines.same("Camera Type", "sCMOS"),
        lines.same("Laser Type", "Blue488"),
        lines.same("Camera Level", "14"),
        lines.same("Slider Shutter", "1259"),
        lines.same("Slider Gain", "366"),
        lines.same("Shutter/ms", "31.475000"),
        lines.same("Camera Histogram Upper Limit", "6235"),
        lines.same("Camera Histogram Lower Limit", "0"),
        lines.same("Frame rate/fps", f"{FRAME_RATE:.6f}"),
        lines.same("Syringe Pump Speed/AU", "50"),
        [],
        lines.title("Settings"),
        lines.same("Detection Threshold", "5"),
        lines.same("Max Jump Mode", "Auto"),
        lines.same("Max Jump Distance", "14.0000"),
        lines.same("Blur", "Auto"),
        lines.same("Min Track Length", "Auto"),
        lines.same("First frame", "0"),
        lines.same("Total frames analysed", str(measurement.frames)),
        [],
        ["[Exclusion Regions]"],
        ["No Exclusion Regions Used", ""],
        [],
    ]


def _results(measurement: NanosightMeasurement, lines: Lines) -> list[list[str]]:
    videos = measurement.videos
    totals = np.array([np.rint(video.concentration).sum() for video in videos])
    dilution = "Not recorded" if measurement.dilution is None else f"{measurement.dilution:.2e}"
    return [
        ["[Results]", *[""] * len(videos), *lines.average_names, ""],
        lines.padded(DILUTION, [dilution] * len(videos)),
        lines.averaged(CONCENTRATION, totals, ".2e"),
        lines.padded("Concentration Upgrade?", ["Yes"] * len(videos)),
        lines.averaged("Particles per frame", np.array([video.particles_per_frame for video in videos]), ".1f"),
        lines.averaged("Centres per frame", np.array([video.centres_per_frame for video in videos]), ".1f"),
        lines.padded("Completed tracks", [str(video.completed_tracks) for video in videos]),
        lines.padded("X-Drift (pix/frame)", [f"{video.drift[0]:.1f}" for video in videos]),
        lines.padded("Y-Drift (pix/frame)", [f"{video.drift[1]:.1f}" for video in videos]),
        [],
    ]


def _checks(measurement: NanosightMeasurement, lines: Lines) -> list[list[str]]:
    def said(flag: str, row: str) -> list[str]:
        passed = _PASSED.get(flag, "OK")
        return lines.each(row, [video.flags.get(flag, passed) for video in measurement.videos])

    information = [said(flag, row) for flag, row in INFORMATION_ROWS.items()]
    is_shaken = [video.flags.get("vibration", "No") != "No" for video in measurement.videos]
    at = [row[0] for row in information].index(INFORMATION_ROWS["vibration"]) + 1
    information.insert(at, lines.each("Vibration correction applied", ["Yes" if one else "No" for one in is_shaken]))
    return [
        [f"[{WARNINGS}]"],
        *[said(flag, row) for flag, row in WARNING_ROWS.items()],
        [],
        [f"[{INFORMATION}]"],
        *information,
        [],
    ]


def written(lines: list[list[str]], name: str) -> bytes:
    """Bytes of a csv file; cells that hold commas are quoted."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    try:
        return text.getvalue().encode("cp1252")
    except UnicodeEncodeError as failure:
        sign = text.getvalue()[failure.start]
        raise _refusal(
            name,
            f"`{sign}` stands in a text",
            "NTA writes its files in the Windows code page 1252",
            "the sign would be lost",
            "leave it out of names and remarks",
        ) from None


def check(measurement: NanosightMeasurement, version: str, weightings: Sequence[str]) -> None:
    """Refuse what could not be written as it stands."""
    name = measurement.experiment
    if version not in VERSIONS:
        raise _refusal(name, f"version `{version}`", "NTA 3.2, 3.3 and 3.4 are written",
                       "its layout is not known", nearest(version, VERSIONS))
    unknown = [weighting for weighting in weightings if weighting not in WEIGHTINGS]
    if unknown or "Number" not in weightings:
        raise _refusal(name, f"weightings {', '.join(weightings) or '(none)'}",
                       f"they are of {', '.join(WEIGHTINGS)}, with Number among them",
                       "concentrations are read from the number weighting", "name Number, and others after it")
    names = [video.name for video in measurement.videos]
    if not names or len(set(names)) < len(names) or not all(entry.strip() == entry and entry for entry in names):
        raise _refusal(name, f"videos {', '.join(map(repr, names)) or '(none)'}",
                       "an experiment has videos with names of their own",
                       "columns could not be told apart", "give each video a name")
    texts = [*names, name, measurement.sample, measurement.operator, measurement.diluent, measurement.remarks]
    if any(len(entry.splitlines()) > 1 or not entry.isprintable() for entry in texts):
        raise _refusal(name, "a text with a line end or a control character", "a record is one line",
                       "the lines after it would be shifted", "write it on one line")
    if measurement.dilution is not None and not (math.isfinite(measurement.dilution) and measurement.dilution >= 1):
        raise _refusal(name, f"a dilution of {measurement.dilution:g}", "a dilution is 1 or more",
                       "concentrations would be those of no suspension", "200 for one part in 200")
    for video in measurement.videos:
        _check_video(name, video)


def _check_video(name: str, video: VideoReading) -> None:
    bins = np.asarray(video.concentration)
    if bins.shape != (N_BINS,) or not np.isfinite(bins).all() or (bins < 0).any():
        raise _refusal(name, f"video `{video.name}` has bins of shape {bins.shape}, or some that are no concentration",
                       f"there are {N_BINS} bins of 1 nm, each zero or more",
                       "sizes would be shifted, or particles negative",
                       "give particles per mL in each nm from 0 to 1000 nm")
    unknown = sorted(set(video.flags) - FLAGS)
    if unknown:
        raise _refusal(name, f"video `{video.name}` has the flag `{unknown[0]}`", "flags are rows of the summary",
                       "it would be lost", nearest(unknown[0], FLAGS))


def _refusal(name: str, wrote: str, rule: str, consequence: str, fix: str) -> InputError:
    return error(name, wrote, rule, consequence, fix)


def single_summary(measurement: NanosightMeasurement, version: str, video: VideoReading) -> bytes:
    """Write the summary of one video, as it stands in a pack."""
    one = NanosightMeasurement(
        (video,), measurement.dilution, measurement.sample, measurement.operator, measurement.diluent,
        measurement.remarks, measurement.experiment, measurement.captured, measurement.frames,
    )
    return written(summary_lines(one, version, False, ("Number",), False, SINGLE), one.experiment)
