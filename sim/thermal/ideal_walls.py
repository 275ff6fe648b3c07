"""The engine ``ideal`` at a temperature: no wires, and a wall of its own for every device."""

from __future__ import annotations

from collections.abc import Sequence

from numba import get_num_threads

from hwlib.network import Network
from sim.engines.engine_interface import Support
from sim.engines.ideal import wiring_refusal
from sim.engines.stepper import Solver
from sim.protocol import Protocol

SUPPORTS = Support(dynamics=None, noise=True)


def refusal(network: Network, protocols: Sequence[Protocol]) -> str | None:
    """Wires, or devices that are not joined as in ideal networks; axons of a neuron may differ."""
    return wiring_refusal(network)


def prepare(network: Network) -> Solver:
    """A network for which ``refusal`` has nothing to say."""
    from sim.thermal.thermal_stepper import ThermalSolver
    from sim.thermal.wireless_circuit import WirelessCircuit

    return ThermalSolver(network, WirelessCircuit, get_num_threads())
