"""The examples on vessels, channels, isolation and dyes: what their comments say, as directions.

Two arms that end alike are integrated apart, to 1e-8 of a value a step: after some thousand steps 1e-5 holds.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.example_runs import ROOT, Run
from tests.pages import text_of
from vesica import api
from vesica.report.blocks import Table
from vesica.report.material import Material
from vesica.report.outcome import arms

SAME = 1e-5
LITTLE = 1e-2  # of the change that is looked at


@pytest.fixture(scope="module")
def transwell(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run("transwell_microglia_neurons", tmp_path_factory.mktemp("runs"), "note")


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run("ev_or_soluble", tmp_path_factory.mktemp("runs"), "note")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run("conditioned_medium_vs_purified", tmp_path_factory.mktemp("runs"), "note")


@pytest.fixture(scope="module")
def dye(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run("dye_artefact", tmp_path_factory.mktemp("runs"), "note")


def course(run: Run, arm: str, name: str) -> np.ndarray:
    return np.asarray(run.results.series(arm, name)[1])


def at(run: Run, arm: str, name: str, hour: float) -> float:
    time = run.results.series(arm, name)[0]
    return float(course(run, arm, name)[int(np.abs(time - hour).argmin())])


# a transwell

KINDS = ("microglia", "microglia~microvesicle")


def arrived(run: Run, arm: str, kind: str) -> float:
    return run.summary["arms"][arm]["transfer_by_class"][kind]["neuron"]


def test_no_vesicle_passes_30_nm(transwell: Run) -> None:
    """Exactly none: what is wider than the pores has no way through."""
    for kind in KINDS:
        assert (course(transwell, "lps_30nm", f"well.free:{kind}") == 0.0).all()
        assert arrived(transwell, "lps_30nm", kind) == 0.0
        assert arrived(transwell, "lps", kind) > 0.0


def test_wide_pores_let_microvesicles_pass_and_change_little_for_exosomes(transwell: Run) -> None:
    exosomes, microvesicles = (arrived(transwell, "lps_3um", kind) / arrived(transwell, "lps", kind) for kind in KINDS)
    assert microvesicles > 10
    assert 1.0 < exosomes < 1.5


def test_factors_level_out_before_vesicles_and_narrow_pores_hold_back_tnf(transwell: Run) -> None:
    """Of TNF, which lives for half an hour, 30 nm pores let a fifth pass; of IL-6, which lasts, half."""
    def share(name: str, arm: str, hour: float) -> float:
        return at(transwell, arm, f"well.{name}", hour) / 2.6 / (at(transwell, arm, f"insert.{name}", hour) / 1.5)

    assert share("TNF", "lps", 2) > 0.95 * share("TNF", "lps", 48)
    assert share("free:microglia", "lps", 2) < 0.5 * share("free:microglia", "lps", 24)
    narrow = {name: at(transwell, "lps_30nm", f"well.{name}", 48) / at(transwell, "lps", f"well.{name}", 48)
              for name in ("TNF", "IL6")}  # fmt: skip
    assert 0.1 < narrow["TNF"] < 0.3 < narrow["IL6"] < 0.7
    for arm in ("lps", "lps_3um", "lps_30nm"):
        assert transwell.ratio("medium.TNF", arm, "control") > 5


def test_inhibitors_in_a_transwell(transwell: Run) -> None:
    assert arrived(transwell, "lps_gw4869", "microglia") < 0.75 * arrived(transwell, "lps", "microglia")
    assert arrived(transwell, "lps_gw4869", "microglia~microvesicle") > 1.5 * arrived(
        transwell, "lps", "microglia~microvesicle")
    assert transwell.ratio("medium.TNF", "lps_etanercept", "lps") < 0.05
    assert transwell.ratio("microglia.released_per_cell_per_hour", "lps_etanercept", "lps") == pytest.approx(
        1.0, abs=LITTLE)


def test_neurons_below_the_membrane_hardly_notice(transwell: Run) -> None:
    for arm in transwell.summary["arms"]:
        assert transwell.ratio("neuron.COX2", arm, "control") == pytest.approx(1.0, abs=1e-3)
    assert transwell.ratio("neuron.COX2", "lps", "control") > 1 + SAME  # it is no test of nothing


def test_nobody_touches_anybody_through_a_membrane() -> None:
    model = api.load(ROOT / "examples" / "transwell_microglia_neurons.yaml", ("cells.neuron.contacts.microglia=2 %",))
    said = [str(finding) for finding in api.check(model) if finding.severity == "warning"]
    assert len(said) == 1
    assert "contact" in said[0]


# vesicle or soluble

RELEASED = "released_per_cell_per_hour"
GLIA = ("astrocyte", "microglia")


def claimed(run: Run, arm: str) -> float:
    """Share of the effect of ethanol that a control takes away."""
    low, high, left = (run.of(name, "neuron.COX2") for name in ("control", "ethanol", arm))
    return (high - left) / (high - low)


def sent(run: Run, arm: str, cargo: str) -> float:
    """Copies that the vesicles of all glia take along, per hour."""
    total = 0.0
    for cell, count in (("astrocyte", 5e5), ("microglia", 1e5)):
        total += count * run.of(arm, f"{cell}.exosomes_per_cell_per_hour") * run.of(arm, f"{cell}.{cargo}_per_ev")
        total += count * run.of(arm, f"{cell}.microvesicles_per_cell_per_hour") * run.of(
            arm, f"{cell}~microvesicle.{cargo}_per_ev")  # fmt: skip
    return total


@pytest.mark.parametrize("cell", GLIA)
def test_what_each_drug_does_to_release(question: Run, cell: str) -> None:
    def ratio(arm: str, kind: str) -> float:
        return question.ratio(f"{cell}.{kind}_per_cell_per_hour", arm, "ethanol")

    assert ratio("gw4869", "exosomes") < 0.75
    assert ratio("gw4869", "microvesicles") > 1.5
    assert ratio("rab27a_glia", "exosomes") < 0.2
    assert ratio("imipramine", "microvesicles") < 0.5
    for arm in ("rab27a_glia", "etanercept", "brefeldin"):
        assert ratio(arm, "microvesicles") == pytest.approx(1.0, abs=SAME)
    for arm in ("etanercept", "brefeldin", "imipramine"):  # what TNF does to release of vesicles is small
        assert ratio(arm, "exosomes") == pytest.approx(1.0, abs=0.03)


def test_gw4869_hides_what_rab27a_shows(question: Run) -> None:
    """It takes exosomes, but more HMGB1 is sent in all; so it claims nothing, and the clean knock-down half."""
    assert claimed(question, "gw4869") < 0.0 < 0.4 < claimed(question, "rab27a_glia")
    assert sent(question, "gw4869", "HMGB1") > 1.05 * sent(question, "ethanol", "HMGB1")
    assert sent(question, "rab27a_glia", "HMGB1") < 0.5 * sent(question, "ethanol", "HMGB1")


def test_tnf_and_vesicles_need_each_other(question: Run) -> None:
    """Either control claims most of the effect: more than 100 % together."""
    factors, vesicles = claimed(question, "etanercept"), claimed(question, "no_uptake")
    assert factors > 0.5
    assert vesicles > 0.5
    assert factors + vesicles > 1.2


def test_brefeldin_stops_secretion_and_etanercept_takes_tnf_alone(question: Run) -> None:
    for name in ("TNF", "IL6", "CCL2"):
        assert question.ratio(f"medium.{name}", "brefeldin", "ethanol") < 0.2
    assert question.ratio("medium.TNF", "etanercept", "ethanol") < 0.05
    assert question.ratio("medium.IL6", "etanercept", "ethanol") > 0.9


def test_contact_holds_microglia_calm(question: Run) -> None:
    assert question.of("no_contact", "microglia.CD200R_activity") == 0.0
    assert question.of("ethanol", "microglia.CD200R_activity") > 0.5
    assert question.ratio("medium.TNF", "no_contact", "ethanol") > 1.2
    assert question.ratio("neuron.COX2", "no_contact", "ethanol") > 1.02


# conditioned medium or purified vesicles


def left(run: Run, arm: str) -> tuple[float, float]:
    """Shares of vesicles and of TNF that are left of one dose."""
    (given,) = run.summary["arms"][arm]["dose"]
    return given["isolation"][-1]["vesicles"], given["isolation"][-1]["solubles"]["TNF"]


def rise(run: Run, arm: str) -> np.ndarray:
    return course(run, arm, "neuron.COX2") - course(run, "neurons", "neuron.COX2")


def test_what_each_step_leaves(bench: Run) -> None:
    found = {arm: left(bench, arm) for arm in bench.summary["arms"] if bench.summary["arms"][arm]["dose"]}
    assert found["conditioned"] == (1.0, 1.0)
    kept = ("conditioned", "ultracentrifuged", "frozen_once", "size_exclusion", "ev_depleted", "protease_detergent")
    assert [found[arm][0] for arm in kept] == sorted((found[arm][0] for arm in kept), reverse=True)
    solubles = ("conditioned", "ev_depleted", "ultracentrifuged", "frozen_once", "size_exclusion", "protease")
    assert [found[arm][1] for arm in solubles] == sorted((found[arm][1] for arm in solubles), reverse=True)
    numbers = {row["path"]: row["value"] for row in bench.summary["parameters"]}
    assert found["ultracentrifuged"][0] < numbers["isolation.ultracentrifugation.recovery"]  # small ones are lost
    assert found["frozen_once"][0] == pytest.approx(
        found["ultracentrifuged"][0] * (1 - numbers["storage.freeze_thaw.loss_per_cycle"]), rel=1e-9)
    assert found["protease"][0] == found["ultracentrifuged"][0]
    digested = 1 - numbers["treatment.protease.efficiency"]
    assert found["protease"][1] == pytest.approx(found["ultracentrifuged"][1] * digested, rel=1e-9)
    assert found["protease_detergent"][0] == 0.0


def test_when_one_looks_decides_what_did_it(bench: Run) -> None:
    """TNF makes the peak, vesicles what is left after eight hours."""
    whole, rest, pellet = (rise(bench, arm) for arm in ("conditioned", "ev_depleted", "ultracentrifuged"))
    assert rest.max() / whole.max() > 0.5 > rest[-1] / whole[-1] + 0.1
    assert pellet.max() / whole.max() < 0.1 < pellet[-1] / whole[-1]
    assert whole.argmax() < rest.size - 10 < pellet.argmax()


def test_controls_of_the_pellet(bench: Run) -> None:
    pellet = rise(bench, "ultracentrifuged")[-1]
    assert 0.0 < rise(bench, "protease")[-1] < 0.1 * pellet
    assert rise(bench, "protease_detergent")[-1] < LITTLE * pellet
    assert 0.1 * pellet < rise(bench, "ultracentrifuged_untreated")[-1] < 0.5 * pellet
    assert rise(bench, "conditioned_untreated").max() < 0.1 * rise(bench, "conditioned").max()
    assert rise(bench, "size_exclusion")[-1] < rise(bench, "frozen_once")[-1] < pellet


def test_a_particle_counter_sees_lipoproteins(bench: Run) -> None:
    for arm, most in (("conditioned", 0.003), ("ultracentrifuged", 0.02), ("size_exclusion", 0.003)):
        (given,) = bench.summary["arms"][arm]["dose"]
        assert 0.0 < given["vesicles"] / given["particles"] < most


# dyes

GLOW, UPTAKE = "astrocyte.fluorescence", "astrocyte.taken_up_per_cell"


def test_dye_without_uptake(dye: Run) -> None:
    assert dye.ratio(UPTAKE, "stained_4C", "stained") < 0.05
    assert dye.ratio(GLOW, "stained_4C", "stained") > 0.2
    assert dye.of("dye_alone", UPTAKE) < 1e-9
    assert 0.8 < dye.ratio(GLOW, "dye_alone", "stained") < 1.0
    assert dye.ratio(GLOW, "dye_alone_4C", "dye_alone") == pytest.approx(
        dye.ratio(GLOW, "stained_4C", "stained"), rel=0.05)


def test_washing_by_size_keeps_particles_of_dye(dye: Run) -> None:
    for arm in ("stained", "stained_washed"):
        (given,) = dye.summary["arms"][arm]["dose"]
        assert given["vesicles"] / given["particles"] == pytest.approx(0.1, rel=1e-9)
    assert dye.ratio(UPTAKE, "stained_washed", "stained") == pytest.approx(1.0, rel=SAME)
    assert dye.ratio(GLOW, "stained_washed", "stained") > 1.0  # larger ones are left, with more dye each


def test_without_particles_of_dye_ten_times_the_uptake_gives_the_same_signal(dye: Run) -> None:
    for arm in ("no_micelles", "lumen_dye"):
        assert dye.ratio(UPTAKE, arm, "stained") == pytest.approx(10.0, rel=SAME)
        assert 0.9 < dye.ratio(GLOW, arm, "stained") < 1.1


def test_the_page_says_what_dyes_do(dye: Run) -> None:
    """Three digits, as printed."""
    rows = re.findall(r"^\| `(\w+)`[^|]* \| ([\d.]+) \| ([\d.]+e\d) \|$", text_of("isolation"), re.MULTILINE)
    assert [name for name, *_ in rows] == ["stained", "no_micelles", "stained_4C", "dye_alone"]
    for name, uptake, glow in rows:
        assert f"{round(dye.of(name, UPTAKE), 9):.3g}" == uptake
        assert f"{dye.of(name, GLOW):.3g}" == f"{float(glow):.3g}"


def test_heparin_halves_both(dye: Run) -> None:
    assert 0.3 < dye.ratio(UPTAKE, "heparin", "stained") < 0.7
    assert dye.ratio(GLOW, "heparin", "stained") == pytest.approx(dye.ratio(UPTAKE, "heparin", "stained"), rel=0.05)


def test_the_report_shows_what_a_cytometer_sees(dye: Run) -> None:
    tables = [block for block in arms(Material(dye.results)).blocks if isinstance(block, Table)]
    (came_out,) = [table for table in tables if table.caption == "astrocyte: what came out"]
    assert [column.title for column in came_out.columns] == ["arm", "released", "taken up", "fluorescence", "survival"]


# all of them


@pytest.mark.parametrize("name", ["transwell", "question", "bench", "dye"])
def test_ledgers_close(name: str, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(name)
    for arm in run.summary["arms"].values():
        for account in (arm["ledger"]["vesicles"], *arm["ledger"]["cargo"].values()):
            assert abs(account["residual"]) < 1e-9
