"""The library: every number is usable and honest about itself, every name leads somewhere."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from vesica import library, units
from vesica.errors import InputError
from vesica.library import Entry, check, derived
from vesica.library.loader import build
from vesica.spec import rules, vocabulary
from vesica.spec.quantities import entry_molar_mass

CNS = library.load("cns")
GOOD = Entry("a.rate", "something", 2.0, "1/h", 1.0, 3.0, "", "", "because", "estimate")


def named_parameters() -> dict[str, tuple[str, str]]:
    """Every parameter of the library by place: entry id and internal unit."""
    fields = vocabulary.ALL_MACHINERY
    found = {f"machinery.{name}": (entry, fields[name].unit) for name, entry in CNS.machinery.items()}
    found |= {f"medium.{name}": (entry, vocabulary.MEDIUM[name].unit) for name, entry in CNS.medium.items()}
    for cell in CNS.cells.values():
        found |= {f"{cell.name}.{name}": (entry, vocabulary.ALL_MACHINERY[name].unit)
                  for name, entry in cell.parameters.items()}  # fmt: skip
        shed = vocabulary.CELL_CARGO | vocabulary.CELL_CARGO_SHED
        for kind, fields in ((cell.microvesicle_cargo, shed),
                             (cell.signals, vocabulary.CELL_SIGNAL | vocabulary.CELL_SIGNAL_RECEPTOR),
                             (cell.cargo, vocabulary.CELL_CARGO), (cell.targets, vocabulary.CELL_TARGETS),
                             (cell.solubles, vocabulary.CELL_SOLUBLE), (cell.offered_cargo, shed),
                             (cell.offered_targets, vocabulary.CELL_TARGETS),
                             (cell.offered_solubles, vocabulary.CELL_SOLUBLE)):  # fmt: skip
            for owner, item in kind.items():
                found |= {f"{cell.name}.{owner}.{name}": (entry, fields[name].unit)
                          for name, entry in item.numbers().items()}  # fmt: skip
    found["microvesicle.enrichment"] = (CNS.microvesicle_enrichment, "")
    for soluble in CNS.solubles.values():
        found |= {f"{soluble.name}.{name}": (entry, vocabulary.SOLUBLE[name].unit)
                  for name, entry in soluble.numbers().items()}  # fmt: skip
        found[f"{soluble.name}.molar_mass"] = (soluble.molar_mass, "g/mole")
    for agent in CNS.agents.values():
        found[f"{agent.name}.molar_mass"] = (agent.molar_mass, "g/mole")
        if agent.effects:
            found[f"{agent.name}.washout_rate"] = (agent.washout_rate, vocabulary.DRUG["washout_rate"].unit)
        found |= {f"{agent.name}.{effect.target}.{name}": (entry, vocabulary.DRUG_EFFECT[name].unit)
                  for effect in agent.effects for name, entry in effect.numbers().items()
                  if name != "half_max"}  # fmt: skip
    for gene in CNS.genes.values():
        found |= {f"{gene.name}.{name}.fold": (entry, vocabulary.GENE.unit) for name, entry in gene.folds.items()}
    for switch in CNS.switches.values():
        for option in switch.options.values():
            found |= {f"{switch.name}={option.name}: {path}": (entry, unit_of_path(path))
                      for path, entry in option.parameters.items()}  # fmt: skip
    return found


def unit_of_path(path: str) -> str:
    match path.split("."):
        case [_, name] if name.startswith(vocabulary.AFFINITY):
            return vocabulary.CELL_AFFINITY.unit
        case [_, name]:
            return vocabulary.ALL_MACHINERY[name].unit
        case [_, cargo, name] if cargo in CNS.cargo:
            return vocabulary.CELL_CARGO[name].unit
    raise KeyError(path)


def source_kind(rule: library.RuleEntry, source: str) -> str:
    cell = CNS.cells[rule.cell]
    for kind, names in (("agent", CNS.agents), ("soluble", CNS.solubles), ("signal", cell.signals),
                        ("cargo", [*cell.cargo, *cell.offered_cargo]),
                        ("bound", [f"bound_{name}" for name in CNS.cargo]),
                        ("repression", [f"repression_by_{name}" for name in cell.targets])):  # fmt: skip
        if source in names:
            return kind
    raise KeyError(f"{rule.key}: {source}")


def modulable(cell: library.CellEntry) -> set[str]:
    words = {name for name, field in vocabulary.ALL_MACHINERY.items() if field.modulable}
    words |= {word for name in cell.signals for word in vocabulary.modulable_of_signal(name)}
    words |= {word for name in cell.cargo for word in vocabulary.modulable_of_cargo(name)}
    words |= {word for chain in cell.phenotypes.values() for word in chain["transitions"]}
    return words | {word for name in cell.solubles for word in vocabulary.modulable_of_soluble(name)}


def test_nothing_is_wrong_with_the_library():
    """Ranges, units, confidence and sources, DOIs, derived values within 1 %, ids named and used, switches."""
    assert check.problems(CNS) == []


@pytest.mark.parametrize(
    ("planted", "says"),
    [
        ({"low": 2.5}, "low <= value <= high"),
        ({"high": 1.5}, "low <= value <= high"),
        ({"low": 0.0}, "0 < low"),
        ({"value": float("nan")}, "not finite"),
        ({"unit": "1/parsec"}, "cannot be read"),
        ({"unit": "1/h/"}, "cannot be read"),
        ({"confidence": "sure"}, "none of seen"),
        ({"confidence": "seen"}, "without a source"),
        ({"doi": "doi:10.1/x", "source": "X 2020"}, "not a DOI"),
        ({"doi": "10.1000/xyz"}, "DOI without a source"),
        ({"reason": ""}, "is empty"),
        ({"id": "rate"}, "process.quantity"),
        ({"derived": "ln(2) / b.time"}, "derived gives 0.6931"),
        ({"derived": "ln(2) / b.length"}, "derived"),
        ({"derived": "ln(2) / b.nothing"}, "not the id"),
        ({"derived": "2 / b.time", "confidence": "seen", "source": "X 2020"}, "is an estimate"),
    ],
)
def test_a_planted_bad_entry_is_found(planted, says):
    entries = {"b.time": dataclasses.replace(GOOD, id="b.time", value=1.0, unit="h"),
               "b.length": dataclasses.replace(GOOD, id="b.length", value=1.0, unit="nm")}  # fmt: skip
    assert check.entry_problems(GOOD, entries) == []
    assert check.entry_problems(dataclasses.replace(GOOD, derived="2 / b.time"), entries) == []
    found = check.entry_problems(dataclasses.replace(GOOD, **planted), entries)
    assert any(says in problem for problem in found), found


def test_planted_dangling_and_unused_ids_are_found():
    entries = dict(CNS.entries)
    del entries["mvb.lifetime"], entries["death.rate"]
    entries["a.rate"] = GOOD
    found = check.reference_problems(dataclasses.replace(CNS, entries=entries))
    assert found == ["`machinery.death_rate` names `death.rate`, which is no entry", "nothing uses `a.rate`"]


def test_planted_bad_switch_and_rule_are_found():
    rule = dataclasses.replace(CNS.rules[0], when="escape=slow", cell="hepatocyte")
    switch = dataclasses.replace(CNS.switches["escape"], default="slow")
    found = check.reference_problems(dataclasses.replace(
        CNS, rules=(rule, *CNS.rules[1:]), switches={**CNS.switches, "escape": switch}))  # fmt: skip
    assert len(found) == 3
    assert all(word in " ".join(found) for word in ("default `slow`", "`escape=slow`", "hepatocyte"))


def test_planted_bad_names_of_transfer_are_found():
    cargo = dataclasses.replace(CNS.cargo["HMGB1"], frees="HMGB1_fre")
    neuron = dataclasses.replace(CNS.cells["neuron"], translations={"miR_146a": {"protein": "COX22"}},
                                 ligands={"HMGB1": {"receptor": "TLR44"}})
    found = check.reference_problems(dataclasses.replace(
        CNS, cargo={**CNS.cargo, "HMGB1": cargo}, cells={**CNS.cells, "neuron": neuron}))  # fmt: skip
    assert all(word in " ".join(found) for word in ("`HMGB1_fre`, which is no soluble", "`COX22`", "`TLR44`"))


def test_machinery_and_medium_cover_the_vocabulary():
    assert set(CNS.machinery) == set(vocabulary.ALL_MACHINERY)
    assert set(CNS.medium) == set(vocabulary.MEDIUM)


@pytest.mark.parametrize("place", sorted(named_parameters()))
def test_every_number_converts_to_its_internal_unit(place):
    entry, unit = named_parameters()[place]
    value, low, high = library.internal(CNS.entries[entry], unit)
    assert 0.0 < low <= value <= high


def test_shares_stay_below_one():
    for place, (entry, _) in named_parameters().items():
        if place.endswith("_share"):
            assert CNS.entries[entry].high <= 1.0, place


def test_receptors_and_targets_are_cargo_of_their_cell():
    for cell in CNS.cells.values():
        assert set(cell.cargo) | set(cell.targets) <= set(CNS.cargo)
        assert set(cell.targets) <= set(cell.cargo)
        assert set(cell.solubles) <= set(CNS.solubles)
        assert set(cell.offered_cargo) <= set(CNS.cargo) - set(cell.cargo)
        assert set(cell.offered_targets) <= {*cell.cargo, *cell.offered_cargo} - set(cell.targets)
        assert set(cell.offered_solubles) <= set(CNS.solubles) - set(cell.solubles)
        for signal in cell.signals.values():
            assert bool(signal.requires) == bool(signal.reference)
            if signal.requires:
                assert CNS.cargo[signal.requires].kind == "receptor"
                assert signal.reference == cell.cargo[signal.requires].basal


@pytest.mark.parametrize("rule", CNS.rules, ids=lambda rule: rule.key)
def test_rules_read_as_users_write_them(rule):
    words = rules.parse(rule.text, rule.cell)
    unit = vocabulary.SOURCE_UNITS[source_kind(rule, words.source)]
    assert words.target in modulable(CNS.cells[rule.cell])
    half_max, hill, fold = (
        CNS.entries[text.removeprefix("@")] for text in (words.half_max, words.hill, words.fold)
    )
    assert library.internal(half_max, unit)[0] > 0.0
    assert hill.unit == fold.unit == ""
    assert (fold.low >= 1.0) if words.verb == "increases" else (fold.high < 1.0)


def test_a_signal_at_rest_is_below_its_half_max():
    assert CNS.entries["signal.half_max"].low > 1.0


def test_drugs_name_what_some_cell_type_has():
    """Rates that rules may change, secretion, loss of a soluble, or binding of a kind of vesicles."""
    known = {name for cell in CNS.cells.values() for name in modulable(cell)} | {vocabulary.ALL_SECRETION}
    known |= {f"{name}{vocabulary.CLEARANCE}" for name in (*CNS.solubles, "RNA", "ATP", "ADP")}
    known |= {f"{kind}{vocabulary.BINDING}" for kind in vocabulary.KINDS}
    assert {effect.target for agent in CNS.agents.values() for effect in agent.effects} <= known
    assert {name for gene in CNS.genes.values() for name in gene.folds} <= set(vocabulary.CELL_MACHINERY)


def test_half_of_the_effect_of_a_drug_is_a_concentration():
    for agent in CNS.agents.values():
        mass = entry_molar_mass(CNS.entries[agent.molar_mass])
        for effect in agent.effects:
            unit = vocabulary.DRUG_EFFECT["half_max"].unit
            value, low, high = library.internal(CNS.entries[effect.half_max], unit, molar_mass=mass)
            assert 0.0 < low <= value <= high, agent.name


def test_a_drug_has_one_effect_on_a_target():
    for agent in CNS.agents.values():
        targets = [effect.target for effect in agent.effects]
        assert len(set(targets)) == len(targets), agent.name
        assert bool(agent.washout_rate) == bool(agent.effects), agent.name


def test_switch_defaults_are_what_the_cells_use():
    for switch in CNS.switches.values():
        for path, entry in switch.options[switch.default].parameters.items():
            name = path.removeprefix("*.")
            if "." not in name:
                assert CNS.machinery[name] == entry
                continue
            cargo, quantity = name.split(".")
            used = {
                cell.cargo[cargo].numbers()[quantity] for cell in CNS.cells.values() if cargo in cell.cargo
            }
            assert used == {entry}


def test_unknown_library_is_refused_with_the_nearest_name():
    with pytest.raises(InputError) as caught:
        library.load("cms")
    (finding,) = caught.value.findings
    assert finding.wrote == "`cms` is not a library"
    assert finding.fix == "did you mean `cns`?"
    assert finding.rule
    assert finding.consequence


def test_conversion_of_an_entry():
    assert library.internal(GOOD, "1/s") == pytest.approx((2 / 3600, 1 / 3600, 3 / 3600))
    mass = dataclasses.replace(GOOD, unit="ng/mL")
    assert library.internal(mass, units.CONCENTRATION, molar_mass=1000.0)[0] == pytest.approx(2 * 0.602214076)
    with pytest.raises(InputError, match=r"a\.rate"):
        library.internal(GOOD, "um")


def test_loaded_once_and_frozen():
    assert library.load("cns") is CNS
    with pytest.raises(TypeError):
        CNS.entries["x"] = GOOD  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        CNS.name = "other"  # type: ignore[misc]


def test_loading_imports_nothing_heavy():
    code = ("import sys; from vesica.library import load; load('cns');"
            "sys.exit(bool({'pint', 'numpy', 'numba', 'pydantic'} & set(sys.modules)))")  # fmt: skip
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


ROW = {"id": "a.b", "quantity": "q", "value": 1, "unit": "", "low": 1, "high": 1, "source": "", "doi": "",
       "reason": "r", "confidence": "estimate"}  # fmt: skip


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ([{"entry": [ROW]}, {"entry": [ROW]}], "`a.b` is given twice"),
        ([{"machinery": {"x": "a"}}, {"machinery": {"x": "b"}}], "`machinery.x` is given twice"),
        ([{"entries": [ROW]}], "did you mean `entry`"),
        ([{"entry": [{**ROW, "colour": "red"}]}], "colour"),
        ([{"entry": [{key: item for key, item in ROW.items() if key != "high"}]}], "high"),
    ],
)
def test_tables_with_wrong_keys_are_refused(tables, says):
    with pytest.raises(ValueError, match=says):
        build("test", tables)


@pytest.mark.parametrize(
    "formula",
    ["__import__('os')", "open(a.rate)", "a.rate if 1 else 2", "[1]", "a.rate()", "'x'", "True", "1 +", "ln(a.rate)",
     "a.rate + 1", "a.rate @ 2", "ln(2, 3)", "ln(x=2)", "(1).real", "lambda: 1"],
)  # fmt: skip
def test_formulas_hold_arithmetic_only(formula):
    with pytest.raises(ValueError, match=r"."):
        derived.evaluate(formula, {"a.rate": GOOD})


def test_formulas_carry_units():
    result = derived.evaluate(
        "sqrt(4) * -exp(0) * a.rate ** 2 * k_B / k_B + 0 * a.rate ** 2 * pi", {"a.rate": GOOD}
    )
    assert result.to("1/h**2").magnitude == pytest.approx(-8.0)
    assert derived.ids("ln(a.rate / b.x.y) * pi ** 2") == {"a.rate", "b.x.y"}
