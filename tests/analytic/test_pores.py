"""Passage through pores and gaps: limits in closed form, and formulas of other authors."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vesica.transport.pores import Membrane, cylinder_hindrance, slit_hindrance, tissue_diffusivity

EPS = float(np.finfo(float).eps)
INSERT = Membrane(area=4.5e8, density=1.0, pore=0.4, thickness=10.0)  # 24 mm, 1e8 pores per cm^2 of 0.4 um
EV = 6.6  # um^2/s, 100 nm


@pytest.mark.parametrize("law", [cylinder_hindrance, slit_hindrance])
def test_points_pass_freely_and_what_is_as_wide_as_the_way_does_not(law) -> None:  # type: ignore[no-untyped-def]
    ratio = np.linspace(0.0, 1.2, 2401)
    found = law(ratio)
    assert found[0] == 1.0
    assert np.all(found[ratio >= 1.0] <= 1e-15)
    assert np.all(np.diff(found) <= 1e-15)
    assert np.all(found >= 0.0)


@pytest.mark.parametrize(("law", "log", "linear"), [(cylinder_hindrance, 9 / 8, -1.56034),
                                                    (slit_hindrance, 9 / 16, -1.19358)])
def test_small_spheres_are_slowed_by_walls_and_kept_from_them(law, log, linear) -> None:  # type: ignore[no-untyped-def]
    """1 + a r ln r + b r: one wall at a time, far away (9/16 of each, Faxen). The next term is below 0.6 r^2."""
    r = 1e-4
    assert law(r) - 1 == pytest.approx(log * r * math.log(r) + linear * r, abs=0.6 * r**2)


@pytest.mark.parametrize("ratio", [0.05, 0.1, 0.2, 0.3, 0.4])
def test_cylinders_agree_with_the_older_formula_of_the_middle_line(ratio: float) -> None:
    """Renkin 1954 J Gen Physiol 38:225, which takes every sphere as in the middle: a few percent more or less."""
    renkin = (1 - ratio) ** 2 * (1 - 2.104 * ratio + 2.09 * ratio**3 - 0.95 * ratio**5)
    assert cylinder_hindrance(ratio) == pytest.approx(renkin, rel=0.09)


@pytest.mark.parametrize("ratio", [0.05, 0.1, 0.2, 0.3, 0.4])
def test_slits_let_less_pass_than_spheres_in_their_middle_would(ratio: float) -> None:
    """Faxen's mid-plane mobility times the share 1 - r is an upper limit; 3 to 11 % above."""
    middle = (1 - ratio) * (1 - 1.004 * ratio + 0.418 * ratio**3 + 0.21 * ratio**4 - 0.169 * ratio**5)
    assert 0.89 * middle < slit_hindrance(ratio) < middle


def test_the_formula_of_tight_pores_takes_over_where_both_agree() -> None:
    """At r = 0.95 they differ by 0.6 %; further up the first would rise again."""
    tight = 0.984 * (0.05 / 0.95) ** 2.5 * 0.05**2
    assert cylinder_hindrance(0.95) == pytest.approx(tight, rel=0.007)
    assert cylinder_hindrance(0.98) == pytest.approx(0.984 * (0.02 / 0.98) ** 2.5 * 0.02**2, rel=1e-9)


def test_a_thick_membrane_resists_with_its_length() -> None:
    """G L / area = porosity H D; the mouths add pi (d (1 - r) H)/(4 L) to the resistance at most, 3e-8 here."""
    thick = Membrane(1.0, 1.0, 0.4, 1e7)
    assert thick.conductance(0.1, EV) * 1e7 == pytest.approx(thick.porosity * cylinder_hindrance(0.25) * EV, rel=4e-8)


def test_a_hole_in_a_thin_wall_resists_with_its_two_mouths() -> None:
    """Each pore lets D d pass: 2 D d through one mouth. The length adds 4 L/(pi d): 3e-8."""
    thin = Membrane(1.0, 1.0, 0.4, 1e-8)
    assert thin.conductance(0.0, EV) == pytest.approx(EV * 0.4, rel=4e-8)
    assert thin.conductance(0.1, EV) == pytest.approx(EV * 0.3, rel=2e-7)  # of what its middle may enter


def test_resistances_of_a_pore_are_in_series() -> None:
    along = 10.0 / (EV * cylinder_hindrance(0.25) * math.pi * 0.2**2)
    mouths = 1.0 / (EV * 0.3)
    assert INSERT.conductance(0.1, EV) == pytest.approx(INSERT.area / (along + mouths), rel=8 * EPS)


def test_vesicles_wider_than_the_pore_stay() -> None:
    found = INSERT.conductance(np.array([0.0, 0.39, 0.4, 0.5]), 1.0)
    assert np.all(found[:2] > 0.0)
    assert np.all(found[2:] == 0.0)


def test_a_usual_insert_holds_vesicles_back_for_a_day() -> None:
    """1.5 mL over 2.6 mL through 0.4 um: half of the difference is gone after ln 2/(G (1/V1 + 1/V2)), 18 h."""
    rate = float(INSERT.conductance(0.1, EV)) * (1 / 1.5e12 + 1 / 2.6e12)
    assert 17 < math.log(2) / rate / 3600 < 20


def test_small_molecules_in_tissue_go_by_its_tortuosity_alone() -> None:
    assert tissue_diffusivity(0.0, 600.0, 0.05, 1.6) == pytest.approx(600.0 / 2.56, rel=4 * EPS)


def test_vesicles_in_tissue_need_gaps_wider_than_they_are() -> None:
    """Gaps of 143 nm give the 0.3 um^2/s that is thought of for 100 nm; 38 to 64 nm let none pass."""
    assert tissue_diffusivity(0.1, EV, 0.143, 1.6) == pytest.approx(0.28, abs=0.005)
    assert tissue_diffusivity(0.1, EV, 0.064, 1.6) == 0.0
