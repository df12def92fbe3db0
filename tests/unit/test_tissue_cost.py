"""What a run in space takes, and what the machine has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vesica import api
from vesica.cli.run_command import expected_and_true, needs_in_space
from vesica.engine.tissue import cost
from vesica.engine.tissue.memory import bounds
from vesica.errors import InputError

MODEL = """
vesica: 1
title: a box
use: [library:cns]
domain: {kind: box, size: [SIZE, 100 um, 100 um], voxel: VOXEL}
cells: {microglia: {density: 6e3 /mm^3}, neuron: {density: 4e4 /mm^3}}
exposures: []
arms: {control: {}}
run: {duration: 24 h, every: 1 h, fidelity: tissue, tissue: {cells_every: 1 h, fields_every: 6 h}}
"""
COUNTS = cost.Counts(cells=100, voxels=(10, 10, 10), fields=20, states=4e4, steps=100.0, quantities=100, cell_times=25,
                     field_times=5)


def model(size: str = "1 mm", voxel: str = "10 um") -> object:
    from vesica.spec import io

    examined = api.examine(io.loads(MODEL.replace("SIZE", size).replace("VOXEL", voxel)))
    examined.raise_errors()
    return examined.resolved


def test_an_arm_is_counted_from_its_words() -> None:
    """1 mm x 100 um x 100 um hold 460 cells and 10,000 voxels; both makers in four sizes, with their cargo, and TNF."""
    found = model()
    counts = cost.counts_of(found, found.arms[0])  # type: ignore[attr-defined]
    assert (counts.cells, counts.voxels) == (460, (100, 10, 10))
    assert counts.fields == 4 * (2 + 3 + 2) + 1
    assert (counts.cell_times, counts.field_times) == (25, 5)
    assert counts.states > 60 * 50 + 400 * 50


def test_cost_is_linear_in_cells_and_in_voxels() -> None:
    """A straight line in each: twice the increase for twice the increase."""
    def at(cells: int = 100, length: int = 10) -> cost.Cost:
        return cost.cost_of(replace(COUNTS, cells=cells, states=400.0 * cells, voxels=(length, 10, 10)))

    for what in ("memory", "seconds", "results"):
        one, two, three = (getattr(at(cells=n), what) for n in (100, 200, 300))
        assert three - two == pytest.approx(two - one, rel=1e-12)
        assert two > one
    one, two, three = (at(length=n).memory for n in (10, 20, 30))
    assert three - two == pytest.approx(two - one, rel=1e-12)
    assert two > one


def test_single_precision_halves_what_fields_hold() -> None:
    fields_only = replace(COUNTS, cells=0, states=0.0)
    whole = cost.cost_of(fields_only).memory
    assert cost.cost_of(replace(fields_only, is_single=True)).memory == pytest.approx(whole / 2, rel=1e-12)


def test_what_does_not_fit_is_an_error_with_both_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    found = model()
    monkeypatch.setattr(cost, "memory_limit", lambda: 0.1 * cost.GIB)
    finding, = cost.findings(found)  # type: ignore[arg-type]
    assert finding.severity == "error"
    assert "460 cells" in finding.wrote
    assert "10,000 voxels" in finding.wrote
    assert finding.rule == "this machine has 0.1 GiB"
    assert "larger voxels" in finding.fix
    with pytest.raises(InputError, match="this machine has"):
        model()


def test_what_fills_the_memory_that_is_free_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "memory_free", lambda: 0.1 * cost.GIB)
    finding, = cost.findings(model())  # type: ignore[arg-type]
    assert finding.severity == "warning"
    monkeypatch.setattr(cost, "memory_free", lambda: None)
    assert cost.findings(model()) == []  # type: ignore[arg-type]


def test_the_words_of_a_check_say_need_and_have() -> None:
    words = cost.in_words(model())  # type: ignore[arg-type]
    assert words["cells"] == 460
    assert 0.1 < words["GiB of memory"] < 2.0
    assert "minutes" in words


def test_expected_and_true_stand_side_by_side() -> None:
    run = {"expected": {"memory_mb": 9663.7, "seconds": 1440.0}, "peak_memory_mb": 8589.9, "wall_seconds": 1800.0}
    assert expected_and_true(run) == "Expected 9 GiB and 24 min; it took 8 GiB and 30 min."
    assert expected_and_true({"peak_memory_mb": 1.0, "wall_seconds": 1.0}) == ""


def test_what_is_needed_is_said_before_the_start() -> None:
    cost_words = {"cells": 1, "GiB of memory": 9.0, "GiB that this machine has": 24.0, "minutes": 24.0}
    assert needs_in_space(cost_words) == "Needs about 9 GiB, 24 min; this machine has 24 GiB."
    assert needs_in_space({"GiB of memory": 9.0, "minutes": 24.0}) == "Needs about 9 GiB, 24 min."


def machine(folder: Path, group: str, files: dict[str, str]) -> list[tuple[float, float]]:
    proc, groups = folder / "proc", folder / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text("MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 400 kB\nHugePages_Total: 0\n")
    (proc / "self" / "cgroup").write_text(group)
    for name, text in files.items():
        path = groups / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return list(bounds(proc, groups))


def test_the_machine_alone(tmp_path: Path) -> None:
    assert machine(tmp_path, "", {}) == [(1024000.0, 614400.0)]


def test_a_group_and_those_above_it_bound_memory_too(tmp_path: Path) -> None:
    """Version 2: 500,000 bytes, of which 300,000 are in use and 100,000 of these files that can go."""
    files = {"a/memory.max": "max\n", "a/b/memory.max": "500000\n", "a/b/memory.current": "300000\n",
             "a/b/memory.stat": "anon 200000\ninactive_file 100000\n"}
    assert machine(tmp_path, "0::/a/b\n", files)[1:] == [(500000.0, 200000.0)]


def test_groups_of_version_1(tmp_path: Path) -> None:
    files = {"memory/memory.limit_in_bytes": "500000\n", "memory/memory.usage_in_bytes": "300000\n",
             "memory/x/memory.limit_in_bytes": "9223372036854771712\n"}
    assert machine(tmp_path, "9:cpu:/x\n4:memory:/x\n", files)[1:] == [(500000.0, 300000.0)]


def test_a_system_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vesica.engine.tissue.memory.os.sysconf_names", {})
    assert list(bounds(tmp_path, tmp_path)) == []
