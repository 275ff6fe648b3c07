"""Arithmetic on the walls of one column: speeds, places, pillars.

Loops run over plain arrays that are arguments, cut to a column: only then does a processor do several walls at once.
"""

from __future__ import annotations

import numpy as np

from sim.engines.array_views import view
from sim.engines.jit_options import inner

FAST, INSIDE, EDGE, LAST, SPEED, WORST, CHANGED, MISSED, DEFERRALS, LATE = range(10)  # facts a pass reports
FACTS = 10
_OVER = 0.05  # how far a parabola may leave the pillar; with steps of half a pillar it does by 0.022
ROUNDING = 1e-12  # pillar widths: what rounding may leave of a way


@inner()
def gather(ref, y, here, first, last):
    """Potentials of a column's references, in its part of ``here``."""
    for k in range(first, last):
        here[k] = y[ref[k]]


@inner()
def travel(out, rate, y, leak, span):
    """Way of every wall of a column in a time ``span`` for the potentials' integrals ``y``; speeds for span 1.

    ``rate`` is flat, of shape (references · walls,).
    """
    walls = len(out)
    for i in range(walls):
        out[i] = span * leak[i]
    for k in range(len(y)):
        pace, potential = view(rate, k * walls, (k + 1) * walls), y[k]
        for i in range(walls):
            out[i] += pace[i] * potential


@inner()
def travel_range(bound, bound_first, y, leak, span):
    """Bounds of what ``travel`` gives, from the bounds of the column's rates and leaks."""
    least, most = span * leak[0], span * leak[1]
    for k in range(len(y)):
        a, b = bound[bound_first + k, 0] * y[k], bound[bound_first + k, 1] * y[k]
        least += min(a, b)
        most += max(a, b)
    return least, most


@inner()
def one_speed(rate, y, leak, walls, i):
    """Speed of wall ``i`` alone."""
    total = leak[i]
    for k in range(len(y)):
        total += rate[k * walls + i] * y[k]
    return total


@inner()
def set_pillars(constants, pillar, group, dirty, taps, tap_siemens, s, first, last, bent):
    """Bring the pillars of some walls up to date; whether any changed. ``s`` holds places, or what ``bend`` makes."""
    changed = False
    for wall in range(first, last):
        fraction = s[wall] if bent else min(max(s[wall], 0.0), 1.0)
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


@inner()
def move(trial, s, speed, free, low, high, h):
    """Where free walls are after a time ``h``, within their tracks."""
    for i in range(len(s)):
        trial[i] = min(max(s[i] + h * (speed[i] * free[i]), low[i]), high[i])


@inner()
def bend(trial, s, speed, free, h, part):
    """Turn where walls are after a ``part`` of a step into the fractions of their pillars that are ON there.

    A wall that comes to its pillar or leaves it within the step bends its fraction's course, and a formula that looks
    at few moments misses the bend. For such a wall a parabola takes the place of its course: of the same values at
    both ends of the step and the same mean, which every formula of the pair integrates exactly.
    """
    after = part * h
    for i in range(len(s)):
        at = s[i]
        fraction = min(max(trial[i], 0.0), 1.0)
        pace = speed[i] * free[i]
        pull = 2.0 * (trial[i] - at - pace * after) / (after * after)
        last = at + h * (pace + 0.5 * h * pull)
        trial[i] = fraction
        if part < 1.0 and pace != 0.0 and ((at < 0.0) != (last < 0.0) or (at > 1.0) != (last > 1.0)):
            edge = 0.0 if (at < 0.0) != (last < 0.0) else 1.0
            trial[i] = _bent(fraction, at, pace, pull, min(max(last, 0.0), 1.0), edge, h, part)


@inner()
def _bent(straight, at, pace, pull, last, edge, h, part):
    """The parabola of ``bend`` for a wall that crosses an ``edge`` of its pillar; ``straight`` if it does so oddly."""
    way = edge - at
    root = pace * pace + 2.0 * pull * way
    if root < 0.0:
        return straight
    cross = 2.0 * way / (pace + np.sqrt(root)) if pace > 0.0 else 2.0 * way / (pace - np.sqrt(root))
    if not 0.0 <= cross <= h:
        return straight
    first = min(max(at, 0.0), 1.0)
    before = cross * (at + cross * (pace / 2 + cross * pull / 6))
    if first != at:  # it comes to the pillar
        mean = (first * cross + h * (at + h * (pace / 2 + h * pull / 6)) - before) / h
    else:
        mean = (before + last * (h - cross)) / h
    gain, change = mean - first, last - first
    there = first + part * ((6.0 * gain - 2.0 * change) + part * (3.0 * change - 6.0 * gain))
    return min(max(there, -_OVER), 1.0 + _OVER)


@inner()
def shift(s, way, low, high):
    """Move every wall by its way, within its track."""
    for i in range(len(s)):
        s[i] = min(max(s[i] + way[i], low[i]), high[i])


@inner()
def set_free(free, speed, s, low, high):
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


@inner()
def largest(speed, share):
    """Largest |speed| · share."""
    worst = 0.0
    for i in range(len(speed)):
        worst = max(worst, abs(speed[i]) * share[i])
    return worst


@inner()
def largest_moving(trial, low, high, pace, speed, share):
    """The same of the walls that no end of their track holds; those that are about to leave it count."""
    worst = 0.0
    for i in range(len(trial)):
        if (trial[i] > low[i] or pace[i] > 0.0) and (trial[i] < high[i] or pace[i] < 0.0):
            worst = max(worst, abs(speed[i]) * share[i])
    return worst


@inner()
def any_fast(trial, low, high, speed, still):
    """Whether a wall moves that is not at the end it moves to."""
    for i in range(len(trial)):
        if abs(speed[i]) >= still[i] and (
            (speed[i] > 0 and trial[i] < high[i]) or (speed[i] < 0 and trial[i] > low[i])
        ):
            return True
    return False
