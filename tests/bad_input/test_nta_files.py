"""Damaged files of particle tracking: always a four-part error with its file, or a record that is right."""

from __future__ import annotations

import codecs
import csv
import dataclasses
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vesica import samples
from vesica.errors import InputError
from vesica.readers import NtaFile, read_nta

SUMMARIES = (
    "ev_nanosight34.csv",
    "ev_nanosight32_autosampler_d100.csv",
    "ev_nanosight33_unreliable.csv",
    "ev_nanosight34_pack_Summary.csv",
)
ZETAVIEW = "ev_zetaview_size_488.txt"
TABLE = "ev_sizes.csv"
EVERY = (*SUMMARIES, ZETAVIEW, TABLE)


def outcome(file: Path) -> NtaFile | None:
    """What `read_nta` makes of a file: a record that holds together, or None after an error with all its parts."""
    try:
        read = read_nta(file)
    except InputError as failure:
        for found in failure.findings:
            assert found.severity == "error"
            assert all((found.wrote, found.rule, found.consequence, found.fix))
            assert found.file is not None
            assert Path(found.file).parent == file.parent
            if found.line is not None:
                assert found.line >= 1
        return None
    assert read.videos
    for video in read.videos:
        assert video.diameter.shape == video.concentration.shape
        assert video.edges.size == video.diameter.size + 1
        assert np.isfinite(video.concentration).all()
        assert (video.concentration >= 0).all()
        assert (np.diff(video.edges) > 0).all()
        assert math.isfinite(video.total)
        assert video.total >= 0
        assert video.dilution is None or video.dilution > 0
    return read


def put(folder: Path, name: str, data: bytes) -> Path:
    file = folder / name
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("name", [*SUMMARIES, ZETAVIEW])
@pytest.mark.parametrize("percent", range(0, 100, 5))
def test_a_truncated_export_is_refused_or_whole_where_it_counts(tmp_path: Path, name: str, percent: int) -> None:
    """A record is only given where every bin and every printed total is that of the whole file."""
    data = samples.path(name).read_bytes()
    read = outcome(put(tmp_path, name, data[: len(data) * percent // 100]))
    if read is not None:
        whole = read_nta(samples.path(name))
        for ours, theirs in zip(read.videos, whole.videos, strict=True):
            np.testing.assert_array_equal(ours.concentration, theirs.concentration)
            assert (ours.total, ours.dilution) == (theirs.total, theirs.dilution)


@pytest.mark.parametrize("percent", range(0, 100, 5))
def test_a_truncated_table_is_the_beginning_of_the_whole(tmp_path: Path, percent: int) -> None:
    """A table has no end mark: its last number may be cut, all before it are those of the whole."""
    data = samples.path(TABLE).read_bytes()
    read = outcome(put(tmp_path, TABLE, data[: len(data) * percent // 100]))
    if read is not None:
        ours, theirs = read.videos[0].concentration[:-1], read_nta(samples.path(TABLE)).videos[0].concentration
        np.testing.assert_array_equal(ours, theirs[: ours.size])


def swapped(data: bytes, rng: np.random.Generator, upto: int) -> bytes:
    """Another byte at a random place before ``upto``."""
    at = int(rng.integers(upto))
    return data[:at] + bytes([int(rng.integers(256))]) + data[at + 1 :]


def dropped(data: bytes, rng: np.random.Generator, upto: int) -> bytes:
    """Up to twenty bytes less."""
    at = int(rng.integers(upto))
    return data[:at] + data[at + int(rng.integers(1, 20)) :]


def doubled(data: bytes, rng: np.random.Generator, upto: int) -> bytes:
    """A line twice."""
    lines = data.split(b"\n")
    at = int(rng.integers(len(data[:upto].split(b"\n"))))
    return b"\n".join([*lines[: at + 1], *lines[at:]])


def moved(data: bytes, rng: np.random.Generator, upto: int) -> bytes:
    """Two lines exchanged."""
    lines = data.split(b"\n")
    n = len(data[:upto].split(b"\n"))
    one, other = int(rng.integers(n)), int(rng.integers(n))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def odd_number(data: bytes, rng: np.random.Generator, upto: int) -> bytes:
    """A cell that is no number, or a very odd one."""
    odd = (b"nan", b"inf", b"-1", b"1e400", b"1,5", b"", b"#DIV/0!", b"1.234.567", b"-1.#IND", b"0x10", b"--")
    cells = data[:upto].split(b",")
    at = int(rng.integers(len(cells)))
    cells[at] = odd[int(rng.integers(len(odd)))]
    return b",".join(cells) + data[upto:]


@pytest.mark.parametrize("change", [swapped, dropped, doubled, moved, odd_number])
@pytest.mark.parametrize("name", EVERY)
def test_random_edits_never_end_in_a_traceback(
    tmp_path: Path, name: str, change: Callable[[bytes, np.random.Generator, int], bytes]
) -> None:
    """Forty edits each, 25 of them in the header; no statistics, so no rate of false alarms."""
    data = samples.path(name).read_bytes()
    rng = np.random.default_rng([6, EVERY.index(name), len(change.__name__)])
    for trial in range(40):
        upto = min(2500, len(data)) if trial < 25 else len(data)
        outcome(put(tmp_path, name, change(data, rng, upto)))


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-7", "cp037", "utf-32"])
def test_other_encodings_are_read_or_refused(tmp_path: Path, name: str, encoding: str) -> None:
    """With a byte order mark the text is the same; without one it holds NUL bytes, or no known words."""
    text = samples.path(name).read_bytes().decode("cp1252")
    read = outcome(put(tmp_path, name, text.encode(encoding)))
    if encoding in ("utf-16", "utf-8-sig"):
        assert read is not None
        whole = read_nta(samples.path(name)).videos[0]
        np.testing.assert_array_equal(read.videos[0].concentration, whole.concentration)
    elif encoding != "utf-7":
        assert read is None


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"\x00" * 100, codecs.BOM_UTF16_LE, codecs.BOM_UTF8, b",,,\n,,,\n", b'"', b"PK\x03\x04" + bytes(50)],
    ids=["empty", "blank", "NUL", "UTF-16 mark", "UTF-8 mark", "commas", "quote", "archive"],
)
def test_what_holds_nothing_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    assert outcome(put(tmp_path, name, data)) is None


@pytest.mark.parametrize("name", EVERY)
def test_a_nul_byte_is_refused_with_its_line(tmp_path: Path, name: str) -> None:
    data = samples.path(name).read_bytes()
    at = len(data) // 2
    file = put(tmp_path, name, data[:at] + b"\x00" + data[at:])
    with pytest.raises(InputError) as caught:
        read_nta(file)
    (found,) = caught.value.findings
    assert found.line == data[:at].count(b"\n") + 1
    assert "control byte 0x00" in found.wrote


def as_spreadsheet(data: bytes) -> bytes:
    """Semicolons, decimal commas and padding, as a continental spreadsheet saves a csv file."""
    text = data.decode("cp1252")
    delimiter = "\t" if "Size / nm\t" in text else ","
    rows = list(csv.reader(text.splitlines(), delimiter=delimiter))
    width = max(map(len, rows))

    def cell(words: str) -> str:
        try:
            float(words)
        except ValueError:
            return f'"{words}"' if ";" in words else words
        return words.replace(".", ",")

    return "\r\n".join(";".join([*map(cell, row), *[""] * (width - len(row))]) for row in rows).encode("cp1252")


@pytest.mark.parametrize("name", [*SUMMARIES, ZETAVIEW])
def test_decimal_commas_give_the_same_record(tmp_path: Path, name: str) -> None:
    data = as_spreadsheet(samples.path(name).read_bytes())
    assert b"0,5;" in data or b"2,500E+0;" in data
    read, whole = outcome(put(tmp_path, name, data)), read_nta(samples.path(name))
    assert read is not None
    for ours, theirs in zip(read.videos, whole.videos, strict=True):
        np.testing.assert_array_equal(ours.concentration, theirs.concentration)
        assert (ours.total, ours.dilution, ours.tracks) == (theirs.total, theirs.dilution, theirs.tracks)
        assert (ours.temperature, dict(ours.printed)) == (theirs.temperature, dict(theirs.printed))
        assert dict(ours.flags) == dict(theirs.flags)


@pytest.mark.parametrize("first", EVERY)
@pytest.mark.parametrize("second", EVERY)
def test_two_measurements_in_one_file_are_refused(tmp_path: Path, first: str, second: str) -> None:
    one, other = samples.path(first).read_bytes(), samples.path(second).read_bytes()
    file = put(tmp_path, "both.csv", one.rstrip() + b"\r\n" + other)
    with pytest.raises(InputError) as caught:
        read_nta(file)
    (found,) = caught.value.findings
    assert "begins a" in found.wrote
    assert found.line is not None
    assert found.line > one.rstrip().count(b"\n")


def test_the_judge_of_records_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`outcome` does not take another exception for a refusal, nor negative concentrations for a record."""
    file = put(tmp_path, TABLE, samples.path(TABLE).read_bytes())
    good = read_nta(file)
    (video,) = good.videos
    bad = dataclasses.replace(good, videos=(dataclasses.replace(video, concentration=-video.concentration),))

    def broken(_: Path) -> NtaFile:
        raise ZeroDivisionError

    here = sys.modules[__name__]
    monkeypatch.setattr(here, "read_nta", lambda _: bad)
    with pytest.raises(AssertionError):
        outcome(file)
    monkeypatch.setattr(here, "read_nta", broken)
    with pytest.raises(ZeroDivisionError):
        outcome(file)
