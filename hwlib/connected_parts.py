"""Connected parts of a graph: which nodes hang together."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

_FEW = 200  # nodes and edges, below which a matrix takes longer to make than the parts to find


def connected_parts(nodes: int, first: np.ndarray, second: np.ndarray) -> tuple[int, np.ndarray]:
    """Number of connected parts of a graph with edges ``first``–``second``, and one label per node, shape (nodes,).

    Parts are numbered in the order of their first nodes.
    """
    if nodes + len(first) <= _FEW:
        return _of_few(nodes, first, second)
    graph = coo_matrix((np.ones(len(first), bool), (first, second)), shape=(nodes, nodes))
    return connected_components(graph, directed=False)


def _of_few(nodes: int, first: np.ndarray, second: np.ndarray) -> tuple[int, np.ndarray]:
    """Every node points to an earlier one of its part, or to itself."""
    earlier = list(range(nodes))
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        while earlier[a] != a:
            a = earlier[a]
        while earlier[b] != b:
            b = earlier[b]
        earlier[max(a, b)] = min(a, b)
    label, count = [0] * nodes, 0
    for node, before in enumerate(earlier):
        if before == node:
            label[node], count = count, count + 1
        else:
            label[node] = label[before]
    return count, np.array(label, np.int32)


def first_of_part(nodes: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """For each node the first one of its part, shape (nodes,): what stands for nodes that are one."""
    count, part = connected_parts(nodes, first, second)
    out = np.full(count, nodes, np.int32)
    np.minimum.at(out, part, np.arange(nodes, dtype=np.int32))
    return out[part]
