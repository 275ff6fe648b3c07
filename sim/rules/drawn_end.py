"""Where the drawn network goes from a state that it does not hold: somas turn over one by one, axons follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.rules.cases import Cases
from sim.rules.outcome import first_smallest

_SETTLE = 6  # solves that axons are followed for; an axon whose drive turns with the others' may never settle
LARGE, FEW = 48, 16  # neurons beyond which no more somas than this are followed: a solve costs what N² devices cost


@dataclass(frozen=True)
class DrawnEnd:
    """A state that the network holds, or the last that was looked at.

    Attributes:
        bits: of the somas, shape (N,).
        toward: track current of each soma beyond what holds its wall against the leak, toward its end, A, shape (N,).
        turned: how many times a soma turned over on the way.
    """

    bits: np.ndarray
    toward: np.ndarray
    turned: int

    @property
    def holds(self) -> bool:
        """Whether every soma is held."""
        return bool((self.toward >= 0).all())


def drawn_end(cases: Cases, bits: np.ndarray) -> DrawnEnd:
    """Turn over the soma that is driven back hardest, let the axons settle, and so on, until all are held.

    The asynchronous descent of Hopfield (PNAS 79, 2554 (1982)), with currents solved on the network for weights.

    Args:
        cases: the network at its operating point.
        bits: of the somas to begin with, shape (N,).
    """
    bits, seen = np.array(bits, dtype=np.int8), set[bytes]()
    most = FEW if len(bits) > LARGE else 2 * len(bits)
    for turned in range(most + 1):
        toward = held_toward(cases, bits)
        if (toward >= 0).all() or bits.tobytes() in seen or turned == most:
            break
        seen.add(bits.tobytes())
        worst = first_smallest(toward)
        bits[worst] = 1 - bits[worst]
    return DrawnEnd(bits, toward, turned)


def held_toward(cases: Cases, bits: np.ndarray) -> np.ndarray:
    """Track current of each soma beyond what holds its wall against the leak, toward its bit, axons settled, A.

    Args:
        cases: the network at its operating point.
        bits: of the somas, shape (N,).
    """
    return np.where(bits == 1, 1.0, -1.0) * _settled(cases, bits)


def _settled(cases: Cases, bits: np.ndarray) -> np.ndarray:
    """Track currents of the somas beyond what balances their leak, in A, once axons have gone where they are driven."""
    network, somas = cases.network, cases.network.somas
    on = bits[network.pre].astype(float)
    for _ in range(_SETTLE):
        track = released_tracks(cases, on * network.length, bits)
        driven = np.where(network.is_soma, on, cases.dynamics.steady_velocity(track) > 0)
        if np.array_equal(driven, on):
            break
        on = driven
    return track[somas] - cases.leak_current[somas]


def released_tracks(cases: Cases, place: np.ndarray, somas: np.ndarray) -> np.ndarray:
    """Track currents of the convergence phase in A, shape (devices,).

    Args:
        cases: the network at its operating point.
        place: of the axons' walls, m, shape (devices,).
        somas: share of each soma's pillar that its wall has passed, shape (N,).
    """
    share = cases.pillars.share(place)
    share[cases.network.somas] = somas
    return cases.released_tracks(share)
