"""What differs between the cell types of two models: what they do, hold and make, their networks and phenotypes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from vesica.analysis.explain import parts
from vesica.analysis.explain.changes import Change, by_name, canonical, fields, sets
from vesica.analysis.numbers import counted
from vesica.spec.cells import CellType, Chain, ChainState, Matrix, Motility, Network, NetworkState, Reaction

_FLAGS: Final[Mapping[str, str]] = {
    "secretes_vesicles": "secretes vesicles", "takes_up_vesicles": "takes up vesicles", "can_die": "can die",
    "sheds_microvesicles": "sheds microvesicles", "forms_apoptotic_vesicles": "turns into apoptotic vesicles",
    "has_ago": "has a pool of Ago",
}  # fmt: skip


def cells(one: Mapping[str, CellType], other: Mapping[str, CellType]) -> Iterator[Change]:
    """Changes of all cell types by name."""
    yield from by_name("Cells", "", one, other, _label, _cell)


def _label(cell: CellType) -> str:
    return cell.label if cell.label != cell.name else ""


def _yes(value: bool) -> str:  # noqa: FBT001 - shown as a word
    return "yes" if value else "no"


def _cell(name: str, one: CellType, other: CellType) -> Iterator[Change]:
    yield from fields("Cells", name, one, other, {flag: (words, _yes) for flag, words in _FLAGS.items()})
    held = {
        "signal": ({item.name for item in one.signals}, {item.name for item in other.signals}),
        "cargo": (one.cargo, other.cargo), "soluble": (one.solubles, other.solubles),
        "targets of": (one.mirna_targets, other.mirna_targets),
        "translation": _pairs(one.translations, other.translations, "to"),
        "ligand": _pairs(one.ligands, other.ligands, "of receptor"),
        "matrix": (_matrix(one.matrix), _matrix(other.matrix)),
        "motility": (_motility(one.motility), _motility(other.motility)),
    }  # fmt: skip
    for kind, (here, there) in held.items():
        yield from sets("Cells", f"{name}: {kind}", here, there)
    needs = {item.name: item.requires for item in other.signals}
    for signal in one.signals:
        if signal.name in needs and needs[signal.name] != signal.requires:
            yield Change("Cells", f"{name}: signal {signal.name} needs", "", signal.requires or "no receptor",
                         needs[signal.name] or "no receptor")
    yield from networks(f"{name}:", one.networks, other.networks)
    yield from by_name("Phenotypes", f"{name}:", _named(one.chains), _named(other.chains), _states, _chain)
    yield from sets("Variability", f"{name}:", *({", ".join(spread.paths) for spread in cell.spreads}
                                                 for cell in (one, other)))


def networks(name: str, one: tuple[Network, ...], other: tuple[Network, ...]) -> Iterator[Change]:
    """What differs between the networks of a cell type, or of the medium."""
    yield from by_name("Networks", name, _named(one), _named(other), _size, _network)


def _named(items: tuple[Network, ...] | tuple[Chain, ...]) -> dict[str, Network | Chain]:
    return {item.name: item for item in items}


def _matrix(matrix: Matrix | None) -> set[str]:
    if matrix is None:
        return set()
    return {"of vesicles", *(f"of {name}" for name in matrix.factors), *(f"cut by {name}" for name in matrix.proteases)}


def _motility(motility: Motility | None) -> set[str]:
    return set() if motility is None else {"crawls", *(f"drawn by {name}" for name in motility.attractants)}


def _pairs(one: tuple[tuple[str, str], ...], other: tuple[tuple[str, str], ...], word: str
           ) -> tuple[set[str], set[str]]:
    return {f"{a} {word} {b}" for a, b in one}, {f"{a} {word} {b}" for a, b in other}


def _size(network: Network) -> str:
    return f"{counted(len(network.states), 'state')}, {counted(len(network.reactions), 'reaction')}"


def _states(chain: Chain) -> str:
    return ", ".join(state.name for state in chain.states)


def _network(name: str, one: Network, other: Network) -> Iterator[Change]:
    group = "Networks"

    def state(title: str, here: NetworkState, there: NetworkState) -> Iterator[Change]:
        yield from fields(group, title, here, there, {"unit": ("unit", str), "compartment": ("compartment", str),
                                                      "has_pulse": ("has a pulse at the start", _yes),
                                                      "has_junction": ("passes gap junctions", _yes)})

    def reaction(title: str, here: Reaction, there: Reaction) -> Iterator[Change]:
        if sorted(here.moves) != sorted(there.moves) or canonical(here.rate) != canonical(there.rate):
            yield Change(group, title, "", parts.reaction_text(here), parts.reaction_text(there))

    hidden = ({item.name: item for item in network.states if item.is_hidden} for network in (one, other))
    steps = [len(found) for found in hidden]
    if steps[0] != steps[1]:
        yield Change(group, f"{name} hidden steps of delays", "", str(steps[0]), str(steps[1]))
    shown = [{item.name: item for item in network.states if not item.is_hidden} for network in (one, other)]
    yield from by_name(group, f"{name} state", shown[0], shown[1], lambda item: item.label, state)
    yield from sets(group, f"{name} constant", one.constants, other.constants)
    values = [{item.name: (canonical(item.value), parts.text_of(item.value)) for item in network.assignments}
              for network in (one, other)]
    yield from by_name(group, f"{name} value", values[0], values[1], lambda item: item[1],
                       lambda title, here, there: [] if here[0] == there[0]
                       else [Change(group, title, "", here[1], there[1])])
    yield from by_name(group, f"{name} reaction", {item.name: item for item in one.reactions},
                       {item.name: item for item in other.reactions}, parts.reaction_text, reaction)
    totals = [{f"{key} = {parts.total(sorted(weights))}" for key, weights in network.conserved}
              for network in (one, other)]
    yield from sets(group, f"{name} proved total", totals[0], totals[1])
    yield from sets(group, f"{name} takes the place of signal", one.provides, other.provides)


def _chain(name: str, one: Chain, other: Chain) -> Iterator[Change]:
    group = "Phenotypes"

    def state(title: str, here: ChainState, there: ChainState) -> Iterator[Change]:
        yield from fields(group, title, here, there, {"dies": ("is death", _yes)})
        yield from sets(group, f"{title} changes", here.owns, there.owns)

    yield from by_name(group, f"{name} state", {item.name: item for item in one.states},
                       {item.name: item for item in other.states}, lambda item: item.label, state)
    yield from fields(group, name, one, other, {"settles": ("starts at rest", _yes)})
    yield from sets(group, f"{name} transition", *({" to ".join(pair) for pair in chain.transitions}
                                                   for chain in (one, other)))
