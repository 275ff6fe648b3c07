"""The way that a network's walls take on ideal wires: what a drawn network is compared with, without an engine.

Without wires dendrites and drives are dividers by themselves, so a step costs a few sums, and axons of a neuron that
are made alike move alike. Walls follow the law's mean velocity; steps are short enough for a static comparison, not
for times and energies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from hwlib.network import Network
from sim.dynamics import dynamics_of
from sim.protocol import Protocol
from sim.walls import Pillars

_STRIDE = 0.04  # of L that the fastest wall goes in a step: a fifth of Table I's pillar
_MOST_STEPS = 3000
_DENSE = 100_000  # entries up to which a product takes less time than a sparse one's checks
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


class IdealWires:
    """A network on ideal wires, for a few trials side by side: what a step costs is mostly that there is one.

    Args:
        network: ideal or extracted; its wires are left out.
        protocol: the trials, but for what they load; V_DW is to suit ideal wires.
    """

    def __init__(self, network: Network, protocol: Protocol):
        self.protocol, n = protocol, network.neurons
        axons, first = np.flatnonzero(~network.is_soma), np.zeros(network.devices)
        if protocol.initial is not None:
            first[:] = protocol.initial * network.length
        leaders, kind = _alike(network, first, axons)
        followed = np.concatenate([network.somas, axons[leaders]])
        self._wall = np.empty(network.devices, np.int64)  # which of those followed goes with each device's
        self._wall[network.somas], self._wall[axons] = np.arange(n), n + kind
        self._followed = network.with_only(followed)
        self._first, self._still = first[followed], protocol.rest_speed(network)[followed]
        self._law, self._pillars = dynamics_of(self._followed), Pillars.of(self._followed)
        self._n, self._pre = n, self._followed.pre[n:]
        self._tracks = np.bincount(network.pre[axons], 1 / network.r_m[axons], n)
        # What axons conduct into each dendrite, with and without their weights: linear in the shares of their pillars.
        post, weight = network.post[axons], protocol.axon_weights(network)[axons]
        least = 1 / network.r_ap[axons]
        more = 1 / network.r_p[axons] - least
        self._least = np.concatenate([np.bincount(post, g, n) for g in (least * weight, least)])
        at = np.concatenate([post, n + post]), np.tile(kind, 2)
        sums = csr_array((np.concatenate([more * weight, more]), at), (2 * n, len(leaders)))
        self._more = sums.toarray() if 2 * n * len(leaders) <= _DENSE else sums

    def paths(self, starts: np.ndarray | None, states: int) -> list[IdealPath]:
        """Follow trials.

        Args:
            starts: bits to load, shape (trials, N); None: one trial without a load phase.
            states: how many of each convergence phase to keep, at least 2.
        """
        protocol, ohm, place = self.protocol, self._followed.r_m[: self._n], self._first[None]
        if starts is not None:
            place = np.repeat(place, len(starts), axis=0)
            loading = np.where(np.asarray(starts) == 1, protocol.v_charge, -protocol.v_charge) / ohm
            place = np.array([walls.place for walls in self._run(place, lambda _, on: loading[on], protocol.load)])
        released = self._run(place, lambda share, _: self._released(share), protocol.time_limit)
        return [self._kept(*each, states) for each in zip(place, released, strict=True)]

    def _kept(self, place: np.ndarray, walls: _Walls, states: int) -> IdealPath:
        """Some of the states of a trial, whose walls were at ``place`` m at the release."""
        kept = np.unique(np.linspace(0, len(walls.shares) - 1, states).round().astype(int))
        shares = np.array([walls.shares[k] for k in kept])
        ends = (walls.place / self._followed.length)[: self._n] > 0.5
        return IdealPath(
            np.array(walls.times)[kept], place[self._wall], shares[:, self._wall], self._released(shares),
            walls.resting, ends.astype(np.int8),
        )  # fmt: skip

    def _released(self, share: np.ndarray) -> np.ndarray:
        """Currents of the somas in A with weights on and dendrites free: dividers of the axons' pillars."""
        sums = self._least + (self._more @ share[:, self._n :].T).T
        current: np.ndarray = sums[:, : self._n] / (sums[:, self._n :] * self._followed.r_m[: self._n] + 1)
        return current

    def _speed(self, share: np.ndarray, somas: np.ndarray) -> np.ndarray:
        """Of free walls in m/s, for the shares of the pillars passed and the currents of the somas in A."""
        feed = self._pillars.at_share(share)[:, : self._n]
        drive = self.protocol.v_dw * feed / (feed + self._tracks)
        axons = drive[:, self._pre] / self._followed.r_m[self._n :]
        return self._law.steady_velocity(np.concatenate([somas, axons], axis=1))

    def _run(
        self, place: np.ndarray, somas: Callable[[np.ndarray, np.ndarray], np.ndarray], limit: float | str
    ) -> list[_Walls]:  # fmt: skip
        """Each trial until all its walls rest, or ``limit`` s.

        Args:
            place: of the walls that are followed, at first, in m, shape (trials, walls).
            somas: currents of the somas in A for the shares of the pillars passed in some trials, and which these are.
            limit: s; ``rest``: the protocol's time limit.
        """
        pillars, length, seen = self._pillars, self._followed.length, [_Walls(each) for each in place]
        longest = self.protocol.time_limit if isinstance(limit, str) else limit
        on, time = np.arange(len(place)), np.zeros(len(place))
        for count in range(_MOST_STEPS):
            share = pillars.share(place)
            for k, now, shares in zip(on.tolist(), time.tolist(), share, strict=True):
                seen[k].see(count, now, shares)
            speed = self._speed(share, somas(share, on))
            held = ((place <= 0) & (speed <= 0)) | ((place >= length) & (speed >= 0))
            size = np.abs(speed)
            moving = ~held & (size >= self._still)
            resting = ~moving.any(axis=1)
            ended = resting | (time >= longest)
            if ended.any():
                for k in np.flatnonzero(ended).tolist():
                    seen[on[k]].end(float(time[k]), place[k], share[k], resting=bool(resting[k]))
                if ended.all():
                    return seen
                on, time, place, speed, size, moving = (each[~ended] for each in (on, time, place, speed, size, moving))
            ahead = np.divide(_STRIDE * length, size, out=np.full(size.shape, np.inf), where=moving)
            step = np.minimum(ahead.min(axis=1), longest - time)
            way = np.where(moving, speed, 0.0) * step[:, None]
            place, time = np.minimum(np.maximum(place + way, 0.0), length), time + step
        for k, now, at in zip(on.tolist(), time.tolist(), place, strict=True):
            seen[k].end(now, at, pillars.share(at))
        return seen


class _Walls:
    """What was seen of walls on their way: shares of the pillars at every step, of large networks at fewer."""

    def __init__(self, place: np.ndarray):
        self.place, self.resting = place, False
        self.times: list[float] = []
        self.shares: list[np.ndarray] = []
        self._every = 1

    def see(self, count: int, time: float, share: np.ndarray) -> None:
        """The shares at step ``count`` and ``time`` s."""
        if count % self._every == 0:
            self.times.append(time)
            self.shares.append(share)
        if len(self.shares) * len(share) > _MOST_KEPT:
            self.times, self.shares, self._every = self.times[::2], self.shares[::2], 2 * self._every

    def end(self, time: float, place: np.ndarray, share: np.ndarray, *, resting: bool = False) -> None:
        """Where they are at last, at ``time`` s, and whether they rest there."""
        self.place, self.resting = place, resting
        if self._every > 1 and self.times[-1] != time:
            self.times.append(time)
            self.shares.append(share)


def _alike(network: Network, place: np.ndarray, axons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Axons that move alike on ideal wires: of the same neuron, made alike, their walls at ``place`` m at first.

    Returns:
        One axon of each kind, shape (kinds,), and the kind of each axon, shape (axons,); indices into ``axons``.
    """
    made = (network.r_m, network.mobility, network.leak, network.length, network.pillar_centre, network.pillar_width)
    kind, first = np.zeros(len(axons), np.int64), np.arange(min(len(axons), 1))
    for values in (network.pre, place, *made, *network.dynamics.values.values()):
        each = values[axons]
        if len(each) and (each != each[0]).any():
            number = np.unique(each, return_inverse=True)[1]
            _, first, kind = np.unique(kind * (int(number.max()) + 1) + number, return_index=True, return_inverse=True)
    return first, kind
