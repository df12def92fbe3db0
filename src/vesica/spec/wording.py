"""Turns pydantic's complaints about a model file into findings with a path, a line and the nearest name."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Tag, ValidationError

from vesica.errors import Finding, nearest
from vesica.spec.model import MOST_CELLS, MOST_REPLICATES, ModelSpec, Origin
from vesica.spec.treatments import INTERVENTIONS, Block
from vesica.spec.vessel_words import VESSELS
from vesica.spec.yaml_io import join

_EXPECTED: Final[dict[str, str]] = {
    "dict_type": "a mapping (`{name: value}`; nothing to say is `{}`)",
    "model_type": "a mapping (`{name: value}`; nothing to say is `{}`)",
    "model_attributes_type": "a mapping (`{name: value}`; nothing to say is `{}`)",
    "tuple_type": "a list (`[...]`, or lines that begin with `- `; nothing is `[]`)",
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "`true` or `false`",
    "bool_parsing": "`true` or `false`",
}
_WHOLE: Final[dict[str, str]] = {
    "seed": "a whole number from 0 up",
    "replicates": f"a whole number from 1 to {MOST_REPLICATES}",
    "cells_at_most": f"a whole number from 1 to {MOST_CELLS}",
}
_BOUNDS: Final[dict[str, str]] = {
    "greater_than": "above", "greater_than_equal": "from", "less_than": "below", "less_than_equal": "up to",
}  # fmt: skip


def findings(failure: ValidationError, origin: Origin) -> list[Finding]:
    """One finding for each thing that is wrong, several complaints about one quantity counted once."""
    result: dict[str, Finding] = {}
    for complaint in failure.errors(include_url=False):
        found = _finding(complaint)
        result.setdefault(found.path, found.located(*origin.place(found.path)))
    return list(result.values())


def _finding(complaint: Mapping[str, Any]) -> Finding:
    kind, loc, value = complaint["type"], tuple(complaint["loc"]), complaint["input"]
    words = [part for part in loc if not _is_marker(part)]
    path = ""
    for part in words:
        path = join(path, part)
    last = f"`{path.rpartition('.')[2]}`" if words else "the model"
    if kind == "extra_forbidden":
        return _unknown_key(path, str(words[-1]), loc)
    if kind == "missing":
        return _missing(path, str(words[-1]), value, is_intervention="~block" in loc)
    if kind == "literal_error":
        options = VESSELS if path == "domain.kind" else _options(type_at(loc))
        return Finding("error", path, f"{last} is `{shown(value)}`",
                       f"it is one of {', '.join(f'`{option}`' for option in options)}",
                       "it would select nothing", nearest(str(value), map(str, options)))
    if kind == "string_pattern_mismatch":
        return Finding("error", path, f"`{shown(value)}` is not a name",
                       "a name is letters, digits and `_`, beginning with a letter",
                       "paths such as `astrocyte.mvb_fusion_rate` could not be told apart",
                       "write it with letters, digits and `_` only")
    whole = _WHOLE.get(str(words[-1])) if words and words[0] == "run" else None
    if kind == "value_error" and not whole:
        return Finding("error", path, f"{last} is `{shown(value)}`: {complaint['ctx']['error']}",
                       "a quantity is a number and a unit", "it cannot be used in an equation",
                       "write it like `40 mM`")
    expected = _EXPECTED.get(kind, complaint["msg"][0].lower() + complaint["msg"][1:])
    if whole:
        expected = whole
    elif kind in _BOUNDS:
        expected = f"a number {_BOUNDS[kind]} {next(iter(complaint['ctx'].values())):g}"
    return Finding("error", path, f"{last} is `{shown(value)}`", f"expected here: {expected}",
                   "it cannot be read in another way without guessing", f"write {expected}")


def _missing(path: str, word: str, value: Any, *, is_intervention: bool) -> Finding:
    if not is_intervention:
        return Finding("error", path, f"`{word}` is missing", "it is needed here, and has no default",
                       "there is no value that could be guessed without saying so",
                       f"add `{word}: ...`{_example(word)}")
    path = path.rpartition(".")[0]
    return Finding("error", path, f"`{path.rpartition('.')[2]}` is `{shown(value)}`",
                   f"an intervention has one of {', '.join(f'`{word}`' for word in INTERVENTIONS)}",
                   "nothing would be done to the cells", "write it like `{knock_out: TLR4}`, or delete it")


def shown(value: Any) -> str:
    """A value as it may stand in a message: short, on one line."""
    text = "nothing" if value is None else str(value).replace("\n", " ")
    return text if len(text) <= 60 else f"{text[:57]}..."


def _example(word: str) -> str:
    examples = {
        "vesica": "vesica: 1", "domain": "domain: {kind: dish, diameter: 35 mm, medium: 2 mL}",
        "run": "run: {duration: 48 h, every: 30 min}", "duration": "duration: 48 h", "diameter": "diameter: 35 mm",
        "medium": "medium: 2 mL", "concentration": "concentration: 40 mM", "agent": "agent: ethanol",
    }  # fmt: skip
    return f", for instance `{examples[word]}`" if word in examples else ""


def _unknown_key(path: str, word: str, loc: tuple[Any, ...]) -> Finding:
    owner = type_at(loc[:-1])
    known = field_words(owner) if isinstance(owner, type) and issubclass(owner, BaseModel) else []
    if owner is Block:  # also what says none of them
        known = list(dict.fromkeys([*INTERVENTIONS, *known]))
    return Finding("error", path, f"`{word}` is not a key here", f"the keys are {', '.join(known)}",
                   "it would be ignored, and the run would answer another question",
                   f"an expression with a comma is put in quotes: `\"hill({word}\"`" if word.endswith(")")
                   else nearest(word, known))


def field_words(owner: type[BaseModel]) -> list[str]:
    """The keys of a model, as the user writes them."""
    return [info.alias or name for name, info in owner.model_fields.items()]


def _is_marker(part: Any) -> bool:
    return isinstance(part, str) and (part.startswith("~") or part == "[key]" or part in ("float", "str"))


def type_at(loc: tuple[Any, ...]) -> Any:
    """The annotation that stands at a place of `ModelSpec` (``None`` where there is none)."""
    here: Any = ModelSpec
    for part in loc:
        here = _step(here, part)
    return _bare(here)


def _bare(annotation: Any) -> Any:
    """Without ``Annotated`` and without ``| None``."""
    while typing.get_origin(annotation) is Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [arg for arg in typing.get_args(annotation) if arg is not type(None)]
        if len(rest) == 1:
            return _bare(rest[0])
    return annotation


def _step(annotation: Any, part: Any) -> Any:
    here = _bare(annotation)
    if isinstance(here, type) and issubclass(here, BaseModel):
        for name, info in here.model_fields.items():
            if part in (info.alias, name):
                return info.annotation
        return None
    arguments = typing.get_args(here)
    if isinstance(part, str) and part.startswith("~"):
        tagged = (arg for arg in arguments if any(isinstance(m, Tag) and m.tag == part for m in _metadata(arg)))
        return next(tagged, None)
    if part == "[key]":
        return arguments[0] if arguments else None
    return {dict: arguments[-1:], tuple: arguments[:1]}.get(typing.get_origin(here), (None,))[0]


def _metadata(annotation: Any) -> tuple[Any, ...]:
    return annotation.__metadata__ if typing.get_origin(annotation) is Annotated else ()


def _options(annotation: Any) -> tuple[Any, ...]:
    return typing.get_args(annotation) if typing.get_origin(annotation) is Literal else ()
