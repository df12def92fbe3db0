"""Cells that touch: what one shows to another on the membrane between them, and what passes through gap junctions."""

from __future__ import annotations

from vesica.maths import hill


def seen(level: float) -> float:
    """What cells of another type show, as a cell that touches them meets it: the mean over their living cells.

    Parameters
    ----------
    level : molecule/um^2
        Or any other unit.

    Returns
    -------
    molecule/um^2

    Notes
    -----
    The value itself, where all cells of that type are alike. It has a name of its own so that where they differ
    (`vesica.engine.nodes`), and in whole numbers, the mean over cells stands in its place.
    """
    return level


def touched_copies(share: float, area: float, density: float) -> float:
    """Copies of a membrane molecule on that part of other cells' membranes which touches a cell.

    Parameters
    ----------
    share : 1
        Of the cell's own membrane that touches them.
    area : um^2
        Of the cell's own membrane.
    density : molecule/um^2
        On the others.

    Returns
    -------
    molecule

    Notes
    -----
    Own derivation: the two membranes of a contact have one area, and the molecule is spread evenly over its own.
    """
    return share * area * density




def junction(first: float, second: float) -> float:
    """Permeability of a membrane with gap junctions: two hemichannels in series, one of each cell.

    Parameters
    ----------
    first, second : um/s
        Of a junction of two hemichannels of one kind.

    Returns
    -------
    um/s

    Notes
    -----
    Resistances add: 1/P = 1/(2 P_1) + 1/(2 P_2), so equal ones give P, and one that is closed closes all.
    """
    return 2 * first * hill(second, first, 1.0)


def exchange_rate(permeability: float, share: float, area: float, volume: float) -> float:
    """Rate at which a cell's concentration follows that of the cells it is coupled to.

    Parameters
    ----------
    permeability : um/s
    share : 1
        Of the cell's membrane that touches them.
    area : um^2
    volume : um^3

    Returns
    -------
    1/s

    Notes
    -----
    V dc/dt = P f S (c_other - c).
    """
    return permeability * share * area / volume
