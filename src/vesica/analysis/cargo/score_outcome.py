"""What `vesica cargo score` found, as sentences and plain data, with its tables and findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vesica.analysis.cargo.change import METHOD
from vesica.analysis.cargo.rates import LN2
from vesica.analysis.cargo.score import Score
from vesica.analysis.cargo.score_findings import findings
from vesica.analysis.cargo.score_tables import LEVEL, tables
from vesica.analysis.lab import LabOutcome


def outcome(score: Score) -> LabOutcome:
    """The whole result of `vesica cargo score`."""
    title = "Cargo: what the EVs hold of their cells"
    said = tuple(findings(score))
    return LabOutcome(
        "cargo", title, tuple(_headline(score)), tuple(tables(score)), _summary(score), said, score.sources
    )


def _headline(score: Score) -> list[str]:
    said = []
    for one in score.loadings:
        surely = (one.s_value < LEVEL) & one.is_counted
        flagged = sum(
            bool(score.flagged.get(score.cells.ids[row])) for row in np.flatnonzero(surely & (one.shrunk > 0))
        )
        said.append(
            f"{one.group}: {int(one.is_counted.sum())} rows counted in cells and EVs; "
            f"{int((surely & (one.shrunk > 0)).sum())} richer in EVs than the median row ({flagged} of them "
            f"flagged), {int((surely & (one.shrunk < 0)).sum())} poorer (s-value < {LEVEL:g})."
        )
    for item in score.changes:
        tested = int(np.isfinite(item.log2_fold_change).sum())
        said.append(
            f"{item.group} against {item.against}, {item.compartment}: {int((item.fdr < LEVEL).sum())} of "
            f"{tested} rows change (FDR < {LEVEL:g}, {item.method})."
        )
    said += [
        f"{follow.group}: {int((follow.fdr < LEVEL).sum())} of {len(follow.ids)} rows change in EVs otherwise "
        f"than in cells (FDR < {LEVEL:g})."
        for follow in score.loading_changes
    ]
    for name in dict.fromkeys(one.name for one in score.responders):
        tests = [one for one in score.tests if one.receiver == name]
        if not tests:
            said.append(f"{name}: no repression was tested, for no miRNA has five measured targets.")
            continue
        hits = [one.mirna for one in tests if one.fdr < LEVEL]
        said.append(
            f"{name}: targets of {len(hits)} of {len(tests)} miRNAs are lower than other genes (FDR < {LEVEL:g})"
            + (f": {', '.join(hits[:5])}{' ...' if len(hits) > 5 else ''}." if hits else ".")
        )
    return said


def _summary(score: Score) -> dict[str, Any]:
    return {
        "groups": {
            one.group: {
                "compared_rows": int(one.is_counted.sum()),
                "median_log2": one.centre,
                "median_error_log2": one.centre_error,
                "prior_mean_log2": one.prior_mean,
                "prior_sd_log2": one.prior_sd,
                "cell_libraries": one.cells.libraries,
                "ev_libraries": one.evs.libraries,
                "median_standard_error_log2": float(np.median(one.standard_error[one.is_counted])),
                "median_counting_error_log2": float(
                    np.median(
                        np.sqrt((one.cells.counting_variance + one.evs.counting_variance)[one.is_counted])
                        / LN2
                    )
                ),
            }
            for one in score.loadings
        },
        "dispersion": dict(score.dispersion),
        "least_mean_reads": score.least_mean,
        "reads": {
            side: _reads(score, side) for side in dict.fromkeys(one.compartment for one in score.libraries)
        },
        "changes": [
            {
                "compartment": one.compartment,
                "group": one.group,
                "against": one.against,
                "method": one.method,
                "tested": int(np.isfinite(one.log2_fold_change).sum()),
                "fdr_below_0.05": int((one.fdr < LEVEL).sum()),
            }
            for one in score.changes
        ],
        "repression": {
            "given": score.given,
            "tests": len(score.tests),
            "fdr_below_0.05": [[one.receiver, one.mirna] for one in score.tests if one.fdr < LEVEL],
        },
        "left_out": dict(score.left_out),
        "change_method": METHOD,
    }


def _reads(score: Score, side: str) -> Sequence[int]:
    reads = [int(one.reads) for one in score.libraries if one.compartment == side]
    return [min(reads), max(reads)]
