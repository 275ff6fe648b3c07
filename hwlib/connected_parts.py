"""Connected parts of a graph: which nodes hang together."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def connected_parts(nodes: int, first: np.ndarray, second: np.ndarray) -> tuple[int, np.ndarray]:
    """Number of connected parts of a graph with edges ``first``–``second``, and one label per node, shape (nodes,)."""
    graph = coo_matrix((np.ones(len(first), bool), (first, second)), shape=(nodes, nodes))
    return connected_components(graph, directed=False)
