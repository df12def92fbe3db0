"""The page on cells in space: its models are checked, its figures are those of the library."""

from __future__ import annotations

import re
from statistics import NormalDist

import pytest

from tests.pages import models_of, text_of
from tests.space_models import examined, space_of
from vesica import library
from vesica.spec.space_words import PositionsSpec, TissueRunSpec
from vesica.transport.neuropil import Gaps

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


def test_the_largest_rigid_vesicle_that_moves_is_as_the_page_says() -> None:
    """A third of the gaps (2 of 6 at a crossing) is wider than ``median spread^z``, z the normal quantile of 2/3."""
    largest = 50.0 * 2.0 ** NormalDist().inv_cdf(2.0 / 3.0)
    assert f"above {largest:.0f} nm are trapped" in PAGE
    gaps = Gaps(0.05, 2.0, 6.0, 1.6)
    assert gaps.hindrance(0.99e-3 * largest) > 0.0 == gaps.hindrance(1.01e-3 * largest)


def test_numbers_of_gaps_are_those_of_the_library() -> None:
    entries = library.load("cns").entries
    numbers = [entries[f"tissue.{name}"].value for name in ("gap_width", "gap_spread", "gap_connectivity")]
    assert numbers == [50.0, 2.0, 6.0]
    for said in ("(median, 50 nm)", "(geometric standard deviation, 2)", "(gaps at a crossing, 6)"):
        assert said in PAGE
