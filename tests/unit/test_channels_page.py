"""docs/channels.md: every model on the page runs as printed, and does what the page says of it."""

from __future__ import annotations

import re

import pytest

from tests.pages import PageRuns, models_of, text_of
from vesica import library
from vesica.results import Results

PAGE = text_of("channels")
MODELS = models_of(PAGE)
VOLUME = 2e12  # um^3
NANOMOLAR = 0.602214076  # molecule/um^3


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> PageRuns:
    return PageRuns(MODELS, tmp_path_factory.mktemp("page"))


def at(found: Results, arm: str, name: str, row: int = -1) -> float:
    return float(found.series(arm, name)[1][row])


def test_every_model_of_the_page_is_here() -> None:
    assert len(MODELS) == 4 == PAGE.count("```yaml")


def test_every_channel_network_of_the_library_is_on_the_page() -> None:
    from tests.unit.test_library_networks import CHANNELS, OF_THE_MEDIUM

    named = set(re.findall(r"`(\w+)`", PAGE[PAGE.index("## Networks of the library"):]))
    assert {*CHANNELS, *OF_THE_MEDIUM} <= named & set(library.load("cns").networks)


def test_vesicles_and_cells_that_split_atp(run: PageRuns) -> None:
    found = run("split")
    left = {arm: at(found, arm, "medium.ATP") / VOLUME / NANOMOLAR / 1e3 for arm in found.summary["arms"]}
    assert (f"{left['all']:.2f} uM of the 10 uM of ATP are left beside cells and vesicles, "
            f"{left['on_cells_only']:.2f} uM beside cells alone, and {left['on_vesicles_only']:.2f} uM where") in PAGE
    assert at(found, "all", "medium.AMP") > 0.5 * 10e3 * NANOMOLAR * VOLUME


def test_neurons_that_take_bdnf_in(run: PageRuns) -> None:
    found = run("BDNF")
    left = {arm: at(found, arm, "medium.BDNF_free") / VOLUME / NANOMOLAR * 1e3 for arm in found.summary["arms"]}
    occupied = {arm: at(found, arm, "neuron.TrkB_occupied") for arm in ("both", "receptors_stay")}
    assert (f"{left['astrocytes_alone']:.2f} pM of BDNF without neurons, and {left['both']:.2f} pM with them, "
            f"{100 * occupied['both']:.1f} % of whose TrkB is occupied") in PAGE
    assert f"{left['receptors_stay']:.2f}" == f"{left['astrocytes_alone']:.2f}"
    assert occupied["receptors_stay"] / occupied["both"] == pytest.approx(3.0, rel=0.05)  # "three times"


def test_potassium_in_a_slice(run: PageRuns) -> None:
    found = run("potassium")
    peak = {arm: 3.0 * float((series := found.series(arm, "slice.potassium")[1]).max() / series[0])
            for arm in found.summary["arms"]}
    assert f"rises to {peak['buffered']:.1f} mM in the slice, and to {peak['without_uptake']:.1f} mM where" in PAGE


def test_a_protease_frees_what_matrix_holds(run: PageRuns) -> None:
    found = run("protease")
    held, later = (at(found, "matrix", "astrocyte.matrix:astrocyte", row) for row in (24, -1))
    factor = at(found, "matrix", "astrocyte.BDNF_free_in_matrix", 24)
    free = {(arm, row): at(found, arm, "medium.free:astrocyte", row) / 1e6
            for arm in found.summary["arms"] for row in (24, -1)}
    matrix = at(found, "matrix", "astrocyte.matrix") / at(found, "matrix", "astrocyte.matrix", 0)
    assert (f"holds {held:.0f} vesicles and {factor:.0f} molecules of BDNF, beside {free['matrix', 24]:.0f} vesicles"
            ) in PAGE
    assert f"leave {100 * matrix:.0f} % of the matrix, and {later:.1f} vesicles in it" in PAGE
    assert (f"ones are {free['matrix', -1]:.0f} for each cell, as many as without any matrix "
            f"({free['no_matrix', -1]:.0f})") in PAGE
