"""Draws are named by seed, entry and number; a study can be cut off and goes on; nothing depends on workers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.models import H, chain_model
from vesica.analysis.runs.published import judge_draws
from vesica.analysis.runs.replicates import summarise_replicates
from vesica.engine import simulate
from vesica.results import open as open_results
from vesica.rng import stream
from vesica.spec.resolved import Arm, Published, ResolvedModel, Schedule
from vesica.studies import draws


@pytest.fixture(scope="module")
def model() -> ResolvedModel:
    made = chain_model(
        arms=(Arm("few", {"donor": 1e5, "taker": 0.0}), Arm("many", {"donor": 1e6, "taker": 0.0})),
        schedule=Schedule(2 * H, 1 * H, "well_mixed", 7),
        published=(Published("more", "more cells, no more each", "-", "donor.released_per_cell_per_hour", "many", "few",
                             "no_change"),),
    )
    parameters = dict(made.parameters)
    for name in ("retrofusion_rate", "mvb_docking_rate"):
        for cell in ("donor", "taker"):
            old = parameters[f"{cell}.{name}"]
            parameters[old.path] = replace(old, low=old.value / 3, high=old.value * 3, confidence="estimate",
                                           entry=name)
    return replace(made, parameters=parameters)


def test_numbers_of_one_entry_are_drawn_together(model) -> None:
    drawn = draws.draw(model, 7, 3)
    assert set(drawn) == {f"{c}.{n}" for c in ("donor", "taker") for n in ("retrofusion_rate", "mvb_docking_rate")}
    assert drawn["donor.retrofusion_rate"] == drawn["taker.retrofusion_rate"]


def test_a_draw_alone_is_the_draw_of_a_series(model) -> None:
    series = [draws.draw(model, 7, number) for number in range(5)]
    assert draws.draw(model, 7, 4) == series[4]
    assert draws.draw(model, 8, 4) != series[4]


def test_draws_fill_their_range_evenly_on_a_log_scale(model) -> None:
    """Kolmogorov-Smirnov against the uniform law, n = 400: 2.6/sqrt(n) is exceeded with p = 3e-6."""
    at = np.sort([draws.position(7, "retrofusion_rate", number) for number in range(400)])
    steps = np.arange(1, 401) / 400
    assert np.max(np.abs(at - steps)) < 2.6 / np.sqrt(400)
    low = model.parameters["donor.retrofusion_rate"].low
    drawn = [draws.draw(model, 7, number)["donor.retrofusion_rate"] for number in range(400)]
    assert low <= min(drawn)
    assert np.log(np.median(drawn) / low) / np.log(9) == pytest.approx(0.5, abs=0.1)


def test_streams_differ_by_purpose_and_index() -> None:
    first = stream(1, "a", 0).random()
    assert first == stream(1, "a", 0).random()
    assert len({first, stream(1, "b", 0).random(), stream(1, "a", 1).random(), stream(2, "a", 0).random()}) == 4


def test_a_study_cut_off_goes_on_to_the_same_numbers(model, tmp_path: Path) -> None:
    whole = draws.run_draws({"only": model}, 4, workers=1)
    draws.run_draws({"only": model}, 2, folder=tmp_path, workers=1)
    partial = tmp_path / draws.PARTIAL
    partial.write_text(partial.read_text() + '["only", 2, {"few"')  # the line being written when it was killed
    again = draws.run_draws({"only": model}, 4, folder=tmp_path, workers=1)
    assert [one.values for one in again["only"]] == [one.values for one in whole["only"]]


def test_a_draw_is_the_same_in_any_batch(model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bit for bit, also where the last draw of a study is alone in its batch."""
    whole = draws.run_draws({"only": model}, 5, workers=1)
    for batch in (1, 2, 4):
        monkeypatch.setattr(draws, "BATCH", batch)
        parts = draws.run_draws({"only": model}, 5, workers=1)
        assert [one.values for one in parts["only"]] == [one.values for one in whole["only"]]


def test_a_study_adds_verdicts_to_the_summary(model, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    simulate.run(model, folder, model_text="x", spec_text="y", summarise=summarise_replicates)
    draws.run({"only": model}, "only", folder, 8)
    row = open_results(folder).summary["published"][0]
    assert row["draws"]["only"]["holds"] == 1.0
    assert row["label"] == "follows"
    assert not row["counts_as_reproduced"]  # nothing was at stake
    stored = json.loads((folder / "draws.json").read_text())
    assert len(stored["structures"]["only"]["inputs"]["retrofusion_rate"]) == 8
    assert not (folder / draws.PARTIAL).exists()


def test_the_number_of_workers_does_not_matter(model) -> None:
    alone = draws.run_draws({"only": model}, 8, workers=1)
    together = draws.run_draws({"only": model}, 8, workers=2)
    assert [one.values for one in alone["only"]] == [one.values for one in together["only"]]


def test_a_study_cut_off_twice_loses_one_line_each_time(model, tmp_path: Path) -> None:
    partial = tmp_path / draws.PARTIAL
    draws.run_draws({"only": model}, 1, folder=tmp_path, workers=1)
    partial.write_text(partial.read_text() + '\n["only", 1, {"few"')
    draws.run_draws({"only": model}, 2, folder=tmp_path, workers=1)
    assert sorted(one.number for one in draws._kept(tmp_path)) == [0, 1]


def test_a_draw_that_cannot_be_run_is_told_and_left_out(model, tmp_path: Path) -> None:
    """The smallest diameter is drawn up to more than the largest, which no size law allows."""
    path = "donor.ilv_diameter_low"
    wide = replace(model.parameters[path], low=0.02, high=2.0, confidence="estimate", entry="low")
    broken = replace(model, parameters={**model.parameters, path: wide})
    folder = tmp_path / "run"
    simulate.run(broken, folder, model_text="x", spec_text="y", summarise=summarise_replicates)
    draws.run({"only": broken}, "only", folder, 5)
    summary = open_results(folder).summary
    failed = [number for number in range(5) if draws.draw(broken, 7, number)[path] >= 0.2]
    assert 0 < len(failed) < 5
    assert summary["draws"]["failed"] == len(failed)
    assert summary["published"][0]["draws"]["only"]["count"] == 5 - len(failed)
    assert f"{len(failed)} of 5 drawn runs failed" in " ".join(summary["headline"])
    stored = json.loads((folder / "draws.json").read_text())["structures"]["only"]["quantities"]["few"]
    assert all((value is None) == (number in failed)
               for values in stored.values() for number, value in enumerate(values))


def test_where_every_draw_fails_nothing_is_said_of_a_direction(model) -> None:
    (item,) = model.published
    found = judge_draws(item, {"only": [None, None], "other": [1.0, 1.0]}, "only")
    assert (found["label"], found["counts_as_reproduced"]) == (None, False)
    assert "in every draw" in found["words"]


@pytest.mark.parametrize("ratios", [[], [1.0] * 7, [1.0] * 20, [None] * 20, [float("nan")] * 20])
def test_too_little_is_known_to_name_what_decides(ratios: list[float | None]) -> None:
    positions = {"a": [draws.position(7, "a", number) for number in range(len(ratios))]}
    assert draws.deciding_inputs(positions, ratios) == []


def test_the_deciding_input_is_found_among_others() -> None:
    positions = {name: [draws.position(7, name, number) for number in range(20)] for name in "abc"}
    ratios: list[float | None] = [None if number == 3 else 1 / (1 + at) for number, at in enumerate(positions["b"])]
    (first, *_) = draws.deciding_inputs(positions, ratios)
    assert first == ("b", pytest.approx(-1.0))
