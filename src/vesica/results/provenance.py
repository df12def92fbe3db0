"""What made a run: versions, command, machine, and the papers its numbers rest on."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from vesica._version import __version__

if TYPE_CHECKING:
    from vesica.spec.resolved import Parameter

# Libraries that can change a number of the run or the file it is stored in.
LIBRARIES: Final = ("numba", "numpy", "pint", "pydantic", "scikit-sundae", "scipy", "xarray", "zarr")
ABSENT: Final = "not installed"


def version(distribution: str = "vesica") -> str:
    """Version in use, or ``not installed``."""
    import importlib.metadata  # slow to import

    if distribution == "vesica":
        return __version__  # true for sources on the path, too
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ABSENT


def versions() -> dict[str, str]:
    """Versions that a resumed run must share, in a fixed order."""
    own = {"vesica": version(), "python": platform.python_version()}
    return own | {name: version(name) for name in LIBRARIES}


def machine() -> str:
    """``Linux x86_64``: no name of a computer or a person."""
    return f"{platform.system()} {platform.machine()}"


def peak_memory_mb() -> float:
    """Most memory this process held so far, in MB (0 where the system does not say)."""
    try:
        import resource  # not on Windows
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def meta(command: str, arguments: Mapping[str, object], seed: int, **more: object) -> dict[str, object]:
    """Describe how a run is made, as `RunWriter.create` stores it in ``run.json``."""
    return {
        "vesica": version(),
        "command": command,
        "arguments": dict(arguments),
        "seed": seed,
        "versions": versions(),
        "machine": machine(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        **more,
    }


def citations(parameters: Mapping[str, Parameter] | Iterable[Parameter]) -> list[dict[str, object]]:
    """List the sources of these numbers, each once, with what it was used for.

    Parameters
    ----------
    parameters : mapping or iterable of Parameter
        Those without a source (estimates, the user's own numbers) are left out.

    Returns
    -------
    list of {"source", "doi", "used_for", "reasons"}
        Sorted by source. Entries with the same DOI are one source, whatever their wording.
    """
    listed: Sequence[Parameter] = list(parameters.values() if isinstance(parameters, Mapping) else parameters)
    groups: dict[str, list[Parameter]] = {}
    for parameter in sorted(listed, key=lambda one: (one.source, one.path)):
        if parameter.source or parameter.doi:
            groups.setdefault(parameter.doi.strip().lower() or parameter.source, []).append(parameter)
    cited: list[dict[str, object]] = [
        {
            "source": next((one.source for one in group if one.source), ""),
            "doi": next((one.doi for one in group if one.doi), ""),
            "used_for": sorted({one.path for one in group}),
            "reasons": sorted({one.reason for one in group if one.reason}),
        }
        for group in groups.values()
    ]
    return sorted(cited, key=lambda one: (str(one["source"]), str(one["doi"])))
