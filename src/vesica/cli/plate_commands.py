"""The command `vesica plate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from vesica.cli.deliver import deliver, out_options

if TYPE_CHECKING:
    from vesica.readers.text import Provenance

_FILE: Final = click.Path(path_type=Path)
_SIZES: Final = ("6", "12", "24", "48", "96", "384")


@click.command(short_help="Concentrations from a plate with standards (4PL).")
@click.argument("file", type=_FILE)
@click.option("--layout", type=_FILE, metavar="FILE", help="What stands in the wells, where FILE does not say it.")
@click.option("--standards", metavar="LIST",
              help='Concentrations of std1, std2 ...: "1000,500,250 pg/mL", or "1000 pg/mL /2 x7".')
@click.option("--amounts", type=_FILE, metavar="FILE",
              help="Table with sample, particles (particles/mL), cells, volume (mL): results per particle and cell.")
@click.option("--grid", default="", metavar="TITLE", help="Which reading, where FILE holds several.")
@click.option("--wells", default="96", show_default=True, type=click.Choice(_SIZES), help="Of the plate.")
@click.option("--exclude", default="", metavar="A1,B2", help="Wells that are left out.")
@out_options
def plate(file: Path, *, layout: Path | None, standards: str | None, amounts: Path | None, out: Path | None,
          png: bool, as_json: bool, **choices: str) -> int:
    """Fit the standards of a plate by a four-parameter curve and read the samples off it.

    FILE is a grid with row letters as readers export it, or a table with the columns well and signal. What stands
    in the wells is a second grid of words (`blank`, `std1`, `std 1000 pg/mL`, `medium A 1:10`), or the columns role,
    sample, concentration (unit) and dilution.
    """
    from vesica.analysis.plates import outcome as plate_outcome
    from vesica.analysis.plates import study as plates
    from vesica.errors import error
    from vesica.readers.plate import read_layout, read_plate
    from vesica.readers.plate_words import standards_of
    from vesica.report.lab import plate as lab_plate

    series = standards_of(standards) if standards is not None else None
    wells = int(choices["wells"])
    reading, found = read_plate(file, wells=wells, grid=choices["grid"], standards=series)
    sources: tuple[Provenance, ...] = ()
    if layout is not None:
        found = read_layout(layout, wells=wells, standards=series)
        sources = (found.provenance,)
    if found is None:
        raise error(file.name, "the file holds readings only", "samples and standards are told apart by a layout",
                    "signals cannot be turned into concentrations", "give the layout: --layout FILE", file=str(file))
    evaluated = plates.evaluate(reading, found, choices["exclude"].split(","))
    known: dict[str, dict[str, float]] = {}
    if amounts is not None:
        known, source = plate_outcome.read_amounts(amounts)
        plate_outcome.refuse_strangers(known, evaluated, amounts)
        sources = (*sources, source)
    outcome = plate_outcome.outcome(evaluated, known, sources)
    figures = lab_plate.figures(evaluated) if out is not None else ()
    return deliver(outcome, figures, out=out, as_json=as_json, png=png)
