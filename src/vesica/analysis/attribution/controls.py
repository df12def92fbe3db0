"""What a laboratory's own controls would say of a channel, beside what it does; and where the difference comes from.

With D what all channels bring, a control C that is taken to measure a channel reports (E - E_C) / D. Runs in which the
channel is off as well split that into three, exactly: what the channel does, ``(E - E_off) / D``; less what still comes
by it under the control, ``(E_C - E_C,off) / D``; and what the control does besides, ``(E_off - E_C,off) / D``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vesica.analysis.attribution.players import LABELS
from vesica.analysis.numbers import number, percent
from vesica.spec.gates import CONTACT, SOLUBLE, Gate
from vesica.spec.vocabulary import APOPTOTIC, EXOSOME, MICROVESICLE

VESICLES: Final = (EXOSOME, MICROVESICLE, APOPTOTIC, "prepared")
SEEN: Final = 0.01  # relative change of a side effect that is worth a word
WORDS: Final = 2  # of reasons of each kind


@dataclass(frozen=True)
class Control:
    """A control as laboratories do it.

    Parameters
    ----------
    name : of the row
    says : what is done
    measures : what the difference is taken for, in words
    channels, cargo : of the gates that close what it is taken to measure; any cargo where none is given
    interventions : what senders get, in the words of a model file
    parameters : numbers that all cells get, in the same words
    depletes : share of the vesicles that is taken out of a dose
    transwell : whether recipients stand below a membrane with pores, and all others on it
    """

    name: str
    says: str
    measures: str
    channels: tuple[str, ...]
    cargo: str = ""
    interventions: tuple[Mapping[str, str], ...] = ()
    parameters: Mapping[str, str] | None = None
    depletes: float = 0.0
    transwell: bool = False

    def closes(self, gate: Gate) -> bool:
        """Whether a gate is part of what it is taken to measure."""
        return gate.channel in self.channels and (not self.cargo or gate.cargo == self.cargo)


CONTROLS: Final = (
    Control("GW4869", "GW4869 10 uM on the senders", "exosomes", (EXOSOME,),
            interventions=({"inhibitor": "GW4869", "concentration": "10 uM"},)),
    Control("Rab27a", "Rab27a knocked down to 10 % in the senders", "exosomes", (EXOSOME,),
            interventions=({"knock_down": "Rab27a", "to": "10 %"},)),
    Control("EV depletion", "99 % of the vesicles taken out of the dose", "all vesicles", VESICLES, depletes=0.99),
    Control("transwell", "recipients below a membrane with pores of 0.4 um", "contact", (CONTACT,), transwell=True),
    Control("brefeldin A", "brefeldin A 5 uM on the senders", "soluble factors", (SOLUBLE,),
            interventions=({"inhibitor": "brefeldin_A", "concentration": "5 uM"},)),
    Control("anti-TNF", "a trap that takes TNF out of the medium within a second", "soluble TNF", (SOLUBLE,), "TNF",
            parameters={"TNF.decay_rate": "1e4 1/h"}),
    Control("apyrase", "ATP in the medium split within a second", "soluble ATP", (SOLUBLE,), "ATP",
            parameters={"ATP.decay_rate": "1e4 1/h"}),
)


@dataclass(frozen=True)
class Reading:
    """What a control would report for one effect; shares of what all channels bring.

    Parameters
    ----------
    control : Control
    reported : what the laboratory would say
    true : what is lost when the channel alone is off
    left : what still comes by the channel under the control
    besides : what the control changes although the channel is off
    reasons : what the control did to the senders and the recipient, from the runs
    absent : why it cannot be done here; then there are no numbers
    """

    control: Control
    reported: float | None = None
    true: float | None = None
    left: float | None = None
    besides: float | None = None
    reasons: tuple[str, ...] = ()
    absent: str = ""

    @property
    def sentence(self) -> str:
        """The reading and why it differs, in words."""
        if self.reported is None or self.true is None or self.left is None or self.besides is None:
            return f"{self.control.name}: not done, {self.absent}."
        them = "them" if self.control.measures.endswith("s") else "it"
        parts = []
        if abs(self.left) >= SEEN:
            parts.append(f"{percent_of(self.left)} still comes by {them}")
        if abs(self.besides) >= SEEN:
            parts.append(f"{percent_of(self.besides)} is what it does besides")
        why = f": {', '.join(parts)}" if parts else ""
        because = f" ({'; '.join(self.reasons)})" if self.reasons else ""
        return (f"{self.control.name} would report {percent_of(self.reported)} for {self.control.measures}; turning "
                f"{them} off takes {percent_of(self.true)}{why}{because}.")

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"control": self.control.name, "says": self.control.says, "measures": self.control.measures,
                "reported": self.reported, "true": self.true, "left": self.left, "besides": self.besides,
                "reasons": list(self.reasons), "not_done": self.absent}


def percent_of(share: float) -> str:
    """A share with a sign, as per cent; less than a twentieth of one is none."""
    if abs(share) < 5e-4:
        return "0 %"
    return percent(share) if share >= 0 else f"−{percent(-share)}"


def reading(control: Control, whole: float, none: float, off: float, under: tuple[float, float],
            reasons: Sequence[str]) -> Reading:
    """From the values of an effect.

    Parameters
    ----------
    whole, none, off : with everything, without any channel, and with the channel off
    under : under the control, and under the control with the channel off
    """
    brought = whole - none
    return Reading(control, (whole - under[0]) / brought, (whole - off) / brought, (under[0] - under[1]) / brought,
                   (off - under[1]) / brought, tuple(reasons))


def reasons(control: Control, before: Mapping[tuple[str, str], float], after: Mapping[tuple[str, str], float]
            ) -> list[str]:
    """What a control changed, the target first, then what changed most.

    Parameters
    ----------
    before, after : mapping of (arm, key of a quantity) to value, without and with the control
    """
    found: dict[bool, list[tuple[float, str]]] = {True: [], False: []}
    for where, old in before.items():
        new = after.get(where, 0.0)
        if old > 0 and abs(new / old - 1.0) >= SEEN:
            is_target, what = _told(control, where[1])
            far = abs(math.log(new / old)) if new > 0 else math.inf
            found[is_target].append((-far, _change(what, new / old, is_target=is_target)))
    return [words for is_target in (True, False)
            for words in list(dict.fromkeys(words for _, words in sorted(found[is_target])))[:WORDS]]


def _told(control: Control, key: str) -> tuple[bool, str]:
    """Whether a quantity is what a control aims at, and its name in words."""
    owner, _, what = key.partition(".")
    if owner == "medium":
        is_target = SOLUBLE in control.channels and control.cargo in ("", what)
        return is_target, f"{what} in the medium"
    if what == "taken_up_per_cell":
        return False, f"uptake by the {owner}"
    if not what.endswith("_per_cell_per_hour"):
        return False, f"{what} in the {owner}"
    kind = next((kind for kind in VESICLES if what.startswith(LABELS.get(kind, kind).replace(" ", "_"))), EXOSOME)
    return kind in control.channels, f"the {LABELS.get(kind, kind)} of the {owner}"


def _change(what: str, ratio: float, *, is_target: bool) -> str:
    if is_target and ratio < 1.0:
        return f"it leaves {percent(ratio)} of {what}"
    if ratio > 1.0:
        return f"it raises {what} {number(ratio, 2)}-fold"
    return f"it lowers {what} to {percent(ratio)}"
