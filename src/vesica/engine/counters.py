"""Random numbers inside compiled loops: Philox counters, so that a stream is its name and a place in it.

A stream is a key of two 32-bit words and a counter of four; block n of a stream is the cipher of
its counter, so any number can be made again alone, on any machine, in any order.

Source: Salmon, Moraes, Dror & Shaw 2011 SC'11, doi 10.1145/2063384.2063405 (Philox4x32-10).
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_TO_UNIT = 1.0 / 9007199254740992.0  # 2^-53

# Words of a stream: key (2), block number (2), index (2), place of the next number among those in
# stock, one unused, then the four words of each of WIDE blocks: first words, second words, ...
WIDE = 8  # blocks that are enciphered together: the compiler does them at once
_PLACE, _WORDS = 6, 8
_STOCK = 2 * WIDE  # numbers of a stock: two of each block
SIZE = _WORDS + 4 * WIDE


def stream(seed: int, purpose: str, index: int) -> NDArray[np.uint64]:
    """The state of a stream named by (seed, purpose, index), at its beginning.

    Returns
    -------
    (SIZE,) uint64
    """
    name = hashlib.blake2b(f"{seed & (2**64 - 1)}|{purpose}".encode(), digest_size=8).digest()
    key = int.from_bytes(name, "little")
    state = np.zeros(SIZE, dtype=np.uint64)
    state[:6] = (key & 0xFFFFFFFF, key >> 32, 0, 0, index & 0xFFFFFFFF, index >> 32 & 0xFFFFFFFF)
    state[_PLACE] = _STOCK
    return state


@njit(cache=True, nogil=True, error_model="numpy")
def _refill(s):  # noqa: ANN001, ANN202
    """Encipher the next `WIDE` counters of the stream."""
    for j in range(WIDE):
        low = s[2] + np.uint64(j)
        s[_WORDS + j] = low & _LOW
        s[_WORDS + WIDE + j] = (s[3] + (low >> _HALF)) & _LOW
        s[_WORDS + 2 * WIDE + j] = s[4]
        s[_WORDS + 3 * WIDE + j] = s[5]
    low = s[2] + np.uint64(WIDE)
    s[2], s[3] = low & _LOW, (s[3] + (low >> _HALF)) & _LOW
    k0, k1 = s[0], s[1]
    for _ in range(10):
        for j in range(_WORDS, _WORDS + WIDE):
            p0, p1 = _M0 * s[j], _M1 * s[j + 2 * WIDE]
            s[j] = (p1 >> _HALF) ^ s[j + WIDE] ^ k0
            s[j + 2 * WIDE] = (p0 >> _HALF) ^ s[j + 3 * WIDE] ^ k1
            s[j + WIDE] = p1 & _LOW
            s[j + 3 * WIDE] = p0 & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    s[_PLACE] = np.uint64(0)


@njit(cache=True, nogil=True, error_model="numpy")
def uniform(s):  # noqa: ANN001, ANN201
    """The next number of the stream ``s``, in (0, 1): never 0, never 1."""
    if s[_PLACE] == np.uint64(_STOCK):
        _refill(s)
    place = np.int64(s[_PLACE])
    s[_PLACE] += np.uint64(1)
    word = _WORDS + (place >> 1) + 2 * WIDE * (place & 1)
    return (float(((s[word] << _HALF) | s[word + WIDE]) >> np.uint64(11)) + 0.5) * _TO_UNIT


@njit(cache=True, nogil=True, error_model="numpy")
def exponential(s):  # noqa: ANN001, ANN201
    """An exponential number with mean one."""
    return -math.log(uniform(s))


@njit(cache=True, nogil=True, error_model="numpy")
def normal(s):  # noqa: ANN001, ANN201
    """A standard normal number (Box & Muller 1958 Ann Math Stat 29:610)."""
    r = math.sqrt(-2.0 * math.log(uniform(s)))
    return r * math.cos(2.0 * math.pi * uniform(s))


@njit(cache=True, nogil=True, error_model="numpy")
def poisson(s, mean):  # noqa: ANN001, ANN201
    """A Poisson number, exact for any mean.

    Below 10 by multiplication; above by transformed rejection (Hoermann 1993 Insur Math Econ
    12:39, algorithm PTRS).
    """
    if not mean > 0.0:
        return 0.0
    if mean < 10.0:
        limit, product, k = math.exp(-mean), uniform(s), 0.0
        while product > limit:
            product *= uniform(s)
            k += 1.0
        return k
    slam, loglam = math.sqrt(mean), math.log(mean)
    b = 0.931 + 2.53 * slam
    a = -0.059 + 0.02483 * b
    inv_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = uniform(s) - 0.5
        v = uniform(s)
        us = 0.5 - abs(u)
        k = math.floor((2.0 * a / us + b) * u + mean + 0.43)
        if us >= 0.07 and v <= v_r:
            return k
        if k < 0.0 or (us < 0.013 and v > us):
            continue
        if math.log(v) + math.log(inv_alpha) - math.log(a / (us * us) + b) <= -mean + k * loglam - math.lgamma(k + 1.0):
            return k


@njit(cache=True, nogil=True, error_model="numpy")
def binomial(s, n, p):  # noqa: ANN001, ANN201
    """A binomial number out of ``n`` (a whole float), exact for any probability.

    By inversion where the smaller mean is below 10, else by transformed rejection (Hoermann
    1993 J Stat Comput Simul 46:101, algorithm BTRS).
    """
    if n <= 0.0 or p <= 0.0:
        return 0.0
    if p >= 1.0:
        return n
    flipped = p > 0.5
    q = 1.0 - p if flipped else p
    k = _few(s, n, q) if n * q < 10.0 else _many(s, n, q)
    return n - k if flipped else k


@njit(cache=True, nogil=True, error_model="numpy")
def _few(s, n, p):  # noqa: ANN001, ANN202
    """Geometric gaps between successes: as many numbers as successes (Devroye 1986, ch. X.4)."""
    per = math.log1p(-p)
    k, at = -1.0, 0.0
    while at <= n:
        k += 1.0
        at += math.floor(math.log(uniform(s)) / per) + 1.0
    return k


@njit(cache=True, nogil=True, error_model="numpy")
def _many(s, n, p):  # noqa: ANN001, ANN202
    spread = math.sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    centre = n * p + 0.5
    v_r = 0.92 - 4.2 / b
    r = p / (1.0 - p)
    alpha = (2.83 + 5.1 / b) * spread
    m = math.floor((n + 1.0) * p)
    while True:
        u = uniform(s) - 0.5
        v = uniform(s)
        us = 0.5 - abs(u)
        k = math.floor((2.0 * a / us + b) * u + centre)
        if k < 0.0 or k > n:
            continue
        if us >= 0.07 and v <= v_r:
            return k
        v = math.log(v * alpha / (a / (us * us) + b))
        bound = ((m + 0.5) * math.log((m + 1.0) / (r * (n - m + 1.0))) + _stirling(m) + _stirling(n - m)
                 + (n + 1.0) * math.log((n - m + 1.0) / (n - k + 1.0))
                 + (k + 0.5) * math.log(r * (n - k + 1.0) / (k + 1.0)) - _stirling(k) - _stirling(n - k))
        if v <= bound:
            return k


@njit(cache=True, nogil=True, error_model="numpy")
def _stirling(k):  # noqa: ANN001, ANN202
    """What Stirling's formula for log k! leaves out: exact below 10, a series above."""
    if k < 10.0:
        return math.lgamma(k + 1.0) - (k + 0.5) * math.log(k + 1.0) + (k + 1.0) - 0.9189385332046727
    x = 1.0 / (k + 1.0)
    x2 = x * x
    return (1.0 / 12.0 - (1.0 / 360.0 - x2 / 1260.0) * x2) * x
