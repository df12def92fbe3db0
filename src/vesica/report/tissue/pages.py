"""Maps as blocks of a page, and as files."""

from __future__ import annotations

from collections.abc import Sequence

from vesica.report.blocks import Figure, Panel, Section
from vesica.report.tissue.canvas import Picture


def section(drawn: Sequence[Picture], title: str = "Maps", anchor: str = "maps") -> Section:
    """One figure for each picture."""
    return Section(anchor, title, "", tuple(Figure(one.caption, (Panel(one.title, one.inline),), title=one.title,
                                                   is_wide=True) for one in drawn))


def files(drawn: Sequence[Picture]) -> dict[str, bytes]:
    """SVG and, where it was drawn, PNG below ``figures/``."""
    found = {f"figures/{one.name}.svg": one.svg for one in drawn}
    return found | {f"figures/{one.name}.png": one.png for one in drawn if one.png}
