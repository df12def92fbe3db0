"""Tables of cells in the ways that people write them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from vesica.errors import InputError
from vesica.readers.positions import read_cells

COLUMNS = {"id": ("a", "b"), "x": ("1.5", "2"), "kind": ("OD Mature 1", "Astro")}


def written(folder: Path, text: str, name: str = "cells.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "text",
    [
        "id,x,kind\na,1.5,OD Mature 1\nb,2,Astro\n",
        "id\tx\tkind\na\t1.5\tOD Mature 1\nb\t2\tAstro\n",
        "id;x;kind\na;1.5;OD Mature 1\nb;2;Astro\n",
        'id x kind\na 1.5 "OD Mature 1"\nb 2 Astro\n',
        "# made by hand\n\n id, x, kind \na, 1.5, OD Mature 1\n\nb,2,Astro",
    ],
)
def test_every_delimiter(tmp_path: Path, text: str) -> None:
    table = read_cells(written(tmp_path, text))
    assert dict(table.columns) == COLUMNS
    assert np.array_equal(table.numbers("x", "coordinates"), [1.5, 2.0])
    assert len(table) == 2


def test_row_names_of_r_have_no_head(tmp_path: Path) -> None:
    table = read_cells(written(tmp_path, '"x"\n"1" "Astrocyte"\n"2" "OD Mature 1"\n'))
    assert dict(table.columns) == {"row": ("1", "2"), "x": ("Astrocyte", "OD Mature 1")}


def test_one_column_with_blanks_is_one_column(tmp_path: Path) -> None:
    table = read_cells(written(tmp_path, "kind\nOD Mature 1\nAstro\nOD Immature\n"))
    assert dict(table.columns) == {"kind": ("OD Mature 1", "Astro", "OD Immature")}


def test_packed_and_with_decimal_commas(tmp_path: Path) -> None:
    file = tmp_path / "cells.csv.gz"
    file.write_bytes(gzip.compress(b"id;x\na;1,5\nb;2,25\n"))
    assert np.array_equal(read_cells(file).numbers("x", "coordinates"), [1.5, 2.25])


def test_what_is_no_number_is_nan(tmp_path: Path) -> None:
    found = read_cells(written(tmp_path, "x\n1\nNA\n\"\"\n")).numbers("x", "coordinates")
    assert np.array_equal(np.isnan(found), [False, True, True])


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("id,x\na,1,2\n", 2, "3 cells"),
        ("id,x\na,1\nb\n", 3, "1 cells"),
        ("id,id\na,1\n", 1, "twice"),
        ("id,x\n", 1, "no rows"),
    ],
)
def test_tables_that_cannot_be_read(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(InputError, match=says) as failure:
        read_cells(written(tmp_path, text))
    assert failure.value.findings[0].line == line


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    table = read_cells(written(tmp_path, "id,X\na,1\n"))
    with pytest.raises(InputError, match="no column `Y`"):
        table.words("Y", "coordinates")


def test_an_anndata_file(tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata")
    pandas = pytest.importorskip("pandas")
    places = np.array([[1.0, 2.0], [3.0, 4.0]])
    obs = pandas.DataFrame({"kind": ["neuron", "glia"]}, index=["a", "b"])
    data = anndata.AnnData(np.zeros((2, 1), dtype=np.float32), obs=obs, obsm={"spatial": places})
    data.write_h5ad(tmp_path / "a.h5ad")
    table = read_cells(tmp_path / "a.h5ad")
    assert dict(table.columns) == {"kind": ("neuron", "glia"), "id": ("a", "b")}
    assert table.places is not None
    assert np.array_equal(table.places, places)
    with pytest.raises(InputError, match="spatail"):
        read_cells(tmp_path / "a.h5ad", "spatail")
    with pytest.raises(InputError, match="does not exist"):
        read_cells(tmp_path / "b.h5ad")
    (tmp_path / "broken.h5ad").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot be read"):
        read_cells(tmp_path / "broken.h5ad")
