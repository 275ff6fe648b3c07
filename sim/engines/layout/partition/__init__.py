"""Cutting a network's circuit into rows, columns and the interface between them."""
