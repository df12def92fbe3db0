"""Open a run folder: lazy, read-only, labelled axes, units."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

from vesica.errors import InputError, error, nearest
from vesica.results import files, format1, record
from vesica.results.ledger import Ledger

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr
    from anndata import AnnData
    from numpy.typing import NDArray

    from vesica.results.axes import Axes
    from vesica.results.tissue import TissueResults

SMALL_BYTES: Final = 64_000_000  # up to this size the rows that were read are kept
HOUR: Final = 3600.0


class Reader(Protocol):
    """What the module of each format offers."""

    STORE: str

    def open_dataset(self, store: Path, rows: Iterable[tuple[int, int]]) -> xr.Dataset: ...  # noqa: D102

    def read_axes(self, data: xr.Dataset) -> Axes: ...  # noqa: D102

    def read_row(self, data: xr.Dataset, row: tuple[int, int], store: Path,  # noqa: D102
                 name: str = "value") -> NDArray[np.float64]: ...

    def notes_name(self, row: tuple[int, int]) -> str: ...  # noqa: D102


READERS: Final[Mapping[object, Reader]] = MappingProxyType({1: format1})  # one for each format, for ever


@dataclass(frozen=True, eq=False)
class Results:
    """A run, as it was when the folder was opened. Made by `open`.

    Nothing but ``run.json`` is read before it is asked for. Treat what comes back as
    read-only: it is shared between calls.
    """

    folder: Path
    run: Mapping[str, Any] = field(repr=False)

    @property
    def outcome(self) -> str:
        """``completed``, ``interrupted``, ``diverged`` or ``running`` (also after a kill)."""
        return str(self.run["outcome"])

    @functools.cached_property
    def data(self) -> xr.Dataset:
        """``value`` (arm, replicate, time, species), ``parameter_value`` and their labels; loads when used.

        The coordinate ``committed`` (arm, replicate) says which rows were computed; the
        others are NaN.
        """
        return self._reader.open_dataset(self._store, record.rows(self.run))

    @functools.cached_property
    def axes(self) -> Axes:
        """Labels of all axes."""
        return self._reader.read_axes(self.data)

    @property
    def rows(self) -> tuple[tuple[str, int], ...]:
        """(arm, replicate) by name of everything committed, in the order of commitment."""
        return tuple((self.axes.arms[arm], self.axes.replicates[replicate])
                     for arm, replicate in record.rows(self.run))

    @functools.cached_property
    def summary(self) -> dict[str, Any]:
        """``summary.json``; keys in docs/format.md."""
        path = self.folder / "summary.json"
        if not path.exists():
            raise error(str(path), f"the run is `{self.outcome}` and has no `summary.json`",
                        "a summary is written when a run ends", "only the committed rows can be shown",
                        "resume the run, or use `.series` and `.data`")
        return files.read_json(path)

    @functools.cached_property
    def draws(self) -> dict[str, Any] | None:
        """``draws.json``, or None when the model asked for no draws."""
        path = self.folder / "draws.json"
        return files.read_json(path) if path.exists() else None

    @functools.cached_property
    def model_text(self) -> str:
        """``model.yaml``, exactly as given."""
        return files.read_text(self.folder / "model.yaml")

    @functools.cached_property
    def spec_text(self) -> str:
        """``spec.yaml``: every number of the run."""
        return files.read_text(self.folder / "spec.yaml")

    def input(self, name: str) -> bytes:
        """Content of a data file the model read, as it was then."""
        folder = self.folder / "inputs"
        known = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        if name not in known:
            raise error(str(folder), f"the run has no input `{name}`", "inputs go by the name the model uses",
                        "there is nothing to read", nearest(name, known))
        return files.read_bytes(folder / name)

    def notes(self, arm: str, replicate: int | None = None) -> dict[str, Any]:
        """Small facts the engine stored with a row: solver, doses, distributions."""
        row = self._row(arm, replicate)
        path = self.folder / self._reader.notes_name(row)
        content = files.read_json(path)
        notes = content.get("notes")
        if not isinstance(notes, dict):
            raise error(f"{path}: notes", "`notes` is missing", "the file of a row holds its notes",
                        "doses and ledger of this row are unknown", "restore the file from a copy")
        return notes

    def replicates(self, arm: str) -> tuple[int, ...]:
        """Numbers of the replicates of an arm that were computed."""
        if arm not in self.axes.arms:
            raise self._unknown(f"{self._store}/arm", "arm", arm, self.axes.arms)
        at = self.axes.arms.index(arm)
        return tuple(number for place, number in enumerate(self.axes.replicates) if (at, place) in self._committed)

    def values(self, arm: str, replicate: int | None = None) -> NDArray[np.float64]:
        """(time, species) of one row."""
        return self._values(self._row(arm, replicate))

    def trace(self, arm: str, species: str, replicate: int | None = None) -> NDArray[np.float64]:
        """(traced, time) of single cells, in the species' own unit; no rows where none are followed."""
        import numpy as np

        at, row = self._species(species), self._row(arm, replicate)
        if not self.axes.traced:
            return np.empty((0, len(self.axes.times)))
        return self._numbers(row, "trace")[:, :, at]

    def series(self, arm: str, species: str,
               replicate: int | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """One time course; of the first replicate unless told otherwise.

        Returns
        -------
        time_h : (time,) h
        values : (time,) in the species' own unit, see `unit`
        """
        at = self._species(species)
        row = self._row(arm, replicate)
        return self._time_h, self._values(row)[:, at]

    def mean_series(self, arm: str, species: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """One time course, the mean of all replicates that were computed; as `series` where there is one."""
        at = self._species(species)
        if arm not in self._means:
            numbers = self.replicates(arm) or self.axes.replicates[:1]  # one that is missing says so
            total = self.values(arm, numbers[0])
            for number in numbers[1:]:
                total = total + self.values(arm, number)
            self._means[arm] = total / len(numbers) if len(numbers) > 1 else total
        return self._time_h, self._means[arm][:, at]

    def parameters(self, arm: str, replicate: int | None = None) -> dict[str, float]:
        """Every number of one row by path, in its internal unit."""
        numbers = self._numbers(self._row(arm, replicate), "parameter_value")
        return dict(zip(self.axes.parameters, numbers.tolist(), strict=True))

    def unit(self, species: str) -> str:
        """Return the internal unit of a species."""
        return self.axes.species_unit[self._species(species)]

    def ledger(self, arm: str, cargo: str | None = None) -> Ledger:
        """Account of vesicles, or of one cargo, at the end of an arm."""
        path = f"arms.{arm}.ledger"
        arms = self.summary.get("arms", {})
        if arm not in arms:
            raise self._unknown(f"summary.json: arms.{arm}", "arm", arm, arms)
        account = arms[arm].get("ledger", {})
        if cargo is None:
            return Ledger.from_mapping(account.get("vesicles", {}), f"summary.json: {path}.vesicles")
        known = account.get("cargo", {})
        if cargo not in known:
            raise self._unknown(f"summary.json: {path}.cargo", "cargo", cargo, known)
        return Ledger.from_mapping(known[cargo], f"summary.json: {path}.cargo.{cargo}")

    @property
    def arms_in_space(self) -> tuple[str, ...]:
        """Arms that have cells with positions, in the order of the model."""
        from vesica.results import tissue

        known = tissue.arms_in_space(self.folder)
        return tuple(arm for arm in self.axes.arms if arm in known)

    def tissue(self, arm: str) -> TissueResults:
        """Cells with positions, and fields, of an arm in space; `InputError` where it has none."""
        from vesica.results import tissue

        return tissue.open_tissue(self.folder, arm)

    def to_anndata(self, arm: str, time: float | None = None) -> AnnData:
        """Cells of an arm in space at a stored time (s; the last one by default) as an AnnData table."""
        from vesica.results import tissue_anndata

        return tissue_anndata.to_anndata(self.tissue(arm), self.run, time)

    @property
    def _reader(self) -> Reader:
        return READERS[self.run["format"]]

    @property
    def _store(self) -> Path:
        return self.folder / self._reader.STORE

    @functools.cached_property
    def _time_h(self) -> NDArray[np.float64]:
        times = self.data["time"].values / HOUR
        times.flags.writeable = False
        return times

    @functools.cached_property
    def _committed(self) -> frozenset[tuple[int, int]]:
        return frozenset(record.rows(self.run))

    @functools.cached_property
    def _means(self) -> dict[str, NDArray[np.float64]]:
        return {}

    @functools.cached_property
    def _kept(self) -> dict[tuple[int, int], NDArray[np.float64]]:
        return {}

    def _values(self, row: tuple[int, int]) -> NDArray[np.float64]:
        """(time, species) of a row; a small run is read once, not once for each series."""
        if row in self._kept:
            return self._kept[row]
        values = self._numbers(row, "value")
        if self.data["value"].nbytes <= SMALL_BYTES:
            self._kept[row] = values
        return values

    def _numbers(self, row: tuple[int, int], name: str) -> NDArray[np.float64]:
        numbers = self._reader.read_row(self.data, row, self._store, name)
        numbers.flags.writeable = False
        return numbers

    def _row(self, arm: str, replicate: int | None) -> tuple[int, int]:
        """Positions of a row; of the first replicate on the axis where none is named."""
        axes = self.axes
        replicate = axes.replicates[0] if replicate is None else replicate
        if arm not in axes.arms:
            raise self._unknown(f"{self._store}/arm", "arm", arm, axes.arms)
        if replicate not in axes.replicates:
            known = map(str, axes.replicates)
            raise self._unknown(f"{self._store}/replicate", "replicate", str(replicate), known)
        row = axes.arms.index(arm), axes.replicates.index(replicate)
        if row not in self._committed:
            raise error(f"{self.folder / record.FILE}: rows", f"{axes.named(row)} was not computed",
                        f"the run is `{self.outcome}`: only committed rows hold numbers",
                        "a time course of it would be all NaN", "resume the run, or ask for a row in `.rows`")
        return row

    def _species(self, name: str) -> int:
        if name not in self._species_at:
            raise self._unknown(f"{self._store}/species", "species", name, self._species_at)
        return self._species_at[name]

    @functools.cached_property
    def _species_at(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.axes.species)}

    @staticmethod
    def _unknown(path: str, what: str, name: str, known: Iterable[str]) -> InputError:
        return error(path, f"there is no {what} `{name}` in this run",
                     f"numbers go by the name of the {what}", "there is nothing to show",
                     nearest(name, known))


def open(folder: Path | str) -> Results:  # noqa: A001 - `results.open(folder)` is the verb
    """Open a run folder of any format ever written.

    Raises
    ------
    InputError
        Not a run folder, a piece is missing, or a newer vesica wrote it; the path names the element.
    """
    folder = Path(folder)
    run = record.read(folder)
    ended = ("summary.json",) if run["outcome"] == "completed" else ()
    for piece in ("model.yaml", "spec.yaml", READERS[run["format"]].STORE, *ended):
        if not (folder / piece).exists():
            raise error(str(folder / piece), f"`{piece}` is missing from the run `{folder.name}`",
                        "a run folder holds the pieces listed in docs/format.md",
                        "the run could not be explained or made again",
                        "restore it from a copy, or run the model again into a new folder")
    return Results(folder=folder, run=MappingProxyType(run))
