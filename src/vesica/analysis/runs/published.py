"""Published directions: whether a run shows them, and whether it could have failed to."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from vesica.spec.resolved import Published

SAME: Final = 0.10  # within this of its control counts as no change
REPRODUCED: Final = 0.80  # share of draws in which a direction must hold
RISK: Final = 0.05  # share of draws of an unbiased structure in which the opposite must occur


def outcome(ratio: float | None) -> str | None:
    """``increase``, ``decrease`` or ``no_change`` of a quantity against its control."""
    if ratio is None or math.isnan(ratio):
        return None
    if ratio > 1 + SAME:
        return "increase"
    return "decrease" if ratio < 1 / (1 + SAME) else "no_change"


def is_opposite(direction: str, found: str | None) -> bool:
    """Whether an outcome contradicts a direction; the opposite of no change is any change."""
    if found is None:
        return False
    if direction == "no_change":
        return found != "no_change"
    return {"increase": "decrease", "decrease": "increase"}[direction] == found


def ratio_of(values: Mapping[str, Mapping[str, float]], item: Published) -> float | None:
    """Quantity of the arm over that of its control; None where either is missing or zero."""
    here, there = values.get(item.arm, {}).get(item.name), values.get(item.against, {}).get(item.name)
    return here / there if here is not None and there else None


def judge(
    items: Sequence[Published], values: Mapping[str, Mapping[str, float]], chosen: Collection[str] = ()
) -> list[dict[str, Any]]:
    """One row for each published direction of a single run.

    Parameters
    ----------
    values : mapping arm -> quantity -> value
    chosen : collection of str
        Options in use, alone and as ``switch=option``. What they presuppose is labelled
        `assumed`; without draws nothing else can be said.
    """
    rows = []
    for item in items:
        ratio = ratio_of(values, item)
        found = outcome(ratio)
        rows.append({
            "key": item.key, "says": item.says, "source": item.source, "arm": item.arm, "against": item.against,
            "quantity": item.name, "direction": item.direction, "ratio": ratio, "found": found,
            "holds": None if found is None else found == item.direction, "draws": None,
            "label": "assumed" if set(item.presupposed_by) & set(chosen) else None,
            "counts_as_reproduced": None, "decided_by": [],
            "words": _single_words(item, ratio, found, values.get(item.arm, {}).get(item.name),
                                   values.get(item.against, {}).get(item.name)),
        })
    return rows


def _unknown(item: Published, here: float | None, there: float | None) -> str:
    """Why a quantity has no ratio to its control."""
    if here is None or there is None or math.isnan(here) or math.isnan(there):
        return f"`{item.name}` is not known in both `{item.arm}` and `{item.against}`"
    if here == there == 0.0:
        return f"`{item.name}` is zero in `{item.arm}` and in `{item.against}`, and zero to zero is no ratio"
    return f"`{item.name}` is zero in `{item.against}` and {here:.3g} in `{item.arm}`, and has no ratio to zero"


def _single_words(item: Published, ratio: float | None, found: str | None, here: float | None,
                  there: float | None) -> str:
    if ratio is None or found is None:
        return f"{_unknown(item, here, there)}."
    said = {"increase": "rises", "decrease": "falls", "no_change": "stays within 10 %"}
    verb = said[found]
    return f"{item.name} {verb}: {ratio:.3g} times its value in `{item.against}`; published: it {said[item.direction]}."


def presupposes(item: Published, structure: str) -> bool:
    """Whether a structure, ``option`` or ``switch=option, switch=option``, builds a direction in."""
    here = {name for part in structure.split(", ") for name in (part, part.rpartition("=")[2])}
    named = {name for said in item.presupposed_by for name in (said, said.rpartition("=")[2])}
    return bool(here & named)


def judge_draws(
    item: Published, ratios: Mapping[str, Sequence[float | None]], chosen: str
) -> dict[str, Any]:
    """Shares of draws by structure, the label in the chosen structure, and the verdict.

    Parameters
    ----------
    ratios : mapping of structure to (draw,) ratios
    chosen : str
        Structure of the run itself.

    Returns
    -------
    dict
        ``draws``, ``label``, ``counts_as_reproduced``, ``words`` for the row. The label is None
        where no draw of the chosen structure knows the ratio.
    """
    shares = {name: _shares(item, found) for name, found in ratios.items()}
    here = shares[chosen]
    if here["count"] == 0:
        words = f"`{item.name}` is zero in `{item.against}`, or not known, in every draw: there is no ratio."
        return {"draws": shares, "label": None, "counts_as_reproduced": False, "words": words}
    free = {name: share for name, share in shares.items() if not presupposes(item, name)}
    risky = [name for name, share in free.items() if share["opposite"] >= RISK]
    label = "assumed" if presupposes(item, chosen) else (
        "follows" if here["holds"] > 1 - RISK else "could have failed")
    holds = here["holds"] >= REPRODUCED
    reproduced = holds and bool(risky) and label != "assumed"
    reason = ("assumed by this structure; " if label == "assumed" else "") + (
        f"it holds in {here['holds']:.0%} of draws" + ("" if holds else f", below {REPRODUCED:.0%}")
        + ("; its opposite occurs in " + ", ".join(f"{free[name]['opposite']:.0%} of `{name}`" for name in risky)
           if risky else "; no structure that leaves it open ever shows the opposite, so nothing was at stake")
    )
    return {"draws": shares, "label": label, "counts_as_reproduced": reproduced, "words": reason}


def _shares(item: Published, ratios: Sequence[float | None]) -> dict[str, float]:
    found = [outcome(ratio) for ratio in ratios]
    count = sum(entry is not None for entry in found)
    holds = sum(entry == item.direction for entry in found)
    opposite = sum(is_opposite(item.direction, entry) for entry in found)
    known = max(1, count)
    return {"holds": holds / known, "opposite": opposite / known, "neither": (count - holds - opposite) / known,
            "count": float(count)}
