"""Who touches whom, what they see of one another, and what gap junctions pass: by closed forms and the mean field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from tests.contact_cases import everything
from vesica.engine.codegen import compiled
from vesica.engine.doses import present_in
from vesica.engine.program import Part, Program, compile_model, walk_of
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.system import Lanes
from vesica.engine.tables import Tables
from vesica.engine.tissue.contact import Around, Bodies, Contacts, contact_graph, share_out
from vesica.engine.tissue.junctions import Junctions, spread

EPS = float(np.finfo(float).eps)
BOX = (100.0, 100.0, 100.0)


# ---- the graph


def test_membrane_within_the_distance() -> None:
    """2 pi r1 r2/(r1 + r2) (distance - gap); nothing from the distance on; overlaps go on up to the smaller cell."""
    radii, distance = np.array([6.0, 3.0]), 1.0
    for gap, depth in ((0.25, 0.75), (0.0, 1.0), (-2.0, 3.0), (-8.0, 7.0), (0.999999, 1e-6), (1.0, 0.0), (5.0, 0.0)):
        positions = np.array([[10.0, 10.0, 10.0], [10.0 + 9.0 + gap, 10.0, 10.0]])
        found = contact_graph(Bodies(positions, radii), None, distance, BOX).toarray()
        expected = 2 * np.pi * 2.0 * depth
        assert found[0, 1] == found[1, 0] == pytest.approx(expected, rel=1e-8)
        assert found[0, 0] == found[1, 1] == 0.0


def test_walls_that_are_periodic_bring_cells_together() -> None:
    positions = np.array([[-0.5, 50.0, 99.5], [98.5, 50.0, 0.5]])  # 1 um apart along x, and along z
    radii = np.full(2, 1.0)
    assert contact_graph(Bodies(positions, radii), None, 1.0, BOX).nnz == 0
    assert contact_graph(Bodies(positions, radii), None, 1.0, BOX, (True, False, False)).nnz == 0
    found = contact_graph(Bodies(positions, radii), None, 1.0, BOX, (True, False, True)).toarray()
    assert found[0, 1] == pytest.approx(np.pi * (3.0 - np.sqrt(2.0)), rel=1e-12)


def test_the_graph_does_not_depend_on_the_order_of_cells() -> None:
    random = np.random.default_rng(1)
    positions, radii = random.random((300, 3)) * 60.0, random.uniform(2.0, 6.0, 300)
    order = random.permutation(300)
    found = contact_graph(Bodies(positions, radii), None, 1.0, BOX).toarray()
    turned = contact_graph(Bodies(positions[order], radii[order]), None, 1.0, BOX).toarray()
    assert (turned == found[np.ix_(order, order)]).all()
    assert (found == found.T).all()
    assert found.any(axis=1).mean() > 0.5


# ---- areas


def test_shares_keep_their_mean_and_both_sides_one_area() -> None:
    """Means to rounding of 200 summands; a cell without neighbours has none."""
    random = np.random.default_rng(2)
    positions, radii = random.random((200, 3)) * 60.0, np.full(200, 5.0)
    a, b = Bodies(positions[:150], radii[:150]), Bodies(positions[150:], radii[150:])
    graphs = {("a", "b"): contact_graph(a, b, 1.0, BOX), ("a", "a"): contact_graph(a, None, 1.0, BOX)}
    membrane = {"a": random.uniform(500.0, 1500.0, 150), "b": np.full(50, 2000.0)}
    wanted = {("a", "b"): 0.02, ("a", "a"): 0.03}
    found = share_out(graphs, wanted, membrane)
    share = found.shares
    assert share["a.contact_with_b"] @ membrane["a"] == pytest.approx(0.02 * membrane["a"].sum(), rel=1e-13)
    assert share["a.contact_with_a"] @ membrane["a"] == pytest.approx(0.03 * membrane["a"].sum(), rel=1e-13)
    assert share["b.contact_with_a"].mean() * 50 * 2000 == pytest.approx(0.02 * membrane["a"].sum(), rel=1e-13)
    assert (found.areas["b", "a"] != found.areas["a", "b"].T).nnz == 0
    alone = np.asarray(graphs["a", "b"].sum(axis=1)) == 0.0
    assert 0 < alone.sum() < 150
    assert (share["a.contact_with_b"][alone] == 0.0).all()
    assert (share["a.contact_with_b"][~alone] > 0.0).all()


def test_no_cell_touches_with_more_than_it_has() -> None:
    """One of ten touches: its share would be 5 times all that it has. Then all of it touches, and the mean is less."""
    a = Bodies(np.array([[20.0 * k, 0.0, 0.0] for k in range(10)]), np.full(10, 4.5))
    graph = contact_graph(a, Bodies(np.array([[9.0, 0.0, 0.0]]), np.full(1, 4.5)), 1.0, (200.0, 1.0, 1.0))
    found = share_out({("a", "b"): graph}, {("a", "b"): 0.5}, {"a": np.full(10, 100.0), "b": np.full(1, 1e5)})
    assert found.shares["a.contact_with_b"].tolist() == pytest.approx([1.0] + [0.0] * 9, rel=4 * EPS)
    assert found.shares["b.contact_with_a"][0] == pytest.approx(1e-3, rel=4 * EPS)


# ---- what cells see


@dataclass
class Own:
    """Lanes of one type."""

    state: np.ndarray
    values: np.ndarray


@dataclass
class Inside:
    """The part of a type: its program."""

    inside: Program


class Population:
    """The cells of one type, with what `Around` needs of them."""

    def __init__(self, program: Program, cell: str, tables: Tables, values: np.ndarray) -> None:
        self.cell, self.part, self.tables = cell, Inside(program), tables
        self.lanes, self.count = Own(values[tables.pools].copy(), values), values.shape[1]

    def read(self, names: Sequence[str]) -> np.ndarray:
        values, index = self.lanes.values.copy(), self.part.inside.index
        values[self.tables.pools] = self.lanes.state
        compiled().evaluate(values, *walk_of(self.part.inside, names))
        return values[[index[name] for name in names]]

    def give(self, name: str, value: float | np.ndarray) -> None:
        place = self.part.inside.index.get(name)
        if place is not None:
            self.lanes.values[place] = value

    def rate(self) -> np.ndarray:
        """(state, cell) per s of what cells do by themselves."""
        out = np.zeros_like(self.lanes.state)
        counts = {self.cell: 1.0, "medium": 1.0}
        Lanes(self.tables, self.lanes.values, counts).rate(self.lanes.state, out)
        return out


@dataclass
class Case:
    """A model whose cells touch, at its mean field and as single cells."""

    program: Program
    row: dict[str, float]
    mean: Lanes
    state: np.ndarray
    populations: dict[str, Population]

    @property
    def around(self) -> Around:
        return Around(self.program, list(self.populations.values()), self.row)


COUNT = {"microglia": 4, "neuron": 8}


def case() -> Case:
    """Neurons and microglia with positive levels all over; single cells start where the mean is."""
    program = compile_model(everything())
    arm = program.model.arms[0]
    row, present = parameter_row(program.model, arm), present_in(program, arm, {})
    tables = program.tables(present)
    values = value_vector(program, row)
    mean = Lanes(tables, values[:, None].copy(), arm.counts, is_single=True)
    state = np.random.default_rng(3).uniform(0.5, 2.0, (tables.pools.size, 1))
    mean.rate(state, np.zeros_like(state))
    apart, populations = program.apart, {}
    for cell, count in COUNT.items():
        start = np.repeat(values[:, None], count, axis=1)
        start[tables.pools] = state
        populations[cell] = Population(apart, cell, apart.tables(present, Part(cell)), start)
    return Case(program, row, mean, state, populations)


def crowd() -> dict[str, Bodies]:
    """Cells in places at which every one touches the same numbers of both types: corners of squares, one on another."""
    square = 20.0 + np.array([[0.0, 0.0, 0.0], [6.0, 0.0, 0.0], [6.0, 6.0, 0.0], [0.0, 6.0, 0.0]])
    return bodies({"microglia": square, "neuron": np.concatenate([square, square])})


def bodies(positions: dict[str, np.ndarray]) -> dict[str, Bodies]:
    return {name: Bodies(at, np.full(COUNT[name], 3.0)) for name, at in positions.items()}


def test_cells_that_are_alike_do_as_in_the_mean_field() -> None:
    """Rates of every state of a cell, contact and junctions with them: the mean field's, to rounding of sums of 8."""
    it = case()
    around = it.around
    around.place(crowd(), 1.0, BOX)
    around.look()
    whole = np.zeros_like(it.state)
    it.mean.rate(it.state, whole)
    place = {name: k for k, name in enumerate(it.mean.tables.names)}
    checked = 0
    for one in it.populations.values():
        found = one.rate()
        for name, rate in zip(one.tables.names, found, strict=True):
            if name.startswith(f"{one.cell}."):
                expected = whole[place[name], 0]
                np.testing.assert_allclose(rate, expected, rtol=1e-11, atol=1e-12 * np.abs(whole).max())
                checked += name.endswith((".shown", ".passed"))
    assert checked == 4


def test_a_cell_sees_its_own_neighbours_only() -> None:
    it = case()
    around = it.around
    cells = it.populations
    positions = {"microglia": np.array([[10.0 + 20.0 * k, 10.0, 10.0] for k in range(4)]),
                 "neuron": np.array([[16.0 + 20.0 * (k // 2), 10.0, 10.0 + 80.0 * (k % 2)] for k in range(8)])}
    around.place(bodies(positions), 1.0, BOX)
    shown = cells["microglia"].tables.names.index("microglia.shown")
    cells["microglia"].lanes.state[shown] = [1.0, 2.0, 3.0, 4.0]
    around.look()
    view = next(one for one in it.program.seen
                if one.target.startswith("neuron.seen microglia.shown") and "TLR4" not in one.target)
    place = it.program.index[view.target]
    factor = 1.0 if view.args[0] == "microglia.shown" else cells["microglia"].lanes.values[
        it.program.index[view.args[0]]] / [1.0, 2.0, 3.0, 4.0]
    np.testing.assert_allclose(cells["neuron"].lanes.values[place],
                               np.repeat([1.0, 2.0, 3.0, 4.0] * np.asarray(factor), 2) * np.tile([1.0, 0.0], 4),
                               rtol=4 * EPS)
    share = cells["neuron"].lanes.values[it.program.index["neuron.contact_with_microglia"]]
    np.testing.assert_allclose(share, np.tile([0.1, 0.0], 4), rtol=1e-13)  # 5 % on average, and half of them touch


def test_what_is_seen_is_carried_on_to_the_middle_of_the_step() -> None:
    """A level that rises evenly is seen in the middle of the step exactly; after a jump, and below zero, it is not."""
    it = case()
    around = it.around
    around.place(crowd(), 1.0, BOX)
    microglia = it.populations["microglia"]
    shown = microglia.tables.names.index("microglia.shown")
    view = next(one for one in it.program.seen if one.target.startswith("neuron.seen microglia.shown"))
    place = it.program.index[view.target]

    def seen(level: float, duration: float) -> float:
        microglia.lanes.state[shown] = level
        around.look(duration)
        return float(it.populations["neuron"].lanes.values[place, 0])

    unit = seen(1.0, 10.0)  # per level
    assert seen(2.0, 20.0) == pytest.approx(3.0 * unit, rel=4 * EPS)  # 0.1 in a second, 10 s on
    assert seen(1.0, 200.0) == 0.0  # falls by 0.05 in a second: below zero long before 100 s
    around.restart()
    assert seen(5.0, 200.0) == pytest.approx(5.0 * unit, rel=4 * EPS)


def test_without_contact_there_is_nothing_to_do() -> None:
    it = case()
    for path in it.row:
        if "contact_with" in path:
            it.row[path] = 0.0
    around = it.around
    assert not around.is_needed
    around.place(crowd(), 1.0, BOX)
    assert around.contacts == Contacts({}, {})


# ---- gap junctions


def test_two_cells_come_to_one_level_at_the_sum_of_their_rates() -> None:
    """The difference decays at G (1/V1 + 1/V2), for short and long times; what is held stays, to rounding."""
    from scipy.sparse import csr_array

    held = np.array([2000.0, 500.0])
    conductance = csr_array(np.array([[0.0, 3.0], [3.0, 0.0]]))
    rate = 3.0 * (1 / 2000.0 + 1 / 500.0)
    level = np.array([1.0, 0.2])
    mean = float(held @ level / held.sum())
    for time in (0.0, 1e-6, 1.0, 100.0, 1e3, 1e5):
        found = spread(conductance, held, level, time)
        assert held @ found == pytest.approx(held @ level, rel=64 * EPS)
        assert found[0] - found[1] == pytest.approx(0.8 * np.exp(-rate * time), rel=1e-11, abs=1e-13)
    np.testing.assert_allclose(spread(conductance, held, level, 1e7), mean, rtol=1e-12)
    assert spread(conductance, np.array([2000.0, 0.0]), level, 50.0)[1] == 0.2  # nothing goes to the dead


def test_junctions_do_what_the_table_says() -> None:
    """In a short time the change of every cell is that of the fluxes of the table: to second order in the time."""
    it = case()
    around = it.around
    around.place(crowd(), 1.0, BOX)
    junctions = Junctions(it.program, list(it.populations.values()), it.row)
    assert junctions.is_needed
    random = np.random.default_rng(5)
    rows = {name: one.tables.names.index(f"{name}.passed") for name, one in it.populations.items()}
    for name, one in it.populations.items():
        one.lanes.state[rows[name]] = random.uniform(0.1, 1.0, COUNT[name])
    around.look()
    expected = {name: _by_fluxes(one) for name, one in it.populations.items()}
    before = {name: one.lanes.state[rows[name]].copy() for name, one in it.populations.items()}
    largest = max(np.abs(rate).max() for rate in expected.values())
    time = 1e-5 / largest
    junctions.exchange(around.contacts, time)
    for name, one in it.populations.items():
        np.testing.assert_allclose((one.lanes.state[rows[name]] - before[name]) / time, expected[name],
                                   atol=1e-4 * largest)
    volumes = {name: it.row[f"{name}.cell_volume"] * _alive(one) for name, one in it.populations.items()}
    change = np.concatenate([volumes[name] * (one.lanes.state[rows[name]] - before[name])
                             for name, one in it.populations.items()])
    assert abs(change.sum()) < 64 * EPS * sum(float(volumes[name] @ before[name]) for name in before)
    assert np.abs(change).sum() > 1e3 * abs(change.sum())


def _alive(one: Population) -> np.ndarray:
    name = f"{one.cell}.alive"
    return one.lanes.state[one.tables.names.index(name)] if name in one.tables.names else np.ones(COUNT[one.cell])


def _by_fluxes(one: Population) -> np.ndarray:
    """(cell,) change of what passes, of the junctions of the table alone."""
    one.lanes.values[one.tables.pools] = one.lanes.state
    compiled().evaluate(one.lanes.values, *one.tables.walk)
    found = np.zeros(one.count)
    for flux in one.tables.fluxes:
        if flux.process == "junction":
            found += flux.moves[0][1] * np.prod([one.lanes.values[one.part.inside.index[name]]
                                                 for name in flux.factors], axis=0)
    return found
