"""The commands `vesica sbml read` and `vesica sbml write`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from vesica.cli.failures import DONE, USER_INPUT, print_findings, print_json, printable
from vesica.errors import error, nearest

if TYPE_CHECKING:
    from vesica.readers.sbml_record import SbmlModel, SbmlUnit
    from vesica.spec.sbml_words import SbmlWords

_FILE: Final = click.Path(path_type=Path)
_json_option: Final = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")


@click.group(short_help="Networks from SBML files, and models as SBML.")
def sbml() -> None:
    """Read networks from SBML files, and write the mean field of a model for other simulators."""


@sbml.command(short_help="What an SBML file holds, and what cannot be used.")
@click.argument("file", type=_FILE)
@click.option("--without", multiple=True, metavar="ID", help="Part that is left out on purpose. May be repeated.")
@click.option("--yaml", "as_yaml", is_flag=True, help="Print the network as words of a model file.")
@_json_option
def read(file: Path, *, without: tuple[str, ...], as_yaml: bool, as_json: bool) -> int:
    """Print species, reactions, parameters and the parts of FILE that cannot be used."""
    from vesica.readers.sbml import read_sbml
    from vesica.spec.sbml_words import network_words

    model = read_sbml(file)
    found = network_words(model, file.name, without=without)
    code = USER_INPUT if any(finding.severity == "error" for finding in found.findings) else DONE
    if as_json:
        print_json({"exit_code": code, "file": file, "sbml": _plain(model), "network": _words(found),
                    "names": dict(found.names), "findings": [one.as_dict() for one in found.findings]})
        return code
    print_findings(found.findings)
    if as_yaml:
        from vesica.spec import yaml_io

        click.echo(yaml_io.dump({"networks": {_name(model): _words(found)}}), nl=False)
        return code
    _print(model, found)
    return code


@sbml.command(short_help="Write one arm of a model as SBML.")
@click.argument("file", type=_FILE, metavar="MODEL")
@click.option("--arm", metavar="NAME", help="Arm to write; not needed where there is one.")
@click.option("--out", "-o", type=_FILE, required=True, metavar="FILE", help="SBML file to make.")
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Change the model. May be repeated.")
@click.option("--switch", "switches", multiple=True, metavar="NAME=OPTION", help="Choose an option of a switch.")
@_json_option
def write(file: Path, *, arm: str | None, out: Path, sets: tuple[str, ...], switches: tuple[str, ...],
          as_json: bool) -> int:
    """Write the equations of one arm of MODEL, from cells at rest on, as SBML Level 3 Version 2."""
    from vesica.cli.model_commands import choices, examine

    if out.exists():
        raise error("--out", f"`{out}` is already there", "a file is never overwritten", "what stands in it would be "
                    "lost", "name another file, or remove this one")
    examined = examine(file, sets, choices(switches))
    examined.raise_errors()
    model = examined.resolved
    if model is None:  # examine gives a resolved model or an error
        msg = "a model without errors was not resolved"
        raise RuntimeError(msg)
    by_name = {one.name: one for one in model.arms}
    if arm is None and len(by_name) == 1:
        arm = next(iter(by_name))
    if arm not in by_name:
        raise error("--arm", f"`{arm}` is no arm of the model" if arm else "the model has several arms",
                    "one arm is written", "it is not known which one is meant",
                    nearest(arm or "", by_name) if arm else f"write `--arm` and one of {', '.join(by_name)}")
    from vesica.engine.program import compile_model
    from vesica.engine.sbml_out import arm_sbml

    program = compile_model(model)
    text = arm_sbml(program, by_name[arm])
    out.write_text(text, encoding="utf-8")
    counts = {"species": text.count("<species "), "reactions": text.count("<reaction ")}
    if as_json:
        print_json({"exit_code": DONE, "file": file, "arm": arm, "out": out, **counts,
                    "findings": [one.as_dict() for one in examined.findings]})
        return DONE
    print_findings(examined.findings)
    click.echo(f"Written to {out}: {counts['species']} species, {counts['reactions']} reactions of the arm {arm}.")
    return DONE


def _name(model: SbmlModel) -> str:
    letters = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in model.id or Path(model.file).stem)
    return letters if letters[:1].isalpha() else f"network_{letters}"


def _words(found: SbmlWords) -> dict[str, Any]:
    words: dict[str, Any] = found.words.model_dump(by_alias=True, exclude_defaults=True, mode="json")
    return words


def _plain(model: SbmlModel) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(model)


def _unit(unit: SbmlUnit | None) -> str:
    from vesica.spec.sbml_units import text_of, vector

    if unit is None:
        return "not given"
    number, text = text_of(vector(unit))
    return (text if number == 1.0 else f"{number:.6g} {text}") or "1"


def _print(model: SbmlModel, found: SbmlWords) -> None:
    words = found.words
    _line(f"{model.label or model.id}: SBML Level {model.level} Version {model.version}; time in {_unit(model.time)}, "
          f"substance in {_unit(model.substance)}, volume in {_unit(model.volume)}")
    _list("species", (f"{name} = {state.initial}" + (f" in {state.compartment}" if state.compartment else "")
                      for name, state in words.states.items()))
    _list("reactions", (f"{name}: {one.equation}   at {one.rate}" for name, one in words.reactions.items()))
    _list("parameters", (f"{name} = {value}" for name, value in words.constants.items()))
    _list("assignments", (f"{name} = {text}" for name, text in words.assignments.items()))
    _list("parts that cannot be used", (f"line {part.line}: {part.kind} {part.id}: {part.says}"
                                        for part in model.unsupported))


def _list(title: str, lines: Iterable[str]) -> None:
    shown = list(lines)
    _line(f"\n{len(shown)} {title}" + (":" if shown else ""))
    for line in shown:
        _line(f"  {line}")


def _line(text: str) -> None:
    click.echo(printable(text))
