"""Symbolic elimination: in which order to eliminate the nodes of a sparse network, and where its fill-in falls.

Minimum degree, first come first served, so that ladders and trees are eliminated from all their ends at once and
without fill. The order depends on the network's shape alone and is found once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hwlib.workers.threads import in_threads, threads
from sim.engines.jit_options import helper, plain

_BUCKETS = 256  # larger degrees share the last bucket
_ALONE = 100_000  # fewer nodes are done before threads have begun


class Elimination(NamedTuple):
    """A fill pattern over ``n`` nodes (eliminated) and ports (kept); slots are nodes by position, then ports.

    Attributes:
        position: slot of each node, shape (n,).
        level: 1 + the highest level among what must be eliminated before it, by position, shape (n,).
        column: first entry of each position's column, shape (n + 1,).
        rows: slots joined to it when it is eliminated, ascending within a column.
        still: how many positions depend on no node that changes; with one group they come first.
    """

    position: np.ndarray
    level: np.ndarray
    column: np.ndarray
    rows: np.ndarray
    still: int


def distinct(values: np.ndarray) -> np.ndarray:
    """Sorted distinct integers; by sorting, which for millions is several times faster than NumPy's hash table."""
    values = np.sort(values)
    return values[np.diff(values, prepend=values[:1] - 1) != 0]


def eliminate(
    n: int,
    ports: int,
    u: np.ndarray,
    v: np.ndarray,
    group: np.ndarray | None = None,
    changing: np.ndarray | None = None,
) -> Elimination:
    """Order and fill of a graph.

    Args:
        n: nodes to eliminate, numbered 0 … n − 1.
        ports: nodes kept, numbered n … n + ports − 1.
        u: one end of each edge; repeated edges and loops do no harm.
        v: the other end.
        group: nodes of one group get neighbouring positions, ascending, shape (n,); within a group by level.
        changing: nodes whose conductances change, boolean, shape (n,); within a group they and what depends on them
            come last, so that the others can be eliminated once.
    """
    u, v = np.asarray(u, np.int64), np.asarray(v, np.int64)
    if group is None or changing is not None or n < _ALONE:
        return _eliminated(n, ports, u, v, group, changing)
    return _together(n, ports, u, v, np.asarray(group, np.int64), threads())


def _together(
    n: int, ports: int, u: np.ndarray, v: np.ndarray, group: np.ndarray, parts: int
) -> Elimination:  # fmt: skip
    """The same, as many groups as another in a thread of their own each: they have nothing to do with each other."""
    part = group * parts // (int(group.max()) + 1)
    size, of_edge = np.bincount(part, minlength=parts), part[np.minimum(u, v)]  # nodes are numbered before ports

    def one(k: int) -> Elimination:
        nodes, edges, slot = part == k, of_edge == k, np.empty(n + ports, np.int64)
        slot[:n][nodes], slot[n:] = np.arange(size[k]), size[k] + np.arange(ports)
        return _eliminated(int(size[k]), ports, slot[u[edges]], slot[v[edges]], group[nodes], None)

    found = list(in_threads(one, range(parts), parts))
    before = np.cumsum(size) - size
    position = np.empty(n, np.int32)
    for k, each in enumerate(found):
        position[part == k] = each.position + before[k]
        each.rows[:] += np.where(each.rows < size[k], before[k], n - size[k]).astype(np.int32)
    entries = np.concatenate([np.diff(each.column) for each in found])
    return Elimination(
        position=position,
        level=np.concatenate([each.level for each in found]),
        column=np.concatenate([[0], np.cumsum(entries)]).astype(np.int64),
        rows=np.concatenate([each.rows for each in found]),
        still=0,
    )


def _eliminated(
    n: int, ports: int, u: np.ndarray, v: np.ndarray, group: np.ndarray | None, changing: np.ndarray | None
) -> Elimination:  # fmt: skip
    """As ``eliminate``, here and now."""
    keep = u != v
    low, high = np.minimum(u, v)[keep], np.maximum(u, v)[keep]
    key = distinct(low * (n + ports) + high)
    low, high = np.divmod(key, n + ports)
    inside = low < n
    order, column, rows = _minimum_degree(n, ports, low[inside].astype(np.int32), high[inside].astype(np.int32))
    level = _levels(n, order, column, rows)
    changes = np.ones(n, bool) if changing is None else _depending(n, order, column, rows, changing[order])
    group = np.zeros(n, np.int32) if group is None else np.asarray(group)
    new = np.lexsort((np.arange(n), level, changes, group[order]))  # positions in elimination order → final order
    position = np.empty(n + ports, np.int32)
    position[order[new]] = np.arange(n, dtype=np.int32)
    position[n:] = np.arange(n, n + ports)
    final_column, final_rows = _permute(max(n + ports, 1), new, column, rows, position)
    still = n - int(np.count_nonzero(changes))
    return Elimination(position=position[:n], level=level[new], column=final_column, rows=final_rows, still=still)


@helper()
def _neighbours(n, low, high):
    """Linked adjacency lists of the nodes 0 … n − 1 with room to grow."""
    m = len(low)
    pool_node = np.empty(2 * m + 16, np.int32)
    pool_next = np.empty(2 * m + 16, np.int32)
    head = np.full(n, -1, np.int32)
    degree = np.zeros(n, np.int32)
    used = 0
    for e in range(m):
        for a, b in ((low[e], high[e]), (high[e], low[e])):
            if a < n:
                pool_node[used], pool_next[used] = b, head[a]
                head[a] = used
                degree[a] += 1
                used += 1
    return pool_node, pool_next, head, degree, used


@helper()
def _grown(array, size):
    larger = np.empty(max(size, 2 * len(array)), array.dtype)
    for k in range(len(array)):  # an array put into a part of another compiles all that words its refusal
        larger[k] = array[k]
    return larger


@helper(forceinline=True)
def _join(a, k, clique, mark, stamp, pool_node, pool_next, head, degree, used):
    """Replace k by the clique among node a's neighbours; returns the pool's new length."""
    previous, entry = -1, head[a]
    while entry >= 0:
        after = pool_next[entry]
        if pool_node[entry] == k:
            if previous < 0:
                head[a] = after
            else:
                pool_next[previous] = after
            degree[a] -= 1
        else:
            mark[pool_node[entry]] = stamp
            previous = entry
        entry = after
    for b in clique:
        if b != a and mark[b] != stamp:
            pool_node[used], pool_next[used] = b, head[a]
            head[a] = used
            degree[a] += 1
            used += 1
    return used


@helper(forceinline=True)
def _push(node, degree, queue_node, queue_next, first, last, queued):
    bucket = min(degree[node], len(first) - 1)
    queue_node[queued], queue_next[queued] = node, -1
    if first[bucket] < 0:
        first[bucket] = queued
    else:
        queue_next[last[bucket]] = queued
    last[bucket] = queued
    return bucket


@helper(forceinline=True)
def _pop(lowest, first, queue_node, queue_next, degree, done):
    """Next node of least degree; entries whose node has another degree by now are stale."""
    bucket = lowest
    while True:
        entry = first[bucket]
        if entry < 0:
            bucket += 1
            continue
        first[bucket] = queue_next[entry]
        node = queue_node[entry]
        if not done[node] and min(degree[node], len(first) - 1) == bucket:
            return node, bucket


@plain(nogil=True)
def _minimum_degree(n, ports, low, high):
    pool_node, pool_next, head, degree, used = _neighbours(n, low, high)
    first, last = np.full(_BUCKETS, -1, np.int64), np.full(_BUCKETS, -1, np.int64)
    queue_node, queue_next = np.empty(2 * n + 16, np.int32), np.empty(2 * n + 16, np.int64)
    queued = 0
    for node in range(n):
        _push(node, degree, queue_node, queue_next, first, last, queued)
        queued += 1
    mark = np.full(n + ports, -1, np.int64)
    stamp = 0
    done = np.zeros(n, np.bool_)
    order, column = np.empty(n, np.int32), np.zeros(n + 1, np.int64)
    rows = np.empty(2 * len(low) + 16, np.int32)
    lowest = 0
    for k in range(n):
        node, lowest = _pop(lowest, first, queue_node, queue_next, degree, done)
        done[node] = True
        order[k] = node
        start, size = column[k], degree[node]
        if start + size > len(rows):
            rows = _grown(rows, start + size)
        entry = head[node]
        for i in range(size):
            rows[start + i] = pool_node[entry]
            entry = pool_next[entry]
        column[k + 1] = start + size
        clique = rows[start : start + size]
        if used + size * size > len(pool_node):
            pool_node, pool_next = _grown(pool_node, used + size * size), _grown(pool_next, used + size * size)
        if queued + size > len(queue_node):
            queue_node, queue_next = _grown(queue_node, queued + size), _grown(queue_next, queued + size)
        for a in clique:
            if a < n:
                used = _join(a, node, clique, mark, stamp, pool_node, pool_next, head, degree, used)
                stamp += 1
                lowest = min(lowest, _push(np.int64(a), degree, queue_node, queue_next, first, last, queued))
                queued += 1
    return order, column, rows[: column[n]]


@plain(nogil=True)
def _levels(n, order, column, rows):
    at = np.empty(n, np.int32)
    for k in range(n):
        at[order[k]] = k
    level = np.zeros(n, np.int32)
    for k in range(n):
        for e in range(column[k], column[k + 1]):
            if rows[e] < n:
                parent = at[rows[e]]
                level[parent] = max(level[parent], level[k] + 1)
    return level


@plain()
def _depending(n, order, column, rows, changing):
    """By place in the order, whether what is eliminated there depends on a node that changes."""
    at = np.empty(n, np.int32)
    for k in range(n):
        at[order[k]] = k
    found = changing.copy()
    for k in range(n):
        if found[k]:
            for e in range(column[k], column[k + 1]):
                if rows[e] < n:
                    found[at[rows[e]]] = True
    return found


def _permute(
    slots: int, new: np.ndarray, column: np.ndarray, rows: np.ndarray, position: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Columns in their final order, their rows by final position, ascending."""
    size = np.diff(column)[new]
    final = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    at = np.arange(final[-1]) + np.repeat(column[:-1][new] - final[:-1], size)
    key = np.repeat(np.arange(len(new)), size) * slots + position[rows[at]]
    key.sort()
    return final, (key % slots).astype(np.int32)


@helper()
def find_entry(column, rows, u, v):
    """Index into ``rows`` of the entry joining slots ``u`` and ``v``, −1 when there is none."""
    if u > v:
        u, v = v, u
    left, right = column[u], column[u + 1]
    while left < right:
        middle = (left + right) // 2
        if rows[middle] < v:
            left = middle + 1
        else:
            right = middle
    return left if left < column[u + 1] and rows[left] == v else -1
