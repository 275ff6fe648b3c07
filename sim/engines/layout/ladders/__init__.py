"""Rows that are ladders, swept many at a time: single ones, and ones coupled to the rails beside them."""
