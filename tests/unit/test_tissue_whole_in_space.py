"""Cells of whole numbers as a run in space has them: cut from the table, with vesicles in sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.space_models import resolved, space_of
from vesica.engine.doses import present_in
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.tissue.cut import SENT, cut
from vesica.engine.tissue.population import Population
from vesica.engine.tissue.setting import Setting, populations_of
from vesica.engine.tissue.whole_cells import WholeCells
from vesica.results import tissue_checkpoint

TEXT = """vesica: 1
use: [library:cns]
domain: {{kind: tissue, size: [100 um, 80 um, 60 um], voxel: 20 um}}
cells:
  microglia: {{count: 40, phenotypes: {{inflammation: {{}}}}, variability: [{{of: [mvb_docking_rate], cv: 40 %}}]}}
run: {{duration: 2 h, fidelity: tissue, seed: 3, tissue: {{cells: {cells}}}}}
"""


def population(cells: str) -> tuple[Population, tuple[str, ...]]:
    """The microglia of the model at rest, and the fields around them."""
    model = resolved(TEXT.format(cells=cells))
    arm = model.arms[0]
    present = present_in(compile_model(model), arm, {})
    setting = Setting(cut(model), space_of(model), arm, parameter_row(model, arm), present)
    return populations_of(setting, {})[0], setting.field_names


def test_what_is_sent_in_sizes_adds_up_to_what_was_released() -> None:
    """Each size a whole number, exactly; together the counter of the cell. All four sizes occur."""
    found, _ = population("whole")
    assert isinstance(found.lanes, WholeCells)
    for _ in range(40):
        found.lanes.advance(120.0)
    names = found.lanes.names
    sent = np.array([found.lanes.state[k] for k, name in enumerate(names)
                     if name.startswith(f"{SENT}medium.free:microglia^") and "/" not in name])
    assert sent.shape[0] == 4
    assert np.array_equal(sent, np.round(sent))
    assert np.array_equal(sent.sum(axis=0), found.lanes.state[names.index("microglia.released:microglia")])
    assert (sent.sum(axis=1) > 0.0).all()


def test_bursts_are_no_rate_of_the_coupling() -> None:
    """Cells by their means send vesicles at a rate; those of whole numbers only when they did."""
    rates = []
    for cells in ("mean", "whole"):
        one, fields = population(cells)
        out = np.zeros((len(fields), one.count))
        one.sending(out)
        rates.append(out[[k for k, name in enumerate(fields) if "free:microglia^" in name]].sum())
    assert rates[0] > 0.0
    assert rates[1] == 0.0


def test_a_checkpoint_holds_all_that_cells_need_to_go_on(tmp_path: Path) -> None:
    """Bit for bit: states, streams and MVBs; from the file, in cells that were made anew."""
    (one, _), (other, _) = population("whole"), population("whole")
    for _ in range(5):
        one.lanes.advance(120.0)
    path = tmp_path / "arm.checkpoint"
    tissue_checkpoint.save(path, one.state(), {"arm": "a"})
    other.restore(tissue_checkpoint.load(path, {"arm": "a"})[0])
    for _ in range(5):
        one.lanes.advance(120.0)
    assert not np.array_equal(one.lanes.state, other.lanes.state)
    for _ in range(5):
        other.lanes.advance(120.0)
    assert np.array_equal(one.lanes.state, other.lanes.state)


def test_what_no_law_takes_any_more_is_not_lost() -> None:
    """Before anybody looked at rates no law takes, and all that was captured waits; then what is taken comes in."""
    one, fields = population("mean")
    amounts = np.ones((len(fields), one.count))
    assert not one.receive(amounts, 60.0).any()
    rates = np.zeros_like(amounts)
    one.taking(np.zeros_like(amounts), rates)
    assert (rates > 0.0).any()
    np.testing.assert_array_equal(one.receive(amounts, 60.0), rates > 0.0)
