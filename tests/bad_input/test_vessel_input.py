"""Vessels that cannot be: each is refused where it was written, with the way out."""

from __future__ import annotations

import pytest

from tests.bad_input.test_bad_input import findings_of
from vesica import api
from vesica.errors import Finding
from vesica.spec import io

REST = """\
use: [library:cns]
cells:
  microglia: {count: 1e5}
  neuron: {count: 1e5}
exposures:
  - {agent: LPS, concentration: 100 ng/mL, from: 0 h, to: 24 h}
run: {duration: 24 h, every: 1 h, fidelity: well_mixed, seed: 1}
"""
DISH = "{kind: dish, diameter: 35 mm, medium: 2 mL, mixing: still, layers: 20}"
TRANSWELL = ("{kind: transwell, diameter: 35 mm, medium: 2.6 mL, mixing: still, insert: {diameter: 24 mm, "
             "medium: 1.5 mL, pore: 0.4 um, pores: 1e8 1/cm^2, thickness: 10 um, cells: [microglia]}}")
CHANNEL = "{kind: channel, length: 10 mm, width: 1 mm, height: 0.1 mm, flow: 1 uL/min}"
SLICE = "{kind: slice, thickness: 300 um, area: 10 mm^2, bath: 2 mL, flow: 2 mL/min}"
GOOD = (DISH, TRANSWELL, CHANNEL, SLICE)


def told(domain: str, rest: str = REST) -> list[Finding]:
    return findings_of(f"vesica: 1\ntitle: a vessel\ndomain: {domain}\n{rest}")


@pytest.mark.parametrize("domain", GOOD)
def test_the_vessels_that_are_spoilt_below_are_good(domain: str) -> None:
    assert told(domain) == []


# what is changed in which vessel; path of the finding, its severity, words in what was written and in the way out
BAD = [
    (TRANSWELL, "pore: 0.4 um", "pore: 25 mm", "domain.insert.pore", "error", "24 mm", "0.4 um"),
    (TRANSWELL, "pore: 0.4 um", "pore: 0 um", "domain.insert.pore", "error", "zero", "more than zero"),
    (TRANSWELL, "1e8 1/cm^2", "1e9 1/cm^2", "domain.insert.pores", "error", "1.26 times the area", "7.1e+08 1/cm^2"),
    (TRANSWELL, "1e8 1/cm^2", "-1e8 1/cm^2", "domain.insert.pores", "error", "negative", "zero or more"),
    (TRANSWELL, "[microglia]", "[micorglia]", "domain.insert.cells", "error", "micorglia", "microglia"),
    (TRANSWELL, "diameter: 24 mm", "diameter: 40 mm", "domain.insert.diameter", "error", "40 mm", "below that"),
    (TRANSWELL, "thickness: 10 um", "thickness: 10 mL", "domain.insert.thickness", "error", "10 mL", ""),
    (TRANSWELL, "mixing: still", "mixing: stirred, layers: 8", "domain.layers", "error", "8 layers", "leave"),
    (DISH, "mixing: still", "mixing: stirred", "domain.layers", "error", "20 layers", "mixing: still"),
    (DISH, "layers: 20", "layers: 1", "domain.layers", "error", "", ""),
    (CHANNEL, "flow: 1 uL/min", "flow: -1 uL/min", "domain.flow", "error", "negative", "zero or more"),
    (CHANNEL, "flow: 1 uL/min", "flow: 1 mL/min", "domain.flow", "warning", "each of the 10 segments in 0.006 s",
     "fewer `segments`"),
    (CHANNEL, "flow: 1 uL/min", "flow: 1 uL", "domain.flow", "error", "1 uL", ""),
    (CHANNEL, "height: 0.1 mm", "height: 0 mm", "domain.height", "error", "zero", "more than zero"),
    (SLICE, "flow: 2 mL/min", "flow: -2 mL/min", "domain.flow", "error", "negative", "zero or more"),
    (SLICE, "300 um", "300 mm", "domain.thickness", "warning", "300 mm", "unit"),
    (SLICE, "area: 10 mm^2", "area: 10 um^2", "domain.thickness", "error", "3e-06 mm^3", "fewer cells"),
    (SLICE, "area: 10 mm^2", "area: 10 mm", "domain.area", "error", "10 mm", ""),
    (SLICE, "kind: slice", "kind: slize", "domain", "error", "slize", "slice"),
]  # fmt: skip


@pytest.mark.parametrize(("domain", "old", "new", "path", "severity", "wrote", "way_out"), BAD)
def test_a_vessel_that_cannot_be_is_refused(domain, old, new, path, severity, wrote, way_out) -> None:  # type: ignore[no-untyped-def]
    assert domain.count(old) == 1
    found = [one for one in told(domain.replace(old, new)) if one.path.startswith(path)]
    assert found, "nothing is said"
    one = found[0]
    assert (one.severity, one.line) == (severity, 3)
    assert wrote in one.wrote
    assert way_out in one.fix
    assert all((one.wrote, one.rule, one.consequence, one.fix))


def test_layers_do_nothing_in_whole_numbers() -> None:
    found = told(DISH, REST.replace("well_mixed", "stochastic"))
    assert [(one.path, one.severity) for one in found] == [("domain.layers", "note")]


@pytest.mark.parametrize("domain", [TRANSWELL, CHANNEL, SLICE])
def test_whole_numbers_know_dishes_only(domain: str) -> None:
    text = f"vesica: 1\ntitle: a vessel\ndomain: {domain}\n{REST.replace('well_mixed', 'stochastic')}"
    found = api.examine(io.loads(text, file="model.yaml")).findings
    assert [one.path for one in found if one.severity == "error"] == ["domain.kind"]


def test_as_many_pores_as_there_is_room_for_are_let_pass() -> None:
    """Shows that the limit is where the message says: 7.1e8 pores of 0.4 um take 0.892 of the area."""
    assert told(TRANSWELL.replace("1e8 1/cm^2", "7.1e8 1/cm^2")) == []
    assert told(TRANSWELL.replace("1e8 1/cm^2", "7.2e8 1/cm^2"))[0].path == "domain.insert.pores"
