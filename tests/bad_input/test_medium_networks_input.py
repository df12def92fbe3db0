"""Networks of the medium that cannot be meant: each is refused, or named, by one finding at its place."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cell_networks import spec
from vesica import api
from vesica.errors import Finding

GOOD: dict[str, Any] = {
    "constants": {"k": "1 1/h", "K": "5 nM"}, "assignments": {"share": "A / (A + K)"},
    "reactions": {"cut": {"equation": "A -> B", "rate": "k * K * share"},
                  "lose": {"equation": "B ->", "law": "mass_action", "k": "1 1/h"}},
}
SOLUBLES = {"A": {"decay_rate": "0 1/h"}, "B": {"decay_rate": "0 1/h"}}


def findings(words: dict[str, Any] | None = None, medium: dict[str, Any] | None = None, **more: Any) -> list[Finding]:
    """What both checks say of a dish of microglia with the network in its medium."""
    said = {"m": {**GOOD, **(words or {})}}
    contents = {"networks": ["m"], "contents": {"A": "10 nM"}, **(medium or {})}
    return list(api.examine(spec(said, {"networks": []}, medium=contents, **{"solubles": SOLUBLES, **more})).findings)


def test_the_network_that_is_spoilt_below_is_good() -> None:
    assert findings() == []


REACTION = {"lose": {"equation": "B ->", "law": "mass_action", "k": "1 1/h"}}
WRONG: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "a level": ({"states": {"C": {"initial": "1 nM"}}}, {}, "networks.m.states", "in the medium and has `states:`"),
    "a rule": ({"rules": ["A increases B_production (half_max 1 nM, hill 1, up to 2x)"]}, {}, "networks.m.rules",
               "`rules:`"),
    "cargo of a cell": ({"cargo": {"TLR4": {}}}, {}, "networks.m.cargo", "`cargo:`"),
    "a network of cells": ({}, {"networks": ["m", "nfkb"]}, "medium.networks[1]", "`nfkb` is in the medium and has"),
    "a name nobody knows": ({}, {"networks": ["m", "ectonucleotidase"]}, "medium.networks[1]",
                            "did you mean `ectonucleotidases`"),
    "a cargo nobody knows": ({"reactions": {**REACTION, "cut": {"equation": "A -> B", "rate": "k * free_CD93"}}}, {},
                             "networks.m.reactions.cut.rate", "did you mean `free_CD39`"),
    "a cell's own value": ({"reactions": {**REACTION, "cut": {"equation": "A -> B", "rate": "k * bound_CD39"}}}, {},
                           "networks.m.reactions.cut.rate", "`bound_CD39`"),
    "a rate per cell": ({"constants": {"k": "1 molecule/s", "K": "5 nM"},
                         "reactions": {**REACTION, "cut": {"equation": "A -> B", "rate": "k * share"}}}, {},
                        "networks.m.reactions.cut", "its rate is in"),
    "what is no soluble": ({"reactions": {**REACTION, "cut": {"equation": "A -> CD39", "rate": "k * A"}}}, {},
                           "networks.m.reactions.cut.equation", "nor cargo or soluble of the medium"),
    "a total that drifts": ({"conserved": {"all": ["A", "B"]}}, {}, "networks.m.conserved.all", "changes `all` by -1"),
    "a delay": ({"reactions": {**REACTION, "cut": {"equation": "A -> B", "rate": "k * A", "delay": "1 min"}}}, {},
                "networks.m.reactions.cut.delay", "which is no state"),
    "a value named as a soluble": ({"assignments": {"share": "A / (A + K)", "B": "A"}}, {}, "networks.m.assignments.B",
                                   "a value of the medium"),
    "a half-maximum of zero": ({"reactions": {**REACTION, "cut": {
        "equation": "A -> B", "law": "michaelis_menten", "vmax": "1 nM/s", "km": "0 nM"}}}, {},
        "networks.m.reactions.cut.km", "more than zero"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_slip_is_one_error_at_its_place(case: str) -> None:
    words, medium, path, says = WRONG[case]
    found = [one for one in findings(words, medium) if one.severity == "error"]
    assert [one.path for one in found] == [path]
    assert says in str(found[0])


def test_a_network_named_twice_and_one_of_nobody_are_told() -> None:
    assert [(one.severity, one.path) for one in findings(medium={"networks": ["m", "m"]})] == [
        ("warning", "medium.networks[1]")]
    assert ("warning", "networks.m") in [(one.severity, one.path) for one in findings(medium={"networks": []})]


def test_an_enzyme_that_no_vesicles_carry_is_told() -> None:
    def said(cell: dict[str, Any]) -> list[str]:
        found = api.examine(spec({}, {"networks": [], **cell}, medium={"networks": ["ectonucleotidases"]})).findings
        return [one.wrote for one in found if one.path == "medium.networks"]

    assert [word for wrote in said({}) for word in ("`free_CD39`", "`free_CD73`") if word in wrote] == [
        "`free_CD39`", "`free_CD73`"]
    assert said({"cargo": {"CD39": {}, "CD73": {}}}) == []


def test_what_a_network_moves_is_no_agent_any_more() -> None:
    """ATP is an agent of the library, until something of the model makes it or uses it up."""
    held = {"agent": "ATP", "concentration": "1 mM"}
    added = {"add": "ATP", "concentration": "1 mM", "at": "0 h"}
    splits = {"networks": ["m", "ectonucleotidases"]}
    assert findings(exposures=[held]) == []
    assert [one.path for one in findings(exposures=[added]) if one.severity == "error"] == ["exposures[0].add"]
    assert [one.path for one in findings(medium=splits, exposures=[held]) if one.severity == "error"] == [
        "exposures[0].agent"]
    assert [one for one in findings(medium=splits, exposures=[added]) if one.severity == "error"] == []


def test_a_cell_that_takes_a_soluble_makes_it_one_too() -> None:
    own = {"networks": ["surface_nucleotidases"]}
    found = api.examine(spec({}, own, exposures=[{"agent": "ATP", "concentration": "1 mM"}])).findings
    assert [one.path for one in found if one.severity == "error"] == ["exposures[0].agent"]


@pytest.mark.parametrize(("more", "process"), [
    ({"medium": {"networks": ["ectonucleotidases"]}}, "medium_reaction"),
    ({"cell": {"networks": ["surface_nucleotidases"]}}, "consumption"),
])
def test_whole_numbers_refuse_it_by_name(more: dict[str, Any], process: str) -> None:
    run = {"duration": "1 h", "every": "30 min", "fidelity": "stochastic", "cells_at_most": 10}
    found = api.examine(spec({}, more.pop("cell", {"networks": []}), run=run, **more)).findings
    assert [one.path for one in found if f"the process `{process}`" in one.wrote] == ["run.fidelity"]
