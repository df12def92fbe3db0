"""What a laboratory's own controls would say of a channel, beside what it does; and where the difference comes from.

With D what all channels bring, a control C that is taken to measure a channel reports (E - E_C) / D. Runs in which the
channel is off as well split that into three, exactly: what the channel does, ``(E - E_off) / D``; less what still comes
by it under the control, ``(E_C - E_C,off) / D``; and what the control does besides, ``(E_off - E_C,off) / D``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vesica.analysis.attribution.players import LABELS
from vesica.analysis.numbers import number, percent
from vesica.spec.gates import CONTACT, SOLUBLE, Gate
from vesica.spec.vocabulary import APOPTOTIC, EXOSOME, MICROVESICLE

VESICLES: Final = (EXOSOME, MICROVESICLE, APOPTOTIC, "prepared")
DOSED: Final = "doses"  # in place of the key of a quantity: the share of its source that an arm's doses are
FEMTOMOLAR: Final = 6e-7  # molecule/um^3: so little of a soluble is nobody's message
LARGEST: Final = 1e3  # of a change that leaves nothing, on a scale of logarithms
SEEN: Final = 0.01  # of what all channels bring: a difference that is worth a word
TOLD: Final = 2e-3  # relative change of a quantity that may be its reason
TWICE: Final = 1.2  # changes from here on are told as folds
WORDS: Final = 2  # of reasons of each kind
Looked = Mapping[tuple[str, str], float]  # (arm, key of a quantity) -> value


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
    everywhere : whether all dishes get it, not those of the senders alone
    depletes : share of the vesicles that is taken out of a dose
    transwell : whether recipients stand below a membrane with pores, and all others on it
    """

    name: str
    says: str
    measures: str
    channels: tuple[str, ...]
    cargo: str = ""
    interventions: tuple[Mapping[str, str], ...] = ()
    everywhere: bool = False
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
    Control("anti-TNF", "an antibody to TNF, 10 ug/mL in all dishes", "soluble TNF", (SOLUBLE,), "TNF",
            interventions=({"inhibitor": "anti_TNF", "concentration": "10 ug/mL"},), everywhere=True),
    Control("apyrase", "apyrase 100 ug/mL in all dishes", "soluble ATP", (SOLUBLE,), "ATP",
            interventions=({"inhibitor": "apyrase", "concentration": "100 ug/mL"},), everywhere=True),
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


def reading(control: Control, whole: float, none: float, off: float, under: tuple[float, float]) -> Reading:
    """From the values of an effect.

    Parameters
    ----------
    whole, none, off : with everything, without any channel, and with the channel off
    under : under the control, and under the control with the channel off
    """
    brought = whole - none
    return Reading(control, (whole - under[0]) / brought, (whole - off) / brought, (under[0] - under[1]) / brought,
                   (off - under[1]) / brought)


def reasons(control: Control, here: str, before: Looked, after: Looked, *, of_target: bool) -> list[str]:
    """What a control leaves of its target, most of it first; or what else it changed, what changed most first.

    Parameters
    ----------
    here : the arm that is looked at; others are named
    before, after : without and with the control
    """
    found = []
    for (arm, key), old in before.items():
        new = after.get((arm, key), 0.0)
        is_target, what = _told(control, key, "" if arm == here else f" of `{arm}`")
        if is_target != of_target or old <= (FEMTOMOLAR if key.startswith("medium.") else 0.0):
            continue
        if of_target or abs(new / old - 1.0) >= TOLD:
            far = math.inf if key == DOSED else abs(math.log(new / old)) if new > 0 else LARGEST
            found.append((-new / old if of_target else -far, _change(what, new / old, is_target=is_target)))
    return list(dict.fromkeys(words for _, words in sorted(found)))[:WORDS]


def _told(control: Control, key: str, where: str) -> tuple[bool, str]:
    """Whether a quantity is what a control aims at, and its name in words."""
    owner, _, what = key.partition(".")
    if key == DOSED:
        return False, "the volume of medium that makes up a dose of so many particles"
    if owner == "medium":
        is_target = SOLUBLE in control.channels and control.cargo in ("", what)
        return is_target, f"{what} in the medium{where}"
    if what == "taken_up_per_cell":
        return False, f"uptake by the {owner}"
    if not what.endswith("_per_cell_per_hour"):
        return False, f"{what} in the {owner}"
    kind = next((kind for kind in VESICLES if what.startswith(LABELS.get(kind, kind).replace(" ", "_"))), EXOSOME)
    return kind in control.channels, f"the {LABELS.get(kind, kind)} of the {owner}"


def _change(what: str, ratio: float, *, is_target: bool) -> str:
    if is_target and ratio <= 1.0 + TOLD:
        return f"it leaves {percent(min(ratio, 1.0))} of {what}"
    if ratio > TWICE:
        return f"it raises {what} {number(ratio, 2)}-fold"
    if ratio > 1.0:
        return f"it raises {what} by {percent(ratio - 1.0)}"
    return f"it lowers {what} to {percent(ratio)}"
