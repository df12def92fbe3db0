"""Pictures of runs in space, and their section of the report."""
