"""The kernels that the process table may name, in a fixed order (their class numbers)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

from vesica.biology import (
    arithmetic,
    biogenesis,
    cargo,
    contact,
    death,
    delivery,
    drugs,
    phenotype,
    release,
    shedding,
    signalling,
    uptake,
)

KERNELS: Final[dict[str, Callable[..., Any]]] = {
    kernel.__name__: kernel
    for kernel in (
        biogenesis.budding_per_mvb,
        biogenesis.budding_rate,
        biogenesis.second_moment_rate,
        release.docking_hazard,
        release.fusion_hazard,
        cargo.lumen_loading,
        cargo.membrane_loading,
        uptake.free_sites,
        uptake.capture_divisor,
        uptake.binding_hazard,
        uptake.unbinding_hazard,
        uptake.drinking_hazard,
        delivery.mass_action,
        delivery.synthesis,
        delivery.repressed_share,
        delivery.duplex_synthesis,
        delivery.engaged_vesicles,
        signalling.modulated,
        signalling.added,
        signalling.production,
        signalling.receptor_share,
        signalling.product,
        signalling.total,
        signalling.concentration,
        shedding.microvesicle_shedding,
        death.per_living,
        arithmetic.difference,
        arithmetic.quotient,
        arithmetic.raised,
        arithmetic.exponential,
        arithmetic.logarithm,
        arithmetic.hill_share,
        phenotype.owned_factor,
        drugs.drugged,
        drugs.drug_binding,
        contact.seen,
        contact.touched_copies,
        contact.junction,
        contact.exchange_rate,
        signalling.slope,
        signalling.occupancy_difference,
    )
}
CLASS_OF: Final[dict[str, int]] = {name: number for number, name in enumerate(KERNELS)}


def arity(name: str) -> int:
    """Number of arguments of a kernel."""
    return len(inspect.signature(KERNELS[name]).parameters)
