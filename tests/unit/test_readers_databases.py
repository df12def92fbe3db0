"""ExoCarta, Vesiclepedia, EVpedia and target tables of our own making: read, joined, refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vesica.analysis.cargo.database import Question, answer
from vesica.errors import InputError
from vesica.readers import databases, responders

CONTENT = """CONTENT ID\tCONTENT TYPE\tENTREZ GENE ID\tGENE SYMBOL\tSPECIES\tEXPERIMENT ID\tMETHODS
1\tprotein\t1\tCd63\tMus musculus\t1\tMass spectrometry|Western blotting
2\tmRNA\t2\tCD63\tHomo sapiens\t2\t-
3\tmrna\t3\tActb\tMus musculus\t2\tMicroarray
"""
EXPERIMENTS = (
    "EXPERIMENT ID\tPUBMED ID\tSPECIES\tEXPERIMENT DESCRIPTION\tSAMPLE\tSAMPLE SOURCE\tSAMPLE NAME\t"
    "IDENTIFICATIONS\tMETHODS\tYEAR\tISOLATION METHOD\tVESICLE TYPE\n"
    '1\t11\tMus musculus\t"Quoted", with a comma, and 5" more\tCells\tcl\tBV2\t'
    "Protein\tMS\t2019\tUltracentrifugation|Filtration\tExosomes/Microvesicles\n"
    "2\t0\tHomo sapiens\tPlain\tPlasma\tts\t-\tmRNA\tArray\t2020\t-\tExtracellular vesicles\n"
)
EVPEDIA = """Index,UniProt accession,UniProt name,Status,Protein name,Gene symbol,Species,Identification number
1,P60710,ACTB_MOUSE,reviewed,"Actin, cytoplasmic 1",Actb Actb2,Mus musculus,311
"""
TARGETS = """miRTarBase ID,miRNA,Species (miRNA),Target Gene,Target Gene (Entrez ID),Species (Target Gene),Experiments,Support Type,References (PMID)
MIRT1,mmu-miR-146a-5p,Mus musculus,Traf6,22034,Mus musculus,"Luciferase//qPCR, other",Functional MTI,1
MIRT2,mmu-miR-146a-5p,Mus musculus,Irak1,16179,Mus musculus,CLIP,Functional MTI (Weak),2
"""  # noqa: E501


def put(folder: Path, name: str, text: str, *, packed: bool = False) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    return path


@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
@pytest.mark.parametrize("packed", [False, True])
def test_contents_are_read_in_every_dialect(tmp_path: Path, delimiter: str, packed: bool) -> None:
    found = databases.read_database(put(tmp_path, "a.txt", CONTENT.replace("\t", delimiter), packed=packed))
    assert isinstance(found, databases.ContentTable)
    assert [one.kind for one in found.rows] == ["protein", "mrna", "mrna"]
    assert found.rows[0].methods == ("Mass spectrometry", "Western blotting")
    assert found.rows[1].methods == ()


def test_experiments_keep_quotes_and_commas(tmp_path: Path) -> None:
    found = databases.read_database(put(tmp_path, "e.txt", EXPERIMENTS))
    assert isinstance(found, databases.ExperimentTable)
    one, two = found.by_id["1"], found.by_id["2"]
    assert one.isolation == ("Ultracentrifugation", "Filtration")
    assert one.vesicles == ("Exosomes", "Microvesicles")
    assert (two.pubmed, two.isolation, two.source) == ("", (), "ts")


def test_evpedia_lists_several_symbols(tmp_path: Path) -> None:
    found = databases.read_database(put(tmp_path, "v.csv", EVPEDIA))
    assert isinstance(found, databases.EvpediaTable)
    assert found.rows[0].genes == ("Actb", "Actb2")
    assert found.rows[0].identifications == 311


def test_weak_targets_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    path = put(tmp_path, "t.csv", TARGETS)
    found = databases.read_targets(path)
    assert dict(found.by_mirna) == {"mmu-miR-146a-5p": frozenset({"TRAF6"})}
    assert (found.pairs, found.weak) == (1, 1)
    assert databases.read_targets(path, weak=True).by_mirna["mmu-miR-146a-5p"] == {"TRAF6", "IRAK1"}


def test_contents_experiments_and_a_list_are_joined(tmp_path: Path) -> None:
    """Cd63 of mouse and CD63 of man are one symbol in two experiments; Actb in one; Nope in none."""
    files = (put(tmp_path, "c.txt", CONTENT), put(tmp_path, "e.txt", EXPERIMENTS))
    found = answer(Question(files, genes=("Nope",), gene_list=put(tmp_path, "l.txt", "gene\ncd63\nActb\n")))
    rows = {row[0]: row for row in found.tables[0].rows}
    assert (rows["cd63"][1], rows["cd63"][2], rows["cd63"][3]) == (True, 2, 1)
    assert "Ultracentrifugation (1)" in rows["cd63"][8]
    assert (rows["Nope"][1], rows["Nope"][2]) == (False, 0)
    assert found.summary["lookup"] == {"asked": 3, "found": 2, "in_top_100": 2, "missing": ["Nope"]}
    mouse = answer(Question(files, genes=("CD63",), species="mus musculus"))
    assert mouse.tables[0].rows[0][2] == 1


def test_evpedia_counts_its_own_data_sets(tmp_path: Path) -> None:
    found = answer(Question((put(tmp_path, "v.csv", EVPEDIA),), genes=("actb2",)))
    assert found.tables[0].rows[0][2] == 311


@pytest.mark.parametrize(("text", "says"), [
    (CONTENT.replace("GENE SYMBOL", "SYMBOL"), r"`GENE SYMBOL` is missing"),
    (CONTENT + "4\tprotein\t4\n", r"a\.txt:5 .*\n.*3 cells.*\n.*header has 7"),
    (CONTENT.split("\n", maxsplit=1)[0] + "\n", "no rows follow the header"),
    ("a,b\n1,2\n", "a database file has the header of ExoCarta"),
    (EXPERIMENTS + EXPERIMENTS.split("\n")[1] + "\n", "stands here a second time"),
    (EVPEDIA.replace("311", "many"), "`many` stands in column"),
    ("", "the file is empty"),
    ("\x00\x01binary", "control byte"),
])  # fmt: skip
def test_a_broken_database_is_refused_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        databases.read_database(put(tmp_path, "a.txt", text))


@pytest.mark.parametrize(("data", "says"), [
    (gzip.compress(CONTENT.encode(), mtime=0)[:-12], "cannot be unpacked"),
    (gzip.compress(b" ", mtime=0), "unpacks to nothing"),
    (b"\x1f\x8bnonsense", "cannot be unpacked"),
])  # fmt: skip
def test_a_broken_gzip_file_is_refused(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "a.gz").write_bytes(data)
    with pytest.raises(InputError, match=says):
        databases.read_database(tmp_path / "a.gz")


@pytest.mark.parametrize(("text", "says"), [
    (TARGETS.replace("Target Gene,", "Aim,"), "no column `Target Gene`"),
    (TARGETS.replace("Functional MTI,", "Functional MTI (Weak),"), "2 pairs, all of weak support"),
    ("miRNA,gene\n,\n,X\n", "no pair of miRNA and gene"),
])  # fmt: skip
def test_a_table_without_targets_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        databases.read_targets(put(tmp_path, "t.csv", text))


def test_two_tables_of_experiments_are_not_mixed(tmp_path: Path) -> None:
    one, two = put(tmp_path, "a.txt", EXPERIMENTS), put(tmp_path, "b.txt", EXPERIMENTS + "\n")
    with pytest.raises(InputError, match="2 tables of experiments"):
        answer(Question((one, two)))
    with pytest.raises(InputError, match="are the same file"):
        answer(Question((one, put(tmp_path, "c.txt", EXPERIMENTS))))


@settings(max_examples=150, deadline=None)
@given(
    place=st.integers(0, len(EXPERIMENTS) - 1),
    with_what=st.text(max_size=6),
    cut=st.booleans(),
    which=st.integers(0, 3),
)
def test_a_damaged_file_is_read_or_refused_but_never_fails(
    tmp_path_factory: pytest.TempPathFactory, place: int, with_what: str, cut: bool, which: int
) -> None:
    whole = (CONTENT, EXPERIMENTS, EVPEDIA, TARGETS)[which]
    place %= len(whole)
    text = whole[:place] + with_what + ("" if cut else whole[place + 1 :])
    path = tmp_path_factory.mktemp("fuzz") / "a.txt"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    for reader in (databases.read_database, databases.read_targets, databases.read_list,
                   lambda one: responders.read_responders(one, "x"), responders.read_expression):  # fmt: skip
        try:
            reader(path)
        except InputError as failure:
            complete = [one.wrote and one.rule and one.consequence and one.fix for one in failure.findings]
        else:
            complete = [True]
        assert complete
        assert all(complete)


def test_responders_of_several_tools_are_read(tmp_path: Path) -> None:
    """DESeq2 (nameless first column, NA), limma with decimal commas, Seurat."""
    deseq = put(tmp_path, "d.csv", '"","baseMean","log2FoldChange","lfcSE"\n"A",10,-1.5,0.1\n"B",0,NA,NA\n')
    found = responders.read_responders(deseq, "n")
    assert (found.genes, found.change.tolist(), found.left_out) == (("A",), [-1.5], 1)
    assert found.expression is not None
    limma = put(tmp_path, "l.csv", "Gene;logFC;AveExpr\nA;-0,5;3,25\nB;1,0;2,5\n")
    found = responders.read_responders(limma, "n")
    assert found.change.tolist() == [-0.5, 1.0]
    assert found.expression is not None
    assert found.expression.tolist() == [3.25, 2.5]
    with pytest.raises(InputError, match="log2FoldChange"):
        responders.read_responders(put(tmp_path, "x.csv", "gene,fold\nA,2\n"), "n")
    with pytest.raises(InputError, match="second time"):
        responders.read_responders(put(tmp_path, "y.csv", "gene,logFC\nA,2\nA,3\n"), "n")
