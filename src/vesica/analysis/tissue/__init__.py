"""What a run in space says: profiles, fronts, ranges and who sent to whom, on plain arrays."""
