"""What cell types of the library offer: there where a model names it and nowhere else; and who takes up whose."""

from __future__ import annotations

import numpy as np
import pytest

from vesica import interventions, library
from vesica.biology import uptake
from vesica.engine.program import compile_model
from vesica.engine.simulate import run_all
from vesica.errors import InputError
from vesica.spec import io
from vesica.spec.resolved import ResolvedModel
from vesica.spec.scaling import exponent

CNS = library.load("cns")
HEAD = """\
vesica: 1
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}
run: {duration: 1 h, every: 1 h}
"""


def resolve(text: str, **switches: str) -> ResolvedModel:
    return interventions.resolve(io.loads(HEAD + text), switches=switches)[0]


def test_the_five_cell_types_and_what_they_hold_unasked() -> None:
    """The core stays small; what is offered is not in a model that does not name it."""
    assert set(CNS.cells) == {"astrocyte", "microglia", "neuron", "oligodendrocyte", "endothelium"}
    for name, cell in CNS.cells.items():
        model = resolve(f"cells: {{{name}: {{count: 1e5}}}}")
        assert model.cells[0].cargo == tuple(sorted(cell.cargo))
        assert len(cell.cargo) <= 3
        assert not [path for path in model.parameters if path.split(".")[1] in cell.offered_cargo]


@pytest.mark.parametrize("cell", sorted(CNS.cells))
def test_all_a_cell_type_offers_can_be_named_and_has_its_numbers(cell: str) -> None:
    offered = CNS.cells[cell]
    cargo = ", ".join(f"{name}: {{}}" for name in offered.offered_cargo)
    targets = ", ".join(f"{name}: {{}}" for name in offered.offered_targets)
    model = resolve(f"cells: {{{cell}: {{count: 1e5, cargo: {{{cargo}}}, targets: {{{targets}}}}}}}")
    assert set(model.cells[0].cargo) == {*offered.cargo, *offered.offered_cargo}
    assert set(model.cells[0].mirna_targets) == {*offered.targets, *offered.offered_targets}
    for name, item in offered.offered_cargo.items():
        assert model.parameters[f"{cell}.{name}.basal"].entry == item.basal


def test_a_number_of_the_model_takes_the_place_of_the_offered_one_also_in_a_cell_like_it() -> None:
    model = resolve("cells: {mine: {like: neuron, count: 1, cargo: {miR_124: {basal: 7 molecule}}}}")
    assert model.parameters["mine.miR_124.basal"].value == 7.0
    assert model.parameters["mine.miR_124.decay_rate"].entry == "mirna.decay.rate"


def test_targets_bring_their_mirna_along() -> None:
    (cell,) = resolve("cells: {neuron: {count: 1, targets: {miR_16: {}}}}").cells
    assert "miR_16" in cell.cargo


def test_cargo_that_a_cell_type_does_not_offer_has_no_numbers() -> None:
    with pytest.raises(InputError, match=r"oligodendrocyte.miR_124.basal"):
        resolve("cells: {oligodendrocyte: {count: 1, cargo: {miR_124: {}}}}")


def test_a_model_may_say_of_a_cargo_what_the_library_says_and_nothing_else() -> None:
    text = "cargo: {miR_21: {kind: KIND, topology: lumen}}\ncells: {neuron: {count: 1, cargo: {miR_21: {}}}}"
    assert resolve(text.replace("KIND", "mirna")).cells[0].cargo[-1] == "miR_21"
    with pytest.raises(InputError, match="already in the library"):
        resolve(text.replace("KIND", "protein"))


# ---- tropism

PAIR = "cells: {neuron: {count: 1e6}, glia: {like: astrocyte, count: 1e6}}\n"


def test_the_switch_of_tropism_reaches_cells_by_what_they_are_like() -> None:
    assert not [path for path in resolve(PAIR).parameters if "affinity" in path]
    only = resolve(PAIR, neuronal_ev_tropism="neurons_only").parameters
    found = {path: number.value for path, number in only.items() if "affinity" in path}
    assert found == {"glia.affinity_for_neuron": CNS.entries["tropism.neuronal.residual"].value}


def test_an_affinity_of_the_model_is_a_number_like_others() -> None:
    model = resolve(PAIR + "parameters: {glia.affinity_for_neuron: 0.5}")
    assert model.parameters["glia.affinity_for_neuron"].value == 0.5
    assert exponent(model, "glia.affinity_for_neuron") == 0
    with pytest.raises(InputError, match="affinity_for_neuron"):
        resolve(PAIR + "parameters: {glia.affinity_for_neurons: 0.5}")


def test_affinity_is_a_factor_of_binding_for_that_sender_alone() -> None:
    """The hazard of binding is that of the kernels at the affinity times the rate: exact but for rounding, 1e-12.

    A quarter of the affinity gives less than a third of the uptake of that class; the other class takes the sites
    that are left, and gains less than a twentieth of it.
    """
    end, taken = {}, {}
    for affinity in ("1", "0.25"):
        model = resolve(PAIR + f"parameters: {{glia.affinity_for_neuron: {affinity}}}")
        program = compile_model(model)
        (run,) = run_all(program)
        end[affinity] = {name: run.last_values[place] for name, place in program.index.items()}
        for sender in ("neuron", "glia"):
            taken[affinity, sender] = run.values[-1, program.species.index(f"glia.taken_up:{sender}")]
        for sender, factor in (("neuron", float(affinity)), ("glia", 1.0)):
            value = end[affinity]
            rate, sites = factor * value["glia.binding_rate"], value["glia.free_sites"]
            divisor = uptake.capture_divisor(rate, sites, value[f"{sender}.diffusivity"], value["glia.capture_radius"])
            wanted = uptake.binding_hazard(rate, sites, divisor, value["medium.volume"])
            assert value[f"glia.bind:{sender}"] == pytest.approx(wanted, rel=1e-12)
    assert taken["0.25", "neuron"] < taken["1", "neuron"] / 3
    assert taken["1", "glia"] <= taken["0.25", "glia"] < taken["1", "glia"] + taken["1", "neuron"] / 20


def test_a_network_reads_what_is_inside_endosomes() -> None:
    """`inside_CARGO` is the sum over the classes that carry it; with nobody to carry it, it is zero."""
    text = """\
cells:
  neuron: {count: 1e6, networks: [listen], cargo: {let_7b: {}}}
  microglia: {count: 1e6, cargo: {let_7b: {}}}
networks:
  listen: {assignments: {heard: inside_let_7b, silent: inside_PLP}}
"""
    program = compile_model(resolve(text))
    (run,) = run_all(program)
    place = program.species.index
    inside = sum(run.values[:, place(f"neuron.inside:{origin}/let_7b")] for origin in ("neuron", "microglia"))
    alive = run.values[:, place("neuron.alive")]
    assert run.values[-1, place("neuron.heard")] > 0.0
    assert run.values[:, place("neuron.heard")] == pytest.approx(inside / alive, rel=1e-12)
    assert not run.values[:, place("neuron.silent")].any()


# ---- phenotypes

CHAINS = [(cell.name, chain) for cell in CNS.cells.values() for chain in cell.phenotypes]
DEATHLESS = ("neuron.death_rate: 0 1/h, neuron.stressed_to_apoptotic.hazard: 0 1/h, "
             "neuron.stressed_to_pyroptotic.hazard: 0 1/h")  # fmt: skip
DRIVEN = [rule for rule in CNS.rules if "_to_" in rule.text]


def test_the_phenotypes_of_the_library() -> None:
    assert {"neuron_fate", "inflammation", "reactivity"} <= {chain for _, chain in CHAINS}
    assert {rule.cell for rule in DRIVEN} >= {"neuron", "microglia", "astrocyte"}


@pytest.mark.parametrize(("cell", "chain"), CHAINS)
def test_a_chain_and_the_rules_that_drive_it_are_there_where_it_is_named(cell: str, chain: str) -> None:
    without = resolve(f"cells: {{{cell}: {{count: 1}}}}")
    words = CNS.cells[cell].phenotypes[chain]
    model = resolve(f"cells: {{{cell}: {{count: 1, cargo: {{caspase_1: {{}}}}, phenotypes: {{{chain}: {{}}}}}}}}")
    assert without.cells[0].chains == ()
    (found,) = model.cells[0].chains
    assert {state.name for state in found.states} == set(words["states"])
    for name, text in words["transitions"].items():
        assert model.parameters[f"{cell}.{name}.hazard"].entry == text.removeprefix("@")
    driven = {rule.key for rule in DRIVEN
              if rule.cell == cell and any(way in rule.text for way in words["transitions"])}  # fmt: skip
    assert driven <= {rule.key for rule in model.rules}
    assert not driven & {rule.key for rule in without.rules}


def test_a_rule_of_the_library_waits_for_the_cargo_it_starts_from() -> None:
    key = "neuron_caspase1_pyroptosis"
    chain = "phenotypes: {neuron_fate: {}}"
    bare = resolve(f"cells: {{neuron: {{count: 1, {chain}}}}}")
    with_it = resolve(f"cells: {{neuron: {{count: 1, cargo: {{caspase_1: {{}}}}, {chain}}}}}")
    assert key not in {rule.key for rule in bare.rules}
    assert key in {rule.key for rule in with_it.rules}


def test_inflammation_kills_a_neuron_once() -> None:
    """With the chain, NF-kB acts on death through stress; without it, on the hazard of death; never on both."""
    keys = {name: {rule.key for rule in resolve(f"cells: {{{name}: {{count: 1, like: neuron{more}}}}}").rules}
            for name, more in (("with", ", phenotypes: {neuron_fate: {}}"), ("without", ""))}  # fmt: skip
    assert "without_neuron_nfkb_death" in keys["without"]
    assert "without_neuron_nfkb_stress" not in keys["without"]
    assert "with_neuron_nfkb_stress" in keys["with"]
    assert "with_neuron_nfkb_death" not in keys["with"]


@pytest.mark.parametrize(("cell", "chain"), [("neuron", "neuron_fate"), ("microglia", "inflammation"),
                                             ("astrocyte", "reactivity")])  # fmt: skip
def test_cells_start_at_the_rest_of_a_chain_that_has_one(cell: str, chain: str) -> None:
    """Nothing drifts where nobody dies and the medium says nothing: rest is found to 1e-9, a run keeps 1e-8 a step."""
    quiet = f"{cell}.binding_rate: 0 um^3/s/vesicle, {cell}.macropinocytosis_rate: 0 um^3/s"
    more = DEATHLESS if cell == "neuron" else f"{cell}.TNF.secretion_rate: 0 molecule/s"
    model = interventions.resolve(io.loads(
        HEAD.replace("1 h, every: 1 h", "48 h, every: 12 h") + f"cells: {{{cell}: {{count: 1e3, phenotypes: "
        f"{{{chain}: {{}}}}}}}}\nparameters: {{{quiet}, {more}}}"))[0]  # fmt: skip
    (found,) = model.cells[0].chains
    assert found.settles
    program = compile_model(model)
    (run,) = run_all(program)
    shares = np.array([run.values[:, program.species.index(f"{cell}.{state.name}")] for state in found.living])
    assert shares.sum(axis=0) == pytest.approx(1.0, abs=1e-6)
    assert shares[1:, 0].min() > 0.01
    assert shares == pytest.approx(np.repeat(shares[:, :1], shares.shape[1], axis=1), abs=1e-6)


NEURAL = {
    "calcium_release": ("neuron", "oligodendrocyte"), "let7_tlr7": ("neuron",), "synapse": ("neuron",),
    "glt1": ("astrocyte",), "support": ("neuron",), "bdnf": ("neuron",), "glial_mirnas": ("microglia", "astrocyte"),
    "barrier": ("endothelium",), "synuclein": ("neuron", "astrocyte", "microglia", "oligodendrocyte"),
    "tauopathy": ("neuron", "astrocyte", "microglia"), "amyloid": ("neuron", "astrocyte", "microglia"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "cell"), [(name, cell) for name, cells in NEURAL.items() for cell in cells])
def test_a_network_is_read_in_every_cell_it_is_for(name: str, cell: str) -> None:
    """All it needs is offered there; a rule about death waits for a cell that can die."""
    model = resolve(f"cells: {{{cell}: {{count: 1, networks: [{name}]}}}}")
    (network,) = model.cells[0].networks
    assert network.label
    assert network.source
    of_it = {rule.target for rule in model.rules if rule.reference == network.source}
    wanted = {text.split()[2] for text in CNS.networks[name].get("rules", ())}
    assert of_it == (wanted if cell == "neuron" else wanted - {"death_rate"})
