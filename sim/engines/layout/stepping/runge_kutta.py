"""Moving the walls: steps by error control while a wall is under a pillar, jumps from event to event otherwise.

Speeds are linear in the reference potentials, so a Runge-Kutta step (Bogacki and Shampine, 3(2)) combines potentials
and then moves each wall once. Walls at rest against an end of their track are only looked at once a step.
"""

from __future__ import annotations

import numpy as np

from sim.engines.function_pointers import call
from sim.engines.jit_options import outer, plain
from sim.engines.layout.elimination.schur import solve_circuit
from sim.engines.layout.partition.block_records import ALL_PASSES, PASS
from sim.engines.layout.stepping.active_set import ACTIVE, NEAR
from sim.engines.layout.stepping.column import (
    CHANGED,
    DEFERRALS,
    EDGE,
    FAST,
    INSIDE,
    LAST,
    LATE,
    MISSED,
    SPEED,
    WORST,
    set_pillars,
)  # fmt: skip
from sim.engines.layout.stepping.layout_growth import grow
from sim.engines.layout.stepping.passes import (
    ACTIVATE,
    DRIFT,
    ERROR,
    FINISH,
    PLACE,
    SCAN,
    STILL,
)

RUNNING, REST, LIMIT = range(3)
MISJUDGED, RELEASED = -1.0, -2.0  # instead of a step's error
_ARRIVED = 1e-5  # time to the last arrival over the time so far: below it one step goes there
_REST_TIME = 1e-15  # s: how exactly the moment of rest is found
_LEAST_STEP = 1e-17  # s: below it a step is accepted as it is
_ERROR = -5.0 / 72.0, 1.0 / 12.0, 1.0 / 9.0, -1.0 / 8.0  # of the embedded formula, for the four stages
_GROW_EVERY = 2.0  # steps for one that is followed to see what grows: what hangs on rounding hovers for hundreds
_SLACK = 10.0  # times the tolerance: how late a wall is let go at an edge of its pillar


@outer()
def _most(motion, fact):
    most = motion.facts[0, fact]
    for share in range(1, len(motion.facts)):
        most = max(most, motion.facts[share, fact])
    return most


@outer()
def _least(motion, fact):
    least = motion.facts[0, fact]
    for share in range(1, len(motion.facts)):
        least = min(least, motion.facts[share, fact])
    return least


@outer()
def _blend(out, rows, a, b, c, d):
    """``a`` … ``d`` times the values at the four stages."""
    for k in range(len(out)):
        out[k] = a * rows[0, k] + b * rows[1, k] + c * rows[2, k] + d * rows[3, k]


# Passes and stages are given as np.int64: a literal would compile the callee once for each value.
@outer()
def _pass(system, walls, motion, kind, h, slack):
    if system.calls[ALL_PASSES] != 0:
        call(system.calls[ALL_PASSES], system, walls, motion, kind, h, slack)
    else:
        call(system.calls[PASS], system, walls, motion, kind, h, slack, np.int64(0))
    return _most(motion, CHANGED) > 0


@outer()
def _stage(system, motion, stage, changed):
    """Potentials and powers at a stage; those of the last solution when no pillar changed."""
    power, y, ref, solved = motion.power, motion.y, system.work.ref, system.face.power
    if changed:
        solve_circuit(system)
        motion.clock[4] += 1
    for k in range(power.shape[1]):
        power[stage, k] = solved[k]
    for k in range(y.shape[1]):
        y[stage, k] = ref[k]


@plain()
def begin(system, walls, motion):
    """Solve for the walls where they are and find what moves; ``motion`` is new, or as an earlier run left it."""
    work = system.work
    set_pillars(
        walls.pillar, work.pillar, work.pillar_group, work.dirty, work.tap, work.tap_siemens, motion.s, 0,
        len(motion.s),
    )  # fmt: skip
    _stage(system, motion, np.int64(0), np.bool_(True))
    _pass(system, walls, motion, np.int64(SCAN), 0.0, 0.0)


@outer()
def _settle(system, walls, motion):
    """Move the walls of deferred columns to where they are, and look at all; none is deferred then."""
    span = motion.clock[1]
    _pass(system, walls, motion, np.int64(ACTIVATE), 0.0, 0.0)
    motion.clock[1] = 0.0
    _pass(system, walls, motion, np.int64(SCAN), 0.0, 0.0)
    motion.clock[1] = span


@outer()
def _any_deferred(motion):
    return _most(motion, DEFERRALS) > 0


@outer()
def _jump(system, walls, motion, left):
    """Nothing changes until a wall reaches a pillar: go there, or until the last wall arrives."""
    edge, last = _least(motion, EDGE), _most(motion, LAST)
    h = min(edge if edge < np.inf else (last if last > 0 else left), left)
    changed = _pass(system, walls, motion, np.int64(DRIFT), h, 0.0)
    for k in range(len(motion.energy)):
        motion.energy[k] += h * motion.power[0, k]
    if changed:
        _stage(system, motion, np.int64(0), np.bool_(True))
    motion.clock[1] = 0.0
    _pass(system, walls, motion, np.int64(SCAN), 0.0, 0.0)
    return h


@outer()
def _try(system, walls, motion, h, slack):
    """One Runge-Kutta step; its largest error, or why it does not count."""
    y, blend, power = motion.y, motion.blend, motion.power
    _blend(blend[0], y, 1.0, 0.0, 0.0, 0.0)
    _stage(system, motion, np.int64(1), _pass(system, walls, motion, np.int64(PLACE), 0.5 * h, 0.0))
    _blend(blend[0], y, 0.0, 1.0, 0.0, 0.0)
    _stage(system, motion, np.int64(2), _pass(system, walls, motion, np.int64(PLACE), 0.75 * h, 0.0))
    _blend(blend[0], y, 2.0 / 9.0, 3.0 / 9.0, 4.0 / 9.0, 0.0)
    _blend(blend[1], y, 1.0 / 3.0, -2.0, 8.0 / 3.0, 0.0)
    _stage(system, motion, np.int64(3), _pass(system, walls, motion, np.int64(FINISH), h, slack))
    if _most(motion, MISSED) > 0:
        return MISJUDGED
    if _least(motion, LATE) < 1:
        return RELEASED
    _blend(blend[0], y, *_ERROR)
    _pass(system, walls, motion, np.int64(ERROR), h, 0.0)
    missed, flow = 0.0, 0.0
    for k in range(power.shape[1]):
        error = _ERROR[0] * power[0, k] + _ERROR[1] * power[1, k] + _ERROR[2] * power[2, k] + _ERROR[3] * power[3, k]
        missed, flow = max(missed, abs(error)), flow + power[0, k]
    return max(_most(motion, WORST), h * missed / (flow * motion.clock[5]) if flow > 0 else 0.0)


@outer()
def _accept(system, walls, motion, h):
    y, power, blend = motion.y, motion.power, motion.blend
    for k in range(power.shape[1]):
        motion.energy[k] += h / 9.0 * (2.0 * power[0, k] + 3.0 * power[1, k] + 4.0 * power[2, k])
        power[0, k] = power[3, k]
    for k in range(y.shape[1]):
        blend[0, k], blend[1, k], y[0, k] = y[0, k], y[2, k], y[3, k]
    if _pass(system, walls, motion, np.int64(SCAN), h, 0.0):
        _stage(system, motion, np.int64(0), np.bool_(True))
        _pass(system, walls, motion, np.int64(SCAN), 0.0, 0.0)


@outer()
def _look_at_all(state):
    for column in range(len(state)):
        if state[column] == ACTIVE:
            state[column] = NEAR


@outer()
def _length(edge, last, speed, longest, time):
    """Length of a step of at most ``longest``: to the next edge of a pillar, or near the last arrival."""
    h = min(longest, 0.5 / speed)
    if 0.1 * h < edge < h:
        h = edge * (1 + 1e-9)
    if 0 < last < h:  # approach the last arrival, so that rest begins where it does and not at the step's end
        h = 0.9 * last if last > _ARRIVED * time else last * (1 + 1e-9)
    return min(h, longest)


@outer()
def _step(system, walls, motion, left, tolerance, until_rest):
    """One accepted step of at most ``left``; its length. A step in which everything comes to rest ends when it does."""
    moving, resting = 0.0, np.inf  # the moment of rest lies between these step lengths
    edge, last, speed = _least(motion, EDGE), _most(motion, LAST), _most(motion, SPEED)
    wanted = motion.clock[1] if motion.clock[1] > 0 else 0.01 / speed
    following = 0.0  # the next step's length when this one ends where a wall is let go
    while True:
        h = _length(edge, last, speed, min(wanted, left), motion.clock[0])
        error = _try(system, walls, motion, h, _SLACK * tolerance)
        if error == MISJUDGED:  # a wall came under its pillar from farther away than was thought: look at all
            _look_at_all(motion.state)
            continue
        if error == RELEASED and h > _LEAST_STEP:
            following = max(following, h)
            wanted = h * min(_least(motion, LATE), 0.9)
            continue
        factor = 5.0 if error <= 0 else min(5.0, max(0.2, 0.85 * (tolerance / error) ** (1.0 / 3.0)))
        if error <= tolerance or h <= _LEAST_STEP:
            if until_rest and speed < walls.slow:
                if _pass(system, walls, motion, np.int64(STILL), h, 0.0):
                    moving = h
                else:
                    resting = h
                if resting < np.inf and (h < resting or resting - moving > _REST_TIME):
                    wanted = (moving + resting) / 2 if resting - moving > _REST_TIME else resting
                    continue
            motion.clock[1] = max(h * factor, following)
            _accept(system, walls, motion, h)
            return h
        wanted = h * min(factor, 0.9)


@plain(nogil=True)
def advance(system, walls, motion, watch, steps, until, tolerance, until_rest):
    """Take up to ``steps`` steps, not beyond time ``until`` (s): RUNNING, REST or LIMIT.

    Args:
        system: the circuit.
        walls: the walls' constants.
        motion: the state, changed in place.
        watch: with what growth is followed.
        steps: accepted steps before returning.
        until: limit of ``motion.clock[0]``.
        tolerance: largest estimated error of a wall in a step, fraction of L.
        until_rest: rest begins when every wall is slow; otherwise only when none moves at all.
    """
    status = RUNNING
    for _ in range(steps):
        if _most(motion, FAST if until_rest else SPEED) == 0:
            status = REST
            break
        left = until - motion.clock[0]
        if left <= 0:
            status = LIMIT
            break
        still = _most(motion, INSIDE) == 0
        if _any_deferred(motion) and (still or _most(motion, LAST) < motion.clock[1]):
            _settle(system, walls, motion)
        h = _jump(system, walls, motion, left) if still else _step(system, walls, motion, left, tolerance, until_rest)
        if len(watch.soma) > 0 and motion.clock[3] % _GROW_EVERY == 0:
            grow(system, motion, watch, _GROW_EVERY * h)
        motion.clock[0] = until if h >= left else motion.clock[0] + h
        motion.clock[2] = h
        motion.clock[3] += 1
    return status
