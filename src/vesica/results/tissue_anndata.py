"""Cells of an arm in space as an AnnData table, for scanpy and squidpy."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vesica.errors import error
from vesica.results.tissue import TissueResults

if TYPE_CHECKING:
    import numpy as np
    from anndata import AnnData
    from numpy.typing import NDArray

SPATIAL: Final = "spatial"  # of squidpy: ``obsm["spatial"]``
TRANSFER: Final = "ev_transfer"
SUMS: Final = {"released": "released:", "taken_up": "taken_up:"}  # over all classes of vesicles
THIN: Final = 1  # voxels of an axis that is no dimension


def to_anndata(found: TissueResults, run: Mapping[str, Any], time: float | None = None) -> AnnData:
    """Cells x quantities at a stored time.

    Parameters
    ----------
    found : TissueResults
    run : mapping
        ``run.json``.
    time : s, the last stored one by default

    Returns
    -------
    AnnData
        ``X`` quantities (NaN where a type lacks one), ``var`` their unit and label; ``obs`` ``cell_type``, ``radius``
        (um), ``released``, ``taken_up`` (vesicles, all classes), and each chain of phenotypes with the likeliest
        state; ``obsm["spatial"]`` um (x, y, and z where that is a dimension); ``obsp["ev_transfer"]`` vesicles from
        the cell of the row to that of the column, where pairs are followed; ``uns["vesica"]`` how it was made.

    Raises
    ------
    InputError
        anndata is not installed, or nothing is stored at this time.
    """
    library = _anndata()
    import numpy as np
    import pandas as pd

    values = found.cells(time)
    at = found.times[-1] if time is None else found.times[np.argmin(np.abs(found.times - time))]
    matrix = np.stack(list(values.values()), axis=1) if values else np.empty((len(found.ids), 0), dtype=np.float32)
    axes = [axis for axis, n in enumerate(found.attributes["voxels"]) if n > THIN or axis < 2]
    with _quiet():
        data = library.AnnData(
            X=matrix, obs=pd.DataFrame(_observations(found, values), index=pd.Index(found.ids, dtype=object)),
            var=pd.DataFrame({"unit": [found.unit(name) for name in values],
                              "label": [found.label(name) for name in values]},
                             index=pd.Index(list(values), dtype=object)))
        data.obsm[SPATIAL] = found.positions(time)[:, axes]
        if found.transfer is not None:
            import scipy.sparse

            data.obsp[TRANSFER] = scipy.sparse.csr_matrix(found.transfer)
        data.uns["vesica"] = _about(found, run, float(at))
    return data


def write_h5ad(data: AnnData, path: Path) -> None:
    """Write a table whole or not at all; an older file is replaced."""
    import secrets

    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.partial")
    try:
        with _quiet():
            data.write_h5ad(part, compression="gzip")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _observations(found: TissueResults, values: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
    import numpy as np
    import pandas as pd

    types = list(dict.fromkeys(found.types))
    columns: dict[str, Any] = {"cell_type": pd.Categorical(found.types, categories=types), "radius": found.radius}
    for name, prefix in SUMS.items():
        parts = [np.nan_to_num(one, nan=0.0) for key, one in values.items() if key.startswith(prefix)]
        columns[name] = np.sum(parts, axis=0) if parts else np.zeros(len(found.ids), dtype=np.float32)
    return columns | _phenotypes(found, values)


def _phenotypes(found: TissueResults, values: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
    """Of each chain the state with the largest share; chains of one name in several types are one column."""
    import numpy as np
    import pandas as pd

    columns: dict[str, NDArray[np.object_]] = {}
    states: dict[str, list[str]] = {}
    types = np.array(found.types, dtype=object)
    for cell, chains in found.attributes.get("phenotypes", {}).items():
        for chain, names in chains.items():
            known = [name for name in names if name in values]
            own = np.flatnonzero(types == cell)
            if not known or not own.size:
                continue
            shares = np.stack([values[name][own] for name in known])
            likeliest = np.array(known, dtype=object)[np.argmax(np.nan_to_num(shares, nan=-1.0), axis=0)]
            likeliest[np.isnan(shares).all(axis=0)] = None
            columns.setdefault(chain, np.full(types.size, None, dtype=object))[own] = likeliest
            states[chain] = list(dict.fromkeys([*states.get(chain, []), *known]))
    return {chain: pd.Categorical(column, categories=states[chain]) for chain, column in columns.items()}


def _about(found: TissueResults, run: Mapping[str, Any], time: float) -> dict[str, Any]:
    """Only what a file of AnnData holds: text, numbers, mappings of these."""
    attributes = {key: value for key, value in found.attributes.items() if key not in {"type", "version"}}
    return {"arm": found.arm, "time": time, "time_unit": "s", "spatial_unit": "um",
            "vesica": str(run.get("vesica", "")), "command": str(run.get("command", "")), "seed": str(run.get("seed")),
            "versions": {str(name): str(one) for name, one in (run.get("versions") or {}).items()},
            "attributes": json.dumps(attributes, ensure_ascii=False)}


def _anndata() -> Any:
    try:
        with _quiet():
            import anndata
    except ImportError:
        raise error("anndata", "the library anndata is not installed", "tables of cells for scanpy and squidpy need it",
                    "nothing was written", 'install it: pip install "vesica[omics]"') from None
    return anndata


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Warnings of anndata's own imports are none of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
