"""Matrix that cannot be meant, and what is said of one that can."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cell_networks import spec
from vesica import api, interventions
from vesica.analysis.explain import compare, explanation
from vesica.errors import Finding
from vesica.spec import io, recall
from vesica.spec.cells import Matrix


def findings(matrix: Any, **more: Any) -> list[Finding]:
    """What both checks say of a dish of microglia with this matrix."""
    return list(api.examine(spec({}, {"networks": [], "matrix": matrix}, **more)).findings)


def test_a_matrix_is_good_with_what_it_holds_and_without() -> None:
    assert findings({}) == []
    numbers = {"factors": {"TNF": {"sites": 0.2}}, "proteases": {"MMP9": {"digestion_rate": "0.1 1/(uM*s)"}}}
    assert findings(numbers) == []


FOLD = "half_max 1 nM, hill 1, up to 2x"
WRONG: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "a factor nobody knows": ({"factors": {"TNFa": {}}}, {}, "cells.microglia.matrix.factors.TNFa",
                              "did you mean `TNF`"),
    "a protease nobody knows": ({"proteases": {"MMP8": {}}}, {}, "cells.microglia.matrix.proteases.MMP8",
                                "did you mean `MMP9`"),
    "an agent": ({"factors": {"LPS": {}}}, {}, "cells.microglia.matrix.factors.LPS", "is not a known soluble"),
    "sites with a unit": ({"factors": {"TNF": {"sites": "2 nM"}}}, {}, "cells.microglia.matrix.factors.TNF.sites",
                          "2 nM"),
    "a number of no matrix": (None, {"parameters": {"microglia.matrix_decay_rate": "1 1/h"}},
                              "parameters.microglia.matrix_decay_rate", "is not a parameter of this model"),
    "a rule on no matrix": (None, {"rules": [f"microglia: LPS increases matrix_secretion_rate ({FOLD})"]},
                            "rules[0]", "matrix_secretion_rate"),
    "a rule from no matrix": (None, {"rules": [f"microglia: matrix increases TNF_secretion ({FOLD})"]},
                              "rules[0]", "`matrix`"),
    "a knock-out of no matrix": (None, {"interventions": [{"knock_out": "matrix"}]}, "interventions[0].knock_out",
                                 "`matrix` is nothing that"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_slip_is_one_error_at_its_place(case: str) -> None:
    matrix, more, path, says = WRONG[case]
    found = [one for one in findings(matrix, **more) if one.severity == "error"]
    assert [one.path for one in found] == [path]
    assert says in str(found[0])


def test_a_state_may_not_be_called_as_what_the_matrix_holds() -> None:
    network = {"states": {"matrix_TNF": {"initial": 1}}, "reactions": {}}
    found = api.examine(spec({"m": network})).findings
    assert "networks.m.states.matrix_TNF" in [one.path for one in found if one.severity == "error"]


def test_whole_numbers_refuse_it_by_name() -> None:
    run = {"duration": "1 h", "every": "30 min", "fidelity": "stochastic", "cells_at_most": 10}
    said = [one.wrote for one in findings({"factors": {"TNF": {}}}, run=run)]
    for process in ("matrix_secretion", "matrix_loss", "matrix_binding", "matrix_unbinding", "matrix_release"):
        assert any(f"the process `{process}`" in wrote for wrote in said), process


def test_it_is_explained_compared_knocked_out_and_read_back() -> None:
    words = {"factors": {"TNF": {}}, "proteases": {"MMP9": {}}}
    model = interventions.resolve(spec({}, {"networks": [], "matrix": words},
                                       arms={"a": {}, "b": {"interventions": [{"knock_out": "matrix"}]}}))[0]
    assert model.cells[0].matrix == Matrix(("TNF",), ("MMP9",))
    assert model.arms[1].factors == {"microglia.matrix_secretion_rate": 0.0}
    (part,) = [part for part in explanation.of_model(model).parts if part.kind == "matrix"]
    assert [(line.kind, line.name) for line in part.lines] == [
        ("made", ""), ("holds", "vesicles"), ("holds", "TNF"), ("digested by", "MMP9")]
    other = interventions.resolve(spec({}, {"networks": [], "matrix": {"factors": {"TNF": {}}}}))[0]
    changes = [(one.group, one.what, one.first, one.second) for one in compare.compare(model, other).changes]
    assert any(group == "Cells" and "matrix" in what for group, what, *_ in changes)
    assert recall.recalls(io.dump_resolved(model)) == model
