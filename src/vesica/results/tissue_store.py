"""Write an arm in space, one time after the other; a checkpoint decides how many of them count.

Chunks are written once, whole. `TissueWriter.flush` waits until they are on the disk; the checkpoint that says how
many times there are comes after it. What lies beyond is removed when the run goes on, and made again.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from vesica.errors import Interrupted
from vesica.results import files, tissue_checkpoint, tissue_layout
from vesica.results.tissue_layout import CELLS, FIELDS, GROWING, TRANSFER, TissueLayout, group_path

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class TissueWriter:
    """Writes the times of an arm in space; made by `create` or `resume`, ended by `finish`."""

    def __init__(self, path: Path, layout: TissueLayout, stored: Mapping[str, int]) -> None:
        """Not for callers: see `create` and `resume`."""
        import zarr

        self.path = path
        self.layout = layout
        self._stored = {CELLS: int(stored.get(CELLS, 0)), FIELDS: int(stored.get(FIELDS, 0))}
        group = zarr.open_group(path, mode="r+", zarr_format=3, use_consolidated=False)
        self._arrays: dict[str, Any] = {
            f"{name}/{array}": group[f"{name}/{array}"].with_config({"write_empty_chunks": True})  # type: ignore[union-attr]
            for name, arrays in GROWING.items() for array in arrays}
        self._written: list[Path] = []

    @classmethod
    def create(cls, folder: Path | str, arm: str, layout: TissueLayout) -> Self:
        """Lay out an arm in a run folder; what an earlier attempt left there is removed.

        Raises
        ------
        Interrupted
            The disk is full or cannot be written.
        """
        folder = Path(folder)
        path = group_path(folder, arm)
        part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.partial")
        with _fault_on_oserror(path, "the arm could not be laid out"):
            if not (folder / tissue_layout.STORE / "zarr.json").is_file():
                tissue_layout.create_store(folder)
            try:
                tissue_layout.create_group(part, arm, layout)
                for one in (*part.rglob("*"), part):
                    files.sync(one)
                shutil.rmtree(path, ignore_errors=True)
                part.rename(path)
                files.sync(path.parent)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        return cls(path, layout, {})

    @classmethod
    def resume(cls, folder: Path | str, arm: str, layout: TissueLayout, stored: Mapping[str, int]) -> Self:
        """Go on behind the times that a checkpoint counted; later ones are removed.

        Parameters
        ----------
        stored : mapping
            As `stored` was at the checkpoint.

        Raises
        ------
        InputError
            What was counted is missing or damaged.
        Interrupted
            The disk cannot be written.
        """
        from vesica.results.tissue import open_tissue  # it needs the reader, `create` does not

        open_tissue(folder, arm, stored=stored).refuse_damage()
        path = group_path(Path(folder), arm)
        with _fault_on_oserror(path, "the arm could not be gone on with"):
            _write_attributes(path, run=None)
            shutil.rmtree(path / TRANSFER, ignore_errors=True)
            for group, arrays in GROWING.items():
                for name in arrays:
                    if name != "position" or layout.moves:
                        _discard_from(path / group / name, stored.get(group, 0))
        return cls(path, layout, stored)

    @property
    def stored(self) -> dict[str, int]:
        """How many times of cells and of fields are written: for the checkpoint, after `flush`."""
        return dict(self._stored)

    def cells(self, time: float, values: ArrayLike, positions: ArrayLike | None = None) -> None:
        """Store all cells at the next time.

        Parameters
        ----------
        time : s, the next of ``layout.cell_times``
        values : (quantity, cell)
            NaN where a type lacks the quantity.
        positions : (cell, 3) um, where cells move

        Raises
        ------
        Interrupted
            The disk is full or failed.
        ValueError
            Another time, or another shape.
        """
        import numpy as np

        at = self._next(CELLS, time)
        numbers = {"value": np.asarray(values, dtype=np.float32)}
        if self.layout.moves:
            numbers["position"] = np.asarray(self.layout.positions if positions is None else positions, dtype=float)
        for name, content in numbers.items():
            self._refuse_shape(f"{CELLS}/{name}", content.shape)
        with _fault_on_oserror(self.path, f"cells at {time:g} s could not be stored"):
            for name, content in numbers.items():
                self._write(f"{CELLS}/{name}", (at,), content)
        self._stored[CELLS] = at + 1

    def fields(self, time: float, densities: Mapping[str, ArrayLike]) -> None:
        """Store fields at the next time; one that is not given stays NaN.

        Parameters
        ----------
        time : s, the next of ``layout.field_times``
        densities : mapping of species to (z, y, x) per um^3 of liquid

        Raises
        ------
        Interrupted
            The disk is full or failed.
        ValueError
            Another time, another shape, or a species that is not in the layout.
        """
        import numpy as np

        at = self._next(FIELDS, time)
        names = [one.name for one in self.layout.species]
        stray = next((name for name in densities if name not in names), None)
        if stray is not None:
            msg = f"the species `{stray}` is not in the layout"
            raise ValueError(msg)
        self._refuse_shape(f"{FIELDS}/density", *map(np.shape, densities.values()))
        with _fault_on_oserror(self.path, f"fields at {time:g} s could not be stored"):
            for k, name in enumerate(names):
                content = densities.get(name, np.full(self.layout.grid_shape, np.nan, dtype=np.float32))
                self._write(f"{FIELDS}/density", (at, k), np.asarray(content, dtype=np.float32))
        self._stored[FIELDS] = at + 1

    def transfer(self, matrix: Any, of: str = "all") -> None:
        """Store who sent to whom.

        Parameters
        ----------
        matrix : scipy.sparse.csr_array (sender cell, receiver cell), vesicles
        of : str
            Class of vesicles; ``all`` for all together.
        """
        import zarr

        shape = len(self.layout.ids), len(self.layout.ids)
        if matrix.shape != shape:
            msg = f"`matrix` has the shape {matrix.shape}, not {shape}"
            raise ValueError(msg)
        with _fault_on_oserror(self.path, "transfer from cell to cell could not be stored"):
            shutil.rmtree(self.path / TRANSFER, ignore_errors=True)
            whole = zarr.open_group(self.path, mode="r+", zarr_format=3, use_consolidated=False)
            group = whole.create_group(TRANSFER, attributes={
                "type": "transfer", "version": 1, "class": of, "shape": list(shape), "units": "vesicle"})
            for name, axis, dtype in (("data", "entry", "float64"), ("indices", "entry", "int64"),
                                      ("indptr", "row", "int64")):
                tissue_layout.numbers(group, name, (axis,), getattr(matrix, name), "vesicle" * (name == "data"), dtype)
            self._written += [one for one in (self.path / TRANSFER).rglob("*") if one.is_file()]

    def flush(self) -> None:
        """Wait until everything written is on the disk; before a checkpoint that counts it."""
        with _fault_on_oserror(self.path, "what was computed could not be stored"):
            folders: list[Path] = []
            for path in self._written:
                files.sync(path)
                folders += itertools.takewhile(lambda above: above != self.path.parent, path.parents)
            for above in dict.fromkeys(folders):
                files.sync(above)
        self._written = []

    def finish(self, notes: Mapping[str, object], *, diverged: bool = False) -> None:
        """End the arm with all its times, or, where it diverged, with those that it has.

        Parameters
        ----------
        notes : mapping
            ``steps``, ``rejected``, ``seconds``, ...; stored as the attribute ``run``, with the times that count.

        Raises
        ------
        ValueError
            Some time is missing.
        """
        wanted = {CELLS: len(self.layout.cell_times), FIELDS: len(self.layout.field_times)}
        if self._stored != wanted and not diverged:
            msg = f"an arm ends with all its times: {self._stored} of {wanted} are stored"
            raise ValueError(msg)
        self.flush()
        with _fault_on_oserror(self.path, "the end of the arm could not be stored"):
            _write_attributes(self.path, run=files.plain({**notes, "stored": self.stored}))

    def _next(self, group: str, time: float) -> int:
        times = self.layout.cell_times if group == CELLS else self.layout.field_times
        at = self._stored[group]
        if at >= len(times) or abs(times[at] - time) > 1e-9 * max(1.0, abs(time)):
            wanted = f"{times[at]:g} s" if at < len(times) else "none: all are stored"
            msg = f"the next time of {group} is {wanted}, not {time:g} s"
            raise ValueError(msg)
        return at

    def _refuse_shape(self, name: str, *shapes: tuple[int, ...]) -> None:
        """Of what is stored at once: whole on the last axes."""
        for shape in shapes:
            wanted = self._arrays[name].shape[-len(shape):] if shape else ()
            if shape != wanted or len(shape) < (3 if name.startswith(FIELDS) else 2):
                msg = f"`{name}` at a time has the shape {shape}, not {self._arrays[name].shape[1:]}"
                raise ValueError(msg)

    def _write(self, name: str, at: tuple[int, ...], content: NDArray[Any]) -> None:
        if content.size:
            self._arrays[name][at] = content
            self._written.append(chunk(self.path / name, at, content.ndim))


def chunk(array: Path, at: tuple[int, ...], others: int) -> Path:
    """File of one chunk: position on the first axes, whole on the others."""
    return array.joinpath("c", *map(str, at), *["0"] * others)


def tidy(folder: Path, done: Iterable[str], *, is_over: bool = False) -> None:
    """Remove what a killed writer left, and the checkpoints of arms that are done; of a run that is over, all."""
    for part in (folder / tissue_layout.STORE).glob(".*.partial"):
        shutil.rmtree(part, ignore_errors=True)
    below = folder / tissue_checkpoint.FOLDER
    if is_over:
        shutil.rmtree(below, ignore_errors=True)
        return
    for arm in done:
        tissue_checkpoint.path_of(folder, arm).unlink(missing_ok=True)
    for part in files.leftovers(below):
        part.unlink(missing_ok=True)


def _discard_from(array: Path, count: int) -> None:
    """Remove the chunks of all times from ``count`` on."""
    below = array / "c"
    if not below.is_dir():
        return
    for one in below.iterdir():
        if one.name.isdigit() and int(one.name) < count:
            for part in one.rglob("*.partial"):
                part.unlink()
        elif one.is_dir():
            shutil.rmtree(one)
        else:
            one.unlink()


def _write_attributes(path: Path, **changes: object) -> None:
    """Replace attributes of a group atomically; None removes one."""
    file = path / "zarr.json"
    content = json.loads(file.read_bytes())
    attributes = content["attributes"] | changes
    content["attributes"] = {key: value for key, value in attributes.items() if value is not None}
    files.write_json(file, content)


@contextlib.contextmanager
def _fault_on_oserror(path: Path, what: str) -> Iterator[None]:
    """Turn a failure of the disk into `Interrupted`: what a checkpoint counts is whole."""
    try:
        yield
    except OSError as failure:
        raise Interrupted(tissue_checkpoint.disk_finding(path, what, failure)) from failure
