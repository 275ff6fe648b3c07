"""A trial of the reference engine: its own circuit, and its own step control.

Adaptive Dormand–Prince steps with an error estimate on every wall and every energy. Velocities are smooth only while
each wall keeps to its segment of track (before, under, past its pillar) and to its pin at an end, so a step ends at the
first change of either. Drops nothing of the extracted resistances; capacitances and inductances are not in the model.
Walls move by any law of ``sim.dynamics``; its state variables are integrated with the walls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hwlib.network import Network
from sim.circuit import Circuit
from sim.dynamics import Kinematic, WallDynamics, dynamics_of
from sim.engines import Options
from sim.engines.ideal.gains import margin_of, strongest_weights
from sim.engines.reference.reference_events import first_event, reach, settle
from sim.engines.reference.reference_growth import ReferenceGrowth
from sim.engines.tableau import ORDER, STAGES, A, B, E
from sim.protocol import Protocol
from sim.result import Trace, Trials
from sim.walls import Pillars

if TYPE_CHECKING:
    from sim.recorder import Recorder

_ENERGY_TIME = 1e-8  # s: energies are as exact, relative to initial power times this, as walls relative to L
_REST_TIME = 1e-15  # s: how exactly the moment of rest is found
_SHORTEST = 1e-18  # s: a step this short is taken whatever happens in it
_FIRST_STEP = 1e-10  # s


class ReferenceTrial:
    """One trial: load phase, release, convergence."""

    def __init__(self, network: Network, protocol: Protocol, options: Options):
        self.network, self.protocol, self.options = network, protocol, options

    def run(self) -> Trials:
        """Run it."""
        network, protocol = self.network, self.protocol
        share = np.zeros(network.devices) if protocol.initial is None else np.asarray(protocol.initial, float)
        q, energy, rests, times, residual, steps = share * network.length, np.zeros(6), [], [], 0.0, 0
        dynamics = dynamics_of(network)
        state, converging = dynamics.first_state(), protocol.net_voltages(network)
        weights = np.nan_to_num(protocol.axon_weights(network))
        # The formulas that follow how changes grow are those of kinematic walls.
        growth = ReferenceGrowth(network, weights, protocol.v_dw) if isinstance(dynamics, Kinematic) else None
        recorder = _recorder(network, self.options.samples) if self.options.record else None
        for number in (0, 1):
            if number == 0 and protocol.start is None:
                times.append(0.0)
                continue
            until_rest = number == 1 or protocol.load == "rest"
            limit = protocol.time_limit if number == 1 or protocol.load == "rest" else float(protocol.load)
            voltages = converging if number else protocol.load_voltages(network)
            rest_speed = protocol.rest_speed(network)
            circuit = Circuit(network, voltages)
            phase = _Phase(dynamics, circuit, q, state, number, rest_speed, self.options.tolerance, growth)
            rest = phase.run(limit, until_rest, recorder, sum(times))
            q, state, energy = phase.q, phase.state, energy + phase.energy
            residual = max(residual, phase.residual)
            steps += phase.steps
            times.append(phase.time)
            rests.append(rest or not until_rest)
        return Trials(
            time_load=np.array(times[:1]), time_convergence=np.array(times[1:]), at_rest=np.array([all(rests)]),
            wall_final=q[None], energy_source=energy[None, :3], energy_sink=energy[None, 3:],
            kcl_residual=np.array([residual]), steps=np.array([steps]),
            growth=np.array([growth.led(q) if growth else np.nan]),
            margin=np.array([
                margin_of(network, strongest_weights(network, weights), phase.rates[0]) if growth else np.nan
            ]),
            state_final=state[None], trace=_trace(recorder, q) if recorder else None,
        )  # fmt: skip


def _recorder(network: Network, most: int) -> Recorder:
    from sim.recorder import Recorder
    from sim.wall_events import EventStore

    return Recorder(EventStore.of(network, clipped=False), network.is_soma, most)


def _trace(recorder: Recorder, q: np.ndarray) -> Trace:
    recorder.end(q)
    time, phase, seen = recorder.samples()
    current, voltage, state = (np.array(each) for each in zip(*seen, strict=True))
    return Trace(recorder.events(), time, phase, current, voltage, state if state.size else None)


class _Phase:
    """Walls under one set of sources."""

    def __init__(
        self, dynamics: WallDynamics, circuit: Circuit, q: np.ndarray, state: np.ndarray, number: int,
        rest_speed: np.ndarray, tolerance: float, growth: ReferenceGrowth | None,
    ):  # fmt: skip
        network = dynamics.network
        self.circuit, self.number, self.rest_speed = circuit, number, rest_speed
        self.tolerance, self.growth = tolerance, growth
        self.pillars = Pillars.of(network)
        self.dynamics, self.state, self._state_scale = dynamics, state, dynamics.scale()
        self.q, self.segment, self.pinned = q, self.pillars.segment(q), np.zeros(network.devices, bool)
        self.time, self.steps, self.residual, self.energy = 0.0, 0, 0.0, np.zeros(6)
        self._siemens, self.voltage, self._current = np.zeros(0), np.zeros(0), np.zeros(0)
        self.rates, self._power = np.zeros((STAGES, network.devices)), np.zeros((STAGES, 6))
        self._state_rates = np.zeros((STAGES, *state.shape))
        self._evaluate(0, q, state)
        self.q, self.segment, self.pinned = settle(self.pillars, q, self.rates[0], self.segment)
        self._evaluate(0, self.q, state)
        self._energy_scale = _ENERGY_TIME * (self._power[0, :3].sum() + 1e-30)

    def _evaluate(self, stage: int, q: np.ndarray, state: np.ndarray) -> None:
        """Velocities and powers with the walls at ``q``; solves only if a conductance changed."""
        siemens = self.pillars.smooth_conductance(q, self.segment)
        if not np.array_equal(siemens, self._siemens):
            self._siemens, self.voltage = siemens, self.circuit.solve(siemens)
            self._current = self.circuit.track_current(self.voltage)
            self._now_power = np.concatenate(self.circuit.powers(self.voltage, siemens))
        self.rates[stage], self._power[stage] = self.dynamics.velocity(self._current, state), self._now_power
        self._state_rates[stage] = self.dynamics.state_rates(self._current, state, self.pinned)

    def run(self, limit: float, until_rest: bool, recorder: Recorder | None, begin: float) -> bool:
        """Go on until rest or the limit; whether every wall is at rest."""
        control = _FIRST_STEP
        self._check()
        if recorder is not None:
            recorder.begin(self.number, begin, self.q, self.rates[0], self._look)
        while True:
            self.q, self.segment, self.pinned = settle(self.pillars, self.q, self.rates[0], self.segment)
            self._state_rates[0] = self.dynamics.state_rates(self._current, self.state, self.pinned)
            still = self._still(self.state)
            if self.time >= limit or (still and until_rest):
                break
            left = limit - self.time
            longest = min(control, left, reach(self.pillars, self.q, self.rates[0], self.segment, self.pinned))
            h, control, self.q, self.state = self._step(longest, control, until_rest)
            self.energy = self.energy + h * (B @ self._power)
            self.rates[0], self._power[0] = self.rates[-1], self._power[-1]
            if self.growth is not None:
                self.growth.step(h, self.rates[0], self.segment, self.pinned, loading=self.number == 0)
            self.time = limit if left - h <= 1e-15 * limit else self.time + h
            self.steps += 1
            self._check()
            if recorder is not None:
                recorder.step(begin + self.time, self.q, self.rates[0], self._look)
        if recorder is not None:
            recorder.end_phase(begin + self.time, self._look)
        return still

    def _check(self) -> None:
        self.residual = max(self.residual, self.circuit.residual(self.voltage, self._siemens))

    def _look(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.circuit.track_current(self.voltage), self.circuit.node_voltage(self.voltage), self.state

    def _still(self, state: np.ndarray) -> bool:
        """Every wall rests, with the currents of the last evaluation."""
        return bool(np.all(self.dynamics.at_rest(self._current, state, self.pinned, self.rest_speed)))

    def _step(self, h: float, control: float, until_rest: bool) -> tuple[float, float, np.ndarray, np.ndarray]:
        """Shorten a step until it is exact enough and ends at the first event."""
        moving, still = 0.0, np.inf  # the moment of rest lies between these step lengths
        while True:
            q_new, state_new, error = self._attempt(h)
            grow = float(np.clip(0.9 * error ** (-1 / ORDER), 0.2, 5.0)) if error > 0 else 5.0
            if h <= _SHORTEST:
                return h, control, q_new, state_new
            if error > 1:
                h *= min(grow, 0.9)
                control = h
                continue
            fraction = first_event(self.pillars, self.q, q_new, self.rates, self.segment, self.pinned, h)
            if fraction <= 1:
                h *= max(fraction, 1e-6)
                continue
            if until_rest and self._still(state_new):
                still = h
            else:
                moving = h
            if still < np.inf and (h < still or still - moving > _REST_TIME):
                h = (moving + still) / 2 if still - moving > _REST_TIME else still
                continue
            return h, max(control, h * grow), q_new, state_new

    def _attempt(self, h: float) -> tuple[np.ndarray, np.ndarray, float]:
        """One step: where it ends, and its error in units of the tolerance."""
        q, state = self.q, self.state
        for stage in range(1, STAGES):
            rate = A[stage, :stage] @ self.rates[:stage]
            q = self.q + h * np.where(self.pinned, 0.0, rate)
            state = self.state + h * np.tensordot(A[stage, :stage], self._state_rates[:stage], 1)
            self._evaluate(stage, q, state)
        walls = abs(E @ self.rates) * ~self.pinned * h / self.pillars.length
        energies = abs(E @ self._power) * h / self._energy_scale
        states = abs(np.tensordot(E, self._state_rates, 1)) * h / self._state_scale
        return q, state, max(walls.max(), energies.max(), states.max(initial=0.0)) / self.tolerance
