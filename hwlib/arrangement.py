"""Where the neurons of a design stand in its drawing, and where their wires are joined."""

from __future__ import annotations

import numpy as np

from hwlib.network_fields import NetworkFields
from hwlib.wire_fields import ACROSS


def neuron_at(network: NetworkFields) -> np.ndarray:
    """The neuron in each row and column of the drawing, from below and from the left, shape (N,)."""
    return np.arange(network.neurons) if network.order is None else np.array(network.order)


def joins(network: NetworkFields) -> np.ndarray:
    """By row of the drawing, where along it its soma joins the dendrite; columns and drives likewise, shape (N,)."""
    n = network.neurons
    if network.soma_places is not None:
        return np.array(network.soma_places)[neuron_at(network)]
    return np.full(n, n // 2) if network.soma_placement == "centred" else np.arange(n)


def strap_landings(network: NetworkFields, wire: str) -> np.ndarray:
    """Tiles where a wire's strap has vias, by row and column of the drawing, boolean, shape (N, N).

    The first and the last tile of each wire, every ``pitch``-th between, and where a soma joins a dendrite or a drive.
    """
    pitch, n = network.straps.given()[wire].pitch, network.neurons
    tile = np.arange(n)
    along = np.broadcast_to((tile % pitch == 0) | (tile == n - 1), (n, n)).copy()
    if wire in ("dendrite", "drive"):
        along[tile, joins(network)] = True
    return along.T if wire in ACROSS else along


def by_neuron(network: NetworkFields, drawn: np.ndarray) -> np.ndarray:
    """What is said of rows and columns of the drawing, by postsynaptic and presynaptic neuron, shape (N, N)."""
    found, order = np.empty_like(drawn), neuron_at(network)
    found[np.ix_(order, order)] = drawn
    return found
