"""Networks and phenotypes a stranger might write wrongly: four parts, the right line, never a traceback.

In the texts, `# here` marks the line that the finding must name.
"""

from __future__ import annotations

import pytest

from vesica import interventions
from vesica.engine.program import compile_model
from vesica.engine.simulate import run_all
from vesica.errors import Finding, InputError, RunFault
from vesica.spec import io

GOOD = """\
vesica: 1
domain: {kind: dish, diameter: 35 mm, medium: 2 mL}
networks:
  toggle:
    compartments: {nucleus: 0.2}
    states:
      A: {initial: 10 nM}
      A_n: {initial: 0 nM, in: nucleus}
      B: {initial: 0 nM, at_start: 5 nM}
      AB: {initial: 0 nM}
      late: {follows: A, delay: 30 min, steps: 3}
      tone: {initial: 1}
    constants: {k: 0.1 1/min, K: 5 nM, n: 2, ratio: 2}
    assignments:
      share: A / (A + K)
      twice: ratio * share
    reactions:
      make: {equation: "-> A", rate: "k * K * hill(B, K, n)"}
      lose: {equation: "A ->", law: mass_action, k: 0.1 1/min}
      bind: {equation: "A + B -> AB", law: mass_action, k: 0.5 1/(uM*s)}
      part: {equation: "AB -> A + B", law: mass_action, k: 1e-3 1/s}
      cut: {equation: "B ->", law: michaelis_menten, vmax: 1 nM/h, km: 10 nM}
      come: {equation: "-> B", law: hill, source: A, vmax: 1 nM/h, half_max: 5 nM, hill: 2}
      wait: {equation: "A -> A_n", law: mass_action, k: 0.1 1/h, delay: 30 min, steps: 4}
      back: {equation: "A_n -> A", law: mass_action, k: 1 1/h}
    conserved: {}
    rules: ["share increases TNF_secretion (half_max 0.5, hill 2, up to 3x)"]
  pair:
    states: {X: {initial: 1}, Y: {initial: 0}}
    reactions:
      go: {equation: "X -> Y", law: mass_action, k: 1 1/h}
      come_back: {equation: "Y -> X", law: mass_action, k: 1 1/h}
    conserved: {all: [X, Y]}
cells:
  microglia: {count: 1e5, networks: [toggle, pair]}
  neuron:
    count: 1e5
    phenotypes:
      fate:
        states:
          healthy: {}
          stressed: {rates: {escape_rate: 2}}
          gone: {dies: true}
        transitions: {healthy_to_stressed: 0.01 1/h, stressed_to_gone: 0.02 1/h}
arms:
  base: {}
  other: {parameters: {microglia.toggle.k: 0.2 1/min}}
rules:
  - "microglia: A_n increases TNF_secretion (half_max 5 nM, hill 2, up to 3x)"
run: {duration: 4 h, every: 1 h}
"""


def findings_of(text: str) -> list[Finding]:
    """What a user is told about a model, at whatever stage it is noticed."""
    try:
        return interventions.check(io.loads(text, file="model.yaml"))
    except InputError as failure:
        return list(failure.findings)


def test_the_model_that_is_spoilt_below_is_good() -> None:
    assert [finding for finding in findings_of(GOOD) if finding.severity == "error"] == []


LOSE = '      lose: {equation: "A ->", law: mass_action, k: 0.1 1/min}'
BIND = '      bind: {equation: "A + B -> AB", law: mass_action, k: 0.5 1/(uM*s)}'
CUT = '      cut: {equation: "B ->", law: michaelis_menten, vmax: 1 nM/h, km: 10 nM}'
COME = '      come: {equation: "-> B", law: hill, source: A, vmax: 1 nM/h, half_max: 5 nM, hill: 2}'
WAIT = '      wait: {equation: "A -> A_n", law: mass_action, k: 0.1 1/h, delay: 30 min, steps: 4}'
MAKE = '      make: {equation: "-> A", rate: "k * K * hill(B, K, n)"}'
RULE = '  - "microglia: A_n increases TNF_secretion (half_max 5 nM, hill 2, up to 3x)"'
LATE = "      late: {follows: A, delay: 30 min, steps: 3}"
A = "      A: {initial: 10 nM}"
TONE = "      tone: {initial: 1}"
SHARE = "      share: A / (A + K)"
MICROGLIA = "  microglia: {count: 1e5, networks: [toggle, pair]}"
WAYS = "        transitions: {healthy_to_stressed: 0.01 1/h, stressed_to_gone: 0.02 1/h}"


def here(line: str, old: str, new: str) -> tuple[str, str]:
    """A line with one piece replaced, and marked."""
    assert line.count(old) == 1, old
    return line, line.replace(old, new) + " # here"


BAD: dict[str, tuple[tuple[str, str], str]] = {
    # name: ((old, new), what the finding must say)
    "unknown state in a rule": (here(RULE, "A_n", "A_nn"), "did you mean `A_n`"),
    "unknown state in a rule of the network": (
        ('    rules: ["share', '    rules: ["shore'), "did you mean `share`"),
    "unknown reaction as a target": (here(RULE, "TNF_secretion", "toggle_mak"), "did you mean `toggle_make`"),
    "half_max of another unit": (here(RULE, "5 nM", "5"), "has no unit"),
    "unknown word in a rate": (here(MAKE, "hill(B", "hill(BB"), "BB"),
    "unknown word in an assignment": (here(SHARE, "A / (A + K)", "A / (A + KK)"), "did you mean"),
    "unknown function": (here(MAKE, "hill(B, K, n)", "tanh(B / K)"), "tanh"),
    "wrong number of arguments": (here(MAKE, "hill(B, K, n)", "hill(B, K)"), "hill"),
    "no expression": (here(SHARE, "A / (A + K)", "A / (A +"), "cannot be read"),
    "comparison": (here(SHARE, "A / (A + K)", "A > K"), "A > K"),
    "code": (here(SHARE, "A / (A + K)", "__import__('os').getcwd()"), "__import__"),
    "cycle of assignments": (here(SHARE, "A / (A + K)", "twice / ratio"), "computed from itself"),
    "assignment of itself": (here(SHARE, "A / (A + K)", "share + 1"), "computed from itself"),
    "sum of two units": (here(SHARE, "A / (A + K)", "A / (A + k)"), "A + k"),
    "exponential of a concentration": (here(SHARE, "A / (A + K)", "exp(A)"), "exp"),
    "rate of another unit": (here(MAKE, "k * K", "K * K"), "its rate is in"),
    "no constant of Michaelis": (here(CUT, "km: 10 nM", "km: 0 nM"), "more than zero"),
    "no half_max": (here(COME, "half_max: 5 nM", "half_max: 0 nM"), "more than zero"),
    "rate constant of another order": (here(BIND, "1/(uM*s)", "1/s"), "its rate is in"),
    "both ways": (here(LOSE, "A ->", "A <-> B"), "goes both ways"),
    "expression without quotes": (here(MAKE, '"k * K * hill(B, K, n)"', "k * K * hill(B, K, n)"), "put in quotes"),
    "two arrows": (here(LOSE, "A ->", "A -> B -> AB"), "2 arrows"),
    "no arrow": (here(LOSE, "A ->", "A"), "0 arrows"),
    "none of it": (here(LOSE, "A ->", "0 A ->"), "no molecule with a whole number"),
    "half of it": (here(LOSE, "A ->", "0.5 A ->"), "no molecule with a whole number"),
    "empty equation": (here(LOSE, "A ->", "->"), "is empty"),
    "reaction that moves an assignment": (here(LOSE, "A ->", "share ->"), "no reaction here can move it"),
    "reaction that moves a state of another network": (here(LOSE, "A ->", "X ->"), "belongs to another network"),
    "reaction of an unknown thing": (here(LOSE, "A ->", "AA ->"), "did you mean `A`"),
    "law without its number": (here(LOSE, ", k: 0.1 1/min", ""), "lacks `k`"),
    "law with a number too many": (here(LOSE, "k: 0.1 1/min", "k: 0.1 1/min, km: 1 nM"), "has no use for `km`"),
    "law and rate": (here(LOSE, "k: 0.1 1/min", "k: 0.1 1/min, rate: k * A"), "a law and a rate"),
    "no rate": (here(LOSE, ", law: mass_action, k: 0.1 1/min", ""), "no rate"),
    "unknown law": (here(LOSE, "mass_action", "mass_aktion"), "mass_action"),
    "Michaelis-Menten of two": (here(CUT, "B ->", "A + B ->"), "one substrate on the left"),
    "Michaelis-Menten without speed": (here(CUT, "vmax: 1 nM/h, ", ""), "lacks `vmax`"),
    "kcat without enzyme": (here(CUT, "vmax: 1 nM/h", "kcat: 1 1/h"), "an `enzyme`"),
    "Hill law without source": (here(COME, "source: A, ", ""), "no `source:`"),
    "delay of nothing": (here(WAIT, "delay: 30 min", "delay: 0 min"), "more than zero"),
    "negative delay": (here(WAIT, "delay: 30 min", "delay: -30 min"), "negative"),
    "delay in another unit": (here(WAIT, "delay: 30 min", "delay: 30 nM"), "another dimension"),
    "no steps": (here(WAIT, "steps: 4", "steps: 0"), "a number from 1"),
    "too many steps": (here(WAIT, "steps: 4", "steps: 1000"), "a number up to 100"),
    "follower without delay": (here(LATE, "delay: 30 min, ", ""), "without a `delay:`"),
    "follower with a start": (here(LATE, "steps: 3", "initial: 1 nM"), "has an `initial:`"),
    "follower of nothing": (here(LATE, "follows: A", "follows: AAA"), "`AAA` is not known"),
    "follower with no delay": (here(LATE, "delay: 30 min", "delay: 0 s"), "more than zero"),
    "state without start": (here(A, "initial: 10 nM", "label: protein"), "no `initial:`"),
    "negative start": (here(A, "10 nM", "-10 nM"), "negative"),
    "negative step": (here("      B: {initial: 0 nM, at_start: 5 nM}", "5 nM", "-5 nM"), "negative"),
    "step of another unit": (here("      B: {initial: 0 nM, at_start: 5 nM}", "5 nM", "5 s"), "another dimension"),
    "start of no unit that we know": (here(A, "10 nM", "10 nMM"), "10 nMM"),
    "unknown compartment": (
        here("      A_n: {initial: 0 nM, in: nucleus}", "in: nucleus", "in: nuclens"), "did you mean `nucleus`"),
    "compartment of size zero": (here("    compartments: {nucleus: 0.2}", "0.2", "0"), "more than zero"),
    "negative compartment": (here("    compartments: {nucleus: 0.2}", "0.2", "-0.2"), "negative"),
    "not conserved": (here("    conserved: {}", "{}", "{all_B: [B, AB]}"), "changes `all_B`"),
    "conserved of an unknown state": (here("    conserved: {}", "{}", "{all_B: [BB, AB]}"), "did you mean `B`"),
    "conserved with no weight": (here("    conserved: {}", "{}", "{all_B: [x*B, AB]}"), "no whole number in front"),
    "state twice": (
        ("    states: {X: {initial: 1}", "    states: {tone: {initial: 1}, X: {initial: 1}"), "is a state of"),
    "state called as a signal": (here(TONE, "tone:", "NFkB_activity:"), "list it under `provides:`"),
    "state called as a cargo": (here(TONE, "tone:", "TLR4:"), "a cargo of the"),
    "state called as a soluble": (here(TONE, "tone:", "IL6:"), "a substance"),
    "state called as a pool": (here(TONE, "tone:", "mvb:"), "a name that vesica uses"),
    "state called as a number": (here(TONE, "tone:", "cell_volume:"), "a number of the"),
    "state called as bound cargo": (here(TONE, "tone:", "bound_late:"), "the word for an amount of cargo"),
    "constant called as a state": (
        here("    constants: {k: 0.1 1/min, K: 5 nM, n: 2, ratio: 2}", "ratio: 2", "ratio: 2, tone: 2"),
        "a number and a value of `toggle`"),
    "number twice": (
        here("    constants: {k: 0.1 1/min, K: 5 nM, n: 2, ratio: 2}", "ratio: 2", "ratio: 2, nucleus: 2"), "twice"),
    "what is provided is missing": (
        here("    conserved: {}", "conserved: {}", "provides: [shore]"), "which it does not"),
    "unknown network": (here(MICROGLIA, "toggle", "togle"), "did you mean `toggle`"),
    "networks that differ between arms": (
        ("  base: {}", "  base: {cells: {microglia: {networks: [toggle]}}} # here"), "one thing in all arms"),
    "unknown key of a reaction": (here(LOSE, "k: 0.1", "K: 0.1"), "did you mean `k`"),
    "unknown key of a state": (here(A, "initial", "intial"), "did you mean `initial`"),
    "unknown number of a network": (
        ("microglia.toggle.k: 0.2", "microglia.toggle.kk: 0.2"), "did you mean `microglia.toggle.k`"),
    "number of a network in another unit": (("k: 0.2 1/min}", "k: 0.2 nM}"), "another dimension"),
    "unknown state of a chain": (here(WAYS, "healthy_to_stressed", "healthy_to_stresed"), "stressed"),
    "hazard in another unit": (here(WAYS, "0.01 1/h", "0.01 h"), "another dimension"),
    "negative hazard": (here(WAYS, "0.01 1/h", "-0.01 1/h"), "negative"),
    "rate that a phenotype cannot own": (
        here("          stressed: {rates: {escape_rate: 2}}", "escape_rate", "escape_rat"),
        "did you mean `escape_rate`"),
    "negative factor of a phenotype": (
        here("          stressed: {rates: {escape_rate: 2}}", "2}", "-2}"), "negative"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_network_is_refused_at_its_line_with_the_way_out(name: str) -> None:
    (old, new), says = BAD[name]
    assert GOOD.count(old) == 1, old
    text = GOOD.replace(old, new)
    marked = [number for number, line in enumerate(text.splitlines(), 1) if line.endswith("# here")]
    line = marked[0] if marked else GOOD[: GOOD.index(old)].count("\n") + 1
    errors = [finding for finding in findings_of(text) if finding.severity == "error"]
    assert errors, "nothing was said"
    fitting = [finding for finding in errors if says in str(finding)]
    assert fitting, "\n".join(map(str, errors))
    assert (fitting[0].file, fitting[0].line) == ("model.yaml", line), str(fitting[0])
    for finding in errors:
        assert all((finding.wrote, finding.rule, finding.consequence, finding.fix)), str(finding)
    assert len(errors) <= 3, "\n".join(map(str, errors))
    with pytest.raises(InputError):
        interventions.resolve(io.loads(text, file="model.yaml"))


def run(states: str, reactions: str, rest: str = "") -> tuple[str, ...]:
    """What a run of microglia with one network says at its end, or instead of it."""
    text = f"""\
vesica: 1
domain: {{kind: dish, diameter: 35 mm, medium: 2 mL}}
networks:
  odd:
    constants: {{k: 1 1/h, none: 0, pace: 1 1/nM/h, speed: 1 nM/h}}
    states: {{{states}}}
    reactions: {{{reactions}}}{rest}
cells: {{microglia: {{count: 1e5, networks: [odd]}}}}
run: {{duration: 4 h, every: 1 h}}
"""
    model, _ = interventions.resolve(io.loads(text, file="model.yaml"))
    try:
        return (next(run_all(compile_model(model))).message,)
    except RunFault as failure:
        return tuple(str(finding) for finding in failure.findings if all(
            (finding.wrote, finding.rule, finding.consequence, finding.fix)))


@pytest.mark.parametrize(("states", "reactions"), [
    ("A: {initial: 0}", 'lose: {equation: "A ->", rate: "k * A / (none + A)"}'),
    ("A: {initial: 0.5}", 'make: {equation: "-> A", rate: "k * ln(A - 1)"}'),
    ("A: {initial: 1 nM}", 'grow: {equation: "A -> 2 A", rate: "pace * A ** 2"}'),
])
def test_cells_that_find_no_rest_are_told_which_level_runs_away(states: str, reactions: str) -> None:
    """Nothing by nothing, the logarithm of a negative number, and growth to infinity in finite time."""
    said = run(states, reactions)
    assert len(said) == 1
    assert "no resting state was found" in said[0]
    assert "`microglia.A`" in said[0]


def test_a_level_that_runs_away_in_the_run_is_named_with_its_time() -> None:
    """dA/dt = A^2 / nM / h from 1 nM is infinite at 1 h, the second output."""
    said = run("A: {initial: 0 nM, at_start: 1 nM}", 'grow: {equation: "A -> 2 A", rate: "pace * A ** 2"}')
    assert "`microglia.A` runs away after 0 h" in said[0] or "`microglia.A` runs away after 1 h" in said[0], said


def test_a_long_network_is_read() -> None:
    """A chain of 300 states that goes round: total conserved, 300 reactions."""
    states = ", ".join(f"S{k}: {{initial: {int(k == 0)}}}" for k in range(300))
    reactions = ", ".join(f'r{k}: {{equation: "S{k} -> S{(k + 1) % 300}", law: mass_action, k: 1 1/h}}'
                          for k in range(300))
    total = ", ".join(f"S{k}" for k in range(300))
    assert run(states, reactions, f"\n    conserved: {{all: [{total}]}}") == ("",)


def test_a_network_nobody_holds_and_a_phenotype_nobody_enters_are_named() -> None:
    unheld = findings_of(GOOD.replace("networks: [toggle, pair]", "networks: [toggle]"))
    assert any("pair" in finding.wrote for finding in unheld), unheld
    lonely = findings_of(GOOD.replace("          stressed: {rates: {escape_rate: 2}}",
                                      "          stressed: {rates: {escape_rate: 2}}\n          lonely: {}"))
    assert {finding.severity for finding in lonely} - {"note"} == {"warning"}
    warned = [finding.wrote for finding in lonely if finding.severity == "warning"]
    assert warned == ["nobody can enter `lonely`", "nobody can leave `lonely`"]
