"""Trials at a temperature: stochastic Heun steps of a fixed length, for any law of wall motion that says its diffusion.

Noise is additive, so the scheme has strong order 1 and weak order 2 between the ends of the tracks (Kloeden & Platen,
Numerical Solution of Stochastic Differential Equations, Springer 1992); at the ends the motion is reflected exactly for
velocities held over a step (``brownian_steps``). Nothing rests: phases last their time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol as Interface

import numpy as np

from hwlib.network import Network
from sim.dynamics import dynamics_of
from sim.engines.stepper import LIMIT, RUNNING, Phase, Solver, Stepper
from sim.engines.trial_under_way import impossible
from sim.recorder import Recorder
from sim.thermal.brownian_steps import displace
from sim.thermal.counter_random import draw_pair
from sim.thermal.thermal_noise import ThermalNoise
from sim.thermal.thin_recorder import ThinRecorder
from sim.thermal.time_steps import increments
from sim.wall_events import EventStore
from sim.walls import on_tracks

_PHASE_NUMBERS = 256  # of random variables of a phase


class CircuitAt(Interface):
    """A phase's circuit, solved for any places of the walls."""

    def solve(self, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Track currents in A, shape (devices,), and powers in W, shape (6,)."""

    def node_voltages(self) -> np.ndarray:
        """Of the last solution, V, shape (nodes,)."""

    def residual(self) -> float:
        """Largest current in A missing at a node in the last solution."""


class ThermalSolver(Solver):
    """A network whose walls move at a temperature.

    Args:
        network: the network.
        circuit: makes the circuit of a phase.
        side_by_side: as of ``Solver``.
    """

    def __init__(self, network: Network, circuit: Callable[[Phase], CircuitAt], side_by_side: int):
        super().__init__(network)
        self._circuit, self.side_by_side = circuit, side_by_side

    def begin(self, phase: Phase) -> Stepper:
        """Walls and circuit of a phase."""
        return ThermalStepper(phase, self._circuit(phase))

    def recorder(self, samples: int) -> Recorder:
        """Walls meet ends of their tracks within steps; not all steps are kept."""
        store = EventStore.of(self.network, clipped=True)
        return ThinRecorder(store, self.network.is_soma, samples, self.network.devices)


class ThermalStepper(Stepper):
    """Walls under one set of sources, at a temperature."""

    between = 64
    resumable = True

    def __init__(self, phase: Phase, circuit: CircuitAt):
        super().__init__(phase)
        noise = phase.protocol.noise
        assert noise is not None  # the engine is asked for nothing else
        self._noise: ThermalNoise = noise
        self._law, self._circuit = dynamics_of(phase.network), circuit
        self._place = np.array(phase.wall, float)
        before = phase.before if isinstance(phase.before, ThermalStepper) else None
        self.state = self._law.first_state() if before is None else before.state
        spread = self._law.diffusion(noise.agitation(phase.network))
        assert spread is not None
        self._spread: np.ndarray = spread
        self._count, self._increment = increments(phase, self._law, spread)
        walls, variables = phase.network.devices, 1 + len(self.state)
        self._normal, self._uniform = np.empty((variables, 2, walls)), np.empty((variables, 2, walls))
        self._drawn, self._free = -1, np.zeros(walls, bool)
        self._current, self._power = circuit.solve(self._place)

    def advance(self, steps: int) -> int:
        """Take so many steps, or those that are left."""
        for _ in range(steps):
            if self.steps * self._noise.stride >= self._count:
                return LIMIT
            self._step()
        return RUNNING

    def _step(self) -> None:
        first, stride = self.steps * self._noise.stride, self._noise.stride
        rows = self._draw(first, stride)
        speed, rates = self._rates(self._place, self._current, self.state)
        place, state = self._moved(rows, speed, rates)
        ahead, turning = self._rates(place, self._circuit.solve(place)[0], state)
        self._place, self.state = self._moved(rows, (speed + ahead) / 2, (rates + turning) / 2)
        self._current, power = self._circuit.solve(self._place)
        self.energy = self.energy + stride * self._increment * (self._power + power) / 2
        self._power = power
        self.steps += 1
        self.time = self.phase.until * min((first + stride) / self._count, 1.0)

    def _rates(self, place: np.ndarray, current: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of walls that no end holds: ends push them back."""
        speed, rates = self._law.velocity(current, state), self._law.state_rates(current, state, self._free)
        if not self._law.pinning.any:
            return speed, rates
        return self._law.under_force(speed, rates, self._law.pinning.velocity(place))

    def _draw(self, first: int, stride: int) -> slice:
        """Random numbers of a step's increments; the rows where they are."""
        if first // 2 != self._drawn:
            self._drawn, noise, phase = first // 2, self._noise, self.phase.number * _PHASE_NUMBERS
            for variable in range(len(self._normal)):
                draw_pair(
                    np.uint64(noise.seed), noise.trial, phase + variable, self._drawn, self._normal[variable],
                    self._uniform[variable],
                )  # fmt: skip
        return slice(first % 2, first % 2 + stride)

    def _moved(self, rows: slice, speed: np.ndarray, rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places and states after a step with rates that are held."""
        place, normal = self._place.copy(), self._normal[:, rows]
        pushed = np.empty(normal.shape[1:])
        displace(
            place, self.phase.network.length, speed, self._spread[0], self._increment, normal[0],
            self._uniform[0, rows], pushed,
        )  # fmt: skip
        if not len(self.state):
            return place, self.state
        random = self._spread[1:] * np.sqrt(self._increment) * normal[1:].sum(axis=1)
        span = len(pushed) * self._increment
        return place, self.state + span * rates + random + self._law.pushed(pushed.sum(axis=0))

    def walls(self) -> np.ndarray:
        """In m."""
        return self._place

    def speeds(self) -> np.ndarray:
        """In m/s, without noise."""
        return self._rates(self._place, self._current, self.state)[0]

    def look(self) -> tuple[np.ndarray, ...]:
        """Currents, voltages, states."""
        self.check()
        return self._current, self._circuit.node_voltages(), self.state

    def check(self) -> None:
        """Check the circuit's currents."""
        self.residual = max(self.residual, self._circuit.residual())

    def share_done(self) -> float:
        """Of the steps."""
        return self.steps * self._noise.stride / self._count

    def growth(self) -> float:
        """Nothing hangs on rounding: noise is larger."""
        return 0.0

    def margin(self) -> float:
        """Nothing is held by drives that cancel."""
        return 1.0

    def kept(self) -> dict[str, np.ndarray]:
        """Places, states, steps and energies."""
        return {
            "place": self._place, "state": self.state, "taken": np.array([self.steps]), "energy": self.energy,
        }  # fmt: skip

    def take(self, kept: dict[str, np.ndarray]) -> None:
        """Go on from there, bit for bit."""
        for name, values in kept.items():
            if not np.isfinite(values).all():
                raise ValueError(name)
        if impossible(kept["energy"]):
            raise ValueError("energy")
        taken = int(kept["taken"][0])
        if not (on_tracks(self.phase.network, kept["place"]) and 0 <= taken * self._noise.stride <= self._count):
            raise ValueError("places or steps")
        self._place, self.state, self.energy = kept["place"], kept["state"], kept["energy"]
        self.steps = taken
        self.time = self.phase.until * min(self.steps * self._noise.stride / self._count, 1.0)
        self._current, self._power = self._circuit.solve(self._place)
