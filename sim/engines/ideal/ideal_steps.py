"""Compiled stepping of the ideal engine: from event to event.

Within a step every wall keeps its mode (before, under or past its pillar; free or pinned at an end), so that the
velocities are smooth functions; a step ends where a mode changes.
"""

from __future__ import annotations

import numpy as np

from sim.engines.ideal.ideal_circuit import BEFORE, PAST, UNDER, column, jit, rates
from sim.engines.tableau import ORDER, STAGES, A, E

_MODE_SLACK = 1e-8  # of L: how near an edge counts as on it (changes a conductance by less than 1e-7)
_RELEASE_SLACK = 1e-9  # of L: how far a pinned wall may be late when it is released
_REST_TIME = 1e-15  # s: how exactly the moment of rest is found
_SHORTEST = 1e-18  # s: a step this short is taken whatever happens in it


@jit
def _switch_wall(walls, w, q, rate, mode):
    """Mode, freedom and place of a wall that may stand on an edge, given where it wants to go."""
    slack = _MODE_SLACK * walls.length[w]
    if rate <= 0 and q <= slack:
        return (BEFORE if walls.enter[w] > 0 else UNDER), 0.0, 0.0
    if rate >= 0 and q >= walls.length[w] - slack:
        return (PAST if walls.leave[w] < walls.length[w] else UNDER), 0.0, walls.length[w]
    if rate > 0:
        if mode == BEFORE and q >= walls.enter[w] - slack:
            mode = UNDER
        if mode == UNDER and q >= walls.leave[w] - slack:
            mode = PAST
    elif rate < 0:
        if mode == PAST and q <= walls.leave[w] + slack:
            mode = UNDER
        if mode == UNDER and q <= walls.enter[w] + slack:
            mode = BEFORE
    return mode, 1.0, q


@jit
def switch(walls, circuit, drive, work):
    """Let every wall that stands on an edge change its mode; keep the sums in step."""
    n = len(circuit.r_soma)
    listed = False
    for w in range(2 * n):
        mode, free, q = _switch_wall(walls, w, work.q[w], work.rate[0, w], work.mode[w])
        if mode == work.mode[w] and free == work.free[w]:
            continue
        if w >= n:
            was, now = work.mode[w] == UNDER and work.free[w] == 1, mode == UNDER and free == 1
            if not was:
                column(walls, circuit, drive, work, w - n, -1.0)
            work.mode[w], work.free[w], work.q[w] = mode, free, q
            if not now:
                column(walls, circuit, drive, work, w - n, 1.0)
            listed |= was != now
        work.mode[w], work.free[w], work.q[w] = mode, free, q
    if listed:
        work.active[n] = 0
        for j in range(n):
            if work.mode[n + j] == UNDER and work.free[n + j] == 1:
                work.active[work.active[n]] = j
                work.active[n] += 1


@jit
def _bounds(walls, w, mode):
    if mode == BEFORE:
        return 0.0, walls.enter[w]
    if mode == UNDER:
        return walls.enter[w], walls.leave[w]
    return walls.leave[w], walls.length[w]


@jit
def reach(walls, work):
    """Time until the first free wall is at an edge if all keep their velocities."""
    first = np.inf
    for w in range(len(work.q)):
        rate = work.rate[0, w]
        if work.free[w] == 1 and rate != 0:
            low, high = _bounds(walls, w, work.mode[w])
            time = ((high if rate > 0 else low) - work.q[w]) / rate
            if 0 < time < first:
                first = time
    return first


@jit
def resting(drive, work, s):
    """Every free wall is slower than what counts as rest."""
    most = -1.0  # above rest
    for w in range(len(work.q)):
        most = max(most, work.free[w] * abs(work.rate[s, w]) - drive.rest[w])
    return most < 0


@jit
def _attempt(walls, circuit, drive, work, h, loading, energy_scale, tolerance):
    """One Dormand–Prince step to ``q_new``; its error in units of the tolerance."""
    walls_count = len(work.q)
    for s in range(1, STAGES):
        for w in range(walls_count):
            work.q_new[w] = work.q[w]
        for r in range(s):
            if A[s, r] != 0:
                step = h * A[s, r]
                for w in range(walls_count):
                    work.q_new[w] += step * work.free[w] * work.rate[r, w]
        rates(walls, circuit, drive, work, work.q_new, s, loading)
    worst = 0.0
    for w in range(walls_count):
        error = 0.0
        for s in range(STAGES):
            error += E[s] * work.rate[s, w]
        worst = max(worst, abs(error) * work.free[w] * h / walls.length[w])
    for p in range(5):
        error = 0.0
        for s in range(STAGES):
            error += E[s] * work.power[s, p]
        worst = max(worst, abs(error) * h / energy_scale)
    return worst / tolerance


@jit
def _cubic(theta, q0, q1, d0, d1):
    """Hermite interpolant; ``d`` velocities times the step."""
    u = 1 - theta
    return q0 * u * u * (1 + 2 * theta) + q1 * theta * theta * (3 - 2 * theta) + theta * u * (d0 * u - d1 * theta)


@jit
def _turning(q0, q1, d0, d1):
    """Where the interpolant turns, when the velocities at its ends have different signs."""
    low, high = 0.0, 1.0
    for _ in range(40):
        mid = (low + high) / 2
        u = 1 - mid
        slope = 6 * mid * u * (q1 - q0) + d0 * u * (1 - 3 * mid) + d1 * mid * (3 * mid - 2)
        if slope * d0 > 0:
            low = mid
        else:
            high = mid
    return (low + high) / 2


@jit
def _crossing(q0, q1, d0, d1, low, high, slack):
    """Fraction of the step at which a free wall leaves [low, high]; 2 when it does not."""
    last = 1.0
    turn = 0.0
    end = q1
    if d0 * d1 < 0:
        turn = _turning(q0, q1, d0, d1)
        if low - slack <= q1 <= high + slack:
            last, turn = turn, 0.0
            end = _cubic(last, q0, q1, d0, d1)
    if low - slack <= end <= high + slack:
        return 2.0
    bound = low if end < low else high
    first = turn
    for _ in range(45):
        mid = (first + last) / 2
        if (_cubic(mid, q0, q1, d0, d1) - bound) * (end - bound) > 0:
            last = mid
        else:
            first = mid
    return last


@jit
def _release(work, w, h, length):
    """Fraction of the step at which a pinned wall is let go; 2 when it is not, or too late to matter."""
    inward = 1.0 if work.q[w] < length / 2 else -1.0
    begin, end = inward * work.rate[0, w], inward * work.rate[STAGES - 1, w]
    slack = _RELEASE_SLACK * length
    if end > 0:
        late = end / (end - begin)
        return 2.0 if end * h * late / 2 <= slack else 1 - late
    for s in range(1, STAGES - 1):
        if inward * work.rate[s, w] * h > slack:
            return 0.5
    return 2.0


@jit
def _event(walls, work, h):
    """Fraction of the step just tried at which the first mode changes; 2 when none does."""
    first = 2.0
    for w in range(len(work.q)):
        if work.free[w] == 1:
            low, high = _bounds(walls, w, work.mode[w])
            d0, d1 = h * work.rate[0, w], h * work.rate[STAGES - 1, w]
            slack = _MODE_SLACK * walls.length[w]
            first = min(first, _crossing(work.q[w], work.q_new[w], d0, d1, low, high, slack))
        else:
            first = min(first, _release(work, w, h, walls.length[w]))
    return first


@jit
def step(walls, circuit, drive, work, h, control, loading, until_rest, energy_scale, tolerance):
    """Shorten a step until it is exact enough and ends at the first event; return it and the next length."""
    moving, still = 0.0, np.inf  # the moment of rest lies between these step lengths
    while True:
        error = _attempt(walls, circuit, drive, work, h, loading, energy_scale, tolerance)
        grow = min(5.0, max(0.2, 0.9 * error ** (-1 / ORDER))) if error > 0 else 5.0
        if h <= _SHORTEST:
            return h, control
        if error > 1:
            h *= min(grow, 0.9)
            control = h
            continue
        fraction = _event(walls, work, h)
        if fraction <= 1:
            h *= max(fraction, 1e-6)
            continue
        if until_rest:
            if resting(drive, work, STAGES - 1):
                still = h
            else:
                moving = h
            if still < np.inf and (h < still or still - moving > _REST_TIME):
                h = (moving + still) / 2 if still - moving > _REST_TIME else still
                continue
        return h, max(control, h * grow)
