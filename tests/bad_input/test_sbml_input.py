"""SBML files that cannot be used: a four-part message with file and line, never a traceback."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from random import Random

import pytest

from tests.sbml_files import math as mathml
from tests.sbml_files import parameter, reaction, saved, sbml_text, species
from vesica.cli.app import main
from vesica.errors import InputError
from vesica.readers import sbml_file
from vesica.readers.sbml import read_sbml
from vesica.spec.sbml_words import network_words

GOOD = sbml_text(species=species("A"), parameters=parameter("k"), reactions=reaction("r", "A", "", "k * A"))
TWO = parameter("x", 1.0, 'constant="false"') + parameter("y", 1.0, 'constant="false"')
CIRCLE = "".join(f'<assignmentRule variable="{a}">{mathml(f"{b} + 1")}</assignmentRule>' for a, b in ("xy", "yx"))
ENTITY = '<!DOCTYPE sbml [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
BOMB = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
NEGATIVE = sbml_text(species=species("A", 'initialConcentration="-1"') + "\n" + species("B", 'initialAmount="-INF"'))
FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "no XML"), "text": (b"hello", "no XML"), "binary": (bytes(range(256)), "cannot be read as"),
    "zeros": (b"<sbml\x00\x00", "binary"), "page": (b"<html><body/></html>", "conform"),
    "cut": (GOOD.encode()[:900], "XML"), "crossed": (GOOD.replace("</model>", "</sbml>", 1).encode(), "XML"),
    "no model": (b'<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"></sbml>', "model"),
    "entity": (GOOD.replace("<sbml ", ENTITY + "<sbml ", 1).encode(), "document type"),
    "entity in UTF-16": (GOOD.replace("UTF-8", "UTF-16").replace("<sbml ", ENTITY + "<sbml ", 1).encode("utf-16"),
                         "document type"),
    "bomb": (GOOD.replace("<sbml ", BOMB + "<sbml ", 1).encode(), "document type"),
    "strange encoding": (GOOD.replace("UTF-8", "klingon").encode(), "cannot be read as klingon"),
    "negative start": (NEGATIVE.encode(), "initial concentration of `A` is -1"),
    "circle": (sbml_text(parameters=TWO, rules=CIRCLE).encode(), "cycl"),
    "unknown name": (GOOD.replace("<ci> k </ci>", "<ci> kk </ci>").encode(), "kk"),
    "twice": (GOOD.replace('id="k"', 'id="A"').encode(), "A"),
    "no home": (GOOD.replace('compartment="cell"', "").encode(), "compartment"),
    "empty home": (GOOD.replace('compartment="cell"', 'compartment=""').encode(), "compartment"),
    "no compartment": (GOOD.replace('compartment="cell"', 'compartment="other"').encode(), "other"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_used(name: str, tmp_path: Path) -> None:
    content, says = FILES[name]
    path = tmp_path / "m.xml"
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        read_sbml(path)
    for finding in refused.value.findings:
        assert all((finding.wrote, finding.rule, finding.consequence, finding.fix)), finding
        assert finding.file == str(path)
    assert any(says in f"{one.wrote} {one.rule}" for one in refused.value.findings), refused.value


def test_every_negative_start_is_shown_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read_sbml(saved(tmp_path, NEGATIVE))
    shown = [(one.wrote, one.line) for one in refused.value.findings]
    lines = NEGATIVE.splitlines()
    assert [text.split("`")[1] for text, _ in shown] == ["A", "B"]
    assert all(f'id="{name}"' in lines[(line or 0) - 1] for name, (_, line) in zip("AB", shown, strict=True))


def test_every_cut_of_a_file_is_refused_or_read(tmp_path: Path) -> None:
    """No cut ends in anything but a record or four parts."""
    for end in range(0, len(GOOD), 17):
        path = saved(tmp_path, GOOD[:end])
        with pytest.raises(InputError):
            read_sbml(path)
    assert read_sbml(saved(tmp_path, GOOD)).unsupported == ()


def test_spoilt_files_are_refused_or_read(tmp_path: Path) -> None:
    """400 files with one to three slips each: a record whose words can be made, or four parts."""
    random, read = Random(1), 0
    for _ in range(400):
        text = GOOD
        for _ in range(random.randint(1, 3)):
            at = random.randrange(len(text))
            longer = at + random.choice((0, 1, 1, 20))
            text = text[:at] + random.choice(("", chr(random.randrange(32, 127)), '"', "NaN", "-1")) + text[longer:]
        try:
            network_words(read_sbml(saved(tmp_path, text)), "networks.x.sbml")
            read += 1
        except InputError as refused:
            assert all(all((one.wrote, one.rule, one.consequence, one.fix)) for one in refused.findings)  # noqa: PT017
    assert 0 < read < 400


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "latin-1"])
def test_other_encodings_are_read(coding: str, tmp_path: Path) -> None:
    path = tmp_path / "m.xml"
    name = coding.removesuffix("-sig").replace("latin-1", "ISO-8859-1")
    path.write_bytes(GOOD.replace("UTF-8", name).replace('id="m"', 'id="m" name="é"').encode(coding))
    assert read_sbml(path).label == "é"


def test_a_large_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbml_file, "LARGEST", 100)
    with pytest.raises(InputError, match="MB"):
        read_sbml(saved(tmp_path, GOOD))


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    saved(tmp_path, GOOD, "model.xml")
    with pytest.raises(InputError, match=r"did you mean `model\.xml`"):
        read_sbml(tmp_path / "modell.xml")
    with pytest.raises(InputError, match="cannot be read"):
        read_sbml(tmp_path)


def test_a_missing_library_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libsbml", None)
    with pytest.raises(InputError, match=r'pip install "vesica\[sbml\]"'):
        read_sbml(saved(tmp_path, GOOD))


def test_a_deep_formula_and_a_long_sum(tmp_path: Path) -> None:
    """Listed, or a finding of the words; no fault."""
    deep = sbml_text(species=species("A"), reactions=reaction("r", "A", "", "sqrt(1 + " * 400 + "A" + ")" * 400))
    assert "levels" in read_sbml(saved(tmp_path, deep)).unsupported[0].says
    wide = sbml_text(species=species("A"), reactions=reaction("r", "A", "", " + ".join(["A"] * 5000)))
    assert main(["sbml", "read", str(saved(tmp_path, wide))]) == 2
    double = f'<functionDefinition id="f">{mathml("lambda(a, a + a)")}</functionDefinition>'
    nested = reaction("r", "A", "", "f(" * 40 + "A" + ")" * 40)
    text = sbml_text(functions=double, species=species("A"), reactions=nested)
    assert "characters" in read_sbml(saved(tmp_path, text)).unsupported[0].says


@pytest.mark.parametrize(("words", "code"), [
    (["sbml", "read", "m.xml"], 0), (["sbml", "read", "m.xml", "--json"], 0), (["sbml", "read", "m.xml", "--yaml"], 0),
    (["sbml", "read", "none.xml", "--json"], 2), (["sbml", "read", "m.xml", "--without", "zzz"], 2),
    (["sbml", "read"], 2), (["sbml", "write", "none.yaml", "--out", "x.xml"], 2),
    (["sbml", "write", "none.yaml", "--out", "m.xml"], 2),
])
def test_commands_answer(
    words: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved(tmp_path, GOOD)
    monkeypatch.chdir(tmp_path)
    assert main(words) == code
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    assert "fault of vesica" not in out + err
    if "--json" in words:
        assert json.loads(out)["exit_code"] == code
    elif code:
        assert "error" in err
    else:
        assert "k * A" in out
