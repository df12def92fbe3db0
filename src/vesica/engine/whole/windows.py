"""How long hazards are held: windows that follow how fast everything moves."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
CHANGE: Final = 0.1  # relative, that the mean of a held rate may make from window to window
FIRST: Final = 1.0 / 16.0  # of the longest window, right after a jump
GROWS, SHRINKS = 2.0, 0.25  # at most, from one window to the next


class Pace:
    """Chooses windows from how much rates changed in the last one; the choice is made beforehand, never taken back.

    Parameters
    ----------
    longest : s
    finer : float
        Windows are so many times shorter than they would be.
    """

    def __init__(self, longest: float, finer: float = 1.0) -> None:
        self.longest = longest / finer
        self.change = CHANGE / finer
        self.windows = 0
        self.largest_change = 0.0
        self._wish = FIRST * self.longest
        self._rates: Array | None = None

    def jump(self) -> None:
        """Something outside changes: begin again with a short window."""
        self._wish, self._rates = FIRST * self.longest, None

    def next(self, left: float) -> float:
        """Length of the next window, s: ``left`` is shared evenly, so that none is a sliver."""
        parts = max(1, int(np.ceil(left / min(self._wish, self.longest) - 1e-9)))
        return left / parts

    def learn(self, rates: Array, window: float) -> None:
        """Note the rates that held in a window."""
        self.windows += 1
        if self._rates is None:
            self._wish = window * GROWS if self.windows > 1 else window
        else:
            size = np.maximum(np.abs(rates), np.abs(self._rates))
            moved = np.abs(rates - self._rates)[size > 0.0] / size[size > 0.0]
            change = float(moved.max(initial=0.0))
            self.largest_change = max(self.largest_change, change)
            self._wish = window * float(np.clip(self.change / change if change > 0.0 else GROWS, SHRINKS, GROWS))
        self._rates = rates
