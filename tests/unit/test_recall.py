"""What `dump_resolved` wrote is read back as the same model, and anything else is refused in four parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.toy import toy_model
from vesica import api
from vesica.errors import InputError
from vesica.spec import io, recall
from vesica.spec.cells import Assigned, Chain, ChainState, Network, NetworkState, Reaction, Spread
from vesica.spec.expressions import parse
from vesica.spec.resolved import ResolvedModel

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))


def with_insides() -> ResolvedModel:
    """The toy with a network, phenotypes and variability in its cell."""
    from dataclasses import replace

    model = toy_model()
    network = Network("toggle", "two repressors", (NetworkState("A", "molecule/um^3"), NetworkState("B", "")),
                      ("k", "K"), (Assigned("r", parse("A / 2"), ""),),
                      (Reaction("make", (("A", 1), ("B", -2)), parse("0.1 * k / (K + A)")),),
                      (("all", (("A", 2), ("B", 1))),), ("A",), "Gardner 2000", "10.1038/35002131")
    chain = Chain("fate", (ChainState("calm"), ChainState("gone", dies=True, owns=("x",))), (("calm", "gone"),))
    cell = replace(model.cells[0], networks=(network,), chains=(chain,), translations=(("m", "p"),),
                   ligands=(("L", "R"),), spreads=(Spread(("cell.alarm.basal",), ("cell.spread.1.cv",)),))
    return replace(model, cells=(cell,))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_every_example_comes_back_bit_for_bit(file: Path) -> None:
    model = api.examine(file).resolved
    assert model is not None
    assert recall.recalls(io.dump_resolved(model)) == model


def test_networks_phenotypes_and_variability_come_back() -> None:
    model = with_insides()
    assert recall.recalls(io.dump_resolved(model)) == model


def test_the_comparison_can_fail() -> None:
    text = io.dump_resolved(toy_model())
    assert recall.recalls(text.replace("toy", "boy")) != toy_model()


def test_what_a_later_version_added_has_its_default() -> None:
    text = io.dump_resolved(toy_model())
    older = "\n".join(line for line in text.splitlines() if "has_ago" not in line and "observe" not in line)
    assert older != text.rstrip("\n")
    assert recall.recalls(older) == toy_model()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: é\n", "`vesica_resolved: 1` does not stand in it"),
        ("vesica_resolved: 1\n", "it cannot be understood"),
        ("vesica_resolved: 1\nparameters: {x: 3}\n", "it cannot be understood"),
        ("vesica_resolved: 1\nparameters: [x]\n", "it cannot be understood"),
        ("", "the file is empty"),
    ],
)
def test_anything_else_has_four_parts(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        recall.recalls(text, "run/spec.yaml")
    found = caught.value.findings[0]
    assert all((found.wrote, found.rule, found.consequence, found.fix))
    assert found.file == "run/spec.yaml"
