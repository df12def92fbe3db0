"""The model of docs/handling.md runs as printed, and its numbers are those of the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vesica import interventions
from vesica.analysis.runs.summary import summarise
from vesica.engine import simulate
from vesica.engine.program import compile_model
from vesica.results.arm_run import ArmRun
from vesica.spec import io

PAGE = (Path(__file__).parents[2] / "docs" / "handling.md").read_text(encoding="utf-8")
MODEL = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1]
ROWS = re.findall(r"^\| `(\w+)` \| (\d\.\d\de8) \| ([\d., mM]*)\|", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def runs() -> dict[str, ArmRun]:
    model, findings = interventions.resolve(io.loads(MODEL))
    assert findings == []
    program = compile_model(model)
    return {found.arm.name: simulate.as_arm_run(program, found) for found in simulate.run_all(program)}


def test_the_table_holds_what_the_model_gives(runs: dict[str, ArmRun]) -> None:
    """Three digits, as printed."""
    assert [name for name, _, _ in ROWS] == list(runs)
    for name, printed, levels in ROWS:
        run = runs[name]
        volume = 1.4 if name == "sampled" else 2.0  # mL at the end, before the last sample
        assert f"{run.final('medium.free:astrocyte') / volume:.3g}" == f"{float(printed):.3g}"
        said = re.findall(r"[\d.]+", levels)
        found = run.course("agent.ethanol")[[24, 48]] / 6.02214076e5
        assert [f"{level:.1f}" for level in found if level > 0] == said


def test_the_death_is_told_as_on_the_page(runs: dict[str, ArmRun]) -> None:
    model, _ = interventions.resolve(io.loads(MODEL))
    (finding,) = [one for one in summarise(model, runs, "completed")["findings"] if one["path"] == "arms.dying"]
    for number in ("0.90 times", "1.15 times", "1.00 times", "75%", "95%"):
        assert number in finding["wrote"]
        assert number.replace("%", " %") in PAGE
