"""States of the convergence phase in which single wires, rows or rails carry more than in the bounding states."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwlib.nets import DENDRITE, RAIL
from hwlib.network import MTJ_IN, MTJ_OUT
from sim.rules.cases import HIGHEST, LOWEST, RUN_STATES, Cases
from sim.rules.dendrite_voltage import dendrite_voltage, pulling
from sim.rules.drawn_rows import DrawnRows
from sim.rules.outcome import TIE, first_largest
from sim.rules.statics import Solution

_MOST_RAILS = 8  # those of the largest weights are looked at
_SPLIT = "axons that pull up ON on one side, that pull down on the other"


def local_states(cases: Cases) -> Iterator[tuple[str, Solution]]:
    """The states by name, each solved when it is asked for: of a large network one takes a hundred megabytes.

    One dendrite against all others, for its soma's track; an axon alone against its row, for its own wires; axons on
    one side of a place of the dendrite against those on the other, in every row and in the fullest alone; and of a
    weight rail all axons against the others, in the row that takes most and in all rows. A row alone loses less in what
    it shares with the others. Its soma lets in the more the lower the ground is, and lets out the more the higher: V_DW
    lifts it through somas that are P.
    """
    both = _Against(cases, 1), _Against(cases, -1)
    yield from _soma_tracks(cases)
    yield from _own_wires(cases, both)
    yield from _dendrites(cases)
    yield from _rails(cases, both)


class _Against:
    """Groups of axons that are ON whatever the rest of their rows does against them.

    Args:
        cases: the network.
        sign: 1: most flows from the group into the dendrite; −1: out of it.
    """

    def __init__(self, cases: Cases, sign: int):
        network = cases.network
        self.cases, self.sign, self.name = cases, sign, LOWEST if sign > 0 else HIGHEST
        rest = cases.pulling["lowering" if sign > 0 else "raising"]
        pull = cases.weight - dendrite_voltage(network, cases.weight, rest)[network.post]
        drawn = cases.run_states[self.name].pillar_voltage
        # Wires take their share, which is not asked for again for every group.
        self._share = np.divide(drawn, pull, out=np.zeros(len(pull)), where=(sign * pull > 0) & (sign * drawn > 0))
        self.drive = np.where(network.is_soma, 0.0, np.maximum(sign * drawn, 0) / network.r_p)

    def axons(self, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Axons that are ON, and what flows through each that is held, A, shapes (devices,)."""
        network, weight, here = self.cases.network, self.cases.weight, np.flatnonzero(held)
        on = pulling(network, weight, -self.sign, held)
        volts = weight[here] - dendrite_voltage(network, weight, on)[network.post[here]]
        current = np.zeros(network.devices)
        current[here] = np.maximum(self.sign * volts * self._share[here], 0) / network.r_p[here]
        return on, current

    def state(self, axons: np.ndarray) -> Solution:
        """With the somas that do least against the group."""
        return self.cases.solved_once(np.where(self.cases.network.is_soma, self.sign < 0, axons))


def _soma_tracks(cases: Cases) -> Iterator[tuple[str, Solution]]:
    """The soma whose track carries most where all dendrites are alike, and all others the other way.

    They then move the ground away from its dendrite's voltage.
    """
    network, wide = cases.network, (HIGHEST, LOWEST)
    most = [np.abs(cases.run_states[name].track_current[network.somas]) for name in wide]
    k = first_largest(np.array([each.max() for each in most]))
    neuron = first_largest(most[k])
    walls, own = cases.parallel(*RUN_STATES[wide[1 - k]]), cases.parallel(*RUN_STATES[wide[k]])
    walls = np.where(~network.is_soma & (network.post == neuron), own, walls)
    yield f"{wide[1 - k]}, but {wide[k].split(' ')[-1]} of neuron {neuron}", cases.solved_once(walls)


def _own_wires(cases: Cases, both: tuple[_Against, _Against]) -> Iterator[tuple[str, Solution]]:
    """Of each sign of weight the axon whose own wires carry most."""
    network = cases.network
    for against in both:
        of_row = np.zeros(network.neurons)
        np.maximum.at(of_row, network.post, against.drive)
        most = np.flatnonzero((against.drive >= (1 - TIE) * of_row[network.post]) & (against.drive > 0))
        most = most[np.unique(network.post[most], return_index=True)[1]]
        if len(most):
            held = np.zeros(network.devices, bool)
            held[most] = True
            axons, current = against.axons(held)
            axon = first_largest(current)
            name = f"{against.name}, of neuron {network.post[axon]} alone, and {cases.device_place(axon).name} ON"
            yield name, against.state(axons & (network.post == network.post[axon]))


def _dendrites(cases: Cases) -> Iterator[tuple[str, Solution]]:
    network = cases.network
    if not np.isfinite([network.device_x, network.device_y]).all():
        return
    axons = DrawnRows(network).full_dendrites(cases.weight)
    state = cases.solved_once(np.where(network.is_soma, True, axons))
    yield f"somas P, in each row {_SPLIT}", state
    wires = cases.circuits.shared
    net = network.node_net[network.resistor_nodes[wires, 0]]
    here = network.nets_of(DENDRITE)[net]
    if not here.any():
        return
    fullest = int(net[here][first_largest(np.abs(state.shared_current[here]))])
    neuron = int(network.post[network.node_net[network.terminals[:, MTJ_OUT]] == fullest][0])
    lifted = bool(state.track_current[network.somas[neuron]] < 0)
    del state
    name = f"somas {'P' if lifted else 'AP'}, no axons ON but of neuron {neuron}: {_SPLIT}"
    yield name, cases.solved_once(np.where(network.is_soma, lifted, axons & (network.post == neuron)))


def _rails(cases: Cases, both: tuple[_Against, _Against]) -> Iterator[tuple[str, Solution]]:
    """All axons on one weight rail, in the row that takes most from it, and in all rows.

    Where all weights are of one size the bounding states have nearly as much: all axons ON is the second.
    """
    network, rails = cases.network, cases.network.nets_of(RAIL)
    if len(np.unique(np.abs(cases.weight[cases.axons]))) == 1 or not rails.any():
        return
    net_of = network.node_net[network.terminals[:, MTJ_IN]]
    size = np.bincount(net_of[cases.axons], np.abs(cases.weight[cases.axons]), len(rails)) * rails
    groups = []
    for net in np.argsort(-size, kind="stable")[: min(_MOST_RAILS, np.count_nonzero(size))]:
        for against in both:
            axons, current = against.axons(~network.is_soma & (net_of == net))
            groups.append((np.bincount(network.post, current), network.net_names[net], against, axons))
    if not groups:
        return
    in_rows, net, against, axons = groups[first_largest(np.array([group[0].max() for group in groups]))]
    neuron = first_largest(in_rows)
    name = f"{against.name}, of neuron {neuron} alone, and all its axons on {net} ON"
    yield name, against.state(axons & (network.post == neuron))
    _, net, against, axons = groups[first_largest(np.array([group[0].sum() for group in groups]))]
    if not axons[cases.axons].all():  # else it is a bounding state
        yield f"{against.name}, and all axons on {net} ON", against.state(axons)
