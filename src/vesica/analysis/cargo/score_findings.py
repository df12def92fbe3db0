"""What a reader of loading ratios must know: depth, composition, artefacts, names, power."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from vesica.analysis.cargo import artefacts
from vesica.analysis.cargo.artefacts import LibraryDepth
from vesica.analysis.cargo.inputs import CELLS, EVS, mangled_names
from vesica.analysis.cargo.score import Score
from vesica.errors import Finding
from vesica.readers.responders import Responders

PATH: Final = "cargo"
_SHOWN: Final = 4


def findings(score: Score) -> Iterator[Finding]:
    """Warnings first, then notes."""
    found = [
        *score.findings,
        *_depth(score),
        *_artefacts(score),
        *_haemolysis(score),
        *_names(score),
        *_design(score),
        *_installed(),
        *_composition(score),
        *_targets(score),
    ]
    yield from (one for one in found if one.severity == "warning")
    yield from (one for one in found if one.severity != "warning")


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


def _span(numbers: Sequence[float]) -> str:
    """Smallest to largest, or the one number they all are."""
    low, high = f"{min(numbers):,.0f}", f"{max(numbers):,.0f}"
    return low if low == high else f"{low} to {high}"


def _of(score: Score, compartment: str) -> list[LibraryDepth]:
    return [one for one in score.libraries if one.compartment == compartment]


def _depth(score: Score) -> Iterator[Finding]:
    limit = score.library.entries[artefacts.SHALLOW].value
    for compartment in (CELLS, EVS):
        lines = _of(score, compartment)
        shallow = [one for one in lines if one.reads < limit]
        if shallow:
            reads = [one.reads for one in shallow]
            span = _span(reads)
            yield Finding(
                "warning",
                PATH,
                f"{len(shallow)} of {len(lines)} libraries of {compartment} hold {span} reads",
                f"a row that makes 1e-4 of a library needs {limit:,.0f} reads to be counted ten times",
                "most rows rest on few reads: their intervals are wide, and rows without reads are not absent",
                "look at `status` and the counting interval before a name; sequence deeper",
            )
        dominated = [
            one for one in lines if one.largest_share > score.library.entries[artefacts.DOMINANT].value
        ]
        if dominated:
            span = _span([round(100 * one.largest_share) for one in dominated])
            rows = list(dict.fromkeys(one.largest for one in dominated))
            listed = [name for name in rows if name in score.flagged]
            yield Finding(
                "warning",
                PATH,
                f"{_some(rows)} holds {span} % of the reads in "
                f"{len(dominated)} of {len(lines)} libraries of {compartment}"
                + (f" and is flagged ({', '.join(score.flagged[listed[0]])})" if listed else ""),
                "reads are shared out: what one row takes, the others lack",
                "reads per million of all other rows depend on it; ratios to the median row do not",
                "use `log2_loading`; leave a list out with --without LIST where it is an artefact",
            )


def _artefacts(score: Score) -> Iterator[Finding]:
    seen = {
        name
        for table in (score.cells, score.evs)
        for row, name in enumerate(table.ids)
        if table.counts[row].mean() >= score.least_mean
    }
    for marker in score.library.markers.values():
        rows = [name for name, on in score.flagged.items() if marker.name in on and name in seen]
        if rows:
            proof = (
                "the list is an estimate"
                if marker.confidence == "estimate"
                else f"{marker.source} ({marker.confidence})"
            )
            yield Finding(
                "note",
                f"{PATH}: {marker.label}",
                f"{_some(rows)}: on the list `{marker.name}`",
                marker.says,
                f"they may not be cargo of these cells; {proof}",
                f"look at their reads; --without {marker.name} leaves them out",
            )


def _haemolysis(score: Score) -> Iterator[Finding]:
    bad = [one for one in score.libraries if "haemolysis" in one.verdict]
    if bad:
        top = max(bad, key=lambda one: one.haemolysis or 0.0)
        yield Finding(
            "warning",
            PATH,
            f"{len(bad)} libraries hold much more miR-451a than miR-23a: {_some([b.sample for b in bad])}, "
            f"up to log2 {top.haemolysis:.1f} in `{top.sample}`",
            "the two differ by less than 5 in plasma without haemolysis, and by more than 7 with it (RT-qPCR; "
            "reads carry a ligation bias)",
            "what red blood cells hold is taken for EV cargo",
            "measure the absorbance at 414 nm; leave these libraries out",
        )


def _names(score: Score) -> Iterator[Finding]:
    hairpins = int(score.cells.hairpin.sum())
    if hairpins:
        yield Finding(
            "note",
            PATH,
            f"{hairpins} of {len(score.cells.ids)} rows are hairpins, as "
            f"`{score.cells.ids[int(np.argmax(score.cells.hairpin))]}`",
            "a hairpin counts both strands; targets belong to one",
            "the strand is not known: targets of both are used",
            "count mature miRNAs (miRBase mature) for target questions",
        )
    shared = [name for name, on in score.remarks.items() if artefacts.TWIN in on]
    if shared:
        yield Finding(
            "note",
            PATH,
            f"{len(shared)} rows are hairpins of the same mature strand, as {_some(shared[:2])}",
            "their reads cannot be told apart",
            "the same reads may stand in several rows, and count several times",
            "read them as one",
        )


def _design(score: Score) -> Iterator[Finding]:
    single = [
        f"{one.group} ({side})"
        for one in score.loadings
        for side, rates in ((CELLS, one.cells), (EVS, one.evs))
        if rates.libraries < 2
    ]
    if single:
        yield Finding(
            "warning",
            PATH,
            f"one library only: {', '.join(single)}",
            "scatter between libraries needs repeats",
            "its error is borrowed from the repeated groups of that side, or is that of counting alone",
            "repeat the preparation: two EV preparations differ by more than counting",
        )
    if len(score.paired.both) > 1 and not score.changes:
        yield Finding(
            "note",
            PATH,
            f"{len(score.paired.both)} groups and no --against",
            "a change is counted against one group",
            "no change was tested",
            f"--against {score.paired.both[0]}",
        )
    if score.left_out:
        yield Finding(
            "note",
            PATH,
            f"{len(score.left_out)} rows were left out: {_some(list(score.left_out))}",
            "--without leaves out the rows of a list",
            "they take no part in anything below",
            "summary.json names them all (`left_out`)",
        )


def _installed() -> Iterator[Finding]:
    if importlib.util.find_spec("anndata") is None:
        yield Finding(
            "note",
            PATH,
            "the library anndata is not installed",
            "it writes .h5ad files",
            "the folder of --out holds no cargo.h5ad",
            'install it: pip install "vesica[omics]"',
        )


def _composition(score: Score) -> Iterator[Finding]:
    yield Finding(
        "note",
        PATH,
        "loading is relative: zero is the median row counted in cells and EVs",
        "reads give shares of a library, not copies",
        "whether EVs hold more RNA altogether is not said, and rows "
        "too rare to be counted in EVs are missing from the median",
        "for copies per EV use a spike-in or RT-qPCR with a standard, and a particle count; then `vesica dose`",
    )


def _few_targets(score: Score, responders: Responders) -> str:
    """Why nothing could be tested: names that never meet, or too few genes."""
    wanted = {gene for genes in score.target_genes.values() for gene in genes}
    met = sum(gene.upper() in wanted for gene in responders.genes)
    said = f"no miRNA has five measured targets; {met} of {len(responders.genes)} genes are targets at all"
    if met or not wanted:
        return said
    return f"{said}: the responders are named as `{responders.genes[0]}`, the targets as `{min(wanted)}`"


def _targets(score: Score) -> Iterator[Finding]:
    if not score.responders:
        return
    for one in score.responders:
        yield from mangled_names(one.genes, one.provenance.file)
        tests = [test for test in score.tests if test.receiver == one.name]
        if not tests:
            yield Finding(
                "warning",
                f"{PATH}: {one.name}",
                _few_targets(score, one),
                "a rank test needs some targets and some other genes",
                "no repression was tested",
                "give all measured genes, not only the significant ones, named as in the table of targets",
                file=one.provenance.file,
            )
            continue
        middle = float(np.median([test.detectable for test in tests]))
        yield Finding(
            "note",
            f"{PATH}: {one.name}",
            f"the median miRNA has {np.median([t.targets for t in tests]):.0f} measured targets",
            f"with 80 % power it shows a probability of {middle:.2f} or more (0.5: no effect)",
            "a weaker repression is missed; genes are not independent, so p is a ranking more than a proof",
            "compare with a responder that got EVs without the miRNA",
        )
        if one.left_out:
            yield Finding(
                "note",
                f"{PATH}: {one.name}",
                f"{one.left_out} genes have no fold change (NA)",
                "a test needs a number",
                "they were left out",
                "nothing to do",
                file=one.provenance.file,
            )
    yield Finding(
        "note",
        PATH,
        "a repression test does not say that the miRNA came by EVs",
        "at 0.008 copies per EV (Chevillet 2014) transfer often does not add up",
        "the receiver's own miRNA gives the same picture",
        "check the numbers with `vesica dose`",
    )
