"""Rates from time courses: release into medium, uptake by cells, and what the data cannot tell."""
