"""Laws of wall motion for compiled engines."""

from __future__ import annotations

from typing import Any

from sim.contained_code import contained
from sim.dynamics import kinematic

kinematic_law: Any = contained(optimized=False, error_model="numpy", _nrt=False)(kinematic.law)
