"""Write the golden figures of the flagship: ``python scripts/make_golden.py``.

Run it only when a number is meant to change, and say in CHANGELOG.md (numerics) which and why.
"""

from __future__ import annotations

import json
from pathlib import Path

from vesica import api
from vesica.analysis.runs.quantities import quantities
from vesica.engine.program import compile_model
from vesica.engine.simulate import as_arm_run, run_all

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "examples" / "ethanol_astrocytes.yaml"
GOLDEN = ROOT / "tests" / "golden" / "ethanol_astrocytes.json"


def figures() -> dict[str, dict[str, float]]:
    """All quantities of all arms."""
    resolved = api.examine(MODEL).resolved
    assert resolved is not None  # noqa: S101 - the example is sound
    program = compile_model(resolved)
    return {
        trajectory.arm.name: {
            name: value for name, (value, _) in quantities(resolved, as_arm_run(program, trajectory)).items()
        }
        for trajectory in run_all(program)
    }


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(figures(), indent=1) + "\n", encoding="utf-8")
