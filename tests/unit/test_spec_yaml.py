"""YAML: 1.2 numbers, a line for every path, and text that is read back as it was."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vesica.errors import InputError
from vesica.spec import yaml_io

KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(
    lambda key: key != "<<"
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=30)
)  # fmt: skip
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


@pytest.mark.parametrize(("text", "value"), [
    ("1e6", 1e6), ("1E-3", 1e-3), ("+1.5", 1.5), (".5", 0.5), ("3.", 3.0), ("12", 12), ("-0", 0), ("0123", 123),
    ("true", True), ("null", None), ("~", None), (".inf", math.inf), ("-.INF", -math.inf),
    # YAML 1.1 read these as something else
    ("yes", "yes"), ("off", "off"), ("1:30", "1:30"), ("1_000", "1_000"), ("0x10", "0x10"),
    ("2020-01-01", "2020-01-01"),
    ("40 mM", "40 mM"), ("1e", "1e"), ("nan", "nan"), ("=", "="), ('"5"', "5"), ("'true'", "true"),
])  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = yaml_io.parse(f"a: {text}").data["a"]
    assert found == value
    assert type(found) is type(value)


def test_pyyaml_alone_would_read_two_of_them_otherwise() -> None:
    """The reason for a reader of our own; fails when PyYAML mends its ways."""
    assert yaml.safe_load("a: 1e6") == {"a": "1e6"}
    assert yaml.safe_load("a: 1\na: 2") == {"a": 2}


def test_every_path_has_its_line() -> None:
    text = "a: 1\nb:\n  c: [1, 2,\n      3]\n  d: {e: 1,\n      f: 2}\n\ng:\n- h: 1\n"
    lines = yaml_io.parse(text).lines
    assert {path: lines[path] for path in ("a", "b", "b.c", "b.c[1]", "b.c[2]", "b.d.e", "b.d.f", "g[0].h")} == {
        "a": 1, "b": 2, "b.c": 3, "b.c[1]": 3, "b.c[2]": 4, "b.d.e": 5, "b.d.f": 6, "g[0].h": 9,
    }  # fmt: skip


@given(st.dictionaries(KEYS, DATA, min_size=1, max_size=5))
def test_what_is_dumped_is_read_back(data: dict[str, Any]) -> None:
    assert yaml_io.parse(yaml_io.dump(data)).data == data


@given(st.text(max_size=200))
def test_no_text_ends_in_anything_but_data_or_findings(text: str) -> None:
    try:
        found: object = yaml_io.parse(text).data
    except InputError as failure:
        found = {finding.line: finding for finding in failure.findings}
    assert isinstance(found, dict)
    assert None not in found


@pytest.mark.parametrize(("path", "parts"), [
    ("run.seed", ["run", "seed"]),
    ("exposures[0].agent", ["exposures", 0, "agent"]),
    ("a[0][1]", ["a", 0, 1]),
    ("parameters.astrocyte.escape_rate", ["parameters", "astrocyte.escape_rate"]),
    ("arms.x.parameters.rule.k.fold", ["arms", "x", "parameters", "rule.k.fold"]),
])  # fmt: skip
def test_paths_are_taken_apart(path: str, parts: list[str | int]) -> None:
    assert list(yaml_io.path_parts(path)) == parts
