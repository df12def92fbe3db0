"""Size of modules, docstrings of public names, one version, requirements without addresses."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

LONGEST_MODULE = 600


def undocumented(root: Path) -> Iterator[str]:
    """Modules, public top-level functions and classes without a docstring."""
    for path in sorted(root.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside = path.relative_to(root)
        if tree.body and ast.get_docstring(tree) is None:
            yield str(inside)
        for node in tree.body:
            named = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if named and ast.get_docstring(node) is None:
                yield f"{inside}:{node.lineno} {node.name}"


def test_public_names_are_documented(package: Path) -> None:
    assert list(undocumented(package)) == []


def test_a_bare_function_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('"""Module."""\ndef f(): ...\ndef _g(): ...\n')
    assert list(undocumented(tmp_path)) == ["a.py:2 f"]


def test_no_module_is_too_long(package: Path) -> None:
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in package.rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_the_version_is_the_same_everywhere(repository: Path) -> None:
    import vesica

    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    assert vesica.__version__ == project["version"]
    assert f"\nversion: {project['version']}\n" in (repository / "CITATION.cff").read_text()
    assert f"## {project['version']}" in (repository / "CHANGELOG.md").read_text()


def test_requirements_are_exact_pins_without_addresses(repository: Path) -> None:
    lines = (repository / "requirements.txt").read_text().splitlines()
    wrong = [line for line in lines if line and not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)]
    assert wrong == []


def test_every_dependency_is_pinned(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())
    asked = project["project"]["dependencies"] + project["build-system"]["requires"]
    for extra in project["project"]["optional-dependencies"].values():
        asked += [text for text in extra if _name(text) != "vesica"]  # an extra may name others of ours
    pins = {_name(line) for line in (repository / "requirements.txt").read_text().splitlines()}
    assert {_name(text) for text in asked} <= pins


def _name(requirement: str) -> str:
    return re.split(r"[<>=!~\[ ]", requirement)[0].lower().replace("_", "-")
