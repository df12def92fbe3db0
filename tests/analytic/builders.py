"""Resolved models in which a single process remains, and the bound of the solver's error."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tests.models import MACHINERY, parameters
from vesica.engine.doses import Source
from vesica.engine.program import Program, compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.well_mixed import Trajectory, run_arm
from vesica.spec.cells import CellType
from vesica.spec.phenotypes import expected
from vesica.spec.resolved import Arm, Cargo, Domain, ResolvedModel, Rule, Schedule
from vesica.spec.vocabulary import (
    CELL_AGO,
    CELL_APOPTOSIS,
    CELL_CARGO,
    CELL_CARGO_SHED,
    CELL_LIGAND,
    CELL_MACHINERY,
    CELL_SHEDDING,
    CELL_SIGNAL,
    CELL_SIGNAL_RECEPTOR,
    CELL_SOLUBLE,
    CELL_TARGETS,
    CELL_TRANSLATION,
    MEDIUM,
    PHENOTYPE_FACTOR,
    RULE,
)

H = 3600.0
TOLERANCE = 1e-9  # relative and absolute; the search for rest uses the same
VOLUME = 2e12  # um^3, 2 mL

NEUTRAL = {name: value for name, value in MACHINERY.items() if not name.endswith("_rate")}
NEUTRAL |= dict.fromkeys(("enrichment", "microvesicle_enrichment", "reference", "half_max", "fold"), 1.0)
NEUTRAL |= {"hill": 2.0, "added": 0.0}

LUMEN, MEMBRANE = Cargo("mir", "mirna", "lumen"), Cargo("receptor", "receptor", "membrane")


def build(
    cells: tuple[CellType, ...],
    arms: tuple[Arm, ...],
    changes: Mapping[str, float],
    *,
    cargo: tuple[Cargo, ...] = (),
    rules: tuple[Rule, ...] = (),
    agents: tuple[str, ...] = (),
    solubles: tuple[str, ...] = (),
    duration: float = 24 * H,
    every: float = 2 * H,
    volume: float = VOLUME,
    domain: Domain | None = None,
) -> ResolvedModel:
    """A model whose rates are all zero but those in ``changes`` (parameter path to value).

    Geometry, size law, capacities and activities are those of `tests.models.MACHINERY`;
    cargo, targets and solubles are empty, factors of phenotypes are one, and a rule has the Hill coefficient two.
    The vessel is a stirred dish unless there is a ``domain``; its numbers ``vessel.NAME`` are among the changes.
    """
    values = {f"medium.{name}": (0.0, field.unit) for name, field in MEDIUM.items()}
    values |= {"medium.temperature": (310.0, "K"), "medium.viscosity": (0.692e-3, "Pa*s")}
    for cell in cells:
        sheds = cell.sheds_microvesicles
        bleb = CELL_APOPTOSIS if cell.forms_apoptotic_vesicles else {}
        fields = {cell.name: CELL_MACHINERY | (CELL_SHEDDING if sheds else {}) | bleb}
        of_cargo = CELL_CARGO | (CELL_CARGO_SHED if sheds else {})
        fields |= {f"{cell.name}.{name}": of_cargo for name in cell.cargo}
        signal_fields = CELL_SIGNAL | CELL_SIGNAL_RECEPTOR
        fields |= {f"{cell.name}.{signal.name}": signal_fields for signal in cell.signals}
        fields |= {f"{cell.name}.{name}": CELL_SOLUBLE for name in cell.solubles}
        for owner, table in fields.items():
            for name, field in table.items():
                values[f"{owner}.{name}"] = (NEUTRAL.get(name, 0.0), field.unit)
        values |= {path: (NEUTRAL.get(path.rpartition(".")[2], 0.0), field.unit) if field is not PHENOTYPE_FACTOR
                   else (1.0, "") for path, field in expected(cell).items()}
        fields = {cell.name: CELL_AGO if cell.has_ago else {}}
        fields |= {f"{cell.name}.{mrna}": CELL_TRANSLATION for mrna, _ in cell.translations}
        for name, _ in cell.ligands:
            fields.setdefault(f"{cell.name}.{name}", {})
            fields[f"{cell.name}.{name}"] = {**fields[f"{cell.name}.{name}"], **CELL_LIGAND}
        values |= {f"{owner}.{name}": (NEUTRAL.get(name, 0.0), field.unit)
                   for owner, table in fields.items() for name, field in table.items()}
        for name in cell.mirna_targets:
            values |= {f"{cell.name}.{name}.{key}": (0.0, field.unit) for key, field in CELL_TARGETS.items()}
    values |= {f"{name}.{key}": (number, unit) for name in solubles
               for key, number, unit in (("decay_rate", 0.0, "1/s"), ("diffusivity", 100.0, "um^2/s"))}
    values |= {path: (value, "") for path, value in changes.items() if path.startswith("vessel.")}
    values |= {f"rule.{rule.key}.{name}": (NEUTRAL[name], "") for rule in rules for name in RULE
               if name != ("fold" if rule.adds else "added")}  # fmt: skip
    unknown = set(changes) - set(values)
    if unknown:
        raise KeyError(f"the model has no parameter {sorted(unknown)}")
    values |= {path: (value, values[path][1]) for path, value in changes.items()}
    return ResolvedModel(
        title="closed form", domain=domain or Domain("dish", volume, 2079.0, "stirred"), cells=cells, cargo=cargo,
        solubles=solubles, agents=agents, rules=rules, parameters=parameters(values), arms=arms,
        schedule=Schedule(duration, every, "well_mixed", 1, TOLERANCE, TOLERANCE),
    )


class Run:
    """A finished arm by pool name, with the bound of its numerical error."""

    def __init__(self, program: Program, trajectory: Trajectory) -> None:
        assert trajectory.message == ""
        self.program, self.trajectory, self.times = program, trajectory, trajectory.times
        self._place = {name: number for number, name in enumerate(program.species)}

    def __getitem__(self, pool: str) -> np.ndarray:
        """(time,) amount of a pool."""
        return self.trajectory.values[:, self._place[pool]]

    def derived(self, name: str) -> float:
        """A number that the engine computed before the run."""
        return float(self.trajectory.last_values[self.program.index[name]])

    def bound(self, scale: float, *, per_dish: bool = False) -> float:
        """How far a pool may be off.

        CVODE keeps the root mean square over N pools of (local error)/(rtol |y| + atol)
        below one, so one pool is off by at most sqrt(N) (rtol |y| + atol) per step. Linear
        transfers between pools do not amplify an error, so the steps, fewer than the
        evaluations, add up; finding the resting cells takes about as many steps again.
        Absolute tolerances of the medium are multiplied by the number of cells.
        """
        solver = self.trajectory.solver
        cells = max(self.trajectory.arm.counts.values()) if per_dish else 1.0
        step = math.sqrt(float(solver["states"])) * TOLERANCE * (abs(scale) + cells)
        return 2.0 * (float(solver["evaluations"]) + 100.0) * step


def run(model: ResolvedModel, sources: Mapping[str, Source] | None = None) -> Run:
    """Compile a model and run its first arm."""
    program = compile_model(model)
    arm = model.arms[0]
    return Run(program, run_arm(program, arm, parameter_row(program.model, arm), sources or {}))


def dish(amounts: Mapping[str, float], at: float = 0.0) -> dict[str, Source]:
    """A source named ``source`` with one donor cell, whose medium holds ``amounts`` at a time."""
    return {"source": Source(Arm("source", {"donor": 1.0}), {at: dict(amounts)})}


def transfer(time: np.ndarray | float, *rates: float) -> np.ndarray:
    """Amount in the last pool of a chain that starts with one in the first (Bateman 1910).

    ``rates`` are the total losses of each pool; all of them differ. Loss out of one pool is
    taken as gain of the next, so shares that go elsewhere multiply the result.
    """
    total = np.zeros_like(np.asarray(time, dtype=float))
    for j, rate in enumerate(rates):
        others = math.prod(other - rate for i, other in enumerate(rates) if i != j)
        total = total + np.exp(-rate * np.asarray(time)) / others
    return math.prod(rates[:-1]) * total
