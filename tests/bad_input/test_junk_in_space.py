"""Junk in every place of a model in space: findings with four parts, never a traceback."""

from __future__ import annotations

import copy
import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest

from vesica import interventions, samples
from vesica.errors import InputError
from vesica.spec import io, resolve, yaml_io

FILE = samples.path("cortex_cells.yaml")
JUNK = (None, "", -1, 0, 1e300, "nan um", "inf um", [], {}, "x", True, "1e400 um", "-5 um", "0 um", "5 um", "1 kg",
        ["5 um"], ["5 um", "5 um"], ["5 um"] * 3, "1e-30 um", "1e30 um", {"x": "5 um"}, 3, "3")
Path = tuple[str | int, ...]
FEW = 40  # of all pairs of a place and a piece of junk; all of them in `make verify`


def model() -> dict[str, Any]:
    """The sample with every word of space in it."""
    data = copy.deepcopy(dict(yaml_io.parse(FILE.read_text(encoding="utf-8"), str(FILE)).data))
    data["positions"] |= {"join": {"file": "cortex_cells.csv", "id": "cell"}, "margin": "5 um",
                          "crop": {"x": ["0 um", "500 um"]}, "leave_out": {"layer": ["WM"]}}
    data["domain"] |= {
        "walls": {"x": ["closed", {"open": "1 um/s", "behind": {"TNF": "1 nM"}}], "y": {"open": "1 um/s"},
                  "z": {"held": {"TNF": "1 ng/mL"}}},
        "flow": {"along": "y", "kind": "uniform", "velocity": "1 um/s"},
        "regions": {"a": {"from": ["0 um"] * 3, "to": ["50 um", "50 um", "10 um"], "volume_fraction": 0.1}},
    }  # fmt: skip
    data["cells"] = {"neuron": {"count": 20}, "pericyte": {"like": "endothelium", "density": "1e5 1/mm^3",
                                                           "spacing": "3 um", "region": "a"}}
    data["run"]["tissue"] = {"cells": "whole", "step": "60 s", "cells_every": "1 h", "fields_every": "1 h",
                             "pairs": True, "contact_distance": "1 um", "tolerance": 1e-3, "precision": "single"}
    return data


def places(data: Any, here: Path = ()) -> Iterator[Path]:
    """Every place of the words of space."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        if here or key in ("domain", "positions", "cells", "exposures", "run"):
            yield (*here, key)
            yield from places(value, (*here, key))


def planted(data: dict[str, Any], place: Path, junk: Any) -> dict[str, Any]:
    copied = copy.deepcopy(data)
    there: Any = copied
    for key in place[:-1]:
        there = there[key]
    there[place[-1]] = junk
    return copied


def findings(data: dict[str, Any]) -> list[Any]:
    """Of a model that may not even be read."""
    try:
        return resolve.examine(io.from_dict(data, file=str(FILE)), apply=interventions.apply)[1]
    except InputError as failure:
        return list(failure.findings)


def check(pairs: list[tuple[Path, Any]]) -> None:
    data = model()
    for place, junk in pairs:
        for one in findings(planted(data, place, junk)):
            assert all((one.wrote, one.rule, one.consequence, one.fix)), (place, junk, one)


def all_pairs() -> list[tuple[Path, Any]]:
    return list(itertools.product(places(model()), JUNK))


def test_the_model_is_right_without_junk() -> None:
    assert [str(one) for one in findings(model()) if one.severity == "error"] == []
    assert len(all_pairs()) > 1500


def test_some_junk() -> None:
    check(random.Random(20261122).sample(all_pairs(), FEW))


@pytest.mark.verify
def test_all_junk() -> None:
    check(all_pairs())
