"""Where every vesicle, and every copy of a cargo, ended up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

from vesica.errors import error, nearest


@dataclass(frozen=True)
class Ledger:
    """Account of one token (vesicles, or copies of one cargo) over an arm.

    ``made + added`` came into being; every other entry is a place where they are now or a
    way they went. All in vesicles or molecules, totals of the dish.
    """

    made: float = 0.0
    added: float = 0.0
    returned: float = 0.0
    in_mvb: float = 0.0
    tethered: float = 0.0
    outside: float = 0.0
    matrix: float = 0.0
    plastic: float = 0.0
    bound: float = 0.0
    inside: float = 0.0
    delivered: float = 0.0
    degraded: float = 0.0
    removed: float = 0.0

    @property
    def missing(self) -> float:
        """What is unaccounted for, in vesicles or copies; exact where all entries are whole numbers below 2^53."""
        rest = [getattr(self, entry.name) for entry in fields(self) if entry.name not in {"made", "added"}]
        return math.fsum([self.made, self.added, *(-amount for amount in rest)])

    @property
    def residual(self) -> float:
        """What is unaccounted for, relative to made + added.

        Where nothing was made or added it is minus the sum of the other entries in
        absolute numbers, so 0 when there is nothing, and a token out of nowhere still shows.
        """
        came = math.fsum((self.made, self.added))
        return self.missing / (came if came != 0.0 else 1.0)

    @property
    def in_whole_numbers(self) -> Ledger:
        """Every entry without the rounding error that means over cells brought, for runs in whole numbers."""
        return Ledger(**{entry.name: float(round(getattr(self, entry.name))) for entry in fields(self)})

    def __add__(self, other: Ledger) -> Ledger:
        """Account of two runs together."""
        return Ledger(**{entry.name: getattr(self, entry.name) + getattr(other, entry.name) for entry in fields(self)})

    @classmethod
    def from_mapping(cls, entries: Mapping[str, float | None], path: str = "ledger") -> Ledger:
        """From the keys of ``summary.json``; null is NaN, other keys (``residual``) are ignored.

        Raises
        ------
        InputError
            An entry is missing or not a number.
        """
        values: dict[str, float] = {}
        for entry in fields(cls):
            name = entry.name
            if name not in entries:
                others = [key for key in entries if key not in {known.name for known in fields(cls)}]
                fix = f"add `{name}`; " + (nearest(name, others) if others else "write 0 where there is none")
                raise error(f"{path}.{name}", f"the ledger has no entry `{name}`",
                            "a ledger names every entry",
                            "vesicles in that place would be lost without a trace", fix)
            amount = entries[name]
            if isinstance(amount, bool | str):
                raise error(f"{path}.{name}", f"`{name}` is {amount!r}", "an entry of the ledger is a number",
                            "the account could not be closed", "write how many vesicles or copies are there")
            values[name] = math.nan if amount is None else float(amount)
        return cls(**values)

    def as_dict(self) -> dict[str, float]:
        """Entries and ``residual``, as ``summary.json`` holds them."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)} | {"residual": self.residual}
