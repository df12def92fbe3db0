"""The commands `vesica nta read` and `vesica nta sheet`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vesica.cli.deliver import deliver, out_options
from vesica.cli.failures import DONE
from vesica.errors import error, nearest

if TYPE_CHECKING:
    from vesica.analysis.misev.sheet import Sheet as Metadata
    from vesica.analysis.nta.amounts import Culture
    from vesica.analysis.nta.records import NtaResult
    from vesica.analysis.nta.sheet import Sheet
    from vesica.errors import Finding, InputError
    from vesica.readers.nta_record import NtaFile

FILE = click.Path(path_type=Path)
MANY = 20  # files from which on a progress bar is worth its line
_MAPPED = ("size", "concentration", "sd")


@click.group(short_help="Particle tracking: read files, compare groups.")
def nta() -> None:
    """Nanoparticle tracking (NanoSight, ZetaView, tables of sizes): concentrations, sizes, comparisons."""


@nta.command(short_help="Read files: concentrations, sizes, what was left out and why.")
@click.argument("files", nargs=-1, type=FILE, metavar="FILES...")
@click.option(
    "--dilution",
    type=float,
    metavar="N",
    help="Fold dilution of all files; refused where a file records another one.",
)
@click.option(
    "--blank",
    "blanks",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="Medium without EVs, measured at the same dilution; subtracted. May be repeated.",
)
@click.option(
    "--scale-blank",
    is_flag=True,
    help="Take blanks of another dilution, too: only if the diluent was shown to be clean.",
)
@click.option(
    "--samples",
    "sheet",
    type=FILE,
    metavar="SHEET",
    help="Table: file, sample, replicate, group, role, dilution, cells, volume (mL), protein (ug), time (h).",
)
@click.option("--compare", "pairs", multiple=True, metavar="A,B|all", help="Compare two groups, or all pairs.")
@click.option(
    "--fit", "is_fitted", is_flag=True, help="Fit size laws: log-normal, two log-normals, behind the limit."
)
@click.option(
    "--correct-detection", is_flag=True, help="Estimate the small EVs that the instrument does not see."
)
@click.option("--correct-plastic", type=float, metavar="HOURS", help="Correct for loss to the tube in this time.")
@click.option(
    "--tube",
    metavar="KIND",
    help="For --correct-plastic: polypropylene (the default) or low-binding.",
)
@click.option("--keep-all", is_flag=True, help="Use videos that would be excluded; the table still says why.")
@click.option("--cells", metavar="N", help="Cells that released into --volume, as 1e6.")
@click.option("--volume", metavar="VOLUME", help="Of the original suspension, as '10 mL'.")
@click.option("--protein", metavar="AMOUNT", help="Of the suspension: '25 ug/mL', or '25 ug' in --volume.")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="size=COLUMN",
    help="Columns of a table of sizes: size=, concentration=, sd=. May be repeated.",
)
@click.option("--unit", metavar="UNIT", help="Of the concentrations of such a table: particle/mL.")
@click.option(
    "--metadata", type=FILE, metavar="YAML", help="What the files do not say; `vesica nta sheet` makes one."
)
@out_options
def read(
    *,
    files: tuple[Path, ...],
    blanks: tuple[Path, ...],
    sheet: Path | None,
    out: Path | None,
    png: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Read particle tracking files: concentration with interval, sizes, background, and what was left out.

    One file is one replicate of the sample it names; a sample sheet says more. With a sheet, FILES may be left out.

    \b
    vesica nta read *.csv --blank medium.csv --out nta
    vesica nta read --samples sheet.csv --compare control,LPS --out nta
    """  # noqa: D301 - click's mark for lines to keep is the character, not its name
    from vesica.analysis import misev
    from vesica.analysis.nta import further, tables
    from vesica.analysis.nta.read import gathered

    asked = _Asked(**options)
    if asked.tube is not None and asked.correct_plastic is None:
        raise error("--tube", f"`--tube {asked.tube}` without `--correct-plastic`",
                    "the kind of tube is for the correction of loss to plastic", "it would change nothing, unseen",
                    "say the hours in the tube, as `--correct-plastic 24`, or leave `--tube` out")
    metadata = None if asked.metadata is None else misev.read_sheet(asked.metadata)  # wrong words are refused first
    result = _analysed(files, blanks, sheet, asked, metadata, is_silent=as_json)
    if asked.is_fitted:
        result = further.with_fits(result)
    if asked.pairs:
        result = further.with_comparisons(result, _pairs(asked.pairs))
    if asked.correct_detection or asked.correct_plastic is not None:
        result = further.with_corrections(
            result, detection=asked.correct_detection, plastic_hours=asked.correct_plastic,
            tube=asked.tube or "polypropylene",
        )
    reporting = misev.fill(metadata, result)
    sentences = further.sentences(result)
    if metadata is not None or out is not None:
        sentences += (reporting.headline,)
    outcome = tables.outcome(result, further.tables(result), sentences)
    outcome = replace(outcome, findings=gathered([*outcome.findings, *reporting.findings]))
    if out is None:
        return deliver(outcome, out=None, as_json=as_json)
    from vesica.report.lab import nta as lab_nta

    content = {"distributions.csv": tables.distributions(result).csv(), **reporting.files()}
    return deliver(
        outcome,
        lab_nta.figures(result),
        out=out,
        as_json=as_json,
        png=png,
        files=content,
        sections=lab_nta.sections(result, reporting),
    )


@dataclass(frozen=True)
class _Asked:
    """The options of `read` by name."""

    dilution: float | None
    scale_blank: bool
    pairs: tuple[str, ...]
    is_fitted: bool
    correct_detection: bool
    correct_plastic: float | None
    tube: str | None
    keep_all: bool
    cells: str | None
    volume: str | None
    protein: str | None
    mapping: tuple[str, ...]
    unit: str | None
    metadata: Path | None


def _analysed(
    files: Sequence[Path], blanks: Sequence[Path], sheet_path: Path | None, asked: _Asked,
    metadata: Metadata | None, *, is_silent: bool,
) -> NtaResult:  # fmt: skip
    from vesica.analysis.nta.culture import from_metadata
    from vesica.analysis.nta.read import Choices, analyse, gathered
    from vesica.analysis.nta.records import PER_ML
    from vesica.analysis.nta.sheet import read_sheet, refuse_missing

    sheet = None if sheet_path is None else read_sheet(sheet_path)
    if sheet is not None:
        if not files:
            refuse_missing(sheet)
        blanks = [*blanks, *map(Path, sheet.paths("blank"))]
    blanks = list({path.resolve(): path for path in blanks}.values())
    # `*.csv` names the blank and the sheet, too
    aside = {path.resolve() for path in (*blanks, *([sheet_path] if sheet_path else []))}
    given = [path for path in files if path.resolve() not in aside]
    files = given if given or sheet is None or files else [Path(path) for path in sheet.paths("sample")]
    if not files:
        raise _nothing_to_read(blanks, sheet)
    columns = _columns(asked)
    choices = Choices(asked.dilution, _culture(asked), sheet, asked.keep_all, asked.scale_blank)
    measured, said = _read_all([*files, *blanks], columns, is_silent=is_silent)
    places = {path.resolve() for path in blanks}
    medium = [file for file in measured if Path(file.file).resolve() in places]
    samples = [file for file in measured if file not in medium]
    result = analyse(samples, medium, choices)
    if metadata is not None and result.unit == PER_ML:  # without a dilution nothing is divided
        culture, note = from_metadata(choices.culture, sheet, metadata)
        if culture != choices.culture:
            result = analyse(samples, medium, replace(choices, culture=culture))
        said = (*said, *([note] if note else []))
    return replace(result, findings=gathered([*said, *result.findings]))


def _nothing_to_read(blanks: Sequence[Path], sheet: Sheet | None) -> InputError:
    wrote = "no file was named"
    if blanks:
        wrote = f"only blanks are named{' in the sheet' if sheet is not None else ''}"
    return error(
        "", wrote, "`vesica nta read` reads at least one file of a sample", "there is nothing to read",
        "write `vesica nta read FILES...`, or give a sheet with `--samples`",
    )  # fmt: skip


def _read_all(
    paths: Sequence[Path], columns: dict[str, str | None], *, is_silent: bool
) -> tuple[tuple[NtaFile, ...], tuple[Finding, ...]]:
    """Read the files, telling how far it is where there are many."""
    from vesica.cli.progress import Progress
    from vesica.readers.nta import read_nta_files

    with Progress(is_silent=is_silent or len(paths) < MANY) as progress:

        def told() -> Any:
            for number, path in enumerate(paths):
                progress(number / len(paths), "reading files")
                yield path

        return read_nta_files(told(), **columns)


def _columns(asked: _Asked) -> dict[str, str | None]:
    """The columns of a size table, as named by --map and --unit."""
    columns: dict[str, str | None] = {}
    for one in asked.mapping:
        name, mark, column = (part.strip() for part in one.partition("="))
        if not mark or not column or name not in _MAPPED:
            raise error(
                "--map",
                f"`--map {one}`",
                "a mapping is written `size=COLUMN`, with size, concentration or sd",
                "the columns of the table would be unknown",
                nearest(name, _MAPPED) if mark and column else "write `--map size=NAME OF THE COLUMN`",
            )
        if name in columns:
            raise error(
                "--map",
                f"`--map {name}=` stands twice",
                "each column is named once",
                "it is not known which one is meant",
                "leave one of them out",
            )
        columns[name] = column
    if asked.unit is not None:
        columns["unit"] = asked.unit
    return columns


def _culture(asked: _Asked) -> Culture:
    """Cells, volume and protein of the command line."""
    from vesica.analysis.nta.amounts import Culture

    cells = None if asked.cells is None else _positive(asked.cells, "cell", "--cells", bare="1e6")
    volume = None if asked.volume is None else _positive(asked.volume, "mL", "--volume")
    mass = density = None
    if asked.protein is not None:
        if "/" in asked.protein:
            density = _positive(asked.protein, "ug/mL", "--protein")
        else:
            mass = _positive(asked.protein, "ug", "--protein")
    return Culture(cells=cells, volume=volume, protein=mass, protein_concentration=density)


def _positive(text: str, unit: str, option: str, *, bare: str = "") -> float:
    """A quantity above zero; a plain number where ``bare`` shows one."""
    from vesica.units import split, to_internal

    try:
        is_plain = bool(bare) and not split(text)[1]
    except ValueError:
        is_plain = False
    value = to_internal(text, "" if is_plain else unit, option)
    if value <= 0:
        raise error(
            option,
            f"`{option} {text}`",
            "it is larger than zero",
            "nothing can be divided by it",
            f"write the amount, as `{bare or '10 ' + unit}`",
        )
    return value


def _pairs(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of groups; empty for all."""
    pairs: list[tuple[str, str]] = []
    for text in texts:
        if text.strip().lower() == "all":
            return []
        names = [part.strip() for part in text.split(",")]
        if len(names) != 2 or not all(names):
            raise error(
                "--compare",
                f"`--compare {text}`",
                "two groups are named, with a comma between them",
                "it is not known what to compare",
                "write `--compare control,treated`, or `--compare all`",
            )
        pairs.append((names[0], names[1]))
    return pairs


@nta.command(short_help="A metadata sheet to fill in, for --metadata.")
@click.option("--out", "-o", type=FILE, metavar="FILE", help="File to write; without it the sheet is printed.")
def sheet(*, out: Path | None) -> int:
    """An empty metadata sheet (YAML): what MISEV2023 and EV-TRACK ask for and no instrument file says."""
    from vesica.analysis import misev

    content = misev.empty_sheet()
    if out is None:
        click.echo(content.decode(), nl=False)
        return DONE
    if out.exists():
        raise error(
            "--out",
            f"`{out}` is already there",
            "a sheet that was filled in is never overwritten",
            "what stands in it would be lost",
            "name another file, or remove this one",
        )
    out.write_bytes(content)
    click.echo(f"Written to {out}. Fill it in, then: vesica nta read FILES... --metadata {out} --out DIR")
    return DONE
