"""Uptake by dose and time: the table as written, with its controls subtracted."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from vesica.analysis.kinetics.least_squares import Array
from vesica.analysis.kinetics.release_data import positive
from vesica.analysis.kinetics.uptake_controls import (
    CONTROLS,
    Rows,
    choice,
    controls,
    folded,
    kind_of,
    surface_share,
    weights,
)
from vesica.analysis.numbers import number
from vesica.errors import Finding, nearest
from vesica.readers.columns import Columns, read_columns
from vesica.readers.text import PathLike, Provenance

PER_CELL: Final = "particle/cell"
FEWEST: Final = 4  # readings; one rate and the scale of the error leave two
_TOO_MANY: Final = 1.2  # times the dose: beyond the error of a count
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
    rows = Rows(kinds, dose, density, time, signal, sd)
    chosen = choice(table, kinds, subtract)
    mean, error, noise, notes = controls(table, rows, chosen, kept)
    net = signal[kept] - mean
    weight, known, more = weights(rows, kept, net, error, noise)
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
        surface_share(rows, chosen, kept),
        tuple(table.words("replicate")[i] if table.has("replicate") else "" for i in kept),
        (*notes, *more),
        table.provenance,
    )
    _enough(table, data)
    return replace(data, findings=(*data.findings, *_doubts(table, data)))


def _conditions(table: Columns, wanted: str | None) -> tuple[tuple[str, ...], list[int]]:
    """(row,) Kind of each row (a control, or the condition as written), and the rows that are fitted."""
    size = len(table)
    words = table.words("condition") if table.has("condition") else ("",) * size
    kinds = tuple(kind_of(word) for word in words)
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
    return positive(table, name, unit, "the dose per cell has no meaning")


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
    if folded(unit) in {
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


def _enough(table: Columns, data: UptakeData) -> None:
    times = np.unique(data.time[data.time > 0.0])
    doses = np.unique(data.dose[data.dose > 0.0])
    pairs = len({(d, t) for d, t in zip(data.dose, data.time, strict=True) if d > 0.0 and t > 0.0})
    if pairs < 3 or data.signal.size < FEWEST:
        raise table.refuse(
            None,
            f"{doses.size} {'dose' if doses.size == 1 else 'doses'} at {times.size} "
            f"{'time' if times.size == 1 else 'times'}, {data.signal.size} readings",
            f"a fit needs three pairs of dose and time, and {FEWEST} readings",
            "every law passes through fewer",
            "measure more doses, times or replicates",
        )
    if not (data.signal > 0.0).any():
        raise table.refuse(
            None,
            "no net signal is above zero",
            f"the control `{data.subtracted}` is below the signal" if data.subtracted else "cells take something up",
            "nothing was taken up, or the control is wrong",
            "check the control, or `--subtract none`" if data.subtracted else "check the column `signal`",
        )
    if np.ptp(data.signal) <= 1e-9 * float(np.abs(data.signal).max()):
        raise table.refuse(
            None,
            "all net signals are the same",
            "what cells take up depends on dose and time",
            "rates of any size describe it",
            "check the column `signal`",
        )


def _doubts(table: Columns, data: UptakeData) -> list[Finding]:
    """Warn of signals that fall, and of more particles in cells than were given."""
    found = []
    slopes = [_slope(along, data.signal, across) for along, across in
              ((data.time, data.dose), (data.dose, data.time))]
    if max(slopes) <= 0.0:
        found.append(
            Finding(
                "warning",
                "signal",
                "the net signal rises neither with dose nor with time",
                "uptake begins at zero and rises with both",
                "the fitted rates describe no uptake",
                "check that the columns are not exchanged; bleaching and cell death lower a signal, too",
                file=table.text.file,
            )
        )
    given = np.where(data.dose > 0.0, data.per_cell, np.inf)
    over = np.flatnonzero(data.signal > _TOO_MANY * given) if data.is_counted else np.zeros(0, dtype=int)
    if over.size:
        worst = int(over[np.argmax(data.signal[over] / given[over])])
        found.append(
            Finding(
                "warning",
                "signal",
                f"{over.size} readings hold more particles than were given, up to "
                f"{number(data.signal[worst] / given[worst])} times the dose",
                "a cell holds at most its share of the dose",
                "dose, signal or number of cells is wrong, and so are the rates",
                "check the calibration (`--per-particle`), the dose, `cells` and `volume`",
                file=table.text.file,
            )
        )
    return found


def _slope(along: Array, signal: Array, across: Array) -> float:
    """Mean covariance of the signal with one axis, at the same place of the other."""
    parts = [across == one for one in np.unique(across)]
    return float(sum(((along[at] - along[at].mean()) * signal[at]).sum() / (along[at].max() or 1.0) for at in parts))
