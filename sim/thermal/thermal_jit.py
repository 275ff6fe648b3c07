"""How functions of walls at a temperature are compiled."""

from __future__ import annotations

from functools import partial
from typing import Any

from numba import njit

_NUMPY: Any = {"error_model": "numpy", "nogil": True}

compiled: Any = partial(njit, cache=True, **_NUMPY)
inlined: Any = partial(njit, inline="always", **_NUMPY)
