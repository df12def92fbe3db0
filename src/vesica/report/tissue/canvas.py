"""What every map is drawn on: matplotlib without a screen, one look, scale bars, the same bytes every time.

Maps are drawn once and used twice: as files (white ground, dark ink) and inside the report, where ink takes the
colour of the reader's theme (``currentColor``) and the ground is the page.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from vesica.errors import error

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
INK: Final = "#1c1d1e"  # replaced by currentColor in the report
SOFT: Final = "#5d5f64"  # likewise, in the softer colour of the style sheet
PNG_DPI: Final = 200
RASTER_DPI: Final = 150  # of what is too much for SVG
PANEL: Final = 3.4  # inch, width of one map
# After Okabe and Ito; told apart by every kind of colour vision, on white and on black.
PALETTE: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b9a04b", "#8d8d88")
MAP: Final = "viridis"  # even in lightness, and so readable without colours
_BELOW: Final = 0.1  # inch, from a map down to its scale bar
_LABEL: Final = {  # what the report and a file have in common
    "font.family": "sans-serif", "font.size": 8.0, "axes.titlesize": 8.5, "axes.linewidth": 0.7,
    "svg.fonttype": "none", "svg.hashsalt": "vesica", "path.simplify": False, "figure.dpi": 100.0,
    "axes.edgecolor": SOFT, "axes.labelcolor": SOFT, "xtick.color": SOFT, "ytick.color": SOFT, "text.color": INK,
    "xtick.major.width": 0.7, "ytick.major.width": 0.7, "xtick.labelsize": 7.5, "ytick.labelsize": 7.5,
}


@dataclass(frozen=True)
class Picture:
    """A finished drawing.

    Parameters
    ----------
    name : of its files, without ending
    title, caption : for people; the caption says what is shown, in which units
    svg : a file of its own, on white
    png : the same in pixels
    inline : an ``svg`` element for the report, in the colours of the page
    """

    name: str
    title: str
    caption: str
    svg: bytes
    png: bytes
    inline: Markup


def can_draw() -> bool:
    """Whether matplotlib is there; it comes with the extra ``tissue``."""
    import importlib.util

    return importlib.util.find_spec("matplotlib") is not None


def draw(name: str, title: str, caption: str, size: tuple[float, float], paint: Callable[[Figure], None], *,
         png: bool = True) -> Picture:
    """Draw a picture in both of its forms.

    Parameters
    ----------
    size : inches
    paint : puts everything on the figure
    png : whether the file in pixels is wanted, too

    Raises
    ------
    InputError
        The extra ``tissue`` is not installed.
    """
    if not can_draw():
        raise error("matplotlib", "maps are drawn with matplotlib, which is not installed",
                    "it belongs to the extra `tissue`", "only tables can be written",
                    'install it: pip install "vesica[tissue]"')
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context(_LABEL):
        figure = Figure(figsize=size)
        FigureCanvasAgg(figure)
        paint(figure)
        text = _svg(figure)
        pixels = io.BytesIO()
        if png:
            figure.savefig(pixels, format="png", dpi=PNG_DPI, facecolor="white", metadata={"Software": None})
    return Picture(name, title, caption, _file(text, size), pixels.getvalue(), _inline(text, name, title, caption))


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", dpi=RASTER_DPI, facecolor="none", edgecolor="none", metadata={"Date": None})
    return text.getvalue()


_NUMBER: Final = re.compile(r"-?\d+\.\d{3,}")
_DOT: Final = re.compile(r"M ([-\d.]+) ([-\d.]+) \nL ([-\d.]+) ([-\d.]+) \n?")
_SPECK: Final = 0.05  # points; a stroke no longer than this is a dot
_IDS: Final = re.compile(r'(\bid="|href="#|url\(#)([^")]+)')


def _lean(text: str) -> str:
    """The same drawing in fewer bytes: two decimals, and dots as the shortest path there is."""
    text = _NUMBER.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), text)
    text = _DOT.sub(_dot, text)
    return re.sub(r"\n\s*", "\n", text)


def _dot(stroke: re.Match[str]) -> str:
    x, y, to_x, to_y = map(float, stroke.groups())
    is_dot = abs(to_x - x) <= _SPECK and abs(to_y - y) <= _SPECK
    return f"M{stroke[1]} {stroke[2]}h0" if is_dot else stroke[0]


def _body(text: str) -> tuple[str, str]:
    """The view box and everything inside the ``svg`` element."""
    start = text.index("<svg")
    box = re.search(r'viewBox="([^"]+)"', text[start:])
    inside = text[text.index(">", start) + 1 : text.rindex("</svg>")]
    inside = re.sub(r"<metadata>.*?</metadata>", "", inside, flags=re.DOTALL)
    return (box[1] if box else ""), _lean(inside)


def _file(text: str, size: tuple[float, float]) -> bytes:
    box, inside = _body(text)
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'width="{size[0] * 96:.0f}" height="{size[1] * 96:.0f}" viewBox="{box}">')
    return f'{head}<rect width="100%" height="100%" fill="#ffffff"/>{inside}</svg>\n'.encode()


def _inline(text: str, name: str, title: str, caption: str) -> Markup:
    """For a page: names of its own for all parts, ink of the theme, words for a screen reader."""
    box, inside = _body(text)
    inside = _IDS.sub(lambda found: f"{found[1]}{name}-{found[2]}", inside).replace("xlink:href", "href")
    inside = inside.replace(INK, "currentColor").replace(SOFT, "var(--soft)")
    inside = re.sub(r"(font: )([\d.]+)px [^;\"]*", r"\1\2px var(--sans)", inside)
    width = float(box.split()[2])
    return Markup(f'<svg viewBox="{box}" role="img" class="picture" style="max-width:{width * 1.6:.0f}px;'
                  f'min-width:{width * 0.9:.0f}px">'
                  f"<title>{escape(title)}</title><desc>{escape(caption)}</desc>{inside}</svg>")


def round_length(wanted: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above ``wanted``."""
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= wanted * (1 + 1e-9))


def length_words(length: float) -> str:
    """A length in um, or in mm from 1 mm on."""
    return f"{length / 1e3:g} mm" if length >= 1e3 else f"{length:g} µm"


def scale_bar(axes: Axes, width: float) -> None:
    """A bar of a round length under the lower left corner of a map that is ``width`` um wide."""
    from matplotlib.transforms import ScaledTranslation

    length = round_length(width / 4.0)
    below = axes.transAxes + ScaledTranslation(0.0, -_BELOW, axes.figure.dpi_scale_trans)
    axes.plot([0.0, length / width], [0.0, 0.0], color=INK, lw=2.2, solid_capstyle="butt", clip_on=False,
              transform=below)
    axes.annotate(length_words(length), (length / width, 0.0), (4, -72.0 * _BELOW), xycoords="axes fraction",
                  textcoords="offset points", va="center", ha="left", fontsize=7.5, color=INK, annotation_clip=False)


def dots(axes: Axes, places: Array, radii: Array, colours: Sequence[Any], per_um: float, *,
         raster: bool = False, order: int = 3) -> None:
    """Discs of true radius, drawn as points of a round pen: a few bytes each, and sharp at any size.

    Parameters
    ----------
    places : (cell, 2) um
    radii : (cell,) um
    colours : (cell,) any colours; cells alike share a path
    per_um : points of the page per um
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    groups: dict[tuple[Any, float], list[int]] = {}
    for cell, (colour, radius) in enumerate(zip(colours, np.round(radii, 2), strict=True)):
        groups.setdefault((colour, float(radius)), []).append(cell)
    for place, ((colour, radius), members) in enumerate(groups.items()):
        some = places[members]
        ends = np.repeat(some, 2, axis=0)
        ends[1::2, 0] += 0.01 / per_um  # a line without length has no direction, and is not drawn
        codes = np.tile([Path.MOVETO, Path.LINETO], len(members))
        patch = PathPatch(Path(ends, codes), edgecolor=colour, facecolor="none", capstyle="round", snap=False,
                          lw=2.0 * radius * per_um, zorder=order + 1e-4 * place, rasterized=raster)
        axes.add_artist(patch)  # `add_patch` would look for the limits of the axes in every disc
