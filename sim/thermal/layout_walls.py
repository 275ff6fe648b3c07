"""The engine ``layout`` at a temperature: its circuit of extracted wires, solved for the walls of every step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwlib.network import Network
from sim.engines.engine_interface import Support
from sim.engines.layout.layout_stepper import LayoutSolver, LayoutStepper
from sim.engines.layout.stepping.runge_kutta import begin
from sim.engines.stepper import Phase, Solver
from sim.protocol import Protocol
from sim.thermal.thermal_stepper import ThermalSolver

SUPPORTS = Support(dynamics=None, noise=True)


def refusal(network: Network, protocols: Sequence[Protocol]) -> str | None:
    """Nothing is refused, as without noise."""
    return None


def prepare(network: Network) -> Solver:
    """A large network takes all threads for a trial, a small one runs a trial a thread."""
    layout = LayoutSolver(network)

    def circuit(phase: Phase) -> ExtractedCircuit:
        stepper = layout.begin(phase)
        assert isinstance(stepper, LayoutStepper)
        return ExtractedCircuit(stepper)

    return ThermalSolver(network, circuit, layout.side_by_side)


class ExtractedCircuit:
    """The assembled circuit of a phase, solved again for other places of the walls; nothing else of the engine is used.

    Args:
        stepper: of the phase; its own walls stay where it is told that they are.
    """

    def __init__(self, stepper: LayoutStepper):
        self._stepper, network, order = stepper, stepper.phase.network, stepper.plan.bundles.device
        self._network, self._order = network, order
        self._start = network.pillar_centre[order] - network.pillar_width[order] / 2

    def solve(self, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Track currents in A, shape (devices,), and powers in W, shape (6,), with the walls at ``place`` m."""
        network, order, constants, motion = self._network, self._order, self._stepper.constants, self._stepper.motion
        within = (place[order] - self._start) / network.pillar_width[order]
        motion.s[:] = np.clip(within, constants.low, constants.high)
        begin(*self._stepper.held)
        current = (self._stepper.speeds() - network.leak) / network.mobility
        return current, motion.power[0].copy()

    def node_voltages(self) -> np.ndarray:
        """Of the last solution, V, shape (nodes,)."""
        return self._stepper.look()[1]

    def residual(self) -> float:
        """Largest current in A missing at a node in any solution that was looked at."""
        self._stepper.look()
        return self._stepper.residual
