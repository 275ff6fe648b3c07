"""The whole extracted circuit as one sparse linear system: wires, tracks, pillars, sources."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_matrix, csc_matrix
from scipy.sparse.linalg import splu

from hwlib.connected_parts import connected_parts
from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT, Network
from sim.circuit.circuit_nodes import joined_pins
from sim.result import meters


class Powers(NamedTuple):
    """Power in W delivered by the weight, V_DW and load sources, and turned into heat in pillars, tracks and wires."""

    sources: np.ndarray
    sinks: np.ndarray


class Circuit:
    """A network with given sources; solved for any pillar conductances.

    All pins of a net are one circuit node, whether its source is on or not. Nets without a source float. Parts that
    no source reaches carry no current; one of their nodes is put at 0 V.

    Args:
        network: the network.
        net_voltages: source voltage of each net in V, NaN where no source is on, shape (nets,).
    """

    def __init__(self, network: Network, net_voltages: np.ndarray):
        self.network = network
        self._node, count = joined_pins(network)
        ends = self._node[network.terminals]
        wires = self._node[network.resistor_nodes]
        self._first = np.concatenate([wires[:, 0], ends[:, DW_IN], ends[:, MTJ_IN]])
        self._second = np.concatenate([wires[:, 1], ends[:, DW_OUT], ends[:, MTJ_OUT]])
        self._still = np.concatenate([1 / network.resistor_ohm, 1 / network.r_m])
        self._held = np.full(count, np.nan)
        pins = network.pin_node
        self._held[self._node[pins]] = net_voltages[network.node_net[pins]]
        self._source = np.full(count, -1)
        self._source[self._node[pins]] = meters(network)[network.node_net[pins]]
        self._fixed = ~np.isnan(self._held)
        self._known = np.where(self._fixed, self._held, 0.0)
        self._free = np.flatnonzero(~(self._fixed | self._one_per_floating_part(count)))
        self._assemble(count)

    def _one_per_floating_part(self, count: int) -> np.ndarray:
        _, part = connected_parts(count, self._first, self._second)
        reached = np.zeros(part.max(initial=-1) + 1, bool)
        reached[part[self._fixed]] = True
        parts, first = np.unique(part, return_index=True)
        chosen = np.zeros(count, bool)
        chosen[first[~reached[parts]]] = True
        return chosen

    def _assemble(self, count: int) -> None:
        """Maps from conductances to the matrix's entries and to the right side, and an elimination order."""
        place = np.full(count, -1)
        place[self._free] = np.arange(len(self._free))
        row, column, element, sign = [], [], [], []
        index = np.arange(len(self._first))
        for a, b in ((self._first, self._second), (self._second, self._first)):
            row += [place[a], place[a]]
            column += [place[a], place[b]]
            element += [index, index]
            sign += [np.ones(len(a)), -np.ones(len(a))]
        rows, columns = np.concatenate(row), np.concatenate(column)
        inner = (rows >= 0) & (columns >= 0)
        size = len(self._free)
        order = _elimination_order(rows[inner], columns[inner], size)
        self._free = self._free[order]
        back = np.empty(size, int)
        back[order] = np.arange(size)
        place[self._free] = np.arange(size)
        keys, slot = np.unique(back[columns[inner]] * size + back[rows[inner]], return_inverse=True)
        self._indices, column_of = keys % size if size else keys, keys // size if size else keys
        self._indptr = np.searchsorted(column_of, np.arange(size + 1))
        elements, signs = np.concatenate(element)[inner], np.concatenate(sign)[inner]
        self._entries = csc_matrix((signs, (slot, elements)), shape=(len(keys), len(self._first))).tocsr()
        # Incidence of elements on free nodes: current into them from each element's voltage.
        across = (np.r_[index, index], np.r_[self._first, self._second])
        self._across = coo_matrix((np.r_[np.ones(len(index)), -np.ones(len(index))], across)).tocsr()
        self._across.resize(len(index), count)
        self._leaving = self._across.T.tocsr()
        self._inner = self._leaving[self._free]

    def solve(self, pillar_siemens: np.ndarray) -> np.ndarray:
        """Circuit node voltages in V for pillar conductances in S, shape (devices,)."""
        siemens = np.concatenate([self._still, pillar_siemens])
        voltage = self._known.copy()
        if len(self._free) == 0:
            return voltage
        size = len(self._free)
        matrix = csc_matrix((self._entries @ siemens, self._indices, self._indptr), shape=(size, size))
        right = -(self._inner @ (siemens * (self._across @ self._known)))
        factor = splu(matrix, permc_spec="NATURAL", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        voltage[self._free] = factor.solve(right)
        return voltage

    def node_voltage(self, voltage: np.ndarray) -> np.ndarray:
        """Voltages of the network's nodes from those of the circuit's, shape (nodes,)."""
        return voltage[self._node]

    def track_current(self, voltage: np.ndarray) -> np.ndarray:
        """Current DW_IN → DW_OUT of each device in A, shape (devices,)."""
        wires, devices = len(self.network.resistor_ohm), self.network.devices
        return (self._across @ voltage)[wires : wires + devices] / self.network.r_m

    def powers(self, voltage: np.ndarray, pillar_siemens: np.ndarray) -> Powers:
        """Power of every kind of source and element."""
        siemens = np.concatenate([self._still, pillar_siemens])
        across = self._across @ voltage
        leaving = self._leaving @ (siemens * across)
        delivered = np.where(self._fixed, leaving * self._known, 0.0)
        on = self._source >= 0
        sources = np.bincount(self._source[on], delivered[on], 3)
        wires, devices = len(self.network.resistor_ohm), self.network.devices
        heat = siemens * across**2
        sinks = [heat[wires + devices :].sum(), heat[wires : wires + devices].sum(), heat[:wires].sum()]
        return Powers(sources=sources, sinks=np.array(sinks))

    def residual(self, voltage: np.ndarray, pillar_siemens: np.ndarray) -> float:
        """Largest current missing at a node without a source in A (Kirchhoff's current law)."""
        siemens = np.concatenate([self._still, pillar_siemens])
        return float(abs((self._leaving @ (siemens * (self._across @ voltage)))[~self._fixed]).max(initial=0.0))


def _elimination_order(rows: np.ndarray, columns: np.ndarray, size: int) -> np.ndarray:
    """A fill-reducing order of the pattern, found once: conductances change, the pattern does not."""
    if size == 0:
        return np.zeros(0, int)
    pattern = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(size, size)).tocsc()
    pattern.data[:] = -1.0
    pattern.setdiag(size + 1.0)
    factor = splu(pattern.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return np.argsort(factor.perm_c)
