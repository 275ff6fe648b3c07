"""Track currents of an ideal network in which every wall is its own: no wires, so that dendrites and drives decouple.

With noise the axons of a neuron part, so these are N² walls where the engine ``ideal`` has 2N.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hwlib.nets import V_DW
from hwlib.network import DW_IN, MTJ_IN, MTJ_OUT
from sim.engines.stepper import LOAD, Phase
from sim.thermal.thermal_jit import compiled
from sim.walls import Pillars

WEIGHT, VDW, CHARGE, PILLAR, TRACK, WIRE = range(6)  # powers: delivered, then turned to heat


class Wireless(NamedTuple):
    """An ideal network under the sources of a phase, as compiled code takes it; shapes (devices,) or (neurons,).

    Attributes:
        pre, post, somas: as of the network.
        edge, width, g_ap, g_gain, r_m: of each device, m, m, S, S, Ω.
        tracks: conductance of all axon tracks of each neuron in S.
        volts: behind each device's pillar in V; NaN: the net floats.
        held: voltage at each dendrite in V, NaN: none is held there.
        net: number of the floating weight net behind each pillar, −1: none.
        nets: how many there are.
    """

    pre: np.ndarray
    post: np.ndarray
    somas: np.ndarray
    edge: np.ndarray
    width: np.ndarray
    g_ap: np.ndarray
    g_gain: np.ndarray
    r_m: np.ndarray
    tracks: np.ndarray
    volts: np.ndarray
    held: np.ndarray
    net: np.ndarray
    nets: int


def wireless(phase: Phase) -> Wireless:
    """The network of a phase under its sources."""
    network, pillars = phase.network, Pillars.of(phase.network)
    axon = ~network.is_soma
    behind = network.node_net[network.terminals[:, MTJ_IN]]
    volts = phase.voltages[behind].copy()
    floating = axon & np.isnan(volts)
    used, net = np.unique(behind[floating], return_inverse=True)
    number = np.full(network.devices, -1)
    number[floating] = net
    held = np.full(network.neurons, np.nan)
    if phase.number == LOAD:
        held = np.where(np.asarray(phase.protocol.start) != 0, 1.0, -1.0) * phase.protocol.v_charge
    return Wireless(
        pre=network.pre.astype(np.int64), post=network.post.astype(np.int64), somas=network.somas.astype(np.int64),
        edge=pillars.edge, width=pillars.width, g_ap=pillars.g_ap, g_gain=pillars.g_p - pillars.g_ap,
        r_m=network.r_m, tracks=np.bincount(network.pre[axon], 1 / network.r_m[axon], network.neurons),
        volts=volts, held=held, net=number, nets=len(used),
    )  # fmt: skip


class WirelessCircuit:
    """The circuit of a phase: what ``ThermalStepper`` asks."""

    def __init__(self, phase: Phase):
        self._phase, self._network = phase, wireless(phase)
        self._place, self._current = phase.wall, np.zeros(phase.network.devices)

    def solve(self, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Track currents in A, shape (devices,), and powers in W, shape (6,), with the walls at ``place`` m."""
        current, power = np.empty(len(place)), np.zeros(6)
        _solve(self._network, place, current, power)
        self._place, self._current = place, current
        return current, power

    def node_voltages(self) -> np.ndarray:
        """Of the last solution in V, shape (nodes,)."""
        network, phase, known = self._phase.network, self._phase, self._network
        volts = phase.voltages[network.node_net].copy()
        across, axon = self._current * network.r_m, ~network.is_soma
        volts[network.terminals[network.somas, DW_IN]] = across[network.somas]
        volts[network.terminals[network.somas, MTJ_OUT]] = phase.voltages[network.nets_of(V_DW)]
        volts[network.terminals[axon, DW_IN]] = across[axon]
        floats = np.flatnonzero(known.net >= 0)
        siemens, net = self._siemens()[floats], network.terminals[floats, MTJ_IN]
        total = np.bincount(net, siemens, network.nodes)
        ampere = np.bincount(net, siemens * volts[network.terminals[floats, MTJ_OUT]], network.nodes)
        volts[total > 0] = ampere[total > 0] / total[total > 0]
        return np.nan_to_num(volts)

    def residual(self) -> float:
        """Largest current in A missing at a drive or, where no source holds it, at a dendrite; from node voltages."""
        network, volts, siemens = self._phase.network, self.node_voltages(), self._siemens()
        through = siemens * (volts[network.terminals[:, MTJ_IN]] - volts[network.terminals[:, MTJ_OUT]])
        missing = np.bincount(network.terminals[:, MTJ_OUT], through, network.nodes)
        missing -= np.bincount(network.terminals[:, DW_IN], self._current, network.nodes)
        missing[np.isfinite(self._phase.voltages[network.node_net])] = 0.0
        driven = np.bincount(network.pre[~network.is_soma], minlength=network.neurons) > 0
        missing[network.terminals[network.somas[~driven], MTJ_OUT]] = 0.0
        at_weights = np.isin(np.arange(network.nodes), network.terminals[~network.is_soma, MTJ_IN])
        return float(abs(missing[~at_weights]).max(initial=0.0))

    def _siemens(self) -> np.ndarray:
        return Pillars.of(self._phase.network).conductance(self._place)


@compiled()
def _solve(network, place, current, power):
    drive = _feed(network, place, power)
    if np.isnan(network.held[0]):
        _converging(network, place, drive, current, power)
    else:
        _loading(network, place, drive, current, power)


@compiled()
def _conductance(network, place, device):
    share = min(max((place[device] - network.edge[device]) / network.width[device], 0.0), 1.0)
    return network.g_ap[device] + share * network.g_gain[device]


@compiled()
def _feed(network, place, power):
    """Voltages of the drives, which somas' pillars feed; V_DW's power and where it goes."""
    n = len(network.somas)
    drive = np.empty(n)
    for j in range(n):
        soma = network.somas[j]
        source, tracks = network.volts[soma], network.tracks[j]
        g = _conductance(network, place, soma)
        drive[j] = source * g / (g + tracks)
        feed = drive[j] * tracks
        power[VDW] += source * feed
        power[PILLAR] += feed * (source - drive[j])
        power[TRACK] += feed * drive[j]
    return drive


@compiled()
def _loading(network, place, drive, current, power):
    """Dendrites that sources hold; floating weight nets join some of them through their pillars."""
    siemens, ampere, square = np.zeros(network.nets), np.zeros(network.nets), 0.0
    for device in range(len(place)):
        pre, post = network.pre[device], network.post[device]
        here = network.held[post]
        if pre == post:
            current[device] = here / network.r_m[device]
            power[CHARGE] += here * current[device]
            power[TRACK] += here * current[device]
            continue
        current[device] = drive[pre] / network.r_m[device]
        g, net = _conductance(network, place, device), network.net[device]
        if net >= 0:
            siemens[net] += g
            ampere[net] += g * here
            square += g * here * here
        else:
            across = network.volts[device] - here
            power[WEIGHT] += g * network.volts[device] * across
            power[CHARGE] -= g * here * across
            power[PILLAR] += g * across * across
    for net in range(network.nets):
        square -= ampere[net] * ampere[net] / siemens[net]
    power[CHARGE] += square
    power[PILLAR] += square


@compiled()
def _converging(network, place, drive, current, power):
    """Dendrites between their weights and the soma's track to ground."""
    n, square = len(network.somas), 0.0
    siemens, ampere = np.zeros(n), np.zeros(n)
    for device in range(len(place)):
        pre, post = network.pre[device], network.post[device]
        if pre == post:
            continue
        current[device] = drive[pre] / network.r_m[device]
        g, volts = _conductance(network, place, device), network.volts[device]
        siemens[post] += g
        ampere[post] += g * volts
        square += g * volts * volts
    power[WEIGHT] += square
    power[PILLAR] += square
    for i in range(n):
        soma = network.somas[i]
        own = 1 / network.r_m[soma]
        volt = ampere[i] / (siemens[i] + own)
        current[soma] = volt * own
        power[WEIGHT] -= volt * ampere[i]
        power[PILLAR] += volt * (siemens[i] * volt - 2 * ampere[i])
        power[TRACK] += volt * volt * own
