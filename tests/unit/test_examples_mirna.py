"""The examples on miR-124 and GLT1, and on miR-146a and spines: what their controls must do, and what the run says.

Two arms that end alike are integrated apart, to 1e-8 of a value a step: after some thousand steps 1e-5 holds.
"""

from __future__ import annotations

import pytest

from tests.example_runs import Run, section

SAME = 1e-5


@pytest.fixture(scope="module")
def glt1(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run("neuron_to_astrocyte_glt1", tmp_path_factory.mktemp("runs"), "note", "warning")


@pytest.fixture(scope="module")
def spines(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run("microglial_spine_loss", tmp_path_factory.mktemp("runs"), "note", "warning")


@pytest.mark.parametrize("arm", ["activity_no_mir124", "activity_no_escape"])
def test_without_the_mirna_or_escape_glt1_is_that_of_astrocytes_alone(glt1: Run, arm: str) -> None:
    alone = glt1.of("no_neurons", "astrocyte.GLT1")
    assert glt1.of(arm, "astrocyte.GLT1") == pytest.approx(alone, rel=SAME / 10)
    assert glt1.of("activity", "astrocyte.GLT1") > alone * (1 + SAME)  # so that the line above can fail


def test_glt1_follows_the_share_of_targets_that_is_held(glt1: Run) -> None:
    """GLT1 at rest = 2 / (1 + i), i = 1 - 0.7 held; without what is lost it is 1 exactly; loaded vesicles raise it."""
    for arm in ("no_neurons", "astrocytes_with_1000_copies", "astrocytes_with_10000_copies"):
        left = 1 - 0.7 * glt1.of(arm, "astrocyte.repression_by_miR_124")
        assert glt1.of(arm, "astrocyte.GLT1") == pytest.approx(2 / (1 + left), rel=SAME)
    assert glt1.of("activity_no_inhibitors_lost", "astrocyte.GLT1") == pytest.approx(1.0, rel=SAME)
    assert glt1.of("loaded", "astrocyte.GLT1") > 1.05 * glt1.of("activity", "astrocyte.GLT1")


def test_supply_of_mir124_is_far_below_the_need_in_every_arm_with_native_loading(glt1: Run) -> None:
    """Needed = 1000 x decay / (copies per EV x share); where only neurons bind these vesicles, below 5 % arrives."""
    answer = glt1.dose("activity", "astrocyte", "miR_124")
    decay = 0.6931472 / answer["half_life_h"]
    useful = answer["copies_per_ev"] * answer["delivered_share"]
    assert answer["needed"] == pytest.approx(1000 * decay / useful, rel=1e-6)
    for arm in ("rest", "activity", "glutamate", "activity_gw4869", "activity_neurons_only", "needed_vesicles_at_once"):
        assert glt1.dose(arm, "astrocyte", "miR_124")["supplied"] < answer["needed"] / 10
    assert glt1.dose("loaded", "astrocyte", "miR_124")["verdict"] == "sufficient"
    only = glt1.of("activity_neurons_only", "astrocyte.miR_124") - glt1.of("no_neurons", "astrocyte.miR_124")
    assert only < 0.05 * (glt1.of("activity", "astrocyte.miR_124") - glt1.of("no_neurons", "astrocyte.miR_124"))


def test_directions_of_glt1_are_missed_but_for_the_one_that_is_built_in(glt1: Run) -> None:
    assert glt1.judged() == {"release": (True, "assumed"), "glt1": (False, None), "mir124": (False, None),
                             "glt1_without_mir124": (False, None)}


def test_the_page_says_what_the_run_of_glt1_gives(glt1: Run) -> None:
    page, level = section("Active neurons"), "astrocyte.GLT1"
    active, flood, only, loaded = (glt1.dose(arm, "astrocyte", "miR_124") for arm in (
        "activity", "needed_vesicles_at_once", "activity_neurons_only", "loaded"))
    short = active["needed"] / active["supplied"]
    bare = {arm: glt1.ratio(level, arm, "no_neurons") for arm in (
        "activity", "astrocytes_with_1000_copies", "astrocytes_with_10000_copies")}
    for words in (
        f"{glt1.ratio('neuron.released_per_cell_per_hour', 'activity', 'rest'):.2f} times | direction built in",
        f"{glt1.ratio('astrocyte.miR_124', 'activity', 'no_neurons'):.2f} times, one copy more: **missed**",
        f"{bare['activity']:.5f} times: **missed**",
        f"{glt1.ratio(level, 'activity_no_mir124', 'activity'):.5f} times: **missed**",
        f"loads {active['copies_per_ev']:.4f} per vesicle",
        f"{active['needed']:,.0f} vesicles an hour; it takes up {active['supplied']:.1f}: {short:.0f} times too few",
        f"would be {short * active['copies_per_ev'] / 0.00825:.0f} times",
        f"takes up {flood['supplied'] * 96 / 5.5e5:.0%} of them".replace("%", " %"),
        f"receives {flood['delivered_copies']:.0f} copies",
        f"{only['needed'] / only['supplied']:,.0f} times too few",
        f"GLT1 is {bare['astrocytes_with_1000_copies']:.3f} times",
        f"10,000 copies {bare['astrocytes_with_10000_copies']:.2f} times",
        f"{loaded['copies_per_ev']:.1f} copies each raise GLT1 {glt1.ratio(level, 'loaded', 'no_neurons'):.2f} times",
    ):
        assert words in page


@pytest.mark.parametrize("arm", ["loaded_evs_without_mir146a", "loaded_evs_no_escape"])
def test_without_the_mirna_or_escape_spines_are_those_of_untreated_neurons(spines: Run, arm: str) -> None:
    untreated = spines.of("neurons_untreated", "neuron.spines")
    assert spines.of(arm, "neuron.spines") == pytest.approx(untreated, rel=SAME)
    assert spines.of("loaded_evs", "neuron.spines") < 0.9 * untreated  # so that the line above can fail


def test_neurons_whose_targets_lack_the_site_keep_their_spines(spines: Run) -> None:
    for arm in ("neurons_deaf", "loaded_evs_deaf"):
        assert spines.of(arm, "neuron.spines") == pytest.approx(1.0, rel=SAME)
    assert spines.of("loaded_evs_deaf", "neuron.miR_146a") > 1.5 * spines.of("neurons_deaf", "neuron.miR_146a")


def test_cloaked_vesicles_enter_only_with_what_neurons_drink(spines: Run) -> None:
    """0.05 um^3/s of 5,000 x 5e5 vesicles in 2 mL, for at most the 96 h after the dose."""
    most = 0.05 * 96 * 3600 * 5e3 * 5e5 / 2e12
    drunk = spines.of("loaded_evs_cloaked", "neuron.taken_up_per_cell") - spines.of(
        "neurons_untreated", "neuron.taken_up_per_cell")
    assert 0 < spines.dose("loaded_evs_cloaked", "neuron", "miR_146a")["supplied"] * 120 < most
    assert drunk < most
    assert spines.of("loaded_evs_cloaked", "neuron.spines") > 0.99 * spines.of("neurons_untreated", "neuron.spines")


def test_a_neuron_needs_thousands_of_vesicles_an_hour_and_gets_tens(spines: Run) -> None:
    native, flood = (spines.dose(arm, "neuron", "miR_146a") for arm in ("inflammatory_evs", "needed_evs_at_once"))
    assert native["needed"] > 1e4
    assert native["supplied"] < 100
    assert flood["verdict"] == "insufficient"  # a neuron cannot take up what is offered
    assert set(spines.summary["arms"]["inflammatory_evs"]["required_dose"]["neuron"]) == {"miR_146a"}
    first = "\n".join(spines.summary["headline"])
    assert "The miR-146a route can work in loaded_evs, loaded_resting_evs, loaded_evs_deaf." in first
    assert "It does not add up in `inflammatory_evs`: To hold 1,000 copies" in first


def test_spine_loss_is_missed_and_so_is_what_tells_the_two_kinds_of_microglia_apart(spines: Run) -> None:
    assert spines.judged() == {
        "spines": (False, None), "syt1": (False, None), "nlg1": (False, None), "resting": (False, None),
        "no_mir": (True, "assumed"), "cloaked": (True, None)}  # fmt: skip


def test_the_page_says_what_the_run_of_spines_gives(spines: Run) -> None:
    page, level, bare = section("X18"), "neuron.spines", "neurons_untreated"
    native, rest, flood = (spines.dose(arm, "neuron", "miR_146a") for arm in (
        "inflammatory_evs", "resting_evs", "needed_evs_at_once"))
    for words in (
        f"{spines.ratio('neuron.Syt1', 'inflammatory_evs', bare):.5f} times: **missed**",
        f"{spines.ratio(level, 'inflammatory_evs', bare):.5f} times: **missed**",
        f"{spines.ratio(level, 'loaded_evs', bare):.3f} times",
        f"{spines.ratio(level, 'loaded_evs_cloaked', bare):.4f} times: **hit**",
        f"{spines.ratio(level, 'loaded_resting_evs', bare):.3f} times: **missed**",
        f"vesicles of {spines.dose('loaded_evs', 'neuron', 'miR_146a')['copies_per_ev']:.0f} copies each",
        f"{native['needed']:,.0f} vesicles an hour ({native['copies_per_ev']:.2g} copies each)",
        f"takes up {native['supplied']:.1f} an hour over the four days",
        f"receives {native['delivered_copies']:.1f} copies: {native['needed'] / native['supplied']:.0f} times",
        f"saturates ({flood['delivered_copies']:.0f} copies)",
        f"{native['copies_per_ev'] / rest['copies_per_ev']:.1f} times within",
    ):
        assert words in page
