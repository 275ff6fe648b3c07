"""Rules on states: are the stored patterns rest states of the network? One static solve a state decides.

Every wall stands at the end that its neuron's bit says, somas and axons. The state is a rest state when each wall is
held there: ``k·I + v_leak ≥ 0`` at the ON end, ``≤ 0`` at the OFF end (paper, Section III-B; kinematic wall).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwlib.network import Network
from sim.protocol import Protocol
from sim.rules.statics import StaticCircuit

_ROUNDING = 1e-9  # of the largest track current: nearer to standing still than this, a wall is held


@dataclass(frozen=True)
class RestStates:
    """How firmly a network holds given states. Margins are relative to the current that balances a wall's leak.

    Attributes:
        states: bits, shape (states, N).
        soma_margin: of each neuron's soma, ≥ 0 where it is held, shape (states, N).
        axon_margin: of the neuron's axon that is held least, shape (states, N); inf without axons.
        worst: device with the least margin of each state, shape (states,).
        current: track current of that device in A, shape (states,).
        balance: the current in A at which its wall would stand still, shape (states,).
    """

    states: np.ndarray
    soma_margin: np.ndarray
    axon_margin: np.ndarray
    worst: np.ndarray
    current: np.ndarray
    balance: np.ndarray

    @property
    def margin(self) -> np.ndarray:
        """Least margin of each state, shape (states,)."""
        return np.minimum(self.soma_margin, self.axon_margin).min(axis=1)

    @property
    def holds(self) -> np.ndarray:
        """Whether each state is a rest state, shape (states,)."""
        return self.margin >= 0

    @property
    def leaving(self) -> np.ndarray:
        """Neurons whose soma, or some axon, leaves the state, shape (states, N)."""
        return np.minimum(self.soma_margin, self.axon_margin) < 0


def rest_states(network: Network, protocol: Protocol, states: np.ndarray) -> RestStates:
    """Find which states a network holds in the convergence phase.

    Args:
        network: ideal or extracted.
        protocol: the voltages; with weight lines it must give ``levels``.
        states: bits of the neurons, shape (states, N) or (N,).

    Raises:
        InputError: weight lines without levels.
    """
    states = np.atleast_2d(np.asarray(states))
    held = np.isin(network.net_class(), ("ground", "vdw", "line", "rail"))
    source = protocol.net_voltages(network)
    balance = -network.leak / network.mobility
    somas, axons = network.somas, np.flatnonzero(~network.is_soma)
    soma_margin, axon_margin = np.empty(states.shape), np.full(states.shape, np.inf)
    worst, current = np.empty(len(states), int), np.empty(len(states))
    for k, bits in enumerate(states):
        on = bits[network.pre] == 1
        track = StaticCircuit(network, on, held).solve(source).track_current
        least = _ROUNDING * float(np.abs(track).max())
        gap = np.where(on, 1.0, -1.0) * (track - balance)
        margin = np.where(np.abs(gap) <= least, 0.0, gap) / np.maximum(np.abs(balance), max(least, 1e-300))
        soma_margin[k] = margin[somas]
        np.minimum.at(axon_margin[k], network.pre[axons], margin[axons])
        worst[k] = int(margin.argmin())
        current[k] = track[worst[k]]
    return RestStates(states, soma_margin, axon_margin, worst, current, balance[worst])
