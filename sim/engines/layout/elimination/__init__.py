"""Eliminating blocks: in which order, and the Schur complements that are left of them at the interface."""
