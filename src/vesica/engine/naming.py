"""Names of values, and rates as the rules leave them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from vesica.engine.table import LITERAL, ONE, TableBuilder
from vesica.spec.resolved import CellType, Chain, ResolvedModel
from vesica.spec.vocabulary import sender_of


@dataclass(frozen=True)
class Content:
    """What travels with a vesicle: itself, or one cargo. ``suffix`` ends its pools' names."""

    suffix: str
    token: str
    unit: str
    label: str
    cargo: str | None


@dataclass(frozen=True)
class Names:
    """Looks up values of a model while its table is being built."""

    model: ResolvedModel
    table: TableBuilder
    _rules: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def contents(self) -> Iterator[Content]:
        """The vesicle itself, then each cargo."""
        yield Content("", "vesicle", "vesicle", "vesicles", None)
        for cargo in self.model.cargo:
            yield Content(f"/{cargo.name}", f"cargo {cargo.name}", "molecule", cargo.label or cargo.name, cargo.name)

    def rate(self, cell: str, name: str, base: str | None = None, within: str = "") -> str:
        """Value name of a rate of a cell: (base + what rules add) x their factors x those of phenotypes that own it.

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
        return value

    def modified(self, cell: str, name: str, factors: tuple[str, ...]) -> tuple[str, ...]:
        """Factors of a rate after all that changes it; as they are where nothing does."""
        owned = any(name in state.owns for chain in self.cell(cell).chains for state in chain.living)
        if not owned and not any(rule.cell == cell and rule.target == name for rule in self.model.rules):
            return factors
        base, *rest = factors or (self.table.derive(f"{LITERAL}{1.0!r}"),)
        for factor in rest:
            base = self.table.assign(f"product({base}, {factor})", "product", base, factor)
        return (self.rate(cell, name, base),)

    def _owned(self, cell: str, chain: Chain, name: str, within: str) -> str:
        """Value name of the factor of a chain on a rate."""
        factor = self.table.derive("zero")
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
        return "" if state not in chain else ONE if state == within else self.table.derive("zero")

    def source(self, cell: str, source: str) -> str:
        """Value name of a word of a cell: what its rules and expressions read."""
        if source in self.model.agents:
            return f"agent.{source}"
        if source in self.model.solubles:
            return self.concentration(source)
        if source.startswith("bound_"):
            return self.living(cell, self.bound(cell, f"/{source.removeprefix('bound_')}"))
        if source.startswith("repression_by_"):
            mirna = source.removeprefix("repression_by_")
            free, held = f"{cell}.{mirna}_target", f"{cell}.{mirna}_repressed"
            return self.table.assign(f"{cell}.{source}", "repressed_share", held, free)
        here, of = f"{cell}.{source}", self.cell(cell)
        if source == "alive" and not of.can_die:
            return self.table.derive("one")
        is_held = source in of.cargo or any(source == state.name for chain in of.chains for state in chain.states)
        return self.living(cell, here) if is_held else here

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

    def bound(self, cell: str, suffix: str) -> str:
        """Value name of what is bound on one cell, over all origins."""
        if not self.origins:
            return self.table.derive("zero")
        parts = [f"{cell}.bound:{origin}{suffix}" for origin in self.origins]
        value = parts[0]
        for part in parts[1:]:
            value = self.table.assign(f"{value}+{part}", "total", value, part)
        return value

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

    def holds(self, cell: CellType, cargo: str) -> bool:
        """Whether the cell has a pool of that cargo of its own."""
        return cargo in cell.cargo
