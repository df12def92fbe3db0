"""Replicates of an arm: their mean, how far they lie apart, their histograms pooled, their ledgers in whole numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from vesica.analysis.runs.accounts import ledger
from vesica.analysis.runs.pooled import Pool
from vesica.analysis.runs.quantities import quantities
from vesica.analysis.runs.summary import summarise
from vesica.results.arm_run import ArmRun
from vesica.results.ledger import Ledger
from vesica.spec.resolved import ResolvedModel


@dataclass
class Moments:
    """Mean and spread of a number that comes one at a time (Welford 1962)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        """Take one more."""
        self.count += 1
        step = value - self.mean
        self.mean += step / self.count
        self.squares += step * (value - self.mean)

    def around(self, value: float) -> dict[str, float | None]:
        """Standard deviation over replicates, and the 95 % interval of their mean (Student) around ``value``."""
        if self.count < 2:
            return {"sd": None, "low": None, "high": None}
        from scipy.stats import t

        sd = math.sqrt(self.squares / (self.count - 1))
        half = float(t.ppf(0.975, self.count - 1)) * sd / math.sqrt(self.count)
        return {"sd": sd, "low": value - half, "high": value + half}


@dataclass
class Gathered:
    """What is kept of the replicates of an arm, whatever their number."""

    count: int = 0
    first: ArmRun | None = None
    total: Any = None
    notes: Any = None
    spread: dict[str, Moments] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    accounts: dict[str, Ledger] = field(default_factory=dict)
    residuals: dict[str, int] = field(default_factory=dict)

    def add(self, model: ResolvedModel, run: ArmRun) -> None:
        """Take one more replicate."""
        known = {key: value for key, value in run.notes.items() if key in ("doses", "rule_factors", "samples")}
        self.first = self.first or run
        self.total = run.values.copy() if self.total is None else self.total + run.values
        self.notes = known if self.notes is None else _together(self.notes, known)
        self.count += 1
        for name, (value, _) in quantities(model, run).items():
            self.spread.setdefault(name, Moments()).add(value)
        for key, entry in run.notes.get("distributions", {}).items():
            self.pools.setdefault(key, Pool(key)).add(entry)
        for key, value in run.notes.get("steps", {}).items():
            before = self.steps.get(key, 0)
            self.steps[key] = max(before, value) if key == "largest_change" else before + value
        for token in ("", *(cargo.name for cargo in model.cargo)):
            account = ledger(model, run, token or None).in_whole_numbers
            self.accounts[token] = self.accounts.get(token, Ledger()) + account
            self.residuals[token] = max(self.residuals.get(token, 0), int(account.missing), key=abs)

    @property
    def mean(self) -> ArmRun:
        """The mean of the replicates as an arm of its own: means of every pool, of doses and of rule factors."""
        if self.first is None:
            msg = "the mean of no replicates"
            raise ValueError(msg)
        notes = {**self.first.notes, **_scaled(self.notes, 1.0 / self.count)}
        return replace(self.first, values=self.total / self.count, notes=notes)

    def ledger(self) -> dict[str, Any]:
        """The arm's ledger: means of the replicates, and the residual of all of them together, which is exact."""
        found = {token: {name: amount / self.count for name, amount in account.as_dict().items()}
                 | {"residual": account.residual} for token, account in self.accounts.items()}
        return {"vesicles": found.pop(""), "cargo": found}

    def whole(self) -> dict[str, Any]:
        """The arm's entry of ``summary["whole"]``."""
        sample = self.first.notes.get("sample", {}) if self.first is not None else {}
        cargo = {name: missing for name, missing in self.residuals.items() if name}
        return {"replicates": self.count, "sample": sample, "steps": self.steps,
                "ledger_residual": {"vesicles": self.residuals.get("", 0), "cargo": cargo},
                "distributions": {key: pool.entry() for key, pool in self.pools.items()}}


def summarise_replicates(model: ResolvedModel, runs: Mapping[str, Iterable[ArmRun]], outcome: str) -> dict[str, Any]:
    """``summary.json`` of a run; in whole numbers also the spread over replicates and ``whole``.

    Parameters
    ----------
    model : ResolvedModel
        As it was run: of the sample, where a sample of the dish is followed.
    runs : mapping of arm to its replicates
        Read once, one at a time.
    """
    if model.schedule.fidelity != "stochastic":
        return summarise(model, {name: next(iter(of)) for name, of in runs.items()}, outcome)
    gathered: dict[str, Gathered] = {}
    for name, of in runs.items():
        gathered[name] = Gathered()
        for run in of:
            gathered[name].add(model, run)
    summary = summarise(model, {name: one.mean for name, one in gathered.items()}, outcome)
    for name, one in gathered.items():
        summary["arms"][name]["ledger"] = one.ledger()
        for key, entry in summary["arms"][name]["quantities"].items():
            entry |= one.spread[key].around(entry["value"])
    whole = {name: one.whole() for name, one in gathered.items()}
    share = next((arm["sample"].get("share", 1.0) for arm in whole.values()), 1.0)
    domain = summary["domain"] | {"dish_volume_mL": model.domain.volume / share / 1e12, "sample_share": share}
    return summary | {"domain": domain, "whole": whole, "headline": [*_headline(whole), *summary["headline"]]}


def _headline(whole: Mapping[str, Any]) -> list[str]:
    if not whole:
        return []
    fewest, most = (pick(arm["replicates"] for arm in whole.values()) for pick in (min, max))
    counted = f"{most} replicate{'s' * (most != 1)}" if fewest == most else f"{fewest} to {most} replicates"
    share = next(iter(whole.values()))["sample"].get("share", 1.0)
    followed = "of the whole dish" if share == 1.0 else f"of a sample, {share:.3g} of the dish"
    broken = [name for name, arm in whole.items()
              if any((arm["ledger_residual"]["vesicles"], *arm["ledger_residual"]["cargo"].values()))]
    books = f"the books of {', '.join(broken)} do not close, which is a fault of vesica" if broken else (
        "every vesicle and every copy is accounted for")
    return [f"In whole numbers: {counted} {followed}; {books}."]


def _together(one: Any, other: Any) -> Any:
    """Sums of the numbers in two things of the same shape; the first one's words."""
    if isinstance(one, dict):
        return {key: _together(value, other[key]) if key in other else value for key, value in one.items()}
    if isinstance(one, list) and len(one) == len(other):
        return [_together(*pair) for pair in zip(one, other, strict=True)]
    return one + other if _is_number(one) and _is_number(other) else one


def _scaled(one: Any, factor: float) -> Any:
    if isinstance(one, dict):
        return {key: _scaled(value, factor) for key, value in one.items()}
    if isinstance(one, list):
        return [_scaled(value, factor) for value in one]
    return one * factor if _is_number(one) else one


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)
