"""Flow cytometry files (FCS 2.0 to 3.1) through FlowIO: events in linear units, channels, and what the file says."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.errors import Finding, InputError, error, nearest
from vesica.readers.text import PathLike, Provenance

FORMAT: Final = "FCS"
_HEADER: Final = 58  # bytes
_VERSIONS: Final = ("2.0", "3.0", "3.1")


@dataclass(frozen=True)
class Channel:
    """A channel: its name, its label, and how it was stored.

    Parameters
    ----------
    name, label : str
        ``$PnN`` and ``$PnS``.
    top : float
        ``$PnR``, the largest value of the detector.
    is_log : bool
        Stored by a logarithmic amplifier (``$PnE`` is not 0,0); the events are linear here all the same.
    gain : float
        ``$PnG``; the events are divided by it.
    """

    name: str
    label: str
    top: float
    is_log: bool
    gain: float


@dataclass(frozen=True, eq=False)
class Flow:
    """The events of one FCS file.

    Parameters
    ----------
    channels : (channel,) Channel
    events : (event, channel)
        Linear, gain divided out; time in seconds where ``$TIMESTEP`` is given.
    keywords : lower-case keyword without ``$`` -> text
    seconds : float or None
        Length of the acquisition, from the time channel.
    volume : float or None
        uL, from ``$VOL`` (nL), where the file gives it.
    aborted : int or None
        Events that the electronics lost, from ``$ABRT`` and ``$LOST``.
    provenance : Provenance
    warnings : findings that do not prevent use
    """

    channels: tuple[Channel, ...]
    events: NDArray[np.float64]
    keywords: Mapping[str, str]
    seconds: float | None
    volume: float | None
    aborted: int | None
    provenance: Provenance
    warnings: tuple[Finding, ...]

    def place(self, name: str, option: str) -> int:
        """Index of a channel by name or label.

        Raises
        ------
        InputError
            No such channel; with the nearest name.
        """
        for n, channel in enumerate(self.channels):
            if name.lower() in (channel.name.lower(), channel.label.lower()):
                return n
        known = [word for channel in self.channels for word in (channel.name, channel.label) if word]
        raise error(option, f"`{name}` is no channel of the file", "channels have the names of the file",
                    "it is not known which signal is meant", nearest(name, known), file=self.provenance.file)

    def signal(self, name: str, option: str) -> NDArray[np.float64]:
        """(event,) The signal of a channel."""
        values: NDArray[np.float64] = self.events[:, self.place(name, option)]
        return values


def read_fcs(path: PathLike) -> Flow:
    """Read a flow cytometry file.

    Raises
    ------
    InputError
        FlowIO is not installed, the file is missing, not FCS, cut off, broken, or holds no events.
    """
    file = Path(path)
    try:
        data = file.read_bytes()
    except OSError as failure:
        raise _broken(file, f"`{file}` cannot be read: {failure.strerror}", "check the path and its permissions"
                      ) from None
    if data[:3] == b"FCS" and len(data) < _HEADER:
        raise _broken(file, f"the file ends after {len(data)} bytes", "copy it again from the cytometer")
    if data[:3] != b"FCS":
        shown = "".join(sign if sign.isprintable() else "." for sign in data[:6].decode("latin-1"))
        begins = f"the file begins with `{shown}`" if data else "the file is empty"
        raise error(file.name, begins,
                    "an FCS file begins with `FCS3.1`, or an older number", "there are no events to read",
                    "export the data as FCS from the software of the cytometer", file=str(file))
    flow, remarks = _flowio(file, data)
    version = data[3:6].decode("latin-1")
    if version not in _VERSIONS:
        remarks.append(_remark(file, f"the file calls itself FCS {version}", f"FCS {', '.join(_VERSIONS)} are known",
                               "it is read as FCS 3.1, and some values may be misread",
                               "compare counts and medians with the cytometer's software"))
    if not flow.event_count:
        raise _broken(file, "the file holds no events", "record the sample again")
    events = _events(file, flow)
    channels = tuple(
        Channel(one["pnn"], one["pns"], one["pnr"], one["pne"][0] > 0, one["png"])
        for _, one in sorted(flow.channels.items()))
    keywords = {str(key).lower(): str(value).strip() for key, value in flow.text.items()}
    sections = {"keywords": tuple(f"{key}={value}" for key, value in sorted(keywords.items()))}
    provenance = Provenance(str(file), f"{FORMAT} {flow.version}", hashlib.sha256(data).hexdigest(), "utf-8",
                            MappingProxyType(sections))
    if _stepless(channels, keywords):
        remarks.append(_remark(file, "the time channel has no step ($TIMESTEP)", "time is read in seconds",
                               "event rates are left out", "give --seconds"))
    return Flow(channels, events, MappingProxyType(keywords), _seconds(channels, events, keywords),
                _volume(keywords), _aborted(keywords), provenance, tuple(remarks))


def _flowio(file: Path, data: bytes) -> tuple[object, list[Finding]]:
    """FlowIO's record; offsets that differ between header and text, or are off by one, are told, not refused."""
    try:
        import flowio
    except ImportError:
        raise error("vesica cytometry", "the library flowio is not installed", "it reads FCS files",
                    "there are no events to read", 'install it: pip install "vesica[cytometry]"') from None
    remarks: list[Finding] = []
    for options in ({}, {"ignore_offset_discrepancy": True, "ignore_offset_error": True}):
        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                flow = flowio.FlowData(io.BytesIO(data), **options)
        except flowio.exceptions.MultipleDataSetsError:
            raise _broken(file, "the file holds several data sets", "export each one as a file of its own") from None
        except Exception as failure:  # noqa: BLE001 - FlowIO lets through whatever broken bytes lead to
            if not options and isinstance(failure, flowio.exceptions.FCSParsingError):
                continue  # a second try: offsets written carelessly are common
            raise _broken(file, f"the file is broken or cut off: {failure}",
                          "copy it again from the cytometer, or export it again") from None
        if options:
            remarks.append(_remark(file, "the places of the data in header and text disagree",
                                   "both name the same bytes", "the text's are used", "check the number of events"))
        remarks += [_remark(file, str(one.message).strip().rstrip("."), "the file follows the standard",
                            "some values may be misread", "compare them with the cytometer's software")
                    for one in said]
        return flow, remarks
    raise _broken(file, "the data cannot be found in the file", "export it again")


def _events(file: Path, flow: object) -> NDArray[np.float64]:
    try:
        events: NDArray[np.float64] = flow.as_array(preprocess=True)  # type: ignore[attr-defined]
    except (ValueError, TypeError, OverflowError) as failure:
        raise _broken(file, f"the events do not fill the channels: {failure}", "export it again") from None
    count = flow.event_count  # type: ignore[attr-defined]
    if len(events) != count:
        raise _broken(file, f"the file says {count:,} events and holds {len(events):,}",
                      "it is cut off: copy it again from the cytometer")
    if not np.isfinite(events).all():
        raise _broken(file, "some events are not finite numbers", "export it again, in linear units")
    return events


def _broken(file: Path, wrote: str, fix: str) -> InputError:
    return error(file.name, wrote, "an FCS file holds its events whole", "counts and signals would be wrong", fix,
                 file=str(file))


def _remark(file: Path, wrote: str, rule: str, consequence: str, fix: str) -> Finding:
    return Finding("warning", file.name, wrote, rule, consequence, fix, str(file))


def _time(channels: tuple[Channel, ...]) -> int | None:
    return next((n for n, one in enumerate(channels) if one.name.lower() == "time"), None)


def _stepless(channels: tuple[Channel, ...], keywords: Mapping[str, str]) -> bool:
    return _time(channels) is not None and not keywords.get("timestep")


def _seconds(channels: tuple[Channel, ...], events: NDArray[np.float64], keywords: Mapping[str, str]) -> float | None:
    at = _time(channels)
    if at is None or not keywords.get("timestep"):
        return None
    span = float(np.ptp(events[:, at]))
    return span if span > 0 else None


def _volume(keywords: Mapping[str, str]) -> float | None:
    try:
        volume = float(keywords.get("vol", "")) / 1e3  # the standard says nanolitres
    except ValueError:
        return None
    return volume if volume > 0 else None


def _aborted(keywords: Mapping[str, str]) -> int | None:
    counts = [int(float(keywords[key])) for key in ("abrt", "lost")
              if keywords.get(key, "").replace(".", "", 1).isdigit()]
    return sum(counts) if counts else None
