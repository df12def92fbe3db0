"""NanoSight ExperimentSummary (NTA 3.2 to 3.4), straight from the instrument or re-saved by a spreadsheet.

Rows are found by their names within their sections, never by line number: versions, blank
lines and padding move them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from vesica.errors import Finding
from vesica.readers.nanosight_record import NanosightSummary, VideoResult
from vesica.readers.records import FloatArray, frozen
from vesica.readers.text import (
    PathLike,
    Row,
    TextFile,
    guess_delimiter,
    number,
    read_text,
    split_rows,
)

FIRST_LINE: Final = "NTA Experiment Summary File"
HEAD: Final = "head"
FORMAT: Final = "NanoSight ExperimentSummary"

# The 1 nm bins of a video add up to its printed concentration; it is printed with three
# digits (rounding up to 0.5 %), so twice that much is a sign of a damaged file.
_SUM_TOLERANCE: Final = 0.01
_FINE: Final = frozenset({"", "OK", "No", "None"})
_INFORMATION_ROWS: Final = (
    "Concentration",
    "Video length",
    "Vibration detected",
    "Settings changed?",
    "Errors (1)",
    "Errors (2)",
)


def is_nanosight(text: TextFile) -> bool:
    """Whether line 1 says that this is an ExperimentSummary."""
    return text.lines[0].lstrip('"').startswith(FIRST_LINE)


def read_nanosight(path: PathLike) -> NanosightSummary:
    """Read an ExperimentSummary file.

    Raises
    ------
    InputError
        Not such a file, or cut off, or its numbers cannot be used.
    """
    return parse_nanosight(read_text(path))


def parse_nanosight(text: TextFile) -> NanosightSummary:
    """`read_nanosight` on a text already read."""
    if not is_nanosight(text):
        raise text.refuse(
            1,
            f"line 1 is `{text.lines[0][:60]}`",
            f"line 1 of this format is `{FIRST_LINE}`",
            "numbers would be taken from the wrong lines",
            "give the ExperimentSummary csv file",
        )
    sections = _sections(text, split_rows(text, _delimiter(text)))
    names = _videos(text, sections)
    block = _number_block(text, sections)
    diameter, concentration, average, error = _graph(text, block, len(names))
    videos = tuple(_video(text, sections, block, index, name) for index, name in enumerate(names))
    details = {row.name: row for row in sections.get("Experiment Details", ())}
    sample = _cell(details.get("Sample Description") or details.get("Sample Name"), 1)
    verbatim = {name: tuple(text.lines[row.line - 1] for row in rows) for name, rows in sections.items()}
    return NanosightSummary(
        software=sections[HEAD][1].name if len(sections[HEAD]) > 1 else "",
        sample=sample,
        videos=videos,
        diameter=diameter,
        concentration=concentration,
        average=average,
        standard_error=error,
        provenance=text.provenance(FORMAT, verbatim),
        warnings=tuple(_warnings(text, sections, videos, concentration)),
    )


def _delimiter(text: TextFile) -> str:
    for line in text.lines:
        if line.lstrip('"').startswith("Filename"):
            return guess_delimiter(line)
    return ","


def _sections(text: TextFile, rows: tuple[Row, ...]) -> dict[str, tuple[Row, ...]]:
    """Rows by ``[Section]``; each begins with its own title row, blank rows included."""
    found: dict[str, list[Row]] = {HEAD: []}
    current = HEAD
    for row in rows:
        title = re.fullmatch(r"\[(.+)\]", row.name)
        if title is not None:
            current = title[1]
            if current in found:
                raise text.refuse(
                    row.line,
                    f"`[{current}]` stands here a second time",
                    "a file holds one experiment",
                    "videos of two experiments would be mixed",
                    "split the file",
                )
            found[current] = []
        found[current].append(row)
    return {name: tuple(lines) for name, lines in found.items()}


def _cell(row: Row | None, column: int) -> str:
    return row.cells[column] if row is not None and column < len(row.cells) else ""


def _videos(text: TextFile, sections: dict[str, tuple[Row, ...]]) -> tuple[str, ...]:
    for rows in sections.values():
        for row in rows:
            if row.name == "Filename:":
                names = tuple(cell for cell in row.cells[1:] if cell)
                if names:
                    return names
    raise text.refuse(
        None,
        "no line `Filename:` with video names",
        "it tells how many videos there are",
        "columns of videos could not be told from averages",
        "export the file again",
    )


def _number_block(text: TextFile, sections: dict[str, tuple[Row, ...]]) -> tuple[Row, ...]:
    """Rows of `[Size Data]` from `Weighting,Number` to the next weighting."""
    rows = sections.get("Size Data", ())
    starts = [index for index, row in enumerate(rows) if row.name == "Weighting"]
    for start, end in itertools.pairwise([*starts, len(rows)]):
        if _cell(rows[start], 1) == "Number":
            return rows[start:end]
    raise text.refuse(
        rows[0].line if rows else None,
        "no size distribution with weighting `Number`",
        "vesicles are counted, so the number weighting is read",
        "surface or volume weights would move the peak to larger sizes",
        "tick `Number` under size data when exporting the summary",
    )


def _graph(
    text: TextFile,
    block: tuple[Row, ...],
    n_videos: int,
) -> tuple[FloatArray, FloatArray, FloatArray | None, FloatArray | None]:
    """Bin centres, concentration (bin, video), printed average and standard error (None where absent)."""
    start = next((index for index, row in enumerate(block) if row.name.startswith("Bin centre (nm)")), None)
    if start is None:
        raise text.refuse(
            block[0].line,
            "no line `Bin centre (nm), ...` follows",
            "the bins come after this header",
            "there is no distribution to read",
            "export the summary with its graph data",
        )
    header = block[start]
    columns = [
        index for index, cell in enumerate(header.cells) if cell.lower() == "concentration (particles / ml)"
    ]
    if len(columns) != n_videos:
        raise text.refuse(
            header.line,
            f"{len(columns)} columns `Concentration (particles / ml)`",
            f"`Filename:` names {n_videos} videos, so there are {n_videos} such columns",
            "videos and columns could not be matched",
            "export the file again",
        )
    rows = []
    for row in block[start + 1 :]:
        if row.is_blank or row.name == "Percentile":
            break
        rows.append(row)
    diameter = _bin_centres(text, header, rows)
    concentration = np.array(
        [[number(text, row, column, "Concentration") for column in columns] for row in rows]
    )
    for row, values in zip(rows, concentration, strict=True):
        if (values < 0).any():
            raise text.refuse(
                row.line,
                f"a concentration of {values.min():g}",
                "concentrations are zero or more",
                "a negative number of particles has no meaning",
                "export the file again",
            )
    if not concentration.sum() > 0:
        raise text.refuse(
            header.line,
            "every bin is empty",
            "a measurement has particles",
            "there is no distribution to read",
            "leave this measurement out",
        )
    lower = [cell.lower() for cell in header.cells]
    printed = []
    for label in ("concentration average", "standard error"):
        column = lower.index(label) if label in lower else None
        printed.append(None if column is None else frozen([number(text, row, column, label) for row in rows]))
    return diameter, frozen(concentration), printed[0], printed[1]


def _bin_centres(text: TextFile, header: Row, rows: list[Row]) -> FloatArray:
    if len(rows) < 3:
        raise text.refuse(
            header.line,
            f"{len(rows)} bins follow",
            "a distribution has at least three bins",
            "a shape cannot be read from it",
            "export the file again",
        )
    diameter = frozen([number(text, row, 0, "Bin centre (nm)") for row in rows])
    steps = np.diff(diameter)
    width = float(np.median(steps))
    uneven = np.flatnonzero(np.abs(steps - width) > 1e-6 * max(width, 1.0))
    if width <= 0 or uneven.size:
        bad = int(uneven[0]) + 1 if uneven.size else 1
        raise text.refuse(
            rows[bad].line,
            f"bin centre {diameter[bad]:g} nm follows {diameter[bad - 1]:g} nm",
            f"bins are {width:g} nm apart, without gaps",
            "particles of the missing bins would be lost without a sign",
            "export the file again",
        )
    return diameter


def _optional(text: TextFile, row: Row | None, column: int) -> float | None:
    """Read a number, or None for a missing row, an empty cell or words such as `Not recorded`."""
    cell = _cell(row, column)
    if row is None or not cell or not re.match(r"[-+.\d]", cell):
        return None
    return number(text, row, column, row.name)


def _find(rows: Iterable[Row], start: str) -> Row | None:
    """First row whose name begins with ``start``, whatever the case."""
    return next((row for row in rows if row.name.lower().startswith(start.lower())), None)


def _video(
    text: TextFile,
    sections: dict[str, tuple[Row, ...]],
    block: tuple[Row, ...],
    index: int,
    name: str,
) -> VideoResult:
    column = index + 1
    results = sections.get("Results", ())

    def printed(rows: Iterable[Row], start: str) -> float | None:
        return _optional(text, _find(rows, start), column)

    dilution = printed(results, "Dilution factor")
    return VideoResult(
        name=name,
        concentration=printed(results, "Concentration (Particles / ml)"),
        dilution=dilution if dilution else None,  # some builds write 0 when it was not entered
        particles_per_frame=printed(results, "Particles per frame"),
        centres_per_frame=printed(results, "Centres per frame"),
        completed_tracks=printed(results, "Completed tracks"),
        valid_tracks=printed(block, "Valid Tracks"),
        mean=printed(block, "Mean"),
        mode=printed(block, "Mode"),
        sd=printed(block, "SD"),
        d10=printed(block, "D10"),
        d50=printed(block, "D50"),
        d90=printed(block, "D90"),
        validity=_cell(_find(sections.get("Concentration Warnings", ()), "Validity"), column) or None,
    )


def _warnings(
    text: TextFile,
    sections: dict[str, tuple[Row, ...]],
    videos: tuple[VideoResult, ...],
    concentration: FloatArray,
) -> Iterable[Finding]:
    flagged = [row for row in sections.get("Concentration Warnings", ()) if not row.name.startswith("[")]
    flagged += [row for row in sections.get("Information", ()) if row.name in _INFORMATION_ROWS]
    for row in flagged:
        for index, video in enumerate(videos):
            said = _cell(row, index + 1)
            if said not in _FINE:
                yield _warning(
                    text,
                    row.line,
                    f"video `{video.name}`: {row.name} is `{said}`",
                    "the instrument's own checks should all pass",
                    "sizes and concentration of this video may be off",
                    "look at the video, or leave it out",
                )
    if any(video.dilution is None for video in videos):
        yield _warning(
            text,
            None,
            "the dilution factor is not recorded",
            "concentrations are multiplied by the dilution only where it is recorded",
            "concentrations may be those of the diluted sample",
            "multiply by the dilution, if it was not done when recording",
        )
    for video, total in zip(videos, concentration.sum(axis=0), strict=True):
        if video.concentration and abs(total / video.concentration - 1.0) > _SUM_TOLERANCE:
            yield _warning(
                text,
                None,
                f"video `{video.name}`: bins add up to {total:.4g}, `Results` prints "
                f"{video.concentration:.4g} particle/mL",
                "the bins add up to the printed concentration",
                "the file was edited, or part of the distribution lies outside the bins",
                "export the file again",
            )


def _warning(text: TextFile, line: int | None, wrote: str, rule: str, consequence: str, fix: str) -> Finding:
    return Finding("warning", Path(text.file).name, wrote, rule, consequence, fix, file=text.file, line=line)
