"""Write the pack of files that NTA 3.4 exports: summaries, particles, and every point of every track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from vesica.errors import error
from vesica.instruments.files.nanosight import (
    NanosightMeasurement,
    VideoReading,
    check,
    single_summary,
    write_nanosight,
    written,
)
from vesica.instruments.files.nanosight_blocks import diffusivity
from vesica.readers.nanosight_rows import PARTICLE_COLUMNS, TRACK_COLUMNS
from vesica.readers.records import FloatArray, IntArray, Mask


@dataclass(frozen=True, eq=False)
class Tracks:
    """Tracks of one video.

    Parameters
    ----------
    diameter : (track,) nm, > 0
    intensity : (track,)
        Logarithm of the adjusted intensity.
    start_frame, length : (track,) int
        First frame, and number of frames, at least 1.
    is_included : (track,) bool
        Whether the track is in the distribution.
    x, y : (point,) pixel
        ``length`` points of each track, one track after the other.
    """

    diameter: FloatArray
    intensity: FloatArray
    start_frame: IntArray
    length: IntArray
    is_included: Mask
    x: FloatArray
    y: FloatArray


def write_pack(measurement: NanosightMeasurement, tracks: Sequence[Tracks]) -> dict[str, bytes]:
    """Write an experiment as NTA 3.4 exports it: its summary, and three files for each video.

    Parameters
    ----------
    measurement : NanosightMeasurement
    tracks : (video,) Tracks

    Returns
    -------
    file name -> bytes
        ``EXPERIMENT_ExperimentSummary.csv``, ``VIDEO_Summary.csv``, ``VIDEO_ParticleData.csv`` and
        ``VIDEO_AllTracks.csv``.

    Raises
    ------
    InputError
        Tracks that do not belong to the videos, or of unequal shapes.
    """
    check(measurement, "3.4", ("Number",))
    if len(tracks) != len(measurement.videos):
        raise error(
            measurement.experiment,
            f"tracks of {len(tracks)} videos for {len(measurement.videos)} videos",
            "each video has its tracks",
            "tracks would stand beside the wrong video",
            "give one set of tracks for each video",
        )
    stem = measurement.experiment.removesuffix(".nano")
    files = {f"{stem}_ExperimentSummary.csv": write_nanosight(measurement)}
    for video, found in zip(measurement.videos, tracks, strict=True):
        _check_tracks(video, found)
        files[f"{video.name}_Summary.csv"] = single_summary(measurement, "3.4", video)
        files[f"{video.name}_ParticleData.csv"] = written(_particles(video, found), video.name)
        files[f"{video.name}_AllTracks.csv"] = written(_points(video, found), video.name)
    return files


def _check_tracks(video: VideoReading, tracks: Tracks) -> None:
    n_tracks = tracks.diameter.size
    shapes = {field.name: np.shape(getattr(tracks, field.name)) for field in fields(tracks)}
    points = (int(np.sum(tracks.length)),)
    wrong = [name for name, shape in shapes.items() if shape != (points if name in "xy" else (n_tracks,))]
    if wrong or (tracks.length < 1).any() or not (tracks.diameter > 0).all():
        raise error(
            video.name,
            f"`{wrong[0]}` of shape {shapes[wrong[0]]}" if wrong else "a track without a frame or a size",
            f"{n_tracks} tracks have one diameter, intensity, start and length each, and {points[0]} points in all",
            "points would be counted for the wrong track",
            "give arrays of these shapes",
        )


def _shared(video: VideoReading, tracks: Tracks) -> tuple[list[str], list[str], list[str], list[str]]:
    """Cells that both tables repeat: size, diffusion coefficient, intensity, and whether it is included."""
    moving = diffusivity(tracks.diameter, video.temperature, video.viscosity)
    return (
        [f"{value:.4f}" for value in tracks.diameter],
        [f"{value:.0f}" for value in moving],
        [f"{value:.4f}" for value in tracks.intensity],
        ["True" if one else "False" for one in tracks.is_included],
    )


def _particles(video: VideoReading, tracks: Tracks) -> list[list[str]]:
    size, moving, intensity, included = _shared(video, tracks)
    cells = zip(size, moving, intensity, tracks.start_frame, tracks.length, included, strict=True)
    return [list(PARTICLE_COLUMNS), *[[str(index), *map(str, row)] for index, row in enumerate(cells)]]


def _points(video: VideoReading, tracks: Tracks) -> list[list[str]]:
    size, moving, intensity, included = _shared(video, tracks)
    owner = np.repeat(np.arange(tracks.diameter.size), tracks.length)
    first = np.repeat(np.cumsum(tracks.length) - tracks.length, tracks.length)
    frame = np.repeat(tracks.start_frame, tracks.length) + np.arange(owner.size) - first
    rows = [
        [str(one), size[one], moving[one], str(at), f"{x:.3f}", f"{y:.3f}", intensity[one], included[one]]
        for one, at, x, y in zip(owner, frame, tracks.x, tracks.y, strict=True)
    ]
    return [list(TRACK_COLUMNS), *rows]
