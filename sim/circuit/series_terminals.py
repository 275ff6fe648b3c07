"""Contacts in series with devices: circuits are solved without the nodes between a device and its only wire.

Four of eight nodes of a drawn axon are such terminals. Each counts as one with the tap beyond its contact, the contact
as part of the track or pillar; the potentials there follow from the branch's current.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT, Network


@dataclass(frozen=True)
class Branches:
    """Tracks, or pillars, that have a contact of their own at either end.

    Attributes:
        devices: which, shape (branches,).
        nodes: of the two terminals, shape (branches, 2).
        taps: the nodes beyond their contacts, likewise.
        ohm: of the contacts, likewise, in Ω.
        contacts: which resistors these are, likewise.
        sign: 1 where the branch's current flows from such a resistor's first node to its second, else −1.
    """

    devices: np.ndarray
    nodes: np.ndarray
    taps: np.ndarray
    ohm: np.ndarray
    contacts: np.ndarray
    sign: np.ndarray

    def in_series(self, siemens: np.ndarray) -> np.ndarray:
        """Conductances of all devices in S with their contacts, from those without, shape (devices,)."""
        whole = siemens.copy()
        whole[self.devices] = 1 / (1 / siemens[self.devices] + self.ohm.sum(axis=1))
        return whole

    def _split(self, injected: np.ndarray, whole: np.ndarray) -> tuple[Any, Any]:
        """Currents injected into both terminals in A, and what of them leaves over the first contact."""
        into = injected[self.nodes]
        share = whole[self.devices][:, None] * self.ohm
        return into, into[:, 0] * (1 - share[:, 0]) + into[:, 1] * share[:, 1]

    def at_taps(self, injected: np.ndarray, whole: np.ndarray) -> None:
        """Move currents injected into terminals to the taps, where they have the same effect on all others.

        Args:
            injected: into every node in A, changed, shape (nodes,).
            whole: conductances of all devices with their contacts in S.
        """
        if not injected[self.nodes].any():
            return
        into, over_first = self._split(injected, whole)
        injected[self.nodes] = 0.0
        np.add.at(injected, self.taps[:, 0], over_first)
        np.add.at(injected, self.taps[:, 1], into.sum(axis=1) - over_first)

    def place(self, voltage: np.ndarray, whole: np.ndarray, injected: np.ndarray | None = None) -> None:
        """Put the potentials of the terminals in place.

        Args:
            voltage: potentials in V, right at the taps, changed at the terminals, shape (nodes,) or (nodes, drives).
            whole: conductances of all devices with their contacts in S.
            injected: currents into every node in A; None: none.
        """
        first, second = (voltage[self.taps[:, k]] for k in (0, 1))
        shape = (-1, *[1] * (voltage.ndim - 1))
        entering = (first - second) * whole[self.devices].reshape(shape)
        leaving = entering
        if injected is not None and injected[self.nodes].any():
            into, over_first = self._split(injected, whole)
            entering = entering - over_first
            leaving = entering + into.sum(axis=1)
        voltage[self.nodes[:, 0]] = first - entering * self.ohm[:, 0].reshape(shape)
        voltage[self.nodes[:, 1]] = second + leaving * self.ohm[:, 1].reshape(shape)


def series_branches(network: Network) -> tuple[Branches, Branches]:
    """Tracks and pillars of axons that have a contact of their own at either end."""
    wires, at = network.resistor_nodes, network.terminals
    alone = np.bincount(wires.ravel(), minlength=network.nodes) == 1
    alone &= np.bincount(at.ravel(), minlength=network.nodes) == 1
    alone[network.pin_node] = False
    wire = np.full(network.nodes, -1, np.int32)
    for side in (0, 1):
        wire[wires[:, side]] = np.arange(len(wires))
    nodes = np.flatnonzero(alone)
    beyond = wires[wire[nodes]].sum(axis=1) - nodes
    alone[nodes] = ~alone[beyond]  # else two devices hang on each other by one contact
    tap = np.full(network.nodes, -1, np.int32)
    tap[nodes] = beyond
    kinds = []
    for first, second in ((DW_IN, DW_OUT), (MTJ_IN, MTJ_OUT)):
        devices = np.flatnonzero(~network.is_soma & alone[at[:, first]] & alone[at[:, second]]).astype(np.int32)
        ends = at[devices][:, [first, second]]
        contacts = wire[ends]
        sign = np.where(wires[contacts, 0] == ends, [-1.0, 1.0], [1.0, -1.0])  # in over the first, out over the second
        kinds.append(Branches(devices, ends, tap[ends], network.resistor_ohm[contacts], contacts, sign))
    return kinds[0], kinds[1]
