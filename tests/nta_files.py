"""Particle tracking files for tests: records made by hand, and files written in the instrument's layout."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from vesica.instruments.files.nanosight import NanosightMeasurement, VideoReading, write_nanosight
from vesica.readers.nta_record import NtaFile, NtaVideo
from vesica.readers.records import frozen
from vesica.readers.text import Provenance

EDGES = frozen(np.arange(0.0, 1001.0, 10.0))
CENTRES = frozen((EDGES[1:] + EDGES[:-1]) / 2)


def law(median: float = 100.0, width: float = 0.35, edges: np.ndarray = EDGES) -> np.ndarray:
    """(bin,) Shares of a log-normal law in the bins; sums to one."""
    from scipy import special

    cumulative = special.ndtr(np.log(np.maximum(edges, 1e-9) / median) / width)
    shares = np.diff(cumulative)
    return shares / shares.sum()


def video(total: float = 1e8, name: str = "v1", *, bins: np.ndarray | None = None, **changes: Any) -> NtaVideo:
    """A video of `total` particles per mL; every other field of `NtaVideo` may be changed."""
    shares = law() if bins is None else bins
    known: dict[str, Any] = {
        "name": name, "diameter": CENTRES, "edges": EDGES, "concentration": frozen(shares * total), "sd": None,
        "total": total,
        "dilution": None, "dilution_applied": False, "tracks": 1000, "particles_per_frame": 50.0, "temperature": 25.0,
    }  # fmt: skip
    flags = changes.pop("flags", {})
    return NtaVideo(**{**known, **changes}, flags=MappingProxyType(dict(flags)))


def file(
    *videos: NtaVideo, name: str = "a.csv", sample: str = "", instrument: Any = "NanoSight", **changes: Any
) -> NtaFile:
    """A file of these videos; its bytes are told apart by its name."""
    return NtaFile(**{
        "file": name, "instrument": instrument, "software": "NTA 3.4", "sample": sample, "captured": None,
        "operator": "",
        "videos": videos or (video(),), "conditions": {}, "settings": {}, "provenance": Provenance(name,
        "made", name, "utf-8"),
        **changes,
    })  # fmt: skip


def replicates(
    values: list[list[float]],
    *,
    sample: str = "s",
    tracks: int | None = 1000,
    dilution: float | None = 1.0,
) -> list[NtaFile]:
    """One file for each list of video concentrations, all of one sample and dilution (recorded and applied)."""
    return [
        file(*(video(value, f"v{place}", tracks=tracks, dilution=dilution, dilution_applied=dilution is not None)
               for place, value in enumerate(videos)), name=f"{sample}{number}.csv", sample=sample)
        for number, videos in enumerate(values)
    ]  # fmt: skip


def written(
    path: Path,
    totals: list[float],
    *,
    sample: str = "EV",
    dilution: float | None = 200.0,
    tracks: int = 1500,
    median: float = 110.0,
    flags: list[dict[str, str]] | None = None,
    seed: int = 1,
    **changes: Any,
) -> Path:
    """Write a NanoSight 3.4 summary whose videos hold these concentrations, and return its path."""
    rng = np.random.default_rng(seed)
    grid = np.arange(0.0, 1001.0)
    videos = []
    for number, total in enumerate(totals):
        shares = rng.multinomial(tracks, law(median, 0.3, grid)) / tracks if total > 0 else np.zeros(1000)
        found = tracks if total > 0 else 0
        videos.append(VideoReading(
            name=f"{path.stem} {number + 1}", concentration=shares * total, completed_tracks=found, valid_tracks=found,
            particles_per_frame=50.0 if total > 0 else 0.0, centres_per_frame=55.0 if total > 0 else 0.0,
            flags=MappingProxyType({} if flags is None else flags[number]), **changes,
        ))  # fmt: skip
    path.write_bytes(write_nanosight(NanosightMeasurement(tuple(videos), dilution, sample=sample)))
    return path
