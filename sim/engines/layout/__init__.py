"""Layout-aware engine: N² walls in the extracted network, solved directly block by block.

The circuit falls into dendrite rows and drive columns joined by a small interface. Columns and segments of trunks never
change: each is eliminated once, and its tracks' currents are fixed combinations of a few potentials. Rows are
eliminated anew when a wall under one of their pillars moved; rows that are plain ladders (weight lines) are swept many
at a time (``ladders``). The interface, with every coupling through ground, V_DW and weight rails, is solved with them:
nothing is iterated or dropped, and ``kcl_residual`` reports what rounding leaves.
"""

from __future__ import annotations

from collections.abc import Sequence

from hwlib.network import Network
from sim.engines.layout.layout_stepper import LayoutSolver, forget_plans, threads_for
from sim.protocol import Protocol

__all__ = ["forget_plans", "prepare", "refusal", "threads_for"]


def refusal(network: Network, protocols: Sequence[Protocol]) -> str | None:
    """Nothing is refused: a network of another shape than rows and columns only takes longer."""
    return None


def prepare(network: Network) -> LayoutSolver:
    """A large network takes all threads for a trial, a small one runs a trial a thread."""
    return LayoutSolver(network)
