"""The study of a dose: library defaults, sampling law, influence, chances in single recipients, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vesica import library
from vesica.analysis.dose import inputs as dose_inputs
from vesica.analysis.dose import outcome as dose_outcome
from vesica.analysis.dose import study as dose
from vesica.errors import InputError
from vesica.library.ranges import between, position
from vesica.rng import stream

H = 3600.0
TISSUE = {"distance": "50 um"}
SHARE = {"uptake_share": "1", "release": "2700 EV/cell/h", "donors": "1", "recipients": "1"}


def ratio(options: dict[str, str], **words: str) -> float:
    one = dose_inputs.case(options, **words)
    return dose.answer(one, dose.middle(one)).ratio


def test_the_law_of_draws_is_the_one_studies_use() -> None:
    """Position: the first number of the stream `draw ENTRY`; log-uniform between the ends."""
    assert position(7, "a", 3) == float(stream(7, "draw a", 3).random())
    assert between(1.0, 100.0, 0.5) == pytest.approx(10.0)
    assert between(0.0, 8.0, 0.25) == 2.0
    assert (between(2.0, 32.0, 0.0), between(2.0, 32.0, 1.0)) == (2.0, pytest.approx(32.0))
    assert position(7, "a", 3) != position(7, "a", 4)


def test_defaults_are_those_of_the_library_and_say_so() -> None:
    one = dose_inputs.case({})
    entries = library.load("cns").entries
    for name, found in one.inputs.items():
        if found.entry:
            assert found.confidence == entries[found.entry].confidence, name
            assert found.source
    assert one.inputs["copies_per_ev"].value == entries["compare.copies_per_ev_Chevillet14"].value
    assert one.inputs["release"].value * H == pytest.approx(entries["compare.secretion.astrocyte"].value)


def test_every_default_has_an_entry() -> None:
    entries = library.load("cns").entries
    named = {kind.entry for kind in dose_inputs.KINDS.values() if kind.entry} | set(dose_inputs.SECRETION.values())
    assert named <= set(entries)


def test_a_monocyte_fully_captured_holds_328_copies_in_the_end() -> None:
    one = dose_inputs.case(SHARE)
    found = dose.answer(one, dose.middle(one))
    assert found.steady_copies == pytest.approx(328, abs=0.5)
    assert found.copies == pytest.approx(found.steady_copies * (1 - 2 ** (-24 / 34)), rel=1e-12)
    assert found.bolus == pytest.approx(404_040, abs=1)


@pytest.mark.parametrize(("name", "text", "power"), [
    ("copies_per_ev", "0.0165", 1), ("threshold", "2000 copies", -1), ("release", "200 EV/cell/h", 1),
])
def test_the_ratio_moves_as_its_product(name: str, text: str, power: int) -> None:
    """Doubling a factor doubles or halves the ratio; saturation bends a doubled release by its share, 3 %."""
    assert ratio({name: text}) / ratio({}) == pytest.approx(2.0**power, rel=0.03 if name == "release" else 1e-12)


def test_a_farther_donor_supplies_less_and_a_later_time_more() -> None:
    far = [ratio({"distance": f"{um} um"}) for um in (20, 50, 100)]
    assert far == sorted(far, reverse=True)
    late = [ratio(TISSUE, time=f"{hours} h") for hours in (1, 6, 24, 240)]
    assert late == sorted(late)


def test_the_mean_over_the_time_is_that_of_a_fine_quadrature() -> None:
    """16 Gauss points against scipy's adaptive rule, from half an hour on: 1e-3 of the end."""
    from scipy.integrate import quad

    from vesica.transport.diffusion import capture_chance

    one = dose_inputs.case(TISSUE)
    values = dose.middle(one)
    loss = math.log(2) / values["tissue_half_life"]
    for hours in (0.5, 2.0, 24.0, 96.0):
        time = hours * H
        exact = quad(lambda t: capture_chance(50.0, 7.5, 0.3, loss, t), 0, time, limit=200)[0] / time
        end = capture_chance(50.0, 7.5, 0.3, loss, time)
        assert dose.tissue_share(values, 1e30, time) == pytest.approx(exact, abs=1e-3 * end)


def test_microglia_take_up_three_times_as_much_where_all_else_is_equal() -> None:
    """Clearance x 3, bent by diffusion (7.6 % of the ceiling to 23 %) and by recipients emptying the medium."""
    factor = ratio({}, cell="microglia") / ratio({})
    assert 1.5 < factor < 3.0
    assert "tropism" in dose_inputs.case({}, cell="microglia").inputs


def test_titration_needs_what_holds_the_share() -> None:
    one = dose_inputs.case({}, titration="targets=1e4,kd=1200,held=0.5")
    found = dose.answer(one, dose.middle(one))
    assert found.needed_copies == pytest.approx(0.5 * 1e4 + 1200, rel=1e-12)
    rich = dose_inputs.case({"copies_per_ev": "1000"}, titration="targets=1e4,kd=1200,held=0.5")
    assert dose.answer(rich, dose.middle(rich)).held > 0.5


def test_a_draw_alone_is_the_draw_of_a_series_and_stays_in_range() -> None:
    one = dose_inputs.case({"escape": "0.1..0.5"})
    few, many = dose.drawn(one, 3), dose.drawn(one, 40)
    assert few.answers == many.answers[:3]
    drawn = [value["escape"] for value in many.values]
    assert 0.1 <= min(drawn) < max(drawn) <= 0.5
    assert one.inputs["escape"].value == pytest.approx(math.sqrt(0.05))


def test_a_product_of_log_uniform_inputs_has_the_quantiles_of_its_law() -> None:
    """One ranged input only: the median ratio is that of the geometric middle; 2,000 draws, 5 deviations of a
    median at slope 1: 5 x 0.5/sqrt(2000) = 0.056 of the range (false alarm 6e-7)."""
    fixed = {name: f"{found.value!r} {found.kind.unit}" if not found.kind.counts else f"{found.value!r}"
             for name, found in dose_inputs.case(SHARE).inputs.items() if found.kind.option and name not in SHARE}
    one = dose_inputs.case({**SHARE, **fixed, "escape": "0.1..0.4"})
    assert [name for name, found in one.inputs.items() if found.is_ranged] == ["escape"]
    ratios = dose.drawn(one, 2000).course("ratio")
    at = np.log(np.median(ratios) / ratios.min()) / np.log(ratios.max() / ratios.min())
    assert at == pytest.approx(0.5, abs=0.056)
    (only,) = dose.influences(one, dose.drawn(one, 200))
    assert only.correlation == pytest.approx(1.0)
    assert only.at_high / only.at_low == pytest.approx(4.0, rel=1e-12)


def test_an_input_without_effect_is_not_heard() -> None:
    """Noise is 3/sqrt(n-1): a planted input that plays no part exceeds it with p = 0.003."""
    one = dose_inputs.case(TISSUE)
    found = {item.input.name: item for item in dose.influences(one, dose.drawn(one, 300))}
    assert not found["tissue_fraction"].is_heard
    assert found["copies_per_ev"].is_heard
    assert "loaded_fraction" not in found


@pytest.mark.parametrize(("deliveries", "each", "needed"),
                         [(3.0, 40.0, 100.0), (200.0, 0.5, 90.0), (5e4, 0.02, 1050.0)])
def test_the_share_above_a_threshold_is_that_of_drawn_cells(deliveries: float, each: float, needed: float) -> None:
    """50,000 drawn cells, binomial error, five deviations: false alarm 6e-7 each."""
    random = np.random.default_rng(3)
    copies = random.poisson(random.poisson(deliveries, 50_000) * each)
    share = dose.share_above(needed, deliveries, each)
    assert abs((copies >= needed).mean() - share) < 5 * math.sqrt(share * (1 - share) / 50_000)


def test_rare_loaded_vesicles_reach_fewer_cells_with_more() -> None:
    alike, rare = (dose_inputs.case({**SHARE, "loaded_fraction": text}) for text in ("1", "0.0001"))
    first, second = (dose.chances(one, dose.middle(one)) for one in (alike, rare))
    assert second.copies_of_loaded == pytest.approx(82.5)
    assert second.of_one < first.of_one
    assert second.spread > first.spread
    assert second.above > first.above
    assert dose.answer(alike, dose.middle(alike)).copies == dose.answer(rare, dose.middle(rare)).copies


def test_the_outcome_names_what_decides_and_keeps_stable_keys() -> None:
    outcome, draws, ranked = dose_outcome.study(dose_inputs.case({}), 300)
    assert outcome.summary["verdict"] == "insufficient"
    assert outcome.summary["decided_by"] == [item.input.name for item in ranked[:2]]
    assert {"steady", "bolus", "supplied", "ratio", "share_of_draws_sufficient"} <= set(outcome.summary)
    assert [table.name for table in outcome.tables] == ["dose", "swing", "recipients", "inputs"]
    ratios = draws.course("ratio")
    assert outcome.summary["ratio"]["low"] == pytest.approx(np.percentile(ratios, 5))


@pytest.mark.parametrize(("share", "said"), [(1.0, "sufficient"), (0.95, "sufficient"), (0.5, "open"),
                                             (0.05, "insufficient"), (0.0, "insufficient")])
def test_verdicts(share: float, said: str) -> None:
    assert dose_outcome.verdict(share) == said


@pytest.mark.parametrize(("cargo", "says"), [("miR-146a-5p", None), ("hsa-let-7b-5p", None), ("mmu-miR-155", None),
                                             ("mmu-mir-146a", "hairpin"), ("TNF", "not the name of a miRNA")])
def test_names_of_cargo(cargo: str, says: str | None) -> None:
    outcome, _, _ = dose_outcome.study(dose_inputs.case({}, cargo=cargo), 100)
    warned = [finding.wrote for finding in outcome.findings if finding.severity == "warning"]
    assert (says is None and not warned) or (says and says in warned[0])


@pytest.mark.parametrize(("options", "words", "says"), [
    ({"escape": "3"}, {}, "above 0 and at most 1"),
    ({"escape": "abc"}, {}, 'write it like --escape "0.3"'),
    ({"half_life": "20"}, {}, "has no unit"),
    ({"half_life": "20 mL"}, {}, "another dimension"),
    ({"half_life": "30 h..10 h"}, {}, "ends below its start"),
    ({"half_life": "1 h..2 h..3 h"}, {}, "neither a number nor a range"),
    ({"release": "100"}, {}, "has no unit"),
    ({"donors": "-3"}, {}, "above 0"),
    ({"distance": "5 um"}, {}, "inside it"),
    ({"distance": "50 um", "volume": "2 mL"}, {}, "plays no part"),
    ({"threshold": "100"}, {"titration": ""}, "both given"),
    ({}, {"titration": "target=5"}, "did you mean `targets`"),
    ({}, {"cell": "neurn"}, "did you mean `neuron`"),
    ({}, {"donor": "astrocite"}, "did you mean `astrocyte`"),
    ({}, {"time": "0 h"}, "no time to wait"),
])
def test_bad_words_get_four_parts(options: dict[str, str], words: dict[str, str], says: str) -> None:
    with pytest.raises(InputError) as caught:
        dose_inputs.case(options, **words)
    (finding,) = caught.value.findings
    assert all((finding.wrote, finding.rule, finding.consequence, finding.fix))
    assert says in str(finding)


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(InputError, match="write `--samples 100`"):
        dose_outcome.study(dose_inputs.case({}), 99)


def test_a_range_takes_its_unit_from_its_end_and_percent_is_understood() -> None:
    assert dose_inputs.given("half_life", "10..30 h").low == 10 * H
    assert dose_inputs.given("escape", "30 %").value == pytest.approx(0.3)
    assert dose_inputs.given("release", "100 EV/h").value == dose_inputs.given("release", "100 EV/cell/h").value


def test_crowding_is_warned_of() -> None:
    crowded = dose_outcome.study(dose_inputs.case({**TISSUE, "donors": "1e6"}), 100)[0]
    assert any("side by side" in finding.rule for finding in crowded.findings)
    full = dose_outcome.study(dose_inputs.case(SHARE), 100)[0]
    assert any("saturates near" in finding.rule for finding in full.findings)
