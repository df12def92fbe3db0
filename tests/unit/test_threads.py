"""Solvers work in one thread, the sparse one too, whose library is loaded late."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import contextlib, json
from threadpoolctl import threadpool_info, threadpool_limits
from vesica.engine.steppers.threads import one_thread
with {held}:
    import sksundae.cvode
    pools = [(pool["user_api"], pool["num_threads"]) for pool in threadpool_info()]
print(json.dumps(pools))
"""


def pools(held: str) -> list[tuple[str, int]]:
    """Kind and threads of every pool of a fresh process that holds them so."""
    told = {**os.environ, "OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3"}
    out = subprocess.run([sys.executable, "-c", PROGRAM.format(held=held)], check=True, capture_output=True, env=told)
    return [(kind, threads) for kind, threads in json.loads(out.stdout)]


def test_every_pool_has_one_thread() -> None:
    found = pools("one_thread()")
    assert "openmp" in {kind for kind, _ in found}
    assert {threads for _, threads in found} == {1}


@pytest.mark.parametrize("held", ["contextlib.nullcontext()", "threadpool_limits(1)"])
def test_that_is_noticed(held: str) -> None:
    """Without a limit, and with one set before the library was there, as it once was."""
    assert max(threads for _, threads in pools(held)) == 3
