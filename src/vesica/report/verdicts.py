"""How published directions fared: verdicts, the words of the first screen, the names of inputs and structures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

from vesica.report.material import Material, entries, get, mapping, rows
from vesica.report.numbers import is_number, number, parameter_texts, percent

EXPECTED: Final = {"increase": "up", "decrease": "down", "no_change": "no change"}
_FIRM: Final = 0.80  # share of draws in which a direction must hold before it counts


@dataclass(frozen=True)
class Verdict:
    """How a published direction fared, in words and as a kind of chip."""

    words: str
    kind: str


@dataclass(frozen=True)
class Line:
    """One published direction on the first screen: what it says, and the figures behind it."""

    says: str
    figures: str


@dataclass(frozen=True)
class Group:
    """Directions that fared alike; ``kind`` is the class of the style sheet."""

    title: str
    kind: str
    explained: str
    lines: tuple[Line, ...]


def verdict_of(row: Mapping[str, Any]) -> Verdict:
    """A published direction's verdict; one that the model assumes never counts."""
    holds, counts, label = row.get("holds"), row.get("counts_as_reproduced"), row.get("label")
    if holds is None:
        return Verdict("not tested", "plain")
    if not holds:
        return Verdict("missed", "bad")
    if counts:
        return Verdict("reproduced", "good")
    if label == "assumed":
        return Verdict("holds (assumed)", "plain")
    return Verdict("holds (not counted)", "plain") if counts is False else Verdict("holds", "plain")


def sentence(words: object) -> str:
    """Words as a sentence without its full stop; a name such as miR-146a keeps its small letter."""
    text = str(words or "").strip().rstrip(".")
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text


def chosen_structure(material: Material) -> str:
    """The structure in which the run itself was made."""
    return str(get(material.summary, "draws", "chosen") or "")


def structures(material: Material) -> list[str]:
    """Structures that were drawn, the one of the run first."""
    found = [str(name) for name in rows(get(material.summary, "draws", "structures"))]
    for row in entries(material.summary.get("published")):
        found += [str(name) for name in mapping(row.get("draws")) if str(name) not in found]
    chosen = chosen_structure(material)
    return sorted(dict.fromkeys(found), key=lambda name: name != chosen)


def structure_says(material: Material, name: str) -> str:
    """What a structure means, in the words of its switch; ``name`` is an option or ``switch=option, ...``."""
    said = []
    for part in name.split(","):
        before, _, option = part.strip().rpartition("=")
        for key, switch in mapping(material.summary.get("switches")).items():
            says = get(switch, "options", option)
            if isinstance(says, str) and (key == before if before else get(switch, "is_structure") is not False):
                said.append(says)
    return "; ".join(filter(None, dict.fromkeys(said)))


def shares(draw: object) -> dict[str, float]:
    """Shares of the draws that hold, show the opposite or neither, whether they came as shares or per cent."""
    known = {
        k: float(v) for k in ("holds", "opposite", "neither") if is_number(v := get(draw, k))
    }
    total = sum(known.values())
    factor = 0.01 if known and max(known.values()) > 1.0 and total <= 100.5 else 1.0
    return {key: factor * value for key, value in known.items()}


def _figures(row: Mapping[str, Any], chosen: str) -> str:
    """``×1.01, published: up · 45 % of draws``."""
    came = f"×{number(row.get('ratio'))}" if is_number(row.get("ratio")) else "no ratio"
    expected = EXPECTED.get(str(row.get("direction")), "")
    said = f"{came}, published: {expected}" if expected else came
    drawn = mapping(row.get("draws"))
    share = shares(drawn.get(chosen) or next(iter(drawn.values()), None)).get("holds")
    return f"{said} · holds in {percent(share)} of draws" if share is not None else said


def groups(material: Material) -> tuple[Group, ...]:
    """The published directions by how they fared; each appears once."""
    found = entries(material.summary.get("published"))
    chosen = chosen_structure(material)
    drawn = any(mapping(row.get("draws")) for row in found)
    by: dict[str, list[Line]] = {}
    for row in found:
        says = sentence(row.get("says") or row.get("key"))
        by.setdefault(verdict_of(row).words, []).append(Line(says, _figures(row, chosen)))
    kinds = (
        ("reproduced", "Reproduced", "yes", "Holds in at least 80 % of draws; the opposite could have come out."),
        ("holds (not counted)", "Holds, but does not count", "open",
         "Too few draws, or no structure that leaves it open ever shows the opposite."),
        ("holds", "Holds in this run", "yes",
         "" if drawn else "One run without draws: how firmly it holds is not known."),
        ("missed", "Missed", "no", "Within 10 % counts as no change."),
        ("holds (assumed)", "Built in", "open", "The structure in use assumes it, so it is no result."),
        ("not tested", "Not tested", "open", "The quantity is missing in the arm or in its control."),
    )
    return tuple(
        Group(title, kind, why, tuple(by[words])) for words, title, kind, why in kinds if words in by
    )


def verdict_lines(material: Material) -> list[str]:
    """One or two sentences: how many directions count, and over what."""
    found = [row for row in entries(material.summary.get("published")) if row.get("holds") is not None]
    if not found:
        return []
    total, tested = len(found), mapping(material.summary.get("draws"))
    of = f"of {total} published direction{'s' * (total != 1)}"
    if not any(mapping(row.get("draws")) for row in found):
        held = sum(bool(row["holds"]) for row in found)
        return [
            f"{held} {of} {'holds' if held == 1 else 'hold'} in this run.",
            "It is a single run without draws over the uncertain inputs, so no direction counts as reproduced yet.",
        ]
    won = sum(verdict_of(row).words == "reproduced" for row in found)
    lines = [f"{won or 'None'} {of} count{'s' * (won < 2)} as reproduced."]
    if is_number(tested.get("count")):
        places = len(rows(tested.get("structures"))) or 1
        inputs = tested.get("drawn_inputs")
        what = f" of {number(inputs)} uncertain inputs" if is_number(inputs) else ""
        where = f" in each of {places} structures" if places > 1 else ""
        failed = tested.get("failed")
        lost = f"; {number(failed)} draws failed" if is_number(failed) and failed > 0 else ""
        lines[0] += f" Tested over {number(tested['count'])} draws{what}{where}{lost}."
    return lines + _unsure(found, chosen_structure(material))


def _unsure(found: list[Mapping[str, Any]], chosen: str) -> list[str]:
    """A sentence where what is built in comes out in too few draws, so that the rest has no ground."""
    weak = [
        row for row in found
        if row.get("label") == "assumed" and shares(get(row, "draws", chosen)).get("holds", 1.0) < _FIRM
    ]
    built = sum(row.get("label") == "assumed" for row in found)
    if not weak:
        return []
    out = f"come{'s' * (len(weak) == 1)} out in fewer than {percent(_FIRM)} of draws"
    return [f"Even of the {built} that are built in, {len(weak)} {out}."]


def chance_level(material: Material) -> float | None:
    """Rank correlation that one of many idle inputs reaches in 5 % of studies (normal limit, Bonferroni)."""
    draws, inputs = (get(material.summary, "draws", key) for key in ("count", "drawn_inputs"))
    if not is_number(draws) or not is_number(inputs) or draws < 3 or inputs < 1:
        return None
    return min(NormalDist().inv_cdf(1.0 - 0.025 / inputs) / math.sqrt(draws - 1.0), 1.0)


def input_name(material: Material, entry: str) -> tuple[str, str]:
    """Short name of a library entry, and its value with range; the id itself where no number uses it."""
    used = [row for row in entries(material.summary.get("parameters")) if entry in (row.get("entry"), row.get("path"))]
    if not used:
        return entry, ""
    names: dict[str, list[str]] = {}
    for row in used:
        owner, name = _split_path(material, str(row.get("path") or entry))
        names.setdefault(name, []).append(owner)
    name, owners = next(iter(names.items()))
    more = "" if len(names) == 1 else f" and {len(names) - 1} more"
    owners = list(dict.fromkeys(filter(None, owners)))
    shown = f"{len(owners)} uses" if len(owners) > 3 else ", ".join(owners)
    where = f" ({shown})" if shown else ""
    first = used[0]
    value, span = parameter_texts(first.get("value"), first.get("unit"), first.get("low"), first.get("high"))
    return f"{name}{where}{more}", f"{value}, range {span}" if any(c.isdigit() for c in span) else value


def _split_path(material: Material, path: str) -> tuple[str, str]:
    """``astrocyte.TLR4.enrichment`` as (astrocyte, enrichment of TLR4)."""
    owner, *rest = path.split(".")
    if not rest:
        return "", owner.replace("_", " ")
    if owner == "rule":
        return f"rule {rest[0].replace('_', ' ')}", " ".join(rest[1:]).replace("_", " ") or "rule"
    what = rest[-1].replace("_", " ")
    of = f" of {material.label('.'.join([owner, *rest[:-1]]))}" if len(rest) > 1 else ""
    return owner.replace("_", " "), what + of
