"""The command `vesica samples`: the package's small synthetic files, to try every laboratory command on."""

from __future__ import annotations

from pathlib import Path

import click

from vesica.cli import failures
from vesica.errors import error


@click.command(short_help="Copy the small synthetic files of the package.")
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")
def samples(folder: Path | None, *, as_json: bool) -> int:
    """List the sample files of the package, or copy them into DIR.

    All are synthetic: nothing in them was measured. A file that is there already is left alone.
    """
    from vesica import samples as shelf

    copied: list[str] = []
    if folder is not None:
        if folder.exists() and not folder.is_dir():
            raise error("DIR", f"`{folder}` is a file", "samples are copied into a folder",
                        "the file would be in the way", "name a folder, or `.` for this one")
        folder.mkdir(parents=True, exist_ok=True)
        copied = [name for name in shelf.names() if not (folder / name).exists()]
        for name in copied:
            (folder / name).write_bytes(shelf.path(name).read_bytes())
    if as_json:
        failures.print_json({"exit_code": failures.DONE, "samples": [shelf.described(name) for name in shelf.names()],
                             "folder": folder, "copied": copied})
        return failures.DONE
    for name in shelf.names():
        found = shelf.described(name)
        click.echo(f"{name}\n    {found['words']}\n    {found['try']}")
    if folder is None:
        click.echo("\nCopy them beside you: vesica samples .")
    else:
        kept = len(shelf.names()) - len(copied)
        click.echo(f"\n{len(copied)} files copied to {folder}" + (f"; {kept} were there already." if kept else "."))
    return failures.DONE
