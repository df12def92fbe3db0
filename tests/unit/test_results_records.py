"""Ledger, provenance, and JSON that every reader accepts."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesica.errors import InputError
from vesica.results import Ledger, files, provenance
from vesica.spec.resolved import Parameter

PLACES = [entry.name for entry in fields(Ledger) if entry.name not in {"made", "added"}]


def parameter(path: str, source: str = "", doi: str = "", reason: str = "") -> Parameter:
    return Parameter(path, 1.0, "1/s", 0.5, 2.0, "seen", source=source, doi=doi, reason=reason)


@given(st.lists(st.integers(0, 2**40), min_size=len(PLACES), max_size=len(PLACES)), st.integers(0, 2**40))
def test_a_closed_account_has_no_residual(amounts: list[int], added: int) -> None:
    """Whole numbers below 2^53 add without rounding, so the residual is exactly 0."""
    total = sum(amounts)
    places = dict(zip(PLACES, map(float, amounts), strict=True))
    ledger = Ledger(made=float(total) - added, added=float(added), **places)
    assert ledger.residual == 0.0
    assert Ledger.from_mapping(ledger.as_dict()) == ledger


@pytest.mark.parametrize("place", PLACES)
def test_the_residual_sees_every_place(place: str) -> None:
    assert Ledger(made=3.0, added=1.0, **{place: 3.0}).residual == 0.25
    assert Ledger(made=3.0, added=1.0, **{place: 5.0}).residual == -0.25


def test_nothing_made_has_no_residual_but_a_vesicle_out_of_nowhere_shows() -> None:
    assert Ledger().residual == 0.0
    assert Ledger(inside=2.0).residual == -2.0


def test_a_ledger_read_back_is_checked() -> None:
    entries = Ledger(made=1.0, outside=1.0).as_dict() | {"a_later_key": 1.0}
    assert Ledger.from_mapping(entries).outside == 1.0
    assert math.isnan(Ledger.from_mapping(entries | {"made": None}).made)
    entries["in_mvbs"] = entries.pop("in_mvb")
    with pytest.raises(InputError, match=r"did you mean `in_mvbs`\?"):
        Ledger.from_mapping(entries)
    with pytest.raises(InputError, match="is a number"):
        Ledger.from_mapping(Ledger().as_dict() | {"made": "1"})


def test_citations_group_sources_and_leave_out_estimates() -> None:
    listed = [parameter("b.rate", "Smith 2020", "10.1/A", "same cells"),
              parameter("a.rate", "Smith et al. 2020", "10.1/a"), parameter("c.rate", "Jones 2019"),
              parameter("d.rate")]
    expected = [
        {"source": "Jones 2019", "doi": "", "used_for": ["c.rate"], "reasons": []},
        {"source": "Smith 2020", "doi": "10.1/A", "used_for": ["a.rate", "b.rate"], "reasons": ["same cells"]},
    ]
    assert provenance.citations(listed) == expected
    assert provenance.citations({one.path: one for one in reversed(listed)}) == expected


def test_provenance_is_stable_and_names_no_person() -> None:
    assert provenance.versions() == provenance.versions()
    assert list(provenance.versions())[:2] == ["vesica", "python"]
    assert provenance.versions()["numpy"] == np.__version__
    assert provenance.version("no-such-distribution-here") == provenance.ABSENT
    assert 1.0 < provenance.peak_memory_mb() < 1e6
    meta = provenance.meta("run", {"out": Path("runs/a")}, 5, solver={"method": "cvode"})
    assert meta["started"].endswith("+00:00")
    assert json.loads(files.encode(meta))["arguments"] == {"out": "runs/a"}


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(st.dictionaries(st.text(), JSON))
def test_json_round_trips(value: dict) -> None:
    for indent in (1, None):
        assert json.loads(files.encode(value, indent=indent)) == value


def test_json_takes_numpy_and_writes_null_for_what_is_not_finite() -> None:
    value = {"a": np.float64("nan"), "b": np.array([1.5, np.inf]), "c": np.bool_(True), "d": np.int32(3),
             "e": (1, {2}), "f": np.str_("x"), "g": Ledger(), "h": np.float32(0.5), "i": "\udcff"}
    decoded = json.loads(files.encode(value), parse_constant=pytest.fail)
    assert decoded["g"]["made"] == 0.0
    del decoded["g"]
    assert decoded == {"a": None, "b": [1.5, None], "c": True, "d": 3, "e": [1, [2]], "f": "x", "h": 0.5,
                       "i": "\udcff"}


@pytest.mark.parametrize(("value", "place"), [
    ({"a": [{"b": 1j}]}, r"`a\[0\].b` is a complex"), ({"a": {1: 2}}, "key 1 of `a`")])
def test_json_names_the_place_of_what_it_cannot_hold(value: dict, place: str) -> None:
    with pytest.raises(TypeError, match=place):
        files.encode(value)


def test_a_failed_replacement_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"a": 1})

    def fail(_: int) -> None:
        raise OSError

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(OSError):  # noqa: PT011 - the planted one
        files.write_json(path, {"a": 2})
    assert files.read_json(path) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]
