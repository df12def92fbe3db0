"""Files of a 96-well plate: one well a line, with its role, as plate readers export long tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from vesica.instruments.files.tables import table

ROWS: Final = "ABCDEFGH"
COLUMNS: Final = 12
Role = Literal["standard", "blank", "sample"]


@dataclass(frozen=True)
class Well:
    """One well: its signal, and the concentration where it is a standard."""

    role: Role
    sample: str
    signal: float
    dilution: float = 1.0
    concentration: float | None = None


def wells_down() -> Iterator[str]:
    """``A1``, ``B1`` ... ``H12``: column by column, as a multichannel pipette fills a plate."""
    return (f"{row}{column}" for column in range(1, COLUMNS + 1) for row in ROWS)


def write_plate(wells: Sequence[Well], *, unit: str, signal: str, remarks: Sequence[str] = ()) -> bytes:
    """A plate as a long table.

    Parameters
    ----------
    wells : (well,) at most 96, in the order of `wells_down`
    unit : str
        Of the concentrations.
    signal : str
        Head of the signal, for example ``signal (OD)``.
    remarks : lines above the table

    Raises
    ------
    ValueError
        More wells than a plate has.
    """
    if len(wells) > len(ROWS) * COLUMNS:
        msg = f"{len(wells)} wells on a plate of {len(ROWS) * COLUMNS}"
        raise ValueError(msg)
    head = ("well", "role", "sample", f"concentration ({unit})", "dilution", signal)
    rows = (
        (
            place,
            well.role,
            well.sample,
            "" if well.concentration is None else well.concentration,
            well.dilution,
            well.signal,
        )
        for place, well in zip(wells_down(), wells, strict=False)
    )
    return table(head, rows, remarks=remarks)
