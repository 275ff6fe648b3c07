"""Exact shrinking of a resistor graph before it is solved: dead ends go, resistors in series or parallel become one.

Every edge is a resistor, a wall's track, or a pillar in series with wire. A node that joins two edges carries one
current, so the two edges are one edge; a node with one edge carries none; wires between the same two nodes are one
wire. Nothing is approximated, and the log gives every removed node's potential back.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.engines.handles import Handle
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


class _Graph(NamedTuple):
    """The edges while they become fewer, and those at each node.

    Attributes:
        a, b, ohm, kind, device: as of ``CircuitEdges``.
        alive: edges that are left.
        degree: how many of each node's edges are.
        head, entry_edge, entry_next: each node's edges as a linked list of entries, old ones among them.
    """

    a: np.ndarray
    b: np.ndarray
    ohm: np.ndarray
    kind: np.ndarray
    device: np.ndarray
    alive: np.ndarray
    degree: np.ndarray
    head: np.ndarray
    entry_edge: np.ndarray
    entry_next: np.ndarray


def reduce_graph(nodes: int, edges: CircuitEdges, fixed: np.ndarray) -> tuple[CircuitEdges, Removed]:
    """Remove every node outside ``fixed`` that has fewer than three edges, wires in parallel counted once.

    Args:
        nodes: number of nodes.
        edges: the graph; its arrays are not changed.
        fixed: nodes that stay, e.g. sources, boolean, shape (nodes,).

    Returns:
        The surviving edges and the log of removed nodes.
    """
    entries = 2 * len(edges.a) + 2 * nodes
    graph = _Graph(
        a=edges.a.astype(np.int32),
        b=edges.b.astype(np.int32),
        ohm=edges.ohm.astype(float),
        kind=edges.kind.astype(np.int8),
        device=edges.device.astype(np.int32),
        alive=edges.a != edges.b,
        degree=np.zeros(nodes, np.int32),
        head=np.full(nodes, -1, np.int32),
        entry_edge=np.empty(entries, np.int32),
        entry_next=np.empty(entries, np.int32),
    )
    log_int, log_ohm = np.empty((nodes, 5), np.int32), np.empty((nodes, 2))  # written as far as nodes go
    count = _reduce(Handle(graph), fixed.astype(np.bool_), log_int, log_ohm)
    node, x, y, pillar_x, pillar_y = np.ascontiguousarray(log_int[:count].T)
    ohm_x, ohm_y = np.ascontiguousarray(log_ohm[:count].T)
    kept = CircuitEdges(**{name: getattr(graph, name)[graph.alive] for name in CircuitEdges._fields})
    return kept, Removed(node=node, x=x, y=y, ohm_x=ohm_x, ohm_y=ohm_y, pillar_x=pillar_x, pillar_y=pillar_y)


@helper()
def _list_edges(graph):
    """Fill in the linked lists and degrees; how many entries there are."""
    used = 0
    for e in range(len(graph.a)):
        if graph.alive[e]:
            for node in (graph.a[e], graph.b[e]):
                _enter(graph, e, node, used)
                graph.degree[node] += 1
                used += 1
    return used


@helper()
def _enter(graph, e, node, entry):
    """Put an edge into a node's list."""
    graph.entry_edge[entry], graph.entry_next[entry] = e, graph.head[node]
    graph.head[node] = entry


@helper()
def _incident(graph, node):
    """The first two living edges of a node (−1 where there is none)."""
    first = -1
    entry = graph.head[node]
    while entry >= 0:
        e = graph.entry_edge[entry]
        if graph.alive[e] and e != first and (graph.a[e] == node or graph.b[e] == node):
            if first >= 0:
                return first, e
            first = e
        entry = graph.entry_next[entry]
    return first, -1


@helper()
def _other(graph, e, node):
    return graph.b[e] if graph.a[e] == node else graph.a[e]


@helper()
def _lay_beside(graph, e, twin):
    """Make wire e the whole of itself and a wire beside it."""
    graph.ohm[e] = 1 / (1 / graph.ohm[e] + 1 / graph.ohm[twin])
    graph.alive[twin] = False
    graph.degree[graph.a[e]] -= 1
    graph.degree[graph.b[e]] -= 1


@helper()
def _join_beside(graph, e):
    """Make wire e, which is new, one with the wire beside it; whether there was one."""
    a, b = graph.a[e], graph.b[e]
    here, there = (a, b) if graph.degree[a] <= graph.degree[b] else (b, a)
    if graph.kind[e] != 0 or graph.degree[here] > _FEW:
        return False
    entry = graph.head[here]
    while entry >= 0:
        f = graph.entry_edge[entry]
        if graph.alive[f] and f != e and graph.kind[f] == 0:
            one, two = graph.a[f], graph.b[f]
            if (one == here and two == there) or (one == there and two == here):
                _lay_beside(graph, e, f)
                return True
        entry = graph.entry_next[entry]
    return False


@helper()
def _queued(graph, node, fixed, queue, tail):
    """Queue a node that has one or two edges; the queue's new end."""
    if not fixed[node] and 0 < graph.degree[node] <= 2:
        queue[tail] = node
        tail += 1
    return tail


@helper()
def _log(graph, node, x, y, e1, e2, numbers, ohm):
    """Note the removal of a node between x and y, as ``Removed`` has it; without resistances where x is y."""
    series = x != y
    numbers[0], numbers[1], numbers[2] = node, x, y
    numbers[3] = graph.device[e1] if series and graph.kind[e1] == 2 else -1
    numbers[4] = graph.device[e2] if series and graph.kind[e2] == 2 else -1
    ohm[0], ohm[1] = (graph.ohm[e1], graph.ohm[e2]) if series else (0.0, 0.0)


@plain()
def _reduce(graph, fixed, log_int, log_ohm):
    """Remove nodes as long as there are such; how many were."""
    used, nodes = _list_edges(graph), len(graph.head)
    for e in range(len(graph.a)):
        while graph.alive[e] and _join_beside(graph, e):
            pass
    queue, tail = np.empty(2 * nodes + 2 * len(graph.a), np.int32), 0
    for node in range(nodes):
        tail = _queued(graph, node, fixed, queue, tail)
    at, count = 0, 0
    while at < tail:
        node = queue[at]
        at += 1
        if graph.degree[node] == 0 or graph.degree[node] > 2:
            continue
        e1, e2 = _incident(graph, node)
        x = _other(graph, e1, node)
        y = x if e2 < 0 else _other(graph, e2, node)
        if x != y and graph.kind[e1] != 0 and graph.kind[e2] != 0:
            continue
        _log(graph, node, x, y, e1, e2, log_int[count], log_ohm[count])
        count += 1
        if x == y:  # a dead end, or a loop: no current
            _cut_off(graph, e1, e2, x)
            fewer = True
        else:
            both = _in_series(graph, e1, e2, node, used)
            used += 1
            fewer = _join_beside(graph, both)
        graph.degree[node] = 0
        if fewer:
            for end in (x, y):
                tail = _queued(graph, end, fixed, queue, tail)
    return count


@helper()
def _cut_off(graph, e1, e2, node):
    """Remove one or two edges that lead from a node to one that goes."""
    for e in (e1, e2):
        if e >= 0:
            graph.alive[e] = False
            graph.degree[node] -= 1


@helper()
def _in_series(graph, e1, e2, node, entry):
    """Make the labelled one of two edges in series the whole of both, keeping its direction; the edge that is left."""
    keep, drop = (e1, e2) if graph.kind[e2] == 0 else (e2, e1)
    far = _other(graph, drop, node)
    if graph.a[keep] == node:
        graph.a[keep] = far
    else:
        graph.b[keep] = far
    graph.ohm[keep] += graph.ohm[drop]
    if graph.kind[drop] == 1:  # cannot happen: keep is the labelled edge
        raise ValueError("two labelled edges in series")
    graph.alive[drop] = False
    _enter(graph, keep, far, entry)
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
