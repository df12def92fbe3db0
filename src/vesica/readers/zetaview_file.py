"""A ZetaView measurement as the record that all particle tracking instruments share, with its companions."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from vesica.errors import Finding, InputError
from vesica.readers.nanosight_file import captured_time, uniform_edges
from vesica.readers.nta_record import NtaFile, NtaVideo
from vesica.readers.records import frozen
from vesica.readers.text import Row, TextFile, decimal_commas, guess_delimiter, number, read_text, split_rows
from vesica.readers.zetaview import even_centres
from vesica.readers.zetaview_record import Positions, ZetaviewRecord

POSITIONS_FORMAT: Final = "ZetaView table of positions"
# An empty measurement has no bins; nothing was seen in any bin, so the instrument's usual ones serve.
_WIDTH, _TOP = 5.0, 1000.0
# From this many tracks on, a single one that holds most of the volume is worth a word.
_MANY: Final = 10
_CONDITIONS: Final = ("Electrolyte", "pH", "Conductivity", "TempControl", "SetTemperature", "Temperature", "Viscosity",
                      "Laser Wavelength nm", "Filter Wavelength nm", "Micrometer per Pixel")
_IDENTITY: Final = frozenset({"Original File", "Operator", "Software", "Sample", "Date", "Time"})


def zetaview_file(record: ZetaviewRecord) -> NtaFile:
    """Turn a size file into an `NtaFile` with one video; an empty measurement has zero particles."""
    entries, path = record.entries, record.provenance.file
    when = f"{entries.get('Date', '')} {entries.get('Time', '')}".strip()
    captured, notes = captured_time(when, Path(path).name, path)
    positions, more = _positions_beside(path)
    video = _video(record, positions, Path(path).stem)
    own = [name for name in entries if name not in _IDENTITY and name not in _CONDITIONS]
    return NtaFile(
        file=path,
        instrument="ZetaView",
        software=entries.get("Software", ""),
        sample=entries.get("Sample", ""),
        captured=captured,
        operator=entries.get("Operator", ""),
        videos=(video,),
        conditions=MappingProxyType({name: (entries[name],) for name in _CONDITIONS if name in entries}),
        settings=MappingProxyType({name: (entries[name],) for name in own}),
        provenance=record.provenance,
        companions=() if positions is None else (positions.provenance,),
        warnings=(*notes, *more, *_giant(record)),
    )


def _video(record: ZetaviewRecord, positions: Positions | None, name: str) -> NtaVideo:
    entries, linear = record.entries, record.linear
    if linear is None:
        centre = frozen(np.arange(_WIDTH / 2, _TOP, _WIDTH))
        concentration = frozen(np.zeros(centre.size))
    else:
        centre, concentration = frozen(even_centres(linear.diameter)), linear.concentration
    flags = {
        "drift": entries.get("Particle Drift Check Result", ""),
        "cell_check": entries.get("Cell Check Result", ""),
        "removal": _removal(positions),
    }
    numbers = {
        "d50": record.median if record.traces else None,
        "drift": None if positions is None else positions.drift,
        "concentration": None if positions is None else positions.concentration,
    }
    return NtaVideo(
        name=name,
        diameter=centre,
        edges=uniform_edges(centre),
        concentration=concentration,
        sd=None,
        total=float(concentration.sum()),
        dilution=record.dilution,
        dilution_applied=False,
        tracks=record.traces,
        particles_per_frame=record.particles_per_frame,
        temperature=record.temperature,
        viscosity=record.viscosity,
        flags=MappingProxyType({flag: said for flag, said in flags.items() if said}),
        printed=MappingProxyType({name: value for name, value in numbers.items() if value is not None}),
    )


def _removal(positions: Positions | None) -> str:
    if positions is None or not positions.removed:
        return ""
    words = ", ".join(f"{word} ({count})" if count > 1 else word for word, count in positions.removed.items())
    return f"{sum(positions.removed.values())} of {positions.count} positions: {words}"


def _giant(record: ZetaviewRecord) -> tuple[Finding, ...]:
    """Warn where one track holds more volume than all others together: means and volumes follow it alone."""
    linear = record.linear
    if linear is None or record.traces < _MANY:
        return ()
    largest = int(np.flatnonzero(linear.number)[-1])
    share = float(linear.volume[largest] / linear.number[largest] / linear.volume.sum()) if linear.volume.sum() else 0.0
    if share <= 0.5:
        return ()
    file = record.provenance.file
    return (
        Finding(
            "warning", Path(file).name,
            f"one track of {linear.diameter[largest]:.0f} nm holds {share:.0%} of the volume of {record.traces} tracks",
            "no single particle should decide a mean or a volume",
            "mean, SD and volume follow this one; median and concentration hardly do",
            "use median and quantiles, and look for dust", file=file,
        ),
    )


def is_positions(text: TextFile) -> bool:
    """Whether this is the table of positions beside a size file."""
    first = _first(text)
    return "Position" in first and "No. of Traces" in first and "Removal" in first


def is_zeta_profile(text: TextFile) -> bool:
    """Whether this is the profile of zeta potentials."""
    return any(line.lstrip('" ').startswith("ZP Profile:") for line in text.lines)


def _first(text: TextFile) -> str:
    return next((line for line in text.lines if line.strip()), "")


def size_file_of(path: str) -> Path | None:
    """The size file that a table of positions stands beside."""
    stem = re.sub(r"_\d+pos$", "", Path(path).stem)
    beside = Path(path).with_name(f"{stem}{Path(path).suffix}")
    return beside if stem != Path(path).stem and beside.is_file() else None


def _positions_beside(path: str) -> tuple[Positions | None, tuple[Finding, ...]]:
    """The table of positions, or a note where it lies there and cannot be read."""
    file = Path(path)
    shape = re.compile(re.escape(file.stem) + r"_\d+pos" + re.escape(file.suffix))
    for other in sorted(file.resolve().parent.iterdir()):
        if shape.fullmatch(other.name) and other.is_file():
            try:
                return read_positions(read_text(file.with_name(other.name))), ()
            except InputError as failure:
                (found, *_) = failure.findings
                note = Finding("note", found.path, found.wrote, found.rule, "removed positions and drift are not known",
                               found.fix, found.file, found.line)
                return None, (note,)
    return None, ()


def read_positions(text: TextFile) -> Positions:
    """Read a table of positions (``*_11pos.txt``).

    Raises
    ------
    InputError
        Columns missing, or cells that are no numbers.
    """
    delimiter = guess_delimiter(_first(text))
    text = decimal_commas(text, delimiter)
    header, *rows = [row for row in split_rows(text, delimiter) if not row.is_blank]
    at = {name: _column(text, header, name) for name in ("Position", "Removal", "Conc. (p./mL)", "Drift")}
    body = [row for row in rows if at["Position"] < len(row.cells) and row.cells[at["Position"]].isdigit()]
    if not body:
        raise text.refuse(header.line, "no numbered position follows", "each position has a row",
                          "it is not known what was left out", "export the file again")
    words = [row.cells[at["Removal"]] for row in body if at["Removal"] < len(row.cells)]
    removed = Counter(word for word in words if word.strip("-0 ") and word.upper() not in ("NONE", "NO"))
    mean = next((row for row in rows if any(cell.lower() == "mean" for cell in row.cells[:2])), None)

    def printed(name: str) -> float | None:
        if mean is None or at[name] >= len(mean.cells) or not mean.cells[at[name]]:
            return None
        return number(text, mean, at[name], name)

    verbatim = {"positions": text.lines}
    return Positions(len(body), MappingProxyType(dict(removed)), printed("Conc. (p./mL)"), printed("Drift"),
                     text.provenance(POSITIONS_FORMAT, verbatim))


def _column(text: TextFile, header: Row, start: str) -> int:
    """Where a column stands, by the beginning of its name."""
    for index, name in enumerate(header.cells):
        if name.startswith(start):
            return index
    raise text.refuse(header.line, f"no column `{start}`", "a table of positions has it",
                      "positions could not be read", "export the file again")
