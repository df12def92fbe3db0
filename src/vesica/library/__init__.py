"""Cited numbers: every parameter with unit, range, source, reason and confidence.

The numbers are in ``data/*.toml``; nothing here computes with them.
"""

from vesica.library.cargo_table import CargoFact as CargoFact
from vesica.library.cargo_table import cargo_facts as cargo_facts
from vesica.library.loader import internal as internal
from vesica.library.loader import load as load
from vesica.library.records import AgentEntry as AgentEntry
from vesica.library.records import CargoEntry as CargoEntry
from vesica.library.records import CellCargoEntry as CellCargoEntry
from vesica.library.records import CellEntry as CellEntry
from vesica.library.records import CellSolubleEntry as CellSolubleEntry
from vesica.library.records import CellTargetsEntry as CellTargetsEntry
from vesica.library.records import EffectEntry as EffectEntry
from vesica.library.records import Entry as Entry
from vesica.library.records import GeneEntry as GeneEntry
from vesica.library.records import Library as Library
from vesica.library.records import MarkerEntry as MarkerEntry
from vesica.library.records import RuleEntry as RuleEntry
from vesica.library.records import SignalEntry as SignalEntry
from vesica.library.records import SolubleEntry as SolubleEntry
from vesica.library.records import SwitchEntry as SwitchEntry
from vesica.library.records import SwitchOption as SwitchOption
