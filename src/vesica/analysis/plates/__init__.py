"""Concentrations from plates with standards."""
