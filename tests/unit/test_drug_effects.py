"""Each drug of the library changes what it should in a run, and only that; in the wrong cell it does nothing."""

from __future__ import annotations

import numpy as np
import pytest

from vesica import interventions, library
from vesica.engine.program import compile_model
from vesica.engine.simulate import run_all
from vesica.engine.whole.run import trajectories
from vesica.spec import io

HEAD = """\
vesica: 1
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}
run: {duration: 12 h, every: 6 h}
cells:
  microglia: {count: 1e6, microvesicles: true}
  neuron: {count: 1e6, apoptotic_vesicles: true}
exposures: [{agent: LPS, concentration: 100 ng/mL}]
"""
SHED = "microglia~microvesicle"
MADE = ("microglia.released:microglia", f"microglia.released:{SHED}", "microglia.lysed", "medium.TNF",
        "microglia.TLR4_activity")
MET = ("neuron.bound:microglia", f"neuron.bound:{SHED}", "neuron.bound:neuron~apoptotic", "neuron.taken_up:microglia",
       "neuron.delivered:microglia", "neuron.degraded:microglia")
CHANGE = 0.03  # more than this is a change

# In the donors: exosomes, microvesicles, MVBs in lysosomes, TNF, activity of TLR4. TLR4 rises where fewer vesicles take
# it away, and is kept from rising further where more do.
DONORS = {
    "GW4869 10 uM": "-+..+", "DPTIP 1 uM": "-...+", "D_DPTIP 1 uM": "-...+", "PDDC 10 uM": "-...+",
    "cambinol 30 uM": "-...+", "bafilomycin 100 nM": "+.-..", "chloroquine 100 uM": "+.-..",
    "apilimod 1 uM": "+.-.-", "imipramine 30 uM": ".-...", "TAK242 1 uM": "-..--", "brefeldin_A 5 uM": "...-.",
    "dynasore 80 uM": ".....", "EIPA 50 uM": ".....", "heparin 50 ug/mL": ".....", "annexin_V 1 uM": ".....",
    "cytochalasin_D 5 uM": ".+...", "A23187 5 uM": "+.-..", "U18666A 5 uM": "-.+..",
}  # fmt: skip
# In the recipients: exosomes, microvesicles and apoptotic vesicles bound; exosomes taken up, delivered, degraded.
RECIPIENTS = {
    "bafilomycin 100 nM": "...---", "chloroquine 100 uM": "...---", "dynasore 80 uM": "+++---",
    "cytochalasin_D 5 uM": "+++---", "EIPA 50 uM": "+++---", "heparin 50 ug/mL": "------", "annexin_V 1 uM": "------",
    "GW4869 10 uM": "......", "DPTIP 1 uM": "......", "apilimod 1 uM": "......",
}  # fmt: skip
MEDIUM = {"etanercept 1 ug/mL": "TNF", "anti_TNF 10 ug/mL": "TNF"}
ELSEWHERE = {"apyrase", "RNase_A"}  # act on solubles that this model does not have; see `test_drugs`


def arm(words: str, cell: str = "") -> str:
    name, _, dose = words.partition(" ")
    where = f", cells: [{cell}]" if cell else ""
    return f"  {name}{cell}: {{interventions: [{{inhibitor: {name}, concentration: {dose}{where}}}]}}\n"


@pytest.fixture(scope="module")
def ends() -> dict[str, dict[str, float]]:
    """Levels at the end of each arm, over those of the control."""
    text = HEAD + "arms:\n  control: {}\n"
    text += "".join([*(arm(words, "microglia") for words in DONORS), *(arm(words, "neuron") for words in RECIPIENTS),
                     *(arm(words) for words in MEDIUM)])
    program = compile_model(interventions.resolve(io.loads(text))[0])
    runs = {run.arm.name: dict(zip(program.species, run.values[-1], strict=True)) for run in run_all(program)}
    control = runs["control"]
    return {name: {key: value / control[key] for key, value in levels.items() if control[key]}
            for name, levels in runs.items()}


def signs(levels: dict[str, float], names: tuple[str, ...]) -> str:
    return "".join("+" if levels[name] > 1 + CHANGE else "-" if levels[name] < 1 - CHANGE else "." for name in names)


@pytest.mark.parametrize("words", DONORS)
def test_in_the_donors(words: str, ends: dict[str, dict[str, float]]) -> None:
    assert signs(ends[f"{words.split(maxsplit=1)[0]}microglia"], MADE) == DONORS[words]


@pytest.mark.parametrize("words", RECIPIENTS)
def test_in_the_recipients(words: str, ends: dict[str, dict[str, float]]) -> None:
    """What donors make stays as it is."""
    levels = ends[f"{words.split(maxsplit=1)[0]}neuron"]
    assert (signs(levels, MET), signs(levels, MADE)) == (RECIPIENTS[words], ".....")


@pytest.mark.parametrize("words", MEDIUM)
def test_in_the_medium(words: str, ends: dict[str, dict[str, float]]) -> None:
    """A hundredth of TNF is left: 2.3 of loss an hour against some 200 more, and cells make it steadily."""
    levels = ends[words.split(maxsplit=1)[0]]
    assert 0.005 < levels["medium.TNF"] < 0.02
    assert signs(levels, MADE[1:3]) == ".."


def test_every_drug_of_the_library_is_looked_at() -> None:
    looked_at = {words.split()[0] for words in (*DONORS, *RECIPIENTS, *MEDIUM)} | ELSEWHERE
    assert looked_at == {name for name, agent in library.load("cns").agents.items() if agent.effects}


def test_a_wrong_sign_is_seen(ends: dict[str, dict[str, float]]) -> None:
    assert signs(ends["GW4869microglia"], MADE) != DONORS["bafilomycin 100 nM"]


def test_shedding_with_gw4869_is_what_its_fold_says(ends: dict[str, dict[str, float]]) -> None:
    """1 + (2 - 1) 10/11: nothing else changes shedding here."""
    assert ends["GW4869microglia"][f"microglia.released:{SHED}"] == pytest.approx(1 + 10 / 11, rel=1e-6)


SENDER = """\
vesica: 1
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}
run: {duration: 24 h, every: 12 h}
cells: {microglia: {count: 1e5}, neuron: {count: 1e6}}
parameters: {neuron.endosome_formation_rate: 0 1/s}     # neurons receive, and send nothing
exposures: [{agent: LPS, concentration: 100 ng/mL}]
arms:
  control: {}
  wrong: {interventions: [{inhibitor: DPTIP, concentration: 10 uM, cells: [neuron]}]}
  right: {interventions: [{inhibitor: DPTIP, concentration: 10 uM, cells: [microglia]}]}
  both: {interventions: [{inhibitor: DPTIP, concentration: 10 uM}]}
"""


def test_a_blocker_of_release_in_the_wrong_cell_gives_the_null() -> None:
    """Huang 2023: nSMase2 blocked in microglia alone does nothing where they are not the senders; here it is neurons.

    The same to the solver's tolerance of 1e-8 a step, which some hundred steps add up to less than 1e-6; in the senders
    more than a quarter is missing, and blocking both is blocking the senders.
    """
    program = compile_model(interventions.resolve(io.loads(SENDER))[0])
    control, wrong, right, both = (run.values[-1] for run in run_all(program))
    assert wrong == pytest.approx(control, rel=1e-6, abs=1e-3)
    assert both == pytest.approx(right, rel=1e-6, abs=1e-3)
    taken = program.species.index("neuron.taken_up:microglia")
    assert right[taken] < 0.75 * control[taken]


WHOLE = """\
vesica: 1
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}
run: {duration: 6 h, every: 3 h, fidelity: stochastic, seed: 3}
cells: {astrocyte: {count: 4}, neuron: {count: 4}}
"""


def whole(words: str) -> dict[str, np.ndarray]:
    program = compile_model(interventions.resolve(io.loads(f"{WHOLE}{words}\n"))[0])
    run = next(iter(trajectories(program, 0)))
    assert run.message == ""
    return dict(zip(program.species, run.values.T, strict=True))


def test_whole_numbers_with_a_drug_that_stays_are_those_with_its_factor() -> None:
    """The same run, number for number, as with (1 + 0.03)/2 of the activity written in the model."""
    drugged = whole("interventions: [{inhibitor: DPTIP, concentration: 30 nM, cells: [astrocyte]}]")
    given = whole("parameters: {astrocyte.nsmase2_activity: 0.515}")
    plain = whole("")
    assert drugged["astrocyte.made"][-1] > 100
    assert all(np.array_equal(drugged[name], given[name], equal_nan=True) for name in given)
    assert not np.array_equal(plain["astrocyte.made"], given["astrocyte.made"])


def test_whole_numbers_with_a_drug_that_comes_and_goes() -> None:
    """x = 1 and k = 0.05/h: (1 - e^-0.3)/2 after three hours, e^-0.15 of it three hours later, in every cell alike.

    A window of the fidelity holds nothing of a level that rests on itself alone: 1e-6 is the stepper's.
    """
    found = whole("interventions: [{inhibitor: bafilomycin, concentration: 10 nM, cells: [neuron], to: 3 h}]")
    top = (1 - np.exp(-0.3)) / 2
    wanted = np.array([0.0, top, top * np.exp(-0.15)])
    assert found["neuron.held_by_bafilomycin_escape_rate"] == pytest.approx(wanted, abs=1e-6)
    assert not found["astrocyte.held_by_bafilomycin_escape_rate"].any()


CVS = "variability: [{of: [nsmase2_activity], cv: 50 %}]"


def test_cells_that_differ_hold_a_drug_alike() -> None:
    """Kinds of cells share the concentration, and with it the share held: x = 1, k = 1/h, for two of six hours."""
    text = HEAD.replace("every: 6 h", "every: 1 h").replace("microvesicles: true", CVS)
    text += "interventions: [{inhibitor: DPTIP, concentration: 30 nM, from: 1 h, to: 3 h}]\n"
    program = compile_model(interventions.resolve(io.loads(text))[0])
    (run,) = run_all(program)
    found = run.values[:, program.species.index("microglia.held_by_DPTIP_nsmase2_activity")]
    top = (1 - np.exp(-4.0)) / 2
    wanted = [0.0, 0.0, (1 - np.exp(-2.0)) / 2, *(top * np.exp(-np.arange(10.0)))]
    assert found == pytest.approx(np.array(wanted), abs=1e-6)
