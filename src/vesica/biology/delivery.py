"""What received cargo does: miRNA titration against its whole target pool."""

from __future__ import annotations

from vesica.maths import hill


def mass_action(rate: float, first: float, second: float) -> float:
    """Rate of a bimolecular step inside one cell.

    Parameters
    ----------
    rate : 1/molecule/s
    first, second : molecule

    Returns
    -------
    molecule/s
    """
    return rate * first * second


def synthesis(level: float, decay_rate: float) -> float:
    """Production that keeps a pool at ``level``: molecule and 1/s to molecule/s."""
    return level * decay_rate


def repressed_share(repressed: float, free: float) -> float:
    """Share of the target pool that is held by the miRNA; zero where there is no target.

    Parameters
    ----------
    repressed, free : molecule

    Returns
    -------
    1
    """
    return hill(repressed, free, 1.0)  # x/(x + free), and 0 where both are


def titration_free_mirna(mirna: float, targets: float, dissociation: float) -> float:
    """Free miRNA at equilibrium with its targets; the closed form the tests use.

    Parameters
    ----------
    mirna, targets, dissociation : molecule
        Totals, and the dissociation constant as copies per cell.

    Returns
    -------
    molecule

    Notes
    -----
    Root of x^2 + (T + K - M) x - K M = 0. For b = T + K - M > 0 the usual form loses all
    digits, so the conjugate is used.
    """
    b = targets + dissociation - mirna
    root = (b * b + 4.0 * dissociation * mirna) ** 0.5
    return 2.0 * dissociation * mirna / (root + b) if b > 0 else 0.5 * (root - b)
