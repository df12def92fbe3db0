"""The recipient: what it holds, how it binds and takes up vesicles."""

from __future__ import annotations

from vesica.engine import transfer
from vesica.engine.naming import Content, Names, ago_token
from vesica.engine.table import Pool
from vesica.spec.cells import CellType
from vesica.spec.vocabulary import (
    AFFINITY,
    ANTI_MIR,
    BINDING,
    FUSOGENICITY,
    TRANSFER,
    kind_of,
    label_of,
    sender_of,
)


def bind_cell_contents(names: Names, cell: CellType) -> None:
    """Signals, own cargo, miRNA targets and secretion of one cell type."""
    needs = frozenset({f"cell:{cell.name}"})
    for cargo in cell.cargo:
        _own_cargo(names, cell, cargo, needs)
    if cell.has_ago:
        transfer.bind_ago(names, cell, needs)
    for mrna, protein in cell.translations:
        transfer.bind_translation(names, cell.name, mrna, protein, needs)
    for mirna in cell.mirna_targets:
        _titration(names, cell, mirna, needs)
    for signal in cell.signals:
        _signal(names, cell.name, signal.name, signal.requires, needs)
    for soluble in cell.solubles:
        rate = names.rate(cell.name, f"{soluble}_secretion", f"{cell.name}.{soluble}.secretion_rate")
        names.table.flux(f"secretion/{cell.name}.{soluble}", cell.name, (rate, *names.alive(cell.name)),
                         {f"medium.{soluble}": 1}, needs)


def _own_cargo(names: Names, cell: CellType, cargo: str, needs: frozenset[str]) -> None:
    """Turnover of a cargo of the cell; what vesicles take and bring is booked beside it."""
    c, token = cell.name, f"{cargo} of {cell.name}"
    own = Pool(f"{c}.{cargo}", c, "molecule", f"{cargo} in the cell", needs, rest=f"{c}.{cargo}.basal")
    names.table.pool(own, **{token: 1})
    base = transfer.synthesis(names, cell, cargo)
    production = names.rate(c, f"{cargo}_production", base)
    decay = names.rate(c, f"{cargo}_decay", f"{c}.{cargo}.decay_rate")
    if (fold := f"{c}.{cargo}.{ANTI_MIR}") in names.model.parameters:  # it takes what is received, too
        decay = names.table.assign(f"{c}.{cargo}_decay with an anti-miR", "product", decay, fold)
    names.table.flux(f"cargo_production/{own.name}", c, (production, *names.alive(c)), {names.entry(cell, cargo): 1},
                     needs, (token,))
    names.table.flux(f"cargo_decay/{own.name}", c, (decay, own.name), {own.name: -1} | names.freed(cell, cargo), needs,
                     (token,))
    if cell.secretes_vesicles:
        names.table.weigh(token, f"{c}.made/{cargo}", 1)
        names.table.weigh(token, f"{c}.returned/{cargo}", -1)
    if cell.takes_up_vesicles and names.kind(cargo) != "ligand":
        for origin in names.carriers(cargo):
            names.table.weigh(token, f"{c}.delivered:{origin}/{cargo}", -1)


def _titration(names: Names, cell: CellType, mirna: str, needs: frozenset[str]) -> None:
    """The miRNA binds its whole target pool; a repressed target decays faster and frees it."""
    c = cell.name
    free, target, held = f"{c}.{mirna}", f"{c}.{mirna}_target", f"{c}.{mirna}_repressed"
    prefix, token, targets = f"{c}.{mirna}", f"{mirna} of {c}", f"{mirna} targets of {c}"
    add, flux, assign = names.table.pool, names.table.flux, names.table.assign
    add(Pool(target, c, "molecule", f"free targets of {mirna}", needs, rest=f"{prefix}.target_sites"), **{targets: 1})
    with_ago = {ago_token(c): 1} if names.uses_ago(cell, mirna) else {}
    add(Pool(held, c, "molecule", f"targets held by {mirna}", needs), **{token: 1, targets: 1}, **with_ago)
    made = assign(f"{prefix}_target_synthesis", "synthesis", f"{prefix}.target_sites", f"{prefix}.target_decay_rate")
    flux(f"target_synthesis/{target}", c, (made, *names.alive(c)), {target: 1}, needs, (targets,))
    flux(f"target_decay/{target}", c, (f"{prefix}.target_decay_rate", target), {target: -1}, needs, (targets,))
    meeting = assign(f"{prefix}_meeting", "mass_action", f"{prefix}.target_binding_rate", free, names.living(c, target))
    flux(f"titration_binding/{held}", c, (meeting,), {free: -1, target: -1, held: 1}, needs)
    flux(f"titration_unbinding/{held}", c, (f"{prefix}.target_unbinding_rate", held), {held: -1, free: 1, target: 1},
         needs)
    flux(f"repressed_decay/{held}", c, (f"{prefix}.repressed_decay_rate", held), {held: -1, free: 1}, needs,
         (targets,))


def _signal(names: Names, c: str, signal: str, requires: str | None, needs: frozenset[str]) -> None:
    """A signal made at its basal rate, times its receptor where it needs one, and lost again."""
    pool = Pool(f"{c}.{signal}", c, "", signal.replace("_", " "), needs, rest=f"{c}.{signal}.basal",
                is_level=True)
    names.table.pool(pool)
    base = names.table.assign(f"{c}.{signal}_basal", "production", f"{c}.{signal}.basal", f"{c}.{signal}.decay_rate")
    production = names.rate(c, f"{signal}_production", base)
    if requires is not None:  # without the receptor nothing is made, whatever rules add
        share = names.table.assign(f"{c}.{signal}_receptors", "receptor_share",
                                   names.living(c, f"{c}.{requires}"), f"{c}.{signal}.reference")
        production = names.table.assign(f"{c}.{signal}_drive", "product", production, share)
    decay = names.rate(c, f"{signal}_decay", f"{c}.{signal}.decay_rate")
    names.table.flux(f"signal_production/{pool.name}", c, (production,), {pool.name: 1}, needs)
    names.table.flux(f"signal_decay/{pool.name}", c, (decay, pool.name), {pool.name: -1}, needs)


def bind_recipient(names: Names, cell: CellType) -> None:
    """Binding, endocytosis, drinking, fusion, degradation, recycling and escape.

    One law for all classes of vesicles: they differ in diffusivity and in what they carry.
    """
    c, origins = cell.name, names.origins
    if not origins:
        return
    for cargo in cell.cargo:
        if names.kind(cargo) == "receptor" and names.carriers(cargo):
            _surfacing(names, c, cargo)
    for origin in origins:
        needs = frozenset({f"cell:{c}", f"origin:{origin}"})
        _uptake_pools(names, c, origin, needs)
    bound = names.living(c, names.bound(c))
    sites = names.table.assign(f"{c}.free_sites", "free_sites", names.rate(c, "receptor_sites"), bound)
    for origin in origins:
        needs = frozenset({f"cell:{c}", f"origin:{origin}"})
        hazards = _uptake_hazards(names, c, origin, sites)
        for content in names.contents(origin):
            _uptake(names, cell, origin, content, hazards, needs)


def _surfacing(names: Names, c: str, cargo: str) -> None:
    """A receptor received in the endosome's membrane surfaces, or is degraded first."""
    needs, token = frozenset({f"cell:{c}"}), f"{cargo} of {c}"
    arriving = Pool(f"{c}.{cargo}_arriving", c, "molecule", f"received {cargo} in endosomes", needs)
    names.table.pool(arriving, **{token: 1})
    names.table.flux(f"surfacing/{arriving.name}", c, (names.rate(c, "receptor_surfacing_rate"), arriving.name),
                     {arriving.name: -1, f"{c}.{cargo}": 1}, needs)
    names.table.flux(f"disposal/{arriving.name}", c, (names.rate(c, "receptor_disposal_rate"), arriving.name),
                     {arriving.name: -1}, needs, (token,))


def _uptake_pools(names: Names, c: str, origin: str, needs: frozenset[str]) -> None:
    label = f"vesicles of {label_of(origin)} taken up and kept so far"
    names.table.pool(Pool(f"{c}.taken_up:{origin}", c, "vesicle", label, needs, counter=True))
    for content in names.contents(origin):
        for pool, label, counter in (
            ("bound", "bound", False),
            ("inside", "in endosomes", False),
            ("degraded", "degraded so far", True),
            ("delivered", "delivered so far", True),
        ):
            name = f"{c}.{pool}:{origin}{content.suffix}"
            described = f"{content.label} of {label_of(origin)} {label}"
            names.table.pool(Pool(name, c, content.unit, described, needs, counter=counter), **{content.token: 1})


def _uptake_hazards(names: Names, c: str, origin: str, sites: str) -> dict[str, str]:
    """Value names of the hazards; binding and unbinding feel diffusion to the cell."""
    assign, volume = names.table.assign, names.table.derive("medium.volume")
    diffusivity = names.table.derive(f"{origin}.diffusivity")
    binding = names.rate(c, "binding_rate")
    affinity = f"{c}.{AFFINITY}{sender_of(origin)}"
    if affinity in names.model.parameters:
        binding = assign(f"{c}.binding:{origin}", "product", binding, affinity)
    binding = names.drugged(c, f"{kind_of(origin)}{BINDING}", binding, f":{origin}")
    fuse, escape = names.rate(c, "surface_fusion_rate"), names.rate(c, "escape_rate")
    fusogenicity = f"{sender_of(origin)}.{FUSOGENICITY}"
    if fusogenicity in names.model.parameters:
        fuse = assign(f"{c}.fusion:{origin}", "product", fuse, fusogenicity)
        escape = assign(f"{c}.escape:{origin}", "product", escape, fusogenicity)
    divisor = assign(f"{c}.divisor:{origin}", "capture_divisor", binding, sites, diffusivity, f"{c}.capture_radius")
    return {
        "bind": assign(f"{c}.bind:{origin}", "binding_hazard", binding, sites, divisor, volume),
        "unbind": assign(f"{c}.unbind:{origin}", "unbinding_hazard", names.rate(c, "unbinding_rate"), divisor),
        "drink": assign(f"{c}.drink", "drinking_hazard", names.rate(c, "macropinocytosis_rate"), volume),
        "internalise": names.rate(c, "internalisation_rate"),
        "fuse": fuse,
        "degrade": names.rate(c, "ev_degradation_rate"),
        "recycle": names.rate(c, "ev_recycling_rate"),
        "escape": escape,
    }


def _uptake(names: Names, cell: CellType, origin: str, content: Content, hazard: dict[str, str],
            needs: frozenset[str]) -> None:
    """The moves of one content (vesicles, or one cargo) of one origin at one recipient."""
    c, flux, end = cell.name, names.table.flux, f":{origin}{content.suffix}"
    free, bound, inside = f"medium.free{end}", f"{c}.bound{end}", f"{c}.inside{end}"
    degraded, delivered = f"{c}.degraded{end}", f"{c}.delivered{end}"
    counted = {f"{c}.taken_up:{origin}": 1} if content.cargo is None else {}
    alive = names.alive(c)
    where = f"{c}{end}"
    flux(f"binding/{where}", c, (hazard["bind"], free, *alive), {free: -1, bound: 1}, needs)
    flux(f"unbinding/{where}", c, (hazard["unbind"], bound), {bound: -1, free: 1}, needs)
    transfer_rate = f"{content.cargo}.{TRANSFER}"
    if transfer_rate in names.model.parameters:  # dye passes from membrane to membrane, without its vesicle
        flux(f"dye_transfer/{where}", c, (transfer_rate, bound), {bound: -1, delivered: 1}, needs)
    flux(f"endocytosis/{where}", c, (hazard["internalise"], bound), {bound: -1, inside: 1} | counted, needs)
    flux(f"macropinocytosis/{where}", c, (hazard["drink"], free, *alive), {free: -1, inside: 1} | counted, needs)
    leaving = {bound: -1, delivered: 1} | counted
    for way in transfer.ways_from_surface(names, cell, content):
        flux(f"membrane_fusion/{where}{way.end}", c, (hazard["fuse"], bound, *way.share), leaving | way.moves, needs,
             way.opens)
    flux(f"lysosomal_degradation/{where}", c, (hazard["degrade"], inside), {inside: -1, degraded: 1}, needs)
    uncounted = {pool: -count for pool, count in counted.items()}  # it may be taken up again, and counts once
    flux(f"recycling/{where}", c, (hazard["recycle"], inside), {inside: -1, free: 1} | uncounted, needs)
    for way in transfer.ways_from_endosome(names, cell, content):
        flux(f"escape/{where}{way.end}", c, (hazard["escape"], inside, *way.share),
             {inside: -1, delivered: 1} | way.moves, needs, way.opens)
