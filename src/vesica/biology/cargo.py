"""Sorting of cargo into a budding vesicle: lumen cargo by volume, membrane cargo by area."""

from __future__ import annotations


def lumen_loading(enrichment: float, lumen_volume: float, cell_volume: float, one: float) -> float:
    """Copies that one vesicle takes for each copy in the cell, from the cytosol.

    Mean copies per vesicle are ``enrichment x concentration x lumen volume``; an
    enrichment of one is unselective sampling of the cytosol.

    Parameters
    ----------
    enrichment : 1
    lumen_volume, cell_volume : um^3
    one : vesicle
        The single vesicle that is loaded.

    Returns
    -------
    1/vesicle
    """
    return enrichment * lumen_volume / cell_volume / one


def membrane_loading(enrichment: float, vesicle_area: float, membrane_area: float, one: float) -> float:
    """Copies that one vesicle takes for each copy in the cell, with its membrane.

    Parameters
    ----------
    enrichment : 1
    vesicle_area, membrane_area : um^2
    one : vesicle

    Returns
    -------
    1/vesicle
    """
    return enrichment * vesicle_area / membrane_area / one
