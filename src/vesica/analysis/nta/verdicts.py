"""What is held against a video, and what was decided about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["used", "excluded", "kept"]


@dataclass(frozen=True)
class Remark:
    """One objection to a video.

    Parameters
    ----------
    check : str
        Stable key: ``empty``, ``tracks``, ``particles_per_frame``, ``drift``, ``temperature``, or the name of the
        instrument's flag, as ``validity``, ``noise``, ``vibration``, ``cell_check``.
    excludes : bool
        Whether it takes the video out (unless everything is kept).
    reason : str
        Why, with the number and the limit.
    instrument : str
        The instrument's own words, or empty where the objection is ours.
    """

    check: str
    excludes: bool
    reason: str
    instrument: str = ""


@dataclass(frozen=True)
class VideoVerdict:
    """One video and what was decided about it.

    Parameters
    ----------
    file, video, sample, replicate, group : str
    role : "sample" or "blank"
    verdict : "used", "excluded" or "kept" (there is a reason to exclude it, overridden)
    remarks : in the order of the checks; empty when there is nothing to object
    concentration : in `NtaResult.unit`, dilution applied once; the blank not subtracted
    tracks : int or None
    particles_per_frame : particle or None
    temperature : degC or None
    """

    file: str
    video: str
    sample: str
    replicate: str
    group: str
    role: Literal["sample", "blank"]
    verdict: Verdict
    remarks: tuple[Remark, ...]
    concentration: float
    tracks: int | None
    particles_per_frame: float | None
    temperature: float | None

    @property
    def is_used(self) -> bool:
        """Whether it went into the numbers."""
        return self.verdict != "excluded"
