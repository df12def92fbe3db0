"""The examples on support by oligodendrocytes and on α-synuclein: what their controls must do, and what the run says.

Two arms that end alike are integrated apart, to 1e-8 of a value a step: after some thousand steps 1e-5 holds.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.example_runs import ROOT, Run, section
from vesica import api
from vesica.report.material import Material
from vesica.report.outcome import chosen_signals

SAME = 1e-5


@pytest.fixture(scope="module")
def support(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run("oligodendrocyte_support", tmp_path_factory.mktemp("runs"), "note")


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run("alpha_synuclein_spread", tmp_path_factory.mktemp("runs"), "note")


# support

RELEASED = "oligodendrocyte.released_per_cell_per_hour"


def test_blocked_receptors_leave_what_is_without_glutamate(support: Run) -> None:
    for name in (RELEASED, "neuron.catalase", "neuron.alive", "oligodendrocyte.Ca"):
        assert support.of("receptors_blocked", name) == pytest.approx(support.of("without_glutamate", name), rel=SAME)
    assert support.of("with_glutamate", RELEASED) > 2 * support.of("without_glutamate", RELEASED)
    assert support.of("GW4869", RELEASED) < support.of("with_glutamate", RELEASED) / 2


def test_enzymes_arrive_only_where_vesicles_hold_them_and_escape(support: Run) -> None:
    """What a neuron has without them is its own, less what its own vesicles take and do not bring back (1e-5)."""
    alone = support.of("neurons_starving", "neuron.catalase")
    assert support.of("without_catalase", "neuron.catalase") == pytest.approx(alone, rel=SAME)
    for name in ("catalase", "SOD1", "SIRT2", "FTH1"):
        own = support.of("neurons_starving", f"neuron.{name}")
        for arm in ("dead_end", "catalase_loaded_dead_end"):
            assert support.of(arm, f"neuron.{name}") == pytest.approx(own, rel=SAME), (arm, name)
        assert support.of("with_glutamate", f"neuron.{name}") > own * (1 + 5 * SAME), name


def test_with_enough_catalase_neurons_live_and_only_if_it_escapes(support: Run) -> None:
    """So the route works, and what is missed is missed by copies."""
    fed, starving = support.of("neurons_fed", "neuron.alive"), support.of("neurons_starving", "neuron.alive")
    assert starving < 0.3 < 0.9 < fed
    assert starving * 2 < support.of("catalase_loaded", "neuron.alive") < fed
    blocked = support.of("catalase_loaded_dead_end", "neuron.alive")
    assert blocked == pytest.approx(support.of("dead_end", "neuron.alive"), rel=SAME)


def test_directions_of_support(support: Run) -> None:
    assert support.judged() == {"glutamate_releases": (True, "assumed"), "evs_feed": (False, None),
                                "evs_protect": (False, None), "catalase_arrives": (False, None)}


def test_calcium_that_acts_on_nothing_releases_nothing(tmp_path: Path) -> None:
    """The direction is the switch's: without its rules glutamate raises calcium as before, and release not at all."""
    model = api.load(ROOT / "examples" / "oligodendrocyte_support.yaml",
                     ("run.every=24 h", "switches.calcium_acts.use=on_nothing"))
    arms = api.simulate(model, tmp_path / "run").summary["arms"]
    found = {arm: arms[arm]["quantities"] for arm in ("with_glutamate", "without_glutamate")}
    assert found["with_glutamate"]["oligodendrocyte.Ca"]["value"] > 2 * (
        found["without_glutamate"]["oligodendrocyte.Ca"]["value"])
    assert found["with_glutamate"][RELEASED]["value"] == pytest.approx(
        found["without_glutamate"][RELEASED]["value"], rel=SAME)


def test_the_page_says_what_support_comes_to(support: Run) -> None:
    page = section("Starving neurons")
    gained = support.of("with_glutamate", "neuron.catalase") - support.of("neurons_starving", "neuron.catalase")
    peroxide = support.of("peroxide_with_glutamate", "neuron.alive") / support.of("peroxide_alone", "neuron.alive")
    figures = (
        f"{support.of('with_glutamate', RELEASED) / support.of('without_glutamate', RELEASED):.2f} times",
        f"{support.of('GW4869', RELEASED) / support.of('with_glutamate', RELEASED):.2f} times",
        f"{gained:.1f} copies",
        f"{support.of('with_glutamate', 'neuron.alive') / support.of('neurons_starving', 'neuron.alive'):.4f} times",
        f"{peroxide:.4f} times",
        f"{support.of('catalase_loaded', 'neuron.alive') / support.of('neurons_starving', 'neuron.alive'):.2f} times",
    )
    for figure in figures:
        assert figure in page


# α-synuclein

FIBRIL = "neuron.asyn_fibril"


def test_nothing_arises_by_itself_and_nothing_arrives_without_uptake_or_escape(spread: Run) -> None:
    """Below 1e-9 of a molecule is what a solver leaves of nothing."""
    for arm in ("healthy", "without_uptake", "without_escape"):
        assert abs(spread.of(arm, FIBRIL)) < 1e-9
    for arm in ("spread", "carriers", "without_microglia", "too_slow"):
        assert spread.of(arm, FIBRIL) > 1e-3


def test_what_arrives_takes_root_only_above_the_threshold(spread: Run) -> None:
    """Conversion x copies / clearance: 2.5 in a neuron, 0.25 where conversion is slow, 0.025 in microglia.

    Growth at 0.30 a day for 13 days is 49-fold while the protein lasts, and loss at 0.15 a day or 0.19 a day 7-fold
    or 12-fold: half of each is asked for, as copies run out and cells that hold many die.
    """
    parameters = {row["path"]: row["value"] for row in spread.summary["parameters"]}
    conversion = parameters["neuron.synuclein.template_k"] * parameters["neuron.asyn.basal"]
    assert conversion / parameters["neuron.asyn_fibril.decay_rate"] == pytest.approx(2.525, abs=0.01)
    time, fibril = spread.results.series("spread", "sick.asyn_fibril")
    _, alive = spread.results.series("spread", "sick.alive")
    per_cell = fibril / alive
    late, early = [int(abs(time - at).argmin()) for at in (336, 24)]
    assert per_cell[late] > 20 * per_cell[early]
    _, slow = spread.results.series("too_slow", "sick.asyn_fibril")
    _, slow_alive = spread.results.series("too_slow", "sick.alive")
    assert slow[late] / slow_alive[late] < (slow[early] / slow_alive[early]) / 5
    _, carried = spread.results.series("carriers", "microglia.asyn_fibril")
    assert carried[late] < carried[early] / 6


def test_seeds_are_given_once(spread: Run) -> None:
    """10,000 in all: what comes within a day is within what clearance, MVBs and conversion change, 30 % a day each."""
    time, fibril = spread.results.series("too_slow", "sick.asyn_fibril")
    assert fibril[0] == 0.0
    assert 0.7 * 1e4 < fibril[int(abs(time - 12).argmin())] < 1e4


def test_the_report_compares_no_level_that_has_run_out(spread: Run) -> None:
    """After 14 days 1e-20 of the seeds is still to come, in one arm above zero and in another below."""
    material = Material(spread.results)
    shown = chosen_signals(material, "sick", material.arms_with("sick"))
    assert "seeding" not in shown
    assert "NFkB_activity" in shown  # what is there and differs, is shown


def test_directions_of_spread(spread: Run) -> None:
    assert spread.judged() == {"microglia_help": (False, None), "lysosomes": (True, None),
                               "nsmase2": (True, "assumed"), "nsmase2_microglia": (True, None)}


def test_the_page_says_what_spreads(spread: Run) -> None:
    page = section("α-synuclein")
    for arm, against in (("spread", "without_microglia"), ("bafilomycin", "spread"), ("GW4869", "spread"),
                         ("GW4869_on_microglia", "spread"), ("sick_lysosomes_half", "spread")):
        assert f"{spread.of(arm, FIBRIL) / spread.of(against, FIBRIL):.3f} times" in page, arm
    for arm in ("spread", "carriers"):
        assert f"{spread.of(arm, FIBRIL):.1f} molecules" in page, arm
