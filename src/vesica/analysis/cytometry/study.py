"""Flow cytometry of EVs: gates, bead calibrations within the beads' range, counts, and swarm detection."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.counting import poisson_interval
from vesica.errors import error, nearest
from vesica.readers.columns import Columns, read_columns
from vesica.readers.fcs import Flow
from vesica.readers.text import PathLike, Provenance
from vesica.units import to_internal

FloatArray = NDArray[np.float64]
BEADS: Final = {"channel": ("parameter", "detector"), "signal": ("median", "mfi", "peak"),
                "diameter": ("size", "bead diameter"), "mesf": ("molecules", "erf", "abc")}
FEWEST_BEADS: Final = 3
WIDE_FIT: Final = 0.15  # residual sd of ln value: a bead line that is 15 % off is worth a warning
HIGHEST_ABORT: Final = 0.05  # share of events lost in electronics, above which coincidence is likely
SWARM_SLOPE: Final = 0.1  # counts follow the dilution as a power of 1, signals as one of 0, each within this
_CONDITION: Final = re.compile(r"\s*(?P<channel>[^<>=]+?)\s*(?P<sign>>=|<=|>|<)\s*(?P<value>\S.*?)\s*")


@dataclass(frozen=True)
class Condition:
    """Part of a gate: a channel, a side, and a value in the units of the file."""

    channel: str
    is_above: bool
    value: float


@dataclass(frozen=True)
class Calibration:
    """A line through beads on log axes: ``ln value = intercept + slope ln signal``.

    Parameters
    ----------
    channel : str
    kind : "diameter" or "mesf"
    unit : "nm" or "molecules"
    intercept, slope : 1
    residual : standard deviation of ln value about the line
    low, high : of the beads' signals; nothing is said outside
    values : (bead,) what the beads are
    signals : (bead,)
    """

    channel: str
    kind: str
    unit: str
    intercept: float
    slope: float
    residual: float
    low: float
    high: float
    values: tuple[float, ...]
    signals: tuple[float, ...]

    def of(self, signal: FloatArray) -> FloatArray:
        """(event,) In calibrated units; NaN outside the beads, where nothing is known."""
        inside = (signal >= self.low) & (signal <= self.high)
        safe = np.where(inside, signal, 1.0)
        return np.where(inside, np.exp(self.intercept + self.slope * np.log(safe)), np.nan)


def gate_of(text: str) -> tuple[Condition, ...]:
    """Conditions of ``SSC-A > 500 and FITC-A < 1e4``.

    Raises
    ------
    InputError
        A part that is no condition.
    """
    found = []
    for part in re.split(r"\s+and\s+|,|&", text):
        match = _CONDITION.fullmatch(part)
        try:
            value = float(match["value"])  # type: ignore[index]
            if math.isnan(value):
                raise ValueError
            found.append(Condition(match["channel"], match["sign"][0] == ">", value))  # type: ignore[index]
        except (TypeError, ValueError):
            raise error("--gate", f"`{part.strip()}` is not a condition", "it is written `SSC-A > 500 and FITC-A > 80`",
                        "it is not known which events count", "write a channel, < or >, and a number") from None
    return tuple(found)


def gated(flow: Flow, conditions: Sequence[Condition]) -> NDArray[np.bool_]:
    """(event,) Whether an event fulfils every condition.

    Raises
    ------
    InputError
        A channel that the file does not have.
    """
    inside = np.ones(len(flow.events), dtype=bool)
    for one in conditions:
        signal = flow.signal(one.channel, "--gate")
        inside &= signal > one.value if one.is_above else signal < one.value
    return inside


def read_calibrations(path: PathLike) -> tuple[tuple[Calibration, ...], Provenance]:
    """Fit the bead lines of a calibration sheet: columns channel, signal, and diameter (nm) or mesf (molecules).

    Raises
    ------
    InputError
        A column or unit is missing, fewer than three beads, or signals that do not rise with the beads.
    """
    columns = read_columns(path, known=BEADS, required=("channel", "signal"))
    if not (columns.has("diameter") or columns.has("mesf")):
        raise columns.refuse(None, "no column says what the beads are", "beads have a diameter (nm) or a mesf",
                             "signals cannot be turned into units", "add the column `diameter (nm)` or `mesf`")
    channels = columns.words("channel")
    signals = columns.numbers("signal", None, low=0.0)
    found = []
    for kind, unit in (("diameter", "nm"), ("mesf", "molecules")):
        if not columns.has(kind):
            continue
        plain = kind == "mesf" and columns.unit(kind) in {"", "molecules", "MESF", "ERF", "ABC"}
        values = columns.numbers(kind, None if plain else "nm" if kind == "diameter" else "molecule", allow_empty=True)
        for channel in dict.fromkeys(channels):
            rows = [n for n, name in enumerate(channels) if name == channel and not math.isnan(values[n])]
            if rows:
                found.append(_line(columns, channel, kind, unit, values[rows], signals[rows], rows))
    return tuple(found), columns.provenance


def _line(columns: Columns, channel: str, kind: str, unit: str, values: FloatArray, signals: FloatArray,
          rows: Sequence[int]) -> Calibration:
    from scipy.stats import linregress

    last = columns.rows[rows[-1]]
    if len(rows) < FEWEST_BEADS:
        raise columns.refuse(last, f"{len(rows)} beads for {channel}", f"a line needs {FEWEST_BEADS} beads or more",
                             "its error would be unknown", "measure more beads")
    for n in rows:
        place = rows.index(n)
        if not (values[place] > 0 and signals[place] > 0):
            raise columns.refuse(columns.rows[n], f"bead of {values[place]:g} with signal {signals[place]:g}",
                                 "beads and their signals are above zero", "they have no logarithm",
                                 "correct the row, or remove it")
    order = np.argsort(signals)
    values, signals = values[order], signals[order]
    if not np.all(np.diff(values) > 0) or not np.all(np.diff(signals) > 0):
        raise columns.refuse(last, f"the beads of {channel} do not rise with their signals",
                             "a larger or brighter bead gives a larger signal",
                             "one signal would stand for two beads (Mie resonance, or swapped rows)",
                             "check the rows; leave out beads where the curve turns")
    fit = linregress(np.log(signals), np.log(values))
    rest = np.log(values) - fit.intercept - fit.slope * np.log(signals)
    residual = math.sqrt(float(rest @ rest) / (len(rows) - 2))
    return Calibration(channel, kind, unit, float(fit.intercept), float(fit.slope), residual, float(signals[0]),
                       float(signals[-1]), tuple(map(float, values)), tuple(map(float, signals)))


@dataclass(frozen=True)
class Population:
    """Events inside the gate of one file.

    Parameters
    ----------
    file : str
    dilution : 1
    total, count : events, all and gated
    rate : all events per second, or None
    concentration : gated events per mL of the undiluted sample, or None where the volume is unknown
    low, high : 95 % interval of it, by counting alone (exact Poisson)
    aborted : share of events lost in the electronics, or None
    medians : channel -> median of the gated signals
    """

    file: str
    dilution: float
    total: int
    count: int
    rate: float | None
    concentration: float | None
    low: float | None
    high: float | None
    aborted: float | None
    medians: Mapping[str, float]


def population(flow: Flow, inside: NDArray[np.bool_], *, dilution: float = 1.0, volume: float | None = None,
               seconds: float | None = None) -> Population:
    """Counts, rates and medians of one file.

    Parameters
    ----------
    volume : uL
        Analysed; by default what the file says.
    seconds : float, optional
        Of the acquisition; by default what the time channel says.
    """
    total, count = len(flow.events), int(inside.sum())
    length = seconds or flow.seconds
    analysed = volume or flow.volume
    scale = 1e3 * dilution / analysed if analysed else None  # 1/uL is 1000/mL
    low, high = poisson_interval(count)
    names = [channel.name for channel in flow.channels if channel.name.lower() != "time"]
    medians = {name: float(np.median(flow.events[inside, flow.place(name, "FILE")])) for name in names} if count else {}
    lost = flow.aborted / (total + flow.aborted) if flow.aborted is not None else None
    return Population(flow.provenance.file, dilution, total, count, total / length if length else None,
                      count * scale if scale else None, float(low) * scale if scale else None,
                      float(high) * scale if scale else None, lost, medians)


@dataclass(frozen=True)
class Swarm:
    """How counts and signals follow the dilution, as powers of it, with standard errors.

    Single particles give counts of power -1 and signals of power 0; swarms raise the signal of an event as the
    sample is concentrated, and lose counts.
    """

    count_power: float
    count_error: float
    signal_power: float
    signal_error: float
    channel: str

    @property
    def is_swarm(self) -> bool:
        """Whether either power is off by more than the tolerance and three standard errors."""
        counts = abs(self.count_power + 1.0) > max(SWARM_SLOPE, 3.0 * self.count_error)
        signals = abs(self.signal_power) > max(SWARM_SLOPE, 3.0 * self.signal_error)
        return counts or signals


def swarm(populations: Sequence[Population], rates: Sequence[float], channel: str) -> Swarm | None:
    """Powers of the dilution over files of one sample; None for fewer than three dilutions.

    Parameters
    ----------
    rates : (file,)
        Gated events per volume or time, in one unit throughout.
    channel : str
        Whose median is followed.
    """
    from scipy.stats import linregress

    known = [(one.dilution, rate, one.medians.get(channel, math.nan)) for one, rate in
             zip(populations, rates, strict=True) if rate > 0]
    known = [row for row in known if row[2] > 0]
    if len({row[0] for row in known}) < 3:
        return None
    fold, rate, signal = np.log(np.array(known)).T
    counts, signals = linregress(fold, rate), linregress(fold, signal)
    return Swarm(float(counts.slope), float(counts.stderr), float(signals.slope), float(signals.stderr), channel)


def dilutions_of(texts: Sequence[str], count: int) -> tuple[float, ...]:
    """Dilutions of the files: one for all, or one each.

    Raises
    ------
    InputError
        Not a number, below 1, or another number of them.
    """
    if not texts:
        return (1.0,) * count
    values = tuple(to_internal(re.sub(r"^\s*1\s*:\s*", "", text), "", "--dilution") for text in texts)
    if any(value < 1.0 for value in values):
        raise error("--dilution", f"`{' '.join(texts)}`", "1 in 100 is written 100", "counts would be divided, "
                    "not multiplied", "write numbers of 1 or more")
    if len(values) not in (1, count):
        raise error("--dilution", f"{len(values)} dilutions for {count} files", "one for all files, or one each",
                    "it is not known which file they belong to", "repeat --dilution for every file, in their order")
    return values * count if len(values) == 1 else values


def volume_of(text: str | None) -> float | None:
    """The analysed volume of each file in uL, or None where it is not given.

    Raises
    ------
    InputError
        Not a volume, or none above zero.
    """
    if text is None:
        return None
    volume = to_internal(text, "um^3", "--volume") / 1e9
    if not volume > 0:
        raise error("--volume", f"`{text}`", "a volume is above zero", "counts could not be divided by it",
                    "write the volume that was analysed in each file, as `50 uL`")
    return volume


def refuse_repeated(flows: Sequence[Flow]) -> None:
    """Refuse a file that is given twice: its events would count twice, or as another dilution.

    Raises
    ------
    InputError
        Two files hold the same bytes.
    """
    seen: dict[str, str] = {}
    for flow in flows:
        source = flow.provenance
        if source.sha256 in seen:
            raise error("FILES", f"`{seen[source.sha256]}` and `{source.file}` are the same file",
                        "every file is an acquisition of its own", "its events would count twice",
                        "name each file once", file=source.file)
        seen[source.sha256] = source.file


def matching(calibrations: Sequence[Calibration], flow: Flow) -> tuple[Calibration, ...]:
    """The calibrations whose channel the file has.

    Raises
    ------
    InputError
        A channel that the file does not have.
    """
    names = [word.lower() for channel in flow.channels for word in (channel.name, channel.label) if word]
    for one in calibrations:
        if one.channel.lower() not in names:
            raise error("--calibration", f"`{one.channel}` of the sheet is no channel of the file",
                        "beads and sample are read in the same channels", "the calibration would be of another signal",
                        nearest(one.channel, [c.name for c in flow.channels]), file=flow.provenance.file)
    return tuple(calibrations)


def rates_of(flows: Sequence[Flow], populations: Sequence[Population], seconds: float | None = None
             ) -> tuple[list[float], str]:
    """(file,) Gated events in one unit throughout: per mL as measured, else per second, else as counted; the unit."""
    if all(one.concentration is not None for one in populations):
        return [one.concentration / one.dilution for one in populations], "1/mL, as measured"  # type: ignore[operator]
    lengths = [seconds or flow.seconds for flow in flows]
    if all(lengths):
        rates = [one.count / length for one, length in zip(populations, lengths, strict=True)]  # type: ignore[operator]
        return rates, "1/s"
    return [float(one.count) for one in populations], "in each file"


def followed(flow: Flow, name: object = None) -> str:
    """Channel whose signal is followed over the dilutions: the one named, or side scatter, or the first.

    Raises
    ------
    InputError
        No such channel.
    """
    if name:
        return flow.channels[flow.place(str(name), "--swarm-channel")].name
    names = [channel.name for channel in flow.channels if channel.name.lower() != "time"]
    return next((one for one in names if one.lower().startswith(("ssc", "vssc"))), names[0] if names else "")
