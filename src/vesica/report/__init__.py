"""The report of a run: one HTML file that opens anywhere, without a network."""

from vesica.report.page import build as build
from vesica.report.page import write as write
