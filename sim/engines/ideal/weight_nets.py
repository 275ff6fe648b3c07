"""What the ideal engine takes from a network: voltages behind the axons, and one axon for all of a neuron."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from hwlib.errors import InputError
from hwlib.nets import LINE
from hwlib.network import MTJ_IN, Network
from sim.protocol import Protocol


class WeightNets:
    """Voltages behind the axons: levels of lines from the protocol, of rails from the network.

    Args:
        network: a network that ``refusal`` accepts.
    """

    def __init__(self, network: Network):
        parsed = network.parsed_nets()
        self._n = network.neurons
        self._axon = np.flatnonzero(~network.is_soma)
        nets = network.node_net[network.terminals[self._axon, MTJ_IN]]
        self._is_line = np.array([parsed[net].net_class is LINE for net in nets], bool)
        self._level = np.array([parsed[net].level for net in nets])
        self._line = (
            np.array([max(parsed[net].neuron, 0) for net in nets]),
            np.array([max(parsed[net].pre, 0) for net in nets]),
        )
        self._pre, self._post = network.pre[self._axon], network.post[self._axon]
        self._shared_nets(nets)

    def _shared_nets(self, nets: np.ndarray) -> None:
        """Weight nets with several axons: how many of each neuron, and whose dendrites they reach."""
        values, index, counts = np.unique(nets, return_inverse=True, return_counts=True)
        shared = np.flatnonzero(counts > 1)
        place = np.full(len(values), -1)
        place[shared] = np.arange(len(shared))
        rail = place[index]
        on = rail >= 0
        rows = rail[on] * self._n + self._pre[on]
        shape = (len(shared) * self._n, self._n)
        self._reach = csr_matrix((np.ones(on.sum()), (rows, self._post[on])), shape=shape)
        self.count = np.asarray(self._reach.sum(1)).reshape(len(shared), self._n)

    def loads(self, load: np.ndarray, *, grounded: bool) -> tuple[np.ndarray, np.ndarray]:
        """Sums over shared nets of dendrite voltages (R, N), and over the axons that conduct, of their squares (N,).

        While nets float only shared ones conduct, less what their potential saves; at 0 V each axon does.
        """
        if grounded:
            return np.zeros(self.count.shape), np.bincount(self._pre, load[self._post] ** 2, self._n)
        linear = (self._reach @ load).reshape(self.count.shape)
        square = (self._reach @ load**2).reshape(self.count.shape)
        return linear, square.sum(0)

    def voltages(self, protocol: Protocol) -> np.ndarray:
        """Weight voltages, shape (N pre, N post), 0 where there is no axon."""
        level = self._level
        if self._is_line.any():
            if protocol.levels is None:
                raise InputError("protocol: weight lines need levels, shape (N, N)")
            levels = np.asarray(protocol.levels, float)
            if levels.shape != (self._n, self._n):
                raise InputError(f"protocol: levels has shape {levels.shape}, needs {(self._n,) * 2}")
            level = np.where(self._is_line, levels[self._line], level)
        voltages = np.zeros((self._n, self._n))
        voltages[self._pre, self._post] = level * protocol.weight
        return voltages

    def key(self, protocol: Protocol) -> tuple[int, float]:
        """Equal for protocols of one call that certainly have the same weights."""
        return (id(protocol.levels) if self._is_line.any() else 0), protocol.weight


def per_neuron(network: Network, values: np.ndarray) -> np.ndarray:
    """One axon's value of each neuron (its soma's where it has none), shape (N,)."""
    axon = np.flatnonzero(~network.is_soma)
    chosen = values[network.somas].copy()
    chosen[network.pre[axon]] = values[axon]
    return chosen
