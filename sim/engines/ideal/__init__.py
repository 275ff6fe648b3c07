"""Ideal engine: perfect wires, so that all axons of a neuron move alike; 2N walls per trial, trials in parallel.

A network without wires decouples: the dendrites need only conductance sums over axons, a drive needs only its soma
(physics of the paper's Methods). Steps go from event to event with an error estimate, as in the reference engine.
What it drops: nothing, for the networks it accepts. In the load phase the sources hold the dendrites; weight nets that
several axons share may float then, and the current they carry between dendrites is metered.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwlib.nets import DENDRITE, DRIVE, GROUND, LINE, RAIL, V_DW
from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT, Network
from sim.engines.ideal.weight_nets import per_neuron
from sim.engines.stepper import Solver
from sim.protocol import Protocol

_AXON_PARAMETERS = ("length", "pillar_width", "pillar_centre", "r_p", "r_ap", "r_m", "mobility", "leak")


def refusal(network: Network, protocols: Sequence[Protocol]) -> str | None:
    """Why the ideal engine cannot run these: wires, or axons of one neuron that differ."""
    if reason := wiring_refusal(network):
        return reason
    axon = np.flatnonzero(~network.is_soma)
    for name in _AXON_PARAMETERS:
        values = getattr(network, name)
        if not np.array_equal(values[axon], per_neuron(network, values)[network.pre[axon]]):
            return f"axons of one neuron differ in {name}"
    for protocol in protocols:
        if protocol.initial is not None:
            walls = np.asarray(protocol.initial, float)
            if not np.array_equal(walls[axon], per_neuron(network, walls)[network.pre[axon]]):
                return "axons of one neuron start at different places"
    return None


def wiring_refusal(network: Network) -> str | None:
    """Why a network's circuit is not that of perfect wires; None when it is."""
    if network.has_wires:
        return "the network has wires"
    if len(np.unique(network.node_net)) < network.nodes or not _is_wired(network):
        return "the network's devices are not joined as axons and somas of ideal nets"
    return None


def prepare(network: Network) -> Solver:
    """A network for which ``refusal`` has nothing to say."""
    from sim.engines.ideal.ideal_stepper import IdealSolver

    return IdealSolver(network)


def _is_wired(network: Network) -> bool:
    """Whether the terminals are on the nets that the ideal circuit takes for granted, each net with a pin."""
    parsed = network.parsed_nets()
    nets = network.node_net[network.terminals]
    dendrite, drive = network.nets_of(DENDRITE)[nets], network.nets_of(DRIVE)[nets]
    neuron = np.array([net.neuron for net in parsed])[nets]
    soma, pre, post = network.is_soma, network.pre, network.post
    pairs = pre.astype(np.int64) * network.neurons + post
    pinned = np.zeros(network.nodes, bool)
    pinned[network.pin_node] = True
    return bool(
        np.all(np.diff(np.sort(pairs)) > 0)
        and np.all(network.nets_of(GROUND)[nets[:, DW_OUT]])
        and np.all(np.where(soma, dendrite[:, DW_IN], drive[:, DW_IN]))
        and np.all(np.where(soma, drive[:, MTJ_OUT], dendrite[:, MTJ_OUT]))
        and np.all(neuron[:, DW_IN] == np.where(soma, post, pre))
        and np.all(neuron[:, MTJ_OUT] == post)
        and np.all(network.nets_of(V_DW)[nets[soma, MTJ_IN]])
        and np.all(network.nets_of(LINE, RAIL)[nets[~soma, MTJ_IN]])
        and pinned[network.terminals[:, [DW_OUT, MTJ_IN]]].all()
        and pinned[network.terminals[soma, DW_IN]].all()
    )
