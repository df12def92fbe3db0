"""Players: what is turned off together when one asks who did it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vesica.errors import error, nearest
from vesica.interventions import ROUTES
from vesica.spec import contacts as touching
from vesica.spec.gates import CONTACT, SOLUBLE, Gate
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.spec.vocabulary import KIND_LABELS

KEYS: Final = ("channel", "sender", "cargo")
ROUTE: Final = "route"
WHOLE: Final = frozenset({"release", "shedding", "uptake"})  # routes that hold others
LABELS: Final[Mapping[str, str]] = {
    **{str(kind): label for kind, label in KIND_LABELS.items()}, SOLUBLE: "soluble factors", CONTACT: "contact",
}  # fmt: skip


@dataclass(frozen=True)
class Player:
    """What is on or off as one.

    Parameters
    ----------
    name : in words
    off : mapping of path to value
        The numbers that turn it off, whatever the arm says.
    channel, sender, cargo : what it stands for; empty where it is several
    """

    name: str
    off: Mapping[str, float]
    channel: str = ""
    sender: str = ""
    cargo: str = ""


def keys_of(text: str) -> tuple[str, ...]:
    """What `--by` asks for: some of channel, sender and cargo, or route alone.

    Raises
    ------
    InputError
        Anything else.
    """
    words = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    for word in words:
        if word not in (*KEYS, ROUTE):
            raise error("--by", f"`{word}` is nothing that players are told apart by",
                        f"players are told apart by {', '.join(KEYS)}, or by {ROUTE} alone",
                        "nobody would know whom to turn off", nearest(word, (*KEYS, ROUTE)))
    if not words or (ROUTE in words and len(words) > 1):
        raise error("--by", f"`--by {text}`", f"players are told apart by {', '.join(KEYS)}, or by {ROUTE} alone",
                    "senders have channels, and recipients have routes", "write `--by channel,sender`, or `--by route`")
    return tuple(key for key in (*KEYS, ROUTE) if key in words)


def senders(model: ResolvedModel, gates: Iterable[Gate], arms: Sequence[Arm], by: Sequence[str]) -> tuple[Player, ...]:
    """Players by some of channel, sender and cargo.

    Parameters
    ----------
    gates : those with a law alive in one of the arms
    arms : those that are run
    by : some of `KEYS`
    """
    found: dict[tuple[str, ...], dict[str, float]] = {}
    parts = [({"channel": gate.channel, "sender": gate.sender, "cargo": gate.cargo}, {gate.path: 0.0})
             for gate in gates]
    parts += [({"channel": CONTACT, "sender": sender, "cargo": CONTACT}, {path: 0.0})
              for path, sender in contacts(model, arms)]
    for words, off in parts:
        found.setdefault(tuple(words[key] for key in by), {}).update(off)
    players = [Player(_name(dict(zip(by, words, strict=True))), off, **dict(zip(by, words, strict=True)))
               for words, off in found.items()]
    return tuple(sorted(players, key=lambda one: (_place(one.channel), one.sender, one.cargo)))


def contacts(model: ResolvedModel, arms: Sequence[Arm]) -> list[tuple[str, str]]:
    """Paths of contacts between cell types that some arm holds together, each with its sender."""
    found: dict[str, str] = {}
    for arm in arms:
        row = {path: parameter.value for path, parameter in model.parameters.items()} | dict(arm.values)
        touching.settle(model, arm, row)
        for one in model.contacts:
            sides = zip(one.paths, (one.other, one.cell), strict=True)
            found |= {path: sender for path, sender in sides if row[path] > 0}
    return list(found.items())


def routes(model: ResolvedModel, cell: str) -> tuple[Player, ...]:
    """Players by the ways in which a cell answers, whoever sent what it answers to.

    Raises
    ------
    InputError
        No cell type of the model.
    """
    kinds = [one for one in model.cells if one.name == cell]
    if not kinds:
        raise error("--by", f"`--by route` of an effect in `{cell}`", "routes are ways in which a cell answers",
                    "there is no cell whose routes could be blocked", "ask for an effect in a cell, as `neuron.COX2`")
    found = []
    for name, (_, route) in ROUTES.items():
        if name not in WHOLE:
            factors, values = route(model, kinds)
            if factors or values:
                found.append(Player(name.replace("_", " "), {**dict.fromkeys(factors, 0.0), **values}))
    return tuple(found)


def turned_off(players: Sequence[Player], coalition: int) -> dict[str, float]:
    """Numbers that turn off every player that is not in a coalition."""
    return {path: value for place, player in enumerate(players) if not coalition >> place & 1
            for path, value in player.off.items()}


def _place(channel: str) -> int:
    return list(LABELS).index(channel) if channel in LABELS else len(LABELS)


def _name(words: Mapping[str, str]) -> str:
    """``miR_146a in exosomes of astrocyte``, as far as it is known."""
    channel = LABELS.get(words.get("channel", ""), words.get("channel", ""))
    cargo, sender = words.get("cargo", ""), words.get("sender", "")
    if cargo == CONTACT or (cargo and words.get("channel") == CONTACT):
        cargo = ""
        channel = channel or "contact"
    if cargo and words.get("channel") == SOLUBLE:
        channel = f"soluble {cargo}"
    elif cargo:
        channel = f"{cargo} in {channel}" if channel else cargo
    return f"{channel} of {sender}" if channel and sender else channel or sender
