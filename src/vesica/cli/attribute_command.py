"""The command ``attribute``: who brought about an effect, by which channel, and what a laboratory would say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vesica.cli import failures, model_commands
from vesica.cli.deliver import deliver
from vesica.cli.progress import Progress
from vesica.errors import error


def attribute(  # noqa: PLR0913 - one for each option
    file: Path, *, effects: Sequence[str], arm: str | None, against: str | None, by: str, budget: int, draws: int,
    at: str | None, change: bool, controls: bool, out: Path | None, png: bool, sets: Sequence[str],
    switches: Sequence[str], as_json: bool,
) -> int:
    """Share out effects over channels and senders."""
    from vesica.analysis.attribution import outcome as said
    from vesica.report.lab import attribution as drawn
    from vesica.results import bundle
    from vesica.studies import attribute as study
    from vesica.studies import lab_controls

    if out is not None:
        bundle.refuse_taken(out, said.KIND)
    chosen = model_commands.choices(switches)
    examined = model_commands.examine(file, sets, chosen)
    examined.raise_errors()
    if examined.resolved is None or examined.spec is None:  # examine gives both, or an error
        msg = "a model without errors was not resolved"
        raise RuntimeError(msg)
    question = study.Question(tuple(dict.fromkeys(effects)), arm, against, by, budget, draws, _seconds(at),
                              is_change=change)
    partial = None if out is None else out.with_name(f"{out.name}.partial.jsonl")
    try:
        with Progress(is_silent=as_json) as progress:
            case = study.look_into(examined.resolved, question)
            shares = study.attribute(case, partial=partial, report_progress=progress)
            asked = lab_controls.Asked(examined.spec, chosen)
            readings = (lab_controls.readings(asked, case, report_progress=progress) if controls
                        else [[] for _ in shares])
    except KeyboardInterrupt:
        kept = "Nothing was kept: give `--out DIR` to keep what is done." if partial is None else \
            f"Coalitions that are done are kept in {partial}; the same command goes on."
        raise failures.Stopped(f"Stopped by Ctrl-C. {kept}") from None
    found = [said.Found(one, tuple(read)) for one, read in zip(shares, readings, strict=True)]
    code = deliver(said.outcome(examined.resolved.title, by, found), drawn.figures(found) if out is not None else (),
                   out=out, as_json=as_json, png=png)
    if partial is not None:
        partial.unlink(missing_ok=True)
    return code


def _seconds(text: str | None) -> float | None:
    from vesica.spec.quantities import Notes, seconds

    if text is None:
        return None
    notes = Notes.elsewhere()
    found = seconds(text, "--at", notes, positive=True)
    if found is None:
        wrote = notes.findings[0]
        raise error("--at", wrote.wrote, wrote.rule, wrote.consequence, "write `--at 24 h`")
    return found
