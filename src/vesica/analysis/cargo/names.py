"""Names of miRNAs: which hairpin, which strand, and whether two tables speak of the same molecule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_NAME: Final = re.compile(
    r"^(?:(?P<species>[a-z]{3,4})-)?(?P<kind>miR|mir|let|lin)-?(?P<number>\d+)(?P<letter>[a-z]{0,2})"
    r"(?P<copy>-\d+)?(?P<arm>-[53]p)?(?P<star>\*)?$"
)


@dataclass(frozen=True)
class Mirna:
    """A miRBase name in its parts.

    Parameters
    ----------
    species : str
        ``mmu``, ``hsa`` ...; empty where the name has none.
    stem : str
        ``miR-16``, ``let-7a``: what the mature strands of all copies share.
    copy : str
        ``1`` in ``mmu-mir-16-1``: one of several hairpins with the same mature strand.
    arm : "5p", "3p" or ""
    """

    species: str
    stem: str
    copy: str
    arm: str


def parse(name: str) -> Mirna | None:
    """The parts of a miRBase name, or None where it is something else (a gene, a protein)."""
    found = _NAME.match(name.strip())
    if found is None:
        return None
    kind = "miR" if found["kind"].lower() == "mir" else found["kind"]
    arm = (found["arm"] or "").lstrip("-")
    return Mirna(
        found["species"] or "",
        f"{kind}-{found['number']}{found['letter']}",
        (found["copy"] or "").lstrip("-"),
        arm,
    )


def meets(name: str, other: str) -> bool:
    """Whether two names may mean the same molecule.

    A hairpin, or a name without an arm, meets both strands; ``miR-16`` without a species meets
    every species. Two different arms, species or stems never meet.
    """
    one, two = parse(name), parse(other)
    if one is None or two is None:
        return name.strip().casefold() == other.strip().casefold()
    return (
        one.stem == two.stem
        and _open(one.species, two.species)
        and _open(one.arm, two.arm)
        and _open(one.copy, two.copy)
    )


def _open(one: str, two: str) -> bool:
    return not one or not two or one == two


def stem(name: str) -> str:
    """What to look a name up by: the stem of a miRNA, or the name in lower case."""
    found = parse(name)
    return found.stem if found else name.strip().casefold()


def by_stem(names: Iterable[str]) -> dict[str, list[str]]:
    """Names under their stems, in order; candidates for `meets`."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(stem(name), []).append(name)
    return found


def twins(ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Rows that are several hairpins of one mature strand, each with its other names.

    Their reads cannot be told apart, so aligners count the same reads for each of them.
    """
    groups: dict[tuple[str, str, str], list[str]] = {}
    for name in ids:
        one = parse(name)
        if one is not None and one.copy:
            groups.setdefault((one.species, one.stem, one.arm), []).append(name)
    return {
        name: tuple(other for other in group if other != name)
        for group in groups.values()
        if len(group) > 1
        for name in group
    }
