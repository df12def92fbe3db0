"""What passes between the parts of `vesica measure`: the order, a reading, and what one instrument gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from vesica.errors import Finding, Severity
from vesica.library import Library

REMARK: Final = "simulated by vesica: no instrument measured this"


@dataclass(frozen=True)
class Order:
    """What is asked of the instruments.

    Parameters
    ----------
    library : Library
        Constants of the instruments.
    seed : int
    replicates : int
        Measurements of each sample, each with noise of its own.
    dilution : dimensionless or None
        Of NTA and TRPS; None lets the operator choose.
    lipoprotein : 0..1
        Share of the particles that NTA tracks that are lipoprotein.
    depth : reads or None
        Of a sequencing library.
    """

    library: Library
    seed: int = 1
    replicates: int = 1
    dilution: float | None = None
    lipoprotein: float = 0.0
    depth: float | None = None


@dataclass(frozen=True)
class Reading:
    """One number that an instrument gave, beside what was there.

    Parameters
    ----------
    instrument, sample : str
    replicate : int
    quantity, unit : str
    true : what the sample holds
    expected : what the instrument shows of that on average
    read : what it gave; None where it gave nothing
    error : standard error of ``read``, as the instrument's own data say
    words : why there is no reading, for example
    """

    instrument: str
    sample: str
    replicate: int
    quantity: str
    unit: str
    true: float | None
    expected: float | None
    read: float | None
    error: float | None = None
    words: str = ""


@dataclass(eq=False)
class Measured:
    """What one instrument gave: it grows while samples are measured, and is read afterwards."""

    files: dict[str, bytes] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    truth: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def note(severity: Severity, path: str, wrote: str, rule: str, consequence: str, fix: str) -> Finding:
    """A finding about a sample."""
    return Finding(severity, path, wrote, rule, consequence, fix)
