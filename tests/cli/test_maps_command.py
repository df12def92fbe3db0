"""`vesica maps` from a run folder to a folder of pictures and tables."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests import tissue_store
from tests.tissue_store import Made
from vesica import results
from vesica.cli.app import main
from vesica.results import Axes, RunWriter

META = {"command": "run", "arguments": {}, "seed": 7, "versions": {"numpy": "2.4.6"},
        "started": "2026-01-01T00:00:00+00:00"}
SHOWN = ("astrocyte", "neuron", "oligodendrocyte")  # the commonest of those in which NF-kB changes alike
AXES = Axes(arms=("lps", "control"), replicates=(0,), times=(0.0, 3600.0), species=("microglia.NFkB",),
            species_unit=("",), species_compartment=("microglia",), species_label=("NF-kB",), parameters=("a.b",),
            parameter_unit=("1/s",))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with two arms in space, the first of the model not the first of the alphabet."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    with RunWriter.create(folder, model_text="vesica: 1\n", spec_text="", meta=META, axes=AXES) as writer:
        for row in writer.pending:
            writer.commit(*row, [[1.0], [2.0]], [1.0])
        tissue_store.write(folder, {"lps": Made(), "control": Made(strength=0.0)})
        writer.finish("completed", "", {"arms": {"lps": {}, "control": {}}})
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_folder_of_pictures_tables_and_a_page(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "maps"
    assert main(["maps", str(run), "--out", str(out)]) == 0
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    pictures = ["types", "cells-NFkB", "cells-inflammatory", "cells-taken_up-microglia", "field-TNF",
                "field-free-microglia", "front-neuron-NFkB", "front-microglia-inflammatory",
                "profile-neuron-NFkB", "profile-field-TNF"]
    assert {f"figures/{name}.{kind}" for name in pictures for kind in ("svg", "png")} <= names
    assert {"summary.json", "report.html", "cells.csv", "fronts.csv", "front_positions.csv", "ranges.csv",
            "profiles.csv", "journeys.csv"} <= names
    said = json.loads((out / "summary.json").read_text())
    assert (said["kind"], list(said["arms"])) == ("maps", ["lps", "control"])  # in the order of the model
    cells = rows(out / "cells.csv")
    assert len(cells) == 800
    assert cells[0]["x (um)"]
    assert {one["type"] for one in cells if one["inflammatory (share)"]} == {"microglia"}
    (front,) = [one for one in rows(out / "fronts.csv")
                if (one["arm"], one["cells"], one["quantity"]) == ("lps", "neuron", "NFkB")]
    speed = said["arms"]["lps"]["front"]["neuron.NFkB"]["speed_um_per_h"]
    assert float(front["speed (um/h)"]) == pytest.approx(speed, rel=1e-9)  # ten digits
    assert main(["maps", str(run), "--out", str(out), "--no-png", "--arm", "lps"]) == 0  # an older one is replaced
    assert not list(out.rglob("*.png"))


def test_only_what_was_asked_for(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "maps"
    assert main(["maps", str(run), "--arm", "lps", "--at", "8 h", "--at", "16 h", "--color", "NFkB", "--field", "TNF",
                 "--from", "microglia", "--no-png", "--json", "--out", str(out)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["profiles_from"] == "the nearest microglia"
    assert (said["quantities"], said["fields"], list(said["arms"])) == (["NFkB"], ["TNF"], ["lps"])
    found = rows(out / "profiles.csv")
    assert {one["time (h)"] for one in found} == {"8", "16"}
    assert "microglia" not in {one["cells"] for one in found if one["what"] == "NFkB"}
    assert {path.name for path in (out / "figures").iterdir()} == {
        "types.svg", "cells-NFkB.svg", "field-TNF.svg", "profile-field-TNF.svg",
        *(f"{chart}-{kind}-NFkB.svg" for kind in SHOWN for chart in ("front", "profile"))}
    drawn = (out / "figures" / "field-TNF.svg").read_text()
    assert "lps, 8 h" in drawn
    assert "lps, 16 h" in drawn


@pytest.mark.parametrize(("words", "answer"), [
    (["--color", "nfkb"], "did you mean `NFkB`?"),
    (["--field", "TNFa"], "did you mean `TNF`?"),
    (["--arm", "LPS"], "did you mean `lps`?"),
    (["--from", "y.top"], "did you mean `y.low`?"),
    (["--at", "8 um"], "write `--at 24 h`"),
    (["--plane", "xw"], "write `xy`, `xz` or `yz`"),
    (["--slice", "400"], "write `--slice 5`"),
])
def test_what_cannot_be_drawn_is_said_before_anything_is_written(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], answer: str
) -> None:
    assert main(["maps", str(run), "--out", str(tmp_path / "maps"), *words]) == 2
    assert answer in capsys.readouterr().err
    assert not (tmp_path / "maps").exists()


def test_a_run_in_a_dish_has_no_maps(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dish = tmp_path / "dish"
    with RunWriter.create(dish, model_text="vesica: 1\n", spec_text="", meta=META, axes=AXES) as writer:
        for row in writer.pending:
            writer.commit(*row, [[1.0], [2.0]], [1.0])
        writer.finish("completed", "", {"arms": {}})
    assert main(["maps", str(dish)]) == 2
    assert "fidelity: tissue" in capsys.readouterr().err
    assert results.open(run).arms_in_space == ("lps", "control")
