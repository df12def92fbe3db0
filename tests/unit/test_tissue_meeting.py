"""Cells that touch and crawl in a run: what they meet goes with them, and a checkpoint goes on bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from vesica import interventions
from vesica.engine.doses import present_in
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.tissue import surroundings
from vesica.engine.tissue.coupling import Coupled
from vesica.engine.tissue.meeting import MOVED
from vesica.engine.tissue.pairs import pairs_of, shared
from vesica.engine.tissue.run import cut_of, prepare
from vesica.engine.tissue.setting import Setting, change, exchange_of
from vesica.spec import io

MODEL = """\
vesica: 1
title: microglia go after ATP among neurons
use: [library:cns]
domain: {kind: box, size: [60 um, 60 um, 60 um], voxel: 10 um}
cells:
  neuron: {count: 4, spacing: 16 um, networks: [cx3cl1], contacts: {microglia: 2 %}}
  microglia: {count: 3, spacing: 16 um, networks: [cx3cr1], motility: {speed: 3 um/min, chemotaxis: {ATP: 500}}}
exposures:
  - {agent: ATP, concentration: 1 uM, face: x.low}
run: {duration: 1 h, every: 30 min, fidelity: tissue}
"""


@pytest.fixture(scope="module")
def setting() -> Setting:
    model = interventions.resolve(io.loads(MODEL))[0]
    program, arm = compile_model(model), model.arms[0]
    return Setting(cut_of(program), surroundings.space_of(model), arm, parameter_row(model, arm),
                   present_in(program, arm, {}))


def begun(setting: Setting) -> Coupled:
    coupled = prepare(setting, {})
    change(setting, coupled.populations, coupled.fields, 0.0)
    return coupled


def test_cells_take_their_weights_and_contacts_along_and_runs_go_on(setting: Setting) -> None:
    """Weights are those of places less than a tenth of a voxel away; a restored run has the same bits."""
    one, other = begun(setting), begun(setting)
    before = one.meeting.all_positions()
    one.run(400.0)
    meeting = one.meeting
    assert meeting.moves
    now = meeting.all_positions()
    is_microglia = np.zeros(7, dtype=bool)
    is_microglia[next(of.where for of in one.populations if of.cell == "microglia")] = True
    assert (now[~is_microglia] == before[~is_microglia]).all()
    assert np.abs(now - before)[is_microglia].max() > 2.0
    placed = np.concatenate([meeting.positions[p.cell] for p in one.populations])
    assert np.abs(placed - now).max() <= MOVED * 10.0
    anew = exchange_of(setting, placed)
    np.testing.assert_array_equal(one.fields.exchange.kernel.rows[0], anew.kernel.rows[0])
    np.testing.assert_allclose(one.fields.exchange.resistance, anew.resistance, rtol=1e-12)
    other.restore(one.state())
    for coupled in (one, other):
        coupled.run(600.0)
    assert (one.meeting.all_positions() == other.meeting.all_positions()).all()
    assert (one.fields.density == other.fields.density).all()
    for mine, theirs in zip(one.populations, other.populations, strict=True):
        assert (mine.lanes.state == theirs.lanes.state).all()


def test_a_gradient_at_a_wall_draws_microglia_there(setting: Setting) -> None:
    """Once ATP stands evenly falling from x.low the drift is towards it, and none is along z but by chance."""
    coupled = begun(setting)
    coupled.run(60.0)
    meeting = coupled.meeting
    meeting.before(1.0)
    slope = meeting._slopes["ATP"]
    microglia = next(one for one in coupled.populations if one.cell == "microglia")
    assert (slope[microglia.where, 0] < 0.0).all()
    drift = meeting.motility._drift("microglia", meeting._what_is_felt()["microglia"])
    assert (drift[:, 0] < 0.0).all()
    assert (np.abs(drift[:, 1:]) < np.abs(drift[:, :1])).all()


@pytest.mark.parametrize("kind", ["box", "tissue"])
def test_what_cells_took_up_is_shared_out_over_its_senders(kind: str) -> None:
    """Columns are what each cell took up of all vesicles, to rounding; rows are at most what a cell released."""
    text = MODEL.replace("kind: box", f"kind: {kind}").replace("motility", "label: microglia, motility")
    model = interventions.resolve(io.loads(text))[0]
    program, arm = compile_model(model), model.arms[0]
    coupled = begun(Setting(cut_of(program), surroundings.space_of(model), arm, parameter_row(model, arm),
                            present_in(program, arm, {})))
    coupled.run(900.0)
    found = pairs_of(coupled, np.zeros(3))
    kept, released = np.zeros(7), np.zeros(7)
    for one in coupled.populations:
        for name, of in zip(one.tables.names, one.lanes.state, strict=True):
            kept[one.where] += of if ".taken_up:" in name else 0.0
            released[one.where] += of if ".released:" in name else 0.0
    np.testing.assert_allclose(found.matrix.sum(axis=0), kept, rtol=1e-9)
    assert found.notes["vesicles"] == pytest.approx(kept.sum(), rel=1e-9)
    assert kept.min() > 0.0
    assert (found.matrix.sum(axis=1) < released).all()
    assert found.matrix.toarray().min() >= 0.0
    assert 0.0 <= found.notes["median_distance_um"] <= found.notes["mean_distance_um"] + 30.0


def test_what_is_let_go_again_goes_on_to_others() -> None:
    """A chain of three: 1 releases to 2 alone, 2 lets go three of four, to 3 alone, 3 keeps all: 1/4 and 3/4."""
    legs = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    found = shared(legs, np.array([8.0, 0.0, 0.0]), np.array([0.0, 2.0, 6.0]), np.array([0.0, 6.0, 0.0]))
    np.testing.assert_allclose(found, [[0.0, 2.0, 6.0], [0.0] * 3, [0.0] * 3], atol=1e-14)
    alone = shared(np.full((2, 2), 0.4), np.array([1.0, 3.0]), np.array([0.5, 0.5]), np.array([5.0, 5.0]))
    np.testing.assert_allclose(alone, [[0.125, 0.125], [0.375, 0.375]], rtol=1e-12)
