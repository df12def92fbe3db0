"""Write `docs/parameters.md`, `docs/cargo_table.md` and the drugs of `docs/interventions.md` from the library's data.

Run `PYTHONPATH=src python scripts/make_catalogue.py` after a change there; a test checks that the pages are current.
"""

from __future__ import annotations

import csv
import itertools
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "src" / "vesica" / "library" / "data"
PARAMETERS = ROOT / "docs" / "parameters.md"
CARGO = ROOT / "docs" / "cargo_table.md"
INTERVENTIONS = ROOT / "docs" / "interventions.md"
DRUGS, END_OF_DRUGS = "<!-- drugs -->", "<!-- end of drugs -->"  # around the table that is made
TAGS = {
    "seen": "read in the source itself", "known": "well known, source not re-read",
    "estimate": "an order of magnitude, no direct measurement",
}  # fmt: skip
MADE = "Made by `scripts/make_catalogue.py` from `{}`; do not edit."


def parameters_page(data: Path = DATA) -> str:
    """Every entry of the library, file by file."""
    read = [(file, tomllib.loads(file.read_text(encoding="utf-8"))) for file in sorted(data.glob("*.toml"))]
    files = [(file, table["entry"]) for file, table in read if table.get("entry")]
    tags = Counter(row["confidence"] for _, rows in files for row in rows)
    total = sum(tags.values())
    lines = [
        "# Parameter catalogue", "",
        MADE.format("src/vesica/library/data") + " `vesica explain library:cns --html page.html` shows the same with "
        + "reasons and what rests on each number, to search and filter.", "",
        f"{total} numbers: {', '.join(f'{tags[tag]} {tag} ({100 * tags[tag] / total:.0f} %)' for tag in TAGS)}.", "",
        *(f"- *{tag}*: {meaning}" for tag, meaning in TAGS.items()), "",
    ]  # fmt: skip
    for file, rows in files:
        lines += [f"## {_topic(file)}", "", f"`{file.name}`, {len(rows)} number{'s' * (len(rows) != 1)}", "",
                  *_table(("id", "quantity", "value", "range", "unit", "confidence", "source"),
                          map(_entry, sorted(rows, key=lambda row: row["id"]))), ""]
    return "\n".join(lines)


def cargo_page(data: Path = DATA) -> str | None:
    """The table of cargo and its published effects, by the cell that sends it; None where there is no table."""
    file = data / "cargo_table.tsv"
    if not file.is_file():
        return None
    with file.open(encoding="utf-8", newline="") as text:
        rows = [{key: (value or "").strip() for key, value in row.items()}
                for row in csv.DictReader(text, delimiter="\t")]
    tags = Counter(row["confidence"] for row in rows)
    lines = [
        "# Cargo of vesicles of the nervous system", "",
        MADE.format("src/vesica/library/data/cargo_table.tsv") + " What a source does not give is left empty.", "",
        f"{len(rows)} rows: " + ", ".join(f"{count} {tag}" for tag, count in sorted(tags.items())) + ".", "",
    ]  # fmt: skip
    heads = ("vesicles of", "molecule", "when", "recipient", "effect", "confidence", "source")
    for key in sorted({_sender(row).casefold() for row in rows}):
        here = [row for row in rows if _sender(row).casefold() == key]
        sender = _sender(here[0])
        lines += [f"## {sender[:1].upper() + sender[1:] or 'Not given'}", "", *_table(heads, map(_cargo, here)), ""]
    return "\n".join(lines)


def interventions_page(data: Path = DATA, page: Path = INTERVENTIONS) -> str:
    """The page with its table of drugs made anew: every effect of every drug of the library."""
    read = [tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(data.glob("*.toml"))]
    entries = {row["id"]: row for table in read for row in table.get("entry", ())}
    drugs = {name: drug for table in read for name, drug in table.get("agent", {}).items() if "effects" in drug}
    heads = ("drug", "acts on", "half of the effect at", "at full effect", "leaves at", "confidence", "source")
    rows = (_effect(name, drug, effect, entries, is_first=effect is drug["effects"][0])
            for name, drug in sorted(drugs.items(), key=lambda pair: pair[0].casefold()) for effect in drug["effects"])
    made = [DRUGS, "", MADE.format("src/vesica/library/data/drugs.toml").replace("Made", "Table made"), "",
            *_table(heads, rows), "", END_OF_DRUGS]
    before, _, rest = page.read_text(encoding="utf-8").partition(DRUGS)
    return before + "\n".join(made) + rest.partition(END_OF_DRUGS)[2]


def _effect(name: str, drug: Mapping[str, Any], effect: Mapping[str, str], entries: Mapping[str, Mapping[str, Any]], *,
            is_first: bool) -> tuple[str, ...]:
    strength = entries[effect.get("fold") or effect["adds"]]
    half, leaving = entries[effect["half_max"]], entries[drug["washout_rate"]]
    full = f"x {strength['value']:g}" if "fold" in effect else f"{strength['value']:g} {strength['unit']}"
    turned = f" (into {effect['into']})" if "into" in effect else ""
    sources = dict.fromkeys(_source(row.get("source", ""), row.get("doi", "")) for row in (half, strength))
    tags = dict.fromkeys(row["confidence"] for row in (half, strength))
    about = f"`{name}`: {drug['label'].partition(', ')[2] or drug['label']}" if is_first else ""
    return (about, f"`{effect['target']}`{turned}", f"{half['value']:g} {half['unit']}",
            f"{full} ({strength['low']:g} to {strength['high']:g})",
            f"{leaving['value']:g} {leaving['unit']}" if is_first else "", ", ".join(tags),
            "; ".join(source for source in sources if source))


def _topic(file: Path) -> str:
    """The first sentence of the comment that a file begins with, or its name."""
    lines = file.read_text(encoding="utf-8").splitlines()
    comment = " ".join(line.lstrip("# ") for line in itertools.takewhile(lambda line: line.startswith("#"), lines))
    return re.split(r"[.;:] |\.$", comment)[0] or file.stem.removeprefix("entries_").replace("_", " ").capitalize()


def _entry(row: Mapping[str, Any]) -> tuple[str, ...]:
    span = "" if row["low"] == row["high"] else f"{row['low']:g} to {row['high']:g}"
    source = _source(row.get("source", ""), row.get("doi", ""))
    derived = f"computed: {row['derived']}" if row.get("derived") else ""
    return (f"`{row['id']}`", row["quantity"], f"{row['value']:g}", span, row["unit"], row["confidence"],
            "; ".join(part for part in (source, derived) if part))


def _sender(row: Mapping[str, str]) -> str:
    """``Microglia`` of ``Microglia (BV2)`` and ``microglia, M2``."""
    return re.split(r"[,(]", row["source_cell"])[0].strip()


def _cargo(row: Mapping[str, str]) -> tuple[str, ...]:
    change = " ".join(part for part in (row.get("direction", ""), row.get("fold", "")) if part)
    when = ", ".join(part for part in (row.get("condition", ""), row.get("dose", ""), change) if part)
    target = f" ({row['target']})" if row.get("target") else ""
    effect = row.get("effect", "") + target
    return (row["source_cell"], row["molecule"], when, row.get("recipient", ""), effect, row["confidence"],
            _source(row.get("ref", ""), row.get("doi", "")))


def _source(source: str, doi: str) -> str:
    link = f"[{doi}](https://doi.org/{doi})" if doi else ""
    return " ".join(part for part in (source, link) if part)


def _table(heads: Sequence[str], rows: Iterator[Sequence[str]]) -> list[str]:
    return [_line(heads), _line(["---"] * len(heads)), *map(_line, rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"


def main() -> None:
    """Write the pages."""
    PARAMETERS.write_text(parameters_page(), encoding="utf-8")
    cargo = cargo_page()
    if cargo is not None:
        CARGO.write_text(cargo, encoding="utf-8")
    INTERVENTIONS.write_text(interventions_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
