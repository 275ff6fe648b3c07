"""How walls act on others, by the formulas of ideal wires: speeds per way under a pillar, and the drive of weights.

For following how a small change of the currents grows (``sim.ties``): the order of magnitude is what matters, so every
other pillar is taken half way between its states.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hwlib.network import Network
from sim.ties import rest_margin


class Gains(NamedTuple):
    """Speeds per way, in 1/s, of a network's devices; 0 for somas.

    Attributes:
        push: of an axon, per way of the wall of the soma that drives it, under that soma's pillar, shape (devices,).
        pull: of the soma that an axon feeds, per way of the axon's wall under its pillar, shape (devices,).
    """

    push: np.ndarray
    pull: np.ndarray


def gains_of(network: Network, weights: np.ndarray, v_dw: float) -> Gains:
    """The gains of a network in the convergence phase.

    Args:
        network: the network.
        weights: voltage behind each axon's pillar in V, shape (devices,).
        v_dw: V_DW in V.
    """
    axon, n = ~network.is_soma, network.neurons
    soma_of, fed = network.somas[network.pre], network.somas[network.post]
    siemens = (1 / network.r_p + 1 / network.r_ap) / 2
    slope = (1 / network.r_p - 1 / network.r_ap) / network.pillar_width
    fan_out = np.maximum(np.bincount(network.pre[axon], minlength=n), 1)[network.pre]
    tracks = network.r_m / fan_out
    feed = v_dw / (1 + siemens[soma_of] * tracks) ** 2 / fan_out
    push = network.mobility * feed * slope[soma_of]
    at_dendrite = np.bincount(network.post[axon], siemens[axon], n) + 1 / network.r_m[network.somas]
    pull = network.mobility[fed] / network.r_m[fed] * weights * slope / at_dendrite[network.post]
    return Gains(push=np.where(axon, push, 0.0), pull=np.where(axon, pull, 0.0))


def strongest_weights(network: Network, weights: np.ndarray) -> np.ndarray:
    """The largest |weight| in V at each dendrite, shape (N,); ``weights`` as for ``gains_of``."""
    axon = ~network.is_soma
    strongest = np.zeros(network.neurons)
    np.maximum.at(strongest, network.post[axon], abs(weights[axon]))
    return strongest


def margin_of(network: Network, strongest: np.ndarray, speed: np.ndarray) -> float:
    """``rest_margin`` of a network's walls at the end of a trial.

    Args:
        network: the network.
        strongest: ``strongest_weights``.
        speed: in m/s if nothing held the walls, shape (devices,).
    """
    by_weights = network.mobility * strongest[network.post] / network.r_m
    fastest = np.where(network.is_soma, by_weights, abs(speed - network.leak))
    return float(rest_margin(speed[None], network.leak, fastest[None])[0])
