"""Voltages of the weight sources that make up for wires: each soma then sees what ideal wires would let it see.

With walls in place a soma's track current is linear in the voltages of the sources, and how much each of them weighs
follows for all at once (``StaticCircuit.soma_transfer``). The voltages sought are those of least squares over some
states, within a limit. Where states leave them free (a neuron has more lines than there are states) each net is to
carry by itself what it would on ideal wires, so that other states are met as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import lsq_linear

from hwlib.connected_parts import connected_parts
from hwlib.nets import LINE, RAIL
from hwlib.network import MTJ_IN, Network
from sim.dynamics import dynamics_of
from sim.protocol import Protocol
from sim.rules.statics import StaticCircuits

Progress = Callable[[int, int], None]
_BY_ITSELF = 0.003  # weight of what each net carries by itself, beside 1 of what all carry together
_ROUNDS = 2  # neurons that share no weight net still share ground


@dataclass(frozen=True)
class WireErrors:
    """How far a drawn network's soma currents are from ideal ones, in the states asked.

    Attributes:
        rms, largest: over the root mean square of the ideal currents.
        turned: share of the soma currents that turn the wall the other way, the leak counted in.
        power: mean over the states of what all sources deliver, W.
    """

    rms: float
    largest: float
    turned: float
    power: float


@dataclass(frozen=True)
class CompensatedWeights:
    """Voltages that make up for wires.

    Attributes:
        net_levels: of every weight net by its name, multiples of W.
        before, after: with the weights as they are, and with these.
        at_limit: how many nets are at the limit.
    """

    net_levels: dict[str, float]
    before: WireErrors
    after: WireErrors
    at_limit: int


def compensate(
    network: Network, protocol: Protocol, states: np.ndarray, limit: float, *, progress: Progress | None = None
) -> CompensatedWeights:
    """Find the voltages of weight nets with which a drawn network's somas see what they would on ideal wires.

    Args:
        network: as extracted.
        protocol: the voltages; with weight lines it must give ``levels``.
        states: shares of the pillars that the walls have passed, 0 … 1, shape (states, devices).
        limit: largest voltage of a weight net in V.
        progress: called with (states solved, in all).

    Raises:
        InputError: weight lines without levels.
    """
    protocol = replace(protocol, net_levels=None)
    plain, nets = network.without_wires(), np.array(list(network.weight_nets.values()))
    given = protocol.net_voltages(network)[nets]
    circuits, plain_circuits = StaticCircuits(network), StaticCircuits(plain)
    target = _currents(plain_circuits, protocol, states)[0]
    equations = [_Equations(*group, len(states)) for group in _groups(network, nets)]
    for k, state in enumerate(states):
        drawn, ideal = (
            each.at(state, each.network.held_nets(LINE, RAIL)).soma_transfer()[:, nets]
            for each in (circuits, plain_circuits)
        )
        for each in equations:
            each.add(k, drawn, ideal * given)
        if progress:
            progress(k + 1, len(states))
    volts, currents = given, _currents(circuits, protocol, states)[0]
    before = after = _errors(circuits, protocol, states, target)
    for _ in range(_ROUNDS if len(equations) > 1 else 1):
        for each in equations:
            volts = each.solved(volts, target - currents, limit)
        net_levels = dict(zip(network.weight_nets, (volts / protocol.weight).tolist(), strict=True))
        compensated = replace(protocol, net_levels=net_levels)
        currents = _currents(circuits, compensated, states)[0]
    after = _errors(circuits, compensated, states, target)
    return CompensatedWeights(net_levels, before, after, int((np.abs(volts) >= limit * (1 - 1e-9)).sum()))


class _Equations:
    """Least squares of neurons that share weight nets.

    Args:
        members: the neurons.
        nets: places of the weight nets among all of them.
        states: how many there will be.
    """

    def __init__(self, members: np.ndarray, nets: np.ndarray, states: int):
        self._members, self._nets = members, nets
        self._rows = np.zeros((states, len(members), len(nets)))
        self._carried = np.zeros_like(self._rows)

    def add(self, state: int, drawn: np.ndarray, carried: np.ndarray) -> None:
        """A state.

        Args:
            state: its number.
            drawn: A in each soma's track per V of each weight net, shape (N, nets).
            carried: A that each net puts through each soma's track on ideal wires, shape (N, nets).
        """
        place = np.ix_(self._members, self._nets)
        self._rows[state], self._carried[state] = drawn[place], carried[place]

    def solved(self, volts: np.ndarray, missing: np.ndarray, limit: float) -> np.ndarray:
        """The voltages of all nets with these neurons' renewed.

        Args:
            volts: V, shape (nets,).
            missing: A that each soma's track lacks in each state with these voltages, shape (states, N).
            limit: largest voltage in V.
        """
        rows = self._rows.reshape(-1, len(self._nets))
        right = missing[:, self._members].ravel() + rows @ volts[self._nets]
        square = (rows**2).sum(axis=0)
        stiff = np.sqrt(_BY_ITSELF * square)
        by_itself = (self._rows * self._carried).sum(axis=(0, 1)) / np.maximum(square, 1e-300)
        rows, right = np.concatenate([rows, np.diag(stiff)]), np.concatenate([right, stiff * by_itself])
        scale = np.abs(rows).max() or 1.0
        renewed = volts.copy()
        renewed[self._nets] = lsq_linear(rows / scale, right / scale, (-limit, limit), method="bvls").x
        return renewed


def _groups(network: Network, nets: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Neurons that share weight nets, and the places of these among ``nets``."""
    n, axons = network.neurons, np.flatnonzero(~network.is_soma)
    place = np.full(len(network.net_names), -1)
    place[nets] = np.arange(len(nets))
    behind = place[network.node_net[network.terminals[axons, MTJ_IN]]]
    count, part = connected_parts(n + len(nets), network.post[axons], n + behind)
    for k in range(count):
        members = np.flatnonzero(part[:n] == k)
        if len(members) and (part[n:] == k).any():
            yield members, np.flatnonzero(part[n:] == k)


def _currents(circuits: StaticCircuits, protocol: Protocol, states: np.ndarray) -> tuple[np.ndarray, float]:
    """Track currents of the somas in A, shape (states, N), and the mean power of all sources in W."""
    network = circuits.network
    source, held = protocol.net_voltages(network), network.held_nets(LINE, RAIL)
    solved = [circuits.at(state, held).solve(source) for state in states]
    currents = np.array([each.track_current[network.somas] for each in solved])
    return currents, float(np.mean([each.power for each in solved]))


def _errors(circuits: StaticCircuits, protocol: Protocol, states: np.ndarray, target: np.ndarray) -> WireErrors:
    network, (currents, power) = circuits.network, _currents(circuits, protocol, states)
    balance = dynamics_of(network).balance()[network.somas]
    scale = float(np.sqrt(np.mean(target**2))) or 1.0
    away = np.abs(currents - target) / scale
    turned = float(np.mean((currents - balance) * (target - balance) < 0))
    return WireErrors(float(np.sqrt(np.mean(away**2))), float(away.max()), turned, power)
