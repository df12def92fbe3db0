"""The report, built from a made-up summary. No number here comes from a simulation or a paper."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vesica.errors import error
from vesica.report import build, write
from vesica.report.material import Material
from vesica.report.outcome import survival
from vesica.report.page import SECTIONS
from vesica.report.verdicts import chance_level, groups, input_name, verdict_lines, verdict_of

DONORS = ("control", "ethanol", "ethanol_tlr4_ko", "ethanol_gw4869")
RECIPIENTS = (
    "neurons_alone",
    "neurons_given_control_evs",
    "neurons_given_ethanol_evs",
    "neurons_given_ko_evs",
)
FATES = ("returned", "in_mvb", "tethered", "outside", "matrix", "plastic", "bound", "inside", "delivered")
STRENGTH = {
    "ethanol": 1.0,
    "ethanol_gw4869": 0.6,
    "neurons_given_ethanol_evs": 1.0,
    "neurons_given_ko_evs": 0.1,
}


class FakeResults:
    """Stands in for an opened run folder, in tests only: smooth made-up courses."""

    data = None

    def __init__(self, summary: dict[str, Any], run: dict[str, Any] | None = None) -> None:
        self.summary = summary
        self.run = run or {}

    def series(self, arm: str, species: str, replicate: int = 0) -> tuple[np.ndarray, np.ndarray]:
        place, name = species.split(".", 1)
        counts = (self.summary["arms"][arm].get("counts") or {}) if self.summary.get("arms") else {}
        time = np.linspace(0.0, 48.0, 97)
        if place == "medium":
            if name != "free:astrocyte":
                raise error(species, "unknown", "known", "", "")
            start = (
                1e9 * np.exp(-time / 20)
                if "neurons_given" in arm
                else 3e7 * time * (counts.get("astrocyte") or 0) / 1e6
            )
            return time, start
        if not counts.get(place):
            return time, np.full(97, np.nan)
        strength = STRENGTH.get(arm, 0.0)
        rise = 1.0 - np.exp(-time / 6.0)
        known = {
            "NFkB_activity": 1 + 4 * strength * rise,
            "TLR4_activity": 1 + 6 * strength * rise,
            "COX2": 1 + 1.4 * strength * rise**2,
            "stress": np.ones(97),
            "alive": 1 - 0.3 * strength * (1 - np.exp(-time / 30)),
            "mvb": 40 + 12 * strength * rise,
            "released:astrocyte": 60 * (1 + 0.9 * strength) * time,
            "taken_up:astrocyte": 12 * (1 + strength) * np.maximum(time - 24, 0),
            "bound:astrocyte": 5 * rise,
            "inside:astrocyte": 20 * strength * rise,
        }
        if name not in known or (name == "COX2") != (place == "neuron" and name == "COX2"):
            raise error(species, "unknown", "known", "", "")
        return time, known[name]


def arm_summary(name: str) -> dict[str, Any]:
    is_donor = name in DONORS
    strength = STRENGTH.get(name, 0.0)
    made = 3e9 * (1 + strength) if is_donor else 2e8
    whole = made if is_donor else made + 5e8
    shares = dict(zip(FATES, (0.31, 0.12, 0.02, 0.2, 0.0, 0.05, 0.01, 0.04, 0.0004), strict=True))
    vesicles = {k: whole * v for k, v in shares.items()} | {"made": made, "added": whole - made}
    vesicles |= {"degraded": whole * 0.2496, "removed": 0.0, "residual": 3.1e-13}
    cell = "astrocyte" if is_donor else "neuron"
    signals = (
        {"NFkB_activity": 1 + 4 * strength, "TLR4_activity": 1 + 6 * strength}
        if is_donor
        else {"COX2": 1 + 1.4 * strength}
    )
    return {
        "english": ["ethanol 40 mM in the medium from 0 h to 24 h"] if "ethanol" in name else [],
        "counts": {"astrocyte": 1e6 if is_donor else 0, "neuron": 0 if is_donor else 5e5},
        "ledger": {
            "vesicles": vesicles,
            "cargo": {"miR_146a": {"made": 1e6, "degraded": 1e6, "residual": -2e-12}},
        },
        "cells": {
            cell: {
                "released_per_cell_per_hour": 60.0 * (1 + 0.9 * strength),
                "taken_up_per_cell": 288.0 * (1 + strength),
                "phenotype": {"alive": 1 - 0.3 * strength, "dead": 0.3 * strength}
                if cell == "neuron"
                else {},
                "signals": {
                    k: {"final": v, "max": v, "time_of_max_h": 48.0, "basal": 1.0} for k, v in signals.items()
                },
            }
        },
        "transfer": {"astrocyte": {"astrocyte" if is_donor else "neuron": 2.88e8 * (1 + strength)}},
        "cargo_per_ev": {
            "astrocyte": {
                "miR_146a": {"mean": 0.00825 * (1 + strength), "at_least_one": 0.0082 * (1 + strength)},
                "TLR4": {"mean": 1.9 * (1 + strength), "at_least_one": 0.85},
                "IL1R1": {"mean": 0.4, "at_least_one": 0.33},
            }
        }
        if is_donor
        else {},
        "required_dose": {}
        if is_donor
        else {
            "neuron": {
                "miR_146a": {
                    "needed": 12000.0,
                    "supplied": 0.0 if "alone" in name else 12.0 * (1 + strength),
                    "verdict": "not_enough",
                    "unit": "EV internalised per cell per hour",
                    "words": "miR-146a from vesicles alone stays a thousand times below what is needed",
                }
            }
        },
        "dose": []
        if is_donor or "alone" in name
        else [
            {
                "from_arm": "ethanol",
                "recipient": "neuron",
                "at_h": 24.0,
                "words": "1,000 vesicles per neuron at 24 h, from arm ethanol",
            }
        ],
        "mixing": {
            "words": "In 2.08 mm of still medium a vesicle needs 130 h to cross, longer than the run.",
            "depth_um": 2080.0,
            "diffusion_time_h": 130.0,
            "still_share": 0.37,
            "stirred_share": 0.97,
        },
        "rule_factors": {
            cell: {
                "mvb_fusion_rate": [
                    {"rule": "TLR4_activity increases mvb_fusion_rate", "factor": 1 + strength}
                ]
            }
        },
    }


def published_row(
    key: str, label: str | None, holds: bool | None, counts: bool | None, arm: str, against: str, ratio: float
) -> dict[str, Any]:
    return {
        "key": key,
        "says": f"{key.replace('_', ' ')} in cultured cells",
        "source": "Made-up 2001, J Tests 1:1",
        "arm": arm,
        "against": against,
        "quantity": "neuron.COX2",
        "direction": "increase",
        "ratio": ratio,
        "holds": holds,
        "label": label,
        "draws": {
            "base": {"holds": 0.93, "opposite": 0.01, "neither": 0.06, "count": 100},
            "no_transfer": {"holds": 0.0, "opposite": 0.1, "neither": 0.9, "count": 100},
        },
        "counts_as_reproduced": counts,
        "decided_by": [["uptake.binding_rate", 0.61], ["release.fold", 0.4], ["third", 0.1]],
        "words": "holds only where receptors travel",
    }


def full_summary() -> dict[str, Any]:
    grid = np.linspace(30, 150, 121)
    density = np.exp(-0.5 * (np.log(grid / 75) / np.log(1.35)) ** 2) / grid
    density /= density.sum()
    parameter = {
        "low": 1e-5,
        "high": 1e-3,
        "confidence": "estimate",
        "source": "",
        "doi": "",
        "reason": "a guess",
        "entry": "release.x",
    }
    return {
        "vesica": "0.1.0",
        "format": 1,
        "title": "Ethanol makes astrocyte vesicles inflammatory for neurons",
        "outcome": "completed",
        "duration_h": 48.0,
        "arms": {name: arm_summary(name) for name in DONORS + RECIPIENTS},
        "species": {"neuron.COX2": {"unit": "", "label": "COX-2"}},
        "size_law": {
            "astrocyte": {
                "median_nm": 75.0,
                "gsd": 1.35,
                "low_nm": 30.0,
                "high_nm": 150.0,
                "grid_nm": grid.tolist(),
                "density": density.tolist(),
                "source": "Made-up 2001",
            }
        },
        "published": [
            published_row("ethanol_raises_release", "assumed", True, None, "ethanol", "control", 1.9),
            published_row(
                "COX2_rises_in_neurons",
                "could have failed",
                True,
                True,
                "neurons_given_ethanol_evs",
                "neurons_given_control_evs",
                2.4,
            ),
            published_row(
                "knock_out_abolishes_it",
                "follows",
                True,
                False,
                "neurons_given_ko_evs",
                "neurons_given_control_evs",
                1.14,
            ),
            published_row(
                "miR_146a_rises_in_neurons",
                "could have failed",
                False,
                False,
                "neurons_given_ethanol_evs",
                "neurons_given_control_evs",
                1.0,
            ),
        ],
        "draws": {"count": 100, "structures": ["base", "no_transfer"], "chosen": "base", "drawn_inputs": 7},
        "fidelity": "well_mixed",
        "domain": {"volume_mL": 2.0, "depth_um": 2080.0, "mixing": "still"},
        "headline": [
            "Vesicles of ethanol-treated astrocytes raise COX-2 in neurons; those of TLR4 knock-outs do not.",
            "The effect needs the transferred receptor: native miR-146a falls short a thousandfold.",
        ],
        "measurements": [
            {
                "key": "astrocyte.release",
                "file": "inputs/nta.csv",
                "says": "2.1e9 particles/mL after blank",
                "details": {"valid_videos": 5, "mode_nm": 94.2, "bins": [10.0, 20.0, 30.0, 40.0, 50.0]},
                "held_against": [
                    {
                        "arm": "ethanol", "against": "control", "cargo": "miR_146a", "predicted": 9.3,
                        "measured": 7.4, "low": 4.2, "high": 13.0, "agrees": True, "was_input": False,
                        "words": "Prediction: miR-146a per vesicle changes 9.3-fold, measured 7.4-fold: inside it.",
                    }
                ],
            }
        ],
        "rules": [
            {
                "english": "In astrocytes, TLR4_activity increases mvb_fusion_rate up to 3-fold",
                "source": "Made-up 2001",
            }
        ],
        "switches": {
            "escape": {
                "chosen": "high",
                "options": {"high": "30 % of vesicles escape", "low": "1 % escape"},
                "label": "Do vesicles escape the endosome?",
                "source": "Made-up 2001",
            }
        },
        "confidence": {"seen": 61, "known": 44, "estimate": 120, "given": 12, "measured": 1},
        "parameters": [
            {"path": "astrocyte.mvb_fusion_rate", "value": 1e-4, "unit": "1/s", **parameter},
            {
                "path": "astrocyte.ilv_diameter_median",
                "value": 0.075,
                "unit": "um",
                **parameter,
                "low": 0.05,
                "high": 0.1,
                "confidence": "seen",
                "source": "Made-up 2001",
                "doi": "10.1234/abc",
            },
            {
                "path": "medium.temperature",
                "value": 310.15,
                "unit": "K",
                **parameter,
                "low": 310.15,
                "high": 310.15,
                "confidence": "given",
            },
        ],
        "citations": [
            {
                "source": "Made-up 2001, J Tests 1:1",
                "doi": "10.1234/abc(1)<2>",
                "used_for": ["release", "size"],
            },
            {"source": "No DOI 1999", "doi": "javascript:alert(1)", "used_for": []},
        ],
        "findings": [
            {
                "severity": "warning",
                "path": "arms.ethanol",
                "wrote": "you wrote 40 mM",
                "rule": "r",
                "consequence": "c",
                "fix": "f",
                "file": "model.yaml",
                "line": 12,
            }
        ],
    }


RUN = {
    "format": 1,
    "vesica": "0.1.0",
    "command": ["vesica", "run", "model.yaml", "--out", "runs/a b"],
    "arguments": {"seed": 1},
    "seed": 1,
    "versions": {"python": "3.11.2", "numpy": "2.4.6"},
    "started": "2026-01-01T00:00:00Z",
    "outcome": "completed",
    "message": "",
    "wall_seconds": 12.34567,
    "peak_memory_mb": 311.2,
    "solver": {"name": "CVODE", "steps": 12345},
}


@pytest.fixture(scope="module")
def page() -> str:
    return build(FakeResults(full_summary(), RUN))


def pictures(page: str) -> list[ET.Element]:
    return [ET.fromstring(text) for text in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)]


def test_every_section_is_present_and_in_order() -> None:
    page = build(FakeResults(with_controls(), RUN))
    sections = [section(Material(FakeResults(with_controls(), RUN))) for section in SECTIONS]
    assert {"whole", "phenotypes", "networks", "vessel"} <= {s.anchor for s in sections if not s.blocks}  # not here
    places = [page.index(f'<section id="{s.anchor}">') for s in sections if s.blocks]
    assert places == sorted(places)
    assert 'id="absent"' not in page
    for anchor in re.findall(r'href="#([a-z]+)"', page):
        assert f'id="{anchor}"' in page


def test_the_first_screen_says_what_follows_and_what_does_not(page: str) -> None:
    top = page[: page.index('<section id="published">')]
    assert "1 of 4 published directions count" in top
    assert "100 draws of 7 uncertain inputs in each of 2 structures" in top
    assert "fidelity: well mixed" in top
    assert "2 mL medium, still" in top
    assert "1 of 2" in top  # could have failed: one reproduced, one missed
    assert "500 times too few at best" in top
    assert "measured 7.4-fold: inside it." in top
    assert "raise COX-2 in neurons; those" not in top  # the summary's long sentences are not repeated
    found = {group.title: group for group in groups(Material(FakeResults(full_summary(), RUN)))}
    assert list(found) == ["Reproduced", "Holds, but does not count", "Missed", "Built in"]
    assert found["Reproduced"].lines[0].says.startswith("COX2 rises in neurons")
    assert found["Missed"].lines[0].figures == "×1, published: up · holds in 93 % of draws"


def test_a_single_run_says_that_nothing_was_drawn() -> None:
    summary = full_summary()
    summary["draws"] = None
    for row in summary["published"]:
        row |= {"draws": None, "label": None, "counts_as_reproduced": None, "decided_by": []}
    first, second = verdict_lines(Material(FakeResults(summary)))
    assert first == "3 of 4 published directions hold in this run."
    assert "single run without draws" in second
    page = build(FakeResults(summary, RUN))
    assert "missed" in page
    assert "by structure" not in page


def test_structures_are_told_at_one_look(page: str) -> None:
    section = page[page.index('<section id="published">') :]
    table = section[: section.index("</table>")]
    assert 'class="shares"' in table
    assert table.count("--level:93%") == 4
    assert "opposite 10 %" in table
    assert "in use" in table


def test_a_deciding_input_has_a_short_name_and_a_range() -> None:
    summary = full_summary()
    row = summary["parameters"][0] | {"entry": "mir.escape"}
    summary["parameters"] = [
        row | {"path": "neuron.miR_146a.decay_rate"},
        row | {"path": "astrocyte.miR_146a.decay_rate"},
    ]
    material = Material(FakeResults(summary))
    name, value = input_name(material, "mir.escape")
    assert name == "decay rate of miR-146a (neuron, astrocyte)"
    assert value == "0.36 1/h, range 0.036 to 3.6"
    assert input_name(material, "unknown.entry") == ("unknown.entry", "")


def test_inputs_that_chance_alone_would_name_are_not_said_to_decide(page: str) -> None:
    """Bonferroni for 7 inputs: z = 2.69, so 0.27 in 100 draws and 0.9 in 10."""
    material = Material(FakeResults(full_summary(), RUN))
    assert chance_level(material) == pytest.approx(2.690 / 99**0.5, rel=1e-3)
    assert "uptake.<wbr>binding_<wbr>rate: 0.61" in page
    summary = full_summary()
    summary["draws"]["count"] = 10
    assert "none stands out" in build(FakeResults(summary, RUN))


def with_controls() -> dict[str, Any]:
    """Two routes, each with something blocked in the arm and in its own control."""
    summary = full_summary()
    for route in ("surface", "receptor"):
        untreated, given = arm_summary("neurons_alone"), arm_summary("neurons_given_ethanol_evs")
        untreated |= {"english": [f"all but {route} blocked"], "against": None}
        given |= {"english": ["1000 vesicles", f"all but {route} blocked"], "against": f"{route}_untreated"}
        summary["arms"] |= {f"{route}_untreated": untreated, f"{route}_given": given}
    summary["arms"]["ethanol"]["against"] = "control"
    return summary


def test_every_arm_is_held_against_its_own_control() -> None:
    page = build(FakeResults(with_controls(), RUN))
    section = page[page.index('<section id="controls">') :]
    section = section[: section.index("</section>")]
    assert "neuron: one route at a time" in section
    assert "astrocyte: arm over control" in section
    assert "surface_given: ×2.4" in section  # COX-2
    assert "surface_given: ×0.7" in section  # alive
    assert "neurons_given_ethanol_evs: ×" not in section  # names no control


def test_an_arm_without_a_control_is_not_compared_where_others_name_theirs() -> None:
    material = Material(FakeResults(with_controls(), RUN))
    assert material.reference("surface_given", "neuron") == "surface_untreated"
    assert material.reference("surface_untreated", "neuron") is None


def test_predicted_stands_beside_measured(page: str) -> None:
    section = page[page.index('<section id="measurements">') :]
    assert "predicted ×9.3, measured ×7.4 (4.2 to 13): inside" in section[: section.index("</section>")]


def test_numbers_carry_units_and_ratios(page: str) -> None:
    assert "×1.9 vs arm 1" in page  # released, ethanol against control
    assert "×2.4 vs arm 6" in page  # COX-2: the published comparison names the control
    assert "12,000" in page
    assert "3×10⁹ EV" in page
    assert "0.36 1/h" in page  # 1e-4 1/s
    assert "75 nm" in page
    assert "310 K" in page
    assert "2.08" in page  # depth in mm


def test_the_page_loads_nothing(page: str) -> None:
    assert not re.search(r"\bsrc\s*=|@import|url\(|<link|<iframe|<object|<embed|<base", page)
    addresses = re.findall(r'href="([^"#][^"]*)"', page)
    assert addresses
    assert all(address.startswith("https://doi.org/10.") for address in addresses)
    assert "default-src 'none'" in page
    assert page.count("<script") == 1


def test_a_doi_that_is_none_is_text(page: str) -> None:
    assert 'href="javascript' not in page
    assert "https://doi.org/10.1234/abc(1)%3C2%3E" in page


def poisoned(value: Any) -> Any:
    """The same structure with markup in every string."""
    if isinstance(value, dict):
        return {k: poisoned(v) for k, v in value.items()}
    if isinstance(value, list):
        return [poisoned(v) for v in value]
    return f"{value}<script>alert('x')</script>&\"\x0b" if isinstance(value, str) else value


def test_all_strings_are_escaped() -> None:
    page = build(FakeResults(poisoned(full_summary()), poisoned(RUN)))
    assert page.count("<script") == 1  # our own
    assert "&lt;script&gt;" in page
    assert "\x0b" not in page
    assert pictures(page)


def test_names_are_escaped_too() -> None:
    evil = '<script>"arm"</script>'
    summary = json.loads(json.dumps(full_summary()).replace("ethanol_gw4869", json.dumps(evil)[1:-1]))
    page = build(FakeResults(summary, RUN))
    assert page.count("<script") == 1
    assert evil not in page


def test_long_names_break_after_underscores_only(page: str) -> None:
    assert "neurons_<wbr>given_<wbr>ethanol_<wbr>evs" in page
    assert "&lt;wbr" not in page


def test_every_picture_is_valid_and_says_what_it_shows(page: str) -> None:
    drawn = [p for p in pictures(page) if p.get("role") == "img"]
    assert len(drawn) > 15
    for picture in drawn:
        assert picture[0].tag == "title"
        assert picture[0].text
        assert picture[1].tag == "desc"
        assert picture[1].text


def test_every_axis_carries_its_quantity_with_a_unit(page: str) -> None:
    axes = {e.text for p in pictures(page) for e in p.iter("text") if e.get("class") == "axis"}
    assert {
        "time (h)",
        "EV/cell/h",
        "diameter (nm)",
        "density (1/nm)",
        "share of EVs made or added (%)",
    } <= axes
    assert {"EV internalised per cell per hour", "MVBs per cell", "relative level"} <= axes
    assert all(any(mark in str(axis) for mark in ("(", "/", " per ", "relative", "EV in")) for axis in axes)


def test_text_stays_inside_the_picture(page: str) -> None:
    for picture in pictures(page):
        if picture.get("role") != "img":
            continue
        width, height = (float(x) for x in str(picture.get("viewBox")).split()[2:])
        for element in picture.iter("text"):
            assert -1 <= float(element.get("x", 0)) <= width
            assert 0 <= float(element.get("y", 0)) <= height


def test_arms_keep_their_colour_in_every_picture(page: str) -> None:
    """The marks of an arm always have the class of its number."""
    seen: dict[str, set[str]] = {}
    for picture in pictures(page):
        for element in picture.iter("text"):
            css = str(element.get("class"))
            if css.startswith("mark c") and str(element.text).isdigit():
                seen.setdefault(str(element.text), set()).add(css)
    assert len(seen) == len(DONORS + RECIPIENTS)
    assert all(len(classes) == 1 for classes in seen.values())
    assert seen["1"] == seen["8"]  # colours repeat after seven, with another dash
    styles = Material(FakeResults(full_summary())).styles
    assert len({(s.css, s.dash) for s in styles.values()}) == len(styles)


def test_twenty_arms_are_cut_into_panels_that_share_a_reference() -> None:
    summary = full_summary()
    summary["published"] = []
    summary["arms"] = {"control": arm_summary("control")} | {
        f"variant_{i}": arm_summary("ethanol") for i in range(19)
    }
    material = Material(FakeResults(summary))
    groups = material.groups("astrocyte")
    assert all("control" in group and len(group) <= 8 for group in groups)
    assert {arm for group in groups for arm in group} == set(summary["arms"])
    styles = material.styles.values()
    assert len({(s.css, s.dash) for s in styles}) == 20
    assert "arms 1–7" in build(FakeResults(summary))


def test_a_minimal_summary_gives_a_page() -> None:
    page = build(FakeResults({}))
    assert "Not part of this run:" in page
    assert "Untitled run" in page
    assert "Size law" in page[page.index('id="absent"') :]


@pytest.mark.parametrize("nothing", [None, "missing", [], {}])
@pytest.mark.parametrize("key", sorted(full_summary()))
def test_any_key_may_be_missing(key: str, nothing: Any) -> None:
    summary = full_summary()
    if nothing == "missing":
        del summary[key]
    else:
        summary[key] = nothing
    assert "</html>" in build(FakeResults(summary, RUN))


@pytest.mark.parametrize("key", sorted(arm_summary("ethanol")))
def test_any_key_of_an_arm_may_be_missing(key: str) -> None:
    summary = full_summary()
    for number, arm in enumerate(summary["arms"].values()):
        arm.pop(key) if number % 2 else arm.update({key: None})
    assert "</html>" in build(FakeResults(summary, RUN))


def nulled(value: Any) -> Any:
    """The same keys with nothing behind the innermost ones."""
    if isinstance(value, dict):
        return {k: nulled(v) for k, v in value.items()}
    return [nulled(v) for v in value] if isinstance(value, list) else None


def test_nulls_everywhere_do_not_raise() -> None:
    assert "</html>" in build(FakeResults(nulled(full_summary()), nulled(RUN)))


def test_a_run_without_summary_gives_a_page() -> None:
    class Interrupted(FakeResults):
        @property
        def summary(self) -> dict[str, Any]:
            raise error("summary.json", "missing", "r", "c", "f")

        @summary.setter
        def summary(self, value: object) -> None:
            pass

    page = build(Interrupted({}, {**RUN, "outcome": "interrupted"}))
    assert "interrupted: what was computed is shown" in page


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"holds": None}, "not tested"),
        ({"holds": False, "label": "assumed"}, "missed"),
        ({"holds": True, "counts_as_reproduced": True, "label": "could have failed"}, "reproduced"),
        ({"holds": True, "label": "assumed"}, "holds (assumed)"),
        ({"holds": True, "counts_as_reproduced": False, "label": "could have failed"}, "holds (not counted)"),
        ({"holds": True, "counts_as_reproduced": None, "label": None}, "holds"),
    ],
)
def test_verdicts(row: dict[str, Any], words: str) -> None:
    assert verdict_of(row).words == words


def test_survival_reads_either_state() -> None:
    assert survival({"alive": 0.7}) == 0.7
    assert survival({"healthy": 0.6, "dead": 0.25}) == 0.75
    assert survival({"homeostatic": 1.0}) is None


def test_the_same_run_gives_the_same_page(page: str) -> None:
    assert page == build(FakeResults(full_summary(), RUN))


def test_write_replaces_the_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vesica.results.open", lambda _folder: FakeResults(full_summary(), RUN))
    target = tmp_path / "report.html"
    target.write_text("old")
    assert write(tmp_path) == target
    assert target.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_small_change_looks_small() -> None:
    """No axis of time courses spans less than a tenth of its level, so 992 copies +- 0.1 look flat."""

    class Flat(FakeResults):
        def series(self, arm: str, species: str, replicate: int = 0) -> tuple[np.ndarray, np.ndarray]:
            time, values = super().series(arm, species, replicate)
            return time, 992.0 + 1e-4 * values

    page = build(Flat(full_summary(), RUN))
    shown = [p for p in pictures(page) if p.get("role") and "relative level" in str(p[1].text)]
    assert shown
    for picture in shown:
        ticks = [
            float(str(e.text).replace(",", ""))
            for e in picture.iter("text")
            if e.get("text-anchor") == "end" and e.get("class") == "tick"
        ]
        assert max(ticks) - min(ticks) >= 0.1 * 992.0 - 1e-9


def test_names_in_backticks_are_set_as_code() -> None:
    summary = full_summary() | {"published": [], "arms": {}, "measurements": []}
    summary["headline"] = ["It holds in `ethanol_gw4869`, not in <b>`a b`."]
    page = build(FakeResults(summary, RUN))
    assert "<code>ethanol_<wbr>gw4869</code>" in page
    assert "&lt;b&gt;<code>a b</code>." in page  # names of samples hold blanks
