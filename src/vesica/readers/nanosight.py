"""NanoSight ExperimentSummary (NTA 3.2 to 3.4), straight from the instrument or re-saved by a spreadsheet.

Rows are found by their names within their sections, never by line number: versions, blank
lines and padding move them. The summary of a single video in a pack has the same layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from vesica.errors import Finding
from vesica.readers.nanosight_blocks import (
    Sections,
    cell,
    number_rows,
    optional,
    printed_averages,
    read_blocks,
)
from vesica.readers.nanosight_record import NanosightSummary, VideoResult, WeightedBlock
from vesica.readers.nanosight_rows import (
    CONCENTRATION,
    EXPERIMENT,
    FINE,
    INFORMATION,
    INFORMATION_ROWS,
    SINGLE,
    WARNING_ROWS,
    WARNINGS,
)
from vesica.readers.text import (
    PathLike,
    Row,
    TextFile,
    decimal_commas,
    guess_delimiter,
    read_text,
    split_rows,
)

HEAD: Final = "head"
FORMAT: Final = "NanoSight ExperimentSummary"

# The 1 nm bins of a video add up to its printed concentration; it is printed with three
# digits (rounding up to 0.5 %), so twice that much is a sign of a damaged file.
_SUM_TOLERANCE: Final = 0.01


def is_nanosight(text: TextFile) -> bool:
    """Whether the first line that is not empty says that this is a summary of NTA."""
    first = next((line for line in text.lines if line.strip(" ,;\t")), "")
    return first.lstrip('" ').startswith((EXPERIMENT, SINGLE))


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
            f"line 1 of this format is `{EXPERIMENT}`",
            "numbers would be taken from the wrong lines",
            "give the ExperimentSummary csv file",
        )
    delimiter = _delimiter(text)
    text = _with_decimals(text, delimiter)
    sections = _sections(text, split_rows(text, delimiter))
    names = _videos(text, sections)
    blocks = read_blocks(text, sections, len(names))
    average, error = printed_averages(text, number_rows(text, sections))
    videos = tuple(_video(text, sections, blocks[0], at, name) for at, name in enumerate(names))
    details = {row.name.rstrip(":"): cell(row, 1) for row in sections.get("Experiment Details", ())}
    verbatim = {name: tuple(text.lines[row.line - 1] for row in rows) for name, rows in sections.items()}
    doubts = tuple(_disagreements(text, videos, blocks[0]))
    said = tuple(_warnings(text, sections, videos))
    return NanosightSummary(
        software=_software(sections),
        sample=details.get("Sample Description") or details.get("Sample Name") or "",
        videos=videos,
        diameter=blocks[0].centre,
        concentration=blocks[0].amount,
        average=average,
        standard_error=error,
        provenance=text.provenance(FORMAT, verbatim),
        warnings=(*said, *doubts),
        doubts=doubts,
        details=MappingProxyType(details),
        conditions=_words(sections, "Conditions", len(names)),
        settings=_words(sections, "Settings", len(names)),
        blocks=blocks,
    )


def _delimiter(text: TextFile) -> str:
    for start in ("Bin centre (", "Filename"):  # the header of the bins holds no free text
        for line in text.lines:
            if line.lstrip('" ').startswith(start):
                return guess_delimiter(line)
    return ","


def _with_decimals(text: TextFile, delimiter: str) -> TextFile:
    """Judge decimal commas by the bins alone: free text such as a sample `1.5` says nothing."""
    bins = tuple(line for line in text.lines if re.match(r'\s*"?\d+[.,]\d', line))
    judged = decimal_commas(replace(text, lines=bins), delimiter)
    return replace(text, has_decimal_commas=judged.has_decimal_commas)


def _sections(text: TextFile, rows: tuple[Row, ...]) -> Sections:
    """Rows by ``[Section]``; each begins with its own title row, blank rows included."""
    found: dict[str, list[Row]] = {HEAD: []}
    current = HEAD
    for row in rows:
        name = row.name
        if name.startswith("[") and name.endswith("]") and len(name) > 2:
            current = name[1:-1]
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


def _software(sections: Sections) -> str:
    """Second line of the file."""
    said = [row.name for row in sections[HEAD] if not row.is_blank]
    return said[1] if len(said) > 1 else ""


def _videos(text: TextFile, sections: Sections) -> tuple[str, ...]:
    for rows in sections.values():
        for row in rows:
            if row.name == "Filename:":
                names = tuple(name for name in row.cells[1:] if name)
                if names:
                    return names
    raise text.refuse(
        None,
        "no line `Filename:` with video names",
        "it tells how many videos there are",
        "columns of videos could not be told from averages",
        "export the file again",
    )


def _words(sections: Sections, section: str, n_videos: int) -> MappingProxyType[str, tuple[str, ...]]:
    """Rows of a section as written, a cell for each video."""
    rows = [row for row in sections.get(section, ())[1:] if row.name]
    return MappingProxyType({row.name: tuple(cell(row, 1 + at) for at in range(n_videos)) for row in rows})


def _find(rows: Iterable[Row], start: str) -> Row | None:
    """First row whose name begins with ``start``, whatever the case."""
    return next((row for row in rows if row.name.lower().startswith(start.lower())), None)


def _video(text: TextFile, sections: Sections, block: WeightedBlock, index: int, name: str) -> VideoResult:
    results, conditions = sections.get("Results", ()), sections.get("Conditions", ())

    def printed(rows: Iterable[Row], start: str) -> float | None:
        return optional(text, _find(rows, start), index + 1)

    frames = printed(sections.get("Settings", ()), "Total frames analysed")
    rate = printed(conditions, "Frame rate/fps")
    flags = _flags(sections, index + 1)
    derived = {name: values[index] for name, values in block.printed.items()}
    return VideoResult(
        name=name,
        concentration=printed(results, CONCENTRATION),
        dilution=_dilution(text, _find(results, "Dilution factor"), index + 1),
        particles_per_frame=printed(results, "Particles per frame"),
        centres_per_frame=printed(results, "Centres per frame"),
        completed_tracks=printed(results, "Completed tracks"),
        validity=flags.get("validity"),
        temperature=printed(conditions, "Temperature/C"),
        viscosity=printed(conditions, "Viscosity/cP"),
        drift_x=printed(results, "X-Drift"),
        drift_y=printed(results, "Y-Drift"),
        length=frames / rate if frames is not None and rate else None,
        flags=MappingProxyType(flags),
        **derived,
    )


def _dilution(text: TextFile, row: Row | None, column: int) -> float | None:
    """As recorded; some builds write 0 when it was not entered."""
    dilution = optional(text, row, column)
    if row is not None and dilution is not None and dilution < 0:
        raise text.refuse(
            row.line,
            f"a dilution factor of {dilution:g}",
            "a dilution is 1 or more",
            "concentrations would be those of no suspension",
            "correct the line, or export the file again",
        )
    return dilution or None


def _flags(sections: Sections, column: int) -> dict[str, str]:
    """Words of the instrument by name; where both sections speak, the one that objects."""
    found: dict[str, str] = {}
    for section, rows in ((WARNINGS, WARNING_ROWS), (INFORMATION, INFORMATION_ROWS)):
        by_name = {row.name.lower(): row for row in sections.get(section, ())[1:]}
        for flag, name in rows.items():
            said = cell(by_name.get(name.lower()), column)
            if said and found.get(flag, "") in FINE:
                found[flag] = said
    return found


def _warnings(text: TextFile, sections: Sections, videos: tuple[VideoResult, ...]) -> Iterable[Finding]:
    """What the instrument doubts, row by row, and a dilution that is not recorded."""
    rows = [row for row in sections.get(WARNINGS, ()) if not row.name.startswith("[")]
    rows += [row for row in sections.get(INFORMATION, ()) if row.name in INFORMATION_ROWS.values()]
    seen = set()
    for row in rows:
        for index, video in enumerate(videos):
            said = cell(row, index + 1)
            if said not in FINE and (row.name.lower(), index, said) not in seen:
                seen.add((row.name.lower(), index, said))
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


def _disagreements(text: TextFile, videos: tuple[VideoResult, ...], block: WeightedBlock) -> Iterable[Finding]:
    """Videos whose bins do not add up to the printed concentration."""
    for video, total in zip(videos, block.amount.sum(axis=0), strict=True):
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
