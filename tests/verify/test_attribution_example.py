"""The tables of docs/attribution.md, of `examples/ev_or_soluble.yaml`: 512 coalitions, 80 s of processor."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from vesica.cli.app import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "attribution.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.verify
def test_the_page_says_who_did_it(tmp_path: Path) -> None:
    example = ROOT / "examples" / "ev_or_soluble.yaml"
    assert main(["attribute", str(example), "--effect", "neuron.COX2", "--arm", "ethanol", "--change",
                 "--out", str(tmp_path / "who")]) == 0  # fmt: skip
    share = {row["player"]: float(row["share (%)"]) for row in rows(tmp_path / "who" / "players.csv")}
    total = {row["name"]: float(row["share (%)"]) for row in rows(tmp_path / "who" / "sums.csv")}
    told = {row["control"]: row for row in rows(tmp_path / "who" / "controls.csv")}
    for channel in ("exosomes", "microvesicles", "soluble factors"):
        cells = " | ".join(f"{share[f'{channel} of {cell}']:.1f} %" for cell in ("astrocyte", "microglia"))
        assert f"| {channel} | {cells} |" in PAGE
        assert f"{total[channel]:.1f} % |" in PAGE
    assert f"| contact | | nothing leads there | {share['contact of neuron']:.1f} % |" in PAGE
    for control in ("GW4869", "Rab27a", "transwell", "brefeldin A", "anti-TNF"):
        row = told[control]
        reported, off = (f"{float(row[name]):.1f} %" for name in ("reported (%)", "off (%)"))
        assert f"| {control} | {row['measures']} | {reported} | {off}" in PAGE
    gw4869, transwell = (float(told[control]["reported (%)"]) for control in ("GW4869", "transwell"))
    for words in (f"exosomes bring {total['exosomes']:.0f} % and soluble factors {total['soluble factors']:.0f} %",
                  f"takes {-total['contact']:.0f} % away)",
                  f"GW4869 would report {gw4869:.0f} % for exosomes and a transwell {transwell:.0f} %"):  # fmt: skip
        assert words in README
