"""Fusion events of a recording, and their rate."""
