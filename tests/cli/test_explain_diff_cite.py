"""explain, diff and cite on a small model, its run, and what is none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.test_run import MODEL
from vesica import api
from vesica.cli.app import main
from vesica.spec import io

ARCHIVE = Path(__file__).parents[1] / "archive" / "format1"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("explain") / "small.yaml"
    file.write_text(MODEL)
    return file


@pytest.fixture(scope="module")
def folder(model: Path) -> Path:
    """A run folder as far as these commands read one: of `--switch escape=low_fusogenicity`, which model.yaml lacks."""
    from vesica.results import provenance

    resolved = api.examine(api.load(model), switches={"escape": "low_fusogenicity"}).resolved
    assert resolved is not None
    made = model.parent / "run"
    shutil.copytree(ARCHIVE, made)
    (made / "model.yaml").write_text(MODEL)
    (made / "spec.yaml").write_text(io.dump_resolved(resolved))
    record = json.loads((ARCHIVE / "run.json").read_text(encoding="utf-8"))
    (made / "run.json").write_text(json.dumps(record | {"vesica": "0.0.9"}))
    numbers = [vars(number) for number in resolved.parameters.values()]
    summary = {"citations": provenance.citations(resolved.parameters), "parameters": numbers}
    (made / "summary.json").write_text(json.dumps(summary))
    return made


def told(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def run(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    assert main(list(map(str, arguments))) == code
    captured = capsys.readouterr()
    if code == 0:
        assert captured.err == ""
    return captured.out if code == 0 else captured.err


class TestExplain:
    def test_shares_stand_first(self, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
        first, second, *_ = run(capsys, "explain", model).splitlines()
        assert first == "Small"
        assert "numbers: " in second
        assert "estimate (" in second

    def test_filter_and_only(self, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
        out = run(capsys, "explain", model, "--filter", "escape_rate")
        assert "astrocyte.escape_rate" in out
        assert "mvb_docking_rate" not in out
        assert "1 of " in out
        assert "Rules:" not in out
        assert main(["explain", str(model), "--only", "seen", "--only", "known", "--json"]) == 0
        found = told(capsys)
        assert {row["confidence"] for row in found["parameters"]} == {"seen", "known"}
        assert sum(found["confidence"].values()) > len(found["parameters"])  # shares are those of all numbers
        assert "0 of " in run(capsys, "explain", model, "--filter", "no such thing")

    def test_a_few_numbers_say_what_rests_on_them(self, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
        out = run(capsys, "explain", model, "--filter", "astrocyte.mvb_docking_rate")
        assert "used: astrocyte: When NF-kB activity in the astrocyte rises, MVB docking gets faster" in out

    def test_the_page(self, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        page = tmp_path / "page.html"
        assert f"Page: {page}" in run(capsys, "explain", model, "--html", page)
        assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
        assert main(["explain", str(model), "--html", str(page), "--json"]) == 0
        assert told(capsys)["page"] == str(page)
        assert [file.name for file in tmp_path.iterdir()] == ["page.html"]

    def test_a_library(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        page = tmp_path / "page.html"
        out = run(capsys, "explain", "library:cns", "--only", "seen", "--html", page)
        assert out.startswith("Library cns\n")
        assert page.stat().st_size > 100_000
        assert main(["explain", "library:cns", "--json"]) == 0
        found = told(capsys)
        assert found["kind"] == "library"
        assert len(found["parameters"]) == sum(found["confidence"].values()) > 200

    def test_a_run_as_it_was_run(self, model: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["explain", str(folder), "--json"]) == 0
        found = told(capsys)
        assert found["switches"]["escape"]["chosen"] == "low_fusogenicity"
        assert main(["explain", str(model), "--json"]) == 0
        assert told(capsys)["switches"]["escape"]["chosen"] == "bonsergent"


class TestDiff:
    def test_nothing(self, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert "Nothing differs" in run(capsys, "diff", model, model)
        assert main(["diff", str(model), str(model), "--json"]) == 0
        found = told(capsys)
        assert found["same"]
        assert found["groups"] == {}

    def test_a_model_and_a_run(self, model: Path, folder: Path, tmp_path: Path,
                               capsys: pytest.CaptureFixture[str]) -> None:
        page = tmp_path / "page.html"
        out = run(capsys, "diff", model, folder, "--html", page)
        assert "Switches (1)\n  - escape: bonsergent in A, low_fusogenicity in B" in out
        assert "astrocyte.escape_rate: 0.375 1/h in A, 0.00884 1/h in B (x 0.02357); A: estimate, library" in out
        assert out.rstrip().endswith(f"2 differences.\n\nPage: {page}")
        assert "escape_<wbr>rate" in page.read_text(encoding="utf-8")
        assert main(["diff", str(model), str(folder), "--json"]) == 0
        found = told(capsys)
        assert not found["same"]
        (change,) = found["groups"]["Numbers"]
        assert {"what", "side", "first", "second", "ratio", "note", "says"} <= set(change)

    def test_two_arms(self, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
        out = run(capsys, "diff", model, "--arms", "control", "ethanol")
        assert "ethanol: only in B, 40 mM from 0 h to 1 h" in out
        assert "1 difference." in out

    def test_the_answer_is_the_same_each_time(self, model: Path, folder: Path,
                                              capsys: pytest.CaptureFixture[str]) -> None:
        assert run(capsys, "diff", model, folder) == run(capsys, "diff", model, folder)


class TestCite:
    def test_a_run_and_a_model(self, model: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        out = run(capsys, "cite", folder)
        assert "Version 0.0.9" in out
        assert "Blanco & Guerri 2007 Front Biosci 12:2616 doi:10.2741/2259" in out
        assert "rule" in out
        assert main(["cite", str(model), "--json"]) == 0
        found = told(capsys)
        assert {"software", "citations", "works", "bibtex"} <= set(found)
        assert any(work["rules"] for work in found["works"])

    def test_bibtex(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        out = run(capsys, "cite", folder, "--bibtex")
        assert out.startswith("@software{vesica,\n")
        assert "version = {0.0.9}" in out
        assert "@misc{BlancoGuerri2007,\n" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["explain", "library:cnx"], "did you mean `cns`?"),
        (["explain", "library:cns", "--set", "a=b"], "changes a model, and `library:cns` is a library"),
        (["explain", "{model}", "--only", "guessed"], "invalid value for '--only'"),
        (["explain", "{model}", "--html", "{tmp}"], "is a folder"),
        (["explain", "{model}", "--html", "{tmp}/no/page.html"], "does not exist"),
        (["explain", "{empty}"], "run.json"),
        (["explain", "{folder}", "--set", "run.seed=2"], "a run is told as it was run"),
        (["explain", "{notes}"], "`domain` is missing"),
        (["explain", "{bare}"], "`model.yaml` is missing"),
        (["explain", "{old}"], "`vesica_resolved: 1` does not stand in it"),
        (["diff", "{model}"], "there is one model, and no `--arms`"),
        (["diff", "{model}", "{model}", "--arms", "a", "b"], "two models stand beside `--arms`"),
        (["diff", "{model}", "--arms", "control", "ethanl"], "did you mean `ethanol`?"),
        (["diff", "{model}", "library:cns"], "`library:cns` is a library"),
        (["diff", "{model}", "{tmp}/none.yaml"], "none.yaml` cannot be read"),
        (["diff", "{bare}", "{model}"], "`model.yaml` is missing"),
        (["diff", "{old}", "{model}"], "`vesica_resolved: 1` does not stand in it"),
        (["cite", "{empty}"], "run.json"),
        (["cite", "library:cns"], "`library:cns` is a library"),
        (["cite", "{model}", "--bibtex", "--json"], "`--bibtex` and `--json` are asked for"),
    ],
)
def test_what_cannot_be_used_is_said_in_four_parts(
    arguments: list[str], said: str, model: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty, bare, notes = tmp_path / "empty", tmp_path / "bare", tmp_path / "notes.yaml"
    empty.mkdir()
    shutil.copytree(folder, bare)
    (bare / "model.yaml").unlink()
    notes.write_text("vesica: 1\nrun: {duration: 1 h}\n")
    names = {"model": model, "tmp": tmp_path, "empty": empty, "bare": bare, "folder": folder, "notes": notes,
             "old": ARCHIVE}
    given = [word.format(**names) for word in arguments]
    if "--json" in given:
        assert main(given) == 2
        (finding,) = told(capsys)["findings"]
        assert said in finding["wrote"]
        return
    out = run(capsys, *given, code=2)
    assert said in out
    assert len(out.rstrip().splitlines()) >= 5
