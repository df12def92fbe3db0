"""What is said of a run in whole numbers before it runs."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from tests import whole_fake
from tests.bad_input.test_bad_input import GOOD, findings_of
from tests.models import chain_model
from vesica.engine import check, check_whole
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.well_mixed import run_arm
from vesica.engine.whole import parts
from vesica.spec.resolved import Arm, Dose, ResolvedModel


def of(donor: float, taker: float, cells_at_most: int = 1000, **changes: object) -> ResolvedModel:
    model = whole_fake.model(1, cells_at_most)
    return replace(model, arms=(Arm("only", {"donor": donor, "taker": taker}, **changes),))


def only(model: ResolvedModel) -> tuple[str, str]:
    (finding,) = check.check(model)
    assert all((finding.path, finding.wrote, finding.rule, finding.consequence, finding.fix))
    return finding.severity, str(finding)


def test_a_good_sample_has_nothing_to_say() -> None:
    assert check.check(of(1e6, 1e6)) == check.check(of(1e6, 0.0)) == check.check(of(20.0, 3.0)) == []


def test_a_type_that_the_share_leaves_without_a_cell_is_refused_and_the_way_out_works() -> None:
    """400 of 1e6 at 1000 are 0.4 cells; 2500 keep one."""
    severity, said = only(of(1e6, 400.0))
    assert severity == "error"
    assert "write `cells_at_most: 2500`" in said
    assert [finding.severity for finding in check.check(of(1e6, 400.0, 2500))] == []
    assert [finding.severity for finding in check.check(of(1e6, 400.0, 1200))] == ["error"]


def test_rounding_that_changes_the_ratio_of_cells_is_named_and_the_way_out_works() -> None:
    """1 400 of 1e6 at 1000 are 1.4 cells, so 1: 29 % too few; with ten cells the error is at most 5 %."""
    severity, said = only(of(1e6, 1400.0))
    assert severity == "warning"
    assert "29 % too few" in said
    assert "write `cells_at_most: 7143`" in said
    assert check.check(of(1e6, 1400.0, 7143)) == []


def test_types_too_unequal_for_any_sample() -> None:
    assert "too unequal" in only(of(1e8, 100.0))[1]


def test_half_a_cell_in_a_small_dish_is_refused() -> None:
    assert "give a whole number of cells as `count`" in only(of(20.0, 0.4))[1]


def test_a_process_without_a_law_of_whole_numbers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """And only there: a run of means goes on."""
    monkeypatch.delitem(parts.PART_OF, "escape")
    model = of(20.0, 3.0)
    severity, said = only(model)
    assert severity == "error"
    assert "the process `escape`" in said
    assert check.check(replace(model, schedule=replace(model.schedule, fidelity="well_mixed"))) == []


def test_a_check_loads_no_compiled_part_of_whole_numbers() -> None:
    """They take seconds to load; the table of parts does not."""
    loads = "import sys, vesica.engine.check; print([m for m in sys.modules if m.startswith('vesica.engine.whole.')])"
    found = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "['vesica.engine.whole.parts']"


def test_more_than_a_float_can_count_is_refused() -> None:
    model = of(1e6, 1e6)
    path = "taker.mir.basal"
    heavy = replace(model, parameters={**model.parameters, path: replace(model.parameters[path], value=2.0**53 * 1.5)})
    severity, said = only(heavy)
    assert severity == "error"
    assert "2^53" in said
    dose = Dose("first", "taker", "particles_per_cell", 1e14, 60.0)
    arms = (Arm("first", {"donor": 1e6}), Arm("second", {"taker": 1e6}, doses=(dose,)))
    found = [finding for finding in check_whole.check(replace(model, arms=arms)) if "2^53" in str(finding)]
    assert [finding.path for finding in found] == ["arms.second.exposures"]


def test_cells_need_more_medium_than_they_have_volume() -> None:
    """1e6 cells of 2000 um^3 in 1e9 um^3."""
    model = of(5e5, 5e5)
    assert "domain.medium" in only(replace(model, domain=replace(model.domain, volume=1e9)))[1]


def test_a_run_of_too_many_events_is_estimated_first_and_offered_smaller() -> None:
    model = replace(of(1e5, 1e5, 100_000), schedule=replace(of(1e5, 1e5, 100_000).schedule, replicates=500))
    severity, said = only(model)
    assert severity == "warning"
    size = int(said.partition("write `cells_at_most: ")[2].partition("`")[0])
    smaller = replace(model, schedule=replace(model.schedule, cells_at_most=size))
    assert check_whole.check(smaller) == []
    assert check_whole.expected(smaller).events * 500 == pytest.approx(check_whole.MOST_EVENTS, rel=0.01)


def test_a_run_of_means_is_not_concerned() -> None:
    model = of(1e6, 0.4)
    assert check.check(replace(model, schedule=replace(model.schedule, fidelity="well_mixed"))) == []


def test_the_expected_release_is_that_of_resting_cells() -> None:
    """Beside the mean-field run of the toy chain, whose docking sites are partly taken.

    The estimate leaves out occupied docking sites and the spread of MVB ages; for this chain it is known to be
    141 against 107 vesicles/h. It is there to say what to expect, so a factor of 1.5 is what is asked of it.
    """
    program = compile_model(chain_model())
    (arm,) = program.model.arms
    row = parameter_row(program.model, arm)
    run = run_arm(program, arm, row, {})
    seen = run.values[-1, program.species.index("donor.released:donor")] / run.times[-1]
    assert 1 / 1.5 < check_whole.resting_release(row, "donor") / seen < 1.5
    blocked = row | {"donor.mvb_fusion_rate": 0.0}
    assert check_whole.resting_release(blocked, "donor") == 0.0


def test_the_cost_of_whole_numbers_is_that_of_the_sample() -> None:
    cost = check.expected_cost(whole_fake.model(20))
    assert (cost["cells followed in an arm"], cost["of the dish"], cost["replicates"]) == (600, 1e-3, 20)
    assert cost["vesicles (at resting rates)"] == 20 * check_whole.expected(whole_fake.model()).vesicles
    assert cost["minutes of a core"] > 0
    assert "minutes" in check.expected_cost(chain_model())


def test_an_amount_given_as_a_concentration_is_refused() -> None:
    text = GOOD.replace("astrocyte: {count: 1e6}", "astrocyte: {count: 1e6, cargo: {HMGB1: {basal: 10 nM}}}")
    assert any("dimension" in str(finding) for finding in findings_of(text) if finding.severity == "error")


def test_an_arm_without_a_cell_is_refused() -> None:
    model = of(0.0, 0.0)
    severity, said = only(model)
    assert severity == "error"
    assert "there is no cell in arm" in said


def test_half_a_cell_is_no_matter_of_the_sample() -> None:
    """No `cells_at_most` makes half a cell a whole one."""
    found = [str(finding) for finding in check_whole.check(of(1e6, 0.4))]
    assert any("give a whole number of cells as `count`" in said for said in found)


def test_rooms_for_less_than_one_are_refused_in_whole_numbers() -> None:
    model = of(10.0, 10.0)
    for path in ("donor.ilv_capacity", "donor.docking_sites"):
        small = replace(model, parameters={**model.parameters, path: replace(model.parameters[path], value=0.5)})
        severity, said = only(small)
        assert severity == "error"
        assert path in said


def test_windows_that_would_take_months_are_named_before_the_run() -> None:
    """A core does some 2e5 windows a second, so 1e-6 s of window are 5 s of a core for each second and cell."""
    model = of(10.0, 10.0)
    severity, said = only(replace(model, schedule=replace(model.schedule, window=1e-6)))
    assert severity == "warning"
    assert "such windows" in said


def test_a_model_without_cells_is_refused() -> None:
    (finding,) = check.check(replace(of(1.0, 1.0), cells=()))
    assert finding.severity == "error"
    assert "no cell type is named" in str(finding)
