"""States of the convergence phase in which a wire that others share carries more than where it was found the worst.

What turning a wall adds to the current of a wire follows from one solve more, by reciprocity: ``dI/dG = −Δλ·ΔV`` of the
pillar, λ the potentials where the wire alone is driven (adjoint network: Director and Rohrer, IEEE Trans. Circuit
Theory 16, 318 (1969)). For one wall alone the sign is exact.
"""

from __future__ import annotations

import numpy as np

from hwlib.network import Network
from sim.rules.statics import Solution

_LEAST = 0.005  # of the wire's current: what turned walls have to promise
_SMALL = 1e-9  # of the largest sensitivity: walls that do not count


def walls_that_add(network: Network, state: Solution, walls: np.ndarray, wire: int) -> np.ndarray | None:
    """Every wall as adds most to the current of a wire, as far as its sensitivities in one state say so.

    Args:
        network: the network.
        state: that state, solved.
        walls: True where a wall is ON in it, shape (devices,).
        wire: its number; a contact in series with a device is none.

    Returns:
        Walls, shape (devices,); None where that promises next to nothing.
    """
    current, slope = state.wire_sensitivity(wire)
    slope = slope * np.sign(current)
    turned = (walls != (slope > 0)) & (np.abs(slope) > _SMALL * np.abs(slope).max())
    steps = (1 / network.r_p - 1 / network.r_ap)[turned]
    if (np.abs(slope[turned]) * steps).sum() < _LEAST * abs(current):
        return None
    return np.asarray(walls ^ turned)
