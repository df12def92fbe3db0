"""The command `vesica dose`."""

from __future__ import annotations

from pathlib import Path

import click

from vesica.cli.deliver import deliver, out_options


@click.command(short_help="How many EVs an effect needs, and who can supply them.")
@click.option("--cargo", default="miR-146a-5p", show_default=True, metavar="NAME", help="Mature miRNA, as in miRBase.")
@click.option("--cell", default="neuron", show_default=True, metavar="TYPE", help="Recipient: a cell type.")
@click.option("--donor", default="astrocyte", show_default=True, metavar="TYPE",
              help="Donor, whose release is taken from the library.")
@click.option("--copies-per-ev", metavar="N", help="Mean over all EVs, e.g. 0.00825.")
@click.option("--loaded-fraction", metavar="SHARE", help="Share of EVs that hold any; the mean is kept.")
@click.option("--escape", metavar="SHARE", help="Share of internalised EVs whose lumen reaches the cytosol.")
@click.option("--threshold", metavar="N", help="Copies an effect needs, e.g. 1000.")
@click.option("--titration", metavar="targets=N,kd=N,held=SHARE",
              help="Need from titration of the target pool, instead of a threshold; `library` for its numbers.")
@click.option("--half-life", metavar="TIME", help="Of the miRNA in the recipient, e.g. `20 h`.")
@click.option("--release", metavar="RATE", help="Of one donor, e.g. `100 EV/cell/h`.")
@click.option("--donors", metavar="N", help="Donor cells: of the dish, or at --distance from one recipient.")
@click.option("--recipients", metavar="N", help="Recipient cells of the dish.")
@click.option("--volume", metavar="VOLUME", help="Medium of the dish, e.g. `2 mL`.")
@click.option("--uptake-share", metavar="SHARE", help="Measured share of the released EVs that recipients take up.")
@click.option("--capacity", metavar="RATE", help="Uptake of a cell at saturation, e.g. `1000 EV/cell/h`.")
@click.option("--half-saturation", metavar="DOSE", help="Dose of half the saturated uptake, e.g. `1e10 EV/mL`.")
@click.option("--distance", metavar="LENGTH", help="Middle of donor to middle of recipient, in tissue, e.g. `50 um`.")
@click.option("--time", default="24 h", show_default=True, metavar="TIME", help="When the copies are counted.")
@click.option("--samples", default=1000, show_default=True, type=click.IntRange(min=1, max=100_000), metavar="N",
              help="Draws over the ranges.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0), metavar="N", help="Of the draws.")
@out_options
def dose(*, samples: int, seed: int, out: Path | None, png: bool, as_json: bool, **texts: str | None) -> int:
    """How many EVs a miRNA effect needs per recipient, and whether the donors can supply them.

    Every number that is not given is taken from the library with its range; a range of your own is written
    `LOW..HIGH`, as in --escape 0.1..0.3 or --half-life "10 h..30 h". The answer is drawn over all ranges.
    """
    from vesica.analysis.dose import inputs as dose_inputs
    from vesica.analysis.dose import outcome as dose_outcome
    from vesica.report.lab import dose as lab_dose

    given = {name: text for name, text in texts.items() if text is not None}
    words = {name: given.pop(name) for name in ("cargo", "cell", "donor", "time", "titration") if name in given}
    if words.get("titration", "").strip() == "library":
        words["titration"] = ""
    case = dose_inputs.case(given, **words)
    outcome, draws, ranked = dose_outcome.study(case, samples, seed)
    figures = lab_dose.figures(case, draws, ranked) if out is not None else ()
    return deliver(outcome, figures, out=out, as_json=as_json, png=png)
