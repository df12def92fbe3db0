"""docs/science.md, rows X1, X2, X6 and X7: every figure is computed again and looked up in the page."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.comparisons import agrees_with_mean, limit
from vesica import api, library
from vesica.analysis.events.fusion import jump_law, rate
from vesica.biology.courses import release_course
from vesica.biology.sizes import SizeLaw
from vesica.engine.counters import stream as words
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.whole import donor, vesicles
from vesica.engine.whole.laws import donor_rates
from vesica.engine.whole.start import dish_at_rest
from vesica.instruments import constants
from vesica.instruments.phluorin import Recorder, trace
from vesica.instruments.phluorin_events import find_events, make_detector
from vesica.rng import stream
from vesica.spec.resolved import ResolvedModel

PAGE = (Path(__file__).parents[2] / "docs" / "science.md").read_text(encoding="utf-8")
HEAD = """vesica: 1
title: published
use: [library:cns]
domain: {kind: dish, diameter: 6.4 mm, medium: 100 uL, mixing: stirred}
"""
CELLS, COPIES = 400, 0.00825


def section(head: str) -> str:
    found = PAGE[PAGE.index(f"## {head}"):]
    return found[: found.index("\n## ", 3)]


def resolved(folder: Path, text: str) -> ResolvedModel:
    (folder / "model.yaml").write_text(HEAD + text)
    examined = api.examine(folder / "model.yaml")
    examined.raise_errors()
    assert examined.resolved is not None
    return examined.resolved


def last(folder: Path, text: str) -> dict[str, dict[str, float]]:
    """Arm -> pool -> amount at the end, of a run of means."""
    (folder / "model.yaml").write_text(HEAD + text)
    data = api.simulate(folder / "model.yaml", folder / "run").data
    return {str(arm): {str(name): float(data["value"].sel(arm=arm, replicate=0, species=name)[-1])
                       for name in data["species"].values} for arm in data["arm"].values}


# X1


def astrocyte_law() -> SizeLaw:
    shelf = library.load("cns")
    return SizeLaw(*(library.internal(shelf.entries[f"ilv.{name}"], unit)[0] for name, unit in
                     (("diameter.median", "um"), ("diameter.gsd", ""), ("diameter.low", "um"), ("diameter.high", "um"),
                      ("membrane_thickness", "um"))))


@pytest.mark.parametrize(("empty_share", "line"), [(0.0, "every vesicle alike"), (0.99, "one vesicle in a hundred")])
def test_two_laws_of_occupancy_with_one_mean_differ_in_spread(empty_share: float, line: str) -> None:
    """400,000 vesicles of either law; the mean within 6.11 standard errors (chance 1e-9).

    The pool is so large that taking from it changes nothing beyond 1e-6 of the mean.
    """
    law, pool = astrocyte_law(), 10**12
    loading = vesicles.Loading(COPIES / pool / law.mean_lumen_volume, "lumen", empty_share)
    mean, variance = vesicles.copies_moments(law, loading, pool)
    occupied = vesicles.occupied_share(law, loading, pool)
    assert mean == pytest.approx(COPIES, rel=1e-9)
    s = words(7, f"occupancy {empty_share}", 0)
    diameters = vesicles.diameters(law, vesicles.uniforms(s, 400_000))
    copies, _ = vesicles.take(s, pool, loading.chances(diameters, law.thickness), empty_share)
    assert agrees_with_mean(copies, mean, variance)
    assert not agrees_with_mean(copies, 1.5 * mean, variance)
    assert agrees_with_mean(copies > 0, occupied, occupied * (1 - occupied))
    row = next(row for row in section("X1").splitlines() if line in row)
    assert f"{math.sqrt(variance):.3f}" in row
    assert f"{variance / mean:.2f}" in row
    assert f"{100 * occupied:.2f} %" in row
    assert f"1 in {1 / occupied:.0f}" in row


# X2


def test_one_loss_rate_serves_monocytes_and_red_cells() -> None:
    shelf = library.load("cns")
    per_minute, per_cell = 45.0, {"monocyte": 1.9e3, "red": 0.13}
    assert shelf.entries["compare.secretion.monocyte_Auber22"].value == per_minute
    loss = per_minute / per_cell["monocyte"]
    page = section("X2")
    assert f"{loss:.4f} per minute" in page
    # a steady state: what release brings in a week, far beyond 1 / loss
    red = 0.13 / release_course(1e4, 0.0, 1.0, 1.0, loss).item()
    assert red == pytest.approx(loss * per_cell["red"], rel=1e-9)
    assert f"{red * 1e3:.1f}e-3" in page
    assert abs(red - 3.2e-3) < 3.0e-3
    back = 3.2e-3 / per_cell["red"]
    assert f"{back * per_cell['monocyte']:.0f} per" in page
    assert abs(back * per_cell["monocyte"] - per_minute) < 21
    assert f"{math.log(2) / loss:.0f} min" in page
    assert f"{1.5e12 / loss / 3e3 / 1e10:.1f}e10 per mL" in page


# X6


def cd63(folder: Path, enrichment: float) -> tuple[float, float]:
    """Share of all CD63 that is in medium EVs after 5 h, and its turnover per hour.

    CD63 is lost with MVBs and EVs alone; its copies cancel, as all its laws are linear.
    """
    numbers = f'basal: 1e6 molecule, decay_rate: 1e-4 1/h, enrichment: "{enrichment}"'
    v = last(folder, f"""cells: {{astrocyte: {{count: {CELLS}, cargo: {{CD63: {{{numbers}}}}}}}}}
cargo: {{CD63: {{kind: protein, topology: membrane}}}}
arms: {{control: {{}}}}
run: {{duration: 5 h, every: 1 h, fidelity: well_mixed, seed: 1}}
""")["control"]
    cell = v["astrocyte.CD63"] + sum(v[f"astrocyte.{pool}/CD63"] for pool in ("mvb_ilv", "docked_ilv", "tethered"))
    medium = v["medium.free:astrocyte/CD63"] / CELLS
    gone = sum(v[f"medium.{pool}:astrocyte/CD63"] for pool in ("free", "plastic", "decayed")) / CELLS
    return medium / (cell + medium), (v["astrocyte.degraded_inside/CD63"] + gone) / cell / 5


@pytest.mark.parametrize("enrichment", [3.0, 5.0, 50.0])
def test_share_of_cd63_that_leaves_in_vesicles(enrichment: float, tmp_path: Path) -> None:
    share, turnover = cd63(tmp_path, enrichment)
    row = next(row for row in section("X6").splitlines() if f"enrichment {enrichment:g}" in row)
    assert f"{100 * share:.2g} %" in row
    assert f"{100 * turnover:.2g} % per hour" in row


# X7

RUN = "run: {duration: 24 h, every: 1 h, fidelity: FIDELITY, seed: 1}\n"


def test_less_snap23_lowers_fusions_as_docked_mvbs_leave_again(tmp_path: Path) -> None:
    v = last(tmp_path, """cells: {astrocyte: {count: 400}}
arms:
  control: {}
  snap23: {interventions: [{knock_down: SNAP23, to: 30 %}]}
  fusion_3x: {parameters: {astrocyte.mvb_fusion_rate: 18 1/h}}
  slow: {parameters: {astrocyte.mvb_undocking_rate: 1 1/h}}
  slow_snap23: {parameters: {astrocyte.mvb_undocking_rate: 1 1/h}, interventions: [{knock_down: SNAP23, to: 30 %}]}
  slow_3x: {parameters: {astrocyte.mvb_undocking_rate: 1 1/h, astrocyte.mvb_fusion_rate: 18 1/h}}
  quick: {parameters: {astrocyte.mvb_undocking_rate: 30 1/h}}
  quick_snap23: {parameters: {astrocyte.mvb_undocking_rate: 30 1/h}, interventions: [{knock_down: SNAP23, to: 30 %}]}
  quick_3x: {parameters: {astrocyte.mvb_undocking_rate: 30 1/h, astrocyte.mvb_fusion_rate: 18 1/h}}
""" + RUN.replace("FIDELITY", "well_mixed"))
    page, control = section("X7"), v["control"]["astrocyte.fused"]
    assert f"{control / 24:.2f} fusions per cell and hour" in page
    fused = {arm: pools["astrocyte.fused"] for arm, pools in v.items()}
    for change in ("snap23", "3x"):
        ratio = fused["snap23" if change == "snap23" else "fusion_3x"] / control
        low, high = (fused[f"{speed}_{change}"] / fused[speed] for speed in ("slow", "quick"))
        assert f"{ratio:.2f} times" in page
        assert f"{low:.2f} to {high:.2f} over the range" in page
    entry = library.load("cns").entries["mvb.undocking.rate"]
    assert (entry.low, entry.value, entry.high) == (1, 6, 30)
    assert round(-1 / math.expm1(-0.4 * control / 24 / 6)) == 7
    assert "one in seven shows one" in page


def recorded(folder: Path, cells: int, recorder: Recorder) -> list[np.ndarray]:
    """(fusion,) s of every cell: those of a donor of whole numbers that the evanescent field shows."""
    model = resolved(folder, f"cells: {{astrocyte: {{count: {cells}}}}}\narms: {{control: {{}}}}\n"
                     + RUN.replace("FIDELITY", "stochastic"))
    program, arm = compile_model(model), model.arms[0]
    dish = dish_at_rest(program, arm, parameter_row(model, arm), {}, 0, {})
    held = dish.cells[0]
    leg = donor.Leg(recorder.duration, donor_rates(dish.laws, held.values, "astrocyte"),
                    loads=dish.loads("astrocyte", held.values))
    _, bursts = donor.advance(held.donors, leg)
    visible = constants.reader(library.load("cns"))("phluorin.event.visible_share", "")
    shown = stream(1, "visible", 0).random(bursts.time.size) < visible
    return [bursts.time[shown & (bursts.cell == number)] for number in range(cells)]


@pytest.mark.verify
def test_fusions_of_whole_number_cells_come_back_from_their_recording(tmp_path: Path) -> None:
    """200 cells for an hour. The rate lies within 6.11 of its own standard errors of the true one (chance 1e-9)."""
    usual = constants.recorder(library.load("cns"))
    recorder = Recorder(**{**vars(usual), "duration": 3600.0})
    detector = make_detector(decay=recorder.decay, interval=recorder.interval, window=60.0, false_per_hour=0.02)
    width, edge, found, true = math.sqrt(math.log1p(recorder.amplitude_cv**2)), 60.0, [], 0
    for number, times in enumerate(recorded(tmp_path, 200, recorder)):
        rng = stream(1, "recording", number)
        jumps = recorder.amplitude * np.exp(width * rng.standard_normal(times.size) - width**2 / 2)
        found.append(find_events(trace(times, jumps, recorder, rng).fluorescence, detector))
        true += int(((times > edge) & (times < recorder.duration - edge)).sum())
    seen = rate(found, detector, jump_law(found, detector))
    assert seen.value is not None
    assert seen.low is not None
    assert seen.high is not None
    error = math.log(seen.high / seen.low) / 2 / 1.96
    assert abs(math.log(seen.value / (true / seen.hours))) < limit() * error
    assert 0.8 < seen.value / (true / seen.hours) < 1.25  # what the page claims
