"""Weighted graphs from files: edge lists of rudy and Gset, Matrix Market, DIMACS, METIS, GML, GraphML.

Nodes count from 0 in memory, in the file's order.
"""

from __future__ import annotations

from pathlib import Path

import networkx as nx

from hwlib.graph_formats import format_of
from hwlib.graph_formats.graph_file import MAX_BYTES, GraphFile
from hwlib.storage.files import open_outside

MAX_NODES = 20_000


def read_graph(
    path: str | Path, *, weight: str | None = None, max_nodes: int = MAX_NODES, directed: bool = False
) -> nx.Graph:
    """Read a graph; the format follows from the suffix, or where that names none from how the file begins.

    Args:
        path: of the file.
        weight: GML, GraphML: name of the edge attribute that is the weight; None: every edge counts 1.
        max_nodes: larger graphs are refused at their header.
        directed: give a directed graph (``networkx.DiGraph``): edges of directed formats and entries i j of general
            matrices go from i to j, undirected edges both ways; those of weight 0 are left out.

    Returns:
        Graph on nodes 0 … n − 1; edge attribute ``weight`` (float); edges in the file's order; for GML and GraphML
        node attribute ``label``. What was left out or not used is said in its ``remarks``.

    Raises:
        InputError: one line with file and line number; files beyond ``max_nodes`` or a million edges are refused
            unread, directed graphs unless ``directed`` or every edge has an equal one the other way.
    """
    path = Path(path)
    with open_outside(path, "graph", MAX_BYTES) as stream:
        file = GraphFile(path, stream, max_nodes, weight, directed)
        graph = format_of(file).read(file)
    graph.name = path.name
    return graph
