"""Gates: numbers that are one, or zero where what a sender sends by a channel is without effect on everybody.

They exist only in programs made for attribution (`vesica.engine.gates`), where they multiply the laws by which vesicles
and solubles get from a sender into the world of others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vesica.spec.vocabulary import kind_of, sender_of

SOLUBLE: Final = "soluble"
CONTACT: Final = "contact"
GATE: Final = "gate"


@dataclass(frozen=True)
class Gate:
    """One number that opens or closes what a sender sends.

    Parameters
    ----------
    channel : str
        Kind of vesicles (``exosome`` ...) or ``soluble``.
    sender : str
        Cell type, or the preparation that vesicles come from.
    cargo : str
        Cargo of the vesicles, or the soluble; empty for vesicles with all that they carry.
    origin : str
        Class of the vesicles; empty for solubles.
    """

    channel: str
    sender: str
    cargo: str = ""
    origin: str = ""

    @property
    def path(self) -> str:
        """Its path among the parameters."""
        return f"{GATE}.{self.channel} of {self.sender}{f'/{self.cargo}' if self.cargo else ''}"


def of_vesicles(origin: str, cargo: str = "") -> Gate:
    """The gate of a class of vesicles, or of one cargo of it."""
    return Gate(kind_of(origin), sender_of(origin), cargo, origin)


def of_soluble(sender: str, soluble: str) -> Gate:
    """The gate of a soluble that a cell type secretes."""
    return Gate(SOLUBLE, sender, soluble)
