"""Donor cells in whole numbers: 10,000 cells for 24 h with the numbers of the library, against the plain simulation."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from tests.donor_cases import plain
from vesica.biology.sizes import SizeLaw
from vesica.engine.whole import donor
from vesica.engine.whole.loading import Loads
from vesica.engine.whole.rates import Rates

pytestmark = pytest.mark.bench
H = 3600.0
LIBRARY = Rates(formation=20 / 60, maturation=0.00417 / 60, recycling=0.0958 / 60, budding=1 / 60, capacity=81.4,
                retrofusion=0.03 / 60, lysosome=0.482 / H, docking=0.036 / H, undocking=6 / H, sites=10.0, fusion=6 / H,
                released_share=0.6, detachment=0.5 / H, tether_return=0.5 / H)


def look_cost(cells: donor.Donors, legs: int, processor: float) -> str:
    """Processor time for each look at an MVB, all else that happens in the legs included, and the memory of a cell."""
    looks = legs * int((cells.n_free + cells.n_docked).sum())
    memory = sum(array.nbytes for array in vars(cells).values()) / cells.numbers.size
    return f"{processor / looks * 1e9:.0f} ns a look of the processor, {memory / 1000:.0f} kB a cell"


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
        begin, processor = time.perf_counter(), time.process_time()
        for cells, _ in donor.follow(start.copy(), legs, workers=2):
            assert not cells.residual().any()
        took = time.perf_counter() - begin
        if legs[0].look and len(legs) > 1:
            print(look_cost(cells, len(legs), time.process_time() - processor))
        print(f"10,000 cells x 24 h, {text}: {took:.2f} s; every budding simulated: {each * 1e4:.0f} s on one thread, "
              f"{each * 1e4 / took:.0f} times as long")
        assert took < 20.0


def test_ten_thousand_cells_with_three_cargoes_for_a_day() -> None:
    """0.11 and 0.086 copies per vesicle on the membrane, 0.003 in the lumen; every MVB looked at each half hour."""
    law = SizeLaw(0.085, 1.35, 0.03, 0.2, 0.005)
    pool = np.array([10_000, 2_000, 10_000])
    sizes = np.array([law.mean_area, law.mean_area, law.mean_lumen_volume])
    loads = Loads(law, (np.array([0.11, 0.086, 0.003]) / pool / sizes)[None, :], np.array([False, False, True]),
                  np.zeros(3))
    rates = replace(LIBRARY, detachment=0.0, tether_return=0.0)
    leg = donor.Leg(0.5 * H, rates, loads=loads)
    donor.advance(donor.resting(1, "warm", range(4), rates, pool=np.tile(pool, (4, 1)), loads=loads), leg)
    begin = time.perf_counter()
    start = donor.resting(1, "bench", range(10_000), rates, 2, np.tile(pool, (10_000, 1)), loads)
    print(f"10,000 cells with three cargoes come to rest, 2 threads: {time.perf_counter() - begin:.2f} s")
    begin, processor, vesicles = time.perf_counter(), time.process_time(), 0
    for cells, bursts in donor.follow(start, [leg] * 48, workers=2):
        assert not cells.residual_copies().any()
        vesicles += bursts.diameter.size
    took, processor = time.perf_counter() - begin, time.process_time() - processor
    print(f"10,000 cells x 24 h, three cargoes, 48 legs: {took:.2f} s, of the processors {processor:.2f} s, "
          f"{look_cost(cells, 48, processor)}; {vesicles} vesicles left, room for {cells.link.shape[1]} a cell")
    assert processor < 40.0  # on two threads 20 s
