"""Edge lists of rudy and Gset: ``nodes edges``, then ``i j [weight]`` per edge; nodes count from 1."""

from __future__ import annotations

import networkx as nx

from hwlib.errors import InputError, shown
from hwlib.graph_formats import metis
from hwlib.graph_formats.edge_collector import Edges
from hwlib.graph_formats.graph_file import READ, GraphFile

COMMENTS = ("#", "%")
_METIS = "this is no edge list but a METIS file, a line of neighbours per node: name it .graph to have it read so"
_BOTH = "read as an edge list; it could be METIS, a line of neighbours per node: name it .graph to have it read so"


def read(file: GraphFile) -> nx.Graph:
    """Read an edge list; lines that start with ``#`` or ``%`` are comments.

    Raises:
        InputError: one line with file and line number; of a METIS file, that it is one.
    """
    file.without_attributes()
    try:
        graph = _listed(file)
    except InputError:
        if metis.fits(file):
            raise file.refuse(1, _METIS) from None
        raise
    nodes = graph.number_of_nodes()
    if nodes == graph.number_of_edges() and metis.fits(file):  # lines of two words, as many as nodes: an odd ring
        graph.graph.setdefault("remarks", []).append(_BOTH)
    return graph


def _listed(file: GraphFile) -> nx.Graph:
    lines = file.lines(COMMENTS)
    header = next(lines, None)
    if header is None:
        raise file.refuse(1, f"empty; {READ}")
    nodes, declared = file.counts(header, header[1].split(), "nodes edges")
    edges, number = Edges(file, nodes), header[0]
    for number, text in lines:
        words = text.split()
        if len(words) not in (2, 3):
            raise file.refuse(number, f"found {shown(text)}, allowed 'i j' or 'i j weight'")
        if len(edges) >= declared:
            raise file.refuse(number, f"more edges than the {declared} the header declares")
        weight = file.number(number, words[2]) if len(words) == 3 else 1.0
        edges.add(number, edges.index(number, words[0]), edges.index(number, words[1]), weight)
    if len(edges) != declared:
        raise file.refuse(number, f"ends after {len(edges)} edges, the header declares {declared}")
    return edges.graph(number)
