"""YAML in and out, strictly: 1.2 numbers, no duplicate keys, tags, anchors or tabs, and a line for every path.

PyYAML's own loaders accept duplicate keys and read ``1e6`` as text, so the safe loader's
parser only gives events (with line marks) and the values are built here.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from vesica.errors import Finding, InputError, error

LIMIT_BYTES: Final = 5_000_000
DEEPEST: Final = 40
_INTEGER: Final = re.compile(r"[-+]?[0-9]+$")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_INFINITE: Final = re.compile(r"([-+]?)\.(inf|Inf|INF)$")
_WORDS: Final[dict[str, Any]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".nan": math.nan, ".NaN": math.nan, ".NAN": math.nan,
}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """What a file is, for the words of its errors: its noun, what it is for, two of its keys, its first line."""

    noun: str = "model"
    purpose: str = "run"
    keys: str = "`cells:` and `run:`"
    begin: str = "`vesica: 1`"


MODEL: Final = Kind()


@dataclass(frozen=True)
class Document:
    """A parsed file: its data and the one-based line of every path in it."""

    data: dict[str, Any]
    file: str
    lines: Mapping[str, int] = field(default_factory=dict)


def join(path: str, part: str | int) -> str:
    """``arms.ethanol`` and ``exposures`` give ``arms.ethanol.exposures``; a number is an index."""
    if isinstance(part, int):
        return f"{path}[{part}]"
    return f"{path}.{part}" if path else part


def read(path: Path, kind: Kind = MODEL) -> Document:
    """Read a model file, or one of another kind.

    Raises
    ------
    InputError
        Missing, too large, not UTF-8, or not the strict YAML described above.
    """
    name = str(path)
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= LIMIT_BYTES else b""
    except OSError as failure:
        what = f"`{name}` is a folder" if path.is_dir() else f"`{name}` cannot be read ({failure.strerror})"
        raise error(name, what, f"the {kind.noun} is a file on this machine",
                    f"there is nothing to {kind.purpose}", _near_file(path)) from None
    if size > LIMIT_BYTES:
        raise error(name, f"`{name}` has {size / 1e6:.1f} MB", f"a {kind.noun} file has at most 5 MB",
                    f"such a file is data, not a {kind.noun}, and would take minutes to read",
                    "put tables into CSV files and name them with `file:`")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        line = raw.count(b"\n", 0, failure.start) + 1
        raise error("", f"byte {raw[failure.start]:#04x} is not UTF-8", f"{kind.noun} files are UTF-8 text",
                    "letters such as `µ` would be read as something else", "save the file as UTF-8",
                    file=name, line=line) from None
    return parse(text, name, kind)


def _near_file(path: Path) -> str:
    """Which model file may have been meant: one in the folder given, or one with a name much like it."""
    folder = path if path.is_dir() else path.parent
    try:
        models = sorted(file.name for file in folder.iterdir() if file.suffix in (".yaml", ".yml"))
    except OSError:
        return "give the path of an existing file"
    near = models[:1] if path.is_dir() else difflib.get_close_matches(path.name, models, n=1, cutoff=0.6)
    return f"did you mean `{folder / near[0]}`?" if near else "give the path of an existing file"


def parse(text: str, file: str = "<text>", kind: Kind = MODEL) -> Document:
    """Parse YAML text to a `Document`; every problem is an `InputError` with a line."""
    _refuse_control_characters(text, file, kind)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    builder = _Builder(file, loader.get_event, kind)
    try:
        data = builder.document()
    except yaml.YAMLError as failure:
        raise _syntax_error(failure, file, kind) from None
    finally:
        loader.dispose()
    if builder.findings:
        raise InputError(*builder.findings)
    if not isinstance(data, dict):
        found = "a list" if isinstance(data, list) else "a single value"
        raise error("", f"the file holds {found}", f"a {kind.noun} is a mapping of keys such as {kind.keys}",
                    "no key can be found in it", f"begin with {kind.begin}", file=file, line=1)
    return Document(data, file, builder.lines)


def scalar(text: str) -> Any:
    """The value of a plain YAML 1.2 scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text) if len(text) < 300 else float(text)
    if _FLOAT.match(text):
        return float(text)
    infinite = _INFINITE.match(text)
    if infinite:
        return -math.inf if infinite[1] == "-" else math.inf
    return text


def _refuse_control_characters(text: str, file: str, kind: Kind) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        if "\t" in line:
            raise error("", f"a tab stands in column {line.index(chr(9)) + 1}", "YAML is indented with spaces",
                        "a tab is as wide as the editor likes, so the structure would be a guess",
                        "replace every tab by spaces", file=file, line=number)
        bad = next((c for c in line.rstrip("\r") if ord(c) < 32 or ord(c) == 127), None)
        if bad is not None:
            raise error("", f"the character {ord(bad):#04x} cannot stand in a {kind.noun} file",
                        f"{kind.noun} files are printable UTF-8 text",
                        "it is invisible, so the text is not what it seems",
                        "delete the character", file=file, line=number)


def _syntax_error(failure: yaml.YAMLError, file: str, kind: Kind) -> InputError:
    mark = getattr(failure, "problem_mark", None) or getattr(failure, "context_mark", None)
    problem = getattr(failure, "problem", None) or str(failure).splitlines()[0]
    return error("", f"this is not YAML: {problem}", f"a {kind.noun} file is one YAML document",
                 "its keys cannot be told apart", "check brackets, quotes, colons and the indentation at this line",
                 file=file, line=mark.line + 1 if mark else 1)


class _Builder:
    """Turns the events of the parser into data, collecting lines and findings.

    Nodes are not composed by PyYAML: its composer recurses in C, and a file of brackets ends the process.
    """

    def __init__(self, file: str, next_event: Callable[[], yaml.Event], kind: Kind) -> None:
        self.file = file
        self.kind = kind
        self.next_event = next_event
        self.lines: dict[str, int] = {}
        self.findings: list[Finding] = []

    def document(self) -> Any:
        """The data of the only document."""
        self.next_event()  # the stream starts
        if isinstance(self.next_event(), yaml.StreamEndEvent):
            raise error("", "the file is empty",
                        f"a {self.kind.noun} is a mapping of keys such as {self.kind.keys}",
                        f"there is nothing to {self.kind.purpose}", f"begin with {self.kind.begin}",
                        file=self.file, line=1)
        data = self._value(self.next_event(), "", 0)
        self.next_event()  # the document ends
        after = self.next_event()
        if not isinstance(after, yaml.StreamEndEvent):
            raise error("", "a second document begins (`---`)", f"a {self.kind.noun} file is one YAML document",
                        "one of the two would be ignored", "delete `---`, or make two files",
                        file=self.file, line=_line(after))
        return data

    def _value(self, event: yaml.Event, path: str, depth: int) -> Any:
        self.lines.setdefault(path, _line(event))
        if depth > DEEPEST:
            raise error(path[:60], "the file is nested too deeply", f"at most {DEEPEST} levels are read",
                        f"it cannot be a {self.kind.noun}", "write it flatter", file=self.file, line=_line(event))
        self._refuse_decoration(event, path)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(event := self.next_event(), yaml.SequenceEndEvent):
                items.append(self._value(event, join(path, len(items)), depth + 1))
            return items
        assert isinstance(event, yaml.ScalarEvent)  # noqa: S101 - the only event that is left
        is_plain = event.style in (None, "")  # a quoted number is text
        return scalar(event.value) if is_plain else event.value

    def _refuse_decoration(self, event: yaml.Event, path: str) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise error(path, "an anchor or alias (`&name`, `*name`) stands here",
                        f"{self.kind.noun} files hold no anchors", "a change in one place would change another unseen",
                        "write the value where it is used, quoted if it begins with `&` or `*`",
                        file=self.file, line=_line(event))
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise error(path, f"a tag (`{tag[:60]}`) stands here",
                        f"{self.kind.noun} files hold no tags", "a tag can ask for code to be run, which is never done",
                        "delete it, or put the text in quotes", file=self.file, line=_line(event))

    def _mapping(self, path: str, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := self.next_event(), yaml.MappingEndEvent):
            line = _line(event)
            self._refuse_decoration(event, path)
            if not isinstance(event, yaml.ScalarEvent) or event.value in ("", "<<"):
                raise error(path, "a key is not a word", "keys are plain words", "it names nothing",
                            "write `name: value`", file=self.file, line=line)
            key = str(event.value)
            here = join(path, key)
            if key in result:
                self.findings.append(Finding(
                    "error", here, f"`{key}` is given twice (first in line {self.lines[here]})", "a key is given once",
                    "one of the two values would be lost without a sign", "delete one of them", self.file, line,
                ))  # fmt: skip
                self._value(self.next_event(), here, depth + 1)
                continue
            self.lines[here] = line
            result[key] = self._value(self.next_event(), here, depth + 1)
        return result


def _line(event: yaml.Event) -> int:
    return int(event.start_mark.line) + 1 if event.start_mark else 1


class _Dumper(yaml.SafeDumper):
    """Block style, no aliases, numbers that this module reads back as the same numbers."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_float(dumper: yaml.SafeDumper, value: float) -> yaml.Node:
    text = ".nan" if math.isnan(value) else repr(value)
    if math.isinf(value):
        text = ".inf" if value > 0 else "-.inf"
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e", 1)  # otherwise PyYAML, which is YAML 1.1, adds a tag
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


def _represent_text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    plain = isinstance(scalar(value), str)
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if plain else '"')


_Dumper.add_representer(float, _represent_float)
_Dumper.add_representer(str, _represent_text)


def dump(data: Mapping[str, Any]) -> str:
    """Text that `parse` reads back as the same data."""
    return yaml.dump(dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def path_parts(path: str) -> Iterator[str | int]:
    """``arms.a.exposures[0].agent`` as keys and indices; what follows ``parameters`` is one key."""
    rest = path
    while rest:
        head, bracket, tail = rest.partition("[")
        word, dot, after = rest.partition(".")
        if bracket and len(head) < len(word):
            if head:
                yield head
            index, _, rest = tail.partition("]")
            if not index.isdigit():
                raise ValueError(path)
            yield int(index)
            rest = rest.removeprefix(".")
            continue
        yield word
        rest = after
        if dot and not after:
            raise ValueError(path)
        if word == "parameters" and rest:
            yield rest
            return
