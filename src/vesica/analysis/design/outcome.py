"""What a study of designs says: sentences, tables, findings and plain data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from vesica.analysis.design.answer import Answer, Assured, hours, words_of
from vesica.analysis.design.plate import FORMATS
from vesica.analysis.design.power import interval
from vesica.analysis.design.search import Contrast, Design
from vesica.analysis.lab import Field, LabOutcome, Table, Value
from vesica.analysis.numbers import counted, number, percent
from vesica.errors import Finding

KIND: Final = "design"
_MORE_ERROR: Final = 1.5  # a simulated error above so many times the stated one is worth a warning


def outcome(answer: Answer) -> LabOutcome:
    """Everything for the screen, the report, JSON and the folder."""
    first, second = answer.question.names
    title = f"{answer.titles[0]}: which experiment tells `{first}` from `{second}`?"
    designs, key, plates = designs_table(answer), key_table(answer), plate_tables(answer)
    tables = (designs, predictions_table(answer), key, *plates, plan_table(answer), power_table(answer),
              screened_table(answer))
    return LabOutcome(KIND, title, headline(answer), tables, summary(answer), findings(answer),
                      screen=(designs, key, *plates))


def headline(answer: Answer) -> tuple[str, ...]:
    """The best design, what it rests on, and what it takes."""
    best, question, n = answer.best, answer.question, answer.replicates
    low, high = interval(best.at(n), best.simulations)
    seen = f"{percent(best.at(n))} ({number(100 * low)} to {number(100 * high)} %) of {best.simulations:,} simulated experiments"
    contrasts = "; ".join(map(words_of, best.contrasts))
    refuted = "no effect is refuted" if question.is_one else "the wrong hypothesis is refuted"
    size = f"{n} replicates of {len(best.kinds)} kinds of wells, {n * len(best.kinds)} wells"
    first = (f"Fewest wells: {contrasts}, with {size}: {refuted} in {seen}." if best.replicates else
             f"No design with up to {question.most} replicates reaches a power of {percent(question.power)}. The best, "
             f"{contrasts}, with {size}: {refuted} in {seen}.")
    wrongly = f"The true one is refuted in {percent(float(best.errors[:, n - 2].max()))} ({percent(question.error)} by design)."
    said = [first + " " + wrongly, _predicted(answer)]
    if answer.assured and answer.assured[0] is not None:
        said.append(_assured(answer, answer.assured[0]))
    return (*said, _plan(answer))


def _predicted(answer: Answer) -> str:
    first, second = answer.question.names
    parts = [f"{number(math.exp(answer.bench.expected(0, one)))}-fold by `{first}`, "
             f"{number(math.exp(answer.bench.expected(1, one)))}-fold by `{second}`"
             + (" (odds)" if one.readout.kind == "share" else "") for one in answer.best.contrasts]
    return f"Predicted: {'; '.join(parts)}."


def _assured(answer: Answer, one: Assured) -> str:
    return (f"Over {one.draws} draws of the uncertain numbers the power is {percent(one.power)} on average (assurance); "
            f"{percent(answer.question.power)} are reached in {percent(one.reached)} of the draws, and the hypotheses differ in "
            f"the same direction in {percent(one.same_sign)}.")


def _plan(answer: Answer) -> str:
    plan = answer.plan
    edge = "edges stay empty" if plan.is_edge_free else "wells at the edge are used, too"
    said = (f"Plan: {counted(len(plan.wells), 'well')} on {counted(plan.plates, 'plate')} with {plan.format}, in random order "
            f"within blocks of one replicate (seed {plan.seed}); {edge}.")
    if answer.donors:
        sources = "; ".join(f"`{source}` for {', '.join(arms)}" for source, arms in answer.donors.items())
        said += f" Vesicles to be prepared beforehand: {sources}."
    return said


def designs_table(answer: Answer) -> Table:
    """The best designs, simulated anew."""
    fields = [Field("design"), Field("replicates", "", "of each kind of well"), Field("wells"), Field("power"),
              Field("power_low", "", "95 % of the simulation"), Field("power_high"),
              Field("false_alarms", "", "a true hypothesis is refuted")]
    if answer.assured:
        fields += [Field("assurance", "", "mean power over draws"), Field("reached", "", "share of draws")]
    rows = []
    for place, one in enumerate(answer.designs):
        n = one.replicates or answer.question.most
        row: list[Value] = ["; ".join(map(words_of, one.contrasts)), n, n * len(one.kinds), one.at(n),
                            *interval(one.at(n), one.simulations), float(one.errors[:, n - 2].max())]
        if answer.assured:
            found = answer.assured[place]
            row += [None, None] if found is None else [found.power, found.reached]
        rows.append(tuple(row))
    return Table("designs", f"Designs, fewest wells first (power asked for: {percent(answer.question.power)})",
                 tuple(fields), tuple(rows))


def predictions_table(answer: Answer) -> Table:
    """Of each contrast of the designs: weight, and fold changes by either hypothesis."""
    first, second = answer.question.names
    fields = (Field("design"), Field("contrast"), Field("weight", "", "of its log ratio in the score"),
              Field(f"fold_by_{first}"), Field(f"fold_by_{second}"), Field("scale"), Field("at_limit", "", "arms below the limit"))
    rows = tuple((place, words_of(one), weight, *(math.exp(answer.bench.expected(h, one)) for h in (0, 1)),
                  "odds" if one.readout.kind == "share" else "ratio", _at_limit(answer, one) or None)
                 for place, design in enumerate(answer.designs, 1)
                 for one, weight in zip(design.contrasts, design.weights, strict=True))
    return Table("predictions", "What the hypotheses predict, as the assays read it", fields, rows)


def _at_limit(answer: Answer, one: Contrast) -> str:
    return ", ".join(f"{look.arm} ({answer.question.names[h]})" for h in (0, 1) for look in one.looks
                     if answer.bench.is_at_limit(h, look))


def key_table(answer: Answer) -> Table:
    """What the numbers on the plates mean."""
    fields = (Field("number"), Field("arm"), Field("read"), Field("harvested"), Field("cells", "per well"), Field("medium", "mL per well"))
    rows = []
    for kind, numbered in answer.styles.items():
        read = "; ".join(f"{look.readout.key} by {look.readout.assay} at {hours(look.time)}" for look in answer.plan.looks[kind])
        cells = ", ".join(f"{number(count)} {cell}" for cell, count in answer.cells[kind[0]].items())
        rows.append((numbered, kind[0], read, hours(kind[1]) or "no, medium only", cells or None, answer.medium))
    return Table("key", "Kinds of wells", fields, tuple(rows))


def plate_tables(answer: Answer) -> tuple[Table, ...]:
    """Each plate as a grid: kind of well, replicate behind the point."""
    rows, columns = FORMATS[answer.plan.format]
    found = []
    for plate in range(1, answer.plan.plates + 1):
        filled = {(well.row, well.column): f"{answer.styles[well.kind]}.{well.replicate}" for well in answer.plan.wells
                  if well.plate == plate}
        grid = tuple((chr(ord("A") + row), *(filled.get((row, column), "·") for column in range(columns)))
                     for row in range(rows))
        fields = (Field("row"), *(Field(str(column + 1)) for column in range(columns)))
        found.append(Table(f"plate_{plate}", f"Plate {plate}: number of the kind of well, and its replicate", fields, grid))
    return tuple(found)


def plan_table(answer: Answer) -> Table:
    """One row for every reading of every well."""
    fields = (Field("plate"), Field("well"), Field("arm"), Field("time", "h"), Field("replicate"), Field("readout"), Field("assay"),
              Field("sample"), Field("harvested", "h", "when the cells are taken; empty for medium alone"))
    rows = tuple((well.plate, well.name, well.kind[0], look.time / 3600.0, well.replicate, look.readout.key, look.readout.assay,
                  "medium" if look.readout.from_medium else "cells",
                  well.kind[1] / 3600.0 if math.isfinite(well.kind[1]) else None)
                 for well in answer.plan.wells for look in answer.plan.looks[well.kind])
    return Table("plan", "Plate plan", fields, rows)


def power_table(answer: Answer) -> Table:
    """Power of every design for 2 ... N replicates."""
    first, second = answer.question.names
    fields = (Field("design"), Field("replicates"), Field("wells"), Field("power"), Field("low"), Field("high"),
              Field(f"if_{first}_is_true"), Field(f"if_{second}_is_true"), Field("false_alarms"))
    rows = tuple((place, n, n * len(one.kinds), one.at(n), *interval(one.at(n), one.simulations),
                  float(one.powers[0, n - 2]), float(one.powers[1, n - 2]), float(one.errors[:, n - 2].max()))
                 for place, one in enumerate(answer.designs, 1) for n in range(2, answer.question.most + 1))
    return Table("power", "Power by replicates, with 95 % of the simulation", fields, rows)


def screened_table(answer: Answer) -> Table:
    """Every contrast alone."""
    fields = (Field("arm"), Field("against"), Field("readout"), Field("assay"), Field("time", "h"), Field("replicates"),
              Field("wells"), Field("power", "", f"with these, or {answer.question.most}"))
    rows = []
    for one in answer.screened:
        contrast, n = one.contrasts[0], one.replicates or answer.question.most
        rows.append((contrast.arm, contrast.against, contrast.readout.key, contrast.readout.assay, contrast.time / 3600.0,
                     one.replicates, one.wells, one.at(n)))
    return Table("contrasts", "Every contrast alone, from a smaller simulation", fields, tuple(rows))


def findings(answer: Answer) -> tuple[Finding, ...]:
    """What somebody who plans should know."""
    found = _unseen(answer)
    n = answer.replicates
    if answer.best.replicates is None:
        found.append(Finding("warning", "design", f"the best design has a power of {percent(answer.best.at(n))} with {n} replicates",
                             f"{percent(answer.question.power)} are asked for", "the experiment would more likely than wished show nothing",
                             "allow more `--replicates`, other readouts, times or arms, or measure with less scatter (`--cv`)"))
    alarm = float(answer.best.errors[:, n - 2].max())
    if interval(alarm, answer.best.simulations)[0] > _MORE_ERROR * answer.question.error:
        found.append(Finding("warning", "design", f"a true hypothesis is refuted in {percent(alarm)} of the experiments",
                             f"{percent(answer.question.error)} are asked for", "readings near a limit are not log-normal",
                             "choose a time or an assay with more signal"))
    if limited := sorted({_at_limit(answer, one) for one in answer.best.contrasts} - {""}):
        found.append(Finding("note", "design", f"below the detection limit: {'; '.join(limited)}", "such readings stand at the limit",
                             "the true ratio is larger than the one read", "concentrate the sample where the ratio itself matters"))
    if answer.failed_draws:
        found.append(Finding("note", "--draws", f"{counted(answer.failed_draws, 'draw')} could not be run", "they are left out",
                             "the assurance rests on the others", "look at the ranges with `vesica run --draws`"))
    return tuple(found)


def _unseen(answer: Answer) -> list[Finding]:
    """Readouts that no contrast can read, with how much more concentrated a sample would have to be."""
    seen = {one.contrasts[0].readout for one in answer.screened}
    found = []
    for readout in answer.readouts:
        mine = [one for one in answer.unseen if one.readout == readout]
        if not mine or readout in seen:
            continue
        short = min(max(answer.bench.shortage(h, look) for h in (0, 1) for look in one.looks) for one in mine)
        better = "measure it with `:simoa`, or " if readout.assay == "elisa" else ""
        found.append(Finding("warning", "--measure", f"`{readout.key}` by {readout.assay} is below its detection limit in every contrast",
                             "a reading below the limit is read at the limit", "it tells nothing",
                             f"{better}concentrate the sample {number(1.2 * short, 2)}-fold" if math.isfinite(short) else
                             "measure something that is there"))
    return found


def summary(answer: Answer) -> dict[str, object]:
    """Plain data with stable keys."""
    question, n = answer.question, answer.replicates
    return {
        "hypotheses": list(question.names), "error": question.error, "power_asked": question.power,
        "simulations": question.simulations, "seed": question.seed, "times_h": [time / 3600.0 for time in answer.times],
        "readouts": [{"quantity": one.key, "assay": one.assay, "from_medium": one.from_medium} for one in answer.readouts],
        "best": {"contrasts": [words_of(one) for one in answer.best.contrasts], "weights": list(answer.best.weights),
                 "reached": answer.best.replicates is not None, "replicates": n, "wells": n * len(answer.best.kinds),
                 "power": answer.best.at(n), "power_interval": list(interval(answer.best.at(n), answer.best.simulations)),
                 "false_alarms": float(answer.best.errors[:, n - 2].max())},
        "designs": designs_table(answer).records(), "plan": plan_table(answer).records(),
        "plate": {"wells": answer.plan.format, "plates": answer.plan.plates, "edge_free": answer.plan.is_edge_free},
        "donors": {source: list(arms) for source, arms in answer.donors.items()},
        "assured": _plain(answer.assured), "failed_draws": answer.failed_draws,
    }


def _plain(assured: Sequence[Assured | None]) -> list[dict[str, object] | None]:
    return [None if one is None else {"power": one.power, "reached": one.reached, "same_sign": one.same_sign,
                                      "log_ratio_10_to_90": [list(span) for span in one.ranges], "draws": one.draws}
            for one in assured]


def best_of(designs: Sequence[Design], count: int) -> list[Design]:
    """The first few, for pictures."""
    return list(designs[:count])
