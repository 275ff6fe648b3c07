"""Events of one column's walls: arrivals, turns and releases at the ends of tracks, and what lies ahead.

Loops as in ``column``.
"""

from __future__ import annotations

import numpy as np

from sim.engines.jit_options import inner, outer
from sim.engines.layout.stepping.column import EDGE, FAST, INSIDE, LAST, ROUNDING, SPEED, one_speed


@inner()
def snap(s, speed, low, high):
    """Put walls that a jump brought to an edge of their pillar, or to an end of their track, exactly there."""
    for i in range(len(s)):
        if abs(s[i]) < ROUNDING:
            s[i] = 0.0
        elif abs(s[i] - 1.0) < ROUNDING:
            s[i] = 1.0
        if speed[i] < 0 and s[i] - low[i] < ROUNDING:
            s[i] = low[i]
        elif speed[i] > 0 and high[i] - s[i] < ROUNDING:
            s[i] = high[i]


@inner()
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


@outer()
def turn_free(trial, s, start, end, free, low, high, rate, y, leak, h):
    """A wall that turns at an end of its track during the step leaves it from there; ``y`` at half the step."""
    for i in range(len(s)):
        if start[i] * end[i] < 0 and free[i] > 0:
            half = one_speed(rate, y, leak, len(s), i)
            way, after = _after_turn(start[i], half, 0.5, end[i])
            turn = s[i] + h * way
            if turn < low[i]:
                trial[i] = min(max(low[i] + h * after, low[i]), high[i])
            elif turn > high[i]:
                trial[i] = min(max(high[i] + h * after, low[i]), high[i])


@outer()
def late_release(start, end, s, free, low, high, share, h, slack):
    """Part of a step after which it should have ended, because a wall let go at an edge of its pillar; 2 without.

    A wall is held during the whole step in which it turns, and moved afterwards. Where that changes its pillar it may
    be late by ``slack`` (fraction of L) at most; the part given makes it late by a quarter of it.
    """
    part = 2.0
    for i in range(len(s)):
        if free[i] > 0 or start[i] * end[i] >= 0:
            continue
        if (s[i] <= low[i] and low[i] > -ROUNDING) or (s[i] >= high[i] and high[i] < 1.0 + ROUNDING):
            change = abs(end[i] - start[i])
            late = abs(end[i]) / change
            if share[i] * abs(end[i]) * late * h / 2 > slack:
                part = min(part, 1.0 - late + np.sqrt(slack / (2.0 * share[i] * change * h)))
    return part


@outer()
def leave(s, free, speed, low, high, rate, y, middle, leak, h):
    """Move the walls that were pressed against an end of their track when the step (``h``) began; whether any was."""
    walls, some = len(s), False
    for i in range(walls):
        if free[i] == 0 or low[i] < s[i] < high[i]:
            continue
        start = one_speed(rate, y, leak, walls, i)
        if start * speed[i] < 0:
            _, after = _after_turn(start, one_speed(rate, middle, leak, walls, i), 0.5, speed[i])
            s[i] = min(max(s[i] + h * after, low[i]), high[i])
            some = True
    return some


@inner()
def look_ahead(facts, free, speed, s, low, high, still):
    """What free walls will meet, into ``facts``: next edge of a pillar, ends of the tracks, top speed.

    Returns:
        The column's top speed, the distance of a wall to its pillar, on either side and ahead alone, and the longest
        way to an end, in pillar widths.
    """
    edge, way, top, inside, fast = np.inf, 0.0, 0.0, 0, 0
    gap, gap_ahead, far = np.inf, np.inf, 0.0
    for i in range(len(s)):
        if free[i] == 0:
            continue
        pace, at = abs(speed[i]), s[i]
        room = high[i] - at if speed[i] > 0 else at - low[i]
        far = max(far, room)
        if pace >= still[i]:
            fast += 1
            way = max(way, room / pace)
        ahead = -at if speed[i] > 0 else at - 1.0  # distance to the pillar; within it, 0 … −1
        if ahead > 0:
            edge = min(edge, ahead / pace)
        elif ahead > -1.0:
            edge = min(edge, (1.0 + ahead) / pace)
            inside += 1
        top = max(top, pace)
        gap = min(gap, max(-at, at - 1.0))
        if ahead > -1.0:
            gap_ahead = min(gap_ahead, max(ahead, 0.0))
    facts[EDGE], facts[LAST] = min(facts[EDGE], edge), max(facts[LAST], way)
    facts[SPEED], facts[INSIDE], facts[FAST] = max(facts[SPEED], top), facts[INSIDE] + inside, facts[FAST] + fast
    return top, gap, gap_ahead, far
