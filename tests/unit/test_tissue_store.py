"""An arm in space, written and read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from vesica.errors import InputError, RunFault
from vesica.results import Quantity, TissueLayout, TissueWriter, open_tissue
from vesica.results.tissue_layout import group_path
from vesica.spec.space import Space, Wall

SPACE = Space((60.0, 40.0, 20.0), (6, 4, 2), ((Wall(), Wall("open", 0.5, {"TNF": 0.1})), *((Wall(), Wall()),) * 2))
HOURS = (0.0, 3600.0, 7200.0)
rng = np.random.default_rng(7)
POSITIONS = rng.uniform(0, 20, (5, 3))
VALUES = rng.normal(size=(3, 3, 5))
VALUES[:, 1, :2] = np.nan
DENSITY = rng.uniform(size=(2, 2, 2, 4, 6))


def layout(**more: object) -> TissueLayout:
    made = TissueLayout(
        SPACE, [f"cell {k}" for k in range(5)], ["microglia"] * 2 + ["neuron"] * 3, np.arange(5) + 4.0, POSITIONS,
        HOURS, (0.0, 7200.0),
        [Quantity("COX2", "relative to rest"), Quantity("alive", "1", "share alive"),
         Quantity("around:TNF", "molecule/um^3")],
        [Quantity("free:microglia", "vesicle/um^3", "vesicles of microglia"), Quantity("TNF", "molecule/um^3")],
        attributes={"title": "five cells", "volume_fraction": 0.2})
    return replace(made, **more)


def written(folder: Path, *, until: int = 3, moves: bool = False) -> TissueWriter:
    writer = TissueWriter.create(folder, "LPS", layout(moves=moves))
    writer.fields(0.0, {"free:microglia": DENSITY[0, 0], "TNF": DENSITY[0, 1]})
    for k in range(until):
        writer.cells(HOURS[k], VALUES[k], POSITIONS + k)
    if until == 3:
        writer.fields(7200.0, {"TNF": DENSITY[1, 1]})
    return writer


def whole(folder: Path) -> Path:
    writer = written(folder)
    matrix = scipy.sparse.csr_array(np.diag([1.0, 2.0, 3.0, 4.0], k=1))
    writer.transfer(matrix)
    writer.finish({"steps": 12, "rejected": 1, "seconds": 0.5})
    return group_path(folder, "LPS")


def says(failure: pytest.ExceptionInfo[InputError], *words: str) -> None:
    finding = failure.value.findings[0]
    assert all((finding.wrote, finding.rule, finding.consequence, finding.fix))
    for word in words:
        assert word in str(finding)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    whole(tmp_path)
    found = open_tissue(tmp_path, "LPS")
    assert found.ids == tuple(f"cell {k}" for k in range(5))
    assert found.types == ("microglia", "microglia", "neuron", "neuron", "neuron")
    assert found.times.tolist() == list(HOURS)
    assert found.field_times.tolist() == [0.0, 7200.0]
    assert found.spacing == (10.0, 10.0, 10.0)
    assert found.attributes["walls"][0][1] == {"kind": "open", "exchange": 0.5, "values": {"TNF": 0.1}}
    assert found.attributes["title"] == "five cells"
    assert found.run == {"steps": 12, "rejected": 1, "seconds": 0.5, "stored": {"cells": 3, "fields": 2}}
    for k, time in enumerate(HOURS):
        np.testing.assert_array_equal(np.stack(list(found.cells(time).values())), VALUES[k].astype(np.float32))
    np.testing.assert_array_equal(found.course("COX2"), VALUES[:, 0].astype(np.float32))
    np.testing.assert_array_equal(found.quantity("COX2"), VALUES[2, 0].astype(np.float32))
    np.testing.assert_array_equal(found.positions(3600.0), POSITIONS)
    np.testing.assert_array_equal(found.radius, np.arange(5) + 4.0)
    np.testing.assert_array_equal(found.field("TNF"), DENSITY[1, 1].astype(np.float32))
    assert np.isnan(found.field("free:microglia")).all()
    assert found.unit("around:TNF") == "molecule/um^3"
    assert found.label("alive") == "share alive"
    assert found.transfer is not None
    np.testing.assert_array_equal(found.transfer.toarray(), np.diag([1.0, 2.0, 3.0, 4.0], k=1))


def test_the_datasets_are_lazy_and_labelled(tmp_path: Path) -> None:
    whole(tmp_path)
    found = open_tissue(tmp_path, "LPS")
    field = found.fields_data["density"].sel(species="TNF", time=7200.0)
    np.testing.assert_array_equal(field.values, DENSITY[1, 1].astype(np.float32))
    np.testing.assert_allclose(field["x"].values, [5, 15, 25, 35, 45, 55], rtol=1e-15)
    assert found.cells_data["value"].dims == ("time", "quantity", "cell")
    assert found.cells_data["value"].sel(quantity="COX2")["unit"].item() == "relative to rest"
    assert found.cells_data["value"].isel(cell=2)["type"].item() == "neuron"


def test_cells_that_move_have_a_place_at_each_time(tmp_path: Path) -> None:
    written(tmp_path, moves=True).finish({})
    found = open_tissue(tmp_path, "LPS")
    for k, time in enumerate(HOURS):
        np.testing.assert_array_equal(found.positions(time), POSITIONS + k)


def test_before_a_checkpoint_no_time_counts_and_a_resumed_arm_has_those_that_were_counted(tmp_path: Path) -> None:
    writer = written(tmp_path, until=2)
    assert writer.stored == {"cells": 2, "fields": 1}
    assert open_tissue(tmp_path, "LPS").times.size == 0
    counted = {"cells": 1, "fields": 1}
    again = TissueWriter.resume(tmp_path, "LPS", layout(), counted)
    assert again.stored == counted
    assert not (group_path(tmp_path, "LPS") / "cells/value/c/1").exists()
    again.cells(HOURS[1], VALUES[1])
    again.cells(HOURS[2], VALUES[2])
    again.fields(HOURS[2], {"TNF": DENSITY[1, 1]})
    again.finish({})
    np.testing.assert_array_equal(open_tissue(tmp_path, "LPS").course("COX2"), VALUES[:, 0].astype(np.float32))


def test_an_arm_that_diverged_keeps_the_times_it_has(tmp_path: Path) -> None:
    writer = written(tmp_path, until=2)
    with pytest.raises(ValueError, match="all its times"):
        writer.finish({})
    writer.finish({}, diverged=True)
    assert open_tissue(tmp_path, "LPS").times.tolist() == [0.0, 3600.0]


def test_any_name_of_an_arm_is_a_folder_of_its_own(tmp_path: Path) -> None:
    names = ["a/b", "..", "zarr.json", "LPS + GW4869 (2 µM)", "__x"]
    for name in names:
        TissueWriter.create(tmp_path, name, layout()).finish({}, diverged=True)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["tissue.zarr"]
    assert all(open_tissue(tmp_path, name).arm == name for name in names)


@pytest.mark.parametrize(("name", "call"), [
    ("the next time", lambda writer: writer.cells(3600.0, VALUES[0])),
    ("has the shape", lambda writer: writer.cells(0.0, VALUES[0, :2])),
    ("has the shape", lambda writer: writer.fields(0.0, {"TNF": DENSITY[0, 0].T})),
    ("not in the layout", lambda writer: writer.fields(0.0, {"IL6": DENSITY[0, 0]})),
    ("has the shape", lambda writer: writer.transfer(scipy.sparse.csr_array((2, 2)))),
])
def test_a_wrong_call_is_refused_and_writes_nothing(tmp_path: Path, name: str, call: object) -> None:
    writer = TissueWriter.create(tmp_path, "LPS", layout())
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match=name):
        call(writer)  # type: ignore[operator]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("changes", "message"), [
    ({"types": ["neuron"]}, "`types`"), ({"radius": [1.0]}, "`radius`"), ({"positions": POSITIONS[:, :2]}, "posi"),
    ({"ids": ["a"] * 5}, "repeats a"),
    ({"cell_times": (0.0, 0.0)}, "increasing"), ({"field_times": ()}, "at least one"),
])
def test_labels_that_do_not_fit_are_refused(changes: dict[str, Sequence[object]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layout(**changes)


@pytest.mark.parametrize("piece", ["cells/value/c/1/0/0", "fields/density/c/1/1/0/0/0", "cells/id/c/0",
                                   "cells/time/c/0", "fields/species/c/0", "cells/position/c/0/0/0",
                                   "cells/value/zarr.json"])
@pytest.mark.parametrize("harm", ["gone", "flipped", "cut"])
def test_a_damaged_piece_is_named(tmp_path: Path, piece: str, harm: str) -> None:
    path = whole(tmp_path) / piece
    content = path.read_bytes()
    middle = len(content) // 2
    if harm == "gone":
        path.unlink()
    else:
        rest = bytes([content[middle] ^ 255]) + content[middle + 1:]
        path.write_bytes(content[:middle] + rest * (harm == "flipped"))

    def read_all() -> None:
        found = open_tissue(tmp_path, "LPS")
        found.course("COX2"), found.positions(), found.ids, [found.field("TNF", time) for time in found.field_times]

    with pytest.raises(InputError) as failure:
        read_all()
    says(failure, str(group_path(tmp_path, "LPS").joinpath(*Path(piece).parts[:2])))


def test_a_time_an_arm_or_a_name_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    whole(tmp_path)
    found = open_tissue(tmp_path, "LPS")
    with pytest.raises(InputError) as failure:
        found.cells(1800.0)
    says(failure, "0.5 h", "0 h, 1 h, 2 h")
    with pytest.raises(InputError) as failure:
        found.field("TMF")
    says(failure, "did you mean `TNF`?")
    with pytest.raises(InputError) as failure:
        open_tissue(tmp_path, "LSP")
    says(failure, "did you mean `LPS`?")
    with pytest.raises(InputError) as failure:
        open_tissue(tmp_path / "other", "LPS")
    says(failure, "fidelity: tissue")


def test_a_resume_refuses_what_is_damaged_and_leaves_it(tmp_path: Path) -> None:
    written(tmp_path)
    piece = group_path(tmp_path, "LPS") / "cells/value/c/0/0/0"
    piece.unlink()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError) as failure:
        TissueWriter.resume(tmp_path, "LPS", layout(), {"cells": 2, "fields": 1})
    says(failure, str(piece))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_disk_that_refuses_is_a_fault_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = written(tmp_path, until=1)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vesica.results.files.sync", refuse)
    with pytest.raises(RunFault, match="No space left"):
        writer.flush()


def test_the_fields_are_an_image_of_ome_zarr(tmp_path: Path) -> None:
    """Version 0.5: axes carry the names of the dimensions; the first voxel's middle is half an edge from the wall."""
    import zarr

    whole(tmp_path)
    fields = zarr.open_group(group_path(tmp_path, "LPS") / "fields", mode="r", use_consolidated=False)
    ome = fields.attrs["ome"]
    image = ome["multiscales"][0]
    assert ome["version"] == "0.5"
    array = fields[image["datasets"][0]["path"]]
    assert [axis["name"] for axis in image["axes"]] == list(array.metadata.dimension_names)
    scale, move = image["datasets"][0]["coordinateTransformations"]
    assert scale == {"type": "scale", "scale": [7200.0, 1.0, 10.0, 10.0, 10.0]}
    assert move == {"type": "translation", "translation": [0.0, 0.0, 5.0, 5.0, 5.0]}
