"""Pillars of many devices: their conductance by the wall's place, and the segments of track where it is smooth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwlib.network import Network

BEFORE, UNDER, PAST = 0, 1, 2  # where a wall is from its pillar


def on_tracks(network: Network, wall: np.ndarray, beyond: float = 0.0) -> bool:
    """Whether every wall is on its device's track; NaN is nowhere.

    Args:
        network: the devices.
        wall: places in m, shape (…, devices).
        beyond: how far off either end of its track a wall may be, fraction of L.
    """
    return bool(((wall >= -beyond * network.length) & (wall <= (1 + beyond) * network.length)).all())


@dataclass(frozen=True)
class Pillars:
    """Pillars of many devices; the conductance is weighted by the areas on both sides of the wall.

    Attributes:
        edge: left edge from the DW_IN end in m, shape (devices,).
        width: m, shape (devices,).
        length: L of the track in m, shape (devices,).
        g_ap, g_p: S, shape (devices,).
    """

    edge: np.ndarray
    width: np.ndarray
    length: np.ndarray
    g_ap: np.ndarray
    g_p: np.ndarray

    @classmethod
    def of(cls, network: Network) -> Pillars:
        """The pillars of a network's devices."""
        edge = network.pillar_centre - network.pillar_width / 2
        return cls(edge, network.pillar_width, network.length, 1 / network.r_ap, 1 / network.r_p)

    def share(self, q: np.ndarray) -> np.ndarray:
        """Share of each pillar that its wall has passed, 0 … 1, with the walls at ``q`` m, shapes (…, devices)."""
        share: np.ndarray = np.minimum(np.maximum((q - self.edge) / self.width, 0.0), 1.0)  # np.clip takes longer
        return share

    def at_share(self, share: np.ndarray) -> np.ndarray:
        """Conductance in S where the walls have passed a share of their pillars, shapes (…, devices)."""
        return self.g_ap + share * (self.g_p - self.g_ap)

    def conductance(self, q: np.ndarray) -> np.ndarray:
        """Conductance in S with the walls at ``q`` m, shapes (…, devices)."""
        return self.at_share(self.share(q))

    def smooth_conductance(self, q: np.ndarray, segment: np.ndarray) -> np.ndarray:
        """As ``conductance`` for walls on their segment of track, continued smoothly a little beyond its ends."""
        return self.at_share(np.where(segment == UNDER, (q - self.edge) / self.width, segment == PAST))

    def segment(self, q: np.ndarray) -> np.ndarray:
        """Whether walls are before, under or past their pillar."""
        return np.where(q < self.edge, BEFORE, np.where(q > self.edge + self.width, PAST, UNDER))

    def bounds(self, segment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ends of each wall's segment of track in m."""
        enter = np.clip(self.edge, 0.0, self.length)
        leave = np.clip(self.edge + self.width, 0.0, self.length)
        low = np.choose(segment, [np.zeros_like(enter), enter, leave])
        return low, np.choose(segment, [enter, leave, self.length])
