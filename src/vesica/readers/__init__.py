"""Instrument and omics files -> plain records, in the units of the instruments (nm, particle/mL, reads)."""

from vesica.readers.counts import CountTable as CountTable
from vesica.readers.counts import read_counts as read_counts
from vesica.readers.fold_change import FoldChange as FoldChange
from vesica.readers.fold_change import FoldChanges as FoldChanges
from vesica.readers.fold_change import fold_changes as fold_changes
from vesica.readers.fold_change import read_deseq2 as read_deseq2
from vesica.readers.fold_change import size_factors as size_factors
from vesica.readers.nanosight import read_nanosight as read_nanosight
from vesica.readers.nanosight_record import NanosightSummary as NanosightSummary
from vesica.readers.nanosight_record import VideoResult as VideoResult
from vesica.readers.nta import read_nta as read_nta
from vesica.readers.nta import read_nta_files as read_nta_files
from vesica.readers.nta_record import NtaFile as NtaFile
from vesica.readers.nta_record import NtaVideo as NtaVideo
from vesica.readers.records import SizeDistribution as SizeDistribution
from vesica.readers.size_table import read_size_table as read_size_table
from vesica.readers.sizes import read_size_distribution as read_size_distribution
from vesica.readers.text import Provenance as Provenance
