"""Steps of the ideal engine: what it hands to its compiled core, and what it makes of the answer."""

from __future__ import annotations

import numpy as np
from numba import get_num_threads

from hwlib.network import DW_IN, MTJ_IN, MTJ_OUT, Network
from sim.engines.ideal.ideal_circuit import Drive, IdealCircuit, IdealWalls
from sim.engines.ideal.ideal_growth import led, new_growth
from sim.engines.ideal.ideal_phases import CONTROL, RESIDUAL, STEPS, TIME, advance, new_work
from sim.engines.ideal.weight_nets import WeightNets, per_neuron
from sim.engines.stepper import LOAD, Phase, Solver, Stepper
from sim.protocol import Protocol
from sim.recorder import Recorder
from sim.result import Trace
from sim.ties import rest_margin
from sim.wall_events import EventStore

_TOGETHER = 8  # trials that a thread takes at once
_MATRICES = 8  # of weights that are kept for the next trials


class IdealSolver(Solver):
    """An ideal network as arrays of 2N walls: somas, then one wall for all axons of each neuron.

    Args:
        network: a network that the engine accepts.

    Attributes:
        walls, circuit: constants of the walls, and of the circuit without sources.
        nets: voltages behind the axons.
        wall: wall of each device, shape (devices,).
    """

    def __init__(self, network: Network):
        super().__init__(network)
        self.side_by_side, self.together, n = get_num_threads(), _TOGETHER, network.neurons
        self.nets = WeightNets(network)
        axon = ~network.is_soma
        joined = np.zeros((n, n))
        joined[network.pre[axon], network.post[axon]] = 1.0
        fan_out = joined.sum(1)
        self.wall = np.where(axon, n + network.pre, network.post)  # wall of each device
        each = {name: self.both(getattr(network, name)) for name in (
            "length", "pillar_width", "pillar_centre", "r_p", "r_ap", "mobility", "leak"
        )}  # fmt: skip
        self._pillar_width = each["pillar_width"]
        self._rest: dict[tuple[float, float, float], np.ndarray] = {}
        self._weights: dict[tuple[int, float], tuple[np.ndarray, np.ndarray]] = {}
        idle = np.concatenate([np.zeros(n, bool), fan_out == 0])
        each["leak"] = np.where(idle, 0.0, each["leak"])
        edge = each["pillar_centre"] - each["pillar_width"] / 2
        g_p, g_ap = 1 / each["r_p"], 1 / each["r_ap"]
        self.walls = IdealWalls(
            length=each["length"],
            enter=np.maximum(edge, 0.0),
            leave=np.minimum(edge + each["pillar_width"], each["length"]),
            edge=edge,
            g_ap=g_ap,
            g_p=g_p,
            slope=(g_p - g_ap) / each["pillar_width"],
            mobility=each["mobility"],
            leak=each["leak"],
        )
        self.circuit = IdealCircuit(
            r_soma=network.r_m[network.somas], r_axon=per_neuron(network, network.r_m), fan_out=fan_out, joined=joined
        )

    def both(self, values: np.ndarray) -> np.ndarray:
        """Of each wall, from those of the devices, shape (2N,)."""
        return np.concatenate([values[self.network.somas], per_neuron(self.network, values)]).astype(float)

    def begin(self, phase: Phase) -> Stepper:
        """Put the sources of a phase on."""
        return IdealStepper(self, phase)

    def recorder(self, samples: int) -> Recorder:
        """Of the 2N walls."""
        walls, n = self.walls, self.network.neurons
        store = EventStore(walls.length, walls.edge, walls.edge + self._pillar_width, clipped=False)
        return Recorder(store, np.arange(2 * n) < n, samples)

    def drive(self, phase: Phase) -> Drive:
        """The sources of a phase, as numbers."""
        protocol, n = phase.protocol, self.network.neurons
        load, rail_load, square = np.zeros(n), np.zeros(self.nets.count.shape), np.zeros(n)
        if phase.number == LOAD:
            load = np.where(np.asarray(protocol.start) != 0, protocol.v_charge, -protocol.v_charge).astype(float)
            rail_load, square = self.nets.loads(load, grounded=protocol.rails_while_loading == "grounded")
        return Drive(
            weight=self.weights(protocol)[0], v_dw=float(protocol.v_dw), load=load, rail_count=self.nets.count,
            rail_load=rail_load, rail_square=square, rest=self._rest_speed(phase),
        )  # fmt: skip

    def weights(self, protocol: Protocol) -> tuple[np.ndarray, np.ndarray]:
        """Weight voltages, and the largest of each dendrite; many trials have the same."""
        key = self.nets.key(protocol)
        known = self._weights.get(key)
        if known is None:
            volts = self.nets.voltages(protocol)
            known = volts, np.maximum(volts.max(axis=0), -volts.min(axis=0))
            if len(self._weights) >= _MATRICES:
                self._weights.clear()
            self._weights[key] = known
        return known

    def _rest_speed(self, phase: Phase) -> np.ndarray:
        """Of each wall; trials have few different ones."""
        protocol = phase.protocol
        key = protocol.v_dw, protocol.v_charge, protocol.weight
        if key not in self._rest:
            self._rest[key] = self.both(phase.rest_speed)
        return self._rest[key]

    def _conductance(self, wall: np.ndarray) -> np.ndarray:
        """Pillar conductances in S, shape (times, 2N)."""
        share = np.clip((wall - self.walls.edge) * self.walls.slope / (self.walls.g_p - self.walls.g_ap), 0, 1)
        return self.walls.g_ap + share * (self.walls.g_p - self.walls.g_ap)

    def without_voltages(self, seen: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """All of it: walls and dendrites, of which currents follow."""
        return seen

    def trace(self, recorder: Recorder, protocol: Protocol) -> Trace:
        """The trace of the only trial, for every device and node."""
        time, phase, seen = recorder.samples()
        wall, volt = (np.array(each) for each in zip(*seen, strict=True))
        network, n, size = self.network, self.network.neurons, len(time)
        g = self._conductance(wall)
        tracks = self.circuit.r_axon / np.maximum(self.circuit.fan_out, 1)
        linked = self.circuit.fan_out > 0
        feed = np.where(linked, protocol.v_dw * g[:, :n] / (1 + g[:, :n] * tracks), 0.0)
        drive = np.where(linked, feed * tracks, protocol.v_dw)  # without axons a drive floats at V_DW
        node = np.zeros((size, network.nodes))
        soma, axon = network.somas, np.flatnonzero(~network.is_soma)
        node[:, network.terminals[soma, MTJ_IN]] = protocol.v_dw
        node[:, network.terminals[soma, DW_IN]] = volt
        node[:, network.terminals[soma, MTJ_OUT]] = drive
        current = np.empty((size, network.devices))
        current[:, soma] = volt / self.circuit.r_soma
        current[:, axon] = (feed / np.maximum(self.circuit.fan_out, 1))[:, network.pre[axon]]
        weights = network.terminals[axon, MTJ_IN]
        held = self.nets.voltages(protocol)[network.pre[axon], network.post[axon]]
        node[:, weights] = np.where(phase[:, None] == 1, held, 0.0)
        floating = phase == 0 if protocol.rails_while_loading == "floating" else np.zeros(size, bool)
        for k in np.flatnonzero(floating):
            siemens = np.bincount(weights, g[k, n + network.pre[axon]], network.nodes)
            ampere = np.bincount(weights, g[k, n + network.pre[axon]] * volt[k, network.post[axon]], network.nodes)
            node[k, siemens > 0] = ampere[siemens > 0] / siemens[siemens > 0]
        return Trace(recorder.events(self.wall), time, phase, current, node)


class IdealStepper(Stepper):
    """2N walls under one set of sources."""

    def __init__(self, solver: IdealSolver, phase: Phase):
        super().__init__(phase)
        before = phase.before if isinstance(phase.before, IdealStepper) else None
        n = solver.network.neurons
        self._solver, self._drive, self._clock = solver, solver.drive(phase), np.zeros(5)
        if before is None:
            self._work, self._growth = new_work(n), new_growth(n)
            if phase.protocol.initial is not None:
                self._work.q[:] = solver.both(phase.wall)
        else:  # nothing grows in the load phase
            self._work, self._growth = before._work, before._growth
            self._work.energy[:] = 0.0

    def advance(self, steps: int) -> int:
        """Go on from event to event."""
        solver, phase, clock = self._solver, self.phase, self._clock
        status = advance(
            solver.walls, solver.circuit, self._drive, self._work, self._growth, clock, steps, float(phase.until),
            phase.until_rest, phase.number == LOAD, float(phase.tolerance),
        )  # fmt: skip
        self.time, self.steps, self.residual = float(clock[TIME]), int(clock[STEPS]), float(clock[RESIDUAL])
        self.energy[:5] = self._work.energy
        return int(status)

    def walls(self) -> np.ndarray:
        """In m."""
        return self._work.q[self._solver.wall]

    def speeds(self) -> np.ndarray:
        """In m/s."""
        return self._work.rate[0][self._solver.wall]

    def course(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Of the 2N walls."""
        if not self._clock[CONTROL]:
            self.advance(0)  # the phase begins
        return self._work.q.copy(), self._work.rate[0].copy(), None

    def look(self) -> tuple[np.ndarray, ...]:
        """The 2N walls and the dendrites' voltages, for ``IdealSolver.trace``."""
        return self._work.q.copy(), self._work.volt.copy()

    def growth(self) -> float:
        """As of ``Trials``."""
        return led(self._solver.walls.length, self._work.q, self._growth)

    def margin(self) -> float:
        """As of ``Trials``."""
        walls, n, speed = self._solver.walls, self.phase.network.neurons, self._work.rate[0]
        fastest, strongest = abs(speed - walls.leak), self._solver.weights(self.phase.protocol)[1]
        fastest[:n] = walls.mobility[:n] * strongest / self._solver.circuit.r_soma
        return float(rest_margin(speed[None], walls.leak, fastest[None])[0])
