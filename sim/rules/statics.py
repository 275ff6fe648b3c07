"""Static solves of a network with every wall held in place: the currents the operating-point rules judge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT, Network
from sim.circuit import joined_pins


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


class StaticCircuit:
    """A network with given wall states and given nets held by sources; factorised once, solved for many drives.

    ``sim.circuit.Circuit`` serves changing conductances and one drive, this class the opposite. Both take all pins of
    a net as one node.

    Args:
        network: the network.
        parallel: True where the wall is past the pillar (ON, R_P), shape (devices,).
        held: True for nets whose pins a source holds, shape (nets,). Parts that no held pin reaches float; they carry
            no current and are put at 0 V.
    """

    def __init__(self, network: Network, parallel: np.ndarray, held: np.ndarray):
        self.network = network
        self.pillar_siemens = 1 / np.where(parallel, network.r_p, network.r_ap)
        self._node, count = joined_pins(network)
        pins = network.pin_node[held[network.node_net[network.pin_node]]]
        self._sources = pins
        fixed = np.zeros(count, bool)
        fixed[self._node[pins]] = True
        self._matrix = _laplacian(network, self._node, count, self.pillar_siemens)
        self._free = ~(fixed | _one_node_per_floating_part(self._matrix, fixed))

    @cached_property
    def _factor(self):
        inner = self._matrix[self._free][:, self._free].tocsc()
        return splu(inner, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})

    def response(self, injected: np.ndarray) -> np.ndarray:
        """Node voltages in V for currents ``injected`` into the nodes in A, all sources at 0 V, shape (nodes,)."""
        return self._respond(np.bincount(self._node, injected, len(self._free)))[self._node]

    def _respond(self, injected: np.ndarray) -> np.ndarray:
        voltage = np.zeros(len(self._free))
        if self._free.any():
            voltage[self._free] = self._factor.solve(injected[self._free])
        return voltage

    def solve(self, net_voltage: np.ndarray) -> Solution:
        """Solve for source voltages per net in V (entries of nets not held are ignored), shape (nets,)."""
        known = np.zeros(len(self._free))
        known[self._node[self._sources]] = net_voltage[self.network.node_net[self._sources]]
        voltage = known + self._respond(-(self._matrix @ known))
        return Solution(self.network, voltage[self._node], self.pillar_siemens)


def _laplacian(network: Network, node: np.ndarray, count: int, pillar_siemens: np.ndarray) -> csr_matrix:
    """Conductance matrix of wires, tracks and pillars between circuit nodes, shape (count, count)."""
    ends, wires = node[network.terminals], node[network.resistor_nodes]
    first = np.concatenate([wires[:, 0], ends[:, DW_IN], ends[:, MTJ_IN]])
    second = np.concatenate([wires[:, 1], ends[:, DW_OUT], ends[:, MTJ_OUT]])
    siemens = np.concatenate([1 / network.resistor_ohm, 1 / network.r_m, pillar_siemens])
    upper = coo_matrix((siemens, (first, second)), shape=(count, count)).tocsr()
    joined = upper + upper.T
    return (diags(np.asarray(joined.sum(axis=1)).ravel()) - joined).tocsr()


def _one_node_per_floating_part(matrix: csr_matrix, fixed: np.ndarray) -> np.ndarray:
    count, part = connected_components(matrix, directed=False)
    reached = np.zeros(count, bool)
    reached[part[fixed]] = True
    _, first = np.unique(part, return_index=True)
    chosen = np.zeros(len(fixed), bool)
    chosen[first[~reached]] = True
    return chosen
