"""Rows as graphs: wires and pillars by node, and paths along wires, for finding coupled ladders in them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.engines.jit_options import helper, plain
from sim.engines.layout.ladders.single_ladders import RowEdges


class RowGraph(NamedTuple):
    """Wires and pillars of the blocks by node.

    Attributes:
        n: inner nodes; slots from n on are ports.
        near, siemens: neighbours through wires of each inner node, −1 without, and those wires, shape (n, 2).
        pillar, pillar_first: pillars by the slot of their dendrite's node.
        own, other: dendrite's and rail's node of each pillar.
        by_rail, rail_first: the same pillars by rail node.
        node, node_first: inner nodes by block.
        dendrite: whether a slot is one of a dendrite.
        port_ref: reference of each port; after the blocks' own ports come the sources that stand in for one.
    """

    n: int
    near: np.ndarray
    siemens: np.ndarray
    pillar: np.ndarray
    pillar_first: np.ndarray
    own: np.ndarray
    other: np.ndarray
    by_rail: np.ndarray
    rail_first: np.ndarray
    node: np.ndarray
    node_first: np.ndarray
    dendrite: np.ndarray
    port_ref: np.ndarray


def row_graph(ladder: RowEdges, dendrite: np.ndarray) -> RowGraph | None:
    """The graph of blocks in which at most two wires meet and pillars join dendrites and rails, else None.

    Args:
        ladder: the blocks' edges.
        dendrite: whether a slot belongs to a dendrite, shape (slots,).
    """
    program, pillar = ladder.program, ladder.wall >= 0
    n = program.n
    if n == 0 or not pillar.any():
        return None
    u, v, dendrite, port_ref = _with_sources(ladder, dendrite)
    own, other = np.where(dendrite[u], u, v), np.where(dendrite[u], v, u)
    if np.any((dendrite[u] != dendrite[v]) != pillar) or np.any(other[pillar] >= n):
        return None
    near, siemens = np.full((n, 2), -1, np.int64), np.zeros((n, 2))
    if not _neighbours(n, u[~pillar], v[~pillar], ladder.siemens[~pillar], near, siemens):
        return None
    at = np.flatnonzero(pillar)
    at = at[np.argsort(own[at], kind="stable")]
    other, slots = other[at], np.arange(len(dendrite) + 1)
    by_rail = np.argsort(other, kind="stable")
    node = np.argsort(program.block, kind="stable")
    blocks = len(program.port_first) - 1
    return RowGraph(
        n=n,
        near=near,
        siemens=siemens,
        pillar=at,
        pillar_first=np.searchsorted(own[at], slots),
        own=own[at],
        other=other,
        by_rail=by_rail,
        rail_first=np.searchsorted(other[by_rail], slots),
        node=node,
        node_first=np.searchsorted(program.block[node], np.arange(blocks + 1)),
        dendrite=dendrite,
        port_ref=port_ref,
    )


def _with_sources(ladder: RowEdges, dendrite: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ends of the edges, dendrites and port references, with a slot for each source that a block touches."""
    u, v = ladder.u.copy(), ladder.v.copy()
    sourced = (u < 0) | (v < 0)
    inner = np.maximum(u, v)[sourced]
    key = np.stack([ladder.program.block[np.minimum(inner, ladder.program.n - 1)], ladder.source[sourced]])
    unique, slot = np.unique(key, axis=1, return_inverse=True)
    slot = len(dendrite) + slot.ravel()
    u[sourced], v[sourced] = inner, slot
    more = np.concatenate([dendrite, np.zeros(unique.shape[1], bool)])
    more[slot] = dendrite[inner] != (ladder.wall[sourced] >= 0)  # a wire leads to its own kind, a pillar to the other
    return u, v, more, np.concatenate([ladder.port_ref, unique[1]])


@plain()
def _neighbours(n, u, v, siemens, near, conductance):
    """Fill in the wires of each inner node; whether none has more than two."""
    for e in range(len(u)):
        for here, there in ((u[e], v[e]), (v[e], u[e])):
            if here < n:
                k = 0 if near[here, 0] < 0 else 1
                if near[here, k] >= 0:
                    return False
                near[here, k], conductance[here, k] = there, siemens[e]
    return True


@helper()
def path(graph, start, nodes, wires):
    """Walk from an end of a path; nodes in order, wire before each and after the last; count, first and last port."""
    count, came, first, last = 0, -1, -1, -1
    node = start
    for k in range(2):
        if graph.near[start, k] >= graph.n and first < 0:
            first, came = graph.near[start, k], k
            wires[0] = graph.siemens[start, k]
    if first < 0:
        wires[0] = 0.0
    arrived = came
    while True:
        nodes[count] = node
        count += 1
        onward = -1
        for k in range(2):
            if k != arrived and graph.near[node, k] >= 0:
                onward = k
        if onward < 0:
            wires[count] = 0.0
            return count, first, last
        wires[count] = graph.siemens[node, onward]
        there = graph.near[node, onward]
        if there >= graph.n:
            return count, first, there
        arrived = 0 if graph.near[there, 0] == node else 1
        node = there


@helper()
def reverse(nodes, wires, count):
    """Turn a path's nodes and wires around, in place."""
    nodes[:count] = nodes[:count][::-1].copy()
    wires[: count + 1] = wires[: count + 1][::-1].copy()


@helper()
def is_end(graph, node):
    """Whether a path ends at an inner node: at most one wire leads on to another."""
    inner = 0
    for k in range(2):
        if 0 <= graph.near[node, k] < graph.n:
            inner += 1
    return inner < 2


@helper()
def bare(first, node):
    """Whether no pillar stands at a node."""
    return first[node] == first[node + 1]
