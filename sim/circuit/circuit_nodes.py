"""Pins of a net are one node of the circuit: a source holds them together, or they float together."""

from __future__ import annotations

import numpy as np

from hwlib.network import Network


def joined_pins(network: Network) -> tuple[np.ndarray, int]:
    """Circuit node of each network node, all pins of a net being one, shape (nodes,); and how many there are."""
    representative = np.arange(network.nodes)
    nets = network.node_net[network.pin_node]
    _, first, which = np.unique(nets, return_index=True, return_inverse=True)
    representative[network.pin_node] = network.pin_node[first][which]
    node = numbered(representative)
    return node, int(node.max(initial=-1)) + 1


def numbered(node: np.ndarray, below: int | None = None) -> np.ndarray:
    """Numbers 0, 1, … for the nodes that occur, in their order, without a sort; ``below``: all, default their count."""
    occurs = np.zeros(len(node) if below is None else below, bool)
    occurs[node] = True
    number: np.ndarray = (np.cumsum(occurs) - 1)[node]
    return number
