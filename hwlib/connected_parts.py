"""Connected parts of a graph: which nodes hang together."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def connected_parts(nodes: int, first: np.ndarray, second: np.ndarray) -> tuple[int, np.ndarray]:
    """Number of connected parts of a graph with edges ``first``–``second``, and one label per node, shape (nodes,)."""
    graph = coo_matrix((np.ones(len(first), bool), (first, second)), shape=(nodes, nodes))
    return connected_components(graph, directed=False)


def first_of_part(nodes: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """For each node the first one of its part, shape (nodes,): what stands for nodes that are one."""
    count, part = connected_parts(nodes, first, second)
    out = np.full(count, nodes, np.int32)
    np.minimum.at(out, part, np.arange(nodes, dtype=np.int32))
    return out[part]
