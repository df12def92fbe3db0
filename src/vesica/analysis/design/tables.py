"""Tables of a study of designs: the designs, what they rest on, and the plates."""

from __future__ import annotations

import math

from vesica.analysis.design.answer import Answer, hours, readout_words, words_of
from vesica.analysis.design.plate import FORMATS
from vesica.analysis.design.power import interval
from vesica.analysis.design.readouts import Readout
from vesica.analysis.design.search import Contrast
from vesica.analysis.lab import Field, Table, Value
from vesica.analysis.numbers import number, percent


def designs_table(answer: Answer) -> Table:
    """The best designs, simulated anew."""
    fields = [
        Field("design"),
        Field("contrasts"),
        Field("replicates", "", "of each kind of well"),
        Field("wells"),
        Field("power"),
        Field("power_low", "", "95 % of the simulation"),
        Field("power_high"),
        Field("false_alarms", "", "a true hypothesis is refuted"),
    ]
    if answer.assured:
        fields += [Field("assurance", "", "mean power over draws"), Field("reached", "", "share of draws")]
    rows = []
    for place, one in enumerate(answer.designs, 1):
        n = one.replicates or answer.question.most
        row: list[Value] = [
            place,
            words_of(*one.contrasts),
            n,
            n * len(one.kinds),
            one.at(n),
            *interval(one.at(n), one.simulations),
            float(one.false_alarms[n - 2]),
        ]
        if answer.assured:
            found = answer.assured[place - 1]
            row += [None, None] if found is None else [found.power, found.reached]
        rows.append(tuple(row))
    return Table(
        "designs",
        f"Designs, fewest wells first (power asked for: {percent(answer.question.power)})",
        tuple(fields),
        tuple(rows),
    )


def predictions_table(answer: Answer) -> Table:
    """Of each contrast of the designs: weight, and fold changes by either hypothesis."""
    first, second = answer.question.names
    fields = (
        Field("design"),
        Field("contrast"),
        Field("weight", "", "of its log ratio in the score"),
        Field(f"fold_by_{first}"),
        Field(f"fold_by_{second}"),
        Field("scale"),
        Field("at_limit", "", "arms below the limit"),
    )
    rows = tuple(
        (
            place,
            words_of(one),
            weight,
            *(math.exp(answer.bench.expected(h, one)) for h in (0, 1)),
            "odds" if one.readout.kind == "share" else "ratio",
            at_limit(answer, one) or None,
        )
        for place, design in enumerate(answer.designs, 1)
        for one, weight in zip(design.contrasts, design.weights, strict=True)
    )
    return Table("predictions", "What the hypotheses predict, as the assays read it", fields, rows)


def at_limit(answer: Answer, one: Contrast) -> str:
    """Arms of a contrast that lie below the detection limit, with the hypothesis that says so."""
    return ", ".join(
        f"{look.arm} ({answer.question.names[h]})"
        for h in (0, 1)
        for look in one.looks
        if answer.bench.is_at_limit(h, look)
    )


def key_table(answer: Answer) -> Table:
    """What the numbers on the plates mean."""
    fields = (
        Field("number"),
        Field("arm"),
        Field("read"),
        Field("harvested"),
        Field("cells", "per well"),
        Field("medium", "mL per well"),
    )
    rows = []
    for kind, numbered in answer.styles.items():
        at: dict[Readout, list[float]] = {}
        for look in answer.plan.looks[kind]:
            at.setdefault(look.readout, []).append(look.time)
        read = "; ".join(readout_words(readout, times) for readout, times in at.items())
        cells = ", ".join(f"{number(count)} {cell}" for cell, count in answer.cells[kind[0]].items())
        rows.append((numbered, kind[0], read, hours(kind[1]) or "no, medium only", cells or None, answer.medium))
    return Table("key", "Kinds of wells", fields, tuple(rows))


def plate_tables(answer: Answer) -> tuple[Table, ...]:
    """Each plate as a grid: kind of well, replicate behind the point."""
    rows, columns = FORMATS[answer.plan.format]
    found = []
    for plate in range(1, answer.plan.plates + 1):
        filled = {
            (well.row, well.column): f"{answer.styles[well.kind]}.{well.replicate}"
            for well in answer.plan.wells
            if well.plate == plate
        }
        grid = tuple(
            (chr(ord("A") + row), *(filled.get((row, column), "·") for column in range(columns)))
            for row in range(rows)
        )
        fields = (Field("row"), *(Field(str(column + 1)) for column in range(columns)))
        found.append(
            Table(f"plate_{plate}", f"Plate {plate}: number of the kind of well, and its replicate", fields, grid)
        )
    return tuple(found)


def plan_table(answer: Answer) -> Table:
    """One row for every reading of every well."""
    fields = (
        Field("plate"),
        Field("well"),
        Field("arm"),
        Field("time", "h"),
        Field("replicate"),
        Field("readout"),
        Field("assay"),
        Field("sample"),
        Field("harvested", "h", "when the cells are taken; empty for medium alone"),
    )
    rows = tuple(
        (
            well.plate,
            well.name,
            well.kind[0],
            look.time / 3600.0,
            well.replicate,
            look.readout.key,
            look.readout.assay,
            "medium" if look.readout.from_medium else "cells",
            well.kind[1] / 3600.0 if math.isfinite(well.kind[1]) else None,
        )
        for well in answer.plan.wells
        for look in answer.plan.looks[well.kind]
    )
    return Table("plan", "Plate plan", fields, rows)


def power_table(answer: Answer) -> Table:
    """Power of every design for 2 ... N replicates."""
    first, second = answer.question.names
    fields = (
        Field("design"),
        Field("replicates"),
        Field("wells"),
        Field("power"),
        Field("low"),
        Field("high"),
        Field(f"if_{first}_is_true"),
        Field(f"if_{second}_is_true"),
        Field("false_alarms"),
    )
    rows = tuple(
        (
            place,
            n,
            n * len(one.kinds),
            one.at(n),
            *interval(one.at(n), one.simulations),
            float(one.powers[0, n - 2]),
            float(one.powers[1, n - 2]),
            float(one.false_alarms[n - 2]),
        )
        for place, one in enumerate(answer.designs, 1)
        for n in range(2, answer.question.most + 1)
    )
    return Table("power", "Power by replicates, with 95 % of the simulation", fields, rows)


def screened_table(answer: Answer) -> Table:
    """Every contrast alone."""
    fields = (
        Field("arm"),
        Field("against"),
        Field("readout"),
        Field("assay"),
        Field("time", "h"),
        Field("replicates"),
        Field("wells"),
        Field("power", "", f"with these, or {answer.question.most}"),
    )
    rows = []
    for one in answer.screened:
        contrast, n = one.contrasts[0], one.replicates or answer.question.most
        rows.append(
            (
                contrast.arm,
                contrast.against,
                contrast.readout.key,
                contrast.readout.assay,
                contrast.time / 3600.0,
                one.replicates,
                one.wells,
                one.at(n),
            )
        )
    return Table("contrasts", "Every contrast alone, from a smaller simulation", fields, tuple(rows))
