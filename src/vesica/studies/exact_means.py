"""Pools whose mean obeys a closed linear system: there whole numbers and the mean field agree at any copy number.

Decided from the process table. The mean of a product of random values is not the product of their means, so a flux
is safe where at most one of its factors is random, and that one is a linear function of pools that are safe themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vesica.engine.doses import present_in
from vesica.engine.program import Program, is_live
from vesica.engine.table import Assignment, Flux
from vesica.spec.resolved import Arm

NONLINEAR: Final = 2
# kernels that are linear in these arguments (by place) where all others are not random
_LINEAR_IN: Final[dict[str, tuple[int, ...]]] = {
    "budding_rate": (1, 2), "second_moment_rate": (3, 4, 5), "concentration": (0,), "receptor_share": (0,),
    "synthesis": (0,), "free_sites": (0, 1), "total": (0, 1),
}
_PRODUCTS: Final = {"mass_action", "product", "production"}  # degrees add up


def exact_means(program: Program, arm: Arm) -> frozenset[str]:
    """Names of the pools of an arm whose mean is that of the mean field.

    What a dose brings is not among them: how much of the source's medium is taken is a ratio of random numbers.
    """
    present = present_in(program, arm, {one.name: one for one in program.model.arms})
    fluxes = [flux for flux in program.table.fluxes if is_live(flux.needs, present)]
    pools = {pool.name for pool in program.table.pools if is_live(pool.needs, present)}
    assigned = {assignment.target: assignment for assignment in program.table.assignments}
    certain = _certain(program, pools, fluxes, assigned)
    safe = {name for name in pools if not (arm.doses and name.startswith("medium."))}
    while True:
        unsafe = {name for flux in fluxes if not _is_safe(flux, pools, certain, safe, assigned)
                  for name, _ in flux.moves} & safe
        if not unsafe:
            return frozenset(safe)
        safe -= unsafe


def _certain(program: Program, pools: set[str], fluxes: Iterable[Flux], assigned: dict[str, Assignment]) -> set[str]:
    """Signals that follow no random value: continuous pools that only agents, numbers and each other drive."""
    certain = {f"{cell.name}.{signal.name}" for cell in program.model.cells for signal in cell.signals} & pools
    while True:
        random = {name for flux in fluxes for name, _ in flux.moves
                  if any(_pools_of(factor, pools, assigned) - certain for factor in flux.factors)} & certain
        if not random:
            return certain
        certain -= random


def _pools_of(value: str, pools: set[str], assigned: dict[str, Assignment]) -> set[str]:
    """Pools that a value rests on."""
    if value in pools:
        return {value}
    return {name for arg in (assigned[value].args if value in assigned else ())
            for name in _pools_of(arg, pools, assigned)}


def _is_safe(flux: Flux, pools: set[str], certain: set[str], safe: set[str], assigned: dict[str, Assignment]) -> bool:
    degree = sum(_degree(factor, pools, certain, assigned) for factor in flux.factors)
    rests_on = {name for factor in flux.factors for name in _pools_of(factor, pools, assigned)} - certain
    return degree <= 1 and rests_on <= safe


def _degree(value: str, pools: set[str], certain: set[str], assigned: dict[str, Assignment]) -> int:
    """0 where a value is not random, 1 where it is linear in random pools, 2 else."""
    if value in pools:
        return 0 if value in certain else 1
    if value not in assigned:
        return 0
    one = assigned[value]
    degrees = [_degree(arg, pools, certain, assigned) for arg in one.args]
    if max(degrees, default=0) == 0:
        return 0
    if one.kernel in _PRODUCTS:
        return min(sum(degrees), NONLINEAR)
    if one.kernel in ("modulated", "added"):  # linear in the rate it changes, not in its source
        return NONLINEAR if any(degrees[1:]) else degrees[0]
    linear = _LINEAR_IN.get(one.kernel, ())
    return NONLINEAR if any(degree for place, degree in enumerate(degrees) if place not in linear) else max(degrees)
