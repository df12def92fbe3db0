"""Cells with positions, fields on a grid, and what passes between them."""
