"""The reporting sheet: what is asked, what the files answer, what counts as reported, and that nothing is claimed."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.unit.nta_made import made_file
from vesica.analysis import misev
from vesica.analysis.misev.keys import BY_PATH, KEYS, SECTIONS
from vesica.analysis.misev.requirements import REQUIREMENTS
from vesica.analysis.nta.read import Choices, analyse
from vesica.analysis.nta.records import NtaResult
from vesica.errors import InputError


@pytest.fixture(scope="module")
def result() -> NtaResult:
    files = [made_file("control", seed=1), made_file("LPS", 2e9, seed=2, unreliable=2)]
    return analyse(files, [made_file("medium", 1e8, seed=3)])


def sheet_of(tmp_path: Path, text: str) -> misev.Sheet:
    file = tmp_path / "metadata.yaml"
    file.write_text(f"vesica_metadata: 1\n{text}", encoding="utf-8")
    return misev.read_sheet(file)


def status(sheet: misev.ReportingSheet) -> dict[str, str]:
    return {item.requirement.name: item.status for item in sheet.items}


def test_keys_are_unique_and_every_item_rests_on_keys() -> None:
    assert len(BY_PATH) == len(KEYS)
    assert {key.section for key in KEYS} == set(SECTIONS)
    assert {path for one in REQUIREMENTS for path in one.keys} <= set(BY_PATH)
    assert len({one.name for one in REQUIREMENTS}) == len(REQUIREMENTS)
    assert sum(one.standard == "EV-METRIC" for one in REQUIREMENTS) == 9  # as many components as EV-METRIC has


def test_the_examples_of_quantities_are_accepted(tmp_path: Path) -> None:
    for key in (key for key in KEYS if key.kind == "quantity"):
        found = sheet_of(tmp_path, f"{key.section}:\n  {key.name}: {key.asks.rpartition(': ')[2]}\n")
        assert key.path in found.answers


def test_an_empty_sheet_is_read_and_says_nothing(tmp_path: Path) -> None:
    file = tmp_path / "empty.yaml"
    file.write_bytes(misev.empty_sheet())
    assert misev.read_sheet(file).answers == {}


def test_the_files_answer_what_they_can(result: NtaResult) -> None:
    found = misev.fill(None, result).found
    assert found["nta.instrument"] == "NanoSight, camera sCMOS"
    assert found["nta.diluent"] == "PBS filtered"
    assert found["nta.dilution"] == "100-fold (record, applied by the instrument)"
    assert found["nta.temperature"] == "22 to 22.4 degC"
    assert found["nta.settings"] == "camera level 14; frame rate 25 fps"
    assert found["nta.detection_threshold"] == "detection threshold 5"
    assert found["nta.frames"] == "frames 1,498"
    assert found["nta.videos"].startswith("3 to 5 used of each sample, in 1 replicate measurement; 60 s each")
    assert found["nta.exclusions"] == "2 of 15 videos left out (validity 2)"
    assert found["controls.medium_blank"].startswith("1 blank file subtracted")
    assert "deposit.nta" not in found


def test_without_metadata_only_what_the_files_say_is_reported(result: NtaResult) -> None:
    sheet = misev.fill(None, result)
    said = status(sheet)
    assert said["single_particle"] == said["blank"] == said["nta_settings"] == said["nta_sampling"] == "reported"
    assert said["two_quantities"] == "partly"
    assert said["transmembrane_marker"] == said["image"] == "missing"
    assert sheet.count("MISEV", only_mandatory=True) == (1, 9)


def test_lists_are_counted_by_their_entries(tmp_path: Path, result: NtaResult) -> None:
    two = sheet_of(tmp_path, "markers:\n  transmembrane: [CD63, CD81]\n")
    three = sheet_of(tmp_path, "markers:\n  transmembrane: [CD63, CD81]\n  cytosolic: [TSG101]\n")
    assert status(misev.fill(two, result))["three_enriched"] == "partly"
    assert status(misev.fill(three, result))["three_enriched"] == "reported"


@pytest.mark.parametrize("word", ["no", "No", "false", '"not done"', "n/a", "unknown", "[none]"])
def test_what_was_not_done_is_never_counted(tmp_path: Path, result: NtaResult, word: str) -> None:
    sheet = misev.fill(sheet_of(tmp_path, f"markers:\n  contaminants: {word}\n"), result)
    assert status(sheet)["contaminant_marker"] == "not done"
    assert status(sheet)["one_non_enriched"] == "not done"


def test_serum_none_is_an_answer(tmp_path: Path) -> None:
    assert sheet_of(tmp_path, "source:\n  ev_depleted: none\n").answers["source.ev_depleted"].is_done


def test_half_of_an_item_is_partly_reported(tmp_path: Path, result: NtaResult) -> None:
    half = sheet_of(tmp_path, "single_particle:\n  image_wide: cryo-EM, figure 2\n  image_close: no\n")
    assert status(misev.fill(half, result))["image"] == "partly"


def test_what_was_written_is_read_back_the_same(tmp_path: Path, result: NtaResult) -> None:
    sheet = sheet_of(tmp_path, (
        "source:\n  cells: 'BV2: \"wild type\" \\ #3'\n  cell_number: 2e7\n  volume: 20 mL\n  ev_depleted: no\n"
        "markers:\n  transmembrane: [CD63, 'a: b']\ncontrols:\n  detergent: 0.1 % Triton X-100\n"
    ))
    again = tmp_path / "again.yaml"
    again.write_bytes(misev.fill(sheet, result).yaml())
    first = {path: (one.entries, one.is_done) for path, one in sheet.answers.items()}
    second = {path: (one.entries, one.is_done) for path, one in misev.read_sheet(again).answers.items()}
    assert first == second


def test_two_answers_are_a_finding_and_both_are_shown(tmp_path: Path, result: NtaResult) -> None:
    sheet = misev.fill(sheet_of(tmp_path, "nta:\n  temperature: 25 degC\n  diluent: PBS, 0.1 um filtered\n"), result)
    by_path = {finding.path: finding for finding in sheet.findings}
    assert by_path["nta.temperature"].severity == "warning"
    assert by_path["nta.temperature"].line == 3
    evidence = {path: words for item in sheet.items for path, words in item.evidence.items()}
    assert evidence["nta.temperature"] == "25 degC (files: 22 to 22.4 degC)"
    assert "22 to 22.4 degC (by the files; by the sheet: 25 degC)" in " ".join(sheet.methods)


def test_a_blank_that_was_subtracted_is_never_called_not_done(tmp_path: Path, result: NtaResult) -> None:
    sheet = misev.fill(sheet_of(tmp_path, "controls:\n  medium_blank: no\n  detergent: no\n"), result)
    text = " ".join(sheet.methods)
    assert "Not done: detergent lysis." in text
    assert sheet.findings[0].severity == "warning"


def test_the_draft_holds_only_what_is_known(result: NtaResult) -> None:
    text = " ".join(misev.fill(None, result).methods)
    assert "were taken from" not in text
    assert "None" not in text
    assert "2 of 15 videos left out" in text
    assert "does not hold the differences between replicates" in text


def test_nobody_claims_compliance(result: NtaResult) -> None:
    sheet = misev.fill(None, result)
    everything = (sheet.headline + b"".join(sheet.files().values()).decode()).lower()
    assert "complian" not in everything
    assert "complies" not in everything
    assert "counted, not judged" in sheet.headline


def test_the_checklist_is_a_table_with_a_row_for_every_item(result: NtaResult) -> None:
    rows = list(csv.DictReader(io.StringIO(misev.fill(None, result).files()["checklist.csv"].decode())))
    assert len(rows) == len(REQUIREMENTS)
    assert {row["status"] for row in rows} <= {"reported", "partly", "not done", "missing"}
    assert sum(row["mandatory"] == "yes" for row in rows) == 9


def test_kept_videos_are_told(result: NtaResult) -> None:
    files = [made_file("LPS", 2e9, seed=2, unreliable=2)]
    kept = misev.fill(None, analyse(files, choices=Choices(keep_all=True)))
    assert kept.found["nta.exclusions"] == "2 of 5 videos kept against a reason to leave them out (validity 2)"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("sources:\n  kind: medium\n", 2, "did you mean `source`"),
        ("source:\n  specie: mouse\n", 3, "did you mean `species`"),
        ("source:\n  volume: 20\n", 3, "its unit is missing"),
        ("source:\n  volume: 20 kg\n", 3, "write it like `20 mL`"),
        ("source:\n  volume: -1 mL\n", 3, "not above zero"),
        ("source:\n  cell_number: many\n", 3, "`2e7 cells`"),
        ("source:\n  kind: {a: 1}\n", 3, "is a text"),
        ("controls:\n  detergent: true\n", 3, "a text that says how, or `no`"),
        ("controls:\n  detergent: yes\n", 3, "a text that says how, or `no`"),
        ("markers:\n  cytosolic: [TSG101, [ALIX]]\n", 3, "a list of texts"),
        ("markers: CD63\n", 2, "holds keys of its own"),
        ("markers:\n  cytosolic: A\n  cytosolic: B\n", 4, "given twice"),
        ("source:\n\tkind: medium\n", 3, "a tab stands"),
    ],
)
def test_wrong_words_are_refused_at_their_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(InputError) as caught:
        sheet_of(tmp_path, text)
    assert caught.value.findings[0].line == line
    assert words in str(caught.value)


@pytest.mark.parametrize("head", ["", "vesica_metadata: 2\n", "vesica_metadata: true\n", "vesica: 1\n"])
def test_a_sheet_of_another_version_is_refused(tmp_path: Path, head: str) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(f"{head}source:\n  kind: plasma\n")
    with pytest.raises(InputError, match="vesica_metadata: 1"):
        misev.read_sheet(file)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        sheet_of(tmp_path, "source:\n  volume: 20\n  specie: mouse\nmarkrs:\n  method: blot\n")
    assert len(caught.value.findings) == 3


def test_errors_speak_of_metadata_and_not_of_a_model(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("- a\n")
    with pytest.raises(InputError) as caught:
        misev.read_sheet(file)
    assert "model" not in str(caught.value)
    with pytest.raises(InputError, match="cannot be read") as caught:
        misev.read_sheet(tmp_path / "absent.yaml")
    assert "model" not in str(caught.value)
