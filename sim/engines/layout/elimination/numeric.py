"""Numeric elimination of many small sparse blocks: values laid out in the order in which they are used.

A program eliminates ``n`` nodes and keeps ports; what is left of each block is its conductance matrix S, source
vector b and power c at its ports, so that the power turned to heat inside is yᵀSy − 2bᵀy + c for port potentials y.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.engines.jit_options import fast, helper, outer, plain
from sim.engines.layout.elimination.symbolic import eliminate, find_entry

TOGETHER = 8  # blocks that are eliminated side by side, so that their independent operations overlap


class Program(NamedTuple):
    """Fixed plan of an elimination. Slots are nodes by position 0 … n − 1, then ports.

    Places that loops look up are unsigned: compiled code then asks for none of them whether it counts from the end.

    Attributes:
        n: nodes eliminated.
        column, rows: entries below the diagonal of each position, slots.
        diag: index into the values of each slot's diagonal, shape (n + ports,).
        pair, target: index into the values of every update of a pair of rows, from ``pair[k]`` on.
        block: block of each position.
        port_first: first port of each block, counted from 0, shape (blocks + 1,).
        s_first: index of each block's S, a lower triangle by rows, shape (blocks + 1,).
        group: first position of each group of blocks, shape (groups + 1,).
        group_block: first block of each group, shape (groups + 1,).
        still: how many positions come first that depend on no node that changes, see ``make_program``.
    """

    n: int
    column: np.ndarray
    rows: np.ndarray
    diag: np.ndarray
    pair: np.ndarray
    target: np.ndarray
    block: np.ndarray
    port_first: np.ndarray
    s_first: np.ndarray
    group: np.ndarray
    group_block: np.ndarray
    still: int

    @property
    def values(self) -> int:
        """Length of the array of values."""
        return int(self.s_first[-1])


def make_program(
    block: np.ndarray, port_block: np.ndarray, u: np.ndarray, v: np.ndarray, *, together: int = TOGETHER,
    changing: np.ndarray | None = None,
) -> tuple[Program, np.ndarray]:  # fmt: skip
    """Plan the elimination of a graph made of blocks.

    Args:
        block: block of each node, 0 … blocks − 1, shape (n,).
        port_block: block of each port, ascending; ports are numbered from n on.
        u: one end of each edge, within a block or from a node to a port of its block.
        v: the other end.
        together: blocks eliminated side by side.
        changing: of a single block, nodes whose conductances change, boolean, shape (n,); the others come first.

    Returns:
        The program, and the slot of each node and port.
    """
    n, ports = len(block), len(port_block)
    blocks = 1 + max(block.max(initial=-1), port_block.max(initial=-1))
    plan = eliminate(n, ports, u, v, group=block // together, changing=changing)
    by_position = np.empty(n, np.int32)
    by_position[plan.position] = block
    per_block = np.bincount(port_block, minlength=blocks)
    port_first = np.concatenate([[0], np.cumsum(per_block)]).astype(np.int64)
    s_first = n + len(plan.rows) + np.concatenate([[0], np.cumsum(per_block * (per_block + 1) // 2)])
    groups = -(-blocks // together)
    group = np.searchsorted(by_position // together, np.arange(groups + 1)).astype(np.int64)
    group_block = np.minimum(np.arange(groups + 1) * together, blocks).astype(np.int64)
    local = np.arange(ports) - port_first[port_block]
    diag = np.concatenate([np.arange(n), s_first[port_block] + local * (local + 3) // 2]).astype(np.uint32)
    sizes = np.diff(plan.column)
    pair = np.concatenate([[0], np.cumsum(sizes * (sizes - 1) // 2)]).astype(np.int64)
    rows = plan.rows.astype(np.uint32)
    target = _targets(n, plan.column, rows, pair, port_block, port_first, s_first)
    program = Program(
        n=n,
        column=plan.column,
        rows=rows,
        diag=diag,
        pair=pair,
        target=target,
        block=by_position,
        port_first=port_first,
        s_first=s_first.astype(np.int64),
        group=group,
        group_block=group_block,
        still=plan.still,
    )
    return program, np.concatenate([plan.position, np.arange(n, n + ports)]).astype(np.int64)


@plain()
def _targets(n, column, rows, pair, port_block, port_first, s_first):
    """Index into the values of every update: of each column's pairs of rows, which come in ascending order."""
    target = np.empty(pair[n], np.uint32)
    for k in range(n):
        at = pair[k]
        for a in range(column[k], column[k + 1]):
            u = np.int64(rows[a])
            if u < n:
                entry = column[u]
                for b in range(a + 1, column[k + 1]):
                    while rows[entry] != rows[b]:  # fill-in has made room for each of them
                        entry += 1
                    target[at] = n + entry
                    at += 1
            else:
                owner = port_block[u - n]
                first, place = s_first[owner], u - n - port_first[owner]
                for b in range(a + 1, column[k + 1]):
                    other = np.int64(rows[b]) - n - port_first[owner]
                    target[at] = first + other * (other + 1) // 2 + place
                    at += 1
    return target


@helper()
def entry_index(n, column, rows, port_block, port_first, s_first, u, v):
    """Index into the values of the entry joining two slots (two ports: of one block)."""
    if u > v:
        u, v = v, u
    if u < n:
        return n + find_entry(column, rows, u, v)
    owner = port_block[u - n]
    i, j = v - n - port_first[owner], u - n - port_first[owner]
    return s_first[owner] + i * (i + 1) // 2 + j


@plain()
def add_edges(program, values, port_block, u, v, siemens):
    """Add conductances between slots (−1: a source, whose part goes into b and c) to the values, in place.

    Returns the index of the entry of every edge, −1 where one end is a source.
    """
    entries = np.full(len(u), -1, np.int64)
    for e in range(len(u)):
        if u[e] >= 0:
            values[program.diag[u[e]]] += siemens[e]
        if v[e] >= 0:
            values[program.diag[v[e]]] += siemens[e]
        if u[e] >= 0 and v[e] >= 0 and u[e] != v[e]:
            entries[e] = entry_index(
                program.n, program.column, program.rows, port_block, program.port_first, program.s_first, u[e], v[e]
            )
            values[entries[e]] -= siemens[e]
    return entries


@fast()
def forward(program, values, b, c, first, last):
    """Eliminate positions ``first`` … ``last`` − 1; their diagonals become reciprocals."""
    n, column, rows, diag = program.n, program.column, program.rows, program.diag
    pair, target, block = program.pair, program.target, program.block
    for k in range(first, last):
        inverse = 1.0 / values[k]
        values[k] = inverse
        bk = b[k]
        c[block[k]] -= bk * bk * inverse
        mine, others = values[n + column[k] : n + column[k + 1]], rows[column[k] : column[k + 1]]
        places, at = target[pair[k] : pair[k + 1]], 0
        for p in range(len(mine)):
            entry = mine[p]
            factor = entry * inverse
            values[diag[others[p]]] -= factor * entry
            b[others[p]] -= factor * bk
            rest = mine[p + 1 :]
            there = places[at : at + len(rest)]
            for q in range(len(rest)):
                values[there[q]] -= factor * rest[q]
            at += len(rest)


@fast()
def forward_sources(program, values, b, last):
    """What ``forward`` does to b for positions 0 … ``last`` − 1, which are eliminated."""
    n, column, rows = program.n, program.column, program.rows
    for k in range(last):
        for p in range(column[k], column[k + 1]):
            b[rows[p]] -= values[n + p] * values[k] * b[k]


@fast()
def backward(program, values, b, x, first, last):
    """Potentials of positions ``last`` − 1 down to ``first``, into x, whose ports are set."""
    n, column, rows = program.n, program.column, program.rows
    for k in range(last - 1, first - 1, -1):
        total = b[k]
        mine, others = values[n + column[k] : n + column[k + 1]], rows[column[k] : column[k + 1]]
        for p in range(len(mine)):
            total -= mine[p] * x[others[p]]
        x[k] = total * values[k]


@outer()
def port_power(program, values, b, c, x, first, last):
    """Heat inside blocks ``first`` … ``last`` − 1, from their ports alone, in W."""
    total = 0.0
    n, s_first, port_first = program.n, program.s_first, program.port_first
    for block in range(first, last):
        total += c[block]
        at = s_first[block]
        begin = port_first[block]
        for i in range(begin, port_first[block + 1]):
            yi = x[n + i]
            row = 0.0
            for j in range(begin, i):
                row += values[at] * x[n + j]
                at += 1
            total += yi * (2.0 * row + values[at] * yi) - 2.0 * yi * b[n + i]
            at += 1
    return total
