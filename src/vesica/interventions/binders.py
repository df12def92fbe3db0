"""What binds a molecule and takes it away: anti-miRs, cloaks of vesicles, antibodies to factors of the medium."""

from __future__ import annotations

from typing import Final

from vesica.errors import nearest
from vesica.interventions.scene import Scene
from vesica.spec.arms import Effect
from vesica.spec.quantities import Notes
from vesica.spec.treatments import AntiMir, Cloak, Neutralise
from vesica.spec.vocabulary import AFFINITY, ANTI_MIR

PHOSPHATIDYLSERINE: Final = "phosphatidylserine"


def anti_mir(intervention: AntiMir, scene: Scene) -> Effect:
    """Free miRNA goes so many times faster that a share of it is left where it is made steadily."""
    name, path, notes = intervention.anti_mir, scene.path, Notes.elsewhere()
    left = notes.quantity(intervention.to, "", f"{path}.to", at_most=1.0, positive=True)
    kinds = {cargo.name: cargo.kind for cargo in scene.model.cargo}
    holders = [cell for cell in scene.cells if name in cell.cargo and kinds.get(name) == "mirna"]
    if not holders:
        known = {one for cell in scene.cells for one in cell.cargo if kinds.get(one) == "mirna"}
        notes.add("error", f"{path}.anti_mir", f"`{name}` is no miRNA of {scene.who}",
                  "an anti-miR binds a miRNA that the cell holds", "the intervention would do nothing",
                  nearest(name, known))
    if left is None or notes.has_errors:
        return Effect(findings=tuple(notes.findings))
    words = f"anti-miR in {scene.among(holders)} leaves {left:.3g} of free {name}, own and received"
    return Effect(values={f"{cell.name}.{name}.{ANTI_MIR}": 1.0 / left for cell in holders}, english=words)


def cloaked(intervention: Cloak, scene: Scene) -> Effect:
    """Vesicles of one sender, of all kinds, bind less."""
    notes, sender, model, path = Notes.elsewhere(), intervention.of, scene.model, scene.path
    left = notes.quantity(intervention.to, "", f"{path}.to", at_most=1.0)
    senders = {cell.name: cell for cell in model.cells if cell.origins}
    if sender not in senders:
        notes.unknown(f"{path}.of", "cell type that makes vesicles", sender, senders, "nothing would be cloaked")
        return Effect(findings=tuple(notes.findings))
    on_membrane = {cargo.name for cargo in model.cargo if cargo.topology == "membrane"} & {*senders[sender].cargo}
    if intervention.cloak not in (known := {PHOSPHATIDYLSERINE, *on_membrane}):
        notes.add("error", f"{path}.cloak", f"`{intervention.cloak}` is not on vesicles of the {sender}",
                  "what is cloaked is phosphatidylserine, or cargo of their membrane", "nothing would be cloaked",
                  nearest(intervention.cloak, known))
    paths = [f"{cell.name}.{AFFINITY}{sender}" for cell in scene.cells]
    factors = {found: left for found in paths if found in model.parameters and left is not None}
    if left is None or notes.has_errors:
        return Effect(findings=tuple(notes.findings))
    words = f"{intervention.cloak} of vesicles of the {sender} cloaked: binding at {left:.3g} of normal"
    words += "" if scene.everywhere else f" in {scene.who}"
    return Effect(factors=factors, english=words)


def neutralised(intervention: Neutralise, scene: Scene) -> Effect:
    """A factor of the medium is lost so many times faster that a share is left where it is made steadily."""
    name, model, path, notes = intervention.neutralise, scene.model, scene.path, Notes.elsewhere()
    left = notes.quantity(intervention.to, "", f"{path}.to", at_most=1.0, positive=True)
    if name not in model.solubles:
        notes.unknown(f"{path}.neutralise", "soluble of this model", name, model.solubles, "nothing would be bound")
    elif f"{name}.decay_rate" not in model.parameters or model.parameters[f"{name}.decay_rate"].value == 0.0:
        notes.add("error", f"{path}.neutralise", f"`{name}` is not lost from the medium at all",
                  "what neutralises a factor makes its loss faster", "a multiple of no loss would do nothing",
                  f"give `{name}.decay_rate` a value above zero")
    if left is None or notes.has_errors:
        return Effect(findings=tuple(notes.findings))
    return Effect(factors={f"{name}.decay_rate": 1.0 / left}, english=f"{name} neutralised to {left:.3g} of normal")
