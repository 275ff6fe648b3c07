"""How the engine's functions are compiled."""

from __future__ import annotations

from functools import partial
from typing import Any

from numba import njit

# Wrappers double the time to compile.
_bare: Any = {"cache": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

# Called from Python too. Pivots and conductances are positive, so divisions need no check; products may be fused.
fast: Any = partial(njit, cache=True, error_model="numpy", fastmath={"contract"})
# Called from compiled code alone. Nothing there allocates: arrays then need no reference counts.
outer: Any = partial(fast, **_bare, _nrt=False)
inner: Any = partial(outer, forceinline=True)  # a call that hands over tuples of arrays costs more than a short column
parallel: Any = partial(njit, **_bare, parallel=True)
