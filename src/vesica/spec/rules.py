"""Signalling rules as text: read word by word, looked up, and echoed in plain English.

``CELL: SOURCE increases TARGET (half_max 3, hill 2, up to 3x)`` multiplies a rate, and ``adds 0.5 1/h`` in the place
of ``up to 3x`` adds to it; the numbers may be quantities, or ``@entry.id`` for a number of the library.
A rate is (base + sum of what rules add) x product of their factors x what the phenotypes of the cell make of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from vesica.errors import TextError, nearest
from vesica.spec.rule_words import BOUND, ENGAGED, GRADIENT, REPRESSION, TOUCHED, CellWords, SourceWord

Verb = Literal["increases", "decreases"]
VERBS: Final[tuple[Verb, ...]] = ("increases", "decreases")
EXAMPLE: Final = "astrocyte: TLR4_activity increases mvb_fusion_rate (half_max 3, hill 2, up to 3x)"
ORDER: Final = ("Where several rules act on one rate, what they add comes first, then all factors multiply, whatever "
                "the order they are written in.")
_ARGUMENTS: Final = ("half_max", "hill", "up to", "down to", "adds")


class RuleError(TextError):
    """The text of a rule cannot be used."""


@dataclass(frozen=True)
class RuleText:
    """A rule as written: words split, numbers still text."""

    cell: str
    source: str
    verb: Verb
    target: str
    half_max: str
    hill: str
    fold: str  # nothing where it adds
    text: str = ""
    added: str = ""  # nothing where it multiplies


def parse(text: str, cell: str = "") -> RuleText:
    """Split a rule into its words.

    Parameters
    ----------
    text : str
        The line; with ``cell`` given (library rules) the ``CELL:`` in front may be missing.

    Raises
    ------
    RuleError
        The line does not have the form of a rule.
    """
    head, bracket, tail = text.partition("(")
    before, colon, sentence = head.partition(":")
    if not colon:
        before, sentence = cell, head
    words = sentence.split()
    verb = next((word for word in VERBS if word in words), None)
    if verb is None:
        middle = words[1] if len(words) > 1 else ""
        raise RuleError(f"`{text}` has no verb", "a rule says `SOURCE increases TARGET` or `SOURCE decreases TARGET`",
                        "its direction is unknown", f"`{middle}`: {nearest(middle, VERBS)}" if middle else _like())
    if len(words) != 3 or words[1] != verb or not before.strip():
        raise RuleError(f"`{text}` is not a rule", "a rule is `CELL: SOURCE increases TARGET (...)`, one word each",
                        "who acts on what is unclear", _like())
    if not bracket or not tail.rstrip().endswith(")"):
        raise RuleError(f"`{text}` has no numbers", "the numbers of a rule stand in brackets at its end",
                        "its strength is unknown", _like())
    given = _arguments(tail.rstrip()[:-1], text)
    _check_strength(given, verb, text)
    return RuleText(before.strip(), words[0], verb, words[2], given["half_max"], given.get("hill", "1"),
                    given.get("fold", ""), text, given.get("adds", ""))


def _check_strength(given: Mapping[str, str], verb: Verb, text: str) -> None:
    """One strength, in the direction of the verb."""
    for needed, word in (("half_max", "`half_max ...`"),
                         ("fold", "`up to ...x` (or `down to ...x`, or `adds ...`)")):
        if needed not in given and not (needed == "fold" and "adds" in given):
            raise RuleError(f"`{text}` lacks {word}", "a rule says where half of the effect is, and how much at most",
                            "its strength is unknown", f"add {word}, as in `{EXAMPLE}`")
    if "fold" in given and "adds" in given:
        raise RuleError(f"`{text}` says `{given['fold_word']}` and `adds`", "a rule multiplies a rate or adds to it",
                        "its strength is unclear", "keep one of them, or write two rules from two sources")
    if "adds" in given:
        if verb == "decreases":
            raise RuleError(f"`{text}` says `decreases` and `adds`", "what decreases cannot add",
                            "its direction is contradictory, and a rate could fall below zero",
                            "write `increases`, or a factor: `down to 0.5x`")
        return
    allowed = "up to" if verb == "increases" else "down to"
    if given["fold_word"] != allowed:
        raise RuleError(f"`{text}` says `{verb}` and `{given['fold_word']}`",
                        f"what {verb.removesuffix('s')}s goes `{allowed}` a factor", "its direction is contradictory",
                        f"write `{allowed}`, or change the verb")
    fold = _number(given["fold"])
    if (fold < 1.0) if verb == "increases" else (fold > 1.0):
        raise RuleError(f"`{text}` says `{verb}` and `{allowed} {given['fold']}x`",
                        f"what {verb.removesuffix('s')}s a rate multiplies it by {'1 or more' if fold < 1 else 'less'}",
                        "its direction is contradictory", "change the verb, or the factor")


def _number(text: str) -> float:
    """A number that is written out; not a number for anything else."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _like() -> str:
    return f"write it like `{EXAMPLE}`"


def _arguments(inside: str, text: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for part in inside.split(","):
        words = part.split()
        pair = " ".join(words[:2])
        word, rest = (pair, words[2:]) if pair in _ARGUMENTS else (words[0] if words else "", words[1:])
        if word not in _ARGUMENTS or not rest:
            raise RuleError(f"`{part.strip()}` in `{text}` is not understood",
                            "the numbers are `half_max`, `hill`, and `up to`, `down to` or `adds`",
                            "the rule would act with other numbers than meant", nearest(word, _ARGUMENTS))
        key = "fold" if word.endswith(" to") else word
        if key in given:
            raise RuleError(f"`{text}` gives `{word}` twice", "each number is given once",
                            "one of the two would be lost", "delete one of them")
        value = " ".join(rest)
        if key == "fold":
            given["fold_word"] = word
            value = value if value.startswith("@") else _without_times(value, text)
        given[key] = value
    return given


def _without_times(value: str, text: str) -> str:
    bare = value.removesuffix("-fold").removesuffix("x").strip()
    if bare == value or not bare:
        raise RuleError(f"`{value}` in `{text}` is not a factor", "the largest effect is a factor such as `3x`",
                        "it could be read as a level or a rate", "write `up to 3x`")
    return bare


def look_up(rule: RuleText, words: CellWords) -> SourceWord:
    """The word of the rule's source.

    Raises
    ------
    RuleError
        Source or target is not a word of this cell type.
    """
    sources, targets = words.sources(), words.targets()
    if rule.source not in sources:
        raise RuleError(f"`{rule.source}` in `{rule.text}` is not known in the {words.label}",
                        "a rule starts from an agent, a soluble, a signal, a value of a network, a phenotype or "
                        f"cargo of the cell, `{BOUND}CARGO`, `{ENGAGED}CARGO`, `{REPRESSION}MIRNA`, `{TOUCHED}NAME` or "
                        f"`{GRADIENT}SOLUBLE`",
                        "the rule would never act", nearest(rule.source, sources))
    if rule.target not in targets:
        raise RuleError(f"`{rule.target}` in `{rule.text}` cannot be changed in the {words.label}",
                        "a rule changes a rate or activity of the cell's machinery, the production, decay, enrichment, "
                        "secretion or translation of what the cell makes, a reaction (`NETWORK_REACTION`) or a "
                        "transition of phenotypes (`A_to_B`)",
                        "the rule would do nothing", nearest(rule.target, targets))
    return sources[rule.source]


def english(rule: RuleText, words: CellWords, show: Callable[[str], str] = str) -> str:
    """The rule as a sentence; ``show`` turns a number as written into the text to print."""
    subject = words.sources()[rule.source].sentence
    target, is_speed, _ = words.targets()[rule.target]
    up, down = ("gets faster", "gets slower") if is_speed else ("rises", "falls")
    happens = up if rule.verb == "increases" else down
    if rule.added:
        most = f"at most {show(rule.added)} is added"
    elif rule.verb == "increases":
        most = f"at most {show(rule.fold)} times"
    else:
        most = f"down to {show(rule.fold)} times at most"
    return (f"When {subject} rises, {target} {happens}: half of the effect at {show(rule.half_max)}, "
            f"Hill coefficient {show(rule.hill)}, {most}")


def key_of(rule: RuleText) -> str:
    """The key of a rule the user wrote; one per cell, source and target."""
    return f"{rule.cell}_{rule.source}_{rule.verb}_{rule.target}"


def duplicates(keyed: Iterable[tuple[str, RuleText]]) -> list[tuple[str, str]]:
    """Keys of rules that say the same thing: (the later one, the first one)."""
    first: dict[tuple[str, str, str], str] = {}
    found: list[tuple[str, str]] = []
    for key, rule in keyed:
        about = (rule.cell, rule.source, rule.target)
        if about in first:
            found.append((key, first[about]))
        first.setdefault(about, key)
    return found
