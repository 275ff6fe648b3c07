"""Passes over the walls of a share, column by column: their speeds, their pillars, their places, what they will meet.

Columns whose walls all rest against one end, and that their drive surely keeps there, are inactive: no pass looks at
them. Deferred ones are only checked. A pass is called by number, so that one compiled function serves them all.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from sim.engines.array_views import row_view, view
from sim.engines.function_pointers import call
from sim.engines.jit_options import inner, kernel, outer, parallel_kernel
from sim.engines.layout.partition.block_records import PASS
from sim.engines.layout.stepping.active_set import (
    ACTIVE,
    DEFERRED,
    INACTIVE,
    NEAR,
    activate,
    add_step,
    begins_deferral,
    goes_on_deferred,
    is_near,
    stays_deferred,
)  # fmt: skip
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
    any_fast,
    bend,
    gather,
    largest,
    largest_moving,
    move,
    set_free,
    set_pillars,
    travel,
    travel_range,
)
from sim.engines.layout.stepping.events import late_release, leave, look_ahead, snap, turn_free

PLACE, FINISH, ERROR, STILL, SCAN, DRIFT, ACTIVATE = range(7)  # the passes


@outer()
def _pillars(work, walls, s, first, last, bent):
    return set_pillars(
        walls.pillar, work.pillar, work.pillar_group, work.dirty, work.tap, work.tap_siemens, s, first, last, bent,
    )  # fmt: skip


@outer()
def _travel(work, bundles, walls, bundle, row, span, out):
    """``travel`` of a column for the potentials in a row of ``here``, into its part of ``out``."""
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
    rate = view(work.rate, bundles.siemens_first[bundle], bundles.siemens_first[bundle + 1])
    travel(view(out, first, last), rate, row_view(work.here, row, begin, end), view(walls.leak, first, last), span)


@inner()
def _held(work, bundles, motion, bundle, row):
    """Whether the potentials in ``here`` surely keep every wall of a column at its end: the rates' bounds say so."""
    begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
    least, most = travel_range(work.bound, begin, row_view(work.here, row, begin, end), work.leak_bound[bundle], 1.0)
    return least > 0 if motion.side[bundle] > 0 else most < 0


@inner()
def _one_way(work, bundles, bundle, row, other):
    """Whether two sets of potentials in ``here`` surely drive every wall of a column the same way."""
    begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
    leak = work.leak_bound[bundle]
    least, most = travel_range(work.bound, begin, row_view(work.here, row, begin, end), leak, 1.0)
    least_too, most_too = travel_range(work.bound, begin, row_view(work.here, other, begin, end), leak, 1.0)
    return (least > 0 and least_too > 0) or (most < 0 and most_too < 0)


@outer()
def _place(work, bundles, walls, motion, bundle, h):
    """Trial positions of a column for the potentials in ``blend``."""
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
    gather(bundles.ref, motion.blend[0], work.here[0], begin, end)
    _travel(work, bundles, walls, bundle, 0, 1.0, motion.mean)
    move(
        view(motion.trial, first, last),
        view(motion.s, first, last),
        view(motion.mean, first, last),
        view(motion.free, first, last),
        view(walls.low, first, last),
        view(walls.high, first, last),
        h,
    )


@outer()
def _start(work, bundles, walls, motion, bundle, row):
    """Speeds of a column for the potentials in a row of ``here``, and which of its walls are free."""
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    _travel(work, bundles, walls, bundle, row, 1.0, motion.speed)
    motion.side[bundle] = set_free(
        view(motion.free, first, last),
        view(motion.speed, first, last),
        view(motion.s, first, last),
        view(walls.low, first, last),
        view(walls.high, first, last),
    )


@outer()
def _turns(work, bundles, walls, motion, bundle, h, slack):
    """Mend the walls that turn at an end of their track in the step; how much of it they allow (see the callee)."""
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    rate = view(work.rate, bundles.siemens_first[bundle], bundles.siemens_first[bundle + 1])
    begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
    leak = view(walls.leak, first, last)
    s, low, high, free = (
        view(motion.s, first, last),
        view(walls.low, first, last),
        view(walls.high, first, last),
        view(motion.free, first, last),
    )
    _travel(work, bundles, walls, bundle, 1, 1.0, motion.end)
    gather(bundles.ref, motion.blend[1], work.here[2], begin, end)
    turn_free(
        view(motion.trial, first, last),
        s,
        view(motion.speed, first, last),
        view(motion.end, first, last),
        free,
        low,
        high,
        rate,
        row_view(work.here, 2, begin, end),
        leak,
        h,
    )
    return late_release(
        view(motion.speed, first, last),
        view(motion.end, first, last),
        s,
        free,
        low,
        high,
        view(walls.share, first, last),
        h,
        slack,
    )


@outer()
def _finish(work, bundles, walls, motion, bundle, h, slack, facts):
    """Positions of a column at the end of the step; ``blend``: mean potentials, half-way, at the end."""
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
    gather(bundles.ref, motion.blend[2], work.here[1], begin, end)
    if motion.state[bundle] == INACTIVE:
        if not walls.pressed or _held(work, bundles, motion, bundle, 1):
            return
        motion.state[bundle] = ACTIVE
        gather(bundles.ref, motion.y[0], work.here[2], begin, end)
        _start(work, bundles, walls, motion, bundle, 2)
    elif motion.state[bundle] == DEFERRED:
        gather(bundles.ref, motion.blend[0], work.here[0], begin, end)
        if stays_deferred(work, bundles, motion, bundle, h):
            return
        activate(work, bundles, walls, motion, bundle)
        gather(bundles.ref, motion.y[0], work.here[2], begin, end)
        _start(work, bundles, walls, motion, bundle, 2)
    _place(work, bundles, walls, motion, bundle, h)
    gather(bundles.ref, motion.y[0], work.here[2], begin, end)
    if not _one_way(work, bundles, bundle, 1, 2):
        facts[LATE] = min(facts[LATE], _turns(work, bundles, walls, motion, bundle, h, slack))
    if _pillars(work, walls, motion.trial, first, last, False):
        facts[CHANGED] = 1.0
        if motion.state[bundle] != NEAR:
            facts[MISSED] = 1.0


@outer()
def _error(work, bundles, walls, motion, bundle, h, facts):
    """Largest estimated error of a column's walls in the step, fraction of L, into ``facts`` when it may exceed it."""
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
    gather(bundles.ref, motion.blend[0], work.here[0], begin, end)
    least, most = travel_range(work.bound, begin, row_view(work.here, 0, begin, end), work.leak_bound[bundle], 0.0)
    if h * max(-least, most) * work.most_share[bundle] <= facts[WORST]:
        return
    gather(bundles.ref, motion.y[4], work.here[1], begin, end)
    inactive = motion.state[bundle] == INACTIVE
    if inactive and _held(work, bundles, motion, bundle, 1):
        return
    _travel(work, bundles, walls, bundle, 0, 0.0, motion.mean)
    share, speed = view(walls.share, first, last), view(motion.mean, first, last)
    if motion.state[bundle] == DEFERRED:
        worst = largest(speed, share)
    else:
        _travel(work, bundles, walls, bundle, 1, 1.0, motion.end)
        trial = view(motion.s, first, last) if inactive else view(motion.trial, first, last)
        low, high, pace = view(walls.low, first, last), view(walls.high, first, last), view(motion.end, first, last)
        worst = largest_moving(trial, low, high, pace, speed, share)
    facts[WORST] = max(facts[WORST], h * worst)


@outer()
def _goes_on(work, bundles, walls, motion, bundle):
    """Whether a wall of a column is still moving at the end of the step, for the potentials found there."""
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
    gather(bundles.ref, motion.y[4], work.here[0], begin, end)
    if motion.side[bundle] != 0 and _held(work, bundles, motion, bundle, 0):
        return False
    _travel(work, bundles, walls, bundle, 0, 1.0, motion.mean)
    trial = view(motion.trial, first, last) if motion.state[bundle] != INACTIVE else view(motion.s, first, last)
    return any_fast(
        trial,
        view(walls.low, first, last),
        view(walls.high, first, last),
        view(motion.mean, first, last),
        view(walls.still, first, last),
    )


@outer()
def _drift(walls, motion, first, last, h):
    """Move every free wall of a column at its constant speed."""
    s, speed, low, high = (
        view(motion.s, first, last),
        view(motion.speed, first, last),
        view(walls.low, first, last),
        view(walls.high, first, last),
    )
    move(s, s, speed, view(motion.free, first, last), low, high, h)
    snap(s, speed, low, high)


@outer()
def _let_go(work, bundles, walls, motion, bundle, h):
    """Move the walls of a column that left an end of their track in the step just taken; whether pillars changed."""
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    rate = view(work.rate, bundles.siemens_first[bundle], bundles.siemens_first[bundle + 1])
    begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
    gather(bundles.ref, motion.blend[2], work.here[1], begin, end)
    if _one_way(work, bundles, bundle, 0, 1):
        return False
    gather(bundles.ref, motion.blend[1], work.here[2], begin, end)
    left = leave(
        view(motion.s, first, last),
        view(motion.free, first, last),
        view(motion.speed, first, last),
        view(walls.low, first, last),
        view(walls.high, first, last),
        rate,
        row_view(work.here, 1, begin, end),
        row_view(work.here, 2, begin, end),
        view(walls.leak, first, last),
        h,
    )
    return left and _pillars(work, walls, motion.s, first, last, False)


@outer()
def _settled(work, bundles, walls, motion, bundle, h, facts):
    """Whether nobody needs to look at a column's walls; if so, it is inactive or deferred. ``here``: potentials now."""
    begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
    if motion.side[bundle] != 0 and _held(work, bundles, motion, bundle, 0):
        motion.state[bundle] = INACTIVE
        return True
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    if motion.state[bundle] == DEFERRED:
        if h > 0:
            add_step(bundles, motion, bundle, h)
        if goes_on_deferred(work, bundles, walls, motion, bundle, row_view(work.here, 0, begin, end), facts):
            return True
        activate(work, bundles, walls, motion, bundle)
    elif h > 0 and motion.state[bundle] != INACTIVE:
        for wall in range(first, last):  # a slice would be copied first
            motion.s[wall] = motion.trial[wall]
    return False


@outer()
def _scan(work, bundles, walls, motion, bundle, h, facts):
    """Find what a column's walls will do; ``h`` > 0 is the step just taken, in which some may have left their end."""
    begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
    gather(bundles.ref, motion.y[0], work.here[0], begin, end)
    if _settled(work, bundles, walls, motion, bundle, h, facts):
        return
    _start(work, bundles, walls, motion, bundle, 0)
    side, span = motion.side[bundle], motion.clock[1]
    if h > 0 and side == 0 and _let_go(work, bundles, walls, motion, bundle, h):
        facts[CHANGED] = 1.0
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    top, gap, gap_ahead, far = look_ahead(
        facts,
        view(motion.free, first, last),
        view(motion.speed, first, last),
        view(motion.s, first, last),
        view(walls.low, first, last),
        view(walls.high, first, last),
        view(walls.still, first, last),
    )
    y = row_view(work.here, 0, begin, end)
    if span > 0 and side == 0 and begins_deferral(work, bundles, walls, motion, bundle, y, gap_ahead, far):
        facts[DEFERRALS] += 1
        return
    motion.state[bundle] = NEAR if span == 0 or is_near(gap, top, span) else ACTIVE


@inner()
def _begin_pass(facts, kind):
    facts[CHANGED] = facts[MISSED] = facts[WORST] = 0.0
    facts[LATE] = 2.0
    if kind == SCAN:
        facts[EDGE] = np.inf
        facts[LAST] = facts[SPEED] = facts[INSIDE] = facts[FAST] = facts[DEFERRALS] = 0.0


@inner()
def _step_column(work, bundles, walls, motion, kind, h, slack, bundle, facts):
    """A pass other than SCAN over one column; ``slack``: for PLACE the part of the step after which."""
    first, last, state = bundles.first[bundle], bundles.first[bundle + 1], motion.state[bundle]
    if kind == ERROR:
        _error(work, bundles, walls, motion, bundle, h, facts)
    elif kind == PLACE and state == NEAR:
        _place(work, bundles, walls, motion, bundle, slack * h)
        bend(
            view(motion.trial, first, last),
            view(motion.s, first, last),
            view(motion.speed, first, last),
            view(motion.free, first, last),
            h,
            slack,
        )
        if _pillars(work, walls, motion.trial, first, last, True):
            facts[CHANGED] = 1.0
    elif kind == FINISH:
        _finish(work, bundles, walls, motion, bundle, h, slack, facts)
    elif kind == STILL:
        if facts[CHANGED] == 0 and _goes_on(work, bundles, walls, motion, bundle):
            facts[CHANGED] = 1.0
    elif kind == DRIFT and state != INACTIVE:
        _drift(walls, motion, first, last, h)
        if _pillars(work, walls, motion.s, first, last, False):
            facts[CHANGED] = 1.0
    elif kind == ACTIVATE and state == DEFERRED:
        activate(work, bundles, walls, motion, bundle)


@kernel()
def share_pass(system, walls, motion, kind, h, slack, share):
    """One pass over the columns of a share."""
    work, bundles, facts = system.work, system.bundles, motion.facts[share]
    _begin_pass(facts, kind)
    for bundle in range(work.chunk_bundle[share], work.chunk_bundle[share + 1]):
        if kind == SCAN:
            _scan(work, bundles, walls, motion, bundle, h, facts)
        else:
            _step_column(work, bundles, walls, motion, kind, h, slack, bundle, facts)


@parallel_kernel()
def parallel_pass(system, walls, motion, kind, h, slack):
    """One pass over all columns, a share a thread."""
    for share in prange(len(system.work.chunk_bundle) - 1):
        call(system.calls[PASS], system, walls, motion, kind, h, slack, np.int64(share))
