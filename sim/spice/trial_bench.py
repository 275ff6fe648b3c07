"""What a deck of any dialect says of a trial: names of nodes, devices with their parameters, sources, times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from hwlib.errors import InputError, shown
from hwlib.nets import Net, Source, in_comment, in_spice
from hwlib.network import Network
from sim.circuit import joined_pins
from sim.protocol import Protocol
from sim.spice.deck_law import DeckLaw

R_ON, R_OFF = 1e-5, 1e12  # ohm: of the switches between sources and pins
SWITCHING = 1e-13  # s: from load phase to convergence
SUBCIRCUIT = "spinhop_network"
MOST_PORTS = 1000  # of a subcircuit in ngspice (39: "N_GLOBAL_NODES overflow" beyond 1005)
_NODE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")  # what every dialect takes for a name, without an escape


class Level(NamedTuple):
    """A source's voltage: a multiple of one of the operating point's, so that a deck can be changed in one place.

    Attributes:
        factor: the multiple.
        voltage: ``v_dw``, ``v_charge`` or ``weight``; None: 0 V.
    """

    factor: float
    voltage: str | None

    def text(self) -> str:
        """As an expression of the deck's parameters."""
        if self.voltage is None:
            return "0"
        return self.voltage if self.factor == 1 else f"{self.factor:.17g}*{self.voltage}"


class PinSource(NamedTuple):
    """The source of a net's pins, behind a switch where it holds the net in one phase only.

    Attributes:
        port: name of the node.
        volts: its voltage, as an expression of the deck's parameters.
        before: that until the release where it steps then, as weights do that are at 0 V while loading; None: the same.
        control: node that closes the switch, ``loading`` or ``released``; None: no switch.
    """

    port: str
    volts: str
    before: str | None = None
    control: str | None = None


class Names:
    """Names of the circuit's nodes; all pins of a net are one node, called like the net.

    Attributes:
        node: name of each network node inside the subcircuit, length nodes.
        ports: nets with pins, in the subcircuit's order; the ground net is called ``ground`` (``gnd`` is node 0).
        walls: node of each device's wall inside the subcircuit, length devices.
        states: by state variable of the law besides the position, the node of each device, likewise.
        wrapped: the network is a subcircuit.
    """

    def __init__(self, network: Network, law: DeckLaw | None = None, most_ports: int | None = None):
        circuit_node, _ = joined_pins(network)
        port_of: dict[int, str] = {}
        self.net_port: dict[int, str] = {}
        for node in network.pin_node.tolist():
            net = int(network.node_net[node])
            port_of[int(circuit_node[node])] = self.net_port[net] = _plain(in_spice(network.net_names[net]))
        self.ports = list(self.net_port.values())
        self._port_set = set(self.ports)
        self.node = [
            port_of.get(int(joined), f"{_plain(in_spice(network.net_names[net]))}_n{joined}")
            for joined, net in zip(circuit_node, network.node_net, strict=True)
        ]
        ends = list(zip(network.post.tolist(), network.pre.tolist(), strict=True))
        self.walls = [f"wall_{i}_{j}" for i, j in ends]
        self.states = {name: [f"{name}_{i}_{j}" for i, j in ends] for name in (law.states if law else ())}
        self.wrapped = most_ports is None or len(self.ports) + 1 <= most_ports

    def inside(self, name: str, separator: str = ".") -> str:
        """A node of the network as the bench calls it."""
        return f"xnet{separator}{name}" if self.wrapped and name not in self._port_set else name

    def vector(self, name: str) -> str:
        """The voltage of a node of the network, as of ``SpiceRun.vectors``."""
        return f"v({self.inside(name)})"


def _plain(name: str) -> str:
    if not _NODE.fullmatch(name):
        allowed = "a node's name is a letter, then letters, digits and _"
        raise InputError(f"spice: net {shown(name)} cannot be a node; {allowed}")
    return name


@dataclass(frozen=True)
class TrialBench:
    """A trial, ready to be written.

    Attributes:
        network, protocol: the trial.
        law: the walls' law, as decks have it.
        load_time: s from the start to the release, 0 without a load phase.
        stop_time: s from the start to the end of the transient.
        max_step: s, longest time step.
        most_ports: of a subcircuit of the simulator; None: no limit.
        remark: for a comment; none where empty.
    """

    network: Network
    protocol: Protocol
    law: DeckLaw
    load_time: float
    stop_time: float
    max_step: float
    most_ports: int | None = None
    remark: str = ""

    @cached_property
    def names(self) -> Names:
        """Of the nodes."""
        return Names(self.network, self.law, self.most_ports)

    @property
    def title(self) -> str:
        """The design's name, as any comment may hold it."""
        return in_comment(self.network.attrs.get("design", "network"))

    @property
    def head(self) -> str:
        """What the network is, in a line."""
        network = self.network
        return f"{self.title}: {network.neurons} neurons, {network.devices} devices, {len(network.resistor_ohm)} wires"

    @property
    def numbers(self) -> dict[str, float]:
        """The deck's parameters: times and voltages."""
        point = self.protocol
        return {
            "t_load": self.load_time, "t_stop": self.stop_time, "t_step": self.max_step,
            "v_charge": point.v_charge, "v_dw": point.v_dw, "weight": point.weight,
        }  # fmt: skip

    @cached_property
    def parameters(self) -> dict[str, np.ndarray]:
        """Of every device, by their name in the models, shape (devices,)."""
        return self.law.values(self.network)

    def wires(self) -> Iterator[tuple[int, str, str, float]]:
        """Number, ends and resistance of the wires that lie between two nodes."""
        node, network = self.names.node, self.network
        for k, ((a, b), ohm) in enumerate(
            zip(network.resistor_nodes.tolist(), network.resistor_ohm.tolist(), strict=True)
        ):
            if node[a] != node[b]:
                yield k, node[a], node[b], ohm

    def device_nodes(self, device: int) -> list[str]:
        """Nodes of a device: terminals, wall, further state variables."""
        names = self.names
        ends = [names.node[node] for node in self.network.terminals[device].tolist()]
        return [*ends, names.walls[device], *(nodes[device] for nodes in names.states.values())]

    def device_name(self, device: int) -> str:
        """``soma_2_2`` or ``axon_5_3``."""
        role = "soma" if self.network.is_soma[device] else "axon"
        return f"{role}_{self.network.post[device]}_{self.network.pre[device]}"

    def first_walls(self) -> dict[str, float]:
        """Where walls begin, in units of L, by their node."""
        initial = self.protocol.initial
        share = np.zeros(self.network.devices) if initial is None else np.asarray(initial, float)
        return dict(zip(self.names.walls, share.tolist(), strict=True))

    @cached_property
    def sources(self) -> list[PinSource]:
        """The source of every net with pins (``hwlib.nets``), and what makes up for wires."""
        self.protocol.net_voltages(self.network)  # refuses levels that do not fit
        made_up, found = self.protocol.net_levels or {}, []
        for net, parsed in enumerate(self.network.parsed_nets()):
            port = self.names.net_port.get(net)
            if port is None:
                continue
            net_class = parsed.net_class
            before, after = (self._level(each, parsed) for each in (net_class.loading, net_class.converging))
            if self.network.net_names[net] in made_up:
                after = Level(float(made_up[self.network.net_names[net]]), "weight")
            if after is None:
                found += [] if before is None else [PinSource(port, before.text(), control="loading")]
            elif net_class.always_held:
                found.append(PinSource(port, after.text()))
            elif before is not None and self.load_time > 0:
                found.append(PinSource(port, after.text(), before.text()))
            else:
                found.append(PinSource(port, after.text(), control="released"))
        return found

    def _level(self, source: Source | None, net: Net) -> Level | None:
        factor = None if source is None else source.factor(net, self.protocol)
        return None if source is None or factor is None else Level(float(factor), source.voltage)
