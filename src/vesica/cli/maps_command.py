"""The command `vesica maps`: pictures and tables of where things are in a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from vesica.cli.deliver import deliver, out_options
from vesica.cli.targets import seconds_at
from vesica.errors import error, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from vesica.analysis.tissue.account import Look
    from vesica.analysis.tissue.view import Tissue

_LENGTHS: Final = click.FloatRange(min=0)


@click.command(short_help="Maps of a run in space: cells, fields, profiles, fronts.")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--arm", "arms", multiple=True, metavar="ARM", help="Arms to draw; all by default. May be repeated.")
@click.option("--at", "times", multiple=True, metavar="TIME", help="As `24 h`; the last by default. May be repeated.")
@click.option("--color", "colors", multiple=True, metavar="QUANTITY",
              help="Draw cells by it, as `COX2`, `inflammatory` or `taken_up:microglia`. May be repeated.")
@click.option("--field", "fields", multiple=True, metavar="FIELD",
              help="Draw slices of it, as `TNF` or `free:microglia`. May be repeated.")
@click.option("--from", "source", metavar="FACE|TYPE",
              help="Where distances begin: a face, as `y.low`, or the nearest cell of a type.")
@click.option("--threshold", type=float, metavar="X", help="At which a front stands; half-way up by default.")
@click.option("--plane", default="", metavar="AXES",
              help="Axes across and upwards, as `xz`; the two longest by default.")
@click.option("--slice", "middle", type=_LENGTHS, metavar="UM", help="Middle of the slab of a thick box, um.")
@click.option("--thickness", type=_LENGTHS, metavar="UM", help="Of the slab, um; 30 by default.")
@out_options
def maps(folder: Path, *, arms: tuple[str, ...], times: tuple[str, ...], colors: tuple[str, ...],  # noqa: PLR0913
         fields: tuple[str, ...], source: str | None, threshold: float | None, plane: str, middle: float | None,
         thickness: float | None, out: Path | None, png: bool, as_json: bool) -> int:
    """Draw a run in space: cells by type and by what changed most, slices of fields, profiles, fronts.

    What is not named is chosen: what changes most. With --out, pictures as SVG and PNG, tables as csv, and a page.
    """
    from vesica import api
    from vesica.analysis.tissue import choices, view
    from vesica.analysis.tissue import outcome as found_in
    from vesica.analysis.tissue.slabs import slab_of
    from vesica.report.material import ArmStyle
    from vesica.report.tissue import album, pages

    results = api.open(folder)
    found = view.tissues_of(folder, arms)
    tissues = {arm: found[arm] for arm in results.axes.arms if arm in found}
    first = next(iter(tissues.values()))
    slab = slab_of(first.size, plane=plane, at=middle, thickness=thickness, cells=first.positions())
    levels = choices.levels_in(results.summary if results.outcome == "completed" else {})
    look = _look(tissues, levels, (colors, fields), source)
    wanted = found_in.Wanted(tissues, look, tuple(map(seconds_at, times)), threshold)
    title = first.title or results.folder.name
    outcome = found_in.outcome(wanted, f"{title}: maps")
    if out is None:
        return deliver(outcome, out=None, as_json=as_json)
    styles = {arm: ArmStyle(arm, number) for number, arm in enumerate(tissues, start=1)}
    drawn = album.pictures(wanted, slab, png=png)
    return deliver(outcome, album.figures(wanted, styles), out=out, as_json=as_json, png=png,
                   files={**pages.files(drawn), "cells.csv": found_in.cells_csv(wanted)},
                   sections=(pages.section(drawn),))


def _look(tissues: Mapping[str, Tissue], levels: Collection[str], asked: tuple[Sequence[str], Sequence[str]],
          source: str | None) -> Look:
    """What was asked for; what was not is chosen."""
    from vesica.analysis.tissue import account, choices

    colors, fields = asked
    chosen = account.look_at(list(tissues.values()), levels)
    for option, names, what in (("--color", colors, "quantities"), ("--field", fields, "species")):
        known = choices.known(list(tissues.values()), what)
        for name in names:
            if name not in known:
                raise error(option, f"`{name}`", "it names something that an arm of this run has stored",
                            "there is nothing to draw", nearest(name, known))
    if colors or fields:
        chosen = replace(chosen, quantities=tuple(dict.fromkeys(colors)), species=tuple(dict.fromkeys(fields)))
    return _from(chosen, source, {kind for one in tissues.values() for kind in one.counts})


def _from(look: Look, source: str | None, kinds: set[str]) -> Look:
    """Where distances begin."""
    if source is None:
        return look
    faces = [f"{axis}.{side}" for axis in "xyz" for side in ("low", "high")]
    if source in faces:
        return replace(look, axis="xyz".index(source[0]), high=source.endswith("high"), is_fixed=True)
    if source in kinds:
        return replace(look, around=source)
    raise error("--from", f"`{source}`", "distances begin at a face, or at the nearest cell of a type",
                "profiles would have no zero", nearest(source, [*faces, *kinds]))
