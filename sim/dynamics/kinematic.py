"""The kinematic law, the paper's model: a wall follows its current at once. The β = α case of the 1D model.

The law stands here alone: ``law`` is compiled (``sim.dynamics.compiled``), ``SPICE_LAW`` goes into decks.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from sim.dynamics.law import WallDynamics
from sim.dynamics.parameter import DAMPING, WALL_WIDTH, Parameter
from sim.dynamics.pinning import PINNING


def law(mobility: Any, current: Any, leak: Any, tracks: Any = 1.0) -> Any:
    """Velocity in m/s toward ON: ``v = k·I + v_leak``.

    Args:
        mobility: k in m/s per A.
        current: in A.
        leak: v_leak in m/s.
        tracks: how many equal tracks share the current.
    """
    return mobility * current / tracks + leak


SPICE_LAW = "{mobility}*%s+{leak}"  # of a device's parameters and an expression of its track current


class Kinematic(WallDynamics):
    """``v = k·I + v_leak``; walls stick at the ends of their tracks."""

    name: ClassVar[str] = "kinematic"
    meaning: ClassVar[str] = "v = k·I + v_leak, the paper's"
    parameters: ClassVar[tuple[Parameter, ...]] = (DAMPING, WALL_WIDTH, *PINNING)  # at a temperature alone

    def velocity(self, current: np.ndarray, state: np.ndarray | None = None) -> np.ndarray:
        """Velocity in m/s toward ON from the track current in A, shape (…, devices)."""
        return law(self.network.mobility, current, self.network.leak)

    def diffusion(self, agitation: np.ndarray) -> np.ndarray:
        """D = k_B T γΔ/(2 α M_s A), by the Einstein relation: a force F alone moves the wall by F·D/(k_B T)."""
        einstein = self.einstein(agitation)
        assert einstein is not None
        return np.sqrt(2 * einstein)[None]

    def fastest(self, current: np.ndarray) -> np.ndarray:
        """``|k·I| + |v_leak|``."""
        return np.abs(self.network.mobility * current) + np.abs(self.network.leak)
