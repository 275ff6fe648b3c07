"""Dendrites that run beside their weight rails, solved side by side: one sweep along each row.

A row is a dendrite and a few rails, each a line of wires, with pillars between them. Sweeping along it,
only the conductances between its ports and the ends reached so far are kept: the dendrite's end (0), the rails' ends
(1 … R), the ports where the rails began (R + 1 … 2R), and the soma's port (2R + 1). An end moves on through a wire by
one rank-one update. The same goes for the derivative of these conductances when all pillars grow alike, which gives
the heat of the pillars alone. The rows of a batch do all this in step, which a processor does several at a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.engines.jit_options import inner, outer

COUPLED_LANES = 32  # rows in a batch: their conductances then stay in a processor's nearest memory
ENDS_AT_SOMA = -1  # a dendrite with a pillar at its soma's port ends there
MOST_RAILS = 4  # along one row; with more, the general elimination is as fast


class CoupledLadders(NamedTuple):
    """Rows in batches, long ones first; their pillars in the order of the sweep, a row of lanes for each step.

    Attributes:
        rails: most rails along a row, R.
        lane_first: first row of each batch, shape (batches + 1,).
        step_first: first step of each batch, shape (batches + 1,).
        pillar_first: first pillar of each step, shape (steps + 1,); the first rows of the batch have one in it.
        along: wire of the dendrite up to each pillar, S; infinite where there is none.
        beside: wire of the pillar's rail up to it, S.
        rail: which rail that is, 0 … R − 1.
        series: wire in series with the pillar, Ω.
        wall: wall under the pillar.
        tap: place of each wall among these, −1 for a wall elsewhere, shape (walls,).
        soma: step before which each row's dendrite passes its soma's port, or ``ENDS_AT_SOMA``, shape (rows,).
        into, out_of: wires to that port from the dendrite before and to the dendrite after it, S; 0 without.
            ``ENDS_AT_SOMA``: the last is the soma's port itself, and ``into`` comes from a port at the other end.
        last: wire from the dendrite to a port at its end, S; 0 without.
        begin, end: wires from each rail's first port and to its last, S; 0 without, shape (R, rows).
        port_a, port_b: references of the ports in the rows' final conductances, −1 without, shape (pairs, rows).
        entry: where each of these goes among the interface's values, −1 where a port is a source.
    """

    rails: int
    lane_first: np.ndarray
    step_first: np.ndarray
    pillar_first: np.ndarray
    along: np.ndarray
    beside: np.ndarray
    rail: np.ndarray
    series: np.ndarray
    wall: np.ndarray
    tap: np.ndarray
    soma: np.ndarray
    into: np.ndarray
    out_of: np.ndarray
    last: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    port_a: np.ndarray
    port_b: np.ndarray
    entry: np.ndarray

    @property
    def work(self) -> np.ndarray:
        """Pillars before each batch, shape (batches + 1,)."""
        return self.pillar_first[self.step_first]


class CoupledState(NamedTuple):
    """What changes: each pillar's conductance with its wire (S); rows' conductances and derivatives; room for vectors.

    ``siemens`` has shape (pillars,); ``s``, ``s2`` (batches, pairs, lanes) with pair i(i + 1)/2 + j for j ≤ i; ``room``
    (batches, 4 · (2R + 2) + 2 + R, lanes).
    """

    siemens: np.ndarray
    s: np.ndarray
    s2: np.ndarray
    room: np.ndarray


def no_coupled(walls: int) -> CoupledLadders:
    """None at all."""
    zero, none, empty = np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0)
    flat, pairs = np.zeros((0, 0)), np.zeros((0, 0), np.int64)
    return CoupledLadders(
        rails=0,
        lane_first=zero,
        step_first=zero,
        pillar_first=zero,
        along=empty,
        beside=empty,
        rail=np.zeros(0, np.int8),
        series=empty,
        wall=none,
        tap=np.full(walls, -1, np.int64),
        soma=none,
        into=empty,
        out_of=empty,
        last=empty,
        begin=flat,
        end=flat,
        port_a=pairs,
        port_b=pairs,
        entry=pairs,
    )


def make_coupled_state(coupled: CoupledLadders) -> CoupledState:
    """Room for a sweep; pillars are still to be set."""
    batches, size = len(coupled.lane_first) - 1, 2 * coupled.rails + 2
    shape = (batches, size * (size + 1) // 2, COUPLED_LANES)
    return CoupledState(
        siemens=np.zeros(len(coupled.wall)),
        s=np.zeros(shape),
        s2=np.zeros(shape),
        room=np.zeros((batches, 4 * size + 2 + coupled.rails, COUPLED_LANES)),
    )


# Loops have one statement each and index whole arrays: only then do compilers do several lanes at once.
@inner()
def _pair(i, j):
    return i * (i + 1) // 2 + j if i > j else j * (j + 1) // 2 + i


@outer()
def _update(s, s2, room, size, count):
    """Move an end on: ``room`` holds its conductances u, their derivatives u2, and the two factors of the move."""
    factor, own = 4 * size, 4 * size + 1
    for i in range(size):
        for k in range(count):
            room[2 * size + i, k] = room[factor, k] * room[i, k]
        for k in range(count):
            room[3 * size + i, k] = room[size + i, k] - room[own, k] * room[i, k]
    pair = 0
    for i in range(size):
        for j in range(i + 1):
            v, w = 2 * size + j, 3 * size + j
            for k in range(count):
                s[pair, k] -= room[i, k] * room[v, k]
            for k in range(count):
                s2[pair, k] -= room[size + i, k] * room[v, k] + room[2 * size + i, k] * room[w, k]
            pair += 1


@outer()
def _dendrite_on(s, s2, room, size, along):
    """Move the dendrite's end on in each lane."""
    count, factor = len(along), 4 * size
    for i in range(size):
        pair = _pair(i, 0)
        for k in range(count):
            room[i, k] = s[pair, k]
        for k in range(count):
            room[size + i, k] = s2[pair, k]
    for k in range(count):
        room[factor, k] = 1.0 / (along[k] + s[0, k])
    for k in range(count):
        room[factor + 1, k] = room[factor, k] * s2[0, k]
    _update(s, s2, room, size, count)


@outer()
def _choose_rail(s, s2, room, size, rails, rail):
    """Conductances of the end of one rail in each lane, and masks that say which one it is."""
    count, masks = len(rail), 4 * size + 2
    for which in range(rails):
        for k in range(count):
            room[masks + which, k] = 1.0 if rail[k] == which else 0.0
    for i in range(size):
        for k in range(count):
            room[i, k] = room[size + i, k] = 0.0
        for which in range(rails):
            pair, mask = _pair(i, 1 + which), masks + which
            for k in range(count):
                room[i, k] += room[mask, k] * s[pair, k]
            for k in range(count):
                room[size + i, k] += room[mask, k] * s2[pair, k]


@outer()
def _rail_on(s, s2, room, size, rails, rail, beside):
    """Move the end of one rail on in each lane."""
    count, factor, masks = len(rail), 4 * size, 4 * size + 2
    _choose_rail(s, s2, room, size, rails, rail)
    for k in range(count):
        room[factor, k] = beside[k]
    for k in range(count):
        room[factor + 1, k] = 0.0
    for which in range(rails):  # the end's own conductance and derivative
        mask, own = masks + which, 1 + which
        for k in range(count):
            room[factor, k] += room[mask, k] * room[own, k]
        for k in range(count):
            room[factor + 1, k] += room[mask, k] * room[size + own, k]
    for k in range(count):
        room[factor, k] = 1.0 / room[factor, k]
    for k in range(count):
        room[factor + 1, k] *= room[factor, k]
    _update(s, s2, room, size, count)


@outer()
def _add_pillars(s, s2, room, size, rails, siemens, series):
    """Add pillars between the dendrite's end and the rails' ends that the masks choose."""
    count, g, own, masks = len(siemens), 2 * size, 2 * size + 1, 4 * size + 2
    for which in range(rails):
        mask, there, between = masks + which, _pair(1 + which, 1 + which), _pair(1 + which, 0)
        for k in range(count):
            room[g, k] = siemens[k] * room[mask, k]
        for k in range(count):
            room[own, k] = room[g, k] * (1.0 - series[k] * siemens[k])
        for k in range(count):
            s[0, k] += room[g, k]
        for k in range(count):
            s[there, k] += room[g, k]
        for k in range(count):
            s[between, k] -= room[g, k]
        for k in range(count):
            s2[0, k] += room[own, k]
        for k in range(count):
            s2[there, k] += room[own, k]
        for k in range(count):
            s2[between, k] -= room[own, k]


@outer()
def _lane_on(s, s2, room, size, lane, which, wire):
    """Move one end of one lane on through a wire; without one (0 S) it is eliminated."""
    own, own2 = s[_pair(which, which), lane], s2[_pair(which, which), lane]
    if wire + own == 0.0:
        return
    factor = 1.0 / (wire + own)
    for i in range(size):
        room[i, lane], room[size + i, lane] = s[_pair(i, which), lane], s2[_pair(i, which), lane]
    for i in range(size):
        for j in range(i + 1):
            ui, uj, u2i, u2j = room[i, lane], room[j, lane], room[size + i, lane], room[size + j, lane]
            s[_pair(i, j), lane] -= factor * ui * uj
            s2[_pair(i, j), lane] -= factor * (u2i * uj + ui * u2j - factor * own2 * ui * uj)
    if wire == 0.0:
        for i in range(size):
            s[_pair(i, which), lane] = s2[_pair(i, which), lane] = 0.0


@outer()
def _join(s, lane, i, j, siemens):
    s[_pair(i, i), lane] += siemens
    s[_pair(j, j), lane] += siemens
    s[_pair(i, j), lane] -= siemens


@outer()
def _pass_soma(s, s2, room, size, lane, into, out_of):
    """The dendrite ends at the soma's port and begins anew behind it."""
    _join(s, lane, 0, size - 1, into)
    _lane_on(s, s2, room, size, lane, 0, 0.0)
    _join(s, lane, 0, size - 1, out_of)


@outer()
def _start(coupled, s, s2, first, count):
    for pair in range(len(s)):
        for k in range(count):
            s[pair, k] = s2[pair, k] = 0.0
    for which in range(coupled.rails):
        for k in range(count):
            _join(s, k, 1 + which, 1 + coupled.rails + which, coupled.begin[which, first + k])
    for k in range(count):
        if coupled.soma[first + k] == ENDS_AT_SOMA:
            _join(s, k, 0, 2 * coupled.rails + 1, coupled.into[first + k])


@outer()
def _end(coupled, s, s2, room, size, first, lane, steps):
    """The dendrite and the rails reach their last ports; an end without one goes."""
    if coupled.soma[first + lane] == steps:
        _join(s, lane, 0, size - 1, coupled.into[first + lane])
    if coupled.soma[first + lane] != ENDS_AT_SOMA:
        _lane_on(s, s2, room, size, lane, 0, coupled.last[first + lane])
    for which in range(coupled.rails):
        _lane_on(s, s2, room, size, lane, 1 + which, coupled.end[which, first + lane])


@outer()
def _sweep(coupled, state, batch):
    first, last = coupled.lane_first[batch], coupled.lane_first[batch + 1]
    s, s2, room, size, rails = state.s[batch], state.s2[batch], state.room[batch], 2 * coupled.rails + 2, coupled.rails
    _start(coupled, s, s2, first, last - first)
    lanes = last - first
    step_begin, step_end = coupled.step_first[batch], coupled.step_first[batch + 1]
    for step in range(step_begin, step_end):
        begin, end = coupled.pillar_first[step], coupled.pillar_first[step + 1]
        count = end - begin
        while lanes > count:  # rows that end here
            lanes -= 1
            _end(coupled, s, s2, room, size, first, lanes, step - step_begin)
        for k in range(count):
            if coupled.soma[first + k] == step - step_begin:
                _pass_soma(s, s2, room, size, k, coupled.into[first + k], coupled.out_of[first + k])
        _dendrite_on(s, s2, room, size, coupled.along[begin:end])
        _rail_on(s, s2, room, size, rails, coupled.rail[begin:end], coupled.beside[begin:end])
        _add_pillars(s, s2, room, size, rails, state.siemens[begin:end], coupled.series[begin:end])
    while lanes > 0:
        lanes -= 1
        _end(coupled, s, s2, room, size, first, lanes, step_end - step_begin)


@outer()
def sweep_coupled(coupled, state, dirty, first, last):
    """Bring the rows of batches ``first`` … ``last`` − 1 up to date where a pillar changed."""
    for batch in range(first, last):
        if dirty[batch]:
            _sweep(coupled, state, batch)


@outer()
def join_coupled(coupled, state, values, b, ref, n):
    """Add the rows to the interface's values and, where a source is a port, to its sources (``n``: first source)."""
    for batch in range(len(coupled.lane_first) - 1):
        first = coupled.lane_first[batch]
        for lane in range(first, coupled.lane_first[batch + 1]):
            for pair in range(len(coupled.entry)):
                siemens = state.s[batch, pair, lane - first]
                here, there = coupled.port_a[pair, lane], coupled.port_b[pair, lane]
                if coupled.entry[pair, lane] >= 0:
                    values[coupled.entry[pair, lane]] += siemens
                elif here >= 0 and min(here, there) < n:
                    b[min(here, there)] -= siemens * ref[max(here, there)]


@outer()
def coupled_powers(coupled, state, ref, source_class, power):
    """Add what sources at the rows' ports deliver, and the heat of pillars and wires, to ``power``, W."""
    pillars, heat = 0.0, 0.0
    for batch in range(len(coupled.lane_first) - 1):
        first = coupled.lane_first[batch]
        for lane in range(first, coupled.lane_first[batch + 1]):
            for pair in range(len(coupled.port_a)):
                a, b = coupled.port_a[pair, lane], coupled.port_b[pair, lane]
                if a < 0:
                    continue
                product = ref[a] * ref[b]
                flow = product * state.s[batch, pair, lane - first]
                if source_class[a] >= 0:
                    power[source_class[a]] += flow
                if a != b and source_class[b] >= 0:
                    power[source_class[b]] += flow
                twice = 1.0 if a == b else 2.0
                heat += twice * flow
                pillars += twice * product * state.s2[batch, pair, lane - first]
    power[3] += pillars
    power[5] += heat - pillars
