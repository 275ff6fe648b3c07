"""Where the drawn network goes from a state that it does not hold: somas turn over one by one, axons follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwlib.nets import LINE, RAIL
from sim.rules.cases import Cases
from sim.rules.outcome import first_smallest
from sim.walls import Pillars

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
        toward = np.where(bits == 1, 1.0, -1.0) * _settled(cases, bits)
        if (toward >= 0).all() or bits.tobytes() in seen or turned == most:
            break
        seen.add(bits.tobytes())
        worst = first_smallest(toward)
        bits[worst] = 1 - bits[worst]
    return DrawnEnd(bits, toward, turned)


def _settled(cases: Cases, bits: np.ndarray) -> np.ndarray:
    """Track currents of the somas beyond what balances their leak, in A, once axons have gone where they are driven."""
    network, law = cases.network, cases.dynamics
    pillars, somas = Pillars.of(network), network.somas
    held, source = network.held_nets(LINE, RAIL), cases.protocol.net_voltages(network)
    on = bits[network.pre].astype(float)
    for _ in range(_SETTLE):
        share = pillars.share(on * network.length)
        share[somas] = bits
        track = cases.circuits.at(share, held).solve(source).track_current
        driven = np.where(network.is_soma, on, law.steady_velocity(track) > 0)
        if np.array_equal(driven, on):
            break
        on = driven
    return track[somas] - cases.leak_current[somas]
