"""Ctrl-C in a destructor, where Python would print it and go on."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import signal, sys, time
from vesica.errors import keep_interrupts

class Closes:
    def __del__(self):
        raise {kind}

if {kept}:
    keep_interrupts()
try:
    Closes()
    for _ in range(100):
        time.sleep(0.02)
    print("went on")
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.parametrize(("kind", "kept", "says", "is_told"), [
    ("KeyboardInterrupt", True, "stopped", False),
    ("KeyboardInterrupt", False, "went on", True),  # as Python does it
    ("ValueError", True, "went on", True),
])
def test_it_is_sent_again_and_not_printed(kind: str, kept: bool, says: str, is_told: bool) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(kind=kind, kept=kept)], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.stdout.strip() == says
    assert ("Traceback" in done.stderr) == is_told
