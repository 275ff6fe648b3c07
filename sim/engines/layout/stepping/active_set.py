"""The active set: which columns passes look at; and the deferred ones, whose walls are moved later.

A column is deferred while all its walls are surely on one course, and surely short of their pillars or past them.
Nothing in the circuit depends on where such walls are, so they are not moved in every step: the integrals of their
column's potentials are kept, and one matrix product moves them when a bound no longer shows that this is enough.
"""

from __future__ import annotations

import numpy as np

from sim.engines.array_views import row_view, view
from sim.engines.jit_options import inner, outer, plain
from sim.engines.layout.stepping.column import DEFERRALS, FAST, LAST, SPEED, shift, travel, travel_range

INACTIVE, ACTIVE, NEAR, DEFERRED = range(4)  # column: all walls held at an end; any; some near a pillar; see above
SINCE, GAP, ROOM, COURSE = range(4)  # of a deferral: its time (s), way to the pillar ahead, to the last end, direction
_MARGIN = 2.0  # times the way of the next step: nearer to a pillar is near


@inner()
def _oriented(course, least, most):
    return (least, most) if course > 0 else (-most, -least)


@inner()
def is_near(gap, top, span):
    """Whether a wall at distance ``gap`` may come under its pillar in a step of length ``span``."""
    return gap <= _MARGIN * top * span


@outer()
def begins_deferral(work, bundles, walls, motion, bundle, y, gap, room):
    """Defer a column when bounds allow it; ``y`` are its potentials, ``gap`` and ``room`` as in ``Motion``."""
    begin, span = bundles.ref_first[bundle], motion.clock[1]
    least, most = travel_range(work.bound, begin, y, work.leak_bound[bundle], 1.0)
    course = 1.0 if least > 0 else -1.0
    slowest, fastest = _oriented(course, least, most)
    if slowest <= walls.slow or is_near(gap, fastest, span):
        return False
    deferral = motion.deferral[bundle]
    deferral[SINCE], deferral[GAP], deferral[ROOM], deferral[COURSE] = 0.0, gap, room, course
    for k in range(begin, begin + len(y)):
        motion.impulse[k] = 0.0
    motion.state[bundle] = DEFERRED
    return True


@outer()
def stays_deferred(work, bundles, motion, bundle, h):
    """Whether a deferred column surely keeps its course and does not meet a pillar in a step of length ``h``.

    Its part of ``here`` holds the step's mean potentials and those at its end.
    """
    begin, end, here = bundles.ref_first[bundle], bundles.ref_first[bundle + 1], work.here
    deferral = motion.deferral[bundle]
    leak, course = work.leak_bound[bundle], deferral[COURSE]
    for row in range(2):
        least, most = travel_range(work.bound, begin, row_view(here, row, begin, end), leak, 1.0)
        if _oriented(course, least, most)[0] <= 0:
            return False
    for k in range(begin, end):
        here[2, k] = motion.impulse[k] + h * here[0, k]
    least, most = travel_range(work.bound, begin, row_view(here, 2, begin, end), leak, deferral[SINCE] + h)
    return _oriented(course, least, most)[1] < deferral[GAP]


@inner()
def add_step(bundles, motion, bundle, h):
    """Add the step just accepted (``blend``: its mean potentials) to a deferred column's way."""
    for k in range(bundles.ref_first[bundle], bundles.ref_first[bundle + 1]):
        motion.impulse[k] += h * motion.blend[0, bundles.ref[k]]
    motion.deferral[bundle, SINCE] += h


@outer()
def goes_on_deferred(work, bundles, walls, motion, bundle, y, facts):
    """Whether a column stays deferred in the next step, for its potentials ``y``; if so, what it adds to facts."""
    begin, leak, deferral = bundles.ref_first[bundle], work.leak_bound[bundle], motion.deferral[bundle]
    least, most = travel_range(work.bound, begin, y, leak, 1.0)
    slowest, fastest = _oriented(deferral[COURSE], least, most)
    least, most = travel_range(work.bound, begin, view(motion.impulse, begin, begin + len(y)), leak, deferral[SINCE])
    farthest = _oriented(deferral[COURSE], least, most)[1]
    room = deferral[ROOM] - farthest
    if slowest <= walls.slow or room <= 0 or is_near(deferral[GAP] - farthest, fastest, motion.clock[1]):
        return False
    facts[FAST] += 1
    facts[DEFERRALS] += 1
    facts[SPEED], facts[LAST] = max(facts[SPEED], fastest), max(facts[LAST], room / fastest)  # LAST: at least so late
    return True


@outer()
def put(work, bundles, walls, motion, bundle, s):
    """Write where the walls of a deferred column are into ``s``, which holds where they were when that began."""
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
    rate = view(work.rate, bundles.siemens_first[bundle], bundles.siemens_first[bundle + 1])
    way = view(motion.mean, first, last)
    travel(way, rate, view(motion.impulse, begin, end), view(walls.leak, first, last), motion.deferral[bundle, SINCE])
    shift(view(s, first, last), way, view(walls.low, first, last), view(walls.high, first, last))


@outer()
def activate(work, bundles, walls, motion, bundle):
    """Put the walls of a deferred column where they are, and let passes look at them."""
    put(work, bundles, walls, motion, bundle, motion.s)
    motion.state[bundle] = ACTIVE


@plain()
def places(system, walls, motion):
    """Where all walls are, as ``Motion.s`` would say if no column was deferred; changes nothing."""
    s = motion.s.copy()
    for bundle in range(len(motion.state)):
        if motion.state[bundle] == DEFERRED:
            put(system.work, system.bundles, walls, motion, bundle, s)
    return s


@plain()
def speeds(system, walls, potential):
    """How fast walls are for some potentials, as if no end held them, in pillar widths per second."""
    bundles, work = system.bundles, system.work
    speed = np.empty(len(walls.leak))
    for bundle in range(len(bundles.first) - 1):
        first, last = bundles.first[bundle], bundles.first[bundle + 1]
        begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
        y = np.empty(end - begin)
        for k in range(begin, end):
            y[k - begin] = potential[bundles.ref[k]]
        rate = view(work.rate, bundles.siemens_first[bundle], bundles.siemens_first[bundle + 1])
        travel(view(speed, first, last), rate, y, view(walls.leak, first, last), 1.0)
    return speed
