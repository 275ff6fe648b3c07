"""Where a step of the reference engine has to end: walls at the edges of their segment of track, walls let go."""

from __future__ import annotations

import numpy as np

from sim.walls import BEFORE, PAST, UNDER, Pillars

MODE_SLACK = 1e-8  # of L: how near an edge counts as on it
RELEASE_SLACK = 1e-9  # of L: how far a pinned wall may be late when it is released
_GRID = np.linspace(0.0, 1.0, 33)[:, None]


def settle(
    pillars: Pillars, q: np.ndarray, rate: np.ndarray, segment: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places, segments and pins of walls that may stand on an edge, given where they want to go.

    Args:
        pillars: of the devices.
        q: wall positions in m.
        rate: velocities they would have if nothing stopped them.
        segment: before, under or past the pillar.

    Returns:
        Positions (walls at an end exactly on it), segments, and whether each wall is pinned.
    """
    slack = MODE_SLACK * pillars.length
    enter, leave = pillars.bounds(np.full(len(q), UNDER))
    at_off, at_on = (rate <= 0) & (q <= slack), (rate >= 0) & (q >= pillars.length - slack)
    segment = np.where((rate > 0) & (segment == BEFORE) & (q >= enter - slack), UNDER, segment)
    segment = np.where((rate > 0) & (segment == UNDER) & (q >= leave - slack), PAST, segment)
    segment = np.where((rate < 0) & (segment == PAST) & (q <= leave + slack), UNDER, segment)
    segment = np.where((rate < 0) & (segment == UNDER) & (q <= enter + slack), BEFORE, segment)
    segment = np.where(at_off, np.where(enter > 0, BEFORE, UNDER), segment)
    segment = np.where(at_on, np.where(leave < pillars.length, PAST, UNDER), segment)
    return np.where(at_off, 0.0, np.where(at_on, pillars.length, q)), segment, at_off | at_on


def reach(pillars: Pillars, q: np.ndarray, rate: np.ndarray, segment: np.ndarray, pinned: np.ndarray) -> float:
    """Time in s until the first free wall is at an edge if all keep their velocities; inf when none gets there."""
    low, high = pillars.bounds(segment)
    moving = ~pinned & (rate != 0)
    time = (np.where(rate > 0, high, low) - q)[moving] / rate[moving]
    return float(time[time > 0].min(initial=np.inf))


def first_event(
    pillars: Pillars, q: np.ndarray, q_new: np.ndarray, rates: np.ndarray, segment: np.ndarray, pinned: np.ndarray,
    h: float,
) -> float:  # fmt: skip
    """Fraction of a step at which the first wall leaves its segment or its pin; 2 when none does.

    Args:
        pillars: of the devices.
        q: wall positions at the beginning of the step.
        q_new: at its end.
        rates: velocities at its stages, shape (stages, devices); the first and last are those at its ends.
        segment: of each wall during the step.
        pinned: whether it is held during the step.
        h: length of the step in s.
    """
    return min(
        _first_crossing(pillars, q, q_new, rates, segment, ~pinned, h), _first_release(pillars, q, rates, pinned, h)
    )


def _cubic(theta: np.ndarray, q0: np.ndarray, q1: np.ndarray, d0: np.ndarray, d1: np.ndarray) -> np.ndarray:
    """Hermite interpolant; ``d`` velocities times the step."""
    u = 1 - theta
    return q0 * u * u * (1 + 2 * theta) + q1 * theta * theta * (3 - 2 * theta) + theta * u * (d0 * u - d1 * theta)


def _first_crossing(pillars, q, q_new, rates, segment, free, h):
    low, high = pillars.bounds(segment)
    slack = MODE_SLACK * pillars.length
    turning = rates[0] * rates[-1] < 0
    suspects = np.flatnonzero(free & (turning | (q_new < low - slack) | (q_new > high + slack)))
    if len(suspects) == 0:
        return 2.0
    ends = q[suspects], q_new[suspects], h * rates[0, suspects], h * rates[-1, suspects]
    low, high, slack = low[suspects], high[suspects], slack[suspects]
    path = _cubic(_GRID, *ends)
    outside = (path < low - slack) | (path > high + slack)
    outside[-1] |= (ends[1] < low - slack) | (ends[1] > high + slack)
    crossing = outside.any(axis=0)
    if not crossing.any():
        return 2.0
    k = np.maximum(outside.argmax(axis=0), 1)
    bound = np.where(path[k, np.arange(len(k))] < (low + high) / 2, low, high)
    side = np.sign(path[k, np.arange(len(k))] - bound)
    inner, outer = _GRID[k - 1, 0], _GRID[k, 0]
    for _ in range(40):
        middle = (inner + outer) / 2
        beyond = (_cubic(middle, *ends) - bound) * side > 0
        outer, inner = np.where(beyond, middle, outer), np.where(beyond, inner, middle)
    return float(outer[crossing].min())


def _first_release(pillars, q, rates, pinned, h):
    held = np.flatnonzero(pinned)
    if len(held) == 0:
        return 2.0
    inward = rates[:, held] * np.where(q[held] < pillars.length[held] / 2, 1.0, -1.0)
    slack = RELEASE_SLACK * pillars.length[held]
    begin, end = inward[0], inward[-1]
    late = np.where(end > 0, end / np.where(end > begin, end - begin, 1.0), 0.0)
    too_late = end * late * h / 2 > slack
    fraction = np.where(too_late, 1 - late, 2.0)
    bump = (end <= 0) & (inward[1:-1].max(axis=0) * h > slack)
    return float(np.where(bump, 0.5, fraction).min())
