"""The sections of a report about a run in space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from vesica.analysis.tissue import account, choices, view
from vesica.analysis.tissue.outcome import Wanted
from vesica.analysis.tissue.slabs import slab_of
from vesica.errors import VesicaError
from vesica.report.blocks import Cell, Column, Figure, Panel, Prose, Section, Table, arm_keys, figure_cell
from vesica.report.material import Material, entries, get, mapping, rows
from vesica.report.numbers import exact, number, percent
from vesica.report.tissue import canvas

_NO_MATPLOTLIB: Final = ('Maps need the extra `tissue`: pip install "vesica[tissue]", then write the report again with '
                         "`vesica report`.")
_FRONTS: Final = "Where the mean of the cells falls below the threshold. Lines: median slope of all pairs of points."
_PROFILES: Final = ("Of cells: the mean in a bin, and a band that holds half of the cells. Of fields: the mean over "
                    "the voxels of a layer.")
_SPREAD: Final = (
    ("diameter_nm", Column("mean diameter", "nm", is_number=True), figure_cell),
    ("free", Column("D in free liquid", "µm²/s", is_number=True), figure_cell),
    ("effective", Column("D* here", "µm²/s", is_number=True), figure_cell),
    ("admitted", Column("gaps that admit it", is_number=True), lambda share: Cell(percent(share))),
    ("peclet", Column("Péclet number", "flow against diffusion over the box", is_number=True), figure_cell),
)
_VERDICTS: Final = {"moves": "good", "slows": "good", "stands": "plain", "none": "plain"}


def space(material: Material) -> Section:
    """The box, its cells, how fast things spread in it, and what the run cost; nothing for a run without positions."""
    said = mapping(get(material.summary, "domain", "space"))
    arms = {name: mapping(arm.get("space")) for name, arm in material.arms.items() if mapping(arm.get("space"))}
    if not said and not arms:
        return Section("space", "")
    blocks: list[Any] = []
    if lines := tuple(map(str, rows(said.get("words")))):
        blocks.append(Prose((" ".join(lines),)))
    blocks += [table for table in (_classes(said), _costs(material, arms)) if table]
    return Section("space", "The space", "", tuple(blocks))


def _classes(said: Mapping[str, Any]) -> Table | None:
    """How fast each size of vesicles and each factor spreads; columns of which nothing is known are left out."""
    spread, before = entries(said.get("spread")), ""
    further = [(key, column, show) for key, column, show in _SPREAD if any(one.get(key) is not None for one in spread)]
    content = []
    for one in spread:
        label = str(one.get("label") or one.get("name"))
        name = Cell(label if label != before else "\u00a0")
        content.append((name, *(show(one.get(key)) for key, _, show in further)))
        before = label
    heads = (Column("what"), *(column for _, column, _ in further))
    return Table("How fast things spread", heads, tuple(content), folded=len(content) > 12) if content else None


def _costs(material: Material, arms: Mapping[str, Mapping[str, Any]]) -> Table | None:
    content, before = [], ""
    for name, one in arms.items():
        run, counts = mapping(one.get("run")), mapping(one.get("cells"))
        kinds = ", ".join(f"{kind}\u00a0{exact(count)}" for kind, count in counts.items())
        cells = Cell(exact(sum(counts.values())), kinds if kinds != before else "the same cells")
        content.append((Cell(name, style=material.styles[name]), cells, Cell(exact(run.get("steps"))),
                        Cell(exact(run.get("field_steps"))), Cell(exact(run.get("rejected"))),
                        figure_cell(run.get("seconds"))))
        before = kinds
    if not content:
        return None
    heads = (Column("arm"), Column("cells", is_wide=True), Column("steps", "of cells and fields", is_number=True),
             Column("steps", "of single fields", is_number=True), Column("rejected", is_number=True),
             Column("time", "s", is_number=True))
    return Table("Cells, and what each arm cost", heads, tuple(content))


def maps(material: Material) -> Section:
    """Cells and fields at the end, all arms side by side, and profiles; read from the run folder."""
    # not above: they need the pages of the laboratory, which need the page that this section is part of
    from vesica.report.tissue import album, pages

    wanted = _wanted(material)
    if wanted is None:
        return Section("maps", "")
    tissues = wanted.tissues
    blocks: list[Any] = [_no_maps()]
    if canvas.can_draw():
        first = next(iter(tissues.values()))
        slab = slab_of(first.size, cells=first.positions())
        blocks = list(pages.section(album.pictures(wanted, slab, png=False)).blocks)
    styles = {arm: material.styles[arm] for arm in tissues}
    charts = album.figures(wanted, {arm: replace(style, name="") for arm, style in styles.items()})
    for title, caption in (("Fronts over time", _FRONTS), ("Profiles by distance", _PROFILES)):
        panels = tuple(Panel(one.title, one.narrow or one.wide) for one in charts
                       if one.name.startswith("front") == (caption is _FRONTS))
        blocks += [Figure(caption, panels, arm_keys(list(styles.values())), title=title)] if panels else []
    lead = (f"At the end of each arm. One colour scale for all arms of a picture. Profiles begin at "
            f"{wanted.look.from_words}.")
    return Section("maps", "Maps and profiles", lead, tuple(blocks))


def _no_maps() -> Prose:
    return Prose((_NO_MATPLOTLIB,), kind="lead")


def _wanted(material: Material) -> Wanted | None:
    folder = getattr(material.results, "folder", None)
    if folder is None or not view.has_tissue(Path(folder)):
        return None
    try:
        found = view.tissues_of(folder)
    except VesicaError:
        return None  # nothing stored yet, or damaged: the report tells the rest
    tissues = {arm: found[arm] for arm in material.arms if arm in found}
    levels = choices.levels_in(material.summary)
    return Wanted(tissues, account.look_at(list(tissues.values()), levels)) if tissues else None


def fronts(material: Material) -> Section:
    """Fronts, ranges and journeys in numbers, from the summary."""
    arms = {name: mapping(arm.get("space")) for name, arm in material.arms.items() if mapping(arm.get("space"))}
    blocks = [table for table in (_fronts(material, arms), _ranges(material, arms), _journeys(material, arms),
                                  _shares(material)) if table]
    return Section("fronts", "Fronts, ranges, journeys" if arms else "", "", tuple(blocks))


def _fronts(material: Material, arms: Mapping[str, Mapping[str, Any]]) -> Table | None:
    found: dict[str, list[tuple[Cell, ...]]] = {}
    for arm, one in arms.items():
        for name, front in mapping(one.get("front")).items():
            verdict = str(get(front, "verdict") or "")
            chip = Cell(verdict if verdict != "none" else "no front", kind=_VERDICTS.get(verdict, "plain"))
            found.setdefault(str(name), []).append(
                (Cell(material.label(str(name)), str(name).partition(".")[0]),
                 Cell(arm, style=material.styles[arm]), chip,
                 figure_cell(get(front, "speed_um_per_h"), _interval(mapping(front))),
                 Cell(str(get(front, "words") or ""))))
    content = tuple(row for rows_of in found.values() for row in rows_of)
    heads = (Column("quantity"), Column("arm"), Column("front"), Column("speed", "µm/h", is_number=True),
             Column("in words", is_wide=True))
    return Table("Fronts", heads, content, folded=len(content) > 12) if content else None


def _ranges(material: Material, arms: Mapping[str, Mapping[str, Any]]) -> Table | None:
    content = []
    for arm, one in arms.items():
        for name, found in mapping(one.get("range")).items():
            places = [(str(one.get("profiles_from") or ""), mapping(found)),
                      (f"the nearest {get(found, 'around', 'cells')}", mapping(get(found, "around")))]
            for words, measured in places:
                if any(measured.get(key) is not None for key in ("to_e_um", "to_tenth_um", "length_um")):
                    length = figure_cell(measured.get("length_um"), _interval(measured))
                    content.append((Cell(str(name)), Cell(arm, style=material.styles[arm]), Cell(words),
                                    figure_cell(measured.get("to_e_um")), figure_cell(measured.get("to_tenth_um")),
                                    length))
    if not content:
        return None
    heads = (Column("field"), Column("arm"), Column("distance from"), Column("falls to 1/e", "µm", is_number=True),
             Column("to 10 %", "µm", is_number=True), Column("decay length", "µm, fitted", is_number=True))
    return Table("How far fields reach at the end", heads, tuple(content), folded=len(content) > 12)


def _interval(found: Mapping[str, Any]) -> str:
    low, high = found.get("low"), found.get("high")
    return f"{number(low)} to {number(high)}" if low is not None and high is not None and low < high else ""


def _journeys(material: Material, arms: Mapping[str, Mapping[str, Any]]) -> Table | None:
    content = []
    for arm, one in arms.items():
        for sender, by in mapping(one.get("journeys")).items():
            for receiver, found in mapping(by).items():
                content.append((Cell(f"{sender} to {receiver}"), Cell(arm, style=material.styles[arm]),
                                *(figure_cell(get(found, key)) for key in ("vesicles", "median_um", "most_um"))))
    if not content:
        return None
    heads = (Column("from and to"), Column("arm"), Column("vesicles", "EV", is_number=True),
             Column("median way", "µm", is_number=True), Column("90 % within", "µm", is_number=True))
    return Table("How far vesicles came, from cell to cell", heads, tuple(content), folded=len(content) > 12)


def _shares(material: Material) -> Table | None:
    """By which channel the rates of cells were changed."""
    content = []
    for arm, one in material.arms.items():
        for cell, rates in mapping(one.get("signal_shares")).items():
            for rate, shares in mapping(rates).items():
                words = ", ".join(f"{kind} {percent(abs(share))}{' (lowers)' if share < 0 else ''}"
                                  for kind, share in mapping(shares).items())
                if words:
                    content.append((Cell(str(rate), str(cell)), Cell(arm, style=material.styles[arm]), Cell(words)))
    if not content:
        return None
    heads = (Column("rate"), Column("arm"), Column("by channel", is_wide=True))
    return Table("By which channel rates were changed", heads, tuple(content), folded=len(content) > 12)
