"""The bounding states the rules look at, each solved once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hwlib.device import Device
from hwlib.errors import InputError
from hwlib.nets import DENDRITE, LINE, RAIL, V_DW, NetClass, device_name
from hwlib.network import Network
from hwlib.process import Process
from hwlib.quantities import texts_in_si
from sim.dynamics import Kinematic, WallDynamics, dynamics_of
from sim.protocol import Protocol
from sim.rules.dendrite_voltage import pulling
from sim.rules.outcome import Place, first_largest
from sim.rules.statics import Solution, StaticCircuit, StaticCircuits
from sim.rules.summed_sizes import summed_sizes
from sim.walls import Pillars

LOAD_GROUPS = 64
LOAD_STATE = "load, worst start, somas P, axons ON"
ALL_ON = "somas P, all axons ON"
HIGHEST, LOWEST = "somas P, dendrites highest", "somas AP, dendrites lowest"
# Of the convergence phase: whether somas are P, and which axons are ON.
RUN_STATES = {
    ALL_ON: (True, "all"),
    "somas AP, all axons OFF": (False, "none"),
    HIGHEST: (True, "raising"),
    LOWEST: (False, "lowering"),
}


@dataclass(frozen=True)
class Limits:
    """Requirements that neither the process nor the device gives; SI numbers, or texts with units that become such.

    Attributes:
        ir_drop: allowed wire drop as a fraction of the voltage it takes from (usual sign-off: 5 to 10 %).
        rc_fraction: allowed RC time as a fraction of the fastest wall transit: the circuit must be quasi-static.
        temperature_rise: allowed rise of the macro over its substrate in K.
        thermal_conductivity: of the substrate in W/(m·K); silicon at 300 K (Glassbrenner & Slack, Phys. Rev. 134,
            A1058 (1964)).
    """

    ir_drop: float = 0.10
    rc_fraction: float = 0.10
    temperature_rise: float = 50.0
    thermal_conductivity: float = 148.0

    def __post_init__(self) -> None:
        texts_in_si(self, temperature_rise="K", thermal_conductivity="W/m/K")


@dataclass(frozen=True)
class LoadBound:
    """Largest sizes over all starts of the load phase; named as in ``Solution``.

    Attributes:
        track_current: A, shape (devices,).
        pillar_voltage: V, shape (devices,).
        resistor_current: A, shape (resistors,).
        drive: what V_C surely puts through each soma's track in its own direction, A, shape (N,).
        drift: what V_DW alone puts through it over the shared ground, A, shape (N,).
        pull: what +V_C of each other dendrite puts through a soma's track, A, shape (N, N): row is the soma; beyond
            64 neurons that of all dendrites that load alike.
    """

    track_current: np.ndarray
    pillar_voltage: np.ndarray
    resistor_current: np.ndarray
    drive: np.ndarray
    drift: np.ndarray
    pull: np.ndarray


class Cases:
    """A network at its operating point, in the bounding states.

    Args:
        network: the network, ideal or with wires.
        protocol: the voltages; with weight lines it must give ``levels``.
        device: barrier breakdown and nominal resistances.
        process: current-density limits.
        limits: the other requirements.
        patterns: what the network stores, bits, shape (patterns, N); None: unknown.
        starts: what its task loads, bits, shape (trials, N); None: unknown.
        loads: whether its task has a load phase.
        circuits: of this network, for what was solved before; default: new ones.
        as_good: whether its task takes the first of two states of the somas for as good an answer as the second.

    Raises:
        InputError: weight lines without levels, or circuits of another network.
    """

    def __init__(
        self, network: Network, protocol: Protocol, device: Device, process: Process, limits: Limits,
        patterns: np.ndarray | None = None, starts: np.ndarray | None = None, loads: bool = True,
        circuits: StaticCircuits | None = None, as_good: Callable[[np.ndarray, np.ndarray], bool] = np.array_equal,
    ):  # fmt: skip
        self.network, self.protocol, self.device, self.process, self.limits = (
            network, protocol, device, process, limits
        )  # fmt: skip
        self.patterns, self.starts, self.loads, self.as_good = patterns, starts, loads, as_good
        if circuits is not None and circuits.network is not network:
            raise InputError("circuits: of another network; make them anew where a network is changed")
        self.circuits = circuits or StaticCircuits(network)
        self.weight = np.where(network.is_soma, 0.0, protocol.axon_weights(network))
        self.axons = np.flatnonzero(~network.is_soma)

    @property
    def all_to_all(self) -> bool:
        """Whether every neuron drives every other."""
        return len(self.axons) == self.network.neurons * (self.network.neurons - 1)

    @property
    def largest_weight(self) -> float:
        """Largest weight voltage in V."""
        return float(np.abs(self.weight).max())

    @cached_property
    def leak_current(self) -> np.ndarray:
        """Track current in A that holds each wall against its leak, positive for a leak toward OFF, (devices,)."""
        return self.dynamics.balance()

    @cached_property
    def dynamics(self) -> WallDynamics:
        """The law that moves the walls."""
        return dynamics_of(self.network)

    @property
    def wall_law(self) -> str:
        """The law, as outcomes cite it."""
        law = self.dynamics
        return "kinematic wall v = k·I + v_leak" if isinstance(law, Kinematic) else f"{law.name} wall, mean velocity"

    def parallel(self, somas: bool, axons: str) -> np.ndarray:
        """Device states: somas P or AP; axons ``all`` ON, ``none``, or those ``raising`` or ``lowering`` dendrites."""
        pulls = axons in ("raising", "lowering")
        chosen = self.pulling[axons] if pulls else np.full(self.network.devices, axons == "all")
        return np.where(self.network.is_soma, somas, chosen)

    @cached_property
    def pulling(self) -> dict[str, np.ndarray]:
        """Axons that are ON where dendrites are at their highest or lowest, ``raising`` or ``lowering`` them."""
        return {name: pulling(self.network, self.weight, sign) for name, sign in (("raising", 1), ("lowering", -1))}

    def held(self, *classes: NetClass) -> np.ndarray:
        """Nets held by sources: ground, V_DW and the given classes, shape (nets,)."""
        return self.network.held_nets(*classes)

    @property
    def load_classes(self) -> tuple[NetClass, ...]:
        """Classes of nets, besides ground and V_DW, that sources hold in the load phase."""
        return (DENDRITE, LINE, RAIL) if self.protocol.rails_while_loading == "grounded" else (DENDRITE,)

    @cached_property
    def pillars(self) -> Pillars:
        """Of all devices."""
        return Pillars.of(self.network)

    @cached_property
    def run_volts(self) -> np.ndarray:
        """Source voltage of every net in the convergence phase (``Protocol.net_voltages``), shape (nets,)."""
        return self.protocol.net_voltages(self.network)

    @cached_property
    def _run_held(self) -> np.ndarray:
        return self.held(LINE, RAIL)

    def released(self, share: np.ndarray) -> Solution:
        """Convergence phase with walls that have passed a share of their pillars, 0 … 1, shape (devices,)."""
        return self.circuits.solve(share, self._run_held, self.run_volts)

    def released_tracks(self, share: np.ndarray) -> np.ndarray:
        """Track currents of ``released`` in A, shape (devices,)."""
        return self.circuits.track_current(share, self._run_held, self.run_volts)

    @cached_property
    def run_all_on(self) -> StaticCircuit:
        """Convergence phase, somas P, all axons ON: the most current, the most loaded dendrites."""
        return self.circuits.at(self.parallel(True, "all"), self._run_held)

    @cached_property
    def run_states(self) -> dict[str, Solution]:
        """Bounding states of the convergence phase by name, as in ``RUN_STATES``."""
        return {name: self.released(self.parallel(*state)) for name, state in RUN_STATES.items()}

    def solved_once(self, walls: np.ndarray) -> Solution:
        """As ``released``, of which nothing is kept."""
        return self.circuits.at(walls, self._run_held).solve(self.run_volts)

    @cached_property
    def dendrite_bound(self) -> float:
        """Largest voltage across a soma's track in V: V_C, or more when the weights can put more there."""
        network = self.network
        feeds = network.nets_of(V_DW)
        weights = np.where(feeds, 0.0, self.run_volts)
        largest = []
        for state in RUN_STATES.values():
            parallel = self.parallel(*state)
            fed, weighed = (
                self.circuits.soma_current(parallel, self._run_held, volts) for volts in (feeds.astype(float), weights)
            )
            volts = (self.protocol.v_dw * fed + weighed) * network.r_m[network.somas]
            largest.append(float(np.abs(volts).max()))
        return max(self.protocol.v_charge, *largest)

    @cached_property
    def load_bound(self) -> LoadBound:
        """Load phase, somas P, all axons ON: the worst over all starts, exactly with these walls.

        Currents are linear in the dendrites' ±V_C, so the worst start adds the sizes of every dendrite's share. Open
        weight rails join the dendrites through their axons: opposite neighbours take current from each other; rails at
        0 V take it themselves. Beyond 64 neurons, dendrites 64 apart load alike.
        """
        network, n = self.network, self.network.neurons
        circuit = self.circuits.at(self.parallel(True, "all"), self.held(*self.load_classes))
        owner, groups = np.array([net.neuron for net in network.parsed_nets()]), min(n, LOAD_GROUPS)
        mine = [network.nets_of(DENDRITE) & (owner % groups == group) for group in range(groups)]
        drives = [np.where(network.nets_of(V_DW), self.protocol.v_dw, 0.0)]
        drives += [np.where(nets, self.protocol.v_charge, 0.0) for nets in mine]
        (tracks, pillars, wires), each = summed_sizes(circuit, drives)
        drift, own, others, pull = each[0], np.zeros(n), np.zeros(n), np.zeros((n, n))
        for group, somas in enumerate(each[1:]):
            in_group = np.arange(n) % groups == group
            own += np.where(in_group, somas, 0)
            others += np.where(in_group, 0, np.abs(somas))
            pull[:, in_group] = somas[:, None]
        wires = np.abs(circuit.with_contacts(wires, tracks, pillars))
        return LoadBound(tracks, pillars / circuit.pillar_siemens, wires, own - others, drift, pull)

    @cached_property
    def states(self) -> dict[str, Solution | LoadBound]:
        """All bounding states by name."""
        return {**self.run_states, LOAD_STATE: self.load_bound} if self.loads else dict(self.run_states)

    def device_place(self, device: int) -> Place:
        """Name and place of a device."""
        net = self.network
        pre, post = int(net.pre[device]), int(net.post[device])
        return _place(device_name(post, pre), net.device_x[device], net.device_y[device])

    def node_place(self, node: int) -> Place:
        """Net and place of a node."""
        net = self.network
        return _place(net.net_names[net.node_net[node]], net.node_x[node], net.node_y[node])

    def resistor_place(self, resistor: int) -> Place:
        """Layer, net and place (middle) of a wire resistor."""
        net = self.network
        nodes = net.resistor_nodes[resistor]
        layer = net.layers[net.resistor_layer[resistor]] if net.resistor_layer[resistor] >= 0 else "wire"
        name = f"{layer} of {net.net_names[net.node_net[nodes[0]]]}"
        return _place(name, net.node_x[nodes].mean(), net.node_y[nodes].mean())

    @property
    def wires(self) -> str:
        """How the wires are modelled, for messages."""
        return "with wires" if self.network.has_wires else "ideal wires"

    def worst(self, per_state: dict[str, np.ndarray]) -> tuple[str, int, float]:
        """State, index and value of the largest entry over all states."""
        names = list(per_state)
        name = names[first_largest(np.array([per_state[k].max(initial=-np.inf) for k in names]))]
        index = first_largest(per_state[name])
        return name, index, float(per_state[name][index])


def _place(name: str, x: float, y: float) -> Place:
    if not (np.isfinite(x) and np.isfinite(y)):
        return Place(name)
    return Place(name, float(x), float(y))
