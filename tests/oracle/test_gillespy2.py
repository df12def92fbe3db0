"""Whole laws of the exact stepper beside the compiled Gillespie of gillespy2: birth and death, pairs, 20 species.

gillespy2 is under the GPL and compiles its models with a C++ compiler by scons, so it is a judge of tests only and
in no list of requirements: `pip install gillespy2 scons` by hand runs them. Its mass action of 2 A (version 1.8.3)
counts ordered pairs, k A (A - 1), as ours does. Samples of the same size are compared by chi-square, false alarm
1e-9 for each of 47 comparisons (tests/comparisons.py).
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from tests.comparisons import same_law
from tests.networks import Small, chain, replicates, small

gillespy2 = pytest.importorskip("gillespy2", reason="gillespy2 (GPL, needs C++ and scons) is installed by hand only")
if shutil.which("g++") is None and shutil.which("c++") is None:
    pytest.skip("gillespy2 compiles its models, and here is no C++ compiler", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore:visit_:DeprecationWarning")  # gillespy2's own, when it reads a rate
BIRTH_DEATH = small({"A": 3.0}, [("in", ("k",), {"A": 1}), ("out", ("d", "A"), {"A": -1})], {"k": 12.0, "d": 0.8})
DIMERS = small({"A": 40.0, "D": 0.0}, [("dim", ("k", "A", "A"), {"A": -2, "D": 1}),
                                       ("un", ("u", "D"), {"D": -1, "A": 2})], {"k": 0.02, "u": 0.5})
TIMES, N = (1.0, 4.0), 8000


def theirs(of: Small, count: int, seed: int) -> np.ndarray:
    """(replicate, time, state) of gillespy2's compiled direct method."""
    model = gillespy2.Model(name="judged")
    table, at = of.program.table, of.program.index
    pools = [pool.name for pool in table.pools]
    species = {name: gillespy2.Species(name=name, initial_value=int(start), mode="discrete")
               for name, start in zip(pools, of.start, strict=True)}
    model.add_species(list(species.values()))
    for k, flux in enumerate(table.fluxes):
        taken = {name: flux.factors.count(name) for name in pools if name in flux.factors}
        constant = float(np.prod([of.values[at[name]] for name in flux.factors if name not in pools]))
        rate = gillespy2.Parameter(name=f"c{k}", expression=constant)
        model.add_parameter(rate)
        made = {name: taken.get(name, 0) + dict(flux.moves).get(name, 0) for name in pools}
        model.add_reaction(gillespy2.Reaction(
            name=f"r{k}", rate=rate, reactants={species[name]: number for name, number in taken.items()},
            products={species[name]: number for name, number in made.items() if number}))
    model.timespan(np.linspace(0.0, TIMES[1], 5))
    runs = gillespy2.SSACSolver(model=model).run(number_of_trajectories=count, seed=seed)
    return np.array([[[one[name][k] for name in pools] for k in (1, 4)] for one in runs])


@pytest.mark.parametrize("of", [BIRTH_DEATH, DIMERS, chain(20)], ids=["birth_death", "pairs", "twenty_species"])
def test_laws_are_those_of_gillespy2(of: Small) -> None:
    ours, judged = replicates(of, TIMES, N, seed=11), theirs(of, N, 12)
    for j in range(len(TIMES)):
        for state in range(len(of.net.names)):
            assert same_law(ours[:, j, state].astype(int), judged[:, j, state].astype(int)), (j, state)


def test_a_wrong_constant_of_pairs_is_seen() -> None:
    """Unordered pairs would halve the constant: the mean of A at t = 1 rises by more than its spread."""
    values = DIMERS.values.copy()
    values[DIMERS.program.index["k"]] /= 2
    wrong = Small(DIMERS.program, DIMERS.tables, DIMERS.net, values, DIMERS.start)
    assert not same_law(replicates(wrong, TIMES, N, seed=11)[:, 0, 1].astype(int),
                        theirs(DIMERS, N, 12)[:, 0, 1].astype(int))
