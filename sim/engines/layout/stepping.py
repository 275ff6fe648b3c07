"""Moving the walls: steps by error control while a wall is under a pillar, jumps from event to event otherwise.

Speeds are linear in the reference potentials, so a Runge-Kutta step (Bogacki and Shampine, 3(2)) combines potentials
and then moves each wall once. Walls at rest against an end of their track are only looked at once a step.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from sim.engines.layout.circuit import solve
from sim.engines.layout.passes import (
    AWAKE,
    CHANGED,
    DRIFT,
    EDGE,
    ERROR,
    FAST,
    FINISH,
    FIRST,
    INSIDE,
    LAST,
    MISSED,
    NEAR,
    PLACE,
    SCAN,
    SPEED,
    STILL,
    WORST,
    parallel_pass,
    set_pillars,
    share_pass,
)  # fmt: skip

RUNNING, REST, LIMIT = range(3)
MISJUDGED = -1.0
# Called from compiled code alone: no wrappers, they double the time to compile.
_inner: Any = partial(njit, cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
_ENERGY_TIME = 50e-9  # s: an error of the energy counts against the present power over this time
_ARRIVED = 1e-5  # time to the last arrival over the time so far: below it one step goes there
_REST_TIME = 1e-15  # s: how exactly the moment of rest is found
_LEAST_STEP = 1e-17  # s: below it a step is accepted as it is


class Motion(NamedTuple):
    """State of a run between steps, all of it; everything else follows from it.

    Attributes:
        s: positions in pillar units.
        trial: positions of the step under way.
        clock: time, next step, last step (s), and how many steps and circuit solutions there were.
        y: reference potentials at the four stages, row 0 now.
        power: powers at the four stages, row 0 now, and those last solved for.
        energy: their integral in J.
        free, speed: 1 for walls that nothing holds, and ds/dt now, of the columns that are awake.
        mean, end: ds/dt used in a pass.
        state, side: of each column, whether passes look at it, and the end that holds all its walls (1 high, −1 low).
        facts: what each share found in its last pass.
        blend: potentials that the next pass uses, two vectors.
    """

    s: np.ndarray
    trial: np.ndarray
    clock: np.ndarray
    y: np.ndarray
    power: np.ndarray
    energy: np.ndarray
    free: np.ndarray
    speed: np.ndarray
    mean: np.ndarray
    end: np.ndarray
    state: np.ndarray
    side: np.ndarray
    facts: np.ndarray
    blend: np.ndarray


def make_motion(s: np.ndarray, references: int, columns: int, shares: int) -> Motion:
    """A motion at time 0 with walls at ``s``; call ``begin`` before ``advance``."""
    walls = len(s)
    return Motion(
        s.copy(), s.copy(), np.zeros(5), np.zeros((4, references)), np.zeros((5, 6)), np.zeros(6),
        np.zeros(walls), np.zeros(walls), np.zeros(walls), np.zeros(walls), np.zeros(columns, np.int64),
        np.zeros(columns, np.int64), np.zeros((shares, 9)), np.zeros((2, references)),
    )  # fmt: skip


# Passes and stages are given as np.int64: a literal would compile the callee once for each value.
@_inner()
def _pass(board, walls, motion, kind, h):
    if len(motion.facts) > 1:
        parallel_pass(board.work, board.bundles, walls, motion, kind, h)
    else:
        share_pass(board.work, board.bundles, walls, motion, kind, h, np.int64(0))
    return motion.facts[:, CHANGED].max() > 0


@_inner()
def _stage(board, motion, stage, changed):
    """Potentials and powers at a stage; those of the last solution when no pillar changed."""
    if changed:
        solve(board, motion.power[4])
        motion.clock[4] += 1
    motion.power[stage] = motion.power[4]
    motion.y[stage] = board.work.ref


@njit(cache=True)
def begin(board, walls, motion):
    """Solve for the walls where they are and find what moves."""
    work = board.work
    set_pillars(
        walls.pillar, work.pillar, work.pillar_group, work.dirty, work.tap, work.tap_siemens, motion.s, 0,
        len(motion.s),
    )  # fmt: skip
    motion.side[:] = 0
    motion.clock[1] = 0.0
    _stage(board, motion, np.int64(0), np.bool_(True))
    _pass(board, walls, motion, np.int64(SCAN), 0.0)


@_inner()
def _jump(board, walls, motion, left, every):
    """Nothing changes until a wall reaches a pillar: go there, or until the last wall arrives (each, for ``every``)."""
    edge, last = motion.facts[:, EDGE].min(), motion.facts[:, LAST].max()
    h = min(edge if edge < np.inf else (last if last > 0 else left), left)
    if every:
        h = min(h, motion.facts[:, FIRST].min())
    changed = _pass(board, walls, motion, np.int64(DRIFT), h)
    motion.energy[:] += h * motion.power[0]
    if changed:
        _stage(board, motion, np.int64(0), np.bool_(True))
    motion.clock[1] = 0.0
    _pass(board, walls, motion, np.int64(SCAN), 0.0)
    return h


@_inner()
def _try(board, walls, motion, h):
    """One Runge-Kutta step; its largest error, or ``MISJUDGED``."""
    y, blend = motion.y, motion.blend
    blend[0] = y[0]
    _stage(board, motion, np.int64(1), _pass(board, walls, motion, np.int64(PLACE), 0.5 * h))
    blend[0] = y[1]
    _stage(board, motion, np.int64(2), _pass(board, walls, motion, np.int64(PLACE), 0.75 * h))
    blend[0] = (2.0 * y[0] + 3.0 * y[1] + 4.0 * y[2]) / 9.0
    blend[1] = (y[0] - 6.0 * y[1] + 8.0 * y[2]) / 3.0
    _stage(board, motion, np.int64(3), _pass(board, walls, motion, np.int64(FINISH), h))
    if motion.facts[:, MISSED].max() > 0:
        return MISJUDGED
    blend[0] = -5.0 / 72.0 * y[0] + y[1] / 12.0 + y[2] / 9.0 - y[3] / 8.0
    _pass(board, walls, motion, np.int64(ERROR), h)
    power = motion.power
    missed, flow = 0.0, 0.0
    for k in range(6):
        missed = max(
            missed, abs(-5.0 / 72.0 * power[0, k] + power[1, k] / 12.0 + power[2, k] / 9.0 - power[3, k] / 8.0)
        )
        flow += power[0, k]
    return max(motion.facts[:, WORST].max(), h * missed / (flow * _ENERGY_TIME) if flow > 0 else 0.0)


@_inner()
def _accept(board, walls, motion, h):
    y, power, blend = motion.y, motion.power, motion.blend
    motion.energy[:] += h / 9.0 * (2.0 * power[0] + 3.0 * power[1] + 4.0 * power[2])
    blend[0], blend[1] = y[0], y[2]
    y[0], power[0] = y[3], power[3]
    if _pass(board, walls, motion, np.int64(SCAN), h):
        _stage(board, motion, np.int64(0), np.bool_(True))
        _pass(board, walls, motion, np.int64(SCAN), 0.0)


@_inner()
def _look_at_all(state):
    for column in range(len(state)):
        if state[column] == AWAKE:
            state[column] = NEAR


@_inner()
def _step(board, walls, motion, left, tolerance, until_rest):
    """One accepted step of at most ``left``; its length. A step in which everything comes to rest ends when it does."""
    moving, resting = 0.0, np.inf  # the moment of rest lies between these step lengths
    speed, edge, last = motion.facts[:, SPEED].max(), motion.facts[:, EDGE].min(), motion.facts[:, LAST].max()
    wanted = motion.clock[1] if motion.clock[1] > 0 else 0.01 / speed
    while True:
        h = min(wanted, 0.5 / speed)
        if 0.1 * h < edge < h:
            h = edge * (1 + 1e-9)
        if 0 < last < h:  # approach the last arrival, so that rest begins where it does and not at the step's end
            h = 0.9 * last if last > _ARRIVED * motion.clock[0] else last * (1 + 1e-9)
        h = min(h, left)
        error = _try(board, walls, motion, h)
        if error == MISJUDGED:  # a wall came under its pillar from farther away than was thought: look at all
            _look_at_all(motion.state)
            continue
        factor = 5.0 if error == 0 else min(5.0, max(0.2, 0.85 * (tolerance / error) ** (1.0 / 3.0)))
        if error <= tolerance or h <= _LEAST_STEP:
            if until_rest and speed < walls.slow:
                if _pass(board, walls, motion, np.int64(STILL), h):
                    moving = h
                else:
                    resting = h
                if resting < np.inf and (h < resting or resting - moving > _REST_TIME):
                    wanted = (moving + resting) / 2 if resting - moving > _REST_TIME else resting
                    continue
            motion.clock[1] = h * factor
            _accept(board, walls, motion, h)
            return h
        wanted = h * min(factor, 0.9)


@njit(cache=True, nogil=True)
def advance(board, walls, motion, steps, until, tolerance, every, until_rest):
    """Take up to ``steps`` steps, not beyond time ``until`` (s): RUNNING, REST or LIMIT.

    Args:
        board: the circuit.
        walls: the walls' constants.
        motion: the state, changed in place.
        steps: accepted steps before returning.
        until: limit of ``motion.clock[0]``.
        tolerance: largest estimated error of a wall in a step, fraction of L.
        every: stop a jump also where a wall reaches the end of its track, so that a trace shows it.
        until_rest: rest begins when every wall is slow; otherwise only when none moves at all.
    """
    for _ in range(steps):
        if motion.facts[:, FAST if until_rest else SPEED].max() == 0:
            return REST
        left = until - motion.clock[0]
        if left <= 0:
            return LIMIT
        if motion.facts[:, INSIDE].sum() == 0:
            h = _jump(board, walls, motion, left, every)
        else:
            h = _step(board, walls, motion, left, tolerance, until_rest)
        motion.clock[0] = until if h >= left else motion.clock[0] + h
        motion.clock[2] = h
        motion.clock[3] += 1
    return RUNNING
