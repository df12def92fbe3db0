"""Profiles, fronts, ranges and journeys of made-up tissues, against what was put in."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from tests import tissue_store
from tests.pages import text_of
from tests.tissue_store import LENGTH, SPEED, Made
from vesica.analysis.tissue import account, choices, exchange, fronts, profiles, ranges, view
from vesica.analysis.tissue.slabs import slab_of
from vesica.errors import InputError

SIZE = (100.0, 1000.0, 10.0)
STEP = 4.0  # um between rows of cells along y
ROWS = int(SIZE[1] / STEP)
PLACES = np.array([[x, STEP * (row + 0.5), 5.0] for row in range(ROWS) for x in (10.0, 50.0, 90.0)])
WIDTH = (PLACES[-1, 1] - PLACES[0, 1]) / profiles.BINS  # um, of a bin


def ramp(front: float, wide: float = 300.0) -> np.ndarray:
    """(cell,) from 1 to 0 over ``wide`` um; straight, so that means of bins lie on it."""
    return np.clip(0.5 + (front - PLACES[:, 1]) / wide, 0.0, 1.0)


# profiles


def test_a_profile_is_the_mean_and_the_quartiles_of_each_bin() -> None:
    distance = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 10.0, 11.0, 12.0, 13.0, 20.0])
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 7.0, 7.0, 7.0, 27.0])
    found = profiles.profile(distance, values, np.array([0.0, 10.0, 20.0, 30.0]))
    assert found.count.tolist() == [5, 4, 1]
    assert (found.mean[0], found.low[0], found.high[0], found.distance[0]) == (3.0, 2.0, 4.0, 2.0)
    assert np.isnan(found.mean[1:]).all()  # fewer than five cells say nothing
    assert profiles.profile(distance, values, np.array([0.0, 20.0]), least=1).count.tolist() == [10]


def test_weights_and_missing_values_count_as_they_should() -> None:
    values = np.array([1.0, np.nan, 5.0])
    found = profiles.profile(np.zeros(3), values, np.array([0.0, 1.0]), weights=np.array([3.0, 100.0, 1.0]), least=2)
    assert (found.mean[0], found.count[0]) == (2.0, 2)


def test_distances_from_faces_and_cells() -> None:
    assert profiles.from_face(PLACES[:3], 1000.0, 1).tolist() == [2.0, 2.0, 2.0]
    assert profiles.from_face(PLACES[:3], 1000.0, 1, high=True).tolist() == [998.0, 998.0, 998.0]
    sources = np.array([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0]])
    assert profiles.from_cells(np.array([[3.0, 4.0, 0.0], [10.0, 0.0, 2.0]]), sources).tolist() == [5.0, 2.0]
    assert profiles.from_cells(np.zeros((1, 3)), np.zeros((0, 3))).tolist() == [math.inf]


def test_a_field_by_layers_and_by_distance_from_a_cell() -> None:
    centres = tuple((np.arange(n) + 0.5) * 10.0 for n in (3, 4, 5))
    density = np.arange(60.0).reshape(5, 4, 3)
    for axis in range(3):
        found = profiles.along_axis(density, centres[axis], axis)
        others = tuple(one for one in range(3) if one != 2 - axis)
        assert found.mean.tolist() == pytest.approx(density.mean(axis=others).tolist(), rel=1e-15)
        assert (found.count == density.size // centres[axis].size).all()
    around = profiles.around_cells(density, centres, np.array([[5.0, 5.0, 5.0]]), np.array([0.0, 1.0, 10.5]))
    assert around.mean.tolist() == [density[0, 0, 0], (density[0, 0, 1] + density[0, 1, 0] + density[1, 0, 0]) / 3]


# fronts


def test_where_a_profile_crosses_is_found_on_the_straight_line_between_bins() -> None:
    x = np.array([0.0, 10.0, 20.0, 30.0])
    assert fronts.crossing(x, np.array([1.0, 0.8, 0.2, 0.0]), 0.5) == pytest.approx(15.0, rel=1e-15)
    assert fronts.crossing(x, np.array([1.0, np.nan, 0.2, 0.0]), 0.5) == pytest.approx(12.5, rel=1e-15)
    assert math.isinf(fronts.crossing(x, np.ones(4), 0.5))
    assert math.isnan(fronts.crossing(x, np.zeros(4), 0.5))
    assert math.isnan(fronts.crossing(np.arange(10.0), np.array([1.0, 0, 1, 0, 1, 0, 1, 0, 1, 0]), 0.5))


@pytest.mark.parametrize("side", ["low", "high"])
def test_a_front_that_moves_by_a_bin_each_hour_has_that_speed(side: str) -> None:
    """Rows of cells are even and the quantity is a straight ramp, so the means of full bins lie on the ramp, and the
    crossing is the ramp's own up to rounding of its place in um and of the rows in a bin (at most one row, 4 um, of
    250; it shifts the mean place of a bin with the mean of its values). So all pairs of times have the same slope."""
    hours = np.arange(8.0)
    course = np.stack([ramp(200.0 + WIDTH * hour) for hour in hours])
    places = PLACES if side == "low" else np.column_stack([PLACES[:, 0], SIZE[1] - PLACES[:, 1], PLACES[:, 2]])
    found = fronts.find(3600.0 * hours, places, course, SIZE, axis=1, threshold=0.5)
    assert (found.verdict, found.side, found.axis) == ("moves", side, 1)
    assert found.positions == pytest.approx(200.0 + WIDTH * hours, rel=1e-9)
    assert (found.speed, found.low, found.high) == pytest.approx((WIDTH,) * 3, rel=1e-9)
    assert f"{WIDTH:.3g} µm/h" in found.words


def test_the_axis_and_the_threshold_are_found() -> None:
    course = np.stack([ramp(100.0 + 80.0 * hour, 50.0) * (hour > 0) for hour in range(9)])
    found = fronts.find(3600.0 * np.arange(9.0), PLACES, course, SIZE)
    assert (found.axis, found.threshold) == (1, 0.5)
    assert found.verdict == "moves"
    assert found.speed == pytest.approx(80.0, abs=WIDTH / 8)  # a bin's width over the whole way


def test_one_that_slows_down_says_so() -> None:
    hours = np.arange(1.0, 17.0)
    course = np.stack([ramp(200.0 * math.sqrt(hour), 50.0) for hour in hours])
    found = fronts.find(3600.0 * hours, PLACES, course, SIZE, axis=1, threshold=0.5)
    assert found.verdict == "slows"
    assert "slows down" in found.words


def test_a_border_that_stands_is_no_front() -> None:
    course = np.stack([ramp(400.0, 50.0)] * 8)
    found = fronts.find(3600.0 * np.arange(8.0), PLACES, course, SIZE, axis=1, threshold=0.5)
    assert found.verdict == "stands"
    assert "does not get on" in found.words


@pytest.mark.parametrize(("course", "words"), [
    (np.ones((6, len(PLACES))), "rises nowhere"),
    (np.stack([np.full(len(PLACES), float(hour > 2)) for hour in range(6)]), "everywhere at once"),
    (np.stack([ramp(-100.0 + 300.0 * hour, 50.0) for hour in range(6)])[:3], "too few for a speed"),
    (np.full((6, len(PLACES)), np.nan), "too few cells"),
    (np.random.default_rng(3).normal(size=(12, len(PLACES))), "No front"),
])
def test_there_is_no_front_where_there_is_none(course: np.ndarray, words: str) -> None:
    found = fronts.find(3600.0 * np.arange(float(len(course))), PLACES, course, SIZE)
    assert (found.verdict, found.speed) == ("none", None)
    assert words in found.words


# ranges


def test_an_exponential_gives_back_its_length() -> None:
    x = np.linspace(5.0, 995.0, 60)
    for far in (None, 3.0):
        found = ranges.range_of(x, 3.0 + 7.0 * np.exp(-x / LENGTH), far=far)
        assert found.length == pytest.approx(LENGTH, rel=1e-6)
    point = ranges.range_of(x, 2.0 + 7.0 * np.exp(-x / LENGTH) / x, shape="point")
    assert point.length == pytest.approx(LENGTH, rel=1e-5)
    assert ranges.decay_length(10.0, 1e-3) == 100.0
    assert math.isinf(ranges.decay_length(10.0, 0.0))


def test_what_is_read_off_a_straight_profile_is_exact() -> None:
    x = np.linspace(10.0, 110.0, 11)
    found = ranges.range_of(x, np.linspace(5.0, 1.0, 11))
    assert found.to_e == pytest.approx(100.0 * (1.0 - math.exp(-1.0)), rel=1e-12)
    assert found.to_tenth == pytest.approx(90.0, rel=1e-12)
    assert found.length is None  # no curve, so no length


def test_a_range_that_is_not_there_is_not_given() -> None:
    x = np.linspace(0.0, 100.0, 21)
    assert ranges.range_of(x, np.exp(-((x - 50.0) / 20.0) ** 2)).to_e is None  # its source is elsewhere
    assert ranges.range_of(x, np.ones(21)).length is None
    assert ranges.range_of(x, np.exp(-x / 30.0), shape="").length is None
    assert ranges.range_of(x, 10.0 - 0.01 * x, far=0.0).to_e is None  # does not fall so far inside the box


def test_the_interval_of_a_length_is_as_wide_as_its_standard_error() -> None:
    """With noise of sd s the information on L of ``A exp(-x/L)`` (level known) is that of the part of the law's slope
    in L that its height cannot mimic; 1.96 standard errors are the half-width to first order. The residual sum
    estimates s^2 with 398 degrees of freedom (3.5 % of s, one sd); second order in L adds (1.96 se / L)^2 = 0.1 %.
    One fixed draw, allowed 5 sd: 20 %."""
    rng = np.random.default_rng(11)
    x, noise = np.linspace(0.0, 600.0, 400), 0.05
    found = ranges.range_of(x, 1.0 + rng.normal(0.0, noise, 400) * (x > 0) + np.expm1(-x / LENGTH), far=0.0)
    law = np.exp(-x / LENGTH)
    slope = law * x / LENGTH**2
    free = slope - law * (law @ slope) / (law @ law)
    half = 1.96 * noise / math.sqrt(free @ free)
    assert found.high - found.low == pytest.approx(2.0 * half, rel=0.2)
    assert found.low < LENGTH < found.high


# who sent to whom


def test_journeys_weigh_every_vesicle() -> None:
    places = np.array([[0.0, 0, 0], [30.0, 40.0, 0], [0, 95.0, 0]])
    sent = sparse.csr_array(np.array([[0.0, 3.0, 1.0], [0, 0, 0], [2.0, 0, 0]]))
    types = np.array(["a", "b", "b"])
    found = exchange.journeys(sent, places, types)
    assert found["a"]["b"].vesicles == 4.0
    assert (found["a"]["b"].mean, found["a"]["b"].median, found["a"]["b"].most) == ((3 * 50 + 95) / 4, 50.0, 95.0)
    assert found["b"]["a"].mean == 95.0
    round_it = exchange.journeys(sent, places, types, size=(100.0, 100.0, 10.0), periodic=(False, True, False))
    assert round_it["b"]["a"].mean == 5.0


def test_shares_of_a_rate_are_shares_of_its_logarithm() -> None:
    kinds = {"r1": "vesicle", "r2": "factor", "r3": "vesicle"}
    found = exchange.shares_of({"r1": 2.0, "r2": 16.0, "r3": 8.0}, kinds)
    assert found == pytest.approx({"vesicle": 0.5, "factor": 0.5}, rel=1e-15)
    both = exchange.shares_of({"r1": 4.0, "r2": 0.5}, kinds)
    assert both == pytest.approx({"vesicle": 2 / 3, "factor": -1 / 3}, rel=1e-15)
    assert exchange.shares_of({"r1": 1.0}, kinds) == {}
    with pytest.raises(ValueError, match="r2"):
        exchange.shares_of({"r2": 0.0}, kinds)
    assert exchange.shares_of_logs({"contact": 0.0, "agent": -1.0}) == {"agent": -1.0}


# what is looked at


@pytest.mark.parametrize(("plane", "shown"), [("", (0, 1)), ("xz", (0, 2)), ("yx", (1, 0)), ("zy", (2, 1))])
def test_a_slab_shows_what_lies_in_it(plane: str, shown: tuple[int, int]) -> None:
    size, voxels = (60.0, 80.0, 50.0), (6, 8, 5)
    centres = tuple((np.arange(n) + 0.5) * 10.0 for n in voxels)
    density = np.random.default_rng(1).uniform(size=voxels[::-1])
    slab = slab_of(size, plane=plane, at=25.0, thickness=20.0)
    assert slab.shown == shown
    normal = slab.normal
    layers = np.abs(centres[normal] - 25.0) <= 10.0
    mean = np.compress(layers, density, axis=2 - normal).mean(axis=2 - normal)
    image = slab.image(density, centres)
    assert image.shape == (voxels[shown[1]], voxels[shown[0]])
    assert image.tolist() == (mean if shown[0] < shown[1] else mean.T).tolist()
    cells = np.array([[30.0, 30.0, 30.0], [5.0, 5.0, 5.0]])
    assert slab.holds(cells).tolist() == [True, False]
    assert slab.flat(cells)[0].tolist() == [30.0, 30.0]


def test_slabs_by_default_and_outside() -> None:
    assert slab_of((500.0, 300.0, 10.0)).words == "the whole box, 10 µm thick along z"
    assert slab_of((500.0, 300.0, 200.0)).words == "z from 85 to 115 µm"
    assert slab_of((10.0, 300.0, 200.0)).normal == 0
    sections = np.repeat([[0.0, 0.0, 25.0], [0.0, 0.0, 75.0], [0.0, 0.0, 125.0], [0.0, 0.0, 175.0]], [9, 10, 10, 9], 0)
    assert slab_of((500.0, 300.0, 200.0), cells=sections).words == "z from 60 to 90 µm"
    for words in ({"plane": "xx"}, {"at": 900.0}, {"thickness": 0.0}):
        with pytest.raises(InputError):
            slab_of((500.0, 300.0, 200.0), **words)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three arms: nothing, everything, and half of it, stopped half-way."""
    return tissue_store.write(tmp_path_factory.mktemp("run"), {
        "control": Made(strength=0.0), "lps": Made(count=1500), "stopped": Made(reached=4, moves=True, pairs=False)})


def test_an_arm_is_read_as_far_as_it_came(folder: Path) -> None:
    found = view.tissues_of(folder)
    assert found["lps"].cell_times.size == 7
    assert found["stopped"].cell_times.size == found["stopped"].field_times.size == 4
    moved = found["stopped"].positions(3) - found["stopped"].positions(0)
    assert np.unique(np.round(moved, 9), axis=0).tolist() == [[6.0, 0.0, 0.0]]
    assert sum(found["lps"].counts.values()) == 1500
    assert found["lps"].states == {"inflammatory"}
    assert found["stopped"].transfer is None
    assert view.frame_at(found["lps"].cell_times, 9 * 3600.0) == 2
    course = found["lps"].course("NFkB")
    assert course.shape == (7, 1500)
    np.testing.assert_array_equal(course[6], found["lps"].values("NFkB", 6))


def test_what_is_not_there_is_an_error_in_four_parts(folder: Path, tmp_path: Path) -> None:
    found = view.tissues_of(folder)["lps"]
    tissue_store.write(tmp_path / "empty", {"lps": Made(reached=0)})
    for ask, words in ((lambda: found.values("NFKB", 0), "did you mean `NFkB`?"),
                       (lambda: found.density("TNFa", 0), "did you mean `TNF`?"),
                       (lambda: view.tissues_of(folder, ["LPS"]), "did you mean `lps`?"),
                       (lambda: view.tissues_of(tmp_path), "fidelity: tissue"),
                       (lambda: view.tissues_of(tmp_path / "empty"), "stored no cells yet")):
        with pytest.raises(InputError) as failure:
            ask()
        (finding,) = failure.value.findings
        assert all((finding.path, finding.wrote, finding.rule, finding.consequence, finding.fix))
        assert words in str(finding)


def test_what_changes_is_chosen(folder: Path) -> None:
    found = list(view.tissues_of(folder).values())
    assert choices.quantities(found) == ["inflammatory", "NFkB", "taken_up:microglia"]
    assert choices.quantities(found, levels=["COX2"]) == ["inflammatory", "taken_up:microglia"]
    assert choices.fields(found) == ["free:microglia", "TNF"]
    assert choices.axis_of(found) == 1
    assert choices.fields(found[:1]) == []  # nothing in the control
    assert choices.frames(np.arange(25.0), 4) == [6, 12, 18, 24]


def test_the_summary_says_what_was_put_in(folder: Path) -> None:
    """The front goes through bins of cells at random places: its place is off by their scatter within a bin, at most
    the width of one (1000 um in 18 bins of the 180 microglia), so its speed by that over the 20 h it is seen."""
    summary = {"arms": {"control": {}, "lps": {"counts": 1}, "dish": {}}}
    found = account.with_space(summary, folder)
    assert "space" not in found["arms"]["dish"]
    assert found["arms"]["lps"]["counts"] == 1
    space = found["arms"]["lps"]["space"]
    front = space["front"]["microglia.inflammatory"]
    assert (front["verdict"], front["axis"], front["from"]) == ("moves", "y", "low")
    assert front["speed_um_per_h"] == pytest.approx(SPEED, abs=1000.0 / 18 / 20)
    assert front["low"] <= front["speed_um_per_h"] <= front["high"]
    assert len(front["course"]) == 7
    assert space["range"]["TNF"]["length_um"] == pytest.approx(LENGTH, rel=1e-4)  # stored in single precision
    assert space["range"]["free:microglia"]["to_e_um"] is None  # a hump that travels has no range
    assert space["range"]["free:microglia"]["around"] is None  # nor do they stand around those that send them
    assert space["profiles_from"] == "the face y.low"
    assert space["run"]["steps"] == 480
    assert found["arms"]["control"]["space"]["front"]["microglia.inflammatory"]["verdict"] == "none"
    pairs = view.tissues_of(folder)["lps"].transfer
    total = sum(one["vesicles"] for by in space["journeys"].values() for one in by.values())
    assert total == pytest.approx(pairs.sum(), rel=1e-12)
    assert list(space["journeys"]) == ["microglia"]
    assert account.with_space(summary, folder.parent / "none") is summary


def test_the_page_shows_what_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (text,) = re.findall(r"```python\n(.*?)```", text_of("tissue_results"), re.DOTALL)
    tissue_store.write(tmp_path, {"LPS": Made(count=1500, pairs=False)})
    exec(text.replace("runs/cortex", str(tmp_path)), {})
    said = capsys.readouterr().out
    assert "It moves at" in said
    assert "length=120.0" in said


class OneCell:
    """A cell in the middle of a box, and what it sends: ``exp(-r/L)/r`` at the middles of voxels."""

    size, voxels, types = (410.0, 410.0, 410.0), (41, 41, 41), np.array(["neuron", "microglia"])
    cell_times = field_times = np.array([0.0])
    centres = tuple((np.arange(41) + 0.5) * 10.0 for _ in range(3))

    def __init__(self) -> None:
        self.counts = {"neuron": 1, "microglia": 1}

    def positions(self, _frame: int = 0) -> np.ndarray:
        return np.array([[5.0, 5.0, 5.0], [205.0, 205.0, 205.0]])

    def density(self, _name: str, _frame: int) -> np.ndarray:
        z, y, x = np.meshgrid(*self.centres, indexing="ij")
        r = np.sqrt((x - 205.0) ** 2 + (y - 205.0) ** 2 + (z - 205.0) ** 2)
        return np.exp(-r / 60.0) / np.maximum(r, 5.0)


def test_what_one_cell_sends_gives_back_its_length() -> None:
    """A bin is 10 um wide; its mean is taken at its mean distance r, so it is too high by f''/2 times the variance of r
    in it, 100/12 at most: relatively (1/2)(1/L^2 + 2/(L r) + 2/r^2) 100/12, which is 1.3 % at two voxels and below
    0.3 % from r = 50 um on. The fit weighs the near bins most: 1.3 %, and as much again for
    the few voxels of a shell."""
    kind, found = account.range_around(OneCell(), "ATP")
    assert kind == "microglia"
    assert found.length == pytest.approx(60.0, rel=0.02)
    assert found.to_e < found.to_tenth < 60.0  # beside the cell it falls as 1/r
