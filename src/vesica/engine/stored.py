"""Arms of a run folder, read back as analysis wants them."""

from __future__ import annotations

from collections.abc import Iterator

from vesica.engine import schedule
from vesica.engine.program import Program
from vesica.results import Results
from vesica.results.arm_run import ArmRun


class StoredArm:
    """The replicates of an arm, read back one at a time: all of them may not fit into memory."""

    def __init__(self, program: Program, kept: Results, name: str) -> None:
        self._arm = next(arm for arm in program.model.arms if arm.name == name)
        self._times = schedule.output_times(program.model.schedule)
        self._species = {pool: column for column, pool in enumerate(program.species)}
        self._kept = kept
        self.numbers = kept.replicates(name)

    def __iter__(self) -> Iterator[ArmRun]:
        """In the order of the axis, whatever the order in which they were stored."""
        for number in self.numbers:
            name = self._arm.name
            yield ArmRun(self._arm, self._times, self._species, self._kept.values(name, number),
                         self._kept.parameters(name, number), self._kept.notes(name, number))
