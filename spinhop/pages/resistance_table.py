"""What the wires of an extracted network add up to: resistance from each net's source to its farthest terminal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwlib.nets import DRIVE, NET_CLASSES, NetClass
from hwlib.network import MTJ_OUT, Network
from sim.circuit.dead_ends import DeadEnds
from sim.circuit.resistor_network import ResistorGraph, ResistorNetwork
from sim.circuit.series_nodes import SeriesNodes

TO_FARTHEST = "wire resistance, source to farthest terminal"
FARTHEST = (
    "Farthest: it loses the most voltage when all terminals of the net draw equal currents; on a net fed from several "
    "sides another may have more ohms."
)


@dataclass(frozen=True)
class NetClassResistance:
    """Wire resistance of the nets of one class, from source to farthest terminal (``farthest_resistance``).

    Attributes:
        net_class: which.
        nets: how many nets.
        resistors: wire resistors in them.
        low, median, high: of the nets' farthest terminals, in Ω; not of any other terminal.
        worst: name of the net with the highest.
    """

    net_class: NetClass
    nets: int
    resistors: int
    low: float
    median: float
    high: float
    worst: str


def farthest_resistance(network: Network) -> np.ndarray:
    """Wire resistance from each net's source to its farthest device terminal in Ω, shape (nets,).

    The source of a drive net is its soma's pillar, of any other net its pins (held together). Farthest is the
    terminal with the largest voltage drop when every terminal of the net draws the same current; on a ladder or any
    unbranched net that is also the terminal of largest resistance. Zero for a net of one node, inf where a terminal
    does not hang on the source, NaN for a net without terminals.
    """
    nets = len(network.net_names)
    source = _sources(network)
    drawn = np.bincount(network.terminals.ravel(), minlength=network.nodes).astype(float)
    result = np.full(nets, np.nan)
    result[np.unique(network.node_net[network.terminals])] = 0.0
    wires = _Wires(network, source)
    lost = np.zeros(nets, bool)
    lost[network.node_net[(drawn > 0) & wires.floating]] = True
    free = np.flatnonzero(~wires.floating & ~source)
    if len(free):
        # Nets do not touch, so one solve serves them all: first equal currents everywhere, then one ampere per net.
        drop, net = np.where(drawn > 0, wires.potentials(drawn), -1.0)[free], network.node_net[free]
        largest = np.zeros(nets)
        np.maximum.at(largest, net, drop)
        last = np.full(nets, -1)
        there = drop == largest[net]
        last[net[there]] = free[there]  # of several the last one
        far = last[last >= 0]
        ampere = np.zeros(network.nodes)
        ampere[far] = 1.0
        result[network.node_net[far]] = wires.potentials(ampere)[far]
    result[lost] = np.inf
    return result


class _Wires:
    """The wires alone, sources at 0 V: branches by sums along them, lines by their ends, meshes by solving.

    Attributes:
        floating: nodes that no source reaches, boolean, shape (nodes,).
    """

    def __init__(self, network: Network, source: np.ndarray):
        self._branches = DeadEnds(network.resistor_nodes, network.resistor_ohm, source)
        self._some = self._branches.nodes
        number = np.cumsum(self._some) - 1
        kept = self._branches.resistors
        self._lines = SeriesNodes(number[network.resistor_nodes[kept]], network.resistor_ohm[kept], source[self._some])
        ends = self._lines.nodes
        number = np.cumsum(ends) - 1
        graph = ResistorGraph(number[self._lines.ends], int(ends.sum()))
        self._mesh = ResistorNetwork(graph, 1 / self._lines.ohm, source[self._some][ends])
        floating = self._lines.as_rest(_on_all(self._mesh.floating, ends))
        self.floating = self._branches.as_rest(_on_all(floating, self._some))

    def potentials(self, injected: np.ndarray) -> np.ndarray:
        """In V for currents from outside into each node in A, shape (nodes,)."""
        into = self._branches.into_rest(injected)
        along = self._lines.into_rest(into[self._some])
        ends = _on_all(self._mesh.potentials(injected=along[self._lines.nodes]), self._lines.nodes)
        return self._branches.potentials(_on_all(self._lines.potentials(ends, along), self._some), into)


def _on_all(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Values of some of many nodes, zero elsewhere."""
    found = np.zeros(len(where), values.dtype)
    found[where] = values
    return found


def resistance_table(network: Network) -> list[NetClassResistance]:
    """Minimum, median and maximum of ``farthest_resistance`` for each net class that the network has."""
    values = farthest_resistance(network)
    per_net = np.bincount(network.node_net[network.resistor_nodes[:, 0]], minlength=len(values))
    table = []
    for net_class in sorted(NET_CLASSES.values(), key=lambda each: not each.one_piece):  # the neurons' own first
        member = np.flatnonzero(network.nets_of(net_class) & ~np.isnan(values))
        if len(member):
            r = values[member]
            table.append(
                NetClassResistance(
                    net_class, len(member), int(per_net[member].sum()),
                    float(r.min()), float(np.median(r)), float(r.max()), network.net_names[member[np.argmax(r)]],
                )
            )  # fmt: skip
    return table


def resistance_rows(table: list[NetClassResistance]) -> tuple[list[str], list[list[str]]]:
    """Column titles and cells of the table as text."""
    columns = ["net class", "nets", "resistors", "min", "median", "max", "worst net"]
    rows = []
    for row in table:
        values = [ohms(x) for x in (row.low, row.median, row.high)]
        rows.append([row.net_class.title, str(row.nets), str(row.resistors), *values, row.worst if row.high else "–"])
    return columns, rows


def ohms(value: float) -> str:
    """A resistance to four digits."""
    return "not connected" if np.isinf(value) else f"{value:.4g} Ω"


def _sources(network: Network) -> np.ndarray:
    """Nodes that drive their net: soma pillars for drives, pins for the rest, shape (nodes,), boolean."""
    source = np.zeros(network.nodes, bool)
    source[network.pin_node] = True
    source[network.nets_of(DRIVE)[network.node_net]] = False
    source[network.terminals[network.somas, MTJ_OUT]] = True
    return source
