"""Numbers that differ from cell to cell: the words of ``variability:``, and what may be said with them.

A spread number of a cell is its value times a log-normal factor of mean one, sigma^2 = ln(1 + cv^2); the normals behind
the factors of one spread have one correlation between each two.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from vesica.errors import nearest
from vesica.spec.cell_words import CellSpec
from vesica.spec.cells import CellType, Spread
from vesica.spec.model import ModelSpec
from vesica.spec.quantities import SHARES, Given, Notes
from vesica.spec.resolved import Parameter, ResolvedModel
from vesica.spec.vocabulary import Field, size_paths

HUGE: Final = 3.0  # a coefficient of variation beyond it is taken for a slip
FARTHEST: Final = 8.6  # standard deviations; no normal number that is drawn from 53 bits lies further out
MOST_NODES: Final = 125  # kinds of cells that a mean field follows side by side

_FIELD: Final = Field("", False, "coefficient of variation from cell to cell")
_CORRELATION: Final = Field("", False, "correlation between the numbers of a spread, on the scale of logarithms")
_UNUSED: Final = ("needed_copies", "empty_share")  # no law of a single cell reads them


def spreads_of(name: str, said: Sequence[tuple[str, CellSpec]], notes: Notes) -> tuple[Spread, ...]:
    """Spreads of a cell type: the same numbers in all arms, which may change how much they vary.

    Parameters
    ----------
    said : (place, words)
        What base and arms say about the cell type.
    """
    for place, cell in said:
        if "variability" in cell.model_fields_set and not cell.variability:
            notes.add("error", f"{place}.variability", "`variability` names nothing",
                      "the same numbers of a cell type vary in all arms", "it would change nothing",
                      "leave it out, or list the numbers with `cv: 0 %`")
    found = [(place, cell.variability) for place, cell in said if cell.variability]
    if not found:
        return ()
    first = found[0][1]
    for place, here in found[1:]:
        if [(one.of, isinstance(one.cv, tuple)) for one in here] != [(one.of, isinstance(one.cv, tuple))
                                                                      for one in first]:
            notes.add("error", f"{place}.variability", f"other numbers of `{name}` vary than in `{found[0][0]}`",
                      "the same numbers of a cell type vary in all arms", "its cells could not be compared",
                      "list the same ones, with `cv: 0 %` where they are alike")
    spreads = []
    for number, one in enumerate(first):
        if not one.of:
            notes.add("error", f"{found[0][0]}.variability[{number}].of", "`of` names nothing",
                      "a spread is of one number or more", "nothing would vary",
                      "name numbers, as `[mvb_docking_rate]`")
        owner = f"{name}.spread.{number}"
        many = isinstance(one.cv, tuple)
        variations = tuple(f"{owner}.cv.{k}" if many else f"{owner}.cv" for k in range(len(one.of)))
        has_own = any(here[number].correlation is not None for _, here in found if number < len(here))
        spreads.append(Spread(tuple(f"{name}.{word}" for word in one.of), variations,
                              f"{owner}.correlation" if has_own else ""))
    return tuple(spreads)


def expected(cell: CellType) -> dict[str, Field]:
    """Parameters that the spreads of a cell type need, by path."""
    paths = {path: _FIELD for spread in cell.spreads for path in spread.variations}
    return paths | {spread.correlation: _CORRELATION for spread in cell.spreads if spread.correlation}


def defaults(cell: CellType) -> dict[str, Given]:
    """What holds where only some arms say how much numbers vary: they are alike, and move together."""
    paths = expected(cell)
    return {path: Given("1" if path.endswith(".correlation") else "0", "default") for path in paths}


def written(cell: CellSpec, name: str, place: str) -> dict[str, Given]:
    """The numbers that one ``variability:`` gives, by path."""
    numbers = {}
    for number, one in enumerate(cell.variability):
        owner, here = f"{name}.spread.{number}", f"{place}.variability[{number}]"
        given = one.cv if isinstance(one.cv, tuple) else (one.cv,)
        for k, text in enumerate(given[:len(one.of)]):
            numbers[f"{owner}.cv.{k}" if isinstance(one.cv, tuple) else f"{owner}.cv"] = Given(text, f"{here}.cv")
        if one.correlation is not None:
            numbers[f"{owner}.correlation"] = Given(one.correlation, f"{here}.correlation")
    return numbers


def check(spec: ModelSpec, model: ResolvedModel, notes: Notes) -> None:
    """What varies, and how much, in the base and in every arm; what is wrong is noted."""
    _check_words(model.cells, spec.cells, model.parameters, notes)
    base = {path: parameter.value for path, parameter in model.parameters.items()}
    layers: list[tuple[str, Mapping[str, float]]] = [("", {}), *((arm.name, arm.values) for arm in model.arms)]
    for name, layer in layers:
        values = {**base, **layer}
        for cell, number, spread in _each(model.cells):
            if name and not {*spread.paths, *spread.variations, spread.correlation} & set(layer):
                continue
            place = f"arms.{name}" if name else f"cells.{cell.name}.variability[{number}]"
            if all(path in values for path in (*spread.paths, *spread.variations)):
                _check_spread(spread, values, place, notes, is_base=not name)
    for cell in model.cells:
        _check_nodes(model, cell, notes)
    if model.schedule.nodes is not None and not any(cell.spreads for cell in model.cells):
        notes.add("note", "run.nodes", "`nodes` in a run of cells that are alike", "nodes are for cells that differ",
                  "it does nothing here", "give a cell type `variability:`, or leave it out")


def _check_words(cells: Sequence[CellType], said: Mapping[str, CellSpec], parameters: Mapping[str, Parameter],
                 notes: Notes) -> None:
    """Names and lengths."""
    for cell in cells:
        fixed = _fixed(cell)
        own = [path.removeprefix(f"{cell.name}.") for path in parameters if path.startswith(f"{cell.name}.")]
        can_vary = [word for word in own if f"{cell.name}.{word}" not in fixed and not _is_unused(word)]
        seen: dict[str, str] = {}
        words = said[cell.name].variability if cell.name in said else ()
        for number, spread in enumerate(cell.spreads):
            place = f"cells.{cell.name}.variability[{number}]"
            if number < len(words):
                _check_lengths(words[number].of, words[number].cv, place, notes)
            for path in spread.paths:
                word = path.removeprefix(f"{cell.name}.")
                if word not in own:
                    notes.add("error", f"{place}.of", f"`{word}` is no number of the {cell.label}",
                              "numbers that vary are named as `explain` prints them, without the cell",
                              "nothing would vary", nearest(word, can_vary))
                elif word not in can_vary:
                    notes.add("error", f"{place}.of", f"`{word}` cannot vary from cell to cell",
                              "vesicles of a class share one size law in the medium, shares of cells are of all of "
                              "them, and what no law of a single cell reads has no cell to vary in",
                              "nothing would vary", nearest(word, can_vary))
                elif path in seen:
                    notes.add("error", f"{place}.of", f"`{word}` varies a second time (first: {seen[path]})",
                              "a number varies by one factor", "its variation would not be the one that was written",
                              "name it once")
                seen.setdefault(path, place)


def sigma(variation: float) -> float:
    """Standard deviation of the logarithm of a log-normal number with this coefficient of variation."""
    return math.sqrt(math.log1p(variation * variation))


def english(model: ResolvedModel) -> list[str]:
    """What varies in the base, a sentence for each spread."""
    said = []
    for cell, _, spread in _each(model.cells):
        numbers = [f"{path.removeprefix(f'{cell.name}.')} by {100.0 * model.parameters[variation].value:g} %"
                   for path, variation in zip(spread.paths, spread.variations, strict=True)]
        how = ", together" if len(numbers) > 1 else ""
        if spread.correlation:
            how = f", with a correlation of {model.parameters[spread.correlation].value:g} between each two"
        said.append(f"From one {cell.name} to the next vary {' and '.join(numbers)}{how}.")
    return said


def alike(model: ResolvedModel) -> ResolvedModel:
    """The same model with cells that do not differ."""
    gone = {path for cell in model.cells for path in expected(cell)}
    return replace(
        model, cells=tuple(replace(cell, spreads=()) for cell in model.cells),
        parameters={path: one for path, one in model.parameters.items() if path not in gone},
        arms=tuple(replace(arm, values={path: value for path, value in arm.values.items() if path not in gone})
                   for arm in model.arms),
    )  # fmt: skip


def least(model: ResolvedModel, row: Mapping[str, float], path: str) -> float:
    """Smallest factor on a number that any cell may have; 1 where it does not vary."""
    for cell in model.cells:
        for spread in cell.spreads:
            for here, variation in zip(spread.paths, spread.variations, strict=True):
                if here == path:
                    return math.exp(-FARTHEST * sigma(row[variation]) - 0.5 * sigma(row[variation]) ** 2)
    return 1.0


def factors_of(spread: Spread) -> int:
    """Independent normals behind a spread: one if all its numbers move together."""
    return len(spread.paths) if spread.correlation else 1


def nodes_per_factor(model: ResolvedModel, cell: CellType) -> int:
    """Nodes of quadrature along each independent normal of a cell type; 0 for pairs of points on each axis."""
    count = sum(factors_of(spread) for spread in cell.spreads)
    return model.schedule.nodes or {1: 5, 2: 3}.get(count, 0)


def _each(cells: Sequence[CellType]) -> Iterator[tuple[CellType, int, Spread]]:
    for cell in cells:
        for number, spread in enumerate(cell.spreads):
            yield cell, number, spread


def _fixed(cell: CellType) -> set[str]:
    sizes = {path for origin in (cell.name, *cell.origins) for path in size_paths(origin)}
    shares = {f"{cell.name}.{state.name}.initial" for chain in cell.chains for state in chain.states}
    return sizes | shares | set(expected(cell))


def _is_unused(word: str) -> bool:
    return word.rpartition(".")[2] in _UNUSED


def _check_lengths(of: Sequence[str], variation: object, place: str, notes: Notes) -> None:
    if isinstance(variation, tuple) and len(variation) != len(of):
        notes.add("error", f"{place}.cv", f"{len(variation)} coefficients of variation for {len(of)} numbers",
                  "`cv` is one for all numbers, or one for each", "nobody knows which of them varies how much",
                  f"give {len(of)} of them, or one")


def _check_spread(spread: Spread, values: Mapping[str, float], place: str, notes: Notes, *, is_base: bool) -> None:
    count = len(spread.paths)
    for path, variation in zip(spread.paths, spread.variations, strict=True):
        cv = values[variation]
        if cv > HUGE:
            notes.add("error", f"{place}.cv" if is_base else place, f"`{path}` varies by {cv:.0%}",
                      f"a coefficient of variation is at most {HUGE:.0%}", "a few cells would hold nearly everything",
                      "give it as a share or in percent, as `40 %`")
        elif cv == 0.0 and is_base:
            notes.add("warning", f"{place}.cv", f"`{path}` varies by 0 %", "numbers in `variability` vary",
                      "all cells have the same", "give a `cv` above zero, or delete it")
        most = values[path] * math.exp(FARTHEST * sigma(cv) - 0.5 * sigma(cv) ** 2)
        if path.rpartition(".")[2] in SHARES and cv <= HUGE and most > 1.0:
            notes.add("error", f"{place}.of" if is_base else place,
                      f"`{path}` of {values[path]:g} would be up to {most:.3g} in a cell",
                      "a share is at most 1 in every cell", "a cell would set free more than it has",
                      "let it vary less, or vary a rate instead")
    correlation = values.get(spread.correlation, 1.0)
    least = -1.0 / (count - 1) if count > 1 else 1.0
    if not least - 1e-12 <= correlation <= 1.0:
        bounds = f"from {least:.3g} to 1" if count > 1 else "1"
        notes.add("error", f"{place}.correlation" if is_base else place,
                  f"a correlation of {correlation:g} between each two of {count} numbers",
                  f"it lies {bounds}" if count > 1 else "one number has nobody to be correlated with",
                  "no cells have such numbers",
                  f"give one {bounds}" if count > 1 else "leave it out")


def _check_nodes(model: ResolvedModel, cell: CellType, notes: Notes) -> None:
    if model.schedule.nodes is None or not cell.spreads or model.schedule.fidelity != "well_mixed":
        return
    count = sum(factors_of(spread) for spread in cell.spreads)
    if model.schedule.nodes ** count > MOST_NODES:
        notes.add("error", "run.nodes", f"{model.schedule.nodes} nodes for each of the {count} factors by which cells "
                  f"of {cell.name} differ", f"a mean field follows at most {MOST_NODES} kinds of cells of a type",
                  f"it would follow {model.schedule.nodes ** count:,}".replace(",", " "),
                  "leave `nodes` out, let numbers vary together (no `correlation`), or run `fidelity: stochastic`")
