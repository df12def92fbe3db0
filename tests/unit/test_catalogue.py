"""The catalogue pages of the documentation are those that the data of the library give."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from vesica.library import load


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "make_catalogue.py"))


def test_the_parameter_catalogue_is_current(script: dict[str, Any]) -> None:
    assert script["PARAMETERS"].read_text(encoding="utf-8") == script["parameters_page"](), script["__doc__"]


def test_the_cargo_table_is_current(script: dict[str, Any]) -> None:
    page = script["cargo_page"]()
    assert script["CARGO"].is_file() == (page is not None)
    assert page is None or script["CARGO"].read_text(encoding="utf-8") == page, script["__doc__"]


def test_the_table_of_drugs_is_current(script: dict[str, Any]) -> None:
    page = script["INTERVENTIONS"].read_text(encoding="utf-8")
    assert page == script["interventions_page"](), script["__doc__"]
    agents = load("cns").agents.values()
    assert page.count("\n| `") + page.count("\n|  | `") >= sum(len(agent.effects) for agent in agents)
    assert all(f"\n| `{agent.name}`: " in page for agent in agents if agent.effects)


def test_every_entry_is_on_the_page(script: dict[str, Any]) -> None:
    page = script["parameters_page"]()
    entries = load("cns").entries
    assert page.count("\n| `") == len(entries)
    assert all(f"\n| `{entry}` |" in page for entry in entries)
    assert page.startswith("# Parameter catalogue\n\nMade by `scripts/make_catalogue.py`")
    assert f"\n{len(entries)} numbers: " in page


def test_a_changed_number_changes_the_page(script: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "entries_x.toml"
    text = ('# Rates: and\n# more.\n[[entry]]\nid = "a.b"\nquantity = "x | y"\nvalue = 2\nunit = "1/h"\nlow = 1\n'
            'high = 3\nsource = "A 2019"\ndoi = "10.1234/a"\nreason = ""\nconfidence = "known"\n')
    file.write_text(text)
    page = script["parameters_page"](tmp_path)
    assert "\n## Rates\n" in page
    line = r"| `a.b` | x \| y | 2 | 1 to 3 | 1/h | known | A 2019 [10.1234/a](https://doi.org/10.1234/a) |"
    assert line in page
    assert "1 numbers: 0 seen (0 %), 1 known (100 %), 0 estimate (0 %)." in page
    file.write_text(text.replace("value = 2", "value = 2.5"))
    assert script["parameters_page"](tmp_path) != page


def test_a_cargo_table(script: dict[str, Any], tmp_path: Path) -> None:
    assert script["cargo_page"](tmp_path) is None
    heads = ["id", "molecule", "source_cell", "condition", "dose", "direction", "fold", "recipient", "target", "effect",
             "ref", "doi", "confidence"]
    rows = [["a", "miR-1", "microglia (BV2)", "LPS", "1 ug/mL", "up", "2", "neuron", "Syt1", "held down", "A 2019",
             "10.1234/a", "seen"], ["b", "miR-2", "Microglia, M2", *[""] * 9, "known"]]
    (tmp_path / "cargo_table.tsv").write_text("\n".join("\t".join(row) for row in [heads, *rows]) + "\n")
    page = script["cargo_page"](tmp_path)
    assert page is not None
    assert "2 rows: 1 known, 1 seen." in page
    assert page.count("\n## ") == 1
    line = "| microglia (BV2) | miR-1 | LPS, 1 ug/mL, up 2 | neuron | held down (Syt1) | seen | A 2019 [10.1234/a]"
    assert line in page
