"""Files as instruments write them, from plain arrays: NanoSight summaries and packs, ZetaView size files."""

from vesica.instruments.files.nanosight import (
    NanosightMeasurement as NanosightMeasurement,
)
from vesica.instruments.files.nanosight import (
    VideoReading as VideoReading,
)
from vesica.instruments.files.nanosight import (
    write_nanosight as write_nanosight,
)
from vesica.instruments.files.nanosight_pack import Tracks as Tracks
from vesica.instruments.files.nanosight_pack import write_pack as write_pack
from vesica.instruments.files.zetaview import ZetaviewMeasurement as ZetaviewMeasurement
from vesica.instruments.files.zetaview import write_zetaview as write_zetaview
