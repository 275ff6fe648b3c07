"""Arithmetic on the walls of one column: speeds, places, pillars.

Loops run over plain arrays that are arguments, cut to a column: only then does a processor do several walls at once.
"""

from __future__ import annotations

from sim.engines.jit_options import inner

FAST, INSIDE, EDGE, LAST, SPEED, WORST, CHANGED, MISSED, DEFERRALS, LATE = range(10)  # facts a pass reports
FACTS = 10
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
        pace, potential = rate[k * walls : (k + 1) * walls], y[k]
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


@inner()
def move(trial, s, speed, free, low, high, h):
    """Where free walls are after a time ``h``, within their tracks."""
    for i in range(len(s)):
        trial[i] = min(max(s[i] + h * (speed[i] * free[i]), low[i]), high[i])


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
def largest_inside(trial, low, high, speed, share):
    """The same of the walls that are at no end of their track."""
    worst = 0.0
    for i in range(len(trial)):
        if low[i] < trial[i] < high[i]:
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
