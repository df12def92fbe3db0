"""Matrix around cells: they lay it down, it holds vesicles and factors, and proteases of the medium digest it.

It lies where its cells are and outlives them. What it holds rests on molecules of matrix, so it goes free at the hazard
at which these are lost, and never more is held than there are sites.
"""

from __future__ import annotations

from vesica.engine.naming import Names
from vesica.engine.table import Pool
from vesica.spec.cells import CellType, Matrix
from vesica.spec.rule_words import MATRIX
from vesica.spec.vocabulary import label_of


def bind_matrix(names: Names, cell: CellType, matrix: Matrix) -> None:
    """The matrix of one cell type; bound after death, which leaves it where it is."""
    c, needs = cell.name, frozenset({f"cell:{cell.name}"})
    own = names.table.pool(Pool(f"{c}.{MATRIX}", c, "molecule", "matrix around the cell", needs))
    loss = names.rate(c, "matrix_decay_rate")
    for protease in matrix.proteases:
        rate = names.table.assign(f"{c}.digestion_by_{protease}", "product", f"{c}.{protease}.matrix_digestion_rate",
                                  names.concentration(protease))
        loss = names.table.assign(f"{loss}+{protease}", "total", loss, rate)
    names.table.flux(f"matrix_secretion/{c}", c, (names.rate(c, "matrix_secretion_rate"), *names.alive(c)), {own: 1},
                     needs)
    names.table.flux(f"matrix_loss/{c}", c, (loss, own), {own: -1}, needs)
    if names.origins:
        _hold_vesicles(names, c, own, loss)
    for factor in matrix.factors:
        _hold_factor(names, c, factor, own, loss)


def _hold_vesicles(names: Names, c: str, own: str, loss: str) -> None:
    assign, flux = names.table.assign, names.table.flux
    held = {(origin, content.suffix): Pool(f"{c}.{MATRIX}:{origin}{content.suffix}", c, content.unit,
                                           f"{content.label} of {label_of(origin)} in the matrix",
                                           frozenset({f"cell:{c}", f"origin:{origin}"}))
            for origin in names.origins for content in names.contents(origin)}
    room = assign(f"{c}.matrix_room", "product", own, f"{c}.matrix_vesicle_sites")
    free = assign(f"{c}.matrix_free", "difference", room, names.bound(c, place=MATRIX))
    catch = assign(f"{c}.matrix_catch", "product", names.rate(c, "matrix_binding_rate"), free)
    hazard = assign(f"{c}.matrix_bind", "quotient", catch, names.table.derive("medium.volume"))
    leaving = names.rate(c, "matrix_unbinding_rate")
    for origin in names.origins:
        for content in names.contents(origin):
            pool, end = held[origin, content.suffix], f":{origin}{content.suffix}"
            here, there = names.table.pool(pool, **{content.token: 1}), f"medium.free{end}"
            flux(f"matrix_binding/{c}{end}", c, (hazard, there), {there: -1, here: 1}, pool.needs)
            flux(f"matrix_unbinding/{c}{end}", c, (leaving, here), {here: -1, there: 1}, pool.needs)
            flux(f"matrix_release/{c}{end}", c, (loss, here), {here: -1, there: 1}, pool.needs)


def _hold_factor(names: Names, c: str, factor: str, own: str, loss: str) -> None:
    assign, flux, needs = names.table.assign, names.table.flux, frozenset({f"cell:{c}"})
    held = names.table.pool(Pool(f"{c}.{factor}_in_matrix", c, "molecule", f"{factor} in the matrix", needs))
    there, path = f"medium.{factor}", f"{c}.{factor}"
    room = assign(f"{path}_room", "product", own, f"{path}.matrix_sites")
    free = assign(f"{path}_sites", "difference", room, held)
    binding = (f"{path}.matrix_binding_rate", free, names.concentration(factor))
    flux(f"matrix_binding/{c}.{factor}", c, binding, {there: -1, held: 1}, needs)
    flux(f"matrix_unbinding/{c}.{factor}", c, (f"{path}.matrix_unbinding_rate", held), {held: -1, there: 1}, needs)
    flux(f"matrix_release/{c}.{factor}", c, (loss, held), {held: -1, there: 1}, needs)
