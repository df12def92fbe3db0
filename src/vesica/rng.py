"""Random numbers from counters: (seed, purpose, index) names a stream, in any order of use."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def stream(seed: int, purpose: str, index: int) -> np.random.Generator:
    """A generator that depends on its name only, so that draw 999 alone can be made again.

    Parameters
    ----------
    seed : int
        Of the run.
    purpose : str
        What the numbers are for, e.g. ``"draw mvb.ilv_budding.rate"``.
    index : int
        Number of the replicate, draw or cell.
    """
    import numpy as np

    key = int.from_bytes(hashlib.blake2b(purpose.encode(), digest_size=8).digest(), "little")
    return np.random.Generator(np.random.Philox(key=[seed & (2**64 - 1), key], counter=[0, 0, index, 0]))
