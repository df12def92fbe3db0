"""The run folder: written row by row, read lazily; ledger and provenance."""

from vesica.results.axes import Axes as Axes
from vesica.results.files import write_bytes as write_bytes
from vesica.results.files import write_json as write_json
from vesica.results.folder import Results as Results
from vesica.results.folder import open as open  # noqa: A004 - `results.open(folder)` is the verb
from vesica.results.ledger import Ledger as Ledger
from vesica.results.store import RunWriter as RunWriter
from vesica.results.tissue import TissueResults as TissueResults
from vesica.results.tissue import open_tissue as open_tissue
from vesica.results.tissue_layout import Quantity as Quantity
from vesica.results.tissue_layout import TissueLayout as TissueLayout
from vesica.results.tissue_store import TissueWriter as TissueWriter
