"""From the early endosome to a multivesicular body (MVB) full of intraluminal vesicles (ILVs).

An MVB is ``capacity`` independent two-state slots: an empty slot fills at b/capacity and a
full one empties at the retrofusion rate, so the number of ILVs at a given age is binomial.
Summed over the MVBs of a cell, the count of MVBs and the sums of n and n^2 close exactly.
"""

from __future__ import annotations


def budding_per_mvb(
    ilv_budding_rate: float, escrt_share: float, escrt_activity: float, nsmase2_activity: float
) -> float:
    """ILVs that bud into one empty MVB per time, by the ESCRT and the ceramide branch.

    Parameters
    ----------
    ilv_budding_rate : vesicle/s
    escrt_share : 1
        Share of budding that needs ESCRT; the rest needs ceramide from nSMase2.
    escrt_activity, nsmase2_activity : 1
        Relative to normal.

    Returns
    -------
    vesicle/s

    Notes
    -----
    Two branches: Trajkovic 2008 Science 319:1244 (ceramide), Baietti 2012 (ESCRT side).
    """
    return ilv_budding_rate * (escrt_share * escrt_activity + (1 - escrt_share) * nsmase2_activity)


def budding_rate(per_mvb: float, mvb: float, ilv: float, capacity: float) -> float:
    """ILVs that bud per cell and time: ``per_mvb (M - sum n / n_max)``.

    Parameters
    ----------
    per_mvb : vesicle/s
    mvb : 1
        MVBs per cell.
    ilv, capacity : vesicle
        ILVs in all of them, and that fill one.

    Returns
    -------
    vesicle/s
    """
    return per_mvb * (mvb - ilv / capacity)


def second_moment_rate(
    per_mvb: float, capacity: float, retrofusion_rate: float, mvb: float, ilv: float, ilv2: float, one: float
) -> float:
    """Change of the sum of n^2 over the MVBs of a cell by budding and retrofusion.

    A step n -> n + 1 changes n^2 by 2 n + 1, a step n -> n - 1 by 1 - 2 n; both rates are
    linear in n, so the sum closes without an approximation.

    Parameters
    ----------
    per_mvb : vesicle/s
    capacity : vesicle
    retrofusion_rate : 1/s
    mvb : 1
    ilv : vesicle
    ilv2 : vesicle^2
    one : vesicle
        A single vesicle.

    Returns
    -------
    vesicle^2/s
    """
    gain = per_mvb * (2 * ilv + one * mvb - (2 * ilv2 + one * ilv) / capacity)
    return gain + retrofusion_rate * (one * ilv - 2 * ilv2)
