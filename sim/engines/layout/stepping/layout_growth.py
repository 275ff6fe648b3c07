"""How a small change of the currents grows along a trial, to first order (``sim.ties``).

One way for each soma's wall and one for all axons of a neuron: wires set axons of one neuron apart, but what makes a
way grow a billionfold moves them together. A soma elsewhere under its pillar changes its axons' speed, axons elsewhere
under their pillars change the somas'; a wall held at an end of its track forgets.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hwlib.network import Network
from sim.engines.ideal.gains import gains_of
from sim.engines.jit_options import outer
from sim.engines.layout.partition.plan import Plan
from sim.engines.layout.stepping.active_set import DEFERRED, INACTIVE, NEAR
from sim.perturbation import tilt

_ENOUGH = 1e10  # tracks per relative change of the currents: nothing is learned beyond


class Watch(NamedTuple):
    """What growth is followed with; walls in the plan's order. Without somas nothing is followed.

    Attributes:
        soma, soma_bundle: wall of each soma, and its bundle, shape (N,).
        axon_bundle: bundle of an axon of each neuron, −1 without axons, shape (N,).
        push: speed of a neuron's axons per way of its soma under the pillar, 1/s, shape (N,).
        change: m/s that the change of its currents adds to each soma's speed, shape (N,).
        length: L of each soma's track in m, shape (N,).
        pre, post: neurons that an axon comes from (−1: a soma's wall) and goes to, shape (walls,).
        pull: speed of the soma an axon goes to, per way of the axon under its pillar, 1/s, shape (walls,).
    """

    soma: np.ndarray
    soma_bundle: np.ndarray
    axon_bundle: np.ndarray
    push: np.ndarray
    change: np.ndarray
    length: np.ndarray
    pre: np.ndarray
    post: np.ndarray
    pull: np.ndarray


def watch_nothing() -> Watch:
    """For the load phase: its sources hold the dendrites, and no wall acts on itself through others."""
    none, real = np.zeros(0, np.int64), np.zeros(0)
    return Watch(
        soma=none,
        soma_bundle=none,
        axon_bundle=none,
        push=real,
        change=real,
        length=real,
        pre=none,
        post=none,
        pull=real,
    )


def make_watch(network: Network, plan: Plan, weights: np.ndarray, strongest: np.ndarray, v_dw: float) -> Watch:
    """For the convergence phase.

    Args:
        network: the network.
        plan: its plan.
        weights: voltage behind each axon's pillar in V, shape (devices,).
        strongest: ``strongest_weights``.
        v_dw: V_DW in V.
    """
    order, n = plan.bundles.device, network.neurons
    wall = np.empty(network.devices, np.int64)
    wall[order] = np.arange(network.devices)
    bundle = np.searchsorted(plan.bundles.first, wall, side="right") - 1
    axon, gains = np.flatnonzero(~network.is_soma), gains_of(network, weights, v_dw)
    axon_bundle, push = np.full(n, -1), np.zeros(n)
    axon_bundle[network.pre[axon]], push[network.pre[axon]] = bundle[axon], gains.push[axon]
    soma = network.somas
    # N weights of random signs drive a soma like the root of N of them.
    drive = network.mobility[soma] * strongest / network.r_m[soma] / np.sqrt(n)
    return Watch(
        soma=wall[soma],
        soma_bundle=bundle[soma],
        axon_bundle=axon_bundle.astype(np.int64),
        push=push,
        change=drive * tilt(n)[:n],
        length=network.length[soma],
        pre=np.where(network.is_soma, -1, network.pre)[order].astype(np.int64),
        post=network.post[order].astype(np.int64),
        pull=gains.pull[order],
    )


def led(network: Network, growth: np.ndarray, wall: np.ndarray) -> float:
    """The largest way of a soma's wall in its L, positive where it is the way to where it ended, ``wall`` in m."""
    soma = network.somas[int(growth[-1])]
    return float(growth[-2] if wall[soma] > network.length[soma] / 2 else -growth[-2])


@outer()
def grow(system, motion, watch, h):
    """Go on by a step of length ``h`` just taken.

    ``motion.growth``: ways of somas and of axons in m per change, the largest of a soma in tracks, and which soma's.
    """
    n, growth = len(watch.soma), motion.growth
    if abs(growth[2 * n]) > _ENOUGH:
        return
    for k in range(n):
        growth[k] = 0.0 if _held(motion, watch, k) else growth[k] + h * watch.change[k]
        bundle = watch.axon_bundle[k]
        if bundle >= 0 and motion.side[bundle] != 0:
            growth[n + k] = 0.0
    for bundle in range(len(motion.state)):
        if motion.state[bundle] == NEAR:
            _of_axons(system, motion, watch, h, bundle)
    for k in range(n):
        if growth[k] != 0.0:
            if _under(system, watch.soma[k]):
                growth[n + k] += h * watch.push[k] * growth[k]
            if abs(growth[k]) > abs(growth[2 * n]) * watch.length[k]:
                growth[2 * n], growth[2 * n + 1] = growth[k] / watch.length[k], k


@outer()
def _held(motion, watch, k):
    state = motion.state[watch.soma_bundle[k]]
    return state == INACTIVE or (state != DEFERRED and motion.free[watch.soma[k]] == 0)


@outer()
def _under(system, wall):
    return 0.0 < system.work.pillar[0, wall] < 1.0


@outer()
def _of_axons(system, motion, watch, h, bundle):
    """What the axons of a bundle that are under their pillars do to the somas."""
    n, growth = len(watch.soma), motion.growth
    for wall in range(system.bundles.first[bundle], system.bundles.first[bundle + 1]):
        if watch.pre[wall] >= 0 and motion.free[wall] > 0 and _under(system, wall):
            post = watch.post[wall]
            if not _held(motion, watch, post):
                growth[post] += h * watch.pull[wall] * growth[n + watch.pre[wall]]
