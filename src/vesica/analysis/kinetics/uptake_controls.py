"""Controls of an uptake experiment: which there are, what is subtracted, and with which error."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vesica.analysis.kinetics.least_squares import Array
from vesica.errors import Finding
from vesica.readers.columns import Columns

CONTROLS: Final[Mapping[str, tuple[str, ...]]] = {
    "dye": ("dye", "dyeonly", "freedye", "dyecontrol", "label", "labelonly"),
    "no_ev": ("noev", "noevs", "blank", "untreated", "background", "mediumonly", "pbs", "vehicle", "noparticles"),
    "4C": ("4c", "4°c", "cold", "ice", "4"),
}
_UNKNOWN_CV: Final = 0.1  # relative weight without replicates; the scale of the error is estimated from the fit
_FLOOR: Final = 1e-3  # of the largest net signal: no reading weighs without limit


@dataclass(frozen=True, eq=False)
class Rows:
    """All rows of a table, treated cells and controls.

    Parameters
    ----------
    kinds : (row,) a control, or the condition as written
    dose : (row,) particle/mL
    density : (row,) cell/mL
    time : (row,) h
    signal : (row,) in the unit of the table
    sd : (row,) or None
    """

    kinds: tuple[str, ...]
    dose: Array
    density: Array
    time: Array
    signal: Array
    sd: Array | None

    def of(self, kind: str) -> list[int]:
        """Places of one kind."""
        return [i for i, one in enumerate(self.kinds) if one == kind]

    def same(self, i: int, j: int, *, any_dose: bool = False) -> bool:
        """Whether two rows have the same time and dose."""
        return math.isclose(self.time[i], self.time[j]) and (
            any_dose or math.isclose(self.dose[i], self.dose[j], rel_tol=1e-6)
        )


def folded(word: str) -> str:
    """A word without case, blanks and dashes."""
    return re.sub(r"[\s_\-]+", "", word).lower()


def kind_of(word: str) -> str:
    """The control that a condition names, or the condition itself."""
    plain = folded(word)
    return next((control for control, names in CONTROLS.items() if plain in names), word)


def choice(table: Columns, kinds: Sequence[str], subtract: str) -> str:
    """The control to subtract, or empty."""
    present = set(kinds) & set(CONTROLS)
    if subtract == "none":
        return ""
    if subtract == "auto":
        return next((name for name in ("dye", "no_ev") if name in present), "")
    if subtract not in present:
        raise table.refuse(
            None,
            f"`--subtract {subtract}`, and no row has this condition",
            "a control is measured in the same experiment",
            "there is nothing to subtract",
            f"the table holds {', '.join(sorted(present)) or 'no controls'}; or `--subtract none`",
        )
    return subtract


def controls(
    table: Columns, rows: Rows, chosen: str, kept: Sequence[int]
) -> tuple[Array, Array, float, list[Finding]]:
    """(kept,) mean and standard error of the control of each row; noise of one control reading."""
    if not chosen:
        return np.zeros(len(kept)), np.zeros(len(kept)), 0.0, [_no_control(table)]
    own = rows.of(chosen)
    noise, known = _scatter(
        [(float(rows.dose[i]), float(rows.time[i])) for i in own],
        rows.signal[own],
        None if rows.sd is None else rows.sd[own],
    )
    notes = [] if known else [_bare_control(table, chosen)]
    mean, error = np.zeros(len(kept)), np.zeros(len(kept))
    for place, i in enumerate(kept):
        matched = [j for j in own if rows.same(i, j, any_dose=chosen == "no_ev")]
        if not matched and chosen == "no_ev":
            matched = own
        if not matched:
            raise table.refuse(
                table.rows[i],
                f"no `{chosen}` control at this dose and time",
                f"`{chosen}` is subtracted at the same dose and time, because it grows with both",
                "the net signal would be too high",
                f"measure it, or `--subtract {'no_ev' if 'no_ev' in rows.kinds else 'none'}`",
            )
        mean[place] = float(rows.signal[matched].mean())
        error[place] = noise / math.sqrt(len(matched))
    return mean, error, noise, notes


def _no_control(table: Columns) -> Finding:
    return Finding(
        "warning",
        "condition",
        "no control is subtracted",
        "autofluorescence and free dye read as uptake",
        "rates and EC50 hold for the gross signal",
        "measure cells without EVs (`no_ev`) and a dye control (`dye`)",
        file=table.text.file,
    )


def _bare_control(table: Columns, chosen: str) -> Finding:
    return Finding(
        "note",
        "condition",
        f"the control `{chosen}` has no replicates and no sd",
        "its error is passed on to the net signal",
        "it counts as exact here",
        "measure the control in replicates",
        file=table.text.file,
    )


def _scatter(groups: Sequence[tuple[float, ...]], values: Array, sd: Array | None) -> tuple[float, bool]:
    """Pooled standard deviation of one reading, and whether it could be found."""
    if sd is not None:
        return float(np.sqrt((sd**2).mean())), True
    squares, freedom = 0.0, 0
    for group in set(groups):
        inside = values[[one == group for one in groups]]
        squares += float(((inside - inside.mean()) ** 2).sum())
        freedom += inside.size - 1
    return (math.sqrt(squares / freedom), True) if freedom else (0.0, False)


def weights(
    rows: Rows, kept: Sequence[int], net: Array, error: Array, noise: float
) -> tuple[Array, bool, list[Finding]]:
    """(kept,) Standard deviations, whether their scale is known, and notes."""
    own = list(kept)
    if rows.sd is not None:
        return np.sqrt(rows.sd[own] ** 2 + error**2), True, []
    gross = rows.signal[own]
    groups = list(zip(rows.dose[own], rows.time[own], rows.density[own], strict=True))
    mean_net, mean_gross = np.empty(net.size), np.empty(net.size)
    for group in set(groups):
        inside = np.array([one == group for one in groups])
        mean_net[inside], mean_gross[inside] = net[inside].mean(), gross[inside].mean()
    relative, known = _scatter(groups, gross / np.where(mean_gross > 0, mean_gross, 1.0), None)
    notes = []
    if not known:
        notes.append(
            Finding(
                "note",
                "replicate",
                "no dose and time was measured twice",
                "replicates say how precise a reading is",
                "readings are weighted as if all had the same relative error, whose size the fit gives",
                "add replicates or a column `sd`",
            )
        )
        relative = _UNKNOWN_CV
    floor = _FLOOR * float(np.abs(net).max())
    return np.sqrt((relative * mean_net) ** 2 + error**2 + noise**2 + floor**2), False, notes


def surface_share(rows: Rows, chosen: str, kept: Sequence[int]) -> float | None:
    """Share of the net signal that cells show at 4 °C, where they bind and do not internalise."""
    blank = rows.of(chosen) if chosen and chosen != "4C" else []
    base = float(rows.signal[blank].mean()) if blank and chosen == "no_ev" else 0.0
    shares = []
    for i in rows.of("4C"):
        treated = [j for j in kept if rows.same(i, j)]
        if chosen == "dye":
            matched = [j for j in blank if rows.same(i, j)]
            base = float(rows.signal[matched].mean()) if matched else 0.0
        top = float(rows.signal[treated].mean()) if treated else base
        if top > base:
            shares.append((float(rows.signal[i]) - base) / (top - base))
    return float(np.median(shares)) if shares else None
