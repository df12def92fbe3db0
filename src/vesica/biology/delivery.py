"""What received cargo does: miRNA against its target pool and the Ago pool, ligands on bound vesicles."""

from __future__ import annotations

from vesica.maths import hill, hit_share


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


def duplex_synthesis(level: float, decay_rate: float, loading_rate: float, free_ago: float,
                     duplex_decay_rate: float) -> float:
    """Production of duplex that keeps ``level`` copies in Ago: some of it decays before it is loaded.

    Parameters
    ----------
    level : molecule
    decay_rate : 1/s
        Of the miRNA in Ago.
    loading_rate : 1/molecule/s
    free_ago : molecule
        At rest.
    duplex_decay_rate : 1/s

    Returns
    -------
    molecule/s
    """
    return level * decay_rate * (1 + duplex_decay_rate / (loading_rate * free_ago))


def loaded_share(loading_rate: float, free_ago: float, duplex_decay_rate: float) -> float:
    """Share of duplexes that Ago loads before they decay; not a kernel: what production and dose rest on.

    Parameters
    ----------
    loading_rate : 1/molecule/s
    free_ago : molecule
    duplex_decay_rate : 1/s

    Returns
    -------
    1
    """
    loading = loading_rate * free_ago
    return loading / (loading + duplex_decay_rate) if loading > 0 else 0.0


def held_at_rest(mirna: float, sites: float, target_decay_rate: float, binding_rate: float, unbinding_rate: float,
                 repressed_decay_rate: float) -> float:
    """Targets that so many free copies of a miRNA hold in the steady state, where targets are made and decay.

    Parameters
    ----------
    mirna, sites : molecule
        Free miRNA, and the sites of a cell without it.
    target_decay_rate, unbinding_rate, repressed_decay_rate : 1/s
    binding_rate : 1/molecule/s

    Returns
    -------
    molecule

    Notes
    -----
    Held = share x free with share = k_on M / (k_off + d_R), and what is made is lost: d T0 = d T + d_R held.
    """
    if mirna <= 0 or binding_rate <= 0 or target_decay_rate <= 0:
        return 0.0
    leaving = unbinding_rate + repressed_decay_rate
    if leaving <= 0:
        return sites
    share = binding_rate * mirna / leaving
    return sites * share / (1 + share * repressed_decay_rate / target_decay_rate)


def engaged_vesicles(bound: float, copies: float, receptors: float, half_occupancy: float, one: float) -> float:
    """Bound vesicles on which at least one ligand is engaged.

    Each ligand in contact is engaged with the chance theta = R / (R + half_occupancy); copies per vesicle are
    Poisson with the mean m = copies / bound, so the engaged ones are Poisson with m theta, and a vesicle has none
    with the chance exp(-m theta).

    Parameters
    ----------
    bound : vesicle
    copies : molecule
        Of the ligand, on all bound vesicles together.
    receptors, half_occupancy : molecule
        Of the cell.
    one : molecule/vesicle
        One, so that a mean of copies is a pure number.

    Returns
    -------
    vesicle

    Notes
    -----
    Own derivation, by thinning of a Poisson number. Nothing without receptor, ligand or vesicle.
    """
    return bound * hit_share(copies * hill(receptors, half_occupancy, 1.0) / one, bound)


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
