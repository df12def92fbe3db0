"""Channels beside vesicles against their closed forms: one mechanism each, in a stirred dish.

The solver keeps 1e-8 a step, of some hundred steps, so 1e-6 holds what they leave; a steady state is read where
everything has had twenty times its slowest time, which leaves 2e-9 of the way.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import lambertw

from vesica import interventions
from vesica.engine.program import compile_model
from vesica.engine.simulate import run_all
from vesica.spec import io

CLOSE = 1e-6
VOLUME = 2e12  # um^3, 2 mL
QUIET = "'*.endosome_formation_rate': 0 1/s"  # no vesicles
ALIVE = "neuron.death_rate: 0 1/h"  # others do not die
NO_TNF = "microglia.TNF.secretion_rate: 0 molecule/s"


class Course:
    """Values of one arm over time, by name."""

    def __init__(self, text: str, run: str = "{duration: 2 h, every: 1 h}", mixing: str = "stirred") -> None:
        words = (f"vesica: 1\ndomain: {{kind: dish, diameter: 35 mm, medium: 2 mL, mixing: {mixing}}}\n"
                 f"run: {run}\n{text}")
        self.model = interventions.resolve(io.loads(words))[0]
        program = compile_model(self.model)
        (course,) = run_all(program)
        assert course.message == ""
        self.times, self._place, self._values = course.times, program.species.index, course.values

    def __getitem__(self, name: str) -> np.ndarray:
        return self._values[:, self._place(name)]

    def end(self, name: str) -> float:
        return float(self[name][-1])

    def of(self, path: str) -> float:
        return self.model.parameters[path].value

    def concentration(self, soluble: str) -> float:
        return self.end(f"medium.{soluble}") / VOLUME


def hill(x: float, half: float) -> float:
    return x / (half + x)


# ---- networks of the medium


def test_michaelis_menten_in_the_medium_follows_lamberts_w() -> None:
    """S = K W(S0/K exp((S0 - V t)/K)), what goes in comes out; an assignment reads as its words would."""
    course = Course("solubles: {A: {decay_rate: 0 1/h}, B: {decay_rate: 0 1/h}}\n"
                    "networks: {cut: {constants: {V: 3 nM/s, K: 7 uM}, assignments: {share: A / (A + K)},\n"
                    "  reactions: {cut: {equation: A -> 2 B, rate: V * share}}}}\n"
                    "medium: {networks: [cut], contents: {A: 10 uM}}\ncells: {neuron: {count: 1e3}}")
    start, most, half = 10e3, 3.0, 7e3  # nM, s
    left = half * lambertw(start / half * np.exp((start - most * course.times) / half)).real
    assert course["medium.A"] / course["medium.A"][0] == pytest.approx(left / start, rel=CLOSE)
    assert 2 * course["medium.A"] + course["medium.B"] == pytest.approx(2 * course["medium.A"][0], rel=CLOSE)


SHEDDING = "{count: 1e5, microvesicles: true, cargo: {CD39: {}}}"


@pytest.mark.parametrize("mixing", ["stirred", "still"])
def test_an_enzyme_on_free_vesicles_acts_by_its_copies_of_all_classes(mixing: str) -> None:
    """dA/dt = -k E A and dC/dt = c E for any course of E: ln(A0/A) = (k/c) C. Two classes of vesicles carry E.

    In a still dish that holds only where A is everywhere: there the clock alone is read, against the sum of places.
    """
    course = Course("solubles: {A: {decay_rate: 0 1/h}, clock: {decay_rate: 0 1/h}}\n"
                    "networks: {cut: {constants: {k: 1 1/(nM*s), c: 1 1/s}, reactions: {\n"
                    "  cut: {equation: A ->, rate: k * free_CD39 * A},\n"
                    "  tick: {equation: -> clock, rate: c * free_CD39}}}}\n"
                    f"medium: {{networks: [cut], contents: {{A: 1 nM}}}}\ncells: {{microglia: {SHEDDING}}}",
                    "{duration: 12 h, every: 2 min}", mixing)
    copies = course["medium.free:microglia/CD39"] + course["medium.free:microglia~microvesicle/CD39"]
    ticked = np.sum((copies[1:] + copies[:-1]) / 2 * np.diff(course.times))  # 360 steps: 1/360^2 of the whole
    assert course.end("medium.clock") == pytest.approx(ticked, rel=1e-4)
    if mixing == "stirred":
        rate = course.of("medium.cut.k") / course.of("medium.cut.c") / VOLUME
        gone = np.log(course["medium.A"][0] / course["medium.A"])
        assert gone[-1] > 0.01
        assert gone == pytest.approx(rate * course["medium.clock"], rel=CLOSE, abs=1e-9)


# ---- nucleotides

MICROGLIA = "microglia: {count: 2e5, networks: [surface_nucleotidases]}"


def test_the_surface_splits_atp_by_its_enzymes_alone() -> None:
    """Without competition ATP follows Lambert's W with V = kcat E N / volume."""
    course = Course(f"cells: {{{MICROGLIA}}}\nparameters: {{{QUIET}, {NO_TNF},\n"
                    "  microglia.surface_nucleotidases.km_ADP: 1e9 M}\n"
                    "exposures: [{add: ATP, concentration: 20 uM, at: 0 h}]",
                    "{duration: 10 h, every: 1 h, relative_tolerance: 1e-10}")
    start, half = course["medium.ATP"][0] / VOLUME, course.of("microglia.surface_nucleotidases.km_ATP")
    most = course.of("microglia.surface_nucleotidases.kcat_ATP") * course.end("microglia.CD39") * 2e5 / VOLUME
    left = half * lambertw(start / half * np.exp((start - most * course.times) / half)).real
    assert course["medium.ATP"] / VOLUME == pytest.approx(left, rel=CLOSE)
    assert left[-1] < 0.8 * start


@pytest.mark.parametrize("mixing", ["stirred", "still"])
def test_adenine_is_neither_made_nor_lost_on_cells_and_on_vesicles(mixing: str) -> None:
    course = Course(f"medium: {{networks: [ectonucleotidases]}}\ncells: {{{MICROGLIA}}}\n"
                    "exposures: [{add: ATP, concentration: 30 uM, at: 1 h, every: 2 h, times: 3}]",
                    "{duration: 12 h, every: 1 h}", mixing)
    total = sum(course[f"medium.{name}"] for name in ("ATP", "ADP", "AMP", "adenosine"))
    one = 30e-6 * 6.02214076e8 * VOLUME
    given = one * ((course.times >= 3600.0).astype(int) + (course.times >= 3 * 3600.0) + (course.times >= 5 * 3600.0))
    assert total == pytest.approx(given, rel=CLOSE, abs=1.0)
    assert course.end("medium.adenosine") > 0.0


def test_released_atp_ends_as_adenosine_that_cells_take_up() -> None:
    """Each step carries what is released: with u = q / (kcat E), a = u/(1 - u - w) and so on; A2A by its affinity."""
    course = Course("cells: {astrocyte: {count: 1e6, networks: [atp_release]},\n"
                    "  microglia: {count: 1e5, networks: [surface_nucleotidases, adenosine_signal]}}\n"
                    f"parameters: {{{QUIET}, astrocyte.ATP.secretion_rate: 1e4 molecule/s,\n"
                    "  microglia.CD39.basal: 3e6 molecule, microglia.CD73.basal: 3e6 molecule,\n"
                    "  microglia.adenosine_signal.most_taken: 1e8 molecule/s}",
                    "{duration: 96 h, every: 24 h}")
    network = "microglia.surface_nucleotidases"
    flow = course.of("astrocyte.ATP.secretion_rate") * 10.0  # ten astrocytes for a microglia
    enzyme = {name: course.end(f"microglia.{name}") for name in ("CD39", "CD73")}
    u, w = (flow / (course.of(f"{network}.kcat_{name}") * enzyme["CD39"]) for name in ("ATP", "ADP"))
    atp = course.of(f"{network}.km_ATP") * u / (1 - u - w)
    adp = course.of(f"{network}.km_ADP") * w / (1 - u - w)
    z = flow / (course.of(f"{network}.kcat_AMP") * enzyme["CD73"])
    held = 1 + (atp + adp) / course.of(f"{network}.inhibition")
    taken = flow / course.of("microglia.adenosine_signal.most_taken")
    adenosine = course.of("microglia.adenosine_signal.half_taken") * taken / (1 - taken)
    expected = {"ATP": atp, "ADP": adp, "AMP": course.of(f"{network}.km_AMP") * held * z / (1 - z),
                "adenosine": adenosine}
    assert {name: course.concentration(name) for name in expected} == pytest.approx(expected, rel=1e-5)
    affinity = course.of("microglia.adenosine_signal.half_max")
    assert course.end("microglia.A2A_activity") == pytest.approx(hill(adenosine, affinity), rel=1e-5)


def test_a_blocked_soluble_route_leaves_the_nucleotides_unsplit() -> None:
    """Networks of a cell that feels no solubles take none of them."""
    course = Course(f"cells: {{{MICROGLIA}}}\ninterventions: [{{block: soluble}}]\n"
                    "exposures: [{add: ATP, concentration: 20 uM, at: 0 h}]")
    assert course.end("medium.ATP") == course["medium.ATP"][0] > 0.0


# ---- peptide


def test_a_peptide_stands_between_secretion_and_peptidase() -> None:
    """N s = M kcat E L/(K + L) + d V L: a quadratic in L."""
    course = Course("cells: {neuron: {count: 1e5, networks: [neuropeptide]},\n"
                    "  microglia: {count: 1e5, networks: [peptidase]}}\n"
                    f"parameters: {{{QUIET}, {ALIVE}, neuron.enkephalin.secretion_rate: 5e7 molecule/s,\n"
                    "  microglia.CD13.basal: 1e8 molecule}", "{duration: 48 h, every: 24 h}")
    made = course.of("neuron.enkephalin.secretion_rate") * 1e5
    most = course.of("microglia.peptidase.kcat") * course.end("microglia.CD13") * 1e5
    half, lost = course.of("microglia.peptidase.km"), course.of("enkephalin.decay_rate") * VOLUME
    b = lost * half + most - made
    level = (-b + math.sqrt(b**2 + 4 * lost * made * half)) / (2 * lost)
    assert course.concentration("enkephalin") == pytest.approx(level, rel=CLOSE)
    assert 0.2 < most * hill(level, half) / made < 0.8  # both ways count


# ---- potassium


def test_astrocytes_hold_potassium_and_active_neurons_raise_it() -> None:
    """hill(K) = hill(rest) + N r / (M most); without glutamate it stays at rest."""
    cells = ("cells: {neuron: {count: 1e5, networks: [potassium_release]},\n"
             "  astrocyte: {count: 3e5, networks: [potassium_buffering]}}\nmedium: {contents: {potassium: 3 mM}}\n"
             f"parameters: {{{QUIET}, {ALIVE}, astrocyte.potassium_buffering.most: 1e13 molecule/s,\n"
             "  neuron.potassium_release.per_spike: 1e12 molecule}\n")
    calm = Course(cells)
    assert calm["medium.potassium"] == pytest.approx(calm["medium.potassium"][0], rel=1e-12)
    course = Course(f"{cells}exposures: [{{agent: glutamate, concentration: 20 uM}}]")
    half, rest = (course.of(f"astrocyte.potassium_buffering.{name}") for name in ("half", "rest"))
    release, buffering = "neuron.potassium_release", "astrocyte.potassium_buffering"
    lost = course.of(f"{release}.per_spike") * course.of(f"{release}.firing")
    lost *= hill(20e-6 * 6.02214076e8, course.of(f"{release}.glutamate_half_max"))
    share = hill(rest, half) + lost / 3 / course.of(f"{buffering}.most")
    assert course.concentration("potassium") == pytest.approx(half * share / (1 - share), rel=CLOSE)
    assert share > 1.1 * hill(rest, half)


# ---- lipids


def test_prostaglandin_rises_with_cox2_and_engages_ep2() -> None:
    """P = N s COX2 / d (1 - exp(-d t)); EP2 signalling settles at P / (K + P)."""
    course = Course("cells: {neuron: {count: 1e5, networks: [prostaglandin]},\n"
                    "  microglia: {count: 1e5, networks: [ep2_signal]}}\n"
                    f"parameters: {{{QUIET}, {ALIVE}, {NO_TNF}, PGE2.decay_rate: 1 1/h,\n"
                    "  neuron.prostaglandin.at_rest: 1e5 molecule/s}",
                    "{duration: 40 h, every: 2 h}")
    cox2, loss = course["neuron.COX2"], course.of("PGE2.decay_rate")
    assert cox2 == pytest.approx(cox2[0], rel=CLOSE)
    made = 1e5 * course.of("neuron.prostaglandin.at_rest") * cox2[0]
    expected = made / loss * -np.expm1(-loss * course.times)
    assert course["medium.PGE2"] == pytest.approx(expected, rel=CLOSE)
    affinity = course.of("microglia.ep2_signal.half_max")
    assert course.end("microglia.EP2_activity") == pytest.approx(hill(expected[-1] / VOLUME, affinity), rel=CLOSE)


@pytest.mark.parametrize("dose", ["", "{add: TNF, concentration: 0.1 nM, at: 0 h}"])
def test_s1p_follows_sphingosine_kinase_and_that_tnf(dose: str) -> None:
    course = Course("cells: {astrocyte: {count: 1e5, networks: [sphingosine_kinase]}}\n"
                    f"parameters: {{{QUIET}, TNF.decay_rate: 0 1/h, astrocyte.TNF.secretion_rate: 0 molecule/s}}\n"
                    f"exposures: [{dose}]", "{duration: 12 h, every: 6 h}")
    drive = hill(course.concentration("TNF"), course.of("astrocyte.sphingosine_kinase.half_max"))
    activity = 1 + (course.of("astrocyte.sphingosine_kinase.fold") - 1) * drive
    assert (drive > 0.5) is bool(dose)
    assert course.end("astrocyte.SphK") == pytest.approx(activity, rel=CLOSE)
    made = 1e5 * course.of("astrocyte.sphingosine_kinase.at_rest") * activity
    assert course.end("medium.S1P") == pytest.approx(made / course.of("S1P.decay_rate"), rel=CLOSE)


# ---- growth factor and chemokine


def test_a_growth_factor_is_taken_in_with_its_receptor() -> None:
    """All that is secreted is taken in: C = q/e; receptors made = lost + taken in; L = (r + e) C / (k R)."""
    course = Course("cells: {neuron: {count: 1e5, networks: [trkb_binding]}, astrocyte: {count: 1e5, solubles:\n"
                    "  {BDNF_free: {secretion_rate: 0.2 molecule/s}}}}\n"
                    f"parameters: {{{QUIET}, {ALIVE}, BDNF_free.decay_rate: 0 1/h}}",
                    "{duration: 40000 h, every: 20000 h}")
    path = "neuron.trkb_binding"
    bound = course.of("astrocyte.BDNF_free.secretion_rate") / course.of(f"{path}.take_in_k")
    free = course.of(f"{path}.copies") - bound * course.of(f"{path}.take_in_k") / course.of(f"{path}.lose_k")
    leaving = course.of(f"{path}.leave_k") + course.of(f"{path}.take_in_k")
    assert course.end("neuron.TrkB_BDNF") == pytest.approx(bound, rel=CLOSE)
    assert course.end("neuron.TrkB") == pytest.approx(free, rel=CLOSE)
    assert course.end("neuron.TrkB_occupied") == pytest.approx(bound / course.of(f"{path}.copies"), rel=CLOSE)
    assert course.concentration("BDNF_free") == pytest.approx(leaving * bound / course.of(f"{path}.bind_k") / free,
                                                              rel=CLOSE)


def test_what_a_receptor_holds_is_gone_from_the_medium() -> None:
    """Without internalisation ligand is in the medium or bound: L and C by the equilibrium of 1e5 cells' receptors."""
    course = Course("cells: {neuron: {count: 5e6, networks: [trkb_binding]}}\n"
                    f"parameters: {{{QUIET}, {ALIVE}, BDNF_free.decay_rate: 0 1/h,\n"
                    "  neuron.trkb_binding.take_in_k: 0 1/h, neuron.trkb_binding.lose_k: 0 1/h}\n"
                    "exposures: [{add: BDNF_free, concentration: 0.1 nM, at: 0 h}]", "{duration: 48 h, every: 24 h}")
    path = "neuron.trkb_binding"
    affinity = course.of(f"{path}.leave_k") / course.of(f"{path}.bind_k")
    given, sites = 0.1 * 0.602214076, 5e6 * course.of(f"{path}.copies") / VOLUME
    b = given + sites + affinity
    bound = (b - math.sqrt(b**2 - 4 * given * sites)) / 2
    assert course.concentration("BDNF_free") == pytest.approx(given - bound, rel=CLOSE)
    assert course.end("neuron.TrkB_BDNF") * 5e6 / VOLUME == pytest.approx(bound, rel=CLOSE)


def test_a_chemokine_receptor_is_taken_in_and_returns() -> None:
    """C = q/e, I = q/r, R = T - C - I."""
    course = Course("cells: {microglia: {count: 1e5, networks: [ccr2_binding]}, astrocyte: {count: 1e5, solubles:\n"
                    "  {CCL2: {secretion_rate: 3 molecule/s}}}}\n"
                    f"parameters: {{{QUIET}, {NO_TNF}, CCL2.decay_rate: 0 1/h}}",
                    "{duration: 20000 h, every: 10000 h}")
    path = "microglia.ccr2_binding"
    bound, inside = (3.0 / course.of(f"{path}.{name}_k") for name in ("take_in", "return"))
    free = course.of(f"{path}.copies") - bound - inside
    leaving = course.of(f"{path}.leave_k") + course.of(f"{path}.take_in_k")
    assert course.end("microglia.CCR2_CCL2") == pytest.approx(bound, rel=CLOSE)
    assert course.end("microglia.CCR2_inside") == pytest.approx(inside, rel=CLOSE)
    ligand = leaving * bound / course.of(f"{path}.bind_k") / free
    assert course.concentration("CCL2") == pytest.approx(ligand, rel=CLOSE)
