"""Networks of a model that cannot be meant: each is refused, or named, by one finding at its place."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cell_networks import spec
from vesica import api
from vesica.errors import Finding


def network(**changes: Any) -> dict[str, Any]:
    """A small network that is good, with some of its words replaced."""
    words: dict[str, Any] = {
        "states": {"A": {"initial": "10 nM"}, "B": {"initial": "1 nM"}},
        "constants": {"k": "0.1 nM/min"},
        "reactions": {"make": {"equation": "-> A", "rate": "k"},
                      "lose": {"equation": "A ->", "law": "mass_action", "k": "1 1/h"}},
    }
    for kind, entries in changes.items():
        words[kind] = {**words[kind], **entries} if isinstance(words.get(kind), dict) else entries
    return words


def findings(words: dict[str, Any], **more: Any) -> list[Finding]:
    """What both checks say of a dish of microglia that hold it."""
    return list(api.examine(spec({"m": words}, **more)).findings)


def test_the_network_that_is_spoilt_below_is_good() -> None:
    assert findings(network()) == []


def lose(**words: Any) -> dict[str, Any]:
    """The reaction that loses A, with other words."""
    return {"lose": {"equation": "A ->", **words}}


MASS = {"law": "mass_action", "k": "1 1/h"}
ERRORS: dict[str, tuple[dict[str, Any], str, str]] = {
    "steps without a delay": ({"reactions": lose(**MASS, steps=3)}, "networks.m.reactions.lose.steps", "no `delay`"),
    "a delay of zero": ({"reactions": lose(**MASS, delay="0 min")},
                        "networks.m.reactions.lose.delay", "more than zero"),
    "a half-maximum of zero": (
        {"reactions": {"make": {"equation": "-> A", "law": "hill", "source": "B", "vmax": "1 nM/h",
                                "half_max": "0 nM"}}, "constants": {}}, "networks.m.reactions.make.half_max",
        "more than zero"),
    "an enzyme nobody reads": ({"reactions": lose(**MASS, enzyme="B")}, "networks.m.reactions.lose.enzyme", "beside"),
    "an enzyme beside vmax": (
        {"reactions": lose(law="michaelis_menten", vmax="1 nM/h", km="1 nM", enzyme="B")},
        "networks.m.reactions.lose.enzyme", "beside `vmax`"),
    "a number beside a rate": ({"reactions": lose(rate="k", k="1 1/h")}, "networks.m.reactions.lose.k", "rate of its"),
    "steps of what follows nothing": ({"states": {"B": {"initial": "1 nM", "steps": 3}}}, "networks.m.states.B.steps",
                                      "follows nothing"),
    "a follower with a start": ({"states": {"B": {"follows": "A", "delay": "1 min", "at_start": "3 nM"}}},
                                "networks.m.states.B.at_start", "follows `A`"),
    "what follows itself": ({"states": {"B": {"follows": "B", "delay": "1 min"}}}, "networks.m.states.B.follows",
                            "follows itself"),
    "a compartment with a unit": ({"compartments": {"nucleus": "200 um^3"}}, "networks.m.compartments.nucleus",
                                  "another dimension"),
    "a compartment of no size": (
        {"compartments": {"nucleus": 0}, "states": {"B": {"initial": "1 nM", "in": "nucleus"}}},
        "networks.m.compartments.nucleus", "more than zero"),
    "a constant named as a state": ({"constants": {"B": "5 nM"}}, "networks.m.constants.B", "a value of `m`"),
    "a state named as what every cell has": ({"states": {"alive": {"initial": 1}}}, "networks.m.states.alive",
                                              "vesica"),
    "a state named as a rate": ({"states": {"cell_volume": {"initial": 1}}}, "networks.m.states.cell_volume",
                                "a number of the microglia"),
    "a state named as a function": ({"states": {"exp": {"initial": 1}}}, "networks.m.states.exp", "function"),
    "a state that no expression could read": ({"states": {"lambda": {"initial": 1}}}, "networks.m.states.lambda",
                                              "language"),
    "a division by zero": ({"reactions": {"make": {"equation": "-> A", "rate": "k / 0"}}},
                           "networks.m.reactions.make.rate", "divides by zero"),
    "a Hill coefficient below zero": (
        {"reactions": {"make": {"equation": "-> A", "rate": "k * hill(A, B, -2)"}}}, "networks.m.reactions.make.rate",
        "Hill coefficient of -2"),
    "a unit that nobody knows": ({"reactions": lose(law="mass_action", k="1 per hour")},
                                 "networks.m.reactions.lose.k", "unknown unit `per hour`"),
    "a rate in the wrong unit": ({"constants": {"k": "0.1 nM"}}, "networks.m.reactions.make", "changes `A` in `uM/h`"),
    "a total of nothing": ({"conserved": {"total": []}}, "networks.m.conserved.total", "has no parts"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_each_slip_is_one_error(name: str) -> None:
    changes, path, says = ERRORS[name]
    errors = [one for one in findings(network(**changes)) if one.severity == "error"]
    assert [one.path for one in errors] == [path]
    assert says in str(errors[0])


@pytest.mark.parametrize(("changes", "severity", "path", "says"), [
    ({"constants": {"K": "5 nM"}}, "note", "networks.m.constants", "nothing reads `K`"),
    ({"constants": {"k": "0.1 nM/min", "TLR4": "1 nM"}}, "warning", "networks.m.constants.TLR4", "something else"),
])  # fmt: skip
def test_what_is_odd_is_named(changes: dict[str, Any], severity: str, path: str, says: str) -> None:
    found = [one for one in findings(network(**changes)) if one.path == path]
    assert [one.severity for one in found] == [severity]
    assert says in str(found[0])


def test_networks_without_a_cell_twice_and_over_the_library_are_named() -> None:
    good = network()
    cells = {"microglia": {"count": 1e5, "networks": ["nfkb", "nfkb"]}}
    found = api.examine(spec({"m": good, "empty": {"label": "nothing"}, "nfkb": good}, cells=cells)).findings
    said = {(one.severity, one.path) for one in found}
    assert said == {("warning", "networks.m"), ("warning", "networks.empty"), ("note", "networks.nfkb"),
                    ("warning", "cells.microglia.networks[1]")}  # fmt: skip


def test_a_spread_of_nothing_is_refused() -> None:
    found = findings(network(), cell={"variability": [{"of": [], "cv": 0.4}]})
    assert [(one.severity, one.path) for one in found] == [("error", "cells.microglia.variability[0].of")]


def test_nodes_of_cells_that_are_alike_are_a_note() -> None:
    found = findings(network(), run={"duration": "4 h", "nodes": 5})
    assert [(one.severity, one.path) for one in found] == [("note", "run.nodes")]
