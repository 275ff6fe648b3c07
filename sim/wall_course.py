"""Compiled: which points of every wall's way are kept, while a simulation goes from step to step.

Kept are the events (a wall starts, stops, turns, enters or leaves its pillar) and as many points between them as
straight lines from point to point need: within ``BOW`` + ``CONE`` of L everywhere. Within a step a wall follows the
cubic through its places and velocities at both ends of the step. A point becomes one to keep when the line to the next
would miss a point passed by: the slopes that miss none form a cone, narrowed by every point (swinging door).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from sim.compile_turns import in_turn
from sim.contained_code import contained
from sim.result import EVENT_KINDS
from sim.walls import BEFORE, PAST, UNDER

BEGIN, START, STOP, TURN, ENTER, LEAVE, RELEASE, BEND, END = range(len(EVENT_KINDS))
BOW = 1e-4  # of L: between two looked at points a way bends no farther from the line that joins them
CONE = 3e-4  # of L: how far a point passed by may be from the line
NOTICED = 1e-4  # of L: smaller ways from an end and back, and smaller turns, are left out
_AT_END = 1e-7  # of L: how near an end counts as there (engines end steps within 1e-8)
_LOOKS = 16  # at the places within a step at which a wall may have met an end
_MOST_PARTS = 128  # of a part of a step
ROOM = 1024  # points that one step of one wall may add


def _open(function: Any) -> Any:
    return in_turn(njit(cache=True, error_model="numpy")(function))


_jit: Any = contained(optimized=False, error_model="numpy")


class Tracks(NamedTuple):
    """Of each wall's track in m: length L, edges of the pillar (``enter`` < ``leave``)."""

    length: np.ndarray
    enter: np.ndarray
    leave: np.ndarray


class Course(NamedTuple):
    """Where each wall is on its way.

    Attributes:
        place, speed: at the end of the last step, m and m/s; the speed that it would have if no end held it.
        zone: before, under or past its pillar.
        kept, kept_time, kept_place: the last point kept, and its row among ``Points``.
        seen_time, seen_place: the last point looked at since, else the one kept.
        low, high: the cone, m/s.
        waits: since when a wall that left an end is still as good as there, s; NaN: it is not.
    """

    place: np.ndarray
    speed: np.ndarray
    zone: np.ndarray
    kept: np.ndarray
    kept_time: np.ndarray
    kept_place: np.ndarray
    seen_time: np.ndarray
    seen_place: np.ndarray
    low: np.ndarray
    high: np.ndarray
    waits: np.ndarray


class Points(NamedTuple):
    """Points kept so far, as they came; ``filled``: how many, in an array of one."""

    wall: np.ndarray
    time: np.ndarray
    place: np.ndarray
    kind: np.ndarray
    filled: np.ndarray


@_jit
def _keep(points, course, w, time, place, kind):
    row = points.filled[0]
    points.wall[row], points.time[row], points.place[row], points.kind[row] = w, time, place, kind
    points.filled[0] = row + 1
    course.kept[w], course.kept_time[w], course.kept_place[w] = row, time, place
    course.seen_time[w], course.seen_place[w] = time, place
    course.low[w], course.high[w] = -np.inf, np.inf


@_jit
def _start(points, course, w):
    """Keep where a wall began to leave the end of its track, once it is worth it."""
    time = course.waits[w]
    course.waits[w] = np.nan
    if time > course.kept_time[w]:
        _keep(points, course, w, time, course.kept_place[w], START)


@_jit
def _bend(points, course, w, time, place):
    """Keep the last point looked at if the line to this one misses something."""
    slope = (place - course.kept_place[w]) / (time - course.kept_time[w])
    if course.seen_time[w] > course.kept_time[w] and not course.low[w] <= slope <= course.high[w]:
        _keep(points, course, w, course.seen_time[w], course.seen_place[w], BEND)


@_jit
def _look(points, course, tracks, w, time, place):
    """Pass by a point of a wall's way."""
    if not np.isnan(course.waits[w]):
        if abs(place - course.kept_place[w]) <= NOTICED * tracks.length[w]:
            return
        _start(points, course, w)
    if time <= course.seen_time[w]:
        return
    _bend(points, course, w, time, place)
    span, way, width = time - course.kept_time[w], place - course.kept_place[w], CONE * tracks.length[w]
    course.low[w], course.high[w] = max(course.low[w], (way - width) / span), min(course.high[w], (way + width) / span)
    course.seen_time[w], course.seen_place[w] = time, place


@_jit
def _mark(points, course, tracks, w, time, place, kind):
    """Keep an event; a stop or a turn hardly away from the last point kept is none."""
    if kind in (STOP, TURN):
        near = abs(place - course.kept_place[w]) <= NOTICED * tracks.length[w]
        if near and not np.isnan(course.waits[w]):
            if kind == STOP:
                course.waits[w] = np.nan
            return
        if near and kind == TURN:
            _look(points, course, tracks, w, time, place)
            return
    if not np.isnan(course.waits[w]):
        _start(points, course, w)
    if time > course.kept_time[w]:
        _bend(points, course, w, time, place)
        _keep(points, course, w, time, place, kind)
    elif points.kind[course.kept[w]] == BEND:
        points.kind[course.kept[w]] = kind


@_jit
def _cubic(x, q0, q1, d0, d1):
    """Hermite interpolant at a fraction ``x`` of its span; ``d`` velocities times the span."""
    u = 1 - x
    return q0 * u * u * (1 + 2 * x) + q1 * x * x * (3 - 2 * x) + x * u * (d0 * u - d1 * x)


@_jit
def _turning(q0, q1, d0, d1):
    """Where the interpolant turns when the velocities at its ends have different signs."""
    low, high = 0.0, 1.0
    for _ in range(40):
        x = (low + high) / 2
        u = 1 - x
        if (6 * x * u * (q1 - q0) + d0 * u * (1 - 3 * x) + d1 * x * (3 * x - 2)) * d0 > 0:
            low = x
        else:
            high = x
    return (low + high) / 2


@_jit
def _crossing(q0, q1, d0, d1, first, last, edge, upward):
    """Where between two fractions the interpolant passes an edge that lies between its values there."""
    for _ in range(45):
        x = (first + last) / 2
        if (_cubic(x, q0, q1, d0, d1) > edge) == upward:
            last = x
        else:
            first = x
    return last


@_jit
def _pass(points, course, tracks, w, begin, span, q0, q1, d0, d1, first, last):
    """Look at so many points of a part of the interpolant that it bends little between two."""
    length = tracks.length[w]
    bend0, bend1 = 6 * (q1 - q0) - 4 * d0 - 2 * d1, 2 * d0 + 4 * d1 - 6 * (q1 - q0)
    here, there = bend0 + first * (bend1 - bend0), bend0 + last * (bend1 - bend0)
    bow = max(abs(here), abs(there)) * (last - first) ** 2 / 8
    parts = int(min(max(np.ceil(np.sqrt(bow / (BOW * length))), 1.0), float(_MOST_PARTS)))
    for k in range(1, parts + 1):
        x = last if k == parts else first + (last - first) * k / parts
        _look(points, course, tracks, w, begin + x * span, min(max(_cubic(x, q0, q1, d0, d1), 0.0), length))


@_jit
def _one_way(points, course, tracks, w, begin, span, q0, q1, d0, d1, first, last):
    """Follow a part of the interpolant in which it does not turn, over the edges of the pillar."""
    target = _cubic(last, q0, q1, d0, d1)
    upward = target > _cubic(first, q0, q1, d0, d1)
    for _ in range(2):
        zone = course.zone[w]
        if zone == (PAST if upward else BEFORE):
            break
        edge = tracks.enter[w] if zone == BEFORE or (zone == UNDER and not upward) else tracks.leave[w]
        if target == edge or (target > edge) != upward:
            break
        x = _crossing(q0, q1, d0, d1, first, last, edge, upward)
        _pass(points, course, tracks, w, begin, span, q0, q1, d0, d1, first, x)
        _mark(points, course, tracks, w, begin + x * span, edge, ENTER if zone != UNDER else LEAVE)
        course.zone[w] = UNDER if zone != UNDER else (PAST if upward else BEFORE)
        first = x
    _pass(points, course, tracks, w, begin, span, q0, q1, d0, d1, first, last)


@_jit
def _move(points, course, tracks, w, begin, span, q0, v0, q1, v1):
    """Follow a free wall from ``q0`` to ``q1`` with velocities at both ends."""
    if span <= 0:
        return
    d0, d1, turn = v0 * span, v1 * span, 0.0
    if d0 * d1 < 0:
        turn = _turning(q0, q1, d0, d1)
        _one_way(points, course, tracks, w, begin, span, q0, q1, d0, d1, 0.0, turn)
        place = min(max(_cubic(turn, q0, q1, d0, d1), 0.0), tracks.length[w])
        _mark(points, course, tracks, w, begin + turn * span, place, TURN)
    _one_way(points, course, tracks, w, begin, span, q0, q1, d0, d1, turn, 1.0)


@_jit
def _speed(x, v0, vm, v1):
    """Parabola through the speeds at the begin, the middle and the end of a span, at a fraction ``x`` of it."""
    return v0 + x * (4 * vm - 3 * v0 - v1 + 2 * x * (v0 - 2 * vm + v1))


@_jit
def _way(x, v0, vm, v1):
    """Its integral from the begin, for a span of 1."""
    return x * (v0 + x * ((4 * vm - 3 * v0 - v1) / 2 + 2 * x * (v0 - 2 * vm + v1) / 3))


@_jit
def _reversal(v0, vm, v1):
    """Fraction of a span at which the speed changes its sign, which it has other at the end than at the begin."""
    first, last = 0.0, 1.0
    for _ in range(45):
        x = (first + last) / 2
        if (_speed(x, v0, vm, v1) > 0) == (v1 > 0):
            last = x
        else:
            first = x
    return last


@_jit
def _arrival(way, v0, vm, v1):
    """Fraction of a span of 1 after which a wall has first gone ``way``, not 0; 1 at the latest."""
    for k in range(1, _LOOKS + 1):
        if (_way(k / _LOOKS, v0, vm, v1) - way) * way >= 0:
            first, last = (k - 1) / _LOOKS, k / _LOOKS
            for _ in range(40):
                x = (first + last) / 2
                if (_way(x, v0, vm, v1) - way) * way >= 0:
                    last = x
                else:
                    first = x
            return last
    return 1.0


@_jit
def _held(place, speed, length):
    """The end that holds a wall: −1 low, 1 high, 0 none."""
    if place <= _AT_END * length and speed <= 0:
        return -1
    return 1 if place >= (1 - _AT_END) * length and speed >= 0 else 0


@_jit
def _snapped(place, side, length):
    """A place within the track; exactly the end that holds the wall."""
    if side == 0:
        return min(max(place, 0.0), length)
    return 0.0 if side < 0 else length


@_jit
def _leave_end(points, course, tracks, w, begin, span, q1, vm, v1, side, clipped):
    """A step of a wall that an end holds when it begins, and not all the time."""
    q0, v0, length = course.place[w], course.speed[w], tracks.length[w]
    free = _reversal(v0, vm, v1) if v0 * v1 < 0 else 0.0
    begin, span = begin + free * span, (1 - free) * span
    if np.isnan(course.waits[w]):
        course.waits[w] = begin
    if abs(q1 - q0) <= _AT_END * length:
        return
    if side != 0:
        vm = _speed((1 + free) / 2, v0, vm, v1)
        x = _arrival((q1 - q0) / span, 0.0, vm, v1) if clipped and span > 0 else 1.0
        span, v1 = x * span, _speed(x, 0.0, vm, v1)
    _move(points, course, tracks, w, begin, span, q0, 0.0, q1, v1)
    if side != 0:
        _mark(points, course, tracks, w, begin + span, q1, STOP)


@_jit
def _free_step(points, course, tracks, w, begin, span, q1, vm, v1, side, clipped):
    """A step of a wall that is free when it begins; ``clipped``: it may have met an end in between."""
    q0, v0, length = course.place[w], course.speed[w], tracks.length[w]
    if side != 0:
        x = _arrival((q1 - q0) / span, v0, vm, v1) if clipped and q1 != q0 else 1.0
        _move(points, course, tracks, w, begin, x * span, q0, v0, q1, _speed(x, v0, vm, v1) if x < 1 else v1)
        _mark(points, course, tracks, w, begin + x * span, q1, STOP)
        return
    if clipped and v0 * v1 < 0:
        turn = _reversal(v0, vm, v1)
        place = q0 + span * _way(turn, v0, vm, v1)
        if (place < 0 and q0 > 0) or (place > length and q0 < length):
            end = 0.0 if place < 0 else length
            x = min(_arrival((end - q0) / span, v0, vm, v1), turn)
            _move(points, course, tracks, w, begin, x * span, q0, v0, end, _speed(x, v0, vm, v1))
            _mark(points, course, tracks, w, begin + x * span, end, STOP)
            course.waits[w] = begin + turn * span
            _move(points, course, tracks, w, begin + turn * span, (1 - turn) * span, end, 0.0, q1, v1)
            return
    _move(points, course, tracks, w, begin, span, q0, v0, q1, v1)


@_open
def begin_phase(points, course, tracks, time, place, speed, first_phase, first):
    """Take over places and speeds at the begin of a phase; a wall that no end holds gets a point there.

    Returns:
        How many walls are done: fewer than all when ``points`` has no room for another; go on with ``first`` there.
    """
    for w in range(first, len(place)):
        if len(points.time) - points.filled[0] < ROOM:
            return w
        length = tracks.length[w]
        q = _snapped(place[w], _held(place[w], speed[w], length), length)
        if first_phase:
            course.zone[w] = BEFORE if q < tracks.enter[w] else (PAST if q > tracks.leave[w] else UNDER)
            _keep(points, course, w, time, q, BEGIN)
        elif _held(course.place[w], course.speed[w], length) == 0:
            _mark(points, course, tracks, w, time, q, RELEASE)
        elif _held(q, speed[w], length) == 0:
            course.waits[w] = time
        course.place[w], course.speed[w] = q, speed[w]
    return len(place)


@_open
def follow_step(points, course, tracks, begin, end, place, middle, speed, clipped, first):
    """Follow every wall through a step, given where it is at the step's end; returns as ``begin_phase``.

    ``middle``: speeds half-way, which tell when a wall met an end or left it (``clipped``).
    """
    span = end - begin
    for w in range(first, len(place)):
        if len(points.time) - points.filled[0] < ROOM:
            return w
        length, v1 = tracks.length[w], speed[w]
        side, was = _held(place[w], v1, length), _held(course.place[w], course.speed[w], length)
        q1 = _snapped(place[w], side, length)
        if was != 0:
            if side != was or abs(q1 - course.place[w]) > _AT_END * length:
                _leave_end(points, course, tracks, w, begin, span, q1, middle[w], v1, side, clipped)
        elif span > 0:
            _free_step(points, course, tracks, w, begin, span, q1, middle[w], v1, side, clipped)
        course.place[w], course.speed[w] = q1, v1
    return len(place)


@_open
def end_all(points, course, tracks, time, place, first):
    """Keep where every wall is at the end of the trial; returns as ``begin_phase``."""
    for w in range(first, len(place)):
        if len(points.time) - points.filled[0] < ROOM:
            return w
        _mark(points, course, tracks, w, time, min(max(place[w], 0.0), tracks.length[w]), END)
    return len(place)
