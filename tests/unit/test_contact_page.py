"""The models of docs/contact.md run as printed, and the first gives the numbers of the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vesica import interventions
from vesica.engine import simulate
from vesica.engine.program import compile_model
from vesica.results.arm_run import ArmRun
from vesica.spec import io

PAGE = (Path(__file__).parents[2] / "docs" / "contact.md").read_text(encoding="utf-8")
FIRST, GRADIENT = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
ROWS = re.findall(r"^\| `(\w+)` \| ([\d.]+)[^|]* \| ([\d.]+) \| ([\d.]+) % \|$", PAGE, re.MULTILINE)
INSERT = """\
domain:
  {kind: transwell, diameter: 22 mm, medium: 1.5 mL, mixing: still,
   insert: {diameter: 12 mm, medium: 0.5 mL, pore: 8 um, pores: 1e5 1/cm^2, thickness: 10 um, cells: [microglia]}}
run: {duration: 12 h, every: 12 h}
"""


def run(text: str) -> dict[str, ArmRun]:
    program = compile_model(interventions.resolve(io.loads(text))[0])
    return {found.arm.name: simulate.as_arm_run(program, found) for found in simulate.run_all(program)}


@pytest.fixture(scope="module")
def runs() -> dict[str, ArmRun]:
    return run(FIRST)


def test_the_table_holds_what_the_model_gives(runs: dict[str, ArmRun]) -> None:
    """As printed: two digits, the small one three."""
    assert [name for name, *_ in ROWS] == list(runs)
    alone = runs["alone"].final("medium.TNF")
    for name, fractalkine, cd200, tnf in ROWS:
        found = [runs[name].final(f"microglia.{state}") for state in ("CX3CR1_activity", "CD200R_activity")]
        assert [float(fractalkine), float(cd200)] == pytest.approx(found, abs=5e-3 if found[0] > 0.01 else 5e-4)
        assert float(tnf) == pytest.approx(100.0 * runs[name].final("medium.TNF") / alone,
                                           abs=0.05 if "." in tnf else 0.5)


def test_the_other_side_is_as_the_page_says(runs: dict[str, ArmRun]) -> None:
    model, _ = interventions.resolve(io.loads(FIRST))
    assert model.parameters["microglia.contact_with_neuron"].value == pytest.approx(0.08, rel=1e-12)
    assert "with 8 % of their membrane" in PAGE


def test_the_gradient_of_the_page_makes_cells_migrate_towards_its_source() -> None:
    """Neurons in the well shed the ligand: microglia on the insert go down; with neurons beside them they stay."""
    both = GRADIENT.replace("rules:", "  neuron: {count: 4e5, networks: [cx3cl1]}\nrules:")
    below = run(f"vesica: 1\n{INSERT}{both}")["base"].final("microglia.below")
    above = run(f"vesica: 1\n{INSERT.replace('[microglia]', '[microglia, neuron]')}{both}")["base"]
    assert below > 1e-4
    assert abs(above.final("microglia.below")) < 1e-12
