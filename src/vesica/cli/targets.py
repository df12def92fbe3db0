"""What commands can be given: a model file, a run folder, a library by its name; a time of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vesica.errors import error

if TYPE_CHECKING:
    from vesica.library import Library
    from vesica.spec.resolved import ResolvedModel

LIBRARY: Final = "library:"


def model(target: Path, sets: Sequence[str] = (), switches: Sequence[str] = ()) -> ResolvedModel:
    """The model of a file, or the one that a run folder was made with.

    Raises
    ------
    InputError
        There is none, or it has errors.
    """
    if str(target).startswith(LIBRARY):
        raise error(str(target), f"`{target}` is a library", "here stands a model file or a run folder",
                    "a library has no cells in a dish", f"to see all of it, `vesica explain {target}`")
    if target.is_dir():
        return _of_run(target, [*sets, *switches])
    from vesica.cli import model_commands

    examined = model_commands.examine(target, sets, model_commands.choices(switches))
    examined.raise_errors()
    if examined.resolved is None:  # examine gives a resolved model or an error
        msg = "a model without errors was not resolved"
        raise RuntimeError(msg)
    return examined.resolved


def library(target: Path) -> Library | None:
    """The library that ``library:NAME`` means, or None for anything else."""
    if not str(target).startswith(LIBRARY):
        return None
    from vesica.library import load

    return load(str(target).removeprefix(LIBRARY))


def _of_run(folder: Path, changes: Sequence[str]) -> ResolvedModel:
    """As it was run: the library may say something else today."""
    from vesica import api
    from vesica.spec import recall

    run = api.open(folder)
    if changes:
        raise error(str(folder), f"`{changes[0]}` would change a run", "a run is told as it was run",
                    "it would tell of something that never ran",
                    f"change its model: `{folder / 'model.yaml'}` with the same option")
    return recall.recall(run.folder / "spec.yaml")


def seconds_at(text: str) -> float:
    """The time that ``--at`` names, as it is written in models, in s.

    Raises
    ------
    InputError
        It is no time.
    """
    from vesica.spec.quantities import Notes, seconds

    notes = Notes.elsewhere()
    found = seconds(text, "--at", notes)
    if found is None:
        wrote = notes.findings[0]
        raise error("--at", wrote.wrote, wrote.rule, wrote.consequence, "write `--at 24 h`")
    return found
