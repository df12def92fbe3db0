"""What is in the medium of a run at one time: the truth that instruments are applied to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from vesica.analysis.runs.handling import volume_then
from vesica.analysis.runs.vesicles import grid, size_law
from vesica.errors import error, nearest
from vesica.instruments.nta_forward import Population
from vesica.results import Results
from vesica.spec.vocabulary import origins_made
from vesica.units import factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

UM3_PER_ML: Final = 1e12
NM_PER_UM: Final = 1e3


@dataclass(frozen=True)
class Carried:
    """One cargo on the free vesicles of a sample: copies in the whole medium."""

    name: str
    label: str
    kind: str
    topology: str
    copies: float


@dataclass(frozen=True, eq=False)
class Sample:
    """The medium of one arm at one time.

    Parameters
    ----------
    arm : str
    time_h : h
    volume : mL
    vesicles : origin -> free vesicles in the whole medium
    populations : (origin,) Population
        Sizes in nm and concentrations in particle/mL.
    cargo : (cargo,) Carried
    solubles : name -> molecules in the whole medium
    fusions : cell type -> fusions of MVBs with the membrane, 1/s per cell, about that time
    """

    arm: str
    time_h: float
    volume: float
    vesicles: dict[str, float]
    populations: tuple[Population, ...]
    cargo: tuple[Carried, ...]
    solubles: dict[str, float]
    fusions: dict[str, float]

    @property
    def name(self) -> str:
        """``ethanol_24h``, used for files and samples."""
        return f"{self.arm}_{self.time_h:g}h"

    @property
    def concentration(self) -> float:
        """Vesicles of all origins, particle/mL."""
        return sum(self.vesicles.values()) / self.volume

    def molar(self, molecules: float) -> float:
        """Concentration in pM of a number of molecules in the medium."""
        return molecules / self.volume / UM3_PER_ML * factor("molecule/um^3", "pM")


def samples_of(
    results: Results, arms: Sequence[str] = (), times_h: Sequence[float] = ()
) -> tuple[Sample, ...]:
    """Samples of a run, arm by arm.

    Parameters
    ----------
    results : Results
        Of a completed run.
    arms : names, all where empty
    times_h : h, the end of the run where empty
        Between two outputs values are interpolated linearly.

    Raises
    ------
    InputError
        The run is not completed, an arm is unknown, a time lies outside the run.
    """
    if results.outcome != "completed":
        raise error(
            str(results.folder),
            f"the run is `{results.outcome}`",
            "samples are taken from a completed run",
            "arms or times would be missing",
            "resume the run with `vesica run MODEL --out DIR --resume`",
        )
    known = results.axes.arms
    for arm in arms:
        if arm not in known:
            raise error(
                "--arm",
                f"there is no arm `{arm}` in `{results.folder}`",
                "arms have the names of the model",
                "there is no medium to sample",
                nearest(arm, known),
            )
    last = results.axes.times[-1] / 3600
    for time in times_h:
        if not 0 <= time <= last * (1 + 1e-9):
            raise error(
                "--time",
                f"{time:g} h",
                f"the run covers 0 to {last:g} h",
                "there is no medium to sample",
                f"write a time up to `{last:g} h`",
            )
    spec = _structure(results)
    return tuple(
        _sample(results, spec, arm, time)
        for arm in dict.fromkeys(arms or known)
        for time in dict.fromkeys(times_h or (last,))
    )


def _structure(results: Results) -> dict[str, Any]:
    from vesica.spec.yaml_io import parse

    return parse(results.spec_text, str(results.folder / "spec.yaml")).data


def _sample(results: Results, spec: dict[str, Any], arm: str, time_h: float) -> Sample:
    parameters = results.parameters(arm)
    known = frozenset(results.axes.species)

    def amount(name: str) -> float:
        """Value at the time; zero where the arm does not hold the species, or rounding left less than nothing."""
        if name not in known:
            return 0.0
        times, values = results.series(arm, name)
        value = float(np.interp(time_h, times, values))
        return max(value, 0.0) if np.isfinite(value) else 0.0

    medium = results.summary["arms"][arm].get("medium")  # runs of older versions have none: nobody took any
    volume = volume_then(medium["volume_mL"], time_h) if medium else float(results.summary["domain"]["volume_mL"])
    origins = [origin for cell in spec["cells"] for origin in origins_made(cell)]
    vesicles = {origin: amount(f"medium.free:{origin}") for origin in origins}
    populations = []
    for origin in origins:
        diameter, density = grid(size_law(parameters, origin))
        populations.append(
            Population(np.array(diameter) * NM_PER_UM, np.array(density), vesicles[origin] / volume)
        )
    cargo = tuple(
        Carried(
            one["name"],
            one["label"] or one["name"],
            one["kind"],
            one["topology"],
            sum(amount(f"medium.free:{origin}/{one['name']}") for origin in origins),
        )
        for one in spec["cargo"]
    )
    solubles = {name: amount(f"medium.{name}") for name in spec["solubles"]}
    counts = results.summary["arms"][arm]["counts"]
    fusions = {}
    for origin in origins:
        if counts.get(origin, 0) > 0 and f"{origin}.fused" in known:
            times, fused = results.series(arm, f"{origin}.fused")
            fusions[origin] = _rate(times * 3600, fused, time_h * 3600)
    return Sample(arm, time_h, volume, vesicles, tuple(populations), cargo, solubles, fusions)


def _rate(time: NDArray[np.float64], count: NDArray[np.float64], at: float) -> float:
    """Slope of a counter over the output interval that ends at, or holds, a time; 1/s."""
    if time.size < 2:
        return 0.0
    right = min(max(int(np.searchsorted(time, at, side="left")), 1), time.size - 1)
    return max(float((count[right] - count[right - 1]) / (time[right] - time[right - 1])), 0.0)
