"""`vesica cargo` as a stranger types it: a whole folder, plain words, and wrong input."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.cargo_tables import write
from vesica.cli.app import main


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(7)
    ids = tuple(f"mmu-miR-{300 + k}-5p" for k in range(40))
    cells = np.outer(np.geomspace(60, 6000, 40), np.ones(6))
    cells[3, 3:] *= 6
    write(
        tmp_path / "cells.csv",
        ids,
        tuple(f"{g} c{k}" for g in ("ctrl", "LPS") for k in (1, 2, 3)),
        rng.poisson(cells),
    )
    write(
        tmp_path / "evs.csv",
        ids,
        tuple(f"{g} e{k}" for g in ("ctrl", "LPS") for k in (1, 2, 3)),
        rng.poisson(cells / 4),
    )
    genes = [f"Gene{k}" for k in range(200)]
    change = rng.normal(0, 0.5, 200) - np.where(np.arange(200) < 25, 1.0, 0.0)
    lines = [f"{gene},{value:.4f}" for gene, value in zip(genes, change, strict=True)]
    (tmp_path / "neuron.csv").write_text("gene,log2FC\n" + "\n".join(lines) + "\n")
    pairs = [f"mmu-miR-303-5p,{gene}" for gene in genes[:25]] + [
        f"mmu-miR-310-5p,{gene}" for gene in genes[60:90]
    ]
    (tmp_path / "targets.csv").write_text("miRNA,Target Gene\n" + "\n".join(pairs) + "\n")
    return tmp_path


def given(folder: Path, *more: str) -> list[str]:
    return ["cargo", "score", "--cells", str(folder / "cells.csv"), "--evs", str(folder / "evs.csv"), *more]


def test_a_whole_folder_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "result"
    code = main(given(folder, "--group", "ctrl", "--group", "LPS", "--against", "ctrl", "--responders",
                      f"neuron={folder / 'neuron.csv'}", "--targets", str(folder / "targets.csv"),
                      "--sender", "microglia",
                      "--out", str(out), "--no-png"))  # fmt: skip
    said = capsys.readouterr()
    assert code == 0
    assert "targets of 1 of 2 miRNAs are lower" in said.out
    assert "mmu-miR-303-5p" in said.out
    assert {path.name for path in out.iterdir()} == {
        "summary.json", "report.html", "figures", "cargo.h5ad", "groups.csv", "strongest.csv", "libraries.csv",
        "loading.csv",
        "changes.csv", "loading_change.csv", "repression.csv", "marker_lists.csv", "sender_receiver.csv"}  # fmt: skip
    with (out / "sender_receiver.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 25 + 30
    assert rows[0]["source"] == "microglia"
    assert rows[0]["ligand_complex"] == "mmu-miR-303-5p"
    assert rows[0]["target"] == "neuron"
    assert all(0 < float(row["specificity_rank"]) <= 1 for row in rows)
    with (out / "changes.csv").open() as file:
        changed = {
            (row["compartment"], row["name"]) for row in csv.DictReader(file) if float(row["fdr"] or 1) < 1e-6
        }
    assert changed == {("cells", "mmu-miR-303-5p"), ("EVs", "mmu-miR-303-5p")}
    summary = json.loads((out / "summary.json").read_text())
    assert summary["kind"] == "cargo"
    assert summary["repression"]["fdr_below_0.05"] == [["neuron", "mmu-miR-303-5p"]]


def test_one_json_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(given(folder, "--group", "ctrl", "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["groups"]) == ["ctrl"]


@pytest.mark.parametrize(("more", "says"), [
    ((), "look like 2 groups"),
    (("--group", "control"), "no column begins with `control`"),
    (("--group", "ctrl", "--group", "ctrl c=b"), "falls into `ctrl` and `b`"),
    (("--group", "ctrl", "--against", "contrl"), "did you mean `ctrl`"),
    (("--group", "ctrl", "--without", "platelets"), "did you mean `platelet`"),
    (("--group", "ctrl", "--targets", "{}/targets.csv"), "`--responders` is not given"),
    (("--group", "ctrl", "--responders", "{}/neuron.csv"), "`--targets` is not given"),
    (("--group", "ctrl c1=a", "--group", "ctrl e1=a", "--group", "LPS", "--against", "a"), "has 1 library of cells"),
    (("--group", "ctrl c=a", "--group", "LPS e=b"), "groups of cells: a; of EVs: b"),
    (("--group", "ctrl", "--least-reads", "1e9"), "only 0 of 40 rows have 1e\\+09 reads per library"),
    (("--group", "ctrl", "--group", "LPS", "--ev-change", "LP={}/neuron.csv"), "did you mean `LPS`"),
    (("--group", "ctrl", "--group", "LPS", "--ev-change", "{}/neuron.csv"), "NAME=FILE"),
    (("--group", "ctrl", "--design", "{}/neuron.csv"), "both --group and --design"),
    (("--group", "ctrl", "--group", "LPS", "--responders", "{}/neuron.csv", "--targets", "{}/targets.csv"), "--given"),
])  # fmt: skip
def test_wrong_input_is_refused_and_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], says: str
) -> None:
    import re

    out = folder / "never"
    words = [word.format(folder) for word in more]
    assert main(given(folder, *words, "--out", str(out))) == 2
    said = capsys.readouterr().err
    assert re.search(says, said), said
    assert "Traceback" not in said
    assert not out.exists()


def test_names_that_never_meet_are_refused_with_the_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / "evs.csv").read_text().replace("miR", "mir").replace("-5p", "")
    (folder / "evs.csv").write_text(text)
    assert main(given(folder, "--group", "ctrl")) == 2
    assert "`mmu-miR-300-5p` and `mmu-mir-300` are the same hairpin" in capsys.readouterr().err


def test_a_design_sheet_names_the_groups(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"{g} {side}{k},{g.lower()}" for g in ("ctrl", "LPS") for side in "ce" for k in (1, 2, 3)]
    (folder / "design.csv").write_text("sample,group\n" + "\n".join(names) + "\n")
    assert main(given(folder, "--design", str(folder / "design.csv"), "--json")) == 0
    assert list(json.loads(capsys.readouterr().out)["groups"]) == ["ctrl", "lps"]
    (folder / "design.csv").write_text("sample,group\nctrl c9,a\n")
    assert main(given(folder, "--design", str(folder / "design.csv"))) == 2
    assert "design.csv:2" in capsys.readouterr().err


def test_a_database_is_summarised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.txt"
    path.write_text("CONTENT ID\tCONTENT TYPE\tENTREZ GENE ID\tGENE SYMBOL\tSPECIES\tEXPERIMENT ID\tMETHODS\n"
                    "1\tprotein\t1\tCd63\tMus musculus\t1\tMS\n")  # fmt: skip
    assert main(["cargo", "database", str(path), "--gene", "CD63", "--out", str(tmp_path / "db")]) == 0
    assert "1 of 1 names are in the files" in capsys.readouterr().out
    assert (tmp_path / "db" / "lookup.csv").exists()
    assert main(["cargo", "database", str(path), "--species", "Homo sapiens"]) == 2
    assert "`Homo sapiens` stands in none" in capsys.readouterr().err
