"""miRNA against its whole target pool: the steady state of the engine is the titration law."""

from __future__ import annotations

import math

import pytest

from tests.analytic.builders import LUMEN, H, Run, build, run
from vesica.biology.delivery import repressed_share, titration_free_mirna
from vesica.spec.cells import CellType, Signal
from vesica.spec.resolved import Arm, Rule

TARGETS, TURNOVER, MEETING, LEAVING = 1e4, 0.07 / H, 1e-6, 3e-5
DISSOCIATION = (LEAVING + TURNOVER) / MEETING  # what decays also frees the miRNA


def titrated(mirna: float, **changes: float) -> Run:
    """A cell whose miRNA is neither made nor lost, with repressed targets decaying like free ones."""
    cell = CellType("cell", "cell", (Signal("alarm"),), cargo=("mir",), mirna_targets=("mir",),
                    secretes_vesicles=False, takes_up_vesicles=False)
    values = {"basal": mirna, "target_sites": TARGETS, "target_decay_rate": TURNOVER,
              "target_binding_rate": MEETING, "target_unbinding_rate": LEAVING,
              "repressed_decay_rate": TURNOVER} | changes
    changed = {f"cell.mir.{name}": value for name, value in values.items()}
    changed |= {"cell.alarm.basal": 1.0, "rule.quiet.half_max": 0.5, "rule.quiet.fold": 0.2,
                "cell.alarm.decay_rate": 1 / H}
    rule = Rule("quiet", "cell", "repression_by_mir", "decreases", "alarm_production", "mir lowers alarm")
    return run(build((cell,), (Arm("arm", {"cell": 1e6}),), changed, cargo=(LUMEN,), rules=(rule,)))


@pytest.mark.parametrize("ratio", [0.01, 0.3, 0.9, 1.0, 1.1, 3.0, 30.0])
def test_free_mirna_at_rest_is_the_closed_form(ratio: float) -> None:
    """Total targets stay T and total miRNA M, so free is `titration_free_mirna(M, T, K)`.

    K = (k_off + decay)/k_on. The right side of the equations is solved for zero to `Run.bound`
    of the totals; free is off by at most that (its slope by M is below one).
    Kernels: `mass_action`, `synthesis`.
    """
    mirna = ratio * TARGETS
    found = titrated(mirna)
    bound = found.bound(mirna + TARGETS)
    free = titration_free_mirna(mirna, TARGETS, DISSOCIATION)
    assert found["cell.mir"][-1] == pytest.approx(free, abs=bound)
    assert found["cell.mir"][-1] + found["cell.mir_repressed"][-1] == pytest.approx(mirna, abs=bound)
    assert found["cell.mir_target"][-1] + found["cell.mir_repressed"][-1] == pytest.approx(TARGETS, abs=bound)


def test_a_rule_reads_the_share_of_repressed_targets() -> None:
    """Signal at rest = 1 + (fold - 1) hill(H/(H + T)); half-max 0.5, n = 2. Kernel `repressed_share`."""
    found = titrated(TARGETS)
    held = TARGETS - titration_free_mirna(TARGETS, TARGETS, DISSOCIATION)
    share = repressed_share(held, TARGETS - held)
    expected = 1 + (0.2 - 1) * share**2 / (share**2 + 0.25)
    # the share moves by the error of a pool over T, and the signal by less than 0.8 x 2 times that
    bound = found.bound(1.0) + 2 * found.bound(TARGETS) / TARGETS
    assert found["cell.alarm"][-1] == pytest.approx(expected, abs=bound)


@pytest.mark.parametrize("ratio", [0.5, 0.9])
def test_below_the_threshold_free_mirna_is_a_trace(ratio: float) -> None:
    """Free = K M/(T - M) in leading order: the exact root obeys f (T - M + K + f) = K M.

    So the leading term is too high by (K + f)/(T - M), relatively, in turn to its own square.
    """
    mirna = ratio * TARGETS
    found = titrated(mirna)
    free = found["cell.mir"][-1]
    leading = DISSOCIATION * mirna / (TARGETS - mirna)
    error = (DISSOCIATION + free) / (TARGETS - mirna)
    assert leading / free - 1 == pytest.approx(error, abs=error**2 + found.bound(2 * TARGETS) / free)


def test_above_the_threshold_the_excess_is_free() -> None:
    """Free = M - T + K T/(M - T) - ...: next term K T^... of relative order K M/(M - T)^2."""
    mirna = 2 * TARGETS
    found = titrated(mirna)
    excess = mirna - TARGETS
    first = DISSOCIATION * mirna / excess - DISSOCIATION  # K M/(M - T) - K = K T/(M - T)
    order = DISSOCIATION * mirna / excess**2
    assert found["cell.mir"][-1] - excess == pytest.approx(
        first, abs=2 * order * first + found.bound(mirna + TARGETS))


def test_at_the_kink_free_mirna_is_the_root_of_k_times_t() -> None:
    """M = T: f^2 + K f = K T, so f = sqrt(K T) - K/2 + K sqrt(K/T)/8: the rest is the last term."""
    found = titrated(TARGETS)
    rest = DISSOCIATION / 8 * math.sqrt(DISSOCIATION / TARGETS)
    leading = math.sqrt(DISSOCIATION * TARGETS) - DISSOCIATION / 2
    assert found["cell.mir"][-1] == pytest.approx(leading, abs=1.1 * rest + found.bound(2 * TARGETS))


def test_the_kink_appears_where_mirna_exceeds_its_targets() -> None:
    """The slope d(free)/dM goes from K/T-like below to one above, through 1/2 within sqrt(K T) of T.

    At M = T exactly f' = f + K over 2 f + K, which is 1/2 + K/(4 f) in leading order.
    """
    def slope(mirna: float) -> float:
        step = 0.02 * TARGETS
        return (titrated(mirna + step)["cell.mir"][-1] - titrated(mirna - step)["cell.mir"][-1]) / (2 * step)

    assert slope(0.5 * TARGETS) < 0.03  # K T/(T - M)^2 = 0.02
    assert slope(2.0 * TARGETS) > 0.97
    free = titration_free_mirna(TARGETS, TARGETS, DISSOCIATION)
    exact = (free + DISSOCIATION) / (2 * free + DISSOCIATION)
    # central difference over h = 200: h^2/6 f''' with f''' of order 1/(K T) gives 1 %
    assert slope(TARGETS) == pytest.approx(exact, rel=0.02)


def test_targets_that_decay_faster_when_repressed_shrink_the_pool() -> None:
    """T' + H' = 0: d (T0 - T) = r H, so T + H = T0 - (r/d - 1) H; and K = (k_off + r)/k_on."""
    found = titrated(TARGETS, repressed_decay_rate=3 * TURNOVER)
    target, held, free = (found[f"cell.mir{name}"][-1] for name in ("_target", "_repressed", ""))
    bound = found.bound(2 * TARGETS)
    assert target + held == pytest.approx(TARGETS - 2 * held, abs=4 * bound)
    dissociation = (LEAVING + 3 * TURNOVER) / MEETING
    assert free * target / held == pytest.approx(dissociation, rel=bound * (1 / free + 1 / target + 1 / held))


def test_the_closed_form_keeps_its_digits_where_the_usual_root_loses_them() -> None:
    """M far below T: f = K M/(T + K) (1 + tiny). The usual form would be off by eps T/f = 1e-6."""
    free = titration_free_mirna(1e-3, 1e7, 1e-2)
    assert free == pytest.approx(1e-2 * 1e-3 / (1e7 + 1e-2 - 1e-3), rel=1e-14)
    b = 1e7 + 1e-2 - 1e-3
    usual = 0.5 * (math.sqrt(b * b + 4 * 1e-2 * 1e-3) - b)
    assert abs(usual / free - 1) > 1e-3
