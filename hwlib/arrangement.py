"""Where the neurons of a design stand in its drawing, and where their wires are joined."""

from __future__ import annotations

import numpy as np

from hwlib.design import NetworkFields
from hwlib.wire_fields import ACROSS


def joins(network: NetworkFields) -> np.ndarray:
    """The row and column where each neuron's soma joins its drive and its dendrite, shape (N,)."""
    n = network.neurons
    return np.full(n, n // 2) if network.soma_placement == "centred" else np.arange(n)


def strap_landings(network: NetworkFields, wire: str) -> np.ndarray:
    """Tiles where a wire's strap has vias, by postsynaptic and presynaptic neuron, boolean, shape (N, N).

    The first and the last tile of each wire, every ``pitch``-th between, and where a soma joins a dendrite or a drive.
    """
    pitch, n = network.straps.given()[wire].pitch, network.neurons
    tile = np.arange(n)
    along = np.broadcast_to((tile % pitch == 0) | (tile == n - 1), (n, n)).copy()
    if wire in ("dendrite", "drive"):
        along[tile, joins(network)] = True
    return along.T if wire in ACROSS else along
