"""Equations of the cell: pure scalar kernels with units and sources, and nothing else."""
