"""Which compiled functions a system's steps call: for its kind of rows, and for one thread or several."""

from __future__ import annotations

from numba import types

from sim.engines.function_pointers import address_of
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


def link(system: System, held: Handle, walls: Handle, motion: Handle, watch: Handle, threads: int) -> None:
    """Compile what a system needs, or load it, and write the addresses into ``System.calls``; the others are 0."""
    calls, share = system.calls, types.int64
    calls[PASS] = address_of(share_pass, held, walls, motion, *_STEP, share)
    calls[PROCEED] = address_of(proceed, held, walls, motion, watch)
    if system.coupled.rails:
        calls[SWEEP] = address_of(coupled_kernel(system.coupled.rails), held, share)
        calls[SWEPT_POWERS] = address_of(coupled_powers_kernel(system.coupled.rails), held)
    if len(system.single.wall):
        calls[SWEEP] = address_of(schur.eliminate_single, held, share)
    if system.work.chunk_group[-1] > system.work.chunk_group[0]:
        calls[ELIMINATE] = address_of(schur.eliminate_rows, held, share)
        calls[SUBSTITUTE] = address_of(schur.substitute_rows, held, share)
    calls[INTERFACE], calls[POWERS] = address_of(schur.solve_interface, held), address_of(schur.add_powers, held)
    if threads > 1:
        calls[ALL_PASSES] = address_of(parallel_pass, held, walls, motion, *_STEP)
        calls[ALL_SHARES] = address_of(schur.parallel_solution, held, types.int64)
