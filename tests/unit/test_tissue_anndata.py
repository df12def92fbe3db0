"""Cells of an arm in space as AnnData: the file is opened by anndata itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from vesica.cli.app import main
from vesica.results import Axes, Quantity, RunWriter, TissueLayout, TissueWriter
from vesica.results import open as open_run
from vesica.spec.space import Space

anndata = pytest.importorskip("anndata")
TYPES = ("microglia", "microglia", "neuron")
POSITIONS = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
NAMES = ("COX2", "quiescent", "inflammatory", "released:microglia", "taken_up:microglia", "taken_up:neuron")
VALUES = np.array([[1.0, 2.0, 3.0], [0.9, 0.2, np.nan], [0.1, 0.8, np.nan], [10.0, 20.0, np.nan], [1.0, 2.0, 3.0],
                   [np.nan, 4.0, 5.0]])
PAIRS = scipy.sparse.csr_array(np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 4.0], [0.0, 0.0, 0.0]]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of two arms, one of them in space, in a thin section."""
    axes = Axes(["control", "LPS"], [0], [0.0, 3600.0], ["medium.a"], ["1"], ["medium"], ["a"])
    with RunWriter.create(tmp_path / "run", model_text="m", spec_text="s", meta={"seed": 3, "command": "vesica run"},
                          axes=axes) as writer:
        layout = TissueLayout(Space((10.0, 10.0, 10.0), (5, 5, 1)), ["a", "b", "c"], TYPES, [5.0, 5.0, 8.0], POSITIONS,
                              [0.0, 3600.0], [0.0], [Quantity(name, "vesicle") for name in NAMES], [],
                              chains={"microglia": {"activation": ["quiescent", "inflammatory"]}})
        tissue = TissueWriter.create(writer.folder, "LPS", layout)
        tissue.cells(0.0, np.zeros_like(VALUES))
        tissue.cells(3600.0, VALUES)
        tissue.fields(0.0, {})
        tissue.transfer(PAIRS)
        tissue.finish({"steps": 3})
        for arm in range(2):
            writer.commit(arm, 0, [[0.0], [1.0]], [])
        writer.finish("completed", "", {})
    return tmp_path / "run"


def test_the_file_opens_and_holds_what_was_stored(folder: Path, tmp_path: Path,
                                                  capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(folder), "--arm", "LPS", "--out", str(tmp_path / "cells.h5ad"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cells"] == 3
    data = anndata.read_h5ad(tmp_path / "cells.h5ad")
    np.testing.assert_array_equal(data.X, VALUES.T.astype(np.float32))
    assert data.var_names.tolist() == list(NAMES)
    assert data.obs_names.tolist() == ["a", "b", "c"]
    assert data.var["unit"].tolist() == ["vesicle"] * 6
    assert data.obs["cell_type"].tolist() == list(TYPES)
    assert data.obs["cell_type"].dtype == "category"
    assert data.obs["released"].tolist() == [10.0, 20.0, 0.0]
    assert data.obs["taken_up"].tolist() == [1.0, 6.0, 8.0]
    assert data.obs["activation"].astype(object).where(data.obs["activation"].notna(), "none").tolist() == [
        "quiescent", "inflammatory", "none"]
    np.testing.assert_array_equal(data.obsm["spatial"], POSITIONS[:, :2])  # z is no dimension of a thin section
    np.testing.assert_array_equal(data.obsp["ev_transfer"].toarray(), PAIRS.toarray())
    about = data.uns["vesica"]
    assert (about["arm"], about["time"], about["spatial_unit"], about["seed"]) == ("LPS", 3600.0, "um", "3")
    assert json.loads(about["attributes"])["voxels"] == [5, 5, 1]


def test_the_sole_arm_in_space_need_not_be_named_and_the_time_can_be(folder: Path, tmp_path: Path) -> None:
    assert main(["export", str(folder), "--at", "0 h", "--out", str(tmp_path / "cells.h5ad")]) == 0
    assert not anndata.read_h5ad(tmp_path / "cells.h5ad").X.any()
    assert open_run(folder).arms_in_space == ("LPS",)


@pytest.mark.parametrize(("words", "said"), [
    (["--arm", "LSP"], "did you mean `LPS`?"), (["--at", "2 h"], "0 h, 1 h"), (["--at", "soon"], "write `--at 24 h`"),
    (["--out", "cells.csv"], "cells.h5ad"), (["--out", "no/such/cells.h5ad"], "does not exist"),
])
def test_bad_words_are_refused_in_four_parts(
    folder: Path, tmp_path: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    given = words if "--out" in words else [*words, "--out", "cells.h5ad"]
    assert main(["export", str(folder), *given]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown
    assert not list(tmp_path.glob("cells*"))


def test_a_run_without_space_says_so(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import shutil

    shutil.rmtree(folder / "tissue.zarr")
    assert main(["export", str(folder), "--out", str(tmp_path / "cells.h5ad")]) == 2
    assert "fidelity: tissue" in capsys.readouterr().err
