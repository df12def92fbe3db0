"""Names of the rows of a NanoSight summary, shared by its reader and its writer."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

EXPERIMENT: Final = "NTA Experiment Summary File"
SINGLE: Final = "NTA Single Analysis Summary File"

DILUTION: Final = "Dilution factor (concentrations adjusted for this factor)"
CONCENTRATION: Final = "Concentration (Particles / ml)"
BINS: Final = "Bin centre (nm)"
PER_BIN: Final = "Concentration (particles / ml)"
AVERAGE: Final = "Concentration average"
ERROR: Final = "Standard Error"
WEIGHTINGS: Final = ("Number", "Surface Area", "Volume")
PRINTED: Final = ("Mean", "Mode", "SD", "D10", "D50", "D90")

WARNINGS: Final = "Concentration Warnings"
INFORMATION: Final = "Information"

# Flag -> row. What passes is written OK, No or nothing. `Vibration correction applied` is no doubt
# of the instrument, and so no flag.
WARNING_ROWS: Final = MappingProxyType(
    {
        "validity": "Validity of concentration measurement",
        "completed_tracks": "Completed Tracks",
        "particles_per_frame": "Particles per frame",
        "noise": "Noise level",
        "brightness": "Brightness",
        "detection_threshold": "Detection Threshold",
        "histogram_limit": "Camera Histogram Lower Limit",
    }
)
INFORMATION_ROWS: Final = MappingProxyType(
    {
        "completed_tracks": "Completed Tracks",
        "concentration": "Concentration",
        "video_length": "Video length",
        "noise": "Noise level",
        "vibration": "Vibration detected",
        "settings_changed": "Settings changed?",
        "errors": "Errors (1)",
        "errors_2": "Errors (2)",
    }
)
FINE: Final = frozenset({"", "OK", "No", "None"})

PARTICLE_COLUMNS: Final = (
    "Particle ID",
    "Size/nm",
    "Diffusion coefficient/nm^2 s^-1",
    "Ln(Adjusted intensity)/AU",
    "Start frame",
    "Tracklength",
    "Included in distribution?",
)
TRACK_COLUMNS: Final = (
    "Particle ID",
    "Size/nm",
    "Diffusion coefficient/nm^2 s^-1",
    "Frame",
    "X/pixels",
    "Y/pixels",
    "Ln(Adjusted intensity)/AU",
    "Included in distribution?",
)
