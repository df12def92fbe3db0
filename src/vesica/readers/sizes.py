"""One way in for measured size distributions: the format is told by content, never by file name."""

from __future__ import annotations

from vesica.readers.nanosight import is_nanosight, parse_nanosight
from vesica.readers.nta import detect
from vesica.readers.records import SizeDistribution
from vesica.readers.size_table import parse_size_table
from vesica.readers.text import PathLike, read_text


def read_size_distribution(
    path: PathLike,
    *,
    size: str | None = None,
    concentration: str | None = None,
    sd: str | None = None,
    unit: str | None = None,
) -> SizeDistribution:
    """Read a NanoSight ExperimentSummary or a generic size table.

    Parameters
    ----------
    path : path
    size, concentration, sd : str, optional
        Names of columns of a generic table; not used by NanoSight files, where giving them is an error.
    unit : "particle/mL" or "particle", optional
        Of a generic table whose header does not tell.

    Raises
    ------
    InputError
        Two measurements in one file, or whatever the reader of the format refuses.
    """
    text = read_text(path)
    detect(text)
    if not is_nanosight(text):
        return parse_size_table(text, size=size, concentration=concentration, sd=sd, unit=unit)
    if any(value is not None for value in (size, concentration, sd, unit)):
        raise text.refuse(
            1,
            "columns are named for a NanoSight summary",
            "its columns and unit are fixed",
            "the names given would be ignored without a sign",
            "leave the column names out",
        )
    return parse_nanosight(text).distribution()
