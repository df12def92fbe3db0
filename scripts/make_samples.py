"""Make the synthetic sample files of `src/vesica/samples` from a fixed seed.

Run `python scripts/make_samples.py` in the root of the repository, or give another folder.
Vesicles are drawn one by one and then lost or measured with an error, so the numbers in these files do
not share the arithmetic of the response of `vesica.instruments` that tests check with them; only the layout of
the files is that of its writers.
"""

from __future__ import annotations

import math
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesica.instruments.files import (
    NanosightMeasurement,
    Tracks,
    VideoReading,
    ZetaviewMeasurement,
    write_nanosight,
    write_pack,
    write_zetaview,
)

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
TRACKS, FEW = 4000, 1500  # true vesicles for each video
EDGES = np.arange(0.0, 1001.0)  # nm

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


def video(name: str, sizes: FloatArray, per_track: float, dilution: float, **more: object) -> VideoReading:
    """One video from the sizes of its tracks; a track counts for ``per_track`` particles in each mL of sample."""
    bins = smoothed_counts(sizes, EDGES) * per_track
    seen = bins.sum() / dilution  # particle/mL in the chamber
    return VideoReading(name, bins, 2 * sizes.size, sizes.size, seen / 7e6, seen / 7.5e6, **more)  # type: ignore[arg-type]


def experiment(videos: list[VideoReading], dilution: float | None, name: str, **more: object) -> NanosightMeasurement:
    """Videos with a sample name and remarks that call them synthetic."""
    words = {"sample": "SYNTHETIC EVs", "diluent": "PBS", "remarks": f"{MARK}; {TRUTH}", **more}
    return NanosightMeasurement(tuple(videos), dilution, experiment=f"{name}.nano", **words)  # type: ignore[arg-type]


def nanosight(rng: np.random.Generator) -> bytes:
    """NTA 3.4 with three videos."""
    tracks = [measured_sizes(rng, TRACKS) for _ in range(3)]
    videos = [
        video(f"synthetic_ev_{index:02d}", sizes, TRUE_TOTAL / TRACKS, DILUTION)
        for index, sizes in enumerate(tracks)
    ]
    return write_nanosight(experiment(videos, DILUTION, "synthetic_ev"))


def autosampler(rng: np.random.Generator) -> bytes:
    """NTA 3.2 from an autosampler: no averages, and the dilution only in the name of the file and the sample."""
    dilution = 100.0
    videos = [
        video(f"synthetic_d100_{index:02d}", measured_sizes(rng, FEW), TRUE_TOTAL / dilution / FEW, 1.0)
        for index in range(3)
    ]
    made = experiment(videos, None, "synthetic_d100", sample="SYNTHETIC EVs d100")
    return write_nanosight(made, version="3.2", averages=False)


def unreliable(rng: np.random.Generator) -> bytes:
    """NTA 3.3 with three videos, the last of which the instrument calls unreliable: it lost half of its particles."""
    dilution = 400.0
    flags = {"validity": "Unreliable", "noise": "High noise", "vibration": "Moderate vibration"}
    videos = []
    for index in range(3):
        sizes = measured_sizes(rng, FEW)
        is_bad = index == 2
        per_track = TRUE_TOTAL / FEW * (0.5 if is_bad else 1.0)
        more = {"flags": flags, "drift": (6.5, -0.4)} if is_bad else {"drift": (0.3, 0.1)}
        videos.append(video(f"synthetic_d400_{index:02d}", sizes, per_track, dilution, **more))
    made = experiment(videos, dilution, "synthetic_d400", captured=datetime(2021, 4, 1, 17, 23, 24))
    return write_nanosight(made, version="3.3")


def blank(rng: np.random.Generator, dilution: float, count: int) -> bytes:
    """Medium without vesicles, NTA 3.4: a fiftieth of the particles of the samples, in few tracks."""
    videos = [
        video(f"synthetic_medium_{index:02d}", measured_sizes(rng, count), TRUE_TOTAL / 50 / count, dilution)
        for index in range(3)
    ]
    return write_nanosight(experiment(videos, dilution, "synthetic_medium", sample="SYNTHETIC medium"))


def pack(rng: np.random.Generator) -> dict[str, bytes]:
    """One video of NTA 3.4 with its tracks; half of them are too short to be in the distribution."""
    name = "ev_nanosight34_pack"
    included = measured_sizes(rng, 80)
    sizes = np.append(included, measured_sizes(rng, 80))
    is_included = np.arange(sizes.size) < included.size
    length = np.where(is_included, rng.integers(5, 9, sizes.size), rng.integers(2, 4, sizes.size))
    n_points = int(length.sum())
    first = np.repeat(np.cumsum(length) - length, length)
    drawn = rng.normal(0.0, 2.0, (2, n_points))
    walk = np.cumsum(drawn, axis=1)
    start = np.repeat(rng.uniform(40, 440, (2, sizes.size)), length, axis=1)
    x, y = start + walk - walk[:, first]
    tracks = Tracks(
        diameter=sizes,
        intensity=rng.normal(3.0, 0.6, sizes.size),
        start_frame=rng.integers(0, 700, sizes.size),
        length=length,
        is_included=is_included,
        x=x,
        y=y,
    )
    made = experiment([video(name, included, TRUE_TOTAL / 80, DILUTION)], DILUTION, "synthetic_pack")
    return {file: data for file, data in write_pack(made, [tracks]).items() if file.startswith(name)}


def zetaview(rng: np.random.Generator) -> bytes:
    """A ZetaView size file at a dilution of 1000, which the instrument does not apply."""
    dilution, true_tracks = 1000.0, 600
    sizes = measured_sizes(rng, true_tracks)
    return write_zetaview(
        ZetaviewMeasurement(
            diameter=sizes,
            per_track=TRUE_TOTAL / dilution / true_tracks,
            particles_per_frame=TRUE_TOTAL / dilution * sizes.size / true_tracks / 4.3e5,
            dilution=dilution,
            sample="SYNTHETIC EVs",
            remarks=f"{MARK}; {TRUTH}",
            captured=datetime(2025, 2, 27, 16, 5, 9),
        )
    )


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
    streams = [np.random.Generator(np.random.Philox(key=[SEED, index])) for index in range(10)]
    files = {
        "ev_nanosight34.csv": nanosight(streams[0]),
        "ev_sizes.csv": size_table(streams[1]).encode("ascii"),
        "mirna_cell_counts.csv": count_table(streams[2], "cell").encode("ascii"),
        "mirna_ev_counts.csv": count_table(streams[3], "ev").encode("ascii"),
        "ev_nanosight32_autosampler_d100.csv": autosampler(streams[4]),
        "ev_nanosight33_unreliable.csv": unreliable(streams[5]),
        "medium_nanosight34.csv": blank(streams[6], 10.0, 400),
        "medium_nanosight34_d200.csv": blank(streams[9], 200.0, 40),
        **pack(streams[7]),
        "ev_zetaview_size_488.txt": zetaview(streams[8]),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
