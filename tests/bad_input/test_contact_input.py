"""Contacts, junctions and gradients a stranger might write wrongly: four parts, the right place, the way out."""

from __future__ import annotations

import pytest

from tests.bad_input.test_bad_input import findings_of
from vesica.errors import Finding

GOOD = """\
vesica: 1
title: cells that touch
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: still}
use: [library:cns]
networks:
  pass_on:
    states: {IP3: {initial: 1 uM, junction: 1 um/s}, tone: {initial: 1}}
    constants: {k: 1 1/h, few: 100 molecule}
    reactions:
      rise: {equation: "-> tone", rate: "k * (touched_tone + touched_TLR4 / few)"}
      fall: {equation: "tone ->", law: mass_action, k: 1 1/h}
cells:
  microglia: {count: 1e5, networks: [pass_on]}
  neuron: {count: 1e5, networks: [pass_on], contacts: {microglia: 5 %}}
arms:
  base: {}
  other: {cells: {neuron: {contacts: {microglia: 10 %}}}}
rules:
  - "microglia: touched_TLR4 decreases TNF_secretion (half_max 10 molecule, hill 1, down to 0.5x)"
  - "microglia: gradient_TNF increases TNF_secretion (half_max 0.01, hill 1, up to 2x)"
run: {duration: 4 h, every: 1 h}
"""


def told(text: str) -> list[Finding]:
    return [one for one in findings_of(text) if one.severity != "note"]


def test_what_is_spoilt_below_is_good() -> None:
    assert told(GOOD) == []


# what is changed into what; path of the finding, its severity, words in what was written and in the way out
BAD = [
    ("contacts: {microglia: 5 %}", "contacts: {micorglia: 5 %}", "cells.neuron.contacts.micorglia", "error",
     "micorglia", "microglia"),
    ("contacts: {microglia: 5 %}", "contacts: {microglia: -5 %}", "cells.neuron.contacts.microglia", "error",
     "negative", "zero or more"),
    ("contacts: {microglia: 5 %}", "contacts: {microglia: 120 %}", "cells.neuron.contacts.microglia", "error",
     "more than 1", "up to 1"),
    ("contacts: {microglia: 5 %}", "contacts: {microglia: 5 um}", "cells.neuron.contacts.microglia", "error", "5 um",
     ""),
    ("contacts: {microglia: 5 %}", "contacts: {microglia: 60 %, neuron: 50 %}", "cells.neuron.contacts.microglia",
     "error", "110 % of their membrane (60 % with microglia, 50 % with neuron)", "smaller shares"),
    ("neuron: {count: 1e5,", "neuron: {count: 1e7,", "cells.neuron.contacts.microglia", "error",
     "cells of `microglia` touch others with", "more cells of `microglia`"),
    ("other: {cells: {neuron: {contacts: {microglia: 10 %}}}}", "other: {cells: {microglia: {contacts: {neuron: 0}}}}",
     "arms.other.cells.microglia.contacts.neuron", "error", "which share of `microglia` touches `neuron`",
     "cells: {neuron: {contacts: {microglia: ...}}}"),
    ("other: {cells: {neuron: {contacts: {microglia: 10 %}}}}",
     "other: {parameters: {microglia.contact_with_neuron: 0}}",
     "arms.other.parameters.microglia.contact_with_neuron", "error", "which share of `microglia`", "neuron"),
    ("touched_TLR4 decreases", "touched_TLR5 decreases", "rules[0]", "error", "touched_TLR5", "touched_TLR4"),
    ("touched_TLR4 / few", "touched_TLR5 / few", "networks.pass_on.reactions.rise.rate", "error", "touched_TLR5", ""),
    ("touched_TLR4 decreases", "touched_miR_146a decreases", "rules[0]", "error", "touched_miR_146a", ""),
    ("touched_TLR4 / few", "touched_TLR4", "networks.pass_on.reactions.rise.rate", "error", "", ""),
    ("gradient_TNF increases", "gradient_TFN increases", "rules[1]", "error", "gradient_TFN", "gradient_TNF"),
    ("junction: 1 um/s", "junction: 1 um", "networks.pass_on.states.IP3.junction", "error", "1 um", ""),
    ("IP3: {initial: 1 uM,", "IP3: {initial: 1 molecule,", "networks.pass_on.states.IP3.junction", "error", "molecule",
     "concentration"),
    ("tone: {initial: 1}", "touched_tone: {initial: 1}, tone: {initial: 1}", "networks.pass_on.states.touched_tone",
     "error", "touched_tone", "another name"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "into", "path", "severity", "wrote", "fix"), BAD, ids=[one[1][:50] for one in BAD])
def test_a_slip_is_told_where_it_is(what: str, into: str, path: str, severity: str, wrote: str, fix: str) -> None:
    assert what in GOOD
    found = told(GOOD.replace(what, into))
    assert {one.path for one in found if one.severity == "error"} == ({path} if severity == "error" else set())
    one = next(one for one in found if one.path == path)  # a network is told for each cell type that holds it
    assert one.severity == severity
    assert wrote in one.wrote
    assert fix in one.fix
    assert all((one.rule, one.consequence, one.fix))


def test_two_sides_that_do_not_fit_are_told() -> None:
    """0.05 of a neuron is 0.05 of a microglial cell where there are as many, of one area; within 5 % is well."""
    for said, told_of in (("40 %", ["cells.microglia.contacts.neuron"]), ("5.1 %", [])):
        both = GOOD.replace("neuron: {count: 1e5, networks: [pass_on], contacts: {microglia: 5 %}}", "")
        both = both.replace("  microglia: {count: 1e5,", "  neuron: {count: 1e5, networks: [pass_on], contacts: "
                            f"{{microglia: 5 %}}}}\n  microglia: {{count: 1e5, contacts: {{neuron: {said}}},")
        found = told(both)
        assert [(one.path, one.severity) for one in found] == [(path, "warning") for path in told_of]
        assert all("40 % of `microglia` touches `neuron`, and by areas and counts it is 5 %" in one.wrote
                   and "leave this one out" in one.fix for one in found)


def test_words_that_never_occur_are_noted() -> None:
    """Nobody touches: the rule of a contact does nothing; in a mixed dish there is no gradient."""
    alone = GOOD.replace(", contacts: {microglia: 5 %}", "").replace("{cells: {neuron: {contacts: {microglia: 10 %}}}}",
                                                                     "{parameters: {microglia.pass_on.k: 2 1/h}}")
    notes = [one for one in findings_of(alone) if one.severity == "note"]
    assert ["no cell that touches it has" in one.wrote for one in notes if one.path == "rules[0]"] == [True]
    mixed = findings_of(GOOD.replace("mixing: still", "mixing: stirred"))
    assert ["the same everywhere" in one.wrote for one in mixed if one.path == "rules[1]"] == [True]


@pytest.mark.parametrize("share", ["-5 %", "150 %", "5 um"])
def test_a_share_that_cannot_be_read_is_a_finding_where_no_other_arm_says_one(share: str) -> None:
    """The other side is computed from it, and there is nothing to compute from."""
    text = GOOD.replace("  other: {cells: {neuron: {contacts: {microglia: 10 %}}}}\n", "")
    found = told(text.replace("microglia: 5 %", f"microglia: {share}"))
    assert [(one.severity, one.path, one.line) for one in found] == [("error", "cells.neuron.contacts.microglia", 14)]
