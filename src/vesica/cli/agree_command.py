"""The command ``agree``: whole numbers beside the mean field, at growing copy numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vesica.cli import failures, model_commands
from vesica.cli.deliver import deliver
from vesica.cli.progress import Progress
from vesica.errors import error


def agree(
    file: Path, *, out: Path | None, scales: str, replicates: int, cells: int, png: bool, sets: Sequence[str],
    switches: Sequence[str], as_json: bool,
) -> int:
    """Compare the fidelities of a model."""
    from vesica.analysis.agreement import outcome as said
    from vesica.report.lab import agree as drawn
    from vesica.results import bundle
    from vesica.results.files import encode
    from vesica.spec.scaling import few_cells
    from vesica.studies import agree as study

    plan = study.Plan(numbers(scales), replicates, cells)
    study.check(plan)
    if out is not None:
        bundle.refuse_taken(out, said.KIND)
    examined = model_commands.examine(file, sets, model_commands.choices(switches))
    examined.raise_errors()
    model = examined.resolved
    if model is None:  # examine gives a resolved model or an error
        msg = "a model without errors was not resolved"
        raise RuntimeError(msg)
    partial = None if out is None else out.with_name(f"{out.name}.partial.jsonl")
    try:
        with Progress(is_silent=as_json) as progress:
            found = study.run(model, plan, partial=partial, report_progress=progress)
    except KeyboardInterrupt:
        kept = "Nothing was kept: give `--out DIR` to keep what is done." if partial is None else \
            f"Replicates that are done are kept in {partial}; the same command goes on."
        raise failures.Stopped(f"Stopped by Ctrl-C. {kept}") from None
    small = few_cells(model, plan.cells)
    setting = said.Setting(model.title, plan.scales, {arm.name: arm.counts for arm in small.arms},
                           tuple(map(plan.replicates_at, plan.scales)), plan.alarm)
    code = failures.DONE if said.is_agreement(found) else failures.RUN_FAULT
    files = {"agree.json": encode(said.record(setting, found))}
    deliver(said.outcome(setting, found), drawn.figures(setting, found), out=out, as_json=as_json, png=png,
            files=files, code=code)
    if partial is not None:
        partial.unlink(missing_ok=True)
    return code


def numbers(text: str) -> tuple[float, ...]:
    """Scales as written: ``1,10,100``."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise error("--scales", f"`--scales {text}`", "scales are numbers with commas between them",
                    "one cannot see whether the gap falls", "write `--scales 1,10,100`") from None
