"""The page on cells in space: its models are checked, its figures are those of the library."""

from __future__ import annotations

import re

import pytest

from tests.pages import models_of, text_of
from tests.space_models import examined, space_of
from vesica import library
from vesica.spec.space_words import PositionsSpec, TissueRunSpec

PAGE = text_of("tissue")
MODELS = models_of(PAGE)


@pytest.mark.parametrize("title", MODELS)
def test_models_of_the_page_have_no_finding_but_notes(title: str) -> None:
    model, findings = examined(MODELS[title])
    assert model is not None
    assert [str(one) for one in findings if one.severity != "note"] == []
    assert set(space_of(model).cells) == {arm.name for arm in model.arms}


def test_there_is_a_model_of_each_way_to_place_cells() -> None:
    assert len(MODELS) == 2


@pytest.mark.parametrize("owner", [PositionsSpec, TissueRunSpec])
def test_every_word_is_on_the_page(owner: type) -> None:
    words = set(re.findall(r"[a-z_]+", PAGE))
    assert [name for name in owner.model_fields if name not in words] == []  # type: ignore[attr-defined]


def test_numbers_of_gaps_are_those_of_the_library() -> None:
    entries = library.load("cns").entries
    numbers = [entries[f"tissue.{name}"].value for name in ("gap_width", "gap_spread", "gap_connectivity")]
    assert numbers == [50.0, 2.0, 6.0]
    for said in ("(median, 50 nm)", "(geometric standard deviation, 2)", "(gaps at a crossing, 6)"):
        assert said in PAGE
