"""The numbers `vesica dose` rests on: which there are, their library entries, and what the user puts in their place."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from vesica import library
from vesica.analysis.numbers import number
from vesica.errors import InputError, error, nearest
from vesica.units import split, to_internal

GIVEN: Final = "given"
SMALLEST: Final = 1e-12  # of any input, in internal units: far below and above all that occurs,
LARGEST: Final = 1e30  # and far from the ends of floating point
SHORTEST: Final = 60.0  # s
LONGEST: Final = 10 * 365 * 86400.0
_RANGE: Final = re.compile(r"\s*\.\.\s*")


@dataclass(frozen=True)
class Kind:
    """An input: how its option is called, what it is, and the entry it takes when nothing is given.

    ``unit`` is the internal one, ``shown`` the one of tables and pictures (``per`` of them make one internal unit);
    ``counts`` accepts a number without a unit; ``top`` is the largest value that has a meaning.
    """

    option: str
    words: str
    unit: str
    shown: str
    per: float = 1.0
    entry: str = ""
    counts: bool = False
    top: float = math.inf


KINDS: Final[Mapping[str, Kind]] = {
    "copies_per_ev": Kind("--copies-per-ev", "copies per EV", "molecule/vesicle", "copies/EV", 1.0,
                          "laboratory.copies_per_ev_Chevillet14", counts=True),
    "loaded_fraction": Kind("--loaded-fraction", "loaded fraction of the EVs", "", "", 1.0,
                            "laboratory.loaded_fraction", top=1.0),
    "escape": Kind("--escape", "share that reaches the cytosol", "", "", 1.0,
                   "escape.share.bonsergent_Bonsergent21", top=1.0),
    "threshold": Kind("--threshold", "copies an effect needs", "molecule", "copies", 1.0, "mirna.needed_copies",
                      counts=True),
    "targets": Kind("--titration targets", "target sites", "molecule", "copies", 1.0, "mirna.target_sites",
                    counts=True),
    "kd": Kind("--titration kd", "dissociation constant", "molecule", "copies", 1.0, "laboratory.dissociation",
               counts=True),
    "held": Kind("--titration held", "share of targets to hold", "", "", 1.0, "laboratory.held_share", top=0.999),
    "half_life": Kind("--half-life", "half-life of the miRNA", "s", "h", 1 / 3600.0,
                      "mirna.half_life.resting_KingstonBartel19"),
    "release": Kind("--release", "EVs a donor releases", "vesicle/s/cell", "EV/cell/h", 3600.0),
    "donors": Kind("--donors", "donor cells", "cell", "cells", counts=True),
    "recipients": Kind("--recipients", "recipient cells", "cell", "cells", counts=True),
    "volume": Kind("--volume", "shared medium", "um^3", "mL", 1e-12, "laboratory.medium.volume"),
    "uptake_share": Kind("--uptake-share", "share of released EVs taken up", "", "", top=1.0),
    "distance": Kind("--distance", "distance to the donors", "um", "um", top=1e4),
    "capacity": Kind("--capacity", "uptake at saturation", "vesicle/s/cell", "EV/cell/h", 3600.0,
                     "uptake.saturated.rate"),
    "half_saturation": Kind("--half-saturation", "dose of half saturation", "vesicle/um^3", "EV/mL", 1e12,
                            "uptake.half_saturation_Heusermann16"),
    "tropism": Kind("", "uptake relative to an astrocyte", "", "", 1.0, "uptake.tropism.microglia"),
    "radius": Kind("", "capture radius of a recipient", "um", "um", 1.0, "cell.capture_radius"),
    "medium_diffusivity": Kind("", "diffusion of EVs in medium", "um^2/s", "um^2/s", 1.0,
                               "laboratory.medium.diffusivity"),
    "ev_decay": Kind("", "decay of EVs in medium", "1/s", "1/h", 3600.0, "medium.ev_decay.rate"),
    "plastic_loss": Kind("", "loss of EVs to plastic", "1/s", "1/h", 3600.0, "plastic.loss.rate"),
    "tissue_diffusivity": Kind("", "diffusion of EVs in tissue", "um^2/s", "um^2/s", 1.0,
                               "laboratory.tissue.diffusivity"),
    "tissue_half_life": Kind("", "half-life of free EVs in tissue", "s", "min", 1 / 60.0,
                             "laboratory.tissue.loss_half_life"),
    "tissue_fraction": Kind("", "extracellular share of tissue", "", "", 1.0,
                            "laboratory.tissue.volume_fraction_Hrabe04"),
}
SECRETION: Final[Mapping[str, str]] = {
    "astrocyte": "laboratory.secretion.astrocyte", "microglia": "laboratory.secretion.microglia",
    "neuron": "laboratory.secretion.neuron", "oligodendrocyte": "laboratory.secretion.oligodendrocyte",
    "monocyte": "laboratory.secretion.monocyte_Auber22", "mcf7": "laboratory.secretion.mcf7_Chiu16",
}
_NEED: Final = ("copies_per_ev", "loaded_fraction", "escape", "half_life")
_THRESHOLD: Final = ("threshold",)
_TITRATION: Final = ("targets", "kd", "held")
_SHARED: Final = ("capacity", "half_saturation", "radius", "medium_diffusivity", "ev_decay", "plastic_loss")
_TISSUE: Final = ("capacity", "half_saturation", "radius", "tissue_diffusivity", "tissue_half_life",
                  "tissue_fraction")


@dataclass(frozen=True)
class Input:
    """One number with its range, in internal units, and where it comes from."""

    name: str
    value: float
    low: float
    high: float
    confidence: str
    source: str
    entry: str = ""

    @property
    def kind(self) -> Kind:
        """Words and units."""
        return KINDS[self.name]

    @property
    def is_ranged(self) -> bool:
        """Whether it is drawn."""
        return self.low < self.high


@dataclass(frozen=True)
class Case:
    """A question: the inputs by name, and the time (s) at which the copies are counted.

    ``place`` is ``dish`` (a shared, stirred medium), ``share`` (a dish whose uptake is measured) or ``tissue``.
    """

    cargo: str
    cell: str
    donor: str
    inputs: Mapping[str, Input]
    time: float
    place: str
    is_titration: bool


def given(name: str, text: str) -> Input:
    """An input as written: ``0.3``, ``20 h`` or a range ``10 h..30 h`` (its geometric middle is the value).

    Raises
    ------
    InputError
        Not a number, a wrong or missing unit, not positive, above its largest value, or an empty range.
    """
    kind = KINDS[name]
    ends = [end for end in _RANGE.split(text.strip()) if end]
    if len(ends) not in (1, 2):
        raise error(kind.option, f"`{text}` is neither a number nor a range", "a range is written `LOW..HIGH`",
                    "it is not known what to draw from", "write `10 h..30 h`, or one value")
    unit = _unit_of(ends[-1])
    values = [_number(kind, end if _unit_of(end) or not unit else f"{end} {unit}") for end in ends]
    low, high = values[0], values[-1]
    if low > high:
        raise error(kind.option, f"`{text}` ends below its start", "a range is written `LOW..HIGH`",
                    "nothing lies in it", f"write `{ends[-1]}..{ends[0]}`")
    value = math.sqrt(low * high) if len(values) == 2 else low
    return Input(name, value, low, high, GIVEN, f"{kind.option} {text.strip()}")


def _unit_of(text: str) -> str:
    try:
        return split(text)[1]
    except ValueError:
        return ""


def _number(kind: Kind, text: str) -> float:
    text = text.replace("%", " percent")
    bare = kind.counts and not _unit_of(text)
    unit = kind.unit
    if unit.endswith("/cell") and not bare and "cell" not in text:
        unit = unit.removesuffix("/cell")  # `100 EV/h` is of one cell, as the library writes it
    try:
        value = to_internal(text, "" if bare else unit, kind.option)
    except InputError as failure:
        example = f"{0.3 if kind.top <= 1.0 else 100:g} {kind.shown}".strip()
        raise InputError(replace(failure.findings[0], fix=f'write it like {kind.option} "{example}"')) from None
    if not SMALLEST <= value <= min(kind.top, LARGEST):
        top = min(kind.top, LARGEST) * kind.per
        raise error(kind.option, f"`{text}` stands for the {kind.words}",
                    f"it is above 0 and at most {number(top)} {kind.shown}".rstrip(),
                    "the dose would be without a meaning", f"write a value in that range, or leave {kind.option} out")
    return value


def from_library(name: str, entry: str = "") -> Input:
    """An input with the value and range of its library entry."""
    kind = KINDS[name]
    found = library.load("cns").entries[entry or kind.entry]
    unit = kind.unit.removesuffix("/cell")
    value, low, high = library.internal(found, unit)
    words = found.source or f"estimate: {found.reason}"
    return Input(name, value, low, min(high, kind.top), found.confidence, words, found.id)


def case(
    options: Mapping[str, str], *, cargo: str = "miR-146a-5p", cell: str = "neuron", donor: str = "astrocyte",
    time: str = "24 h", titration: str | None = None,
) -> Case:
    """The question that a command line asks, completed from the library.

    Parameters
    ----------
    options : name of an input -> text
        What the user gave.
    cell, donor : recipient and donor cell types
    titration : ``targets=1e4,kd=1200,held=0.5``, or empty for the library's numbers
        None asks for a fixed threshold instead.

    Raises
    ------
    InputError
        Unknown cells, texts that are no quantities, options that contradict each other.
    """
    known = library.load("cns").cells
    cell = _one_of("--cell", cell, [name for name, one in known.items() if one.takes_up_vesicles])
    donor = _one_of("--donor", donor, list(SECRETION))
    inputs = {name: given(name, text) for name, text in options.items()}
    if titration is not None:
        if "threshold" in inputs:
            raise error("--titration", "`--threshold` and `--titration` are both given",
                        "the copies that are needed follow from one of them", "it is not known which one decides",
                        "leave one of them out")
        inputs |= _titration(titration)
    place = _place(inputs)
    names = [*_NEED, *(_THRESHOLD if titration is None else _TITRATION), "release", "donors"]
    names += {"dish": ["recipients", "volume", *_SHARED], "share": ["recipients", "uptake_share"],
              "tissue": ["distance", *_TISSUE]}[place]
    if cell == "microglia" and place != "share":
        names.append("tropism")
    found = {name: inputs.get(name) or _default(name, donor, place) for name in names}
    unused = set(inputs) - set(found)
    if unused:
        first = KINDS[sorted(unused)[0]]
        raise error(first.option, f"the {first.words} is given, but plays no part here", _PLACES[place],
                    "a number without an effect misleads", f"leave out `{first.option}`, or `--distance`")
    seconds = to_internal(time, "s", "--time")
    if not SHORTEST <= seconds <= LONGEST:
        raise error("--time", f"`{time}` is no time to wait", "copies are counted after a minute to ten years",
                    "nothing has been taken up yet, or no cell is left", "write `24 h`")
    return _checked(Case(cargo, cell, donor, found, seconds, place, titration is not None))


_PLACES: Final[Mapping[str, str]] = {
    "dish": "without `--distance`, donors and recipients share a stirred medium",
    "share": "with `--uptake-share`, released EVs are simply divided among the recipients",
    "tissue": "with `--distance`, EVs diffuse through tissue from donors at that distance from one recipient",
}


def _place(inputs: Mapping[str, Input]) -> str:
    if "distance" in inputs:
        return "tissue"
    return "share" if "uptake_share" in inputs else "dish"


def _default(name: str, donor: str, place: str) -> Input:
    if name == "release":
        return from_library(name, SECRETION[donor])
    if name in ("donors", "recipients"):
        count = 1.0 if place == "tissue" else 1e6
        return Input(name, count, count, count, "assumed", "one donor" if place == "tissue" else "a dish of a million")
    return from_library(name)


def _titration(text: str) -> dict[str, Input]:
    found: dict[str, Input] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, is_set, value = part.partition("=")
        if not is_set or name.strip() not in _TITRATION:
            raise error("--titration", f"`{part}` is not understood",
                        "titration is written `targets=1e4,kd=1200,held=0.5`",
                        "the copies that are needed would rest on other numbers", nearest(name.strip(), _TITRATION))
        found[name.strip()] = given(name.strip(), value)
    return found


def _one_of(option: str, name: str, known: list[str]) -> str:
    if name in known:
        return name
    raise error(option, f"`{name}` is not a cell type known here", f"`{option}` is one of {', '.join(sorted(known))}",
                "its numbers are not in the library", nearest(name, known))


def _checked(one: Case) -> Case:
    """The case, where its numbers fit together; a share of uptake is made an input of its own."""
    if one.place == "tissue" and one.inputs["distance"].low <= one.inputs["radius"].value:
        raise error("--distance", f"the donors are {one.inputs['distance'].low:g} um from the middle of the recipient",
                    f"the recipient itself reaches {one.inputs['radius'].value:g} um far",
                    "a donor would be inside it", "write a longer distance, measured from middle to middle")
    if one.place == "tissue":
        radius = one.inputs["radius"]
        # the sphere that captures stays clear of the donor in every draw
        kept = replace(radius, high=min(radius.high, max(radius.value, 0.9 * one.inputs["distance"].low)))
        return replace(one, inputs={**one.inputs, "radius": kept})
    return one
