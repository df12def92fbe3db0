"""What `vesica fit uptake` says: laws, rates, EC50 nominal and delivered, and what bends the curves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vesica.analysis.kinetics import petab, petab_uptake
from vesica.analysis.kinetics.model_file import uptake_model
from vesica.analysis.kinetics.profile import Interval, words
from vesica.analysis.kinetics.release_findings import scatter
from vesica.analysis.kinetics.release_tables import standardised
from vesica.analysis.kinetics.uptake import UptakeFit, best_of, consumed_share, fit_all, plateau, units_of
from vesica.analysis.kinetics.uptake_data import UptakeData
from vesica.analysis.lab import Field, LabOutcome, Table
from vesica.analysis.numbers import number
from vesica.errors import Finding
from vesica.library import internal, load
from vesica.transport.diffusion import still_column_share, stokes_einstein

HOUR = 3600.0
SPENT = 0.05  # share of the dose above which a constant dose is no longer a fair description


@dataclass(frozen=True)
class Delivery:
    """How much of the dose comes near the cells.

    Parameters
    ----------
    mixing : "stirred", "still" or "unknown"
    share : of the dose by the longest time, at most; 1 where stirred
    depth : mm, of a still column
    diameter : nm, of the EVs
    """

    mixing: str
    share: float
    depth: float | None = None
    diameter: float | None = None


@dataclass(frozen=True, eq=False)
class UptakeStudy:
    """Everything that was found."""

    data: UptakeData
    fits: dict[str, UptakeFit]
    best: UptakeFit
    delivery: Delivery
    outcome: LabOutcome

    def files(self, cell: str) -> dict[str, bytes]:
        """The PEtab problem, and the model file where fitted numbers map onto the model."""
        model = uptake_model(self.data, self.best, cell)
        return {
            **petab.files(petab_uptake.petab_problem(self.data, self.best)),
            **({} if model is None else {"model.yaml": model}),
        }


def delivery_of(data: UptakeData, *, stirred: bool, depth: float | None, diameter: float | None) -> Delivery:
    """What a still column lets through by the longest time, from the numbers of the library for medium.

    Parameters
    ----------
    data : UptakeData
    stirred : bool
    depth : mm, of a still medium; None where unknown
    diameter : nm; the library's median of exosomes where None
    """
    if stirred or depth is None:
        return Delivery("stirred" if stirred else "unknown", 1.0)
    entries = load("cns").entries
    size = diameter if diameter is not None else 1e3 * internal(entries["ilv.diameter.median"], "um")[0]
    spread = stokes_einstein(
        internal(entries["medium.temperature"], "K")[0],
        internal(entries["medium.viscosity"], "Pa*s")[0],
        size / 1e3,
    )
    share = still_column_share(spread, 1e3 * depth, HOUR * float(data.time.max()))
    return Delivery("still", share, depth, size)


def study(data: UptakeData, delivery: Delivery) -> UptakeStudy:
    """Fit all laws, choose by AICc, and say what the plateau is."""
    fits = fit_all(data)
    best = best_of(fits, counted=data.is_counted)
    cause = plateau(data, fits)
    share = consumed_share(data, best)
    most = None if share is None else float(np.nanmax(share))
    headline = (*_headline(data, best, delivery), *verdict(data, cause, most), _delivery_words(delivery))
    outcome = LabOutcome(
        "uptake",
        "Uptake of EVs by dose and time",
        headline,
        (_rates(data, best, delivery), _laws(data, fits, best), _readings(data, best)),
        _summary(data, fits, best, delivery, cause, most),
        (*data.findings, *_findings(data, best, delivery)),
        () if data.provenance is None else (data.provenance,),
    )
    return UptakeStudy(data, fits, best, delivery, outcome)


def _headline(data: UptakeData, best: UptakeFit, delivery: Delivery) -> list[str]:
    lines = [f"The law `{best.law.words}` describes {data.signal.size} readings best (AICc)."]
    if best.half is not None and best.half_interval is not None:
        text = (
            f"EC50 (half of the sites taken): {number(best.half)} particles per cell, nominal "
            f"(95 % interval {words(best.half_interval, '', number)})"
        )
        if delivery.mixing == "still":
            text += (
                f"; at most {number(best.half * delivery.share)} delivered "
                f"({words(best.half_interval.scaled(delivery.share), '', number)})"
            )
        elif delivery.mixing == "stirred":
            text += "; in stirred medium the same is delivered"
        lines.append(text + ".")
        largest = float(data.per_cell.max())
        if best.half > largest:
            lines.append(
                f"It lies above the largest dose ({number(largest)} particles per cell): it is extrapolated."
            )
    return lines


def verdict(data: UptakeData, cause: str, most: float | None) -> list[str]:
    """What bends the curves, and whether these data can tell."""
    lines = [
        {
            "none": "Nothing bends the curves: uptake is proportional to dose and time, as far as was measured.",
            "saturation": "Saturation explains the plateau: laws without it fit worse (AICc), depletion is not needed.",
            "depletion": "Depletion explains the plateau: the dose is used up; saturation is not needed (AICc).",
            "both": "Saturation and depletion are both needed to explain the curves (AICc).",
            "undecided": "Saturation or depletion explains the plateau: either alone will do.",
        }[cause]
    ]
    # particles that are counted say themselves how much of the dose is gone
    if np.unique(np.round(data.density, 6)).size == 1 and cause != "none" and not data.is_counted:
        doses = np.unique(data.dose[data.dose > 0]).size
        confounded = "with one dose they cannot be told apart" if doses == 1 else "they are partly confounded"
        lines.append(
            f"All wells had {number(float(data.density[0]))} cells per mL: saturation and depletion both bend a curve, "
            f"and {confounded} at one density of cells. Measure a second density: depletion moves with it, "
            "saturation does not."
        )
    if most is not None:
        start = "If the dose was used up, cells" if cause == "undecided" else "By this law cells"
        lines.append(f"{start} hold up to {number(100 * most)} % of the dose.")
    elif not data.is_counted:
        lines.append(
            f"The signal (in {data.unit}) does not count particles, so the share of the dose that was consumed is "
            "not known: calibrate with `--per-particle`."
        )
    return lines


def _delivery_words(delivery: Delivery) -> str:
    if delivery.mixing == "stirred":
        return "Medium stirred: the delivered dose is the nominal one."
    if delivery.mixing == "still":
        return (
            f"Medium still, {number(delivery.depth or 0)} mm deep: diffusion brings at most "
            f"{number(100 * delivery.share)} % of {number(delivery.diameter or 0)} nm EVs to the cells in this time."
        )
    return "Whether the medium was stirred is not known: less than the nominal dose may be delivered (`--depth 2 mm`)."


def _rates(data: UptakeData, best: UptakeFit, delivery: Delivery) -> Table:
    fields = (
        Field("quantity"),
        Field("value"),
        Field("low", "", "profile likelihood, 95 %"),
        Field("high"),
        Field("unit"),
        Field("interval"),
    )
    units = units_of(data)
    rows = [
        (
            name.replace("_", " "),
            float(best.fit.values[i]),
            *_cells(best.intervals[name]),
            units[name],
            words(best.intervals[name], "", number),
        )
        for i, name in enumerate(best.fit.problem.names)
    ]
    if best.half is not None and best.half_interval is not None:
        rows.append(
            (
                "EC50, nominal",
                best.half,
                *_cells(best.half_interval),
                "particle/cell",
                words(best.half_interval, "", number),
            )
        )
        if delivery.mixing != "unknown":
            scaled = best.half_interval.scaled(delivery.share)
            rows.append(
                (
                    "EC50, delivered (at most)",
                    best.half * delivery.share,
                    *_cells(scaled),
                    "particle/cell",
                    words(scaled, "", number),
                )
            )
    return Table("rates", f"Rates by the law: {best.law.words}", fields, tuple(rows))


def _cells(interval: Interval) -> tuple[float, float | None]:
    return interval.low, None if interval.open_high else interval.high


def _laws(data: UptakeData, fits: dict[str, UptakeFit], best: UptakeFit) -> Table:
    fields = (
        Field("law"),
        Field("parameters", "", "free numbers, with the scale of the error"),
        Field("aicc"),
        Field("difference", "", "AICc above the chosen law"),
        Field("ec50", "particle/cell", "nominal"),
        Field("remark"),
    )
    rows = []
    for one in fits.values():
        remark = "chosen" if one.law == best.law else ""
        if data.is_counted and not one.law.consumes:
            remark = "not eligible: counted particles are missing in the medium"
        rows.append(
            (
                one.law.words,
                one.fit.problem.n_free,
                one.fit.aicc,
                one.fit.aicc - best.fit.aicc,
                one.half,
                remark,
            )
        )
    return Table("laws", "Laws of uptake", fields, tuple(rows))


def _readings(data: UptakeData, best: UptakeFit) -> Table:
    unit = data.unit
    fields = (
        Field("dose", "particle/cell", "nominal"),
        Field("dose_concentration", "particle/mL"),
        Field("time", "h"),
        Field("replicate"),
        Field("net_signal", unit),
        Field("control", unit, "that was subtracted"),
        Field("control_error", unit),
        Field("fitted", unit),
        Field("residual", "", "in units of the error of one reading"),
        Field("consumed", "", "share of the dose that cells hold, by the fit"),
    )
    fitted = best.fit.problem.predict(best.fit.values[None])[0]
    residual, share = standardised(best.fit), consumed_share(data, best)
    rows = tuple(
        (
            float(data.per_cell[i]),
            float(data.dose[i]),
            float(data.time[i]),
            data.replicate[i] if data.replicate else "",
            float(data.signal[i]),
            float(data.control[i]),
            float(data.control_error[i]),
            float(fitted[i]),
            float(residual[i]),
            None if share is None or not math.isfinite(share[i]) else float(share[i]),
        )
        for i in range(data.signal.size)
    )
    return Table("readings", "Readings and fit", fields, rows)


def _summary(
    data: UptakeData,
    fits: dict[str, UptakeFit],
    best: UptakeFit,
    delivery: Delivery,
    cause: str,
    most: float | None,
) -> dict[str, object]:
    units = units_of(data)
    half = None
    if best.half is not None and best.half_interval is not None:
        half = {
            "nominal": best.half,
            "unit": "particle/cell",
            **_json(best.half_interval),
            "delivered": None if delivery.mixing == "unknown" else best.half * delivery.share,
        }
    return {
        "law": best.law.key,
        "plateau": cause,
        "consumed_share": most,
        "ec50": half,
        "subtracted": data.subtracted or None,
        "surface_share_4C": data.surface_share,
        "delivery": {
            "mixing": delivery.mixing,
            "share": None if delivery.mixing == "unknown" else delivery.share,
            "depth_mm": delivery.depth,
            "diameter_nm": delivery.diameter,
        },
        "rates": {
            name: {"value": float(best.fit.values[i]), "unit": units[name], **_json(best.intervals[name])}
            for i, name in enumerate(best.fit.problem.names)
        },
        "sigma": best.fit.sigma,
        "laws": {
            key: {
                "aicc": one.fit.aicc if math.isfinite(one.fit.aicc) else None,
                "log_likelihood": one.fit.log_likelihood,
                "parameters": one.fit.problem.n_free,
            }
            for key, one in fits.items()
        },
    }


def _json(interval: Interval) -> dict[str, object]:
    low, high = _cells(interval)
    return {"low": low, "high": high, "zero_excluded": not interval.open_low}


def _findings(data: UptakeData, best: UptakeFit, delivery: Delivery) -> list[Finding]:
    file = None if data.provenance is None else data.provenance.file
    found = scatter(
        best.fit, "intervals are too narrow, or no law fits", "leave `sd` out, or look at the residuals", file
    )
    if best.half_interval is not None and best.half_interval.open_high:
        found.append(
            Finding(
                "note",
                "dose",
                "the EC50 has no upper limit",
                "it is found where doses reach saturation",
                "the doses do not bend the curve enough",
                "add larger doses",
                file=file,
            )
        )
    if data.surface_share is not None:
        found.append(
            Finding(
                "note",
                "condition",
                f"at 4 °C cells show {number(100 * data.surface_share)} % of the signal (median)",
                "in the cold EVs bind and are not internalised",
                "so much of the signal may sit on the surface",
                "subtract it with `--subtract 4C` to fit what was internalised",
                file=file,
            )
        )
    if delivery.mixing == "still" and best.law.name != "first_order":
        found.append(
            Finding(
                "note",
                "--depth",
                "the law is fitted as in stirred medium",
                "in still medium EVs reach the cells by diffusion, more slowly than they are offered",
                "early uptake is read as slow binding",
                "stir, or read the delivered EC50 as a bound",
            )
        )
    return found
