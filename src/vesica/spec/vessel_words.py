"""What the user says about the vessel and its medium: dishes, transwells, flow channels, slices in a bath.

Vessels with positions are in `space_words`.
"""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from vesica.spec.space_words import BoxSpec, GelSpec, MonolayerSpec, TissueSpec
from vesica.spec.words import Name, Names, Quantity, Words, is_no_truth_value, one_or_many

Mixing = Literal["still", "stirred"]
Layers = Annotated[int, BeforeValidator(is_no_truth_value), Field(ge=2, le=200)]
VESSELS: Final = ("dish", "transwell", "channel", "slice", "tissue", "gel", "monolayer", "box")


class DishSpec(Words):
    """A dish."""

    kind: Literal["dish"] = Field("dish", description="liquid on a flat bottom that carries the cells")
    diameter: Quantity = Field(description="inner diameter of the dish, `35 mm`")
    medium: Quantity = Field(description="volume of medium, `2 mL`")
    mixing: Mixing = Field("still", description="whether the medium is stirred")
    layers: Layers | None = Field(None, description="layers of a still column, thin at the cells; by default 12")


class InsertSpec(Words):
    """The insert of a transwell: a second liquid over a membrane with pores."""

    diameter: Quantity = Field(description="of the membrane, `24 mm`")
    medium: Quantity = Field(description="volume of medium in the insert, `1.5 mL`")
    pore: Quantity = Field(description="pore diameter, `0.4 um`")
    pores: Quantity = Field(description="pores per area of membrane, `1e8 1/cm^2`")
    thickness: Quantity = Field("10 um", description="of the membrane")
    cells: Names = Field((), description="cell types on the membrane; all others are on the bottom of the well")


class TranswellSpec(Words):
    """A well and an insert that share what passes the pores."""

    kind: Literal["transwell"]
    diameter: Quantity = Field(description="inner diameter of the well")
    medium: Quantity = Field(description="volume of medium in the well, below the insert")
    insert: InsertSpec
    mixing: Mixing = Field("still", description="whether both media are stirred")
    layers: Layers | None = Field(None, description="layers of a still column, thin at the cells; by default 16")


class ChannelSpec(Words):
    """A flow channel: fresh medium comes in at one end and leaves at the other; cells are on its floor."""

    kind: Literal["channel"]
    length: Quantity
    width: Quantity
    height: Quantity
    flow: Quantity = Field(description="`5 uL/min`")
    segments: Annotated[int, BeforeValidator(is_no_truth_value), Field(ge=1, le=200)] = Field(
        10, description="along the flow, each of them mixed"
    )


class SliceSpec(Words):
    """A slice of tissue in a bath: cells lie in the slice, the bath above is mixed and may flow."""

    kind: Literal["slice"]
    thickness: Quantity = Field(description="of the slice, `300 um`")
    area: Quantity = Field(description="of the slice that faces the bath, `10 mm^2`")
    bath: Quantity = Field(description="volume of the bath, `2 mL`")
    flow: Quantity | None = Field(None, description="of fresh medium through the bath, `2 mL/min`")
    layers: Layers | None = Field(None, description="layers of the slice, thin at its face; by default 12")


def domain_form(value: Any) -> str:
    """Which vessel a mapping means; a dish if it does not say, the nearest one if it is misspelt."""
    kind = value.get("kind", "dish") if isinstance(value, dict) else getattr(value, "kind", "dish")
    return f"~{next(iter(difflib.get_close_matches(str(kind), VESSELS, 1)), 'dish')}"


DomainSpec = Annotated[
    Annotated[DishSpec, Tag("~dish")]
    | Annotated[TranswellSpec, Tag("~transwell")]
    | Annotated[ChannelSpec, Tag("~channel")]
    | Annotated[SliceSpec, Tag("~slice")]
    | Annotated[TissueSpec, Tag("~tissue")]
    | Annotated[GelSpec, Tag("~gel")]
    | Annotated[MonolayerSpec, Tag("~monolayer")]
    | Annotated[BoxSpec, Tag("~box")],
    Discriminator(domain_form),
]


class MediumSpec(Words):
    """What fresh medium holds, and what goes on in it without cells."""

    serum: Quantity = Field(0.0, description="share of serum, `10 %`; its vesicles are the preparation `serum`")
    ev_depletion: Quantity = Field(0.0, description="share of the serum's vesicles taken out before, `95 %`")
    contents: dict[Name, Quantity] = Field(
        default_factory=dict, description="SOLUBLE: concentration in fresh medium, `3 mM`"
    )
    networks: Annotated[tuple[Name, ...], BeforeValidator(one_or_many)] = Field(
        (), description="reaction networks between solubles, agents and what free vesicles carry"
    )


class ChangeSpec(Words):
    """A medium change: a share of the medium is replaced by fresh medium. It mixes what is left."""

    change: Quantity = Field(description="share of the medium, `100 %`")
    at: Quantity
    every: Quantity | None = None
    times: Annotated[int, Field(ge=1, le=100_000)] = 1
    of: Name | None = Field(None, description="the part of the vessel: `insert`, `well` (default: all of it)")


class SampleSpec(Words):
    """A sample taken from the medium with all that is in it. It mixes what is left."""

    sample: Quantity = Field(description="volume, `100 uL`")
    at: Quantity
    every: Quantity | None = None
    times: Annotated[int, Field(ge=1, le=100_000)] = 1
    replaced: bool = Field(False, description="whether as much fresh medium comes in")
    of: Name | None = Field(None, description="the part of the vessel: `insert`, `well`")


def handling_form(value: Any) -> str:
    """Which handling a mapping means."""
    if isinstance(value, dict):
        return "~sample" if "sample" in value else "~change"
    return "~sample" if isinstance(value, SampleSpec) else "~change"


HandlingSpec = Annotated[
    Annotated[ChangeSpec, Tag("~change")] | Annotated[SampleSpec, Tag("~sample")], Discriminator(handling_form)
]
