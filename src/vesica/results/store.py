"""Write a run folder, row by row, so that a crash at any moment loses nothing committed.

The order is the protocol: chunks of the row, its notes, then ``run.json``, replaced
atomically, which lists the row. A row that is not listed does not exist.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self

from vesica.errors import Finding, InputError, RunFault, VesicaError, error
from vesica.results import files, format1, record, tissue_store
from vesica.results.axes import Axes
from vesica.results.lock import FolderLock

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# Room kept free inside the folder, so that a full disk can still be written down in run.json.
RESERVE: Final = ".reserve"
RESERVE_BYTES: Final = 65536
NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
REFUSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENAMETOOLONG,
                            errno.EINVAL})


class RunWriter:
    """The only writer of a run folder; made by `create` or `resume`, ended by `finish`.

    Attributes
    ----------
    folder : Path
    axes : Axes
    committed : tuple of (arm, replicate)
        Positions that are whole on the disk, in the order of commitment.
    """

    def __init__(self, folder: Path, axes: Axes, run: Mapping[str, object], lock: FolderLock) -> None:
        """Not for callers: see `create` and `resume`."""
        self.folder = folder
        self.axes = axes
        self._run = dict(run)
        self._rows = list(record.rows(run))
        self._clock = record.Clock(run)
        self._lock = lock
        self._arrays: Mapping[str, Any] = {}
        self._is_open = True

    @classmethod
    def create(cls, folder: Path | str, *, model_text: str, spec_text: str, meta: Mapping[str, object],
               axes: Axes, inputs: Mapping[str, bytes] = NOTHING) -> Self:
        """Make a run folder; it appears whole or not at all.

        Parameters
        ----------
        folder : path
            Must not exist; missing folders above it are made.
        model_text, spec_text : str
            Stored byte for byte as UTF-8.
        meta : mapping
            Entries of ``run.json`` (`provenance.meta`): command, arguments, seed, versions, ...
        axes : Axes
        inputs : mapping of relative name to content
            Copies of the data files the model read.

        Raises
        ------
        InputError
            The folder exists or cannot be made there; nothing was written.
        RunFault
            The disk is full; nothing was left behind.
        """
        folder = Path(folder)
        _refuse_unusable(folder)
        run = record.new(meta)
        pieces = {"model.yaml": model_text.encode(), "spec.yaml": spec_text.encode()}
        pieces |= {f"inputs/{_safe_name(name)}": content for name, content in inputs.items()}
        missing = [above for above in folder.absolute().parents if not above.exists()]
        part = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.partial")
        try:
            part.mkdir(parents=True)
            lock = FolderLock(part)
            _fill(part, pieces, run, axes)
            part.rename(folder)
            files.sync(folder.absolute().parent)
        except BaseException as failure:
            shutil.rmtree(part, ignore_errors=True)
            for above in missing:  # the deepest first
                with contextlib.suppress(OSError):
                    above.rmdir()
            if isinstance(failure, OSError):
                raise _not_created(folder, failure) from failure
            raise
        return cls(folder, axes, run, lock)._with_arrays()

    @classmethod
    def resume(cls, folder: Path | str, *, model_text: str, spec_text: str, meta: Mapping[str, object],
               axes: Axes, inputs: Mapping[str, bytes] | None = None) -> Self:
        """Go on with a run that was interrupted; the same arguments as `create`.

        What an uncommitted row left behind is removed. ``inputs`` are compared when given.

        Raises
        ------
        InputError
            Not a run folder, complete already, being written, or made from something else.
        RunFault
            The disk is full or cannot be written; what was committed is kept.
        """
        from vesica.results.resumption import refuse_difference  # it needs the reader, `create` does not

        folder = Path(folder)
        record.read(folder)
        lock = FolderLock(folder)
        try:
            run = record.read(folder)  # again, now that nobody else writes
            refuse_difference(folder, run, pieces={"model.yaml": model_text, "spec.yaml": spec_text},
                              meta=record.new(meta), axes=axes, inputs=inputs)
            writer = cls(folder, axes, run, lock)
            with writer._fault_on_oserror("the run could not be resumed"):
                writer._discard_uncommitted()
                (folder / "summary.json").unlink(missing_ok=True)
                _reserve(folder)
                writer._arrays = format1.open_for_writing(folder / format1.STORE)
                times = run.get("resumed", 0)
                writer._write_record(outcome="running", message="",
                                     resumed=times + 1 if isinstance(times, int) else 1)
        except BaseException:
            lock.release()
            raise
        return writer

    @property
    def committed(self) -> tuple[tuple[int, int], ...]:
        """Positions that are whole on the disk."""
        return tuple(self._rows)

    @property
    def pending(self) -> tuple[tuple[int, int], ...]:
        """Positions still to be computed, arm by arm."""
        done = set(self._rows)
        return tuple(row for row in self.axes.rows if row not in done)

    def commit(self, arm: int, replicate: int, values: ArrayLike, parameters: ArrayLike,
               notes: Mapping[str, object] = NOTHING, *, trace: ArrayLike | None = None) -> None:
        """Store one row for good.

        Parameters
        ----------
        arm, replicate : int
            Positions on the axes; each row once.
        values : (time, species)
            In the units of the axes; NaN for a cell type the arm does not hold.
        parameters : (parameter,)
            Every number this row ran with.
        notes : mapping
            Small facts (solver, doses, ledger); stored as strict JSON, NaN becomes null.
        trace : (traced, time, species), optional
            Single cells, in the units of the axes; NaN where it is left out.

        Raises
        ------
        RunFault
            The disk is full or failed: the run is over, earlier rows are kept.
        ValueError
            Wrong shape, no such row, or a row committed before.
        """
        row = (arm, replicate)
        numbers = self._checked(row, values, parameters, trace)
        encoded = files.encode({"arm": self.axes.arms[arm], "replicate": self.axes.replicates[replicate],
                                "notes": dict(notes)})
        with self._fault_on_oserror(f"{self.axes.named(row)} could not be stored", row):
            format1.write_row(self._arrays, self.folder / format1.STORE, row, numbers)
            files.write_bytes(self.folder / format1.notes_name(row), encoded)
            self._write_record(rows=[*self._rows, row])
            self._rows.append(row)
        with contextlib.suppress(OSError):  # the row is committed; a checkpoint of it is removed by whoever resumes
            tissue_store.tidy(self.folder, [self.axes.arms[arm]])

    def finish(self, outcome: record.Outcome, message: str = "",
               summary: Mapping[str, object] | None = None) -> None:
        """End the run; the writer cannot be used afterwards.

        Parameters
        ----------
        outcome : "completed", "interrupted" or "diverged"
            Completed only with every row committed and a summary.
        message : str
            One sentence; empty when all went well.
        summary : mapping, optional
            Stored as strict JSON in ``summary.json``.
        """
        self._refuse_closed()
        if outcome not in record.OUTCOMES:
            msg = f"`{outcome}` is not an outcome: {', '.join(record.OUTCOMES)}"
            raise ValueError(msg)
        if outcome == "completed" and (self.pending or summary is None):
            msg = f"a completed run needs a summary and every row; {len(self.pending)} rows are missing"
            raise ValueError(msg)
        encoded = None if summary is None else files.encode(summary)
        with self._fault_on_oserror("the end of the run could not be stored"):
            if encoded is not None:
                files.write_bytes(self.folder / "summary.json", encoded)
            self._write_record(outcome=outcome, message=message)
            self._discard_uncommitted(is_over=outcome != "interrupted")  # after the record: what it lists stays
            (self.folder / RESERVE).unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let go of the folder without ending the run; it can be resumed."""
        self._is_open = False
        self._arrays = {}
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, failure: BaseException | None, _: object) -> None:
        """Close; when something was raised before `finish`, the outcome becomes interrupted."""
        if self._is_open and failure is not None:
            with contextlib.suppress(RunFault):  # what was raised first is what counts
                self.finish("interrupted", _stopped_by(failure))
        self.close()

    def _with_arrays(self) -> Self:
        self._arrays = format1.open_for_writing(self.folder / format1.STORE)
        return self

    def _checked(self, row: tuple[int, int], values: ArrayLike, parameters: ArrayLike,
                 trace: ArrayLike | None) -> dict[str, NDArray[Any]]:
        import numpy as np

        self._refuse_closed()
        if not (0 <= row[0] < len(self.axes.arms) and 0 <= row[1] < len(self.axes.replicates)):
            sizes = f"{len(self.axes.arms)} arms, {len(self.axes.replicates)} replicates"
            msg = f"row {row} is not on the axes: {sizes}"
            raise ValueError(msg)
        if row in self._rows:
            msg = f"{self.axes.named(row)} is committed already, and a chunk is never rewritten"
            raise ValueError(msg)
        numbers = {"value": np.asarray(values, dtype=np.float64),
                   "parameter_value": np.asarray(parameters, dtype=np.float64)}
        shapes = {"value": (len(self.axes.times), len(self.axes.species)),
                  "parameter_value": (len(self.axes.parameters),)}
        if self.axes.traced or trace is not None:
            shapes["trace"] = (len(self.axes.traced), *shapes["value"])
            numbers["trace"] = np.asarray(np.full(shapes["trace"], np.nan) if trace is None else trace,
                                          dtype=np.float64)
        for name, wanted in shapes.items():
            if numbers[name].shape != wanted:
                msg = f"`{name}` of {self.axes.named(row)} has the shape {numbers[name].shape}, not {wanted}"
                raise ValueError(msg)
        return numbers

    def _write_record(self, **changes: object) -> None:
        now = self._run | {"rows": [list(row) for row in self._rows]} | self._clock.stamp() | changes
        record.write(self.folder, now)
        self._run = now

    def _discard_uncommitted(self, *, is_over: bool = False) -> None:
        """Remove files of rows that are not listed, and temporary files of a killed writer.

        Checkpoints of arms under way stay until the run is over.
        """
        for row in self.pending:
            self._discard(row)
        for folder in (self.folder, self.folder / "rows"):
            for part in files.leftovers(folder):
                part.unlink(missing_ok=True)
        tissue_store.tidy(self.folder, {self.axes.arms[arm] for arm, _ in self._rows}, is_over=is_over)

    def _discard(self, row: tuple[int, int]) -> None:
        format1.discard_row(self.folder / format1.STORE, row)
        (self.folder / format1.notes_name(row)).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _fault_on_oserror(self, what: str, row: tuple[int, int] | None = None) -> Iterator[None]:
        """Turn a failure of the disk into a `RunFault`, with the folder left as of the last commit."""
        try:
            yield
        except OSError as failure:
            finding = self._finding(what, failure)
            message = f"{finding.wrote}; {finding.consequence}"
            with contextlib.suppress(OSError):
                (self.folder / RESERVE).unlink(missing_ok=True)
            for _ in range(2):  # without the half-written row there may be more room
                with contextlib.suppress(OSError):
                    self._write_record(outcome="interrupted", message=message)
                if row is not None:
                    with contextlib.suppress(OSError):
                        self._discard(row)
                if self._run["outcome"] == "interrupted":
                    break
            self.close()
            raise RunFault(finding) from failure

    def _finding(self, what: str, failure: OSError) -> Finding:
        n_rows = len(self.axes.rows)
        needed = max(1.0, (n_rows - len(self._rows)) * self.axes.row_bytes / 1e6)
        is_full = failure.errno in FULL
        reason = "the disk is full" if is_full else "the disk refused it"
        fix = f"free up to {needed:.0f} MB there" if is_full else "mend the disk or its permissions"
        return Finding("error", str(self.folder), f"{what}: {reason} ({failure.strerror or failure})",
                       "a row counts only when all of it is on the disk",
                       f"the run was interrupted with {len(self._rows)} of {n_rows} rows stored",
                       f"{fix}, then resume the run in the same folder")

    def _refuse_closed(self) -> None:
        if not self._is_open:
            msg = f"the writer of `{self.folder}` is closed"
            raise ValueError(msg)


def _stopped_by(failure: BaseException) -> str:
    if isinstance(failure, KeyboardInterrupt):
        return "stopped by Ctrl-C"
    if isinstance(failure, VesicaError) and failure.findings:
        return failure.findings[0].wrote
    return f"stopped by {type(failure).__name__}: {failure}"


def _fill(part: Path, pieces: Mapping[str, bytes], run: Mapping[str, object], axes: Axes) -> None:
    """Everything a run folder holds before its first row, on the disk."""
    for name, content in pieces.items():
        path = part / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (part / "rows").mkdir()
    format1.create(part / format1.STORE, axes)
    _reserve(part)
    record.write(part, run)
    for path in (*part.rglob("*"), part):
        files.sync(path)


def _reserve(folder: Path) -> None:
    files.write_bytes(folder / RESERVE, os.urandom(RESERVE_BYTES))  # zeros may take no room


def _safe_name(name: str) -> str:
    pure = PurePosixPath(name)
    if pure.is_absolute() or not pure.parts or ".." in pure.parts or "\\" in name or "\0" in name:
        raise error(f"inputs.{name}", f"`{name}` is the name of an input",
                    "inputs lie below `inputs/`, by a relative name",
                    "a copy would be written outside the run folder", f"name it `{pure.name or 'input'}`")
    return name


def _refuse_unusable(folder: Path) -> None:
    """Refuse before anything is written."""
    if os.path.lexists(folder):
        raise _exists(folder)
    above = next(path for path in folder.absolute().parents if path.exists())
    if not above.is_dir():
        raise _unusable(folder, f"`{above}` is a file")
    if not os.access(above, os.W_OK | os.X_OK):
        raise _unusable(folder, f"`{above}` cannot be written to")


def _exists(folder: Path) -> InputError:
    return error(str(folder), f"`{folder}` exists already", "a run makes its own folder",
                 "another run or other files could be overwritten",
                 "choose a new name for `--out`, or move the old folder away")


def _unusable(folder: Path, problem: str) -> InputError:
    return error(str(folder), f"the run folder cannot be made: {problem}",
                 "a run writes its results into a new folder", "the results would be lost",
                 "choose a place for `--out` that you may write to")


def _not_created(folder: Path, failure: OSError) -> InputError | RunFault:
    if failure.errno in {errno.EEXIST, errno.ENOTEMPTY}:
        return _exists(folder)
    if failure.errno in REFUSED:
        return _unusable(folder, failure.strerror or str(failure))
    reason = "the disk is full" if failure.errno in FULL else "the disk refused it"
    return RunFault(Finding("error", str(folder),
                            f"the run folder could not be made: {reason} ({failure.strerror})",
                            "a run stores its results as it goes", "the run was interrupted before it began",
                            "make room there, or choose another place for `--out`"))
