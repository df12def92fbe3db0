"""The commands `vesica fit release` and `vesica fit uptake`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import click

from vesica.cli.deliver import deliver, out_options

TABLE: Final = click.Path(path_type=Path)
# read as internal units, whose errors name an example
_INTERNAL: Final = {"mL": ("um^3", 1e-12), "h": ("s", 1.0 / 3600.0), "mm": ("um", 1e-3), "nm": ("um", 1e3)}

_CELL: Final = click.option(
    "--cell",
    default="astrocyte",
    show_default=True,
    metavar="TYPE",
    help="Cell type of the model file that is written.",
)


@click.group(short_help="Fit release and uptake to time courses.")
def fit() -> None:
    """Fit release and uptake to time courses, with intervals and a verdict on what the data can tell."""


@fit.command(short_help="Release rate from particles in medium over time.")
@click.argument("table", type=TABLE, metavar="TIMECOURSE.csv")
@click.option(
    "--cells", type=float, metavar="N", help="Cells at 0 h, where the table has no column for them."
)
@click.option("--volume", metavar="VOLUME", help="Medium, e.g. `10 mL`.")
@click.option(
    "--doubling", metavar="TIME", help="Doubling time of the cells, e.g. `24 h`; without it they do not grow."
)
@click.option(
    "--medium-change",
    "changes",
    multiple=True,
    metavar="TIME",
    help="The medium of all cultures was replaced, e.g. `24 h`. May be repeated.",
)
@click.option(
    "--carry-over",
    metavar="SHARE",
    default="0",
    show_default=True,
    help="Old medium that stays at a change, e.g. `2 %`.",
)
@_CELL
@out_options
def release(  # noqa: PLR0913 - one argument for each option
    *,
    table: Path,
    cells: float | None,
    volume: str | None,
    doubling: str | None,
    changes: tuple[str, ...],
    carry_over: str,
    cell: str,
    out: Path | None,
    png: bool,
    as_json: bool,
) -> int:
    """Fit nested models of release to particles in medium over time.

    The table has the columns `time (h)` and `concentration (particle/mL)` (or `particles`), and where needed
    `condition` (`cell_free` for medium with added EVs and no cells), `replicate`, `cells`, `volume (mL)`,
    `surface (cm^2)`, `sd (particle/mL)`, `event` (`medium change`).
    """
    from vesica.analysis.kinetics import release_outcome
    from vesica.analysis.kinetics.release_data import read_release, refuse_numbers

    volume_ml = _quantity(volume, "mL", "--volume")
    doubled = _quantity(doubling, "h", "--doubling")
    times = [_quantity(text, "h", "--medium-change") or 0.0 for text in changes]
    refuse_numbers(cells=("--cells", cells), volume=("--volume", volume_ml), doubling=("--doubling", doubled))
    for time in times:
        refuse_numbers(time=("--medium-change", time))
    _check_cell(cell)
    data = read_release(
        table,
        cells=cells,
        volume=volume_ml,
        growth=math.log(2.0) / doubled if doubled else 0.0,
        changes=times,
        carry_over=_share(carry_over),
    )
    found = release_outcome.study(data)
    if out is None:
        return deliver(found.outcome, out=None, as_json=as_json, png=png)
    from vesica.report.lab import fit as lab_fit

    return deliver(
        found.outcome,
        lab_fit.release_figures(found),
        out=out,
        as_json=as_json,
        png=png,
        files=found.files(cell),
    )


@fit.command(short_help="Uptake by dose and time: binding, saturation, EC50.")
@click.argument("table", type=TABLE, metavar="UPTAKE.csv")
@click.option(
    "--cells", type=float, metavar="N", help="Cells of a well, where the table has no column for them."
)
@click.option("--volume", metavar="VOLUME", help="Medium of a well, e.g. `0.5 mL`.")
@click.option("--condition", metavar="NAME", help="Which condition to fit, where the table holds several.")
@click.option(
    "--subtract",
    type=click.Choice(["auto", "dye", "no_ev", "4C", "none"]),
    default="auto",
    show_default=True,
    help="Control that is subtracted.",
)
@click.option("--per-particle", type=float, metavar="SIGNAL", help="Signal of one particle in one cell.")
@click.option("--depth", metavar="LENGTH", help="Depth of still medium, e.g. `2 mm`, for the delivered dose.")
@click.option(
    "--stirred", is_flag=True, help="The medium was stirred or rocked: all of the dose comes near the cells."
)
@click.option("--size", metavar="LENGTH", help="Diameter of the EVs, e.g. `120 nm`, for the delivered dose.")
@_CELL
@out_options
def uptake(  # noqa: PLR0913 - one argument for each option
    *,
    table: Path,
    cells: float | None,
    volume: str | None,
    condition: str | None,
    subtract: str,
    per_particle: float | None,
    depth: str | None,
    stirred: bool,
    size: str | None,
    cell: str,
    out: Path | None,
    png: bool,
    as_json: bool,
) -> int:
    """Fit laws of uptake to a signal by dose and time.

    The table has the columns `dose (particle/cell)` or `dose (particle/mL)`, `time (h)`, `signal` with its unit
    (`particle/cell` where particles were counted), and where needed `condition` (`dye`, `no_ev`, `4C` are controls),
    `replicate`, `cells`, `volume (mL)`, `sd`.
    """
    from vesica.analysis.kinetics import uptake_outcome
    from vesica.analysis.kinetics.release_data import refuse_numbers
    from vesica.analysis.kinetics.uptake_data import read_uptake

    volume_ml = _quantity(volume, "mL", "--volume")
    deep, wide = _quantity(depth, "mm", "--depth"), _quantity(size, "nm", "--size")
    refuse_numbers(
        cells=("--cells", cells),
        volume=("--volume", volume_ml),
        depth=("--depth", deep),
        size=("--size", wide),
        signal=("--per-particle", per_particle),
    )
    _check_mixing(deep, stirred=stirred)
    _check_cell(cell)
    data = read_uptake(
        table,
        cells=cells,
        volume=volume_ml,
        subtract=subtract,
        condition=condition,
        per_particle=per_particle,
    )
    delivery = uptake_outcome.delivery_of(data, stirred=stirred, depth=deep, diameter=wide)
    found = uptake_outcome.study(data, delivery)
    if out is None:
        return deliver(found.outcome, out=None, as_json=as_json, png=png)
    from vesica.report.lab import fit as lab_fit

    figures = lab_fit.uptake_figures(found)
    return deliver(found.outcome, figures, out=out, as_json=as_json, png=png, files=found.files(cell))


def _quantity(text: str | None, unit: str, path: str) -> float | None:
    from vesica.units import to_internal

    internal, scale = _INTERNAL[unit]
    return None if text is None else to_internal(text, internal, path) * scale


def _share(text: str) -> float:
    from vesica.errors import error
    from vesica.units import to_internal

    value = to_internal(text.replace("%", " percent"), "", "--carry-over")
    if not 0.0 <= value < 1.0:
        raise error(
            "--carry-over",
            f"`{text}` is {value:g}",
            "a share lies between 0 and 1",
            "more than the old medium would stay",
            "write a share, such as `2 %`",
        )
    return value


def _check_mixing(depth: float | None, *, stirred: bool) -> None:
    from vesica.errors import error

    if stirred and depth is not None:
        raise error(
            "--depth",
            "both `--stirred` and `--depth` are given",
            "medium is stirred, or it is still and has a depth",
            "the delivered dose would be a guess",
            "keep one of them",
        )


def _check_cell(name: str) -> None:
    from vesica.errors import error, nearest
    from vesica.library import load

    known = load("cns").cells
    if name not in known:
        raise error(
            "--cell",
            f"`{name}` is not a cell type of the library",
            "the model file starts from one",
            "`vesica run` would refuse it",
            nearest(name, known),
        )
