"""Opening run folders: damaged, foreign, newer, and as old as format 1."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vesica import results
from vesica.errors import InputError
from vesica.results import Axes, RunWriter, format1

TESTS = Path(__file__).parents[1]
OLD = TESTS / "archive" / "format1"
# The numbers of the archive, exact in binary: arm + replicate / 4 + 8 time + 64 species.
ARM, REPLICATE, TIME, SPECIES = np.meshgrid(range(2), range(2), range(4), range(3), indexing="ij")
VALUES = ARM + REPLICATE / 4 + 8.0 * TIME + 64.0 * SPECIES
VALUES[0, :, :, 2] = np.nan  # no neuron in the first arm
AXES = Axes(
    arms=("control", "éthanol"), replicates=(0, 1), times=(0.0, 900.0, 1800.0, 3600.0),
    species=("astrocyte.mvb", "medium.EV", "neuron.p_é"), species_unit=("1", "vesicle", "molecule"),
    species_compartment=("astrocyte", "medium", "neuron"),
    species_label=("MVBs", "vesicles in the medium", "µ protein"),
    parameters=("astrocyte.mvb_fusion_rate", "medium.volume"), parameter_unit=("1/s", "um^3"))


def write_archive(folder: Path) -> None:
    """Write the folder that tests/archive/format1 holds (made once; never made again)."""
    meta = {"vesica": "0.1.0", "command": "run", "arguments": {"model": "model.yaml"}, "seed": 1,
            "versions": {"vesica": "0.1.0"}, "machine": "Linux x86_64", "started": "2026-01-01T00:00:00+00:00"}
    writer = RunWriter.create(folder, model_text="vesica: 1\ntitle: é\n", spec_text="title: é\n", meta=meta,
                              axes=AXES, inputs={"nta.csv": b"size,count\n100,5\n"})
    for arm, replicate in writer.pending:
        writer.commit(arm, replicate, VALUES[arm, replicate], [0.5 + arm, 2e12], {"solver": {"steps": 10 * arm}})
    account = results.Ledger(made=8.0, outside=6.0, degraded=2.0).as_dict()
    writer.finish("completed", "", {
        "format": 1, "outcome": "completed", "title": "é", "not_a_number": float("nan"),
        "arms": {"control": {"ledger": {"vesicles": account, "cargo": {"miR_155": account}}}}})


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(OLD, tmp_path / "run"))


def failure_of(folder: Path, use=lambda run: run) -> tuple[str, str]:
    """Path and text of the finding, after checking that it has four parts."""
    with pytest.raises(InputError) as failure:
        use(results.open(folder))
    (finding,) = failure.value.findings
    assert all((finding.path, finding.wrote, finding.rule, finding.consequence, finding.fix))
    return finding.path, str(finding)


def edit(folder: Path, **changes) -> None:
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_format_1_opens_for_ever() -> None:
    run = results.open(OLD)
    assert run.axes == AXES
    np.testing.assert_array_equal(run.data["value"].values, VALUES)
    assert run.data["parameter_value"].values[:, 0].tolist() == [[0.5, 2e12], [1.5, 2e12]]
    assert run.data["unit"].values.tolist() == list(AXES.species_unit)
    assert (run.model_text, run.spec_text) == ("vesica: 1\ntitle: é\n", "title: é\n")
    assert run.input("nta.csv") == b"size,count\n100,5\n"
    assert run.notes("éthanol", 1) == {"solver": {"steps": 10}}
    assert run.rows == (("control", 0), ("control", 1), ("éthanol", 0), ("éthanol", 1))
    assert run.summary["not_a_number"] is None
    assert run.ledger("control") == run.ledger("control", "miR_155")
    assert run.ledger("control").residual == 0.0
    time_h, values = run.series("éthanol", "medium.EV", 1)
    assert time_h.tolist() == [0.0, 0.25, 0.5, 1.0]
    assert values.tolist() == [65.25, 73.25, 81.25, 89.25]


def test_the_archive_stays_small_and_holds_no_time_of_the_machine() -> None:
    assert sum(path.stat().st_size for path in OLD.rglob("*") if path.is_file()) < 40_000


def test_todays_writer_still_writes_format_1(tmp_path: Path) -> None:
    """Same files and same description of every array: a change needs a new format number."""
    write_archive(tmp_path / "run")
    new = {path.relative_to(tmp_path / "run") for path in (tmp_path / "run").rglob("*")}
    assert new == {path.relative_to(OLD) for path in OLD.rglob("*")}
    for path in OLD.rglob("zarr.json"):
        then, now = (json.loads((top / path.relative_to(OLD)).read_text()) for top in (OLD, tmp_path / "run"))
        numbers = ("codecs",) if path.parent.name in format1.ARRAYS else ()  # of labels: zarr's own choice
        for key in ("node_type", "shape", "data_type", "chunk_grid", "fill_value", "attributes", "dimension_names",
                    *numbers):
            assert then.get(key) == now.get(key), (path, key)


def test_every_key_of_the_record_is_in_the_format_document() -> None:
    document = (TESTS.parent / "docs" / "format.md").read_text()
    for name in ("run.json", "rows/0_0.json"):
        for key in json.loads((OLD / name).read_text()):
            assert re.search(rf"`{key}`", document), f"`{key}` of {name} is not in docs/format.md"
    for array in (OLD / "results.zarr").glob("*/zarr.json"):
        assert f"`{array.parent.name}`" in document


def test_data_is_lazy_and_open_reads_the_record_only(copy: Path) -> None:
    for path in copy.glob("results.zarr/value/c/*/*/*/*"):
        path.write_bytes(b"damaged")
    run = results.open(copy)
    assert run.data["value"].sizes["arm"] == 2
    assert "value/c/1/0/0/0" in failure_of(copy, lambda run: run.series("éthanol", "medium.EV"))[0]


def test_a_flipped_bit_never_gives_other_numbers(copy: Path) -> None:
    """Every bit of one chunk in turn: an error that names the chunk, or the same numbers.

    (A few bits of a zstd frame carry no content.) The checksum has 32 bits, so the chance
    that one of the fewer than 4,000 flips passes unseen would be 1e-6; the file is fixed.
    """
    path = copy / "results.zarr/value/c/1/1/0/0"
    whole, seen = path.read_bytes(), 0
    run = results.open(copy)
    for bit in range(8 * len(whole)):
        content = bytearray(whole)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        try:
            values = format1.read_row(run.data, (1, 1), copy / "results.zarr")
        except InputError as failure:
            seen += failure.findings[0].path == str(path)
        else:
            np.testing.assert_array_equal(values, VALUES[1, 1])
    assert seen > 7 * len(whole)


def test_names_are_suggested(copy: Path) -> None:
    for use, says in (
            (lambda run: run.series("ethanol", "medium.EV"), "did you mean `éthanol`?"),
            (lambda run: run.series("control", "medium.EVs"), "did you mean `medium.EV`?"),
            (lambda run: run.series("control", "medium.EV", 7), "known names: `0`, `1`"),
            (lambda run: run.notes("controll"), "did you mean `control`?"),
            (lambda run: run.ledger("éthanol"), "known names: `control`"),
            (lambda run: run.ledger("control", "miR_15"), "did you mean `miR_155`?")):
        assert says in failure_of(copy, use)[1]


def test_what_is_not_a_run_is_refused(tmp_path: Path, copy: Path) -> None:
    assert "does not exist" in failure_of(tmp_path / "rum")[1]
    assert f"did you mean `{copy}`?" in failure_of(tmp_path / "rum")[1]
    assert f"did you mean `{copy}`?" in failure_of(tmp_path)[1]
    assert "is a file" in failure_of(copy / "model.yaml")[1]
    (tmp_path / "empty").mkdir()
    assert "has no `run.json`" in failure_of(tmp_path / "empty")[1]


@pytest.mark.parametrize("piece", ["model.yaml", "spec.yaml", "results.zarr", "summary.json"])
def test_a_missing_piece_is_named(copy: Path, piece: str) -> None:
    (shutil.rmtree if piece == "results.zarr" else Path.unlink)(copy / piece)
    assert failure_of(copy)[0] == str(copy / piece)


@pytest.mark.parametrize("piece", ["value", "unit", "zarr.json", "species/c/0", "value/c/1/1/0/0"])
def test_a_missing_piece_of_the_arrays_is_named(copy: Path, piece: str) -> None:
    path = copy / "results.zarr" / piece
    (shutil.rmtree if path.is_dir() else Path.unlink)(path)
    where, _ = failure_of(copy, lambda run: run.series("control", "medium.EV"))
    assert where == str(copy / "results.zarr" if piece == "zarr.json" else path)


@pytest.mark.parametrize(("changes", "key", "says"), [
    ({"format": 2, "vesica": "9.0"}, "format", "has format 2, written by vesica 9.0"),
    ({"format": "1"}, "format", "`format` is '1'"),
    ({"format": True}, "format", "`format` is True"),
    ({"outcome": "fine"}, "outcome", "one of running, completed"),
    ({"rows": {}}, "rows", "a list of"),
    ({"rows": [[0, 0], [1]]}, "rows[1]", "a row is [arm, replicate]"),
])
def test_a_wrong_record_names_the_key(copy: Path, changes: dict, key: str, says: str) -> None:
    edit(copy, **changes)
    where, text = failure_of(copy)
    assert where == f"{copy / 'run.json'}: {key}"
    assert says in text


def test_a_row_off_the_axes_is_refused(copy: Path) -> None:
    edit(copy, rows=[[0, 0], [2, 0]])
    assert "[2, 0]" in failure_of(copy, lambda run: run.data)[1]


@pytest.mark.parametrize("content", ['{"format": 1,', "[1]", '{"format": NaN}', "\xff", "[" * 100_000])
def test_a_damaged_record_is_refused(copy: Path, content: str) -> None:
    (copy / "run.json").write_bytes(content.encode("latin-1"))
    assert failure_of(copy)[0] == str(copy / "run.json")


def test_results_are_read_only(copy: Path) -> None:
    run = results.open(copy)
    with pytest.raises(AttributeError):
        run.folder = copy
    with pytest.raises(TypeError):
        run.run["seed"] = 2
    with pytest.raises(ValueError, match="read-only"):
        run.series("control", "medium.EV")[1][0] = 1.0


def test_importing_the_room_is_light() -> None:
    code = ("import sys, vesica.results\n"
            "heavy = {'zarr', 'xarray', 'pandas', 'numpy', 'pint', 'asyncio'} & set(sys.modules)\n"
            "sys.exit(', '.join(sorted(heavy)) or 0)")
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True,
                          env={"PYTHONPATH": str(Path(results.__file__).parents[2])})
    assert done.returncode == 0, done.stderr
