"""Rows that were found to be coupled ladders, laid out for the sweep: a row a lane, long ones first."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.engines.layout.ladders.coupled_ladders import MOST_RAILS, CoupledLadders
from sim.engines.layout.ladders.coupled_sweep import FIXED
from sim.engines.layout.ladders.row_graph import RowGraph
from sim.engines.layout.ladders.single_ladders import RowEdges
from sim.engines.vector_code import LANES

BEHIND = 2 * MOST_RAILS  # the dendrite's wires behind the rails' in ``FoundRows.fixed``
SOMA = MOST_RAILS + 1  # its port in ``FoundRows.ports``


class FoundRows(NamedTuple):
    """What the rows turn out to be.

    Attributes:
        rails: how many, shape (blocks,); 0: the row is none of these.
        step: wire along the dendrite, wire along the rail, rail, and place in its row of each pillar, (4, pillars).
        soma: place of the dendrite's node before which its soma's port comes, then the step, shape (blocks,).
        fixed: see ``CoupledLadders``, for the most rails there may be, (blocks, 7 + 2 · most).
        ports: slots of the dendrite's last port, the rails' last ports, the soma's, the rails' first; −1 without,
            (blocks, 2 + 2 · most).
    """

    rails: np.ndarray
    step: np.ndarray
    soma: np.ndarray
    fixed: np.ndarray
    ports: np.ndarray


def refuse_shared_ports(found: FoundRows) -> None:
    """Rows that have a port twice are none of these."""
    in_order = np.sort(found.ports, axis=1)
    twice = (in_order[:, 1:] == in_order[:, :-1]) & (in_order[:, 1:] >= 0)
    found.rails[twice.any(axis=1)] = 0


def lay_out(ladder: RowEdges, graph: RowGraph, entry: np.ndarray, walls: int, found: FoundRows) -> CoupledLadders:
    """Sort the rows that are coupled ladders by length into batches, and their pillars into steps.

    Args:
        ladder: the blocks' edges.
        graph: the same as a graph.
        entry: where the entries of the blocks' S go among the interface's values.
        walls: number of walls.
        found: what the rows are; one of them is a coupled ladder.
    """
    rails = int(found.rails.max())
    ports = found.ports[:, [0, *range(1, 1 + rails), SOMA, *range(SOMA + 2, SOMA + 1 + rails), SOMA + 1]]
    every = ladder.program.block[graph.other]
    pillars = np.flatnonzero(found.rails[every] > 0)
    block, step = every[pillars], found.step[:, pillars]
    length = np.bincount(block, minlength=len(ports))
    order = np.flatnonzero(found.rails)
    order = order[np.argsort(-length[order], kind="stable")]
    place = np.zeros(len(ports), np.int64)
    place[order] = np.arange(len(order))
    batch, lane = np.divmod(place, LANES)
    step_first = np.concatenate([[0], np.cumsum(length[order][::LANES])])
    at = (step_first[batch[block]] + step[3].astype(np.int64)) * LANES + lane[block]
    by_place = np.argsort(at)
    wall = ladder.wall[graph.pillar[pillars[by_place]]].astype(np.int64)
    tap = np.full(walls, -1, np.int64)
    tap[wall] = at[by_place]
    steps, batches = int(step_first[-1]), len(step_first) - 1
    wire = np.zeros((steps, 3, LANES))
    series = ladder.series[graph.pillar[pillars]]
    wire[at // LANES, :, at % LANES] = np.stack([1 / step[0], 1 / step[1], series], 1)
    rail, event = np.zeros(steps * LANES, np.int8), np.zeros(steps + 1, np.uint8)
    rail[at] = step[2]
    event[np.minimum(step_first[batch] + found.soma, step_first[batch + 1])[order]] = 1
    kept = [*range(rails), *range(MOST_RAILS, MOST_RAILS + rails), *range(BEHIND, BEHIND + FIXED)]
    no_row = np.array([*[1.0] * rails, *[np.inf] * (rails + 1), *[0.0] * (FIXED - 1)])
    port, places = _pairs(ladder, graph, entry, ports)
    return CoupledLadders(
        rails=rails,
        rows=len(order),
        step_first=step_first,
        work=np.concatenate([[0], np.cumsum(np.bincount(batch[block], minlength=batches))]),
        wire=wire,
        rail=rail.reshape(steps, LANES),
        event=event[:steps],
        soma=_by_lane(found.soma[order, None], found.soma[order[-1:]])[:, 0].copy(),
        fixed=_by_lane(found.fixed[order][:, kept], no_row),
        wall=wall,
        tap=tap,
        port=_by_lane(port[order], np.full(port.shape[1], -1)),
        entry=_by_lane(places[order], np.full(places.shape[1], -1)),
    )


def _by_lane(rows: np.ndarray, no_row: np.ndarray) -> np.ndarray:
    """Values of rows by batch, value and lane, with ``no_row`` in the lanes that are left."""
    batches = -(-len(rows) // LANES)
    padded = np.concatenate([rows, np.tile(no_row, (batches * LANES - len(rows), 1))])
    return np.ascontiguousarray(padded.reshape(batches, LANES, -1).transpose(0, 2, 1))


def _pairs(ladder, graph, entry, slot):
    """References of the ports of each row, and the place of each pair of them among the interface's values."""
    program, block = ladder.program, np.arange(len(slot))
    i, j = np.tril_indices(slot.shape[1])
    own = (slot >= 0) & (slot < program.n + len(ladder.port_ref))
    local = np.where(own, slot - program.n - program.port_first[block][:, None], -1)
    ref = np.where(slot >= 0, graph.port_ref[np.maximum(slot - program.n, 0)], -1)
    high, low = np.maximum(local[:, i], local[:, j]), np.minimum(local[:, i], local[:, j])
    first = (program.s_first[block] - program.s_first[0])[:, None]
    places = np.where(low >= 0, entry[np.where(low >= 0, first + high * (high + 1) // 2 + low, 0)], -1)
    return ref.astype(np.int64), places.astype(np.int64)
