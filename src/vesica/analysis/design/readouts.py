"""What can be measured of a model, by which assay, and what of it lies in the tube."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from vesica.analysis.design.assays import PER_PM, UM3_PER_ML, Truth
from vesica.analysis.runs.quantities import quantities
from vesica.errors import article, error, nearest
from vesica.instruments import constants
from vesica.library import Library
from vesica.results.arm_run import ArmRun
from vesica.spec.cells import CellType
from vesica.spec.handling import volume_at
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.spec.vocabulary import KIND_LABELS, sender_of

Kind = Literal["particles", "rna", "protein", "level", "share", "other"]

ASSAYS: Final = ("nta", "qpcr", "elisa", "simoa", "count", "other")
READS: Final[Mapping[str, frozenset[Kind]]] = {
    "nta": frozenset({"particles"}), "qpcr": frozenset({"rna", "level"}), "elisa": frozenset({"protein", "level"}),
    "simoa": frozenset({"protein"}),
    "count": frozenset({"share"}), "other": frozenset({"particles", "rna", "protein", "level", "share", "other"}),
}  # fmt: skip
NATURAL: Final[Mapping[Kind, str]] = {"particles": "nta", "rna": "qpcr", "protein": "elisa", "level": "qpcr",
                                      "share": "count"}  # fmt: skip
WORDS: Final[Mapping[Kind, str]] = {
    "particles": "a number of vesicles", "rna": "an RNA", "protein": "a protein", "level": "a level inside cells",
    "share": "a share of cells", "other": "a number that no assay of the library reads",
}  # fmt: skip
_PER_VESICLE: Final = "_per_ev"
_PER_HOUR: Final = "_per_cell_per_hour"
_COUNTED: Final = frozenset({"released", *(label.replace(" ", "_") for label in KIND_LABELS.values())})
_RNA: Final = frozenset({"mirna", "mrna"})


@dataclass(frozen=True)
class Readout:
    """A quantity and the assay that reads it.

    ``from_medium``: a sample of the medium is enough, and the well goes on; else its cells are harvested.
    """

    key: str
    assay: str
    kind: Kind
    from_medium: bool
    unit: str = ""

    @property
    def is_per_vesicle(self) -> bool:
        """Whether it is what vesicles hold, over their number."""
        return self.key.endswith(_PER_VESICLE) and self.assay != "other"

    @property
    def tool(self) -> str:
        """Name of the assay on the shelf."""
        return f"{self.assay} per vesicle" if self.is_per_vesicle else self.assay


@dataclass(frozen=True)
class Look:
    """A readout of an arm at a time, s."""

    arm: str
    readout: Readout
    time: float


@dataclass(frozen=True)
class Vessel:
    """A well and what an assay takes of it: numbers of cells are those of the model times ``cells``."""

    cells: float
    lysate: float  # um^3
    reaction: float  # templates in a reaction for each copy in the cells of the well, or in the extracted volume
    extracted: float  # mL of medium
    capture: float  # of what sits on vesicles, over the soluble standard


def vessel(library: Library, model: ResolvedModel, area: float | None) -> Vessel:
    """A well of ``area`` um^2 in place of the model's dish; other vessels, and any with None, stay as they are."""
    value = constants.reader(library)
    kit = constants.qpcr(library)
    is_dish = model.domain.kind == "dish"
    cells = 1.0 if area is None or not is_dish else area / (model.domain.volume / model.domain.depth)
    return Vessel(cells, value("design.lysate.volume", "um^3"), kit.recovery * kit.eluate_share * kit.transcription,
                  kit.input_volume, constants.elisa(library).relative_capture)


def kind_of_key(model: ResolvedModel, key: str) -> tuple[Kind, bool]:
    """What a quantity is, and whether it is read from the medium."""
    owner, _, name = key.partition(".")
    cargo = {one.name: one.kind for one in model.cargo}
    if name.removesuffix(_PER_HOUR) in _COUNTED:
        return "particles", True
    if owner == "medium":
        return "protein" if name in model.solubles else "other", True
    if name.endswith(_PER_VESICLE) and name.removesuffix(_PER_VESICLE) in cargo:
        return ("rna" if cargo[name.removesuffix(_PER_VESICLE)] in _RNA else "protein"), True
    cell = next((one for one in model.cells if one.name == owner), None)
    return ("other", True) if cell is None else (_kind_inside(cell, name, cargo), False)


def _kind_inside(cell: CellType, name: str, cargo: Mapping[str, str]) -> Kind:
    if name in cell.cargo:
        return "rna" if cargo.get(name) in _RNA else "protein"
    if name in {"alive", "dead"} | {state.name for chain in cell.chains for state in chain.states}:
        return "share"
    return "level" if name in cell.levels else "other"


def choose(models: Sequence[ResolvedModel], known: Mapping[str, str], asked: Sequence[str],
           variations: Iterable[str]) -> tuple[Readout, ...]:
    """The readouts asked for, ``KEY`` or ``KEY:ASSAY``; without any, those of the published directions.

    Parameters
    ----------
    known : mapping of quantity to unit
    variations : names of assays whose coefficient of variation the user gave

    Raises
    ------
    InputError
        A quantity or an assay that is not known, an assay that cannot read it, or nothing to measure.
    """
    given = set(variations)
    for name in sorted(given - set(ASSAYS)):
        raise error("--cv", f"`{name}` is not a known assay", f"assays are {', '.join(ASSAYS)}",
                    "its scatter would be used nowhere", nearest(name, ASSAYS))
    if not asked:
        asked = tuple(dict.fromkeys(item.quantity for model in models for item in model.published
                                    if item.quantity in known))
    if not asked:
        raise error("--measure", "nothing is measured", "without published directions the readouts have to be named",
                    "no noise could be simulated", f"add `--measure KEY`; this model has {_some(models[0], known)}")
    found = [_readout(models[0], known, text, given) for text in asked]
    return tuple(dict.fromkeys(found))


def _some(model: ResolvedModel, known: Mapping[str, str]) -> str:
    readable = [key for key in known if kind_of_key(model, key)[0] not in ("other", "level")] or list(known)
    return ", ".join(f"`{key}`" for key in readable[:8]) + (" ..." if len(readable) > 8 else "")


def _readout(model: ResolvedModel, known: Mapping[str, str], text: str, given: set[str]) -> Readout:
    key, _, assay = (part.strip() for part in text.partition(":"))
    if key not in known:
        raise error("--measure", f"`{key}` is not a known quantity", "readouts are quantities of the summary of a run",
                    "nothing would be measured", nearest(key, known))
    kind, from_medium = kind_of_key(model, key)
    assay = assay.lower() or NATURAL.get(kind, "")
    if assay and assay not in ASSAYS:
        raise error("--measure", f"`{assay}` is not a known assay", f"assays are {', '.join(ASSAYS)}",
                    "its noise is not known", nearest(assay, ASSAYS))
    if not assay or kind not in READS[assay]:
        able = [name for name in ASSAYS if kind in READS[name] and name != "other"]
        said = f"`{key}` is {WORDS[kind]}, and {article(assay)} {assay} does not read it" if assay else \
            f"`{key}` is {WORDS[kind]}"
        fix = f"write `{key}:{able[0]}`" if able else f"write `{key}:other` and its scatter, `--cv other=20%`"
        raise error("--measure", said, "each quantity is read by an assay that can", "its noise is not known", fix)
    if assay == "other" and assay not in given:
        raise error("--cv", f"the scatter of `{key}:other` is missing", "the noise of an assay of your own is yours to "
                    "give", "its noise is not known", "add `--cv other=20%`")
    return Readout(key, assay, kind, from_medium, known[key])


def looks(model: ResolvedModel, run: ArmRun, readouts: Sequence[Readout], times: Sequence[float],
          well: Vessel) -> dict[Look, Truth]:
    """What is there to be read of an arm; quantities that it does not have are left out.

    Parameters
    ----------
    times : s
    """
    bare = replace(model, observe=(), published=())
    found: dict[Look, Truth] = {}
    for time in times:
        then = run.until(time)
        values = quantities(bare, then)
        for one in readouts:
            value = values.get(one.key, (math.nan, ""))[0]
            if math.isfinite(value) and _is_there(model, then, one):
                value = max(value, 0.0)  # solvers leave -1e-20 where there is nothing
                found[Look(run.arm.name, one, time)] = truth(model, then, one, value, well)
    return found


def _is_there(model: ResolvedModel, run: ArmRun, readout: Readout) -> bool:
    """Whether cells of the arm make it, and vesicles to hold it are in the medium.

    What an arm was only given tells of the preparation, not of the arm.
    """
    origin = readout.key.partition(".")[0]
    is_made = any(cell.name == sender_of(origin) and run.count(cell.name) > 0 for cell in model.cells)
    if readout.is_per_vesicle:
        return is_made and _particles(model, run, origin) > 0
    return is_made or all(cell.name != sender_of(origin) for cell in model.cells)


def truth(model: ResolvedModel, run: ArmRun, readout: Readout, value: float, well: Vessel) -> Truth:
    """A value of an arm, with what of it lies in the tube."""
    owner, _, name = readout.key.partition(".")
    cells = run.arm.counts.get(owner, 0.0)
    if readout.kind == "particles" and run.hours > 0:
        blank = sum(_particles(model, run, one.origin) for one in model.preparations)
        return Truth(value, _volume(model, run) / UM3_PER_ML / (cells * run.hours), background=blank)
    if name.endswith(_PER_VESICLE) and readout.kind in ("rna", "protein"):
        particles = _particles(model, run, owner)
        if readout.kind == "rna":
            return Truth(value, 1.0 / (particles * well.extracted * well.reaction), particles)
        return Truth(value, PER_PM * UM3_PER_ML / (particles * well.capture), particles)
    if readout.kind == "rna":
        return Truth(value, 1.0 / (cells * well.cells * well.reaction))
    if readout.kind == "protein":
        return Truth(value, PER_PM if owner == "medium" else PER_PM * well.lysate / (cells * well.cells))
    return Truth(value)


def _particles(model: ResolvedModel, run: ArmRun, origin: str) -> float:
    """Vesicles of a class in the medium, particle/mL."""
    return run.final(f"medium.free:{origin}") / _volume(model, run) * UM3_PER_ML


def _volume(model: ResolvedModel, run: ArmRun) -> float:
    """Medium at the end, um^3: samples may have taken some."""
    return volume_at(model, run.arm, float(run.times[run.last]))


def sampled_volume(library: Library, readout: Readout) -> float:
    """Medium (mL) that a reading takes, undiluted; nothing where cells are read."""
    if not readout.from_medium:
        return 0.0
    value = constants.reader(library)
    tracked = value("design.nta.volume", "mL")
    of_cargo = {"qpcr": constants.qpcr(library).input_volume}.get(
        readout.assay, value("design.elisa.wells", "") * value("design.elisa.volume", "mL"))
    if readout.assay in ("nta", "other"):
        return tracked if readout.assay == "nta" else 0.0
    return of_cargo + (tracked if readout.is_per_vesicle else 0.0)


def donors(model: ResolvedModel, arms: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Arms and preparations whose vesicles are added by hand, and to which of the given arms."""
    found: dict[str, list[str]] = {}
    by_name: dict[str, Arm] = {arm.name: arm for arm in model.arms}
    for name in arms:
        for source in [*(dose.from_arm for dose in by_name[name].doses),
                       *(supply.preparation for supply in by_name[name].supplies)]:
            found.setdefault(source, []).append(name)
    return {source: tuple(dict.fromkeys(names)) for source, names in found.items()}
