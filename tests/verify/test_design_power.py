"""`vesica design` against laboratories in a loop: instruments frame by frame and well by well, scipy's own test."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from vesica import library
from vesica.analysis.design.assays import Truth, log_sd, shelf
from vesica.analysis.design.readouts import Look, Readout
from vesica.analysis.design.search import Bench, Contrast, Question, evaluate
from vesica.instruments import constants, nta_forward, qpcr

H = 3600.0
LIBRARY = library.load("cns")
QUESTION = Question(("a", "b"), most=4, simulations=20_000)
CULTURE = constants.reader(LIBRARY)("design.culture.cv", "")
LABORATORIES = 1500


def planned(readout: Readout, truths: tuple[dict[str, Truth], dict[str, Truth]]) -> np.ndarray:
    made = tuple({Look(arm, readout, H): truth for arm, truth in one.items()} for one in truths)
    bench = Bench(made, shelf(LIBRARY, {}), QUESTION, QUESTION.simulations, "verify", correlation=0.5)
    return evaluate(bench, QUESTION, [Contrast("treated", "control", readout, H)]).powers[0]


def found_by(treated: np.ndarray, control: np.ndarray, other: float) -> np.ndarray:
    """Share of laboratories that refute ``other`` upwards, with 2, 3, 4 replicates."""
    shares = []
    for n in (2, 3, 4):
        test = stats.ttest_ind(treated[:, :n] - other, control[:, :n], axis=1, equal_var=False)
        shares.append(np.mean((test.pvalue < QUESTION.error) & (test.statistic > 0)))
    return np.array(shares)


def agree(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Two binomial shares: 6.1 standard errors of the difference (1e-9 each), and 0.02 for what laws of assays leave
    out (tracks drawn one by one, recovery of extractions, which the spike-in cancels but for its own wells)."""
    middle = (ours + theirs) / 2
    errors = np.sqrt(np.maximum(middle * (1 - middle), 1e-3) * (1 / LABORATORIES + 1 / QUESTION.simulations))
    assert np.all(np.abs(ours - theirs) < 6.11 * errors + 0.02), (ours, theirs)


@pytest.mark.verify
def test_power_of_particle_counts_is_that_of_videos_frame_by_frame() -> None:
    """1,500 laboratories with 2 x 4 cultures and 5 videos of each; 2.2-fold against no change, few particles."""
    tool, random = constants.nta(LIBRARY), np.random.default_rng(5)
    videos = round(constants.reader(LIBRARY)("nta.video.count", ""))
    sd, diameters, one = log_sd(CULTURE), np.array([200.0]), np.array([1.0])
    seen = nta_forward.Population(diameters, one, 1.0).trackable(tool.response).sum()

    def reading(concentration: float) -> float:
        there = concentration * math.exp(sd * random.standard_normal())
        sample = nta_forward.Population(diameters, one, there / seen)
        return math.log(np.mean([nta_forward.record_video([sample], tool, dilution=1.0, rng=random).concentration
                                 for _ in range(videos)]))

    low, high = 1.5e7, 3.3e7
    control = np.array([[reading(low) for _ in range(4)] for _ in range(LABORATORIES)])
    treated = np.array([[reading(high) for _ in range(4)] for _ in range(LABORATORIES)])
    readout = Readout("x.released_per_cell_per_hour", "nta", "particles", from_medium=True)
    truths = ({"control": Truth(low, 1.0), "treated": Truth(high, 1.0)},
              {"control": Truth(low, 1.0), "treated": Truth(low, 1.0)})
    agree(planned(readout, truths), found_by(treated, control, 0.0))


@pytest.mark.verify
def test_power_of_qpcr_is_that_of_wells_with_a_spike_in() -> None:
    """Extractions with their recovery, three wells of target and of spike each; 2.5-fold against 1.2-fold."""
    kit, random = constants.qpcr(LIBRARY), np.random.default_rng(6)
    wells, sd = round(constants.reader(LIBRARY)("design.qpcr.wells", "")), log_sd(CULTURE)
    per_cycle = math.log1p(kit.efficiency)

    def reading(copies: float) -> float:
        recovery = qpcr.draw_recovery(kit, random)
        there = copies * math.exp(sd * random.standard_normal())
        target = qpcr.wells_of(there, kit, recovery=recovery, wells=wells, rng=random)
        spike = qpcr.wells_of(kit.spike_copies, kit, recovery=recovery, wells=wells, rng=random)
        return float(spike.mean() - target.mean()) * per_cycle

    low, high, other = 2e4, 5e4, 2.4e4
    control = np.array([[reading(low) for _ in range(4)] for _ in range(LABORATORIES)])
    treated = np.array([[reading(high) for _ in range(4)] for _ in range(LABORATORIES)])
    readout = Readout("x.mir", "qpcr", "rna", from_medium=False)
    scale = 1.0 / (kit.recovery * kit.eluate_share * kit.transcription)
    truths = ({"control": Truth(low, scale), "treated": Truth(high, scale)},
              {"control": Truth(low, scale), "treated": Truth(other, scale)})
    agree(planned(readout, truths), found_by(treated, control, math.log(other / low)))
