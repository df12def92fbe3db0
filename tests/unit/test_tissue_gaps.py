"""Gaps of arms and regions: narrower ones slow vesicles, though the calibration is that of the model."""

from __future__ import annotations

import pytest

from tests.space_models import BOX, resolved
from vesica.engine.rows import parameter_row
from vesica.engine.tissue import surroundings
from vesica.spec.resolved import ResolvedModel

ARMS = """arms:
  base: {}
  narrow: {parameters: {vessel.gap_width: 25 nm}}
  ischaemia: {parameters: {vessel.gap_width: 9 nm}}
"""
PROBE = 0.035  # um


def model(text: str = "") -> ResolvedModel:
    return resolved(BOX + ARMS + text)


def spreads(found: ResolvedModel, arm: int) -> list[float]:
    row = parameter_row(found, found.arms[arm])
    return [surroundings.spread_of(found, row, f"medium.free:neuron^{size}").diffusivity for size in range(4)]


def test_the_probes_move_as_they_were_seen_to() -> None:
    """The factor is fitted, so D*/D0 of rigid probes is the number of the library to rounding."""
    found = model("switches: {vesicles: rigid}\n")
    gaps = surroundings.gaps_of(found, parameter_row(found, found.arms[0]))
    ratio = gaps.hindrance(PROBE) / gaps.tortuosity**2
    assert ratio == pytest.approx(found.parameters["vessel.probe_ratio"].value, rel=1e-9)
    assert not gaps.is_deformable


def test_narrower_gaps_of_an_arm_slow_vesicles() -> None:
    """Below 1/3 of gaps open (six meet at a crossing) nothing moves: gaps of 9 nm shut out what is 20 nm thin."""
    found = model()
    base, narrow, shut = (spreads(found, arm) for arm in range(3))
    assert all(0.0 < here < there for here, there in zip(narrow, base, strict=True))
    assert base == sorted(base, reverse=True)  # large vesicles are slower
    assert shut == [0.0] * 4
    factors = {surroundings.gaps_of(found, parameter_row(found, arm)).calibration for arm in found.arms}
    assert len(factors) == 1


def test_exosomes_of_the_library_move_as_estimated() -> None:
    """0.3 um^2/s (0.03-1.5) of a vesicle of 100 nm in brain: an estimate, which the gaps of the library must meet."""
    found = model()
    assert all(0.03 < value < 1.5 for value in spreads(found, 0))
    assert spreads(model("switches: {vesicles: rigid}\n"), 0)[2:] == [0.0, 0.0]  # contested: rigid ones are trapped
