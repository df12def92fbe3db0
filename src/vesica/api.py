"""The five verbs: load, check, simulate, open, report. Thin: each calls the rooms that do the work.

Only the root package and ``cli`` import this module.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from vesica.errors import Finding, InputError, error, nearest

if TYPE_CHECKING:
    from vesica.results import Results
    from vesica.spec.model import ModelSpec
    from vesica.spec.resolved import ResolvedModel

ReportProgress = Callable[[float, str], None]


@dataclass(frozen=True)
class Examination:
    """A model after both checks: what is wrong, and, where nothing is, what it became."""

    findings: tuple[Finding, ...]
    spec: ModelSpec | None = None
    resolved: ResolvedModel | None = None

    @property
    def is_runnable(self) -> bool:
        """Whether no finding is an error."""
        return all(finding.severity != "error" for finding in self.findings)

    def raise_errors(self) -> None:
        """Raise `InputError` with the errors, if there are any."""
        errors = [finding for finding in self.findings if finding.severity == "error"]
        if errors:
            raise InputError(*errors)


def load(path: str | Path, overrides: Iterable[str] = ()) -> ModelSpec:
    """Read a model file.

    Parameters
    ----------
    path : str or Path
        The YAML file.
    overrides : iterable of str
        ``"cells.astrocyte.count=2e6"``.

    Raises
    ------
    InputError
        With every finding, each with file and line.
    """
    from vesica.spec import io

    return io.load(path, overrides)


def examine(model: str | Path | ModelSpec, *, switches: Mapping[str, str] | None = None) -> Examination:
    """Both checks, of the words and of the resolved model; no solver runs.

    Parameters
    ----------
    model : str, Path or ModelSpec
        A file, or what `load` gave.
    switches : mapping, optional
        Options of contested mechanisms in place of the model's own, ``{"escape": "low"}``.
    """
    from vesica import interventions
    from vesica.engine import check as engine_check
    from vesica.spec import resolve
    from vesica.spec.quantities import Notes

    spec: ModelSpec | None = None
    try:
        spec = load(model) if isinstance(model, str | Path) else model
        resolved, findings = resolve.examine(spec, apply=interventions.apply, switches=switches)
    except InputError as failure:
        return Examination(failure.findings, spec)
    if resolved is not None:
        notes = Notes(spec.origin)
        notes.take(*engine_check.check(resolved))
        findings = [*findings, *notes.findings]
    return Examination(tuple(findings), spec, resolved)


def expected_cost(resolved: ResolvedModel) -> dict[str, float | int]:
    """What a run will need, by its unit in words: states, MB, minutes."""
    from vesica.engine import check as engine_check

    return dict(engine_check.expected_cost(resolved))


def is_compiled(resolved: ResolvedModel) -> bool:
    """Whether a run can begin at once; the first one in whole numbers, or in space, compiles its loops before."""
    from vesica.engine import warm

    return warm.is_ready(resolved.schedule.fidelity)


def check(model: str | Path | ModelSpec) -> tuple[Finding, ...]:
    """Everything the author of a model should know before it runs."""
    return examine(model).findings


def simulate(
    model: str | Path | ModelSpec | Examination,
    folder: str | Path,
    *,
    draws: int = 0,
    structures: Iterable[str] = (),
    replicate: int | None = None,
    resume: bool = False,
    command: str = "",
    report_progress: ReportProgress | None = None,
) -> Results:
    """Check a model, run it into a folder, and open the folder.

    Fidelity, number of replicates and seed are words of the model: ``load(file, ["run.replicates=20"])``.

    Parameters
    ----------
    model : str, Path, ModelSpec or Examination
        A file, what `load` gave, or what `examine` found.
    folder : str or Path
        Run folder to make; it appears only when the checks have passed.
    draws : int
        How many draws of all numbers over their ranges to run besides.
    structures : iterable of str
        Switches whose every option is drawn, too; ``all`` for each of them.
    replicate : int, optional
        Run this replicate alone, from 0 on: the same numbers that it has among all of them.
    resume : bool
        Go on with an interrupted run in ``folder``.
    command : str
        What to write down as the command of this run.
    report_progress : callable, optional
        Called with the share done and what is being done.

    Raises
    ------
    InputError
        The model, the folder or the number of draws cannot be used; nothing was written.
    RunFault
        The run diverged or was interrupted by the machine; what was computed is kept.
    """
    from vesica import results
    from vesica.analysis.runs.replicates import summarise_replicates
    from vesica.analysis.tissue.account import with_space
    from vesica.engine import simulate as engine
    from vesica.spec import io

    spec, resolved = _runnable(model if isinstance(model, Examination) else examine(model))
    if draws < 0:
        raise error("draws", f"{draws} draws are asked for", "a study has no draws, or some",
                    "there is nothing to count", "give a number from 0 on")
    _refuse_without_chance(resolved, draws, replicate)
    folder = Path(folder)
    models, chosen = structured(spec, resolved, structures) if draws else ({}, "")
    only_draws_are_left = resume and draws > 0 and results.open(folder).outcome == "completed"
    if only_draws_are_left:
        _refuse_other_model(results.open(folder), io.dump_resolved(resolved))
    if not only_draws_are_left:
        engine.run(
            resolved, folder, model_text=_text_of(spec), spec_text=io.dump_resolved(resolved),
            summarise=lambda *found: with_space(summarise_replicates(*found), folder), command=command,
            resume=resume, inputs=_inputs(spec), report_progress=report_progress, replicate=replicate,
        )
    if draws:
        from vesica.studies import draws as study

        study.run(models, chosen, folder, draws, report_progress=report_progress)
    return results.open(folder)


def structured(
    spec: ModelSpec, resolved: ResolvedModel, names: Iterable[str]
) -> tuple[dict[str, ResolvedModel], str]:
    """The model in every option of some switches, and the name of the combination in use.

    A structure is named by its option, or ``switch=option, switch=option`` where several
    switches vary. Without ``names`` only the combination in use is there.

    Parameters
    ----------
    names : iterable of str
        Switches; ``all`` for every switch that is a structure.
    """
    from vesica import interventions
    from vesica.spec import resolve

    known = {switch.name: switch for switch in resolved.switches}
    declared = [switch.name for switch in resolved.switches if switch.is_structure]
    asked = list(dict.fromkeys(one for name in names for one in (declared if name == "all" else [name])))
    for name in asked:
        if name not in known:
            raise error("--structures", f"`{name}` is no switch of this model", "structures are options of switches",
                        "it cannot be varied", nearest(name, [*known, "all"]))
    named = asked or declared

    def title(options: Iterable[str]) -> str:
        pairs = list(zip(named, options, strict=True))
        return pairs[0][1] if len(pairs) == 1 else ", ".join(f"{name}={option}" for name, option in pairs) or "as given"

    chosen = title(known[name].chosen for name in named)
    rest = {name: switch.chosen for name, switch in known.items()}
    models = {chosen: resolved}
    for options in itertools.product(*(known[name].options for name in asked)):
        if asked and title(options) != chosen:
            use = rest | dict(zip(asked, options, strict=True))
            models[title(options)] = resolve.resolve(spec, apply=interventions.apply, switches=use)[0]
    return models, chosen


def open(folder: str | Path) -> Results:
    """Open a run folder, of any format ever written."""
    from vesica import results

    return results.open(folder)


def report(folder: str | Path) -> Path:
    """Write ``report.html`` into a run folder; gives its path."""
    from vesica.report import write

    return write(folder)


def schema() -> dict[str, Any]:
    """The JSON Schema of model files."""
    from vesica.spec import schema as spec_schema

    return spec_schema.schema()


def _runnable(examined: Examination) -> tuple[ModelSpec, ResolvedModel]:
    """Both forms of a model without errors."""
    examined.raise_errors()
    if examined.spec is None or examined.resolved is None:
        msg = "a model without errors was not resolved"
        raise RuntimeError(msg)
    return examined.spec, examined.resolved


def _refuse_without_chance(model: ResolvedModel, draws: int, replicate: int | None) -> None:
    """Words of a run in whole numbers in a run of means, and the other way round."""
    from vesica.engine import fidelities
    from vesica.spec.model import MOST_REPLICATES

    is_whole = fidelities.is_whole(model)
    if replicate is not None and not 0 <= replicate < MOST_REPLICATES:
        raise error("replicate", f"replicate {replicate} is asked for", "replicates count from 0 to 99999",
                    "there is nothing to run", "give the number that the replicate has in `results`, as 0")
    if replicate and not is_whole:
        raise error("replicate", f"replicate {replicate} of a run that is `{model.schedule.fidelity}`",
                    "replicates differ by chance alone, and a mean has no chance in it",
                    "it would be the same numbers as any other", "write `fidelity: stochastic`, or leave it out")
    if draws and is_whole:
        raise error("draws", f"{draws} draws of a run that is `{model.schedule.fidelity}`",
                    "draws compare means: chance and uncertain numbers are kept apart",
                    "nobody could tell the one from the other",
                    "run the draws with `fidelity: well_mixed` into a folder of their own")


def _refuse_other_model(kept: Results, spec_text: str) -> None:
    """Draws are added to a run of the same model with the same numbers only."""
    if kept.spec_text != spec_text:
        raise error(str(kept.folder / "spec.yaml"), "the run in this folder is of another model, or has other numbers",
                    "draws are added to the run they belong to", "its report would tell of two different models",
                    "undo the change, or run into a new folder with another `--out`")


def _text_of(spec: ModelSpec) -> str:
    """The file as given, where it says the same; else (``--set``, or changed in Python) the words of the model."""
    from vesica.spec import io

    file = Path(spec.origin.file)
    if spec.origin.file and file.is_file():
        text = file.read_text(encoding="utf-8-sig")
        try:
            if io.loads(text, file=str(file)) == spec:
                return text
        except InputError:  # the file needs the override to be valid
            pass
    return io.dump(spec)


def _inputs(spec: ModelSpec) -> dict[str, bytes]:
    """Copies of the data files that the model read, by the name the model uses.

    A name that leads out of the model's folder becomes the name of the file alone, with a
    number before it where two files share it.
    """
    from vesica.spec import measured

    files = {PurePath(name): path for name, path in sorted(measured.files_read(spec).items())}
    below = {name for name in files if not name.is_absolute() and ".." not in name.parts}
    copies = {name.as_posix(): files[name].read_bytes() for name in files if name in below}
    for name, path in files.items():
        if name not in below:
            names = itertools.chain([name.name], (f"{number}_{name.name}" for number in itertools.count(2)))
            copies[next(one for one in names if one not in copies)] = path.read_bytes()
    return copies
