"""Cells of a tissue in whole numbers: whole bursts, exact conservation, means and variances of their laws.

Random tests: 15 checks at `tests.comparisons.ALARM` each, fixed seeds.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest

from tests.comparisons import agrees_with_mean
from vesica import interventions
from vesica.biology import mvb_law
from vesica.engine.doses import present_in
from vesica.engine.program import Program, compile_model
from vesica.engine.rest import resting
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.system import Lanes
from vesica.engine.tissue.lanes import CellLanes, flux_values
from vesica.engine.tissue.unlike import keys_of
from vesica.engine.tissue.whole_cells import WholeCells
from vesica.engine.tissue.whole_table import split
from vesica.spec.model import ModelSpec


@functools.cache
def microglia(lives: float = 0.0) -> tuple[Program, np.ndarray]:
    """Microglia with cargo and phenotypes, in fresh medium, at the rest of their means.

    They die after a mean life of ``lives`` s; without one nobody dies, and no vesicle stays tethered.
    """
    cell = {"count": 2e5, "phenotypes": {"inflammation": {}}} | ({"apoptotic_vesicles": True} if lives else {})
    words = {"microglia.death_rate": f"{1.0 / lives:g} 1/s"} if lives else {"microglia.released_share": "1"}
    model = interventions.resolve(ModelSpec.model_validate({
        "vesica": 1, "use": ["library:cns"], "domain": {"kind": "dish", "diameter": "35 mm", "medium": "2 mL"},
        "cells": {"microglia": cell}, "run": {"duration": "4 h", "every": "30 min"}, "arms": {"control": {}},
        "parameters": words,
    }))[0]
    program = compile_model(model)
    present = present_in(program, model.arms[0], {})
    values = value_vector(program, parameter_row(model, model.arms[0]))
    tables = program.tables(present)
    rest = resting(program, Lanes(tables, values[:, None].copy(), {"microglia": 1.0}, is_single=True), present, {})
    values[tables.pools] = rest.state[:, 0]
    return program, values


def cells_of(number: int, seed: int = 1, lives: float = 0.0, workers: int = 1) -> WholeCells:
    program, values = microglia(lives)
    names = keys_of(f"cell {k}" for k in range(number)), seed
    return WholeCells(program, program.model.cells[0], present(lives), values, names, workers=workers)


def present(lives: float = 0.0) -> frozenset[str]:
    program, _ = microglia(lives)
    return present_in(program, program.model.arms[0], {})


def level(cells: WholeCells | CellLanes, name: str) -> np.ndarray:
    return cells.state[cells.names.index(f"microglia.{name}" if not name.startswith("medium.") else name)]


@functools.cache
def after_an_hour() -> tuple[WholeCells, np.ndarray]:
    """3,000 cells at rest, an hour in steps of two minutes; and how they began."""
    cells = cells_of(3000, workers=2)
    before = cells.state.copy()
    for _ in range(30):
        cells.advance(120.0)
    return cells, before


def test_vesicles_that_leave_and_mvbs_are_whole_numbers() -> None:
    """Exactly: they change by whole numbers only. What is in MVBs is not: it is a mean until it is looked at."""
    cells, _ = after_an_hour()
    for name in ("mvb", "docked", "fused", "lysed", "released:microglia"):
        assert np.array_equal(level(cells, name), np.round(level(cells, name))), name
    assert level(cells, "released:microglia").max() > 0
    assert not np.array_equal(level(cells, "mvb_ilv"), np.round(level(cells, "mvb_ilv")))


@pytest.mark.parametrize("lives", [0.0, 3600.0])
def test_every_token_is_conserved_in_every_cell(lives: float) -> None:
    """Bursts, deaths and apoptotic vesicles go by the moves of the table, so what remains is rounding.

    Some 1e4 sums of numbers below the scale, each rounded to 1.1e-16 of it.
    """
    cells = cells_of(200, lives=lives)
    before = cells.state.copy()
    for _ in range(20):
        cells.advance(120.0)
    program, checked = microglia(lives)[0], 0
    assert (level(cells, "alive") if lives else np.ones(1)).min() == (0.0 if lives else 1.0)
    for token in program.table.tokens:
        weights = np.array([token.weights.get(name, 0) for name in cells.names], dtype=float)
        opened = [flux for flux in program.tables(present(lives)).fluxes if token.name in flux.opens
                  and not (flux.process == "death" and token.name.startswith("phenotypes"))]
        if opened or not weights.any():
            continue
        checked += 1
        scale = np.abs(weights) @ np.maximum(np.abs(before), np.abs(cells.state)) + 1.0
        off = np.abs(weights @ (cells.state - before))
        assert (off <= 1e-12 * scale).all(), token.name
    assert checked >= 3
    spoilt = cells.state.copy()
    spoilt[cells.names.index("microglia.made")] += 1e-6
    token = next(one for one in program.table.tokens if "microglia.made" in one.weights)
    weights = np.array([token.weights.get(name, 0) for name in cells.names], dtype=float)
    assert np.abs(weights @ (spoilt - before)).max() > 1e-7  # the comparison can fail


def test_a_dead_cell_holds_nothing_and_sends_nothing_any_more() -> None:
    """One in e lives after its mean life; in each that died all that a cell holds is zero, and stays so."""
    cells = cells_of(1500, lives=3600.0)
    for _ in range(30):
        cells.advance(120.0)
    alive = level(cells, "alive")
    assert set(np.unique(alive)) == {0.0, 1.0}
    chance = np.exp(-1.0)
    assert agrees_with_mean(alive, chance, chance * (1.0 - chance))
    dead = alive == 0.0
    for name in ("mvb", "docked", "mvb_ilv", "docked_ilv", "tethered", "homeostatic", "inflammatory", "TLR4"):
        assert np.abs(level(cells, name)[dead]).max() < 1e-6, name
    sent = level(cells, "medium.free:microglia").copy()
    for _ in range(5):
        cells.advance(120.0)
    assert np.array_equal(level(cells, "medium.free:microglia")[dead], sent[dead])
    assert not np.array_equal(level(cells, "medium.free:microglia"), sent)
    blebs = level(cells, "made:microglia~apoptotic")
    assert np.array_equal(blebs, np.round(blebs))


def test_means_are_those_of_the_means() -> None:
    """At rest nothing moves in the mean: MVBs, docked ones, what is in them; fusions and bursts as rates have it."""
    cells, _ = after_an_hour()
    program, values = microglia()
    for name in ("mvb", "docked", "mvb_ilv", "docked_ilv"):
        found = level(cells, name)
        assert agrees_with_mean(found, values[program.index[f"microglia.{name}"]], found.var()), name
    means = CellLanes(program.tables(present()), values, lanes=1)
    for _ in range(30):
        means.advance(120.0)
    for name in ("fused", "released:microglia"):
        found = level(cells, name)
        assert agrees_with_mean(found, level(means, name)[0], found.var()), name
        assert not agrees_with_mean(found, 1.2 * level(means, name)[0], found.var()), name


def test_means_follow_when_fusion_speeds_up() -> None:
    """Fusion ten times as fast from one moment on: MVBs, what is in them, fusions and releases half an hour later.

    Laws are linear but for docking sites, of which 3 % are taken: the mean of (1 - D/10) M is off by cov(D, M)/10,
    below 0.1 % of M, as D is nearly Poisson whatever M is.
    """
    program, values = microglia()
    place = np.array([program.index["microglia.mvb_fusion_rate"]])
    cells, means = cells_of(3000, seed=5, workers=2), CellLanes(program.tables(present()), values, lanes=1)
    for one in (cells, means):
        one.give(place, 10.0 * values[place])
        for _ in range(15):
            one.advance(120.0)
    for name in ("mvb", "docked", "mvb_ilv", "docked_ilv", "fused", "released:microglia"):
        found = level(cells, name)
        assert agrees_with_mean(found, level(means, name)[0], found.var()), name
    slow = values[program.index["microglia.docked"]]
    assert not agrees_with_mean(level(cells, "docked"), slow, level(cells, "docked").var())


def test_what_cells_release_varies_as_bursts_do() -> None:
    """At rest far from saturation fusions are Poisson, their MVBs independent: Var = lambda T E[n^2] of the slot law.

    n is the number in an MVB at the end of its two stages.
    """
    cells, _ = after_an_hour()
    program, values = microglia()
    donor = split(program, program.model.cells[0], present()).donor
    assert donor is not None
    rates = flux_values(donor, values[:, None].copy())[:, 0]
    _, lysed, docked, sites, undocked, fused, _, _, _, capacity, budding, retro = rates
    there = values[program.index["microglia.docked"]]
    relax = budding / capacity + retro
    stages = mvb_law.fusion_stages(lysed, docked * (1.0 - there / sites), undocked, fused)
    law = mvb_law.fate_pmf(capacity, budding / capacity / relax, relax, stages)
    n = np.arange(law.size)
    fusions, released = 3600.0 * fused * there, level(cells, "released:microglia")
    assert agrees_with_mean(released, fusions * (n @ law), fusions * (n**2 @ law))
    squares = (released - fusions * (n @ law)) ** 2
    assert agrees_with_mean(squares, fusions * (n**2 @ law), squares.var())
    assert not agrees_with_mean(squares, fusions * (n @ law), squares.var())  # as if each vesicle left by itself


def test_a_cell_draws_from_its_own_name_and_threads_change_nothing() -> None:
    """Blocks of cells side by side on one thread and on two; and a run that stopped and went on."""
    one, two = cells_of(1100), cells_of(1100, workers=2)
    assert np.array_equal(one.state, two.state)
    for cells in (one, two):
        for _ in range(3):
            cells.advance(200.0)
    assert np.array_equal(one.state, two.state)
    kept = cells_of(1100)
    kept.restore(one.saved())
    for cells in (one, kept):
        cells.advance(200.0)
    assert np.array_equal(one.state, kept.state)
    assert not np.array_equal(one.state, two.state)
    assert not np.array_equal(one.state, cells_of(1100, seed=2).state)


def test_phenotypes_are_one_at_a_time() -> None:
    """And a cell is in one of them at any time."""
    cells = cells_of(200)
    place = cells.names.index("microglia.homeostatic")
    cells.advance(120.0)
    states = [level(cells, name) for name in ("homeostatic", "inflammatory", "resolving")]
    assert np.array_equal(np.sum(states, axis=0), np.ones(200))
    assert set(np.unique(cells.state[place])) <= {0.0, 1.0}
