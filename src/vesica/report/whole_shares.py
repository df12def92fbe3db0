"""Shares with at least one: a few sentences, or tables where there is much to compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from vesica.analysis.numbers import cells_named
from vesica.analysis.runs.pooled import vesicles_named
from vesica.report.blocks import Cell, Column, Items, Table
from vesica.report.material import Material, get, mapping
from vesica.report.numbers import is_number, number, percent

# More arms or sentences than these are easier to compare in a table.
MOST_ARMS: Final = 2
MOST_SENTENCES: Final = 6
# Kinds of histogram that go into one table. `first_copy` says what `received` says.
TOGETHER: Final = (("copies",), ("first_uptake", "received"))


def parts_of(key: str) -> tuple[str, str, str]:
    """``astrocyte.copies/miR_155`` as (astrocyte, copies, miR_155)."""
    head, _, cargo = key.partition("/")
    owner, _, kind = head.rpartition(".")
    return owner, kind, cargo


def shares(material: Material, arms: Mapping[str, Any], keys: list[str]) -> list[Items | Table]:
    """What share of vesicles or cells has at least one; nothing where none was counted."""
    told = [key for key in keys if any(_share(arm, key) for arm in arms.values())]
    owners = list(dict.fromkeys(parts_of(key)[0] for key in told))
    groups = [found for owner in owners for kinds in TOGETHER
              if (found := [key for key in told if parts_of(key)[0] == owner and parts_of(key)[1] in kinds])]
    if len(arms) > MOST_ARMS or sum(map(len, groups)) > MOST_SENTENCES:
        return [_table(material, arms, group) for group in groups]
    said = tuple(_sentence(material, arms, key) for group in groups for key in group)
    return [Items(said)] if said else []


def _share(arm: Any, key: str) -> Mapping[str, Any]:
    return mapping(get(arm, "distributions", key, "at_least_one"))


def _sentence(material: Material, arms: Mapping[str, Any], key: str) -> Cell:
    """Told of the first arm that has it, with the other arm below."""
    first, *others = (name for name, arm in arms.items() if _share(arm, key))
    rest = "; ".join(f"arm {material.styles[name].number}: {percent(_share(arms[name], key).get('share'))}"
                     for name in others)
    note = f"arm {material.styles[first].number}; {rest}" if rest else ""
    return Cell(str(get(arms[first], "distributions", key, "words") or ""), note)


def _table(material: Material, arms: Mapping[str, Any], keys: list[str]) -> Table:
    """A row for each arm, a column for each cargo, with the odds and the exact interval below."""
    owner, kind, _ = parts_of(keys[0])
    who = vesicles_named(owner) if kind == "copies" else cells_named(owner)
    held = "with at least one copy" if kind == "copies" else "that got at least one EV or copy"
    names = [parts_of(key)[2].replace("_", "-") or "any EV" for key in keys]
    heads = [Column("arm"), *(Column(name, "%", is_number=True) for name in names)]
    content = tuple((Cell(name, style=material.styles[name]), *(_cell(_share(arm, key)) for key in keys))
                    for name, arm in arms.items() if any(_share(arm, key) for key in keys))
    caption = f"{who[0].upper()}{who[1:]} {held} (below: how rare, and the 95 % interval)"
    return Table(caption, tuple(heads), content)


def _cell(share: Mapping[str, Any]) -> Cell:
    value = share.get("share")
    if not is_number(value):
        return Cell()
    low, high, hits = (share.get(name) for name in ("low", "high", "count"))
    odds = f"1 in {number(share['of'] / hits)}; " if hits and 2 * hits < share["of"] else ""
    bound = f"{number(100 * low)} to {number(100 * high)}" if hits else f"at most {number(100 * high)}"
    return Cell(number(100 * value), f"{odds}{bound}")
