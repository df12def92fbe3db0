"""Vesicles that never carry a cargo: the share is a number of the model, keeps the mean, and shows in whole numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vesica import api
from vesica.analysis.runs.vesicles import at_least_one
from vesica.biology.sizes import SizeLaw
from vesica.engine.program import compile_model
from vesica.engine.whole.run import trajectories
from vesica.spec.resolved import ResolvedModel

EXAMPLE = Path(__file__).parents[2] / "examples" / "single_cell_secretion.yaml"
SHARE = 0.95
SAID = (f"cells.astrocyte.cargo.TLR4.empty_share={SHARE}",)


def resolved(*overrides: str) -> ResolvedModel:
    """The control arm, as the file says and with changes."""
    found = api.examine(api.load(EXAMPLE, overrides))
    found.raise_errors()
    assert found.resolved is not None
    return replace(found.resolved, arms=tuple(arm for arm in found.resolved.arms if arm.name == "control"))


def test_a_model_has_it_only_where_it_is_asked_for() -> None:
    assert not any(path.endswith("empty_share") for path in resolved().parameters)
    shares = {path: one.value for path, one in resolved(*SAID).parameters.items() if path.endswith("empty_share")}
    assert shares == {"astrocyte.HMGB1.empty_share": 0.0, "astrocyte.TLR4.empty_share": SHARE,
                      "astrocyte.miR_146a.empty_share": 0.0}


@pytest.mark.parametrize("share", ["1", "-0.1"])
def test_a_share_that_leaves_no_vesicle_is_refused(share: str) -> None:
    found = api.examine(api.load(EXAMPLE, [f"cells.astrocyte.cargo.TLR4.empty_share={share}"]))
    errors = [one for one in found.findings if one.severity == "error"]
    assert len(errors) == 1
    assert errors[0].path.endswith("TLR4.empty_share")


def test_whole_numbers_follow_it() -> None:
    """Of 5,000 vesicles or more some carry TLR4, fewer where nineteen in twenty never do; the mean stays.

    Means: copies of a vesicle have a standard deviation below 0.5 here; seven standard errors of a difference
    (false alarm 3e-12) are allowed. Shares are binomial, with standard errors below 0.004: seven of them as well.
    """
    laws = {}
    for said in ((), SAID):
        model = resolved("run.cells_at_most=40", "run.duration=6 h", *said)
        run = next(trajectories(compile_model(model), 0))
        found = run.notes["distributions"]["astrocyte.copies/TLR4"]
        counts = dict(zip(found["values"], found["counts"], strict=True))
        laws[said] = found["n"], found["mean"], 1.0 - counts[0] / found["n"]
    (number, mean, plain), (_, kept, loaded) = laws[()], laws[SAID]
    assert number > 5000
    assert kept == pytest.approx(mean, abs=7 * 0.5 * (2 / number) ** 0.5)
    law = SizeLaw(*(model.parameters[f"astrocyte.ilv_{name}"].value for name in
                    ("diameter_median", "diameter_gsd", "diameter_low", "diameter_high", "membrane_thickness")))
    assert plain == pytest.approx(at_least_one(mean, law, "membrane"), abs=7 * 0.004)
    assert loaded == pytest.approx(at_least_one(mean, law, "membrane", SHARE), abs=7 * 0.004)
    assert loaded < plain - 0.02
