"""Particle tracking: from files to samples, groups and their numbers; `read.analyse` is the way in."""
