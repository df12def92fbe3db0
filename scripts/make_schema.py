"""Write `src/vesica/model.schema.json` from the classes of `vesica.spec.model`.

Run `PYTHONPATH=src python scripts/make_schema.py` after a change there; a test checks that the file is current.
"""

from __future__ import annotations

from pathlib import Path

from vesica.spec import schema

TARGET = Path(__file__).resolve().parent.parent / "src" / "vesica" / "model.schema.json"


if __name__ == "__main__":
    TARGET.write_text(schema.text(), encoding="utf-8")
