"""Switches inside cells: thresholds in closed form, and on which side of them a run flips; titration; templates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

from tests.cell_networks import resolved
from vesica.engine.program import compile_model
from vesica.engine.simulate import as_arm_run, run_all
from vesica.results.arm_run import ArmRun

NANOMOLAR = 0.602214076  # molecule/um^3
H = 3600.0


def run(words: dict[str, Any], cell: dict[str, Any] | None = None, hours: int = 100) -> ArmRun:
    """The only arm of microglia with one network."""
    model = resolved({"switch": words}, cell, run={"duration": f"{hours} h", "every": f"{hours / 50} h"})
    program = compile_model(model)
    return as_arm_run(program, next(run_all(program)))


def last(found: ArmRun, name: str) -> float:
    return float(found.values[-1, found.species[f"microglia.{name}"]])


# ---- a gene that activates itself: dx/dt = a + v x^2 / (1 + x^2) - x, in units of its half-max and life


def saddle_nodes(v: float) -> list[tuple[float, float]]:
    """(a, x) where two rest points meet: 1 = v f'(x) = 2 v x / (1 + x^2)^2 and a = x - v x^2 / (1 + x^2)."""
    top = 1 / math.sqrt(3)  # where f' is largest
    found = []
    for low, high in ((0.0, top), (top, 50.0)):
        x = brentq(lambda x: 2 * v * x / (1 + x * x) ** 2 - 1, low, high, xtol=1e-15, rtol=1e-14)
        found.append((x - v * x * x / (1 + x * x), x))
    return found


def self_activating(basal: float, v: float, start: float, push: float = 0.0) -> dict[str, Any]:
    return {"states": {"X": {"initial": start, "at_start": push}}, "constants": {"pace": "1 1/h", "one": 1, "two": 2},
            "reactions": {"make": {"equation": "-> X", "rate": f"pace * ({basal!r} + {v!r} * hill(X, one, two))"},
                          "lose": {"equation": "X ->", "law": "mass_action", "k": "1 1/h"}}}


def test_saddle_nodes_of_one_loop_are_where_slopes_are_one() -> None:
    """For v = 2 the upper node is at x = 1, a = 0, by hand: 2 v x / (1 + x^2)^2 = 4 / 4."""
    (_, low), (a, high) = saddle_nodes(2.0)
    assert high == pytest.approx(1.0, abs=1e-12)
    assert a == pytest.approx(0.0, abs=1e-12)
    assert low == pytest.approx(0.2956, abs=1e-4)  # x^4 + 2 x^2 - 4 x + 1 = (x - 1)(x^3 + x^2 + 3 x - 1)


@pytest.mark.parametrize("side", [-1, 1])
def test_a_cell_off_flips_only_beyond_the_saddle_node(side: int) -> None:
    """At rest from nothing, with the basal rate 1 % below and above the threshold a*.

    The passage takes pi / sqrt(curvature x distance) lives, below 100 h here: cells stand half a year before a run.
    """
    (threshold, x), _ = saddle_nodes(2.0)
    basal = threshold * (1 + 0.01 * side)
    rest = last(run(self_activating(basal, 2.0, 0.0), hours=1), "X")
    assert basal + 2 * rest**2 / (1 + rest**2) - rest == pytest.approx(0.0, abs=1e-6)
    assert (rest > x) == (side > 0)


@pytest.mark.parametrize("side", [-1, 1])
def test_a_push_flips_a_cell_only_beyond_the_middle_rest_point(side: int) -> None:
    """Basal 0.05, between the nodes: three rest points, and the middle one parts the two fates; pushed to 1 % off it.

    It leaves at exp(lambda t) with lambda = f'(x) - 1 of order one per hour, so 100 h are far more than enough.
    """
    basal = 0.05
    roots = np.roots([1, -(basal + 2), 1, -basal])  # (x - a)(1 + x^2) = 2 x^2
    low, middle, high = sorted(roots.real)
    assert np.abs(roots.imag).max() < 1e-12
    found = run(self_activating(basal, 2.0, 0.0, middle * (1 + 0.01 * side) - low))
    assert float(found.values[0, found.species["microglia.X"]]) == pytest.approx(middle * (1 + 0.01 * side), rel=1e-6)
    assert last(found, "X") == pytest.approx(high if side > 0 else low, rel=1e-6)


# ---- two genes that repress each other: du/dt = a / (1 + v^2) - u, dv/dt = a / (1 + u^2) - v


def toggle(a: float, push: float = 0.0) -> dict[str, Any]:
    return {"states": {"U": {"initial": 0.1, "at_start": push}, "V": {"initial": 0.1}},
            "constants": {"pace": f"{a!r} 1/h", "two": 2},
            "reactions": {"make_u": {"equation": "-> U", "rate": "pace / (1 + V ** two)"},
                          "make_v": {"equation": "-> V", "rate": "pace / (1 + U ** two)"},
                          "lose_u": {"equation": "U ->", "law": "mass_action", "k": "1 1/h"},
                          "lose_v": {"equation": "V ->", "law": "mass_action", "k": "1 1/h"}}}


@pytest.mark.parametrize("a", [1.9, 2.1])
def test_a_toggle_remembers_only_above_its_pitchfork(a: float) -> None:
    """On the diagonal a = u + u^3; it parts where the slope 2 a u / (1 + u^2)^2 is 1: at u = 1, so a = 2.

    Above, both genes off the diagonal have u + v = a and u v = 1; below, the push is forgotten. The slowest mode has
    the rate |slope - 1|: a = 1.9 has u = 0.966 and 0.034 per hour, so e^-13.7 of the push is left after 400 h.
    """
    found = run(toggle(a, 0.2), hours=400)
    u, v = last(found, "U"), last(found, "V")
    if a > 2:
        high = (a + math.sqrt(a * a - 4)) / 2
        assert (u, v) == (pytest.approx(high, rel=1e-5), pytest.approx(1 / high, rel=1e-5))
    else:
        same = brentq(lambda x: x + x**3 - a, 0.0, 2.0, xtol=1e-15)
        assert (u, v) == (pytest.approx(same, abs=1e-5), pytest.approx(same, abs=1e-5))


# ---- titration: free = what is more than its partner


@pytest.mark.parametrize("total", [5.0, 9.0, 10.0, 11.0, 20.0])
def test_titration_has_its_threshold_at_the_partner(total: float) -> None:
    """10 nM of partner with K = 1 pM: free = (t - p - K + sqrt((t - p - K)^2 + 4 K t)) / 2, a hinge at t = p."""
    words = {"states": {"T": {"initial": f"{total} nM"}, "P": {"initial": "10 nM"}, "TP": {"initial": "0 nM"}},
             "reactions": {"on": {"equation": "T + P -> TP", "law": "mass_action", "k": "1 1/(nM*h)"},
                           "off": {"equation": "TP -> T + P", "law": "mass_action", "k": "1e-3 1/h"}},
             "conserved": {"all_T": ["T", "TP"], "all_P": ["P", "TP"]}}
    free = last(run(words, hours=1), "T") / NANOMOLAR
    off = total - 10.0 - 1e-3
    assert free == pytest.approx((off + math.sqrt(off * off + 4e-3 * total)) / 2, rel=1e-5)
    if total < 10:
        assert free < 0.02 * total
    elif total > 10:
        assert free == pytest.approx(total - 10.0, rel=2e-2)


# ---- templates: x grows by k x (N - x) where nothing else moves it

FIBRILS = {"cargo": {"asyn": {"basal": "0 molecule", "decay_rate": "1e-12 1/h", "enrichment": 0},
                     "asyn_fibril": {"basal": "0 molecule", "decay_rate": "1e-12 1/h", "enrichment": 0}}}


def test_templates_grow_along_the_logistic_curve() -> None:
    """x(t) = N / (1 + (N / x0 - 1) e^(-k N t)); cells get their monomers and seeds when the run starts, by a level that
    empties into them in seconds (1e4 per hour): both lag by 1e-4 h, so a relative error below k N 1e-4 = 5e-5.
    """
    words = {"states": {"seed": {"initial": "0 molecule", "at_start": "10 molecule"},
                        "stock": {"initial": "0 molecule", "at_start": "990 molecule"}},
             "constants": {"k": "5e-4 1/molecule/h", "fast": "1e4 1/h"},
             "reactions": {"seeding": {"equation": "seed -> asyn_fibril", "rate": "fast * seed"},
                           "filling": {"equation": "stock -> asyn", "rate": "fast * stock"},
                           "convert": {"equation": "asyn + asyn_fibril -> 2 asyn_fibril",
                                       "rate": "k * asyn * asyn_fibril"}}}
    found = run(words, FIBRILS, hours=20)
    t = found.times[1:] / H
    expected = 1000 / (1 + 99 * np.exp(-0.5 * t))
    assert found.values[1:, found.species["microglia.asyn_fibril"]] == pytest.approx(expected, rel=2e-4)
