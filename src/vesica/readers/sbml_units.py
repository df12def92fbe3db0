"""Units of an SBML file as powers of the internal units."""

from __future__ import annotations

import functools
import math
from typing import Any, Final

from vesica.readers.sbml_record import SbmlUnit
from vesica.units import AVOGADRO

_PURE: Final = SbmlUnit()
_NEWTON: Final = (("g", 1.0), ("s", -2.0), ("um", 1.0))  # 1 N = 1e9 g um/s^2
KINDS: Final = {
    "mole": SbmlUnit(AVOGADRO, (("molecule", 1.0),)), "item": SbmlUnit(1.0, (("molecule", 1.0),)),
    "litre": SbmlUnit(1e15, (("um", 3.0),)), "liter": SbmlUnit(1e15, (("um", 3.0),)),
    "metre": SbmlUnit(1e6, (("um", 1.0),)), "meter": SbmlUnit(1e6, (("um", 1.0),)),
    "second": SbmlUnit(1.0, (("s", 1.0),)), "hertz": SbmlUnit(1.0, (("s", -1.0),)),
    "becquerel": SbmlUnit(1.0, (("s", -1.0),)), "katal": SbmlUnit(AVOGADRO, (("molecule", 1.0), ("s", -1.0))),
    "gram": SbmlUnit(1.0, (("g", 1.0),)), "kilogram": SbmlUnit(1e3, (("g", 1.0),)),
    "kelvin": SbmlUnit(1.0, (("kelvin", 1.0),)), "newton": SbmlUnit(1e9, _NEWTON),
    "pascal": SbmlUnit(1e-3, (("g", 1.0), ("s", -2.0), ("um", -1.0))),
    "joule": SbmlUnit(1e15, (("g", 1.0), ("s", -2.0), ("um", 2.0))),
    "watt": SbmlUnit(1e15, (("g", 1.0), ("s", -3.0), ("um", 2.0))),
    "dimensionless": _PURE, "radian": _PURE, "steradian": _PURE, "avogadro": SbmlUnit(AVOGADRO),
}  # fmt: skip
_BUILT_IN: Final = {
    "substance": KINDS["mole"], "volume": KINDS["litre"], "time": KINDS["second"],
    "area": SbmlUnit(1e12, (("um", 2.0),)), "length": KINDS["metre"],
}  # fmt: skip


class FileUnits:
    """Looks units up by their id; a unit of electricity or light, of no known kind or without a meaning, is None."""

    def __init__(self, model: Any, level: int) -> None:
        self.model, self.level = model, level

    @functools.cache  # noqa: B019 - it lives as long as the file is read
    def __call__(self, name: str) -> SbmlUnit | None:
        """The unit with this id; None for none."""
        made = self.model.getUnitDefinition(name) if name else None
        if made is not None:
            return _product(made)
        if name in KINDS:
            return KINDS[name]
        return _BUILT_IN.get(name) if self.level < 3 else None

    def of_file(self, what: str) -> SbmlUnit | None:
        """The file's unit of ``time``, ``substance`` or ``volume``."""
        if self.level < 3:
            return self(what)
        name = str(getattr(self.model, f"get{what.title()}Units")())
        return self(name or self._common(what))

    def _common(self, what: str) -> str:
        """The unit that all compartments, or all species, of a file name each for itself; nothing where they differ."""
        names = {"volume": {one.getUnits() for one in self.model.getListOfCompartments()
                            if one.getSpatialDimensions() == 3},
                 "substance": {one.getSubstanceUnits() for one in self.model.getListOfSpecies()}}.get(what, set())
        return str(next(iter(names))) if len(names) == 1 else ""


def _product(made: Any) -> SbmlUnit | None:
    import libsbml

    total = _PURE
    for place in range(made.getNumUnits()):
        unit = made.getUnit(place)
        kind = KINDS.get(libsbml.UnitKind_toString(unit.getKind()))
        if kind is None or unit.getOffset():
            return None
        size, power = unit.getMultiplier(), unit.getExponentAsDouble()
        if not (size > 0.0 and abs(unit.getScale()) < 100 and abs(power) < 10):
            return None
        total = total.times(SbmlUnit(size * 10.0 ** unit.getScale() * kind.scale, kind.powers), power)
    return total if math.isfinite(total.scale) and total.scale > 0.0 else None
