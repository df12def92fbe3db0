"""Words of space: boxes, walls, flow, regions, cells by density, agents at walls, runs in space."""

from __future__ import annotations

import dataclasses
import math
from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.space_models import BOX, errors, examined, resolved, space_of
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.spec import io, recall, spaces
from vesica.spec.resolved import TissueRun
from vesica.spec.scaling import exponent
from vesica.spec.settling import radius_of
from vesica.spec.space import Flow, Placed, Region, Space, Wall

NANOGRAM_PER_ML_OF_TNF = 1e-9 / 1e12 / 17.4e3 * 6.02214076e23  # molecule/um^3, of 17.4 kg/mol
DOMAIN = "domain: {kind: tissue, size: [200 um, 150 um, 100 um], voxel: 10 um}"


def with_domain(text: str) -> str:
    assert DOMAIN in BOX
    return BOX.replace(DOMAIN, f"domain: {{{text}}}")


LPS = "exposures: [{agent: LPS, concentration: 100 ng/mL, face: y.low}]\n"
SIZE = "size: [200 um, 150 um, 100 um]"
TISSUE = f"kind: tissue, {SIZE}"


# ---- boxes


@pytest.mark.parametrize("kind", ["tissue", "gel", "box"])
def test_a_box_has_its_size_and_whole_voxels(kind: str) -> None:
    words = "size: [200 um, 0.15 mm, 104 um], voxel: [10 um, 20 um, 10 um]"
    space = space_of(resolved(with_domain(f"kind: {kind}, {words}")))
    assert space.size == (200.0, 150.0, 104.0)
    assert space.voxels == (20, 8, 10)  # 7.5 and 10.4 rounded
    assert space.walls == ((Wall(), Wall()),) * 3
    assert (space.flow, space.regions) == (None, ())


def test_liquid_is_a_share_of_tissue_and_all_of_a_box() -> None:
    """3e6 um^3: a fifth of tissue by the library, all of a gel."""
    tissue, gel = (resolved(with_domain(f"kind: {kind}, size: [200 um, 150 um, 100 um]")) for kind in ("tissue", "gel"))
    assert tissue.domain.volume == pytest.approx(0.2 * 3e6, rel=1e-15)
    assert gel.domain.volume == 3e6
    assert "vessel.volume_fraction" not in gel.parameters
    assert gel.parameters["vessel.tortuosity"].value == 1.0
    assert {"vessel.gap_width", "neuron.arbor_radius"} <= set(tissue.parameters)
    assert not {"vessel.gap_width", "neuron.arbor_radius"} & set(gel.parameters)


def test_a_monolayer_lies_on_its_bottom() -> None:
    """A square of 1 mm^2, cells at their radius; a density per area."""
    text = BOX.replace(DOMAIN, "domain: {kind: monolayer, area: 1 mm^2, height: 0.5 mm, voxel: 50 um}")
    model = resolved(text.replace("count: 40", "density: 5e3 1/cm^2"))
    space = space_of(model)
    assert space.size == (1000.0, 1000.0, 500.0)
    neurons = space.cells["base"]["neuron"]
    assert neurons.count == 50
    radius = radius_of(model.parameters["neuron.cell_volume"].value)
    assert np.all(neurons.positions[:, 2] == radius)
    assert radius_of(4.0 / 3.0 * math.pi * 27.0) == pytest.approx(3.0, rel=1e-15)


def brute(space: Space, outside: float) -> float:
    """The same mean, voxel by voxel."""
    total = 0.0
    for index in product(*(range(count) for count in space.voxels)):
        centre = [(at + 0.5) * edge for at, edge in zip(index, space.spacing, strict=True)]
        share = outside
        for region in space.regions:
            if all(a <= x < b for a, x, b in zip(region.low, centre, region.high, strict=True)):
                share = region.numbers.get("volume_fraction", share)
        total += share
    return total / math.prod(space.voxels)


def test_the_share_of_liquid_follows_regions_voxel_by_voxel() -> None:
    """Overlapping regions with corners between voxels, one without a share of its own; sums of 240 terms."""
    regions = (Region("a", (0.0, 0.0, 0.0), (33.0, 40.0, 27.0), {"volume_fraction": 0.1}),
               Region("b", (15.0, 11.0, 0.0), (60.0, 45.0, 30.0), {"volume_fraction": 0.4}),
               Region("c", (20.0, 20.0, 0.0), (40.0, 40.0, 30.0), {"tortuosity": 2.0}))
    for some in (regions, regions[::-1], regions[:1], ()):
        space = Space((80.0, 60.0, 40.0), (8, 6, 5), regions=some)
        assert spaces.mean_fraction(space, 0.2) == pytest.approx(brute(space, 0.2), rel=1e-13)
    assert spaces.mean_fraction(Space((80.0, 60.0, 40.0), (8, 6, 5), regions=regions[:1]), 0.2) != 0.2


def test_walls_flow_and_regions() -> None:
    model = resolved(with_domain(
        "kind: tissue, size: [200 um, 150 um, 100 um], flow: {kind: channel, along: y, velocity: 60 um/min}, walls: {"
        "x: [closed, {held: {TNF: 1 ng/mL}}], y: {open: 2 um/s, behind: {TNF: 2 ng/mL}}, z: closed}, regions: "
        "{oedema: {from: [0 um, 0 um, 0 um], to: [50 um, 50 um, 50 um], volume_fraction: 0.3, gap_width: 100 nm}}"))
    space = space_of(model)
    low, high = space.walls[0]
    assert low == Wall()
    assert high.kind == "held"
    assert high.values["TNF"] == pytest.approx(NANOGRAM_PER_ML_OF_TNF, rel=1e-12)
    assert space.walls[1][0] == space.walls[1][1]
    assert (space.walls[1][0].kind, space.walls[1][0].exchange) == ("open", 2.0)
    assert space.walls[1][0].values["TNF"] == pytest.approx(2.0 * NANOGRAM_PER_ML_OF_TNF, rel=1e-12)
    assert space.flow == Flow(1, "channel", 2)
    assert model.parameters["vessel.flow_velocity"].value == pytest.approx(1.0, rel=1e-15)
    assert space.regions == (Region("oedema", (0.0,) * 3, (50.0,) * 3, {"volume_fraction": 0.3, "gap_width": 0.1}),)
    assert "TNF" in model.solubles


def test_flow_is_none_unless_said_and_the_library_knows_one_for_tissue() -> None:
    still = resolved(BOX)
    assert "vessel.flow_velocity" not in still.parameters
    moving = resolved(with_domain(f"{TISSUE}, flow: {{along: y}}, walls: {{y: periodic}}")
                      + "arms: {flow: {}, none: {parameters: {vessel.flow_velocity: 0 um/s}}}\n")
    assert moving.parameters["vessel.flow_velocity"].entry == "tissue.flow_velocity_Ray19"
    assert moving.arms[1].values == {"vessel.flow_velocity": 0.0}




@pytest.mark.parametrize(
    ("domain", "path", "says"),
    [
        (f"{TISSUE}, walls: {{x: [closed, periodic]}}", "domain.walls.x", "one wall of x is `closed`"),
        (f"{TISSUE}, flow: {{along: y}}", "domain.flow.along", "where a wall is closed"),
        (f"{TISSUE}, walls: {{y: {{held: {{TNF: 1 nM}}}}}}, flow: {{along: y}}", "domain.flow.along", "held"),
        (f"{TISSUE}, walls: {{x: {{held: {{}}}}}}", "domain.walls.x", "holds nothing"),
        (f"{TISSUE}, walls: {{x: {{held: {{TFN: 1 nM}}}}}}", "domain.walls.x", "`TFN`"),
        (f"{TISSUE}, walls: {{x: {{held: {{LPS: 1 nM}}}}}}", "domain.walls.x", "is an agent"),
        (f"{TISSUE}, walls: {{y: periodic}}, flow: {{along: y, kind: channel, across: y}}",
         "domain.flow.across", "along y and across y"),
        (f"{TISSUE}, walls: {{y: periodic}}, flow: {{along: y, across: x}}", "domain.flow.across", "uniform"),
        (f"{TISSUE}, walls: {{y: periodic, z: periodic}}, flow: {{along: y, kind: channel}}",
         "domain.flow.across", "not closed"),
        (f"{TISSUE}, voxel: [10 um, 10 um, 100 um], walls: {{y: periodic}}, flow: {{along: y, kind: channel}}",
         "domain.flow.kind", "one voxel"),
        ("kind: tissue", "domain", "no `size`"),
        ("kind: tissue, size: [0 um, 1 um, 1 um]", "domain.size", "is zero"),
        ("kind: tissue, size: [-5 um, 1 um, 1 um]", "domain.size", "is negative"),
        ("kind: box, size: [50 um, 20 um, 30 um], voxel: 60 um", "domain.voxel", "a voxel of 60 x 60 x 60 um"),
        ("kind: box, size: [1 mm, 1 mm, 1 mm], voxel: 1 um", "domain.voxel", "are 1e+09"),
        ("kind: box, size: [1 m, 1 km, 1e9 km], voxel: 1 nm", "domain.voxel", "voxels of"),
        (f"kind: box, {SIZE}, regions: {{a: {{from: [0 um, 0 um, 0 um], to: [1 um, 1 um, 1 um], tortuosity: 2}}}}",
         "domain.regions.a.tortuosity", "region of a box"),
        (f"{TISSUE}, regions: {{a: {{from: [0 um, 0 um, 0 um], to: [1 um, 0 um, 1 um]}}}}",
         "domain.regions.a", "from 0 x 0 x 0 to 1 x 0 x 1 um"),
        (f"{TISSUE}, regions: {{a: {{from: [0 um, 0 um, 0 um], to: [1 um, 1 um, 101 um]}}}}",
         "domain.regions.a.to", "reaches to"),
        (f"{TISSUE}, regions: {{a: {{from: [0 um, 0 um, 0 um], to: [1 um, 1 um, 1 um], volume_fraction: 2}}}}",
         "domain.regions.a.volume_fraction", "more than 1"),
        ("kind: monolayer, height: 1 mm", "domain", "no `area`"),
        ("kind: monolayer, height: 1 mm, area: 1 mm^2, bottom: [1 mm, 1 mm]", "domain.bottom", "`area` and two edges"),
        ("kind: monolayer, height: 3 um, area: 1 mm^2", "domain.height", "high"),
        (f"kind: gel, {SIZE}, tortuosity: 0.5", "parameters.vessel.tortuosity", "is 0.5"),
    ],
)
def test_boxes_that_cannot_be(domain: str, path: str, says: str) -> None:
    found = errors(with_domain(domain))
    assert says in found[path], found


@pytest.mark.parametrize(
    ("word", "path"),
    [("walls: {w: closed}", "domain.walls.w"), ("kind: tisue", "domain.kind"), ("walls: {x: shut}", "domain.walls.x"),
     ("flow: {along: q}", "domain.flow.along"), ("voxels: 3", "domain.voxels")],
)
def test_unknown_words_are_found_where_they_stand(word: str, path: str) -> None:
    with pytest.raises(Exception, match=r"(?s).+") as failure:
        examined(with_domain(f"{'' if word.startswith('kind') else 'kind: tissue, '}{SIZE}, {word}"))
    found = failure.value.findings  # type: ignore[attr-defined]
    assert any(one.path.startswith(path) for one in found), [one.path for one in found]


# ---- cells


def test_a_density_is_a_number_of_cells() -> None:
    """3e6 um^3 = 3e-3 mm^3, so 9e4 in a mm^3 are 270; in a region of 1e6 um^3 they are 90, all inside."""
    model = resolved(BOX.replace("count: 40, spacing: 10 um", "density: 9e4 1/mm^3"))
    assert model.arms[0].counts["neuron"] == 270.0
    part = "regions: {core: {from: [50 um, 0 um, 0 um], to: [150 um, 100 um, 100 um]}}"
    inside = resolved(with_domain(f"{TISSUE}, {part}").replace(
        "count: 40", "density: 9e4 cell/mm^3, region: core"))
    places = space_of(inside).cells["base"]["neuron"].positions
    assert places.shape == (90, 3)
    assert np.all((places >= [50.0, 0.0, 0.0]) & (places <= [150.0, 100.0, 100.0]))


ARMS = """arms:
  base: {}
  few: {cells: {neuron: {count: 10}}}
  more: {cells: {microglia: {density: 1e4 1/mm^3}}}
  none: {cells: {microglia: {count: 0}}}
"""


def test_cells_stay_where_they_are_from_arm_to_arm() -> None:
    space = space_of(resolved(BOX + ARMS))
    counts = {arm: {name: cells.count for name, cells in held.items()} for arm, held in space.cells.items()}
    assert counts == {"base": {"neuron": 40, "microglia": 6}, "few": {"neuron": 10, "microglia": 6},
                      "more": {"neuron": 40, "microglia": 30}, "none": {"neuron": 40}}
    base = space.cells["base"]
    assert np.array_equal(space.cells["few"]["neuron"].positions, base["neuron"].positions[:10])
    assert np.array_equal(space.cells["more"]["microglia"].positions[:6], base["microglia"].positions)
    for arm in space.cells.values():
        assert np.array_equal(arm["neuron"].positions, base["neuron"].positions[:arm["neuron"].count])
    alone = space_of(resolved(BOX))  # other arms change nothing
    assert alone.cells["base"] == space.cells["base"]
    other = space_of(resolved(BOX + "run: {duration: 6 h, fidelity: tissue, seed: 4}\n"))
    assert other.cells["base"] != space.cells["base"]


def test_distances_are_kept_and_what_does_not_fit_is_refused() -> None:
    places = space_of(resolved(BOX)).cells["base"]["neuron"].positions
    between = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=2))[np.triu_indices(len(places), 1)]
    assert between.min() >= 10.0
    found = errors(BOX.replace("count: 40, spacing: 10 um", "count: 4000, spacing: 12 um"))
    assert "would fill" in found["cells.neuron"]


@pytest.mark.parametrize(
    ("old", "new", "path", "says"),
    [
        ("count: 40", "count: 40, density: 1 1/mm^3", "cells.neuron.density", "beside `count: 40`"),
        ("count: 6", "count: 6.5", "cells.microglia", "6.5 cells"),
        ("count: 6", "count: 6, region: croe", "cells.microglia.region", "`croe`"),
        ("count: 6", "density: 5 1/mm^2", "cells.microglia.density", "1/mm^2"),
        ("count: 6", "count: 1e7", "cells", "1e+07 cells"),
        ("count: 6", "spacing: 5 um", "cells.microglia", "has no `count`"),
        ("count: 6", "count: 0, spacing: 5 kg", "cells.microglia.spacing", "5 kg"),
    ],
)
def test_cells_that_cannot_be(old: str, new: str, path: str, says: str) -> None:
    found = errors(BOX.replace(old, new))
    assert says in found[path], found


def test_places_belong_to_the_base() -> None:
    found = errors(BOX + "arms: {a: {cells: {neuron: {spacing: 3 um}}}}\n")
    assert found == {"arms.a.cells.neuron.spacing": "`spacing` in an arm"}


DISH = "vesica: 1\ndomain: {kind: dish, diameter: 35 mm, medium: 2 mL}\n"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("cells: {neuron: {density: 1 1/mm^3}}\nrun: {duration: 1 h}\n", "cells.neuron.density"),
        ("cells: {neuron: {count: 1e5, spacing: 3 um}}\nrun: {duration: 1 h}\n", "cells.neuron.spacing"),
        ("cells: {neuron: {count: 1e5}}\nrun: {duration: 1 h, fidelity: tissue}\n", "run.fidelity"),
        (f"cells: {{neuron: {{count: 1e5}}}}\n{LPS}run: {{duration: 1 h}}\n", "exposures[0].face"),
        ("positions: {file: a.csv, unit: um, type: t, types: {neuron: n}}\nrun: {duration: 1 h}\n", "positions"),
    ],
)
def test_a_dish_has_no_places(text: str, path: str) -> None:
    assert path in errors(DISH + text)


# ---- agents at walls


def test_an_agent_at_a_wall_spreads_from_there() -> None:
    model = resolved(BOX + LPS + "arms: {control: {exposures: []}, LPS: {}}\n")
    assert [(one.agent, one.face) for one in model.arms[1].exposures] == [("LPS", "y.low")]
    assert model.arms[1].english == ("LPS 100 ng/mL from 0 h to the end at y.low",)
    assert model.parameters["LPS.diffusivity"].entry == "lps.diffusivity"
    assert model.parameters["LPS.decay_rate"].entry == "lps.decay.rate"
    everywhere = resolved(BOX + LPS.replace(", face: y.low", ""))
    assert not {"LPS.diffusivity", "LPS.decay_rate"} & set(everywhere.parameters)


def test_what_does_not_decay_stays_and_words_replace_the_library() -> None:
    model = resolved(BOX + LPS.replace("LPS", "ethanol") + "parameters: {ethanol.diffusivity: 1 um^2/s}\n")
    assert model.parameters["ethanol.decay_rate"].value == 0.0
    assert model.parameters["ethanol.diffusivity"].value == 1.0


def test_an_agent_of_the_model_needs_to_say_how_it_moves() -> None:
    text = BOX + LPS.replace("100 ng/mL", "1 nM").replace("LPS", "aspirin")
    assert errors(text + "agents: {aspirin: {}}\n") == {"agents.aspirin": "`aspirin.diffusivity` has no value"}
    model = resolved(text + "agents: {aspirin: {diffusivity: 600 um^2/s}}\n")
    assert model.parameters["aspirin.diffusivity"].value == 600.0


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (LPS.replace("]", ", {agent: LPS, concentration: 1 nM, face: x.low}]"), "exposures[1].face"),
        (LPS.replace("]", ", {agent: LPS, concentration: 1 nM}]"), "exposures[1].face"),
        (LPS + "arms: {a: {}, b: {exposures: [{agent: LPS, concentration: 1 nM}]}}\n", "arms.b.exposures[0]"),
    ],
)
def test_an_agent_comes_in_by_one_wall(text: str, path: str) -> None:
    assert path in errors(BOX + text)


def test_nothing_stands_at_a_periodic_wall() -> None:
    text = with_domain(f"{TISSUE}, walls: {{y: periodic}}") + LPS
    assert "periodic" in errors(text)["exposures[0].face"]


# ---- what is done, and how it runs


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("arms: {a: {}, b: {exposures: [{doses_from: a, to: neuron, particles_per_cell: 10, at: 1 h}]}}\n",
         "arms.b.exposures[0]"),
        ("exposures: [{add: TNF, concentration: 1 nM}]\n", "exposures[0]"),
        ("handling: [{change: 50 %, at: 1 h}]\n", "handling[0]"),
    ],
)
def test_what_a_run_in_space_cannot_do_yet_is_refused_by_name(text: str, path: str) -> None:
    assert "in a run in space" in errors(BOX + text)[path]
    assert path not in errors(BOX + text + "run: {duration: 6 h}\n")


def test_a_space_is_no_dish_in_whole_numbers() -> None:
    assert "run.fidelity" in errors(BOX + "run: {duration: 6 h, fidelity: stochastic}\n")
    assert "run.replicates" in errors(BOX + "run: {duration: 6 h, fidelity: tissue, replicates: 3}\n")


def test_how_a_run_in_space_goes() -> None:
    words = ("{cells: whole, tolerance: 1e-4, step: 1 min, cells_every: 10 min, fields_every: 2 h, precision: single, "
             "pairs: true, checkpoint_every: 5 min, contact_distance: 2 um}")
    model = resolved(BOX + f"run: {{duration: 6 h, fidelity: tissue, tissue: {words}}}\n")
    assert model.schedule.tissue == TissueRun("whole", 1e-4, 60.0, 7200.0, 600.0, 300.0, "single", True, 2.0)
    assert resolved(BOX).schedule.tissue == TissueRun()


def test_words_of_another_run_are_noted() -> None:
    _, findings = examined(BOX + "run: {duration: 6 h, tissue: {cells: whole}}\n")
    assert "run.tissue" in [one.path for one in findings if one.severity == "note"]
    assert "run.tissue.cells_every" in errors(
        BOX + "run: {duration: 6 h, fidelity: tissue, tissue: {cells_every: 0.1 s}}\n")


def test_a_mixed_run_of_a_space_says_what_it_leaves_out() -> None:
    text = with_domain(f"{TISSUE}, walls: {{y: {{open: 1 um/s, behind: {{TNF: 1 nM}}}}}}, flow: {{along: y}}")
    _, findings = examined(text + LPS + "run: {duration: 6 h}\n")
    (warning,) = [one for one in findings if one.path == "run.fidelity"]
    for words in ("flow along y", "TNF at a wall", "agents at y.low", "open walls"):
        assert words in warning.wrote
    text = BOX + "arms: {a: {}, b: {parameters: {vessel.volume_fraction: 0.1}}}\n"
    assert "arms.b.parameters.vessel.volume_fraction" in errors(text + "run: {duration: 6 h}\n")
    assert errors(text) == {}


@pytest.mark.parametrize(("path", "value"), [("vessel.volume_fraction", "1.2"), ("vessel.tortuosity", "0.9"),
                                             ("vessel.gap_spread", "0.5"), ("vessel.gap_connectivity", "2")])
def test_numbers_that_gaps_cannot_have(path: str, value: str) -> None:
    assert f"parameters.{path}" in errors(BOX + f"parameters: {{{path}: {value}}}\n")
    arm = BOX + f"arms: {{a: {{}}, b: {{parameters: {{{path}: {value}}}}}}}\n"
    assert f"arms.b.parameters.{path}" in errors(arm)


def test_a_mixed_run_is_that_of_a_dish_with_as_much_liquid() -> None:
    """Same table, same numbers: 6e5 um^3 of liquid, in gaps or in a dish."""
    tissue = resolved(BOX + "run: {duration: 6 h}\n")
    dish = resolved("vesica: 1\ndomain: {kind: dish, diameter: 100 um, medium: 6e5 um^3, mixing: stirred}\n"
                    "cells: {neuron: {count: 40}, microglia: {count: 6}}\nrun: {duration: 6 h}\n")
    one, other = compile_model(tissue), compile_model(dish)
    tables = [dataclasses.replace(program.table, parameters=()) for program in (one, other)]
    assert tables[0] == tables[1]
    here, there = (parameter_row(program.model, program.model.arms[0]) for program in (one, other))
    ours = {path for path in here if path.startswith("vessel.") or path.endswith(".arbor_radius")}
    assert here["medium.plastic_loss_rate"] == 0.0 < there["medium.plastic_loss_rate"]  # tissue lies on no plastic
    expected = there | {"medium.plastic_loss_rate": 0.0}
    assert {path: value for path, value in here.items() if path not in ours} == pytest.approx(expected, rel=1e-14)


def test_the_shape_of_vesicles_is_a_choice_in_tissue_alone() -> None:
    def choices(model: Any) -> set[str]:
        return {one.name for one in model.switches}

    assert "vesicles" in choices(resolved(BOX))
    assert "vesicles" not in choices(resolved(with_domain(f"kind: gel, {SIZE}")))
    rigid = resolved(BOX + "switches: {vesicles: rigid}\n")
    assert next(one.chosen for one in rigid.switches if one.name == "vesicles") == "rigid"


def test_a_model_in_space_is_read_back_without_its_cells() -> None:
    """Where cells are stands in the store of the run: `spec.yaml` of a million cells would not be read by anyone."""
    model = resolved(with_domain(
        f"{TISSUE}, flow: {{along: y}}, walls: {{y: {{open: 1 um/s, behind: {{TNF: 1 nM}}}}}}, regions: "
        "{a: {from: [0 um, 0 um, 0 um], to: [10 um, 10 um, 10 um], volume_fraction: 0.3}}") + LPS)
    space = dataclasses.replace(space_of(model), cells={})
    expected = dataclasses.replace(model, domain=dataclasses.replace(model.domain, space=space))
    assert recall.recalls(io.dump_resolved(model)) == expected


def test_every_number_of_a_space_scales_in_some_way() -> None:
    """Nothing is refused: what a cell has in space stays as it is, as shapes and gaps do."""
    model = resolved(with_domain(f"{TISSUE}, flow: {{along: y}}, walls: {{y: periodic}}")
                     + LPS.replace("y.low", "x.low"))
    found = {path: exponent(model, path) for path in model.parameters}
    assert {found[path] for path in found if path.startswith(("vessel.", "LPS."))} == {0}
    assert found["neuron.arbor_radius"] == 0


def test_places_are_compared_cell_by_cell() -> None:
    one = Placed(np.zeros((2, 3)), ("a", "b"), {"layer": ("x", "y")})
    assert one == Placed(np.zeros((2, 3)), ("a", "b"), {"layer": ("x", "y")})
    assert one != Placed(np.ones((2, 3)), ("a", "b"), {"layer": ("x", "y")})
    assert one != Placed(np.zeros((2, 3)), ("a", "c"), {"layer": ("x", "y")})
    assert one.some(np.array([1])) == Placed(np.zeros((1, 3)), ("b",), {"layer": ("y",)})
