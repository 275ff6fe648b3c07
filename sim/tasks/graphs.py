"""Weighted graphs from and to files, and in memory from networkx and SciPy.

Files: edge lists of rudy and Gset, Matrix Market, DIMACS, METIS, GML, GraphML (``hwlib.graph_formats``).
Nodes count from 0 in memory, in the file's order.
"""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import scipy.sparse as sp

from hwlib.errors import InputError, shown
from hwlib.graph_formats.matrix_market import BANNER
from hwlib.graph_reader import MAX_NODES, read_graph
from hwlib.quantities import refuse_masked
from hwlib.storage.writing import write_text

__all__ = ["MAX_NODES", "adjacency", "read_graph", "remarks", "weight_unit", "write_graph"]


def remarks(graph: nx.Graph) -> list[str]:
    """What the reader of a graph has to say about it: a sentence each."""
    return list(graph.graph.get("remarks", []))


def write_graph(graph: nx.Graph, path: str | Path) -> Path:
    """Write a graph: Matrix Market for ``.mtx``, else a rudy edge list.

    Raises:
        InputError: a graph that ``adjacency`` refuses.
        StorageError: the folder cannot be written.
    """
    path = Path(path)
    adjacency(graph)
    graph = nx.Graph(graph)  # of a directed graph with equal pairs, or one without parallel edges
    index = {node: k for k, node in enumerate(graph)}
    edges = [(index[u] + 1, index[v] + 1, data.get("weight", 1.0)) for u, v, data in graph.edges(data=True) if u != v]
    n = len(index)
    if path.suffix == ".mtx":
        head = f"{BANNER} matrix coordinate real symmetric\n{n} {n} {len(edges)}\n"
        body = "".join(f"{max(u, v)} {min(u, v)} {_number(w)}\n" for u, v, w in edges)
    else:
        head = f"{n} {len(edges)} \n"
        body = "".join(f"{u} {v} {_number(w)}\n" for u, v, w in edges)
    return write_text(path, head + body)


def adjacency(graph: Any) -> sp.csr_array:
    """Symmetric weight matrix of a networkx graph, a SciPy sparse matrix or a square array, without its diagonal.

    A diagonal (edges from a node to itself) never crosses a cut: it is left out, with a Python warning. Edges of a
    networkx graph without ``weight`` count 1.

    Raises:
        InputError: a directed graph or matrix that is not symmetric, parallel edges, a weight that is no finite
            number, no node or no edge.
    """
    matrix = _of_networkx(graph) if isinstance(graph, nx.Graph) else _of_array(graph)
    n = matrix.shape[0]
    if matrix.ndim != 2 or n != matrix.shape[1] or not 0 < n <= MAX_NODES:
        raise InputError(f"graph: matrix has shape {matrix.shape}, needs (n, n) with n from 1 to {MAX_NODES}")
    if not np.isfinite(matrix.data).all():
        raise InputError("graph: a weight is not a finite number")
    if diagonal := np.count_nonzero(matrix.diagonal()):
        warnings.warn(f"graph: {diagonal} entries on the diagonal, which never cross a cut, are left out", stacklevel=2)
        matrix = sp.csr_array(matrix - sp.diags_array(matrix.diagonal()))
    if abs(matrix - matrix.T).sum() > 0:
        raise InputError("graph: the weight matrix is not symmetric; a cut needs undirected edges")
    matrix.eliminate_zeros()
    if matrix.nnz == 0:
        raise InputError("graph: no edge with a weight other than 0")
    return matrix


def weight_unit(matrix: sp.csr_array) -> float:
    """A unit of weight in which solvers with fixed tolerances can work: 1 where the largest is from 1 to a million.

    Otherwise a power of two that makes the largest about a thousand: dividing by it and multiplying rounds nothing.
    """
    largest = float(abs(matrix).max())
    return 1.0 if 1 <= largest <= 1e6 else 2.0 ** (math.floor(math.log2(largest)) - 10)


def _of_networkx(graph: nx.Graph) -> sp.csr_array:
    if not 0 < graph.number_of_nodes() <= MAX_NODES:
        raise InputError(f"graph: {graph.number_of_nodes()} nodes, allowed 1 to {MAX_NODES}")
    single = set(graph.edges()) if graph.is_directed() else {frozenset(edge) for edge in graph.edges()}
    if graph.number_of_edges() > len(single):
        raise InputError("graph: parallel edges; an undirected graph with single edges is needed (networkx.Graph)")
    try:
        return sp.csr_array(nx.to_scipy_sparse_array(graph, weight="weight", dtype=float))
    except (TypeError, ValueError):
        raise InputError("graph: a weight is not a finite number") from None


def _of_array(graph: Any) -> sp.csr_array:
    refuse_masked(graph, "graph")
    try:
        matrix = graph if sp.issparse(graph) else np.asarray(graph)
    except ValueError:  # rows of different lengths
        raise InputError("graph: no networkx graph, SciPy matrix or square array") from None
    if matrix.dtype.kind not in "biuf":
        raise InputError(f"graph: a matrix of {shown(str(matrix.dtype))}, needs real numbers")
    if matrix.ndim != 2:
        raise InputError(f"graph: matrix has shape {matrix.shape}, needs (n, n) with n from 1 to {MAX_NODES}")
    return sp.csr_array(matrix, dtype=float)


def _number(weight: float) -> str:
    return str(int(weight)) if float(weight).is_integer() else repr(float(weight))
