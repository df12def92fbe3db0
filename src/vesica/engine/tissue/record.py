"""Stores an arm in space while it runs: cells and fields at their times, checkpoints, what it took."""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from vesica.engine import schedule
from vesica.engine.places import base
from vesica.engine.tissue import surroundings
from vesica.engine.tissue.checkpoint import Checkpoint, key_of
from vesica.engine.tissue.coupling import Coupled
from vesica.engine.tissue.means import quantities
from vesica.engine.tissue.pairs import pairs_of
from vesica.engine.tissue.setting import Setting
from vesica.errors import Interrupted, RunFault
from vesica.results.tissue_layout import Quantity, TissueLayout
from vesica.results.tissue_store import TissueWriter
from vesica.spec.resolved import ResolvedModel

if TYPE_CHECKING:
    from vesica.engine.tissue.run import Under

Array = NDArray[np.float64]
AROUND: Final = "around:"  # before the name of a field: its concentration at a cell


class Record:
    """Nothing is stored; the run is the same."""

    times: frozenset[float] = frozenset()

    def __init__(self, setting: Setting, coupled: Coupled) -> None:
        self.setting, self.coupled = setting, coupled
        self._begun = clock.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Nothing to close."""

    def resume(self, under: Under, change: Callable[[float], None]) -> None:
        """Go on from a checkpoint, if there is one; ``change`` sets what stood since an edge of the schedule (s)."""

    def step_done(self, under: Under) -> None:
        """After a step of cells and fields."""

    def store(self, time: float) -> None:
        """At a stop, s."""

    def finish(self) -> None:
        """At the end."""

    def notes(self) -> dict[str, Any]:
        """How it went."""
        counts = self.coupled.fields.counts
        return {"steps": self.coupled.clock.steps, "field_steps": counts.steps, "rejected": counts.rejected,
                "seconds": round(clock.monotonic() - self._begun, 3),
                "spread": surroundings.spread_said(self.setting.model, self.setting.row, self.coupled.fields.names)}


class Stored(Record):
    """In a run folder.

    Parameters
    ----------
    folder : Path
    spec_text : str
        The resolved model, which a checkpoint must belong to.
    shown : species of the run by name, with unit and label
    report : callable
        Called with the time (s) that was reached.
    """

    def __init__(self, setting: Setting, coupled: Coupled, folder: Path, spec_text: str, shown: dict[str, Any],
                 report: Callable[[float], None]) -> None:
        super().__init__(setting, coupled)
        self._report = report
        run = setting.model.schedule.tissue
        self._folder, self._shown = folder, shown
        self._cell_times, self._field_times = _times(setting.model)
        self.times = frozenset(self._cell_times) | frozenset(self._field_times)
        self._layout = self._laid_out()
        self._checkpoint = Checkpoint(folder, setting.arm.name, key_of(spec_text, setting.arm.name),
                                      run.checkpoint_every)
        self._writer: TissueWriter | None = None
        self._transfer: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._checkpoint.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._checkpoint.__exit__(kind, value, trace)
        if isinstance(value, RunFault) and not isinstance(value, Interrupted) and self._writer is not None:
            self._writer.finish(self.notes(), diverged=True)  # nothing to go on with: what there is can be looked at

    @property
    def writer(self) -> TissueWriter:
        """Of cells and fields; after `resume`."""
        if self._writer is None:
            msg = "nothing is laid out yet"
            raise ValueError(msg)
        return self._writer

    def resume(self, under: Under, change: Callable[[float], None]) -> None:
        """Lay out the arm, or go on from its checkpoint."""
        arm = self.setting.arm.name
        found = self._checkpoint.load()
        if found is None:
            self._writer = TissueWriter.create(self._folder, arm, self._layout)
            return
        state, stored = found
        self._writer = TissueWriter.resume(self._folder, arm, self._layout, stored)
        change(state["changed"])
        self.coupled.restore(state["coupled"])
        under.out[:] = state["out"]
        under.stop = state["stop"]
        under.snapshots.update({float(time): dict(zip(state["snapshot_names"], amounts, strict=True))
                                for time, amounts in zip(state["snapshot_times"], state["snapshots"], strict=True)})
        self._begun -= state["seconds"]

    def step_done(self, under: Under) -> None:
        """Store a checkpoint if one is due."""
        self._report(self.coupled.clock.time)
        self._checkpoint.step_done(lambda: self._state(under), self.writer)

    def _state(self, under: Under) -> dict[str, Any]:
        edges = [time for time in schedule.edges(self.setting.model.schedule, self.setting.arm, ())
                 if time <= self.coupled.changed_at]
        names = list(next(iter(under.snapshots.values()), {}))
        return {"coupled": self.coupled.state(), "out": under.out, "stop": under.stop,
                "changed": max(edges, default=0.0), "seconds": clock.monotonic() - self._begun,
                "snapshot_names": names, "snapshot_times": list(under.snapshots),
                "snapshots": [list(one.values()) for one in under.snapshots.values()]}

    def store(self, time: float) -> None:
        """Store cells and fields if this is a time of theirs."""
        if time in self._cell_times:
            self.writer.cells(time, self._of_cells(), self._places())
        if time in self._field_times:
            self.writer.fields(time, self._densities())

    def finish(self) -> None:
        """End the arm; who captured what comes with it, where asked for."""
        if self.setting.model.schedule.tissue.pairs:
            found = pairs_of(self.coupled, self._period())
            self.writer.transfer(found.matrix)
            self._transfer = found.notes
        self.writer.finish(self.notes())

    def notes(self) -> dict[str, Any]:
        """How it went."""
        return super().notes() | ({"transfer": self._transfer} if self._transfer else {})

    def _period(self) -> Array:
        space = self.setting.space
        return np.array([length if low.kind == "periodic" else 0.0
                         for length, (low, _) in zip(space.size, space.walls, strict=True)])

    def _laid_out(self) -> TissueLayout:
        setting = self.setting
        ids = [one for name in setting.types for one in setting.ids(name)]
        types = [one.cell for one in self.coupled.populations for _ in range(one.count)]
        return TissueLayout(setting.space, ids, types, setting.of_cells("capture_radius"), setting.positions(),
                            self._cell_times, self._field_times, self._quantities(), self._species(),
                            moves=self._moves, chains=_chains(setting.model),
                            attributes={"title": setting.model.title, "kind": setting.model.domain.kind,
                                        "volume_fraction": setting.row.get("vessel.volume_fraction", 1.0)})

    def _quantities(self) -> list[Quantity]:
        found: dict[str, Quantity] = {}
        for one in self.coupled.populations:
            for name, _ in quantities(one):
                shown = self._shown[base(name)]
                plain = base(name).removeprefix(f"{one.cell}.")
                found.setdefault(plain, Quantity(plain, shown.unit, shown.label))
        for name in self._plain_fields():
            found[AROUND + name] = Quantity(AROUND + name, self._unit(name), f"{name} around the cell")
        return list(found.values())

    def _species(self) -> list[Quantity]:
        return [Quantity(name, self._unit(name), name) for name in self._plain_fields()]

    def _plain_fields(self) -> list[str]:
        return list(dict.fromkeys(surroundings.plain_name(name) for name in self.coupled.fields.names))

    def _unit(self, name: str) -> str:
        is_vesicle = name.startswith("free:") and "/" not in name
        return "vesicle/um^3" if is_vesicle else "molecule/um^3"

    def _of_cells(self) -> Array:
        """(quantity, cell)."""
        place = {one.name: k for k, one in enumerate(self._layout.quantities)}
        out = np.full((len(place), len(self._layout.ids)), np.nan)
        for one in self.coupled.populations:
            for name, values in quantities(one):
                row = out[place[base(name).removeprefix(f"{one.cell}.")], one.where]
                row[:] = np.where(np.isnan(row), 0.0, row) + values
        around = self.coupled.around()
        for name, values in zip(self.coupled.fields.names, around, strict=True):
            row = out[place[AROUND + surroundings.plain_name(name)]]
            row[:] = np.where(np.isnan(row), 0.0, row) + values
        return out

    @property
    def _moves(self) -> bool:
        return self.coupled.meeting is not None and self.coupled.meeting.moves

    def _places(self) -> Array | None:
        """(cell, 3) um now, where cells move."""
        meeting = self.coupled.meeting
        return meeting.all_positions() if meeting is not None and meeting.moves else None

    def _densities(self) -> dict[str, Array]:
        found: dict[str, Array] = {}
        for name, density in zip(self.coupled.fields.names, self.coupled.fields.density, strict=True):
            plain = surroundings.plain_name(name)
            found[plain] = found[plain] + density if plain in found else density
        return found


def _times(model: ResolvedModel) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Times of cells and of fields, s: start and end always."""
    run, end = model.schedule.tissue, schedule.tick(model.schedule.duration)

    def every(interval: float) -> tuple[float, ...]:
        count = int(end / interval * (1 + 1e-12)) if interval > 0.0 else 0
        return tuple(sorted({0.0, end, *(schedule.tick(k * interval) for k in range(count + 1))}))

    return every(run.cells_every), every(run.fields_every)


def _chains(model: ResolvedModel) -> dict[str, dict[str, list[str]]]:
    return {cell.name: {chain.name: [state.name for state in chain.living] for chain in cell.chains}
            for cell in model.cells if cell.chains}
