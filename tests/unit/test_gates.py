"""Gates on what senders send: open they change nothing, closed they are the model's own knock-outs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.models import H, chain_model, kinds_model, phenotypes_model, transfer_model
from vesica.engine.doses import present_in
from vesica.engine.gates import gated, reaching, used
from vesica.engine.program import compile_model
from vesica.engine.rest import Rests
from vesica.engine.simulate import run_all, run_all_lanes
from vesica.engine.table import imbalances
from vesica.engine.well_mixed import Trajectory
from vesica.spec.gates import Gate, of_soluble, of_vesicles
from vesica.spec.resolved import Arm, Dose, Exposure, ResolvedModel
from vesica.studies.coalitions import shared_doses

TOLERANCE = 1e-6  # two runs of relative tolerance 1e-9 differ by less, errors of a stiff chain added up


def short(model: ResolvedModel) -> ResolvedModel:
    return replace(model, schedule=replace(model.schedule, duration=12 * H, every=12 * H, relative_tolerance=1e-9))


def ends(program: object, offs: dict[int, dict[str, float]], rests: Rests | None = None) -> list[Trajectory]:
    """The last arm under each coalition."""
    messages = dict.fromkeys(offs, "")
    found = list(run_all_lanes(program, {key: {} for key in offs}, messages, offs, rests))  # type: ignore[arg-type]
    return [found[-1][number] for number in offs]


def close(one: Trajectory, other: Trajectory, program: object, *, but: tuple[str, ...] = ()) -> None:
    names = program.species  # type: ignore[attr-defined]
    kept = [k for k, name in enumerate(names) if not name.startswith(but)]
    a, b = one.values[-1, kept], other.values[-1, kept]
    assert np.array_equal(np.isnan(a), np.isnan(b))
    known = ~np.isnan(a)
    scale = np.maximum(np.abs(a[known]), 1.0)
    assert np.max(np.abs(a[known] - b[known]) / scale) < TOLERANCE


@pytest.mark.parametrize("make", [chain_model, kinds_model, phenotypes_model, transfer_model])
@pytest.mark.parametrize("by_cargo", [False, True])
def test_every_token_balances_behind_gates_and_open_gates_change_nothing(
    make: Callable[[], ResolvedModel], by_cargo: bool,
) -> None:
    model = short(make())
    program, gates = gated(model, by_cargo=by_cargo)
    assert imbalances(program.table) == []
    assert all(program.model.parameters[gate.path].value == 1.0 for gate in gates)
    plain = compile_model(model)
    assert program.species == plain.species
    close(next(iter(run_all(program))), next(iter(run_all(plain))), program)


def test_a_closed_gate_of_vesicles_is_a_block_of_their_uptake() -> None:
    """With exosomes alone, no gate open to them is the same as no binding and no drinking, number by number."""
    model = short(chain_model())
    program, gates = gated(model)
    assert of_vesicles("donor") in gates
    off = {f"{cell}.{rate}": 0.0 for cell in ("donor", "taker") for rate in ("binding_rate", "macropinocytosis_rate")}
    closed, blocked, whole = ends(program, {0: {gate.path: 0.0 for gate in gates if gate.origin}, 1: off, 2: {}})
    close(closed, blocked, program)
    with pytest.raises(AssertionError):
        close(closed, whole, program)


def test_a_closed_gate_of_a_soluble_is_no_secretion() -> None:
    model = short(chain_model())
    program, gates = gated(model)
    gate = of_soluble("donor", "factor")
    assert gate in gates
    closed, silent = ends(program, {0: {gate.path: 0.0}, 1: {"donor.factor.secretion_rate": 0.0}})
    close(closed, silent, program)


def test_cargo_behind_a_gate_stays_behind_while_its_vesicles_go() -> None:
    """Vesicles end where they did, copies of the cargo reach nobody, other cargo does."""
    model = short(kinds_model())
    program, gates = gated(model, by_cargo=True)
    off = {gate.path: 0.0 for gate in gates if gate.cargo == "ligand"}
    closed, whole = ends(program, {0: off, 1: {}})
    at = {name: k for k, name in enumerate(program.species)}
    assert closed.values[-1, at["taker.bound:donor/ligand"]] == 0.0
    assert whole.values[-1, at["taker.bound:donor/ligand"]] > 0.0
    for name in ("taker.bound:donor", "taker.bound:donor~microvesicle", "donor.made"):
        assert closed.values[-1, at[name]] == pytest.approx(whole.values[-1, at[name]], rel=1e-4)
    assert closed.values[-1, at["taker.delivered:donor/mir"]] > 0.0


def test_what_a_burst_frees_is_behind_the_gate_of_its_vesicle() -> None:
    """`protein` becomes `factor` in the medium: with donor's secretion off, only vesicles make it."""
    model = short(transfer_model())
    program, gates = gated(model)
    secretion = {"donor.factor.secretion_rate": 0.0}
    vesicles = {gate.path: 0.0 for gate in gates if gate.origin}
    closed, opened = ends(program, {0: secretion | vesicles, 1: secretion})
    factor = program.species.index("medium.factor")
    assert closed.values[-1, factor] == 0.0
    assert opened.values[-1, factor] > 0.0


def test_replicates_that_differ_in_gates_rest_once_and_alike() -> None:
    model = short(chain_model())
    program, gates = gated(model)
    rests: Rests = {}
    offs: dict[int, dict[str, float]] = {0: {}, 1: {gate.path: 0.0 for gate in gates}, 2: {"donor.alarm.basal": 2.0}}
    ends(program, offs, rests)
    (rest,) = rests.values()
    assert rest.state.shape[1] == 2


def test_gates_in_use_and_values_that_reach_an_effect() -> None:
    """Without donors nothing of theirs is in use; the factor reaches a taker's death, and without takers nobody."""
    model = chain_model()
    program, gates = gated(model)
    both = present_in(program, model.arms[0], {})
    alone = present_in(program, Arm("alone", {"donor": 0.0, "taker": 1e5}), {})
    assert {gate.sender for gate in used(gates, [both])} == {"donor", "taker"}
    assert {gate.sender for gate in used(gates, [alone])} == {"taker"}
    factor = of_soluble("donor", "factor").path
    assert factor in reaching(program, [both], ["taker.alive"])
    donors = present_in(program, Arm("donors", {"donor": 1e5, "taker": 0.0}), {})
    assert factor not in reaching(program, [donors], ["donor.fused"])
    assert of_vesicles("donor").path in reaching(program, [donors], ["donor.fused"])


def test_a_dose_is_the_same_volume_in_every_coalition() -> None:
    """Exosomes that are off stay in the source's medium; counted as particles they would dilute microvesicles.

    The microvesicles in the dose do not depend on the gate of exosomes as long as nothing in the source does: here
    donors take up nothing.
    """
    model = kinds_model()
    donor = replace(model.cells[0], takes_up_vesicles=False)
    source = Arm("source", {"donor": 1e6, "taker": 0.0}, exposures=(Exposure("agent", (0.0,), (6e6,)),))
    dose = Dose("source", "taker", "particles_per_cell", 1e3, 6 * H)
    dosed = Arm("dosed", {"donor": 0.0, "taker": 5e5}, doses=(dose,))
    model = short(replace(model, cells=(donor, model.cells[1]), arms=(source, dosed)))
    program, _ = gated(model)
    fixed = shared_doses(program, None, {})
    off = {Gate("exosome", "donor", "", "donor").path: 0.0}
    closed, whole = ends(fixed, {0: off, 1: {}})
    name = "medium.free:donor~microvesicle"
    assert closed.given[0].amounts[name] == pytest.approx(whole.given[0].amounts[name], rel=1e-9)
    assert whole.given[0].vesicles == pytest.approx(1e3 * 5e5, rel=1e-6)
    assert fixed.model.arms[1].doses[0].measure == "share_of_source"
