"""The shape of a network's circuit under given sources, cut into independent blocks.

Nodes between the blocks form the interface: ends of soma tracks and pillars, trunks of shared nets, nodes that more
than one row or column touches. Without it, dendrite rows (with the rails along them) and drive columns (with the
ground along them) fall apart, and each is a ladder or tree that eliminates without fill. Any other shape stays
exact: its interface only grows, and with it the cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hwlib.nets import DENDRITE, DRIVE, GROUND, LINE
from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT, Network
from sim.engines.jit_options import plain
from sim.engines.layout.elimination.symbolic import distinct
from sim.engines.layout.partition.reduction import PILLAR, TRACK, WIRE, CircuitEdges, Removed, joined, reduce_graph

SOURCE, INTERFACE, ROW, STATIC, GONE = range(5)
_WIRES_FOLLOWED = 16  # from a pillar or track up to a strap, and along it half-way to the next via
_TRUNK_WIRES, _TRUNK_PORTS = 3, 6  # most wires at a node of a trunk's segment, and most ports of the segment


@dataclass(frozen=True)
class Structure:
    """Where every node and edge of the reduced circuit belongs.

    Attributes:
        network: the network.
        alias: the node that stands for each node: all pins of a net are one.
        edges: reduced edges.
        removed: nodes removed by reduction.
        held: nodes whose potential is given (sources, and parts without any path to one), boolean.
        place: ``SOURCE`` … ``GONE`` of each node.
        block: block among the rows or among the static ones, of nodes of these places, else −1.
    """

    network: Network
    alias: np.ndarray
    edges: CircuitEdges
    removed: Removed
    held: np.ndarray
    place: np.ndarray
    block: np.ndarray

    def planned(self) -> Structure:
        """Without edges and blocks, of which a plan has been made: half of its memory."""
        none = CircuitEdges._make(each[:0].copy() for each in self.edges)
        return replace(self, edges=none, block=self.block[:0].copy())


def source_nodes(network: Network, voltages: np.ndarray) -> np.ndarray:
    """Nodes that a source holds: pins of nets with a finite voltage, boolean, shape (nodes,)."""
    held = np.zeros(network.nodes, bool)
    held[network.pin_node] = np.isfinite(voltages[network.node_net[network.pin_node]])
    return held


def build_structure(network: Network, sources: np.ndarray) -> Structure:
    """Cut a network's circuit into blocks.

    Args:
        network: any network.
        sources: nodes that sources hold, boolean, shape (nodes,).
    """
    alias = _one_pin_per_net(network)
    everything = _all_edges(network, alias)
    part = joined(network.nodes, everything.a, everything.b)
    driven = np.zeros(network.nodes, bool)
    driven[part[sources]] = True
    held = sources | ~driven[part]
    edges, removed = reduce_graph(network.nodes, everything, held)
    present = held.copy()
    present[edges.a] = present[edges.b] = True
    interface = _interface(network, edges, held) & ~held
    place = np.where(held, SOURCE, np.where(~present, GONE, np.where(interface, INTERFACE, STATIC))).astype(np.int8)
    place[_trunks(edges, place)] = STATIC
    part = _split(edges, place)
    hot = _hot(network, edges, held, place)
    if hot.any():  # a block without pillars has no source but ground: its ports then tell all about it
        place[hot] = INTERFACE
        place[place == ROW] = STATIC
        part = _split(edges, place)
    block = np.full(network.nodes, -1, np.int32)
    for kind in (ROW, STATIC):
        nodes = np.flatnonzero(place == kind)
        block[nodes] = _numbered(part[nodes])
    return Structure(network, alias, edges, removed, held, place, block)


def _trunks(edges: CircuitEdges, place: np.ndarray) -> np.ndarray:
    """Interface nodes joined by wires alone, three at most, in segments with few ports: eliminated once, as columns."""
    degree = np.bincount(edges.a, minlength=len(place)) + np.bincount(edges.b, minlength=len(place))
    chosen = (place == INTERFACE) & (degree <= _TRUNK_WIRES)
    outside = np.isin(place, (INTERFACE, SOURCE))
    for here, there in ((edges.a, edges.b), (edges.b, edges.a)):
        chosen[here[(edges.kind != WIRE) | ~outside[there]]] = False
    if not chosen.any():
        return chosen
    between = chosen[edges.a] & chosen[edges.b]
    part = joined(len(place), edges.a[between], edges.b[between])
    ends = [(edges.a, edges.b), (edges.b, edges.a)]
    pairs = distinct(np.concatenate([
        part[here[at]].astype(np.int64) * len(place) + there[at]
        for here, there in ends for at in [chosen[here] & (place[there] == INTERFACE) & ~chosen[there]]
    ]))  # fmt: skip
    ports = np.bincount(pairs // len(place), minlength=len(place))
    return chosen & (ports[part] <= _TRUNK_PORTS)


def _split(edges: CircuitEdges, place: np.ndarray) -> np.ndarray:
    """Connected part of each node outside the interface; those with pillars become rows, in place."""
    inner = place == STATIC
    between = inner[edges.a] & inner[edges.b]
    part = joined(len(place), edges.a[between], edges.b[between])
    moving = np.zeros(len(place), bool)
    for end in (edges.a, edges.b):
        moving[part[end[(edges.kind == PILLAR) & inner[end]]]] = True
    place[inner & moving[part]] = ROW
    return part


def _hot(network: Network, edges: CircuitEdges, held: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Nodes of blocks without pillars that touch a source other than ground, boolean."""
    live = held & ~network.nets_of(GROUND)[network.node_net]
    hot = np.zeros(len(place), bool)
    for here, there in ((edges.a, edges.b), (edges.b, edges.a)):
        hot[here[live[there]]] = True
    return hot & (place == STATIC)


def _numbered(part: np.ndarray) -> np.ndarray:
    """Number parts 0, 1, … by their first node, so that neighbouring rows are neighbouring blocks."""
    _, first, inverse = np.unique(part, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[inverse]


def _one_pin_per_net(network: Network) -> np.ndarray:
    """Node that stands for each node: the pins of a net are held together, whether or not a source is on."""
    alias = np.arange(network.nodes, dtype=np.int32)
    _, first, inverse = np.unique(network.node_net[network.pin_node], return_index=True, return_inverse=True)
    alias[network.pin_node] = network.pin_node[first[inverse]]
    return alias


def _all_edges(network: Network, alias: np.ndarray) -> CircuitEdges:
    n, m = network.devices, len(network.resistor_ohm)
    terminals, device = network.terminals, np.arange(n)
    return CircuitEdges(
        a=alias[np.concatenate([network.resistor_nodes[:, 0], terminals[:, DW_IN], terminals[:, MTJ_IN]])],
        b=alias[np.concatenate([network.resistor_nodes[:, 1], terminals[:, DW_OUT], terminals[:, MTJ_OUT]])],
        ohm=np.concatenate([network.resistor_ohm, network.r_m, np.zeros(n)]),
        kind=np.repeat([WIRE, TRACK, PILLAR], [m, n, n]),
        device=np.concatenate([np.full(m, -1), device, device]),
    )


def _interface(network: Network, edges: CircuitEdges, held: np.ndarray) -> np.ndarray:
    """Nodes to keep between blocks, boolean, shape (nodes,)."""
    n = network.neurons
    neuron = np.array([net.neuron for net in network.parsed_nets()])
    rows, columns = network.nets_of(DENDRITE, LINE), network.nets_of(DRIVE)  # labelled 0 … N − 1 and N … 2N − 1
    net_label = np.where(rows, neuron, np.where(columns, n + neuron, -1))
    label = net_label[network.node_net].astype(np.int32)
    interface = np.zeros(network.nodes, bool)
    somas = network.is_soma
    at_soma = (edges.device >= 0) & somas[edges.device]
    interface[edges.a[at_soma]] = interface[edges.b[at_soma]] = True
    _label_ends(edges, somas, network.pre, network.post, n, held, label, interface)
    _follow_straps(edges, held, label, interface, _among_devices(network))
    interface[(label < 0) & ~held] = True
    _cut(edges, held, label, interface)
    return interface


def _among_devices(network: Network) -> np.ndarray:
    """Nodes that stand among the devices, boolean: straps do, trunks at the sides and what leads to them do not."""
    inside = np.ones(network.nodes, bool)
    for place, devices in ((network.node_x, network.device_x), (network.node_y, network.device_y)):
        low, high = devices.min(), devices.max()
        beside = (high - low) / max(network.neurons - 1, 1) / 2  # half a tile
        inside &= (low - beside <= place) & (place <= high + beside)
    return inside


def _follow_straps(
    edges: CircuitEdges, held: np.ndarray, label: np.ndarray, closed: np.ndarray, among: np.ndarray
) -> None:
    """Give nodes of wires beside one row or column its label: straps then belong to what is below them.

    Those that end up beside one that another row or column was given, or that none was, and those of trunks, stay on
    the interface.

    Args:
        edges: of the reduced circuit.
        held: nodes that sources hold.
        label: row or column of each node, −1 none; in place.
        closed: nodes that keep no label.
        among: nodes among the devices.
    """
    wires = edges.kind == WIRE
    here = np.concatenate([edges.a[wires], edges.b[wires]])
    there = np.concatenate([edges.b[wires], edges.a[wires]])
    free = (label < 0) & ~held & ~closed
    here, there = here[free[here]], there[free[here]]
    new = np.zeros(len(label), bool)
    least, most = np.full(len(label), np.iinfo(np.int32).max, np.int32), np.full(len(label), -1, np.int32)
    for _ in range(_WIRES_FOLLOWED):
        known = (label[here] < 0) & (label[there] >= 0) & ~held[there]
        beside, its = here[known], label[there[known]]
        least[beside], most[beside] = np.iinfo(np.int32).max, -1
        np.minimum.at(least, beside, its)
        np.maximum.at(most, beside, its)
        taken = beside[least[beside] == most[beside]]
        if not len(taken):
            break
        label[taken] = most[taken]
        new[taken] = True
    other = new[here] & (label[here] != label[there]) & ~held[there] & ((label[there] < 0) | new[there])
    label[here[other]] = -1
    label[new & ~among] = -1


@plain()
def _label_ends(edges, somas, pre, post, n, held, label, interface):
    """A node of a shared net belongs to the row whose pillars, or the column whose tracks, it touches."""
    for e in range(len(edges.a)):
        device = edges.device[e]
        if device < 0 or somas[device]:
            continue
        mine = post[device] if edges.kind[e] == 2 else n + pre[device]
        for node in (edges.a[e], edges.b[e]):
            if held[node]:
                continue
            if label[node] < 0:
                label[node] = mine
            elif label[node] != mine:
                interface[node] = True


@plain()
def _cut(edges, held, label, interface):
    """Where an edge still joins two blocks, one of its ends joins the interface: the column's, whose factors last."""
    for e in range(len(edges.a)):
        a, b = edges.a[e], edges.b[e]
        if held[a] or held[b] or interface[a] or interface[b] or label[a] == label[b]:
            continue
        interface[a if label[a] > label[b] else b] = True
