"""A small change of every current, to see what the outcome of a trial hangs on."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from hwlib.network import Network

SHARE = 1e-9  # relative change of a current, at most
_SEED = 20


@lru_cache(maxsize=16)
def tilt(neurons: int) -> np.ndarray:
    """Change of the currents of each neuron's soma (first N), then of its axons, over ``SHARE``.

    Of random sign and between 0.5 and 1, the same in every call, shape (2N,).
    """
    rng = np.random.default_rng(np.random.SeedSequence(_SEED, spawn_key=(neurons,)))
    change = rng.uniform(0.5, 1.0, 2 * neurons) * rng.choice([-1.0, 1.0], 2 * neurons)
    change.flags.writeable = False
    return change


def of_devices(network: Network, each: np.ndarray) -> np.ndarray:
    """Values of somas, then of every neuron's axons (2N,), as values of devices."""
    return each[np.where(network.is_soma, network.post, network.neurons + network.pre)]


def perturbed(network: Network, sign: float) -> Network:
    """The network whose walls follow currents changed by ``sign`` × ``tilt`` × ``SHARE``.

    That is what other weights, V_C and V_DW would do: a soma's change is that of its row of weights. Axons of one
    neuron change alike, so that an ideal network stays one.
    """
    change = 1.0 + sign * SHARE * of_devices(network, tilt(network.neurons))
    return network.with_devices(mobility=network.mobility * change)
