"""Blocks of one kind, ordered for elimination: what rows and columns have in common."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.engines.layout.elimination.numeric import Program, make_program
from sim.engines.layout.elimination.symbolic import distinct
from sim.engines.layout.partition.blocks import INTERFACE, Structure


class Draft(NamedTuple):
    """Blocks of one kind: program, node and block of each port, which edges are theirs, and those edges' slots."""

    program: Program
    port_node: np.ndarray
    port_block: np.ndarray
    mine: np.ndarray
    u: np.ndarray
    v: np.ndarray


def draft_blocks(structure: Structure, kind: int, node_slot: np.ndarray) -> Draft:
    """Order and place the blocks of one kind; fills in the slots of its nodes."""
    edges, place, block = structure.edges, structure.place, structure.block
    nodes = np.flatnonzero(place == kind)
    of_a = place[edges.a] == kind
    mine = of_a | (place[edges.b] == kind)
    a, b = edges.a[mine], edges.b[mine]
    owner = np.where(of_a[mine], block[a], block[b]).astype(np.int64)
    key_a, key_b = owner * len(place) + a, owner * len(place) + b
    at_a, at_b = place[a] == INTERFACE, place[b] == INTERFACE
    unique = distinct(np.concatenate([key_a[at_a], key_b[at_b]]))
    port_block, port_node = np.divmod(unique, len(place))
    local = np.full(len(place), -1, np.int64)
    local[nodes] = np.arange(len(nodes))
    u = np.where(at_a, len(nodes) + np.searchsorted(unique, key_a), local[a])
    v = np.where(at_b, len(nodes) + np.searchsorted(unique, key_b), local[b])
    inner = (u >= 0) & (v >= 0)
    program, slot = make_program(block[nodes], port_block, u[inner], v[inner])
    node_slot[nodes] = slot[: len(nodes)]
    slot = np.append(slot, -1)
    return Draft(program=program, port_node=port_node, port_block=port_block, mine=mine, u=slot[u], v=slot[v])


def no_blocks(edges: int) -> Draft:
    """None, among so many edges of a circuit."""
    none = np.zeros(0, np.int64)
    program, _ = make_program(none, none, none, none)
    return Draft(program=program, port_node=none, port_block=none, mine=np.zeros(edges, bool), u=none, v=none)
