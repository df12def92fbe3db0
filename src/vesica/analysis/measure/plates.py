"""ELISA and Simoa plates of a run: standards, samples, and what is read off the curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vesica.analysis.measure.sample import Sample
from vesica.analysis.measure.types import REMARK, Measured, Order, Reading, note
from vesica.analysis.plates.curve import Level, StandardCurve, fit, noise_of
from vesica.instruments import constants, elisa
from vesica.instruments.files.plate import Well, write_plate
from vesica.instruments.four_parameter import FloatArray, concentration_error
from vesica.rng import stream

PROTEINS: Final = frozenset({"receptor", "ligand", "protein"})
DUPLICATE: Final = 2
STANDARDS: Final = 7
PER_PLATE: Final = 40  # pairs of wells beside two columns of standards
PG_PER_G: Final = 1e12
_Wells = Callable[..., FloatArray]


@dataclass(frozen=True)
class _Kind:
    """An assay and how it is called."""

    name: str
    head: str
    wells: _Wells
    top_standard: float  # pM
    factor: float  # between standards


@dataclass(frozen=True)
class _Analyte:
    """One protein in all samples: pM, and whether it sits on vesicles."""

    name: str
    on_vesicles: bool
    unit: str
    per_pm: float  # units per pM
    levels: tuple[float, ...]  # (sample,) pM


def measure_plates(name: str) -> Callable[[Sequence[Sample], Order], Measured]:
    """The measurement by ``elisa`` or ``simoa``."""

    def measure(samples: Sequence[Sample], order: Order) -> Measured:
        found = Measured()
        analytes = _analytes(samples, order)
        if not analytes:
            found.findings.append(
                note(
                    "note",
                    name,
                    "the run holds no protein cargo and no soluble protein",
                    "an immunoassay reads proteins",
                    "no plate is written",
                    "add cargo to the model",
                )
            )
        for analyte in analytes:
            _measure_analyte(name, analyte, samples, order, found)
        return found

    return measure


def _analytes(samples: Sequence[Sample], order: Order) -> list[_Analyte]:
    found = []
    for place, cargo in enumerate(samples[0].cargo):
        if cargo.kind in PROTEINS:
            levels = tuple(sample.molar(sample.cargo[place].copies) for sample in samples)
            found.append(_Analyte(cargo.name, cargo.topology == "membrane", "pM", 1.0, levels))
    for soluble in samples[0].solubles:
        levels = tuple(sample.molar(sample.solubles[soluble]) for sample in samples)
        entry = order.library.solubles.get(soluble)
        if entry is None:
            found.append(_Analyte(soluble, False, "pM", 1.0, levels))
        else:
            mass = constants.reader(order.library)(entry.molar_mass, "g/mol")
            picogram = mass * PG_PER_G * 1e-12 * 1e-3  # 1 pM = 1e-15 mol/mL
            found.append(_Analyte(soluble, False, "pg/mL", picogram, levels))
    return found


def _measure_analyte(
    name: str, analyte: _Analyte, samples: Sequence[Sample], order: Order, found: Measured
) -> None:
    assay, kind, high = _assay(name, order)
    detection, quantification = assay.limits
    capture = assay.relative_capture if analyte.on_vesicles else 1.0
    jobs = [
        (sample, replicate, level)
        for sample, level in zip(samples, analyte.levels, strict=True)
        for replicate in range(1, order.replicates + 1)
    ]
    for plate, first in enumerate(range(0, len(jobs), PER_PLATE), start=1):
        rng = stream(order.seed, f"{name} {analyte.name}", plate)
        standards = np.repeat(
            elisa.standard_series(kind.top_standard, steps=STANDARDS, factor=kind.factor), DUPLICATE
        )
        signals = kind.wells(standards, assay, on_vesicles=False, rng=rng)
        wells = _standard_wells(standards, signals, analyte.per_pm)
        taken = []
        for _, _, level in jobs[first : first + PER_PLATE]:
            dilution = elisa.operator_dilution(level * capture, quantification, high)
            read = kind.wells(
                np.full(DUPLICATE, level / dilution), assay, on_vesicles=analyte.on_vesicles, rng=rng
            )
            taken.append((dilution, read))
        curve = _curve(standards, signals, [read for _, read in taken])
        for (sample, replicate, level), (dilution, read) in zip(jobs[first : first + PER_PLATE], taken, strict=True):
            wells += [
                Well("sample", f"{sample.name}_r{replicate}", float(one), float(dilution)) for one in read
            ]
            value, error, words = _read_off(read, curve, detection, kind)
            scale = analyte.per_pm * dilution
            found.readings.append(
                Reading(
                    name,
                    sample.name,
                    replicate,
                    analyte.name,
                    analyte.unit,
                    level * analyte.per_pm,
                    level * capture * analyte.per_pm,
                    None if value is None else value * scale,
                    None if error is None else error * scale,
                    words,
                )
            )
        remarks = [REMARK, f"analyte {analyte.name}"]
        found.files[f"{name}/{analyte.name}_plate{plate}.csv"] = write_plate(
            wells, unit=analyte.unit, signal=kind.head, remarks=remarks
        )
    found.truth[analyte.name] = {
        "unit": analyte.unit,
        "on_vesicles": analyte.on_vesicles,
        "relative_capture": capture,
        "limit_of_detection": detection * analyte.per_pm,
        "limit_of_quantification": quantification * analyte.per_pm,
        "concentration": {
            sample.name: level * analyte.per_pm for sample, level in zip(samples, analyte.levels, strict=True)
        },
    }


def _assay(name: str, order: Order) -> tuple[elisa.ElisaAssay | elisa.SimoaAssay, _Kind, float]:
    """The assay of the library, how it is called, and the highest level (pM) an operator dilutes to."""
    if name == "elisa":
        optical = constants.elisa(order.library)
        half = optical.curve.half
        return optical, _Kind(name, "signal (OD)", elisa.elisa_wells, half * 8, 4.0), half * 2
    digital = constants.simoa(order.library)
    kind = _Kind(name, "signal (AEB)", elisa.simoa_wells, digital.highest * 0.9, 4.0)
    return digital, kind, digital.highest / 2


def _standard_wells(standards: FloatArray, signals: FloatArray, per_pm: float) -> list[Well]:
    """Standards and blanks in the first two columns, replicates side by side."""
    order = [*range(0, standards.size, DUPLICATE), *range(1, standards.size, DUPLICATE)]
    return [
        Well(
            "blank" if standards[at] == 0 else "standard",
            "blank" if standards[at] == 0 else "standard",
            float(signals[at]),
            1.0,
            float(standards[at] * per_pm),
        )
        for at in order
    ]


def _curve(standards: FloatArray, signals: FloatArray, samples: Sequence[FloatArray]) -> StandardCurve:
    """The curve that `vesica plate` fits to the same wells."""
    pairs = {float(at): tuple(signals[standards == at].tolist()) for at in np.unique(standards)}
    blanks = pairs.pop(0.0)
    levels = [Level(at, (), pair) for at, pair in pairs.items()]
    return fit(levels, blanks, noise_of([*pairs.values(), *(tuple(read.tolist()) for read in samples)], blanks))


def _read_off(
    signal: FloatArray, curve: StandardCurve, detection: float, kind: _Kind
) -> tuple[float | None, float | None, str]:
    """Concentration (pM) of a pair of wells, its standard error, or why there is none."""
    mean = signal.mean(keepdims=True)
    value = float(curve.curve.concentration(mean)[0])
    if value > kind.top_standard or (np.isnan(value) and mean[0] > curve.curve.bottom):
        return None, None, "above standards"
    if np.isnan(value) or value < detection:
        return None, None, f"below LOD ({detection:.2g} pM)"
    spread = curve.noise.sd(mean) / np.sqrt(signal.size)
    return value, float(concentration_error(np.array([value]), spread, curve.curve, curve.covariance)[0]), ""
