"""A run on one screen, from its summary (keys in docs/format.md)."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vesica.cli.failures import printable

PLAIN_WIDTH: Final = 120
LONGEST_NAME: Final = 40
# Pools of the ledger, together as one screen has room for; `--json` has each alone.
POOLS: Final = {
    "made, added": ("made", "added"), "in donors": ("returned", "in_mvb", "tethered"),
    "outside": ("outside", "matrix", "plastic"), "taken up": ("bound", "inside"),
    "delivered": ("delivered",), "degraded": ("degraded",), "removed": ("removed",),
}
SHARES: Final = 4  # sentences on one screen
CONFIDENCE: Final = {
    "measured": "measured by you", "given": "given in the model", "seen": "seen in its paper",
    "known": "known", "estimate": "estimates",
}
VERDICTS: Final = {True: "[green]holds[/]", False: "[red]fails[/]", None: "[yellow]open[/]"}


def console() -> Console:
    """Where tables go: the terminal as it is, or plain text of a fixed width."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()  # None: the caller has closed it
    return Console() if is_terminal else Console(width=PLAIN_WIDTH, highlight=False)


def number(value: object) -> str:
    """Three digits, or a dash where there is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return "-"
    text = f"{value:.3g}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.2e}"
    return text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def name(text: object) -> str:
    """A name for the first column: short enough to leave room for the numbers, and safe to print."""
    plain = printable(text)
    return escape(plain if len(plain) <= LONGEST_NAME else f"{plain[: LONGEST_NAME - 1]}…")


def table(title: str, *columns: str, numbers: int = 0) -> Table:
    """Make a small table: the first column keeps its words whole, the last ``numbers`` go to the right."""
    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for at, column in enumerate(columns):
        made.add_column(column, justify="right" if at >= len(columns) - numbers else "left",
                        overflow="fold", no_wrap=at == 0 or at >= len(columns) - numbers)
    return made


def print_summary(summary: Mapping[str, Any], screen: Console) -> None:
    """Headline, cells, ledger, published results and confidence."""
    hours = number(summary.get("duration_h"))
    screen.print(f"[bold]{escape(printable(summary.get('title', 'Untitled')))}[/]  "
                 f"({summary.get('outcome', 'unknown')}, {hours} h)")
    for sentence in summary.get("headline") or ():
        screen.print(f"  - {escape(printable(sentence))}")
    for row in summary.get("findings") or ():
        if isinstance(row, Mapping):
            said = ". ".join(str(row[part]) for part in ("wrote", "consequence", "fix") if row.get(part))
            screen.print(f"  [yellow]warning:[/] {escape(printable(said))}.")
    arms: Mapping[str, Any] = summary.get("arms") or {}
    if arms:
        screen.print(_cells(arms))
        share = (summary.get("domain") or {}).get("sample_share")
        screen.print(_ledger(arms, "sample" if isinstance(share, int | float) and share < 1 else "dish"))
    if whole := summary.get("whole"):
        screen.print(_whole(whole))
        for line in _shares(whole):
            screen.print(f"  - {escape(printable(line))}")
    if summary.get("published"):
        screen.print(_published(summary["published"]))
    if counts := _confidence(summary.get("confidence") or {}):
        screen.print(f"Numbers used: {counts}")


def folder_lines(folder: Path, report: Path | None) -> list[str]:
    """Where to look next."""
    lines = [f"Run folder: {folder}"]
    return [*lines, f"Report: {report}"] if report else lines


def _cells(arms: Mapping[str, Any]) -> Table:
    made = table("Cells", "arm", "cell", "phenotype", "EVs released /cell/h", "EVs taken up /cell", numbers=2)
    for arm, entry in arms.items():
        for cell, found in (entry.get("cells") or {}).items():
            phenotype = ", ".join(f"{100 * share:.0f} % {state}"
                                  for state, share in (found.get("phenotype") or {}).items()
                                  if isinstance(share, int | float) and share >= 0.005)
            made.add_row(name(arm), name(cell), escape(phenotype) or "-",
                         number(found.get("released_per_cell_per_hour")), number(found.get("taken_up_per_cell")))
    return made


def _ledger(arms: Mapping[str, Any], where: str) -> Table:
    """Vesicles by place; the residual is the largest of the arm, of vesicles or of any cargo."""
    ledgers = {arm: entry.get("ledger") or {} for arm, entry in arms.items()}
    accounts = {arm: ledger.get("vesicles") or {} for arm, ledger in ledgers.items()}
    used = {words: pools for words, pools in POOLS.items()
            if any(account.get(pool) for account in accounts.values() for pool in pools)}
    made = table(f"Where the vesicles are at the end (EV in the {where})", "arm", *used, "residual",
                 numbers=len(used) + 1)
    for arm, account in accounts.items():
        sums = [sum(account.get(pool) or 0.0 for pool in pools) for pools in used.values()]
        every = [account, *(ledgers[arm].get("cargo") or {}).values()]
        residuals = [abs(one["residual"]) for one in every if isinstance(one.get("residual"), int | float)]
        made.add_row(name(arm), *map(number, sums), _residual(residuals))
    return made


def _residual(residuals: list[float]) -> str:
    """The order of magnitude of the largest; of whole numbers it is 0."""
    largest = max(residuals, default=math.nan)
    return f"{largest:.0e}" if largest > 0.0 else number(largest)


def _whole(arms: Mapping[str, Any]) -> Table:
    """Bursts of every cell type that secretes, and what was followed."""
    made = table("Whole numbers, replicates pooled", "arm", "cell", "followed", "EVs per fusion", "variance / mean",
                 "EVs /cell/h, 5 to 95 % of cells", numbers=3)
    for arm, entry in arms.items():
        sample, found = entry.get("sample") or {}, entry.get("distributions") or {}
        for cell, cells in (sample.get("cells") or {}).items():
            burst, rate = (found.get(f"{cell}.{kind}") or {} for kind in ("burst", "released_per_hour"))
            if not (cells and (burst or rate)):
                continue
            followed = f"{number(cells)} of {number((sample.get('of') or {}).get(cell))}, {entry.get('replicates')} x"
            made.add_row(name(arm), name(cell), followed, number(burst.get("mean")), number(burst.get("fano")),
                         f"{number(rate.get('q05'))} to {number(rate.get('q95'))}")
    return made


def _shares(arms: Mapping[str, Any]) -> list[str]:
    """What the first arm says of shares with at least one copy; the report has all arms."""
    first, entry = next(iter(arms.items()))
    words = [str(one["words"]) for one in (entry.get("distributions") or {}).values() if one.get("words")]
    more = f"... and {len(words) - SHARES} more in the report"
    return [f"{first}: {line}" for line in words[:SHARES]] + [more] * (len(words) > SHARES)


def _published(rows: list[Mapping[str, Any]]) -> Table:
    made = table("Published results", "", "what was published", "how it counts", "ratio", numbers=1)
    for row in rows:
        made.add_row(VERDICTS[row.get("holds")], escape(printable(row.get("says", row.get("key", "")))),
                     escape(str(row.get("label") or "not drawn")), number(row.get("ratio")))
    return made


def _confidence(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{counts[tag]} {words}" for tag, words in CONFIDENCE.items() if counts.get(tag))
