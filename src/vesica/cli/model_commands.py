"""Commands that read a model file: check, schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vesica import api
from vesica.cli import failures
from vesica.errors import InputError, error

if TYPE_CHECKING:
    from vesica.spec.resolved import ResolvedModel, Rule


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
    from vesica.spec import contacts, inside, variability

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
            "networks": inside.networks(model) if model else [],
            "phenotypes": inside.phenotypes(model) if model else [],
            "variability": variability.english(model) if model else [],
            "contacts": contacts.english(model) if model else [],
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


def schema(*, as_json: bool) -> int:
    """Print the JSON Schema of a model file, with ``--json`` and without."""
    failures.print_json(api.schema())
    return failures.DONE


def order_of(model: ResolvedModel) -> str:
    """How rules combine, where some rate of the model has several and they do not just multiply."""
    from vesica.spec.rules import ORDER

    about = [(rule.cell, rule.target) for rule in model.rules]
    return ORDER if any(rule.adds and about.count((rule.cell, rule.target)) > 1 for rule in model.rules) else ""


def rule_entry(rule: Rule) -> dict[str, Any]:
    """A rule for ``--json``."""
    return {"key": rule.key, "cell": rule.cell, "english": rule.english, "line": rule.line}


def switch_entries(model: ResolvedModel) -> dict[str, Any]:
    """Contested choices for ``--json``."""
    return {switch.name: {"chosen": switch.chosen, "options": dict(switch.options), "label": switch.label,
                          "source": switch.source} for switch in model.switches}


def _print_model(model: ResolvedModel) -> None:
    from vesica.spec import contacts, inside, variability

    if model.rules:
        click.echo("\nRules:")
        for rule in model.rules:
            click.echo(f"  - {failures.printable(rule.english)}" + (f"  (line {rule.line})" if rule.line else ""))
        order = order_of(model)
        if order:
            click.echo(f"  {order}")
    for title, sentences in (("Networks", inside.networks(model)), ("Phenotypes", inside.phenotypes(model)),
                             ("Cells differ", variability.english(model)),
                             ("Cells touch", contacts.english(model))):
        if sentences:
            click.echo(f"\n{title}:")
        for sentence in sentences:
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
