"""What reviewers look for: items of MISEV and EV-TRACK as rules over the keys of the sheet.

An item is counted as reported when enough of its keys are answered: this says that the words are there, not
that they are right, and never that a study complies with anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Standard = Literal["MISEV", "EV-METRIC"]

# The items that a published MISEV checklist marks as mandatory were read in PMC9465297, table 3; the topics of
# MISEV2023 in doi 10.1002/jev2.12404. Three components of EV-METRIC were read, the other six are from memory.
MANDATORY: Final = "marked as mandatory in a MISEV checklist (PMC9465297, table 3)"
TOPIC: Final = "a topic of MISEV2023 (doi 10.1002/jev2.12404)"
METRIC: Final = "a component of EV-METRIC (doi 10.1038/nmeth.4185)"
METRIC_KNOWN: Final = "a component of EV-METRIC (doi 10.1038/nmeth.4185), wording from memory"


@dataclass(frozen=True)
class Requirement:
    """One item of a checklist.

    Parameters
    ----------
    name : str
        Stable.
    asks : str
        What is to be reported.
    keys : paths of the sheet
    at_least : int
        How many answers there must be; every entry of a list counts.
    each : bool
        Whether every key must be answered, however many entries one has.
    is_mandatory : bool
    standard, grounds : whose item it is, and where that was read
    """

    name: str
    asks: str
    keys: tuple[str, ...]
    at_least: int = 1
    each: bool = False
    is_mandatory: bool = False
    standard: Standard = "MISEV"
    grounds: str = TOPIC


def _must(name: str, asks: str, *keys: str, at_least: int = 1, each: bool = False) -> Requirement:
    return Requirement(name, asks, keys, at_least, each, is_mandatory=True, grounds=MANDATORY)


def _topic(name: str, asks: str, *keys: str, at_least: int = 1, each: bool = False) -> Requirement:
    return Requirement(name, asks, keys, at_least, each)


def _metric(name: str, asks: str, *keys: str, at_least: int = 1, each: bool = False,
            grounds: str = METRIC_KNOWN) -> Requirement:
    return Requirement(name, asks, keys, at_least, each, standard="EV-METRIC", grounds=grounds)


REQUIREMENTS: Final[tuple[Requirement, ...]] = (
    _must("source_amount", "volume of fluid, or number of cells", "source.volume", "source.cell_number"),
    _must("two_quantities", "two global quantities (particles, protein, lipid)",
          "quantity.particles", "quantity.protein", "quantity.lipid", at_least=2),
    _must("quantity_per_source", "quantity per volume or per cell", "quantity.per_source"),
    _must("ratio", "ratio of two quantities", "quantity.ratio"),
    _must("transmembrane_marker", "at least one transmembrane or GPI-anchored protein", "markers.transmembrane"),
    _must("cytosolic_marker", "at least one cytosolic protein", "markers.cytosolic"),
    _must("contaminant_marker", "at least one contaminant that was looked for", "markers.contaminants"),
    _must("image", "image of single vesicles, close-up and wide-field",
          "single_particle.image_wide", "single_particle.image_close", each=True),
    _must("single_particle", "a single-particle method that does not image (NTA, TRPS, flow)", "nta.instrument"),
    _topic("term", "operational name", "study.term"),
    _topic("replicates", "independent replicates, and batches", "study.replicates", "study.batches", each=True),
    _topic("source", "source: kind, species, cells or donors", "source.kind", "source.species", "source.cells",
           each=True),
    _topic("culture", "culture: passage, viability, medium, time, serum", "source.passage", "source.viability",
           "source.medium", "source.conditioning_time", "source.ev_depleted", each=True),
    _topic("preanalytics", "storage before separation", "source.storage"),
    _topic("separation", "separation methods with their steps", "separation.methods", "separation.steps", each=True),
    _topic("ev_storage", "storage of the separated EVs", "separation.storage"),
    _topic("two_methods", "two single-particle methods, one of them imaging", "nta.instrument",
           "single_particle.methods", at_least=2),
    _topic("nta_settings", "particle tracking: instrument, software, settings, threshold, temperature",
           "nta.instrument", "nta.software", "nta.settings", "nta.detection_threshold", "nta.temperature", each=True),
    _topic("nta_sampling", "particle tracking: dilution, diluent, videos, frames, tracks, exclusions", "nta.dilution",
           "nta.diluent", "nta.videos", "nta.frames", "nta.tracks", "nta.exclusions", each=True),
    _topic("limits", "limits of detection", "nta.detection_limit"),
    _topic("calibration", "calibration of the instrument", "nta.calibration"),
    _topic("blank", "medium or buffer blank", "controls.medium_blank"),
    _topic("linearity", "dilution series", "controls.dilution_series"),
    _topic("detergent", "lysis by detergent", "controls.detergent"),
    _topic("topology", "topology of the markers", "markers.topology"),
    _topic("release", "release: how it was measured", "functional.release"),
    _topic("uptake", "uptake: how it was measured, dye control", "functional.uptake", "controls.dye_only", each=True),
    _topic("dose", "dose, and control depleted of EVs", "functional.dose", "controls.ev_depleted", each=True),
    _topic("deposit", "data deposited", "deposit.ev_track", "deposit.nta", "deposit.omics"),
    _metric("centrifugation", "ultracentrifugation specifics", "separation.rotor", "separation.steps", each=True,
            grounds=METRIC),
    _metric("antibodies", "antibody specifics", "markers.antibodies", grounds=METRIC),
    _metric("lysate", "lysate preparation", "markers.lysate", grounds=METRIC),
    _metric("three_enriched", "at least three EV-enriched proteins", "markers.transmembrane", "markers.cytosolic",
            at_least=3),
    _metric("one_non_enriched", "at least one protein that is not EV-enriched", "markers.contaminants"),
    _metric("particle_analysis", "qualitative and quantitative particle analysis", "nta.instrument",
            "single_particle.image_wide", each=True),
    _metric("microscopy", "electron microscopy, wide-field and close-up", "single_particle.image_wide",
            "single_particle.image_close", each=True),
    _metric("gradient", "density gradient", "separation.gradient"),
    _metric("density", "density of the EVs", "separation.density"),
)
