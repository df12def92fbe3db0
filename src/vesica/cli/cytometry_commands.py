"""The command `vesica cytometry`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from vesica.cli.deliver import deliver, finite, out_options

if TYPE_CHECKING:
    from vesica.readers.text import Provenance

_FILE: Final = click.Path(path_type=Path)


@click.command(short_help="Flow cytometry files in calibrated units.")
@click.argument("files", type=_FILE, nargs=-1, required=True)
@click.option("--calibration", type=_FILE, metavar="FILE",
              help="Beads: channel, signal, and diameter (nm) or mesf (molecules).")
@click.option("--gate", default="", metavar="CONDITIONS", help='Events that count: "SSC-A > 500 and FITC-A > 80".')
@click.option("--dilution", multiple=True, metavar="N", help="Of the files, in their order; one for all, or one each.")
@click.option("--volume", metavar="VOLUME", help="Analysed in each file, e.g. `50 uL`, where the file does not say.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), metavar="N", callback=finite,
              help="Length of each acquisition, where the file does not say.")
@click.option("--swarm-channel", metavar="CHANNEL", help="Signal that is followed over the dilutions.")
@out_options
def cytometry(files: tuple[Path, ...], *, dilution: tuple[str, ...], seconds: float | None, out: Path | None,
              png: bool, as_json: bool, **choices: str | Path | None) -> int:
    """Read FCS FILES: channels, gated counts, calibrated sizes and brightness, and signs of swarms.

    Several files are one sample at several dilutions: counts must follow the dilution, and the signal of an event
    must not. Calibrated values are given between the beads and never beyond.
    """
    from vesica.analysis.cytometry import outcome as cytometry_outcome
    from vesica.analysis.cytometry import study as law
    from vesica.readers.fcs import read_fcs
    from vesica.report.lab import cytometry as lab_cytometry

    conditions = law.gate_of(str(choices["gate"])) if choices["gate"] else ()
    folds = law.dilutions_of(dilution, len(files))
    volume = law.volume_of(None if choices["volume"] is None else str(choices["volume"]))
    sheet: tuple[law.Calibration, ...] = ()
    sources: tuple[Provenance, ...] = ()
    if choices["calibration"] is not None:
        sheet, source = law.read_calibrations(Path(choices["calibration"]))
        sources = (source,)
    flows = tuple(read_fcs(file) for file in files)
    law.refuse_repeated(flows)
    for flow in flows:
        law.matching(sheet, flow)
    inside = tuple(law.gated(flow, conditions) for flow in flows)
    populations = tuple(law.population(flow, kept, dilution=fold, volume=volume, seconds=seconds)
                        for flow, kept, fold in zip(flows, inside, folds, strict=True))
    rates, unit = law.rates_of(flows, populations, seconds)
    followed = law.followed(flows[0], choices["swarm_channel"])
    swarm = law.swarm(populations, rates, followed)
    study = cytometry_outcome.Study(flows, inside, populations, conditions, sheet, swarm)
    outcome = cytometry_outcome.outcome(study, sources)
    figures = lab_cytometry.figures(study, rates, unit) if out is not None else ()
    return deliver(outcome, figures, out=out, as_json=as_json, png=png)
