"""Pictures as files of their own: SVG with its style sheet inside, and PNG for slides."""

from __future__ import annotations

import functools
import importlib.util
import re
from importlib import resources
from pathlib import Path
from typing import Final

from markupsafe import Markup

from vesica.errors import error

PNG_ZOOM: Final = 2.0  # pixels per unit of the picture
_MARGIN: Final = 12.0  # around it, in units
_VARIABLE: Final = re.compile(r"var\((--[\w-]+)\)")
_DEFINITION: Final = re.compile(r"(--[\w-]+):\s*([^;}]+)")
_RULE: Final = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SIZE: Final = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_FONTS: Final = '"DejaVu Sans", "Segoe UI", "Helvetica Neue", Arial, sans-serif'


def standalone(picture: Markup) -> str:
    """An ``svg`` element of a report as a file: light colours, white ground, its own styles.

    Parameters
    ----------
    picture : Markup
        As `svg.picture` makes it.
    """
    size = _SIZE.search(picture)
    width, height = (float(size[1]) + 2 * _MARGIN, float(size[2]) + 2 * _MARGIN) if size else (0.0, 0.0)
    box = f"{-_MARGIN:g} {-_MARGIN:g} {width:g} {height:g}"
    start, inside = _SIZE.sub(f'viewBox="{box}"', str(picture), count=1).split(">", 1)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
    ground = f'<rect x="{-_MARGIN:g}" y="{-_MARGIN:g}" width="{width:g}" height="{height:g}" fill="#ffffff"/>'
    return f"{start.replace('<svg ', head, 1)}><style>{_style()}</style>{ground}{inside}\n"


def png(picture: Markup) -> bytes:
    """The picture in pixels, twice as many as units, on white.

    Raises
    ------
    InputError
        The extra ``pictures`` is not installed.
    """
    try:
        import resvg_py
    except ImportError:
        raise error("--png", "PNG pictures need the library resvg", "it belongs to the extra `pictures`",
                    "only SVG pictures can be written", 'install it: pip install "vesica[pictures]"') from None
    return bytes(resvg_py.svg_to_bytes(svg_string=standalone(picture), zoom=PNG_ZOOM, font_dirs=_font_folders(),
                                       font_family="DejaVu Sans", sans_serif_family="DejaVu Sans"))


def can_draw_png() -> bool:
    """Whether the extra ``pictures`` is installed."""
    return importlib.util.find_spec("resvg_py") is not None


def _font_folders() -> list[str]:
    """Fonts that come with matplotlib, where it happens to be installed; the system's are found anyway."""
    found = importlib.util.find_spec("matplotlib")
    return [str(Path(found.origin).parent / "mpl-data" / "fonts" / "ttf")] if found and found.origin else []


@functools.cache
def _style() -> str:
    """The rules of pictures with every variable put in: programs that draw SVG do not know CSS variables.

    A rule that takes its colour from a class (``--c`` of ``.c1``) is written once for each such class.
    """
    templates = resources.files("vesica.report") / "templates"
    root = (templates / "style.css").read_text(encoding="utf-8").split("}", 1)[0]
    values = dict(_DEFINITION.findall(root)) | {"--sans": _FONTS, "--paper": "#ffffff"}
    rules = [(selector.strip(), body.strip()) for selector, body in
             _RULE.findall((templates / "picture.css").read_text(encoding="utf-8"))]
    colours = {name: dict(_DEFINITION.findall(body)) for name, body in rules if body.startswith("--")}
    out = []
    for selector, body in rules:
        own = set(_VARIABLE.findall(body)) & {"--c", "--f"}
        if selector in colours:
            continue
        if not own:
            out.append(f"{selector} {{{_filled(body, values)}}}")
        for name, given in colours.items():
            if own and own <= set(given):
                last = ", ".join(f"{part.strip()}{name}" for part in selector.split(","))
                out.append(f"{last} {{{_filled(body, values | given)}}}")
    return "\n".join(out)


def _filled(body: str, values: dict[str, str]) -> str:
    text = body
    for _ in range(3):  # a variable may name another
        text = _VARIABLE.sub(lambda match: values.get(match[1], "currentColor").strip(), text)
    return text
