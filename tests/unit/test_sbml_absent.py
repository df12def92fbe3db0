"""An SBML file of an arm from which a cell type of the model is missing names nothing that it does not define."""

from __future__ import annotations

import re

from tests.models import chain_model
from vesica.engine.program import compile_model
from vesica.engine.sbml_out import arm_sbml
from vesica.spec.resolved import Arm


def test_what_an_arm_does_not_hold_is_nothing_in_its_file() -> None:
    """Recipients without donors still bind their own vesicles; the room that others would take is free."""
    model = chain_model(arms=(Arm("alone", {"donor": 0.0, "taker": 5e5}), Arm("both", {"donor": 1e6, "taker": 5e5})))
    text = arm_sbml(compile_model(model), model.arms[0])
    defined = set(re.findall(r'<(?:species|parameter) id="(v\d+)"', text))
    assert defined
    assert set(re.findall(r"<ci>(v\d+)</ci>", text)) <= defined
    assert set(re.findall(r'assignmentRule variable="(v\d+)"', text)) <= defined
