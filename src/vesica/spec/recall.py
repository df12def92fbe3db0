"""Reads ``spec.yaml`` of a run back: the model as it was run, whatever the library says today."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from vesica.errors import error
from vesica.spec import expressions, yaml_io
from vesica.spec.resolved import Parameter, ResolvedModel

_KIND: Final = yaml_io.Kind("resolved model", "read", "`domain:` and `parameters:`", "`vesica_resolved: 1`")


def recall(path: str | Path) -> ResolvedModel:
    """The model that `io.dump_resolved` wrote.

    What a later version added has its default.

    Raises
    ------
    InputError
        The file is missing, or holds something else.
    """
    return _of_document(yaml_io.read(Path(path), _KIND), str(path))


def recalls(text: str, file: str = "<text>") -> ResolvedModel:
    """`recall` from text."""
    return _of_document(yaml_io.parse(text, file, _KIND), file)


def _of_document(document: yaml_io.Document, file: str) -> ResolvedModel:
    """The model of a parsed document."""
    data = dict(document.data)
    if data.get("vesica_resolved") != 1:
        raise _unreadable(file, "`vesica_resolved: 1` does not stand in it")
    try:
        numbers = {path: _number(path, said) for path, said in data.get("parameters", {}).items()}
        found: ResolvedModel = _value(ResolvedModel, data | {"parameters": {}})
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as failure:
        raise _unreadable(file, f"it cannot be understood ({type(failure).__name__}: {failure})") from None
    return dataclasses.replace(found, parameters=numbers)


def _unreadable(file: str, what: str) -> Exception:
    return error(file, what, "`spec.yaml` of a run holds the model with every number, as it was run",
                 "it is not known what was run", "give the model file, or a run folder as `vesica run` made it",
                 file=file)


def _number(path: str, said: Mapping[str, Any]) -> Parameter:
    value, _, unit = str(said["value"]).partition(" ")
    low, high = (_float(said[key]) for key in ("low", "high"))
    texts = {key: str(said.get(key, "")) for key in ("entry", "source", "doi", "reason", "shown")}
    return Parameter(path, float(value), unit, low, high, said["confidence"], **texts)


def _float(said: Any) -> float:
    """The number of ``0.3 1/s``, which is in the internal unit."""
    return float(str(said).partition(" ")[0])


def _value(kind: Any, said: Any) -> Any:
    """What a plain value means where a type is expected."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind == expressions.Expression:
        return expressions.parse(str(said))
    if origin in (typing.Union, types.UnionType):
        return _value_of_union([one for one in arguments if one is not type(None)], said)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{name: _value(hints[name], item) for name, item in said.items() if name in hints})
    if origin is tuple:
        each = [arguments[0]] * len(said) if arguments[-1] is Ellipsis else arguments
        return tuple(_value(one, item) for one, item in zip(each, said, strict=True))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return {str(key): _value(arguments[1], item) for key, item in said.items()}
    return _float(said) if kind is float else said


def _value_of_union(kinds: list[Any], said: Any) -> Any:
    """One kind or nothing; where there are several, they are plain values that say what they are."""
    if said is None or len(kinds) == 1:
        return None if said is None else _value(kinds[0], said)
    return tuple(said) if isinstance(said, list) else said


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
