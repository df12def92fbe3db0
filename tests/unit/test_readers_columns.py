"""Tables with named columns and units in the head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vesica.errors import InputError
from vesica.readers.columns import Columns, read_columns, split_head

KNOWN = {"time": ("t", "hours"), "concentration": ("conc", "particles"), "arm": ("condition",)}


def table(tmp_path: Path, text: str | bytes, **more: object) -> Columns:
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_columns(path, known=KNOWN, **more)  # type: ignore[arg-type]


def finding(tmp_path: Path, text: str | bytes, **more: object) -> str:
    with pytest.raises(InputError) as failure:
        table(tmp_path, text, **more)
    return str(failure.value)


@pytest.mark.parametrize(("head", "name", "unit"), [
    ("time (h)", "time", "h"), ("time [h]", "time", "h"), ("time / h", "time", "h"), ("time", "time", ""),
    ("conc (particle/mL)", "conc", "particle/mL"), ("conc/other", "conc/other", ""), ("time()", "time", ""),
])
def test_the_head_holds_name_and_unit(head: str, name: str, unit: str) -> None:
    assert split_head(head) == (name, unit)


def test_units_are_converted_and_order_does_not_matter(tmp_path: Path) -> None:
    read = table(tmp_path, "# mine\nArm,Conc (1e6 particles/mL),Time (min)\na,2.5,30\n\nb,,60\n")
    assert read.words("arm") == ("a", "b")
    assert read.numbers("time", "h").tolist() == [0.5, 1.0]
    assert np.array_equal(read.numbers("concentration", "particle/mL", allow_empty=True), [2.5e6, np.nan],
                          equal_nan=True)
    assert read.lines == (3, 5)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_a_spreadsheet_of_another_locale_is_understood(tmp_path: Path, encoding: str) -> None:
    text = "Time (h);Conc (particles/mL);Arm\r\n0,5;1,25E+08;µ\r\n"
    read = table(tmp_path, text.encode(encoding))
    assert read.numbers("time", "h").tolist() == [0.5]
    assert read.numbers("concentration", "particle/mL").tolist() == [1.25e8]
    assert read.words("arm") == ("µ",)


def test_mixed_decimal_signs_are_refused(tmp_path: Path) -> None:
    read = table(tmp_path, "time (h);conc\n0,5;1\n1.5;2\n")
    with pytest.raises(InputError, match="decimal point"):
        read.numbers("time", "h")


@pytest.mark.parametrize(("text", "says"), [
    ("time (h),concc\n1,2\n", "did you mean `conc`"),
    ("time (h),t (h)\n1,2\n", "are both `time`"),
    ("time (h)\n", "no rows follow"),
    ("# nothing\n", "comments only"),
    ("conc\n1\n", "no column `time`"),
])
def test_what_cannot_be_read_is_said(tmp_path: Path, text: str, says: str) -> None:
    assert says in finding(tmp_path, text, required=("time",))


@pytest.mark.parametrize(("head", "says"), [
    ("time", "write the unit into the head: `time (h)`"),
    ("time (nm)", "another unit of that dimension"),
    ("time (hh)", "did you mean"),
])
def test_a_missing_or_wrong_unit_is_said(tmp_path: Path, head: str, says: str) -> None:
    read = table(tmp_path, f"{head},arm\n1,a\n")
    with pytest.raises(InputError, match="table") as failure:
        read.numbers("time", "h")
    assert says in str(failure.value)


def test_a_value_below_its_bound_names_its_line(tmp_path: Path) -> None:
    read = table(tmp_path, "time (h)\n1\n-2\n")
    with pytest.raises(InputError) as failure:
        read.numbers("time", "h", low=0.0)
    assert failure.value.findings[0].line == 3
