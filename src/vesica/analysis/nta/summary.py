"""An `NtaResult` as plain data with stable keys, for ``summary.json`` and ``--json``."""

from __future__ import annotations

from collections.abc import Mapping

from vesica.analysis.nta.records import (
    PER_ML,
    Estimate,
    GroupResult,
    NtaResult,
    SampleResult,
)
from vesica.analysis.nta.verdicts import VideoVerdict


def summary(result: NtaResult) -> Mapping[str, object]:
    """Plain data: stable keys, documented in docs/laboratory/nta.md."""
    return {
        "instrument": result.instrument, "unit": result.unit,
        "per_ml_of": "original suspension" if result.unit == PER_ML
        else "measured suspension", "keep_all": result.keep_all,
        "samples": {one.name: _sample(one) for one in result.samples},
        "groups": {one.name: _group(one) for one in result.groups},
        "videos": {"all": len(result.videos), "excluded": sum(one.verdict == "excluded" for one in result.videos),
                   "kept": sum(one.verdict == "kept" for one in result.videos),
                   "audit": [_video(one) for one in result.videos]},
        "dilution_series": [{"sample": one.sample, "factors": list(one.factors),
        "concentrations": list(one.concentrations),
                             "slope": one.slope, "p": one.p, "agrees": one.agrees} for one in result.series],
    }  # fmt: skip


def _estimate(one: Estimate | None) -> dict[str, object] | None:
    if one is None:
        return None
    return {
        "value": one.value,
        "se": one.se,
        "low": one.low,
        "high": one.high,
        "level": one.level,
        "n": one.n,
        "words": one.words,
    }


def _sample(one: SampleResult) -> dict[str, object]:
    back = one.background
    return {
        "group": one.group, "concentration": _estimate(one.concentration), "below_limit": one.below_limit,
        "gross": _estimate(one.gross), "replicates": len(one.replicates), "videos": one.n_videos,
        "excluded": one.n_excluded,
        "tracks": one.tracks, "sizes": {name: _estimate(size) for name, size in one.sizes.items()},
        "dilution": [{"factor": part.dilution.factor, "source": part.dilution.source,
        "applied_by": part.dilution.applied_by}
                     for part in one.replicates],
        "background": None if back is None else {
            "blank": _estimate(back.blank), "share": back.share, "low": back.share_low, "high": back.share_high,
            "critical": back.critical, "limit": back.limit, "words": back.words},
        "amounts": [{"quantity": amount.quantity, "unit": amount.unit, "value": amount.value, "low": amount.low,
                     "high": amount.high, "upper_limit": amount.upper_limit,
                     "purity": amount.purity} for amount in one.amounts],
        "time_h": one.time,
    }  # fmt: skip


def _group(one: GroupResult) -> dict[str, object]:
    return {
        "concentration": _estimate(one.concentration),
        "below_limit": one.below_limit,
        "n": len(one.units),
        "unit_of_replication": one.unit_of_replication,
        "samples": list(one.samples),
        "sizes": {name: _estimate(size) for name, size in one.sizes.items()},
    }


def _video(one: VideoVerdict) -> dict[str, object]:
    return {
        "file": one.file,
        "video": one.video,
        "role": one.role,
        "sample": one.sample,
        "verdict": one.verdict,
        "remarks": [
            {"check": remark.check, "reason": remark.reason, "instrument": remark.instrument}
            for remark in one.remarks
        ],
    }
