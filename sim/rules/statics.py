"""Static solves of a network with every wall held in place: the currents the operating-point rules judge."""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hwlib.freed_memory import give_back
from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT, Network
from sim.circuit.circuit_nodes import joined_pins, numbered
from sim.circuit.resistor_network import ResistorGraph, ResistorNetwork
from sim.circuit.series_terminals import series_branches

if TYPE_CHECKING:
    from sim.circuit.many_drives import ManyDrives

_MOST_KEPT = 15_000_000  # track currents, of all states


class Solution:
    """One static solve, and what follows from it.

    Args:
        circuit: the network solved, in its state.
        at: potentials of the circuit's nodes in V, shape (circuit nodes,).
    """

    def __init__(self, circuit: StaticCircuit, at: np.ndarray):
        self._circuit, self._at = circuit, at

    @property
    def voltage(self) -> np.ndarray:
        """Node voltages in V, shape (nodes,)."""
        return self._circuit.on_all_nodes(self._at)

    @property
    def pillar_siemens(self) -> np.ndarray:
        """Pillar conductances in S in the state solved, shape (devices,)."""
        return self._circuit.pillar_siemens

    @cached_property
    def track_current(self) -> np.ndarray:
        """Current DW_IN → DW_OUT in A, positive toward ON, shape (devices,)."""
        return self._circuit.tracks.current(self._at)

    @property
    def pillar_current(self) -> np.ndarray:
        """Current MTJ_IN → MTJ_OUT in A, shape (devices,)."""
        return self._circuit.pillars.current(self._at)

    @property
    def pillar_voltage(self) -> np.ndarray:
        """Voltage MTJ_IN − MTJ_OUT in V, shape (devices,)."""
        return self.pillar_current / self._circuit.pillar_siemens

    @property
    def shared_current(self) -> np.ndarray:
        """Current of each wire resistor that is no contact of one device, in A (``StaticCircuits.wires``)."""
        return self._circuit.wires.current(self._at)

    @property
    def resistor_current(self) -> np.ndarray:
        """Current of each wire resistor, first node → second, in A, shape (resistors,)."""
        return self._circuit.with_contacts(self.shared_current, self.track_current, self.pillar_current)

    def wire_sensitivity(self, wire: int) -> tuple[float, np.ndarray]:
        """Current of a wire resistor that is no contact of one device, A, and how it changes with every pillar.

        The change is per conductance of the pillar with its contact, A/S, shape (devices,): an adjoint solve.
        """
        return self._circuit.wire_sensitivity(wire, self._at)

    @cached_property
    def power(self) -> float:
        """Power dissipated in tracks, pillars and wires in W; equals what the sources deliver."""
        circuit = self._circuit
        return sum(each.power(self._at) for each in (circuit.tracks, circuit.pillars, circuit.wires))


class _Conductors(NamedTuple):
    """Tracks, pillars or wires, with their contacts; ``first`` and ``second`` are circuit nodes, ``siemens`` signed."""

    first: np.ndarray
    second: np.ndarray
    siemens: np.ndarray

    def current(self, at: np.ndarray) -> np.ndarray:
        """In A from the first node to the second for potentials in V, shapes (…, of conductors or circuit nodes)."""
        current = at.take(self.first, axis=-1)
        current -= at.take(self.second, axis=-1)
        current *= self.siemens
        return current

    def power(self, at: np.ndarray) -> float:
        """In W, of all together, for potentials in V, shape (circuit nodes,)."""
        return float((self.current(at) ** 2 / self.siemens).sum())


class StaticCircuits:
    """The circuits of one network in any state of its walls and under any sources.

    All pins of a net are one node.

    Args:
        network: the network.
    """

    def __init__(self, network: Network):
        self.network = network
        give_back(network.devices)
        at = network.terminals
        ends = np.concatenate([network.resistor_nodes, at[:, [DW_IN, DW_OUT]], at[:, [MTJ_IN, MTJ_OUT]]])
        self._tracks, self._pillars = series_branches(network)
        node = joined_pins(network)[0]
        for branches in (self._tracks, self._pillars):
            node[branches.nodes] = node[branches.taps]  # their contacts count as part of the device
        self.graph = ResistorGraph(ends, network.nodes, numbered(node))
        track_siemens = self._tracks.in_series(1 / network.r_m)
        self._wires = len(network.resistor_ohm)
        self._still = self._wires + network.devices  # resistors whose conductance is that of every state
        self.tracks = _Conductors(*self._ends(slice(self._wires, self._still)), track_siemens)
        self._pillar_ends = self._ends(slice(self._still, None))
        self._held: dict[bytes, ResistorNetwork] = {}
        self._last: tuple[bytes, StaticCircuit] | None = None
        self._currents: dict[tuple[bytes, ...], np.ndarray] = {}
        self._of_somas: dict[tuple[bytes, ...], np.ndarray] = {}

    def _ends(self, resistors: slice) -> tuple[np.ndarray, np.ndarray]:
        """Circuit nodes of some of the graph's resistors, as wide as indices are: else each look-up makes them so."""
        return self.graph.first[resistors].astype(np.intp), self.graph.second[resistors].astype(np.intp)

    @cached_property
    def shared(self) -> np.ndarray:
        """Which wire resistors are no contact in series with a device, shape (wires,)."""
        shared = np.ones(self._wires, bool)
        for branches in (self._tracks, self._pillars):
            shared[branches.contacts] = False
        return np.flatnonzero(shared).astype(np.int32)

    def is_shared(self, wire: int) -> bool:
        """Whether a wire resistor is none of ``shared``'s contacts."""
        k = int(np.searchsorted(self.shared, wire))
        return k < len(self.shared) and int(self.shared[k]) == wire

    @cached_property
    def wires(self) -> _Conductors:
        """Wires that are no contact in series with a device: half of a large network's."""
        first, second = (each[self.shared] for each in (self.graph.first, self.graph.second))
        return _Conductors(first, second, 1 / self.network.resistor_ohm[self.shared])

    def forget_wires(self) -> None:
        """Let go of ``wires`` until they are asked for again: of a million devices they are seventy megabytes."""
        self.__dict__.pop("wires", None)

    def with_contacts(self, shared: np.ndarray, tracks: np.ndarray, pillars: np.ndarray) -> np.ndarray:
        """Currents of all wire resistors in A, shape (resistors,): a contact carries what its device does.

        Args:
            shared: currents of ``wires``.
            tracks: of all tracks, shape (devices,).
            pillars: of all pillars, shape (devices,).
        """
        current = np.empty(self._wires)
        current[self.shared] = shared
        for branches, of in ((self._tracks, tracks), (self._pillars, pillars)):
            current[branches.contacts] = branches.sign * of[branches.devices][:, None]
        return current

    def at(self, parallel: np.ndarray, held: np.ndarray) -> StaticCircuit:
        """The circuit in one state.

        Args:
            parallel: True where the wall is past the pillar (ON, R_P), or the share of the pillar that it has passed,
                0 … 1, shape (devices,).
            held: True for nets whose pins a source holds, shape (nets,). Parts that no held pin reaches float; they
                carry no current and are put at 0 V.
        """
        network = self.network
        alone, which = parallel / network.r_p + (1.0 - parallel) / network.r_ap, held.tobytes()
        if self._last is not None and which == self._last[0] and np.array_equal(alone, self._last[1].pillar_siemens):
            return self._last[1]  # it is factorised
        pillars = _Conductors(*self._pillar_ends, self._pillars.in_series(alone))
        known = self._held.get(which)
        if known is None:
            sources = np.zeros(network.nodes, bool)
            sources[network.pin_node] = held[network.node_net[network.pin_node]]
            before = next(iter(self._held.values()), None)
            if before is None:
                siemens = np.concatenate([1 / network.resistor_ohm, self.tracks.siemens, pillars.siemens])
                known = ResistorNetwork(self.graph, siemens, sources)
            else:
                known = before.holding(sources)
            self._held[which] = known
        circuit = StaticCircuit(self, alone, pillars, known.with_siemens(pillars.siemens, self._still))
        self._last = which, circuit
        return circuit

    def solve(self, parallel: np.ndarray, held: np.ndarray, net_voltage: np.ndarray) -> Solution:
        """``at(parallel, held).solve(net_voltage)``; its track currents are kept for ``track_current``."""
        solution = self.at(parallel, held).solve(net_voltage)
        while len(self._currents) * self.network.devices > _MOST_KEPT:
            del self._currents[next(iter(self._currents))]
        self._currents[self._key(parallel, held, net_voltage)] = solution.track_current
        return solution

    def forget(self) -> None:
        """Let go of all that was solved: parts that refer to each other would wait for the collector of garbage.

        It counts objects, of which there are few, not their gigabytes.
        """
        self._last = None
        self._held.clear()
        self._currents.clear()
        self._of_somas.clear()
        self.graph.forget()

    @staticmethod
    def _key(parallel: np.ndarray, held: np.ndarray, net_voltage: np.ndarray) -> tuple[bytes, ...]:
        passed = parallel.astype(bool)  # a state is one, whether walls are said by sides or by shares
        walls = passed if np.array_equal(passed, parallel) else parallel
        return tuple(blake2b(array.tobytes()).digest() for array in (walls, held, net_voltage))

    def track_current(self, parallel: np.ndarray, held: np.ndarray, net_voltage: np.ndarray) -> np.ndarray:
        """Track currents in A of ``solve(parallel, held, net_voltage)``, of before if they are kept, (devices,)."""
        known = self._currents.get(self._key(parallel, held, net_voltage))
        return self.solve(parallel, held, net_voltage).track_current if known is None else known

    def soma_current(self, parallel: np.ndarray, held: np.ndarray, net_voltage: np.ndarray) -> np.ndarray:
        """Track currents in A of the somas, as of ``track_current``; few enough to be kept of any network, (N,)."""
        key = self._key(parallel, held, net_voltage)
        if key not in self._of_somas:
            self._of_somas[key] = self.track_current(parallel, held, net_voltage)[self.network.somas]
        return self._of_somas[key]

    def on_all_nodes(
        self, at: np.ndarray, pillar_siemens: np.ndarray, injected: np.ndarray | None = None
    ) -> np.ndarray:
        """Potentials in V of all nodes from those of the circuit's, terminals behind contacts among them."""
        voltage = at[self.graph.node]
        for branches, siemens in ((self._tracks, self.tracks.siemens), (self._pillars, pillar_siemens)):
            branches.place(voltage, siemens, injected)
        return voltage

    def at_taps(self, injected: np.ndarray, pillar_siemens: np.ndarray) -> np.ndarray:
        """Currents into the circuit's nodes for those into all nodes, A."""
        moved = np.array(injected, float)
        for branches, siemens in ((self._tracks, self.tracks.siemens), (self._pillars, pillar_siemens)):
            branches.at_taps(moved, siemens)
        return np.bincount(self.graph.node, moved, self.graph.count)


class StaticCircuit:
    """A network with given wall states and given nets held by sources, solved for many drives.

    Args:
        circuits: the network's circuits.
        pillar_siemens: conductances of its pillars in S, shape (devices,).
        pillars: the same with their contacts, and where they are.
        resistors: its circuit, without terminals that have a contact of their own.
    """

    def __init__(
        self, circuits: StaticCircuits, pillar_siemens: np.ndarray, pillars: _Conductors, resistors: ResistorNetwork
    ):
        self.network, self.pillar_siemens, self.pillars = circuits.network, pillar_siemens, pillars
        self.tracks, self._circuits, self._resistors = circuits.tracks, circuits, resistors
        self._source = self.network.node_net[resistors.held]

    @property
    def wires(self) -> _Conductors:
        """As of ``StaticCircuits``."""
        return self._circuits.wires

    def with_contacts(self, shared: np.ndarray, tracks: np.ndarray, pillars: np.ndarray) -> np.ndarray:
        """As of ``StaticCircuits``."""
        return self._circuits.with_contacts(shared, tracks, pillars)

    def on_all_nodes(self, at: np.ndarray) -> np.ndarray:
        """Potentials in V of all nodes for those of the circuit's, with no current from outside, shape (nodes,)."""
        return self._circuits.on_all_nodes(at, self.pillars.siemens)

    def response(self, injected: np.ndarray) -> np.ndarray:
        """Node voltages in V for currents ``injected`` into the nodes in A, all sources at 0 V, shape (nodes,)."""
        at = self._resistors.at_circuit_nodes(0.0, self._circuits.at_taps(injected, self.pillars.siemens))
        return self._circuits.on_all_nodes(at, self.pillars.siemens, injected)

    def pillar_transfer(self, somas: np.ndarray) -> np.ndarray:
        """Track current of some somas, added up, per current taken from each pillar's MTJ_IN and let in at its MTJ_OUT.

        By reciprocity one solve says it of all pillars, shape (devices,).
        """
        into, tracks = np.zeros(self._circuits.graph.count), self.tracks
        np.add.at(into, tracks.first[somas], tracks.siemens[somas])
        np.add.at(into, tracks.second[somas], -tracks.siemens[somas])
        at = self._resistors.at_circuit_nodes(0.0, into)
        return -self.pillars.current(at) / self.pillar_siemens

    def wire_sensitivity(self, wire: int, at: np.ndarray) -> tuple[float, np.ndarray]:
        """As of ``Solution``, at potentials of the circuit's nodes in V."""
        graph, siemens = self._circuits.graph, 1 / float(self.network.resistor_ohm[wire])
        first, second = int(graph.first[wire]), int(graph.second[wire])
        into = np.zeros(graph.count)
        into[first], into[second] = siemens, -siemens
        alone = self._resistors.at_circuit_nodes(0.0, into)
        current = siemens * float(at[first] - at[second])
        return current, -self.pillars.current(alone) * self.pillars.current(at) / self.pillars.siemens**2

    def soma_transfer(self) -> np.ndarray:
        """Track current of each soma in A per V of each net's source, 0 for nets not held, shape (N, nets).

        The currents are these times the sources' voltages: with walls in place the circuit is linear.
        """
        network, n = self.network, self.network.neurons
        at, ohm = network.terminals[network.somas], network.r_m[network.somas]
        output = np.zeros((network.nodes, n))
        np.add.at(output, (at[:, DW_IN], np.arange(n)), 1 / ohm)
        np.add.at(output, (at[:, DW_OUT], np.arange(n)), -1 / ohm)
        change = self._resistors.sensitivities(output)
        transfer = np.zeros((n, len(network.net_names)))
        pins = network.pin_node  # all pins of a net are one circuit node: any of them says it
        transfer[:, network.node_net[pins]] = change[pins].T
        return transfer

    def track_currents(self, net_voltages: np.ndarray) -> np.ndarray:
        """Track currents in A, shape (devices, drives), for source voltages per net in V, shape (nets, drives)."""
        return np.stack([self.solve(volts).track_current for volts in net_voltages.T], axis=1)

    def solve(self, net_voltage: np.ndarray) -> Solution:
        """Solve for source voltages per net in V (entries of nets not held are ignored), shape (nets,)."""
        return Solution(self, self._resistors.at_circuit_nodes(net_voltage[self._source]))

    def many_drives(self) -> tuple[ManyDrives, np.ndarray]:
        """The circuit for several drives at once, and the net of each node that a source holds, shape (held,)."""
        return self._resistors.many_drives(), self._source

    def forget_wires(self) -> None:
        """As of ``StaticCircuits``."""
        self._circuits.forget_wires()
