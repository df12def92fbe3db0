"""Model files in and out: `load` with `use:` and overrides, `dump` of the words, `dump_resolved` of the numbers."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vesica.errors import InputError, error
from vesica.spec import expressions, wording, yaml_io
from vesica.spec.model import ModelSpec, Origin
from vesica.spec.resolved import Parameter, ResolvedModel
from vesica.spec.space import Space

Places = dict[str, tuple[str, int]]
SETTING = "--set"


def load(path: str | Path, overrides: Iterable[str] = ()) -> ModelSpec:
    """Read a model file.

    Parameters
    ----------
    path : str or Path
        The file.
    overrides : iterable of str
        ``"cells.astrocyte.count=2e6"``: set after the file is read, before anything is checked.

    Raises
    ------
    InputError
        With every finding, each with file and line.
    """
    source = Path(path)
    data, places = _gather(source, ())
    return _validate(data, places, str(source), overrides)


def loads(text: str, overrides: Iterable[str] = (), *, file: str = "<text>") -> ModelSpec:
    """`load` from text; other files it names are looked up from ``file``'s folder."""
    document = yaml_io.parse(text, file)
    data, places = _with_used(document, Path(file), ())
    return _validate(data, places, file, overrides)


def from_dict(data: Mapping[str, Any], *, file: str = "<python>") -> ModelSpec:
    """A model from plain data, for scripts."""
    return _validate(dict(data), {}, file, ())


def dump(spec: ModelSpec) -> str:
    """YAML of the user's words; `loads` gives an equal model back."""
    return yaml_io.dump(spec.model_dump(by_alias=True, exclude_defaults=True, mode="json"))


def dump_resolved(model: ResolvedModel) -> str:
    """YAML of a resolved model: every number with its unit, its range and its source."""
    data = plain(model)
    data["parameters"] = {path: _number(parameter) for path, parameter in model.parameters.items()}
    units = {"domain": {"volume": "um^3", "depth": "um"}, "schedule": {"duration": "s", "every": "s", "window": "s"}}
    for part, fields in units.items():
        for name, unit in fields.items():
            if data[part][name] is not None:
                data[part][name] = f"{data[part][name]!r} {unit}"
    for arm in data["arms"]:
        for exposure in arm["exposures"]:
            exposure["times"] = [f"{time!r} s" for time in exposure["times"]]
            exposure["levels"] = [f"{level!r} molecule/um^3" for level in exposure["levels"]]
        for dose in arm["doses"]:
            dose["at"] = f"{dose['at']!r} s"
        for held in arm["inhibitions"]:
            held["times"] = [f"{time!r} s" for time in held["times"]]
            held["levels"] = [f"{level!r} molecule/um^3" for level in held["levels"]]
            held["before"] = f"{held['before']!r} molecule/um^3"
        for path, value in arm["values"].items():
            arm["values"][path] = f"{value!r} {model.parameters[path].unit}".strip()
    return yaml_io.dump({"vesica_resolved": 1} | data)


def plain(value: Any) -> Any:
    """Frozen data as dictionaries, lists and scalars; an expression is its text."""
    if isinstance(value, expressions.Expression):
        return expressions.written(value)
    if isinstance(value, Space):  # where every cell is stands in the store of the run
        value = dataclasses.replace(value, cells={})
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _number(parameter: Parameter) -> dict[str, str]:
    def with_unit(value: float) -> str:
        return f"{value!r} {parameter.unit}".strip()

    rest = {key: getattr(parameter, key) for key in ("confidence", "entry", "source", "doi", "reason", "shown")}
    numbers = {key: with_unit(getattr(parameter, key)) for key in ("value", "low", "high")}
    return numbers | {key: text for key, text in rest.items() if text}


def _gather(path: Path, above: tuple[Path, ...]) -> tuple[dict[str, Any], Places]:
    return _with_used(yaml_io.read(path), path, (*above, path.resolve()))


def _with_used(document: yaml_io.Document, path: Path, above: tuple[Path, ...]) -> tuple[dict[str, Any], Places]:
    """The document over the files it uses; ``use`` then holds library names only."""
    own_places = {place: (document.file, line) for place, line in document.lines.items()}
    used = document.data.get("use", ["library:cns"])
    used = [used] if isinstance(used, str) else used
    if not isinstance(used, list) or not all(isinstance(name, str) for name in used):
        return dict(document.data), own_places  # validation says what is wrong
    data: dict[str, Any] = {}
    places: Places = {}
    libraries: list[str] = []
    for index, name in enumerate(used):
        if name.startswith("library:"):
            libraries.append(name)
            continue
        target = path.parent / name
        file, line = own_places.get(f"use[{index}]", own_places.get("use", (document.file, 1)))
        if target.resolve() in above:
            chain = " -> ".join(step.name for step in (*above, target))
            raise error(f"use[{index}]", f"`{name}` uses itself: {chain}", "a model file is used once, from above",
                        "reading would never end", "delete one of the `use:` lines", file=file, line=line)
        if not target.is_file():
            raise error(f"use[{index}]", f"`{name}` is not a file", "`use:` names `library:cns` or a model file",
                        "its cells and numbers would be missing",
                        f"give a path relative to `{path.parent}`", file=file, line=line)
        below, below_places = _gather(target, above)
        libraries += [library for library in below.pop("use", []) if library not in libraries]
        data, places = _over(data, places, below, below_places)
    own = {key: value for key, value in document.data.items() if key != "use"}
    data, places = _over(data, places, own, own_places)
    here = {place: at for place, at in own_places.items() if _is_under(place, "use")}
    return data | {"use": libraries}, places | here


def _over(
    low: dict[str, Any], low_places: Places, high: Mapping[str, Any], high_places: Places, path: str = ""
) -> tuple[dict[str, Any], Places]:
    """``high`` on ``low``: maps merge, lists and values replace; top-level ``rules`` add up."""
    data, places = dict(low), dict(low_places)
    for key, value in high.items():
        here = yaml_io.join(path, key)
        old = data.get(key)
        inside = {place: at for place, at in high_places.items() if _is_under(place, here)}
        if isinstance(old, dict) and isinstance(value, dict):
            data[key], places = _over(old, places, value, inside, here)
            places[here] = inside.get(here, places.get(here, ("", 1)))
            continue
        if here == "rules" and isinstance(old, list) and isinstance(value, list):
            data[key] = old + value
            places |= {f"rules[{len(old) + index}]": inside[f"rules[{index}]"]
                       for index in range(len(value)) if f"rules[{index}]" in inside}
            continue
        places = {place: at for place, at in places.items() if not _is_under(place, here)} | inside
        data[key] = value
    return data, places


def _is_under(place: str, path: str) -> bool:
    return place == path or place.startswith((f"{path}.", f"{path}["))


def _validate(data: dict[str, Any], places: Places, file: str, overrides: Iterable[str]) -> ModelSpec:
    for text in overrides:
        data = _override(data, places, text)
    origin = Origin(file, places)
    if data.get("vesica", 1) != 1:
        where = origin.place("vesica")
        raise error("vesica", f"the model format is `{wording.shown(data['vesica'])}`", "this program reads format 1",
                    "keys may mean something else there", "write `vesica: 1`, or install a newer version",
                    file=where[0], line=where[1])
    try:
        return ModelSpec.model_validate(data).with_origin(origin)
    except ValidationError as failure:
        raise InputError(*wording.findings(failure, origin)) from None


def _override(data: dict[str, Any], places: Places, text: str) -> dict[str, Any]:
    path, equals, written = text.partition("=")
    path = path.strip()
    try:
        parts = list(yaml_io.path_parts(path)) if equals else []
    except ValueError:
        parts = []
    if not parts:
        raise error(SETTING, f"`{text}` sets nothing", "an override is `PATH=VALUE`", "it would be ignored",
                    "write it like `cells.astrocyte.count=2e6`", file=SETTING)
    head = str(parts[0])
    known = {info.alias or name for name, info in ModelSpec.model_fields.items()}
    if head not in known and len(parts) > 1 and not difflib.get_close_matches(head, known, n=1):
        raise error(SETTING, f"`{text}` sets `{head}`, which is no key of a model",
                    f"the keys are {', '.join(sorted(known))}; a number of the table stands below `parameters`",
                    "nothing would be changed", f"write it like `parameters.{path}={written}`", file=SETTING)
    value = yaml_io.parse(f"value: {written}", f"{SETTING} {text}").data["value"]
    for place in [place for place in places if _is_under(place, path)]:
        del places[place]
    places[path] = (f"{SETTING} {text}", 1)
    changed: dict[str, Any] = _set(data, parts, value, path)
    return changed


def _set(here: Any, parts: list[str | int], value: Any, path: str) -> Any:
    """A copy with the value at the path; missing maps are made, missing list items are not."""
    if not parts:
        return value
    head, rest = parts[0], parts[1:]
    if isinstance(head, int):
        if not isinstance(here, list) or head >= len(here):
            count = len(here) if isinstance(here, list) else 0
            raise error(path, f"`[{head}]` is not an item here", f"the list has {count} items, counted from 0",
                        "there is nothing to change", "change the list in the file, or give an index it has",
                        file=SETTING)
        return [_set(item, rest, value, path) if index == head else item for index, item in enumerate(here)]
    if here is not None and not isinstance(here, dict):
        raise error(path, f"`{head}` stands below `{wording.shown(here)}`", "a path leads through mappings",
                    "there is nothing to change", "give the path as `check` prints it", file=SETTING)
    return dict(here or {}) | {head: _set((here or {}).get(head), rest, value, path)}
