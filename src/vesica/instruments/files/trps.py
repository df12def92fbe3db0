"""Files of a resistive pulse measurement: blockades, one a line, and a sheet that says what each recording was.

The makers' exports could not be seen, so this layout is ours: named columns with units, as `readers.columns` reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vesica.instruments.files.tables import table
from vesica.instruments.nta_response import FloatArray
from vesica.instruments.trps import Recording


@dataclass(frozen=True)
class SheetRow:
    """One recording: sample or beads (then with their diameter in nm and concentration in particle/mL)."""

    file: str
    role: str
    sample: str
    minutes: float
    dilution: float
    bead_diameter: float | None = None
    bead_concentration: float | None = None


def write_blockades(recording: Recording, diameter: FloatArray | None = None, *, remark: str = "") -> bytes:
    """Blockades of one recording; ``diameter`` (nm) where it has been calibrated."""
    head = ["particle", "time (s)", "blockade (nA)", "duration (ms)"]
    columns = [recording.time, recording.magnitude, recording.duration]
    if diameter is not None:
        head.append("diameter (nm)")
        columns.append(diameter)
    rows = (
        [number, *map(float, values)] for number, values in enumerate(zip(*columns, strict=True), start=1)
    )
    return table(head, rows, remarks=[remark] if remark else ())


def write_sheet(rows: Sequence[SheetRow]) -> bytes:
    """The calibration sheet: which beads belong to which recordings."""
    head = (
        "file",
        "role",
        "sample",
        "recorded (min)",
        "dilution",
        "bead diameter (nm)",
        "bead concentration (particle/mL)",
    )
    return table(
        head,
        (
            [
                row.file,
                row.role,
                row.sample,
                row.minutes,
                row.dilution,
                "" if row.bead_diameter is None else row.bead_diameter,
                "" if row.bead_concentration is None else row.bead_concentration,
            ]
            for row in rows
        ),
    )
