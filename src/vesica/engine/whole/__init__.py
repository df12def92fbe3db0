"""Whole numbers that are more than reactions: MVBs with their own vesicles, vesicles with their own cargo."""
