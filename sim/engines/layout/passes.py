"""Passes over the walls of a share: their speeds, their pillars, their places, what they will meet.

A pass is called by number, so that one compiled function serves them all.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numba import njit, prange

PLACE, FINISH, ERROR, COMMIT, SCAN, DRIFT = range(6)  # the passes
FAST, INSIDE, EDGE, FIRST, LAST, SPEED, WORST, CHANGED = range(8)  # facts a pass reports

# Called from compiled code alone: no wrappers, they double the time to compile.
_inner: Any = partial(njit, cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)


# Loops run over plain arrays that are arguments: every access through a tuple or an inlined call counts references.


@_inner()
def _speeds(out, rate, refs, at, y, leak, moving, first, last):
    """Speed of each listed wall for some potentials."""
    for i in range(first, last):
        wall = moving[i]
        entry, begin, size = at[wall, 0], at[wall, 1], at[wall, 2]
        total = leak[wall]
        for k in range(size):
            total += rate[entry + k] * y[refs[begin + k]]
        out[i] = total


@_inner()
def _all_speeds(out, rate, rate_first, refs, ref_first, first, y, leak, begin, end):
    """Speed of every wall of some bundles."""
    for bundle in range(begin, end):
        start, entry = ref_first[bundle], rate_first[bundle]
        size = ref_first[bundle + 1] - start
        for wall in range(first[bundle], first[bundle + 1]):
            total = leak[wall]
            for k in range(size):
                total += rate[entry + k] * y[refs[start + k]]
            entry += size
            out[wall] = total


@_inner()
def _one_speed(rate, refs, at, y, leak, wall):
    total = leak[wall]
    for k in range(at[wall, 2]):
        total += rate[at[wall, 0] + k] * y[refs[at[wall, 1] + k]]
    return total


@_inner()
def set_pillars(constants, pillar, group, dirty, taps, tap_siemens, tap_heat, moving, s, first, last):
    """Bring the listed walls' pillars up to date; whether any changed."""
    changed = False
    for i in range(first, last):
        wall = moving[i]
        fraction = min(max(s[wall], 0.0), 1.0)
        if fraction != pillar[wall, 0]:
            changed = True
            ohm = 1.0 / (constants[wall, 0] + fraction * constants[wall, 1])
            siemens = 1.0 / (ohm + constants[wall, 2])
            pillar[wall, 0], pillar[wall, 1], pillar[wall, 2] = fraction, ohm, siemens
            if group[wall] >= 0:
                dirty[group[wall]] = True
            tap = taps[wall]
            if tap >= 0:
                tap_siemens[tap], tap_heat[tap] = siemens, siemens * siemens * ohm
    return changed


@_inner()
def _moved(trial, s, speed, low, high, moving, h, first, last):
    for i in range(first, last):
        wall = moving[i]
        trial[wall] = min(max(s[wall] + h * speed[i], low[wall]), high[wall])


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
def _listed_speeds(work, bundles, walls, motion, out, y, first, last):
    _speeds(out, work.rate, bundles.ref, work.at, y, walls.leak, motion.moving, first, last)


@_inner()
def _listed_pillars(work, walls, motion, s, share, first, last):
    motion.facts[share, CHANGED] = set_pillars(
        walls.pillar, work.pillar, work.pillar_group, work.dirty, work.tap, work.tap_siemens, work.tap_heat,
        motion.moving, s, first, last,
    )


@_inner()
def _place(work, bundles, walls, motion, share, first, last, h):
    """Trial positions for the potentials in ``blend``, and their pillars."""
    _listed_speeds(work, bundles, walls, motion, motion.mean, motion.blend[0], first, last)
    _moved(motion.trial, motion.s, motion.mean, walls.low, walls.high, motion.moving, h, first, last)
    _listed_pillars(work, walls, motion, motion.trial, share, first, last)


@_inner()
def _finish(work, bundles, walls, motion, share, first, last, h):
    """Positions at the end of the step; a wall that turns at an end of its track leaves it from there."""
    _listed_speeds(work, bundles, walls, motion, motion.mean, motion.blend[0], first, last)
    _listed_speeds(work, bundles, walls, motion, motion.end, motion.blend[1], first, last)
    _moved(motion.trial, motion.s, motion.mean, walls.low, walls.high, motion.moving, h, first, last)
    for i in range(first, last):
        start, end = motion.speed[i], motion.end[i]
        if start * end < 0:
            wall = motion.moving[i]
            half = _one_speed(work.rate, bundles.ref, work.at, motion.y[1], walls.leak, wall)
            way, after = _after_turn(start, half, 0.5, end)
            turn = motion.s[wall] + h * way
            if turn < walls.low[wall]:
                motion.trial[wall] = min(max(walls.low[wall] + h * after, walls.low[wall]), walls.high[wall])
            elif turn > walls.high[wall]:
                motion.trial[wall] = min(max(walls.high[wall] + h * after, walls.low[wall]), walls.high[wall])
    _listed_pillars(work, walls, motion, motion.trial, share, first, last)


@_inner()
def _worst(trial, low, high, part, leak, speed, moving, first, last):
    worst = 0.0
    for i in range(first, last):
        wall = moving[i]
        if low[wall] < trial[wall] < high[wall]:
            worst = max(worst, abs(speed[i] - leak[wall]) * part[wall])
    return worst


@_inner()
def _error(work, bundles, walls, motion, share, first, last, h):
    """Largest estimated error of a wall in this step, fraction of L."""
    _listed_speeds(work, bundles, walls, motion, motion.mean, motion.blend[0], first, last)
    motion.facts[share, WORST] = h * _worst(
        motion.trial, walls.low, walls.high, walls.share, walls.leak, motion.mean, motion.moving, first, last
    )


@_inner()
def _commit(s, trial, moving, first, last):
    for i in range(first, last):
        s[moving[i]] = trial[moving[i]]


@_inner()
def _snap(s, moving, first, last):
    """Put walls that a jump brought to an edge of their pillar exactly there."""
    for i in range(first, last):
        wall = moving[i]
        if abs(s[wall]) < 1e-12:
            s[wall] = 0.0
        elif abs(s[wall] - 1.0) < 1e-12:
            s[wall] = 1.0


@_inner()
def _drift(work, walls, motion, share, first, last, h):
    """Move every free wall at its constant speed."""
    _moved(motion.s, motion.s, motion.speed, walls.low, walls.high, motion.moving, h, first, last)
    _snap(motion.s, motion.moving, first, last)
    _listed_pillars(work, walls, motion, motion.s, share, first, last)


@_inner()
def _free(moving, speed, all_speeds, s, low, high, offset, first, last):
    """List the walls that nothing holds; how many."""
    new = offset
    for wall in range(first, last):
        pace = all_speeds[wall]
        if (pace > 0 and s[wall] < high[wall]) or (pace < 0 and s[wall] > low[wall]):
            moving[new], speed[new] = wall, pace
            new += 1
    return new - offset


@_inner()
def _leave(work, bundles, walls, motion, first, last, h):
    """Move the listed walls that were pressed against an end of their track when the step (``h``) began."""
    s, low, high = motion.s, walls.low, walls.high
    for i in range(first, last):
        wall = motion.moving[i]
        if low[wall] < s[wall] < high[wall]:
            continue
        start = _one_speed(work.rate, bundles.ref, work.at, motion.blend[0], walls.leak, wall)
        if start * motion.speed[i] < 0:
            middle = _one_speed(work.rate, bundles.ref, work.at, motion.blend[1], walls.leak, wall)
            _, after = _after_turn(start, middle, 0.75, motion.speed[i])
            s[wall] = min(max(s[wall] + h * after, low[wall]), high[wall])


@_inner()
def _ahead(facts, moving, speed, s, low, high, still, first, last):
    """What the listed walls will meet: time to the next edge of a pillar, to the ends of the tracks, top speed."""
    edge, soon, way, top, inside, fast = np.inf, np.inf, 0.0, 0.0, 0, 0
    for i in range(first, last):
        wall, pace = moving[i], abs(speed[i])
        at = s[wall]
        if pace >= still[wall]:
            fast += 1
            room = (high[wall] - at if speed[i] > 0 else at - low[wall]) / pace
            way, soon = max(way, room), min(soon, room)
        ahead = -at if speed[i] > 0 else at - 1.0  # distance to the pillar; within it, 0 … −1
        if ahead > 0:
            edge = min(edge, ahead / pace)
        elif ahead > -1.0:
            edge = min(edge, (1.0 + ahead) / pace)
            inside += 1
        top = max(top, pace)
    facts[EDGE], facts[FIRST], facts[LAST] = edge, soon, way
    facts[SPEED], facts[INSIDE], facts[FAST] = top, inside, fast


@_inner()
def _scan(work, bundles, walls, motion, share, h):
    """List the walls that are free to move; ``h`` > 0 is the step just taken, in which some may have left their end."""
    begin, end = work.chunk_bundle[share], work.chunk_bundle[share + 1]
    first, last = bundles.first[begin], bundles.first[end]
    _all_speeds(
        motion.end, work.rate, bundles.siemens_first, bundles.ref, bundles.ref_first, bundles.first, motion.y[0],
        walls.leak, begin, end,
    )  # fmt: skip
    count = _free(motion.moving, motion.speed, motion.end, motion.s, walls.low, walls.high, first, first, last)
    motion.listed[share] = count
    motion.facts[share, CHANGED] = 0.0
    if h > 0:
        _leave(work, bundles, walls, motion, first, first + count, h)
        _listed_pillars(work, walls, motion, motion.s, share, first, first + count)
    facts = motion.facts[share]
    _ahead(facts, motion.moving, motion.speed, motion.s, walls.low, walls.high, walls.still, first, first + count)


@_inner()
def share_pass(work, bundles, walls, motion, kind, h, share):
    """One pass over the listed walls of a share."""
    first = bundles.first[work.chunk_bundle[share]]
    last = first + motion.listed[share]
    if kind == PLACE:
        _place(work, bundles, walls, motion, share, first, last, h)
    elif kind == FINISH:
        _finish(work, bundles, walls, motion, share, first, last, h)
    elif kind == ERROR:
        _error(work, bundles, walls, motion, share, first, last, h)
    elif kind == COMMIT:
        _commit(motion.s, motion.trial, motion.moving, first, last)
    elif kind == DRIFT:
        _drift(work, walls, motion, share, first, last, h)
    else:
        _scan(work, bundles, walls, motion, share, h)


@_inner(parallel=True)
def parallel_pass(work, bundles, walls, motion, kind, h):
    """One pass over all shares, side by side."""
    for share in prange(len(motion.listed)):
        share_pass(work, bundles, walls, motion, kind, h, share)
