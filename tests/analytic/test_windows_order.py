"""How the error of windows falls with their length."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.models import H
from tests.switches import switch_model
from vesica.engine.program import compile_model
from vesica.engine.whole import windows
from vesica.engine.whole.run import trajectories


def test_windows_are_of_second_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cargo and a signal that feed each other, pushed for two hours: means with windows of 900, 450 and 225 s.

    Of first order differences would fall by 2, of second order by 4. Means of 3 x 40 cells of 1e7 copies are
    known to 5e-5, the differences are 1.4e-2 and 4e-3: a ratio of 3 lies 8 standard errors away.
    """
    monkeypatch.setattr(windows, "CHANGE", 1e9)
    monkeypatch.setattr(windows, "FIRST", 1.0)
    model = switch_model(2 * H, copies=1e6, cells=40.0, half=3e7)
    means = []
    for window in (900.0, 450.0, 225.0):
        schedule = replace(model.schedule, fidelity="stochastic", duration=3 * H, window=window)
        program = compile_model(replace(model, schedule=schedule))
        column = program.species.index("donor.ligand")
        means.append(np.mean([next(iter(trajectories(program, r))).values[-1, column] for r in range(3)]))
    first, second = np.diff(means) / means[-1]
    assert 0.01 < first < 0.03
    assert 0.0 < second < first / 3.0
