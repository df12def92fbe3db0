"""Make `src/vesica/samples/cortex_cells.csv`: a piece of cortex as a table of cells, from a fixed seed.

Run `PYTHONPATH=src python scripts/make_cortex.py` in the root of the repository, or give another folder. Nothing in it
was measured: layers and numbers are like those of a thin section of mouse cortex, places are random.
"""

from __future__ import annotations

import sys
from pathlib import Path

from vesica.rng import stream
from vesica.spec.placing import Wanted, place

SEED = 20260721
FILE = "cortex_cells.csv"
FOLDER = Path(__file__).resolve().parent.parent / "src" / "vesica" / "samples"
WIDTH, DEPTH = 600.0, 1300.0  # um, from the surface of the brain (y = 0) into the white matter
LAYERS = {"L1": 100.0, "L2-3": 350.0, "L4": 600.0, "L5": 800.0, "L6": 1100.0, "WM": DEPTH}  # where each ends
# cells per mm^2 of the section, layer by layer
DENSITIES = {
    "Pyramidal": (0, 600, 800, 500, 600, 0), "Inhibitory": (100, 100, 110, 100, 80, 20),
    "Astrocyte": (120, 50, 45, 45, 50, 70), "Microglia": (30, 30, 30, 30, 30, 30),
    "Oligodendrocyte": (20, 60, 100, 150, 250, 700), "Endothelial": (100, 100, 110, 100, 90, 70),
}  # fmt: skip
SPACING = 9.0  # um between centres


def table() -> str:
    """The file as text."""
    wanted, begin = {}, 0.0
    for number, (layer, end) in enumerate(LAYERS.items()):
        for kind, densities in DENSITIES.items():
            count = round(densities[number] * WIDTH * (end - begin) * 1e-6)
            if count:
                wanted[f"{kind}_{layer}"] = Wanted(count, SPACING, (0.0, begin, 0.0), (WIDTH, end, 0.0))
        begin = end
    found = place((WIDTH, DEPTH, 1.0), wanted, SEED, flat=(False, False, True))
    rows = [(name, *name.rsplit("_", 1)[1:], x, y) for name, places in found.items() for x, y, _ in places]
    order = stream(SEED, "cortex rows", 0).permutation(len(rows))
    lines = [f"# SYNTHETIC cells: made by scripts/make_cortex.py with seed {SEED}, nothing here was measured",
             "cell,x,y,class,layer"]
    for number, index in enumerate(order, start=1):
        name, layer, x, y = rows[index]
        lines.append(f"c{number:04d},{x:.1f},{y:.1f},{name},{layer}")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    ((Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER) / FILE).write_text(table(), encoding="ascii")
