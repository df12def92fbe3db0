"""What an agreement study says: sentences, one screen, a table of every comparison."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from vesica.analysis.agreement.verdict import Comparison
from vesica.analysis.lab import Field, LabOutcome, Table, Value
from vesica.errors import Finding

KIND: Final = "agree"
_SCREEN: Final = 16  # rows; one for each pool, the worst first


@dataclass(frozen=True)
class Setting:
    """How the runs were made.

    Parameters
    ----------
    cells : by arm and cell type
    replicates : (scale,)
    alarm : false-alarm rate of the whole comparison
    """

    title: str
    scales: tuple[float, ...]
    cells: Mapping[str, Mapping[str, float]]
    replicates: tuple[int, ...]
    alarm: float


def is_agreement(comparisons: Sequence[Comparison]) -> bool:
    """Whether nothing disagrees."""
    return all(one.words != "disagrees" for one in comparisons)


def outcome(setting: Setting, comparisons: Sequence[Comparison]) -> LabOutcome:
    """Sentences, tables, plain data."""
    whole = _table(setting, comparisons)
    return LabOutcome(
        KIND, f"Whole numbers beside the mean field: {setting.title}", _headline(setting, comparisons), (whole,),
        summary(setting, comparisons), _findings(comparisons), screen=(_screen(setting, comparisons),),
    )


def summary(setting: Setting, comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Counts and settings for ``summary.json``."""
    relative = _relative(comparisons)
    return {
        "agree": is_agreement(comparisons), "fidelities": ["stochastic", "well_mixed"],
        "scales": list(setting.scales), "replicates": list(setting.replicates), "alarm": setting.alarm,
        "cells": {arm: dict(counts) for arm, counts in setting.cells.items()}, "compared": len(comparisons),
        "linear": sum(one.observable.is_exact for one in comparisons),
        "disagree": sum(one.words == "disagrees" for one in comparisons),
        "two_modes": sum(one.words == "two modes" for one in comparisons),
        "detectable": {"half": _quantile(relative, 0.5), "nine_in_ten": _quantile(relative, 0.9)},
    }


def record(setting: Setting, comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Content of ``agree.json``: every comparison with all its numbers."""
    rows = []
    for one in comparisons:
        seen = one.observable
        rows.append({
            "arm": seen.arm, "pool": seen.pool, "time": seen.time, "unit": seen.unit, "linear": seen.is_exact,
            "extensive": seen.is_extensive, "well_mixed": one.well_mixed.tolist(), "means": one.means.tolist(),
            "errors": one.errors.tolist(), "limits": one.limits.tolist(), "bias": one.bias, "second": one.second,
            "chance": one.chance, "stepping": one.stepping, "detectable": one.detectable, "verdict": one.words,
            "shares": None if one.shares is None else one.shares.tolist(),
        })
    return summary(setting, comparisons) | {"comparisons": rows}


def _relative(comparisons: Sequence[Comparison]) -> list[float]:
    """Detectable gaps as shares of the mean field, where that is not zero."""
    return sorted(one.detectable / abs(float(one.well_mixed[-1])) for one in comparisons if one.well_mixed[-1] != 0)


def _quantile(values: Sequence[float], share: float) -> float | None:
    return values[math.ceil(share * len(values)) - 1] if values else None


def _headline(setting: Setting, comparisons: Sequence[Comparison]) -> tuple[str, ...]:
    bad = sum(one.words == "disagrees" for one in comparisons)
    exact = sum(one.observable.is_exact for one in comparisons)
    modes = sum(one.words == "two modes" for one in comparisons)
    arms = len({one.observable.arm for one in comparisons})
    runs = ", ".join(f"{count} at x{scale:g}" for scale, count in zip(setting.scales, setting.replicates, strict=True))
    counts = max(setting.cells.values(), key=lambda of: sum(of.values()))
    cells = " and ".join(f"{count:g} {name}" for name, count in counts.items() if count > 0)
    said = [
        f"{bad} of {len(comparisons)} comparisons in {arms} arm{'s' * (arms != 1)} disagree" if bad else
        f"The fidelities agree in all {len(comparisons)} comparisons in {arms} arm{'s' * (arms != 1)}",
        f"Runs: {runs}; a dish of {cells}; the false-alarm rate is 1 in {1 / setting.alarm:,.0f}",
    ]
    if exact:
        said.append(f"{exact} of them are of linear chains, which must agree at every copy number; the others may "
                    "differ by b/scale + c/scale^2")
    relative = _relative(comparisons)
    if relative:
        half, most = (_percent(_quantile(relative, share) or math.nan) for share in (0.5, 0.9))
        said.append(f"A gap that does not fall would have been found with 99 % power from {half} of the mean "
                    f"field on in half of the comparisons, from {most} on in nine of ten")
    if modes:
        said.append(f"{modes} of them fall into two modes and are compared within that of the mean field")
    return tuple(f"{one}." for one in said)


def _table(setting: Setting, comparisons: Sequence[Comparison]) -> Table:
    fields = [Field("arm"), Field("pool"), Field("time", "h"), Field("unit")]
    for scale in setting.scales:
        fields += [Field(f"well_mixed_x{scale:g}"), Field(f"mean_x{scale:g}"), Field(f"error_x{scale:g}"),
                   Field(f"expected_gap_x{scale:g}")]
    fields += [Field("chance"), Field("stepping"), Field("detectable"), Field("linear"), Field("verdict")]
    rows: list[tuple[Value, ...]] = []
    for one in comparisons:
        seen, expected = one.observable, one.expected(np.array(setting.scales))
        numbers = [float(value) for four in zip(one.well_mixed, one.means, one.errors, expected, strict=True)
                   for value in four]
        rows.append((seen.arm, seen.pool, seen.time / 3600.0, seen.unit, *numbers, one.chance, one.stepping,
                     one.detectable, seen.is_exact, one.words))
    return Table("agreement", "Every comparison; amounts per cell or in the medium, over the scale", tuple(fields),
                 tuple(rows))


def worst_first(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """One comparison for each pool, the least likely one; the least likely pools first."""
    chosen: dict[str, Comparison] = {}
    for one in sorted(comparisons, key=lambda one: (one.words != "disagrees", one.chance)):
        chosen.setdefault(one.observable.pool, one)
    return list(chosen.values())


def _screen(setting: Setting, comparisons: Sequence[Comparison]) -> Table:
    fields = (Field("observable"), Field("well-mixed"), *(Field(f"gap x{scale:g}") for scale in setting.scales),
              Field(f"expected x{setting.scales[-1]:g}"), Field("verdict"))
    rows = []
    for one in worst_first(comparisons)[:_SCREEN]:
        seen = one.observable
        size = abs(float(one.well_mixed[-1]))
        gaps = [f"{_share(gap, size)} +- {_share(error, size).lstrip('+')}"
                for gap, error in zip(one.gaps, one.errors, strict=True)]
        expected = float(one.expected(np.array(setting.scales))[-1])
        rows.append((f"{seen.arm}: {seen.pool}, {seen.time / 3600.0:g} h", f"{float(one.well_mixed[-1]):.4g}", *gaps,
                     "0 (linear)" if seen.is_exact else _share(expected, size), _verdict(one)))
    pools = len({one.observable.pool for one in comparisons})
    title = f"The least likely {len(rows)} of {pools} pools; gaps of the mean +- standard error, % of well-mixed"
    return Table("screen", title, fields, tuple(rows))


def _share(value: float, size: float) -> str:
    """Per cent with a sign, or the value itself where the mean field is zero."""
    return f"{100 * value / size:+.2g}" if size > 0 else f"{value:+.2g} (absolute)"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 1.0 else f"{100 * share:,.0f} %"


def _verdict(one: Comparison) -> str:
    if one.words == "two modes" and one.shares is not None:
        return f"two modes, {one.shares[-1]:.0%} in that of the mean field"
    return one.words


def _findings(comparisons: Sequence[Comparison]) -> tuple[Finding, ...]:
    bad = [one for one in worst_first(comparisons) if one.words == "disagrees"]
    if not bad:
        return ()
    names = ", ".join(f"`{one.observable.pool}`" for one in bad[:6]) + (" ..." if len(bad) > 6 else "")
    return (Finding("error", "agree", f"the fidelities disagree about {names}",
                    "whole numbers tend to the mean field as copy numbers grow, with a gap that falls as 1/scale",
                    "one of the two is wrong, or copy numbers are too small for an expansion at the smallest scale",
                    "look at agree.json; `--scales 10,100,1000` leaves out the smallest scale and tells which"),)
