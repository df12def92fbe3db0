"""What is worth a look where nobody said: quantities and fields that change, and the axis along which they do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.tissue.view import Tissue

Array = NDArray[np.float64]
DOSE: Final = "taken_up:"
AROUND: Final = "around:"
COUNTED: Final = ("released:", DOSE, AROUND)
FREE: Final = "free:"
MOST: Final = 2  # of each kind


def quantities(tissues: Sequence[Tissue], levels: Collection[str] = (), most: int = MOST) -> list[str]:
    """States, then signals, that change or differ most (in their own measure), then the largest dose of vesicles.

    ``levels`` are the signals that a model names; all plain quantities if there are none.
    """
    phenotypes = frozenset[str]().union(*(one.states for one in tissues))
    states, signals, doses = {}, {}, {}
    for name in known(tissues, "quantities"):
        is_plain = name in levels if levels else ":" not in name and name != "alive"
        if not (is_plain or name in phenotypes or name.startswith(DOSE)):
            continue
        spread, top = _spread(tissue.values(name, frame) for tissue in tissues if name in tissue.quantities
                               for frame in _ends(tissue.cell_times.size))
        if name.startswith(DOSE):
            doses[name] = top
        elif spread > 0.0:
            (states if name in phenotypes else signals)[name] = spread / max(top, 1e-300)
    return [*_largest(states, most), *_largest(signals, most), *_largest(doses, 1)]


def fields(tissues: Sequence[Tissue], most: int = MOST) -> list[str]:
    """Vesicles, then factors, that vary most in space or time; cargo on the way is left out."""
    vesicles, factors = {}, {}
    for name in known(tissues, "species"):
        if name.startswith(FREE) and "/" in name:
            continue
        spread, top = _spread(tissue.density(name, frame) for tissue in tissues if name in tissue.species
                               for frame in _ends(tissue.field_times.size))
        if top > 0.0 and spread > 1e-9 * top:
            (vesicles if name.startswith(FREE) else factors)[name] = top if name.startswith(FREE) else spread / top
    return [*_largest(vesicles, most), *_largest(factors, most)]


def known(tissues: Sequence[Tissue], what: str) -> dict[str, object]:
    """Names of all arms, in order of first appearance; ``what`` is ``quantities`` or ``species``."""
    found: dict[str, object] = {}
    for tissue in tissues:
        for name, one in getattr(tissue, what).items():
            found.setdefault(name, one)
    return found


def levels_in(summary: Mapping[str, Any]) -> frozenset[str]:
    """Names of signals of cells, and of levels of networks, in a ``summary.json``."""
    return frozenset(str(name) for arm in summary.get("arms", {}).values() for cell in arm.get("cells", {}).values()
                     for name in cell.get("signals", {}))


def axis_of(tissues: Sequence[Tissue]) -> int:
    """The axis along which fields vary most at the end, in their own measure; the longest one where none does."""
    size = tissues[0].size
    spread = np.zeros(3)
    for tissue in tissues:
        if not tissue.field_times.size:
            continue
        for name in fields([tissue]):
            density = tissue.density(name, tissue.field_times.size - 1)
            mean = float(density.mean())
            for axis in range(3):
                layers = np.moveaxis(density, 2 - axis, 0).reshape(density.shape[2 - axis], -1).mean(axis=1)
                spread[axis] += float(layers.var()) / mean**2 if mean > 0.0 else 0.0
    if spread.max() > 1e-6:
        return int(np.argmax(spread))
    return int(np.argmax(size))


def frames(times: Array, count: int) -> list[int]:
    """Indices of up to ``count`` times, evenly spread, the last one among them; not the start, where all is at rest."""
    if times.size <= 1:
        return list(range(times.size))
    wanted = np.linspace(times[0], times[-1], count + 1)[1:]
    return list(dict.fromkeys(int(np.argmin(np.abs(times - one))) for one in wanted))


def _ends(count: int) -> list[int]:
    """First, middle and last."""
    return sorted({0, count // 2, count - 1}) if count else []


def _spread(values: Iterable[Array]) -> tuple[float, float]:
    """Highest less lowest, and the highest size; one array is held at a time."""
    low, high = np.inf, -np.inf
    for one in values:
        some = one[np.isfinite(one)]
        if some.size:
            low, high = min(low, float(some.min())), max(high, float(some.max()))
    return (high - low, max(abs(low), abs(high))) if high >= low else (0.0, 0.0)


def _largest(found: Mapping[str, float], most: int) -> list[str]:
    return sorted((name for name in found if found[name] > 0.0), key=lambda name: -found[name])[:most]
