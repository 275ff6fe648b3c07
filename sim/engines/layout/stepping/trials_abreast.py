"""Steps of several trials of one plan: each goes its own way, and their circuits are solved together."""

from __future__ import annotations

from sim.engines.function_pointers import call
from sim.engines.handles import handle_at
from sim.engines.jit_options import plain
from sim.engines.layout.elimination.trial_lanes import solve_together
from sim.engines.layout.partition.block_records import PROCEED
from sim.engines.layout.stepping.motion import STATUS
from sim.engines.layout.stepping.runge_kutta import SOLVE, SOLVED, solved
from sim.engines.vector_code import LANES


@plain(nogil=True)
def advance_abreast(table, room, system, walls, motion, watch):
    """Take steps as each trial's ``Motion.course`` asks, until one of them is not to take any: its STATUS says so.

    The others then are at a solution of their circuit, and go on from there in the next call.

    Args:
        table: addresses of each trial's handles of these kinds, shape (trials, 4).
        room: ``LaneRoom``.
        system: handle of any of them.
        walls: likewise.
        motion: likewise.
        watch: likewise.
    """
    while True:
        ended = False
        for trial in range(len(table)):
            moving = handle_at(table[trial, 2], motion)
            if moving.course[STATUS] != SOLVE:
                circuit = handle_at(table[trial, 0], system)
                constants, watching = handle_at(table[trial, 1], walls), handle_at(table[trial, 3], watch)
                call(circuit.calls[PROCEED], circuit, constants, moving, watching)
            if moving.course[STATUS] != SOLVE:
                ended = True
        if ended:
            return
        for first in range(0, len(table), LANES):
            solve_together(table, first, min(first + LANES, len(table)), room, system)
        for trial in range(len(table)):
            moving = handle_at(table[trial, 2], motion)
            solved(moving)
            moving.course[STATUS] = SOLVED
