"""Who did it? The counterfactuals of an effect: every channel of every sender off, alone and with all others."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from vesica.analysis.attribution import rounds as tables
from vesica.analysis.attribution.players import ROUTE, Player, keys_of, routes, senders, turned_off
from vesica.analysis.attribution.result import Attribution, Effect, from_all, from_rounds
from vesica.analysis.runs.quantities import Quantities
from vesica.engine.doses import present_in
from vesica.engine.gates import gated, reaching, used
from vesica.engine.program import Program
from vesica.engine.rest import Rests
from vesica.errors import error, nearest
from vesica.spec import io
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.studies import coalitions
from vesica.studies.coalitions import Setting, Task, Values

ReportProgress = Callable[[float, str], None]
MOST_PLAYERS: Final = 20  # of which all coalitions could ever be run


@dataclass(frozen=True)
class Question:
    """What is asked.

    Parameters
    ----------
    effects : keys of quantities, as ``neuron.COX2``
    arm, against : names of arms; found where they are not given
    by : what players are told apart by
    budget : coalitions that may be run, of each draw
    draws : of the uncertain numbers; none for the model's own
    at : s; the end of the run by default
    is_change : whether the change from ``against`` is shared out, in place of the level
    """

    effects: tuple[str, ...]
    arm: str | None = None
    against: str | None = None
    by: str = "channel,sender"
    budget: int = 1024
    draws: int = 0
    at: float | None = None
    is_change: bool = False


@dataclass(frozen=True)
class Case:
    """A question that was looked into: the model as it is run, who plays, and the effects with all players.

    Parameters
    ----------
    players : those that can reach some effect
    idle : those that cannot reach any
    """

    question: Question
    model: ResolvedModel
    by_cargo: bool
    effects: tuple[Effect, ...]
    players: tuple[Player, ...]
    idle: tuple[Player, ...]

    @property
    def setting(self) -> Setting:
        """What a worker needs."""
        return Setting(self.model, self.by_cargo, tuple(where for one in self.effects for where in one.wanted))

    @property
    def is_exact(self) -> bool:
        """Whether the budget pays for all coalitions."""
        return len(self.players) <= MOST_PLAYERS and 1 << len(self.players) <= self.question.budget

    @property
    def seatings(self) -> list[Any]:
        """(round,) who sits where."""
        if self.is_exact:
            return []
        count, seed = len(self.players), self.model.schedule.seed
        return [tables.seats(count, seed, number)
                for number in range(tables.rounds_within(count, self.question.budget))]

    @property
    def masks(self) -> list[int]:
        """Coalitions that are run, those that all need first."""
        if self.is_exact:
            return list(range(1 << len(self.players)))
        return list(dict.fromkeys(mask for table in self.seatings for mask in sorted(tables.arcs(table),
                                                                                     key=int.bit_count)))


def look_into(model: ResolvedModel, question: Question) -> Case:
    """Find the arms, the players and the effects, and run the arms once.

    Raises
    ------
    InputError
        The question cannot be asked of this model.
    """
    keys = keys_of(question.by)
    arm = _arm(model, question)
    against = question.against or arm.against
    _check_arm(model, against, "--against")
    if question.is_change and against in (None, arm.name):
        raise error("--change", f"the arm `{arm.name}` is shown against no other", "a change is one from another arm",
                    "there is nothing to take away", "add `--against ARM`")
    if question.at is not None and not 0.0 < question.at <= model.schedule.duration:
        raise error("--at", f"`--at {question.at / 3600.0:g} h` of a run of {model.schedule.duration / 3600.0:g} h",
                    "an effect is looked at while the run lasts", "nothing would be known of it",
                    f"give a time up to {model.schedule.duration / 3600.0:g} h")
    pair = [name for name in (arm.name, against) if name]
    stood = coalitions.stood(model, pair, question.at)
    by_cargo = "cargo" in keys
    program, gates = gated(stood, by_cargo=by_cargo)
    effects = _effects(program, question, arm, against)
    known = coalitions.stood(model, effects[0].arms, question.at).arms
    by_name = {one.name: one for one in known}
    presents = [present_in(program, one, by_name) for one in known]
    if keys == (ROUTE,):
        players = routes(program.model, effects[0].cell)
    else:
        players = senders(program.model, used(gates, presents), known, keys)
    reach = reaching(program, presents, _seeds(program, effects))
    can = tuple(one for one in players if not reach.isdisjoint(one.off))
    if not can:
        raise error("--effect", f"nothing that is sent in `{arm.name}` can change `{effects[0].name}`",
                    "an effect is attributed to what cells send and others answer to",
                    "every share would be zero", "choose an effect that a rule or network of the recipient leads to, "
                    "or an arm in which others are present or vesicles are given")
    case = Case(question, replace(stood, arms=known), by_cargo, effects, can,
                tuple(one for one in players if one not in can))
    _check_budget(case)
    return case


def _arm(model: ResolvedModel, question: Question) -> Arm:
    """The arm that is asked about, or the only one it can be."""
    _check_arm(model, question.arm, "--arm")
    by_name = {arm.name: arm for arm in model.arms}
    if question.arm is not None:
        return by_name[question.arm]
    cell, kinds = question.effects[0].partition(".")[0], {one.name for one in model.cells}
    holding = [arm for arm in model.arms if cell not in kinds or arm.counts.get(cell, 0) > 0]
    for found in (holding, [arm for arm in holding if arm.against is not None]):
        if len(found) == 1:
            return found[0]
    raise error("--arm", f"{len(holding) or len(model.arms)} arms could be meant",
                "an effect is attributed in one arm", "one could not tell whose effect it is",
                f"give `--arm` one of {', '.join(arm.name for arm in holding or model.arms)}")


def _check_arm(model: ResolvedModel, name: str | None, option: str) -> None:
    names = [arm.name for arm in model.arms]
    if name is not None and name not in names:
        raise error(option, f"`{name}` is not an arm of this model", "arms are those of the model",
                    "there is nothing to run", nearest(name, names))


def _effects(program: Program, question: Question, arm: Arm, against: str | None) -> tuple[Effect, ...]:
    """The effects with their units, and their values in the other arm; every arm is run once, with all players."""
    rests: Rests = {}
    flat: dict[str, Quantities] = {}
    for one in coalitions.runs(program, None, {0: {}}, rests):
        flat[one[0].arm.name] = coalitions.read(program, one[0])
    found = []
    for name in question.effects:
        if name not in flat[arm.name]:
            cell = name.partition(".")[0]
            if cell in arm.counts and arm.counts[cell] <= 0:
                raise error("--effect", f"`{name}` in the arm `{arm.name}`, which holds no {cell}",
                            "an effect is a quantity of the arm", "there is nothing to attribute",
                            "name an arm with that cell type: --arm ARM")
            raise error("--effect", f"`{name}` is no quantity of the arm `{arm.name}`",
                        "an effect is a quantity of a run, as `neuron.COX2`", "there is nothing to attribute",
                        nearest(name, flat[arm.name]))
        value, unit = flat[arm.name][name]
        if not np.isfinite(value):
            raise error("--effect", f"`{name}` has no value in `{arm.name}`", "an effect is a number",
                        "nothing could be shared", "choose another quantity, or a later time with --at")
        other = None if against is None or name not in flat[against] else (against, flat[against][name][0])
        if question.is_change and other is None:
            raise error("--change", f"`{name}` is no quantity of the arm `{against}`", "a change is one of a quantity "
                        "of both arms", "there is nothing to take away", "choose another arm: --against ARM")
        time = program.model.schedule.duration / 3600.0
        found.append(Effect(name, unit, arm.name, time, value, other, question.is_change))
    return tuple(found)


def _seeds(program: Program, effects: Sequence[Effect]) -> set[str]:
    """Values that the effects are read from; all of a compartment where a quantity is made of several."""
    found: set[str] = set()
    amounts = {pool.name for pool in program.table.pools if not pool.is_level}  # they are shown per living cell
    for one in effects:
        if one.name in program.index:
            found |= {one.name} | ({f"{one.cell}.alive"} & amounts if one.name in amounts else set())
            continue
        is_cell = any(cell.name == one.cell for cell in program.model.cells)
        found |= {pool.name for pool in program.table.pools
                  if one.name.endswith("_per_ev") or not is_cell or pool.compartment == one.cell}
    return found


def _check_budget(case: Case) -> None:
    count, budget = len(case.players), case.question.budget
    if case.is_exact or tables.rounds_within(count, budget) >= tables.FEWEST:
        return
    least = min(1 << count, tables.runs(count, tables.FEWEST))
    draws = f" of each of {case.question.draws} draws" if case.question.draws else ""
    raise error("--budget", f"`--budget {budget}` for {count} players",
                f"an interval rests on at least {tables.FEWEST} rounds of {2 * count} orders: {least} runs{draws}; "
                f"all {1 << count} coalitions give exact shares",
                "the shares would have no interval", f"write `--budget {least}` or more, or tell fewer players apart, "
                "as `--by channel`")


def attribute(
    case: Case, *, partial: Path | None = None, report_progress: ReportProgress | None = None,
    workers: int | None = None,
) -> list[Attribution]:
    """Run the coalitions, and share out every effect.

    Parameters
    ----------
    partial : path, optional
        Coalitions that were run are kept in that file, so that a study cut off goes on where it was.
    workers : int, optional
        Processes; the number of cores by default. The results do not depend on it.

    Raises
    ------
    InputError
        No coalition changes an effect.
    RunFault
        A run diverged.
    """
    numbers = list(range(case.question.draws))
    known = values_of(case, numbers, partial, report_progress, workers)
    return [_shared(case, effect, known, numbers) for effect in case.effects]


def _shared(case: Case, effect: Effect, known: Mapping[int | None, Mapping[int, Values]],
            numbers: Sequence[int]) -> Attribution:
    by_draw = [{mask: effect.of(one) for mask, one in known[number].items()} for number in (None, *numbers)
               if number in known]
    first, *others = [_one(case, effect, values) for values in by_draw]
    spread = max(by_draw[0].values()) - min(by_draw[0].values())
    if spread <= first.noise:
        raise error("--effect", f"no player changes `{effect.name}` in `{effect.arm}`",
                    "an effect is attributed to those who change it",
                    f"it is {first.whole:.4g} with all of them and without any",
                    "choose another effect, or an arm in which it differs")
    if not others:
        return first
    return replace(first, draws=(np.array([one.share.mean(axis=0) for one in others]),
                                 np.array([one.brought for one in others])))


def _one(case: Case, effect: Effect, values: Mapping[int, float]) -> Attribution:
    if case.is_exact:
        array = np.array([values[mask] for mask in range(1 << len(case.players))])
        return from_all(effect, case.players, case.idle, array)
    return from_rounds(effect, case.players, case.idle, values, case.seatings)


def values_of(
    case: Case, numbers: Sequence[int], partial: Path | None, report_progress: ReportProgress | None,
    workers: int | None,
) -> dict[int | None, dict[int, Values]]:
    """Draw -> coalition -> values; the model's own numbers are always there, under None."""
    asked: list[int | None] = [None, *numbers]
    digest = _digest(case)
    known: dict[int | None, dict[int, Values]] = {number: {} for number in asked}
    for number, values in _kept(partial, digest):
        if number in known:
            known[number] |= values
    tasks: list[Task] = []
    for number in asked:
        left = [mask for mask in case.masks if mask not in known[number]]
        tasks += coalitions.batches(0, number, {mask: turned_off(case.players, mask) for mask in left})
    total = len(case.masks) * len(asked)
    for task, values in coalitions.compute([case.setting], tasks, workers or os.cpu_count() or 1):
        known[task.draw] |= values
        _keep(partial, digest, task, values)
        if report_progress is not None:
            done = sum(map(len, known.values()))
            report_progress(done / total, f"{done} of {total} coalitions")
    return known


def _digest(case: Case) -> str:
    """Names what a kept coalition belongs to; a larger budget may be asked for later."""
    what = repr((case.setting.wanted, case.by_cargo, [(one.name, dict(one.off)) for one in case.players]))
    return hashlib.blake2b((what + io.dump_resolved(case.model)).encode(), digest_size=12).hexdigest()


def _keep(partial: Path | None, digest: str, task: Task, values: Mapping[int, Values]) -> None:
    if partial is not None:
        partial.parent.mkdir(parents=True, exist_ok=True)
        plain = [[mask, [[*key, value] for key, value in one.items()]] for mask, one in values.items()]
        with partial.open("a", encoding="utf-8") as file:
            # the line break comes first, so that a line that was cut off spoils no other
            file.write("\n" + json.dumps([digest, task.draw, plain]))


def _kept(partial: Path | None, digest: str) -> Iterator[tuple[int | None, dict[int, Values]]]:
    if partial is None or not partial.exists():
        return
    for line in partial.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(json.JSONDecodeError):  # a line that was being written when the study was cut off
            of, number, plain = json.loads(line)
            if of == digest:
                yield number, {mask: {(arm, key): value for arm, key, value in one} for mask, one in plain}

