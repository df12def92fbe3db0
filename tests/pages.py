"""Models that a page of docs/ prints, to be run as a reader would run them."""

from __future__ import annotations

import re
from pathlib import Path

from vesica import api
from vesica.results import Results

DOCS = Path(__file__).parents[1] / "docs"


def text_of(name: str) -> str:
    """The page ``docs/NAME.md``."""
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def models_of(page: str) -> dict[str, str]:
    """Whole models of a page by title."""
    return dict(re.findall(r"```yaml\n(?=vesica: 1\ntitle: ([^\n]*)\n)(.*?)```", page, re.DOTALL))


class PageRuns:
    """Runs of a page's models, each made once in a folder; no model has a finding but notes."""

    def __init__(self, models: dict[str, str], folder: Path) -> None:
        self.models, self.folder, self._found = models, folder, {}

    def __call__(self, words: str) -> Results:
        """The run of the model whose title holds some words."""
        ((title, text),) = [(title, text) for title, text in self.models.items() if words in title]
        if title not in self._found:
            place = self.folder / f"{len(self._found)}"
            place.mkdir()
            (place / "model.yaml").write_text(text, encoding="utf-8")
            assert [str(one) for one in api.check(place / "model.yaml") if one.severity != "note"] == []
            self._found[title] = api.simulate(place / "model.yaml", place / "run")
        return self._found[title]
