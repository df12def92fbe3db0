"""Makes ``summary.json``: stable keys for programs, plain words for people (docs/format.md)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from vesica.analysis.runs.accounts import ledger, transfer, transfer_by_class
from vesica.analysis.runs.channels import signal_shares
from vesica.analysis.runs.doses import dose_of
from vesica.analysis.runs.handling import samples, volumes
from vesica.analysis.runs.measured import held_against
from vesica.analysis.runs.mixing import mixing
from vesica.analysis.runs.published import judge
from vesica.analysis.runs.quantities import (
    burst,
    extremes,
    fusions_per_hour,
    ilv_per_mvb,
    in_living,
    lysosome_share,
    mvb_per_cell,
    phenotypes,
    quantities,
    released,
    released_per_fusion,
    short_unit,
    taken_up,
)
from vesica.analysis.runs.required_dose import required_dose
from vesica.analysis.runs.space import space
from vesica.analysis.runs.vesicles import cargo_per_vesicle, grid, size_law
from vesica.analysis.runs.vessel import vessel
from vesica.analysis.runs.warnings import warnings
from vesica.results import provenance
from vesica.results.arm_run import ArmRun
from vesica.spec.cells import CellType, Chain, Network
from vesica.spec.resolved import DEFINITION, Parameter, ResolvedModel
from vesica.spec.vocabulary import sender_of, size_paths


def summarise(model: ResolvedModel, runs: Mapping[str, ArmRun], outcome: str) -> dict[str, Any]:
    """Everything of ``summary.json``; see docs/format.md."""
    arms = {name: _arm(model, run) for name, run in runs.items()}
    values = {arm: {key: entry["value"] for key, entry in of["quantities"].items()} for arm, of in arms.items()}
    options = [name for s in model.switches for name in (s.chosen, f"{s.name}={s.chosen}")]
    published = judge(model.published, values, options)
    used = list(model.parameters.values())
    measurements = [
        {"key": m.key, "file": m.file, "says": m.says, "details": dict(m.details),
         "held_against": held_against(model, runs, m)} for m in model.measurements
    ]
    return {
        "vesica": provenance.version(),
        "format": 1,
        "title": model.title,
        "outcome": outcome,
        "duration_h": model.schedule.duration / 3600.0,
        "fidelity": model.schedule.fidelity,
        "domain": vessel(model) | ({"space": space(model, runs.values())} if model.domain.space else {}),
        "species": _species(model),
        "phenotypes": {cell.name: {chain.name: _chain(chain) for chain in cell.chains}
                       for cell in model.cells if cell.chains},
        "networks": {cell.name: {network.name: _network(model, cell, network) for network in cell.networks}
                     for cell in model.cells if cell.networks}
                    | ({"medium": {one.name: _network_of_medium(one) for one in model.networks}} if model.networks
                       else {}),
        "arms": arms,
        "size_law": _size_laws(model),
        "published": published,
        "draws": None,
        "headline": [*headline(model, arms, published),
                     *(row["words"] for entry in measurements for row in entry["held_against"])],
        "measurements": measurements,
        "rules": [{"key": rule.key, "english": rule.english, "source": model.parameters[rule.strength].source}
                  for rule in model.rules],
        "switches": {
            switch.name: {"chosen": switch.chosen, "options": dict(switch.options), "label": switch.label,
                          "source": switch.source, "is_structure": switch.is_structure}
            for switch in model.switches
        },
        "confidence": _confidence(used),
        "parameters": [_parameter(parameter) for parameter in used],
        "citations": provenance.citations(used),
        "findings": [one.as_dict() for one in warnings(model, runs, values)],
    }


def _arm(model: ResolvedModel, run: ArmRun) -> dict[str, Any]:
    held = [cell for cell in model.cells if run.count(cell.name) > 0]
    return {
        "english": list(run.arm.english),
        "against": run.arm.against,
        "counts": {cell.name: run.count(cell.name) for cell in held},
        "ledger": {
            "vesicles": ledger(model, run).as_dict(),
            "cargo": {cargo.name: ledger(model, run, cargo.name).as_dict() for cargo in model.cargo},
        },
        "cells": {cell.name: _cell(model, run, cell) for cell in held},
        "transfer": transfer(model, run),
        "transfer_by_class": transfer_by_class(model, run),
        "cargo_per_ev": cargo_per_vesicle(model, run),
        "required_dose": required_dose(model, run),
        "dose": [dose_of(model, run, note) for note in run.notes["doses"]],
        "mixing": mixing(model, run),
        "medium": {"volume_mL": volumes(model, run), "samples": samples(model, run)},
        "rule_factors": run.notes["rule_factors"],
        **({"signal_shares": signal_shares(model, run)} if model.domain.space else {}),
        "quantities": {key: {"value": value, "unit": unit} for key, (value, unit) in quantities(model, run).items()},
    }


def _cell(model: ResolvedModel, run: ArmRun, cell: CellType) -> dict[str, Any]:
    c = cell.name
    mean, fano = burst(run, c) if cell.secretes_vesicles else (math.nan, math.nan)
    ends = {"fusions_per_cell_per_hour": fusions_per_hour, "lysosome_share": lysosome_share,
            "released_per_fusion": released_per_fusion}
    others = [origin for origin in model.origins if sender_of(origin) != c]
    return {
        "released_per_cell_per_hour": _released_per_hour(run, cell),
        "taken_up_per_cell": taken_up(model, run, c) if cell.takes_up_vesicles else 0.0,
        "mvb_per_cell": mvb_per_cell(run, cell) if cell.secretes_vesicles else 0.0,
        "ilv_per_mvb": ilv_per_mvb(run, c) if cell.secretes_vesicles else None,
        **{name: _finite(law(run, c)) if cell.secretes_vesicles else None for name, law in ends.items()},
        "burst_mean": _finite(mean),
        "burst_fano": _finite(fano),
        "phenotype": phenotypes(run, cell),
        "signals": {name: extremes(run, f"{c}.{name}") for name in cell.levels},
        "cargo": {
            cargo: {"final_copies": in_living(run, cell, cargo),
                    "received_copies": sum(run.final(f"{c}.delivered:{o}/{cargo}") for o in others)}
            for cargo in cell.cargo
        },
    }


def _released_per_hour(run: ArmRun, cell: CellType) -> float | None:
    """Vesicles per cell and hour; None where the arm diverged before its first output."""
    if not cell.origins:
        return 0.0
    return released(run, cell) / run.hours if run.hours > 0 else None


def _species(model: ResolvedModel) -> dict[str, dict[str, str]]:
    """Labels and units of what a reader may want to plot, by name of the species."""
    labels = {cargo.name: cargo.label or cargo.name for cargo in model.cargo}
    found = {f"medium.{soluble}": {"label": f"{soluble} in the medium", "unit": "molecule"}
             for soluble in model.solubles}
    for cell in model.cells:
        plain = {signal.name for signal in cell.signals}
        for name, (label, unit) in cell.levels.items():
            said = short_unit(unit) or ("relative to rest" if name in plain else "level")
            found[f"{cell.name}.{name}"] = {"label": label or name, "unit": said}
        for cargo in cell.cargo:
            unit = "copies per cell at the start" if cell.can_die else "copies per cell"
            found[f"{cell.name}.{cargo}"] = {"label": labels[cargo], "unit": unit}
        for state in (state for chain in cell.chains for state in chain.states):
            pool = f"{cell.name}.{'died_of:' if state.dies else ''}{state.name}"
            found[pool] = {"label": state.label or state.name, "unit": "share of cells at the start"}
    return found


def _network(model: ResolvedModel, cell: CellType, network: Network) -> dict[str, Any]:
    """A network in words; its outputs are the levels that a rule reads or that stand for a signal."""
    levels = [*(state.name for state in network.states if not state.is_hidden),
              *(one.name for one in network.assignments)]
    read = {rule.source for rule in model.rules if rule.cell == cell.name} | {*network.provides}
    return {"label": network.label, "source": network.source, "doi": network.doi, "levels": levels,
            "outputs": [name for name in levels if name in read]}


def _network_of_medium(network: Network) -> dict[str, Any]:
    """A network of the medium in words: it has no levels, since all that it moves is a factor of the medium."""
    return {"label": network.label, "source": network.source, "doi": network.doi, "levels": [], "outputs": []}


def _chain(chain: Chain) -> dict[str, Any]:
    """A chain in words, for readers who draw it."""
    return {"label": chain.label or chain.name, "settles": chain.settles,
            "states": {state.name: {"label": state.label or state.name, "dies": state.dies} for state in chain.states}}


def _size_laws(model: ResolvedModel) -> dict[str, Any]:
    values = {path: parameter.value for path, parameter in model.parameters.items()}
    found = {}
    for origin in model.origins:
        law = size_law(values, origin)
        diameters, density = grid(law)
        median = model.parameters[size_paths(origin)[0]]
        found[origin] = {
            "median_nm": law.median * 1e3, "gsd": law.gsd, "low_nm": law.low * 1e3, "high_nm": law.high * 1e3,
            "grid_nm": [d * 1e3 for d in diameters], "density": [p / 1e3 for p in density],
            "mean_area_nm2": law.mean_area * 1e6, "mean_lumen_nm3": law.mean_lumen_volume * 1e9,
            "source": median.source or median.reason, "confidence": median.confidence,
        }
    return found


def published_sentences(published: list[dict[str, Any]]) -> list[str]:
    """What a single run says about published directions; draws say it better, and replace it."""
    known = [row for row in published if row["holds"] is not None]
    if not known:
        return []
    open_rows = [row for row in known if row["label"] != "assumed"]
    held = sum(row["holds"] for row in open_rows)
    built_in = len(known) - len(open_rows)
    first = (f"{held} of {len(open_rows)} published directions that the model leaves open hold in this run; "
             f"{built_in} more are built into it.") if open_rows else (
             f"The model leaves no published direction open: {built_in} are built into it.")
    missed = [f"{row['says']} (here x {row['ratio']:.3g})" for row in known if not row["holds"]]
    return [first, f"Missed: {'; '.join(missed)}."] if missed else [first]


def headline(model: ResolvedModel, arms: Mapping[str, Any], published: list[dict[str, Any]]) -> list[str]:
    """Plain sentences: published directions, required dose, what they rest on."""
    sentences = published_sentences(published)
    words = {}
    for name, arm in arms.items():
        for receiver, cargos in arm["required_dose"].items():
            for cargo, answer in cargos.items():
                words.setdefault((receiver, cargo), []).append((name, answer))
    for (_, cargo), answers in words.items():
        sentences += _routes(cargo.replace("_", "-"), answers, [row["arm"] for row in published])
    count = _confidence(list(model.parameters.values()))
    total = sum(count.values())
    sentences.append(f"{count['estimate']} of {total} numbers are estimates.")
    return sentences


def _routes(label: str, answers: list[tuple[str, dict[str, Any]]], held: list[str]) -> list[str]:
    """In which arms a cargo can suffice, and how far it falls short: in the first held against a paper, or at best."""
    enough = [name for name, answer in answers if answer["verdict"] == "sufficient"]
    short = {name: answer for name, answer in answers if name not in enough}
    if not enough:
        best = max(short, key=lambda name: _met(short[name]))
        return [f"The {label} route does not add up in any arm; nearest is `{best}`: {short[best]['words']}"]
    found = [f"The {label} route can work in {', '.join(enough)}."]
    nearest = max(short, key=lambda name: _met(short[name]), default=None)
    first = next((name for name in held if name in short), nearest)
    return found if first is None else [*found, f"It does not add up in `{first}`: {short[first]['words']}"]


def _met(answer: dict[str, Any]) -> float:
    """Share of the needed uptake that is supplied."""
    return answer["supplied"] / answer["needed"] if answer["needed"] else 0.0


def _confidence(used: list[Parameter]) -> dict[str, int]:
    """Numbers per tag; numbers that rest on the same library entry count once, and so do all definitions."""
    seen: dict[str, str] = {DEFINITION if parameter.source == DEFINITION else parameter.entry or parameter.path:
                            parameter.confidence for parameter in used}
    counted = Counter(seen.values())
    return {tag: counted.get(tag, 0) for tag in ("measured", "given", "seen", "known", "estimate")}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {"path": parameter.path, "value": parameter.value, "unit": parameter.unit, "low": parameter.low,
            "high": parameter.high, "confidence": parameter.confidence, "source": parameter.source,
            "doi": parameter.doi, "reason": parameter.reason, "entry": parameter.entry, "shown": parameter.shown}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
