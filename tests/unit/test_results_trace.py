"""Single cells of a run: stored where they are followed, and no trace of them where they are not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.test_results_store import AXES, again, begin, four_parts, numbers, tree
from vesica import results
from vesica.errors import InputError
from vesica.results import format1

TRACED = replace(AXES, traced=(0, 1, 2, 3))


def cells(row: tuple[int, int]) -> np.ndarray:
    values = np.random.default_rng([5, *row]).lognormal(sigma=20.0, size=(4, 3, 2))
    values[:, :, 1] = np.nan  # no single cell is the medium
    return values


def store(folder: Path) -> results.Results:
    writer = begin(folder, axes=TRACED)
    for row in writer.pending:
        writer.commit(*row, *numbers(row), trace=cells(row))
    writer.finish("completed", "", {"arms": {}})
    return results.open(folder)


def test_single_cells_come_back_bit_for_bit(tmp_path: Path) -> None:
    run = store(tmp_path / "run")
    assert run.axes == TRACED
    assert run.data["trace"].dims == ("arm", "replicate", "traced", "time", "species")
    for at, arm in enumerate(TRACED.arms):
        for place, number in enumerate(TRACED.replicates):
            wanted = cells((at, place))
            for column, species in enumerate(TRACED.species):
                assert run.trace(arm, species, number).tobytes() == wanted[:, :, column].tobytes()
            assert run.values(arm, number).tobytes() == numbers((at, place))[0].tobytes()
    assert run.replicates(TRACED.arms[0]) == (0, 999)


def test_a_run_of_means_has_no_array_for_them(tmp_path: Path) -> None:
    """Byte for byte the layout of before: neither the array nor its labels exist."""
    begin(tmp_path / "run").close()
    store_names = {name.split("/")[1] for name in tree(tmp_path / "run") if name.startswith("results.zarr/")}
    assert not format1.OPTIONAL & store_names


def test_no_cells_are_an_empty_array_of_a_run_of_means(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as writer:
        writer.commit(0, 0, *numbers((0, 0)))
    run = results.open(tmp_path / "run")
    assert run.trace("control", "astrocyte.mvb").shape == (0, 3)
    assert run.replicates("control") == (0,)


def test_the_first_replicate_on_the_axis_is_meant_where_none_is_named(tmp_path: Path) -> None:
    alone = replace(TRACED, replicates=(7,))
    with begin(tmp_path / "run", axes=alone) as writer:
        writer.commit(0, 0, *numbers((0, 0)), {"made": 5}, trace=cells((0, 0)))
    run = results.open(tmp_path / "run")
    assert run.notes("control") == run.notes("control", 7) == {"made": 5}
    assert run.series("control", "astrocyte.mvb")[1].tolist() == numbers((0, 0))[0][:, 0].tolist()


def test_cells_that_were_not_followed_are_nan_and_the_row_is_whole(tmp_path: Path) -> None:
    with begin(tmp_path / "run", axes=TRACED) as writer:
        writer.commit(0, 0, *numbers((0, 0)))
    run = results.open(tmp_path / "run")
    assert np.isnan(run.trace("control", "astrocyte.mvb")).all()
    assert format1.chunk(tmp_path / "run" / format1.STORE, "trace", (0, 0)).is_file()


@pytest.mark.parametrize("shape", [(3, 3, 2), (4, 3), (4, 2, 2)])
def test_cells_of_another_shape_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with begin(tmp_path / "run", axes=TRACED) as writer, pytest.raises(ValueError, match="`trace` of arm"):
        writer.commit(0, 0, *numbers((0, 0)), trace=np.zeros(shape))
    with begin(tmp_path / "plain") as writer, pytest.raises(ValueError, match="`trace` of arm"):
        writer.commit(0, 0, *numbers((0, 0)), trace=np.zeros((4, 3, 2)))


@pytest.mark.parametrize("gone", ["trace", "traced"])
def test_half_of_the_pair_is_damage(tmp_path: Path, gone: str) -> None:
    folder = store(tmp_path / "run").folder
    shutil.rmtree(folder / "results.zarr" / gone)
    with pytest.raises(InputError) as failure:
        assert results.open(folder).data is None
    assert gone in four_parts(failure)


def test_a_row_without_its_cells_is_damage(tmp_path: Path) -> None:
    folder = store(tmp_path / "run").folder
    format1.chunk(folder / format1.STORE, "trace", (1, 0)).unlink()
    with pytest.raises(InputError) as failure:
        assert results.open(folder).data is None
    assert "missing although run.json lists its row" in four_parts(failure)


def test_resuming_removes_cells_of_a_row_that_was_not_committed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with begin(folder, axes=TRACED) as writer:
        writer.commit(0, 0, *numbers((0, 0)), trace=cells((0, 0)))
    stray = format1.chunk(folder / format1.STORE, "trace", (1, 1))
    stray.parent.mkdir(parents=True)
    shutil.copy(format1.chunk(folder / format1.STORE, "trace", (0, 0)), stray)  # whole, but not listed
    assert np.isnan(results.open(folder).data["trace"].values[1, 1]).all()
    with again(folder, axes=TRACED) as writer:
        assert not stray.exists()
        assert writer.pending == ((0, 1), (1, 0), (1, 1))


@pytest.mark.parametrize(
    ("changed", "named"), [({"traced": (0, 1)}, "traced"), ({"replicates": (0, 1, 2)}, "replicates")])
def test_other_cells_or_replicates_are_another_run(tmp_path: Path, changed: dict, named: str) -> None:
    begin(tmp_path / "run", axes=TRACED).close()
    with pytest.raises(InputError) as failure:
        again(tmp_path / "run", axes=replace(TRACED, **changed))
    assert f"other {named}" in four_parts(failure)
