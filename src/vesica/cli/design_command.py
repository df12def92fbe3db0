"""The command ``design``: which arms, times and replicates tell two hypotheses apart, as a plate plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from vesica.cli import failures
from vesica.cli.deliver import deliver, out_options
from vesica.errors import error, nearest

if TYPE_CHECKING:
    from vesica.spec.resolved import ResolvedModel
    from vesica.studies.design import Order

FILE: Final = click.Path(path_type=Path)


@click.command(short_help="Which arms, times and replicates tell two hypotheses apart.")
@click.argument("files", type=FILE, nargs=-1, metavar="[A.yaml [B.yaml]]")
@click.option("--between", metavar="SWITCH=X,Y", help="The hypotheses are two options of a switch of the model.")
@click.option(
    "--measure",
    multiple=True,
    metavar="KEY[:ASSAY],...",
    help="What is read, as neuron.COX2:qpcr; assays are nta, qpcr, elisa, simoa, count, other. "
    "Without it, the quantities of published directions.",
)
@click.option("--times", multiple=True, metavar="TIME,...", help="When, as `24 h`; six times of the run without it.")
@click.option(
    "--arm", "arms", multiple=True, metavar="NAME", help="Only this arm and what it is against. May be repeated."
)
@click.option(
    "--replicates", type=int, default=12, show_default=True, metavar="N", help="At most, of each kind of well."
)
@click.option(
    "--power", default="80%", show_default=True, metavar="SHARE", help="Chance to refute the wrong hypothesis."
)
@click.option(
    "--error", "alarm", default="5%", show_default=True, metavar="SHARE", help="Chance to refute a true one."
)
@click.option(
    "--cv",
    "variations",
    multiple=True,
    metavar="ASSAY=CV",
    help="All scatter between replicates of an assay, as nta=24%, in place of the library's. May be repeated.",
)
@click.option(
    "--combine",
    type=click.IntRange(1, 6),
    default=3,
    show_default=True,
    metavar="K",
    help="Contrasts in one design, at most.",
)
@click.option("--plate", type=int, default=96, show_default=True, metavar="N", help="Wells of a plate: 96, 24 or 6.")
@click.option(
    "--draws",
    type=click.IntRange(0, 10_000),
    default=0,
    metavar="N",
    help="Also the power over N draws of the uncertain numbers.",
)
@click.option(
    "--simulations",
    type=click.IntRange(200, 1_000_000),
    default=4000,
    show_default=True,
    metavar="N",
    help="Experiments of each design that is shown.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the noise and the plate plan."
)
@click.option(
    "--fold", type=float, metavar="X", help="No model: replicates for an X-fold change, with --cv or the library's."
)
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Change the model, as for `vesica run`.")
@click.option(
    "--switch", "switches", multiple=True, metavar="NAME=OPTION", help="Choose an option of another switch."
)
@out_options
def design(**options: Any) -> int:
    """Which arms, times and replicates would tell two hypotheses apart, given the noise of assays.

    Two options of a switch (--between), or two models; one model alone is held against no effect at all. Every arm is
    compared with the arm it is `against`; experiments are simulated, and the best is written as a plate plan.
    """
    if options["fold"] is not None:
        return _fold(**options)
    return _design(**options)


def _design(
    files: Sequence[Path],
    *,
    between: str | None,
    out: Path | None,
    png: bool,
    as_json: bool,
    sets: Sequence[str],
    switches: Sequence[str],
    **options: Any,
) -> int:
    from vesica.analysis.design import outcome as said
    from vesica.cli.progress import Progress
    from vesica.report.lab import design as drawn
    from vesica.results import bundle
    from vesica.studies import design as study

    if out is not None:
        bundle.refuse_taken(out, said.KIND)
    order = _order(options)
    study.check(order)
    names, models = _hypotheses(files, between, sets, switches)
    order = replace(order, question=replace(order.question, names=names, is_one=len(models) == 1))
    try:
        with Progress(is_silent=as_json) as progress:
            answer = study.run(models, order, progress)
    except KeyboardInterrupt:
        raise failures.Stopped(
            "Stopped by Ctrl-C. Nothing was written; fewer `--draws`, `--measure` or `--arm` are faster."
        ) from None
    return deliver(said.outcome(answer), drawn.figures(answer), out=out, as_json=as_json, png=png,
                   sections=drawn.sections(answer))


def _order(options: Mapping[str, Any]) -> Order:
    """What is asked for, in internal units; the names of the hypotheses are not known yet."""
    from vesica.analysis.design.search import Question
    from vesica.studies.design import Order
    from vesica.units import to_internal

    question = Question(("", ""), share(options["alarm"], "--error"), share(options["power"], "--power"),
                        options["replicates"], options["combine"], options["simulations"], options["seed"])
    times = tuple(to_internal(text, "s", "--times") for text in _parts(options["times"]))
    return Order(question, _parts(options["measure"]), times, tuple(options["arms"]), scatter(options["variations"]),
                 options["plate"], options["draws"])


def _parts(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(part.strip() for text in texts for part in text.split(",") if part.strip())


def share(text: str, option: str) -> float:
    """``80%``, ``80 %`` or ``0.8``."""
    from vesica.units import to_internal

    return to_internal(text.replace("%", " percent"), "", option)


def scatter(texts: Sequence[str]) -> dict[str, float]:
    """``nta=24%`` texts as a mapping.

    Raises
    ------
    InputError
        No such form, or a scatter that is none.
    """
    found = {}
    for text in _parts(texts):
        name, equals, amount = (part.strip() for part in text.partition("="))
        if not (name and equals and amount):
            raise error(
                "--cv",
                f"`{text}` gives no scatter",
                "it is written ASSAY=CV",
                "the library's would be used",
                "write `--cv nta=24%`",
            )
        value = share(amount, "--cv")
        if not 0 < value <= 5:
            raise error(
                "--cv",
                f"`{text}`",
                "a coefficient of variation lies above 0, and up to 500 %",
                "an assay without scatter needs no replicates",
                "write `--cv nta=24%`",
            )
        found[name.lower()] = value
    return found


def _hypotheses(
    files: Sequence[Path], between: str | None, sets: Sequence[str], switches: Sequence[str]
) -> tuple[tuple[str, str], list[ResolvedModel]]:
    """Names of both hypotheses, and one model or two."""
    from vesica.cli import model_commands
    from vesica.studies.design import NO_EFFECT

    if not 1 <= len(files) <= 2 or (len(files) == 2 and between):
        raise error(
            "design",
            f"{len(files)} model files" + (" and `--between`" if between else ""),
            "hypotheses are two models, two options of a switch, or one model and no effect",
            "it is not known what to tell apart",
            "write `vesica design MODEL.yaml --between SWITCH=X,Y`, or `vesica design A.yaml B.yaml`",
        )
    chosen = model_commands.choices(switches)
    if between is None:
        models = [_resolved(file, sets, chosen) for file in files]
        return ((files[0].stem, NO_EFFECT) if len(files) == 1 else _apart(files)), models
    name, options = _between(between, files[0], sets, chosen)
    return options, [_resolved(files[0], sets, {**chosen, name: option}) for option in options]


def _apart(files: Sequence[Path]) -> tuple[str, str]:
    first, second = files
    return (first.stem, second.stem) if first.stem != second.stem else (str(first), str(second))


def _resolved(file: Path, sets: Sequence[str], chosen: dict[str, str]) -> ResolvedModel:
    from vesica.cli import model_commands

    examined = model_commands.examine(file, sets, chosen)
    examined.raise_errors()
    if examined.resolved is None:  # examine gives a resolved model or an error
        msg = "a model without errors was not resolved"
        raise RuntimeError(msg)
    return examined.resolved


def _between(text: str, file: Path, sets: Sequence[str], chosen: dict[str, str]) -> tuple[str, tuple[str, str]]:
    """Switch and two of its options."""
    name, _, rest = (part.strip() for part in text.partition("="))
    options = tuple(part.strip() for part in rest.split(",") if part.strip())
    if not name or len(options) != 2 or options[0] == options[1]:
        raise error(
            "--between",
            f"`{text}`",
            "it names a switch and two of its options",
            "there are not two hypotheses",
            "write `--between ethanol_acts=tlr4_only,cargo_only`",
        )
    known = {switch.name: switch for switch in _resolved(file, sets, chosen).switches}
    if name not in known:
        raise error(
            "--between",
            f"`{name}` is not a switch of this model",
            "hypotheses are options of a switch",
            "nothing could be compared",
            nearest(name, known),
        )
    for option in options:
        if option not in known[name].options:
            raise error(
                "--between",
                f"`{option}` is not an option of `{name}`",
                "both options are the switch's own",
                "nothing could be compared",
                nearest(option, known[name].options),
            )
    return name, (options[0], options[1])


def _fold(
    *,
    fold: float,
    files: Sequence[Path],
    variations: Sequence[str],
    replicates: int,
    power: str,
    alarm: str,
    out: Path | None,
    png: bool,
    as_json: bool,
    **_: Any,
) -> int:
    from vesica import library
    from vesica.analysis.design import fold as topic
    from vesica.report.lab import design as drawn

    if files:
        raise error(
            "--fold",
            "`--fold` stands beside a model",
            "a fold change alone needs no model",
            "it is not known which of them is meant",
            "leave out the one or the other",
        )
    found = topic.study(
        fold, scatter(variations), share(alarm, "--error"), share(power, "--power"), replicates, library.load("cns")
    )
    return deliver(topic.outcome(found), drawn.fold_figures(found), out=out, as_json=as_json, png=png)
