"""Figures of what sweeps, yields and searches left: files, and one page to look around in."""

from spinhop.plotting.store_figures import plot_store

__all__ = ["plot_store"]
