"""Resistances of a network's wires, straight from its resistors: dense or sparse solves that share no code with it."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from hwlib.network import Network


def laplacian(network: Network) -> sp.csc_matrix:
    """Conductances of all wires, in S, shape (nodes, nodes)."""
    a, b = network.resistor_nodes.T
    g = 1 / network.resistor_ohm
    place = (np.concatenate([a, b, a, b]), np.concatenate([b, a, a, b]))
    return sp.csc_matrix((np.concatenate([-g, -g, g, g]), place), (network.nodes,) * 2)


def to_pins(network: Network) -> np.ndarray:
    """Resistance from the joined pins of each net to its terminals, in Ω, shape (devices, 4)."""
    free = np.setdiff1d(np.arange(network.nodes), network.pin_node)
    inverse = np.zeros(network.nodes)
    inverse[free] = np.diag(splu(laplacian(network)[free][:, free].tocsc()).solve(np.eye(len(free))))
    return inverse[network.terminals]


def between(network: Network, nodes: np.ndarray) -> np.ndarray:
    """Resistance between each two of the given nodes of one net, nothing else connected, in Ω, a square matrix."""
    net = np.flatnonzero(network.node_net == network.node_net[nodes[0]])
    inverse = np.linalg.pinv(laplacian(network)[net][:, net].toarray())
    at = np.searchsorted(net, nodes)
    own = np.diag(inverse)[at]
    return own[:, None] + own - 2 * inverse[np.ix_(at, at)]
