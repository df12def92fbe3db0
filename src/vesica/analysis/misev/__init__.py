"""The reporting sheet: what MISEV2023 and EV-TRACK ask for, what the files answer, and what is missing."""

from vesica.analysis.misev.fill import ReportingSheet as ReportingSheet
from vesica.analysis.misev.fill import fill as fill
from vesica.analysis.misev.sheet import Sheet as Sheet
from vesica.analysis.misev.sheet import empty_sheet as empty_sheet
from vesica.analysis.misev.sheet import read_sheet as read_sheet
