"""Reads ``data/*.toml`` into records, once; `check` holds what the tests demand of them."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, TypeVar

from vesica.errors import error, nearest
from vesica.library.records import (
    AgentEntry,
    CargoEntry,
    CellCargoEntry,
    CellEntry,
    CellSolubleEntry,
    CellTargetsEntry,
    EffectEntry,
    Entry,
    EnzymeEntry,
    GeneEntry,
    Library,
    MarkerEntry,
    MethodEntry,
    PreparationEntry,
    RuleEntry,
    SignalEntry,
    SolubleEntry,
    StorageEntry,
    SwitchEntry,
    SwitchOption,
)
from vesica.units import to_internal

LIBRARIES: Final = ("cns",)

Table = Mapping[str, Any]
Record = TypeVar("Record")


def load(name: str) -> Library:
    """The library of that name; read once.

    Raises
    ------
    InputError
        No library has that name.
    """
    if name not in LIBRARIES:
        raise error(
            f"library:{name}",
            f"`{name}` is not a library",
            "a model starts from a library by its name",
            "no number of the model would have a value",
            nearest(name, LIBRARIES),
        )
    return _cns()


def internal(entry: Entry, unit: str, *, molar_mass: float | None = None) -> tuple[float, float, float]:
    """Value, low and high of an entry in an internal unit.

    Parameters
    ----------
    entry : Entry
    unit : str
        Unit to convert to.
    molar_mass : g/mole, optional
        Turns a mass concentration into molecules per volume.

    Raises
    ------
    InputError
        The entry has another dimension.
    """

    def convert(value: float) -> float:
        return to_internal(f"{value!r} {entry.unit}", unit, f"library:{entry.id}", molar_mass=molar_mass)

    return convert(entry.value), convert(entry.low), convert(entry.high)


@functools.cache
def _cns() -> Library:
    return build("cns", [tomllib.loads(file.read_text(encoding="utf-8")) for file in _files()])


def _files() -> list[Any]:
    folder = resources.files("vesica.library") / "data"
    return sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )


def build(name: str, tables: Iterable[Table]) -> Library:
    """A library of parsed TOML tables, in any order and split in any way.

    Raises
    ------
    ValueError
        A key that is missing, unknown or given twice.
    """
    merged: dict[str, Any] = {}
    for table in tables:
        _merge(merged, table, "")
    _only(
        merged,
        ("entry", "machinery", "medium", "tissue", "microvesicle", "cell", "cargo", "soluble", "agent", "rule",
         "switch",
         "marker", "network", "preparation", "method", "enzyme", "storage", "bench", "gene"),
        "library",
    )
    rules = (_record(RuleEntry, row) for row in merged.get("rule", ()))
    return Library(
        name=name,
        entries=_unique(map(_entry, merged.get("entry", ())), lambda entry: entry.id),
        machinery=_frozen(merged.get("machinery", {})),
        medium=_frozen(merged.get("medium", {})),
        tissue=_frozen(merged.get("tissue", {})),
        cells=_named(merged.get("cell", {}), _cell),
        cargo=_named(merged.get("cargo", {}), functools.partial(_record, CargoEntry)),
        solubles=_named(merged.get("soluble", {}), functools.partial(_record, SolubleEntry)),
        agents=_named(merged.get("agent", {}), _agent),
        rules=tuple(_unique(rules, lambda rule: rule.key).values()),
        switches=_named(merged.get("switch", {}), _switch),
        microvesicle_enrichment=merged.get("microvesicle", {}).get("enrichment", ""),
        markers=_named(merged.get("marker", {}), _marker),
        networks=_frozen(merged.get("network", {})),
        preparations=_named(merged.get("preparation", {}), _preparation),
        methods=_named(merged.get("method", {}), functools.partial(_record, MethodEntry)),
        enzymes=_named(merged.get("enzyme", {}), _enzyme),
        storage=_named(merged.get("storage", {}), functools.partial(_record, StorageEntry)),
        bench=_frozen(merged.get("bench", {})),
        genes=_named(merged.get("gene", {}), _gene),
    )


def _merge(merged: dict[str, Any], table: Table, path: str) -> None:
    for key, item in table.items():
        here = f"{path}.{key}".lstrip(".")
        if key not in merged:
            merged[key] = dict(item) if isinstance(item, dict) else item
        elif isinstance(item, list) and isinstance(merged[key], list):
            merged[key] = [*merged[key], *item]
        elif isinstance(item, dict) and isinstance(merged[key], dict) and (not path or path.startswith("cell")):
            _merge(merged[key], item, here)  # a cell type may be split over files, too
        else:
            raise ValueError(f"`{here}` is given twice")


def _entry(row: Table) -> Entry:
    numbers = {key: float(row[key]) for key in ("value", "low", "high") if key in row}
    return _record(Entry, {**row, **numbers})


def _cell(row: Table) -> CellEntry:
    return _record(CellEntry, {
        **row,
        "parameters": _frozen(row.get("parameters", {})),
        "signals": _each(row.get("signals", {}), SignalEntry),
        "cargo": _each(row.get("cargo", {}), CellCargoEntry),
        "microvesicle_cargo": _each(row.get("microvesicle_cargo", {}), CellCargoEntry),
        "targets": _each(row.get("targets", {}), CellTargetsEntry),
        "solubles": _each(row.get("solubles", {}), CellSolubleEntry),
        "offered_cargo": _each(row.get("offered_cargo", {}), CellCargoEntry),
        "offered_targets": _each(row.get("offered_targets", {}), CellTargetsEntry),
        "offered_solubles": _each(row.get("offered_solubles", {}), CellSolubleEntry),
        "networks": tuple(row.get("networks", ())),
    })  # fmt: skip


def _agent(row: Table) -> AgentEntry:
    return _record(AgentEntry, {**row, "effects": tuple(_record(EffectEntry, one) for one in row.get("effects", ()))})


def _gene(row: Table) -> GeneEntry:
    return _record(GeneEntry, {**row, "folds": _frozen(row["folds"])})


def _switch(row: Table) -> SwitchEntry:
    return _record(SwitchEntry, {**row, "options": _named(row["options"], _option),
                                 "only_in": tuple(row.get("only_in", ()))})


def _marker(row: Table) -> MarkerEntry:
    return _record(MarkerEntry, {**row, "members": tuple(row["members"])})


def _preparation(row: Table) -> PreparationEntry:
    return _record(PreparationEntry, {**row, "cargo": _frozen(row.get("cargo", {}))})


def _enzyme(row: Table) -> EnzymeEntry:
    return _record(EnzymeEntry, {**row, "digests": tuple(row["digests"])})


def _option(row: Table) -> SwitchOption:
    return _record(SwitchOption, {
        **row, "parameters": _frozen(row.get("parameters", {})), "rules": tuple(row.get("rules", ())),
    })  # fmt: skip


def _record(kind: Callable[..., Record], row: Table) -> Record:
    try:
        return kind(**row)
    except TypeError as failure:
        raise ValueError(f"{failure} in {dict(row)}") from failure


def _named(tables: Table, build_one: Callable[[Table], Record]) -> Mapping[str, Record]:
    return _frozen({name: build_one({"name": name, **row}) for name, row in tables.items()})


def _each(tables: Table, kind: Callable[..., Record]) -> Mapping[str, Record]:
    return _frozen({name: _record(kind, row) for name, row in tables.items()})


def _unique(records: Iterable[Record], key: Callable[[Record], str]) -> Mapping[str, Record]:
    found: dict[str, Record] = {}
    for record in records:
        if key(record) in found:
            raise ValueError(f"`{key(record)}` is given twice")
        found[key(record)] = record
    return _frozen(found)


def _only(table: Table, known: Iterable[str], place: str) -> None:
    for key in table:
        if key not in known:
            raise ValueError(f"unknown table `{key}` in the {place}: {nearest(key, known)}")


def _frozen(table: Mapping[str, Record]) -> Mapping[str, Record]:
    return MappingProxyType(dict(table))
