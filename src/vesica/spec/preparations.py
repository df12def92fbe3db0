"""Preparations: which ones a model holds, what they carry, their numbers, and vesicles given from them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vesica.errors import article
from vesica.library import Library
from vesica.spec import isolation
from vesica.spec.model import ModelSpec
from vesica.spec.preparation_words import PreparationCargoSpec, PreparationSpec
from vesica.spec.quantities import Given, Notes, from_entry
from vesica.spec.resolved import Cargo, Parameter, Preparation
from vesica.spec.treatments import ExposureSpec, VesiclesSpec
from vesica.spec.vocabulary import (
    AFFINITY,
    CELL_AFFINITY,
    DYE_TRANSFER,
    FRESH,
    FRESH_LIPOPROTEINS,
    FUSOGENICITY,
    LIPOPROTEINS,
    MICELLES,
    PREPARATION,
    PREPARATION_CARGO,
    PREPARATION_CHOICE,
    SENDER_FUSOGENICITY,
    TRANSFER,
    Field,
)

SERUM = "serum"
PARTICLES = "micelles"  # of the library, whose numbers the particles of a dye have
NOTHING = PreparationSpec()
FRESH_FIELDS = {f"{SERUM}.{name}": PREPARATION_CHOICE[name] for name in (FRESH, FRESH_LIPOPROTEINS)}


@dataclass(frozen=True)
class Plan:
    """A preparation of the model with the one of the library that it starts from, and its numbers by path."""

    preparation: Preparation
    base: Mapping[str, Given] = field(default_factory=dict)
    written: Mapping[str, Given] = field(default_factory=dict)
    choices: Mapping[str, tuple[Field, Given]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the preparation."""
        return self.preparation.name

    @property
    def expected(self) -> dict[str, Field]:
        """Every parameter that it has, by path."""
        paths = {f"{self.name}.{name}": field for name, field in PREPARATION.items()}
        paths |= {f"{self.name}.{cargo}.{name}": field for cargo in self.preparation.cargo
                  for name, field in PREPARATION_CARGO.items()}  # fmt: skip
        return paths | {path: field for path, (field, _) in self.choices.items()}


def plan(spec: ModelSpec, exposures: Sequence[tuple[str, ExposureSpec]], library: Library,
         cargo: Mapping[str, Cargo], cells: Sequence[str], notes: Notes) -> tuple[Plan, ...]:
    """The preparations that some arm gives or that are in the medium, by name; others are noted.

    Parameters
    ----------
    exposures : (path, words) of all arms
    cargo : what library and model know
    cells : names of the cell types
    """
    given = {exposure.vesicles: path for path, exposure in exposures if isinstance(exposure, VesiclesSpec)}
    known = {*spec.preparations, *library.preparations}
    for name, path in given.items():
        if name not in known:
            notes.unknown(f"{path}.vesicles", "preparation", name, known, "there is nothing to give")
    used = {name for name in given if name in known} | ({SERUM} if _share(spec.medium.serum) else set())
    for name in spec.preparations:
        _check_name(name, spec, library, cargo, cells, notes)
        if name not in used:
            notes.add("warning", f"preparations.{name}", f"no arm is given `{name}`",
                      "a preparation is there to be given to cells", "it does nothing",
                      f"add `- {{vesicles: {name}, concentration: 1e9 EV/mL}}` to `exposures:`, or delete it")
    found: list[Plan] = []
    for name in sorted(used):
        found += _plans(name, spec, library, cargo, cells, notes)
    for dye, path in sorted(isolation.dyes(exposures, library).items()):
        found += _micelles(dye, f"{path}.isolation", library, cargo, notes)
    return tuple(found)


def _share(text: str | float) -> bool:
    """Whether anything but nothing is written; what it is, is read elsewhere."""
    return str(text).removesuffix("%").strip() not in ("0", "0.0", "")


def _plans(name: str, spec: ModelSpec, library: Library, cargo: Mapping[str, Cargo], cells: Sequence[str],
           notes: Notes) -> list[Plan]:
    """A preparation as a list of one; nothing, noted, where nobody knows its sizes."""
    said, place = spec.preparations.get(name, NOTHING), f"preparations.{name}"
    like = said.like or name
    if like not in library.preparations:
        where = f"{place}.like" if said.like else place
        notes.unknown(where, "preparation of the library", like, library.preparations,
                      "its vesicles would have no size (say what they are `like:`, as `like: EVs`)")
        return []
    entry = library.preparations[like]
    base = {f"{name}.prepared_{key}": Given(f"@{one}", f"library:{like}") for key, one in entry.numbers().items()}
    base |= {f"{name}.{one}.copies": Given(f"@{copies}", f"library:{like}") for one, copies in entry.cargo.items()}
    choices = {}
    if entry.lipoproteins_per_vesicle:
        number = Given(f"@{entry.lipoproteins_per_vesicle}", f"library:{like}")
        choices[f"{name}.{LIPOPROTEINS}"] = PREPARATION_CHOICE[LIPOPROTEINS], number
    written = {f"{name}.{key}": Given(text, f"{place}.parameters.{key}") for key, text in said.parameters.items()}
    held = dict.fromkeys(entry.cargo)
    for one, words in said.cargo.items():
        if one not in cargo:
            notes.unknown(f"{place}.cargo.{one}", "cargo", one, cargo, "its kind is unknown (define it under `cargo:`)")
            continue
        held[one] = None
        copies = words.copies if isinstance(words, PreparationCargoSpec) else words
        written[f"{name}.{one}.copies"] = Given(copies, f"{place}.cargo.{one}")
    choices |= _engineered(name, said, cells, notes)
    label = said.label or (entry.label if like == name else name.replace("_", " "))
    preparation = Preparation(name, label, tuple(sorted(held)), entry.is_vesicle)
    return [Plan(preparation, base, written, choices)]


def _check_name(name: str, spec: ModelSpec, library: Library, cargo: Mapping[str, Cargo], cells: Sequence[str],
                notes: Notes) -> None:
    """A name means one thing."""
    taken = dict.fromkeys(cargo, "cargo") | dict.fromkeys((*library.agents, *spec.agents), "agent")
    taken |= dict.fromkeys((*library.solubles, *spec.solubles), "soluble") | dict.fromkeys(cells, "cell type")
    taken |= dict.fromkeys(("medium", "vessel", "rule", "agent", "inhibitor", "isolation", "treatment", "storage",
                            "cooling", "one", "zero", "running"), "word of vesica")
    if name in taken:
        notes.add("error", f"preparations.{name}", f"`{name}` is a preparation and {article(taken[name])} "
                  f"{taken[name]}", "a name means one thing",
                  "the numbers of one would be taken for those of the other",
                  f"choose another name, as `{name}_EVs`")


def _engineered(name: str, said: PreparationSpec, cells: Sequence[str], notes: Notes
                ) -> dict[str, tuple[Field, Given]]:
    """Numbers of targeting and of a fusogen."""
    found: dict[str, tuple[Field, Given]] = {}
    for cell, text in said.targeting.items():
        place = f"preparations.{name}.targeting.{cell}"
        if cell not in cells:
            notes.unknown(place, "cell type", cell, cells, "nobody would bind more of them")
            continue
        found[f"{cell}.{AFFINITY}{name}"] = CELL_AFFINITY, Given(text, place)
    if said.fusogen is not None:
        found[f"{name}.{FUSOGENICITY}"] = SENDER_FUSOGENICITY, Given(said.fusogen, f"preparations.{name}.fusogen")
    return found


def _micelles(dye: str, path: str, library: Library, cargo: Mapping[str, Cargo], notes: Notes) -> list[Plan]:
    """Particles of a dye that staining makes."""
    known = [one for one, item in cargo.items() if item.kind == "dye"]
    if dye not in known:
        notes.unknown(path, "dye", dye, known, "nothing would shine (define it under `cargo:` with `kind: dye`)")
        return []
    own, entry = f"{dye}{MICELLES}", library.preparations[PARTICLES]
    base = {f"{own}.prepared_{key}": Given(f"@{one}", f"library:{PARTICLES}") for key, one in entry.numbers().items()}
    base[f"{own}.{dye}.copies"] = Given(f"@{library.bench['dye_copies']}", "library:bench")
    return [Plan(Preparation(own, f"{dye} alone", (dye,), is_vesicle=False), base)]


def carried(plans: Iterable[Plan]) -> set[str]:
    """Names of all cargo in them."""
    return {name for one in plans for name in one.preparation.cargo}


def dyes(plans: Iterable[Plan], cargo: Mapping[str, Cargo], library: Library) -> dict[str, tuple[Field, Given]]:
    """Numbers of the dyes in the membranes of these, by path."""
    number = Given(f"@{library.bench['dye_transfer_rate']}", "library:bench")
    return {f"{name}.{TRANSFER}": (DYE_TRANSFER, number) for name in sorted(carried(plans))
            if cargo[name].kind == "dye" and cargo[name].topology == "membrane"}  # fmt: skip


def soluble_kinds(spec: ModelSpec, library: Library) -> dict[str, str]:
    """Kinds of the solubles that are no proteins: other enzymes digest them, and they do not adsorb."""
    kinds: dict[str, str] = {name: item.kind for name, item in library.solubles.items()}
    kinds |= {name: item.kind for name, item in spec.solubles.items()}
    return {name: kind for name, kind in kinds.items() if kind != "protein"}


def of_medium(spec: ModelSpec, library: Library, notes: Notes) -> dict[str, Parameter]:
    """What the serum of fresh medium brings: vesicles, and lipoproteins that are not depleted."""
    medium = spec.medium
    share = notes.quantity(medium.serum, "", "medium.serum", at_most=1.0) or 0.0
    depleted = notes.quantity(medium.ev_depletion, "", "medium.ev_depletion", at_most=1.0) or 0.0
    if depleted and not share:
        notes.add("error", "medium.ev_depletion", f"`ev_depletion: {medium.ev_depletion}` of medium without serum",
                  "depletion takes vesicles out of serum", "it would do nothing", "add `serum: 10 %`, or delete it")
    if not share:
        return {}
    entry = library.preparations[SERUM]
    words = f"{medium.serum} serum" + (f", {medium.ev_depletion} of its vesicles depleted" if depleted else "")
    found = {}
    for name, scale, ids in (
        (FRESH, share * (1.0 - depleted), (entry.concentration,)),
        (FRESH_LIPOPROTEINS, share, (entry.concentration, entry.lipoproteins_per_vesicle)),
    ):
        path, value = f"{SERUM}.{name}", scale
        low, high, reasons = scale, scale, []
        for number in ids:
            unit = "vesicle/um^3" if number == entry.concentration else ""
            one = from_entry(path, Field(unit), number, library.entries[number])
            value, low, high = value * one.value, low * one.low, high * one.high
            reasons.append(one)
        found[path] = dataclasses.replace(
            reasons[0], value=value, low=low, high=high, unit=PREPARATION_CHOICE[name].unit, confidence="estimate",
            entry="", reason=f"{words}; {'; '.join(one.reason for one in reasons)}", shown=words)
    return found
