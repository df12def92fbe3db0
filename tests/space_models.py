"""Models of cells in space for tests of words: text, what it resolves to, and what is found in it."""

from __future__ import annotations

from pathlib import Path

from vesica import interventions
from vesica.errors import Finding
from vesica.spec import io, resolve
from vesica.spec.resolved import ResolvedModel
from vesica.spec.space import Space

RUN = "run: {duration: 6 h, fidelity: tissue, seed: 3}"
BOX = """vesica: 1
domain: {kind: tissue, size: [200 um, 150 um, 100 um], voxel: 10 um}
cells:
  neuron: {count: 40, spacing: 10 um}
  microglia: {count: 6}
"""


def examined(text: str, file: Path | None = None) -> tuple[ResolvedModel | None, list[Finding]]:
    """The model, or nothing, and its findings; other files are looked up beside ``file``."""
    words = text if "run:" in text else f"{text}{RUN}\n"
    spec = io.loads(words, file=str(file)) if file else io.loads(words)
    return resolve.examine(spec, apply=interventions.apply)


def resolved(text: str, file: Path | None = None) -> ResolvedModel:
    """The model; an error is raised as an assertion."""
    model, findings = examined(text, file)
    assert model is not None, "\n".join(map(str, findings))
    return model


def space_of(model: ResolvedModel) -> Space:
    """Its box."""
    assert model.domain.space is not None
    return model.domain.space


def errors(text: str, file: Path | None = None) -> dict[str, str]:
    """Path and first part of every error."""
    return {one.path: one.wrote for one in examined(text, file)[1] if one.severity == "error"}
