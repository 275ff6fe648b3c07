"""The way that a network's walls take on ideal wires: what a drawn network is compared with, without an engine.

Without wires dendrites and drives are dividers by themselves, so a step costs a few sums. Walls follow the law's mean
velocity; steps are short enough for a static comparison, not for times and energies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hwlib.network import Network
from sim.dynamics import dynamics_of
from sim.protocol import Protocol
from sim.walls import Pillars

_STRIDE = 0.04  # of L that the fastest wall goes in a step: a fifth of Table I's pillar
_MOST_STEPS = 3000
_MOST_KEPT = 20_000_000  # shares of pillars, over all steps; with more every second step is forgotten


@dataclass(frozen=True)
class IdealPath:
    """States that a trial's convergence phase passes on ideal wires, evenly over its steps, first and last among them.

    Attributes:
        time: of each state, s from the release, shape (states,).
        place: of the walls at the release, m, shape (devices,).
        share: of each pillar that the wall has passed, 0 … 1, shape (states, devices).
        soma_current: track current of each soma in A, shape (states, N).
        at_rest: whether every wall came to rest.
        bits: of the somas at the end, 1 past the middle of the track, shape (N,).
    """

    time: np.ndarray
    place: np.ndarray
    share: np.ndarray
    soma_current: np.ndarray
    at_rest: bool
    bits: np.ndarray


def without_wires(network: Network) -> Network:
    """The network with the same devices, every net one node."""
    nets = np.arange(len(network.net_names), dtype=np.int32)
    nowhere, none = np.full(len(nets), np.nan), np.zeros(0)
    return replace(
        network, node_net=nets, node_x=nowhere, node_y=nowhere, pin_node=nets,
        terminals=network.node_net[network.terminals], resistor_nodes=np.zeros((0, 2), np.int32), resistor_ohm=none,
        resistor_layer=np.zeros(0, np.int32), resistor_limit=none,
    )  # fmt: skip


def ideal_path(network: Network, protocol: Protocol, states: int) -> IdealPath:
    """Follow one trial on ideal wires, load phase included.

    Args:
        network: ideal or extracted; its wires are left out.
        protocol: the trial; V_DW is to suit ideal wires.
        states: how many of the convergence phase to keep, at least 2.
    """
    walls = _Walls(network, protocol)
    if protocol.start is not None:
        drive = np.where(np.asarray(protocol.start) == 1, protocol.v_charge, -protocol.v_charge)
        walls.run(lambda siemens: drive / walls.soma_ohm, protocol.load)
    released_at = walls.place
    times, seen = walls.run(walls.released, protocol.time_limit)
    kept = np.unique(np.linspace(0, len(seen) - 1, states).round().astype(int))
    share = np.array([seen[k] for k in kept])
    currents = np.array([walls.released(walls.pillars.at_share(each)) for each in share])
    ends = (walls.place / network.length)[network.somas] > 0.5
    return IdealPath(np.array(times)[kept], released_at, share, currents, walls.resting, ends.astype(np.int8))


class _Walls:
    """Places of all walls, and the currents that move them."""

    def __init__(self, network: Network, protocol: Protocol):
        self.network, self.protocol, self.pillars = network, protocol, Pillars.of(network)
        self.law, self.still = dynamics_of(network), protocol.rest_speed(network)
        self.place = np.zeros(network.devices) if protocol.initial is None else protocol.initial * network.length
        self.resting = False
        self.axons = np.flatnonzero(~network.is_soma)
        self.pre, self.post = network.pre[self.axons], network.post[self.axons]
        self.soma_ohm = network.r_m[network.somas]
        self.weight = protocol.axon_weights(network)[self.axons]
        self.tracks = np.bincount(self.pre, 1 / network.r_m[self.axons], network.neurons)

    def released(self, siemens: np.ndarray) -> np.ndarray:
        """Currents of the somas in A with weights on and dendrites free: dividers of the axons' pillars."""
        g, n = siemens[self.axons], self.network.neurons
        into, through = np.bincount(self.post, g * self.weight, n), np.bincount(self.post, g, n)
        return into / (through * self.soma_ohm + 1)

    def run(
        self, somas: Callable[[np.ndarray], np.ndarray], limit: float | str
    ) -> tuple[list[float], list[np.ndarray]]:
        """Until all rest, or ``limit`` s; times and shares of the pillars at every step, of large networks at fewer.

        Args:
            somas: currents of the somas in A for the pillars' conductances in S.
            limit: s; ``rest``: the protocol's time limit.
        """
        network, time, times, seen = self.network, 0.0, [], []
        longest = self.protocol.time_limit if isinstance(limit, str) else limit
        current = np.empty(network.devices)
        every = 1
        for count in range(_MOST_STEPS):
            share = self.pillars.share(self.place)
            if count % every == 0:
                times.append(time)
                seen.append(share)
            if len(seen) * network.devices > _MOST_KEPT:
                times, seen, every = times[::2], seen[::2], 2 * every
            siemens = self.pillars.at_share(share)
            feed = siemens[network.somas]
            drive = self.protocol.v_dw * feed / (feed + self.tracks)
            current[network.somas] = somas(siemens)
            current[self.axons] = drive[self.pre] / network.r_m[self.axons]
            speed = self.law.steady_velocity(current)
            held = ((self.place <= 0) & (speed <= 0)) | ((self.place >= network.length) & (speed >= 0))
            moving = ~held & (np.abs(speed) >= self.still)
            self.resting = not moving.any()
            if self.resting or time >= longest:
                break
            step = min(float((_STRIDE * network.length[moving] / np.abs(speed[moving])).min()), longest - time)
            self.place = np.clip(self.place + np.where(moving, speed, 0.0) * step, 0.0, network.length)
            time += step
        if every > 1 and times[-1] != time:
            times.append(time)
            seen.append(self.pillars.share(self.place))
        return times, seen
