"""Studies that run a model many times."""
