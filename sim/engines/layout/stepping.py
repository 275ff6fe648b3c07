"""Moving the walls: steps by error control while a wall is under a pillar, jumps from event to event otherwise.

Speeds are linear in the reference potentials, so a Runge-Kutta step (Bogacki and Shampine, 3(2)) combines potentials
and then moves each wall once. Walls at rest against an end of their track are only looked at once a step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange

from sim.engines.layout.circuit import solve

RUNNING, REST, LIMIT = range(3)
_PLACE, _FINISH, _ERROR, _COMMIT, _SCAN, _DRIFT = range(6)  # passes over the walls
_FAST, _INSIDE, _EDGE, _FIRST, _LAST, _SPEED, _WORST, _CHANGED = range(8)  # facts a pass reports
_ENERGY_TIME = 50e-9  # s: an error of the energy counts against the present power over this time
_LEAST_STEP = 1e-17  # s: below it a step is accepted as it is


class Motion(NamedTuple):
    """State of a run between steps, all of it; everything else follows from it.

    Attributes:
        s: positions in pillar units.
        trial: positions of the step under way.
        clock: time, next step, last step (s) and the step counter.
        y: reference potentials at the four stages, row 0 now.
        power: powers at the four stages, row 0 now, and those last solved for.
        energy: their integral in J.
        moving, speed: walls that are free to move and their ds/dt, by share.
        mean, end: ds/dt used in a pass, by place in the list, or by wall.
        listed: how many of them in each share.
        facts: what each share found in its last pass.
        blend: potentials that the next pass uses, two vectors.
    """

    s: np.ndarray
    trial: np.ndarray
    clock: np.ndarray
    y: np.ndarray
    power: np.ndarray
    energy: np.ndarray
    moving: np.ndarray
    speed: np.ndarray
    mean: np.ndarray
    end: np.ndarray
    listed: np.ndarray
    facts: np.ndarray
    blend: np.ndarray


def make_motion(s: np.ndarray, references: int, shares: int) -> Motion:
    """A motion at time 0 with walls at ``s``; call ``begin`` before ``advance``."""
    walls = len(s)
    return Motion(
        s.copy(), s.copy(), np.zeros(4), np.zeros((4, references)), np.zeros((5, 6)), np.zeros(6),
        np.zeros(walls, np.int64), np.zeros(walls), np.zeros(walls), np.zeros(walls), np.zeros(shares, np.int64),
        np.zeros((shares, 8)), np.zeros((2, references)),
    )  # fmt: skip


# Loops run over plain arrays that are arguments: every access through a tuple or an inlined call counts references.


@njit(cache=True)
def _speeds(out, rate, refs, at, y, leak, moving, first, last):
    """Speed of each listed wall for some potentials."""
    for i in range(first, last):
        wall = moving[i]
        entry, begin, size = at[wall, 0], at[wall, 1], at[wall, 2]
        total = leak[wall]
        for k in range(size):
            total += rate[entry + k] * y[refs[begin + k]]
        out[i] = total


@njit(cache=True)
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


@njit(cache=True)
def _one_speed(rate, refs, at, y, leak, wall):
    total = leak[wall]
    for k in range(at[wall, 2]):
        total += rate[at[wall, 0] + k] * y[refs[at[wall, 1] + k]]
    return total


@njit(cache=True)
def _set_pillars(constants, pillar, group, dirty, moving, s, first, last):
    """Bring the listed walls' pillars up to date; whether any changed."""
    changed = False
    for i in range(first, last):
        wall = moving[i]
        fraction = min(max(s[wall], 0.0), 1.0)
        if fraction != pillar[wall, 0]:
            changed = True
            ohm = 1.0 / (constants[wall, 0] + fraction * constants[wall, 1])
            pillar[wall, 0], pillar[wall, 1], pillar[wall, 2] = fraction, ohm, 1.0 / (ohm + constants[wall, 2])
            if group[wall] >= 0:
                dirty[group[wall]] = True
    return changed


@njit(cache=True)
def _moved(trial, s, speed, low, high, moving, h, first, last):
    for i in range(first, last):
        wall = moving[i]
        trial[wall] = min(max(s[wall] + h * speed[i], low[wall]), high[wall])


@njit(cache=True)
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


@njit(cache=True)
def _listed_speeds(work, bundles, walls, motion, out, y, first, last):
    _speeds(out, work.rate, bundles.ref, work.at, y, walls.leak, motion.moving, first, last)


@njit(cache=True)
def _listed_pillars(work, walls, motion, s, share, first, last):
    motion.facts[share, _CHANGED] = _set_pillars(
        walls.pillar, work.pillar, work.pillar_group, work.dirty, motion.moving, s, first, last
    )


@njit(cache=True)
def _place(work, bundles, walls, motion, share, first, last, h):
    """Trial positions for the potentials in ``blend``, and their pillars."""
    _listed_speeds(work, bundles, walls, motion, motion.mean, motion.blend[0], first, last)
    _moved(motion.trial, motion.s, motion.mean, walls.low, walls.high, motion.moving, h, first, last)
    _listed_pillars(work, walls, motion, motion.trial, share, first, last)


@njit(cache=True)
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


@njit(cache=True)
def _worst(trial, low, high, part, leak, speed, moving, first, last):
    worst = 0.0
    for i in range(first, last):
        wall = moving[i]
        if low[wall] < trial[wall] < high[wall]:
            worst = max(worst, abs(speed[i] - leak[wall]) * part[wall])
    return worst


@njit(cache=True)
def _error(work, bundles, walls, motion, share, first, last, h):
    """Largest estimated error of a wall in this step, fraction of L."""
    _listed_speeds(work, bundles, walls, motion, motion.mean, motion.blend[0], first, last)
    motion.facts[share, _WORST] = h * _worst(
        motion.trial, walls.low, walls.high, walls.share, walls.leak, motion.mean, motion.moving, first, last
    )


@njit(cache=True)
def _commit(s, trial, moving, first, last):
    for i in range(first, last):
        s[moving[i]] = trial[moving[i]]


@njit(cache=True)
def _snap(s, moving, first, last):
    """Put walls that a jump brought to an edge of their pillar exactly there."""
    for i in range(first, last):
        wall = moving[i]
        if abs(s[wall]) < 1e-12:
            s[wall] = 0.0
        elif abs(s[wall] - 1.0) < 1e-12:
            s[wall] = 1.0


@njit(cache=True)
def _drift(work, walls, motion, share, first, last, h):
    """Move every free wall at its constant speed."""
    _moved(motion.s, motion.s, motion.speed, walls.low, walls.high, motion.moving, h, first, last)
    _snap(motion.s, motion.moving, first, last)
    _listed_pillars(work, walls, motion, motion.s, share, first, last)


@njit(cache=True)
def _free(moving, speed, all_speeds, s, low, high, offset, first, last):
    """List the walls that nothing holds; how many."""
    new = offset
    for wall in range(first, last):
        pace = all_speeds[wall]
        if (pace > 0 and s[wall] < high[wall]) or (pace < 0 and s[wall] > low[wall]):
            moving[new], speed[new] = wall, pace
            new += 1
    return new - offset


@njit(cache=True)
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


@njit(cache=True)
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
    facts[_EDGE], facts[_FIRST], facts[_LAST] = edge, soon, way
    facts[_SPEED], facts[_INSIDE], facts[_FAST] = top, inside, fast


@njit(cache=True)
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
    motion.facts[share, _CHANGED] = 0.0
    if h > 0:
        _leave(work, bundles, walls, motion, first, first + count, h)
        _listed_pillars(work, walls, motion, motion.s, share, first, first + count)
    facts = motion.facts[share]
    _ahead(facts, motion.moving, motion.speed, motion.s, walls.low, walls.high, walls.still, first, first + count)


@njit(cache=True)
def _share_pass(work, bundles, walls, motion, kind, h, share):
    first = bundles.first[work.chunk_bundle[share]]
    last = first + motion.listed[share]
    if kind == _PLACE:
        _place(work, bundles, walls, motion, share, first, last, h)
    elif kind == _FINISH:
        _finish(work, bundles, walls, motion, share, first, last, h)
    elif kind == _ERROR:
        _error(work, bundles, walls, motion, share, first, last, h)
    elif kind == _COMMIT:
        _commit(motion.s, motion.trial, motion.moving, first, last)
    elif kind == _DRIFT:
        _drift(work, walls, motion, share, first, last, h)
    else:
        _scan(work, bundles, walls, motion, share, h)


@njit(parallel=True, cache=True)
def _parallel_pass(work, bundles, walls, motion, kind, h):
    for share in prange(len(motion.listed)):
        _share_pass(work, bundles, walls, motion, kind, h, share)


@njit(cache=True)
def _pass(board, walls, motion, kind, h):
    if len(motion.listed) > 1:
        _parallel_pass(board.work, board.bundles, walls, motion, kind, h)
    else:
        _share_pass(board.work, board.bundles, walls, motion, kind, h, 0)
    return motion.facts[:, _CHANGED].max() > 0


@njit(cache=True)
def _stage(board, motion, stage, changed):
    """Potentials and powers at a stage; those of the last solution when no pillar changed."""
    if changed:
        solve(board, motion.power[4])
    motion.power[stage] = motion.power[4]
    motion.y[stage] = board.work.ref


@njit(cache=True)
def begin(board, walls, motion):
    """Solve for the walls where they are and find what moves."""
    work, everything = board.work, np.arange(len(motion.s))
    _set_pillars(walls.pillar, work.pillar, work.pillar_group, work.dirty, everything, motion.s, 0, len(everything))
    _stage(board, motion, 0, True)
    _pass(board, walls, motion, _SCAN, 0.0)
    motion.clock[1] = 0.0


@njit(cache=True)
def _jump(board, walls, motion, left, every):
    """Nothing changes until a wall reaches a pillar: go there, or until the last wall arrives (each, for ``every``)."""
    edge, last = motion.facts[:, _EDGE].min(), motion.facts[:, _LAST].max()
    h = min(edge if edge < np.inf else last, left)
    if every:
        h = min(h, motion.facts[:, _FIRST].min())
    changed = _pass(board, walls, motion, _DRIFT, h)
    motion.energy[:] += h * motion.power[0]
    if changed:
        _stage(board, motion, 0, True)
    _pass(board, walls, motion, _SCAN, 0.0)
    motion.clock[1] = 0.0
    return h


@njit(cache=True)
def _try(board, walls, motion, h):
    """One Runge-Kutta step; its largest error."""
    y, blend = motion.y, motion.blend
    blend[0] = y[0]
    _stage(board, motion, 1, _pass(board, walls, motion, _PLACE, 0.5 * h))
    blend[0] = y[1]
    _stage(board, motion, 2, _pass(board, walls, motion, _PLACE, 0.75 * h))
    blend[0] = (2.0 * y[0] + 3.0 * y[1] + 4.0 * y[2]) / 9.0
    blend[1] = (y[0] - 6.0 * y[1] + 8.0 * y[2]) / 3.0
    _stage(board, motion, 3, _pass(board, walls, motion, _FINISH, h))
    blend[0] = -5.0 / 72.0 * y[0] + y[1] / 12.0 + y[2] / 9.0 - y[3] / 8.0
    _pass(board, walls, motion, _ERROR, h)
    power = motion.power
    missed, flow = 0.0, 0.0
    for k in range(6):
        missed = max(
            missed, abs(-5.0 / 72.0 * power[0, k] + power[1, k] / 12.0 + power[2, k] / 9.0 - power[3, k] / 8.0)
        )
        flow += power[0, k]
    return max(motion.facts[:, _WORST].max(), h * missed / (flow * _ENERGY_TIME) if flow > 0 else 0.0)


@njit(cache=True)
def _accept(board, walls, motion, h):
    y, power, blend = motion.y, motion.power, motion.blend
    _pass(board, walls, motion, _COMMIT, h)
    motion.energy[:] += h / 9.0 * (2.0 * power[0] + 3.0 * power[1] + 4.0 * power[2])
    blend[0], blend[1] = y[0], y[2]
    y[0], power[0] = y[3], power[3]
    if _pass(board, walls, motion, _SCAN, h):
        _stage(board, motion, 0, True)
        _pass(board, walls, motion, _SCAN, 0.0)


@njit(cache=True)
def _step(board, walls, motion, left, tolerance):
    """One accepted step of at most ``left``; its length."""
    speed, edge = motion.facts[:, _SPEED].max(), motion.facts[:, _EDGE].min()
    wanted = motion.clock[1] if motion.clock[1] > 0 else 0.01 / speed
    while True:
        h = min(wanted, 0.5 / speed)
        if 0.1 * h < edge < h:
            h = edge * (1 + 1e-9)
        h = min(h, left)
        error = _try(board, walls, motion, h)
        factor = 5.0 if error == 0 else min(5.0, max(0.2, 0.85 * (tolerance / error) ** (1.0 / 3.0)))
        if error <= tolerance or h <= _LEAST_STEP:
            motion.clock[1] = h * factor
            _accept(board, walls, motion, h)
            return h
        wanted = h * min(factor, 0.9)


@njit(cache=True, nogil=True)
def advance(board, walls, motion, steps, until, tolerance, every):
    """Take up to ``steps`` steps, not beyond time ``until`` (s): RUNNING, REST or LIMIT.

    Args:
        board: the circuit.
        walls: the walls' constants.
        motion: the state, changed in place.
        steps: accepted steps before returning.
        until: limit of ``motion.clock[0]``.
        tolerance: largest estimated error of a wall in a step, fraction of L.
        every: stop a jump also where a wall reaches the end of its track, so that a trace shows it.
    """
    for _ in range(steps):
        if motion.facts[:, _FAST].max() == 0:
            return REST
        left = until - motion.clock[0]
        if left <= 0:
            return LIMIT
        if motion.facts[:, _INSIDE].sum() == 0:
            h = _jump(board, walls, motion, left, every)
        else:
            h = _step(board, walls, motion, left, tolerance)
        motion.clock[0] = until if h >= left else motion.clock[0] + h
        motion.clock[2] = h
        motion.clock[3] += 1
    return RUNNING
