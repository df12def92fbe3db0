"""Files of a PCR machine: one reaction a line; what did not cross the threshold is `Undetermined`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from vesica.instruments.files.tables import table

UNDETERMINED: Final = "Undetermined"
SPIKE: Final = "cel-miR-39-3p"
Task = Literal["unknown", "standard", "spike-in", "no template"]


@dataclass(frozen=True)
class Reaction:
    """One reaction: its cycle (NaN where undetermined), and the copies in it where it is a standard."""

    sample: str
    target: str
    task: Task
    cycle: float
    quantity: float | None = None


def write_reactions(reactions: Sequence[Reaction], *, remarks: Sequence[str] = ()) -> bytes:
    """Reactions as a long table, in the order of a run."""
    head = ("reaction", "sample", "target", "task", "quantity (copies)", "Ct")
    rows = (
        (
            number,
            one.sample,
            one.target,
            one.task,
            "" if one.quantity is None else one.quantity,
            f"{one.cycle:.3f}" if math.isfinite(one.cycle) else UNDETERMINED,
        )
        for number, one in enumerate(reactions, start=1)
    )
    return table(head, rows, remarks=remarks)
