"""What is done to vesicles between dishes: steps as written become `resolved.BenchStep`, their numbers parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from vesica.library import Library
from vesica.spec.preparation_words import IsolationStep, LabelStep, MethodStep, StoreStep, TreatStep
from vesica.spec.quantities import Given, Notes, limits, seconds
from vesica.spec.resolved import BenchStep
from vesica.spec.treatments import DoseSpec, ExposureSpec, VesiclesSpec
from vesica.spec.vocabulary import CORONA, CORONA_SHARE, LABEL, METHOD, STORAGE, TREATMENT, Field

Placed = Iterable[tuple[str, ExposureSpec]]  # exposures of all arms, each with its path
NEEDED: Final = ("recovery", "solubles")  # of a method that the library does not know
PLACES: Final = {"method": "isolation", "treat": "treatment", "store": "storage", "label": "label"}
FIELDS: Final = {"method": METHOD, "treat": TREATMENT, "store": STORAGE, "label": LABEL}


def steps_of(said: Sequence[IsolationStep], path: str, library: Library, notes: Notes) -> tuple[BenchStep, ...]:
    """The steps in order; those that are wrong are noted and left out."""
    found = (_step(step, f"{path}[{number}]", library, notes) for number, step in enumerate(said))
    return tuple(step for step in found if step is not None)


def _step(step: IsolationStep, path: str, library: Library, notes: Notes) -> BenchStep | None:
    if isinstance(step, str):
        return _method(MethodStep(method=step), path, library, notes)
    if isinstance(step, MethodStep):
        return _method(step, f"{path}.method", library, notes)
    if isinstance(step, TreatStep):
        if step.treat not in library.enzymes:
            notes.unknown(f"{path}.treat", "treatment", step.treat, library.enzymes, "nothing would be digested")
            return None
        label = library.enzymes[step.treat].label + (" with a detergent" if step.detergent else "")
        lyses = step.detergent or step.treat == "detergent"
        return BenchStep("treat", step.treat, detergent=lyses, digests=library.enzymes[step.treat].digests, label=label)
    if isinstance(step, LabelStep):
        return _label(step, path, notes)
    return _storage(step, path, library, notes)


def _label(step: LabelStep, path: str, notes: Notes) -> BenchStep | None:
    """Staining; whether the dye is one is noted where preparations are planned."""
    own: dict[str, float] = {}
    for name, field in LABEL.items():
        text = getattr(step, name)
        value = None if text is None else notes.quantity(text, field.unit, f"{path}.{name}")
        if text is not None and value is None:
            return None
        own |= {} if value is None else {name: value}
    return BenchStep("label", step.label, own, label=f"staining with {step.label}")


def dyes(given: Placed, library: Library) -> dict[str, str]:
    """Dyes that some dose is stained with, each with the path of one that is."""
    return {step.name: path for path, step in _used(given, library) if step.kind == "label"}


def _method(step: MethodStep, path: str, library: Library, notes: Notes) -> BenchStep | None:
    own: dict[str, float] = {}
    for name, field in METHOD.items():
        text = getattr(step, name)
        if text is None:
            continue
        bounds = limits(f"{step.method}.{name}")
        bounds["positive"] |= field.positive
        if name in ("solubles", "lipoproteins"):
            bounds["at_most"] = 1.0
        value = notes.quantity(text, field.unit, f"{path.removesuffix('.method')}.{name}", **bounds)
        if value is None:
            return None
        own[name] = value
    if own.get("cutoff_gsd", 2.0) <= 1.0:
        notes.add("error", f"{path.removesuffix('.method')}.cutoff_gsd", f"`{step.cutoff_gsd}` is not above 1",
                  "a geometric standard deviation is above 1", "the cut-off would divide by zero",
                  "write a value such as `1.3`")
        return None
    if step.method in library.methods:
        return BenchStep("method", step.method, own, label=library.methods[step.method].label)
    if not own:
        known = {*library.methods, *(f"treat: {name}" for name in library.enzymes),
                 *(f"store: {name}" for name in library.storage)}  # fmt: skip
        notes.unknown(path, "method of isolation", step.method, known,
                      "nobody knows what it leaves (give its own `recovery:` and `solubles:`)")
        return None
    missing = [name for name in NEEDED if name not in own]
    if missing:
        notes.add("error", path, f"`{step.method}` is not in the library, and has no {' and no '.join(missing)}",
                  "a method of your own says what it leaves of vesicles and of soluble factors",
                  "what comes along would be guessed", f"add `{missing[0]}: 50 %`" if missing[0] == "recovery"
                  else "add `solubles: 1 %`")
        return None
    return BenchStep("method", step.method, own, label=step.method.replace("_", " "))


def _storage(step: StoreStep, path: str, library: Library, notes: Notes) -> BenchStep | None:
    if step.store not in library.storage:
        notes.unknown(f"{path}.store", "way to store vesicles", step.store, library.storage, "nothing would be lost")
        return None
    way = library.storage[step.store]
    if way.loss_rate and step.time is None:
        notes.add("error", path, f"`store: {step.store}` without a time", "vesicles stick to a tube as time goes on",
                  "the loss is unknown", "add `time: 48 h`")
        return None
    if not way.loss_rate and step.time is not None:
        notes.add("error", f"{path}.time", f"`time: {step.time}` of `{step.store}`",
                  "freezing and thawing costs vesicles with each cycle, not with time", "the time would do nothing",
                  "delete it, or write `cycles: 2`")
        return None
    time = 0.0 if step.time is None else seconds(step.time, f"{path}.time", notes)
    if time is None:
        return None
    label = f"{way.label}, {step.time}" if way.loss_rate else f"{way.label}, {step.cycles} times"
    return BenchStep("store", step.store, cycles=step.cycles, time=time, label=label.removesuffix(", 1 times"))


def _used(given: Placed, library: Library) -> Iterator[tuple[str, BenchStep]]:
    """Every step that some dose goes through, with the path of the dose."""
    notes = Notes.elsewhere()  # they are noted where the dose is read
    for path, exposure in given:
        if isinstance(exposure, DoseSpec | VesiclesSpec):
            for step in steps_of(exposure.isolation, path, library, notes):
                yield path, step


def expected(given: Placed, library: Library) -> dict[str, tuple[Field, Given]]:
    """Parameters of the steps that doses go through, by path, with what the library gives for them."""
    found: dict[str, tuple[Field, Given]] = {}
    for _, step in _used(given, library):
        fields = FIELDS[step.kind]
        for name, entry in _entries(step, library).items():
            if name not in step.own:
                path = f"{PLACES[step.kind]}.{step.name}.{name}"
                found[path] = fields[name], Given(f"@{entry}", f"library:{step.name}")
        if step.kind in ("method", "treat") and step.name != "none":
            found[CORONA] = CORONA_SHARE, Given(f"@{library.bench['corona_share']}", "library:bench")
        if step.detergent:
            entry = library.enzymes["detergent"].efficiency
            found["treatment.detergent.efficiency"] = TREATMENT["efficiency"], Given(f"@{entry}", "library:detergent")
    return found


def _entries(step: BenchStep, library: Library) -> dict[str, str]:
    """Entry ids of the numbers of a step by name."""
    if step.kind == "treat":
        return {"efficiency": library.enzymes[step.name].efficiency}
    if step.kind == "label":
        return {"copies": library.bench["dye_copies"], "micelles": library.bench["micelles_per_vesicle"]}
    if step.kind == "store":
        return library.storage[step.name].numbers()
    return library.methods[step.name].numbers() if step.name in library.methods else {}


def in_words(steps: Sequence[BenchStep]) -> str:
    """The steps as part of a sentence."""
    said = {"method": "", "treat": "treatment with ", "store": "storage: ", "label": ""}
    return ", then ".join(f"{said[step.kind]}{step.label}" for step in steps)
