"""The metadata sheet as a file: an empty one that asks, and a filled one that is read strictly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vesica.analysis.misev.keys import BY_PATH, HEAD, KEYS, SECTIONS, VERSION, Key
from vesica.errors import Finding, InputError, nearest
from vesica.spec import yaml_io
from vesica.units import factor, split

KIND: Final = yaml_io.Kind("metadata", "report", "`source:` and `separation:`", f"`{HEAD}: {VERSION}`")
NOT_DONE: Final = "not done"
_KINDS: Final = {
    "text": "a text", "texts": "a list of texts, such as `[CD63, CD81]`",
    "done": "a text that says how, or `no` where it was not done", "quantity": "a number with its unit",
}

_NO: Final = "no"
_OPEN_WORDS: Final = frozenset({_NO, "not done", "n/a", "na", "-", "?", "unknown", "not known"})
_UNDONE: Final = {kind: _OPEN_WORDS | (set() if kind == "done" else {"none"}) for kind in _KINDS}  # serum: none


@dataclass(frozen=True)
class Answer:
    """What the sheet says to one question: the words of each entry, and the line they stand in.

    ``is_done`` is False where the sheet says that it was not done.
    """

    entries: tuple[str, ...]
    line: int
    is_done: bool = True

    @property
    def text(self) -> str:
        """All entries as one text."""
        return "; ".join(self.entries) if self.is_done else NOT_DONE


@dataclass(frozen=True)
class Sheet:
    """A metadata file: its name, and the answer of every key that has one."""

    file: str
    answers: Mapping[str, Answer]


def empty_sheet() -> bytes:
    """A metadata file that asks every question; what the files of the instrument answer may stay empty."""
    return written_sheet({}, {}).encode()


def written_sheet(answers: Mapping[str, Answer], filled: Mapping[str, str]) -> str:
    """A metadata file with what is known.

    Parameters
    ----------
    answers : path -> Answer, what a sheet said: written so that it is read back as the same
    filled : path -> what the files say, as a comment beside its key
    """
    lines = [f"# Reporting sheet for extracellular vesicles: {len(KEYS)} questions, after MISEV2023 and EV-TRACK.",
             "# Write after the colon; leave empty what you do not know. `no` says that a control was not done.",
             "# Lines with `[files]` are answered by the files of the instrument and the analysis.",
             f"{HEAD}: {VERSION}"]
    for section, title in SECTIONS.items():
        lines += ["", f"# {title}", f"{section}:"]
        for key in KEYS:
            if key.section == section:
                mark = "[files] " if key.is_filled else ""
                lines.append(f"  # {mark}{key.asks}")
                if key.path in filled:
                    lines += [f"  #   found: {line}" for line in filled[key.path].splitlines()]
                lines.append(f"  {key.name}:{_value(answers.get(key.path), key)}")
    return "\n".join(lines) + "\n"


def _value(answer: Answer | None, key: Key) -> str:
    """An answer as YAML, after its colon."""
    if answer is None:
        return ""
    if not answer.is_done:
        return " no"
    if key.kind == "texts":
        return "".join(f"\n    - {_quoted(entry)}" for entry in answer.entries)
    return f" {_quoted(answer.text)}"


def _quoted(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def read_sheet(path: Path | str) -> Sheet:
    """Read a metadata file.

    Raises
    ------
    InputError
        Not such a file, an unknown key (with the nearest one), or an answer of the wrong kind; all of them at once.
    """
    document = yaml_io.read(Path(path), KIND)
    findings = _head_findings(document)
    answers: dict[str, Answer] = {}
    for section, content in document.data.items():
        if section == HEAD:
            continue
        if section not in SECTIONS:
            findings.append(_unknown(document, section, SECTIONS | {HEAD: ""}, "section"))
            continue
        if content is None:
            continue
        if not isinstance(content, dict):
            findings.append(_wrong(document, section, content, f"`{section}` holds keys of its own",
                                   f"write `{section}:` and its keys below it, indented by two spaces"))
            continue
        for name, value in content.items():
            path_here = f"{section}.{name}"
            if path_here not in BY_PATH:
                known = [key.name for key in KEYS if key.section == section]
                findings.append(_unknown(document, path_here, known, "key", name))
                continue
            found = _answer(document, BY_PATH[path_here], value)
            if isinstance(found, Finding):
                findings.append(found)
            elif found is not None:
                answers[path_here] = found
    if findings:
        raise InputError(*findings)
    return Sheet(str(path), answers)


def _head_findings(document: yaml_io.Document) -> list[Finding]:
    version = document.data.get(HEAD)
    if version == VERSION and not isinstance(version, bool):
        return []
    wrote = f"`{HEAD}: {version}`" if HEAD in document.data else f"`{HEAD}` is missing"
    return [Finding("error", HEAD, wrote, f"a metadata file begins with `{HEAD}: {VERSION}`",
                    "keys of another version may mean something else", "`vesica nta sheet` prints an empty one",
                    document.file, document.lines.get(HEAD, 1))]


def _unknown(document: yaml_io.Document, path: str, known: Any, what: str, name: str | None = None) -> Finding:
    return Finding("error", path, f"`{name or path}` is not a {what} of the sheet", "only known keys are read",
                   "what stands there would be left out of the report", nearest(name or path, known),
                   document.file, document.lines.get(path))


def _wrong(document: yaml_io.Document, path: str, value: object, rule: str, fix: str) -> Finding:
    shown = str(value)
    return Finding("error", path, f"`{shown[:60]}{' ...' * (len(shown) > 60)}` stands here", rule,
                   "it cannot be reported as it stands", fix, document.file, document.lines.get(path))


def _answer(document: yaml_io.Document, key: Key, value: Any) -> Answer | Finding | None:
    """The answer to a question, None where it is left open, or what is wrong with it."""
    line = document.lines.get(key.path, 1)
    rule = f"`{key.path}` is {_KINDS[key.kind]}"
    listed = value if isinstance(value, list) and key.kind == "texts" else [value]
    words = [_word(entry) for entry in listed if entry is not None and entry != ""]
    if None in words or "yes" in words:
        shown = "yes" if value is True else value
        return _wrong(document, key.path, shown, rule, f"write {_KINDS[key.kind]}: {key.asks}")
    if len(words) == 1 and str(words[0]).lower() in _UNDONE[key.kind]:
        return Answer((NOT_DONE,), line, is_done=False)
    problem = _unit_problem(str(words[0]), key.unit) if words and key.kind == "quantity" else ""
    if problem:
        return _wrong(document, key.path, value, f"{rule}: {problem}", f"write it like `{_example(key)}`")
    return Answer(tuple(str(word) for word in words), line) if words else None


def _word(value: Any) -> str | None:
    """A plain value as text, `false` as ``no``; None where it is no word."""
    if value is False:
        return _NO
    if value is True or isinstance(value, list | dict):
        return None
    if isinstance(value, float):
        return f"{value:.10g}" if math.isfinite(value) else None
    return str(value).strip()


def _example(key: Key) -> str:
    return key.asks.rpartition(": ")[2]


def _unit_problem(text: str, unit: str) -> str:
    """Why a text is not a quantity of this unit; a number of cells may stand alone."""
    try:
        value, given = split(text)
        if not given and unit == "cell":
            given = unit
        if not given:
            return f"its unit is missing, it needs one like `{unit}`"
        factor(given, unit)
    except ValueError as failure:
        return str(failure)
    return "" if math.isfinite(value) and value > 0.0 else "it is not above zero"
