"""Particle tracking files of our own making, as the reader would hand them on."""

from __future__ import annotations

import hashlib

import numpy as np

from vesica.readers.nta_record import NtaFile, NtaVideo
from vesica.readers.records import frozen
from vesica.readers.text import Provenance

EDGES = np.arange(0.0, 1001.0)


def made_file(
    name: str,
    total: float = 1e9,
    *,
    median: float = 110.0,
    gsd: float = 1.4,
    videos: int = 5,
    dilution: float | None = 100.0,
    spread: float = 0.1,
    tracks: int = 1500,
    unreliable: int = 0,
    seed: int = 1,
) -> NtaFile:
    """A NanoSight file whose videos scatter by ``spread`` around a log-normal law; the last ``unreliable`` are bad."""
    rng = np.random.default_rng(seed)
    centres = (EDGES[1:] + EDGES[:-1]) / 2
    law = np.exp(-0.5 * (np.log(centres / median) / np.log(gsd)) ** 2) / centres
    made = []
    for place in range(videos):
        count = total * np.exp(rng.normal(0.0, spread))
        bins = count * law / law.sum() * np.exp(rng.normal(0.0, 0.05, centres.size))
        flags = {"validity": "Unreliable"} if place >= videos - unreliable else {}
        made.append(NtaVideo(
            f"{name} {place + 1}", frozen(centres), frozen(EDGES), frozen(bins), None, float(bins.sum()), dilution,
            dilution_applied=dilution is not None, tracks=tracks, particles_per_frame=50.0 + place,
            centres_per_frame=60.0, temperature=22.0 + 0.1 * place, viscosity=0.95, flags=flags,
            printed={"video_length": 60.0},
        ))
    lines = ("Diluent,PBS filtered,", "Operator Name,AB,")
    return NtaFile(
        f"{name}.csv", "NanoSight", "NTA 3.4 Build 3.4.4", name, None, "AB", tuple(made),
        {"Temperature/C": ("22.0",) * videos, "Camera Type": ("sCMOS",) * videos, "Camera Level": ("14",) * videos,
         "Frame rate/fps": ("25",) * videos},
        {"Detection Threshold": ("5",) * videos, "Total frames analysed": ("1498",) * videos},
        Provenance(f"{name}.csv", "NanoSight ExperimentSummary",
                   hashlib.sha256(name.encode()).hexdigest(), "utf-8", {"Experiment Details": lines}),
    )
