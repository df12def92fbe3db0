"""What an attribution found for one effect: contributions of players, of groups of them, of pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.attribution.games import dividends, interactions, players_of, shapley
from vesica.analysis.attribution.players import Player
from vesica.analysis.attribution.rounds import Estimate, combined, of_round

Array = NDArray[np.float64]
NOISE: Final = 1e-5  # of a value: what the tolerance of a run leaves uncertain, ten times over
COALITIONS: Final = 12  # that are named, those with the largest dividends


@dataclass(frozen=True)
class Effect:
    """One quantity of one arm.

    Parameters
    ----------
    name, unit : as the quantities of a run have it
    arm : str
    time : h
    level : its value there
    against : name of the arm it is shown against, with its value there; or None
    is_change : whether the change from that arm is shared out, in place of the level
    """

    name: str
    unit: str
    arm: str
    time: float
    level: float
    against: tuple[str, float] | None = None
    is_change: bool = False

    @property
    def cell(self) -> str:
        """Its cell type, or ``medium``."""
        return self.name.partition(".")[0]

    @property
    def arms(self) -> tuple[str, ...]:
        """Arms whose coalitions it is read from."""
        return (self.arm, self.against[0]) if self.is_change and self.against else (self.arm,)

    @property
    def wanted(self) -> tuple[tuple[str, str], ...]:
        """What is read of a coalition: (arm, key of the quantity)."""
        return tuple((arm, self.name) for arm in self.arms)

    def of(self, values: Mapping[tuple[str, str], float]) -> float:
        """Its value in a coalition."""
        first, *other = (values[where] for where in self.wanted)
        return first - sum(other)


@dataclass(frozen=True)
class Attribution:
    """Contributions of all players to one effect.

    Parameters
    ----------
    effect : Effect
    players : (n,) those that can reach it
    idle : those that cannot, whatever the others do
    whole, none : the effect with all players, and without any
    share : (round, n) contributions in the unit of the effect; a single row where all coalitions are known
    pair : (round, n, n) interactions
    alone : (n,) what a player does when all others are off
    needed : (n,) what is lost when it alone is off
    is_exact : bool
        Whether every coalition was run.
    coalitions : number of them that were run
    together : coalitions of three and more with their dividends, the largest first; known where all were run
    draws : (draw, n) contributions over draws of the uncertain numbers, and (draw,) whole less none
    """

    effect: Effect
    players: tuple[Player, ...]
    idle: tuple[Player, ...]
    whole: float
    none: float
    share: Array
    pair: Array
    alone: Array
    needed: Array
    is_exact: bool
    coalitions: int
    together: tuple[tuple[tuple[int, ...], float], ...] = ()
    draws: tuple[Array, Array] | None = field(default=None)

    @property
    def brought(self) -> float:
        """What all players bring together."""
        return self.whole - self.none

    @property
    def noise(self) -> float:
        """Below this nothing is told from nothing, in the unit of the effect."""
        return NOISE * max(abs(self.whole), abs(self.none))

    def of(self, members: Sequence[int]) -> Estimate:
        """Contribution of some players together, in the unit of the effect."""
        sums = self.share[:, list(members)].sum(axis=1)
        return Estimate.exact(sums[0]) if self.is_exact else combined(sums)

    def over_draws(self, members: Sequence[int]) -> Estimate | None:
        """Median and 5 to 95 % of the same over draws, as a share of what all players bring in that draw."""
        if self.draws is None:
            return None
        share, brought = self.draws
        low, middle, high = np.quantile(share[:, list(members)].sum(axis=1) / brought, (0.05, 0.5, 0.95))
        return Estimate(middle, low, high)

    def pairs(self) -> list[tuple[int, int, Estimate]]:
        """Interactions of all pairs, the largest first."""
        count = len(self.players)
        known = Estimate.exact(self.pair[0]) if self.is_exact else combined(self.pair)
        found = [(i, j, Estimate(known.value[i, j], known.low[i, j], known.high[i, j]))
                 for i in range(count) for j in range(i + 1, count)]
        return sorted(found, key=lambda one: -abs(float(one[2].value)))

    def groups(self, key: str) -> dict[str, list[int]]:
        """Places of the players by their ``channel``, ``sender`` or ``cargo``."""
        found: dict[str, list[int]] = {}
        for place, player in enumerate(self.players):
            found.setdefault(getattr(player, key), []).append(place)
        return found


def relative(estimate: Estimate, brought: float) -> Estimate:
    """A contribution as a share of what all players bring."""
    ends = sorted((float(estimate.low / brought), float(estimate.high / brought)))
    return Estimate(estimate.value / brought, np.array(ends[0]), np.array(ends[1]))


def from_all(effect: Effect, players: Sequence[Player], idle: Sequence[Player], values: Array) -> Attribution:
    """From the values of all coalitions.

    Parameters
    ----------
    values : (2^n,)
    """
    count = players_of(values)
    everybody = (1 << count) - 1
    size = sorted(range(1 << count), key=int.bit_count)
    found = dividends(values)
    large = sorted((mask for mask in size if mask.bit_count() > 2), key=lambda mask: -abs(found[mask]))[:COALITIONS]
    together = tuple((tuple(i for i in range(count) if mask >> i & 1), float(found[mask])) for mask in large)
    singles = [1 << player for player in range(count)]
    return Attribution(
        effect, tuple(players), tuple(idle), float(values[everybody]), float(values[0]), shapley(values)[None],
        interactions(values)[None], values[singles] - values[0],
        values[everybody] - values[[everybody ^ one for one in singles]], True, values.size, together,
    )  # fmt: skip


def from_rounds(effect: Effect, players: Sequence[Player], idle: Sequence[Player], values: Mapping[int, float],
                tables: Sequence[NDArray[np.int64]]) -> Attribution:
    """From the values of some coalitions.

    Parameters
    ----------
    values : mapping of coalition to value; those of all tables
    tables : (round,) who sat where
    """
    count = len(players)
    everybody = (1 << count) - 1
    drawn = [of_round(table, values) for table in tables]
    none, whole = values[0], values[everybody]
    return Attribution(
        effect, tuple(players), tuple(idle), whole, none, np.array([share for share, _ in drawn]),
        np.array([pair for _, pair in drawn]), np.array([values[1 << i] - none for i in range(count)]),
        np.array([whole - values[everybody ^ 1 << i] for i in range(count)]), False, len(values),
    )  # fmt: skip
