"""Runs two hypotheses, arm by arm, and asks which experiment would tell them apart (`vesica.analysis.design`)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from vesica import library
from vesica.analysis.design import assays, plate, readouts, search
from vesica.analysis.design.answer import Answer, Assured, assure
from vesica.analysis.design.assays import Assay, Truth
from vesica.analysis.design.readouts import Look, Readout
from vesica.analysis.design.search import Bench, Contrast, Design, Question, Truths
from vesica.analysis.runs.quantities import quantities
from vesica.engine.fidelities import is_whole
from vesica.engine.program import Program, compile_model
from vesica.engine.simulate import as_arm_run, run_all
from vesica.errors import Finding, RunFault, error, nearest
from vesica.instruments import constants
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import ResolvedModel
from vesica.studies import draws as drawing

ReportProgress = Callable[[float, str], None]

TIMES: Final = 6
MOST: Final = 200  # replicates
NO_EFFECT: Final = "no effect"
_RUNS: Final = 0.6  # of the work, as progress shows it
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
    variations: Mapping[str, float] = field(default_factory=dict)
    plate: int = 96
    draws: int = 0


def check(order: Order) -> None:
    """Raise `InputError` where no design can be made of an order."""
    question = order.question
    if question.most < 2:
        raise error("--replicates", f"`--replicates {question.most}`", "there are at least two replicates of every arm",
                    "their scatter could not be seen, and nothing be tested", "write `--replicates 12`")
    if question.most > MOST:
        raise error("--replicates", f"`--replicates {question.most}`", f"there are at most {MOST} of every arm",
                    "nobody could make so many, and the simulation fill the memory", "write `--replicates 12`")
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


@dataclass(frozen=True)
class Setting:
    """What an order means for some models: readouts, times (s), assays, and the area (um^2) of a well."""

    models: tuple[ResolvedModel, ...]
    order: Order
    readouts: tuple[Readout, ...]
    times: tuple[float, ...]
    shelf: Mapping[str, Assay]
    area: float
    correlation: float
    was_whole: bool

    def bench(self, truths: tuple[Truths, Truths], simulations: int, purpose: str) -> Bench:
        """Simulated readings of these truths."""
        return Bench(truths, self.shelf, self.order.question, simulations, purpose, correlation=self.correlation)


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
    shown = report_progress or _silent
    means = tuple(_means(model) for model in models)
    times = times_of(means[0], order.times)
    shelf = assays.shelf(library.load("cns"), order.variations)
    value = constants.reader(library.load("cns"))
    runs = [_runs(model, functools.partial(_shown, shown, order.question.names[place], place, len(means)))
            for place, model in enumerate(means)]
    chosen = readouts.choose(means, _known(means, runs), order.measure, order.variations)
    contrasts = contrasts_of(means, order.arms, chosen, times)
    setting = Setting(means, order, chosen, times, shelf, value(f"design.area.well_{order.plate}", "um^2"),
                      value("design.culture.correlation", ""), any(is_whole(model) for model in models))
    truths = _truths([_looks(setting, model, found) for model, found in zip(means, runs, strict=True)], means[0])
    return _answer(setting, contrasts, truths, shown)


def _silent(share: float, what: str) -> None:
    """Nobody listens."""


def _shown(shown: ReportProgress, name: str, place: int, count: int, share: float, what: str) -> None:
    shown(_RUNS * (place + share) / count, f"`{name}`: {what}")


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


def _looks(setting: Setting, model: ResolvedModel, runs: Sequence[ArmRun]) -> dict[Look, Truth]:
    well = readouts.vessel(library.load("cns"), model, setting.area)
    return {look: truth for one in runs
            for look, truth in readouts.looks(model, one, setting.readouts, setting.times, well).items()}


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


def _answer(setting: Setting, contrasts: Sequence[Contrast], truths: tuple[Truths, Truths], shown: ReportProgress
            ) -> Answer:
    order, question, model = setting.order, setting.order.question, setting.models[0]
    shown(_RUNS, "simulated experiments")
    quick = setting.bench(truths, min(question.simulations, search.SCREENED), "screen")
    screening = search.screen(quick, question, contrasts)
    if not screening.designs:
        raise _same(question, screening)
    candidates = [*search.chosen(screening.designs), *search.combine(quick, question, screening.designs)]
    shown(0.7, "the best designs, simulated anew")
    bench = setting.bench(truths, question.simulations, "confirm")
    designs = search.confirm(bench, question, candidates)
    plan = plate.layout(designs[0].contrasts, designs[0].replicates or question.most, order.plate, question.seed)
    assured, failed = _assured(setting, designs, shown) if order.draws else ((), 0)
    arms = [kind[0] for kind in plan.looks]
    share = readouts.vessel(library.load("cns"), model, setting.area).cells
    return Answer(
        question=question, titles=tuple(one.title for one in setting.models), readouts=setting.readouts,
        times=setting.times, screened=screening.designs, designs=tuple(designs), unseen=screening.unseen, bench=bench,
        plan=plan, donors=readouts.donors(model, arms), medium=model.domain.volume * share / assays.UM3_PER_ML,
        cells={arm.name: {cell: count * share for cell, count in arm.counts.items() if count > 0}
               for arm in model.arms},
        taken={kind: sum(readouts.sampled_volume(library.load("cns"), look.readout) for look in looks)
               for kind, looks in plan.looks.items()},
        assured=assured, failed_draws=failed, was_whole=setting.was_whole,
    )


def _same(question: Question, screening: search.Screening) -> Exception:
    """Why there is no design: nothing is read, or nothing differs."""
    first, second = question.names
    one = screening.furthest
    if one is None and screening.unseen:
        return error("design", "every readout lies below its detection limit in every contrast",
                     "a reading below the limit is read at the limit", "it tells nothing",
                     "measure something else, by another assay, or at later `--times`")
    if one is None:
        return error("design", "no readout has a value in both arms of any contrast", "a contrast needs both",
                     "nothing can be compared", "measure something that these arms have, or give other `--arm`s")
    where = f"{one.readout.key} of `{one.arm}` against `{one.against}` at {one.time / 3600.0:g} h"
    return error("design", f"`{first}` and `{second}` predict the same everywhere",
                 f"they differ most in {where}, by {100.0 * np.expm1(screening.apart):.2g} %",
                 "no number of replicates would tell them apart",
                 "choose hypotheses, readouts, times or arms that differ")


def _assured(setting: Setting, designs: Sequence[Design], shown: ReportProgress
             ) -> tuple[tuple[Assured | None, ...], int]:
    """Every design over draws, and how many of these failed; numbers that the models share are drawn alike."""
    order = setting.order
    read = functools.partial(_record, chosen=setting.readouts, times=setting.times, area=setting.area)
    named = dict(zip(order.question.names, setting.models, strict=False))
    found = drawing.run_draws(named, order.draws, read=read,
                              report_progress=lambda share, what: shown(0.75 + 0.2 * share, what))
    good = [of for of in zip(*found.values(), strict=True) if not any(one.message for one in of)]
    drawn = [_truths([_recalled(one.values, setting.readouts) for one in of], setting.models[0]) for of in good]
    question = order.question
    assured = tuple(assure(one, drawn, setting.shelf, replace(question, most=one.replicates or question.most),
                           correlation=setting.correlation) for one in designs)
    return assured, order.draws - len(good)


def _record(model: ResolvedModel, one: ArmRun, *, chosen: tuple[Readout, ...], times: tuple[float, ...],
            area: float) -> dict[str, float]:
    """Truths of an arm as flat numbers, which pass from process to process."""
    found = {}
    well = readouts.vessel(library.load("cns"), model, area)
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
