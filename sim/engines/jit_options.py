"""How functions of the layout engine are compiled, and from which sources their compiled code is valid."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import sim.contained_code
from sim.compile_turns import in_turn
from sim.contained_code import contained, kept

_HERE = Path(__file__).parent
_SOURCES = (
    "jit_options.py",
    "handles.py",
    "array_views.py",
    "function_pointers.py",
    "vector_code.py",
    "layout/probe.py",
    "layout/system.py",
    "layout/*/*.py",
)


@cache
def sources_stamp() -> str:
    """Names all sources that compiled code is made from: Numba looks at a function's own file, not at its callees'."""
    digest = hashlib.sha256()
    for source in sorted(path for pattern in _SOURCES for path in _HERE.glob(pattern)):
        digest.update(str(source.relative_to(_HERE)).encode() + b"\0" + source.read_bytes())
    digest.update(Path(sim.contained_code.__file__).read_bytes())
    return digest.hexdigest()


def _stamping(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile with a cache that is valid as long as none of the sources changes; other code in it is overwritten."""

    def decorate(function: Callable[..., Any]) -> Any:
        _name_apart(function)
        compiled = kept(**options)(function)
        stored = getattr(compiled._cache, "_cache_file", None)
        if stored is not None:
            stored._source_stamp = sources_stamp()
        return in_turn(compiled)

    return decorate


def _name_apart(function: Callable[..., Any]) -> None:
    """Add what a function closes over to its name.

    Code is found by the function's name, the types of its arguments and a number that begins anew in each process: what
    two processes stored of functions that the same lines make could have one name, and a third one would call the code
    of one for both.
    """
    for cell in function.__closure__ or ():
        function.__qualname__ += f"_{cell.cell_contents}"


# Pivots and conductances are positive, so divisions need no check; products may be fused.
_FAST: Any = {"error_model": "numpy", "fastmath": {"contract"}}
# No wrappers to be called from Python. Nothing there allocates: arrays then need no reference counts.
_BARE: Any = {**_FAST, "no_cpython_wrapper": True, "_nrt": False}

# Called from Python.
plain: Any = partial(_stamping)
fast: Any = partial(_stamping, **_FAST)
# Called by address, see ``function_pointers``.
kernel: Any = partial(_stamping, **_BARE)
parallel_kernel: Any = partial(_stamping, no_cpython_wrapper=True, parallel=True)
# Called from compiled code alone, and kept with it.
outer: Any = partial(contained, optimized=True, **_FAST, _nrt=False)
inner: Any = partial(outer, forceinline=True)  # a call that hands over arrays costs more than a short column
helper: Any = partial(contained, optimized=False)  # of what is plain
