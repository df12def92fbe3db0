"""docs/whole_numbers.md: its Python runs, and every figure of its tables and sentences is computed again.

Figures are compared after rounding to the digits printed, so no tolerance is chosen: the mean field is the same on
every machine to 1e-6, and no figure lies that close to a half of its last digit.
"""

from __future__ import annotations

import math
import re
import shutil
from pathlib import Path

import pytest
from scipy.stats import binom, norm

from tests.comparisons import ALARM
from vesica import api
from vesica.biology.dose import chance_of_one, needed_bolus
from vesica.results import Results

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "whole_numbers.md").read_text(encoding="utf-8")
MEANS = ("run.fidelity=well_mixed", "run.replicates=1", "run.cells_at_most=1000")
GIVEN = 24.0  # h for which neurons have their dose


def printed(first_head: str) -> dict[str, list[str]]:
    """Arm -> cells of the table whose second column is headed so."""
    table = PAGE[PAGE.index(f"| arm | {first_head}"):]
    rows = [row.strip("| ").split(" | ") for row in table[: table.index("\n\n")].splitlines()[2:]]
    return {row[0].strip("`"): row[1:] for row in rows}


def number(text: str) -> float:
    return float(re.sub(r"[%,]", "", text))


def shows(text: str, value: float) -> bool:
    """Whether a printed number is ``value`` rounded to the digits it has."""
    digits = re.sub(r"[%,\s.]", "", text).lstrip("0")
    significant = len(digits.rstrip("0")) if "." not in text and "%" not in text else len(digits)
    return math.isclose(number(text), float(f"{value:.{significant}g}"), rel_tol=1e-12)


def three(value: float) -> str:
    """A number above a thousand with three digits that count."""
    return f"{float(f'{value:.3g}'):,.0f}"


@pytest.fixture(scope="module")
def secretion(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return mean_field("single_cell_secretion", tmp_path_factory.mktemp("secretion"))


@pytest.fixture(scope="module")
def stoichiometry(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return mean_field("mirna_stoichiometry", tmp_path_factory.mktemp("stoichiometry"))


def mean_field(example: str, folder: Path, *overrides: str) -> Results:
    return api.simulate(api.load(ROOT / "examples" / f"{example}.yaml", (*MEANS, *overrides)), folder / "run")


def values(results: Results, arm: str) -> dict[str, float]:
    """Last values of an astrocyte's pools, and its parameters."""
    data = results.data.sel(arm=arm, replicate=0)
    last = {str(name): float(data["value"].sel(species=name)[-1]) for name in data["species"].values}
    numbers = {str(name): float(data["parameter_value"].sel(parameter=name)) for name in data["parameter"].values}
    return {name.removeprefix("astrocyte."): value for name, value in (last | numbers).items()}


def test_a_wrong_digit_is_seen() -> None:
    assert shows("35.1", 35.07)
    assert not shows("35.2", 35.07)
    assert shows("95.8 %", 95.754)
    assert shows("30,200", 30241.05)
    assert not shows("0.817 %", 0.8161)


def test_who_changes_what_in_secretion(secretion: Results) -> None:
    for arm, row in printed("acts on").items():
        v, cell = values(secretion, arm), secretion.summary["arms"][arm]["cells"]["astrocyte"]
        expected = (cell["mvb_per_cell"], cell["ilv_per_mvb"], cell["fusions_per_cell_per_hour"], cell["burst_mean"],
                    cell["released_per_cell_per_hour"], 100 * cell["lysosome_share"])
        for text, value in zip(row[1:7], expected, strict=True):
            assert shows(text, value), (arm, text, value)
        low, high = spread(v)
        assert row[7] == f"{low:.0f} to {high:.0f}", (arm, low, high)


def leaving(v: dict[str, float]) -> float:
    """Share of the vesicles of a fused MVB that leave the cell, at once or after having been tethered."""
    let_go = v["tether_detachment_rate"] / (v["tether_detachment_rate"] + v["tether_return_rate"])
    return v["released_share"] + (1 - v["released_share"]) * let_go


def fano(v: dict[str, float]) -> float:
    """Variance / mean of what one cell releases, as a Poisson number of fusions that each set free a thinned MVB.

    An MVB holds n vesicles when it fuses; a share L leaves: E[k] = L E[n], E[k^2] = L^2 E[n^2] + L (1 - L) E[n].
    """
    share = leaving(v)
    return share * v["docked_ilv2"] / v["docked_ilv"] + (1 - share)


def spread(v: dict[str, float]) -> tuple[float, float]:
    """Between which numbers of EVs per hour 90 % of cells lie over a day, normal."""
    mean = v["released:astrocyte"]
    reach = norm.isf(0.05) * math.sqrt(fano(v) * mean)
    return (mean - reach) / 24, (mean + reach) / 24


def test_sentences_on_secretion(secretion: Results) -> None:
    control = values(secretion, "control")
    assert round(fano(control)) == 18
    assert "of 18 times its mean" in PAGE
    of = {arm: secretion.summary["arms"][arm]["cells"]["astrocyte"] for arm in secretion.summary["arms"]}
    ratio = {arm: cell["released_per_cell_per_hour"] / of["control"]["released_per_cell_per_hour"]
             for arm, cell in of.items()}
    assert f"GW4869 x {ratio['gw4869']:.2f} " in PAGE
    assert f"Rab27a x {ratio['rab27a_kd']:.2f} " in PAGE
    assert f"ionophore x {ratio['ionophore']:.1f} " in PAGE
    assert round(ratio["bafilomycin"]) == 6
    assert round(of["bafilomycin"]["mvb_per_cell"] / of["control"]["mvb_per_cell"]) == 6
    assert round(1 - of["ionophore"]["mvb_per_cell"] / of["control"]["mvb_per_cell"], 2) == 0.17


def test_why_rare_copies_do_not_suffice(stoichiometry: Results) -> None:
    for arm, row in printed("copies per EV").items():
        entry = stoichiometry.summary["arms"][arm]
        carried, dose = entry["cargo_per_ev"]["astrocyte"]["miR_146a"], entry["required_dose"]["neuron"]["miR_146a"]
        kept, received = dose["supplied"] * GIVEN, dose["delivered_copies"]
        occupied = -math.log1p(-carried["at_least_one"])
        chance = chance_of_one(received / carried["mean"], 1.0, 1.0, occupied)
        for text, value in zip(row, (carried["mean"], 100 * carried["at_least_one"], kept, received,
                                     dose["needed"] / dose["supplied"], 100 * chance), strict=True):
            assert shows(text, value), (arm, text, value)


def test_sentences_on_stoichiometry(stoichiometry: Results, tmp_path: Path) -> None:
    arms = stoichiometry.summary["arms"]
    native = arms["native"]["required_dose"]["neuron"]["miR_146a"]
    copies = {arm: arms[arm]["cargo_per_ev"]["astrocyte"]["miR_146a"]["mean"] for arm in
              ("donors", "donors_enriched_100x")}
    assert round(copies["donors"], 5) == 0.00825  # what the enrichment is calibrated to
    received = native["delivered_copies"] / copies["donors"] * arms["native"]["cargo_per_ev"]["astrocyte"]["miR_146a"][
        "at_least_one"]
    assert f"One neuron in {-1 / math.expm1(-received):.0f} " in PAGE
    assert f"{three(native['needed'])} EVs an hour" in PAGE
    assert f"{native['supplied']:.3f}" in PAGE
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    occupied = arms["donors"]["cargo_per_ev"]["astrocyte"]["miR_146a"]["at_least_one"]
    assert f"one in {1 / occupied:.0f} holds one" in readme
    assert f"one in {-1 / math.expm1(-received):.0f} receives a copy" in readme
    share = native["delivered_share"]
    assert f"All at once it would take {three(needed_bolus(1000, copies['donors'], share))}." in PAGE
    assert f"at most {1 / share:.1f} times more, as {100 * share:.0f} %" in PAGE
    assert f"gives {copies['donors_enriched_100x'] / copies['donors']:.0f} times the copies" in PAGE
    left = {arm: arms[arm]["cells"]["astrocyte"]["cargo"]["miR_146a"]["final_copies"] for arm in copies}
    assert f"left with {three(left['donors_enriched_100x'])} of {three(left['donors'])} copies" in PAGE
    most = mean_field("mirna_stoichiometry", tmp_path, "run.duration=25 h",
                      "parameters.astrocyte.miR_146a.enrichment=1e7").summary["arms"]["donors"]
    limit = most["cargo_per_ev"]["astrocyte"]["miR_146a"]["mean"]
    assert f"carries {limit:.2f} copies at most" in PAGE
    assert f"{limit / 0.00825:.0f} times Chevillet's" in PAGE


def test_the_python_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                     capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict = {"__name__": "__main__"}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(block, "whole_numbers.md", "exec"), names)
    assert "EVs per fusion" in capsys.readouterr().out
    assert names["fusions"].shape == (2,)
    assert names["released"].shape[0] == 4  # cells that are followed in time, at most 8
    distributions = names["control"]["distributions"]
    keys = re.findall(r"`(?:CELL|CLASS)\.([\w/]+)`", PAGE[: PAGE.index("## Who changes")])
    assert {key.split("/")[0] for key in keys} <= {key.split(".")[1].split("/")[0] for key in distributions}


@pytest.mark.verify
def test_the_run_as_shipped_agrees_with_the_figures(stoichiometry: Results, tmp_path: Path) -> None:
    """Neurons with a copy: at most as many as if all were alike and none died, at least those that live.

    Exact binomial tails of 1e-9 on either side. Where neurons differ, fewer have a copy at the same mean (Jensen), but
    a share 1 - dead of them has lived, and received, all the time.
    """
    summary = api.simulate(ROOT / "examples" / "mirna_stoichiometry.yaml", tmp_path / "run").summary
    for arm, row in printed("copies per EV").items():
        chance = number(row[5]) / 100
        alive = stoichiometry.summary["arms"][arm]["cells"]["neuron"]["phenotype"]["alive"]
        seen = summary["whole"][arm]["distributions"]["neuron.received/miR_146a"]["at_least_one"]
        assert binom.sf(seen["count"] - 1, seen["of"], chance) > ALARM
        assert binom.cdf(seen["count"], seen["of"], alive * chance) > ALARM
    dose = summary["arms"]["native"]["cargo_per_ev"]["astrocyte"]["miR_146a"]["mean"]
    assert dose == pytest.approx(0.00825, abs=6.2 * math.sqrt(0.00825 / 5e5))  # 500,000 vesicles, Poisson
