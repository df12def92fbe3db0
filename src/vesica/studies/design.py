"""Runs two hypotheses, arm by arm, and asks which experiment would tell them apart (`vesica.analysis.design`)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from vesica import library
from vesica.analysis.design import assays, plate, readouts, search
from vesica.analysis.design.answer import Answer, assure
from vesica.analysis.design.assays import Truth
from vesica.analysis.design.readouts import Look, Readout, Vessel
from vesica.analysis.design.search import Bench, Contrast, Question, Truths
from vesica.analysis.runs.quantities import quantities
from vesica.engine.program import Program, compile_model
from vesica.engine.simulate import as_arm_run, run_all
from vesica.errors import Finding, RunFault, error
from vesica.instruments import constants
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import ResolvedModel
from vesica.studies import draws as drawing

ReportProgress = Callable[[float, str], None]

TIMES: Final = 6
NO_EFFECT: Final = "no effect"
_APART: Final = "\x1f"  # between the parts of a name of a look, in records of draws


@dataclass(frozen=True)
class Order:
    """What is asked for, in words.

    Parameters
    ----------
    question : Question
    measure : ``KEY`` or ``KEY:ASSAY``
    times : s; some of the run's without any
    arms : only these contrasts; all that are shown against another without any
    variations : coefficient of variation by assay, in place of the library's
    plate : wells of a plate
    draws : of the uncertain numbers of the model
    """

    question: Question
    measure: tuple[str, ...] = ()
    times: tuple[float, ...] = ()
    arms: tuple[str, ...] = ()
    variations: Mapping[str, float] = ()  # type: ignore[assignment]
    plate: int = 96
    draws: int = 0


def check(order: Order) -> None:
    """Raise `InputError` where no design can be made of an order."""
    question = order.question
    if question.most < 2:
        raise error("--replicates", f"`--replicates {question.most}`", "there are at least two replicates of every arm",
                    "their scatter could not be seen, and nothing be tested", "write `--replicates 12`")
    if not 0 < question.error < 0.5:
        raise error("--error", f"an error of {question.error:g}", "it lies between 0 and 50 %",
                    "a coin would decide as well", "write `--error 5%`")
    if not question.error < question.power < 1:
        raise error("--power", f"a power of {question.power:g}", "it lies between the error and 100 %",
                    "no design is certain, and one that errs more than it finds is none", "write `--power 80%`")
    if order.plate not in plate.FORMATS:
        raise error("--plate", f"`--plate {order.plate}`", f"plates have {', '.join(map(str, plate.FORMATS))} wells",
                    "there is no such plan", "write `--plate 96`")


def contrasts_of(models: Sequence[ResolvedModel], only: Sequence[str], chosen: Sequence[Readout],
                 times: Sequence[float]) -> list[Contrast]:
    """Arms that every model shows against the same other arm, by all readouts at all times, time by time.

    Raises
    ------
    InputError
        There is none, or an arm that is asked for is none.
    """
    pairs = [{arm.name: arm.against for arm in model.arms if arm.against is not None} for model in models]
    shared = {name: against for name, against in pairs[0].items() if all(one.get(name) == against for one in pairs)}
    if not shared:
        raise error("arms", "no arm is shown against another" if len(models) == 1 else
                    "the models share no arm that is shown against the same other arm",
                    "readings are compared as ratios of an arm and its control",
                    "no contrast could tell the hypotheses apart", "write `against: control` in the arms")
    from vesica.errors import nearest

    for name in only:
        if name not in shared:
            raise error("--arm", f"`{name}` is not an arm that is shown against another",
                        "designs are made of arms and what they are against", "it could not be compared",
                        nearest(name, shared))
    kept = [name for name in shared if not only or name in only]
    return [Contrast(name, shared[name], one, time) for time in times for one in chosen for name in kept]


def times_of(model: ResolvedModel, asked: Sequence[float]) -> tuple[float, ...]:
    """Times of output nearest to those asked for, s; six of the run's without any.

    Raises
    ------
    InputError
        A time outside the run.
    """
    schedule = model.schedule
    grid = schedule.every * np.arange(1, max(int(schedule.duration / schedule.every + 1e-9), 1) + 1)
    for time in asked:
        if not 0 < time <= schedule.duration * (1 + 1e-9):
            raise error("--times", f"{time / 3600.0:g} h", f"the run lasts from 0 to {schedule.duration / 3600.0:g} h",
                        "there is nothing to be read then", "give times within the run, or `--set run.duration=...`")
    wanted = list(asked) or [schedule.duration * k / TIMES for k in range(1, TIMES + 1)]
    return tuple(sorted({float(grid[int(np.argmin(np.abs(grid - time)))]) for time in wanted}))


def run(models: Sequence[ResolvedModel], order: Order, report_progress: ReportProgress | None = None) -> Answer:
    """Find the designs that tell two models apart, or one from arms without any effect.

    Raises
    ------
    InputError
        Nothing can be compared, or the models say the same.
    RunFault
        A run stopped early.
    """
    check(order)
    shown = report_progress or (lambda share, what: None)
    means = [_means(model) for model in models]
    times = times_of(means[0], order.times)
    shelf = assays.shelf(library.load("cns"), dict(order.variations))
    area = constants.reader(library.load("cns"))(f"design.area.well_{order.plate}", "um^2")
    wells = [readouts.vessel(library.load("cns"), model, area) for model in means]
    runs = []
    for place, model in enumerate(means):
        runs.append(_runs(model, lambda share, what, place=place: shown(  # type: ignore[misc]
            0.6 * (place + share) / len(means), f"`{order.question.names[place]}`: {what}")))
    known = _known(means, runs)
    chosen = readouts.choose(means, known, order.measure, order.variations)
    contrasts = contrasts_of(means, order.arms, chosen, times)
    truths = _truths([_looks(model, found, chosen, times, well)
                      for model, found, well in zip(means, runs, wells, strict=True)], means[0])
    return _answer(means, order, chosen, times, contrasts, truths, shelf, wells, shown)


def _means(model: ResolvedModel) -> ResolvedModel:
    """The model as a run of means: what is predicted is what many cultures do on average."""
    return replace(model, schedule=replace(model.schedule, fidelity="well_mixed"))


def _runs(model: ResolvedModel, shown: ReportProgress) -> list[ArmRun]:
    program: Program = compile_model(model)
    found = []
    for one in run_all(program):
        if one.message:
            raise RunFault(Finding("error", f"arms.{one.arm.name}", one.message, "every arm runs to its end",
                                   "nothing can be predicted of it", "look at the rules that act there"))
        found.append(as_arm_run(program, one))
        shown(len(found) / len(model.arms), f"arm `{one.arm.name}`")
    return found


def _known(models: Sequence[ResolvedModel], runs: Sequence[Sequence[ArmRun]]) -> dict[str, str]:
    """Quantities that every model has in some arm, with their units."""
    each = []
    for model, found in zip(models, runs, strict=True):
        bare = replace(model, observe=(), published=())
        each.append({key: unit for one in found for key, (_, unit) in quantities(bare, one).items()})
    return {key: unit for key, unit in each[0].items() if all(key in one for one in each)}


def _looks(model: ResolvedModel, runs: Sequence[ArmRun], chosen: Sequence[Readout], times: Sequence[float],
           well: Vessel) -> dict[Look, Truth]:
    return {look: truth for one in runs for look, truth in readouts.looks(model, one, chosen, times, well).items()}


def _truths(found: Sequence[dict[Look, Truth]], model: ResolvedModel) -> tuple[Truths, Truths]:
    """Of both hypotheses; beside a single one stands that nothing which is done in an arm has an effect."""
    if len(found) == 2:
        return found[0], found[1]
    against = {arm.name: arm.against for arm in model.arms}

    def untreated(arm: str) -> str:
        control = against.get(arm)
        return arm if control is None else untreated(control)

    same = {}
    for look, truth in found[0].items():
        control = found[0].get(replace(look, arm=untreated(look.arm)))
        if control is not None:
            same[look] = replace(truth, value=control.value)
    return found[0], same


def _answer(models: Sequence[ResolvedModel], order: Order, chosen: tuple[Readout, ...],
            times: tuple[float, ...], contrasts: Sequence[Contrast], truths: tuple[Truths, Truths],
            shelf: Mapping[str, assays.Assay], wells: Sequence[Vessel], shown: ReportProgress) -> Answer:
    question = order.question
    quick = Bench(truths, shelf, question, min(question.simulations, search.SCREENED), "screen")
    shown(0.6, "simulated experiments")
    screening = search.screen(quick, question, contrasts)
    if not screening.designs:
        raise _same(question, screening)
    best = search.chosen(screening.designs)
    combined = search.combine(quick, question, screening.designs)
    shown(0.7, "the best designs, simulated anew")
    bench = Bench(truths, shelf, question, question.simulations, "confirm")
    designs = search.confirm(bench, question, [*best, *combined])
    replicates = designs[0].replicates or question.most
    plan = plate.layout(designs[0].contrasts, replicates, order.plate, question.seed)
    assured: tuple[object, ...] = ()
    failed = 0
    if order.draws:
        drawn, failed = _drawn(models, order, chosen, times, wells,
                               lambda share, what: shown(0.75 + 0.2 * share, what))
        assured = tuple(assure(one, drawn, shelf, question, one.replicates or question.most) for one in designs)
    arms = [kind[0] for kind in plan.looks]
    counts = {arm.name: {cell: count * wells[0].cells for cell, count in arm.counts.items() if count > 0}
              for arm in models[0].arms}
    return Answer(question, tuple(model.title for model in models), chosen, times, screening.designs, tuple(designs),
                  screening.unseen, bench, plan, readouts.donors(models[0], arms), models[0].domain.volume * wells[0].cells / 1e12,
                  counts, assured, failed)  # type: ignore[arg-type]


def _same(question: Question, screening: search.Screening) -> Exception:
    first, second = question.names
    if screening.furthest is None:
        return error("design", "no readout has a value in both arms of any contrast", "a contrast needs both",
                     "nothing can be compared", "measure something that these arms have, or give other `--arm`s")
    one = screening.furthest
    return error("design", f"`{first}` and `{second}` predict the same everywhere",
                 f"they differ most in {one.readout.key} of `{one.arm}` against `{one.against}` at {one.time / 3600:g} h,"
                 f" by {100 * np.expm1(screening.apart):.2g} %",
                 "no number of replicates would tell them apart",
                 "choose hypotheses, readouts, times or arms that differ")


def _drawn(models: Sequence[ResolvedModel], order: Order, chosen: Sequence[Readout],
           times: Sequence[float], wells: Sequence[Vessel], shown: ReportProgress
           ) -> tuple[list[tuple[Truths, Truths]], int]:
    """Truths of both hypotheses in every draw; numbers that the models share are drawn alike."""
    named = dict(zip(order.question.names, models, strict=False))
    read = functools.partial(_record, chosen=tuple(chosen), times=tuple(times), well=wells[0])
    found = drawing.run_draws(named, order.draws, report_progress=shown, read=read)
    good = [of for of in zip(*found.values(), strict=True) if not any(one.message for one in of)]
    usable = [_truths([_recalled(one.values, chosen) for one in of], models[0]) for of in good]
    return usable, order.draws - len(good)


def _record(model: ResolvedModel, one: ArmRun, *, chosen: tuple[Readout, ...], times: tuple[float, ...],
            well: Vessel) -> dict[str, float]:
    """Truths of an arm as flat numbers, which pass from process to process and through JSON."""
    found = {}
    for look, truth in readouts.looks(model, one, chosen, times, well).items():
        for name, value in vars(truth).items():
            found[_APART.join((look.readout.key, look.readout.assay, f"{look.time!r}", name))] = value
    return found


def _recalled(values: Mapping[str, Mapping[str, float]], chosen: Sequence[Readout]) -> dict[Look, Truth]:
    by_name = {(one.key, one.assay): one for one in chosen}
    parts: dict[Look, dict[str, float]] = {}
    for arm, flat in values.items():
        for text, value in flat.items():
            key, assay, time, name = text.split(_APART)
            parts.setdefault(Look(arm, by_name[key, assay], float(time)), {})[name] = value
    return {look: Truth(**found) for look, found in parts.items()}
