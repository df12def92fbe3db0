"""Donor cells in whole numbers: 10,000 cells for 24 h with the numbers of the library, against the plain simulation."""

from __future__ import annotations

import time

import pytest

from tests.donor_cases import plain
from vesica.engine.whole import donor
from vesica.engine.whole.rates import Rates

pytestmark = pytest.mark.bench
H = 3600.0
LIBRARY = Rates(formation=20 / 60, maturation=0.00417 / 60, recycling=0.0958 / 60, budding=1 / 60, capacity=81.4,
                retrofusion=0.03 / 60, lysosome=0.482 / H, docking=0.018 / H, sites=10.0, fusion=6 / H,
                released_share=0.6, detachment=0.5 / H, tether_return=0.5 / H)


def test_ten_thousand_cells_for_a_day() -> None:
    donor.advance(donor.resting(1, "warm", range(4), LIBRARY), donor.Leg(H, LIBRARY))
    plain(1, 1, ((1.0, LIBRARY),))
    begin = time.perf_counter()
    plain(1, 2, ((24 * H, LIBRARY),))
    each = (time.perf_counter() - begin) / 2
    begin = time.perf_counter()
    start = donor.resting(1, "bench", range(10_000), LIBRARY, workers=2)
    print(f"10,000 cells come to rest, 2 threads: {time.perf_counter() - begin:.2f} s")
    for text, legs in (("one leg", [donor.Leg(24 * H, LIBRARY)]),
                       ("48 legs", [donor.Leg(H / 2, LIBRARY, look=False)] * 48),
                       ("48 legs, every MVB looked at", [donor.Leg(H / 2, LIBRARY)] * 48)):
        begin = time.perf_counter()
        for cells, _ in donor.follow(start.copy(), legs, workers=2):
            assert not cells.residual().any()
        took = time.perf_counter() - begin
        print(f"10,000 cells x 24 h, {text}: {took:.2f} s; every budding simulated: {each * 1e4:.0f} s on one thread, "
              f"{each * 1e4 / took:.0f} times as long")
        assert took < 20.0
