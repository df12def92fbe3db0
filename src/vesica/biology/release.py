"""Docking and fusion of multivesicular bodies with the plasma membrane."""

from __future__ import annotations


def docking_hazard(mvb_docking_rate: float, rab27_activity: float, docked: float, sites: float) -> float:
    """Hazard with which one MVB docks; it falls to zero when every site is taken.

    Parameters
    ----------
    mvb_docking_rate : 1/s
    rab27_activity, docked, sites : 1

    Returns
    -------
    1/s

    Notes
    -----
    Rab27a/b dock MVBs: Ostrowski 2010 Nat Cell Biol 12:19, doi 10.1038/ncb2000.
    """
    return mvb_docking_rate * rab27_activity * (1 - docked / sites)


def fusion_hazard(mvb_fusion_rate: float, snare_activity: float) -> float:
    """Hazard with which one docked MVB fuses with the membrane.

    Parameters
    ----------
    mvb_fusion_rate : 1/s
    snare_activity : 1

    Returns
    -------
    1/s

    Notes
    -----
    SNAP23 and syntaxin-4: Verweij 2018 J Cell Biol 217:1129, doi 10.1083/jcb.201703206.
    """
    return mvb_fusion_rate * snare_activity
