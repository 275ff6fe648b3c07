"""Sections of the design file."""
