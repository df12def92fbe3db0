"""A draft of a methods paragraph: a sentence for each fact that is known, none for the others."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Final

from vesica._version import __version__
from vesica.analysis.misev.sheet import Answer
from vesica.analysis.nta.records import PER_ML, NtaResult
from vesica.units import split

Known = Callable[[str], str]
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")


def draft(answers: Mapping[str, Answer], found: Mapping[str, str], result: NtaResult) -> tuple[str, ...]:
    """Sentences about source, separation, measurement, analysis and controls.

    Parameters
    ----------
    answers : path -> what a person wrote
    found : path -> what the files say
    result : NtaResult
    """

    def known(path: str) -> str:
        answer = answers.get(path)
        if answer is None:
            return found.get(path, "")
        if path in found and differ(answer, found[path]):
            return f"{found[path]} (by the files; by the sheet: {answer.text})"
        return answer.text if answer.is_done else ""

    parts = [*_preparation(known), *_measurement(known), *_analysis(result), *_controls(answers, known, result)]
    return tuple(part for part in parts if part)


def differ(answer: Answer, found: str) -> bool:
    """Whether the sheet contradicts the files: a number that they do not have, or `no` to what they hold."""
    return not answer.is_done or not set(_NUMBER.findall(answer.text)) <= set(_NUMBER.findall(found))


def _with(words: str, *more: tuple[str, str]) -> str:
    """A clause and what is added to it, each addition only where its text is known."""
    added = "".join(template.format(text) for template, text in more if text)
    return words + added


def _preparation(known: Known) -> list[str]:
    out = []
    kind = known("source.kind")
    what = _with("Vesicles", (" ({})", known("study.term")))
    if kind:
        out.append(_with(f"{what} were taken from {kind}", (" of {}", known("source.cells")),
                         (" ({})", known("source.species")), (", passage {}", known("source.passage")),
                         (", {} of one sample", known("source.volume")),
                         (", from {}", _cells(known("source.cell_number"))),
                         (", conditioned for {}", known("source.conditioning_time"))) + ".")
    if known("source.ev_depleted"):
        out.append(f"Serum: {known('source.ev_depleted')}.")
    if known("separation.methods"):
        out.append(_with(f"They were separated by {known('separation.methods')}",
                         (" ({})", known("separation.steps")), (", rotor {}", known("separation.rotor"))) + ".")
    if known("separation.storage"):
        out.append(f"Separated EVs were kept as follows: {known('separation.storage')}.")
    return out


def _measurement(known: Known) -> list[str]:
    out = []
    if known("nta.instrument"):
        out.append(_with(f"Particles were tracked with {known('nta.instrument')}",
                         (" (software {})", known("nta.software")), (" at {}", known("nta.temperature")),
                         (", settings: {}", known("nta.settings")),
                         (", {}", known("nta.detection_threshold"))) + ".")
    if known("nta.dilution") or known("nta.diluent"):
        out.append(_with("Samples were diluted", (" in {}", known("nta.diluent")),
                         (": {}", known("nta.dilution"))) + ".")
    if known("nta.videos"):
        out.append(_with(f"Videos: {known('nta.videos')}", (" ({})", known("nta.frames")),
                         ("; {}", known("nta.tracks"))) + ".")
    if known("nta.exclusions"):
        out.append(f"Exclusions: {known('nta.exclusions')}.")
    return out


def _analysis(result: NtaResult) -> list[str]:
    of_what = "of the original suspension" if result.unit == PER_ML else "of the measured suspension (dilution unknown)"
    estimates = [sample.concentration or sample.gross for sample in result.samples]
    levels = {"counting" if math.isinf(one.df) else one.level for one in estimates if one.se is not None}
    how = {"replicates": "between replicate measurements", "samples": "between samples",
           "videos": "between the videos of one measurement, which does not hold the differences between replicates"}
    spread = " and ".join(how[level] for level in ("samples", "replicates", "videos") if level in levels)
    parts = [f"the spread {spread}"] if spread else []
    parts += ["the counting error of the tracks alone"] if "counting" in levels else []
    words = ", or ".join(parts)
    return [f"Concentrations are per mL {of_what} and were calculated with vesica {__version__}"
            + (f", 95 % intervals from {words}" if words else "") + "."]


def _controls(answers: Mapping[str, Answer], known: Known, result: NtaResult) -> list[str]:
    out = []
    if known("controls.medium_blank"):
        end = "" if result.blanks else "; it was not subtracted"
        out.append(f"Blank: {known('controls.medium_blank')}{end}.")
    if known("controls.dilution_series"):
        out.append(f"Dilution series: {known('controls.dilution_series')}.")
    for path, words in (("controls.detergent", "Detergent control"), ("controls.dye_only", "Dye control")):
        if known(path):
            out.append(f"{words}: {known(path)}.")
    undone = [words for path, words in (
        ("controls.medium_blank", "medium blank"), ("controls.detergent", "detergent lysis"),
        ("controls.dye_only", "dye without EVs"), ("controls.ev_depleted", "preparation depleted of EVs"),
        ("controls.dilution_series", "dilution series"),
    ) if path in answers and not answers[path].is_done and not known(path)]
    if undone:
        out.append(f"Not done: {', '.join(undone)}.")
    return out


def _cells(text: str) -> str:
    """A number of cells for reading: ``20,000,000 cells``."""
    if not text:
        return ""
    value, unit = split(text)
    return f"{value:,.6g} {unit or 'cells'}" if value < 1e5 else f"{value:,.0f} {unit or 'cells'}"
