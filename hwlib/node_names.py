"""Names of nodes in netlists: net pins, device terminals, and numbered inner nodes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from hwlib.nets import in_spice
from hwlib.network import TERMINALS, Network

_INSTANCE = re.compile(r"soma_(?P<soma>\d+)|axon_(?P<post>\d+)_(?P<pre>\d+)")


@dataclass
class NodeNames:
    """Names by kind, each with its node; ``of_node`` is the one name that stands for a node.

    ``joined`` are the further names of nodes that have several.
    """

    of_node: list[str]
    pins: list[tuple[str, int]] = field(default_factory=list)
    terminals: list[tuple[str, int]] = field(default_factory=list)
    inner: list[tuple[str, int]] = field(default_factory=list)
    joined: list[tuple[str, int]] = field(default_factory=list)


def instance_names(network: Network) -> list[str]:
    """Name of each device: ``soma_2``, or ``axon_5_3`` for the axon of neuron 3 onto neuron 5."""
    return [f"soma_{i}" if i == j else f"axon_{i}_{j}"
            for i, j in zip(network.post.tolist(), network.pre.tolist(), strict=True)]  # fmt: skip


def parse_instance(name: str) -> tuple[int, int] | None:
    """Post- and presynaptic neuron of a device name, or None."""
    match = _INSTANCE.fullmatch(name)
    if match is None:
        return None
    return (int(match["soma"]),) * 2 if match["soma"] else (int(match["post"]), int(match["pre"]))


def node_names(
    network: Network, net: Callable[[int], str], pin: Callable[[int, int], str], device: Callable[[int], str],
    delimiter: str = ":",
) -> NodeNames:  # fmt: skip
    """Name every node.

    Args:
        network: the network.
        net: how a net is written, by index.
        pin: how a net's pin is written, by the net's index and the pin's number on it, from 1.
        device: how a device is written, by index.
        delimiter: between a device and its terminal, and a net and the number of an inner node.
    """
    out = NodeNames([""] * network.nodes)
    pins_of: dict[int, int] = {}

    def give(name: str, node: int) -> tuple[str, int]:
        if out.of_node[node]:
            out.joined.append((name, node))
        else:
            out.of_node[node] = name
        return name, node

    for node in network.pin_node.tolist():
        k = int(network.node_net[node])
        pins_of[k] = pins_of.get(k, 0) + 1
        out.pins.append(give(pin(k, pins_of[k]), node))
    for d, nodes in enumerate(network.terminals.tolist()):
        for terminal, node in zip(TERMINALS, nodes, strict=True):
            out.terminals.append(give(f"{device(d)}{delimiter}{terminal}", node))
    for node in np.flatnonzero([not name for name in out.of_node]).tolist():
        out.inner.append(give(f"{net(int(network.node_net[node]))}{delimiter}{node + 1}", node))
    return out


def netlist_nodes(network: Network) -> NodeNames:
    """Name every node as in a SPICE netlist: ``dend_3``, its further pins ``dend_3.pin2``, and ``soma_3.DW_IN``."""
    instances, nets = instance_names(network), [in_spice(name) for name in network.net_names]
    return node_names(
        network, lambda k: nets[k], lambda k, n: nets[k] if n == 1 else f"{nets[k]}.pin{n}", lambda d: instances[d], "."
    )
