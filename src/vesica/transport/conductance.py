"""Linear uptake of cells from a field: reactivity of the surface in series with the resistance that voxels hide."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix, diags_array, eye_array

from vesica.transport.grid import Array

_TOLERANCE = 1e-12  # of the residual
_TURNS = 200


class Conductance:
    """``U = (1/k + g)^-1 <C>``, amount per time of each cell from the samples of the field at the cells.

    Parameters
    ----------
    reactivity : (cell,) um^3/s
        Uptake per surface concentration, k; 0 takes nothing, infinity is a perfect absorber (then g > 0).
    resistance : (cell,) s/um^3
        ``g = gamma/(alpha D*)``, `correction.self_resistance`; 0 for arbors.
    volume : (cell,) um^3
        Of liquid in the kernel, ``alpha kernel.volumes``.
    pairs : (cell, cell) s/um^3, symmetric, without diagonal
        `correction.pair_resistance` over ``alpha D*``.

    Raises
    ------
    ValueError
        A perfect absorber without resistance, a negative number, or pairs that overlap so far that the matrix is not
        positive (found while solving).
    """

    def __init__(self, reactivity: Array, resistance: Array, volume: Array, pairs: csr_matrix | None = None) -> None:
        k, g = np.asarray(reactivity, dtype=float), np.asarray(resistance, dtype=float)
        if np.any(~(k >= 0.0)) or np.any(~(g >= 0.0)) or np.any(np.isinf(k) & (g == 0.0)):
            msg = "reactivity and resistance must be >= 0, and a perfect absorber needs a resistance"
            raise ValueError(msg)
        self._alone = np.divide(1.0, g, where=np.isinf(k), out=np.zeros_like(k))
        finite = np.isfinite(k)
        self._alone[finite] = k[finite] / (1.0 + k[finite] * g[finite])
        self._resistance, self._volume, self._pairs = g, np.asarray(volume, dtype=float), pairs

    @property
    def conductance(self) -> Array:
        """Of each cell alone, um^3/s: ``k/(1 + k g)``."""
        return np.asarray(self._alone)

    @property
    def largest_loss(self) -> float:
        """Largest rate at which a cell empties its own kernel, 1/s."""
        return float(np.max(self._alone / self._volume, initial=0.0))

    def rates(self, samples: Array) -> Array:
        """Uptake of each cell, (cell,) amount/s, linear and symmetric in the samples (cell,) amount/um^3."""
        if self._pairs is None:
            return np.asarray(self._alone * samples)
        # U = s (1 + s P s)^-1 s <C> with s = sqrt(k/(1 + k g)): symmetric, and right for k = 0 and infinity
        return np.asarray(self._root * _solve(self._coupling, self._root * samples))

    def returned(self, sent: Array) -> Array:
        """What cells take back of what they send before the grid sees it, (cell,).

        Parameters
        ----------
        sent : (cell,) amount or amount/s
            What each cell sends from its surface, where it raises the concentration by ``g sent``. The liquid gets
            ``sent - returned``, which is not below 0; the cells get ``returned`` beside their `rates`. At a neighbour
            the grid alone raises the concentration: to give it more at once would empty voxels below 0.
        """
        return self.rates(self._resistance * sent)

    @cached_property
    def _root(self) -> Array:
        return np.asarray(np.sqrt(self._alone))

    @cached_property
    def _coupling(self) -> csr_matrix:
        scale = diags_array(self._root)
        return csr_matrix(eye_array(self._alone.size) + scale @ self._pairs @ scale)


def _solve(matrix: csr_matrix, right: Array) -> Array:
    """Conjugate gradients from zero."""
    x = np.zeros_like(right)
    residual = right.copy()
    way = residual.copy()
    square = float(residual @ residual)
    stop = _TOLERANCE**2 * square
    for _ in range(_TURNS):
        if square <= stop:
            return x
        image = matrix @ way
        curvature = float(way @ image)
        if curvature <= 0.0:
            msg = "pairs of cells that nearly coincide: their resistances are not positive"
            raise ValueError(msg)
        step = square / curvature
        x += step * way
        residual -= step * image
        before, square = square, float(residual @ residual)
        way = residual + (square / before) * way
    msg = "uptake of coupled cells did not converge"
    raise ValueError(msg)
