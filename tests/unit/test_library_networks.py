"""Each network of the library alone, in each cell it is for: at rest it stands still, under stimuli it stays sound."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest

from vesica import interventions, library
from vesica.engine.program import compile_model
from vesica.engine.simulate import as_arm_run, run_all
from vesica.results.arm_run import ArmRun
from vesica.spec.cells import CellType
from vesica.spec.model import ModelSpec
from vesica.spec.resolved import ResolvedModel

GLIA = ("microglia", "astrocyte")
CHANNELS: Mapping[str, tuple[str, ...]] = {
    "atp_release": ("astrocyte",), "surface_nucleotidases": ("microglia", "astrocyte", "endothelium"),
    "adenosine_signal": ("microglia",), "neuropeptide": ("neuron",), "peptidase": ("microglia",),
    "potassium_release": ("neuron",), "potassium_buffering": ("astrocyte",), "prostaglandin": ("neuron",),
    "ep2_signal": ("microglia",), "sphingosine_kinase": ("astrocyte",), "trkb_binding": ("neuron",),
    "ccr2_binding": ("microglia",), "protease": ("microglia",),
}  # fmt: skip
CONTACT: Mapping[str, tuple[str, ...]] = {
    "notch": ("astrocyte",), "cx3cl1": ("neuron",), "cx3cr1": ("microglia",), "cd200r": ("microglia",),
    "gap_junctions": ("astrocyte", "oligodendrocyte"),
}  # fmt: skip
FITTING: Mapping[str, tuple[str, ...]] = {
    "nfkb": GLIA, "mir146a_brake": ("microglia",), "cytokines": GLIA, "nlrp3": GLIA, "p2x7": GLIA,
    "calcium_release": ("neuron", "oligodendrocyte"), "let7_tlr7": ("neuron",), "synapse": ("neuron",),
    "glt1": ("astrocyte",), "support": ("neuron",), "bdnf": ("neuron",), "glial_mirnas": GLIA,
    "barrier": ("endothelium",), "synuclein": ("neuron", "microglia"), "tauopathy": ("neuron", "astrocyte"),
    "amyloid": ("neuron", "microglia"),
    **CHANNELS, **CONTACT,
}  # fmt: skip
CASES = [(network, cell) for network, cells in FITTING.items() for cell in cells]
BESIDE = {"mir146a_brake": ("nfkb",), "cytokines": ("nfkb",)}  # what a network is for, as its comment says
# few aggregates take longer than cells stand before a run (180 days): near the threshold they hardly grow
WORDS: Mapping[str, Mapping[str, Any]] = {
    "mir146a_brake": {"targets": {"miR_146a": {}}}, "nlrp3": {"phenotypes": {"inflammasome": {}}},
    "p2x7": {"microvesicles": True}, "synuclein": {"cargo": {"asyn_fibril": {"basal": "1e4 molecule"}}},
    "tauopathy": {"cargo": {"tau_fibril": {"basal": "1e4 molecule"}}},
    "amyloid": {"cargo": {"amyloid_fibril": {"basal": "1e4 molecule"}}},
    "notch": {"contacts": {"astrocyte": "2 %"}},
}  # fmt: skip
STIMULI: Mapping[str, str] = {"LPS": "100 ng/mL", "ATP": "1 mM", "glutamate": "100 uM", "KCl": "25 mM", "H2O2": "50 uM",
                              "ethanol": "40 mM"}  # fmt: skip


class Run(NamedTuple):
    cell: CellType
    course: ArmRun

    def of(self, name: str) -> np.ndarray:
        return self.course.values[:, self.course.species[f"{self.cell.name}.{name}"]]

    def pool(self, state: str) -> np.ndarray:
        found = {s.name: bool(s.compartment) for network in self.cell.networks for s in network.states}
        return self.of(state + " over the cell" * found[state])


def model(network: str, cell: str, hours: float, **more: Any) -> ResolvedModel:
    """A dish of 1e4 cells of one type with one network, and what that is for."""
    return interventions.resolve(ModelSpec.model_validate({
        "vesica": 1, "use": ["library:cns"], "domain": {"kind": "dish", "diameter": "35 mm", "medium": "2 mL"},
        "cells": {cell: {"count": 1e4, "networks": [*BESIDE.get(network, ()), network], **WORDS.get(network, {})}},
        "run": {"duration": f"{hours} h", "every": f"{hours / 12} h", **more.pop("run", {})}, **more,
    }))[0]


def run(made: ResolvedModel) -> Run:
    program = compile_model(made)
    (course,) = run_all(program)
    assert course.message == ""
    return Run(made.cells[0], as_arm_run(program, course))


@functools.cache
def stimulated(network: str, cell: str) -> Run:
    """24 h with everything that a network of the library listens to."""
    return run(model(network, cell, 24.0, exposures=[
        {"agent": agent, "concentration": much, "from": "2 h"} for agent, much in STIMULI.items()
        if agent in asked(network)]))


def asked(network: str) -> set[str]:
    """Agents of the library that are no solubles in a model with the network."""
    known = library.load("cns")
    words = known.networks[network]
    moved = " ".join([*words.get("solubles", ()), *(one["equation"] for one in words.get("reactions", {}).values())])
    return {agent for agent in known.agents if agent not in known.solubles or agent not in moved.split()}


def silenced(made: ResolvedModel) -> dict[str, str]:
    """What takes away all that a fresh medium does to a cell, and what has no way back: vesicles, solubles, death."""
    c = made.cells[0].name
    off = {f"{c}.binding_rate": "0 um^3/s/vesicle", f"{c}.macropinocytosis_rate": "0 um^3/s"}
    off |= {path: "0 molecule/s" for path in made.parameters if path.endswith(".secretion_rate")}
    off |= {path: "0 1/h" for path in made.parameters if path in (f"{c}.death_rate",) or path.endswith(".hazard")}
    return off


OF_THE_MEDIUM = {"ectonucleotidases", "peptidases"}  # tests/analytic/test_channel_networks.py


def test_every_network_of_the_library_is_here() -> None:
    assert set(FITTING) | OF_THE_MEDIUM == set(library.load("cns").networks)


@pytest.mark.parametrize(("network", "cell"), CASES)
def test_at_rest_a_network_stands_still(network: str, cell: str) -> None:
    """Rest is found to 1e-9 of a level and a run keeps 1e-8 a step: 1e-6 holds what some hundred steps leave."""
    made = model(network, cell, 24.0)
    found = run(model(network, cell, 24.0, parameters=silenced(made)))
    names = [state.name for one in found.cell.networks for state in one.states]
    names += [value.name for one in found.cell.networks for value in one.assignments]
    for name in (*names, *found.cell.cargo, *(signal.name for signal in found.cell.signals)):
        level = found.of(name)
        assert level == pytest.approx(level[0], rel=1e-6, abs=1e-6), name


@pytest.mark.parametrize(("network", "cell"), CASES)
def test_under_all_stimuli_nothing_is_negative_and_totals_stay(network: str, cell: str) -> None:
    """Below zero is what a solver leaves of nothing: 1e-9 of the most there was. Totals: sums of 1e-8 a step."""
    found = stimulated(network, cell)
    assert np.isfinite(found.course.values).all()
    for one in found.cell.networks:
        for state in one.states:
            level = found.pool(state.name)
            assert level.min() >= -1e-9 * max(1.0, level.max()), state.name
        for name, parts in one.conserved if one.states else ():  # others are totals of solubles
            total = sum(weight * found.pool(state) for state, weight in parts)
            assert total == pytest.approx(np.full(total.size, total[0]), rel=1e-6), name
    for cargo in found.cell.cargo:
        copies = found.of(cargo)
        assert copies.min() >= -1e-9 * max(1.0, copies.max()), cargo


DEAF = {"mir146a_brake", "let7_tlr7", "synapse", "glt1", "glial_mirnas", "barrier", "synuclein", "tauopathy", "amyloid",
        *CHANNELS, *CONTACT} - {"gap_junctions"}


@pytest.mark.parametrize(("network", "cell"), [case for case in CASES if case[0] not in DEAF])
def test_a_network_that_listens_moves_so_that_the_others_can_fail(network: str, cell: str) -> None:
    """Those left out read miRNAs, aggregates and factors that only other cells could bring."""
    found = stimulated(network, cell)
    values = [found.of(state.name) for one in found.cell.networks for state in one.states]
    values += [found.of(value.name) for one in found.cell.networks for value in one.assignments]
    assert max(np.ptp(value) / max(abs(value[0]), 1e-3) for value in values) > 0.1


@pytest.mark.verify
@pytest.mark.parametrize(("network", "cell"), CASES)
def test_whole_numbers_run_with_every_network(network: str, cell: str) -> None:
    """One hour, 20 cells under all stimuli: nothing negative, conserved totals kept in the mean of the cells."""
    made = model(network, cell, 1.0, run={"fidelity": "stochastic", "cells_at_most": 20, "replicates": 1},
                 exposures=[{"agent": agent, "concentration": much} for agent, much in STIMULI.items()
                            if agent in asked(network)])  # fmt: skip
    found = run(made)
    assert np.isfinite(found.course.values).all()
    for cargo in found.cell.cargo:
        assert found.of(cargo).min() >= 0.0, cargo
    for one in found.cell.networks:
        for state in one.states:
            level = found.pool(state.name)
            assert level.min() >= -1e-9 * max(1.0, level.max()), state.name
        for name, parts in one.conserved if one.states else ():  # others are totals of solubles
            total = sum(weight * found.pool(state) for state, weight in parts)
            assert total == pytest.approx(np.full(total.size, total[0]), rel=1e-6), name
