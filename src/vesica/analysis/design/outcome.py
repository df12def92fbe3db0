"""What a study of designs says: sentences, tables, findings and plain data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from vesica.analysis.design import tables as tabled
from vesica.analysis.design.answer import Answer, Assured, hours, words_of
from vesica.analysis.design.power import interval
from vesica.analysis.lab import LabOutcome
from vesica.analysis.numbers import counted, number, percent
from vesica.errors import Finding

KIND: Final = "design"
_MORE_ERROR: Final = 1.5  # a simulated error above so many times the stated one is worth a warning


def outcome(answer: Answer) -> LabOutcome:
    """Everything for the screen, the report, JSON and the folder."""
    first, second = answer.question.names
    title = f"Which experiment tells {first} from {second}?"
    designs, key, plates = tabled.designs_table(answer), tabled.key_table(answer), tabled.plate_tables(answer)
    tables = (
        designs,
        tabled.predictions_table(answer),
        key,
        *plates,
        tabled.plan_table(answer),
        tabled.power_table(answer),
        tabled.screened_table(answer),
    )
    return LabOutcome(
        KIND, title, headline(answer), tables, summary(answer), findings(answer), screen=(designs, key, *plates)
    )


def headline(answer: Answer) -> tuple[str, ...]:
    """The best design, what it rests on, and what it takes."""
    best, question, n = answer.best, answer.question, answer.replicates
    low, high = interval(best.at(n), best.simulations)
    seen = (f"{percent(best.at(n))} ({number(100 * low)} to {number(100 * high)} %) of {best.simulations:,} simulated "
            "experiments")
    contrasts = words_of(*best.contrasts)
    refuted = "no effect is refuted" if question.is_one else "the wrong hypothesis is refuted"
    size = f"{n} replicates of {len(best.kinds)} kinds of wells, {n * len(best.kinds)} wells"
    first = (
        f"Fewest wells: {contrasts}, with {size}: {refuted} in {seen}."
        if best.replicates
        else f"No design with up to {question.most} replicates reaches a power of {percent(question.power)}. The best, "
        f"{contrasts}, with {size}: {refuted} in {seen}."
    )
    wrong = float(best.false_alarms[n - 2])
    true = "Where there is none, it" if question.is_one else "The true one"
    wrongly = f"{true} is refuted in {percent(wrong)} ({percent(question.error)} by design)."
    said = [first + " " + wrongly, _predicted(answer)]
    if answer.assured and answer.assured[0] is not None:
        said.append(_assured(answer, answer.assured[0]))
    return (*said, _plan(answer))


def _predicted(answer: Answer) -> str:
    parts = []
    for one in answer.best.contrasts:
        folds = (number(math.exp(answer.bench.expected(h, one))) for h in (0, 1))
        by = (f"{fold}-fold by `{name}`" for fold, name in zip(folds, answer.question.names, strict=True))
        parts.append(", ".join(by) + (" (odds)" if one.readout.kind == "share" else ""))
    return f"Predicted: {'; '.join(parts)}."


def _assured(answer: Answer, one: Assured) -> str:
    return (
        f"Over {one.draws} draws of the uncertain numbers the power is {percent(one.power)} on average (assurance); "
        f"{percent(answer.question.power)} are reached in {percent(one.reached)} of the draws, and the hypotheses "
        f"differ in the same direction in {percent(one.same_sign)}."
    )


def _plan(answer: Answer) -> str:
    plan = answer.plan
    edge = "edges stay empty" if plan.is_edge_free else "wells at the edge are used, too"
    said = (
        f"Plan: {counted(len(plan.wells), 'well')} on {counted(plan.plates, 'plate')} with {plan.format}, in random "
        f"order within blocks of one replicate (seed {plan.seed}); {edge}."
    )
    if answer.donors:
        sources = "; ".join(f"`{source}` for {', '.join(arms)}" for source, arms in answer.donors.items())
        said += f" Vesicles to be prepared beforehand: {sources}."
    return said


def analysis(answer: Answer) -> tuple[str, ...]:
    """How the readings of the best design are to be analysed, step by step; it was simulated this way."""
    best, question = answer.best, answer.question
    first, second = question.names
    has_odds = any(one.readout.kind == "share" for one in best.contrasts)
    steps = ["Take the logarithm of every reading" + (", of shares of cells that of the odds" if has_odds else "") +
             "; a reading below the detection limit stands at the limit."]
    if len(best.contrasts) == 1:
        one = best.contrasts[0]
        steps.append(f"L is the mean of `{one.arm}` less the mean of `{one.against}`; it scatters by Welch's standard "
                     "error, with Welch's degrees of freedom.")
    else:
        both = zip(best.weights, best.contrasts, strict=True)
        terms = ", ".join(f"{number(weight)} for {one.readout.key} at {hours(one.time)} in `{one.arm}`, "
                          f"{number(-weight)} in `{one.against}`" for weight, one in both)
        steps.append(f"Add up the logarithms of each well with these weights, so that it has one score: {terms}. "
                     "L is the sum of the mean scores of all kinds of wells; it scatters by Welch's standard error, "
                     "with the degrees of freedom of Welch and Satterthwaite.")
    said = f"`{first}` predicts L = {number(best.predicted[0])}, `{second}` {number(best.predicted[1])}. "
    return (*steps, said + "Refute a prediction that lies farther from L than Student's t at "
            f"{percent(question.error)}, two-sided. Fix the weights and this rule before the experiment.")


def findings(answer: Answer) -> tuple[Finding, ...]:
    """What somebody who plans should know."""
    found = _unseen(answer)
    if answer.was_whole:
        found.append(Finding("note", "run.fidelity", "the model is in whole numbers, and was run as means",
                             "what is predicted is what many cultures do on average",
                             "chance between few cells is left out",
                             "give the scatter between cultures with `--cv` where it matters"))
    n = answer.replicates
    if answer.best.replicates is None:
        found.append(
            Finding(
                "warning",
                "design",
                f"the best design has a power of {percent(answer.best.at(n))} with {n} replicates",
                f"{percent(answer.question.power)} are asked for",
                "the experiment would more likely than wished show nothing",
                "allow more `--replicates`, other readouts, times or arms, or measure with less scatter (`--cv`)",
            )
        )
    alarm = float(answer.best.false_alarms[n - 2])
    if interval(alarm, answer.best.simulations)[0] > _MORE_ERROR * answer.question.error:
        found.append(
            Finding(
                "warning",
                "design",
                f"a true hypothesis is refuted in {percent(alarm)} of the experiments",
                f"{percent(answer.question.error)} are asked for",
                "readings near a limit are not log-normal",
                "choose a time or an assay with more signal",
            )
        )
    if limited := sorted({tabled.at_limit(answer, one) for one in answer.best.contrasts} - {""}):
        found.append(
            Finding(
                "note",
                "design",
                f"below the detection limit: {'; '.join(limited)}",
                "such readings stand at the limit",
                "the true ratio is larger than the one read",
                "concentrate the sample where the ratio itself matters",
            )
        )
    most = max(answer.taken.values())
    if most > answer.medium:
        found.append(
            Finding(
                "warning",
                "--plate",
                f"a well holds {number(answer.medium)} mL of medium (as deep as in the model), and "
                f"its readings take {number(most)} mL undiluted",
                "an assay needs its sample",
                "it could not be measured as planned",
                ("use `--plate 6`, " if answer.plan.format != 6 else "") + "pool wells, or dilute as far as the "
                "concentration allows",
            )
        )
    if answer.failed_draws:
        found.append(
            Finding(
                "note",
                "--draws",
                f"{counted(answer.failed_draws, 'draw')} could not be run",
                "they are left out",
                "the assurance rests on the others",
                "look at the ranges with `vesica run --draws`",
            )
        )
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
        found.append(
            Finding(
                "warning",
                "--measure",
                f"`{readout.key}` by {readout.assay} is below its detection limit in every contrast",
                "a reading below the limit is read at the limit",
                "it tells nothing",
                f"{better}concentrate the sample {number(1.2 * short, 2)}-fold"
                if math.isfinite(short)
                else "measure something that is there",
            )
        )
    return found


def summary(answer: Answer) -> dict[str, object]:
    """Plain data with stable keys."""
    question, n = answer.question, answer.replicates
    return {
        "hypotheses": list(question.names),
        "models": list(answer.titles),
        "error": question.error,
        "power_asked": question.power,
        "simulations": question.simulations,
        "seed": question.seed,
        "times_h": [time / 3600.0 for time in answer.times],
        "readouts": [
            {"quantity": one.key, "assay": one.assay, "from_medium": one.from_medium} for one in answer.readouts
        ],
        "best": {
            "contrasts": [words_of(one) for one in answer.best.contrasts],
            "weights": list(answer.best.weights),
            "reached": answer.best.replicates is not None,
            "replicates": n,
            "wells": n * len(answer.best.kinds),
            "power": answer.best.at(n),
            "power_interval": list(interval(answer.best.at(n), answer.best.simulations)),
            "false_alarms": float(answer.best.false_alarms[n - 2]),
        },
        "analysis": list(analysis(answer)),
        "designs": tabled.designs_table(answer).records(),
        "plan": tabled.plan_table(answer).records(),
        "plate": {"wells": answer.plan.format, "plates": answer.plan.plates, "edge_free": answer.plan.is_edge_free},
        "donors": {source: list(arms) for source, arms in answer.donors.items()},
        "assured": _plain(answer.assured),
        "failed_draws": answer.failed_draws,
    }


def _plain(assured: Sequence[Assured | None]) -> list[dict[str, object] | None]:
    return [
        None
        if one is None
        else {
            "power": one.power,
            "reached": one.reached,
            "same_sign": one.same_sign,
            "log_ratio_10_to_90": [list(span) for span in one.ranges],
            "draws": one.draws,
        }
        for one in assured
    ]
