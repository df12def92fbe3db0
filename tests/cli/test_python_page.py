"""The page on Python: every block runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest


def blocks(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(3))
def test_every_block_runs(number: int, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = blocks((repository / "docs" / "laboratory" / "python.md").read_text(encoding="utf-8"))
    assert len(found) == 3
    exec(compile(found[number], "python.md", "exec"), {})
    assert capsys.readouterr().out.strip()
