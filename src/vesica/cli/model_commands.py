"""Commands that read a model file: check, explain, schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vesica import api
from vesica.cli import failures
from vesica.errors import InputError, error
from vesica.spec import variability

if TYPE_CHECKING:
    from vesica.spec.resolved import Parameter, ResolvedModel, Rule


def choices(switches: Iterable[str]) -> dict[str, str]:
    """``NAME=OPTION`` texts as a mapping."""
    chosen = {}
    for text in switches:
        name, equals, option = (part.strip() for part in text.partition("="))
        if not (name and equals and option):
            raise error("--switch", f"`{text}` chooses nothing", "a choice is `NAME=OPTION`",
                        "the switch would keep its default", "write it like `--switch escape=low`; "
                        "`vesica check` lists the switches and their options")
        chosen[name] = option
    return chosen


def examine(file: Path, sets: Sequence[str], chosen: Mapping[str, str]) -> api.Examination:
    """A model with the changes asked for on the command line, checked."""
    return api.examine(api.load(file, sets), switches=chosen)


def check(file: Path, *, sets: Sequence[str], switches: Sequence[str], as_json: bool) -> int:
    """Print what is wrong, the rules in plain English, and what a run costs."""
    chosen = choices(switches)
    try:
        examined = examine(file, sets, chosen)
    except InputError as failure:
        examined = api.Examination(failure.findings)
    code = failures.DONE if examined.is_runnable else failures.USER_INPUT
    model = examined.resolved
    cost = api.expected_cost(model) if model is not None and examined.is_runnable else {}
    if as_json:
        failures.print_json({
            "exit_code": code, "file": file, "ok": examined.is_runnable,
            "findings": [finding.as_dict() for finding in examined.findings],
            "rules": [rule_entry(rule) for rule in model.rules] if model else [],
            "variability": variability.english(model) if model else [],
            "arms": {arm.name: list(arm.english) for arm in model.arms} if model else {},
            "switches": switch_entries(model) if model else {},
            "cost": cost,
        })
        return code
    failures.print_findings(examined.findings)
    if model is not None:
        _print_model(model)
    if cost:
        click.echo("\nThis run: " + ", ".join(f"{_short(value)} {words}" for words, value in cost.items()))
    errors = sum(finding.severity == "error" for finding in examined.findings)
    others = len(examined.findings) - errors
    verdict = "ready to run" if examined.is_runnable else "cannot run"
    click.echo(f"{file}: {verdict}, {errors} error{'s' * (errors != 1)}, {others} remark{'s' * (others != 1)}")
    return code


def explain(file: Path, *, sets: Sequence[str], switches: Sequence[str], as_json: bool) -> int:
    """Print every number of a model with where it comes from."""
    examined = examine(file, sets, choices(switches))
    examined.raise_errors()
    model = examined.resolved
    if model is None:  # examine gives a resolved model or an error
        msg = "a model without errors was not resolved"
        raise RuntimeError(msg)
    numbers = sorted(model.parameters.values(), key=lambda parameter: parameter.path)
    counts = {tag: sum(number.confidence == tag for number in numbers)
              for tag in ("seen", "known", "estimate", "given", "measured")}
    if as_json:
        failures.print_json({
            "exit_code": failures.DONE, "file": file, "title": model.title, "confidence": counts,
            "parameters": [vars(number) for number in numbers],
            "rules": [rule_entry(rule) for rule in model.rules],
            "switches": switch_entries(model),
        })
        return failures.DONE
    from rich.markup import escape

    from vesica.cli import summary

    screen = summary.console()
    title = escape(failures.printable(model.title))
    made = summary.table(title, "number", "value", "range", "confidence", "source or reason")
    for number in numbers:
        made.add_row(escape(number.path), *map(escape, value_and_range(number)),
                     number.confidence, escape(failures.printable(number.source or number.reason or "-")))
    screen.print(made)
    _print_model(model)
    click.echo(f"\n{len(numbers)} numbers: " + ", ".join(f"{count} {tag}" for tag, count in counts.items()))
    return failures.DONE


def schema(*, as_json: bool) -> int:
    """Print the JSON Schema of a model file, with ``--json`` and without."""
    failures.print_json(api.schema())
    return failures.DONE


def value_and_range(number: Parameter) -> tuple[str, str]:
    """As written, and the range in the same unit."""
    from vesica import units

    unit, scale = number.unit, 1.0
    if number.shown:
        try:
            unit = units.split(number.shown)[1] or number.unit
            scale = 1.0 / units.factor(unit, number.unit)
        except ValueError:  # written as a concentration by mass: shown in the internal unit
            unit, scale = number.unit, 1.0
    value, low, high = (f"{scale * one:.4g}" for one in (number.value, number.low, number.high))
    return f"{value} {unit}".strip(), "-" if low == high else f"{low} to {high}"


def rule_entry(rule: Rule) -> dict[str, Any]:
    """A rule for ``--json``."""
    return {"key": rule.key, "cell": rule.cell, "english": rule.english, "line": rule.line}


def switch_entries(model: ResolvedModel) -> dict[str, Any]:
    """Contested choices for ``--json``."""
    return {switch.name: {"chosen": switch.chosen, "options": dict(switch.options), "label": switch.label,
                          "source": switch.source} for switch in model.switches}


def _print_model(model: ResolvedModel) -> None:
    if model.rules:
        click.echo("\nRules:")
        for rule in model.rules:
            click.echo(f"  - {failures.printable(rule.english)}" + (f"  (line {rule.line})" if rule.line else ""))
    if differing := variability.english(model):
        click.echo("\nCells differ:")
        for sentence in differing:
            click.echo(failures.printable(f"  - {sentence}"))
    click.echo("\nArms:")
    for arm in model.arms:
        click.echo(failures.printable(f"  - {arm.name}: {'; '.join(arm.english) or 'nothing added'}"))
    if model.switches:
        click.echo("\nContested choices (change one with --switch NAME=OPTION):")
        for switch in model.switches:
            others = ", ".join(option for option in switch.options if option != switch.chosen)
            click.echo(f"  - {switch.name}: {switch.chosen}" + (f"  (or {others})" if others else ""))


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
