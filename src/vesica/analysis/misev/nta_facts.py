"""What the files of a particle tracking instrument, and their analysis, answer by themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from vesica._version import __version__
from vesica.analysis.nta.records import Estimate, NtaResult, SampleResult
from vesica.readers.nta_record import NtaFile

_SETTINGS: Final[tuple[tuple[str, str], ...]] = (  # words of the report, and what the row of the file begins with
    ("laser", "laser"), ("camera level", "camera level"), ("shutter", "shutter"),
    ("slider shutter", "slider shutter"), ("gain", "slider gain"), ("sensitivity", "sensitivity"),
    ("frame rate", "frame rate"), ("frame rate", "frate"), ("syringe pump", "syringe pump"),
    ("minimum track length", "min track length"), ("minimum track length", "minimum tracelength"), ("blur", "blur"),
)
_THRESHOLDS: Final = (("detection threshold", "detection threshold"), ("minimum brightness", "minimum brightness"),
                      ("minimum area", "minimum area"), ("maximum area", "maximum area"))
_FRAMES: Final = (("frames", "total frames"), ("frames", "number of frames"))
_NAMED: Final = 4  # samples that are named one by one
_DILUENT: Final = re.compile(r'^\W*(diluent|electrolyte)"?\s*:?\s*[,;\t]\s*"?([^,;\t"]+)', re.IGNORECASE)


def facts(result: NtaResult) -> dict[str, str]:
    """Answers by path of the sheet; a key without an answer is absent."""
    makers: dict[str, Callable[[NtaResult], str]] = {
        "quantity.particles": _particles, "quantity.per_source": lambda r: _amounts(r, "cell"),
        "quantity.ratio": lambda r: _amounts(r, "ug protein"), "nta.instrument": _instrument,
        "nta.software": lambda r: _distinct(file.software for file in r.files),
        "nta.captured": _captured, "nta.diluent": _diluent, "nta.dilution": _dilution,
        "nta.settings": lambda r: _rows(r.files, _SETTINGS),
        "nta.detection_threshold": lambda r: _rows(r.files, _THRESHOLDS),
        "nta.temperature": _temperature, "nta.videos": _videos, "nta.frames": lambda r: _rows(r.files, _FRAMES),
        "nta.tracks": _tracks, "nta.exclusions": _exclusions, "nta.analysis": _analysis,
        "controls.medium_blank": _blank, "controls.dilution_series": _series,
    }
    answers = {path: make(result) for path, make in makers.items()}
    return {path: words for path, words in answers.items() if words}


def distinct(values: Iterable[str]) -> list[str]:
    """Each text once, in order, empty ones left out."""
    return list(dict.fromkeys(value.strip() for value in values if value and value.strip()))


def _distinct(values: Iterable[str]) -> str:
    return "; ".join(distinct(values))


def _by_sample(pairs: Iterable[tuple[str, str]]) -> str:
    """``name, name: words``: samples with the same words together, the words alone where all have the same."""
    names: dict[str, list[str]] = {}
    for name, words in dict.fromkeys(pairs):
        if words:
            names.setdefault(words, []).append(name)
    if len(names) == 1:
        return next(iter(names))
    return "; ".join(f"{_who(who)}: {words}" for words, who in names.items())


def _who(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _NAMED else f"{len(names)} samples, {names[0]} to {names[-1]}"


def spread(values: Sequence[float], unit: str = "") -> str:
    """``22.4 to 23.1 degC``, or one number where all agree."""
    low, high = f"{min(values):,.6g}", f"{max(values):,.6g}"
    return f"{low if low == high else f'{low} to {high}'} {unit}".strip()


def _cells(files: Sequence[NtaFile], begins: str) -> tuple[list[str], str]:
    """Words of all videos in the rows whose name begins so, and the unit that stands behind the name's slash."""
    found, unit = [], ""
    for file in files:
        for rows in (file.conditions, file.settings):
            for name, words in rows.items():
                if name.strip().lower().startswith(begins):
                    found += words
                    unit = name.partition("/")[2].strip() or unit
    return distinct(found), unit


def _rows(files: Sequence[NtaFile], wanted: Sequence[tuple[str, str]]) -> str:
    parts: dict[str, str] = {}
    for shown, begins in wanted:
        words, unit = _cells(files, begins)
        if not words or shown in parts:
            continue
        try:
            parts[shown] = spread([float(word) for word in words], unit)
        except ValueError:
            parts[shown] = " / ".join(words) + (f" {unit}" if unit else "")
    return "; ".join(f"{name} {words}" for name, words in parts.items())


def _instrument(result: NtaResult) -> str:
    if result.instrument == "size table":
        return ""  # the file does not say what it was measured with
    cameras = _cells(result.files, "camera type")[0]
    return result.instrument + (f", camera {' / '.join(cameras)}" if cameras else "")


def _captured(result: NtaResult) -> str:
    days = sorted({file.captured.date().isoformat() for file in result.files if file.captured})
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}" if days else ""


def _diluent(result: NtaResult) -> str:
    matches = (_DILUENT.match(line) for file in result.files for lines in file.provenance.sections.values()
               for line in lines)
    return _distinct(match[2] for match in matches if match)


def _dilution(result: NtaResult) -> str:
    who = {"instrument": "applied by the instrument", "vesica": "applied here", "nobody": "not applied"}
    return _by_sample((sample.name, f"{one.factor:,g}-fold ({one.source}, {who[one.applied_by]})")
                      for sample in result.samples for one in (part.dilution for part in sample.replicates)
                      if one.factor is not None)


def _temperature(result: NtaResult) -> str:
    values = [v.temperature for v in result.videos if v.is_used and v.temperature is not None]
    return spread(values, "degC") if values else ""


def _videos(result: NtaResult) -> str:
    if result.instrument == "size table":
        return ""
    lengths = sorted({video.printed["video_length"] for file in result.files for video in file.videos
                      if "video_length" in video.printed})
    end = f"; {spread(lengths, 's')} each" if lengths else ""
    used = spread([sample.n_videos for sample in result.samples])
    return f"{used} used of each sample, {replicates(result)}{end}"


def replicates(result: NtaResult) -> str:
    """How many replicate measurements each sample has."""
    numbers = [len(sample.replicates) for sample in result.samples]
    return f"in {spread(numbers)} replicate measurement{'s' * (max(numbers) > 1)}"


def _tracks(result: NtaResult) -> str:
    known = [sample.tracks for sample in result.samples if sample.tracks is not None]
    counts = f"{spread(known)} tracks of each sample" if known else ""
    frames = [v.particles_per_frame for v in result.videos
              if v.is_used and v.role == "sample" and v.particles_per_frame is not None]
    return "; ".join(distinct([counts, f"{spread(frames)} particles per frame" if frames else ""]))


def _exclusions(result: NtaResult) -> str:
    if result.instrument == "size table":
        return ""
    marked = [video for video in result.videos if any(remark.excludes for remark in video.remarks)]
    if not marked:
        return "no video was left out"
    reasons = Counter(remark.check for video in marked for remark in video.remarks if remark.excludes)
    words = ", ".join(f"{check.replace('_', ' ')} {count}" for check, count in reasons.most_common())
    head = "kept against a reason to leave them out" if result.keep_all else "left out"
    return f"{len(marked)} of {len(result.videos)} videos {head} ({words})"


def _analysis(result: NtaResult) -> str:
    words = distinct(_words(sample) for sample in result.samples)
    extra = [words for words, used in (("blank subtracted", result.blanks), ("size laws fitted", result.fits),
                                       ("groups compared", result.comparisons),
                                       ("corrected", result.corrections)) if used]
    return "; ".join([f"vesica {__version__}", *words, *extra])


def _words(sample: SampleResult) -> str:
    return (sample.concentration or sample.gross).words


def interval(estimate: Estimate, unit: str) -> str:
    """``2.1e+09 particle/mL (95 % interval 1.2e+09 to 3e+09)``."""
    end = ""
    if estimate.low is not None and estimate.high is not None:
        end = f" (95 % interval {estimate.low:.3g} to {estimate.high:.3g})"
    return f"{estimate.value:.3g} {unit}{end}"


def _particles(result: NtaResult) -> str:
    return _by_sample((s.name, interval(s.concentration, result.unit) if s.concentration is not None
                       else f"below {s.below_limit or 0.0:.3g} {result.unit}") for s in result.samples)


def _amounts(result: NtaResult, quantity: str) -> str:
    return _by_sample((s.name, f"{one.value:.3g} {one.unit}" if one.value is not None
                       else f"below {one.upper_limit or 0.0:.3g} {one.unit}")
                      for s in result.samples for one in s.amounts if one.quantity == quantity)


def _blank(result: NtaResult) -> str:
    if not result.blanks:
        return ""
    shares = [100.0 * s.background.share for s in result.samples if s.background is not None]
    end = f", {spread([float(f'{v:.2g}') for v in shares], '%')} of the samples" if shares else ""
    n = len(result.blanks)
    return f"{n} blank file{'s' * (n != 1)} subtracted{end}"


def _series(result: NtaResult) -> str:
    return _by_sample((one.sample, f"{spread(one.factors)}-fold, {'agrees' if one.agrees else 'disagrees'}")
                      for one in result.series)
