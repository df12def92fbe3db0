"""The vessel as the engine needs it: compartments with their layers, and the numbers that arms may change.

The boxes of vessels with positions are made in `spaces`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Literal

from vesica.library import Library
from vesica.spec import spaces
from vesica.spec.model import ModelSpec
from vesica.spec.quantities import Given, Notes
from vesica.spec.resolved import Compartment, Domain, Parameter
from vesica.spec.space import Space
from vesica.spec.space_words import GelSpec, TissueSpec
from vesica.spec.vessel_words import ChannelSpec, DishSpec, SliceSpec, TranswellSpec
from vesica.spec.vocabulary import CELL_TISSUE, Field
from vesica.spec.words import Quantity

LAYERS: Final = 12  # of a still column, unless told: they grow away from the cells
CROSSED: Final = 16  # ... of each column of a transwell
GENTLE: Final = 4.0  # stretch of a well under an insert: vesicles cross it, so its top counts, too
EVEN: Final = 1.0  # stretch of the segments of a channel
PLAIN: Final = "medium"  # the one compartment of a dish
# vessel.NAME, of vessels that have it: unit and the word of the file
PORES: Final[dict[str, tuple[Field, str]]] = {
    "pore_diameter": (Field("um", False, "diameter of the pores of the insert's membrane", positive=True), "pore"),
    "pore_density": (Field("1/um^2", False, "pores per area of the insert's membrane"), "pores"),
    "membrane_thickness": (Field("um", False, "thickness of the insert's membrane"), "thickness"),
}
TISSUE: Final[dict[str, Field]] = {
    "volume_fraction": Field("", False, "share of a slice that is liquid between cells"),
    "tortuosity": Field("", False, "of the ways between cells, for small molecules and factors"),
    "vesicle_tortuosity": Field("", False, "the same for vesicles, walls included"),
}
SPACE: Final[dict[str, Field]] = {  # of tissue with positions
    "volume_fraction": Field("", False, "share of the tissue that is liquid between cells", positive=True),
    "tortuosity": Field("", False, "of the ways between cells, for small molecules", positive=True),
    "gap_width": Field("um", False, "median width of the gaps between cells", positive=True),
    "gap_spread": Field("", False, "geometric standard deviation of the width of gaps", positive=True),
    "gap_connectivity": Field("", False, "gaps that meet at a crossing", positive=True),
    "probe_ratio": Field("", False, "diffusion of 35 nm particles over that in free liquid"),
    "thinnest_vesicle": Field("um", False, "to which a deformable vesicle can flatten", positive=True),
}
VELOCITY: Final = Field("um/s", False, "mean velocity of the liquid that flows through a space")
FLOW: Final = Field("um^3/s", False, "fresh medium that comes in, and medium that leaves, per time")
FIELDS: Final[dict[str, Field]] = {  # vessel.NAME, of any vessel
    **{name: field for name, (field, _) in PORES.items()}, **TISSUE, **SPACE, "flow": FLOW, "flow_velocity": VELOCITY,
}  # fmt: skip


def domain(spec: ModelSpec, space: Space | None, numbers: Mapping[str, Parameter], notes: Notes) -> Domain:
    """The vessel with lengths in um and volumes in um^3.

    Parameters
    ----------
    space : of vessels with positions
    numbers : mapping of path to parameter, of the base
    """
    said = spec.domain
    if space is not None:
        outside = numbers["vessel.volume_fraction"].value if "vessel.volume_fraction" in numbers else 1.0
        volume = spaces.mean_fraction(space, outside) * space.volume
        part = Compartment(PLAIN, volume, space.size[2], 1, _everyone(spec))
        return Domain(said.kind, volume, space.size[2], "stirred", (part,), space)
    if isinstance(said, TranswellSpec):
        return _transwell(spec, said, notes)
    if isinstance(said, ChannelSpec):
        return _channel(spec, said, notes)
    if isinstance(said, SliceSpec):
        return _slice(spec, said, notes)
    return _dish(spec, said, notes) if isinstance(said, DishSpec) else _without_size(said.kind)


def expected(spec: ModelSpec) -> dict[str, Field]:
    """Parameters of the vessel, by path."""
    found = {f"vessel.{name}": field for name, (field, _) in PORES.items()} if _has_pores(spec) else {}
    if isinstance(spec.domain, SliceSpec):
        found |= {f"vessel.{name}": field for name, field in TISSUE.items()}
    if isinstance(spec.domain, TissueSpec):
        found |= {f"vessel.{name}": field for name, field in SPACE.items()}
        found |= {f"{cell}.{name}": field for cell in spec.cells for name, field in CELL_TISSUE.items()}
    if isinstance(spec.domain, GelSpec):
        found["vessel.tortuosity"] = SPACE["tortuosity"]
    if (box := spaces.spatial(spec)) is not None and box.flow is not None:
        found["vessel.flow_velocity"] = VELOCITY
    return found | ({"vessel.flow": FLOW} if _flow(spec) is not None else {})


def numbers(spec: ModelSpec, library: Library) -> dict[str, Given]:
    """What the file and the library say of them, by path."""
    found: dict[str, Given] = {}
    if isinstance(spec.domain, TranswellSpec):
        found |= {f"vessel.{name}": Given(getattr(spec.domain.insert, word), f"domain.insert.{word}")
                  for name, (_, word) in PORES.items()}
    if isinstance(spec.domain, SliceSpec):
        found |= {f"vessel.{name}": Given(f"@{library.tissue[name]}", "library:tissue") for name in TISSUE}
    if isinstance(spec.domain, TissueSpec):
        found |= {f"vessel.{name}": Given(f"@{library.tissue[name]}", "library:tissue") for name in SPACE}
    if isinstance(spec.domain, GelSpec):
        found["vessel.tortuosity"] = Given(spec.domain.tortuosity, "domain.tortuosity")
    if (box := spaces.spatial(spec)) is not None and box.flow is not None:
        if box.flow.velocity is not None:
            found["vessel.flow_velocity"] = Given(box.flow.velocity, "domain.flow.velocity")
        elif isinstance(box, TissueSpec):
            found["vessel.flow_velocity"] = Given(f"@{library.tissue['flow_velocity']}", "library:tissue")
    flow = _flow(spec)
    return found | ({} if flow is None else {"vessel.flow": Given(flow, "domain.flow")})


def _has_pores(spec: ModelSpec) -> bool:
    return isinstance(spec.domain, TranswellSpec)


def _flow(spec: ModelSpec) -> Quantity | None:
    said = spec.domain
    return said.flow if isinstance(said, ChannelSpec | SliceSpec) else None


def _layers(spec: ModelSpec, layers: int | None, *, still: bool) -> int:
    """Layers of a column; whole numbers know stirred media only."""
    return (layers or LAYERS) if still and spec.run.fidelity == "well_mixed" else 1


def _everyone(spec: ModelSpec) -> tuple[str, ...]:
    return tuple(sorted(spec.cells))


def _length(value: Quantity, path: str, notes: Notes) -> float:
    return notes.quantity(value, "um", path, positive=True) or math.nan


def _volume(value: Quantity, path: str, notes: Notes) -> float:
    return notes.quantity(value, "um^3", path, positive=True) or math.nan


def _depth(volume: float, diameter: float, said: tuple[str, Quantity, Quantity], notes: Notes) -> float:
    """Depth of a liquid; a warning where it is deeper than wide."""
    path, medium, wide = said
    depth = volume / (math.pi * diameter**2 / 4.0)
    if depth > diameter:
        notes.add("warning", path, f"`{medium}` in a vessel of `{wide}` stands {depth / 1e3:.3g} mm deep",
                  "the medium of a dish is shallower than the dish is wide",
                  "concentrations and the way to the cells are those of a tall tube",
                  "check the units of `medium` and `diameter`")
    return depth


def _dish(spec: ModelSpec, said: DishSpec, notes: Notes) -> Domain:
    diameter = _length(said.diameter, "domain.diameter", notes)
    volume = _volume(said.medium, "domain.medium", notes)
    depth = _depth(volume, diameter, ("domain.medium", said.medium, said.diameter), notes)
    layers = _layers(spec, said.layers, still=said.mixing == "still")
    return Domain("dish", volume, depth, said.mixing, (Compartment(PLAIN, volume, depth, layers, _everyone(spec)),))


def _without_size(kind: Literal["tissue", "gel", "monolayer", "box"]) -> Domain:
    """A box whose words are wrong; the finding is noted."""
    return Domain(kind, math.nan, math.nan, "stirred")


def _transwell(spec: ModelSpec, said: TranswellSpec, notes: Notes) -> Domain:
    wide, narrow = (_length(one.diameter, f"{path}.diameter", notes)
                    for path, one in (("domain", said), ("domain.insert", said.insert)))
    below, above = (_volume(one.medium, f"{path}.medium", notes)
                    for path, one in (("domain", said), ("domain.insert", said.insert)))
    for name in said.insert.cells:
        if name not in spec.cells:
            notes.unknown("domain.insert.cells", "cell type", name, spec.cells, "nobody would be on the membrane")
    if narrow > wide:
        notes.add("error", "domain.insert.diameter", f"an insert of `{said.insert.diameter}` in a well of "
                  f"`{said.diameter}`", "an insert hangs in its well", "no such vessel exists",
                  "give a `diameter` below that of the well")
    depths = (_depth(above, narrow, ("domain.insert.medium", said.insert.medium, said.insert.diameter), notes),
              _depth(below, wide, ("domain.medium", said.medium, said.diameter), notes))
    layers = _layers(spec, said.layers or CROSSED, still=said.mixing == "still")
    others = tuple(name for name in _everyone(spec) if name not in said.insert.cells)
    return Domain("transwell", above + below, depths[1], said.mixing, (
        Compartment("insert", above, depths[0], layers, said.insert.cells),
        Compartment("well", below, depths[1], layers, others, GENTLE),
    ))  # fmt: skip


def _channel(spec: ModelSpec, said: ChannelSpec, notes: Notes) -> Domain:
    length, width, height = (_length(getattr(said, name), f"domain.{name}", notes)
                             for name in ("length", "width", "height"))
    volume = length * width * height
    return Domain("channel", volume, height, "stirred",
                  (Compartment("channel", volume, length, said.segments, _everyone(spec), EVEN),))


def _slice(spec: ModelSpec, said: SliceSpec, notes: Notes) -> Domain:
    thickness = _length(said.thickness, "domain.thickness", notes)
    area = notes.quantity(said.area, "um^2", "domain.area", positive=True) or math.nan
    bath = _volume(said.bath, "domain.bath", notes)
    return Domain("slice", thickness * area + bath, thickness, "still", (
        Compartment("slice", thickness * area, thickness, _layers(spec, said.layers, still=True), _everyone(spec)),
        Compartment("bath", bath, bath / area, 1, ()),
    ))  # fmt: skip
