"""The sample of a dish that a run in whole numbers follows: fewer cells, and their share of the medium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vesica.spec import handling
from vesica.spec.resolved import Arm, ResolvedModel


def share_of(model: ResolvedModel) -> float:
    """Share of the dish that is followed; 1 for a run of means and for a dish that is small enough.

    One share holds for all arms and cell types, so that ratios between types and the
    concentrations in the medium are those of the dish.
    """
    largest = max((count for arm in model.arms for count in arm.counts.values()), default=0.0)
    if model.schedule.fidelity != "stochastic" or largest <= model.schedule.cells_at_most:
        return 1.0
    return model.schedule.cells_at_most / largest


def sampled(model: ResolvedModel) -> tuple[ResolvedModel, float]:
    """The model of the sample, and the share of the dish that it is.

    Counts are scaled and rounded to whole cells, the volume of the medium (um^3) is scaled;
    the depth stays, as a sample is a column of the dish. Doses are per cell, so they stay.
    A sample is its own sample. Cell types that round to no cell are refused by the check
    before a run (`vesica.engine.check_whole`).
    """
    share = share_of(model)
    if model.schedule.fidelity != "stochastic":
        return model, 1.0
    arms = tuple(replace(handling.scaled(arm, share), counts=whole_cells(arm, share)) for arm in model.arms)
    domain = model.domain.scaled(share)
    return replace(model, arms=arms, domain=domain), share


def whole_cells(arm: Arm, share: float) -> Mapping[str, float]:
    """Whole cells of each type in the sample of an arm."""
    return {cell: float(round(count * share)) for cell, count in arm.counts.items()}
