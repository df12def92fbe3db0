"""Small data files of our own making, in the formats of the instruments, for examples and tests; a model beside one.

All are synthetic, say so in the file where the format has room, and are made by
`scripts/make_samples.py` and `scripts/make_cortex.py` from fixed seeds. Nothing in them was measured.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from vesica.errors import error, nearest

_FOLDER = Path(__file__).parent

_CARGO: Final = "vesica cargo score --cells mirna_cell_counts.csv --evs mirna_ev_counts.csv --group control --group LPS"
# name -> what it is, and a command that reads it
_WORDS: Final = {
    "cortex_cells.csv": ("cells of a piece of cortex with their places in um", "vesica check cortex_cells.yaml"),
    "cortex_cells.yaml": ("a model of the tissue that these cells are in", "vesica check cortex_cells.yaml"),
    "ev_nanosight32_autosampler_d100.csv": (
        "NanoSight 3.2 from an autosampler: no average columns, the dilution in the sample's name only",
        "vesica nta read ev_nanosight32_autosampler_d100.csv"),
    "ev_nanosight33_unreliable.csv": (
        "NanoSight 3.3, three videos, one called unreliable by the instrument",
        "vesica nta read ev_nanosight33_unreliable.csv"),
    "ev_nanosight34.csv": ("NanoSight 3.4, three videos at a recorded dilution of 200",
                           "vesica nta read ev_nanosight34.csv --blank medium_nanosight34_d200.csv"),
    "ev_nanosight34_pack_AllTracks.csv": ("every frame of every track of the pack below",
                                          "vesica nta read ev_nanosight34_pack_*.csv --fit"),
    "ev_nanosight34_pack_ParticleData.csv": ("one row for each particle of the pack",
                                             "vesica nta read ev_nanosight34_pack_*.csv --fit"),
    "ev_nanosight34_pack_Summary.csv": ("NanoSight 3.4 pack with single tracks",
                                        "vesica nta read ev_nanosight34_pack_*.csv --fit"),
    "ev_sizes.csv": ("a plain table of sizes: nm, particles/mL, sd", "vesica nta read ev_sizes.csv"),
    "ev_zetaview_size_488.txt": ("ZetaView, dilution recorded and not applied",
                                 "vesica nta read ev_zetaview_size_488.txt"),
    "medium_nanosight34.csv": ("medium without EVs at a dilution of 10: no blank for samples at 200",
                               "vesica nta read medium_nanosight34.csv"),
    "medium_nanosight34_d200.csv": ("medium without EVs at a dilution of 200",
                                    "vesica nta read ev_nanosight34.csv --blank medium_nanosight34_d200.csv"),
    "mirna_cell_counts.csv": ("miRNA counts of cells, control and LPS",
                              _CARGO),
    "mirna_ev_counts.csv": ("miRNA counts of their EVs",
                            _CARGO),
    "release_timecourse.csv": ("particles in medium over 48 h, two cell densities and cell-free medium",
                               "vesica fit release release_timecourse.csv"),
    "uptake_dose_time.csv": ("uptake over dose and time, with a dye control",
                             'vesica fit uptake uptake_dose_time.csv --cells 1e5 --volume "0.5 mL"'),
}


def names() -> tuple[str, ...]:
    """Names of all samples."""
    return tuple(sorted(file.name for file in _FOLDER.iterdir() if file.suffix in (".csv", ".tsv", ".txt", ".yaml")))


def path(name: str) -> Path:
    """Where a sample lies, for a reader or ``source:`` of a model.

    Raises
    ------
    InputError
        No such sample; the nearest name is suggested.
    """
    if name not in names():
        raise error(
            name,
            f"there is no sample `{name}`",
            "samples are files of the package",
            "there is nothing to read",
            nearest(name, names()),
        )
    return _FOLDER / name


def described(name: str) -> dict[str, str]:
    """Name, what the file is, and a command that reads it."""
    words, command = _WORDS[name]
    return {"name": name, "words": words, "try": command}
