"""What the user says about vesicles that no cell of the model makes, and what is done to vesicles between dishes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from vesica.spec.words import Name, Quantity, Words


class PreparationCargoSpec(Words):
    """One cargo of a preparation."""

    copies: Quantity = Field(description="mean copies per vesicle, `0.01 molecule`")


class PreparationSpec(Words):
    """Vesicles in a tube: of serum, of stem cells, engineered or labelled."""

    like: Name | None = Field(None, description="preparation of the library to start from (default: the name itself)")
    label: str | None = None
    parameters: dict[str, Quantity] = Field(default_factory=dict, description="NAME: quantity")
    cargo: dict[Name, PreparationCargoSpec | Quantity] = Field(
        default_factory=dict, description="CARGO: mean copies per vesicle"
    )
    targeting: dict[Name, Quantity] = Field(
        default_factory=dict, description="CELL: binding relative to other vesicles, by a ligand on the surface"
    )
    fusogen: Quantity | None = Field(None, description="escape and fusion relative to other vesicles")


class MethodStep(Words):
    """One step of isolation by a method of the library, or with its own numbers."""

    method: Name
    recovery: Quantity | None = Field(None, description="share of vesicles of the middle size that is kept")
    cutoff: Quantity | None = Field(None, description="diameter at which half of that is kept, `70 nm`")
    cutoff_gsd: Quantity | None = Field(None, description="geometric standard deviation of the cut-off, `1.3`")
    ceiling: Quantity | None = Field(None, description="diameter above which vesicles are lost, `220 nm`")
    solubles: Quantity | None = Field(None, description="share of soluble factors that comes along")
    lipoproteins: Quantity | None = Field(None, description="share of lipoproteins of serum that comes along")
    corona: Quantity | None = Field(None, description="share of what is adsorbed on vesicles that stays on them")


class TreatStep(Words):
    """A treatment of isolated vesicles: an enzyme, with or without a detergent, or a detergent alone."""

    treat: Name = Field(description="`protease`, `RNase`, `DNase` or `detergent`")
    detergent: bool = Field(False, description="whether vesicles are lysed, so that the enzyme reaches their lumen")


class LabelStep(Words):
    """Staining with a dye, which makes particles of the dye beside the vesicles; later steps may remove these."""

    label: Name = Field(description="a cargo of the kind `dye`: `PKH67`, `PKH26`, `DiI`, `CFSE` or one of the model")
    copies: Quantity | None = Field(None, description="dye molecules in an average vesicle, `1000 molecule`")
    micelles: Quantity | None = Field(None, description="particles of dye for each vesicle, `9`")


class StoreStep(Words):
    """Storage: freezing and thawing, or a tube that vesicles stick to."""

    store: Name = Field(description="`freeze_thaw`, `tube` or `lobind_tube`")
    cycles: Annotated[int, Field(ge=1, le=100)] = 1
    time: Quantity | None = None


def step_form(value: Any) -> str:
    """Which step a mapping or a word means."""
    if isinstance(value, dict):
        return next((f"~{key}" for key in ("treat", "store", "label") if key in value), "~method")
    forms = {"TreatStep": "~treat", "StoreStep": "~store", "LabelStep": "~label", "MethodStep": "~method"}
    return forms.get(type(value).__name__, "~name")


IsolationStep = Annotated[
    Annotated[MethodStep, Tag("~method")]
    | Annotated[TreatStep, Tag("~treat")]
    | Annotated[StoreStep, Tag("~store")]
    | Annotated[LabelStep, Tag("~label")]
    | Annotated[Name, Tag("~name")],
    Discriminator(step_form),
]
