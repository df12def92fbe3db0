"""Signalling rules as text: read word by word, looked up, and echoed in plain English.

``CELL: SOURCE increases TARGET (half_max 3, hill 2, up to 3x)``; the numbers may be
quantities, or ``@entry.id`` for a number of the library.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from vesica.errors import Finding, nearest
from vesica.spec import vocabulary

Verb = Literal["increases", "decreases"]
VERBS: Final[tuple[Verb, ...]] = ("increases", "decreases")
EXAMPLE: Final = "astrocyte: TLR4_activity increases mvb_fusion_rate (half_max 3, hill 2, up to 3x)"
BOUND: Final = "bound_"
REPRESSION: Final = "repression_by_"
_ARGUMENTS: Final = ("half_max", "hill", "up to", "down to")

# what a rule changes, in words: subject, and whether it is a speed
MACHINERY_WORDS: Final[dict[str, tuple[str, bool]]] = {
    "endosome_formation_rate": ("formation of early endosomes", True),
    "endosome_maturation_rate": ("maturation of endosomes into MVBs", True),
    "endosome_recycling_rate": ("recycling of early endosomes", True),
    "ilv_budding_rate": ("ILV budding", True),
    "escrt_activity": ("ESCRT activity", False),
    "nsmase2_activity": ("nSMase2 activity", False),
    "retrofusion_rate": ("back-fusion of ILVs", True),
    "mvb_lysosome_rate": ("fusion of MVBs with lysosomes", True),
    "mvb_docking_rate": ("MVB docking", True),
    "rab27_activity": ("Rab27 activity", False),
    "mvb_fusion_rate": ("MVB fusion", True),
    "snare_activity": ("SNARE activity", False),
    "tether_detachment_rate": ("detachment of tethered vesicles", True),
    "tether_return_rate": ("return of tethered vesicles into the cell", True),
    "receptor_sites": ("the number of binding sites for vesicles", False),
    "binding_rate": ("binding of vesicles", True),
    "unbinding_rate": ("unbinding of vesicles", True),
    "internalisation_rate": ("internalisation of bound vesicles", True),
    "macropinocytosis_rate": ("macropinocytosis", True),
    "surface_fusion_rate": ("fusion of vesicles with the cell membrane", True),
    "ev_degradation_rate": ("degradation of vesicles taken up", True),
    "ev_recycling_rate": ("recycling of vesicles taken up", True),
    "escape_rate": ("escape of vesicle cargo from endosomes", True),
    "receptor_surfacing_rate": ("surfacing of received receptors", True),
    "receptor_disposal_rate": ("disposal of received receptors", True),
    "death_rate": ("the hazard of death", False),
    "shedding_rate": ("shedding of microvesicles", True),
    "asmase_activity": ("A-SMase activity", False),
}


class RuleError(ValueError):
    """The text of a rule cannot be used; carries the four parts."""

    def __init__(self, wrote: str, rule: str, consequence: str, fix: str) -> None:
        self.parts = (wrote, rule, consequence, fix)
        super().__init__("; ".join(self.parts))

    def finding(self, path: str) -> Finding:
        """As a finding at a place."""
        return Finding("error", path, *self.parts)


@dataclass(frozen=True)
class RuleText:
    """A rule as written: words split, numbers still text."""

    cell: str
    source: str
    verb: Verb
    target: str
    half_max: str
    hill: str
    fold: str
    text: str = ""


@dataclass(frozen=True)
class CellWords:
    """The words rules may use about one cell type, each with its label."""

    name: str
    label: str
    signals: Mapping[str, str]
    cargo: Mapping[str, str]
    mirna_targets: Collection[str]
    secreted: Mapping[str, str]
    agents: Mapping[str, str]
    solubles: Mapping[str, str]
    bindable: Mapping[str, str]  # cargo that bound vesicles may carry, whoever made it
    can_die: bool = True
    sheds_microvesicles: bool = False

    def sources(self) -> dict[str, tuple[str, str]]:
        """Every source word: its kind (of `vocabulary.unit_of_source`) and what stands in a sentence."""
        words = {name: ("agent", label) for name, label in self.agents.items()}
        words |= {name: ("soluble", f"{label} in the medium") for name, label in self.solubles.items()}
        words |= {name: ("cargo", f"{label} in the {self.label}") for name, label in self.cargo.items()}
        words |= {name: ("signal", f"{label} in the {self.label}") for name, label in self.signals.items()}
        words |= {f"{BOUND}{name}": ("bound", f"{label} on vesicles bound to the {self.label}")
                  for name, label in self.bindable.items()}  # fmt: skip
        for name in self.mirna_targets:
            sentence = f"repression by {self.cargo.get(name, name)} in the {self.label}"
            words[f"{REPRESSION}{name}"] = ("repression", sentence)
        return words

    def targets(self) -> dict[str, tuple[str, bool]]:
        """Every target word: its subject in a sentence, and whether it is a speed."""
        missing = set() if self.can_die else {"death_rate"}
        missing |= set() if self.sheds_microvesicles else set(vocabulary.CELL_SHEDDING)
        words = {name: said for name, said in MACHINERY_WORDS.items() if name not in missing}
        for name, label in self.signals.items():
            production, decay = vocabulary.modulable_of_signal(name)
            words[production] = (f"production of {label}", True)
            words[decay] = (f"decay of {label}", True)
        for name, label in self.cargo.items():
            production, decay, enrichment = vocabulary.modulable_of_cargo(name)
            words[production] = (f"production of {label}", True)
            words[decay] = (f"decay of {label}", True)
            words[enrichment] = (f"enrichment of {label} in vesicles", False)
        for name, label in self.secreted.items():
            (secretion,) = vocabulary.modulable_of_soluble(name)
            words[secretion] = (f"secretion of {label}", True)
        return words


def parse(text: str, cell: str = "") -> RuleText:
    """Split a rule into its words.

    Parameters
    ----------
    text : str
        The line; with ``cell`` given (library rules) the ``CELL:`` in front may be missing.

    Raises
    ------
    RuleError
        The line does not have the form of a rule.
    """
    head, bracket, tail = text.partition("(")
    before, colon, sentence = head.partition(":")
    if not colon:
        before, sentence = cell, head
    words = sentence.split()
    verb = next((word for word in VERBS if word in words), None)
    if verb is None:
        middle = words[1] if len(words) > 1 else ""
        raise RuleError(f"`{text}` has no verb", "a rule says `SOURCE increases TARGET` or `SOURCE decreases TARGET`",
                        "its direction is unknown", f"`{middle}`: {nearest(middle, VERBS)}" if middle else _like())
    if len(words) != 3 or words[1] != verb or not before.strip():
        raise RuleError(f"`{text}` is not a rule", "a rule is `CELL: SOURCE increases TARGET (...)`, one word each",
                        "who acts on what is unclear", _like())
    if not bracket or not tail.rstrip().endswith(")"):
        raise RuleError(f"`{text}` has no numbers", "the numbers of a rule stand in brackets at its end",
                        "its strength is unknown", _like())
    given = _arguments(tail.rstrip()[:-1], text)
    for needed in ("half_max", "fold"):
        if needed not in given:
            word = "`up to ...x` (or `down to ...x`)" if needed == "fold" else "`half_max ...`"
            raise RuleError(f"`{text}` lacks {word}", "a rule says where half of the effect is, and how much at most",
                            "its strength is unknown", f"add {word}, as in `{EXAMPLE}`")
    allowed = "up to" if verb == "increases" else "down to"
    if given["fold_word"] != allowed:
        raise RuleError(f"`{text}` says `{verb}` and `{given['fold_word']}`",
                        f"what {verb.removesuffix('s')}s goes `{allowed}` a factor", "its direction is contradictory",
                        f"write `{allowed}`, or change the verb")
    return RuleText(before.strip(), words[0], verb, words[2], given["half_max"], given.get("hill", "1"),
                    given["fold"], text)


def _like() -> str:
    return f"write it like `{EXAMPLE}`"


def _arguments(inside: str, text: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for part in inside.split(","):
        words = part.split()
        pair = " ".join(words[:2])
        word, rest = (pair, words[2:]) if pair in _ARGUMENTS else (words[0] if words else "", words[1:])
        if word not in _ARGUMENTS or not rest:
            raise RuleError(f"`{part.strip()}` in `{text}` is not understood",
                            "the numbers are `half_max`, `hill`, and `up to` or `down to`",
                            "the rule would act with other numbers than meant", nearest(word, _ARGUMENTS))
        key = "fold" if word.endswith(" to") else word
        if key in given:
            raise RuleError(f"`{text}` gives `{word}` twice", "each number is given once",
                            "one of the two would be lost", "delete one of them")
        value = " ".join(rest)
        if key == "fold":
            given["fold_word"] = word
            value = value if value.startswith("@") else _without_times(value, text)
        given[key] = value
    return given


def _without_times(value: str, text: str) -> str:
    bare = value.removesuffix("-fold").removesuffix("x").strip()
    if bare == value or not bare:
        raise RuleError(f"`{value}` in `{text}` is not a factor", "the largest effect is a factor such as `3x`",
                        "it could be read as a level or a rate", "write `up to 3x`")
    return bare


def look_up(rule: RuleText, words: CellWords) -> str:
    """The kind of the rule's source.

    Raises
    ------
    RuleError
        Source or target is not a word of this cell type.
    """
    sources, targets = words.sources(), words.targets()
    if rule.source not in sources:
        raise RuleError(f"`{rule.source}` in `{rule.text}` is not known in the {words.label}",
                        "a rule starts from an agent, a soluble, a signal or cargo of the cell, "
                        "`bound_CARGO` or `repression_by_MIRNA`",
                        "the rule would never act", nearest(rule.source, sources))
    if rule.target not in targets:
        raise RuleError(f"`{rule.target}` in `{rule.text}` cannot be changed in the {words.label}",
                        "a rule changes a rate or activity of the cell's machinery, or the production, decay, "
                        "enrichment or secretion of what the cell makes",
                        "the rule would do nothing", nearest(rule.target, targets))
    return sources[rule.source][0]


def english(rule: RuleText, words: CellWords, show: Callable[[str], str] = str) -> str:
    """The rule as a sentence; ``show`` turns a number as written into the text to print."""
    subject = words.sources()[rule.source][1]
    target, is_speed = words.targets()[rule.target]
    up, down = ("gets faster", "gets slower") if is_speed else ("rises", "falls")
    happens = up if rule.verb == "increases" else down
    fold = show(rule.fold)
    most = f"at most {fold} times" if rule.verb == "increases" else f"down to {fold} times at most"
    return (f"When {subject} rises, {target} {happens}: half of the effect at {show(rule.half_max)}, "
            f"Hill coefficient {show(rule.hill)}, {most}")


def key_of(rule: RuleText) -> str:
    """The key of a rule the user wrote; one per cell, source and target."""
    return f"{rule.cell}_{rule.source}_{rule.verb}_{rule.target}"


def duplicates(keyed: Iterable[tuple[str, RuleText]]) -> list[tuple[str, str]]:
    """Keys of rules that say the same thing: (the later one, the first one)."""
    first: dict[tuple[str, str, str], str] = {}
    found: list[tuple[str, str]] = []
    for key, rule in keyed:
        about = (rule.cell, rule.source, rule.target)
        if about in first:
            found.append((key, first[about]))
        first.setdefault(about, key)
    return found
