"""Laws of wall motion for compiled engines."""

from __future__ import annotations

from typing import Any

from numba import njit

from sim.dynamics import kinematic

# Called from compiled code alone.
_OPTIONS: Any = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}
kinematic_law: Any = njit(**_OPTIONS)(kinematic.law)
