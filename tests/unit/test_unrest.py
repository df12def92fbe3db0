"""What a run says of cells that find no rest, of amounts below zero, and of values that are none.

A level that is made at v and lost by nothing has risen for the 180 days of rest, so in a day it rises by 1/181 of
where it will be: 0.55 %, whatever v is. A ring of three repressions, linear but for one Hill law of slope n/2 at its
fixed point, rings for ever where that exceeds 8 (sec^3(pi/3), Goodwin), and dies away where it does not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cell_networks import spec
from vesica import api
from vesica.errors import RunFault
from vesica.units import factor, readable

LOSE = {"equation": "A ->", "law": "mass_action", "k": "1 1/h"}


def findings(network: dict[str, Any], folder: Path) -> list[str]:
    """What the summary of a run of untreated microglia says."""
    run = api.simulate(spec({"m": network}), folder / "run")
    return [row["wrote"] for row in run.summary["findings"]]


def one_level(**reactions: Any) -> dict[str, Any]:
    """A level with a source and what else is given."""
    return {"states": {"A": {"initial": "1 nM"}}, "constants": {"v": "1 nM/h"},
            "reactions": {"make": {"equation": "-> A", "rate": "v"}, **reactions}}


def ring(n: float) -> dict[str, Any]:
    """Three levels, each made by the one before; the first by the lack of the last; fixed point 1, 1, 1."""
    reactions: dict[str, Any] = {"x": {"equation": "-> X", "rate": "2 * r * (1 - hill(Z, one, n))"},
                                 "y": {"equation": "-> Y", "rate": "r * X"}, "z": {"equation": "-> Z", "rate": "r * Y"}}
    reactions |= {f"lose_{name}": {"equation": f"{name} ->", "law": "mass_action", "k": "1 1/h"} for name in "XYZ"}
    return {"states": {"X": {"initial": 1.2}, "Y": {"initial": 1}, "Z": {"initial": 1}},
            "constants": {"r": "1 1/h", "n": n, "one": 1}, "reactions": reactions}  # fmt: skip


def test_a_level_without_a_loss_is_named_with_its_rise(tmp_path: Path) -> None:
    assert findings(one_level(), tmp_path) == [
        "untreated cells do not come to rest: `microglia.A` still rises by 0.5% a day"]
    assert findings(one_level(lose=LOSE), tmp_path / "balanced") == []


def test_a_ring_that_does_not_die_away_is_named(tmp_path: Path) -> None:
    (said,) = findings(ring(20.0), tmp_path)
    assert all(f"`microglia.{name}` goes up and down" in said for name in "XYZ")
    assert findings(ring(12.0), tmp_path / "damped") == []


def test_an_amount_below_zero_is_named(tmp_path: Path) -> None:
    network = one_level(lose=LOSE, use={"equation": "A ->", "rate": "2 * v"})  # A settles at -1 nM
    assert findings(network, tmp_path) == ["`microglia.A` falls below zero"]


def test_a_value_that_cannot_be_computed_is_named(tmp_path: Path) -> None:
    network = {"states": {"A": {"initial": 0}, "B": {"initial": 0}}, "assignments": {"share": "A / B"}}
    assert findings(network, tmp_path) == ["`microglia.share` has no value"]


def test_what_runs_away_is_named_with_its_time(tmp_path: Path) -> None:
    """A doubles itself at 3 1/h: no other pool moves, and it leaves the range of doubles at ln(1e308)/3 = 236 h."""
    network = {"states": {"A": {"initial": "10 nM"}},
               "reactions": {"grow": {"equation": "A -> 2 A", "law": "mass_action", "k": "3 1/h"}}}
    with pytest.raises(RunFault, match=r"`microglia\.A` runs away after [12]\d\d"):
        api.simulate(spec({"m": network}), tmp_path / "run")


@pytest.mark.parametrize(("internal", "shown"), [
    ("molecule / micron ** 3/s", "uM/h"), ("molecule / micron ** 3", "uM"), ("micron ** 3 / molecule / second",
                                                                             "1/(uM*h)"),
    ("1/s", "1/h"), ("molecule/s", "molecule/h"), ("", "1"), ("molecule", "molecule"),
])  # fmt: skip
def test_units_are_shown_as_people_write_them(internal: str, shown: str) -> None:
    assert readable(internal) == shown
    assert factor(internal, "" if shown == "1" else shown) > 0  # the same dimension


def test_a_check_says_what_is_inside_cells() -> None:
    from vesica.spec import inside

    chain = {"fate": {"states": {"calm": {}, "angry": {"rates": {"mvb_fusion_rate": 2}}, "burst": {"dies": True}},
                      "transitions": {"calm_to_angry": "1 1/h", "angry_to_burst": "1 1/h"}}}
    model = api.examine(spec({"m": one_level(lose={**LOSE, "delay": "1 h"})}, {"phenotypes": chain})).resolved
    assert model is not None
    assert inside.networks(model) == ["microglia: `m`: 1 state and 3 steps of delays, 5 reactions."]
    assert inside.phenotypes(model) == [
        "microglia: `fate`: calm, angry, burst (death); cells start all in calm; angry changes mvb_fusion_rate."]
