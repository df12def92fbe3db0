"""Examples run once, with what their tests ask for, and the page that their figures stand on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vesica import api

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "science.md").read_text(encoding="utf-8")


class Run:
    """Quantities, required doses and directions of an example.

    Parameters
    ----------
    allowed : names of severities that its check may have
    """

    def __init__(self, name: str, folder: Path, *allowed: str) -> None:
        example = ROOT / "examples" / f"{name}.yaml"
        assert [str(finding) for finding in api.check(example) if finding.severity not in allowed] == []
        self.results = api.simulate(example, folder / name)
        self.summary: dict[str, Any] = self.results.summary

    def of(self, arm: str, name: str) -> float:
        return self.summary["arms"][arm]["quantities"][name]["value"]

    def dose(self, arm: str, cell: str, cargo: str) -> dict[str, Any]:
        return self.summary["arms"][arm]["required_dose"][cell][cargo]

    def ratio(self, name: str, arm: str, against: str) -> float:
        return self.of(arm, name) / self.of(against, name)

    def judged(self) -> dict[str, tuple[bool, str | None]]:
        return {row["key"]: (row["holds"], row["label"]) for row in self.summary["published"]}


def section(head: str) -> str:
    """One section of docs/science.md."""
    found = PAGE[PAGE.index(f"## {head}"):]
    return found[: found.index("\n## ", 3)]
