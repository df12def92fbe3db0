"""The page: all sections in order, laid out by the template, written in one step."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import jinja2
from markupsafe import Markup

from vesica.report import (
    controls,
    directions,
    grounds,
    handling,
    isolation,
    medium,
    networks,
    outcome,
    passage,
    phenotypes,
    sources,
    svg,
    vessel,
    whole,
)
from vesica.report.blocks import Section, breakable
from vesica.report.material import Material, ResultsLike
from vesica.report.tissue import section as tissue

FILE: Final = "report.html"
SECTIONS: Final[tuple[Callable[[Material], Section], ...]] = (
    directions.published,
    grounds.measurements,
    controls.controls,
    outcome.arms,
    tissue.space,
    tissue.maps,
    tissue.fronts,
    whole.whole,
    passage.budget,
    passage.rates,
    passage.size_law,
    passage.cargo,
    phenotypes.phenotypes,
    passage.signals,
    networks.networks,
    medium.factors,
    passage.transfer,
    handling.samples,
    isolation.isolation,
    vessel.vessel,
    grounds.required_dose,
    grounds.mixing,
    grounds.rules,
    grounds.switches,
    grounds.ledger,
    sources.confidence,
    sources.parameters,
    sources.findings,
    sources.citations,
    sources.again,
)


def build(results: ResultsLike) -> str:
    """The report of a run as one HTML document that needs nothing from outside.

    Parameters
    ----------
    results : Results
        An opened run folder: ``summary``, ``run``, ``series(arm, species)`` and ``data``.
        Any key of the summary may be missing; its section is then named at the end as not
        part of the run.
    """
    material = Material(results)
    return layout(outcome.opening(material), [section(material) for section in SECTIONS])


def layout(opening: outcome.Opening, sections: Sequence[Section], extra: Sequence[str] = ()) -> str:
    """One HTML document of an opening and sections; a section without blocks is named at the end.

    ``extra`` names further templates whose ``.css`` and ``.js`` the page needs.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("vesica.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else svg.clean(value),
    )
    environment.filters["breakable"] = breakable
    script = Markup("").join(_template_text(environment, f"{name}.js") for name in ("page", *extra))
    styles = ("style", "picture", *extra)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("page.html").render(
        opening=opening,
        present=[section for section in sections if section.blocks],
        absent=[section.title for section in sections if not section.blocks and section.title],
        style=Markup("").join(_template_text(environment, f"{name}.css") for name in styles),
        script=script,
        digest=digest,
    )


def _template_text(environment: jinja2.Environment, name: str) -> Markup:
    """A file of our own that goes into the page as it stands."""
    loader = environment.loader
    assert loader is not None  # noqa: S101 - set above
    return Markup(loader.get_source(environment, name)[0])


def write(folder: Path | str) -> Path:
    """Write ``report.html`` into a run folder, whole or not at all; returns its path."""
    from vesica.results import open as open_results
    from vesica.results import write_bytes

    target = Path(folder) / FILE
    write_bytes(target, build(open_results(folder)).encode())
    return target
