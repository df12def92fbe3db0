"""Files of the forward instruments read back as they were written."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from vesica import library
from vesica.instruments import constants, trps
from vesica.instruments.files.plate import Well, wells_down, write_plate
from vesica.instruments.files.qpcr import Reaction, write_reactions
from vesica.instruments.files.trace import write_traces
from vesica.instruments.files.trps import SheetRow, write_blockades, write_sheet
from vesica.instruments.nta_forward import Population
from vesica.readers.columns import read_columns
from vesica.readers.trace import read_traces
from vesica.rng import stream


def test_blockades_and_their_sheet_give_the_reading_back(tmp_path: Path) -> None:
    """From the files alone: diameters, and a concentration, as `calibrate` gives them, to the 8 digits written."""
    instrument = constants.trps(library.load("cns"))
    sizes = np.arange(50.0, 300.0)
    rng = stream(1, "files", 0)
    run = trps.record([Population(sizes, np.exp(-sizes / 60), 1e9)], instrument, dilution=2.0, rng=rng)
    beads = trps.record_beads(instrument, rng=rng)
    (tmp_path / "run.csv").write_bytes(write_blockades(run, remark="simulated"))
    (tmp_path / "beads.csv").write_bytes(write_blockades(beads))
    rows = [
        SheetRow("run.csv", "sample", "a", run.minutes, 2.0),
        SheetRow(
            "beads.csv",
            "beads",
            "a",
            beads.minutes,
            1.0,
            instrument.bead_diameter,
            instrument.bead_concentration,
        ),
    ]
    (tmp_path / "sheet.csv").write_bytes(write_sheet(rows))
    known = {"particle": (), "time": (), "blockade": (), "duration": ()}
    read = []
    sheet = read_columns(
        tmp_path / "sheet.csv",
        known={
            "file": (),
            "role": (),
            "sample": (),
            "recorded": (),
            "dilution": (),
            "bead diameter": (),
            "bead concentration": (),
        },
    )
    minutes = sheet.numbers("recorded", "min")
    for file, length in zip(sheet.words("file"), minutes, strict=True):
        table = read_columns(tmp_path / file, known={**known}) if file else None
        read.append(
            trps.Recording(
                table.numbers("time", "s"), _plain(table, "blockade"), _plain(table, "duration"), length
            )
        )
    again = trps.calibrate(read[0], read[1], instrument, dilution=float(sheet.numbers("dilution")[0]))
    first = trps.calibrate(run, beads, instrument, dilution=2.0)
    assert again.concentration == pytest.approx(first.concentration, rel=1e-12)
    assert again.diameter == pytest.approx(first.diameter, rel=1e-7)
    assert sheet.numbers("bead concentration", "particle/mL", allow_empty=True)[1] == pytest.approx(1e9)


def _plain(table, name: str) -> np.ndarray:
    """Numbers of a column in the unit it is written in (nA is no unit of a model)."""
    return table.numbers(name, None)


def test_a_plate_fills_column_by_column_and_no_further(tmp_path: Path) -> None:
    places = list(wells_down())
    assert (len(places), places[:9], places[-1]) == (96, [*(f"{row}1" for row in "ABCDEFGH"), "A2"], "H12")
    wells = [
        Well("standard", "standard", 1.25, concentration=10.0),
        Well("blank", "blank", 0.05, concentration=0.0),
        Well("sample", "a", 0.5, 20.0),
    ]
    (tmp_path / "plate.csv").write_bytes(write_plate(wells, unit="pg/mL", signal="signal (OD)"))
    lines = (tmp_path / "plate.csv").read_text().splitlines()
    assert lines[0] == "well,role,sample,concentration (pg/mL),dilution,signal (OD)"
    assert lines[1:] == ["A1,standard,standard,10,1,1.25", "B1,blank,blank,0,1,0.05", "C1,sample,a,,20,0.5"]
    with pytest.raises(ValueError, match="97 wells"):
        write_plate(wells[:1] * 97, unit="pM", signal="signal (OD)")


def test_a_reaction_without_a_cycle_is_undetermined() -> None:
    written = write_reactions(
        [Reaction("a", "miR-146a", "unknown", math.nan), Reaction("s", "miR-146a", "standard", 21.5, 1e6)]
    )
    assert written.decode().splitlines() == [
        "reaction,sample,target,task,quantity (copies),Ct",
        "1,a,miR-146a,unknown,,Undetermined",
        "2,s,miR-146a,standard,1000000,21.500",
    ]


def test_traces_read_back(tmp_path: Path) -> None:
    time = 0.5 * np.arange(20)
    values = stream(1, "t", 0).uniform(100, 200, 20)
    (tmp_path / "t.csv").write_bytes(
        write_traces(time, {"cell 1": values, "cell 2": values / 2}, remarks=["simulated"])
    )
    traces = read_traces(tmp_path / "t.csv")
    assert traces.cells == ("cell 1", "cell 2")
    assert traces.fluorescence[0] == pytest.approx(values, rel=1e-5)  # six digits are written
    assert traces.time == pytest.approx(time)
