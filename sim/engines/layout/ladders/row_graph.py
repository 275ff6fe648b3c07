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


def row_graph(
    ladder: RowEdges, dendrite: np.ndarray, port_ref: np.ndarray, gone: np.ndarray
) -> tuple[RowGraph, np.ndarray]:
    """The graph of the blocks, and which of them may be coupled ladders, shape (blocks,).

    In those at most two wires meet, and pillars join dendrites and rails. Edges of others are left out.

    Args:
        ladder: the blocks' edges.
        dendrite: whether a slot belongs to a dendrite, shape (slots,).
        port_ref: see ``RowGraph``.
        gone: whether a node is no more, shape (nodes,).
    """
    pillar, n = ladder.wall >= 0, ladder.program.n
    u, v = ladder.u, ladder.v
    own, other = np.where(dendrite[u], u, v), np.where(dendrite[u], v, u)
    block, blocks = ladder.program.block, len(ladder.program.port_first) - 1
    of_edge = block[np.minimum(np.minimum(u, v), n - 1)]
    wired = np.bincount(np.concatenate([u[~pillar], v[~pillar]]), minlength=n)[:n]
    odd = ((dendrite[u] != dendrite[v]) != pillar) | (pillar & (other >= n))
    fits = np.bincount(of_edge[pillar], minlength=blocks) > 0
    fits[of_edge[odd]] = False
    fits[block[wired > 2]] = False
    mine = fits[of_edge]
    near, siemens = np.full((n, 2), -1, np.int64), np.zeros((n, 2))
    wires = mine & ~pillar
    _neighbours(n, u[wires], v[wires], ladder.siemens[wires], near, siemens)
    at = np.flatnonzero(pillar & mine)
    at = at[np.argsort(own[at], kind="stable")]
    other, slots = other[at], np.arange(len(dendrite) + 1)
    by_rail = np.argsort(other, kind="stable")
    node = np.argsort(block, kind="stable")
    node = node[~gone[node]]
    graph = RowGraph(
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
        node_first=np.searchsorted(block[node], np.arange(blocks + 1)),
        dendrite=dendrite,
        port_ref=port_ref,
    )
    return graph, fits


def with_sources(ladder: RowEdges, dendrite: np.ndarray) -> tuple[RowEdges, np.ndarray, np.ndarray]:
    """The edges with a slot for each source that a block touches; dendrites and port references with those."""
    u, v = ladder.u.copy(), ladder.v.copy()
    sourced = (u < 0) | (v < 0)
    inner = np.maximum(u, v)[sourced]
    block, source = ladder.program.block[np.minimum(inner, ladder.program.n - 1)], ladder.source[sourced]
    base = int(source.max(initial=0)) + 1
    unique, slot = np.unique(block.astype(np.int64) * base + source, return_inverse=True)
    slot = len(dendrite) + slot
    u[sourced], v[sourced] = inner, slot
    more = np.concatenate([dendrite, np.zeros(len(unique), bool)])
    more[slot] = dendrite[inner] != (ladder.wall[sourced] >= 0)  # a wire leads to its own kind, a pillar to the other
    return ladder._replace(u=u, v=v), more, np.concatenate([ladder.port_ref, unique % base])


@plain()
def _neighbours(n, u, v, siemens, near, conductance):
    """Fill in the wires of each inner node, which has two at most."""
    for e in range(len(u)):
        for here, there in ((u[e], v[e]), (v[e], u[e])):
            if here < n:
                k = 0 if near[here, 0] < 0 else 1
                near[here, k], conductance[here, k] = there, siemens[e]


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
    for k in range(count // 2):
        nodes[k], nodes[count - 1 - k] = nodes[count - 1 - k], nodes[k]
    for k in range((count + 1) // 2):
        wires[k], wires[count - k] = wires[count - k], wires[k]


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
