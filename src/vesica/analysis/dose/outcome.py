"""What `vesica dose` says: sentences, tables, plain data and warnings about need and supply."""

from __future__ import annotations

import math
import re
from typing import Any, Final

import numpy as np

from vesica.analysis.dose.inputs import GIVEN, Case, from_library
from vesica.analysis.dose.study import (
    FEWEST,
    LIKELY,
    SEED,
    Answer,
    Chances,
    Draws,
    Influence,
    answer,
    chances,
    drawn,
    influences,
    middle,
)
from vesica.analysis.lab import Field, LabOutcome, Table
from vesica.analysis.numbers import number, percent
from vesica.errors import Finding, error

HOUR: Final = 3600.0
_MATURE: Final = re.compile(r"([a-z]{3}-)?(miR|let)-\d*[a-z]*(-\d+)?(-[35]p)?\*?")
_HAIRPIN: Final = re.compile(r"([a-z]{3}-)?mir-.+")
# name of a quantity of `Answer`, words, unit shown, how many of it are one internal unit
_ROWS: Final = (
    ("needed_copies", "copies an effect needs in the cytosol", "copies/cell", 1.0),
    ("steady", "EVs to take up to hold them for ever", "EV/cell/h", HOUR),
    ("by_time", "EVs to take up to reach them in the time", "EV/cell/h", HOUR),
    ("bolus", "EVs to take up at once", "EV/cell", 1.0),
    ("offered", "EVs that the donors offer one recipient", "EV/cell/h", HOUR),
    ("supplied", "EVs that one recipient takes up", "EV/cell/h", HOUR),
    ("copies", "copies reached in the time", "copies/cell", 1.0),
    ("steady_copies", "copies reached in the end, at this supply", "copies/cell", 1.0),
    ("ratio", "copies reached over copies needed", "", 1.0),
)
_HELD: Final = ("held", "share of the target sites that they hold", "", 1.0)


def study(one: Case, count: int, seed: int = SEED) -> tuple[LabOutcome, Draws, tuple[Influence, ...]]:
    """Answer a case, with draws over its ranges.

    Raises
    ------
    InputError
        Fewer draws than percentiles need.
    """
    if count < FEWEST:
        raise error("--samples", f"`{count}` draws are asked for", f"the band and the ranks rest on {FEWEST} or more",
                    "the 5th and 95th percentile would be single draws", f"write `--samples {FEWEST}` or more")
    draws = drawn(one, count, seed)
    ranked = influences(one, draws)
    best, single = answer(one, middle(one)), chances(one, middle(one))
    share = float(np.mean(draws.course("ratio") >= 1.0))
    tables = (_need(one, best, draws), _swing(ranked), _single(best, single), _inputs(one))
    summary = {
        "cargo": one.cargo, "cell": one.cell, "donor": one.donor, "place": one.place, "time_h": one.time / HOUR,
        "verdict": verdict(share), "share_of_draws_sufficient": share, "draws": count, "seed": seed,
        "decided_by": [item.input.name for item in ranked if item.is_heard][:2],
        **{name: _spread(one, best, draws, name, factor) | {"unit": unit}
           for name, _, unit, factor in _rows(one)},
        "recipients_with_a_copy": single.of_one, "recipients_above_threshold": single.above,
        "copies_of_loaded_ev": single.copies_of_loaded,
    }
    title = f"Can {one.cargo} in EVs of {_plural(one.donor)} act on {_plural(one.cell)}?"
    return LabOutcome("dose", title, _headline(one, best, draws, ranked, share, single), tables, summary,
                      _findings(one, best)), draws, ranked


def verdict(share: float) -> str:
    """`sufficient`, `insufficient` or `open`, by the share of the draws in which the copies suffice."""
    if share >= LIKELY:
        return "sufficient"
    return "insufficient" if share <= 1.0 - LIKELY else "open"


def _plural(cell: str) -> str:
    return cell if cell == "microglia" else f"{cell}s" if cell != "mcf7" else "MCF7 cells"


def _rows(one: Case) -> tuple[tuple[str, str, str, float], ...]:
    return (*_ROWS, _HELD) if one.is_titration else _ROWS


def _spread(one: Case, best: Answer, draws: Draws, name: str, factor: float) -> dict[str, Any]:
    low, middle_, high = np.percentile(draws.course(name), [5.0, 50.0, 95.0]) * factor
    return {"value": getattr(best, name) * factor, "low": float(low), "median": float(middle_), "high": float(high)}


def _need(one: Case, best: Answer, draws: Draws) -> Table:
    fields = (Field("quantity"), Field("value", words="with every input at its value"),
              Field("low", words="5th percentile of the draws"), Field("median"),
              Field("high", words="95th percentile of the draws"), Field("unit"))
    rows = []
    for name, words, unit, factor in _rows(one):
        found = _spread(one, best, draws, name, factor)
        rows.append((words, found["value"], found["low"], found["median"], found["high"], unit))
    return Table("dose", f"Need and supply after {one.time / HOUR:g} h (low and high: 5th and 95th percentile of the "
                         "draws)", fields, tuple(rows))


def _swing(ranked: tuple[Influence, ...]) -> Table:
    fields = (Field("input"), Field("low"), Field("high"), Field("unit"), Field("ratio at low"),
              Field("ratio at high"), Field("rank correlation"), Field("noise"), Field("stands out"))
    rows = tuple(
        (item.input.kind.words, item.input.low * item.input.kind.per, item.input.high * item.input.kind.per,
         item.input.kind.shown, item.at_low, item.at_high, item.correlation, item.noise, item.is_heard)
        for item in ranked
    )
    return Table("swing", "What decides: copies reached over needed, with one input moved at a time, and rank "
                          "correlation over the draws", fields, rows)


def _single(best: Answer, found: Chances) -> Table:
    spread = None if math.isnan(found.spread) else found.spread
    return Table("recipients", "Single recipients, when EVs come and are loaded at random",
                 (Field("quantity"), Field("value"), Field("unit")),
                 (("copies in a loaded EV", found.copies_of_loaded, "copies/EV"),
                  ("mean copies at the time", best.copies, "copies/cell"),
                  ("coefficient of variation between recipients", spread, ""),
                  ("share of recipients that got a copy or more", found.of_one, ""),
                  ("share of recipients above the need", found.above, "")))


def _inputs(one: Case) -> Table:
    fields = (Field("input"), Field("value"), Field("low"), Field("high"), Field("unit"), Field("confidence"),
              Field("source"), Field("option"))
    rows = tuple(
        (given.kind.words, given.value * given.kind.per, given.low * given.kind.per, given.high * given.kind.per,
         given.kind.shown, given.confidence, given.source, given.kind.option)
        for given in one.inputs.values()
    )
    return Table("inputs", "What it rests on", fields, rows)


def _share(value: float) -> str:
    """A share as per cent; what no dish of cells would show is called so."""
    return "less than 0.0001 %" if 0.0 <= value < 1e-6 else percent(value)


def _headline(one: Case, best: Answer, draws: Draws, ranked: tuple[Influence, ...], share: float, single: Chances
              ) -> tuple[str, ...]:
    low, high = np.percentile(draws.course("ratio"), [5.0, 95.0])
    hours = f"{one.time / HOUR:g} h"
    ratio = best.ratio
    gap = f"{number(1 / ratio) if ratio else 'infinitely many'} times too few"
    if ratio >= 1:
        gap = f"{number(ratio)} times what is needed"
    words = {"sufficient": "It is enough", "insufficient": "It is not enough", "open": "It is undecided"}
    top = [item for item in ranked if item.is_heard][:2]
    deciding = " and ".join(f"the {item.input.kind.words} (rank correlation {item.correlation:+.2f}, noise "
                            f"±{item.noise:.2f})" for item in top)
    decided = f"Decided most by {deciding}." if top else "No single input stands out of the noise of the draws."
    often = "none" if share == 0.0 else f"{100 * share:.0f} %"
    enough = (f"{words[verdict(share)]}: in {often} of {len(draws.answers):,} draws over the ranges, the "
              f"EVs bring the {number(best.needed_copies)} copies of {one.cargo} that an effect needs in {hours}.")
    need = (f"Needed per recipient: {number(best.bolus)} EVs taken up at once, {number(best.steady * HOUR)} an "
            f"hour for ever, or {number(best.by_time * HOUR)} an hour to get there in {hours}.")
    supply = (f"Supplied: {number(best.supplied * HOUR)} EVs per cell and hour, {number(best.copies)} copies after "
              f"{hours}: {gap} (5-95 % of the draws: {number(float(low))} to {number(float(high))} of the need).")
    single_cells = (f"{_share(single.of_one)} of the recipients get at least one copy, {_share(single.above)} reach "
                    f"the need ({number(single.copies_of_loaded)} copies in a loaded EV).")
    return enough, need, supply, decided, single_cells


def _findings(one: Case, best: Answer) -> tuple[Finding, ...]:
    found = []
    if _HAIRPIN.fullmatch(one.cargo):
        mature = re.sub(r"mir-", "miR-", one.cargo)
        found.append(Finding("warning", "--cargo", f"`{one.cargo}` is the name of a hairpin",
                             "EVs act by the mature miRNA, which has another name",
                             "counts of hairpins are not copies of the guide",
                             f"name the mature miRNA, as `{mature}-5p`"))
    elif not _MATURE.fullmatch(one.cargo):
        found.append(Finding("warning", "--cargo", f"`{one.cargo}` is not the name of a miRNA",
                             "copies per EV, need and half-life of the library are those of miRNAs",
                             "they do not hold for another kind of cargo",
                             "give --copies-per-ev, --threshold and --half-life of this cargo"))
    if one.inputs["copies_per_ev"].confidence != GIVEN:
        found.append(Finding("note", "--copies-per-ev", f"{one.inputs['copies_per_ev'].value:g} copies per EV is the "
                             "mean of the most abundant miRNAs of six sources", "cargo is measured per EV, not assumed",
                             "a rarer miRNA needs more EVs", "measure it (RT-qPCR over particles) and give it"))
    found.append(Finding("note", "--threshold", "copies that the recipient makes itself are not counted",
                         "what is needed is needed from EVs", "a cell that has most of it already needs less",
                         "give as --threshold what is missing"))
    return (*found, *_crowding(one, best))


def _crowding(one: Case, best: Answer) -> list[Finding]:
    if one.place == "share" and best.supplied > (full := from_library("capacity")).value:
        return [Finding("warning", "--uptake-share", f"{best.supplied * HOUR:,.0f} EVs per cell and hour are taken up",
                        f"uptake saturates near {full.value * HOUR:,.0f} (range {full.low * HOUR:,.0f} to "
                        f"{full.high * HOUR:,.0f}) EVs per cell and hour", "the supply may be overstated",
                        "measure uptake at this dose")]
    if one.place == "tissue":
        distance, radius = one.inputs["distance"].value, one.inputs["radius"].value
        room = max(1.0, (2.0 * distance / radius) ** 2)  # discs of the cell's size on a sphere of that radius
        if one.inputs["donors"].value > room:
            return [Finding("warning", "--donors", f"{one.inputs['donors'].value:,.0f} donors at {distance:g} um",
                            f"about {room:,.0f} cells find room side by side at that distance",
                            "the supply is overstated", "name the cells that can be there, or a longer distance")]
    if one.place == "dish":
        cells = one.inputs["donors"].value + one.inputs["recipients"].value
        share = cells * 4.0 / 3.0 * math.pi * one.inputs["radius"].value ** 3 / one.inputs["volume"].value
        if share > 0.1:
            return [Finding("warning", "--donors", f"{cells:.3g} cells fill {100 * share:.3g} % of the medium",
                            "a dish holds far more medium than cells", "the supply is not that of a stirred medium",
                            "check --donors, --recipients and --volume")]
    return []
