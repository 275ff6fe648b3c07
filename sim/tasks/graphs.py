"""Weighted graphs from and to files: rudy/Gset edge lists and Matrix Market; networkx and SciPy in memory.

Nodes count from 1 in both file formats and from 0 in memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import scipy.sparse as sp

from hwlib.errors import InputError
from hwlib.writing import write_atomic

MAX_NODES = 20_000
MAX_EDGES = 1_000_000
_MAX_LINE = 4096
_COMMENT = ("#", "%")
_MATRIX_MARKET = "%%MatrixMarket"
_FIELDS = ("real", "integer", "pattern")
_SYMMETRIES = ("symmetric", "general")

Lines = Iterator[tuple[int, str]]


def read_graph(path: str | Path, *, max_nodes: int = MAX_NODES) -> nx.Graph:
    """Read a graph; the format follows from the first line.

    Rudy and Gset: ``n m``, then ``i j [weight]`` per edge. Matrix Market: ``coordinate``, real, integer or pattern,
    symmetric (either triangle) or general (both entries, equal). Lines starting with ``#`` or ``%`` are comments.

    Args:
        path: of the file.
        max_nodes: larger graphs are refused at their header.

    Returns:
        Graph on nodes 0 … n − 1; edge attribute ``weight`` (float); edges in the file's order.

    Raises:
        InputError: one line with file and line number; files beyond ``max_nodes`` or MAX_EDGES are refused unread.
    """
    path = Path(path)
    lines = _lines(path)
    try:
        number, first = next(lines)
    except StopIteration:
        raise InputError(f"{path}:1: empty, a graph file starts with 'nodes edges'") from None
    if first.startswith(_MATRIX_MARKET):
        graph = _matrix_market(path, first, lines, max_nodes)
    else:
        graph = _edge_list(path, number, first, lines, max_nodes)
    graph.name = path.name
    return graph


def write_graph(graph: nx.Graph, path: str | Path) -> Path:
    """Write a graph: Matrix Market for ``.mtx``, else a rudy edge list.

    Raises:
        InputError: a graph that ``adjacency`` refuses, or a folder that cannot be written.
    """
    path = Path(path)
    adjacency(graph)
    index = {node: k for k, node in enumerate(graph)}
    edges = [(index[u] + 1, index[v] + 1, data.get("weight", 1.0)) for u, v, data in graph.edges(data=True)]
    n = len(index)
    if path.suffix == ".mtx":
        head = f"{_MATRIX_MARKET} matrix coordinate real symmetric\n{n} {n} {len(edges)}\n"
        body = "".join(f"{max(u, v)} {min(u, v)} {_number(w)}\n" for u, v, w in edges)
    else:
        head = f"{n} {len(edges)} \n"
        body = "".join(f"{u} {v} {_number(w)}\n" for u, v, w in edges)
    return write_atomic(path, lambda p: p.write_text(head + body))


def adjacency(graph: Any) -> sp.csr_array:
    """Symmetric weight matrix of a networkx graph, a SciPy sparse matrix or a square array.

    Raises:
        InputError: not simple and undirected, a self-loop, a weight that is no finite number, no node or no edge.
    """
    if isinstance(graph, nx.Graph):
        if graph.is_directed() or graph.is_multigraph():
            raise InputError("graph: must be undirected with single edges (networkx.Graph)")
        if not 0 < graph.number_of_nodes() <= MAX_NODES:
            raise InputError(f"graph: {graph.number_of_nodes()} nodes, allowed 1 to {MAX_NODES}")
        matrix = sp.csr_array(nx.to_scipy_sparse_array(graph, weight="weight", dtype=float))
    else:
        matrix = sp.csr_array(graph, dtype=float)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not 0 < matrix.shape[0] <= MAX_NODES:
            raise InputError(f"graph: matrix has shape {matrix.shape}, needs (n, n) with n from 1 to {MAX_NODES}")
    if not np.isfinite(matrix.data).all():
        raise InputError("graph: a weight is not a finite number")
    if np.any(matrix.diagonal()):
        raise InputError(f"graph: node {int(np.flatnonzero(matrix.diagonal())[0])} has a self-loop")
    if abs(matrix - matrix.T).sum() > 0:
        raise InputError("graph: the weight matrix is not symmetric")
    matrix.eliminate_zeros()
    if matrix.nnz == 0:
        raise InputError("graph: no edge with a weight other than 0")
    return matrix


def _number(weight: float) -> str:
    return str(int(weight)) if float(weight).is_integer() else repr(float(weight))


def _lines(path: Path) -> Lines:
    """Number and text of each line that says something, decoded and bounded: a file is never read whole."""
    try:
        with path.open("rb") as stream:
            number = 0
            while raw := stream.readline(_MAX_LINE + 1):
                number += 1
                try:
                    text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                except UnicodeDecodeError:
                    raise InputError(f"{path}:{number}: not a text file") from None
                if "\0" in text or len(raw) > _MAX_LINE:
                    raise InputError(f"{path}:{number}: not a graph file (binary data or an endless line)")
                if text and (not text.startswith(_COMMENT) or (number == 1 and text.startswith(_MATRIX_MARKET))):
                    yield number, text
    except FileNotFoundError:
        raise InputError(f"{path}: no such graph file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot read graph file ({error.strerror})") from None


def _edge_list(path: Path, number: int, first: str, lines: Lines, max_nodes: int) -> nx.Graph:
    n, m = _counts(path, number, first, "nodes edges", max_nodes)
    edges = _Edges(path, n, m)
    for number, text in lines:
        edges.add(number, text, weighted=None)
    return edges.graph(number)


def _matrix_market(path: Path, first: str, lines: Lines, max_nodes: int) -> nx.Graph:
    words = first.lower().split()
    if len(words) != 5 or words[1:3] != ["matrix", "coordinate"]:
        raise InputError(
            f"{path}:1: found {first[:60]!r}, allowed '{_MATRIX_MARKET} matrix coordinate <field> <symmetry>'"
        )
    if words[3] not in _FIELDS or words[4] not in _SYMMETRIES:
        raise InputError(
            f"{path}:1: found {words[3]} {words[4]}, allowed {', '.join(_FIELDS)} and {', '.join(_SYMMETRIES)}"
        )
    try:
        number, text = next(lines)
    except StopIteration:
        raise InputError(f"{path}:1: ends after its header, 'rows columns entries' must follow") from None
    n, columns, entries = _counts(path, number, text, "rows columns entries", max_nodes)
    if n != columns:
        raise InputError(f"{path}:{number}: {n} rows and {columns} columns, a graph's matrix is square")
    edges = _Edges(path, n, entries, both=words[4] == "general")
    for number, text in lines:
        edges.add(number, text, weighted=words[3] != "pattern")
    return edges.graph(number)


def _counts(path: Path, number: int, text: str, what: str, max_nodes: int) -> list[int]:
    words, count = text.split(), len(what.split())
    if len(words) != count or not all(word.isascii() and word.isdigit() for word in words):
        raise InputError(f"{path}:{number}: found {text[:60]!r}, allowed '{what}' as {count} whole numbers")
    if any(len(word) > 18 for word in words):
        raise InputError(f"{path}:{number}: {what} {text[:60]!r} is too large")
    values = [int(word) for word in words]
    if not 1 <= values[0] <= max_nodes:
        raise InputError(f"{path}:{number}: {values[0]} nodes, allowed 1 to {max_nodes}")
    if not 1 <= values[-1] <= MAX_EDGES:
        raise InputError(f"{path}:{number}: {values[-1]} edges, allowed 1 to {MAX_EDGES}")
    return values


class _Edges:
    """Collects and checks the edges of one file."""

    def __init__(self, path: Path, nodes: int, declared: int, *, both: bool = False):
        self.path, self.nodes, self.declared, self.both = path, nodes, declared, both
        self.seen: dict[tuple[int, int], tuple[float, int]] = {}  # (i, j): weight, line

    def add(self, number: int, text: str, *, weighted: bool | None) -> None:
        """Take one line ``i j [weight]``; ``weighted`` None leaves the weight optional."""
        where, words = f"{self.path}:{number}", text.split()
        allowed = {None: (2, 3), True: (3,), False: (2,)}[weighted]
        if len(words) not in allowed:
            form = {None: "'i j' or 'i j weight'", True: "'i j weight'", False: "'i j'"}[weighted]
            raise InputError(f"{where}: found {text[:60]!r}, allowed {form}")
        if len(self.seen) >= self.declared:
            raise InputError(f"{where}: more edges than the {self.declared} the header declares")
        i, j = self._node(where, words[0]), self._node(where, words[1])
        if i == j:
            raise InputError(f"{where}: self-loop at node {i + 1}; edges join two different nodes")
        key = (i, j) if self.both else (min(i, j), max(i, j))
        if key in self.seen:
            raise InputError(f"{where}: edge {i + 1} {j + 1} again, first on line {self.seen[key][1]}")
        self.seen[key] = self._weight(where, words[2]) if len(words) == 3 else 1.0, number

    def _node(self, where: str, word: str) -> int:
        digits = word.isascii() and word.isdigit() and len(word) <= 18
        if not digits or not 1 <= int(word) <= self.nodes:
            raise InputError(f"{where}: node {word[:30]!r}, allowed 1 to {self.nodes}")
        return int(word) - 1

    @staticmethod
    def _weight(where: str, word: str) -> float:
        try:
            weight = float(word) if "_" not in word else math.nan  # Python's own digit separator
        except ValueError:
            weight = math.nan
        if not math.isfinite(weight) or abs(weight) > 1e100:
            raise InputError(f"{where}: weight {word[:30]!r}, allowed finite numbers")
        return weight

    def graph(self, last: int) -> nx.Graph:
        """The collected graph; ``last`` is the last line's number.

        Raises:
            InputError: fewer edges than declared, a general matrix that is not symmetric, or only weights of 0.
        """
        if len(self.seen) != self.declared:
            raise InputError(
                f"{self.path}:{last}: ends after {len(self.seen)} edges, the header declares {self.declared}"
            )
        if self.both:
            for (i, j), (weight, number) in self.seen.items():
                if self.seen.get((j, i), (math.nan, 0))[0] != weight:
                    raise InputError(f"{self.path}:{number}: entry {i + 1} {j + 1} without an equal {j + 1} {i + 1}")
        if not any(weight for weight, _ in self.seen.values()):
            raise InputError(f"{self.path}:{last}: all weights are 0, a cut needs an edge with a weight")
        graph = nx.Graph()
        graph.add_nodes_from(range(self.nodes))
        graph.add_edges_from((i, j, {"weight": w}) for (i, j), (w, _) in self.seen.items() if not self.both or i < j)
        return graph
