"""Small networks inside cells, by the front door: words in, a resolved model out."""

from __future__ import annotations

from typing import Any

from vesica import interventions
from vesica.errors import Finding
from vesica.spec.model import ModelSpec
from vesica.spec.resolved import ResolvedModel

# every operator, function, law and kind of participant once
EVERYTHING: dict[str, Any] = {
    "label": "a bit of everything",
    "compartments": {"nucleus": 0.2},
    "states": {
        "A": {"initial": "10 nM"}, "A_n": {"initial": "1 nM", "in": "nucleus", "at_start": "2 nM"},
        "B": {"initial": "0 nM", "at_start": "5 nM"}, "AB": {"initial": "0 nM"}, "level": {"initial": 1},
        "late": {"follows": "A", "delay": "30 min", "steps": 3},
    },
    "constants": {"k": "0.1 1/min", "K": "5 nM", "n": 2, "per_cell": "0.01 molecule/s"},
    "assignments": {
        "ratio": "A_n / (A + K) - 0.5", "steep": "exp(-level) + ln(2 + level ** n) + sqrt(level) + level ** 3",
        "both": "ratio + steep",
    },
    "reactions": {
        "make": {"equation": "-> A", "rate": "k * K * hill(B, K, n)"},
        "enter": {"equation": "A -> A_n", "law": "mass_action", "k": "1 1/h"},
        "leave": {"equation": "A_n -> A", "law": "mass_action", "k": "2 1/h"},
        "bind": {"equation": "A + B -> AB", "law": "mass_action", "k": "0.5 1/(uM*s)"},
        "unbind": {"equation": "AB -> A + B", "law": "mass_action", "k": "1e-3 1/s"},
        "lose": {"equation": "A ->", "law": "michaelis_menten", "vmax": "1 nM/h", "km": "10 nM"},
        "cut": {"equation": "AB -> B", "law": "michaelis_menten", "kcat": "0.1 1/h", "enzyme": "B", "km": "10 nM"},
        "raise": {"equation": "-> level", "law": "hill", "source": "late", "vmax": "1 1/h", "half_max": "5 nM",
                  "hill": 2},
        "fall": {"equation": "level ->", "rate": "k * level / 6"},
        "wait": {"equation": "B -> A", "law": "mass_action", "k": "0.1 1/h", "delay": "30 min", "steps": 4},
        "secrete": {"equation": "-> TNF", "rate": "per_cell * level"},
        "express": {"equation": "-> HMGB1", "rate": "per_cell * hill(A, K, 1)"},
    },
    "conserved": {},
}


def spec(networks: dict[str, Any], cell: dict[str, Any] | None = None, **more: Any) -> ModelSpec:
    """A dish of microglia that hold the networks."""
    return ModelSpec.model_validate({
        "vesica": 1, "domain": {"kind": "dish", "diameter": "35 mm", "medium": "2 mL", "mixing": "stirred"},
        "networks": networks,
        "cells": {"microglia": {"count": 1e5, "networks": list(networks), **(cell or {})}},
        "run": {"duration": "4 h", "every": "30 min"}, **more,
    })


def resolved(networks: dict[str, Any] | None = None, cell: dict[str, Any] | None = None, **more: Any) -> ResolvedModel:
    """The resolved model of `spec`; a bit of everything without networks."""
    return interventions.resolve(spec({"everything": EVERYTHING} if networks is None else networks, cell, **more))[0]


def findings(networks: dict[str, Any], cell: dict[str, Any] | None = None, **more: Any) -> list[Finding]:
    """What the check says."""
    return interventions.check(spec(networks, cell, **more))
