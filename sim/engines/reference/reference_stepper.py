"""Steps of the reference engine: its own circuit, its own step control, its own integral of the energies.

Adaptive Dormand–Prince steps with an error estimate on every wall and every energy. Velocities are smooth only while
each wall keeps to its segment of track (before, under, past its pillar) and to its pin at an end, so a step ends at the
first change of either. Drops nothing of the extracted resistances; capacitances and inductances are not in the model.
Walls move by any law of ``sim.dynamics``; its state variables are integrated with the walls.
"""

from __future__ import annotations

import numpy as np

from sim.dynamics import Kinematic, dynamics_of
from sim.engines.ideal.gains import margin_of, strongest_weights
from sim.engines.reference.reference_circuit import Circuit
from sim.engines.reference.reference_events import first_event, reach, settle
from sim.engines.reference.reference_growth import ReferenceGrowth
from sim.engines.stepper import LIMIT, LOAD, REST, RUNNING, Phase, Solver, Stepper
from sim.engines.tableau import ORDER, STAGES, A, B, E
from sim.walls import Pillars

_ENERGY_TIME = 1e-8  # s: energies are as exact, relative to initial power times this, as walls relative to L
_REST_TIME = 1e-15  # s: how exactly the moment of rest is found
_SHORTEST = 1e-18  # s: a step this short is taken whatever happens in it
_FIRST_STEP = 1e-10  # s


class ReferenceSolver(Solver):
    """A network as it is."""

    def begin(self, phase: Phase) -> Stepper:
        """Walls and circuit of a phase."""
        return ReferenceStepper(phase)


class ReferenceStepper(Stepper):
    """Walls under one set of sources; its energies are integrated with its own steps."""

    def __init__(self, phase: Phase):
        super().__init__(phase)
        before = phase.before if isinstance(phase.before, ReferenceStepper) else None
        network, protocol = phase.network, phase.protocol
        self._dynamics = dynamics_of(network)
        self.state = self._dynamics.first_state() if before is None else before.state
        self._state_scale = self._dynamics.scale()
        self._weights = np.nan_to_num(protocol.axon_weights(network))
        self._growth: ReferenceGrowth | None = self._new_growth() if before is None else before._growth
        self._circuit, self._pillars = Circuit(network, phase.voltages), Pillars.of(network)
        q = phase.wall
        self._q, self._segment, self._pinned = q, self._pillars.segment(q), np.zeros(network.devices, bool)
        self._siemens, self._voltage, self._current = np.zeros(0), np.zeros(0), np.zeros(0)
        self._rates, self._power = np.zeros((STAGES, network.devices)), np.zeros((STAGES, 6))
        self._state_rates = np.zeros((STAGES, *self.state.shape))
        self._evaluate(0, q, self.state)
        self._settle()
        self._evaluate(0, self._q, self.state)
        self._energy_scale = _ENERGY_TIME * (self._power[0, :3].sum() + 1e-30)
        self._control = _FIRST_STEP
        self._see()

    def _new_growth(self) -> ReferenceGrowth | None:
        """Nothing for other laws: the formulas that follow how changes grow are those of kinematic walls."""
        if not isinstance(self._dynamics, Kinematic):
            return None
        return ReferenceGrowth(self.phase.network, self._weights, self.phase.protocol.v_dw)

    def walls(self) -> np.ndarray:
        """In m."""
        return self._q

    def speeds(self) -> np.ndarray:
        """In m/s."""
        return self._rates[0]

    def look(self) -> tuple[np.ndarray, ...]:
        """Currents, voltages, states."""
        return self._circuit.track_current(self._voltage), self._circuit.node_voltage(self._voltage), self.state

    def growth(self) -> float:
        """As of ``Trials``."""
        return np.nan if self._growth is None else self._growth.led(self._q)

    def margin(self) -> float:
        """As of ``Trials``."""
        network = self.phase.network
        if self._growth is None:
            return np.nan
        return margin_of(network, strongest_weights(network, self._weights), self._rates[0])

    def _settle(self) -> None:
        self._q, self._segment, self._pinned = settle(self._pillars, self._q, self._rates[0], self._segment)

    def _see(self) -> None:
        self.residual = max(self.residual, self._circuit.residual(self._voltage, self._siemens))

    def _evaluate(self, stage: int, q: np.ndarray, state: np.ndarray) -> None:
        """Velocities and powers with the walls at ``q``; solves only if a conductance changed."""
        siemens = self._pillars.smooth_conductance(q, self._segment)
        if not np.array_equal(siemens, self._siemens):
            self._siemens, self._voltage = siemens, self._circuit.solve(siemens)
            self._current = self._circuit.track_current(self._voltage)
            self._now_power = np.concatenate(self._circuit.powers(self._voltage, siemens))
        self._rates[stage], self._power[stage] = self._dynamics.velocity(self._current, state), self._now_power
        self._state_rates[stage] = self._dynamics.state_rates(self._current, state, self._pinned)

    def advance(self, steps: int) -> int:
        """Go on until rest or the limit, so many steps at most."""
        limit = self.phase.until
        for _ in range(steps):
            self._settle()
            self._state_rates[0] = self._dynamics.state_rates(self._current, self.state, self._pinned)
            still = self._still(self.state)
            if self.time >= limit or (still and self.phase.until_rest):
                return REST if still else LIMIT
            left = limit - self.time
            reached = reach(self._pillars, self._q, self._rates[0], self._segment, self._pinned)
            h, self._control, self._q, self.state = self._step(min(self._control, left, reached), self._control)
            self.energy = self.energy + h * (B @ self._power)
            self._rates[0], self._power[0] = self._rates[-1], self._power[-1]
            if self._growth is not None:
                loading = self.phase.number == LOAD
                self._growth.step(h, self._rates[0], self._segment, self._pinned, loading=loading)
            self.time = limit if left - h <= 1e-15 * limit else self.time + h
            self.steps += 1
            self._see()
        return RUNNING

    def _still(self, state: np.ndarray) -> bool:
        """Every wall rests, with the currents of the last evaluation."""
        return bool(np.all(self._dynamics.at_rest(self._current, state, self._pinned, self.phase.rest_speed)))

    def _step(self, h: float, control: float) -> tuple[float, float, np.ndarray, np.ndarray]:
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
            fraction = first_event(self._pillars, self._q, q_new, self._rates, self._segment, self._pinned, h)
            if fraction <= 1:
                h *= max(fraction, 1e-6)
                continue
            if self.phase.until_rest and self._still(state_new):
                still = h
            else:
                moving = h
            if still < np.inf and (h < still or still - moving > _REST_TIME):
                h = (moving + still) / 2 if still - moving > _REST_TIME else still
                continue
            return h, max(control, h * grow), q_new, state_new

    def _attempt(self, h: float) -> tuple[np.ndarray, np.ndarray, float]:
        """One step: where it ends, and its error in units of the tolerance."""
        q, state = self._q, self.state
        for stage in range(1, STAGES):
            rate = A[stage, :stage] @ self._rates[:stage]
            q = self._q + h * np.where(self._pinned, 0.0, rate)
            state = self.state + h * np.tensordot(A[stage, :stage], self._state_rates[:stage], 1)
            self._evaluate(stage, q, state)
        walls = abs(E @ self._rates) * ~self._pinned * h / self._pillars.length
        energies = abs(E @ self._power) * h / self._energy_scale
        states = abs(np.tensordot(E, self._state_rates, 1)) * h / self._state_scale
        return q, state, max(walls.max(), energies.max(), states.max(initial=0.0)) / self.phase.tolerance
