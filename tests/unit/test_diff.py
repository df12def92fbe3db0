"""What differs between two models: each planted change is found alone, in English; other spellings are not."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.test_recall import with_insides
from vesica import api
from vesica.analysis.explain import changes, compare, compare_arms
from vesica.errors import InputError
from vesica.report import comparison as page
from vesica.spec import io
from vesica.spec.cells import CellType, Chain, ChainState, Motility, Network, NetworkState, Reaction, Spread
from vesica.spec.expressions import parse
from vesica.spec.resolved import (
    Arm,
    Compartment,
    Domain,
    Dose,
    Exposure,
    Inhibition,
    Loss,
    Parameter,
    ResolvedModel,
    Rule,
    Schedule,
    TissueRun,
)
from vesica.spec.space import Flow, Placed, Region, Space, Wall

MODEL = """\
vesica: 1
title: Small
use: [library:cns]
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}
cells:
  astrocyte: {count: 1e5, parameters: {escape_rate: 0.5 1/h}}
exposures:
  - {agent: ethanol, concentration: 40 mM, from: 0 h, to: 1 h}
rules:
  - "astrocyte: ethanol increases mvb_lysosome_rate (half_max 10 mM, hill 1, up to 2x)"
arms:
  control: {exposures: []}
  ethanol: {}
run: {duration: 2 h, every: 30 min, fidelity: well_mixed, seed: 1}
"""


def resolved(text: str) -> ResolvedModel:
    model = api.examine(io.loads(text)).resolved
    assert model is not None
    return model


@pytest.fixture(scope="module")
def base() -> ResolvedModel:
    return resolved(MODEL)


def test_a_model_does_not_differ_from_itself(base: ResolvedModel) -> None:
    assert compare.compare(base, base).changes == ()


@pytest.mark.parametrize("file", sorted((Path(__file__).parents[2] / "examples").glob("*.yaml")), ids=lambda f: f.stem)
def test_nor_does_an_example(file: Path) -> None:
    model = api.examine(file).resolved
    assert model is not None
    assert compare.compare(model, model).changes == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Small", "title: Another title"),
        ("duration: 2 h, every: 30 min", "duration: 120 min, every: 0.5 h"),
        ("40 mM", "0.04 M"), ("count: 1e5", "count: 100000"), ("0.5 1/h", "12 1/d"), ("35 mm", "3.5 cm"),
        ("half_max 10 mM", "half_max 10000 uM"),
        ("arms:\n  control: {exposures: []}\n  ethanol: {}", "arms:\n  ethanol: {}\n  control: {exposures: []}"),
        ("from: 0 h, to: 1 h", "to: 60 min"), ("{count: 1e5,", "{label: star, count: 1e5,"),
    ],
)
def test_another_spelling_is_the_same(base: ResolvedModel, old: str, new: str) -> None:
    text = MODEL.replace(old, new)
    assert text != MODEL
    assert compare.compare(base, resolved(text)).changes == ()


KEY = "astrocyte_ethanol_increases_mvb_lysosome_rate"
GIVEN = "both given in the model"
# what is changed in the text -> the sentences that say so, both directions
CASES = [
    ("duration: 2 h", "duration: 3 h", ["length of the run: 2 h in A, 3 h in B"]),
    ("seed: 1", "seed: 2", ["seed: 1 in A, 2 in B"]),
    ("mixing: stirred", "mixing: still", ["mixing: stirred in A, still in B"]),
    ("count: 1e5", "count: 2e5", ["every arm: astrocyte cells: 100,000 in A, 200,000 in B (x 2)"]),
    ("0.5 1/h", "1 1/h", [f"astrocyte.escape_rate: 0.5 1/h in A, 1 1/h in B (x 2); {GIVEN}"]),
    ("40 mM", "50 mM", ["arm ethanol: ethanol: 40 mM from 0 h to 1 h in A, 50 mM from 0 h to 1 h in B"]),
    ("up to 2x", "up to 3x", [f"rule.{KEY}.fold: 2 in A, 3 in B (x 1.5); {GIVEN}"]),
    ("  ethanol: {}\n", "  ethanol: {}\n  more: {against: ethanol, cells: {astrocyte: {count: 5}}}\n",
     ["arm more: only in B, ethanol 40 mM from 0 h to 1 h"]),
    ("arms:\n", "switches: {escape: low_fusogenicity}\narms:\n",
     ["escape: bonsergent in A, low_fusogenicity in B"]),
    ("use:", "observe: [released]\nuse:", ["observed: released: only in B"]),
]


@pytest.mark.parametrize(("old", "new", "says"), CASES, ids=[case[1][:24] for case in CASES])
def test_a_change_is_found_alone(base: ResolvedModel, old: str, new: str, says: list[str]) -> None:
    other = resolved(MODEL.replace(old, new, 1))
    assert [change.says for change in compare.compare(base, other).changes] == says
    assert len(compare.compare(other, base).changes) == len(says)


def test_a_rule_that_is_gone_takes_its_numbers_along(base: ResolvedModel) -> None:
    line = next(line for line in MODEL.splitlines() if "mvb_lysosome_rate" in line)
    other = resolved(MODEL.replace(f"rules:\n{line}\n", ""))
    (change,) = compare.compare(base, other).changes
    assert change.says.startswith(f"rule {KEY}: only in A, in astrocyte: When eth")
    assert compare.compare(other, base).changes == (replace(change, side="B", first="", second=change.first),)


def test_a_cell_type_that_is_new_counts_its_numbers(base: ResolvedModel) -> None:
    other = resolved(MODEL.replace("exposures:\n", "  neuron: {count: 7}\nexposures:\n", 1))
    said = [change.says for change in compare.compare(base, other).changes]
    assert "neuron: only in B" in said
    assert sum(line.startswith("neuron.") for line in said) == 0
    count = sum(path.startswith("neuron.") for path in other.parameters)
    assert f"{count} numbers of neuron: only in B" in said
    assert "every arm: neuron cells: 0 in A, 7 in B" in said


def test_the_same_value_from_elsewhere_is_no_other_number(base: ResolvedModel) -> None:
    rate = base.parameters["astrocyte.mvb_fusion_rate"]
    other = replace(base, parameters={**base.parameters, rate.path: replace(rate, low=rate.low / 2)})
    (change,) = compare.compare(base, other).changes
    assert change.group == "Same value, other source or range"
    assert "range" in change.first
    assert change.first != change.second


def test_rules_are_known_by_what_they_say_not_by_their_key(base: ResolvedModel) -> None:
    keys = {rule.key: f"other_{rule.key}" for rule in base.rules}
    rules = tuple(replace(rule, key=keys[rule.key]) for rule in base.rules)

    def path(old: str) -> str:
        head, key, name = (*old.split(".", 2), "", "")[:3]
        return f"rule.{keys[key]}.{name}" if head == "rule" else old

    numbers = {path(old): replace(number, path=path(old)) for old, number in base.parameters.items()}
    assert compare.compare(base, replace(base, rules=rules, parameters=numbers)).changes == ()


def insides(**changed: object) -> ResolvedModel:
    model = with_insides()
    return replace(model, cells=(replace(model.cells[0], **changed),))  # type: ignore[arg-type]


def test_networks() -> None:
    model = with_insides()
    network = model.cells[0].networks[0]

    def differs(**changed: object) -> list[str]:
        other = insides(networks=(replace(network, **changed),))  # type: ignore[arg-type]
        return [change.says for change in compare.compare(model, other).changes]

    turned = Reaction("make", (("B", -2), ("A", 1)), parse("k * 0.1 / (A + K)"))
    assert differs(reactions=(turned,), label="other words") == []
    faster = Reaction("make", turned.moves, parse("0.2 * k / (K + A)"))
    (said,) = differs(reactions=(faster,))
    assert said == ("cell: toggle reaction make: 2 B -> A, rate 0.1 * k / (K + A) in A, "
                    "2 B -> A, rate 0.2 * k / (K + A) in B")
    assert differs(reactions=()) == ["cell: toggle reaction make: only in A, 2 B -> A, rate 0.1 * k / (K + A)"]
    assert differs(constants=("k", "K", "n")) == ["cell: toggle constant n: only in B"]
    assert differs(provides=()) == ["cell: toggle takes the place of signal A: only in A"]
    unit = (replace(network.states[0], unit="molecule"), network.states[1])
    assert differs(states=unit) == ["cell: toggle state A unit: molecule/um^3 in A, molecule in B"]
    gone = compare.compare(model, insides(networks=())).changes
    assert [change.says for change in gone] == ["cell: toggle: only in A, 2 states, 1 reaction"]


def test_phenotypes_variability_and_transfer() -> None:
    model = with_insides()
    chain = model.cells[0].chains[0]

    def differs(**changed: object) -> list[str]:
        return [change.says for change in compare.compare(model, insides(**changed)).changes]

    assert differs(chains=(replace(chain, transitions=()),)) == ["cell: fate transition calm to gone: only in A"]
    alive = (chain.states[0], replace(chain.states[1], dies=False, owns=("x", "y")))
    assert differs(chains=(replace(chain, states=alive),)) == [
        "cell: fate state gone is death: yes in A, no in B", "cell: fate state gone changes y: only in B"]
    assert differs(spreads=()) == ["cell: cell.alarm.basal: only in A"]
    assert differs(translations=()) == ["cell: translation m to p: only in A"]
    assert differs(ligands=(("L", "Q"),)) == ["cell: ligand L of receptor R: only in A",
                                              "cell: ligand L of receptor Q: only in B"]
    assert differs(has_ago=True) == ["cell has a pool of Ago: no in A, yes in B"]


def test_what_arms_add_and_change() -> None:
    model = with_insides()
    plain, treated = model.arms

    def differs(**changed: object) -> list[str]:
        other = replace(treated, **changed)  # type: ignore[arg-type]
        return [change.says for change in compare_arms.arm_changes(treated, other, model, model)]

    assert differs() == []
    dose = Dose("control", "cell", "particles_per_cell", 1000.0, 3600.0)
    assert differs(doses=(dose,)) == ["vesicles of arm control: only in B, 1000 particles per cell (cell) at 1 h"]
    held = Inhibition("GW4869", ("cell",), (0.0,), (602.214076,), 602.214076, ("cell.x", "cell.y"))
    assert differs(inhibitions=(held,)) == ["drug GW4869: only in B, 1 uM on cell.x, cell.y"]
    later = replace(held, times=(3600.0, 7200.0), levels=(602.214076, 0.0), before=0.0)
    assert differs(inhibitions=(later,)) == ["drug GW4869: only in B, 1 uM from 1 h to 2 h on cell.x, cell.y"]
    lost = Loss("cell.ilv_capacity", "gene.Rab27a.ilv_capacity.fold", 0.5)
    assert differs(losses=(lost,)) == ["lost of what cell.ilv_capacity needs: nothing in A, 0.5 of Rab27a in B"]
    assert differs(factors={"cell.x": 0.0, "cell.y": 0.0}) == ["factor on cell.x, cell.y: 1 in A, 0 in B"]
    assert differs(values={"cell.alarm.basal": 4.0}) == ["cell.alarm.basal: 2 in A, 4 in B"]
    assert differs(exposures=()) == [f"agent: only in A, {compare_arms.exposure_text(treated.exposures[0])}"]
    said = [change.says for change in compare.compare_arms(model, "control", "treated").changes]
    assert said == [f"agent: only in B, {compare_arms.exposure_text(treated.exposures[0])}"]
    assert compare.compare_arms(model, plain.name, plain.name).changes == ()
    with pytest.raises(InputError, match="did you mean `treated`"):
        compare.compare_arms(model, "control", "treatd")


@pytest.mark.parametrize(
    ("times", "levels", "text"),
    [
        ((0.0, 3600.0), (602214.076, 0.0), "1 mM from 0 h to 1 h"),
        ((0.0,), (0.602214076,), "1 nM from 0 h to the end"),
        ((), (), "never"), ((0.0,), (0.0,), "none"),
        (tuple(range(6)), (6.02214076,) * 6, "a course of 6 steps, at most 10 nM"),
    ],
)
def test_exposures_in_words(times: tuple[float, ...], levels: tuple[float, ...], text: str) -> None:
    assert compare_arms.exposure_text(Exposure("x", times, levels)) == text


# fields of what is resolved: those that a difference is looked for in, and those that are names or wording
COMPARED: dict[type, tuple[set[str], set[str]]] = {
    Domain: ({"kind", "volume", "depth", "mixing", "compartments", "space"}, set()),
    Space: ({"size", "voxels", "walls", "flow", "regions", "cells"}, set()),
    Region: ({"name", "low", "high", "numbers"}, set()),
    TissueRun: ({"cells", "tolerance", "longest_step", "fields_every", "cells_every", "precision", "pairs",
                 "contact_distance"}, {"checkpoint_every"}),  # which changes no result
    Exposure: ({"agent", "times", "levels", "face"}, set()),
    Compartment: ({"name", "volume", "depth", "layers", "cells", "stretch"}, set()),
    Schedule: ({"duration", "every", "fidelity", "seed", "relative_tolerance", "absolute_tolerance", "replicates",
                "cells_at_most", "window", "nodes", "tissue"}, set()),
    ResolvedModel: ({"domain", "cells", "cargo", "solubles", "rules", "parameters", "arms", "schedule", "switches",
                     "published", "measurements", "observe", "networks", "preparations", "dyes", "soluble_kinds"},
                    {"title", "agents", "drugs", "contacts"}),  # agents and drugs are those of arms, contacts numbers
    CellType: ({"name", "signals", "cargo", "mirna_targets", "solubles", "secretes_vesicles", "takes_up_vesicles",
                "can_die", "sheds_microvesicles", "forms_apoptotic_vesicles", "networks", "chains", "spreads",
                "translations", "ligands", "has_ago", "matrix", "motility"}, {"label"}),
    Network: ({"name", "states", "constants", "assignments", "reactions", "conserved", "provides"},
              {"label", "source", "doi"}),
    NetworkState: ({"name", "unit", "compartment", "has_pulse", "is_hidden", "has_junction"},
                   {"label", "has_start"}),  # a start is a number of its own
    Chain: ({"name", "states", "transitions", "settles"}, {"label"}),
    ChainState: ({"name", "dies", "owns"}, {"label"}),
    Spread: ({"paths"}, {"variations", "correlation"}),  # paths of numbers
    Rule: ({"key", "cell", "source", "verb", "target", "adds"},
           {"english", "line", "text", "origin", "reference", "doi"}),
    Arm: ({"name", "counts", "exposures", "doses", "factors", "values", "against", "inhibitions", "losses", "handling",
           "additions", "supplies"}, {"english"}),
    Parameter: ({"path", "value", "unit", "low", "high", "confidence", "entry", "source", "doi"}, {"reason", "shown"}),
}


@pytest.mark.parametrize("kind", COMPARED, ids=lambda kind: kind.__name__)
def test_a_new_field_must_be_compared_or_left_out_on_purpose(kind: type) -> None:
    compared, left_out = COMPARED[kind]
    assert {field.name for field in fields(kind)} == compared | left_out


def test_cells_that_crawl_differ_from_those_that_do_not(base: ResolvedModel) -> None:
    crawling = replace(base.cells[0], motility=Motility(("ATP",)))
    changed = replace(base, cells=(crawling, *base.cells[1:]))
    assert len(compare.compare(base, changed).changes) == 2  # it crawls, and is drawn


@pytest.mark.parametrize(("kind", "words"), [(Domain, "domain"), (Schedule, "schedule")])
def test_every_setting_that_differs_is_found(base: ResolvedModel, kind: type, words: str) -> None:
    here = getattr(base, words)
    for field in fields(kind):
        value = getattr(here, field.name)
        if field.name == "compartments":
            other = (replace(value[0], layers=value[0].layers + 1),)
        elif field.name == "space":
            other = Space((10.0, 10.0, 10.0), (1, 1, 1))
        elif field.name == "tissue":
            other = replace(value, precision="single")
        else:
            other = "other" if isinstance(value, str) else 7 if value is None else value * 2
        changed = replace(base, **{words: replace(here, **{field.name: other})})
        assert len(compare.compare(base, changed).changes) == 1, field.name


TRANSWELL = """domain: {kind: transwell, diameter: 35 mm, medium: 2.6 mL, mixing: still, insert: {diameter: 24 mm,
  medium: 1.5 mL, pore: 0.4 um, pores: 1e8 1/cm^2, cells: [astrocyte]}}
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("1.5 mL", "1 mL", ["medium: 4.1 mL in A, 3.6 mL in B", "insert volume: 1.5 mL in A, 1 mL in B",
                            "insert depth: 3.31573 mm in A, 2.21049 mm in B"]),
        ("[astrocyte]", "[]", ["insert cells: astrocyte in A, none in B", "well cells: none in A, astrocyte in B"]),
        ("still", "still, layers: 20", ["insert layers: 16 in A, 20 in B", "well layers: 16 in A, 20 in B"]),
        ("0.4 um", "0.8 um", ["vessel.pore_diameter: 0.4 um in A, 0.8 um in B (x 2)"]),
    ],
)
def test_vessels(old: str, new: str, says: list[str]) -> None:
    first = re.sub(r"domain: .*\n", TRANSWELL, MODEL)
    found = compare.compare(resolved(first), resolved(first.replace(old, new)))
    assert [change.says.partition(";")[0] for change in found.changes] == says


def test_of_a_dish_only_layers_are_told_of_its_one_part() -> None:
    first = re.sub(r"domain: .*\n", "domain: {diameter: 35 mm, medium: 2 mL}\n", MODEL)
    other = first.replace("2 mL}", "2 mL, layers: 6}")
    assert [change.says for change in compare.compare(resolved(first), resolved(other)).changes] == [
        "medium layers: 12 in A, 6 in B"]
    stirred = first.replace("2 mL}", "2 mL, mixing: stirred}")
    assert [change.says for change in compare.compare(resolved(first), resolved(stirred)).changes] == [
        "mixing: still in A, stirred in B"]


def test_same_sees_what_is_more_than_rounding() -> None:
    assert changes.same(0.1 + 0.2, 0.3)
    assert not changes.same(0.3, 0.3 * (1 + 1e-11))
    assert not changes.same((1.0, 2.0), (1.0,))
    assert changes.same(float("nan"), float("nan"))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [("a*b*c", "c*(b*a)", True), ("a+b-c", "b+a-c", True), ("a-b", "b-a", False), ("a/b", "b/a", False),
     ("hill(a, b, 2)", "hill(b, a, 2)", False), ("a**2*b", "b*a**2", True), ("a*b+c", "a*(b+c)", False)],
)
def test_order_of_what_is_added_and_multiplied(one: str, other: str, *, is_same: bool) -> None:
    assert (changes.canonical(parse(one)) == changes.canonical(parse(other))) is is_same


def test_the_page(base: ResolvedModel) -> None:
    found = compare.compare(base, resolved(MODEL.replace("0.5 1/h", "1 1/h").replace("seed: 1", "seed: 2")))
    text = page.build(found, ("a.yaml", "b.yaml"))
    assert text == page.build(found, ("a.yaml", "b.yaml"))
    for part in ("2 differences", "Dish and run", "Numbers", "escape_<wbr>rate", "a.<wbr>yaml (Small)"):
        assert part in text
    assert "Nothing differs" in page.build(compare.compare(base, base), ("a", "b"))


BOX = Space((200.0, 150.0, 100.0), (20, 15, 10), cells={"base": {"neuron": Placed(np.zeros((2, 3)))}})
OPEN = (Wall("open", 2.0, {"TNF": 0.000602214076}), Wall())


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"size": (200.0, 150.0, 90.0)}, "size of the box: 200 x 150 x 100 um in A, 200 x 150 x 90 um in B"),
        ({"voxels": (20, 15, 1)}, "voxels: 20 x 15 x 10 in A, 20 x 15 x 1 in B"),
        ({"walls": (OPEN, *BOX.walls[1:])},
         "x open, 2 um/s, with TNF at 1 pM behind to closed, y closed, z closed in B"),
        ({"flow": Flow(1, "channel", 2)}, "flow: none in A, channel along y, across z in B"),
        ({"regions": (Region("a", (0.0,) * 3, (1.0,) * 3, {"gap_width": 0.01}),)}, "region a"),
        ({"cells": {"base": {"neuron": Placed(np.ones((2, 3)))}}}, "places of neuron in arm base"),
    ],
)
def test_boxes_that_differ(base: ResolvedModel, changed: dict[str, object], says: str) -> None:
    models = [replace(base, domain=replace(base.domain, space=box)) for box in (BOX, replace(BOX, **changed))]
    (change,) = compare.compare(*models).changes
    assert says in change.says
    assert compare.compare(models[0], models[0]).changes == ()
