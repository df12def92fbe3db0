"""From a metadata sheet and the analysis to a checklist: what is reported, what is missing, and a draft text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vesica.analysis.lab import Field, Table
from vesica.analysis.misev import methods
from vesica.analysis.misev.keys import BY_PATH, KEYS
from vesica.analysis.misev.nta_facts import facts
from vesica.analysis.misev.requirements import REQUIREMENTS, Requirement, Standard
from vesica.analysis.misev.sheet import Answer, Sheet, written_sheet
from vesica.analysis.nta.records import NtaResult
from vesica.errors import Finding

Status = Literal["reported", "not done", "partly", "missing"]


@dataclass(frozen=True)
class Item:
    """One item of a checklist and what the sheet has to it.

    Parameters
    ----------
    requirement : Requirement
    status : "reported", "not done" (the sheet says so), "partly" (some of its keys) or "missing"
    evidence : path -> what is said
    open : paths without an answer
    """

    requirement: Requirement
    status: Status
    evidence: Mapping[str, str]
    open: tuple[str, ...]


@dataclass(frozen=True)
class ReportingSheet:
    """A checklist, filled as far as known; it counts words, it does not judge them.

    Parameters
    ----------
    items : one for each requirement, in their order
    answers : path -> what the metadata sheet says
    found : path -> what the instrument's files and the analysis say
    methods : sentences of a draft, facts only
    findings : notes where sheet and files both answer, so that somebody compares them
    """

    items: tuple[Item, ...]
    answers: Mapping[str, Answer]
    found: Mapping[str, str]
    methods: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    def count(self, standard: Standard, *, only_mandatory: bool = False) -> tuple[int, int]:
        """Items reported, and items in all, of one standard."""
        chosen = [item for item in self.items if item.requirement.standard == standard
                  and (item.requirement.is_mandatory or not only_mandatory)]
        return sum(item.status == "reported" for item in chosen), len(chosen)

    @property
    def headline(self) -> str:
        """How much is reported, in one sentence."""
        must, all_must = self.count("MISEV", only_mandatory=True)
        misev, all_misev = self.count("MISEV")
        metric, all_metric = self.count("EV-METRIC")
        return (f"Reporting sheet: {misev} of {all_misev} MISEV items reported, {must} of the {all_must} mandatory "
                f"ones; {metric} of {all_metric} components of EV-METRIC. Words are counted, not judged.")

    def table(self) -> Table:
        """The checklist as a table, ``checklist.csv``."""
        fields = (Field("standard"), Field("item"), Field("mandatory", words="in the checklist that was read"),
                  Field("status"), Field("reported"), Field("still_open", words="keys of the sheet"),
                  Field("grounds"))
        rows = tuple(
            (item.requirement.standard, item.requirement.asks, item.requirement.is_mandatory, item.status,
             "; ".join(f"{path}: {words}" for path, words in item.evidence.items()),
             ", ".join(item.open), item.requirement.grounds)
            for item in self.items
        )
        return Table("checklist", "Reporting checklist", fields, rows)

    def yaml(self) -> bytes:
        """The sheet with all answers, and beside them what the files say; can be filled in further and read again."""
        return written_sheet(self.answers, self.found).encode()

    def draft(self) -> bytes:
        """The draft of a methods paragraph as text, and below it what is still open."""
        first = [path for item in self.items if item.requirement.is_mandatory for path in item.open
                 if item.status != "reported"]
        rest = [path for item in self.items for path in item.open if item.status not in {"reported", "not done"}]
        missing = "\n".join(f"- {path}: {BY_PATH[path].asks}" for path in dict.fromkeys(first + rest))
        return (" ".join(self.methods) + f"\n\nNot said yet (mandatory first):\n{missing}\n").encode()

    def files(self) -> dict[str, bytes]:
        """Everything to be written beside a report: name -> content."""
        return {"checklist.csv": self.table().csv(), "metadata.yaml": self.yaml(), "methods.txt": self.draft()}


def fill(sheet: Sheet | None, result: NtaResult) -> ReportingSheet:
    """Answer what the files and the analysis can answer, and hold all of it against the checklists.

    Parameters
    ----------
    sheet : Sheet or None
        What a person wrote; nothing of it is overwritten.
    result : NtaResult
    """
    answers = dict(sheet.answers) if sheet else {}
    found = facts(result)
    ordered = [key.path for key in KEYS if key.path in answers or key.path in found]
    said = {path: _said(answers.get(path), found.get(path)) for path in ordered}
    items = tuple(_item(one, answers, found, said) for one in REQUIREMENTS)
    notes = tuple(_both(sheet, path, answers[path], found[path]) for path in ordered
                  if sheet and path in answers and path in found)
    return ReportingSheet(items, answers, found, methods.draft(answers, found, result), notes)


def _said(answer: Answer | None, found: str | None) -> str:
    """The answer of the person, and the one of the files beside it."""
    if answer is None:
        return found or ""
    return f"{answer.text} (files: {found})" if found else answer.text


def _item(one: Requirement, answers: Mapping[str, Answer], found: Mapping[str, str], said: Mapping[str, str]) -> Item:
    counts = {path: _count(answers.get(path), found.get(path)) for path in one.keys}
    evidence = {path: said[path] for path in one.keys if path in said}
    unanswered = tuple(path for path in one.keys if path not in said)
    enough = all(counts.values()) if one.each else sum(counts.values()) >= one.at_least
    if enough:
        status: Status = "reported"
    elif evidence and not any(counts.values()) and not (one.each and unanswered):
        status = "not done"
    else:
        status = "partly" if any(counts.values()) else "missing"
    return Item(one, status, evidence, unanswered)


def _count(answer: Answer | None, found: str | None) -> int:
    """How many things are named; what the sheet calls not done is none."""
    if answer is None:
        return int(bool(found))
    return len(answer.entries) if answer.is_done else int(bool(found))


def _both(sheet: Sheet, path: str, answer: Answer, found: str) -> Finding:
    is_contrary = methods.differ(answer, found)
    return Finding(
        "warning" if is_contrary else "note", path, f"the sheet says `{answer.text}`, the files say `{found}`",
        "both are reported", "a reader would see two answers" if is_contrary else "they may differ",
        "correct the sheet" if is_contrary else "leave the key empty to report the files alone",
        sheet.file, answer.line,
    )
