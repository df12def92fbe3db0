r"""What small-RNA sequencing would count: reads at a given depth, as shares of all that was sequenced.

Of a library of depth :math:`D` the counts of RNA :math:`i` are negative binomial with mean :math:`\mu_i = D\,p_i` and
variance :math:`\mu_i + \alpha \mu_i^2`. Only the shares :math:`p_i` enter: twice as many vesicles of the same
content give the same counts, and one RNA that rises makes the others fall.

Source of the law: Robinson & Smyth, Biostatistics 9:321 (2008), doi 10.1093/biostatistics/kxm030.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesica.errors import error
from vesica.instruments.nta_response import FloatArray


@dataclass(frozen=True)
class SequencingLibrary:
    r"""A library preparation; every constant is given.

    Parameters
    ----------
    depth : read, > 0
        Mean number of assigned reads.
    depth_cv : dimensionless, >= 0
        Between libraries.
    dispersion : dimensionless, >= 0
        :math:`\alpha`, the squared relative variation beyond counting.
    """

    depth: float
    depth_cv: float
    dispersion: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.depth) and self.depth > 0 and self.depth_cv >= 0 and self.dispersion >= 0):
            raise error(
                "sequencing",
                f"{self}",
                "the depth is above zero, variations are not negative",
                "nothing would be counted",
                "take the constants from the library, or give --depth 17000",
            )


def shares(copies: FloatArray) -> FloatArray:
    """(kind,) Copies over their sum; all zero where there is no RNA."""
    values = np.asarray(copies, dtype=float)
    if not (np.isfinite(values) & (values >= 0)).all():
        raise error(
            "sequencing.copies",
            "negative or missing copies",
            "a sample holds zero copies or more",
            "shares would not add up",
            "check the sample",
        )
    total = values.sum()
    return values / total if total > 0 else np.zeros_like(values)


def draw_depth(library: SequencingLibrary, rng: np.random.Generator) -> float:
    """Depth of one library: gamma of the given mean and spread."""
    cv = library.depth_cv
    return library.depth * float(rng.gamma(1 / cv**2, cv**2)) if cv > 0 else library.depth


def counts(
    share: FloatArray, *, depth: float, dispersion: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Reads of one library.

    Parameters
    ----------
    share : (kind,) 0..1
        Of the sequenced RNA, see `shares`.
    depth : read
    dispersion : dimensionless, >= 0
        Zero is Poisson.
    rng : numpy.random.Generator

    Returns
    -------
    (kind,) read
        A gamma mixture of Poisson counts, which is the negative binomial.
    """
    mean = depth * np.asarray(share, dtype=float)
    if dispersion > 0:
        mean = mean * rng.gamma(1 / dispersion, dispersion, mean.shape)
    return rng.poisson(mean)


def other_rna(kinds: int, log_spread: float, rng: np.random.Generator) -> FloatArray:
    """(kinds,) Abundance of the RNA that a model does not name: log-normal, sums to one, most abundant first."""
    weight = np.sort(np.exp(log_spread * rng.standard_normal(kinds)))[::-1]
    part: FloatArray = weight / weight.sum()
    return part


def names_of_other(kinds: int) -> tuple[str, ...]:
    """Names of the RNA that a model does not name."""
    return tuple(f"other_small_RNA_{number:04d}" for number in range(1, kinds + 1))


def count_matrix(columns: Mapping[str, NDArray[np.int64]]) -> NDArray[np.int64]:
    """(kind, sample) Counts of all samples side by side."""
    return np.stack(list(columns.values()), axis=1)
