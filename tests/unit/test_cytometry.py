"""FCS files and what is made of them: events in linear units, calibrations, swarms, broken files."""

from __future__ import annotations

import io
import math
from pathlib import Path

import flowio
import numpy as np
import pytest

from vesica.analysis.cytometry import study as law
from vesica.analysis.cytometry.outcome import Study, outcome
from vesica.errors import InputError
from vesica.readers.fcs import read_fcs

BEADS = """channel,signal,diameter (nm),mesf
SSC-A,441.94,100,
SSC-A,20000,200,
SSC-A,186000,300,
FITC-A,50,,500
FITC-A,200,,2000
FITC-A,900,,9000
"""
META = {"timestep": "0.01", "vol": "50000", "cyt": "TestCyt", "abrt": "12"}


def write(path: Path, events: np.ndarray, names: list[str], meta: dict[str, str] | None = None) -> Path:
    """An FCS 3.1 file by FlowIO's own writer."""
    with path.open("wb") as file:
        words = META if meta is None else meta
        flowio.create_fcs(file, events.astype("f4").ravel().tolist(), names, metadata_dict=words)
    return path


def sample(path: Path, count: int, seed: int = 2, *, swarm: float = 0.0) -> Path:
    """Particles of 120 nm median through a cytometer whose scatter goes as d^5.5; ``swarm`` adds others' light."""
    random = np.random.default_rng(seed)
    diameter = np.exp(random.normal(np.log(120), 0.25, count))
    scatter = 2e4 * (diameter / 200) ** 5.5 * (1 + swarm * count)
    time = np.sort(random.uniform(0, 6000, count))
    time[[0, -1]] = 0, 6000
    return write(path, np.stack([scatter, random.lognormal(5, 0.6, count), time], 1), ["SSC-A", "FITC-A", "Time"])


def by_hand(text: dict[str, str], data: bytes, *, delimiter: str = "/", header_data: bool = True) -> bytes:
    """An FCS 3.0 file byte by byte, as FlowIO's writer cannot write logarithmic or integer channels."""
    at = 4000
    words = {"$BEGINDATA": str(at), "$ENDDATA": str(at + len(data) - 1), "$BEGINSTEXT": "0", "$ENDSTEXT": "0",
             "$BEGINANALYSIS": "0", "$ENDANALYSIS": "0", "$NEXTDATA": "0", "$MODE": "L", **text}
    body = delimiter + "".join(f"{key}{delimiter}{value}{delimiter}" for key, value in words.items())
    begin, end = (at, at + len(data) - 1) if header_data else (0, 0)
    head = f"FCS3.0    {58:>8}{58 + len(body) - 1:>8}{begin:>8}{end:>8}{0:>8}{0:>8}"
    return (head + body).encode().ljust(at, b" ") + data


LOG = {"$PAR": "2", "$TOT": "3", "$DATATYPE": "I", "$BYTEORD": "4,3,2,1", "$P1N": "SSC-H", "$P1E": "4,1",
       "$P1R": "1024", "$P1B": "16", "$P2N": "FL1-H", "$P2S": "CD9", "$P2E": "0,0", "$P2R": "1024", "$P2B": "16",
       "$P2G": "2.0"}
LOG_DATA = np.array([[0, 10], [512, 20], [1023, 1000]], dtype=">u2").tobytes()


def test_events_come_back_as_they_were_written(tmp_path: Path) -> None:
    """Single precision on the disk: 2^-24 relative."""
    flow = read_fcs(sample(tmp_path / "s.fcs", 500))
    random = np.random.default_rng(2)
    diameter = np.exp(random.normal(np.log(120), 0.25, 500))
    assert flow.signal("SSC-A", "x") == pytest.approx(2e4 * (diameter / 200) ** 5.5, rel=1e-7)
    assert flow.seconds == pytest.approx(60.0, rel=1e-6)
    assert flow.volume == pytest.approx(50.0)
    assert flow.aborted == 12
    assert flow.warnings == ()
    assert [channel.name for channel in flow.channels] == ["SSC-A", "FITC-A", "Time"]


def test_logarithmic_channels_become_linear_and_gain_is_divided_out(tmp_path: Path) -> None:
    """$PnE 4,1 and $PnR 1024: channel x is 10^(4 x/1024), exactly."""
    (tmp_path / "log.fcs").write_bytes(by_hand(LOG, LOG_DATA))
    flow = read_fcs(tmp_path / "log.fcs")
    assert flow.signal("SSC-H", "x") == pytest.approx([1.0, 100.0, 10 ** (4 * 1023 / 1024)], rel=1e-12)
    assert flow.signal("cd9", "x").tolist() == [5.0, 10.0, 500.0]
    assert [channel.is_log for channel in flow.channels] == [True, False]


def test_offsets_that_disagree_are_told(tmp_path: Path) -> None:
    (tmp_path / "off.fcs").write_bytes(by_hand(LOG, LOG_DATA, header_data=False))
    flow = read_fcs(tmp_path / "off.fcs")
    assert len(flow.events) == 3
    assert "disagree" in flow.warnings[0].wrote


@pytest.mark.parametrize("delimiter", ["\\", "\x0c", "|", "*"])
def test_other_delimiters_are_read(tmp_path: Path, delimiter: str) -> None:
    (tmp_path / "d.fcs").write_bytes(by_hand(LOG, LOG_DATA, delimiter=delimiter))
    assert len(read_fcs(tmp_path / "d.fcs").events) == 3


@pytest.mark.parametrize("keep", [0, 3, 40, 57, 58, 200, 4003, 4011])
def test_a_cut_file_is_refused_in_four_parts(tmp_path: Path, keep: int) -> None:
    (tmp_path / "cut.fcs").write_bytes(by_hand(LOG, LOG_DATA)[:keep])
    refused(tmp_path / "cut.fcs")


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_fcs(path)
    (finding,) = caught.value.findings
    assert all((finding.wrote, finding.rule, finding.consequence, finding.fix, finding.file))
    return str(finding)


def test_broken_bytes_never_give_a_traceback(tmp_path: Path) -> None:
    """300 files with one to twenty bytes of header and text overwritten: read, or refused, and nothing else."""
    whole = bytearray(by_hand(LOG, LOG_DATA))
    random = np.random.default_rng(11)
    seen = set()
    for _ in range(300):
        broken = bytearray(whole)
        for at in random.integers(3, 400, random.integers(1, 20)):
            broken[at] = random.integers(0, 256)
        (tmp_path / "b.fcs").write_bytes(bytes(broken))
        try:
            read_fcs(tmp_path / "b.fcs")
            seen.add("read")
        except InputError:
            seen.add("refused")
    assert seen == {"read", "refused"}


@pytest.mark.parametrize(("change", "says"), [
    ({"$TOT": "0"}, "no events"), ({"$TOT": "5"}, "5 events and holds 3"), ({"$NEXTDATA": "4012"}, "several data sets"),
    ({"$MODE": "C"}, ""), ({"$DATATYPE": "A"}, "broken"), ({"$PAR": "x"}, "broken"),
])
def test_wrong_keywords_are_refused(tmp_path: Path, change: dict[str, str], says: str) -> None:
    (tmp_path / "k.fcs").write_bytes(by_hand(LOG | change, LOG_DATA))
    if says:
        assert says in refused(tmp_path / "k.fcs")


def test_what_is_no_fcs_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n" * 40)
    assert "begins with" in refused(tmp_path / "t.csv")
    assert "cannot be read" in refused(tmp_path / "none.fcs")


def test_a_channel_is_suggested(tmp_path: Path) -> None:
    flow = read_fcs(sample(tmp_path / "s.fcs", 50))
    with pytest.raises(InputError, match="did you mean `FITC-A`"):
        law.gated(flow, law.gate_of("FITC > 3"))


def test_gates_count_what_they_say(tmp_path: Path) -> None:
    events = np.array([[1.0, 5.0], [2.0, 4.0], [3.0, 3.0]])
    flow = read_fcs(write(tmp_path / "g.fcs", events, ["A", "B"], {}))
    assert law.gated(flow, law.gate_of("A > 1 and B > 3.5")).tolist() == [False, True, False]
    assert law.gated(flow, law.gate_of("A<3")).tolist() == [True, True, False]
    with pytest.raises(InputError, match="is not a condition"):
        law.gate_of("A above 3")


def sheet(tmp_path: Path, text: str = BEADS) -> tuple[law.Calibration, ...]:
    (tmp_path / "beads.csv").write_text(text)
    return law.read_calibrations(tmp_path / "beads.csv")[0]


def test_a_power_law_of_beads_is_found_and_never_left(tmp_path: Path) -> None:
    """Beads on d = 200 (s/2e4)^(1/5.5), exact but for the digits of the sheet: 0.01 % of a signal."""
    line = next(one for one in sheet(tmp_path) if one.kind == "diameter")
    assert 1 / line.slope == pytest.approx(5.5, rel=1e-3)
    found = line.of(np.array([441.9, 441.94, 2e4 * 0.75**5.5, 186_000.0, 186_001.0]))
    assert np.isnan(found[[0, 4]]).all()
    assert found[2] == pytest.approx(150, rel=2e-3)
    bright = next(one for one in sheet(tmp_path) if one.kind == "mesf")
    assert bright.of(np.array([100.0]))[0] == pytest.approx(1000, rel=0.02)


def test_sizes_come_back_through_the_calibration(tmp_path: Path) -> None:
    """Median of 4,000 particles of sd 0.25 in ln: error 0.25 x 1.25/sqrt(n) = 0.5 %; five of them."""
    flow = read_fcs(sample(tmp_path / "s.fcs", 4000))
    line = next(one for one in sheet(tmp_path) if one.kind == "diameter")
    found = line.of(flow.signal("SSC-A", "x"))
    seen = np.exp(np.random.default_rng(2).normal(np.log(120), 0.25, 4000))
    inside = np.isfinite(found)
    assert inside.mean() == pytest.approx(np.mean((seen >= 100) & (seen <= 300)), abs=0.002)
    assert np.median(found[inside]) == pytest.approx(np.median(seen[inside]), rel=0.002)
    assert np.median(seen) == pytest.approx(120, rel=0.025)


def series(tmp_path: Path, **options: float) -> tuple[Study, law.Swarm | None]:
    folds = (1, 2, 4, 8)
    random = np.random.default_rng(4)
    flows = tuple(read_fcs(sample(tmp_path / f"{d}.fcs", int(random.poisson(8000 / d)), d, **options)) for d in folds)
    inside = tuple(law.gated(flow, ()) for flow in flows)
    populations = tuple(law.population(flow, kept, dilution=fold) for flow, kept, fold in
                        zip(flows, inside, folds, strict=True))
    found = law.swarm(populations, law.rates_of(flows, populations)[0], law.followed(flows[0]))
    return Study(flows, inside, populations, (), (), found), found


def test_single_particles_follow_the_dilution_and_swarms_do_not(tmp_path: Path) -> None:
    """Powers -1 and 0 within 0.1 for singles; light of neighbours in proportion to their number raises the signal."""
    study, single = series(tmp_path)
    assert single is not None
    assert not single.is_swarm
    assert single.count_power == pytest.approx(-1, abs=0.1)
    assert study.populations[0].concentration == pytest.approx(len(study.flows[0].events) / 50e-3, rel=1e-9)
    many, crowded = series(tmp_path, swarm=3e-4)
    assert crowded is not None
    assert crowded.is_swarm
    assert crowded.signal_power < -0.2
    assert any("several EVs at once" in one.consequence for one in outcome(many).findings)


def test_fewer_than_three_dilutions_say_nothing_of_swarms(tmp_path: Path) -> None:
    study, _ = series(tmp_path)
    assert law.swarm(study.populations[:2], [1.0, 2.0], "SSC-A") is None


def test_counting_intervals_are_exact_poisson(tmp_path: Path) -> None:
    """No event at all: the upper end is -ln 0.025 = 3.689 events; 10 events: 4.80 to 18.39 (tables of Garwood)."""
    flow = read_fcs(write(tmp_path / "p.fcs", np.arange(1.0, 31.0).reshape(-1, 1), ["A"], {}))
    none = law.population(flow, law.gated(flow, law.gate_of("A > 99")), volume=1000.0)
    assert (none.low, none.high) == (0.0, pytest.approx(3.689, abs=0.001))
    ten = law.population(flow, law.gated(flow, law.gate_of("A < 10.5")), volume=1000.0)
    assert (ten.low, ten.high) == (pytest.approx(4.795, abs=0.001), pytest.approx(18.390, abs=0.001))
    assert law.population(flow, law.gated(flow, ())).concentration is None


def test_the_sheet_is_filled_as_far_as_the_file_says(tmp_path: Path) -> None:
    study, _ = series(tmp_path)
    table = next(one for one in outcome(study).tables if one.name == "miflowcyt_ev")
    values = {row[1]: row[2] for row in table.rows}
    assert values["cytometer"] == "TestCyt"
    assert values["flow rate or volume"] == "50 uL"
    assert values["repository of the FCS files"] == ""
    assert {row[0][0] for row in table.rows} == set("1234567")


@pytest.mark.parametrize(("text", "says"), [
    (BEADS.replace("diameter (nm)", "diameter"), "has no unit"),
    ("channel,signal\nA,1\n", "say"),
    ("channel,signal,diameter (nm)\nA,1,100\nA,2,200\n", "3 beads or more"),
    ("channel,signal,diameter (nm)\nA,1,100\nA,3,200\nA,2,300\n", "do not rise"),
    ("channel,signal,diameter (nm)\nA,1,100\nA,0,200\nA,2,300\n", "above zero"),
    ("chanel,signal,diameter (nm)\nA,1,100\n", "did you mean `channel`"),
])
def test_bad_beads_get_four_parts(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        sheet(tmp_path, text)
    finding = caught.value.findings[0]
    assert all((finding.wrote, finding.rule, finding.consequence, finding.fix, finding.file))
    assert says in str(finding)


def test_beads_of_another_channel_are_refused(tmp_path: Path) -> None:
    flow = read_fcs(sample(tmp_path / "s.fcs", 50))
    lines = sheet(tmp_path, BEADS.replace("SSC-A", "SSC-H"))
    with pytest.raises(InputError, match="did you mean `SSC-A`"):
        law.matching(lines, flow)


@pytest.mark.parametrize(("texts", "says"), [(("0.5",), "1 in 100 is written 100"), (("2", "3"), "one for all"),
                                             (("x",), "number")])
def test_bad_dilutions(texts: tuple[str, ...], says: str) -> None:
    with pytest.raises(InputError, match=says):
        law.dilutions_of(texts, 3)


def test_the_writer_of_tests_is_read_by_flowio_itself() -> None:
    """The bytes made by hand are an FCS file to the library that others use."""
    flow = flowio.FlowData(io.BytesIO(by_hand(LOG, LOG_DATA)))
    assert (flow.event_count, flow.channel_count) == (3, 2)
    assert math.isclose(flow.as_array()[1, 0], 100.0)
