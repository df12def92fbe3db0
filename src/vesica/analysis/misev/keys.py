"""The questions of the reporting sheet: stable keys, what each asks for, and what answers it.

What a methods section on extracellular vesicles should say is the subject of MISEV2023 (Welsh 2024, doi
10.1002/jev2.12404) and EV-TRACK (van Deun 2017, doi 10.1038/nmeth.4185). The keys and their words are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

VERSION: Final = 1
HEAD: Final = "vesica_metadata"

Kind = Literal["text", "texts", "quantity", "done"]


@dataclass(frozen=True)
class Key:
    """One question of the sheet.

    Parameters
    ----------
    path : str
        ``section.key``; stable.
    asks : str
        What to write, with an example.
    kind : "text", "texts", "quantity" or "done"
        A text; a list of texts; a number with its unit; a text that says how, or `no` where it was not done.
    unit : str
        Of a quantity, one that fits.
    is_filled : bool
        Whether the instrument's files or the analysis can answer it.
    """

    path: str
    asks: str
    kind: Kind = "text"
    unit: str = ""
    is_filled: bool = False

    @property
    def section(self) -> str:
        """Before the full stop."""
        return self.path.partition(".")[0]

    @property
    def name(self) -> str:
        """After the full stop."""
        return self.path.partition(".")[2]


SECTIONS: Final[dict[str, str]] = {
    "study": "What was studied",
    "source": "Where the vesicles come from, and what happened before separation",
    "separation": "How the vesicles were separated and kept",
    "quantity": "How much there is: at least two kinds of quantity, and their ratio",
    "markers": "Proteins that should be there, and proteins that should not",
    "single_particle": "Methods that see single vesicles: at least two, one of them imaging",
    "nta": "Particle tracking; what the files say is filled in",
    "controls": "Controls; write `no` where one was not done, so that it is said and not forgotten",
    "functional": "Release, uptake and effect, where they were studied",
    "deposit": "Where the data can be found",
}

KEYS: Final[tuple[Key, ...]] = (
    Key("study.title", "title of the experiment"),
    Key("study.term", "the word you use: EV, small EV (< 200 nm by NTA) ...; `exosome` only where the origin is shown"),
    Key("study.replicates", "independent biological replicates, and what one is: 3 cultures of different passages"),
    Key("study.batches", "batches: one preparation day, or which sample belongs to which"),
    Key("source.kind", "conditioned medium, plasma, serum, urine, CSF, tissue ..."),
    Key("source.species", "species and strain"),
    Key("source.cells", "cell line or primary cells, supplier, authentication; or donors and inclusion"),
    Key("source.passage", "passage or days in culture"),
    Key("source.viability", "share of living cells at the harvest, and how it was measured"),
    Key("source.cell_number", "cells at the harvest of one sample: 2e7 cells", "quantity", "cell"),
    Key("source.volume", "volume of medium or fluid that one sample comes from: 20 mL", "quantity", "mL"),
    Key("source.medium", "medium and supplements; anticoagulant and tube for blood"),
    Key("source.conditioning_time", "how long the medium was on the cells: 48 h", "quantity", "h"),
    Key("source.ev_depleted", "serum: none, or how it was depleted of EVs (g, time), or `no`", "done"),
    Key("source.storage", "temperature, time and thaws before separation"),
    Key("separation.methods", "in order: [differential ultracentrifugation, size exclusion ...]", "texts"),
    Key("separation.steps", "each step with g (not rpm), time, temperature: [300 g 10 min 4 degC, ...]", "texts"),
    Key("separation.rotor", "rotor, tubes and k-factor of ultracentrifugation"),
    Key("separation.gradient", "density gradient: material and direction, or `no`", "done"),
    Key("separation.density", "density of the fraction that holds the EVs, and how it was measured: 1.10 g/mL"),
    Key("separation.storage", "buffer, tube, temperature and thaws of the separated EVs"),
    Key("quantity.particles", "particles per mL, by which method", is_filled=True),
    Key("quantity.protein", "protein per mL or per sample, and which assay"),
    Key("quantity.lipid", "lipid per mL or per sample, and which assay"),
    Key("quantity.per_source", "particles or protein per cell, or per mL of fluid", is_filled=True),
    Key("quantity.ratio", "particles per ug protein, or another ratio of two quantities", is_filled=True),
    Key("markers.method", "Western blot, flow cytometry, mass spectrometry ..."),
    Key("markers.transmembrane", "transmembrane or GPI-anchored proteins found: [CD63, CD81]", "texts"),
    Key("markers.cytosolic", "proteins of the lumen found: [TSG101, ALIX]", "texts"),
    Key("markers.contaminants", "what should not be there and was looked for: [albumin, ApoA1, calnexin]", "texts"),
    Key("markers.antibodies", "clone, supplier and dilution of each antibody", "texts"),
    Key("markers.lysate", "lysis buffer, and protein or particles loaded per lane"),
    Key("markers.topology", "inside or outside: protease or permeabilisation test, or `no`", "done"),
    Key("single_particle.methods", "besides the particle tracking read here: [cryo-EM, TRPS, nano-flow ...]", "texts"),
    Key("single_particle.image_wide", "wide-field image with many vesicles: method and figure, or `no`", "done"),
    Key("single_particle.image_close", "close-up image of single vesicles: method and figure, or `no`", "done"),
    Key("nta.instrument", "make and model; camera and laser", is_filled=True),
    Key("nta.software", "program and version", is_filled=True),
    Key("nta.captured", "date of the measurement", is_filled=True),
    Key("nta.diluent", "what the sample was diluted in, and how that was cleaned", is_filled=True),
    Key("nta.dilution", "dilution of each sample, and who applied it", is_filled=True),
    Key("nta.settings", "camera level, shutter, gain, frame rate, syringe pump", is_filled=True),
    Key("nta.detection_threshold", "detection threshold, or minimum brightness and area", is_filled=True),
    Key("nta.temperature", "temperature of the measurement", is_filled=True),
    Key("nta.videos", "videos of each sample, and how long", is_filled=True),
    Key("nta.frames", "frames analysed of each video", is_filled=True),
    Key("nta.tracks", "completed tracks, and particles per frame", is_filled=True),
    Key("nta.exclusions", "videos left out, and why", is_filled=True),
    Key("nta.analysis", "how concentration, intervals and sizes were calculated", is_filled=True),
    Key("nta.detection_limit", "smallest diameter seen with this instrument and these settings, and how it was found"),
    Key("nta.calibration", "beads and date of the last check, and what they gave"),
    Key("controls.medium_blank", "unconditioned medium or buffer through the whole procedure, or `no`", "done",
        is_filled=True),
    Key("controls.detergent", "particles after detergent lysis, or `no`", "done"),
    Key("controls.dilution_series", "dilution series: linear from where to where, or `no`", "done", is_filled=True),
    Key("controls.dye_only", "dye without EVs through the same procedure, or `no`", "done"),
    Key("controls.ev_depleted", "the preparation without its EVs, in the functional test, or `no`", "done"),
    Key("functional.release", "how release was measured: cells, time, controls for death and re-uptake"),
    Key("functional.uptake", "how uptake was measured: label, 4 degC and free-dye controls"),
    Key("functional.dose", "dose as particles per recipient cell: 1e3 particle/cell, and why this one"),
    Key("deposit.ev_track", "EV-TRACK id"),
    Key("deposit.nta", "where the files of the instrument can be found"),
    Key("deposit.omics", "accession of sequencing or proteomics data"),
)

BY_PATH: Final = {key.path: key for key in KEYS}
