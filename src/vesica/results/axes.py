"""What the numbers of a run are labelled with."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Final

MAY_BE_EMPTY: Final = ("parameters", "traced")


@dataclass(frozen=True)
class Axes:
    """Labels of every axis of a run, in the order of storage.

    Parameters
    ----------
    arms : (arm,)
        Names, in the order of the model.
    replicates : (replicate,)
        Numbers; replicate 999 alone is ``(999,)``.
    times : (time,) s
        Strictly increasing.
    species, species_unit, species_compartment, species_label : (species,)
        ``CELL.POOL`` (per average cell) or ``medium.POOL`` (total of the dish).
    parameters, parameter_unit : (parameter,)
        Paths of the parameters and their internal units; may be empty.
    traced : (traced,)
        Numbers of the single cells of each type that are followed in time; empty in a run of means.

    Raises
    ------
    ValueError
        Empty or repeated labels, axes of different length, times that do not increase.
    """

    arms: tuple[str, ...]
    replicates: tuple[int, ...]
    times: tuple[float, ...]
    species: tuple[str, ...]
    species_unit: tuple[str, ...]
    species_compartment: tuple[str, ...]
    species_label: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    parameter_unit: tuple[str, ...] = ()
    traced: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        casts = {"replicates": int, "times": float, "traced": int}
        for entry in fields(self):  # any sequence is taken, NumPy's too
            cast = casts.get(entry.name, str)
            object.__setattr__(self, entry.name, tuple(cast(label) for label in getattr(self, entry.name)))
        for name in ("arms", "replicates", "times", "species", "parameters", "traced"):
            labels = getattr(self, name)
            if not labels and name not in MAY_BE_EMPTY:
                msg = f"`{name}` is empty: every axis but {' and '.join(MAY_BE_EMPTY)} needs a label"
                raise ValueError(msg)
            if len(set(labels)) < len(labels):
                twice = sorted({str(label) for label in labels if labels.count(label) > 1})
                msg = f"`{name}` repeats {', '.join(twice)}: each label stands once on its axis"
                raise ValueError(msg)
        for name in ("species_unit", "species_compartment", "species_label"):
            self._same_length(name, "species")
        self._same_length("parameter_unit", "parameters")
        later = zip(self.times[1:], self.times[:-1], strict=True)
        if not all(map(math.isfinite, self.times)) or not all(b > a for b, a in later):
            msg = "`times` must be finite and strictly increasing"
            raise ValueError(msg)

    def _same_length(self, name: str, axis: str) -> None:
        if len(getattr(self, name)) != len(getattr(self, axis)):
            msg = f"`{name}` has {len(getattr(self, name))} entries for {len(getattr(self, axis))} {axis}"
            raise ValueError(msg)

    @property
    def rows(self) -> tuple[tuple[int, int], ...]:
        """All (arm, replicate) positions, arm by arm."""
        replicates = range(len(self.replicates))
        return tuple((arm, replicate) for arm in range(len(self.arms)) for replicate in replicates)

    @property
    def row_bytes(self) -> int:
        """Size of one row in memory; on the disk it is compressed."""
        return 8 * (len(self.times) * len(self.species) * (1 + len(self.traced)) + len(self.parameters))

    def named(self, row: tuple[int, int]) -> str:
        """``arm `ethanol`, replicate 0``."""
        return f"arm `{self.arms[row[0]]}`, replicate {self.replicates[row[1]]}"

    def differences(self, other: Axes) -> tuple[str, ...]:
        """Names of the fields in which two runs differ."""
        return tuple(entry.name for entry in fields(self)
                     if getattr(self, entry.name) != getattr(other, entry.name))
