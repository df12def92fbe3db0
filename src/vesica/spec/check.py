"""Whole-model checks: everything `resolve` finds, as a list."""

from __future__ import annotations

from collections.abc import Mapping

from vesica.errors import Finding
from vesica.spec.arms import Apply
from vesica.spec.model import ModelSpec
from vesica.spec.resolve import examine


def check(
    spec: ModelSpec, *, apply: Apply | None = None, switches: Mapping[str, str] | None = None
) -> list[Finding]:
    """Every finding, errors first; nothing is raised.

    Without ``apply`` interventions are not looked at; `interventions.check` gives it.
    """
    return examine(spec, apply=apply, switches=switches)[1]
