"""What an attribution says: sentences, tables, plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from vesica.analysis.attribution.controls import Reading, percent_of
from vesica.analysis.attribution.players import LABELS
from vesica.analysis.attribution.result import Attribution, relative
from vesica.analysis.attribution.rounds import Estimate
from vesica.analysis.lab import Field, LabOutcome, Table, Value
from vesica.analysis.numbers import counted, number
from vesica.errors import Finding

KIND: Final = "attribute"
PAIRS: Final = 12  # interactions that are listed
SEEN: Final = 0.01  # share of what is brought that a sentence speaks of


@dataclass(frozen=True)
class Found:
    """One effect: its shares, and what the controls of a laboratory would report."""

    attribution: Attribution
    readings: tuple[Reading, ...] = ()


def outcome(title: str, by: str, found: Sequence[Found]) -> LabOutcome:
    """Sentences, tables and data of a whole study.

    Parameters
    ----------
    title : of the model
    by : what players are told apart by
    """
    headline = [sentence for one in found for sentence in sentences(one)]
    tables = (players(found), groups(found), pairs(found), controls(found))
    kept = tuple(table for table in tables if table.rows)
    return LabOutcome(KIND, f"Who did it: {title}", tuple(headline), kept,
                      {"by": by, "effects": [_record(one) for one in found]}, _findings(found),
                      screen=tuple(_first(table, columns) for table, columns in ((kept[0], 8), (controls(found), 8))
                                   if table.rows))


def _first(table: Table, columns: int) -> Table:
    """The first columns of a table, and of controls those that could be done."""
    rows = tuple(row[:columns] for row in table.rows if table.name != "controls" or row[3] is not None)
    return replace(table, fields=table.fields[:columns], rows=rows)


def sentences(found: Found) -> list[str]:
    """What is said of one effect."""
    one = found.attribution
    effect = one.effect
    unit = f" {effect.unit}" if effect.unit else ""
    against = f"; in `{effect.against[0]}` it is {number(effect.against[1])}{unit}" if effect.against else ""
    routed = all(not (player.channel or player.sender or player.cargo) for player in one.players)
    without = "with all routes blocked" if routed else "without all that is sent"
    level = f"`{effect.name}` in `{effect.arm}` at {effect.time:g} h is {number(effect.level)}{unit}"
    none = signed(one.none) if abs(one.none) > one.noise else "0"
    if effect.is_change:
        level += f"{against}, a change of {signed(one.whole)}; {without} it is one of {none}."
    else:
        level += f"; {without} it is {none}{unit}{against}."
    said = [level, _shares(one)]
    said += [sentence for sentence in (_interactions(one), _idle(one)) if sentence]
    said.append(_method(one))
    return said + [reading.sentence for reading in found.readings if not reading.absent]


def signed(value: float) -> str:
    """A change: a number with its sign, where it is negative."""
    return number(value) if value >= 0 else f"−{number(-value)}"


def _shares(one: Attribution) -> str:
    if not is_shared(one):
        return "What is sent raises and lowers it alike: no shares, only contributions in its own unit are given."
    ranked = sorted(range(len(one.players)), key=lambda i: -abs(one.of([i]).value))
    parts = [f"{one.players[i].name} {_interval(one, [i])}" for i in ranked
             if abs(one.of([i]).value / one.brought) >= SEEN]
    return f"Of the {signed(one.brought)} that is brought: {', '.join(parts)}."


def _interval(one: Attribution, members: Sequence[int]) -> str:
    found = relative(one.of(members), one.brought)
    words = percent_of(float(found.value))
    if not one.is_exact:
        words += f" ({percent_of(float(found.low))} to {percent_of(float(found.high))})"
    drawn = one.over_draws(members)
    if drawn is not None:
        words += f" [over draws {percent_of(float(drawn.low))} to {percent_of(float(drawn.high))}]"
    return words


def _interactions(one: Attribution) -> str:
    clear = [(i, j, pair) for i, j, pair in one.pairs()
             if abs(pair.value / one.brought) >= SEEN and pair.low * pair.high > 0][:3] if is_shared(one) else []
    parts = [f"{one.players[i].name} and {one.players[j].name} "
             f"{'need each other' if pair.value / one.brought > 0 else 'stand in for each other'} "
             f"({percent_of(float(pair.value / one.brought))})" for i, j, pair in clear]
    return f"Interactions: {'; '.join(parts)}." if parts else ""


def _idle(one: Attribution) -> str:
    return f"Nothing leads to it from {', '.join(player.name for player in one.idle)}." if one.idle else ""


def _method(one: Attribution) -> str:
    count = len(one.players)
    who = counted(count, "player")
    if one.is_exact:
        said = f"All {one.coalitions:,} coalitions of {who} were run"
    else:
        rounds = one.share.shape[0]
        said = (f"{one.coalitions:,} of {1 << count:,} coalitions of {who} were run: {rounds} rounds of {2 * count} "
                "orders; intervals are 95 %")
    return said + (f"; {counted(one.draws[1].size, 'draw')}, 5 to 95 %." if one.draws is not None else ".")


def is_shared(one: Attribution) -> bool:
    """Whether all players together bring enough to be shared out in per cent."""
    return abs(one.brought) > one.noise and abs(one.brought) > 0.02 * float(np.abs(one.share.mean(axis=0)).sum())


def players(found: Sequence[Found]) -> Table:
    """Contribution of every player."""
    fields = [Field("effect"), Field("player"), Field("share", "%", "of what all players bring, over all orders"),
              Field("low", "%"), Field("high", "%"), Field("contribution", "", "in the unit of the effect"),
              Field("alone", "%", "with all others off"), Field("needed", "%", "lost when it alone is off")]
    is_drawn = any(one.attribution.draws is not None for one in found)
    fields += [Field("draws low", "%"), Field("draws median", "%"), Field("draws high", "%")] if is_drawn else []
    rows: list[tuple[Value, ...]] = []
    for one in (one.attribution for one in found):
        for i in sorted(range(len(one.players)), key=lambda i: -abs(one.of([i]).value)):
            drawn = one.over_draws([i])
            spread = _percents(drawn.low, drawn.value, drawn.high) if drawn is not None else (None,) * 3
            rows.append((one.effect.name, one.players[i].name, *_triple(one, one.of([i])), float(one.of([i]).value),
                         *_percents(*((one.alone[i] / one.brought, one.needed[i] / one.brought)
                                      if is_shared(one) else (np.nan, np.nan))), *(spread if is_drawn else ())))
        rows += [(one.effect.name, player.name, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, *((0.0,) * 3 if is_drawn else ()))
                 for player in one.idle]
    return Table("players", "Shares of every player", tuple(fields), tuple(rows))


def groups(found: Sequence[Found]) -> Table:
    """Sums over channels, over senders and over cargo, where players are several of these."""
    rows: list[tuple[Value, ...]] = []
    for one in (one.attribution for one in found):
        keys = [key for key in ("channel", "sender", "cargo") if any(getattr(player, key) for player in one.players)]
        for key in keys if len(keys) > 1 else ():
            for name, members in one.groups(key).items():
                rows.append((one.effect.name, key, LABELS.get(name, name), *_triple(one, one.of(members)),
                             float(one.of(members).value)))
    return Table("sums", "Sums over channels, senders and cargo", (
        Field("effect"), Field("over"), Field("name"), Field("share", "%"), Field("low", "%"), Field("high", "%"),
        Field("contribution", "", "in the unit of the effect")), tuple(rows))


def pairs(found: Sequence[Found]) -> Table:
    """The largest interactions: of pairs over all orders, and of three and more as dividends."""
    rows: list[tuple[Value, ...]] = []
    for one in (one.attribution for one in found):
        for i, j, pair in one.pairs()[:PAIRS]:
            low, value, high = float(pair.low), float(pair.value), float(pair.high)
            words = "none seen" if abs(value) <= one.noise or low * high <= 0 else (
                "need each other" if value * one.brought > 0 else "stand in for each other")
            rows.append((one.effect.name, f"{one.players[i].name} and {one.players[j].name}", "pair",
                         *_triple(one, pair), words))
        for members, dividend in one.together:
            if abs(dividend) > one.noise:
                rows.append((one.effect.name, " and ".join(one.players[i].name for i in members), "dividend",
                             *_triple(one, Estimate.exact(np.array(dividend))), "beyond all its parts"))
    return Table("interactions", "Interactions: what players do together beyond each alone", (
        Field("effect"), Field("players"), Field("kind"), Field("share", "%"), Field("low", "%"), Field("high", "%"),
        Field("words")), tuple(rows))


def controls(found: Sequence[Found]) -> Table:
    """What a laboratory's controls would report, beside what the channel does."""
    rows: list[tuple[Value, ...]] = []
    for one in found:
        for reading in one.readings:
            share = shapley_of(one.attribution, reading)
            numbers = (reading.reported, reading.true, None if share is None else float(share.value), reading.left,
                       reading.besides)
            rows.append((one.attribution.effect.name, reading.control.name, reading.control.measures,
                         *(None if value is None else 100.0 * value for value in numbers),
                         f"not done: {reading.absent}" if reading.absent else "; ".join(reading.reasons)))
    return Table("controls", "What the laboratory's controls would report", (
        Field("effect"), Field("control"), Field("measures"), Field("reported", "%"),
        Field("off", "%", "lost when the channel alone is off"), Field("share", "%", "over all orders"),
        Field("still", "%", "that comes by the channel under the control"),
        Field("besides", "%", "that the control does although the channel is off"), Field("why")), tuple(rows))


def shapley_of(one: Attribution, reading: Reading) -> Estimate | None:
    """Share over all orders of what a control is taken to measure, where players are told apart by it."""
    control = reading.control
    members = [i for i, player in enumerate(one.players)
               if player.channel in control.channels and control.cargo in ("", player.cargo)]
    if not members or not is_shared(one):
        return None
    return relative(one.of(members), one.brought)


def _triple(one: Attribution, estimate: Estimate) -> tuple[Value, ...]:
    if not is_shared(one):
        return (None, None, None)
    found = relative(estimate, one.brought)
    return _percents(found.value, found.low, found.high)


def _percents(*values: Any) -> tuple[Value, ...]:
    return tuple(100.0 * float(value) if np.isfinite(value) else None for value in values)


def _record(found: Found) -> dict[str, Any]:
    """Plain data of one effect."""
    one = found.attribution
    effect = one.effect
    drawn = [one.over_draws([i]) for i in range(len(one.players))]
    return {
        "effect": effect.name, "unit": effect.unit, "arm": effect.arm, "at_h": effect.time,
        "level": effect.level, "is_change": effect.is_change, "whole": one.whole, "none": one.none,
        "against": None if effect.against is None else dict([effect.against]),
        "exact": one.is_exact, "coalitions": one.coalitions, "rounds": 0 if one.is_exact else one.share.shape[0],
        "draws": 0 if one.draws is None else one.draws[1].size,
        "players": [{
            "name": player.name, "channel": player.channel, "sender": player.sender, "cargo": player.cargo,
            "contribution": float(one.of([i]).value), "low": float(one.of([i]).low), "high": float(one.of([i]).high),
            "alone": float(one.alone[i]), "needed": float(one.needed[i]),
            "over_draws": None if (spread := drawn[i]) is None else
            {"low": float(spread.low), "median": float(spread.value), "high": float(spread.high)},
        } for i, player in enumerate(one.players)],
        "idle": [player.name for player in one.idle],
        "pairs": [{"players": [one.players[i].name, one.players[j].name], "value": float(pair.value),
                   "low": float(pair.low), "high": float(pair.high)} for i, j, pair in one.pairs()[:PAIRS]],
        "dividends": [{"players": [one.players[i].name for i in members], "value": value}
                      for members, value in one.together],
        "controls": [reading.as_dict() for reading in found.readings],
    }  # fmt: skip


def _findings(found: Sequence[Found]) -> tuple[Finding, ...]:
    return tuple(
        Finding("warning", one.effect.name, f"what is sent changes `{one.effect.name}` by {number(one.brought)} in "
                "all, and players by more in both directions", "shares are parts of what all players bring",
                "per cent of next to nothing would mislead", "look at the contributions in its own unit")
        for one in (one.attribution for one in found) if not is_shared(one)
    )
