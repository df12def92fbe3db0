"""Names of values, and rates as the rules leave them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from vesica.engine import contact, drugs
from vesica.engine.table import LITERAL, ONE, TableBuilder
from vesica.spec.cells import CellType, Chain
from vesica.spec.resolved import ResolvedModel
from vesica.spec.rule_words import GRADIENT, MATRIX, TOUCHED
from vesica.spec.vocabulary import sender_of

NOTHING: Final = f"{LITERAL}{0.0!r}"


def ago_token(cell: str) -> str:
    """Name of the account of a cell's Ago."""
    return f"Ago of {cell}"


@dataclass(frozen=True)
class Content:
    """What travels with a vesicle: itself, or one cargo. ``suffix`` ends its pools' names."""

    suffix: str
    token: str
    unit: str
    label: str
    cargo: str | None
    frees: str = ""  # soluble that it becomes when its vesicle bursts in the medium


@dataclass(frozen=True)
class Names:
    """Looks up values of a model while its table is being built."""

    model: ResolvedModel
    table: TableBuilder
    _rules: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def contents(self, origin: str | None = None) -> Iterator[Content]:
        """The vesicle itself, then each cargo: those that a class can carry, or all of the model."""
        yield Content("", "vesicle", "vesicle", "vesicles", None)
        for cargo in self.model.cargo if origin is None else self.model.carried(origin):
            yield Content(f"/{cargo.name}", f"cargo {cargo.name}", "molecule", cargo.label or cargo.name, cargo.name,
                          cargo.frees)

    def made(self, origin: str) -> Iterator[Content]:
        """What a cell puts into vesicles of a class: no dye."""
        return (one for one in self.contents(origin) if one.cargo is None or self.kind(one.cargo) != "dye")

    def carriers(self, cargo: str) -> tuple[str, ...]:
        """Classes of vesicles that can carry a cargo."""
        return tuple(origin for origin in self.origins
                     if any(one.name == cargo for one in self.model.carried(origin)))

    def rate(self, cell: str, name: str, base: str | None = None, within: str = "") -> str:
        """Value name of a rate of a cell: (base + what rules add) x factors of rules, of phenotypes, of drugs.

        ``within`` a phenotype it is that of the cells that are in it; otherwise the mean over living cells.
        """
        value = base or f"{cell}.{name}"
        end = f"@{within}" if within else ""
        here = [rule for rule in self.model.rules if rule.cell == cell and rule.target == name]
        for rule in sorted(here, key=lambda rule: not rule.adds):  # stable: the order of the rules otherwise
            source = self._certain(cell, rule.source, within) or self.source(cell, rule.source)
            numbers = (rule.strength, source, f"rule.{rule.key}.half_max",
                       f"rule.{rule.key}.hill")
            kernel = "added" if rule.adds else "modulated"
            value = self.table.assign(f"{cell}.{name}{end}|{rule.key}", kernel, value, *numbers)
        for chain in self.cell(cell).chains:
            if any(name in state.owns for state in chain.living):
                factor = self._owned(cell, chain, name, within)
                value = self.table.assign(f"{cell}.{name}{end}*{chain.name}", "product", value, factor)
        return self.drugged(cell, name, value, end)

    def drugged(self, owner: str, name: str, value: str, end: str = "") -> str:
        """Value name of a rate of a cell as drugs leave it; ``value`` is the rate without them."""
        return drugs.drugged(self.model, self.table, owner, name, value, end)

    def modified(self, cell: str, name: str, factors: tuple[str, ...]) -> tuple[str, ...]:
        """Factors of a rate after all that changes it; as they are where nothing does."""
        owned = any(name in state.owns for chain in self.cell(cell).chains for state in chain.living)
        owned |= any(drugs.acting_on(self.model, cell, name))
        if not owned and not any(rule.cell == cell and rule.target == name for rule in self.model.rules):
            return factors
        base, *rest = factors or (self.table.derive(f"{LITERAL}{1.0!r}"),)
        for factor in rest:
            base = self.table.assign(f"product({base}, {factor})", "product", base, factor)
        return (self.rate(cell, name, base),)

    def _owned(self, cell: str, chain: Chain, name: str, within: str) -> str:
        """Value name of the factor of a chain on a rate."""
        factor = self.table.derive(NOTHING)
        for state in chain.living:
            own = f"{cell}.{state.name}.{name}" if name in state.owns else ONE
            if state.name == within:
                return own
            share = self.living(cell, f"{cell}.{state.name}")
            factor = self.table.assign(f"{cell}.{name}*{chain.name}.{state.name}", "owned_factor", factor, share, own)
        return factor

    def _certain(self, cell: str, state: str, within: str) -> str:
        """Value name of the share in a phenotype among cells of which one of the same chain is known, or nothing."""
        chain = next(({one.name for one in chain.states} for chain in self.cell(cell).chains
                      if any(one.name == within for one in chain.states)), set())  # fmt: skip
        return "" if state not in chain else ONE if state == within else self.table.derive(NOTHING)

    def source(self, cell: str, source: str) -> str:
        """Value name of a word of a cell: what its rules and expressions read."""
        if source in self.model.agents:
            return f"agent.{source}"
        if source in self.model.solubles:
            return self.concentration(source)
        if composed := self._composed(cell, source):
            return composed
        here, of = f"{cell}.{source}", self.cell(cell)
        if source == "alive" and not of.can_die:
            return self.table.derive("one")
        is_held = source in of.cargo or any(source == state.name for chain in of.chains for state in chain.states)
        return self.living(cell, here) if is_held else here

    def _composed(self, cell: str, word: str) -> str:
        """Value name of a word that is made of a place and a name, or nothing."""
        place, _, cargo = word.partition("_")
        value = ""
        if word.startswith(TOUCHED):
            value = contact.touched(self, cell, word.removeprefix(TOUCHED))
        elif word.startswith(GRADIENT):
            value = contact.gradient(self, cell, word.removeprefix(GRADIENT))
        elif place == MATRIX and (matrix := self.cell(cell).matrix) is not None:  # it outlives cells: none is living
            value = f"{cell}.{cargo}_in_matrix" if cargo in matrix.factors else f"{cell}.{MATRIX}"
            value = self.bound(cell, cargo, place) if cargo and cargo not in matrix.factors else value
        elif place in ("bound", "inside") and cargo:
            value = self.living(cell, self.bound(cell, cargo, place))
        elif word.startswith("engaged_"):
            value = self.engaged(cell, word.removeprefix("engaged_"))
        elif word.startswith("repression_by_"):
            mirna = word.removeprefix("repression_by_")
            free, held = f"{cell}.{mirna}_target", f"{cell}.{mirna}_repressed"
            value = self.table.assign(f"{cell}.{word}", "repressed_share", held, free)
        return value

    def living(self, cell: str, amount: str) -> str:
        """Value name of an amount per living cell; pools hold amounts per cell at the start."""
        if not self.cell(cell).can_die:
            return amount
        return self.table.assign(f"{amount} in the living", "per_living", amount, f"{cell}.alive")

    def alive(self, cell: str) -> tuple[str, ...]:
        """The share alive as a factor of what each living cell does; nothing where all live."""
        return (f"{cell}.alive",) if self.cell(cell).can_die else ()

    def cell(self, name: str) -> CellType:
        """The cell type of that name."""
        return next(cell for cell in self.model.cells if cell.name == name)

    def concentration(self, soluble: str) -> str:
        """Value name of the concentration of a factor in the medium."""
        volume = self.table.derive("medium.volume")
        return self.table.assign(f"medium.{soluble}_concentration", "concentration", f"medium.{soluble}", volume)

    def bound(self, cell: str, cargo: str | None = None, place: str = "bound") -> str:
        """Value name of the vesicles ``bound`` on one cell or ``inside`` it, or of their copies of a cargo."""
        origins = self.origins if cargo is None else self.carriers(cargo)
        if not origins:
            return self.table.derive("zero")
        parts = [f"{cell}.{place}:{origin}{f'/{cargo}' if cargo else ''}" for origin in origins]
        value = parts[0]
        for part in parts[1:]:
            value = self.table.assign(f"{value}+{part}", "total", value, part)
        return value

    def on_free_vesicles(self, cargo: str) -> str:
        """Value name of the copies of a cargo on free vesicles of all classes, per volume of medium."""
        value = ""
        for origin in self.carriers(cargo):
            here = f"medium.free:{origin}/{cargo}"
            value = self.table.assign(f"{value}+{here}", "total", value, here) if value else here
        volume = self.table.derive("medium.volume")
        return self.table.assign(f"medium.free_{cargo}", "concentration", value or self.table.derive("zero"), volume)

    def engaged(self, cell: str, ligand: str) -> str:
        """Value name of the vesicles bound on a living cell with a ligand engaged, over all origins that carry it."""
        receptor = f"{cell}.{dict(self.cell(cell).ligands)[ligand]}"
        numbers = (self.living(cell, receptor), f"{cell}.{ligand}.half_occupancy", self.table.derive("one_copy"))
        value = ""
        for origin in self.carriers(ligand):
            bound = f"{cell}.bound:{origin}"
            here = self.table.assign(f"{cell}.engaged:{origin}/{ligand}", "engaged_vesicles", self.living(cell, bound),
                                     self.living(cell, f"{bound}/{ligand}"), *numbers)
            value = self.table.assign(f"{value}+{here}", "total", value, here) if value else here
        return value or self.table.derive("zero")

    @property
    def origins(self) -> tuple[str, ...]:
        """Classes of vesicles: cell types that secrete exosomes, and what else cells shed."""
        return self.model.origins

    def loading(self, origin: str, cargo: str, enrichment: str) -> str:
        """Value name of the copies per vesicle of a class for each copy in the cell."""
        cell, one = sender_of(origin), self.table.derive("one")
        topology = next(known.topology for known in self.model.cargo if known.name == cargo)
        if topology == "lumen":
            size, room = self.table.derive(f"{origin}.lumen_volume"), f"{cell}.cell_volume"
        else:
            size, room = self.table.derive(f"{origin}.vesicle_area"), f"{cell}.membrane_area"
        return self.table.assign(f"{origin}.{cargo}_loading", f"{topology}_loading", enrichment, size, room, one)

    def kind(self, cargo: str) -> str:
        """Kind of a cargo of the model."""
        return next(entry.kind for entry in self.model.cargo if entry.name == cargo)

    def uses_ago(self, cell: CellType, cargo: str) -> bool:
        """Whether it is a miRNA of the cell that must be loaded into the cell's Ago."""
        return cell.has_ago and self.holds(cell, cargo) and self.kind(cargo) == "mirna"

    def freed(self, cell: CellType, cargo: str) -> dict[str, int]:
        """Moves of what stays behind when a copy of the cell's own cargo goes: the Ago of a miRNA."""
        return {f"{cell.name}.ago": 1} if self.uses_ago(cell, cargo) else {}

    def changed(self, cell: CellType, cargo: str, count: int) -> dict[str, int]:
        """Moves of copies of the cell's own cargo that come into being, or go."""
        if count > 0:
            return {self.entry(cell, cargo): count}
        return {f"{cell.name}.{cargo}": count} | dict.fromkeys(self.freed(cell, cargo), -count)

    def entry(self, cell: CellType, cargo: str) -> str:
        """Pool of the cell that new copies of a cargo come into: of a miRNA that must be loaded, the duplex."""
        return f"{cell.name}.{cargo}" + ("_duplex" if self.uses_ago(cell, cargo) else "")

    def holds(self, cell: CellType, cargo: str) -> bool:
        """Whether the cell has a pool of that cargo of its own."""
        return cargo in cell.cargo
