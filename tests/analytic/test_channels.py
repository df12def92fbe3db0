"""The largest share that the floor of a flow channel can take, against the flow itself in thin layers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import eigh

from vesica.transport.channel import floor_share


def marched(reach: float, layers: int = 800) -> float:
    """Share taken in laminar flow over an absorbing floor; reach = D length/(speed height^2).

    u dc/dx = D c'' between floor and ceiling, u = 6 y (1 - y): layers in y, exact in x by the modes of the symmetric
    problem u^-1/2 A u^-1/2.
    """
    y = (np.arange(layers) + 0.5) / layers
    u = 6.0 * y * (1.0 - y)
    matrix = np.diag(np.full(layers, -2.0)) + np.diag(np.ones(layers - 1), 1) + np.diag(np.ones(layers - 1), -1)
    matrix[0, 0], matrix[-1, -1] = -3.0, -1.0  # half a layer to the floor; nothing through the ceiling
    root = np.sqrt(u)
    values, modes = eigh(matrix * layers**2 / root[:, None] / root)
    left = root @ (modes * np.exp(values * reach)) @ (modes.T @ root)
    return 1.0 - float(left / u.sum())


@pytest.mark.parametrize("reach", [1e-4, 1e-3, 1e-2, 0.1, 1.0])
def test_no_floor_takes_more_than_the_limit(reach: float) -> None:
    """Exact shares by layers: below the limit by a few percent in short channels, far below it in long ones."""
    assert marched(reach) <= floor_share(1.0, reach, 1.0, 1.0)


def test_short_channels_reach_the_limit() -> None:
    """The first correction is of the relative order reach^(1/3): 2 % at 1e-4, and twice as much at 8 times that."""
    short = [1 - marched(reach) / floor_share(1.0, reach, 1.0, 1.0) for reach in (1e-4, 8e-4)]
    assert 0.0 < short[0] < 0.03
    assert short[1] / short[0] == pytest.approx(2.0, rel=0.1)


def test_the_limit_depends_on_reach_alone() -> None:
    """1.5 (6/9)^(1/3)/Gamma(4/3) = 1.467 times reach^(2/3), in any units; no more than all."""
    assert floor_share(7.7, 1e4, 100.0, 833.0) == pytest.approx(1.467 * (7.7 * 1e4 / 833.0 / 1e4) ** (2 / 3), rel=5e-4)
    assert floor_share(7.7, 1e7, 100.0, 1.0) == 1.0
