"""The import table of docs/design.md, over the syntax tree: imports inside functions count, too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

FOUNDATIONS = frozenset({"errors", "units", "maths", "rng", "_version", "_cache"})
SPEC = FOUNDATIONS | {"readers", "library", "instruments"}
BELOW_ENGINE = SPEC | {"biology", "transport", "spec", "interventions", "results"}

# room -> rooms it may import; its own modules always
MAY_IMPORT = {
    **dict.fromkeys(FOUNDATIONS, FOUNDATIONS),
    "readers": FOUNDATIONS,
    "library": FOUNDATIONS,
    "samples": FOUNDATIONS,
    "biology": FOUNDATIONS,
    "transport": FOUNDATIONS,
    "instruments": FOUNDATIONS | {"readers", "library"},
    "spec": SPEC,
    "interventions": SPEC | {"spec"},
    "results": FOUNDATIONS | {"library", "spec"},
    "engine": BELOW_ENGINE,
    "analysis": BELOW_ENGINE,
    "studies": BELOW_ENGINE | {"engine", "analysis"},
    "report": BELOW_ENGINE | {"analysis"},
    "api": BELOW_ENGINE | {"engine", "analysis", "studies", "report"},
    "cli": BELOW_ENGINE | {"engine", "analysis", "studies", "report", "api", "samples"},
}
ROOT_MODULES = frozenset({"__init__", "__main__"})  # the public names and `python -m vesica`
FOUNDATION_LIBRARIES = frozenset({"numpy", "numba", "pint", "sympy"})  # sympy: derivatives, in maths alone


def _is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes that run: the body of ``if TYPE_CHECKING:`` is left out."""
    for child in ast.iter_child_nodes(tree):
        if _is_for_types_only(child):
            assert isinstance(child, ast.If)
            for other in child.orelse:
                yield other
                yield from _nodes(other)
            continue
        yield child
        yield from _nodes(child)


def _imported(node: ast.AST) -> list[str]:
    """Full names that a node imports; ``.`` for a relative import."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        if node.level:
            return ["."]
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
        return [arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return []


def _complaint(room: str, name: str) -> str | None:
    top, _, rest = name.partition(".")
    if name == ".":
        return "relative import"
    if top != "vesica":
        return None
    target = rest.partition(".")[0]
    if target not in MAY_IMPORT:  # `import vesica`, `from vesica import load`
        return "imports the root package"
    if target != room and target not in MAY_IMPORT[room]:
        return f"{room} may not import {target}"
    return None


def violations(root: Path) -> list[str]:
    """``file:line what`` for each import against the table below ``root``."""
    found = []
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root)
        room = inside.parts[0].removesuffix(".py")
        if room in ROOT_MODULES:
            continue
        if room not in MAY_IMPORT:
            found.append(f"{inside}: `{room}` is not a room of docs/design.md")
            continue
        for node in _nodes(ast.parse(path.read_text(encoding="utf-8"))):
            said = {_complaint(room, name) for name in _imported(node)} - {None}
            found += [f"{inside}:{getattr(node, 'lineno', 0)} {what}" for what in sorted(map(str, said))]
    return found


def test_imports_follow_the_table(package: Path) -> None:
    assert violations(package) == []


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("units.py", "from vesica.spec import io\n", "units.py:1 units may not import spec"),
        ("units.py", "def f():\n    import vesica.engine.program\n", "units.py:2 units may not import engine"),
        ("biology/uptake.py", "from vesica.transport import diffusion\n",
         "biology/uptake.py:1 biology may not import transport"),
        ("analysis/lab.py", "from vesica import engine\n", "analysis/lab.py:1 analysis may not import engine"),
        ("report/page.py", "import vesica.studies\n", "report/page.py:1 report may not import studies"),
        ("engine/program.py", "from vesica import cli\n", "engine/program.py:1 engine may not import cli"),
        ("studies/draws.py", "from vesica import api\n", "studies/draws.py:1 studies may not import api"),
        ("maths.py", "import vesica\n", "maths.py:1 imports the root package"),
        ("cli/app.py", "from vesica import load\n", "cli/app.py:1 imports the root package"),
        ("spec/io.py", "from . import model\n", "spec/io.py:1 relative import"),
        ("spec/io.py", "from .model import ModelSpec\n", "spec/io.py:1 relative import"),
        ("library/load.py", "import importlib\nimportlib.import_module('vesica.spec')\n",
         "library/load.py:2 library may not import spec"),
        ("errors.py", "if TYPE_CHECKING:\n    pass\nelse:\n    import vesica.cli\n",
         "errors.py:4 errors may not import cli"),
        ("helpers.py", "", "helpers.py: `helpers` is not a room of docs/design.md"),
    ],
)
def test_a_planted_import_is_found(tmp_path: Path, file: str, text: str, complaint: str) -> None:
    target = tmp_path / file
    target.parent.mkdir(exist_ok=True)
    target.write_text(text)
    assert violations(tmp_path) == [complaint]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("__init__.py", "import vesica.cli\n"),
        ("spec/io.py", "from vesica.spec import model\nfrom vesica import errors\nimport numpy.random\n"),
        ("results/store.py", "if TYPE_CHECKING:\n    from vesica.engine import program\n"),
    ],
)
def test_what_the_table_allows_is_not_found(tmp_path: Path, file: str, text: str) -> None:
    target = tmp_path / file
    target.parent.mkdir(exist_ok=True)
    target.write_text(text)
    assert violations(tmp_path) == []


def test_the_table_has_no_cycle() -> None:
    """Rooms can be put in an order in which each imports only earlier ones (foundations count as one)."""
    left = {room: set(may) - FOUNDATIONS for room, may in MAY_IMPORT.items() if room not in FOUNDATIONS}
    while left:
        free = [room for room, may in left.items() if not may & set(left)]
        assert free, f"a cycle among {sorted(left)}"
        for room in free:
            del left[room]


def test_the_design_page_names_every_room(repository: Path) -> None:
    text = (repository / "docs" / "design.md").read_text(encoding="utf-8")
    unnamed = {room for room in MAY_IMPORT if f"`{room}`" not in text and f"`{room}/`" not in text}
    assert unnamed <= {"_version", "_cache", "samples", "api"}


def test_foundations_rest_on_few_libraries(package: Path) -> None:
    import sys

    known = sys.stdlib_module_names | FOUNDATION_LIBRARIES | {"vesica"}
    for room in sorted(FOUNDATIONS):
        for node in _nodes(ast.parse((package / f"{room}.py").read_text(encoding="utf-8"))):
            for name in _imported(node):
                assert name.partition(".")[0] in known, f"{room} imports {name}"
