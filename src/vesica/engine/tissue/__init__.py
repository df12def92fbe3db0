"""Cells with positions, fields on a grid, and what passes between them."""

from __future__ import annotations

from vesica.engine.tissue.stored import run_stored as run_stored
