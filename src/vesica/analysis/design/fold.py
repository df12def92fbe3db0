"""How many replicates show an x-fold change: exact for log-normal scatter, no model needed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from vesica.analysis.design.assays import log_sd
from vesica.analysis.design.power import needed, welch_power
from vesica.analysis.lab import Field, LabOutcome, Table
from vesica.analysis.numbers import number, percent
from vesica.errors import error
from vesica.instruments import constants
from vesica.library import Library


@dataclass(frozen=True)
class FoldStudy:
    """Power by scatter.

    Parameters
    ----------
    fold : change asked about
    powers : (N - 1) for 2 ... N replicates of each group, by name of the scatter
    variations : coefficient of variation by name
    """

    fold: float
    error: float
    power: float
    most: int
    variations: Mapping[str, float]
    powers: Mapping[str, tuple[float, ...]]

    def needed(self, name: str) -> int | None:
        """Replicates of each group, or None."""
        return needed(self.powers[name], self.power)


def study(fold: float, variations: Mapping[str, float], error_rate: float, power: float, most: int,
          library: Library) -> FoldStudy:
    """Power of Welch's test of logarithms, treated against control.

    Parameters
    ----------
    variations : relative standard deviation between replicates by name; the library's without any
    most : replicates of each group

    Raises
    ------
    InputError
        No change, or fewer than two replicates.
    """
    if not (fold > 0 and math.isfinite(fold)) or abs(math.log(fold)) < 1e-3:
        raise error("--fold", f"`--fold {fold:g}`", "a change is a factor above zero other than 1",
                    "no number of replicates shows it", "write `--fold 1.8`, or 0.5 for a half")
    if most < 2:
        raise error("--replicates", f"`--replicates {most}`", "there are at least two replicates of every group",
                    "their scatter could not be seen, and nothing be tested", "write `--replicates 12`")
    if not 0 < error_rate < 0.5 or not error_rate < power < 1:
        raise error("--power", f"a power of {power:g} at an error of {error_rate:g}",
                    "the error is below 50 %, the power between the error and 100 %", "no experiment would be planned",
                    "write `--error 5% --power 80%`")
    value = constants.reader(library)
    known = dict(variations) or {
        "cultures of one experiment": value("design.culture.cv", ""),
        "laboratories, liposomes (Vogel 2016)": value("design.laboratories.cv_liposomes_Vogel16", ""),
        "laboratories, plasma EVs (Vogel 2016)": value("design.laboratories.cv_plasma_Vogel16", ""),
    }
    powers = {name: tuple(welch_power(math.log(fold), (log_sd(cv), log_sd(cv)), n, error_rate)
                          for n in range(2, most + 1)) for name, cv in known.items()}
    return FoldStudy(fold, error_rate, power, most, known, powers)


def outcome(found: FoldStudy) -> LabOutcome:
    """Sentences and tables."""
    said = []
    for name, cv in found.variations.items():
        n = found.needed(name)
        enough = f"{n} replicates of each group" if n else f"more than {found.most} replicates of each group"
        said.append(f"{name}, {percent(cv)} between replicates: {enough} for a power of {percent(found.power)}; 3 have "
                    f"{percent(found.powers[name][1])}." if found.most >= 3 else f"{name}, {percent(cv)}: {enough}.")
    fields = (Field("scatter"), Field("cv", "", "relative standard deviation"),
              Field("replicates", "", "of each group"))
    rows = tuple((name, cv, found.needed(name)) for name, cv in found.variations.items())
    curve = tuple((name, n, power) for name in found.powers for n, power in enumerate(found.powers[name], 2))
    tables = (Table("needed", "Replicates of each group", fields, rows),
              Table("power", "Power by replicates", (Field("scatter"), Field("replicates"), Field("power")), curve))
    summary = {"fold": found.fold, "error": found.error, "power_asked": found.power, "needed": tables[0].records()}
    title = f"How many replicates show a {number(found.fold)}-fold change at an error of {percent(found.error)}?"
    return LabOutcome("fold", title, tuple(said), tables, summary, screen=tables[:1])
