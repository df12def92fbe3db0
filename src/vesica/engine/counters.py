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

from vesica.engine.bits import ones

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_BELOW_ONE, _BELOW_FEWER = 1.0 - 2.0**-53, 1.0 - 2.0**-45  # half a step below one, with 52 and 44 bits

_EXPONENT = np.uint64(0x3FF0000000000000)  # bits of a number in [1, 2)
_TWELVE = np.uint64(12)
_NONE, _ONE, _TOP, _ALL = np.uint64(0), np.uint64(1), np.uint64(63), np.uint64(2**64 - 1)

# Words of a stream: key (2), block number (2), index (2), place of the next number among those in
# stock, one unused, then the stock: two numbers of 64 bits of each of WIDE blocks.
WIDE = 16  # blocks that are enciphered together: the compiler takes eight at once
_PLACE, _WORDS = 6, 8
_STOCK = 2 * WIDE
SIZE = _WORDS + _STOCK


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


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _round(c0, c1, c2, c3, k0, k1):  # noqa: ANN001, ANN202
    """One round of the cipher; the masks tell the compiler that 32-bit products are enough."""
    p0, p1 = _M0 * (c0 & _LOW), _M1 * (c2 & _LOW)
    return (p1 >> _HALF) ^ c1 ^ k0, p1 & _LOW, (p0 >> _HALF) ^ c3 ^ k1, p0 & _LOW, (k0 + _W0) & _LOW, (k1 + _W1) & _LOW


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _five(c0, c1, c2, c3, k0, k1):  # noqa: ANN001, ANN202
    """Half of the cipher, written out: a loop would keep the compiler from taking eight blocks at once."""
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    return _round(c0, c1, c2, c3, k0, k1)


@njit(cache=True, nogil=True, error_model="numpy")
def _refill(s):  # noqa: ANN001, ANN202
    """Encipher the next `WIDE` counters of the stream; block j gives numbers j and `WIDE` + j of the stock."""
    k0, k1, low, high, c2, c3 = s[0], s[1], s[2], s[3], s[4], s[5]
    for j in range(WIDE):
        at = low + np.uint64(j)
        w0, w1, w2, w3, a0, a1 = _five(at & _LOW, (high + (at >> _HALF)) & _LOW, c2, c3, k0, k1)
        w0, w1, w2, w3, a0, a1 = _five(w0, w1, w2, w3, a0, a1)
        s[_WORDS + j] = (w0 << _HALF) | w1
        s[_WORDS + WIDE + j] = (w2 << _HALF) | w3
    at = low + np.uint64(WIDE)
    s[2], s[3] = at & _LOW, (high + (at >> _HALF)) & _LOW
    s[_PLACE] = np.uint64(0)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def word(s):  # noqa: ANN001, ANN201
    """The next 64 random bits of the stream ``s``."""
    place = s[_PLACE]
    if place == np.uint64(_STOCK):
        _refill(s)
        place = np.uint64(0)
    s[_PLACE] = place + np.uint64(1)
    return s[np.uint64(_WORDS) + place]


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _bits(s):  # noqa: ANN001, ANN202
    """The next number, its first 52 bits as those of a float in [1, 2)."""
    return (word(s) >> _TWELVE) | _EXPONENT


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def uniform(s):  # noqa: ANN001, ANN201
    """The next number of the stream ``s``: an odd multiple of 2^-53, so never 0 and never 1."""
    return np.uint64(_bits(s)).view(np.float64) - _BELOW_ONE


def _layers() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(257,) edges and heights of 256 layers of equal area under exp(-x); the lowest holds the tail."""
    edge = np.zeros(257)
    edge[0], edge[1] = _AREA * math.exp(_TAIL), _TAIL
    for i in range(2, 256):
        edge[i] = -math.log(math.exp(-edge[i - 1]) + _AREA / edge[i - 1])
    return edge, np.exp(-edge)


_TAIL, _AREA = 7.69711747013104972, 3.949659822581572e-3  # Marsaglia & Tsang 2000, 256 layers
_EDGE, _HEIGHT = _layers()
_LAYER = np.uint64(255)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def exponential(s):  # noqa: ANN001, ANN201
    """An exponential number with mean one, exact: ziggurat (Marsaglia & Tsang 2000 J Stat Softw 5:8).

    The lowest 8 of 52 bits choose the layer, the others the place in it.
    """
    bits = _bits(s)
    layer = bits & _LAYER
    x = (np.uint64(bits & ~_LAYER).view(np.float64) - _BELOW_FEWER) * _EDGE[layer]
    if x < _EDGE[layer + np.uint64(1)]:
        return x
    return _exponential_edge(s, layer, x)


@njit(cache=True, nogil=True, error_model="numpy")
def _exponential_edge(s, layer, x):  # noqa: ANN001, ANN202
    """What to do with a point beside the part of its layer that lies under the curve for certain."""
    while True:
        if layer == np.uint64(0):
            return _TAIL - math.log(uniform(s))  # the tail is the law itself, shifted
        low, high = _HEIGHT[layer], _HEIGHT[layer + np.uint64(1)]
        if low + uniform(s) * (high - low) < math.exp(-x):
            return x
        bits = _bits(s)
        layer = bits & _LAYER
        x = (np.uint64(bits & ~_LAYER).view(np.float64) - _BELOW_FEWER) * _EDGE[layer]
        if x < _EDGE[layer + np.uint64(1)]:
            return x


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

    Few trials, of which at least one is expected to succeed, are made at once (`_trials`). Else by inversion where the
    smaller mean is below 10, or by transformed rejection (Hoermann 1993 J Stat Comput Simul 46:101, algorithm BTRS).
    """
    if not (n > 0.0 and p > 0.0):  # also where one is not a number: rejection would never end
        return 0.0
    if p >= 1.0:
        return n
    flipped = p > 0.5
    q = 1.0 - p if flipped else p
    mean = n * q
    if mean > 1.0 and n <= 128.0:
        k = _trials(s, min(n, 64.0), q) + (_trials(s, n - 64.0, q) if n > 64.0 else 0.0)
    else:
        k = _few(s, n, q) if mean < 10.0 else _many(s, n, q)
    return n - k if flipped else k


@njit(cache=True, nogil=True, error_model="numpy")
def _trials(s, n, p):  # noqa: ANN001, ANN202
    """Up to 64 trials at once, with p <= 1/2: each compares a number of its own with p, bit by bit from the highest.

    A word gives the next bit of all of them; a trial is open while its bits were those of p, so log2(n) + 1.3 words
    are needed. The chance is p rounded down to a multiple of 2^-63.
    """
    undecided, won = _ALL >> np.uint64(64.0 - n), _NONE
    left = np.uint64(p * 2.0**63) << _ONE  # bits of p that are still to be compared
    place = s[_PLACE]
    while undecided and left:
        if place == np.uint64(_STOCK):
            _refill(s)
            place = np.uint64(0)
        bits = s[np.uint64(_WORDS) + place]
        place += _ONE
        is_one = _NONE - (left >> _TOP)  # all bits of it
        won |= undecided & is_one & ~bits
        undecided &= ~(bits ^ is_one)
        left <<= _ONE
    s[_PLACE] = place
    return float(ones(won))


@njit(cache=True, nogil=True, error_model="numpy")
def _few(s, n, p):  # noqa: ANN001, ANN202
    """Walk up the distribution from zero: as many steps as successes (Kachitvichyanukul & Schmeiser 1988, BINV)."""
    odds, none = p / (1.0 - p), math.exp(n * math.log1p(-p))
    while True:
        k, left, weight = 0.0, uniform(s), none
        while left > weight and k <= n:
            left -= weight
            k += 1.0
            weight *= odds * (n - k + 1.0) / k
        if k <= n:  # beyond n only by rounding of the sum: once in 2^50 or so, draw again
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


_REST = np.array([math.lgamma(k + 1.0) - (k + 0.5) * math.log(k + 1.0) + (k + 1.0) - 0.5 * math.log(2.0 * math.pi)
                  for k in range(10)])


@njit(cache=True, nogil=True, error_model="numpy")
def _stirling(k):  # noqa: ANN001, ANN202
    """What Stirling's formula for log k! leaves out: from a table below 10, a series above."""
    if k < 10.0:
        return _REST[int(k)]
    x = 1.0 / (k + 1.0)
    x2 = x * x
    return (1.0 / 12.0 - (1.0 / 360.0 - x2 / 1260.0) * x2) * x
