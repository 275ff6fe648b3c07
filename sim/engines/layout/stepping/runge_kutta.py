"""Moving the walls: steps by error control while a wall is under a pillar, jumps from event to event otherwise.

Speeds are linear in the reference potentials, so a Runge-Kutta step combines potentials and then moves each wall once.
The pair is the 4(3) of Sofroniou and Spaletta (Math. Comput. Model. 40, 1157, 2004): its last stage is the next first.
Walls at rest against an end of their track are only looked at once a step.

``proceed`` returns wherever a solution of the circuit is needed, so that whoever calls it may solve several trials'
circuits at once; ``Motion.course`` says where a step goes on.
"""

from __future__ import annotations

import numpy as np

from sim.engines.function_pointers import call
from sim.engines.jit_options import kernel, outer, plain
from sim.engines.layout.elimination.schur import solve_circuit
from sim.engines.layout.partition.block_records import ALL_PASSES, PASS, PROCEED
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
from sim.engines.layout.stepping.motion import (
    AT,
    FOLLOWING,
    LEFT,
    LENGTH,
    MOVING,
    RESTING,
    STALE,
    STATUS,
    STEPS,
    TOLERANCE,
    UNTIL,
    UNTIL_REST,
    WANTED,
)  # fmt: skip
from sim.engines.layout.stepping.passes import (
    ACTIVATE,
    DRIFT,
    ERROR,
    FINISH,
    PLACE,
    SCAN,
    STILL,
)

RUNNING, REST, LIMIT, SOLVE, SOLVED = range(5)  # SOLVE: the circuit has to be solved; SOLVED: it has been
_BEGIN, _FIRST, _SECOND, _THIRD, _LAST, _ACCEPTED, _JUMPED, _END = range(8)  # where a step goes on
_ARRIVED = 1e-5  # time to the last arrival over the time so far: below it one step goes there
_REST_TIME = 1e-15  # s: how exactly the moment of rest is found
_LEAST_STEP = 1e-17  # s: below it a step is accepted as it is
_AT_SECOND = -1.0 / 4.0, 5.0 / 4.0, 0.0, 0.0, 0.0  # weights of the stages, for the way to a stage as shares of it
_AT_THIRD = 19.0 / 44.0, -15.0 / 44.0, 10.0 / 11.0, 0.0, 0.0
_STEP = 11.0 / 72.0, 25.0 / 72.0, 25.0 / 72.0, 11.0 / 72.0, 0.0
# The parabola in time of which the integrals up to any moment are right to the third order, half-way and at the end.
_MIDDLE = -1.0 / 24.0, 5.0 / 8.0, 5.0 / 12.0, 0.0, 0.0
_END_OF_STEP = 1.0 / 12.0, -5.0 / 12.0, 5.0 / 12.0, 11.0 / 12.0, 0.0
_MISS = 119041.0 / 747576.0  # the formulas differ by so much of what lies between that end and the last stage
_ERROR = _MISS / 12.0, -5.0 * _MISS / 12.0, 5.0 * _MISS / 12.0, 11.0 * _MISS / 12.0, -_MISS
_FRACTION = np.array([0.0, 0.4, 0.6, 1.0])  # of a step, by stage
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
def _blend(out, rows, weights):
    """The values at the five stages, weighted."""
    a, b, c, d, e = weights
    for k in range(len(out)):
        out[k] = a * rows[0, k] + b * rows[1, k] + c * rows[2, k] + d * rows[3, k] + e * rows[4, k]


# Passes and stages are given as np.int64: a literal would compile the callee once for each value.
@outer()
def _pass(system, walls, motion, kind, h, slack):
    if system.calls[ALL_PASSES] != 0:
        call(system.calls[ALL_PASSES], system, walls, motion, kind, h, slack)
    else:
        call(system.calls[PASS], system, walls, motion, kind, h, slack, np.int64(0))
    return _most(motion, CHANGED) > 0


@outer()
def _change(system, walls, motion, kind, h, slack):
    """A pass that moves pillars: whether the last solution is not that of their places any more."""
    if _pass(system, walls, motion, kind, h, slack):
        motion.course[STALE] = 1.0


@outer()
def _store(system, motion, stage):
    """Potentials and powers of the last solution as those of a stage."""
    power, y, ref, solved = motion.power, motion.y, system.work.ref, system.face.power
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
        len(motion.s), False,
    )  # fmt: skip
    solve_circuit(system)
    motion.clock[4] += 1
    _store(system, motion, np.int64(0))
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
def _next(motion):
    """Whether another step is to be taken (SOLVED), or why not."""
    course = motion.course
    if course[STEPS] == 0:
        return RUNNING
    if _most(motion, FAST if course[UNTIL_REST] > 0 else SPEED) == 0:
        return REST
    course[LEFT] = course[UNTIL] - motion.clock[0]
    return LIMIT if course[LEFT] <= 0 else SOLVED


@outer()
def _begin_step(system, walls, motion):
    """Begin a jump to the next event where no wall is under its pillar, else a Runge-Kutta step."""
    course = motion.course
    still = _most(motion, INSIDE) == 0
    if _any_deferred(motion) and (still or _most(motion, LAST) < motion.clock[1]):
        _settle(system, walls, motion)
    if still:
        _jump(system, walls, motion)
        return
    speed = _most(motion, SPEED)
    course[MOVING], course[RESTING], course[FOLLOWING] = 0.0, np.inf, 0.0
    course[WANTED] = motion.clock[1] if motion.clock[1] > 0 else 0.01 / speed
    _begin_try(system, walls, motion)


@outer()
def _jump(system, walls, motion):
    """Nothing changes until a wall reaches a pillar: go there, or until the last wall arrives.

    That one may come first: a wall so slow that it counts as at rest has a pillar ahead too.
    """
    course = motion.course
    edge, last = _least(motion, EDGE), _most(motion, LAST)
    h = min(edge, last if last > 0 else np.inf, course[LEFT])
    _change(system, walls, motion, np.int64(DRIFT), h, 0.0)
    for k in range(len(motion.energy)):
        motion.energy[k] += h * motion.power[0, k]
    course[LENGTH], course[AT] = h, _JUMPED


@outer()
def _begin_try(system, walls, motion):
    """Begin a Runge-Kutta step of at most the wanted length."""
    course = motion.course
    edge, last, speed = _least(motion, EDGE), _most(motion, LAST), _most(motion, SPEED)
    h = _length(edge, last, speed, min(course[WANTED], course[LEFT]), motion.clock[0])
    y, blend = motion.y, motion.blend
    for k in range(y.shape[1]):
        blend[0, k] = y[0, k]
    _change(system, walls, motion, np.int64(PLACE), h, _FRACTION[_FIRST])
    course[LENGTH], course[AT] = h, _FIRST


@outer()
def _error(system, walls, motion):
    """The largest error of a step, of a wall or of the energy; ``blend`` keeps what ``_accept`` needs."""
    y, power, h = motion.y, motion.power, motion.course[LENGTH]
    _blend(motion.blend[0], y, _ERROR)
    _pass(system, walls, motion, np.int64(ERROR), h, 0.0)
    missed, flow = 0.0, 0.0
    for k in range(power.shape[1]):
        error = 0.0
        for stage in range(len(_ERROR)):
            error += _ERROR[stage] * power[stage, k]
        missed, flow = max(missed, abs(error)), flow + power[0, k]
    return max(_most(motion, WORST), h * missed / (flow * motion.clock[5]) if flow > 0 else 0.0)


@outer()
def _first_stages(system, walls, motion, at):
    """Go on behind a solution of a step that is not its last."""
    course, y, blend = motion.course, motion.y, motion.blend
    _store(system, motion, np.int64(at))
    if at != _THIRD:
        _blend(blend[0], y, _AT_SECOND if at == _FIRST else _AT_THIRD)
        _change(system, walls, motion, np.int64(PLACE), course[LENGTH], _FRACTION[at + 1])
        course[AT] = at + 1
        return
    _blend(blend[0], y, _STEP)
    _blend(blend[1], y, _MIDDLE)
    _blend(blend[2], y, _END_OF_STEP)
    _change(system, walls, motion, np.int64(FINISH), course[LENGTH], _SLACK * course[TOLERANCE])
    course[AT] = _LAST
    if _again_at_once(motion):
        _begin_try(system, walls, motion)


@outer()
def _again_at_once(motion):
    """Whether the step does not count whatever its last solution is; then how long the next try is to be."""
    course, h = motion.course, motion.course[LENGTH]
    if _most(motion, MISSED) > 0:  # a wall came under its pillar from farther away than was thought: look at all
        _look_at_all(motion.state)
        return True
    late = _least(motion, LATE)
    if late < 1 and h > _LEAST_STEP:  # a wall is let go at an edge of its pillar
        course[FOLLOWING], course[WANTED] = max(course[FOLLOWING], h), h * min(late, 0.9)
        return True
    return False


@outer()
def _last_stage(system, walls, motion):
    """Judge a step by its last solution: accept it, or begin another try."""
    course, h, tolerance = motion.course, motion.course[LENGTH], motion.course[TOLERANCE]
    _store(system, motion, np.int64(_LAST))
    error = 0.0 if _least(motion, LATE) < 1 else _error(system, walls, motion)
    factor = 5.0 if error <= 0 else min(5.0, max(0.2, 0.85 * (tolerance / error) ** (1.0 / 4.0)))
    if error > tolerance and h > _LEAST_STEP:
        course[WANTED] = h * min(factor, 0.9)
        _begin_try(system, walls, motion)
    elif course[UNTIL_REST] > 0 and _most(motion, SPEED) < walls.slow and not _at_moment_of_rest(system, walls, motion):
        _begin_try(system, walls, motion)
    else:
        motion.clock[1] = max(h * factor, course[FOLLOWING])
        _accept(system, walls, motion, h)


@outer()
def _at_moment_of_rest(system, walls, motion):
    """Whether a step ends before all is at rest, or when it begins to; else the next try is nearer to that moment."""
    course, h = motion.course, motion.course[LENGTH]
    if _pass(system, walls, motion, np.int64(STILL), h, 0.0):
        course[MOVING] = h
    else:
        course[RESTING] = h
    moving, resting = course[MOVING], course[RESTING]
    if resting < np.inf and (h < resting or resting - moving > _REST_TIME):
        course[WANTED] = (moving + resting) / 2 if resting - moving > _REST_TIME else resting
        return False
    return True


@outer()
def _accept(system, walls, motion, h):
    y, power, blend = motion.y, motion.power, motion.blend
    for k in range(power.shape[1]):
        for stage in range(len(_STEP)):
            motion.energy[k] += h * _STEP[stage] * power[stage, k]
        power[0, k] = power[4, k]
    _blend(blend[0], y, _STEP)
    for k in range(y.shape[1]):
        blend[2, k], y[0, k] = y[0, k], y[4, k]
    _change(system, walls, motion, np.int64(SCAN), h, 0.0)
    if motion.course[STALE] > 0:
        motion.course[AT] = _ACCEPTED
    else:
        motion.course[AT] = _END


@outer()
def _look_anew(system, walls, motion, jumped):
    """Look at all walls after a solution at the beginning of a step."""
    _store(system, motion, np.int64(0))
    if jumped:
        motion.clock[1] = 0.0
    _pass(system, walls, motion, np.int64(SCAN), 0.0, 0.0)
    motion.course[AT] = _END


@outer()
def _end_step(system, motion, watch):
    course, h = motion.course, motion.course[LENGTH]
    if len(watch.soma) > 0:
        grow(system, motion, watch, h)
    motion.clock[0] = course[UNTIL] if h >= course[LEFT] else motion.clock[0] + h
    motion.clock[2] = h
    motion.clock[3] += 1
    course[STEPS] -= 1
    course[AT] = _BEGIN


@kernel()
def proceed(system, walls, motion, watch):
    """Take steps until the circuit has to be solved (SOLVE), or none is to be taken: see ``Motion.course``."""
    course = motion.course
    while course[STALE] == 0:
        at = course[AT]
        if at == _BEGIN:
            course[STATUS] = _next(motion)
            if course[STATUS] != SOLVED:
                return
            _begin_step(system, walls, motion)
        elif at in (_FIRST, _SECOND, _THIRD):
            _first_stages(system, walls, motion, np.int64(at))
        elif at == _LAST:
            _last_stage(system, walls, motion)
        elif at == _END:
            _end_step(system, motion, watch)
        else:
            _look_anew(system, walls, motion, at == _JUMPED)
    course[STATUS] = SOLVE


@outer()
def solved(motion):
    """Note that the circuit has been solved for the pillars as they are."""
    motion.course[STALE] = 0.0
    motion.clock[4] += 1


@plain(nogil=True)
def advance(system, walls, motion, watch):
    """Take steps as ``Motion.course`` asks; afterwards it says RUNNING, REST or LIMIT.

    Args:
        system: the circuit.
        walls: the walls' constants.
        motion: the state, changed in place.
        watch: with what growth is followed.
    """
    while True:
        call(system.calls[PROCEED], system, walls, motion, watch)
        if motion.course[STATUS] != SOLVE:
            return
        solve_circuit(system)
        solved(motion)
