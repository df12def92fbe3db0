"""What received cargo does, in closed form through the whole engine, each with its controls.

Takers get vesicles of donors that are not in the dish. They drink them, so the vesicles come in at a known course
(`tests.analytic.test_uptake`); `transfer` is the chain of first-order steps that follow.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import poisson

from tests.analytic.builders import VOLUME, H, Run, build, dish, run, transfer
from vesica.biology.delivery import engaged_vesicles, held_at_rest, loaded_share, titration_free_mirna
from vesica.spec.cells import CellType, Signal
from vesica.spec.resolved import Arm, Cargo, Dose, Exposure, Rule

N_CELLS, PER_CELL, COPIES = 1e6, 1e3, 0.5  # cells, vesicles per cell, copies per vesicle
MIR, OTHER = Cargo("mir", "mirna", "lumen"), Cargo("other", "mirna", "lumen")
MRNA, PROTEIN = Cargo("mrna", "mrna", "lumen"), Cargo("protein", "protein", "lumen")
RECEPTOR, LIGAND = Cargo("receptor", "receptor", "membrane"), Cargo("ligand", "ligand", "membrane")
DRINK, DECAY = 60.0, 0.01 / H  # um^3/s per cell; of free vesicles
HAZARD = N_CELLS * DRINK / VOLUME
LOST = HAZARD + DECAY
ESCAPE, DEGRADE = 0.3 / H, 0.7 / H
JOURNEY = {"medium.ev_decay_rate": DECAY, "taker.macropinocytosis_rate": DRINK, "taker.escape_rate": ESCAPE,
           "taker.ev_degradation_rate": DEGRADE}
DOSE = PER_CELL * COPIES * HAZARD / LOST * ESCAPE / (ESCAPE + DEGRADE)  # copies that come into the cytosol in the end
INTO = (LOST, ESCAPE + DEGRADE)  # losses of the steps on the way into the cytosol


def taker(**said: object) -> CellType:
    return CellType("taker", "taker", secretes_vesicles=False, **said)  # type: ignore[arg-type]


def given(cell: CellType, changes: dict[str, float], *, cargo: tuple[Cargo, ...], hours: float = 24,
          per_cell: float = PER_CELL, rules: tuple[Rule, ...] = (), solubles: tuple[str, ...] = ()) -> Run:
    """Takers alone in a dish, with a dose of donors' vesicles that carry every cargo, at time zero."""
    donor = CellType("donor", "donor", cargo=tuple(one.name for one in cargo), takes_up_vesicles=False)
    arm = Arm("arm", {"taker": N_CELLS}, doses=(Dose("source", "taker", "particles_per_cell", per_cell, 0.0),))
    held = {"medium.free:donor": 1.0} | {f"medium.free:donor/{one.name}": COPIES for one in cargo}
    held |= {f"medium.{name}": 0.0 for name in solubles}
    model = build((donor, cell), (arm,), JOURNEY | changes, cargo=cargo, duration=hours * H, rules=rules,
                  solubles=solubles)
    return run(model, dish(held))


def resting(cell: CellType, changes: dict[str, float], *, cargo: tuple[Cargo, ...], rules: tuple[Rule, ...] = (),
            exposures: tuple[Exposure, ...] = ()) -> Run:
    """Cells without vesicles."""
    cell = replace(cell, takes_up_vesicles=False)
    agents = tuple({one.agent for one in exposures})
    return run(build((cell,), (Arm("arm", {cell.name: N_CELLS}, exposures=exposures),), changes, cargo=cargo,
                     rules=rules, agents=agents, duration=48 * H))


# ---- mRNA

TRANSLATION, MRNA_LOSS, PROTEIN_LOSS = 30 / H, 0.1 / H, 0.05 / H
TURNOVER = {"taker.mrna.decay_rate": MRNA_LOSS, "taker.protein.decay_rate": PROTEIN_LOSS,
            "taker.mrna.translation_rate": TRANSLATION}


def translating(**changes: float) -> Run:
    cell = taker(cargo=("mrna", "protein"), translations=(("mrna", "protein"),))
    return given(cell, TURNOVER | {f"taker.{path}": value for path, value in changes.items()}, cargo=(MRNA, PROTEIN))


def test_received_mrna_is_translated() -> None:
    """mRNA as miRNA would come; protein made at k for each, d_p lost: k/d_m times the next step of the chain.

    The protein that vesicles carry comes as well, and adds up. The error of the mRNA is made k/d_p times larger.
    """
    found = translating()
    mrna = DOSE * transfer(found.times, *INTO, MRNA_LOSS)
    assert np.abs(found["taker.mrna"] - mrna).max() <= found.bound(PER_CELL)
    made = DOSE * TRANSLATION / MRNA_LOSS * transfer(found.times, *INTO, MRNA_LOSS, PROTEIN_LOSS)
    brought = DOSE * transfer(found.times, *INTO, PROTEIN_LOSS)
    bound = found.bound(made.max()) + TRANSLATION / PROTEIN_LOSS * found.bound(PER_CELL)
    assert np.abs(found["taker.protein"] - made - brought).max() <= bound
    assert made[-1] > 1e3 * bound


def test_nothing_is_made_without_escape_or_of_an_mrna_that_is_not_translated() -> None:
    assert np.all(translating(escape_rate=0.0)["taker.protein"] == 0.0)
    found = translating(**{"mrna.translation_rate": 0.0})
    brought = DOSE * transfer(found.times, *INTO, PROTEIN_LOSS)
    assert np.abs(found["taker.protein"] - brought).max() <= found.bound(PER_CELL)


def test_own_mrna_makes_protein_at_rest() -> None:
    """Protein at rest = basal + k mRNA/d, to `Run.bound` of it."""
    cell = taker(cargo=("mrna", "protein"), translations=(("mrna", "protein"),))
    found = resting(cell, TURNOVER | {"taker.mrna.basal": 40.0, "taker.protein.basal": 100.0}, cargo=(MRNA, PROTEIN))
    rest = 100.0 + 40.0 * TRANSLATION / PROTEIN_LOSS
    assert found["taker.protein"] == pytest.approx(rest, abs=2 * found.bound(rest))


def test_a_rule_raises_translation() -> None:
    """Half of the effect of a three-fold rule: twice the protein of the mRNA."""
    cell = taker(cargo=("mrna", "protein"), translations=(("mrna", "protein"),), signals=(Signal("alarm"),))
    rule = Rule("more", "taker", "alarm", "increases", "mrna_translation", "alarm raises translation")
    changes = TURNOVER | {"taker.mrna.basal": 40.0, "taker.alarm.basal": 1.0, "taker.alarm.decay_rate": 1 / H,
                          "rule.more.fold": 3.0, "rule.more.half_max": 1.0}
    found = resting(cell, changes, cargo=(MRNA, PROTEIN), rules=(rule,))
    rest = 2 * 40.0 * TRANSLATION / PROTEIN_LOSS
    assert found["taker.protein"] == pytest.approx(rest, abs=2 * found.bound(rest))


# ---- Ago

PLENTY = 1e13  # copies of Ago: so many that miRNA of a model changes nothing of it
LOADING, BARE_LOSS, GUIDE_LOSS = 4 / H, 2 / H, 0.03 / H  # mean of 15 min into Ago, loss before and after
AGO = {"taker.ago_copies": PLENTY, "taker.ago_loading_rate": LOADING / PLENTY, "taker.duplex_decay_rate": BARE_LOSS,
       "taker.loaded_arrival_share": 0.0, "taker.mir.decay_rate": GUIDE_LOSS}


def test_labelled_mirna_is_born_loaded_and_lost_one_after_the_other() -> None:
    """X28: what is made from time zero on (here: three times the basal production) is duplex, then in Ago, then gone.

    Guides (t) = s P/g [1 - (a exp(-g t) - g exp(-a t))/(a - g)] with a = l + b the loss of duplex, s = l/a the share
    loaded and g the loss of guides: first late by 1/a, then at the pace of the guide's own half-life. Ago is so much
    that taking 1e3 of 1e13 moves the hazard by less than the solver's tolerance.
    """
    basal, pace = 500.0, LOADING + BARE_LOSS
    rule = Rule("label", "taker", "agent", "increases", "mir_production", "agent raises production")
    changes = AGO | {"taker.mir.basal": basal, "rule.label.fold": 3.0, "rule.label.half_max": 1e-6}
    found = resting(taker(cargo=("mir",), has_ago=True), changes, cargo=(MIR,), rules=(rule,),
                    exposures=(Exposure("agent", (0.0,), (1.0,)),))
    t = found.times
    course = 1 - (pace * np.exp(-GUIDE_LOSS * t) - GUIDE_LOSS * np.exp(-pace * t)) / (pace - GUIDE_LOSS)
    bound = found.bound(3 * basal)
    assert found["taker.mir"][0] == pytest.approx(basal, abs=bound)
    assert np.abs(found["taker.mir"] - basal * (1 + 2 * course)).max() <= bound
    duplex = basal * GUIDE_LOSS / LOADING * (1 + 2 * -np.expm1(-pace * t))
    assert np.abs(found["taker.mir_duplex"] - duplex).max() <= bound
    assert loaded_share(LOADING / PLENTY, PLENTY, BARE_LOSS) == pytest.approx(LOADING / pace, rel=1e-15)


def test_resting_copies_are_the_basal_ones_whatever_is_lost_before_loading() -> None:
    """Two miRNAs share scarce Ago, one of them with targets. Kernel `duplex_synthesis`; closed form `held_at_rest`.

    Ago in all is `ago_copies`. A cell stands for 180 days, so what is left of the way to rest is nothing, and each pool
    is off by `Run.bound` of the largest.
    """
    sites = {"target_sites": 3e3, "target_decay_rate": 0.07 / H, "target_binding_rate": 1e-6,
             "target_unbinding_rate": 1e-4, "repressed_decay_rate": 0.2 / H}
    changes = AGO | {f"taker.mir.{name}": value for name, value in sites.items()}
    changes |= {"taker.ago_copies": 5e3, "taker.ago_loading_rate": LOADING / 2e3, "taker.mir.basal": 1500.0,
                "taker.other.basal": 800.0, "taker.other.decay_rate": 0.1 / H}
    found = resting(taker(cargo=("mir", "other"), mirna_targets=("mir",), has_ago=True), changes, cargo=(MIR, OTHER))
    held = held_at_rest(1500.0, *sites.values())
    bound = found.bound(5e3)
    assert held > 500.0  # not a trace
    for pool, level in (("mir", 1500.0), ("other", 800.0), ("mir_repressed", held), ("ago", 5e3 - 2300.0 - held)):
        assert found[f"taker.{pool}"] == pytest.approx(level, abs=bound), pool
    assert bound < 0.1


def receiving(share: float, ago: float = PLENTY, **changes: float) -> Run:
    """Takers without miRNA of their own get one that comes in Ago with the given chance."""
    own = AGO | {"taker.ago_copies": ago, "taker.ago_loading_rate": LOADING / ago, "taker.loaded_arrival_share": share}
    return given(taker(cargo=("mir",), has_ago=True), own | {f"taker.{path}": value for path, value in changes.items()},
                 cargo=(MIR,))


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_received_mirna_is_loaded_before_it_acts(share: float) -> None:
    """What comes bare goes through one more step, and b/(l + b) of it is lost; what comes in Ago does not."""
    found = receiving(share)
    bare = LOADING / (LOADING + BARE_LOSS) * transfer(found.times, *INTO, LOADING + BARE_LOSS, GUIDE_LOSS)
    loaded = transfer(found.times, *INTO, GUIDE_LOSS)
    expected = DOSE * (share * loaded + (1 - share) * bare)
    assert np.abs(found["taker.mir"] - expected).max() <= found.bound(PER_CELL)


def test_the_switch_of_arrival_matters() -> None:
    """Without it the two ways above could be one."""
    first, last = receiving(0.0), receiving(1.0)
    assert last["taker.mir"][-1] - first["taker.mir"][-1] > 1e3 * first.bound(PER_CELL)


def test_scarce_ago_limits_what_is_loaded_and_is_never_lost() -> None:
    """150 copies come bare to 60 of Ago, and nothing is lost: all Ago ends loaded, and free + loaded stays 60.

    The last Ago waits for one of 90 duplexes at 90 l/60 = 6 an hour: over 48 h the rest is exp(-280).
    """
    own = {"taker.ago_copies": 60.0, "taker.ago_loading_rate": LOADING / 60.0, "taker.ev_degradation_rate": 0.0,
           "medium.ev_decay_rate": 0.0, "taker.macropinocytosis_rate": 2e3, "taker.escape_rate": 5 / H}
    found = given(taker(cargo=("mir",), has_ago=True), own | {"taker.loaded_arrival_share": 0.0}, cargo=(MIR,),
                  hours=48, per_cell=300.0)
    bound = found.bound(300.0)
    assert np.abs(found["taker.ago"] + found["taker.mir"] - 60.0).max() <= bound
    assert found["taker.mir"][-1] == pytest.approx(60.0, abs=bound)
    assert found["taker.mir_duplex"][-1] == pytest.approx(90.0, abs=1e-3)  # exp(-48 h x n p/V) of the dose is still out


def test_loss_of_a_guide_frees_its_ago() -> None:
    """As much Ago is gained as came with vesicles, also when guides are lost: here 1/4 of what is received."""
    found = receiving(0.25, 1e4, **{"mir.decay_rate": 2 / H})
    gained = found["taker.ago"] + found["taker.mir"] - 1e4
    arrived = found["taker.delivered:donor/mir"] * 0.25
    assert np.abs(gained - arrived).max() <= 2 * found.bound(1e4)
    assert arrived[-1] > 100 * found.bound(1e4)


# ---- titration: effect begins where supply exceeds targets

SITES, FAST, LEAVING = 400.0, 1e-3, 1e-6
TITRATED = {"taker.mir.target_sites": SITES, "taker.mir.target_binding_rate": FAST,
            "taker.mir.target_unbinding_rate": LEAVING}
QUICK = {"medium.ev_decay_rate": 0.0, "taker.ev_degradation_rate": 0.0, "taker.macropinocytosis_rate": 2e3,
         "taker.escape_rate": 5 / H}


@pytest.mark.parametrize("ratio", [0.5, 0.9, 1.1, 3.0])
def test_free_mirna_begins_where_supply_exceeds_targets(ratio: float) -> None:
    """All of a dose arrives, nothing turns over: free is `titration_free_mirna`, a trace below the threshold.

    Of the dose exp(-24 h x 5/h) = 1e-52 is still on the way; binding relaxes at k_off + k_on (free + targets) > 4e-3/s.
    """
    supply = ratio * SITES
    found = given(taker(cargo=("mir",), mirna_targets=("mir",)), TITRATED | QUICK, cargo=(MIR,),
                  per_cell=supply / COPIES)
    free = titration_free_mirna(supply, SITES, LEAVING / FAST)
    bound = found.bound(supply / COPIES)
    assert found["taker.mir"][-1] == pytest.approx(free, abs=bound)
    assert found["taker.mir_repressed"][-1] == pytest.approx(supply - free, abs=bound)
    assert (found["taker.mir"][-1] > 0.05 * SITES) == (ratio > 1)


def test_the_dose_of_needed_copies_brings_them_and_half_of_it_does_not() -> None:
    """Needed copies over copies per vesicle and share delivered (`biology.dose`), in vesicles taken up."""
    needed, share = 120.0, 0.4
    quick = QUICK | {"taker.escape_rate": share * 5 / H, "taker.ev_degradation_rate": (1 - share) * 5 / H}
    for part in (1.0, 0.5):
        dose = part * needed / (COPIES * share)
        found = given(taker(cargo=("mir",)), quick, cargo=(MIR,), per_cell=dose)
        assert found["taker.mir"][-1] == pytest.approx(part * needed, abs=found.bound(dose))


@pytest.mark.parametrize("without", ["escape", "target", "mirna"])
def test_no_repression_without_escape_target_or_mirna(without: str) -> None:
    changes = TITRATED | QUICK | {"taker.alarm.basal": 1.0, "taker.alarm.decay_rate": 1 / H, "rule.quiet.fold": 0.2,
                                  "rule.quiet.half_max": 0.5}
    changes |= {"escape": {"taker.escape_rate": 0.0}, "target": {"taker.mir.target_binding_rate": 0.0},
                "mirna": {}}[without]
    rule = Rule("quiet", "taker", "repression_by_mir", "decreases", "alarm_production", "mir lowers alarm")
    found = given(taker(cargo=("mir",), mirna_targets=("mir",), signals=(Signal("alarm"),)), changes, cargo=(MIR,),
                  rules=(rule,), per_cell=0.0 if without == "mirna" else PER_CELL)
    assert found["taker.alarm"] == pytest.approx(1.0, abs=found.bound(1.0))


def test_repression_with_all_of_them() -> None:
    """The control of the controls: 500 copies on 400 sites hold all of these, so alarm falls to 1 - 0.8 (1/1.25)."""
    changes = TITRATED | QUICK | {"taker.alarm.basal": 1.0, "taker.alarm.decay_rate": 1 / H, "rule.quiet.fold": 0.2,
                                  "rule.quiet.half_max": 0.5}
    rule = Rule("quiet", "taker", "repression_by_mir", "decreases", "alarm_production", "mir lowers alarm")
    found = given(taker(cargo=("mir",), mirna_targets=("mir",), signals=(Signal("alarm"),)), changes, cargo=(MIR,),
                  rules=(rule,))
    held = 1 - (LEAVING / FAST) / 100.0  # K/(M - T) of the targets are free
    assert found["taker.alarm"][-1] == pytest.approx(1 - 0.8 * held**2 / (held**2 + 0.25), abs=1e-5)


# ---- receptors

SURFACING, DISPOSAL, SHEDDING, FORGETTING = 0.5 / H, 0.4 / H, 0.1 / H, 0.6 / H


def signalling(**changes: float) -> Run:
    """Takers whose own receptor is knocked out, and a signal that needs it."""
    own = {"receptor_surfacing_rate": SURFACING, "receptor_disposal_rate": DISPOSAL,
           "receptor.decay_rate": SHEDDING, "alarm.basal": 2.0, "alarm.decay_rate": FORGETTING,
           "alarm.reference": 40.0} | changes
    cell = taker(cargo=("receptor",), signals=(Signal("alarm", requires="receptor"),))
    return given(cell, {f"taker.{path}": value for path, value in own.items()}, cargo=(RECEPTOR,))


def test_a_received_receptor_signals_like_an_own_one_and_turns_over() -> None:
    """Knock-in: copies by the chain with turnover, and the signal one step behind: basal x decay x copies/reference."""
    found = signalling()
    surfaced = DOSE * SURFACING / (SURFACING + DISPOSAL)
    steps = (*INTO, SURFACING + DISPOSAL, SHEDDING)
    assert np.abs(found["taker.receptor"] - surfaced * transfer(found.times, *steps)).max() <= found.bound(PER_CELL)
    gain = 2.0 * FORGETTING / 40.0
    alarm = surfaced * gain / SHEDDING * transfer(found.times, *steps, FORGETTING)
    bound = found.bound(alarm.max()) + 2.0 / 40.0 * found.bound(PER_CELL)
    assert np.abs(found["taker.alarm"] - alarm).max() <= bound
    assert alarm.max() > 1e3 * bound


def test_a_knocked_out_cell_stays_silent_without_escape_or_where_none_surfaces() -> None:
    """What is left of the 2.0 that the search for rest starts from: exp(-180 days x 0.6/h), less than rounding."""
    for found in (signalling(escape_rate=0.0), signalling(receptor_surfacing_rate=0.0)):
        assert np.abs(found["taker.alarm"]).max() <= 1e-15


# ---- ligands on bound vesicles


@pytest.mark.parametrize("mean", [0.01, 0.7, 6.0])
@pytest.mark.parametrize("theta", [0.05, 0.5, 0.95])
def test_a_vesicle_is_engaged_unless_none_of_its_ligands_is(mean: float, theta: float) -> None:
    """Kernel `engaged_vesicles` against the sum over Poisson copies n of 1 - (1 - theta)^n; 60 of them are enough."""
    n = np.arange(60)
    expected = 40.0 * float(poisson.pmf(n, mean) @ (1 - (1 - theta) ** n))
    receptors = 100.0 * theta / (1 - theta)
    assert engaged_vesicles(40.0, 40.0 * mean, receptors, 100.0, 1.0) == pytest.approx(expected, rel=1e-12)


def test_nothing_is_engaged_without_vesicle_ligand_or_receptor() -> None:
    assert engaged_vesicles(0.0, 0.0, 10.0, 5.0, 1.0) == 0.0
    assert engaged_vesicles(0.0, 3.0, 10.0, 5.0, 1.0) == 0.0
    assert engaged_vesicles(7.0, 0.0, 10.0, 5.0, 1.0) == 0.0
    assert engaged_vesicles(7.0, 3.0, 0.0, 5.0, 1.0) == 0.0


def touching(receptors: float, **changes: float) -> Run:
    """Takers that bind vesicles and let go of them again, and an alarm that engaged ones raise."""
    own = {"receptor_sites": 500.0, "binding_rate": 1.0, "unbinding_rate": 2 / H, "macropinocytosis_rate": 0.0,
           "receptor.basal": receptors, "receptor.decay_rate": SHEDDING, "ligand.half_occupancy": 200.0,
           "alarm.basal": 1.0, "alarm.decay_rate": 1 / H} | changes
    own = {f"taker.{path}": value for path, value in own.items()} | {"rule.touch.half_max": 10.0,
                                                                     "rule.touch.fold": 5.0}
    rule = Rule("touch", "taker", "engaged_ligand", "increases", "alarm_production", "touch raises alarm")
    cell = taker(cargo=("receptor",), signals=(Signal("alarm"),), ligands=(("ligand", "receptor"),))
    return given(cell, own | {"medium.ev_decay_rate": 0.0}, cargo=(LIGAND, RECEPTOR), rules=(rule,), hours=96)


def test_engaged_vesicles_raise_a_signal() -> None:
    """At rest 1 + 4 hill(E, 10, 2) with E = B (1 - exp(-m theta)), m = 1/2 and theta = 1/2; slopes of both are < 1."""
    found = touching(200.0)
    bound_now = found["taker.bound:donor"][-1]
    engaged = bound_now * -np.expm1(-COPIES * 0.5)
    assert bound_now > 5.0
    expected = 1 + 4 * engaged**2 / (engaged**2 + 100.0)
    assert found["taker.alarm"][-1] == pytest.approx(expected, abs=2 * found.bound(PER_CELL))
    assert expected > 1.1


def test_no_alarm_without_receptor_or_without_binding() -> None:
    for found in (touching(0.0), touching(200.0, binding_rate=0.0)):
        assert found["taker.alarm"] == pytest.approx(1.0, abs=found.bound(1.0))


# ---- bursting vesicles


def test_what_bursts_in_the_medium_becomes_soluble() -> None:
    """The copies of decayed vesicles, copy for copy; those taken up, and those on plastic, stay cargo."""
    protein = replace(PROTEIN, frees="free")
    found = given(taker(), {"medium.plastic_loss_rate": DECAY}, cargo=(protein,), solubles=("free",))
    lost = LOST + DECAY
    burst = N_CELLS * PER_CELL * COPIES * DECAY / lost * -np.expm1(-lost * found.times)
    bound = found.bound(N_CELLS * PER_CELL, per_dish=True)
    assert np.abs(found["medium.free"] - burst).max() <= bound
    assert np.abs(found["medium.decayed:donor/protein"] - burst).max() <= bound
    assert burst[-1] > 1e3 * bound
    assert np.all(given(taker(), {}, cargo=(PROTEIN,), solubles=("free",))["medium.free"] == 0.0)
