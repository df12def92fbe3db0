"""Replicates in whole numbers: stored as they come, the same wherever they are made, gone on with after a stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests import whole_fake
from vesica import results
from vesica.engine import fidelities
from vesica.errors import RunFault
from vesica.results import Results

ROWS = [("control", 0), ("control", 1), ("control", 2), ("control", 3),
        ("stimulated", 0), ("stimulated", 1), ("stimulated", 2), ("stimulated", 3)]


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fidelities.WHOLE, "stochastic", whole_fake.NAME)


def bits(run: Results, arm: str, number: int) -> tuple[bytes, ...]:
    traced = [run.trace(arm, species, number).tobytes() for species in run.axes.species[:20]]
    return (run.values(arm, number).tobytes(), repr(run.notes(arm, number)).encode(), *traced)


def test_rows_do_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    """In one process and in two: the same bits, and the same summary."""
    one, two = (whole_fake.run(tmp_path / str(n), workers=n) for n in (1, 2))
    assert sorted(one.rows) == sorted(two.rows) == ROWS
    assert [bits(one, *row) for row in ROWS] == [bits(two, *row) for row in ROWS]
    assert one.summary == two.summary


def test_a_replicate_alone_is_the_one_of_the_series(tmp_path: Path) -> None:
    series, alone = whole_fake.run(tmp_path / "series", workers=1), whole_fake.run(tmp_path / "alone", replicate=2)
    assert alone.axes.replicates == (2,)
    for arm in ("control", "stimulated"):
        assert bits(alone, arm, 2) == bits(series, arm, 2)
        assert bits(alone, arm, 2)[0] != bits(series, arm, 1)[0]


def test_a_stopped_run_keeps_its_replicates_and_goes_on(tmp_path: Path) -> None:
    """Stopped in the middle of a replicate; what is missing is computed, and is what it would have been."""
    whole = whole_fake.run(tmp_path / "whole", workers=1)
    stored = []

    def stop(_share: float, what: str) -> None:
        stored.append(what)
        if len(stored) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        whole_fake.run(tmp_path / "cut", workers=1, report_progress=stop)
    cut = results.open(tmp_path / "cut")
    assert (cut.outcome, len(cut.rows)) == ("interrupted", 3)
    assert stored == ["control, replicate 0", "stimulated, replicate 0", "control, replicate 1"]
    resumed = whole_fake.run(tmp_path / "cut", workers=1, resume=True)
    assert resumed.outcome == "completed"
    assert [bits(resumed, *row) for row in ROWS] == [bits(whole, *row) for row in ROWS]
    assert resumed.summary == whole.summary


@pytest.mark.parametrize("workers", [1, 2])
def test_a_fault_ends_the_run_with_what_was_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
                                                   ) -> None:
    monkeypatch.setitem(fidelities.WHOLE, "stochastic", whole_fake.FAULTY)
    with pytest.raises(RunFault, match="too many vesicles"):
        whole_fake.run(tmp_path / "run", workers=workers)
    run = results.open(tmp_path / "run")
    assert run.outcome == "diverged"
    assert ("control", 2) in run.rows
    assert ("stimulated", 2) not in run.rows
    assert run.summary["whole"]["control"]["replicates"] == len(run.replicates("control"))


def test_a_row_says_what_sample_it_is(tmp_path: Path) -> None:
    """400 of 4e5 donors are one in a thousand, so 200 of 2e5 takers and a thousandth of the medium are followed."""
    run = whole_fake.run(tmp_path / "run", whole_fake.model(1))
    assert run.notes("control")["sample"] == {
        "share": 1e-3, "cells": {"donor": 400.0, "taker": 200.0}, "of": {"donor": 4e5, "taker": 2e5}}
    assert run.axes.traced == tuple(range(8))
    few = replace(whole_fake.model(1, 3), arms=(whole_fake.ARMS[0],))
    assert whole_fake.run(tmp_path / "few", few).axes.traced == (0, 1, 2)
    assert np.isfinite(run.trace("control", "donor.made")).all()
