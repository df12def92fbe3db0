"""Cells of the user's data in a model: joined, typed, moved into the box, and every slip found with its count."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.space_models import errors, examined, resolved, space_of
from vesica import samples
from vesica.errors import Finding
from vesica.spec import measured

CELLS = """id,x,y,kind,slide
a,100,10,Pyr_L2,1
b,200,30,Pyr_L5,1
c,300,50,Micro,1
d,400,70,Astro,2
e,500,90,Micro,2
"""
MODEL = """vesica: 1
domain: {kind: tissue, voxel: 10 um}
positions:
  file: cells.csv
  columns: {id: id}
  unit: 0.5 um
  type: kind
  types: {neuron: Pyr_*, microglia: [Micro], astrocyte: [Astro]}
  thickness: 8 um
"""
Make = Callable[..., Path]


@pytest.fixture
def model(tmp_path: Path) -> Make:
    """A model file beside its tables; returns its path (the text is what tests change)."""
    def make(cells: str = CELLS, **tables: str) -> Path:
        (tmp_path / "cells.csv").write_text(cells, encoding="utf-8")
        for name, text in tables.items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        return tmp_path / "model.yaml"

    return make


def findings(text: str, file: Path, path: str) -> list[Finding]:
    return [one for one in examined(text, file)[1] if one.path.startswith(path)]


# ---- into the box


def test_cells_come_with_their_places_names_and_columns(model: Make) -> None:
    """Half a micrometre to a pixel, one voxel around the cells, in the middle of a section of 8 um."""
    found = resolved(MODEL, model())
    space = space_of(found)
    assert space.size == (220.0, 60.0, 8.0)
    assert space.voxels == (22, 6, 1)
    cells = space.cells["base"]
    assert {name: held.count for name, held in cells.items()} == {"neuron": 2, "microglia": 2, "astrocyte": 1}
    places = {cell: (tuple(at), kind, layer) for name, held in cells.items() for cell, at, kind, layer in
              zip(held.ids, held.positions, [name] * held.count, held.columns["kind"], strict=True)}
    assert places == {
        "a": ((10.0, 10.0, 4.0), "neuron", "Pyr_L2"), "b": ((60.0, 20.0, 4.0), "neuron", "Pyr_L5"),
        "c": ((110.0, 30.0, 4.0), "microglia", "Micro"), "d": ((160.0, 40.0, 4.0), "astrocyte", "Astro"),
        "e": ((210.0, 50.0, 4.0), "microglia", "Micro"),
    }  # fmt: skip
    assert [cell.name for cell in found.cells] == ["astrocyte", "microglia", "neuron"]  # nobody listed them
    assert found.domain.volume == pytest.approx(0.2 * 220.0 * 60.0 * 8.0, rel=1e-15)


def test_a_margin_and_a_third_coordinate(model: Make) -> None:
    """z of 0, 4, ... 16 um at half a micrometre, 5 um around: a box 26 um high."""
    head, *lines = CELLS.splitlines()
    rows = [f"{head},z", *(f"{line},{8 * number}" for number, line in enumerate(lines))]
    text = MODEL.replace("  thickness: 8 um\n", "  margin: 5 um\n").replace("{id: id}", "{id: id, z: z}")
    space = space_of(resolved(text, model("\n".join(rows))))
    assert space.size == (210.0, 50.0, 26.0)
    heights = {cell: at[2] for held in space.cells["base"].values()
               for cell, at in zip(held.ids, held.positions, strict=True)}  # fmt: skip
    assert heights == {"a": 5.0, "b": 9.0, "c": 13.0, "d": 17.0, "e": 21.0}


def test_a_box_with_a_size_takes_places_as_they_are(model: Make) -> None:
    text = MODEL.replace("voxel: 10 um", "size: [300 um, 60 um, 8 um], voxel: 10 um")
    space = space_of(resolved(text, model()))
    assert space.cells["base"]["astrocyte"].positions.tolist() == [[200.0, 35.0, 4.0]]
    moved = resolved(text + "  origin: [40 um, 0 um]\n", model())
    assert space_of(moved).cells["base"]["astrocyte"].positions.tolist() == [[160.0, 35.0, 4.0]]
    assert "2 of 5 cells lie outside" in errors(text.replace("300 um", "180 um"), model())["positions"]


def test_a_crop_is_in_the_coordinates_of_the_data(model: Make) -> None:
    space = space_of(resolved(MODEL + "  crop: {x: [75 um, 200 um]}\n", model()))
    assert {cell for held in space.cells["base"].values() for cell in held.ids} == {"b", "c", "d"}


def test_cells_on_a_bottom_need_no_thickness(model: Make) -> None:
    text = MODEL.replace("{kind: tissue, voxel: 10 um}", "{kind: monolayer, height: 300 um, voxel: 10 um}")
    space = space_of(resolved(text.replace("  thickness: 8 um\n", ""), model()))
    assert space.size == (220.0, 60.0, 300.0)
    assert all(0.0 < height < 20.0 for held in space.cells["base"].values() for height in held.positions[:, 2])


# ---- arms


def test_an_arm_has_some_of_the_cells_and_never_more(model: Make) -> None:
    file = model()
    space = space_of(resolved(MODEL + "arms: {all: {}, one: {cells: {microglia: {count: 1}}}}\n", file))
    every, one = (space.cells[arm]["microglia"] for arm in ("all", "one"))
    assert (every.count, one.count) == (2, 1)
    assert one.ids[0] == every.ids[0]
    assert "of which the data hold 2" in errors(MODEL + "cells: {microglia: {count: 3}}\n", file)["cells.microglia"]


def test_cells_that_are_made_stand_beside_those_of_the_data(model: Make) -> None:
    space = space_of(resolved(MODEL + "cells: {oligodendrocyte: {count: 4, spacing: 6 um}}\n", model()))
    made = space.cells["base"]["oligodendrocyte"]
    assert (made.count, made.ids) == (4, ())
    assert np.all(made.positions[:, 2] == 4.0)


def test_cells_of_an_anndata_file(tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata")
    pandas = pytest.importorskip("pandas")
    obs = pandas.DataFrame({"kind": ["Pyr_L2", "Micro"]}, index=["a", "b"])
    places = np.array([[9.0, 8.0], [59.0, 8.0]])
    data = anndata.AnnData(np.zeros((2, 1), dtype=np.float32), obs=obs, obsm={"spatial": places})
    data.write_h5ad(tmp_path / "cells.h5ad")
    text = (MODEL.replace("cells.csv", "cells.h5ad").replace("  columns: {id: id}\n", "")
            .replace(", astrocyte: [Astro]", ""))
    cells = space_of(resolved(text, tmp_path / "model.yaml")).cells["base"]
    assert {name: (held.ids, held.positions.tolist()) for name, held in cells.items()} == {
        "neuron": (("a",), [[10.0, 10.0, 4.0]]), "microglia": (("b",), [[35.0, 10.0, 4.0]])}


# ---- joins


JOINED = MODEL.replace("  type: kind", "  join: {file: kinds.csv, id: cell}\n  type: what").replace("Pyr_*", "N*")
KINDS = "cell,what\nb,N\nc,Micro\na,N\ne,Micro\nd,Astro\nz,N\n"


def test_a_join_by_ids_in_any_order(model: Make) -> None:
    file = model(kinds=KINDS)
    assert space_of(resolved(JOINED, file)).cells["base"]["astrocyte"].ids == ("d",)
    (note,) = findings(JOINED, file, "positions.join")
    assert (note.severity, note.wrote[:6]) == ("note", "1 rows")


def test_ids_that_do_not_match_are_counted(model: Make) -> None:
    file = model(kinds=KINDS.replace("\nd,Astro", "").replace("b,N\n", ""))
    text = JOINED.replace(", astrocyte: [Astro]", "")
    (warning, _) = findings(text, file, "positions.join")
    assert warning.wrote.startswith("2 of 5 cells have no row")
    assert "`b`, `d`" in warning.wrote
    strangers = KINDS.replace("\n", "\ncell_").removesuffix("cell_")
    assert "none of 5 ids" in errors(JOINED, model(kinds=strangers))["positions.join"]
    assert "repeat an id" in errors(JOINED, model(kinds=KINDS + "a,Micro\n"))["positions.join.id"]
    twice = CELLS.replace("\nb,", "\na,").replace("\ne,", "\nd,")
    assert "2 ids" in errors(MODEL, model(twice))["positions.columns.id"]


def test_a_join_row_by_row(model: Make) -> None:
    text = JOINED.replace("id: cell", "rows: in order")
    in_order = "what\nN\nN\nMicro\nAstro\nMicro\n"
    assert space_of(resolved(text, model(kinds=in_order))).cells["base"]["astrocyte"].ids == ("d",)
    assert "6 rows for 5 cells" in errors(text, model(kinds=f"{in_order}N\n"))["positions.join"]
    assert "neither" in errors(JOINED.replace(", id: cell", ""), model(kinds=KINDS))["positions.join"]
    without = JOINED.replace("  columns: {id: id}\n", "")
    assert "no column of ids" in errors(without, model(kinds=KINDS))["positions.join"]
    assert errors(without.replace("id: cell", "id: cell, on: id"), model(kinds=KINDS)) == {}


# ---- types


def test_unknown_types_are_counted_with_the_nearest_name(model: Make) -> None:
    found = findings(MODEL.replace("[Micro]", "[Mikro]"), model(), "positions.types")
    assert [one.wrote for one in found] == [
        "no cell is `Mikro` in column `kind`", "2 of 5 cells are of no type: `Micro` (2)"]
    assert all("Mi" in one.fix for one in found)
    assert "did you mean `Micro`?" in found[0].fix


def test_a_cell_is_of_one_type(model: Make) -> None:
    assert "neuron and astrocyte" in errors(MODEL.replace("[Astro]", "[Astro, Pyr_L5]"), model())["positions.types"]


def test_a_type_that_nobody_knows(model: Make) -> None:
    assert "cells.neurone" in errors(MODEL.replace("neuron:", "neurone:"), model())


def test_what_is_left_out(model: Make) -> None:
    text = MODEL.replace("microglia: [Micro], ", "") + "  leave_out: {kind: [Micro], slide: [3]}\n"
    space = space_of(resolved(text, model()))
    assert {cell for held in space.cells["base"].values() for cell in held.ids} == {"a", "b", "d"}
    (warning,) = findings(text, model(), "positions.leave_out.slide")
    assert warning.wrote == "no `slide` is 3"
    assert "positions.leave_out.slid" in errors(text.replace("slide", "slid"), model())


# ---- what cannot be


@pytest.mark.parametrize(
    ("old", "new", "path", "says"),
    [
        ("  thickness: 8 um\n", "", "positions", "two coordinates, and no thickness"),
        ("type: kind", "type: knid", "positions.type", "`knid`"),
        ("{id: id}", "{id: ID}", "positions", "no column `ID`"),
        ("{id: id}", "{x: X}", "positions", "no column `X`"),
        ("cells.csv", "cell.csv", "positions.file", "is not a file"),
        ("thickness: 8 um", "thickness: 8 um\n  crop: {x: [1 mm, 2 mm]}", "positions.crop", "none of 5 cells"),
        ("thickness: 8 um", "thickness: 8 um\n  crop: {x: [2 um, 1 um]}", "positions.crop.x", "from 2 to 1 um"),
        ("thickness: 8 um", "thickness: 8 um\n  crop: {z: [1 um, 2 um]}", "positions.crop.z", "without z"),
        ("thickness: 8 um", "thickness: 8 um\n  origin: [0 um, 0 um]", "positions.origin", "without a size"),
        ("thickness: 8 um", "thickness: 8 s", "positions.thickness", "8 s"),
        ("unit: 0.5 um", "unit: 0.5 px", "positions.unit", "px"),
        ("voxel: 10 um", "voxel: 1 mm", "domain.voxel", "around cells that span 200 x 40 um"),
        ("voxel: 10 um", "size: [300 um, 60 um, 20 um]", "positions.thickness", "in a box 20 um high"),
    ],
)
def test_models_that_cannot_be(model: Make, old: str, new: str, path: str, says: str) -> None:
    found = errors(MODEL.replace(old, new), model())
    assert says in found[path], found


def test_coordinates_that_are_no_numbers_are_counted(model: Make) -> None:
    found = errors(MODEL, model(CELLS.replace("200", "nan").replace("500", "far")))
    assert "2 of 5 cells" in found["positions"]
    assert "`b`" in found["positions"]
    kept = MODEL + "  leave_out: {x: [nan]}\n"
    assert space_of(resolved(kept, model(CELLS.replace("200", "nan")))).cells["base"]["neuron"].count == 1


def test_cells_at_one_place_are_counted(model: Make) -> None:
    (warning,) = findings(MODEL, model(CELLS.replace("300,50", "200,30")), "positions")
    assert (warning.severity, warning.wrote) == ("warning", "1 of 5 cells are where another one is")


def test_cells_inside_one_another_are_noted(model: Make) -> None:
    (note,) = findings(MODEL, model(CELLS.replace("300,50", "202,30")), "cells")
    assert note.wrote.startswith("2 of 5 cells lie deep inside")


# ---- planes


def planes(gap: float) -> str:
    rows = [f"c{number},{10 * number},{7 * number},Micro,{gap * (number // 10)}" for number in range(30)]
    return "\n".join(["id,x,y,kind,z", *rows])


IN_PLANES = (MODEL.replace("{id: id}", "{id: id, z: z}").replace("  thickness: 8 um\n", "")
             .replace("neuron: Pyr_*, microglia: [Micro], astrocyte: [Astro]", "microglia: [Micro]"))


def test_planes_further_apart_than_vesicles_reach(model: Make) -> None:
    """D* of 0.3 um^2/s and a half-life of an hour: sqrt(0.3 x 3600/ln 2) = 39.5 um."""
    (warning,) = findings(IN_PLANES, model(planes(100.0)), "positions")  # 50 um
    assert warning.severity == "warning"
    assert warning.wrote == "3 planes of cells, 2 gaps between them up to 50 um wide"
    assert "39" in warning.rule
    assert findings(IN_PLANES, model(planes(60.0)), "positions") == []
    assert findings(IN_PLANES.replace("tissue", "gel"), model(planes(100.0)), "positions") == []
    one = IN_PLANES + "  crop: {z: [-1 um, 1 um]}\n  thickness: 10 um\n"
    assert findings(one, model(planes(100.0)), "positions") == []
    assert space_of(resolved(one, model(planes(100.0)))).size[2] == 10.0


# ---- fields of view


def fields(shift: float) -> str:
    rows = [f"c{field}_{number},{10 * number + shift * field},{(37 * number) % 100},Micro,F{field}"
            for field in range(4) for number in range(10)]
    return "\n".join(["id,x,y,kind,FOV", *rows])


IN_FIELDS = IN_PLANES.replace("{id: id, z: z}", "{id: id}") + "  thickness: 8 um\n"


def test_fields_of_view_need_their_offsets(model: Make) -> None:
    assert "4 fields of view (column `FOV`) lie over one another" in errors(IN_FIELDS, model(fields(0.0)))["positions"]
    assert errors(IN_FIELDS, model(fields(100.0))) == {}  # put together already
    offsets = ", ".join(f"F{field}: [{50 * field} um, 0 um]" for field in range(4))
    given = resolved(f"{IN_FIELDS}  fov_offsets: {{{offsets}}}\n", model(fields(0.0)))
    whole = resolved(IN_FIELDS, model(fields(100.0)))  # 100 pixels of 0.5 um
    one, other = (space_of(model).cells["base"]["microglia"] for model in (given, whole))
    assert one.ids == other.ids
    assert np.array_equal(one.positions, other.positions)
    lacking = f"{IN_FIELDS}  fov_offsets: {{{offsets.partition(', F3')[0]}}}\n"
    assert "1 fields of view have no offset: `F3`" in errors(lacking, model(fields(0.0)))["positions.fov_offsets"]
    assert "positions.fov" in errors(f"{IN_FIELDS}  fov: fvo\n", model(fields(0.0)))


# ---- files


def test_a_run_keeps_the_tables_it_read(model: Make) -> None:
    from vesica.spec import io

    file = model(kinds=KINDS)
    spec = io.loads(f"{JOINED}run: {{duration: 1 h}}\n", file=str(file))
    assert {name: path.name for name, path in measured.files_read(spec).items()} == {
        "cells.csv": "cells.csv", "kinds.csv": "kinds.csv"}


def test_the_sample_of_a_cortex_loads_with_one_block() -> None:
    file = samples.path("cortex_cells.yaml")
    found = resolved(file.read_text(encoding="utf-8"), file)
    counts = {name: held.count for name, held in space_of(found).cells["LPS"].items()}
    assert sum(counts.values()) == 755
    assert sorted(counts, key=counts.__getitem__) == [
        "microglia", "astrocyte", "endothelium", "oligodendrocyte", "neuron"]
    assert [one.severity for one in examined(file.read_text(encoding="utf-8"), file)[1]].count("warning") == 0


def test_the_sample_of_a_cortex_is_current(repository: Path) -> None:
    script = runpy.run_path(str(repository / "scripts" / "make_cortex.py"))
    assert script["table"]() == samples.path("cortex_cells.csv").read_text(encoding="ascii"), script["__doc__"]


def test_the_packaged_table_is_named_as_other_samples_are() -> None:
    text = samples.path("cortex_cells.yaml").read_text(encoding="utf-8")
    assert resolved(text.replace("file: cortex_cells.csv", "file: sample:cortex_cells.csv"))
