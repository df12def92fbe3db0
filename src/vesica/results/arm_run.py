"""One arm of one replicate as plain arrays: what analysis reads, stored or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vesica.spec.resolved import Arm


@dataclass(frozen=True)
class ArmRun:
    """Trajectory of one arm.

    Parameters
    ----------
    arm : Arm
    times : (time,) s
    species : mapping of name to column
    values : (time, species)
        NaN where the arm does not hold the species.
    parameters : mapping of path to value
        Every number the arm ran with, its changes applied.
    notes : mapping
        ``doses`` (what each dose brought) and ``rule_factors`` at the end.
    """

    arm: Arm
    times: NDArray[np.float64]
    species: Mapping[str, int]
    values: NDArray[np.float64]
    parameters: Mapping[str, float]
    notes: Mapping[str, Any]

    @property
    def last(self) -> int:
        """Row of the last time that was reached."""
        import numpy as np

        reached = np.flatnonzero(np.isfinite(self.values).any(axis=1))
        return int(reached[-1])

    def final(self, name: str) -> float:
        """Value at the end; zero where the arm does not hold the species."""
        import numpy as np

        if name not in self.species:
            return 0.0
        value = float(self.values[self.last, self.species[name]])
        return 0.0 if np.isnan(value) else value

    def until(self, time: float) -> ArmRun:
        """The same arm cut off at the last output up to ``time`` s."""
        import numpy as np

        kept = int(np.searchsorted(self.times, time * (1 + 1e-12), side="right"))
        return replace(self, times=self.times[:kept], values=self.values[:kept])

    def count(self, compartment: str) -> float:
        """Cells of a type in the arm; one for the medium."""
        return 1.0 if compartment == "medium" else self.arm.counts.get(compartment, 0.0)

    def course(self, name: str) -> NDArray[np.float64]:
        """(time,) values."""
        return self.values[:, self.species[name]]

    @property
    def hours(self) -> float:
        """Length of the run up to where it came, h."""
        return float(self.times[self.last]) / 3600.0
