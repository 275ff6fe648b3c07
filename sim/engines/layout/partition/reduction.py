"""Exact shrinking of a resistor graph before it is solved: dead ends go, resistors in series or parallel become one.

Every edge is a resistor, a wall's track, or a pillar in series with wire. A node that joins two edges carries one
current, so the two edges are one edge; a node with one edge carries none; wires between the same two nodes are one
wire. Nothing is approximated, and the log gives every removed node's potential back.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.engines.jit_options import helper, plain

WIRE, TRACK, PILLAR = 0, 1, 2
_FEW = 8  # edges of a node that are compared with one another


class CircuitEdges(NamedTuple):
    """A multigraph of resistive edges, one entry per edge.

    Attributes:
        a, b: end nodes; a track runs from DW_IN to DW_OUT, a pillar from MTJ_IN to MTJ_OUT.
        ohm: resistance in Ω, for a pillar only what is in series with it.
        kind: ``WIRE``, ``TRACK`` or ``PILLAR``.
        device: device of a track or pillar, else −1.
    """

    a: np.ndarray
    b: np.ndarray
    ohm: np.ndarray
    kind: np.ndarray
    device: np.ndarray


class Removed(NamedTuple):
    """Nodes removed, in order; potential = V_x + (V_y − V_x)·R_x/(R_x + R_y), a pillar's share added to its side.

    Attributes:
        node, x, y: the node and the two it lay between (equal when it carried no current).
        ohm_x, ohm_y: series resistance to each side in Ω.
        pillar_x, pillar_y: device whose pillar lies on that side, else −1.
    """

    node: np.ndarray
    x: np.ndarray
    y: np.ndarray
    ohm_x: np.ndarray
    ohm_y: np.ndarray
    pillar_x: np.ndarray
    pillar_y: np.ndarray


def reduce_graph(nodes: int, edges: CircuitEdges, fixed: np.ndarray) -> tuple[CircuitEdges, Removed]:
    """Remove every node outside ``fixed`` that has fewer than three edges, wires in parallel counted once.

    Args:
        nodes: number of nodes.
        edges: the graph; its arrays are not changed.
        fixed: nodes that stay, e.g. sources, boolean, shape (nodes,).

    Returns:
        The surviving edges and the log of removed nodes.
    """
    work = CircuitEdges(
        a=edges.a.astype(np.int32),
        b=edges.b.astype(np.int32),
        ohm=edges.ohm.astype(float),
        kind=edges.kind.astype(np.int8),
        device=edges.device.astype(np.int32),
    )
    alive = work.a != work.b
    log_int, log_ohm = np.empty((nodes, 5), np.int32), np.empty((nodes, 2))  # written as far as nodes go
    count = _reduce(nodes, work, alive, fixed.astype(np.bool_), log_int, log_ohm)
    node, x, y, pillar_x, pillar_y = np.ascontiguousarray(log_int[:count].T)
    ohm_x, ohm_y = np.ascontiguousarray(log_ohm[:count].T)
    kept = CircuitEdges(**{name: array[alive] for name, array in work._asdict().items()})
    return kept, Removed(node=node, x=x, y=y, ohm_x=ohm_x, ohm_y=ohm_y, pillar_x=pillar_x, pillar_y=pillar_y)


@helper()
def _incidence(nodes, edges, alive):
    """Linked lists of each node's edges: head[node] → entry; entry_edge, entry_next; degree."""
    m = len(edges.a)
    entry_edge = np.empty(2 * m + 2 * nodes, np.int32)
    entry_next = np.empty(2 * m + 2 * nodes, np.int32)
    head = np.full(nodes, -1, np.int32)
    degree = np.zeros(nodes, np.int32)
    used = 0
    for e in range(m):
        if alive[e]:
            for node in (edges.a[e], edges.b[e]):
                entry_edge[used], entry_next[used] = e, head[node]
                head[node] = used
                degree[node] += 1
                used += 1
    return head, entry_edge, entry_next, degree, used


@helper()
def _incident(node, edges, alive, head, entry_edge, entry_next):
    """The first two living edges of a node (−1 where there is none)."""
    first = -1
    entry = head[node]
    while entry >= 0:
        e = entry_edge[entry]
        if alive[e] and e != first and (edges.a[e] == node or edges.b[e] == node):
            if first >= 0:
                return first, e
            first = e
        entry = entry_next[entry]
    return first, -1


@helper()
def _other(edges, e, node):
    return edges.b[e] if edges.a[e] == node else edges.a[e]


@helper()
def _lay_beside(e, twin, edges, alive, degree):
    """Make wire e the whole of itself and a wire beside it."""
    edges.ohm[e] = 1 / (1 / edges.ohm[e] + 1 / edges.ohm[twin])
    alive[twin] = False
    degree[edges.a[e]] -= 1
    degree[edges.b[e]] -= 1


@helper()
def _join_parallel(nodes, edges, alive, degree, head, entry_edge, entry_next):
    """Make wires that are beside one another one, at nodes with few edges."""
    wire_to = np.full(nodes, -1, np.int32)
    for node in range(nodes):
        if degree[node] > _FEW:
            continue
        entry = head[node]
        while entry >= 0:
            e = entry_edge[entry]
            if alive[e] and edges.kind[e] == 0:
                other = _other(edges, e, node)
                twin = wire_to[other]
                if twin >= 0 and alive[twin] and _other(edges, twin, other) == node:
                    _lay_beside(twin, e, edges, alive, degree)
                else:
                    wire_to[other] = e
            entry = entry_next[entry]


@helper()
def _join_beside(e, edges, alive, degree, head, entry_edge, entry_next):
    """Make wire e, which is new, one with the wire beside it; whether there was one."""
    a, b = edges.a[e], edges.b[e]
    here, there = (a, b) if degree[a] <= degree[b] else (b, a)
    if edges.kind[e] != 0 or degree[here] > _FEW:
        return False
    entry = head[here]
    while entry >= 0:
        f = entry_edge[entry]
        if alive[f] and f != e and edges.kind[f] == 0 and _other(edges, f, here) == there:
            if edges.a[f] == here or edges.b[f] == here:
                _lay_beside(e, f, edges, alive, degree)
                return True
        entry = entry_next[entry]
    return False


@plain()
def _reduce(nodes, edges, alive, fixed, log_int, log_ohm):
    head, entry_edge, entry_next, degree, used = _incidence(nodes, edges, alive)
    _join_parallel(nodes, edges, alive, degree, head, entry_edge, entry_next)
    queue = np.empty(nodes * 2 + 2 * len(edges.a), np.int32)
    tail = 0
    for node in range(nodes):
        if not fixed[node] and 0 < degree[node] <= 2:
            queue[tail] = node
            tail += 1
    at, count = 0, 0
    while at < tail:
        node = queue[at]
        at += 1
        if degree[node] == 0 or degree[node] > 2:
            continue
        e1, e2 = _incident(node, edges, alive, head, entry_edge, entry_next)
        x = _other(edges, e1, node)
        y = x if e2 < 0 else _other(edges, e2, node)
        if e2 >= 0 and x != y and edges.kind[e1] != 0 and edges.kind[e2] != 0:
            continue
        log_int[count, 0], log_int[count, 1], log_int[count, 2] = node, x, y
        log_int[count, 3] = log_int[count, 4] = -1
        log_ohm[count, 0] = log_ohm[count, 1] = 0.0
        fewer = x == y
        if x == y:  # a dead end, or a loop: no current
            alive[e1] = False
            degree[x] -= 1
            if e2 >= 0:
                alive[e2] = False
                degree[x] -= 1
        else:
            log_ohm[count, 0], log_ohm[count, 1] = edges.ohm[e1], edges.ohm[e2]
            log_int[count, 3] = edges.device[e1] if edges.kind[e1] == 2 else -1
            log_int[count, 4] = edges.device[e2] if edges.kind[e2] == 2 else -1
            both = _merge(edges, alive, e1, e2, node, head, entry_edge, entry_next, used)
            used += 1
            fewer = _join_beside(both, edges, alive, degree, head, entry_edge, entry_next)
        degree[node] = 0
        count += 1
        if fewer:
            tail = _queue_few(x, y, degree, fixed, queue, tail)
    return count


@helper()
def _queue_few(x, y, degree, fixed, queue, tail):
    """Look again at nodes x and y, which lost edges, if few are left."""
    for node in (x, y):
        if not fixed[node] and degree[node] <= 2:
            queue[tail] = node
            tail += 1
    return tail


@helper()
def _merge(edges, alive, e1, e2, node, head, entry_edge, entry_next, used):
    """Make the labelled one of two edges in series the whole of both, keeping its direction; the edge that is left."""
    keep, drop = (e1, e2) if edges.kind[e2] == 0 else (e2, e1)
    far = _other(edges, drop, node)
    if edges.a[keep] == node:
        edges.a[keep] = far
    else:
        edges.b[keep] = far
    edges.ohm[keep] += edges.ohm[drop]
    if edges.kind[drop] == 1:  # cannot happen: keep is the labelled edge
        raise ValueError("two labelled edges in series")
    alive[drop] = False
    entry_edge[used], entry_next[used] = keep, head[far]
    head[far] = used
    return keep


@plain()
def joined(nodes, a, b):
    """The first node of the part that each node is in, when edges from ``a`` to ``b`` join nodes."""
    part = np.arange(nodes).astype(np.int32)
    for e in range(len(a)):
        first, other = a[e], b[e]
        while part[first] != first:
            part[first] = part[part[first]]
            first = part[first]
        while part[other] != other:
            part[other] = part[part[other]]
            other = part[other]
        if first < other:
            part[other] = first
        else:
            part[first] = other
    for node in range(nodes):  # what a node points to comes before it
        part[node] = part[part[node]]
    return part


@plain()
def restore(removed: Removed, voltage: np.ndarray, pillar_ohm: np.ndarray) -> None:
    """Fill in the potentials of removed nodes, in place.

    Args:
        removed: the log.
        voltage: potentials in V of surviving nodes, shape (nodes,).
        pillar_ohm: each device's pillar resistance now, in Ω, shape (devices,).
    """
    for k in range(len(removed.node) - 1, -1, -1):
        x, y = removed.x[k], removed.y[k]
        share = 0.0
        if x != y:
            rx, ry = removed.ohm_x[k], removed.ohm_y[k]
            if removed.pillar_x[k] >= 0:
                rx += pillar_ohm[removed.pillar_x[k]]
            if removed.pillar_y[k] >= 0:
                ry += pillar_ohm[removed.pillar_y[k]]
            share = rx / (rx + ry)
        voltage[removed.node[k]] = voltage[x] + (voltage[y] - voltage[x]) * share
