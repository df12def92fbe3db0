"""Uptake fits: recovery, EC50, controls with their error, saturation against depletion, tables that are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vesica import samples
from vesica.analysis.kinetics.uptake import (
    Law,
    best_of,
    consumed_share,
    fit_all,
    fit_law,
    half_dose,
    half_solved,
    plateau,
    predictor,
    with_intervals,
)
from vesica.analysis.kinetics.uptake_data import PER_CELL, UptakeData, read_uptake
from vesica.analysis.kinetics.uptake_outcome import delivery_of, study
from vesica.errors import InputError

DOSES, TIMES = (300.0, 1000.0, 3000.0, 10000.0, 30000.0), (0.5, 1.0, 2.0, 4.0, 8.0, 24.0)
INTERNALISING = (1e-9, 0.5, 600.0, 0.5, 0.1)


def made(law: Law, rates, *, error=0.0, seed=0, unit=PER_CELL, densities=(2e5,), doses=DOSES) -> UptakeData:
    """Signals by the law itself with a relative error; 0.02 a.u. for each particle where the unit is arbitrary."""
    rows = [(dose * n, n, t) for n in densities for dose in doses for t in TIMES]
    dose, density, time = (np.array(part) for part in zip(*rows, strict=True))
    zero = np.zeros(dose.size)
    blank = UptakeData(dose, density, time, zero, zero, False, PER_CELL, PER_CELL, "", zero, zero, 0.5)
    true = predictor(blank, law, dose, density, time)(np.array([rates]))[0] * (
        1.0 if unit == PER_CELL else 0.02
    )
    signal = true * (1 + error * np.random.default_rng(seed).normal(size=true.size))
    return UptakeData(
        dose, density, time, signal, (error or 0.1) * true, False, unit, PER_CELL, "", zero, zero, 0.5
    )


@pytest.mark.parametrize(
    ("law", "rates"),
    [
        (Law("first_order", True), (5e-7,)),
        (Law("saturable", True), (1e-9, 0.3, 800.0)),
        (Law("internalising", False), INTERNALISING),
        (Law("internalising", True), INTERNALISING),
    ],
)
def test_without_error_the_rates_come_back(law: Law, rates) -> None:
    """To 1e-3: along its flattest direction the sum of squares of the largest law is flat to the solver's 1e-8."""
    found = fit_law(made(law, rates), law)
    assert found.fit.values == pytest.approx(rates, rel=1e-3)


def test_ec50_is_the_closed_form_and_its_solution_gives_it_back() -> None:
    """(k_off + k_int)/k_on / d + R/2 = 5000 + 300 particles per cell at 2e5 cells/mL."""
    law = Law("internalising", True)
    data = made(law, INTERNALISING)
    sets = np.array([INTERNALISING])
    assert half_dose(data, law)(sets) == pytest.approx([5300.0], rel=1e-12)
    solved = half_solved(data, law)
    assert solved.solve(sets, 5300.0) == pytest.approx([1e-9], rel=1e-12)
    changed = sets.copy()
    changed[0, solved.index] = solved.solve(sets, 900.0)[0]
    assert half_dose(data, law)(changed) == pytest.approx([900.0], rel=1e-12)
    assert np.isnan(solved.solve(sets, 299.0)).all()
    for place in solved.begin(sets[0], 299.0):
        assert np.isfinite(solved.solve(place[None], 299.0)).all()


def test_an_ec50_without_upper_limit_is_said() -> None:
    """One dose: sites of any number that let go of nothing, so the EC50 is at least half of what a cell holds."""
    law = Law("saturable", True)
    data = made(law, (7e-10, 1e-6, 900.0), error=0.06, seed=3, doses=(3000.0,))
    found = with_intervals(data, fit_law(data, law))
    assert found.intervals["capacity"].open_high
    assert found.half_interval.open_high
    assert found.half_interval.low > 0.45 * float(data.signal[data.time <= 4.0].max())


def test_counted_particles_are_missing_in_the_medium() -> None:
    """A law without consumption is not eligible, and the share consumed is that of the law."""
    law = Law("first_order", True)
    data = made(law, (5e-7,), error=0.05, seed=2)
    best = best_of(fit_all(data, intervals=False), counted=True)
    assert best.law.consumes
    share = consumed_share(data, best)
    assert share is not None
    assert share[data.time == 24.0] == pytest.approx(-np.expm1(-5e-7 * 2e5 * 24.0), abs=0.05)


@pytest.mark.parametrize(
    ("law", "rates", "cause"),
    [
        (Law("first_order", True), (5e-7,), "depletion"),
        (Law("saturable", False), (1e-9, 0.3, 800.0), "saturation"),
    ],
)
def test_two_densities_tell_saturation_from_depletion(law: Law, rates, cause: str) -> None:
    """In arbitrary units; at 5 % error the right cause wins by far more than the 4 units of AICc that decide."""
    data = made(law, rates, error=0.05, seed=4, unit="a.u.", densities=(5e4, 4e5))
    assert plateau(data, fit_all(data, intervals=False)) == cause


def test_one_dose_at_one_density_does_not_decide() -> None:
    data = made(Law("first_order", True), (5e-7,), error=0.03, seed=4, unit="a.u.", doses=(3000.0,))
    found = study(data, delivery_of(data, stirred=True, depth=None, diameter=None))
    assert plateau(data, found.fits) == "undecided"
    assert any("cannot be told apart at one density" in line for line in found.outcome.headline)


def test_the_sample_gives_its_truth() -> None:
    """All true numbers within their 95 % intervals (a fixed file, so this is settled once)."""
    data = read_uptake(samples.path("uptake_dose_time.csv"), cells=1e5, volume=0.5)
    found = study(data, delivery_of(data, stirred=False, depth=2.6, diameter=120.0)).best
    truth = {
        "binding": 1e-9,
        "unbinding": 0.5,
        "capacity": 12.0,
        "internalisation": 0.5,
        "recycling": 0.1,
        "per_particle": 0.02,
    }
    assert found.law == Law("internalising", True)
    for name, value in truth.items():
        assert found.intervals[name].low < value < found.intervals[name].high, name
    assert found.half_interval is not None
    assert found.half_interval.low < 5300.0 < found.half_interval.high


def test_a_control_is_subtracted_with_its_error(tmp_path: Path) -> None:
    """Two dye readings of 2 and 4 at each dose and time: mean 3, pooled SD sqrt(2), standard error 1."""
    rows = ["dose (particle/cell),time (h),condition,signal (a.u.)"]
    for dose in (100, 1000):
        for time in (1, 4):
            rows += [
                f"{dose},{time},ev,{10 + time}",
                f"{dose},{time},ev,{12 + time}",
                f"{dose},{time},dye,2",
                f"{dose},{time},dye,4",
            ]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(rows))
    data = read_uptake(path, cells=1e5, volume=0.5)
    assert data.subtracted == "dye"
    assert data.signal == pytest.approx([8, 10, 11, 13] * 2)
    assert data.control_error == pytest.approx([1.0] * 8)
    assert (data.weight**2 > 3.0).all()  # its own error of one reading, 2, and that of the mean, 1
    assert data.dose == pytest.approx([2e7] * 4 + [2e8] * 4)


def test_what_a_still_column_delivers() -> None:
    """The known table: 120 nm in 2.08 mm deliver 37 % in 24 h (tests/analytic/test_diffusion.py)."""
    data = made(Law("first_order", True), (5e-7,))
    still = delivery_of(data, stirred=False, depth=2.079, diameter=120.0)
    assert still.share == pytest.approx(0.373, abs=0.002)
    assert delivery_of(data, stirred=True, depth=None, diameter=None).share == 1.0


GOOD = "dose (particle/cell),time (h),signal (a.u.)\n100,1,5\n100,4,9\n1000,1,20\n1000,4,50\n"


@pytest.mark.parametrize(
    ("text", "given", "wrote", "fix"),
    [
        (GOOD.replace(" (particle/cell)", ""), {}, "has no unit", "dose ("),
        (GOOD.replace("(particle/cell)", "(ug/mL)"), {}, "the dose is in `ug/mL`", "measure particles"),
        (GOOD.replace("1000,4", "-1000,4"), {}, "is -1000", "correct the row"),
        (GOOD, {"cells": None}, "no column `cells`", "--cells 1e5"),
        (GOOD, {"volume": None}, "no column `volume`", "--volume 0.5 mL"),
        (GOOD, {"subtract": "dye"}, "no row has this condition", "--subtract none"),
        (GOOD, {"condition": "b"}, "there is no condition `b`", "known names"),
        ("\n".join(GOOD.split("\n")[:2]), {}, "1 dose at 1 time, 1 readings", "measure more doses"),
        (GOOD.replace("5\n", "7\n").replace(",9\n", ",7\n").replace(",20", ",7").replace(",50", ",7"), {},
         "all net signals are the same", "column `signal`"),
        (GOOD.replace(",50", ",").replace("1000,4,\n", ""), {}, "2 doses at 2 times, 3 readings", "measure more"),
        (
            "dose (particle/cell),time (h),signal,condition\n100,1,5,a\n100,4,9,b\n1000,1,2,b\n",
            {},
            "there are 2 conditions",
            "--condition a",
        ),
        (
            "dose (particle/cell),time (h),signal,condition\n100,1,5,a\n100,4,9,a\n1000,1,2,dye\n",
            {},
            "no `dye` control at this dose",
            "--subtract none",
        ),
    ],
)
def test_a_bad_table_is_refused(text: str, given, wrote: str, fix: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_uptake(path, **{"cells": 1e5, "volume": 0.5, **given})
    finding = caught.value.findings[0]
    assert wrote in finding.wrote
    assert fix in finding.fix


def test_the_good_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(GOOD)
    assert read_uptake(path, cells=1e5, volume=0.5).per_cell == pytest.approx([100, 100, 1000, 1000])


@pytest.mark.parametrize(
    ("text", "wrote"),
    [
        (GOOD.replace("a.u.", "particle/cell").replace(",50", ",1500"), "up to 1.5 times the dose"),
        ("dose (particle/cell),time (h),signal (a.u.)\n100,1,9\n100,4,5\n1000,1,8\n1000,4,4\n", "rises neither"),
    ],
)
def test_a_doubtful_table_is_said(text: str, wrote: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    assert any(wrote in one.wrote for one in read_uptake(path, cells=1e5, volume=0.5).findings)
    path.write_text(GOOD)
    assert not any(wrote in one.wrote for one in read_uptake(path, cells=1e5, volume=0.5).findings)
