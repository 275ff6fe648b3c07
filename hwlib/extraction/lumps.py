"""Capacitances of a network as capacitors between its nodes, for SPEF and SPICE."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from hwlib.network import Network


@dataclass(frozen=True)
class Capacitors:
    """Lumped capacitors.

    Attributes:
        ground: per node to ground in F, shape (nodes,); zeros without capacitances.
        nodes: the two nodes of each coupling capacitor, in the order of ``Network.coupling_nets``, (couplings, 2).
        farad: their values in F, shape (couplings,).
    """

    ground: np.ndarray
    nodes: np.ndarray
    farad: np.ndarray


def capacitors(network: Network) -> Capacitors:
    """Spread each net's ground capacitance evenly over its nodes; couple two nets where their nodes come nearest."""
    if not network.has_capacitance:
        return Capacitors(np.zeros(network.nodes), np.zeros((0, 2), np.int32), np.zeros(0))
    count = np.bincount(network.node_net, minlength=len(network.net_names))
    ground = (network.net_capacitance / np.maximum(count, 1))[network.node_net]
    order = np.argsort(network.node_net, kind="stable")
    members = np.split(order, np.cumsum(count)[:-1])
    place = np.nan_to_num(
        np.stack([network.node_x, network.node_y], axis=1)
    )  # a network without places: its first node
    trees = {net: cKDTree(place[members[net]]) for net in np.unique(network.coupling_nets).tolist() if count[net]}
    nodes, kept = [], []
    for k, pair in enumerate(network.coupling_nets.tolist()):
        few, many = sorted(pair, key=lambda net: count[net])
        if count[few] == 0:
            continue
        distance, there = trees[many].query(place[members[few]])
        nearest = int(distance.argmin())
        found = {few: members[few][nearest], many: members[many][there[nearest]]}
        nodes.append([found[pair[0]], found[pair[1]]])
        kept.append(k)
    return Capacitors(ground, np.array(nodes, np.int32).reshape(-1, 2), network.coupling_farad[kept])
