"""Blocks of one kind, ordered for elimination: what rows and columns have in common."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.engines.layout.elimination.numeric import Program, make_program
from sim.engines.layout.elimination.symbolic import distinct
from sim.engines.layout.partition.blocks import INTERFACE, Structure
from sim.engines.layout.partition.made_before import MadeBefore


class Draft(NamedTuple):
    """Blocks of one kind: program, node and block of each port, which edges are theirs, and those edges' slots."""

    program: Program
    port_node: np.ndarray
    port_block: np.ndarray
    mine: np.ndarray
    u: np.ndarray
    v: np.ndarray


def draft_blocks(structure: Structure, kind: int, node_slot: np.ndarray, before: MadeBefore | None = None) -> Draft:
    """Order and place the blocks of one kind; fills in the slots of its nodes.

    Args:
        structure: the circuit.
        kind: place of the blocks' nodes.
        node_slot: slot of each node; in place.
        before: parts of the network's other plan, where it has such blocks.
    """
    edges, place, block = structure.edges, structure.place, structure.block
    nodes = np.flatnonzero(place == kind)
    of_a = place[edges.a] == kind
    mine = of_a | (place[edges.b] == kind)
    a, b = edges.a[mine], edges.b[mine]
    owner = np.where(of_a[mine], block[a], block[b]).astype(np.int64)
    ends = []
    for end in (a, b):
        at = place[end] == INTERFACE
        ends.append((end, at, owner[at] * len(place) + end[at]))
    unique = distinct(np.concatenate([key for _, _, key in ends]))
    port_block, port_node = np.divmod(unique, len(place))
    local = np.full(len(place), -1, np.int64)
    local[nodes] = np.arange(len(nodes))
    u, v = (local[end] for end, _, _ in ends)
    for slots, (_, at, key) in zip((u, v), ends, strict=True):
        slots[at] = len(nodes) + np.searchsorted(unique, key)
    inner = (u >= 0) & (v >= 0)
    shape = block[nodes], port_block, u[inner], v[inner]
    program, slot = (
        make_program(*shape) if before is None else before.get(lambda: make_program(*shape), "program", shape)
    )
    node_slot[nodes] = slot[: len(nodes)]
    slot = np.append(slot, -1)
    return Draft(program=program, port_node=port_node, port_block=port_block, mine=mine, u=slot[u], v=slot[v])


def no_blocks(edges: int) -> Draft:
    """None, among so many edges of a circuit."""
    none = np.zeros(0, np.int64)
    program, _ = make_program(none, none, none, none)
    return Draft(program=program, port_node=none, port_block=none, mine=np.zeros(edges, bool), u=none, v=none)
