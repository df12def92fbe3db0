"""Maps of cells and fields: by type, by a quantity, slices of fields; one colour scale for all arms and times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.numbers import SUPERSCRIPT
from vesica.analysis.tissue.slabs import Slab
from vesica.analysis.tissue.view import AXES, Tissue
from vesica.report import svg
from vesica.report.numbers import exact, for_reading, number
from vesica.report.tissue import canvas
from vesica.report.tissue.canvas import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
PLATE: Final = "#1b1e22"  # ground of every map, as under the microscope: bright cells stand out on any page
MISSING: Final = "#3c4147"
LEAST_DOT: Final = 0.9  # points; smaller cells are drawn this wide, and the caption says so
VECTOR: Final = 12_000  # cells that a map draws one by one; more become pixels
LEVELS: Final = 32  # colours of a quantity
_ARROWS: Final = 34.0  # points, of the names of the axes beside the title
DECADES: Final = 4.0  # of a scale by powers of ten
MOST: Final = 0.995  # quantile of cells that the brightest colour stands for, where others lie far above it,
OUTLIER: Final = 1.5  # which is more than so many times
SKEW: Final = 50.0  # highest over median, above which a field is drawn by powers of ten


@dataclass(frozen=True)
class Scale:
    """Values to colours, the same for every map of a picture."""

    low: float
    high: float
    label: str
    is_log: bool = False
    begin: float = 0.0  # share of the colour map that is left out at its dark end
    cut: tuple[bool, bool] = (False, False)  # whether values lie below, and above, its ends

    @property
    def cut_words(self) -> str:
        """What the colours at its ends stand for, for a caption."""
        below = f" Darkest: {number(self.low)} and less." if self.cut[0] else ""
        return below + (f" Brightest: {number(self.high)} and more." if self.cut[1] else "")

    @property
    def power(self) -> int:
        """Of ten, by which the numbers at the colour bar are divided: 0 where they are short anyway."""
        largest = max(abs(self.low), abs(self.high))
        power = math.floor(math.log10(largest)) if largest > 0.0 else 0
        return 0 if self.is_log or -2 <= power < 4 else power

    @property
    def words(self) -> str:
        """Its label, with the power of ten."""
        if not self.power:
            return self.label
        ten = f"10{str(self.power).translate(SUPERSCRIPT)}"
        name, bracket, unit = self.label.rpartition(" (")
        return f"{name} ({ten} {unit}" if bracket else f"{self.label} ({ten})"

    @property
    def norm(self) -> Any:
        """The same in the form that matplotlib takes."""
        from matplotlib.colors import LogNorm, Normalize

        return LogNorm(self.low, self.high, clip=True) if self.is_log else Normalize(self.low, self.high, clip=True)

    @property
    def colours(self) -> Any:
        """Its colour map."""
        import matplotlib as mpl
        from matplotlib.colors import ListedColormap

        shades = mpl.colormaps[canvas.MAP](np.linspace(self.begin, 1.0, 256))
        return ListedColormap(shades).with_extremes(bad=PLATE)


@dataclass(frozen=True, eq=False)
class Map:
    """One map: cells as discs, or an image; places in um from the corner of the slab."""

    title: str
    slab: Slab
    image: Array | None = None  # (row, column), rows upwards
    places: Array | None = None  # (cell, 2)
    radii: Array | None = None
    colours: tuple[str, ...] = ()


def scale_for(values: Sequence[Array], label: str, unit: str, *, for_cells: bool, is_share: bool = False,
              is_log: bool | None = None) -> Scale:
    """A scale that holds all values; by powers of ten where a few are far above the others.

    ``values`` are in the unit that people read; cells leave out the darkest colours, as they stand on a dark ground.
    Shares go from 0 to 1.
    """
    known = np.concatenate([one[np.isfinite(one)].ravel() for one in values]) if values else np.empty(0)
    label = f"{label} ({unit})" if unit else label
    begin = 0.18 if for_cells else 0.0
    if not known.size or known.max() <= 0.0:
        return Scale(0.0, 1.0, label, begin=begin)
    high, low = float(known.max()), float(known.min())
    positive = known[known > 0.0]
    most = float(np.quantile(known, MOST))
    is_cut = for_cells and not is_share and most > 0.0 and high > OUTLIER * most
    high = most if is_cut else high
    if is_log is None:
        is_log = low >= 0.0 and not for_cells and high > SKEW * float(np.median(positive))
    if is_log:
        floor = max(float(positive.min()), high * 10.0**-DECADES) if low > 0 else high * 10.0**-DECADES
        return Scale(floor, high, label, is_log=True, begin=begin, cut=(low < floor, is_cut))
    if is_share:
        return Scale(0.0, 1.0, label, begin=begin)
    if low >= 0.0 and low < 0.6 * high:
        low = 0.0
    return Scale(low, high if high > low else low + 1.0, label, begin=begin, cut=(False, is_cut))


def cells_by_value(tissue: Tissue, name: str, frame: int, slab: Slab, scale: Scale, title: str) -> Map:
    """Cells in the colour of a quantity; those without it in grey, below the others."""
    inside = slab.holds(tissue.positions(frame))
    factor, _ = for_reading(tissue.quantities[name].unit)
    values = factor * tissue.values(name, frame)[inside]
    order = np.argsort(np.where(np.isfinite(values), values, -np.inf), kind="stable")
    values = values[order]
    level = np.round(scale.norm(np.ma.masked_invalid(values)).filled(0.0) * (LEVELS - 1)).astype(int)
    shades = _hexes(scale.colours(np.linspace(0.0, 1.0, LEVELS)))
    colours = tuple(shades[one] if np.isfinite(value) else MISSING
                    for one, value in zip(level, values, strict=True))
    places = slab.flat(tissue.positions(frame))[inside][order]
    return Map(title, slab, places=places, radii=tissue.radius[inside][order], colours=colours)


def cells_by_type(tissue: Tissue, frame: int, slab: Slab, title: str, colours: Mapping[str, str]) -> Map:
    """Cells in the colour of their type; rarer types lie above commoner ones."""
    inside = slab.holds(tissue.positions(frame))
    types = tissue.types[inside]
    order = np.argsort([-tissue.counts[one] for one in types], kind="stable")
    return Map(title, slab, places=slab.flat(tissue.positions(frame))[inside][order],
               radii=tissue.radius[inside][order], colours=tuple(colours[one] for one in types[order]))


def slice_of(tissue: Tissue, name: str, frame: int, slab: Slab, title: str) -> Map:
    """A field in a slab: the mean of its layers of voxels, in the unit that people read."""
    factor, _ = for_reading(tissue.species[name].unit)
    return Map(title, slab, image=factor * slab.image(tissue.density(name, frame), tissue.centres))


def type_colours(tissues: Sequence[Tissue]) -> dict[str, str]:
    """A colour for each cell type, in the order of the types' names."""
    names = sorted({name for tissue in tissues for name in tissue.counts})
    return {name: canvas.PALETTE[place % len(canvas.PALETTE)] for place, name in enumerate(names)}


def type_words(tissue: Tissue) -> dict[str, str]:
    """``neuron (1,204)``."""
    return {name: f"{name} ({exact(count)})" for name, count in tissue.counts.items()}


def picture(name: str, title: str, caption: str, rows: Sequence[Sequence[Map]], *, scale: Scale | None = None,
            key: Mapping[str, str] | None = None, width: float = canvas.PANEL, png: bool = True) -> Picture:
    """Maps in rows, with one colour bar, or one key of colours (words -> colour), below all.

    Parameters
    ----------
    width : of one map, inches
    """
    first = rows[0][0].slab
    tall = width * min(max(first.size[1] / first.size[0], 0.12), 2.2)
    columns, gap, head = max(map(len, rows)), 0.14, 0.24
    alone = columns == 1 and len(rows) == 1
    foot = 0.42 if alone and scale is not None else 0.26
    lines = -(-len(key) // _columns(key, columns * width)) if key else 0
    below = 0.16 * lines + 0.06 if key else 0.0 if alone or scale is None else 0.42
    total = (columns * (width + gap) + gap, len(rows) * (tall + head + foot) + below)
    grown = max((_growth(one, width) for row in rows for one in row), default=1.0)
    if grown > 1.01:
        caption += f" Small cells are drawn up to {number(grown, 2)} times as wide as they are, to be seen."

    def paint(figure: Figure) -> None:
        for line, row in enumerate(rows):
            for column, one in enumerate(row):
                left = gap + column * (width + gap)
                bottom = total[1] - (line + 1) * (tall + head + foot) + foot
                box = (left / total[0], bottom / total[1], width / total[0], tall / total[1])
                axes = figure.add_axes(box)
                _paint(axes, one, scale, width * 72.0 / one.slab.size[0])
        if scale is not None:
            _bar(figure, scale, total, width, alone=alone)
        if key:
            _key(figure, key, total, columns * width)

    return canvas.draw(name, title, caption, total, paint, png=png)


def _growth(one: Map, width: float) -> float:
    """How much wider than it is the smallest cell is drawn."""
    if one.radii is None or not one.radii.size:
        return 1.0
    return max(1.0, LEAST_DOT / (float(one.radii.min()) * width * 72.0 / one.slab.size[0]))


def _paint(axes: Axes, one: Map, scale: Scale | None, per_um: float) -> None:
    wide, tall = one.slab.size
    axes.set_facecolor(PLATE)
    axes.patch.set_alpha(1.0)
    axes.set(xlim=(0.0, wide), ylim=(0.0, tall), xticks=[], yticks=[])
    axes.set_title(svg.shorten(one.title, per_um * wide - _ARROWS, 8.5), loc="left", pad=3.5)
    for side in axes.spines.values():
        side.set_visible(False)
    if one.image is not None and scale is not None:
        axes.imshow(np.ma.masked_invalid(one.image), origin="lower", extent=(0.0, wide, 0.0, tall), aspect="auto",
                    norm=scale.norm, cmap=scale.colours, interpolation="none", zorder=2)
    if one.places is not None and one.radii is not None:
        radii = np.maximum(one.radii, LEAST_DOT / per_um)
        canvas.dots(axes, one.places, radii, one.colours, per_um, raster=len(one.colours) > VECTOR)
    canvas.scale_bar(axes, wide)
    across, up = (AXES[axis] for axis in one.slab.shown)
    axes.set_title(f"{across} →  {up} ↑", loc="right", pad=3.5, fontsize=6.5, color=canvas.SOFT)


def _bar(figure: Figure, scale: Scale, total: tuple[float, float], width: float, *, alone: bool) -> None:
    """The colour bar: right of the scale bar under a single map, and under all maps otherwise."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

    long = 0.52 * width if alone else min(2.4, 0.6 * total[0])
    left = total[0] - 0.16 - long if alone else 0.5 * (total[0] - long)
    place = figure.add_axes((left / total[0], 0.32 / total[1],
                             long / total[0], 0.075 / total[1]))
    ticks = LogLocator(numticks=5) if scale.is_log else MaxNLocator(4)
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[scale.cut]
    bar = figure.colorbar(ScalarMappable(scale.norm, scale.colours), cax=place, orientation="horizontal", ticks=ticks,
                          extend=extend)
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.ax.minorticks_off()
    power = scale.power
    if not scale.is_log:
        bar.ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value / 10.0**power, 4)))
    bar.ax.tick_params(length=2.0, pad=1.5)
    bar.set_label(scale.words, fontsize=7.5, labelpad=1.5)


def _columns(key: Mapping[str, str], width: float) -> int:
    longest = max(len(words) for words in key)
    return max(1, min(len(key), int(width / (0.062 * longest + 0.22))))


def _key(figure: Figure, key: Mapping[str, str], total: tuple[float, float], width: float) -> None:
    from matplotlib.lines import Line2D

    patches = [Line2D([], [], marker="o", ls="", ms=5.0, color=colour) for colour in key.values()]
    figure.legend(patches, list(key), loc="lower left", bbox_to_anchor=(0.09 / total[0], 0.0), frameon=False,
                  ncols=_columns(key, width), fontsize=7.5, handletextpad=0.1, columnspacing=0.9, borderpad=0.15,
                  labelspacing=0.35)


def _hexes(colours: Array) -> list[str]:
    from matplotlib.colors import to_hex

    return [to_hex(one) for one in colours]


def unit_of(unit: str) -> str:
    """The unit that people read."""
    return for_reading(unit)[1]


def hours_words(seconds: float) -> str:
    """``24 h``, ``30 min``."""
    return f"{number(seconds / 3600.0)} h" if seconds >= 3600.0 or seconds == 0.0 else f"{number(seconds / 60.0)} min"


def is_flat(values: Sequence[Array]) -> bool:
    """Whether there is nothing to see: no value, or all of them the same."""
    known = [one[np.isfinite(one)] for one in values]
    known = [one for one in known if one.size]
    if not known:
        return True
    low, high = min(float(one.min()) for one in known), max(float(one.max()) for one in known)
    return math.isclose(low, high, rel_tol=1e-6, abs_tol=1e-300)
