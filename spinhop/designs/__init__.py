"""Designs that commands make: of a user's own, of graphs and pictures, and those that ship."""
