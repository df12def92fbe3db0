"""Microvesicles shed from the cell membrane."""

from __future__ import annotations


def microvesicle_shedding(shedding_rate: float, asmase_activity: float) -> float:
    """Microvesicles that one cell sheds per time; without acid sphingomyelinase none.

    Parameters
    ----------
    shedding_rate : vesicle/s
        At normal activity of the enzyme.
    asmase_activity : 1
        Relative to normal.

    Returns
    -------
    vesicle/s

    Notes
    -----
    The enzyme is a gate: glia without it shed nothing (Bianco 2009 EMBO J 28:1043, doi 10.1038/emboj.2009.45). ATP
    acts through P2X7 and p38 on the activity; the cascade itself is left out, it takes minutes.
    """
    return shedding_rate * asmase_activity
