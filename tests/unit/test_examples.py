"""Every example runs, closes its ledger, and says where its numbers come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from vesica import api

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))


FEW = ("run.cells_at_most=12", "run.replicates=1")  # of a run in whole numbers: what is tested does not need more


def overrides(example: Path) -> tuple[str, ...]:
    """Fewer cells where single ones are followed."""
    return FEW if api.load(example).run.fidelity == "stochastic" else ()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_whole(example: Path, tmp_path: Path) -> None:
    summary = api.simulate(api.load(example, overrides(example)), tmp_path / "run").summary
    assert summary["outcome"] == "completed"
    for arm in summary["arms"].values():
        accounts = [arm["ledger"]["vesicles"], *arm["ledger"]["cargo"].values()]
        assert all(abs(account["residual"]) < 1e-9 for account in accounts)
    assert sum(summary["confidence"].values()) > 50
    cited = [number for number in summary["parameters"] if number["confidence"] in ("seen", "known")]
    assert all(number["source"] for number in cited)


def test_the_synthetic_sample_comes_through_the_instrument(tmp_path: Path) -> None:
    """The sample was made with a median of 95 nm; four standard errors of the fit around it."""
    example = next(path for path in EXAMPLES if path.stem == "bv2_lps_measured")
    summary = api.simulate(example, tmp_path / "run").summary
    sizes = next(m for m in summary["measurements"] if m["key"] == "microglia.sizes")
    assert sizes["details"]["used"] in ("measured", "library")
    if sizes["details"]["used"] == "measured":
        assert sizes["details"]["median_nm"] == pytest.approx(95, abs=4 * sizes["details"]["median_se_nm"] + 5)
