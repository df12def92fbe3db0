"""The text of an SBML file and libsbml's own verdict on it; what it refuses is said in four parts."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from vesica.errors import Finding, InputError, error
from vesica.readers.sbml_record import SbmlPart
from vesica.readers.text import near_file

LARGEST: Final = 20_000_000  # bytes
MOST_SHOWN: Final = 20  # errors of one file
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]*\?>")
_ENCODING: Final = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_ROOT: Final = re.compile(r"<(?:\w+:)?sbml\b[^>]*>")
_PACKAGE: Final = re.compile(r"xmlns:(\w+)\s*=\s*[\"'][^\"']*/level3/version\d+/(\w+)/version\d+[\"']")


def libsbml() -> Any:
    """The library, or an error that names the extra."""
    try:
        import libsbml as library
    except ImportError:
        raise error("installation", "the library libsbml is not installed", "it reads SBML files",
                    "this step cannot be done", 'install it: pip install "vesica[sbml]"') from None
    return library


def refusal(file: Path, line: int | None, wrote: str, rule: str, fix: str,
             consequence: str = "no network can be read from it") -> InputError:
    """What is wrong with a file, in four parts."""
    return error(file.name, wrote, rule, consequence, fix, file=str(file), line=line)


def read_bytes(file: Path) -> bytes:
    """The file's bytes."""
    try:
        if file.stat().st_size > LARGEST:
            raise refusal(file, None, f"the file has {file.stat().st_size / 1e6:.0f} MB",
                           "SBML files of up to 20 MB are read", "leave annotations and notes out of it")
        return file.read_bytes()
    except OSError as failure:
        raise refusal(file, None, f"`{file}` cannot be read: {failure.strerror}", "a file has to be there and "
                       "readable", near_file(file)) from None


def text_of(file: Path, data: bytes) -> str:
    """The file as text that names no other file, under a declaration of our own on the same line."""
    coding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    named = _ENCODING.match(data.lstrip()[:200])
    if named and coding == "utf-8-sig":
        coding = named[1].decode("ascii") if named[1].upper() not in (b"UTF-8", b"UTF8") else coding
    try:
        text = data.decode(coding)
    except (UnicodeError, LookupError):
        raise refusal(file, None, f"the file cannot be read as {coding}", "an XML file is text in the encoding that "
                       "it names", "save it as UTF-8") from None
    if "\x00" in text:
        raise refusal(file, None, "the file is binary", "an SBML file is XML text", "unpack it, or export it again")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        at = text.index("<!DOCTYPE" if "<!DOCTYPE" in text else "<!ENTITY")
        raise refusal(file, text.count("\n", 0, at) + 1, "the file declares a document type or entities",
                       "SBML needs none, and they can name other files", "delete the declaration")
    if "<" not in text:
        raise refusal(file, None, "the file holds no XML", "an SBML file is XML text", "name an SBML file")
    body = text.lstrip()
    lead = text[: len(text) - len(body)]
    return '<?xml version="1.0" encoding="UTF-8"?>' + "\n" * lead.count("\n") + _DECLARATION.sub(
        lambda found: "\n" * found[0].count("\n"), body)


def refuse_errors(file: Path, document: Any) -> None:
    """Refuse what breaks the rules of XML or SBML; what it only recommends is left alone."""
    found = []
    for place in range(document.getNumErrors()):
        one = document.getError(place)
        if one.getSeverity() < 2 or one.getErrorId() in _TOLD:  # information and warnings
            continue
        said = one.getMessage().split("\n")
        words = " ".join(" ".join(said[-2:] if len(said) > 1 else said).split())[:300].rstrip(".")
        found.append(Finding("error", file.name, words or one.getShortMessage(), f"{one.getShortMessage()} "
                             f"(rule {one.getErrorId()} of SBML)", "no network can be read from it",
                             "correct the file, or export it again from the program that made it", str(file),
                             one.getLine() or None))
    document.getErrorLog().clearLog()
    if found:
        raise InputError(*found[:MOST_SHOWN])


# What libsbml calls an error and is none here: unknown packages, which are listed, and a law that reads a species
# which its reaction does not list as a modifier.
_TOLD: Final = frozenset({99107, 99108, 21121})


def packages_in(text: str) -> Iterator[SbmlPart]:
    """Packages of Level 3 that the file uses, by its first element; libsbml need not know them."""
    root = _ROOT.search(text)
    if root is None:
        return
    for prefix, name in _PACKAGE.findall(root[0]):
        if name != "core":
            is_harmless = re.search(rf"\b{prefix}:required\s*=\s*[\"']false", root[0]) is not None
            effect = "does not change the mathematics" if is_harmless else "changes what the model means"
            yield SbmlPart("package", name, text.count("\n", 0, root.start()) + 1,
                           f"the package `{name}` is used, which {effect}", blocks=not is_harmless)
