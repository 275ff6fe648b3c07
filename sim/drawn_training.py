"""Training on a drawn network: what its wires let through from every synapse, for rules that take it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hwlib.errors import InputError
from hwlib.nets import LINE
from hwlib.network import MTJ_IN, Network
from hwlib.training_rules import Lesson
from sim.dynamics import dynamics_of
from sim.protocol import Protocol
from sim.rules.statics import StaticCircuits


def drawn_lesson(
    network: Network, protocol: Protocol, patterns: np.ndarray, *, limit: float | None = None,
    steps: int | None = None, progress: Callable[[int, int], None] | None = None,
) -> Lesson:  # fmt: skip
    """What a training rule is to store on an extracted network, with the currents that its wires let through.

    Args:
        network: with a weight line for every synapse: there the drawing does not follow the weights.
        protocol: V_DW and W.
        patterns: bits, shape (patterns, N).
        limit: largest weight, multiples of W.
        steps: equal steps from 0 to the limit.
        progress: called with (states solved, in all).

    Raises:
        InputError: weights on rails.
    """
    n, axons = network.neurons, np.flatnonzero(~network.is_soma)
    if network.weight_levels() is not None:
        raise InputError(
            "training on a drawn network needs weight_style lines: with rails the drawing fixes the weights"
        )
    post, pre = network.post[axons], network.pre[axons]
    nets = network.node_net[network.terminals[axons, MTJ_IN]]
    others = np.nan_to_num(replace(protocol, levels=np.zeros((n, n)), net_levels=None).net_voltages(network))
    balance = dynamics_of(network).balance()[network.somas]
    states, circuits = np.concatenate([patterns, 1 - patterns]), StaticCircuits(network)
    pull, offset = np.zeros((len(states), n, n)), np.zeros((len(states), n))
    for k, bits in enumerate(states):
        transfer = circuits.at(bits[network.pre] == 1, network.held_nets(LINE)).soma_transfer()
        pull[k, post, pre] = transfer[post, nets] * protocol.weight
        offset[k] = transfer @ others - balance
        if progress:
            progress(k + 1, len(states))
    joined = np.zeros((n, n), bool)
    joined[post, pre] = True
    return Lesson(patterns, joined, limit=limit, steps=steps, pull=pull, offset=offset)
