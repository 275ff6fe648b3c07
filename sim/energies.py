"""Where energy comes from and goes to, and which energies a circuit of resistors can have taken."""

from __future__ import annotations

import numpy as np

SOURCES, SINKS = ("weight", "vdw", "load"), ("pillar", "track", "wire")  # kinds, as results name and order them
BALANCE = 1e-3  # of all energy that goes around, in any result; trials of circuit simulators keep it to 1e-4
ENGINE_BALANCE = 1e-4  # the same in what an engine has just simulated; rounding leaves 1e-10


def impossible_energies(delivered: np.ndarray, heat: np.ndarray) -> str:
    """What of the energies of trials no circuit has, under the names of a result; empty where all is possible.

    Args:
        delivered: by each kind of sources in J, which may also take back, shape (…, sources).
        heat: in each kind of resistors in J, shape (…, sinks); one found as a difference may be rounded below 0.
    """
    around = BALANCE * np.maximum(np.abs(delivered).sum(axis=-1), np.abs(heat).sum(axis=-1))
    if (heat < -around[..., None]).any():
        return "energy_sink is negative"
    same = np.abs(delivered.sum(axis=-1) - heat.sum(axis=-1)) <= around
    return "" if same.all() else "energy_sink is not the energy of its sources"
