"""Networks, phenotypes and what else acts inside cells, as lines of text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vesica.analysis.explain.numbers import value_and_range
from vesica.spec.cells import CellType, Chain, Matrix, Network, Reaction, Spread
from vesica.spec.expressions import Expression, written
from vesica.spec.resolved import Parameter

_NUMBER: Final = re.compile(r"(?<![\w.])\d+(\.\d*)?(e[-+]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """One line of a part: what kind of thing, its name, what it says."""

    kind: str
    name: str
    says: str


@dataclass(frozen=True)
class Part:
    """Something that acts in a cell type or in the medium: a network, a chain of phenotypes, what differs by cell."""

    kind: str
    cell: str
    name: str
    label: str = ""
    source: str = ""
    doi: str = ""
    lines: tuple[Line, ...] = ()

    @property
    def title(self) -> str:
        """Heading."""
        where = f" in {self.cell}" if self.cell else ""
        return f"{self.kind} {self.name}".strip() + where


def of_cell(cell: CellType, numbers: Mapping[str, Parameter]) -> tuple[Part, ...]:
    """Everything inside a cell type that is more than machinery, signals and cargo."""
    inside = [of_network(cell.name, network, numbers) for network in cell.networks]
    inside += [_chain(cell.name, chain, numbers) for chain in cell.chains]
    if cell.spreads:
        lines = tuple(_spread(number, spread, numbers) for number, spread in enumerate(cell.spreads))
        inside.append(Part("variability", cell.name, "", "numbers that differ from cell to cell", lines=lines))
    transfer = [Line("mRNA", mrna, f"is translated to {protein}{_at(numbers, f'{cell.name}.{mrna}.translation_rate')}")
                for mrna, protein in cell.translations]
    half = ", half of those in contact at"
    transfer += [Line("ligand", ligand, f"on bound vesicles engages {receptor}"
                      f"{_at(numbers, f'{cell.name}.{ligand}.half_occupancy', half)}")
                 for ligand, receptor in cell.ligands]
    transfer += [Line("Ago", "", "miRNAs load into one pool of Ago and share it")] if cell.has_ago else []
    if transfer:
        inside.append(Part("transfer", cell.name, "", "what received molecules do", lines=tuple(transfer)))
    if cell.matrix is not None:
        lines = tuple(_matrix(cell.name, cell.matrix, numbers))
        inside.append(Part("matrix", cell.name, "", "laid down around the cell, where it stays", lines=lines))
    return tuple(inside)


def _matrix(cell: str, matrix: Matrix, numbers: Mapping[str, Parameter]) -> Iterator[Line]:
    sites = _at(numbers, f"{cell}.matrix_vesicle_sites", "at")
    yield Line("made", "", f"{_at(numbers, f'{cell}.matrix_secretion_rate', '').strip()} by each living cell; loss "
               f"{_at(numbers, f'{cell}.matrix_decay_rate', '').strip()}")
    yield Line("holds", "vesicles", f"of all classes, {sites.strip()}")
    for factor in matrix.factors:
        yield Line("holds", factor, f"{_at(numbers, f'{cell}.{factor}.matrix_sites', 'at').strip()} to a molecule")
    for protease in matrix.proteases:
        rate = _at(numbers, f"{cell}.{protease}.matrix_digestion_rate", "at")
        yield Line("digested by", protease, f"which frees what it holds, {rate.strip()}")


def text_of(tree: Expression) -> str:
    """An expression as a person would write it: ``0.1``, not ``0.10000000000000001``."""
    return _NUMBER.sub(lambda found: f"{float(found[0]):.12g}", written(tree))


def equation(moves: Iterable[tuple[str, int]]) -> str:
    """``2 A -> A2``: what a reaction takes and what it gives, net."""
    def side(sign: int) -> str:
        return " + ".join(f"{abs(n)} {name}" if abs(n) != 1 else name for name, n in moves if n * sign > 0)

    moves = tuple(moves)
    return f"{side(-1)} -> {side(1)}".strip()


def total(weights: Iterable[tuple[str, int]]) -> str:
    """``A + 2 AB``."""
    return " + ".join(f"{n} {name}" if n != 1 else name for name, n in weights).replace("+ -", "- ")


def reaction_text(reaction: Reaction) -> str:
    """A reaction with its rate."""
    label = f"{reaction.label}: " if reaction.label else ""
    return f"{label}{equation(reaction.moves)}, rate {text_of(reaction.rate)}"


def of_network(cell: str, network: Network, numbers: Mapping[str, Parameter]) -> Part:
    """A network of a cell type, or of the ``medium``."""
    return Part("network", cell, network.name, network.label, network.source, network.doi,
                tuple(network_lines(cell, network, numbers)))


def network_lines(cell: str, network: Network, numbers: Mapping[str, Parameter]) -> Iterator[Line]:
    """States, values, reactions and totals of a network; steps of delays are counted, not listed."""
    hidden = {state.name for state in network.states if state.is_hidden}
    for state in network.states:
        if state.name not in hidden:
            where = f" in {state.compartment}" if state.compartment else ""
            start = _at(numbers, f"{cell}.{state.name}.initial", ", from")
            pulse = _at(numbers, f"{cell}.{state.name}.at_start", ", plus") + " at the start" * state.has_pulse
            passes = ", passes gap junctions" if state.has_junction else ""
            yield Line("state", state.name,
                       f"{state.label or 'level'}{where}{start}{pulse if state.has_pulse else ''}{passes}")
    for name in network.constants:
        yield Line("constant", name, _at(numbers, f"{cell}.{network.name}.{name}", "").strip() or "-")
    for one in network.assignments:
        yield Line("value", one.name, f"= {text_of(one.value)}")
    for reaction in network.reactions:
        if not {name for name, _ in reaction.moves} <= hidden or not reaction.moves:
            yield Line("reaction", reaction.name, reaction_text(reaction))
    for name, weights in network.conserved:
        yield Line("total", name, f"{total(weights)} does not change")
    for name in network.provides:
        yield Line("gives", name, "takes the place of the plain signal of that name")
    if hidden:
        yield Line("delays", "", f"{len(hidden)} hidden steps")


def _chain(cell: str, chain: Chain, numbers: Mapping[str, Parameter]) -> Part:
    lines = []
    for state in chain.states:
        share = _at(numbers, f"{cell}.{state.name}.initial", ", share at the start")
        owned = [f"{name}{_at(numbers, f'{cell}.{state.name}.{name}', ' times')}" for name in state.owns]
        dies = ", entering it is death" if state.dies else ""
        lines.append(Line("state", state.name, f"{state.label or state.name}{share}{dies}"
                          + (f"; changes {', '.join(owned)}" if owned else "")))
    lines += [Line("transition", f"{one} -> {other}",
                   _at(numbers, f"{cell}.{one}_to_{other}.hazard", "hazard").strip() or "hazard by rules alone")
              for one, other in chain.transitions]
    if chain.settles:
        lines.append(Line("start", "", "cells stand at the rest of the chain when a run begins"))
    return Part("phenotypes", cell, chain.name, chain.label, lines=tuple(lines))


def _spread(number: int, spread: Spread, numbers: Mapping[str, Parameter]) -> Line:
    variations = [value_and_range(numbers[path])[0] if path in numbers else path for path in spread.variations]
    together = f", correlation{_at(numbers, spread.correlation, '')}" if spread.correlation else ""
    together = together or (", together" if len(spread.paths) > 1 else "")
    return Line("spread", str(number), f"{', '.join(spread.paths)}: log-normal, coefficient of variation "
                f"{', '.join(dict.fromkeys(variations))}{together}")


def _at(numbers: Mapping[str, Parameter], path: str, before: str = ",") -> str:
    """`` before VALUE``, or nothing where the number is not part of the model."""
    return f"{before} {value_and_range(numbers[path])[0]}" if path in numbers else ""


def of_words(cell: str, name: str, words: Mapping[str, Any]) -> Part:
    """A network of the library, which is words with ``@id`` for numbers."""
    lines = [Line("state", state, _said(said)) for state, said in words.get("states", {}).items()]
    lines += [Line("compartment", key, str(said)) for key, said in words.get("compartments", {}).items()]
    lines += [Line("constant", key, str(said)) for key, said in words.get("constants", {}).items()]
    lines += [Line("value", key, f"= {said}") for key, said in words.get("assignments", {}).items()]
    lines += [Line("reaction", key, _said(said)) for key, said in words.get("reactions", {}).items()]
    lines += [Line("total", key, f"{' + '.join(said)} does not change")
              for key, said in words.get("conserved", {}).items()]
    lines += [Line("gives", key, "takes the place of the plain signal of that name") for key in
              words.get("provides", ())]
    lines += [Line("rule", "", str(said)) for said in words.get("rules", ())]
    lines += [Line("SBML", "", str(words["sbml"]))] if "sbml" in words else []
    return Part("network", cell, name, *(str(words.get(key, "")) for key in ("label", "source", "doi")),
                lines=tuple(lines))


def of_chain_words(cell: str, name: str, words: Mapping[str, Any]) -> Part:
    """A chain of phenotypes of the library."""
    lines = [Line("state", key, _said(said)) for key, said in words.get("states", {}).items()]
    lines += [Line("transition", key.replace("_to_", " -> "), str(said))
              for key, said in words.get("transitions", {}).items()]
    return Part("phenotypes", cell, name, str(words.get("label", "")), lines=tuple(lines))


def _said(said: Any) -> str:
    """Words as they stand: ``equation`` first and without its key."""
    if not isinstance(said, Mapping):
        return str(said)
    rest = {key: value for key, value in said.items() if key not in ("equation", "label")}
    shown = ", ".join(f"{key} {_flat(value)}" for key, value in rest.items())
    return ", ".join(part for part in (str(said.get("label", "")), str(said.get("equation", "")), shown) if part)


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {item}" for key, item in value.items())
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
