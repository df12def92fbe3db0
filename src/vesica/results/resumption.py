"""Whether a run folder may be gone on with: only by the same model, numbers, axes and versions."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from vesica.errors import error
from vesica.results import files, format1, record
from vesica.results.axes import Axes

RULE = "only the same run can be resumed"
CONSEQUENCE = "one folder would hold rows of two different runs"
FIX = "run into a new folder with another `--out`"
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def refuse_difference(folder: Path, run: Mapping[str, object], *, pieces: Mapping[str, str],
                      meta: Mapping[str, object], axes: Axes, inputs: Mapping[str, bytes] | None) -> None:
    """Raise `InputError` with the first thing that differs from the run in the folder."""
    if run["outcome"] == "completed":
        raise error(str(folder), f"the run `{folder.name}` is complete",
                    "only a run that was interrupted can be resumed", "nothing is left to compute",
                    "look at it with `vesica show`, or choose another `--out`")
    if run["outcome"] == "diverged":
        raise error(str(folder), f"the run `{folder.name}` diverged: {run['message']}",
                    "only a run that was interrupted can be resumed",
                    "the same model with the same numbers would diverge again",
                    "change the model, and run it into a new folder with another `--out`")
    for name, text in pieces.items():
        stored = files.read_text(folder / name)
        if stored != text:
            raise error(str(folder / name), f"`{name}` differs from the one the run began with"
                        f"{_first_difference(stored, text)}", RULE, CONSEQUENCE, f"undo the change, or {FIX}")
    _refuse_meta(folder, run, meta)
    _refuse_inputs(folder, inputs)
    data = format1.open_dataset(folder / format1.STORE, record.rows(run))
    changed = format1.read_axes(data).differences(axes)
    if changed:
        raise error(str(folder / format1.STORE), f"the run was begun with other {', '.join(changed)}", RULE,
                    CONSEQUENCE, FIX)


def _refuse_meta(folder: Path, run: Mapping[str, object], meta: Mapping[str, object]) -> None:
    path = folder / record.FILE
    if run["seed"] != meta["seed"]:
        raise error(f"{path}: seed", f"the seed is {meta['seed']}, the run began with {run['seed']}", RULE,
                    CONSEQUENCE, f"use the seed {run['seed']}, or {FIX}")
    then, now = run["versions"], meta["versions"]
    if not isinstance(then, Mapping) or not isinstance(now, Mapping):
        raise error(f"{path}: versions", "the versions of the run are not known", RULE, CONSEQUENCE, FIX)
    names = [name for name in sorted({*then, *now}) if then.get(name) != now.get(name)]
    if names:
        told = ", ".join(f"{name} {then.get(name, 'absent')} then and {now.get(name, 'absent')} now"
                         for name in names)
        raise error(f"{path}: versions", f"other versions are installed: {told}", RULE,
                    "its rows would not be bit for bit those of one run",
                    f"install the versions of then, or {FIX}")


def _refuse_inputs(folder: Path, inputs: Mapping[str, bytes] | None) -> None:
    if inputs is None:
        return
    below = folder / "inputs"
    stored = {path.relative_to(below).as_posix() for path in below.rglob("*") if path.is_file()}
    for name in sorted(stored | set(inputs)):
        if name not in stored or name not in inputs or files.read_bytes(below / name) != inputs[name]:
            raise error(str(below / name),
                        f"the data file `{name}` differs from the one the run began with", RULE, CONSEQUENCE,
                        f"put the file of then back, or {FIX}")


def _first_difference(stored: str, given: str) -> str:
    """`` (`cells.astrocyte.count`: `1e6` then, `2e6` now)``, or the first line where the words say the same."""
    then, said = _words(stored), _words(given)
    for path in [*then, *(path for path in said if path not in then)]:
        if then.get(path) != said.get(path):
            was, now = (f"`{words[path]}`" if path in words else "nothing" for words in (then, said))
            return f" (`{path}`: {was} then, {now} now)"
    old, new = stored.splitlines(), given.splitlines()
    for tag, i, _, j, _ in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            was = f"`{old[i].strip()}`" if i < len(old) and tag != "insert" else "nothing"
            now = f"`{new[j].strip()}`" if j < len(new) and tag != "delete" else "nothing"
            return f" (line {j + 1}: {was} then, {now} now)"
    return ""


def _words(text: str) -> dict[str, str]:
    """Each value of a YAML text by its path, however the text is laid out; none where it is no YAML."""
    try:
        root = yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError:
        return {}
    found: dict[str, str] = {}

    def walk(node: yaml.Node, path: str) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                walk(value, f"{path}.{key.value}".lstrip("."))
        elif isinstance(node, yaml.SequenceNode):
            for k, value in enumerate(node.value):
                walk(value, f"{path}[{k}]")
        else:
            found[path] = str(node.value)

    if isinstance(root, yaml.MappingNode | yaml.SequenceNode):
        walk(root, "")
    return found
