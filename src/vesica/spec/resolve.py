"""From the user's words to a model in which every name is looked up and every number is in internal units."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from vesica import library as libraries
from vesica.errors import Finding, InputError, nearest
from vesica.library import AgentEntry, Library, SolubleEntry
from vesica.spec import (
    arms,
    contacts,
    drugs,
    engineering,
    handling,
    isolation,
    measured,
    medium_networks,
    preparations,
    rule_checks,
    rulebook,
    schedules,
    spaces,
    structure,
    switches,
    table,
    tissue_checks,
    variability,
    vessel,
    vessel_checks,
)
from vesica.spec.arms import Apply, Condition, Shelf
from vesica.spec.cells import Network
from vesica.spec.model import AgentSpec, ModelSpec, SolubleSpec
from vesica.spec.quantities import Notes, entry_molar_mass, molar_mass_of, seconds
from vesica.spec.resolved import Arm, Cargo, Published, ResolvedModel, Switch
from vesica.spec.rule_words import BOUND

Masses = Mapping[str, float | None]  # g/mol, of agents or solubles


def resolve(
    spec: ModelSpec, *, apply: Apply, switches: Mapping[str, str] | None = None
) -> tuple[ResolvedModel, list[Finding]]:
    """Look everything up.

    Parameters
    ----------
    spec : ModelSpec
    apply : function
        What an intervention does, `interventions.apply`.
    switches : mapping, optional
        Options to use instead of the model's own choices, by the name of the switch.

    Returns
    -------
    model, findings
        The findings are warnings and notes.

    Raises
    ------
    InputError
        With every finding, if one of them is an error.
    """
    model, findings = examine(spec, apply=apply, switches=switches)
    if model is None:
        raise InputError(*findings)
    return model, findings


def examine(
    spec: ModelSpec, *, apply: Apply | None = None, switches: Mapping[str, str] | None = None
) -> tuple[ResolvedModel | None, list[Finding]]:
    """`resolve` that does not raise: no model where a finding is an error.

    Without ``apply`` interventions are not looked at.
    """
    notes = Notes(spec.origin)
    library = _library(spec, notes)
    if library is None:
        return None, notes.findings
    model = _resolve(spec, library, apply, dict(switches or {}), notes)
    order = {"error": 0, "warning": 1, "note": 2}
    findings = sorted(notes.findings, key=lambda finding: order[finding.severity])
    return (None if notes.has_errors else model), findings


def _library(spec: ModelSpec, notes: Notes) -> Library | None:
    used = [name.removeprefix("library:") for name in spec.use]
    if len(used) != 1:
        notes.add("error", "use", f"`use:` names {len(used)} libraries", "a model starts from one library",
                  "names would have no, or two, meanings", "write `use: [library:cns]`")
        return None
    try:
        return libraries.load(used[0])
    except InputError as failure:
        notes.take(*(dataclasses.replace(finding, path="use") for finding in failure.findings))
        return None


def _resolve(
    spec: ModelSpec, library: Library, apply: Apply | None, overrides: Mapping[str, str], notes: Notes
) -> ResolvedModel:
    if any(network.sbml is not None for network in spec.networks.values()):
        from vesica.spec import sbml_words  # reads files: imported where there are any

        spec = sbml_words.with_sbml(spec, notes)
    molar = _molar_masses(spec, library, notes)
    frame = _frame(spec, library, molar, notes)
    if frame is not None:
        from vesica.spec import settling  # with numpy, which mixed models do without

        spec = settling.counted(spec, frame, notes)
    names = structure.catalogue(spec, library, notes)
    plans = structure.plan_cells(spec, names, notes)
    held = medium_networks.build(medium_networks.plan(spec, library, notes), names, notes)
    chosen = switches.choose(spec, library, overrides, notes)
    options = {switch.name: switch.chosen for switch in chosen}
    readings = measured.read(spec, library, names, plans, options, notes)
    given = [item for condition in arms.conditions(spec) for item in condition.exposures]
    prepared = preparations.plan(spec, given, library, names.cargo, [plan.name for plan in plans], notes)
    of_medium = preparations.of_medium(spec, library, notes)
    book = rulebook.collect(spec, names, plans, options, notes, readings.rules)
    schedule = schedules.schedule(spec, notes)
    touching = contacts.contacts_of(spec, [plan.name for plan in plans], notes)
    gathered = table.Gathered(names, plans, prepared, held, touching, book, chosen, {**readings.numbers, **of_medium},
                              molar)
    solubles = table.solubles_of(spec, gathered)
    used = drugs.used(spec, names, plans, solubles, molar)
    numbers = table.build(spec, gathered, used, notes)
    domain = vessel.domain(spec, frame.space if frame else None, numbers.parameters, notes)
    model = ResolvedModel(
        title=spec.title, domain=domain, cells=tuple(plan.cell for plan in plans),
        cargo=_cargo(gathered), solubles=solubles,
        agents=book.agents, rules=book.rules, parameters=numbers.parameters, arms=(), schedule=schedule,
        switches=chosen, published=_published(spec, chosen, notes), measurements=readings.measurements,
        observe=spec.observe, preparations=tuple(one.preparation for one in prepared),
        soluble_kinds=preparations.soluble_kinds(spec, library),
        dyes=tuple(sorted(isolation.dyes(given, library))), networks=held.networks, drugs=used, contacts=touching,
    )  # fmt: skip
    read = {*book.agents, *_agents_read(plans, names, held.networks)}
    drugs.check_exposures(arms.conditions(spec), library.agents, read, notes)
    masses = {name: molar.get(name) for name in names.agents}
    resolved = _arms(spec, model, numbers, (masses, molar), drugs.shelf(library, molar), apply, library, notes)
    agents = {exposure.agent for arm in resolved for exposure in arm.exposures}
    agents |= {added.soluble for arm in resolved for added in arm.additions} - {*model.solubles}
    if frame is not None and not notes.has_errors:
        space = settling.settled(resolved, spec, frame, numbers.parameters, notes)
        model = dataclasses.replace(model, domain=dataclasses.replace(model.domain, space=space))
    model = dataclasses.replace(model, arms=tuple(resolved), agents=tuple(sorted(agents | read)))
    if apply is not None and not notes.has_errors:
        rule_checks.check(model, book.places, notes)
    variability.check(spec, model, notes)
    vessel_checks.check(spec, model, notes)
    tissue_checks.check(spec, model, notes)
    contacts.check(spec, model, notes)
    medium_networks.check(model, notes)
    return contacts.balanced(model)


def _frame(spec: ModelSpec, library: Library, molar: Masses, notes: Notes) -> spaces.Frame | None:
    """The box of a model with positions, and the cells of the user's data."""
    said = spaces.spatial(spec)
    if said is None:
        tissue_checks.refuse_outside(spec, notes)
        return None
    size, edges = spaces.size_of(said, notes), spaces.edges_of(said, notes)
    found = None
    if spec.positions is not None and edges is not None:
        from vesica.spec import positions  # with numpy, which mixed models do without

        found = positions.of_model(spec.positions, said, size, edges, library, notes)
    if size is None and spec.positions is None and not notes.has_errors_at("domain"):
        spaces.without_size(said, notes)
    size = size if size is not None or found is None else found.size
    if size is None or edges is None:
        return spaces.Frame(spaces.BROKEN)
    known = spaces.Known([*spec.solubles, *library.solubles], [*spec.agents, *library.agents], molar)
    return spaces.Frame(spaces.space_of(said, size, edges, known, notes), found.cells if found is not None else {})


def _agents_read(
    plans: Sequence[structure.CellPlan], names: structure.Catalogue, of_medium: Sequence[Network]
) -> set[str]:
    read = (table.words_of_networks((*of_medium, *(network for plan in plans for network in plan.cell.networks))))
    read |= {name for plan in plans if plan.cell.motility for name in plan.cell.motility.attractants}
    return read & set(names.agents)


def _arms(
    spec: ModelSpec, model: ResolvedModel, numbers: table.Numbers, masses: tuple[Masses, Masses],
    shelf: Shelf, apply: Apply | None, library: Library, notes: Notes,
) -> list[Arm]:
    found = arms.conditions(spec)
    cells = [cell.name for cell in model.cells]
    resolved = []
    for condition in found:
        counts = arms.count_cells(condition, cells, notes)
        handling.check_agents(condition, model.solubles, notes)
        arm = arms.resolve_arm(condition, counts, [item.name for item in found], model.schedule.duration, masses[0],
                               library, notes)
        arm = handling.handled(arm, condition, model, masses[1], notes)
        values = numbers.changes.get(condition.name, {})
        shown = {path: numbers.shown[condition.name][path] for path in values}
        words = tuple(f"{path} is {text}" for path, text in shown.items())
        arm = dataclasses.replace(arm, values=dict(values), english=(*arm.english, *words))
        if apply is not None:
            changed = {path: dataclasses.replace(model.parameters[path], value=value, shown=shown[path])
                       for path, value in values.items()}  # fmt: skip
            here = dataclasses.replace(model, parameters={**model.parameters, **changed})
            arm = arms.intervene(arm, condition, here, shelf, apply, notes)
        resolved.append(arm)
    arms.check_order(resolved, found, notes)
    arms.check_controls(found, notes)
    resolved = engineering.handed_on(resolved, found, notes)
    is_whole = apply is not None or not any(condition.interventions for condition in found)
    if is_whole and not notes.has_errors:  # what is left of a broken arm may look like another
        arms.check_twins(resolved, notes)
    _check_unused(found, resolved, cells, notes)
    return resolved


def _check_unused(found: Sequence[Condition], resolved: Sequence[Arm], cells: Sequence[str], notes: Notes) -> None:
    for name in cells:
        if any(arm.counts.get(name, 0.0) > 0.0 for arm in resolved):
            continue
        place = next((condition.counts[name][0] for condition in found if name in condition.counts), f"cells.{name}")
        notes.add("warning", place, f"no arm has any `{name}`", "a cell type is there to be in an arm",
                  "it does nothing, and costs time", "give it a count in an arm, or delete it")


def _molar_masses(spec: ModelSpec, library: Library, notes: Notes) -> dict[str, float | None]:
    """g/mol of agents and solubles."""
    masses: dict[str, float | None] = {}
    known: Mapping[str, SolubleEntry | AgentEntry] = {**library.solubles, **library.agents}
    for name, item in known.items():
        masses[name] = entry_molar_mass(library.entries[item.molar_mass]) if item.molar_mass else None
    own: dict[str, Mapping[str, SolubleSpec | AgentSpec]] = {"solubles": spec.solubles, "agents": spec.agents}
    for key, words in own.items():
        for name, said in words.items():
            if said.molar_mass is not None or name not in masses:
                masses[name] = molar_mass_of(said.molar_mass, f"{key}.{name}.molar_mass", notes)
    return masses


def _cargo(gathered: table.Gathered) -> tuple[Cargo, ...]:
    plans, known = gathered.plans, gathered.names.cargo
    used = {cargo for plan in plans for cargo in (*plan.cell.cargo, *plan.cell.mirna_targets)}
    used |= preparations.carried(gathered.prepared) | set(gathered.book.cargo)
    used |= {word.removeprefix(BOUND) for plan in plans for word in table.words_of_networks(plan.cell.networks)}
    used |= {word.removeprefix(medium_networks.FREE) for word in table.words_of_networks(gathered.held.networks)}
    return tuple(known[name] for name in sorted(used) if name in known)


def _published(spec: ModelSpec, chosen: Sequence[Switch], notes: Notes) -> tuple[Published, ...]:
    known = set(spec.arms) or {arms.BASE}
    structures = {name for switch in chosen
                  for option in switch.options for name in (option, f"{switch.name}={option}")}  # fmt: skip
    seen: set[str] = set()
    for index, row in enumerate(spec.published):
        place = f"published[{index}]"
        for key in ("arm", "against"):
            if getattr(row, key) not in known:
                notes.unknown(f"{place}.{key}", "arm", getattr(row, key), known, "there is nothing to compare")
        if row.key in seen:
            notes.add("error", f"{place}.key", f"`{row.key}` is used twice", "each published finding has its own key",
                      "one would hide the other", "choose another key")
        seen.add(row.key)
        for name in row.presupposed_by:
            if name not in structures:
                notes.add("warning", f"{place}.presupposed_by", f"`{name}` is no option of a switch",
                          "what presupposes a finding is a structure of the model",
                          "the finding would count as one that could have failed", nearest(name, structures))
    return tuple(
        Published(**row.model_dump(exclude={"at"}),
                  at=None if row.at is None else seconds(row.at, f"published[{index}].at", notes))
        for index, row in enumerate(spec.published)
    )
