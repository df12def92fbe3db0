"""Numbers from the user's own files: size laws seen through an instrument, and changes of miRNA in vesicles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vesica.errors import InputError, error, nearest
from vesica.library import Library
from vesica.spec.model import MeasuredCargo, MeasuredSizes, MeasuredSpec, ModelSpec
from vesica.spec.quantities import Notes, parameter
from vesica.spec.resolved import Measurement, Parameter
from vesica.spec.rulebook import Line
from vesica.spec.rules import RuleText, Verb
from vesica.spec.structure import Catalogue, CellPlan, library_numbers
from vesica.spec.switches import LOADING
from vesica.spec.vocabulary import CELL_MACHINERY

if TYPE_CHECKING:
    from vesica.instruments import NtaResponse
    from vesica.readers import FoldChange

SAMPLE: Final = "sample:"
SAMPLES: Final = Path(__file__).resolve().parents[1] / "samples"
NTA_ENTRIES: Final = ("nta.visibility.half_diameter", "nta.visibility.width", "nta.tracking.relative_error")
TWO_SIDED: Final = 1.959963984540054  # standard normal quantile of 97.5 %


@dataclass(frozen=True)
class Readings:
    """What the files say: measurements to report, parameters that replace the library's, and rules."""

    measurements: tuple[Measurement, ...] = ()
    numbers: Mapping[str, Parameter] = field(default_factory=dict)
    rules: Sequence[Line] = ()


def read(
    spec: ModelSpec, library: Library, names: Catalogue, plans: Sequence[CellPlan], options: Mapping[str, str],
    notes: Notes,
) -> Readings:
    """Read the ``measured:`` block; a file that cannot be used is a finding, a refused inversion a measurement."""
    if spec.measured is None:
        return Readings()
    by_name = {plan.name: plan for plan in plans}
    found: list[Readings] = []
    parts: list[tuple[str, MeasuredSizes | MeasuredCargo]] = []
    if spec.measured.sizes is not None:
        parts.append(("measured.sizes", spec.measured.sizes))
    parts += [(f"measured.cargo[{index}]", item) for index, item in enumerate(spec.measured.cargo)]
    for place, part in parts:
        if part.cell not in by_name:
            notes.unknown(f"{place}.cell", "cell type of this model", part.cell, by_name,
                          "the measurement belongs to nobody")
            continue
        plan = by_name[part.cell]
        try:
            if isinstance(part, MeasuredSizes):
                found.append(_sizes(part, place, plan, library, notes))
            else:
                found.append(_cargo(part, place, plan, names, options, notes))
        except InputError as failure:
            notes.take(*(replace(finding, path=place) for finding in failure.findings))
    return Readings(
        tuple(item for reading in found for item in reading.measurements),
        {path: number for reading in found for path, number in reading.numbers.items()},
        [line for reading in found for line in reading.rules],
    )


def files_read(spec: ModelSpec) -> dict[str, Path]:
    """The user's own data files, by the name the model uses; samples of the package are not among them."""
    named = [(f"networks.{name}.sbml", one.sbml) for name, one in spec.networks.items() if one.sbml is not None]
    read = spec.measured or MeasuredSpec()
    named += [] if read.sizes is None else [("measured.sizes.file", read.sizes.file)]
    for index, item in enumerate(read.cargo):
        named += [(f"measured.cargo[{index}].{key}", getattr(item, key)) for key in ("cells", "evs")]
    if spec.positions is not None:
        named.append(("positions.file", spec.positions.file))
        named += [] if spec.positions.join is None else [("positions.join.file", spec.positions.join.file)]
    notes = Notes(spec.origin)
    return {name: file_of(name, place, notes) for place, name in named if not name.startswith(SAMPLE)}


def file_of(name: str, place: str, notes: Notes) -> Path:
    """A file named in the model: relative to it, or ``sample:NAME`` for one that comes with the package.

    Raises
    ------
    InputError
        It does not exist.
    """
    if name.startswith(SAMPLE):
        known = [file.name for file in SAMPLES.iterdir() if file.suffix in (".csv", ".tsv")]
        if name.removeprefix(SAMPLE) not in known:
            raise error(place, f"there is no sample `{name.removeprefix(SAMPLE)}`", "samples are files of the package",
                        "there is nothing to read", nearest(name.removeprefix(SAMPLE), known))
        return SAMPLES / name.removeprefix(SAMPLE)
    path = Path(notes.origin.place(place)[0] or "").parent / name
    if not path.is_file():
        file, line = notes.origin.place(place)
        raise error(place, f"`{name}` is not a file", "measured files are named relative to the model file",
                    "there is nothing to read", f"`{path}` is missing: correct the name or move the file",
                    file=file, line=line)
    return path


def _response(library: Library) -> NtaResponse:
    """The library's NTA response; a width of the visibility step in log diameter is one over its slope."""
    from vesica.instruments import NtaResponse

    half, width, tracking = (library.entries[name] for name in NTA_ENTRIES)
    return NtaResponse(visible_diameter=half.value, visible_slope=1.0 / width.value, tracking_error=tracking.value)


def _sizes(part: MeasuredSizes, place: str, plan: CellPlan, library: Library, notes: Notes) -> Readings:
    """The size law behind an NTA file, or the library's law with the reason why."""
    from vesica.instruments import fit_distribution
    from vesica.readers import read_size_distribution

    distribution = read_size_distribution(file_of(part.file, f"{place}.file", notes))
    notes.take(*distribution.warnings)
    given = library_numbers(plan, library)
    names = {key: f"{plan.name}.ilv_diameter_{key}" for key in ("low", "high", "median", "gsd")}
    bounds = {}
    for key in ("low", "high"):
        name = names[key]
        number = parameter(name, CELL_MACHINERY[f"ilv_diameter_{key}"], given[name], library.entries, notes)
        bounds[key] = number.value * 1e3 if number else math.nan
    inversion = fit_distribution(distribution, _response(library), **bounds)
    key = f"{plan.name}.sizes"
    if inversion.refusal is not None or inversion.fit is None:
        why = inversion.refusal.finding if inversion.refusal else None
        reason = f"{why.wrote}: {why.rule}" if why else "no law fits"
        says = (f"no size law can be had from {part.file} ({reason}); "
                f"the library's law is used for the {plan.cell.label}")
        notes.add("warning", f"{place}.file", f"no size law can be had from `{part.file}`: {reason}",
                  "a measured size table is a mixture seen through an instrument, and not every one can be undone",
                  "the library's law is used instead", why.fix if why else "measure more particles")
        return Readings((Measurement(key, part.file, says, {"used": "library", "refused_because": reason}),))
    fit = inversion.fit
    numbers = {
        names["median"]: _measured(names["median"], fit.median * 1e-3, fit.median_se * 1e-3, "um", part.file,
                                   f"{fit.median:.4g} nm"),
        names["gsd"]: _measured(names["gsd"], fit.gsd, fit.gsd_se, "", part.file, f"{fit.gsd:.4g}", least=1.0),
    }
    says = (f"{part.file}, seen through the response of NTA, is a log-normal law with median {fit.median:.4g} "
            f"+- {fit.median_se:.2g} nm and geometric standard deviation {fit.gsd:.3g} +- {fit.gsd_se:.2g}; "
            f"{fit.share_unseen:.0%} of the vesicles were too small to be tracked")
    details: dict[str, float | str | tuple[float, ...]] = {
        "used": "measured", "median_nm": fit.median, "median_se_nm": fit.median_se, "gsd": fit.gsd,
        "gsd_se": fit.gsd_se, "relative_residual": fit.relative_residual, "share_unseen": fit.share_unseen,
        "low_nm": fit.low, "high_nm": fit.high, "diameter_nm": tuple(map(float, distribution.diameter)),
        "measured": tuple(map(float, distribution.concentration)), "unit": distribution.unit,
    }  # fmt: skip
    return Readings((Measurement(key, part.file, says, details),), numbers)


def _measured(
    path: str, value: float, error_of: float, unit: str, file: str, shown: str, least: float = 0.0
) -> Parameter:
    """A parameter with its 95 % interval."""
    spread = TWO_SIDED * error_of
    low = max(value - spread, least + 0.05 * (value - least))
    return Parameter(path, value, unit, low, value + spread, "measured", source=file,
                     reason="size law seen through the instrument; range is the 95 % interval of the fit", shown=shown)


def _cargo(
    part: MeasuredCargo, place: str, plan: CellPlan, names: Catalogue, options: Mapping[str, str], notes: Notes
) -> Readings:
    """Two rules from two count tables: the change of the cell, and that of the vesicles beyond it."""
    if part.cargo not in plan.cell.cargo:
        notes.unknown(f"{place}.cargo", f"cargo of the {plan.cell.label}", part.cargo, plan.cell.cargo,
                      "the measurement belongs to nothing")
        return Readings()
    if part.agent not in names.agents:
        notes.unknown(f"{place}.agent", "agent", part.agent, names.agents, "nothing would cause the change")
        return Readings()
    cell = _change(part, "cells", place, notes)
    vesicle = _change(part, "evs", place, notes)
    loading = vesicle.ratio / cell.ratio
    used = options.get(LOADING) == "measured"
    label = names.cargo[part.cargo].label or part.cargo
    changes = {f"{part.cargo}_production": (cell.log2_fold_change, cell.standard_error, part.cells)}
    if used:
        spread = math.hypot(cell.standard_error, vesicle.standard_error)
        files = f"{part.cells}, {part.evs}"
        changes[f"{part.cargo}_enrichment"] = (vesicle.log2_fold_change - cell.log2_fold_change, spread, files)
    lines = [_line(part, target, 2.0**log2, files, place) for target, (log2, _, files) in changes.items()]
    folds = (_fold(line.key, *change) for line, change in zip(lines, changes.values(), strict=True))
    says = (f"under {part.treated}, {label} changes {cell.ratio:.3g}-fold in the cell and {vesicle.ratio:.3g}-fold in "
            f"vesicles, so its loading changes {loading:.3g}-fold ({'used' if used else 'not used'}: "
            f"switch {LOADING}={options.get(LOADING)})")
    details: dict[str, float | str | tuple[float, ...]] = {
        "row": part.row, "cell_fold": cell.ratio, "cell_log2_se": cell.standard_error, "ev_fold": vesicle.ratio,
        "ev_log2_se": vesicle.standard_error, "loading_fold": loading, "used": "measured" if used else "unselective",
        "ev_file": part.evs,
    }  # fmt: skip
    return Readings((Measurement(f"{plan.name}.{part.cargo}", part.cells, says, details),),
                    {number.path: number for number in folds}, lines)


def _change(part: MeasuredCargo, which: str, place: str, notes: Notes) -> FoldChange:
    """One row of a table of counts, or of DESeq2 results."""
    from vesica.readers import fold_changes, read_counts

    path = file_of(getattr(part, which), f"{place}.{which}", notes)
    change = fold_changes(read_counts(path), control=part.control, treated=part.treated).row(part.row)
    if not math.isfinite(change.log2_fold_change):
        raise error(f"{place}.row", f"`{part.row}` has no fold change in `{path.name}`",
                    "a measured change is a number", "there is nothing to use", "choose a row that was counted")
    return change


def _line(part: MeasuredCargo, target: str, fold: float, files: str, place: str) -> Line:
    """The rule a measured change stands for."""
    verb: Verb = "increases" if fold >= 1.0 else "decreases"
    word = "up to" if fold >= 1.0 else "down to"
    text = (f"{part.cell}: {part.agent} {verb} {target} (half_max {part.half_max}, hill {part.hill}, "
            f"{word} {fold:.4g}x)")
    rule = RuleText(part.cell, part.agent, verb, target, str(part.half_max), str(part.hill), f"{fold:.4g}", text)
    return Line(f"{part.cell}_measured_{target}", rule, place, "measured", "", files)


def _fold(key: str, log2: float, error_of: float, files: str) -> Parameter:
    """A measured factor with its 95 % interval."""
    spread = TWO_SIDED * error_of
    return Parameter(f"rule.{key}.fold", 2.0**log2, "", 2.0 ** (log2 - spread), 2.0 ** (log2 + spread), "measured",
                     source=files, reason="measured change; the range is the 95 % interval", shown=f"{2.0**log2:.4g}x")
