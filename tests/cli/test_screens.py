"""What the screen shows of a summary, and of progress."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from vesica.analysis.explain.numbers import value_and_range
from vesica.cli import failures, summary
from vesica.cli.progress import Progress, in_words, time_left
from vesica.cli.run_command import cost_of_draws
from vesica.spec.resolved import Parameter, Switch

ACCOUNT = {"made": 1e9, "added": 0.0, "outside": 4e8, "inside": 6e8, "residual": 1e-15}
SUMMARY: dict[str, Any] = {
    "title": "Ethanol [TLR4]", "outcome": "completed", "duration_h": 48.0, "headline": ["Neurons gain [bold] COX2."],
    "arms": {
        "control": {"ledger": {"vesicles": ACCOUNT, "cargo": {"miR_146a": {"residual": -2e-13}}},
                    "cells": {"astrocyte": {"released_per_cell_per_hour": 61.26, "taken_up_per_cell": 12345.6,
                                            "phenotype": {"alive": 0.75, "dead": 0.25}}}},
        "ethanol": {"ledger": {"vesicles": ACCOUNT}, "cells": {}},
    },
    "published": [{"key": "k", "says": "COX2 rises", "holds": True, "label": "follows", "ratio": 1.8},
                  {"key": "l", "says": "TNF rises", "holds": False, "label": None, "ratio": None}],
    "confidence": {"seen": 12, "known": 0, "estimate": 41, "given": 2, "measured": 0},
}


def screen_of(content: dict[str, Any]) -> str:
    file = io.StringIO()
    summary.print_summary(content, Console(file=file, width=summary.PLAIN_WIDTH, highlight=False))
    return file.getvalue()


def test_a_summary_fits_one_screen_and_shows_its_parts() -> None:
    text = screen_of(SUMMARY)
    assert len(text.splitlines()) <= 40
    for part in ("Ethanol [TLR4]", "(completed, 48 h)", "Neurons gain [bold] COX2.", "75 % alive, 25 % dead", "61.3",
                 "1.23e4", "outside", "4.00e8", "2e-13", "COX2 rises", "holds", "fails", "1.8",
                 "Numbers used: 2 given in the model, 12 seen in its paper, 41 estimates"):
        assert part in text, part
    assert "removed" not in text  # empty everywhere


@pytest.mark.parametrize("content", [{}, {"arms": {"control": {}}}, {"arms": {}, "headline": None, "published": None}])
def test_a_summary_of_an_interrupted_run_may_lack_keys(content: dict[str, Any]) -> None:
    assert screen_of(content)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "-"), (float("nan"), "-"), (True, "-"), (0, "0"), (0.0, "0"), (1234.5, "1.23e3"), (9e9, "9.00e9"),
     (2e11, "2.00e11"),
     (1e-5, "1.00e-5"), (1e-15, "1.00e-15"), (-0.5, "-0.5")],
)
def test_numbers(value: object, shown: str) -> None:
    assert summary.number(value) == shown


def test_a_range_is_shown_in_the_unit_the_value_was_written_in() -> None:
    number = Parameter("astrocyte.ilv_budding_rate", 1 / 60, "vesicle/s", 0.5 / 60, 3 / 60, "estimate",
                       shown="1 vesicle/min")
    assert value_and_range(number) == ("1 vesicle/min", "0.5 to 3")
    assert value_and_range(Parameter("x", 2.0, "", 2.0, 2.0, "given")) == ("2", "-")


def test_progress_without_a_terminal_is_a_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        for step in range(101):
            progress(step / 100, "control" if step < 50 else "ethanol")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == ["  0 %  control", " 50 %  ethanol"]


def test_details_of_a_long_arm_are_a_line_each_10_s_with_the_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From 20 % on, 1 % each 6 s: after 12 s, at 22 %, 78 % are left, 468 s or 8 min."""
    with Progress() as progress:
        for step in range(5):
            monkeypatch.setattr("vesica.cli.progress.time.monotonic", lambda step=step: 100.0 + 6.0 * step)
            progress(0.2 + step / 100, f"LPS: {step} of 24 h")
    assert capsys.readouterr().err.splitlines() == [
        " 20 %  LPS: 0 of 24 h", " 22 %  LPS: 2 of 24 h, 8 min left", " 24 %  LPS: 4 of 24 h, 8 min left"]


def test_times_in_words() -> None:
    assert [in_words(s) for s in (12.0, 89.0, 91.0, 5400.0, 36000.0)] == ["12 s", "89 s", "2 min", "1.5 h", "10.0 h"]
    assert time_left(4.0, 0.5, 0.5) == ""
    assert time_left(10.0, 0.0, 0.0) == ""


def test_progress_is_silent_for_json(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(is_silent=True) as progress:
        progress(0.5, "control")
    assert capsys.readouterr() == ("", "")


def test_progress_of_draws_without_a_terminal_is_a_line_each_5_percent(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        for number in range(1, 1001):
            progress(number / 1000, f"draw {number} of `low`")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 21
    assert lines[1] == "  5 %  draw 50 of `low`"


def test_a_long_arm_leaves_room_for_its_numbers() -> None:
    text = screen_of({**SUMMARY, "arms": {"a" * 200: SUMMARY["arms"]["control"]}})
    assert "a" * 39 + "…" in text
    assert "a" * 40 not in text
    for part in ("61.3", "1.23e4", "4.00e8", "2e-13"):
        assert part in text, part


def test_nothing_printed_steers_the_terminal() -> None:
    text = screen_of({**SUMMARY, "title": "red \x1b[31m\x07 \x9b title"})
    assert not {"\x1b", "\x07", "\x9b"} & set(text)
    assert "(EV in the dish)" in text
    assert failures.printable("a\nb\x1bc") == "a\nbc"


def test_the_runs_of_draws_are_counted() -> None:
    class Model:
        switches = (Switch("escape", "low", {"low": "", "high": ""}, "", "", True),)
        arms = ("control", "ethanol", "given")

    model: Any = Model
    assert cost_of_draws(model, 100, ()) == "300 runs besides: 100 draws x 1 structure x 3 arms"
    assert cost_of_draws(model, 100, ("all",)).startswith("600 runs besides: 100 draws x 2 structures")
