"""`examples/bv2_lps_measured.yaml` on the measured files, as a stranger would run it on theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from vesica import api

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
EXAMPLE = ROOT / "examples" / "bv2_lps_measured.yaml"
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside the repository"),
]


def run(tmp_path: Path, sizes: str, loading: str) -> dict:
    changes = [
        f"measured.sizes.file={DATA / 'nta' / sizes}",
        f"measured.cargo[0].cells={DATA / 'microglia_bv2' / 'mirna_cell_counts.csv'}",
        f"measured.cargo[0].evs={DATA / 'microglia_bv2' / 'mirna_ev_counts.csv'}",
        f"switches.loading={loading}",
    ]
    return api.simulate(api.load(EXAMPLE, overrides=changes), tmp_path / "run").summary


def test_measured_cells_predict_what_vesicles_carry_and_the_count_table_of_vesicles_judges_it(tmp_path: Path) -> None:
    """The cells' fold change is an input; 2^5.53 = 46 by our count, 2^5.54 by the authors' DESeq2."""
    summary = run(tmp_path, "magnet_sample14_particle_distribution.csv", "unselective")
    cargo = next(m for m in summary["measurements"] if m["key"] == "microglia.miR_146a")
    assert cargo["details"]["cell_fold"] == pytest.approx(46, rel=0.1)  # two standard errors of 0.099 in log2
    row = cargo["held_against"][0]
    assert row["was_input"] is False
    assert row["predicted"] > 5  # half a day into the change of a miRNA with a half-life of a day
    assert row["low"] < row["measured"] < row["high"]
    assert any("Prediction: miR-146a" in sentence for sentence in summary["headline"])
    assert all(abs(arm["ledger"]["vesicles"]["residual"]) < 1e-9 for arm in summary["arms"].values())


def test_with_both_tables_the_vesicles_come_back_as_a_round_trip(tmp_path: Path) -> None:
    row = next(
        m for m in run(tmp_path, "magnet_sample14_particle_distribution.csv", "measured")["measurements"]
        if m["key"] == "microglia.miR_146a"
    )["held_against"][0]
    assert row["was_input"] is True
    assert row["agrees"]


@pytest.mark.parametrize("beads", ["nanosight34_beads100nm.csv", "nanosight32_beads100nm_combined_resaved.csv"])
def test_beads_are_refused_as_a_law_of_vesicles_and_the_run_says_so(tmp_path: Path, beads: str) -> None:
    summary = run(tmp_path, beads, "unselective")
    sizes = next(m for m in summary["measurements"] if m["key"] == "microglia.sizes")
    assert sizes["details"]["used"] == "library"
    assert sizes["details"]["refused_because"]
    assert summary["size_law"]["microglia"]["median_nm"] == pytest.approx(85)  # the library's
