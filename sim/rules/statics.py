"""Static solves of a network with every wall held in place: the currents the operating-point rules judge."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT, Network
from sim.circuit.circuit_nodes import joined_pins
from sim.circuit.resistor_network import ResistorGraph, ResistorNetwork
from sim.circuit.series_terminals import Branches, series_branches


@dataclass(frozen=True)
class Solution:
    """Node voltages of one static solve, and what follows from them.

    Attributes:
        network: the network solved.
        voltage: node voltages in V, shape (nodes,).
        pillar_siemens: pillar conductances in S in the state solved, shape (devices,).
    """

    network: Network
    voltage: np.ndarray
    pillar_siemens: np.ndarray

    @property
    def track_current(self) -> np.ndarray:
        """Current DW_IN → DW_OUT in A, positive toward ON, shape (devices,)."""
        ends = self.voltage[self.network.terminals]
        return (ends[:, DW_IN] - ends[:, DW_OUT]) / self.network.r_m

    @property
    def pillar_voltage(self) -> np.ndarray:
        """Voltage MTJ_IN − MTJ_OUT in V, shape (devices,)."""
        ends = self.voltage[self.network.terminals]
        return ends[:, MTJ_IN] - ends[:, MTJ_OUT]

    @property
    def resistor_current(self) -> np.ndarray:
        """Current of each wire resistor, first node → second, in A, shape (resistors,)."""
        ends = self.voltage[self.network.resistor_nodes]
        return (ends[:, 0] - ends[:, 1]) / self.network.resistor_ohm

    @property
    def power(self) -> float:
        """Power dissipated in tracks, pillars and wires in W; equals what the sources deliver."""
        net = self.network
        return float(
            np.sum(self.track_current**2 * net.r_m)
            + np.sum(self.pillar_voltage**2 * self.pillar_siemens)
            + np.sum(self.resistor_current**2 * net.resistor_ohm)
        )


class StaticCircuits:
    """The circuits of one network in any state of its walls and under any sources.

    All pins of a net are one node.

    Args:
        network: the network.
    """

    def __init__(self, network: Network):
        self.network = network
        at = network.terminals
        ends = np.concatenate([network.resistor_nodes, at[:, [DW_IN, DW_OUT]], at[:, [MTJ_IN, MTJ_OUT]]])
        self._tracks, self._pillars = series_branches(network)
        node = joined_pins(network)[0]
        for branches in (self._tracks, self._pillars):
            node[branches.nodes] = node[branches.taps]  # their contacts count as part of the device
        self.graph = ResistorGraph(ends, network.nodes, np.unique(node, return_inverse=True)[1])
        self._track_siemens = self._tracks.in_series(1 / network.r_m)
        self._held: dict[bytes, ResistorNetwork] = {}
        self._currents: dict[tuple[bytes, ...], np.ndarray] = {}

    def at(self, parallel: np.ndarray, held: np.ndarray) -> StaticCircuit:
        """The circuit in one state.

        Args:
            parallel: True where the wall is past the pillar (ON, R_P), or the share of the pillar that it has passed,
                0 … 1, shape (devices,).
            held: True for nets whose pins a source holds, shape (nets,). Parts that no held pin reaches float; they
                carry no current and are put at 0 V.
        """
        network = self.network
        alone = parallel / network.r_p + (1.0 - parallel) / network.r_ap
        pillars, still = self._pillars.in_series(alone), len(network.resistor_ohm) + network.devices
        known = self._held.get(held.tobytes())
        if known is None:
            sources = np.zeros(network.nodes, bool)
            sources[network.pin_node] = held[network.node_net[network.pin_node]]
            before = next(iter(self._held.values()), None)
            if before is None:
                siemens = np.concatenate([1 / network.resistor_ohm, self._track_siemens, pillars])
                known = ResistorNetwork(self.graph, siemens, sources)
            else:
                known = before.holding(sources)
            self._held[held.tobytes()] = known
        branches = ((self._tracks, self._track_siemens), (self._pillars, pillars))
        return StaticCircuit(network, alone, known.with_siemens(pillars, still), branches)

    def track_current(self, parallel: np.ndarray, held: np.ndarray, net_voltage: np.ndarray) -> np.ndarray:
        """Track currents in A as of ``at(parallel, held).solve(net_voltage)``, kept for the next who asks, (devices,).

        For drives of 1 V, of which an operating point's currents are sums.
        """
        key = tuple(blake2b(array.tobytes()).digest() for array in (parallel, held, net_voltage))
        if key not in self._currents:
            self._currents[key] = self.at(parallel, held).solve(net_voltage).track_current
        return self._currents[key]


class StaticCircuit:
    """A network with given wall states and given nets held by sources, solved for many drives.

    Args:
        network: the network.
        pillar_siemens: conductances of its pillars in S, shape (devices,).
        resistors: its circuit, without terminals that have a contact of their own.
        branches: tracks and pillars with such terminals, and the conductances of all with them in S.
    """

    def __init__(
        self, network: Network, pillar_siemens: np.ndarray, resistors: ResistorNetwork,
        branches: tuple[tuple[Branches, np.ndarray], ...],
    ):  # fmt: skip
        self.network, self.pillar_siemens, self._resistors = network, pillar_siemens, resistors
        self._branches = branches

    def _potentials(self, net_voltages: np.ndarray) -> np.ndarray:
        """Of all nodes in V for source voltages per net in V, shape (nodes,) or (nodes, drives)."""
        voltage = self._resistors.potentials(net_voltages[self.network.node_net])
        for branches, siemens in self._branches:
            branches.place(voltage, siemens)
        return voltage

    def response(self, injected: np.ndarray) -> np.ndarray:
        """Node voltages in V for currents ``injected`` into the nodes in A, all sources at 0 V, shape (nodes,)."""
        moved = np.array(injected, float)
        for branches, siemens in self._branches:
            branches.at_taps(moved, siemens)
        voltage = self._resistors.potentials(injected=moved)
        for branches, siemens in self._branches:
            branches.place(voltage, siemens, injected)
        return voltage

    def soma_transfer(self) -> np.ndarray:
        """Track current of each soma in A per V of each net's source, 0 for nets not held, shape (N, nets).

        The currents are these times the sources' voltages: with walls in place the circuit is linear.
        """
        network, n = self.network, self.network.neurons
        at, ohm = network.terminals[network.somas], network.r_m[network.somas]
        output = np.zeros((network.nodes, n))
        np.add.at(output, (at[:, DW_IN], np.arange(n)), 1 / ohm)
        np.add.at(output, (at[:, DW_OUT], np.arange(n)), -1 / ohm)
        change = self._resistors.sensitivities(output)
        transfer = np.zeros((n, len(network.net_names)))
        pins = network.pin_node  # all pins of a net are one circuit node: any of them says it
        transfer[:, network.node_net[pins]] = change[pins].T
        return transfer

    def track_currents(self, net_voltages: np.ndarray) -> np.ndarray:
        """Track currents in A, shape (devices, drives), for source voltages per net in V, shape (nets, drives)."""
        network = self.network
        ends = self._potentials(net_voltages)[network.terminals]
        return (ends[:, DW_IN] - ends[:, DW_OUT]) / network.r_m[:, None]

    def solve(self, net_voltage: np.ndarray) -> Solution:
        """Solve for source voltages per net in V (entries of nets not held are ignored), shape (nets,)."""
        return Solution(self.network, self._potentials(net_voltage), self.pillar_siemens)
