"""Pieces of the pages that commands write."""
