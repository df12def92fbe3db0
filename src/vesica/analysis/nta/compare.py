"""Groups of NTA samples compared: all pairs or the pairs asked for, with Holm's correction."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from vesica.analysis.nta.compare_concentration import (
    Arm,
    ConcentrationComparison,
    check_arm,
    compare_concentrations,
)
from vesica.analysis.nta.compare_shape import ShapeArm, ShapeComparison, check_shapes, compare_shapes
from vesica.errors import Finding, InputError, error, nearest

Group = TypeVar("Group", Arm, ShapeArm)


@dataclass(frozen=True)
class Comparison:
    """One pair of groups: how many particles, and of which sizes.

    ``concentration`` and ``shape`` are None where the pair cannot be compared so; a finding says why.
    """

    first: str
    second: str
    concentration: ConcentrationComparison | None
    shape: ShapeComparison | None
    findings: tuple[Finding, ...] = ()


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction (Holm 1979); None stays None and is not counted.

    The i-th smallest of m is multiplied by m - i + 1; never smaller than the one before, never above one.
    """
    known = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    running = 0.0
    for rank, (p, index) in enumerate(known):
        running = max(running, min((len(known) - rank) * p, 1.0))
        corrected[index] = running
    return corrected


def pairs_of(names: Sequence[str], asked: Sequence[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    """All pairs of groups, or those asked for.

    Raises
    ------
    InputError
        A name that no group has, a group against itself, or fewer than two groups.
    """
    for pair in asked:
        for name in pair:
            if name not in names:
                raise error(
                    "compare", f"`{name}` is no group", "groups are compared by the names they have",
                    "there is nothing to compare with", nearest(name, names),
                )  # fmt: skip
        if pair[0] == pair[1]:
            others = ", ".join(f"`{name}`" for name in names if name != pair[0])
            raise error(
                "compare", f"`{pair[0]}` against itself", "two different groups are compared",
                "the fold change would be one by construction",
                f"name another group: {others}" if others else "read the files of another group, too",
            )  # fmt: skip
    if len(names) < 2:
        raise error(
            "compare", f"only the group {', '.join(names)}", "a comparison needs two groups",
            "there is nothing to compare with", "give a sample sheet with a column `group`",
        )  # fmt: skip
    return list(asked) or list(itertools.combinations(names, 2))


def compare_groups(
    arms: Sequence[Arm], shapes: Sequence[ShapeArm], asked: Sequence[tuple[str, str]] = ()
) -> tuple[Comparison, ...]:
    """Compare groups by concentration and by shape.

    Parameters
    ----------
    arms, shapes : the groups, in the same order and of the same names
    asked : pairs of names; all pairs without it

    Returns
    -------
    (pair,) Comparison
        Corrected for the number of pairs by Holm, concentrations and shapes each as one family. A pair that cannot be
        compared is None with the reason among its findings: one group below its limit spoils no other pair.

    Raises
    ------
    InputError
        As `pairs_of`.
    """
    by_name, shape_of = {arm.name: arm for arm in arms}, {arm.name: arm for arm in shapes}
    found = []
    for first, second in pairs_of([arm.name for arm in arms], asked):
        a, b, x, y = by_name[first], by_name[second], shape_of[first], shape_of[second]
        reasons, more = _objections(check_arm, a, b), _objections(check_shapes, x, y)
        concentration = None if reasons else compare_concentrations(a, b)
        shape = None if more else compare_shapes(x, y)
        notes = () if concentration is None else concentration.notes
        found.append(Comparison(first, second, concentration, shape, (*reasons, *more, *notes)))
    holms = holm([one.concentration.p if one.concentration else None for one in found])
    shape_holms = holm([one.shape.p if one.shape else None for one in found])
    return tuple(
        replace(
            one,
            concentration=one.concentration and replace(one.concentration, p_holm=p),
            shape=one.shape and replace(one.shape, p_holm=q),
        )
        for one, p, q in zip(found, holms, shape_holms, strict=True)
    )


def _objections(check: Callable[[Group], None], *groups: Group) -> tuple[Finding, ...]:
    """What stands against comparing these groups, as warnings: other pairs are not affected."""
    found: list[Finding] = []
    for group in groups:
        try:
            check(group)
        except InputError as failure:
            found += [replace(finding, severity="warning") for finding in failure.findings]
    return tuple(found)
