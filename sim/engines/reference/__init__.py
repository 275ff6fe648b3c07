"""Reference engine: every device's wall, one sparse solve of the whole circuit per evaluation. Correct first."""

from __future__ import annotations

from collections.abc import Sequence

from hwlib.network import Network
from sim.engines.engine_interface import Support
from sim.engines.reference.reference_stepper import ReferenceSolver
from sim.protocol import Protocol

SUPPORTS = Support(dynamics=None)


def refusal(network: Network, protocols: Sequence[Protocol]) -> str | None:
    """None: this engine runs every network."""
    return None


def prepare(network: Network) -> ReferenceSolver:
    """Every network as it is."""
    return ReferenceSolver(network)
