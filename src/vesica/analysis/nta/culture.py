"""Cells and volume of the metadata sheet, as defaults of particles per cell."""

from __future__ import annotations

from dataclasses import replace

from vesica.analysis.misev.sheet import Sheet as Metadata
from vesica.analysis.nta.amounts import Culture
from vesica.analysis.nta.sheet import Sheet
from vesica.errors import Finding
from vesica.units import split, to_internal

CELLS, VOLUME, METHODS = "source.cell_number", "source.volume", "separation.methods"


def from_metadata(given: Culture, sheet: Sheet | None, metadata: Metadata) -> tuple[Culture, Finding | None]:
    """Fill up from the metadata what command line and sample sheet leave open, and say so.

    Parameters
    ----------
    given : Culture
        Of the command line.
    sheet : Sheet or None
    metadata : Metadata

    Notes
    -----
    Particles per cell are concentration x volume of the measured suspension / cells. The volume of the metadata is
    that of the medium: it is taken only where no separation is named, for a concentrate has another one. Protein
    stays out: the metadata hold it in words, with its assay.
    """
    answers = {path: one for path, one in metadata.answers.items() if one.is_done}
    rows = [row.culture for row in sheet.rows if row.role == "sample"] if sheet else []
    if CELLS not in answers or given.cells is not None or any(row.cells is not None for row in rows):
        return given, None
    cells = answers[CELLS]
    number, unit = split(cells.text)
    has_volume = given.volume is not None or (bool(rows) and all(row.volume is not None for row in rows))
    used, taken = f"`{CELLS}: {cells.text}`", given.volume
    if not has_volume:
        if VOLUME not in answers or METHODS in answers:
            return given, Finding(
                "note", CELLS, f"{used} is not used: the volume of the measured suspension is not known",
                "particles per cell = concentration x volume of the suspension / cells",
                "`source.volume` is that of the medium, and a concentrate has another", "say `--volume '100 uL'`",
                metadata.file, cells.line,
            )  # fmt: skip
        taken = to_internal(answers[VOLUME].text, "mL", VOLUME)
        used += f" and `{VOLUME}: {answers[VOLUME].text}`"
    count = to_internal(cells.text, "cell", CELLS) if unit else number
    return replace(given, cells=count, volume=taken), Finding(
        "note", CELLS, f"particles per cell are computed with {used} of the metadata",
        "what command line and sample sheet leave open is taken from there",
        "every sample is divided by the same number of cells",
        "give a column `cells` in the sample sheet where samples differ", metadata.file, cells.line,
    )  # fmt: skip
