"""Flow cytometry in calibrated units."""
