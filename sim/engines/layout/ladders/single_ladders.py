"""Dendrites that are plain ladders, solved side by side: one sweep from the far end of each to its soma.

Where every weight has its own line, a dendrite falls into single ladders: taps one behind the other, each with a pillar
to a source, that end at one port. Then nothing of the inside needs to be kept: a ladder is carried toward its port as a
conductance, a current and a power, and the heat of its pillars as the derivative of that power when all pillars grow
alike (the potentials are stationary, so they need no derivative). The ladders of a batch are swept together, tap by
tap, which a processor does several at a time.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sim.engines.jit_options import fast, outer, plain
from sim.engines.layout.elimination.numeric import Program

SINGLE_LANES = 128  # ladders in a batch


class SingleLadders(NamedTuple):
    """Single ladders in batches, long ones first.

    Taps are stored in the order of the sweep, a row for each step away from the far ends: a column's taps then lie
    together, and walls that move together change them together.

    Attributes:
        lane_first: first ladder of each batch, shape (batches + 1,).
        row_first: first row of each batch, shape (batches + 1,).
        tap_first: first tap of each row, shape (rows + 1,); the first ladders of the batch have a tap in it.
        ohm: wire from each tap toward the port, Ω, shape (taps,).
        series: wire in series with each tap's pillar, Ω.
        wall: wall under each tap's pillar.
        source: reference of the source behind it.
        slot: slot of the node it stands on.
        tap: tap of each wall, −1 for a wall elsewhere, shape (walls,).
        port_ref: reference of each ladder's port, shape (ladders,).
        entry: index of the port's diagonal among the interface's values.
    """

    lane_first: np.ndarray
    row_first: np.ndarray
    tap_first: np.ndarray
    ohm: np.ndarray
    series: np.ndarray
    wall: np.ndarray
    source: np.ndarray
    slot: np.ndarray
    tap: np.ndarray
    port_ref: np.ndarray
    entry: np.ndarray

    @property
    def work(self) -> np.ndarray:
        """Taps before each batch, shape (batches + 1,)."""
        return self.tap_first[self.row_first]


class Taps(NamedTuple):
    """What changes in single ladders, and what a sweep leaves at their ports.

    Attributes:
        siemens: conductance of each tap's pillar with its wire, S, shape (taps,).
        volt: source behind each tap, V.
        port: per ladder conductance (S), current (A) and power (W) at its port, then the same of its pillars' heat,
            shape (6, ladders).
    """

    siemens: np.ndarray
    volt: np.ndarray
    port: np.ndarray


def no_single(walls: int) -> SingleLadders:
    """None at all."""
    zero, none = np.zeros(1, np.int64), np.zeros(0, np.int64)
    return SingleLadders(
        lane_first=zero,
        row_first=zero,
        tap_first=zero,
        ohm=np.zeros(0),
        series=np.zeros(0),
        wall=none,
        source=none,
        slot=none,
        tap=np.full(walls, -1, np.int64),
        port_ref=none,
        entry=none,
    )


def make_taps(single: SingleLadders) -> Taps:
    """Room for a sweep; pillars and sources are still to be set."""
    taps = len(single.wall)
    return Taps(siemens=np.zeros(taps), volt=np.zeros(taps), port=np.zeros((6, len(single.port_ref))))


class RowEdges(NamedTuple):
    """Row blocks as far as they are trees toward their ports.

    Attributes:
        program: the blocks' elimination.
        u, v: slots of the ends of its edges, −1 a source.
        siemens: of fixed edges; 0 for pillars.
        series: wire in series with pillars, Ω.
        wall: wall of each pillar, −1 for fixed edges.
        source: reference of the source at an end, −1 without.
        port_ref: reference of each port.
    """

    program: Program
    u: np.ndarray
    v: np.ndarray
    siemens: np.ndarray
    series: np.ndarray
    wall: np.ndarray
    source: np.ndarray
    port_ref: np.ndarray


def find_single(ladder: RowEdges, interface: Program, walls: int) -> SingleLadders | None:
    """The blocks as single ladders, or None when one of them is anything else."""
    program = ladder.program
    n = program.n
    if n == 0 or np.any(np.diff(program.column) != 1):
        return None
    parent = program.rows.astype(np.int64)
    children = np.bincount(parent[parent < n], minlength=n)
    pillar = ladder.wall >= 0
    sourced = (ladder.u < 0) | (ladder.v < 0)
    node = np.maximum(ladder.u, ladder.v)
    if children.max() > 1 or np.any(sourced != pillar) or np.any(node[pillar] >= n):
        return None
    low, high = np.minimum(ladder.u, ladder.v)[~pillar], node[~pillar]
    siemens = np.zeros(n)
    np.add.at(siemens, low, ladder.siemens[~pillar])
    if np.any(parent[low] != high):
        return None
    order = np.flatnonzero(pillar)[np.argsort(node[pillar], kind="stable")]
    first = np.searchsorted(node[order], np.arange(n + 1))
    if np.any(np.diff(first) == 0):
        return None
    leaf = np.flatnonzero(children == 0)
    length, port = _climb(leaf, parent, first, n)
    leaf = leaf[np.argsort(-length, kind="stable")]
    port = port[np.argsort(-length, kind="stable")]
    length = np.sort(length)[::-1]
    lane_first, row_first, tap_first = rows_of(length, SINGLE_LANES)
    ohm, at, slot = _fill(leaf, parent, first, siemens, lane_first, row_first, tap_first, n)
    wall = ladder.wall[order][at]
    tap = np.full(walls, -1, np.int64)
    tap[wall] = np.arange(len(wall))
    port_ref = ladder.port_ref[port]
    return SingleLadders(
        lane_first=lane_first,
        row_first=row_first,
        tap_first=tap_first,
        ohm=ohm,
        series=ladder.series[order][at],
        wall=wall,
        source=ladder.source[order][at],
        slot=slot,
        tap=tap,
        port_ref=port_ref,
        entry=interface.diag[port_ref].astype(np.int64),
    )


@plain()
def _climb(leaf, parent, first, n):
    """Taps of the ladder that begins at each leaf, and the port where it ends."""
    length, port = np.zeros(len(leaf), np.int64), np.zeros(len(leaf), np.int64)
    for i in range(len(leaf)):
        node = leaf[i]
        while node < n:
            length[i] += first[node + 1] - first[node]
            node = parent[node]
        port[i] = node - n
    return length, port


def rows_of(length: np.ndarray, lanes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Batches of ``lanes`` ladders of descending lengths: first ladder, row, tap; all begin in their first row."""
    lane_first = np.minimum(np.arange(-(-len(length) // lanes) + 1) * lanes, len(length))
    row_first = np.concatenate([[0], np.cumsum(length[lane_first[:-1]])])
    counts = []
    for first, last in pairwise(lane_first):
        counts.append(np.searchsorted(-length[first:last], -np.arange(length[first])))  # longer than so many taps
    return lane_first, row_first, np.concatenate([[0], np.cumsum(np.concatenate(counts))])


@plain()
def _fill(leaf, parent, first, siemens, lane_first, row_first, tap_first, n):
    """Wire, pillar and node of each tap; pillars of one node follow each other without wire."""
    taps = tap_first[-1]
    ohm, at, slot = np.zeros(taps), np.zeros(taps, np.int64), np.zeros(taps, np.int64)
    for batch in range(len(lane_first) - 1):
        for lane in range(lane_first[batch], lane_first[batch + 1]):
            row = row_first[batch]
            node = leaf[lane]
            while node < n:
                for k in range(first[node], first[node + 1]):
                    tap = tap_first[row] + lane - lane_first[batch]
                    at[tap], slot[tap] = k, node
                    if k == first[node + 1] - 1:
                        ohm[tap] = 1.0 / siemens[node]
                    row += 1
                node = parent[node]
    return ohm, at, slot


@outer()
def _sweep(first, ohm, series, siemens, volt, y, j, c, y2, j2, c2):
    """Carry the ladders of a batch over its rows; ``h`` is the part of a conductance that heats the pillar itself."""
    for row in range(len(first) - 1):
        begin, end = first[row], first[row + 1]
        wires, legs, gs, volts = ohm[begin:end], series[begin:end], siemens[begin:end], volt[begin:end]
        for k in range(end - begin):
            r, g, v = wires[k], gs[k], volts[k]
            h = g - legs[k] * g * g
            yk, jk = y[k] + g, j[k] + g * v
            yh, jh = y2[k] + h, j2[k] + h * v
            share = 1.0 / (1.0 + r * yk)
            passed = jk * share
            drop = r * passed
            c[k] += g * v * v - drop * jk
            c2[k] += h * v * v - drop * (2.0 * jh - drop * yh)
            y[k], j[k] = yk * share, passed
            y2[k], j2[k] = yh * share * share, share * (jh - drop * yh)


@outer()
def sweep_single(single, taps, dirty, first, last):
    """Bring the ports of batches ``first`` … ``last`` − 1 up to date where a pillar changed."""
    port = taps.port
    for batch in range(first, last):
        if dirty[batch]:
            begin, end = single.lane_first[batch], single.lane_first[batch + 1]
            for row in range(len(port)):
                for lane in range(begin, end):
                    port[row, lane] = 0.0
            rows = single.tap_first[single.row_first[batch] : single.row_first[batch + 1] + 1]
            _sweep(
                rows, single.ohm, single.series, taps.siemens, taps.volt, port[0, begin:end], port[1, begin:end],
                port[2, begin:end], port[3, begin:end], port[4, begin:end], port[5, begin:end],
            )  # fmt: skip


@outer()
def join_ports(entry, port_ref, port, values, b):
    """Add the ladders to the interface."""
    for lane in range(len(entry)):
        values[entry[lane]] += port[0, lane]
        b[port_ref[lane]] += port[1, lane]


@outer()
def single_powers(port_ref, port, ref):
    """Power that the ladders' sources deliver, heat of their pillars and heat of their wires, W."""
    delivered, pillars, heat = 0.0, 0.0, 0.0
    for lane in range(len(port_ref)):
        v = ref[port_ref[lane]]
        delivered += port[2, lane] - port[1, lane] * v
        heat += v * (port[0, lane] * v - 2.0 * port[1, lane]) + port[2, lane]
        pillars += v * (port[3, lane] * v - 2.0 * port[4, lane]) + port[5, lane]
    return delivered, pillars, heat - pillars


@fast()
def single_potentials(system, x):
    """Potentials inside the ladders, into ``x`` by slot: out to the far ends with what each tap sees behind it."""
    single, taps, ref = system.single, system.taps, system.work.ref
    most = single.row_first[1:] - single.row_first[:-1]
    behind = np.zeros((most.max() if len(most) else 0, 2))
    for batch in range(len(single.lane_first) - 1):
        begin, row_end = single.lane_first[batch], single.row_first[batch + 1]
        for lane in range(begin, single.lane_first[batch + 1]):
            y, j, count = 0.0, 0.0, 0
            for row in range(single.row_first[batch], row_end):
                tap = single.tap_first[row] + lane - begin
                if tap < single.tap_first[row + 1]:
                    y += taps.siemens[tap]
                    j += taps.siemens[tap] * taps.volt[tap]
                    behind[count, 0], behind[count, 1] = y, j
                    share = 1.0 / (1.0 + single.ohm[tap] * y)
                    y, j, count = y * share, j * share, count + 1
            v = ref[single.port_ref[lane]]
            for k in range(count - 1, -1, -1):
                tap = single.tap_first[single.row_first[batch] + k] + lane - begin
                y, j = behind[k]
                v = (v + single.ohm[tap] * j) / (1.0 + single.ohm[tap] * y)
                x[single.slot[tap]] = v
