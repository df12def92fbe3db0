"""The command line: words, exit codes, four-part messages, JSON. Nothing here runs a model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vesica.cli import app, failures, run_command
from vesica.cli.app import main
from vesica.cli.model_commands import choices
from vesica.errors import InputError, RunFault, error

COMMANDS = sorted(app.app.commands)


def test_the_commands_are_those_of_the_design() -> None:
    assert COMMANDS == ["agree", "attribute", "check", "cite", "diff", "explain", "export", "report", "run", "schema",
                        "show"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert "--json" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("vesica, version ")


def test_without_a_command_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Laboratory:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "wrote", "fix"),
    [
        (["rnu"], "there is no command `vesica rnu`", "did you mean `run`?"),
        (["xyzzy"], "there is no command `vesica xyzzy`", "known names:"),
        (["run", "m.yaml", "--otu", "x"], "`vesica run` has no option `--otu`", "did you mean `--out`?"),
        (["check", "m.yaml", "--jsno"], "`vesica check` has no option `--jsno`", "did you mean `--json`?"),
        (["run", "m.yaml"], "missing option '--out'", "see `vesica run --help`"),
        (["check"], "missing argument 'FILE'", "see `vesica check --help`"),
        (["run", "--seed"], "option '--seed' requires an argument", "see `vesica run --help`"),
        (["nta", "read", "--map"], "option '--map' requires an argument", "see `vesica nta read --help`"),
        (["run", "m.yaml", "--out", "x", "--draws", "many"], "invalid value for '--draws'", "see `vesica run --help`"),
        (["run", "m.yaml", "--out", "x", "--structures", "escape"], "stands without `--draws`", "add `--draws 200`"),
        (["check", "m.yaml", "--switch", "escape"], "`escape` chooses nothing", "--switch escape=low"),
    ],
)
def test_a_wrong_command_line_has_four_parts(
    arguments: list[str], wrote: str, fix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == failures.USER_INPUT
    captured = capsys.readouterr()
    assert captured.out == ""
    head, *parts = captured.err.rstrip().splitlines()
    assert head.startswith("error:")
    assert len(parts) == 4
    assert wrote in parts[0]
    assert fix in parts[3]


@pytest.mark.parametrize("command", ["check", "cite", "diff", "explain", "run"])
def test_a_missing_file(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    more = {"run": ["--out", str(out)], "diff": [str(tmp_path / "other.yaml")]}.get(command, [])
    assert main([command, str(tmp_path / "none.yaml"), *more]) == 2
    assert "none.yaml` cannot be read" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("command", ["show", "report", "cite"])
def test_a_missing_run(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.startswith("error:")


@pytest.mark.parametrize("arguments", [["rnu", "--json"], ["check", "none.yaml", "--json"], ["show", "none", "--json"]])
def test_errors_are_one_json_object(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err == ""
    told = json.loads(captured.out)
    assert told["exit_code"] == 2
    assert {"severity", "path", "wrote", "rule", "consequence", "fix", "file", "line"} == set(told["findings"][0])


def test_the_schema_is_a_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    import jsonschema

    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.validators.validator_for(schema).check_schema(schema)
    assert {"vesica", "domain", "cells", "arms", "run"} <= set(schema["properties"])


def test_choices() -> None:
    assert choices(["a=b", " c = d "]) == {"a": "b", "c": "d"}
    for text in ("a", "a=", "=b", ""):
        with pytest.raises(InputError, match="chooses nothing"):
            choices([text])


def test_the_installed_command_gives_the_exit_code_to_the_shell() -> None:
    done = subprocess.run([sys.executable, "-m", "vesica", "rnu"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "did you mean `run`?" in done.stderr


def test_a_reader_that_leaves_is_no_failure() -> None:
    code = ("import os, sys; r, w = os.pipe(); os.close(r); os.dup2(w, 1)\n"
            "from vesica.cli.app import main; sys.exit(main(['schema']))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


class TestUsedFolder:
    def test_a_run_is_never_written_over(self, tmp_path: Path) -> None:
        (tmp_path / "run.json").write_text("{}")
        with pytest.raises(InputError, match="holds a run already"):
            run_command.refuse_used_folder(tmp_path, resume=False)
        run_command.refuse_used_folder(tmp_path, resume=True)

    def test_nor_is_anything_else(self, tmp_path: Path) -> None:
        (tmp_path / "letter.txt").touch()
        with pytest.raises(InputError, match="is not empty"):
            run_command.refuse_used_folder(tmp_path, resume=False)
        with pytest.raises(InputError, match="is a file"):
            run_command.refuse_used_folder(tmp_path / "letter.txt", resume=False)

    def test_nothing_to_resume(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="holds no run"):
            run_command.refuse_used_folder(tmp_path / "none", resume=True)

    def test_a_new_name_is_fine(self, tmp_path: Path) -> None:
        run_command.refuse_used_folder(tmp_path / "none", resume=False)
        assert not (tmp_path / "none").exists()  # and nothing is made yet


def _raised(failure: BaseException) -> BaseException:
    """With a traceback, as a real one has."""
    try:
        raise failure
    except BaseException as caught:  # noqa: BLE001
        return caught


class TestExitCodes:
    @pytest.mark.parametrize(
        ("failure", "code", "said"),
        [
            (error("cells", "a", "b", "c", "d"), 2, "[cells]"),
            (RunFault(*error("x", "it diverged", "b", "c", "d").findings), 3, "it diverged"),
            (MemoryError(), 3, "the memory of this machine did not suffice"),
            (OSError(28, "No space left on device", "/x/value"), 3, "the same command again; `vesica run` goes on"),
            (PermissionError(13, "Permission denied", "/x/model.yaml"), 2, "/x/model.yaml"),
            (FileNotFoundError(2, "No such file", failures.__file__), 1, "This is a fault of vesica"),
            (KeyError("oops"), 1, "This is a fault of vesica, not of your model"),
            (KeyboardInterrupt(), 130, "Stopped by Ctrl-C"),
            (failures.Stopped("Stopped. Go on with: x"), 130, "Go on with: x"),
        ],
    )
    def test_every_kind(
        self, failure: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert failures.handle(_raised(failure), []) == code
        captured = capsys.readouterr()
        assert said in captured.err
        assert "Traceback" not in captured.err
        assert failures.handle(_raised(failure), ["--json"]) == code
        assert json.loads(capsys.readouterr().out)["exit_code"] == code

    def test_our_fault_is_one_line_with_its_place(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert failures.handle(_raised(KeyError("oops")), []) == 1
        assert capsys.readouterr().err.count("\n") == 1

    def test_a_traceback_on_request(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("VESICA_DEBUG", "1")
        failures.handle(_raised(KeyError("oops")), [])
        assert "Traceback" in capsys.readouterr().err


class TestInterruption:
    def test_ctrl_c_says_how_to_go_on(self, tmp_path: Path) -> None:
        (tmp_path / "run.json").write_text("{}")
        with pytest.raises(failures.Stopped, match="--resume"), run_command.ending_kept(Path("m.yaml"), tmp_path):
            raise KeyboardInterrupt

    def test_ctrl_c_when_only_the_report_is_missing(self, tmp_path: Path) -> None:
        (tmp_path / "run.json").write_text('{"outcome": "completed"}')
        with pytest.raises(failures.Stopped, match="vesica report"), run_command.ending_kept(Path("m.yaml"), tmp_path):
            raise KeyboardInterrupt
        assert run_command.resume_line(Path("m.yaml"), tmp_path, draws=3).endswith("--resume")
        (tmp_path / "draws.json").write_text("{}")
        assert "vesica report" in run_command.resume_line(Path("m.yaml"), tmp_path, draws=3)

    def test_the_whole_command_is_given_again(self, tmp_path: Path) -> None:
        (tmp_path / "run.json").write_text("{}")
        given = ["run", "m.yaml", "--out", "a b", "--draws", "3"]
        with app.app.make_context("vesica", ["check", "x"], obj=given):
            assert run_command.resume_line(Path("m.yaml"), tmp_path).endswith(
                "vesica run m.yaml --out 'a b' --draws 3 --resume")

    def test_ctrl_c_before_anything_was_written(self, tmp_path: Path) -> None:
        with (
            pytest.raises(failures.Stopped, match="Nothing was written"),
            run_command.ending_kept(Path("m.yaml"), tmp_path / "none"),
        ):
            raise KeyboardInterrupt

    def test_sigterm_is_a_fault_of_the_run(self, tmp_path: Path) -> None:
        import signal

        before = signal.getsignal(signal.SIGTERM)
        with pytest.raises(RunFault, match="SIGTERM"), run_command.ending_kept(Path("m.yaml"), tmp_path):
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is before
