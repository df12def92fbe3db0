"""Works that a run rests on: each once, with what it supports; BibTeX; vesica itself as in CITATION.cff."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vesica import api
from vesica.analysis.explain import cited
from vesica.analysis.explain.cited import Work
from vesica.spec import io, yaml_io

EXAMPLE = Path(__file__).parents[2] / "examples" / "ethanol_astrocytes.yaml"


def works_of_the_flagship() -> tuple[Work, ...]:
    model = api.examine(EXAMPLE).resolved
    assert model is not None
    return cited.works(map(vars, model.parameters.values()), io.plain(model))


def test_vesica_is_cited_as_its_citation_file_says(repository: Path) -> None:
    said = yaml_io.read(repository / "CITATION.cff").data
    assert said["title"] == cited.TITLE
    assert said["license"] == cited.LICENSE
    assert [author["name"] for author in said["authors"]] == [cited.AUTHORS]
    assert said["version"] in cited.software()
    assert cited.software("0.0.9").endswith("Version 0.0.9, BSD-3-Clause.")


def test_numbers_rules_networks_switches_and_findings_come_together() -> None:
    found = cited.works(
        [{"source": "A 2019 J 1:2", "doi": "10.1234/x", "path": "c.k", "reason": "why"},
         {"source": "definition", "doi": "", "path": "c.one"}, {"source": "", "doi": "", "path": "c.two"}],
        {"rules": [{"cell": "c", "english": "When x rises", "reference": "A 2019 J", "doi": "10.1234/X"},
                   {"cell": "c", "english": "no source", "reference": "", "doi": ""}],
         "cells": [{"name": "c", "networks": [{"name": "n", "label": "", "source": "B 2020", "doi": ""}]}],
         "switches": [{"name": "s", "label": "which", "source": "A 2019 J 1:2, doi 10.1234/x; B 2020"}],
         "published": [{"says": "it rises", "source": "C 2021, 10.1234/c.d"}]},
    )  # fmt: skip
    assert found == (
        Work("A 2019 J 1:2", "10.1234/x", ("c.k",), ("c: When x rises",), (), ("which",), (), ("why",)),
        Work("B 2020", "", networks=("n in c",), switches=("which",)),
        Work("C 2021", "10.1234/c.d", published=("it rises",)),
    )
    assert list(found[0].supports()) == [("number", ("c.k",)), ("rule", ("c: When x rises",)), ("switch", ("which",))]


@pytest.mark.parametrize(
    ("rows", "works"),
    [
        ([("A 2019", "")], {"A 2019": ""}),
        ([("A 2019; B 2020", "10.1234/a")], {"A 2019": "10.1234/a", "B 2020": ""}),
        ([("A 2019; B 2020, 10.1234/b", "10.1234/a")], {"A 2019": "10.1234/a", "B 2020": "10.1234/b"}),
        ([("A 2019, 10.1234/a; B 2020", "10.1234/a")], {"A 2019": "10.1234/a", "B 2020": ""}),
        ([("A 2019; B 2020", "10.1234/b"), ("B 2020 J 1:2", "10.1234/b")], {"A 2019": "", "B 2020": "10.1234/b"}),
        ([("A 2019; as coded by C", "10.1234/a")], {"A 2019; as coded by C": "10.1234/a"}),
        ([("A 2019; B 2020", "10.1234/a"), ("A 2019; C 2021", "10.1234/a")],
         {"A 2019": "10.1234/a", "B 2020": "", "C 2021": ""}),
    ],
)
def test_no_work_of_a_source_that_names_several_is_lost(rows: list[tuple[str, str]], works: dict[str, str]) -> None:
    found = cited.works([{"source": source, "doi": doi, "path": "x"} for source, doi in rows], {})
    assert {work.source: work.doi for work in found} == works


def test_a_work_named_first_without_its_doi_is_one_work() -> None:
    rows = [{"source": "A 2019", "doi": "", "path": "x"}, {"source": "A 2019", "doi": "10.1234/a", "path": "y"}]
    assert cited.works(rows, {}) == (Work("A 2019", "10.1234/a", ("x", "y")),)
    assert cited.works(rows[::-1], {}) == (Work("A 2019", "10.1234/a", ("x", "y")),)


def test_all_of_the_flagship_is_there_and_nothing_else() -> None:
    model = api.examine(EXAMPLE).resolved
    assert model is not None
    found = works_of_the_flagship()
    none = ("", "definition", "given in the model")
    sourced = {path for path, number in model.parameters.items() if number.source not in none}
    assert {path for work in found for path in work.numbers} == sourced
    assert len({sentence for work in found for sentence in work.rules}) == len(
        {f"{rule.cell}: {rule.english}" for rule in model.rules if rule.reference or rule.doi})
    dois = [work.doi.lower() for work in found if work.doi]
    assert len(set(dois)) == len(dois)


def test_bibtex_is_well_formed() -> None:
    found = works_of_the_flagship()
    text = cited.bibtex(found)
    keys = re.findall(r"^@(?:misc|software)\{(\S+),$", text, re.MULTILINE)
    assert len(keys) == len(set(keys)) == len(found) + 1
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", key) for key in keys)
    bare = text.replace(r"\{", "").replace(r"\}", "")
    assert bare.count("{") == bare.count("}")
    assert text.count("  doi = {10.") == sum(bool(work.doi) for work in found)
    assert text == cited.bibtex(works_of_the_flagship())


def test_bibtex_of_odd_sources() -> None:
    text = cited.bibtex([Work("A_b & {C} 50 % 2019"), Work("A_b & C 2019, again"), Work("1234", "10.1234/a_b")])
    assert r"note = {A\_b \& \{C\} 50 \% 2019}" in text
    assert "@misc{AC2019," in text
    assert "@misc{AC2019_2," in text
    assert "@misc{work," in text
    assert "doi = {10.1234/a_b}" in text  # addresses are not words
