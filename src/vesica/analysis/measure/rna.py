"""RT-qPCR and small-RNA sequencing of the samples of a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from vesica.analysis.measure.sample import Carried, Sample
from vesica.analysis.measure.types import REMARK, Measured, Order, Reading, note
from vesica.instruments import constants, qpcr, sequencing
from vesica.instruments.files.counts import write_counts, write_samples
from vesica.instruments.files.qpcr import SPIKE, Reaction, write_reactions
from vesica.instruments.nta_response import FloatArray
from vesica.rng import stream

TRIPLICATE: Final = 3
STANDARD_COPIES: Final = tuple(10.0**power for power in range(8, 1, -1))
RNA: Final = frozenset({"mirna", "mrna"})


def measure_qpcr(samples: Sequence[Sample], order: Order) -> Measured:
    """RT-qPCR of every RNA cargo, with a spike-in: reactions in triplicate, standards in duplicate."""
    assay = constants.qpcr(order.library)
    found = Measured()
    targets = [place for place, cargo in enumerate(samples[0].cargo) if cargo.kind in RNA]
    if not targets:
        found.findings.append(
            note(
                "note",
                "qpcr",
                "the run holds no RNA cargo",
                "PCR reads RNA",
                "no plate is written",
                "add RNA to the cargo of the model",
            )
        )
    for place in targets:
        _measure_target(place, samples, order, assay, found)
    return found


def _measure_target(
    place: int, samples: Sequence[Sample], order: Order, assay: qpcr.QpcrAssay, found: Measured
) -> None:
    target = samples[0].cargo[place].label
    standards = np.repeat(np.array(STANDARD_COPIES), 2)
    reactions: list[Reaction] = []
    lines = {}
    for name in (target, SPIKE):
        cycles = qpcr.standard_wells(
            standards, assay, stream(order.seed, f"qpcr standards {target}", name == SPIKE)
        )
        lines[name] = qpcr.standard_line(standards, cycles)
        reactions += [
            Reaction(f"standard {copies:.0e}", name, "standard", float(cycle), float(copies))
            for copies, cycle in zip(standards, cycles, strict=True)
        ]
    for sample in samples:
        per_ml = sample.cargo[place].copies / sample.volume
        for replicate in range(1, order.replicates + 1):
            name = f"{sample.name}_r{replicate}"
            rng = stream(order.seed, f"qpcr {target} {name}", 0)
            recovery = qpcr.draw_recovery(assay, rng)
            cycles = qpcr.wells_of(
                per_ml * assay.input_volume, assay, recovery=recovery, wells=TRIPLICATE, rng=rng
            )
            spike = qpcr.wells_of(assay.spike_copies, assay, recovery=recovery, wells=TRIPLICATE, rng=rng)
            reactions += [Reaction(name, target, "unknown", float(cycle)) for cycle in cycles]
            reactions += [Reaction(name, SPIKE, "spike-in", float(cycle)) for cycle in spike]
            copies, _ = qpcr.sample_copies(cycles, spike, lines[target], lines[SPIKE], assay)
            relative = _relative_error(cycles, spike, lines[target], lines[SPIKE])
            read, error = copies / assay.input_volume, copies / assay.input_volume * relative
            found.readings.append(_reading(sample, replicate, target, per_ml, read, error, cycles))
    reactions += [Reaction("no template", name, "no template", math.nan) for name in (target, SPIKE)]
    remarks = [
        REMARK,
        f"{assay.input_volume:g} mL extracted, {assay.spike_copies:.3g} copies of {SPIKE} added to each",
    ]
    found.files[f"qpcr/{samples[0].cargo[place].name}.csv"] = write_reactions(reactions, remarks=remarks)
    found.truth[target] = {
        "copies_per_mL": {sample.name: sample.cargo[place].copies / sample.volume for sample in samples},
        "efficiency": assay.efficiency,
        "input_mL": assay.input_volume,
        "spike_copies": assay.spike_copies,
    }


def _relative_error(
    target: FloatArray, spike: FloatArray, target_line: qpcr.StandardLine, spike_line: qpcr.StandardLine
) -> float:
    """Relative standard error of spike-corrected copies: replicate wells and standard lines of both assays."""
    square = 0.0
    for cycles, line in ((target, target_line), (spike, spike_line)):
        copies = line.copies(cycles)
        mean = float(copies.mean())
        if mean > 0:
            square += copies.var(ddof=1) / copies.size / mean**2 + line.relative_error(mean) ** 2
    return math.sqrt(square)


def _reading(
    sample: Sample, replicate: int, target: str, per_ml: float, read: float, error: float, cycles: FloatArray
) -> Reading:
    detected = int(np.isfinite(cycles).sum())
    words = "" if detected == cycles.size else f"{detected} of {cycles.size} wells detected"
    return Reading(
        "qpcr",
        sample.name,
        replicate,
        target,
        "copies/mL",
        per_ml,
        per_ml,
        read if detected else None,
        error if detected else None,
        words,
    )


def measure_sequencing(samples: Sequence[Sample], order: Order) -> Measured:
    """A count matrix: the miRNA of the model among the other small RNA of the vesicles."""
    library = constants.sequencing(order.library, order.depth)
    value = constants.reader(order.library)
    kinds = round(value("sequencing.other.kinds", ""))
    others = sequencing.other_rna(
        kinds, value("sequencing.other.log_spread", ""), stream(order.seed, "other RNA", 0)
    )
    per_vesicle = value("sequencing.other.copies_per_ev", "copy/EV")
    own = [place for place, cargo in enumerate(samples[0].cargo) if cargo.kind == "mirna"]
    names = (*(samples[0].cargo[place].label for place in own), *sequencing.names_of_other(kinds))
    found, columns, sheet = Measured(), [], {}
    for sample in samples:
        copies = np.concatenate(
            [
                np.array([sample.cargo[place].copies for place in own]),
                others * per_vesicle * sum(sample.vesicles.values()),
            ]
        )
        share = sequencing.shares(copies)
        for replicate in range(1, order.replicates + 1):
            name = f"{sample.name}_r{replicate}"
            rng = stream(order.seed, f"sequencing {name}", 0)
            depth = sequencing.draw_depth(library, rng)
            counts = sequencing.counts(share, depth=depth, dispersion=library.dispersion, rng=rng)
            columns.append(counts)
            sheet[name] = {
                "arm": sample.arm,
                "time (h)": sample.time_h,
                "replicate": replicate,
                "reads": int(counts.sum()),
            }
            found.readings.extend(
                _read_share(
                    sample, replicate, sample.cargo[place], counts, at, float(share[at]), library.dispersion
                )
                for at, place in enumerate(own)
            )
        found.truth[sample.name] = {
            "share": {names[at]: float(share[at]) for at in range(len(own))},
            "copies": {names[at]: float(copies[at]) for at in range(len(own))},
        }
    found.files["sequencing/counts.csv"] = write_counts(names, list(sheet), np.stack(columns, axis=1))
    found.files["sequencing/samples.csv"] = write_samples(sheet)
    return found


def _read_share(
    sample: Sample,
    replicate: int,
    cargo: Carried,
    counts: FloatArray,
    at: int,
    share: float,
    dispersion: float,
) -> Reading:
    total = int(counts.sum())
    if total == 0:
        return Reading(
            "sequencing",
            sample.name,
            replicate,
            cargo.label,
            "reads per million",
            share * 1e6,
            share * 1e6,
            None,
            None,
            "no reads: the sample holds no RNA",
        )
    reads = counts.astype(float)
    # unbiased for the negative binomial variance of each count; the share's error by the delta method
    variances = (reads + dispersion * reads**2) / (1 + dispersion)
    rest = variances.sum() - variances[at]
    part = float(reads[at]) / total
    error = math.sqrt(float((1 - part) ** 2 * variances[at] + part**2 * rest)) / total
    return Reading(
        "sequencing",
        sample.name,
        replicate,
        cargo.label,
        "reads per million",
        share * 1e6,
        share * 1e6,
        part * 1e6,
        error * 1e6,
    )
