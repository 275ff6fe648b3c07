"""Which compiled functions a system's steps call: for its kind of rows, and for one thread or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numba import types

from sim.compile_turns import compile_ahead
from sim.engines.function_pointers import address_of, signature_of
from sim.engines.handles import Handle
from sim.engines.layout.elimination import schur
from sim.engines.layout.ladders.coupled_ladders import coupled_kernel, coupled_powers_kernel
from sim.engines.layout.partition.block_records import (
    ALL_PASSES,
    ALL_SHARES,
    ELIMINATE,
    INTERFACE,
    PASS,
    POWERS,
    PROCEED,
    SUBSTITUTE,
    SWEEP,
    SWEPT_POWERS,
)
from sim.engines.layout.stepping.passes import parallel_pass, share_pass
from sim.engines.layout.stepping.runge_kutta import proceed
from sim.engines.layout.system import System

_STEP = types.int64, types.float64, types.float64  # which pass, length of the step, slack


def link(
    system: System, held: Handle, walls: Handle, motion: Handle, watch: Handle, threads: int,
    ahead: Sequence[tuple[Any, Any]] = (),
) -> None:  # fmt: skip
    """Compile what a system needs, or load it, and write the addresses into ``System.calls``; the others are 0.

    ``ahead``: other functions that will be called, each with its arguments.
    """
    needed = _needed(system, held, walls, motion, watch, threads)
    compile_ahead([*((function, signature_of(*given)) for function, given in needed.values()), *ahead])
    for number, (function, given) in needed.items():
        system.calls[number] = address_of(function, *given)


def _needed(
    system: System, held: Handle, walls: Handle, motion: Handle, watch: Handle, threads: int
) -> dict[int, tuple[Any, Sequence[Any]]]:  # fmt: skip
    """Functions and what they are called with, by their place in ``System.calls``; what takes longest first."""
    share = types.int64
    needed: dict[int, tuple[Any, Sequence[Any]]] = {
        PASS: (share_pass, (held, walls, motion, *_STEP, share)),
        PROCEED: (proceed, (held, walls, motion, watch)),
        POWERS: (schur.add_powers, (held,)),
        INTERFACE: (schur.solve_interface, (held,)),
    }
    if system.coupled.rails:
        needed[SWEEP] = coupled_kernel(system.coupled.rails), (held, share)
        needed[SWEPT_POWERS] = coupled_powers_kernel(system.coupled.rails), (held,)
    if len(system.single.wall):
        needed[SWEEP] = schur.eliminate_single, (held, share)
    if system.work.chunk_group[-1] > system.work.chunk_group[0]:
        needed[ELIMINATE] = schur.eliminate_rows, (held, share)
        needed[SUBSTITUTE] = schur.substitute_rows, (held, share)
    if threads > 1:
        needed[ALL_PASSES] = parallel_pass, (held, walls, motion, *_STEP)
        needed[ALL_SHARES] = schur.parallel_solution, (held, types.int64)
    return needed
