"""Make the synthetic sample files of `src/vesica/samples` from a fixed seed.

Run `python scripts/make_samples.py` in the root of the repository, or give another folder.
Vesicles are drawn one by one and then lost or measured with an error, so these files do not
share the arithmetic of `vesica.instruments` that tests check with them.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SEED = 20260721
FOLDER = Path(__file__).resolve().parent.parent / "src" / "vesica" / "samples"
MARK = f"synthetic, made by scripts/make_samples.py with seed {SEED}, nothing here was measured"

# The truth behind the size files.
MEDIAN, GSD, LOW, HIGH = 95.0, 1.45, 30.0, 1000.0  # nm
VISIBLE_DIAMETER, VISIBLE_SLOPE, TRACKING_ERROR = 65.0, 6.0, 0.1
TRUTH = (
    f"true law: log-normal with median {MEDIAN:g} nm and gsd {GSD:g} between {LOW:g} and {HIGH:g} nm; "
    f"half visible at {VISIBLE_DIAMETER:g} nm with slope {VISIBLE_SLOPE:g}; tracking error {TRACKING_ERROR:g}"
)
TRUE_TOTAL = 8e10  # particle/mL
DILUTION = 200.0
TRACKS = 4000  # true vesicles for each video

# The instrument smooths: a third of the squared tracking error is drawn as a kernel about each track.
KERNEL_SHARE = 1 / 3

# Hairpins: mean reads in control cells and in control EVs, log2 fold change by LPS in both.
MIRNAS = {
    "mmu-mir-146a": (300, 60, 5.0, 3.0),
    "mmu-mir-155": (150, 25, 4.0, 2.5),
    "mmu-mir-21a": (550, 40, 1.5, 1.0),
    "mmu-let-7b": (4500, 160, -0.3, 0.0),
    "mmu-let-7i": (700, 45, 0.0, 0.0),
    "mmu-mir-124a-1": (12, 5, 0.0, 0.0),
    "mmu-mir-223": (90, 30, 0.8, 0.5),
    "mmu-mir-132": (60, 8, 1.2, 0.0),
    "mmu-mir-181a-1": (900, 40, -0.4, 0.0),
    "mmu-mir-9-1": (25, 6, 0.0, 0.0),
}
N_BACKGROUND = 40
DISPERSION = {"cell": 0.02, "ev": 0.15}  # squared coefficient of variation between samples
DEPTH = {"cell": (1.0, 1.25, 0.9, 0.75, 0.6, 0.8), "ev": (1.0, 0.8, 1.1, 1.6, 1.5, 2.2)}


def measured_sizes(rng: np.random.Generator, count: int) -> FloatArray:
    """Draw (track,) nm: vesicles that are seen, with the part of the tracking error that is not smoothing."""
    true = np.exp(rng.normal(math.log(MEDIAN), math.log(GSD), count))
    true = true[(true >= LOW) & (true <= HIGH)]
    seen = true[rng.random(true.size) < 1.0 / (1.0 + (VISIBLE_DIAMETER / true) ** VISIBLE_SLOPE)]
    width = math.sqrt(math.log1p(TRACKING_ERROR**2) * (1 - KERNEL_SHARE))
    return seen * np.exp(rng.normal(0.0, width, seen.size))


def smoothed_counts(sizes: FloatArray, edges: FloatArray) -> FloatArray:
    """(bin,) Tracks in each bin, every track spread by the kernel of the instrument."""
    width = math.sqrt(math.log1p(TRACKING_ERROR**2) * KERNEL_SHARE)
    erf = np.frompyfunc(math.erf, 1, 1)
    log_edges = np.log(np.maximum(edges, 1e-9))
    cumulative = np.zeros(edges.size)
    for size in sizes:
        cumulative += 0.5 * (1.0 + erf((log_edges - math.log(size)) / (width * math.sqrt(2))).astype(float))
    return np.diff(cumulative)


def quantile(edges: FloatArray, counts: FloatArray, share: float) -> float:
    """Diameter below which a share of the particles lies, nm."""
    return float(np.interp(share, np.append(0.0, np.cumsum(counts)) / counts.sum(), edges))


def nanosight(rng: np.random.Generator) -> str:
    """Write an ExperimentSummary in the form of NTA 3.4, with three videos."""
    edges = np.arange(0.0, 1001.0)
    centres = edges[:-1] + 0.5
    names = [f"synthetic_ev_{index:02d}" for index in range(3)]
    tracks = [measured_sizes(rng, TRACKS) for _ in names]
    scale = TRUE_TOTAL / TRACKS
    bins = np.array([np.rint(smoothed_counts(sizes, edges) * scale) for sizes in tracks])
    totals = bins.sum(axis=1)
    means = bins @ centres / totals
    spreads = np.sqrt(
        [(centres - mean) ** 2 @ row / row.sum() for mean, row in zip(means, bins, strict=True)]
    )

    def row(label: str, values: list[str], pad: str = ",") -> str:
        return ",".join([label, *values]) + pad

    def with_average(label: str, values: FloatArray, form: str) -> str:
        error = np.std(values, ddof=1) / math.sqrt(len(values))
        return row(label, [format(value, form) for value in [*values, np.mean(values), error]])

    def same(label: str, value: str) -> str:
        return row(label, [value] * len(names))

    percentiles = [[quantile(edges, counts, share / 100) for counts in bins] for share in range(101)]
    average, error = bins.mean(axis=0), bins.std(axis=0, ddof=1) / math.sqrt(len(names))
    lines = [
        "NTA Experiment Summary File,",
        "Created with vesica make_samples in the form of NTA 3.4,",
        ",",
        "[Experiment Details],,",
        "Software Version,none: synthetic in the form of NTA 3.4,",
        "Experiment Name,synthetic_ev.nano,",
        "Operator Name,,",
        "Time Captured,,",
        f'Sample Description,"SYNTHETIC EVs: {MARK}",',
        "Pre-treatment,,",
        "Diluent,PBS,",
        f'Remarks,"{TRUTH}",',
        ",,",
        ",,,,,",
        row("Filename:", names),
        same("Processed", "Yes"),
        "",
        "[Conditions],,,,",
        same("Temperature/C", "22.000"),
        same("Viscosity/cP", "0.952941"),
        same("Camera Type", "sCMOS"),
        same("Laser Type", "Blue488"),
        same("Camera Level", "14"),
        ",,,,",
        "[Settings],,,,",
        same("Detection Threshold", "5"),
        same("Total frames analysed", "1498"),
        ",,,,",
        "[Exclusion Regions]",
        "No Exclusion Regions Used,,,,",
        "",
        row("[Results]", ["", "", "", "Average", "Standard Error"]),
        same("Dilution factor (concentrations adjusted for this factor)", f"{DILUTION:.2e}"),
        with_average("Concentration (Particles / ml)", totals, ".2e"),
        same("Concentration Upgrade?", "Yes"),
        with_average("Particles per frame", totals / DILUTION / 7e6, ".1f"),
        with_average("Centres per frame", totals / DILUTION / 7.5e6, ".1f"),
        row("Completed tracks", [str(2 * sizes.size) for sizes in tracks]),
        ",,,,,,",
        "[Concentration Warnings]",
        same("Validity of concentration measurement", "OK"),
        same("Completed Tracks", "OK"),
        same("Particles per frame", "OK"),
        same("Noise level", "No"),
        "",
        "[Information]",
        same("Concentration", "OK"),
        same("Video length", "OK"),
        same("Vibration detected", "No"),
        "",
        "[Data Included],",
        "Size distribution - Number weighting - With Percentiles,",
        ",",
        "[Size Data],,",
        "Analysis Method,FTLA,",
        "Weighting,Number,",
        row("Filename", [*names, "Average", "Standard Error"]),
        with_average("Mean", means, ".1f"),
        with_average("Mode", np.array([centres[int(counts.argmax())] for counts in bins]), ".1f"),
        with_average("SD", spreads, ".1f"),
        *[with_average(f"D{share}", np.array(percentiles[share]), ".1f") for share in (10, 50, 90)],
        row("Valid Tracks", [f"{sizes.size:.1f}" for sizes in tracks]),
        "Graph Data,",
        row(
            "Bin centre (nm)",
            ["Concentration (particles / ml)"] * 3 + ["Concentration average", "Standard Error"],
        ),
        *[
            row(f"{centre:.1f}", [f"{value:.0f}" for value in (*bins[:, i], average[i], error[i])])
            for i, centre in enumerate(centres)
        ],
        "",
        row("Percentile", ["Size (nm)"] * 3),
        *[row(str(share), [f"{value:.1f}" for value in values]) for share, values in enumerate(percentiles)],
        "",
    ]
    return "\r\n".join(lines)


def size_table(rng: np.random.Generator) -> str:
    """Mean and standard deviation of three measurements, in bins of 4 nm."""
    edges = np.arange(0.0, 801.0, 4.0)
    scale = TRUE_TOTAL / TRACKS
    bins = np.array([smoothed_counts(measured_sizes(rng, TRACKS), edges) * scale for _ in range(3)])
    lines = [
        f"# SYNTHETIC EVs: {MARK}",
        f"# {TRUTH}",
        "Particle Size (nm),Concentration (particles / ml),Stdev",
    ]
    lines += [
        f"{centre:g},{mean:.6g},{spread:.6g}"
        for centre, mean, spread in zip(
            edges[:-1] + 2.0, bins.mean(axis=0), bins.std(axis=0, ddof=1), strict=True
        )
    ]
    return "\n".join([*lines, ""])


def count_table(rng: np.random.Generator, where: str) -> str:
    """Gamma-Poisson counts of miRNA hairpins, control and LPS, three samples each."""
    column = ("cell", "ev").index(where)
    rows = dict(MIRNAS)
    means = np.exp(rng.normal(4.0, 1.5, N_BACKGROUND))
    for index, mean in enumerate(means):
        rows[f"mmu-mir-{9001 + index}"] = (mean, mean / 10, 0.0, 0.0)
    samples = [f"{group} {where}s_{repeat}" for group in ("control", "LPS") for repeat in (1, 2, 3)]
    lines = [
        f"# SYNTHETIC counts: {MARK}",
        "# mmu-mir-9001 and following do not exist",
        ",".join(["Geneid", *samples]),
    ]
    for name, values in rows.items():
        factor = 2.0 ** values[2 + column]
        expected = values[column] * np.array(DEPTH[where]) * np.array([1, 1, 1, factor, factor, factor])
        spread = rng.gamma(1 / DISPERSION[where], DISPERSION[where], expected.size)
        lines.append(",".join([name, *[str(count) for count in rng.poisson(expected * spread)]]))
    return "\n".join([*lines, ""])


def make(folder: Path) -> None:
    """Write all samples; each has a stream of its own, so that one can change without the others."""
    streams = [np.random.Generator(np.random.Philox(key=[SEED, index])) for index in range(4)]
    files = {
        "ev_nanosight34.csv": nanosight(streams[0]),
        "ev_sizes.csv": size_table(streams[1]),
        "mirna_cell_counts.csv": count_table(streams[2], "cell"),
        "mirna_ev_counts.csv": count_table(streams[3], "ev"),
    }
    for name, text in files.items():
        (folder / name).write_bytes(text.encode("ascii"))


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
