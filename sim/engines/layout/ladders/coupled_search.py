"""Finding rows that are coupled ladders, a dendrite with rails beside it: paths of wires, pillars between in order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.engines.handles import Handle
from sim.engines.jit_options import helper, plain
from sim.engines.layout.ladders.coupled_batches import BEHIND, SOMA, FoundRows, lay_out, refuse_shared_ports
from sim.engines.layout.ladders.coupled_ladders import MOST_RAILS, CoupledLadders
from sim.engines.layout.ladders.coupled_sweep import FAR_END, FIXED
from sim.engines.layout.ladders.junctions import (
    BESIDE_SOMA,
    INTO_SOMA,
    OUT_OF_SOMA,
    plain_junctions,
    put_junctions,
    straightened,
)
from sim.engines.layout.ladders.row_graph import bare, is_end, path, reverse, row_graph, with_sources
from sim.engines.layout.ladders.single_ladders import RowEdges

_NO_WIRE = np.inf


class _Notes(NamedTuple):
    """What is found out about slots and pillars.

    Attributes:
        seen: whether a node's path was walked.
        place, rank: place of a dendrite's node along its row; of a rail's node along its rail.
        rail: which rail a node is of.
        wire: wire up to a node from the one before, S.
        nodes, wires: room for a path.
    """

    seen: np.ndarray
    place: np.ndarray
    rank: np.ndarray
    rail: np.ndarray
    wire: np.ndarray
    nodes: np.ndarray
    wires: np.ndarray


def find_coupled(
    ladder: RowEdges, dendrite: np.ndarray, entry: np.ndarray, walls: int
) -> tuple[CoupledLadders | None, np.ndarray]:
    """The blocks that are coupled ladders, None without any, and which others have pillars, shape (blocks,).

    Args:
        ladder: the blocks' edges; as large as the network, so let go of before the rest is made.
        dendrite: whether a slot belongs to a dendrite, shape (slots,).
        entry: where the entries of the blocks' S go among the interface's values.
        walls: number of walls.
    """
    program, blocks = ladder.program, len(ladder.program.port_first) - 1
    moving = ladder.wall >= 0
    if program.n == 0 or not moving.any():
        return None, np.zeros(blocks, bool)
    inner = np.where((ladder.u >= 0) & (ladder.u < program.n), ladder.u, ladder.v)[moving]
    have = np.bincount(program.block[inner], minlength=blocks) > 0
    ladder, dendrite, port_ref = with_sources(ladder, dendrite)
    ladder, junctions, gone = straightened(ladder, dendrite)
    graph, fits = row_graph(ladder, dendrite, port_ref, gone)
    pillars, size, slots = len(graph.pillar), 2 + 2 * MOST_RAILS, len(graph.dendrite)
    found = FoundRows(
        rails=np.zeros(blocks, np.int64),
        step=np.zeros((4, pillars)),
        soma=np.zeros(blocks, np.int64),
        fixed=np.zeros((blocks, BEHIND + FIXED)),
        ports=np.full((blocks, size), -1, np.int64),
    )
    found.fixed[:, :MOST_RAILS], found.fixed[:, MOST_RAILS : BEHIND + 1] = 1.0, np.inf
    notes = _Notes(
        seen=np.zeros(slots, bool),
        place=np.zeros(slots, np.int64),
        rank=np.zeros(slots, np.int64),
        rail=np.zeros(slots, np.int64),
        wire=np.zeros(slots),
        nodes=np.zeros(slots, np.int64),
        wires=np.zeros(slots + 1),
    )
    _walk_all(Handle(graph), Handle(notes), Handle(found), fits)
    refuse_shared_ports(found)
    if not found.rails.any():
        return None, have
    plain_junctions(program.block[graph.other], found)
    put_junctions(junctions, graph, notes.place, found)
    return lay_out(ladder, graph, entry, walls, found), have & (found.rails == 0)


@helper()
def _segments(graph, notes, block, starts, ports):
    """Segments of a block's dendrite: a node where each starts and the ports at its ends; how many, −1 for too many."""
    paths = 0
    for node in graph.node[graph.node_first[block] : graph.node_first[block + 1]]:
        if notes.seen[node] or not graph.dendrite[node] or not is_end(graph, node):
            continue
        if paths == 2:
            return -1
        count, ports[paths, 0], ports[paths, 1] = path(graph, node, notes.nodes, notes.wires)
        starts[paths] = node
        for k in range(count):
            notes.seen[notes.nodes[k]] = True
            if bare(graph.pillar_first, notes.nodes[k]):
                return -1
        paths += 1
    return paths


@helper()
def _put_segment(graph, notes, start, port, side, at):
    """Number a segment's nodes from ``at`` on, so that ``port`` is before it (side 0) or behind it (side 1)."""
    count, first, last = path(graph, start, notes.nodes, notes.wires)
    if (first, last)[side] != port:
        reverse(notes.nodes, notes.wires, count)
    for k in range(count):
        here = notes.nodes[k]
        notes.place[here], notes.wire[here] = at + k, notes.wires[k] if k else _NO_WIRE
    return count


@helper()
def _dendrite(graph, notes, found, block):
    """Walk along a block's dendrite; whether it is one or two segments with a port between or at its ends."""
    starts, ends = np.full(2, -1, np.int64), np.full((2, 2), -1, np.int64)
    segments = _segments(graph, notes, block, starts, ends)
    if segments == 0:
        return _no_segment(graph, notes, found, block)
    if segments == 1:
        return _one_segment(graph, notes, found, block, starts[0], ends[0])
    if segments != 2:
        return False
    port, here, there = -1, 0, 0
    for k in range(2):
        for m in range(2):
            if ends[0, k] >= 0 and ends[0, k] == ends[1, m]:
                port, here, there = ends[0, k], 1 - k, 1 - m
    if port < 0 or not bare(graph.pillar_first, port):
        return False
    before, far, behind = 0, ends[0, here], ends[1, there]
    if far >= 0:  # what has a port at its far end comes last
        before, far, behind = 1, behind, far
    if far >= 0 or (behind >= 0 and not bare(graph.pillar_first, behind)):
        return False
    count = _put_segment(graph, notes, starts[before], port, np.int64(1), np.int64(0))
    _set_soma(found, block, port, count, 1.0 / notes.wires[count])
    more = _put_segment(graph, notes, starts[1 - before], port, np.int64(0), np.int64(count))
    found.fixed[block, BEHIND + OUT_OF_SOMA] = 1.0 / notes.wires[0]
    _set_far_end(found, block, behind, notes.wires[more])
    return True


@helper()
def _set_soma(found, block, port, place, into):
    found.ports[block, SOMA], found.soma[block] = port, place
    found.fixed[block, BEHIND + INTO_SOMA] = into


@helper()
def _set_far_end(found, block, port, wire):
    if port >= 0:
        found.ports[block, 0], found.fixed[block, BEHIND + FAR_END] = port, 1.0 / wire


@helper()
def _no_segment(graph, notes, found, block):
    """A rail whose only pillars stand at a port: the dendrite is no more than that port."""
    port = -1
    for node in graph.node[graph.node_first[block] : graph.node_first[block + 1]]:
        for k in range(graph.rail_first[node], graph.rail_first[node + 1]):
            here = graph.own[graph.by_rail[k]]
            if port >= 0 and here != port:
                return False
            port = here
    if port < 0:
        return False
    notes.place[port], notes.wire[port] = 0, _NO_WIRE
    _set_soma(found, block, port, 0, 0.0)
    return True


@helper()
def _one_segment(graph, notes, found, block, start, ends):
    """A dendrite that its soma's port does not cut in two; a pillar may stand at a port at its end."""
    port, other = max(ends[0], ends[1]), min(ends[0], ends[1])
    if other >= 0 and not bare(graph.pillar_first, other):
        port, other = other, port
    if port < 0 or (other >= 0 and not bare(graph.pillar_first, other)):
        return False
    if not bare(graph.pillar_first, port):  # the dendrite starts at this port, with its pillar
        count = _put_segment(graph, notes, start, port, np.int64(0), np.int64(1))
        notes.place[port], notes.wire[port], notes.wire[notes.nodes[0]] = 0, _NO_WIRE, notes.wires[0]
        _set_soma(found, block, port, 0, 0.0)
        _set_far_end(found, block, other, notes.wires[count])
    elif other >= 0:
        count = _put_segment(graph, notes, start, port, np.int64(0), np.int64(0))
        _set_soma(found, block, port, 0, 1.0 / notes.wires[0])
        _set_far_end(found, block, other, notes.wires[count])
    else:
        count = _put_segment(graph, notes, start, port, np.int64(1), np.int64(0))
        _set_soma(found, block, port, count, 1.0 / notes.wires[count])
    return True


@helper()
def _mean_place(graph, notes, node):
    """Where along the dendrite the pillars at a rail's node stand."""
    total, begin, end = 0.0, graph.rail_first[node], graph.rail_first[node + 1]
    for k in range(begin, end):
        total += notes.place[graph.own[graph.by_rail[k]]]
    return total / max(end - begin, 1)


@helper()
def _rails(graph, notes, found, block):
    """Walk along a block's rails, the way its dendrite goes; how many there are, 0 when one is not like that.

    −1 when one of them has no port where it starts.
    """
    nodes, wires, rails, loose = notes.nodes, notes.wires, 0, False
    for node in graph.node[graph.node_first[block] : graph.node_first[block + 1]]:
        if notes.seen[node] or not is_end(graph, node):
            continue
        if rails == MOST_RAILS:
            return 0
        count, first, last = path(graph, node, nodes, wires)
        begins, ends = _mean_place(graph, notes, nodes[0]), _mean_place(graph, notes, nodes[count - 1])
        if begins > ends or (begins == ends and first < 0):
            reverse(nodes, wires, count)
            first, last = last, first
        for k in range(count):
            here = nodes[k]
            if bare(graph.rail_first, here):
                return 0
            notes.seen[here], notes.rail[here], notes.rank[here] = True, rails, k
            notes.wire[here] = wires[k] if k else _NO_WIRE
        found.ports[block, 1 + rails], found.ports[block, SOMA + 1 + rails] = last, first
        found.fixed[block, rails] = 1.0 / wires[0] if first >= 0 else np.inf
        found.fixed[block, MOST_RAILS + rails] = 1.0 / wires[count] if last >= 0 else np.inf
        loose = loose or first < 0
        rails += 1
    return -1 if loose else rails


@helper()
def _turn(graph, notes, found, block, nodes):
    """Walk along a block's dendrite the other way, and forget its rails; whether it may be: its far end has no port."""
    if found.ports[block, 0] >= 0:
        return False
    count = len(nodes)
    for k in range(count):
        notes.place[nodes[k]] = count - 1 - k
        notes.wire[nodes[k]] = notes.wire[nodes[k + 1]] if k + 1 < count else _NO_WIRE
    found.soma[block] = count - found.soma[block]
    fixed = found.fixed[block, BEHIND:]
    fixed[INTO_SOMA], fixed[OUT_OF_SOMA] = fixed[OUT_OF_SOMA], fixed[INTO_SOMA]
    for node in graph.node[graph.node_first[block] : graph.node_first[block + 1]]:
        notes.seen[node] = graph.dendrite[node]
    return True


@helper()
def _by_rank(graph, notes, order, begin, end):
    """Pillars ``begin`` … ``end`` − 1, few, in the order of their places along their rails."""
    for e in range(begin, end):
        k = e - begin
        while k > 0 and notes.rank[graph.other[order[k - 1]]] > notes.rank[graph.other[e]]:
            order[k] = order[k - 1]
            k -= 1
        order[k] = e


@helper()
def _steps(graph, notes, found, block, nodes):
    """Order a block's pillars along its dendrite's ``nodes`` and its rails at once; whether that can be done."""
    reached = np.full(MOST_RAILS, -1, np.int64)
    order = np.empty(len(graph.other), np.int64)
    at, soma = 0, found.soma[block]
    for place in range(len(nodes)):
        if place == soma:
            found.soma[block] = at
        begin, end = graph.pillar_first[nodes[place]], graph.pillar_first[nodes[place] + 1]
        _by_rank(graph, notes, order, begin, end)
        for k in range(end - begin):
            e = order[k]
            there = graph.other[e]
            rail, rank = notes.rail[there], notes.rank[there]
            if rank != reached[rail] and rank != reached[rail] + 1:
                return False
            found.step[0, e] = notes.wire[nodes[place]] if k == 0 else _NO_WIRE
            found.step[1, e] = notes.wire[there] if rank != reached[rail] else _NO_WIRE
            found.step[2, e], found.step[3, e] = rail, at
            reached[rail] = rank
            at += 1
    if soma == len(nodes):
        found.soma[block] = at
    if soma == 0:  # its port stands aside of the first pillar, from which the sweep starts
        fixed = found.fixed[block, BEHIND:]
        found.soma[block], fixed[BESIDE_SOMA] = 1, fixed[INTO_SOMA] + fixed[OUT_OF_SOMA]
        fixed[INTO_SOMA] = fixed[OUT_OF_SOMA] = 0.0
    return True


@helper()
def _in_order(graph, notes, found, block):
    """Nodes of a block's dendrite by place, its soma's port among them where a pillar stands at it."""
    mine, port = graph.node[graph.node_first[block] : graph.node_first[block + 1]], found.ports[block, SOMA]
    in_order, count = np.empty(len(mine) + 1, np.int64), 0
    for node in mine:
        if graph.dendrite[node]:
            in_order[notes.place[node]] = node
            count += 1
    if not bare(graph.pillar_first, port):
        in_order[notes.place[port]] = port
        count += 1
    return in_order[:count]


@helper()
def _walk(graph, notes, found, block):
    """One block: its dendrite, its rails, its pillars; the number of rails, 0 when it is no row of coupled."""
    if not _dendrite(graph, notes, found, block):
        return 0
    rails = _rails(graph, notes, found, block)
    if rails < 0 and _turn(graph, notes, found, block, _in_order(graph, notes, found, block)):
        rails = _rails(graph, notes, found, block)
    for node in graph.node[graph.node_first[block] : graph.node_first[block + 1]]:
        if not notes.seen[node]:
            return 0
    return rails if rails > 0 and _steps(graph, notes, found, block, _in_order(graph, notes, found, block)) else 0


@plain()
def _walk_all(graph, notes, found, fits):
    """How many rails each block has that is a row of coupled, among those that may be."""
    for block in range(len(graph.node_first) - 1):
        if fits[block]:
            found.rails[block] = _walk(graph, notes, found, block)
