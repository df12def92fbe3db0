"""Numbers of the medium: what fresh medium holds, what evaporates, what comes in by a wall of a space."""

from __future__ import annotations

from collections.abc import Sequence

from vesica.library import Library
from vesica.spec.arms import conditions
from vesica.spec.exposures import AgentExposure
from vesica.spec.model import AgentSpec, ModelSpec
from vesica.spec.quantities import Given, Notes
from vesica.spec.vocabulary import AGENT, AGENT_IN_SPACE, MEDIUM, SOLUBLE, SOLUBLE_FRESH, Field


def expected(spec: ModelSpec, solubles: tuple[str, ...]) -> dict[str, Field]:
    """Every parameter of the medium, by path."""
    paths = {f"medium.{name}": field for name, field in MEDIUM.items()}
    paths |= {f"{soluble}.{name}": field for soluble in solubles for name, field in SOLUBLE.items()}
    paths |= {f"{soluble}.{name}": field for soluble in solubles if soluble in spec.medium.contents
              for name, field in SOLUBLE_FRESH.items()}
    paths |= {f"{agent}.{name}": field for agent in at_a_face(spec) for name, field in AGENT_IN_SPACE.items()}
    return paths | {f"{agent}.{name}": field for agent, said in spec.agents.items()
                    if said.evaporation_rate is not None for name, field in AGENT.items()}


def at_a_face(spec: ModelSpec) -> tuple[str, ...]:
    """Agents that stand at a wall of a space and come in from there."""
    return tuple(sorted({item.agent for condition in conditions(spec) for _, item in condition.exposures
                         if isinstance(item, AgentExposure) and item.face is not None}))


def _of_agents(spec: ModelSpec, library: Library) -> dict[str, Given]:
    """How agents move that come in by a wall: what does not decay by itself is taken up, or leaves."""
    found: dict[str, Given] = {}
    for agent in at_a_face(spec):
        said, entry = spec.agents.get(agent, AgentSpec()), library.agents.get(agent)
        found[f"{agent}.decay_rate"] = Given("0 1/s", "default")
        for name in AGENT_IN_SPACE:
            if entry is not None and getattr(entry, name):
                found[f"{agent}.{name}"] = Given(f"@{getattr(entry, name)}", f"library:{agent}")
            if getattr(said, name) is not None:
                found[f"{agent}.{name}"] = Given(getattr(said, name), f"agents.{agent}.{name}")
    return found


def numbers(spec: ModelSpec, library: Library, solubles: Sequence[str], notes: Notes) -> dict[str, Given]:
    """What the file says of fresh medium, and of agents that evaporate or come in by a wall, by path."""
    for name in spec.medium.contents:
        if name not in solubles:
            notes.unknown(f"medium.contents.{name}", "soluble of this model", name, solubles,
                          "nothing would follow what becomes of it")
    found = {f"{name}.in_fresh_medium": Given(level, f"medium.contents.{name}")
             for name, level in spec.medium.contents.items() if name in solubles}
    found |= _of_agents(spec, library)
    return found | {f"{name}.evaporation_rate": Given(said.evaporation_rate, f"agents.{name}.evaporation_rate")
                    for name, said in spec.agents.items() if said.evaporation_rate is not None}
