"""Parts of a table: no process without one, and together they are the whole."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.cell_networks import resolved
from tests.models import chain_model, kinds_model, phenotypes_model, transfer_model
from vesica import api, interventions
from vesica.engine.doses import present_in
from vesica.engine.program import Part, Program, compile_model
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.system import Lanes
from vesica.engine.whole import parts
from vesica.spec import io
from vesica.spec.resolved import Arm, ResolvedModel

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))


# what neither the models of tests nor the examples hold
REST = """
vesica: 1
domain: {kind: dish, diameter: 6.4 mm, medium: 100 uL}
agents: {ethanol: {evaporation_rate: 0.03 1/h}}
networks: {calcium: {states: {IP3: {initial: 0.2 uM, junction: 1 um/s}}}}
cells:
  astrocyte: {count: 10, networks: [calcium], contacts: {oligodendrocyte: 5 %}}
  oligodendrocyte: {count: 10, networks: [calcium]}
exposures: [{agent: ethanol, concentration: 40 mM}]
run: {duration: 1 h, fidelity: stochastic}
"""


@cache
def programs() -> tuple[Program, ...]:
    """Every kind of process that a table can hold."""
    models: list[ResolvedModel | None] = [api.examine(path).resolved for path in EXAMPLES]
    rest = interventions.resolve(io.loads(REST))[0]
    models = [chain_model(), kinds_model(), phenotypes_model(), resolved(), transfer_model(), rest, *models]
    return tuple(compile_model(model) for model in models if model is not None)


def test_every_process_has_its_part_and_every_entry_is_used() -> None:
    """A new process fails here until `PART_OF` says who takes it, or `REFUSED` that nobody does."""
    processes = {flux.process for program in programs() for flux in program.table.fluxes}
    assert len(programs()) == 6 + len(EXAMPLES)
    assert processes - set(parts.PART_OF) <= parts.REFUSED
    assert set(parts.PART_OF) <= processes
    assert not parts.REFUSED & set(parts.PART_OF)


def test_a_process_without_a_part_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(parts.PART_OF, "escape")
    (finding,) = parts.representable(programs()[0].table)
    assert finding.severity == "error"
    assert "`escape`" in finding.wrote
    assert "well_mixed" in finding.fix


def test_the_parts_together_are_the_whole() -> None:
    """Rates of all processes of all cells and of the medium, each alone, add up to those of the full table.

    Sums of the same terms in another order: at most 40 of them move a pool, so 40 roundings of their absolute sum.
    """
    program, arm = programs()[0], Arm("both", {"donor": 1e6, "taker": 5e5})
    present = present_in(program, arm, {})
    values = value_vector(program, parameter_row(program.model, arm))[:, None]
    full = program.tables(present)
    state = np.random.default_rng(3).uniform(1.0, 50.0, (full.pools.size, 1))

    def rate(part: Part | None) -> np.ndarray:
        """(state of the full table,) per second."""
        tables = program.tables(present, part)
        given = values.copy()
        given[full.pools] = state
        out, place = np.zeros((tables.pools.size, 1)), {name: k for k, name in enumerate(full.names)}
        mine = [place[name] for name in tables.names]
        Lanes(tables, given, arm.counts).rate(state[mine], out)
        found = np.zeros(len(place))
        found[mine] = out[:, 0]
        return found

    each = np.array([rate(Part(owner, frozenset({process}))) for owner in ("donor", "taker", "medium")
                     for process in parts.PART_OF])
    assert np.all(np.abs(each.sum(axis=0) - rate(None)) <= 40 * np.finfo(float).eps * np.abs(each).sum(axis=0))
    assert np.count_nonzero(each.any(axis=1)) > len(parts.PART_OF)  # most are laws of both cells


def test_a_part_holds_its_laws_the_pools_they_move_and_what_they_need() -> None:
    program = programs()[0]
    present = present_in(program, Arm("both", {"donor": 1e6, "taker": 5e5}), {})
    tables = program.tables(present, Part("taker", parts.processes_of("signal")))
    assert tables.names == ("taker.alarm",)
    assert [flux.process for flux in tables.fluxes] == ["signal_production", "signal_decay"]
    by_place = {place: name for name, place in program.index.items()}
    assert {by_place[place] for place in tables.out.tolist()} == {
        "taker.alarm_basal", "taker.alarm_receptors", "taker.alarm_drive", "taker.alarm_production|surface",
        "taker.bound:donor/ligand+taker.bound:taker/ligand", "taker.alarm_production|quiet",
        "taker.bound:donor/ligand+taker.bound:taker/ligand in the living", "taker.receptor in the living",
        "taker.repression_by_mir"}
    assert program.tables(present, Part("taker", parts.processes_of("signal"))) is tables
    assert program.tables(present, Part("nobody", parts.processes_of("signal"))).names == ()


def test_laws_around_pools_hold_the_rest_still() -> None:
    program = programs()[0]
    present = present_in(program, Arm("both", {"donor": 1e6, "taker": 5e5}), {})
    tables = program.tables(present, Part("donor", pools=frozenset({"donor.mir"})))
    assert tables.names == ("donor.mir",)
    processes = {flux.process for flux in tables.fluxes}
    assert {"cargo_production", "cargo_decay", "loading", "retrofusion", "tether_return", "escape"} <= processes
    assert set(tables.move_state.tolist()) == {0}
    assert replace(Part("donor"), processes=frozenset({"budding"})).holds(program.table.fluxes[0]) is False
