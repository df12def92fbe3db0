"""`vesica measure` and `vesica events`: instruments on a run, and fusion events of a recording."""

from __future__ import annotations

from pathlib import Path

import click

from vesica.cli.deliver import deliver, out_options

FILE = click.Path(path_type=Path)


@click.command(short_help="What instruments would read of a run.")
@click.argument("folder", type=FILE, metavar="RUN_FOLDER")
@click.option(
    "--with",
    "instruments",
    required=True,
    metavar="NAMES",
    help="Of nta, trps, elisa, simoa, qpcr, sequencing, phluorin; with commas between.",
)
@click.option("--arm", "arms", multiple=True, metavar="NAME", help="Only this arm. May be repeated.")
@click.option(
    "--time",
    "times",
    multiple=True,
    metavar="TIME",
    help="When the medium is sampled, as `24 h`; the end of the run without it. May be repeated.",
)
@click.option(
    "--dilution", type=float, metavar="N", help="Of NTA and TRPS; without it, chosen as an operator would."
)
@click.option(
    "--replicates",
    type=click.IntRange(min=1, max=100),
    default=1,
    show_default=True,
    metavar="N",
    help="Measurements of each sample.",
)
@click.option(
    "--lipoprotein",
    metavar="SHARE",
    help="Share of the particles NTA tracks that are lipoprotein, as `98 %`, or `plasma`.",
)
@click.option(
    "--depth", type=click.FloatRange(min=1), metavar="READS", help="Mean depth of a sequencing library."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the random numbers."
)
@out_options
def measure(  # noqa: PLR0913 - one argument for each option
    folder: Path,
    instruments: str,
    arms: tuple[str, ...],
    times: tuple[str, ...],
    dilution: float | None,
    replicates: int,
    lipoprotein: str | None,
    depth: float | None,
    seed: int,
    out: Path | None,
    *,
    as_json: bool,
    png: bool,
) -> int:
    """Measure the medium of a run with simulated instruments.

    Writes files in the layouts of the instruments (NanoSight 3.4 for nta) for every arm, and truth.json with what was
    really there, so that `vesica nta read`, `plate`, `cargo` and `events` can be tried on known samples.
    """
    from vesica import library, results
    from vesica.analysis.measure.study import measure as apply
    from vesica.analysis.measure.types import Order
    from vesica.errors import error
    from vesica.report.lab import measure as lab_measure
    from vesica.units import to_internal

    if out is None:
        raise error(
            "--out",
            "`--out` is missing",
            "instruments write files",
            "they would have nowhere to go",
            "add `--out DIR`",
        )
    if dilution is not None and not 1 <= dilution < 1e9:
        raise error(
            "--dilution",
            f"a dilution of {dilution:g}",
            "a dilution is 1 (none) or more, below 1e9",
            "the sample would be concentrated, or hold nothing",
            "write the factor by which the sample is diluted, such as 200",
        )
    shelf = library.load("cns")
    order = Order(shelf, seed, replicates, dilution, _share(lipoprotein), depth)
    times_h = [to_internal(text, "s", "--time") / 3600 for text in times]
    names = [name.strip().lower() for name in instruments.split(",") if name.strip()]
    outcome, files, readings = apply(results.open(folder), names, order, arms=arms, times_h=times_h)
    figures = lab_measure.read_against_expected(readings)
    return deliver(outcome, figures, out=out, as_json=as_json, png=png, files=files)


def _share(text: str | None) -> float:
    from vesica import library
    from vesica.errors import error
    from vesica.units import to_internal

    if text is None:
        return 0.0
    if text == "plasma":
        return library.internal(library.load("cns").entries["nta.lipoprotein.plasma_share"], "")[0]
    share = to_internal(text.replace("%", " percent"), "", "--lipoprotein")
    if not 0 <= share < 1:
        raise error(
            "--lipoprotein",
            f"`{text}`",
            "the share of a background is at least 0 and below 1",
            "nothing but background would be counted",
            "write, for example, `98 %`",
        )
    return share


@click.command(short_help="Find fusion events in a pHluorin recording.")
@click.argument("file", type=FILE, metavar="TRACE.csv")
@click.option(
    "--decay", metavar="TIME", help="Decay of one event's signal; CD63-pHluorin of the library without it."
)
@click.option(
    "--window",
    metavar="TIME",
    default="15 s",
    show_default=True,
    help="Frames on either side of an event that it is fitted to.",
)
@click.option(
    "--false-rate",
    metavar="RATE",
    default="0.1 1/h",
    show_default=True,
    help="False events of one cell in white noise; sets the threshold.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Of the synthetic recordings that correct the rate.",
)
@out_options
def events(
    file: Path,
    decay: str | None,
    window: str,
    false_rate: str,
    seed: int,
    out: Path | None,
    *,
    as_json: bool,
    png: bool,
) -> int:
    """Find fusion events in traces of CD63-pHluorin, with a stated rate of false ones.

    The first column is `time (s)`, each further column the fluorescence of one cell.
    """
    from vesica import library
    from vesica.analysis.events import study as analysis
    from vesica.readers.trace import read_traces
    from vesica.units import to_internal

    tau = (
        library.internal(library.load("cns").entries["phluorin.signal.decay_Verweij18"], "s")[0]
        if decay is None
        else _positive(to_internal(decay, "s", "--decay"), "--decay", "a time, such as `106 s`")
    )
    span = _positive(to_internal(window, "s", "--window"), "--window", "a time, such as `15 s`")
    false = _positive(
        to_internal(false_rate, "1/s", "--false-rate") * 3600, "--false-rate", "a rate, such as `0.1 1/h`"
    )
    recording = analysis.search(read_traces(file), decay=tau, window=span, false_per_hour=false, seed=seed)
    figures: tuple[object, ...] = ()
    if out is not None:
        from vesica.report.lab import measure as lab_measure

        figures = lab_measure.traces_with_events(recording)
    return deliver(analysis.outcome(recording), figures, out=out, as_json=as_json, png=png)  # type: ignore[arg-type]


def _positive(value: float, option: str, example: str) -> float:
    from vesica.errors import error

    if not value > 0:
        raise error(option, f"{value:g}", "it is above zero", "nothing could be searched", f"write {example}")
    return value
