"""What happened to a field in a step, each amount summed by the scheme's own stages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vesica.transport.grid import Array


@dataclass
class Tally:
    """Amounts of one or more steps.

    Parameters
    ----------
    captured, sampled : (cell,)
        Amount that cells took; time integral of what they sampled, s/um^3.
    left : (6,)
        Net amount out through the walls, x low, x high, y low ...
    decayed, deposited : amount
        Deposited is what cells and the background gave.
    error, scale, least, most : 1/um^3
        Estimate of the largest error of a sample in the step, and the largest sample (or density, without cells); the
        lowest and highest density after it.
    """

    captured: Array
    sampled: Array
    left: Array
    decayed: float = 0.0
    deposited: float = 0.0
    error: float = 0.0
    scale: float = 0.0
    least: float = 0.0
    most: float = 0.0

    @classmethod
    def zero(cls, cells: int) -> Tally:
        """Nothing yet."""
        return cls(np.zeros(cells), np.zeros(cells), np.zeros(6))

    def add(self, other: Tally) -> None:
        """Go on by another step."""
        self.captured += other.captured
        self.sampled += other.sampled
        self.left += other.left
        self.decayed += other.decayed
        self.deposited += other.deposited
