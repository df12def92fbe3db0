"""Holds what a run says vesicles carry against what the user's count tables say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from vesica.analysis.runs.vesicles import cargo_per_vesicle
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import Arm, Measurement, ResolvedModel

TWO_SIDED: Final = 1.959963984540054  # standard normal quantile of 97.5 %


def held_against(model: ResolvedModel, runs: Mapping[str, ArmRun], measurement: Measurement) -> list[dict[str, Any]]:
    """Predicted and measured change of a cargo in vesicles, one row for each treated arm.

    An untreated arm has no exposure, no dose and no changed number; a treated one differs
    from it by exposures alone. Empty where the measurement is not one of cargo.
    """
    measured = measurement.details.get("ev_fold")
    cell, _, cargo = measurement.key.partition(".")
    untreated = next((run for run in runs.values() if _plain(run.arm) and not run.arm.exposures), None)
    if not isinstance(measured, float) or untreated is None:
        return []
    spread = 2.0 ** (TWO_SIDED * float(measurement.details["ev_log2_se"]))  # type: ignore[arg-type]
    was_input = measurement.details.get("used") == "measured"
    rows = []
    for name, run in runs.items():
        if not run.arm.exposures or not _plain(run.arm):
            continue
        here, there = (_copies(model, one, cell, cargo) for one in (run, untreated))
        if here and there:
            ratio = here / there
            agrees = measured / spread <= ratio <= measured * spread
            rows.append({"arm": name, "against": untreated.arm.name, "cargo": cargo, "predicted": ratio,
                         "measured": measured, "low": measured / spread, "high": measured * spread,
                         "agrees": agrees, "was_input": was_input,
                         "words": _words(cargo, name, ratio, measured, spread, agrees=agrees, was_input=was_input)})
    return rows


def _plain(arm: Arm) -> bool:
    return not (arm.doses or arm.factors or arm.values or arm.inhibitions)


def _copies(model: ResolvedModel, run: ArmRun, cell: str, cargo: str) -> float:
    return cargo_per_vesicle(model, run).get(cell, {}).get(cargo, {}).get("mean", 0.0)


def _words(cargo: str, arm: str, ratio: float, measured: float, spread: float, *, agrees: bool, was_input: bool) -> str:
    label = cargo.replace("_", "-")
    verdict = "inside" if agrees else "outside"
    kind = "Round trip" if was_input else "Prediction"
    return (f"{kind}: {label} per vesicle in arm `{arm}` changes {ratio:.3g}-fold; the count table of vesicles says "
            f"{measured:.3g}-fold (95 % interval {measured / spread:.2g} to {measured * spread:.2g}): {verdict} it.")
