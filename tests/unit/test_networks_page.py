"""docs/networks.md: every model on the page runs as printed, and does what the page says of it."""

from __future__ import annotations

import pytest

from tests.pages import PageRuns, models_of, text_of
from vesica.results import Results

PAGE = text_of("networks")
NANOMOLAR = 0.602214076  # molecule/um^3
TITLES = models_of(PAGE)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> PageRuns:
    return PageRuns(TITLES, tmp_path_factory.mktemp("page"))


def end(found: Results, arm: str, name: str) -> float:
    return float(found.series(arm, name)[1][-1])


def test_every_model_of_the_page_is_here() -> None:
    assert len(TITLES) == 5 == PAGE.count("```yaml")


def test_a_pulse_flips_the_switch_for_good(run: PageRuns) -> None:
    found = run("flip a switch")
    assert f"`microglia.B` is {end(found, 'pulse', 'microglia.B') / NANOMOLAR:.0f} nM" in PAGE
    assert f"and {end(found, 'untreated', 'microglia.B') / NANOMOLAR:.1f} nM without" in PAGE


def test_catalase_of_a_starving_neuron(run: PageRuns) -> None:
    found = run("three times the catalase")
    alive = {arm: f"{end(found, arm, 'neuron.alive'):.0%}".replace("%", " %")
             for arm in ("fed", "starving", "with_catalase")}  # fmt: skip
    assert (f"{alive['fed']} of the fed live for two days, {alive['starving']} of the starving, and "
            f"{alive['with_catalase']} of those with more catalase") in PAGE  # fmt: skip


def test_seeds_grow_above_the_threshold_only(run: PageRuns) -> None:
    found = run("thousand seeds")
    per_cell = {arm: end(found, arm, "neuron.asyn_fibril") / end(found, arm, "neuron.alive")
                for arm in ("growing", "too_slow", "without_seeds")}  # fmt: skip
    assert per_cell["growing"] > 3000
    assert 0 < per_cell["too_slow"] < 500
    assert per_cell["without_seeds"] == 0.0


def test_pyroptosis_under_tnf(run: PageRuns) -> None:
    found = run("pyroptotic")
    shares = []
    for arm in ("untreated", "LPS"):
        burst, apoptotic = (end(found, arm, f"neuron.died_of:{kind}") for kind in ("burst", "apoptotic"))
        assert burst + apoptotic + end(found, arm, "neuron.alive") == pytest.approx(1.0, abs=1e-6)
        shares.append(f"{burst / (burst + apoptotic):.0%}".replace("%", " %"))
    assert f"{shares[0]} of the dead are pyroptotic, and {shares[1]} under LPS" in PAGE
    share = found.series("untreated", "microglia.inflammatory")[1]
    assert end(found, "LPS", "microglia.inflammatory") > share[0] > 0


def test_mrna_that_cannot_escape_makes_no_protein(run: PageRuns) -> None:
    found = run("make BDNF")
    assert end(found, "both", "neuron.BDNF") > 0
    assert end(found, "dead_end", "neuron.BDNF") == 0.0
