"""The donor cell: endosomes, MVBs with their ILVs and cargo, docking, fusion, tethering."""

from __future__ import annotations

from vesica.engine.naming import Names
from vesica.engine.table import Pool
from vesica.spec.cells import CellType


def bind_donor(names: Names, cell: CellType) -> None:
    """Everything from the early endosome to the vesicle in the medium, for one cell type."""
    _pools(names, cell)
    _biogenesis(names, cell)
    for stage in ("mvb", "docked"):
        _budding(names, cell, stage)
    _fates(names, cell)
    _tether(names, cell)


def _needs(cell: CellType) -> frozenset[str]:
    return frozenset({f"cell:{cell.name}"})


def _pools(names: Names, cell: CellType) -> None:
    c, needs, add = cell.name, _needs(cell), names.table.pool
    add(Pool(f"{c}.endosome", c, "", "early endosomes", needs))
    for stage, label in (("mvb", "MVBs"), ("docked", "docked MVBs")):
        add(Pool(f"{c}.{stage}", c, "", label, needs))
        add(Pool(f"{c}.{stage}_ilv2", c, "vesicle^2", f"sum of squared ILV numbers of {label}", needs))
    add(Pool(f"{c}.fused", c, "", "fusions so far", needs, counter=True))
    add(Pool(f"{c}.lysed", c, "", "MVBs that ended in the lysosome so far", needs, counter=True))
    add(Pool(f"{c}.released:{c}", c, "vesicle", "vesicles that left the cell so far", needs, counter=True))
    for content in names.made(cell.name):
        for pool, label, weight, counter in (
            ("mvb_ilv", "in MVBs", 1, False),
            ("docked_ilv", "in docked MVBs", 1, False),
            ("tethered", "tethered to the cell", 1, False),
            ("made", "made so far", -1, True),
            ("returned", "fused back so far", 1, True),
            ("degraded_inside", "degraded in the donor's lysosome so far", 1, True),
        ):
            pool_of = Pool(f"{c}.{pool}{content.suffix}", c, content.unit, f"{content.label} {label}", needs,
                           counter=counter)
            add(pool_of, **{content.token: weight})


def _biogenesis(names: Names, cell: CellType) -> None:
    c, needs, flux = cell.name, _needs(cell), names.table.flux
    flux(f"endosome_formation/{c}", c, (names.rate(c, "endosome_formation_rate"), *names.alive(c)),
         {f"{c}.endosome": 1}, needs)
    flux(f"endosome_recycling/{c}", c, (names.rate(c, "endosome_recycling_rate"), f"{c}.endosome"),
         {f"{c}.endosome": -1}, needs)
    flux(f"endosome_maturation/{c}", c, (names.rate(c, "endosome_maturation_rate"), f"{c}.endosome"),
         {f"{c}.endosome": -1, f"{c}.mvb": 1}, needs)


def _budding(names: Names, cell: CellType, stage: str) -> None:
    """ILVs bud in with their cargo and fuse back, in free and in docked MVBs alike."""
    c, needs, flux = cell.name, _needs(cell), names.table.flux
    assign, one = names.table.assign, names.table.derive("one")
    branches = (names.rate(c, "escrt_activity"), names.rate(c, "nsmase2_activity"))
    per_mvb = assign(f"{c}.budding_per_mvb", "budding_per_mvb", names.rate(c, "ilv_budding_rate"),
                     f"{c}.escrt_share", *branches)
    retro = names.rate(c, "retrofusion_rate")
    ilv, capacity = f"{c}.{stage}_ilv", f"{c}.ilv_capacity"
    budding = assign(f"{c}.{stage}_budding", "budding_rate", per_mvb, f"{c}.{stage}", ilv, capacity)
    second = assign(f"{c}.{stage}_second", "second_moment_rate", per_mvb, capacity, retro, f"{c}.{stage}", ilv,
                    f"{c}.{stage}_ilv2", one)
    flux(f"budding_square/{c}.{stage}", c, (second,), {f"{c}.{stage}_ilv2": 1}, needs)
    for content in names.made(cell.name):
        inside = f"{c}.{stage}_ilv{content.suffix}"
        back = {inside: -1, f"{c}.returned{content.suffix}": 1}
        if content.cargo is None:
            flux(f"budding/{c}.{stage}", c, (budding,), {inside: 1, f"{c}.made": 1}, needs)
        else:
            own = f"{c}.{content.cargo}"
            enrichment = names.rate(c, f"{content.cargo}_enrichment", f"{c}.{content.cargo}.enrichment")
            loading = names.loading(c, content.cargo, enrichment)
            flux(f"loading/{c}.{stage}{content.suffix}", c, (budding, loading, names.living(c, own)),
                 {own: -1, inside: 1, f"{c}.made{content.suffix}": 1} | names.freed(cell, content.cargo), needs)
            back[names.entry(cell, content.cargo)] = 1
        flux(f"retrofusion/{c}.{stage}{content.suffix}", c, (retro, inside), back, needs)


def _fates(names: Names, cell: CellType) -> None:
    """Lysosome, docking, undocking, fusion: an MVB takes its vesicles along, and they their cargo."""
    c, needs, flux, assign = cell.name, _needs(cell), names.table.flux, names.table.assign
    lysosome = names.rate(c, "mvb_lysosome_rate")
    docking = assign(f"{c}.docking", "docking_hazard", names.rate(c, "mvb_docking_rate"),
                     names.rate(c, "rab27_activity"), names.living(c, f"{c}.docked"), f"{c}.docking_sites")
    fusion = assign(f"{c}.fusion", "fusion_hazard", names.rate(c, "mvb_fusion_rate"), names.rate(c, "snare_activity"))
    undocking = names.rate(c, "mvb_undocking_rate")
    flux(f"lysosome/{c}", c, (lysosome, f"{c}.mvb"), {f"{c}.mvb": -1, f"{c}.lysed": 1}, needs)
    flux(f"docking/{c}", c, (docking, f"{c}.mvb"), {f"{c}.mvb": -1, f"{c}.docked": 1}, needs)
    flux(f"undocking/{c}", c, (undocking, f"{c}.docked"), {f"{c}.docked": -1, f"{c}.mvb": 1}, needs)
    flux(f"fusion/{c}", c, (fusion, f"{c}.docked"), {f"{c}.docked": -1, f"{c}.fused": 1}, needs)
    flux(f"lysosome/{c}.square", c, (lysosome, f"{c}.mvb_ilv2"), {f"{c}.mvb_ilv2": -1}, needs)
    flux(f"docking/{c}.square", c, (docking, f"{c}.mvb_ilv2"), {f"{c}.mvb_ilv2": -1, f"{c}.docked_ilv2": 1}, needs)
    flux(f"undocking/{c}.square", c, (undocking, f"{c}.docked_ilv2"),
         {f"{c}.docked_ilv2": -1, f"{c}.mvb_ilv2": 1}, needs)
    flux(f"fusion/{c}.square", c, (fusion, f"{c}.docked_ilv2"), {f"{c}.docked_ilv2": -1}, needs)
    tethered_share = names.table.derive(f"{c}.tethered_share")
    for content in names.made(cell.name):
        inside, docked = f"{c}.mvb_ilv{content.suffix}", f"{c}.docked_ilv{content.suffix}"
        free, tethered = f"medium.free:{c}{content.suffix}", f"{c}.tethered{content.suffix}"
        flux(f"lysosome/{c}.ilv{content.suffix}", c, (lysosome, inside),
             {inside: -1, f"{c}.degraded_inside{content.suffix}": 1}, needs)
        flux(f"docking/{c}.ilv{content.suffix}", c, (docking, inside), {inside: -1, docked: 1}, needs)
        flux(f"undocking/{c}.ilv{content.suffix}", c, (undocking, docked), {docked: -1, inside: 1}, needs)
        leaving = {docked: -1, free: 1} | ({f"{c}.released:{c}": 1} if content.cargo is None else {})
        flux(f"fusion/{c}.free{content.suffix}", c, (fusion, docked, f"{c}.released_share"), leaving, needs)
        flux(f"fusion/{c}.tethered{content.suffix}", c, (fusion, docked, tethered_share), {docked: -1, tethered: 1},
             needs)


def _tether(names: Names, cell: CellType) -> None:
    """Tethered vesicles detach, or are taken back with their cargo."""
    c, needs, flux = cell.name, _needs(cell), names.table.flux
    detach, back = names.rate(c, "tether_detachment_rate"), names.rate(c, "tether_return_rate")
    for content in names.made(cell.name):
        tethered = f"{c}.tethered{content.suffix}"
        leaving = {tethered: -1, f"medium.free:{c}{content.suffix}": 1}
        if content.cargo is None:
            leaving[f"{c}.released:{c}"] = 1
        returning = {tethered: -1, f"{c}.returned{content.suffix}": 1}
        if content.cargo is not None:
            returning[names.entry(cell, content.cargo)] = 1
        flux(f"tether_detachment/{c}{content.suffix}", c, (detach, tethered), leaving, needs)
        flux(f"tether_return/{c}{content.suffix}", c, (back, tethered), returning, needs)
