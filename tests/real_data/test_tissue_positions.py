"""Measured tissue: cells of mouse cortex (osmFISH) and hypothalamus (MERFISH), each with one block of words."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.space_models import examined, space_of
from vesica.errors import Finding
from vesica.spec.resolved import ResolvedModel

DATA = Path(__file__).parents[3] / "shared" / "data" / "tissue"
pytestmark = [pytest.mark.real_data, pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data here")]

CORTEX = """vesica: 1
domain: {kind: tissue, voxel: 20 um}
positions:
  file: osmfish_cortex_coordinates.txt
  columns: {x: X, y: Y, id: ID}
  unit: 0.065 um
  join: {file: osmfish_cortex_metadata.txt, id: CellID}
  type: ClusterName
  types:
    neuron: [Inhibitory_*, Pyramidal_*, pyramidal_L4, Hippocampus]
    astrocyte: Astrocyte_*
    microglia: [Microglia, Perivascular_Macrophages]
    oligodendrocyte: Oligodendrocyte_*
    endothelium: [Endothelial*, Pericytes, Vascular_Smooth_Muscle]
  leave_out: {ClusterName: [C._Plexus, Ependymal], Region: [Excluded]}
  thickness: 10 um
"""
HYPOTHALAMUS = """vesica: 1
domain: {kind: tissue, voxel: 20 um}
positions:
  file: merfish_hypothalamus_3d_locations.txt.gz
  columns: {x: x, y: y, z: z}
  unit: um
  join: {file: merfish_hypothalamus_3d_celltypes.txt.gz, rows: in order}
  type: x
  types: {neuron: [Excitatory, Inhibitory], astrocyte: Astrocyte, microglia: Microglia, oligodendrocyte: OD *,
          endothelium: [Endothelial *, Pericytes]}
  leave_out: {x: [Ambiguous, Ependymal]}
"""


def loaded(text: str) -> tuple[ResolvedModel, list[Finding]]:
    model, findings = examined(text, DATA / "model.yaml")
    assert model is not None, "\n".join(map(str, findings))
    return model, findings


def test_the_cortex_of_osmfish() -> None:
    """5,328 cells with places, 6,471 rows of metadata; the counts are those of a count by hand (awk)."""
    model, findings = loaded(CORTEX)
    space = space_of(model)
    cells = space.cells["base"]
    assert {name: held.count for name, held in cells.items()} == {
        "neuron": 2871, "oligodendrocyte": 957, "endothelium": 500, "astrocyte": 218, "microglia": 127}
    assert space.size == pytest.approx((1593.2, 3178.9, 10.0), abs=0.1)
    assert space.voxels == (80, 159, 1)
    said = " ".join(one.wrote for one in findings)
    assert "1143 rows of `osmfish_cortex_metadata.txt` belong to no cell" in said  # 6471 - 5328
    assert "468 of 4673 cells are where another one is" in said  # the table holds 522 places twice
    layers = Counter(layer for held in cells.values() for layer in held.columns["Region"])
    assert "Excluded" not in layers
    assert layers["Pia Layer 1"] == 156  # of 159, 3 ependymal or of the plexus
    heights = {layer: float(np.median([at[1] for held in cells.values() for at, here in
                                       zip(held.positions, held.columns["Region"], strict=True) if here == layer]))
               for layer in ("Pia Layer 1", "Layer 4", "Layer 6", "White matter")}  # fmt: skip
    assert list(heights.values()) == sorted(heights.values(), reverse=True)  # the pia is at the high end of y


def test_an_unknown_cluster_of_the_cortex_is_found() -> None:
    _, findings = examined(CORTEX.replace("[C._Plexus, Ependymal]", "[Ependymal]"), DATA / "model.yaml")
    (failure,) = [one for one in findings if one.severity == "error"]
    assert failure.path == "positions.types"
    assert "`C._Plexus` (" in failure.wrote


def test_the_hypothalamus_of_merfish() -> None:
    """73,655 cells in 12 planes 50 um apart, further than a vesicle gets; types row by row."""
    model, findings = loaded(HYPOTHALAMUS)
    space = space_of(model)
    assert {name: held.count for name, held in space.cells["base"].items()} == {
        "neuron": 36518, "oligodendrocyte": 9642, "astrocyte": 8393, "endothelium": 6387, "microglia": 1472}
    assert sum(one.count for one in space.cells["base"].values()) == 73655 - 9282 - 1961
    assert space.size == pytest.approx((1835.6, 1833.8, 590.0), abs=0.1)
    (warning,) = [one for one in findings if one.severity == "warning"]
    assert warning.wrote == "12 planes of cells, 11 gaps between them up to 50 um wide"
