"""`vesica measure`: instruments applied to a run, with the truth beside what they read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from vesica.analysis.lab import Field, LabOutcome, Table
from vesica.analysis.measure.instruments import INSTRUMENTS
from vesica.analysis.measure.sample import Sample, samples_of
from vesica.analysis.measure.types import Measured, Order, Reading
from vesica.analysis.numbers import counted
from vesica.errors import Finding, error, nearest
from vesica.results import Results
from vesica.results.files import encode

TRUTH: Final = "truth.json"


def measure(
    results: Results,
    instruments: Sequence[str],
    order: Order,
    *,
    arms: Sequence[str] = (),
    times_h: Sequence[float] = (),
) -> tuple[LabOutcome, dict[str, bytes], tuple[Reading, ...]]:
    """Apply instruments to the medium of a run.

    Parameters
    ----------
    results : Results
    instruments : names in `INSTRUMENTS`
    order : Order
    arms, times_h : as in `samples_of`

    Returns
    -------
    outcome : LabOutcome
    files : relative path -> content, ``truth.json`` among them
    readings : (reading,) Reading

    Raises
    ------
    InputError
        An unknown instrument, arm or time, or a run that is not completed.
    """
    chosen = tuple(dict.fromkeys(instruments))
    for name in chosen:
        if name not in INSTRUMENTS:
            raise error(
                "--with",
                f"there is no instrument `{name}`",
                f"instruments are {', '.join(INSTRUMENTS)}",
                "nothing would be measured",
                nearest(name, INSTRUMENTS),
            )
    if not chosen:
        raise error(
            "--with",
            "no instrument is named",
            f"instruments are {', '.join(INSTRUMENTS)}",
            "nothing would be measured",
            "write, for example, `--with nta,elisa`",
        )
    samples = samples_of(results, arms, times_h)
    measured = {name: INSTRUMENTS[name](samples, order) for name in chosen}
    readings = tuple(one for part in measured.values() for one in part.readings)
    files = {path: content for part in measured.values() for path, content in part.files.items()}
    truth = truth_of(samples, measured, order, results)
    files[TRUTH] = encode(truth)
    findings = tuple(one for part in measured.values() for one in part.findings)
    return _outcome(results, samples, measured, readings, findings, order, len(files)), files, readings


def truth_of(
    samples: Sequence[Sample], measured: dict[str, Measured], order: Order, results: Results
) -> dict[str, Any]:
    """What was really there, for ``truth.json``."""
    return {
        "format": 1,
        "run": {"title": results.summary["title"], "vesica": results.run["vesica"]},
        "seed": order.seed,
        "samples": {
            sample.name: {
                "arm": sample.arm,
                "time_h": sample.time_h,
                "volume_mL": sample.volume,
                "particles_per_mL": sample.concentration,
                "vesicles": sample.vesicles,
                "cargo_copies": {cargo.name: cargo.copies for cargo in sample.cargo},
                "soluble_molecules": sample.solubles,
                "fusions_per_cell_per_hour": {cell: rate * 3600 for cell, rate in sample.fusions.items()},
            }
            for sample in samples
        },
        "instruments": {name: part.truth for name, part in measured.items()},
    }


FIELDS: Final = (
    Field("instrument"),
    Field("sample"),
    Field("replicate"),
    Field("quantity"),
    Field("unit"),
    Field("true", "", "what the sample holds"),
    Field("expected", "", "what the instrument shows of it on average"),
    Field("read", "", "what it gave"),
    Field("standard_error", "", "of what it gave, by its own data"),
    Field("remark"),
)


def _outcome(
    results: Results,
    samples: Sequence[Sample],
    measured: dict[str, Measured],
    readings: tuple[Reading, ...],
    findings: tuple[Finding, ...],
    order: Order,
    n_files: int,
) -> LabOutcome:
    rows = tuple(
        (
            one.instrument,
            one.sample,
            one.replicate,
            one.quantity,
            one.unit,
            one.true,
            one.expected,
            one.read,
            one.error,
            one.words,
        )
        for one in readings
    )
    there = _there(samples)
    constants = _constants(order, tuple(measured))
    unread = sum(one.read is None for one in readings)
    what = f"{counted(len(samples), 'sample')} measured by {', '.join(measured)}"
    often = f"{counted(order.replicates, 'time')} each"
    headline = [f"{what}, {often}: {n_files} files. Replicates repeat the measurement, not the biology."]
    if unread:
        headline.append(
            f"{unread} of {len(readings)} readings gave nothing: below or above what the instrument can see."
        )
    summary = {
        "run": str(results.folder),
        "instruments": list(measured),
        "seed": order.seed,
        "replicates": order.replicates,
        "truth": TRUTH,
        "samples": there.records(),
        "readings": [dict(zip((one.name for one in FIELDS), row, strict=True)) for row in rows],
        "constants": constants.records(),
    }
    return LabOutcome(
        "measure",
        f"Measured: {results.summary['title']}",
        tuple(headline),
        (Table("readings", "What instruments read, beside the truth", FIELDS, rows), there, constants),
        summary,
        findings,
    )


def _there(samples: Sequence[Sample]) -> Table:
    """What the samples hold, which no instrument says."""
    return Table(
        "samples",
        "What was in the medium",
        (
            Field("sample"),
            Field("arm"),
            Field("time", "h"),
            Field("volume", "mL"),
            Field("particles", "particle/mL"),
        ),
        tuple((one.name, one.arm, one.time_h, one.volume, one.concentration) for one in samples),
    )


def _constants(order: Order, instruments: tuple[str, ...]) -> Table:
    """Entries of the library that the instruments rest on."""
    prefixes = tuple({"simoa": "elisa"}.get(name, name) + "." for name in instruments)
    fields = (
        Field("quantity"),
        Field("value"),
        Field("unit"),
        Field("low"),
        Field("high"),
        Field("confidence"),
        Field("source"),
        Field("reason"),
        Field("id"),
    )
    rows = tuple(
        (one.quantity, one.value, one.unit, one.low, one.high, one.confidence, one.source, one.reason, one.id)
        for one in order.library.entries.values()
        if one.id.startswith(prefixes)
    )
    return Table("constants", "Constants of the instruments, from the library", fields, rows)
