"""The JSON Schema of model files, for editors that complete and check while one types."""

from __future__ import annotations

import json
from typing import Any, Final

from vesica.spec.model import ModelSpec

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_RULE: Final = {"anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1, "maxProperties": 1}]}


def schema() -> dict[str, Any]:
    """The schema as plain data."""
    made = ModelSpec.model_json_schema(by_alias=True)
    for owner in (made, made["$defs"]["OptionSpec"]):
        owner["properties"]["rules"]["items"] = _RULE  # a rule without quotes is a mapping to YAML
    _allow_single_words(made)
    return {"$schema": DIALECT, "title": "vesica model, format 1"} | {k: v for k, v in made.items() if k != "title"}


def _allow_single_words(node: Any) -> None:
    """Where a list of words may be written as one word."""
    if isinstance(node, list):
        for item in node:
            _allow_single_words(item)
        return
    if not isinstance(node, dict):
        return
    for name in ("use", "cells", "presupposed_by"):
        field = node.get("properties", {}).get(name)
        if field is not None and field.get("type") == "array" and "string" in str(field.get("items")):
            rest = {key: field.pop(key) for key in ("type", "items")}
            field["anyOf"] = [{"type": "string"}, rest]
    for item in node.values():
        _allow_single_words(item)


def text() -> str:
    """The file ``model.schema.json``."""
    return json.dumps(schema(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
