"""Draws of a number from its range: the same draw for the same name, in every study and command."""

from __future__ import annotations

import math

from vesica.rng import stream


def position(seed: int, entry: str, number: int) -> float:
    """Where in its range an entry lies in a draw, in [0, 1)."""
    return float(stream(seed, f"draw {entry}", number).random())


def between(low: float, high: float, at: float) -> float:
    """Value at a position of a range: log-uniform, or uniform where the lower bound is zero."""
    return low * math.exp(at * math.log(high / low)) if low > 0 else low + at * (high - low)
