"""The table of published cargo: about a hundred rows, each a fact with its source."""

from __future__ import annotations

import dataclasses

import pytest

from vesica import library
from vesica.library import cargo_table
from vesica.library.cargo_table import COLUMNS, CargoFact, cargo_facts

GOOD = CargoFact("x_Doe21", "x", "protein", "P01375", "microglia", "mouse", "exosome", "LPS", "", "up", "2-3",
                 "neuron", "", "", "in_vitro", "Doe 2021 J X 1:1", "10.1000/xyz", "seen")  # fmt: skip


def test_about_a_hundred_rows_with_ids_of_their_own_and_nothing_wrong() -> None:
    facts = cargo_facts()
    assert 96 <= len(facts) <= 130
    assert len({fact.id for fact in facts}) == len(facts)
    assert cargo_table.problems(facts) == []
    assert cargo_facts() is facts
    assert library.cargo_facts is cargo_facts


def test_most_rows_were_seen_or_are_known_and_each_names_its_paper() -> None:
    facts = cargo_facts()
    assert {fact.confidence for fact in facts} == {"seen", "known"}
    assert all(fact.ref for fact in facts)


def test_a_row_is_found_by_the_words_of_a_reader() -> None:
    (row,) = [fact for fact in cargo_facts() if fact.molecule == "let-7b" and fact.recipient == "neuron"
              and "microglia" in fact.source_cell]  # fmt: skip
    assert (row.fold, row.target, row.doi, row.confidence) == ("3.3-3.7", "TLR7", "10.1186/s12974-017-0799-4", "seen")


@pytest.mark.parametrize(
    ("planted", "says"),
    [
        ({"id": "two words"}, "not a name"),
        ({"molecule": ""}, "what was found"),
        ({"source_cell": "", "condition": ""}, "or where"),
        ({"type": "sugar"}, "type `sugar`"),
        ({"ev_class": "blob"}, "ev_class `blob`"),
        ({"system": "in_silico"}, "system `in_silico`"),
        ({"confidence": "sure"}, "confidence `sure`"),
        ({"doi": "doi:10.1/x"}, "no doi"),
        ({"uniprot_or_mirbase": "TNF_HUMAN"}, "no uniprot_or_mirbase"),
        ({"fold": "much"}, "no fold"),
        ({"ref": "", "doi": ""}, "without a source"),
        ({"ref": "", "confidence": "estimate"}, "without a source"),
        ({"effect": "toxic "}, "blank"),
    ],
)
def test_a_planted_bad_row_is_found(planted: dict[str, str], says: str) -> None:
    assert cargo_table.problems([GOOD]) == []
    found = cargo_table.problems([dataclasses.replace(GOOD, **planted)])  # type: ignore[arg-type]
    assert len(found) == 1
    assert says in found[0]


def test_a_row_twice_and_a_broken_file_are_refused() -> None:
    head, row = "\t".join(COLUMNS), "\t".join(vars(GOOD).values())
    assert cargo_table.read(f"{head}\n{row}\n") == (GOOD,)
    with pytest.raises(ValueError, match="given twice"):
        cargo_table.read(f"{head}\n{row}\n{row}\n")
    with pytest.raises(ValueError, match="line 3 has 2 fields"):
        cargo_table.read(f"{head}\n{row}\na\tb\n")
    with pytest.raises(ValueError, match="the head is not"):
        cargo_table.read(f"id\tmolecule\n{row}\n")
