"""Names of values, and rates as the rules leave them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from vesica.engine.table import TableBuilder
from vesica.spec.resolved import CellType, ResolvedModel
from vesica.spec.vocabulary import sender_of


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

    def carriers(self, cargo: str) -> tuple[str, ...]:
        """Classes of vesicles that can carry a cargo."""
        return tuple(origin for origin in self.origins if self.holds(self.cell(sender_of(origin)), cargo))

    def rate(self, cell: str, name: str, base: str | None = None) -> str:
        """Value name of a rate of a cell, after every rule that changes it."""
        value = base or f"{cell}.{name}"
        for rule in self.model.rules:
            if rule.cell == cell and rule.target == name:
                source = self.source(cell, rule.source)
                numbers = (f"rule.{rule.key}.fold", source, f"rule.{rule.key}.half_max", f"rule.{rule.key}.hill")
                value = self.table.assign(f"{cell}.{name}|{rule.key}", "modulated", value, *numbers)
        return value

    def source(self, cell: str, source: str) -> str:
        """Value name of what a rule of a cell reads."""
        if source in self.model.agents:
            return f"agent.{source}"
        if source in self.model.solubles:
            return self.concentration(source)
        if source.startswith("bound_"):
            return self.living(cell, self.bound(cell, source.removeprefix("bound_")))
        if source.startswith("engaged_"):
            return self.engaged(cell, source.removeprefix("engaged_"))
        if source.startswith("repression_by_"):
            mirna = source.removeprefix("repression_by_")
            free, held = f"{cell}.{mirna}_target", f"{cell}.{mirna}_repressed"
            return self.table.assign(f"{cell}.{source}", "repressed_share", held, free)
        here = f"{cell}.{source}"
        return self.living(cell, here) if source in self.cell(cell).cargo else here

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

    def bound(self, cell: str, cargo: str | None = None) -> str:
        """Value name of the vesicles bound on one cell, or of their copies of a cargo, over all origins."""
        origins = self.origins if cargo is None else self.carriers(cargo)
        if not origins:
            return self.table.derive("zero")
        parts = [f"{cell}.bound:{origin}{f'/{cargo}' if cargo else ''}" for origin in origins]
        value = parts[0]
        for part in parts[1:]:
            value = self.table.assign(f"{value}+{part}", "total", value, part)
        return value

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

    def entry(self, cell: CellType, cargo: str) -> str:
        """Pool of the cell that new copies of a cargo come into: of a miRNA that must be loaded, the duplex."""
        return f"{cell.name}.{cargo}" + ("_duplex" if self.uses_ago(cell, cargo) else "")

    def holds(self, cell: CellType, cargo: str) -> bool:
        """Whether the cell has a pool of that cargo of its own."""
        return cargo in cell.cargo
