"""How a small change of the currents grows along a trial of the reference engine, to first order (``sim.ties``)."""

from __future__ import annotations

import numpy as np

from hwlib.network import Network
from sim.engines.ideal.gains import gains_of
from sim.perturbation import of_devices, tilt
from sim.walls import UNDER

_ENOUGH = 1e10  # tracks per change: nothing is learned beyond


class ReferenceGrowth:
    """Ways of all walls per relative change of the currents.

    Args:
        network: the network.
        weights: voltage behind each axon's pillar in V, shape (devices,).
        v_dw: V_DW in V.
    """

    def __init__(self, network: Network, weights: np.ndarray, v_dw: float):
        self._network, self._gains = network, gains_of(network, weights, v_dw)
        self._tilt, self._way = of_devices(network, tilt(network.neurons)), np.zeros(network.devices)
        self._largest, self._leader = 0.0, 0

    def step(self, h: float, speed: np.ndarray, segment: np.ndarray, pinned: np.ndarray, *, loading: bool) -> None:
        """Go on by a step of length ``h``; ``speed`` in m/s if nothing held the walls, shapes (devices,)."""
        if abs(self._largest) > _ENOUGH:
            return
        network, way = self._network, self._way
        way += h * (speed - network.leak) * self._tilt
        way[pinned] = 0.0
        under = (segment == UNDER) & ~pinned
        if not loading:
            pulled = np.bincount(network.post, self._gains.pull * way * under, network.neurons)
            way[network.somas] += h * pulled * ~pinned[network.somas]
        soma = network.somas[network.pre]
        way += h * self._gains.push * way[soma] * under[soma] * ~pinned
        share = way[network.somas] / network.length[network.somas]
        leader = int(abs(share).argmax())
        if abs(share[leader]) > abs(self._largest):
            self._largest, self._leader = float(share[leader]), leader

    def led(self, wall: np.ndarray) -> float:
        """The largest way of a soma's wall, in its L, positive where it is the way to where it ended, ``wall`` m."""
        soma = self._network.somas[self._leader]
        return self._largest if wall[soma] > self._network.length[soma] / 2 else -self._largest
