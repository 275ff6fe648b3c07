"""Passes over the walls of a share, column by column: their speeds, their pillars, their places, what they will meet.

Columns whose walls all rest against one end, and that their drive surely keeps there, sleep: no pass looks at them.
A pass is called by number, so that one compiled function serves them all.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numba import njit, prange

PLACE, FINISH, ERROR, STILL, SCAN, DRIFT = range(6)  # the passes
FAST, INSIDE, EDGE, FIRST, LAST, SPEED, WORST, CHANGED, MISSED = range(9)  # facts a pass reports
_ROUNDING = 1e-12  # pillar widths: what rounding may leave of a way
AWAKE, NEAR = 1, 2  # states of a column: some wall may move; some may be under its pillar in the next step; 0: asleep

# Called from compiled code alone: no wrappers, they double the time to compile. Nothing here divides by zero, and
# nothing allocates: arrays then need no reference counts.
_inner: Any = partial(
    njit, cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, error_model="numpy", fastmath={"contract"},
    _nrt=False,
)  # fmt: skip
_parallel: Any = partial(njit, cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, parallel=True)


# Loops run over plain arrays that are arguments, cut to a column: only then does a processor do several walls at once.


@_inner()
def _speeds(out, rate, y, leak):
    """Speed of every wall of a column, ``rate`` of shape (references · walls,), for potentials ``y``."""
    walls = len(out)
    for i in range(walls):
        out[i] = leak[i]
    for k in range(len(y)):
        pace, potential = rate[k * walls : (k + 1) * walls], y[k]
        for i in range(walls):
            out[i] += pace[i] * potential


@_inner()
def _gather(ref, y, here, first, last):
    """Potentials of a column's references, in its part of ``here``."""
    for k in range(first, last):
        here[k] = y[ref[k]]


@_inner()
def set_pillars(constants, pillar, group, dirty, taps, tap_siemens, s, first, last):
    """Bring the pillars of some walls up to date; whether any changed."""
    changed = False
    for wall in range(first, last):
        fraction = min(max(s[wall], 0.0), 1.0)
        if fraction != pillar[0, wall]:
            changed = True
            ohm = 1.0 / (constants[wall, 0] + fraction * constants[wall, 1])
            siemens = 1.0 / (ohm + constants[wall, 2])
            pillar[0, wall], pillar[1, wall], pillar[2, wall] = fraction, ohm, siemens
            if group[wall] >= 0:
                dirty[group[wall]] = True
            tap = taps[wall]
            if tap >= 0:
                tap_siemens[tap] = siemens
    return changed


@_inner()
def _pillars(work, walls, s, first, last):
    return set_pillars(
        walls.pillar, work.pillar, work.pillar_group, work.dirty, work.tap, work.tap_siemens, s, first, last,
    )  # fmt: skip


@_inner()
def _moved(trial, s, speed, free, low, high, h):
    for i in range(len(s)):
        trial[i] = min(max(s[i] + h * (speed[i] * free[i]), low[i]), high[i])


@_inner()
def _after_turn(start, middle, at, end):
    """Root of the speed's parabola (through 0, ``at`` and 1 of the step), and its integrals up to there and after."""
    bend = ((middle - start) - at * (end - start)) / (at * at - at)
    slope = end - start - bend
    left, right = 0.0, 1.0
    for _ in range(60):
        root = 0.5 * (left + right)
        if (start + root * (slope + root * bend) > 0) == (end > 0):
            right = root
        else:
            left = root
    root = 0.5 * (left + right)
    before = root * (start + root * (slope / 2 + root * bend / 3))
    return before, start + slope / 2 + bend / 3 - before


@_inner()
def _one_speed(rate, y, leak, walls, i):
    total = leak[i]
    for k in range(len(y)):
        total += rate[k * walls + i] * y[k]
    return total


@_inner()
def _turned(trial, s, start, end, free, low, high, rate, y, leak, h):
    """A wall that turns at an end of its track during the step leaves it from there; ``y`` at half the step."""
    for i in range(len(s)):
        if start[i] * end[i] < 0 and free[i] > 0:
            half = _one_speed(rate, y, leak, len(s), i)
            way, after = _after_turn(start[i], half, 0.5, end[i])
            turn = s[i] + h * way
            if turn < low[i]:
                trial[i] = min(max(low[i] + h * after, low[i]), high[i])
            elif turn > high[i]:
                trial[i] = min(max(high[i] + h * after, low[i]), high[i])


@_inner()
def _place(work, bundles, walls, motion, bundle, h):
    """Trial positions of a column for the potentials in ``blend``, and their pillars; whether one changed."""
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    rate = work.rate[bundles.siemens_first[bundle] : bundles.siemens_first[bundle + 1]]
    begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
    _gather(bundles.ref, motion.blend[0], work.here[0], begin, end)
    _speeds(motion.mean[first:last], rate, work.here[0, begin:end], walls.leak[first:last])
    _moved(
        motion.trial[first:last], motion.s[first:last], motion.mean[first:last], motion.free[first:last],
        walls.low[first:last], walls.high[first:last], h,
    )  # fmt: skip


@_inner()
def _finish(work, bundles, walls, motion, bundle, h):
    """Positions of a column at the end of the step; ``blend`` holds mean potentials and those at the end."""
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    rate = work.rate[bundles.siemens_first[bundle] : bundles.siemens_first[bundle + 1]]
    leak = walls.leak[first:last]
    begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
    _place(work, bundles, walls, motion, bundle, h)
    _gather(bundles.ref, motion.blend[1], work.here[1], begin, end)
    _gather(bundles.ref, motion.y[1], work.here[2], begin, end)
    _speeds(motion.end[first:last], rate, work.here[1, begin:end], leak)
    _turned(
        motion.trial[first:last], motion.s[first:last], motion.speed[first:last], motion.end[first:last],
        motion.free[first:last], walls.low[first:last], walls.high[first:last], rate, work.here[2, begin:end], leak, h,
    )  # fmt: skip


@_inner()
def _largest(trial, low, high, part, speed):
    worst = 0.0
    for i in range(len(trial)):
        if low[i] < trial[i] < high[i]:
            worst = max(worst, abs(speed[i]) * part[i])
    return worst


@_inner()
def _error(work, bundles, walls, motion, bundle):
    """Largest estimated error of a column's walls over the length of the step, fraction of L."""
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    rate = work.rate[bundles.siemens_first[bundle] : bundles.siemens_first[bundle + 1]]
    begin, end = bundles.ref_first[bundle], bundles.ref_first[bundle + 1]
    _gather(bundles.ref, motion.blend[0], work.here[0], begin, end)
    _speeds(motion.mean[first:last], rate, work.here[0, begin:end], work.nothing[first:last])
    return _largest(
        motion.trial[first:last], walls.low[first:last], walls.high[first:last], walls.share[first:last],
        motion.mean[first:last],
    )  # fmt: skip


@_inner()
def _fast(trial, low, high, speed, still):
    for i in range(len(trial)):
        if abs(speed[i]) >= still[i] and (
            (speed[i] > 0 and trial[i] < high[i]) or (speed[i] < 0 and trial[i] > low[i])
        ):
            return True
    return False


@_inner()
def _goes_on(work, bundles, walls, motion, bundle):
    """Whether a wall of a column is still moving at the end of the step, for the potentials found there."""
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    begin, end, side = bundles.ref_first[bundle], bundles.ref_first[bundle + 1], motion.side[bundle]
    _gather(bundles.ref, motion.y[3], work.here[0], begin, end)
    if side != 0 and _held(side, work.bound, begin, work.here[0, begin:end], work.leak_bound[bundle]):
        return False
    rate = work.rate[bundles.siemens_first[bundle] : bundles.siemens_first[bundle + 1]]
    _speeds(motion.mean[first:last], rate, work.here[0, begin:end], walls.leak[first:last])
    trial = motion.trial[first:last] if motion.state[bundle] != 0 else motion.s[first:last]
    return _fast(
        trial, walls.low[first:last], walls.high[first:last], motion.mean[first:last], walls.still[first:last]
    )  # fmt: skip


@_inner()
def _snap(s, speed, low, high):
    """Put walls that a jump brought to an edge of their pillar, or to an end of their track, exactly there."""
    for i in range(len(s)):
        if abs(s[i]) < _ROUNDING:
            s[i] = 0.0
        elif abs(s[i] - 1.0) < _ROUNDING:
            s[i] = 1.0
        if speed[i] < 0 and s[i] - low[i] < _ROUNDING:
            s[i] = low[i]
        elif speed[i] > 0 and high[i] - s[i] < _ROUNDING:
            s[i] = high[i]


@_inner()
def _drift(walls, motion, first, last, h):
    """Move every free wall of a column at its constant speed."""
    _moved(
        motion.s[first:last], motion.s[first:last], motion.speed[first:last], motion.free[first:last],
        walls.low[first:last], walls.high[first:last], h,
    )  # fmt: skip
    _snap(motion.s[first:last], motion.speed[first:last], walls.low[first:last], walls.high[first:last])


@_inner()
def _free(free, speed, s, low, high):
    """Mark the walls that nothing holds; 1 when all are held at their high ends, −1 all at their low ends, else 0."""
    highs, lows = 0, 0
    for i in range(len(s)):
        if speed[i] >= 0 and s[i] >= high[i]:
            free[i] = 0.0
            highs += 1
        elif speed[i] <= 0 and s[i] <= low[i]:
            free[i] = 0.0
            lows += 1
        else:
            free[i] = 0.0 if speed[i] == 0 else 1.0
    return 1 if highs == len(s) else (-1 if lows == len(s) else 0)


@_inner()
def _leave(s, free, speed, low, high, rate, y, middle, leak, h):
    """Move the walls that were pressed against an end of their track when the step (``h``) began; whether any was."""
    walls, some = len(s), False
    for i in range(walls):
        if free[i] == 0 or low[i] < s[i] < high[i]:
            continue
        start = _one_speed(rate, y, leak, walls, i)
        if start * speed[i] < 0:
            _, after = _after_turn(start, _one_speed(rate, middle, leak, walls, i), 0.75, speed[i])
            s[i] = min(max(s[i] + h * after, low[i]), high[i])
            some = True
    return some


@_inner()
def _ahead(facts, free, speed, s, low, high, still, span):
    """What free walls will meet: next edge of a pillar, ends of the tracks, top speed; whether one may come near.

    ``span`` is the time that the next step may take; near is what a wall twice as fast reaches in it.
    """
    edge, soon, way, top, inside, fast, gap = np.inf, np.inf, 0.0, 0.0, 0, 0, np.inf
    for i in range(len(s)):
        if free[i] == 0:
            continue
        pace, at = abs(speed[i]), s[i]
        if pace >= still[i]:
            fast += 1
            room = (high[i] - at if speed[i] > 0 else at - low[i]) / pace
            way, soon = max(way, room), min(soon, room)
        ahead = -at if speed[i] > 0 else at - 1.0  # distance to the pillar; within it, 0 … −1
        if ahead > 0:
            edge = min(edge, ahead / pace)
        elif ahead > -1.0:
            edge = min(edge, (1.0 + ahead) / pace)
            inside += 1
        top = max(top, pace)
        gap = min(gap, max(-at, at - 1.0))
    facts[EDGE], facts[FIRST], facts[LAST] = min(facts[EDGE], edge), min(facts[FIRST], soon), max(facts[LAST], way)
    facts[SPEED], facts[INSIDE], facts[FAST] = max(facts[SPEED], top), facts[INSIDE] + inside, facts[FAST] + fast
    return gap <= 2.0 * top * span


@_inner()
def _held(side, bound, bound_first, y, leak):
    """Whether potentials surely keep every wall of a column at its end: the bounds of the rates say so."""
    speed = leak[0] if side > 0 else -leak[1]
    for k in range(len(y)):
        a, b = side * bound[bound_first + k, 0] * y[k], side * bound[bound_first + k, 1] * y[k]
        speed += min(a, b)
    return speed > 0


@_inner()
def _scan(work, bundles, walls, motion, bundle, h, facts):
    """Find what a column's walls will do; ``h`` > 0 is the step just taken, in which some may have left their end."""
    begin, end, side = bundles.ref_first[bundle], bundles.ref_first[bundle + 1], motion.side[bundle]
    _gather(bundles.ref, motion.y[0], work.here[0], begin, end)
    y = work.here[0, begin:end]
    if side != 0 and _held(side, work.bound, begin, y, work.leak_bound[bundle]):
        motion.state[bundle] = 0
        return False
    first, last = bundles.first[bundle], bundles.first[bundle + 1]
    s, speed, free = motion.s[first:last], motion.speed[first:last], motion.free[first:last]
    low, high, leak = walls.low[first:last], walls.high[first:last], walls.leak[first:last]
    rate = work.rate[bundles.siemens_first[bundle] : bundles.siemens_first[bundle + 1]]
    if h > 0 and motion.state[bundle] != 0:
        for i in range(last - first):
            s[i] = motion.trial[first + i]
    _speeds(speed, rate, y, leak)
    motion.side[bundle] = _free(free, speed, s, low, high)
    changed = False
    if h > 0 and motion.side[bundle] == 0:
        _gather(bundles.ref, motion.blend[0], work.here[1], begin, end)
        _gather(bundles.ref, motion.blend[1], work.here[2], begin, end)
        if _leave(s, free, speed, low, high, rate, work.here[1, begin:end], work.here[2, begin:end], leak, h):
            changed = _pillars(work, walls, motion.s, first, last)
    near = _ahead(facts, free, speed, s, low, high, walls.still[first:last], motion.clock[1])
    motion.state[bundle] = NEAR if near or motion.clock[1] == 0 else AWAKE
    return changed


@_inner()
def _scan_share(work, bundles, walls, motion, h, share):
    facts = motion.facts[share]
    facts[EDGE] = facts[FIRST] = np.inf
    facts[LAST] = facts[SPEED] = facts[INSIDE] = facts[FAST] = 0.0
    for bundle in range(work.chunk_bundle[share], work.chunk_bundle[share + 1]):
        if _scan(work, bundles, walls, motion, bundle, h, facts):
            facts[CHANGED] = 1.0


@_inner()
def _step_share(work, bundles, walls, motion, kind, h, share):
    facts = motion.facts[share]
    for bundle in range(work.chunk_bundle[share], work.chunk_bundle[share + 1]):
        first, last, state = bundles.first[bundle], bundles.first[bundle + 1], motion.state[bundle]
        if kind == ERROR and state != 0:
            facts[WORST] = max(facts[WORST], h * _error(work, bundles, walls, motion, bundle))
        elif kind == PLACE and state == NEAR:
            _place(work, bundles, walls, motion, bundle, h)
            if _pillars(work, walls, motion.trial, first, last):
                facts[CHANGED] = 1.0
        elif kind == FINISH and state != 0:
            _finish(work, bundles, walls, motion, bundle, h)
            if _pillars(work, walls, motion.trial, first, last):
                facts[CHANGED] = 1.0
                if state != NEAR:
                    facts[MISSED] = 1.0
        elif kind == STILL:
            if facts[CHANGED] == 0 and _goes_on(work, bundles, walls, motion, bundle):
                facts[CHANGED] = 1.0
        elif kind == DRIFT and state != 0:
            _drift(walls, motion, first, last, h)
            if _pillars(work, walls, motion.s, first, last):
                facts[CHANGED] = 1.0


@_inner()
def share_pass(work, bundles, walls, motion, kind, h, share):
    """One pass over the columns of a share that are awake."""
    facts = motion.facts[share]
    facts[CHANGED] = facts[MISSED] = facts[WORST] = 0.0
    if kind == SCAN:
        _scan_share(work, bundles, walls, motion, h, share)
    else:
        _step_share(work, bundles, walls, motion, kind, h, share)


@_parallel()
def parallel_pass(work, bundles, walls, motion, kind, h):
    """One pass over all shares, side by side."""
    for share in prange(len(work.chunk_bundle) - 1):
        share_pass(work, bundles, walls, motion, kind, h, np.int64(share))
