"""How many vesicles a miRNA effect needs, and what uptake they amount to: closed forms."""

from __future__ import annotations

from vesica.maths import exp


def needed_uptake(copies: float, decay_rate: float, copies_per_vesicle: float, delivered_share: float) -> float:
    """Uptake that holds a number of copies in the cytosol for ever.

    Parameters
    ----------
    copies : molecule
    decay_rate : 1/s
    copies_per_vesicle : molecule/vesicle
    delivered_share : 1

    Returns
    -------
    vesicle/s

    Notes
    -----
    From d(copies)/dt = uptake x copies per vesicle x delivered share - decay rate x copies = 0.
    """
    return copies * decay_rate / (copies_per_vesicle * delivered_share)


def steady_copies(uptake: float, decay_rate: float, copies_per_vesicle: float, delivered_share: float) -> float:
    """Copies that a constant uptake holds in the end; the inverse of `needed_uptake`.

    Parameters
    ----------
    uptake : vesicle/s
    decay_rate : 1/s
    copies_per_vesicle : molecule/vesicle
    delivered_share : 1

    Returns
    -------
    molecule
    """
    return uptake * copies_per_vesicle * delivered_share / decay_rate


def reached_share(decay_rate: float, time: float) -> float:
    """Share of the steady copies that a constant uptake has reached after a time.

    Parameters
    ----------
    decay_rate : 1/s
    time : s

    Returns
    -------
    1
    """
    return 1.0 - exp(-(decay_rate * time))


def needed_bolus(copies: float, copies_per_vesicle: float, delivered_share: float) -> float:
    """Vesicles a cell must take up at once for a number of copies at that moment.

    Parameters
    ----------
    copies : molecule
    copies_per_vesicle : molecule/vesicle
    delivered_share : 1

    Returns
    -------
    vesicle
    """
    return copies / (copies_per_vesicle * delivered_share)


def needed_mirna(held_share: float, targets: float, dissociation: float) -> float:
    """Copies at which a share of the target pool is held; inverse of `delivery.titration_free_mirna`.

    Parameters
    ----------
    held_share : 1
    targets : molecule
    dissociation : molecule

    Returns
    -------
    molecule

    Notes
    -----
    Free miRNA x holds the share s = x/(K + x), so x = K s/(1 - s), and the total is x + s T.
    """
    return dissociation * held_share / (1.0 - held_share) + held_share * targets


def titration_share(mirna: float, targets: float, free: float) -> float:
    """Share of the target pool that is held, from total and free miRNA.

    Parameters
    ----------
    mirna, targets, free : molecule

    Returns
    -------
    1
    """
    return (mirna - free) / targets


def linear_clearance(saturated_uptake: float, half_saturation: float) -> float:
    """Volume of medium that one cell clears of vesicles per time, far below saturation.

    Parameters
    ----------
    saturated_uptake : vesicle/s
    half_saturation : vesicle/um^3

    Returns
    -------
    um^3/s
    """
    return saturated_uptake / half_saturation


def limited_clearance(clearance: float, diffusion_clearance: float) -> float:
    """Clearance of a cell to which the vesicles must diffuse: two resistances in a row.

    Parameters
    ----------
    clearance, diffusion_clearance : um^3/s
        Of the surface, and of a perfect absorber of the same shape, ``4 pi D a``.

    Returns
    -------
    um^3/s

    Notes
    -----
    Berg & Purcell 1977 Biophys J 20:193; Collins & Kimball 1949 J Colloid Sci 4:425.
    """
    return clearance / (1.0 + clearance / diffusion_clearance)


def shared_supply(
    release: float, donors: float, recipients: float, clearance: float, donor_clearance: float, volume: float,
    loss_rate: float, time: float,
) -> float:
    """Mean uptake of one recipient that shares a stirred medium with its donors.

    Parameters
    ----------
    release : vesicle/s/cell
    donors, recipients : cell
    clearance, donor_clearance : um^3/s/cell
        Of one recipient, and of one donor that takes its own vesicles back.
    volume : um^3
    loss_rate : 1/s
        Decay and loss to plastic.
    time : s
        Since the medium was fresh.

    Returns
    -------
    vesicle/s/cell

    Notes
    -----
    Free vesicles obey F' = q N - H F with H = (N_r c_r + N_d c_d)/V + loss, so the mean of
    F over the time t is q N/H (1 - (1 - exp(-H t))/(H t)), of which one recipient clears c_r/V.
    """
    hazard = (recipients * clearance + donors * donor_clearance) / volume + loss_rate
    mean_free = release * donors / hazard * (1.0 - (1.0 - exp(-(hazard * time))) / (hazard * time))
    return mean_free * clearance / volume


def loaded_copies(copies_per_vesicle: float, loaded_fraction: float) -> float:
    """Copies in a loaded vesicle, where the mean over all vesicles is kept.

    Parameters
    ----------
    copies_per_vesicle : molecule/vesicle
    loaded_fraction : 1

    Returns
    -------
    molecule/vesicle
    """
    return copies_per_vesicle / loaded_fraction


def chance_of_one(
    vesicles: float, delivered_share: float, loaded_fraction: float, copies_of_loaded: float
) -> float:
    """Chance that a cell receives at least one copy.

    Parameters
    ----------
    vesicles : 1
        Mean number that the cell takes up; the number itself is Poisson.
    delivered_share : 1
    loaded_fraction : 1
    copies_of_loaded : 1
        Mean number in a loaded vesicle; the number itself is Poisson.

    Returns
    -------
    1

    Notes
    -----
    A Poisson stream thinned by escape (whole vesicles), loading, and holding one copy or more.
    """
    return 1.0 - exp(-(vesicles * delivered_share * loaded_fraction * (1.0 - exp(-copies_of_loaded))))


def copies_spread(mean_copies: float, copies_of_loaded: float) -> float:
    """Variance between cells of the copies they received: mean (1 + copies in a loaded vesicle).

    Parameters
    ----------
    mean_copies, copies_of_loaded : 1

    Returns
    -------
    1
    """
    return mean_copies * (1.0 + copies_of_loaded)


def saturating_uptake(offered: float, capacity: float) -> float:
    """Uptake of a cell whose routes fill up: what a linear clearance would take, limited by its capacity.

    Parameters
    ----------
    offered, capacity : vesicle/s/cell

    Returns
    -------
    vesicle/s/cell

    Notes
    -----
    Vmax C/(K + C) with clearance Vmax/K is ``offered/(1 + offered/Vmax)`` at ``offered = C Vmax/K``.
    """
    return offered / (1.0 + offered / capacity)
