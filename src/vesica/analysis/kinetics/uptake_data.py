"""Uptake by dose and time: the table as written, with its controls subtracted."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vesica.analysis.kinetics.least_squares import Array
from vesica.errors import Finding, nearest
from vesica.readers.columns import Columns, read_columns
from vesica.readers.text import PathLike, Provenance

PER_CELL: Final = "particle/cell"
CONTROLS: Final[Mapping[str, tuple[str, ...]]] = {
    "dye": ("dye", "dyeonly", "freedye", "dyecontrol", "label", "labelonly"),
    "no_ev": (
        "noev",
        "noevs",
        "blank",
        "untreated",
        "background",
        "mediumonly",
        "pbs",
        "vehicle",
        "noparticles",
    ),
    "4C": ("4c", "4°c", "cold", "ice", "4"),
}
_KNOWN: Final = {
    "dose": ("concentration", "particles per cell"),
    "time": ("hours", "t"),
    "signal": ("taken up", "uptake", "mfi", "fluorescence", "intensity", "particles taken up"),
    "condition": ("arm", "group", "control"),
    "replicate": ("well", "dish", "sample"),
    "cells": ("cell number", "cell count", "number of cells"),
    "volume": ("medium volume",),
    "sd": ("standard deviation", "error"),
}
_UNKNOWN_CV: Final = (
    0.1  # relative weight without replicates; the scale of the error is estimated from the fit
)
_FLOOR: Final = 1e-3  # of the largest net signal: no reading weighs without limit


@dataclass(frozen=True, eq=False)
class UptakeData:
    """Net signals of one condition.

    Parameters
    ----------
    dose : (row,) particle/mL at the start
    density : (row,) cell/mL
    time : (row,) h
    signal : (row,) net
    weight : (row,) standard deviation, or a relative one where ``scale_is_known`` is false
    scale_is_known : bool
    unit : unit of the signal; ``particle/cell`` counts particles, others are arbitrary
    dose_unit : as written
    subtracted : the control that was subtracted, or empty
    control : (row,) mean of the control that was subtracted
    control_error : (row,) its standard error
    volume : mL of the first row
    surface_share : share of the signal that cells also show at 4 °C, or None
    replicate : (row,) str
    findings, provenance
    """

    dose: Array
    density: Array
    time: Array
    signal: Array
    weight: Array
    scale_is_known: bool
    unit: str
    dose_unit: str
    subtracted: str
    control: Array
    control_error: Array
    volume: float
    surface_share: float | None = None
    replicate: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    provenance: Provenance | None = None

    @property
    def is_counted(self) -> bool:
        """Whether the signal counts particles."""
        return self.unit == PER_CELL

    @property
    def per_cell(self) -> Array:
        """(row,) Nominal dose in particle/cell."""
        return self.dose / self.density


def read_uptake(
    path: PathLike,
    *,
    cells: float | None = None,
    volume: float | None = None,
    subtract: str = "auto",
    condition: str | None = None,
    per_particle: float | None = None,
) -> UptakeData:
    """Read a table of dose, time and signal, and subtract its control.

    Parameters
    ----------
    path : table with the columns dose, time and signal
    cells, volume : cell, mL, optional
        Where the table has no columns for them.
    subtract : "auto", "dye", "no_ev", "4C" or "none"
        The control; ``auto`` takes the dye, else the cells without EVs.
    condition : str, optional
        Which of several treated conditions to fit.
    per_particle : signal units per particle of one cell, optional
        Turns an arbitrary signal into particles per cell.

    Raises
    ------
    InputError
        Units missing, a negative dose or time, no cells or volume, a control that does not match.
    """
    table = read_columns(path, known=_KNOWN, required=("dose", "time", "signal"))
    time = table.numbers("time", "h", low=0.0)
    kinds, kept = _conditions(table, condition)
    n_cells = _positive(
        table, "cells", "cell" if table.has("cells") and table.unit("cells") else "", cells, "--cells 1e5"
    )
    volumes = _positive(table, "volume", "mL", volume, "--volume 0.5 mL")
    density = n_cells / volumes
    dose, dose_unit = _dose(table, density)
    unit, signal, sd = _signals(table, per_particle)
    chosen = _choice(table, kinds, subtract)
    mean, error, noise, notes = _controls(table, kinds, chosen, dose, time, signal, sd, kept)
    net = signal[kept] - mean
    weight, known, more = _weights(
        dose[kept],
        time[kept],
        density[kept],
        signal[kept],
        net,
        error,
        noise,
        None if sd is None else sd[kept],
    )
    data = UptakeData(
        dose[kept],
        density[kept],
        time[kept],
        net,
        weight,
        known,
        unit,
        dose_unit,
        chosen,
        mean,
        error,
        float(volumes[kept[0]]),
        _surface(kinds, chosen, dose, time, signal, kept),
        tuple(table.words("replicate")[i] if table.has("replicate") else "" for i in kept),
        (*notes, *more),
        table.provenance,
    )
    _enough(table, data)
    return data


def _folded(word: str) -> str:
    return re.sub(r"[\s_\-]+", "", word).lower()


def _conditions(table: Columns, wanted: str | None) -> tuple[tuple[str, ...], list[int]]:
    """(row,) Kind of each row (a control, or the condition as written), and the rows that are fitted."""
    size = len(table)
    words = table.words("condition") if table.has("condition") else ("",) * size
    alias = {name: control for control, names in CONTROLS.items() for name in names}
    kinds = tuple(alias.get(_folded(word), word) for word in words)
    treated = list(dict.fromkeys(kind for kind in kinds if kind not in CONTROLS))
    if not treated:
        raise table.refuse(
            None,
            "all rows are controls",
            "the table holds cells that were given EVs",
            "there is nothing to fit",
            f"rows of {', '.join(CONTROLS)} are controls; name the others otherwise",
        )
    if wanted is not None and wanted not in treated:
        raise table.refuse(
            None,
            f"there is no condition `{wanted}`",
            "one condition of the table is fitted",
            "there is nothing to fit",
            nearest(wanted, treated),
        )
    if wanted is None and len(treated) > 1:
        raise table.refuse(
            None,
            f"there are {len(treated)} conditions: {', '.join(f'`{one}`' for one in treated)}",
            "one condition is fitted at a time; controls are named " + ", ".join(f"`{c}`" for c in CONTROLS),
            "their rates would be mixed",
            f"choose one: `--condition {treated[0] or treated[1]}`",
        )
    chosen = treated[0] if wanted is None else wanted
    return kinds, [i for i in range(size) if kinds[i] == chosen]


def _positive(table: Columns, name: str, unit: str, given: float | None, option: str) -> Array:
    if not table.has(name):
        if given is None:
            raise table.refuse(
                None,
                f"there is no column `{name}`, and no option for it",
                f"the dose per cell, and what is left of it, need the {name}",
                "saturation and a used-up dose could not be told apart",
                f"add a column `{name}{' (mL)' if name == 'volume' else ''}`, or `{option}`",
            )
        return np.full(len(table), given)
    values = table.numbers(name, unit)
    for row, value in zip(table.rows, values, strict=True):
        if value <= 0.0:
            raise table.refuse(
                row,
                f"`{name}` is {value:g}",
                "it is above zero",
                "the dose per cell has no meaning",
                "correct the row",
            )
    return values


def _dose(table: Columns, density: Array) -> tuple[Array, str]:
    """(row,) particle/mL, and the unit that was written."""
    unit = table.unit("dose")
    try:
        per_cell = (
            table.numbers("dose", PER_CELL, low=0.0, allow_empty=True) if "cell" in unit.lower() else None
        )
        dose = (
            per_cell * density
            if per_cell is not None
            else np.array(table.numbers("dose", "particle/mL", low=0.0, allow_empty=True))
        )
    except Exception as failure:
        if re.search(r"\b[unmµμ]?g\b", unit):
            raise table.refuse(
                None,
                f"the dose is in `{unit}`",
                "a dose counts particles",
                "protein per volume is not a number of EVs (purity differs between preparations)",
                "measure particles, and write `dose (particle/cell)` or `dose (particle/mL)`",
            ) from failure
        raise
    return np.nan_to_num(dose), PER_CELL if per_cell is not None else "particle/mL"


def _signals(table: Columns, per_particle: float | None) -> tuple[str, Array, Array | None]:
    unit = table.unit("signal") or "a.u."
    signal = table.numbers("signal", None)
    sd = table.numbers("sd", None, allow_empty=True) if table.has("sd") else None
    if sd is not None:
        for row, value in zip(table.rows, sd, strict=True):
            if not value > 0.0:
                raise table.refuse(
                    row,
                    f"`sd` is {value:g}",
                    "a standard deviation is above zero for every reading",
                    "the reading would outweigh all others",
                    "correct it, or remove the column",
                )
    if _folded(unit) in {
        "particle/cell",
        "particles/cell",
        "ev/cell",
        "evs/cell",
        "vesicle/cell",
        "vesicles/cell",
    }:
        unit = PER_CELL
    elif per_particle is not None:
        unit, signal = PER_CELL, signal / per_particle
        sd = None if sd is None else sd / per_particle
    return unit, np.array(signal), None if sd is None else np.array(sd)


def _choice(table: Columns, kinds: Sequence[str], subtract: str) -> str:
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


def _controls(
    table: Columns,
    kinds: Sequence[str],
    chosen: str,
    dose: Array,
    time: Array,
    signal: Array,
    sd: Array | None,
    kept: Sequence[int],
) -> tuple[Array, Array, float, list[Finding]]:
    """(kept,) mean and standard error of the control of each row; noise of one control reading."""
    file, notes = table.text.file, []
    if not chosen:
        notes.append(
            Finding(
                "warning",
                "condition",
                "no control is subtracted",
                "autofluorescence and free dye read as uptake",
                "rates and EC50 hold for the gross signal",
                "measure cells without EVs (`no_ev`) and a dye control (`dye`)",
                file=file,
            )
        )
        return np.zeros(len(kept)), np.zeros(len(kept)), 0.0, notes
    rows = [i for i, kind in enumerate(kinds) if kind == chosen]
    noise, known = _scatter(
        [(float(dose[i]), float(time[i])) for i in rows], signal[rows], None if sd is None else sd[rows]
    )
    if not known:
        notes.append(
            Finding(
                "note",
                "condition",
                f"the control `{chosen}` has no replicates and no sd",
                "its error is passed on to the net signal",
                "it counts as exact here",
                "measure the control in replicates",
                file=file,
            )
        )
    mean, error = np.zeros(len(kept)), np.zeros(len(kept))
    for place, i in enumerate(kept):
        matched = [
            j
            for j in rows
            if math.isclose(time[j], time[i])
            and (chosen == "no_ev" or math.isclose(dose[j], dose[i], rel_tol=1e-6))
        ]
        if not matched and chosen == "no_ev":
            matched = rows
        if not matched:
            raise table.refuse(
                table.rows[i],
                f"no `{chosen}` control at this dose and time",
                f"`{chosen}` is subtracted at the same dose and time, because it grows with both",
                "the net signal would be too high",
                f"measure it, or `--subtract {'no_ev' if 'no_ev' in kinds else 'none'}`",
            )
        mean[place] = float(signal[matched].mean())
        error[place] = noise / math.sqrt(len(matched))
    return mean, error, noise, notes


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


def _weights(
    dose: Array,
    time: Array,
    density: Array,
    gross: Array,
    net: Array,
    error: Array,
    noise: float,
    sd: Array | None,
) -> tuple[Array, bool, list[Finding]]:
    """(row,) Standard deviations, whether their scale is known, and notes."""
    if sd is not None:
        return np.sqrt(sd**2 + error**2), True, []
    groups = list(zip(dose, time, density, strict=True))
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


def _surface(
    kinds: Sequence[str], chosen: str, dose: Array, time: Array, signal: Array, kept: Sequence[int]
) -> float | None:
    """Share of the net signal that cells show at 4 °C, where they bind and do not internalise."""
    cold = [i for i, kind in enumerate(kinds) if kind == "4C"]
    blank = [i for i, kind in enumerate(kinds) if kind == chosen] if chosen and chosen != "4C" else []
    base = float(signal[blank].mean()) if blank and chosen == "no_ev" else 0.0
    shares = []
    for i in cold:
        same = [
            j for j in kept if math.isclose(time[j], time[i]) and math.isclose(dose[j], dose[i], rel_tol=1e-6)
        ]
        if chosen == "dye":
            matched = [
                j
                for j in blank
                if math.isclose(time[j], time[i]) and math.isclose(dose[j], dose[i], rel_tol=1e-6)
            ]
            base = float(signal[matched].mean()) if matched else 0.0
        if same and float(signal[same].mean()) > base:
            shares.append((float(signal[i]) - base) / (float(signal[same].mean()) - base))
    return float(np.median(shares)) if shares else None


def _enough(table: Columns, data: UptakeData) -> None:
    times = np.unique(data.time[data.time > 0.0])
    doses = np.unique(data.dose[data.dose > 0.0])
    if not doses.size or not times.size or times.size * doses.size < 3:
        raise table.refuse(
            None,
            f"{doses.size} doses at {times.size} times",
            "a fit needs three pairs of dose and time",
            "every law passes through fewer",
            "measure at least three doses, or three times",
        )
    if not (data.signal > 0.0).any():
        raise table.refuse(
            None,
            "no net signal is above zero",
            f"the control `{data.subtracted}` is below the signal",
            "nothing was taken up, or the control is wrong",
            "check the control, or `--subtract none`",
        )
