"""What a run or a model rests on, work by work, with what each supports; as text and as BibTeX."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from vesica._version import __version__

# As in CITATION.cff, which does not travel with the package; a test holds them together.
TITLE: Final = "vesica: cell communication by exosomes, simulated, measured and explained"
AUTHORS: Final = "The vesica developers"
LICENSE: Final = "BSD-3-Clause"
KINDS: Final = ("numbers", "rules", "networks", "switches", "published")
_NO_WORKS: Final = frozenset({"definition", "given in the model", "measured"})
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b")
_DOI: Final = re.compile(r",?\s*(?:doi:?\s*)?\b(10\.\d{4,9}/[^\s;,]*[^\s;,.)])")
_SPECIAL: Final = str.maketrans({
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\^{}", "~": r"\~{}",
})  # fmt: skip


@dataclass(frozen=True)
class Work:
    """One work, and what it supports in the model.

    ``numbers`` are paths; ``rules`` sentences whose direction it supports; ``networks``,
    ``switches`` and ``published`` are names and titles.
    """

    source: str
    doi: str = ""
    numbers: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    def supports(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Kinds of things it supports, with their names."""
        words = {"numbers": "number", "rules": "rule", "networks": "network", "switches": "switch",
                 "published": "published finding"}  # fmt: skip
        for kind in KINDS:
            found: tuple[str, ...] = getattr(self, kind)
            if found:
                yield f"{words[kind]}{'s' * (len(found) > 1)}", found


def works(numbers: Iterable[Mapping[str, Any]], resolved: Mapping[str, Any]) -> tuple[Work, ...]:
    """Every work once, sorted by source.

    A source that names several works is taken apart; its DOI belongs to the first of them, unless
    that DOI is known to be another's.

    Parameters
    ----------
    numbers : rows with ``path``, ``source``, ``doi`` and ``reason``, as ``parameters`` of a summary
    resolved : plain data of the resolved model, as in ``spec.yaml``; any key may be missing
    """
    claims = list(_claims(numbers, resolved))
    authors = {doi.casefold(): _author(source) for source, doi, *_ in claims if doi and len(_pieces(source)) == 1}
    found: dict[str, Work] = {}
    for source, doi, kind, what in claims:
        for one, of_one in _apart(source, doi, authors.get(doi.casefold(), "")):
            if (one or of_one) and one not in _NO_WORKS:
                _add(found, one, of_one, kind, what)
    return tuple(sorted(found.values(), key=lambda work: (work.source.casefold(), work.doi)))


def _claims(numbers: Iterable[Mapping[str, Any]], resolved: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Source, DOI, kind and name of everything that is supported."""
    def claim(row: Mapping[str, Any], kind: str, what: object, key: str = "source") -> tuple[str, str, str, str]:
        return str(row.get(key) or "").strip(), str(row.get("doi") or "").strip(), kind, str(what)

    for row in numbers:
        yield claim(row, "numbers", row.get("path"))
        if row.get("reason"):
            yield claim(row, "reasons", row["reason"])
    for rule in resolved.get("rules") or ():
        yield claim(rule, "rules", f"{rule.get('cell')}: {rule.get('english')}", "reference")
    for cell in resolved.get("cells") or ():
        for network in cell.get("networks") or ():
            yield claim(network, "networks", f"{network.get('label') or network.get('name')} in {cell.get('name')}")
    for network in resolved.get("networks") or ():
        yield claim(network, "networks", f"{network.get('label') or network.get('name')} in the medium")
    for switch in resolved.get("switches") or ():
        yield claim(switch, "switches", switch.get("label") or switch.get("name"))
    for row in resolved.get("published") or ():
        yield claim(row, "published", row.get("says"))


def _pieces(text: str) -> list[str]:
    """The works that a text names: ``A 2019; B 2020`` is two; what has no year of its own is no work."""
    pieces = text.split("; ")
    return pieces if all(map(_YEAR.search, pieces)) else [text]


def _author(text: str) -> str:
    return text.partition(" ")[0].rstrip(",").casefold()


def _apart(text: str, doi: str, author: str) -> Iterator[tuple[str, str]]:
    """Works of a text, each with its DOI: one that stands in the text, or the one given."""
    read = []
    for piece in _pieces(text):
        inside = _DOI.search(piece)
        rest = f"{piece[: inside.start()]}{piece[inside.end() :]}".strip() if inside else piece
        read.append((rest, inside[1] if inside else ""))
    free = [at for at, (_, own) in enumerate(read) if not own] if doi not in {own for _, own in read} else []
    owner = next((at for at in free if _author(read[at][0]) == author), free[0] if free else None)
    yield from ((one, doi if at == owner else own) for at, (one, own) in enumerate(read))


def _add(found: dict[str, Work], source: str, doi: str, kind: str, what: str) -> None:
    key = doi.casefold() or next((key for key, work in found.items() if work.source == source), source)
    if doi and source in found:  # named before without its DOI
        found[key] = _joined(found.pop(source), found.get(key))
    work = found.get(key, Work(source, doi))
    merged = tuple(sorted({*getattr(work, kind), what}))
    found[key] = replace(work, source=work.source or source, doi=work.doi or doi, **{kind: merged})


def _joined(one: Work, other: Work | None) -> Work:
    """Two records of the same work as one."""
    if other is None:
        return one
    parts = {kind: tuple(sorted({*getattr(one, kind), *getattr(other, kind)})) for kind in (*KINDS, "reasons")}
    return replace(other, **parts)


def software(version: str = __version__) -> str:
    """Vesica itself, as text."""
    return f"{AUTHORS}. {TITLE}. Version {version}, {LICENSE}."


def bibtex(listed: Sequence[Work], version: str = __version__) -> str:
    """One entry each, after vesica's own.

    A source is kept as the library has it, in ``note``: it is never taken apart into a title
    that nobody wrote. ``key`` and ``year`` serve the sorting of a bibliography.
    """
    own = _entry("software", "vesica", {"author": f"{{{AUTHORS}}}", "title": f"{{{TITLE}}}", "version": version,
                                        "license": LICENSE})
    taken = {"vesica"}
    entries = [own]
    for work in listed:
        name = key = _key(work)
        number = 1
        while name in taken:
            number += 1
            name = f"{key}_{number}"
        taken.add(name)
        year = _YEAR.search(work.source)
        said = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in work.supports())
        entries.append(_entry("misc", name, {
            "key": _latex(name), "note": _latex(work.source), "year": year[0] if year else "", "doi": work.doi,
            "annote": _latex(f"Supports {said}") if said else "",
        }))  # fmt: skip
    return "\n".join(entries)


def _entry(kind: str, name: str, values: Mapping[str, str]) -> str:
    lines = "".join(f"  {key} = {{{value}}},\n" for key, value in values.items() if value)
    return f"@{kind}{{{name},\n{lines}}}\n"


def _key(work: Work) -> str:
    """``CashikarHanson2019``: the names before the year, and the year."""
    year = _YEAR.search(work.source)
    names = work.source[: year.start()] if year else work.source.partition(",")[0]
    plain = unicodedata.normalize("NFKD", names).encode("ascii", "ignore").decode()
    words = [word for word in re.findall(r"[A-Za-z]+", plain) if word[0].isupper()][:3]
    return "".join(words) + (year[0] if year else "") or "work"


def _latex(text: str) -> str:
    return text.translate(_SPECIAL)
