"""Counts from AnnData files, and everything `score` found as one."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from vesica.analysis.cargo.change import missing
from vesica.analysis.cargo.loading import Loading
from vesica.errors import error, nearest
from vesica.readers.counts import CountTable, hairpins
from vesica.readers.records import FloatArray, frozen
from vesica.readers.text import PathLike, Provenance

FORMAT: Final = "AnnData h5ad"
LAYER: Final = "counts"
_OBS: Final = ["sample", "compartment", "group", "reads", "million_reads"]
GROUP_COLUMNS: Final = ("group", "condition", "treatment")


def is_h5ad(path: PathLike) -> bool:
    """Whether a file is named as AnnData are."""
    return Path(path).suffix.lower() == ".h5ad"


def read_h5ad(path: PathLike, compartment: str) -> tuple[CountTable, tuple[str, ...] | None]:
    """Counts of an AnnData file: samples in ``obs``, genes or miRNAs in ``var``.

    Parameters
    ----------
    path : path
    compartment : "cells" or "EVs"
        Where ``obs["compartment"]`` tells them apart, as in the files `write_h5ad` writes, only these samples.

    Returns
    -------
    CountTable
        From ``layers["counts"]`` where there is one, else from ``X``.
    labels : (sample,) str or None
        ``obs["group"]`` (or condition, treatment).

    Raises
    ------
    InputError
        anndata is not installed, the file is none of its files, names repeat, values are no counts.
    """
    file = str(path)
    data, found = _opened(file)
    if "compartment" in found.obs:
        chosen = found.obs["compartment"].astype(str) == compartment
        if not chosen.any():
            raise _refuse(
                file,
                f"`obs['compartment']` never says `{compartment}`",
                "there is nothing to read",
                nearest(compartment, map(str, found.obs["compartment"])),
            )
        found = found[chosen.to_numpy()]
    ids, samples = tuple(map(str, found.var_names)), tuple(map(str, found.obs_names))
    for names, what in ((ids, "var"), (samples, "obs")):
        if len(set(names)) != len(names) or not names:
            raise _refuse(
                file,
                f"names in `{what}` repeat, or there are none",
                "it would not be known which is meant",
                f"make them unique: `adata.{what}_names_make_unique()`",
            )
    counts = _dense(found.layers.get(LAYER, found.X), file).T
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts != np.rint(counts)).any():
        raise _refuse(
            file,
            f"values in {'layer `counts`' if LAYER in found.layers else '`X`'} that are no whole numbers "
            "of zero or more",
            "normalised values would be normalised twice",
            "put the raw counts into `layers['counts']`",
        )
    source = Provenance(file, FORMAT, hashlib.sha256(data).hexdigest(), "hdf5")
    column = next((name for name in GROUP_COLUMNS if name in found.obs), None)
    labels = (
        None
        if column is None
        else tuple(found.obs[column].astype(object).where(found.obs[column].notna(), "").map(str))
    )
    return CountTable(ids, samples, frozen(counts), hairpins(ids), source), labels


def _opened(file: str) -> tuple[bytes, Any]:
    """The bytes of a file, and the AnnData in it."""
    library = _library()
    try:
        data = Path(file).read_bytes()
        with _quiet():
            found = library.read_h5ad(file)
    except FileNotFoundError:
        raise _refuse(
            file, f"`{file}` does not exist", "there is nothing to read", "check the path"
        ) from None
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as failure:
        raise _refuse(
            file,
            f"it cannot be opened as AnnData: {_first_line(failure)}",
            "there is nothing to read",
            "write it with anndata's `write_h5ad`",
        ) from failure
    return data, found


def _first_line(failure: Exception) -> str:
    return (str(failure).splitlines() or [type(failure).__name__])[0]


def _dense(values: Any, file: str) -> FloatArray:
    if values is None:
        raise _refuse(
            file, "it holds neither `X` nor a layer `counts`", "there is nothing to read", "store the counts"
        )
    dense: FloatArray = np.asarray(values.toarray() if hasattr(values, "toarray") else values, dtype=float)
    return dense


def _refuse(file: str, wrote: str, consequence: str, fix: str) -> Exception:
    return error(
        Path(file).name,
        wrote,
        "an AnnData file has samples in `obs`, molecules in `var`, and counts",
        consequence,
        fix,
        file=file,
    )


def _library() -> Any:
    try:
        with _quiet():
            import anndata
    except ImportError as failure:
        raise missing("anndata", "reads and writes .h5ad files") from failure
    return anndata


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():  # of older files and of pandas; nothing the user could act on
        warnings.simplefilter("ignore")
        yield


def _observations(
    sides: Mapping[str, tuple[CountTable, FloatArray, Mapping[str, Sequence[int]]]],
) -> list[tuple[str, str, str, float, float]]:
    """One row of `_OBS` for each library."""
    rows = []
    for compartment, (table, depth, groups) in sides.items():
        names = {place: name for name, places in groups.items() for place in places}
        for place, sample in enumerate(table.samples):
            reads = float(table.counts[:, place].sum())
            rows.append((sample, compartment, names.get(place, ""), reads, float(depth[place])))
    return rows


def write_h5ad(
    sides: Mapping[str, tuple[CountTable, FloatArray, Mapping[str, Sequence[int]]]],
    loadings: Sequence[Loading],
    flagged: Mapping[str, Sequence[str]],
    about: Mapping[str, Any],
) -> bytes:
    """The whole table of cells and EVs as an .h5ad file.

    Parameters
    ----------
    sides : compartment -> counts of the same rows, (sample,) million reads, groups
    loadings : one for each group
    flagged : row -> lists it stands on
    about : plain data for ``uns["vesica"]``

    Returns
    -------
    bytes
        ``X`` and layer ``counts`` hold reads, layer ``loading`` the shrunk log2 loading of the sample's group
        (NaN in cells and ungrouped samples), ``varm["loading"]`` the same by group.
    """
    library = _library()
    import pandas as pd

    tables = [side[0] for side in sides.values()]
    ids = tables[0].ids
    of_group = {one.group: one.shrunk for one in loadings}
    obs = pd.DataFrame(_observations(sides), columns=_OBS)
    unknown = np.full(len(ids), np.nan)
    layer = [
        of_group.get(group, unknown) if compartment == "EVs" else unknown
        for compartment, group in zip(obs["compartment"], obs["group"], strict=True)
    ]
    counts = np.concatenate([table.counts for table in tables], axis=1).T
    with _quiet():
        data = library.AnnData(
            X=counts,
            obs=obs.set_index(obs["compartment"] + ": " + obs["sample"]),
            var=pd.DataFrame(
                {"hairpin": tables[0].hairpin, "flags": [";".join(flagged.get(name, ())) for name in ids]},
                index=list(ids),
            ),
        )
        data.layers[LAYER], data.layers["loading"] = counts.copy(), np.array(layer)
        if loadings:
            data.varm["loading"] = pd.DataFrame({one.group: one.shrunk for one in loadings}, index=list(ids))
        data.uns["vesica"] = dict(about)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "cargo.h5ad"
            data.write_h5ad(path)
            return path.read_bytes()
