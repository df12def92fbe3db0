"""Numbers of the medium: what fresh medium holds, and what evaporates."""

from __future__ import annotations

from collections.abc import Sequence

from vesica.spec.model import ModelSpec
from vesica.spec.quantities import Given, Notes
from vesica.spec.vocabulary import AGENT, MEDIUM, SOLUBLE, SOLUBLE_FRESH, Field


def expected(spec: ModelSpec, solubles: tuple[str, ...]) -> dict[str, Field]:
    """Every parameter of the medium, by path."""
    paths = {f"medium.{name}": field for name, field in MEDIUM.items()}
    paths |= {f"{soluble}.{name}": field for soluble in solubles for name, field in SOLUBLE.items()}
    paths |= {f"{soluble}.{name}": field for soluble in solubles if soluble in spec.medium.contents
              for name, field in SOLUBLE_FRESH.items()}
    return paths | {f"{agent}.{name}": field for agent, said in spec.agents.items()
                    if said.evaporation_rate is not None for name, field in AGENT.items()}


def numbers(spec: ModelSpec, solubles: Sequence[str], notes: Notes) -> dict[str, Given]:
    """What the file says of fresh medium, and of agents that evaporate, by path."""
    for name in spec.medium.contents:
        if name not in solubles:
            notes.unknown(f"medium.contents.{name}", "soluble of this model", name, solubles,
                          "nothing would follow what becomes of it")
    found = {f"{name}.in_fresh_medium": Given(level, f"medium.contents.{name}")
             for name, level in spec.medium.contents.items() if name in solubles}
    return found | {f"{name}.evaporation_rate": Given(said.evaporation_rate, f"agents.{name}.evaporation_rate")
                    for name, said in spec.agents.items() if said.evaporation_rate is not None}
