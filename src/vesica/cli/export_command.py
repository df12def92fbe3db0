"""The command ``export``: cells of an arm in space as a table that other programs open."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from vesica import api
from vesica.cli import failures
from vesica.cli.targets import seconds_at
from vesica.errors import error, nearest
from vesica.results import Results

SUFFIX: Final = ".h5ad"


def export(folder: Path, *, arm: str | None, out: Path, at: str | None, as_json: bool) -> int:
    """Write cells x quantities of one time as AnnData; an older file of that name is replaced."""
    from vesica.results import tissue_anndata

    if out.suffix.lower() != SUFFIX:
        raise error("--out", f"`{out}` does not end in `{SUFFIX}`", "cells are exported as AnnData",
                    "other programs would not know what it is", f"write `--out {out.with_suffix(SUFFIX).name}`")
    if out.is_dir() or not out.absolute().parent.is_dir():
        what = "is a folder" if out.is_dir() else "lies in a folder that does not exist"
        raise error("--out", f"`{out}` {what}", "`--out` names a file to write", "nothing was written",
                    "give another name, or make the folder first")
    time = None if at is None else seconds_at(at)
    kept = api.open(folder)
    name = _arm(kept, arm)
    data = kept.to_anndata(name, time)
    tissue_anndata.write_h5ad(data, out)
    hours = float(data.uns["vesica"]["time"]) / 3600.0
    if as_json:
        failures.print_json({"exit_code": failures.DONE, "file": out, "arm": name, "hours": hours,
                             "cells": data.n_obs, "quantities": list(data.var_names)})
    else:
        click.echo(f"{out}: {data.n_obs} cells x {data.n_vars} quantities of `{name}` at {hours:g} h")
    return failures.DONE


def _arm(kept: Results, arm: str | None) -> str:
    """The arm that is meant; one that stands alone need not be named."""
    known = kept.arms_in_space
    if not known:
        raise error(str(kept.folder), "this run has no cells with positions",
                    "arms that ran with `fidelity: tissue` have them", "there is nothing to export",
                    "run a model with a space and `fidelity: tissue`")
    if arm is None and len(known) > 1:
        raise error("--arm", "no arm is named", f"the run has {len(known)} arms in space, and a file holds one",
                    "it would not be known which is meant", f"write `--arm`; {nearest('', known)}")
    if arm is not None and arm not in known:
        raise error("--arm", f"there is no arm `{arm}` in space in this run", "an arm goes by its name in the model",
                    "there is nothing to export", nearest(arm, known))
    return arm or known[0]
