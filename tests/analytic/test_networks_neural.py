"""The neural networks of the library against their closed forms at rest and under one clean change each.

Rest is found to 1e-9 of a level and a run keeps 1e-8 a step (the defaults): 1e-6 holds what some hundred steps leave.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from vesica import interventions
from vesica.engine.program import compile_model
from vesica.engine.simulate import run_all
from vesica.spec import io

CLOSE = 1e-6


class Course:
    """Values of one arm over time, by name."""

    def __init__(self, text: str, run: str = "{duration: 2 h, every: 1 h}") -> None:
        words = f"vesica: 1\ndomain: {{kind: dish, diameter: 35 mm, medium: 2 mL}}\nrun: {run}\n{text}"
        model = interventions.resolve(io.loads(words))[0]
        program = compile_model(model)
        (course,) = run_all(program)
        assert course.message == ""
        self.parameters = {path: number.value for path, number in model.parameters.items()}
        self._place, self._values = program.species.index, course.values

    def __getitem__(self, name: str) -> np.ndarray:
        return self._values[:, self._place(name)]

    def end(self, name: str) -> float:
        return float(self[name][-1])

    def of(self, path: str) -> float:
        return self.parameters[path]

    def repression(self, cell: str, mirna: str) -> float:
        free, held = self.end(f"{cell}.{mirna}_target"), self.end(f"{cell}.{mirna}_repressed")
        return held / (free + held)


@pytest.mark.parametrize(
    ("cell", "exposure", "share"),
    [
        ("oligodendrocyte", "", 0.0),
        ("oligodendrocyte", "{agent: glutamate, concentration: 100 uM}", 100 / 120),
        ("neuron", "{agent: KCl, concentration: 25 mM}", 25**4 / (25**4 + 15**4)),
    ],
)
def test_calcium_settles_between_influx_and_pumps(cell: str, exposure: str, share: float) -> None:
    """rest + rise x the share of channels that are open; 100 + 900 nM in all, and back within seconds."""
    course = Course(f"cells: {{{cell}: {{count: 1e5, networks: [calcium_release]}}}}\nexposures: [{exposure}]")
    wanted = course.of(f"{cell}.calcium_release.rest") + course.of(f"{cell}.calcium_release.rise") * share
    assert course.end(f"{cell}.Ca") == pytest.approx(wanted, rel=CLOSE)


NO_UPTAKE = "neuron.binding_rate: 0 um^3/s/vesicle, neuron.macropinocytosis_rate: 0 um^3/s"


@pytest.mark.parametrize(
    ("blocked", "heard"), [("", True), ("neuron.escape_rate: 0 1/h", True), (NO_UPTAKE, False)]
)
def test_let7b_is_heard_in_endosomes_and_so_needs_uptake_and_no_escape(blocked: str, heard: bool) -> None:
    text = ("cells: {neuron: {count: 1e5, networks: [let7_tlr7]}, microglia: {count: 1e5, cargo: {let_7b: {}}}}\n"
            f"parameters: {{{blocked}}}")  # fmt: skip
    course = Course(text)
    assert course["neuron.TLR7_activity"][0] == 0.0
    assert (course.end("neuron.TLR7_activity") > 0.0) is heard


@pytest.mark.parametrize("copies", ["0 molecule", "1e3 molecule", "1e5 molecule"])
def test_synaptic_proteins_follow_the_share_of_targets_that_are_held(copies: str) -> None:
    """Syt1 = Nlg1 = 1 - loss r(146a); NTRK3 = Bcl2 = (1 - loss r(125a)) (1 - loss r(16)); spines Syt1 Nlg1.

    A knock-out of all three miRNAs gives 1 for each; the more there is of miR-146a, the fewer spines.
    """
    set_all = ", ".join(f"neuron.{name}.basal: {copies}" for name in ("miR_146a", "miR_125a", "miR_16"))
    course = Course("cells: {neuron: {count: 1e5, networks: [synapse], parameters: {death_rate: 0 1/h}}}\n"
                    f"parameters: {{{set_all}}}")  # fmt: skip
    loss = course.of("neuron.synapse.loss")
    syt1 = 1.0 - loss * course.repression("neuron", "miR_146a")
    ntrk3 = math.prod(1.0 - loss * course.repression("neuron", name) for name in ("miR_125a", "miR_16"))
    wanted = {"Syt1": syt1, "Nlg1": syt1, "spines": syt1**2, "NTRK3": ntrk3, "Bcl2": ntrk3, "dendrites": ntrk3,
              "spikes": ntrk3 * syt1**2, "Bcl2_lack": 1.0 - ntrk3}  # fmt: skip
    for name, value in wanted.items():
        assert course.end(f"neuron.{name}") == pytest.approx(value, rel=1e-5, abs=CLOSE), name
    assert (course.end("neuron.spines") == pytest.approx(1.0, rel=CLOSE)) is copies.startswith("0")


@pytest.mark.parametrize("copies", ["0 molecule", "1e5 molecule"])
def test_glt1_rises_as_its_inhibitors_fall(copies: str) -> None:
    """Inhibitors i = 1 - loss r; GLT1 = (1 + s) / (1 + s i), which is 1 without miR-124 and never above 1 + s."""
    course = Course("cells: {astrocyte: {count: 1e5, networks: [glt1]}}\n"
                    f"parameters: {{astrocyte.miR_124.basal: {copies}}}")  # fmt: skip
    left = 1.0 - course.of("astrocyte.glt1.loss") * course.repression("astrocyte", "miR_124")
    strength = course.of("astrocyte.glt1.inhibition")
    assert course.end("astrocyte.GLT1_inhibitors") == pytest.approx(left, rel=1e-5)
    assert course.end("astrocyte.GLT1") == pytest.approx((1 + strength) / (1 + strength * left), rel=1e-5)


@pytest.mark.parametrize(("catalase", "sirt2"), [(1.0, 1.0), (4.0, 1.0), (1.0, 4.0), (0.0, 0.0)])
def test_stress_of_a_starving_neuron_falls_with_enzymes_that_it_gets(catalase: float, sirt2: float) -> None:
    """(1 + starved x m) / defence, m = 2 / (1 + SIRT2 / own), defence = o + (1 - o) (catalase / own + 2) / 3.

    Half-life of stress 1.4 h: after 48 h 1e-14 of the change is left. Nothing is made by cells that lost an enzyme, and
    other means go on.
    """
    numbers = (f"neuron.starvation.at_start: 1, neuron.catalase.basal: {3e4 * catalase} molecule, "
               f"neuron.SIRT2.basal: {1e4 * sirt2} molecule")  # fmt: skip
    course = Course("cells: {neuron: {count: 1e5, networks: [support], parameters: {death_rate: 0 1/h}, "
                    "cargo: {catalase: {enrichment: 0}, SOD1: {enrichment: 0}, SIRT2: {enrichment: 0}, "
                    f"FTH1: {{enrichment: 0}}}}}}}}\nparameters: {{{numbers}}}", "{duration: 48 h, every: 24 h}")
    others, starved = course.of("neuron.support.others"), course.of("neuron.support.starved")
    defence = others + (1 - others) * (catalase + 2.0) / 3.0
    assert course["neuron.oxidative_stress"][0] == pytest.approx(1.0 / defence, rel=CLOSE)
    assert course.end("neuron.oxidative_stress") == pytest.approx((1 + starved * 2 / (1 + sirt2)) / defence, rel=CLOSE)


def test_resting_levels_of_the_other_networks_are_one_without_their_mirnas() -> None:
    off = "{basal: 0 molecule}"
    course = Course(f"""\
cells:
  microglia: {{count: 1e5, networks: [glial_mirnas], cargo: {{miR_155: {off}, miR_21: {off}, miR_124: {off}}}}}
  endothelium: {{count: 1e5, networks: [barrier], cargo: {{miR_132: {off}, miR_181c: {off}}}}}
  neuron: {{count: 1e5, networks: [bdnf], cargo: {{BDNF: {{enrichment: 0}}, BDNF_mRNA: {{enrichment: 0}}}}}}
""")
    for name in ("microglia.SOCS1", "microglia.PTEN", "microglia.PU1", "endothelium.eEF2K", "endothelium.VE_cadherin",
                 "endothelium.PDPK1", "endothelium.tightness", "neuron.TrkB_activity"):  # fmt: skip
        assert course.end(name) == pytest.approx(1.0, rel=CLOSE), name


# ---- templates

TEMPLATES = [("synuclein", "asyn", "asyn_fibril"), ("tauopathy", "tau", "tau_fibril"),
             ("amyloid", "amyloid_beta", "amyloid_fibril")]  # fmt: skip
FAST = {"synuclein": 5e-6, "tauopathy": 5e-6, "amyloid": 5e-4}  # 5 per day at the copies of a neuron


def templated(network: str, soluble: str, fibril: str, words: str) -> Course:
    return Course(f"cells: {{neuron: {{count: 1e5, networks: [{network}], parameters: {{death_rate: 0 1/h}}, cargo: "
                  f"{{{soluble}: {{enrichment: 0}}, {fibril}: {{enrichment: 0, {words}}}}}}}}}\n"
                  f"parameters: {{neuron.{network}.template_k: {FAST[network]} 1/molecule/d}}")


@pytest.mark.parametrize(("network", "soluble", "fibril"), TEMPLATES)
def test_no_seed_no_aggregate(network: str, soluble: str, fibril: str) -> None:
    course = templated(network, soluble, fibril, "basal: 0 molecule")
    assert not course[f"neuron.{fibril}"].any()
    assert course.end(f"neuron.{soluble}") == pytest.approx(course.of(f"neuron.{soluble}.basal"), rel=CLOSE)


@pytest.mark.parametrize(("network", "soluble", "fibril"), TEMPLATES)
def test_a_seed_converts_its_own_kind_up_to_the_closed_form(network: str, soluble: str, fibril: str) -> None:
    """With a steady seed e made at e d: 0 = p (A - a) - k a f and 0 = d (e - f) + k a f.

    So f = e + p (A - a) / d, and a is the root of p (A - a) = k a f between 0 and A. Conversion is
    made fast, so that the slowest rate is the turnover p of at least 0.277 per day: 180 days leave 1e-21.
    """
    course = templated(network, soluble, fibril, "basal: 10 molecule, decay_rate: 1 1/d")
    whole, p = course.of(f"neuron.{soluble}.basal"), course.of(f"neuron.{soluble}.decay_rate")
    seed, d = course.of(f"neuron.{fibril}.basal"), course.of(f"neuron.{fibril}.decay_rate")
    k = course.of(f"neuron.{network}.template_k")
    b = p + k * seed + k * p * whole / d  # (k p / d) a^2 - b a + p A = 0
    a = 2.0 * p * whole / (b + math.sqrt(b * b - 4.0 * (k * p / d) * p * whole))
    assert course.end(f"neuron.{soluble}") == pytest.approx(a, rel=CLOSE)
    assert course.end(f"neuron.{fibril}") == pytest.approx(seed + p * (whole - a) / d, rel=CLOSE)


def test_aggregates_that_arrive_grow_in_neurons_and_not_in_glia() -> None:
    """A neuron's copies convert faster than it clears (k A > d), those of an astrocyte slower."""
    course = Course("""\
cells:
  sick: {like: neuron, count: 1e5, networks: [synuclein], cargo: {asyn_fibril: {basal: 1000 molecule}}}
  neuron: {count: 1e5, networks: [synuclein]}
""")
    assert course["neuron.asyn_fibril"][0] == 0.0
    assert 0.0 < course["neuron.asyn_fibril"][1] < course["neuron.asyn_fibril"][2]
    growth = course.of("neuron.synuclein.template_k") * course.of("neuron.asyn.basal")
    assert growth > course.of("neuron.asyn_fibril.decay_rate") > growth / 100
