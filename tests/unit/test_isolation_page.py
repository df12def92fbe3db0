"""docs/isolation.md: the model on the page gives the table beside it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.pages import PageRuns, models_of, text_of

PAGE = text_of("isolation")
ROWS = re.findall(r"^\| `(\w+)` \| ([\d.]+e\d|none|)[^|]*\|[^|]*\| ([\d.]+) \|$", PAGE, re.MULTILINE)


def test_the_table_holds_what_the_model_gives(tmp_path: Path) -> None:
    """COX-2 with three decimals and vesicles with three digits, as printed."""
    arms = PageRuns(models_of(PAGE), tmp_path)("Conditioned medium").summary["arms"]
    assert [name for name, *_ in ROWS] == ["untreated", "conditioned", "pellet", "protease", "lysed"]
    for name, vesicles, cox2 in ROWS:
        assert f"{arms[name]['quantities']['neuron.COX2']['value']:.3f}" == cox2
        given = sum(dose["vesicles"] for dose in arms[name]["dose"])
        assert f"{given:.3g}" == (f"{float(vesicles):.3g}" if vesicles not in ("", "none") else "0")
