"""A network with some of its nets' wires left out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from hwlib.network import Network


def perfect(network: Network, classes: Collection[str]) -> Network:
    """The network with every net of the named classes as one node."""
    joined = np.arange(network.nodes)
    for index, net in enumerate(network.parsed_nets()):
        if net.net_class.name in classes:
            nodes = np.flatnonzero(network.node_net == index)
            joined[nodes] = nodes[0]
    kept, place = np.unique(joined, return_inverse=True)
    ends = place[network.resistor_nodes]
    wires = ends[:, 0] != ends[:, 1]
    return replace(
        network, node_net=network.node_net[kept], node_x=network.node_x[kept], node_y=network.node_y[kept],
        resistor_nodes=ends[wires].astype(network.resistor_nodes.dtype), resistor_ohm=network.resistor_ohm[wires],
        resistor_layer=network.resistor_layer[wires], resistor_limit=network.resistor_limit[wires],
        pin_node=np.unique(place[network.pin_node]).astype(network.pin_node.dtype),
        terminals=place[network.terminals].astype(network.terminals.dtype),
    ).validate()  # fmt: skip
