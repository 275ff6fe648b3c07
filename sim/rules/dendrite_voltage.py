"""Which axons raise or lower the voltage of their dendrites, without wires."""

from __future__ import annotations

import numpy as np

from hwlib.network import Network

_MOST = 50  # rounds; a handful suffices


def pulling(network: Network, weight: np.ndarray, sign: int, held: np.ndarray | None = None) -> np.ndarray:
    """Axons that are ON where every dendrite is at its highest or lowest voltage, shape (devices,).

    ``V = ΣG·W/(ΣG + 1/R_M)`` rises with the conductance of every axon of W > V, which is not every one of W > 0 where
    weights have several sizes. Dinkelbach's iteration: each round's axons are those of W > V of the round before.

    Args:
        network: the network.
        weight: weight voltage of each device in V, 0 for somas, shape (devices,).
        sign: 1 for the highest, −1 for the lowest.
        held: axons that are ON whatever they do to it, shape (devices,); None: none.
    """
    axon, post, neurons = ~network.is_soma, network.post, network.neurons
    on, off = 1 / network.r_p, 1 / np.where(network.is_soma, network.r_m, network.r_ap)
    start = axon & (sign * weight > 0)
    chosen = start if held is None else start | held
    for _ in range(_MOST):
        siemens = np.where(chosen, on, off)
        dendrite = np.bincount(post, siemens * weight, neurons) / np.bincount(post, siemens, neurons)
        before, chosen = chosen, axon & (sign * (weight - dendrite[post]) > 0)
        if held is not None:
            chosen |= held
        if np.array_equal(before, chosen):
            break
    return chosen


def dendrite_voltage(network: Network, weight: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Voltage of every dendrite in V, shape (N,), with some axons ON, shape (devices,)."""
    siemens = 1 / np.where(network.is_soma, network.r_m, np.where(on, network.r_p, network.r_ap))
    return np.bincount(network.post, siemens * weight) / np.bincount(network.post, siemens)
