"""What a model or a library rests on: rows, parts inside cells, what uses a number, the page."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.unit.test_recall import with_insides
from vesica import api
from vesica.analysis.explain import explanation, numbers, parts, uses
from vesica.analysis.explain.explanation import Explanation
from vesica.cli import app
from vesica.library import load
from vesica.report import explanation as page
from vesica.spec.cells import Spread
from vesica.spec.expressions import parse
from vesica.spec.resolved import Parameter

EXAMPLE = Path(__file__).parents[2] / "examples" / "ethanol_astrocytes.yaml"


@pytest.fixture(scope="module")
def flagship() -> Explanation:
    model = api.examine(EXAMPLE).resolved
    assert model is not None
    return explanation.of_model(model)


@pytest.fixture(scope="module")
def library() -> Explanation:
    return explanation.of_library(load("cns"))


class TestRows:
    def test_every_number_is_there_once_and_has_words(self, flagship: Explanation) -> None:
        model = api.examine(EXAMPLE).resolved
        assert model is not None
        assert [row.path for row in flagship.rows] == sorted(model.parameters)
        assert [row.path for row in flagship.rows if not row.label] == []
        assert sum(flagship.confidence.values()) == len(flagship.rows)

    @pytest.mark.parametrize(
        ("path", "unit", "label"),
        [
            ("a.IL6.basal", "molecule", "copies per resting cell"), ("a.NFkB.basal", "", "resting level"),
            ("TNF.decay_rate", "1/s", "loss from the medium"), ("a.TNF.decay_rate", "1/s", "turnover"),
            ("medium.viscosity", "Pa*s", "of the medium"), ("rule.x.hill", "", "Hill coefficient"),
            ("a.net.bind_k", "1/s", "rate constant"),
            ("a.calm_to_gone.hazard", "1/s", "hazard of a transition between phenotypes"),
            ("a.affinity_for_b", "", "binding of vesicles of that cell type, relative to others"),
            ("a.net.K", "", ""), ("a.net.k", "", ""), ("a.net.B_delay", "s", "mean time it is late"),
        ],
    )
    def test_labels(self, path: str, unit: str, label: str) -> None:
        assert numbers.label_of(Parameter(path, 1.0, unit, 1.0, 1.0, "given")) == label

    def test_place_and_library_give_labels_where_words_do_not(self) -> None:
        model = with_insides()
        paths = {"cell.gone.x": "", "cell.toggle.K": "signal.half_max", "cell.toggle.z": ""}
        numbers_of = {path: Parameter(path, 1.0, "", 1.0, 1.0, "given", entry) for path, entry in paths.items()}
        labels = {row.path: row.label for row in explanation.of_model(replace(model, parameters=numbers_of)).rows}
        assert labels == {"cell.gone.x": "factor on x while a cell is gone", "cell.toggle.z": "a constant of the model",
                          "cell.toggle.K": load("cns").entries["signal.half_max"].quantity}

    def test_search_takes_all_words_and_any_case(self, library: Explanation) -> None:
        found = numbers.chosen(library.rows, "BONSERGENT Escape")
        assert found
        assert all("escape" in row.words and "bonsergent" in row.words for row in found)
        each = [set(numbers.chosen(library.rows, word)) for word in ("escape", "bonsergent")]
        assert set(found) == each[0] & each[1]
        assert numbers.chosen(library.rows, "no such word") == ()
        assert {row.confidence for row in numbers.chosen(library.rows, only=["seen"])} == {"seen"}
        assert numbers.chosen(library.rows) == library.rows

    def test_shares_are_said(self) -> None:
        said = numbers.share_sentence(dict.fromkeys(numbers.CONFIDENCE, 0) | {"seen": 1, "estimate": 3})
        assert said == "4 numbers: 1 seen (25 %), 3 estimate (75 %)."
        assert numbers.share_sentence({}) == "No numbers."

    def test_the_command_knows_every_confidence(self) -> None:
        assert app.CONFIDENCE == numbers.CONFIDENCE


class TestParts:
    def test_a_network_is_written_out(self) -> None:
        model = with_insides()
        by_name = {part.kind: part for part in parts.of_cell(model.cells[0], model.parameters)}
        network = by_name["network"]
        assert (network.title, network.doi) == ("network toggle in cell", "10.1038/35002131")
        says = {(line.kind, line.name): line.says for line in network.lines}
        assert says["reaction", "make"] == "2 B -> A, rate 0.1 * k / (K + A)"
        assert says["total", "all"] == "2 A + B does not change"
        phenotypes = {line.name: line.says for line in by_name["phenotypes"].lines}
        assert phenotypes == {"calm": "calm", "gone": "gone, entering it is death; changes x",
                              "calm -> gone": "hazard by rules alone"}
        assert [line.says for line in by_name["transfer"].lines] == [
            "is translated to p", "on bound vesicles engages R"]

    def test_hidden_steps_are_counted(self) -> None:
        model = with_insides()
        network = model.cells[0].networks[0]
        states = (*network.states, *(replace(network.states[0], name=f"s{n}", is_hidden=True) for n in range(4)))
        moves = replace(network.reactions[0], name="step", moves=(("s0", -1), ("s1", 1)))
        lines = list(parts.network_lines("cell", replace(network, states=states, reactions=(moves,)), {}))
        assert [line.name for line in lines if line.kind in ("state", "reaction")] == ["A", "B"]
        assert lines[-1].says == "4 hidden steps"

    def test_spread_names_its_variation(self) -> None:
        model = with_insides()
        number = Parameter("cell.spread.1.cv", 0.4, "", 0.4, 0.4, "given")
        spread = Spread(("cell.a", "cell.b"), ("cell.spread.1.cv", "cell.spread.1.cv"))
        cell = replace(model.cells[0], networks=(), chains=(), translations=(), ligands=(), spreads=(spread,))
        (part,) = parts.of_cell(cell, {number.path: number})
        assert part.lines[0].says == "cell.a, cell.b: log-normal, coefficient of variation 0.4, together"

    @pytest.mark.parametrize(
        ("text", "shown"), [("0.1*x", "0.1 * x"), ("hill(x, K2, 2)", "hill(x, K2, 2)"), ("1e-7 + x1", "1e-07 + x1")]
    )
    def test_numbers_in_expressions_are_short(self, text: str, shown: str) -> None:
        assert parts.text_of(parse(text)) == shown
        assert parse(shown) == parse(text)

    @pytest.mark.parametrize(
        ("moves", "text"),
        [((("A", 1),), "-> A"), ((("A", -1),), "A ->"), ((("A", -2), ("B", 1)), "2 A -> B"), ((), "->")],
    )
    def test_equations(self, moves: tuple[tuple[str, int], ...], text: str) -> None:
        assert parts.equation(moves) == text


class TestUses:
    def test_rules_reactions_and_arms(self, flagship: Explanation) -> None:
        rows = {row.path: row for row in flagship.rows}
        assert any("MVB docking gets faster" in line for line in rows["astrocyte.mvb_docking_rate"].rests)
        assert any("MVB docking gets faster" in line for line in rows["rule.astro_nfkb_docking.fold"].rests)
        assert "arm tlr4_ko multiplies it by 0" in rows["astrocyte.TLR4.basal"].rests
        model = with_insides()
        found = uses.of_model(model)
        assert found["cell.toggle.k"] == ("toggle, make: 2 B -> A, rate 0.1 * k / (K + A)",)
        assert found["cell.alarm.basal"] == ("cell: agent raises alarm", "differs from cell to cell")

    def test_of_the_library(self, library: Explanation) -> None:
        rows = {row.path: row for row in library.rows}
        assert "escape_rate of every cell type without its own" in rows["escape.rate.bonsergent"].rests
        assert any(line.startswith("rule in astrocyte: ethanol") for line in rows["ethanol.tlr4.half_max"].rests)
        assert any("is computed from it" in line for line in rows["escape.share.bonsergent_Bonsergent21"].rests)
        assert any(line.startswith("computed as ") for line in rows["escape.rate.bonsergent"].rests)

    def test_words_of_library_networks_and_phenotypes(self) -> None:
        words = {"states": {"A": {"initial": "@x.y", "label": "protein A"}}, "constants": {"k": "@k.id"},
                 "assignments": {"r": "A / 2"}, "conserved": {"all": ["A", "2*B"]}, "provides": ["A"],
                 "reactions": {"go": {"equation": "A ->", "law": "mass_action", "k": "@k.id"}},
                 "rules": ["A increases B"]}
        lines = {(line.kind, line.name): line.says for line in parts.of_words("", "net", words).lines}
        assert lines["state", "A"] == "protein A, initial @x.y"
        assert lines["reaction", "go"] == "A ->, law mass_action, k @k.id"
        assert lines["total", "all"] == "A + 2*B does not change"
        cns = load("cns")
        entry = next(iter(cns.entries))
        changed = replace(cns, networks={"net": {"constants": {"k": f"@{entry}"}}})
        assert "constants.k of network net" in uses.of_library(changed)[entry]
        (part,) = (part for part in explanation.of_library(changed).parts if part.kind == "network")
        assert part.lines[0].says == f"{cns.entries[entry].value:g} {cns.entries[entry].unit}".strip()


class _Reader(HTMLParser):
    """Ids, links, and the rows of the catalogue of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.rows: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"] or ""] if "id" in given else []
        if tag == "a":
            self.links.append(given.get("href") or "")
        self.loaded += [given[key] or "" for key in ("src",) if key in given]
        self.loaded += [given["href"] or ""] if tag == "link" else []
        if tag == "li" and "data-words" in given:
            self.rows.append(given)


def read_page(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    return reader


class TestPage:
    def test_holds_every_number_and_loads_nothing(self, flagship: Explanation) -> None:
        text = page.build(flagship)
        read = read_page(text)
        assert len(read.rows) == len(flagship.rows)
        assert [row["data-words"] for row in read.rows] == [row.words for row in flagship.rows]
        assert len(set(read.ids)) == len(read.ids)
        assert read.loaded == []
        assert all(link.startswith(("#", "https://doi.org/10.")) for link in read.links)
        assert {f"https://doi.org/{row.doi}" for row in flagship.rows if row.doi} <= set(read.links)
        plain = re.sub(r"<wbr>|</?code>", "", text)
        for rule in flagship.rules:
            assert rule.says.split(":")[0].replace("`", "") in plain

    def test_its_script_is_the_one_that_may_run(self, flagship: Explanation) -> None:
        text = page.build(flagship)
        script = text.partition("<script>")[2].partition("</script>")[0]
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'sha256-{digest}'" in text
        assert "getElementById(\"words\")" in script

    def test_is_the_same_each_time(self, library: Explanation) -> None:
        assert page.build(library) == page.build(explanation.of_library(load("cns")))

    def test_networks_and_phenotypes_have_sections(self) -> None:
        text = page.build(explanation.of_model(with_insides()))
        plain = re.sub(r"<wbr>|</?code>", "", text)
        for part in ("Network toggle in cell", "2 B -&gt; A, rate 0.1 * k / (K + A)", "Phenotypes fate in cell",
                     "https://doi.org/10.1038/35002131"):
            assert part in plain

    def test_words_of_a_user_are_text(self, flagship: Explanation) -> None:
        bad = replace(flagship.rows[0], reason="<script>alert(1)</script>", source='"><img src=x>', path='a"b<c')
        read = read_page(page.build(replace(flagship, title="</title><script>", rows=(bad,))))
        assert read.loaded == []
        assert read.rows[0]["data-words"] == bad.words

    def test_nothing_to_tell(self) -> None:
        assert "There are no numbers." in page.build(Explanation("model", "empty", ()))
