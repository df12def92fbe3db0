"""Cargo of cells and their EVs: loading ratios, artefacts, changes, targets, tables for other tools."""
