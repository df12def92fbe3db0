"""`import vesica` and `vesica --help` load nothing heavy. No time is asserted: machines differ."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numba", "scipy", "xarray", "zarr", "pint", "pydantic", "sympy", "numpy", "sksundae", "pandas", "jinja2",
         "rich")


def loaded_after(code: str) -> set[str]:
    """Which of the heavy libraries a fresh process holds after the code."""
    probe = f"{code}\nimport sys, json\nprint('\\n' + json.dumps([n for n in {HEAVY!r} if n in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    [
        "import vesica; vesica.__version__; dir(vesica)",
        "from vesica.cli.app import main; assert main(['--help']) == 0",
        "from vesica.cli.app import main; assert main(['run', '--help']) == 0",
        "from vesica.cli.app import main; assert main(['agree', '--help']) == 0",
        "from vesica.cli.app import main; assert main(['--version']) == 0",
        "from vesica.cli.app import main; assert main(['chekc']) == 2",
    ],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert loaded_after(code) == set()


def test_the_probe_can_see_a_heavy_import() -> None:
    assert "pydantic" in loaded_after("import pydantic")


def test_a_check_compiles_nothing() -> None:
    """It reads words and numbers; solvers and compilers are for runs."""
    example = Path(__file__).parents[2] / "examples" / "transwell_microglia_neurons.yaml"
    loaded = loaded_after(f"from vesica.cli.app import main; assert main(['check', {str(example)!r}]) == 0")
    assert not loaded & {"numba", "sksundae", "xarray", "zarr"}
