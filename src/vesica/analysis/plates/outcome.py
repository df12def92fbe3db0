"""What `vesica plate` says: sentences, tables and plain data of one plate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from vesica.analysis.lab import Field, LabOutcome, Table
from vesica.analysis.plates.curve import variation
from vesica.analysis.plates.study import IN_RANGE, Plate, per
from vesica.errors import error, nearest
from vesica.instruments.four_parameter import PARAMETERS
from vesica.readers.columns import read_columns
from vesica.readers.text import PathLike, Provenance

_AMOUNTS = {"sample": ("name",), "particles": ("particle concentration", "concentration"), "cells": ("cell count",),
            "volume": ("medium", "medium volume")}


def read_amounts(path: PathLike) -> tuple[dict[str, dict[str, float]], Provenance]:
    """Particles, cells and volumes by sample, from a table with a column `sample`.

    Raises
    ------
    InputError
        A column without its unit, a cell that is no number.
    """
    columns = read_columns(path, known=_AMOUNTS, required=("sample",))
    units = {"particles": "particle/mL", "cells": "cell", "volume": "mL"}
    found: dict[str, dict[str, float]] = {name: {} for name in columns.words("sample")}
    for name, unit in units.items():
        if columns.has(name):
            given = columns.unit(name)
            wanted = "1/mL" if name == "particles" and given.startswith("1/") else unit
            wanted = "" if name == "cells" and not given else wanted
            for sample, value in zip(columns.words("sample"), columns.numbers(name, wanted, allow_empty=True, low=0.0),
                                     strict=True):
                found[sample][name] = float(value)
    return found, columns.provenance


def refuse_strangers(amounts: Mapping[str, Mapping[str, float]], plate: Plate, path: PathLike) -> None:
    """Refuse amounts of a sample that the plate does not have: a misspelt name would be ignored unseen.

    Raises
    ------
    InputError
        A sample of the table is not on the plate.
    """
    known = [one.name for one in plate.samples]
    for name in amounts:
        if name not in known:
            raise error("--amounts", f"`{name}` is no sample of the plate", "samples have the names of the layout",
                        "its amounts would belong to nothing", nearest(name, known), file=str(path))


def outcome(plate: Plate, amounts: Mapping[str, Mapping[str, float]] | None = None,
            sources: tuple[Provenance, ...] = ()) -> LabOutcome:
    """Everything a plate says, as tables and sentences."""
    ratios = per(plate.samples, amounts or {})
    curve = plate.curve
    tables = (_samples(plate, ratios), _standards(plate), _dilutions(plate), _curve(plate))
    summary = {
        "unit": plate.unit,
        "curve": dict(zip(PARAMETERS, curve.curve.values, strict=True)),
        "noise": asdict(curve.noise), "misfit": curve.misfit,
        "lod": _finite(curve.lod), "loq": _finite(curve.loq), "range": [curve.lower, curve.upper],
        "samples": {one.name: {"concentration": _finite(one.concentration), "low": _finite(one.low),
                               "high": _finite(one.high), "limit": one.limit, "is_linear": one.is_linear,
                               **{f"per_{name}": _finite(value) for name, value in ratios[one.name].items()}}
                    for one in plate.samples},
    }
    found = (plate.reading.provenance, *sources)
    findings = tuple(one.located(plate.reading.provenance.file, None) for one in plate.findings)
    return LabOutcome("plate", "Concentrations from a plate", _headline(plate), tables, summary, findings, found)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _headline(plate: Plate) -> tuple[str, ...]:
    curve = plate.curve
    read = sum(not one.limit for one in plate.samples)
    good = sum(one.accepted for one in curve.recovered)
    limits = f"The limit of detection is {curve.lod:.3g} {plate.unit}" if math.isfinite(curve.lod) else (
        "Without blanks in replicate there is no limit of detection")
    quantified = f", of quantification {curve.loq:.3g} {plate.unit}" if math.isfinite(curve.loq) else ""
    return (
        f"{read} of {len(plate.samples)} samples are within the standards.",
        (f"{good} of {len(curve.recovered)} standards are read back within 80 to 120 %: results are given from "
         f"{curve.lower:g} to {curve.upper:g} {plate.unit} in the well."),
        f"{limits}{quantified}.",
        (f"Replicate wells differ by a CV of {curve.noise.cv:.1%} (pooled over {curve.noise.freedom} degrees of "
         "freedom)." if curve.noise.freedom else "No well was read twice."),
    )


def _per_unit(unit: str, of: str) -> str:
    return f"{unit.removesuffix('/mL')}/{of}" if unit.endswith("/mL") else f"{unit}*mL/{of}"


def _samples(plate: Plate, ratios: Mapping[str, Mapping[str, float]]) -> Table:
    names = [name for name in ("particle", "cell") if any(name in row for row in ratios.values())]
    fields = (Field("sample"), Field("concentration", plate.unit), Field("low", plate.unit, "95 % interval"),
              Field("high", plate.unit, "95 % interval"), Field("limit", plate.unit), Field("dilutions in range"),
              Field("dilutions agree"), *(Field(f"per {name}", _per_unit(plate.unit, name)) for name in names))
    rows = []
    for one in plate.samples:
        used = [f"{d.dilution:g}" for d in one.dilutions if d.flag == IN_RANGE]
        shared = [_finite(ratios[one.name].get(name, math.nan)) for name in names]
        rows.append((one.name, _finite(one.concentration), _finite(one.low), _finite(one.high), one.limit,
                     ", ".join(used), one.is_linear, *shared))
    return Table("samples", "Samples, undiluted, with 95 % intervals", fields, tuple(rows))


def _standards(plate: Plate) -> Table:
    fields = (Field("standard", plate.unit), Field("wells"), Field("signal", plate.reading.unit), Field("CV", "%"),
              Field("read back", plate.unit), Field("recovery", "%"), Field("accepted"))
    rows = tuple((one.level.concentration, ", ".join(one.level.wells), one.level.mean, _finite(100 * one.level.cv),
                  _finite(one.concentration), _finite(100 * one.recovery), one.accepted)
                 for one in plate.curve.recovered)
    return Table("standards", "Standards, read back off their own curve", fields, rows)


def _dilutions(plate: Plate) -> Table:
    fields = (Field("sample"), Field("dilution"), Field("wells"), Field("saturated"),
              Field("signal", plate.reading.unit), Field("CV", "%"), Field("in the well", plate.unit),
              Field("undiluted", plate.unit), Field("relative error", "%"), Field("flag"))
    rows = tuple(
        (one.name, one.dilution, ", ".join(one.wells), ", ".join(one.saturated), _finite(one.mean),
         _finite(100 * variation(one.signals)), *_in_range(one.flag, one.in_well, one.undiluted, one.relative_error),
         one.flag)
        for sample in plate.samples for one in sample.dilutions)
    return Table("dilutions", "Every sample at every dilution", fields, rows)


def _in_range(flag: str, in_well: float, undiluted: float, spread: float) -> tuple[float | None, ...]:
    """Beyond the standards nothing is said."""
    return (in_well, undiluted, 100 * spread) if flag == IN_RANGE else (None, None, None)


def _curve(plate: Plate) -> Table:
    curve = plate.curve
    errors = np.sqrt(np.diag(curve.covariance))
    signal = plate.reading.unit
    units = {"bottom": signal, "top": signal, "half": plate.unit, "slope": ""}
    rows = tuple((name, float(value), float(error), units[name])
                 for name, value, error in zip(PARAMETERS, curve.curve.values, errors, strict=True))
    return Table("curve", "The curve: bottom + (top - bottom)/(1 + (half/x)^slope)",
                 (Field("parameter"), Field("value"), Field("standard error"), Field("unit")), rows)
