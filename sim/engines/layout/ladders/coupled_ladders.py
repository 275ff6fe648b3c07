"""Dendrites that run beside their weight rails, solved side by side: one sweep along each row.

A row is a dendrite and a few rails, lines of wires that start at a port, with pillars between them. Sweeping along it,
only what relates its ports and the ends reached so far is kept (``coupled_sweep``), and its derivative when all pillars
grow alike, which gives the heat of the pillars alone. The rows of a batch do all this in step, one a lane.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from sim.engines.jit_options import kernel, outer
from sim.engines.layout.ladders.coupled_sweep import batch_powers, sweep_batch
from sim.engines.vector_code import LANES

MOST_RAILS = 8  # along one row


class CoupledLadders(NamedTuple):
    """Rows in batches of ``LANES``, long ones first; what lanes have beyond the end of a row or without one is inert.

    Ports in this order: the dendrite's far end (0), the rails' last ports (1 … R), the soma's (R + 1), the rails' first
    (R + 2 … 2R of all but the first rail, then that one's).

    Attributes:
        rails: most rails along a row, R.
        rows: how many there are.
        step_first: first step of each batch, shape (batches + 1,).
        work: pillars before each batch, shape (batches + 1,).
        wire: wires up to each pillar along the dendrite, along its rail, and in series with it, Ω, (steps, 3, lanes).
        rail: which rail that is, 0 … R − 1, shape (steps, lanes).
        event: whether some row's dendrite passes its junction in a step, shape (steps,).
        soma: in which step of its batch it does, at least 1; its length where that comes after all, (batches, lanes).
        fixed: wires from the rails' first ports and to their last, and to the dendrite's far end, infinite without a
            port; then resistances of the junction as ``coupled_sweep`` numbers them, Ω, (batches, 2R + 7, lanes).
        wall: wall under each pillar.
        tap: place of each wall among all steps and lanes, −1 for a wall elsewhere, shape (walls,).
        port: references of the ports, −1 without, shape (batches, 2R + 2, lanes).
        entry: where the conductance between two goes among the interface's values, −1 where a port is a source or
            missing; pair i(i + 1)/2 + j for j ≤ i, shape (batches, pairs, lanes).
    """

    rails: int
    rows: int
    step_first: np.ndarray
    work: np.ndarray
    wire: np.ndarray
    rail: np.ndarray
    event: np.ndarray
    soma: np.ndarray
    fixed: np.ndarray
    wall: np.ndarray
    tap: np.ndarray
    port: np.ndarray
    entry: np.ndarray


class CoupledState(NamedTuple):
    """What changes: each pillar's conductance with its wire (S), those between ports, and their derivatives.

    ``siemens`` has shape (steps · lanes,), 0 where there is no pillar; ``s``, ``s2`` (batches, pairs, lanes). ``room``
    is for ports' potentials, the powers that flow in there, and their sum and its derivative, (3, 2R + 2, lanes).
    """

    siemens: np.ndarray
    s: np.ndarray
    s2: np.ndarray
    room: np.ndarray


def no_coupled(walls: int) -> CoupledLadders:
    """None at all."""
    zero, none, empty = np.zeros(1, np.int64), np.zeros((0, 0), np.int64), np.zeros((0, 0, 0))
    return CoupledLadders(
        rails=0,
        rows=0,
        step_first=zero,
        work=zero,
        wire=empty,
        rail=np.zeros((0, 0), np.int8),
        event=np.zeros(0, np.uint8),
        soma=none,
        fixed=empty,
        wall=np.zeros(0, np.int64),
        tap=np.full(walls, -1, np.int64),
        port=empty.astype(np.int64),
        entry=empty.astype(np.int64),
    )


def make_coupled_state(coupled: CoupledLadders) -> CoupledState:
    """Room for a sweep; pillars are still to be set. A lane without a row starts with a pillar of 1 S."""
    siemens = np.zeros(coupled.rail.shape)
    siemens[coupled.step_first[:-1]] = 1.0
    shape = coupled.entry.shape
    return CoupledState(
        siemens=siemens.ravel(),
        s=np.zeros(shape),
        s2=np.zeros(shape),
        room=np.zeros((3, 2 * coupled.rails + 2, LANES)),
    )


@cache
def coupled_kernel(rails: int) -> Any:
    """The kernel that eliminates a share of the coupled ladders of a system, for so many rails."""

    @kernel()
    def eliminate_coupled(system, share):
        coupled, state, dirty = system.coupled, system.coupled_state, system.work.dirty
        first = coupled.step_first
        for batch in range(system.work.chunk_batch[share], system.work.chunk_batch[share + 1]):
            if dirty[batch]:
                sweep_batch(  # type: ignore[call-arg]
                    rails, coupled.wire, coupled.rail, coupled.event, coupled.fixed, coupled.soma,
                    state.siemens, state.s, state.s2, batch, first[batch], first[batch + 1],
                )  # fmt: skip

    return eliminate_coupled


@outer()
def _to_source(b, ref, n, here, there, siemens):
    """A conductance between two ports one of which may be a source: its current at the other."""
    if here >= n:
        here, there = there, here
    if 0 <= here < n <= there:
        b[here] -= siemens * ref[there]


@outer()
def join_coupled(coupled, state, values, b, ref, n):
    """Add the rows to the interface's values and, where a source is a port, to its sources (``n``: first source)."""
    for batch in range(len(coupled.port)):
        port, entry, s = coupled.port[batch], coupled.entry[batch], state.s[batch]
        pair = 0
        for i in range(len(port)):
            for j in range(i + 1):
                for k in range(LANES):
                    at = entry[pair, k]
                    if at >= 0:
                        values[at] += s[pair, k]
                    elif i != j:
                        _to_source(b, ref, n, port[i, k], port[j, k], s[pair, k])
                pair += 1


@cache
def coupled_powers_kernel(rails: int) -> Any:
    """The kernel that adds what coupled ladders turn to heat, and sources at their ports deliver, to ``Face.power``."""

    @kernel()
    def add_coupled_powers(system):
        coupled, state, ref, power = system.coupled, system.coupled_state, system.work.ref, system.face.power
        source_class, first_source = system.work.source_class, system.interface.program.n
        volt, flow, sums = state.room[0], state.room[1], state.room[2]
        pillars, heat = 0.0, 0.0
        for batch in range(len(coupled.port)):
            port = coupled.port[batch]
            for i in range(len(port)):
                for k in range(LANES):
                    volt[i, k] = ref[port[i, k]] if port[i, k] >= 0 else 0.0
            batch_powers(rails, state.s, state.s2, state.room, batch)  # type: ignore[call-arg]
            for k in range(LANES):
                heat += sums[0, k]
                pillars += sums[1, k]
            for i in range(len(port)):
                for k in range(LANES):
                    if port[i, k] >= first_source and source_class[port[i, k]] >= 0:
                        power[source_class[port[i, k]]] += flow[i, k]
        power[3] += pillars
        power[5] += heat - pillars

    return add_coupled_powers
