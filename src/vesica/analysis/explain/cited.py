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


def works(citations: Iterable[Mapping[str, Any]], resolved: Mapping[str, Any]) -> tuple[Work, ...]:
    """Every work once, sorted by source.

    Parameters
    ----------
    citations : sources of numbers, as ``citations`` of a summary (`vesica.results.provenance.citations`)
    resolved : plain data of the resolved model, as in ``spec.yaml``; any key may be missing
    """
    found: dict[str, Work] = {}
    for row in citations:
        _add(found, row.get("source"), row.get("doi"), "numbers", row.get("used_for") or ())
        _add(found, row.get("source"), row.get("doi"), "reasons", row.get("reasons") or ())
    for rule in resolved.get("rules") or ():
        _add(found, rule.get("reference"), rule.get("doi"), "rules", [f"{rule.get('cell')}: {rule.get('english')}"])
    for cell in resolved.get("cells") or ():
        for network in cell.get("networks") or ():
            _add(found, network.get("source"), network.get("doi"), "networks",
                 [f"{network.get('label') or network.get('name')} in {cell.get('name')}"])
    for switch in resolved.get("switches") or ():
        _add(found, switch.get("source"), "", "switches", [str(switch.get("label") or switch.get("name"))])
    for row in resolved.get("published") or ():
        _add(found, row.get("source"), "", "published", [str(row.get("says"))])
    return tuple(sorted(found.values(), key=lambda work: (work.source.casefold(), work.doi)))


def _add(found: dict[str, Work], source: object, doi: object, kind: str, what: Sequence[str]) -> None:
    text, address = str(source or "").strip(), str(doi or "").strip()
    for one, of_one in [(text, address)] if address else list(_apart(text)):
        if (one or of_one) and one not in _NO_WORKS:
            _merge(found, one, of_one, kind, what)


def _apart(text: str) -> Iterator[tuple[str, str]]:
    """Works of a text that names several, or holds a DOI: ``A 2019 J 1:2, 10.1/x; B 2020`` is two."""
    pieces = text.split("; ")
    for piece in pieces if all(map(_YEAR.search, pieces)) else [text]:
        doi = _DOI.search(piece)
        yield (f"{piece[: doi.start()]}{piece[doi.end() :]}".strip(), doi[1]) if doi else (piece, "")


def _merge(found: dict[str, Work], source: str, doi: str, kind: str, what: Sequence[str]) -> None:
    key = doi.casefold() or next((key for key, work in found.items() if work.source == source), source)
    if doi and source in found:  # named before without its DOI
        found[key] = found.pop(source)
    work = found.get(key, Work(source, doi))
    merged = tuple(sorted({*getattr(work, kind), *map(str, what)}))
    found[key] = replace(work, source=work.source or source, doi=work.doi or doi, **{kind: merged})


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
